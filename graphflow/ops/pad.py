"""Tensors with a margin: of zeros, of a value, or mirrored."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core.constant import partial_array
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import Call, Lowering, box, steps_of
from graphflow.core.opdef import INDEX, OpDef, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank, of_rank, same_size

Array = np.ndarray[Any, Any]


def _grown(op: Operation, sign: int = 1) -> list[Dims]:
    """The shape rule of all pads; `sign` -1: of the operation that takes the margin away."""
    dims, pairs = op.inputs[0].dims, op.inputs[1].dims
    run = f"paddings must be a matrix with 2 columns: {text(pairs)}"
    n, columns = need_rank(pairs, 2, run)
    same_size(2, columns, run)
    if dims is None:
        return [of_rank(n)]
    if n is not None:
        need_rank(
            (None,) * len(dims),
            n,
            f"The first dimension of paddings must be the rank of inputs{text(pairs)} {text(dims)}",
        )
    paddings = op.constant(1)
    if paddings is None:
        return [(None,) * len(dims)]
    if (paddings < 0).any():
        raise ShapeError("Paddings must be non-negative", run=_negative(op.definition, paddings))
    sums = paddings.sum(1).tolist()
    sizes = zip(dims, sums, strict=True)
    return [tuple([None if d is None else d + sign * more for d, more in sizes])]


def _negative(definition: OpDef, paddings: Array) -> str:
    pair = paddings[(paddings < 0).any(1)][0]
    first = "P" if definition.name.startswith("Pad") else "p"
    return f"{first}addings must be non-negative: {pair[0]} {pair[1]}"


def _checked(x: Array, paddings: Array) -> list[tuple[int, int]]:
    if paddings.shape != (x.ndim, 2) or (paddings < 0).any():
        raise ValueError("no margins")  # the shape rule says it in full
    return [(a, b) for a, b in paddings.tolist()]


def _inner(x: Array, paddings: list[tuple[int, int]]) -> tuple[slice, ...]:
    pairs = zip(x.shape, paddings, strict=True)
    return tuple([slice(before, before + size) for size, (before, _) in pairs])


def _padded(x: Array, paddings: Array, value: Any, out: Array | None = None) -> Array:
    pairs = _checked(x, paddings)
    if out is None:
        sizes = [d + a + b for d, (a, b) in zip(x.shape, pairs, strict=True)]
        out = np.empty(sizes, x.dtype)
    out[...] = value
    out[_inner(x, pairs)] = x
    return out


def _cut(op: Operation, dy: Tensor) -> Tensor:
    """The part of `dy` that belongs to the input."""
    x, paddings = op.inputs[:2]
    pairs, index = op.constant(1), paddings.dtype.base_dtype
    begin: Any
    if pairs is not None:
        begin = pairs[:, 0].copy()
    else:
        first = apply("Slice", paddings, [0, 0], [-1, 1])
        begin = apply("Reshape", first, [-1])
    size: Any = apply("Shape", x, out_type=index)
    if x.dims is not None and None not in x.dims:
        size = np.array(x.dims, index.as_numpy_dtype)
    found: Tensor = apply("Slice", dy, begin, size)
    return found


# --- Pad ---
PAD = define(
    "Pad(input: T, paddings: Tpaddings) -> output: T",
    shape=_grown,
    Tpaddings=default_type(INDEX, int32),
)


@PAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return _cut(op, dy), None


@PAD.compiled
def _(call: Call) -> Lowering | None:
    return _framed(call)


def _framed(call: Call) -> Lowering | None:
    """The whole filled, with the third input if there is one, then the part in the middle."""
    around, shape, whole = call.constants.get(1), call.shapes[0], call.out_shapes[0]
    if around is None or call.suffix is None or (around < 0).any():
        return None
    item = call.dtypes[0].size
    steps = steps_of(whole, item)
    first = sum([int(a) * s for a, s in zip(around[:, 0], steps, strict=True)])
    sizes = box(shape, item, (0, steps_of(shape, item)), (first, steps))
    if sizes is None:
        return None
    n, out = math.prod(whole), len(call.shapes)
    clear = ("fill_zero", (out,), (n * item,)) if out == 2 else ("fill", (2, out), (n, item))
    return Lowering("many", many=(clear, ("copy_box", (0, out), sizes)))


@PAD.numpy
def _(x: Array, paddings: Array, *, out: Array | None = None) -> Array:
    return _padded(x, paddings, b"" if x.dtype.kind == "O" else 0, out)


# --- PadV2 ---
PAD_V2 = define(
    "PadV2(input: T, paddings: Tpaddings, constant_values: T) -> output: T",
    shape=_grown,
    Tpaddings=default_type(INDEX, int32),
)


@PAD_V2.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, Tensor]:
    own = _cut(op, dy)
    zero, one = np.array(0, np.int32), np.array(1, np.int32)
    sums = [
        apply("Sum", t, apply("Range", zero, apply("Rank", t), one))
        if t.dims is None
        else apply("Sum", t, np.arange(len(t.dims), dtype=np.int32))
        for t in (dy, own)
    ]
    return own, None, apply("Sub", *sums)


@PAD_V2.compiled
def _(call: Call) -> Lowering | None:
    return _framed(call)


@PAD_V2.numpy
def _(x: Array, paddings: Array, constant_values: Array, *, out: Array | None = None) -> Array:
    return _padded(x, paddings, constant_values, out)


# --- MirrorPad ---
MIRROR_PAD = define(
    "MirrorPad(input: T, paddings: Tpaddings, *, mode: string) -> output: T",
    shape=_grown,
    mode=("REFLECT", "SYMMETRIC"),
    Tpaddings=default_type(INDEX, int32),
)


@MIRROR_PAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return apply(MIRROR_PAD_GRAD, dy, op.inputs[1], mode=op.attrs["mode"]), None


def _positions(size: int, before: int, behind: int, mode: str) -> Array:
    """For each place of a padded axis, where in the axis its element comes from."""
    if mode == "REFLECT":
        if max(before, behind) >= max(1, size):
            raise KernelError(
                "paddings must be less than the dimension size: "
                f"{before}, {behind} not less than {size}"
            )
        left, right = range(before, 0, -1), range(size - 2, size - 2 - behind, -1)
    else:
        if max(before, behind) > size:
            raise KernelError(
                "paddings must be no greater than the dimension size: "
                f"{before}, {behind} greater than {size}"
            )
        left, right = range(before - 1, -1, -1), range(size - 1, size - 1 - behind, -1)
    return np.array([*left, *range(size), *right], np.intp)


@MIRROR_PAD.numpy
def _(x: Array, paddings: Array, *, mode: str) -> Array:
    for axis, (before, behind) in enumerate(_checked(x, paddings)):
        if before or behind:
            x = np.take(x, _positions(x.shape[axis], before, behind, mode), axis)
    return x.copy() if x.base is None or not paddings.any() else np.ascontiguousarray(x)


# --- MirrorPadGrad ---
MIRROR_PAD_GRAD = define(
    "MirrorPadGrad(input: T, paddings: Tpaddings, *, mode: string) -> output: T",
    mode=("REFLECT", "SYMMETRIC"),
    Tpaddings=default_type(INDEX, int32),
)


@MIRROR_PAD_GRAD.shape
def _(op: Operation) -> list[Dims]:
    found = _grown(op, -1)
    pairs = op.inputs[1].dims
    if op.constant(1) is None and (pairs is None or pairs[0] is None):
        return [None]  # TensorFlow takes the rank from the paddings
    return found


@MIRROR_PAD_GRAD.gradient
def _(op: Operation, ddx: Tensor) -> tuple[Tensor, None]:
    return apply(MIRROR_PAD, ddx, op.inputs[1], mode=op.attrs["mode"]), None


@MIRROR_PAD_GRAD.numpy
def _(x: Array, paddings: Array, *, mode: str) -> Array:
    for axis, (before, behind) in enumerate(_checked(x, paddings)):
        size = x.shape[axis] - before - behind
        front = np.moveaxis(x, axis, 0)
        folded = front[before : before + size].copy()
        sources = _positions(size, before, behind, mode)
        # Each position takes at most one from either margin: two plain additions.
        folded[sources[:before]] += front[:before]
        folded[sources[before + size :]] += front[before + size :]
        x = np.moveaxis(folded, 0, axis)
    return np.array(x, order="C")


@export("pad")
def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    name: str | None = None,
    constant_values: Any = 0,
) -> Tensor:
    """Returns a tensor with a margin around it.

    Args:
        tensor: a tensor of n axes.
        paddings: [n, 2], how much to add before and behind along each axis.
        mode: "CONSTANT", "REFLECT" (mirrored at the outermost elements) or "SYMMETRIC" (mirrored
            behind them), in any case.
        name: the node's name.
        constant_values: what a constant margin is filled with.

    Raises:
        ValueError: for another mode, or paddings that do not fit.
    """
    mode = mode.upper()
    found: Tensor
    if mode == "CONSTANT":
        if not isinstance(constant_values, Tensor) and np.all(constant_values == 0):
            found = apply(PAD, tensor, paddings, name=name)
        else:
            found = apply(PAD_V2, tensor, paddings, constant_values, name=name)
    elif mode in ("REFLECT", "SYMMETRIC"):
        found = apply(MIRROR_PAD, tensor, paddings, mode=mode, name=name)
    else:
        raise ValueError(f"Unknown padding mode: {mode}")
    _tell_known_sizes(found)
    return found


def _tell_known_sizes(padded: Tensor) -> None:
    """Tells the static sizes along the axes whose margins are known, where not all are."""
    if padded.__class__ is not Tensor:  # it has its value
        return
    dims, shape = padded.op.inputs[0].dims, padded.dims
    if dims is None or (shape is not None and None not in shape):
        return
    pairs = partial_array(padded.op.inputs[1])
    if pairs is None:
        return
    sizes = [
        None if dim is None or pair is None or any(n is None for n in pair) else dim + sum(pair)
        for dim, pair in zip(dims, pairs, strict=True)
    ]
    padded.set_shape(sizes)
