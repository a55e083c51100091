"""Pooling in one dimension, and by the rank of the input, with holes in the window or without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.export import export, renamed
from graphflow.core.tensor import Tensor
from graphflow.ops.atrous import steps_and_rates, with_space_to_batch
from graphflow.ops.conv import sequence
from graphflow.ops.pool import spatial_pool
from graphflow.ops.pool3d import volume_pool


@export("nn.max_pool2d")
def max_pool2d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    name: str | None = None,
) -> Tensor:
    """Returns the largest value of each window of images; see `max_pool`.

    Args:
        input: x: [n, h, w, c], or [n, c, h, w] for NCHW.
        ksize: the sizes of the window.
        strides: the steps of the window.
        padding: "SAME" or "VALID".
        data_format: "NHWC" or "NCHW".
        name: the node's name.
    """
    with scopes.name_scope(name, "MaxPool2d", [input]) as scope:
        return spatial_pool("MaxPool", input, ksize, strides, padding, data_format, scope)


def _one_dimensional(
    op_type: str, x: Any, ksize: Any, strides: Any, padding: Any, data_format: Any, scope: str
) -> Tensor:
    """One pooling of signals, as images of height one."""
    first = data_format is not None and data_format.startswith("NC")
    channel_index, axis = (1, 2) if first else (2, 1)
    sizes = [1, *sequence(ksize, 1, channel_index, "ksize")]
    steps = [1, *sequence(strides, 1, channel_index, "strides")]
    pooled = apply(
        op_type,
        apply("ExpandDims", x, axis),
        ksize=sizes,
        strides=steps,
        padding=padding,
        data_format="NCHW" if first else "NHWC",
        name=scope,
    )
    found: Tensor = apply("Squeeze", pooled, squeeze_dims=[axis])
    return found


@export("nn.max_pool1d")
def max_pool1d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NWC",
    name: str | None = None,
) -> Tensor:
    """Returns the largest value of each window of signals.

    Args:
        input: x: [n, w, c], or [n, c, w] for NCW.
        ksize: the size of the window.
        strides: the step of the window.
        padding: "SAME" or "VALID".
        data_format: "NWC" or "NCW".
        name: the name of the scope.
    """
    with scopes.name_scope(name, "MaxPool1d", [input]) as scope:
        return _one_dimensional("MaxPool", input, ksize, strides, padding, data_format, scope)


@export("nn.avg_pool1d")
def avg_pool1d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NWC",
    name: str | None = None,
) -> Tensor:
    """Returns the average of each window of signals.

    Args:
        input: x: [n, w, c], or [n, c, w] for NCW.
        ksize: the size of the window.
        strides: the step of the window.
        padding: "SAME" or "VALID".
        data_format: "NWC" or "NCW".
        name: the name of the scope.
    """
    with scopes.name_scope(name, "AvgPool1D", [input]) as scope:
        return _one_dimensional("AvgPool", input, ksize, strides, padding, data_format, scope)


def _by_rank(
    op_type: str, input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any, name: Any
) -> Tensor:
    dims = input.shape.dims if isinstance(input, Tensor) else np.shape(input)
    n = len(dims if dims is not None else data_format or ()) - 2
    if not 1 <= n <= 3:
        raise ValueError(f"Input tensor must be of rank 3, 4 or 5 but was {n + 2}.")
    if n == 3:
        return volume_pool(f"{op_type}3D", input, ksize, strides, padding, data_format, name)
    if n == 2:
        return spatial_pool(op_type, input, ksize, strides, padding, data_format, name)
    narrow = max_pool1d if op_type == "MaxPool" else avg_pool1d
    return narrow(input, ksize, strides, padding, data_format, name)


@export("nn.max_pool_v2")
def max_pool_v2(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the largest value of each window of signals, images or volumes, by the rank.

    Args:
        input: x: [n, *space, c].
        ksize: the sizes of the window.
        strides: the steps of the window.
        padding: "SAME" or "VALID".
        data_format: "NWC", "NCW", "NHWC", "NCHW", "NDHWC" or "NCDHW"; None: channels last.
        name: the node's name.

    Raises:
        ValueError: if the rank is none of 3, 4 and 5.
    """
    return _by_rank("MaxPool", input, ksize, strides, padding, data_format, name)


