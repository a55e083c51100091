"""Sparse tensors and dense ones element by element: Python's `*` and `/`, larger and smaller."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.late import provide
from graphflow.core.opdef import NUMBERS, REALS, OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.ops._sparse_kernels import (
    check_same_shape,
    merged_pairs,
    merged_rows,
    merged_values,
)
from graphflow.ops._sparse_shapes import need_ranks
from graphflow.ops.cast import cast
from graphflow.ops.division import REAL_TYPE

Array = np.ndarray[Any, Any]

# --- SparseDenseCwiseMul, SparseDenseCwiseDiv, SparseDenseCwiseAdd ---


def _cwise(name: str, how: Any) -> OpDef:
    made = define(
        f"{name}(sp_indices: int64, sp_values: T, sp_shape: int64, dense: T) -> output: T",
        T=NUMBERS,
    )
    made.shape(_cwise_shape)

    def kernel(indices: Array, values: Array, shape: Array, dense: Array) -> Array:
        beside = _values_beside(indices, values, shape, dense)
        found: Array = how(values, beside)
        return found

    made.numpy(kernel)
    return made


def _cwise_shape(op: Operation) -> list[Dims]:
    [indices] = need_ranks(op, (2, "Input sp_indices should be a matrix but received shape: {}"))
    return [(indices[0],)]


def _values_beside(indices: Array, values: Array, shape: Array, dense: Array) -> Array:
    """The dense tensor's value beside each of the sparse one's; the dense one broadcasts."""
    if values.ndim != 1 or shape.ndim != 1:
        raise KernelError(
            "Inputs sp_values and sp_shape should be vectors but received shapes: "
            f"{text(values.shape)} and {text(shape.shape)}"
        )
    sizes, behind = shape.tolist(), len(shape) - dense.ndim
    if behind < 0 or any(d not in (1, s) for d, s in zip(dense.shape, sizes[behind:], strict=True)):
        raise KernelError(
            "SparseDenseBinaryOpShared broadcasts dense to sparse only; "
            f"got incompatible shapes: {text(tuple(sizes))} vs. {text(dense.shape)}"
        )
    if len(indices) != len(values):
        raise KernelError(f"{len(indices)} places for {len(values)} values")
    if ((indices < 0) | (indices >= shape)).any():
        raise KernelError(
            "Provided indices are out-of-bounds w.r.t. dense side with broadcasted shape"
        )
    where = [
        indices[:, behind + axis] if size != 1 else np.zeros(len(indices), np.int64)
        for axis, size in enumerate(dense.shape)
    ]
    found: Array = dense[tuple(where)] if where else np.broadcast_to(dense, values.shape)
    return found


def _quotient(x: Array, y: Array) -> Array:
    """`x / y`; of integers rounded toward 0, and 0 where TensorFlow's process would end."""
    if x.dtype.kind not in "iu":
        return x / y
    found = x // y
    if x.dtype.kind == "i":
        found += (found < 0) & (found * y != x)
    return found


SPARSE_DENSE_CWISE_MUL = _cwise("SparseDenseCwiseMul", np.multiply)
SPARSE_DENSE_CWISE_DIV = _cwise("SparseDenseCwiseDiv", _quotient)
SPARSE_DENSE_CWISE_ADD = _cwise("SparseDenseCwiseAdd", np.add)


@SPARSE_DENSE_CWISE_ADD.gradient
def _(op: Operation, dy: Tensor) -> Any:
    raise NotImplementedError("Gradient for SparseDenseCwiseAdd is currently not implemented yet.")


@SPARSE_DENSE_CWISE_MUL.gradient
def _(op: Operation, dy: Tensor) -> tuple[Any, ...]:
    where, beside, shape = _beside(op)
    return None, dy * beside, None, _spread(op, where, dy * op.inputs[1], shape)


