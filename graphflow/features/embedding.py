"""Columns that make a dense tensor of ids: combinations of the rows of a table."""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.dtypes import float32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.features import checks
from graphflow.features.bases import IdWeightPair, TensorSequenceLengthPair
from graphflow.features.steps import need_sequence, refuse_sequence, sequence_length
from graphflow.features.styles import NewDense, NewSequence, OldDense, OldSequence, spec_of
from graphflow.nets.initializers import TruncatedNormal
from graphflow.nets.layer import Layer
from graphflow.ops.embedding_sparse import safe_embedding_lookup_sparse
from graphflow.ops.partitioned_variables import PartitionedVariable
from graphflow.ops.variable_scope import get_variable, get_variable_scope
from graphflow.training.init_from_checkpoint import init_from_checkpoint

KIND = "embedding_column"
"""What errors call the columns here."""


def lookup(column: Any, ids: Any, weights: Any, table: Any) -> Tensor:
    """Returns the combination of rows for each example, of the width of the table.

    Args:
        column: has `name`, `combiner` and `max_norm`.
        ids: a SparseTensor.
        weights: their weights, or None.
        table: the variable.
    """
    return safe_embedding_lookup_sparse(
        table,
        ids,
        weights,
        combiner=column.combiner,
        name=f"{column.name}_weights",
        max_norm=column.max_norm,
    )


def restore(table: Any, checkpoint: Any, name: Any) -> None:
    """Makes a table's initializer read a checkpoint, where one is given."""
    if checkpoint is None:
        return
    parts = list(table) if isinstance(table, PartitionedVariable) else table
    init_from_checkpoint(checkpoint, {name: parts})


class TableColumn:
    """What columns of rows of a table have in common; subclasses have `_table` and `_size`."""

    def _spec(self: Any, new: bool) -> dict[str, Any]:
        return spec_of(self.categorical_column, new)

    def _transformed(self: Any, inputs: Any) -> Any:
        return inputs.get(self.categorical_column)

    def _looked_up(self, inputs: Any) -> Tensor:
        raise NotImplementedError

    def _dense(self, inputs: Any) -> Tensor:
        refuse_sequence(self, KIND, inputs.new)
        return self._looked_up(inputs)

    def _parents(self: Any) -> list[Any]:
        return [self.categorical_column]

    def _sequence(self: Any, inputs: Any) -> TensorSequenceLengthPair:
        need_sequence(self, KIND, inputs.new)
        dense = self._looked_up(inputs)
        ids = inputs.ids(self.categorical_column).id_tensor
        return TensorSequenceLengthPair(dense, sequence_length(ids))


class _Embedding(TableColumn):
    def _named(self: Any) -> str:
        return f"{self.categorical_column.name}_embedding"

    def _size(self: Any, new: bool) -> TensorShape:
        return TensorShape([self.dimension])

    def _looked_up(self: Any, inputs: Any) -> Tensor:
        found: Tensor = self._combined(inputs, inputs.ids(self.categorical_column))
        return found

    def _combined(self: Any, inputs: Any, pair: IdWeightPair) -> Tensor:
        table = self._table(inputs)
        restore(table, self.ckpt_to_load_from, self.tensor_name_in_ckpt)
        return lookup(self, pair.id_tensor, pair.weight_tensor, table)

    def _table(self, inputs: Any) -> Any:
        raise NotImplementedError


class EmbeddingColumn(
    NewDense,
    NewSequence,
    _Embedding,
    namedtuple(
        "_EmbeddingFields",
        (
            "categorical_column",
            "dimension",
            "combiner",
            "initializer",
            "ckpt_to_load_from",
            "tensor_name_in_ckpt",
            "max_norm",
            "trainable",
        ),
    ),
):
    """A column of rows of a table; see `embedding_column`."""

    def _sequence(self, inputs: Any) -> TensorSequenceLengthPair:
        need_sequence(self, KIND, inputs.new)
        pair = inputs.ids(self.categorical_column)
        dense = self._combined(inputs, pair)
        return TensorSequenceLengthPair(dense, sequence_length(pair.id_tensor))

    def create_state(self, state_manager: Any) -> None:
        """Makes the table, with the state manager."""
        state_manager.create_variable(
            self,
            name="embedding_weights",
            shape=(self._rows(), self.dimension),
            dtype=float32,
            trainable=self.trainable,
            use_resource=True,
            initializer=self.initializer,
        )

    def _rows(self) -> int:
        column = self.categorical_column
        rows: int = column.num_buckets if hasattr(column, "num_buckets") else column._num_buckets
        return rows

    def _table(self, inputs: Any) -> Any:
        if inputs.new:
            return inputs.state_manager.get_variable(self, name="embedding_weights")
        return own_table(self, inputs)


