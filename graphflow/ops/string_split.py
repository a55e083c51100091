"""Strings taken apart: the pieces of each row as a sparse matrix."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import string
from graphflow.core.errors import KernelError
from graphflow.core.export import EXPORTS, export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.ops._arguments import either
from graphflow.ops._shapes import need_rank
from graphflow.ops._strings import items, lengths, sparse_parts, strings
from graphflow.ops.stack import stack

Array = np.ndarray[Any, Any]
Parts = tuple[Array, Array, Array]


def _split_shape(op: Operation) -> list[Dims]:
    data = op.inputs[0].dims
    need_rank(data, 1, f"input must be a vector, got shape: {text(data)}")
    separator = op.inputs[1].dims
    what = "sep" if op.type == "StringSplitV2" else "delimiter"
    need_rank(separator, 0, f"{what} must be a scalar, got shape: {text(separator)}")
    return [(None, 2), (None,), (2,)]


def _as_sparse(rows: list[list[bytes]]) -> Parts:
    indices, shape = sparse_parts(lengths(rows))
    return indices, strings(chain.from_iterable(rows)), shape


# --- StringSplit ---
STRING_SPLIT = define(
    "StringSplit(input: string, delimiter: string, *, skip_empty: bool = True) "
    "-> indices: int64, values: string, shape: int64",
    shape=_split_shape,
).no_gradient("is about text")


def _at_any(row: bytes, delimiters: bytes) -> list[bytes]:
    if not row:
        return []
    if len(delimiters) > 1:  # one of them in the place of all
        row = row.translate(bytes.maketrans(delimiters, delimiters[:1] * len(delimiters)))
    return row.split(delimiters[:1])


@STRING_SPLIT.numpy
def _(x: Array, delimiter: Array, *, skip_empty: bool) -> Parts:
    if delimiter.ndim:
        raise KernelError(f"delimiter must be a scalar, got shape: {text(delimiter.shape)}")
    marks: bytes = delimiter.item()
    if not marks:
        return _as_sparse([[row[i : i + 1] for i in range(len(row))] for row in items(x)])
    rows = [_at_any(row, marks) for row in items(x)]
    if skip_empty:
        rows = [[piece for piece in row if piece] for row in rows]
    return _as_sparse(rows)


# --- StringSplitV2 ---
STRING_SPLIT_V2 = define(
    "StringSplitV2(input: string, sep: string, *, maxsplit: int = -1) "
    "-> indices: int64, values: string, shape: int64",
    shape=_split_shape,
).no_gradient("is about text", raises=True)


def _at_spaces(row: bytes, most: int) -> list[bytes]:
    pieces = row.split(None, most)
    # TensorFlow looks at the rest after the last split that is allowed, also where it is empty.
    return [*pieces, b""] if 0 < most == len(pieces) else pieces


@STRING_SPLIT_V2.numpy
def _(x: Array, sep: Array, *, maxsplit: int) -> Parts:
    mark: bytes = sep.item()
    rows = items(x)
    if maxsplit == 0:
        return _as_sparse([[row] for row in rows])
    most = max(maxsplit, -1)
    if mark:
        return _as_sparse([row.split(mark, most) for row in rows])
    return _as_sparse([_at_spaces(row, most) for row in rows])


# --- public functions ---
def _sparse(parts: Any) -> SparseTensor:
    indices, values, shape = parts
    indices.set_shape([None, 2])
    values.set_shape([None])
    shape.set_shape([2])
    return SparseTensor(indices, values, shape)


def _ragged(split: SparseTensor) -> Any:
    return EXPORTS["RaggedTensor"].from_value_rowids(
        values=split.values,
        value_rowids=split.indices[:, 0],
        nrows=split.dense_shape[0],
        validate=False,
    )


def _sparse_or_ragged(split: SparseTensor, result_type: str) -> Any:
    if result_type == "SparseTensor":
        return split
    if result_type == "RaggedTensor":
        return _ragged(split)
    raise ValueError("result_type must be 'RaggedTensor' or 'SparseTensor'.")


@export("string_split")
def string_split(
    source: Any,
    sep: Any = None,
    skip_empty: bool = True,
    delimiter: Any = None,
    result_type: str = "SparseTensor",
    name: str | None = None,
) -> Any:
    """Returns the pieces of each string, split at any of some characters.

    Args:
        source: strings, [n].
        sep: the characters; "" splits into single bytes; None: a space.
        skip_empty: whether empty pieces are left out.
        delimiter: the old name of `sep`.
        result_type: "SparseTensor" or "RaggedTensor".
        name: the scope of the nodes.

    Returns:
        The pieces: row i, column j is piece j of string i; [n, most pieces].

    Raises:
        ValueError: if `result_type` is another word.
    """
    with scopes.name_scope(name, "StringSplit", [source]):
        marks = either("sep", sep, "delimiter", delimiter)
        marks = convert(" " if marks is None else marks, string)
        source = convert(source, string)
        split = _sparse(apply(STRING_SPLIT, source, marks, skip_empty=skip_empty))
        return _sparse_or_ragged(split, result_type)


def split_v2(source: Any, sep: Any, maxsplit: int) -> SparseTensor:
    """As `tf.strings.split` of a vector, without a scope."""
    sep = convert("" if sep is None else sep, string)
    source = convert(source, string)
    return _sparse(apply(STRING_SPLIT_V2, source, sep, maxsplit=maxsplit))


def split_ragged(x: Any, sep: Any, maxsplit: int) -> Any:
    """The pieces of each string as a ragged tensor; of a scalar as a vector."""
    ragged = EXPORTS.get("RaggedTensor")
    with scopes.name_scope(None, "StringSplit", [x]):
        if ragged is not None and isinstance(x, ragged):
            return x.with_flat_values(split_ragged(x.flat_values, sep, maxsplit))
        x = convert(x, string, "input")
        if x.shape.rank == 0:
            return split_ragged(stack([x]), sep, maxsplit)[0]
        if x.shape.rank in (1, None):
            return _ragged(split_v2(x, sep, maxsplit))
        return split_ragged(EXPORTS["RaggedTensor"].from_tensor(x), sep, maxsplit)


@export("strings.split")
def strings_split(
    input: Any = None,
    sep: Any = None,
    maxsplit: int = -1,
    result_type: str = "SparseTensor",
    source: Any = None,
    name: str | None = None,
) -> Any:
    """Returns the pieces of each string, split at a separator as Python's `str.split` does.

    Args:
        input: strings, [n].
        sep: the separator; None or "": runs of spaces, and none at either end.
        maxsplit: the most splits; -1: all.
        result_type: "SparseTensor" or "RaggedTensor".
        source: the old name of `input`.
        name: the scope of the nodes.

    Raises:
        ValueError: if `result_type` is another word.
    """
    x = either("input", input, "source", source)
    with scopes.name_scope(name, "StringSplit", [x]):
        ragged = EXPORTS.get("RaggedTensor")
        if ragged is None or not isinstance(x, ragged):
            x = convert(x, string, "input")
        if result_type == "SparseTensor" and x.shape.rank == 1:
            return split_v2(x, sep, maxsplit)
        found = split_ragged(x, sep, maxsplit)
        if result_type == "SparseTensor":
            return found.to_sparse()
        if result_type == "RaggedTensor":
            return found
        raise ValueError("result_type must be 'RaggedTensor' or 'SparseTensor'.")
