"""tf.function: Python functions whose calls are one operation of the graph.

A function is declared once for each kind of arguments. Python's own `if` and `while` decide while
it is declared: there is no rewriting of source code, so tensors decide with `tf.cond` and
`tf.while_loop`.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import re
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from graphflow.core import nest, scopes
from graphflow.core.convert import convert
from graphflow.core.declare import declare
from graphflow.core.export import export
from graphflow.core.graph import Graph
from graphflow.core.operation import Operation
from graphflow.core.shape import as_shape
from graphflow.core.tensor import Tensor
from graphflow.formats.function_def import Function as LibraryFunction
from graphflow.ops.function_calls import (
    PARTITIONED_CALL,
    STATEFUL_PARTITIONED_CALL,
    add_function,
)
from graphflow.ops.function_graph import FunctionGraph

_numbers: Final = itertools.count()


def _is_tensor(x: Any) -> bool:
    return isinstance(x, Tensor | np.ndarray)


class ConcreteFunction:
    """A function declared for one kind of arguments.

    Args:
        name: of the Python function.
        function: the Python function.
        args: the arguments of the call, tensors among them.
        kwargs: its keyword arguments.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> None:
        outer = scopes.get_default_graph()
        self.graph = body = FunctionGraph(outer, in_order=True)
        body.seed = outer.seed
        self.name = f"__inference_{name}_{next(_numbers)}"
        flat = nest.flatten([list(args), kwargs])
        labels = iter(_labels(function, args, kwargs))
        inner = [
            body.argument(x.dtype.base_dtype, x.dims, next(labels)) if isinstance(x, Tensor) else x
            for x in flat
        ]
        own_args, own_kwargs = nest.pack_sequence_as([list(args), kwargs], inner)
        found = body.declare(functools.partial(function, *own_args, **own_kwargs), ())
        self.structured_outputs = nest.map_structure(
            lambda x: None if x is None or isinstance(x, Operation) else body.result(x), found
        )
        body.outputs = [x for x in nest.flatten(self.structured_outputs) if x is not None]
        self.function = LibraryFunction(self.name, body, body.inputs, body.outputs)

    @property
    def inputs(self) -> list[Tensor]:
        """The arguments inside, and what stands for tensors from outside."""
        return list(self.graph.inputs)

    @property
    def outputs(self) -> list[Tensor]:
        """The results inside."""
        return list(self.graph.outputs)

    @property
    def captured_inputs(self) -> list[Tensor]:
        """The tensors from outside that calls pass on."""
        return list(self.graph.captured)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Declares a call with these tensors, and returns what the function returns."""
        given = [convert(x) for x in nest.flatten([list(args), kwargs]) if _is_tensor(x)]
        return self.called(given)

    def called(self, tensors: Sequence[Tensor]) -> Any:
        """Declares a call."""
        add_function(scopes.get_default_graph(), self.function)
        stateful = any(op.definition.is_stateful for op in self.graph.operations)
        definition = STATEFUL_PARTITIONED_CALL if stateful else PARTITIONED_CALL
        types = [t.dtype.base_dtype for t in self.graph.outputs]
        inputs = [*tensors, *self.captured_inputs]
        op = declare(definition, [inputs], None, {"Tout": types, "f": self.name})
        for tensor, like in zip(op.outputs, self.graph.outputs, strict=True):
            tensor.dims = like.dims
        if not op.outputs:
            return op
        results = iter(op.outputs)
        flat = [x if x is None else next(results) for x in nest.flatten(self.structured_outputs)]
        return nest.pack_sequence_as(self.structured_outputs, flat)


def _labels(function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> list[str]:
    """A name for each tensor among the arguments: that of its parameter."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    found = []
    for i, value in enumerate(args):
        label = names[i] if i < len(names) else f"args_{i}"
        found += [label for x in nest.flatten(value) if isinstance(x, Tensor)]
    for key in sorted(kwargs):
        found += [key for x in nest.flatten(kwargs[key]) if isinstance(x, Tensor)]
    return found


