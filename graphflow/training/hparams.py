"""tf.contrib.training.HParams: named settings of a model, which text or JSON may override."""

from __future__ import annotations

import json
import numbers
import re
from collections.abc import Callable
from typing import Any, Final

from graphflow.core.compat import as_bytes, as_text
from graphflow.core.export import export

_ASSIGNMENT: Final = re.compile(
    r"(?P<name>[a-zA-Z][\w.]*)(\[\s*(?P<index>\d+)\s*\])?\s*=\s*"
    r"((?P<one>[^,\[]*)|\[(?P<many>[^\]]*)\])($|,\s*)"
)
_KINDS: Final = (
    (bool, "bool"),
    (numbers.Integral, "int64"),
    (str | bytes, "bytes"),
    (float, "float"),
)


# --- settings as text ---
def parse_values(values: str, type_map: dict[str, type], ignore_unknown: bool = False) -> Any:
    """Reads text such as "rate=0.1,sizes=[1,2],sizes[1]=3".

    Args:
        values: assignments, commas between them.
        type_map: the type of each setting, or of the elements of its list.
        ignore_unknown: whether names without a type are passed over.

    Returns:
        A dict: for each name its value, a list, or, for places in a list, a dict by place.

    Raises:
        ValueError: if something cannot be read, or is assigned twice.
    """
    found: dict[str, Any] = {}
    at = 0
    while at < len(values):
        match = _ASSIGNMENT.match(values, at)
        if match is None:
            raise ValueError(f"Malformed hyperparameter value: {values[at:]}")
        at = match.end()
        name = match["name"]
        if name in type_map:
            _assign(found, match, type_map[name], values)
        elif not ignore_unknown:
            raise ValueError(f"Unknown hyperparameter type for {name}")
    return found


def _assign(found: dict[str, Any], match: re.Match[str], kind: type, values: str) -> None:
    name, index, many = match["name"], match["index"], match["many"]
    read: Callable[[str], Any] = _bool if kind is bool else kind
    if many is not None and index is not None:
        raise ValueError("Assignment of a list to a list index.")
    given = match["one"] if many is None else many
    try:
        value = read(given) if many is None else [read(x) for x in re.split("[ ,]", many) if x]
    except ValueError:
        raise ValueError(
            f"Could not parse hparam '{name}' of type '{kind.__name__}' with value '{given}' in "
            f"{values}"
        ) from None
    if index is None:
        if name in found:
            raise ValueError(f"Multiple assignments to variable '{name}' in {values}")
        found[name] = value
        return
    places = found.setdefault(name, {})
    if not isinstance(places, dict):
        raise ValueError(f"Multiple assignments to variable '{name}' in {values}")
    if int(index) in places:
        raise ValueError(f"Multiple assignments to variable '{name}[{int(index)}]' in {values}")
    places[int(index)] = value


_BOOLS: Final = {"true": True, "True": True, "false": False, "False": False}


def _bool(text: str) -> bool:
    return _BOOLS[text] if text in _BOOLS else bool(int(text))


def _as_type(name: str, kind: type, value: Any) -> Any:
    """A value as the type of the setting that it is for.

    Raises:
        ValueError: if the type does not take it.
    """
    if type(value) is kind or kind is type(None):
        return value
    wrong = (
        issubclass(kind, str | bytes) and not isinstance(value, str | bytes),
        issubclass(kind, bool) != isinstance(value, bool),
        issubclass(kind, numbers.Integral) and not isinstance(value, numbers.Integral),
        issubclass(kind, numbers.Number) and not isinstance(value, numbers.Number),
    )
    if any(wrong):
        raise ValueError(f"Could not cast hparam '{name}' of type '{kind}' from value {value!r}")
    return kind(value)


