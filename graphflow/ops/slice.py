"""Parts of tensors: Slice, StridedSlice and what Python's `x[...]` makes of them."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import DType
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.lowering import SUFFIXES, Call, Lowering, box, copied_part, picked, steps_of
from graphflow.core.opdef import INDEX, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._rules import shape_of
from graphflow.ops._shapes import MAX_RANK, as_dims, asked_sizes, merged, need_rank, of_rank
from graphflow.ops._strided import MASKS, as_index, pieces, sliced
from graphflow.ops.fill import ones_like

Array = np.ndarray[Any, Any]

# --- Slice ---
SLICE = define("Slice(input: T, begin: Index, size: Index) -> output: T", Index=INDEX)


@SLICE.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    begin_dims, size_dims = op.inputs[1].dims, op.inputs[2].dims
    run = (
        f"Expected begin and size arguments to be 1-D tensors of size "
        f"{0 if dims is None else len(dims)}, but got shapes {text(begin_dims)} and "
        f"{text(size_dims)} instead."
    )
    need_rank(begin_dims, 1, run)
    need_rank(size_dims, 1, run)
    both = merged(begin_dims, size_dims, run)
    if dims is not None and both is not None and both[0] is not None:
        need_rank(dims, both[0], run)
    begin, size = op.partial(1), asked_sizes(op, 2)
    if dims is None and both is not None and both[0] is not None:
        dims = of_rank(both[0])
    if dims is None:
        return [None]
    if size is None:
        return [(None,) * len(dims)]
    if -1 not in size:
        return [as_dims(size)]
    if begin is None:
        begin = [None] * len(dims)
    return [tuple([_rest(*part) for part in zip(dims, begin, size, strict=True)])]


def _rest(whole: int | None, begin: int | None, size: int | None) -> int | None:
    if size != -1:
        return size
    if whole is None or begin is None:
        return None
    if begin > whole:
        raise ShapeError(f"Negative dimension size caused by subtracting {begin} from {whole}")
    return whole - begin


@SLICE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, None]:
    x, begin, _ = op.inputs
    first, out = op.constant(1), op.outputs[0].dims
    paddings: Any
    if first is not None and x.dims is not None and out is not None and None not in (*x.dims, *out):
        behind = np.array(x.dims) - first - np.array(out)
        paddings = np.stack([first, behind], 1).astype(np.int32)
    else:
        shapes = [apply("Shape", t, out_type=begin.dtype.base_dtype) for t in (x, dy)]
        behind = apply("Sub", apply("Sub", shapes[0], shapes[1]), begin)
        paddings = apply("Pack", [begin, behind], axis=1)
    return apply("Pad", dy, paddings), None, None


def _picking(call: Call, index: Any) -> Lowering | None:
    """A copy of what an index picks."""
    if call.suffix is None or 0 in call.out_shapes[0]:
        return None
    sizes = copied_part(call.shapes[0], call.dtypes[0].size, index)
    return None if sizes is None else Lowering("copy_box", sizes, inputs=(0,))


@SLICE.compiled
def _(call: Call) -> Lowering | None:
    begin = call.constants.get(1)
    if begin is None or call.constants.get(2) is None:
        return None
    starts, lengths, whole = begin.tolist(), call.out_shapes[0], call.shapes[0]
    if any(a < 0 or a + n > w for a, n, w in zip(starts, lengths, whole, strict=True)):
        return None
    return _picking(call, tuple([slice(a, a + n) for a, n in zip(starts, lengths, strict=True)]))


@SLICE.numpy
def _(x: Array, begin: Array, size: Array, *, out: Array | None = None) -> Array:
    starts, sizes = begin.tolist(), size.tolist()
    if len(starts) != x.ndim or len(sizes) != x.ndim:
        raise ValueError("another rank")  # the shape rule says it in full
    index = []
    for i, (start, n, whole) in enumerate(zip(starts, sizes, x.shape, strict=True)):
        if not 0 <= start <= whole:
            raise KernelError(f"Expected begin[{i}] in [0, {whole}], but got {start}")
        length = whole - start if n == -1 else n
        if not 0 <= length <= whole - start:
            raise KernelError(f"Expected size[{i}] in [0, {whole - start}], but got {n}")
        index.append(slice(start, start + length))
    return _copied(x[tuple(index)], out)


def _copied(part: Array, out: Array | None = None) -> Array:
    if out is None:
        return np.array(part, order="C")
    out[...] = part
    return out


@export("slice")
def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """Returns the block of a tensor that begins at `begin` and has the shape `size`.

    Args:
        input_: a tensor.
        begin: the first position along each axis, from 0.
        size: the length along each axis; -1: up to the end.
        name: the node's name.

    Raises:
        ValueError: if the lists do not have one entry for each axis.
    """
    found: Tensor = apply(SLICE, input_, begin, size, name=name)
    return found


# --- StridedSlice ---
_MASK_TEXT: Final = ", ".join(f"{mask}: int = 0" for mask in MASKS)
STRIDED_SLICE = define(
    f"StridedSlice(input: T, begin: Index, end: Index, strides: Index, *, {_MASK_TEXT}) "
    "-> output: T",
    Index=INDEX,
)


def _masks(op: Operation) -> dict[str, Any]:
    return {mask: op.attrs[mask] for mask in MASKS}


def _bounds(op: Operation, first: int) -> tuple[Any, Any, Any]:
    """Begin, end and strides as far as they are known; None for all where not even how many."""
    dims: Dims = None
    for t in op.inputs[first : first + 3]:
        need_rank(t.dims, 1)
        dims = merged(dims, t.dims)
    n = None if dims is None else dims[0]
    values = [op.constant(first + k) for k in range(3)]
    begin, end = (None if v is None else v.tolist() for v in values[:2])
    strides = None if n is None or n > MAX_RANK else [None] * n
    if values[2] is not None:
        strides = values[2].tolist()
    return begin, end, strides


@STRIDED_SLICE.shape
def _(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    begin, end, strides = _bounds(op, 1)
    if dims is None or strides is None or None in strides:
        return [None]
    return [sliced(dims, pieces(len(dims), begin, end, strides, _masks(op)))]


@STRIDED_SLICE.partial
def _(op: Operation) -> list[int | None] | None:
    # As TensorFlow: plain slices of vectors only.
    if any(op.attrs[mask] for mask in MASKS[2:]):
        return None
    bounds = [op.constant(k) for k in (1, 2, 3)]
    sizes = op.partial(0)
    if not isinstance(sizes, list) or any(v is None or v.shape != (1,) for v in bounds):
        return None
    begin, end, step = (v.item() for v in bounds if v is not None)
    start = None if op.attrs["begin_mask"] & 1 else begin
    stop = None if op.attrs["end_mask"] & 1 else end
    return sizes[start:stop:step] if step else None


@STRIDED_SLICE.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, None, None, None]:
    x, begin, end, strides = op.inputs
    shape = shape_of(x)
    index: DType = begin.dtype.base_dtype
    if isinstance(shape, Tensor):
        shape = apply("Shape", x, out_type=index)
    else:
        shape = shape.astype(index.as_numpy_dtype)
    found = apply(STRIDED_SLICE_GRAD, shape, begin, end, strides, dy, **_masks(op))
    return found, None, None, None


def _index(shape: tuple[int, ...], begin: Any, end: Any, strides: Any, masks: Any) -> Any:
    try:
        bounds = (begin.tolist(), end.tolist(), strides.tolist())
        return as_index(shape, pieces(len(shape), *bounds, masks))
    except ShapeError as e:
        raise KernelError(e.run) from None


@STRIDED_SLICE.compiled
def _(call: Call) -> Lowering | None:
    if not {1, 2, 3} <= call.constants.keys():
        return None
    begin, end, strides = (call.constants[i] for i in (1, 2, 3))
    index = _index(call.shapes[0], begin, end, strides, {k: call.attrs[k] for k in MASKS})
    return _picking(call, (*index, ...))


@STRIDED_SLICE.numpy
def _(
    x: Array,
    begin: Array,
    end: Array,
    strides: Array,
    *,
    begin_mask: int,
    end_mask: int,
    ellipsis_mask: int,
    new_axis_mask: int,
    shrink_axis_mask: int,
    out: Array | None = None,
) -> Array:
    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    index = _index(x.shape, begin, end, strides, dict(zip(MASKS, masks, strict=True)))
    return _copied(x[(*index, ...)], out)


@export("strided_slice")
def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Tensor:
    """Returns what Python's indexing would, with indices as vectors; `x[...]` is easier to read.

    Args:
        input_: a tensor.
        begin: where the slice of each indexed axis begins.
        end: where it ends.
        strides: its step; None: 1.
        begin_mask: bit i: slice i begins where the axis does, whatever `begin` says.
        end_mask: bit i: slice i ends where the axis does.
        ellipsis_mask: bit i: index i is `...`.
        new_axis_mask: bit i: index i is `tf.newaxis`.
        shrink_axis_mask: bit i: index i is one position, and its axis goes.
        var: the variable that `input_` is the value of, for `.assign` on the result.
        name: the node's name.

    Raises:
        ValueError: if there are more indices than axes, or a position does not exist.
    """
    if strides is None:
        strides = ones_like(begin)
    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    attrs: dict[str, Any] = dict(zip(MASKS, masks, strict=True))
    found: Tensor = apply(STRIDED_SLICE, input_, begin, end, strides, name=name, **attrs)

    def assign(val: Any, name: str | None = None) -> Any:
        """Assigns to the part of the variable."""
        if var is None:
            raise ValueError("Sliced assignment is only supported for variables")
        asked = f"{parent}_assign" if name is None else name
        bounds = {"begin": begin, "end": end, "strides": strides}
        return var._strided_slice_assign(**bounds, value=val, name=asked, **attrs)

    parent = name
    found.__dict__["assign"] = assign
    return found


# --- StridedSliceGrad ---
STRIDED_SLICE_GRAD = define(
    "StridedSliceGrad(shape: Index, begin: Index, end: Index, strides: Index, dy: T, *, "
    f"{_MASK_TEXT}) -> output: T",
    Index=INDEX,
)


@STRIDED_SLICE_GRAD.shape
def _(op: Operation) -> list[Dims]:
    return [as_dims(asked_sizes(op, 0))]


@STRIDED_SLICE_GRAD.gradient
def _(op: Operation, ddx: Tensor) -> tuple[None, None, None, None, Tensor]:
    found = apply(STRIDED_SLICE, ddx, *op.inputs[1:4], **_masks(op))
    return None, None, None, None, found


@STRIDED_SLICE_GRAD.compiled
def _(call: Call) -> Lowering | None:
    if not {1, 2, 3} <= call.constants.keys():
        return None
    begin, end, strides = (call.constants[i] for i in (1, 2, 3))
    whole, item = call.out_shapes[0], call.dtypes[4].size
    index = _index(whole, begin, end, strides, {k: call.attrs[k] for k in MASKS})
    shape, offset, steps = picked(whole, item, (*index, ...))
    sizes = box(shape, item, (0, steps_of(shape, item)), (offset, steps))
    if sizes is None or shape != call.shapes[4] or call.dtypes[4].name not in SUFFIXES:
        return None
    clear = ("fill_zero", (5,), (math.prod(whole) * item,))
    return Lowering("many", many=(clear, ("copy_box", (4, 5), sizes)))


@STRIDED_SLICE_GRAD.numpy
def _(
    shape: Array,
    begin: Array,
    end: Array,
    strides: Array,
    dy: Array,
    *,
    begin_mask: int,
    end_mask: int,
    ellipsis_mask: int,
    new_axis_mask: int,
    shrink_axis_mask: int,
    out: Array | None = None,
) -> Array:
    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    sizes = tuple(shape.tolist())
    index = _index(sizes, begin, end, strides, dict(zip(MASKS, masks, strict=True)))
    if out is None:
        out = np.zeros(sizes, dy.dtype)
    else:
        out.fill(0)
    part = out[(*index, ...)]
    if part.shape != dy.shape:
        raise KernelError(f"shape of dy was {text(dy.shape)} instead of {text(part.shape)}")
    part[...] = dy
    return out
