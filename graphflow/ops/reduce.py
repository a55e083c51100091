"""Reductions: sums, means, products, extremes and truth over axes.

The axes come as an input, so they may be known only in the run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import as_dtype, int32, int64
from graphflow.core.errors import ShapeError
from graphflow.core.export import export, renamed
from graphflow.core.lowering import Call, Lowering, boxed, merged_axes
from graphflow.core.opdef import INDEX, NUMBERS, OpDef, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops import _reduce_gradients as gradients
from graphflow.ops import _reduce_kernels as kernels
from graphflow.ops._shapes import need_rank_at_most, wrapped
from graphflow.ops.constant import constant
from graphflow.ops.fill import zeros, zeros_like
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank, shape

Array = np.ndarray[Any, Any]


def reduced(op: Operation) -> list[Dims]:
    """The shape rule of a reduction: (data, axes) and the attribute keep_dims."""
    dims = op.inputs[0].dims
    need_rank_at_most(op.inputs[1].dims, 1 if dims is None else max(1, len(dims)))
    need_rank_at_most(op.inputs[1].dims, 1)
    keep = op.attrs["keep_dims"]
    axes = op.constant(1)
    if dims is None:
        return [None]
    if axes is None:
        return [(None,) * len(dims) if keep else None]
    gone = set()
    for axis in axes.ravel().tolist():
        found = wrapped(axis, len(dims))
        if found is None:
            raise ShapeError(
                f"Invalid reduction dimension {axis} for input with {len(dims)} dimensions.",
                run=f"Invalid reduction dimension ({axis} for input with {len(dims)} dimension(s)",
            )
        gone.add(found)
    if keep:
        return [tuple([1 if i in gone else d for i, d in enumerate(dims)])]
    return [tuple([d for i, d in enumerate(dims) if i not in gone])]


def _reduction(name: str, kernel: Any, gradient: Any, element: str = "T") -> OpDef:
    text = (
        f"{name}(input: {element}, reduction_indices: Tidx, *, keep_dims: bool = False, "
        f"Tidx: type) -> output: {element}"
    )
    types: dict[str, Any] = {"T": NUMBERS} if element == "T" else {}
    made = define(text, shape=reduced, Tidx=default_type(INDEX, int32), **types)
    made.numpy(kernel)
    if callable(gradient):
        made.gradient(gradient)
    else:
        made.no_gradient(gradient, raises=True)
    return made


def _folded(name: str) -> Callable[[Call], Lowering | None]:
    """The rule for the compiled kernel of a reduction."""

    def rule(call: Call) -> Lowering | None:
        given, shape = call.constants.get(1), call.shapes[0]
        if given is None or call.suffix is None:
            return None
        axes = given.ravel().tolist()
        n = math.prod([shape[a] for a in {a % len(shape) for a in axes}])
        if n == 1:
            return Lowering("copy_bytes", (math.prod(shape) * call.dtypes[0].size,), inputs=(0,))
        sizes = boxed(shape, axes)
        if sizes is not None and call.real is not None and name in _BOXED:
            return Lowering(f"{name}.{call.real}", sizes, inputs=(0,), reduce=name)
        pairs = merged_axes(shape, axes)
        if pairs is None or (name == "mean" and call.real is None):
            return None
        kernel, divisor = ("sum", n) if name == "mean" else (name, 0)
        return Lowering(f"fold_{kernel}.{call.suffix}", (divisor, *pairs), inputs=(0,))

    return rule


_BOXED: Final = ("sum", "mean", "max", "min")
"""Kernels that know a reduction over neighbouring axes."""


SUM = _reduction("Sum", kernels.total, gradients.of_sum)
MEAN = _reduction("Mean", kernels.mean, gradients.of_mean)
PROD = _reduction("Prod", kernels.product, gradients.of_prod)
MAX = _reduction("Max", kernels.largest, gradients.of_extreme)
MIN = _reduction("Min", kernels.smallest, gradients.of_extreme)
EUCLIDEAN_NORM = _reduction("EuclideanNorm", kernels.norm, gradients.of_norm)
ALL = _reduction("All", kernels.all_true, "truth values have no derivative", "bool")
ANY = _reduction("Any", kernels.any_true, "truth values have no derivative", "bool")

for _definition, _name in (
    (SUM, "sum"), (MEAN, "mean"), (PROD, "prod"), (MAX, "max"), (MIN, "min"), (ALL, "all"),
    (ANY, "any"),
):  # fmt: skip
    _definition.compiled(_folded(_name))


def axes_of(x: Any, axis: Any) -> Any:
    """The axes a reduction takes: those given, else all of them, as TensorFlow writes them down."""
    if axis is not None:
        return axis
    if isinstance(x, Tensor) and x.dims is not None:
        return constant(np.arange(len(x.dims)), int32)
    return range_(0, rank(x))


def reduce(definition: OpDef, x: Any, axis: Any, keepdims: Any, name: str | None) -> Tensor:
    """Declares a reduction; over all axes the result is known to be a scalar."""
    keep = False if keepdims is None else keepdims
    found: Tensor = apply(definition, x, axes_of(x, axis), keep_dims=keep, name=name)
    if axis is None and not keep and (found.dims is None or None in found.dims):
        found.set_shape(())
    return found


@export("reduce_sum", "math.reduce_sum")
@renamed(reduction_indices="axis", keep_dims="keepdims")
def reduce_sum(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None
) -> Tensor:
    """Returns the sum of the elements over axes.

    Args:
        input_tensor: numbers.
        axis: an axis or a list of them, counted from the end where negative; None: all.
        keepdims: whether the reduced axes stay, with size 1.
        name: the node's name.

    Note:
        An empty sum is 0. Integers wrap. half and bfloat16 add up in float32.
    """
    return reduce(SUM, input_tensor, axis, keepdims, name)


@export("reduce_mean", "math.reduce_mean")
@renamed(reduction_indices="axis", keep_dims="keepdims")
def reduce_mean(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None
) -> Tensor:
    """Returns the mean of the elements over axes.

    Args:
        input_tensor: numbers.
        axis: an axis or a list of them, counted from the end where negative; None: all.
        keepdims: whether the reduced axes stay, with size 1.
        name: the node's name.

    Note:
        The mean of nothing is nan, of no integers 0. Means of integers are cut off towards 0.
    """
    return reduce(MEAN, input_tensor, axis, keepdims, name)


@export("reduce_prod", "math.reduce_prod")
@renamed(reduction_indices="axis", keep_dims="keepdims")
def reduce_prod(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None
) -> Tensor:
    """Returns the product of the elements over axes.

    Args:
        input_tensor: numbers.
        axis: an axis or a list of them, counted from the end where negative; None: all.
        keepdims: whether the reduced axes stay, with size 1.
        name: the node's name.

    Note:
        An empty product is 1. The gradient is right where elements are 0.
    """
    return reduce(PROD, input_tensor, axis, keepdims, name)


@export("reduce_max", "math.reduce_max")
@renamed(reduction_indices="axis", keep_dims="keepdims")
def reduce_max(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None
) -> Tensor:
    """Returns the largest element over axes.

    Args:
        input_tensor: real numbers.
        axis: an axis or a list of them, counted from the end where negative; None: all.
        keepdims: whether the reduced axes stay, with size 1.
        name: the node's name.

    Note:
        The largest of nothing is -inf, or the lowest integer. nan is passed over; the largest of
        several nan is -inf. Equal largest elements share the gradient.
    """
    return reduce(MAX, input_tensor, axis, keepdims, name)


@export("reduce_min", "math.reduce_min")
@renamed(reduction_indices="axis", keep_dims="keepdims")
def reduce_min(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None
) -> Tensor:
    """Returns the smallest element over axes.

    Args:
        input_tensor: real numbers.
        axis: an axis or a list of them, counted from the end where negative; None: all.
        keepdims: whether the reduced axes stay, with size 1.
        name: the node's name.

    Note:
        The smallest of nothing is inf, or the highest integer. nan is passed over; the smallest
        of several nan is inf. Equal smallest elements share the gradient.
    """
    return reduce(MIN, input_tensor, axis, keepdims, name)


@export("reduce_all", "math.reduce_all")
@renamed(reduction_indices="axis", keep_dims="keepdims")
def reduce_all(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None
) -> Tensor:
    """Returns whether all elements over axes are true (also if there are none).

    Args:
        input_tensor: truth values.
        axis: an axis or a list of them, counted from the end where negative; None: all.
        keepdims: whether the reduced axes stay, with size 1.
        name: the node's name.
    """
    return reduce(ALL, input_tensor, axis, keepdims, name)


@export("reduce_any", "math.reduce_any")
@renamed(reduction_indices="axis", keep_dims="keepdims")
def reduce_any(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None
) -> Tensor:
    """Returns whether any element over axes is true.

    Args:
        input_tensor: truth values.
        axis: an axis or a list of them, counted from the end where negative; None: all.
        keepdims: whether the reduced axes stay, with size 1.
        name: the node's name.
    """
    return reduce(ANY, input_tensor, axis, keepdims, name)


@export("math.reduce_euclidean_norm")
def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Returns the square root of the sum of squares over axes.

    Args:
        input_tensor: numbers.
        axis: an axis or a list of them, counted from the end where negative; None: all.
        keepdims: whether the reduced axes stay, with size 1.
        name: the node's name.

    Note:
        Over axes of size 1 this is the absolute value (TensorFlow 1.15 forgets the sign there).
    """
    return reduce(EUCLIDEAN_NORM, input_tensor, axis, keepdims, name)


