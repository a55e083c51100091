"""Grayscale morphology of images: dilation and erosion by a structuring function."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.errors import KernelError, ShapeError, UnimplementedError
from graphflow.core.export import export, renamed
from graphflow.core.opdef import REALS, OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._pool_kernels import lowest
from graphflow.ops._taps import TapAxis, tap_axes, taps
from graphflow.ops.conv import check_rank

Array = np.ndarray[Any, Any]

_ATTRS: Final = "strides: list(int), rates: list(int), padding: string"
_ALLOWED: Final[dict[str, Any]] = {
    "T": REALS,
    "strides": 4,
    "rates": 4,
    "padding": ("SAME", "VALID"),
}


def _shared_attrs(op: Operation) -> dict[str, Any]:
    return {key: op.attrs[key] for key in ("strides", "rates", "padding")}


def covered_size(size: int | None, reach: int, stride: int, padding: str) -> int | None:
    """The number of windows that reach over `reach` elements; None: not known.

    Raises:
        ShapeError: if the step is not positive, or the window is larger by a whole step than what
            would leave no window at all: TensorFlow rounds towards zero here.
    """
    if stride < 1:
        raise ShapeError(f"Stride must be > 0, but got {stride}")
    if size is None:
        return None
    if padding == "SAME":
        return -(-size // stride)
    if size <= reach - stride - stride:
        raise ShapeError(
            f"Computed output size would be negative: {-((reach - size) // stride) + 1} "
            f"[input_size: {size}, effective_filter_size: {reach}, stride: {stride}]"
        )
    return max(0, (size - reach) // stride + 1)


# --- Dilation2D ---
DILATION_2D = define(f"Dilation2D(input: T, filter: T, *, {_ATTRS}) -> output: T", **_ALLOWED)


@DILATION_2D.shape
def _(op: Operation) -> list[Dims]:
    x, w = op.inputs[0].dims, op.inputs[1].dims
    check_rank(x, 4, f"input must be 4-dimensional{text(x)}")
    check_rank(w, 3, f"filter must be 3-dimensional: {text(w)}")
    for what in ("strides", "rates"):
        if len(op.attrs[what]) != 4:
            raise ShapeError(
                f"Dilation2D requires the {what[:-1]} attribute to contain 4 values, but got: "
                f"{len(op.attrs[what])}"
            )
    x, w = x or (None,) * 4, w or (None,) * 3
    if None not in (x[3], w[2]) and x[3] != w[2]:
        raise ShapeError(
            f"Dimensions must be equal, but are {x[3]} and {w[2]}",
            run=f"input and filter must have the same depth: {x[3]} vs {w[2]}",
        )
    space = [_covered(op, x[axis], w[axis - 1], axis) for axis in (1, 2)]
    return [(x[0], *space, w[2] if x[3] is None else x[3])]


def _covered(op: Operation, size: int | None, window: int | None, axis: int) -> int | None:
    if window is None:
        return None
    reach = (window - 1) * op.attrs["rates"][axis] + 1
    return covered_size(size, reach, op.attrs["strides"][axis], op.attrs["padding"])


@DILATION_2D.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    attrs = _shared_attrs(op)
    return (
        apply(DILATION_2D_BACKPROP_INPUT, *op.inputs, dy, **attrs),
        apply(DILATION_2D_BACKPROP_FILTER, *op.inputs, dy, **attrs),
    )


def _axes(
    x: Array, w: Array, strides: list[int], rates: list[int], padding: str
) -> tuple[TapAxis, TapAxis]:
    """The geometry of rows and columns.

    Raises:
        KernelError: if batch or channels have steps, as in TensorFlow.
    """
    for values, what in ((strides, "Stride"), (rates, "Rate")):
        if values[0] != 1 or values[3] != 1:
            raise KernelError(
                f"{what} is only supported across spatial dimensions.", UnimplementedError
            )
    rows, cols = tap_axes(x.shape[1:3], w.shape[:2], strides[1:3], padding, rates[1:3])
    return rows, cols


@DILATION_2D.numpy
def _(x: Array, w: Array, *, strides: list[int], rates: list[int], padding: str) -> Array:
    axes = _axes(x, w, strides, rates, padding)
    best = np.full((len(x), axes[0].out, axes[1].out, x.shape[3]), lowest(x.dtype), x.dtype)
    larger = np.maximum if x.dtype.kind in "iu" else np.fmax  # NaN does not win
    known = list(taps(axes))
    with np.errstate(invalid="ignore", over="ignore"):
        for i in range(len(x)):  # an image and its result stay in the cache
            for tap in known:
                part = best[i : i + 1][tap.windows]
                larger(part, x[i : i + 1][tap.read] + w[tap.at], out=part)
    return best


def _winning_taps(x: Array, w: Array, axes: tuple[TapAxis, TapAxis]) -> Array:
    """The number of the first tap that gives the largest sum of each window; -1: none."""
    shape = (x.shape[0], axes[0].out, axes[1].out, x.shape[3])
    best = np.full(shape, lowest(x.dtype), x.dtype)
    winner = np.full(shape, -1, np.int32)
    with np.errstate(invalid="ignore", over="ignore"):
        for tap in taps(axes):
            value = x[tap.read] + w[tap.at]
            part = best[tap.windows]
            new = value > part
            np.copyto(part, value, where=new)
            np.copyto(winner[tap.windows], tap.at[0] * w.shape[1] + tap.at[1], where=new)
    return winner


# --- its gradients ---
def _define_backprop(which: str, port: int) -> OpDef:
    made = define(
        f"Dilation2DBackprop{which}(input: T, filter: T, out_backprop: T, *, {_ATTRS}) -> "
        f"{'in' if which == 'Input' else 'filter'}_backprop: T",
        shape=lambda op: [op.inputs[port].dims],
        **_ALLOWED,
    )
    return made.no_gradient("TensorFlow defines none", raises=True)


DILATION_2D_BACKPROP_INPUT = _define_backprop("Input", 0)
DILATION_2D_BACKPROP_FILTER = _define_backprop("Filter", 1)


def _winners(x: Array, w: Array, dy: Array, axes: tuple[TapAxis, TapAxis]) -> Array:
    if x.ndim != 4 or w.ndim != 3 or dy.shape != (len(x), axes[0].out, axes[1].out, x.shape[3]):
        raise KernelError("out_backprop has incompatible size.")
    return _winning_taps(x, w, axes)


@DILATION_2D_BACKPROP_INPUT.numpy
def _(
    x: Array, w: Array, dy: Array, *, strides: list[int], rates: list[int], padding: str
) -> Array:
    axes = _axes(x, w, strides, rates, padding)
    winner = _winners(x, w, dy, axes)
    dx = np.zeros(x.shape, dy.dtype)
    # Last tap first: so one input's gradients add up in the order of the windows.
    for tap in reversed(list(taps(axes))):
        chosen = winner[tap.windows] == tap.at[0] * w.shape[1] + tap.at[1]
        target = dx[tap.read]
        np.add(target, dy[tap.windows], out=target, where=chosen)
    _add_lost(dx, dy, winner, axes)
    return dx


def _add_lost(dx: Array, dy: Array, winner: Array, axes: tuple[TapAxis, TapAxis]) -> None:
    """Gives the gradients of windows without a largest sum to where the window begins."""
    lost = np.nonzero(winner < 0)
    if not lost[0].size or not dx.size:
        return
    starts = [
        np.clip(np.arange(a.out) * a.stride - a.before, 0, a.size - 1)[at]
        for a, at in zip(axes, lost[1:3], strict=True)
    ]
    np.add.at(dx, (lost[0], *starts, lost[3]), dy[lost])


@DILATION_2D_BACKPROP_FILTER.numpy
def _(
    x: Array, w: Array, dy: Array, *, strides: list[int], rates: list[int], padding: str
) -> Array:
    winner = _winners(x, w, dy, _axes(x, w, strides, rates, padding))
    np.maximum(winner, 0, out=winner)  # windows without a largest sum count for the first tap
    found = np.zeros((w.shape[0] * w.shape[1], w.shape[2]), dy.dtype)
    for tap in range(len(found)):
        found[tap] = np.where(winner == tap, dy, dy.dtype.type(0)).sum((0, 1, 2), dtype=dy.dtype)
    return found.reshape(w.shape)


# --- public functions ---
@export("nn.dilation2d")
@renamed(filters="filter", dilations="rates")
def dilation2d(
    input: Any,
    filter: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the largest sum of each window of images and a structuring function.

    Args:
        input: x: [n, h, w, c].
        filter: the function: [filter h, filter w, c]; each channel has its own.
        strides: the four steps of the window, those of batch and channels 1.
        rates: the four steps within the window, likewise.
        padding: "SAME" or "VALID"; padded places do not count.
        name: the node's name.

    Raises:
        ValueError: if the shapes do not fit.

    Note:
        NaN and -inf never win; a window without another sum gives the smallest finite number.
    """
    found: Tensor = apply(
        DILATION_2D, input, filter, strides=strides, rates=rates, padding=padding, name=name
    )
    return found


@export("nn.erosion2d")
def erosion2d(
    value: Any, kernel: Any, strides: Any, rates: Any, padding: Any, name: str | None = None
) -> Tensor:
    """Returns the smallest difference of each window of images and a structuring function.

    Args:
        value: x: [n, h, w, c].
        kernel: the function: [kernel h, kernel w, c].
        strides: the four steps of the window.
        rates: the four steps within the window.
        padding: "SAME" or "VALID".
        name: the node's name.
    """
    with scopes.name_scope(name, "erosion2d", [value, kernel]) as scope:
        mirrored = apply("Neg", value), apply("ReverseV2", kernel, [0, 1])
        made = dilation2d(*mirrored, strides, rates, padding, name=scope)
        found: Tensor = apply("Neg", made)
    return found
