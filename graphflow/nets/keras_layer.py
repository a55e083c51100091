"""The base of all layers, those of `tf.keras.layers` and those of `tf.layers`."""

from __future__ import annotations

import functools
import inspect
import math
import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from graphflow.core import late, nest, scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import DType, as_dtype, bool_
from graphflow.core.export import export
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.nets import keras_nodes as nodes
from graphflow.nets import keras_state as state
from graphflow.nets import keras_style
from graphflow.nets.input_spec import InputSpec, check_inputs
from graphflow.nets.keras_call import call_context
from graphflow.nets.layer_losses import LayerLosses
from graphflow.nets.layer_nodes import LayerNodes, default
from graphflow.nets.layer_tracking import untracked
from graphflow.ops.cast import cast
from graphflow.ops.constant import placeholder
from graphflow.ops.identity import identity
from graphflow.ops.partitioned_variables import PartitionedVariable
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.variables import Variable, VariableAggregation, VariableSynchronization

_KEYWORDS: Final = (
    "input_shape", "batch_input_shape", "batch_size", "weights", "activity_regularizer", "autocast",
)  # fmt: skip


def snake_case(name: str) -> str:
    """Returns a class name in lower case with underscores: `Conv2DTranspose` as in TensorFlow.

    >>> snake_case("BatchNormalization"), snake_case("Conv2DTranspose")
    ('batch_normalization', 'conv2d_transpose')
    """
    apart = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    lower = re.sub(r"([a-z])([A-Z])", r"\1_\2", apart).lower()
    return f"private{lower}" if lower.startswith("_") else lower


