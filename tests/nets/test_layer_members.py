"""What layers and cells say about themselves, as TensorFlow 1.15.5 answers.

The values were looked up with TensorFlow 1.15.5.
"""

from __future__ import annotations

import collections.abc
from typing import Any

import pytest

import graphflow as tf

ZEROS = {"class_name": "Zeros", "config": {"dtype": "float32"}}
CONSTRAINED = {"bias_initializer": ZEROS} | dict.fromkeys(
    (
        "kernel_initializer", "kernel_regularizer", "bias_regularizer", "activity_regularizer",
        "kernel_constraint", "bias_constraint",
    )
)  # fmt: skip


@pytest.fixture(autouse=True)
def graph() -> collections.abc.Iterator[Any]:
    with tf.Graph().as_default() as g:
        yield g


def test_layers_are_no_nodes_of_a_model() -> None:
    layer = tf.layers.Dense(3)
    layer(tf.zeros([2, 4]))
    assert layer.inbound_nodes == layer.outbound_nodes == layer.metrics == []
    assert layer.graph is None
    assert not layer.dynamic
    for member, says in {
        "input": "Layer dense_1 is not connected, no input to return.",
        "input_mask": "Layer dense_1 is not connected, no input to return.",
        "output": "Layer dense_1 has no inbound nodes.",
        "output_mask": "Layer dense_1 has no inbound nodes.",
        "input_shape": "The layer has never been called and thus has no defined input shape.",
        "output_shape": "The layer has never been called and thus has no defined output shape.",
    }.items():
        with pytest.raises(AttributeError, match=says):
            getattr(layer, member)
    for what in ("input", "output", "input_shape", "output_shape", "input_mask", "output_mask"):
        said = what.replace("_mask", "").replace("_", " ")
        with pytest.raises(RuntimeError, match=f"never been called and thus has no defined {said}"):
            getattr(layer, f"get_{what}_at")(0)


def test_layers_know_the_layers_in_their_attributes() -> None:
    class Two(tf.layers.Layer):  # type: ignore[misc]  # found when imported
        def __init__(self) -> None:
            super().__init__()
            self.first = tf.layers.Dense(2)
            self.more = [tf.layers.Flatten()]

    two = Two()
    assert isinstance(two, tf.Module)
    assert two.submodules == (two.first, two.more[0])
    cells = [tf.nn.rnn_cell.GRUCell(2), tf.nn.rnn_cell.GRUCell(3)]
    assert tf.nn.rnn_cell.MultiRNNCell(cells).submodules == tuple(cells)
    assert not hasattr(two, "name_scope")  # it needs a Module's constructor


def test_configs_are_those_of_tensorflow() -> None:
    dense = tf.layers.Dense(
        3,
        tf.nn.relu,
        kernel_initializer=tf.truncated_normal_initializer(stddev=0.1, seed=3),
        kernel_regularizer="l2",
        bias_regularizer=tf.contrib.layers.l1_regularizer(0.1),
    )
    assert dense.get_config() == {
        **CONSTRAINED,
        "name": "dense_1",
        "trainable": True,
        "dtype": None,
        "units": 3,
        "activation": "relu",
        "use_bias": True,
        "bias_regularizer": "l1",
        "kernel_initializer": {
            "class_name": "TruncatedNormal",
            "config": {"mean": 0.0, "stddev": 0.1, "seed": 3, "dtype": "float32"},
        },
        "kernel_regularizer": {
            "class_name": "L1L2",
            "config": {"l1": 0.0, "l2": 0.009999999776482582},
        },
    }
    assert tf.layers.Conv2D(4, 3, 2, activation="tanh", use_bias=False).get_config() == {
        **CONSTRAINED,
        "name": "conv2d_1",
        "trainable": True,
        "dtype": None,
        "filters": 4,
        "kernel_size": (3, 3),
        "strides": (2, 2),
        "padding": "valid",
        "use_bias": False,
        "data_format": "channels_last",
        "dilation_rate": (1, 1),
        "activation": "tanh",
    }
    assert tf.layers.MaxPooling2D(2, 2).get_config() == {
        "name": "max_pooling2d_1",
        "trainable": True,
        "dtype": None,
        "pool_size": (2, 2),
        "strides": (2, 2),
        "padding": "valid",
        "data_format": "channels_last",
    }
    norm = tf.layers.BatchNormalization()
    norm(tf.zeros([2, 4]))
    config = norm.get_config()
    assert config["axis"] == [1]
    assert config["dtype"] == "float32"
    assert config["gamma_initializer"] == {"class_name": "Ones", "config": {"dtype": "float32"}}


