"""Connectionist temporal classification: labels of sequences whose alignment is not known."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import float32, float64
from graphflow.core.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    KernelError,
    ShapeError,
)
from graphflow.core.export import export
from graphflow.core.opdef import default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.ops._ctc_kernels import Beams, best_classes, losses
from graphflow.ops._shapes import need_rank, same_size
from graphflow.ops._sparse_kernels import check_valid
from graphflow.ops.transpose import transpose

Array = np.ndarray[Any, Any]
_FLOATS = default((float32, float64), float32)

# --- CTCLoss ---
CTC_LOSS = define(
    "CTCLoss(inputs: T, labels_indices: int64, labels_values: int32, sequence_length: int32, *, "
    "preprocess_collapse_repeated: bool = False, ctc_merge_repeated: bool = True, "
    "ignore_longer_outputs_than_inputs: bool = False) -> loss: T, gradient: T",
    T=_FLOATS,
)


def _time_major(op: Operation, lengths: int) -> tuple[Any, Any, Any]:
    """The sizes of `inputs`, whose batch is also the length of the sequence lengths."""
    time, batch, classes = need_rank(op.inputs[0].dims, 3, "inputs is not a 3-Tensor")
    [number] = need_rank(op.inputs[lengths].dims, 1, "sequence_length is not a vector")
    if batch is not None and number is not None and batch != number:
        raise ShapeError(
            f"Dimensions must be equal, but are {batch} and {number}",
            run=f"len(sequence_length) != batch_size.  len(sequence_length):  {number} "
            f"batch_size: {batch}",
            error=FailedPreconditionError if lengths == 1 else InvalidArgumentError,
        )
    return time, number if batch is None else batch, classes


@CTC_LOSS.shape
def _(op: Operation) -> list[Dims]:
    time, batch, classes = _time_major(op, 3)
    indices, values = op.inputs[1].dims, op.inputs[2].dims
    [rows, _] = need_rank(indices, 2, "labels_indices is not a matrix")
    [number] = need_rank(values, 1, "labels_values is not a vector")
    same_size(
        rows,
        number,
        "labels_indices and labels_values must contain the same number of rows, but saw shapes: "
        f"{text(indices)} vs. {text(values)}",
    )
    return [(batch,), (time, batch, classes)]


@CTC_LOSS.gradient
def _(op: Operation, dy: Tensor, _: Any) -> tuple[Any, None, None, None]:
    fixed = apply(
        "PreventGradient",
        op.outputs[1],
        message="Currently there is no way to take the second  derivative of ctc_loss due to the "
        "fused implementation's interaction  with tf.gradients()",
    )
    column = apply("ExpandDims", dy, np.array(-1, np.int32))
    return apply("Mul", column, fixed), None, None, None


@CTC_LOSS.numpy
def _(
    x: Array,
    indices: Array,
    values: Array,
    times: Array,
    *,
    preprocess_collapse_repeated: bool,
    ctc_merge_repeated: bool,
    ignore_longer_outputs_than_inputs: bool,
) -> tuple[Array, Array]:
    steps, batch, classes = x.shape
    if not batch:
        raise KernelError("batch_size must not be 0")
    _check_times(times, steps, KernelError)
    given = _by_sequence(indices, values, batch)
    labels = [
        _without_blanks(b, row, classes, preprocess_collapse_repeated)
        for b, row in enumerate(given)
    ]
    needed = np.array([len(row) for row in given])
    short = needed > times
    if short.any() and not ignore_longer_outputs_than_inputs:
        b = int(np.argmax(short))
        raise KernelError(
            f"Not enough time for target transition sequence (required: {needed[b]}, available: "
            f"{times[b]}){b}You can turn this error into a warning by using the flag "
            "ignore_longer_outputs_than_inputs"
        )
    loss, gradient = np.zeros(batch, x.dtype), np.zeros(x.shape, x.dtype)
    used = np.flatnonzero(~short & (times > 0))
    if len(used):
        chosen = [labels[b] for b in used]
        found = losses(x[:, used], chosen, times[used], ctc_merge_repeated)
        loss[used], gradient[:, used] = found
    return loss, gradient


def _check_times(times: Array, steps: int, error: Any) -> None:
    for wrong, says in ((times > steps, f"<= {steps}"), (times < 0, "< 0")):
        if wrong.any():
            b = int(np.argmax(wrong))
            what = "sequence_length" if says != "< 0" else "seq_len"
            raise error(f"{what}({b}) {says}")


def _by_sequence(indices: Array, values: Array, batch: int) -> list[list[int]]:
    """The labels of each sequence."""
    if indices.shape[1] != 2:
        raise KernelError("Order length must be SparseTensor rank.")
    longest = int(indices[:, 1].max()) + 1 if len(indices) else 0
    try:
        check_valid(indices, np.array([batch, longest]))
    except KernelError as e:
        raise KernelError(f"label SparseTensor is not valid: {e}") from None
    ends = np.searchsorted(indices[:, 0], np.arange(batch), side="right")
    rows: list[list[int]] = [part.tolist() for part in np.split(values, ends[:-1])]
    for b, row in enumerate(rows):
        if not row:
            raise KernelError(f"Labels length is zero in batch {b}")
    return rows


def _without_blanks(b: int, given: list[int], classes: int, collapse: bool) -> list[int]:
    """The labels before the first blank; blanks may only stand at the end."""
    found: list[int] = []
    ended = False
    for i, label in enumerate(given):
        if collapse and i and label == given[i - 1]:
            continue
        if label >= classes - 1:
            ended = True
        elif ended:
            raise KernelError(
                "Saw a non-null label (index >= num_classes - 1) following a null label, "
                f"batch: {b} num_classes: {classes} labels: {','.join(map(str, given))} "
                f"labels seen so far: {','.join(map(str, found))}"
            )
        else:
            found.append(label)
    if any(label < 0 for label in found):
        raise KernelError(
            f"All labels must be nonnegative integers, batch: {b} "
            f"labels: {','.join(map(str, found))}"
        )
    return found


@export("nn.ctc_loss")
def ctc_loss(
    labels: Any,
    inputs: Any = None,
    sequence_length: Any = None,
    preprocess_collapse_repeated: bool = False,
    ctc_merge_repeated: bool = True,
    ignore_longer_outputs_than_inputs: bool = False,
    time_major: bool = True,
    logits: Any = None,
) -> Tensor:
    """Returns the negative log-likelihood of label sequences, over all their alignments: [batch].

    Args:
        labels: a SparseTensor [batch, longest] of int32: the labels, each below classes - 1.
        inputs: the logits, [time, batch, classes]; the last class is the blank.
        sequence_length: the number of time steps of each sequence, int32 [batch].
        preprocess_collapse_repeated: whether labels that repeat are made one first.
        ctc_merge_repeated: whether a label that repeats in time without a blank between is one.
        ignore_longer_outputs_than_inputs: whether sequences with more labels than time steps give
            loss 0 and no gradient, instead of an error.
        time_major: False for logits [batch, time, classes].
        logits: the newer name of `inputs`.

    Raises:
        TypeError: if `labels` is not sparse.
        ValueError: if both `inputs` and `logits` are given.
        InvalidArgumentError: in a run, if there are too few time steps, a sequence has no label,
            or a label follows a blank.

    Note:
        Where no alignment is possible, the loss is infinite. Of labels that are blanks only, the
        loss is that of the empty sequence (TensorFlow's kernel writes past its table there).
    """
    if not isinstance(labels, SparseTensor):
        raise TypeError("Expected labels (first argument) to be a SparseTensor")
    if logits is not None:
        if inputs is not None:
            raise ValueError("Cannot specify both 'inputs' and 'logits'")
        inputs = logits
    if not time_major:
        inputs = transpose(inputs, [1, 0, 2])
    found: Tensor = apply(
        CTC_LOSS,
        inputs,
        labels.indices,
        labels.values,
        sequence_length,
        preprocess_collapse_repeated=preprocess_collapse_repeated,
        ctc_merge_repeated=ctc_merge_repeated,
        ignore_longer_outputs_than_inputs=ignore_longer_outputs_than_inputs,
    ).loss
    return found


# --- CTCGreedyDecoder ---
CTC_GREEDY_DECODER = define(
    "CTCGreedyDecoder(inputs: T, sequence_length: int32, *, merge_repeated: bool = False)"
    " -> decoded_indices: int64, decoded_values: int64, decoded_shape: int64, log_probability: T",
    T=_FLOATS,
).no_gradient("a choice does not change smoothly")


@CTC_GREEDY_DECODER.shape
def _(op: Operation) -> list[Dims]:
    _, batch, _ = _time_major(op, 1)
    return [(None, 2), (None,), (2,), (batch, 1)]


def _failed(message: str) -> KernelError:
    return KernelError(message, FailedPreconditionError)


@CTC_GREEDY_DECODER.numpy
def _(x: Array, times: Array, *, merge_repeated: bool) -> tuple[Array, ...]:
    _check_times(np.maximum(times, 0), len(x), _failed)
    blank = x.shape[2] - 1
    best = best_classes(x).T  # [batch, time]
    inside = np.arange(len(x)) < times[:, None]
    kept = inside & (best != blank)
    if merge_repeated:
        kept[:, 1:] &= best[:, 1:] != best[:, :-1]
    largest = np.take_along_axis(x, best.T[..., None], 2)[..., 0].T
    score = -np.where(inside, largest, 0).sum(1, keepdims=True, dtype=x.dtype)
    rows = [best[b][kept[b]].tolist() for b in range(len(best))]
    return *_as_sparse(rows), score


def _as_sparse(rows: list[list[int]]) -> tuple[Array, Array, Array]:
    """Sequences of labels as the parts of a sparse tensor."""
    lengths = [len(row) for row in rows]
    batch = np.repeat(np.arange(len(rows)), lengths)
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    places = np.arange(len(batch)) - starts
    indices = np.stack([batch, places], 1).astype(np.int64)
    values = np.array([label for row in rows for label in row], np.int64)
    return indices, values, np.array([len(rows), max(lengths, default=0)], np.int64)


@export("nn.ctc_greedy_decoder")
def ctc_greedy_decoder(
    inputs: Any, sequence_length: Any, merge_repeated: bool = True
) -> tuple[list[SparseTensor], Tensor]:
    """Reads the likeliest class of each time step, without blanks.

    Args:
        inputs: logits [time, batch, classes]; the last class is the blank.
        sequence_length: the number of time steps of each sequence, int32 [batch].
        merge_repeated: whether a class that repeats without a blank between is written once.

    Returns:
        ([a SparseTensor of labels, int64 [batch, longest]], the negative sums of the largest
        logits, [batch, 1]).

    Raises:
        FailedPreconditionError: in a run, if a sequence is longer than the time.
    """
    indices, values, shape, score = apply(
        CTC_GREEDY_DECODER, inputs, sequence_length, merge_repeated=merge_repeated
    )
    return [SparseTensor(indices, values, shape)], score


# --- CTCBeamSearchDecoder ---
CTC_BEAM_SEARCH_DECODER = define(
    "CTCBeamSearchDecoder(inputs: T, sequence_length: int32, *, beam_width: int, top_paths: int, "
    "merge_repeated: bool = True) -> decoded_indices: top_paths*int64, "
    "decoded_values: top_paths*int64, decoded_shape: top_paths*int64, log_probability: T",
    beam_width=1,
    top_paths=1,
    T=_FLOATS,
).no_gradient("a choice does not change smoothly")


@CTC_BEAM_SEARCH_DECODER.shape
def _(op: Operation) -> list[Dims]:
    _, batch, _ = _time_major(op, 1)
    n = op.attrs["top_paths"]
    indices: list[Dims] = [(None, 2)] * n
    values: list[Dims] = [(None,)] * n
    shapes: list[Dims] = [(2,)] * n
    return [*indices, *values, *shapes, (batch, n)]


@CTC_BEAM_SEARCH_DECODER.numpy
def _(
    x: Array, times: Array, *, beam_width: int, top_paths: int, merge_repeated: bool
) -> list[Any]:
    _check_times(np.maximum(times, 0), len(x), _failed)
    found = []
    for b in range(x.shape[1]):
        beams = Beams(beam_width, x.shape[2])
        for t in range(max(int(times[b]), 0)):
            beams.step(x[t, b])
        if top_paths > beam_width:
            raise KernelError("requested more paths than the beam width.")
        if top_paths > len(beams.nodes):
            raise KernelError("Less leaves in the beam search than requested.")
        found.append(beams.best(top_paths, merge_repeated))
    scores = np.array([[score for _, score in row] for row in found], x.dtype)
    paths = [_as_sparse([row[i][0] for row in found]) for i in range(top_paths)]
    parts = [part for three in zip(*paths, strict=True) for part in three]
    return [*parts, scores.reshape(len(found), top_paths)]


@export("nn.ctc_beam_search_decoder")
def ctc_beam_search_decoder(
    inputs: Any,
    sequence_length: Any,
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
) -> tuple[list[SparseTensor], Tensor]:
    """Searches the likeliest label sequences, each over all its alignments.

    Args:
        inputs: logits [time, batch, classes]; the last class is the blank.
        sequence_length: the number of time steps of each sequence, int32 [batch].
        beam_width: how many sequences are kept in each step.
        top_paths: how many are returned, at most `beam_width`.
        merge_repeated: whether equal labels that follow each other in a result are written once.

    Returns:
        (a list of SparseTensors of labels, int64 [batch, longest], the likeliest first; the
        logarithms of their likelihoods, [batch, top_paths]).

    Raises:
        FailedPreconditionError: in a run, if a sequence is longer than the time.
        InvalidArgumentError: in a run, if fewer sequences were found than asked for.
    """
    indices, values, shapes, score = apply(
        CTC_BEAM_SEARCH_DECODER,
        inputs,
        sequence_length,
        beam_width=beam_width,
        top_paths=top_paths,
        merge_repeated=merge_repeated,
    )
    decoded = [SparseTensor(*three) for three in zip(indices, values, shapes, strict=True)]
    return decoded, score


@export("nn.ctc_beam_search_decoder_v2")
def ctc_beam_search_decoder_v2(
    inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1
) -> tuple[list[SparseTensor], Tensor]:
    """As `tf.nn.ctc_beam_search_decoder`, with equal labels that follow each other left as found.

    Args:
        inputs: logits [time, batch, classes]; the last class is the blank.
        sequence_length: the number of time steps of each sequence, int32 [batch].
        beam_width: how many sequences are kept in each step.
        top_paths: how many are returned.
    """
    return ctc_beam_search_decoder(inputs, sequence_length, beam_width, top_paths, False)