@SPARSE_DENSE_CWISE_DIV.gradient
def _(op: Operation, dy: Tensor) -> tuple[Any, ...]:
    where, beside, shape = _beside(op)
    slope = dy * (-op.inputs[1] / (beside * beside))
    return None, dy / beside, None, _spread(op, where, slope, shape)


def _beside(op: Operation) -> tuple[Any, Any, Any]:
    """Where in the dense tensor each value stands, what stands there, and the dense shape."""
    indices, _, shape, dense = op.inputs
    sizes, own = op.constant(2), dense.dims
    if sizes is None or own is None or None in own:
        where, own_shape = _places(indices, shape, dense)
    else:
        where, own_shape = _known_places(indices, sizes, np.array(own, np.int64))
    return where, apply("GatherNd", dense, where), own_shape


def _known_places(indices: Tensor, sizes: Array, own: Array) -> tuple[Any, Any]:
    behind = len(sizes) - len(own)
    where: Any = indices
    if behind:
        begin, all_ = np.array([0, behind], np.int32), np.array([-1, -1], np.int32)
        where = apply("Slice", where, begin, all_)
    if (own != sizes[behind:]).any():  # an axis of size 1: all its places are the first
        where = apply("Mul", where, (own != 1).astype(np.int64))
    return where, own


def _places(indices: Tensor, shape: Tensor, dense: Tensor) -> tuple[Any, Any]:
    own = apply("Shape", dense, out_type=shape.dtype)
    behind = apply("Reshape", apply("Sub", apply("Size", shape), apply("Size", own)), [1])
    ones = apply("Fill", behind, np.array(1, np.int64))
    padded = apply("ConcatV2", [ones, own], np.array(0, np.int32))
    places = apply("FloorDiv", indices, apply("FloorDiv", shape, padded))
    start = apply("ConcatV2", [np.array([0], np.int32), behind], np.array(0, np.int32))
    return apply("Slice", places, start, np.array([-1, -1], np.int32)), own


def _spread(op: Operation, where: Tensor, values: Tensor, shape: Tensor) -> Any:
    """Values added up where they stand in the dense tensor."""
    return apply("SparseTensorDenseAdd", where, values, shape, apply("ZerosLike", op.inputs[3]))


def sparse_dense_cwise_add(sp_t: SparseTensor, dense_t: Any) -> SparseTensor:
    """Returns a sparse tensor with the elements of a dense one added to its values.

    Args:
        sp_t: a SparseTensor.
        dense_t: a dense tensor, which broadcasts to its shape.
    """
    values = apply(SPARSE_DENSE_CWISE_ADD, sp_t.indices, sp_t.values, sp_t.dense_shape, dense_t)
    return SparseTensor(sp_t.indices, values, sp_t.dense_shape)


# --- Python's operators ---
_OPERATIONS: Final = {
    "mul": SPARSE_DENSE_CWISE_MUL,
    "div": SPARSE_DENSE_CWISE_DIV,
    "truediv": SPARSE_DENSE_CWISE_DIV,
}


@provide("sparse_operator")
def _operator(name: str, x: SparseTensor, y: Any) -> SparseTensor:
    with scopes.name_scope(None, name, [x, y]) as scope:
        y = convert(y, x.dtype.base_dtype, "y")
        values = x.values
        if name == "truediv":
            values, y = _true_quotients(values, y)
        found = apply(_OPERATIONS[name], x.indices, values, x.dense_shape, y, name=scope)
        return SparseTensor(x.indices, found, x.dense_shape)


