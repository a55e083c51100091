"""tf.contrib.layers' normalizations within each example: layer, instance, group and unit norm."""

from __future__ import annotations

from typing import Any

from graphflow.core.convert import convert
from graphflow.core.dtypes import float16, int32
from graphflow.core.tensor import Tensor
from graphflow.nets import initializers
from graphflow.nets.contrib_collect import check_format, scoped
from graphflow.nets.contrib_layer_scope import finished, own_variable
from graphflow.ops.batch_norm import batch_normalization
from graphflow.ops.concat import concat
from graphflow.ops.division import div
from graphflow.ops.fill import ones
from graphflow.ops.norm import moments, normalize_moments, sufficient_statistics
from graphflow.ops.powers import rsqrt, sqrt, square
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.slice import strided_slice
from graphflow.ops.tile import tile
from graphflow.ops.variable_scope import variable_scope

_FIRST_VALUES = {"beta": initializers.Zeros(), "gamma": initializers.Ones()}


def _learnt(
    wanted: dict[str, bool], shape: Any, wide: Any, x: Any, collections: Any, first: Any,
    trainable: bool,
) -> tuple[Any, Any]:  # fmt: skip
    """The offset and the factor, None where they are not wanted; `wide` is how they broadcast."""
    made: dict[str, Any] = {"beta": None, "gamma": None}
    for name in [name for name in ("beta", "gamma") if wanted[name]]:
        initializer = (first or {}).get(name, _FIRST_VALUES[name])
        variable = own_variable(
            name, shape, collections, initializer, x.dtype.base_dtype, trainable=trainable
        )
        made[name] = reshape(variable, wide) if wide else variable
    return made["beta"], made["gamma"]


def _ranked(inputs: Any) -> Tensor:
    x: Tensor = convert(inputs)
    if x.shape.ndims is None:
        raise ValueError(f"Inputs {x.name} has undefined rank.")
    return x


@scoped("layer_norm")
def layer_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    activation_fn: Any = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    begin_norm_axis: int = 1,
    begin_params_axis: int = -1,
    scope: Any = None,
) -> Any:
    """Returns the input normalized: each example has mean 0 and variance 1.

    Args:
        inputs: a tensor of known rank.
        center: whether an offset `beta` is learnt.
        scale: whether a factor `gamma` is learnt.
        activation_fn: a function of the result; None: none.
        reuse: whether the variables must exist; needs `scope`.
        variables_collections: collections for all variables, or lists by their names.
        outputs_collections: collections for the result.
        trainable: whether optimizers change the variables.
        begin_norm_axis: the first axis of what is averaged over.
        begin_params_axis: the first axis that `beta` and `gamma` have.
        scope: the variable scope, or its name.

    Raises:
        ValueError: if the rank is not known or too small, or a size of the variables is not known.

    Source: Ba, Kiros and Hinton 2016, "Layer normalization".
    """
    with variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as sc:
        inputs = _ranked(inputs)
        rank: int = inputs.shape.ndims
        if begin_norm_axis < 0:
            begin_norm_axis += rank
        if begin_params_axis >= rank or begin_norm_axis >= rank:
            raise ValueError(
                f"begin_params_axis ({begin_params_axis}) and begin_norm_axis ({begin_norm_axis}) "
                f"must be < rank(inputs) ({rank})"
            )
        shape = inputs.shape[begin_params_axis:]
        if not shape.is_fully_defined():
            raise ValueError(
                f"Inputs {inputs.name}: shape(inputs)[{begin_params_axis}:] is not fully defined: "
                f"{inputs.shape}"
            )
        wanted = {"beta": center, "gamma": scale}
        beta, gamma = _learnt(wanted, shape, None, inputs, variables_collections, None, trainable)
        mean, variance = moments(inputs, list(range(begin_norm_axis, rank)), keepdims=True)
        epsilon = 1e-3 if inputs.dtype.base_dtype == float16 else 1e-12
        outputs = batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
        outputs.set_shape(inputs.shape)
        return finished(outputs, sc.name, outputs_collections, activation_fn)


