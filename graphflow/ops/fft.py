"""Discrete Fourier transforms of complex numbers, along the last one, two or three axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import complex64
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import COMPLEX, OpDef, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank_at_least

Array = np.ndarray[Any, Any]


def element_count(x: Tensor, axes: int) -> Tensor:
    """How many elements the last `axes` axes of a tensor hold, in its own type."""
    dtype = x.dtype.base_dtype
    sizes = None if x.dims is None else x.dims[-axes:]
    known = [] if sizes is None else [d for d in sizes if d is not None]
    if len(known) == axes:
        return convert(math.prod(known), dtype)  # type: ignore[no-any-return]  # one tensor
    last = apply("Shape", x)[-axes:]
    found: Tensor = apply("Cast", apply("Prod", last, [0]), DstT=dtype)
    return found


def check_rank(x: Array, axes: int) -> None:
    """Raises KernelError if an array has fewer axes than a transform needs."""
    if x.ndim < axes:
        raise KernelError(f"Input must have rank of at least {axes} but got: {text(x.shape)}")


def _transform(name: str, axes: int) -> OpDef:
    made = define(
        f"{name}(input: Tcomplex) -> output: Tcomplex", Tcomplex=default_type(COMPLEX, complex64)
    )

    @made.shape
    def _(op: Operation) -> list[Dims]:
        dims = op.inputs[0].dims
        rank = "?" if dims is None else text(dims)
        run = f"Input must have rank of at least {axes} but got: {rank}"
        need_rank_at_least(dims, axes, run)
        return [dims]

    made.numpy(_kernel(np.fft.ifftn if name.startswith("I") else np.fft.fftn, axes))
    return made


def _kernel(function: Callable[..., Any], axes: int) -> Callable[[Array], Array]:
    last = tuple(range(-axes, 0))

    def kernel(x: Array) -> Array:
        check_rank(x, axes)
        if not x.size:
            return np.zeros(x.shape, x.dtype)
        return np.ascontiguousarray(function(x, axes=last), x.dtype)

    return kernel


FFT = {axes: _transform(name, axes) for axes, name in ((1, "FFT"), (2, "FFT2D"), (3, "FFT3D"))}
IFFT = {axes: _transform(name, axes) for axes, name in ((1, "IFFT"), (2, "IFFT2D"), (3, "IFFT3D"))}


def _set_gradients(axes: int) -> None:
    # A transform's adjoint is its inverse times the number of elements.
    @FFT[axes].gradient
    def _(op: Operation, dy: Tensor) -> Tensor:
        found: Tensor = apply("Mul", apply(IFFT[axes], dy), element_count(dy, axes))
        return found

    @IFFT[axes].gradient
    def _(op: Operation, dy: Tensor) -> Tensor:
        found: Tensor = apply("RealDiv", apply(FFT[axes], dy), element_count(dy, axes))
        return found


for _axes in FFT:
    _set_gradients(_axes)


@export("fft", "signal.fft", "spectral.fft")
def fft(input: Any, name: str | None = None) -> Tensor:
    """Returns the discrete Fourier transforms along the last axis.

    Args:
        input: complex numbers: [..., n].
        name: the node's name.
    """
    found: Tensor = apply(FFT[1], input, name=name)
    return found


@export("ifft", "signal.ifft", "spectral.ifft")
def ifft(input: Any, name: str | None = None) -> Tensor:
    """Returns the inverse Fourier transforms along the last axis, divided by its size.

    Args:
        input: complex numbers: [..., n].
        name: the node's name.
    """
    found: Tensor = apply(IFFT[1], input, name=name)
    return found


@export("fft2d", "signal.fft2d", "spectral.fft2d")
def fft2d(input: Any, name: str | None = None) -> Tensor:
    """Returns the discrete Fourier transforms along the last two axes.

    Args:
        input: complex numbers: [..., m, n].
        name: the node's name.
    """
    found: Tensor = apply(FFT[2], input, name=name)
    return found


@export("ifft2d", "signal.ifft2d", "spectral.ifft2d")
def ifft2d(input: Any, name: str | None = None) -> Tensor:
    """Returns the inverse Fourier transforms along the last two axes, divided by their size.

    Args:
        input: complex numbers: [..., m, n].
        name: the node's name.
    """
    found: Tensor = apply(IFFT[2], input, name=name)
    return found


@export("fft3d", "signal.fft3d", "spectral.fft3d")
def fft3d(input: Any, name: str | None = None) -> Tensor:
    """Returns the discrete Fourier transforms along the last three axes.

    Args:
        input: complex numbers: [..., l, m, n].
        name: the node's name.
    """
    found: Tensor = apply(FFT[3], input, name=name)
    return found


@export("ifft3d", "signal.ifft3d", "spectral.ifft3d")
def ifft3d(input: Any, name: str | None = None) -> Tensor:
    """Returns the inverse Fourier transforms along the last three axes, divided by their size.

    Args:
        input: complex numbers: [..., l, m, n].
        name: the node's name.
    """
    found: Tensor = apply(IFFT[3], input, name=name)
    return found
