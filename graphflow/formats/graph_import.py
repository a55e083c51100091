"""tf.import_graph_def: the nodes of a GraphDef as operations of the default graph.

A message is checked as a whole before the graph grows; a mistake that only shows while it grows
(types that do not fit, contradicting shapes) leaves the graph as it was.
"""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.declare import output_dtypes, port_length
from graphflow.core.dtypes import short_name
from graphflow.core.errors import NotFoundError
from graphflow.core.export import export
from graphflow.core.graph import PRODUCER_VERSION, Graph
from graphflow.core.late import provide
from graphflow.core.opdef import REGISTRY, OpDef
from graphflow.core.operation import Operation
from graphflow.core.shape import merge
from graphflow.core.tensor import Tensor
from graphflow.formats import proto
from graphflow.formats.attr_value import (
    AttrError,
    decode_attr,
    decode_shape,
    decode_untyped,
    encode_attr,
)
from graphflow.formats.graph_import_input import Input, Mapping, Returns, parse_input

# Attributes that later versions added, and that only steer how a kernel computes.
_HINTS: Final = frozenset(
    {"grad_a", "grad_b", "grad_x", "grad_y", "allowed_devices", "debug_name", "metadata"}
)
_MAX_UNNAMED: Final = 1 << 10
"""Outputs that a message may have beyond those that its bytes suffice to name."""
_ZERO: Final = (b"", 0, 0.0, False)
_TELLS_SHAPES: Final = 22
"""The version from which on a placeholder's shape [] means a scalar; before, an unknown shape."""


# --- attributes ---
def decode_attrs(
    definition: OpDef, given: Any, name: str, *, newer: bool = False, producer: Any = None
) -> dict[str, Any]:
    """Returns the attributes of a node as the package keeps them, defaults filled in.

    Args:
        definition: the operation type.
        given: AttrValue messages by name.
        name: the node's name, for messages.
        newer: whether a later TensorFlow made the node: what it added is left out where it is a
            default or a hint.
        producer: that version's OpDef of the type, which knows its defaults, or None.

    Raises:
        ValueError: if an attribute is missing, unknown, of another kind or not allowed.
    """
    found: dict[str, Any] = {}
    where = f"; NodeDef: {{{{node {name}}}}}; Op<name={definition.name}>"
    for key, attr in definition.attrs.items():
        message = given.get(key)
        if message is None or message.WhichOneof("value") is None:
            if not attr.has_default:
                raise ValueError(
                    f"NodeDef missing attr '{key}' from Op<name={definition.name}>; "
                    f"NodeDef: {{{{node {name}}}}}"
                )
            found[key] = attr.default
            continue
        try:
            found[key] = decode_attr(attr.kind, message)
        except AttrError as e:
            raise ValueError(f"{e}\n\t for attr '{key}'\n\t{where}") from None
        _check_allowed(attr, found[key], where)
    for key in given:
        if key in definition.attrs:
            continue
        if key.startswith("_"):
            found[key] = decode_untyped(given[key])
        elif not _may_go(key, given[key], newer, producer):
            raise ValueError(
                f"NodeDef mentions attr '{key}' not in Op<name={definition.name}>; "
                f"NodeDef: {{{{node {name}}}}}. (Check whether your GraphDef-interpreting binary "
                "is up to date with your GraphDef-generating binary.)."
            )
    return found


def _check_allowed(attr: Any, value: Any, where: str) -> None:
    if attr.allowed is None:
        return
    for item in value if attr.kind.startswith("list(") else (value,):
        if item not in attr.allowed:
            shown = getattr(item, "name", item)
            allowed = ", ".join(str(getattr(a, "name", a)) for a in attr.allowed)
            raise ValueError(
                f"Value for attr '{attr.name}' of {shown} is not in the list of allowed values: "
                f"{allowed}\n\t{where}"
            )


