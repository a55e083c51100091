"""The windows of images and volumes, each laid out in the channels of one pixel."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import as_strided

from graphflow.core.declare import apply
from graphflow.core.dtypes import int64
from graphflow.core.errors import KernelError, OutOfRangeError, ShapeError, UnimplementedError
from graphflow.core.export import export, renamed
from graphflow.core.opdef import REALS, OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import shape_of
from graphflow.ops._taps import TapAxis, tap_axes
from graphflow.ops.conv import check_rank
from graphflow.ops.dilation import covered_size

Array = np.ndarray[Any, Any]
_ATTR_NAMES: Final = ("ksizes", "strides", "rates")


# --- what both share ---
def _check_attrs(op: Operation, rank: int) -> None:
    for name in _ATTR_NAMES:
        if name in op.attrs and len(op.attrs[name]) != rank:
            what = "stride" if name == "strides" and rank == 5 else name
            raise ShapeError(
                f"{op.type} requires the {what} attribute to contain {rank} values, but got: "
                f"{len(op.attrs[name])}",
                run=f"Sliding window {name} field must specify {rank} dimensions",
            )


def _patch_shape(op: Operation) -> list[Dims]:
    """The shape rule: what stands in a window is in the channels."""
    rank = 5 if "rates" not in op.attrs else 4
    x = op.inputs[0].dims
    check_rank(x, rank, f"input must be {rank}-dimensional{text(x)}")
    _check_attrs(op, rank)
    x = x or (None,) * rank
    windows, strides = op.attrs["ksizes"], op.attrs["strides"]
    rates = op.attrs.get("rates", [1] * rank)
    found: list[int | None] = [x[0]]
    for axis in range(1, rank - 1):
        if strides[axis] < 1:
            raise ShapeError(
                f"Stride must be > 0, but got {strides[axis]}",
                run="strides is out of range.",
                error=OutOfRangeError,
            )
        reach = (windows[axis] - 1) * rates[axis] + 1
        found.append(covered_size(x[axis], reach, strides[axis], op.attrs["padding"]))
    depth = None if x[-1] is None else x[-1] * math.prod(windows[1:-1])
    return [(*found, depth)]


def _check_window(**attrs: list[int]) -> None:
    """Refuses windows that no kernel has, in the words and at the time of TensorFlow."""
    for name, values in attrs.items():
        if values[0] != 1 or values[-1] != 1:
            raise KernelError(f"Only support {name} across space.", UnimplementedError)
        if min(values) < 1:
            raise KernelError(f"{name} is out of range.", OutOfRangeError)


def _extracted(x: Array, axes: list[TapAxis]) -> Array:
    """The windows `[n, *outs, prod(windows) * c]`; padding is zeros."""
    n, channels = x.shape[0], x.shape[-1]
    sizes = []
    for a in axes:
        reach = (a.out - 1) * a.stride + (a.window - 1) * a.dilation + 1
        sizes.append(max(a.before + a.size, reach))
    if any(a.before or whole != a.size for a, whole in zip(axes, sizes, strict=True)):
        padded = np.zeros((n, *sizes, channels), x.dtype)
        padded[(slice(None), *(slice(a.before, a.before + a.size) for a in axes))] = x
        x = padded
    steps = x.strides
    outer = [s * a.stride for s, a in zip(steps[1:-1], axes, strict=True)]
    inner = [s * a.dilation for s, a in zip(steps[1:-1], axes, strict=True)]
    outs, windows = [a.out for a in axes], [a.window for a in axes]
    view = as_strided(
        x, (n, *outs, *windows, channels), (steps[0], *outer, *inner, steps[-1]), writeable=False
    )
    return view.copy().reshape(n, *outs, math.prod(windows) * channels)


def _patch_gradient(definition: OpDef, op: Operation, dy: Tensor) -> Tensor:
    """Adds up, for each pixel, what its copies got.

    The patches of the pixels' numbers say whose copy stands where. Counted from 1, they are told
    from the zeros of the padding, which become -1: no segment.
    """
    x = op.inputs[0]
    attrs = {key: op.attrs[key] for key in (*_ATTR_NAMES, "padding") if key in op.attrs}
    windows = op.attrs["ksizes"][1:-1]
    shape: Any = shape_of(x)
    if isinstance(shape, np.ndarray):
        pixels: Any = math.prod(shape[1:-1].tolist())
        image: Any = [1, *shape[1:-1].tolist(), 1]
    else:
        pixels = apply("Prod", shape[1:-1], [0])
        image = apply("ConcatV2", [[1], shape[1:-1], [1]], 0)
    numbers = apply("Cast", apply("Range", 1, pixels + 1, 1), DstT=int64)
    copies = apply(definition, apply("Reshape", numbers, image), **attrs)
    owners = apply("Reshape", apply("Sub", copies, 1), [-1])
    packed = [shape[0], apply("Size", owners), shape[len(windows) + 1]]
    rows = apply("Transpose", apply("Reshape", dy, apply("Pack", packed)), [1, 0, 2])
    sums = apply("UnsortedSegmentSum", rows, owners, pixels)
    found: Tensor = apply("Reshape", apply("Transpose", sums, [1, 0, 2]), shape)
    return found


# --- ExtractImagePatches ---
EXTRACT_IMAGE_PATCHES = define(
    "ExtractImagePatches(images: T, *, ksizes: list(int), strides: list(int), rates: list(int), "
    "padding: string) -> patches: T",
    shape=_patch_shape,
    T=REALS,
    ksizes=4,
    strides=4,
    rates=4,
    padding=("SAME", "VALID"),
)


@EXTRACT_IMAGE_PATCHES.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return _patch_gradient(EXTRACT_IMAGE_PATCHES, op, dy)


@EXTRACT_IMAGE_PATCHES.numpy
def _(x: Array, *, ksizes: list[int], strides: list[int], rates: list[int], padding: str) -> Array:
    _check_window(ksizes=ksizes, strides=strides, rates=rates)
    inner = slice(1, 3)
    return _extracted(
        x, tap_axes(x.shape[inner], ksizes[inner], strides[inner], padding, rates[inner])
    )


# --- ExtractVolumePatches ---
EXTRACT_VOLUME_PATCHES = define(
    "ExtractVolumePatches(input: T, *, ksizes: list(int), strides: list(int), padding: string)"
    " -> patches: T",
    shape=_patch_shape,
    T=REALS,
    ksizes=5,
    strides=5,
    padding=("SAME", "VALID"),
)


@EXTRACT_VOLUME_PATCHES.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return _patch_gradient(EXTRACT_VOLUME_PATCHES, op, dy)


@EXTRACT_VOLUME_PATCHES.numpy
def _(x: Array, *, ksizes: list[int], strides: list[int], padding: str) -> Array:
    _check_window(ksizes=ksizes, strides=strides)
    inner = slice(1, 4)
    return _extracted(x, tap_axes(x.shape[inner], ksizes[inner], strides[inner], padding))


# --- public functions ---
def _image_patches(
    images: Any, sizes: Any, strides: Any, rates: Any, padding: Any, name: str | None
) -> Tensor:
    found: Tensor = apply(
        EXTRACT_IMAGE_PATCHES,
        images,
        ksizes=sizes,
        strides=strides,
        rates=rates,
        padding=padding,
        name=name,
    )
    return found


@export("extract_image_patches", "image.extract_image_patches")
@renamed(sizes="ksizes")
def extract_image_patches(
    images: Any,
    ksizes: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the windows of images, each in the channels of one pixel.

    Args:
        images: x: [n, h, w, c].
        ksizes: the four sizes of the window, those of batch and channels 1.
        strides: the four steps of the window.
        rates: the four steps within the window.
        padding: "SAME" (zeros around the images) or "VALID".
        name: the node's name.

    Returns:
        [n, rows, columns, window h * window w * c].

    Raises:
        ValueError: if the window does not fit.
    """
    return _image_patches(images, ksizes, strides, rates, padding, name)


