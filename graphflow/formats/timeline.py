"""Timelines: when each operation of a run ran, for chrome://tracing.

In: the StepStats message that a traced run leaves in its RunMetadata. Out: JSON text in the
format that Chrome and Perfetto read.
"""

from __future__ import annotations

import json
from typing import Any


class Timeline:
    """A drawing of one run over time.

    Args:
        step_stats: a StepStats message.
        graph: kept for TensorFlow's sake.
    """

    def __init__(self, step_stats: Any, graph: Any = None) -> None:
        self._step_stats = step_stats

    def generate_chrome_trace_format(
        self, show_dataflow: bool = True, show_memory: bool = False
    ) -> str:
        """Returns the JSON text of the drawing.

        Args:
            show_dataflow: whether arrows lead from each operation to those that use its values.
            show_memory: kept for TensorFlow's sake: no run notes its memory.
        """
        events: list[dict[str, Any]] = []
        for pid, device in enumerate(self._step_stats.dev_stats):
            named = {"name": f"{device.device} Compute"}
            events.append({"name": "process_name", "ph": "M", "pid": pid, "args": named})
            ends: dict[str, tuple[int, int]] = {}
            for stats in device.node_stats:
                event, used = _event(stats, pid)
                events.append(event)
                ends[stats.node_name] = event["ts"] + event["dur"], event["tid"]
                if show_dataflow:
                    for source in used:
                        if source in ends:
                            events += _arrow(len(events), ends[source], event, pid)
        return json.dumps({"traceEvents": events}, indent=4, separators=(",", ": "))


def _event(stats: Any, pid: int) -> tuple[dict[str, Any], list[str]]:
    """One operation as an event, and the names of those whose values it uses."""
    op, used = _label(stats.timeline_label)
    event = {
        "name": op,
        "cat": "Op",
        "ph": "X",
        "pid": pid,
        "tid": stats.thread_id,
        "ts": stats.all_start_micros,
        "dur": stats.all_end_rel_micros,
        "args": {"name": stats.node_name, "op": op, **{f"input{i}": x for i, x in enumerate(used)}},
    }
    return event, used


def _label(text: str) -> tuple[str, list[str]]:
    """The operation type and the inputs in "name = Type(input, input)"."""
    _, _, call = text.partition(" = ")
    op, _, inputs = call.rstrip(")").partition("(")
    return op, [name.split(":")[0].lstrip("^") for name in inputs.split(", ") if name]


def _arrow(
    number: int, source: tuple[int, int], event: dict[str, Any], pid: int
) -> list[dict[str, Any]]:
    end, thread = source
    common = {"name": event["args"]["name"], "cat": "DataFlow", "pid": pid, "id": number}
    return [
        {**common, "ph": "s", "tid": thread, "ts": end},
        {**common, "ph": "t", "tid": event["tid"], "ts": event["ts"]},
    ]
