"""Runs one operation's NumPy rule on arrays, outside any plan: for constants known in advance."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core.late import provide
from graphflow.core.opdef import OpDef

Array = np.ndarray[Any, Any]
_keywords: Final[dict[Any, tuple[str, ...]]] = {}


def kernel_keywords(kernel: Any) -> tuple[str, ...]:
    """The keyword-only parameters of a kernel: the attributes it needs, `out`, `store`, ..."""
    found = _keywords.get(kernel)
    if found is None:
        parameters = inspect.signature(kernel).parameters.values()
        found = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        _keywords[kernel] = found
    return found


def grouped(definition: OpDef, attrs: Mapping[str, Any], items: Sequence[Any]) -> list[Any]:
    """Puts a flat list of inputs into the form a kernel takes: a list for each list port."""
    found: list[Any] = []
    at = 0
    for port in definition.inputs:
        if port.is_list:
            n = attrs[port.number] if port.number else len(attrs[port.types or ""])
            found.append(list(items[at : at + n]))
            at += n
        else:
            found.append(items[at])
            at += 1
    return found


@provide("evaluate")
def evaluate(
    definition: OpDef, attrs: dict[str, Any], arrays: Sequence[Array]
) -> list[Array] | None:
    """Returns the outputs of a stateless operation, or None where its kernel needs a session."""
    rule = definition.body or definition.kernel
    if rule is None:
        return None
    wanted = kernel_keywords(rule)
    if not {"store", "memory", "name"}.isdisjoint(wanted):
        return None
    options = {k: None if k == "out" else attrs[k] for k in wanted}
    args = grouped(definition, attrs, arrays)
    try:
        with np.errstate(all="ignore"):
            made = rule(np, *args, **options) if definition.body else rule(*args, **options)
    except Exception:  # the run reports it, with TensorFlow's words
        return None
    outputs = list(made) if isinstance(made, tuple | list) else [made]
    found = [np.asarray(x) for x in outputs]
    for x in found:
        x.flags.writeable = False
    return found
