"""Graphs: names, scopes, control dependencies, collections, devices, look-up."""

import threading

import pytest

import graphflow as tf


@pytest.fixture(autouse=True)
def fresh_graph():
    with tf.Graph().as_default() as graph:
        yield graph


def names():
    return [op.name for op in tf.get_default_graph().get_operations()]


def test_names_are_unique_without_regard_to_case():
    tf.no_op("a"), tf.no_op("A"), tf.no_op("a_1"), tf.no_op("a")
    assert names() == ["a", "A_1", "a_1_1", "a_2"]


def test_name_scopes_nest_reenter_and_return_to_the_root():
    with tf.name_scope("s") as scope:
        tf.no_op("x")
        with tf.name_scope("t"):
            tf.no_op("x")
        with tf.name_scope(None):
            tf.no_op("x")
    with tf.name_scope("s"):
        tf.no_op("x")
    with tf.name_scope(scope):
        tf.no_op("x")
    assert scope == "s/"
    assert names() == ["s/x", "s/t/x", "x", "s_1/x", "s/x_1"]


@pytest.mark.parametrize("bad", ["a b", "_a", "a$", ""])
def test_bad_node_names_are_refused(bad):
    with pytest.raises(ValueError, match="not a valid"):
        tf.get_default_graph().create_op("NoOp", [], name=bad or " ")


def test_a_failing_scope_leaves_the_name_stack_as_it_was():
    with pytest.raises(ZeroDivisionError), tf.name_scope("s"):
        raise ZeroDivisionError
    tf.no_op("x")
    assert names() == ["x"]


def test_control_dependencies_nest_and_clear():
    a, b = tf.no_op("a"), tf.no_op("b")
    with tf.control_dependencies([a]):
        with tf.control_dependencies([b]):
            both = tf.no_op("both")
        with tf.control_dependencies(None):
            none = tf.no_op("none")
    assert set(both.control_inputs) == {a, b}
    assert none.control_inputs == []


def test_an_operation_that_waits_through_an_input_gets_no_control_edge():
    a = tf.no_op("a")
    with tf.control_dependencies([a]):
        c = tf.constant(1.0)
        d = tf.exp(c)
    assert c.op.control_inputs == [a]
    assert d.op.control_inputs == []


def test_tensors_and_variables_may_be_control_inputs():
    v = tf.Variable(1.0)
    t = tf.constant(2.0)
    with tf.control_dependencies([v, t, v.assign(3.0)]):
        op = tf.no_op()
    assert {o.type for o in op.control_inputs} == {"VariableV2", "Const", "Assign"}


def test_devices_merge_from_the_inside_out():
    with tf.device("/job:worker/gpu:1"):
        a = tf.constant(1.0)
        with tf.device("/cpu:0"):
            b = tf.constant(1.0)
        with tf.device(None):
            c = tf.constant(1.0)
        with tf.device(lambda op: "/device:GPU:7" if op.type == "Const" else ""):
            d = tf.constant(1.0)
    found = [t.device for t in (a, b, c, d)]
    assert found == ["/job:worker/device:GPU:1", "/job:worker/device:CPU:0", "",
                     "/job:worker/device:GPU:7"]  # fmt: skip


def test_collections_are_copied_out_and_filtered_by_scope():
    graph = tf.get_default_graph()
    with tf.name_scope("s"):
        t = tf.constant(1.0)
    tf.add_to_collection("things", t)
    tf.add_to_collection("things", 5)
    tf.get_collection("things").append("lost")
    assert tf.get_collection("things") == [t, 5]
    assert tf.get_collection("things", "s/") == [t]
    tf.get_collection_ref("things").append("kept")
    assert tf.get_collection("things")[-1] == "kept"
    graph.clear_collection("things")
    assert tf.get_collection("things") == []


def test_a_finalized_graph_refuses_everything_new():
    graph = tf.get_default_graph()
    graph.finalize()
    for grow in (lambda: tf.constant(1.0), lambda: tf.add_to_collection("a", 1)):
        with pytest.raises(RuntimeError, match="finalized"):
            grow()


def test_elements_are_found_by_name():
    t = tf.constant(1.0, name="c")
    graph = tf.get_default_graph()
    assert graph.get_tensor_by_name("c:0") is t
    assert graph.get_operation_by_name("c") is t.op
    assert graph.as_graph_element("c") is t.op
    with pytest.raises(KeyError, match="only has 1 outputs"):
        graph.get_tensor_by_name("c:1")


def test_tensors_of_two_graphs_do_not_mix():
    with tf.Graph().as_default():
        other = tf.constant(1.0)
    with pytest.raises(ValueError, match="must be from the same graph"):
        tf.add(tf.constant(1.0), other)


def test_operations_join_the_graph_of_their_inputs():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.constant(1.0)
    assert tf.exp(x).graph is graph


def test_each_thread_has_its_own_default_graph():
    graph, seen = tf.Graph(), []

    def work():
        seen.append(tf.get_default_graph())

    with graph.as_default():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert tf.get_default_graph() is graph
    assert seen[0] is not graph


