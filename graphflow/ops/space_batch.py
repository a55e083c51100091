"""Blocks of space moved into the batch, and back: what dilated windows are made of."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._arguments import either
from graphflow.ops._shapes import merged
from graphflow.ops.fill import zeros
from graphflow.ops.space_depth import copied
from graphflow.ops.stack import stack

Array = np.ndarray[Any, Any]
_SQUARE: Final = 2  # how many dimensions the two operations for images divide


# --- shape rules ---
def _blocks(op: Operation) -> tuple[int | None, list[int] | None, Array | None]:
    """The number of divided dimensions, their blocks and the pairs of margins; None: not known."""
    if "block_size" in op.attrs:
        n: int | None = _SQUARE
        blocks: list[int] | None = [op.attrs["block_size"]] * _SQUARE
        pairs, dims = op.constant(1), op.inputs[1].dims
    else:
        pairs, dims = op.constant(2), op.inputs[2].dims
        given, sizes = op.inputs[1].dims, op.constant(1)
        if given is not None and len(given) != 1:
            raise ShapeError("block_shape must have rank 1.")
        n = None if given is None else given[0]
        blocks = None if sizes is None else sizes.tolist()
    merged(dims, (n, 2))
    if blocks is not None and min(blocks, default=1) < 1:
        raise ShapeError(
            "block_shape must be positive",
            run=f"Product of block sizes must be positive, got {math.prod(blocks)}",
        )
    return n, blocks, pairs


def _check_input(op: Operation, n: int | None) -> Dims:
    """The dims of the input, which needs the batch, the divided dimensions and one more."""
    x = op.inputs[0].dims
    if x is None or n is None:
        return x
    if "block_size" in op.attrs:
        if len(x) != 4:
            raise ShapeError(
                f"Shape must be rank 4 but is rank {len(x)}",
                run=f"Input rank should be: 4instead of: {len(x)}",
            )
    elif len(x) < n + 1:
        raise ShapeError(
            f"Shape must be at least rank {n + 1} but is rank {len(x)}",
            run=f"input rank should be >= {n + 1} instead of {len(x)}",
        )
    return x


def _result(op: Operation, x: Dims, n: int | None, batch: int | None, space: Any) -> list[Dims]:
    if x is None or n is None:
        return [(None,) * 4 if "block_size" in op.attrs else None]
    return [(batch, *space, *x[n + 1 :])]


def _divided(size: int, block: int, run: str) -> int:
    if size % block:
        raise ShapeError(f"Dimension size must be evenly divisible by {block} but is {size}", run)
    return size // block


def _to_batch_shape(op: Operation) -> list[Dims]:
    n, blocks, pads = _blocks(op)
    x = _check_input(op, n)
    if pads is not None and (pads < 0).any():
        raise ShapeError("paddings cannot be negative", run="Paddings must be non-negative")
    batch = None if x is None or blocks is None or x[0] is None else x[0] * math.prod(blocks)
    space: list[int | None] = [None] * (n or 0)
    for i in range(n or 0):
        size = None if x is None else x[i + 1]
        if size is not None and blocks is not None and pads is not None:
            whole = size + int(pads[i].sum())
            run = f"padded_shape[{i}]={whole} is not divisible by block_shape[{i}]={blocks[i]}"
            space[i] = _divided(whole, blocks[i], run)
    return _result(op, x, n, batch, space)


def _to_space_shape(op: Operation) -> list[Dims]:
    n, blocks, crops = _blocks(op)
    x = _check_input(op, n)
    if crops is not None and (crops < 0).any():
        raise ShapeError("crops cannot be negative", run="Crops must be non-negative")
    batch = None
    if x is not None and blocks is not None and x[0] is not None:
        product = math.prod(blocks)
        run = f"Input batch dimension ({x[0]}) is not divisible by product of block sizes"
        batch = x[0]
        for block in blocks:
            batch = _divided(batch, block, f"{run} ({product})")
    space: list[int | None] = [None] * (n or 0)
    for i in range(n or 0):
        size = None if x is None else x[i + 1]
        if size is not None and blocks is not None and crops is not None:
            space[i] = _cropped(i, size * blocks[i], crops[i].tolist())
    return _result(op, x, n, batch, space)


def _cropped(i: int, size: int, crops: list[int]) -> int:
    left = size - crops[0]
    if left - crops[1] < 0:
        part = f"{crops[1]} from {left}" if left >= 0 else f"{crops[0]} from {size}"
        raise ShapeError(
            f"Negative dimension size caused by subtracting {part}",
            run=f"cropped_shape[{i}]={left - crops[1]} must be non-negative",
        )
    return left - crops[1]


# --- kernels ---
def to_batch(x: Array, blocks: list[int], pads: list[list[int]], out: Array | None) -> Array:
    """Moves the blocks of space of an array into its batch.

    Args:
        x: `[batch, *space, *rest]`.
        blocks: the size of a block along each dimension of space.
        pads: how many zeros stand before and behind each.
        out: a buffer for the result, or None.

    Returns:
        `[prod(blocks) * batch, *(padded space / blocks), *rest]`.
    """
    n = len(blocks)
    if any(a or b for a, b in pads):
        whole = [size + a + b for size, (a, b) in zip(x.shape[1:], pads, strict=False)]
        padded = np.zeros((x.shape[0], *whole, *x.shape[n + 1 :]), x.dtype)
        inner = [slice(a, a + size) for size, (a, _) in zip(x.shape[1:], pads, strict=False)]
        padded[(slice(None), *inner)] = x
        x = padded
    small = [size // b for size, b in zip(x.shape[1:], blocks, strict=False)]
    pairs = [size for pair in zip(small, blocks, strict=True) for size in pair]
    split = x.reshape(x.shape[0], *pairs, *x.shape[n + 1 :])
    order = [2 * i + 2 for i in range(n)] + [0] + [2 * i + 1 for i in range(n)]
    moved = split.transpose(*order, *range(2 * n + 1, split.ndim))
    shape = (x.shape[0] * math.prod(blocks), *small, *x.shape[n + 1 :])
    return copied(moved, shape, out)


def to_space(x: Array, blocks: list[int], crops: list[list[int]], out: Array | None) -> Array:
    """Undoes `to_batch`: `[prod(blocks) * batch, *small, *rest]` to `[batch, *space, *rest]`.

    Args:
        x: the array.
        blocks: the size of a block along each dimension of space.
        crops: how much is cut off before and behind each.
        out: a buffer for the result, or None.
    """
    n = len(blocks)
    batch = x.shape[0] // math.prod(blocks)
    split = x.reshape(*blocks, batch, *x.shape[1:])
    order = [n] + [at for i in range(n) for at in (n + 1 + i, i)]
    moved = split.transpose(*order, *range(2 * n + 1, split.ndim))
    whole = [size * b for size, b in zip(x.shape[1:], blocks, strict=False)]
    full = (batch, *whole, *x.shape[n + 1 :])
    if not any(a or b for a, b in crops):
        return copied(moved, full, out)
    inner = [slice(a, size - b) for size, (a, b) in zip(whole, crops, strict=True)]
    cut = moved.reshape(full)[(slice(None), *inner)]
    return copied(cut, cut.shape, out)


def _checked_blocks(x: Array, block_shape: Array, pairs: Array) -> tuple[list[int], Any]:
    """The two vectors as lists; what the shape rule did not see is wrong here."""
    blocks = block_shape.tolist()
    if not isinstance(blocks, list) or pairs.shape != (len(blocks), 2) or x.ndim < len(blocks) + 1:
        raise KernelError("block_shape and the margins do not fit the input")
    return blocks, pairs.tolist()


# --- SpaceToBatchND ---
_ND: Final[dict[str, Any]] = {"Tblock_shape": default_type(INDEX, int32)}
SPACE_TO_BATCH_ND = define(
    "SpaceToBatchND(input: T, block_shape: Tblock_shape, paddings: Tpaddings) -> output: T",
    shape=_to_batch_shape,
    Tpaddings=default_type(INDEX, int32),
    **_ND,
)


@SPACE_TO_BATCH_ND.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, None]:
    return apply(BATCH_TO_SPACE_ND, dy, op.inputs[1], op.inputs[2]), None, None


@SPACE_TO_BATCH_ND.numpy
def _(x: Array, block_shape: Array, paddings: Array, *, out: Array | None = None) -> Array:
    return to_batch(x, *_checked_blocks(x, block_shape, paddings), out)


# --- BatchToSpaceND ---
BATCH_TO_SPACE_ND = define(
    "BatchToSpaceND(input: T, block_shape: Tblock_shape, crops: Tcrops) -> output: T",
    shape=_to_space_shape,
    Tcrops=default_type(INDEX, int32),
    **_ND,
)


@BATCH_TO_SPACE_ND.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, None]:
    return apply(SPACE_TO_BATCH_ND, dy, op.inputs[1], op.inputs[2]), None, None


@BATCH_TO_SPACE_ND.numpy
def _(x: Array, block_shape: Array, crops: Array, *, out: Array | None = None) -> Array:
    return to_space(x, *_checked_blocks(x, block_shape, crops), out)


# --- SpaceToBatch and BatchToSpace: one block size for the two dimensions of images ---
SPACE_TO_BATCH = define(
    "SpaceToBatch(input: T, paddings: Tpaddings, *, block_size: int) -> output: T",
    shape=_to_batch_shape,
    Tpaddings=default_type(INDEX, int32),
    block_size=2,
)


@SPACE_TO_BATCH.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return apply(BATCH_TO_SPACE, dy, op.inputs[1], block_size=op.attrs["block_size"]), None


@SPACE_TO_BATCH.numpy
def _(x: Array, paddings: Array, *, block_size: int, out: Array | None = None) -> Array:
    return to_batch(x, [block_size] * _SQUARE, paddings.tolist(), out)


BATCH_TO_SPACE = define(
    "BatchToSpace(input: T, crops: Tidx, *, block_size: int) -> output: T",
    shape=_to_space_shape,
    Tidx=default_type(INDEX, int32),
    block_size=2,
)


@BATCH_TO_SPACE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return apply(SPACE_TO_BATCH, dy, op.inputs[1], block_size=op.attrs["block_size"]), None


@BATCH_TO_SPACE.numpy
def _(x: Array, crops: Array, *, block_size: int, out: Array | None = None) -> Array:
    return to_space(x, [block_size] * _SQUARE, crops.tolist(), out)


# --- public functions ---
@export("space_to_batch_nd", "manip.space_to_batch_nd")
def space_to_batch_nd(
    input: Any, block_shape: Any, paddings: Any, name: str | None = None
) -> Tensor:
    """Returns a tensor whose blocks of space stand in the batch.

    Args:
        input: x: [batch, *space, *rest].
        block_shape: the size of a block along each of the m first dimensions of space: [m].
        paddings: how many zeros come before and behind each: [m, 2]; with them each size is a
            multiple of its block.
        name: the node's name.

    Returns:
        [prod(block_shape) * batch, *(padded space / block_shape), *rest].

    Raises:
        ValueError: if sizes do not fit, or one is negative.

    Note:
        Any number of dimensions is divided; TensorFlow 1.15 stops at four.
    """
    found: Tensor = apply(SPACE_TO_BATCH_ND, input, block_shape, paddings, name=name)
    return found


@export("batch_to_space_nd", "manip.batch_to_space_nd")
def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Tensor:
    """Returns a tensor whose blocks stand in space again: it undoes `space_to_batch_nd`.

    Args:
        input: x: [prod(block_shape) * batch, *space, *rest].
        block_shape: the size of a block along each of the m first dimensions of space: [m].
        crops: how much is cut off before and behind each: [m, 2].
        name: the node's name.

    Raises:
        ValueError: if sizes do not fit, or one is negative.
    """
    found: Tensor = apply(BATCH_TO_SPACE_ND, input, block_shape, crops, name=name)
    return found


@export("space_to_batch", "nn.space_to_batch")
def space_to_batch(
    input: Any,
    paddings: Any,
    block_size: Any = None,
    name: str | None = None,
    block_shape: Any = None,
) -> Tensor:
    """Returns images whose square blocks stand in the batch; see `space_to_batch_nd`.

    Args:
        input: x: [n, h, w, c].
        paddings: how many zeros come before and behind the rows and the columns: [2, 2].
        block_size: the size of a block in both dimensions.
        name: the node's name.
        block_shape: another name of `block_size`.
    """
    size = either("block_shape", block_shape, "block_size", block_size)
    made = space_to_batch_nd(input, np.array([size, size], np.int64), paddings, name)
    made.set_shape(made.shape.with_rank(4))
    return made


@export("batch_to_space")
def batch_to_space(
    input: Any, crops: Any, block_size: Any, name: str | None = None, block_shape: Any = None
) -> Tensor:
    """Returns images whose square blocks stand in space again; see `batch_to_space_nd`.

    Args:
        input: x: [block_size * block_size * n, h, w, c].
        crops: how much is cut off before and behind the rows and the columns: [2, 2].
        block_size: the size of a block in both dimensions.
        name: the node's name.
        block_shape: another name of `block_size`.
    """
    size = either("block_shape", block_shape, "block_size", block_size)
    made = batch_to_space_nd(input, np.array([size, size], np.int64), crops, name)
    made.set_shape(made.shape.with_rank(4))
    return made


_SIZES_KNOWN: Final = frozenset({"Const", "Shape", "Size", "Rank"})
_FOLDED: Final = frozenset({"Range", "Cast", "ConcatV2", "Pack", "Fill", "Equal", "NotEqual"})


def static_value(x: Tensor) -> Array | None:
    """The value of a tensor where TensorFlow's Python knows it: it folds a few types only.

    Which nodes a function makes depends on it, so knowing more would change their number.
    """
    if x._made_by in _SIZES_KNOWN or (
        x.op.type in _FOLDED and all(static_value(t) is not None for t in x.op.inputs)
    ):
        return constant_value(x)
    return None


@export("required_space_to_batch_paddings")
def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Returns the paddings and the crops that make blocks divide space.

    Args:
        input_shape: the m sizes of space.
        block_shape: the m sizes of the blocks; how many there are must be known.
        base_paddings: paddings wanted besides, [m, 2]; None: none.
        name: the name of the scope.

    Returns:
        (paddings, crops): both [m, 2], for `space_to_batch_nd` and `batch_to_space_nd`.
    """
    with scopes.name_scope(name, "required_space_to_batch_paddings", [input_shape, block_shape]):
        sizes: Any = convert(input_shape, int32, "input_shape")
        blocks: Any = convert(block_shape, int32, "block_shape")
        blocks.shape.assert_is_fully_defined()
        blocks.shape.assert_has_rank(1)
        n = blocks.dims[0]
        if n == 0:
            return zeros([0, 2], int32), zeros([0, 2], int32)
        sizes.shape.assert_is_compatible_with([n])
        if base_paddings is None:
            base: Any = zeros([n, 2], int32)
        else:
            base = convert(base_paddings, int32, "base_paddings")
            base.shape.assert_is_compatible_with([n, 2])
        known = [static_value(t) for t in (sizes, blocks, base)]
        if all(value is not None for value in known):
            sizes, blocks, base = known
        return _required(n, sizes, blocks, base)


def _required(n: int, sizes: Any, blocks: Any, base: Any) -> tuple[Tensor, Tensor]:
    """The two results, by arithmetic on arrays or on tensors."""
    before, behind = base[:, 0], base[:, 1]
    more = (blocks - (sizes + before + behind) % blocks) % blocks
    behind = behind + more
    pads = stack([[before[i], behind[i]] for i in range(n)], name="paddings")
    return pads, stack([[0, more[i]] for i in range(n)], name="crops")