def _may_go(key: str, message: Any, newer: bool, producer: Any) -> bool:
    """Whether an attribute that the operation type does not know says nothing of importance."""
    for attr in producer.attr if producer is not None else ():
        if attr.name == key and attr.HasField("default_value"):
            return bool(message == attr.default_value) or (newer and key in _HINTS)
    if not newer:
        return False
    field = message.WhichOneof("value")
    if key in _HINTS or field is None:
        return True
    if field == "list":
        return not message.list.ListFields()
    return field in ("s", "i", "f", "b") and getattr(message, field) in _ZERO


# --- single operations ---
@provide("create_op")
def create_op(
    graph: Graph, op_type: str, inputs: Sequence[Any], name: str | None, attrs: Any
) -> Operation:
    """Appends an operation from its parts; see `Graph.create_op`."""
    definition = definition_of(op_type)
    node = graph.enter_name(name or op_type)
    tensors = [graph.as_graph_element(x, allow_operation=False) for x in inputs]
    settled = decode_attrs(definition, {**_inferred(definition, tensors), **attrs}, node)
    check_inputs(definition, settled, tensors, node)
    return graph.add(definition, tensors, settled, node, output_dtypes(definition, settled))


def _inferred(definition: OpDef, tensors: Sequence[Tensor]) -> dict[str, Any]:
    """The attributes that an operation's inputs say, as AttrValue messages by name."""
    found: dict[str, Any] = {}
    at = 0
    for i, port in enumerate(definition.inputs):
        left = definition.inputs[i + 1 :]
        # With two lists in a row the inputs alone do not say where the first one ends.
        n = 1 if not port.is_list else max(len(tensors) - at - len(left), 0)
        group = tensors[at : at + n]
        at += n
        if port.number is not None:
            found[port.number] = encode_attr("int", n)
        if port.types is not None:
            found[port.types] = encode_attr("list(type)", [t.dtype.base_dtype for t in group])
        if port.var is not None and group:
            found[port.var] = encode_attr("type", group[0].dtype.base_dtype)
    return found


def definition_of(op_type: str) -> OpDef:
    """Returns the operation type of that name.

    Raises:
        ValueError: if the name is empty.
        NotFoundError: if there is none.
    """
    if not op_type:
        raise ValueError("A node does not specify an operation")
    found = REGISTRY.get(op_type)
    if found is None:
        raise NotFoundError(
            None,
            None,
            f"Op type not registered '{op_type}' in graphflow, which knows the operations of "
            "TensorFlow 1.15 that run on one CPU.",
        )
    return found


def check_inputs(
    definition: OpDef, attrs: dict[str, Any], tensors: Sequence[Tensor], name: str
) -> None:
    """Raises ValueError unless an operation can take these tensors."""
    wanted: list[tuple[Any, bool]] = []
    for port in definition.inputs:
        n = port_length(port, attrs) if port.is_list else 1
        if n > len(tensors):  # said before a list of that length is made
            raise ValueError(
                f"NodeDef expected {n} inputs '{port.name}' do not match {len(tensors)} inputs "
                f"specified; Op<name={definition.name}>; NodeDef: {{{{node {name}}}}}"
            )
        if port.types is not None:
            wanted += [(d, port.is_ref) for d in attrs[port.types]]
        else:
            dtype = attrs[port.var or ""] if port.dtype is None else port.dtype
            wanted += [(dtype, port.is_ref)] * n
    if len(wanted) != len(tensors):
        expected = ", ".join(short_name(d) for d, _ in wanted)
        raise ValueError(
            f"NodeDef expected inputs '{expected}' do not match {len(tensors)} inputs specified; "
            f"Op<name={definition.name}>; NodeDef: {{{{node {name}}}}}"
        )
    for i, (tensor, (dtype, is_ref)) in enumerate(zip(tensors, wanted, strict=True)):
        found = tensor.dtype
        if found._base is not dtype._base or (is_ref and not found.is_ref):
            expected = f"{short_name(dtype)}_ref" if is_ref else short_name(dtype)
            raise ValueError(
                f"Input {i} of node {name} was passed {short_name(found)} from {tensor.name} "
                f"incompatible with expected {expected}."
            )


