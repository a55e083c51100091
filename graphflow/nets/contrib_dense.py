"""tf.contrib.layers' fully connected layers, and layers in a row."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.convert import convert
from graphflow.core.export import export
from graphflow.nets.contrib_collect import layers_and_slim, scoped
from graphflow.nets.contrib_initializers import xavier_initializer
from graphflow.nets.contrib_layer_scope import (
    ZEROS,
    finished,
    layer_scope,
    note_variables,
    tensor,
)
from graphflow.nets.dense import Dense
from graphflow.ops import activation
from graphflow.ops.bias import bias_add
from graphflow.ops.matmul import matmul
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.stack import stack as stack_op
from graphflow.ops.stack import unstack
from graphflow.ops.variable_scope import get_variable, variable_scope

_XAVIER = xavier_initializer()


@scoped("fully_connected")
def fully_connected(
    inputs: Any,
    num_outputs: int,
    activation_fn: Any = activation.relu,
    normalizer_fn: Any = None,
    normalizer_params: dict[str, Any] | None = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = ZEROS,
    biases_regularizer: Any = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """Returns `activation(inputs @ weights + biases)`.

    Args:
        inputs: a tensor [batch, ..., n].
        num_outputs: the number of results of each example.
        activation_fn: a function of the result; None: none.
        normalizer_fn: a function of the result before that, such as `batch_norm`, in place of
            biases.
        normalizer_params: further arguments of that.
        weights_initializer: makes the first weights.
        weights_regularizer: a function of the weights that is noted as a loss.
        biases_initializer: makes the first biases; None: no biases.
        biases_regularizer: as that of the weights.
        reuse: whether the variables must exist; needs `scope`.
        variables_collections: collections for all variables, or lists by "weights" and "biases".
        outputs_collections: collections for the result.
        trainable: whether optimizers change the variables.
        scope: the variable scope, or its name.

    Raises:
        ValueError: if `num_outputs` is no int, or n is not known.
    """
    if not isinstance(num_outputs, int):
        raise ValueError(f"num_outputs type should be one of {[int]}, got {type(num_outputs)}.")
    names = {"bias": "biases", "kernel": "weights"}
    with layer_scope(scope, "fully_connected", inputs, reuse, **names) as sc:
        inputs = tensor(inputs)
        layer = Dense(
            units=num_outputs,
            activation=None,
            use_bias=bool(not normalizer_fn and biases_initializer),
            kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer,
            activity_regularizer=None,
            trainable=trainable,
            name=sc.name,
            dtype=inputs.dtype.base_dtype,
            _scope=sc,
            _reuse=reuse,
        )
        outputs = layer.apply(inputs)
        note_variables(layer, variables_collections, kernel="weights", bias="biases")
        return finished(
            outputs, sc.name, outputs_collections, activation_fn, normalizer_fn, normalizer_params
        )


relu = functools.partial(fully_connected, activation_fn=activation.relu)
relu6 = functools.partial(fully_connected, activation_fn=activation.relu6)
elu = functools.partial(fully_connected, activation_fn=activation.elu)
linear = functools.partial(fully_connected, activation_fn=None)
for _name, _function in (("relu", relu), ("relu6", relu6), ("elu", elu), ("linear", linear)):
    export(*layers_and_slim(_name))(_function)


# --- the first form ---
@export(*layers_and_slim("legacy_fully_connected"))
def legacy_fully_connected(
    x: Any,
    num_output_units: int,
    activation_fn: Any = None,
    weight_init: Any = _XAVIER,
    bias_init: Any = ZEROS,
    name: str | None = None,
    weight_collections: Sequence[str] = (GraphKeys.WEIGHTS,),
    bias_collections: Sequence[str] = (GraphKeys.BIASES,),
    output_collections: Sequence[str] = (GraphKeys.ACTIVATIONS,),
    trainable: bool = True,
    weight_regularizer: Any = None,
    bias_regularizer: Any = None,
) -> Any:
    """Returns `activation(x @ weights + bias)`; the result goes into ACTIVATIONS.

    Args:
        x: a tensor [batch, ..., n].
        num_output_units: the number of results of each example.
        activation_fn: a function of the result; None: none.
        weight_init: makes the first weights.
        bias_init: makes the first bias; None: no bias.
        name: the variable scope.
        weight_collections: further collections for the weights.
        bias_collections: further collections for the bias.
        output_collections: further collections for the result.
        trainable: whether optimizers change the variables.
        weight_regularizer: a function of the weights that is noted as a loss.
        bias_regularizer: as that of the weights.

    Raises:
        ValueError: if the rank or n is not known, or the rank is below 2.
    """
    with variable_scope(name, "fully_connected", [x]):
        x = convert(x)
        rank, units = x.shape.ndims, _last_size(x)
        weights = _variable(
            "weights", [units, num_output_units], x, weight_init, weight_collections,
            weight_regularizer, trainable,
        )  # fmt: skip
        y = matmul(x if rank == 2 else reshape(x, [-1, units]), weights)
        if bias_init is not None:
            bias = _variable(
                "bias", [num_output_units], x, bias_init, bias_collections, bias_regularizer,
                trainable,
            )  # fmt: skip
            y = bias_add(y, bias)
        if rank > 2:
            y = _as_before(y, x, num_output_units)
        if activation_fn is not None:
            y = activation_fn(y)
        collections = [*(output_collections or ()), GraphKeys.ACTIVATIONS]
        scopes.add_to_collections(collections, y)
        return y


def _last_size(x: Any) -> int:
    if x.shape.dims is None:
        raise ValueError("dims of x must be known but is None")
    if len(x.shape.dims) < 2:
        raise ValueError(f"rank of x must be at least 2 not: {len(x.shape.dims)}")
    found: int | None = x.shape.dims[-1].value
    if found is None:
        raise ValueError("last dimension of x must be known but is None")
    return found


def _variable(
    name: str,
    shape: list[int],
    x: Any,
    initializer: Any,
    collections: Any,
    regularizer: Any,
    trainable: bool,
) -> Any:
    return get_variable(
        name,
        shape=shape,
        dtype=x.dtype.base_dtype,
        initializer=initializer,
        collections={*(collections or ()), GraphKeys.GLOBAL_VARIABLES},
        regularizer=regularizer,
        trainable=trainable,
    )


def _as_before(y: Any, x: Any, size: int) -> Any:
    """The rows of a matrix in the shape of the input, but for its last size."""
    sizes: list[Any] = unstack(shape_of(x))
    sizes[-1] = size
    y = reshape(y, stack_op(sizes))
    y.set_shape([*x.shape.as_list()[:-1], size])
    return y


legacy_relu = functools.partial(legacy_fully_connected, activation_fn=activation.relu)
legacy_linear = functools.partial(legacy_fully_connected, activation_fn=None)
export(*layers_and_slim("legacy_relu"))(legacy_relu)
export(*layers_and_slim("legacy_linear"))(legacy_linear)


# --- layers in a row ---
def _name_of(layer: Any, otherwise: str) -> str:
    """What the scopes of layers in a row are called after."""
    function = layer if hasattr(layer, "__name__") else getattr(layer, "func", None)
    found: str = getattr(function, "__name__", otherwise)
    return found


@export(*layers_and_slim("repeat"))
def repeat(
    inputs: Any, repetitions: int, layer: Callable[..., Any], *args: Any, **kwargs: Any
) -> Any:
    """Returns the result of one layer after the other, with equal arguments.

    Args:
        inputs: the first layer's input.
        repetitions: how many.
        layer: a function such as `conv2d`, that takes an argument `scope`.
        *args: its arguments after the input.
        **kwargs: its named arguments. `scope` is the name of the whole; layers get numbers.
    """
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, "Repeat", [inputs]):
        outputs = convert(inputs)
        name = _name_of(layer, "repeat") if scope is None else scope
        for i in range(repetitions):
            outputs = layer(outputs, *args, **{**kwargs, "scope": f"{name}_{i + 1}"})
        return outputs


@export(*layers_and_slim("stack"))
def stack(inputs: Any, layer: Callable[..., Any], stack_args: Any, **kwargs: Any) -> Any:
    """Returns the result of one layer after the other, each with its own arguments.

    Args:
        inputs: the first layer's input.
        layer: a function such as `fully_connected`, that takes an argument `scope`.
        stack_args: for each layer its arguments after the input: a list, or the only one.
        **kwargs: named arguments of all. `scope` is the name of the whole; layers get numbers.

    Raises:
        ValueError: if `stack_args` is neither a list nor a tuple.
    """
    scope = kwargs.pop("scope", None)
    if not isinstance(stack_args, list | tuple):
        raise ValueError("stack_args need to be a list or tuple")
    with variable_scope(scope, "Stack", [inputs]):
        outputs = convert(inputs)
        name = _name_of(layer, "stack") if scope is None else scope
        for i, given in enumerate(stack_args):
            args = given if isinstance(given, list | tuple) else [given]
            outputs = layer(outputs, *args, **{**kwargs, "scope": f"{name}_{i + 1}"})
        return outputs
