"""GraphDef messages: what a graph is exported as, what an import makes of one, and its mistakes."""

from __future__ import annotations

import numpy as np
import pytest

import graphflow as tf

FLOAT = tf.AttrValue(type=1)
INT = tf.AttrValue(type=3)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def graph_def(*nodes):
    """A GraphDef of (name, op, inputs, attributes)."""
    message = tf.GraphDef()
    for name, op, inputs, attrs in nodes:
        node = message.node.add(name=name, op=op, input=inputs)
        for key, value in attrs.items():
            node.attr[key].CopyFrom(value)
    return message


def strings(*values):
    return tf.AttrValue(list=tf.AttrValue.ListValue(s=[v.encode() for v in values]))


PAIR = (("a", "Placeholder", [], {"dtype": FLOAT}), ("b", "Identity", ["a"], {"T": FLOAT}))


# --- export ---
def test_node_def_has_data_inputs_then_control_inputs():
    a, b = tf.constant(1.0, name="a"), tf.constant(2.0, name="b")
    with tf.control_dependencies([tf.no_op(name="z"), tf.no_op(name="y")]):
        c = tf.add(b, a, name="c")
    assert list(c.op.node_def.input) == ["b", "a", "^z", "^y"]
    assert list(c.graph.as_graph_def().node[-1].input) == ["b", "a", "^y", "^z"]  # sorted here
    assert dict(c.op.node_def.attr) == {"T": FLOAT}


def test_second_output_is_named_with_its_number():
    parts = tf.split(tf.zeros([4]), 2)
    assert list(tf.identity(parts[1]).op.node_def.input) == ["split:1"]


def test_attributes_have_the_kinds_of_tensorflow():
    x = tf.placeholder(tf.float32, [None, 8, 8, 1], name="x")
    node = tf.nn.conv2d(x, tf.zeros([3, 3, 1, 2]), [1, 2, 2, 1], "SAME").op.node_def
    assert list(node.attr["strides"].list.i) == [1, 2, 2, 1]
    assert node.attr["padding"].s == b"SAME"
    assert node.attr["use_cudnn_on_gpu"].b is True
    assert node.attr["explicit_paddings"].WhichOneof("value") == "list"
    assert [d.size for d in x.op.node_def.attr["shape"].shape.dim] == [-1, 8, 8, 1]
    unknown = tf.placeholder(tf.int32).op.node_def.attr["shape"].shape
    assert unknown.unknown_rank


def test_get_attr_returns_what_tensorflow_returns():
    v = tf.Variable([1.0, 2.0], name="v")
    assert v.op.get_attr("dtype") == tf.float32
    assert v.op.get_attr("container") == b""
    assert [d.size for d in v.op.get_attr("shape").dim] == [2]
    assert v.initializer.get_attr("_class") == [b"loc:@v"]
    value = tf.constant([1.0, 2.0]).op.get_attr("value")
    assert tf.make_ndarray(value).tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="no attr named 'nope'"):
        v.op.get_attr("nope")


def test_other_attributes_keep_their_python_type(graph):
    op = tf.no_op()
    op._set_attr("_words", strings("x", "y"))
    op._set_attr("_number", tf.AttrValue(i=3))
    op._set_attr(
        "_shape",
        tf.TensorShape([2, None]).as_proto()
        and tf.AttrValue(shape=tf.TensorShape([2, None]).as_proto()),
    )
    assert op.get_attr("_words") == [b"x", b"y"]
    assert op.get_attr("_number") == 3
    again = graph.as_graph_def()
    assert again.node[0].attr["_shape"].shape == tf.TensorShape([2, None]).as_proto()


def test_large_uniform_constant_is_stored_as_one_element():
    node = tf.zeros([30, 30]).op.node_def.attr["value"].tensor
    assert list(node.float_val) == [0.0]
    assert tf.make_ndarray(node).shape == (30, 30)
    mixed = np.zeros(40, np.float32)
    mixed[7] = -0.0
    assert len(tf.constant(mixed).op.node_def.attr["value"].tensor.tensor_content) == 160


def test_output_shapes_are_added_on_request(graph):
    tf.placeholder(tf.float32, [None, 3], name="x")
    tf.no_op()
    with_shapes = graph.as_graph_def(add_shapes=True)
    assert [d.size for d in with_shapes.node[0].attr["_output_shapes"].list.shape[0].dim] == [-1, 3]
    assert "_output_shapes" not in with_shapes.node[1].attr
    assert "_output_shapes" not in graph.as_graph_def().node[0].attr


