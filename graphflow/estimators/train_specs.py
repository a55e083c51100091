"""TrainSpec and EvalSpec: what `train_and_evaluate` is told, checked where it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from graphflow.core.export import publish
from graphflow.estimators.exporters import Exporter
from graphflow.training.session_hooks import SessionRunHook


class _TrainFields(NamedTuple):
    input_fn: Callable[..., Any]
    max_steps: int | None
    hooks: Any


class TrainSpec(_TrainFields):
    """How to train.

    Args:
        input_fn: as that of `Estimator.train`.
        max_steps: up to which step; None: until the input ends.
        hooks: SessionRunHooks.

    Raises:
        TypeError: if the input function cannot be called, or a hook is none.
        ValueError: if `max_steps` is not positive.
    """

    __slots__ = ()

    def __new__(
        cls,
        input_fn: Callable[..., Any],
        max_steps: int | None = None,
        hooks: Iterable[SessionRunHook] | None = None,
    ) -> TrainSpec:
        """Returns a new one; see the class."""
        _check_input_fn(input_fn)
        if max_steps is not None and max_steps <= 0:
            raise ValueError(f"Must specify max_steps > 0, given: {max_steps}")
        return super().__new__(cls, input_fn, max_steps, checked_hooks(hooks))


class _EvalFields(NamedTuple):
    input_fn: Callable[..., Any]
    steps: int | None
    name: str | None
    hooks: Any
    exporters: Any
    start_delay_secs: float
    throttle_secs: float


class EvalSpec(_EvalFields):
    """How to evaluate.

    Args:
        input_fn: as that of `Estimator.evaluate`.
        steps: how many batches; None: until the input ends.
        name: the name of the evaluation.
        hooks: SessionRunHooks.
        exporters: an Exporter, or several with different names.
        start_delay_secs: how long an evaluator waits before it begins.
        throttle_secs: the least time from one evaluation to the next.

    Raises:
        TypeError: if the input function cannot be called, the name is no string, or a hook or an
            exporter is none.
        ValueError: if `steps` is not positive, a time is negative, or two exporters have one name.
    """

    __slots__ = ()

    def __new__(
        cls,
        input_fn: Callable[..., Any],
        steps: int | None = 100,
        name: str | None = None,
        hooks: Iterable[SessionRunHook] | None = None,
        exporters: Any = None,
        start_delay_secs: float = 120,
        throttle_secs: float = 600,
    ) -> EvalSpec:
        """Returns a new one; see the class."""
        _check_input_fn(input_fn)
        if steps is not None and steps <= 0:
            raise ValueError(f"Must specify steps > 0, given: {steps}")
        if name is not None and not isinstance(name, str):
            raise TypeError(f"`name` must be string, given: {name}")
        checked = checked_hooks(hooks)
        exporters = _checked_exporters(exporters)
        if start_delay_secs < 0:
            raise ValueError(f"Must specify start_delay_secs >= 0, given: {start_delay_secs}")
        if throttle_secs < 0:
            raise ValueError(f"Must specify throttle_secs >= 0, given: {throttle_secs}")
        return super().__new__(
            cls, input_fn, steps, name, checked, exporters, start_delay_secs, throttle_secs
        )


publish(TrainSpec, "estimator.TrainSpec")
publish(EvalSpec, "estimator.EvalSpec")


def _check_input_fn(input_fn: Any) -> None:
    if not callable(input_fn):
        raise TypeError(f"`input_fn` must be callable, given: {input_fn}")


def checked_hooks(hooks: Any) -> tuple[SessionRunHook, ...]:
    """Returns hooks as a tuple; raises TypeError if one is none."""
    found = tuple(hooks or ())
    for hook in found:
        if not isinstance(hook, SessionRunHook):
            raise TypeError(f"All hooks must be `SessionRunHook` instances, given: {hook}")
    return found


def _checked_exporters(exporters: Any) -> tuple[Exporter, ...]:
    if not exporters:
        return ()
    if isinstance(exporters, Exporter):
        exporters = [exporters]
    try:
        found = tuple(exporters)
    except TypeError:
        found = (None,)
    names: list[str] = []
    for exporter in found:
        if not isinstance(exporter, Exporter):
            raise TypeError(
                "`exporters` must be an Exporter, an iterable of Exporter, or `None`, found "
                f"{exporters}."
            )
        _check_name(exporter.name, names, found)
        names.append(exporter.name)
    return found


def _check_name(name: Any, before: list[str], exporters: tuple[Exporter, ...]) -> None:
    if not name:
        raise ValueError(
            "An Exporter cannot have a name that is `None` or empty. All exporter names: "
            f"{[e.name for e in exporters]}"
        )
    if not isinstance(name, str):
        raise ValueError(f"An Exporter must have a string name. Given: {type(name)}")
    if name in before:
        raise ValueError(
            "`exporters` must have unique names. Such a name cannot be `None`. All exporter "
            f"names: {[e.name for e in exporters]}"
        )
