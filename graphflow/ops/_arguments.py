"""Arguments that TensorFlow 1.15 takes under two names at once, in its own order."""

from __future__ import annotations

from typing import Any


def either(new_name: str, new_value: Any, old_name: str, old_value: Any) -> Any:
    """Returns the argument from whichever name it came under.

    Raises:
        ValueError: if it came under both.
    """
    if old_value is None:
        return new_value
    if new_value is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'")
    return old_value