def test_part_of_a_graph_from_a_version_on(graph):
    tf.no_op(name="first")
    version = graph.version
    tf.no_op(name="second")
    assert [n.name for n in graph.as_graph_def(from_version=version).node] == ["second"]
    assert graph.as_graph_def().versions.producer == 134


def test_op_def_tells_ports_and_attributes():
    found = tf.concat([[1.0], [2.0]], 0).op.op_def
    assert [(a.name, a.type_attr, a.number_attr) for a in found.input_arg] == [
        ("values", "T", "N"),
        ("axis", "Tidx", ""),
    ]
    by_name = {a.name: a for a in found.attr}
    assert (by_name["N"].has_minimum, by_name["N"].minimum) == (True, 2)
    assert by_name["Tidx"].default_value.type == 3
    assert list(by_name["Tidx"].allowed_values.list.type) == [3, 9]


def test_gradient_of_a_weight_waits_for_other_reads_in_files_only(graph):
    x = tf.placeholder(tf.float32, [2, 3])
    w, w2 = tf.Variable(tf.ones([3, 3])), tf.Variable(tf.ones([3, 3]))
    _, dw2 = tf.gradients(tf.reduce_sum(tf.matmul(tf.matmul(x, w), w2)), [w, w2])
    [waits] = [name for name in dw2.op.node_def.input if name.startswith("^")]
    assert w2.value() in graph.get_operation_by_name(waits[1:]).inputs
    assert dw2.op.control_inputs == []


# --- import ---
def test_import_puts_names_below_the_prefix():
    tf.import_graph_def(graph_def(*PAIR))
    [b] = tf.import_graph_def(graph_def(*PAIR), return_elements=["b"])
    assert b.name == "import_1/b"
    assert [t.name for t in b.inputs] == ["import_1/a:0"]
    assert [d.name for d in b.outputs] == ["import_1/b:0"]


def test_names_that_are_taken_get_a_number(graph):
    for _ in range(2):
        tf.import_graph_def(graph_def(*PAIR), name="")
    assert [op.name for op in graph.get_operations()] == ["a", "b", "a_1", "b_1"]
    assert tf.no_op(name="a").name == "a_2"


def test_groups_get_the_new_names(graph):
    nodes = (("a", "NoOp", [], {}), ("b", "NoOp", [], {"_class": strings("loc:@a")}))
    tf.import_graph_def(graph_def(*nodes), name="p")
    assert graph.get_operation_by_name("p/b").get_attr("_class") == [b"loc:@p/a"]


def test_nodes_may_come_in_any_order(graph):
    tf.import_graph_def(graph_def(*reversed(PAIR)), name="")
    assert [op.name for op in graph.get_operations()] == ["a", "b"]


def test_missing_attributes_get_their_defaults(graph):
    tf.import_graph_def(graph_def(*PAIR), name="")
    assert graph.get_tensor_by_name("a:0").shape.rank is None


def test_output_shapes_sharpen_what_is_known():
    shapes = tf.AttrValue(list=tf.AttrValue.ListValue(shape=[tf.TensorShape([4, None]).as_proto()]))
    nodes = graph_def(("a", "Placeholder", [], {"dtype": FLOAT, "_output_shapes": shapes}))
    [a] = tf.import_graph_def(nodes, return_elements=["a:0"])
    assert a.shape.as_list() == [4, None]
    assert "_output_shapes" not in a.op.node_def.attr


def test_input_map_takes_the_place_of_an_input():
    c = tf.constant(3.0)
    nodes = graph_def(("d", "Add", ["gone", "gone:0"], {"T": FLOAT}))
    [d] = tf.import_graph_def(nodes, input_map={"gone": c}, return_elements=["d:0"])
    assert [t.name for t in d.op.inputs] == ["Const:0", "Const:0"]
    with tf.Session() as sess:
        assert sess.run(d) == 6.0


def test_values_in_input_map_become_constants_of_the_scope():
    nodes = graph_def(("d", "Neg", ["gone"], {"T": FLOAT}))
    [d] = tf.import_graph_def(nodes, {"gone:0": 2.0}, ["d:0"], name="m")
    assert d.op.inputs[0].name == "m/_inputs/Const:0"
    with pytest.raises(ValueError, match="non-empty `name`"):
        tf.import_graph_def(nodes, {"gone:0": 2.0}, name="")