@export("nn.avg_pool_v2")
def avg_pool_v2(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns the average of each window of signals, images or volumes, by the rank.

    Args:
        input: x: [n, *space, c].
        ksize: the sizes of the window.
        strides: the steps of the window.
        padding: "SAME" or "VALID".
        data_format: "NWC", "NCW", "NHWC", "NCHW", "NDHWC" or "NCDHW"; None: channels last.
        name: the node's name.

    Raises:
        ValueError: if the rank is none of 3, 4 and 5.
    """
    return _by_rank("AvgPool", input, ksize, strides, padding, data_format, name)


@export("nn.pool")
@renamed(dilations="dilation_rate")
def pool(
    input: Any,
    window_shape: Any,
    pooling_type: str,
    padding: Any,
    dilation_rate: Any = None,
    strides: Any = None,
    name: str | None = None,
    data_format: Any = None,
) -> Tensor:
    """Returns the largest value or the average of each window, by the length of `window_shape`.

    Args:
        input: x: [n, *space, c]; channels first for a format such as "NCHW".
        window_shape: the size of the window in each dimension of space.
        pooling_type: "MAX" or "AVG".
        padding: "SAME" or "VALID".
        dilation_rate: the steps within a window; None: 1. Others need "VALID" and no strides.
        strides: the step of the window in each dimension of space; None: 1.
        name: the node's name.
        data_format: "NWC", "NCW", "NHWC", "NCHW", "NDHWC" or "NCDHW"; None: channels last.

    Raises:
        ValueError: if lengths do not fit, or a step is larger than the window.
    """
    with scopes.name_scope(name, f"{pooling_type.lower()}_pool", [input]) as scope:
        input = convert(input, name="input")
        n = len(window_shape)
        if not 1 <= n <= 3:
            raise ValueError("It is required that 1 <= num_spatial_dims <= 3.")
        input.shape.with_rank(n + 2)
        steps, rates = steps_and_rates(n, strides, dilation_rate)
        _check_window(pooling_type, window_shape, steps, rates, padding)
        first = data_format is not None and data_format.startswith("NC")
        operator = _pooled_once(pooling_type, list(window_shape), steps, data_format, scope)
        found: Tensor = with_space_to_batch(
            input,
            rates,
            padding,
            operator,
            filter_shape=window_shape,
            spatial_dims=range(2, n + 2) if first else range(1, n + 1),
        )
        return found


def _check_window(pooling_type: str, window: Any, steps: Any, rates: Any, padding: Any) -> None:
    """Refuses windows and steps that TensorFlow refuses."""
    if padding == "SAME" and (rates > 1).any():
        raise ValueError("pooling with SAME padding is not implemented for dilation_rate > 1")
    if (steps > window).any():
        raise ValueError(
            "strides > window_shape not supported due to inconsistency between CPU and GPU "
            "implementations"
        )
    if pooling_type not in ("MAX", "AVG"):
        raise ValueError(f"{len(window)}-D {pooling_type} pooling is not supported.")


def _pooled_once(
    pooling_type: str, window: list[int], steps: Any, data_format: Any, scope: str
) -> Callable[[Any, int, Any], Tensor]:
    """The pooling without holes, as `with_space_to_batch` takes it."""
    op_type = "MaxPool" if pooling_type == "MAX" else "AvgPool"
    strides = [int(step) for step in steps]
    if len(window) == 1 and data_format not in (None, "NWC", "NCW"):
        raise ValueError('data_format must be either "NWC" or "NCW".')

    def operator(x: Any, n: int, padding: Any) -> Tensor:
        if n == 1:
            return _one_dimensional(op_type, x, window, strides, padding, data_format, scope)
        if n == 2:
            return spatial_pool(op_type, x, window, strides, padding, data_format, scope)
        return volume_pool(f"{op_type}3D", x, window, strides, padding, data_format, scope)

    return operator
