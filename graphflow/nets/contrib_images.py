"""tf.contrib.layers' reshaping of images, and where in them the features lie."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import float32
from graphflow.core.export import export
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.nets import initializers
from graphflow.nets.contrib_arg_scope import add_arg_scope
from graphflow.nets.contrib_collect import (
    check_format,
    collect_named_outputs,
    get_variable_collections,
    inside,
    scoped,
)
from graphflow.nets.contrib_variables import model_variable
from graphflow.ops.arithmetic import minimum, multiply
from graphflow.ops.asserts import assert_rank_at_least
from graphflow.ops.broadcast import meshgrid
from graphflow.ops.concat import concat
from graphflow.ops.powers import rsqrt, square
from graphflow.ops.reduce import reduce_prod, reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.sequence import linspace
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.slice import strided_slice
from graphflow.ops.softmax import softmax
from graphflow.ops.sparse_reshape import sparse_reshape
from graphflow.ops.transpose import transpose
from graphflow.ops.variable_scope import variable_scope


@scoped("images_to_sequence")
def images_to_sequence(
    inputs: Any,
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Tensor:
    """Returns the columns of images as steps of sequences, one for each row of each image.

    Args:
        inputs: a tensor [batch, height, width, channels], or channels first.
        data_format: "NHWC" or "NCHW".
        outputs_collections: collections for the result.
        scope: the name scope.

    Returns:
        A tensor [width, batch * height, channels].

    Raises:
        ValueError: if the format is another one.
    """
    first = check_format(data_format) == "channels_first"
    with scopes.name_scope(scope, "ImagesToSequence", [inputs]) as sc:
        inputs = convert(inputs)
        if first:
            inputs = transpose(inputs, [0, 2, 3, 1])
        _, _, width, depth = inputs.shape.as_list()
        sizes = shape_of(inputs)
        batch, height = sizes[0], sizes[1]
        columns = transpose(inputs, [2, 0, 1, 3])
        outputs = reshape(columns, [width, batch * height, depth])
        found: Tensor = collect_named_outputs(outputs_collections, sc, outputs)
    return found


@scoped("sequence_to_images")
def sequence_to_images(
    inputs: Any,
    height: int,
    output_data_format: str = "channels_last",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Tensor:
    """Returns what `images_to_sequence` made as images again.

    Args:
        inputs: a tensor [width, batch * height, channels].
        height: the height of the images.
        output_data_format: "channels_last" or "channels_first".
        outputs_collections: collections for the result.
        scope: the name scope.
    """
    with scopes.name_scope(scope, "SequenceToImages", [inputs]) as sc:
        inputs = convert(inputs)
        width, rows, depth = inputs.shape.as_list()
        batch = -1 if rows is None else rows // height
        split = reshape(inputs, [width, batch, height, depth])
        order = [1, 3, 2, 0] if output_data_format == "channels_first" else [1, 2, 0, 3]
        found: Tensor = collect_named_outputs(outputs_collections, sc, transpose(split, order))
    return found


@scoped("spatial_softmax")
def spatial_softmax(
    features: Tensor,
    temperature: float | None = None,
    name: Any = None,
    variables_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
) -> Tensor:
    """Returns where in an image each channel is large: the mean place, weighted by a softmax.

    Args:
        features: a tensor [batch, height, width, channels], or channels first.
        temperature: divides the features; None: 1, and it is learnt if `trainable`.
        name: the variable scope, or its name.
        variables_collections: collections for the temperature.
        trainable: whether optimizers change the temperature.
        data_format: "NHWC" or "NCHW".

    Returns:
        A tensor [batch, 2 * channels]: places between -1 and 1.

    Raises:
        ValueError: if the format is another one, or the number of channels is not known.

    Source: Finn et al. 2015, "Deep spatial autoencoders for visuomotor learning".
    """
    with variable_scope(name, "spatial_softmax"):
        sizes = shape_of(features)
        first = check_format(data_format) == "channels_first"
        # The order of the reads is the order of the nodes.
        height, width = (sizes[2], sizes[3]) if first else (sizes[1], sizes[2])
        channels = features.shape[1 if first else 3].value
        if channels is None:
            raise ValueError(
                "The num_channels dimension of the inputs to `spatial_softmax` should be defined. "
                "Found `None`."
            )
        with scopes.name_scope("spatial_softmax_op", "spatial_softmax_op", [features]):
            x, y = _places(height, width)
            divisor = _temperature(temperature, variables_collections, trainable)
            if not first:
                features = transpose(features, [0, 3, 1, 2])
            weights = softmax(reshape(features, [-1, height * width]) / divisor)
            means = [reduce_sum(place * weights, [1], keepdims=True) for place in (x, y)]
            found = reshape(concat(means, 1), [-1, channels * 2])
            found.set_shape([None, channels * 2])
    return found


def _places(height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
    rows = linspace(-1.0, 1.0, num=height)
    x, y = meshgrid(rows, linspace(-1.0, 1.0, num=width), indexing="ij")
    return reshape(x, [height * width]), reshape(y, [height * width])


def _temperature(value: float | None, collections: Any, trainable: bool) -> Any:
    initializer = initializers.Ones() if value is None else initializers.Constant(value)
    chosen = get_variable_collections(collections, "temperature") if trainable else None
    return model_variable(
        "temperature", shape=(), dtype=float32, initializer=initializer, collections=chosen,
        trainable=trainable,
    )  # fmt: skip


# --- inner axes as one ---
@export(*inside("_inner_flatten"))
@add_arg_scope
def _inner_flatten(
    inputs: Any, new_rank: int, output_collections: Any = None, scope: str | None = None
) -> Any:
    """Returns the input with its last axes as one, so that it has a given rank.

    Args:
        inputs: a tensor or SparseTensor.
        new_rank: the rank.
        output_collections: collections for the result.
        scope: the name scope.

    Raises:
        ValueError: if the rank is smaller.
    """
    with scopes.name_scope(scope, "InnerFlatten", [inputs, new_rank]) as sc:
        if isinstance(inputs, SparseTensor):
            flattened = _sparse_inner_flatten(inputs, new_rank)
        else:
            flattened = _dense_inner_flatten(convert(inputs), new_rank)
    return collect_named_outputs(output_collections, sc, flattened)


def _sparse_inner_flatten(inputs: SparseTensor, new_rank: int) -> Any:
    rank: Any = inputs.dense_shape.shape.as_list()[0]
    if rank < new_rank:
        raise ValueError(
            f"Inputs has rank less than new_rank. {inputs} must have rank at least {new_rank}. "
            f"Received rank {rank}, shape {inputs.get_shape()}"
        )
    outer = inputs.dense_shape[: new_rank - 1]
    inner = inputs.dense_shape[new_rank - 1 :]
    return sparse_reshape(inputs, concat((outer, [reduce_prod(inner)]), 0))


def _dense_inner_flatten(inputs: Tensor, new_rank: int) -> Tensor:
    enough = assert_rank_at_least(inputs, new_rank, message="inputs has rank less than new_rank")
    with scopes.control_dependencies([enough]):
        outer = strided_slice(shape_of(inputs), [0], [new_rank - 1])
        found = reshape(inputs, concat((outer, [-1]), 0))
    if inputs.shape.dims is not None:
        known: list[Any] = inputs.shape.as_list()
        size: Any = 1
        for inner in known[new_rank - 1 :]:
            size = None if size is None or inner is None else size * inner
        found.set_shape([*known[: new_rank - 1], size])
    return found


@export(*inside("poincare_normalize"))
def poincare_normalize(
    x: Any, axis: int = 1, epsilon: float = 1e-5, name: str | None = None
) -> Tensor:
    """Returns vectors scaled down so far that they lie inside of the unit ball.

    Args:
        x: the vectors.
        axis: the axis along which each lies.
        epsilon: how far inside.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "poincare_normalize", [x]) as scope:
        x = convert(x, name="x")
        inverse = rsqrt(reduce_sum(square(x), axis, keepdims=True))
        inverse = minimum((1.0 - epsilon) * inverse, 1.0)
        found: Tensor = multiply(x, inverse, name=scope)
    return found
