"""Biases: one number for each channel, and the layers written with them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.errors import ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import Call, Lowering
from graphflow.core.opdef import NUMBERS, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops.activation import relu

Array = np.ndarray[Any, Any]


def _checked(op: Operation, data_format: str) -> list[Dims]:
    """The shape of a value plus a bias, after the checks."""
    value, bias = op.inputs[0].dims, op.inputs[1].dims
    first = data_format == "NCHW"
    least = 3 if first else 2
    if value is not None and len(value) < least:
        raise ShapeError(
            f"Shape must be at least rank {least} but is rank {len(value)}",
            run=f"Input tensor must be at least {least}D: {text(value)}",
        )
    if bias is not None and len(bias) != 1:
        raise ShapeError(
            f"Shape must be rank 1 but is rank {len(bias)}", run=f"Biases must be 1D: {text(bias)}"
        )
    if value is None:
        return [None]
    at = 1 if first else len(value) - 1
    channels = value[at]
    given = bias[0] if bias is not None else None
    if channels is not None and given is not None and channels != given:
        raise ShapeError(
            f"Dimensions must be equal, but are {channels} and {given}",
            run="Must provide as many biases as the last dimension of the input tensor: "
            f"{text(bias)} vs. {text(value)}",
        )
    return [(*value[:at], given if channels is None else channels, *value[at + 1 :])]


def _beside(bias: Array, rank: int, data_format: str) -> Array:
    """A bias in a shape that broadcasts against the value."""
    return bias.reshape(-1, *[1] * (rank - 2)) if data_format == "NCHW" else bias


# --- BiasAdd ---
BIAS_ADD = define(
    "BiasAdd(value: T, bias: T, *, data_format: string = 'NHWC') -> output: T",
    in_place=(0,),
    T=NUMBERS,
    data_format=("NHWC", "NCHW"),
)


@BIAS_ADD.shape
def _(op: Operation) -> list[Dims]:
    return _checked(op, op.attrs["data_format"])


@BIAS_ADD.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    return dy, apply("BiasAddGrad", dy, data_format=op.attrs["data_format"])


@BIAS_ADD.compiled
def _(call: Call) -> Lowering | None:
    if call.attrs["data_format"] == "NCHW":
        return None
    return Lowering(tile="add", inputs=(0, 1))


@BIAS_ADD.numpy
def _(value: Array, bias: Array, *, data_format: str, out: Array | None) -> Array:
    found: Array = np.add(value, _beside(bias, value.ndim, data_format), out=out)
    return found


# --- BiasAddGrad ---
BIAS_ADD_GRAD = define(
    "BiasAddGrad(out_backprop: T, *, data_format: string = 'NHWC') -> output: T",
    T=NUMBERS,
    data_format=("NHWC", "NCHW"),
)


@BIAS_ADD_GRAD.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    first = op.attrs["data_format"] == "NCHW"
    least = 3 if first else 2
    if dims is None:
        return [(None,)]
    if len(dims) < least:
        raise ShapeError(
            f"Shape must be at least rank {least} but is rank {len(dims)}",
            run=f"Input tensor must be at least {least}D: {text(dims)}",
        )
    return [(dims[1 if first else -1],)]


@BIAS_ADD_GRAD.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    # The gradient of a sum repeats `dy` in every place that was summed.
    zeros = apply("ZerosLike", op.inputs[0])
    found: Tensor = apply(BIAS_ADD, zeros, dy, data_format=op.attrs["data_format"])
    return found


@BIAS_ADD_GRAD.compiled
def _(call: Call) -> Lowering | None:
    shape = call.shapes[0]
    if call.attrs["data_format"] == "NCHW" or call.real is None:
        return None
    sizes = 1, math.prod(shape[:-1]), shape[-1]
    return Lowering(f"sum.{call.real}", sizes, reduce="sum")


@BIAS_ADD_GRAD.numpy
def _(dy: Array, *, data_format: str, out: Array | None) -> Array:
    axes = (0, *range(2, dy.ndim)) if data_format == "NCHW" else tuple(range(dy.ndim - 1))
    if dy.dtype.itemsize == 2 and dy.dtype.kind not in "iu":
        wide = dy.astype(np.float32).sum(axis=axes)
        if out is None:
            return wide.astype(dy.dtype)  # type: ignore[no-any-return]  # an array, as `axes` leave one
        out[...] = wide
        return out
    # A product with ones adds up columns several times faster than `sum` over the first axis.
    if dy.dtype.kind == "f" and data_format != "NCHW" and dy.size:
        columns = dy.reshape(-1, dy.shape[-1])
        found: Array = np.matmul(np.ones(len(columns), dy.dtype), columns, out=out)
        return found
    return np.sum(dy, axis=axes, dtype=dy.dtype, out=out)


# --- BiasAddV1 ---
BIAS_ADD_V1 = define("BiasAddV1(value: T, bias: T) -> output: T", in_place=(0,), T=NUMBERS)


@BIAS_ADD_V1.shape
def _(op: Operation) -> list[Dims]:
    return _checked(op, "NHWC")


@BIAS_ADD_V1.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    return dy, apply(BIAS_ADD_GRAD, dy)


@BIAS_ADD_V1.numpy
def _(value: Array, bias: Array, *, out: Array | None) -> Array:
    found: Array = np.add(value, bias, out=out)
    return found


# --- public functions ---
@export("nn.bias_add")
def bias_add(value: Any, bias: Any, data_format: Any = None, name: str | None = None) -> Tensor:
    """Returns `value + bias`, with one bias for each channel.

    Args:
        value: x: [n, ..., channels], or [n, channels, ...] for "NC...".
        bias: b: [channels].
        data_format: "N...C" or "NC..."; None: the channels are last.
        name: the node's name.

    Raises:
        ValueError: if the format is another, or the sizes differ.
    """
    with scopes.name_scope(name, "BiasAdd", [value, bias]) as scope:
        if data_format is not None:
            if data_format.startswith("NC"):
                data_format = "NCHW"
            elif data_format.startswith("N") and data_format.endswith("C"):
                data_format = "NHWC"
            else:
                raise ValueError("data_format must be of the form `N...C` or `NC...`")
        value = convert(value, name="input")
        bias = convert(bias, value.dtype.base_dtype, "bias")
        found: Tensor = apply(BIAS_ADD, value, bias, data_format=data_format, name=scope)
    return found


@export("nn.xw_plus_b")
def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """Returns `matmul(x, weights) + biases`.

    Args:
        x: a matrix, [n, inputs].
        weights: a matrix, [inputs, outputs].
        biases: a vector, [outputs].
        name: the name of the scope.
    """
    with scopes.name_scope(name, "xw_plus_b", [x, weights, biases]) as scope:
        x, weights = convert(x, name="x"), convert(weights, name="weights")
        biases = convert(biases, name="biases")
        return bias_add(apply("MatMul", x, weights), biases, name=scope)


@export("nn.relu_layer")
def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """Returns `relu(matmul(x, weights) + biases)`.

    Args:
        x: a matrix, [n, inputs].
        weights: a matrix, [inputs, outputs].
        biases: a vector, [outputs].
        name: the name of the scope.
    """
    with scopes.name_scope(name, "relu_layer", [x, weights, biases]) as scope:
        x, weights = convert(x, name="x"), convert(weights, name="weights")
        biases = convert(biases, name="biases")
        found: Tensor = relu(bias_add(apply("MatMul", x, weights), biases), name=scope)
    return found
