"""What `tf.parse_example` must read for a canned Estimator: features, label and weight."""

from __future__ import annotations

from typing import Any

from graphflow.core.dtypes import DType, float32, int64
from graphflow.core.export import export
from graphflow.features.numeric import NumericColumn, numeric_column
from graphflow.features.parse_spec import make_parse_example_spec
from graphflow.ops.parsing_features import FixedLenFeature


@export("estimator.classifier_parse_example_spec")
def classifier_parse_example_spec(
    feature_columns: Any,
    label_key: str,
    label_dtype: DType = int64,
    label_default: Any = None,
    weight_column: Any = None,
) -> dict[str, Any]:
    """Returns what `tf.parse_example` must read for a classifier, by the features' keys.

    Args:
        feature_columns: the columns.
        label_key: the key of the label.
        label_dtype: the label's element type.
        label_default: stands for a missing label; None: every example must have it.
        weight_column: the key of the weight, or a numeric column; None: there is none.

    Raises:
        ValueError: if label or weight is a feature, or the weight's column no numeric one.
    """
    label = FixedLenFeature((1,), label_dtype, label_default)
    return _with_label(make_parse_example_spec(feature_columns), label_key, label, weight_column)


@export("estimator.regressor_parse_example_spec")
def regressor_parse_example_spec(
    feature_columns: Any,
    label_key: str,
    label_dtype: DType = float32,
    label_default: Any = None,
    label_dimension: int = 1,
    weight_column: Any = None,
) -> dict[str, Any]:
    """Returns what `tf.parse_example` must read for a regressor, by the features' keys.

    Args:
        feature_columns: the columns.
        label_key: the key of the label.
        label_dtype: the label's element type.
        label_default: stands for a missing label; None: every example must have it.
        label_dimension: how many numbers a label has.
        weight_column: the key of the weight, or a numeric column; None: there is none.

    Raises:
        ValueError: if label or weight is a feature, or the weight's column no numeric one.
    """
    label = FixedLenFeature((label_dimension,), label_dtype, label_default)
    return _with_label(make_parse_example_spec(feature_columns), label_key, label, weight_column)


def _with_label(
    spec: dict[str, Any], label_key: str, label: FixedLenFeature, weight_column: Any
) -> dict[str, Any]:
    if label_key in spec:
        raise ValueError(
            f"label should not be used as feature. label_key: {label_key}, features: {spec.keys()}"
        )
    spec[label_key] = label
    if weight_column is None:
        return spec
    if isinstance(weight_column, str):
        weight_column = numeric_column(weight_column)
    if not isinstance(weight_column, NumericColumn):
        raise ValueError(
            "weight_column should be an instance of tf.feature_column.numeric_column. "
            f"Given type: {type(weight_column)} value: {weight_column}"
        )
    if weight_column.key in spec:
        raise ValueError(
            "weight_column should not be used as feature. "
            f"weight_column: {weight_column.key}, features: {spec.keys()}"
        )
    return {**spec, **weight_column.parse_example_spec}
