"""Candidate sampling: a few classes drawn for a loss over very many, and how often to expect each.

The samplers differ in their distribution and in nothing else. With the same seeds they draw what
TensorFlow 1.15 draws.
"""

from __future__ import annotations

import errno
import math
import os
import threading
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from graphflow.core import errors
from graphflow.core.declare import apply
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import Call, Lowering
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.seeds import get_seed
from graphflow.core.shape import Dims
from graphflow.ops._candidate_kernels import (
    Fixed,
    Learned,
    LogUniform,
    Sampler,
    Uniform,
    Words,
    accidental_hits,
    expected_counts,
    fixed_weights,
    reserved_blocks,
    sample,
)
from graphflow.ops.random import drawn, stream

Array = np.ndarray[Any, Any]

_OUTPUTS: Final = (
    "-> sampled_candidates: int64, true_expected_count: float32, sampled_expected_count: float32"
)
_HEAD: Final = "true_classes: int64, *, num_true: int, num_sampled: int, unique: bool"
_SEEDS: Final = "seed: int = 0, seed2: int = 0"
_MINIMA: Final = {"num_true": 1, "num_sampled": 1, "range_max": 1}
_learning: Final = threading.Lock()


def _shapes(op: Operation) -> list[Dims]:
    classes = op.inputs[0].dims
    if classes is not None and len(classes) != 2:
        raise ShapeError(
            f"Shape must be rank 2 but is rank {len(classes)}",
            run="true_classes must be a matrix",
        )
    samples = (op.attrs["num_sampled"],)
    return [samples, (classes[0] if classes else None, op.attrs["num_true"]), samples]


def _define(op_type: str, more: str, **minima: Any) -> OpDef:
    return define(
        f"{op_type}({_HEAD}, {more}{_SEEDS}) {_OUTPUTS}", stateful=True, shape=_shapes, **minima
    ).no_gradient("classes are integers")


def _check(classes: Array, num_true: int, num_sampled: int, size: int, unique: bool) -> None:
    if classes.shape[1] != num_true:
        raise KernelError(
            f"true_classes must have num_true columns, expected: {classes.shape[1]} was: {num_true}"
        )
    if unique and num_sampled > size:
        raise KernelError("Sampler's range is too small.")


def _run(
    sampler: Sampler,
    classes: Array,
    num_true: int,
    num_sampled: int,
    unique: bool,
    seed: int,
    seed2: int,
    memory: dict[str, Any],
) -> Any:
    """One run of a sampler: the samples, and the expected counts of the true ones and of them."""
    _check(classes, num_true, num_sampled, sampler.size, unique)

    def draw(first: int, second: int, at: int) -> Any:
        return (sample(sampler, Words(first, second, at), num_sampled, unique),)

    found, tries = drawn(memory, seed, seed2, draw, reserved_blocks(num_sampled))
    counts = [expected_counts(sampler.probability(x), num_sampled, tries) for x in (classes, found)]
    return found, *counts


# --- UniformCandidateSampler, LogUniformCandidateSampler ---
def _stateless_sampler(op_type: str, kind: Any, compiled: str) -> OpDef:
    new = _define(op_type, "range_max: int, ", **_MINIMA)

    def run(
        classes: Array,
        *,
        num_true: int,
        num_sampled: int,
        unique: bool,
        range_max: int,
        seed: int,
        seed2: int,
        memory: dict[str, Any],
    ) -> Any:
        return _run(kind(range_max), classes, num_true, num_sampled, unique, seed, seed2, memory)

    @new.compiled
    def _(call: Call) -> Lowering | None:
        attrs, classes = call.attrs, call.shapes[0]
        size, samples, unique = attrs["range_max"], attrs["num_sampled"], attrs["unique"]
        if classes[1] != attrs["num_true"] or (unique and samples > size):
            return None
        sizes = (size, math.prod(classes), samples, int(unique))
        return Lowering(compiled, sizes, state=stream)

    new.numpy(run)
    return new


UNIFORM = _stateless_sampler("UniformCandidateSampler", Uniform, "uniform_candidates")
LOG_UNIFORM = _stateless_sampler("LogUniformCandidateSampler", LogUniform, "log_uniform_candidates")


# --- LearnedUnigramCandidateSampler, ThreadUnsafeUnigramCandidateSampler ---
def _learned_run(
    classes: Array,
    *,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int,
    seed2: int,
    memory: dict[str, Any],
) -> Any:
    with _learning:
        sampler = memory.get("sampler") or Learned(range_max)
        try:
            found = _run(sampler, classes, num_true, num_sampled, unique, seed, seed2, memory)
        except IndexError:
            raise KernelError(f"true_classes must be in [0, {range_max})") from None
        sampler.learn(classes)
        memory["sampler"] = sampler
    return found


def _learned(op_type: str) -> OpDef:
    new = _define(op_type, "range_max: int, ", **_MINIMA)
    new.numpy(_learned_run)
    return new


LEARNED_UNIGRAM = _learned("LearnedUnigramCandidateSampler")
THREAD_UNSAFE_UNIGRAM = _learned("ThreadUnsafeUnigramCandidateSampler")

