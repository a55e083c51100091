"""Objects that own variables, as a graph: what `tf.train.Checkpoint` writes and reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphflow.core import scopes
from graphflow.formats import proto
from graphflow.models.optimizers_base import OptimizerV2
from graphflow.models.optimizers_wrapped import TFOptimizer
from graphflow.nets.layer_tracking import LayerTracking
from graphflow.ops.variables import Variable
from graphflow.platform.module import Module
from graphflow.training.optimizer import Optimizer

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_SLOT = "/.OPTIMIZER_SLOT/"


class Trackable:
    """An object whose attributes belong to it in a checkpoint."""

    def tracked(self) -> Iterator[tuple[str, Any]]:
        """Yields the attributes that own variables, in the order in which they were set."""
        for name, value in vars(self).items():
            if not name.startswith("_") and is_trackable(value):
                yield name, value


def is_trackable(x: Any) -> bool:
    """Whether an object can be part of a checkpoint."""
    kinds = (Variable, LayerTracking, Module, OptimizerV2, TFOptimizer, Optimizer, Trackable)
    return isinstance(x, (*kinds, list, dict))


def children(x: Any) -> list[tuple[str, Any]]:
    """Returns the objects that belong to one, by the names they have in a checkpoint.

    Args:
        x: the object.
    """
    if isinstance(x, list):
        found = [(str(i), item) for i, item in enumerate(x)]
    elif isinstance(x, dict):
        found = [(str(key), item) for key, item in x.items()]
    elif isinstance(x, LayerTracking):
        found = list(vars(x).get("_tracked_objects", {}).items())
    elif isinstance(x, OptimizerV2):
        found = [("iter", x._iterations), *sorted(x._hyper.items())]
    elif isinstance(x, TFOptimizer):
        found = [("optimizer", x.optimizer), ("global_step", x.iterations)]
    elif isinstance(x, Optimizer):
        graph = scopes.get_default_graph()
        own = [(key[0], v) for key, v in x._non_slot_dict.items() if key[1] in (None, graph)]
        found = sorted(own, key=lambda pair: str(pair[0]))
    elif isinstance(x, Trackable):
        found = list(x.tracked())
    elif isinstance(x, Module):
        found = [(n, v) for n, v in vars(x).items() if n not in x._TF_MODULE_IGNORED_PROPERTIES]
    else:
        found = []
    return [(name, item) for name, item in found if is_trackable(item)]


def slot_of(optimizer: Any, variable: Any, name: str) -> Any:
    """Returns an optimizer's variable beside another one; None if there is none."""
    try:
        return optimizer.get_slot(variable, name)
    except KeyError:
        return None


def has_slots(x: Any) -> bool:
    """Whether an object is an optimizer with variables beside others."""
    return isinstance(x, OptimizerV2 | Optimizer)


def _escaped(name: str) -> str:
    return name.replace(".", "..").replace("/", ".S")


@dataclass
class ObjectGraph:
    """The objects below one, each once, nearest first.

    Args:
        objects: the objects; variables beside others come last.
        paths: for each the way from the first, as keys of checkpoints have it.
        message: the TrackableObjectGraph.
        keys: the variables by their keys.
    """

    objects: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    message: Any = None
    keys: dict[str, Any] = field(default_factory=dict)


def object_graph(root: Any) -> ObjectGraph:
    """Returns the objects that belong to one.

    Args:
        root: the object.
    """
    graph = ObjectGraph([root], [""], proto.TrackableObjectGraph())
    numbers = {id(root): 0}
    i = 0
    while i < len(graph.objects):
        node = graph.message.nodes.add()
        for name, child in children(graph.objects[i]):
            number = numbers.get(id(child))
            if number is None:
                number = numbers[id(child)] = len(graph.objects)
                graph.objects.append(child)
                graph.paths.append(f"{graph.paths[i]}/{_escaped(name)}".lstrip("/"))
            node.children.add(node_id=number, local_name=name)
        i += 1
    _add_slots(graph, numbers)
    for number, x in enumerate(graph.objects):
        if isinstance(x, Variable):
            key = f"{graph.paths[number]}{_VALUE}"
            graph.keys[key] = x
            graph.message.nodes[number].attributes.add(
                name="VARIABLE_VALUE", full_name=x.op.name, checkpoint_key=key
            )
    return graph


def _add_slots(graph: ObjectGraph, numbers: dict[int, int]) -> None:
    known = list(enumerate(graph.objects))
    variables = [(j, x) for j, x in known if isinstance(x, Variable)]
    for i, optimizer in known:
        if not has_slots(optimizer):
            continue
        for name in optimizer.get_slot_names():
            for j, variable in variables:
                slot = slot_of(optimizer, variable, name)
                if slot is None:
                    continue
                number = numbers.get(id(slot))
                if number is None:
                    number = numbers[id(slot)] = len(graph.objects)
                    graph.objects.append(slot)
                    path = f"{graph.paths[j]}{_SLOT}{graph.paths[i]}/{_escaped(name)}"
                    graph.paths.append(path)
                    graph.message.nodes.add()
                graph.message.nodes[i].slot_variables.add(
                    original_variable_node_id=j, slot_name=name, slot_variable_node_id=number
                )
