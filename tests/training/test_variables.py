"""Variables: construction, values between runs, sharing, and their descriptions in files."""

from __future__ import annotations

import collections.abc
import threading
from typing import Any

import numpy as np
import pytest

import graphflow as tf

both_kinds = pytest.mark.parametrize("use_resource", [False, True], ids=["reference", "resource"])


@pytest.fixture(autouse=True)
def graph() -> collections.abc.Iterator[Any]:
    with tf.Graph().as_default() as g:
        yield g


def initialized(session: Any) -> Any:
    session.run(tf.global_variables_initializer())
    return session


@both_kinds
def test_each_session_has_its_own_value(use_resource: bool) -> None:
    v = tf.Variable(1.0, use_resource=use_resource)
    with tf.Session() as a, tf.Session() as b:
        initialized(a)
        initialized(b)
        a.run(v.assign(5.0, read_value=False))
        assert (a.run(v), b.run(v)) == (5.0, 1.0)


@both_kinds
def test_both_kinds_are_instances_of_variable(use_resource: bool) -> None:
    v = tf.Variable(1.0, use_resource=use_resource)
    assert isinstance(v, tf.Variable)
    assert v.name == "Variable:0"
    assert v.dtype.base_dtype == tf.float32
    assert v.trainable
    assert v.shape == ()


@both_kinds
def test_fetched_value_does_not_change_with_later_updates(use_resource: bool) -> None:
    v = tf.Variable([1.0, 2.0], use_resource=use_resource)
    add = v.assign_add([1.0, 1.0])
    with initialized(tf.Session()) as s:
        before = s.run(v)
        s.run(add)
        assert before.tolist() == [1.0, 2.0]
        assert s.run(v).tolist() == [2.0, 3.0]


@both_kinds
def test_assigned_array_is_copied(use_resource: bool) -> None:
    v = tf.Variable([1.0, 2.0], use_resource=use_resource)
    p = tf.placeholder(tf.float32, [2])
    put = v.assign(p, read_value=False)
    with initialized(tf.Session()) as s:
        given = np.array([3.0, 4.0], np.float32)
        s.run(put, {p: given})
        given[:] = 0
        assert s.run(v).tolist() == [3.0, 4.0]
        s.run(v.assign_add([1.0, 1.0], read_value=False))
        assert given.tolist() == [0.0, 0.0]


@both_kinds
def test_load_puts_a_value_in(use_resource: bool) -> None:
    v = tf.Variable([1.0, 2.0], use_resource=use_resource)
    with tf.Session():
        v.load([5.0, 6.0])
        assert v.eval().tolist() == [5.0, 6.0]


@both_kinds
def test_a_read_before_an_update_sees_the_old_value(use_resource: bool) -> None:
    v = tf.Variable([1.0], use_resource=use_resource)
    twice = v * 2.0
    put = v.assign([7.0], read_value=False)
    with initialized(tf.Session()) as s:
        assert s.run([twice, put])[0].tolist() == [2.0]
        assert s.run(twice).tolist() == [14.0]


def test_uninitialized_variables_are_named() -> None:
    tf.Variable(1.0, name="a")
    b = tf.Variable(2.0, name="b")
    missing = tf.report_uninitialized_variables()
    with tf.Session() as s:
        s.run(b.initializer)
        assert s.run(missing).tolist() == [b"a"]


@pytest.mark.parametrize("kind", ["Variable", "get_variable"])
@both_kinds
def test_variable_def_describes_the_nodes(kind: str, use_resource: bool) -> None:
    options = {"name": "v", "use_resource": use_resource}
    if kind == "Variable":
        v = tf.Variable([1.0, 2.0], trainable=False, **options)
    else:
        v = tf.get_variable(shape=[2], trainable=False, **options)
    found = tf.Variable.from_proto(v.to_proto())
    assert type(found) is type(v)
    assert (found.op, found.initializer) == (v.op, v.initializer)
    assert found.initial_value is v.initial_value
    assert (found.trainable, found.shape, found.dtype) == (False, v.shape, v.dtype)
    assert found.to_proto() == v.to_proto()


def test_variable_def_leaves_the_export_scope_out() -> None:
    with tf.name_scope("outer"):
        v = tf.Variable(1.0, name="v")
    assert v.to_proto("outer").variable_name == "v:0"
    assert v.to_proto("other") is None
    assert tf.Variable.from_proto(v.to_proto("outer"), "outer").op is v.op


def test_variables_cannot_be_iterated_over() -> None:
    with pytest.raises(TypeError, match="'Variable' object is not iterable"):
        iter(tf.Variable([1.0]))


def test_resource_variables_refuse_changes_by_an_operator() -> None:
    v = tf.Variable(1.0, use_resource=True)
    with pytest.raises(RuntimeError, match=r"Use variable.assign_add\(value\)"):
        v += 1.0


def test_a_function_makes_the_initial_value_beside_the_variable(graph: Any) -> None:
    v = tf.Variable(lambda: tf.fill([2], 3.0), name="v", dtype=tf.float32)
    start = graph.get_operation_by_name("v/Initializer/Fill")
    assert start.get_attr("_class") == [b"loc:@v"]
    with initialized(tf.Session()) as s:
        assert s.run(v).tolist() == [3.0, 3.0]


def test_positional_arguments_are_those_of_tensorflow() -> None:
    v = tf.Variable(1, False, ["mine"], True, None, "v")
    assert tf.get_collection("mine") == [v]
    assert tf.global_variables() == []
    with pytest.raises(TypeError, match="unexpected keyword argument 'nme'"):
        tf.Variable(1, nme="v")
    with pytest.raises(ValueError, match="must be a list, tuple, or set"):
        tf.Variable(1, collections="mine")


