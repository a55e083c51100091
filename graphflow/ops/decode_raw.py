"""Bytes as numbers, and bytes decompressed."""

from __future__ import annotations

import zlib
from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    DType,
    bool_,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
)
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import DataLossError, KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._arguments import either
from graphflow.ops._shapes import need_rank, scalar_value
from graphflow.ops._strings import items, mapped

Array = np.ndarray[Any, Any]
_PADDED: Final = (float16, float32, float64, int32, uint16, uint8, int16, int8, int64)


def _swapped(raw: bytes | bytearray, dtype: Any, little_endian: bool) -> Array:
    """Numbers from their bytes: [n].

    Of big-endian complex numbers, TensorFlow turns all bytes of both parts around at once.
    """
    kind = np.dtype(dtype)
    if little_endian or kind.itemsize == 1:
        found: Array = np.frombuffer(raw, kind.newbyteorder("<")).astype(kind)
        return found
    swapped = np.frombuffer(raw, np.uint8).reshape(-1, kind.itemsize)[:, ::-1]
    turned: Array = np.ascontiguousarray(swapped).view(kind)
    return turned.reshape(-1)


# --- DecodeRaw ---
DECODE_RAW = define(
    "DecodeRaw(bytes: string, *, out_type: type, little_endian: bool = True) -> output: out_type",
    out_type=(*_PADDED, complex64, complex128, bool_),
).no_gradient("reads bytes")


@DECODE_RAW.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    return [None if dims is None else (*dims, None)]


@DECODE_RAW.numpy
def _(x: Array, *, out_type: DType, little_endian: bool) -> Array:
    kind = np.dtype(out_type.as_numpy_dtype)
    rows = items(x)
    size = len(rows[0]) if rows else 0
    for i, row in enumerate(rows):
        if len(row) != size:
            raise KernelError(
                "DecodeRaw requires input strings to all be the same size, but element "
                f"{i} has size {size} != {len(row)}"
            )
    if size % kind.itemsize:
        raise KernelError(
            f"Input to DecodeRaw has length {size} that is not a multiple of {kind.itemsize}, "
            f"the size of {_short(out_type)}"
        )
    shape = (*x.shape, size // kind.itemsize)
    if out_type.is_bool:  # any byte but 0 is true
        truth: Array = np.frombuffer(b"".join(rows), np.uint8) != 0
        return truth.reshape(shape)
    return _swapped(b"".join(rows), kind, little_endian).reshape(shape)


def _short(dtype: DType) -> str:
    return {"float32": "float", "float64": "double", "float16": "half"}.get(dtype.name, dtype.name)


@export("decode_raw", "io.decode_raw")
def decode_raw(
    input_bytes: Any = None,
    out_type: Any = None,
    little_endian: bool = True,
    name: str | None = None,
    bytes: Any = None,
) -> Tensor:
    """Returns the numbers that the bytes of strings are.

    Args:
        input_bytes: strings of one length.
        out_type: the type of the numbers.
        little_endian: whether the lowest byte of a number comes first.
        name: the node's name.
        bytes: the old name of `input_bytes`.

    Returns:
        One axis more than the strings have: the numbers of each.

    Raises:
        InvalidArgumentError: in the run, if the lengths differ or do not fit the type.
    """
    x = either("input_bytes", input_bytes, "bytes", bytes)
    if out_type is None:
        raise ValueError("decode_raw_v1() missing 1 positional argument: 'out_type'")
    options = {"out_type": out_type, "little_endian": little_endian}
    found: Tensor = apply(DECODE_RAW, x, name=name, **options)
    return found


# --- DecodePaddedRaw ---
DECODE_PADDED_RAW = define(
    "DecodePaddedRaw(input_bytes: string, fixed_length: int32, *, out_type: type, "
    "little_endian: bool = True) -> output: out_type",
    out_type=_PADDED,
).no_gradient("reads bytes")


@DECODE_PADDED_RAW.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    need_rank(op.inputs[1].dims, 0, f"k must be scalar, got shape {text(op.inputs[1].dims)}")
    length = scalar_value(op, 1)
    if length is None:
        return [None if dims is None else (*dims, None)]
    size = np.dtype(op.attrs["out_type"].as_numpy_dtype).itemsize
    if length <= 0:
        raise ShapeError(
            f"`fixed_length` must be greater than 0 but is {length}",
            run=f"`fixed_length` ({length}) must be greater than zero.",
        )
    if length % size:
        raise ShapeError(
            f"Dimension size must be evenly divisible by {size} but is {length}",
            run=f"`fixed_length` ({length}) must be a multiple of the size of "
            f"{_short(op.attrs['out_type'])} ({size})",
        )
    return [None if dims is None else (*dims, length // size)]


@DECODE_PADDED_RAW.numpy
def _(x: Array, fixed_length: Array, *, out_type: DType, little_endian: bool) -> Array:
    length = int(fixed_length.item())
    raw = b"".join([row[:length].ljust(length, b"\0") for row in items(x)])
    kind = np.dtype(out_type.as_numpy_dtype)
    return _swapped(raw, kind, little_endian).reshape(*x.shape, length // kind.itemsize)


# --- DecodeCompressed ---
DECODE_COMPRESSED = define(
    "DecodeCompressed(bytes: string, *, compression_type: string = '') -> output: string",
    shape=same_shape,
).no_gradient("reads bytes", raises=True)
_WINDOW: Final = {"ZLIB": 15, "GZIP": 31}


def _inflated(data: bytes, window: int) -> bytes:
    try:
        return zlib.decompressobj(window).decompress(data)
    except zlib.error as e:
        why = str(e).rpartition(": ")[2]
        raise KernelError(f"inflate() failed with error -3: {why}", DataLossError) from None


@DECODE_COMPRESSED.numpy
def _(x: Array, *, compression_type: str) -> Array:
    if not compression_type:
        return x.copy()
    window = _WINDOW.get(compression_type)
    if window is None:
        raise KernelError("Only ZLIB, GZIP or NONE are supported compressions")
    return mapped(lambda data: _inflated(data, window), x)


@export("decode_compressed", "io.decode_compressed")
def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Tensor:
    """Returns strings decompressed.

    Args:
        bytes: strings.
        compression_type: "", "ZLIB" or "GZIP".
        name: the node's name.

    Raises:
        DataLossError: in the run, if a string is damaged.
    """
    options = {"compression_type": compression_type, "name": name}
    found: Tensor = apply(DECODE_COMPRESSED, bytes, **options)
    return found
