"""Blocks of space moved into the channels, and back."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.errors import ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor

Array = np.ndarray[Any, Any]

_ATTRS: Final = "block_size: int, data_format: string = 'NHWC'"
_ALLOWED: Final[dict[str, Any]] = {
    "block_size": 2,
    "data_format": ("NHWC", "NCHW", "NCHW_VECT_C"),
}


def _images(op: Operation) -> tuple[tuple[int | None, ...], int]:
    """The dims of the images and the position of their rows.

    Raises:
        ShapeError: if the rank is not that of the format.
    """
    layout, x = op.attrs["data_format"], op.inputs[0].dims
    rank = 5 if layout == "NCHW_VECT_C" else 4
    if x is not None and len(x) != rank:
        colon = ":" if op.type == "DepthToSpace" else ""
        raise ShapeError(
            f"Shape must be rank {rank} but is rank {len(x)}",
            run=f"Input rank should be{colon} {rank} instead of {len(x)}",
        )
    return x or (None,) * rank, 1 if layout == "NHWC" else 2


def _divided(size: int | None, divisor: int, run: str) -> int | None:
    if size is not None and size % divisor:
        raise ShapeError(f"Dimension size must be evenly divisible by {divisor} but is {size}", run)
    return None if size is None else size // divisor


def _by_factor(size: int | None, factor: int) -> int | None:
    return None if size is None else size * factor


# --- SpaceToDepth ---
SPACE_TO_DEPTH = define(f"SpaceToDepth(input: T, *, {_ATTRS}) -> output: T", **_ALLOWED)


@SPACE_TO_DEPTH.shape
def _(op: Operation) -> list[Dims]:
    x, rows = _images(op)
    block, depth = op.attrs["block_size"], 3 if rows == 1 else 1
    run = (
        f"Image width {x[rows + 1]} and height {x[rows]} should be divisible by block_size: {block}"
    )
    found = list(x)
    found[rows] = _divided(x[rows], block, run)
    found[rows + 1] = _divided(x[rows + 1], block, run)
    found[depth] = _by_factor(x[depth], block * block)
    return [tuple(found)]


@SPACE_TO_DEPTH.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    attrs = {key: op.attrs[key] for key in ("block_size", "data_format")}
    found: Tensor = apply(DEPTH_TO_SPACE, dy, **attrs)
    return found


@SPACE_TO_DEPTH.numpy
def _(x: Array, *, block_size: int, data_format: str, out: Array | None = None) -> Array:
    b = block_size
    if data_format == "NHWC":
        n, h, w, c = x.shape
        split = x.reshape(n, h // b, b, w // b, b, c).transpose(0, 1, 3, 2, 4, 5)
        return copied(split, (n, h // b, w // b, b * b * c), out)
    n, c, h, w = x.shape[:4]
    rest = x.shape[4:]
    split = x.reshape(n, c, h // b, b, w // b, b, *rest).transpose(0, 3, 5, 1, 2, 4, *_rest(rest))
    return copied(split, (n, b * b * c, h // b, w // b, *rest), out)


def _rest(packed: tuple[int, ...]) -> tuple[int, ...]:
    """The position of the dimension that holds packed channels, if there is one."""
    return (6,) if packed else ()


def copied(moved: Array, shape: tuple[int, ...], out: Array | None) -> Array:
    """A moved view as an array of a shape, in `out` if there is one."""
    made = np.empty(shape, moved.dtype) if out is None else out
    made.reshape(moved.shape)[...] = moved
    return made


# --- DepthToSpace ---
DEPTH_TO_SPACE = define(f"DepthToSpace(input: T, *, {_ATTRS}) -> output: T", **_ALLOWED)


@DEPTH_TO_SPACE.shape
def _(op: Operation) -> list[Dims]:
    x, rows = _images(op)
    block, depth = op.attrs["block_size"], 3 if rows == 1 else 1
    area = block * block
    found = list(x)
    found[rows] = _by_factor(x[rows], block)
    found[rows + 1] = _by_factor(x[rows + 1], block)
    run = f"Input depth dimension {x[depth]} should be divisible by: {area}"
    found[depth] = _divided(x[depth], area, run)
    return [tuple(found)]


@DEPTH_TO_SPACE.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    attrs = {key: op.attrs[key] for key in ("block_size", "data_format")}
    found: Tensor = apply(SPACE_TO_DEPTH, dy, **attrs)
    return found


@DEPTH_TO_SPACE.numpy
def _(x: Array, *, block_size: int, data_format: str, out: Array | None = None) -> Array:
    b = block_size
    if data_format == "NHWC":
        n, h, w, c = x.shape
        split = x.reshape(n, h, w, b, b, c // (b * b)).transpose(0, 1, 3, 2, 4, 5)
        return copied(split, (n, h * b, w * b, c // (b * b)), out)
    n, c, h, w = x.shape[:4]
    rest = x.shape[4:]
    small = c // (b * b)
    split = x.reshape(n, b, b, small, h, w, *rest).transpose(0, 3, 4, 1, 5, 2, *_rest(rest))
    return copied(split, (n, small, h * b, w * b, *rest), out)


# --- public functions ---
@export("space_to_depth", "nn.space_to_depth")
def space_to_depth(
    input: Any, block_size: Any, name: str | None = None, data_format: Any = "NHWC"
) -> Tensor:
    """Returns images whose square blocks became channels.

    Args:
        input: x: [n, h, w, c], or [n, c, h, w] for NCHW.
        block_size: the size of a block in both dimensions, 2 or more; it divides h and w.
        name: the node's name.
        data_format: "NHWC", "NCHW" or "NCHW_VECT_C".

    Returns:
        [n, h / block_size, w / block_size, c * block_size * block_size].

    Raises:
        ValueError: if the sizes are no multiples of the block.

    Note:
        NCHW works; TensorFlow 1.15 refuses it on a CPU.
    """
    found: Tensor = apply(
        SPACE_TO_DEPTH, input, block_size=block_size, data_format=data_format, name=name
    )
    return found


@export("depth_to_space", "nn.depth_to_space")
def depth_to_space(
    input: Any, block_size: Any, name: str | None = None, data_format: Any = "NHWC"
) -> Tensor:
    """Returns images whose channels became square blocks: it undoes `space_to_depth`.

    Args:
        input: x: [n, h, w, c], or [n, c, h, w] for NCHW.
        block_size: the size of a block in both dimensions, 2 or more; its square divides c.
        name: the node's name.
        data_format: "NHWC", "NCHW" or "NCHW_VECT_C".

    Returns:
        [n, h * block_size, w * block_size, c / (block_size * block_size)].

    Raises:
        ValueError: if the channels are no multiple of the block's square.

    Note:
        NCHW works; TensorFlow 1.15 refuses it on a CPU.
    """
    found: Tensor = apply(
        DEPTH_TO_SPACE, input, block_size=block_size, data_format=data_format, name=name
    )
    return found
