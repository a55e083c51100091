"""Calls of functions: SymbolicGradient, PartitionedCall and operations of a function's own name.

No kernel runs them: when a run is planned, the function's body takes the place of the call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from graphflow.core.declare import apply
from graphflow.core.graph import Graph
from graphflow.core.late import provide
from graphflow.core.opdef import OpDef, define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.formats.function_call import call_definition
from graphflow.formats.function_def import Function, argument_names

_ONCE: Final = "TensorFlow has none: a function's gradient is no function of the graph"


def _unknown(op: Operation) -> list[Dims]:
    return [None] * len(op.outputs)


def called_name(op: Operation) -> str | None:
    """The function that an operation calls by an attribute, or None."""
    value = op.attrs.get("f")
    return value if value is None or isinstance(value, str) else str(value.name)


# --- SymbolicGradient ---
SYMBOLIC_GRADIENT = define(
    "SymbolicGradient(input: Tin..., *, Tout: list(type), f: func) -> output: Tout...",
    Tin=1,
    Tout=1,
).no_gradient(_ONCE, raises=True)


@SYMBOLIC_GRADIENT.shape
def _(op: Operation) -> list[Dims]:
    return [t.dims for t in op.inputs[: len(op.outputs)]]


@provide("symbolic_gradient")
def symbolic_gradient(op: Operation, *dys: Tensor | None) -> list[Tensor]:
    """The gradient of a function call: the gradient of the function, as one operation."""
    given = [
        apply("ZerosLike", y) if dy is None else dy for y, dy in zip(op.outputs, dys, strict=True)
    ]
    types = [t.dtype.base_dtype for t in op.inputs]
    name = called_name(op) or op.type
    found: list[Tensor] = apply(SYMBOLIC_GRADIENT, [*op.inputs, *given], Tout=types, f=name)
    return found


# --- PartitionedCall, StatefulPartitionedCall, RemoteCall ---
def _call(op_type: str, stateful: bool) -> OpDef:
    new = define(
        f"{op_type}(args: Tin..., *, Tout: list(type), f: func, config: string = '', "
        "config_proto: string = '', executor_type: string = '') -> output: Tout...",
        stateful=stateful,
        shape=_unknown,
        Tin=0,
        Tout=0,
    )
    new.gradient(symbolic_gradient)
    return new


PARTITIONED_CALL = _call("PartitionedCall", stateful=False)
STATEFUL_PARTITIONED_CALL = _call("StatefulPartitionedCall", stateful=True)


# --- functions of a graph ---
def definition_of(function: Function) -> OpDef:
    """Makes the operation type that calls a function by its name."""
    names = argument_names(function)
    inputs, outputs = (
        [(name, t.dtype.base_dtype) for name, t in zip(given, tensors, strict=True)]
        for given, tensors in zip(names, (function.inputs, function.outputs), strict=True)
    )
    stateful = any(op.definition.is_stateful for op in function.graph.operations)
    return call_definition(function.name, inputs, outputs, stateful)


def add_function(graph: Graph, function: Function, gradient: str | None = None) -> None:
    """Puts a function, and those that its body calls, into a graph's library.

    Args:
        graph: the graph.
        function: the function.
        gradient: the name of the function that is its gradient; None: it is derived.
    """
    for other in (*function.graph._functions.values(), function):
        graph._functions.setdefault(other.name, other)
    if gradient is not None:
        graph._gradient_functions[function.name] = gradient


def outputs_of(op: Operation) -> Any:
    """What a call returns: a tensor, a tuple of them, or the operation where it has none."""
    found: Sequence[Tensor] = op.outputs
    if not found:
        return op
    return found[0] if len(found) == 1 else tuple(found)
