"""Configurations of feature columns: dictionaries that a column can be made from again.

What a field becomes: a column, its class and configuration; a type, its name; an initializer, its
class and configuration; a function, its name, which `custom_objects` must give back.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from graphflow.core.dtypes import DType, as_dtype
from graphflow.features.bases import FeatureColumn
from graphflow.nets import initializers

_MODULES = (
    "bases",
    "categorical",
    "combined",
    "embedding",
    "indicator",
    "numeric",
    "sequence",
    "shared_embedding",
    "steps",
)
_COLUMN_FIELDS = ("source_column", "categorical_column")


# --- a column's own part ---
def config_of(column: Any) -> dict[str, Any]:
    """Returns the configuration of a column: its fields in a form without objects."""
    return {field: _plain(field, getattr(column, field)) for field in column._fields}


def _plain(field: str, value: Any) -> Any:
    if field == "keys":
        return tuple(serialize_feature_column(key) for key in value)
    if field in _COLUMN_FIELDS:
        return serialize_feature_column(value)
    if isinstance(value, DType):
        return value.name
    return _serialized(value) if field in ("normalizer_fn", "initializer") else value


def _serialized(thing: Any) -> Any:
    if thing is None:
        return None
    if hasattr(thing, "get_config"):
        return {"class_name": type(thing).__name__, "config": thing.get_config()}
    if hasattr(thing, "__name__"):
        return thing.__name__
    raise ValueError("Cannot serialize", thing)


def arguments_of(
    kind: Any, config: dict[str, Any], custom_objects: Any, columns_by_name: Any
) -> dict[str, Any]:
    """Returns the fields of a column of a configuration.

    Args:
        kind: the column's class.
        config: what `config_of` returned; lists count as tuples.
        custom_objects: functions and classes by name, or None.
        columns_by_name: columns that are there already, by class and name, or None.

    Raises:
        ValueError: if a field is missing or not known, or a name is not.
    """
    if set(config) != set(kind._fields):
        raise ValueError(f"Invalid config: {config}, expected keys: {kind._fields}")
    plain = {key: tuple(v) if isinstance(v, list) else v for key, v in config.items()}
    found = dict(plain)
    for field, value in plain.items():
        if field == "keys":
            found[field] = tuple(
                deserialize_feature_column(key, custom_objects, columns_by_name) for key in value
            )
        elif field in _COLUMN_FIELDS:
            found[field] = deserialize_feature_column(value, custom_objects, columns_by_name)
        elif field == "dtype":
            found[field] = as_dtype(value)
        elif field == "normalizer_fn":
            found[field] = _restored(value, {}, custom_objects, "object")
        elif field == "initializer":
            found[field] = _restored(value, vars(initializers), custom_objects, "initializer")
    return found


def _restored(value: Any, known: dict[str, Any], custom_objects: Any, what: str) -> Any:
    if value is None:
        return None
    if isinstance(value, str):
        found = _looked_up(value, known, custom_objects, f"Unknown {what}:{value}")
        return found() if inspect.isclass(found) else found
    kind, config = _class_and_config(value, known, custom_objects, what)
    return kind.from_config(config) if hasattr(kind, "from_config") else kind(**config)


def _class_and_config(config: Any, known: Any, custom_objects: Any, what: str) -> tuple[Any, Any]:
    if not isinstance(config, dict) or not {"class_name", "config"} <= set(config):
        raise ValueError(f"Improper config format: {config}")
    name = config["class_name"]
    found = _looked_up(name, known, custom_objects, f"Unknown {what}: {name}")
    return found, config["config"]


def _looked_up(name: str, known: dict[str, Any], custom_objects: Any, message: str) -> Any:
    found = (custom_objects or {}).get(name, known.get(name))
    if found is None:
        raise ValueError(message)
    return found


# --- columns ---
def serialize_feature_column(fc: Any) -> Any:
    """Returns the class and the configuration of a column; the key of a feature as it is.

    Raises:
        ValueError: if it is neither.
    """
    if isinstance(fc, str):
        return fc
    if not isinstance(fc, FeatureColumn):
        raise ValueError(f"Instance: {fc} is not a FeatureColumn")
    return {"class_name": type(fc).__name__, "config": fc._get_config()}


def deserialize_feature_column(
    config: Any, custom_objects: Any = None, columns_by_name: Any = None
) -> Any:
    """Returns a column of its class and configuration; the key of a feature as it is.

    Args:
        config: what `serialize_feature_column` returned.
        custom_objects: functions and classes by name, or None.
        columns_by_name: columns that are there already, by class and name; a new one is added.

    Raises:
        ValueError: if the class is not known, or the configuration not that of one.
    """
    if isinstance(config, str):
        return config
    columns_by_name = {} if columns_by_name is None else columns_by_name
    kind, own = _class_and_config(config, _kinds(), custom_objects, "feature_column_v2")
    if not issubclass(kind, FeatureColumn):
        raise ValueError(f"Expected FeatureColumn class, instead found: {kind}")
    column = kind._from_config(own, custom_objects=custom_objects, columns_by_name=columns_by_name)
    return columns_by_name.setdefault(_column_name_with_class_name(column), column)


def _kinds() -> dict[str, Any]:
    """The classes of columns by name."""
    modules = [importlib.import_module(f"graphflow.features.{module}") for module in _MODULES]
    things = [thing for module in modules for thing in vars(module).values()]
    return {
        thing.__name__: thing
        for thing in things
        if inspect.isclass(thing) and issubclass(thing, FeatureColumn)
    }


def serialize_feature_columns(feature_columns: Any) -> list[Any]:
    """Returns the classes and configurations of columns."""
    return [serialize_feature_column(column) for column in feature_columns]


def deserialize_feature_columns(configs: Any, custom_objects: Any = None) -> list[Any]:
    """Returns columns of their classes and configurations; equal ones become one."""
    columns_by_name: dict[str, Any] = {}
    return [
        deserialize_feature_column(config, custom_objects, columns_by_name) for config in configs
    ]


def _column_name_with_class_name(fc: Any) -> str:
    return f"{type(fc).__name__}:{fc.name}"
