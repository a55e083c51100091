"""TensorInfo messages: how a SavedModel's signature names a tensor of its graph."""

from __future__ import annotations

from typing import Any

from graphflow.core import scopes
from graphflow.core.dtypes import as_dtype
from graphflow.core.export import export
from graphflow.core.graph import Graph
from graphflow.core.sparse_tensor import SparseTensor
from graphflow.formats import proto
from graphflow.formats.meta_graph_collections import prepend_scope


@export("saved_model.build_tensor_info", "saved_model.utils.build_tensor_info")
def build_tensor_info(tensor: Any) -> Any:
    """Returns the TensorInfo of a tensor: its name, dtype and static shape.

    Args:
        tensor: a Tensor; or a SparseTensor, whose three tensors are named.
    """
    message = proto.TensorInfo(
        dtype=as_dtype(tensor.dtype).as_datatype_enum, tensor_shape=tensor.get_shape().as_proto()
    )
    if isinstance(tensor, SparseTensor):
        message.coo_sparse.values_tensor_name = tensor.values.name
        message.coo_sparse.indices_tensor_name = tensor.indices.name
        message.coo_sparse.dense_shape_tensor_name = tensor.dense_shape.name
    else:
        message.name = tensor.name
    return message


build_tensor_info_internal = build_tensor_info


def build_tensor_info_from_op(op: Any) -> Any:
    """Returns a TensorInfo that names an operation: no dtype, an unknown shape.

    Args:
        op: an Operation; or a Tensor, which is named the same way.
    """
    message = proto.TensorInfo(name=op.name)
    message.tensor_shape.unknown_rank = True
    return message


@export("saved_model.get_tensor_from_tensor_info", "saved_model.utils.get_tensor_from_tensor_info")
def get_tensor_from_tensor_info(
    tensor_info: Any, graph: Graph | None = None, import_scope: str | None = None
) -> Any:
    """Returns the Tensor or SparseTensor that a TensorInfo names.

    Args:
        tensor_info: the message.
        graph: where to look; None: the default graph.
        import_scope: a scope to put before the names.

    Raises:
        KeyError: if there is no such tensor.
        ValueError: if the message names no tensor.
    """
    where = scopes.get_default_graph() if graph is None else graph

    def tensor(name: str) -> Any:
        return where.get_tensor_by_name(prepend_scope(name, import_scope))

    match tensor_info.WhichOneof("encoding"):
        case "name":
            return tensor(tensor_info.name)
        case "coo_sparse":
            names = tensor_info.coo_sparse
            return SparseTensor(
                tensor(names.indices_tensor_name),
                tensor(names.values_tensor_name),
                tensor(names.dense_shape_tensor_name),
            )
        case encoding:
            raise ValueError(f"Invalid TensorInfo.encoding: {encoding}")


def get_element_from_tensor_info(
    tensor_info: Any, graph: Graph | None = None, import_scope: str | None = None
) -> Any:
    """Returns the Tensor or Operation that a TensorInfo names.

    Raises:
        KeyError: if there is none.
    """
    where = scopes.get_default_graph() if graph is None else graph
    return where.as_graph_element(prepend_scope(tensor_info.name, import_scope))
