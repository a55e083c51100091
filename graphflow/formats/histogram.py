"""HistogramProto of an array, with TensorBoard's exponential buckets."""

from __future__ import annotations

import functools
import sys
from typing import Any, Final

import numpy as np

from graphflow.core.errors import InvalidArgumentError
from graphflow.formats import proto

Array = np.ndarray[Any, Any]

_SMALLEST: Final = 1e-12
_LARGEST: Final = 1e20
_GROWTH: Final = 1.1


@functools.cache
def _limits() -> Array:
    """The upper limits of the 1551 buckets: each a tenth above the last, mirrored around zero."""
    positive = []
    limit = _SMALLEST
    while limit < _LARGEST:
        positive.append(limit)
        limit *= _GROWTH  # not a power: the limits carry the rounding of each step
    positive.append(sys.float_info.max)
    return np.array([-p for p in reversed(positive)] + [0.0] + positive)


def encode_histogram(values: Array, name: str = "") -> Any:
    """Returns the HistogramProto of all elements of an array.

    Args:
        values: real numbers, of any shape.
        name: what the message of an error calls them.

    Raises:
        InvalidArgumentError: if there is a nan or an infinity among them.

    Note:
        Sums run in order, as TensorFlow's do: NumPy's pairwise sum differs in the last digits.
    """
    flat = np.asarray(values).astype(np.float64).reshape(-1)
    if not np.isfinite(flat).all():
        first = flat[~np.isfinite(flat)][0]
        kind = "Nan" if np.isnan(first) else "Infinity"
        raise InvalidArgumentError(None, None, f"{kind} in summary histogram for: {name}")
    limits = _limits()
    # The largest double itself is above no limit.
    buckets = np.minimum(np.searchsorted(limits, flat, side="right"), len(limits) - 1)
    counts = np.bincount(buckets, minlength=len(limits))
    kept = _kept_buckets(counts)
    message = proto.HistogramProto(
        min=flat.min(initial=sys.float_info.max),
        max=flat.max(initial=-sys.float_info.max),
        num=flat.size,
        bucket_limit=limits[kept],
        bucket=counts[kept],
    )
    if flat.size:
        with np.errstate(over="ignore"):
            message.sum = np.add.accumulate(flat)[-1]
            message.sum_squares = np.add.accumulate(flat * flat)[-1]
    return message


def _kept_buckets(counts: Array) -> Array:
    """The buckets to store: all with elements, and the last of each run without."""
    empty = counts == 0
    run_goes_on = np.append(empty[1:], False)
    return np.flatnonzero(~(empty & run_goes_on))
