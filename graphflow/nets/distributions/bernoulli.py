"""The Bernoulli distribution: 1 with some probability, else 0."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import bool_, int32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets.distributions.checks import (
    embed_check_integer_casting_closed,
    get_logits_and_probs,
)
from graphflow.nets.distributions.distribution import NOT_REPARAMETERIZED, Distribution
from graphflow.nets.distributions.divergence import RegisterKL
from graphflow.ops.activation import softplus
from graphflow.ops.cast import cast
from graphflow.ops.comparison import less
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.cross_entropy import sigmoid_cross_entropy_with_logits
from graphflow.ops.fill import ones_like
from graphflow.ops.functions import sigmoid
from graphflow.ops.identity import identity
from graphflow.ops.random import random_uniform
from graphflow.ops.shape_ops import shape


@export("distributions.Bernoulli", "contrib.distributions.Bernoulli")
class Bernoulli(Distribution):
    """The distribution of one bit.

    Args:
        logits: the log-odds of 1.
        probs: the probabilities of 1, in place of them.
        dtype: the type of samples.
        validate_args: whether the run checks that probabilities and samples are valid.
        allow_nan_stats: whether a statistic that does not exist is nan.
        name: the name of its scope.

    Raises:
        ValueError: unless one of `logits` and `probs` is given.
    """

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Bernoulli",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name) as name:
            self._logits, self._probs = get_logits_and_probs(
                logits=logits, probs=probs, validate_args=validate_args, name=name
            )
        super().__init__(
            dtype=dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._logits, self._probs],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return {"logits": convert_to_tensor(sample_shape, dtype=int32)}

    @property
    def logits(self) -> Tensor:
        """The log-odds of 1."""
        return self._logits

    @property
    def probs(self) -> Tensor:
        """The probabilities of 1."""
        return self._probs

    def _batch_shape_tensor(self) -> Any:
        return shape(self._logits)

    def _batch_shape(self) -> Any:
        return self._logits.get_shape()

    def _event_shape_tensor(self) -> Any:
        return constant([], dtype=int32)

    def _event_shape(self) -> Any:
        return TensorShape([])

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        sizes = concat([[n], self.batch_shape_tensor()], 0)
        uniform = random_uniform(sizes, seed=seed, dtype=self.probs.dtype)
        return cast(less(uniform, self.probs), self.dtype)

    def _log_prob(self, event: Any) -> Any:
        if self.validate_args:
            event = embed_check_integer_casting_closed(event, target_dtype=bool_)
        event, logits = cast(event, self.logits.dtype), self.logits
        if None in (event.dims, logits.dims) or not (
            event.shape.is_fully_defined() and event.dims == logits.dims
        ):
            logits, event = ones_like(event) * logits, ones_like(logits) * event
        return -sigmoid_cross_entropy_with_logits(labels=event, logits=logits)

    def _entropy(self) -> Any:
        return -self.logits * (sigmoid(self.logits) - 1) + softplus(-self.logits)

    def _mean(self) -> Any:
        return identity(self.probs)

    def _variance(self) -> Any:
        return self._mean() * (1.0 - self.probs)

    def _mode(self) -> Any:
        return cast(self.probs > 0.5, self.dtype)


@RegisterKL(Bernoulli, Bernoulli)
def _kl(a: Bernoulli, b: Bernoulli, name: str | None = None) -> Any:
    with scopes.name_scope(name, "kl_bernoulli_bernoulli", values=[a.logits, b.logits]):
        zero = softplus(-b.logits) - softplus(-a.logits)
        one = softplus(b.logits) - softplus(a.logits)
        return sigmoid(a.logits) * zero + sigmoid(-a.logits) * one
