"""`input_layer`: feature columns side by side in one matrix."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.features.bases import _DenseColumn
from graphflow.features.reading import _LazyBuilder, check_batch_sizes, old_columns
from graphflow.ops.concat import concat
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.template import make_template
from graphflow.ops.variable_scope import get_variable_scope, variable_scope


def with_default_collections(weight_collections: Any) -> list[Any]:
    """Returns collections with those of all variables and of a model's variables."""
    found = list(weight_collections or [])
    for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES):
        if key not in found:
            found.append(key)
    return found


def as_matrix(tensor: Tensor, width: Any) -> Tensor:
    """Returns a tensor as [batch, width]."""
    return reshape(tensor, (shape_of(tensor)[0], width))


def _checked(feature_columns: Any) -> list[Any]:
    columns = old_columns(feature_columns)
    for column in columns:
        if not isinstance(column, _DenseColumn):
            raise ValueError(
                "Items of feature_columns must be a _DenseColumn. You can wrap a categorical "
                f"column with an embedding_column or indicator_column. Given: {column}"
            )
    return sorted(columns, key=lambda column: str(column.name))


def _side_by_side(
    features: Any,
    columns: list[Any],
    weight_collections: Any,
    trainable: bool,
    cols_to_vars: Any = None,
    cols_to_output_tensors: Any = None,
) -> Tensor:
    collections = with_default_collections(weight_collections)
    builder = _LazyBuilder(features)
    tensors = []
    for column in columns:
        with variable_scope(None, default_name=column._var_scope_name):
            tensor = column._get_dense_tensor(
                builder, weight_collections=collections, trainable=trainable
            )
            tensors.append(as_matrix(tensor, column._variable_shape.num_elements()))
            if cols_to_vars is not None:
                # The collection, not the tensor, says which variables a column has: its own
                # program may have made them.
                cols_to_vars[column] = scopes.get_collection(
                    GraphKeys.GLOBAL_VARIABLES, scope=get_variable_scope().name
                )
            if cols_to_output_tensors is not None:
                cols_to_output_tensors[column] = tensors[-1]
    check_batch_sizes(tensors, columns)
    return concat(tensors, 1)


@export("feature_column.input_layer")
def input_layer(
    features: Any,
    feature_columns: Any,
    weight_collections: Any = None,
    trainable: bool = True,
    cols_to_vars: Any = None,
    cols_to_output_tensors: Any = None,
) -> Tensor:
    """Returns dense feature columns side by side, in the order of their names.

    Args:
        features: by key: a tensor [batch, ...], a SparseTensor, or what becomes one.
        feature_columns: dense columns, each with another name.
        weight_collections: the collections that new variables go into, besides those of all
            variables and of a model's variables.
        trainable: whether optimizers change new variables.
        cols_to_vars: a dictionary that gets each column's variables; None: none.
        cols_to_output_tensors: a dictionary that gets each column's tensor; None: none.

    Returns:
        float32, [batch, the sum of the columns' sizes].

    Raises:
        ValueError: if a column is not dense, two have the same name, or known batch sizes differ.
    """
    columns = _checked(feature_columns)
    with variable_scope(None, default_name="input_layer", values=list(features.values())):
        return _side_by_side(
            features, columns, weight_collections, trainable, cols_to_vars, cols_to_output_tensors
        )


class InputLayer:
    """`input_layer` with variables that all calls share.

    Args:
        feature_columns: dense columns, each with another name.
        weight_collections: the collections that new variables go into.
        trainable: whether optimizers change new variables.
        cols_to_vars: without effect, as in TensorFlow.
        name: the variable scope's name.
        create_scope_now: whether the scope is opened now, not in the first call.
    """

    def __init__(
        self,
        feature_columns: Any,
        weight_collections: Any = None,
        trainable: bool = True,
        cols_to_vars: Any = None,
        name: str = "feature_column_input_layer",
        create_scope_now: bool = True,
    ) -> None:
        self._feature_columns = feature_columns
        self._weight_collections = weight_collections
        self._trainable = trainable
        self._name = name
        self._template = make_template(name, self._made, create_scope_now_=create_scope_now)

    def __call__(self, features: Any) -> Any:
        """Returns the columns side by side; see `input_layer`."""
        return self._template(features)

    def _made(self, features: Any) -> Tensor:
        columns = _checked(self._feature_columns)
        return _side_by_side(features, columns, self._weight_collections, self._trainable)

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._name

    @property
    def trainable_variables(self) -> list[Any]:
        """The variables that optimizers change."""
        return self._template.trainable_variables

    @property
    def non_trainable_variables(self) -> list[Any]:
        """The other variables."""
        return self._template.non_trainable_variables

    @property
    def variables(self) -> list[Any]:
        """All variables."""
        return self._template.variables

    trainable_weights = trainable_variables
    non_trainable_weights = non_trainable_variables
    weights = variables


def _transform_features(features: Any, feature_columns: Any) -> dict[Any, Any]:
    """Returns what each column makes of the features, by column."""
    columns = old_columns(feature_columns)
    found = {}
    with scopes.name_scope(None, "transform_features", list(features.values())):
        builder = _LazyBuilder(features)
        for column in sorted(columns, key=lambda column: str(column.name)):
            with scopes.name_scope(None, default_name=column.name):
                found[column] = builder.get(column)
    return found
