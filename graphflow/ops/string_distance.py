"""How far sequences are from each other: the least number of edits between them."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.sparse_tensor import is_sparse
from graphflow.core.tensor import Tensor

Array = np.ndarray[Any, Any]

# --- EditDistance ---
EDIT_DISTANCE = define(
    "EditDistance(hypothesis_indices: int64, hypothesis_values: T, hypothesis_shape: int64, "
    "truth_indices: int64, truth_values: T, truth_shape: int64, *, normalize: bool = True) "
    "-> output: float32"
).no_gradient("the number of edits is no continuous function")


def _check_ranks(op: Operation) -> None:
    for i, name in ((0, "hypothesis"), (3, "truth")):
        for offset, part, rank in ((0, "indices", 2), (1, "values", 1), (2, "shape", 1)):
            dims = op.inputs[i + offset].dims
            if dims is not None and len(dims) != rank:
                what = "a matrix" if rank == 2 else "a vector"
                raise ShapeError(
                    f"Shape must be rank {rank} but is rank {len(dims)}",
                    run=f"{name}_{part} should be {what}, but got shape: {text(dims)}",
                )


@EDIT_DISTANCE.shape
def _(op: Operation) -> list[Dims]:
    first, second = op.constant(2), op.constant(5)
    if first is None or second is None:
        return [None]
    _check_ranks(op)
    if first.size != second.size:
        raise ShapeError(
            f"Num elements of hypothesis_shape does not match truth_shape: {first.size} vs. "
            f"{second.size}",
            run="Expected hypothesis_shape.NumElements() == truth_shape.NumElements(), but got "
            f"{first.size} vs. {second.size}",
        )
    return [tuple(np.maximum(first, second)[:-1].tolist())]


def _sequences(indices: Array, values: Array, shape: tuple[int, ...]) -> dict[int, Array]:
    """The sequence of each place of the output, by the place's number."""
    if not len(indices):
        return {}
    places = np.ravel_multi_index(tuple(indices[:, :-1].T), shape)
    order = np.argsort(places, kind="stable")
    places, values = places[order], values[order]
    cuts = np.flatnonzero(np.diff(places)) + 1
    starts = [0, *cuts.tolist()]
    return {
        int(places[start]): part for start, part in zip(starts, np.split(values, cuts), strict=True)
    }


def levenshtein(a: Array, b: Array) -> int:
    """The least number of insertions, deletions and replacements that turn `a` into `b`."""
    column = np.arange(len(b) + 1)
    steps = column.copy()
    for i, item in enumerate(a):
        row = np.empty_like(column)
        row[0] = i + 1
        np.minimum(column[1:] + 1, column[:-1] + (b != item), out=row[1:])
        column = np.minimum.accumulate(row - steps) + steps  # insertions come from the left
    return int(column[-1])


def _distance(a: Array | None, b: Array | None, normalize: bool) -> float:
    """The distance of a sequence from the true one; None is an empty one."""
    if b is None:
        size = 0 if a is None else len(a)
        return float("inf") if normalize and size else float(size)
    found = len(b) if a is None else levenshtein(a, b)
    return found / len(b) if normalize else float(found)


@EDIT_DISTANCE.numpy
def _(
    hypothesis_indices: Array,
    hypothesis_values: Array,
    hypothesis_shape: Array,
    truth_indices: Array,
    truth_values: Array,
    truth_shape: Array,
    *,
    normalize: bool,
) -> Array:
    if truth_shape.size < 2:
        raise KernelError(
            "Input SparseTensors must have rank at least 2, but truth_shape rank is: "
            f"{truth_shape.size}"
        )
    shape = tuple(np.maximum(hypothesis_shape, truth_shape)[:-1].tolist())
    ours = _sequences(hypothesis_indices, hypothesis_values, shape)
    truth = _sequences(truth_indices, truth_values, shape)
    found = np.zeros(shape, np.float32)
    flat = found.reshape(-1)
    for place in {**ours, **truth}:
        flat[place] = _distance(ours.get(place), truth.get(place), normalize)
    return found


@export("edit_distance")
def edit_distance(
    hypothesis: Any, truth: Any, normalize: bool = True, name: str | None = "edit_distance"
) -> Tensor:
    """Returns how many edits lead from each sequence to the true one.

    Args:
        hypothesis: a SparseTensor of sequences along its last axis.
        truth: the true sequences, a SparseTensor of the same type and rank.
        normalize: whether the number is divided by the length of the true sequence; if that is
            empty, the result is infinite.
        name: the node's name.

    Returns:
        float32, of the shape of the inputs without the last axis.

    Raises:
        TypeError: if one is no SparseTensor.
    """
    if not is_sparse(hypothesis):
        raise TypeError("Hypothesis must be a SparseTensor.")
    if not is_sparse(truth):
        raise TypeError("Truth must be a SparseTensor.")
    found: Tensor = apply(
        EDIT_DISTANCE,
        hypothesis.indices,
        hypothesis.values,
        hypothesis.dense_shape,
        truth.indices,
        truth.values,
        truth.dense_shape,
        normalize=normalize,
        name=name,
    )
    return found