# --- whole graphs ---
@export("import_graph_def", "graph_util.import_graph_def")
def import_graph_def(
    graph_def: Any,
    input_map: dict[Any, Any] | None = None,
    return_elements: Iterable[Any] | None = None,
    name: str | None = None,
    op_dict: Any = None,
    producer_op_list: Any = None,
) -> list[Any] | None:
    """Adds the nodes of a GraphDef to the default graph.

    Args:
        graph_def: the GraphDef message.
        input_map: tensors by the name that `graph_def` has for them ("x", "x:0"; "^x" for an
            operation to wait for): they take the place of what the name stands for.
        return_elements: names of operations ("x") and tensors ("x:0") of `graph_def`.
        name: a scope for the names; None: "import"; "": none.
        op_dict: ignored, kept for old callers.
        producer_op_list: an OpList of whoever made the graph: attributes unknown here that have
            their default there are left out.

    Returns:
        What `return_elements` names, in the new graph; None if it is None.

    Raises:
        TypeError: if an argument has the wrong type.
        ValueError: if the message contradicts itself, or a name is not in it.
        NotFoundError: if it has an operation type that is not known.
    """
    message = _checked_graph_def(graph_def)
    mapping = Mapping.checked(input_map)
    returns = Returns.checked(return_elements)
    graph = scopes.get_default_graph()
    with scopes.name_scope(name, "import", list(mapping.values())) as scope:
        mapping.convert(name)
    importer = _Importer(graph, message, scope.rstrip("/"), mapping, producer_op_list)
    importer.read()
    returns.check(importer.by_name, mapping)
    made = importer.run()
    unused = mapping.unused(importer.by_name)
    if unused:
        raise ValueError(
            f"Attempted to map inputs that were not found in graph_def: [{', '.join(unused)}]"
        )
    return returns.gather(made, mapping)


def _checked_graph_def(message: Any) -> Any:
    if isinstance(message, proto.GraphDef):
        return message
    descriptor = getattr(message, "DESCRIPTOR", None)
    if getattr(descriptor, "full_name", "") != proto.GraphDef.DESCRIPTOR.full_name:
        raise TypeError("graph_def must be a GraphDef proto.")
    return proto.GraphDef.FromString(message.SerializeToString())  # TensorFlow's own class


