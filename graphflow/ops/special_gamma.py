"""Incomplete gamma and beta functions, element by element."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32, float64
from graphflow.core.elementwise import broadcast_shape
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _special_gamma
from graphflow.ops._rules import sum_to
from graphflow.ops._shapes import merged
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.special_functions import lgamma

_TYPES = (float32, float64)


def _lower_slopes(op: Operation, dz: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of the lower function, in the shape of the result."""
    a, x = op.inputs
    density = apply("Exp", (a - 1) * apply("Log", x) - x - lgamma(a))
    da = apply("MulNoNan", apply(IGAMMA_GRAD_A, a, x), dz)
    return da, apply("MulNoNan", density, dz)


# --- Igamma ---
IGAMMA = define("Igamma(a: T, x: T) -> z: T", T=_TYPES, shape=broadcast_shape)
IGAMMA.numpy(_special_gamma.igamma)


@IGAMMA.gradient
def _(op: Operation, dz: Tensor) -> tuple[Tensor | None, Tensor | None]:
    a, x = op.inputs
    da, dx = _lower_slopes(op, dz)
    return sum_to(da, a, x), sum_to(dx, x, a)


@export("igamma", "math.igamma")
def igamma(a: Any, x: Any, name: str | None = None) -> Tensor:
    """Returns the regularized lower incomplete gamma function P(a, x), element by element.

    Args:
        a: positive floats.
        x: floats of the same type, not negative; the two broadcast.
        name: the node's name.

    Note:
        It is nan for other numbers. Near `x = a` of large `a` it keeps digits that TensorFlow
        loses. The gradient with respect to `a` has no gradient, as in TensorFlow.
    """
    found: Tensor = apply(IGAMMA, a, x, name=name)
    return found


# --- IgammaGradA ---
IGAMMA_GRAD_A = define("IgammaGradA(a: T, x: T) -> z: T", T=_TYPES, shape=broadcast_shape)
IGAMMA_GRAD_A.numpy(_special_gamma.igamma_grad_a)
IGAMMA_GRAD_A.no_gradient("TensorFlow registers none", raises=True)

# --- Igammac ---
IGAMMAC = define("Igammac(a: T, x: T) -> z: T", T=_TYPES, shape=broadcast_shape)
IGAMMAC.numpy(_special_gamma.igammac)


@IGAMMAC.gradient
def _(op: Operation, dz: Tensor) -> tuple[Tensor | None, Tensor | None]:
    a, x = op.inputs
    da, dx = _lower_slopes(op, apply("Neg", dz))
    return sum_to(da, a, x), sum_to(dx, x, a)


@export("igammac", "math.igammac")
def igammac(a: Any, x: Any, name: str | None = None) -> Tensor:
    """Returns the regularized upper incomplete gamma function Q(a, x) = 1 - P(a, x).

    Args:
        a: positive floats.
        x: floats of the same type, not negative; the two broadcast.
        name: the node's name.

    Note:
        As for `tf.igamma`.
    """
    found: Tensor = apply(IGAMMAC, a, x, name=name)
    return found


# --- Betainc ---
BETAINC = define("Betainc(a: T, b: T, x: T) -> z: T", T=_TYPES)


@BETAINC.shape
def _(op: Operation) -> list[Dims]:
    # All the same, but scalars.
    found: Dims = ()
    dims = [t.dims for t in op.inputs]
    for own, what in zip(dims, ("a", "a", "a"), strict=True):
        if own == ():
            continue
        run = f"Shapes of {what} and x are inconsistent: {text(found)} vs. {text(own)}"
        found = own if found == () else merged(found, own, run)
    if None in dims:  # it may be a scalar
        return [found if found != () and found is not None else None]
    return [found]


@BETAINC.gradient
def _(op: Operation, dz: Tensor) -> tuple[None, None, Tensor | None]:
    a, b, x = op.inputs
    beta = lgamma(a) + lgamma(b) - lgamma(a + b)
    power = (b - 1) * apply("Log", 1 - x) + (a - 1) * apply("Log", x) - beta
    slope = apply("MulNoNan", apply("Exp", power), dz)
    return None, None, sum_to(slope, x, op.outputs[0])


BETAINC.numpy(_special_gamma.betainc)


@export("betainc", "math.betainc")
def betainc(a: Any, b: Any, x: Any, name: str | None = None) -> Tensor:
    """Returns the regularized incomplete beta function I_x(a, b), element by element.

    Args:
        a: positive floats.
        b: positive floats.
        x: floats from 0 to 1. The three have one shape, or are scalars.
        name: the node's name.

    Note:
        It is nan for other numbers. Only `x` gets a gradient.
    """
    found: Tensor = apply(BETAINC, a, b, x, name=name)
    return found


# --- of several operations ---
@export("lbeta", "math.lbeta")
def lbeta(x: Any, name: str | None = None) -> Tensor:
    """Returns the logarithm of the absolute value of the beta function, along the last axis.

    Args:
        x: floats: [..., n].
        name: the name of the scope.

    Note:
        Of no numbers it is -inf.
    """
    with scopes.name_scope(name, "lbeta", [x]):
        tensor = convert_to_tensor(x, name="x")
        product = reduce_sum(lgamma(tensor), axis=[-1])
        total = lgamma(reduce_sum(tensor, axis=[-1]))
        found: Tensor = product - total
        return found
