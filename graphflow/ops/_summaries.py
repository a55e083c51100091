"""Arrays as short text, in the two forms that TensorFlow's messages and prints use."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]


def element_text(x: Any) -> str:
    """One element: as few digits as tell it from its neighbours, of those that C prints."""
    if isinstance(x, bytes):
        return x.decode(errors="replace")
    if isinstance(x, str):
        return x
    kind = np.dtype(type(x)).kind if not isinstance(x, bool) else "b"
    if kind == "b":
        return "1" if x else "0"
    if kind == "c":
        return "?"
    if kind in "iu":
        return str(int(x))
    wide = np.dtype(type(x)).itemsize == 8
    short, long = (15, 17) if wide else (6, 9)
    number = float(x)
    text = f"{number:.{short}g}"
    same = float(text) == number if wide else np.float32(text) == np.float32(number)
    return text if same or number != number else f"{number:.{long}g}"


_ESCAPES: Final = {
    **{code: f"\\{code:03o}" for code in [*range(32), *range(127, 256)]},
    **{ord(mark): f"\\{mark}" for mark in "\"'\\"},
    **{ord(mark): repr(mark)[1:-1] for mark in "\n\r\t"},
}


def _escaped(x: Any) -> str:
    """As `element_text`; text as C would have it in a string."""
    if not isinstance(x, bytes | str):
        return element_text(x)
    data = x.encode() if isinstance(x, str) else x
    return data.decode("latin-1").translate(_ESCAPES)


def short_text(array: Array, limit: int) -> str:
    """The first `limit` elements, in brackets by axis, without the outermost pair.

    Args:
        array: the array.
        limit: how many elements; negative: all.
    """
    elements = array.reshape(-1)
    limit = elements.size if limit < 0 else min(limit, elements.size)
    shown = [_escaped(x) for x in elements[:limit]]
    more = "..." if elements.size > limit else ""
    if array.ndim < 2:
        return " ".join(shown) + more
    return _bracketed(shown, array.shape, 0) + more


def _bracketed(shown: list[str], shape: tuple[int, ...], axis: int) -> str:
    """The elements that are left in `shown` (it is used up) below one axis."""
    if axis == len(shape) - 1:
        n = min(shape[axis], len(shown))
        row = " ".join(shown[:n])
        del shown[:n]
        return row + ("..." if n < shape[axis] else "")
    parts = []
    for _ in range(shape[axis]):
        if not shown:
            break
        parts.append(f"[{_bracketed(shown, shape, axis + 1)}]")
    return "".join(parts)


def edges_text(array: Array, edge: int) -> str:
    """The first and last `edge` items of each axis, one row a line, text in quotes.

    Args:
        array: the array.
        edge: how many items at either end; negative: all.
    """
    return _edges(array, max(edge, -1), array.ndim, 0)


def _quoted(x: Any) -> str:
    text = element_text(x)
    return f'"{text}"' if isinstance(x, bytes | str) else text


def _edges(array: Array, edge: int, rank: int, axis: int) -> str:
    if array.ndim == 0:
        return _quoted(array[()])
    n = len(array)
    whole = edge < 0 or n <= 2 * edge
    places = [*range(n)] if whole else [*range(edge), *range(n - edge, n)]
    items = [_edges(array[i, ...], edge, rank, axis + 1) for i in places]
    if not whole:
        items.insert(edge, "...")
    last = axis == rank - 1
    between = " " if last else "\n" * (rank - 1 - axis) + " " * (axis + 1)
    return f"[{between.join(items)}]"
