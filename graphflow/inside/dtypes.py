"""Names of tensorflow.python.framework.dtypes: types of references, such as `float32_ref`."""

from __future__ import annotations

from typing import Any

from graphflow.core import dtypes


def __getattr__(name: str) -> Any:
    """Returns the reference type `<dtype>_ref`."""
    if name.endswith("_ref"):
        try:
            return dtypes.as_dtype(name)
        except TypeError:
            pass
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
