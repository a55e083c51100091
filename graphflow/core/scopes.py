"""The default graph and session of each thread, and the scopes a user opens around operations.

A session is anything with `.run` and `.graph`; this module knows no more about it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from graphflow.core.eager_tensor import EagerTensor
from graphflow.core.tensor import Tensor

if TYPE_CHECKING:
    from graphflow.core.control import ControlDependencies
    from graphflow.core.graph import Graph


class _Stack(threading.local):
    """A stack of defaults, one for each thread."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.enforce_nesting = True

    @contextlib.contextmanager
    def entered(self, item: Any) -> Iterator[Any]:
        """A context in which `item` is on top."""
        self.items.append(item)
        try:
            yield item
        finally:
            self.leave(item)

    def leave(self, item: Any) -> None:
        """Takes `item` off the stack."""
        if self.items:
            if self.items[-1] is item:
                self.items.pop()
            elif self.enforce_nesting:
                raise AssertionError(f"Nesting violated for default stack of {type(item)} objects")
            else:
                self.items.remove(item)


graphs: Final = _Stack()
"""The default graphs; below them lies one global graph, made on first use."""
sessions: Final = _Stack()
_lock: Final = threading.Lock()


class _Global:
    graph: Any = None
    factory: Callable[[], Any]


def use_graph_class(factory: Callable[[], Any]) -> None:
    """Says what makes the global default graph (the Graph class lives above this module)."""
    _Global.factory = staticmethod(factory)


def _global_graph() -> Any:
    if _Global.graph is None:
        with _lock:
            if _Global.graph is None:
                _Global.graph = _Global.factory()
    return _Global.graph


def get_default_graph() -> Graph:
    """Returns the default graph of this thread: the innermost `as_default()`, else a global one."""
    items = graphs.items
    graph: Graph = items[-1] if items else _global_graph()
    return graph


def reset_default_graph() -> None:
    """Puts a new, empty graph in the place of the global default graph.

    Raises:
        AssertionError: inside `with graph.as_default()`.
    """
    if graphs.items:
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared "
            "graph, exit the nesting and create a new graph."
        )
    if _Global.graph is not None and _Global.graph.executes:
        _Global.graph.forget()
    else:
        _Global.graph = None


def get_default_session() -> Any:
    """Returns the innermost session that is the default in this thread, or None."""
    return sessions.items[-1] if sessions.items else None


def control_dependencies(control_inputs: Iterable[Any] | None) -> ControlDependencies:
    """A context whose new operations run after `control_inputs`; None clears the list.

    Args:
        control_inputs: operations, tensors or variables.
    """
    return get_default_graph().control_dependencies(control_inputs)


def device(device_name_or_function: Any) -> contextlib.AbstractContextManager[None]:
    """A context that notes a device on new operations; graphflow runs them all on the CPU.

    Args:
        device_name_or_function: a string such as "/gpu:0", a function of an Operation, or None.
    """
    return get_default_graph().device(device_name_or_function)


def colocate_with(
    op: Any, ignore_existing: bool = False
) -> contextlib.AbstractContextManager[None]:
    """A context that notes on new operations that they belong beside `op`."""
    return get_default_graph().colocate_with(op, ignore_existing)


def container(container_name: str) -> contextlib.AbstractContextManager[str]:
    """A context that puts new variables into a named container of the session."""
    return get_default_graph().container(container_name)


@contextlib.contextmanager
def init_scope() -> Iterator[None]:
    """A context without control dependencies whose operations keep the name scope."""
    graph = get_default_graph()
    scope = graph.get_name_scope()
    with graph.control_dependencies(None), graph.name_scope(scope + "/" if scope else None):
        yield


def add_to_collection(name: str, value: Any) -> None:
    """Appends a value to a collection of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """Appends a value to several collections of the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key: str, scope: str | None = None) -> list[Any]:
    """Returns a copy of a collection of the default graph.

    Args:
        key: the collection, one of `GraphKeys` or any name.
        scope: only items whose name matches this at its start.
    """
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: str) -> list[Any]:
    """Returns the list behind a collection of the default graph."""
    return get_default_graph().get_collection_ref(key)


def graph_from_inputs(inputs: Iterable[Any], graph: Any = None) -> Any:
    """Returns the graph that the inputs belong to; the default graph where none belongs to any.

    Raises:
        ValueError: if they belong to different graphs. The body of a function takes in what it
            uses from outside: while one is declared it is the answer.
    """
    found, first = graph, graph
    pending = list(inputs)
    for x in pending:
        cls = x.__class__
        if cls is Tensor:
            owner = x.op.graph
        elif cls is list or cls is tuple:
            pending.extend(x)  # the loop goes on through what is appended
            continue
        elif cls is EagerTensor:  # of no graph
            continue
        else:
            owner = getattr(x, "graph", None)
            if owner is None or not hasattr(owner, "unique_name"):
                continue
        if found is None:
            found, first = owner, x
        elif found is not owner:
            if get_default_graph().building_function:
                return get_default_graph()
            raise ValueError(f"{x} must be from the same graph as {first}.")
    if found is None or (graphs.items and graphs.items[-1].building_function):
        return get_default_graph()
    return found


class name_scope:  # noqa: N801 (TensorFlow's name)
    """A context that puts a scope before the names of new operations.

    Args:
        name: the scope; None: `default_name`; one that ends with "/" is re-entered exactly.
        default_name: the scope where `name` is None.
        values: tensors that the context's operations use: their graph becomes the default.

    Raises:
        TypeError: if `default_name` is not a string.
        ValueError: if `name` and `default_name` are None while `values` are given.
    """

    __slots__ = ("_default_name", "_graph_context", "_graph_scope", "_name", "_values")

    def __init__(
        self, name: str | None, default_name: str | None = None, values: Any = None
    ) -> None:
        if default_name is not None and not isinstance(default_name, str):
            raise TypeError(
                f"`default_name` type ({type(default_name)}) is not a string type. "
                "You likely meant to pass this into the `values` kwarg."
            )
        self._name = default_name if name is None else name
        self._default_name = default_name
        self._values = values
        self._graph_context: Any = None
        self._graph_scope: Any = None

    @property
    def name(self) -> str | None:
        """The name that was asked for."""
        return self._name

    def __enter__(self) -> str:
        if self._name is None and self._values is not None:
            raise ValueError(
                f"At least one of name ({self._name}) and default_name "
                f"({self._default_name}) must be provided."
            )
        graph = get_default_graph() if not self._values else graph_from_inputs(self._values)
        if graph is not get_default_graph():
            self._graph_context = graph
            graphs.items.append(graph)
        self._graph_scope = graph.name_scope(self._name)
        try:
            return self._graph_scope.__enter__()  # type: ignore[no-any-return]  # a str
        except BaseException:
            self._leave_graph()
            raise

    def __exit__(self, *exc: Any) -> None:
        self._graph_scope.__exit__(*exc)
        self._leave_graph()

    def _leave_graph(self) -> None:
        if self._graph_context is not None:
            graphs.leave(self._graph_context)
            self._graph_context = None
