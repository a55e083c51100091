"""Incomplete gamma and beta functions on arrays, in float64.

Near `x = a` of large `a`, Temme's expansion (DLMF 8.12); elsewhere the power series or the
continued fraction, over those elements only that have not converged yet.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import numpy as np

from graphflow.ops._special import _STIRLING, _lgamma_positive, _series, digamma, erfc

Array = np.ndarray[Any, Any]
_EPS: Final = 1e-17
_MOST_STEPS: Final = 30_000
_UNIFORM: Final = 20.0
"""From this `a` on, near `x = a`, Temme's expansion takes over."""
_HALF_LOG_2PI: Final = 0.9189385332046728


def in_float64(function: Callable[..., Array]) -> Callable[..., Array]:
    """Makes a function of flat float64 arrays one of arrays that broadcast, of any float type."""

    @functools.wraps(function)
    def wide(*inputs: Array) -> Array:
        arrays = np.broadcast_arrays(*inputs)
        flat = [x.astype(np.float64).ravel() for x in arrays]
        return function(*flat).reshape(arrays[0].shape).astype(inputs[0].dtype)

    return wide


# --- factors ---
def log1p_minus(u: Array, quotient: Array) -> Array:
    """`log(1 + u) - u`, exact for small `u` too.

    Args:
        u: the numbers.
        quotient: 1 + u, computed without it: near 0 it has more digits.
    """
    small = np.abs(u) < 0.5
    t = np.where(small, u / (2 + u), 0)
    square = t * t
    total = np.zeros_like(t)
    for k in range(35, 1, -2):
        total = total * square + 2 / k
    near = t * square * total - u * t
    return np.where(small, near, np.log(quotient) - u)


def stirling_rest(x: Array) -> Array:
    """What Stirling's formula lacks of the logarithm of gamma, for positive numbers."""
    found = np.zeros_like(x)
    large = x >= 3
    y = x[large]
    found[large] = _series(18 / (y * y) - 1, _STIRLING, _EPS) / y
    y = x[~large]
    found[~large] = _lgamma_positive(y, _EPS) - ((y - 0.5) * np.log(y) - y + _HALF_LOG_2PI)
    return found


def _factor(a: Array, x: Array) -> Array:
    """`x^a exp(-x) / gamma(a)`."""
    found = np.empty_like(a)
    large = a >= 3
    b, y = a[large], x[large]
    power = b * log1p_minus((y - b) / b, y / b)
    found[large] = np.exp(power - stirling_rest(b)) * np.sqrt(b / (2 * np.pi))
    b, y = a[~large], x[~large]
    found[~large] = np.exp(b * np.log(y) - y - _lgamma_positive(b, _EPS))
    return found


