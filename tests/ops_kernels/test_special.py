"""erf, erfc, lgamma, digamma, zeta and polygamma are right over their whole range."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from graphflow.ops import _special

Array = np.ndarray[Any, Any]
DRAW = np.random.default_rng(5)


@pytest.fixture(autouse=True)
def as_kernels_run() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def everywhere(low: float, high: float) -> Array:
    """Even steps, numbers of every size, and the neighbourhood of 0.9, 1, 2 and 3."""
    near = [x + e for x in (0.9, 1.0, 2.0, 3.0) for e in np.linspace(-1e-3, 1e-3, 21)]
    sizes = 10.0 ** DRAW.uniform(-12, math.log10(high), 300)
    found = np.concatenate([DRAW.uniform(low, high, 2000), sizes, near])
    return found[(found > low) & (found < high)]


@pytest.mark.parametrize(
    ("ours", "exact", "low", "high"),
    [
        (_special.erf, math.erf, -7, 7),
        (_special.erfc, math.erfc, -6, 26),
        (_special.lgamma, math.lgamma, 0, 1e20),
        (_special.lgamma, math.lgamma, 0, 12),
    ],
)
def test_float64_is_right_to_its_last_digits(
    ours: Callable[[Array], Array], exact: Callable[[float], float], low: float, high: float
) -> None:
    x = everywhere(low, high)
    np.testing.assert_allclose(ours(x), [exact(v) for v in x], rtol=2e-15, atol=2e-15)


def test_lgamma_below_zero_is_right() -> None:
    x = DRAW.uniform(-20, 0, 2000)
    np.testing.assert_allclose(_special.lgamma(x), [math.lgamma(v) for v in x], 1e-13, 1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_narrow_types_are_the_rounded_exact_values(dtype: Any) -> None:
    x = DRAW.uniform(-4, 4, 3000).astype(dtype)
    x = x[x != np.floor(x)]  # lgamma has poles there
    for ours, exact in ((_special.erf, math.erf), (_special.lgamma, math.lgamma)):
        wanted = np.array([exact(v) for v in x.astype(np.float64)])
        found = ours(x)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, wanted, rtol=np.finfo(dtype).eps, atol=1e-7)


def test_digamma_satisfies_its_recurrence_and_reflection() -> None:
    x = np.concatenate([DRAW.uniform(0.01, 30, 2000), DRAW.uniform(-9, 0, 500)])
    size = 1 + abs(_special.digamma(x)) + abs(1 / x)
    assert np.max(abs(_special.digamma(x + 1) - _special.digamma(x) - 1 / x) / size) < 5e-13
    np.testing.assert_allclose(_special.digamma(np.array([1.0, 0.5])), [
        -0.5772156649015329, -1.9635100260214235,
    ], rtol=1e-15)  # fmt: skip


def test_digamma_near_its_root_keeps_relative_precision() -> None:
    root = 1.4616321449683622  # the nearest float64; the root itself is 9.55e-17 above
    slope = 0.9676720454334404
    assert _special.digamma(np.array([root]))[0] == pytest.approx(-9.5499954e-17 * slope, rel=1e-6)


def test_zeta_is_the_sum_and_known_values() -> None:
    found = _special.zeta(np.array([2.0, 4.0, 2.0]), np.array([1.0, 1.0, 0.5]))
    np.testing.assert_allclose(found, [math.pi**2 / 6, math.pi**4 / 90, math.pi**2 / 2], 1e-15)
    s, q = DRAW.uniform(1.5, 40, 200), DRAW.uniform(0.1, 300, 200)
    step = _special.zeta(s, q) - q**-s
    np.testing.assert_allclose(_special.zeta(s, q + 1), step, rtol=1e-9, atol=1e-14)


def test_polygamma_is_the_derivative_of_digamma() -> None:
    x = DRAW.uniform(0.5, 20, 200)
    slope = (_special.digamma(x + 1e-5) - _special.digamma(x - 1e-5)) / 2e-5
    np.testing.assert_allclose(_special.polygamma(np.ones(200), x), slope, rtol=1e-6)


def test_empty_and_scalar_arrays_keep_their_shape() -> None:
    for function in (_special.erf, _special.erfc, _special.lgamma, _special.digamma):
        assert function(np.zeros((0, 3), np.float32)).shape == (0, 3)
        assert function(np.ones((), np.float32)).shape == ()
