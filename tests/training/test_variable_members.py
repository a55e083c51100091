"""What a variable can do, and the functions over lists of variables, as in TensorFlow 1.15.5.

The values were looked up with TensorFlow 1.15.5.
"""

from __future__ import annotations

import collections.abc
import warnings
from typing import Any

import pytest

import graphflow as tf

both_kinds = pytest.mark.parametrize("use_resource", [False, True], ids=["reference", "resource"])


@pytest.fixture(autouse=True)
def session() -> collections.abc.Iterator[Any]:
    with tf.Graph().as_default(), tf.Session() as s:
        yield s


@both_kinds
def test_rows_change_by_scatter_methods(session: Any, use_resource: bool) -> None:
    v = tf.Variable([5.0, 6.0, 7.0], use_resource=use_resource)
    session.run(v.initializer)
    rows = tf.IndexedSlices(tf.constant([10.0, 20.0]), tf.constant([0, 2]))
    after = {
        "scatter_add": [15, 6, 27],
        "scatter_sub": [5, 6, 7],
        "scatter_mul": [50, 6, 140],
        "scatter_div": [5, 6, 7],
        "scatter_max": [10, 6, 20],
        "scatter_min": [10, 6, 20],
        "scatter_update": [10, 6, 20],
        "batch_scatter_update": [10, 6, 20],
    }
    for method, expected in after.items():
        assert session.run(getattr(v, method)(rows)).tolist() == expected, method
    after = {
        "scatter_nd_add": [13, 10, 20],
        "scatter_nd_sub": [10, 6, 20],
        "scatter_nd_update": [3, 4, 20],
    }
    for method, expected in after.items():
        changed = getattr(v, method)([[0], [1]], [3.0, 4.0])
        assert session.run(changed).tolist() == expected, method
    with pytest.raises(TypeError, match="sparse_delta is not IndexedSlices"):
        v.scatter_add([1.0])


@both_kinds
def test_wrong_loads_are_refused(session: Any, use_resource: bool) -> None:
    v = tf.Variable([1.0, 2.0, 3.0], use_resource=use_resource)
    with pytest.raises(ValueError, match=r"Cannot feed value of shape \(2,\) for Tensor"):
        v.load([5.0, 6.0], session)
    with pytest.raises(ValueError, match="could not convert string to float"):
        v.load(["a", "b", "c"], session)


@both_kinds
def test_a_reference_to_a_variable_is_a_key(use_resource: bool) -> None:
    v, w = (tf.Variable(1.0, use_resource=use_resource) for _ in range(2))
    known = {v.experimental_ref(): "v", w.experimental_ref(): "w"}
    assert known[v.experimental_ref()] == "v"
    assert v.experimental_ref().deref() is v
    assert v.experimental_ref() != w.experimental_ref()
    with pytest.raises(TypeError, match="Cannot compare wrapped object"):
        assert v.experimental_ref() == v


def test_values_are_at_hand_in_eager_execution_only() -> None:
    with pytest.raises(NotImplementedError, match="only available when eager"):
        tf.Variable(1.0, use_resource=True).numpy()


def test_a_change_by_an_operator_makes_a_tensor_and_is_logged(
    session: Any, caplog: pytest.LogCaptureFixture
) -> None:
    v = x = tf.Variable(3.0)
    session.run(v.initializer)
    tf.get_logger().propagate = True
    x += 1.0
    tf.get_logger().propagate = False
    assert session.run([x, v]) == [4, 3]
    assert isinstance(x, tf.Tensor)
    assert "Variable += will be deprecated. Use variable.assign_add" in caplog.text
    x = v
    x **= 2.0
    assert session.run(x) == 9


def test_uninitialized_variables_are_reported_in_order(session: Any) -> None:
    v = tf.Variable([1.0, 2.0], name="v")
    local = tf.get_variable("w", [2], collections=[tf.GraphKeys.LOCAL_VARIABLES])
    r = tf.Variable(3, name="r", use_resource=True)
    report = tf.report_uninitialized_variables()
    only = tf.report_uninitialized_variables([v])
    checked = tf.assert_variables_initialized()
    assert session.run(report).tolist() == [b"v", b"r", b"w"]
    assert session.run(only).tolist() == [b"v"]
    with pytest.raises(tf.errors.FailedPreconditionError):
        session.run(checked)
    session.run(v.initializer)
    assert session.run(report).tolist() == [b"r", b"w"]
    session.run([r.initializer, local.initializer])
    assert session.run(report).size == 0
    assert session.run(checked).tolist() == [1, 0, 1]
    assert session.run([tf.is_variable_initialized(v), tf.is_variable_initialized(r)]) == [1, 1]


