"""Sound in WAV files: 16-bit samples, decoded and encoded."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank

Array = np.ndarray[Any, Any]


class _Bytes:
    """Reads fields from the front of some bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise KernelError("Data too short when trying to read string")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, form: str) -> int:
        found: int = struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]
        return found

    def expect(self, word: bytes) -> None:
        found = self.take(len(word))
        if found != word:
            shown = found.decode("latin-1")
            raise KernelError(f"Header mismatch: Expected {word.decode()} but found {shown}")


def _format(data: _Bytes) -> tuple[int, int]:
    """Reads the header up to the chunks: (channels, samples per second).

    Raises:
        KernelError: if it is no PCM of 16 bits.
    """
    data.expect(b"RIFF")
    data.take(4)
    data.expect(b"WAVE")
    data.expect(b"fmt ")
    size = data.number("I")
    if size not in (16, 18):
        raise KernelError(f"Bad file size for WAV: Expected 16 or 18, but got{size}")
    kind, channels = data.number("H"), data.number("H")
    rate, per_second = data.number("I"), data.number("I")
    per_sample, bits = data.number("H"), data.number("H")
    _check_format(kind, channels, bits)
    if per_sample != 2 * channels:
        raise KernelError(
            f"Bad bytes per sample in WAV header: Expected {2 * channels} but got {per_sample}"
        )
    if per_second != per_sample * rate:
        raise KernelError(
            f"Bad bytes per second in WAV header: Expected {per_sample * rate} but got "
            f"{per_second} (sample_rate={rate}, bytes_per_sample={per_sample})"
        )
    data.take(size - 16)
    return channels, rate


def _check_format(kind: int, channels: int, bits: int) -> None:
    if kind != 1:
        raise KernelError(f"Bad audio format for WAV: Expected 1 (PCM), but got{kind}")
    if channels < 1:
        raise KernelError(
            f"Bad number of channels for WAV: Expected at least 1, but got {channels}"
        )
    if bits != 16:
        raise KernelError(f"Can only read 16-bit WAV files, but received {bits}")


def _samples(contents: bytes) -> tuple[Array, int]:
    """The samples of a WAV file, [samples, channels], and how many come in a second."""
    data = _Bytes(contents)
    channels, rate = _format(data)
    found = None
    while data.at < len(contents):
        name, size = data.take(4), data.number("I")
        if size == 0 or size > 2**31 - 1:
            raise KernelError(f"WAV data chunk '{name.decode('latin-1')}' is of a bad size")
        if name != b"data":
            data.at += size
            continue
        if found is not None:
            raise KernelError("More than one data chunk found in WAV")
        count = size // (2 * channels)
        chunk = data.take(count * 2 * channels)
        found = np.frombuffer(chunk, "<i2").reshape(count, channels)
    if found is None:
        raise KernelError("No data chunk found in WAV")
    return found, rate


# --- DecodeWav ---
DECODE_WAV = define(
    "DecodeWav(contents: string, *, desired_channels: int = -1, desired_samples: int = -1) "
    "-> audio: float32, sample_rate: int32"
).no_gradient("bytes have none", raises=True)


@DECODE_WAV.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    need_rank(dims, 0, f"contents must be scalar, got shape {text(dims)}")
    found: list[int | None] = []
    for what in ("samples", "channels"):
        asked = op.attrs[f"desired_{what}"]
        if asked < -1:
            raise ShapeError(f"{what} must be non-negative, got {asked}")
        found.append(None if asked == -1 else asked)
    return [tuple(found), ()]


@DECODE_WAV.numpy
def _(contents: Array, *, desired_channels: int, desired_samples: int) -> tuple[Array, Array]:
    if contents.ndim:
        raise KernelError(f"contents must be scalar, got shape {text(contents.shape)}")
    samples, rate = _samples(contents.item())
    count, channels = samples.shape
    if desired_channels >= 0:  # the last channel stands in for those that are missing
        samples = samples[:, np.minimum(np.arange(desired_channels), channels - 1)]
    if desired_samples >= 0:
        samples = samples[:desired_samples]
    made = np.zeros((count if desired_samples < 0 else desired_samples, samples.shape[1]), "f4")
    made[: len(samples)] = samples * np.float32(1 / 32768)
    return made, np.array(rate, np.uint32).astype(np.int32)


@export("audio.decode_wav")
def decode_wav(
    contents: Any, desired_channels: int = -1, desired_samples: int = -1, name: str | None = None
) -> Any:
    """Returns the sound of a WAV file of 16-bit samples.

    Args:
        contents: a string scalar, the file.
        desired_channels: how many channels are wanted; -1: those of the file. Where it has fewer,
            the last one is repeated.
        desired_samples: how many samples are wanted; -1: all. Behind the end there are zeros.
        name: the node's name.

    Returns:
        `(audio, sample_rate)`: [samples, channels] from -1 up to 1, and samples per second.

    Raises (in the run):
        InvalidArgumentError: if it is no such file.
    """
    return apply(
        DECODE_WAV,
        contents,
        desired_channels=desired_channels,
        desired_samples=desired_samples,
        name=name,
    )


# --- EncodeWav ---
ENCODE_WAV = define("EncodeWav(audio: float32, sample_rate: int32) -> contents: string")
ENCODE_WAV.no_gradient("bytes have none", raises=True)


@ENCODE_WAV.shape
def _(op: Operation) -> list[Dims]:
    audio, rate = (t.dims for t in op.inputs)
    need_rank(audio, 2, f"audio must be 2-dimensional{text(audio)}")
    need_rank(rate, 0, f"Input sample_rate should be a scalar tensor, got {text(rate)} instead.")
    return [()]


@ENCODE_WAV.numpy
def _(audio: Array, sample_rate: Array) -> Array:
    if audio.ndim != 2:
        raise KernelError(f"audio must be 2-dimensional{text(audio.shape)}")
    rate = int(sample_rate.reshape(-1)[0])
    if rate <= 0:
        raise KernelError(f"sample_rate must be in (0, 2^32), got: {rate % 2**64}")
    count, channels = audio.shape
    if not count:
        raise KernelError("num_frames must be positive.")
    if not channels:
        raise KernelError("audio is null")
    scaled = np.trunc(audio * np.float32(32768) + np.copysign(np.float32(0.5), audio))
    samples = np.nan_to_num(np.clip(scaled, -32768, 32767)).astype("<i2").tobytes()
    size = len(samples)
    layout = struct.pack("<IHHIIHH", 16, 1, channels, rate, rate * channels * 2, channels * 2, 16)
    head = b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + layout
    made = np.empty((), object)
    made[()] = head + b"data" + struct.pack("<I", size) + samples
    return made


@export("audio.encode_wav")
def encode_wav(audio: Any, sample_rate: Any, name: str | None = None) -> Tensor:
    """Returns sound as a WAV file of 16-bit samples.

    Args:
        audio: float32 from -1 up to 1: [samples, channels]; what is outside is cut.
        sample_rate: samples per second.
        name: the node's name.

    Raises (in the run):
        InvalidArgumentError: if there are no samples, or the rate is not positive.
    """
    found: Tensor = apply(ENCODE_WAV, audio, sample_rate, name=name)
    return found
