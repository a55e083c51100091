"""Rounding, and tests for nan and infinity, element by element."""

from __future__ import annotations

from typing import Any

from graphflow.core import convert
from graphflow.core.declare import apply
from graphflow.core.elementwise import elementwise, unary
from graphflow.core.export import export
from graphflow.core.opdef import FLOATS
from graphflow.core.tensor import Tensor
from graphflow.ops.arithmetic import SIGNED
from graphflow.ops.powers import doc

_STEPS = "constant almost everywhere"

floor = unary(
    "Floor", FLOATS, "floor", _STEPS, "floor math.floor",
    doc("the largest integer not above `x`"),
)  # fmt: skip
ceil = unary(
    "Ceil", FLOATS, "ceil", _STEPS, "ceil math.ceil",
    doc("the smallest integer not below `x`"),
)  # fmt: skip
rint = unary(
    "Rint", FLOATS, "rint", _STEPS, "rint math.rint",
    doc("the nearest integer", "Halves go to the even neighbour."),
)  # fmt: skip


# --- Round ---
@elementwise("Round(x: T) -> y: T", T=SIGNED)
def _round(xp: Any, x: Any) -> Any:
    return x if x.dtype.kind in "iu" else xp.rint(x)


_round.no_gradient(_STEPS)


@export("round", "math.round")
def round(x: Any, name: str | None = None) -> Tensor:
    """Returns the nearest integer, element by element; an integer tensor as it is.

    Args:
        x: a tensor of real numbers.
        name: the node's name.

    Note:
        Halves go to the even neighbour, as in Python: 0.5 and 2.5 become 0 and 2.
    """
    found: Tensor = convert.convert(x, name="x")
    return found if found.dtype.is_integer else apply("Round", found, name=name)


# --- IsNan, IsInf, IsFinite ---
_TRUTH = "gives truth values"


def _test(name: str, ufunc: str, public: str, what: str) -> Any:
    def body(xp: Any, x: Any) -> Any:
        return getattr(xp, ufunc)(x)

    body.__name__ = public
    body.__doc__ = doc(f"True where `x` is {what}")
    names = f"{public} math.{public} debugging.{public}"
    function = elementwise(f"{name}(x: T) -> y: bool", T=FLOATS, tf=names)(body)
    function.no_gradient(_TRUTH)
    return function


is_nan = _test("IsNan", "isnan", "is_nan", "nan")
is_inf = _test("IsInf", "isinf", "is_inf", "infinite")
is_finite = _test("IsFinite", "isfinite", "is_finite", "neither infinite nor nan")
