"""The categorical distribution: one class of several."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.dtypes import int32, int64
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets.distributions.checks import (
    embed_check_categorical_event_shape,
    embed_check_integer_casting_closed,
    get_logits_and_probs,
)
from graphflow.nets.distributions.distribution import NOT_REPARAMETERIZED, Distribution
from graphflow.nets.distributions.divergence import RegisterKL
from graphflow.ops.argmax import argmax
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.cross_entropy import sparse_softmax_cross_entropy_with_logits
from graphflow.ops.fill import ones, ones_like, zeros_like
from graphflow.ops.identity import identity
from graphflow.ops.mask import sequence_mask
from graphflow.ops.random import multinomial
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.select import where
from graphflow.ops.shape_ops import rank, shape
from graphflow.ops.softmax import log_softmax, softmax
from graphflow.ops.transpose import transpose


@export("distributions.Categorical", "contrib.distributions.Categorical")
class Categorical(Distribution):
    """The distribution of a class number.

    Args:
        logits: unscaled log probabilities, [..., classes].
        probs: probabilities, in place of them.
        dtype: the type of samples.
        validate_args: whether the run checks that probabilities and samples are valid.
        allow_nan_stats: whether a statistic that does not exist is nan.
        name: the name of its scope.

    Raises:
        ValueError: unless one of `logits` and `probs` is given, with at least one axis.
    """

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: Any = int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Categorical",
    ) -> None:
        parameters = dict(locals())
        with scopes.name_scope(name, values=[logits, probs]) as name:
            self._logits, self._probs = get_logits_and_probs(
                logits=logits,
                probs=probs,
                validate_args=validate_args,
                multidimensional=True,
                name=name,
            )
            if validate_args:
                self._logits = embed_check_categorical_event_shape(self._logits)
            self._measure()
        super().__init__(
            dtype=dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._logits, self._probs],
            name=name,
        )

    def _measure(self) -> None:
        """Notes the rank and shape of the batch, and how many classes there are, as tensors."""
        static = self._logits.shape.with_rank_at_least(1)
        known = static.ndims is not None
        sizes = static.as_list() if known else [None]
        if known:
            self._batch_rank = convert_to_tensor(len(sizes) - 1, dtype=int32, name="batch_rank")
        else:
            with scopes.name_scope("batch_rank"):
                self._batch_rank = rank(self._logits) - 1
        whole = shape(self._logits, name="logits_shape")
        if sizes[-1] is not None:
            self._event_size = convert_to_tensor(sizes[-1], dtype=int32, name="event_size")
        else:
            with scopes.name_scope("event_size"):
                self._event_size = whole[self._batch_rank]
        if known and None not in sizes[:-1]:
            self._batch_shape_val = constant(sizes[:-1], dtype=int32, name="batch_shape")
        else:
            with scopes.name_scope("batch_shape"):
                self._batch_shape_val = whole[:-1]

    @property
    def event_size(self) -> Tensor:
        """How many classes there are."""
        return self._event_size

    @property
    def logits(self) -> Tensor:
        """Unscaled log probabilities."""
        return self._logits

    @property
    def probs(self) -> Tensor:
        """Probabilities."""
        return self._probs

    def _batch_shape_tensor(self) -> Any:
        return identity(self._batch_shape_val)

    def _batch_shape(self) -> Any:
        return self.logits.get_shape()[:-1]

    def _event_shape_tensor(self) -> Any:
        return constant([], dtype=int32)

    def _event_shape(self) -> Any:
        return TensorShape([])

    def _sample_n(self, n: Any, seed: Any = None) -> Any:
        logits = self.logits
        if logits.shape.ndims != 2:
            logits = reshape(logits, [-1, self.event_size])
        drawn_type = int64 if self.dtype.size > 4 else int32
        draws = multinomial(logits, n, seed=seed, output_dtype=drawn_type)
        draws = reshape(transpose(draws), concat([[n], self.batch_shape_tensor()], 0))
        return cast(draws, self.dtype)

    def _classes(self, k: Any) -> Tensor:
        k = convert_to_tensor(k, name="k")
        if self.validate_args:
            k = embed_check_integer_casting_closed(k, target_dtype=int32)
        return k  # type: ignore[no-any-return]  # a tensor

    def _cdf(self, k: Any) -> Any:
        k, probs = _broadcast(self._classes(k), self.probs, self.dtype.base_dtype)
        rows = reshape(probs, (-1, self._event_size))
        below = sequence_mask(reshape(k, [-1]), self._event_size)
        found = reduce_sum(where(below, rows, zeros_like(rows)), axis=-1)
        return reshape(found, shape(k))

    def _log_prob(self, k: Any) -> Any:
        k, logits = _broadcast(self._classes(k), self.logits, self.dtype.base_dtype)
        return -sparse_softmax_cross_entropy_with_logits(labels=k, logits=logits)

    def _entropy(self) -> Any:
        return -reduce_sum(log_softmax(self.logits) * self.probs, axis=-1)

    def _mode(self) -> Any:
        found = cast(argmax(self.logits, axis=self._batch_rank), self.dtype)
        found.set_shape(self.batch_shape)
        return found


def _broadcast(event: Tensor, parameters: Tensor, dtype: Any) -> tuple[Tensor, Tensor]:
    """Class numbers and parameters, with the same axes but for the last of the parameters."""
    if event.dtype.is_floating:
        event = cast(event, dtype=int32)
    elif not event.dtype.is_integer:
        raise TypeError(f"`value` should have integer `dtype` or `self.dtype` ({dtype})")
    batch = parameters.shape[:-1]
    if not (batch.is_fully_defined() and event.shape.is_fully_defined() and batch == event.shape):
        parameters = parameters * ones_like(event[..., None], dtype=parameters.dtype)
        sizes = shape(parameters)[:-1]
        event = event * ones(sizes, dtype=event.dtype)
        if parameters.shape.ndims is not None:
            event.set_shape(parameters.shape[:-1])
    return event, parameters


@RegisterKL(Categorical, Categorical)
def _kl(a: Categorical, b: Categorical, name: str | None = None) -> Any:
    with scopes.name_scope(name, "kl_categorical_categorical", values=[a.logits, b.logits]):
        difference = log_softmax(a.logits) - log_softmax(b.logits)
        return reduce_sum(softmax(a.logits) * difference, axis=-1)
