"""Axes and sizes of images carried over from one data format to another."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core.elementwise import same_shape
from graphflow.core.errors import KernelError
from graphflow.core.opdef import INDEX, default, define
from graphflow.core.shape import text

Array = np.ndarray[Any, Any]
_FORMATS = "*, src_format: string = 'NHWC', dst_format: string = 'NCHW'"


def _permutation(src: str, dst: str) -> list[int]:
    """For each axis of the destination, which one of the source it is.

    Raises:
        KernelError: if they do not have the same letters.
    """
    if sorted(src) != sorted(dst):
        raise KernelError(
            f"Destination and source format must determine a permutation, got {src} and {dst}"
        )
    return [src.index(letter) for letter in dst]


# --- DataFormatDimMap ---
DATA_FORMAT_DIM_MAP = define(
    f"DataFormatDimMap(x: T, {_FORMATS}) -> y: T", shape=same_shape, T=default(INDEX, INDEX[0])
).no_gradient("whole numbers have none", raises=True)


@DATA_FORMAT_DIM_MAP.numpy
def _(x: Array, *, src_format: str, dst_format: str) -> Array:
    for what, letters in (("Source", src_format), ("Destination", dst_format)):
        if len(letters) not in (4, 5):
            kind = "src" if what == "Source" else "dst"
            raise KernelError(
                f"{what} format must be of length 4 or 5, received {kind}_format = {letters}"
            )
    places = np.argsort(_permutation(src_format, dst_format)).astype(x.dtype)
    found: Array = places[x % 4]  # also of five axes, as in TensorFlow
    return found


# --- DataFormatVecPermute ---
DATA_FORMAT_VEC_PERMUTE = define(
    f"DataFormatVecPermute(x: T, {_FORMATS}) -> y: T",
    shape=same_shape,
    T=default(INDEX, INDEX[0]),
).no_gradient("whole numbers have none", raises=True)


@DATA_FORMAT_VEC_PERMUTE.numpy
def _(x: Array, *, src_format: str, dst_format: str) -> Array:
    shape = text(x.shape)
    if x.ndim not in (1, 2):
        raise KernelError(f"input must be a vector or 2D tensor, but got shape {shape}")
    if len(x) != 4:
        what = "1D input" if x.ndim == 1 else "First dimension of 2D input"
        raise KernelError(f"{what} must be of size 4, but got shape {shape}")
    if x.ndim == 2 and x.shape[1] != 2:
        raise KernelError(f"Second dimension of 2D input must be of size 2, but got shape {shape}")
    return x[_permutation(src_format, dst_format)]
