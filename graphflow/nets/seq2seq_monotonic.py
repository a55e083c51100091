"""Attention that goes through its memory from front to back, and probabilities made for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.nets.seq2seq_mechanisms import (
    BahdanauScores,
    BaseAttentionMechanism,
    Found,
    key_layer,
    known_size,
    luong_scale,
    luong_score,
)
from graphflow.ops.argmax import argmax
from graphflow.ops.cast import cast
from graphflow.ops.clip import clip_by_value
from graphflow.ops.concat import concat
from graphflow.ops.fill import ones, zeros
from graphflow.ops.functional import scan
from graphflow.ops.functions import exp, log, sigmoid
from graphflow.ops.one_hot import one_hot
from graphflow.ops.random import random_normal
from graphflow.ops.reshape import reshape
from graphflow.ops.scan import cumprod, cumsum
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.transpose import transpose
from graphflow.ops.variable_scope import get_variable, variable_scope


@export("contrib.seq2seq.hardmax")
def hardmax(logits: Any, name: str | None = None) -> Tensor:
    """Returns 1 at the largest logit of each row (the first of equal ones), 0 elsewhere.

    Args:
        logits: `[..., classes]`.
        name: a scope for the operations.
    """
    with scopes.name_scope(name, "Hardmax", [logits]):
        logits = convert(logits, name="logits")
        depth = logits.shape.as_list()[-1]
        if depth is None:
            depth = shape_of(logits)[-1]
        return one_hot(argmax(logits, -1), depth, dtype=logits.dtype)


@export("contrib.seq2seq.safe_cumprod")
def safe_cumprod(x: Any, *args: Any, **kwargs: Any) -> Tensor:
    """Returns the running products of numbers between 0 and 1, as sums of their logarithms.

    Args:
        x: numbers; those outside of [tiny, 1] count as the nearer end.
        *args: as in `tf.cumsum`.
        **kwargs: as in `tf.cumsum`.
    """
    with scopes.name_scope(None, "SafeCumprod", [x]):
        x = convert(x, name="x")
        tiny = np.finfo(x.dtype.as_numpy_dtype).tiny
        product: Tensor = exp(cumsum(log(clip_by_value(x, tiny, 1)), *args, **kwargs))
        return product


@export("contrib.seq2seq.monotonic_attention")
def monotonic_attention(p_choose_i: Any, previous_attention: Any, mode: str) -> Tensor:
    """Returns where an attention goes that looks at the places in order, and stops at one.

    Args:
        p_choose_i: `[batch, time]`, the probability of stopping at each place.
        previous_attention: `[batch, time]`, where it was.
        mode: how it is computed: "recursive" (exactly, one place after the other), "parallel"
            (at once, less exact where probabilities are near 1), or "hard" (for probabilities
            that are 0 or 1).

    Returns:
        `[batch, time]`.

    Raises:
        ValueError: if there is no such mode.

    Source:
        Raffel et al. 2017.
    """
    p: Any = convert(p_choose_i, name="p_choose_i")
    previous: Any = convert(previous_attention, name="previous_attention")
    if mode not in _WAYS:
        raise ValueError("mode must be 'recursive', 'parallel', or 'hard'.")
    found: Tensor = _WAYS[mode](p, previous)
    return found


def _recursive(p: Any, previous: Any) -> Any:
    batch = known_size(p, 0)
    shifted = concat([ones((batch, 1)), 1 - p[:, :-1]], 1)

    def following(x: Any, pair: Any) -> Any:
        return reshape(pair[0] * x + pair[1], (batch,))

    steps = [transpose(shifted), transpose(previous)]
    return p * transpose(scan(following, steps, zeros((batch,))))


def _parallel(p: Any, previous: Any) -> Any:
    passed = safe_cumprod(1 - p, axis=1, exclusive=True)
    # At least 1e-10: the division stays finite.
    return p * passed * cumsum(previous / clip_by_value(passed, 1e-10, 1.0), axis=1)


def _hard(p: Any, previous: Any) -> Any:
    p = p * cumsum(previous, axis=1)
    return p * cumprod(1 - p, axis=1, exclusive=True)


_WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "recursive": _recursive,
    "parallel": _parallel,
    "hard": _hard,
}


def monotonic_probability_fn(
    score: Any, previous_alignments: Any, sigmoid_noise: float, mode: str, seed: int | None = None
) -> Tensor:
    """Returns the alignments of a monotonic attention.

    Args:
        score: `[batch, time]`.
        previous_alignments: `[batch, time]`.
        sigmoid_noise: the standard deviation of noise that is added to the scores.
        mode: as in `monotonic_attention`.
        seed: the seed of the noise.
    """
    if sigmoid_noise > 0:
        noise: Any = random_normal(shape_of(score), dtype=score.dtype, seed=seed)
        score = score + sigmoid_noise * noise
    p = cast(score > 0, score.dtype) if mode == "hard" else sigmoid(score)
    return monotonic_attention(p, previous_alignments, mode)


class BaseMonotonicAttentionMechanism(BaseAttentionMechanism):
    """A mechanism that starts at the first place of its memory."""

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Any:
        """Returns `[batch, time]`: 1 at the first place, 0 elsewhere.

        Args:
            batch_size: an int or a scalar tensor.
            dtype: the element type.
        """
        first = zeros((batch_size,), dtype=int32)
        return one_hot(first, self._alignments_size, dtype=dtype)


@export("contrib.seq2seq.BahdanauMonotonicAttention")
class BahdanauMonotonicAttention(BaseMonotonicAttentionMechanism, BahdanauScores):
    """Monotonic attention with Bahdanau's scores and a bias that is a variable.

    Args:
        num_units: the size of keys and queries.
        memory: `[batch, time, ...]`, mostly the outputs of an encoder.
        memory_sequence_length: `[batch]`, how many places count of each row; None: all.
        normalize: as in `BahdanauAttention`.
        score_mask_value: the score of places that do not count; None: minus infinity.
        sigmoid_noise: the standard deviation of noise that is added to the scores, so that
            training finds scores far from zero.
        sigmoid_noise_seed: its seed.
        score_bias_init: the first value of the bias; negative ones for long memories.
        mode: as in `monotonic_attention`.
        dtype: the element type of the layers' variables; None: float32.
        name: a scope for the operations.

    Raises:
        ValueError: if an inner size of the memory is not known, or (when called) there is no such
            mode.

    Source:
        Raffel et al. 2017.
    """

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        score_mask_value: Any = None,
        sigmoid_noise: float = 0.0,
        sigmoid_noise_seed: int | None = None,
        score_bias_init: float = 0.0,
        mode: str = "parallel",
        dtype: Any = None,
        name: str = "BahdanauMonotonicAttention",
    ) -> None:
        super().__init__(
            query_layer=key_layer(num_units, "query_layer", dtype),
            memory_layer=key_layer(num_units, "memory_layer", dtype),
            memory=memory,
            probability_fn=_probabilities(sigmoid_noise, mode, sigmoid_noise_seed),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            name=name,
        )
        self._num_units = num_units
        self._normalize = normalize
        self._name = name
        self._score_bias_init = score_bias_init

    def __call__(self, query: Any, state: Any) -> Found:
        """Returns the alignments of a query.

        Args:
            query: `[batch, depth]`.
            state: `[batch, time]`, the alignments of the step before.

        Returns:
            `(alignments, next state)`, the same tensor twice, `[batch, time]`.
        """
        with variable_scope(None, "bahdanau_monotonic_attention", [query]):
            score, dtype = self._scores(query)
            score += _bias(dtype, self._score_bias_init)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


@export("contrib.seq2seq.LuongMonotonicAttention")
class LuongMonotonicAttention(BaseMonotonicAttentionMechanism):
    """Monotonic attention with Luong's scores and a bias that is a variable.

    Args:
        num_units: the size of a key, which must be that of the query.
        memory: `[batch, time, ...]`, mostly the outputs of an encoder.
        memory_sequence_length: `[batch]`, how many places count of each row; None: all.
        scale: whether the scores are scaled by a variable.
        score_mask_value: the score of places that do not count; None: minus infinity.
        sigmoid_noise: as in `BahdanauMonotonicAttention`.
        sigmoid_noise_seed: its seed.
        score_bias_init: the first value of the bias.
        mode: as in `monotonic_attention`.
        dtype: the element type of the variables; None: float32.
        name: a scope for the operations.

    Raises:
        ValueError: if an inner size of the memory is not known, or (when called) there is no such
            mode.

    Source:
        Raffel et al. 2017.
    """

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        score_mask_value: Any = None,
        sigmoid_noise: float = 0.0,
        sigmoid_noise_seed: int | None = None,
        score_bias_init: float = 0.0,
        mode: str = "parallel",
        dtype: Any = None,
        name: str = "LuongMonotonicAttention",
    ) -> None:
        super().__init__(
            query_layer=None,
            memory_layer=key_layer(num_units, "memory_layer", dtype),
            memory=memory,
            probability_fn=_probabilities(sigmoid_noise, mode, sigmoid_noise_seed),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            name=name,
        )
        self._num_units = num_units
        self._scale = scale
        self._score_bias_init = score_bias_init
        self._name = name

    def __call__(self, query: Any, state: Any) -> Found:
        """Returns the alignments of a query.

        Args:
            query: `[batch, units]`.
            state: `[batch, time]`, the alignments of the step before.

        Returns:
            `(alignments, next state)`, the same tensor twice, `[batch, time]`.

        Raises:
            ValueError: if query and keys are known not to be equally wide.
        """
        with variable_scope(None, "luong_monotonic_attention", [query]):
            scale = luong_scale(query.dtype) if self._scale else None
            score = luong_score(query, self._keys, scale)
            score += _bias(query.dtype, self._score_bias_init)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


def _probabilities(noise: float, mode: str, seed: int | None) -> Callable[[Any, Any], Tensor]:
    return functools.partial(monotonic_probability_fn, sigmoid_noise=noise, mode=mode, seed=seed)


def _bias(dtype: Any, start: float) -> Any:
    return get_variable("attention_score_bias", dtype=dtype, initializer=start)
