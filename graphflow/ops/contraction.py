"""Sums of products over named or numbered axes: tensordot, einsum, matrix times vector."""

from __future__ import annotations

import logging
import math
import re
import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import int32
from graphflow.core.errors import ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import REALS, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.ops._shapes import merged, need_rank_at_least
from graphflow.ops.concat import concat
from graphflow.ops.gather import gather
from graphflow.ops.linalg import trace
from graphflow.ops.matmul import matmul
from graphflow.ops.reduce import reduce_prod, reduce_sum
from graphflow.ops.reshape import expand_dims, reshape, squeeze
from graphflow.ops.select import where
from graphflow.ops.sequence import range_
from graphflow.ops.shape_ops import rank, shape
from graphflow.ops.stack import stack
from graphflow.ops.transpose import transpose

Array = np.ndarray[Any, Any]


@export("linalg.matvec")
def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Returns the products of matrices and vectors.

    Args:
        a: [..., n, k].
        b: [..., k], of the same type.
        transpose_a: `a` is given as [..., k, n].
        adjoint_a: as `transpose_a`, and conjugated.
        a_is_sparse: `a` holds many zeros; the product is the same.
        b_is_sparse: the same of `b`.
        name: the name of the scope.
    """
    with scopes.name_scope(name, "MatVec", [a, b]):
        column = expand_dims(b, axis=-1)
        found = matmul(
            a,
            column,
            transpose_a=transpose_a,
            adjoint_a=adjoint_a,
            a_is_sparse=a_is_sparse,
            b_is_sparse=b_is_sparse,
        )
        return squeeze(found, axis=-1)  # type: ignore[no-any-return]  # `renamed` hides the type


# --- Cross ---
CROSS = define("Cross(a: T, b: T) -> product: T", T=REALS)


@CROSS.shape
def _(op: Operation) -> list[Dims]:
    a, b = (t.dims for t in op.inputs)
    for dims in (a, b):
        need_rank_at_least(dims, 1, "inputs must be at least 1-D")
        if dims is not None and dims[-1] not in (3, None):
            raise ShapeError(
                f"Dimension must be 3 but is {dims[-1]}",
                run="Cross-products are only defined for 3-element vectors.",
            )
    found = merged(a, b, "Both inputs must be of same shape")
    return [found]


@CROSS.gradient
def _(op: Operation, dy: Tensor) -> tuple[Tensor, Tensor]:
    a, b = op.inputs
    return apply(CROSS, b, dy), apply(CROSS, dy, a)


@CROSS.numpy
def _(a: Array, b: Array) -> Array:
    out = np.empty_like(a)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        out[..., i] = a[..., j] * b[..., k] - a[..., k] * b[..., j]
    return out


@export("cross", "linalg.cross")
def cross(a: Any, b: Any, name: str | None = None) -> Tensor:
    """Returns the cross products of vectors in space.

    Args:
        a: [..., 3].
        b: of the same shape and type.
        name: the node's name.

    Raises:
        ValueError: if the shapes differ, or the last axis has another size.
    """
    found: Tensor = apply(CROSS, a, b, name=name)
    return found


# --- tensordot ---
@export("tensordot", "linalg.tensordot")
def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """Returns the sums of products over pairs of axes.

    Args:
        a: a tensor.
        b: a tensor of the same type.
        axes: an int n: the last n axes of `a` with the first n of `b`; or two lists of axes, or
            two ints, of `a` and of `b`; or a tensor [2, n] of them.
        name: the name of the result.

    Returns:
        The axes of `a` that are left, then those of `b`.

    Raises:
        ValueError: if the axes do not fit the tensors.
    """
    with scopes.name_scope(name, "Tensordot", [a, b, axes]) as scope:
        a, b = convert(a, name="a"), convert(b, name="b")
        a_axes, b_axes = _pairs_of(a, axes)
        left, a_free, a_known = _as_matrix(a, a_axes, last=True)
        right, b_free, b_known = _as_matrix(b, b_axes, last=False)
        product = matmul(left, right)
        if isinstance(a_free, list) and isinstance(b_free, list):
            return reshape(product, a_free + b_free, name=scope)
        sizes = [convert(free, int32) for free in (a_free, b_free)]
        found = reshape(product, concat(sizes, 0), name=scope)
        if a_known is not None and b_known is not None:
            found.set_shape(a_known + b_known)
        return found


def _pairs_of(a: Tensor, axes: Any) -> tuple[Any, Any]:
    if isinstance(axes, int | np.integer):
        if axes < 0:
            raise ValueError("'axes' must be at least 0.")
        if a.dims is None:
            n = rank(a)
            return range_(n - axes, n, dtype=int32), range_(axes, dtype=int32)
        if axes > len(a.dims):
            raise ValueError(
                f"'axes' must not be larger than the number of dimensions of tensor {a}."
            )
        return list(range(len(a.dims) - int(axes), len(a.dims))), list(range(int(axes)))
    if not isinstance(axes, list | tuple):
        both = convert(axes, int32, name="axes")
        return both[0], both[1]
    if len(axes) != 2:
        raise ValueError("'axes' must be an integer or have length 2.")
    first, second = axes
    if isinstance(first, int | np.integer) and isinstance(second, int | np.integer):
        return [first], [second]
    if len(first) != len(second):
        raise ValueError(
            f"Different number of contraction axes 'a' and 'b', {len(first)} != {len(second)}."
        )
    return first, second


def _as_matrix(x: Tensor, axes: Any, last: bool) -> tuple[Tensor, Any, Any]:
    """The tensor as a matrix whose one side is the axes to sum over.

    Returns:
        The matrix; the sizes of its free axes, a list where all are known; and what is known of
        them, None if not even their number.
    """
    listed = isinstance(axes, list | tuple)
    if x.dims is None or not listed:
        return _as_matrix_in_run(x, _split_in_run(x, axes), None, last)
    dims = x.dims
    summed = [int(i) if i >= 0 else int(i) + len(dims) for i in axes]
    free = [i for i in range(len(dims)) if i not in summed]
    known = [dims[i] for i in free]
    if None in dims:
        summed_axes = convert(summed, int32, name="axes")
        free_axes = convert(free, int32, name="free")
        return _as_matrix_in_run(x, (shape(x), summed_axes, free_axes), known, last)
    sizes = [math.prod([dims[i] or 0 for i in group]) for group in (free, summed)]
    order = free + summed if last else summed + free
    matrix = reshape(transpose(x, order), sizes if last else sizes[::-1])
    return matrix, known, known


def _split_in_run(x: Tensor, axes: Any) -> tuple[Tensor, Tensor, Tensor]:
    """The shape, the axes to sum over and the free ones, where the rank is not known."""
    sizes, n = shape(x), rank(x)
    axes = convert(axes, int32, name="axes")
    axes = where(axes >= 0, axes, axes + n)
    free = apply("ListDiff", range_(n), axes)[0]
    return sizes, axes, free


def _as_matrix_in_run(
    x: Tensor, split: tuple[Tensor, Tensor, Tensor], known: Any, last: bool
) -> tuple[Tensor, Any, Any]:
    sizes, axes, free = split
    free_sizes, summed_sizes = gather(sizes, free), gather(sizes, axes)
    sides = [reduce_prod(free_sizes), reduce_prod(summed_sizes)]
    order = concat([free, axes] if last else [axes, free], 0)
    matrix_shape = stack(sides if last else sides[::-1])
    return reshape(transpose(x, order), matrix_shape), free_sizes, known


# --- einsum ---
@export("einsum", "linalg.einsum")
def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Tensor:
    """Returns a sum of products, written with a letter for each axis.

    Args:
        equation: such as "ij,jk->ik": letters that the result lacks are summed over. Without an
            arrow the result has the letters that occur once, in alphabetical order. "..." stands
            for any further axes.
        *inputs: tensors of known rank, one for each group of letters.
        **kwargs: `name`: the name of the scope.

    Raises:
        TypeError: for other keyword arguments.
        ValueError: if the equation cannot be read, does not fit the inputs, or has a letter
            twice in one group (except in a trace such as "ii").

    Note:
        Inputs are multiplied from left to right. Where a letter is summed over in more than two of
        them, one large product of all axes is made, as in TensorFlow 1.15.
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"invalid keyword arguments for this function: {', '.join(sorted(kwargs))}")
    with scopes.name_scope(name, "einsum", [equation, inputs]):
        tensors = [convert(x) for x in inputs]
        groups, result = _read(equation, [t.dims for t in tensors])
        if _is_trace(groups, equation):
            return trace(tensors[0])
        for letters in groups:
            if len(set(letters)) < len(letters):
                raise ValueError(
                    f"Subscript not supported: an axis appears more than once: {letters}"
                )
        for letter in sorted(set("".join(groups)) - set(result)):
            if sum(letter in letters for letters in groups) > 2:
                logging.getLogger("graphflow").warning(
                    "Falling back to exponential-space implementation of einsum() because index "
                    '"%s" is summed over more than two inputs.',
                    letter,
                )
                return _at_once(groups, result, tensors)
        return _one_by_one(equation, groups, result, tensors)


