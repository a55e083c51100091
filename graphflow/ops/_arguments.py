"""Arguments that TensorFlow 1.15 takes under two names at once, in its own order."""

from __future__ import annotations

from typing import Any


def either(new_name: str, new: Any, old_name: str, old: Any) -> Any:
    """Returns the argument from whichever name it came under.

    Raises:
        ValueError: if it came under both.
    """
    if old is None:
        return new
    if new is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'")
    return old
