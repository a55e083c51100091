"""tf.raw_ops: one function for each operation type; it takes keyword arguments only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def __getattr__(name: str) -> Callable[..., Any]:
    """Makes the function of an operation type on its first use, and keeps it."""
    from graphflow.core.generated import keywords_only

    try:
        made = keywords_only(name)
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no operation type {name!r}") from None
    globals()[name] = made
    return made


def __dir__() -> list[str]:
    """Lists the operation types."""
    from graphflow.core.generated import op_types

    return op_types()
