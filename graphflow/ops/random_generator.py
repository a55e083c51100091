"""Random numbers whose state is a variable: tf.random.experimental.Generator.

The state holds the 128-bit counter and the 64-bit key of Philox. It is saved and restored as any
variable is, and every operation that draws `n` numbers moves the counter on by `256 n` blocks.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import (
    DType,
    as_dtype,
    float32,
    int64,
    uint64,
)
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import OpDef, default, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.state import Cell
from graphflow.core.tensor import Tensor
from graphflow.ops import _philox, _random_kernels
from graphflow.ops.concat import concat
from graphflow.ops.fill import zeros_like
from graphflow.ops.random import asked_shape, checked_sizes
from graphflow.ops.reshape import reshape
from graphflow.ops.resource_variables import ResourceVariable
from graphflow.ops.stack import stack

Array = np.ndarray[Any, Any]

PHILOX: Final = 1
THREEFRY: Final = 2
_STATE_SIZE: Final = {PHILOX: 3, THREEFRY: 2}
_MASK: Final = (1 << 64) - 1
_BLOCKS: Final = _random_kernels.RESERVED_PER_OUTPUT
_NONE: Final = "random numbers have no derivative"
_ANY_SHAPE_TYPE: Final = default(None, int64)


def _reserve(cell: Cell, algorithm: Array, n: int) -> tuple[int, int, int]:
    """Returns key, upper and lower half of the counter, and moves it on by `n` numbers."""
    if int(algorithm) != PHILOX:
        raise KernelError(f"Unsupported algorithm id: {int(algorithm)}")
    with cell.lock:
        state = cell.write()
        if state.dtype != np.int64:
            raise KernelError(f"dtype of RNG state variable must be int64, not {cell.dtype.name}")
        if state.ndim != 1:
            raise KernelError(f"RNG state must have one and only one dimension, not {state.ndim}")
        if len(state) < 3:
            raise KernelError(
                f"For the Philox algorithm, the size of state must be at least 3; got {len(state)}"
            )
        low, high, key = (int(x) & _MASK for x in state[:3])
        after = (high << 64) + low + n * _BLOCKS
        state[:2] = np.array([after & _MASK, after >> 64 & _MASK], np.uint64).view(np.int64)
    return key, high, low


# --- StatefulUniform, StatefulStandardNormalV2, StatefulTruncatedNormal, ... ---
def _fill_shape(op: Operation) -> list[Dims]:
    algorithm = op.inputs[1].dims
    if algorithm:
        raise ShapeError(f"Shape must be rank 0 but is rank {len(algorithm)}")
    return asked_shape(op, 2)


def _stateful(op_type: str, more: str, dtype: DType) -> OpDef:
    return define(
        f"{op_type}(resource: resource, algorithm: int64, shape: shape_dtype{more}, *, "
        "dtype: type) -> output: dtype",
        stateful=True,
        effect="update",
        shape=_fill_shape,
        dtype=default(None, dtype),
        shape_dtype=_ANY_SHAPE_TYPE,
    ).no_gradient(_NONE)


def _need_kernel(op_type: str, dtype: DType, kinds: str) -> None:
    if dtype.kind not in kinds:
        raise KernelError(
            f"No OpKernel was registered to support Op '{op_type}' with these attrs: "
            f"[dtype={dtype.name}]"
        )


def _fill(op_type: str, kernel: Any) -> OpDef:
    new = _stateful(op_type, "", float32)

    def run(cell: Cell, algorithm: Array, shape: Array, *, dtype: DType) -> Array:
        _need_kernel(op_type, dtype, "f")
        sizes = checked_sizes(shape)
        place = _reserve(cell, algorithm, _random_kernels.count(sizes))
        found: Array = kernel(*place, sizes, dtype.as_numpy_dtype)[0]
        return found

    new.numpy(run)
    return new


STATEFUL_UNIFORM = _fill("StatefulUniform", _random_kernels.random_uniform)
STATEFUL_NORMAL = _fill("StatefulStandardNormalV2", _random_kernels.random_standard_normal)
STATEFUL_TRUNCATED = _fill("StatefulTruncatedNormal", _random_kernels.truncated_normal)
STATEFUL_UNIFORM_INT = _stateful("StatefulUniformInt", ", minval: dtype, maxval: dtype", int64)
STATEFUL_FULL_INT = _stateful("StatefulUniformFullInt", "", uint64)


@STATEFUL_UNIFORM_INT.numpy
def _(
    cell: Cell, algorithm: Array, shape: Array, minval: Array, maxval: Array, *, dtype: DType
) -> Array:
    _need_kernel("StatefulUniformInt", dtype, "iu")
    sizes = checked_sizes(shape)
    for name, bound in (("minval", minval), ("maxval", maxval)):
        if bound.ndim:
            raise KernelError(f"{name} must be 0-D, got shape {text(bound.shape)}")
    if minval >= maxval and 0 not in sizes:
        raise KernelError(f"Need minval < maxval, got {minval} >= {maxval}")
    place = _reserve(cell, algorithm, _random_kernels.count(sizes))
    return _random_kernels.random_uniform_int(*place, sizes, minval, maxval)[0]


@STATEFUL_FULL_INT.numpy
def _(cell: Cell, algorithm: Array, shape: Array, *, dtype: DType) -> Array:
    _need_kernel("StatefulUniformFullInt", dtype, "iu")
    sizes, kind = checked_sizes(shape), np.dtype(dtype.as_numpy_dtype)
    n = _random_kernels.count(sizes)
    key, high, low = _reserve(cell, algorithm, n)
    words = _philox.fill_blocks(key, high, low, -(-n * kind.itemsize // 16))
    found: Array = words.reshape(-1).view(kind)[:n].reshape(sizes)
    return found


# --- RngSkip, NonDeterministicInts ---
RNG_SKIP = define(
    "RngSkip(resource: resource, algorithm: int64, delta: int64)", stateful=True, effect="update"
).no_gradient(_NONE)


@RNG_SKIP.shape
def _(op: Operation) -> list[Dims]:
    for t in op.inputs[1:]:
        if t.dims:
            raise ShapeError(f"Shape must be rank 0 but is rank {len(t.dims)}")
    return []


@RNG_SKIP.numpy
def _(cell: Cell, algorithm: Array, delta: Array) -> None:
    _reserve(cell, algorithm, int(delta))


NON_DETERMINISTIC_INTS = define(
    "NonDeterministicInts(shape: shape_dtype, *, dtype: type) -> output: dtype",
    stateful=True,
    shape=asked_shape,
    dtype=default(None, int64),
    shape_dtype=_ANY_SHAPE_TYPE,
).no_gradient(_NONE)


@NON_DETERMINISTIC_INTS.numpy
def _(shape: Array, *, dtype: DType) -> Array:
    _need_kernel("NonDeterministicInts", dtype, "iu")
    sizes, kind = checked_sizes(shape), np.dtype(dtype.as_numpy_dtype)
    data = secrets.token_bytes(_random_kernels.count(sizes) * kind.itemsize)
    return np.frombuffer(data, kind).reshape(sizes).copy()


# --- states ---
def _signed(n: int) -> int:
    return n - (1 << 64) if n > _MASK >> 1 else n


def _state_size(algorithm: Any) -> int:
    if algorithm not in _STATE_SIZE:
        raise ValueError(f"Unsupported algorithm id: {algorithm}")
    return _STATE_SIZE[algorithm]


@export("random.experimental.create_rng_state")
def create_rng_state(seed: Any, algorithm: int) -> Array:
    """Returns the state of a generator for a seed, as an int64 array.

    Args:
        seed: an integer of any size, or a sequence of integers.
        algorithm: 1: Philox, with three numbers of state; 2: ThreeFry, with two.

    Raises:
        ValueError: for an unknown algorithm, or a seed of more than one dimension.
    """
    size = _state_size(algorithm)
    if isinstance(seed, int):
        seed = [seed >> 64 * i & _MASK for i in range(size)]
    found = np.asarray([_signed(x) for x in seed], np.int64)
    if found.ndim != 1:
        raise ValueError(f"seed should only have one dimension; got shape: {found.shape}")
    found = found[:size]
    # Zeros in front: the numbers that are given are the key's, which keeps streams apart.
    return np.pad(found, (size - len(found), 0))


def _state_tensor(state: Any) -> Tensor:
    if isinstance(state, list):
        state = [_signed(x) if isinstance(x, int) else x for x in state]
    found: Tensor = convert(state, int64)
    return found


def _state_of(key: Any, counter: Any, algorithm: int) -> Tensor:
    counter, key = _state_tensor(counter), _state_tensor(key)
    counter.shape.assert_is_compatible_with([_state_size(algorithm) - 1])
    key.shape.assert_is_compatible_with([])
    return concat([counter, reshape(key, [1])], 0)


def _sizes_tensor(shape: Any) -> Tensor:
    empty = isinstance(shape, tuple | list) and not shape
    found: Tensor = convert(shape, int64 if empty else None, "shape")
    return found


@export("random.experimental.Generator")
class Generator:
    """Random numbers whose state is a variable.

    Args:
        copy_from: a generator to start where it stands; then nothing else is given.
        state: the state: for Philox two numbers of counter, then the key.
        alg: the algorithm: 1 for Philox, the one that has kernels.
    """

    def __init__(
        self, copy_from: Generator | None = None, state: Any = None, alg: Any = None
    ) -> None:
        if copy_from is not None:
            assert (alg or state) is None
            self._state_var = ResourceVariable(copy_from.state, dtype=int64, trainable=False)
            self._alg_var = copy_from.algorithm
            return
        assert alg is not None
        assert state is not None
        state = _state_tensor(state)
        state.shape.assert_is_compatible_with([_state_size(alg)])
        self._state_var = ResourceVariable(state, dtype=int64, trainable=False)
        self._alg_var = alg

    # --- makers ---
    @classmethod
    def from_state(cls, state: Any, alg: int) -> Generator:
        """Makes a generator from a state."""
        return cls(alg=alg, state=state)

    @classmethod
    def from_seed(cls, seed: Any, alg: int | None = None) -> Generator:
        """Makes a generator from a seed: an integer, or a sequence of them."""
        alg = PHILOX if alg is None else alg
        return cls(state=create_rng_state(seed, alg), alg=alg)

    @classmethod
    def from_non_deterministic_state(cls, alg: int | None = None) -> Generator:
        """Makes a generator whose state is drawn when its variable is initialized."""
        alg = PHILOX if alg is None else alg
        state = apply(NON_DETERMINISTIC_INTS, [_state_size(alg)], dtype=int64)
        return cls(state=state, alg=alg)

    @classmethod
    def from_key_counter(cls, key: Any, counter: Sequence[int] | Any, alg: int) -> Generator:
        """Makes a generator from a key and a counter of as many numbers as the state has left."""
        return cls(state=_state_of(key, counter, alg), alg=alg)

    # --- state ---
    def reset(self, state: Any) -> None:
        """Declares an assignment of a state to the variable."""
        state = _state_tensor(state)
        state.shape.assert_is_compatible_with([_state_size(self.algorithm)])
        self._state_var.assign(state)

    def reset_from_seed(self, seed: Any) -> None:
        """Declares an assignment of a seed's state."""
        self._state_var.assign(create_rng_state(seed, self.algorithm))

    def reset_from_key_counter(self, key: Any, counter: Any) -> None:
        """Declares an assignment of a key's and counter's state."""
        self._state_var.assign(_state_of(key, counter, self.algorithm))

    @property
    def state(self) -> Any:
        """The variable that holds the state."""
        return self._state_var

    @property
    def algorithm(self) -> Any:
        """The number of the algorithm."""
        return self._alg_var

    @property
    def key(self) -> Tensor:
        """The key, a part of the state.

        Raises:
            ValueError: for an unknown algorithm.
        """
        _state_size(self.algorithm)
        found: Tensor = self._state_var[-1]
        return found

    def skip(self, delta: Any) -> Operation:
        """Declares an operation that moves the counter on by as much as `delta` numbers do."""
        found: Operation = apply(RNG_SKIP, self.state.handle, self.algorithm, delta)
        return found

    # --- numbers ---
    def _draw(self, definition: OpDef, shape: Any, *more: Any, **options: Any) -> Tensor:
        found: Tensor = apply(
            definition, self.state.handle, self.algorithm, shape, *more, **options
        )
        return found

    def normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = float32,
        name: str | None = None,
    ) -> Tensor:
        """Returns numbers from a normal distribution."""
        with scopes.name_scope(name, "stateful_normal", [shape, mean, stddev]) as scope:
            return self._scaled(STATEFUL_NORMAL, shape, mean, stddev, dtype, scope)

    def _scaled(
        self, definition: OpDef, shape: Any, mean: Any, stddev: Any, dtype: Any, scope: str
    ) -> Tensor:
        sizes = _sizes_tensor(shape)
        mean, stddev = convert(mean, dtype, "mean"), convert(stddev, dtype, "stddev")
        numbers = self._draw(definition, sizes, dtype=dtype)
        found: Tensor = apply("Add", numbers * stddev, mean, name=scope)
        return found

    def truncated_normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = float32,
        name: str | None = None,
    ) -> Tensor:
        """Returns normal numbers within two deviations of the mean."""
        with scopes.name_scope(name, "truncated_normal", [shape, mean, stddev]) as scope:
            return self._scaled(STATEFUL_TRUNCATED, shape, mean, stddev, dtype, scope)

    def uniform(
        self,
        shape: Any,
        minval: Any = 0,
        maxval: Any = None,
        dtype: Any = float32,
        name: str | None = None,
    ) -> Tensor:
        """Returns numbers that are equally likely in [minval, maxval).

        Raises:
            ValueError: for integers without `maxval`.
        """
        dtype = as_dtype(dtype)
        if maxval is None:
            if dtype.is_integer:
                raise ValueError(f"Must specify maxval for integer dtype {dtype!r}")
            maxval = 1
        with scopes.name_scope(name, "stateful_uniform", [shape, minval, maxval]) as scope:
            sizes = _sizes_tensor(shape)
            low, high = convert(minval, dtype, "min"), convert(maxval, dtype, "max")
            if dtype.is_integer:
                return self._draw(STATEFUL_UNIFORM_INT, sizes, low, high, name=scope)
            numbers = self._draw(STATEFUL_UNIFORM, sizes, dtype=dtype)
            found: Tensor = apply("Add", numbers * (high - low), low, name=scope)
            return found

    def uniform_full_int(self, shape: Any, dtype: Any = uint64, name: str | None = None) -> Tensor:
        """Returns integers that are equally likely in the whole range of their type."""
        with scopes.name_scope(name, "stateful_uniform_full_int", [shape]) as scope:
            sizes = _sizes_tensor(shape)
            return self._draw(STATEFUL_FULL_INT, sizes, dtype=as_dtype(dtype), name=scope)

    def make_seeds(self, count: Any = 1) -> Tensor:
        """Returns seeds for stateless operations, [2, count].

        Raises:
            ValueError: for an unknown algorithm.
        """
        _state_size(self.algorithm)
        keys = self.uniform_full_int(shape=[count], dtype=int64)
        return stack([keys, zeros_like(keys)])

    def split(self, count: int = 1) -> list[Generator]:
        """Returns generators with keys of their own, drawn from this one.

        Args:
            count: how many.

        Raises:
            ValueError: for an unknown algorithm.

        Note:
            TensorFlow 1.15 can do this in eager mode only.
        """
        zeros = [0] * (_state_size(self.algorithm) - 1)
        keys = self.uniform_full_int(shape=[count], dtype=int64)
        states = [concat([np.array(zeros), keys[i : i + 1]], 0) for i in range(count)]
        return [Generator(state=state, alg=self.algorithm) for state in states]


# --- the global generator ---
_global: list[Generator] = []


@export("random.experimental.get_global_generator")
def get_global_generator() -> Generator:
    """Returns the generator of the process; the first call makes it, in the default graph."""
    if not _global:
        _global.append(Generator.from_non_deterministic_state())
    return _global[0]


@export("random.experimental.set_global_generator")
def set_global_generator(generator: Generator) -> None:
    """Makes a generator the one of the process."""
    _global[:] = [generator]
