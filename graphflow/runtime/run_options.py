"""What a run takes beside its feeds: a RunOptions message in, a RunMetadata message out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from graphflow.core.errors import InvalidArgumentError
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.formats import proto
from graphflow.formats.graph_def import node_def, versions
from graphflow.plan.capture import needed

DEVICE: Final = "/job:localhost/replica:0/task:0/device:CPU:0"


def run_options(options: Any, config: Any) -> Any:
    """Returns the options of a run as this package's RunOptions message; None where there are none.

    Args:
        options: what the user passed: a message, of this package or of another one, or nothing.
        config: the ConfigProto of the session, or None.

    Raises:
        AttributeError: if it is no message.
        InvalidArgumentError: if it asks for a pool of threads that the session does not have.
    """
    if not options:
        return None
    found = proto.RunOptions.FromString(options.SerializeToString())
    pools = 1 if config is None else max(1, len(config.session_inter_op_thread_pool))
    if found.inter_op_thread_pool >= pools:
        message = f"Invalid inter_op_thread_pool: {found.inter_op_thread_pool}"
        raise InvalidArgumentError(None, None, message)
    return found


def partition_graph(fetches: Sequence[Tensor], targets: Sequence[Operation], fed: Any) -> Any:
    """Returns the part of a graph that a run executes, as a GraphDef on the one device.

    As in TensorFlow, what is fed comes from `_Arg` nodes, and what is fetched ends in `_Retval`
    nodes. The nodes are those of the graph, before this package's own plan joins them.

    Args:
        fetches: the fetched tensors.
        targets: the operations to run.
        fed: the fed tensors.
    """
    part = proto.GraphDef()
    names = {t: f"_arg_{t.op.name}_0_{i}" for i, t in enumerate(fed)}
    for i, (tensor, name) in enumerate(names.items()):
        _end(part, "_Arg", name, tensor, i, ())
    for op in needed(fetches, targets, set(names)):
        node = node_def(op)
        for i, tensor in enumerate(op.inputs):
            if tensor in names:
                node.input[i] = names[tensor]
        part.node.add().CopyFrom(node)
    for i, tensor in enumerate(fetches):
        source = names.get(tensor, tensor.name.removesuffix(":0"))
        name = f"_retval_{tensor.op.name}_{tensor.value_index}_{i}"
        _end(part, "_Retval", name, tensor, i, (source,))
    for node in part.node:
        node.device = DEVICE
    if fetches or targets:
        graph = (fetches[0] if fetches else targets[0]).graph
        part.versions.CopyFrom(versions(graph))
    return part


def _end(
    part: Any, kind: str, name: str, tensor: Tensor, index: int, inputs: Iterable[str]
) -> None:
    """Adds the node that a fed value comes from, or a fetched one goes to."""
    node = part.node.add(name=name, op=kind, input=inputs)
    node.attr["T"].type = tensor.dtype.as_datatype_enum
    node.attr["index"].i = index
