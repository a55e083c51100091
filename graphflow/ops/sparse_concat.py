"""Sparse tensors put together along an axis, split along one, and boxes cut out of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import int64
from graphflow.core.errors import KernelError
from graphflow.core.export import export, renamed
from graphflow.core.opdef import NUMBERS, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, count, text
from graphflow.core.sparse_tensor import SparseTensor, as_sparse_tensor, shape_given_by
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank, same_size
from graphflow.ops._sparse_kernels import check_parts, check_rows, in_order, ranks
from graphflow.ops._sparse_shapes import need_ranks
from graphflow.ops.concat import concat
from graphflow.ops.reduce import reduce_max
from graphflow.ops.reshape import reshape

Array = np.ndarray[Any, Any]

# --- SparseConcat ---
SPARSE_CONCAT = define(
    "SparseConcat(indices: N*int64, values: N*T, shapes: N*int64, *, concat_dim: int)"
    " -> output_indices: int64, output_values: T, output_shape: int64",
    N=2,
).no_gradient("TensorFlow has none")


@SPARSE_CONCAT.shape
def _(op: Operation) -> list[Dims]:
    n = op.attrs["N"]
    rows: int | None = 0
    width: int | None = None
    sizes: int | None = None
    for i in range(n):
        at = f" at position {i}"
        indices, values, shape = (op.inputs[i + n * k].dims for k in range(3))
        length, rank = need_rank(
            indices, 2, f"Input indices should be a matrix but received shape {text(indices)}{at}"
        )
        [number] = need_rank(
            values, 1, f"Input values should be a vector but received shape {text(values)}{at}"
        )
        [own] = need_rank(
            shape, 1, f"Input shapes should be a vector but received shape {text(shape)}{at}"
        )
        length = same_size(
            length,
            number,
            "indices and values rows (indexing dimension) must match. "
            f"(indices = {length}, values = {number})",
        )
        rows = None if rows is None or length is None else rows + length
        run = f"Ranks of all input tensors must match: expected {sizes} but got {own}{at}"
        width, sizes = same_size(width, rank, run), same_size(sizes, own, run)
    return [(rows, width), (rows,), (sizes,)]


@SPARSE_CONCAT.numpy
def _(
    indices: list[Array], values: list[Array], shapes: list[Array], *, concat_dim: int
) -> tuple[Array, Array, Array]:
    rank = len(shapes[0])
    if not -rank <= concat_dim < rank:
        raise KernelError(f"Concat dimension must be in range [{-rank}, {rank}), got {concat_dim}")
    axis = concat_dim % rank
    for i, (places, numbers, shape) in enumerate(zip(indices, values, shapes, strict=True)):
        check_rows(places, numbers)
        _check_sizes(shapes[0], shape, axis, i)
    moved, start = [], 0
    for places, shape in zip(indices, shapes, strict=True):
        shifted = places.copy()
        shifted[:, axis] += start
        moved.append(shifted)
        start += int(shape[axis])
    whole = shapes[0].copy()
    whole[axis] = start
    return *in_order(np.concatenate(moved), np.concatenate(values)), whole


def _check_sizes(first: Array, shape: Array, axis: int, position: int) -> None:
    if len(first) != len(shape):
        raise KernelError(
            f"Ranks of all input tensors must match: expected {len(first)} but got {len(shape)} "
            f"at position {position}"
        )
    for i, (x, y) in enumerate(zip(first.tolist(), shape.tolist(), strict=True)):
        if i != axis and x != y:
            raise KernelError(
                f"Input shapes must match: expected {x} for dimension {i} but got {y} "
                f"at position {position}"
            )


@export("sparse.concat", "sparse_concat")
@renamed(concat_dim="axis")
def sparse_concat(
    axis: Any,
    sp_inputs: Any,
    name: str | None = None,
    expand_nonconcat_dim: bool = False,
    concat_dim: Any = None,
    expand_nonconcat_dims: bool | None = None,
) -> SparseTensor:
    """Returns sparse tensors put together along an axis, in row-major order.

    Args:
        axis: the axis.
        sp_inputs: a list of SparseTensors of one rank.
        name: the node's name.
        expand_nonconcat_dim: whether the other sizes may differ: the largest ones are taken.
        concat_dim: the old name of `axis`.
        expand_nonconcat_dims: another name of `expand_nonconcat_dim` that TensorFlow refuses.

    Raises:
        TypeError: if `sp_inputs` is no list of sparse tensors.
        ValueError: if `expand_nonconcat_dims` is given.
        InvalidArgumentError: in a run, if the other sizes differ.
    """
    if expand_nonconcat_dims is not None:  # TensorFlow's check takes the default for an argument
        raise ValueError("Cannot specify both 'expand_nonconcat_dim' and 'expand_nonconcat_dims'")
    expand = expand_nonconcat_dim
    if not isinstance(sp_inputs, list | tuple):
        raise TypeError("Inputs must be a list or tuple.")
    inputs = [as_sparse_tensor(x) for x in sp_inputs]
    if len(inputs) == 1:
        return inputs[0]
    shapes = [x.dense_shape for x in inputs]
    if expand:
        shapes = _expanded(shapes, axis)
    indices, values, sizes = apply(
        SPARSE_CONCAT,
        [x.indices for x in inputs],
        [x.values for x in inputs],
        shapes,
        concat_dim=axis,
        name=name,
    )
    if not expand:
        known = [shape_given_by(shape) for shape in shapes]
        if known and all(k.is_fully_defined() for k in known):
            whole: list[Any] = known[0].as_list()
            whole[axis] = sum(k.as_list()[axis] for k in known)
            sizes = convert(np.array(whole, np.int64))
    return SparseTensor(indices, values, sizes)


def _expanded(shapes: Sequence[Tensor], axis: int) -> list[Tensor]:
    """The shapes with the largest sizes along the axes that are not joined."""
    rows = [reshape(shape, [1, -1]) for shape in shapes]
    largest = reduce_max(concat(rows, 0), 0)
    last = axis == -1
    return [
        concat(
            [
                largest[:axis],
                shape[-1:] if last else shape[axis : axis + 1],
                [] if last else largest[axis + 1 :],
            ],
            0,
        )
        for shape in shapes
    ]


# --- SparseSplit ---
SPARSE_SPLIT = define(
    "SparseSplit(split_dim: int64, indices: int64, values: T, shape: int64, *, num_split: int)"
    " -> output_indices: num_split*int64, output_values: num_split*T, "
    "output_shape: num_split*int64",
    num_split=1,
).no_gradient("TensorFlow has none", raises=True)


@SPARSE_SPLIT.shape
def _(op: Operation) -> list[Dims]:
    shape = op.inputs[3].dims
    n = op.attrs["num_split"]
    indices: Dims = (None, count(shape))
    values: Dims = (None,)
    return [indices] * n + [values] * n + [shape] * n


@SPARSE_SPLIT.numpy
def _(split_dim: Array, indices: Array, values: Array, shape: Array, *, num_split: int) -> Any:
    check_parts(indices, values, shape)
    if split_dim.size != 1:
        raise KernelError(f"split_dim should be a scalar, got shape {text(split_dim.shape)}")
    axis, rank = int(split_dim.reshape(())[()]), len(shape)
    if axis >= rank:
        raise KernelError(f"Input split_dim should be between 0 and rank ({rank}), got {axis}")
    if axis < 0:
        raise KernelError(f"num_dim must be in the interval [0, {rank})")
    size = int(shape[axis])
    if not 1 <= num_split <= size:
        raise KernelError(
            "Input num_split should be between 1 and the splitting dimension size "
            f"({size}), got {num_split}"
        )
    check_rows(indices, values, shape)
    return _parts(indices, values, shape, axis, num_split)


def _parts(indices: Array, values: Array, shape: Array, axis: int, n: int) -> Any:
    each, longer = divmod(int(shape[axis]), n)  # the first `longer` parts have one more
    starts = np.array([i * each + min(i, longer) for i in range(n + 1)])
    part = np.searchsorted(starts, indices[:, axis], side="right") - 1
    if ((part < 0) | (part >= n)).any():
        raise KernelError("Sparse tensor has an index outside of its shape")
    rows, numbers, sizes = [], [], []
    for i in range(n):
        chosen = part == i
        found = indices[chosen]
        found[:, axis] -= starts[i]
        rows.append(found)
        numbers.append(values[chosen])
        whole = shape.copy()
        whole[axis] = starts[i + 1] - starts[i]
        sizes.append(whole)
    return rows + numbers + sizes


class KeywordRequired:
    """Stands where only keyword arguments are allowed."""

    def __repr__(self) -> str:
        return "KeywordRequired()"


@export("sparse.split", "sparse_split")
@renamed(split_dim="axis")
def sparse_split(
    keyword_required: Any = KeywordRequired(),  # noqa: B008 (TensorFlow's marker, never changed)
    sp_input: Any = None,
    num_split: int | None = None,
    axis: Any = None,
    name: str | None = None,
    split_dim: Any = None,
) -> list[SparseTensor]:
    """Returns a sparse tensor in parts along an axis; arguments come by name only.

    Args:
        keyword_required: must be left out.
        sp_input: a SparseTensor.
        num_split: the number of parts; where the size is no multiple, the first are longer by one.
        axis: the axis, from 0 on.
        name: the node's name.
        split_dim: the old name of `axis`.

    Raises:
        ValueError: if an argument comes without a name, or is missing.
        TypeError: if `sp_input` is not sparse.
    """
    if not isinstance(keyword_required, KeywordRequired):
        raise ValueError("Keyword arguments are required for this function.")
    for what, value in (("sp_input", sp_input), ("num_split", num_split), ("axis", axis)):
        if value is None:
            raise ValueError(f"{what} is required")
    x = as_sparse_tensor(sp_input)
    parts = apply(
        SPARSE_SPLIT, axis, x.indices, x.values, x.dense_shape, num_split=num_split, name=name
    )
    return [SparseTensor(*three) for three in zip(*parts, strict=True)]


# --- SparseSlice ---
SPARSE_SLICE = define(
    "SparseSlice(indices: int64, values: T, shape: int64, start: int64, size: int64)"
    " -> output_indices: int64, output_values: T, output_shape: int64"
)


@SPARSE_SLICE.shape
def _(op: Operation) -> list[Dims]:
    shape = op.inputs[2].dims
    return [(None, count(shape)), (None,), shape]


@SPARSE_SLICE.gradient
def _(op: Operation, _: Any, dy: Tensor, __: Any) -> tuple[Any, ...]:
    dx = apply(SPARSE_SLICE_GRAD, dy, op.inputs[0], op.inputs[3], op.outputs[0])
    return None, dx, None, None, None


@SPARSE_SLICE.numpy
def _(
    indices: Array, values: Array, shape: Array, start: Array, size: Array
) -> tuple[Array, Array, Array]:
    _check_slice(indices, values, shape, start, size)
    check_rows(indices, values, shape)
    left = np.minimum(size, shape - start)
    if (left < 0).any():
        wrong = int(left.min())
        raise KernelError(f"The slice would have the size {wrong}: it must be non-negative")
    kept = ((indices >= start) & (indices < start + size)).all(1)
    return indices[kept] - start, values[kept], left


def _check_slice(indices: Array, values: Array, shape: Array, start: Array, size: Array) -> None:
    if indices.ndim != 2:
        raise KernelError(
            f"Input indices should be a matrix but received shape {text(indices.shape)}"
        )
    for what, x in (("values", values), ("shape", shape), ("start", start), ("size", size)):
        if x.ndim != 1:
            raise KernelError(f"Input {what} should be a vector but received shape {text(x.shape)}")
    for what, x in (("start", start), ("size", size)):
        if len(x) != len(shape):
            raise KernelError(
                f"Expected {what} to be a vector of length {len(shape)} but got length {len(x)}"
            )


@export("sparse.slice", "sparse_slice")
def sparse_slice(sp_input: Any, start: Any, size: Any, name: str | None = None) -> SparseTensor:
    """Returns a box cut out of a sparse tensor.

    Args:
        sp_input: a SparseTensor.
        start: the first place along each axis.
        size: the size along each axis; what lies behind the end is left away.
        name: the node's name.

    Raises:
        TypeError: if `sp_input` is not sparse.
    """
    x = as_sparse_tensor(sp_input)
    start, size = convert(start, int64), convert(size, int64)
    with scopes.name_scope(name, "SparseSlice", [x]) as scope:
        parts = apply(SPARSE_SLICE, x.indices, x.values, x.dense_shape, start, size, name=scope)
        return SparseTensor(*parts)


# --- SparseSliceGrad ---
SPARSE_SLICE_GRAD = define(
    "SparseSliceGrad(backprop_val_grad: T, input_indices: int64, input_start: int64, "
    "output_indices: int64) -> val_grad: T",
    T=NUMBERS,
).no_gradient("TensorFlow has none of second order", raises=True)


@SPARSE_SLICE_GRAD.shape
def _(op: Operation) -> list[Dims]:
    _, indices = need_ranks(
        op,
        (1, "Input backprop_val_grad should be a vector but received shape: {}"),
        (2, "Input input_indices should be a matrix but received shape: {}"),
    )
    return [(indices[0],)]


@SPARSE_SLICE_GRAD.numpy
def _(dy: Array, indices: Array, start: Array, kept: Array) -> Array:
    if len(dy) != len(kept):
        raise KernelError(
            "# elements of backprop_val_grad and # rows of output_indices should match "
            f"(#nnz of sum): got {len(dy)} and {len(kept)}"
        )
    width = indices.shape[1]
    if len(start) != width:
        raise KernelError(
            f"Expected input_start to be a vector of length {width} but got length {len(start)}"
        )
    found = np.zeros(len(indices), dy.dtype)
    if len(kept):
        own, chosen = ranks(indices, kept + start)
        order = np.argsort(own, kind="stable")
        found[order[np.searchsorted(own[order], chosen)]] = dy
    return found
