"""What a tape remembers of operations that ran at once, and the gradients that follow from it.

A record is a list: operations in the order in which they ran, so that reverse order is an order in
which each is differentiated after all that used its results. Tensors do not know what made them:
with the record goes all that it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.autodiff.registry import get_gradient_function, is_users
from graphflow.autodiff.reverse import _dense, added, trainable
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.eager import eager_graph, recording
from graphflow.core.eager_tensor import EagerOperation, EagerTensor
from graphflow.core.late import provide
from graphflow.core.opdef import REGISTRY
from graphflow.ops._rules import asked
from graphflow.ops.indexed_slices import IndexedSlices


class EagerRecord:
    """What one tape has seen in eager execution.

    Args:
        watches_variables: whether trainable variables are watched when they are read.
    """

    def __init__(self, watches_variables: bool) -> None:
        self.watches_variables = watches_variables
        self.operations: list[EagerOperation] = []
        self.held: dict[int, Any] = {}
        """What is watched, by identity: tensors given, handles, and what was made of them."""
        self.named: dict[Any, Any] = {}
        """The variables among what is watched, by their handles."""

    def start(self) -> None:
        """Begins to take note."""
        recording.items.append(self)

    def stop(self) -> None:
        """Takes no note any more."""
        if self in recording.items:
            recording.items.remove(self)

    def watch(self, tensor: Any) -> None:
        """Watches a tensor, or the handle of a variable."""
        if tensor.dtype.kind in "fcR":
            self.held[id(tensor)] = tensor

    def watch_variable(self, variable: Any) -> None:
        """Watches a variable."""
        self.named[variable.handle] = variable
        self.watch(variable.handle)

    def variables(self) -> list[Any]:
        """The watched variables, in the order in which they were made."""
        return sorted(self.named.values(), key=lambda v: v.handle._id)

    def watches(self, tensors: Sequence[Any]) -> bool:
        """Whether one of some tensors is watched."""
        held = self.held
        return any(id(t) in held for t in tensors)

    def note(self, op: EagerOperation) -> None:
        """Remembers an operation; its results are watched from now on."""
        self.operations.append(op)
        held = self.held
        for t in op.outputs:
            if trainable(t):
                held[id(t)] = t

    def gradients(self, ys: Sequence[Any], xs: Sequence[Any], dys: Sequence[Any]) -> list[Any]:
        """Returns the derivative of the sum of some tensors by each of others.

        Args:
            ys: tensors or handles of variables.
            xs: likewise.
            dys: the gradient that arrives at each y; None: ones.

        Returns:
            For each x a tensor, an IndexedSlices, or None where no y depends on it.

        Raises:
            LookupError: if an operation in between has no gradient.
        """
        needed = {id(x) for x in xs if trainable(x)}
        sources = set(needed)
        between: list[tuple[EagerOperation, list[bool]]] = []
        for op in self.operations:
            wanted = [id(t) in needed for t in op.inputs]
            if True in wanted:
                between.append((op, wanted))
                needed.update([id(t) for t in op.outputs if trainable(t)])
        arrived: dict[int, list[Any]] = {}
        for y, dy in zip(ys, dys, strict=True):
            if id(y) in needed:
                arrived.setdefault(id(y), []).append(_ones(y) if dy is None else dy)
        for op, wanted in reversed(between):
            self._back(op, wanted, arrived, sources)
        found = [arrived.get(id(x)) for x in xs]
        return [None if parts is None else _sum(parts) for parts in found]

    def _back(
        self,
        op: EagerOperation,
        wanted: list[bool],
        arrived: dict[int, list[Any]],
        sources: set[int],
    ) -> None:
        dys = []
        for t in op.outputs:
            parts = arrived.get(id(t))
            dys.append(None if parts is None else _sum(parts))
            if id(t) not in sources:
                arrived.pop(id(t), None)
        if all(dy is None for dy in dys):
            return
        for t, dx, use in zip(op.inputs, _differentiated(op, dys, wanted), wanted, strict=True):
            if use and dx is not None:
                parts = arrived.get(id(t))
                if parts is None:
                    arrived[id(t)] = [dx]
                else:
                    parts.append(dx)


def _sum(parts: list[Any]) -> Any:
    if len(parts) > 1:
        parts[:] = [added(parts)]
    return parts[0]


def _ones(y: Any) -> EagerTensor:
    value, dtype = y._value, y._dtype
    if not isinstance(value, np.ndarray):  # a variable's handle
        value, dtype = value.read(), value.dtype
    return EagerTensor(np.ones(value.shape, dtype.as_numpy_dtype), dtype)


def _differentiated(op: EagerOperation, dys: list[Any], wanted: list[bool]) -> Any:
    if op.backward is not None:
        found = op.backward(*[_zeros(t) if d is None else d for t, d in _pairs(op, dys)])
        return found if isinstance(found, list | tuple) else [found]
    try:
        rule = get_gradient_function(op)
    except LookupError:
        raise LookupError(f"gradient registry has no entry for: {op.type}") from None
    if rule is None:
        return [None] * len(op.inputs)
    dys = [
        _zeros(t) if dy is None and trainable(t) and t.dtype.kind != "R" else dy
        for t, dy in _pairs(op, dys)
    ]
    users = is_users(op)
    if not (op.definition.passes_rows or users):
        dys = [_dense(op, d) if isinstance(d, IndexedSlices) else d for d in dys]
    asked.op, asked.wanted = op, wanted
    try:
        dxs = rule(op, *dys)
    finally:
        asked.op = None
    if not isinstance(dxs, list | tuple):
        # An op's own rule may name the first input's gradient alone.
        dxs = [dxs, *[None] * (0 if users else len(op.inputs) - 1)]
    if len(dxs) != len(op.inputs):
        raise ValueError(
            f"Num gradients {len(dxs)} generated for op {op.name!r} ({op.type}) do not match "
            f"num inputs {len(op.inputs)}"
        )
    return dxs


def _pairs(op: EagerOperation, dys: list[Any]) -> zip[tuple[Any, Any]]:
    return zip(op.outputs, dys, strict=True)


def _zeros(t: Any) -> Any:
    return apply("ZerosLike", t)


def record_operation(
    name: str, outputs: Sequence[Any], inputs: Sequence[Any], backward: Any
) -> None:
    """Tells the tapes that are on of something with a gradient of its own.

    Args:
        name: of an operation type that it may pass for.
        outputs: tensors with values.
        inputs: tensors, or handles of variables.
        backward: takes a gradient for each output, returns one for each input.
    """
    op = EagerOperation(eager_graph(), REGISTRY["IdentityN"], name, tuple(inputs), {}, None)
    op.outputs, op.backward = list(outputs), backward
    for tape in recording.items:
        if tape.watches(inputs):
            tape.note(op)


@provide("eager_record")
def eager_record(tensors: Sequence[Any]) -> EagerRecord:
    """Returns a tape that is on, and watches some tensors and the variables that are read."""
    record = EagerRecord(watches_variables=True)
    record.start()
    for t in tensors:
        record.watch(t)
    return record


def as_gradient(value: Any) -> Any:
    """A gradient that the user gives, as a tensor."""
    return value if value is None or isinstance(value, IndexedSlices) else convert(value)
