"""Modified Bessel functions of the first kind, element by element."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import bfloat16
from graphflow.core.elementwise import same_shape
from graphflow.core.export import export
from graphflow.core.opdef import FLOATS, define
from graphflow.core.operation import Operation
from graphflow.core.sparse_tensor import maps_values
from graphflow.core.tensor import Tensor
from graphflow.ops._special import _by_blocks, _series
from graphflow.ops.complex import abs as absolute

Array = np.ndarray[Any, Any]

# Chebyshev series, computed with 40 digits. NEAR: exp(-x) I(x) at u = x / 4 - 1 for x in [0, 8],
# for I1 divided by x. FAR: sqrt(x) exp(-x) I(x) at u = 16 / x - 1.
_I0_NEAR: Final = (
    0.33839763720473803, -0.3046826723431984, 0.17162090152220877, -0.09490109704804764,
    0.04930528423967071, -0.02373741480589947, 0.010546460394594998, -0.004324309995050576,
    0.0016394756169413357, -0.0005763755745385824, 0.00018850288509584165,
    -5.754195010082104e-05, 1.6448448070728896e-05, -4.4167383584587505e-06,
    1.1173875391201037e-06, -2.670793853940612e-07, 6.046995022541919e-08,
    -1.300025009986248e-08, 2.6598237246823866e-09, -5.189795601635263e-10,
    9.675809035373237e-11, -1.726826291441556e-11, 2.95505266312964e-12,
    -4.856446783111929e-13, 7.676185498604936e-14, -1.1685332877993451e-14,
    1.715391285555133e-15, -2.431279846547955e-16, 3.3307945188222384e-17,
    -4.4153416464793395e-18,
)  # fmt: skip
_I0_FAR: Final = (
    0.4022452055070544, 0.0033691164782556943, 6.889758346916825e-05, 2.8913705208347567e-06,
    2.0489185894690638e-07, 2.266668990498178e-08, 3.3962320257083865e-09,
    4.94060238822497e-10, 1.1889147107846439e-11, -3.1499165279632416e-11,
    -1.3215811840447713e-11, -1.7941785315068062e-12, 7.180124451383666e-13,
    3.8527783827421426e-13, 1.54008621752141e-14, -4.150569347287222e-14,
    -9.554846698828307e-15, 3.8116806693526224e-15, 1.7725601330565263e-15,
    -3.425485619677219e-16, -2.8276239805165836e-16, 3.461222867697461e-17,
    4.46562142029676e-17, -4.830504485944182e-18, -7.233180487874754e-18,
)  # fmt: skip
_I1_NEAR: Final = (
    0.12629359322181682, -0.17641651835783406, 0.1026436586898471, -0.05294598120809499,
    0.024726449030626516, -0.010564084894626197, 0.004156422944312888, -0.0015135724506312532,
    0.0005122859561685758, -0.00016176081582589674, 4.781565107550054e-05,
    -1.3273163656039436e-05, 3.4702513081376785e-06, -8.568720264695455e-07,
    2.0032947535521353e-07, -4.445059128796328e-08, 9.381537386495773e-09,
    -1.8872497517228294e-09, 3.625590281552117e-10, -6.663489723502027e-11,
    1.1736186298890901e-11, -1.9839743977649436e-12, 3.223793365945575e-13,
    -5.042185504727912e-14, 7.600684294735408e-15, -1.1055969477353862e-15,
    1.5536319577362005e-16, -2.111421214358166e-17, 2.7779141127610464e-18,
)  # fmt: skip
_I1_FAR: Final = (
    0.38928811750914005, -0.009761097491361469, -0.00011058893876262371,
    -3.882564808877691e-06, -2.512236237870209e-07, -2.6314688468895196e-08,
    -3.835380385964237e-09, -5.589743462196584e-10, -1.8974958123505413e-11,
    3.2526035830154884e-11, 1.4125807436613782e-11, 2.0356285441470896e-12,
    -7.198551776245908e-13, -4.0835511110921974e-13, -2.1015418427726643e-14,
    4.272440016711951e-14, 1.0420276984128802e-14, -3.8144030724370075e-15,
    -1.8803547755107825e-15, 3.3082023109209285e-16, 2.96262899764595e-16,
    -3.209525921993424e-17, -4.6503053684893586e-17, 4.414348323071708e-18,
    7.517296310842105e-18,
)  # fmt: skip


def _scaled(x: Array, near: tuple[float, ...], far: tuple[float, ...], precision: float) -> Array:
    """A function of `|x|` from its two series; nan stays nan."""
    size = np.abs(x)
    found = np.empty_like(size)
    small = size <= 8
    found[small] = _series(size[small] / 4 - 1, near, precision)
    large = ~small
    y = size[large]
    found[large] = _series(16 / y - 1, far, precision) / np.sqrt(y)
    return found


def _i0e(x: Array, precision: float) -> Array:
    return _scaled(x, _I0_NEAR, _I0_FAR, precision)


def _i1e(x: Array, precision: float) -> Array:
    found = _scaled(x, _I1_NEAR, _I1_FAR, precision)
    size = np.abs(x)
    found = np.where(size <= 8, found * size, found)
    return np.where(x < 0, -found, found)


def _product(x: Tensor) -> str:
    """The product that is 0 where the gradient is 0; of bfloat16 there is none."""
    return "Mul" if x.dtype.base_dtype == bfloat16 else "MulNoNan"


# --- BesselI0e ---
BESSEL_I0E = define("BesselI0e(x: T) -> y: T", T=FLOATS, shape=same_shape)


@BESSEL_I0E.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    x, y = op.inputs[0], op.outputs[0]
    slope = apply(BESSEL_I1E, x) - apply("Sign", x) * y
    found: Tensor = apply(_product(x), slope, dy)
    return found


@BESSEL_I0E.numpy
def _(x: Array) -> Array:
    return _by_blocks(_i0e, x)


@export("math.bessel_i0e")
@maps_values("BesselI0e")
def bessel_i0e(x: Any, name: str | None = None) -> Tensor:
    """Returns `exp(-|x|) I0(x)`, the modified Bessel function of order 0 without its growth.

    Args:
        x: a tensor of floats.
        name: the node's name.
    """
    found: Tensor = apply(BESSEL_I0E, x, name=name)
    return found


# --- BesselI1e ---
BESSEL_I1E = define("BesselI1e(x: T) -> y: T", T=FLOATS, shape=same_shape)


@BESSEL_I1E.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    # I1e'(x) = I0e(x) - I1e(x) (sign(x) + 1 / x); at 0 the last quotient is 1/2.
    x, y = op.inputs[0], op.outputs[0]
    kind = x.dtype.base_dtype.as_numpy_dtype
    ones = apply("OnesLike", x)
    is_large = apply("Greater", apply("Abs", x), _epsilon(kind))
    safe = apply("Select", is_large, x, ones)
    slope = apply(BESSEL_I0E, safe) - y * (apply("Sign", safe) + apply("Reciprocal", safe))
    slope = apply("Select", is_large, slope, ones * np.asarray(0.5, kind))
    found: Tensor = apply(_product(x), slope, dy)
    return found


def _epsilon(kind: Any) -> Array:
    """The distance from 1 to the next number of a float type."""
    one = np.asarray(1, kind)
    return np.asarray(np.nextafter(one, np.asarray(2, kind)) - one, kind)


@BESSEL_I1E.numpy
def _(x: Array) -> Array:
    return _by_blocks(_i1e, x)


@export("math.bessel_i1e")
@maps_values("BesselI1e")
def bessel_i1e(x: Any, name: str | None = None) -> Tensor:
    """Returns `exp(-|x|) I1(x)`, the modified Bessel function of order 1 without its growth.

    Args:
        x: a tensor of floats.
        name: the node's name.
    """
    found: Tensor = apply(BESSEL_I1E, x, name=name)
    return found


# --- of several operations ---
@export("math.bessel_i0")
def bessel_i0(x: Any, name: str | None = None) -> Tensor:
    """Returns the modified Bessel function of order 0, element by element.

    Args:
        x: a tensor of floats.
        name: the name of the scope.

    Note:
        It grows as `exp(|x|)`: `tf.math.bessel_i0e` does not overflow.
    """
    with scopes.name_scope(name, "bessel_i0", [x]):
        found: Tensor = apply("Exp", absolute(x)) * bessel_i0e(x)
        return found


@export("math.bessel_i1")
def bessel_i1(x: Any, name: str | None = None) -> Tensor:
    """Returns the modified Bessel function of order 1, element by element.

    Args:
        x: a tensor of floats.
        name: the name of the scope.

    Note:
        It grows as `exp(|x|)`: `tf.math.bessel_i1e` does not overflow.
    """
    with scopes.name_scope(name, "bessel_i1", [x]):
        found: Tensor = apply("Exp", absolute(x)) * bessel_i1e(x)
        return found
