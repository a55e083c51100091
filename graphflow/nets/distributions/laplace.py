"""The Laplace distribution."""

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
from graphflow.nets.distributions.special_math import log_cdf_laplace
from graphflow.ops.asserts import assert_positive, assert_same_float_dtype
from graphflow.ops.broadcast import broadcast_dynamic_shape, broadcast_static_shape
from graphflow.ops.complex import abs as abs_
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.fill import zeros_like
from graphflow.ops.functions import exp, log, log1p
from graphflow.ops.identity import identity
from graphflow.ops.powers import sign
from graphflow.ops.random import random_uniform
from graphflow.ops.shape_ops import shape


@export("distributions.Laplace", "contrib.distributions.Laplace")
class Laplace(Distribution):
    """The Laplace distribution: `exp(-abs(x - loc) / scale) / (2 * scale)`.

    Args:
        loc: the medians.
        scale: positive floats; the two broadcast.
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
        name: str = "Laplace",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[loc, scale]) as name:
            with scopes.control_dependencies([assert_positive(scale)] if validate_args else []):
                self._loc = identity(loc, name="loc")
                self._scale = identity(scale, name="scale")
                assert_same_float_dtype([self._loc, self._scale])
            super().__init__(
                dtype=self._loc.dtype,
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
        """The medians."""
        return self._loc

    @property
    def scale(self) -> Tensor:
        """The scales."""
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
        number = self.dtype.as_numpy_dtype
        least = np.nextafter(number(-1.0), number(0.0))  # so that the logarithm is finite
        drawn = random_uniform(shape=sizes, minval=least, maxval=1.0, dtype=self.dtype, seed=seed)
        return self.loc - self.scale * sign(drawn) * log1p(-abs_(drawn))

    def _log_prob(self, x: Any) -> Any:
        return self._log_unnormalized_prob(x) - self._log_normalization()

    def _prob(self, x: Any) -> Any:
        return exp(self._log_prob(x))

    def _log_cdf(self, x: Any) -> Any:
        return log_cdf_laplace(self._z(x))

    def _log_survival_function(self, x: Any) -> Any:
        return log_cdf_laplace(-self._z(x))

    def _cdf(self, x: Any) -> Any:
        z = self._z(x)
        return 0.5 + 0.5 * sign(z) * (1.0 - exp(-abs_(z)))

    def _log_unnormalized_prob(self, x: Any) -> Any:
        return -abs_(self._z(x))

    def _log_normalization(self) -> Any:
        return math.log(2.0) + log(self.scale)

    def _entropy(self) -> Any:
        scale = self.scale + zeros_like(self.loc)  # broadcast
        return math.log(2.0) + 1.0 + log(scale)

    def _mean(self) -> Any:
        return self.loc + zeros_like(self.scale)

    def _stddev(self) -> Any:
        return math.sqrt(2.0) * self.scale + zeros_like(self.loc)

    def _median(self) -> Any:
        return self._mean()

    def _mode(self) -> Any:
        return self._mean()

    def _z(self, x: Any) -> Any:
        return (x - self.loc) / self.scale
