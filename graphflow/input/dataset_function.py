"""Python functions of elements as functions of the graph's library."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import variant
from graphflow.core.graph import Graph
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.formats.function_def import Function
from graphflow.input import structure
from graphflow.ops.defun import _fingerprint
from graphflow.ops.function_calls import add_function
from graphflow.ops.function_graph import FunctionGraph

_numbers: Final = itertools.count()


def _name_of(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", None)
    return str(name) if name else type(function).__name__


class StructuredFunction:
    """A Python function of elements, declared once as a function of the graph.

    Args:
        function: takes an element (a tuple as several arguments), returns one.
        transformation: what it is for, such as "Dataset.map()".
        spec: of the element it takes.
        add: whether the function is put into the graph's library now.
        legacy: whether operations with state run in no order, as in old functions.

    Raises:
        TypeError: if it returns what is no element.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        transformation: str,
        spec: Any,
        add: bool = True,
        legacy: bool = False,
    ) -> None:
        self._transformation = transformation
        self._outer: Any = scopes.get_default_graph()
        self.output_structure: Any = None
        body = self._body = FunctionGraph(self._outer, in_order=not legacy)
        body.seed = self._outer.seed
        prefix = "arg" if legacy else "args_"
        arguments = [
            body.argument(s.dtype, s.shape.raw, f"{prefix}{i}")
            for i, s in enumerate(structure.flat_specs(spec))
        ]
        body.outputs = body.declare(lambda *_: self._results(function, spec, arguments, legacy), ())
        what = transformation.replace(".", "_")[:-2]
        name = f"{what}_{_name_of(function)}_{next(_numbers)}"
        name = name if legacy else f"__inference_{name}"
        self.function = Function(name, body, body.inputs, body.outputs)
        if add:
            self.add_to_graph()

    def _results(
        self, function: Callable[..., Any], spec: Any, arguments: list[Tensor], legacy: bool
    ) -> list[Tensor]:
        element = structure.from_compatible_tensor_list(spec, arguments)
        found = function(*element) if type(element) is tuple else function(element)
        if isinstance(found, list):
            found = tuple(found)
        try:
            self.output_structure = structure.type_spec_from_value(found)
        except (ValueError, TypeError):
            raise TypeError(
                f"Unsupported return value from function passed to {self._transformation}: {found}."
            ) from None
        tensors = [convert(t) for t in structure.to_tensor_list(self.output_structure, found)]
        tensors = [self._body.result(t) for t in tensors]
        return tensors if legacy else [apply("Identity", t) for t in tensors]

    def add_to_graph(self) -> None:
        """Puts the function into the graph's library."""
        add_function(self._outer, self.function)

    @property
    def name(self) -> str:
        """By which operations call it."""
        return self.function.name

    @property
    def captured_inputs(self) -> list[Tensor]:
        """The tensors from outside that operations pass on to it."""
        return list(self._body.captured)

    @property
    def captures_variables(self) -> bool:
        """Whether it takes in the value of a reference variable, or what is made of one."""
        return any(_has_ref(t, set()) for t in self.captured_inputs)


def _has_ref(tensor: Tensor, seen: set[Tensor]) -> bool:
    if tensor in seen or tensor.__class__ is not Tensor:  # one with a value
        return False
    seen.add(tensor)
    return tensor.dtype.is_ref or any(_has_ref(t, seen) for t in tensor.op.inputs)


# --- data sets by value ---
class ByValueGraph(FunctionGraph):
    """A function's body that copies what it uses from outside, with all that it needs.

    Args:
        outer: the graph outside.
        allowed: operations with state that may be copied.
    """

    def __init__(self, outer: Graph, allowed: set[Operation]) -> None:
        super().__init__(outer)
        self._allowed = allowed
        self._copies: dict[Operation, Operation] = {}

    def capture(self, tensor: Tensor, scope: str = "") -> Tensor:
        """Returns the copy of a tensor from outside.

        Raises:
            ValueError: if a placeholder or an operation with state would be copied.
        """
        return self._copied(tensor.op, scope).outputs[tensor.value_index]

    def _copied(self, op: Operation, scope: str) -> Operation:
        found = self._copies.get(op)
        if found is not None:
            return found
        if op.definition.is_stateful and op not in self._allowed:
            raise ValueError(
                f"Cannot capture a stateful node (name:{op.name}, type:{op.type}) by value."
            )
        if op.type in ("Placeholder", "PlaceholderV2"):
            raise ValueError(
                f"Cannot capture a placeholder (name:{op.name}, type:{op.type}) by value."
            )
        inputs = [self._copied(t.op, scope).outputs[t.value_index] for t in op.inputs]
        outer, self._name_stack = self._name_stack, ""
        name = self.enter_name(f"{scope}/{op.name}" if scope else op.name)
        self._name_stack = outer
        dtypes = [t.dtype for t in op.outputs]
        made = self.add(op.definition, inputs, dict(op.attrs), name, dtypes)
        for t, like in zip(made.outputs, op.outputs, strict=True):
            t.dims = like.dims
        made.site = op.site
        if all(t.dtype.base_dtype != variant for t in made.outputs):
            self._copies[op] = made  # a data set is copied for each use, as in TensorFlow
        return made


def dataset_operations(dataset: Tensor) -> set[Operation]:
    """The operations that make a data set and those it is made of."""
    found: set[Operation] = set()
    stack = [dataset.op]
    while stack:
        op = stack.pop()
        if op not in found:
            found.add(op)
            stack += [t.op for t in op.inputs if t.dtype.base_dtype == variant]
    return found


def factory(dataset: Tensor, declare: Callable[[], Tensor]) -> Function:
    """Makes a function of no arguments that makes a data set, and puts it into the library.

    Args:
        dataset: the data set.
        declare: declares what the function returns, in its body.

    Raises:
        ValueError: if the data set takes in a placeholder or something with state.
    """
    outer = scopes.get_default_graph()
    body = ByValueGraph(outer, dataset_operations(dataset))
    result = body.declare(declare, ())
    body.outputs = [body.result(result)]
    made = Function("", body, [], body.outputs)
    made = Function(f"_make_dataset_{_fingerprint(made)}", body, [], body.outputs)
    add_function(outer, made)
    return made