def test_control_dependencies_and_devices_around_an_import_count(graph):
    with tf.control_dependencies([tf.no_op(name="c")]), tf.device("/cpu:0"):
        tf.import_graph_def(graph_def(*PAIR), name="")
    assert [op.name for op in graph.get_operation_by_name("a").control_inputs] == ["c"]
    assert graph.get_operation_by_name("b").device == "/device:CPU:0"


def test_what_later_versions_added_is_left_out():
    nodes = graph_def(
        *PAIR,
        ("m", "MatMul", ["a", "b"], {"T": FLOAT, "grad_a": tf.AttrValue(b=True)}),
        ("v", "VarHandleOp", [], {
            "dtype": FLOAT, "shape": tf.AttrValue(shape=tf.TensorShape([2]).as_proto()),
            "debug_name": tf.AttrValue(s=b"v/"), "allowed_devices": strings(),
        }),
    )  # fmt: skip
    nodes.versions.producer = 2474
    [m] = tf.import_graph_def(nodes, return_elements=["m"])
    assert set(m.node_def.attr) == {"T", "transpose_a", "transpose_b"}


def test_defaults_of_the_producer_are_left_out():
    producer = tf.MetaGraphDef.MetaInfoDef().stripped_op_list
    added = producer.op.add(name="NoOp").attr.add(name="extra", type="int")
    added.default_value.i = 7
    for value, fits in ((7, True), (8, False)):
        nodes = graph_def(("n", "NoOp", [], {"extra": tf.AttrValue(i=value)}))
        if fits:
            tf.import_graph_def(nodes, producer_op_list=producer)
        else:
            with pytest.raises(ValueError, match="mentions attr 'extra' not in"):
                tf.import_graph_def(nodes, producer_op_list=producer)


MISTAKES = {
    "2 nodes in a cycle": [
        ("a", "Identity", ["b"], {"T": FLOAT}),
        ("b", "Identity", ["a"], {"T": FLOAT}),
    ],
    "Node 'a': Unknown input node 'zz'": [("a", "Identity", ["zz"], {"T": FLOAT})],
    "AttrValue had value with type 'string' when 'type' expected": [
        ("a", "Placeholder", [], {"dtype": tf.AttrValue(s=b"x")})
    ],
    "Node 'a' is not unique": [("a", "NoOp", [], {}), ("a", "NoOp", [], {})],
    "NodeDef missing attr 'dtype'": [("a", "Placeholder", [], {})],
    "NodeDef mentions attr 'zz' not in": [("a", "NoOp", [], {"zz": FLOAT})],
    "Input 0 of node b was passed int32 from a:0 incompatible with expected float": [
        ("a", "Placeholder", [], {"dtype": INT}),
        ("b", "Identity", ["a"], {"T": FLOAT}),
    ],
    "Connecting to invalid output 3 of source node a which has 1 outputs": [
        PAIR[0],
        ("b", "Identity", ["a:3"], {"T": FLOAT}),
    ],
    "expected inputs 'float, float' do not match 1 inputs": [
        PAIR[0],
        ("b", "Add", ["a"], {"T": FLOAT}),
    ],
    "Control dependencies must come after regular": [
        PAIR[0],
        ("b", "Identity", ["^a", "a"], {"T": FLOAT}),
    ],
    "expects to be colocated with unknown node 'q'": [
        ("a", "NoOp", [], {"_class": strings("loc:@q")})
    ],
    "is not in the list of allowed values": [PAIR[0], ("b", "Softmax", ["a"], {"T": INT})],
}


@pytest.mark.parametrize("says", MISTAKES)
def test_mistake_is_named_and_leaves_the_graph_as_it_was(graph, says):
    kept = tf.constant(1.0, name="kept")
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the text is compared below)
        tf.import_graph_def(graph_def(*MISTAKES[says]), name="")
    assert says in str(caught.value)
    assert graph.get_operations() == [kept.op]
    assert kept.consumers() == []


def test_unknown_operation_type_is_not_found():
    with pytest.raises(tf.errors.NotFoundError, match="Op type not registered 'NoSuchOp'"):
        tf.import_graph_def(graph_def(("a", "NoSuchOp", [], {})))