def _is_trace(groups: list[str], equation: str) -> bool:
    letters = groups[0]
    palindrome = letters == letters[::-1] and any(letters.count(a) == 2 for a in letters)
    return len(groups) == 1 and palindrome and "->" not in equation


def _one_by_one(equation: str, groups: list[str], result: str, tensors: list[Tensor]) -> Tensor:
    found, letters = tensors[0], groups[0]
    for tensor, group in zip(tensors[1:], groups[1:], strict=True):
        summed = set(letters) & set(group) - set(result)
        found, letters = _product(found, letters, tensor, group, summed)
    if set(letters) - set(result):
        found = reduce_sum(found, axis=[i for i, a in enumerate(letters) if a not in result])
        letters = "".join(a for a in letters if a in result)
    if sorted(letters) != sorted(result):
        raise ValueError(f"Invalid equation: {equation}")
    return _turned(found, [letters.index(a) for a in result])


def _turned(x: Tensor, order: list[int]) -> Tensor:
    return x if order == list(range(len(order))) else transpose(x, order)


def _read(equation: str, shapes: Sequence[Dims]) -> tuple[list[str], str]:
    """The letters of each input and of the result, those of "..." included."""
    equation = equation.replace(" ", "")
    match = re.match(r"^([a-zA-Z,.]+)(->[a-zA-Z.]*)?$", equation)
    if match is None:
        raise ValueError(f"Indices have incorrect format: {equation}")
    groups = match[1].split(",")
    result = match[2][2:] if match[2] else None
    if len(shapes) != len(groups):
        raise ValueError(
            f'Got {len(shapes)} arguments for equation "{equation}", expecting {len(groups)}'
        )
    further = ""
    if "..." in equation:
        further = _fill_in(groups, shapes)
        result = None if result is None else result.replace("...", further)
    if "." in "".join(groups) + (result or ""):
        raise ValueError('period "." found outside of ellipsis')
    if result is None:
        named = "".join(groups)
        result = further + "".join(
            sorted(a for a in set(named) - set(further) if named.count(a) == 1)
        )
    return groups, result


