"""Discrete cosine transforms."""

from __future__ import annotations

import math
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32, int32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.complex import complex as complex_of
from graphflow.ops.complex import real
from graphflow.ops.concat import concat
from graphflow.ops.fft_real import irfft, rfft
from graphflow.ops.pad import pad
from graphflow.ops.reshape import expand_dims
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import shape


def _check(x: Any, kind: int, n: int | None, axis: int, norm: str | None) -> None:
    if axis != -1:
        raise NotImplementedError(f"axis must be -1. Got: {axis}")
    if n is not None and n < 1:
        raise ValueError("n should be a positive integer or None")
    if kind not in (1, 2, 3):
        raise ValueError("Only Types I, II and III (I)DCT are supported.")
    if kind == 1:
        if norm == "ortho":
            raise ValueError("Normalization is not supported for the Type-I DCT.")
        if x.shape[-1] is not None and x.shape[-1] < 2:
            raise ValueError("Type-I DCT requires the dimension to be greater than one.")
    if norm not in (None, "ortho"):
        raise ValueError(f"Unknown normalization. Expected None or 'ortho', got: {norm}")


@export("signal.dct", "spectral.dct")
def dct(
    input: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns the discrete cosine transforms of real numbers.

    Args:
        input: float32: [..., samples].
        type: 1, 2 or 3; for 1 there are at least two samples.
        n: the size of the transform; a shorter input gets zeros, a longer one is cut.
        axis: -1.
        norm: None, or "ortho" for an orthonormal transform of type 2 or 3.
        name: the name of the scope.

    Raises:
        NotImplementedError: for another axis.
        ValueError: for another type or norm, or a size below 1.
    """
    _check(input, type, n, axis, norm)
    with scopes.name_scope(name, "dct", [input]):
        x = convert_to_tensor(input, dtype=float32)
        size = _last_size(x)
        if n is not None:
            x = _fitted(x, n, size)
        if type == 1:
            _count(x)
            mirrored = concat([x, x[..., -2:0:-1]], axis=-1)
            return real(rfft(mirrored))
        count, floats = _count(x)
        return (_second if type == 2 else _third)(x, count, floats, norm)


def _last_size(x: Tensor) -> Any:
    known = None if x.dims is None else x.dims[-1]
    return known or shape(x)[-1]


def _count(x: Tensor) -> tuple[Any, Tensor]:
    count = _last_size(x)
    return count, cast(count, float32)


def _fitted(x: Tensor, n: int, size: Any) -> Tensor:
    if n <= size:
        return x[..., 0:n]
    pairs: Any = [[0, 0] for _ in x.get_shape()]
    pairs[-1][1] = n - size
    return pad(x, paddings=convert_to_tensor(pairs, dtype=int32))


def _turns(count: Tensor, sign: int) -> Any:
    """`2 exp(sign * i pi k / 2 n)` for k = 0, ..., n - 1."""
    steps = range_(count)
    if sign < 0:
        steps = -steps
    angles = steps * math.pi * 0.5 / count
    return 2.0 * apply("Exp", complex_of(0.0, angles))


def _second(x: Tensor, count: Any, floats: Tensor, norm: str | None) -> Tensor:
    turns = _turns(floats, -1)
    found = real(rfft(x, fft_length=[2 * count])[..., :count] * turns)
    if norm == "ortho":
        first = 0.5 * apply("Rsqrt", floats)
        found *= _weights(first, first * apply("Sqrt", 2.0), count)
    return found


def _weights(first: Tensor, others: Tensor, count: Any) -> Tensor:
    return pad(expand_dims(first, 0), [[0, count - 1]], constant_values=others)


def _third(x: Tensor, count: Any, floats: Tensor, norm: str | None) -> Tensor:
    if norm == "ortho":
        first = apply("Sqrt", floats)
        x *= _weights(first, first * apply("Sqrt", 0.5), count)
    else:
        x *= floats
    turns = _turns(floats, 1)
    whole = irfft(turns * complex_of(x, 0.0), fft_length=[2 * count])
    return real(whole)[..., :count]


@export("signal.idct", "spectral.idct")
def idct(
    input: Any,
    type: int = 2,
    n: int | None = None,
    axis: int = -1,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns the inverse cosine transforms, up to a factor unless `norm` is "ortho".

    Args:
        input: float32: [..., samples].
        type: of the transform that is undone: 1, 2 or 3.
        n: the size of the transform; a shorter input gets zeros, a longer one is cut.
        axis: -1.
        norm: None, or "ortho".
        name: the name of the scope.

    Raises:
        NotImplementedError: for another axis.
        ValueError: for another type or norm, or a size below 1.

    Note:
        Without `norm`, type 1 gives `2 (n - 1)`, types 2 and 3 give `2 n` times the input back.
    """
    _check(input, type, n, axis, norm)
    return dct(input, {1: 1, 2: 3, 3: 2}[type], n, axis, norm, name)
