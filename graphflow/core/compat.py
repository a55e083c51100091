"""Text and bytes as TensorFlow's `tf.compat` names them, and switches of TensorFlow 2."""

from __future__ import annotations

import numbers
import os
from typing import Any, Final

import numpy as np

from graphflow.core.export import export

bytes_or_text_types: Final = (bytes, str)
complex_types: Final = (numbers.Complex, np.number)
integral_types: Final = (numbers.Integral, np.integer)
real_types: Final = (numbers.Real, np.integer, np.floating)


@export("compat.as_bytes")
def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    """Returns text as bytes; bytes as they are.

    Raises:
        TypeError: for anything else.
    """
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


@export("compat.as_text", "compat.as_str")
def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """Returns bytes as text; text as it is.

    Raises:
        TypeError: for anything else.
    """
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    if isinstance(bytes_or_text, bytes):
        return bytes_or_text.decode(encoding)
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


@export("compat.as_str_any")
def as_str_any(value: Any) -> str:
    """Returns anything as text; bytes are decoded."""
    return as_text(value) if isinstance(value, bytes) else str(value)


@export("compat.path_to_str")
def path_to_str(path: Any) -> Any:
    """Returns a path object as text; anything else as it is."""
    return as_str_any(os.fspath(path)) if hasattr(path, "__fspath__") else path


horizon: Final = [(2019, 8, 21)]
"""The day up to which TensorFlow 1.15.5 counts on newer readers; contexts put theirs behind it."""


@export("compat.forward_compatible")
def forward_compatible(year: int, month: int, day: int) -> bool:
    """Returns whether readers older than a day need not be thought of any more.

    Args:
        year: of the day.
        month: as above.
        day: as above.
    """
    return horizon[-1] > (year, month, day)


def _no_op(name: str, doc: str) -> Any:
    def switch() -> None:
        return None

    switch.__name__ = switch.__qualname__ = name
    switch.__doc__ = doc
    return switch


disable_v2_behavior: Final = _no_op("disable_v2_behavior", "Does nothing: this is 1.x behaviour.")
disable_control_flow_v2: Final = _no_op(
    "disable_control_flow_v2", "Does nothing: graphs are imported in both forms."
)
disable_tensor_equality: Final = _no_op(
    "disable_tensor_equality", "Does nothing: tensors compare by identity."
)
for _switch in (
    disable_v2_behavior, disable_control_flow_v2, disable_tensor_equality,
):  # fmt: skip
    export(_switch.__name__)(_switch)
