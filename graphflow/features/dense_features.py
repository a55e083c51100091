"""The layers of columns of the new family: dense ones side by side, sequences, weighted sums."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import float32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.features.bases import CategoricalColumn, DenseColumn, SequenceDenseColumn
from graphflow.features.contrib_sequence import same_lengths
from graphflow.features.linear_model import product, sum_of_rows
from graphflow.features.model_layer import ModelLayer
from graphflow.features.reading import (
    FeatureTransformationCache,
    NewReader,
    check_batch_sizes,
    new_columns,
)
from graphflow.features.serialization import deserialize_feature_columns, serialize_feature_columns
from graphflow.features.state import _StateManagerImpl
from graphflow.nets.initializers import Zeros
from graphflow.ops.arithmetic import add_n
from graphflow.ops.bias import bias_add
from graphflow.ops.concat import concat
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.variable_scope import get_variable, pure_scope


class _ColumnsLayer(ModelLayer):
    """A layer of columns: knows them, sorted by name, and their state."""

    def __init__(
        self, feature_columns: Any, trainable: bool, name: str | None, **kwargs: Any
    ) -> None:
        super().__init__(trainable=trainable, name=name, **kwargs)
        self._feature_columns = new_columns(feature_columns)
        self._state_manager = _StateManagerImpl(self, self.trainable)

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs to make it again."""
        return {
            **super().get_config(),
            "feature_columns": serialize_feature_columns(self._feature_columns),
        }

    @classmethod
    def from_config(cls, config: Any, custom_objects: Any = None) -> Any:
        """Returns a layer of a configuration."""
        own = dict(config)
        own["feature_columns"] = deserialize_feature_columns(
            config["feature_columns"], custom_objects=custom_objects
        )
        return cls(**own)

    def _check_features(self, features: Any) -> None:
        if not isinstance(features, dict):
            raise ValueError("We expected a dictionary here. Instead we got: ", features)