@export("image.extract_patches")
def extract_patches(
    images: Any, sizes: Any, strides: Any, rates: Any, padding: Any, name: str | None = None
) -> Tensor:
    """Returns the windows of images; see `extract_image_patches`.

    Args:
        images: x: [n, h, w, c].
        sizes: the four sizes of the window.
        strides: the four steps of the window.
        rates: the four steps within the window.
        padding: "SAME" or "VALID".
        name: the node's name.
    """
    return _image_patches(images, sizes, strides, rates, padding, name)


@export("extract_volume_patches")
def extract_volume_patches(
    input: Any, ksizes: Any, strides: Any, padding: Any, name: str | None = None
) -> Tensor:
    """Returns the windows of volumes, each in the channels of one element.

    Args:
        input: x: [n, d, h, w, c].
        ksizes: the five sizes of the window, those of batch and channels 1.
        strides: the five steps of the window.
        padding: "SAME" (zeros around the volumes) or "VALID".
        name: the node's name.

    Returns:
        [n, planes, rows, columns, window d * window h * window w * c].

    Raises:
        ValueError: if the window does not fit.
    """
    found: Tensor = apply(
        EXTRACT_VOLUME_PATCHES, input, ksizes=ksizes, strides=strides, padding=padding, name=name
    )
    return found
