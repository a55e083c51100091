"""tf.keras.backend: variables with first values, updates, and random numbers."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.dtypes import as_dtype
from graphflow.core.export import export
from graphflow.core.tensor import Tensor
from graphflow.models.backend_values import to_tensor, variable
from graphflow.nets import initializers
from graphflow.nets.keras_state import floatx, get_session, track_variable
from graphflow.ops import diag, fill, random, state
from graphflow.ops.identity import identity
from graphflow.ops.printing import print_v2
from graphflow.ops.select import where
from graphflow.training.moving_average import assign_moving_average


def _seed(seed: int | None, most: float = 10e6) -> Any:
    return np.random.randint(int(most)) if seed is None else seed  # noqa: NPY002 (as Keras draws it)


# --- variables ---
def _filled(make: Any, shape: Any, dtype: Any, name: Any) -> Any:
    with scopes.init_scope():
        kind = dtype or floatx()
        value = make(shape=shape, dtype=as_dtype(kind), name=name)
        if all(value.shape.as_list()):
            return variable(value, dtype=kind, name=name)
        track_variable(value)
        return value


@export("keras.backend.zeros")
def zeros(shape: Any, dtype: Any = None, name: Any = None) -> Any:
    """Returns a variable of zeros; a tensor if a size is 0 or not known.

    Args:
        shape: the shape.
        dtype: the element type; None: `floatx()`.
        name: the name.
    """
    return _filled(fill.zeros, shape, dtype, name)


@export("keras.backend.ones")
def ones(shape: Any, dtype: Any = None, name: Any = None) -> Any:
    """Returns a variable of ones; see `zeros`."""
    return _filled(fill.ones, shape, dtype, name)


@export("keras.backend.eye")
def eye(size: int, dtype: Any = None, name: Any = None) -> Any:
    """Returns a variable: a square matrix with ones on the diagonal.

    Args:
        size: the number of rows.
        dtype: the element type; None: `floatx()`.
        name: the name.
    """
    kind = dtype or floatx()
    return variable(diag.eye(size, dtype=as_dtype(kind)), kind, name)


@export("keras.backend.random_uniform_variable")
def random_uniform_variable(
    shape: Any, low: float, high: float, dtype: Any = None, name: Any = None,
    seed: int | None = None,
) -> Any:  # fmt: skip
    """Returns a variable of random numbers, all equally likely.

    Args:
        shape: the shape.
        low: the least number.
        high: the number that all are below.
        dtype: the element type; None: `floatx()`.
        name: the name.
        seed: the seed; None: from NumPy's random numbers.
    """
    kind = dtype or floatx()
    make = initializers.RandomUniform(low, high, dtype=as_dtype(kind), seed=_seed(seed, 10e8))
    return variable(make(shape), dtype=kind, name=name)


@export("keras.backend.random_normal_variable")
def random_normal_variable(
    shape: Any, mean: float, scale: float, dtype: Any = None, name: Any = None,
    seed: int | None = None,
) -> Any:  # fmt: skip
    """Returns a variable of normally distributed random numbers.

    Args:
        shape: the shape.
        mean: their mean.
        scale: their standard deviation.
        dtype: the element type; None: `floatx()`.
        name: the name.
        seed: the seed; None: from NumPy's random numbers.
    """
    kind = dtype or floatx()
    make = initializers.RandomNormal(mean, scale, dtype=as_dtype(kind), seed=_seed(seed, 10e8))
    return variable(make(shape), dtype=kind, name=name)


@export("keras.backend.eval")
def eval(x: Any) -> Any:
    """Returns the value of a tensor or variable."""
    return get_session((x,)).run(x) if hasattr(x, "op") else x


# --- updates ---
@export("keras.backend.update")
def update(x: Any, new_x: Any) -> Any:
    """Returns the operation that gives a variable a value."""
    return state.assign(x, new_x)


@export("keras.backend.update_add")
def update_add(x: Any, increment: Any) -> Any:
    """Returns the operation that adds to a variable."""
    return state.assign_add(x, increment)


@export("keras.backend.update_sub")
def update_sub(x: Any, decrement: Any) -> Any:
    """Returns the operation that subtracts from a variable."""
    return state.assign_sub(x, decrement)


@export("keras.backend.moving_average_update")
def moving_average_update(x: Any, value: Any, momentum: Any) -> Any:
    """Returns the operation that moves a variable towards a value.

    Args:
        x: the variable.
        value: the value.
        momentum: how much of the variable stays.
    """
    return assign_moving_average(x, value, momentum, zero_debias=True)


# --- random numbers ---
@export("keras.backend.random_normal")
def random_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None
) -> Tensor:
    """Returns normally distributed random numbers.

    Args:
        shape: the shape.
        mean: their mean.
        stddev: their standard deviation.
        dtype: the element type; None: `floatx()`.
        seed: the seed; None: from NumPy's random numbers.
    """
    kind = as_dtype(dtype or floatx())
    return random.random_normal(shape, mean=mean, stddev=stddev, dtype=kind, seed=_seed(seed))


@export("keras.backend.truncated_normal")
def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None
) -> Tensor:
    """Returns normally distributed random numbers within two deviations; see `random_normal`."""
    kind = as_dtype(dtype or floatx())
    return random.truncated_normal(shape, mean, stddev, dtype=kind, seed=_seed(seed))


@export("keras.backend.random_uniform")
def random_uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None,
    seed: int | None = None,
) -> Tensor:  # fmt: skip
    """Returns random numbers, all equally likely.

    Args:
        shape: the shape.
        minval: the least number.
        maxval: the number that all are below.
        dtype: the element type; None: `floatx()`.
        seed: the seed; None: from NumPy's random numbers.
    """
    kind = as_dtype(dtype or floatx())
    return random.random_uniform(shape, minval=minval, maxval=maxval, dtype=kind, seed=_seed(seed))


@export("keras.backend.random_binomial")
def random_binomial(
    shape: Any, p: float = 0.0, dtype: Any = None, seed: int | None = None
) -> Tensor:
    """Returns ones and zeros at random.

    Args:
        shape: the shape.
        p: the probability of a one.
        dtype: the element type; None: `floatx()`.
        seed: the seed; None: from NumPy's random numbers.
    """
    kind = as_dtype(dtype or floatx())
    drawn = random.random_uniform(shape, dtype=kind, seed=_seed(seed))
    return where(drawn <= p, fill.ones(shape, dtype=kind), fill.zeros(shape, dtype=kind))


@export("keras.backend.print_tensor")
def print_tensor(x: Any, message: str = "") -> Tensor:
    """Returns a tensor that is printed when it is run.

    Args:
        x: the tensor.
        message: printed before it.
    """
    shown = print_v2(message, x, output_stream=sys.stdout)
    with scopes.control_dependencies([shown]):
        return identity(to_tensor(x))