# --- FixedUnigramCandidateSampler ---
FIXED_UNIGRAM = _define(
    "FixedUnigramCandidateSampler",
    'range_max: int, vocab_file: string = "", distortion: float = 1.0, num_reserved_ids: int = 0, '
    "num_shards: int = 1, shard: int = 0, unigrams: list(float) = [], ",
    num_shards=1,
    shard=0,
    **_MINIMA,
)


def _weights_in(path: str) -> list[float]:
    """The last number of each line of a file of comma-separated columns.

    Raises:
        KernelError: if there is no such file, or a line does not end with a number.
    """
    try:
        with open(path, encoding="latin-1", newline="\n") as file:
            lines = file.read().split("\n")
    except OSError as e:
        kind = errors.NotFoundError if e.errno == errno.ENOENT else errors.UnknownError
        raise KernelError(f"{path}; {os.strerror(e.errno or 0)}", kind) from None
    found = []
    for line in lines:
        if not line:
            continue
        try:
            found.append(float(line.rpartition(",")[2]))
        except ValueError:
            raise KernelError(f"Wrong vocabulary format at line: {line}") from None
    return found


def _fixed_sampler(
    range_max: int,
    vocab_file: str,
    unigrams: Sequence[float],
    distortion: float,
    reserved: int,
    shards: int,
    shard: int,
) -> Fixed:
    if not vocab_file and not unigrams:
        raise KernelError("Must provide either vocab_file or unigrams.")
    if vocab_file and unigrams:
        raise KernelError("Must only provide one of vocab_file and unigrams.")
    given = _weights_in(vocab_file) if vocab_file else unigrams
    weights = fixed_weights(given, distortion, reserved, shards, shard)
    if len(weights) != range_max:
        raise KernelError(
            f"range_max is {range_max}, but there are {len(weights)} weights for shard {shard} of "
            f"{shards}, reserved ids included"
        )
    return Fixed(weights)


@FIXED_UNIGRAM.numpy
def _(
    classes: Array,
    *,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    vocab_file: str,
    distortion: float,
    num_reserved_ids: int,
    num_shards: int,
    shard: int,
    unigrams: Sequence[float],
    seed: int,
    seed2: int,
    memory: dict[str, Any],
) -> Any:
    sampler = memory.get("sampler") or _fixed_sampler(
        range_max, vocab_file, unigrams, distortion, num_reserved_ids, num_shards, shard
    )
    found = _run(sampler, classes, num_true, num_sampled, unique, seed, seed2, memory)
    memory["sampler"] = sampler
    return found


# --- AllCandidateSampler ---
ALL_CANDIDATES = _define("AllCandidateSampler", "", num_true=1, num_sampled=1)


@ALL_CANDIDATES.numpy
def _(classes: Array, *, num_true: int, num_sampled: int, unique: bool) -> Any:
    _check(classes, num_true, num_sampled, num_sampled, unique)
    ones = np.ones(classes.shape, np.float32), np.ones(num_sampled, np.float32)
    return np.arange(num_sampled, dtype=np.int64), *ones


# --- ComputeAccidentalHits ---
ACCIDENTAL_HITS = define(
    "ComputeAccidentalHits(true_classes: int64, sampled_candidates: int64, *, num_true: int, "
    f"{_SEEDS}) -> indices: int32, ids: int64, weights: float32"
).no_gradient("classes are integers")


@ACCIDENTAL_HITS.shape
def _(op: Operation) -> list[Dims]:
    classes, sampled = (t.dims for t in op.inputs)
    matrix = "true_candidates must be a batch_size * num_true matrix"
    if classes is not None and len(classes) != 2:
        raise ShapeError(f"Shape must be rank 2 but is rank {len(classes)}", matrix)
    wanted = op.attrs["num_true"]
    if classes is not None and classes[1] not in (None, wanted):
        raise ShapeError(f"Dimension must be {wanted} but is {classes[1]}", matrix)
    if sampled is not None and len(sampled) != 1:
        raise ShapeError(
            f"Shape must be rank 1 but is rank {len(sampled)}",
            "sampled_candidates must be a vector, which is typically an output from "
            "CandidateSampler",
        )
    return [(None,)] * 3


@ACCIDENTAL_HITS.numpy
def _(classes: Array, sampled: Array, *, num_true: int) -> Any:
    if classes.ndim != 2 or classes.shape[1] != num_true or sampled.ndim != 1:
        raise ValueError("a matrix and a vector are wanted")  # the shape rule says it in full
    return accidental_hits(classes, sampled)


# --- public functions ---
def _sampler(definition: OpDef, true_classes: Any, seed: Any, name: Any, **attrs: Any) -> Any:
    seed, seed2 = get_seed(seed)
    return apply(definition, true_classes, seed=seed, seed2=seed2, name=name, **attrs)


