"""Random numbers: the same seeds give the same numbers as TensorFlow 1.15.

A random operation keeps its place in its stream of numbers for as long as the session lives, in
the dict that kernels get as `memory`. Without a seed (both attributes are 0) each session draws a
fresh key for each operation.
"""

from __future__ import annotations

import math
import secrets
import threading
from collections.abc import Callable, Mapping
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
from graphflow.core.lowering import SUFFIXES, Call, Lowering, Sizes
from graphflow.core.opdef import INDEX, REALS, OpDef, default, define
from graphflow.core.operation import Operation
from graphflow.core.seeds import get_seed
from graphflow.core.shape import Dims, dimension_value, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _philox, _random_kernels
from graphflow.ops.activation import NET_FLOATS
from graphflow.ops.checks import Assert
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.reduce import reduce_all
from graphflow.ops.shape_ops import shape as shape_

Array = np.ndarray[Any, Any]
_WORD: Final = 2**64 - 1
Draw = Callable[[int, int, int], tuple[Array, int]]

_fresh: Final = threading.Lock()


def stream(memory: dict[str, Any], attrs: Mapping[str, Any]) -> Array:
    """Where the operation stands in its numbers: uint64 [key, upper half of counter, next block].

    Args:
        memory: what the session keeps for the operation.
        attrs: its `seed` and `seed2`; both 0: a key that is fresh in each session.
    """
    with _fresh:
        if "stream" not in memory:
            seeds = attrs["seed"], attrs["seed2"]
            key = seeds if any(seeds) else (secrets.randbits(64), secrets.randbits(64))
            memory["stream"] = np.array([k & _WORD for k in (*key, 0)], np.uint64)
    found: Array = memory["stream"]
    return found


def drawn(memory: dict[str, Any], seed: int, seed2: int, draw: Draw, blocks: int) -> Array:
    """Returns what `draw(seed, seed2, first block)` makes, at the operation's own place.

    Args:
        memory: what the session keeps for the operation.
        seed: the attribute.
        seed2: the attribute; see `stream`.
        draw: makes the numbers and says how many blocks it took.
        blocks: how many blocks it will take, reserved before it starts: runs in other threads
            go on behind them.
    """
    place = stream(memory, {"seed": seed, "seed2": seed2})
    at = _philox.reserve(place, blocks)
    return draw(int(place[0]), int(place[1]), at)[0]


def asked_shape(op: Operation, index: int = 0) -> list[Dims]:
    """The shape that an input, a vector of sizes, asks for."""
    given, sizes = op.inputs[index].dims, op.partial(index)
    if given is not None and len(given) != 1:
        raise ShapeError(
            f"Shape must be rank 1 but is rank {len(given)}",
            run=f"shape must be a vector of {{int32,int64}}, got shape {text(given)}",
        )
    if sizes is None:
        return [None if given is None or given[0] is None else (None,) * given[0]]
    for size in sizes:
        if size is not None and size < 0:
            raise ShapeError(
                f"Invalid value in tensor used for shape: {size}",
                run=f"Dimension {size} must be >= 0",
            )
    return [tuple(sizes)]


def checked_sizes(shape: Array) -> tuple[int, ...]:
    """A vector of sizes as a shape; none is below 0.

    Raises:
        KernelError: otherwise.
    """
    sizes: list[int] = shape.tolist()
    for size in sizes:
        if size < 0:
            raise KernelError(f"Dimension {size} must be >= 0")
    return tuple(sizes)


def _filled(memory: dict[str, Any], seed: int, seed2: int, shape: Array, make: Any) -> Array:
    """Draws a whole array; each reserves 256 blocks a number, as TensorFlow does."""
    sizes = checked_sizes(shape)
    count = int(np.prod(sizes, dtype=np.int64))

    def draw(first: int, second: int, at: int) -> tuple[Array, int]:
        found: tuple[Array, int] = make(first, second, at, sizes)
        return found

    return drawn(memory, seed, seed2, draw, count * _random_kernels.RESERVED_PER_OUTPUT)


