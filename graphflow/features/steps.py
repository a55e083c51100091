"""Columns of ids of steps: what a sequence has, how long it is, and who may read it."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import int64
from graphflow.core.tensor import Tensor
from graphflow.features.bases import FeatureColumn, IdWeightPair
from graphflow.features.styles import NewCategorical, OldCategorical, count_of, spec_of
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.fill import ones_like, zeros
from graphflow.ops.reduce import reduce_prod
from graphflow.ops.rounding import ceil
from graphflow.ops.segment import segment_max
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.sparse_reshape import sparse_reshape


class _Sequence(namedtuple("_Sequence", ("categorical_column",))):
    """The ids of a column, as [batch, steps, ids of a step]."""

    def _named(self) -> str:
        name: str = self.categorical_column.name
        return name

    def _spec(self, new: bool) -> dict[str, Any]:
        return spec_of(self.categorical_column, new)

    def _transformed(self, inputs: Any) -> Any:
        return inputs.transformed(self.categorical_column)

    def _count(self, new: bool) -> int:
        return count_of(self.categorical_column, new)

    def _ids(self, inputs: Any) -> IdWeightPair:
        ids, weights = inputs.ids(self.categorical_column)
        sizes = shape_of(ids)
        target = [sizes[0], sizes[1], reduce_prod(sizes[2:])]
        ids = sparse_reshape(ids, target)
        if weights is not None:
            weights = sparse_reshape(weights, target)
        return IdWeightPair(ids, weights)


class _SequenceCategoricalColumn(OldCategorical, _Sequence):
    """A column of ids of each step, of the old family."""


class SequenceCategoricalColumn(NewCategorical, _Sequence):
    """A column of ids of each step; see `sequence_categorical_column_with_identity`."""

    def _parents(self) -> list[Any]:
        return [self.categorical_column]


def is_sequence(column: Any) -> bool:
    """Whether a categorical column has ids of steps."""
    return isinstance(column, SequenceCategoricalColumn | _SequenceCategoricalColumn)


def refuse_sequence(column: Any, kind: str, new: bool) -> None:
    """Checks that a dense column has no ids of steps.

    Args:
        column: the column that has `categorical_column`.
        kind: "embedding_column" or "indicator_column".
        new: whether the new family asks.

    Raises:
        ValueError: if it has.
    """
    inner = column.categorical_column
    if not is_sequence(inner):
        return
    dense, sequence = _layers(column)
    raise ValueError(
        f"In {kind}: {column.name}. categorical_column must not be of type "
        f"{'' if new else '_'}SequenceCategoricalColumn. Suggested fix A: If you wish to use "
        f"{dense}, use a non-sequence categorical_column_with_*. Suggested fix B: If you wish to "
        f"create sequence input, use {sequence} instead of {dense}. "
        f"Given (type {type(inner)}): {inner}"
    )


def need_sequence(column: Any, kind: str, new: bool) -> None:
    """Checks that a sequence column has ids of steps.

    Args:
        column: the column that has `categorical_column`.
        kind: "embedding_column" or "indicator_column".
        new: whether the new family asks.

    Raises:
        ValueError: if it has not.
    """
    inner = column.categorical_column
    if is_sequence(inner):
        return
    old_words = kind == "indicator_column" or not isinstance(column, FeatureColumn)
    raise ValueError(
        f"In {kind}: {column.name}. categorical_column must be of type "
        f"{'_' if old_words and not new else ''}SequenceCategoricalColumn to use "
        f"{_layers(column)[1]}. Suggested fix: Use one of sequence_categorical_column_with_*. "
        f"Given (type {type(inner)}): {inner}"
    )


def _layers(column: Any) -> tuple[str, str]:
    if isinstance(column, FeatureColumn):
        return "DenseFeatures", "SequenceFeatures"
    return "input_layer", "sequence_input_layer"


def sequence_length(x: Any, num_elements: int = 1) -> Tensor:
    """Returns how many steps each row of a SparseTensor has: behind its last element is nothing.

    Args:
        x: a SparseTensor [batch, steps * num_elements, ...].
        num_elements: how many elements of the second axis are one step.

    Returns:
        int64, [batch].
    """
    with scopes.name_scope(None, "sequence_length") as scope:
        rows = x.indices[:, 0]
        places = x.indices[:, 1]
        places += ones_like(places)
        last = segment_max(places, rows)
        lengths = cast(ceil(last / num_elements), int64)
        behind = shape_of(x)[:1] - shape_of(lengths)[:1]
        return concat([lengths, zeros(behind, dtype=lengths.dtype)], axis=0, name=scope)
