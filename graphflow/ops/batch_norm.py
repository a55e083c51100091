"""Batch normalization: the fused operations of all three versions, and the plain formula."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import bfloat16, float16, float32
from graphflow.core.errors import ShapeError
from graphflow.core.export import export, renamed
from graphflow.core.lowering import Call, Lowering, Sizes
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, merge, text
from graphflow.core.tensor import Tensor
from graphflow.ops._batch_norm_gradient import second_gradient
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant
from graphflow.ops.powers import rsqrt

Array = np.ndarray[Any, Any]

_ATTRS: Final = (
    "epsilon: float = 9.999999747378752e-05, data_format: string = 'NHWC', is_training: bool = True"
)
_LEAST_EPSILON: Final = 1.001e-5  # what the GPU library needs; TensorFlow keeps to it on a CPU too


def _channel_axis(data_format: str) -> int:
    return 1 if data_format == "NCHW" else 3


def _beside(vector: Array, axis: int) -> Array:
    """Numbers of the channels, in a shape that broadcasts against the images."""
    return vector.reshape(-1, 1, 1) if axis == 1 else vector


def _shape(op: Operation, vectors: range, outputs: list[Dims]) -> list[Dims]:
    """Checks images and the vectors at some ports; returns their shapes, then `outputs`."""
    x = op.inputs[0].dims
    if x is not None and len(x) != 4:
        raise ShapeError(
            f"Shape must be rank 4 but is rank {len(x)}",
            run=f"input must be 4-dimensional{text(x)}",
        )
    axis = _channel_axis(op.attrs["data_format"])
    images = list(x or (None,) * 4)
    for port in vectors:
        given = op.inputs[port].dims
        if given is not None and len(given) != 1:
            raise ShapeError(
                f"Shape must be rank 1 but is rank {len(given)}",
                run=f"{op.definition.inputs[port].name} must be 1-dimensional{text(given)}",
            )
        merged = merge((images[axis],), given)
        if merged is False:
            raise ShapeError(
                f"Dimensions must be equal, but are {images[axis]} and {(given or (None,))[0]}",
                run=f"{op.definition.inputs[port].name} must have the same number of elements as "
                f"the channels of x, got {(given or (None,))[0]} and {images[axis]}",
            )
        images[axis] = (merged or (None,))[0]  # type: ignore[index]  # False was handled above
    vector: Dims = (images[axis],)
    return [tuple(images), vector, vector, *outputs]


def _define_pair(version: str, stats: str, types: dict[str, Any]) -> tuple[OpDef, OpDef]:
    """Defines FusedBatchNorm and its gradient in one version.

    Args:
        version: "", "V2" or "V3".
        stats: the type of the statistics, "T" or "U".
        types: the allowed types.
    """
    third = version == "V3"
    reserve = f", reserve_space_3: {stats}" if third else ""
    forward = define(
        f"FusedBatchNorm{version}(x: T, scale: {stats}, offset: {stats}, mean: {stats}, "
        f"variance: {stats}, *, {_ATTRS}) -> y: T, batch_mean: {stats}, batch_variance: {stats}, "
        f"reserve_space_1: {stats}, reserve_space_2: {stats}{reserve}",
        data_format=("NHWC", "NCHW"),
        **types,
    )
    kept = (4, 5) if third else (3, 4)
    scale = "T" if stats == "T" else "float32"
    backward = define(
        f"FusedBatchNormGrad{version}(y_backprop: T, x: T, scale: {scale}, "
        f"reserve_space_1: {stats}, reserve_space_2: {stats}{reserve}, *, {_ATTRS}) -> "
        f"x_backprop: T, scale_backprop: {stats}, offset_backprop: {stats}, "
        f"reserve_space_{kept[0]}: {stats}, reserve_space_{kept[1]}: {stats}",
        data_format=("NHWC", "NCHW"),
        **types,
    )
    _forward_rules(forward, backward, third)
    _backward_rules(backward, third)
    return forward, backward


def _compiled(
    kernel: str, call: Call, port: int, more: Sizes, inputs: Sizes | None = None
) -> Lowering | None:
    """The rule of a compiled kernel.

    Args:
        kernel: its name, without the type.
        call: the instruction.
        port: where the images come in.
        more: further integers.
        inputs: what it is given.
    """
    attrs, x = call.attrs, call.shapes[port]
    if attrs["data_format"] != "NHWC" or len(x) != 4 or any(t != float32 for t in call.dtypes):
        return None
    training = attrs["is_training"]
    vectors = call.shapes[1:3] if port == 0 else call.shapes[2:5]
    if port == 0 and not training:
        vectors = call.shapes[1:5]
    if any(v != x[3:] for v in vectors):
        return None
    sizes = (math.prod(x[:3]), x[3], int(training), *more)
    epsilon = float(np.float32(attrs["epsilon"]))
    return Lowering(f"{kernel}.f32", sizes, (epsilon,), inputs)


def _forward_rules(forward: OpDef, backward: OpDef, third: bool) -> None:
    def shape(op: Operation) -> list[Dims]:
        vectors = range(1, 3 if op.attrs["is_training"] else 5)
        found = _shape(op, vectors, [()] if third else [])
        return [*found[:3], *found[1:]]

    def gradient(op: Operation, dy: Tensor, *_: Any) -> tuple[Any, ...]:
        training = op.attrs["is_training"]
        kept = op.outputs[3:5] if training else op.inputs[3:5]
        more = op.outputs[5:] if third else []
        attrs = {key: op.attrs[key] for key in ("epsilon", "data_format", "is_training")}
        made = apply(backward, dy, op.inputs[0], op.inputs[1], *kept, *more, **attrs)
        return made[0], made[1], made[2], None, None

    def kernel(
        x: Array,
        scale: Array,
        offset: Array,
        mean: Array,
        variance: Array,
        *,
        epsilon: float,
        data_format: str,
        is_training: bool,
    ) -> tuple[Array, ...]:
        made = _normalized(x, scale, offset, mean, variance, epsilon, data_format, is_training)
        return (*made, np.zeros((), scale.dtype)) if third else made

    @forward.compiled
    def _(call: Call) -> Lowering | None:
        return _compiled("batch_norm", call, 0, (int(third),))

    forward.shape(shape)
    forward.gradient(gradient)
    forward.numpy(kernel)


def _normalized(
    x: Array,
    scale: Array,
    offset: Array,
    mean: Array,
    variance: Array,
    epsilon: float,
    data_format: str,
    is_training: bool,
) -> tuple[Array, ...]:
    """The normalized images, mean and variance to report, mean and variance for the gradient."""
    axis = _channel_axis(data_format)
    wide = x.astype(np.float32, copy=False)
    reported = variance
    if is_training:
        around = tuple(a for a in range(4) if a != axis)
        count = x.size // max(1, x.shape[axis])
        nothing = np.full_like(scale, np.nan)  # TensorFlow's statistics of no images
        mean = wide.mean(axis=around) if count else nothing
        wide = wide - _beside(mean, axis)
        variance = np.square(wide).mean(axis=around) if count else nothing
        # The running variance is of the population, so it is estimated without bias.
        reported = variance * np.float32(count / max(1, count - 1))
    else:
        wide = wide - _beside(mean, axis)
    factor = scale / np.sqrt(variance + np.float32(epsilon))
    wide *= _beside(factor, axis)
    wide += _beside(offset, axis)
    return wide.astype(x.dtype, copy=False), mean, reported, mean, variance


def _backward_rules(backward: OpDef, third: bool) -> None:
    def shape(op: Operation) -> list[Dims]:
        return _shape(op, range(2, 5), [(0,), (0,)])

    def gradient(op: Operation, *dys: Tensor | None) -> tuple[Any, ...]:
        return (*second_gradient(op, dys), *[None] * (len(op.inputs) - 3))

    def kernel(
        dy: Array,
        x: Array,
        scale: Array,
        mean: Array,
        variance: Array,
        *reserved: Array,
        epsilon: float,
        data_format: str,
        is_training: bool,
    ) -> tuple[Array, ...]:
        made = _gradients(dy, x, scale, mean, variance, epsilon, data_format, is_training)
        empty = np.zeros((0,), scale.dtype)
        return (*made, empty, empty)

    @backward.compiled
    def _(call: Call) -> Lowering | None:
        return _compiled("batch_norm_grad", call, 1, (), (0, 1, 2, 3, 4))

    backward.shape(shape)
    backward.gradient(gradient)
    backward.numpy(kernel)


def _gradients(
    dy: Array,
    x: Array,
    scale: Array,
    mean: Array,
    variance: Array,
    epsilon: float,
    data_format: str,
    is_training: bool,
) -> tuple[Array, Array, Array]:
    """The gradients by images, scale and offset."""
    axis = _channel_axis(data_format)
    around = tuple(a for a in range(4) if a != axis)
    grads, wide = dy.astype(np.float32, copy=False), x.astype(np.float32, copy=False)
    inverse = 1 / np.sqrt(variance + np.float32(epsilon))
    normal = (wide - _beside(mean, axis)) * _beside(inverse, axis)
    dscale, doffset = (grads * normal).sum(axis=around), grads.sum(axis=around)
    if is_training:  # the statistics depend on the images too
        count = np.float32(max(1, x.size // max(1, x.shape[axis])))
        grads = grads - _beside(doffset / count, axis) - normal * _beside(dscale / count, axis)
    dx = grads * _beside(scale * inverse, axis)
    return dx.astype(x.dtype, copy=False), dscale, doffset


_HALF: Final = {"T": (float16, bfloat16, float32), "U": (float32,)}
FUSED_BATCH_NORM, FUSED_BATCH_NORM_GRAD = _define_pair("", "T", {"T": (float32,)})
FUSED_BATCH_NORM_V2, FUSED_BATCH_NORM_GRAD_V2 = _define_pair("V2", "U", _HALF)
FUSED_BATCH_NORM_V3, FUSED_BATCH_NORM_GRAD_V3 = _define_pair("V3", "U", _HALF)


@export("nn.fused_batch_norm")
def fused_batch_norm(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any = None,
    variance: Any = None,
    epsilon: Any = 0.001,
    data_format: str = "NHWC",
    is_training: bool = True,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns normalized images and the statistics of the batch.

    Args:
        x: images, [n, h, w, c], or [n, c, h, w] for NCHW.
        scale: the factor of each channel, [c].
        offset: what is added to each channel, [c].
        mean: the mean of each channel; None while training: that of the batch is taken.
        variance: the variance of each channel, likewise.
        epsilon: added to the variance; at least 1.001e-5.
        data_format: "NHWC" or "NCHW".
        is_training: whether to take the statistics from the batch.
        name: the node's name.

    Returns:
        (y, mean, variance); while training the variance is the unbiased one.

    Raises:
        ValueError: if statistics are given while training.
    """
    x, scale = convert(x, name="input"), convert(scale, name="scale")
    offset = convert(offset, name="offset")
    if is_training and (mean is not None or variance is not None):
        raise ValueError("Both 'mean' and 'variance' must be None if is_training is True.")
    mean = constant([]) if mean is None else mean
    variance = constant([]) if variance is None else variance
    made = apply(
        FUSED_BATCH_NORM_V3,
        x,
        scale,
        offset,
        mean,
        variance,
        epsilon=max(epsilon, _LEAST_EPSILON),
        data_format=data_format,
        is_training=is_training,
        name=name,
    )
    return made[0], made[1], made[2]


