"""Traces: when each operation of a run ran, as a RunMetadata message tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphflow.core.dtypes import as_dtype
from graphflow.core.shape import TensorShape
from graphflow.runtime.numpy.dataflow import Dataflow, Flow, Timed
from graphflow.runtime.numpy.executor import NumpyPlan
from graphflow.runtime.run_options import DEVICE


def traced(plan: NumpyPlan, arrays: Sequence[Any], metadata: Any) -> list[Any]:
    """Runs a plan step by step and notes in a RunMetadata message when each operation ran.

    Args:
        plan: the plan.
        arrays: the fed arrays.
        metadata: the message, which gets the times.

    Raises:
        StepError: if a step raises.
    """
    times: list[Timed] = []
    plan = plan.stepwise()
    flow = Flow(Dataflow(plan.built), times)
    with plan.context, np.errstate(all="ignore"):
        flow.feed(dict(zip(flow.plan.feeds, arrays, strict=True)))
    stats = metadata.step_stats.dev_stats.add(device=DEVICE)
    threads: dict[int, int] = {}
    makers = {slot: i.name for i in plan.built.program.instrs for slot in i.outputs}
    for instr, start, end, thread in _by_operation(times):
        inputs = ", ".join([makers[s] for s in instr.inputs if s in makers])
        took = end - start
        node = stats.node_stats.add(
            node_name=instr.name,
            all_start_micros=start // 1000,
            op_end_rel_micros=took // 1000,
            all_end_rel_micros=took // 1000,
            scheduled_micros=start // 1000,
            all_start_nanos=start,
            op_end_rel_nanos=took,
            all_end_rel_nanos=took,
            scheduled_nanos=start,
            thread_id=threads.setdefault(thread, len(threads)),
            timeline_label=f"{instr.name} = {instr.definition.name.strip('_')}({inputs})",
        )
        for port, slot in enumerate(instr.outputs):
            _describe(node, port, flow.values[slot])
    return [flow.values[s] for s in flow.plan.fetches]


def _describe(node: Any, port: int, value: Any) -> None:
    """Notes type, shape and size of what came out of a port, where that is an array."""
    if not isinstance(value, np.ndarray | np.generic):
        return
    described = node.output.add(slot=port).tensor_description
    described.dtype = as_dtype(value.dtype).as_datatype_enum
    described.shape.CopyFrom(TensorShape(value.shape).as_proto())
    described.allocation_description.requested_bytes = value.nbytes
    described.allocation_description.allocator_name = "cpu"


def _by_operation(times: Sequence[Timed]) -> list[tuple[Any, int, int, int]]:
    """The steps of one operation as one span of time, in the order in which they began."""
    found: dict[int, tuple[Any, int, int, int]] = {}
    for instr, start, end, thread in sorted(times, key=lambda t: t[1]):
        first = found.get(instr.serial)
        found[instr.serial] = (instr, start if first is None else first[1], end, thread)
    return list(found.values())
