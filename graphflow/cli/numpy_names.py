"""What NumPy has dropped since TensorFlow 1's days, given back to the programs of that time.

`graphflow run` and `graphflow test` do this; importing graphflow does not.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, Final

import numpy as np

_PLAIN: Final[dict[str, Any]] = {
    "int": int, "float": float, "complex": complex, "object": object, "str": str, "long": int,
    "unicode": str, "Inf": np.inf, "Infinity": np.inf, "infty": np.inf, "PINF": np.inf,
    "NINF": -np.inf, "PZERO": 0.0, "NZERO": -0.0, "NaN": np.nan, "NAN": np.nan,
}  # fmt: skip
_RENAMED: Final = {
    "float_": "float64", "complex_": "complex128", "cfloat": "complex128", "string_": "bytes_",
    "unicode_": "str_", "singlecomplex": "complex64", "longfloat": "longdouble",
    "longcomplex": "clongdouble", "clongfloat": "clongdouble", "product": "prod",
    "cumproduct": "cumprod", "sometrue": "any", "alltrue": "all", "round_": "round",
    "row_stack": "vstack", "trapz": "trapezoid", "mat": "asmatrix",
}  # fmt: skip


def asscalar(a: Any) -> Any:
    """Returns an array of one element as a Python number."""
    return np.asarray(a).item()


def asfarray(a: Any, dtype: Any = np.float64) -> Any:
    """Returns an array of floating point numbers."""
    wanted = np.dtype(dtype)
    return np.asarray(a, wanted if wanted.kind in "fc" else np.float64)


def in1d(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Returns, for each element of one array, whether the other has it."""
    return np.isin(np.ravel(ar1), ar2, assume_unique=assume_unique, invert=invert)


def _reshape(a: Any, *args: Any, newshape: Any = None, **kwargs: Any) -> Any:
    if newshape is not None:
        kwargs["shape"] = newshape
    return _new_reshape(a, *args, **kwargs)


def _array(*args: Any, **kwargs: Any) -> Any:
    """Rows of several lengths make an array of objects, as they did before NumPy 1.24."""
    try:
        return _new_array(*args, **kwargs)
    except ValueError as e:
        if "inhomogeneous shape" not in str(e) or len(args) != 1 or kwargs.get("dtype") is not None:
            raise
        return _new_array(*args, **{**kwargs, "dtype": object})


_new_reshape: Final = np.reshape
_new_array: Final = np.array


def restore() -> None:
    """Gives NumPy the names that it lacks; those that it has stay as they are.

    Numbers are printed as NumPy 1 printed them: `[0.9, 0.3]`, not `[np.float32(0.9), ...]`.
    """
    np.set_printoptions(legacy="1.25")
    np.array = functools.wraps(_new_array)(_array)
    if "newshape" not in inspect.signature(_new_reshape).parameters:
        np.reshape = functools.wraps(_new_reshape)(_reshape)
    found = {**_PLAIN, **{old: getattr(np, new) for old, new in _RENAMED.items()}}
    found |= {"asscalar": asscalar, "asfarray": asfarray, "in1d": in1d}
    for name, value in found.items():
        if name not in vars(np):
            setattr(np, name, value)
