"""Crosses of features: all combinations of one value of each column, as text or hashed."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import int64, string
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.signature import TypeSet
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.ops._farmhash import fingerprint64
from graphflow.ops._sparse_kernels import is_sorted
from graphflow.ops.cast import cast

Array = np.ndarray[Any, Any]
_TYPES: Final = (int64, string)
_FACTOR: Final = np.uint64(0xC6A4A7935BD1E995)
_KEY: Final = 0xDECAFCAFFE
"""What TensorFlow starts a hash with where the caller does not say."""

# --- SparseCross ---
SPARSE_CROSS = define(
    "SparseCross(indices: N*int64, values: sparse_types..., shapes: N*int64, "
    "dense_inputs: dense_types..., *, N: int, hashed_output: bool, num_buckets: int, "
    "hash_key: int, sparse_types: list(type), dense_types: list(type), out_type: type, "
    "internal_type: type) -> output_indices: int64, output_values: out_type, output_shape: int64",
    N=0,
    num_buckets=0,
    sparse_types=TypeSet(_TYPES, minimum=0),
    dense_types=TypeSet(_TYPES, minimum=0),
    out_type=_TYPES,
    internal_type=_TYPES,
).no_gradient("a hash has no slope")


@SPARSE_CROSS.shape
def _(op: Operation) -> list[Dims]:
    return [(None, 2), (None,), (2,)]


class _Column:
    """One column: all values one after the other, and which of them belong to each row."""

    __slots__ = ("counts", "starts", "values")

    def __init__(self, values: Array, starts: Array, counts: Array) -> None:
        self.values = values
        self.starts = starts
        self.counts = counts


def _sparse_column(indices: Array, values: Array, rows: int) -> _Column:
    first = indices[:, 0]
    if is_sorted(first) and (not len(first) or first[0] >= 0):
        bounds = np.searchsorted(first, np.arange(rows + 1))
        return _Column(values, bounds[:-1], np.diff(bounds))
    # As TensorFlow reads rows that are not in order: it stops at the first that does not follow.
    starts, counts, at = [], [], 0
    listed = first.tolist()
    for row in range(rows):
        starts.append(at)
        while at < len(listed) and listed[at] == row:
            at += 1
        counts.append(at - starts[-1])
    return _Column(values, np.array(starts, np.int64), np.array(counts, np.int64))


def _dense_column(x: Array) -> _Column:
    rows, wide = x.shape
    return _Column(x.reshape(-1), np.arange(rows) * wide, np.full(rows, wide))


@SPARSE_CROSS.numpy
def _(
    indices: list[Array],
    values: list[Array],
    shapes: list[Array],
    dense_inputs: list[Array],
    *,
    hashed_output: bool,
    num_buckets: int,
    hash_key: int,
) -> tuple[Array, Array, Array]:
    rows = _checked_rows(indices, values, shapes, dense_inputs)
    columns = [
        *[_sparse_column(n, v, rows) for n, v in zip(indices, values, strict=True)],
        *[_dense_column(x) for x in dense_inputs],
    ]
    counts = np.prod([column.counts for column in columns], axis=0, dtype=np.int64)
    row = np.repeat(np.arange(rows), counts)
    number = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    chosen: list[Array] = []
    rest = number
    for column in reversed(columns):  # the last column changes fastest
        rest, at = np.divmod(rest, np.maximum(column.counts[row], 1))
        chosen.append(column.starts[row] + at)
    picks = list(zip(columns, reversed(chosen), strict=True))
    found = _hashed(picks, hash_key, num_buckets) if hashed_output else _joined(picks, len(row))
    longest = int(counts.max()) if len(counts) else 0
    return np.stack([row, number], 1).astype(np.int64), found, np.array([rows, longest], np.int64)


def _joined(picks: list[tuple[_Column, Array]], size: int) -> Array:
    parts = [[_as_bytes(v) for v in column.values[at].tolist()] for column, at in picks]
    found = np.empty(size, object)
    found[:] = [b"_X_".join(three) for three in zip(*parts, strict=True)]
    return found


def _as_bytes(value: Any) -> bytes:
    if isinstance(value, int):
        return str(value).encode()
    return value if isinstance(value, bytes) else str(value).encode()


def _hashed(picks: list[tuple[_Column, Array]], key: int, buckets: int) -> Array:
    found = np.full(len(picks[0][1]), key % (1 << 64), np.uint64)
    for column, at in picks:
        values = column.values
        if values.dtype.kind == "O":
            each = fingerprint64([_as_bytes(v) for v in values.tolist()])
        else:
            each = values.astype(np.int64).view(np.uint64)
        found = fingerprint_pair(found, each[at])
    limit = buckets if buckets else (1 << 63) - 1
    below: Array = found % np.uint64(limit)
    return below.astype(np.int64)


def _mixed(x: Array) -> Array:
    found: Array = x ^ (x >> np.uint64(47))
    return found


def fingerprint_pair(first: Array, second: Array) -> Array:
    """One fingerprint of two: TensorFlow's FingerprintCat64, of uint64 arrays."""
    found = (first ^ _FACTOR) ^ (_mixed(second * _FACTOR) * _FACTOR)
    return _mixed(_mixed(found * _FACTOR) * _FACTOR)


