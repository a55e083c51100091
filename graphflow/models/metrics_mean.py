"""Keras' metrics that are a mean or a sum over the examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.models import losses_functions as losses
from graphflow.models import metrics_functions as functions
from graphflow.models.losses_weighted import squeeze_or_expand_dimensions
from graphflow.models.metrics_base import Metric
from graphflow.nets import keras_state
from graphflow.nets.initializers import Zeros
from graphflow.nets.weights_broadcast import broadcast_weights
from graphflow.ops.arithmetic import multiply, squared_difference
from graphflow.ops.cast import cast
from graphflow.ops.complex import abs as abs_
from graphflow.ops.confusion import remove_squeezable_dimensions
from graphflow.ops.division import div_no_nan
from graphflow.ops.identity import identity
from graphflow.ops.powers import sqrt
from graphflow.ops.reduce import reduce_mean, reduce_sum
from graphflow.ops.shape_ops import size
from graphflow.ops.variables import Variable

SUM: Final = "sum"
SUM_OVER_BATCH_SIZE: Final = "sum_over_batch_size"
WEIGHTED_MEAN: Final = "weighted_mean"


def weighted(values: Any, weights: Any, dtype: Any, reduce: Any) -> tuple[Any, Any]:
    """Returns values and weights that broadcast to them.

    Args:
        values: the values; axes that the weights do not have are reduced.
        weights: the weights.
        dtype: the element type of both.
        reduce: how axes are reduced.
    """
    weights = cast(weights, dtype)
    values, _, weights = squeeze_or_expand_dimensions(values, sample_weight=weights)
    try:
        weights = broadcast_weights(weights, values)
    except ValueError:
        values = reduce(values, axis=list(range(weights.shape.ndims, values.shape.ndims)))
    return values, weights


class Reduce(Metric):
    """A sum or a mean of values.

    Args:
        reduction: "sum", "sum_over_batch_size" or "weighted_mean".
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(self, reduction: str, name: str | None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.reduction = reduction
        with scopes.init_scope():
            self.total = self.add_weight("total", initializer=Zeros)
            if reduction != SUM:
                self.count = self.add_weight("count", initializer=Zeros)

    def update_state(self, values: Any, sample_weight: Any = None) -> Any:
        """Returns an operation that takes values into account.

        Args:
            values: the values.
            sample_weight: their weights, which broadcast to them; None: 1.
        """
        values = cast(values, self._dtype)
        if sample_weight is not None:
            reduce = reduce_sum if self.reduction == SUM else reduce_mean
            values, sample_weight = weighted(values, sample_weight, self._dtype, reduce)
            values = multiply(values, sample_weight)
        total = reduce_sum(values)
        with scopes.control_dependencies([total]):
            update = self.total.assign_add(total)
        if self.reduction == SUM:
            return update
        if self.reduction == WEIGHTED_MEAN and sample_weight is not None:
            number = reduce_sum(sample_weight)
        else:
            number = cast(size(values), self._dtype)
        with scopes.control_dependencies([update]):
            return self.count.assign_add(number)

    def result(self) -> Any:
        """Returns the sum or mean so far."""
        if self.reduction == SUM:
            return identity(self.total)
        return div_no_nan(self.total, self.count)


@export("keras.metrics.Sum")
class Sum(Reduce):
    """The sum of values.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(SUM, name, dtype)


@export("keras.metrics.Mean")
class Mean(Reduce):
    """The mean of values.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(self, name: str = "mean", dtype: Any = None) -> None:
        super().__init__(WEIGHTED_MEAN, name, dtype)


class SumOverBatchSize(Reduce):
    """The sum of weighted values over their number.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(self, name: str = "sum_over_batch_size", dtype: Any = None) -> None:
        super().__init__(SUM_OVER_BATCH_SIZE, name, dtype)


@export("keras.metrics.MeanRelativeError")
class MeanRelativeError(Mean):
    """The mean of `abs(y_true - y_pred) / normalizer`.

    Args:
        normalizer: what the errors are divided by.
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(self, normalizer: Any, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)  # type: ignore[arg-type]  # None: of the class
        self.normalizer = cast(normalizer, self._dtype)

    def update_state(  # type: ignore[override]  # labels and predictions
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> Any:
        """Returns an operation that takes a batch into account.

        Args:
            y_true: labels.
            y_pred: predictions of the same shape.
            sample_weight: weights of the examples; None: 1.
        """
        y_true, y_pred = cast(y_true, self._dtype), cast(y_pred, self._dtype)
        y_pred, y_true = squeeze_or_expand_dimensions(y_pred, y_true)
        y_pred, self.normalizer = remove_squeezable_dimensions(y_pred, self.normalizer)
        y_pred.shape.assert_is_compatible_with(y_true.shape)
        errors = div_no_nan(abs_(y_true - y_pred), self.normalizer)
        return super().update_state(errors, sample_weight=sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this metric again."""
        return {**super().get_config(), "normalizer": _value(self.normalizer)}


@export("keras.metrics.RootMeanSquaredError")
class RootMeanSquaredError(Mean):
    """The root of the mean of `(y_pred - y_true)**2`.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(  # type: ignore[override]  # labels and predictions
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> Any:
        """Returns an operation that takes a batch into account.

        Args:
            y_true: labels.
            y_pred: predictions of the same shape.
            sample_weight: weights of the examples; None: 1.
        """
        y_true, y_pred = cast(y_true, self._dtype), cast(y_pred, self._dtype)
        y_pred, y_true = squeeze_or_expand_dimensions(y_pred, y_true)
        return super().update_state(squared_difference(y_pred, y_true), sample_weight)

    def result(self) -> Any:
        """Returns the root of the mean so far."""
        return sqrt(div_no_nan(self.total, self.count))


class MeanMetricWrapper(Mean):
    """The mean of what a function returns.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)` returns a number for each example.
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
        **kwargs: further arguments of the function.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype)  # type: ignore[arg-type]  # None: of the class
        self._fn = fn
        self._fn_kwargs = kwargs

    def update_state(  # type: ignore[override]  # labels and predictions
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> Any:
        """Returns an operation that takes a batch into account.

        Args:
            y_true: labels.
            y_pred: predictions.
            sample_weight: weights of the examples; None: 1.
        """
        y_true, y_pred = cast(y_true, self._dtype), cast(y_pred, self._dtype)
        y_pred, y_true = squeeze_or_expand_dimensions(y_pred, y_true)
        matches = self._fn(y_true, y_pred, **self._fn_kwargs)
        return super().update_state(matches, sample_weight=sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this metric again; tensors among them as values."""
        return {**super().get_config(), **{k: _value(v) for k, v in self._fn_kwargs.items()}}


def _value(x: Any) -> Any:
    return keras_state.get_value(x) if isinstance(x, Tensor | Variable) else x


@export("keras.metrics.Accuracy")
class Accuracy(MeanMetricWrapper):
    """How often predictions are equal to labels.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        name: str = "accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.accuracy, name, dtype)


@export("keras.metrics.BinaryAccuracy")
class BinaryAccuracy(MeanMetricWrapper):
    """How often probabilities of 0 and 1 are right.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
        threshold: from where on a probability means 1.
    """

    def __init__(
        self,
        name: str = "binary_accuracy",
        dtype: Any = None,
        threshold: Any = 0.5,
    ) -> None:
        super().__init__(functions.binary_accuracy, name, dtype, threshold=threshold)


@export("keras.metrics.CategoricalAccuracy")
class CategoricalAccuracy(MeanMetricWrapper):
    """How often the most likely class is the right one, of labels 1 for it and 0 for others.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        name: str = "categorical_accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.categorical_accuracy, name, dtype)


@export("keras.metrics.SparseCategoricalAccuracy")
class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the most likely class is the right one, of labels that are its number.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        name: str = "sparse_categorical_accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.sparse_categorical_accuracy, name, dtype)


@export("keras.metrics.TopKCategoricalAccuracy")
class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the most likely ones; labels 1 for it and 0 for others.

    Args:
        k: how many classes count.
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        k: int = 5,
        name: str = "top_k_categorical_accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.top_k_categorical_accuracy, name, dtype, k=k)


@export("keras.metrics.SparseTopKCategoricalAccuracy")
class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the most likely ones; labels that are its number.

    Args:
        k: how many classes count.
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        k: int = 5,
        name: str = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
    ) -> None:
        super().__init__(functions.sparse_top_k_categorical_accuracy, name, dtype, k=k)


@export("keras.metrics.CosineSimilarity")
class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between labels and predictions.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
        axis: the axis of the vectors.
    """

    def __init__(
        self,
        name: str = "cosine_similarity",
        dtype: Any = None,
        axis: int = -1,
    ) -> None:
        super().__init__(losses.cosine_proximity, name, dtype, axis=axis)


@export("keras.metrics.MeanAbsoluteError")
class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of `abs(y_pred - y_true)`.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        name: str = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


@export("keras.metrics.MeanAbsolutePercentageError")
class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of `100 * abs(y_pred - y_true) / abs(y_true)`.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        name: str = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


@export("keras.metrics.MeanSquaredError")
class MeanSquaredError(MeanMetricWrapper):
    """The mean of `(y_pred - y_true)**2`.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        name: str = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


@export("keras.metrics.MeanSquaredLogarithmicError")
class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of `(log(y_pred + 1) - log(y_true + 1))**2`.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        name: str = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


@export("keras.metrics.Hinge")
class Hinge(MeanMetricWrapper):
    """The mean of `max(1 - y_true * y_pred, 0)`.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        name: str = "hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(losses.hinge, name, dtype)


@export("keras.metrics.SquaredHinge")
class SquaredHinge(MeanMetricWrapper):
    """The mean of `max(1 - y_true * y_pred, 0)**2`.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        name: str = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


@export("keras.metrics.CategoricalHinge")
class CategoricalHinge(MeanMetricWrapper):
    """The mean of by how much a wrong class comes within 1 of the right one.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        name: str = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)


@export("keras.metrics.LogCoshError")
class LogCoshError(MeanMetricWrapper):
    """The mean of `log(cosh(y_pred - y_true))`.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        name: str = "logcosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(losses.logcosh, name, dtype)


@export("keras.metrics.Poisson")
class Poisson(MeanMetricWrapper):
    """The mean of `y_pred - y_true * log(y_pred)`.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        name: str = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(losses.poisson, name, dtype)


@export("keras.metrics.KLDivergence")
class KLDivergence(MeanMetricWrapper):
    """The mean of the sums of `y_true * log(y_true / y_pred)`.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(
        self,
        name: str = "kullback_leibler_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(losses.kullback_leibler_divergence, name, dtype)


@export("keras.metrics.BinaryCrossentropy")
class BinaryCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of labels 0 and 1 and probabilities.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
        from_logits: whether the predictions are logits; else they are probabilities.
        label_smoothing: how much the labels are moved to 0.5, in [0, 1].
    """

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: Any = 0,
    ) -> None:
        super().__init__(
            losses.binary_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


@export("keras.metrics.CategoricalCrossentropy")
class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of labels, 1 for the right class, and probabilities of classes.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
        from_logits: whether the predictions are logits; else they are probabilities.
        label_smoothing: how much of each label is spread over all classes, in [0, 1].
    """

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: Any = 0,
    ) -> None:
        super().__init__(
            losses.categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


@export("keras.metrics.SparseCategoricalCrossentropy")
class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of class numbers and probabilities of classes.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
        from_logits: whether the predictions are logits; else they are probabilities.
        axis: the axis of the classes.
    """

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            losses.sparse_categorical_crossentropy, name, dtype, from_logits=from_logits, axis=axis
        )
