"""`linear_model`: the weighted sum of feature columns."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.features.bases import _CategoricalColumn, _DenseColumn
from graphflow.features.embedding import add_to_collections
from graphflow.features.input_layer import as_matrix, with_default_collections
from graphflow.features.model_layer import ModelLayer, parts_of
from graphflow.features.reading import (
    NewReader,
    OldReader,
    _LazyBuilder,
    check_batch_sizes,
    old_columns,
)
from graphflow.nets.initializers import Zeros
from graphflow.nets.layer import Layer
from graphflow.ops.arithmetic import add_n
from graphflow.ops.bias import bias_add
from graphflow.ops.embedding_sparse import safe_embedding_lookup_sparse
from graphflow.ops.matmul import matmul
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.sparse_reshape import sparse_reshape
from graphflow.ops.variable_scope import get_variable_scope, variable_scope


# --- the weighted sum of one column ---
def sum_of_rows(
    column: Any, reader: OldReader | NewReader, sparse_combiner: str, weights: Any
) -> Tensor:
    """Returns the combination of the rows of weights that a categorical column names."""
    ids, weight = reader.ids(column)
    ids = sparse_reshape(ids, [shape_of(ids)[0], -1])
    if weight is not None:
        weight = sparse_reshape(weight, [shape_of(weight)[0], -1])
    return safe_embedding_lookup_sparse(
        weights, ids, weight, combiner=sparse_combiner, name="weighted_sum"
    )


def product(tensor: Tensor, width: Any, weights: Any) -> Tensor:
    """Returns a dense column's tensor times its weights."""
    return matmul(as_matrix(tensor, width), weights, name="weighted_sum")


class _ColumnSum(Layer):
    """The weights of one column, and its weighted sum."""

    def __init__(
        self,
        column: Any,
        units: int,
        sparse_combiner: str,
        weight_collections: Any,
        trainable: bool,
        name: str,
    ) -> None:
        super().__init__(trainable=trainable, name=name)
        self._use_resource_variables = True  # as layers inside a Keras model do
        self._feature_column = column
        self._units = units
        self._sparse_combiner = sparse_combiner
        self._weight_collections = weight_collections

    def _rows(self) -> Any:
        column = self._feature_column
        if isinstance(column, _CategoricalColumn):
            return column._num_buckets
        return column._variable_shape.num_elements()

    def build(self, input_shape: Any) -> None:
        """Makes the weights."""
        self._weight_var = self.add_weight(
            "weights", (self._rows(), self._units), initializer=Zeros()
        )
        add_to_collections(self._weight_var, self._weight_collections)
        self.built = True

    def call(self, builder: Any) -> Tensor:
        """Returns the weighted sum, [batch, units]."""
        column = self._feature_column
        reader = OldReader(builder, self._weight_collections, self.trainable)
        if isinstance(column, _CategoricalColumn):
            return sum_of_rows(column, reader, self._sparse_combiner, self._weight_var)
        tensor = column._get_dense_tensor(
            builder, weight_collections=self._weight_collections, trainable=self.trainable
        )
        return product(tensor, column._variable_shape.num_elements(), self._weight_var)


