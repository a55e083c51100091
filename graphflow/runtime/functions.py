"""Functions of a graph's library as callables on arrays: for kernels that run a function.

In: a session's store, a function's name and the values it takes from outside. Out: a callable of
the other arguments. The plan is made once for each function; a function whose body has state of
its own (random operations) gets fresh state with each instance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core.errors import KernelError, NotFoundError
from graphflow.core.evaluate import kernel_keywords
from graphflow.core.late import provide
from graphflow.core.state import Store
from graphflow.plan.build import captured, finished, passes
from graphflow.plan.program import Instr, Program
from graphflow.runtime.compiled import machine
from graphflow.runtime.failures import StepError, translated
from graphflow.runtime.numpy.executor import NumpyPlan

Call = Callable[..., list[Any]]
_PLANS: Final = "functions of the library"
_MOST: Final = 256


class _Part(Store):
    """A session's store with memories of its own.

    Args:
        whole: the session's store.
    """

    __slots__ = ("_whole",)

    def __init__(self, whole: Store) -> None:
        super().__init__()
        self._whole = whole
        self.functions = whole.functions

    @property
    def private(self) -> Store:
        """The session's own."""
        return self._whole.private

    def cell(self, container: str, shared_name: str, make: Any) -> Any:
        """As `Store.cell`, in the session's store."""
        return self._whole.cell(container, shared_name, make)

    def find(self, container: str, shared_name: str) -> Any:
        """As `Store.find`, in the session's store."""
        return self._whole.find(container, shared_name)


@provide("function_instance")
def function_instance(
    store: Store, name: str, captured: Sequence[Any]
) -> Callable[[list[Any]], Call]:
    """Returns an instance of a function: it takes the last arguments and returns a callable.

    The callables are not for several threads at once.

    Args:
        store: the session's store.
        name: of the function.
        captured: its last arguments; resources among them belong to the session.

    Raises:
        KernelError: if the function is not in the library.
    """
    function = store.functions.get(name)
    if function is None:
        raise KernelError(f"Function {name} is not defined.", NotFoundError)
    known = {
        i: value
        for i, value in enumerate(captured, len(function.inputs) - len(captured))
        if not isinstance(value, np.ndarray)
    }
    key = (name, id(function), *[(i, id(value)) for i, value in known.items()])
    plans: dict[Any, Any] = store.memory(_PLANS)
    found = plans.get(key)
    if found is None:
        program = _program(store, function, known)
        while len(plans) >= _MOST:
            plans.pop(next(iter(plans)), None)
        found = plans[key] = program, _plan(program, name, store), known
    program, plan, _ = found
    if _has_memory(program.instrs):
        plan = _plan(program, name, _Part(store))
    return _binder(plan, function.graph)


def _program(store: Store, function: Any, known: dict[int, Any]) -> Program:
    feeds = list(function.inputs)
    arguments = {t.op for t in feeds}
    acting = [
        op for op in function.graph.operations
        if op.definition.is_stateful and op not in arguments
    ]  # fmt: skip
    start = captured(function.outputs, acting, feeds)
    dims = [t.dims for t in feeds]
    *_, (_, program) = passes(start, dims, lambda i: _bound(i, store), known)
    return program


def _bound(instr: Instr, store: Store) -> Any:
    kernel = instr.definition.kernel
    if kernel is None:
        raise AssertionError(f"{instr.definition.name} has no kernel")
    wanted = kernel_keywords(kernel)
    options = {k: instr.attrs[k] for k in wanted if k in instr.attrs}
    options["store"] = store
    if "name" in wanted:
        options["name"] = instr.name
    return kernel(**options)


def _has_memory(instrs: Iterable[Instr]) -> bool:
    return any(
        (i.definition.kernel is not None and "memory" in kernel_keywords(i.definition.kernel))
        or any(_has_memory(body.instrs) for body in i.bodies)
        for i in instrs
    )


def _plan(program: Program, name: str, store: Store) -> NumpyPlan:
    return NumpyPlan(finished(program, machine()), f"function {name}", store)


def _binder(plan: NumpyPlan, graph: Any) -> Callable[[list[Any]], Call]:
    function = plan.take()
    context = plan.context if plan.blas else None

    def bind(captured: list[Any]) -> Call:
        def call(*arguments: Any) -> list[Any]:
            try:
                if context is None:
                    return function(*arguments, *captured)
                with context:
                    return function(*arguments, *captured)
            except Exception as e:
                failure = plan.failed(e)
                if isinstance(failure, StepError):
                    raise translated(failure, graph) from failure.cause
                raise failure from e

        return call

    return bind
