"""The kinds of feature columns: what is dense, what is categorical, what is a sequence.

There are two families. The new one is handed a cache and a state manager, the old one a builder;
programs subclass both, and a model takes columns of both.
"""

from __future__ import annotations

import abc
from collections import namedtuple
from typing import Any

from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor

IdWeightPair = namedtuple("IdWeightPair", ("id_tensor", "weight_tensor"))
IdWeightPair.__doc__ = "The ids of a categorical column and their weights, as SparseTensors."
TensorSequenceLengthPair = namedtuple(
    "TensorSequenceLengthPair", ("dense_tensor", "sequence_length")
)
TensorSequenceLengthPair.__doc__ = "The values of a sequence column, and how long each sequence is."


Pair = IdWeightPair
Lengths = TensorSequenceLengthPair


class _Sortable:
    """Something that is ordered by how it is shown."""

    def __lt__(self, other: Any) -> bool:
        return str(self) < str(other)

    def __gt__(self, other: Any) -> bool:
        return str(self) > str(other)


# --- the old family ---
class _FeatureColumn(_Sortable, abc.ABC):
    """A feature column of the old family."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """The name, also of the variable scope."""

    @property
    def _var_scope_name(self) -> str:
        return self.name

    @abc.abstractmethod
    def _transform_feature(self, inputs: Any) -> Any:
        """Returns what the column makes of the features that `inputs.get` gives."""

    @property
    @abc.abstractmethod
    def _parse_example_spec(self) -> dict[str, Any]:
        """What `tf.parse_example` must read."""

    def _reset_config(self) -> None:
        """Forgets what a graph left; nothing, by default."""


class _DenseColumn(_FeatureColumn):
    """A column that is a dense tensor."""

    @property
    @abc.abstractmethod
    def _variable_shape(self) -> TensorShape:
        """The shape of one example."""

    @abc.abstractmethod
    def _get_dense_tensor(
        self, inputs: Any, weight_collections: Any = None, trainable: Any = None
    ) -> Tensor:
        """Returns the tensor, [batch, ...]."""


class _CategoricalColumn(_FeatureColumn):
    """A column of ids below some number."""

    IdWeightPair = IdWeightPair

    @property
    @abc.abstractmethod
    def _num_buckets(self) -> int:
        """How many ids there are."""

    @abc.abstractmethod
    def _get_sparse_tensors(
        self, inputs: Any, weight_collections: Any = None, trainable: Any = None
    ) -> Pair:
        """Returns the ids and their weights."""


class _SequenceDenseColumn(_FeatureColumn):
    """A column that is a dense tensor for each step of a sequence."""

    TensorSequenceLengthPair = TensorSequenceLengthPair

    @abc.abstractmethod
    def _get_sequence_dense_tensor(
        self, inputs: Any, weight_collections: Any = None, trainable: Any = None
    ) -> Lengths:
        """Returns the tensor, [batch, steps, ...], and the lengths."""


# --- the new family ---
class FeatureColumn(_Sortable, abc.ABC):
    """A feature column: reads features of a dictionary, and says how to parse them."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """The name, also of the variable scope."""

    @abc.abstractmethod
    def transform_feature(self, transformation_cache: Any, state_manager: Any) -> Any:
        """Returns what the column makes of the features that the cache gives."""

    @property
    @abc.abstractmethod
    def parse_example_spec(self) -> dict[str, Any]:
        """What `tf.parse_example` must read."""

    def create_state(self, state_manager: Any) -> None:
        """Makes the variables, with the state manager; none, by default."""

    @property
    @abc.abstractmethod
    def _is_v2_column(self) -> bool:
        """Whether the column, and all it is made of, is of the new family."""

    @property
    @abc.abstractmethod
    def parents(self) -> list[Any]:
        """The columns and the keys of features that it reads."""

    @abc.abstractmethod
    def _get_config(self) -> dict[str, Any]:
        """Returns what `_from_config` needs to make it again."""

    @classmethod
    def _from_config(
        cls, config: Any, custom_objects: Any = None, columns_by_name: Any = None
    ) -> Any:
        """Returns a column of a configuration; nothing, by default."""


class DenseColumn(FeatureColumn):
    """A column that is a dense tensor."""

    @property
    @abc.abstractmethod
    def variable_shape(self) -> TensorShape:
        """The shape of one example."""

    @abc.abstractmethod
    def get_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Tensor:
        """Returns the tensor, [batch, ...]."""


class CategoricalColumn(FeatureColumn):
    """A column of ids below some number."""

    IdWeightPair = IdWeightPair

    @property
    @abc.abstractmethod
    def num_buckets(self) -> int:
        """How many ids there are."""

    @abc.abstractmethod
    def get_sparse_tensors(self, transformation_cache: Any, state_manager: Any) -> Pair:
        """Returns the ids and their weights."""


class SequenceDenseColumn(FeatureColumn):
    """A column that is a dense tensor for each step of a sequence."""

    TensorSequenceLengthPair = TensorSequenceLengthPair

    @abc.abstractmethod
    def get_sequence_dense_tensor(self, transformation_cache: Any, state_manager: Any) -> Lengths:
        """Returns the tensor, [batch, steps, ...], and the lengths."""


def is_new(column: Any) -> bool:
    """Whether a column, and all it is made of, is of the new family."""
    return isinstance(column, FeatureColumn) and column._is_v2_column


def is_feature_column_v2(feature_columns: Any) -> bool:
    """Returns whether all columns are of the new family."""
    return all(is_new(column) for column in feature_columns)
