"""Compares protocol buffer messages, and graphs as messages."""

from __future__ import annotations

import difflib
import re
from typing import Any, Final

from graphflow.core.export import export
from graphflow.formats import proto
from graphflow.formats.make_tensor_proto import make_ndarray

_SHARDED: Final = re.compile(r"_temp_[0-9a-z]{32}/part")
_TABLE: Final = re.compile(r"hash_table_[0-9a-z\-]+")
_LONG_TEXT: Final = 1 << 16  # from there on Python's own comparison is of no use


# --- messages ---
def ProtoEq(a: Any, b: Any) -> bool:
    """Returns whether two messages have the same fields with the same values."""
    return bool(a == b)


def NormalizeNumberFields(pb: Any) -> Any:
    """Rounds the numbers in a message: 6 digits of a float, 7 of a double; returns the message."""
    for field, value in pb.ListFields():
        digits = {field.TYPE_FLOAT: 6, field.TYPE_DOUBLE: 7}.get(field.type)
        if digits is not None:
            if hasattr(value, "extend"):
                value[:] = [round(x, digits) for x in value]
            else:
                setattr(pb, field.name, round(value, digits))
        elif field.message_type is not None:
            for inner in _messages(field, value):
                NormalizeNumberFields(inner)
    return pb


def _messages(field: Any, value: Any) -> list[Any]:
    """The messages in a field: itself, the items of a list, the values of a map."""
    if field.message_type.GetOptions().map_entry:
        of_map = field.message_type.fields_by_name["value"]
        return list(value.values()) if of_map.message_type is not None else []
    return list(value) if hasattr(value, "extend") else [value]


def parsed(text: str, like: Any) -> Any:
    """Returns the message, of the same kind as `like`, that a text describes."""
    from google.protobuf import text_format

    made = type(like)()
    text_format.Merge(text, made, descriptor_pool=like.DESCRIPTOR.file.pool)
    return made


def assertProtoEqual(
    self: Any,
    a: Any,
    b: Any,
    check_initialized: bool = True,
    normalize_numbers: bool = False,
    msg: Any = None,
) -> None:
    """Fails a test, with the lines that differ, if two messages are not equal.

    Args:
        self: the test case.
        a: a message, or the text of one.
        b: a message.
        check_initialized: whether messages without required fields fail too.
        normalize_numbers: whether numbers are rounded before; the messages stay as they are.
        msg: said on failure.
    """
    a = parsed(a, b) if isinstance(a, str) else a
    for pb in (a, b):
        missing = pb.FindInitializationErrors() if check_initialized else None
        if missing:
            self.fail(f"Initialization errors: {missing}\n{pb}")
    texts = []
    for pb in (a, b):
        copy = type(pb)()
        copy.CopyFrom(pb)
        texts.append(str(NormalizeNumberFields(copy) if normalize_numbers else copy))
    if max(map(len, texts)) < _LONG_TEXT:
        self.assertMultiLineEqual(*texts, msg=msg)
    elif texts[0] != texts[1]:
        first, second = [text.splitlines(keepends=True) for text in texts]
        self.fail(f"{msg} : \n{''.join(difflib.unified_diff(first, second))}")


class ProtoAssertions:
    """Gives a test case the method `assertProtoEqual`."""

    def assertProtoEqual(self, *args: Any, **kwargs: Any) -> None:
        """Fails if two messages are not equal: see the function of this name."""
        assertProtoEqual(self, *args, **kwargs)


# --- graphs ---
@export("test.assert_equal_graph_def")
def assert_equal_graph_def(
    actual: Any,
    expected: Any,
    checkpoint_v2: bool = False,
    hash_table_shared_name: bool = False,
) -> None:
    """Raises AssertionError if two GraphDefs differ in more than the order of things.

    Versions, and the order of nodes, attributes and control inputs, do not matter.

    Args:
        actual: a GraphDef; loses what the switches below name.
        expected: a GraphDef; as above.
        checkpoint_v2: whether random names of temporary checkpoints are ignored.
        hash_table_shared_name: whether random names of tables are ignored.

    Raises:
        AssertionError: if they differ: the first difference.
        TypeError: if one is no GraphDef.
    """
    for label, given in (("actual", actual), ("expected", expected)):
        if not isinstance(given, proto.GraphDef):
            raise TypeError(f"Expected tf.GraphDef for {label}, got {type(given).__name__}")
        for node in given.node:
            if checkpoint_v2:
                _strip_temporary_names(node)
            if hash_table_shared_name:
                _strip_table_name(node)
    problem = _difference(actual, expected)
    if problem:
        raise AssertionError(problem)


def assert_equal_graph_def_v2(expected: Any, actual: Any) -> None:
    """As `assert_equal_graph_def`, ignoring random names, with the expected graph first."""
    assert_equal_graph_def(actual, expected, checkpoint_v2=True, hash_table_shared_name=True)


def _strip_temporary_names(node: Any) -> None:
    for key in list(node.attr):
        texts = node.attr[key].tensor.string_val
        if len(texts) == 1 and _SHARDED.search(str(texts[0])):
            del node.attr[key]


def _strip_table_name(node: Any) -> None:
    named = node.op == "HashTableV2" and "shared_name" in node.attr
    if named and _TABLE.match(node.attr["shared_name"].s.decode()):
        del node.attr["shared_name"]


def _difference(actual: Any, expected: Any) -> str:
    found = {node.name: node for node in actual.node}
    for node in expected.node:
        if node.name not in found:
            return f"Did not find expected node '{_summary(node)}'"
        problem = _node_difference(found.pop(node.name), node)
        if problem:
            return problem
    for node in found.values():
        return f"Found unexpected node '{_summary(node)}'"
    return ""


