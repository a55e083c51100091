"""The normal distribution."""

from __future__ import annotations

import math
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets.distributions.distribution import FULLY_REPARAMETERIZED, Distribution
from graphflow.nets.distributions.divergence import RegisterKL
from graphflow.nets.distributions.special_math import log_ndtr, ndtr, ndtri
from graphflow.ops.arithmetic import squared_difference
from graphflow.ops.asserts import assert_positive, assert_same_float_dtype
from graphflow.ops.broadcast import broadcast_dynamic_shape, broadcast_static_shape
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.fill import ones_like
from graphflow.ops.functions import log
from graphflow.ops.identity import identity
from graphflow.ops.powers import square
from graphflow.ops.random import random_normal
from graphflow.ops.shape_ops import shape


@export("distributions.Normal", "contrib.distributions.Normal")
class Normal(Distribution):
    """The normal distribution: `exp(-((x - loc) / scale) ** 2 / 2)`, up to a factor.

    Args:
        loc: the means.
        scale: the standard deviations; the two broadcast.
        validate_args: whether the run checks that `scale` is positive.
        allow_nan_stats: whether a statistic that does not exist is nan.
        name: the name of its scope.

    Raises:
        TypeError: if the types differ.
    """

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Normal",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[loc, scale]) as name:
            checks = [assert_positive(scale)] if validate_args else []
            with scopes.control_dependencies(checks):
                self._loc = identity(loc, name="loc")
                self._scale = identity(scale, name="scale")
                assert_same_float_dtype([self._loc, self._scale])
        super().__init__(
            dtype=self._scale.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._loc, self._scale],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        sizes = convert_to_tensor(sample_shape, dtype=int32)
        return {"loc": sizes, "scale": sizes}

    @property
    def loc(self) -> Tensor:
        """The means."""
        return self._loc

    @property
    def scale(self) -> Tensor:
        """The standard deviations."""
        return self._scale

    def _batch_shape_tensor(self) -> Any:
        return broadcast_dynamic_shape(shape(self.loc), shape(self.scale))

    def _batch_shape(self) -> Any:
        return broadcast_static_shape(self.loc.get_shape(), self.scale.get_shape())

    def _event_shape_tensor(self) -> Any:
        return constant([], dtype=int32)

    def _event_shape(self) -> Any:
        return TensorShape([])

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        sizes = concat([[n], self.batch_shape_tensor()], 0)
        drawn = random_normal(shape=sizes, mean=0.0, stddev=1.0, dtype=self.loc.dtype, seed=seed)
        return drawn * self.scale + self.loc

    def _log_prob(self, x: Any) -> Any:
        return self._log_unnormalized_prob(x) - self._log_normalization()

    def _log_cdf(self, x: Any) -> Any:
        return log_ndtr(self._z(x))

    def _cdf(self, x: Any) -> Any:
        return ndtr(self._z(x))

    def _log_survival_function(self, x: Any) -> Any:
        return log_ndtr(-self._z(x))

    def _survival_function(self, x: Any) -> Any:
        return ndtr(-self._z(x))

    def _log_unnormalized_prob(self, x: Any) -> Any:
        return -0.5 * square(self._z(x))

    def _log_normalization(self) -> Any:
        return 0.5 * math.log(2.0 * math.pi) + log(self.scale)

    def _entropy(self) -> Any:
        scale = self.scale * ones_like(self.loc)  # broadcast
        return 0.5 * math.log(2.0 * math.pi * math.e) + log(scale)

    def _mean(self) -> Any:
        return self.loc * ones_like(self.scale)

    def _quantile(self, p: Any) -> Any:
        z = ndtri(p)
        with scopes.name_scope("reconstruct", values=[z]):
            return z * self.scale + self.loc

    def _stddev(self) -> Any:
        return self.scale * ones_like(self.loc)

    def _mode(self) -> Any:
        return self._mean()

    def _z(self, x: Any) -> Any:
        with scopes.name_scope("standardize", values=[x]):
            return (x - self.loc) / self.scale


@RegisterKL(Normal, Normal)
def _kl(a: Normal, b: Normal, name: str | None = None) -> Any:
    with scopes.name_scope(name, "kl_normal_normal", [a.loc, b.loc]):
        one = constant(1, dtype=a.dtype)
        two = constant(2, dtype=a.dtype)
        half = constant(0.5, dtype=a.dtype)
        square_a, square_b = square(a.scale), square(b.scale)
        ratio = square_a / square_b
        distance = squared_difference(a.loc, b.loc) / (two * square_b)
        return distance + half * (ratio - one - log(ratio))