def _compiled(kernel: str, kind: str, inputs: Sizes) -> Callable[[Call], Lowering | None]:
    """The rule for a compiled fill.

    Args:
        kernel: its name, without the type.
        kind: the attribute that names the type.
        inputs: what it is given.
    """

    def rule(call: Call) -> Lowering:
        suffix = SUFFIXES.get(call.attrs[kind].name)
        count = (math.prod(call.out_shapes[0]),)
        return Lowering(f"{kernel}.{suffix}", count, inputs=inputs, state=stream)

    return rule


# --- RandomUniform, RandomStandardNormal, TruncatedNormal ---
def _fill(op_type: str, kernel: Any) -> OpDef:
    """Defines an operation that fills a shape with random floats."""
    new = define(
        f"{op_type}(shape: T, *, seed: int = 0, seed2: int = 0, dtype: type) -> output: dtype",
        stateful=True,
        shape=asked_shape,
        T=INDEX,
        dtype=NET_FLOATS,
    ).no_gradient("random numbers depend on no input")

    def run(shape: Array, *, seed: int, seed2: int, dtype: DType, memory: dict[str, Any]) -> Array:
        kind = dtype.as_numpy_dtype

        def make(first: int, second: int, at: int, sizes: tuple[int, ...]) -> Any:
            return kernel(first, second, at, sizes, kind)

        return _filled(memory, seed, seed2, shape, make)

    new.numpy(run)
    return new


RANDOM_UNIFORM = _fill("RandomUniform", _random_kernels.random_uniform)
RANDOM_STANDARD_NORMAL = _fill("RandomStandardNormal", _random_kernels.random_standard_normal)
TRUNCATED_NORMAL = _fill("TruncatedNormal", _random_kernels.truncated_normal)
RANDOM_UNIFORM.compiled(_compiled("random_uniform", "dtype", ()))
RANDOM_STANDARD_NORMAL.compiled(_compiled("random_normal", "dtype", ()))
TRUNCATED_NORMAL.compiled(_compiled("truncated_normal", "dtype", ()))

# --- RandomUniformInt ---
RANDOM_UNIFORM_INT = define(
    "RandomUniformInt(shape: T, minval: Tout, maxval: Tout, *, seed: int = 0, seed2: int = 0)"
    " -> output: Tout",
    stateful=True,
    T=INDEX,
    Tout=INDEX,
).no_gradient("random numbers depend on no input")


@RANDOM_UNIFORM_INT.shape
def _(op: Operation) -> list[Dims]:
    for t in op.inputs[1:]:
        if t.dims:
            raise ShapeError(
                f"Shape must be rank 0 but is rank {len(t.dims)}",
                run=f"minval and maxval must be 0-D, got shape {text(t.dims)}",
            )
    return asked_shape(op)


@RANDOM_UNIFORM_INT.numpy
def _(
    shape: Array, minval: Array, maxval: Array, *, seed: int, seed2: int, memory: dict[str, Any]
) -> Array:
    if minval >= maxval and 0 not in shape:
        raise KernelError(f"Need minval < maxval, got {minval} >= {maxval}")

    def make(first: int, second: int, at: int, sizes: tuple[int, ...]) -> Any:
        return _random_kernels.random_uniform_int(first, second, at, sizes, minval, maxval)

    return _filled(memory, seed, seed2, shape, make)


RANDOM_UNIFORM_INT.compiled(_compiled("random_integers", "Tout", (1, 2)))

# --- RandomShuffle ---
RANDOM_SHUFFLE = define(
    "RandomShuffle(value: T, *, seed: int = 0, seed2: int = 0) -> output: T",
    stateful=True,
    shape=lambda op: [op.inputs[0].dims],
).no_gradient("the order of the rows is drawn in the run and not kept, as in TensorFlow")


@RANDOM_SHUFFLE.compiled
def _(call: Call) -> Lowering | None:
    shape = call.shapes[0]
    if call.suffix is None or not shape or shape[0] >= 2**32:
        return None
    row = math.prod(shape[1:]) * call.dtypes[0].size
    return Lowering("random_shuffle", (shape[0], row), state=stream)


