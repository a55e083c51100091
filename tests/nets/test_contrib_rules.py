"""tf.contrib's argument scopes, collections and refusals."""

from __future__ import annotations

import numpy as np
import pytest

import graphflow as tf

slim = tf.contrib.slim


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as made:
        yield made


def images(*sizes):
    return tf.placeholder(tf.float32, [None, *sizes])


# --- argument scopes ---
@slim.add_arg_scope
def func1(*args, **kwargs):
    return args, kwargs


@slim.add_arg_scope
def func2(a, b=1, c=2):
    """Its docstring."""
    return a, b, c


def test_scope_gives_defaults_and_calls_go_first():
    with slim.arg_scope([func1, func2], b=5):
        assert func1(0) == ((0,), {"b": 5})
        assert func2(0) == (0, 5, 2)
        assert func2(0, b=6, c=7) == (0, 6, 7)
        with slim.arg_scope([func1], c=8), slim.arg_scope((func1,), b=9):
            assert func1() == ((), {"b": 9, "c": 8})
            assert func2(0) == (0, 5, 2)
        assert func1() == ((), {"b": 5})
    assert func2(0) == (0, 1, 2)


def test_scope_is_opened_again():
    with slim.arg_scope([func2], b=5) as kept:
        pass
    with slim.arg_scope([func2], c=6), slim.arg_scope(kept):
        assert func2(0) == (0, 5, 2)
    with slim.arg_scope({}):
        assert slim.current_arg_scope() == {}


def test_scope_ends_with_an_error():
    with pytest.raises(KeyError), slim.arg_scope([func2], b=5):
        raise KeyError
    assert func2(0) == (0, 1, 2)


@pytest.mark.parametrize(
    ("given", "kwargs", "error"),
    [(func2, {}, TypeError), ([max], {}, ValueError), ({}, {"b": 1}, ValueError)],
)
def test_what_is_no_scope_is_refused(given, kwargs, error):
    with pytest.raises(error), slim.arg_scope(given, **kwargs):
        pass


def test_decorated_functions_are_told_by_their_keys():
    assert slim.has_arg_scope(func2)
    assert not slim.has_arg_scope(func2.__wrapped__.__class__)
    assert slim.arg_scoped_arguments(func2) == ("b", "c")
    assert slim.arg_scope_func_key(func2) == func2._key_op
    assert (func2.__name__, func2.__doc__) == ("func2", "Its docstring.")
    keys = {slim.arg_scope_func_key(f) for f in (slim.conv1d, slim.conv2d, slim.convolution)}
    assert len(keys) == 3
    assert slim.conv2d is tf.contrib.layers.convolution2d
    assert "rate" in slim.arg_scoped_arguments(slim.conv2d)


# --- collections ---
def test_results_are_found_by_the_names_of_their_layers():
    with tf.variable_scope("net"):
        y = slim.conv2d(images(4, 4, 3), 2, 1, scope="one", outputs_collections=["ends"])
        z = slim.flatten(y, scope="two", outputs_collections="ends")
    assert slim.utils.convert_collection_to_dict("ends") == {"net/one": y, "net/two": z}
    assert slim.utils.gather_tensors_aliases([y, z]) == ["net/one", "net/two"]
    named = slim.utils.convert_collection_to_dict("ends", clear_collection=True)
    assert list(named) == ["net/one", "net/two"]
    assert tf.get_collection("ends") == []
    assert slim.utils.get_tensor_aliases(tf.zeros([2], name="plain")) == ["plain"]


def test_variables_go_into_their_collections_once():
    slim.fully_connected(images(3), 2, variables_collections={"weights": ["w", "all"]}, scope="a")
    slim.fully_connected(
        images(3), 2, variables_collections={"weights": ["w"]}, scope="a", reuse=True
    )
    assert [v.op.name for v in tf.get_collection("w")] == ["a/weights"]
    assert [v.op.name for v in slim.get_model_variables()] == ["a/weights", "a/biases"]


# --- values known before a run ---
def test_smart_cond_asks_only_where_it_must(graph):
    then, otherwise = (lambda: tf.constant(1)), (lambda: tf.constant(2))
    utils = slim.utils
    assert utils.smart_cond(True, then, otherwise).op.type == "Const"
    assert utils.smart_cond(tf.constant(False), then, otherwise).op.type == "Const"
    assert utils.smart_cond(tf.placeholder(tf.bool), then, otherwise).op.type == "Merge"
    with pytest.raises(TypeError, match="fn2 must be callable"):
        utils.smart_cond(True, then, 3)
    assert utils.constant_value(tf.Variable(1)) is None
    assert utils.constant_value(tf.constant(3), tf.int32) == 3
    with pytest.raises(ValueError, match="wrong type"):
        utils.constant_value(tf.constant(3), tf.float32)
    with pytest.raises(ValueError, match="cannot be None"):
        utils.constant_value(None)


