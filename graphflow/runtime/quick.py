"""Repeated runs: a step of a training loop goes from `Session.run` to its plan without a detour.

The compiled `Quick` of a session compares what is fetched and fed with earlier runs and calls the
plan of one that agrees. Whatever differs is left to the session, which looks as it always does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from graphflow.core.tensor import Tensor
from graphflow.runtime.compiled import machine
from graphflow.runtime.failures import StepError, translated
from graphflow.runtime.fetches import Fetched, array_of
from graphflow.runtime.numpy.executor import NumpyPlan


class NothingQuick:
    """Stands where there are no compiled kernels: every run goes through the session."""

    def run(self, fetches: Any, feed_dict: Any) -> Any:
        """Returns NotImplemented."""
        return NotImplemented

    def clear(self) -> None:
        """Does nothing."""


def quick_runs(graph: Any) -> Any:
    """Returns what remembers the runs of a session on a graph."""
    found = machine()
    return NothingQuick() if found is None else found.module.Quick(graph, np.ndarray)


def learn(
    quick: Any,
    fetches: Any,
    fetched: Fetched,
    given: Sequence[tuple[Tensor, Any]],
    plan: NumpyPlan,
    graph: Any,
) -> None:
    """Remembers a run that has been done, if one like it can be repeated.

    Args:
        quick: what `quick_runs` returned.
        fetches: as the user wrote them: an element of the graph, or a list or tuple of such.
        fetched: what they stand for.
        given: the tensors and arrays that were fed.
        plan: what has run.
        graph: the session's.
    """
    if isinstance(quick, NothingQuick) or fetched.special or plan.waits or graph._unfeedable:
        return
    dims = [plan.built.steps.dims[s] for s in plan.built.steps.fetches]
    plain = all(t.dtype.base_dtype.kind in "biufc" for t in fetched.tensors)
    if not plain or None in dims or any(a.dtype.hasobject for _, a in given):
        return
    kind = fetches.__class__ if fetches.__class__ in (list, tuple) else None
    parts = [graph.as_graph_element(f) for f in (fetches if kind else [fetches])]
    places = tuple([fetched.tensors.index(p) if p in fetched.tensors else -1 for p in parts])
    takes = tuple([(t, a.dtype, a.shape, partial(array_of, t)) for t, a in given])
    scalar = tuple([d == () for d in dims])
    function, arenas = (plan.take, plan.arenas) if plan.quiet else (plan.run, None)
    failed = partial(_raise, plan, graph)
    quick.learn(fetches, graph._edits, kind, places, takes, scalar, function, arenas, failed)


def _raise(plan: NumpyPlan, graph: Any, error: Exception) -> None:
    """Raises what a session raises for an error in a run."""
    failure = plan.failed(error)
    if isinstance(failure, StepError):
        raise translated(failure, graph) from failure.cause
    raise failure
