"""`map_fn`, `scan`, `foldl` and `foldr`: a function applied row by row, in a loop."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from graphflow.core import nest, scopes
from graphflow.core.convert import convert
from graphflow.core.dtypes import as_dtype
from graphflow.core.export import export
from graphflow.core.shape import Dimension, TensorShape
from graphflow.core.tensor import Tensor
from graphflow.ops.flow_while import while_loop
from graphflow.ops.shape_ops import shape
from graphflow.ops.tensor_array import TensorArray
from graphflow.ops.variable_scope import get_variable_scope


@contextlib.contextmanager
def _variables_cached() -> Iterator[None]:
    """As in TensorFlow, variables that the function makes are read on their own device."""
    scope = get_variable_scope()
    if scope.caching_device is not None:
        yield
        return
    scope.set_caching_device(lambda op: op.device)
    try:
        yield
    finally:
        scope.set_caching_device(None)


def _rows(elems: Sequence[Tensor], zero_is_known: bool = False) -> Any:
    """How many rows there are: an int where that is known now, else a scalar tensor."""
    dims = elems[0].dims
    known = None if dims is None else elems[0].shape[0].value  # IndexError for scalars, as in TF
    if known is None or (known == 0 and not zero_is_known):
        return shape(elems[0])[0]
    return known


def _unstacked(elem: Tensor, n: Any, shape: Any = None) -> TensorArray:
    array = TensorArray(elem.dtype, size=n, element_shape=shape)
    return array.unstack(elem)


def _flat(structure: Any) -> list[Any]:
    return nest.flatten(structure)


def _packed(structure: Any, items: Sequence[Any]) -> Any:
    return nest.pack_sequence_as(structure, items) if nest.is_nested(structure) else items[0]


# --- map_fn ---
@export("map_fn")
def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
) -> Any:
    """Returns `fn` of each row of `elems`, stacked.

    Args:
        fn: takes one row: a tensor, or rows in the structure of `elems`; returns a tensor, or
            tensors in the structure of `dtype`.
        elems: `[n, ...]`, or a nested structure of such tensors.
        dtype: the types that `fn` returns, where they are not those of `elems`.
        parallel_iterations: noted on the nodes; None: 10.
        back_prop: whether gradients may be asked for.
        swap_memory: noted for files.
        infer_shape: whether all results of `fn` have one shape.
        name: a scope for the operations.

    Raises:
        TypeError: if `fn` cannot be called, its result has another structure than `dtype`, or
            `elems` is sparse.
        ValueError: if an element is a scalar, or the structures differ in length.
    """
    if not callable(fn):
        raise TypeError("fn must be callable.")
    if hasattr(elems, "_with_parts") and hasattr(elems, "dense_shape"):
        raise TypeError(
            "To perform a map on the values of a sparse tensor use either "
            " SparseTensor(input.indices, fn(input.values), input.dense_shape) or "
            " SparseTensor(input.indices, map_fn(fn, input.values), input.dense_shape)"
        )
    flat = _flat(elems)
    with scopes.name_scope(name, "map", flat), _variables_cached():
        flat = [convert(e, name="elem") for e in flat]
        kinds = _packed(elems, [e.dtype for e in flat]) if dtype is None else dtype
        if flat[0].dims is not None and len(flat[0].dims) < 1:
            if len(flat) == 1:
                raise ValueError("elems must be a 1+ dimensional Tensor, not a scalar")
            raise ValueError("elements in elems must be 1+ dimensional Tensors, not scalars")
        n = _rows(flat)
        arrays = [TensorArray(e.dtype, size=n) for e in flat]
        arrays = [a.unstack(e) for a, e in zip(arrays, flat, strict=True)]
        start = convert(0)
        results = [TensorArray(as_dtype(k), size=n, infer_shape=infer_shape) for k in _flat(kinds)]

        def compute(i: Tensor, made: Any) -> Any:
            value = fn(_packed(elems, [a.read(i) for a in arrays]))
            nest.assert_same_structure(kinds, value)
            made = [a.write(i, v) for a, v in zip(made, _flat(value), strict=True)]
            return i + 1, made

        _, results = while_loop(
            lambda i, _: i < n, compute, (start, results),
            parallel_iterations=parallel_iterations or 10, back_prop=back_prop,
            swap_memory=swap_memory, maximum_iterations=n,
        )  # fmt: skip
        stacked = [a.stack() for a in results]
        _set_rows(stacked, flat)
        return _packed(kinds, stacked)


def _set_rows(results: Sequence[Tensor], elems: Sequence[Tensor]) -> None:
    """All results have as many rows as the elements."""
    rows = Dimension(None)
    for e in elems:
        dims = e.dims
        rows = rows.merge_with(dims[0] if dims else None)
    for r in results:
        inner = TensorShape.of(None if r.dims is None else r.dims[1:])
        r.set_shape(TensorShape([rows]).concatenate(inner))


# --- foldl, foldr ---
@export("foldl")
def foldl(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Returns `fn(... fn(fn(a, row 0), row 1) ..., row n-1)`.

    Args:
        fn: takes what came out so far, and a row; returns what comes out.
        elems: `[n, ...]`, or a nested structure of such tensors.
        initializer: the first `a`; None: row 0, and `fn` starts with row 1.
        parallel_iterations: noted on the nodes.
        back_prop: whether gradients may be asked for.
        swap_memory: noted for files.
        name: a scope for the operations.

    Raises:
        TypeError: if `fn` cannot be called.
    """
    if not callable(fn):
        raise TypeError("fn must be callable.")
    with scopes.name_scope(name, "foldl", [elems]), _variables_cached():
        flat = [convert(e, name="elem") for e in _flat(elems)]
        n = _rows(flat)
        arrays = _fold_arrays(elems, flat, n)
        if initializer is None:
            first = nest.map_structure(lambda a: a.read(0), arrays)
            start = convert(1)
        else:
            first, start = initializer, convert(0)

        def compute(i: Tensor, a: Any) -> Any:
            row = nest.map_structure(lambda x: x.read(i), arrays)
            a = fn(a, row)
            return [i + 1, a]

        _, result = while_loop(
            lambda i, a: i < n, compute, [start, first], parallel_iterations=parallel_iterations,
            back_prop=back_prop, swap_memory=swap_memory, maximum_iterations=n,
        )  # fmt: skip
        return result


