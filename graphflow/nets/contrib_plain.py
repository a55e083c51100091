"""tf.contrib.layers' small functions: flatten, dropout, bias_add, softmax, maxout and the like."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import int32
from graphflow.core.tensor import Tensor
from graphflow.nets import core_layers
from graphflow.nets.contrib_collect import (
    check_format,
    collect_named_outputs,
    last_dimension,
    scoped,
)
from graphflow.nets.contrib_layer_scope import ZEROS, finished, layer_scope, own_variable
from graphflow.ops import bias as bias_op
from graphflow.ops import one_hot as one_hot_op
from graphflow.ops import softmax as softmax_op
from graphflow.ops.cast import to_int64
from graphflow.ops.reduce import reduce_max
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.variable_scope import variable_scope


@scoped("flatten")
def flatten(inputs: Any, outputs_collections: Any = None, scope: str | None = None) -> Tensor:
    """Returns the input with all axes but the first as one.

    Args:
        inputs: a tensor [batch, ...].
        outputs_collections: collections for the result.
        scope: the name scope.
    """
    with scopes.name_scope(scope, "Flatten", [inputs]) as sc:
        outputs = core_layers.flatten(convert(inputs))
        found: Tensor = collect_named_outputs(outputs_collections, sc, outputs)
    return found


@scoped("dropout")
def dropout(
    inputs: Any,
    keep_prob: Any = 0.5,
    noise_shape: Any = None,
    is_training: Any = True,
    outputs_collections: Any = None,
    scope: Any = None,
    seed: int | None = None,
) -> Any:
    """Returns the input with elements left out at random and the others enlarged.

    Args:
        inputs: a tensor of floats.
        keep_prob: the probability that an element stays.
        noise_shape: see `tf.nn.dropout`.
        is_training: whether to do so at all; a bool or a scalar tensor.
        outputs_collections: collections for the result.
        scope: the variable scope, or its name.
        seed: the seed of the random choices.
    """
    with layer_scope(scope, "Dropout", inputs) as sc:
        inputs = convert(inputs)
        layer = core_layers.Dropout(
            rate=1 - keep_prob, noise_shape=noise_shape, seed=seed, name=sc.name, _scope=sc
        )
        outputs = layer.apply(inputs, training=is_training)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


@scoped("bias_add")
def bias_add(
    inputs: Any,
    activation_fn: Any = None,
    initializer: Any = ZEROS,
    regularizer: Any = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Any = None,
) -> Any:
    """Returns the input plus a bias for each channel, which is learnt.

    Args:
        inputs: a tensor [batch, ..., channels], or [batch, channels, height, width] for NCHW.
        activation_fn: a function of the result; None: none.
        initializer: makes the first biases.
        regularizer: a function of the biases that is noted as a loss.
        reuse: whether the variable must exist; needs `scope`.
        variables_collections: collections for the variable, or lists by "biases".
        outputs_collections: collections for the result.
        trainable: whether optimizers change the biases.
        data_format: "NHWC" or "NCHW".
        scope: the variable scope, or its name.

    Raises:
        ValueError: if the format is another one, or does not fit the rank, or the number of
            channels is not known.
    """
    first = check_format(data_format) == "channels_first"
    with variable_scope(scope, "BiasAdd", [inputs], reuse=reuse) as sc:
        inputs = convert(inputs)
        if inputs.shape.ndims is None:
            raise ValueError("Dims of shape must be known but is None")
        if inputs.shape.ndims != 4 and first:
            raise ValueError("Data format NCHW only supports 4D Tensor")
        channels = inputs.shape.dims[1 if first else -1].value
        if channels is None:
            raise ValueError("`C` dimension must be known but is None")
        biases = own_variable(
            "biases", [channels], variables_collections, initializer, inputs.dtype.base_dtype,
            regularizer=regularizer, trainable=trainable,
        )  # fmt: skip
        outputs = bias_op.bias_add(inputs, biases, data_format=data_format)
        return finished(outputs, sc.name, outputs_collections, activation_fn)


@scoped("one_hot_encoding")
def one_hot_encoding(
    labels: Any,
    num_classes: Any,
    on_value: Any = 1.0,
    off_value: Any = 0.0,
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Tensor:
    """Returns a row for each label that is `on_value` at its place and `off_value` elsewhere.

    Args:
        labels: integers, [batch].
        num_classes: the length of a row.
        on_value: what stands at the label's place.
        off_value: what stands elsewhere.
        outputs_collections: collections for the result.
        scope: the name scope.
    """
    with scopes.name_scope(scope, "OneHotEncoding", [labels, num_classes]) as sc:
        labels = convert(labels)
        if labels.dtype == int32:
            labels = to_int64(labels)
        outputs = one_hot_op.one_hot(labels, num_classes, on_value=on_value, off_value=off_value)
        found: Tensor = collect_named_outputs(outputs_collections, sc, outputs)
    return found


@scoped("softmax")
def softmax(logits: Any, scope: Any = None) -> Tensor:
    """Returns the probabilities of classes: the softmax over the last axis.

    Args:
        logits: a tensor [batch, ..., classes].
        scope: the variable scope, or its name.

    Raises:
        ValueError: if the rank is below 2, or the number of classes is not known.
    """
    with variable_scope(scope, "softmax", [logits]):
        classes = last_dimension(logits.shape, min_rank=2)
        rows = softmax_op.softmax(reshape(logits, [-1, classes]))
        predictions = reshape(rows, shape_of(logits))
        predictions.set_shape(logits.shape)
    return predictions


@scoped("maxout")
def maxout(inputs: Any, num_units: int, axis: int = -1, scope: Any = None) -> Tensor:
    """Returns the largest element of each of several groups along an axis.

    Args:
        inputs: a tensor.
        num_units: the number of groups.
        axis: the axis.
        scope: the variable scope, or its name.

    Raises:
        ValueError: if the groups do not divide the size.

    Source: Goodfellow et al. 2013, "Maxout networks".
    """
    with variable_scope(scope, "MaxOut", [inputs]):
        inputs = convert(inputs)
        sizes: list[Any] = inputs.shape.as_list()
        if sizes[axis] % num_units:
            raise ValueError(
                f"number of features({sizes[axis]}) is not a multiple of num_units({num_units})"
            )
        group = sizes[axis] // num_units
        sizes[axis] = num_units
        sizes.append(group)
        sizes = [shape_of(inputs)[i] if size is None else size for i, size in enumerate(sizes)]
        found: Tensor = reduce_max(reshape(inputs, sizes), -1, keepdims=False)
    return found
