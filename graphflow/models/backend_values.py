"""tf.keras.backend: constants, variables and placeholders, and what is known of tensors."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import as_dtype
from graphflow.core.export import export
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.nets import keras_nodes, keras_state
from graphflow.nets.keras_state import floatx
from graphflow.ops import constant as constants
from graphflow.ops.sparse_placeholder import sparse_placeholder
from graphflow.ops.variables import Variable

_NOT_EAGER: Final = (
    "Keras builds and fits models in graphs here: `Input`, `input_shape` and `fit` do not go with "
    "eager execution. Leave out tf.enable_eager_execution(), or call layers and subclassed models "
    "on tensors and train them with tf.GradientTape."
)


@export("keras.backend.placeholder")
def placeholder(
    shape: Any = None,
    ndim: int | None = None,
    dtype: Any = None,
    sparse: bool = False,
    name: str | None = None,
    ragged: bool = False,
) -> Any:
    """Returns a tensor whose value must be fed.

    Args:
        shape: the shape, with None for free sizes; None: any.
        ndim: the rank; used if there is no shape.
        dtype: the element type; None: `floatx()`.
        sparse: whether it is a SparseTensor.
        name: the node's name.
        ragged: refused, for there are no ragged tensors.

    Raises:
        ValueError: if it is ragged.
    """
    if ragged:
        raise ValueError(
            "Cannot set both sparse and ragged to True when creating a placeholder."
            if sparse
            else "There are no ragged tensors; see tf.keras.Input."
        )
    dtype = dtype or floatx()
    if not shape and ndim:
        shape = (None,) * ndim
    if sparse:
        return sparse_placeholder(dtype, shape=shape, name=name)
    if scopes.get_default_graph().executes:
        raise RuntimeError(_NOT_EAGER)
    return constants.placeholder(dtype, shape=shape, name=name)


@export("keras.backend.backend")
def backend() -> str:
    """Returns what Keras runs on: "tensorflow", of which graphflow is one more."""
    return "tensorflow"


@export("keras.backend.name_scope")
def name_scope(name: str) -> Any:
    """Returns a context in which operations are named below a name.

    Args:
        name: the name.
    """
    return scopes.name_scope(name)


@export("keras.backend.constant")
def constant(value: Any, dtype: Any = None, shape: Any = None, name: Any = None) -> Tensor:
    """Returns a tensor of a fixed value.

    Args:
        value: the value.
        dtype: the element type; None: `floatx()`.
        shape: the shape; None: that of the value.
        name: the node's name.
    """
    return constants.constant(value, dtype=dtype or floatx(), shape=shape, name=name)


@export("keras.backend.variable")
def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """Returns a new variable.

    Args:
        value: the first value. A SciPy sparse matrix makes a constant SparseTensor.
        dtype: the element type; None: `floatx()`.
        name: the variable's name.
        constraint: applied to the new value after an optimizer's step.
    """
    if hasattr(value, "tocoo"):
        entries = value.tocoo()
        indices = np.stack([entries.row, entries.col], axis=1).astype(np.int64)
        return SparseTensor(indices, entries.data, entries.shape)
    made = Variable(value, dtype=as_dtype(dtype or floatx()), name=name, constraint=constraint)
    keras_state.track_variable(made)
    return made


def is_keras_tensor(x: Any) -> bool:
    """Returns whether a tensor is the result of a layer of Keras.

    Args:
        x: the tensor.

    Raises:
        ValueError: if it is no tensor.
    """
    if not isinstance(x, Tensor | Variable | SparseTensor):
        raise ValueError(
            f"Unexpectedly found an instance of type `{type(x)}`. Expected a symbolic tensor "
            "instance."
        )
    return hasattr(x, "_keras_history")


def is_placeholder(x: Any) -> bool:
    """Returns whether a tensor is a placeholder."""
    if isinstance(x, SparseTensor):
        x = x.indices
    return isinstance(x, Tensor) and x.op.type == "Placeholder"


@export("keras.backend.int_shape")
def int_shape(x: Any) -> Any:
    """Returns the shape of a tensor as a tuple, with None for sizes that are not known.

    Args:
        x: a tensor or variable.

    Returns:
        The tuple; None if the rank is not known.
    """
    return keras_nodes.int_shape(x)


@export("keras.backend.ndim")
def ndim(x: Any) -> int | None:
    """Returns the rank of a tensor; None if it is not known."""
    found: int | None = x.shape.ndims
    return found


@export("keras.backend.dtype")
def dtype(x: Any) -> str:
    """Returns the name of the element type of a tensor or variable."""
    found: str = x.dtype.base_dtype.name
    return found


@export("keras.backend.is_sparse")
def is_sparse(tensor: Any) -> bool:
    """Returns whether a tensor is a SparseTensor."""
    return isinstance(tensor, SparseTensor)


def to_tensor(x: Any, dtype: Any = None) -> Tensor:
    """Returns a tensor of a value.

    Args:
        x: a tensor or an array.
        dtype: the element type; None: its own.
    """
    found: Tensor = convert(x, dtype)
    return found
