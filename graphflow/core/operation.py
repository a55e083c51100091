"""Operation: one node of a graph, its inputs, attributes and outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphflow.core import late
from graphflow.core.constant import partial_value, settled_value
from graphflow.core.dtypes import DType
from graphflow.core.site import Site
from graphflow.core.tensor import Tensor

if TYPE_CHECKING:
    import numpy as np

    from graphflow.core.graph import Graph
    from graphflow.core.opdef import OpDef


class Operation:
    """One node of a graph: it takes tensors and makes tensors.

    Operations are made by functions such as `tf.matmul`, never directly.
    """

    __slots__ = (
        "__dict__", "__weakref__", "_constant", "_control_outputs", "_device", "_id", "_waits_for",
        "attrs", "definition", "graph", "inputs", "name", "outputs", "site",
    )  # fmt: skip

    _file_controls: Sequence[Operation] = ()
    """Control inputs that only a graph file has: what TensorFlow would leave to a race."""
    _flow: Any = None
    """The branch or loop that the operation was declared in; see ops/flow_context."""

    def __init__(
        self,
        graph: Graph,
        definition: OpDef,
        name: str,
        inputs: tuple[Tensor, ...],
        attrs: Mapping[str, Any],
        site: Site | None,
    ) -> None:
        self.graph = graph
        self.definition = definition
        self.name = name
        self.inputs = inputs
        self.attrs: Mapping[str, Any] = attrs
        """Attribute values inside the package: DTypes, shape tuples, strings, arrays, numbers.

        Operations may share them: see `put_attr`."""
        self.site = site
        """The user's line that declared the operation."""
        self.outputs: list[Tensor] = []
        self._waits_for: list[Operation] | None = None
        self._control_outputs: list[Operation] | None = None
        self._device = ""
        self._id = 0
        self._constant: Any = None

    # --- what shape rules ask ---
    def constant(self, index: int) -> np.ndarray[Any, Any] | None:
        """The value of an input where it is known before any run, else None."""
        return settled_value(self.inputs[index])

    def partial(self, index: int) -> Any:
        """An integer input as far as it is known: a list of int or None; None: not at all."""
        return partial_value(self.inputs[index])

    # --- what users ask ---
    @property
    def type(self) -> str:
        """The name of the operation type, such as "MatMul"."""
        return self.definition.name

    @property
    def device(self) -> str:
        """The device the user asked for; empty for none."""
        return self._device

    def _set_device(self, device: Any) -> None:
        self._device = str(getattr(device, "to_string", lambda: device)())

    @property
    def op_def(self) -> Any:
        """The OpDef message of the operation type."""
        return late.call("op_def", self.definition)

    @property
    def node_def(self) -> Any:
        """The operation as a NodeDef message."""
        return late.call("node_def", self)

    @property
    def _node_def(self) -> Any:
        return self.node_def

    @property
    def traceback(self) -> list[tuple[str, int, str, str]]:
        """The user's line as a list with one (file, line, function, text)."""
        s = self.site
        return [] if s is None else [(s.filename, s.line, s.function, s.text)]

    @property
    def traceback_with_start_lines(self) -> list[tuple[str, int, str, str, int]]:
        """As `traceback`, with the line on which the function begins."""
        s = self.site
        return [] if s is None else [(*self.traceback[0], s.first_line)]

    @property
    def control_inputs(self) -> list[Operation]:
        """The operations that run before this one although it takes nothing from them."""
        return self._waits_for or []

    @property
    def _control_inputs(self) -> list[Operation]:
        return self.control_inputs

    @property
    def _inputs(self) -> tuple[Tensor, ...]:
        return self.inputs

    @property
    def _outputs(self) -> list[Tensor]:
        return self.outputs

    @property
    def _output_types(self) -> list[int]:
        return [t.dtype.as_datatype_enum for t in self.outputs]

    @property
    def _input_types(self) -> list[DType]:
        return [t.dtype for t in self.inputs]

    @property
    def _is_stateful(self) -> bool:
        return self.definition.is_stateful

    def values(self) -> tuple[Tensor, ...]:
        """The outputs as a tuple."""
        return tuple(self.outputs)

    def get_attr(self, name: str) -> Any:
        """Returns an attribute as TensorFlow does: bytes for a string, a DType for a type.

        Raises:
            ValueError: if the operation has no such attribute.
        """
        if name not in self.attrs:
            raise ValueError(f"Operation '{self.name}' has no attr named '{name}'.")
        return late.call("public_attr", self, name)

    def _set_attr(self, name: str, value: Any) -> None:
        self.put_attr(name, late.call("attr_from_proto", value))

    def put_attr(self, name: str, value: Any) -> None:
        """Sets an attribute to a value as the package keeps it, of this operation alone."""
        self.attrs = {**self.attrs, name: value}

    def colocation_groups(self) -> list[bytes]:
        """The names of the groups this operation is placed with."""
        own = [b"loc:@" + self.name.encode()]
        given = self.attrs.get("_class")
        return own if not given else [c for c in given if c.startswith(b"loc:@")] or own

    def _add_control_input(self, op: Operation) -> None:
        self._add_control_inputs([op])

    def _add_control_inputs(self, ops: Iterable[Operation]) -> None:
        if self._waits_for is None:
            self._waits_for = []
        for op in ops:
            if op not in self._waits_for:
                self._waits_for.append(op)
                if op._control_outputs is None:
                    op._control_outputs = []
                op._control_outputs.append(self)
        self.graph._changed()

    def _remove_all_control_inputs(self) -> None:
        for op in self.control_inputs:
            if op._control_outputs is not None:
                op._control_outputs.remove(self)
        self._waits_for = None
        self.graph._changed()

    def _update_input(self, index: int, tensor: Tensor) -> None:
        if tensor.graph is not self.graph:
            raise ValueError(f"{tensor} must be from the same graph as {self.name!r}.")
        old = self.inputs[index]
        self.graph._note_type(self, index, old, tensor)
        self.inputs = (*self.inputs[:index], tensor, *self.inputs[index + 1 :])
        if old not in self.inputs:
            old._drop_consumer(self)
        tensor._add_consumer(self)
        self.graph._changed()

    def _get_control_flow_context(self) -> Any:
        return self._flow

    def _set_control_flow_context(self, context: Any) -> None:
        self._flow = context

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Runs the operation, and what it needs, in a session.

        Args:
            feed_dict: as `Session.run` takes it.
            session: the session; None: the default one.

        Raises:
            ValueError: if there is no default session, or it has another graph.
        """
        late.call("run_operation", self, feed_dict, session)

    def __repr__(self) -> str:
        return f"<tf.Operation {self.name!r} type={self.type}>"

    def __str__(self) -> str:
        return str(self.node_def)

    def __copy__(self) -> Operation:
        return self
