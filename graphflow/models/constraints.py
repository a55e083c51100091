"""Keras' constraints: what is made of a variable after an optimizer's step, also by name."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import bool_, int32
from graphflow.core.export import export
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.models.utils_objects import deserialize_keras_object, serialize_keras_object
from graphflow.nets import keras_state
from graphflow.ops.cast import cast
from graphflow.ops.clip import clip_by_value
from graphflow.ops.comparison import greater_equal, less
from graphflow.ops.constant import constant
from graphflow.ops.division import floormod
from graphflow.ops.fill import zeros
from graphflow.ops.flow_cond import cond
from graphflow.ops.flow_while import while_loop
from graphflow.ops.functional import map_fn
from graphflow.ops.pad import pad
from graphflow.ops.powers import sqrt, square
from graphflow.ops.reduce import reduce_sum
from graphflow.ops.reshape import reshape
from graphflow.ops.shape_ops import shape as shape_of
from graphflow.ops.stack import stack, unstack


@export("keras.constraints.Constraint")
class Constraint:
    """What makes a new value of a variable's; subclasses define `__call__` and `get_config`."""

    def __call__(self, w: Any) -> Any:
        """Returns the new value of a variable."""
        return w

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this constraint again."""
        return {}


def _between(x: Any, low: Any, high: Any) -> Tensor:
    dtype = x.dtype.base_dtype
    high = low if high is not None and high < low else high
    lower, upper = constant(low, dtype), constant(np.inf if high is None else high, dtype)
    found: Tensor = clip_by_value(x, lower, upper)
    return found


def _norms(w: Any, axis: Any) -> Tensor:
    """The lengths of the vectors along axes, kept as axes of size 1."""
    squares = reduce_sum(square(w), axis=axis, keepdims=True)
    dtype = squares.dtype.base_dtype
    found: Tensor = sqrt(clip_by_value(squares, constant(0.0, dtype), constant(np.inf, dtype)))
    return found


@export("keras.constraints.MaxNorm", "keras.constraints.max_norm")
class MaxNorm(Constraint):
    """Vectors along some axes are made no longer than a length.

    Args:
        max_value: the length.
        axis: the axis or axes: 0 for a Dense layer's kernel, [0, 1, 2] for a Conv2D's.
    """

    def __init__(self, max_value: Any = 2, axis: Any = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """Returns the new value of a variable."""
        norms = _norms(w, self.axis)
        wanted = _between(norms, 0, self.max_value)
        found: Tensor = w * (wanted / (keras_state.epsilon() + norms))
        return found

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this constraint again."""
        return {"max_value": self.max_value, "axis": self.axis}


@export("keras.constraints.NonNeg", "keras.constraints.non_neg")
class NonNeg(Constraint):
    """What is negative becomes zero."""

    def __call__(self, w: Any) -> Tensor:
        """Returns the new value of a variable."""
        found: Tensor = w * cast(greater_equal(w, 0.0), keras_state.floatx())
        return found


@export("keras.constraints.UnitNorm", "keras.constraints.unit_norm")
class UnitNorm(Constraint):
    """Vectors along some axes get the length 1.

    Args:
        axis: the axis or axes: 0 for a Dense layer's kernel, [0, 1, 2] for a Conv2D's.
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """Returns the new value of a variable."""
        found: Tensor = w / (keras_state.epsilon() + _norms(w, self.axis))
        return found

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this constraint again."""
        return {"axis": self.axis}


