"""What a graph file has to say so that TensorFlow, too, reads variables before it updates them.

A run here always reads a variable before an update that no edge orders against the read. In
TensorFlow the two race, and a reference variable is updated in place: `dx = dy . w` could see the
new `w` while `dw` has already been applied. TensorFlow's own gradients bind such pairs together
with two more nodes an operation. Here the order is noted on the operation that makes `dw`, and
becomes a control input only in graph files: no run and no drawing pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.indexed_slices import IndexedSlices


def order_reads(xs: Sequence[Tensor], dxs: Sequence[Any], before: int) -> None:
    """Notes on what makes each dx that it has to wait for the gradient's other reads of x.

    Args:
        xs: what was differentiated by; only reference variables matter.
        dxs: their gradients: tensors, IndexedSlices or None.
        before: how many operations the graph had before the gradient was added.
    """
    upward = False  # whether a note leads from an older operation to a newer one
    for x, dx in zip(xs, dxs, strict=True):
        if not x.dtype.is_ref or dx is None:
            continue
        made = (dx.values if isinstance(dx, IndexedSlices) else dx).op
        inputs = {t.op for t in made.inputs}
        waits = []
        for op in dict.fromkeys(_readers(x, before)):
            newer = op._id > made._id
            if op is made or op in inputs or ((newer or upward) and _needs(op, made, before)):
                continue
            waits.append(op)
            upward |= newer
        if waits:
            made._file_controls = [*made._file_controls, *waits]


def _readers(variable: Tensor, before: int) -> Iterator[Operation]:
    """The new operations that read a variable's memory, also through views of it."""
    pending = [variable]
    while pending:
        for op in pending.pop().consumers():
            if op.definition.view:
                pending += op.outputs
            elif op._id > before and op.outputs:
                yield op


def _needs(op: Operation, other: Operation, before: int) -> bool:
    """Whether a new operation depends on another new one."""
    pending, seen = [op], {op}
    while pending:
        for source in _sources(pending.pop()):
            if source is other:
                return True
            if source._id > before and source not in seen:
                seen.add(source)
                pending.append(source)
    return False


def _sources(op: Operation) -> Iterator[Operation]:
    yield from (t.op for t in op.inputs)
    yield from op.control_inputs
    yield from op._file_controls