class _BaseFeaturesLayer(_ColumnsLayer):
    """A layer of columns of one kind, side by side on the last axis."""

    def __init__(
        self,
        feature_columns: Any,
        expected_column_type: type,
        trainable: bool,
        name: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(feature_columns, trainable, name, **kwargs)
        for column in self._feature_columns:
            if not isinstance(column, expected_column_type):
                raise ValueError(
                    f"Items of feature_columns must be a {expected_column_type}. You can wrap a "
                    "categorical column with an embedding_column or indicator_column. "
                    f"Given: {column}"
                )

    def build(self, input_shape: Any) -> None:
        """Makes the columns' variables."""
        for column in self._feature_columns:
            with pure_scope(self.name), pure_scope(column.name):
                column.create_state(self._state_manager)
        self.built = True

    def _target_shape(self, input_shape: Any, total_elements: int) -> tuple[Any, ...]:
        raise NotImplementedError("Calling an abstract method.")

    def compute_output_shape(self, input_shape: Any) -> TensorShape:
        """Returns the shape of the result for a shape of the features."""
        total = sum(column.variable_shape.num_elements() for column in self._feature_columns)
        return TensorShape(self._target_shape(input_shape, total))

    def _flat(self, column: Any, tensor: Tensor) -> Tensor:
        elements = column.variable_shape.num_elements()
        return reshape(tensor, self._target_shape(shape_of(tensor), elements))

    def _side_by_side(self, tensors: list[Tensor]) -> Tensor:
        check_batch_sizes(tensors, self._feature_columns)
        return concat(tensors, -1)


@export("keras.layers.DenseFeatures")
class DenseFeatures(_BaseFeaturesLayer):
    """A layer of dense columns side by side, in the order of their names.

    Args:
        feature_columns: dense columns, each with another name.
        trainable: whether optimizers change its variables.
        name: the layer's name; None: "dense_features", made unique.
        **kwargs: as `tf.keras.layers.Layer`.
    """

    DEFAULT_NAME = "dense_features"

    def __init__(
        self,
        feature_columns: Any,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(feature_columns, DenseColumn, trainable, name, **kwargs)

    def _target_shape(self, input_shape: Any, total_elements: int) -> tuple[Any, ...]:
        return input_shape[0], total_elements

    def call(self, features: Any, cols_to_output_tensors: Any = None) -> Tensor:
        """Returns the columns, [batch, the sum of their sizes].

        Args:
            features: by key: a tensor [batch, ...], a SparseTensor, or what becomes one.
            cols_to_output_tensors: a dictionary that gets each column's tensor; None: none.

        Raises:
            ValueError: if `features` is no dictionary.
        """
        self._check_features(features)
        cache = FeatureTransformationCache(features)
        tensors = []
        for column in self._feature_columns:
            with scopes.name_scope(column.name):
                tensor = column.get_dense_tensor(cache, self._state_manager)
                tensors.append(self._flat(column, tensor))
                if cols_to_output_tensors is not None:
                    cols_to_output_tensors[column] = tensors[-1]
        return self._side_by_side(tensors)


@export("keras.experimental.SequenceFeatures")
class SequenceFeatures(_BaseFeaturesLayer):
    """A layer of columns of sequences side by side, in the order of their names.

    Args:
        feature_columns: columns of sequences, each with another name.
        trainable: whether optimizers change its variables.
        name: the layer's name; None: "sequence_features", made unique.
        **kwargs: as `tf.keras.layers.Layer`.
    """

    DEFAULT_NAME = "sequence_features"

    def __init__(
        self,
        feature_columns: Any,
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(feature_columns, SequenceDenseColumn, trainable, name, **kwargs)

    def _target_shape(self, input_shape: Any, total_elements: int) -> tuple[Any, ...]:
        return input_shape[0], input_shape[1], total_elements

    def call(self, features: Any) -> tuple[Tensor, Tensor]:
        """Returns the columns, [batch, steps, the sum of their sizes], and the lengths, [batch].

        Args:
            features: by key: a SparseTensor [batch, steps, ...].

        Raises:
            ValueError: if `features` is no dictionary.
        """
        self._check_features(features)
        cache = FeatureTransformationCache(features)
        tensors, lengths = [], []
        for column in self._feature_columns:
            with scopes.name_scope(column.name):
                dense, length = column.get_sequence_dense_tensor(cache, self._state_manager)
                tensors.append(self._flat(column, dense))
                lengths.append(length)
        check_batch_sizes(lengths, self._feature_columns)
        length = same_lengths(lengths)
        return self._side_by_side(tensors), length


class _LinearModelLayer(_ColumnsLayer):
    """The weights of columns, and their weighted sum.

    Args:
        feature_columns: dense and categorical columns, each with another name.
        units: the width of the sum.
        sparse_combiner: how the weights of one example's ids become one.
        trainable: whether optimizers change its variables.
        name: the layer's name; None: that of the class, made unique.
        **kwargs: as `tf.keras.layers.Layer`.
    """

    DEFAULT_NAME = "private__linear_model_layer"

    def __init__(
        self,
        feature_columns: Any,
        units: int = 1,
        sparse_combiner: str = "sum",
        trainable: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(feature_columns, trainable, name, **kwargs)
        for column in self._feature_columns:
            if not isinstance(column, DenseColumn | CategoricalColumn):
                raise ValueError(
                    "Items of feature_columns must be either a DenseColumn or CategoricalColumn. "
                    f"Given: {column}"
                )
        self._units = units
        self._sparse_combiner = sparse_combiner
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        """Makes the columns' variables and weights, and the bias."""
        with pure_scope(self.name):
            for column in self._feature_columns:
                with pure_scope(column.name):
                    column.create_state(self._state_manager)
                    self._state_manager.create_variable(
                        column,
                        name="weights",
                        dtype=float32,
                        shape=(_rows(column), self._units),
                        initializer=Zeros(),
                        trainable=self.trainable,
                    )
            self.bias = self.add_variable(
                name="bias_weights",
                dtype=float32,
                shape=[self._units],
                initializer=Zeros(),
                trainable=self.trainable,
                use_resource=True,
                getter=get_variable,
            )
        self.built = True

    def call(self, features: Any) -> Tensor:
        """Returns the sum, [batch, units]."""
        if not isinstance(features, dict):
            raise ValueError(f"We expected a dictionary here. Instead we got: {features}")
        with scopes.name_scope(self.name):
            cache = FeatureTransformationCache(features)
            sums = []
            for column in self._feature_columns:
                with scopes.name_scope(column.name):
                    sums.append(self._weighted(column, cache))
            check_batch_sizes(sums, self._feature_columns)
            total = add_n(sums, name="weighted_sum_no_bias")
            return bias_add(total, self.bias, name="weighted_sum")

    def _weighted(self, column: Any, cache: Any) -> Tensor:
        weights = self._state_manager.get_variable(column, "weights")
        if isinstance(column, CategoricalColumn):
            reader = NewReader(cache, self._state_manager)
            return sum_of_rows(column, reader, self._sparse_combiner, weights)
        tensor = column.get_dense_tensor(cache, self._state_manager)
        return product(tensor, column.variable_shape.num_elements(), weights)

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs to make it again."""
        return {
            **super().get_config(),
            "units": self._units,
            "sparse_combiner": self._sparse_combiner,
        }


def _rows(column: Any) -> Any:
    if isinstance(column, CategoricalColumn):
        return column.num_buckets
    return column.variable_shape.num_elements()


class LinearModel(ModelLayer):
    """The weighted sum of columns of the new family and a bias.

    Args:
        feature_columns: dense and categorical columns, each with another name.
        units: the width of the sum.
        sparse_combiner: how the weights of one example's ids become one: "sum", "mean" or
            "sqrtn".
        trainable: whether optimizers change its variables.
        name: the model's name; None: "linear_model", made unique.
    """

    DEFAULT_NAME = "linear_model"

    def __init__(
        self,
        feature_columns: Any,
        units: int = 1,
        sparse_combiner: str = "sum",
        trainable: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.layer = _LinearModelLayer(
            feature_columns, units, sparse_combiner, trainable, name=self.name
        )

    def call(self, features: Any) -> Any:
        """Returns the sum, [batch, units].

        Args:
            features: by key: a tensor [batch, ...], a SparseTensor, or what becomes one.

        Raises:
            ValueError: if `features` is no dictionary.
        """
        return self.layer(features)

    @property
    def bias(self) -> Any:
        """What is added to the sum; None before the first call."""
        return self.layer.bias

    @property
    def trainable_weights(self) -> list[Any]:
        """The variables that optimizers change."""
        return self.layer.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The other variables."""
        return self.layer.non_trainable_weights


def _transform_features_v2(
    features: Any, feature_columns: Any, state_manager: Any
) -> dict[Any, Any]:
    """Returns what each column makes of the features, by column."""
    found = {}
    with scopes.name_scope(None, "transform_features", list(features.values())):
        cache = FeatureTransformationCache(features)
        for column in new_columns(feature_columns):
            with scopes.name_scope(None, default_name=column.name):
                found[column] = cache.get(column, state_manager)
    return found
