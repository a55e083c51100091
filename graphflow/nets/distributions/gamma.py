"""The gamma distribution, and the exponential one, which is its case of concentration 1."""

from __future__ import annotations

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
from graphflow.ops.asserts import assert_less, assert_positive, assert_same_float_dtype
from graphflow.ops.broadcast import broadcast_dynamic_shape, broadcast_static_shape
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.division import xlogy
from graphflow.ops.fill import fill, ones
from graphflow.ops.functions import log
from graphflow.ops.identity import identity
from graphflow.ops.powers import sqrt, square
from graphflow.ops.random import random_uniform
from graphflow.ops.random_distributions import random_gamma
from graphflow.ops.select import where_v2
from graphflow.ops.shape_ops import shape
from graphflow.ops.special_functions import digamma, lgamma
from graphflow.ops.special_gamma import igamma


@export("distributions.Gamma", "contrib.distributions.Gamma")
class Gamma(Distribution):
    """The gamma distribution: `x ** (concentration - 1) * exp(-rate * x)`, up to a factor.

    Args:
        concentration: positive floats.
        rate: positive floats; the two broadcast.
        validate_args: whether the run checks that arguments and samples are positive.
        allow_nan_stats: whether the mode is nan where there is none; else the run fails.
        name: the name of its scope.

    Raises:
        TypeError: if the types differ.
    """

    def __init__(
        self,
        concentration: Any,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Gamma",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[concentration, rate]) as name:
            checks = [assert_positive(x) for x in (concentration, rate) if validate_args]
            with scopes.control_dependencies(checks):
                self._concentration = identity(concentration, name="concentration")
                self._rate = identity(rate, name="rate")
                assert_same_float_dtype([self._concentration, self._rate])
        super().__init__(
            dtype=self._concentration.dtype,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            reparameterization_type=FULLY_REPARAMETERIZED,
            parameters=parameters,
            graph_parents=[self._concentration, self._rate],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        sizes = convert_to_tensor(sample_shape, dtype=int32)
        return {"concentration": sizes, "rate": sizes}

    @property
    def concentration(self) -> Tensor:
        """The concentrations."""
        return self._concentration

    @property
    def rate(self) -> Tensor:
        """The rates."""
        return self._rate

    def _batch_shape_tensor(self) -> Any:
        return broadcast_dynamic_shape(shape(self.concentration), shape(self.rate))

    def _batch_shape(self) -> Any:
        return broadcast_static_shape(self.concentration.get_shape(), self.rate.get_shape())

    def _event_shape_tensor(self) -> Any:
        return constant([], dtype=int32)

    def _event_shape(self) -> Any:
        return TensorShape([])

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        return random_gamma(
            shape=[n], alpha=self.concentration, beta=self.rate, dtype=self.dtype, seed=seed
        )

    def _log_prob(self, x: Any) -> Any:
        return self._log_unnormalized_prob(x) - self._log_normalization()

    def _cdf(self, x: Any) -> Any:
        x = self._maybe_assert_valid_sample(x)
        return igamma(self.concentration, self.rate * x)

    def _log_unnormalized_prob(self, x: Any) -> Any:
        x = self._maybe_assert_valid_sample(x)
        return xlogy(self.concentration - 1.0, x) - self.rate * x

    def _log_normalization(self) -> Any:
        return lgamma(self.concentration) - self.concentration * log(self.rate)

    def _entropy(self) -> Any:
        start = self.concentration - log(self.rate) + lgamma(self.concentration)
        return start + (1.0 - self.concentration) * digamma(self.concentration)

    def _mean(self) -> Any:
        return self.concentration / self.rate

    def _variance(self) -> Any:
        return self.concentration / square(self.rate)

    def _stddev(self) -> Any:
        return sqrt(self.concentration) / self.rate

    def _mode(self) -> Any:
        mode = (self.concentration - 1.0) / self.rate
        if self.allow_nan_stats:
            nan = fill(self.batch_shape_tensor(), self.dtype.as_numpy_dtype(np.nan), name="nan")
            return where_v2(self.concentration > 1.0, mode, nan)
        message = "mode not defined when any concentration <= 1"
        one = ones([], self.dtype)
        return with_dependencies([assert_less(one, self.concentration, message=message)], mode)

    def _maybe_assert_valid_sample(self, x: Any) -> Any:
        assert_same_float_dtype(tensors=[x], dtype=self.dtype)
        return with_dependencies([assert_positive(x)], x) if self.validate_args else x


@RegisterKL(Gamma, Gamma)
def _kl(a: Gamma, b: Gamma, name: str | None = None) -> Any:
    values = [a.concentration, a.rate, b.concentration, b.rate]
    with scopes.name_scope(name, "kl_gamma_gamma", values=values):
        found = (a.concentration - b.concentration) * digamma(a.concentration)
        found = found + lgamma(b.concentration) - lgamma(a.concentration)
        found = found + b.concentration * log(a.rate) - b.concentration * log(b.rate)
        return found + a.concentration * (b.rate / a.rate - 1.0)


@export("distributions.Exponential", "contrib.distributions.Exponential")
class Exponential(Gamma):
    """The exponential distribution: `rate * exp(-rate * x)`.

    Args:
        rate: positive floats.
        validate_args: whether the run checks that arguments and samples are positive.
        allow_nan_stats: whether the mode is nan, as there is none; else the run fails.
        name: the name of its scope.
    """

    def __init__(
        self,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Exponential",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[rate]) as name:
            self._rate = convert_to_tensor(rate, name="rate")
        super().__init__(
            concentration=ones([], dtype=self._rate.dtype),
            rate=self._rate,
            allow_nan_stats=allow_nan_stats,
            validate_args=validate_args,
            name=name,
        )
        self._parameters = parameters
        self._graph_parents += [self._rate]

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return {"rate": convert_to_tensor(sample_shape, dtype=int32)}

    def _log_survival_function(self, value: Any) -> Any:
        return self._log_prob(value) - log(self._rate)

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        sizes = concat([[n], shape(self._rate)], 0)
        least = np.finfo(self.dtype.as_numpy_dtype).tiny  # so that the logarithm is finite
        drawn = random_uniform(sizes, minval=least, maxval=1.0, seed=seed, dtype=self.dtype)
        return -log(drawn) / self._rate
