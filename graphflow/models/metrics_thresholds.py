"""Keras' metrics that count right and wrong predictions at thresholds."""

from __future__ import annotations

from typing import Any, ClassVar

from graphflow.core.convert import convert
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.models.metrics_base import Metric
from graphflow.models.metrics_confusion import (
    NEG_INF,
    ConfusionMatrix,
    parsed_thresholds,
    update_counts,
)
from graphflow.nets.initializers import Zeros
from graphflow.ops.argmax import argmin
from graphflow.ops.cast import cast
from graphflow.ops.complex import abs as abs_
from graphflow.ops.division import div_no_nan

_TP = ConfusionMatrix.TRUE_POSITIVES
_FP = ConfusionMatrix.FALSE_POSITIVES
_TN = ConfusionMatrix.TRUE_NEGATIVES
_FN = ConfusionMatrix.FALSE_NEGATIVES


class _Count(Metric):
    """The number of predictions of one kind."""

    counted: ClassVar[ConfusionMatrix]

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = parsed_thresholds(thresholds)
        self.accumulator = self.add_weight(
            "accumulator", shape=(len(self.thresholds),), initializer=Zeros
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Returns an operation that takes a batch into account.

        Args:
            y_true: labels 0 and 1.
            y_pred: probabilities of the same shape.
            sample_weight: weights of the examples; None: 1.
        """
        return update_counts(
            {self.counted: self.accumulator},
            y_true,
            y_pred,
            self.thresholds,
            sample_weight=sample_weight,
        )

    def result(self) -> Any:
        """Returns the number so far: a scalar for one threshold, else one for each."""
        return convert(self.accumulator[0] if len(self.thresholds) == 1 else self.accumulator)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this metric again."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


@export("keras.metrics.FalsePositives")
class FalsePositives(_Count):
    """How many examples are predicted 1 where the label is 0.

    Args:
        thresholds: from where on a probability means 1: a number or a list; None: 0.5.
        name: the metric's name; None: that of the class, made unique.
        dtype: the element type of the result; None: `tf.keras.backend.floatx()`.

    Raises:
        ValueError: if a threshold is not in [0, 1].
    """

    counted = _FP


@export("keras.metrics.FalseNegatives")
class FalseNegatives(_Count):
    """How many examples are predicted 0 where the label is 1.

    Args:
        thresholds: from where on a probability means 1: a number or a list; None: 0.5.
        name: the metric's name; None: that of the class, made unique.
        dtype: the element type of the result; None: `tf.keras.backend.floatx()`.

    Raises:
        ValueError: if a threshold is not in [0, 1].
    """

    counted = _FN


@export("keras.metrics.TrueNegatives")
class TrueNegatives(_Count):
    """How many examples are predicted 0 where the label is 0.

    Args:
        thresholds: from where on a probability means 1: a number or a list; None: 0.5.
        name: the metric's name; None: that of the class, made unique.
        dtype: the element type of the result; None: `tf.keras.backend.floatx()`.

    Raises:
        ValueError: if a threshold is not in [0, 1].
    """

    counted = _TN


@export("keras.metrics.TruePositives")
class TruePositives(_Count):
    """How many examples are predicted 1 where the label is 1.

    Args:
        thresholds: from where on a probability means 1: a number or a list; None: 0.5.
        name: the metric's name; None: that of the class, made unique.
        dtype: the element type of the result; None: `tf.keras.backend.floatx()`.

    Raises:
        ValueError: if a threshold is not in [0, 1].
    """

    counted = _TP


class _Ratio(Metric):
    """The part of the predictions of two kinds that are true positives."""

    other: ClassVar[ConfusionMatrix]
    other_name: ClassVar[str]

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        self.thresholds = parsed_thresholds(thresholds, 0.5 if top_k is None else NEG_INF)
        shape = (len(self.thresholds),)
        self.true_positives = self.add_weight("true_positives", shape=shape, initializer=Zeros)
        setattr(
            self,
            self.other_name,
            self.add_weight(self.other_name, shape=shape, initializer=Zeros),
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Returns an operation that takes a batch into account.

        Args:
            y_true: labels 0 and 1.
            y_pred: probabilities of the same shape.
            sample_weight: weights of the examples; None: 1.
        """
        return update_counts(
            {_TP: self.true_positives, self.other: getattr(self, self.other_name)},
            y_true,
            y_pred,
            self.thresholds,
            self.top_k,
            self.class_id,
            sample_weight,
        )

    def result(self) -> Any:
        """Returns the part so far: a scalar for one threshold, else one for each."""
        right = self.true_positives
        found = div_no_nan(right, right + getattr(self, self.other_name))
        return found[0] if len(self.thresholds) == 1 else found

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this metric again."""
        return {
            **super().get_config(),
            "thresholds": self.init_thresholds,
            "top_k": self.top_k,
            "class_id": self.class_id,
        }


@export("keras.metrics.Precision")
class Precision(_Ratio):
    """Of what is predicted as 1, the part that is 1.

    Args:
        thresholds: from where on a probability means 1: a number or a list; None: 0.5, or with
            `top_k` any.
        top_k: only this many classes, the most likely ones, count as predicted.
        class_id: only this class counts; None: all.
        name: the metric's name; None: that of the class, made unique.
        dtype: the element type of the result; None: `tf.keras.backend.floatx()`.

    Raises:
        ValueError: if a threshold is not in [0, 1].
    """

    other = _FP
    other_name = "false_positives"


@export("keras.metrics.Recall")
class Recall(_Ratio):
    """Of what is 1, the part that is predicted as 1.

    Args:
        thresholds: from where on a probability means 1: a number or a list; None: 0.5, or with
            `top_k` any.
        top_k: only this many classes, the most likely ones, count as predicted.
        class_id: only this class counts; None: all.
        name: the metric's name; None: that of the class, made unique.
        dtype: the element type of the result; None: `tf.keras.backend.floatx()`.

    Raises:
        ValueError: if a threshold is not in [0, 1].
    """

    other = _FN
    other_name = "false_negatives"


class FourCounts(Metric):
    """A metric of all four counts, at as many thresholds as its subclass says."""

    thresholds: list[Any]
    true_positives: Any
    true_negatives: Any
    false_positives: Any
    false_negatives: Any

    def _make_counts(self, n: int) -> None:
        for kind in ("true_positives", "true_negatives", "false_positives", "false_negatives"):
            setattr(self, kind, self.add_weight(kind, shape=(n,), initializer=Zeros))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Returns an operation that takes a batch into account.

        Args:
            y_true: labels 0 and 1.
            y_pred: probabilities of the same shape.
            sample_weight: weights of the examples; None: 1.
        """
        counts = {
            _TP: self.true_positives,
            _TN: self.true_negatives,
            _FP: self.false_positives,
            _FN: self.false_negatives,
        }
        return update_counts(counts, y_true, y_pred, self.thresholds, sample_weight=sample_weight)


class _AtOther(FourCounts):
    """One of sensitivity and specificity, at the threshold where the other has a value."""

    def __init__(
        self, value: Any, num_thresholds: int = 200, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if num_thresholds <= 0:
            raise ValueError("`num_thresholds` must be > 0.")
        self.value = value
        self.num_thresholds = num_thresholds
        self._make_counts(num_thresholds)
        if num_thresholds == 1:
            self.thresholds = [0.5]
        else:
            inner = [(i + 1) * 1.0 / (num_thresholds - 1) for i in range(num_thresholds - 2)]
            self.thresholds = [0.0, *inner, 1.0]

    def _nearest(self, found: Any) -> Any:
        """Where numbers are nearest to the wanted one."""
        return cast(argmin(abs_(found - self.value), axis=0), int32)


@export("keras.metrics.SensitivityAtSpecificity")
class SensitivityAtSpecificity(_AtOther):
    """The sensitivity at the threshold where the specificity has a value.

    Args:
        specificity: the value, in [0, 1].
        num_thresholds: at how many thresholds is counted.
        name: the metric's name; None: that of the class, made unique.
        dtype: the element type of the result; None: `tf.keras.backend.floatx()`.

    Raises:
        ValueError: if an argument is out of range.
    """

    def __init__(
        self,
        specificity: Any,
        num_thresholds: int = 200,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        if specificity < 0 or specificity > 1:
            raise ValueError("`specificity` must be in the range [0, 1].")
        self.specificity = specificity
        super().__init__(specificity, num_thresholds, name, dtype)

    def result(self) -> Any:
        """Returns the number so far."""
        other = div_no_nan(self.true_negatives, self.true_negatives + self.false_positives)
        at = self._nearest(other)
        return div_no_nan(
            self.true_positives[at], self.true_positives[at] + self.false_negatives[at]
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this metric again."""
        return {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "specificity": self.specificity,
        }


@export("keras.metrics.SpecificityAtSensitivity")
class SpecificityAtSensitivity(_AtOther):
    """The specificity at the threshold where the sensitivity has a value.

    Args:
        sensitivity: the value, in [0, 1].
        num_thresholds: at how many thresholds is counted.
        name: the metric's name; None: that of the class, made unique.
        dtype: the element type of the result; None: `tf.keras.backend.floatx()`.

    Raises:
        ValueError: if an argument is out of range.
    """

    def __init__(
        self,
        sensitivity: Any,
        num_thresholds: int = 200,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        if sensitivity < 0 or sensitivity > 1:
            raise ValueError("`sensitivity` must be in the range [0, 1].")
        self.sensitivity = sensitivity
        super().__init__(sensitivity, num_thresholds, name, dtype)

    def result(self) -> Any:
        """Returns the number so far."""
        other = div_no_nan(self.true_positives, self.true_positives + self.false_negatives)
        at = self._nearest(other)
        return div_no_nan(
            self.true_negatives[at], self.true_negatives[at] + self.false_positives[at]
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this metric again."""
        return {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "sensitivity": self.sensitivity,
        }
