"""A run that is fed little by little: `Session.partial_run`."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from graphflow.core.errors import InvalidArgumentError
from graphflow.core.tensor import Tensor
from graphflow.runtime.numpy.dataflow import Dataflow, Flow
from graphflow.runtime.numpy.executor import NumpyPlan


class PartialRun:
    """One run by data flow, with the tensors that it was set up for.

    Args:
        plan: the plan of the whole run.
        fetches: the tensors that it fetches, in the plan's order.
        feeds: the tensors that it feeds, in the plan's order.
    """

    def __init__(self, plan: NumpyPlan, fetches: Sequence[Tensor], feeds: Sequence[Tensor]) -> None:
        plan = plan.stepwise()
        steps = plan.built.steps
        self._fetches = dict(zip(fetches, steps.fetches, strict=True))
        self._feeds = dict(zip(feeds, steps.feeds, strict=True))
        self._waiting_fetches = set(fetches)
        self._waiting_feeds = set(feeds)
        self._context = plan.context
        self._flow = Flow(Dataflow(plan.built))
        self._lock = threading.Lock()

    @property
    def over(self) -> bool:
        """Whether everything was fed and fetched."""
        return not (self._waiting_feeds or self._waiting_fetches)

    def run(self, fetches: Sequence[Tensor], given: Iterable[tuple[Tensor, Any]]) -> list[Any]:
        """Takes further feeds, runs what can run, and returns some values.

        Raises:
            InvalidArgumentError: if a tensor does not belong here or comes twice, or a value
                cannot be computed yet.
            StepError: if a step raises.
        """
        pairs = list(given)
        with self._lock:
            _check([t for t, _ in pairs], self._feeds, self._waiting_feeds, "feed", "fed")
            _check(fetches, self._fetches, self._waiting_fetches, "fetch", "fetched")
            self._waiting_feeds -= {t for t, _ in pairs}
            with self._context, np.errstate(all="ignore"):
                self._flow.feed({self._feeds[t]: value for t, value in pairs})
            for t in fetches:
                if not self._flow.known([self._fetches[t]]):
                    missing = next((f for f in self._feeds if f in self._waiting_feeds), t)
                    raise _error(
                        f"Fetch {missing.name} can't be computed from the feeds that have been fed "
                        "so far."
                    )
            self._waiting_fetches -= set(fetches)
            return [self._flow.values[self._fetches[t]] for t in fetches]


def _check(
    tensors: Sequence[Tensor], known: dict[Tensor, int], waiting: set[Tensor], what: str, past: str
) -> None:
    for t in tensors:
        if t not in known:
            raise _error(f"The {what} {t.name} was not specified in partial_run_setup.")
        if t not in waiting:
            raise _error(f"The {what} {t.name} has already been {past}.")


def _error(message: str) -> Exception:
    found: Exception = InvalidArgumentError(None, None, message)
    return found