def _checked_rows(
    indices: list[Array], values: list[Array], shapes: list[Array], dense: list[Array]
) -> int:
    """The number of rows, the same in all columns."""
    if not shapes and not dense:
        raise KernelError("A cross needs one column at least")
    for i, (places, numbers, shape) in enumerate(zip(indices, values, shapes, strict=True)):
        at = f" at position {i}"
        for what, x, rank in (("indices", places, 2), ("values", numbers, 1), ("shape", shape, 1)):
            if x.ndim != rank:
                kind = "matrix" if rank == 2 else "vector"
                raise KernelError(
                    f"Input {what} should be a {kind} but received shape {text(x.shape)}{at}"
                )
        if places.shape[1] != 2:
            raise KernelError(f"Expected D2 of index to be 2 got {places.shape[1]}{at}")
        if len(numbers) != len(places):
            raise KernelError(f"Expected size of values to be {len(places)} got {len(numbers)}{at}")
        if len(shape) != 2:
            raise KernelError(f"shape should imply a 2D tensor, but got {text(shape.shape)}{at}")
    rows = int(shapes[0][0]) if shapes else len(dense[0])
    _check_rows(rows, shapes, dense)
    return rows


def _check_rows(rows: int, shapes: list[Array], dense: list[Array]) -> None:
    for i, shape in enumerate(shapes):
        if int(shape[0]) != rows:
            raise KernelError(f"Expected batch size {rows} got {shape[0]} at position {i}")
    for i, x in enumerate(dense):
        if x.ndim != 2:
            raise KernelError(
                f"Dense inputs should be a matrix but received shape {text(x.shape)} at dense "
                f"tensor {i}"
            )
        if len(x) != rows:
            raise KernelError(f"Expected batch size {rows} got {len(x)} at dense tensor {i}")


def _cross(
    inputs: Any, hashed: bool, buckets: int, key: int | None, name: str | None
) -> SparseTensor:
    if not isinstance(inputs, list):
        raise TypeError("Inputs must be a list")
    if not all(isinstance(x, SparseTensor | Tensor) for x in inputs):
        raise TypeError("All inputs must be SparseTensors")
    sparse = [x for x in inputs if isinstance(x, SparseTensor)]
    values = [_text_or_int(x.values) for x in sparse]
    dense = [_text_or_int(x) for x in inputs if isinstance(x, Tensor)]
    is_text = all(x.dtype.base_dtype == string for x in (*values, *dense))
    parts = apply(
        SPARSE_CROSS,
        [x.indices for x in sparse],
        values,
        [x.dense_shape for x in sparse],
        dense,
        hashed_output=hashed,
        num_buckets=buckets,
        hash_key=key or _KEY,
        out_type=int64 if hashed else string,
        internal_type=string if is_text else int64,
        name=name,
    )
    return SparseTensor(*parts)


def _text_or_int(x: Tensor) -> Any:
    return x if x.dtype.base_dtype == string else cast(x, int64)


@export("sparse.cross")
def sparse_cross(inputs: Any, name: str | None = None) -> SparseTensor:
    """Returns all combinations of one value of each column, joined with "_X_".

    Args:
        inputs: a list of columns, SparseTensors or tensors [rows, ...], of strings or integers.
        name: the node's name.

    Returns:
        A SparseTensor of strings, [rows, the largest number of combinations].

    Raises:
        TypeError: if `inputs` is no list of tensors.
    """
    return _cross(inputs, False, 0, None, name)


@export("sparse.cross_hashed")
def sparse_cross_hashed(
    inputs: Any, num_buckets: int = 0, hash_key: int | None = None, name: str | None = None
) -> SparseTensor:
    """Returns a hash of each combination of one value of each column.

    Args:
        inputs: a list of columns, SparseTensors or tensors [rows, ...], of strings or integers.
        num_buckets: hashes are below it; 0: below 2^63 - 1.
        hash_key: what the hashes start with; None: TensorFlow's number.
        name: the node's name.

    Returns:
        A SparseTensor of int64, [rows, the largest number of combinations].

    Raises:
        TypeError: if `inputs` is no list of tensors.
    """
    return _cross(inputs, True, num_buckets, hash_key, name)
