"""Error and gamma functions, element by element."""

from __future__ import annotations

from typing import Any

from graphflow.core import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32, float64
from graphflow.core.elementwise import broadcast_shape, same_shape
from graphflow.core.export import export
from graphflow.core.lowering import Lowering
from graphflow.core.opdef import FLOATS, define
from graphflow.core.operation import Operation
from graphflow.core.sparse_tensor import maps_values
from graphflow.core.tensor import Tensor
from graphflow.ops import _special
from graphflow.ops._rules import sum_to
from graphflow.ops.functions import exp
from graphflow.ops.powers import square

_TWO_OVER_ROOT_PI = 1.1283791670955126

# --- Erf ---
ERF = define("Erf(x: T) -> y: T", T=FLOATS, shape=same_shape)
ERF.numpy(_special.erf)
ERF.compiled(lambda call: Lowering(tile="erf"))


@ERF.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    slope: Tensor = _TWO_OVER_ROOT_PI * exp(-square(op.inputs[0]))
    return dy * slope


@export("erf", "math.erf")
@maps_values("Erf")
def erf(x: Any, name: str | None = None) -> Tensor:
    """Returns the error function, element by element.

    Args:
        x: a tensor of floats.
        name: the node's name.
    """
    found: Tensor = apply(ERF, x, name=name)
    return found


# --- Erfc ---
ERFC = define("Erfc(x: T) -> y: T", T=FLOATS, shape=same_shape)
ERFC.numpy(_special.erfc)
ERFC.compiled(lambda call: Lowering(tile="erfc"))


@ERFC.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    slope: Tensor = -_TWO_OVER_ROOT_PI * exp(-square(op.inputs[0]))
    return dy * slope


@export("erfc", "math.erfc")
def erfc(x: Any, name: str | None = None) -> Tensor:
    """Returns `1 - erf(x)`, element by element, exact for large `x` too.

    Args:
        x: a tensor of floats.
        name: the node's name.
    """
    found: Tensor = apply(ERFC, x, name=name)
    return found


# --- Lgamma ---
LGAMMA = define("Lgamma(x: T) -> y: T", T=FLOATS, shape=same_shape)
LGAMMA.numpy(_special.lgamma)


@LGAMMA.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return dy * digamma(op.inputs[0])


@export("lgamma", "math.lgamma")
def lgamma(x: Any, name: str | None = None) -> Tensor:
    """Returns the logarithm of the absolute value of the gamma function, element by element.

    Args:
        x: a tensor of floats.
        name: the node's name.

    Note:
        At 0, -1, -2, ... it is infinite.
    """
    found: Tensor = apply(LGAMMA, x, name=name)
    return found


# --- Digamma ---
DIGAMMA = define("Digamma(x: T) -> y: T", T=FLOATS, shape=same_shape)
DIGAMMA.numpy(_special.digamma)


@DIGAMMA.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    x = op.inputs[0]
    return dy * polygamma(convert.convert(1, x.dtype.base_dtype), x)


@export("digamma", "math.digamma")
def digamma(x: Any, name: str | None = None) -> Tensor:
    """Returns the derivative of `tf.lgamma`, element by element.

    Args:
        x: a tensor of floats.
        name: the node's name.

    Note:
        At 0, -1, -2, ... it is infinite.
    """
    found: Tensor = apply(DIGAMMA, x, name=name)
    return found


# --- Zeta ---
ZETA = define("Zeta(x: T, q: T) -> z: T", T=(float32, float64), shape=broadcast_shape)
ZETA.numpy(_special.zeta)


@ZETA.gradient
def _(op: Operation, dz: Tensor) -> tuple[None, Tensor | None]:
    x, q = op.inputs
    return None, sum_to(-dz * x * zeta(x + 1, q), q, x)


@export("zeta", "math.zeta")
def zeta(x: Any, q: Any, name: str | None = None) -> Tensor:
    """Returns Hurwitz's zeta function: the sum of `(q + k)^-x` over k = 0, 1, 2, ...

    Args:
        x: a tensor of floats above 1; it gets no gradient.
        q: a tensor of the same type; the two broadcast.
        name: the node's name.
    """
    found: Tensor = apply(ZETA, x, q, name=name)
    return found


# --- Polygamma ---
POLYGAMMA = define("Polygamma(a: T, x: T) -> z: T", T=(float32, float64), shape=broadcast_shape)
POLYGAMMA.numpy(_special.polygamma)


@POLYGAMMA.gradient
def _(op: Operation, dz: Tensor) -> tuple[None, Tensor | None]:
    a, x = op.inputs
    return None, sum_to(dz * polygamma(a + 1, x), x, a)


@export("polygamma", "math.polygamma")
def polygamma(a: Any, x: Any, name: str | None = None) -> Tensor:
    """Returns the derivative of order `a` of `tf.digamma`, element by element.

    Args:
        a: a tensor of whole numbers from 0 on, as floats; it gets no gradient.
        x: a tensor of the same type; the two broadcast.
        name: the node's name.
    """
    found: Tensor = apply(POLYGAMMA, a, x, name=name)
    return found
