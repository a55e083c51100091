"""The bar that shows how far training has come, as Keras prints it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from graphflow.core.export import export


@export("keras.utils.Progbar")
class Progbar:
    """Prints how many of a number of steps are done, how long it takes, and values.

    Args:
        target: the number of steps; None: not known.
        width: the width of the bar in characters.
        verbose: 0: prints nothing; 1: draws a bar again and again; 2: one line at the end.
        interval: the least number of seconds between two drawings.
        stateful_metrics: the names of values that are shown as they are; of all others the mean
            over the steps is.
        unit_name: what a step is called.
    """

    def __init__(
        self,
        target: int | None,
        width: int = 30,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics = set(stateful_metrics or ())
        self._dynamic_display = (
            (hasattr(sys.stdout, "isatty") and sys.stdout.isatty())
            or "ipykernel" in sys.modules
            or "posix" in sys.modules
            or "PYCHARM_HOSTED" in os.environ
        )
        self._total_width = 0
        self._seen_so_far = 0
        self._values: dict[str, list[Any]] = {}
        self._values_order: list[str] = []
        self._start = time.time()
        self._last_update = 0.0

    def update(self, current: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Notes and shows that a number of steps are done.

        Args:
            current: the number.
            values: pairs of a name and its value in the last steps.
        """
        for name, value in values or ():
            self._note(name, value, current - self._seen_so_far)
        self._seen_so_far = current
        now = time.time()
        if self.verbose == 1:
            if now - self._last_update < self.interval and self._before_end(current):
                return
            self._draw(current, now)
        elif self.verbose == 2 and self.target is not None and current >= self.target:
            passed = f" - {now - self._start:.0f}s"
            self._show(f"{self._count(current)}{passed}{self._averages(signed=True)}\n")
        self._last_update = now

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """As `update`, for `n` more steps."""
        self.update(self._seen_so_far + n, values)

    def _note(self, name: str, value: Any, steps: int) -> None:
        if name not in self._values_order:
            self._values_order.append(name)
        if name in self.stateful_metrics:
            self._values[name] = [value, 1]
        elif name in self._values:
            self._values[name][0] += value * steps
            self._values[name][1] += steps
        else:
            self._values[name] = [value * steps, steps]

    def _before_end(self, current: int) -> bool:
        return self.target is not None and current < self.target

    def _draw(self, current: int, now: float) -> None:
        before = self._total_width
        bar = self._bar(current)
        info = self._times(current, now - self._start) + self._averages(signed=False)
        self._total_width = len(bar) + len(info)
        info += " " * (before - self._total_width)
        if self.target is not None and current >= self.target:
            info += "\n"
        start = "\b" * before + "\r" if self._dynamic_display else "\n"
        self._show(start + bar + info)

    def _count(self, current: int) -> str:
        digits = int(np.log10(self.target or 1)) + 1
        return f"{current:{digits}d}/{self.target}"

    def _bar(self, current: int) -> str:
        if self.target is None:
            return f"{current:7d}/Unknown"
        done = int(self.width * (float(current) / self.target))
        head = "=" * (done - 1) + (">" if current < self.target else "=") if done > 0 else ""
        return f"{self._count(current)} [{head}{'.' * (self.width - done)}]"

    def _times(self, current: int, passed: float) -> str:
        each = passed / current if current else 0
        if self.target is not None and current < self.target:
            return f" - ETA: {_duration(each * (self.target - current))}"
        if each >= 1 or each == 0:
            shown = f"{each:.0f}s"
        elif each >= 1e-3:
            shown = f"{each * 1e3:.0f}ms"
        else:
            shown = f"{each * 1e6:.0f}us"
        return f" - {passed:.0f}s {shown}/{self.unit_name}"

    def _averages(self, signed: bool) -> str:
        """The values; `signed`: small means less than 0.001, also far below zero."""
        text = ""
        for name in self._values_order:
            total, steps = self._values[name]
            mean = np.mean(total / max(1, steps))
            large = (mean if signed else abs(mean)) > 1e-3
            text += f" - {name}: {mean:.4f}" if large else f" - {name}: {mean:.4e}"
        return text

    def _show(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _duration(seconds: float) -> str:
    if seconds > 3600:
        return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d}:{int(seconds % 60):02d}"
    if seconds > 60:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
    return f"{int(seconds)}s"
