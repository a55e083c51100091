"""The values of a sparse tensor in other places: reordered, reshaped, transposed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.constant import constant_value
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32, int64
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.sparse_tensor import SparseTensor, as_sparse_tensor, shape_given_by
from graphflow.core.tensor import Tensor
from graphflow.ops._sparse_kernels import check_rows, flat_places, in_order
from graphflow.ops._sparse_shapes import SPARSE, need_ranks
from graphflow.ops.arithmetic import add, maximum
from graphflow.ops.asserts import assert_equal, assert_less_equal
from graphflow.ops.cast import cast
from graphflow.ops.concat import concat
from graphflow.ops.constant import constant
from graphflow.ops.control_ops import with_dependencies
from graphflow.ops.fill import ones_like, zeros
from graphflow.ops.gather import gather
from graphflow.ops.identity import identity
from graphflow.ops.reduce import reduce_max
from graphflow.ops.select import where_v2
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank
from graphflow.ops.shape_ops import shape as shape_tensor
from graphflow.ops.slice import slice_
from graphflow.ops.transpose import transpose

Array = np.ndarray[Any, Any]

# --- SparseReorder ---
SPARSE_REORDER = define(
    "SparseReorder(input_indices: int64, input_values: T, input_shape: int64)"
    " -> output_indices: int64, output_values: T"
)


@SPARSE_REORDER.shape
def _(op: Operation) -> list[Dims]:
    indices, values, _ = need_ranks(op, *SPARSE)
    return [indices, values]


@SPARSE_REORDER.gradient
def _(op: Operation, _: Any, dy: Tensor) -> tuple[Any, ...]:
    indices, _values, shape = op.inputs
    number = apply("Size", op.inputs[1])
    _, order = apply(SPARSE_REORDER, indices, range_(number), shape)
    back = apply("InvertPermutation", order)
    return None, apply("GatherV2", dy, back, np.array(0, np.int32)), None


@SPARSE_REORDER.numpy
def _(indices: Array, values: Array, shape: Array) -> tuple[Array, Array]:
    check_rows(indices, values, shape)
    return in_order(indices.copy(), values.copy())


@export("sparse.reorder", "sparse_reorder")
def sparse_reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """Returns a sparse tensor with its places in row-major order.

    Args:
        sp_input: a SparseTensor.
        name: the node's name.

    Raises:
        TypeError: if it is not sparse.
    """
    x = as_sparse_tensor(sp_input)
    indices, values = apply(SPARSE_REORDER, x.indices, x.values, x.dense_shape, name=name)
    if x.shape.is_fully_defined():
        return SparseTensor(indices, values, x.shape.as_list())
    return SparseTensor(indices, values, identity(x.dense_shape))


# --- SparseReshape ---
SPARSE_RESHAPE = define(
    "SparseReshape(input_indices: int64, input_shape: int64, new_shape: int64)"
    " -> output_indices: int64, output_shape: int64"
).no_gradient("only places change")


@SPARSE_RESHAPE.shape
def _(op: Operation) -> list[Dims]:
    indices, _, new = need_ranks(
        op,
        SPARSE[0],
        SPARSE[2],
        (1, "Target shape should be a vector but received shape {}"),
    )
    return [(indices[0], new[0]), new]


@SPARSE_RESHAPE.numpy
def _(indices: Array, shape: Array, new: Array) -> tuple[Array, Array]:
    sizes = _sizes(shape.tolist(), new.tolist())
    if sizes == shape.tolist():
        return indices.copy(), shape.copy()  # places outside stay where they are
    flat = flat_places(indices, shape)
    rows = np.empty((len(indices), len(sizes)), np.int64)
    for axis in range(len(sizes) - 1, -1, -1):
        flat, rows[:, axis] = np.divmod(flat, max(sizes[axis], 1))
    if rows.size and len(sizes):
        rows[:, 0] += flat * max(sizes[0], 1)  # places outside stay outside
    return rows, np.array(sizes, np.int64)


def _sizes(old: list[int], new: list[int]) -> list[int]:
    """The new sizes with the one that is -1 worked out."""
    total = math.prod(old)
    unknown = [i for i, d in enumerate(new) if d == -1]
    if len(unknown) > 1:
        raise KernelError(
            f"only one output dimension may be -1, not both {unknown[0]} and {unknown[1]}"
        )
    for i, d in enumerate(new):
        if d < -1:
            raise KernelError(f"size {i} must be non-negative, not {d}")
    product = math.prod(d for d in new if d != -1)
    if unknown:
        if not product:
            raise KernelError(
                "reshape cannot infer the missing input size for an empty tensor unless all "
                "specified input sizes are non-zero"
            )
        new = [total // product if d == -1 else d for d in new]
        if product * (total // product) != total:
            raise KernelError(
                f"Input to reshape is a SparseTensor with {total} dense values, but the requested "
                f"shape requires a multiple of {product}. input_shape={_listed(old)} "
                f"output_shape={_listed([d if i != unknown[0] else 1 for i, d in enumerate(new)])}"
            )
    elif product != total:
        raise KernelError(
            f"Input to reshape is a tensor with {total} dense values, but the requested shape has "
            f"{product}. input_shape={_listed(old)} output_shape={_listed(new)}"
        )
    return new


def _listed(sizes: list[int]) -> str:
    return "[" + ",".join(map(str, sizes)) + "]"


@export("sparse.reshape", "sparse_reshape")
def sparse_reshape(sp_input: Any, shape: Any, name: str | None = None) -> SparseTensor:
    """Returns a sparse tensor with another shape and the same values in row-major order.

    Args:
        sp_input: a SparseTensor in row-major order.
        shape: the new shape; one size may be -1.
        name: the name of the scope.

    Raises:
        TypeError: if `sp_input` is not sparse.
        ValueError: if the numbers of elements are known and differ.
    """
    x = as_sparse_tensor(sp_input)
    shape = cast(shape, int64)
    with scopes.name_scope(name, "SparseReshape", [x]) as scope:
        indices, sizes = apply(SPARSE_RESHAPE, x.indices, x.dense_shape, shape, name=scope)
        known = _known_sizes(x, shape)
        if known is not None:
            sizes = constant(known, int64)
        return SparseTensor(indices, identity(x.values), sizes)


def _known_sizes(x: SparseTensor, shape: Tensor) -> list[int] | None:
    """The new sizes where they follow from static shapes.

    Raises:
        ValueError: if the numbers of elements differ, or two sizes are -1.
    """
    wanted, old = shape_given_by(shape).raw, x.shape.raw
    if wanted is None or old is None or None in old:
        return None
    asked = constant_value(shape)
    if asked is not None and int((asked == -1).sum()) > 1:
        raise ValueError(f"At most one dimension can be inferred (-1). Found: {asked}")
    total = math.prod(old)  # type: ignore[arg-type]  # none is None, as seen above
    sizes = list(wanted)
    if sizes.count(None) > 1:
        return None
    if None in sizes:
        rest = math.prod(d for d in sizes if d is not None)
        sizes[sizes.index(None)] = int(total // rest) if rest else 0
    found = math.prod(sizes)  # type: ignore[arg-type]  # the only None was worked out
    if found != total:
        raise ValueError(
            f"Cannot reshape a tensor with {total} elements to shape {list(wanted)} "
            f"({found} elements)."
        )
    return sizes  # type: ignore[return-value]  # as above


# --- transposed, with one more axis, in a larger shape ---
@export("sparse.transpose", "sparse_transpose")
def sparse_transpose(sp_input: Any, perm: Any = None, name: str | None = None) -> SparseTensor:
    """Returns a sparse tensor with its axes in another order.

    Args:
        sp_input: a SparseTensor.
        perm: for each axis of the result, which axis of `sp_input` it is; None: all turned around.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "SparseTranspose", [sp_input]):
        given = perm is not None
        if not given:
            number = rank(sp_input)
            perm = number - 1 - range_(0, number, 1)
        indices = sp_input.indices
        moved = transpose(gather(transpose(indices), perm))
        # TensorFlow does not look through the difference that it makes of no order.
        order = constant_value(convert(perm)) if given else None
        old = sp_input.get_shape().raw
        if order is not None and old is not None and None not in old:
            sizes: Any = list(old)
            for i, p in enumerate(order.tolist()):
                sizes[i] = old[p]
        else:
            sizes = gather(sp_input.dense_shape, perm)
        return sparse_reorder(SparseTensor(moved, sp_input.values, sizes))


