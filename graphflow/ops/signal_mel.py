"""The mel scale, on which equal steps sound equally far apart, and cepstra on it."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.pad import pad
from graphflow.ops.reshape import expand_dims, reshape
from graphflow.ops.sequence import linspace
from graphflow.ops.shape_ops import shape
from graphflow.ops.signal_dct import dct
from graphflow.ops.signal_frames import frame
from graphflow.ops.split import split

_BREAK_HERTZ = 700.0  # the scale is linear below it, logarithmic above
_HIGH_Q = 1127.0


def _as_mel(hertz: Any) -> Tensor:
    with scopes.name_scope(None, "hertz_to_mel", [hertz]):
        x = convert_to_tensor(hertz)
        found: Tensor = _HIGH_Q * apply("Log", 1.0 + x / _BREAK_HERTZ)
        return found


def _check(bins: Any, rate: Any, lowest: Any, highest: Any, dtype: Any) -> None:
    if bins <= 0:
        raise ValueError(f"num_mel_bins must be positive. Got: {bins}")
    if rate <= 0.0:
        raise ValueError(f"sample_rate must be positive. Got: {rate}")
    if lowest < 0.0:
        raise ValueError(f"lower_edge_hertz must be non-negative. Got: {lowest}")
    if lowest >= highest:
        raise ValueError(f"lower_edge_hertz {lowest:.1f} >= upper_edge_hertz {highest:.1f}")
    if highest > rate / 2:
        raise ValueError(
            "upper_edge_hertz must not be larger than the Nyquist frequency (sample_rate / 2). "
            f"Got: {highest} for sample_rate: {rate}"
        )
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Got: {dtype}")


@export("signal.linear_to_mel_weight_matrix")
def linear_to_mel_weight_matrix(
    num_mel_bins: int = 20,
    num_spectrogram_bins: Any = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: Any = 125.0,
    upper_edge_hertz: Any = 3800.0,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """Returns the matrix that turns a spectrum into bands of the mel scale.

    Args:
        num_mel_bins: how many bands.
        num_spectrogram_bins: frequencies in a spectrum, from 0 to half the sample rate.
        sample_rate: samples per second, a number or a constant tensor.
        lower_edge_hertz: where the lowest band begins.
        upper_edge_hertz: where the highest band ends.
        dtype: the element type, a float.
        name: the node's name.

    Returns:
        [num_spectrogram_bins, num_mel_bins]: each band is a triangle of weights; frequency 0
        has none.

    Raises:
        ValueError: if numbers contradict each other, or the sample rate is not known.
    """
    with scopes.name_scope(name, "linear_to_mel_weight_matrix") as scope:
        if isinstance(sample_rate, Tensor):
            sample_rate = constant_value(sample_rate)
            if sample_rate is None:
                raise ValueError(
                    "`sample_rate` was a non-constant Tensor. Must be a Python float or a "
                    "constant Tensor."
                )
        _check(num_mel_bins, sample_rate, lower_edge_hertz, upper_edge_hertz, dtype)
        rate = convert_to_tensor(sample_rate, dtype, name="sample_rate")
        lowest = convert_to_tensor(lower_edge_hertz, dtype, name="lower_edge_hertz")
        highest = convert_to_tensor(upper_edge_hertz, dtype, name="upper_edge_hertz")
        zero = convert_to_tensor(0.0, dtype)
        frequencies = linspace(zero, rate / 2.0, num_spectrogram_bins)[1:]
        mel = expand_dims(_as_mel(frequencies), 1)
        edges = linspace(_as_mel(lowest), _as_mel(highest), num_mel_bins + 2)
        weights = _triangles(mel, frame(edges, frame_length=3, frame_step=1), num_mel_bins)
        return pad(apply("Maximum", zero, weights), [[1, 0], [0, 0]], name=scope)


def _triangles(mel: Tensor, bands: Tensor, count: int) -> Tensor:
    lower, center, upper = [reshape(t, [1, count]) for t in split(bands, 3, axis=1)]
    rising = (mel - lower) / (center - lower)
    falling = (upper - mel) / (upper - center)
    found: Tensor = apply("Minimum", rising, falling)
    return found


@export("signal.mfccs_from_log_mel_spectrograms")
def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Tensor:
    """Returns the mel-frequency cepstral coefficients of spectrograms.

    Args:
        log_mel_spectrograms: float32, logarithms of the power in each band: [..., bands].
        name: the name of the scope.

    Raises:
        ValueError: if there are no bands.
    """
    with scopes.name_scope(name, "mfccs_from_log_mel_spectrograms", [log_mel_spectrograms]):
        x = convert_to_tensor(log_mel_spectrograms, dtype=float32)
        bands: Any = x.dims[-1] if x.dims else None
        if bands == 0:
            raise ValueError(f"num_mel_bins must be positive. Got: {log_mel_spectrograms}")
        if bands is None:
            bands = shape(x)[-1]
        transformed = dct(x, type=2)
        found: Tensor = transformed * apply("Rsqrt", cast(bands, float32) * 2.0)
        return found
