"""The uniform distribution."""

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
from graphflow.ops.asserts import assert_less, assert_same_float_dtype
from graphflow.ops.broadcast import broadcast_dynamic_shape, broadcast_static_shape
from graphflow.ops.comparison import logical_or
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.fill import ones, ones_like, zeros, zeros_like
from graphflow.ops.functions import log
from graphflow.ops.identity import identity
from graphflow.ops.powers import square
from graphflow.ops.random import random_uniform
from graphflow.ops.rounding import is_nan
from graphflow.ops.select import where_v2
from graphflow.ops.shape_ops import shape


@export("distributions.Uniform", "contrib.distributions.Uniform")
class Uniform(Distribution):
    """The uniform distribution over `[low, high)`.

    Args:
        low: the lower ends.
        high: the upper ends; the two broadcast.
        validate_args: whether the run checks that `low < high`.
        allow_nan_stats: whether a statistic that does not exist is nan.
        name: the name of its scope.

    Raises:
        TypeError: if the types differ.
        InvalidArgumentError: if arguments are checked and do not fit.
    """

    def __init__(
        self,
        low: Any = 0.0,
        high: Any = 1.0,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Uniform",
    ) -> None:
        parameters = dict(locals())
        message = "uniform not defined when low >= high."
        with scopes.name_scope(name, values=[low, high]) as name:
            checks = [assert_less(low, high, message=message)] if validate_args else []
            with scopes.control_dependencies(checks):
                self._low = identity(low, name="low")
                self._high = identity(high, name="high")
                assert_same_float_dtype([self._low, self._high])
        super().__init__(
            dtype=self._low.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._low, self._high],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        sizes = convert_to_tensor(sample_shape, dtype=int32)
        return {"low": sizes, "high": sizes}

    @property
    def low(self) -> Tensor:
        """The lower ends."""
        return self._low

    @property
    def high(self) -> Tensor:
        """The upper ends."""
        return self._high

    def range(self, name: str = "range") -> Tensor:
        """Returns `high - low`.

        Args:
            name: the name of the scope.
        """
        with self._name_scope(name):
            found: Tensor = self.high - self.low
            return found

    def _batch_shape_tensor(self) -> Any:
        return broadcast_dynamic_shape(shape(self.low), shape(self.high))

    def _batch_shape(self) -> Any:
        return broadcast_static_shape(self.low.get_shape(), self.high.get_shape())

    def _event_shape_tensor(self) -> Any:
        return constant([], dtype=int32)

    def _event_shape(self) -> Any:
        return TensorShape([])

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        sizes = concat([[n], self.batch_shape_tensor()], 0)
        samples = random_uniform(shape=sizes, dtype=self.dtype, seed=seed)
        return self.low + self.range() * samples

    def _prob(self, x: Any) -> Any:
        x = x * ones(self.batch_shape_tensor(), dtype=x.dtype)
        invalid = is_nan(x)
        outside = logical_or(x < self.low, x >= self.high)
        inside = where_v2(outside, zeros_like(x), ones_like(x) / self.range())
        return where_v2(invalid, x, inside)

    def _cdf(self, x: Any) -> Any:
        sizes = broadcast_dynamic_shape(shape(x), self.batch_shape_tensor())
        nothing, everything = zeros(sizes, dtype=self.dtype), ones(sizes, dtype=self.dtype)
        wide = x * everything
        below = where_v2(x < self.low, nothing, (wide - self.low) / self.range())
        return where_v2(x >= self.high, everything, below)

    def _entropy(self) -> Any:
        return log(self.range())

    def _mean(self) -> Any:
        return (self.low + self.high) / 2.0

    def _variance(self) -> Any:
        return square(self.range()) / 12.0

    def _stddev(self) -> Any:
        return self.range() / math.sqrt(12.0)
