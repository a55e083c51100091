"""Functions that differentiate Python functions in eager execution: tf.contrib.eager's."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from graphflow.autodiff.tape import GradientTape
from graphflow.core import nest
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.export import export


def _checked(function: Callable[..., Any], found: Any) -> Any:
    if found is None:
        raise ValueError(
            "Cannot differentiate a function that returns None; did you forget to return a "
            f"value from {function.__name__}?"
        )
    return found


@export("contrib.eager.implicit_value_and_gradients")
def implicit_val_and_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that returns what `f` does, and its gradients by the variables it reads.

    Args:
        f: returns a tensor, or several: then the sum of all is differentiated.

    Returns:
        A function of the arguments of `f`, which returns (value, [(gradient, variable), ...]),
        the trainable variables in the order in which they were made. It raises ValueError if `f`
        returns None or reads no trainable variable.
    """

    def grad_fn(*args: Any, **kwds: Any) -> tuple[Any, list[tuple[Any, Any]]]:
        with GradientTape() as tape:
            value = _checked(f, f(*args, **kwds))
        variables = tape.watched_variables()
        if not variables:
            raise ValueError(
                "No trainable variables were accessed while the function was being computed."
            )
        found = tape.gradient(value, list(variables))
        return value, list(zip(found, variables, strict=True))

    return grad_fn


@export("contrib.eager.implicit_gradients")
def implicit_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that returns the gradients of `f` by the variables it reads.

    Args:
        f: as for `implicit_value_and_gradients`.

    Returns:
        A function of the arguments of `f`, which returns [(gradient, variable), ...].
    """

    def grad_fn(*args: Any, **kwds: Any) -> list[tuple[Any, Any]]:
        pairs: list[tuple[Any, Any]] = implicit_val_and_grad(f)(*args, **kwds)[1]
        return pairs

    return grad_fn


def _positions(f: Callable[..., Any], params: Any, args: Sequence[Any]) -> Sequence[int]:
    """The places of the arguments that `f` is differentiated by."""
    try:
        names = inspect.getfullargspec(f).args
    except TypeError as e:
        if params is None:
            return range(len(args))
        if all(isinstance(x, int) for x in params):
            return list(params)
        raise ValueError(
            "Either callable provided is not a function or could not inspect its arguments by "
            f"name: {f}. Original error: {e}"
        ) from None
    if params is None:
        return range(len(names) if names else len(args))
    if all(isinstance(x, str) for x in params):
        return [names.index(n) for n in params]
    if all(isinstance(x, int) for x in params):
        return list(params)
    raise ValueError(f"params must be all strings or all integers; got {params}.")


def make_vjp(
    f: Callable[..., Any], params: Any = None, persistent: bool = True
) -> Callable[..., Any]:
    """Returns a function that returns what `f` does, and the function of its gradients.

    Args:
        f: the function.
        params: names or places of the arguments; None: all.
        persistent: whether the second function may be called more than once.

    Returns:
        A function of the arguments of `f`, which returns (value, vjp); `vjp(dy=None)` returns a
        gradient for each argument asked for.
    """

    def decorated(*args: Any, **kwds: Any) -> Any:
        if kwds:
            raise AssertionError("The gradient function can't take keyword arguments.")
        places = _positions(f, params, args)
        given = [convert(x) if i in places else x for i, x in enumerate(args)]
        seen: set[int] = set()
        for i in places:
            if id(given[i]) in seen:  # each argument counts on its own
                given[i] = apply("Identity", given[i])
            seen.add(id(given[i]))
        sources = [given[i] for i in places]
        with GradientTape(persistent=persistent) as tape:
            tape.watch(sources)
            value = nest.map_structure(convert, _checked(f, f(*given)))

        def vjp(dy: Any = None) -> Any:
            return tape.gradient(value, sources, dy)

        return value, vjp

    return decorated


@export("contrib.eager.value_and_gradients_function")
def val_and_grad_function(f: Callable[..., Any], params: Any = None) -> Callable[..., Any]:
    """Returns a function that returns what `f` does, and its gradients by its arguments.

    Args:
        f: returns a tensor, or several: then the sum of all is differentiated.
        params: names or places of the arguments; None: all.

    Returns:
        A function of the arguments of `f` and of `dy` (the gradient that arrives at the result),
        which returns (value, [gradient, ...]). It raises ValueError for other keywords, and where
        `params` are neither names nor places.
    """

    def decorated(*args: Any, **kwds: Any) -> tuple[Any, list[Any]]:
        dy = kwds.pop("dy", None)
        if kwds:
            raise ValueError("Functions to be differentiated cannot receive keyword arguments.")
        value, vjp = make_vjp(f, params)(*args)
        return value, vjp(dy=dy)

    return decorated


@export("contrib.eager.gradients_function")
def gradients_function(f: Callable[..., Any], params: Any = None) -> Callable[..., Any]:
    """Returns a function that returns the gradients of `f` by its arguments.

    Args:
        f: as for `value_and_gradients_function`.
        params: likewise.

    Returns:
        A function of the arguments of `f`, which returns [gradient, ...].
    """

    def decorated(*args: Any, **kwds: Any) -> list[Any]:
        found: list[Any] = val_and_grad_function(f, params)(*args, **kwds)[1]
        return found

    return decorated
