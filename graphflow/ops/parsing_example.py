"""The operations that read serialized tf.train.Example messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType, float32, int64, string
from graphflow.core.errors import KernelError
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.signature import TypeSet
from graphflow.ops import _example_kernels as kernels
from graphflow.ops._example_kernels import Alone, InBatch, kind_of
from graphflow.ops._shapes import need_rank
from graphflow.ops._strings import as_bytes, as_text, items

Array = np.ndarray[Any, Any]
TYPES: Final = TypeSet((float32, int64, string), minimum=0)
"""What the features of an example may be."""


def check_default(default: Array, dims: Any, i: int) -> None:
    """Raises KernelError if a default does not fit a dense feature of this shape."""
    if dims and dims[0] is None:
        if default.size != 1:
            raise KernelError(
                f"dense_shape[{i}] is a variable length shape: {text(dims)}, therefore "
                f"def_value[{i}] must contain a single element ( the padding element).  But its "
                f"shape is: {text(default.shape)}"
            )
    elif default.size and default.shape != tuple(dims):
        raise KernelError(
            f"def_value[{i}].shape() == {text(default.shape)} is not compatible with "
            f"dense_shapes_[{i}] == {text(dims)}"
        )


def _dense_dims(batch: Dims, dims: Dims) -> Dims:
    return None if batch is None or dims is None else (*batch, *dims)


# --- ParseExample ---
PARSE_EXAMPLE = define(
    "ParseExample(serialized: string, names: string, sparse_keys: Nsparse*string, "
    "dense_keys: Ndense*string, dense_defaults: Tdense..., *, sparse_types: list(type), "
    "dense_shapes: list(shape)) -> sparse_indices: Nsparse*int64, sparse_values: sparse_types..., "
    "sparse_shapes: Nsparse*int64, dense_values: Tdense...",
    Nsparse=0,
    Ndense=0,
    sparse_types=TYPES,
    Tdense=TYPES,
    dense_shapes=0,
).no_gradient("reads bytes", raises=True)


@PARSE_EXAMPLE.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    batch = need_rank(dims, 1, f"Expected serialized to be a vector, got shape: {text(dims)}")
    need_rank(op.inputs[1].dims, 1)
    count = op.attrs["Nsparse"]
    found: list[Dims] = [(None, 2)] * count + [(None,)] * count + [(2,)] * count
    return found + [_dense_dims(batch, shape) for shape in op.attrs["dense_shapes"]]


@PARSE_EXAMPLE.numpy
def _(
    serialized: Array,
    names: Array,
    sparse_keys: Sequence[Array],
    dense_keys: Sequence[Array],
    dense_defaults: Sequence[Array],
    *,
    sparse_types: list[DType],
    dense_shapes: list[Any],
    Tdense: list[DType],  # noqa: N803 (TensorFlow's attribute)
) -> tuple[Array, ...]:
    if names.size and names.size != serialized.size:
        raise KernelError(
            f"Expected len(names) == len(serialized), but got: {names.size} vs. {serialized.size}"
        )
    named = items(names)
    examples = kernels.read_examples(items(serialized))
    triples = []
    for array, dtype in zip(sparse_keys, sparse_types, strict=True):
        key, kind = array.item(), kind_of(dtype)
        blame = InBatch(as_text(key), named)
        column = kernels.read_column([e.get(key) for e in examples], kind, blame, True)
        triples.append(kernels.sparse(column, kind))
    found = []
    for i, (array, dtype) in enumerate(zip(dense_keys, Tdense, strict=True)):
        key, kind, dims, default = array.item(), kind_of(dtype), dense_shapes[i], dense_defaults[i]
        check_default(default, dims, i)
        blame = InBatch(as_text(key), named)
        column = kernels.read_column([e.get(key) for e in examples], kind, blame, False)
        gather = kernels.padded if dims and dims[0] is None else kernels.dense
        found.append(gather(column, kind, dims, default, blame))
    return (*[part for parts in zip(*triples, strict=True) for part in parts], *found)


# --- ParseSingleExample ---
PARSE_SINGLE_EXAMPLE = define(
    "ParseSingleExample(serialized: string, dense_defaults: Tdense..., *, num_sparse: int, "
    "sparse_keys: list(string), dense_keys: list(string), sparse_types: list(type), "
    "dense_shapes: list(shape)) -> sparse_indices: num_sparse*int64, "
    "sparse_values: sparse_types..., sparse_shapes: num_sparse*int64, dense_values: Tdense...",
    num_sparse=0,
    sparse_keys=0,
    dense_keys=0,
    sparse_types=TYPES,
    Tdense=TYPES,
    dense_shapes=0,
).no_gradient("reads bytes", raises=True)


@PARSE_SINGLE_EXAMPLE.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    need_rank(dims, 0, f"Expected serialized to be a scalar, got shape: {text(dims)}")
    count = op.attrs["num_sparse"]
    found: list[Dims] = [(None, 1)] * count + [(None,)] * count + [(1,)] * count
    return found + list(op.attrs["dense_shapes"])


@PARSE_SINGLE_EXAMPLE.numpy
def _(
    serialized: Array,
    dense_defaults: Sequence[Array],
    *,
    sparse_keys: list[str],
    dense_keys: list[str],
    sparse_types: list[DType],
    dense_shapes: list[Any],
    Tdense: list[DType],  # noqa: N803 (TensorFlow's attribute)
) -> tuple[Array, ...]:
    [example] = kernels.read_examples([serialized.item()])
    triples = []
    for name, dtype in zip(sparse_keys, sparse_types, strict=True):
        kind, key = kind_of(dtype), as_bytes(name)
        column = kernels.read_column([example.get(key)], kind, Alone(as_text(key)), True)
        values = kernels.all_values(column, kind)
        triples.append((np.arange(len(values))[:, None], values, np.array([len(values)])))
    found = []
    for i, (name, dtype) in enumerate(zip(dense_keys, Tdense, strict=True)):
        kind, key, dims, default = (
            kind_of(dtype),
            as_bytes(name),
            dense_shapes[i],
            dense_defaults[i],
        )
        check_default(default, dims, i)
        blame = Alone(as_text(key))
        column = kernels.read_column([example.get(key)], kind, blame, False)
        gather = kernels.padded if dims and dims[0] is None else kernels.dense
        # With "...", one text is an array as well.
        found.append(gather(column, kind, dims, default, blame)[0, ...])
    return (*[part for parts in zip(*triples, strict=True) for part in parts], *found)
