"""Short-time Fourier transforms: the spectrum of a signal as it changes, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.fft_real import irfft, rfft
from graphflow.ops.fill import zeros
from graphflow.ops.pad import pad
from graphflow.ops.powers import square
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import rank, shape
from graphflow.ops.signal_frames import frame, known_int, overlap_and_add, scalar_tensor
from graphflow.ops.signal_windows import hann_window
from graphflow.ops.tile import tile

Window = Callable[..., Any]


@export("signal.stft")
def stft(
    signals: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Window | None = hann_window,
    pad_end: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns the Fourier transforms of the overlapping frames of signals.

    Args:
        signals: float32: [..., samples].
        frame_length: samples in a frame.
        frame_step: samples from the start of a frame to that of the next.
        fft_length: the size of a transform; None: the next power of 2 from `frame_length` on.
        window_fn: `f(frame_length, dtype=...)` returns the weights of a frame's samples; None:
            all are 1.
        pad_end: whether frames that begin before the signal's end are filled up with zeros.
        name: the name of the scope.

    Returns:
        complex64: [..., frames, fft_length // 2 + 1].
    """
    with scopes.name_scope(name, "stft", [signals, frame_length, frame_step]):
        x = convert_to_tensor(signals, name="signals")
        x.get_shape().with_rank_at_least(1)
        length = scalar_tensor(frame_length, "frame_length")
        step = scalar_tensor(frame_step, "frame_step")
        if fft_length is None:
            size = _next_power_of_two(length)
        else:
            size = convert_to_tensor(fft_length, name="fft_length")
        frames = frame(x, length, step, pad_end=pad_end)
        if window_fn is not None:
            frames *= window_fn(length, dtype=frames.dtype)
        found: Tensor = rfft(frames, [size])
        return found


def _next_power_of_two(length: Tensor) -> Tensor:
    known = constant_value(length)
    if known is not None:
        return constant(int(2 ** np.ceil(np.log(known) / np.log(2.0))), length.dtype)
    exponent = apply("Log", cast(length, float32)) / apply("Log", 2.0)
    power = apply("Pow", 2.0, apply("Ceil", exponent))
    found: Tensor = cast(power, length.dtype)
    return found


@export("signal.inverse_stft_window_fn")
def inverse_stft_window_fn(
    frame_step: Any, forward_window_fn: Window = hann_window, name: str | None = None
) -> Window:
    """Returns the `window_fn` with which `tf.signal.inverse_stft` undoes `tf.signal.stft`.

    Args:
        frame_step: the step of the transform.
        forward_window_fn: the window of the transform.
        name: the name of the scopes.
    """
    with scopes.name_scope(name, "inverse_stft_window_fn", [forward_window_fn]):
        step = scalar_tensor(frame_step, "frame_step")

    def inverse_window(frame_length: Any, dtype: Any) -> Tensor:
        """Returns the weights of a frame's samples.

        Args:
            frame_length: how many.
            dtype: their type.
        """
        with scopes.name_scope(name, "inverse_stft_window_fn", [forward_window_fn]):
            length = scalar_tensor(frame_length, "frame_length")
            window = forward_window_fn(length, dtype=dtype)
            power = square(window)
            overlaps = -(-length // step)
            power = pad(power, [(0, overlaps * step - length)])
            power = reduce_sum(reshape(power, [overlaps, step]), 0, keepdims=True)
            power = reshape(tile(power, [overlaps, 1]), [overlaps * step])
            found: Tensor = window / power[:length]
            return found

    return inverse_window


@export("signal.inverse_stft")
def inverse_stft(
    stfts: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Window | None = hann_window,
    name: str | None = None,
) -> Tensor:
    """Returns the signals that overlapping Fourier transforms add up to.

    Args:
        stfts: complex64: [..., frames, fft_length // 2 + 1].
        frame_length: samples in a frame.
        frame_step: samples from the start of a frame to that of the next.
        fft_length: the size of a transform; None: the next power of 2 from `frame_length` on.
        window_fn: `f(frame_length, dtype=...)` returns the weights of a frame's samples; None:
            all are 1. `tf.signal.inverse_stft_window_fn` makes the one that undoes a window.
        name: the name of the scope.

    Returns:
        float32: [..., samples].
    """
    with scopes.name_scope(name, "inverse_stft", [stfts]):
        x = convert_to_tensor(stfts, name="stfts")
        x.get_shape().with_rank_at_least(2)
        length = scalar_tensor(frame_length, "frame_length")
        step = scalar_tensor(frame_step, "frame_step")
        if fft_length is None:
            size = _next_power_of_two(length)
        else:
            size = scalar_tensor(fft_length, "fft_length")
        frames = _fitted(irfft(x, [size]), length)
        if window_fn is not None:
            frames *= window_fn(length, dtype=x.dtype.real_dtype)
        return overlap_and_add(frames, step)


def _fitted(frames: Tensor, length: Tensor) -> Tensor:
    """Frames cut, or filled up with zeros, to a length."""
    wanted = known_int(length)
    own = None if frames.dims is None else frames.dims[-1]
    if wanted is None or own is None:
        frames = frames[..., :length]
        front = zeros([rank(frames) - 1, 2], dtype=length.dtype)
        missing: Any = [[0, apply("Maximum", 0, length - shape(frames)[-1])]]
        frames = pad(frames, concat([front, missing], 0))
    elif own > wanted:
        frames = frames[..., :wanted]
    elif own < wanted:
        frames = pad(frames, [[0, 0]] * (len(frames.dims or ()) - 1) + [[0, wanted - own]])
    if wanted is not None and frames.dims is not None:
        frames.set_shape([None] * (len(frames.dims) - 1) + [wanted])
    return frames
