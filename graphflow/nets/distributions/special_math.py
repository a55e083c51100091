"""The cdf of the normal distribution, its inverse and its logarithm; and that of Laplace's.

Source: Cephes (ndtr.c, ndtri.c) for the approximations; Abramowitz and Stegun 26.2.12 for the
asymptotic series.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.tensor import Tensor
from graphflow.ops.arithmetic import maximum, minimum
from graphflow.ops.comparison import greater, less
from graphflow.ops.complex import abs as abs_
from graphflow.ops.constant import constant
from graphflow.ops.fill import fill, zeros_like
from graphflow.ops.functions import exp, log, log1p
from graphflow.ops.powers import sqrt, square
from graphflow.ops.select import where_v2
from graphflow.ops.shape_ops import shape
from graphflow.ops.special_functions import erf, erfc

LOGNDTR_FLOAT64_LOWER: Final = np.array(-20, np.float64)
LOGNDTR_FLOAT32_LOWER: Final = np.array(-10, np.float32)
LOGNDTR_FLOAT64_UPPER: Final = np.array(8, np.float64)
LOGNDTR_FLOAT32_UPPER: Final = np.array(5, np.float32)
_ENDS: Final = {
    "float64": (LOGNDTR_FLOAT64_LOWER, LOGNDTR_FLOAT64_UPPER),
    "float32": (LOGNDTR_FLOAT32_LOWER, LOGNDTR_FLOAT32_UPPER),
}
"""Below the first, log_ndtr is a series; above the second, `-ndtr(-x)`."""
# The coefficients of ndtri, of the lowest power first.
_P0: Final = (
    -1.23916583867381258016e0, 1.39312609387279679503e1, -5.66762857469070293439e1,
    9.80010754185999661536e1, -5.99633501014107895267e1,
)  # fmt: skip
_Q0: Final = (
    -1.18331621121330003142e0, 1.59056225126211695515e1, -8.20372256168333339912e1,
    2.00260212380060660359e2, -2.25462687854119370527e2, 8.63602421390890590575e1,
    4.67627912898881538453e0, 1.95448858338141759834e0, 1.0,
)  # fmt: skip
_P1: Final = (
    -8.57456785154685413611e-4, -3.50424626827848203418e-2, -1.40256079171354495875e-1,
    2.18663306850790267539e0, 1.46849561928858024014e1, 4.40805073893200834700e1,
    5.71628192246421288162e1, 3.15251094599893866154e1, 4.05544892305962419923e0,
)  # fmt: skip
_Q1: Final = (
    -9.33259480895457427372e-4, -3.80806407691578277194e-2, -1.42182922854787788574e-1,
    2.50464946208309415979e0, 1.50425385692907503408e1, 4.13172038254672030440e1,
    4.53907635128879210584e1, 1.57799883256466749731e1, 1.0,
)  # fmt: skip
_P2: Final = (
    6.23974539184983293730e-9, 2.65806974686737550832e-6, 3.01581553508235416007e-4,
    1.23716634817820021358e-2, 2.01485389549179081538e-1, 1.33303460815807542389e0,
    3.93881025292474443415e0, 6.91522889068984211695e0, 3.23774891776946035970e0,
)  # fmt: skip
_Q2: Final = (
    6.79019408009981274425e-9, 2.89247864745380683936e-6, 3.28014464682127739104e-4,
    1.34204006088543189037e-2, 2.16236993594496635890e-1, 1.37702099489081330271e0,
    3.67983563856160859403e0, 6.02427039364742014255e0, 1.0,
)  # fmt: skip


def _floats(x: Any, name: str) -> Tensor:
    tensor = convert_to_tensor(x, name=name)
    if tensor.dtype.base_dtype.name not in _ENDS:
        raise TypeError(
            f"{name}.dtype={tensor.dtype} is not handled, see docstring for supported types."
        )
    return tensor


# --- ndtr ---
def ndtr(x: Any, name: str = "ndtr") -> Tensor:
    """Returns the probability that a standard normal draw is at most `x`.

    Args:
        x: float32 or float64.
        name: the name of the scope.

    Raises:
        TypeError: for other types.
    """
    with scopes.name_scope(name, values=[x]):
        return _ndtr(_floats(x, "x"))


def _ndtr(x: Tensor) -> Tensor:
    """By erf near 0 and by erfc in the tails, where the other one loses digits."""
    limit = constant(0.5 * math.sqrt(2.0), dtype=x.dtype, name="half_sqrt_2")
    w = x * limit
    z = abs_(w)
    near = less(z, limit)
    middle = 1.0 + erf(w)
    tails = where_v2(greater(w, 0.0), 2.0 - erfc(z), erfc(z))
    found: Tensor = 0.5 * where_v2(near, middle, tails)
    return found


# --- ndtri ---
def ndtri(p: Any, name: str = "ndtri") -> Tensor:
    """Returns the `x` for which `ndtr(x)` is `p`.

    Args:
        p: float32 or float64, from 0 to 1.
        name: the name of the scope.

    Raises:
        TypeError: for other types.
    """
    with scopes.name_scope(name, values=[p]):
        return _ndtri(_floats(p, "p"))


def _polynomial(x: Tensor, coefficients: Sequence[float]) -> Any:
    """`c[0] + x * (c[1] + x * (...))`."""
    if not coefficients:
        return zeros_like(x)
    first = x.dtype.as_numpy_dtype(coefficients[0])
    return first + _polynomial(x, coefficients[1:]) * x


def _ndtri(p: Tensor) -> Tensor:
    number = p.dtype.as_numpy_dtype
    low = where_v2(p > -math.expm1(-2.0), 1.0 - p, p)
    low = where_v2(low <= 0.0, fill(shape(p), number(0.5)), low)
    w = low - 0.5
    ww = w**2
    middle = w + w * ww * (_polynomial(ww, _P0) / _polynomial(ww, _Q0))
    middle = middle * -math.sqrt(2.0 * math.pi)
    z = sqrt(-2.0 * log(low))
    start = z - log(z) / z
    far = _polynomial(1.0 / z, _P2) / _polynomial(1.0 / z, _Q2) / z
    near = _polynomial(1.0 / z, _P1) / _polynomial(1.0 / z, _Q1) / z
    far, near = start - far, start - near
    found = where_v2(low > math.exp(-2.0), middle, where_v2(z >= 8.0, far, near))
    found = where_v2(p > 1.0 - math.exp(-2.0), found, -found)
    infinity = fill(shape(p), constant(np.inf, dtype=p.dtype))
    at_ends = where_v2(p >= 1.0, infinity, found)
    return where_v2(p <= 0.0, -infinity, at_ends)


# --- log_ndtr ---
def log_ndtr(x: Any, series_order: int = 3, name: str = "log_ndtr") -> Tensor:
    """Returns the logarithm of `ndtr(x)`, exact in the tails too.

    Args:
        x: float32 or float64.
        series_order: how many terms the series of the lower tail has, from 0 to 30.
        name: the name of the scope.

    Raises:
        TypeError: for other types, or if `series_order` is no integer.
        ValueError: if `series_order` is out of range.
    """
    if not isinstance(series_order, int):
        raise TypeError("series_order must be a Python integer.")
    if series_order < 0:
        raise ValueError("series_order must be non-negative.")
    if series_order > 30:
        raise ValueError("series_order must be <= 30.")
    with scopes.name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        if x.dtype.base_dtype.name not in _ENDS:
            raise TypeError(f"x.dtype={x.dtype} is not supported.")
        lower, upper = _ENDS[x.dtype.base_dtype.name]
        high = greater(x, upper)
        top = -_ndtr(-x)  # log(1 - y) is -y
        inside = greater(x, lower)
        middle = log(_ndtr(maximum(x, lower)))
        bottom = _log_ndtr_lower(minimum(x, lower), series_order)
        found: Tensor = where_v2(high, top, where_v2(inside, middle, bottom))
        return found


def _log_ndtr_lower(x: Tensor, terms: int) -> Any:
    scale = -0.5 * square(x) - log(-x) - 0.5 * math.log(2.0 * math.pi)
    return scale + log(_asymptotic_series(x, terms))


def _asymptotic_series(x: Tensor, terms: int) -> Any:
    """`1 - 1 / x**2 + 1 * 3 / x**4 - ...`, terms of one sign summed apart."""
    number = x.dtype.as_numpy_dtype
    if terms <= 0:
        return number(1)
    xx = square(x)
    sums = [zeros_like(x), zeros_like(x)]
    power, factor = xx, 1.0
    for n in range(1, terms + 1):
        factor *= 2 * n - 1
        sums[n % 2] = sums[n % 2] + number(factor) / power
        power = power * xx
    return 1.0 + sums[0] - sums[1]


# --- the others ---
def erfinv(x: Any, name: str = "erfinv") -> Tensor:
    """Returns the inverse of erf.

    Args:
        x: float32 or float64, from -1 to 1.
        name: the name of the scope.

    Raises:
        TypeError: for other types.
    """
    with scopes.name_scope(name, values=[x]):
        found: Tensor = ndtri((_floats(x, "x") + 1.0) / 2.0) / math.sqrt(2.0)
        return found


def log_cdf_laplace(x: Any, name: str = "log_cdf_laplace") -> Tensor:
    """Returns the logarithm of the probability that a standard Laplace draw is at most `x`.

    Args:
        x: floats.
        name: the name of the scope.
    """
    with scopes.name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        lower = -math.log(2.0) + x
        upper = log1p(-0.5 * exp(-abs_(x)))
        found: Tensor = where_v2(x < 0.0, lower, upper)
        return found
