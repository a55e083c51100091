"""Embedding columns that share one table."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import float32
from graphflow.core.eager_switch import executing_eagerly
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.features import checks
from graphflow.features.bases import CategoricalColumn, _CategoricalColumn
from graphflow.features.combined import WeightedCategoricalColumn, _WeightedCategoricalColumn
from graphflow.features.embedding import (
    TableColumn,
    checked_initializer,
    lookup,
    own_table,
    restore,
)
from graphflow.features.styles import NewDense, NewSequence, OldDense, OldSequence, count_of
from graphflow.ops.variable_scope import get_variable


class _Shared(TableColumn):
    """Looks up in the scope of its own name, so that one table serves many nodes."""

    def _named(self: Any) -> str:
        return f"{self.categorical_column.name}_shared_embedding"

    def _looked_up(self: Any, inputs: Any) -> Tensor:
        with scopes.name_scope(None, default_name=self._named()):
            ids, weights = inputs.ids(self.categorical_column)
            return lookup(self, ids, weights, self._table(inputs))

    def _table(self, inputs: Any) -> Any:
        raise NotImplementedError


# --- tables that a collection of the graph shares ---
class _SharedEmbeddingColumn(
    OldDense,
    OldSequence,
    _Shared,
    namedtuple(
        "_OldSharedFields",
        (
            "categorical_column",
            "dimension",
            "combiner",
            "initializer",
            "shared_embedding_collection_name",
            "ckpt_to_load_from",
            "tensor_name_in_ckpt",
            "max_norm",
            "trainable",
        ),
    ),
):
    """A column of rows of a shared table; see `shared_embedding_columns`."""

    @property
    def _var_scope_name(self) -> str:
        name: str = self.shared_embedding_collection_name
        return name

    def _size(self, new: bool) -> TensorShape:
        return TensorShape([self.dimension])

    def _table(self, inputs: Any) -> Any:
        shared = scopes.get_collection(self.shared_embedding_collection_name)
        if shared:
            table = self._checked(shared)
        else:
            table = own_table(self, inputs)
            scopes.add_to_collection(self.shared_embedding_collection_name, table)
        restore(table, self.ckpt_to_load_from, self.tensor_name_in_ckpt)
        return table

    def _checked(self, shared: list[Any]) -> Any:
        advice = (
            "Suggested fix A: Choose a unique name for this collection. Suggested fix B: Do not "
            "add any variables to this collection. The feature_column library already adds a "
            "variable under the hood."
        )
        if len(shared) > 1:
            raise ValueError(f"Collection {shared} can only contain one variable. {advice}")
        shape = (self.categorical_column._num_buckets, self.dimension)
        if shared[0].get_shape() != shape:
            raise ValueError(
                f"Shared embedding collection {self.shared_embedding_collection_name} contains "
                f"variable {shared[0].name} of unexpected shape {shared[0].get_shape()}. "
                f"Expected shape is {shape}. {advice}"
            )
        return shared[0]


def _without_weights(column: Any) -> Any:
    if isinstance(column, WeightedCategoricalColumn | _WeightedCategoricalColumn):
        return column.categorical_column
    return column


def _check_alike(columns: list[Any], new: bool) -> int:
    """The number of ids, the same in all columns."""
    first, count = columns[0], count_of(columns[0], new)
    if not isinstance(first, CategoricalColumn if new else _CategoricalColumn):
        raise ValueError(
            "All categorical_columns must be subclasses of "
            f"{'' if new else '_'}CategoricalColumn. Given: {first}, of type: {type(first)}"
        )
    first = _without_weights(first)
    for column in map(_without_weights, columns[1:]):
        if not isinstance(column, type(first)):
            raise ValueError(
                "To use shared_embedding_column, all categorical_columns must have the same type, "
                f"or be weighted_categorical_column of the same type. Given column: {first} of "
                f"type: {type(first)} does not match given column: {column} of type: "
                f"{type(column)}"
            )
        if count != count_of(column, new):
            raise ValueError(
                "To use shared_embedding_column, all categorical_columns must have the same "
                f"number of buckets. Given column: {first} with buckets: {count} does  not match "
                f"column: {column} with buckets: {count_of(column, new)}"
            )
    return count


def _checked(
    categorical_columns: Any,
    dimension: Any,
    initializer: Any,
    collection: str | None,
    checkpoint: tuple[Any, Any],
    new: bool,
) -> tuple[int, Any, str]:
    """The number of ids, the initializer and the shared name."""
    if executing_eagerly():
        raise RuntimeError(
            "shared_embedding_columns are not supported when eager execution is enabled."
        )
    checks.check_dimension(dimension)
    checks.check_checkpoint(*checkpoint)
    made_by = checked_initializer(initializer, dimension)
    ordered = sorted(categorical_columns, key=lambda column: str(column.name))
    count = _check_alike(ordered, new)
    if not collection:
        collection = "_".join(column.name for column in ordered) + "_shared_embedding"
    return count, made_by, collection


@export("feature_column.shared_embedding_columns")
def shared_embedding_columns(
    categorical_columns: Any,
    dimension: Any,
    combiner: str = "mean",
    initializer: Any = None,
    shared_embedding_collection_name: str | None = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: Any = None,
    trainable: bool = True,
) -> list[Any]:
    """Returns a dense column for each column of ids, all with rows of the same table.

    Args:
        categorical_columns: have the ids; all of one kind, and with the same number of ids.
        dimension: the width of a row.
        combiner: how the rows of one example become one: "mean", "sqrtn" or "sum".
        initializer: makes the table's first value; None: truncated normal numbers of size
            1 / sqrt(dimension).
        shared_embedding_collection_name: the graph's collection that the table is in, and the
            table's variable scope; None: the names of the columns.
        ckpt_to_load_from: a checkpoint that the table starts with; None: none.
        tensor_name_in_ckpt: the table's name there.
        max_norm: rows whose Euclidean norm is larger are scaled down to it; None: none are.
        trainable: whether optimizers change the table.

    Raises:
        ValueError: if the columns differ in kind or number of ids, the width is below 1, only one
            of checkpoint and name is given, or the initializer is no function.
        RuntimeError: if operations run at once.
    """
    _, made_by, name = _checked(
        categorical_columns,
        dimension,
        initializer,
        shared_embedding_collection_name,
        (ckpt_to_load_from, tensor_name_in_ckpt),
        new=False,
    )
    return [
        _SharedEmbeddingColumn(
            column,
            dimension,
            combiner,
            made_by,
            name,
            ckpt_to_load_from,
            tensor_name_in_ckpt,
            max_norm,
            trainable,
        )
        for column in categorical_columns
    ]


# --- tables that an object shares ---
class SharedEmbeddingColumnCreator:
    """Makes columns that share one table, and the table in each graph.

    Args:
        dimension: the width of a row.
        initializer: makes the table's first value.
        ckpt_to_load_from: a checkpoint that it starts with, or None.
        tensor_name_in_ckpt: its name there.
        num_buckets: the number of rows.
        trainable: whether optimizers change it.
        name: the variable's name.
    """

    def __init__(
        self,
        dimension: int,
        initializer: Any,
        ckpt_to_load_from: Any,
        tensor_name_in_ckpt: Any,
        num_buckets: int,
        trainable: bool,
        name: str = "shared_embedding_column_creator",
    ) -> None:
        self._dimension = dimension
        self._initializer = initializer
        self._checkpoint = ckpt_to_load_from, tensor_name_in_ckpt
        self._num_buckets = num_buckets
        self._trainable = trainable
        self._name = name
        self._tables: dict[int, Any] = {}

    def __call__(self, categorical_column: Any, combiner: str, max_norm: Any) -> Any:
        """Returns a column of the rows that ids name."""
        return SharedEmbeddingColumn(categorical_column, self, combiner, max_norm)

    @property
    def embedding_weights(self) -> Any:
        """The table in the default graph; it is made on first use."""
        key = id(scopes.get_default_graph())
        if key not in self._tables:
            table = get_variable(
                self._name,
                (self._num_buckets, self._dimension),
                float32,
                initializer=self._initializer,
                trainable=self._trainable,
            )
            restore(table, *self._checkpoint)
            self._tables[key] = table
        return self._tables[key]

    @property
    def dimension(self) -> int:
        """The width of a row."""
        return self._dimension


class SharedEmbeddingColumn(
    NewDense,
    NewSequence,
    _Shared,
    namedtuple(
        "_SharedFields",
        ("categorical_column", "shared_embedding_column_creator", "combiner", "max_norm"),
    ),
):
    """A column of rows of a shared table; see `shared_embedding_columns_v2`."""

    @property
    def _is_v2_column(self) -> bool:
        return True

    def _size(self, new: bool) -> TensorShape:
        _only_new(new)
        return TensorShape([self.shared_embedding_column_creator.dimension])

    def _spec(self, new: bool) -> dict[str, Any]:
        _only_new(new)
        return super()._spec(new)

    def _transformed(self, inputs: Any) -> Any:
        _only_new(inputs.new)
        return super()._transformed(inputs)

    def _looked_up(self, inputs: Any) -> Tensor:
        _only_new(inputs.new)
        return super()._looked_up(inputs)

    def _table(self, inputs: Any) -> Any:
        return self.shared_embedding_column_creator.embedding_weights

    def _get_config(self) -> dict[str, Any]:
        raise NotImplementedError

    @classmethod
    def _from_config(
        cls, config: Any, custom_objects: Any = None, columns_by_name: Any = None
    ) -> Any:
        raise NotImplementedError


def _only_new(new: bool) -> None:
    if not new:
        raise ValueError(
            "SharedEmbeddingColumns are not supported in `linear_model` or `input_layer`. Please "
            "use `DenseFeatures` or `LinearModel` instead."
        )


def shared_embedding_columns_v2(
    categorical_columns: Any,
    dimension: Any,
    combiner: str = "mean",
    initializer: Any = None,
    shared_embedding_collection_name: str | None = None,
    ckpt_to_load_from: Any = None,
    tensor_name_in_ckpt: Any = None,
    max_norm: Any = None,
    trainable: bool = True,
) -> list[SharedEmbeddingColumn]:
    """As `shared_embedding_columns`, of the new family: an object shares the table."""
    count, made_by, name = _checked(
        categorical_columns,
        dimension,
        initializer,
        shared_embedding_collection_name,
        (ckpt_to_load_from, tensor_name_in_ckpt),
        new=True,
    )
    creator = SharedEmbeddingColumnCreator(
        dimension, made_by, ckpt_to_load_from, tensor_name_in_ckpt, count, trainable, name
    )
    return [creator(column, combiner, max_norm) for column in categorical_columns]