@export("math.reduce_variance")
def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Returns the mean squared distance from the mean over axes.

    Args:
        input_tensor: real numbers.
        axis: an axis or a list of them, counted from the end where negative; None: all.
        keepdims: whether the reduced axes stay, with size 1.
        name: the name of the scope.
    """
    with scopes.name_scope(name or "reduce_variance"):
        means = reduce_mean(input_tensor, axis=axis, keepdims=True)
        squares = apply("Square", input_tensor - means)
        found: Tensor = reduce_mean(squares, axis=axis, keepdims=keepdims)
        return found


@export("math.reduce_std")
def reduce_std(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Returns the standard deviation over axes, the square root of the variance.

    Args:
        input_tensor: real numbers.
        axis: an axis or a list of them, counted from the end where negative; None: all.
        keepdims: whether the reduced axes stay, with size 1.
        name: the name of the scope.
    """
    with scopes.name_scope(name or "reduce_std"):
        variance = reduce_variance(input_tensor, axis=axis, keepdims=keepdims)
        found: Tensor = apply("Sqrt", variance)
        return found


@export("reduce_logsumexp", "math.reduce_logsumexp")
@renamed(reduction_indices="axis", keep_dims="keepdims")
def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None
) -> Tensor:
    """Returns `log(sum(exp(input)))` over axes, without overflow.

    Args:
        input_tensor: real numbers.
        axis: an axis or a list of them, counted from the end where negative; None: all.
        keepdims: whether the reduced axes stay, with size 1.
        name: the name of the scope.
    """
    keep = False if keepdims is None else keepdims
    x = convert_to_tensor(input_tensor)
    with scopes.name_scope(name, "ReduceLogSumExp", [x]):
        highest = reduce_max(x, axis=axis, keepdims=True)
        is_number = apply("IsFinite", highest)
        shift = apply("Select", is_number, highest, zeros_like(highest))
        shift = apply("StopGradient", shift)
        summed = reduce_sum(apply("Exp", apply("Sub", x, shift)), axis, keepdims=keep)
        found: Tensor = apply("Log", summed)
        if not keep:
            shift = apply("Reshape", shift, shape(found))
        found = apply("Add", found, shift)
        if axis is None and not keep and (found.dims is None or None in found.dims):
            found.set_shape(())
        return found


@export("count_nonzero", "math.count_nonzero")
@renamed(input="input_tensor", reduction_indices="axis", keep_dims="keepdims")
def count_nonzero(
    input_tensor: Any = None,
    axis: Any = None,
    keepdims: bool | None = None,
    dtype: Any = int64,
    name: str | None = None,
) -> Tensor:
    """Returns how many elements over axes are not zero.

    Args:
        input_tensor: numbers or truth values.
        axis: an axis or a list of them, counted from the end where negative; None: all.
        keepdims: whether the reduced axes stay, with size 1.
        dtype: the type of the number.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "count_nonzero", [input_tensor]):
        x = convert_to_tensor(input_tensor, name="input")
        other = apply("NotEqual", x, zeros([], dtype=x.dtype))
        number = reduce_sum(apply("Cast", other, DstT=int64), axis=axis, keepdims=keepdims)
        if as_dtype(dtype) == int64:
            return number  # type: ignore[no-any-return]  # `renamed` hides the type
        return apply("Cast", number, DstT=dtype)  # type: ignore[no-any-return]  # one output