class _Bias(Layer):
    """What is added to the sum."""

    def __init__(self, units: int, trainable: bool, weight_collections: Any, name: str) -> None:
        super().__init__(trainable=trainable, name=name)
        self._use_resource_variables = True
        self._units = units
        self._weight_collections = weight_collections

    def build(self, input_shape: Any) -> None:
        """Makes the variable."""
        self._bias = self.add_weight("bias_weights", [self._units], initializer=Zeros())
        add_to_collections(self._bias, self._weight_collections)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Returns the variable."""
        return self._bias


def _last_part(name: str) -> str:
    return name.rpartition("/")[2]


class _LinearModel(ModelLayer):
    """The weighted sum of columns that the old family asks.

    Args:
        feature_columns: dense and categorical columns, each with another name.
        units: the width of the sum.
        sparse_combiner: how the weights of one example's ids become one: "sum", "mean" or
            "sqrtn".
        weight_collections: the collections that new variables go into.
        trainable: whether optimizers change new variables.
        name: the variable scope's name; None: "linear_model", made unique.
    """

    DEFAULT_NAME = "private__linear_model"

    def __init__(
        self,
        feature_columns: Any,
        units: int = 1,
        sparse_combiner: str = "sum",
        weight_collections: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name)
        self._feature_columns = old_columns(feature_columns)
        self._weight_collections = with_default_collections(weight_collections)
        self._column_layers: dict[str, _ColumnSum] = {}
        for column in sorted(self._feature_columns, key=lambda column: str(column.name)):
            with variable_scope(None, default_name=column._var_scope_name) as scope:
                inside = _last_part(scope.name)
            self._column_layers[inside] = _ColumnSum(
                column, units, sparse_combiner, self._weight_collections, trainable, inside
            )
        self._bias_layer = _Bias(units, trainable, self._weight_collections, "bias_layer")
        self._cols_to_vars: dict[Any, Any] = {}

    def cols_to_vars(self) -> dict[Any, Any]:
        """Returns the variables of each column, and those of "bias"."""
        return self._cols_to_vars

    @property
    def trainable_weights(self) -> list[Any]:
        """The variables that optimizers change."""
        return [v for layer in self._inner_layers() for v in layer.trainable_weights]

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The other variables."""
        return [v for layer in self._inner_layers() for v in layer.non_trainable_weights]

    def _inner_layers(self) -> list[Layer]:
        return [*self._column_layers.values(), self._bias_layer]

    def call(self, features: Any) -> Tensor:
        """Returns the sum, [batch, units].

        Args:
            features: by key: a tensor [batch, ...], a SparseTensor, or what becomes one.
        """
        with variable_scope(self.name):
            for column in self._feature_columns:
                if not isinstance(column, _DenseColumn | _CategoricalColumn):
                    raise ValueError(
                        "Items of feature_columns must be either a _DenseColumn or "
                        f"_CategoricalColumn. Given: {column}"
                    )
            builder = _LazyBuilder(features)
            layers = sorted(self._column_layers.values(), key=lambda layer: layer.name)
            sums = []
            for layer in layers:
                sums.append(layer(builder))
                self._cols_to_vars[layer._feature_column] = scopes.get_collection(
                    GraphKeys.GLOBAL_VARIABLES, scope=layer.scope_name
                )
            check_batch_sizes(sums, [layer._feature_column for layer in layers])
            total = add_n(sums, name="weighted_sum_no_bias")
            bias = self._bias_layer(builder, scope=get_variable_scope())
            predictions = bias_add(total, bias, name="weighted_sum")
            self._cols_to_vars["bias"] = parts_of(self._bias_layer.variables[0])
        return predictions


@export("feature_column.linear_model")
def linear_model(
    features: Any,
    feature_columns: Any,
    units: int = 1,
    sparse_combiner: str = "sum",
    weight_collections: Any = None,
    trainable: bool = True,
    cols_to_vars: Any = None,
) -> Tensor:
    """Returns the weighted sum of feature columns and a bias.

    Args:
        features: by key: a tensor [batch, ...], a SparseTensor, or what becomes one.
        feature_columns: dense and categorical columns, each with another name.
        units: the width of the sum.
        sparse_combiner: how the weights of one example's ids become one: "sum", "mean" or
            "sqrtn".
        weight_collections: the collections that new variables go into, besides those of all
            variables and of a model's variables.
        trainable: whether optimizers change new variables.
        cols_to_vars: a dictionary that gets each column's variables, and those of "bias"; None:
            none.

    Returns:
        float32, [batch, units].

    Raises:
        ValueError: if a column is neither dense nor categorical, two have the same name, or known
            batch sizes differ.
    """
    with variable_scope(None, "linear_model") as scope:
        name = _last_part(scope.name)
    layer = _LinearModel(
        feature_columns, units, sparse_combiner, weight_collections, trainable, name
    )
    found: Tensor = layer(features)
    if cols_to_vars is not None:
        cols_to_vars.update(layer.cols_to_vars())
    return found
