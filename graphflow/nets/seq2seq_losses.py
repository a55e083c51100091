"""Losses of sequences of logits: `tf.contrib.legacy_seq2seq` (lists) and `tf.contrib.seq2seq`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.arithmetic import add_n
from graphflow.ops.cast import cast
from graphflow.ops.cross_entropy import sparse_softmax_cross_entropy_with_logits
from graphflow.ops.division import div_no_nan
from graphflow.ops.reduce import count_nonzero, reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.variable_scope import get_variable_scope, variable_scope

LossFunction = Callable[..., Any]


@export("contrib.legacy_seq2seq.sequence_loss_by_example")
def sequence_loss_by_example(
    logits: Sequence[Any],
    targets: Sequence[Any],
    weights: Sequence[Any],
    average_across_timesteps: bool = True,
    softmax_loss_function: LossFunction | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns the weighted cross entropy of each sequence.

    Args:
        logits: a list of `[batch, classes]`, one for each step.
        targets: a list of `[batch]` class numbers.
        weights: a list of `[batch]` weights.
        average_across_timesteps: whether the sum over steps is divided by that of the weights.
        softmax_loss_function: a function of `labels` and `logits` to use instead of the sparse
            softmax cross entropy.
        name: a scope for the operations.

    Returns:
        `[batch]`.

    Raises:
        ValueError: if the lists differ in length.
    """
    if len(targets) != len(logits) or len(weights) != len(logits):
        raise ValueError(
            "Lengths of logits, weights, and targets must be the same "
            f"{len(logits)}, {len(weights)}, {len(targets)}."
        )
    every = [*logits, *targets, *weights]
    with scopes.name_scope(name, "sequence_loss_by_example", every):
        steps = []
        for logit, target, weight in zip(logits, targets, weights, strict=True):
            if softmax_loss_function is None:
                labels = reshape(target, [-1])
                loss: Any = sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logit)
            else:
                loss = softmax_loss_function(labels=target, logits=logit)
            steps.append(loss * weight)
        total = add_n(steps)
        if average_across_timesteps:
            # The small number keeps sequences without any weight from 0/0.
            total = total / (add_n(weights) + 1e-12)
    return total


