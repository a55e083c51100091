"""The CTC loss of dense labels, and what prepares labels for it.

The likelihood of all alignments is a hidden Markov chain. Its states are, for `n` labels: a start,
the `n` labels, and `n + 1` blanks, one behind the start and behind each label. One loop goes
forward through time, one backward; the gradient follows from both and is handed to the graph as
the function's own.
"""

from __future__ import annotations

from typing import Any

from graphflow.autodiff.custom_gradient import custom_gradient
from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import bool_, float32, float64, int32, int64
from graphflow.core.export import export
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.comparison import equal, logical_and, not_equal
from graphflow.ops.concat import concat
from graphflow.ops.ctc import ctc_loss
from graphflow.ops.diag import eye
from graphflow.ops.fill import fill, ones, ones_like, zeros, zeros_like
from graphflow.ops.functional import map_fn, scan
from graphflow.ops.functions import exp, log
from graphflow.ops.gather_nd import scatter_nd
from graphflow.ops.mask import boolean_mask, sequence_mask
from graphflow.ops.one_hot import one_hot
from graphflow.ops.pad import pad
from graphflow.ops.reduce import reduce_logsumexp, reduce_max, reduce_sum
from graphflow.ops.reshape import expand_dims, reshape, squeeze
from graphflow.ops.select import where
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import shape as shape_tensor
from graphflow.ops.softmax import log_softmax
from graphflow.ops.stack import stack
from graphflow.ops.tile import tile
from graphflow.ops.transpose import transpose
from graphflow.ops.unique import unique


def _size(tensor: Any, axis: int) -> Any:
    """One size of a tensor: a number where it is known and not 0."""
    return tensor.shape[axis].value or shape_tensor(tensor)[axis]


# --- the chain ---
def _transitions(labels: Tensor) -> Tensor:
    """Which state may follow which, 1 or 0: [batch, after, before]."""
    with scopes.name_scope("ctc_state_trans"):
        labels = convert(labels, name="label_seq")
        batch, number = _size(labels, 0), _size(labels, 1)
        label_states = range_(number + 1)
        blank_states = label_states + (number + 1)
        states = 2 * (number + 1)
        steps = concat(
            [
                [[1, 0]],  # from the start to the first label
                stack([label_states[1:], blank_states[:-1]], 1),
                stack([blank_states, label_states], 1),
            ],
            0,
        )
        always = scatter_nd(steps, ones([_size(steps, 0)]), shape=[states, states])
        always += eye(states)
        # From a label to the next one only where they differ.
        first = zeros_like(label_states[2:])
        places = stack([first, label_states[2:], label_states[1:-1]], 1)
        places = tile(expand_dims(places, 0), [batch, 1, 1])
        places += expand_dims(expand_dims(range_(batch), 1) * [1, 0, 0], 1)
        repeats = equal(labels[:, :-1], labels[:, 1:])
        between = scatter_nd(places, 1.0 - cast(repeats, float32), [batch, states, states])
        found: Tensor = expand_dims(always, 0) + between
        return found


def _ends(lengths: Tensor, longest: Any) -> tuple[Tensor, Tensor]:
    """The logarithms of the likelihood to begin and to end in each state: [batch, states]."""
    batch, label_states = _size(lengths, 0), longest + 1
    states = 2 * label_states
    log_0 = cast(log(cast(0, float64) + 1e-307), float32)
    first = one_hot(
        zeros([batch], dtype=int32), depth=states, on_value=0.0, off_value=log_0, axis=1
    )
    last = one_hot(lengths, depth=label_states, axis=0)
    last = ones([2, 1, batch]) * last
    final = reshape((1.0 - last) * log_0, [states, batch])
    return first, transpose(final)


def _emissions(labels: Tensor, classes: Any, logs: Tensor) -> Tensor:
    """The logarithms of the likelihood of each state's class: [time, batch, states]."""
    number = _size(labels, 1)
    blank = tile(logs[:, :, :1], [1, 1, number + 1])
    chosen = expand_dims(one_hot(labels, depth=classes), axis=0)
    of_labels = reduce_sum(expand_dims(logs, axis=2) * chosen, axis=3)
    states = concat([of_labels, blank], axis=2)
    return pad(states, [[0, 0], [0, 0], [1, 0]], constant_values=log(0.0))


def _by_class(labels: Tensor, classes: Any, states: Tensor) -> Tensor:
    """Logarithms of likelihoods of states as those of classes: [time, batch, classes]."""
    number = _size(labels, 1) + 1
    of_labels, of_blanks = states[:, :, 1:number], states[:, :, number:]
    chosen = one_hot(labels - 1, depth=classes - 1, on_value=0.0, off_value=log(0.0))
    each = expand_dims(of_labels, axis=3) + expand_dims(chosen, axis=0)
    blank = reduce_logsumexp(of_blanks, axis=2, keepdims=True)
    return concat([blank, reduce_logsumexp(each, axis=2)], axis=-1)


