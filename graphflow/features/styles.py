"""How columns answer both families' questions, each from one description of what they do.

A column has some of these hooks, and the classes here the methods that programs call:

    _named()          its name
    _parents()        the columns and keys that it reads, of the new family
    _spec(new)        what `tf.parse_example` must read; `new`: asked by the new family
    _transformed(r)   what it makes of the features that a reader gives
    _size(new)        the shape of one example, of a dense column
    _dense(r)         its tensor
    _count(new)       the number of ids, of a categorical column
    _ids(r)           its ids and weights
    _sequence(r)      tensor and lengths, of a sequence column
"""

from __future__ import annotations

from typing import Any

from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.features import bases
from graphflow.features.bases import IdWeightPair, TensorSequenceLengthPair, is_new
from graphflow.features.reading import NewReader, OldReader


# --- what the old family asks ---
class OldColumn(bases._FeatureColumn):
    """A column with hooks, as the old family sees it."""

    @property
    def name(self: Any) -> str:
        """The name, also of the variable scope."""
        name: str = self._named()
        return name

    @property
    def _parse_example_spec(self: Any) -> dict[str, Any]:
        spec: dict[str, Any] = self._spec(False)
        return spec

    def _transform_feature(self: Any, inputs: Any) -> Any:
        return self._transformed(OldReader(inputs))


class OldDense(OldColumn, bases._DenseColumn):
    """A dense column with hooks, as the old family sees it."""

    @property
    def _variable_shape(self: Any) -> TensorShape:
        shape: TensorShape = self._size(False)
        return shape

    def _get_dense_tensor(
        self: Any, inputs: Any, weight_collections: Any = None, trainable: Any = None
    ) -> Tensor:
        tensor: Tensor = self._dense(OldReader(inputs, weight_collections, trainable))
        return tensor


class OldCategorical(OldColumn, bases._CategoricalColumn):
    """A categorical column with hooks, as the old family sees it."""

    @property
    def _num_buckets(self: Any) -> int:
        count: int = self._count(False)
        return count

    def _get_sparse_tensors(
        self: Any, inputs: Any, weight_collections: Any = None, trainable: Any = None
    ) -> IdWeightPair:
        pair: IdWeightPair = self._ids(OldReader(inputs, weight_collections, trainable))
        return pair


class OldSequence(OldColumn, bases._SequenceDenseColumn):
    """A sequence column with hooks, as the old family sees it."""

    def _get_sequence_dense_tensor(
        self: Any, inputs: Any, weight_collections: Any = None, trainable: Any = None
    ) -> TensorSequenceLengthPair:
        reader = OldReader(inputs, weight_collections, trainable)
        pair: TensorSequenceLengthPair = self._sequence(reader)
        return pair


# --- what the new family asks ---
class NewOnly(bases.FeatureColumn):
    """A column with hooks, as the new family sees it."""

    @property
    def name(self: Any) -> str:
        """The name, also of the variable scope."""
        name: str = self._named()
        return name

    @property
    def parse_example_spec(self: Any) -> dict[str, Any]:
        """What `tf.parse_example` must read."""
        spec: dict[str, Any] = self._spec(True)
        return spec

    def transform_feature(self: Any, transformation_cache: Any, state_manager: Any) -> Any:
        """Returns what the column makes of the features that the cache gives."""
        return self._transformed(NewReader(transformation_cache, state_manager))

    @property
    def parents(self: Any) -> list[Any]:
        """The columns and the keys of features that it reads."""
        parents: list[Any] = self._parents()
        return parents

    @property
    def _is_v2_column(self) -> bool:
        return all(isinstance(parent, str) or is_new(parent) for parent in self.parents)

    def _get_config(self: Any) -> dict[str, Any]:
        from graphflow.features.serialization import config_of

        return config_of(self)

    @classmethod
    def _from_config(
        cls: Any, config: Any, custom_objects: Any = None, columns_by_name: Any = None
    ) -> Any:
        from graphflow.features.serialization import arguments_of

        return cls(**arguments_of(cls, config, custom_objects, columns_by_name))


class NewDense(NewOnly, bases.DenseColumn, OldDense):
    """A dense column with hooks, as both families see it."""

    @property
    def variable_shape(self: Any) -> TensorShape:
        """The shape of one example."""
        shape: TensorShape = self._size(True)
        return shape

    def get_dense_tensor(self: Any, transformation_cache: Any, state_manager: Any) -> Tensor:
        """Returns the tensor, [batch, ...]."""
        tensor: Tensor = self._dense(NewReader(transformation_cache, state_manager))
        return tensor


class NewCategorical(NewOnly, bases.CategoricalColumn, OldCategorical):
    """A categorical column with hooks, as both families see it."""

    @property
    def num_buckets(self: Any) -> int:
        """How many ids there are."""
        count: int = self._count(True)
        return count

    def get_sparse_tensors(
        self: Any, transformation_cache: Any, state_manager: Any
    ) -> IdWeightPair:
        """Returns the ids and their weights."""
        pair: IdWeightPair = self._ids(NewReader(transformation_cache, state_manager))
        return pair


class NewSequenceOnly(NewOnly, bases.SequenceDenseColumn):
    """A sequence column with hooks, as the new family sees it."""

    def get_sequence_dense_tensor(
        self: Any, transformation_cache: Any, state_manager: Any
    ) -> TensorSequenceLengthPair:
        """Returns the tensor, [batch, steps, ...], and the lengths."""
        reader = NewReader(transformation_cache, state_manager)
        pair: TensorSequenceLengthPair = self._sequence(reader)
        return pair


class NewSequence(NewSequenceOnly, OldSequence):
    """A sequence column with hooks, as both families see it."""


def spec_of(column: Any, new: bool) -> dict[str, Any]:
    """Returns what `tf.parse_example` must read for a column, as one family asks."""
    spec: dict[str, Any] = column.parse_example_spec if new else column._parse_example_spec
    return spec


def count_of(column: Any, new: bool) -> int:
    """Returns the number of a column's ids, as one family asks."""
    count: int = column.num_buckets if new else column._num_buckets
    return count
