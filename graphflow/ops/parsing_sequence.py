"""The operations that read serialized tf.train.SequenceExample messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.ops import _sequence_batch as batch
from graphflow.ops import _sequence_kernels as single
from graphflow.ops._shapes import need_rank
from graphflow.ops._strings import as_bytes, items
from graphflow.ops.parsing_example import TYPES

Array = np.ndarray[Any, Any]
_TYPES: Final = (
    "context_sparse_types: list(type) = [], feature_list_dense_types: list(type) = [], "
    "context_dense_shapes: list(shape) = [], feature_list_sparse_types: list(type) = [], "
    "feature_list_dense_shapes: list(shape) = []"
)
_COUNTS: Final = (
    "Ncontext_sparse: int = 0, Ncontext_dense: int = 0, Nfeature_list_sparse: int = 0, "
    "Nfeature_list_dense: int = 0"
)
_OUTPUTS: Final = (
    "context_sparse_indices: Ncontext_sparse*int64, context_sparse_values: "
    "context_sparse_types..., context_sparse_shapes: Ncontext_sparse*int64, "
    "context_dense_values: Tcontext_dense..., feature_list_sparse_indices: "
    "Nfeature_list_sparse*int64, feature_list_sparse_values: feature_list_sparse_types..., "
    "feature_list_sparse_shapes: Nfeature_list_sparse*int64, feature_list_dense_values: "
    "feature_list_dense_types..."
)


def _triples(count: int, rank: int) -> list[Dims]:
    return [(None, rank)] * count + [(None,)] * count + [(rank,)] * count


def _shapes(op: Operation, lead: tuple[int | None, ...]) -> list[Dims]:
    """The shapes of all outputs but the lengths; `lead` is the axis of a batch, or nothing."""
    attrs, more = op.attrs, len(lead)
    found = _triples(attrs["Ncontext_sparse"], 1 + more)
    found += [None if s is None else (*lead, *s) for s in attrs["context_dense_shapes"]]
    found += _triples(attrs["Nfeature_list_sparse"], 2 + more)
    return found + [
        None if s is None else (*lead, None, *s) for s in attrs["feature_list_dense_shapes"]
    ]


# --- ParseSingleSequenceExample ---
PARSE_SINGLE = define(
    "ParseSingleSequenceExample(serialized: string, feature_list_dense_missing_assumed_empty: "
    "string, context_sparse_keys: Ncontext_sparse*string, context_dense_keys: "
    "Ncontext_dense*string, feature_list_sparse_keys: Nfeature_list_sparse*string, "
    "feature_list_dense_keys: Nfeature_list_dense*string, context_dense_defaults: "
    f"Tcontext_dense..., debug_name: string, *, {_COUNTS}, {_TYPES}, "
    f"Tcontext_dense: list(type) = []) -> {_OUTPUTS}",
    Ncontext_sparse=0,
    Ncontext_dense=0,
    Nfeature_list_sparse=0,
    Nfeature_list_dense=0,
    context_sparse_types=TYPES,
    Tcontext_dense=TYPES,
    feature_list_dense_types=TYPES,
    context_dense_shapes=0,
    feature_list_sparse_types=TYPES,
    feature_list_dense_shapes=0,
).no_gradient("reads bytes", raises=True)


@PARSE_SINGLE.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    need_rank(dims, 0, f"Expected serialized to be a scalar, got shape: {text(dims)}")
    need_rank(op.inputs[1].dims, 1)
    return _shapes(op, ())


def _keys(arrays: Sequence[Array]) -> list[bytes]:
    return [array.item() for array in arrays]


@PARSE_SINGLE.numpy
def _(
    serialized: Array,
    assumed_empty: Array,
    context_sparse_keys: Sequence[Array],
    context_dense_keys: Sequence[Array],
    feature_list_sparse_keys: Sequence[Array],
    feature_list_dense_keys: Sequence[Array],
    context_dense_defaults: Sequence[Array],
    debug_name: Array,
    *,
    context_sparse_types: list[DType],
    Tcontext_dense: list[DType],  # noqa: N803 (TensorFlow's attribute)
    feature_list_dense_types: list[DType],
    context_dense_shapes: list[Any],
    feature_list_sparse_types: list[DType],
    feature_list_dense_shapes: list[Any],
) -> tuple[Array, ...]:
    example = single.SingleExample(serialized.item(), debug_name.item())
    empty = set(items(assumed_empty))
    sparse = zip(_keys(context_sparse_keys), context_sparse_types, strict=True)
    dense = zip(
        _keys(context_dense_keys), Tcontext_dense, context_dense_shapes, context_dense_defaults,
        strict=True,
    )  # fmt: skip
    lists = zip(_keys(feature_list_sparse_keys), feature_list_sparse_types, strict=True)
    rows = zip(
        _keys(feature_list_dense_keys), feature_list_dense_types, feature_list_dense_shapes,
        strict=True,
    )  # fmt: skip
    return (
        *_columns([example.context_sparse(*what) for what in sparse]),
        *[example.context_dense(*what, i) for i, what in enumerate(dense)],
        *_columns([example.list_sparse(*what) for what in lists]),
        *[example.list_dense(*what, what[0] in empty) for what in rows],
    )


def _columns(triples: list[tuple[Array, Array, Array]]) -> list[Array]:
    """All indices, then all values, then all shapes."""
    return [part for parts in zip(*triples, strict=True) for part in parts]


# --- ParseSequenceExample ---
PARSE_BATCH = define(
    "ParseSequenceExample(serialized: string, debug_name: string, context_dense_defaults: "
    "Tcontext_dense..., *, feature_list_dense_missing_assumed_empty: list(string), "
    "context_sparse_keys: list(string), context_dense_keys: list(string), "
    "feature_list_sparse_keys: list(string), feature_list_dense_keys: list(string), "
    f"{_COUNTS}, {_TYPES}, Tcontext_dense: list(type) = []) -> {_OUTPUTS}, "
    "feature_list_dense_lengths: Nfeature_list_dense*int64",
    feature_list_dense_missing_assumed_empty=0,
    context_sparse_keys=0,
    context_dense_keys=0,
    feature_list_sparse_keys=0,
    feature_list_dense_keys=0,
    Ncontext_sparse=0,
    Ncontext_dense=0,
    Nfeature_list_sparse=0,
    Nfeature_list_dense=0,
    context_sparse_types=TYPES,
    Tcontext_dense=TYPES,
    feature_list_dense_types=TYPES,
    context_dense_shapes=0,
    feature_list_sparse_types=TYPES,
    feature_list_dense_shapes=0,
).no_gradient("reads bytes", raises=True)


@PARSE_BATCH.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    lead = need_rank(dims, 1, f"Expected serialized to be a vector, got shape: {text(dims)}")
    need_rank(op.inputs[1].dims, 1)
    return _shapes(op, lead) + [lead] * op.attrs["Nfeature_list_dense"]


def _texts(keys: Sequence[str]) -> list[bytes]:
    return [as_bytes(key) for key in keys]


@PARSE_BATCH.numpy
def _(
    serialized: Array,
    debug_name: Array,
    context_dense_defaults: Sequence[Array],
    *,
    feature_list_dense_missing_assumed_empty: list[str],
    context_sparse_keys: list[str],
    context_dense_keys: list[str],
    feature_list_sparse_keys: list[str],
    feature_list_dense_keys: list[str],
    context_sparse_types: list[DType],
    Tcontext_dense: list[DType],  # noqa: N803 (TensorFlow's attribute)
    feature_list_dense_types: list[DType],
    context_dense_shapes: list[Any],
    feature_list_sparse_types: list[DType],
    feature_list_dense_shapes: list[Any],
) -> tuple[Array, ...]:
    examples = batch.ExampleBatch(items(serialized), items(debug_name))
    empty = set(_texts(feature_list_dense_missing_assumed_empty))
    batch.check_defaults(context_dense_defaults, context_dense_shapes)
    sparse = zip(_texts(context_sparse_keys), context_sparse_types, strict=True)
    dense = zip(
        _texts(context_dense_keys), Tcontext_dense, context_dense_shapes, context_dense_defaults,
        strict=True,
    )  # fmt: skip
    lists = zip(_texts(feature_list_sparse_keys), feature_list_sparse_types, strict=True)
    rows = zip(
        _texts(feature_list_dense_keys), feature_list_dense_types, feature_list_dense_shapes,
        strict=True,
    )  # fmt: skip
    context = _columns([examples.context_sparse(*what) for what in sparse])
    context += [examples.context_dense(*what) for what in dense]
    found = _columns([examples.list_sparse(*what) for what in lists])
    pairs = [examples.list_dense(*what, what[0] in empty) for what in rows]
    return (*context, *found, *[values for values, _ in pairs], *[sizes for _, sizes in pairs])
