"""What singular values tell: the rank of matrices, and pseudo-inverses."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import float32, int32
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.asserts import assert_rank_at_least
from graphflow.ops.cast import cast
from graphflow.ops.decompositions import svd
from graphflow.ops.identity import identity
from graphflow.ops.matmul import matmul
from graphflow.ops.reduce import reduce_max, reduce_sum
from graphflow.ops.reshape import expand_dims
from graphflow.ops.shape_ops import shape


def _checked(a: Tensor, validate: bool) -> Tensor:
    """The matrices, or a copy of them that waits for a check.

    Raises:
        TypeError: if they are no floats.
        ValueError: if there are too few axes.
    """
    if not a.dtype.is_floating:
        raise TypeError(f"Input `a` must have `float`-like `dtype` (saw {a.dtype.name}).")
    too_few = "Input `a` must have at least 2 dimensions"
    if a.dims is not None:
        if len(a.dims) < 2:
            raise ValueError(f"{too_few} (saw: {len(a.dims)}).")
        return a
    if not validate:
        return a
    checks: list[Operation] = [assert_rank_at_least(a, rank=2, message=f"{too_few}.")]
    with scopes.control_dependencies(checks):
        return identity(a)


@export("linalg.matrix_rank")
def matrix_rank(
    a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """Returns the ranks of matrices: how many singular values are not nearly 0.

    Args:
        a: [..., m, n], floats.
        tol: up to where a value counts as 0; None: rounding errors of the largest one.
        validate_args: whether the number of axes is checked in the run where it is not known.
        name: the name of the scope.

    Raises:
        TypeError: if they are no floats.
        ValueError: if there are too few axes.
    """
    with scopes.name_scope(name or "matrix_rank"):
        x = convert_to_tensor(a, preferred_dtype=float32, name="a")
        x = _checked(x, validate_args)
        values = svd(x, compute_uv=False)
        if tol is None:
            sizes = None if x.dims is None else x.dims[-2:]
            largest: Any
            if sizes is not None and None not in sizes:
                largest = np.max(sizes)  # type: ignore[arg-type]  # both known
            else:
                largest = reduce_max(shape(x)[-2:])
            epsilon = np.finfo(x.dtype.as_numpy_dtype).eps
            tol = epsilon * cast(largest, x.dtype) * reduce_max(values, axis=-1, keepdims=True)
        found: Tensor = reduce_sum(cast(values > tol, int32), axis=-1)
        return found


@export("linalg.pinv")
def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """Returns the pseudo-inverses of matrices.

    Args:
        a: [..., m, n], floats.
        rcond: [...]: singular values up to this part of the largest count as 0; None: ten times
            the larger size times the rounding error of 1.
        validate_args: whether the number of axes is checked in the run where it is not known.
        name: the name of the scope.

    Returns:
        [..., n, m].

    Raises:
        TypeError: if they are no floats.
        ValueError: if there are too few axes.
    """
    with scopes.name_scope(name or "pinv"):
        x = _checked(convert_to_tensor(a, name="a"), validate_args)
        dtype = x.dtype.as_numpy_dtype
        limit = _default_limit(x) if rcond is None else rcond
        limit = convert_to_tensor(limit, dtype=dtype, name="rcond")
        values, left, right = svd(x, full_matrices=False, compute_uv=True)
        cutoff = limit * reduce_max(values, axis=-1)
        is_large = values > expand_dims(cutoff, -1)
        values = apply("SelectV2", is_large, values, np.array(np.inf, dtype))
        found = matmul(right / expand_dims(values, -2), left, adjoint_b=True)
        if x.dims is not None:
            known = x.get_shape()
            found.set_shape(known[:-2].concatenate([known[-1], known[-2]]))
        return found


def _default_limit(x: Tensor) -> Any:
    dtype = x.dtype.as_numpy_dtype
    dims = x.dims
    sizes: list[Any] = [None, None] if dims is None else list(dims[-2:])
    sizes = [shape(x)[at] if sizes[at] is None else sizes[at] for at in (-2, -1)]
    largest: Any
    if all(isinstance(n, int) for n in sizes):
        largest = float(max(sizes))
    else:
        largest = cast(apply("Maximum", *sizes), dtype)
    return 10.0 * largest * np.finfo(dtype).eps