def _fill_in(groups: list[str], shapes: Sequence[Dims]) -> str:
    """Puts unused letters in the place of "..." in each group; returns the most of them."""
    named = "".join(groups)
    unused = "".join(c for c in string.ascii_letters if c not in named)
    further = ""
    for i, (letters, dims) in enumerate(zip(groups, shapes, strict=True)):
        if "..." not in letters:
            continue
        if letters.count("...") > 1:
            raise ValueError("Unable to resolve ellipsis. Excess number found.")
        if dims is None:
            raise ValueError("Unable to statically infer ellipsis axes.")
        n = len(dims) - len(letters.replace("...", ""))
        if n < 0:
            raise ValueError("Ellipses lengths do not match.")
        if len(unused) < n:
            raise ValueError("Unable to resolve ellipsis, too many distinct labels.")
        own = unused[len(unused) - n :]  # aligned at the end, as shapes broadcast
        groups[i] = letters.replace("...", own)
        further = max(further, own, key=len)
    return further


def _check_rank(which: int, x: Tensor, letters: str) -> None:
    if x.dims is None:
        raise ValueError("Cannot take the length of shape with unknown rank.")
    if len(x.dims) != len(letters):
        raise ValueError(
            f"Tensor t{which} of rank {len(x.dims)} does not match einsum reduction of length "
            f"{len(letters)}"
        )


