"""What `tf.parse_example` must read for feature columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core.export import export
from graphflow.features.bases import FeatureColumn, _FeatureColumn


@export("feature_column.make_parse_example_spec")
def make_parse_example_spec(feature_columns: Any) -> dict[str, Any]:
    """Returns what `tf.parse_example` must read for feature columns, by the features' keys.

    Args:
        feature_columns: the columns.

    Raises:
        ValueError: if one is no feature column, or two read the same feature in different ways.
    """
    return _merged(
        feature_columns,
        _FeatureColumn,
        "_FeatureColumn",
        lambda column: column._parse_example_spec,
    )


def make_parse_example_spec_v2(feature_columns: Any) -> dict[str, Any]:
    """As `make_parse_example_spec`, for columns of the new family alone."""
    return _merged(
        feature_columns,
        FeatureColumn,
        "FeatureColumn",
        lambda column: column.parse_example_spec,
    )


def _merged(
    columns: Any, kind: type, kind_name: str, spec_of: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for column in columns:
        if not isinstance(column, kind):
            raise ValueError(f"All feature_columns must be {kind_name} instances. Given: {column}")
        for key, value in spec_of(column).items():
            if key in result and value != result[key]:
                raise ValueError(
                    f"feature_columns contain different parse_spec for key {key}. "
                    f"Given {value} and {result[key]}"
                )
            result[key] = value
    return result
