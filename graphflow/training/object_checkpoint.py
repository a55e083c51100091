"""Checkpoints of `tf.train.Checkpoint`, whose keys are paths of objects, by variables' names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from graphflow.core.errors import NotFoundError
from graphflow.formats import proto
from graphflow.formats.checkpoint_v1 import open_checkpoint
from graphflow.training.saveables import op_list_to_dict

OBJECT_GRAPH_KEY: Final = "_CHECKPOINTABLE_OBJECT_GRAPH"


def saver_variables(path: str, var_list: Any) -> dict[str, Any] | None:
    """Returns variables by their keys in a checkpoint; None if it is not made of objects.

    Args:
        path: of the checkpoint.
        var_list: the variables: a list, or a dict by names.

    Raises:
        NotFoundError: if one is not in the checkpoint.
    """
    keys = _keys(path)
    if keys is None:
        return None
    named = var_list if isinstance(var_list, dict) else op_list_to_dict(list(var_list))
    missing = sorted(set(named) - set(keys))
    if missing:
        raise NotFoundError(
            None,
            None,
            f"{path} holds objects, and not all variables are among them.\n"
            f"Existing variables not in the checkpoint: {_listed(missing)}\n"
            f"Names in the checkpoint that are no variables: {_listed(set(keys) - set(named))}",
        )
    return {keys[name]: var for name, var in named.items()}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _keys(path: str) -> dict[str, str] | None:
    """The key of each variable, by its name in the graph that wrote the checkpoint."""
    reader = open_checkpoint(path)
    try:
        if not reader.has(OBJECT_GRAPH_KEY):
            return None
        message = proto.TrackableObjectGraph.FromString(reader.read(OBJECT_GRAPH_KEY).item())
    finally:
        reader.close()
    return {a.full_name: a.checkpoint_key for node in message.nodes for a in node.attributes}
