"""Max pooling that also says where the largest values stand, and its gradients."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, int64
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, REALS, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _pool_kernels
from graphflow.ops._arguments import either
from graphflow.ops.pool import (
    FIXED,
    WINDOW,
    check_window,
    first_input_shape,
    pool_shape,
    window_attrs,
)

Array = np.ndarray[Any, Any]

# --- MaxPoolWithArgmax ---
_ARGMAX_ATTRS: Final = f"{WINDOW}, include_batch_in_index: bool = False"
MAX_POOL_WITH_ARGMAX = define(
    "MaxPoolWithArgmax(input: T, *, ksize: list(int), strides: list(int), Targmax: type = int64, "
    "padding: string, include_batch_in_index: bool = False) -> output: T, argmax: Targmax",
    shape=pool_shape,
    T=REALS,
    Targmax=default(INDEX, int64),
    **FIXED,
)


@MAX_POOL_WITH_ARGMAX.gradient
def _(op: Operation, dy: Tensor, *_: Any) -> Tensor:
    found: Tensor = apply(
        MAX_POOL_GRAD_WITH_ARGMAX, op.inputs[0], dy, op.outputs[1], **window_attrs(op)
    )
    return found


@MAX_POOL_WITH_ARGMAX.numpy
def _(
    x: Array,
    *,
    ksize: list[int],
    strides: list[int],
    padding: str,
    include_batch_in_index: bool,
    Targmax: DType,  # noqa: N803 (TensorFlow's name)
) -> tuple[Array, Array]:
    check_window(ksize, strides, "NHWC", "argmax")
    return _pool_kernels.max_pool_with_argmax(
        x,
        ksize=ksize,
        strides=strides,
        padding=padding,
        include_batch_in_index=include_batch_in_index,
        targmax=Targmax.as_numpy_dtype,
    )


MAX_POOL_GRAD_WITH_ARGMAX = define(
    f"MaxPoolGradWithArgmax(input: T, grad: T, argmax: Targmax, *, {_ARGMAX_ATTRS}) -> output: T",
    shape=first_input_shape,
    T=REALS,
    Targmax=INDEX,
    **FIXED,
)


@MAX_POOL_GRAD_WITH_ARGMAX.gradient
def _(op: Operation, dy: Tensor) -> tuple[None, Tensor, None]:
    x, _, argmax = op.inputs
    return None, apply(MAX_POOL_GRAD_GRAD_WITH_ARGMAX, x, dy, argmax, **window_attrs(op)), None


@MAX_POOL_GRAD_WITH_ARGMAX.numpy
def _(x: Array, grad: Array, argmax: Array, *, include_batch_in_index: bool) -> Array:
    if grad.shape != argmax.shape:
        raise KernelError(
            f"Expected grad shape to be {text(argmax.shape)}, but got {text(grad.shape)}"
        )
    try:
        return _pool_kernels.max_pool_grad_with_argmax(
            x, grad, argmax, include_batch_in_index=include_batch_in_index
        )
    except ValueError as e:
        raise KernelError(f"Invalid output gradient index: {e}") from None


MAX_POOL_GRAD_GRAD_WITH_ARGMAX = define(
    f"MaxPoolGradGradWithArgmax(input: T, grad: T, argmax: Targmax, *, {_ARGMAX_ATTRS})"
    " -> output: T",
    T=REALS,
    Targmax=INDEX,
    **FIXED,
)


@MAX_POOL_GRAD_GRAD_WITH_ARGMAX.shape
def _(op: Operation) -> list[Dims]:
    return pool_shape(op)


@MAX_POOL_GRAD_GRAD_WITH_ARGMAX.gradient
def _(op: Operation, dy: Tensor) -> tuple[None, Tensor, None]:
    x, _, argmax = op.inputs
    return None, apply(MAX_POOL_GRAD_WITH_ARGMAX, x, dy, argmax, **window_attrs(op)), None


@MAX_POOL_GRAD_GRAD_WITH_ARGMAX.numpy
def _(x: Array, grad: Array, argmax: Array, *, include_batch_in_index: bool) -> Array:
    try:
        return _pool_kernels.max_pool_grad_grad_with_argmax(
            x, grad, argmax, include_batch_in_index=include_batch_in_index
        )
    except ValueError as e:
        raise KernelError(f"Invalid argmax: {e}") from None


@export("nn.max_pool_with_argmax")
def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    Targmax: Any = None,  # noqa: N803 (TensorFlow's name)
    name: str | None = None,
    output_dtype: Any = None,
    include_batch_in_index: bool = False,
) -> Any:
    """Returns the largest value of each window and where it stands.

    Args:
        input: x: [n, h, w, c].
        ksize: the four sizes of the window.
        strides: its four steps.
        padding: "SAME" or "VALID".
        data_format: "NHWC".
        Targmax: the type of the positions; None: int64.
        name: the node's name.
        output_dtype: the newer name of `Targmax`.
        include_batch_in_index: whether positions count through the whole batch; else each is
            `(row * w + column) * c + channel` within its image.

    Returns:
        A named tuple (output, argmax).

    Raises:
        ValueError: for another `data_format`, or if both names of the type are given.
    """
    if data_format != "NHWC":
        raise ValueError("Data formats other than 'NHWC' are not yet supported")
    return apply(
        MAX_POOL_WITH_ARGMAX,
        input,
        ksize=ksize,
        strides=strides,
        padding=padding,
        Targmax=either("Targmax", Targmax, "output_dtype", output_dtype),
        include_batch_in_index=include_batch_in_index,
        name=name,
    )
