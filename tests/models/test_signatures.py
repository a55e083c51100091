"""Every public name of `tf.keras` takes the arguments that it takes in TensorFlow 1.15.5.

TensorFlow's side is recorded in tests/golden/models (see record_signatures.py there).
"""

from __future__ import annotations

import gzip
import inspect
import json
import pathlib
from typing import Any

import pytest

from graphflow._namespaces import load

PATH = pathlib.Path(__file__).parents[1] / "golden" / "models" / "signatures_1_15_5.json.gz"
RECORDED: dict[str, Any] = json.loads(gzip.decompress(PATH.read_bytes()))
PUBLIC = {name: x for name, x in load().items() if name.startswith("keras.") and callable(x)}
OTHERWISE = {
    "keras.backend.name_scope": "the class of TensorFlow 1 has more arguments than Keras uses",
}
"""Names whose arguments differ, and why."""
STARS = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


def arguments(thing: Any) -> list[Any]:
    rows: list[Any] = []
    function = thing.__init__ if inspect.isclass(thing) else thing
    for p in inspect.signature(function).parameters.values():
        if p.name != "self":
            named = [STARS.get(p.kind, "") + p.name]
            rows.append(named if p.default is p.empty else [*named, plain(p.default)])
    return rows


def plain(default: Any) -> Any:
    if isinstance(default, tuple | list):
        return [plain(x) for x in default]
    return default if isinstance(default, int | float | str | None) else "..."


def test_all_names_are_those_of_tensorflow() -> None:
    assert sorted(set(PUBLIC) - set(RECORDED)) == []


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - set(OTHERWISE)))
def test_arguments_are_those_of_tensorflow(name: str) -> None:
    assert arguments(PUBLIC[name]) == RECORDED[name]