def own_table(column: Any, inputs: Any) -> Any:
    """Returns a new table in the present variable scope, as the old family makes it."""
    collections = inputs.weight_collections
    if collections and GraphKeys.GLOBAL_VARIABLES not in collections:
        collections.append(GraphKeys.GLOBAL_VARIABLES)
    return get_variable(
        "embedding_weights",
        (column.categorical_column._num_buckets, column.dimension),
        float32,
        initializer=column.initializer,
        trainable=column.trainable and inputs.trainable,
        collections=collections,
    )


class _EmbeddingColumn(
    OldDense,
    OldSequence,
    _Embedding,
    namedtuple(
        "_OldEmbeddingFields",
        (
            "categorical_column",
            "dimension",
            "combiner",
            "layer_creator",
            "ckpt_to_load_from",
            "tensor_name_in_ckpt",
            "max_norm",
            "trainable",
        ),
    ),
):
    """A column of rows of a table, of the old family."""

    def _table(self, inputs: Any) -> Any:
        return self.layer_creator(
            weight_collections=inputs.weight_collections, scope=get_variable_scope()
        )


class TableLayer(Layer):
    """The layer that has the table of one embedding column of the old family.

    Args:
        embedding_shape: the table's rows and width.
        initializer: makes its first value.
        weight_collections: the collections it goes into, besides those of all variables.
        trainable: whether optimizers change it.
        name: the layer's name.
    """

    def __init__(
        self,
        embedding_shape: Any,
        initializer: Any,
        weight_collections: Any = None,
        trainable: bool = True,
        name: Any = None,
    ) -> None:
        super().__init__(trainable=trainable, name=name)
        self._embedding_shape = embedding_shape
        self._initializer = initializer
        self._weight_collections = weight_collections

    def build(self, input_shape: Any) -> None:
        """Makes the table."""
        self._table = self.add_weight(
            "embedding_weights", self._embedding_shape, float32, self._initializer
        )
        add_to_collections(self._table, self._weight_collections or ())
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Returns the table."""
        return self._table


def add_to_collections(variable: Any, collections: Any) -> None:
    """Adds a variable, or its parts, to collections; where all variables are, it is already."""
    parts = list(variable) if isinstance(variable, PartitionedVariable) else [variable]
    for collection in collections:
        if collection != GraphKeys.GLOBAL_VARIABLES:
            for part in parts:
                scopes.add_to_collection(collection, part)


def checked_initializer(initializer: Any, dimension: int, where: str = "") -> Any:
    """Returns a table's initializer; None: truncated normal numbers of size 1 / sqrt(width).

    Raises:
        ValueError: if it is no function; the message ends with `where`.
    """
    if initializer is None:
        return TruncatedNormal(mean=0.0, stddev=1 / math.sqrt(dimension))
    if not callable(initializer):
        raise ValueError(f"initializer must be callable if specified.{where}")
    return initializer


@export("feature_column.embedding_column")
def embedding_column(
    categorical_column: Any,
    dimension: Any,
    combiner: str = "mean",
    initializer: Any = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: Any = None,
    trainable: bool = True,
) -> EmbeddingColumn:
    """Returns a dense column of the rows of a table that ids name.

    Args:
        categorical_column: has the ids.
        dimension: the width of a row.
        combiner: how the rows of one example become one: "mean", "sqrtn" or "sum".
        initializer: makes the table's first value; None: truncated normal numbers of size
            1 / sqrt(dimension).
        ckpt_to_load_from: a checkpoint that the table starts with; None: none.
        tensor_name_in_ckpt: the table's name there.
        max_norm: rows whose Euclidean norm is larger are scaled down to it; None: none are.
        trainable: whether optimizers change the table.

    Raises:
        ValueError: if the width is below 1, only one of checkpoint and name is given, or the
            initializer is no function.
    """
    checks.check_dimension(dimension)
    checks.check_checkpoint(ckpt_to_load_from, tensor_name_in_ckpt)
    where = f" Embedding of column_name: {categorical_column.name}"
    return EmbeddingColumn(
        categorical_column,
        dimension,
        combiner,
        checked_initializer(initializer, dimension, where),
        ckpt_to_load_from,
        tensor_name_in_ckpt,
        max_norm,
        trainable,
    )


def _embedding_column(
    categorical_column: Any,
    dimension: Any,
    combiner: str = "mean",
    initializer: Any = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: Any = None,
    trainable: bool = True,
) -> _EmbeddingColumn:
    checks.check_dimension(dimension)
    checks.check_checkpoint(ckpt_to_load_from, tensor_name_in_ckpt)
    where = f" Embedding of column_name: {categorical_column.name}"
    made_by = checked_initializer(initializer, dimension, where)
    shape = (categorical_column._num_buckets, dimension)

    def create(weight_collections: Any, scope: Any) -> Any:
        layer = TableLayer(
            shape, made_by, weight_collections, trainable, name="embedding_column_layer"
        )
        return layer(None, scope=scope)

    return _EmbeddingColumn(
        categorical_column,
        dimension,
        combiner,
        create,
        ckpt_to_load_from,
        tensor_name_in_ckpt,
        max_norm,
        trainable,
    )
