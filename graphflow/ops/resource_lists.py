"""Resources besides variables that a graph makes: how they are created, and whether they exist."""

from __future__ import annotations

import os
from collections import namedtuple
from collections.abc import Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.collections import GraphKeys
from graphflow.core.dtypes import string
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.constant import constant
from graphflow.ops.control_ops import group, no_op
from graphflow.ops.mask import boolean_mask
from graphflow.ops.stack import stack

_Resource = namedtuple("_Resource", ["handle", "create", "is_initialized"])


def register_resource(
    handle: Tensor, create_op: Operation, is_initialized_op: Tensor, is_shared: bool = True
) -> None:
    """Notes a resource in the graph, so that initializers and checks find it.

    Args:
        handle: its handle.
        create_op: creates it.
        is_initialized_op: a bool scalar: whether it exists.
        is_shared: whether all workers share it.
    """
    key = GraphKeys.RESOURCES if is_shared else GraphKeys.LOCAL_RESOURCES
    scopes.add_to_collection(key, _Resource(handle, create_op, is_initialized_op))


def shared_resources() -> list[Any]:
    """The resources that all workers share."""
    return scopes.get_collection(GraphKeys.RESOURCES)


def local_resources() -> list[Any]:
    """The resources of this worker."""
    return scopes.get_collection(GraphKeys.LOCAL_RESOURCES)


def report_uninitialized_resources(
    resource_list: Sequence[Any] | None = None, name: str = "report_uninitialized_resources"
) -> Tensor:
    """Returns the names of the resources that do not exist yet, a string vector.

    Args:
        resource_list: the resources; None: all of the graph.
        name: the scope.
    """
    found = shared_resources() + local_resources() if resource_list is None else resource_list
    place = os.environ.get("TF_DEVICE_FOR_UNINITIALIZED_VARIABLE_REPORTING", "/cpu:0")
    with scopes.name_scope(name), scopes.device(place):
        if not found:
            return constant([], string)
        missing = ~stack([r.is_initialized for r in found])
        names: Tensor = boolean_mask(constant([r.handle.name for r in found]), missing)
        return names


def initialize_resources(resource_list: Sequence[Any], name: str = "init") -> Operation:
    """Returns an operation that creates resources.

    Args:
        resource_list: the resources.
        name: the node's name.
    """
    if resource_list:
        made: Operation = group(*[r.create for r in resource_list], name=name)
        return made
    return no_op(name=name)
