"""tf.test.compute_gradient: the Jacobian by `tf.gradients`, and the one by differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from graphflow.autodiff.reverse import gradients
from graphflow.core import convert, dtypes, scopes
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.cast import cast
from graphflow.ops.constant import constant, placeholder
from graphflow.ops.identity import identity
from graphflow.ops.indexed_slices import IndexedSlices

Array = np.ndarray[Any, Any]
Run = Callable[..., Any]
_ALLOWED: Final = (
    dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.complex64,
    dtypes.complex128,
)  # fmt: skip


def _size(shape: Any) -> int:
    return shape if isinstance(shape, int) else math.prod(shape)


def _parts(dtype: dtypes.DType) -> int:
    return 2 if dtype.is_complex else 1


def _real(dtype: dtypes.DType) -> Any:
    return dtype.real_dtype.as_numpy_dtype


# --- the two Jacobians, of a function of arrays ---
def _analytic(
    backward: Run, x: dtypes.DType, x_shape: Sequence[int], y: dtypes.DType, y_shape: Any
) -> Array:
    """The Jacobian, a column for each element of y, from `backward(dy) -> dx`."""
    dims = (*x_shape, 2) if x.is_complex else tuple(x_shape)
    row_size = _size(dims[1:])
    jacobian = np.zeros((_size(dims), _size(y_shape) * _parts(y)), _real(x))
    dy = np.zeros(y_shape, y.as_numpy_dtype)
    flat = dy.ravel().view(_real(y))
    for column in range(jacobian.shape[1]):
        flat[column] = 1
        found = backward(dy)
        flat[column] = 0
        if hasattr(found, "indices"):
            for index, values in zip(found.indices, found.values, strict=True):
                at = index * row_size
                jacobian[at : at + row_size, column] += values.ravel().view(jacobian.dtype)
        else:
            jacobian[:, column] = found.ravel().view(jacobian.dtype)
    if not jacobian.shape[1]:
        _check_empty(backward(dy), tuple(x_shape))
    return jacobian


def _check_empty(found: Any, shape: tuple[int, ...]) -> None:
    if found.shape != shape:
        raise ValueError(f"Empty gradient has wrong shape: expected {shape}, got {found.shape}")
    if np.any(found):
        raise ValueError("Empty tensor with nonzero gradients")


def _numeric(
    forward: Run, x: dtypes.DType, x_data: Array, y: dtypes.DType, y_size: int, delta: float
) -> Array:
    """The Jacobian, a row for each element of x, from central differences of `forward(x)`."""
    real = _real(x)
    jacobian = np.zeros((x_data.size * _parts(x), y_size * _parts(y)), real)
    scale = np.asarray(2 * delta, _real(y))[()]
    for row in range(jacobian.shape[0]):
        above, below = x_data.copy(), x_data.copy()
        above.reshape(-1).view(real)[row] += delta
        below.reshape(-1).view(real)[row] -= delta
        difference = (forward(above) - forward(below)) / scale
        jacobian[row] = np.asarray(difference).ravel().view(_real(y))
    return jacobian


# --- TensorFlow 1's form: of tensors ---
def _seeded_gradient(x: Tensor, y: Tensor, y_shape: Any) -> tuple[Any, Tensor]:
    """(dx, dy): what flows back to x, and the tensor to feed with what flows into y."""
    with x.graph.as_default():
        fed = constant(1.0, shape=y_shape, dtype=y.dtype)
        dy = identity(fed)  # else dx may be dy itself, which cannot be fetched while fed
    (dx,) = gradients(y, x, dy)
    return dx, fed


def _check_type(dtype: dtypes.DType, what: str) -> None:
    if dtype.base_dtype not in _ALLOWED:
        raise AssertionError(f"Don't support type {dtype.name} for {what}")


def _start(x: Tensor, x_shape: Sequence[int], x_init_value: Any) -> Array:
    if x_init_value is not None:
        if list(x_shape) != list(x_init_value.shape):
            raise AssertionError(
                f"x_shape = {x_shape}, init_data shape = {list(x_init_value.shape)}"
            )
        return np.asarray(x_init_value)
    drawn = np.random.random_sample(x_shape)  # noqa: NPY002 (a test seeds the global generator)
    data = np.asarray(drawn).astype(x.dtype.as_numpy_dtype)
    if x.dtype.is_complex:
        data.imag = np.random.random_sample(x_shape)  # noqa: NPY002 (as above)
    return data


def _both(
    x: Tensor, x_shape: Any, dx: Any, y: Tensor, y_shape: Any, dy: Tensor, start: Any,
    delta: float, feeds: dict[Any, Any],
) -> tuple[Array, Array]:  # fmt: skip
    _check_type(x.dtype, "x")
    _check_type(y.dtype, "y")
    data = _start(x, x_shape, start)
    session = scopes.get_default_session()
    if not isinstance(dx, Tensor | IndexedSlices):
        raise AssertionError(f"dx = {dx}")

    def backward(dy_data: Array) -> Any:
        return session.run(dx, feed_dict={**feeds, x: data, dy: dy_data})

    analytic = _analytic(backward, x.dtype, x_shape, y.dtype, y_shape)
    # A step would be lost in bfloat16's 8 bits.
    wide_x = cast(x, dtypes.float32) if x.dtype == dtypes.bfloat16 else x
    wide_y = cast(y, dtypes.float32) if y.dtype == dtypes.bfloat16 else y

    def forward(x_data: Array) -> Any:
        return wide_y.eval(feed_dict={**feeds, wide_x: x_data})

    given = np.array(data, dtype=wide_x.dtype.as_numpy_dtype)
    numeric = _numeric(forward, wide_x.dtype, given, wide_y.dtype, _size(y_shape), delta)
    return analytic, numeric


@export("test.compute_gradient")
def compute_gradient(
    x: Any,
    x_shape: Any,
    y: Tensor,
    y_shape: Any,
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Sequence[Operation] | None = None,
    extra_feed_dict: dict[Any, Any] | None = None,
) -> Any:
    """Returns the Jacobian dy/dx twice: by `tf.gradients`, and by differences.

    Args:
        x: a tensor that can be fed, or a list of them.
        x_shape: its shape, or a list of shapes.
        y: a tensor.
        y_shape: its shape.
        x_init_value: the array at which the Jacobian is taken, or a list of arrays; None: one
            drawn from [0, 1).
        delta: the step of the differences.
        init_targets: operations to run first.
        extra_feed_dict: what else is fed.

    Returns:
        Two arrays [elements of x, elements of y], or a list of such pairs; complex elements count
        twice, the real part first.

    Raises:
        AssertionError: if a type has no gradient, or an array another shape.
        ValueError: if y is empty and its gradient is not.
    """
    for init in init_targets or ():
        init.run()
    many = isinstance(x, list)
    xs, shapes = (x, x_shape) if many else ([x], [x_shape])
    starts = [None] * len(xs) if x_init_value is None else x_init_value if many else [x_init_value]
    flows = [_seeded_gradient(xi, y, y_shape) for xi in xs]
    pairs = [
        _both(xi, shape, dx, y, y_shape, dy, start, delta, extra_feed_dict or {})
        for xi, shape, (dx, dy), start in zip(xs, shapes, flows, starts, strict=True)
    ]
    return pairs if many else pairs[0]


@export("test.compute_gradient_error")
def compute_gradient_error(
    x: Any,
    x_shape: Any,
    y: Tensor,
    y_shape: Any,
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Sequence[Operation] | None = None,
    extra_feed_dict: dict[Any, Any] | None = None,
) -> Any:
    """Returns by how much the two Jacobians of `compute_gradient` differ at most.

    Args:
        x: as in `compute_gradient`.
        x_shape: as in `compute_gradient`.
        y: as in `compute_gradient`.
        y_shape: as in `compute_gradient`.
        x_init_value: as in `compute_gradient`.
        delta: as in `compute_gradient`.
        init_targets: as in `compute_gradient`.
        extra_feed_dict: as in `compute_gradient`.
    """
    pairs = compute_gradient(
        x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict
    )
    return _error([pairs] if isinstance(pairs, tuple) else pairs)


def _error(pairs: Sequence[tuple[Array, Array]]) -> Any:
    error: Any = 0
    for analytic, numeric in pairs:
        if analytic.size or numeric.size:
            error = np.maximum(error, np.fabs(analytic - numeric).max())
    return float(error)


# --- the newer form: of a function ---
def compute_gradient_v2(f: Callable[..., Tensor], x: Any, delta: float = 1e-3) -> Any:
    """Returns the Jacobians of a function of tensors, by `tf.gradients` and by differences.

    Args:
        f: takes as many tensors as `x` has, and returns one.
        x: a list of arrays or tensors.
        delta: the step of the differences.

    Returns:
        Two tuples of arrays, one for each argument.

    Raises:
        ValueError: if `x` is no list.
    """
    if not isinstance(x, list):
        raise ValueError(f"`x` must be a list of Tensors (arguments to `f`), not a {type(x)}")
    session = scopes.get_default_session()
    tensors = [convert.convert_to_tensor(v) for v in x]
    arrays = [np.asarray(session.run(t)) for t in tensors]
    kinds = [t.dtype for t in tensors]
    inputs = [placeholder(kind) for kind in kinds]
    y = f(*inputs)
    y_shape = session.run(y, dict(zip(inputs, arrays, strict=True))).shape
    seed = placeholder(y.dtype)
    flows = gradients(y, inputs, seed)
    pairs = [_pair(session, inputs, arrays, i, y, y_shape, seed, flows[i], delta)
             for i in range(len(inputs))]  # fmt: skip
    return tuple(zip(*pairs, strict=True))


def _pair(
    session: Any, inputs: Any, arrays: Any, i: int, y: Tensor, y_shape: Any, seed: Tensor,
    dx: Any, delta: float,
) -> tuple[Array, Array]:  # fmt: skip
    kind = inputs[i].dtype
    _check_type(kind, f"argument {i}")
    _check_type(y.dtype, "y")
    feeds = dict(zip(inputs, arrays, strict=True))
    analytic = _analytic(
        lambda dy: session.run(dx, {**feeds, seed: dy}), kind, arrays[i].shape, y.dtype, y_shape
    )
    wide = cast(y, dtypes.float32) if y.dtype == dtypes.bfloat16 else y
    numeric = _numeric(
        lambda data: session.run(wide, {**feeds, inputs[i]: data}),
        kind, arrays[i], wide.dtype, _size(y_shape), delta,
    )  # fmt: skip
    return analytic, numeric


def max_error(grad1: Sequence[Array], grad2: Sequence[Array]) -> Any:
    """Returns by how much two lists of arrays differ at most."""
    return _error(list(zip(grad1, grad2, strict=True)))
