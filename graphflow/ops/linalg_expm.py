"""Exponentials of matrices: Pade's approximants, and squaring."""

from __future__ import annotations

from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import complex64, complex128, float16, float32, float64
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.complex import abs as absolute
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.diag import eye
from graphflow.ops.flow_while import while_loop
from graphflow.ops.linalg_solve import matrix_solve
from graphflow.ops.matmul import matmul
from graphflow.ops.reduce import reduce_max, reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.select import where
from graphflow.ops.shape_ops import shape, size

# The coefficients of the approximants' numerators, lowest power first, without the last one, 1.
_PADE: Final = {
    3: (120.0, 60.0, 12.0),
    5: (30240.0, 15120.0, 3360.0, 420.0, 30.0),
    7: (17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0),
    9: (
        17643225600.0, 8821612800.0, 2075673600.0, 302702400.0, 30270240.0, 2162160.0, 110880.0,
        3960.0, 90.0,
    ),
    13: (
        64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
        129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0,
        40840800.0, 960960.0, 16380.0, 182.0,
    ),
}  # fmt: skip
# Up to which 1-norm each approximant serves (Higham 2005), in single and in double precision.
_SINGLE: Final = (4.258730016922831e-1, 1.880152677804762)
_DOUBLE: Final = (
    1.495585217958292e-2, 2.539398330063230e-1, 9.504178996162932e-1, 2.097847961257068,
)  # fmt: skip
_LARGEST: Final = {False: 3.925724783138660, True: 5.371920351148152}


def _start(a: Tensor, order: int) -> tuple[list[Tensor], Tensor]:
    factors = [constant(x, a.dtype) for x in _PADE[order]]
    rows, front = shape(a)[-2], shape(a)[:-2]
    return factors, eye(rows, batch_shape=front, dtype=a.dtype)


def _approximant(a: Tensor, order: int) -> tuple[Tensor, Tensor]:
    """Odd and even part of the numerator of order 3, 5, 7 or 9."""
    b, one = _start(a, order)
    squared = matmul(a, a)
    powers = [squared]
    for _ in range(order // 2 - 1):
        powers.append(matmul(powers[-1], squared))
    powers.reverse()
    odd = powers[0]
    for n, power in enumerate([*powers[1:], one]):
        odd = odd + b[order - 2 - 2 * n] * power
    odd = matmul(a, odd)
    even = b[order - 1] * powers[0]
    for n, power in enumerate([*powers[1:], one]):
        even = even + b[order - 3 - 2 * n] * power
    return odd, even


def _approximant_13(a: Tensor) -> tuple[Tensor, Tensor]:
    b, one = _start(a, 13)
    a2 = matmul(a, a)
    a4 = matmul(a2, a2)
    a6 = matmul(a4, a2)
    high = matmul(a6, a6 + b[11] * a4 + b[9] * a2)
    odd = matmul(a, high + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * one)
    high = matmul(a6, b[12] * a6 + b[10] * a4 + b[8] * a2)
    return odd, high + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * one


def _chosen(norm: Tensor, limits: tuple[float, ...], cases: list[Tensor]) -> Tensor:
    """The first of the cases whose limit the norm keeps."""
    is_small = apply("Less", norm, constant(limits[0], norm.dtype))
    if len(limits) == 1:
        return where(is_small, cases[0], cases[1])
    return where(is_small, cases[0], _chosen(norm, limits[1:], cases[1:]))


def _scaled(a: Tensor, squarings: Tensor) -> Tensor:
    power = apply("Pow", constant(2.0, dtype=a.dtype), cast(squarings, a.dtype))
    found: Tensor = a / power[..., None, None]
    return found


@export("linalg.expm")
def expm(input: Any, name: str | None = None) -> Tensor:
    """Returns the exponentials of matrices.

    Args:
        input: a: [..., n, n], floats or complex numbers.
        name: the name of the scope.

    Raises:
        ValueError: if the matrices are not square, or of another type.

    Source:
        Higham, "The Scaling and Squaring Method for the Matrix Exponential Revisited" (2005).
    """
    with scopes.name_scope(name, "matrix_exponential", [input]):
        a = convert_to_tensor(input, name="input")
        whole = a.get_shape()
        if whole[-2:] == [0, 0]:
            return a
        front: Any = whole[:-2]
        if not front.is_fully_defined():
            front = shape(a)[:-2]
        a = reshape(a, concat(([-1], shape(a)[-2:]), axis=0))
        columns = reduce_sum(absolute(a), axis=size(shape(a)) - 2)
        norm = reduce_max(columns, axis=-1)
        found = _squared(*_quotient(a, norm), norm)
        if not a.get_shape().is_fully_defined():
            return reshape(found, concat((front, shape(found)[-2:]), axis=0))
        return reshape(found, front.concatenate(found.get_shape()[-2:]))


def _quotient(a: Tensor, norm: Tensor) -> tuple[Tensor, Tensor]:
    """The exponential of the scaled matrices, and how often it is to be squared."""
    single = a.dtype in (float16, float32, complex64)
    if not single and a.dtype not in (float64, complex128):
        raise ValueError(f"tf.linalg.expm does not support matrices of type {a.dtype}")
    limits = _SINGLE if single else _DOUBLE
    largest = constant(_LARGEST[not single], norm.dtype)
    ratio = apply("Log", norm / largest) / apply("Log", constant(2.0, norm.dtype))
    squarings = apply("Maximum", apply("Floor", ratio), 0)
    parts = [_approximant(a, order) for order in ((3, 5) if single else (3, 5, 7, 9))]
    scaled = _scaled(a, squarings)
    parts.append(_approximant(scaled, 7) if single else _approximant_13(scaled))
    odd = _chosen(norm, limits, [p[0] for p in parts])
    even = _chosen(norm, limits, [p[1] for p in parts])
    numerator = odd + even
    return matrix_solve(-odd + even, numerator), squarings


def _squared(x: Tensor, squarings: Tensor, norm: Tensor) -> Tensor:
    most = reduce_max(squarings)
    start = constant(0.0, norm.dtype)

    def body(i: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
        return i + 1, where(apply("Less", i, squarings), matmul(r, r), r)

    found: Tensor = while_loop(lambda i, _: apply("Less", i, most), body, [start, x])[1]
    return found
