"""Tensors cut along an axis."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import int64
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import SUFFIXES, Call, Lowering, box, steps_of
from graphflow.core.opdef import INDEX, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dimension, Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank, scalar_value, wrapped

Array = np.ndarray[Any, Any]


def known_dys(op: Operation, dys: Sequence[Tensor | None]) -> list[Tensor]:
    """The gradients of all outputs, zeros for those that have none."""
    return [
        apply("ZerosLike", t) if dy is None else dy for t, dy in zip(op.outputs, dys, strict=True)
    ]


def _axis(op: Operation, port: int, dims: Dims) -> int | None:
    given = op.inputs[port].dims
    if op.type == "SplitV":
        run = "split_dim_tensor must have exactly one element."
    else:
        run = f"split_dim must be a scalar but has rank {len(given or ())}"
    need_rank(given, 0, run)
    axis = scalar_value(op, port)
    if axis is None or dims is None:
        return None
    n = len(dims)
    at = wrapped(axis, n)
    if at is None:
        raise ShapeError(
            f"Dimension size, given by scalar input {axis} must be in range [{-n}, {n})",
            run=f"-input rank({-n}) <= split_dim < input rank ({n}), but got {axis}",
        )
    return at


# --- Split ---
SPLIT = define(
    "Split(split_dim: int32, value: T, *, num_split: int) -> output: num_split*T", num_split=1
)


@SPLIT.shape
def _(op: Operation) -> list[Dims]:
    dims, n = op.inputs[1].dims, op.attrs["num_split"]
    at = _axis(op, 0, dims)
    if dims is None:
        return [None] * n
    if at is None:
        return [(None,) * len(dims)] * n
    size = dims[at]
    if size is not None and size % n:
        raise ShapeError(
            f"Dimension size must be evenly divisible by {n} but is {size}\n\t"
            "Number of ways to split should evenly divide the split dimension",
            run="Number of ways to split should evenly divide the split dimension, but got "
            f"split_dim {at} (size = {size}) and num_split {n}",
        )
    return [(*dims[:at], None if size is None else size // n, *dims[at + 1 :])] * n


@SPLIT.gradient
def _(op: Operation, *dys: Tensor | None) -> tuple[None, Tensor]:
    grads = known_dys(op, dys)
    if len(grads) == 1:
        return None, grads[0]
    return None, apply("ConcatV2", grads, op.inputs[0])


def _cutting(call: Call, value: int, axis: Any) -> Lowering | None:
    """Copies of the parts of an input, which follow each other along an axis."""
    if axis is None or call.dtypes[value].name not in SUFFIXES or 0 in call.shapes[value]:
        return None
    item, shape = call.dtypes[value].size, call.shapes[value]
    steps, at = steps_of(shape, item), axis.item()
    offset = 0
    many = []
    for i, part in enumerate(call.out_shapes):
        sizes = box(part, item, (offset, steps), (0, steps_of(part, item)))
        if sizes is None:
            return None
        if 0 not in part:
            many.append(("copy_box", (value, len(call.shapes) + i), sizes))
        offset += part[at] * steps[at]
    return Lowering("many", many=tuple(many))


@SPLIT.compiled
def _(call: Call) -> Lowering | None:
    return _cutting(call, 1, call.constants.get(0))


@SPLIT.numpy
def _(split_dim: Array, value: Array, *, num_split: int) -> tuple[Array, ...]:
    axis = split_dim.item()
    size, rest = divmod(value.shape[axis], num_split)
    if rest:
        raise ValueError("no equal parts")  # the shape rule says it in full
    return _cut(value, axis, [size] * num_split)


def _cut(value: Array, axis: int, lengths: list[int]) -> tuple[Array, ...]:
    """The parts of an array, which follow each other along an axis, as arrays of their own."""
    before = (slice(None),) * (axis % value.ndim)
    ends = list(itertools.accumulate(lengths))
    return tuple(
        [
            value[(*before, slice(end - n, end))].copy(order="C")
            for n, end in zip(lengths, ends, strict=True)
        ]
    )


# --- SplitV ---
SPLIT_V = define(
    "SplitV(value: T, size_splits: Tlen, split_dim: int32, *, num_split: int) "
    "-> output: num_split*T",
    num_split=1,
    Tlen=default_type(INDEX, int64),
)


@SPLIT_V.shape
def _(op: Operation) -> list[Dims]:
    dims, n = op.inputs[0].dims, op.attrs["num_split"]
    (given,) = need_rank(op.inputs[1].dims, 1)
    if given not in (None, n):
        raise ShapeError(
            f"Dimension must be {n} but is {given}",
            run="size of the split_tensor must be 1-D and have the same elements as outputs got "
            f"1 -D and {given} elements",
        )
    at = _axis(op, 2, dims)
    if dims is None:
        return [None] * n
    if at is None:
        return [(None,) * len(dims)] * n
    sizes = op.constant(1)
    lengths = [None] * n if sizes is None else _lengths(sizes.tolist(), dims[at])
    return [(*dims[:at], length, *dims[at + 1 :]) for length in lengths]


def _lengths(sizes: list[int], whole: int | None) -> list[int | None]:
    """The lengths of the pieces, where -1 takes what the others leave.

    Raises:
        ShapeError: if they are not all of the axis.
    """
    total = sum([s for s in sizes if s != -1])
    if sizes.count(-1) > 1:
        raise ShapeError("There can only be one -1 in the input.")
    if whole is None:
        return [None if s == -1 else s for s in sizes]
    if total > whole or (-1 not in sizes and total != whole) or min(sizes) < -1:
        listed = ",".join(map(str, sizes))
        raise ShapeError(
            f"can't split axis of size {whole} into pieces of size [{listed}]",
            run="Determined shape must either match input shape along split_dim exactly if fully "
            "specified, or be less than the size of the input along split_dim if not fully "
            f"specified.  Got: {total}",
        )
    return [whole - total if s == -1 else s for s in sizes]


@SPLIT_V.gradient
def _(op: Operation, *dys: Tensor | None) -> tuple[Tensor, None, None]:
    grads = known_dys(op, dys)
    found = grads[0] if len(grads) == 1 else apply("ConcatV2", grads, op.inputs[2])
    return found, None, None


@SPLIT_V.compiled
def _(call: Call) -> Lowering | None:
    axis = call.constants.get(2)
    return None if call.constants.get(1) is None else _cutting(call, 0, axis)


@SPLIT_V.numpy
def _(value: Array, size_splits: Array, split_dim: Array) -> tuple[Array, ...]:
    axis = split_dim.item()
    if not -value.ndim <= axis < value.ndim:
        raise ValueError("no such axis")  # the shape rule says it in full
    try:
        lengths: Any = _lengths(size_splits.tolist(), value.shape[axis])
    except ShapeError as e:
        raise KernelError(e.run) from None
    return _cut(value, axis, lengths)


@export("split")
def split(
    value: Any,
    num_or_size_splits: Any,
    axis: Any = 0,
    num: int | None = None,
    name: str | None = "split",
) -> list[Tensor]:
    """Returns the pieces of a tensor along an axis.

    Args:
        value: a tensor.
        num_or_size_splits: the number of equal pieces (an int), or their lengths (a list or an
            integer tensor), one of which may be -1: what the others leave.
        axis: the axis, counted from the end where negative.
        num: the number of pieces, where lengths come in a tensor of unknown length.
        name: the node's name.

    Raises:
        ValueError: if the axis cannot be cut so, or the number of pieces is not known.
    """
    found: list[Tensor]
    lengths = convert_to_tensor(num_or_size_splits)
    if isinstance(num_or_size_splits, int | Dimension):
        n = int(num_or_size_splits)
        found = apply(SPLIT, axis, value, num_split=n, name=name)
        return found
    if lengths.dims == ():
        raise ValueError(
            "Rank-0 tensors are not supported as the num_or_size_splits argument to split. "
            f"Argument provided: {num_or_size_splits}"
        )
    if num is None:
        num = lengths.dims[0] if lengths.dims else None
        if num is None:
            raise ValueError(f"Cannot infer num from shape {num_or_size_splits}")
    found = apply(SPLIT_V, value, lengths, axis, num_split=num, name=name)
    return found
