"""The beta distribution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets.distributions.distribution import FULLY_REPARAMETERIZED, Distribution
from graphflow.nets.distributions.divergence import RegisterKL
from graphflow.nets.distributions.static import gen_new_seed
from graphflow.ops.asserts import assert_less, assert_positive, assert_same_float_dtype
from graphflow.ops.comparison import logical_and
from graphflow.ops.constant import constant
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.division import xlogy
from graphflow.ops.fill import fill, ones, ones_like
from graphflow.ops.functions import exp, log, log1p
from graphflow.ops.random_distributions import random_gamma
from graphflow.ops.select import where_v2
from graphflow.ops.shape_ops import shape
from graphflow.ops.special_functions import digamma, lgamma
from graphflow.ops.special_gamma import betainc


@export("distributions.Beta", "contrib.distributions.Beta")
class Beta(Distribution):
    """The beta distribution: `x ** (c1 - 1) * (1 - x) ** (c0 - 1)`, up to a factor.

    Args:
        concentration1: positive floats, `c1` above.
        concentration0: positive floats, `c0` above; the two broadcast.
        validate_args: whether the run checks arguments, and that samples are in (0, 1).
        allow_nan_stats: whether the mode is nan where there is none; else the run fails.
        name: the name of its scope.

    Raises:
        TypeError: if the types differ.
    """

    def __init__(
        self,
        concentration1: Any = None,
        concentration0: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Beta",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[concentration1, concentration0]) as name:
            one = convert_to_tensor(concentration1, name="concentration1")
            self._concentration1: Tensor = _checked(one, validate_args)
            zero = convert_to_tensor(concentration0, name="concentration0")
            self._concentration0: Tensor = _checked(zero, validate_args)
            assert_same_float_dtype([self._concentration1, self._concentration0])
            self._total_concentration: Tensor = self._concentration1 + self._concentration0
        super().__init__(
            dtype=self._total_concentration.dtype,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            reparameterization_type=FULLY_REPARAMETERIZED,
            parameters=parameters,
            graph_parents=[
                self._concentration1,
                self._concentration0,
                self._total_concentration,
            ],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        sizes = convert_to_tensor(sample_shape, dtype=int32)
        return {"concentration1": sizes, "concentration0": sizes}

    @property
    def concentration1(self) -> Tensor:
        """The concentrations that belong to `x`."""
        return self._concentration1

    @property
    def concentration0(self) -> Tensor:
        """The concentrations that belong to `1 - x`."""
        return self._concentration0

    @property
    def total_concentration(self) -> Tensor:
        """The sums of both."""
        return self._total_concentration

    def _batch_shape_tensor(self) -> Any:
        return shape(self.total_concentration)

    def _batch_shape(self) -> Any:
        return self.total_concentration.get_shape()

    def _event_shape_tensor(self) -> Any:
        return constant([], dtype=int32)

    def _event_shape(self) -> Any:
        return TensorShape([])

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        total, dtype = self.total_concentration, self.dtype
        alphas = [
            ones_like(total, dtype=dtype) * c for c in (self.concentration1, self.concentration0)
        ]
        seeds = seed, gen_new_seed(seed, "beta")
        one, zero = (
            random_gamma(shape=[n], alpha=alpha, dtype=dtype, seed=s)
            for alpha, s in zip(alphas, seeds, strict=True)
        )
        return one / (one + zero)

    def _log_prob(self, x: Any) -> Any:
        return self._log_unnormalized_prob(x) - self._log_normalization()

    def _prob(self, x: Any) -> Any:
        return exp(self._log_prob(x))

    def _log_cdf(self, x: Any) -> Any:
        return log(self._cdf(x))

    def _cdf(self, x: Any) -> Any:
        return betainc(self.concentration1, self.concentration0, x)

    def _log_unnormalized_prob(self, x: Any) -> Any:
        x = self._maybe_assert_valid_sample(x)
        return xlogy(self.concentration1 - 1.0, x) + (self.concentration0 - 1.0) * log1p(-x)

    def _log_normalization(self) -> Any:
        one, zero, total = self.concentration1, self.concentration0, self.total_concentration
        return lgamma(one) + lgamma(zero) - lgamma(total)

    def _entropy(self) -> Any:
        one, zero, total = self.concentration1, self.concentration0, self.total_concentration
        found = self._log_normalization() - (one - 1.0) * digamma(one)
        found = found - (zero - 1.0) * digamma(zero)
        return found + (total - 2.0) * digamma(total)

    def _mean(self) -> Any:
        return self._concentration1 / self._total_concentration

    def _variance(self) -> Any:
        return self._mean() * (1.0 - self._mean()) / (1.0 + self.total_concentration)

    def _mode(self) -> Any:
        one, zero = self.concentration1, self.concentration0
        mode = (one - 1.0) / (self.total_concentration - 2.0)
        if self.allow_nan_stats:
            nan = fill(self.batch_shape_tensor(), self.dtype.as_numpy_dtype(np.nan), name="nan")
            return where_v2(logical_and(one > 1.0, zero > 1.0), mode, nan)
        checks = [
            assert_less(ones([], dtype=self.dtype), c, message=f"Mode undefined for {what} <= 1.")
            for c, what in ((one, "concentration1"), (zero, "concentration0"))
        ]
        return with_dependencies(checks, mode)

    def _maybe_assert_valid_sample(self, x: Any) -> Any:
        if not self.validate_args:
            return x
        checks = [
            assert_positive(x, message="sample must be positive"),
            assert_less(x, ones([], self.dtype), message="sample must be less than `1`."),
        ]
        return with_dependencies(checks, x)


def _checked(concentration: Tensor, validate_args: bool) -> Any:
    if not validate_args:
        return concentration
    message = "Concentration parameter must be positive."
    return with_dependencies([assert_positive(concentration, message=message)], concentration)


@RegisterKL(Beta, Beta)
def _kl(a: Beta, b: Beta, name: str | None = None) -> Any:
    def change(of: Callable[[Beta], Any]) -> Any:
        first, second = of(a), of(b)
        return second - first

    values = [
        a.concentration1, a.concentration0, a.total_concentration,
        b.concentration1, b.concentration0, b.total_concentration,
    ]  # fmt: skip
    with scopes.name_scope(name, "kl_beta_beta", values=values):
        after = b._log_normalization()
        found = after - a._log_normalization()
        found = found - digamma(a.concentration1) * change(lambda d: d.concentration1)
        found = found - digamma(a.concentration0) * change(lambda d: d.concentration0)
        total = digamma(a.total_concentration) * change(lambda d: d.total_concentration)
        return found + total