# --- the settings ---
@export("contrib.training.HParams")
class HParams:
    """Named settings; each is an attribute, whose type stays that of its first value.

    Args:
        hparam_def: an HParamDef message that holds them, instead of `kwargs`.
        model_structure: any object that goes with them.
        **kwargs: the settings: numbers, bools, text, or lists of one of them.

    Raises:
        ValueError: for both kinds of settings, a reserved name, or an empty list.
    """

    _hparam_types: dict[str, tuple[type, bool]]

    def __init__(self, hparam_def: Any = None, model_structure: Any = None, **kwargs: Any) -> None:
        self._hparam_types = {}
        self._model_structure = model_structure
        if hparam_def:
            if kwargs:
                raise ValueError("hparam_def and initialization values are mutually exclusive")
            for name, value in hparam_def.hparam.items():
                self.add_hparam(name, _from_message(value))
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name: str, value: Any) -> None:
        """Adds a setting.

        Args:
            name: its name.
            value: its value.

        Raises:
            ValueError: if the name is taken, or the value is an empty list.
        """
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        many = isinstance(value, list | tuple)
        if many and not value:
            raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
        self._hparam_types[name] = (type(value[0] if many else value), many)
        setattr(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Gives a setting another value.

        Args:
            name: its name.
            value: the value, of the setting's type; of floats also an int.

        Raises:
            KeyError: if there is no such setting.
            ValueError: if it has another type.
        """
        kind, many = self._hparam_types[name]
        if isinstance(value, list):
            if not many:
                raise ValueError(f"Must not pass a list for single-valued parameter: {name}")
            setattr(self, name, [_as_type(name, kind, v) for v in value])
        elif many:
            raise ValueError(f"Must pass a list for multi-valued parameter: {name}.")
        else:
            setattr(self, name, _as_type(name, kind, value))

    def del_hparam(self, name: str) -> None:
        """Removes a setting, if it is there."""
        if hasattr(self, name):
            delattr(self, name)
            del self._hparam_types[name]

    def parse(self, values: str) -> HParams:
        """Overrides settings by text such as "rate=0.1,sizes=[1,2]"; returns itself.

        Args:
            values: assignments, commas between them.

        Raises:
            ValueError: if the text cannot be read.
        """
        kinds = {name: kind for name, (kind, _) in self._hparam_types.items()}
        return self.override_from_dict(parse_values(values, kinds))

    def override_from_dict(self, values_dict: dict[str, Any]) -> HParams:
        """Overrides settings by a dict; returns itself.

        Args:
            values_dict: values by name.

        Raises:
            KeyError: if there is no such setting.
            ValueError: if a value has another type.
        """
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def set_from_map(self, values_map: dict[str, Any]) -> HParams:
        """The older name of `override_from_dict`."""
        return self.override_from_dict(values_map)

    def set_model_structure(self, model_structure: Any) -> None:
        """Sets the object that goes with the settings."""
        self._model_structure = model_structure

    def get_model_structure(self) -> Any:
        """Returns the object that goes with the settings."""
        return self._model_structure

    # --- all of them ---
    def to_json(
        self,
        indent: int | None = None,
        separators: tuple[str, str] | None = None,
        sort_keys: bool = False,
    ) -> str:
        """Returns the settings as JSON; the arguments are those of `json.dumps`.

        Args:
            indent: spaces for each level.
            separators: what stands between items, and behind keys.
            sort_keys: whether names are in order.
        """
        return json.dumps(self.values(), indent=indent, separators=separators, sort_keys=sort_keys)

    def parse_json(self, values_json: str) -> HParams:
        """Overrides settings by a JSON object; returns itself.

        Args:
            values_json: the text.

        Raises:
            KeyError: if there is no such setting.
            ValueError: if the text cannot be read, or a value has another type.
        """
        return self.override_from_dict(json.loads(values_json))

    def values(self) -> dict[str, Any]:
        """Returns the settings as a dict."""
        return {name: getattr(self, name) for name in self._hparam_types}

    def get(self, key: str, default: Any = None) -> Any:
        """Returns the value of a setting.

        Args:
            key: its name.
            default: what is returned where there is none; of the setting's type where there is.

        Raises:
            ValueError: if the default has another type than the setting.
        """
        if key not in self._hparam_types:
            return default
        if default is not None:
            self._check_default(key, default)
        return getattr(self, key)

    def _check_default(self, key: str, default: Any) -> None:
        kind, many = self._hparam_types[key]
        shown = f"list<{kind}>" if many else str(kind)
        problem = f"Hparam '{key}' of type '{shown}' is incompatible with default={default}"
        if many != isinstance(default, list):
            raise ValueError(problem)
        try:
            for value in default if many else [default]:
                _as_type(key, kind, value)
        except ValueError as e:
            raise ValueError(f"{problem}. {e}") from None

    def __contains__(self, key: str) -> bool:
        return key in self._hparam_types

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in self.values().items())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({sorted(self.values().items())})"

    # --- as a message ---
    @staticmethod
    def _get_kind_name(param_type: type, is_list: bool) -> str:
        for types, word in _KINDS:
            if issubclass(param_type, types):
                return f"{word}_{'list' if is_list else 'value'}"
        raise ValueError(f"Unsupported parameter type: {param_type}")

    def to_proto(self, export_scope: str | None = None) -> Any:
        """Returns an HParamDef message of the settings.

        Args:
            export_scope: ignored.
        """
        from graphflow.formats import proto

        made = proto.HParamDef()
        for name, (kind, many) in self._hparam_types.items():
            field = self._get_kind_name(kind, many)
            value = getattr(self, name)
            if field.startswith("bytes"):
                value = [as_bytes(v) for v in value] if many else as_bytes(value)
            if many:
                getattr(made.hparam[name], field).value.extend(value)
            else:
                setattr(made.hparam[name], field, value)
        return made

    @staticmethod
    def from_proto(hparam_def: Any, import_scope: str | None = None) -> HParams:
        """Returns the settings that an HParamDef message holds.

        Args:
            hparam_def: the message.
            import_scope: ignored.
        """
        return HParams(hparam_def=hparam_def)


def _from_message(message: Any) -> Any:
    kind = message.WhichOneof("kind")
    held = getattr(message, kind)
    if kind.startswith("bytes"):
        return as_text(held) if kind == "bytes_value" else [as_text(v) for v in held.value]
    return held if kind.endswith("_value") else list(held.value)
