"""The derivative of a gamma sample with respect to its alpha.

In: alphas and samples of scale one. Out: how far the sample moves when alpha does and its place in
the distribution stays: `-(dP(alpha, x) / dalpha) / p(x; alpha)`, with P the distribution function.
Both forms below leave the gamma function out: it cancels.

Source: Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients", 2018. TensorFlow stops
its series after 200 to 500 terms, so that its derivatives are wrong for alphas above some 1e4;
these go on until they converge.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from graphflow.ops._special import digamma

F64 = npt.NDArray[np.float64]

_PRECISION = 1e-16
_MAX_TERMS = 20_000
_EXPANDED_FROM = 1e5  # alphas; below, the series need some thousand terms at most


def gamma_sample_derivative(alpha: Any, sample: Any) -> F64:
    """Returns d sample / d alpha, element by element; computed in float64.

    Note:
        nan where alpha is not positive and finite, or the sample is negative; 0 for samples of 0
        and of infinity, as in TensorFlow.
    """
    a, x = np.broadcast_arrays(np.asarray(alpha, np.float64), np.asarray(sample, np.float64))
    found = np.full(a.shape, np.nan)
    valid = np.isfinite(a) & (a > 0) & (x >= 0)
    found[valid & ((x == 0) | np.isinf(x))] = 0.0
    found[valid & np.isinf(x)] = -0.0
    valid &= (x > 0) & np.isfinite(x)
    large = a > _EXPANDED_FROM
    below = (x <= 1) | (x <= a)
    with np.errstate(all="ignore"):
        for where, rule in (
            (large, _expansion), (~large & below, _series), (~large & ~below, _fraction),
        ):  # fmt: skip
            rows = valid & where
            if rows.any():
                found[rows] = rule(a[rows], x[rows])
    return found


def _series(a: F64, x: F64) -> F64:
    """By the power series of the lower incomplete gamma function and its derivative."""
    result, rows = np.empty_like(a), np.arange(a.size)
    own_a, own_x = a, x
    term, slope = np.ones_like(a), np.zeros_like(a)
    total, slopes = term.copy(), slope.copy()
    factor = a.copy()
    for _ in range(_MAX_TERMS):
        factor += 1
        ratio = own_x / factor
        slope = (slope - term / factor) * ratio
        term = term * ratio
        total += term
        slopes += slope
        done = np.abs(slope) <= _PRECISION * np.abs(slopes)
        if done.any():
            result[rows[done]] = (total[done] * _logarithm(own_x[done], own_a[done] + 1)) + slopes[
                done
            ]
            left = ~done
            rows, own_a, own_x, factor = rows[left], own_a[left], own_x[left], factor[left]
            term, slope, total, slopes = term[left], slope[left], total[left], slopes[left]
        if not rows.size:
            break
    result[rows] = total * _logarithm(own_x, own_a + 1) + slopes
    return -(x / a) * result


def _logarithm(x: F64, a: F64) -> F64:
    return np.log(x) - digamma(a)


def _fraction(a: F64, x: F64) -> F64:
    """By the continued fraction of the upper incomplete gamma function and its derivative.

    Each state holds numerator and denominator of the last two convergents, and their derivatives.
    """
    zero, one = np.zeros_like(a), np.ones_like(a)
    before = np.array([zero, one, zero, zero])  # p, q, dp, dq
    now = np.array([one, x + 1 - a, zero, -one])
    value = now[0] / now[1]
    slope = (now[2] - value * now[3]) / now[1]
    for n in range(1, _MAX_TERMS):
        weight, step = n * (a - n), x + (2 * n + 1) - a
        after = step * now + weight * before
        after[2:] += n * before[:2] - now[:2]
        before, now = now, after
        scale = 1 / np.abs(now[1])
        before, now = before * scale, now * scale
        last_value, last_slope = value, slope
        value = now[0] / now[1]
        slope = (now[2] - value * now[3]) / now[1]
        change = np.abs(value - last_value) <= 1e-15 * np.abs(value)
        if (change & (np.abs(slope - last_slope) <= 1e-15 * np.abs(slope))).all():
            break
    found: F64 = x * (value * _logarithm(x, a) + slope)
    return found


def _expansion(a: F64, x: F64) -> F64:
    """By Cornish and Fisher's expansion around the normal distribution, for large alphas."""
    root = np.sqrt(a)
    place = (x - a) / root
    z = place.copy()
    for _ in range(4):
        z = place - (z * z - 1) / (3 * root) - (z**3 - 7 * z) / (36 * a)
    found: F64 = 1 + z / (2 * root) - (z**3 - 7 * z) / (72 * a * root)
    return found
