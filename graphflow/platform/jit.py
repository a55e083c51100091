"""tf.xla: marks of what XLA is to compile. They go into the graph; plans are compiled anyway."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final
from weakref import WeakKeyDictionary

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.export import EXPORTS, export
from graphflow.core.graph import Graph
from graphflow.core.operation import Operation
from graphflow.formats import proto

_scopes: Final[WeakKeyDictionary[Graph, list[int]]] = WeakKeyDictionary()
"""For each graph: how many scopes there were, and how deep the current one is."""


@export("xla.experimental.compile")
def compile_(computation: Callable[..., Any], inputs: Any = None) -> Any:
    """Declares a computation; sessions compile it into their plan as they do everything.

    Args:
        computation: a function of tensors.
        inputs: its arguments, a list; None: it has none.

    Returns:
        What the function returns; a single tensor in a tuple; an operation that runs it if it
        returns none or operations only.

    Raises:
        TypeError: if `inputs` is no list.
    """
    if inputs is not None and not isinstance(inputs, list | tuple):
        raise TypeError("inputs must be a list")
    given = [convert_to_tensor(x) for x in inputs or ()]
    found = computation(*given)
    flat = found if isinstance(found, list | tuple) else () if found is None else (found,)
    operations = [x for x in flat if isinstance(x, Operation)]
    if len(operations) == len(flat):
        return EXPORTS["group"](*operations)
    with scopes.control_dependencies(operations):
        kept = [EXPORTS["identity"](x) for x in flat if not isinstance(x, Operation)]
    return kept if isinstance(found, list) else tuple(kept)


@export("xla.experimental.jit_scope")
@contextlib.contextmanager
def jit_scope(
    compile_ops: bool | Callable[[Any], bool] = True, separate_compiled_gradients: bool = False
) -> Iterator[None]:
    """A context whose operations are marked to be compiled by XLA, where a graph is run by it.

    Args:
        compile_ops: whether; or a function of a NodeDef that says so.
        separate_compiled_gradients: whether gradients are to be compiled apart.
    """
    graph = scopes.get_default_graph()
    state = _scopes.setdefault(graph, [0, 0])
    choose: Any = compile_ops if callable(compile_ops) else lambda node_def: compile_ops
    attrs: dict[str, Any] = {
        "_XlaCompile": lambda node_def: proto.AttrValue(b=bool(choose(node_def))),
        "_XlaSeparateCompiledGradients": proto.AttrValue(b=bool(separate_compiled_gradients)),
    }
    if state[1] == 0:
        attrs["_XlaScope"] = proto.AttrValue(s=f"jit_scope_{state[0]}".encode())
        state[0] += 1
    state[1] += 1
    try:
        with graph._attr_scope_map(attrs):
            yield
    finally:
        state[1] -= 1
