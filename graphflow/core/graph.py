"""Graph: an append-only list of operations with unique names, and what is declared beside them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from graphflow.core import late, lookup, scopes, thread_stacks
from graphflow.core.collections import Collections
from graphflow.core.control import ControlDependencies, as_operations, control_inputs_for
from graphflow.core.device import merge_device
from graphflow.core.dtypes import DType
from graphflow.core.errors import ShapeError, declaration_message
from graphflow.core.names import (
    Names,
    NameScope,
    check_name,
    check_scope,
    name_from_scope_name,
)
from graphflow.core.opdef import OpDef
from graphflow.core.operation import Operation
from graphflow.core.shape import text
from graphflow.core.site import Site, user_site
from graphflow.core.tensor import Tensor

PRODUCER_VERSION = 134
"""The GraphDef version that TensorFlow 1.15 writes."""


class Graph:
    """What the user declared; never a value.

    Holds operations in the order of their declaration, collections, and the scopes that are open
    while the user declares (name, device, control dependencies, colocation).
    """

    seed: int | None = None
    """The graph-level random seed (`tf.set_random_seed`)."""
    building_function = False
    """True of the graph of a function's body."""
    executes = False
    """True of the graph whose operations run as they are called; see core/eager."""

    def __init__(self) -> None:
        self._operations: list[Operation] = []
        self._by_name: dict[str, Operation] = {}
        self._names = Names()
        self._open_names = thread_stacks.Names()
        self._control_stack: list[ControlDependencies] = []
        self._device_stack: list[Callable[[Operation], Any]] = []
        self._colocation_stack: list[Operation] = []
        self._collections = Collections()
        self._gradient_override: dict[str, str] = {}
        self._kernel_labels: dict[str, str] = {}
        self._attr_scope: dict[str, Any] = {}
        self._container = ""
        self._unfeedable: set[Tensor] = set()
        self._unfetchable: set[Operation] = set()
        self._finalized = False
        self._edits = 0
        self._mistyped: dict[tuple[Operation, int], Tensor] = {}
        self._sites: dict[tuple[int, int], Site] = {}
        self._functions: dict[str, Any] = {}
        self._gradient_functions: dict[str, str] = {}
        self._flow: Any = None
        self.producer = PRODUCER_VERSION
        self.uses_devices = False
        """True once an operation was declared under a `device` that has a name."""

    # --- growth ---
    def add(
        self,
        definition: OpDef,
        inputs: Sequence[Tensor],
        attrs: Mapping[str, Any],
        name: str,
        dtypes: Iterable[DType],
    ) -> Operation:
        """Appends an operation whose name and types are settled; infers its output shapes.

        Raises:
            RuntimeError: if the graph is finalized.
            ValueError: if the shape rule finds a mistake; names the ports and the user's line.
        """
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")
        check_name(name)
        op = Operation(self, definition, name, tuple(inputs), attrs, user_site(2, self._sites))
        op.outputs = [Tensor(op, i, dtype) for i, dtype in enumerate(dtypes)]
        self._apply_scopes(op)
        self._infer(op)
        operations, flow = self._operations, self._flow
        operations.append(op)
        op._id = len(operations)
        self._by_name[name] = op
        if flow is not None:
            op._flow = flow
        for t in op.inputs:
            users = t._consumers
            if users is None:
                t._consumers = op
            elif users.__class__ is list:
                if users[-1] is not op:
                    users.append(op)
            elif users is not op:
                t._consumers = [users, op]  # type: ignore[list-item]  # no list, so an operation
            around = t.op._flow
            if around is not None:
                around.check_use(t.op, op)
        if flow is not None:
            self._enter_flow(op)
        return op

    def _enter_flow(self, op: Operation) -> None:
        """Puts a new operation into the branch or loop that is being declared."""
        outer, self._name_stack = self._name_stack, op.name
        try:
            self._flow.add_op(op)
        finally:
            self._name_stack = outer

    def _get_control_flow_context(self) -> Any:
        return self._flow

    def _set_control_flow_context(self, context: Any) -> None:
        self._flow = context

    def _infer(self, op: Operation) -> None:
        rule = op.definition.shape_rule
        if rule is None:
            return
        try:
            for tensor, dims in zip(op.outputs, rule(op), strict=True):
                tensor.dims = dims
        except ShapeError as e:
            ports = [
                (port, t.name, f"{t.dtype.base_dtype.name} {text(t.dims)}")
                for port, t in zip(port_names(op), op.inputs, strict=True)
            ]
            problem = str(e)
            message = declaration_message(op.type, op.name, problem, ports, op.site)
            raise ValueError(message) from None

    def _apply_scopes(self, op: Operation) -> None:
        if self._control_stack:
            input_ops = {t.op for t in op.inputs}
            found = control_inputs_for(self._control_stack, input_ops)
            if found:
                op._add_control_inputs(found)
            for context in self._control_stack:
                context._seen.add(op)
        if self._device_stack:
            for function in reversed(self._device_stack):
                device = function(op)
                op._device = "" if device is None else str(device)  # as a user's function has it
            self.uses_devices = self.uses_devices or bool(op._device)
        if self._colocation_stack or op.definition.signature.has_ref:
            self._colocate(op)
        if self._attr_scope or self._kernel_labels or self._gradient_override:
            self._apply_attr_scopes(op)
        if self._container and op.definition.is_stateful and op.attrs.get("container") == "":
            op.put_attr("container", self._container)

    def _colocate(self, op: Operation) -> None:
        groups: set[bytes] = set()
        for other in (*self._colocation_stack, *ref_inputs(op)):
            groups.update(other.colocation_groups())
            if other._device:
                op._device = other._device
        if groups:
            op.put_attr("_class", sorted(groups))

    def _apply_attr_scopes(self, op: Operation) -> None:
        for key, value in self._attr_scope.items():
            if key not in op.attrs:
                given = value(op.node_def) if callable(value) else value
                if given is not None:
                    op._set_attr(key, given)
        if (label := self._kernel_labels.get(op.type)) is not None:
            op.put_attr("_kernel", label.encode())
        if (other := self._gradient_override.get(op.type)) is not None:
            op.put_attr("_gradient_op_type", other.encode())

    def withdraw(self, since: int, keep: Iterable[Tensor]) -> None:
        """Takes back the operations declared after `since` that no tensor in `keep` needs.

        Only for whoever declared them a moment ago and has shown them to nobody.

        Args:
            since: the graph's `version` before.
            keep: what is used of them.
        """
        operations = self._operations
        used: set[Operation] = set()
        stack = [t.op for t in keep]
        while stack:
            op = stack.pop()
            if op._id > since and op not in used:
                used.add(op)
                stack += [t.op for t in op.inputs]
                stack += op.control_inputs
        used.update(op for op in operations[since:] if op.definition.is_stateful)
        self.remove(since, used)

    def remove(self, since: int, used: set[Operation]) -> None:
        """Takes back the operations declared after `since` but for those in `used`.

        Args:
            since: the graph's `version` before.
            used: the operations that stay; so must all that they need.
        """
        operations = self._operations
        fresh = operations[since:]
        dead = [op for op in fresh if op not in used]
        if not dead:
            return
        for op in reversed(dead):
            del self._by_name[op.name]
            for t in op.inputs:
                t._drop_consumer(op)
        gone = set(dead)
        del operations[since:]
        for op in fresh:
            if op not in gone:
                operations.append(op)
                op._id = len(operations)

    def _changed(self) -> None:
        self._edits += 1

    def _note_type(self, op: Operation, index: int, old: Tensor, new: Tensor) -> None:
        """Keeps in mind that an input was replaced by one of another type, which cannot run."""
        first = self._mistyped.pop((op, index), old)
        if first.dtype.base_dtype != new.dtype.base_dtype:
            self._mistyped[op, index] = first

    @property
    def version(self) -> int:
        """A number that grows with every operation."""
        return len(self._operations)

    @property
    def _last_id(self) -> int:
        return len(self._operations)

    @property
    def _name_stack(self) -> str:
        return self._open_names.stack

    @_name_stack.setter
    def _name_stack(self, scope: str) -> None:
        self._open_names.stack = scope

    def switch_to_thread_local(self) -> None:
        """Gives each thread its own scopes of devices, colocation and control dependencies.

        Without it an open scope also holds for what other threads declare; scopes of names never
        do.
        """
        thread_stacks.separate(self)

    def finalize(self) -> None:
        """Makes the graph read-only."""
        self._finalized = True

    def _unsafe_unfinalize(self) -> None:
        self._finalized = False

    @property
    def finalized(self) -> bool:
        """True if the graph is read-only."""
        return self._finalized

    def check_value(self, tensor: Any) -> None:
        """Checks that operations may take a tensor of eager execution.

        Raises:
            RuntimeError: unless this is the body of a function.
        """
        if not (self.building_function or self.executes):
            raise RuntimeError("Attempting to capture an EagerTensor without building a function.")

    def create_op(
        self,
        op_type: str,
        inputs: Sequence[Any],
        dtypes: Iterable[Any] | None = None,
        input_types: Any = None,
        name: str | None = None,
        attrs: dict[str, Any] | None = None,
        op_def: Any = None,
        compute_shapes: bool = True,
        compute_device: bool = True,
    ) -> Operation:
        """Appends an operation from its parts, as generated code of TensorFlow does.

        Args:
            op_type: the operation type.
            inputs: tensors, list ports flattened.
            dtypes: output types; None: inferred.
            input_types: ignored, kept for old callers.
            name: the node's name; one that ends with "/" is used as it is.
            attrs: AttrValue messages by name.
            op_def: ignored, kept for old callers.
            compute_shapes: ignored: shapes are always inferred.
            compute_device: ignored: devices are always set.
        """
        return late.call("create_op", self, op_type, inputs, name, attrs or {})  # type: ignore[no-any-return]  # late-bound

    # --- look-up ---
    def get_operations(self) -> list[Operation]:
        """The operations in the order of their declaration."""
        return list(self._operations)

    @property
    def operations(self) -> Sequence[Operation]:
        """The operations in the order of their declaration: the live list, do not change it."""
        return self._operations

    def get_operation_by_name(self, name: str) -> Operation:
        """Returns the operation of that name.

        Raises:
            TypeError: if `name` is not a string.
            KeyError: if there is none.
        """
        if not isinstance(name, str):
            raise TypeError(f"Operation names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_tensor=False)  # type: ignore[no-any-return]  # by its arguments

    def get_tensor_by_name(self, name: str) -> Tensor:
        """Returns the tensor of that name ("operation:index").

        Raises:
            TypeError: if `name` is not a string.
            ValueError: if it names an operation.
            KeyError: if there is none.
        """
        if not isinstance(name, str):
            raise TypeError(f"Tensor names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_operation=False)  # type: ignore[no-any-return]  # by its arguments

    def as_graph_element(
        self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True
    ) -> Any:
        """Returns the tensor or operation of this graph that `obj` is or names.

        Raises:
            TypeError: if it can be neither.
            ValueError: if it belongs to another graph, or the name has the wrong form.
            KeyError: if no such name is in the graph.
        """
        return lookup.as_graph_element(self, obj, allow_tensor, allow_operation)

    def _as_graph_element_locked(self, obj: Any, tensor: bool, operation: bool) -> Any:
        return self.as_graph_element(obj, tensor, operation)

    def __contains__(self, op: object) -> bool:
        return isinstance(op, Operation) and op.graph is self

    # --- scopes ---
    def as_default(self) -> contextlib.AbstractContextManager[Graph]:
        """A context in which this is the default graph."""
        return scopes.graphs.entered(self)

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """Returns a free name inside the current name scope.

        Args:
            name: the name that is asked for.
            mark_as_used: whether it counts as used from now on.
        """
        stack = self._open_names.stack
        return self._names.unique(f"{stack}/{name}" if stack else name, mark_as_used)

    def enter_name(self, name: str) -> str:
        """Returns the scope (without slash) that `name` opens: unique, or exact with a "/"."""
        if name.endswith("/"):
            return name_from_scope_name(name)
        stack = self._open_names.stack
        check_scope(name, stack)
        return self._names.unique(f"{stack}/{name}" if stack else name)

    def name_scope(self, name: str | None) -> NameScope:
        """A context that puts `name/` before the names of new operations.

        It gives the scope with its closing slash, or "".

        Args:
            name: the scope; one that ends with "/" is re-entered exactly; None or "": the root.
        """
        return NameScope(self, name)

    def get_name_scope(self) -> str:
        """The current name scope, without a closing slash."""
        return self._name_stack

    def control_dependencies(self, control_inputs: Iterable[Any] | None) -> ControlDependencies:
        """A context whose new operations run after `control_inputs`; None clears the list.

        Raises:
            TypeError: if an item is neither an operation nor a tensor.
        """
        if control_inputs is None:
            return ControlDependencies(self, None)
        return ControlDependencies(self, as_operations(self, control_inputs))

    def _control_dependencies_for_inputs(self, input_ops: Iterable[Operation]) -> list[Operation]:
        return control_inputs_for(self._control_stack, set(input_ops))

    @contextlib.contextmanager
    def device(self, device_name_or_function: Any) -> Iterator[None]:
        """A context that notes a device (a string, a DeviceSpec or a function) on operations."""
        given = device_name_or_function
        old = self._device_stack
        if given is None:
            self._device_stack = []
        elif callable(given):
            self._device_stack = [*old, given]
        else:
            self._device_stack = [*old, merge_device(given)]
        try:
            yield
        finally:
            self._device_stack = old

    @contextlib.contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:
        """A context that notes on new operations that they belong beside `op`."""
        if op is None and not ignore_existing:
            raise ValueError("Trying to reset colocation (op is None) but ignore_existing is False")
        element = getattr(op, "op", op)
        old, old_devices = self._colocation_stack, self._device_stack
        kept = [] if ignore_existing else old
        self._colocation_stack = kept if element is None else [*kept, element]
        self._device_stack = []  # the device comes from the other operation
        try:
            yield
        finally:
            self._colocation_stack, self._device_stack = old, old_devices

    @contextlib.contextmanager
    def gradient_override_map(self, op_type_map: dict[str, str]) -> Iterator[None]:
        """A context in which operation types use the gradients registered under other names."""
        if not isinstance(op_type_map, dict):
            raise TypeError("op_type_map must be a dictionary mapping strings to strings")
        for item in (*op_type_map, *op_type_map.values()):
            if not isinstance(item, str):
                raise TypeError(f"op_type_map must map strings to strings, not {item!r}")
        old = self._gradient_override
        self._gradient_override = {**old, **op_type_map}
        try:
            yield
        finally:
            self._gradient_override = old

    @contextlib.contextmanager
    def _kernel_label_map(self, op_to_kernel_label_map: dict[str, str]) -> Iterator[None]:
        old = self._kernel_labels
        self._kernel_labels = {**old, **op_to_kernel_label_map}
        try:
            yield
        finally:
            self._kernel_labels = old

    @contextlib.contextmanager
    def _attr_scope_map(self, attr_map: dict[str, Any]) -> Iterator[None]:
        old = self._attr_scope
        self._attr_scope = {k: v for k, v in {**old, **attr_map}.items() if v is not None}
        try:
            yield
        finally:
            self._attr_scope = old

    @contextlib.contextmanager
    def container(self, container_name: str) -> Iterator[str]:
        """A context that puts new variables into a named container of the session."""
        old, self._container = self._container, container_name
        try:
            yield container_name
        finally:
            self._container = old

    # --- collections ---
    def add_to_collection(self, name: str, value: Any) -> None:
        """Appends a value to a collection."""
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")
        self._collections.add(name, value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        """Appends a value to several collections, each once."""
        for name in dict.fromkeys((names,) if isinstance(names, str) else names):
            self.add_to_collection(name, value)

    def get_collection(self, name: str, scope: str | None = None) -> list[Any]:
        """Returns a copy of a collection, or of its items whose name starts with `scope`."""
        return self._collections.get(name, scope)

    def get_collection_ref(self, name: str) -> list[Any]:
        """Returns the list behind a collection."""
        return self._collections.live(name)

    def get_all_collection_keys(self) -> list[str]:
        """The names of the collections."""
        return self._collections.keys()

    @property
    def collections(self) -> list[str]:
        """The names of the collections."""
        return self._collections.keys()

    def clear_collection(self, name: str) -> None:
        """Forgets a collection."""
        self._collections.clear(name)

    # --- feeding and fetching ---
    def prevent_feeding(self, tensor: Tensor) -> None:
        """Marks a tensor as one that no run may feed."""
        self._unfeedable.add(tensor)
        self._changed()

    def is_feedable(self, tensor: Tensor) -> bool:
        """True unless `prevent_feeding` named the tensor."""
        return tensor not in self._unfeedable

    def prevent_fetching(self, op: Operation) -> None:
        """Marks an operation as one that no run may fetch."""
        self._unfetchable.add(op)

    def is_fetchable(self, tensor_or_op: Any) -> bool:
        """True unless `prevent_fetching` named the operation."""
        return getattr(tensor_or_op, "op", tensor_or_op) not in self._unfetchable

    # --- files ---
    def as_graph_def(self, from_version: int | None = None, add_shapes: bool = False) -> Any:
        """Returns the graph as a GraphDef message.

        Args:
            from_version: only operations declared after the graph had this version.
            add_shapes: whether each node gets the attribute `_output_shapes`.
        """
        return late.call("graph_def", self, from_version, add_shapes)

    @property
    def graph_def_versions(self) -> Any:
        """The versions of the GraphDef, a VersionDef message."""
        return late.call("versions", self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return late.call("graph_mimebundle", self)  # type: ignore[no-any-return]  # late-bound


def ref_inputs(op: Operation) -> list[Operation]:
    """The operations behind the Ref ports of an operation."""
    if not op.definition.signature.has_ref:
        return []
    marks = [port.is_ref for port, _ in ports_of(op)]
    return [t.op for t, is_ref in zip(op.inputs, marks, strict=True) if is_ref]


def ports_of(op: Operation) -> list[tuple[Any, int | None]]:
    """One (port, index in its list or None) for each input of an operation."""
    found: list[tuple[Any, int | None]] = []
    for port in op.definition.inputs:
        if port.is_list:
            size = op.attrs[port.number] if port.number else len(op.attrs[port.types or ""])
            found += [(port, i) for i in range(size)]
        else:
            found.append((port, None))
    return found


def port_names(op: Operation) -> list[str]:
    """The name of the port of each input; `values[1]` inside a list port."""
    return [p.name if i is None else f"{p.name}[{i}]" for p, i in ports_of(op)]


scopes.use_graph_class(Graph)