@scoped("instance_norm")
def instance_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Any = None,
    param_initializers: dict[str, Any] | None = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Any = None,
) -> Any:
    """Returns the input normalized: each channel of each example has mean 0 and variance 1.

    Args:
        inputs: a tensor [batch, ..., channels], or [batch, channels, ...] for NCHW.
        center: whether an offset `beta` is learnt.
        scale: whether a factor `gamma` is learnt.
        epsilon: added to the variance.
        activation_fn: a function of the result; None: none.
        param_initializers: make the first values of "beta" and "gamma".
        reuse: whether the variables must exist; needs `scope`.
        variables_collections: collections for all variables, or lists by their names.
        outputs_collections: collections for the result.
        trainable: whether optimizers change the variables.
        data_format: "NHWC" or "NCHW".
        scope: the variable scope, or its name.

    Raises:
        ValueError: if the format is another one, or rank or channels are not known.

    Source: Ulyanov, Vedaldi and Lempitsky 2016, "Instance normalization".
    """
    inputs = _ranked(inputs)
    rank: int = inputs.shape.ndims
    first = check_format(data_format) == "channels_first"
    with variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse) as sc:
        channel_axis = 1 if first else rank - 1
        shape = inputs.shape[channel_axis : channel_axis + 1]
        if not shape.is_fully_defined():
            raise ValueError(f"Inputs {inputs.name} has undefined channels dimension {shape}.")
        wide = [1, shape[0].value] + [1] * (rank - 2) if first else None
        wanted = {"beta": center, "gamma": scale}
        beta, gamma = _learnt(
            wanted, shape, wide, inputs, variables_collections, param_initializers, trainable
        )
        axes = [axis for axis in range(1, rank) if axis != channel_axis]
        mean, variance = moments(inputs, axes, keepdims=True)
        outputs = batch_normalization(
            inputs, mean, variance, beta, gamma, epsilon, name="instancenorm"
        )
        return finished(outputs, sc.name, outputs_collections, activation_fn)


