"""Compares a run of a program with its recording, and says every difference in one line.

Nodes below a `gradients` scope are left out, and inputs that come from there count only as far
as that scope: the promise is equal forward nodes, variables, initializers, slots, updates,
savers and summaries, while gradients may be written with fewer nodes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

_GRADIENTS = re.compile(r"^(?P<control>\^?)(?P<scope>(?:.*/)?gradients(?:_\d+)?)/")


def is_gradient(name: str) -> bool:
    """Whether a node stands below a `gradients` scope."""
    return _GRADIENTS.match(name) is not None


def node_differences(want: list[dict[str, Any]], got: list[dict[str, Any]]) -> list[str]:
    """Returns what differs in the forward nodes: names, op types, inputs, attributes, devices."""
    wanted = {node["name"]: node for node in want if not is_gradient(node["name"])}
    gotten = {node["name"]: node for node in got if not is_gradient(node["name"])}
    lines = [f"{n}: missing ({wanted[n]['op']})" for n in wanted if n not in gotten]
    lines += [f"{n}: not in TensorFlow's graph ({gotten[n]['op']})" for n in gotten.keys() - wanted]
    for name in wanted:
        if name in gotten:
            lines += _fields(name, wanted[name], gotten[name])
    return lines


def _fields(name: str, want: dict[str, Any], got: dict[str, Any]) -> list[str]:
    lines = [
        f"{name}: {field} {want[field]!r} became {got[field]!r}"
        for field in ("op", "device")
        if want[field] != got[field]
    ]
    if _data(want) != _data(got):
        lines.append(f"{name}: inputs {_data(want)} became {_data(got)}")
    if _controls(want) != _controls(got):
        lines.append(f"{name}: controls {_controls(want)} became {_controls(got)}")
    for key in sorted(want["attrs"].keys() | got["attrs"].keys()):
        w, g = (_placed(node["attrs"].get(key, "nothing")) for node in (want, got))
        if w != g:
            lines.append(f"{name}: attribute {key} {w} became {g}")
    return lines


def _data(node: dict[str, Any]) -> list[str]:
    return [_shortened(name) for name in node["inputs"] if not name.startswith("^")]


def _controls(node: dict[str, Any]) -> list[str]:
    return sorted({_shortened(name) for name in node["inputs"] if name.startswith("^")})


def _placed(value: Any) -> Any:
    """An attribute's value; places beside gradient nodes count only as far as their scope."""
    if isinstance(value, list) and value[0] == "list" and "s" in value[1]:
        texts = [re.sub(r"(loc:@(?:.*/)?gradients(?:_\d+)?/).*", r"\1", t) for t in value[1]["s"]]
        return ["list", {**value[1], "s": texts}]
    return value


def _shortened(name: str) -> str:
    # TensorFlow writes an input that was exchanged later as "x:0", which means the same.
    name = name.removesuffix(":0")
    match = _GRADIENTS.match(name)
    return match["control"] + match["scope"] + "/" if match else name


def collection_differences(want: dict[str, list[str]], got: dict[str, list[str]]) -> list[str]:
    """Returns what differs in the collections: their keys, and the names in each, in order."""
    return [
        f"{key}: {want.get(key, 'nothing')} became {got.get(key, 'nothing')}"
        for key in sorted(want.keys() | got.keys())
        if want.get(key, []) != got.get(key, [])
    ]


def curve_differences(want: list[float], got: list[float], relative: float) -> list[str]:
    """Returns the steps at which two loss curves are further apart than `relative`."""
    if len(want) != len(got):
        return [f"{len(want)} steps became {len(got)}"]
    return [
        f"step {i}: loss {w!r} became {g!r}"
        for i, (w, g) in enumerate(zip(want, got, strict=True))
        if not math.isclose(w, g, rel_tol=relative)
    ]


def value_differences(
    want: dict[str, dict[str, Any]], got: dict[str, dict[str, Any]], relative: float
) -> list[str]:
    """Returns the variables whose sampled values differ; `relative` is of the norm."""
    lines = [f"variables {sorted(want)} became {sorted(got)}"] if want.keys() != got.keys() else []
    for name in want.keys() & got.keys():
        w, g = want[name], got[name]
        if (w["shape"], w["dtype"]) != (g["shape"], g["dtype"]):
            lines.append(f"{name}: {w['dtype']} {w['shape']} became {g['dtype']} {g['shape']}")
            continue
        size = math.prod(w["shape"])
        each = relative * w["norm"] / math.sqrt(max(size, 1)) + 1e-9  # of a typical element
        close = (
            math.isclose(w["norm"], g["norm"], rel_tol=relative, abs_tol=each),
            math.isclose(w["sum"], g["sum"], rel_tol=0, abs_tol=each * max(size, 1)),
            _all_close(w["first"], g["first"], 10 * each),
        )
        if not all(close):
            lines.append(f"{name}: values {w} became {g}")
    return lines


def _all_close(want: Iterable[float], got: Iterable[float], absolute: float) -> bool:
    return all(abs(w - g) <= absolute for w, g in zip(want, got, strict=True))