# --- near x = a ---
@functools.cache
def _temme(most: int = 25) -> Array:
    """The coefficients d[k, n] of DLMF 8.12.11, computed in fractions."""
    size = 2 * most + 4
    alpha = [Fraction(0), Fraction(1), Fraction(1, 3)]
    for n in range(3, size + 3):
        inner = sum((j * alpha[j] * alpha[n - j + 1] for j in range(2, n)), Fraction(0))
        alpha.append((alpha[n - 1] - inner) / (n + 1))
    row = [Fraction(-1, 3)] + [(n + 2) * alpha[n + 2] for n in range(1, size)]
    first, rows = row, [row]
    for k, g in enumerate(_stirling_numbers(most), 1):
        last = rows[-1]
        sign = -1 if k % 2 else 1
        rows.append([sign * g * first[n] + (n + 2) * last[n + 2] for n in range(len(last) - 2)])
    return np.array([[float(v) for v in r[:most]] for r in rows[: most // 2]])


def _stirling_numbers(count: int) -> list[Fraction]:
    """The coefficients g1, g2, ... of gamma's asymptotic series (DLMF 5.11.5)."""
    size = 2 * count + 2
    a = [Fraction(1)]  # a0 stands for sqrt(2) / 2 times itself: the root falls out
    for k in range(1, size):
        inner = sum((a[j] * a[k - j] / (j + 1) for j in range(1, k)), Fraction(0))
        a.append((a[k - 1] / k - inner) / (1 + Fraction(1, k + 1)))
    found, half = [], Fraction(1)
    for k in range(1, count):
        half *= Fraction(2 * k - 1, 2)
        found.append(half * 2**k * a[2 * k])
    return found


def _uniform(a: Array, x: Array) -> Array:
    """The upper function Q for large `a` near `x`."""
    ratio = (x - a) / a
    eta = np.copysign(np.sqrt(np.maximum(-2 * log1p_minus(ratio, x / a), 0)), ratio)
    rows = _temme()
    total = np.zeros_like(a)
    for row in rows[::-1]:
        inner = np.zeros_like(a)
        for c in row[::-1]:
            inner = inner * eta + c
        total = total / a + inner
    rest = np.exp(-0.5 * a * eta * eta) / np.sqrt(2 * np.pi * a) * total
    found: Array = 0.5 * erfc(eta * np.sqrt(a / 2)) + rest
    return found


# --- elsewhere: sums and fractions over those that have not converged ---
def _sum(a: Array, x: Array) -> tuple[Array, Array]:
    """The sum of `x^n / (a (a + 1) ... (a + n))` over n, and its derivative with respect to a."""
    total, slope = np.zeros_like(a), np.zeros_like(a)
    at = np.arange(a.size)
    b, y = a.copy(), x
    term = 1 / b
    dterm = -term * term
    total[at], slope[at] = term, dterm
    for _ in range(_MOST_STEPS):
        b = b + 1
        dterm = (dterm * y - term * y / b) / b
        term = term * y / b
        total[at] += term
        slope[at] += dterm
        going = (term > _EPS * total[at]) | (np.abs(dterm) > _EPS * np.abs(slope[at]))
        if not going.any():
            break
        at, b, y, term, dterm = (v[going] for v in (at, b, y, term, dterm))
    return total, slope


def _fraction(a: Array, x: Array) -> tuple[Array, Array]:
    """The continued fraction of `gamma(a, x) / (x^a exp(-x))`, and its derivative to a.

    By forward recurrence of numerators and denominators, which are scaled down as they grow.
    """
    value, slope = np.zeros_like(a), np.zeros_like(a)
    at = np.arange(a.size)
    one, zero = np.ones_like(a), np.zeros_like(a)
    # p / q is the convergent; the second pair of each is the one before, dp and dq the slopes.
    state = [one, zero, zero, zero, x + 1 - a, one, -one, zero]
    b = x + 1 - a
    last = np.full_like(a, np.nan)
    for n in range(1, _MOST_STEPS):
        p, before_p, dp, before_dp, q, before_q, dq, before_dq = state
        c = -n * (n - a[at])
        b = b + 2
        new_p, new_q = b * p + c * before_p, b * q + c * before_q
        new_dp = b * dp - p + c * before_dp + n * before_p
        new_dq = b * dq - q + c * before_dq + n * before_q
        state = [new_p, p, new_dp, dp, new_q, q, new_dq, dq]
        found = new_p / new_q
        value[at] = found
        slope[at] = (new_dp - found * new_dq) / new_q
        going = np.abs(slope[at] - last) > 1e-16 * np.abs(slope[at])
        going |= n < 3
        if not going.any():
            break
        scale = np.where(np.abs(new_q) > 1e150, 1e-150, 1.0)
        last = slope[at][going]
        at, b = at[going], b[going]
        state = [(v * scale)[going] for v in state]
    return value, slope


def _regions(a: Array, x: Array) -> tuple[Array, Array, Array]:
    """Which elements are near `x = a` of a large `a`, and of the rest which the series serves."""
    width = np.minimum(0.25, 4.5 / np.sqrt(a))
    near = (a >= _UNIFORM) & (np.abs(x - a) < width * a)
    by_sum = ~near & ((x <= 1) | (x <= a))
    return near, by_sum, ~near & ~by_sum


def _both(a: Array, x: Array) -> tuple[Array, Array]:
    """The lower function P and the upper one Q of positive finite numbers."""
    lower, upper = np.empty_like(a), np.empty_like(a)
    near, by_sum, by_fraction = _regions(a, x)
    upper[near] = _uniform(a[near], x[near])
    lower[near] = _lower_near(a[near], x[near])
    b, y = a[by_sum], x[by_sum]
    lower[by_sum] = _factor(b, y) * _sum(b, y)[0]
    upper[by_sum] = np.maximum(1 - lower[by_sum], 0)
    b, y = a[by_fraction], x[by_fraction]
    upper[by_fraction] = _factor(b, y) * _fraction(b, y)[0]
    lower[by_fraction] = np.maximum(1 - upper[by_fraction], 0)
    return lower, upper


def _lower_near(a: Array, x: Array) -> Array:
    """P for large `a` near `x`, exact where it is small."""
    upper = _uniform(a, x)
    found = 1 - upper
    small = found < 0.5
    b, y = a[small], x[small]
    if b.size:
        ratio = (y - b) / b
        eta = np.sqrt(np.maximum(-2 * log1p_minus(ratio, y / b), 0))
        # Both parts of Q change their sides: erfc of the other sign, and the rest with minus.
        tail = upper[small] - 0.5 * erfc(-eta * np.sqrt(b / 2))
        found[small] = 0.5 * erfc(eta * np.sqrt(b / 2)) - tail
    return found


def _incomplete(a: Array, x: Array, upper: bool) -> Array:
    found = np.full_like(a, np.nan)
    found[(x == 0) & ((a > 0) if upper else ~np.isnan(a))] = float(upper)
    inside = (a > 0) & (x > 0)
    found[inside & np.isinf(x) & (np.isfinite(a) | upper)] = 1 - float(upper)
    found[inside & np.isinf(a) & np.isfinite(x)] = float(upper)
    plain = inside & np.isfinite(a) & np.isfinite(x)
    found[plain] = _both(a[plain], x[plain])[upper]
    return found


@in_float64
def igamma(a: Array, x: Array) -> Array:
    """The regularized lower incomplete gamma function; nan for negative numbers."""
    return _incomplete(a, x, False)


@in_float64
def igammac(a: Array, x: Array) -> Array:
    """The regularized upper incomplete gamma function; nan for negative numbers."""
    return _incomplete(a, x, True)


# --- derivative with respect to a ---
_STENCIL: Final = ((1, 45 / 60), (2, -9 / 60), (3, 1 / 60))


def _slope_near(a: Array, x: Array) -> Array:
    """A difference of seven points, a hundredth of the function's width apart."""
    step = 0.02 * np.sqrt(a)
    total = np.zeros_like(a)
    for n, weight in _STENCIL:
        total += weight * (_uniform(a - n * step, x) - _uniform(a + n * step, x))
    return total / step


@in_float64
def igamma_grad_a(a: Array, x: Array) -> Array:
    """The derivative of `igamma(a, x)` with respect to `a`."""
    found = np.full_like(a, np.nan)
    found[(x == 0) & ~np.isnan(a)] = 0
    plain = (a > 0) & (x > 0) & np.isfinite(a)
    found[plain & np.isinf(x)] = 0
    plain &= np.isfinite(x)
    found[plain] = _slope(a[plain], x[plain])
    return found


def _slope(a: Array, x: Array) -> Array:
    found = np.empty_like(a)
    near, by_sum, by_fraction = _regions(a, x)
    near &= a > 1e4  # below, the series keeps more digits
    by_sum = ~near & (by_sum | (x <= a))
    by_fraction = ~near & ~by_sum
    found[near] = _slope_near(a[near], x[near])
    for part, function, sign in ((by_sum, _sum, 1.0), (by_fraction, _fraction, -1.0)):
        b, y = a[part], x[part]
        value, slope = function(b, y)
        factor = _factor(b, y)
        # Where the factor is 0 the logarithm beside it may be infinite.
        inner = slope + value * (np.log(y) - digamma(b))
        found[part] = np.where(factor == 0, 0, sign * factor * inner)
    return found


# --- beta ---
def _beta_factor(a: Array, b: Array, x: Array) -> Array:
    """`x^a (1 - x)^b / (a B(a, b))`."""
    distance = x * b - (1 - x) * a
    left, right = x * (a + b) / a, (1 - x) * (a + b) / b
    power = a * log1p_minus(distance / a, left) + b * log1p_minus(-distance / b, right)
    rest = stirling_rest(a) + stirling_rest(b) - stirling_rest(a + b)
    found: Array = np.exp(power - rest) * np.sqrt(a / (a + b) * b / (2 * np.pi)) / a
    return found


def _beta_fraction(a: Array, b: Array, x: Array) -> Array:
    """The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method."""
    value = np.ones_like(a)
    at = np.arange(a.size)
    tiny = 1e-300
    c = np.ones_like(a)
    d = 1 - (a + b) * x / (a + 1)
    d = 1 / np.where(d == 0, tiny, d)
    value[:] = d
    for m in range(1, _MOST_STEPS):
        step = np.ones_like(a)
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for e in (even, odd):
            d = 1 + e * d
            c = 1 + e / c
            d, c = 1 / np.where(d == 0, tiny, d), np.where(c == 0, tiny, c)
            step = c * d
            value[at] *= step
        going = np.abs(step - 1) > 1e-16
        if not going.any():
            break
        at, a, b, x, c, d = (v[going] for v in (at, a, b, x, c, d))
    return value


@in_float64
def betainc(a: Array, b: Array, x: Array) -> Array:
    """The regularized incomplete beta function; nan outside its domain."""
    found = np.full_like(a, np.nan)
    inside = (a > 0) & (b > 0) & np.isfinite(a) & np.isfinite(b)
    found[inside & (x == 0)] = 0
    found[inside & (x == 1)] = 1
    plain = inside & (x > 0) & (x < 1)
    p, q, y = a[plain], b[plain], x[plain]
    swap = y > (p + 1) / (p + q + 2)
    p, q, y = np.where(swap, q, p), np.where(swap, p, q), np.where(swap, 1 - y, y)
    part = _beta_factor(p, q, y) * _beta_fraction(p, q, y)
    found[plain] = np.where(swap, 1 - part, part)
    return found