class Function:
    """A Python function whose calls are operations of the graph; see `tf.function`."""

    def __init__(
        self,
        python_function: Callable[..., Any],
        input_signature: Any = None,
        made: weakref.WeakKeyDictionary[Graph, dict[Any, ConcreteFunction]] | None = None,
    ) -> None:
        self._python_function = python_function
        self._input_signature = input_signature
        base = getattr(python_function, "__name__", type(python_function).__name__)
        self._name = re.sub(r"\W", "", base) or "function"
        self._made = weakref.WeakKeyDictionary() if made is None else made
        functools.update_wrapper(self, python_function, updated=())

    @property
    def python_function(self) -> Callable[..., Any]:
        """The Python function."""
        return self._python_function

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is None:
            return self
        bound = functools.partial(self._python_function, instance)
        functools.update_wrapper(bound, self._python_function)
        per_instance = instance.__dict__.setdefault("_graphflow_functions", {})
        if self not in per_instance:
            per_instance[self] = Function(bound, self._input_signature)
        return per_instance[self]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Declares a call, after the function itself where these arguments are new."""
        args, kwargs = self._converted(args, kwargs)
        concrete = self._concrete(args, kwargs)
        tensors = [x for x in nest.flatten([list(args), kwargs]) if isinstance(x, Tensor)]
        return concrete.called(tensors)

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """Declares the function for these arguments, or returns it as it was declared before.

        Args:
            *args: values, or specifications with a shape and a dtype.
            **kwargs: likewise.
        """
        if not args and not kwargs and self._input_signature is not None:
            args = tuple(self._input_signature)
        stand_in = Graph()
        with stand_in.as_default():
            given = nest.map_structure(_specimen, [list(args), kwargs])
        return self._concrete(tuple(given[0]), given[1])

    def _converted(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        if self._input_signature is not None:
            if kwargs or len(args) != len(self._input_signature):
                raise ValueError(
                    "Structure of Python function inputs does not match input_signature."
                )
            return tuple(
                [_fitting(x, s) for x, s in zip(args, self._input_signature, strict=True)]
            ), {}

        def as_tensor(x: Any) -> Any:
            return convert(x) if isinstance(x, np.ndarray) else x

        found = nest.map_structure(as_tensor, [list(args), kwargs])
        return tuple(found[0]), found[1]

    def _concrete(self, args: Any, kwargs: Any) -> ConcreteFunction:
        made = self._made.setdefault(scopes.get_default_graph(), {})
        key = self._key(args, kwargs)
        if key not in made:
            if self._input_signature is not None:
                with Graph().as_default():
                    args = tuple([_specimen(s) for s in self._input_signature])
            made[key] = ConcreteFunction(self._name, self._python_function, args, kwargs)
        return made[key]

    def _key(self, args: Any, kwargs: Any) -> Any:
        if self._input_signature is not None:
            return None
        leaves = nest.flatten([list(args), kwargs])
        shape = nest.map_structure(lambda _: 0, [list(args), kwargs])
        return repr(shape), tuple([_kind(x) for x in leaves])


def _kind(x: Any) -> Any:
    """What a function is declared anew for: types and shapes of tensors, other values."""
    if isinstance(x, Tensor):
        return "tensor", x.dtype.base_dtype, x.dims
    try:
        hash(x)
    except TypeError:
        return "object", id(x)
    return type(x), x


def _specimen(x: Any) -> Any:
    """A tensor of a specification's shape and type; other values as they are."""
    if isinstance(x, Tensor):
        return x
    if isinstance(x, np.ndarray):
        return convert(x)
    if hasattr(x, "shape") and hasattr(x, "dtype") and not hasattr(x, "_as_graph_element"):
        body = FunctionGraph(scopes.get_default_graph())
        return body.argument(x.dtype, as_shape(x.shape).raw, "specimen")
    return x


def _fitting(x: Any, spec: Any) -> Tensor:
    tensor: Tensor = convert(x, spec.dtype)
    if not as_shape(spec.shape).is_compatible_with(tensor.shape):
        raise ValueError(
            "Python inputs incompatible with input_signature: "
            f"inputs: ({tensor}), input_signature: ({spec})"
        )
    return tensor


@export("function")
def function(
    func: Callable[..., Any] | None = None,
    input_signature: Any = None,
    autograph: bool = True,
    experimental_autograph_options: Any = None,
    experimental_relax_shapes: bool = False,
    experimental_compile: bool | None = None,
) -> Any:
    """Makes a Python function a function of the graph: each call is one operation.

    Args:
        func: the function; None: returns a decorator.
        input_signature: a `tf.TensorSpec` for each argument: it is declared once, for these.
        autograph: accepted: Python's `if` and `while` always decide while the function is declared.
        experimental_autograph_options: has no effect.
        experimental_relax_shapes: has no effect.
        experimental_compile: has no effect.

    Returns:
        A `Function`. Operations with state inside run in the order of their declaration.
    """

    def made(f: Callable[..., Any]) -> Function:
        return Function(f, input_signature)

    return made if func is None else made(func)


@export("contrib.eager.defun", "contrib.eager.function")
def defun(
    func: Callable[..., Any] | None = None,
    input_signature: Any = None,
    autograph: bool = True,
    experimental_autograph_options: Any = None,
    experimental_relax_shapes: bool = False,
) -> Any:
    """Makes a Python function a function of the graph; see `tf.function`.

    Args:
        func: the function; None: returns a decorator.
        input_signature: a `tf.TensorSpec` for each argument.
        autograph: has no effect.
        experimental_autograph_options: has no effect.
        experimental_relax_shapes: has no effect.
    """
    return function(func, input_signature)
