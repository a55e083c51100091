"""Functions with gradients of their own: custom_gradient, recompute_grad, grad_pass_through."""

from __future__ import annotations

import functools
import inspect
import itertools
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from graphflow.autodiff.eager_tape import record_operation
from graphflow.autodiff.registry import RegisterGradient, get_gradient_function
from graphflow.autodiff.tape import GradientTape
from graphflow.core import nest, scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.identity import identity_n
from graphflow.ops.resource_variables import is_resource_variable
from graphflow.ops.variable_scope import get_variable_scope

_log = logging.getLogger("graphflow")
_numbers: Final = itertools.count()
_VARIABLES: Final = ("VariableV2", "VarHandleOp")


@export("custom_gradient", "contrib.eager.custom_gradient")
def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a function that says itself how it is differentiated.

    Args:
        f: `f(*x)` returns (result, grad_fn): a tensor or a structure of them, and
            `grad_fn(*dy)`, which returns a gradient for each x. A function that uses variables has
            a `grad_fn(*dy, variables=None)` that returns (a gradient for each x, a list with a
            gradient for each variable).

    Returns:
        A function of x that returns the result.

    Note:
        A second derivative is that of what `grad_fn` declares.
    """

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        if scopes.get_default_graph().executes:
            return _call(f, args, kwargs)
        if kwargs:
            raise ValueError(
                "The custom_gradient decorator currently supports keywords arguments only when "
                "eager execution is enabled."
            )
        return _declare(f, [convert(x) for x in args])

    return decorated


def _declare(f: Callable[..., Any], args: list[Tensor]) -> Any:
    """Calls `f` once, and puts an IdentityN with its gradient behind the result."""
    before = _scope_variables()
    with GradientTape() as tape:
        result, grad_fn = f(*args)
    _check_new(before)
    read = [v for v in tape.watched_variables() if not any(v is x for x in args)]
    used = _dependent_variables(args, result)
    variables = [*used, *[v for v in read if not any(v is u for u in used)]]
    _check_signature(grad_fn, variables)
    results = nest.flatten(result)
    name = f"CustomGradient-{next(_numbers)}"

    @RegisterGradient(name)
    def rule(op: Operation, *dys: Any) -> list[Any]:
        return _gradients(grad_fn, dys[: len(results)], len(results), variables)

    with scopes.get_default_graph().gradient_override_map({"IdentityN": name}):
        tensors = identity_n([*results, *args, *variables])
    for x in variables:
        convert(x)  # TensorFlow reads them once more for its tape; later names count on it
    return nest.pack_sequence_as(result, tensors[: len(results)])


def _call(f: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Calls `f` in eager execution, and tells the tapes how it is differentiated."""
    with GradientTape() as tape:
        result, grad_fn = f(*args, **kwargs)
    given = [*args, *kwargs.values()]
    variables = [v for v in tape.watched_variables() if not any(v is x for x in given)]
    _check_signature(grad_fn, variables)
    results = [apply("Identity", convert(x)) for x in nest.flatten(result)]
    flat = nest.flatten([*args, *kwargs.values()])
    inputs = [x.handle if is_resource_variable(x) else convert(x) for x in [*flat, *variables]]

    def backward(*dys: Any) -> list[Any]:
        return _gradients(grad_fn, dys, 0, variables)

    record_operation(getattr(f, "__name__", "f"), results, inputs, backward)
    return nest.pack_sequence_as(result, results)


def _gradients(
    grad_fn: Callable[..., Any], dys: Sequence[Any], n: int, variables: list[Any]
) -> list[Any]:
    """A gradient for each input of the IdentityN: the results', the arguments', the variables'."""
    if not variables:
        return [*[None] * n, *nest.flatten(grad_fn(*dys))]
    dxs, dvs = grad_fn(*dys, variables=variables)
    if len(dvs) != len(variables):
        raise ValueError("Must return gradient for each variable from @custom_gradient grad_fn.")
    return [*[None] * n, *nest.flatten(dxs), *dvs]


# --- variables ---
def _scope_variables() -> list[Any]:
    scope = get_variable_scope()
    return [*scope.global_variables(), *scope.local_variables()]


