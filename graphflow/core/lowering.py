"""Lowering: how an operation says which compiled kernel computes it.

A rule for `OpDef.compiled` gets a `Call`, the facts that a plan has about one instruction, and
returns a `Lowering`, or None where no compiled kernel fits (a type, a layout): NumPy runs it then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType

Sizes = tuple[int, ...]
SUFFIXES: Final = {"float32": "f32", "float64": "f64", "int32": "i32", "int64": "i64", "bool": "u8"}
"""What the names of kernels call the types they know."""


@dataclass(frozen=True, slots=True)
class Call:
    """One instruction with all sizes known.

    `shapes` and `dtypes` are those of the inputs, `out_shapes` of the outputs; `constants` holds
    the inputs whose values are known, by position.
    """

    attrs: Mapping[str, Any]
    shapes: Sequence[Sizes]
    dtypes: Sequence[DType]
    out_shapes: Sequence[Sizes]
    constants: Mapping[int, Any]

    @property
    def suffix(self) -> str | None:
        """What kernels call the type of the first input; None for a type they do not know."""
        return SUFFIXES.get(self.dtypes[0].name)

    @property
    def real(self) -> str | None:
        """As `suffix`, but only for float32 and float64."""
        return self.suffix if self.suffix in ("f32", "f64") else None


@dataclass(frozen=True, slots=True)
class Lowering:
    """What a compiled kernel is called with.

    Args:
        kernel: its name. "alias": the output is the first input; "nothing": there is nothing to do.
        sizes: its integers.
        numbers: its floats.
        inputs: positions of the inputs it gets, in its order; None: all.
        tile: it is an elementwise operation of this name instead.
        many: several kernels instead: (name, operands, integers) of each; operands count the
            inputs, then the outputs.
        block: NumPy's kernel takes so many of the first input's images together; multiples of
            them give the same bits, image by image. 0: it is no operation on single images.
        reduce: it may also end a group of elementwise operations: "sum", "mean", "max" or "min"
            of (A, B, C) over B.
        state: what the operation keeps between runs, as an array that the kernel gets behind its
            outputs: a function of the dict that the session keeps for it, and its attributes.
    """

    kernel: str = ""
    sizes: Sizes = ()
    numbers: tuple[float, ...] = ()
    inputs: Sizes | None = None
    tile: str = ""
    reduce: str = ""
    block: int = 0
    many: tuple[tuple[str, Sizes, Sizes], ...] = ()
    state: Callable[[dict[str, Any], Mapping[str, Any]], Any] | None = None


def boxed(shape: Sizes, axes: Sequence[int]) -> Sizes | None:
    """Sizes (A, B, C) of a reduction over neighbouring axes; None if they are not neighbours."""
    n = len(shape)
    wanted = sorted({a % n for a in axes}) if n else []
    # Axes of one element may count as reduced or kept.
    if not wanted:
        return None
    first, last = wanted[0], wanted[-1]
    if any(a not in wanted and shape[a] != 1 for a in range(first, last + 1)):
        return None
    return (
        math.prod(shape[:first]),
        math.prod(shape[first : last + 1]),
        math.prod(shape[last + 1 :]),
    )


def merged_axes(shape: Sizes, axes: Sequence[int]) -> Sizes | None:
    """The axes of a reduction for the kernels "fold": rank, then (size, whether it goes) of each.

    Neighbours that go, or stay, are one axis; axes of one element are none. None: there are too
    many.
    """
    gone = {a % len(shape) for a in axes}
    merged: list[list[int]] = []
    for a, n in enumerate(shape):
        if n == 1:
            continue
        if merged and merged[-1][1] == (a in gone):
            merged[-1][0] *= n
        else:
            merged.append([n, int(a in gone)])
    if not 1 <= len(merged) <= 8:
        return None
    return (len(merged), *[x for axis in merged for x in axis])


def split_at(shape: Sizes, axis: int) -> Sizes:
    """Sizes (A, B, C): of the axes before one, of it, and of those behind it."""
    at = axis % len(shape)
    return math.prod(shape[:at]), shape[at], math.prod(shape[at + 1 :])


def steps_of(shape: Sequence[int], item: int) -> list[int]:
    """Bytes between neighbours along each axis of an array in C order."""
    found, step = [], item
    for n in reversed(shape):
        found.append(step)
        step *= n
    return found[::-1]


def box(
    shape: Sequence[int],
    item: int,
    source: tuple[int, Sequence[int]],
    target: tuple[int, Sequence[int]],
) -> Sizes | None:
    """The integers of a copy between strided arrays; None if it has too many axes.

    Args:
        shape: what is copied.
        item: bytes of an element.
        source: (offset, steps along the axes) in bytes.
        target: likewise.
    """
    axes = [list(a) for a in zip(shape, source[1], target[1], strict=True) if a[0] != 1]
    merged: list[list[int]] = []
    for n, s, t in axes:  # neighbouring axes that are one run in both
        if merged and merged[-1][1] == n * s and merged[-1][2] == n * t:
            merged[-1] = [merged[-1][0] * n, s, t]
        else:
            merged.append([n, s, t])
    merged = merged or [[1, item, item]]
    if len(merged) > 8:
        return None
    return (item, len(merged), source[0], target[0], *[x for axis in merged for x in axis])


def picked(shape: Sizes, item: int, index: Any) -> tuple[Sizes, int, Sizes]:
    """What an index picks from an array in C order: (shape, offset in bytes, steps in bytes)."""
    # An array of that shape without memory of that size: nothing is read from it.
    one = np.zeros(1, np.dtype((np.void, item)))
    whole = np.lib.stride_tricks.as_strided(one, shape, steps_of(shape, item))
    part = whole[index]
    offset = part.__array_interface__["data"][0] - one.__array_interface__["data"][0]
    return part.shape, offset, part.strides


def copied_part(shape: Sizes, item: int, index: Any) -> Sizes | None:
    """The integers of a copy of what an index picks from an array in C order."""
    got, offset, steps = picked(shape, item, index)
    return box(got, item, (offset, steps), (0, steps_of(got, item)))