class _Importer:
    """One import."""

    def __init__(
        self, graph: Graph, message: Any, prefix: str, mapping: Mapping, producer_op_list: Any
    ) -> None:
        self.graph = graph
        self.message = message
        self.prefix = prefix
        self.mapping = mapping
        self.newer = message.versions.producer > PRODUCER_VERSION
        self.old = message.versions.producer < _TELLS_SHAPES
        ops = producer_op_list.op if producer_op_list is not None else ()
        self.producers = {op.name: op for op in ops}
        self.by_name: dict[str, Any] = {}
        self.new_names: dict[str, str] = {}
        self.inputs: dict[str, list[Input]] = {}
        self.made: dict[str, Operation] = {}
        self.late: list[tuple[Operation, int, Input]] = []

    def read(self) -> None:
        """Reads the names and inputs of all nodes."""
        self._check_versions()
        self._read_nodes()

    def run(self) -> dict[str, Operation]:
        """Adds the nodes and returns the operations by their names in the message."""
        order = self._order()
        if self.message.library.function:
            from graphflow.formats.graph_import_function import import_library

            import_library(self.message.library, self.graph)
        attrs = {node.name: self._attrs(node) for node in order}
        self._check_outputs(attrs)
        graph = self.graph
        size = len(graph.operations)
        saved = graph._colocation_stack, graph._attr_scope
        saved_maps = graph._kernel_labels, graph._gradient_override
        graph._colocation_stack, graph._attr_scope = [], {}
        graph._kernel_labels, graph._gradient_override = {}, {}
        try:
            for node in order:
                self._add(node, attrs[node.name])
            for op, index, source in self.late:
                op._update_input(index, self._tensor(op.name, source))
        except BaseException:
            _remove_from(graph, size)
            raise
        finally:
            graph._colocation_stack, graph._attr_scope = saved
            graph._kernel_labels, graph._gradient_override = saved_maps
        return self.made

    # --- checks that need no graph ---
    def _check_versions(self) -> None:
        found = self.message.versions
        if found.min_consumer > PRODUCER_VERSION:
            raise ValueError(
                f"GraphDef min consumer version {found.min_consumer} above current version "
                f"{PRODUCER_VERSION} for TensorFlow 1.15.5.  Please upgrade TensorFlow."
            )
        if PRODUCER_VERSION in found.bad_consumers:
            raise ValueError(
                f"GraphDef disallows consumer version {PRODUCER_VERSION}.  Please upgrade "
                "TensorFlow: this version is likely buggy."
            )

    def _read_nodes(self) -> None:
        for node in self.message.node:
            if node.name in self.by_name:
                raise ValueError(f"Node '{node.name}' is not unique")
            self.by_name[node.name] = node
        for node in self.message.node:
            definition_of(node.op)
            self.new_names[node.name] = self._free_name(node.name)
            self.inputs[node.name] = self._read_inputs(node)

    def _free_name(self, name: str) -> str:
        """The node's name in the graph: below the prefix, and not taken."""
        known = self.graph._by_name
        full = candidate = f"{self.prefix}/{name}" if self.prefix else name
        count = 0
        while candidate in known or (count and candidate in self.by_name):
            count += 1
            candidate = f"{full}_{count}"
        return candidate

    def _read_inputs(self, node: Any) -> list[Input]:
        found = [parse_input(text) for text in node.input]
        for before, after in itertools.pairwise(found):
            if before.is_control and not after.is_control:
                raise ValueError(
                    f"Node '{node.name}': Control dependencies must come after regular dependencies"
                )
        for one in found:
            if one.name not in self.by_name and self.mapping.find(one) is None:
                raise ValueError(f"Node '{node.name}': Unknown input node '{one.text}'")
        return found

    def _order(self) -> list[Any]:
        """The nodes in their order in the message, but behind what they need."""
        nodes = self.message.node
        place = {node.name: i for i, node in enumerate(nodes)}
        missing = [0] * len(nodes)
        users: dict[int, list[int]] = defaultdict(list)
        for i, node in enumerate(nodes):
            for one in self.inputs[node.name]:
                if self.mapping.find(one) is None and not self._closes_loop(node, one):
                    missing[i] += 1
                    users[place[one.name]].append(i)
        ready = [i for i, n in enumerate(missing) if n == 0]
        order = []
        while ready:
            i = heapq.heappop(ready)
            order.append(nodes[i])
            for j in users[i]:
                missing[j] -= 1
                if missing[j] == 0:
                    heapq.heappush(ready, j)
        if len(order) < len(nodes):
            raise ValueError(f"{len(nodes) - len(order)} nodes in a cycle")
        return order

    def _closes_loop(self, node: Any, one: Input) -> bool:
        """Whether an input is the back edge of a loop."""
        source = self.by_name.get(one.name)
        is_merge = node.op in ("Merge", "RefMerge") and not one.is_control
        return (
            is_merge and source is not None and source.op in ("NextIteration", "RefNextIteration")
        )

    def _attrs(self, node: Any) -> dict[str, Any]:
        found = decode_attrs(
            REGISTRY[node.op],
            node.attr,
            node.name,
            newer=self.newer,
            producer=self.producers.get(node.op),
        )
        groups = found.get("_class", [])
        if not (isinstance(groups, list) and all(isinstance(g, bytes) for g in groups)):
            del found["_class"]  # as in TensorFlow what is no list of groups counts for nothing
        if "_class" in found:
            found["_class"] = [self._new_group(node, group) for group in found["_class"]]
        found.pop("_output_shapes", None)
        if node.op == "Placeholder" and self.old and found.get("shape") == ():
            found["shape"] = None
        return found

    def _new_group(self, node: Any, group: bytes) -> bytes:
        mark, _, name = group.decode().partition("@")
        if mark != "loc:":
            return group
        if name not in self.new_names:
            raise ValueError(
                f"Node '{node.name}' expects to be colocated with unknown node '{name}'"
            )
        return b"loc:@" + self.new_names[name].encode()

    def _check_outputs(self, attrs: dict[str, dict[str, Any]]) -> None:
        """Refuses numbers of outputs that a damaged message says: nobody could name them all."""
        room = _MAX_UNNAMED + self.message.ByteSize() // 8
        for node in self.message.node:
            for port in REGISTRY[node.op].outputs:
                n = port_length(port, attrs[node.name]) if port.is_list else 0
                room -= max(n, 0)
                if room < 0:
                    raise ValueError(
                        f"Node '{node.name}': {n} outputs '{port.name}' are too many for a "
                        f"GraphDef of {self.message.ByteSize()} bytes"
                    )

    # --- growth ---
    def _add(self, node: Any, attrs: dict[str, Any]) -> None:
        definition = REGISTRY[node.op]
        name = self.new_names[node.name]
        tensors: list[Tensor] = []
        late: list[tuple[int, Input]] = []
        for one in self.inputs[node.name]:
            if one.is_control:
                continue
            if self._closes_loop(node, one):
                late.append((len(tensors), one))
                tensors.append(tensors[0])  # until the loop's end is there
            else:
                tensors.append(self._tensor(node.name, one))
        check_inputs(definition, attrs, tensors, node.name)
        groups = attrs.get("_class")
        op = self._placed(node, definition, tensors, attrs, name)
        if groups is not None:
            op.put_attr("_class", groups)
        op._add_control_inputs(
            [self._operation(one) for one in self.inputs[node.name] if one.is_control]
        )
        self._merge_shapes(node, op)
        self.graph._names.used.setdefault(name.lower(), 1)
        self.made[node.name] = op
        self.late += [(op, i, one) for i, one in late]

    def _placed(
        self,
        node: Any,
        definition: OpDef,
        tensors: Sequence[Tensor],
        attrs: dict[str, Any],
        name: str,
    ) -> Operation:
        """Adds an operation with the device that its node asks for, or its group's."""
        graph = self.graph
        dtypes = output_dtypes(definition, attrs)
        if not node.device:
            return graph.add(definition, tensors, attrs, name, dtypes)
        with graph.device(node.device):
            return graph.add(definition, tensors, attrs, name, dtypes)

    def _tensor(self, user: str, one: Input) -> Tensor:
        mapped: Tensor | None = self.mapping.find(one)
        if mapped is not None:
            return mapped
        outputs = self.made[one.name].outputs
        if one.output >= len(outputs):
            raise ValueError(
                f"Node '{user}': Connecting to invalid output {one.output} of source node "
                f"{one.name} which has {len(outputs)} outputs."
            )
        return outputs[one.output]

    def _operation(self, one: Input) -> Operation:
        mapped = self.mapping.find(one)
        found: Operation = self.made[one.name] if mapped is None else getattr(mapped, "op", mapped)
        return found

    def _merge_shapes(self, node: Any, op: Operation) -> None:
        """Adds what the message knows of the output shapes to what the rules have found."""
        if "_output_shapes" not in node.attr:
            return
        shapes = node.attr["_output_shapes"].list.shape
        for i, (tensor, shape) in enumerate(zip(op.outputs, shapes, strict=False)):
            merged = merge(tensor.dims, decode_shape(shape))
            if merged is False:
                raise ValueError(
                    f"Node '{node.name}' has an _output_shapes attribute inconsistent with the "
                    f"GraphDef for output #{i}"
                )
            tensor.dims = merged  # type: ignore[assignment]  # False was handled above


def _remove_from(graph: Graph, size: int) -> None:
    """Takes back the operations that were added after the graph had `size` of them."""
    gone = graph._operations[size:]
    del graph._operations[size:]
    for op in reversed(gone):
        del graph._by_name[op.name]
        for tensor in op.inputs:
            tensor._drop_consumer(op)
        for other in op.control_inputs:
            if other._control_outputs is not None and op in other._control_outputs:
                other._control_outputs.remove(op)
    graph._changed()
