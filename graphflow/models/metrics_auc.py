"""Keras' area under a curve of right and wrong predictions."""

from __future__ import annotations

from enum import Enum
from typing import Any

from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.models.metrics_thresholds import FourCounts
from graphflow.nets import keras_state
from graphflow.ops.arithmetic import maximum, minimum, multiply
from graphflow.ops.comparison import logical_and
from graphflow.ops.division import div_no_nan
from graphflow.ops.fill import ones_like
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.select import where


class AUCCurve(Enum):
    """The curve: of recall over false positives, or of precision over recall."""

    ROC = "ROC"
    PR = "PR"

    @staticmethod
    def from_str(key: Any) -> AUCCurve:
        """Returns the curve of a name.

        Raises:
            ValueError: if it is not known.
        """
        found = {"pr": AUCCurve.PR, "PR": AUCCurve.PR, "roc": AUCCurve.ROC, "ROC": AUCCurve.ROC}
        if key not in found:
            raise ValueError(f'Invalid AUC curve value "{key}".')
        return found[key]


class AUCSummationMethod(Enum):
    """How the area between two thresholds is taken."""

    INTERPOLATION = "interpolation"
    MAJORING = "majoring"
    MINORING = "minoring"

    @staticmethod
    def from_str(key: Any) -> AUCSummationMethod:
        """Returns the method of a name.

        Raises:
            ValueError: if it is not known.
        """
        for method in AUCSummationMethod:
            if key in (method.value, method.value.capitalize()):
                return method
        raise ValueError(f'Invalid AUC summation method value "{key}".')


@export("keras.metrics.AUC")
class AUC(FourCounts):
    """The area under a curve that thresholds draw.

    Args:
        num_thresholds: at how many thresholds is counted.
        curve: "ROC" or "PR".
        summation_method: "interpolation", "majoring" or "minoring".
        name: the metric's name; None: that of the class, made unique.
        dtype: the element type of the result; None: `tf.keras.backend.floatx()`.
        thresholds: the thresholds in place of their number, in [0, 1].

    Raises:
        ValueError: if an argument is not of its kind.
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: Any = "ROC",
        summation_method: Any = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
    ) -> None:
        if thresholds is not None:
            inner = sorted(thresholds)
            num_thresholds = len(thresholds) + 2
        else:
            if num_thresholds <= 1:
                raise ValueError("`num_thresholds` must be > 1.")
            inner = [(i + 1) * 1.0 / (num_thresholds - 1) for i in range(num_thresholds - 2)]
        self.num_thresholds = num_thresholds
        # The ends are a little outside, so that all predictions lie between them.
        self.thresholds = [0.0 - keras_state.epsilon(), *inner, 1.0 + keras_state.epsilon()]
        self.curve = curve if isinstance(curve, AUCCurve) else AUCCurve.from_str(curve)
        given = summation_method
        known = isinstance(given, AUCSummationMethod)
        self.summation_method = given if known else AUCSummationMethod.from_str(given)
        super().__init__(name=name, dtype=dtype)
        self._make_counts(self.num_thresholds)

    def result(self) -> Any:
        """Returns the area so far."""
        interpolated = self.summation_method == AUCSummationMethod.INTERPOLATION
        if self.curve == AUCCurve.PR and interpolated:
            return self.interpolate_pr_auc()
        x, y = self._curve()
        n = self.num_thresholds - 1
        if interpolated:
            heights = (y[:n] + y[1:]) / 2.0
        elif self.summation_method == AUCSummationMethod.MINORING:
            heights = minimum(y[:n], y[1:])
        else:
            heights = maximum(y[:n], y[1:])
        return reduce_sum(multiply(x[:n] - x[1:], heights), name=self.name)

    def _curve(self) -> tuple[Any, Any]:
        right = self.true_positives
        recall = div_no_nan(right, right + self.false_negatives)
        if self.curve == AUCCurve.ROC:
            wrong = self.false_positives
            return div_no_nan(wrong, wrong + self.true_negatives), recall
        return recall, div_no_nan(right, right + self.false_positives)

    def interpolate_pr_auc(self) -> Any:
        """Returns the area under precision over recall, interpolated between thresholds.

        Source:
            Davis and Goadrich 2006, "The relationship between precision-recall and ROC curves".
        """
        n, right = self.num_thresholds - 1, self.true_positives
        gained = right[:n] - right[1:]
        positives = right + self.false_positives
        more = positives[:n] - positives[1:]
        slope = div_no_nan(gained, maximum(more, 0), name="prec_slope")
        intercept = right[1:] - multiply(slope, positives[1:])
        ratio = where(
            logical_and(positives[:n] > 0, positives[1:] > 0),
            div_no_nan(positives[:n], maximum(positives[1:], 0), name="recall_relative_ratio"),
            ones_like(positives[1:]),
        )
        steps = div_no_nan(
            slope * (gained + intercept * apply("Log", ratio)),
            maximum(right[1:] + self.false_negatives[1:], 0),
            name="pr_auc_increment",
        )
        return reduce_sum(steps, name="interpolate_pr_auc")

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this metric again."""
        return {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve.value,
            "summation_method": self.summation_method.value,
            "thresholds": self.thresholds[1:-1],
        }
