"""Random numbers without state: the same seed gives the same numbers in every run.

The two seeds are scrambled into a Philox key and counter, and the numbers are those that a stateful
operation of that key would draw first, as in TensorFlow 1.15.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    DType,
    as_dtype,
    bfloat16,
    float16,
    float32,
    float64,
    int32,
    int64,
)
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, REALS, OpDef, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _philox, _random_kernels
from graphflow.ops.random import asked_shape, checked_sizes, shape_tensor

Array = np.ndarray[Any, Any]

_TYPES: Final = (float16, bfloat16, float32, float64)
_NONE: Final = "random numbers have no derivative"
_SCRAMBLER: Final = 0x3EC8F720 | 0x02461E29 << 32
_MASK: Final = (1 << 64) - 1


def scrambled(seed: Array) -> tuple[int, int]:
    """Returns the Philox key and the upper half of the counter for a pair of seeds.

    Raises:
        KernelError: if it is no pair.
    """
    if seed.shape != (2,):
        raise KernelError(f"seed must have shape [2], not {text(seed.shape)}")
    first, second = (int(s) & _MASK for s in seed)
    words = _philox.fill_blocks(_SCRAMBLER, second, first, 1)[0].tolist()
    return words[0] | words[1] << 32, words[2] | words[3] << 32


def _check_seed(op: Operation, index: int) -> None:
    seed = op.inputs[index].dims
    run = f"seed must have shape [2], not {text(seed)}"
    if seed is not None and len(seed) != 1:
        raise ShapeError(f"Shape must be rank 1 but is rank {len(seed)}", run)
    if seed is not None and seed[0] not in (2, None):
        raise ShapeError(f"Dimension must be 2 but is {seed[0]}", run)


# --- StatelessRandomUniform, StatelessRandomNormal, StatelessTruncatedNormal ---
def _fill_shape(op: Operation) -> list[Dims]:
    _check_seed(op, 1)
    return asked_shape(op)


def _fill(op_type: str, kernel: Any) -> OpDef:
    """Defines an operation that fills a shape with random floats."""
    new = define(
        f"{op_type}(shape: T, seed: Tseed, *, dtype: type) -> output: dtype",
        shape=_fill_shape,
        T=default(INDEX, int32),
        Tseed=default(INDEX, int64),
        dtype=default(_TYPES, float32),
    ).no_gradient(_NONE)

    def run(shape: Array, seed: Array, *, dtype: DType) -> Array:
        found: Array = kernel(*scrambled(seed), 0, checked_sizes(shape), dtype.as_numpy_dtype)[0]
        return found

    new.numpy(run)
    return new


UNIFORM = _fill("StatelessRandomUniform", _random_kernels.random_uniform)
NORMAL = _fill("StatelessRandomNormal", _random_kernels.random_standard_normal)
TRUNCATED_NORMAL = _fill("StatelessTruncatedNormal", _random_kernels.truncated_normal)

# --- StatelessRandomUniformInt ---
UNIFORM_INT = define(
    "StatelessRandomUniformInt(shape: T, seed: Tseed, minval: dtype, maxval: dtype) "
    "-> output: dtype",
    T=INDEX,
    Tseed=default(INDEX, int64),
    dtype=INDEX,
).no_gradient(_NONE)


@UNIFORM_INT.shape
def _(op: Operation) -> list[Dims]:
    for name, t in zip(("minval", "maxval"), op.inputs[2:], strict=True):
        if t.dims:
            raise ShapeError(
                f"Shape must be rank 0 but is rank {len(t.dims)}",
                run=f"{name} must be 0-D, got shape {text(t.dims)}",
            )
    return _fill_shape(op)


@UNIFORM_INT.numpy
def _(shape: Array, seed: Array, minval: Array, maxval: Array) -> Array:
    sizes = checked_sizes(shape)
    if minval >= maxval and 0 not in sizes:
        raise KernelError(f"Need minval < maxval, got {minval} >= {maxval}")
    return _random_kernels.random_uniform_int(*scrambled(seed), 0, sizes, minval, maxval)[0]


# --- StatelessMultinomial ---
MULTINOMIAL = define(
    "StatelessMultinomial(logits: T, num_samples: int32, seed: Tseed, *, output_dtype: type) "
    "-> output: output_dtype",
    T=REALS,
    Tseed=default(INDEX, int64),
    output_dtype=default(INDEX, int64),
).no_gradient(_NONE)


@MULTINOMIAL.shape
def _(op: Operation) -> list[Dims]:
    _check_seed(op, 2)
    logits, samples = op.inputs[0].dims, op.inputs[1].dims
    if logits is not None and len(logits) != 2:
        raise ShapeError(
            f"Shape must be rank 2 but is rank {len(logits)}",
            run=f"logits should be a matrix, got shape {text(logits)}",
        )
    if samples:
        raise ShapeError(
            f"Shape must be rank 0 but is rank {len(samples)}",
            run=f"num_samples should be a scalar, got shape {text(samples)}",
        )
    count = op.partial(1)
    if count is not None and count < 0:
        raise ShapeError(
            f"Dimension size, given by scalar input 1, must be non-negative but is {count}",
            run=f"num_samples should be nonnegative, got {count}",
        )
    return [(logits[0] if logits else None, count)]


@MULTINOMIAL.numpy
def _(logits: Array, num_samples: Array, seed: Array, *, output_dtype: DType) -> Array:
    count = int(num_samples)
    if count < 0:
        raise KernelError(f"num_samples should be nonnegative, got {count}")
    if not logits.shape[1]:
        raise KernelError("num_classes should be positive, got 0")
    kind = output_dtype.as_numpy_dtype
    return _random_kernels.multinomial(*scrambled(seed), 0, logits, count, kind)[0]


# --- public functions ---
@export("random.stateless_uniform")
def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """Returns numbers that are equally likely in [minval, maxval), always the same for a seed.

    Args:
        shape: the sizes of the result.
        seed: two integers.
        minval: the lower end, which may come out.
        maxval: the upper end, which does not; None: 1, for floats only.
        dtype: a float type, int32 or int64.
        name: the name of the scope.

    Raises:
        ValueError: for another type, or integers without `maxval`.
    """
    dtype = as_dtype(dtype)
    if dtype not in (*_TYPES, int32, int64):
        raise ValueError(f"Invalid dtype {dtype!r}")
    if maxval is None:
        if dtype.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {dtype!r}")
        maxval = 1
    found: Tensor
    values = [shape, seed, minval, maxval]
    with scopes.name_scope(name, "stateless_random_uniform", values) as scope:
        sizes = shape_tensor(shape)
        low, high = convert(minval, dtype, "min"), convert(maxval, dtype, "max")
        if dtype.is_integer:
            found = apply(UNIFORM_INT, sizes, seed, low, high, name=scope)
            return found
        numbers = apply(UNIFORM, sizes, seed, dtype=dtype)
        found = apply("Add", numbers * (high - low), low, name=scope)
        return found


def _scaled(
    definition: OpDef, shape: Any, seed: Any, mean: Any, stddev: Any, dtype: Any, scope: str
) -> Tensor:
    sizes = shape_tensor(shape)
    mean, stddev = convert(mean, dtype, "mean"), convert(stddev, dtype, "stddev")
    numbers = apply(definition, sizes, seed, dtype=dtype)
    found: Tensor = apply("Add", numbers * stddev, mean, name=scope)
    return found


@export("random.stateless_normal")
def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """Returns numbers from a normal distribution, always the same for a seed.

    Args:
        shape: the sizes of the result.
        seed: two integers.
        mean: the mean.
        stddev: the standard deviation.
        dtype: a float type.
        name: the name of the scope.
    """
    values = [shape, seed, mean, stddev]
    with scopes.name_scope(name, "stateless_random_normal", values) as scope:
        return _scaled(NORMAL, shape, seed, mean, stddev, dtype, scope)


@export("random.stateless_truncated_normal")
def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: str | None = None,
) -> Tensor:
    """Returns normal numbers within two deviations of the mean, always the same for a seed.

    Args:
        shape: the sizes of the result.
        seed: two integers.
        mean: the mean of the distribution before it is cut.
        stddev: its standard deviation.
        dtype: a float type.
        name: the name of the scope.
    """
    values = [shape, seed, mean, stddev]
    with scopes.name_scope(name, "stateless_truncated_normal", values) as scope:
        return _scaled(TRUNCATED_NORMAL, shape, seed, mean, stddev, dtype, scope)


def _samples(logits: Any, num_samples: Any, seed: Any, dtype: Any) -> Tensor:
    logits = convert(logits, name="logits")
    found: Tensor = apply(MULTINOMIAL, logits, num_samples, seed, output_dtype=dtype)
    return found


@export("random.stateless_multinomial")
def stateless_multinomial(
    logits: Any, num_samples: Any, seed: Any, output_dtype: Any = int64, name: str | None = None
) -> Tensor:
    """Returns class numbers drawn with the probabilities `softmax(logits)`.

    Args:
        logits: unscaled log probabilities, [n, classes].
        num_samples: how many to draw for each row.
        seed: two integers.
        output_dtype: int32 or int64.
        name: the name of the scope.

    Returns:
        A tensor [n, num_samples].
    """
    with scopes.name_scope(name, "stateless_multinomial", [logits, seed]):
        return _samples(logits, num_samples, seed, output_dtype)


@export("random.stateless_categorical")
def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = int64, name: str | None = None
) -> Tensor:
    """Returns class numbers drawn with the probabilities `softmax(logits)`.

    Args:
        logits: unscaled log probabilities, [n, classes].
        num_samples: how many to draw for each row.
        seed: two integers.
        dtype: int32 or int64.
        name: the name of the scope.

    Returns:
        A tensor [n, num_samples].
    """
    with scopes.name_scope(name, "stateless_categorical", [logits, seed]):
        return _samples(logits, num_samples, seed, dtype)