@export("keras.layers.Layer")
class Layer(LayerNodes, LayerLosses):
    """Something that is called with tensors, returns tensors and may own variables.

    Subclasses make variables in `build` with `add_weight`, and operations in `call`. Layers and
    variables in attributes belong to the layer too.

    Args:
        trainable: whether optimizers change its variables.
        name: the name, also of the scope of its operations; None: that of the class, made unique.
        dtype: the element type of its variables; None: that of the first input.
        dynamic: True is for `call` methods that are no part of a graph: the results are then
            placeholders of the shapes that `compute_output_shape` says.
        **kwargs: `input_shape` (of one example) or `batch_input_shape`, and `batch_size`: the
            input of a model that begins with the layer; `weights`: arrays, the first values of
            the variables; `activity_regularizer`: a function of the result whose value is a
            loss; `autocast`: whether floats among the inputs are cast to `dtype`.

    Raises:
        TypeError: if a keyword is not known.
    """

    def __init__(
        self,
        trainable: bool = True,
        name: Any = None,
        dtype: Any = None,
        dynamic: bool = False,
        **kwargs: Any,
    ) -> None:
        for keyword in kwargs:
            if keyword not in _KEYWORDS:
                raise TypeError("Keyword argument not understood:", keyword)
        with untracked(self):
            self._trainable = trainable
            self.stateful = False
            self.built = False
            self._input_spec: Any = None
            if not hasattr(self, "supports_masking"):
                self.supports_masking = False
            self._init_name(name)
            self._activity_regularizer = kwargs.get("activity_regularizer")
            self._start_layer_lists()
            self._dtype = None if dtype is None else as_dtype(dtype).name
            self._autocast = kwargs.get("autocast", False)
            self._dynamic = dynamic
            self._initial_weights = kwargs.get("weights")
            if "batch_input_shape" in kwargs:
                self._batch_input_shape = tuple(kwargs["batch_input_shape"])
            elif "input_shape" in kwargs:
                self._batch_input_shape = (kwargs.get("batch_size"), *kwargs["input_shape"])

    def _start_layer_lists(self) -> None:
        held = vars(self)
        for name in ("_trainable_weights", "_non_trainable_weights", "_layers"):
            held.setdefault(name, [])
        self._updates = []
        self._losses = []
        self._callable_losses = []
        self._metrics = []
        self._inbound_nodes = []
        self._outbound_nodes = []

    def _init_name(self, name: Any, zero_based: bool = True) -> None:
        self._name = name or state.unique_object_name(
            snake_case(type(self).__name__), zero_based=zero_based
        )

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
    def dynamic(self) -> bool:
        """Whether `call` is no part of the graph."""
        return self._dynamic

    @property
    def trainable(self) -> bool:
        """Whether optimizers change its variables, and those of the layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = value
        for layer in self._child_layers():
            layer.trainable = value

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
        if not self.trainable:
            return []
        return self._trainable_weights + self._gathered_from_children("trainable_weights")

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The other variables."""
        if self.trainable:
            return self._non_trainable_weights + self._gathered_from_children(
                "non_trainable_weights"
            )
        own = self._trainable_weights + self._non_trainable_weights
        return own + self._gathered_from_children("weights")

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
        """Returns the values of all variables, as arrays."""
        return state.batch_get_value(self.weights)

    def set_weights(self, weights: Any) -> None:
        """Sets the values of all variables.

        Args:
            weights: arrays in the order of `weights`.

        Raises:
            ValueError: if number or shapes differ.
        """
        held = self.weights
        if len(held) != len(weights):
            raise ValueError(
                f'You called `set_weights(weights)` on layer "{self.name}" with a  weight list of '
                f"length {len(weights)}, but the layer was expecting {len(held)} weights. "
                f"Provided weights: {str(weights)[:50]}..."
            )
        for variable, value in zip(held, weights, strict=True):
            if not variable.shape.is_compatible_with(np.shape(value)):
                raise ValueError(
                    f"Layer weight shape {variable.shape} not compatible with provided weight "
                    f"shape {np.shape(value)}"
                )
        state.batch_set_value(list(zip(held, weights, strict=True)))

    def add_weight(
        self,
        name: str | None = None,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool | None = None,
        constraint: Any = None,
        partitioner: Any = None,
        use_resource: bool | None = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
        **kwargs: Any,
    ) -> Any:
        """Returns a new variable of the layer.

        Args:
            name: the name below the scope of the layer's operations.
            shape: the sizes; None: a scalar.
            dtype: the element type; None: the layer's, else `tf.keras.backend.floatx()`.
            initializer: makes the first value: an object, a function or a name; None:
                glorot_uniform, zeros for integers and bools.
            regularizer: a function of the variable whose value is a loss, or its name.
            trainable: whether optimizers change it; None: True.
            constraint: applied to the new value after an optimizer's step, or its name.
            partitioner: handed to `getter`.
            use_resource: whether it is a resource variable; None: True.
            synchronization: ON_READ makes it not trainable.
            aggregation: kept for TensorFlow's sake.
            **kwargs: `getter` makes the variable from such arguments; `collections` are those
                it is put into; `experimental_autocast` is accepted and not used.

        Raises:
            TypeError: if a keyword is not known.
            ValueError: if it is both trainable and ON_READ, or there is no initializer for its
                element type.
        """
        for keyword in kwargs:
            if keyword not in ("getter", "collections", "experimental_autocast"):
                raise TypeError("Unknown keyword argument:", keyword)
        trainable = checked_trainable(trainable, synchronization)
        dtype = as_dtype(dtype or self.dtype or state.floatx())
        if self._dtype is None:
            self._dtype = dtype.base_dtype.name
        given = kwargs.get("collections")
        options = {} if given is None else {"collections": given}
        make: Callable[..., Any] = kwargs.get("getter", keras_style.variable)
        if "getter" in kwargs:
            options["partitioner"] = partitioner
        variable = make(
            name=name,
            shape=() if shape is None else shape,
            dtype=dtype,
            initializer=_initializer(name, dtype, initializer, self.name),
            use_resource=use_resource,
            trainable=trainable,
            constraint=late.call("keras_constraint", constraint),
            synchronization=synchronization,
            aggregation=aggregation,
            **options,
        )
        state.track_variable(variable)
        regularizer = late.call("keras_regularizer", regularizer)
        if regularizer is not None:
            inside = variable.name.partition(":")[0]
            parts = variable if isinstance(variable, PartitionedVariable) else [variable]
            for part in parts:
                self.add_loss(functools.partial(penalty, inside, regularizer, part))
        (self._trainable_weights if trainable else self._non_trainable_weights).append(variable)
        if name is not None:
            self._track_object(name, variable)
        return variable

    def add_variable(self, *args: Any, **kwargs: Any) -> Any:
        """As `add_weight`."""
        return self.add_weight(*args, **kwargs)

    # --- building and calling ---
    @default
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
            **kwargs: further arguments of `call`. `training` defaults to that of the layer
                around, `mask` to the masks of the inputs.

        Raises:
            ValueError: if an input is not as `input_spec` says, or `call` returns None.
        """
        inputs = nest.map_structure(_as_tensor, inputs)
        by_us: list[str] = []
        masks = self._input_masks(inputs, args, kwargs, by_us)
        training = self._training_of_call(args, kwargs, by_us)
        symbolic = all(isinstance(x, _SYMBOLIC) for x in nest.flatten(inputs))
        if symbolic and not call_context.in_call and nodes.needs_history(inputs):
            nodes.create_history(inputs)
        with call_context.enter(self, inputs, training):
            if symbolic:
                check_inputs(self.input_spec, inputs, self.name)
            with scopes.name_scope(self._name_scope()):
                self._build_once(inputs)
                outputs = self._result_of_call(inputs, args, kwargs)
                if symbolic and nodes.has_history(inputs):
                    for name in by_us:
                        kwargs.pop(name)
                    outputs = self._connect_nodes(inputs, outputs, args, kwargs)
                self._regularize_activity(inputs, outputs)
                self._mask_outputs(inputs, outputs, masks)
                if symbolic:
                    self._called_first(inputs, outputs)
        return outputs

    def _result_of_call(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.dynamic:
            return self._placeholders_for(inputs)
        outputs = self.call(self._cast_inputs(inputs), *args, **kwargs)
        if outputs is None:
            raise ValueError(
                "A layer's `call` method should return a Tensor or a list of Tensors, "
                f"not None (layer: {self.name})."
            )
        return outputs

    def _called_first(self, inputs: Any, outputs: Any) -> None:
        """For models: notes inputs and results of the first call."""

    def _name_scope(self) -> str | None:
        return self.name

    @functools.cached_property
    def _call_signature(self) -> tuple[list[str], bool]:
        """The names of the arguments of `call`, and whether it takes any others."""
        spec = inspect.getfullargspec(self.call)
        names = spec.args[1:] if spec.args[:1] == ["self"] else spec.args
        return names, spec.varkw is not None

    @property
    def _call_fn_args(self) -> list[str]:
        return self._call_signature[0]

    @property
    def _expects_training_arg(self) -> bool:
        names, any_other = self._call_signature
        return "training" in names or any_other

    @property
    def _expects_mask_arg(self) -> bool:
        names, any_other = self._call_signature
        return "mask" in names or any_other

    def _given_argument(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[bool, Any]:
        """Whether an argument of `call` was given, and its value."""
        if name in kwargs:
            return True, kwargs[name]
        positional = dict(zip(self._call_fn_args[1:], args, strict=False))
        return name in positional, positional.get(name)

    def _input_masks(
        self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any], by_us: list[str]
    ) -> Any:
        given, masks = self._given_argument("mask", args, kwargs)
        if given:
            return masks
        masks = nest.map_structure(lambda x: getattr(x, "_keras_mask", None), inputs)
        if all(mask is None for mask in nest.flatten(masks)):
            return None
        if self._expects_mask_arg:
            kwargs["mask"] = masks
            by_us.append("mask")
        return masks

    def _training_of_call(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], by_us: list[str]
    ) -> Any:
        """The `training` argument, or that of the layer outside, which is then handed on."""
        given, value = self._given_argument("training", args, kwargs)
        if given:
            if not self._expects_training_arg:
                kwargs.pop("training")
            return value
        value = call_context.training
        if value is not None and self._expects_training_arg:
            value = cast(value, bool_) if isinstance(value, Tensor) else bool(value)
            kwargs["training"] = value
            by_us.append("training")
        return value

    def _build_once(self, inputs: Any) -> None:
        if not self.built:
            check_inputs(self.input_spec, inputs, self.name)
            flat = nest.flatten(inputs)
            if flat and self._dtype is None and hasattr(flat[0], "dtype"):
                self._dtype = as_dtype(flat[0].dtype).base_dtype.name
            if not getattr(self.build, "_is_default", False):
                known = all(hasattr(x, "shape") for x in flat)
                self.build(nest.map_structure(lambda x: x.shape, inputs) if known else None)
            self.built = True
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
            self._initial_weights = None

    def _cast_inputs(self, inputs: Any) -> Any:
        if not self._autocast or self._dtype is None or not as_dtype(self._dtype).is_floating:
            return inputs
        wanted = as_dtype(self._dtype)

        def fitting(x: Any) -> Any:
            floats = isinstance(x, Tensor) and x.dtype.is_floating
            return cast(x, wanted) if floats and x.dtype.base_dtype != wanted else x

        return nest.map_structure(fitting, inputs)

    def _placeholders_for(self, inputs: Any) -> Any:
        shapes = self.compute_output_shape(nest.map_structure(lambda x: x.shape, inputs))
        dtype = self._dtype or state.floatx()
        return nest.map_structure(lambda shape: placeholder(dtype, shape), shapes)

    def _connect_nodes(
        self, inputs: Any, outputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Makes a node of the call; a result that is an input gets a tensor of its own."""
        taken = {id(x) for x in nest.flatten(inputs)}
        flat = []
        for x in nest.flatten(outputs):
            if id(x) in taken:
                with scopes.name_scope(self.name):
                    x = identity(x)
            flat.append(x)
        outputs = nest.pack_sequence_as(outputs, flat)
        arguments = dict(zip(self._call_fn_args[1:], args, strict=False))
        self._add_inbound_node(inputs, outputs, {**arguments, **kwargs})
        return outputs

    def _regularize_activity(self, inputs: Any, outputs: Any) -> None:
        if not self._activity_regularizer:
            return
        with scopes.name_scope("ActivityRegularizer"):
            for output in nest.flatten(outputs):
                loss = self._activity_regularizer(output)
                n = cast(shape_of(output)[0], loss.dtype)  # the strength is for one example
                self.add_loss(loss / n, inputs=inputs)

    def _mask_outputs(self, inputs: Any, outputs: Any, masks: Any) -> None:
        flat = nest.flatten(outputs)
        known = [getattr(x, "_keras_mask", None) for x in flat]
        jointly = getattr(self, "_compute_output_and_mask_jointly", False)
        if not jointly and not (flat and all(mask is not None for mask in known)):
            known = self._computed_masks(inputs, masks, len(flat))
        for output, mask in zip(flat, known, strict=False):
            if hasattr(output, "__dict__"):
                output._keras_mask = mask
            if mask is not None:
                mask._keras_history_checked = True

    def _computed_masks(self, inputs: Any, masks: Any, n: int) -> list[Any]:
        if self.supports_masking or not getattr(self.compute_mask, "_is_default", False):
            found = self.compute_mask(inputs, masks)
            if found is not None:
                return list(nest.flatten(found))
        return [None] * n