def _check_new(before: list[Any]) -> None:
    for v in _scope_variables():
        if not any(v is x for x in before) and not is_resource_variable(v):
            raise TypeError(
                "All variables used by a function wrapped with @custom_gradient must be "
                "`ResourceVariable`s. Ensure that no `variable_scope` is created with "
                "`use_resource=False`."
            )


def _dependent_variables(args: list[Tensor], result: Any) -> list[Any]:
    """The trainable variables between the arguments and the result, in the order of the graph."""
    ends = nest.map_structure(lambda x: apply("Identity", x), result)
    stops, seen = set(args), set[Operation]()
    pending = [t.op for end in nest.flatten(ends) for t in end.op.inputs if t not in stops]
    while pending:
        op = pending.pop()
        if op not in seen and _differentiable(op):
            seen.add(op)
            pending += [t.op for t in op.inputs if t not in stops]
    names = [op.name for op in sorted(seen, key=lambda op: op._id) if op.type in _VARIABLES]
    return [v for v in map(_variable_of_name, names) if v is not None]


def _differentiable(op: Operation) -> bool:
    if op.type in _VARIABLES:
        return True
    try:
        return get_gradient_function(op) is not None
    except LookupError:
        return False


def _variable_of_name(name: str) -> Any:
    """The trainable global variable of a name; None where it is not trainable.

    Raises:
        ValueError: if there is none, or more than one.
    """
    graph = scopes.get_default_graph()
    found = [v for v in graph.get_collection("variables") if v.name.startswith(f"{name}:0")]
    if not found:
        raise ValueError(f"Unsuccessful at finding variable {name}.")
    found = [v for v in found if v.trainable]
    if len(found) > 1:
        raise ValueError(
            f"Unsuccessful at finding trainable variable {name}. Number of candidates: "
            f"{len(found)}. Candidates: {found}"
        )
    return found[0] if found else None


def _check_signature(grad_fn: Callable[..., Any], variables: list[Any]) -> None:
    spec = inspect.getfullargspec(grad_fn)
    takes = "variables" in (*spec.args, *spec.kwonlyargs) or spec.varkw is not None
    if variables and not takes:
        raise TypeError(
            "If using @custom_gradient with a function that uses variables, then grad_fn must "
            "accept a keyword argument 'variables'."
        )
    if takes and not variables:
        if not get_variable_scope().use_resource:
            raise TypeError(
                "If using @custom_gradient with a function that uses variables, the enclosing "
                "variable scope must have use_resource=True."
            )
        _log.warning(
            "@custom_gradient grad_fn has 'variables' in signature, but no ResourceVariables were "
            "used on the forward pass."
        )


# --- functions made with it ---
@export("recompute_grad")
def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a function that is declared once more for its gradient.

    In TensorFlow that saves the memory of what lies in between. Here equal operations run once,
    so it costs nothing and saves nothing.

    Args:
        f: `f(*x)` returns a tensor.

    Returns:
        A function of x that returns the same.
    """

    @custom_gradient
    def inner(*args: Any, **kwargs: Any) -> Any:
        result = f(*args, **kwargs)

        def grad(dresult: Any, variables: Any = None) -> Any:
            more = [] if variables is None else list(variables)
            with GradientTape() as tape:
                tape.watch(args)
                tape.watch(more)
                with scopes.control_dependencies([dresult]):
                    again = f(*args, **kwargs)
            found = tape.gradient(again, [*args, *more], output_gradients=[dresult])
            return found[: len(args)], found[len(args) :]

        return result, grad

    return inner


@export("grad_pass_through")
def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a function whose gradient is passed on as it arrives; variables get none.

    Args:
        f: a function of one tensor or more that returns as many of the same shapes.

    Returns:
        A function of the same arguments.
    """

    @functools.wraps(f)
    @custom_gradient
    def passed(*args: Any, **kwargs: Any) -> Any:
        def grad(*dys: Any, **options: Any) -> Any:
            variables = options.get("variables")
            return dys if variables is None else (dys, [None] * len(variables))

        return f(*args, **kwargs), grad

    return passed