@export("sparse.expand_dims")
def sparse_expand_dims(sp_input: Any, axis: Any = None, name: str | None = None) -> SparseTensor:
    """Returns a sparse tensor with one more axis, of size 1.

    Args:
        sp_input: a SparseTensor.
        axis: where the new axis stands, from -rank - 1 to rank; None: -1, behind all others.
        name: the name of the scope.

    Raises:
        TypeError: if `axis` is neither an integer nor a tensor.
    """
    number = sp_input.dense_shape.shape[0]
    axis = -1 if axis is None else axis
    with scopes.name_scope(name, "expand_dims", [sp_input]):
        if isinstance(axis, int | np.integer):
            axis = convert(axis, int32, "axis")
        elif not isinstance(axis, Tensor):
            raise TypeError(
                "axis must be an integer value in range [-rank(sp_input) - 1, rank(sp_input)]"
            )
        axis = where_v2(axis >= 0, axis, axis + number + 1)
        columns = shape_tensor(sp_input.indices)[0]
        new = zeros([columns, 1], dtype=int64)
        before = slice_(sp_input.indices, [0, 0], [-1, axis])
        after = slice_(sp_input.indices, [0, axis], [-1, -1])
        indices = concat([before, new, after], axis=1)
        sizes_before = slice_(sp_input.dense_shape, [0], [axis])
        sizes_after = slice_(sp_input.dense_shape, [axis], [-1])
        one = convert([1], int64, "new_shape")
        sizes = concat([sizes_before, one, sizes_after], axis=0)
        return SparseTensor(indices, sp_input.values, sizes)


