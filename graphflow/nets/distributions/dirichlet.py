"""The Dirichlet distribution: probabilities that sum to 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.distributions.distribution import FULLY_REPARAMETERIZED, Distribution
from graphflow.nets.distributions.divergence import RegisterKL
from graphflow.ops.asserts import (
    assert_less,
    assert_near,
    assert_positive,
    assert_rank_at_least,
)
from graphflow.ops.cast import cast
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.diag import matrix_set_diag
from graphflow.ops.division import xlogy
from graphflow.ops.fill import fill, ones
from graphflow.ops.functions import exp
from graphflow.ops.matmul import matmul
from graphflow.ops.powers import rsqrt
from graphflow.ops.random_distributions import random_gamma
from graphflow.ops.reduce import reduce_all, reduce_sum
from graphflow.ops.select import where_v2
from graphflow.ops.shape_ops import shape
from graphflow.ops.special_functions import digamma
from graphflow.ops.special_gamma import lbeta


@export("distributions.Dirichlet", "contrib.distributions.Dirichlet")
class Dirichlet(Distribution):
    """The Dirichlet distribution: `product(x ** (concentration - 1))`, up to a factor.

    Args:
        concentration: positive floats, [..., classes].
        validate_args: whether the run checks arguments, and that samples are positive and sum
            to 1.
        allow_nan_stats: whether the mode is nan where there is none; else the run fails.
        name: the name of its scope.
    """

    def __init__(
        self,
        concentration: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Dirichlet",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[concentration]) as name:
            given = convert_to_tensor(concentration, name="concentration")
            self._concentration: Tensor = _checked(given, validate_args)
            self._total_concentration = reduce_sum(self._concentration, -1)
        super().__init__(
            dtype=self._concentration.dtype,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            reparameterization_type=FULLY_REPARAMETERIZED,
            parameters=parameters,
            graph_parents=[self._concentration, self._total_concentration],
            name=name,
        )

    @property
    def concentration(self) -> Tensor:
        """The concentrations, [..., classes]."""
        return self._concentration

    @property
    def total_concentration(self) -> Tensor:
        """The sums over the classes."""
        found: Tensor = self._total_concentration
        return found

    def _batch_shape_tensor(self) -> Any:
        return shape(self.total_concentration)

    def _batch_shape(self) -> Any:
        return self.total_concentration.get_shape()

    def _event_shape_tensor(self) -> Any:
        return shape(self.concentration)[-1:]

    def _event_shape(self) -> Any:
        return self.concentration.get_shape().with_rank_at_least(1)[-1:]

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        drawn = random_gamma(shape=[n], alpha=self.concentration, dtype=self.dtype, seed=seed)
        return drawn / reduce_sum(drawn, -1, keepdims=True)

    def _log_prob(self, x: Any) -> Any:
        return self._log_unnormalized_prob(x) - self._log_normalization()

    def _prob(self, x: Any) -> Any:
        return exp(self._log_prob(x))

    def _log_unnormalized_prob(self, x: Any) -> Any:
        x = self._maybe_assert_valid_sample(x)
        return reduce_sum(xlogy(self.concentration - 1.0, x), -1)

    def _log_normalization(self) -> Any:
        return lbeta(self.concentration)

    def _entropy(self) -> Any:
        k = cast(self.event_shape_tensor()[0], self.dtype)
        total = self.total_concentration
        found = self._log_normalization() + (total - k) * digamma(total)
        each = (self.concentration - 1.0) * digamma(self.concentration)
        return found - reduce_sum(each, axis=-1)

    def _mean(self) -> Any:
        return self.concentration / self.total_concentration[..., None]

    def _covariance(self) -> Any:
        x = self._variance_scale_term() * self._mean()
        return matrix_set_diag(-matmul(x[..., None], x[..., None, :]), self._variance())

    def _variance(self) -> Any:
        scale = self._variance_scale_term()
        x = scale * self._mean()
        return x * (scale - x)

    def _variance_scale_term(self) -> Any:
        return rsqrt(1.0 + self.total_concentration[..., None])

    def _mode(self) -> Any:
        k = cast(self.event_shape_tensor()[0], self.dtype)
        mode = (self.concentration - 1.0) / (self.total_concentration[..., None] - k)
        if self.allow_nan_stats:
            nan = fill(shape(mode), self.dtype.as_numpy_dtype(np.nan), name="nan")
            exists = reduce_all(self.concentration > 1.0, axis=-1)
            return where_v2(exists, mode, nan)
        message = "Mode undefined when any concentration <= 1"
        one = ones([], self.dtype)
        return with_dependencies([assert_less(one, self.concentration, message=message)], mode)

    def _maybe_assert_valid_sample(self, x: Any) -> Any:
        if not self.validate_args:
            return x
        positive = assert_positive(x, message="samples must be positive")
        one = ones([], dtype=self.dtype)
        message = "sample last-dimension must sum to `1`"
        return with_dependencies(
            [positive, assert_near(one, reduce_sum(x, -1), message=message)], x
        )


def _checked(concentration: Tensor, validate_args: bool) -> Any:
    if not validate_args:
        return concentration
    what = "Concentration parameter must"
    checks = [
        assert_positive(concentration, message=f"{what} be positive."),
        assert_rank_at_least(concentration, 1, message=f"{what} have >=1 dimensions."),
        assert_less(1, shape(concentration)[-1], message=f"{what} have event_size >= 2."),
    ]
    return with_dependencies(checks, concentration)


@RegisterKL(Dirichlet, Dirichlet)
def _kl(a: Dirichlet, b: Dirichlet, name: str | None = None) -> Any:
    values = [a.concentration, b.concentration]
    with scopes.name_scope(name, "kl_dirichlet_dirichlet", values=values):
        total = digamma(reduce_sum(a.concentration, axis=-1, keepdims=True))
        each = digamma(a.concentration) - total
        change = a.concentration - b.concentration
        found = reduce_sum(change * each, axis=-1)
        return found - lbeta(a.concentration) + lbeta(b.concentration)
