"""The frame of a tf.contrib layer: its variable scope, its variables' names, its last steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core.convert import convert
from graphflow.nets import initializers
from graphflow.nets.contrib_collect import (
    add_to_variable_collections,
    collect_named_outputs,
    get_variable_collections,
)
from graphflow.nets.contrib_variables import model_variable
from graphflow.ops.variable_scope import variable_scope
from graphflow.ops.variables import VariableAggregation, VariableSynchronization

ZEROS = initializers.Zeros()
"""The default initializer of biases."""


def model_variable_getter(
    getter: Callable[..., Any],
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    rename: dict[str, str] | None = None,
    use_resource: bool | None = None,
    synchronization: Any = VariableSynchronization.AUTO,
    aggregation: Any = VariableAggregation.NONE,
    **_: Any,
) -> Any:
    """Makes a variable of a layer a model variable, under the name that tf.contrib gives it."""
    scope, slash, last = name.rpartition("/")
    return model_variable(
        f"{scope}{slash}{(rename or {}).get(last, last)}",
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        collections=collections,
        trainable=trainable,
        caching_device=caching_device,
        partitioner=partitioner,
        custom_getter=getter,
        use_resource=use_resource,
        synchronization=synchronization,
        aggregation=aggregation,
    )


def layer_scope(
    scope: Any, default: str, inputs: Any, reuse: Any = None, **rename: str
) -> variable_scope:
    """A variable scope in which the variables of a `tf.layers` layer become model variables.

    Args:
        scope: the scope, or its name; None: `default`, made unique.
        default: the default name.
        inputs: the layer's input.
        reuse: whether the variables must exist.
        **rename: new names of variables by those that the layer gives.
    """

    def getter(getter: Any, *args: Any, **kwargs: Any) -> Any:
        return model_variable_getter(getter, *args, **{**kwargs, "rename": rename})

    return variable_scope(scope, default, [inputs], reuse=reuse, custom_getter=getter)


def own_variable(
    name: str, shape: Any, collections: Any, initializer: Any, dtype: Any, **options: Any
) -> Any:
    """A model variable that is made without a layer, in the collections meant for that name.

    Args:
        name: its name; "depthwise_weights" counts as "weights" in `collections`.
        shape: its shape.
        collections: a list for all variables, or lists by names.
        initializer: makes its first value.
        dtype: its type.
        **options: `regularizer` and `trainable`.
    """
    kind = "weights" if name.endswith("weights") else name
    return model_variable(
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        collections=get_variable_collections(collections, kind),
        **options,
    )


def note_variables(layer: Any, collections: Any, **kinds: str) -> None:
    """Adds the variables of a layer to the collections meant for them.

    Args:
        layer: the layer, built.
        collections: a list for all variables, or lists by kinds.
        **kinds: the kind of each attribute of the layer that holds a variable or None.
    """
    for attribute, kind in kinds.items():
        variable = getattr(layer, attribute)
        if variable is not None:
            add_to_variable_collections(variable, collections, kind)


def finished(
    outputs: Any,
    scope: str,
    outputs_collections: Any,
    activation_fn: Any,
    normalizer_fn: Any = None,
    normalizer_params: dict[str, Any] | None = None,
) -> Any:
    """Normalizes a result, takes the activation, notes it in collections, and returns it."""
    if normalizer_fn is not None:
        outputs = normalizer_fn(outputs, **(normalizer_params or {}))
    if activation_fn is not None:
        outputs = activation_fn(outputs)
    return collect_named_outputs(outputs_collections, scope, outputs)


def tensor(inputs: Any) -> Any:
    """The input of a layer as a tensor."""
    return convert(inputs)
