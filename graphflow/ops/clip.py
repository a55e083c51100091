"""Clipping: of values to a range, of tensors to a norm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core import convert, scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32
from graphflow.core.elementwise import elementwise
from graphflow.core.errors import ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import NUMBERS, OpDef
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, compatible, text
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import sum_to
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant
from graphflow.ops.fill import ones_like
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.powers import rsqrt, sqrt
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.rounding import is_finite
from graphflow.ops.select import where
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank, size
from graphflow.ops.stack import stack


# --- ClipByValue ---
def _clip_shape(op: Operation) -> list[Dims]:
    t, low, high = (x.dims for x in op.inputs)
    if not all(bound == () or compatible(t, bound) for bound in (low, high)):
        raise ShapeError(
            "clip_value_min and clip_value_max must be either of the same shape as input, or a "
            f"scalar. input shape: {text(t)}clip_value_min shape: {text(low)}clip_value_max "
            f"shape: {text(high)}"
        )
    return [t]


@elementwise(
    "ClipByValue(t: T, clip_value_min: T, clip_value_max: T) -> output: T",
    T=NUMBERS,
    shape=_clip_shape,
)
def _clip(xp: Any, t: Any, clip_value_min: Any, clip_value_max: Any) -> Any:
    return xp.maximum(xp.minimum(t, clip_value_max), clip_value_min)


CLIP_BY_VALUE: OpDef = _clip.definition


@CLIP_BY_VALUE.gradient
def _(op: Operation, dy: Tensor) -> Any:
    t, low, high = op.inputs
    below, above = t < low, t > high
    zeros = apply("ZerosLike", dy)
    return (
        where(below | above, zeros, dy),
        sum_to(where(below, dy, zeros), low, t),
        sum_to(where(above, dy, zeros), high, t),
    )


@export("clip_by_value")
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Returns `t` with what is below or above a range set to its ends.

    Args:
        t: a tensor of real numbers, or indexed slices.
        clip_value_min: the lower end, a number or a tensor that broadcasts to `t`.
        clip_value_max: the upper end.
        name: the node's name.

    Raises:
        ValueError: if the result would have another shape than `t`.

    Note:
        Beyond an end, the gradient for `t` is 0; on it, it passes.
    """
    with scopes.name_scope(name, "clip_by_value", [t, clip_value_min, clip_value_max]) as scope:
        x = _values(t)
        inner = apply("Minimum", x, clip_value_max)
        x.shape.merge_with(inner.shape)
        found = apply("Maximum", inner, clip_value_min, name=scope)
        x.shape.merge_with(found.shape)
    return _like(t, found)


def _values(t: Any, name: str = "t") -> Tensor:
    found: Tensor = convert.convert(t.values if isinstance(t, IndexedSlices) else t, name=name)
    return found


def _like(t: Any, values: Tensor) -> Any:
    return (
        IndexedSlices(values, t.indices, t.dense_shape) if isinstance(t, IndexedSlices) else values
    )


@export("clip_by_norm")
def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """Returns `t`, scaled down where its Euclidean norm is above `clip_norm`.

    Args:
        t: a tensor of floats, or indexed slices.
        clip_norm: the largest norm, above 0.
        axes: the axes to take the norm over; None: all.
        name: the node's name.

    Note:
        For zeros the gradient is finite.
    """
    with scopes.name_scope(name, "clip_by_norm", [t, clip_norm]) as scope:
        x = _values(t)
        squares = reduce_sum(x * x, axes, keepdims=True)
        some = squares > 0
        # sqrt's gradient at 0 is infinite, so that zeros must not reach it.
        safe = where(some, squares, ones_like(squares))
        norm = where(some, sqrt(safe), squares)
        scaled = x * clip_norm
        x.shape.merge_with(scaled.shape)
        found = apply("Identity", scaled / apply("Maximum", norm, clip_norm), name=scope)
    return _like(t, found)


@export("global_norm", "linalg.global_norm")
def global_norm(t_list: Any, name: str | None = None) -> Tensor:
    """Returns the Euclidean norm of all elements of a list of tensors.

    Args:
        t_list: tensors of floats or indexed slices; None is left out.
        name: the node's name.

    Raises:
        TypeError: if `t_list` is no list.
    """
    tensors = _as_list(t_list)
    with scopes.name_scope(name, "global_norm", tensors):
        halves = []
        for x in _all_values(tensors):
            if x is not None:
                with scopes.colocate_with(x):
                    halves.append(apply("L2Loss", x))
        half = reduce_sum(stack(halves))
        found: Tensor = sqrt(half * constant(2.0, half.dtype), name="global_norm")
    return found


def _as_list(t_list: Any) -> list[Any]:
    if not isinstance(t_list, Sequence) or isinstance(t_list, str | bytes):
        raise TypeError("t_list should be a sequence")
    return list(t_list)


def _all_values(tensors: list[Any]) -> list[Any]:
    return [None if t is None else _values(t, f"t_{i}") for i, t in enumerate(tensors)]


@export("clip_by_global_norm")
def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Any]:
    """Returns a list of tensors, scaled down where their common norm is above `clip_norm`.

    Args:
        t_list: tensors of floats or indexed slices; None stays None.
        clip_norm: the largest norm, above 0.
        use_norm: the norm, where it is known; None: it is computed.
        name: the node's name.

    Returns:
        The list, and the norm before clipping.

    Raises:
        TypeError: if `t_list` is no list.

    Note:
        If the norm is infinite or nan, all elements become nan.
    """
    tensors = _as_list(t_list)
    if use_norm is None:
        use_norm = global_norm(tensors, name)
    with scopes.name_scope(name, "clip_by_global_norm", [*tensors, clip_norm]) as scope:
        shrink = apply("Minimum", 1.0 / use_norm, constant(1.0, use_norm.dtype) / clip_norm)
        shrink = clip_norm * shrink
        scale = where(is_finite(use_norm), shrink, constant(float("nan"), use_norm.dtype))
        clipped: list[Any] = []
        for i, (t, x) in enumerate(zip(tensors, _all_values(tensors), strict=True)):
            if x is None:
                clipped.append(None)
                continue
            with scopes.colocate_with(x):
                clipped.append(_like(t, apply("Identity", x * scale, name=f"{scope}_{i}")))
    return clipped, use_norm


@export("clip_by_average_norm")
def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Tensor:
    """Returns `t`, scaled down where its norm per element is above `clip_norm`.

    Args:
        t: a tensor of float32.
        clip_norm: the largest norm per element, above 0.
        name: the node's name.
    """
    with scopes.name_scope(name, "clip_by_average_norm", [t, clip_norm]) as scope:
        x = convert.convert(t, name="t")
        count = cast(size(x), float32)
        squares = reduce_sum(x * x, range_(rank(x)))
        inverse = rsqrt(squares)
        # In TensorFlow's order of declarations, which the nodes' names follow.
        scaled = x * clip_norm
        shrink = apply("Minimum", inverse * count, constant(1.0) / clip_norm)
        found: Tensor = apply("Identity", scaled * shrink, name=scope)
    return found
