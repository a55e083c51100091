"""Freezing a graph: loops, branches and both kinds of variables become one without variables."""

from __future__ import annotations

import numpy as np
import pytest

import graphflow as tf


def model(use_resource):
    """A graph with a loop, a branch and a table; returns the session."""
    graph = tf.Graph()
    with graph.as_default():
        w = tf.get_variable("w", initializer=np.float32([1, 2]), use_resource=use_resource)
        table = np.float32([[1, 2], [3, 4]])
        t = tf.get_variable("t", initializer=table, use_resource=use_resource)
        x = tf.placeholder(tf.float32, [2], name="x")
        flag = tf.placeholder(tf.bool, [], name="flag")
        y = tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * w), [0, x])[1]
        z = tf.cond(flag, lambda: y + w, lambda: y - w)
        tf.add(z, tf.reduce_sum(tf.nn.embedding_lookup(t, [1, 0])), name="out")
        sess = tf.Session(graph=graph)
        sess.run(tf.global_variables_initializer())
    return sess


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("flag", [False, True])
def test_frozen_graph_computes_the_same_without_variables(use_resource, flag):
    sess = model(use_resource)
    feeds = {"x:0": [1.0, -2.0], "flag:0": flag}
    message = sess.graph.as_graph_def()
    frozen = tf.graph_util.convert_variables_to_constants(sess, message, ["out"])
    types = {node.op for node in frozen.node}
    assert not types & {"VariableV2", "VarHandleOp", "ReadVariableOp", "ResourceGather", "Assign"}
    with tf.Graph().as_default(), tf.Session() as other:
        [out] = tf.import_graph_def(frozen, return_elements=["out:0"], name="")
        assert other.run(out, feeds).tolist() == sess.run("out:0", feeds).tolist()


@pytest.mark.parametrize(
    ("arguments", "frozen"),
    [
        ({"variable_names_whitelist": ["w"]}, {"w"}),
        ({"variable_names_blacklist": ["w"]}, {"t"}),
        ({"variable_names_whitelist": ["w", "t"], "variable_names_blacklist": ["t"]}, {"w"}),
    ],
)
def test_lists_choose_the_variables(arguments, frozen):
    sess = model(use_resource=False)
    message = sess.graph.as_graph_def()
    found = tf.graph_util.convert_variables_to_constants(sess, message, ["out"], **arguments)
    assert {n.name for n in found.node if n.op == "Const" and n.name in "wt"} == frozen
    assert {n.name for n in found.node if n.op == "VariableV2"} == {"w", "t"} - frozen


def test_meta_graph_with_a_loop_is_imported_into_a_scope_and_differentiated():
    sess = model(use_resource=False)
    with sess.graph.as_default():
        message = tf.train.export_meta_graph()
    with tf.Graph().as_default() as graph, tf.Session() as other:
        tf.train.import_meta_graph(message, import_scope="in")
        ends = [graph.get_tensor_by_name(f"in/{name}:0") for name in ("out", "x")]
        [slope] = tf.gradients(*ends)
        other.run(tf.global_variables_initializer())
        assert other.run(slope, {ends[1]: [1, 2], "in/flag:0": True}).tolist() == [1, 8]