def test_old_names_of_initializers_work(session: Any) -> None:
    v = tf.Variable(1.0, name="v")
    local = tf.get_variable("w", [2], collections=[tf.GraphKeys.LOCAL_VARIABLES])
    made = [
        tf.initialize_all_variables(),
        tf.initialize_variables([v], name="some"),
        tf.initialize_local_variables(),
        tf.initialize_all_tables(),
    ]
    assert [op.name for op in made] == ["init", "some", "init_1", "init_all_tables"]
    assert tf.all_variables() == [v]
    session.run(made)
    assert session.run([v, local])[0] == 1


def test_empty_lists_of_variables() -> None:
    assert tf.assert_variables_initialized([]) is None
    v = tf.Variable(1.0)
    # An empty list means all reference variables of the graph, for the sake of old programs.
    assert tf.assert_variables_initialized([]).op.inputs[0] is v._ref()
    assert tf.report_uninitialized_variables([]).shape == [0]
    assert tf.variables_initializer([]).type == "NoOp"


@pytest.mark.parametrize("name", ["mul", "pack", "merge_all_summaries", "train.SummaryWriter"])
def test_names_from_before_1_0_are_gone_as_in_tensorflow(name: str) -> None:
    """Programs ask for them to find out which version they run under."""
    space, _, last = name.rpartition(".")
    assert not hasattr(tf.train if space else tf, last)


@both_kinds
def test_a_constraint_sees_the_new_value(session: Any, use_resource: bool) -> None:
    def between(x: Any) -> Any:
        return tf.clip_by_value(x, 0.0, 2.0)

    v = tf.Variable([3.0, -4.0], constraint=between, use_resource=use_resource)
    step = tf.train.GradientDescentOptimizer(0.5).minimize(tf.reduce_sum(v))
    session.run(v.initializer)
    session.run(step)
    assert session.run(v).tolist() == [2, 0]
    session.run(step)
    assert session.run(v).tolist() == [1.5, 0]


def test_initial_value_from_another_variable_goes_through_its_branches(session: Any) -> None:
    first = tf.Variable([1.0, 2.0], name="first")
    second = tf.Variable(2.0 * first.initialized_value(), name="second")
    third = tf.Variable(second + first, name="third")
    session.run(tf.global_variables_initializer())
    assert session.run([second, third])[1].tolist() == [3, 6]
    graph = tf.get_default_graph()
    types = [graph.get_operation_by_name(n + "_second").type for n in ("cond/read/Switch", "mul")]
    assert types == ["Switch", "Mul"]


def test_rows_of_rows_become_a_tensor_without_a_warning() -> None:
    ids = tf.placeholder(tf.int64, [None])
    table = tf.get_variable("table", [40, 5])
    found, where = tf.unique(ids)
    rows = tf.gather(tf.gather(table, found), where)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(tf.gradients(rows, table)[0], tf.IndexedSlices)


def test_class_has_the_members_of_its_kinds(session: Any) -> None:
    reference = tf.Variable([1.0, 2.0])
    resource = tf.Variable([1.0, 2.0], use_resource=True)
    changing = ("assign", "assign_add", "assign_sub", "count_up_to", "set_shape")
    rows = ("scatter_add", "scatter_update", "batch_scatter_update", "scatter_nd_add")
    for member in (*changing, *rows):
        with pytest.raises(NotImplementedError):
            getattr(tf.Variable, member)(*(None,) * (3 if "_nd_" in member else 2))
        assert callable(getattr(reference, member))
        assert callable(getattr(resource, member))
    for member in ("sparse_read", "gather_nd"):
        with pytest.raises(AttributeError):
            getattr(reference, member)([0])
    session.run(resource.initializer)
    assert session.run(resource.sparse_read([1])).tolist() == [2.0]
    assert session.run(resource.gather_nd([[0]])).tolist() == [1.0]


def test_optimizers_train_the_variables_of_the_resource_collection(session: Any) -> None:
    table = tf.Variable([3.0], trainable=False)
    tf.add_to_collection(tf.GraphKeys.TRAINABLE_RESOURCE_VARIABLES, table)
    loss = tf.reduce_sum(table * table)
    step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    session.run(table.initializer)
    session.run(step)
    assert session.run(table).tolist() == [0.0]