def _fold_arrays(elems: Any, flat: Sequence[Tensor], n: Any) -> Any:
    # TensorFlow converts `elems` a second time, inside the arrays.
    return nest.map_structure(
        lambda e, converted: TensorArray(converted.dtype, size=n).unstack(e),
        elems,
        nest.pack_sequence_as(elems, flat),
    )


@export("foldr")
def foldr(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Returns `fn(... fn(fn(a, row n-1), row n-2) ..., row 0)`.

    Args:
        fn: as in `foldl`.
        elems: as in `foldl`.
        initializer: the first `a`; None: the last row, and `fn` starts with the one before.
        parallel_iterations: as in `foldl`.
        back_prop: as in `foldl`.
        swap_memory: as in `foldl`.
        name: as in `foldl`.

    Raises:
        TypeError: if `fn` cannot be called.
    """
    if not callable(fn):
        raise TypeError("fn must be callable.")
    with scopes.name_scope(name, "foldr", [elems]), _variables_cached():
        flat = [convert(e, name="elem") for e in _flat(elems)]
        n = _rows(flat)
        arrays = _fold_arrays(elems, flat, n)
        if initializer is None:
            start = n - 1
            first = nest.map_structure(lambda a: a.read(start), arrays)
        else:
            first, start = initializer, n

        def compute(i: Tensor, a: Any) -> Any:
            i = i - 1
            row = nest.map_structure(lambda x: x.read(i), arrays)
            return [i, fn(a, row)]

        _, result = while_loop(
            lambda i, a: i > 0, compute, [start, first], parallel_iterations=parallel_iterations,
            back_prop=back_prop, swap_memory=swap_memory, maximum_iterations=n,
        )  # fmt: skip
        return result


# --- scan ---
@export("scan")
def scan(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Returns all that `foldl` goes through, stacked: `fn(a, row 0)`, `fn(that, row 1)`, ...

    Args:
        fn: takes what came out last, and a row; returns what comes out, in the same structure.
        elems: `[n, ...]`, or a nested structure of such tensors.
        initializer: the first `a`; None: row 0, which is also the first result.
        parallel_iterations: noted on the nodes.
        back_prop: whether gradients may be asked for.
        swap_memory: noted for files.
        infer_shape: whether all results have one shape.
        reverse: whether the last row comes first; results keep the order of the rows.
        name: a scope for the operations.

    Raises:
        TypeError: if `fn` cannot be called, or its result has another structure.
        ValueError: if the structures differ in length.
    """
    if not callable(fn):
        raise TypeError("fn must be callable.")
    form = elems if initializer is None else initializer
    flat = _flat(elems)
    with scopes.name_scope(name, "scan", flat), _variables_cached():
        flat = [convert(e, name="elem") for e in flat]
        n = _rows(flat, zero_is_known=True)
        arrays = [TensorArray(e.dtype, size=n, element_shape=_row_shape(e)) for e in flat]
        arrays = [a.unstack(e) for a, e in zip(arrays, flat, strict=True)]
        first = n - 1 if reverse else 0
        if initializer is None:
            values = [a.read(first) for a in arrays]
            done = 1
        else:
            values = [convert(x) for x in _flat(initializer)]
            done = 0
        results = [
            TensorArray(
                v.dtype, size=n, element_shape=v.shape if infer_shape else None,
                infer_shape=infer_shape,
            )
            for v in values
        ]  # fmt: skip
        if initializer is None:
            results = [a.write(first, v) for a, v in zip(results, values, strict=True)]

        def compute(i: Tensor, a: Any, made: Any) -> Any:
            row = _packed(elems, [x.read(i) for x in arrays])
            out = fn(_packed(form, a), row)
            nest.assert_same_structure(form, out)
            parts = _flat(out)
            made = [x.write(i, v) for x, v in zip(made, parts, strict=True)]
            return (i - 1 if reverse else i + 1), parts, made

        start = n - 1 - done if reverse else done
        _, _, results = while_loop(
            (lambda i, _a, _b: i >= 0) if reverse else (lambda i, _a, _b: i < n),
            compute, (start, values, results), parallel_iterations=parallel_iterations,
            back_prop=back_prop, swap_memory=swap_memory, maximum_iterations=n,
        )  # fmt: skip
        stacked = [a.stack() for a in results]
        _set_rows(stacked, flat)
        return _packed(form, stacked)


def _row_shape(x: Tensor) -> TensorShape:
    return TensorShape.of(None if x.dims is None else x.dims[1:])
