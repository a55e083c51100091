"""The Dirichlet-multinomial distribution: counts whose probabilities are drawn first."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.distributions.checks import (
    embed_check_categorical_event_shape,
    embed_check_nonnegative_integer_form,
    log_combinations,
)
from graphflow.nets.distributions.distribution import NOT_REPARAMETERIZED, Distribution
from graphflow.nets.distributions.static import gen_new_seed
from graphflow.ops.asserts import assert_equal, assert_positive
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.diag import matrix_set_diag
from graphflow.ops.functions import exp, log
from graphflow.ops.matmul import matmul
from graphflow.ops.one_hot import one_hot
from graphflow.ops.powers import sqrt
from graphflow.ops.random import multinomial
from graphflow.ops.random_distributions import random_gamma
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape
from graphflow.ops.special_gamma import lbeta


@export("distributions.DirichletMultinomial", "contrib.distributions.DirichletMultinomial")
class DirichletMultinomial(Distribution):
    """The distribution of counts of classes with Dirichlet-distributed probabilities.

    Args:
        total_count: how many draws the counts sum to, [...]; integers as floats.
        concentration: positive floats, [..., classes].
        validate_args: whether the run checks arguments, and that counts are valid.
        allow_nan_stats: whether a statistic that does not exist is nan.
        name: the name of its scope.
    """

    def __init__(
        self,
        total_count: Any,
        concentration: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "DirichletMultinomial",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[total_count, concentration]) as name:
            self._total_count = convert_to_tensor(total_count, name="total_count")
            if validate_args:
                self._total_count = embed_check_nonnegative_integer_form(self._total_count)
            given = convert_to_tensor(concentration, name="concentration")
            self._concentration: Tensor = _checked(given, validate_args)
            self._total_concentration = reduce_sum(self._concentration, -1)
        super().__init__(
            dtype=self._concentration.dtype,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            reparameterization_type=NOT_REPARAMETERIZED,
            parameters=parameters,
            graph_parents=[self._total_count, self._concentration],
            name=name,
        )

    @property
    def total_count(self) -> Tensor:
        """How many draws the counts sum to."""
        return self._total_count

    @property
    def concentration(self) -> Tensor:
        """The concentrations, [..., classes]."""
        return self._concentration

    @property
    def total_concentration(self) -> Tensor:
        """The sums of the concentrations over the classes."""
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
        n_draws = cast(self.total_count, dtype=int32)
        k = self.event_shape_tensor()[0]
        drawn = random_gamma(shape=[n], alpha=self.concentration, dtype=self.dtype, seed=seed)
        logits = reshape(log(drawn), shape=[-1, k])
        other = gen_new_seed(seed, "dirichlet_multinomial")
        draws = multinomial(logits=logits, num_samples=n_draws, seed=other)
        counts = reduce_sum(one_hot(draws, depth=k), -2)
        sizes = concat([[n], self.batch_shape_tensor(), [k]], 0)
        return cast(reshape(counts, sizes), self.dtype)

    def _log_prob(self, counts: Any) -> Any:
        counts = self._maybe_assert_valid_sample(counts)
        ordered = lbeta(self.concentration + counts) - lbeta(self.concentration)
        return ordered + log_combinations(self.total_count, counts)

    def _prob(self, counts: Any) -> Any:
        return exp(self._log_prob(counts))

    def _mean(self) -> Any:
        return self.total_count * (self.concentration / self.total_concentration[..., None])

    def _covariance(self) -> Any:
        x = self._variance_scale_term() * self._mean()
        return matrix_set_diag(-matmul(x[..., None], x[..., None, :]), self._variance())

    def _variance(self) -> Any:
        scale = self._variance_scale_term()
        x = scale * self._mean()
        return x * (self.total_count * scale - x)

    def _variance_scale_term(self) -> Any:
        total = self.total_concentration[..., None]
        return sqrt((1.0 + total / self.total_count) / (1.0 + total))

    def _maybe_assert_valid_sample(self, counts: Any) -> Any:
        if not self.validate_args:
            return counts
        counts = embed_check_nonnegative_integer_form(counts)
        message = "counts last-dimension must sum to `self.total_count`"
        check = assert_equal(self.total_count, reduce_sum(counts, -1), message=message)
        return with_dependencies([check], counts)


def _checked(concentration: Tensor, validate_args: bool) -> Any:
    if not validate_args:
        return concentration
    concentration = embed_check_categorical_event_shape(concentration)
    message = "Concentration parameter must be positive."
    return with_dependencies([assert_positive(concentration, message=message)], concentration)