@scoped("group_norm")
def group_norm(
    inputs: Any,
    groups: int = 32,
    channels_axis: int = -1,
    reduction_axes: Any = (-3, -2),
    center: bool = True,
    scale: bool = True,
    epsilon: float = 1e-6,
    activation_fn: Any = None,
    param_initializers: dict[str, Any] | None = None,
    reuse: bool | None = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    mean_close_to_zero: bool = False,
) -> Any:
    """Returns the input normalized: each group of channels of an example has mean 0, variance 1.

    Args:
        inputs: a tensor of known rank.
        groups: the number of groups.
        channels_axis: the axis of the channels.
        reduction_axes: the other axes to average over.
        center: whether an offset `beta` is learnt.
        scale: whether a factor `gamma` is learnt.
        epsilon: added to the variance.
        activation_fn: a function of the result; None: none.
        param_initializers: make the first values of "beta" and "gamma".
        reuse: whether the variables must exist; needs `scope`.
        variables_collections: collections for all variables, or lists by their names.
        outputs_collections: collections for the result.
        trainable: whether optimizers change the variables.
        scope: the variable scope, or its name.
        mean_close_to_zero: compute the variance from the sum of squares, in one pass.

    Raises:
        ValueError: if an axis is out of bounds or stands twice, a size is not known, or the groups
            do not divide the channels.

    Source: Wu and He 2018, "Group normalization".
    """
    inputs = _ranked(inputs)
    sizes = _known_sizes(inputs)
    channel_axis, reduced = _checked_axes(inputs, channels_axis, reduction_axes)
    channels: int = inputs.shape[channel_axis].value
    _check_groups(groups, channels)
    before, after = sizes[:channel_axis], sizes[channel_axis + 1 :]
    split = [groups, channels // groups]
    wide = [1] * len(before) + split + [1] * len(after)
    x = reshape(inputs, [*before, *split, *after])
    axes = [channel_axis + 1, *(a + 1 if a > channel_axis else a for a in reduced)]
    with variable_scope(scope, "GroupNorm", [x], reuse=reuse) as sc:
        wanted = {"beta": center, "gamma": scale}
        beta, gamma = _learnt(
            wanted, [channels], wide, x, variables_collections, param_initializers, trainable
        )
        if mean_close_to_zero:
            counts, sums, squares, _ = sufficient_statistics(x, axes, keepdims=True)
            mean, variance = normalize_moments(counts, sums, squares, shift=None)
        else:
            mean, variance = moments(x, axes, keepdims=True)
        outputs = reshape(_moved(x, mean, variance, beta, gamma, epsilon), sizes)
        return finished(outputs, sc.name, outputs_collections, activation_fn)


def _known_sizes(x: Tensor) -> list[Any]:
    """The sizes of a tensor: numbers where they are known, scalars where they are not."""
    dynamic = shape_of(x)
    known = x.shape.as_list()
    return [dynamic[i] if size is None else size for i, size in enumerate(known)]


def _checked_axes(x: Tensor, channels_axis: int, reduction_axes: Any) -> tuple[int, list[int]]:
    rank: int = x.shape.ndims  # type: ignore[assignment]  # the caller has seen that it is known
    if channels_axis > rank - 1:
        raise ValueError("Axis is out of bounds.")
    channel_axis = channels_axis + rank if channels_axis < 0 else channels_axis
    if x.shape[channel_axis].value is None:
        raise ValueError(f"Inputs {x.name} has undefined channel dimension: {channel_axis}.")
    reduced = [axis + rank if axis < 0 else axis for axis in reduction_axes]
    for axis in reduced:
        if axis > rank:
            raise ValueError("Axis is out of bounds.")
        if x.shape[axis].value is None:
            raise ValueError(f"Inputs {x.name} has undefined dimensions {axis}.")
        if channel_axis == axis:
            raise ValueError("reduction_axis must be mutually exclusive with channels_axis")
    return channel_axis, reduced


def _check_groups(groups: int, channels: int) -> None:
    if groups > channels:
        raise ValueError(f"Invalid groups {groups} for {channels} channels.")
    if channels % groups:
        raise ValueError(f"{channels} channels is not commensurate with {groups} groups.")


def _moved(x: Any, mean: Any, variance: Any, beta: Any, gamma: Any, epsilon: float) -> Any:
    gain = rsqrt(variance + epsilon)
    offset = -mean * gain
    if gamma is not None:
        gain *= gamma
        offset *= gamma
    if beta is not None:
        offset += beta
    return x * gain + offset


@scoped("unit_norm")
def unit_norm(inputs: Any, dim: int, epsilon: float = 1e-7, scope: Any = None) -> Tensor:
    """Returns the input divided by its length along one axis.

    Args:
        inputs: a tensor of known rank.
        dim: the axis, not counted from the end.
        epsilon: added to the square of the length.
        scope: the variable scope, or its name.

    Raises:
        ValueError: if the rank is not known, or there is no such axis.
    """
    with variable_scope(scope, "UnitNorm", [inputs]):
        if not inputs.shape:
            raise ValueError("The input rank must be known.")
        rank = len(inputs.shape.as_list())
        if dim < 0 or dim >= rank:
            raise ValueError("dim must be positive but smaller than the input rank.")
        lengths = sqrt(epsilon + reduce_sum(square(inputs), dim, True))
        parts = [ones([dim], int32)] if dim > 0 else []
        parts.append(strided_slice(shape_of(inputs), [dim], [dim + 1]))
        if dim < rank - 1:
            parts.append(ones([rank - 1 - dim], int32))
        return div(inputs, tile(lengths, concat(parts, 0)))