@export("sparse.reset_shape", "sparse_reset_shape")
def sparse_reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """Returns the same values in a larger shape, or in the smallest one that holds them.

    Args:
        sp_input: a SparseTensor.
        new_shape: the new shape, of the same rank, nowhere smaller; None: the smallest one.

    Raises:
        TypeError: if `sp_input` is not sparse.
        ValueError: if the ranks differ, or a size is known and smaller.
        InvalidArgumentError: in a run, for the same.
    """
    x = as_sparse_tensor(sp_input)
    indices, values = identity(x.indices), identity(x.values)
    old = identity(x.dense_shape)
    if new_shape is None:
        lowest = reduce_max(indices, axis=0)
        sizes = maximum(constant(0, int64), add(lowest, ones_like(old)))
    else:
        sizes = _checked_sizes(x, old, new_shape)
    return SparseTensor(indices, values, sizes)


def _checked_sizes(x: SparseTensor, old: Tensor, new_shape: Any) -> Any:
    sizes = convert(new_shape)
    sizes.shape.assert_has_rank(1)
    sizes = cast(sizes, int64)
    sizes.shape[0].merge_with(old.shape[0])
    known = constant_value(sizes)
    if known is not None and x.shape.is_fully_defined():
        own = np.array(x.shape.as_list())
        if not np.all(own <= known):
            raise ValueError(
                "Requested new_shape should have dimension sizes >= sp_input.shape.  "
                f"Found new_shape ({known}), sp_input.shape ({own})."
            )
        return known
    equal = assert_equal(shape_tensor(old), shape_tensor(sizes))
    sizes = with_dependencies([equal], sizes)
    return with_dependencies([assert_less_equal(old, sizes)], sizes)
