"""Runs of neighbouring strings, joined: n-grams of the rows of a ragged tensor."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from graphflow.core.dtypes import int64
from graphflow.core.errors import KernelError
from graphflow.core.opdef import INDEX, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.ops._shapes import need_rank
from graphflow.ops._strings import as_bytes, items, strings

Array = np.ndarray[Any, Any]

# --- StringNGrams ---
STRING_NGRAMS = define(
    "StringNGrams(data: string, data_splits: Tsplits, *, separator: string, "
    "ngram_widths: list(int), left_pad: string, right_pad: string, pad_width: int, "
    "preserve_short_sequences: bool, Tsplits: type) -> ngrams: string, ngrams_splits: Tsplits",
    ngram_widths=0,
    Tsplits=default(INDEX, int64),
).no_gradient("is about text", raises=True)


@STRING_NGRAMS.shape
def _(op: Operation) -> list[Dims]:
    need_rank(op.inputs[0].dims, 1)
    splits = need_rank(op.inputs[1].dims, 1)
    return [(None,), splits]


def _runs(
    row: list[bytes], width: int, pad: int, pads: tuple[bytes, bytes], separator: bytes
) -> list[bytes]:
    """The n-grams of a row that has `pad` pieces more at either end.

    TensorFlow 1.15 reads pieces of other rows into the padding of an empty one; not so here.
    """
    padded = [pads[0]] * pad + row + [pads[1]] * pad
    return [separator.join(padded[i : i + width]) for i in range(len(padded) - width + 1)]


@STRING_NGRAMS.numpy
def _(
    data: Array,
    splits: Array,
    *,
    separator: str,
    ngram_widths: list[int],
    left_pad: str,
    right_pad: str,
    pad_width: int,
    preserve_short_sequences: bool,
) -> tuple[Array, Array]:
    outside = splits[(splits < 0) | (splits > data.size)]
    if outside.size:
        raise KernelError(f"Invalid split value {outside[0]}, must be in [0,{data.size}]")
    pads, mark = (as_bytes(left_pad), as_bytes(right_pad)), as_bytes(separator)
    flat, bounds = items(data), splits.tolist()
    found: list[bytes] = []
    if not bounds:  # without a row, TensorFlow returns empty strings for the data
        return strings([b""] * data.size), splits.copy()
    ends = [0]
    for low, high in pairwise(bounds):
        row, before = flat[low:high], len(found)
        for width in ngram_widths:
            pad = width - 1 if pad_width < 0 else min(pad_width, width - 1)
            found += _runs(row, width, pad, pads, mark)
        if preserve_short_sequences and len(found) == before and row:
            pad = max(pad_width, 0)
            found += _runs(row, len(row) + 2 * pad, pad, pads, mark)
        ends.append(len(found))
    return strings(found), np.array(ends, splits.dtype)
