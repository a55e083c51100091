"""The column that makes a dense tensor of ids: how often each of them is there."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.features.bases import FeatureColumn, TensorSequenceLengthPair
from graphflow.features.steps import need_sequence, refuse_sequence, sequence_length
from graphflow.features.styles import (
    NewDense,
    NewSequence,
    OldDense,
    OldSequence,
    count_of,
    spec_of,
)
from graphflow.ops.gather_nd import scatter_nd
from graphflow.ops.one_hot import one_hot
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.sparse_concat import sparse_slice
from graphflow.ops.sparse_rows import sparse_merge
from graphflow.ops.sparse_to_dense import sparse_tensor_to_dense

_KIND = "indicator_column"


class _Indicator(namedtuple("_Indicator", ("categorical_column",))):
    def _named(self) -> str:
        return f"{self.categorical_column.name}_indicator"

    def _spec(self, new: bool) -> dict[str, Any]:
        return spec_of(self.categorical_column, new)

    def _size(self, new: bool) -> TensorShape:
        column = self.categorical_column
        return TensorShape([1, count_of(column, new and isinstance(column, FeatureColumn))])

    def _transformed(self, inputs: Any) -> Tensor:
        ids, weights = inputs.ids(self.categorical_column)
        size = self._size(isinstance(self.categorical_column, FeatureColumn))
        if weights is not None:
            merged = sparse_merge(ids, weights, vocab_size=int(size[-1]))
            # sparse_merge may say a larger size than there is room for; the slice mends it.
            merged = sparse_slice(merged, [0, 0], merged.dense_shape)
            return scatter_nd(merged.indices, merged.values, merged.dense_shape)
        dense = sparse_tensor_to_dense(ids, default_value=-1)
        each = one_hot(dense, depth=size[-1], on_value=1.0, off_value=0.0)
        found: Tensor = reduce_sum(each, axis=[-2])
        return found

    def _dense(self, inputs: Any) -> Tensor:
        refuse_sequence(self, _KIND, inputs.new)
        found: Tensor = inputs.get(self)
        return found

    def _sequence(self, inputs: Any) -> TensorSequenceLengthPair:
        need_sequence(self, _KIND, inputs.new)
        dense = inputs.get(self)
        ids = inputs.ids(self.categorical_column).id_tensor
        return TensorSequenceLengthPair(dense, sequence_length(ids))


class IndicatorColumn(NewDense, NewSequence, _Indicator):
    """A column of numbers of ids; see `indicator_column`."""

    def _parents(self) -> list[Any]:
        return [self.categorical_column]


class _IndicatorColumn(OldDense, OldSequence, _Indicator):
    """A column of numbers of ids, of the old family."""


@export("feature_column.indicator_column")
def indicator_column(categorical_column: Any) -> IndicatorColumn:
    """Returns a dense column that says how often each id is there, or the sum of its weights.

    Args:
        categorical_column: has the ids.
    """
    return IndicatorColumn(categorical_column)


def _indicator_column(categorical_column: Any) -> _IndicatorColumn:
    return _IndicatorColumn(categorical_column)
