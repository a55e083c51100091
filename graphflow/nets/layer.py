"""The base of `tf.layers`: an object that makes its variables on first use and shares them after.

A layer has a variable scope; its operations go into the name scope that was opened with it.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from graphflow.core import nest, scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.dtypes import as_dtype, bool_, float32
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import dimension_value
from graphflow.core.tensor import Tensor
from graphflow.nets import keras_style
from graphflow.nets.input_spec import InputSpec, check_inputs
from graphflow.nets.layer_nodes import LayerNodes
from graphflow.ops.cast import cast
from graphflow.ops.partitioned_variables import PartitionedVariable
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.variable_lists import global_variables, trainable_variables
from graphflow.ops.variable_scope import VariableScope, get_variable, variable_scope
from graphflow.ops.variable_store import graph_object
from graphflow.ops.variables import VariableAggregation, VariableSynchronization

_KEYWORDS: Final = (
    "input_shape", "batch_input_shape", "batch_size", "activity_regularizer", "autocast",
)  # fmt: skip


class _Calls(threading.local):
    """The `training` arguments of the layers that are being called, outermost first."""

    def __init__(self) -> None:
        self.training: list[Any] = []


_calls: Final = _Calls()


def snake_case(name: str) -> str:
    """Returns a class name in lower case with underscores: `Conv2DTranspose` as in TensorFlow.

    >>> snake_case("BatchNormalization"), snake_case("Conv2DTranspose")
    ('batch_normalization', 'conv2d_transpose')
    """
    apart = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    lower = re.sub(r"([a-z])([A-Z])", r"\1_\2", apart).lower()
    return f"private{lower}" if lower.startswith("_") else lower


@export("layers.Layer")
class Layer(LayerNodes):
    """Something that is called with tensors, returns tensors and may own variables.

    Subclasses make variables in `build` with `add_weight`, and operations in `call`.

    Args:
        trainable: whether optimizers change its variables by default.
        name: the name, also of its variable scope; None: that of the class, made unique.
        dtype: the element type of its variables; None: that of the first input.
        **kwargs: `activity_regularizer`, a function of the result whose value is a loss;
            `_scope` and `_reuse`, the variable scope and its `reuse`. Some further names are
            accepted and not used.

    Raises:
        TypeError: if a keyword is not known.
    """

    def __init__(
        self, trainable: bool = True, name: Any = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        scope = kwargs.pop("_scope", None)
        self._reuse = kwargs.pop("_reuse", None)
        self._keras_style = keras_style.is_on()
        for keyword in kwargs:
            if keyword not in _KEYWORDS:
                raise TypeError("Keyword argument not understood:", keyword)
        self._use_resource_variables = False
        self._trainable = trainable
        self.stateful = False
        self.built = False
        self._input_spec: Any = None
        self._activity_regularizer = kwargs.get("activity_regularizer")
        self._name, self._base_name = self._named(name)
        self._dtype = None if dtype is None else as_dtype(dtype).name
        self._trainable_weights: list[Any] = []
        self._non_trainable_weights: list[Any] = []
        self._updates: list[tuple[Any, list[Any]]] = []
        self._losses: list[tuple[Any, bool]] = []
        self._callable_losses: list[tuple[Callable[[], Any], bool]] = []
        self._inputs: list[Any] = []
        self._scope: VariableScope | None = None
        self._current_scope: VariableScope | None = None
        self._always_reuse: variable_scope | None = None
        if self._keras_style:
            keras_style.refuse("scope", scope)
            keras_style.refuse("reuse", self._reuse)
        elif scope:
            with variable_scope(scope) as opened:
                self._scope = opened

    def _named(self, name: Any) -> tuple[str, str]:
        """The layer's own name, and the one that its scope is called after."""
        if name and not isinstance(name, VariableScope):
            return name, name
        base = snake_case(type(self).__name__)
        counts: Counter[str] = graph_object("__layer_names", Counter)
        counts[base] += 1
        return f"{base}_{counts[base]}", getattr(name, "name", base)

    # --- what it is ---
    @property
    def name(self) -> str:
        """The layer's name."""
        return self._name

    @property
    def dtype(self) -> str | None:
        """The name of the element type; None before it is known."""
        return self._dtype

    @property
    def scope_name(self) -> str:
        """The name of the variable scope.

        Raises:
            ValueError: before the first call.
        """
        if not self._scope:
            raise ValueError(
                f'No name available for layer scope because the layer "{self._name}" has not been '
                "used yet. The scope name  is determined the first time the layer instance is "
                "called. You must therefore call the layer before querying `scope_name`."
            )
        return self._scope.name

    @property
    def trainable(self) -> bool:
        """Whether optimizers change its variables."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = value

    @property
    def activity_regularizer(self) -> Any:
        """A function of the result whose value is a loss, or None."""
        return self._activity_regularizer

    @activity_regularizer.setter
    def activity_regularizer(self, regularizer: Any) -> None:
        self._activity_regularizer = regularizer

    @property
    def input_spec(self) -> Any:
        """What it demands of its inputs: None, an InputSpec or a list of them."""
        return self._input_spec

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        for spec in nest.flatten(value):
            if spec is not None and not isinstance(spec, InputSpec):
                raise TypeError(f"Layer input_spec must be an instance of InputSpec. Got: {spec}")
        self._input_spec = value

    # --- its variables ---
    @property
    def trainable_weights(self) -> list[Any]:
        """The variables that optimizers change; none if the layer is not trainable."""
        return list(self._trainable_weights) if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The other variables."""
        if self.trainable:
            return list(self._non_trainable_weights)
        return self._trainable_weights + self._non_trainable_weights

    @property
    def weights(self) -> list[Any]:
        """All variables, those that optimizers change first."""
        return self.trainable_weights + self.non_trainable_weights

    @property
    def trainable_variables(self) -> list[Any]:  # type: ignore[override]  # a list, as in TensorFlow
        """Another name of `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Any]:
        """Another name of `non_trainable_weights`."""
        return self.non_trainable_weights

    @property
    def variables(self) -> list[Any]:  # type: ignore[override]  # a list, as in TensorFlow
        """Another name of `weights`."""
        return self.weights

    def count_params(self) -> int:
        """Returns the number of elements of all variables.

        Raises:
            ValueError: if the layer is not built.
        """
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on {self.name}, but the layer isn't built. "
                f"You can build it manually via: `{self.name}.build(batch_input_shape)`."
            )
        return sum(math.prod(w.shape.as_list()) for w in self.weights)

    def get_weights(self) -> list[Any]:
        """Returns the values of all variables in the default session, as arrays.

        Raises:
            ValueError: if there is no default session.
        """
        weights = self.weights
        if scopes.get_default_graph().executes:
            return [w.numpy() for w in weights]
        return list(_session().run(weights)) if weights else []

    def set_weights(self, weights: Any) -> None:
        """Sets the values of all variables in the default session.

        Args:
            weights: arrays in the order of `weights`.

        Raises:
            ValueError: if there is no default session, or number or shapes differ.
        """
        held = self.weights
        if len(held) != len(weights):
            raise ValueError(
                f'You called `set_weights(weights)` on layer "{self.name}" with a  weight list of '
                f"length {len(weights)}, but the layer was expecting {len(held)} weights. "
                f"Provided weights: {str(weights)[:50]}..."
            )
        session = None if scopes.get_default_graph().executes else _session()
        for variable, value in zip(held, weights, strict=True):
            if variable.shape.as_list() != list(np.shape(value)):
                raise ValueError(
                    f"Layer weight shape {variable.shape} not compatible with provided weight "
                    f"shape {np.shape(value)}"
                )
            variable.load(value, session)

    def add_weight(
        self,
        name: str,
        shape: Any,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool | None = None,
        constraint: Any = None,
        use_resource: bool | None = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
        partitioner: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Returns a new variable of the layer, or the one that the scope shares.

        Args:
            name: the name inside the layer's scope.
            shape: the sizes.
            dtype: the element type; None: the layer's, else float32.
            initializer: makes the first value; None: the scope's, else as `tf.get_variable`.
            regularizer: a function of the variable whose value is a loss.
            trainable: whether optimizers change it; None: True.
            constraint: applied to the new value after an optimizer's step.
            use_resource: whether it is a resource variable; None: as the scope says.
            synchronization: ON_READ makes it not trainable.
            aggregation: kept for TensorFlow's sake.
            partitioner: cuts the variable into parts.
            **kwargs: `experimental_autocast` is accepted and not used.

        Raises:
            TypeError: if a keyword is not known.
            ValueError: if it is both trainable and ON_READ.
        """
        for keyword in kwargs:
            if keyword != "experimental_autocast":
                raise TypeError("Unknown keyword argument:", keyword)
        trainable = _checked_trainable(trainable, synchronization) and self.trainable
        dtype = as_dtype(dtype or self.dtype or float32)
        if self._dtype is None:
            self._dtype = dtype.base_dtype.name
        if self._keras_style:
            variable = keras_style.variable(
                name,
                shape,
                dtype,
                initializer,
                use_resource,
                trainable=trainable,
                constraint=constraint,
                synchronization=synchronization,
                aggregation=aggregation,
            )
            if regularizer:
                inside = variable.name.partition(":")[0]
                self.add_loss(functools.partial(_penalty, inside, regularizer, variable))
            self._own([variable], trainable)
            return variable
        before = {id(v) for v in global_variables()} if regularizer else set()
        with self._weight_scope() as scope:
            variable = get_variable(
                name,
                shape,
                dtype,
                initializer=scope.initializer if initializer is None else initializer,
                trainable=trainable,
                constraint=constraint,
                partitioner=partitioner,
                use_resource=use_resource or self._use_resource_variables or scope.use_resource,
                synchronization=synchronization,
                aggregation=aggregation,
            )
            parts = list(variable) if isinstance(variable, PartitionedVariable) else [variable]
            if regularizer and not any(id(part) in before for part in parts):
                for part in parts:
                    self.add_loss(functools.partial(_penalty, name, regularizer, part))
        self._own(parts, trainable)
        return variable

    @contextlib.contextmanager
    def _weight_scope(self) -> Iterator[VariableScope]:
        """The layer's variable scope and name scope, for making a variable."""
        self._set_scope(None)
        reuse = self.built or self._reuse
        with variable_scope(self._scope, reuse=reuse, auxiliary_name_scope=False) as scope:
            self._current_scope = scope
            with scopes.name_scope(self._name_scope()):
                yield scope

    def _own(self, parts: list[Any], trainable: bool) -> None:
        # A custom getter may have made it not trainable after all.
        eager = scopes.get_default_graph().executes
        held = {id(v) for v in trainable_variables()} if trainable else set()
        for part in parts:
            optimized = trainable and part.trainable if eager else id(part) in held
            mine = self._trainable_weights if optimized else self._non_trainable_weights
            mine.append(part)

    def add_variable(self, *args: Any, **kwargs: Any) -> Any:
        """As `add_weight`."""
        return self.add_weight(*args, **kwargs)

    # --- its losses and updates ---
    @property
    def losses(self) -> list[Any]:
        """The losses; those of variables are built anew each time, as in TensorFlow."""
        return [loss for loss, _ in self._all_losses()]

    def _all_losses(self) -> list[tuple[Any, bool]]:
        made = ((function(), always) for function, always in self._callable_losses)
        return self._losses + [entry for entry in made if entry[0] is not None]

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Notes losses, also in the collection REGULARIZATION_LOSSES.

        Args:
            losses: a tensor, a number, a function that makes one, or a list of them.
            inputs: anything but None says that the losses depend on the layer's inputs.
        """
        new = []
        functions = []
        for loss in nest.flatten(losses):
            if callable(loss):
                functions.append(loss)
            elif loss is not None:
                new.append(loss if isinstance(loss, Tensor) else convert(loss, float32))
        self._losses += [(loss, inputs is None) for loss in new]
        self._callable_losses += [(function, inputs is None) for function in functions]
        made = [function() for function in functions]
        _add_once(
            GraphKeys.REGULARIZATION_LOSSES, new + [loss for loss in made if loss is not None]
        )

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Returns the losses that depend on inputs; for None: those that depend on none."""
        if inputs is None:
            return [loss for loss, always in self._all_losses() if always]
        dependent = [loss for loss, always in self._all_losses() if not always]
        return [loss for loss in dependent if _depends(loss, nest.flatten(inputs))]

    @property
    def updates(self) -> list[Any]:
        """The operations that update its variables; none if the layer is not trainable."""
        return [update for update, _ in self._updates] if self.trainable or self.stateful else []

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Notes operations that update variables; after a call they are in UPDATE_OPS.

        Args:
            updates: an operation, a tensor, a function that makes one, or a list of them.
            inputs: without effect, as in TensorFlow.
        """
        if scopes.get_default_graph().executes:
            return  # they ran
        for update in updates if isinstance(updates, list | tuple) else [updates]:
            made = update() if callable(update) else update
            if not isinstance(made, Operation):
                made = made.op if hasattr(made, "op") else convert(made)
            self._updates.append((made, self._inputs))

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """Returns the updates that depend on inputs; for None: those that depend on none."""
        held = self._updates if self.updates else []
        if inputs is None:
            return [update for update, own in held if not _depends(update, own)]
        wanted = nest.flatten(inputs)
        return [u for u, own in held if _depends(u, own) and _depends(u, wanted)]

    # --- building and calling ---
    def build(self, input_shape: Any) -> None:
        """Makes the variables; for subclasses to override.

        Args:
            input_shape: the shape of the input, or a structure of them as the inputs are.
        """
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Makes the operations and returns the result; for subclasses to override."""
        return inputs

    def apply(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """As calling the layer."""
        return self(inputs, *args, **kwargs)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the result of `call`, after `build` the first time.

        Args:
            inputs: a tensor, an array or a number, or a structure of them.
            *args: further arguments of `call`.
            **kwargs: further arguments of `call`; `scope` is the variable scope to use.

        Raises:
            ValueError: if an input is not as `input_spec` says, or `call` returns None.
        """
        scope = kwargs.pop("scope", None)
        if self._keras_style:
            keras_style.refuse("scope", scope)
            return self._result(inputs, args, kwargs)
        self._set_scope(scope)
        with self._call_scope() as opened:
            self._current_scope = opened
            if "scope" in self._arguments:
                kwargs["scope"] = opened
            outputs = self._result(inputs, args, kwargs)
        _add_once(GraphKeys.UPDATE_OPS, self.updates)
        return outputs

    @functools.cached_property
    def _arguments(self) -> list[str]:
        return list(inspect.signature(self.call).parameters)

    def _set_scope(self, scope: Any) -> None:
        """Opens the layer's variable scope for the first time, where that is still to do."""
        if self._scope is not None:
            return
        if self._reuse:
            opening = variable_scope(self._base_name if scope is None else scope)
        else:
            opening = variable_scope(scope, default_name=self._base_name)
        with opening as opened:
            self._scope = opened

    def _call_scope(self) -> variable_scope:
        if not self.built:
            return variable_scope(self._scope, reuse=self._reuse, auxiliary_name_scope=False)
        if self._always_reuse is None:
            self._always_reuse = variable_scope(self._scope, reuse=True, auxiliary_name_scope=False)
        return self._always_reuse

    def _name_scope(self) -> str | None:
        if self._keras_style:
            return self.name
        return self._current_scope.original_name_scope if self._current_scope else None

    def _result(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        inputs = nest.map_structure(_as_tensor, inputs)
        training = self._training(args, kwargs)
        outside, self._inputs = self._inputs, nest.flatten(inputs)
        _calls.training.append(training)
        try:
            check_inputs(self.input_spec, inputs, self.name)
            with scopes.name_scope(self._name_scope()):
                self._build_once(inputs)
                outputs = self.call(inputs, *args, **kwargs)
                if outputs is None:
                    raise ValueError(
                        "A layer's `call` method should return a Tensor or a list of Tensors, "
                        f"not None (layer: {self.name})."
                    )
                self._regularize_activity(inputs, outputs)
        finally:
            _calls.training.pop()
            self._inputs = outside
        return outputs

    def _training(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The `training` argument, or that of the layer outside, which is then handed on."""
        names = self._arguments
        if "training" in kwargs:
            given = kwargs["training"]
            if "training" not in names:
                del kwargs["training"]
            return given
        if "training" in names and names.index("training") - 1 < len(args):
            return args[names.index("training") - 1]
        around = _calls.training[-1] if _calls.training else None
        if around is not None and "training" in names:
            kwargs["training"] = cast(around, bool_) if isinstance(around, Tensor) else bool(around)
        return around

    def _build_once(self, inputs: Any) -> None:
        if self.built:
            return
        flat = nest.flatten(inputs)
        if flat and self._dtype is None and hasattr(flat[0], "dtype"):
            self._dtype = as_dtype(flat[0].dtype).base_dtype.name
        known = all(hasattr(x, "shape") for x in flat)
        if type(self).build is not Layer.build:
            self.build(nest.map_structure(lambda x: x.shape, inputs) if known else None)
        self.built = True

    def _regularize_activity(self, inputs: Any, outputs: Any) -> None:
        if not self._activity_regularizer:
            return
        with scopes.name_scope("ActivityRegularizer"):
            for output in nest.flatten(outputs):
                loss = self._activity_regularizer(output)
                n = cast(shape_of(output)[0], loss.dtype)  # the strength is for one example
                self.add_loss(loss / n, inputs=inputs)


def _checked_trainable(trainable: bool | None, synchronization: Any) -> bool:
    if synchronization == VariableSynchronization.ON_READ:
        if trainable:
            raise ValueError(
                "Synchronization value can be set to VariableSynchronization.ON_READ only for "
                "non-trainable variables. You have specified trainable=True and "
                "synchronization=VariableSynchronization.ON_READ."
            )
        return False
    return trainable is None or trainable


def _penalty(name: str, regularizer: Any, variable: Any) -> Any:
    with scopes.name_scope(f"{name}/Regularizer"):
        return regularizer(variable)


def _session() -> Any:
    session = scopes.get_default_session()
    if session is None:
        raise ValueError("The values of variables need a default session: `with tf.Session():`.")
    return session


def _as_tensor(x: Any) -> Any:
    return convert(x) if isinstance(x, np.ndarray | float | int) else x


def _add_once(collection: str, items: list[Any]) -> None:
    if scopes.get_default_graph().executes:
        return
    held = scopes.get_collection_ref(collection)
    seen = {id(item) for item in held}
    held.extend(item for item in items if id(item) not in seen)


def _depends(result: Any, inputs: list[Any]) -> bool:
    """Whether a tensor or operation is computed from one of some tensors."""
    wanted = {id(getattr(x, "op", x)) for x in inputs}
    pending = [getattr(result, "op", result)]
    seen: set[int] = set()
    while pending:
        op = pending.pop()
        if id(op) in wanted:
            return True
        if id(op) not in seen:
            seen.add(id(op))
            pending += [t.op for t in op.inputs]
            pending += op.control_inputs
    return False


def channels_of(input_shape: Any, axis: int, message: str) -> int:
    """Returns a size that must be known to make variables.

    Raises:
        ValueError: with the message, if it is not.
    """
    size: int | None = dimension_value(input_shape[axis])
    if size is None:
        raise ValueError(message)
    return int(size)
