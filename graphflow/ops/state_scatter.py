"""Updates of some rows of a variable, and reads of some rows of a resource variable."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import bfloat16, float16, float32, float64, int32, int64
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import publish
from graphflow.core.lowering import SUFFIXES, Call, Lowering
from graphflow.core.opdef import INDEX, NUMBERS, OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, merge, text
from graphflow.core.state import Cell
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import need_rank_at_least
from graphflow.ops.equal_rows import index_suffix, only_first, with_first
from graphflow.ops.gather_nd import check_scattered
from graphflow.ops.indexed_slices import IndexedSlices
from graphflow.ops.state import NOT_CONTINUOUS, VARIABLE_SHAPE, equal_shapes, handle_dims

Array = np.ndarray[Any, Any]
Combine = Callable[..., Any]
_ORDERED: Final = (float16, bfloat16, float32, float64, int32, int64)
_NARROW: Final = 8
"""Rows of fewer elements are updated faster by `ufunc.at` than one by one."""
_FEW: Final = 8
"""Fewer rows are updated faster one by one than together."""


# --- kernels ---
def checked_indices(indices: Array, size: int) -> Array:
    """Returns indices of rows after a look at their range.

    Raises:
        KernelError: if one is negative or not below `size`.
    """
    if indices.size and (indices.min() < 0 or indices.max() >= size):
        at = np.argwhere((indices < 0) | (indices >= size))[0]
        place = ",".join(map(str, at))
        raise KernelError(
            f"indices{f'[{place}]' if place else ''} = {indices[tuple(at)]} is not in [0, {size})"
        )
    return indices


def divided(a: Array, b: Array) -> Any:
    """`a / b`; of integers the quotient towards zero, as C has it; 0 where `b` is 0."""
    if a.dtype.kind not in "iu":
        return np.divide(a, b)
    quotient = np.abs(a) // np.abs(b)
    return np.where((a < 0) == (b < 0), quotient, -quotient).astype(a.dtype)


def combine_rows(own: Array, rows: Array, updates: Array, combine: Combine | None) -> None:
    """Writes updates into rows, in the order of `rows` where one comes more than once.

    Args:
        own: the array that is changed, [n, ...].
        rows: positions, [k], in range.
        updates: [k, ...] or a scalar.
        combine: the function of (old row, update); None: the update itself.
    """
    if combine is None:
        own[rows] = updates  # of equal positions the last one counts
        return
    if isinstance(combine, np.ufunc) and own.size < _NARROW * len(own):
        combine.at(own, rows, updates)
        return
    if rows.size < _FEW:
        _one_by_one(own, rows, updates, combine)
        return
    order = np.argsort(rows, kind="stable")
    again = rows[order][1:] == rows[order][:-1]
    if not again.any():
        own[rows] = combine(own.take(rows, 0), updates)
        return
    starts = np.flatnonzero(np.concatenate(([True], ~again)))
    counts = np.diff(starts, append=rows.size)
    each = np.broadcast_to(updates, (rows.size, *own.shape[1:]))
    done = 0
    while (many := starts[counts > done]).size >= _FEW:  # the first of each row, the second, ...
        places = order[many + done]
        own[rows[places]] = combine(own.take(rows[places], 0), each[places])
        done += 1
    rest = order[np.arange(rows.size) - np.repeat(starts, counts) >= done]
    _one_by_one(own, rows[rest], each[rest], combine)


def _one_by_one(own: Array, rows: Array, updates: Array, combine: Combine) -> None:
    each = np.broadcast_to(updates, (rows.size, *own.shape[1:]))
    for row, update in zip(rows.tolist(), each, strict=True):
        own[row] = combine(own[row], update)


def _scatter(cell: Cell, indices: Array, updates: Array, combine: Combine | None) -> Cell:
    own = cell.write()
    if updates.ndim and updates.shape != indices.shape + own.shape[1:]:
        raise KernelError(_mismatch(updates.shape, indices.shape, own.shape))
    rows = checked_indices(indices, len(own) if own.ndim else 0).reshape(-1)
    if updates.ndim:
        updates = updates.reshape(rows.size, *own.shape[1:])
    combine_rows(own, rows, updates, combine)
    return cell


def _mismatch(updates: Dims, indices: Dims, params: Dims) -> str:
    return (
        "Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got "
        f"updates.shape {text(updates)}, indices.shape {text(indices)}, params.shape {text(params)}"
    )


def located(indices: Array, shape: tuple[int, ...]) -> tuple[Array, ...]:
    """Turns index vectors [..., depth] into one array of positions for each axis.

    Raises:
        KernelError: if a vector points outside of `shape`.
    """
    depth = indices.shape[-1]
    flat = indices.reshape(-1, depth)
    bad = ((flat < 0) | (flat >= np.array(shape[:depth], np.int64))).any(axis=1)
    if bad.any():
        at = np.unravel_index(int(np.argmax(bad)), indices.shape[:-1])
        place = ",".join(map(str, at))
        raise KernelError(
            f"indices{f'[{place}]' if place else ''} = "
            f"[{', '.join(map(str, indices[at]))}] does not index into shape {text(shape)}"
        )
    return tuple(np.moveaxis(flat, -1, 0))


def _scatter_nd(cell: Cell, indices: Array, updates: Array, combine: Combine | None) -> Cell:
    own = cell.write()
    if not own.ndim:
        raise KernelError("Output must be at least 1-D, got shape: []")
    if updates.shape[:1] != indices.shape[:1]:
        raise KernelError(_outer_mismatch(indices.shape, updates.shape))
    depth = indices.shape[-1]
    inner = own.shape[depth:]
    if depth > own.ndim or updates.shape != indices.shape[:-1] + inner:
        raise KernelError(_nd_mismatch(own.shape, indices.shape, updates.shape))
    at = located(indices, own.shape)
    # Flat positions make one axis of many: the rows' kernel does the rest.
    positions = np.ravel_multi_index(at, own.shape[:depth]) if depth else np.zeros(1, np.int64)
    flat = own.reshape(-1, *inner)
    combine_rows(flat, np.atleast_1d(positions), updates.reshape(-1, *inner), combine)
    return cell


# --- shape rules ---
def _scattered(op: Operation, params: Dims) -> Dims:
    indices, updates = op.inputs[1].dims, op.inputs[2].dims
    if params is not None and len(params) < 1:
        raise ShapeError("Shape must be at least rank 1 but is rank 0")
    if updates == ():
        return params
    if indices is None or params is None:
        return params
    wanted = indices + params[1:]
    equal_shapes(updates, wanted, _mismatch(updates, indices, params))
    return params


def _scattered_nd(op: Operation, params: Dims) -> Dims:
    indices, updates = op.inputs[1].dims, op.inputs[2].dims
    if params == ():
        return params  # a run says so
    need_rank_at_least(indices, 1)
    need_rank_at_least(updates, 1)
    empty = f"Indices and updates specified for empty output.  indices shape: {text(indices)}"
    runs = (empty, _outer_mismatch(indices, updates), _nd_mismatch(params, indices, updates))
    check_scattered("input", params, indices, updates, runs)
    return params


def _outer_mismatch(indices: Dims, updates: Dims) -> str:
    return (
        "The outermost dimension of updates and indices must match. Got indices.shape "
        f"{text(indices)}, updates.shape {text(updates)}"
    )


def _nd_mismatch(params: Dims, indices: Dims, updates: Dims) -> str:
    n = len(indices or ())
    return (
        "Must have updates.shape = indices.shape[:batch_dim] + params_shape[slice_dim:], got "
        f"updates.shape: {text(updates)}, indices.shape: {text(indices)}, params_shape: "
        f"{text(params)}, slice_dim: {(indices or (1,))[-1] if n > 1 else 1}, and batch_dim: "
        f"{max(n - 1, 1)}"
    )


# --- definitions ---
def _scattering(sign: str) -> Callable[[Call], Lowering | None]:
    """The rule for the kernel that adds rows to a variable, subtracts or writes them."""

    def rule(call: Call) -> Lowering | None:
        var, indices, updates = call.shapes[:3]
        kind = SUFFIXES.get(call.dtypes[2].name)
        index = index_suffix(call, 1)
        if kind is None or index is None or (*indices, *var[1:]) != tuple(updates):
            return None
        width = math.prod(var[1:])
        if sign == "update":
            sizes = (var[0], width * call.dtypes[2].size, math.prod(indices))
            return Lowering(f"scatter_update_{index}", sizes)
        sizes = (var[0], width, math.prod(indices))
        return Lowering(f"scatter_{sign}_{index}.{kind}", sizes)

    return rule


def _define(
    name: str, combine: Combine | None, types: Any, nd: bool, locking: bool
) -> tuple[OpDef, OpDef]:
    """Defines `<name>` on references and `Resource<name>` on resources."""
    run, rule = (_scatter_nd, _scattered_nd) if nd else (_scatter, _scattered)
    ref_types: dict[str, Any] = {} if types is None else {"T": types}
    by_reference = define(
        f"{name}(ref: Ref(T), indices: Tindices, updates: T, *, use_locking: bool = {locking}) "
        "-> output_ref: Ref(T),",
        effect="update",
        shape=lambda op: [rule(op, op.inputs[0].dims)],
        Tindices=INDEX,
        **ref_types,
    ).no_gradient(NOT_CONTINUOUS)
    if nd:
        ports = "ref: resource, indices: Tindices, updates: T, *, use_locking: bool = True"
        resource_types: dict[str, Any] = {}
    else:
        ports = "resource: resource, indices: Tindices, updates: dtype"
        resource_types = {} if types is None else {"dtype": NUMBERS}
    resource = define(
        f"Resource{name}({ports})",
        stateful=True,
        effect="update",
        Tindices=INDEX,
        **resource_types,
    ).no_gradient(NOT_CONTINUOUS)

    signs = {"ScatterAdd": "add", "ScatterSub": "subtract", "ScatterUpdate": "update"}
    sign = signs.get(name)
    if sign is not None:
        for definition in (by_reference, resource):
            definition.compiled(_scattering(sign))

            if sign != "update":
                _define_of_first(definition, sign, combine)

    @by_reference.numpy
    def _(cell: Cell, indices: Array, updates: Array) -> Cell:
        return run(cell, indices, updates, combine)

    @resource.shape
    def _(op: Operation) -> list[Dims]:
        rule(op, handle_dims(op))
        return []

    @resource.numpy
    def _(cell: Cell, indices: Array, updates: Array) -> None:
        run(cell, indices, updates, combine)

    return by_reference, resource


def _define_of_first(definition: OpDef, sign: str, combine: Combine | None) -> None:
    """Defines the update that leaves out all rows but the first of each index."""
    twin = with_first(definition)
    twin.compiled(_scattering(f"{sign}_first"))

    @twin.numpy
    def _(cell: Cell, indices: Array, updates: Array, first: Array) -> Cell | None:
        rows, different = only_first(updates, indices, first)
        _scatter(cell, different, rows, combine)
        return cell if definition.outputs else None


_DOC: Final = """Returns an operation's output that {what} when it runs.

    Args:
        ref: a variable, [{params}].
        indices: {indices}
        updates: {updates}
        use_locking: kept for TensorFlow's sake; updates of one run never overlap here.
        name: the node's name.

    Returns:
        The variable's reference; whoever takes it as an input sees the new value.

    Note:
        Where one place is named more than once, the updates happen in their order.
    """
_ROWS: Final = {
    "params": "n, ...",
    "indices": "positions of rows, any shape.",
    "updates": "[*indices.shape, ...], or a scalar for all.",
}
_PLACES: Final = {
    "params": "...",
    "indices": "[..., depth]: each vector points at an element or a slice of `ref`.",
    "updates": "[..., *ref.shape[depth:]].",
}


def _public(name: str, pair: tuple[OpDef, OpDef], locking: bool, what: str, nd: bool) -> Any:
    by_reference, resource = pair

    def update(
        ref: Any, indices: Any, updates: Any, use_locking: bool = locking, name: str | None = None
    ) -> Any:
        if ref.dtype.is_ref:
            return apply(by_reference, ref, indices, updates, use_locking=use_locking, name=name)
        values = convert(updates, ref.dtype)
        return ref._lazy_read(apply(resource, ref.handle, indices, values, name=name))

    update.__name__ = update.__qualname__ = name
    update.__doc__ = _DOC.format(what=what, **(_PLACES if nd else _ROWS))
    publish(update, name)
    return update


def _family(
    word: str, combine: Combine | None, types: Any, what: str, locking: bool = False
) -> tuple[tuple[OpDef, OpDef], Any]:
    pair = _define(f"Scatter{word}", combine, types, nd=False, locking=locking)
    return pair, _public(f"scatter_{word.lower()}", pair, locking, what, nd=False)


def _family_nd(
    word: str, combine: Combine | None, types: Any, what: str, locking: bool = False
) -> tuple[tuple[OpDef, OpDef], Any]:
    pair = _define(f"ScatterNd{word}", combine, types, nd=True, locking=locking)
    return pair, _public(f"scatter_nd_{word.lower()}", pair, locking, what, nd=True)


# --- ScatterUpdate, ScatterAdd, ScatterSub, ScatterMul, ScatterDiv, ScatterMin, ScatterMax ---
SCATTER_UPDATE, scatter_update = _family(
    "Update", None, None, "replaces rows of a variable", locking=True
)
SCATTER_ADD, scatter_add = _family("Add", np.add, NUMBERS, "adds to rows of a variable")
SCATTER_SUB, scatter_sub = _family("Sub", np.subtract, NUMBERS, "subtracts from rows of a variable")
SCATTER_MUL, scatter_mul = _family("Mul", np.multiply, NUMBERS, "multiplies rows of a variable")
SCATTER_DIV, scatter_div = _family("Div", divided, NUMBERS, "divides rows of a variable")
SCATTER_MIN, scatter_min = _family(
    "Min", np.minimum, _ORDERED, "lowers rows of a variable to at most the updates"
)
SCATTER_MAX, scatter_max = _family(
    "Max", np.maximum, _ORDERED, "raises rows of a variable to at least the updates"
)

# --- ScatterNdUpdate, ScatterNdAdd, ScatterNdSub ---
SCATTER_ND_UPDATE, scatter_nd_update = _family_nd(
    "Update", None, None, "replaces parts of a variable", locking=True
)
SCATTER_ND_ADD, scatter_nd_add = _family_nd("Add", np.add, NUMBERS, "adds to parts of a variable")
SCATTER_ND_SUB, scatter_nd_sub = _family_nd(
    "Sub", np.subtract, NUMBERS, "subtracts from parts of a variable"
)

# --- ResourceGather ---
RESOURCE_GATHER = define(
    "ResourceGather(resource: resource, indices: Tindices, *, batch_dims: int = 0, "
    "validate_indices: bool = True, dtype: type) -> output: dtype",
    stateful=True,
    effect="read",
    Tindices=INDEX,
)


@RESOURCE_GATHER.shape
def _(op: Operation) -> list[Dims]:
    params, indices, batch = handle_dims(op), op.inputs[1].dims, op.attrs["batch_dims"]
    if params is not None and len(params) < 1:
        raise ShapeError("Shape must be at least rank 1 but is rank 0")
    if params is None or indices is None:
        return [None]
    shared = merge(params[:batch], indices[:batch])
    if shared is False:
        raise ShapeError(
            f"the first {batch} sizes of the variable {text(params)} and of the indices "
            f"{text(indices)} differ"
        )
    return [(*(shared or ()), *indices[batch:], *params[batch + 1 :])]  # type: ignore[misc]  # False was handled


@RESOURCE_GATHER.gradient
def _(op: Operation, dy: Tensor) -> tuple[IndexedSlices, None]:
    handle, indices = op.inputs
    dims = handle_dims(op)
    known = dims is not None and None not in dims
    shape = convert(np.array(dims, np.int32)) if known else apply(VARIABLE_SHAPE, handle)
    if known and dims is not None:
        row: Any = np.array((-1, *dims[1:]), np.int32)
    else:
        inner = apply("StridedSlice", shape, [1], [0], [1], end_mask=1)
        row = apply("ConcatV2", [np.array([-1], np.int32), inner], 0)
    values = apply("Reshape", dy, row)
    return IndexedSlices(values, apply("Reshape", indices, np.array([-1], np.int32)), shape), None


@RESOURCE_GATHER.compiled
def _(call: Call) -> Lowering | None:
    params, indices = call.shapes
    index, dtype = index_suffix(call, 1), call.attrs["dtype"]
    if call.attrs["batch_dims"] or dtype.name not in SUFFIXES:
        return None
    row = math.prod(params[1:]) * dtype.size
    return Lowering(f"gather_{index}", (1, params[0], row, math.prod(indices)))


@RESOURCE_GATHER.numpy
def _(cell: Cell, indices: Array, *, batch_dims: int, out: Array | None) -> Array:
    own = cell.write()
    rows = checked_indices(indices, own.shape[batch_dims])
    if batch_dims:
        grid = np.ogrid[tuple(slice(n) for n in rows.shape)]
        return np.ascontiguousarray(own[(*grid[:batch_dims], rows)])
    # The indices are known to be in range: "clip" spares NumPy a buffer.
    return own.take(rows, axis=0, out=out, mode="clip")


# --- ResourceGatherNd ---
RESOURCE_GATHER_ND = define(
    "ResourceGatherNd(resource: resource, indices: Tindices, *, dtype: type) -> output: dtype",
    stateful=True,
    effect="read",
    Tindices=INDEX,
)


@RESOURCE_GATHER_ND.shape
def _(op: Operation) -> list[Dims]:
    params, indices = handle_dims(op), op.inputs[1].dims
    if params is None or not indices or indices[-1] is None:
        return [None]
    depth = indices[-1]
    if depth > len(params):
        raise ShapeError(f"indices.shape[-1] must be <= params.rank, but saw {depth}")
    return [indices[:-1] + params[depth:]]


@RESOURCE_GATHER_ND.gradient
def _(op: Operation, dy: Tensor) -> tuple[Any, None]:
    handle, indices = op.inputs
    shape = apply(VARIABLE_SHAPE, handle, out_type=indices.dtype.base_dtype)
    if indices.dims is not None and len(indices.dims) == 2 and indices.dims[1] == 1:
        return IndexedSlices(dy, apply("Squeeze", indices, squeeze_dims=[-1]), shape), None
    return apply("ScatterNd", indices, dy, shape), None


@RESOURCE_GATHER_ND.numpy
def _(cell: Cell, indices: Array) -> Array:
    own = cell.write()
    if not indices.shape[-1]:
        return np.broadcast_to(own, indices.shape[:-1] + own.shape).copy()
    found = own[located(indices, own.shape)]
    return found.reshape(indices.shape[:-1] + own.shape[indices.shape[-1] :])
