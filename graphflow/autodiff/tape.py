"""GradientTape: gradients of what was declared inside a `with`, by what was watched.

A tape records nothing: it remembers which operations of the graph were declared while it was on,
and what it watches. `gradient` is `tf.gradients` along those operations alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graphflow.autodiff.eager_tape import EagerRecord, as_gradient
from graphflow.autodiff.reverse import UnconnectedGradients, gradients
from graphflow.core import nest, scopes
from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.graph import Graph
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.ops.asserts import assert_equal
from graphflow.ops.concat import concat
from graphflow.ops.fill import zeros
from graphflow.ops.flow_while import while_loop
from graphflow.ops.reshape import reshape
from graphflow.ops.resource_variables import is_resource_variable
from graphflow.ops.shape_ops import shape, size
from graphflow.ops.stack import stack
from graphflow.ops.tensor_array import TensorArray
from graphflow.ops.transpose import transpose

_OFF = ": the tape was never on"


def _variables_by_handle(graph: Graph) -> dict[Tensor, Any]:
    """The resource variables in the graph's collections."""
    found: dict[Tensor, Any] = {}
    for key in graph._collections.keys():  # noqa: SIM118  not a dict
        for item in graph._collections.get(key):
            if is_resource_variable(item):
                found[item.handle] = item
    return found


class _Span:
    """A stretch of a graph's operations, open as long as `end` is None."""

    __slots__ = ("end", "graph", "start")

    def __init__(self, graph: Graph) -> None:
        self.graph, self.start = graph, graph.version
        self.end: int | None = None

    def holds(self, op: Operation) -> bool:
        end = op._id if self.end is None else self.end
        return op.graph is self.graph and self.start < op._id <= end

    def operations(self) -> Sequence[Operation]:
        return self.graph.operations[self.start : self.end]


class _Record:
    """What one tape has seen.

    Args:
        watches_variables: whether trainable resource variables are watched when they are read.
    """

    def __init__(self, watches_variables: bool) -> None:
        self.watches_variables = watches_variables
        self.spans: list[_Span] = []
        self.watched: dict[Tensor, int] = {}
        """How many operations the graph had when each tensor or handle was first watched."""
        self.named: dict[Tensor, Any] = {}
        """The variables among what is watched, by their handles."""

    def watch(self, tensor: Tensor) -> None:
        self.watched.setdefault(tensor, tensor.graph.version)

    def start(self) -> None:
        self.spans.append(_Span(scopes.get_default_graph()))

    def stop(self) -> None:
        self.spans[-1].end = self.spans[-1].graph.version

    def operations(self) -> Iterator[Operation]:
        for span in self.spans:
            yield from span.operations()

    def variables(self) -> list[Any]:
        """The watched variables: those given, and the trainable ones that were read."""
        found = dict(self.named)
        if self.watches_variables:
            known: dict[Graph, dict[Tensor, Any]] = {}
            for op in self.operations():
                if op.graph not in known:
                    known[op.graph] = _variables_by_handle(op.graph)
                for t in op.inputs:
                    variable = known[op.graph].get(t)
                    if variable is not None and variable.trainable:
                        found[t] = variable
        return list(found.values())

    def recorded(self) -> tuple[set[Tensor], set[Operation]]:
        """The tensors that gradients flow to, and the operations they flow through."""
        from_when = {**{v.handle: 0 for v in self.variables()}, **self.watched}
        tensors = set(from_when)
        operations: set[Operation] = set()
        pending = [op for t, when in from_when.items() for op in t.consumers() if op._id > when]
        while pending:
            op = pending.pop()
            if op not in operations and any(span.holds(op) for span in self.spans):
                operations.add(op)
                tensors.update(op.outputs)
                pending += [user for t in op.outputs for user in t.consumers()]
        return tensors, operations


def _unrecorded(sources: Sequence[Tensor], recorded: set[Operation]) -> list[Tensor]:
    """What depends on the sources through operations that were declared off the tape."""
    stops: list[Tensor] = []
    pending, seen = [op for x in sources for op in x.consumers()], set[Operation]()
    while pending:
        op = pending.pop()
        if op in seen:
            continue
        seen.add(op)
        if op in recorded:
            pending += [user for t in op.outputs for user in t.consumers()]
        else:
            stops += op.outputs
    return stops