def test_graphs_for_later_versions_only_are_refused():
    nodes = graph_def(*PAIR)
    nodes.versions.min_consumer = 9999
    with pytest.raises(ValueError, match="min consumer version 9999 above current version 134"):
        tf.import_graph_def(nodes)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"input_map": {"zz:0": 1}, "name": "x"}, ValueError, r"not found in graph_def: \[zz:0\]"),
        ({"return_elements": ["q:0"]}, ValueError, "Requested return tensor 'q:0' not found"),
        ({"return_elements": ["q"]}, ValueError, "Requested return node 'q' not found"),
        ({"return_elements": ["a:4"]}, ValueError, "Invalid return output 4 of node 'a'"),
        ({"return_elements": [1]}, TypeError, "return_elements must be a list of strings"),
        ({"input_map": [1]}, TypeError, "input_map must be a dictionary"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, says):
    with pytest.raises(error, match=says):
        tf.import_graph_def(graph_def(*PAIR), **arguments)
    with pytest.raises(TypeError, match="graph_def must be a GraphDef proto"):
        tf.import_graph_def(3)


def test_create_op_declares_from_parts(graph):
    a, b = tf.constant(1.0), tf.constant(2.0)
    op = graph.create_op("Add", [a, b], [tf.float32], name="sum", attrs={"T": FLOAT})
    with tf.Session() as sess:
        assert sess.run(op.outputs[0]) == 3.0


def test_create_op_takes_types_and_numbers_from_the_inputs(graph):
    inputs = [tf.constant([1]), tf.constant([2, 3]), tf.constant(0)]
    op = graph.create_op("ConcatV2", inputs)
    assert (op.get_attr("N"), op.get_attr("T"), op.get_attr("Tidx")) == (2, tf.int32, tf.int32)
    with tf.Session() as sess:
        assert sess.run(op.outputs[0]).tolist() == [1, 2, 3]


# --- graph_util ---
def test_frozen_graph_computes_the_same():
    x = tf.placeholder(tf.float32, [2], name="x")
    v = tf.Variable([1.0, 2.0], name="v")
    r = tf.get_variable("r", initializer=[3.0, 4.0], use_resource=True)
    tf.identity(x * v + r, name="y")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        graph_def_ = tf.get_default_graph().as_graph_def()
        frozen = tf.graph_util.convert_variables_to_constants(sess, graph_def_, ["y"])
        want = sess.run("y:0", {"x:0": [1, 1]})
    assert {n.op for n in frozen.node} <= {
        "Placeholder",
        "Const",
        "Identity",
        "Mul",
        "Add",
        "AddV2",
    }
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.import_graph_def(frozen, name="")
        assert sess.run("y:0", {"x:0": [1, 1]}).tolist() == want.tolist() == [4, 6]


def test_training_nodes_are_removed():
    x = tf.placeholder(tf.float32, name="x")
    tf.negative(tf.check_numerics(tf.identity(x, name="i"), "", name="c"), name="y")
    pruned = tf.graph_util.remove_training_nodes(tf.get_default_graph().as_graph_def())
    assert [(n.name, list(n.input)) for n in pruned.node] == [("x", []), ("y", ["x"])]


def test_sub_graph_holds_what_a_node_needs():
    tf.identity(tf.constant(1.0, name="a"), name="b")
    tf.constant(2.0, name="c")
    message = tf.get_default_graph().as_graph_def()
    part = tf.graph_util.extract_sub_graph(message, ["b"])
    assert [n.name for n in part.node] == ["a", "b"]
    with pytest.raises(AssertionError, match="zz is not in graph"):
        tf.graph_util.extract_sub_graph(message, ["zz"])
    shape = tf.graph_util.tensor_shape_from_node_def_name(tf.get_default_graph(), "a")
    assert shape.as_list() == []


def test_tensor_protos_of_values():
    message = tf.make_tensor_proto([[1.0, 2.0]])
    assert tf.make_ndarray(message).tolist() == [[1.0, 2.0]]
    assert tf.make_ndarray(tf.make_tensor_proto(7, shape=[2])).tolist() == [7, 7]
    assert tf.make_ndarray(tf.make_tensor_proto("a")).tolist() == b"a"
    with pytest.raises(TypeError, match="Expected Tensor's shape"):
        tf.make_tensor_proto([1, 2], shape=[3], verify_shape=True)


def test_written_graph_reads_back(tmp_path):
    tf.constant(1.0, name="a")
    graph = tf.get_default_graph()
    text = tf.train.write_graph(graph, tmp_path / "deep", "g.pbtxt")
    binary = tf.io.write_graph(graph.as_graph_def(), str(tmp_path), "g.pb", as_text=False)
    assert 'name: "a"' in (tmp_path / "deep" / "g.pbtxt").read_text()
    assert text == str(tmp_path / "deep" / "g.pbtxt")
    with open(binary, "rb") as file:
        assert tf.GraphDef.FromString(file.read()) == graph.as_graph_def()
