"""Names of tensorflow.python.ops.sparse_ops that are not public."""

from __future__ import annotations

from typing import Any, Final

from graphflow.core.declare import apply
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.core.tensor import Tensor
from graphflow.ops.sparse_maps import take_many_sparse

_DEFAULT_HASH_KEY: Final = 0xDECAFCAFFE


def _kept(
    type_: str, sp_input: Any, container: str | None, shared_name: str | None, name: str | None
) -> Tensor:
    given = SparseTensor.from_value(sp_input)
    found: Tensor = apply(
        type_,
        given.indices,
        given.values,
        given.dense_shape,
        container=container or "",
        shared_name=shared_name or "",
        name=name,
    )
    return found


def _add_sparse_to_tensors_map(
    sp_input: Any,
    container: str | None = None,
    shared_name: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Puts a sparse tensor into a map of the session, and returns its handle there."""
    return _kept("AddSparseToTensorsMap", sp_input, container, shared_name, name)


def _add_many_sparse_to_tensors_map(
    sp_input: Any,
    container: str | None = None,
    shared_name: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Puts each item of a batch of sparse tensors into a map, and returns their handles there."""
    return _kept("AddManySparseToTensorsMap", sp_input, container, shared_name, name)


def _take_many_sparse_from_tensors_map(
    sparse_map_op: Any, sparse_handles: Any, rank: int | None = None, name: str | None = None
) -> SparseTensor:
    """Returns a batch of the sparse tensors that an operation has put into its map.

    Raises:
        TypeError: if `sparse_map_op` is no operation that puts sparse tensors into a map.
    """
    if not hasattr(sparse_map_op, "node_def"):
        raise TypeError("sparse_map_op be an Operation")
    if sparse_map_op.type not in ("AddSparseToTensorsMap", "AddManySparseToTensorsMap"):
        raise TypeError(
            "sparse_map_op must be one of AddSparseToTensorsMap or AddSparseToTensorsMap. "
            f"Instead, found `{sparse_map_op.type}`."
        )
    return take_many_sparse(sparse_map_op, sparse_handles, rank)
