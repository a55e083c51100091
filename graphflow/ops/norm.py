"""Norms, moments, and the normalizations made of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core import late, scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, bfloat16, float16, float32, int32, int64
from graphflow.core.errors import ShapeError
from graphflow.core.export import export, renamed
from graphflow.core.lowering import Call, Lowering
from graphflow.core.opdef import default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, merge, text
from graphflow.core.tensor import Tensor
from graphflow.ops._arguments import either
from graphflow.ops.activation import NET_FLOATS
from graphflow.ops.arithmetic import maximum, multiply, squared_difference, subtract
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant
from graphflow.ops.fill import zeros_like
from graphflow.ops.identity import identity, stop_gradient
from graphflow.ops.powers import rsqrt
from graphflow.ops.reduce import reduce_mean, reduce_prod, reduce_sum
from graphflow.ops.reshape import squeeze
from graphflow.ops.shape_ops import size

Array = np.ndarray[Any, Any]

# --- L2Loss ---
L2_LOSS = define("L2Loss(t: T) -> output: T", T=NET_FLOATS, shape=lambda op: [()])


@L2_LOSS.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return op.inputs[0] * dy


@L2_LOSS.compiled
def _(call: Call) -> Lowering | None:
    return Lowering(f"half_square_sum.{call.suffix}", (math.prod(call.shapes[0]),))


@L2_LOSS.numpy
def _(t: Array) -> Array:
    wide = t.astype(np.float32) if t.dtype.itemsize == 2 else t
    flat = wide.reshape(-1)
    return np.asarray(np.dot(flat, flat) / 2, t.dtype)


@export("nn.l2_loss")
def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """Returns half the sum of the squares of all elements.

    Args:
        t: a tensor of floats.
        name: the node's name.
    """
    found: Tensor = apply(L2_LOSS, t, name=name)
    return found


# --- LRN ---
_LRN_ATTRS: Final = (
    "depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5, "
    "T: type = float32"
)
_LRN_TYPES: Final = default((float16, bfloat16, float32), float32)


def _images(op: Operation) -> list[Dims]:
    found: Dims = (None,) * 4
    for t in op.inputs:
        if t.dims is not None and len(t.dims) != 4:
            raise ShapeError(
                f"Shape must be rank 4 but is rank {len(t.dims)}", run="in must be 4-dimensional"
            )
        both = merge(found, t.dims)
        if both is False:
            raise ShapeError(
                f"Dimensions must be equal, but are {text(found)} and {text(t.dims)}",
                run="input_grads, input_image, and out_image should have the same shape",
            )
        found = both  # type: ignore[assignment]  # False was handled above
    return [found]


def _neighbours(x: Array, radius: int) -> Array:
    """The sum over the channels from `radius` before to `radius` behind each."""
    total = x.copy()
    for step in range(1, min(radius, x.shape[-1] - 1) + 1):
        total[..., step:] += x[..., :-step]
        total[..., :-step] += x[..., step:]
    return total


LRN = define(f"LRN(input: T, *, {_LRN_ATTRS}) -> output: T", T=_LRN_TYPES, shape=_images)


@LRN.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    attrs = {key: op.attrs[key] for key in ("depth_radius", "bias", "alpha", "beta")}
    found: Tensor = apply(LRN_GRAD, dy, op.inputs[0], op.outputs[0], **attrs)
    return found


def _compiled_norm(kernel: str) -> Callable[[Call], Lowering | None]:
    """The rule of a compiled kernel."""

    def rule(call: Call) -> Lowering | None:
        attrs, x = call.attrs, call.shapes[0]
        if call.real != "f32" or len(x) != 4 or any(shape != x for shape in call.shapes):
            return None
        sizes = (math.prod(x[:3]), x[3], max(0, attrs["depth_radius"]))
        numbers = tuple([float(attrs[key]) for key in ("bias", "alpha", "beta")])
        return Lowering(f"{kernel}.f32", sizes, numbers)

    return rule


LRN.compiled(_compiled_norm("channel_norm"))


@LRN.numpy
def _(x: Array, *, depth_radius: int, bias: float, alpha: float, beta: float) -> Array:
    wide = x.astype(np.float32, copy=False)
    norm = _neighbours(np.square(wide), depth_radius) * np.float32(alpha) + np.float32(bias)
    found: Array = (wide * norm ** np.float32(-beta)).astype(x.dtype, copy=False)
    return found


# --- LRNGrad ---
LRN_GRAD = define(
    f"LRNGrad(input_grads: T, input_image: T, output_image: T, *, {_LRN_ATTRS}) -> output: T",
    T=_LRN_TYPES,
    shape=_images,
)


@LRN_GRAD.gradient
def _(op: Operation, dy: Tensor) -> None:
    raise LookupError(f"No gradient defined for operation '{op.name}' (op type: LRNGrad)")


LRN_GRAD.compiled(_compiled_norm("channel_norm_grad"))


@LRN_GRAD.numpy
def _(
    dy: Array, x: Array, y: Array, *, depth_radius: int, bias: float, alpha: float, beta: float
) -> Array:
    grads, wide, out = (a.astype(np.float32, copy=False) for a in (dy, x, y))
    norm = _neighbours(np.square(wide), depth_radius) * np.float32(alpha) + np.float32(bias)
    # A channel changes its own result, and through the norm that of its neighbours.
    through = _neighbours(grads * out / norm, depth_radius)
    own = grads * norm ** np.float32(-beta)
    found = own - np.float32(2 * alpha * beta) * wide * through
    return found.astype(x.dtype, copy=False)  # type: ignore[no-any-return]  # an array


@export("nn.lrn", "nn.local_response_normalization")
def lrn(
    input: Any,
    depth_radius: Any = 5,
    bias: Any = 1,
    alpha: Any = 1,
    beta: Any = 0.5,
    name: str | None = None,
) -> Tensor:
    """Returns each pixel divided by a norm over its neighbouring channels.

    Args:
        input: x: [n, h, w, channels].
        depth_radius: how many channels before and behind count.
        bias: what is added to the sum, so that nothing is divided by zero.
        alpha: the factor of the sum of squares.
        beta: the power.
        name: the node's name.

    Source:
        Krizhevsky et al. 2012, section 3.3.
    """
    found: Tensor = apply(
        LRN, input, depth_radius=depth_radius, bias=bias, alpha=alpha, beta=beta, name=name
    )
    return found


# --- functions ---
@export("nn.l2_normalize", "math.l2_normalize", "linalg.l2_normalize")
@renamed(dim="axis")
def l2_normalize(x: Any, axis: Any = None, epsilon: Any = 1e-12, name: str | None = None) -> Tensor:
    """Returns `x` divided by its length along axes.

    Args:
        x: a tensor of floats.
        axis: an axis or a list of them; None: all.
        epsilon: the least square of a length that is divided by.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "l2_normalize", [x]) as scope:
        x = convert(x, name="x")
        square_sum = reduce_sum(apply("Square", x), axis, keepdims=True)
        found: Tensor = multiply(x, rsqrt(maximum(square_sum, epsilon)), name=scope)
    return found


