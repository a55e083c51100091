"""Student's t-distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets.distributions.distribution import FULLY_REPARAMETERIZED, Distribution
from graphflow.nets.distributions.static import gen_new_seed
from graphflow.ops.asserts import assert_less, assert_positive, assert_same_float_dtype
from graphflow.ops.broadcast import broadcast_dynamic_shape, broadcast_static_shape
from graphflow.ops.comparison import greater, less
from graphflow.ops.complex import abs as abs_
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.fill import fill, ones, ones_like
from graphflow.ops.functions import log, log1p
from graphflow.ops.identity import identity
from graphflow.ops.powers import rsqrt, square
from graphflow.ops.random import random_normal
from graphflow.ops.random_distributions import random_gamma
from graphflow.ops.select import where_v2
from graphflow.ops.shape_ops import shape
from graphflow.ops.special_functions import digamma, lgamma
from graphflow.ops.special_gamma import betainc, lbeta


@export("distributions.StudentT", "contrib.distributions.StudentT")
class StudentT(Distribution):
    """Student's t-distribution: `(1 + y ** 2 / df) ** (-(df + 1) / 2)`, up to a factor.

    There `y` is `(x - loc) / scale`; `scale` is no standard deviation.

    Args:
        df: the degrees of freedom, positive floats.
        loc: the medians.
        scale: floats that are not 0; the three broadcast.
        validate_args: whether the run checks that `df` is positive.
        allow_nan_stats: whether mean and variance are nan where there are none; else the run
            fails.
        name: the name of its scope.

    Raises:
        TypeError: if the types differ.
    """

    def __init__(
        self,
        df: Any,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "StudentT",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[df, loc, scale]) as name:
            checks = [assert_positive(df)] if validate_args else []
            with scopes.control_dependencies(checks):
                self._df = identity(df, name="df")
                self._loc = identity(loc, name="loc")
                self._scale = identity(scale, name="scale")
                assert_same_float_dtype((self._df, self._loc, self._scale))
        super().__init__(
            dtype=self._scale.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._df, self._loc, self._scale],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        sizes = convert_to_tensor(sample_shape, dtype=int32)
        return {"df": sizes, "loc": sizes, "scale": sizes}

    @property
    def df(self) -> Tensor:
        """The degrees of freedom."""
        return self._df

    @property
    def loc(self) -> Tensor:
        """The medians."""
        return self._loc

    @property
    def scale(self) -> Tensor:
        """The scales."""
        return self._scale

    def _batch_shape_tensor(self) -> Any:
        own = shape(self.df)
        return broadcast_dynamic_shape(
            own, broadcast_dynamic_shape(shape(self.loc), shape(self.scale))
        )

    def _batch_shape(self) -> Any:
        both = broadcast_static_shape(self.df.get_shape(), self.loc.get_shape())
        return broadcast_static_shape(both, self.scale.get_shape())

    def _event_shape_tensor(self) -> Any:
        return constant([], dtype=int32)

    def _event_shape(self) -> Any:
        return TensorShape([])

    def _ones(self) -> Any:
        return ones(self.batch_shape_tensor(), dtype=self.dtype)

    def _filled(self, value: float, name: str) -> Any:
        sizes = self.batch_shape_tensor()
        return fill(sizes, self.dtype.as_numpy_dtype(value), name=name)

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        """A normal draw, divided by the root of a chi-squared draw over `df`."""
        sizes = concat([[n], self.batch_shape_tensor()], 0)
        normal = random_normal(sizes, dtype=self.dtype, seed=seed)
        df = self.df * self._ones()
        drawn = random_gamma(
            [n], 0.5 * df, beta=0.5, dtype=self.dtype, seed=gen_new_seed(seed, "student_t")
        )
        return normal * rsqrt(drawn / df) * self.scale + self.loc

    def _log_prob(self, x: Any) -> Any:
        return self._log_unnormalized_prob(x) - self._log_normalization()

    def _log_unnormalized_prob(self, x: Any) -> Any:
        y = (x - self.loc) / self.scale
        return -0.5 * (self.df + 1.0) * log1p(y**2.0 / self.df)

    def _log_normalization(self) -> Any:
        found = log(abs_(self.scale)) + 0.5 * log(self.df) + 0.5 * math.log(math.pi)
        return found + lgamma(0.5 * self.df) - lgamma(0.5 * (self.df + 1.0))

    def _cdf(self, x: Any) -> Any:
        y = (x - self.loc) / abs_(self.scale)
        outside = self.df / (y**2.0 + self.df)
        tail = 0.5 * betainc(0.5 * self.df, 0.5, outside)
        return where_v2(less(y, 0.0), tail, 1.0 - tail)

    def _entropy(self) -> Any:
        v = self._ones()[..., None]
        u = v * self.df[..., None]
        both = concat([u, v], -1) / 2.0
        found = log(abs_(self.scale)) + 0.5 * log(self.df) + lbeta(both)
        more = 0.5 * (self.df + 1.0) * (digamma(0.5 * (self.df + 1.0)) - digamma(0.5 * self.df))
        return found + more

    def _mean(self) -> Any:
        mean = self.loc * self._ones()
        if self.allow_nan_stats:
            exists = greater(self.df, self._ones())
            return where_v2(exists, mean, self._filled(np.nan, "nan"))
        return self._checked(mean, "mean not defined for components of df <= 1")

    def _variance(self) -> Any:
        """`scale ** 2 * df / (df - 2)`; inf for `df` from 1 to 2."""
        finite = greater(self.df, 2.0)
        denominator = where_v2(finite, self.df - 2.0, ones_like(self.df))
        variance = self._ones() * square(self.scale) * self.df / denominator
        finite = self.df > fill(self.batch_shape_tensor(), self.dtype.as_numpy_dtype(2.0))
        variance = where_v2(finite, variance, self._filled(np.inf, "inf"))
        if self.allow_nan_stats:
            exists = greater(self.df, self._ones())
            return where_v2(exists, variance, self._filled(np.nan, "nan"))
        return self._checked(variance, "variance not defined for components of df <= 1")

    def _checked(self, found: Any, message: str) -> Any:
        one = ones([], dtype=self.dtype)
        return with_dependencies([assert_less(one, self.df, message=message)], found)

    def _mode(self) -> Any:
        return identity(self.loc)