def _true_quotients(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Integers as the floats that Python's `/` makes of them."""
    dtype = x.dtype.base_dtype
    if dtype not in REAL_TYPE:
        raise TypeError(f"Invalid dtype {dtype!r} in __truediv__")
    wanted: DType | None = REAL_TYPE[dtype]
    return (x, y) if wanted is None else (cast(x, wanted), cast(y, wanted))


# --- SparseSparseMaximum, SparseSparseMinimum ---


def _extreme(name: str, types: tuple[DType, ...], public: str) -> OpDef:
    made = define(
        f"{name}(a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, "
        "b_shape: int64) -> output_indices: int64, output_values: T",
        T=types,
    )
    made.shape(_extreme_shape)
    made.gradient(_no_slope)

    def kernel(
        a: Array, a_values: Array, a_shape: Array, b: Array, b_values: Array, b_shape: Array
    ) -> tuple[Array, Array]:
        _check_operands(a, a_values, b, b_values, a_shape, b_shape)
        in_a, in_b = merged_pairs(a, b)
        x, y = merged_values(a_values, in_a), merged_values(b_values, in_b)
        # Of two of which one is nan, the first: as the comparison in TensorFlow's kernel has it.
        second = x < y if public == "maximum" else y < x
        return merged_rows(a, b, in_a, in_b), np.where(second, y, x)

    made.numpy(kernel)
    return made


def _extreme_shape(op: Operation) -> list[Dims]:
    return [(None, None), (None,)]


def _no_slope(op: Operation, *_: Any) -> Any:
    raise NotImplementedError(f"Gradient for {op.type} is currently not implemented yet.")


def _check_operands(
    a: Array, a_values: Array, b: Array, b_values: Array, a_shape: Array, b_shape: Array
) -> None:
    for what, kind, joined, rank, x, y in (
        ("indices", "matrices", ", ", 2, a, b),
        ("values", "vectors", " and ", 1, a_values, b_values),
    ):
        if x.ndim != rank or y.ndim != rank:
            raise KernelError(
                f"Inputs a_{what} and b_{what} should be {kind} but received shapes: "
                f"{text(x.shape)}{joined}{text(y.shape)}"
            )
    if (len(a), len(b)) != (len(a_values), len(b_values)):
        raise KernelError(
            f"Expected {len(a)} and {len(b)} non-empty input values, "
            f"got {len(a_values)} and {len(b_values)}"
        )
    if a_shape.ndim != 1 or b_shape.ndim != 1:
        raise KernelError(
            "Input shapes should be a vector but received shapes "
            f"{text(a_shape.shape)} and {text(b_shape.shape)}"
        )
    check_same_shape(a_shape, b_shape)


SPARSE_SPARSE_MAXIMUM = _extreme("SparseSparseMaximum", REALS, "maximum")
SPARSE_SPARSE_MINIMUM = _extreme("SparseSparseMinimum", NUMBERS, "minimum")


def _larger_or_smaller(definition: OpDef, a: Any, b: Any, name: str | None) -> SparseTensor:
    parts = [a.indices, a.values, b.indices, b.values]
    with scopes.name_scope(name, definition.name, parts) as scope:
        indices, values = apply(
            definition, a.indices, a.values, a.dense_shape, b.indices, b.values, b.dense_shape,
            name=scope,
        )  # fmt: skip
    return SparseTensor(indices, values, a.dense_shape)


@export("sparse.maximum", "sparse_maximum")
def sparse_maximum(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
    """Returns the larger of two sparse tensors, element by element, where one of them has a value.

    Args:
        sp_a: a SparseTensor in row-major order.
        sp_b: another one of the same shape and type.
        name: the node's name.

    Raises:
        InvalidArgumentError: in a run, if the shapes differ.
    """
    return _larger_or_smaller(SPARSE_SPARSE_MAXIMUM, sp_a, sp_b, name)


@export("sparse.minimum", "sparse_minimum")
def sparse_minimum(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
    """Returns the smaller of two sparse tensors, element by element, where one of them has a value.

    Args:
        sp_a: a SparseTensor in row-major order.
        sp_b: another one of the same shape and type.
        name: the node's name.

    Raises:
        InvalidArgumentError: in a run, if the shapes differ.
    """
    return _larger_or_smaller(SPARSE_SPARSE_MINIMUM, sp_a, sp_b, name)