def test_configs_of_cells_are_those_of_tensorflow() -> None:
    cells = tf.nn.rnn_cell
    base = {"trainable": True, "dtype": None}
    lstm = {"activation": "tanh", "forget_bias": 1.0, "reuse": None, "state_is_tuple": True}
    assert cells.BasicLSTMCell(3).get_config() == {
        **base, **lstm, "name": "basic_lstm_cell_1", "num_units": 3
    }  # fmt: skip
    assert cells.LSTMCell(3, use_peepholes=True).get_config() == {
        **base, **lstm, "name": "lstm_cell_1", "num_units": 3, "use_peepholes": True,
        **dict.fromkeys(
            ("cell_clip", "initializer", "num_proj", "num_proj_shards", "num_unit_shards",
             "proj_clip")
        ),
    }  # fmt: skip
    gru = {
        **base, "name": "gru_cell_1", "num_units": 2, "kernel_initializer": None,
        "bias_initializer": None, "activation": "tanh", "reuse": None,
    }  # fmt: skip
    cell = cells.GRUCell(2)
    assert cell.get_config() == gru
    wrapper = cells.DropoutWrapper(cell, 0.5)
    assert wrapper.get_config() == {
        **base, "name": "dropout_wrapper_1", "cell": {"class_name": "GRUCell", "config": gru},
        "input_keep_prob": 0.5, "output_keep_prob": 1.0, "state_keep_prob": 1.0,
        "variational_recurrent": False, "input_size": None, "seed": None,
    }  # fmt: skip
    with pytest.raises(ValueError, match="RNNCellWrapper cannot reconstruct the wrapped cell"):
        cells.DropoutWrapper.from_config(wrapper.get_config())
    assert cells.DropoutWrapper.from_config({**wrapper.get_config(), "cell": cell}).cell is cell
    with pytest.raises(TypeError, match="unexpected keyword argument 'name'"):
        cells.MultiRNNCell.from_config(cells.MultiRNNCell([cell]).get_config())


def test_layer_of_a_config_is_such_a_layer() -> None:
    x = tf.zeros([1, 8, 8, 2])
    layer = tf.layers.Conv2D(3, 2, activation=tf.nn.relu, kernel_regularizer="l2", name="eyes")
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again(x).name == "eyes/Relu:0"
    assert [v.name for v in again.weights] == ["eyes/kernel:0", "eyes/bias:0"]
    assert len(again.losses) == 1


def test_subclasses_with_arguments_need_a_config_of_their_own() -> None:
    class Scaled(tf.layers.Layer):  # type: ignore[misc]  # found when imported
        def __init__(self, scale: float, name: str | None = None) -> None:
            super().__init__(name=name)
            self.scale = scale

    scaled = Scaled(2.0)
    with pytest.raises(NotImplementedError, match="must override `get_config`"):
        scaled.get_config()
    mask = tf.constant([True])
    assert scaled.compute_mask(mask) is None
    with pytest.raises(TypeError, match="does not support masking, but was passed an input_mask"):
        scaled.compute_mask(mask, mask)
    assert tf.layers.Dense(1).compute_mask(mask, mask) is mask


def test_signatures_follow_from_shapes() -> None:
    spec = tf.TensorSpec([5, 4, 2], tf.float16)
    assert tf.layers.Flatten().compute_output_signature(spec) == tf.TensorSpec([5, 8], tf.float16)
    with pytest.raises(TypeError, match="Only TensorSpec signature types are supported"):
        tf.layers.Flatten().compute_output_signature(3)


def test_keras_style_layers_keep_their_variables_to_themselves() -> None:
    x = tf.placeholder(tf.float32, [None, 4])
    with tf.layers.experimental.keras_style_scope():
        layer = tf.layers.Dense(3, kernel_regularizer=tf.contrib.layers.l2_regularizer(0.1))
        assert layer(x).name == "dense_1/BiasAdd:0"
        assert [v.name for v in layer.weights] == ["dense_1/kernel:0", "dense_1/bias:0"]
        assert layer.weights[0].op.type == "VarHandleOp"
        assert [t.name for t in tf.losses.get_regularization_losses()] == [
            "dense_1/dense_1/kernel/Regularizer/l2_regularizer:0"
        ]
        with tf.variable_scope("outer"):
            other = tf.layers.Dense(3)
            assert other(x).name == "outer/dense_2/BiasAdd:0"
            assert other(x).name == "outer/dense_2_1/BiasAdd:0"
        norm = tf.layers.BatchNormalization()
        norm(x, training=True)
        assert [u.name for u in norm.updates] == [
            "batch_normalization_1/AssignMovingAvg/AssignSubVariableOp",
            "batch_normalization_1/AssignMovingAvg_1/AssignSubVariableOp",
        ]
        assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == []
        cell = tf.nn.rnn_cell.GRUCell(3)
        cell(x, tf.zeros([1, 3]))
        assert [v.name for v in cell.weights] == [
            "gru_cell_1/gates/kernel:0", "gru_cell_1/gates/bias:0",
            "gru_cell_1/candidate/kernel:0", "gru_cell_1/candidate/bias:0",
        ]  # fmt: skip
        with pytest.raises(ValueError, match="scope argument not allowed when keras style layers"):
            tf.layers.dense(x, 3, name="named")
        with pytest.raises(ValueError, match="reuse argument not allowed when keras style layers"):
            tf.layers.dense(x, 3, reuse=True)
        with pytest.raises(ValueError, match="but saw: mine"):
            layer(x, scope="mine")
    assert tf.layers.dense(x, 3).name == "dense/BiasAdd:0"


def test_named_activations_make_the_nodes_of_tensorflow(graph: Any) -> None:
    tf.layers.dense(tf.zeros([1, 2]), 3, "hard_sigmoid")
    assert [op.name for op in graph.get_operations()][-8:] == [
        "dense/Const", "dense/Const_1", "dense/Mul", "dense/Add",
        "dense/clip_by_value/Minimum/y", "dense/clip_by_value/Minimum",
        "dense/clip_by_value/y", "dense/clip_by_value",
    ]  # fmt: skip
    assert tf.layers.Dense(3).get_weights() == []
