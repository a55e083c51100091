"""Keras' metrics that keep a matrix or a tensor of numbers."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import float64
from graphflow.core.export import export
from graphflow.models.metrics_base import Metric
from graphflow.models.metrics_mean import weighted
from graphflow.nets import keras_state
from graphflow.nets.initializers import Zeros
from graphflow.ops.arithmetic import multiply
from graphflow.ops.cast import cast
from graphflow.ops.comparison import not_equal
from graphflow.ops.confusion import confusion_matrix
from graphflow.ops.diag import diag_part
from graphflow.ops.division import div_no_nan
from graphflow.ops.fill import ones_like
from graphflow.ops.reduce import reduce_mean, reduce_sum
from graphflow.ops.reshape import reshape


@export("keras.metrics.MeanIoU")
class MeanIoU(Metric):
    """The mean over the classes of how far predictions and labels cover each other.

    Args:
        num_classes: the number of classes.
        name: the metric's name; None: that of the class, made unique.
        dtype: the element type of the result; None: `tf.keras.backend.floatx()`.
    """

    def __init__(self, num_classes: int, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.num_classes = num_classes
        self.total_cm = self.add_weight(
            "total_confusion_matrix",
            shape=(num_classes, num_classes),
            initializer=Zeros,
            dtype=float64,
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Returns an operation that takes a batch into account.

        Args:
            y_true: the numbers of the right classes.
            y_pred: those that were predicted.
            sample_weight: weights; None: 1.
        """
        y_true, y_pred = cast(y_true, self._dtype), cast(y_pred, self._dtype)
        y_pred, y_true = _flat(y_pred), _flat(y_true)
        if sample_weight is not None:
            sample_weight = _flat(sample_weight)
        now = confusion_matrix(
            y_true, y_pred, self.num_classes, weights=sample_weight, dtype=float64
        )
        return self.total_cm.assign_add(now)

    def result(self) -> Any:
        """Returns the mean so far, over the classes that came."""
        predicted = cast(reduce_sum(self.total_cm, axis=0), self._dtype)
        labelled = cast(reduce_sum(self.total_cm, axis=1), self._dtype)
        right = cast(diag_part(self.total_cm), self._dtype)
        either = predicted + labelled - right
        classes = reduce_sum(cast(not_equal(either, 0), self._dtype))
        each = div_no_nan(right, either)
        return div_no_nan(reduce_sum(each, name="mean_iou"), classes)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this metric again."""
        return {**super().get_config(), "num_classes": self.num_classes}


def _flat(x: Any) -> Any:
    return reshape(x, [-1]) if x.shape.ndims > 1 else x


@export("keras.metrics.MeanTensor")
class MeanTensor(Metric):
    """The mean of tensors, element by element.

    Args:
        name: the metric's name.
        dtype: the element type; None: `tf.keras.backend.floatx()`.
    """

    def __init__(self, name: str = "mean_tensor", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self._shape: Any = None
        self._total: Any = None
        self._count: Any = None

    @property
    def total(self) -> Any:
        """The variable with the sums; None before the first update."""
        return self._total

    @property
    def count(self) -> Any:
        """The variable with the weights; None before the first update."""
        return self._count

    def _make(self, shape: Any) -> None:
        self._shape = shape
        self._total = self.add_weight("total", shape=shape, initializer=Zeros)
        self._count = self.add_weight("count", shape=shape, initializer=Zeros)
        keras_state.get_session()

    def update_state(self, values: Any, sample_weight: Any = None) -> Any:
        """Returns an operation that takes a tensor into account.

        Args:
            values: the tensor.
            sample_weight: its weights, which broadcast to it; None: 1.

        Raises:
            ValueError: if it has another shape than the first one.
        """
        values = cast(values, self._dtype)
        if self._shape is None:
            self._make(values.shape)
        elif values.shape.as_list() != self._shape.as_list():
            raise ValueError(
                "MeanTensor input values must always have the same shape. Expected shape (set "
                f"during the first call): {self._shape}. Got: {values.shape}"
            )
        number = ones_like(values)
        if sample_weight is not None:
            values, sample_weight = weighted(values, sample_weight, self._dtype, reduce_mean)
            number = multiply(number, sample_weight)
            values = multiply(values, sample_weight)
        update = self._total.assign_add(values)
        with scopes.control_dependencies([update]):
            return self._count.assign_add(number)

    def result(self) -> Any:
        """Returns the mean so far.

        Raises:
            ValueError: before the first update.
        """
        if self._shape is None:
            raise ValueError(
                "MeanTensor does not have any result yet. Please call the MeanTensor instance or "
                "use `.update_state(value)` before retrieving the result."
            )
        return div_no_nan(self.total, self.count)
