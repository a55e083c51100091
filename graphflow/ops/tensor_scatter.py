"""Tensors with other slices at positions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.dtypes import bool_
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import INDEX, NUMBERS, OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._segment_kernels import by_segment
from graphflow.ops._shapes import need_rank_at_least
from graphflow.ops.gather_nd import check_scattered, flat_positions

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class _Words:
    """What TensorFlow says of a mistake; the two kinds of operations have words of their own."""

    port: str
    outer: str
    inner: str
    empty: str


_TENSOR: Final = _Words(
    "output",
    "Outer dimensions of indices and update must match. Indices shape: {indices}, updates "
    "shape:{updates}",
    "Inner dimensions of output shape must match inner dimensions of updates shape. Output: "
    "{whole} updates: {updates}",
    "Indices and updates specified for empty output shape",
)
_NON_ALIASING: Final = _Words(
    "input",
    "The outermost dimension of updates and indices must match. Got indices.shape {indices}, "
    "updates.shape {updates}",
    "Must have updates.shape = indices.shape[:batch_dim] + params_shape[slice_dim:], got "
    "updates.shape: {updates}, indices.shape: {indices}, params_shape: {whole}, slice_dim: "
    "{depth}, and batch_dim: {outer}",
    "Indices and updates specified for empty output. indices shape: {indices}",
)


def _facts(whole: Dims, indices: Dims, updates: Dims) -> dict[str, Any]:
    return {
        "whole": text(whole),
        "indices": text(indices),
        "updates": text(updates),
        "depth": indices[-1] if indices else 0,
        "outer": len(indices or (1,)) - 1,
    }


def _shape(op: Operation, words: _Words) -> list[Dims]:
    whole, indices, updates = (t.dims for t in op.inputs)
    facts = _facts(whole, indices, updates)
    inner_run = words.inner.format(**facts)
    need_rank_at_least(whole, 1, inner_run)
    need_rank_at_least(indices, 1, inner_run)
    runs = [getattr(words, name).format(**facts) for name in ("empty", "outer", "inner")]
    check_scattered(words.port, whole, indices, updates, (runs[0], runs[1], runs[2]))
    return [whole]


def _places(
    whole: Array, indices: Array, updates: Array, words: _Words
) -> tuple[Array, int, Array]:
    """Where each slice goes in the tensor's first axes laid flat, how many there are, and which.

    Raises:
        KernelError: if something does not fit.
    """
    facts = _facts(whole.shape, indices.shape, updates.shape)
    sizes = (whole.size, indices.size, updates.size)
    if (0 in sizes) and any(sizes[1:]):
        raise KernelError(words.empty.format(**facts))
    depth = indices.shape[-1]
    if depth > whole.ndim or updates.shape != indices.shape[:-1] + whole.shape[depth:]:
        raise KernelError(words.inner.format(**facts))
    at = flat_positions(indices, whole.shape, "shape")
    rows = math.prod(whole.shape[:depth])
    return at, rows, updates.reshape(len(at), math.prod(whole.shape[depth:]))


def _changed(whole: Array, indices: Array, updates: Array, how: str, words: _Words) -> Array:
    at, rows, new = _places(whole, indices, updates, words)
    found = whole.copy()
    flat = found.reshape(rows, new.shape[1])
    if how == "update":
        flat[at] = new
    elif whole.dtype.kind == "b":
        np.logical_or.at(flat, at, new)
    elif how == "add":
        flat += by_segment(np.add, new, at, rows, 0)
    else:
        flat -= by_segment(np.add, new, at, rows, 0)
    return found


def _scatter(name: str, how: str, gradient: Any, words: _Words, **types: Any) -> OpDef:
    first = "tensor" if words is _TENSOR else "input"
    made = define(
        f"{name}({first}: T, indices: Tindices, updates: T) -> output: T",
        shape=lambda op: _shape(op, words),
        Tindices=INDEX,
        **types,
    )
    made.gradient(gradient)

    @made.numpy
    def _(whole: Array, indices: Array, updates: Array) -> Array:
        if whole.dtype.kind in "Ob" and how != "update" and words is _TENSOR:
            kind = "DT_STRING" if whole.dtype.kind == "O" else "DT_BOOL"
            raise KernelError(
                f"No OpKernel was registered to support Op '{name}' with these attrs: [T={kind}]"
            )
        return _changed(whole, indices, updates, how, words)

    return made


def _update_gradient(op: Operation, dy: Tensor) -> tuple[Tensor, None, Tensor]:
    indices = op.inputs[1]
    zeros = apply("ZerosLike", op.inputs[2])
    return apply(TENSOR_SCATTER_UPDATE, dy, indices, zeros), None, apply("GatherNd", dy, indices)


def _add_gradient(op: Operation, dy: Tensor) -> tuple[Tensor, None, Tensor]:
    return dy, None, apply("GatherNd", dy, op.inputs[1])


def _sub_gradient(op: Operation, dy: Tensor) -> tuple[Tensor, None, Tensor]:
    return dy, None, apply("Neg", apply("GatherNd", dy, op.inputs[1]))


TENSOR_SCATTER_UPDATE = _scatter("TensorScatterUpdate", "update", _update_gradient, _TENSOR)
TENSOR_SCATTER_ADD = _scatter("TensorScatterAdd", "add", _add_gradient, _TENSOR)
TENSOR_SCATTER_SUB = _scatter("TensorScatterSub", "sub", _sub_gradient, _TENSOR)
SCATTER_ND_NON_ALIASING_ADD = _scatter(
    "ScatterNdNonAliasingAdd", "add", _add_gradient, _NON_ALIASING, T=(*NUMBERS, bool_)
)


@export("tensor_scatter_nd_update", "tensor_scatter_update")
def tensor_scatter_update(
    tensor: Any, indices: Any, updates: Any, name: str | None = None
) -> Tensor:
    """Returns a tensor with other slices at positions.

    Args:
        tensor: the tensor, which itself stays as it is.
        indices: [..., k]: each vector along the last axis is a position in the first k axes.
        updates: what comes there: [..., and the axes after the first k]. Of several for one
            position the last one counts.
        name: the node's name.

    Raises:
        ValueError: if the shapes do not fit.
    """
    found: Tensor = apply(TENSOR_SCATTER_UPDATE, tensor, indices, updates, name=name)
    return found


@export("tensor_scatter_nd_add", "tensor_scatter_add")
def tensor_scatter_add(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """Returns a tensor to whose slices at positions others are added.

    Args:
        tensor: the tensor, which itself stays as it is.
        indices: [..., k]: each vector along the last axis is a position in the first k axes.
        updates: what is added there: [..., and the axes after the first k].
        name: the node's name.

    Raises:
        ValueError: if the shapes do not fit.
    """
    found: Tensor = apply(TENSOR_SCATTER_ADD, tensor, indices, updates, name=name)
    return found


@export("tensor_scatter_nd_sub", "tensor_scatter_sub")
def tensor_scatter_sub(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """Returns a tensor from whose slices at positions others are taken away.

    Args:
        tensor: the tensor, which itself stays as it is.
        indices: [..., k]: each vector along the last axis is a position in the first k axes.
        updates: what is taken away there: [..., and the axes after the first k].
        name: the node's name.

    Raises:
        ValueError: if the shapes do not fit.
    """
    found: Tensor = apply(TENSOR_SCATTER_SUB, tensor, indices, updates, name=name)
    return found
