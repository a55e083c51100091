"""The passes in their one order, from a graph to emitted steps."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from graphflow.core.operation import Operation
from graphflow.core.pause import collector_paused
from graphflow.core.shape import Dims
from graphflow.core.tensor import Tensor
from graphflow.plan.blocks import block
from graphflow.plan.buffers import Layout, plan_buffers
from graphflow.plan.capture import capture
from graphflow.plan.early import early
from graphflow.plan.emit import Emitted, emit
from graphflow.plan.fold import fold
from graphflow.plan.fuse import Machine, fuse, trim
from graphflow.plan.inline import inlined
from graphflow.plan.merge import merge, sweep
from graphflow.plan.order import order
from graphflow.plan.program import Instr, Program, verify
from graphflow.plan.record import Steps, record
from graphflow.plan.reread import reread
from graphflow.plan.segments import segments
from graphflow.plan.simplify import simplify
from graphflow.plan.tiles import tile

CHECK: Final = os.environ.get("GRAPHFLOW_CHECK") == "1"

Bind = Callable[[Instr], Any]


@dataclass(frozen=True, slots=True)
class Built:
    """What a plan consists of."""

    program: Program
    steps: Steps
    layout: Layout


@dataclass(frozen=True, slots=True)
class Captured:
    """What does not depend on the sizes of the feeds: the part of a graph that a run needs.

    `asked` are the serials of the instructions that are run for their effects.
    """

    program: Program
    asked: frozenset[int]


def captured(
    fetches: Sequence[Tensor], targets: Sequence[Operation], feeds: Sequence[Tensor]
) -> Captured:
    """Returns what the plans of a run for all sizes of its feeds start from.

    Args:
        fetches: the tensors whose values are wanted.
        targets: the operations to run for their effects.
        feeds: the tensors that are given.
    """
    with collector_paused():
        fetches, targets, feeds = inlined(fetches, targets, feeds)
        program = capture(fetches, targets, feeds, [t.dims for t in feeds])
        return Captured(program, frozenset(op._id for op in targets))


def passes(
    start: Captured,
    feed_dims: Sequence[Dims],
    bind: Bind,
    known: Mapping[int, Any] | None = None,
) -> Iterator[tuple[str, Program]]:
    """Yields (name of the pass, Program after it), in order.

    Args:
        start: what the run needs.
        feed_dims: the shapes of the feeds; None for unknown sizes.
        bind: makes the session's cell of a variable.
        known: the values that feeds have in every run, by their positions, such as resources.
    """
    program = start.program
    dims = dict(zip(program.feeds, feed_dims, strict=True))
    program = replace(
        program, dims=tuple([dims.get(slot, d) for slot, d in enumerate(program.dims)])
    )
    if known:
        slots = {program.feeds[i]: value for i, value in known.items()}
        program = replace(program, constants={**program.constants, **slots})
    yield "capture", program
    program = fold(program, bind)
    yield "fold", program
    program = merge(program)
    yield "merge", program
    program = simplify(program)
    yield "simplify", program
    program = sweep(program, start.asked)
    yield "sweep", program
    program = reread(program)
    yield "reread", program
    program = early(order(program))
    yield "order", program


def build(
    start: Captured,
    feed_dims: Sequence[Dims],
    bind: Bind,
    check: bool = CHECK,
    machine: Machine | None = None,
) -> Built:
    """Runs all passes; see `passes` for the arguments.

    Args:
        start: as in `passes`.
        feed_dims: as in `passes`.
        bind: as in `passes`.
        check: whether every pass is verified.
        machine: what runs compiled kernels; None: NumPy runs everything.
    """
    with collector_paused():
        for _, program in _checked(passes(start, feed_dims, bind), check):
            last = program
        return finished(last, machine)


def finished(program: Program, machine: Machine | None = None) -> Built:
    """Records a Program and gives its values their buffers.

    Args:
        program: an ordered Program.
        machine: as in `build`.
    """
    steps = record(program)
    if machine is None:
        block(steps)
        tile(steps)
        return Built(program, steps, plan_buffers(steps))
    fuse(steps, machine)
    trim(steps)
    layout = plan_buffers(steps)
    segments(steps, layout)
    return Built(program, steps, layout)


def plain(program: Program) -> Built:
    """As `finished`, but every step is a call of its own that NumPy makes.

    Args:
        program: an ordered Program.
    """
    steps = record(program)
    return Built(program, steps, plan_buffers(steps))


def _checked(stages: Iterator[tuple[str, Program]], check: bool) -> Iterator[tuple[str, Program]]:
    for stage in stages:
        if check:
            verify(stage[1])
        yield stage


def emitted(built: Built, members: bool = True) -> Emitted:
    """Returns the source of a plan.

    Args:
        built: the plan.
        members: as in `emit`.
    """
    return emit(built.steps, built.layout, members)