def _product(
    t0: Tensor, letters0: str, t1: Tensor, letters1: str, summed: set[str]
) -> tuple[Tensor, str]:
    """Multiplies two tensors and sums over the letters that nothing else needs."""
    _check_rank(0, t0, letters0)
    _check_rank(1, t1, letters1)
    kept = sorted((set(letters0) & set(letters1)) - summed)
    own0 = sorted(set(letters0) - set(kept) - summed)
    own1 = sorted(set(letters1) - set(kept) - summed)
    over = sorted(summed)
    t0 = _turned(t0, [letters0.index(a) for a in kept + own0 + over])
    t1 = _turned(t1, [letters1.index(a) for a in kept + over + own1])
    found = "".join(kept + own0 + own1)
    if not summed:
        for _ in own1:
            t0 = expand_dims(t0, -1)
        for _ in own0:
            t1 = expand_dims(t1, len(kept))
        return apply("Mul", t0, t1), found
    k = len(over)
    sizes0 = _sizes(t0)
    rows, inner = _total(sizes0[len(kept) : -k]), _total(sizes0[-k:])
    t0 = _reshaped(t0, [*sizes0[: len(kept)], rows, inner])
    sizes1 = _sizes(t1)
    columns = _total(sizes1[len(kept) + k :])
    t1 = _reshaped(t1, [*sizes1[: len(kept)], inner, columns])
    product = matmul(t0, t1)
    whole = [*sizes0[: len(kept) + len(own0)], *sizes1[len(sizes1) - len(own1) :]]
    return _reshaped(product, whole), found


def _sizes(x: Tensor) -> list[Any]:
    """The size of each axis: an int, or a scalar tensor."""
    sizes: list[Any] = list(x.dims or ())
    if None in sizes:
        now = shape(x)
        sizes = [now[i] if n is None else n for i, n in enumerate(sizes)]
    return sizes


def _total(sizes: list[Any]) -> Any:
    found: Any = 1
    for n in sizes:
        found = found * n
    return found


def _reshaped(x: Tensor, sizes: list[Any]) -> Tensor:
    own = x.dims or ()
    if len(own) == len(sizes) and all(
        not isinstance(n, Tensor) and n == d for d, n in zip(own, sizes, strict=True)
    ):
        return x
    return reshape(x, tuple(sizes))


def _at_once(groups: list[str], result: str, tensors: list[Tensor]) -> Tensor:
    """Multiplies tensors with an axis for each letter, then sums."""
    every = set("".join(groups))
    if unknown := set(result) - every:
        raise ValueError(f"Unknown output axes: {unknown}")
    order = [a for a in sorted(every) if a not in result] + list(result)
    _check_sizes(groups, order, tensors)
    for i, (x, letters) in enumerate(zip(tensors, groups, strict=True)):
        ordered = sorted(letters, key=order.index)
        if list(letters) != ordered:
            tensors[i] = transpose(x, [letters.index(a) for a in ordered])
    stretched = []
    for x, letters in zip(tensors, groups, strict=True):
        unknown_ones = (x.dims or ()).count(None)
        own = iter(
            _sizes(x) if unknown_ones > 1 else [-1 if n is None else n for n in x.dims or ()]
        )
        sizes = [next(own) if a in letters else 1 for a in order]
        stretched.append(reshape(x, sizes))
    product: Any = 1
    for x in stretched:
        product = product * x
    return reduce_sum(product, [j for j, a in enumerate(order) if a not in result])  # type: ignore[no-any-return]  # a Tensor


def _check_sizes(groups: list[str], order: list[str], tensors: list[Tensor]) -> None:
    found: dict[str, set[int]] = {a: set() for a in order}
    for i, (x, letters) in enumerate(zip(tensors, groups, strict=True)):
        dims = x.dims
        if dims is None or len(dims) != len(letters):
            rank_ = None if dims is None else len(dims)
            raise ValueError(
                f"Input {i} with axes {letters} has incorrect number of dimensions "
                f"(expected {len(letters)}, got {rank_})"
            )
        for a, n in zip(letters, dims, strict=True):
            if n is not None and n > 1:
                found[a].add(n)
    for a, sizes in found.items():
        if len(sizes) > 1:
            raise ValueError(f"Dimension mismatch on axis: {a}")