@export("random.uniform_candidate_sampler", "nn.uniform_candidate_sampler")
def uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Returns classes that are drawn with equal probabilities.

    Args:
        true_classes: int64, [batch, num_true].
        num_true: how many classes are true in each example.
        num_sampled: how many classes to draw.
        unique: whether no class is drawn twice.
        range_max: how many classes there are.
        seed: with the graph's seed it settles the numbers.
        name: the node's name.

    Returns:
        A named tuple: `sampled_candidates`, int64 [num_sampled], how often each true class is
        expected among so many, `true_expected_count` [batch, num_true], and likewise
        `sampled_expected_count` [num_sampled].
    """
    return _sampler(
        UNIFORM, true_classes, seed, name, num_true=num_true, num_sampled=num_sampled,
        unique=unique, range_max=range_max,
    )  # fmt: skip


@export("random.log_uniform_candidate_sampler", "nn.log_uniform_candidate_sampler")
def log_uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Returns classes, small ones more often: `log((k + 2) / (k + 1)) / log(range_max + 1)`.

    Fits classes that are numbered by falling frequency, as words of a vocabulary mostly are.

    Args:
        true_classes: int64, [batch, num_true].
        num_true: how many classes are true in each example.
        num_sampled: how many classes to draw.
        unique: whether no class is drawn twice.
        range_max: how many classes there are.
        seed: with the graph's seed it settles the numbers.
        name: the node's name.

    Returns:
        As `uniform_candidate_sampler`.
    """
    return _sampler(
        LOG_UNIFORM, true_classes, seed, name, num_true=num_true, num_sampled=num_sampled,
        unique=unique, range_max=range_max,
    )  # fmt: skip


@export("random.learned_unigram_candidate_sampler", "nn.learned_unigram_candidate_sampler")
def learned_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Returns classes as often as they were true in earlier runs of the session, plus one.

    Args:
        true_classes: int64, [batch, num_true]; counted after the classes are drawn.
        num_true: how many classes are true in each example.
        num_sampled: how many classes to draw.
        unique: whether no class is drawn twice.
        range_max: how many classes there are.
        seed: with the graph's seed it settles the numbers.
        name: the node's name.

    Returns:
        As `uniform_candidate_sampler`.
    """
    return _sampler(
        LEARNED_UNIGRAM, true_classes, seed, name, num_true=num_true, num_sampled=num_sampled,
        unique=unique, range_max=range_max,
    )  # fmt: skip


@export("random.fixed_unigram_candidate_sampler", "nn.fixed_unigram_candidate_sampler")
def fixed_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    vocab_file: str = "",
    distortion: float = 1.0,
    num_reserved_ids: int = 0,
    num_shards: int = 1,
    shard: int = 0,
    unigrams: Sequence[float] = (),
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Returns classes with probabilities that a file or a list gives.

    Args:
        true_classes: int64, [batch, num_true].
        num_true: how many classes are true in each example.
        num_sampled: how many classes to draw.
        unique: whether no class is drawn twice.
        range_max: how many classes there are, the reserved ones included.
        vocab_file: a file with a line a class, whose last comma-separated column is the weight.
        distortion: the power to which weights are raised before they are normalized.
        num_reserved_ids: the classes of numbers below this are never drawn.
        num_shards: only every `num_shards`-th class is one of this sampler's ...
        shard: ... from this one on.
        unigrams: the weights, in place of a file.
        seed: with the graph's seed it settles the numbers.
        name: the node's name.

    Returns:
        As `uniform_candidate_sampler`.

    Note:
        Weights that are not `range_max` many are an InvalidArgumentError in the run; TensorFlow
        ends the process.
    """
    return _sampler(
        FIXED_UNIGRAM, true_classes, seed, name, num_true=num_true, num_sampled=num_sampled,
        unique=unique, range_max=range_max, vocab_file=vocab_file, distortion=distortion,
        num_reserved_ids=num_reserved_ids, num_shards=num_shards, shard=shard, unigrams=unigrams,
    )  # fmt: skip


@export("random.all_candidate_sampler", "nn.all_candidate_sampler")
def all_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Returns all classes, `0 ... num_sampled - 1`: a full loss in the place of a sampled one.

    Args:
        true_classes: int64, [batch, num_true].
        num_true: how many classes are true in each example.
        num_sampled: how many classes there are.
        unique: has no effect.
        seed: has no effect.
        name: the node's name.

    Returns:
        As `uniform_candidate_sampler`.
    """
    return _sampler(
        ALL_CANDIDATES, true_classes, seed, name, num_true=num_true, num_sampled=num_sampled,
        unique=unique,
    )  # fmt: skip


@export("nn.compute_accidental_hits")
def compute_accidental_hits(
    true_classes: Any,
    sampled_candidates: Any,
    num_true: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Finds where a sampled class is a true one of an example.

    Args:
        true_classes: int64, [batch, num_true].
        sampled_candidates: int64, [num_sampled].
        num_true: how many classes are true in each example.
        seed: has no effect.
        name: the node's name.

    Returns:
        A named tuple of vectors: `indices`, the example; `ids`, the position among the samples;
        `weights`, the most negative float: added to a logit, it takes the class out.
    """
    seed, seed2 = get_seed(seed)
    return apply(
        ACCIDENTAL_HITS, true_classes, sampled_candidates, num_true=num_true, seed=seed,
        seed2=seed2, name=name,
    )  # fmt: skip
