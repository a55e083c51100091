"""Python's indexing as TensorFlow's StridedSlice spells it: begin, end, strides and five masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graphflow.core.errors import ShapeError
from graphflow.core.shape import Dims

MASKS: Final = (
    "begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask",
)  # fmt: skip
Bounds = Sequence[int | None] | None


@dataclass(slots=True)
class Piece:
    """What one axis of the input becomes: a slice of it, or one element (`at`).

    `start` and `stop` are None at the ends of the axis; `open` says that the run decides.
    """

    axis: int
    start: int | None = None
    stop: int | None = None
    step: int | None = 1
    at: int | None = None
    is_element: bool = False
    is_open: bool = False


NEW_AXIS: Final = "new axis"


def _bit(masks: Mapping[str, int], name: str, i: int) -> bool:
    return bool(masks[name] >> i & 1)


def pieces(
    rank: int, begin: Bounds, end: Bounds, strides: Sequence[int | None], masks: Mapping[str, int]
) -> list[Piece | str]:
    """Reads a strided slice.

    Args:
        rank: the rank of the input.
        begin: where each slice begins; None: not known yet.
        end: where it ends.
        strides: its step; None where not known yet.
        masks: the five attributes.

    Returns:
        For each axis of the input a Piece, and NEW_AXIS for each new one, in order.

    Raises:
        ShapeError: if there are more indices than axes, or two ellipses, or a step of 0.
    """
    n = len(strides)
    ellipsis = [i for i in range(n) if _bit(masks, "ellipsis_mask", i)]
    if len(ellipsis) > 1:
        raise ShapeError("Multiple ellipses in slice spec not allowed")
    gap = ellipsis[0] if ellipsis else n
    new_behind = sum([_bit(masks, "new_axis_mask", i) for i in range(gap, n)])
    found: list[Piece | str] = []
    axis = 0
    for i in range(n):
        if i == gap:
            left = n - i - 1 - new_behind
            while axis < rank - left:
                found.append(Piece(axis))
                axis += 1
        elif _bit(masks, "new_axis_mask", i):
            found.append(NEW_AXIS)
        else:
            if axis >= rank:
                raise ShapeError(
                    f"Index out of range using input dim {axis}; input has only {rank} dims"
                )
            found.append(_piece(axis, i, begin, end, strides[i], masks))
            axis += 1
    found += [Piece(a) for a in range(axis, rank)]
    return found


def _piece(
    axis: int, i: int, begin: Bounds, end: Bounds, step: int | None, masks: Mapping[str, int]
) -> Piece:
    if step == 0:
        raise ShapeError(f"strides[{i}] must be non-zero")
    start = None if begin is None else begin[i]
    stop = None if end is None else end[i]
    if _bit(masks, "shrink_axis_mask", i):
        if step is not None and step < 0:
            raise ShapeError("only stride 1 allowed on non-range indexing.")
        at = 0 if _bit(masks, "begin_mask", i) else start
        return Piece(axis, at=at, is_element=True)
    from_start, to_end = _bit(masks, "begin_mask", i), _bit(masks, "end_mask", i)
    is_open = step is None or (start is None and not from_start) or (stop is None and not to_end)
    return Piece(
        axis, None if from_start else start, None if to_end else stop, step, is_open=is_open
    )


def size_of(piece: Piece, size: int | None) -> int | None:
    """How long the slice of an axis is; None: only the run knows.

    Raises:
        ShapeError: if the piece is an element that the axis does not have.
    """
    if piece.is_element:
        at = piece.at
        if at is not None and size is not None and not -size <= at < size:
            shown = at + size if at < 0 else at
            raise ShapeError(f"slice index {shown} of dimension {piece.axis} out of bounds.")
        return None
    if piece.is_open or size is None:
        return None
    return len(range(size)[piece.start : piece.stop : piece.step])


def sliced(dims: Dims, found: list[Piece | str]) -> tuple[int | None, ...]:
    """The shape that is left of `dims`."""
    sizes: list[int | None] = []
    for piece in found:
        if isinstance(piece, str):
            sizes.append(1)
            continue
        size = size_of(piece, (dims or ())[piece.axis])
        if not piece.is_element:
            sizes.append(size)
    return tuple(sizes)


def as_index(shape: tuple[int, ...], found: list[Piece | str]) -> tuple[Any, ...]:
    """The pieces as an index of a NumPy array.

    Raises:
        ShapeError: if an element does not exist.
    """
    index: list[Any] = []
    for piece in found:
        if isinstance(piece, str):
            index.append(None)
        elif piece.is_element:
            size_of(piece, shape[piece.axis])
            index.append(piece.at)
        else:
            index.append(slice(piece.start, piece.stop, piece.step))
    return tuple(index)
