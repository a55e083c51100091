"""Losses over very many classes, of which only the true ones and a sample are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32, int64
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.arithmetic import multiply
from graphflow.ops.candidate_sampling import (
    compute_accidental_hits,
    log_uniform_candidate_sampler,
)
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
)
from graphflow.ops.embedding import embedding_lookup
from graphflow.ops.fill import ones, ones_like, zeros_like
from graphflow.ops.functions import log
from graphflow.ops.identity import stop_gradient
from graphflow.ops.matmul import matmul
from graphflow.ops.partitioned_variables import PartitionedVariable
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.shape_ops import shape
from graphflow.ops.slice import slice_
from graphflow.ops.stack import stack


def _sum_rows(x: Tensor) -> Tensor:
    """The sums of the rows of a matrix, as a product with ones: its gradient is cheaper."""
    column = ones(stack([shape(x)[1], 1]), x.dtype)
    return reshape(matmul(x, column), [-1])


def _looked_up(table: Any, ids: Tensor, strategy: str, like: Tensor) -> Tensor:
    rows = embedding_lookup(table, ids, partition_strategy=strategy)
    return rows if rows.dtype == like.dtype else cast(rows, like.dtype)


def _true_logits(true_w: Tensor, true_b: Tensor, inputs: Tensor, num_true: int) -> Tensor:
    """The logits of the true classes, [batch, num_true]."""
    width = shape(true_w)[1:2]
    whole = concat([[-1, num_true], width], 0)
    products = multiply(expand_dims(inputs, 1), reshape(true_w, whole))
    dots = reshape(products, concat([[-1], width], 0))
    logits = reshape(_sum_rows(dots), [-1, num_true])
    true_b = reshape(true_b, [-1, num_true])
    return logits + true_b


def _without_hits(
    logits: Tensor, labels: Tensor, sampled: Tensor, num_true: int, num_sampled: Any
) -> Tensor:
    """Sampled logits, of which those of true classes become hopeless."""
    hits = compute_accidental_hits(labels, sampled, num_true=num_true)
    rows = reshape(hits.indices, [-1, 1])
    columns = reshape(cast(hits.ids, int32), [-1, 1])
    places = concat([rows, columns], 1, "sparse_indices")
    whole = concat([shape(labels)[:1], expand_dims(num_sampled, 0)], 0)
    weights = hits.weights
    if logits.dtype != weights.dtype:
        weights = cast(weights, logits.dtype)
    worst: Tensor = apply("SparseToDense", places, whole, weights, 0.0, validate_indices=False)
    return logits + worst


def _logits_and_labels(
    weights: Any,
    biases: Any,
    labels: Tensor,
    inputs: Tensor,
    num_sampled: int,
    num_classes: int,
    num_true: int,
    sampled_values: Sequence[Any] | None,
    remove_accidental_hits: bool,
    partition_strategy: str,
    name: str | None,
    seed: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The logits of true and sampled classes, [batch, num_true + num_sampled], and the labels.

    From each logit the logarithm of how often its class is expected is subtracted.
    """
    if isinstance(weights, PartitionedVariable):
        weights = list(weights)
    if not isinstance(weights, list):
        weights = [weights]
    values = [*weights, biases, inputs, labels]
    with scopes.name_scope(name, "compute_sampled_logits", values):
        if labels.dtype != int64:
            labels = cast(labels, int64)
        flat = reshape(labels, [-1])
        if sampled_values is None:
            sampled_values = log_uniform_candidate_sampler(
                true_classes=labels,
                num_true=num_true,
                num_sampled=num_sampled,
                unique=True,
                range_max=num_classes,
                seed=seed,
            )
        sampled, true_count, sampled_count = [stop_gradient(s) for s in sampled_values]
        sampled = cast(sampled, int64)
        ids = concat([flat, sampled], 0)
        all_w = _looked_up(weights, ids, partition_strategy, inputs)
        true_w = slice_(all_w, [0, 0], stack([shape(flat)[0], -1]))
        sampled_w = slice_(all_w, stack([shape(flat)[0], 0]), [-1, -1])
        sampled_logits = matmul(inputs, sampled_w, transpose_b=True)
        all_b = _looked_up(biases, ids, partition_strategy, inputs)
        true_b = slice_(all_b, [0], shape(flat))
        sampled_b = slice_(all_b, shape(flat), [-1])
        true_logits = _true_logits(true_w, true_b, inputs, num_true)
        sampled_logits = sampled_logits + sampled_b
        if remove_accidental_hits:
            sampled_logits = _without_hits(sampled_logits, labels, sampled, num_true, num_sampled)
        true_logits = true_logits - log(true_count)
        sampled_logits = sampled_logits - log(sampled_count)
        logits = concat([true_logits, sampled_logits], 1)
        right = ones_like(true_logits) / num_true
        return logits, concat([right, zeros_like(sampled_logits)], 1)


@export("nn.nce_loss")
def nce_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Sequence[Any] | None = None,
    remove_accidental_hits: bool = False,
    partition_strategy: str = "mod",
    name: str = "nce_loss",
) -> Tensor:
    """Returns the noise-contrastive loss of each example: true classes against sampled ones.

    Args:
        weights: [num_classes, dim], or a list of its parts, or a partitioned variable.
        biases: [num_classes].
        labels: the true classes, [batch, num_true]; int64, or cast to it.
        inputs: [batch, dim].
        num_sampled: how many classes to draw for each batch.
        num_classes: how many classes there are.
        num_true: how many are true in each example.
        sampled_values: what a candidate sampler returned; None: `log_uniform_candidate_sampler`
            without repetition.
        remove_accidental_hits: whether sampled classes that are true are taken out.
        partition_strategy: as in `tf.nn.embedding_lookup`.
        name: the name of the scope.

    Returns:
        A vector [batch].

    Source:
        Gutmann and Hyvarinen, "Noise-contrastive estimation", AISTATS 2010.
    """
    logits, targets = _logits_and_labels(
        weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
        remove_accidental_hits, partition_strategy, name,
    )  # fmt: skip
    losses = sigmoid_cross_entropy_with_logits(labels=targets, logits=logits, name="sampled_losses")
    return _sum_rows(losses)


@export("nn.sampled_softmax_loss")
def sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Sequence[Any] | None = None,
    remove_accidental_hits: bool = True,
    partition_strategy: str = "mod",
    name: str = "sampled_softmax_loss",
    seed: int | None = None,
) -> Tensor:
    """Returns the softmax cross entropy of each example over its true and the sampled classes.

    For training only: it is an estimate of the full loss from below.

    Args:
        weights: [num_classes, dim], or a list of its parts, or a partitioned variable.
        biases: [num_classes].
        labels: the true classes, [batch, num_true]; int64, or cast to it.
        inputs: [batch, dim].
        num_sampled: how many classes to draw for each batch.
        num_classes: how many classes there are.
        num_true: how many are true in each example.
        sampled_values: what a candidate sampler returned; None: `log_uniform_candidate_sampler`
            without repetition.
        remove_accidental_hits: whether sampled classes that are true are taken out.
        partition_strategy: as in `tf.nn.embedding_lookup`.
        name: the name of the scope.
        seed: of the sampler.

    Returns:
        A vector [batch].

    Source:
        Jean et al., "On using very large target vocabulary for neural machine translation", 2015.
    """
    logits, targets = _logits_and_labels(
        weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
        remove_accidental_hits, partition_strategy, name, seed,
    )  # fmt: skip
    targets = stop_gradient(targets, name="labels_stop_gradient")
    found: Tensor = softmax_cross_entropy_with_logits_v2(labels=targets, logits=logits)
    return found