@export("keras.constraints.MinMaxNorm", "keras.constraints.min_max_norm")
class MinMaxNorm(Constraint):
    """Vectors along some axes are brought to a length in a range.

    Args:
        min_value: the least length.
        max_value: the greatest length.
        rate: how much of the way is gone in one step; 1: all of it.
        axis: the axis or axes: 0 for a Dense layer's kernel, [0, 1, 2] for a Conv2D's.
    """

    def __init__(
        self, min_value: Any = 0.0, max_value: Any = 1.0, rate: Any = 1.0, axis: Any = 0
    ) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """Returns the new value of a variable."""
        norms = _norms(w, self.axis)
        inside = _between(norms, self.min_value, self.max_value)
        wanted = self.rate * inside + (1 - self.rate) * norms
        found: Tensor = w * (wanted / (keras_state.epsilon() + norms))
        return found

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this constraint again."""
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


@export("keras.constraints.RadialConstraint", "keras.constraints.radial_constraint")
class RadialConstraint(Constraint):
    """Filters of images get one value for each distance from their middle.

    The value of a ring is that on its diagonal. For filters [rows, columns, channels, filters].
    """

    def __call__(self, w: Any) -> Tensor:
        """Returns the new value of a variable.

        Raises:
            ValueError: if its rank is not 4.
        """
        if w.shape.ndims != 4:
            raise ValueError(f"The weight tensor must be of rank 4, but is of shape: {w.shape}")
        height, width, channels, kernels = w.shape.as_list()
        flat = reshape(w, (height, width, channels * kernels))
        rings = map_fn(_rings, stack(unstack(flat, axis=-1), axis=0))
        found: Tensor = reshape(
            stack(unstack(rings, axis=0), axis=-1), (height, width, channels, kernels)
        )
        return found


def _rings(kernel: Any) -> Any:
    """One filter, [rows, columns], made of rings around its middle."""
    around = constant([[1, 1], [1, 1]], dtype=int32)
    size = shape_of(kernel)[0]
    start = cast(size / 2, int32)
    middle = cond(
        cast(floormod(size, 2), bool_),
        lambda: kernel[start - 1 : start, start - 1 : start],
        lambda: kernel[start - 1 : start, start - 1 : start] + zeros((2, 2), kernel.dtype),
    )
    index = cond(cast(floormod(size, 2), bool_), lambda: constant(0), lambda: constant(1))

    def one_more(i: Any, inside: Any) -> tuple[Any, Any]:
        return i + 1, pad(inside, around, constant_values=kernel[start + i, start + i])

    _, found = while_loop(
        lambda i, _: less(i, start),
        one_more,
        [index, middle],
        shape_invariants=[index.get_shape(), TensorShape([None, None])],
    )
    return found


_KNOWN: Final[dict[str, Any]] = {
    "Constraint": Constraint,
    "MaxNorm": MaxNorm,
    "NonNeg": NonNeg,
    "UnitNorm": UnitNorm,
    "MinMaxNorm": MinMaxNorm,
    "RadialConstraint": RadialConstraint,
    "max_norm": MaxNorm,
    "non_neg": NonNeg,
    "unit_norm": UnitNorm,
    "min_max_norm": MinMaxNorm,
    "radial_constraint": RadialConstraint,
    "maxnorm": MaxNorm,
    "nonneg": NonNeg,
    "unitnorm": UnitNorm,
}


@export("keras.constraints.serialize")
def serialize(constraint: Any) -> Any:
    """Returns a constraint in plain data: its class name and configuration, or its name.

    Raises:
        ValueError: if it has neither.
    """
    return serialize_keras_object(constraint)


@export("keras.constraints.deserialize")
def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Returns the constraint that plain data stands for.

    Args:
        config: a name, or a dict as `serialize` returns it.
        custom_objects: a dict of the program's own constraints by name.

    Raises:
        ValueError: if the name is not known.
    """
    return deserialize_keras_object(config, _KNOWN, custom_objects, "constraint")


@export("keras.constraints.get")
def get(identifier: Any) -> Any:
    """Returns a constraint: a function as it is, or one by its name or configuration.

    Args:
        identifier: a function, a name, a dict as `serialize` returns it, or None.

    Raises:
        ValueError: if it is none of these, or the name is not known.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    if callable(identifier):
        return identifier
    raise ValueError(f"Could not interpret constraint identifier: {identifier}")
