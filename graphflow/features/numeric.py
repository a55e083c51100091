"""Columns of numbers: as they are, and in buckets."""

from __future__ import annotations

import itertools
from collections import namedtuple
from collections.abc import Callable
from typing import Any

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, float32, int64
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.features import checks
from graphflow.features.bases import IdWeightPair
from graphflow.features.styles import NewCategorical, NewDense, OldCategorical, OldDense, spec_of
from graphflow.ops.cast import cast
from graphflow.ops.one_hot import one_hot
from graphflow.ops.parsing_features import FixedLenFeature
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.stack import stack
from graphflow.ops.tile import tile
from graphflow.ops.transpose import transpose


# --- numbers as they are ---
class _Numeric(namedtuple("_Numeric", ("key", "shape", "default_value", "dtype", "normalizer_fn"))):
    def _named(self) -> str:
        name: str = self.key
        return name

    def _spec(self, new: bool) -> dict[str, Any]:
        return {self.key: FixedLenFeature(self.shape, self.dtype, self.default_value)}

    def _transformed(self, inputs: Any) -> Tensor:
        x = inputs.get(self.key)
        if isinstance(x, SparseTensor):
            raise ValueError(
                "The corresponding Tensor of numerical column must be a Tensor. "
                f"SparseTensor is not supported. key: {self.key}"
            )
        if self.normalizer_fn is not None:
            x = self.normalizer_fn(x)
        found: Tensor = cast(x, float32)
        return found

    def _size(self, new: bool) -> TensorShape:
        return TensorShape(self.shape)

    def _dense(self, inputs: Any) -> Tensor:
        found: Tensor = inputs.get(self)
        return found


class NumericColumn(NewDense, _Numeric):
    """A column of numbers; see `numeric_column`."""

    def _parents(self) -> list[Any]:
        return [self.key]


class _NumericColumn(OldDense, _Numeric):
    """A column of numbers of the old family."""


def _of_numbers(
    make: Callable[..., Any],
    key: Any,
    shape: Any,
    default_value: Any,
    dtype: DType,
    normalizer_fn: Any,
) -> Any:
    sizes = checks.checked_shape(shape, key)
    checks.check_number(dtype, key)
    default_value = checks.checked_default(sizes, default_value, dtype, key)
    checks.check_normalizer(normalizer_fn)
    checks.check_key(key)
    return make(key, sizes, default_value, dtype, normalizer_fn)


@export("feature_column.numeric_column")
def numeric_column(
    key: Any,
    shape: Any = (1,),
    default_value: Any = None,
    dtype: DType = float32,
    normalizer_fn: Any = None,
) -> NumericColumn:
    """Returns a column of a feature of numbers, as float32.

    Args:
        key: the feature's key.
        shape: the sizes of one example.
        default_value: what stands for a missing feature when examples are parsed: one number, or
            numbers of the shape; None: every example must have it.
        dtype: the feature's element type when examples are parsed, of integers or floats.
        normalizer_fn: is applied to the feature; None: nothing is.

    Raises:
        TypeError: if a size is no integer, a default does not fit the type, or the normalizer is
            no function.
        ValueError: if a size is below 1, the default has another shape, or the type is not one
            of numbers.
    """
    column: NumericColumn = _of_numbers(
        NumericColumn, key, shape, default_value, dtype, normalizer_fn
    )
    return column


def _numeric_column(
    key: Any,
    shape: Any = (1,),
    default_value: Any = None,
    dtype: DType = float32,
    normalizer_fn: Any = None,
) -> _NumericColumn:
    column: _NumericColumn = _of_numbers(
        _NumericColumn, key, shape, default_value, dtype, normalizer_fn
    )
    return column


# --- in buckets ---
class _Bucketized(namedtuple("_Bucketized", ("source_column", "boundaries"))):
    def _named(self) -> str:
        return f"{self.source_column.name}_bucketized"

    def _spec(self, new: bool) -> dict[str, Any]:
        return spec_of(self.source_column, new)

    def _transformed(self, inputs: Any) -> Tensor:
        x = inputs.get(self.source_column)
        found: Tensor = apply("Bucketize", x, boundaries=[float(b) for b in self.boundaries])
        return found

    def _size(self, new: bool) -> TensorShape:
        return TensorShape((*self.source_column.shape, self._depth))

    @property
    def _depth(self) -> int:
        return len(self.boundaries) + 1

    def _dense(self, inputs: Any) -> Tensor:
        buckets = cast(inputs.get(self), int64)
        return one_hot(buckets, depth=self._depth, on_value=1.0, off_value=0.0)

    def _count(self, new: bool) -> int:
        wide: int = self.source_column.shape[0]
        return self._depth * wide

    def _ids(self, inputs: Any) -> IdWeightPair:
        """The element in bucket b of place i has the id b + i * (number of buckets)."""
        buckets = inputs.get(self)
        rows, wide = shape_of(buckets)[0], self.source_column.shape[0]
        row = reshape(tile(expand_dims(range_(0, rows), 1), [1, wide]), (-1,))
        place = tile(range_(0, wide), [rows])
        ids = reshape(buckets, (-1,)) + self._depth * place
        indices = cast(transpose(stack((row, place))), int64)
        sizes = cast(stack([rows, wide]), int64)
        return IdWeightPair(SparseTensor(indices, ids, sizes), None)


class BucketizedColumn(NewDense, NewCategorical, _Bucketized):
    """A column of numbers in buckets; see `bucketized_column`."""

    def _parents(self) -> list[Any]:
        return [self.source_column]


class _BucketizedColumn(OldDense, OldCategorical, _Bucketized):
    """A column of numbers in buckets, of the old family."""


def _check_source(source_column: Any, kinds: Any) -> None:
    if not isinstance(source_column, kinds):
        raise ValueError(
            "source_column must be a column generated with numeric_column(). "
            f"Given: {source_column}"
        )
    if len(source_column.shape) > 1:
        raise ValueError(f"source_column must be one-dimensional column. Given: {source_column}")


def _checked_boundaries(boundaries: Any) -> tuple[Any, ...]:
    ordered = isinstance(boundaries, list | tuple) and all(
        a < b for a, b in itertools.pairwise(boundaries)
    )
    if not ordered:
        raise ValueError("boundaries must be a sorted list.")
    return tuple(boundaries)


@export("feature_column.bucketized_column")
def bucketized_column(source_column: Any, boundaries: Any) -> BucketizedColumn:
    """Returns a column that says between which boundaries a number lies.

    Args:
        source_column: a numeric column, of one size.
        boundaries: a list or tuple of increasing numbers; a bucket has its lower one, and there
            is one below the first and one from the last on.

    Raises:
        ValueError: if the column is another, or the boundaries are none or do not increase.
    """
    _check_source(source_column, (NumericColumn, _NumericColumn))
    if not boundaries:
        raise ValueError("boundaries must not be empty.")
    return BucketizedColumn(source_column, _checked_boundaries(boundaries))


def _bucketized_column(source_column: Any, boundaries: Any) -> _BucketizedColumn:
    _check_source(source_column, _NumericColumn)
    if not boundaries:
        raise ValueError("boundaries must be a sorted list.")
    return _BucketizedColumn(source_column, _checked_boundaries(boundaries))