@export("contrib.legacy_seq2seq.sequence_loss")
def list_sequence_loss(
    logits: Sequence[Any],
    targets: Sequence[Any],
    weights: Sequence[Any],
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    softmax_loss_function: LossFunction | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns the weighted cross entropy of a batch of sequences, a scalar.

    Args:
        logits: as in `sequence_loss_by_example`.
        targets: as in `sequence_loss_by_example`.
        weights: as in `sequence_loss_by_example`.
        average_across_timesteps: as in `sequence_loss_by_example`.
        average_across_batch: whether the sum is divided by the batch size.
        softmax_loss_function: as in `sequence_loss_by_example`.
        name: a scope for the operations.

    Raises:
        ValueError: if the lists differ in length.
    """
    with scopes.name_scope(name, "sequence_loss", [*logits, *targets, *weights]):
        cost: Any = reduce_sum(
            sequence_loss_by_example(
                logits, targets, weights, average_across_timesteps, softmax_loss_function
            )
        )
        if average_across_batch:
            cost = cost / cast(shape_of(targets[0])[0], cost.dtype)
    found: Tensor = cost
    return found


@export("contrib.legacy_seq2seq.model_with_buckets")
def model_with_buckets(
    encoder_inputs: list[Any],
    decoder_inputs: list[Any],
    targets: list[Any],
    weights: list[Any],
    buckets: Sequence[tuple[int, int]],
    seq2seq: Callable[..., Any],
    softmax_loss_function: LossFunction | None = None,
    per_example_loss: bool = False,
    name: str | None = None,
) -> tuple[list[Any], list[Any]]:
    """Makes a model once for each of some lengths; all share their variables.

    Args:
        encoder_inputs: a list, one for each step.
        decoder_inputs: a list, likewise.
        targets: a list of `[batch]` class numbers.
        weights: a list of `[batch]` weights.
        buckets: (encoder steps, decoder steps) of each length, the largest last.
        seq2seq: a function of encoder and decoder inputs that returns (outputs, state).
        softmax_loss_function: as in `sequence_loss_by_example`.
        per_example_loss: whether losses are `[batch]`; else they are scalars.
        name: a scope for the operations.

    Returns:
        `(outputs, losses)`, one for each bucket.

    Raises:
        ValueError: if a list is shorter than the last bucket.
    """
    longest, last = buckets[-1]
    for what, given, wanted in (
        ("encoder_inputs", encoder_inputs, longest), ("targets", targets, last),
        ("weights", weights, last),
    ):  # fmt: skip
        if len(given) < wanted:
            raise ValueError(
                f"Length of {what} ({len(given)}) must be at least that of last bucket ({wanted})."
            )
    every = [*encoder_inputs, *decoder_inputs, *targets, *weights]
    loss = sequence_loss_by_example if per_example_loss else list_sequence_loss
    outputs: list[Any] = []
    losses: list[Any] = []
    with scopes.name_scope(name, "model_with_buckets", every):
        for read, written in buckets:
            with variable_scope(get_variable_scope(), reuse=True if outputs else None):
                found, _ = seq2seq(encoder_inputs[:read], decoder_inputs[:written])
                outputs.append(found)
                ends = targets[:written], weights[:written]
                losses.append(loss(found, *ends, softmax_loss_function=softmax_loss_function))
    return outputs, losses


@export("contrib.seq2seq.sequence_loss")
def sequence_loss(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    sum_over_timesteps: bool = False,
    sum_over_batch: bool = False,
    softmax_loss_function: LossFunction | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns the weighted cross entropy of a batch of sequences.

    Args:
        logits: `[batch, time, classes]`.
        targets: `[batch, time]`, class numbers.
        weights: `[batch, time]`.
        average_across_timesteps: whether it is summed over the time, and divided by the weights.
        average_across_batch: whether it is summed over the batch, and divided by the weights.
        sum_over_timesteps: whether it is summed over the time, and divided by the number of
            weights that are not zero.
        sum_over_batch: whether it is summed over the batch, likewise.
        softmax_loss_function: a function of `labels` and `logits` to use instead of the sparse
            softmax cross entropy.
        name: a scope for the operations.

    Returns:
        A scalar, `[time]`, `[batch]`, or `[batch, time]`: what is left of the axes.

    Raises:
        ValueError: if a rank is wrong, or one axis is both averaged and summed.
    """
    for what, x, sizes in (
        ("Logits", logits, "[batch_size x sequence_length x logits]"),
        ("Targets", targets, "[batch_size x sequence_length]"),
        ("Weights", weights, "[batch_size x sequence_length]"),
    ):
        if len(x.shape) != (3 if what == "Logits" else 2):
            raise ValueError(f"{what} must be a {sizes} tensor")
    for axis, averaged, summed in (
        ("timesteps", average_across_timesteps, sum_over_timesteps),
        ("batch", average_across_batch, sum_over_batch),
    ):
        if averaged and summed:
            raise ValueError(
                f"average_across_{axis} and sum_over_{axis} cannot be set to True at same time."
            )
    with scopes.name_scope(name, "sequence_loss", [logits, targets, weights]):
        classes = shape_of(logits)[2]
        flat = reshape(logits, [-1, classes])
        labels = reshape(targets, [-1])
        function: LossFunction = softmax_loss_function or sparse_softmax_cross_entropy_with_logits
        losses = function(labels=labels, logits=flat) * reshape(weights, [-1])
        if average_across_timesteps and average_across_batch:
            return _per_weight(losses, weights, None)
        if sum_over_timesteps and sum_over_batch:
            return _per_count(losses, weights, None)
        losses = reshape(losses, shape_of(logits)[0:2])
        if average_across_timesteps or average_across_batch:
            return _per_weight(losses, weights, [0] if average_across_batch else [1])
        if sum_over_timesteps or sum_over_batch:
            return _per_count(losses, weights, [0] if sum_over_batch else [1])
        return losses


def _per_weight(losses: Any, weights: Any, axis: Any) -> Tensor:
    total = reduce_sum(losses, axis=axis)
    return div_no_nan(total, reduce_sum(weights, axis=axis))


def _per_count(losses: Any, weights: Any, axis: Any) -> Tensor:
    total = reduce_sum(losses, axis=axis)
    return div_no_nan(total, cast(count_nonzero(weights, axis=axis), total.dtype))