@RANDOM_SHUFFLE.numpy
def _(value: Array, *, seed: int, seed2: int, memory: dict[str, Any]) -> Array:
    rows = len(value) if value.ndim else 1
    if rows <= 1 or not value.size:
        return value.copy()

    def draw(first: int, second: int, at: int) -> tuple[Array, int]:
        return _random_kernels.random_shuffle(first, second, at, rows)

    return value[drawn(memory, seed, seed2, draw, -(-(rows - 1) // 4))]


# --- Multinomial ---
MULTINOMIAL = define(
    "Multinomial(logits: T, num_samples: int32, *, seed: int = 0, seed2: int = 0, "
    "output_dtype: type = int64) -> output: output_dtype",
    stateful=True,
    T=REALS,
    output_dtype=default(INDEX, int64),
).no_gradient("random numbers have no derivative")


@MULTINOMIAL.shape
def _(op: Operation) -> list[Dims]:
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


@MULTINOMIAL.compiled
def _(call: Call) -> Lowering | None:
    count = call.constants.get(1)
    if call.real is None or count is None or count < 0 or call.shapes[0][1] == 0:
        return None
    kind = SUFFIXES[call.attrs["output_dtype"].name]
    sizes = (*call.shapes[0], int(count))
    return Lowering(f"multinomial_{kind}.{call.real}", sizes, inputs=(0,), state=stream)


@MULTINOMIAL.numpy
def _(
    logits: Array,
    num_samples: Array,
    *,
    seed: int,
    seed2: int,
    output_dtype: DType,
    memory: dict[str, Any],
) -> Array:
    rows, classes = logits.shape
    count, kind = int(num_samples), output_dtype.as_numpy_dtype
    if count < 0:
        raise KernelError(f"num_samples should be nonnegative, got {count}")
    if not classes:
        raise KernelError(f"num_classes should be positive, got {classes}")

    def draw(first: int, second: int, at: int) -> tuple[Array, int]:
        return _random_kernels.multinomial(first, second, at, logits, count, kind)

    reserved = rows * (-(-count // 4) * 4) * 2 * _random_kernels.RESERVED_PER_OUTPUT
    return drawn(memory, seed, seed2, draw, reserved)


# --- public functions ---
def _size(given: Any) -> Any:
    """A size; a short integer of NumPy's is long, as `max(labels) + 1` was before NumPy 2."""
    short = isinstance(given, np.integer) and given.dtype.itemsize < 4
    return np.int64(given) if short else given


def shape_tensor(shape: Any) -> Tensor:
    """A shape as a vector of sizes; an empty one is int32."""
    if isinstance(shape, list | tuple):
        shape = [_size(dimension_value(size)) for size in shape]
        found: Tensor = convert(shape, None if shape else int32, "shape")
        return found
    tensor: Tensor = convert(shape, name="shape")
    return tensor


def _scaled(
    definition: OpDef, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any, scope: str
) -> Tensor:
    """Random numbers times `stddev`, plus `mean`, in TensorFlow's nodes."""
    sizes = shape_tensor(shape)
    dtype = as_dtype(dtype)
    mean, stddev = convert(mean, dtype, "mean"), convert(stddev, dtype, "stddev")
    seed, seed2 = get_seed(seed)
    numbers = apply(definition, sizes, dtype=dtype, seed=seed, seed2=seed2)
    found: Tensor = apply("Add", numbers * stddev, mean, name=scope)
    return found


@export("random_normal", "random.normal")
def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns numbers from a normal distribution.

    Args:
        shape: the sizes of the result.
        mean: the mean; broadcasts against the result.
        stddev: the standard deviation; likewise.
        dtype: a float type.
        seed: with the graph's seed it settles the numbers; see `set_random_seed`.
        name: the name of the scope.

    Note:
        Each run draws further numbers; a new session starts over where there is a seed.
    """
    with scopes.name_scope(name, "random_normal", [shape, mean, stddev]) as scope:
        return _scaled(RANDOM_STANDARD_NORMAL, shape, mean, stddev, dtype, seed, scope)


@export("truncated_normal", "random.truncated_normal")
def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns numbers from a normal distribution, none further from the mean than two deviations.

    Args:
        shape: the sizes of the result.
        mean: the mean of the distribution before it is cut.
        stddev: its standard deviation.
        dtype: a float type.
        seed: see `random_normal`.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "truncated_normal", [shape, mean, stddev]) as scope:
        return _scaled(TRUNCATED_NORMAL, shape, mean, stddev, dtype, seed, scope)


@export("random_uniform", "random.uniform")
def random_uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns numbers that are equally likely in [minval, maxval).

    Args:
        shape: the sizes of the result.
        minval: the lower end, which may come out.
        maxval: the upper end, which does not; None: 1, for floats only.
        dtype: a float type, int32 or int64.
        seed: see `random_normal`.
        name: the name of the scope.

    Raises:
        ValueError: for another type, or integers without `maxval`.

    Note:
        Integers are a random word modulo the range, very slightly uneven, as in TensorFlow.
    """
    dtype = as_dtype(dtype)
    if dtype not in (float16, bfloat16, float32, float64, int32, int64):
        raise ValueError(f"Invalid dtype {dtype!r}")
    if maxval is None:
        if dtype.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {dtype!r}")
        maxval = 1
    with scopes.name_scope(name, "random_uniform", [shape, minval, maxval]) as scope:
        sizes = shape_tensor(shape)
        low, high = convert(minval, dtype, "min"), convert(maxval, dtype, "max")
        seed, seed2 = get_seed(seed)
        if dtype.is_integer:
            found: Tensor = apply(
                RANDOM_UNIFORM_INT, sizes, low, high, seed=seed, seed2=seed2, name=scope
            )
            return found
        numbers = apply(RANDOM_UNIFORM, sizes, dtype=dtype, seed=seed, seed2=seed2)
        found = apply("Add", numbers * (high - low), low, name=scope)
    return found


@export("random_shuffle", "random.shuffle")
def random_shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """Returns the rows of a tensor in random order.

    Args:
        value: a tensor; whole slices of its first axis change places.
        seed: see `random_normal`.
        name: the node's name.
    """
    seed, seed2 = get_seed(seed)
    found: Tensor = apply(RANDOM_SHUFFLE, value, seed=seed, seed2=seed2, name=name)
    return found


def _samples(logits: Any, num_samples: Any, dtype: Any, seed: Any) -> Tensor:
    logits = convert(logits, name="logits")
    seed, seed2 = get_seed(seed)
    found: Tensor = apply(
        MULTINOMIAL, logits, num_samples, seed=seed, seed2=seed2, output_dtype=dtype
    )
    return found


@export("multinomial", "random.multinomial")
def multinomial(
    logits: Any,
    num_samples: Any,
    seed: int | None = None,
    name: str | None = None,
    output_dtype: Any = None,
) -> Tensor:
    """Returns class numbers drawn with the probabilities `softmax(logits)`.

    Args:
        logits: unscaled log probabilities, [n, classes].
        num_samples: how many to draw for each row.
        seed: see `random_normal`.
        name: the name of the scope.
        output_dtype: int32 or int64; None: int64.

    Returns:
        A tensor [n, num_samples].
    """
    with scopes.name_scope(name, "multinomial", [logits]):
        return _samples(logits, num_samples, output_dtype, seed)


@export("random.categorical")
def categorical(
    logits: Any,
    num_samples: Any,
    dtype: Any = None,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns class numbers drawn with the probabilities `softmax(logits)`; see `multinomial`.

    Args:
        logits: unscaled log probabilities, [n, classes].
        num_samples: how many to draw for each row.
        dtype: int32 or int64; None: int64.
        seed: see `random_normal`.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "categorical", [logits]):
        return _samples(logits, num_samples, dtype, seed)


@export("random_crop", "image.random_crop")
def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """Returns a part of a tensor from a random place.

    Args:
        value: a tensor.
        size: the size of the part along each axis.
        seed: see `random_normal`.
        name: the name of the scope.

    Note:
        A size that is too large is an InvalidArgumentError in the run. As in TensorFlow the place
        is a random int32 modulo the number of places.
    """
    with scopes.name_scope(name, "random_crop", [value, size]) as scope:
        value, size = convert(value, name="value"), convert(size, int32, "size")
        whole = shape_(value)
        check = Assert(
            reduce_all(whole >= size), ["Need value.shape >= size, got ", whole, size], 1000
        )
        whole = with_dependencies([check], whole)
        places = whole - size + 1
        at = random_uniform(shape_(whole), dtype=int32, maxval=int32.max, seed=seed) % places
        found: Tensor = apply("Slice", value, at, size, name=scope)
    return found
