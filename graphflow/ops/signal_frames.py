"""Signals cut into overlapping frames, and frames added up to a signal."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.concat import concat
from graphflow.ops.fill import zeros, zeros_like
from graphflow.ops.flow_while import while_loop
from graphflow.ops.gather import gather
from graphflow.ops.pad import pad
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank, shape, size
from graphflow.ops.slice import strided_slice
from graphflow.ops.split import split
from graphflow.ops.transpose import transpose


def scalar_tensor(value: Any, name: str) -> Tensor:
    """A number as a tensor.

    Raises:
        ValueError: if it is none.
    """
    found = convert_to_tensor(value, name=name)
    found.get_shape().assert_has_rank(0)
    return found


def known_int(tensor: Tensor) -> int | None:
    """The value of a scalar tensor where no run can change it."""
    value = constant_value(tensor)
    return None if value is None else int(value)


# --- frame ---
def _frames_shape(
    x: Tensor, length: Tensor, step: Tensor, pad_end: bool, axis: Tensor
) -> list[int | None] | None:
    dims, at = x.dims, known_int(axis)
    if dims is None:
        return None
    if at is None:
        return [None] * (len(dims) + 1)
    whole, n, hop = dims[at], known_int(length), known_int(step)
    count = None
    if whole is not None and hop is not None:
        if pad_end:
            count = max(0, -(-whole // hop))
        elif n is not None:
            count = max(0, (whole - n + hop) // hop)
    return [*dims[:at], count, n, *dims[at:][1:]]


def _gcd(a: Tensor, b: Tensor) -> Tensor:
    """The greatest common divisor: a constant where both numbers are."""
    with scopes.name_scope(None, "gcd", [a, b]):
        for what, t in (("a", a), ("b", b)):
            if not t.dtype.is_integer:
                raise ValueError(f"{what} must be an integer type. Got: {t.dtype}")
        known_a, known_b = constant_value(a), constant_value(b)
        if known_a is not None and known_b is not None:
            found = math.gcd(int(known_a), int(known_b))
            return convert_to_tensor(np.array(found, known_a.dtype))
        last: Tensor = while_loop(
            lambda _, b: apply("Greater", b, zeros_like(b)),
            lambda a, b: [b, apply("FloorMod", a, b)],
            [a, b],
            back_prop=False,
        )[0]
        return last


@export("signal.frame")
def frame(
    signal: Any,
    frame_length: Any,
    frame_step: Any,
    pad_end: bool = False,
    pad_value: Any = 0,
    axis: Any = -1,
    name: str | None = None,
) -> Tensor:
    """Returns the frames of a signal: equally long pieces that may overlap.

    Args:
        signal: [..., samples, ...].
        frame_length: samples in a frame.
        frame_step: samples from the start of a frame to that of the next.
        pad_end: whether frames that begin before the signal's end are filled up; else only whole
            frames come out.
        pad_value: what they are filled up with.
        axis: where the samples are.
        name: the name of the scope.

    Returns:
        [..., frames, frame_length, ...].
    """
    with scopes.name_scope(name, "frame", [signal, frame_length, frame_step, pad_value]):
        x = convert_to_tensor(signal, name="signal")
        length = convert_to_tensor(frame_length, name="frame_length")
        step = convert_to_tensor(frame_step, name="frame_step")
        asked = convert_to_tensor(axis, name="axis")
        x.get_shape().with_rank_at_least(1)
        for t in (length, step, asked):
            t.get_shape().assert_has_rank(0)
        known = _frames_shape(x, length, step, pad_end, asked)
        input_rank = rank(x)
        at = range_(input_rank)[asked]
        outer, samples, inner = split(shape_ := shape(x), [at, 1, input_rank - 1 - at])
        samples = reshape(samples, [])
        if pad_end:
            x, count = _filled_up(x, samples, length, step, pad_value, (size(outer), size(inner)))
            shape_ = shape(x)
            samples = shape_[at]
        else:
            size(outer), size(inner)  # TensorFlow makes these nodes, and does not use them
            count = apply("Maximum", 0, 1 + (samples - length) // step)
        found = _gathered(x, (outer, samples, inner), (length, step, count), at, shape_)
        if known:
            found.set_shape(known)
        return found


def _filled_up(
    x: Tensor, samples: Tensor, length: Tensor, step: Tensor, value: Any, ranks: tuple[Any, Any]
) -> tuple[Tensor, Tensor]:
    filler = convert_to_tensor(value, x.dtype)
    filler.get_shape().assert_has_rank(0)
    count = -(-samples // step)
    missing = apply("Maximum", 0, length + step * (count - 1) - samples)
    dtype = missing.dtype
    front = zeros([ranks[0], 2], dtype=dtype)
    middle: Any = [[0, missing]]
    paddings = concat([front, middle, zeros([ranks[1], 2], dtype=dtype)], 0)
    return pad(x, paddings, constant_values=filler), count


def _gathered(
    x: Tensor, sizes: tuple[Any, Any, Any], asked: tuple[Any, Any, Any], at: Tensor, whole: Tensor
) -> Tensor:
    """Frames put together from subframes, the longest pieces of which all frames consist."""
    outer, samples, inner = sizes
    length, step, count = asked
    piece = _gcd(length, step)
    per_frame, per_hop = length // piece, step // piece
    pieces = samples // piece
    sliced_shape = concat([outer, [pieces * piece], inner], 0)
    pieces_shape = concat([outer, [pieces, piece], inner], 0)
    sliced = strided_slice(x, zeros_like(whole), sliced_shape)
    cut = reshape(sliced, pieces_shape)
    starts = reshape(range_(count) * per_hop, [count, 1])
    within = reshape(range_(per_frame), [1, per_frame])
    taken = gather(cut, starts + within, axis=at)
    return reshape(taken, concat([outer, [count, length], inner], 0))


# --- overlap_and_add ---
@export("signal.overlap_and_add")
def overlap_and_add(signal: Any, frame_step: Any, name: str | None = None) -> Tensor:
    """Returns the signal that overlapping frames add up to.

    Args:
        signal: the frames: [..., frames, frame_length].
        frame_step: samples from the start of a frame to that of the next, an integer.
        name: the name of the scope.

    Returns:
        [..., samples], with `(frames - 1) * frame_step + frame_length` samples.

    Raises:
        ValueError: if the step is no integer, or there are too few axes.
    """
    with scopes.name_scope(name, "overlap_and_add", [signal, frame_step]):
        x = convert_to_tensor(signal, name="signal")
        x.get_shape().with_rank_at_least(2)
        step = scalar_tensor(frame_step, "frame_step")
        if not step.dtype.is_integer:
            raise ValueError(f"frame_step must be an integer. Got {step.dtype}")
        sizes = shape(x)
        outer = sizes[:-2]
        outer_rank = size(outer)
        length, frames = sizes[-1], sizes[-2]
        total = length + step * (frames - 1)
        hop = known_int(step)
        if hop is not None and x.dims is not None and hop == x.dims[-1]:
            return reshape(x, concat([outer, [total]], 0), name="fast_path")
        return _added(x, outer, outer_rank, (length, frames, step))[..., :total]


def _added(x: Tensor, outer: Tensor, outer_rank: Tensor, sizes: tuple[Any, Any, Any]) -> Tensor:
    """The sum by segments of one step: shifted by transposing, not by a loop over frames."""
    length, frames, step = sizes
    segments = -(-length // step)
    inner: Any = [[0, segments], [0, segments * step - length]]
    x = pad(x, concat([zeros([outer_rank, 2], int32), inner], 0))
    x = reshape(x, concat([outer, [frames + segments, segments, step]], 0))
    order = concat([range_(outer_rank), outer_rank + np.array([1, 0, 2], np.int32)], 0)
    x = transpose(x, order)
    x = reshape(x, concat([outer, [(frames + segments) * segments, step]], 0))
    x = x[..., : (frames + segments - 1) * segments, :]
    x = reshape(x, concat([outer, [segments, frames + segments - 1, step]], 0))
    x = reduce_sum(x, -3)
    return reshape(x, concat([outer, [(frames + segments - 1) * step]], 0))
