"""One of two results, by a flag that is known when the graph is built or only when it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphflow.core.constant import constant_value
from graphflow.core.tensor import Tensor
from graphflow.ops.flow_cond import cond
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
    """
    known = known_flag(flag)
    if known is not None:
        return then() if known else otherwise()
    return cond(flag, then, otherwise)