def _node_difference(actual: Any, expected: Any) -> str:
    name = expected.name
    for field in ("op", "device"):
        got, wanted = getattr(actual, field), getattr(expected, field)
        if got != wanted:
            return f"Node named '{name}' has {field} '{got}' that is not expected '{wanted}'"
    problem = _input_difference(actual, expected) or _attr_difference(actual, expected)
    return problem and f"Node named '{name}' {problem}"


def _input_difference(actual: Any, expected: Any) -> str:
    if len(actual.input) != len(expected.input):
        got, wanted = ", ".join(actual.input), ", ".join(expected.input)
        return f"has inputs '{got}' that don't match expected '{wanted}'"
    pairs = zip(_data_inputs(actual), _data_inputs(expected), strict=False)
    for i, (got, wanted) in enumerate(pairs):
        if got != wanted:
            return f"has input {i} '{got}' that doesn't match expected '{wanted}'"
    missing = sorted(set(expected.input) - set(actual.input))
    controls = [n for n in missing if n.startswith("^")]
    return f"missing expected control input '{controls[0]}'" if controls else ""


def _data_inputs(node: Any) -> list[str]:
    return [n.removesuffix(":0") for n in node.input if not n.startswith("^")]


def _attr_difference(actual: Any, expected: Any) -> str:
    for key in sorted(k for k in expected.attr if not k.startswith("_")):
        wanted = _value_summary(expected.attr[key])
        if key not in actual.attr:
            return f"missing expected attr '{key}' with value: {wanted}"
        if actual.attr[key] != expected.attr[key]:
            got = _value_summary(actual.attr[key])
            return f"has attr '{key}' with value: {got} that does not match expected: {wanted}"
    for key in sorted(set(actual.attr) - set(expected.attr)):
        if not key.startswith("_"):
            return f"has unexpected attr '{key}' with value: {_value_summary(actual.attr[key])}"
    return ""


def _summary(node: Any) -> str:
    attrs = ", ".join([f"{key}={_value_summary(node.attr[key])}" for key in sorted(node.attr)])
    shown = f"[{attrs}]" if attrs else ""
    return f"{{{{node {node.name}}}}} = {node.op}{shown}({', '.join(node.input)})"


def _value_summary(attr: Any) -> str:
    """An attribute's value as TensorFlow's messages show it."""
    kind = attr.WhichOneof("value")
    value: Any = getattr(attr, kind) if kind else None
    match kind:
        case "list":
            items = [_item_summary(f.name, x) for f, field in value.ListFields() for x in field]
            return f"[{', '.join(items)}]"
        case "func":
            return str(value.name)
        case "tensor":
            return _tensor_summary(value)
    return _item_summary(kind or "", value)


def _item_summary(kind: str, value: Any) -> str:
    match kind:
        case "type":
            return str(proto.DataType.Name(value))
        case "s":
            return f'"{value.decode(errors="replace")}"'
        case "b":
            return str(value).lower()
        case "shape":
            dims = [str(d.size) if d.size >= 0 else "?" for d in value.dim]
            return "<unknown>" if value.unknown_rank else f"[{','.join(dims)}]"
        case "f":
            return f"{value:g}"
    return str(value)


def _tensor_summary(value: Any) -> str:
    array = make_ndarray(value)
    kind = proto.DataType.Name(value.dtype).removeprefix("DT_").lower()
    first = " ".join([f"{x:g}" if array.dtype.kind == "f" else str(x) for x in array.flat[:3]])
    more = "..." if array.size > 3 else ""
    inside = f"[{first}]{more}" if array.ndim else first
    return f"Tensor<type: {kind} shape: {list(array.shape)} values: {inside}>".replace(", ", ",")


def assert_meta_graph_protos_equal(tester: Any, a: Any, b: Any) -> None:
    """Fails a test if two MetaGraphDefs are not equal; takes collections and graphs out of both.

    Args:
        tester: the test case.
        a: a MetaGraphDef.
        b: a MetaGraphDef.
    """
    tester.assertEqual(set(a.collection_def), set(b.collection_def))
    for key in a.collection_def:
        tester.assertEqual(a.collection_def[key], b.collection_def[key])
    assert_equal_graph_def(a.graph_def, b.graph_def, checkpoint_v2=True)
    tester.assertProtoEquals(a.graph_def.versions, b.graph_def.versions)
    for message in (a, b):
        message.ClearField("collection_def")
        message.ClearField("graph_def")
    tester.assertProtoEquals(a, b)


def assert_ops_in_graph(expected_ops: dict[str, str], graph: Any) -> dict[str, Any]:
    """Returns the nodes of a graph that have the expected names.

    Args:
        expected_ops: operation types by node name.
        graph: a Graph.

    Raises:
        ValueError: if one is not there or has another type.
    """
    found = {node.name: node for node in graph.as_graph_def().node if node.name in expected_ops}
    for name, node in found.items():
        if node.op != expected_ops[name]:
            raise ValueError(
                f"Expected op for node {name} is different. {expected_ops[name]} vs {node.op}"
            )
    if set(found) != set(expected_ops):
        raise ValueError(
            f"Not all expected ops are present. Expected {expected_ops.keys()}, "
            f"found {found.keys()}"
        )
    return found


def get_node_def_from_graph(node_name: str, graph_def: Any) -> Any:
    """Returns the node of that name in a GraphDef, or None."""
    return next((node for node in graph_def.node if node.name == node_name), None)