def _by_different_class(labels: Tensor, classes: Any, states: Tensor, different: Any) -> Tensor:
    """As `_by_class`, from the labels that `ctc_unique_labels` found: without a table of all."""
    number = _size(labels, 1) + 1
    of_labels, of_blanks = states[:, :, 1:number], states[:, :, number:]
    values, places = different
    summed = _summed(places, of_labels)
    frames, batch, width = states.shape[0], states.shape[1], number - 1
    rows = reshape(transpose(summed, perm=[1, 2, 0]), [batch * width, frames])
    offsets = range_(batch, dtype=values.dtype) * classes
    at = reshape(values + expand_dims(offsets, axis=-1), [-1, 1])
    spread = scatter_nd(indices=at, updates=rows, shape=[batch * classes, frames])
    spread = reshape(spread, [batch, classes, frames])
    nowhere = fill(shape_tensor(spread), log(0.0))
    spread = where(equal(spread, 0.0), nowhere, spread)
    of_classes = transpose(spread, [2, 0, 1])[:, :, 1:]
    blank = reduce_logsumexp(of_blanks, axis=2, keepdims=True)
    return concat([blank, of_classes], axis=-1)


def _summed(places: Tensor, states: Tensor) -> Tensor:
    with scopes.name_scope("sum_states"):
        places = convert(places, name="idx")
        number = _size(states, 2)
        chosen = one_hot(places, depth=number, on_value=0.0, off_value=log(0.0), axis=1)
        each = expand_dims(states, axis=2) + chosen
        return reduce_logsumexp(each, axis=-1)  # type: ignore[no-any-return]  # `renamed` hides it


