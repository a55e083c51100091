"""Axes in another order."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import Call, Lowering, box, steps_of
from graphflow.core.opdef import INDEX, OpDef, define
from graphflow.core.opdef import default as default_type
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank, of_rank
from graphflow.ops.shape_ops import RANK
from graphflow.ops.shape_ops import rank as rank_of

Array = np.ndarray[Any, Any]


def _permuted(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    (length,) = need_rank(op.inputs[1].dims, 1)
    perm = op.constant(1)
    if dims is None:  # TensorFlow: [0] may also stand for a scalar's axes
        return [None if perm is None or len(perm) < 2 else of_rank(len(perm))]
    n = len(dims)
    if length not in (None, n):
        raise ShapeError(
            f"Dimension must be {n} but is {length}",
            run=f"transpose expects a vector of size {n}. But input(1) is a vector of size "
            f"{length}",
        )
    if perm is None:
        return [(None,) * n]
    order = perm.tolist()
    for axis in order:
        if not -n <= axis < n:
            raise ShapeError(
                f"perm dim {axis} is out of range of input rank {n}",
                run=f"{axis} is out of range [0 .. {n})",
            )
    return [tuple([dims[axis] for axis in order])]


def _order(x: Array, perm: Array) -> list[int]:
    order: list[int] = perm.tolist()
    n = x.ndim
    if len(order) == n and order != list(range(n)):
        for axis in order:
            if not 0 <= axis < n:
                raise KernelError(f"{axis} is out of range [0 .. {n})")
        for axis in range(n):
            if axis not in order:
                raise KernelError(f"{axis} is missing from {{{','.join(map(str, order))}}}.")
    return order


def _transpose(name: str) -> OpDef:
    return define(
        f"{name}(x: T, perm: Tperm) -> y: T", shape=_permuted, Tperm=default_type(INDEX, int32)
    )


def _backwards(op: Operation) -> Any:
    perm = op.constant(1)
    if perm is None:
        return apply("InvertPermutation", op.inputs[1])
    return np.argsort(perm % max(1, len(perm))).astype(np.int32)


# --- Transpose ---
TRANSPOSE = _transpose("Transpose")


@TRANSPOSE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return apply(TRANSPOSE, dy, _backwards(op)), None


@TRANSPOSE.compiled
def _(call: Call) -> Lowering | None:
    perm, shape = call.constants.get(1), call.shapes[0]
    if perm is None or call.suffix is None or sorted(perm.tolist()) != list(range(len(shape))):
        return None
    order, item = perm.tolist(), call.dtypes[0].size
    source = steps_of(shape, item)
    out = [shape[i] for i in order]
    sizes = box(out, item, (0, [source[i] for i in order]), (0, steps_of(out, item)))
    if sizes is None or 0 in shape:
        return None
    swapped = _swapped(sizes)
    if swapped is not None and item == 4:
        return Lowering("transpose_4", swapped, inputs=(0,))
    return Lowering("copy_box", sizes, inputs=(0,))


def _swapped(sizes: tuple[int, ...]) -> tuple[int, int, int] | None:
    """(A, M, N) if a copy exchanges the last two axes of [A, M, N]; else None."""
    item, rank, axes = sizes[0], sizes[1], sizes[4:]
    if rank not in (2, 3):
        return None
    outer = axes[0] if rank == 3 else 1
    (n, s, t), (m, u, _) = axes[-6:-3], axes[-3:]
    if s != item or u != n * item or t != m * item:
        return None
    if rank == 3 and not axes[1] == axes[2] == m * n * item:
        return None
    return outer, m, n


@TRANSPOSE.numpy
def _(x: Array, perm: Array, *, out: Array | None = None) -> Array:
    turned = x.transpose(_order(x, perm))
    if out is None:
        return turned.copy(order="C")
    out[...] = turned
    return out


# --- ConjugateTranspose ---
CONJUGATE_TRANSPOSE = _transpose("ConjugateTranspose")


@CONJUGATE_TRANSPOSE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None]:
    return apply(CONJUGATE_TRANSPOSE, dy, _backwards(op)), None


@CONJUGATE_TRANSPOSE.numpy
def _(x: Array, perm: Array) -> Array:
    turned = x.transpose(_order(x, perm))
    return np.ascontiguousarray(turned.conj() if x.dtype.kind == "c" else turned.copy())


@export("transpose")
def transpose(
    a: Any, perm: Any = None, name: str | None = "transpose", conjugate: bool = False
) -> Tensor:
    """Returns a tensor with its axes in another order.

    Args:
        a: a value.
        perm: for each axis of the result, which axis of `a` it is; None: all in reverse order.
        name: the node's name.
        conjugate: whether complex elements are conjugated, too.

    Raises:
        ValueError: if `perm` has another length than `a` has axes.
    """
    with scopes.name_scope(name, "transpose", [a]) as scope:
        definition = TRANSPOSE
        if conjugate and a.dtype.is_complex:
            definition = CONJUGATE_TRANSPOSE
        if perm is not None:
            return apply(definition, a, perm, name=scope)  # type: ignore[no-any-return]  # one output
        a = convert_to_tensor(a, name="a")
        found: Tensor = apply(definition, a, _reversed_axes(a), name=scope)
        if a.dims is not None:
            found.set_shape(a.dims[::-1])
        return found


def _reversed_axes(a: Tensor) -> Any:
    if a.dims:
        return np.arange(len(a.dims), dtype=np.int32)[::-1].copy()
    # TensorFlow computes the axes in the run for scalars and for unknown ranks.
    rank = apply(RANK, a)
    return (rank - 1) - apply("Range", 0, rank, 1)


@export("matrix_transpose", "linalg.transpose", "linalg.matrix_transpose")
def matrix_transpose(
    a: Any, name: str | None = "matrix_transpose", conjugate: bool = False
) -> Tensor:
    """Returns a tensor with its last two axes exchanged.

    Args:
        a: a tensor of matrices, [..., m, n].
        name: the name of the scope.
        conjugate: whether complex elements are conjugated, too.

    Raises:
        ValueError: if the rank is below 2.
    """
    with scopes.name_scope(name, None, [a]):
        a = convert_to_tensor(a, name="a")
        if a.dims is None:
            rank = rank_of(a)
            front = apply("Range", 0, rank - 2, 1)
            order = apply("ConcatV2", [front, [rank - 1, rank - 2]], 0, name="concat")
            return transpose(a, perm=order, conjugate=conjugate)
        n = len(a.dims)
        if n < 2:
            raise ValueError(
                f"Argument 'a' should be a (batch) matrix, with rank >= 2.  Found: {a.shape}"
            )
        return transpose(a, perm=[*range(n - 2), n - 1, n - 2], conjugate=conjugate)


# --- InvertPermutation ---
INVERT_PERMUTATION = define(
    "InvertPermutation(x: T) -> y: T", T=default_type(INDEX, int32)
).no_gradient("positions are integers")


@INVERT_PERMUTATION.shape
def _(op: Operation) -> list[Dims]:
    return [need_rank(op.inputs[0].dims, 1)]


@INVERT_PERMUTATION.numpy
def _(x: Array) -> Array:
    n = x.size
    found = np.full(n, -1, x.dtype)
    for at, value in enumerate(x.tolist()):
        if not 0 <= value < n:
            raise KernelError(f"{value} is not between 0 and {n}")
        if found[value] != -1:
            raise KernelError(f"{value} is duplicated in the input.")
        found[value] = at
    return found


@export("invert_permutation", "math.invert_permutation")
def invert_permutation(x: Any, name: str | None = None) -> Tensor:
    """Returns where each of the numbers 0, 1, ... stands in `x`.

    Args:
        x: a permutation, an int32 or int64 vector.
        name: the node's name.
    """
    found: Tensor = apply(INVERT_PERMUTATION, x, name=name)
    return found