@export("nn.batch_normalization")
def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: Any,
    name: str | None = None,
) -> Tensor:
    """Returns `(x - mean) / sqrt(variance + variance_epsilon) * scale + offset`.

    Args:
        x: a tensor of floats.
        mean: the mean; broadcasts against `x`, as the others do.
        variance: the variance.
        offset: what is added, or None.
        scale: the factor, or None.
        variance_epsilon: a small number, so that nothing is divided by zero.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "batchnorm", [x, mean, variance, scale, offset]):
        inverse = rsqrt(variance + variance_epsilon)
        if scale is not None:
            inverse = inverse * scale
        dtype = x.dtype
        scaled = x * cast(inverse, dtype)
        moved = offset - mean * inverse if offset is not None else -mean * inverse
        found: Tensor = scaled + cast(moved, dtype)
    return found


@export("nn.batch_norm_with_global_normalization")
@renamed(input="t", mean="m", variance="v")
def batch_norm_with_global_normalization(
    t: Any = None,
    m: Any = None,
    v: Any = None,
    beta: Any = None,
    gamma: Any = None,
    variance_epsilon: Any = None,
    scale_after_normalization: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns `batch_normalization` under its first name and argument order.

    Args:
        t: a tensor of floats, [n, h, w, c].
        m: the mean.
        v: the variance.
        beta: what is added.
        gamma: the factor.
        variance_epsilon: a small number.
        scale_after_normalization: whether the factor is used.
        name: the name of the scope.
    """
    factor = gamma if scale_after_normalization else None
    return batch_normalization(t, m, v, beta, factor, variance_epsilon, name)
