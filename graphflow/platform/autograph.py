"""tf.autograph: Python's `if` and `while` are never turned into operations here.

What tells TensorFlow to leave code as it is, is there; what converts code is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphflow.core.export import export

_verbosity: Final[dict[str, Any]] = {"level": 0, "alsologtostdout": False}


@export("autograph.experimental.do_not_convert")
def do_not_convert(func: Callable[..., Any] | None = None) -> Any:
    """Returns a function as it is, or a decorator that does: no code is ever converted.

    Args:
        func: the function; None: a decorator is returned.
    """
    return (lambda f: f) if func is None else func


@export("autograph.set_verbosity")
def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """Notes how much is to be logged about conversions, of which there are none.

    Args:
        level: 0 for nothing.
        alsologtostdout: whether it is printed too.
    """
    _verbosity.update(level=level, alsologtostdout=alsologtostdout)


@export("autograph.trace")
def trace(*args: Any) -> None:
    """Prints its arguments when it is called: while the graph is made, not when it runs."""
    print(*args)
