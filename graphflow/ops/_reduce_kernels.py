"""The NumPy kernels of the reductions: `kernel(x, axes, *, keep_dims, out)`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
# NumPy's own types know no `out` that may be None.
_add: Any = np.add
_multiply: Any = np.multiply
_and: Any = np.logical_and
_or: Any = np.logical_or


def axis_tuple(x: Array, axes: Array) -> tuple[int, ...]:
    """The axes to reduce, each once, counted from the front.

    Raises:
        ValueError: if there is no such axis (the shape rule says it in TensorFlow's words).
    """
    n = x.ndim
    found = axes.ravel().tolist()
    for axis in found:
        if not -n <= axis < n:
            raise ValueError("no such axis")
    if len(found) == 1:
        return (found[0] % n,)
    return tuple(sorted({axis % n for axis in found}))


def _is_short(x: Array) -> bool:
    """True for half and bfloat16, which add up in float32 and are rounded once."""
    return x.dtype.itemsize == 2 and x.dtype.kind not in "iu"


def _narrowed(wide: Any, dtype: np.dtype[Any], out: Array | None) -> Array:
    if out is None:
        return np.asarray(wide, dtype)
    out[...] = wide
    return out


def total(x: Array, axes: Array, *, keep_dims: bool, out: Array | None) -> Array:
    """The sum; integers wrap."""
    axis = axis_tuple(x, axes)
    if _is_short(x):
        wide = _add.reduce(x.astype(np.float32), axis, keepdims=keep_dims)
        return _narrowed(wide, x.dtype, out)
    found: Array = _add.reduce(x, axis, dtype=x.dtype, out=out, keepdims=keep_dims)
    return found


def _number(x: Array, axis: tuple[int, ...]) -> int:
    return math.prod([x.shape[i] for i in axis])


def mean(x: Array, axes: Array, *, keep_dims: bool, out: Array | None) -> Array:
    """The mean; of integers the wrapped sum, divided and cut off towards 0."""
    axis = axis_tuple(x, axes)
    n = _number(x, axis)
    if _is_short(x):
        wide = _add.reduce(x.astype(np.float32), axis, keepdims=keep_dims) / np.float32(n)
        return _narrowed(wide, x.dtype, out)
    summed = _add.reduce(x, axis, dtype=x.dtype, out=out, keepdims=keep_dims)
    if x.dtype.kind in "fc":
        # A division, not a product with 1/n: only that gives TensorFlow's last bit.
        found: Array = np.divide(summed, x.dtype.type(n), out=out)
        return found
    if n == 0:
        return np.zeros_like(summed)
    if n > np.iinfo(x.dtype).max:
        return np.zeros_like(summed)
    divisor = x.dtype.type(n)
    below, rest = np.divmod(summed, divisor)
    return _narrowed(below + ((rest != 0) & (summed < 0)), x.dtype, out)


def product(x: Array, axes: Array, *, keep_dims: bool, out: Array | None) -> Array:
    """The product; integers wrap."""
    axis = axis_tuple(x, axes)
    if _is_short(x):
        wide = _multiply.reduce(x.astype(np.float32), axis, keepdims=keep_dims)
        return _narrowed(wide, x.dtype, out)
    found: Array = _multiply.reduce(x, axis, dtype=x.dtype, out=out, keepdims=keep_dims)
    return found


def _lowest(dtype: np.dtype[Any]) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else -math.inf


def _highest(dtype: np.dtype[Any]) -> Any:
    return np.iinfo(dtype).max if dtype.kind in "iu" else math.inf


def _extreme(
    ufunc: Any, first: Any, x: Array, axis: tuple[int, ...], keep_dims: bool, out: Array | None
) -> Array:
    if _number(x, axis) == 1:  # TensorFlow only reshapes then: a single nan stays
        kept = [1 if i in axis else d for i, d in enumerate(x.shape)]
        left = kept if keep_dims else [d for i, d in enumerate(x.shape) if i not in axis]
        single = x.reshape(left)
        if out is None:
            return single.copy()
        out[...] = single
        return out
    found: Array = ufunc.reduce(x, axis, out=out, keepdims=keep_dims, initial=first)
    return found


def largest(x: Array, axes: Array, *, keep_dims: bool, out: Array | None) -> Array:
    """The maximum, which passes over nan."""
    first = _lowest(x.dtype)
    return _extreme(np.fmax, first, x, axis_tuple(x, axes), keep_dims, out)


def smallest(x: Array, axes: Array, *, keep_dims: bool, out: Array | None) -> Array:
    """The minimum, which passes over nan."""
    first = _highest(x.dtype)
    return _extreme(np.fmin, first, x, axis_tuple(x, axes), keep_dims, out)


def norm(x: Array, axes: Array, *, keep_dims: bool, out: Array | None) -> Array:
    """The square root of the sum of squares of absolute values."""
    axis = axis_tuple(x, axes)
    if not axis:  # TensorFlow's tests ask for the elements themselves, sign and all
        return _narrowed(x.copy(), x.dtype, out)
    if x.dtype.kind == "c":
        squares = (x * x.conj()).real
    elif _is_short(x):
        squares = np.square(x.astype(np.float32))
    else:
        squares = np.square(x)
    summed = _add.reduce(squares, axis, dtype=squares.dtype, keepdims=keep_dims)
    return _narrowed(np.sqrt(summed), x.dtype, out)


def all_true(x: Array, axes: Array, *, keep_dims: bool, out: Array | None) -> Array:
    """Whether all are true."""
    found: Array = _and.reduce(x, axis_tuple(x, axes), out=out, keepdims=keep_dims)
    return found


def any_true(x: Array, axes: Array, *, keep_dims: bool, out: Array | None) -> Array:
    """Whether any is true."""
    found: Array = _or.reduce(x, axis_tuple(x, axes), out=out, keepdims=keep_dims)
    return found
