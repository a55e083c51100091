"""branches: what runs under which conditions, read off Switch and Merge operations.

A Switch hands its data on under a condition (a literal: a predicate and its value). Whatever uses
that needs the condition too, until a Merge brings both cases together again. `Conditions` finds
the literals of each operation; plan/raise_flow makes `If` and `While` instructions of them. This
holds for any graph of Switch and Merge, also those of gradients, where no `cond` stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor

Literal = tuple[Tensor, int]
Guard = frozenset[Literal]
NEVER: Guard | None = None
"""In the place of a guard: both a condition and its contrary, so that it can never run."""


class Conditions:
    """The guards of operations and tensors, found in an order that respects all edges.

    Args:
        order: the operations that a run needs; loops' back edges do not count.
        fed: tensors that are given.
    """

    def __init__(self, order: Iterable[Operation], fed: set[Tensor]) -> None:
        self.fed = fed
        self.guards: dict[Operation, Guard | None] = {}
        self.merged_on: dict[Operation, Tensor] = {}
        """For each Merge the predicate that its inputs differ in."""
        self.frame: dict[Operation, Frame | None] = {}
        self.frames: dict[tuple[Frame | None, str], Frame] = {}
        self.lies_in: dict[Tensor, int] = {}
        for op in order:
            self._place(op)
            found = self.guards[op] = self._guard_of(op)
            if op.definition.flow == "enter":
                frame = self.frame[op]
                assert frame is not None  # `_place` made it
                frame.guard = _and(frame.guard, found)

    # --- loops ---
    def _place(self, op: Operation) -> None:
        """Finds the loop that an operation stands in."""
        role = op.definition.flow
        around = self._innermost(op)
        if role == "enter":
            key = (around, op.attrs["frame_name"])
            if key not in self.frames:
                self.frames[key] = Frame(key[1], around)
            around = self.frames[key]
        self.frame[op] = around
        if around is not None:
            around.ops.append(op)

    def _innermost(self, op: Operation) -> Frame | None:
        found: Frame | None = None
        back = op.definition.flow == "merge"
        sources = [t.op for t in op.inputs if t not in self.fed]
        for source in (*sources, *op.control_inputs):
            if back and source.definition.flow == "next":
                continue
            frame = self.frame.get(source)
            if source.definition.flow == "exit" and frame is not None:
                frame = frame.outer
            if frame is not None and (found is None or frame.depth > found.depth):
                found = frame
        return found

    # --- guards ---
    def guard(self, tensor: Tensor) -> Guard | None:
        """The literals that a tensor needs."""
        if tensor in self.fed:
            return frozenset()
        op = tensor.op
        found = self.guards[op]
        if op.definition.flow == "switch" and found is not NEVER:
            return _and(found, frozenset([(self.predicate(op.inputs[1]), tensor.value_index)]))
        return found

    def predicate(self, tensor: Tensor) -> Tensor:
        """The tensor that a predicate is, behind the operations that only hand it on."""
        while tensor not in self.fed:
            op = tensor.op
            hands_on = op.definition.view and len(op.inputs) == 1 and not op.control_inputs
            if op.definition.flow != "switch" and not hands_on:
                break
            tensor = op.inputs[0]
        return tensor

    def _guard_of(self, op: Operation) -> Guard | None:
        role = op.definition.flow
        if role == "merge" and any(t.op.definition.flow == "next" for t in op.inputs):
            return self.guard(op.inputs[0])
        if role == "exit":
            frame = self.frame[op]
            return frozenset() if frame is None else frame.guard
        found: Guard | None = frozenset()
        for c in op.control_inputs:
            if c.definition.flow != "next":
                found = _and(found, self.guards[c])
        if role == "trigger":
            # Of what it waits for only that matters: that the loop goes on.
            given = found or frozenset()
            return frozenset([x for x in given if x[0].op.definition.flow == "condition"])
        if role == "merge":
            return _and(found, self._merge(op))
        for t in op.inputs:
            found = _and(found, self.guard(t))
        return found

    def _merge(self, op: Operation) -> Guard | None:
        """The guard of what a Merge makes: what all cases have in common."""
        given: list[Guard] = [g for g in map(self.guard, op.inputs) if g is not None]
        if not given:
            return NEVER
        if len(given) == 1:
            return given[0]
        common: Guard = frozenset.intersection(*given)
        differing = {p for g in given for p, _ in g - common}
        for pred in differing:
            values = {v for g in given for p, v in g - common if p is pred}
            if len(values) == 2 and all(any(p is pred for p, _ in g) for g in given):
                self.merged_on[op] = pred
                break
        return common

    # --- paths ---
    def path(self, op: Operation) -> tuple[Any, ...] | None:
        """The loops and literals around an operation, from the outside in; None: it never runs."""
        guard, frame = self.guards[op], self.frame[op]
        if guard is NEVER:
            return None
        around = frozenset[Literal]() if frame is None else frame.guard
        return (*self._frame_path(frame), *self._sorted(guard, around))

    def _frame_path(self, frame: Frame | None) -> tuple[Any, ...]:
        if frame is None:
            return ()
        outer = frame.outer
        around = frozenset[Literal]() if outer is None else outer.guard
        return (*self._frame_path(outer), *self._sorted(frame.guard, around), frame)

    def _sorted(self, guard: Guard | None, around: Guard | None) -> list[Literal]:
        """The literals of a guard; those that other predicates need come first."""
        return sorted((guard or frozenset()) - (around or frozenset()), key=self._rank)

    def _rank(self, literal: Literal) -> tuple[bool, int, int]:
        pred = literal[0]
        found = self.guard(pred)
        depth = 0 if found is None else len(found)
        return pred.op.definition.flow != "condition", depth, pred.op._id


class Frame:
    """One loop: its operations, the loop around it, and what has to hold for it to run."""

    __slots__ = ("depth", "guard", "name", "ops", "outer")

    def __init__(self, name: str, outer: Frame | None) -> None:
        self.name = name
        self.outer = outer
        self.depth: int = 1 if outer is None else outer.depth + 1
        self.ops: list[Operation] = []
        self.guard: Guard | None = frozenset()


def _and(a: Guard | None, b: Guard | None) -> Guard | None:
    if a is None or b is None:
        return NEVER
    if not b or a == b:
        return a
    both = a | b
    return NEVER if len({p for p, _ in both}) < len(both) else both
