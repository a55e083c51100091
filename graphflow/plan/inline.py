"""inline: the bodies of functions in the place of their calls.

In: what a run wants and is given. Out: the same of a copy of the operations it needs, in which no
operation calls a function any more. Operations of a body are named `<call>/<operation>`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from graphflow.core import late
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.plan.capture import needed

Asked = tuple[list[Tensor], list[Operation], list[Tensor]]

_GRADIENT: Final = "SymbolicGradient"


class _Scope:
    """One call being copied, or the run itself."""

    def __init__(self, prefix: str, outer: _Scope | None, call: Operation | None) -> None:
        self.prefix, self.outer = prefix, outer
        self.tensors: dict[Tensor, Tensor] = {}
        """The copies of tensors."""
        self.arguments: dict[Tensor, Tensor] = {}
        """What the call passes for the function's arguments: tensors of the scope outside."""
        self.results: dict[Tensor, tuple[Tensor, _Scope]] = {}
        """For the outputs of calls: a tensor of the called body, and its scope."""
        self.stands: dict[Operation, list[Operation]] = {}
        """What an operation has become, for control edges."""
        self.call = call

    def tensor(self, t: Tensor) -> Tensor:
        """The copy that stands for a tensor."""
        scope: Any = self
        while True:
            found = scope.tensors.get(t)
            if found is not None:
                return found  # type: ignore[no-any-return]  # a dict's value
            if t in scope.results:
                t, scope = scope.results[t]
            else:
                t, scope = scope.arguments[t], scope.outer


class _Copier:
    def __init__(self, functions: dict[str, Any], gradients: dict[str, str]) -> None:
        self.functions, self.gradients = functions, gradients
        self.copies: list[tuple[Operation, Operation, _Scope]] = []
        self.derived: dict[str, Any] = {}

    def copy(self, ops: Sequence[Operation], scope: _Scope) -> list[Operation]:
        """Copies operations, and what they call; their inputs are set at the end."""
        made: list[Operation] = []
        for op in ops:
            function = self._called(op)
            if function is not None:
                scope.stands[op] = self._expand(op, function, scope)
                made += scope.stands[op]
                continue
            new = Operation(op.graph, op.definition, scope.prefix + op.name, (), op.attrs, op.site)
            new._flow, new._device = op._flow, op._device
            new.outputs = [Tensor(new, t.value_index, t.dtype, t.dims) for t in op.outputs]
            self.copies.append((op, new, scope))
            new._id = len(self.copies)
            for t, copied in zip(op.outputs, new.outputs, strict=True):
                scope.tensors.setdefault(t, copied)
            scope.stands[op] = [new]
            made.append(new)
        return made

    def _called(self, op: Operation) -> Any:
        """The function that an operation calls, or None."""
        direct = self.functions.get(op.type) or op.graph._functions.get(op.type)
        name = op.attrs.get("f")
        if direct is not None or name is None or op.definition.kernel is not None:
            return direct
        name = name if isinstance(name, str) else name.name
        if op.type == _GRADIENT:
            return self._gradient(name, op)
        return self._function(name, op) if "Call" in op.type else None

    def _function(self, name: str, op: Operation) -> Any:
        found = self.functions.get(name) or op.graph._functions.get(name)
        if found is None:
            raise ValueError(f"Function {name} is not defined (node '{op.name}').")
        return found

    def _gradient(self, name: str, op: Operation) -> Any:
        if name in self.gradients:
            return self._function(self.gradients[name], op)
        if name not in self.derived:
            self.derived[name] = late.call("gradient_function", self._function(name, op))
        return self.derived[name]

    def _expand(self, op: Operation, function: Any, scope: _Scope) -> list[Operation]:
        inner = _Scope(f"{scope.prefix}{op.name}/", scope, op)
        inner.arguments = dict(zip(function.inputs, op.inputs, strict=True))
        for t, result in zip(op.outputs, function.outputs, strict=True):
            scope.results[t] = (result, inner)
        arguments = set(function.inputs)
        acting = [
            x for x in function.graph.operations
            if x.definition.is_stateful and not arguments.intersection(x.outputs)
        ]  # fmt: skip
        wanted = [t for t in function.outputs if t not in arguments]
        body = [x for x in needed(wanted, acting, arguments) if not arguments & set(x.outputs)]
        return self.copy(body, inner)

    def finish(self) -> None:
        """Gives the copies their inputs, and what they wait for."""
        for op, new, scope in self.copies:
            new.inputs = tuple([scope.tensor(t) for t in op.inputs])
            waits = {c: None for old in op.control_inputs for c in scope.stands.get(old, ())}
            call, around = scope.call, scope.outer
            while call is not None and around is not None:  # a body starts when its call does
                waits.update({c: None for o in call.control_inputs for c in around.stands[o]})
                call, around = around.call, around.outer
            new._waits_for = list(waits)


def inlined(
    fetches: Sequence[Tensor], targets: Sequence[Operation], feeds: Sequence[Tensor]
) -> Asked:
    """Runs the pass.

    Args:
        fetches: the tensors whose values are wanted.
        targets: operations to run for their effects.
        feeds: the tensors that are given.

    Returns:
        The same three, of the copies; the arguments themselves where nothing is called.

    Raises:
        ValueError: if a function is not in the library.
    """
    asked = list(fetches), list(targets), list(feeds)
    asked_for: list[Any] = [*fetches, *targets]
    graph = next((x.graph for x in asked_for), None)
    if graph is None or not graph._functions:
        return asked
    fed = set(feeds)
    copier = _Copier(graph._functions, graph._gradient_functions)
    ops = needed(fetches, targets, fed)
    if all(copier._called(op) is None for op in ops):
        return asked
    top = _Scope("", None, None)
    top.tensors = {t: t for t in feeds}
    copier.copy(ops, top)
    copier.finish()
    return (
        [top.tensor(t) for t in fetches],
        [new for op in targets for new in top.stands[op]],
        list(feeds),
    )
