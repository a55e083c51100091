"""Images scaled and moved by fractions of pixels: ScaleAndTranslate; QuantizedResizeBilinear."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import bfloat16, float16, float32, float64, qint32, quint8
from graphflow.core.errors import KernelError
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _image_resample, _image_spans
from graphflow.ops._quantize_kernels import FromFloat, ToFloat, plain
from graphflow.ops._shapes import need_rank
from graphflow.ops.image_resize import WHOLE, like_original, resized, size_of, target

Array = np.ndarray[Any, Any]
_HOW: Final = "kernel_type: string = 'lanczos3', antialias: bool = True"


def _how(op: Operation) -> dict[str, Any]:
    return {key: op.attrs[key] for key in ("kernel_type", "antialias")}


def _pair(values: Array, name: str) -> list[Any]:
    if values.ndim != 1:
        raise KernelError(f"{name} must be 1-dimensional{text(values.shape)}")
    if len(values) != 2:
        raise KernelError(f"t must have two elements{text(values.shape)}")
    return list(values)


def _matrices(
    before: tuple[int, ...], after: tuple[int, ...], scale: Array, move: Array, how: dict[str, Any]
) -> list[Array]:
    """The weights of rows and of columns, after the checks that TensorFlow makes in a run."""
    kernel = how["kernel_type"]
    if kernel not in _image_spans.KERNELS:
        raise KernelError(f"Unrecognized kernel type: {kernel}")
    scales, moves = _pair(scale, "scale"), _pair(move, "translation")
    if min(scales) <= 0:
        raise KernelError("Scale must be greater than zero.")
    sides = zip(before, after, scales, moves, strict=True)
    return [_image_spans.weights(*side, kernel, how["antialias"]) for side in sides]


def _mixed(x: Array, rows: Array, columns: Array) -> Array:
    """Images whose rows, and then columns, are sums of the old ones."""
    made = np.einsum("yh,bhwc->bywc", rows, x, optimize=True)
    return np.ascontiguousarray(np.einsum("xw,bywc->byxc", columns, made, optimize=True))


# --- ScaleAndTranslate ---
SCALE_AND_TRANSLATE = define(
    f"ScaleAndTranslate(images: T, size: int32, scale: float32, translation: float32, *, {_HOW})"
    " -> resized_images: float32",
    shape=resized,
    blas=True,
    T=(*WHOLE, bfloat16, float16, float32, float64),
)


@SCALE_AND_TRANSLATE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor | None, None, None, None]:
    images, _, scale, move = op.inputs
    if images.dtype.base_dtype != float32:
        return None, None, None, None
    return apply(SCALE_AND_TRANSLATE_GRAD, dy, images, scale, move, **_how(op)), None, None, None


@SCALE_AND_TRANSLATE.numpy
def _(
    x: Array, size: Array, scale: Array, move: Array, *, kernel_type: str, antialias: bool
) -> Array:
    after = target(x, size)
    how = {"kernel_type": kernel_type, "antialias": antialias}
    return _mixed(x.astype(np.float32), *_matrices(x.shape[1:3], after, scale, move, how))


SCALE_AND_TRANSLATE_GRAD = define(
    "ScaleAndTranslateGrad(grads: T, original_image: T, scale: float32, translation: float32, *, "
    f"{_HOW}) -> output: T",
    shape=like_original,
    blas=True,
    T=(float32,),
)


@SCALE_AND_TRANSLATE_GRAD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, None, None]:
    grads, _, scale, move = op.inputs
    found = apply(SCALE_AND_TRANSLATE, dy, size_of(grads), scale, move, **_how(op))
    return found, None, None, None


@SCALE_AND_TRANSLATE_GRAD.numpy
def _(
    grads: Array, before: Array, scale: Array, move: Array, *, kernel_type: str, antialias: bool
) -> Array:
    how = {"kernel_type": kernel_type, "antialias": antialias}
    rows, columns = _matrices(before.shape[1:3], grads.shape[1:3], scale, move, how)
    return _mixed(grads, rows.T, columns.T)


# --- QuantizedResizeBilinear ---
QUANTIZED_RESIZE = define(
    "QuantizedResizeBilinear(images: T, size: int32, min: float32, max: float32, *, "
    "align_corners: bool = False, half_pixel_centers: bool = False)"
    " -> resized_images: T, out_min: float32, out_max: float32",
    T=(quint8, qint32, float32),
).no_gradient("TensorFlow has none", raises=True)


@QUANTIZED_RESIZE.shape
def _(op: Operation) -> list[Dims]:
    for t in op.inputs[2:]:
        need_rank(t.dims, 0)
    return [*resized(op), (), ()]


@QUANTIZED_RESIZE.numpy
def _(
    x: Array, size: Array, low: Array, high: Array, *, align_corners: bool, half_pixel_centers: bool
) -> tuple[Array, ...]:
    height, width = target(x, size, align_corners)
    how = {"align_corners": align_corners, "half_pixel": half_pixel_centers}
    numbers = plain(x)
    kind = numbers.dtype
    if kind == np.int32:
        values = ToFloat(low, high, kind)(numbers)
        mixed = _image_resample.bilinear(values, height, width, **how)
        found = FromFloat(low, high, kind)(mixed)
    elif kind == np.uint8:
        found = _image_resample.bilinear_bytes(numbers, height, width, **how)
    else:
        found = _image_resample.bilinear(numbers, height, width, **how)
    return np.ascontiguousarray(found).view(x.dtype), low.copy(), high.copy()