def test_the_user_line_is_the_one_that_called():
    t = tf.reduce_sum(tf.zeros([2]))
    assert t.op.site.filename == __file__
    assert t.op.site.text == "t = tf.reduce_sum(tf.zeros([2]))"
    assert t.op.traceback[0][3] == t.op.site.text


def test_seeds_follow_the_count_of_operations():
    tf.set_random_seed(42)
    tf.no_op()
    assert tf.get_seed(None) == (42, 1)
    assert tf.get_seed(7) == (42, 7)


def test_a_mistake_shows_ports_shapes_and_the_line():
    x = tf.placeholder(tf.float32, [None, 784], name="x")
    with pytest.raises(ValueError, match="inner dimensions") as info:
        tf.matmul(x, tf.zeros([728, 10]), name="mul")
    text = str(info.value)
    assert text.startswith("MatMul 'mul': ")
    assert "Dimensions must be equal, but are 784 and 728" in text
    assert "a = 'x:0'" in text
    assert "[?,784]" in text
    assert text.count("made at test_graph.py:") == 1


def test_gradient_override_map_marks_operations():
    with tf.get_default_graph().gradient_override_map({"Exp": "Mine"}):
        op = tf.exp(1.0).op
    assert op.get_attr("_gradient_op_type") == b"Mine"
    with pytest.raises(TypeError):
        tf.get_default_graph().gradient_override_map({"Exp": 3}).__enter__()


def test_class_says_what_a_new_graph_says() -> None:
    assert tf.Graph.seed is None
    assert not tf.Graph.building_function
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(3)
        assert graph.seed == 3
        graph.seed = 4
        assert tf.get_seed(5) == (4, 5)


def test_device_specs_make_new_ones() -> None:
    spec = tf.DeviceSpec(job="ps", task=1)
    assert spec.replace(task=2, device_type="GPU").to_string() == "/job:ps/task:2/device:GPU:*"
    assert spec.replace(job=None).to_string() == "/task:1"
    other = tf.DeviceSpec(job="w", device_type="CPU", device_index=0)
    assert spec.make_merged_spec(other).to_string() == "/job:w/task:1/device:CPU:0"
    assert spec.to_string() == "/job:ps/task:1"
    with pytest.raises(TypeError, match="unexpected keyword argument 'foo'"):
        spec.replace(foo=1)


def test_traceback_knows_where_the_function_begins() -> None:
    with tf.Graph().as_default():
        op = tf.no_op()
    ((*line, first),) = op.traceback_with_start_lines
    assert [tuple(line)] == op.traceback
    assert 0 < op.traceback[0][1] - first < 4


def test_a_graphs_name_scope_decorates_a_function(fresh_graph):
    @fresh_graph.name_scope("s")
    def declare(deep):
        tf.no_op("x")
        if deep:
            declare(False)

    declare(True)
    tf.no_op("y")
    assert names() == ["s/x", "s/s/x", "y"]


def test_an_attribute_set_on_one_operation_is_not_seen_on_others(fresh_graph):
    x = tf.placeholder(tf.float32, [2])
    plain = tf.tanh(x).op
    with fresh_graph.gradient_override_map({"Tanh": "Other"}), fresh_graph.colocate_with(x.op):
        special = tf.tanh(x).op
    special._set_attr("_mine", tf.AttrValue(i=3))
    assert set(plain.node_def.attr) == {"T"}
    assert set(special.node_def.attr) == {"T", "_class", "_gradient_op_type", "_mine"}
    assert set(tf.tanh(x).op.node_def.attr) == {"T"}


def test_operations_of_one_line_share_their_site_and_others_do_not():
    x = tf.placeholder(tf.float32, [2])
    first, second = (tf.tanh(x).op for _ in range(2))
    third = tf.tanh(x).op
    assert first.traceback == second.traceback
    assert third.traceback[0][1] == first.traceback[0][1] + 1


def test_types_are_checked_however_often_a_call_was_made_before():
    x, i = tf.placeholder(tf.float32, [2]), tf.placeholder(tf.int32, [2])
    for _ in range(2):
        assert (x + x).dtype == tf.float32
        assert tf.equal(i, i).dtype == tf.bool
        with pytest.raises(TypeError, match="does not match type float32 of argument 'x'"):
            tf.add(x, i)
        with pytest.raises(TypeError, match="not in list of allowed values"):
            tf.tanh(i)


def test_consumers_are_listed_once_each_in_the_order_of_their_declaration():
    x = tf.placeholder(tf.float32, [])
    assert x.consumers() == []
    first = x * x
    assert x.consumers() == [first.op]
    second = tf.exp(x)
    assert x.consumers() == [first.op, second.op]
    x.consumers().clear()  # a copy
    assert x.consumers() == [first.op, second.op]


def test_consumers_follow_inputs_that_are_replaced():
    x, y = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    users = [tf.exp(x).op, tf.log(x).op]
    for left in ([users[1]], []):
        user = next(op for op in users if op not in left and op.inputs[0] is x)
        user._update_input(0, y)
        assert x.consumers() == left
    assert y.consumers() == users
    assert tf.sin(x).op in x.consumers()