_SYMBOLIC: Final = (Tensor, Variable, SparseTensor)


def checked_trainable(trainable: bool | None, synchronization: Any) -> bool:
    """Whether a variable is trainable, from the arguments of `add_weight`.

    Raises:
        ValueError: if it is to be, and read only.
    """
    if synchronization == VariableSynchronization.ON_READ:
        if trainable:
            raise ValueError(
                "Synchronization value can be set to VariableSynchronization.ON_READ only for "
                "non-trainable variables. You have specified trainable=True and "
                "synchronization=VariableSynchronization.ON_READ."
            )
        return False
    return trainable is None or trainable


def penalty(name: str, regularizer: Any, variable: Any) -> Any:
    """Returns a regularizer's loss of a variable.

    Args:
        name: the scope of its operations is called after.
        regularizer: a function of the variable.
        variable: the variable.
    """
    with scopes.name_scope(f"{name}/Regularizer"):
        return regularizer(variable)


def _initializer(name: str | None, dtype: DType, given: Any, layer: str) -> Any:
    found = late.call("keras_initializer", given)
    if found is not None:
        return found
    try:
        return keras_style.default_initializer(name, dtype)
    except ValueError as problem:
        raise ValueError(f"{problem} {layer}") from None


def _as_tensor(x: Any) -> Any:
    return convert(x) if isinstance(x, np.ndarray | float | int) else x
