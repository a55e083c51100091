"""One step of a beam search: scores, penalties, and the best continuations of each sequence."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphflow.core import nest, scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert
from graphflow.core.dtypes import float32, int32, int64
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.nets.seq2seq_attention import AttentionWrapperState
from graphflow.ops.arithmetic import minimum
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal, logical_not, logical_or
from graphflow.ops.concat import concat
from graphflow.ops.division import div, floormod
from graphflow.ops.fill import fill, ones_like
from graphflow.ops.functions import log
from graphflow.ops.gather import gather
from graphflow.ops.one_hot import one_hot
from graphflow.ops.reduce import reduce_mean, reduce_sum
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.select import where
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.softmax import log_softmax
from graphflow.ops.sort import top_k
from graphflow.ops.tensor_array import TensorArray
from graphflow.ops.tile import tile


@export("contrib.seq2seq.BeamSearchDecoderState")
class BeamSearchDecoderState(NamedTuple):
    """The state of a BeamSearchDecoder.

    Args:
        cell_state: the state of the cell, `[batch, beam, ...]`.
        log_probs: `[batch, beam]`, the logarithm of each beam's probability.
        finished: `[batch, beam]`, whether each beam has its end token.
        lengths: `[batch, beam]`, int64, how many tokens each has.
        accumulated_attention_probs: `[batch, beam, time]`, where each has looked so far; (), if
            nobody asks.
    """

    cell_state: Any
    log_probs: Any
    finished: Any
    lengths: Any
    accumulated_attention_probs: Any


@export("contrib.seq2seq.BeamSearchDecoderOutput")
class BeamSearchDecoderOutput(NamedTuple):
    """What a step of a BeamSearchDecoder puts out.

    Args:
        scores: `[batch, beam]`, the score of each beam, penalties included.
        predicted_ids: `[batch, beam]`, the token that each takes.
        parent_ids: `[batch, beam]`, the beam of the step before that each continues.
    """

    scores: Any
    predicted_ids: Any
    parent_ids: Any


class Search(NamedTuple):
    """What stays the same over all steps of a beam search.

    Args:
        batch_size: an int or a scalar tensor.
        beam_width: how many beams each sequence has.
        end_token: int32 scalar, the token that ends a sequence.
        length_penalty_weight: the power of the length penalty; 0: none.
        coverage_penalty_weight: the weight of the coverage penalty; 0: none.
    """

    batch_size: Any
    beam_width: int
    end_token: Any
    length_penalty_weight: Any
    coverage_penalty_weight: Any


def known_value(x: Any) -> int | None:
    """The value of an integer, or of a scalar tensor; None where it is not known."""
    value = constant_value(x) if isinstance(x, Tensor) else x
    return None if value is None else int(value)


def check_ndims(t: Tensor) -> None:
    """Checks that the rank of a tensor is known.

    Raises:
        ValueError: if not.
    """
    if t.shape.ndims is None:
        raise ValueError(f"Expected tensor ({t}) to have known rank, but ndims == None.")


def beam_search_step(
    time: Any,
    logits: Any,
    next_cell_state: Any,
    beam_state: BeamSearchDecoderState,
    batch_size: Any,
    beam_width: int,
    end_token: Any,
    length_penalty_weight: Any,
    coverage_penalty_weight: Any,
) -> tuple[BeamSearchDecoderOutput, BeamSearchDecoderState]:
    """Returns the best continuations of all beams.

    Args:
        time: int32 scalar, the number of the step.
        logits: `[batch, beam, classes]`.
        next_cell_state: the cell's state after the step.
        beam_state: the state before.
        batch_size: as in `Search`.
        beam_width: as in `Search`.
        end_token: as in `Search`.
        length_penalty_weight: as in `Search`.
        coverage_penalty_weight: as in `Search`.

    Raises:
        ValueError: if there is a coverage penalty, but no attention.
    """
    search = Search(
        batch_size, beam_width, end_token, length_penalty_weight, coverage_penalty_weight
    )
    return _Step(search, beam_state, logits).run(time, next_cell_state)


class _Step:
    def __init__(self, search: Search, state: BeamSearchDecoderState, logits: Any) -> None:
        self.search = search
        self.state = state
        self.known_batch = known_value(search.batch_size)
        self.logits = logits
        self.classes: Any = None

    def run(
        self, time: Any, cell_state: Any
    ) -> tuple[BeamSearchDecoderOutput, BeamSearchDecoderState]:
        total, lengths, attention = self._continuations(cell_state)
        scores = get_scores(
            log_probs=total,
            sequence_lengths=lengths,
            length_penalty_weight=self.search.length_penalty_weight,
            coverage_penalty_weight=self.search.coverage_penalty_weight,
            finished=self.state.finished,
            accumulated_attention_probs=attention,
        )
        convert(time, name="time")
        best_scores, places = self._best(scores)
        log_probs = self._gathered(
            places, total, self.search.beam_width * self.classes, [-1], "next_beam_probs"
        )
        words = cast(floormod(places, self.classes, name="next_beam_word_ids"), int32)
        parents = cast(places / self.classes, int32, name="next_beam_parent_ids")
        state = self._next(words, parents, log_probs, cell_state, attention)
        return BeamSearchDecoderOutput(best_scores, words, parents), state

    def _continuations(self, cell_state: Any) -> tuple[Any, Any, Any]:
        """Log probability and length of each beam and class, and where all beams have looked."""
        search, state = self.search, self.state
        going = logical_not(state.finished)
        step = mask_probs(log_softmax(self.logits), search.end_token, state.finished)
        total = expand_dims(state.log_probs, 2) + step
        self.classes = self.logits.shape.as_list()[-1] or shape_of(self.logits)[-1]
        added: Any = one_hot(
            indices=fill([search.batch_size, search.beam_width], search.end_token),
            depth=self.classes,
            on_value=cast(0, int64, name="ToInt64"),
            off_value=cast(1, int64, name="ToInt64"),
            dtype=int64,
        )
        added = added * expand_dims(cast(going, int64), 2)
        lengths = added + expand_dims(state.lengths, 2)
        attention = get_attention_probs(cell_state, search.coverage_penalty_weight)
        if attention is not None:
            attention = attention * expand_dims(cast(going, float32), 2)
            attention = state.accumulated_attention_probs + attention
        return total, lengths, attention

    def _best(self, scores: Any) -> tuple[Any, Any]:
        search = self.search
        flat = reshape(scores, [search.batch_size, -1])
        number = convert(search.beam_width, int32, "beam_width")
        found, places = top_k(flat, k=number)
        for x in (found, places):
            x.set_shape([self.known_batch, search.beam_width])
        return found, places

    def _gathered(
        self, indices: Any, source: Any, size: Any, shape: Any, name: str | None = None
    ) -> Any:
        return tensor_gather_helper(indices, source, self.search.batch_size, size, shape, name)

    def _next(
        self, words: Any, parents: Any, log_probs: Any, cell_state: Any, attention: Any
    ) -> BeamSearchDecoderState:
        search, state, width = self.search, self.state, self.search.beam_width
        before = self._gathered(parents, state.finished, width, [-1])
        finished = logical_or(before, equal(words, search.end_token), name="next_beam_finished")
        added = cast(logical_not(before), int64)
        lengths = self._gathered(parents, state.lengths, width, [-1]) + added
        rows = [search.batch_size * width, -1] if attention is not None else None
        looked: Any = ()
        if attention is not None:
            name = "next_accumulated_attention_probs"
            looked = self._gathered(parents, attention, width, rows, name)
        cell_state = nest.map_structure(lambda x: self._gathered_if_rows(parents, x), cell_state)
        return BeamSearchDecoderState(
            cell_state=cell_state,
            log_probs=log_probs,
            lengths=lengths,
            finished=finished,
            accumulated_attention_probs=looked,
        )

    def _gathered_if_rows(self, parents: Any, x: Any) -> Any:
        """The rows of the parents; TensorArrays and what has no rows stay as they are."""
        search = self.search
        shape = [search.batch_size * search.beam_width, -1]
        if isinstance(x, TensorArray):
            return x
        check_ndims(x)
        if x.shape.ndims < len(shape):
            return x
        return self._gathered(parents, x, search.beam_width, shape)


def tensor_gather_helper(
    gather_indices: Any,
    gather_from: Any,
    batch_size: Any,
    range_size: Any,
    gather_shape: Any,
    name: str | None = None,
) -> Any:
    """Returns elements of each row of a batch, by their places in the row.

    Args:
        gather_indices: `[batch, n]`, the places.
        gather_from: what they are taken from.
        batch_size: an int or a scalar tensor.
        range_size: how many places each row has.
        gather_shape: the shape that `gather_from` is given: the places of all rows come first.
        name: a scope for the operations.
    """
    with scopes.name_scope(name, "tensor_gather_helper"):
        starts = expand_dims(range_(batch_size) * range_size, 1)
        places = reshape(gather_indices + starts, [-1])
        found = gather(reshape(gather_from, gather_shape), places)
        n = 1 + len(gather_shape)
        shape = shape_of(gather_from)[:n]
        known = TensorShape([known_value(batch_size)]).concatenate(gather_from.shape[1:n])
        found = reshape(found, shape, name="output")
        found.set_shape(known)
        return found


# --- scores ---
def mask_probs(probs: Any, eos_token: Any, finished: Any) -> Any:
    """Returns log probabilities; beams that are over put all of theirs on the end token.

    Args:
        probs: `[batch, beam, classes]`.
        eos_token: the end token.
        finished: `[batch, beam]`, whether each beam is over.
    """
    classes = shape_of(probs)[2]
    row = one_hot(
        eos_token, classes, dtype=probs.dtype, on_value=convert(0.0, dtype=probs.dtype),
        off_value=probs.dtype.min,
    )  # fmt: skip
    over = tile(reshape(row, [1, 1, -1]), concat([shape_of(finished), [1]], 0))
    return where(tile(expand_dims(finished, 2), [1, 1, classes]), over, probs)


def get_scores(
    log_probs: Any,
    sequence_lengths: Any,
    length_penalty_weight: Any,
    coverage_penalty_weight: Any,
    finished: Any,
    accumulated_attention_probs: Any,
) -> Any:
    """Returns log probabilities with the penalties of length and coverage.

    Args:
        log_probs: `[batch, beam, classes]`.
        sequence_lengths: the length of each, likewise.
        length_penalty_weight: as in `Search`.
        coverage_penalty_weight: as in `Search`.
        finished: `[batch, beam]`; the coverage of the others does not count yet.
        accumulated_attention_probs: `[batch, beam, time]`, where each has looked; None: unknown.

    Raises:
        ValueError: if the coverage penalty is no scalar, or is wanted, but nothing is known.
    """
    penalty = cast(length_penalty(sequence_lengths, length_penalty_weight), log_probs.dtype)
    scores = log_probs / penalty
    weight: Any = convert(coverage_penalty_weight, name="coverage_penalty_weight")
    if weight.shape.ndims != 0:
        raise ValueError(
            f"coverage_penalty_weight should be a scalar, but saw shape: {weight.shape}"
        )
    if constant_value(weight) == 0.0:
        return scores
    if accumulated_attention_probs is None:
        raise ValueError(
            "accumulated_attention_probs can be None only if coverage penalty is disabled."
        )
    looked = accumulated_attention_probs
    # Places nobody has looked at yet do not count: their logarithm would be minus infinity.
    looked = where(equal(looked, 0.0), ones_like(looked), looked)
    coverage: Any = reduce_sum(log(minimum(looked, 1.0)), 2)
    coverage = coverage * cast(finished, float32)
    return scores + expand_dims(coverage * weight, 2)


def length_penalty(sequence_lengths: Any, penalty_factor: Any) -> Any:
    """Returns `((5 + length) / 6) ** factor`; 1.0 where the factor is known to be zero.

    Args:
        sequence_lengths: integers.
        penalty_factor: a scalar.

    Source:
        Wu et al. 2016.
    """
    factor: Any = convert(penalty_factor, name="penalty_factor")
    factor.set_shape(())
    known = constant_value(factor)
    if known is not None and known == 0:
        return 1.0
    return div((5.0 + cast(sequence_lengths, float32)) ** factor, (5.0 + 1.0) ** factor)


def get_attention_probs(next_cell_state: Any, coverage_penalty_weight: Any) -> Any:
    """Returns where a cell looks, the mean of all its attentions; None without a penalty.

    Args:
        next_cell_state: the state of the cell.
        coverage_penalty_weight: as in `Search`.

    Raises:
        ValueError: if there is a penalty, but no attention.
    """
    if coverage_penalty_weight == 0.0:
        return None
    states: Any = ()
    if isinstance(next_cell_state, AttentionWrapperState):
        states = [next_cell_state]
    elif isinstance(next_cell_state, tuple):
        states = [s for s in next_cell_state if isinstance(s, AttentionWrapperState)]
    if not states:
        raise ValueError("coverage_penalty_weight must be 0.0 if no cell is attentional.")
    probs = [attention_probs_from_attn_state(s) for s in states]
    return probs[0] if len(probs) == 1 else _mean(probs)


def attention_probs_from_attn_state(attention_state: AttentionWrapperState) -> Any:
    """Returns the alignments of a state, their mean where there are several."""
    probs = attention_state.alignments
    return _mean(probs) if isinstance(probs, tuple) else probs


def _mean(probs: Any) -> Any:
    return reduce_mean(concat([expand_dims(p, -1) for p in probs], -1), -1)
