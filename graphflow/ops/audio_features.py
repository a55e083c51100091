"""Spectrograms and mel-frequency cepstra of sound, as one operation each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core.errors import KernelError
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.ops._shapes import need_rank

Array = np.ndarray[Any, Any]

# --- AudioSpectrogram ---
AUDIO_SPECTROGRAM = define(
    "AudioSpectrogram(input: float32, *, window_size: int, stride: int, "
    "magnitude_squared: bool = False) -> spectrogram: float32"
).no_gradient("TensorFlow registers none", raises=True)


def _size(window: int) -> int:
    """The size of a transform: the next power of two."""
    return 1 << max(window - 1, 0).bit_length()


@AUDIO_SPECTROGRAM.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    samples, channels = need_rank(dims, 2, f"input must be 2-dimensional{text(dims)}")
    window, stride = op.attrs["window_size"], op.attrs["stride"]
    frames = None
    if samples is not None and stride > 0:
        frames = max(0, 1 + (samples - window) // stride)
    return [(channels, frames, 1 + _size(window) // 2)]


@AUDIO_SPECTROGRAM.numpy
def _(x: Array, *, window_size: int, stride: int, magnitude_squared: bool) -> Array:
    if x.ndim != 2:
        raise KernelError(f"input must be 2-dimensional{text(x.shape)}")
    if window_size < 2 or stride < 1:
        raise KernelError(
            f"Spectrogram initialization failed for window size {window_size} and stride {stride}"
        )
    samples, channels = x.shape
    size = _size(window_size)
    frames = max(0, 1 + (samples - window_size) // stride)
    if not frames or not channels:
        return np.zeros((channels, frames, 1 + size // 2), np.float32)
    wide = x.T.astype(np.float64)
    cut = np.lib.stride_tricks.sliding_window_view(wide, window_size, 1)[:, ::stride]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window_size) / window_size)
    spectrum = np.fft.rfft(cut * window, size)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return power if magnitude_squared else np.sqrt(power)


# --- Mfcc ---
MFCC = define(
    "Mfcc(spectrogram: float32, sample_rate: int32, *, upper_frequency_limit: float = 4000.0, "
    "lower_frequency_limit: float = 20.0, filterbank_channel_count: int = 40, "
    "dct_coefficient_count: int = 13) -> output: float32"
).no_gradient("TensorFlow registers none", raises=True)


@MFCC.shape
def _(op: Operation) -> list[Dims]:
    dims, rate = (t.dims for t in op.inputs)
    spectra = need_rank(dims, 3, f"spectrogram must be 3-dimensional{text(dims)}")
    need_rank(rate, 0, f"Input sample_rate should be a scalar tensor, got {text(rate)} instead.")
    return [(*spectra[:2], op.attrs["dct_coefficient_count"])]


@MFCC.numpy
def _(
    spectrogram: Array,
    sample_rate: Array,
    *,
    upper_frequency_limit: float,
    lower_frequency_limit: float,
    filterbank_channel_count: int,
    dct_coefficient_count: int,
) -> Array:
    if spectrogram.ndim != 3:
        raise KernelError(f"spectrogram must be 3-dimensional{text(spectrogram.shape)}")
    bins, rate = spectrogram.shape[2], int(sample_rate.reshape(-1)[0])
    limits = (lower_frequency_limit, upper_frequency_limit)
    bands, count = filterbank_channel_count, dct_coefficient_count
    if not (rate > 0 and bins > 1 and 0 <= limits[0] < limits[1] and 1 <= count <= bands):
        raise KernelError(
            f"Mfcc initialization failed for channel count {bins} and sample rate {rate}"
        )
    filters = _filters(bins, rate, bands, limits)
    if filters is None:
        return np.zeros((*spectrogram.shape[:2], count), np.float32)
    power = np.sqrt(spectrogram.astype(np.float64)) @ filters
    logs = np.log(np.where(power < 1e-12, 1e-12, power))
    angles = np.arange(count)[None] * np.pi / bands * (np.arange(bands)[:, None] + 0.5)
    return (logs @ (math.sqrt(2 / bands) * np.cos(angles))).astype(np.float32)


def _filters(bins: int, rate: int, bands: int, limits: tuple[float, float]) -> Array | None:
    """Triangles of weights on the mel scale, [bins, bands]; None: they go beyond the spectrum."""
    low, high = (1127.0 * math.log1p(hertz / 700.0) for hertz in limits)
    edges = low + (high - low) / (bands + 1) * np.arange(bands + 2)
    step = 0.5 * rate / (bins - 1)
    first, last = int(1.5 + limits[0] / step), int(limits[1] / step)
    if last >= bins:
        return None
    at = np.arange(first, last + 1)
    mel = 1127.0 * np.log1p(at * step / 700.0)
    # A bin lies between two edges: it counts for the band that falls there and the one that rises.
    upper = np.searchsorted(edges[1 : bands + 1], mel, "left") + 1
    falling = (edges[upper] - mel) / (edges[upper] - edges[upper - 1])
    found = np.zeros((bins, bands + 2))
    found[at, upper - 1] += falling
    found[at, upper] += 1 - falling
    return found[:, 1 : bands + 1]