# --- forward and backward through time ---
def _through(state: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
    """One step of the chain, with likelihoods that add up to 1; and what they added up to."""
    state = reduce_logsumexp(expand_dims(state, axis=1) + steps, axis=-1)
    total = reduce_logsumexp(state, axis=-1, keepdims=True)
    return state, total


def _both_ways(
    steps: Tensor, first: Tensor, final: Tensor, observed: Tensor, times: Tensor
) -> tuple[Tensor, Tensor]:
    """The logarithms of the likelihoods of states [time, batch, states], and of all: [batch]."""
    back_steps = transpose(steps, [0, 2, 1])

    def forward(state: Any, now: Any) -> Any:
        state = reduce_logsumexp(expand_dims(state, axis=1) + steps, axis=-1) + now
        return state - reduce_logsumexp(state, axis=-1, keepdims=True)

    def backward(before: Any, now: Any) -> Any:
        (state, so_far), (emitted, inside) = before, now
        state, total = _through(state + emitted, back_steps)
        so_far = so_far + squeeze(total, [1]) * inside
        kept = expand_dims(inside, axis=1)
        return (state - total) * kept + final * (1.0 - kept), so_far

    ahead = scan(forward, observed, first, back_prop=False)
    longest = _size(observed, 0)
    mask = transpose(sequence_mask(times, longest, float32), perm=[1, 0])
    nothing = zeros([_size(observed, 1)])
    behind, so_far = scan(
        backward, (observed, mask), (final, nothing), reverse=True, back_prop=False
    )
    following = concat([behind[1:], expand_dims(final, 0)], 0)
    states = ahead + following
    states = states - reduce_logsumexp(states, axis=2, keepdims=True)
    states = states + log(expand_dims(mask, axis=2))
    return states, behind[0, :, 0] + so_far[0]


def _loss_and_gradient(
    logits: Tensor, labels: Tensor, lengths: Tensor, times: Tensor, different: Any
) -> tuple[Tensor, Tensor]:
    classes = _size(logits, 2)
    logs = log_softmax(logits)
    observed = _emissions(labels, classes, logs)
    steps = log(_transitions(labels))
    first, final = _ends(lengths, _size(labels, 1))
    states, likelihood = _both_ways(steps, first, final, observed, times)
    if different:
        of_classes = _by_different_class(labels, classes, states, different)
    else:
        of_classes = _by_class(labels, classes, states)
    return -likelihood, exp(logs) - exp(of_classes)


# --- public functions ---
@export("nn.ctc_loss_v2")
def ctc_loss_v2(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: bool = True,
    unique: Any = None,
    blank_index: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns the negative log-likelihood of label sequences, over all their alignments: [batch].

    Args:
        labels: integers [batch, longest], padded with anything; or a SparseTensor of int32.
        logits: [time, batch, classes].
        label_length: the number of labels of each sequence, [batch]; None for sparse labels.
        logit_length: the number of time steps of each sequence, [batch].
        logits_time_major: False for logits [batch, time, classes].
        unique: what `ctc_unique_labels` returned for the labels: saves memory.
        blank_index: the class that is the blank; negative ones count from the end; None: 0.
        name: the name of the scope.

    Raises:
        ValueError: if labels are sparse and `blank_index` is None.

    Note:
        An alignment that is not possible has a large loss here, not an infinite one.
    """
    if not isinstance(labels, SparseTensor):
        blank = 0 if blank_index is None else blank_index
        return _ctc_loss_dense(
            labels, logits, label_length, logit_length, logits_time_major, unique, blank, name
        )
    if blank_index is None:
        raise ValueError("blank_index must be given when using SparseTensor labels.")
    last = _size(logits, 2) - 1
    if isinstance(blank_index, int) and blank_index < 0:
        blank_index += _size(logits, 2)
    if blank_index != last:
        at: Any = blank_index
        logits = concat([logits[:, :, :at], logits[:, :, at + 1 :], logits[:, :, at : at + 1]], 2)
        moved = where(labels.values < at, labels.values, labels.values - 1)
        labels = SparseTensor(labels.indices, moved, labels.dense_shape)
    return ctc_loss(labels, logits, logit_length, time_major=logits_time_major)


def _ctc_loss_dense(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    time_major: bool,
    different: Any,
    blank: Any,
    name: str | None,
) -> Tensor:
    given = [logits, labels, label_length, logit_length]
    with scopes.name_scope(name, "ctc_loss_dense", given):
        logits = convert(logits, name="logits")
        labels = convert(labels, name="labels")
        label_length = convert(label_length, name="label_length")
        logit_length = convert(logit_length, name="logit_length")
        if not time_major:
            logits = transpose(logits, perm=[1, 0, 2])
        if blank != 0:
            if blank < 0:
                blank += _size(logits, 2)
            parts = [
                logits[:, :, blank : blank + 1],
                logits[:, :, :blank],
                logits[:, :, blank + 1 :],
            ]
            logits = concat(parts, axis=2)
            labels = where(labels < blank, labels + 1, labels)
        args = [logits, labels, label_length, logit_length, *(different or ())]

        @custom_gradient
        def compute(*inside: Any) -> Any:
            given = [convert(x) for x in inside]
            loss, slope = _loss_and_gradient(given[0], given[1], given[2], given[3], given[4:])

            def gradient(dy: Any) -> list[Any]:
                return [reshape(dy, [1, -1, 1]) * slope, *[None] * (len(args) - 1)]

            return loss, gradient

        found: Tensor = compute(*args)
        return found


@export("nn.ctc_unique_labels")
def ctc_unique_labels(labels: Any, name: str | None = None) -> Any:
    """Returns the different labels of each sequence, for the `unique` of `ctc_loss_v2`.

    Args:
        labels: integers [batch, longest].
        name: the name of the scope.

    Returns:
        [the different labels of each row, int64, padded with 0; for each label which of them it
        is, int32], both of the shape of `labels`.
    """
    with scopes.name_scope(name, "ctc_unique_labels", [labels]):
        labels = convert(labels, name="labels")

        def of_row(row: Any) -> list[Any]:
            found = unique(row)
            missing = _size(found.idx, 0) - _size(found.y, 0)
            return [cast(pad(found.y, [[0, missing]]), int64), found.idx]

        return map_fn(of_row, labels, dtype=[int64, int32])


@export("nn.collapse_repeated")
def collapse_repeated(
    labels: Any, seq_length: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Makes labels that repeat one.

    Args:
        labels: [batch, longest].
        seq_length: the number of labels of each sequence, [batch].
        name: the name of the scope.

    Returns:
        (the labels, as wide as the longest of them, padded with 0; their numbers).
    """
    with scopes.name_scope(name, "collapse_repeated_labels", [labels, seq_length]):
        labels = convert(labels, name="labels")
        seq_length = convert(seq_length, name="seq_length")
        first = ones_like(labels[:, :1], bool_)
        kept = concat([first, not_equal(labels[:, 1:], labels[:, :-1])], axis=1)
        kept = logical_and(kept, sequence_mask(seq_length, maxlen=_size(labels, 1)))
        lengths = reduce_sum(cast(kept, int32), axis=1)
        longest = reduce_max(lengths)
        inside = sequence_mask(lengths, maxlen=longest)
        flat, flat_kept = reshape(labels, [-1]), reshape(kept, [-1])
        flat_inside = reshape(inside, [-1])
        places = range_(_size(flat_inside, 0))
        moved = scatter_nd(
            indices=expand_dims(boolean_mask(places, flat_inside), axis=1),
            updates=boolean_mask(flat, flat_kept),
            shape=shape_tensor(flat_inside),
        )
        collapsed = reshape(moved, [_size(labels, 0), longest])
        return collapsed, cast(lengths, seq_length.dtype)
