"""What eager execution asks of the runtime: operations that no kernel of their own runs.

Such an operation (a call of a function, a branch, a loop) is made a function of the library that
holds nothing else, and runs as functions do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.eager import EagerGraph
from graphflow.core.late import provide
from graphflow.core.opdef import OpDef
from graphflow.formats.function_def import Function
from graphflow.ops.function_graph import FunctionGraph
from graphflow.runtime.functions import function_instance
from graphflow.runtime.numpy.threads import OneThread, one_thread

_MOST: Final = 1024


@provide("one_blas_thread")
def one_blas_thread() -> OneThread:
    """Returns the context in which BLAS uses one thread."""
    return one_thread


@provide("eager_call")
def eager_call(
    graph: EagerGraph,
    definition: OpDef,
    attrs: Mapping[str, Any],
    dtypes: Sequence[DType],
    flat: Sequence[Any],
) -> list[Any]:
    """Runs an operation that has no kernel.

    Args:
        graph: whose library its functions are in.
        definition: the operation type.
        attrs: its attributes.
        dtypes: the types of its outputs.
        flat: its inputs: tensors with values.

    Returns:
        The values of its outputs.
    """
    arrays = [t._value for t in flat if isinstance(t._value, np.ndarray)]
    others = [t._value for t in flat if not isinstance(t._value, np.ndarray)]
    store = graph._store
    known: dict[Any, str] = store.memory("functions of one operation")
    key = (definition, repr(attrs), *[(t._dtype._enum, t.dims) for t in flat])
    name = known.get(key)
    if name is None:
        if len(known) >= _MOST:
            _forget(graph, known)
        name = known[key] = f"__one_{definition.name}_{len(known)}"
        graph._own_functions[name] = _function(graph, name, definition, attrs, dtypes, flat)
    call = function_instance(store, name, others)(others)
    return list(call(*arrays))


def _forget(graph: EagerGraph, known: dict[Any, str]) -> None:
    for name in known.values():
        graph._own_functions.pop(name, None)
    known.clear()


def _function(
    graph: EagerGraph,
    name: str,
    definition: OpDef,
    attrs: Mapping[str, Any],
    dtypes: Sequence[DType],
    flat: Sequence[Any],
) -> Function:
    body = FunctionGraph(graph)
    body._functions = graph._functions
    arrays = [i for i, t in enumerate(flat) if isinstance(t._value, np.ndarray)]
    others = [i for i in range(len(flat)) if i not in arrays]
    made = {i: body.argument(flat[i]._dtype, flat[i].dims, f"a{i}") for i in [*arrays, *others]}
    op = body.add(definition, [made[i] for i in range(len(flat))], attrs, definition.name, dtypes)
    body.outputs = list(op.outputs)
    return Function(name, body, body.inputs, body.outputs)
