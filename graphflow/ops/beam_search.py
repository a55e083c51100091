"""GatherTree: whole sequences out of the steps and parents of a beam search."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, clash, compatible, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import merged, need_rank

Array = np.ndarray[Any, Any]

GATHER_TREE = define(
    "GatherTree(step_ids: T, parent_ids: T, max_sequence_lengths: int32, end_token: T) -> beams: T",
    T=(int32,),
).no_gradient("TensorFlow has none: it moves integers", raises=True)


@GATHER_TREE.shape
def _(op: Operation) -> list[Dims]:
    steps, parents, lengths, end = [x.dims for x in op.inputs]
    need_rank(steps, 3, f"step_ids must be a 3-tensor, saw shape: {_shown(steps)}")
    if steps is not None and parents is not None and not compatible(steps, parents):
        at_run = (
            "step_ids.shape must match parent_ids.shape.  but shapes are: "
            f"{_shown(steps)} and {_shown(parents)}"
        )
        need_rank(parents, 3, at_run)
        raise ShapeError(clash(steps, parents), at_run)
    need_rank(parents, 3)
    need_rank(lengths, 1, f"max_sequence_lengths must be a vector, saw shape: {_shown(lengths)}")
    need_rank(end, 0, f"end_token must be a scalar, saw shape: {_shown(end)}")
    time, batch, width = need_rank(merged(steps, parents), 3)
    [rows] = need_rank(lengths, 1)
    if batch is not None and rows is not None and batch != rows:
        raise ShapeError(
            f"Dimensions must be equal, but are {batch} and {rows}",
            "batch size dimensions step_ids.shape[1] and max_sequence_lengths.shape[0] must match."
            f"  but shapes are: {_shown(steps)} and {_shown(lengths)}",
        )
    return [(time, rows if batch is None else batch, width)]


def _shown(dims: Dims) -> str:
    return text(dims).replace(" ", "")


@GATHER_TREE.numpy
def _(step_ids: Array, parent_ids: Array, max_sequence_lengths: Array, end_token: Array) -> Array:
    time, batch, width = step_ids.shape
    beams = np.full_like(step_ids, end_token)
    last = np.minimum(max_sequence_lengths, time)[:, np.newaxis] - 1
    rows = np.arange(batch)[:, np.newaxis]
    at = np.broadcast_to(np.arange(width), (batch, width))
    for level in range(time - 1, -1, -1):
        _check_parents(at, level, last)
        inside = level <= last
        at = np.where(inside, at, np.arange(width))
        beams[level] = np.where(inside, step_ids[level, rows, at], end_token)
        at = np.where(inside, parent_ids[level, rows, at], at)
    over = np.maximum.accumulate(beams == end_token, axis=0)
    beams[over] = end_token
    return beams


def _check_parents(at: Array, level: int, last: Array) -> None:
    wrong = np.argwhere((level < last) & ((at < 0) | (at >= at.shape[1])))
    if len(wrong):
        row, beam = wrong[0]
        raise KernelError(
            f"Saw invalid parent id {at[row, beam]} at (batch, time, beam) == "
            f"({row}, {level}, {beam})"
        )


@export("contrib.seq2seq.gather_tree")
def gather_tree(
    step_ids: Any,
    parent_ids: Any,
    max_sequence_lengths: Any,
    end_token: Any,
    name: str | None = None,
) -> Tensor:
    """Returns the sequences that a beam search found, each followed back from its last step.

    Args:
        step_ids: `[time, batch, beam]`, int32: what each beam took at each step.
        parent_ids: `[time, batch, beam]`, int32: the beam of the step before that it continues.
        max_sequence_lengths: `[batch]`, int32: how many steps count.
        end_token: a scalar; after the first one, and behind the steps that count, a sequence
            consists of end tokens.
        name: the node's name.

    Returns:
        `[time, batch, beam]`, int32.

    Raises:
        ValueError: if shapes do not agree.
        InvalidArgumentError: (when run) for a parent that is no beam. TensorFlow takes the number
            of beams for a parent too, and reads behind its array.
    """
    made: Tensor = apply(
        GATHER_TREE, step_ids, parent_ids, max_sequence_lengths, end_token, name=name
    )
    return made
