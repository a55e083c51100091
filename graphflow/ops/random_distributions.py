"""Gamma, Poisson and bounded normal numbers: the same seeds, the numbers of TensorFlow 1.15."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    DType,
    float16,
    float32,
    float64,
    int32,
    int64,
)
from graphflow.core.elementwise import broadcast_shape
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import HALF_UP, INDEX, OpDef, default, define
from graphflow.core.operation import Operation
from graphflow.core.seeds import get_seed
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops import _random_rejection
from graphflow.ops._gamma_gradient import gamma_sample_derivative
from graphflow.ops._random_kernels import RESERVED_PER_OUTPUT
from graphflow.ops.activation import NET_FLOATS
from graphflow.ops.fill import zeros_like
from graphflow.ops.random import asked_shape, checked_sizes, drawn, shape_tensor

Array = np.ndarray[Any, Any]

_RATES: Final = (float16, float32, float64, int32, int64)


def _shape_then_parameters(op: Operation) -> list[Dims]:
    """The shape that the first input asks for, before that of the parameters."""
    (front,), back = asked_shape(op), op.inputs[1].dims
    return [None if front is None or back is None else front + back]


def _per_parameter(
    memory: dict[str, Any], seed: int, seed2: int, shape: Array, parameters: Array, make: Any
) -> Array:
    """Draws `shape` numbers for each parameter; each reserves 256 blocks, as TensorFlow does."""
    sizes = checked_sizes(shape)
    n = math.prod(sizes) * parameters.size

    def draw(first: int, second: int, at: int) -> tuple[Array, int]:
        found: tuple[Array, int] = make(first, second, at, sizes, parameters)
        return found

    return drawn(memory, seed, seed2, draw, n * RESERVED_PER_OUTPUT)


# --- RandomGamma, RandomGammaGrad ---
RANDOM_GAMMA = define(
    "RandomGamma(shape: S, alpha: T, *, seed: int = 0, seed2: int = 0) -> output: T",
    stateful=True,
    shape=_shape_then_parameters,
    S=INDEX,
    T=HALF_UP,
)
RANDOM_GAMMA_GRAD = define(
    "RandomGammaGrad(alpha: T, sample: T) -> output: T",
    shape=broadcast_shape,
    T=(float32, float64),
).no_gradient("the distribution has no second derivative here", raises=True)


@RANDOM_GAMMA.gradient
def _(op: Operation, dy: Tensor) -> tuple[None, Tensor]:
    shape, alpha = op.inputs
    slope = dy * apply(RANDOM_GAMMA_GRAD, alpha, op.outputs[0])
    known = shape.dims
    if known is not None and known[0] is not None:
        axes: Any = np.arange(known[0], dtype=np.int32)
    else:
        count = apply("Squeeze", apply("Shape", shape), squeeze_dims=[0])
        axes = apply("Range", 0, count, 1)
    return None, apply("Sum", slope, axes)


@RANDOM_GAMMA.numpy
def _(shape: Array, alpha: Array, *, seed: int, seed2: int, memory: dict[str, Any]) -> Array:
    return _per_parameter(memory, seed, seed2, shape, alpha, _random_rejection.random_gamma)


@RANDOM_GAMMA_GRAD.numpy
def _(alpha: Array, sample: Array) -> Array:
    return gamma_sample_derivative(alpha, sample).astype(alpha.dtype)


# --- RandomPoisson, RandomPoissonV2 ---
def _poisson(op_type: str, rate: str, **types: Any) -> OpDef:
    new = define(
        f"{op_type}(shape: S, rate: {rate}, *, seed: int = 0, seed2: int = 0, dtype: type) "
        "-> output: dtype",
        stateful=True,
        shape=_shape_then_parameters,
        S=INDEX,
        **types,
    ).no_gradient("whole numbers have no derivative", raises=True)

    def run(
        shape: Array, rates: Array, *, seed: int, seed2: int, dtype: DType, memory: dict[str, Any]
    ) -> Array:
        kind = dtype.as_numpy_dtype

        def make(first: int, second: int, at: int, sizes: Any, rate: Array) -> Any:
            return _random_rejection.random_poisson(first, second, at, sizes, rate, kind)

        return _per_parameter(memory, seed, seed2, shape, rates, make)

    new.numpy(run)
    return new


RANDOM_POISSON = _poisson("RandomPoisson", "dtype", dtype=HALF_UP)
RANDOM_POISSON_V2 = _poisson(
    "RandomPoissonV2", "R", R=default(_RATES, float64), dtype=default(_RATES, int64)
)

# --- ParameterizedTruncatedNormal ---
TRUNCATED = define(
    "ParameterizedTruncatedNormal(shape: T, means: dtype, stdevs: dtype, minvals: dtype, "
    "maxvals: dtype, *, seed: int = 0, seed2: int = 0) -> output: dtype",
    stateful=True,
    T=INDEX,
    dtype=NET_FLOATS,
).no_gradient("random numbers depend on no input")


@TRUNCATED.shape
def _(op: Operation) -> list[Dims]:
    for port, t in zip(op.definition.inputs[1:], op.inputs[1:], strict=True):
        if t.dims is not None and len(t.dims) > 1:
            raise ShapeError(
                f"Shape must be at most rank 1 but is rank {len(t.dims)}",
                run=f"Input {port.name} should be a scalar or vector, got shape: {text(t.dims)}",
            )
    return asked_shape(op)


def _reserved(sizes: tuple[int, ...], parameters: tuple[Array, ...]) -> int:
    """How far a run moves the op's position: two blocks for each of a thousand tries."""
    if all(p.ndim == 0 for p in parameters):
        batches, each = -(-math.prod(sizes) // 100), 100
    else:
        batches, each = sizes[0], math.prod(sizes[1:])
    return batches * 2 * 1000 * (each + 3) // 4


@TRUNCATED.numpy
def _(
    shape: Array,
    means: Array,
    stdevs: Array,
    minvals: Array,
    maxvals: Array,
    *,
    seed: int,
    seed2: int,
    memory: dict[str, Any],
) -> Array:
    sizes, parameters = checked_sizes(shape), (means, stdevs, minvals, maxvals)
    if not sizes:
        raise KernelError("Input shape should have at least one size, got shape: []")
    if any(p.ndim > 1 for p in parameters):
        raise ValueError("a matrix")  # the shape rule says it in full
    # bfloat16 is drawn as float32 and rounded.
    wide = [p.astype(np.float32) if means.dtype.kind == "V" else p for p in parameters]

    def draw(first: int, second: int, at: int) -> tuple[Array, int]:
        return _random_rejection.parameterized_truncated_normal(first, second, at, sizes, *wide)

    try:
        found = drawn(memory, seed, seed2, draw, _reserved(sizes, parameters))
    except ValueError as e:
        raise KernelError(str(e)) from None
    return found.astype(means.dtype, copy=False)


# --- public functions ---
@export("random_gamma", "random.gamma")
def random_gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns numbers from gamma distributions: `shape` many for each alpha and beta.

    Args:
        shape: the sizes of the result before those of `alpha + beta`.
        alpha: the shape parameter, above 0.
        beta: the inverse scale, above 0; None: 1. Broadcasts against alpha.
        dtype: float16, float32 or float64, of the parameters and of the result.
        seed: with the graph's seed it settles the numbers.
        name: the name of the scope.

    Returns:
        A tensor of shape `shape + shape(alpha + beta)`; no number is below the smallest normal one.

    Note:
        Gradients reach alpha (as a sample moves when its place in the distribution is kept) and
        beta. Alphas below 0 or nan give the smallest number, as in TensorFlow.
    """
    with scopes.name_scope(name, "random_gamma", [shape, alpha, beta]):
        shape, alpha = convert(shape, int32, "shape"), convert(alpha, dtype, "alpha")
        beta = convert(1 if beta is None else beta, dtype, "beta")
        alpha = alpha + zeros_like(beta)
        seed, seed2 = get_seed(seed)
        numbers = apply(RANDOM_GAMMA, shape, alpha, seed=seed, seed2=seed2) / beta
        least = np.finfo(alpha.dtype.as_numpy_dtype).tiny
        found: Tensor = apply("Maximum", least, numbers)
        return found


@export("random_poisson", "random.poisson")
def random_poisson(
    lam: Any, shape: Any, dtype: Any = float32, seed: int | None = None, name: str | None = None
) -> Tensor:
    """Returns numbers from Poisson distributions: `shape` many for each rate.

    Args:
        lam: the rates: floats, int32 or int64.
        shape: the sizes of the result before those of `lam`.
        dtype: a float type, int32 or int64.
        seed: with the graph's seed it settles the numbers.
        name: the name of the scope.

    Returns:
        A tensor of shape `shape + shape(lam)`.
    """
    with scopes.name_scope(name, "random_poisson", [lam, shape]):
        shape = convert(shape, int32, "shape")
        seed, seed2 = get_seed(seed)
        found: Tensor = apply(RANDOM_POISSON_V2, shape, lam, dtype=dtype, seed=seed, seed2=seed2)
        return found


def parameterized_truncated_normal(
    shape: Any,
    means: Any = 0.0,
    stddevs: Any = 1.0,
    minvals: Any = -2.0,
    maxvals: Any = 2.0,
    dtype: Any = float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Returns normal numbers between bounds, with parameters for each row.

    Args:
        shape: the sizes of the result, [rows, ...].
        means: a scalar, or one value a row; and so are the others.
        stddevs: above 0.
        minvals: the lower bounds.
        maxvals: the upper bounds; one of the two is finite.
        dtype: a float type.
        seed: with the graph's seed it settles the numbers.
        name: the name of the scope.

    Note:
        In large batches TensorFlow's numbers depend on how many threads share the work; these are
        those of one thread.
    """
    values = [shape, means, stddevs, minvals, maxvals]
    with scopes.name_scope(name, "parameterized_truncated_normal", values):
        sizes = shape_tensor(shape)
        mean, deviation = convert(means, dtype, "means"), convert(stddevs, dtype, "stddevs")
        low, high = convert(minvals, dtype, "minvals"), convert(maxvals, dtype, "maxvals")
        seed, seed2 = get_seed(seed)
        found: Tensor = apply(TRUNCATED, sizes, mean, deviation, low, high, seed=seed, seed2=seed2)
        return found