def test_sizes_are_checked():
    utils = slim.utils
    assert utils.two_element_tuple(3) == (3, 3)
    assert utils.two_element_tuple([1, 2]) == (1, 2)
    assert utils.two_element_tuple(tf.TensorShape([4, 5])) == (4, 5)
    assert utils.n_positive_integers(2, 3) == (3, 3)
    assert utils.n_positive_integers(2, [3, 4]) == (3, 4)
    assert utils.channel_dimension(tf.TensorShape([None, 3, None]), "channels_first") == 3
    for call in (
        lambda: utils.two_element_tuple([1, 2, 3]),
        lambda: utils.two_element_tuple("x"),
        lambda: utils.n_positive_integers(0, 3),
        lambda: utils.n_positive_integers(2, [1, 2, 3]),
        lambda: utils.n_positive_integers(2, [1, 0]),
        lambda: utils.n_positive_integers(2, ["a", "b"]),
        lambda: utils.last_dimension(tf.TensorShape([None])),
        lambda: utils.last_dimension(tf.TensorShape(None)),
        lambda: utils.last_dimension(tf.TensorShape([3]), min_rank=2),
    ):
        with pytest.raises(ValueError, match=r"[Mm]ust|[Ee]xpected|shape"):
            call()


# --- refusals ---
@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: slim.conv2d(images(3), 2, 1), ValueError, "input with rank 4, got 2"),
        (lambda: slim.convolution(images(3), 2, 1), ValueError, "not supported for input with"),
        (lambda: slim.conv2d(images(4, 4, 3), 2, 1, data_format="NXY"), ValueError, "Invalid data"),
        (lambda: slim.conv2d(images(4, 4, None), 2, 1), ValueError, "channel dimension"),
        (lambda: slim.max_pool2d(images(4, 4, 3), 2, data_format="X"), ValueError, "either NCHW"),
        (lambda: slim.fully_connected(images(3), 2.0), ValueError, "num_outputs type should be"),
        (lambda: slim.batch_norm(tf.placeholder(tf.float32)), ValueError, "rank"),
        (lambda: slim.batch_norm(images(None)), ValueError, "`C` dimension must be known"),
        (lambda: slim.batch_norm(images(4, 4, 3), data_format="X"), ValueError, "either NCHW"),
        (
            lambda: slim.batch_norm(images(4, 3), renorm=True, updates_collections=None),
            ValueError,
            "renorm is not supported with",
        ),
        (lambda: slim.layer_norm(tf.placeholder(tf.float32)), ValueError, "undefined rank"),
        (lambda: slim.layer_norm(images(3), begin_norm_axis=2), ValueError, "must be < rank"),
        (lambda: slim.layer_norm(images(None)), ValueError, "not fully defined"),
        (lambda: slim.instance_norm(images(4, None)), ValueError, "undefined channels dimension"),
        (lambda: slim.group_norm(images(4, 4, 6), 4), ValueError, "not commensurate with"),
        (lambda: slim.group_norm(images(4, 4, 6), 8), ValueError, "Invalid groups 8 for 6"),
        (lambda: slim.group_norm(images(4, 4, 6), 2, 7), ValueError, "out of bounds"),
        (lambda: slim.group_norm(images(4, 6), 2, -1, [2]), ValueError, "mutually exclusive"),
        (lambda: slim.unit_norm(images(3), -1), ValueError, "dim must be positive but"),
        (lambda: slim.maxout(images(7), 2), ValueError, "not a multiple of num_units"),
        (lambda: slim.bias_add(images(None)), ValueError, "`C` dimension must be known"),
        (lambda: slim.bias_add(images(3), data_format="NCHW"), ValueError, "only supports 4D"),
        (lambda: slim.softmax(tf.placeholder(tf.float32, [3])), ValueError, "at least 2"),
        (lambda: slim.embed_sequence(images(3)), ValueError, "Must specify vocab size"),
        (lambda: slim.stack(images(3), slim.relu, 3), ValueError, "need to be a list"),
        (lambda: slim.variance_scaling_initializer(mode="X"), TypeError, "Unknown mode"),
        (lambda: slim.xavier_initializer(dtype=tf.int32), TypeError, "non-floating"),
        (lambda: slim.losses.cosine_distance(images(3), images(3)), ValueError, "specify 'axis'"),
    ],
)
def test_mistakes_are_told_as_tensorflow_tells_them(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_layers_share_variables_only_when_asked():
    x = images(3)
    slim.fully_connected(x, 2, scope="a")
    with pytest.raises(ValueError, match="already exists"):
        slim.fully_connected(x, 2, scope="a")
    with pytest.raises(ValueError, match="does not exist"):
        slim.fully_connected(x, 2, scope="b", reuse=True)


# --- sizes of models ---
def test_analyzer_counts_elements_and_bytes(graph, capsys):
    v = tf.get_variable("v", [2, 3], tf.float64)
    w = tf.get_variable("w", [4])
    assert slim.model_analyzer.analyze_vars([v, w], print_info=True) == (10, 64)
    assert "v:0 (float64_ref 2x3) [6, bytes: 48]" in capsys.readouterr().out
    assert slim.model_analyzer.analyze_ops(graph) == sum(
        int(np.prod(t.shape.as_list())) for op in graph.get_operations() for t in op.outputs
    )
    slim.model_analyzer.analyze_ops(graph, print_info=True)
    assert "w \t-> (float32_ref 4) [4]" in capsys.readouterr().out


def test_zero_fraction_has_the_nodes_of_tensorflow() -> None:
    with tf.Graph().as_default() as graph:
        tf.nn.zero_fraction(tf.constant([0.0, 1.0]))
        counted = graph.get_operation_by_name("zero_fraction/cond/count_nonzero/NotEqual")
        assert counted.inputs[1].name == "zero_fraction/cond/count_nonzero/zeros:0"
        summed = graph.get_operation_by_name("zero_fraction/cond/count_nonzero/nonzero_count")
        assert summed.inputs[1].name == "zero_fraction/cond/count_nonzero/Const:0"
