"""Pooling in one dimension, and by the rank of the input."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.export import export, renamed
from graphflow.core.tensor import Tensor
from graphflow.ops.conv import sequence
from graphflow.ops.pool import spatial_pool


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
    if n not in (1, 2):
        raise ValueError(f"Input tensor must be of rank 3 or 4 but was {n + 2}.")
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
    """Returns the largest value of each window of signals or images, by the rank of the input.

    Args:
        input: x: [n, w, c] or [n, h, w, c].
        ksize: the sizes of the window.
        strides: the steps of the window.
        padding: "SAME" or "VALID".
        data_format: "NWC", "NCW", "NHWC" or "NCHW"; None: channels last.
        name: the node's name.

    Raises:
        ValueError: if the rank is neither 3 nor 4.
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
    """Returns the average of each window of signals or images, by the rank of the input.

    Args:
        input: x: [n, w, c] or [n, h, w, c].
        ksize: the sizes of the window.
        strides: the steps of the window.
        padding: "SAME" or "VALID".
        data_format: "NWC", "NCW", "NHWC" or "NCHW"; None: channels last.
        name: the node's name.

    Raises:
        ValueError: if the rank is neither 3 nor 4.
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
    """Returns the largest value or the average of each window, by the rank of the input.

    Args:
        input: x: [n, w, c] or [n, h, w, c]; channels first for a format such as "NCHW".
        window_shape: the size of the window in each spatial dimension.
        pooling_type: "MAX" or "AVG".
        padding: "SAME" or "VALID".
        dilation_rate: ones or None: other steps within a window are not offered.
        strides: the step of the window in each spatial dimension; None: 1.
        name: the node's name.
        data_format: "NWC", "NCW", "NHWC" or "NCHW"; None: channels last.

    Raises:
        ValueError: if lengths do not fit, or a step is larger than the window.
    """
    with scopes.name_scope(name, f"{pooling_type.lower()}_pool", [input]) as scope:
        input = convert(input, name="input")
        n = len(window_shape)
        if n not in (1, 2):
            raise ValueError("It is required that 1 <= num_spatial_dims <= 2.")
        input.shape.with_rank(n + 2)
        if dilation_rate is not None and any(rate != 1 for rate in dilation_rate):
            raise ValueError("pooling with dilation_rate > 1 is not supported")
        steps = [1] * n if strides is None else list(strides)
        if len(steps) != n:
            raise ValueError(f"len(strides)={len(steps)} but should be {n}")
        if any(step > size for step, size in zip(steps, window_shape, strict=True)):
            raise ValueError("strides > window_shape not supported")
        if pooling_type not in ("MAX", "AVG"):
            raise ValueError(f"{n}-D {pooling_type} pooling is not supported.")
        convert([1] * n, int32, "dilation_rate")  # TensorFlow makes it too: seeds count nodes
        op_type = "MaxPool" if pooling_type == "MAX" else "AvgPool"
        if n == 2:
            return spatial_pool(
                op_type, input, list(window_shape), steps, padding, data_format, scope
            )
        return _one_dimensional(
            op_type, input, list(window_shape), steps, padding, data_format, scope
        )
