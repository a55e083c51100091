"""Operation types of function calls: a library's function is called by an operation of its name.

In: a function's name, ports and state. Out: an OpDef in the registry, so that graphs and graph
files find it. A function of the same name that is declared later takes the name over; operations
keep the definition they were declared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphflow.core import late
from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.opdef import REGISTRY, OpDef
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims

Ports = Sequence[tuple[str, DType]]


def _unknown(op: Operation) -> list[Dims]:
    return [None] * len(op.outputs)


def _gradient(op: Operation, *dys: Any) -> Any:
    return late.call("symbolic_gradient", op, *dys)


def call_definition(name: str, inputs: Ports, outputs: Ports, stateful: bool) -> OpDef:
    """Makes the operation type that calls a function.

    Args:
        name: the function's.
        inputs: names and types of its arguments.
        outputs: names and types of its results.
        stateful: whether its body has operations with state.
    """
    texts = [", ".join([f"{port}: {dtype.name}" for port, dtype in x]) for x in (inputs, outputs)]
    found = OpDef(f"{name}({texts[0]}) -> {texts[1]}", stateful=stateful, constraints={})
    found.shape_rule = _unknown
    found.differentiable = _gradient
    REGISTRY[name] = found
    return found


def definition_from_signature(signature: Any) -> OpDef:
    """Makes the operation type that calls the function of an OpDef message."""
    inputs, outputs = (
        [(arg.name, as_dtype(arg.type)) for arg in args]
        for args in (signature.input_arg, signature.output_arg)
    )
    return call_definition(signature.name, inputs, outputs, signature.is_stateful)
