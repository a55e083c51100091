"""Where values enter a graph: constants and placeholders."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import convert, scopes, values
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.eager_tensor import EagerTensor
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.repeated import Repeated, whole
from graphflow.core.shape import Dims, as_shape, clash, compatible, text
from graphflow.core.tensor import Tensor

Array = np.ndarray[Any, Any]

# --- Const ---
CONST = define("Const(*, value: tensor, dtype: type) -> output: dtype", view=True)
CONST.no_gradient("has no input")


@CONST.shape
def _(op: Operation) -> list[Dims]:
    return [op.attrs["value"].shape]


@CONST.numpy
def _(*, value: Array | Repeated) -> Array:
    return whole(value)


@export("constant", "constant_v1")
def constant(
    value: Any,
    dtype: Any = None,
    shape: Any = None,
    name: str = "Const",
    verify_shape: bool = False,
) -> Tensor:
    """Returns a tensor that is the same in every run.

    Args:
        value: a number, text, nested lists of them, or an array.
        dtype: the element type; None: float32 for Python floats, int32 for ints that fit (else
            int64), an array's own type for an array.
        shape: the shape; a value that is too short is continued with its last element.
        name: the node's name.
        verify_shape: raise instead of continuing the value.

    Raises:
        TypeError: if the value has no such type, or `verify_shape` finds another shape.
        ValueError: for None, lists whose rows differ in length, too many elements, or more than
            2 GB.
    """
    wanted = None if dtype is None else as_dtype(dtype)
    if value.__class__ is EagerTensor and scopes.get_default_graph().executes:
        value = _of_value(value, wanted)
        if shape is None or value.dims == tuple(as_shape(shape).as_list()):
            return value  # type: ignore[no-any-return]  # a tensor
        value = value.numpy()
    if isinstance(value, np.ndarray):
        values.check_size(value)  # before any copy is made
    array = values.as_array(value, wanted)
    found: DType = as_dtype(array.dtype) if wanted is None else wanted.base_dtype
    if shape is not None:
        dims = as_shape(shape)
        dims.assert_is_fully_defined()
        array = values.filled(array, tuple(dims.as_list()), verify_shape)  # type: ignore[arg-type]  # fully defined
    if array is value or not array.flags.owndata or not array.flags.c_contiguous:
        array = np.array(array, order="C")
    return convert.constant(array, found, name)


def _of_value(value: EagerTensor, wanted: DType | None) -> Any:
    """A tensor with a value as a constant of a type."""
    if wanted is None or wanted.base_dtype == value.dtype:
        return value
    raise TypeError(f"Expected tensor with type {wanted!r} not {value.dtype!r}")


# --- Placeholder ---
PLACEHOLDER = define(
    "Placeholder(*, dtype: type, shape: shape = None) -> output: dtype"
).no_gradient("has no input")


@PLACEHOLDER.shape
def _(op: Operation) -> list[Dims]:
    return [op.attrs["shape"]]


@PLACEHOLDER.numpy
def _(*, dtype: DType, shape: Dims, name: str) -> Array:
    place = f" and shape {text(shape)}" if shape else ""
    short = {"float32": "float", "float64": "double", "float16": "half"}.get(dtype.name, dtype.name)
    raise KernelError(
        f"You must feed a value for placeholder tensor '{name}' with dtype {short}{place}"
    )


@export("placeholder")
def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """Returns a tensor whose value each run must feed.

    Args:
        dtype: the element type.
        shape: what is known of the shape; None: nothing, and any shape may be fed.
        name: the node's name.

    Raises:
        RuntimeError: in eager execution.
    """
    if scopes.get_default_graph().executes:
        raise RuntimeError("tf.placeholder() is not compatible with eager execution.")
    found: Tensor = apply(PLACEHOLDER, dtype=dtype, shape=as_shape(shape).raw, name=name)
    return found


# --- PlaceholderWithDefault ---
PLACEHOLDER_WITH_DEFAULT = define(
    "PlaceholderWithDefault(input: dtype, *, shape: shape) -> output: dtype", view=True
)


@PLACEHOLDER_WITH_DEFAULT.shape
def _(op: Operation) -> list[Dims]:
    asked, given = op.attrs["shape"], op.inputs[0].dims
    if not compatible(asked, given):
        raise ShapeError(
            f"{clash(given, asked)} "
            "the default does not have the shape that the placeholder asks for"
        )
    return [asked]


PLACEHOLDER_WITH_DEFAULT.passes_rows = True


@PLACEHOLDER_WITH_DEFAULT.gradient
def _(op: Operation, dy: Tensor) -> Tensor:
    return dy


@PLACEHOLDER_WITH_DEFAULT.numpy
def _(value: Array) -> Array:
    return value


@export("placeholder_with_default")
def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """Returns a tensor that a run may feed, and that is `input` where it does not.

    Args:
        input: the default value.
        shape: the shape that a fed value must fit.
        name: the node's name.
    """
    found: Tensor = apply(PLACEHOLDER_WITH_DEFAULT, input, shape=as_shape(shape).raw, name=name)
    return found
