"""Max pooling whose window and steps are tensors (MaxPoolV2), and its gradients."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import float32
from graphflow.core.errors import KernelError
from graphflow.core.opdef import REALS, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops import _pool_kernels
from graphflow.ops.pool import (
    LAYOUT,
    MAX_LAYOUT,
    MAX_TYPES,
    channels_of,
    check_shape,
    check_window,
    first_input_shape,
    pooled_shape,
)

Array = np.ndarray[Any, Any]

# --- MaxPoolV2: window and steps are tensors ---
_V2_ATTRS: Final = "padding: string, data_format: string = 'NHWC', T: type = float32"
MAX_POOL_V2 = define(
    f"MaxPoolV2(input: T, ksize: int32, strides: int32, *, {_V2_ATTRS}) -> output: T",
    T=default(MAX_TYPES, float32),
    padding=("SAME", "VALID"),
    **MAX_LAYOUT,
)


@MAX_POOL_V2.shape
def _(op: Operation) -> list[Dims]:
    a = op.attrs
    ksize, strides = op.partial(1), op.partial(2)
    return [pooled_shape(op.inputs[0].dims, ksize, strides, a["padding"], a["data_format"])]


@MAX_POOL_V2.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, None]:
    x, ksize, strides = op.inputs
    attrs = {key: op.attrs[key] for key in ("padding", "data_format")}
    return apply(MAX_POOL_GRAD_V2, x, op.outputs[0], dy, ksize, strides, **attrs), None, None


@MAX_POOL_V2.numpy
def _(
    x: Array, ksize: Array, strides: Array, *, padding: str, data_format: str, out: Array | None
) -> Array:
    sizes, steps = _window_values(ksize, strides)
    check_window(sizes, steps, data_format, "max", channels_of(x, data_format))
    return _pool_kernels.max_pool(
        x, ksize=sizes, strides=steps, padding=padding, data_format=data_format, out=out
    )


def _window_values(ksize: Array, strides: Array) -> tuple[list[int], list[int]]:
    """The two vectors as lists, after the checks that the shape rule could not make."""
    sizes, steps = ksize.tolist(), strides.tolist()
    if len(sizes) != 4 or len(steps) != 4:
        raise KernelError("Sliding window ksize and strides fields must specify 4 dimensions")
    if min(sizes) < 1 or min(steps) < 1:
        raise KernelError("Sliding window ksize and strides must be positive")
    return sizes, steps


_GRAD_V2_PORTS: Final = "orig_input: T, orig_output: T, grad: T, ksize: int32, strides: int32"
MAX_POOL_GRAD_V2 = define(
    f"MaxPoolGradV2({_GRAD_V2_PORTS}, *, {_V2_ATTRS}) -> output: T",
    shape=first_input_shape,
    T=default(REALS, float32),
    padding=("SAME", "VALID"),
    **LAYOUT,
)


@MAX_POOL_GRAD_V2.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, Tensor, None, None]:
    x, y, _, ksize, strides = op.inputs
    attrs = {key: op.attrs[key] for key in ("padding", "data_format")}
    return (
        apply("ZerosLike", x),
        None,
        apply(MAX_POOL_GRAD_GRAD_V2, x, y, dy, ksize, strides, **attrs),
        None,
        None,
    )


@MAX_POOL_GRAD_V2.numpy
def _(
    x: Array,
    y: Array,
    grad: Array,
    ksize: Array,
    strides: Array,
    *,
    padding: str,
    data_format: str,
    out: Array | None,
) -> Array:
    sizes, steps = _window_values(ksize, strides)
    check_window(sizes, steps, data_format, "max", channels_of(x, data_format))
    window = {"ksize": sizes, "strides": steps, "padding": padding, "data_format": data_format}
    check_shape("orig_output", y, x, window)
    check_shape("grad", grad, x, window)
    return _pool_kernels.max_pool_grad(x, y, grad, **window, out=out)  # type: ignore[arg-type]  # by name


MAX_POOL_GRAD_GRAD_V2 = define(
    f"MaxPoolGradGradV2({_GRAD_V2_PORTS}, *, padding: string, data_format: string = 'NHWC')"
    " -> output: T",
    T=REALS,
    padding=("SAME", "VALID"),
    **LAYOUT,
)


@MAX_POOL_GRAD_GRAD_V2.shape
def _(op: Operation) -> list[Dims]:
    return [op.inputs[1].dims]


@MAX_POOL_GRAD_GRAD_V2.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, Tensor, None, None]:
    x, y, _, ksize, strides = op.inputs
    attrs = {key: op.attrs[key] for key in ("padding", "data_format")}
    # Where a maximum stands does not change with small changes of the input.
    return (
        apply("ZerosLike", x),
        None,
        apply(MAX_POOL_GRAD_V2, x, y, dy, ksize, strides, **attrs),
        None,
        None,
    )


@MAX_POOL_GRAD_GRAD_V2.numpy
def _(
    x: Array,
    y: Array,
    grad: Array,
    ksize: Array,
    strides: Array,
    *,
    padding: str,
    data_format: str,
    out: Array | None,
) -> Array:
    sizes, steps = _window_values(ksize, strides)
    check_window(sizes, steps, data_format, "max", channels_of(x, data_format))
    window = {"ksize": sizes, "strides": steps, "padding": padding, "data_format": data_format}
    check_shape("orig_output", y, x, window)
    return _pool_kernels.max_pool_grad_grad(x, y, grad, **window, out=out)  # type: ignore[arg-type]  # by name