# --- scopes ---
def test_scopes_pass_their_defaults_on() -> None:
    with tf.variable_scope("a", initializer=tf.constant_initializer(2.0), dtype=tf.float64):
        with tf.variable_scope("b") as scope:
            v = tf.get_variable("v", [2])
        assert scope.name == "a/b"
        assert scope.original_name_scope == "a/b/"
    assert (v.op.name, v.dtype.base_dtype) == ("a/b/v", tf.float64)
    with initialized(tf.Session()) as s:
        assert s.run(v).tolist() == [2.0, 2.0]


def test_auto_reuse_makes_then_shares() -> None:
    def layer() -> Any:
        with tf.variable_scope("a", reuse=tf.AUTO_REUSE):
            return tf.get_variable("v", [1])

    assert layer() is layer()


def test_reuse_can_be_switched_on_inside_of_a_scope() -> None:
    with tf.variable_scope("a") as scope:
        v = tf.get_variable("v", [1])
        scope.reuse_variables()
        assert tf.get_variable("v", [1]) is v


def test_reopened_scope_keeps_variable_names_and_opens_a_new_name_scope() -> None:
    with tf.variable_scope("a") as scope:
        tf.get_variable("v", [1])
    with tf.variable_scope(scope, reuse=True):
        assert tf.get_variable("v", [1]).op.name == "a/v"
        assert tf.constant(1).op.name == "a_1/Const"
    with tf.variable_scope(scope, auxiliary_name_scope=False):
        assert tf.constant(1).op.name == "Const"


def test_default_names_are_made_unique() -> None:
    names = []
    for _ in range(2):
        with tf.variable_scope(None, "layer"):
            names.append(tf.get_variable("v", [1]).op.name)
    assert names == ["layer/v", "layer_1/v"]


def test_custom_getters_wrap_each_other_from_the_inside_out() -> None:
    def marking(mark: str) -> Any:
        def getter(getter: Any, name: str, *args: Any, **kwargs: Any) -> Any:
            return getter(f"{name}_{mark}", *args, **kwargs)

        return getter

    outer = tf.variable_scope("a", custom_getter=marking("outer"))
    with outer, tf.variable_scope("b", custom_getter=marking("inner")):
        assert tf.get_variable("v", [1]).op.name == "a/b/v_inner_outer"


def test_regularizer_adds_a_loss() -> None:
    with tf.variable_scope("a", regularizer=lambda v: tf.reduce_sum(v) * 0.5):
        tf.get_variable("v", [2], initializer=tf.ones_initializer())
        tf.get_variable("w", [2], regularizer=tf.no_regularizer)
    [loss] = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    with initialized(tf.Session()) as s:
        assert s.run(loss) == 1.0


def test_variables_of_a_scope_are_found() -> None:
    tf.get_variable("b", [1])
    with tf.variable_scope("a") as scope:
        v = tf.get_variable("v", [1])
        w = tf.get_local_variable("w", [1])
    assert scope.global_variables() == [v]
    assert scope.local_variables() == [w]
    assert not w.trainable


def test_creator_scope_sees_every_variable() -> None:
    seen = []

    def creator(next_creator: Any, **kwargs: Any) -> Any:
        seen.append(kwargs["name"])
        return next_creator(**kwargs)

    with tf.variable_creator_scope(creator):
        tf.Variable(1.0, name="a")
        tf.get_variable("b", [1])
    tf.Variable(1.0, name="c")
    assert seen == ["a", "b"]


@both_kinds
def test_parts_are_one_tensor(use_resource: bool) -> None:
    with tf.variable_scope("a", partitioner=lambda shape, dtype: [2, 1]):
        v = tf.get_variable("v", initializer=tf.zeros([5, 2]), use_resource=use_resource)
    assert [p.shape.as_list() for p in v] == [[3, 2], [2, 2]]
    assert [p._get_save_slice_info().spec for p in v] == ["5 2 0,3:0,2", "5 2 3,2:0,2"]
    put = v.assign(np.arange(10, dtype=np.float32).reshape(5, 2), read_value=False)
    with initialized(tf.Session()) as s:
        s.run(put)
        assert s.run(tf.convert_to_tensor(v)).ravel().tolist() == list(range(10))


def test_scopes_belong_to_a_thread() -> None:
    seen = []
    graph = tf.get_default_graph()

    def elsewhere() -> None:
        with graph.as_default():
            seen.append(tf.get_variable_scope().name)

    with tf.variable_scope("a"):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert seen == [""]


# --- the global step ---
def test_global_step_is_made_once() -> None:
    assert tf.train.get_global_step() is None
    step = tf.train.create_global_step()
    assert (step.op.name, step.dtype.base_dtype, step.trainable) == ("global_step", tf.int64, False)
    assert tf.train.get_or_create_global_step() is step
    with pytest.raises(ValueError, match='"global_step" already exists'):
        tf.train.create_global_step()


def test_global_step_must_be_an_integer_scalar() -> None:
    with pytest.raises(TypeError, match="does not have integer type"):
        tf.train.assert_global_step(tf.Variable(1.0))
    with pytest.raises(TypeError, match="is not scalar"):
        tf.train.assert_global_step(tf.Variable([1]))
    with pytest.raises(TypeError, match="must be a Variable or Tensor"):
        tf.train.assert_global_step(1)


def test_more_parts_than_rows_are_refused() -> None:
    with tf.Graph().as_default(), pytest.raises(ValueError, match="offset < shape but found offse"):
        tf.get_variable("v", [4], partitioner=lambda **_: [9])