@export("nn.moments")
def moments(
    x: Any,
    axes: Any,
    shift: Any = None,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """Returns the mean and the variance over axes.

    Args:
        x: a tensor of floats.
        axes: the axes to average over.
        shift: without effect, as in TensorFlow.
        name: the name of the scope.
        keep_dims: the old name of `keepdims`.
        keepdims: whether the averaged axes stay, with size 1.

    Note:
        The variance is the mean square distance from the mean: nothing is subtracted from one
        another that is large. float16 is computed in float32.
    """
    keepdims = either("keepdims", keepdims, "keep_dims", keep_dims)
    with scopes.name_scope(name, "moments", [x, axes]):
        x = convert(x, name="x")
        half = x.dtype.base_dtype == float16
        y = cast(x, float32) if half else x
        mean = reduce_mean(y, axes, keepdims=True, name="mean")
        distance = squared_difference(y, stop_gradient(mean))
        variance = reduce_mean(distance, axes, keepdims=True, name="variance")
        if not keepdims:
            mean, variance = squeeze(mean, axes), squeeze(variance, axes)
        return (cast(mean, float16), cast(variance, float16)) if half else (mean, variance)


@export("nn.weighted_moments")
def weighted_moments(
    x: Any,
    axes: Any,
    frequency_weights: Any,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """Returns the mean and the variance over axes, with weights.

    Args:
        x: a tensor of floats.
        axes: the axes to average over.
        frequency_weights: how often each element counts; broadcasts against `x`.
        name: the name of the scope.
        keep_dims: the old name of `keepdims`.
        keepdims: whether the averaged axes stay, with size 1.

    Note:
        float16 is computed in float32.
    """
    keepdims = either("keepdims", keepdims, "keep_dims", keep_dims)
    with scopes.name_scope(name, "weighted_moments", [x, frequency_weights, axes]):
        x = convert(x, name="x")
        weights = convert(frequency_weights, name="frequency_weights")
        half = x.dtype.base_dtype == float16
        if half:
            x = cast(x, float32)
        if weights.dtype.base_dtype != x.dtype.base_dtype:
            weights = cast(weights, x.dtype)
        total = reduce_sum(weights * x, axes, name="weighted_input_sum", keepdims=True)
        everywhere = weights + zeros_like(x)
        sums = reduce_sum(everywhere, axes, name="sum_of_weights", keepdims=True)
        divisor = apply("Reciprocal", sums, name="inv_weight_sum")
        mean = multiply(total, divisor)
        distance = weights * squared_difference(x, mean)
        spread = reduce_sum(distance, axes, name="weighted_distsq", keepdims=True)
        variance = multiply(spread, divisor)
        if not keepdims:
            mean, variance = squeeze(mean, axis=axes), squeeze(variance, axis=axes)
        return (cast(mean, float16), cast(variance, float16)) if half else (mean, variance)


@export("nn.sufficient_statistics")
def sufficient_statistics(
    x: Any,
    axes: Sequence[int],
    shift: Any = None,
    keep_dims: bool | None = None,
    name: str | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Returns the count, the sum, the sum of squares over axes, and the shift.

    Args:
        x: a tensor of floats.
        axes: the axes to sum over.
        shift: about the mean, taken off before: the sums are more exact then; None: nothing.
        keep_dims: the old name of `keepdims`.
        name: the name of the scope.
        keepdims: whether the summed axes stay, with size 1.
    """
    axes = list(set(axes))
    keepdims = either("keepdims", keepdims, "keep_dims", keep_dims)
    with scopes.name_scope(name, "sufficient_statistics", [x, shift]):
        x = convert(x, name="x")
        dims = x.dims
        if dims is not None and all(dims[d] is not None for d in axes):
            counts = constant(int(np.prod([dims[d] for d in axes])), x.dtype)
        else:
            sizes = apply("GatherV2", cast(apply("Shape", x), x.dtype), axes, 0)
            counts = reduce_prod(sizes, name="count")
        if shift is None:
            sums, squares = x, apply("Square", x)
        else:
            shift = convert(shift, name="shift")
            sums, squares = subtract(x, shift), squared_difference(x, shift)
        sums = reduce_sum(sums, axes, keepdims=keepdims, name="mean_ss")
        squares = reduce_sum(squares, axes, keepdims=keepdims, name="var_ss")
    return counts, sums, squares, shift


@export("nn.normalize_moments")
def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Returns the mean and the variance from what `sufficient_statistics` gives.

    Args:
        counts: the number of elements.
        mean_ss: their sum, less the shift.
        variance_ss: the sum of their squares, less the shift.
        shift: the shift, or None.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "normalize", [counts, mean_ss, variance_ss, shift]):
        divisor = apply("Reciprocal", counts, name="divisor")
        if shift is not None:
            near = multiply(mean_ss, divisor, name="shifted_mean")
            mean = apply("Add", near, shift, name="mean")
        else:
            near = mean = multiply(mean_ss, divisor, name="mean")
        variance = subtract(multiply(variance_ss, divisor), apply("Square", near), name="variance")
    return mean, variance


def _count_nonzero(value: Tensor, dtype: DType) -> Tensor:
    with scopes.name_scope("count_nonzero", values=[value]):
        zero = constant(0, value.dtype, name="zeros")
        other = cast(apply("NotEqual", value, zero), dtype)
        found: Tensor = reduce_sum(other, name="nonzero_count")
    return found


@export("nn.zero_fraction", "math.zero_fraction")
def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """Returns the fraction of zeros among the elements, as a float32.

    Args:
        value: a tensor of numbers; nan if it is empty.
        name: the name of the scope.

    Note:
        Small tensors are counted in int32, in a branch of `cond`, as in TensorFlow.
    """
    with scopes.name_scope(name, "zero_fraction", [value]):
        value = convert(value, name="value")
        total = size(value, out_type=int64)
        nonzero = late.call(
            "cond",
            apply("LessEqual", total, np.int64(int32.max)),
            true_fn=lambda: cast(_count_nonzero(value, int32), int64),
            false_fn=lambda: _count_nonzero(value, int64),
        )
        with scopes.name_scope("counts_to_fraction"):
            zeros = cast(total - nonzero, float32)
            fraction = zeros / cast(total, float32)
        return identity(fraction, "fraction")
