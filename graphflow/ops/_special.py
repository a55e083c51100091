"""Special functions on arrays: erf, erfc, lgamma, digamma, zeta, polygamma.

NumPy has none of them. All are computed in float64, in blocks that stay in the cache, and rounded
to the input's type at the end. Smooth factors are Chebyshev series; their coefficients were
computed with 40 digits, and for narrower types fewer of them are summed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]
_BLOCK: Final = 8192
_PI: Final = np.pi

# erf(x) / x as a function of x^2 in [0, 1]
_ERF: Final = (
    0.9754769393826541, -0.14226120510371365, 0.010035582187599796, -0.0005768764699767485,
    2.741993125219606e-05, -1.1043175507344507e-06, 3.8488755420345036e-08,
    -1.1808582533875466e-09, 3.2334215826050907e-11, -7.991015947004549e-13,
    1.7990725113961456e-14, -3.718635487818693e-16,
)  # fmt: skip
# erfc(x) exp(x^2) / t as a function of t = 2 / (2 + x) in [0, 1 / 1.45]
_ERFC: Final = (
    0.4446278327111905, 0.1879185889840522, 0.027522687841153852, 0.0020589406310315473,
    -0.00011760167220705554, -4.0287807389275116e-05, -9.129491647641925e-08,
    8.300673835588062e-07, 1.563009962347001e-08, -2.116637907465996e-08,
    -9.676665290794466e-11, 6.329896408538169e-10, -2.4438634942145963e-11,
    -1.9924675644881675e-11, 2.2137736896986193e-12, 5.665979889040158e-13,
    -1.3651335658137382e-13, -9.396374780571292e-15, 6.754739066248772e-15,
    -3.852816828054914e-16, -2.551053818918274e-16, 5.2169479959944355e-17,
)  # fmt: skip
# lgamma(x) / ((x - 1) (x - 2)) on [1, 3]
_LGAMMA: Final = (
    0.44148902545501423, -0.11119580321752523, 0.01951044826068884, -0.003922461463025264,
    0.0008478989895953857, -0.00019153855341365593, 4.454470184975607e-05,
    -1.05728743735943e-05, 2.5474336873408417e-06, -6.208535880776316e-07,
    1.5268677399071546e-07, -3.782637660291326e-08, 9.428100823624284e-09,
    -2.361999702184645e-09, 5.943541905817546e-10, -1.501312977072867e-10,
    3.8050196458110534e-11, -9.672485299656325e-12, 2.465348198355661e-12,
    -6.298868140791711e-13, 1.6128460030283787e-13, -4.137949206814042e-14,
    1.0635701227757898e-14, -2.7382420786652826e-15, 7.060670507214892e-16,
    -1.8232177141662118e-16, 4.714169006756272e-17, -1.2204107319639856e-17,
)  # fmt: skip
# x times what Stirling's formula lacks, as a function of 1 / x^2 in [0, 1/9]
_STIRLING: Final = (
    0.08318246048291986, -0.00014975860440694073, 1.0941071496987224e-06,
    -1.9507293568156072e-08, 6.024267555925602e-10, -2.7341646731691315e-11,
    1.6562559082898348e-12, -1.257678484712384e-13, 1.1461167272220638e-14,
    -1.2144076211274291e-15, 1.4610300637638518e-16, -1.9595510791505942e-17,
    2.887917095868064e-18,
)  # fmt: skip
# digamma(x) / (x - its root) on [1, 3]
_DIGAMMA: Final = (
    0.8508141002274594, -0.30691795316595705, 0.06960086856205178, -0.01712297234345182,
    0.004374961886424303, -0.0011401796377915106, 0.00030046127392236794,
    -7.969172661686522e-05, 2.1218853925722328e-05, -5.6631596935365925e-06,
    1.5136717505341737e-06, -4.0495026233355134e-07, 1.083979923064392e-07,
    -2.9026750711369042e-08, 7.774554697983642e-09, -2.082649195692377e-09,
    5.579524084715322e-10, -1.4948718863979587e-10, 4.005228073341035e-11,
    -1.0731515178725395e-11, 2.8754217843517632e-12, -7.704533926086572e-13,
    2.0644004026236004e-13, -5.53150434659318e-14, 1.482155285389004e-14,
    -3.971411389284323e-15, 1.0641344625722717e-15, -2.8513362471718133e-16,
    7.640126526131413e-17, -2.047164716811876e-17,
)  # fmt: skip
_ROOT: Final = (1.4616321449683622, 9.549995429965697e-17)
"""The root of digamma, in two parts: 33 digits."""
# x^2 (digamma(x) - log(x) + 1 / (2 x)) as a function of 1 / x^2 in [0, 1/9]
_DIGAMMA_TAIL: Final = (
    -0.08288720722321932, 0.00044074791499411445, -5.245576777611536e-06,
    1.2742250304129565e-07, -4.911564646648939e-09, 2.6420133309888183e-10,
    -1.8337965958534493e-11, 1.5583788191072602e-12, -1.5622139887800646e-13,
    1.79735151905781e-14, -2.324272489691735e-15, 3.3238491759072856e-16,
    -5.188973740894265e-17, 8.751159399337946e-18,
)  # fmt: skip
# Bernoulli numbers B(2k) / (2k)!, k = 1, 2, ...
_BERNOULLI: Final = (
    1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000,
    1 / 74724249600, -3617 / 10670622842880000, 43867 / 5109094217170944000,
    -174611 / 802857662698291200000,
)  # fmt: skip
_MOST_TERMS: Final = 100_000
"""Terms summed one by one for a very negative second argument of zeta; beyond, it is nan."""


def _series(u: Array, coefficients: tuple[float, ...], precision: float) -> Array:
    """Sums a Chebyshev series at `u` in [-1, 1] by Clenshaw's recurrence.

    Args:
        u: the points.
        coefficients: the factors of T0, T1, ...
        precision: coefficients below this part of the largest are left out.
    """
    least = precision * max(abs(c) for c in coefficients)
    kept = [c for c in coefficients if abs(c) >= least]
    twice = u + u
    b1 = np.zeros_like(u)
    b2 = np.zeros_like(u)
    for c in kept[:0:-1]:
        # b2 is not needed any more: the new sum is written there.
        np.subtract(c, b2, out=b2)
        b2 += twice * b1
        b1, b2 = b2, b1
    found: Array = kept[0] + u * b1 - b2
    return found


def _by_blocks(function: Callable[[Array, float], Array], x: Array) -> Array:
    """Applies a function of flat float64 arrays to an array of any type and shape."""
    out = np.empty(x.shape, x.dtype)
    source, target = np.ascontiguousarray(x).reshape(-1), out.reshape(-1)
    precision = 1e-17 if x.dtype.itemsize == 8 else 1e-9
    for start in range(0, source.size, _BLOCK):
        block = source[start : start + _BLOCK].astype(np.float64)
        target[start : start + _BLOCK] = function(block, precision)
    return out


def erf(x: Array) -> Array:
    """The error function."""
    return _by_blocks(_erf, x)


def erfc(x: Array) -> Array:
    """`1 - erf(x)`, exact for large `x` too."""
    return _by_blocks(_erfc, x)


def lgamma(x: Array) -> Array:
    """The logarithm of the absolute value of the gamma function; infinite at its poles."""
    return _by_blocks(_lgamma, x)


def digamma(x: Array) -> Array:
    """The derivative of lgamma; infinite at 0, -1, -2, ..."""
    return _by_blocks(_digamma, x)


# --- erf ---
_NEAR: Final = 0.9  # below, erf is summed itself; above, erfc is


def _erf_near(x: Array, precision: float) -> Array:
    return x * _series(2 * (x * x) - 1, _ERF, precision)


def _erfc_far(x: Array, precision: float) -> Array:
    """Erfc for numbers from `_NEAR` on."""
    x = np.minimum(x, 30)  # where it is 0
    t = 2 / (2 + x)
    # exp(-x^2) in two factors: the square of a number of 26 bits is exact.
    high = x.astype(np.float32).astype(np.float64)
    power = np.exp(-high * high) * np.exp((high - x) * (high + x))
    return power * t * _series(2.9 * t - 1, _ERFC, precision)


def _erf(x: Array, precision: float) -> Array:
    size = np.abs(x)
    near = size < _NEAR
    found = np.empty_like(x)
    found[near] = _erf_near(x[near], precision)
    far = ~near
    found[far] = np.copysign(1 - _erfc_far(size[far], precision), x[far])
    return found


def _erfc(x: Array, precision: float) -> Array:
    size = np.abs(x)
    near = size < _NEAR
    found = np.empty_like(x)
    found[near] = 1 - _erf_near(x[near], precision)
    far = ~near
    tail = _erfc_far(size[far], precision)
    found[far] = np.where(x[far] < 0, 2 - tail, tail)
    return found


# --- gamma ---
def _sin_pi(x: Array) -> Array:
    """`|sin(pi x)|`, 0 at whole numbers."""
    found: Array = np.abs(np.sin(_PI * (x - np.rint(x))))
    return found


def _lgamma_positive(x: Array, precision: float) -> Array:
    found = np.empty_like(x)
    # From below 1 one step up: lgamma(x) = lgamma(x + 1) - log(x).
    small = x < 1
    near = x < 3
    y = np.where(small, x + 1, x)[near]
    found[near] = (y - 1) * (y - 2) * _series(y - 2, _LGAMMA, precision) + 0.0  # no -0 at 1 and 2
    found[small] -= np.log(x[small])
    far = ~near
    y = x[far]
    rest = _series(18 / (y * y) - 1, _STIRLING, precision) / y
    constant = 0.41893853320467274  # (log(2 pi) - 1) / 2
    found[far] = (y - 0.5) * (np.log(y) - 1) + constant + rest
    return found


def _lgamma(x: Array, precision: float) -> Array:
    found = _lgamma_positive(np.abs(x), precision)
    # Below 0 by reflection; whole numbers are poles, and all large numbers are whole.
    below = x < 0
    y = -x[below]
    sine = np.where(np.isinf(y), 0, _sin_pi(y))
    reflected = np.log(_PI) - np.log(y) - np.log(sine) - found[below]
    found[below] = np.where(sine == 0, np.inf, reflected)
    return found


def _digamma(x: Array, precision: float) -> Array:
    poles = (x <= 0) & (x == np.floor(x))
    # digamma(x) = digamma(1 - x) - pi / tan(pi x)
    below = x < 0
    found = _digamma_positive(np.where(below, 1 - x, x), precision)
    y = x[below]
    found[below] -= _PI / np.tan(_PI * (y - np.rint(y)))
    found[poles] = np.inf
    return found


def _digamma_positive(x: Array, precision: float) -> Array:
    found = np.empty_like(x)
    small = x < 1
    near = x < 3
    y = np.where(small, x + 1, x)[near]
    found[near] = ((y - _ROOT[0]) - _ROOT[1]) * _series(y - 2, _DIGAMMA, precision)
    found[small] -= 1 / x[small]
    far = ~near
    y = x[far]
    w = 1 / (y * y)
    found[far] = np.log(y) - 0.5 / y + w * _series(18 * w - 1, _DIGAMMA_TAIL, precision)
    return found


# --- zeta ---
def zeta(x: Array, q: Array) -> Array:
    """Hurwitz's zeta function: the sum of `(q + k)^-x` over k = 0, 1, 2, ...

    Infinite for `x` = 1 and at the poles q = 0, -1, -2, ...; nan for `x` below 1, and below
    `q` = 0 for an `x` that is no whole number.
    """
    s, a = np.broadcast_arrays(x.astype(np.float64), q.astype(np.float64))
    return np.asarray(_zeta(s, a), x.dtype)


def _zeta(s: Array, q: Array) -> Array:
    # Ten terms one by one, or as many as lead to 10; then Euler and Maclaurin's formula.
    below = q[(q < 0) & (q > -_MOST_TERMS)]
    count = 10 if not below.size else 10 + int(np.ceil(-below.min()))
    total = np.zeros(s.shape)
    a = q.copy()
    for _ in range(count):
        total += a**-s
        a += 1
    power = a**-s
    total += power * a / (s - 1) + power / 2
    factor = s * power / a
    for k, c in enumerate(_BERNOULLI):
        total += np.where(np.isfinite(factor), c * factor, 0)
        factor = factor * (s + 2 * k + 1) * (s + 2 * k + 2) / (a * a)
    whole = s == np.floor(s)
    total = np.where((q <= 0) & (q != np.floor(q)) & ~whole, np.nan, total)
    total = np.where((q <= 0) & (q == np.floor(q)), np.inf, total)
    total = np.where((s < 1) | (q <= -_MOST_TERMS), np.nan, total)
    return np.where(np.isnan(s) | np.isnan(q), np.nan, np.where(s == 1, np.inf, total))


def polygamma(a: Array, x: Array) -> Array:
    """The derivative of order `a` of digamma; nan where `a` is no whole number, or is negative."""
    n, y = np.broadcast_arrays(a.astype(np.float64), x.astype(np.float64))
    sign = np.where(n % 2 == 0, -1.0, 1.0)
    factorial = np.exp(lgamma(n + 1))
    found = sign * factorial * _zeta(n + 1, y)
    found = np.where(n == 0, digamma(y), found)
    found = np.where(n == np.floor(n), found, np.nan)
    return np.asarray(found, a.dtype)
