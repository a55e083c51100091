"""Complex numbers: parts, angles, conjugates, absolute values."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import convert, scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, complex64, complex128, float32, float64, variant
from graphflow.core.elementwise import broadcast_shape, same_shape
from graphflow.core.errors import KernelError, UnimplementedError
from graphflow.core.export import export
from graphflow.core.opdef import COMPLEX, default, define
from graphflow.core.operation import Operation
from graphflow.core.sparse_tensor import maps_values
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import unbroadcast
from graphflow.ops.fill import zeros_like

Array = np.ndarray[Any, Any]
_PARTS: dict[str, Any] = {
    "T": default(COMPLEX, complex64), "Tout": default((float32, float64), float32)
}  # fmt: skip


def _put(value: Array, dtype: DType, out: Array | None) -> Array:
    """Returns a part, which may be a view of a complex array, as an array of its own."""
    if out is None:
        return np.array(value, dtype.as_numpy_dtype, order="C")
    np.copyto(out, value, casting="same_kind")
    return out


def _zero(like: Tensor) -> Tensor:
    found: Tensor = convert.convert(0, like.dtype.base_dtype)
    return found


# --- Real ---
REAL = define("Real(input: T, *, Tout: type = float32) -> output: Tout", shape=same_shape, **_PARTS)


@REAL.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return complex(dy, _zero(dy))


@REAL.numpy
def _(x: Array, *, Tout: DType, out: Array | None) -> Array:  # noqa: N803 (TensorFlow's attribute)
    return _put(x.real, Tout, out)


@export("real", "math.real")
def real(input: Any, name: str | None = None) -> Tensor:
    """Returns the real part; a real tensor as it is.

    Args:
        input: a tensor of numbers.
        name: the node's name.
    """
    with scopes.name_scope(name, "Real", [input]) as scope:
        x: Tensor = convert.convert(input, name="input")
        return _part(REAL, x, scope) if x.dtype.is_complex else x


def _part(definition: Any, x: Tensor, scope: str) -> Tensor:
    found: Tensor = apply(definition, x, Tout=x.dtype.real_dtype, name=scope)
    return found


# --- Imag ---
IMAG = define("Imag(input: T, *, Tout: type = float32) -> output: Tout", shape=same_shape, **_PARTS)


@IMAG.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return complex(_zero(dy), dy)


@IMAG.numpy
def _(x: Array, *, Tout: DType, out: Array | None) -> Array:  # noqa: N803 (TensorFlow's attribute)
    return _put(x.imag, Tout, out)


@export("imag", "math.imag")
def imag(input: Any, name: str | None = None) -> Tensor:
    """Returns the imaginary part; zeros for a real tensor.

    Args:
        input: a tensor of numbers.
        name: the node's name.
    """
    with scopes.name_scope(name, "Imag", [input]) as scope:
        x: Tensor = convert.convert(input, name="input")
        return _part(IMAG, x, scope) if x.dtype.is_complex else zeros_like(x)


# --- Angle ---
ANGLE = define(
    "Angle(input: T, *, Tout: type = float32) -> output: Tout", shape=same_shape, **_PARTS
)


@ANGLE.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    x = op.inputs[0]
    turned = complex(imag(x), real(x))
    found: Tensor = -complex(dy, _zero(dy)) * apply("Reciprocal", turned)
    return found


@ANGLE.numpy
def _(x: Array, *, Tout: DType, out: Array | None) -> Array:  # noqa: N803 (TensorFlow's attribute)
    return _put(np.arctan2(x.imag, x.real), Tout, out)


@export("angle", "math.angle")
def angle(input: Any, name: str | None = None) -> Tensor:
    """Returns the angle of complex numbers in radians, from -pi to pi; zeros for real ones.

    Args:
        input: a tensor of numbers.
        name: the node's name.
    """
    with scopes.name_scope(name, "Angle", [input]) as scope:
        x: Tensor = convert.convert(input, name="input")
        return _part(ANGLE, x, scope) if x.dtype.is_complex else zeros_like(x)


# --- Complex ---
COMPLEX_OP = define(
    "Complex(real: T, imag: T, *, Tout: type = complex64) -> out: Tout",
    T=default((float32, float64), float32),
    Tout=default(COMPLEX, complex64),
    shape=broadcast_shape,
)


@COMPLEX_OP.gradient
def _(op: Operation, dz: Tensor) -> Any:
    return unbroadcast(op, real(dz), imag(dz))


@COMPLEX_OP.numpy
def _(real: Array, imag: Array, *, Tout: DType, out: Array | None) -> Array:  # noqa: N803 (TensorFlow's attribute)
    if out is None:
        out = np.empty(np.broadcast_shapes(real.shape, imag.shape), Tout.as_numpy_dtype)
    out.real = real
    out.imag = imag
    return out


@export("complex", "dtypes.complex")
def complex(real: Any, imag: Any, name: str | None = None) -> Tensor:
    """Returns `real + i imag`, element by element.

    Args:
        real: a tensor of float32 or float64.
        imag: a tensor of the same type; the two broadcast.
        name: the node's name.

    Raises:
        TypeError: if the types are others, or differ.
    """
    x, y = convert.convert(real, name="real"), convert.convert(imag, name="imag")
    with scopes.name_scope(name, "Complex", [x, y]) as scope:
        match x.dtype.base_dtype.name, y.dtype.base_dtype.name:
            case "float64", "float64":
                wanted = complex128
            case "float32", "float32":
                wanted = complex64
            case names:
                raise TypeError(f"real and imag have incorrect types: {' '.join(names)}")
        found: Tensor = apply(COMPLEX_OP, x, y, Tout=wanted, name=scope)
    return found


# --- Conj ---
CONJ = define(
    "Conj(input: T) -> output: T", T=default((*COMPLEX, variant), complex64), shape=same_shape
)


@CONJ.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return conj(dy)


@CONJ.numpy
def _(x: Array, *, out: Array | None) -> Array:
    if x.dtype.kind != "c":
        raise KernelError("Conj of a variant is not supported", UnimplementedError)
    found: Array = np.conjugate(x, out=out)
    return found


@export("conj", "math.conj")
def conj(x: Any, name: str | None = None) -> Tensor:
    """Returns the complex conjugate; a real tensor as it is.

    Args:
        x: a tensor of numbers.
        name: the node's name.

    Raises:
        TypeError: if `x` holds no numbers.
    """
    if isinstance(x, Tensor) and (x.dtype.is_floating or x.dtype.is_integer):
        return x
    with scopes.name_scope(name, "Conj", [x]) as scope:
        found: Tensor = convert.convert(x, name="x")
        if found.dtype.is_complex or found.dtype.base_dtype == variant:
            return apply(CONJ, found, name=scope)  # type: ignore[no-any-return]  # a Tensor
        if found.dtype.is_floating or found.dtype.is_integer:
            return found
        raise TypeError(f"Expected numeric or variant tensor, got dtype {found.dtype!r}")


# --- ComplexAbs ---
COMPLEX_ABS = define(
    "ComplexAbs(x: T, *, Tout: type = float32) -> y: Tout", shape=same_shape, **_PARTS
)


@COMPLEX_ABS.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    scale = apply("DivNoNan", dy, op.outputs[0])
    found: Tensor = complex(scale, _zero(scale)) * op.inputs[0]
    return found


@COMPLEX_ABS.numpy
def _(x: Array, *, Tout: DType, out: Array | None) -> Array:  # noqa: N803 (TensorFlow's attribute)
    return _put(np.absolute(x), Tout, out)


@export("abs", "math.abs")
@maps_values("Abs")
def abs(x: Any, name: str | None = None) -> Tensor:
    """Returns the absolute value, element by element; real for complex numbers.

    Args:
        x: a tensor of numbers.
        name: the node's name.

    Note:
        At 0 the gradient is 0.
    """
    with scopes.name_scope(name, "Abs", [x]) as scope:
        x = convert.convert(x, name="x")
        if x.dtype.is_complex:
            return _part(COMPLEX_ABS, x, scope)
        found: Tensor = apply("Abs", x, name=scope)
    return found
