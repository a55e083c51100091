"""Names of tensorflow.python.framework.ops and its neighbours that nothing else here needs."""

from __future__ import annotations

import itertools
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.operation import Operation
from graphflow.core.seeds import DEFAULT_GRAPH_SEED as DEFAULT_GRAPH_SEED
from graphflow.core.tensor import Tensor

_numbers: Final = itertools.count()


class _DefaultGraphStack:
    """The stack of default graphs as TensorFlow's tests see it."""

    @property
    def stack(self) -> list[Any]:
        """The graphs, the innermost last."""
        return list(scopes.graphs.items)

    def reset(self) -> None:
        """Empties the stack."""
        scopes.graphs.items.clear()

    def is_cleared(self) -> bool:
        """Returns whether only the global graph is left."""
        return not scopes.graphs.items


_default_graph_stack: Final = _DefaultGraphStack()


def executing_eagerly_outside_functions() -> bool:
    """Returns False."""
    return False


def inside_function() -> bool:
    """Returns whether operations are declared in the body of a function."""
    return bool(scopes.get_default_graph().building_function)


def uid() -> int:
    """Returns a number that no other call in this process returns."""
    return next(_numbers)


def name_from_scope_name(name: str) -> str:
    """Returns a scope's name without the slash at its end."""
    return name[:-1] if name and name[-1] == "/" else name


def strip_name_scope(name: str, export_scope: str | None) -> str:
    """Returns a name without the scope in front of it."""
    from graphflow.formats.meta_graph_collections import strip_scope

    return str(strip_scope(name, export_scope)) if export_scope else name


def prepend_name_scope(name: str, import_scope: str | None) -> str:
    """Returns a name with a scope in front of it."""
    from graphflow.formats.meta_graph_collections import prepend_scope

    return str(prepend_scope(name, import_scope)) if import_scope else name


def internal_convert_to_tensor(
    value: Any,
    dtype: Any = None,
    name: str | None = None,
    as_ref: bool = False,
    preferred_dtype: Any = None,
    ctx: Any = None,
    accepted_result_types: Any = None,
) -> Tensor:
    """Converts a value to a tensor, a reference to a variable where that is wanted.

    Args:
        value: what is converted.
        dtype: the type wanted.
        name: the node's name.
        as_ref: whether a variable gives its reference.
        preferred_dtype: the type where `value` leaves it open.
        ctx: ignored.
        accepted_result_types: ignored.
    """
    made: Tensor = convert(value, dtype, name, preferred=preferred_dtype, as_ref=as_ref)
    return made


def is_dense_tensor_like(t: Any) -> bool:
    """Returns whether an object is a tensor, or converts to one as a variable does."""
    return isinstance(t, Tensor) or hasattr(t, "_as_graph_element")


def get_name_scope() -> str:
    """Returns the current scope of names of the default graph."""
    return str(scopes.get_default_graph().get_name_scope())


def dismantle_graph(graph: Any) -> None:
    """Does nothing: Python frees a graph that nobody uses."""


def get_from_proto_function(collection_name: str) -> Any:
    """Returns the function that reads an item of a collection from its message, or None."""
    from graphflow.formats.meta_graph_collections import _registration

    found = _registration(collection_name)
    return None if found is None else found.from_proto


def get_gradient_function(op: Operation) -> Any:
    """Returns the function that differentiates an operation.

    Raises:
        LookupError: if none is registered.
    """
    from graphflow.autodiff.registry import get_gradient_function as found

    return found(op)


def ignored(*args: Any, **kwargs: Any) -> None:
    """Does nothing."""
