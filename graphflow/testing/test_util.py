"""The names of `tensorflow.python.framework.test_util`, gathered from the files beside this one."""

from __future__ import annotations

from typing import Any

from graphflow.core.tensor import Tensor
from graphflow.formats import proto
from graphflow.formats.graph_import import import_graph_def
from graphflow.ops.reshape import reshape
from graphflow.ops.transpose import transpose
from graphflow.testing.case import CapturedWrites as CapturedWrites
from graphflow.testing.case import ErrorLoggingSession as ErrorLoggingSession
from graphflow.testing.case import TensorFlowTestCase as TensorFlowTestCase
from graphflow.testing.decorators import *  # noqa: F403 (all of them are test_util's)
from graphflow.testing.devices import *  # noqa: F403 (all of them are test_util's)
from graphflow.testing.messages import assert_equal_graph_def as assert_equal_graph_def
from graphflow.testing.messages import assert_equal_graph_def_v2 as assert_equal_graph_def_v2
from graphflow.testing.messages import (
    assert_meta_graph_protos_equal as assert_meta_graph_protos_equal,
)
from graphflow.testing.messages import assert_ops_in_graph as assert_ops_in_graph
from graphflow.testing.messages import get_node_def_from_graph as get_node_def_from_graph

assert_equal_graph_def_v1 = assert_equal_graph_def


# --- layouts of images ---
def NHWCToNCHW(input_tensor: Any) -> Any:
    """Moves the channels of images (or of a list of sizes) before their rows."""
    return _moved(input_tensor, {4: [0, 3, 1, 2], 5: [0, 4, 1, 2, 3]})


def NCHWToNHWC(input_tensor: Any) -> Any:
    """Moves the channels of images (or of a list of sizes) behind their columns."""
    return _moved(input_tensor, {4: [0, 2, 3, 1], 5: [0, 2, 3, 4, 1]})


def _moved(value: Any, orders: dict[int, list[int]]) -> Any:
    if isinstance(value, Tensor):
        return transpose(value, orders[len(value.shape)])
    return [value[i] for i in orders[len(value)]]


def NHWCToNCHW_VECT_C(input_shape_or_tensor: Any) -> Any:
    """Moves the channels of images before their rows, in groups of four that stay behind.

    Raises:
        ValueError: if the number of channels is no multiple of four.
    """
    given = input_shape_or_tensor
    sizes: list[Any] = given.shape.as_list() if isinstance(given, Tensor) else list(given)
    if sizes[-1] % 4 != 0:
        raise ValueError(
            "Last dimension of input must be evenly divisible by 4 to convert to NCHW_VECT_C."
        )
    sizes[-1:] = [sizes[-1] // 4, 4]
    order = {5: [0, 3, 1, 2, 4], 6: [0, 4, 1, 2, 3, 5]}[len(sizes)]
    if isinstance(given, Tensor):
        return transpose(reshape(given, sizes), order)
    return [sizes[i] for i in order]


def NCHW_VECT_CToNHWC(input_shape_or_tensor: Any) -> Any:
    """Undoes `NHWCToNCHW_VECT_C`.

    Raises:
        ValueError: if the last size is not four.
    """
    given = input_shape_or_tensor
    sizes: list[Any] = given.shape.as_list() if isinstance(given, Tensor) else list(given)
    if sizes[-1] != 4:
        raise ValueError("Last dimension of NCHW_VECT_C must be 4.")
    order = {5: [0, 2, 3, 1, 4], 6: [0, 2, 3, 4, 1, 5]}[len(sizes)]
    flat = [sizes[i] for i in order[:-1]]
    flat[-1] *= 4
    return reshape(transpose(given, order), flat) if isinstance(given, Tensor) else flat


# --- the rest ---
def InstallStackTraceHandler() -> None:
    """Does nothing: Python shows its own stack."""


def set_producer_version(graph: Any, producer_version: int) -> None:
    """Sets which version's behaviour a graph's new operations have."""
    graph_def = proto.GraphDef()
    graph_def.versions.producer = producer_version
    with graph.as_default():
        import_graph_def(graph_def)
