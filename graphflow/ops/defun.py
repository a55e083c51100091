"""Defun: Python functions as functions of the graph, called by operations of their names."""

from __future__ import annotations

import base64
import hashlib
import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import declare
from graphflow.core.dtypes import DType, as_dtype
from graphflow.core.export import export
from graphflow.core.graph import Graph
from graphflow.core.opdef import OpDef
from graphflow.formats.function_def import Function, function_def
from graphflow.ops.function_calls import add_function, definition_of, outputs_of
from graphflow.ops.function_graph import FunctionGraph


def _fingerprint(function: Function) -> str:
    """Eleven letters that depend on the body alone."""
    data = function_def(function).SerializeToString(deterministic=True)
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    return re.sub(r"[+/=]", "0", digest)[:11]


class DefinedFunction:
    """A function of the graph: call it to declare an operation that calls it.

    Args:
        func: the Python function that declares the body.
        names: of its arguments.
        types: of its arguments.
        func_name: the function's name; None: made of that of `func` and the body.
        grad_func: a DefinedFunction of the arguments and the gradients of the results.
        python_grad_func: a function of the call and the gradients of its results.
        out_names: accepted, has no effect.
        shape_func: a function of the call that returns the shapes of its results.
        options: further attributes, such as `noinline`; they have no effect.
    """

    def __init__(
        self,
        func: Callable[..., Any],
        names: Sequence[str],
        types: Sequence[Any],
        func_name: str | None = None,
        grad_func: Any = None,
        python_grad_func: Callable[..., Any] | None = None,
        out_names: Sequence[str] | None = None,
        shape_func: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        self._func = func
        self._types = [as_dtype(t) for t in types]
        more = [f"arg{i}" for i in range(len(names), len(self._types))]
        self._names = [*names[: len(self._types)], *more]
        self._func_name = func_name
        self._grad_func = grad_func
        self._python_grad_func = python_grad_func
        self._shape_func = shape_func
        self._function: Function | None = None
        self._definition: OpDef | None = None
        self._body: FunctionGraph | None = None
        self.options = options

    # --- what it is ---
    @property
    def name(self) -> str:
        """The name of the function, and of the operations that call it."""
        return self._made().name

    @property
    def definition(self) -> Any:
        """The function as a FunctionDef message."""
        return function_def(self._made())

    @property
    def captured_inputs(self) -> list[Any]:
        """The tensors from outside that calls pass on, behind the arguments."""
        self._made()
        assert self._body is not None
        return list(self._body.captured)

    @property
    def stateful_ops(self) -> list[tuple[str, str]]:
        """Names and types of the body's operations with state."""
        operations = self._made().graph.operations
        return [(op.name, op.type) for op in operations if op.definition.is_stateful]

    @property
    def declared_input_types(self) -> list[DType]:
        """The types of the arguments."""
        return list(self._types)

    @property
    def grad_func_name(self) -> str | None:
        """The name of the function that is the gradient, if one was given."""
        return None if self._grad_func is None else self._grad_func.name

    @property
    def python_grad_func(self) -> Callable[..., Any] | None:
        """The Python function that declares the gradient, if one was given."""
        return self._python_grad_func

    # --- declaring it ---
    def _made(self) -> Function:
        if self._function is None:
            self._function = self._declare()
            self._definition = definition_of(self._function)
            if self._python_grad_func is not None:
                self._definition.differentiable = self._python_grad_func
        return self._function

    def _declare(self) -> Function:
        body = self._body = FunctionGraph(scopes.get_default_graph())
        arguments = [
            body.argument(dtype, None, name)
            for dtype, name in zip(self._types, self._names, strict=True)
        ]
        found = body.declare(self._func, arguments)
        results = [] if found is None else found if isinstance(found, list | tuple) else [found]
        if any(x is None for x in results):
            raise ValueError("Function can not return None.")
        body.outputs = [body.result(x) for x in results]
        function = Function(self._func_name or "", body, body.inputs, body.outputs)
        return Function(self._name_of(function), body, body.inputs, body.outputs)

    def _name_of(self, function: Function) -> str:
        if self._func_name is not None:
            return self._func_name
        base = re.sub(r"\W", "", getattr(self._func, "__name__", type(self._func).__name__))
        if self._grad_func is not None:
            base += f"_{self._grad_func.name}"
        return f"{base}_{_fingerprint(function)}"

    def add_to_graph(self, graph: Graph) -> None:
        """Puts the function into a graph's library."""
        function = self._made()
        if self._grad_func is not None:
            self._grad_func.add_to_graph(graph)
        add_function(graph, function, self.grad_func_name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Declares a call.

        Args:
            *args: the arguments.
            **kwargs: name: the node's name. Others have no effect.

        Returns:
            A tensor, a tuple of tensors, or the operation where the function returns nothing.

        Raises:
            ValueError: if the number of arguments is another one.
        """
        self.add_to_graph(scopes.get_default_graph())
        if len(args) != len(self._types):
            raise ValueError(
                f"Expected number of arguments: {len(self._types)}, received: {len(args)}"
            )
        inputs = [*[convert(x) for x in args], *self.captured_inputs]
        assert self._definition is not None
        op = declare(self._definition, inputs, kwargs.pop("name", None), {})
        if self._shape_func is not None:
            shapes = self._shape_func(op)
            if len(shapes) != len(op.outputs):
                raise ValueError(
                    f"shape_func produced {len(shapes)} shapes for {len(op.outputs)} outputs"
                )
            for tensor, shape in zip(op.outputs, shapes, strict=True):
                tensor.set_shape(shape)
        return outputs_of(op)


class OverloadedFunction:
    """A function without types: each combination that it is called with gets one of its own."""

    def __init__(self, func: Callable[..., Any], names: Sequence[str], **options: Any) -> None:
        self._func = func
        self._names = names
        self._options = options
        self._made: dict[tuple[DType, ...], DefinedFunction] = {}

    def instantiate(self, input_types: Sequence[Any]) -> DefinedFunction:
        """Returns the function for these types of arguments."""
        key = tuple([as_dtype(t) for t in input_types])
        if key not in self._made:
            options = dict(self._options)
            name, grad = options.pop("func_name", None), options.pop("grad_func", None)
            if name is not None:
                name = "_".join([name, *[t.name for t in key]])
            made = DefinedFunction(self._func, self._names, key, func_name=name, **options)
            if grad is not None:
                results = [t.dtype.base_dtype for t in made._made().outputs]
                grad = grad.instantiate([*key, *results])
                options = {**options, "grad_func": grad}
                made = DefinedFunction(self._func, self._names, key, func_name=name, **options)
            self._made[key] = made
        return self._made[key]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Declares a call; see `DefinedFunction.__call__`."""
        inputs = [convert(x) for x in args]
        return self.instantiate([x.dtype.base_dtype for x in inputs])(*inputs, **kwargs)


@export("contrib.framework.Defun")
class Defun:
    """Decorates a Python function, which becomes a function of the graph.

    Its body is declared once, at the first call; each call is one operation. A tensor from
    outside becomes one more argument.

    Args:
        *input_types: the types of the arguments; none: those that it is called with.
        **kwargs: func_name: the function's name; grad_func: a Defun that is its gradient;
            python_grad_func: a Python function that declares its gradient; out_names;
            shape_func: tells the shapes of the results of a call; others have no effect.
    """

    def __init__(self, *input_types: Any, **kwargs: Any) -> None:
        self._input_types = input_types
        self._options = kwargs

    def __call__(self, func: Callable[..., Any]) -> Any:
        """Makes the function.

        Raises:
            ValueError: if `func` cannot be called, has defaults or keyword arguments, or takes
                another number of arguments than there are types.
        """
        if not callable(func):
            raise ValueError(f"function {func} must be callable")
        spec = inspect.getfullargspec(func)
        if spec.varkw or spec.defaults or spec.kwonlyargs:
            raise ValueError(
                "function with argument defaults or keywords arguments are not supported. "
                f"{func} has defaults {spec.defaults} and keywords {spec.varkw}."
            )
        names = spec.args[1:] if inspect.ismethod(func) else spec.args
        least, most = len(names), 1_000_000 if spec.varargs else len(names)
        if self._input_types:
            if not least <= len(self._input_types) <= most:
                raise ValueError(
                    "The function has fewer arguments than the number of specified input types."
                )
            return DefinedFunction(func, names, self._input_types, **self._options)
        if most == 0:
            return DefinedFunction(func, [], [], **self._options)
        return OverloadedFunction(func, names, **self._options)
