"""One of two results, by a flag that is known when the graph is built or only when it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core import nest
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.tensor import Tensor
from graphflow.ops.variables import Variable


def known_flag(flag: Any) -> bool | None:
    """Returns the value of a flag; None where only a run can tell.

    Args:
        flag: a bool, 0 or 1, or a scalar tensor.

    Raises:
        TypeError: if it is none of these.
    """
    if isinstance(flag, bool | int):
        return bool(flag)
    if isinstance(flag, Variable):
        return None
    if not isinstance(flag, Tensor):
        raise TypeError(f"`pred` must be a Tensor, a Python bool, or 1 or 0. Found instead: {flag}")
    value = constant_value(flag)
    return None if value is None else bool(value)


def choose(flag: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """Returns the result of one function, by a flag.

    Args:
        flag: as `known_flag` takes it.
        then: makes the result for True.
        otherwise: makes the one for False, in the same structure.

    Note:
        A flag that only a run can tell makes both, and a Select node takes one of each pair.
    """
    known = known_flag(flag)
    if known is not None:
        return then() if known else otherwise()
    return nest.map_structure(lambda a, b: _selected(flag, a, b), then(), otherwise())


def _selected(flag: Any, a: Any, b: Any) -> Tensor:
    a = convert(a)
    found: Tensor = apply("Select", convert(flag), a, convert(b, a.dtype.base_dtype))
    if found.dims is None:
        found.set_shape(a.dims)
    return found