@export("GradientTape", "contrib.eager.GradientTape")
class GradientTape:
    """Differentiates what is declared while it is on, by what it watches.

    Trainable resource variables are watched when they are read.

    Args:
        persistent: whether `gradient` may be called more than once.
        watch_accessed_variables: False: watch nothing that `watch` is not called for.
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._tape: _Record | EagerRecord | None = None
        self._persistent = persistent
        self._watch_accessed_variables = watch_accessed_variables
        self._recording = False

    def __enter__(self) -> GradientTape:
        self._push_tape()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._recording:
            self._pop_tape()

    def _push_tape(self) -> None:
        if self._recording:
            raise ValueError("Tape is already recording.")
        if self._tape is None:
            eager = scopes.get_default_graph().executes
            self._tape = (EagerRecord if eager else _Record)(self._watch_accessed_variables)
        self._tape.start()
        self._recording = True

    def _pop_tape(self) -> None:
        if not self._recording or self._tape is None:
            raise ValueError("Tape is not recording.")
        self._tape.stop()
        self._recording = False

    @contextlib.contextmanager
    def _on(self) -> Iterator[None]:
        self._push_tape()
        try:
            yield
        finally:
            self._pop_tape()

    def watch(self, tensor: Any) -> None:
        """Watches tensors or variables: gradients flow to them from now on.

        Args:
            tensor: one of them, or a nested structure.

        Raises:
            ValueError: for anything else.
            AttributeError: if the tape was never on.
        """
        if self._tape is None:
            raise AttributeError(f"'NoneType' object has no attribute '_tape'{_OFF}")
        for item in nest.flatten(tensor):
            if is_resource_variable(item):
                self._tape.named[item.handle] = item
                self._tape.watch(item.handle)
            elif isinstance(item, Tensor):
                self._tape.watch(item)
            elif hasattr(item, "_as_graph_element"):  # a variable without a resource
                self._tape.watch(convert(item, as_ref=True))
            else:
                raise ValueError(f"Passed in object of type {type(item)}, not tf.Tensor")

    @contextlib.contextmanager
    def stop_recording(self) -> Iterator[None]:
        """A context in which the tape is off.

        Raises:
            RuntimeError: if it was never on.
        """
        if self._tape is None:
            raise RuntimeError("Trying to stop recording a tape which is not recording.")
        self._pop_tape()
        try:
            yield
        finally:
            self._push_tape()

    def reset(self) -> None:
        """Forgets all, and starts anew."""
        self._pop_tape()
        self._tape = None
        self._push_tape()

    def watched_variables(self) -> tuple[Any, ...]:
        """Returns the watched variables, in the order in which they were first read.

        Raises:
            AttributeError: if the tape was never on.
        """
        if self._tape is None:
            raise AttributeError(f"'NoneType' object has no attribute 'watched_variables'{_OFF}")
        return tuple(self._tape.variables())

    # --- gradients ---
    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """Returns the derivative of the sum of the targets by each source.

        Args:
            target: a tensor, or a nested structure of tensors.
            sources: tensors or variables in any structure.
            output_gradients: the gradient that arrives at each target; None: ones.
            unconnected_gradients: what stands for a source that no target depends on.

        Returns:
            The structure of `sources`, with a gradient or None for each.

        Raises:
            RuntimeError: at the second call, if the tape is not persistent.
        """
        if self._tape is None:
            raise RuntimeError(
                "GradientTape.gradient can only be called once on non-persistent tapes."
            )
        if self._recording and not self._persistent:
            self._pop_tape()
        found = self._gradient(
            nest.flatten(target), nest.flatten(sources), output_gradients, unconnected_gradients
        )
        if not self._persistent:
            self._tape = None
        return nest.pack_sequence_as(sources, found)

    def _gradient(
        self, targets: list[Any], sources: list[Any], arrived: Any, unconnected: Any
    ) -> list[Any]:
        xs = [x.handle if is_resource_variable(x) else convert(x, as_ref=True) for x in sources]
        if isinstance(self._tape, EagerRecord):
            results = self._eager_gradient(self._tape, targets, xs, arrived)
        else:
            results = self._graph_gradient(targets, xs, arrived)
        if _is_zero(unconnected):
            return [
                apply("ZerosLike", convert(x)) if g is None else g
                for x, g in zip(sources, results, strict=True)
            ]
        return results

    def _eager_gradient(
        self, tape: EagerRecord, targets: list[Any], xs: list[Any], arrived: Any
    ) -> list[Any]:
        ys = [y.handle if is_resource_variable(y) else convert(y) for y in targets]
        dys = [as_gradient(y) for y in nest.flatten(arrived)] if arrived is not None else []
        return tape.gradients(ys, xs, dys or [None] * len(ys))

    def _graph_gradient(self, targets: list[Any], xs: list[Any], arrived: Any) -> list[Any]:
        ys = [self._value(y) for y in targets]
        assert isinstance(self._tape, _Record)
        tensors, operations = self._tape.recorded()
        asked = [x for x in xs if x in tensors]
        given = [None if y is None else convert(y) for y in nest.flatten(arrived)]
        found: list[Any] = [None] * len(asked)
        if asked:
            stops = _unrecorded(asked, operations)
            grad_ys = None if arrived is None else given
            found = gradients(ys, asked, grad_ys, stop_gradients=stops)
        by_tensor = dict(zip(asked, found, strict=True))
        return [by_tensor.get(x) for x in xs]

    def _value(self, target: Any) -> Tensor:
        if is_resource_variable(target) and not self._recording:
            with self._on():
                found: Tensor = convert(target)
                return found
        found = convert(target)
        return found

    def jacobian(
        self,
        target: Tensor,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Returns the derivative of each element of a target by each source.

        Args:
            target: a tensor.
            sources: tensors or variables in any structure.
            unconnected_gradients: what stands for a source that the target does not depend on.
            parallel_iterations: how many steps of the loop may run at once.
            experimental_use_pfor: accepted: the elements are always taken in a loop.

        Returns:
            The structure of `sources`, with tensors of shape target.shape + source.shape.

        Raises:
            RuntimeError: if the tape was used up.
        """
        flat = nest.flatten(sources)
        if isinstance(self._tape, EagerRecord):
            self._check_persistent(experimental_use_pfor, "the jacobian")
            rows = self._eager_rows(target, _units(target), flat, unconnected_gradients)
            parts = [
                None if x is None else reshape(x, [*(target.dims or ()), *x.dims[1:]]) for x in rows
            ]
            return nest.pack_sequence_as(sources, parts)
        whole = shape(target)
        with self._on():
            row = reshape(target, [-1])

        def one(i: Tensor) -> list[Any]:
            with self._on():
                y = row[i]
            return self._kept(y, flat, unconnected_gradients)

        count = row.dims[0] if row.dims else None
        n = shape(row)[0] if count is None else count
        stacked = _for_each(one, n, flat, parallel_iterations)
        found = [
            None if x is None else reshape(x, concat([whole, shape(x)[1:]], axis=0))
            for x in stacked
        ]
        self._used()
        return nest.pack_sequence_as(sources, found)

    def batch_jacobian(
        self,
        target: Tensor,
        source: Tensor,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Tensor:
        """Returns the derivatives of each example's target by its own source.

        Args:
            target: [b, ...].
            source: [b, ...]; target `i` depends on source `i` alone.
            unconnected_gradients: what stands for a source that the target does not depend on.
            parallel_iterations: how many steps of the loop may run at once.
            experimental_use_pfor: accepted: the elements are always taken in a loop.

        Returns:
            A tensor [b, target's other axes, source's other axes].

        Raises:
            ValueError: if the first axes differ.
            RuntimeError: if the tape was used up.
        """
        _check_batches(target, source)
        if isinstance(self._tape, EagerRecord):
            self._check_persistent(experimental_use_pfor, "the batch jacobian")
            return self._eager_batch(target, source, unconnected_gradients)
        whole, source_shape = shape(target), shape(source)
        rows = whole[0]
        width = size(target) // rows
        with (
            self._on(),
            scopes.graph_from_inputs([target]).control_dependencies(
                [assert_equal(rows, source_shape[0])]
            ),
        ):
            matrix = reshape(target, [rows, width])

        def one(i: Tensor) -> list[Any]:
            with self._on():
                y = matrix[:, i]
            return self._kept(y, [source], unconnected_gradients)

        static = target.shape.num_elements()
        known = None if static is None or not target.shape[0].value else static
        n = width if known is None else known // int(target.shape[0])
        (found,) = _for_each(one, n, [source], parallel_iterations)
        self._used()
        wanted = concat([whole, source_shape[1:]], axis=0)
        if found is None:
            return zeros(wanted)
        turned = transpose(reshape(found, [width, rows, -1]), [1, 0, 2])
        return reshape(turned, wanted)

    # --- jacobians in eager execution ---
    def _check_persistent(self, at_once: bool, what: str) -> None:
        if not at_once and not self._persistent:
            raise RuntimeError(
                f"GradientTape must be created with persistent=True to compute {what} with eager "
                "execution enabled and with  experimental_use_pfor set to False."
            )

    def _eager_rows(
        self, target: Any, directions: Any, sources: list[Any], unconnected: Any
    ) -> list[Any]:
        """For each source its gradients, one for each direction of the target, stacked."""
        if self._recording:
            self._pop_tape()
        rows = [self._gradient([target], sources, [d], unconnected) for d in directions]
        self._used()
        if not rows:
            return [zeros([0, *x.shape.as_list()], x.dtype) for x in sources]
        columns = [list(column) for column in zip(*rows, strict=True)]
        return [None if c[0] is None else stack([convert(x) for x in c]) for c in columns]

    def _eager_batch(self, target: Any, source: Any, unconnected: Any) -> Tensor:
        batch, width = target.dims[0], int(np.prod(target.dims[1:]))
        directions = []
        for i in range(width):
            direction = np.zeros((batch, width), target.dtype.as_numpy_dtype)
            direction[:, i] = 1
            directions.append(convert(direction.reshape(target.dims)))
        (found,) = self._eager_rows(target, directions, [source], unconnected)
        wanted = [*target.dims, *source.dims[1:]]
        if found is None:
            return zeros(wanted)
        axes = [1, 0, *range(2, len(source.dims) + 1)]
        result: Tensor = reshape(transpose(found, axes), wanted)
        return result

    def _kept(self, y: Tensor, sources: list[Any], unconnected: Any) -> list[Any]:
        """Gradients of one element; the tape goes on."""
        return self._gradient([y], sources, None, unconnected)

    def _used(self) -> None:
        if not self._persistent:
            self._tape = None


def _units(target: Any) -> Iterator[Tensor]:
    """For each element of a target the gradient that asks for its derivative alone."""
    for i in range(int(np.prod(target.dims))):
        direction = np.zeros(target.dims, target.dtype.as_numpy_dtype)
        direction.reshape(-1)[i] = 1
        yield convert(direction)


def _is_zero(unconnected: Any) -> bool:
    try:
        return UnconnectedGradients(unconnected) is UnconnectedGradients.ZERO
    except ValueError:
        raise ValueError(f"Unknown value for unconnected_gradients: {unconnected!r}") from None


def _check_batches(target: Tensor, source: Tensor) -> None:
    for x in (target, source):
        x.shape.with_rank_at_least(2)
    firsts = [x.dims[0] for x in (target, source) if x.dims]
    known = {d for d in firsts if d is not None}
    if len(known) > 1:
        raise ValueError(
            f"Need first dimension of target shape ({target.shape}) and source shape "
            f"({source.shape}) to match."
        )


def _for_each(body: Any, n: Any, sources: list[Any], parallel: int | None) -> list[Any]:
    """Stacks what `body(i)` returns for each i below n; None where it returns None."""
    missing: list[bool] = []

    def step(i: Tensor, *arrays: TensorArray) -> list[Any]:
        values = body(i)
        missing[:] = [x is None for x in values]
        written = [
            array if x is None else array.write(i, convert(x))
            for array, x in zip(arrays, values, strict=True)
        ]
        return [i + 1, *written]

    arrays = [TensorArray(x.dtype.base_dtype, n, element_shape=x.shape) for x in sources]
    _, *filled = while_loop(
        lambda i, *_: i < n,
        step,
        [convert(np.int32(0)), *arrays],
        parallel_iterations=parallel or 10,
    )
    return [None if gone else x.stack() for x, gone in zip(filled, missing, strict=True)]
