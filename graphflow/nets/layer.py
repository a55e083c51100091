"""The base of `tf.layers`: an object that makes its variables on first use and shares them after.

A layer has a variable scope; its operations go into the name scope that was opened with it.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.dtypes import as_dtype, float32
from graphflow.core.export import export
from graphflow.core.shape import dimension_value
from graphflow.nets import keras_layer, keras_state, keras_style
from graphflow.ops.partitioned_variables import PartitionedVariable
from graphflow.ops.variable_lists import global_variables, trainable_variables
from graphflow.ops.variable_scope import VariableScope, get_variable, variable_scope
from graphflow.ops.variables import VariableAggregation, VariableSynchronization


@export("layers.Layer")
class Layer(keras_layer.Layer):
    """Something that is called with tensors, returns tensors and may own variables.

    Subclasses make variables in `build` with `add_weight`, and operations in `call`.

    Args:
        trainable: whether optimizers change its variables by default.
        name: the name, also of its variable scope; None: that of the class, made unique.
        dtype: the element type of its variables; None: that of the first input.
        **kwargs: `activity_regularizer`, a function of the result whose value is a loss;
            `_scope` and `_reuse`, the variable scope and its `reuse`; further ones as in
            `tf.keras.layers.Layer`.

    Raises:
        TypeError: if a keyword is not known.
    """

    def __init__(
        self, trainable: bool = True, name: Any = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        scope = kwargs.pop("_scope", None)
        self._reuse = kwargs.pop("_reuse", None)
        self._keras_style = keras_style.is_on()
        self._use_resource_variables = False
        self._scope: VariableScope | None = None
        self._current_scope: VariableScope | None = None
        self._always_reuse: variable_scope | None = None
        super().__init__(trainable=trainable, name=name, dtype=dtype, **kwargs)
        if self._keras_style:
            keras_style.refuse("scope", scope)
            keras_style.refuse("reuse", self._reuse)
        elif scope:
            with variable_scope(scope) as opened:
                self._scope = opened

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute; layers in it do not belong to this one, as in TensorFlow."""
        object.__setattr__(self, name, value)

    def _init_name(self, name: Any, zero_based: bool = False) -> None:
        """Notes the layer's own name, and the one that its scope is called after."""
        if name and not isinstance(name, VariableScope):
            self._name = self._base_name = name
            return
        base = keras_layer.snake_case(type(self).__name__)
        self._base_name = getattr(name, "name", base)
        self._name = keras_state.unique_object_name(base, zero_based=zero_based)

    graph = None
    """None, as in TensorFlow: a layer of `tf.layers` does not say its graph."""

    @property
    def _is_legacy_layer(self) -> bool:
        """True: models of Keras refuse it."""
        return True

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

    def add_weight(  # type: ignore[override]  # another order, as in TensorFlow
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
        trainable = keras_layer.checked_trainable(trainable, synchronization) and self.trainable
        if self._keras_style:
            return super().add_weight(
                name,
                shape,
                dtype,
                initializer,
                regularizer,
                trainable,
                constraint,
                use_resource=use_resource,
                synchronization=synchronization,
                aggregation=aggregation,
            )
        dtype = as_dtype(dtype or self.dtype or float32)
        if self._dtype is None:
            self._dtype = dtype.base_dtype.name
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
                    self.add_loss(functools.partial(keras_layer.penalty, name, regularizer, part))
        self._own(parts, trainable)
        if len(parts) == 1:
            self._track_object(name, parts[0])
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
        held = {id(v) for v in trainable_variables()} if trainable else set()
        for part in parts:
            mine = self._trainable_weights if id(part) in held else self._non_trainable_weights
            mine.append(part)
            keras_state.track_variable(part)

    # --- its losses ---
    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Notes losses, also in the collection REGULARIZATION_LOSSES.

        Args:
            losses: a tensor, a number, a function that makes one, or a list of them.
            inputs: anything but None says that the losses depend on the layer's inputs.
        """
        known, functions = len(self._losses), len(self._callable_losses)
        super().add_loss(losses, inputs=inputs)
        made = [function() for function in self._callable_losses[functions:]]
        _add_once(
            GraphKeys.REGULARIZATION_LOSSES,
            self._losses[known:] + [loss for loss in made if loss is not None],
        )

    # --- calling ---
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
            return super().__call__(inputs, *args, **kwargs)
        self._set_scope(scope)
        with self._call_scope() as opened:
            self._current_scope = opened
            if "scope" in self._call_fn_args:
                kwargs["scope"] = opened
            outputs = super().__call__(inputs, *args, **kwargs)
        _add_once(GraphKeys.UPDATE_OPS, self.updates)
        return outputs

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


def _add_once(collection: str, items: list[Any]) -> None:
    held = scopes.get_collection_ref(collection)
    seen = {id(item) for item in held}
    held.extend(item for item in items if id(item) not in seen)


def channels_of(input_shape: Any, axis: int, message: str) -> int:
    """Returns a size that must be known to make variables.

    Raises:
        ValueError: with the message, if it is not.
    """
    size: int | None = dimension_value(input_shape[axis])
    if size is None:
        raise ValueError(message)
    return int(size)
