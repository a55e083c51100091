"""The multinomial distribution: how often each class comes in some draws."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.distributions.checks import (
    embed_check_nonnegative_integer_form,
    get_logits_and_probs,
    log_combinations,
)
from graphflow.nets.distributions.distribution import NOT_REPARAMETERIZED, Distribution
from graphflow.ops.asserts import assert_equal
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.diag import matrix_set_diag
from graphflow.ops.fill import ones_like
from graphflow.ops.functional import map_fn
from graphflow.ops.identity import identity
from graphflow.ops.matmul import matmul
from graphflow.ops.one_hot import one_hot
from graphflow.ops.random import multinomial
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape
from graphflow.ops.softmax import log_softmax
from graphflow.ops.transpose import transpose


@export("distributions.Multinomial", "contrib.distributions.Multinomial")
class Multinomial(Distribution):
    """The distribution of counts of classes.

    Args:
        total_count: how many draws the counts sum to, [...]; integers as floats.
        logits: unscaled log probabilities, [..., classes].
        probs: probabilities, in place of them.
        validate_args: whether the run checks arguments, and that counts are valid.
        allow_nan_stats: whether a statistic that does not exist is nan.
        name: the name of its scope.

    Raises:
        ValueError: unless one of `logits` and `probs` is given.
    """

    def __init__(
        self,
        total_count: Any,
        logits: Any = None,
        probs: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Multinomial",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[total_count, logits, probs]) as name:
            self._total_count = convert_to_tensor(total_count, name="total_count")
            if validate_args:
                self._total_count = embed_check_nonnegative_integer_form(self._total_count)
            self._logits, self._probs = get_logits_and_probs(
                logits=logits,
                probs=probs,
                multidimensional=True,
                validate_args=validate_args,
                name=name,
            )
            self._mean_val = self._total_count[..., None] * self._probs
        super().__init__(
            dtype=self._probs.dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._total_count, self._logits, self._probs],
            name=name,
        )

    @property
    def total_count(self) -> Tensor:
        """How many draws the counts sum to."""
        return self._total_count

    @property
    def logits(self) -> Tensor:
        """Unscaled log probabilities."""
        return self._logits

    @property
    def probs(self) -> Tensor:
        """Probabilities."""
        return self._probs

    def _batch_shape_tensor(self) -> Any:
        return shape(self._mean_val)[:-1]

    def _batch_shape(self) -> Any:
        return self._mean_val.get_shape().with_rank_at_least(1)[:-1]

    def _event_shape_tensor(self) -> Any:
        return shape(self._mean_val)[-1:]

    def _event_shape(self) -> Any:
        return self._mean_val.get_shape().with_rank_at_least(1)[-1:]

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        """Draws for one row after the other, as rows differ in how many draws they take."""
        n_draws = cast(self.total_count, dtype=int32)
        k = self.event_shape_tensor()[0]
        n_draws = ones_like(self.logits[..., 0], dtype=n_draws.dtype) * n_draws
        logits = ones_like(n_draws[..., None], dtype=self.logits.dtype) * self.logits
        rows = reshape(logits, [-1, k])
        numbers = n * reshape(n_draws, [-1])

        def counted(row: Any) -> Any:
            draws = multinomial(row[0][None, ...], row[1], seed)
            draws = reshape(draws, shape=[n, -1])
            return reduce_sum(one_hot(draws, depth=k), axis=-2)

        counts = map_fn(counted, [rows, numbers], dtype=self.dtype)  # [rows, n, classes]
        counts = transpose(counts, perm=[1, 0, 2])
        return reshape(counts, concat([[n], self.batch_shape_tensor(), [k]], 0))

    def _log_prob(self, counts: Any) -> Any:
        return self._log_unnormalized_prob(counts) - self._log_normalization(counts)

    def _log_unnormalized_prob(self, counts: Any) -> Any:
        counts = self._maybe_assert_valid_sample(counts)
        return reduce_sum(counts * log_softmax(self.logits), -1)

    def _log_normalization(self, counts: Any) -> Any:
        counts = self._maybe_assert_valid_sample(counts)
        return -log_combinations(self.total_count, counts)

    def _mean(self) -> Any:
        return identity(self._mean_val)

    def _wide_probs(self) -> Any:
        return self.probs * ones_like(self.total_count)[..., None]

    def _covariance(self) -> Any:
        p = self._wide_probs()
        product = -matmul(self._mean_val[..., None], p[..., None, :])
        return matrix_set_diag(product, self._variance())

    def _variance(self) -> Any:
        p = self._wide_probs()
        return self._mean_val - self._mean_val * p

    def _maybe_assert_valid_sample(self, counts: Any) -> Any:
        if not self.validate_args:
            return counts
        counts = embed_check_nonnegative_integer_form(counts)
        message = "counts must sum to `self.total_count`"
        check = assert_equal(self.total_count, reduce_sum(counts, -1), message=message)
        return with_dependencies([check], counts)
