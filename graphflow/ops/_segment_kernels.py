"""How rows are gathered by segment in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def first_value(how: Any, dtype: np.dtype[Any]) -> Any:
    """What an empty segment gives in the unsorted forms: the lowest finite number for a maximum."""
    if how is np.add:
        return 0
    if how is np.multiply:
        return 1
    if dtype.kind in "iu":
        limits: Any = np.iinfo(dtype)
    else:
        import ml_dtypes

        finfo: Any = ml_dtypes.finfo
        limits = finfo(dtype)
    return limits.min if how is np.maximum else limits.max


def by_segment(how: Any, data: Array, ids: Array, rows: int, empty: Any) -> Array:
    """Combines the rows of each segment, in the order in which they stand.

    Args:
        how: the ufunc that combines two rows.
        data: [n, ...].
        ids: the segment of each row, [n]; negative ones are dropped.
        rows: the number of segments.
        empty: what a segment without rows gives.
    """
    out = np.full((rows, *data.shape[1:]), empty, data.dtype)
    if not ids.size or not out.size:
        return out
    if ids.size > 1 and (ids[1:] < ids[:-1]).any():
        order = np.argsort(ids, kind="stable")
        ids, data = ids[order], data[order]
    if ids[0] < 0:
        kept = int(np.searchsorted(ids, 0))
        ids, data = ids[kept:], data[kept:]
        if not ids.size:
            return out
    starts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]]))
    short = data.dtype.itemsize == 2 and data.dtype.kind not in "iu"
    work = np.float32 if short else data.dtype
    if len(starts) == len(ids):  # every segment has one row at most
        out[ids] = data
        return out
    wide = data.astype(work) if short else data
    # reduceat has no loop of its own along the first axis that keeps whole rows together: it is
    # as fast as a loop over elements, and much faster than np.add.at.
    pairs = _pairs(wide) if how is np.add else None
    if pairs is None:
        combined = how.reduceat(wide, starts, 0, dtype=work)
    else:
        combined = how.reduceat(pairs, starts, 0).view(work)
    out[ids[starts]] = combined
    return out


def _pairs(data: Array) -> Array | None:
    """The numbers of each row two by two, as complex ones: their sums take half as many steps."""
    kind = {"f": np.complex64, "d": np.complex128}.get(data.dtype.char)
    if kind is None or data.ndim < 2 or data.shape[-1] % 2 or not data.flags.c_contiguous:
        return None
    return data.view(kind)
