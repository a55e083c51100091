"""What recurrent networks refuse, and how their objects behave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphflow as tf

rnn = tf.nn.rnn_cell


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf.Graph().as_default() as made:
        yield made


def _input(*sizes: int | None, dtype: Any = "float32") -> Any:
    return tf.placeholder(dtype, sizes)


class NoCell:
    """Lacks all that a cell has but sizes."""

    output_size = state_size = 3


class Own(rnn.RNNCell):
    """Adds its input to its state."""

    @property
    def state_size(self) -> int:
        return 2

    @property
    def output_size(self) -> int:
        return 2

    def call(self, inputs: Any, state: Any) -> Any:
        return inputs + state, inputs + state


class Wrong(Own):
    """Returns a state of another structure."""

    def call(self, inputs: Any, state: Any) -> Any:
        return inputs, (state, state)


Make = Callable[[], Any]
MISTAKES: dict[str, tuple[type[Exception], str, Make]] = {
    "no cell": (
        TypeError,
        r"The argument 'cell' \(.*\) is not an RNNCell: either 'zero_state' or "
        r"'get_initial_state' method is required, is not callable\.",
        lambda: tf.nn.dynamic_rnn(NoCell(), _input(2, 3, 4), dtype=tf.float32),
    ),
    "no type": (
        ValueError,
        "If there is no initial_state, you must give a dtype.",
        lambda: tf.nn.dynamic_rnn(rnn.GRUCell(3), _input(2, 3, 4)),
    ),
    "no depth": (
        ValueError,
        "Input size .depth of inputs. must be accessible via shape inference, but saw value None.",
        lambda: tf.nn.dynamic_rnn(rnn.GRUCell(3), _input(2, 3, None), dtype=tf.float32),
    ),
    "a matrix": (
        ValueError,
        "Shape .* must have rank at least 3",
        lambda: tf.nn.dynamic_rnn(rnn.GRUCell(3), _input(2, 3), dtype=tf.float32),
    ),
    "a vector": (
        ValueError,
        "Expected input tensor .* to have rank at least 2",
        lambda: tf.nn.dynamic_rnn(rnn.GRUCell(3), _input(2), dtype=tf.float32, time_major=True),
    ),
    "lengths that are a matrix": (
        ValueError,
        r"sequence_length must be a vector of length batch_size, but saw shape: \(1, 1\)",
        lambda: tf.nn.dynamic_rnn(Own(), _input(2, 3, 4), [[1]], dtype=tf.float32),
    ),
    "steps that differ": (
        ValueError,
        "Time steps is not the same for all the elements in the input in a batch.",
        lambda: tf.nn.dynamic_rnn(Own(), (_input(2, 3, 4), _input(2, 5, 4)), dtype=tf.float32),
    ),
    "batches that differ": (
        ValueError,
        "Batch_size is not the same for all the elements in the input.",
        lambda: tf.nn.dynamic_rnn(Own(), (_input(2, 3, 4), _input(1, 3, 4)), dtype=tf.float32),
    ),
    "another structure": (
        ValueError,
        "The two structures don't have the same nested structure",
        lambda: tf.nn.dynamic_rnn(Wrong(), _input(2, 3, 2), [1, 2], dtype=tf.float32),
    ),
    "integers": (
        ValueError,
        "RNN cell only supports floating point inputs, but saw dtype: <dtype: 'int32'>",
        lambda: rnn.GRUCell(3)(_input(2, 4, dtype="int32"), _input(2, 3, dtype="int32")),
    ),
    "an integer type": (
        ValueError,
        "RNN cell only supports floating point inputs, but saw dtype: <dtype: 'int32'>",
        lambda: rnn.LSTMCell(3, dtype=tf.int32),
    ),
    "an unknown width": (
        ValueError,
        r"Expected inputs.shape\[-1\] to be known, saw shape: \(2, None\)",
        lambda: rnn.BasicLSTMCell(3)(_input(2, None), (_input(2, 3), _input(2, 3))),
    ),
    "an unknown activation": (
        ValueError,
        "Unknown activation function:tan",
        lambda: rnn.BasicRNNCell(3, activation="tan"),
    ),
    "an empty stack": (
        ValueError,
        "Must specify at least one cell for MultiRNNCell.",
        lambda: rnn.MultiRNNCell([]),
    ),
    "a stack of one thing": (
        TypeError,
        "cells must be a list or tuple, but saw",
        lambda: rnn.MultiRNNCell(rnn.GRUCell(3)),
    ),
    "a stack of tuples in one tensor": (
        ValueError,
        "Some cells return tuples of states, but the flag state_is_tuple is not set.  State sizes",
        lambda: rnn.MultiRNNCell([rnn.BasicLSTMCell(2)], state_is_tuple=False),
    ),
    "one state for a stack": (
        ValueError,
        "Expected state to be a tuple of length 1, but received: Tensor",
        lambda: rnn.MultiRNNCell([rnn.GRUCell(2)])(_input(3, 2), _input(3, 2)),
    ),
    "a share above one": (
        ValueError,
        "Parameter input_keep_prob must be between 0 and 1: 2",
        lambda: rnn.DropoutWrapper(rnn.GRUCell(2), input_keep_prob=2.0),
    ),
    "a negative share": (
        ValueError,
        "Parameter state_keep_prob must be between 0 and 1: -1",
        lambda: rnn.DropoutWrapper(rnn.GRUCell(2), state_keep_prob=-1.0),
    ),
    "masks without a type": (
        ValueError,
        "When variational_recurrent=True, dtype must be provided",
        lambda: rnn.DropoutWrapper(rnn.GRUCell(2), variational_recurrent=True),
    ),
    "masks without a size": (
        ValueError,
        "input_keep_prob < 1.0 or is unknown, input_size must be provided",
        lambda: rnn.DropoutWrapper(
            rnn.GRUCell(2), 0.5, variational_recurrent=True, dtype=tf.float32
        ),
    ),
    "a filter that cannot be called": (
        TypeError,
        "dropout_state_filter_visitor must be callable",
        lambda: rnn.DropoutWrapper(rnn.GRUCell(2), dropout_state_filter_visitor=3),
    ),
    "a sum of other sizes": (
        ValueError,
        r"Shapes \(2, 4\) and \(2, 3\) are incompatible",
        lambda: rnn.ResidualWrapper(rnn.GRUCell(3))(_input(2, 4), _input(2, 3)),
    ),
    "a state that knows nothing": (
        ValueError,
        "batch_size and dtype cannot be None while constructing initial state: batch_size=None",
        lambda: rnn.GRUCell(3).get_initial_state(),
    ),
    "another batch size": (
        ValueError,
        "batch size from input tensor is different from the input param. Input tensor batch: 2",
        lambda: rnn.GRUCell(3).get_initial_state(_input(2, 3), batch_size=4),
    ),
    "another type": (
        ValueError,
        "dtype from input tensor is different from the input param. Input tensor dtype: <dtype",
        lambda: rnn.GRUCell(3).get_initial_state(_input(2, 3), dtype=tf.float64),
    ),
    "a raw loop of nothing": (
        TypeError,
        "loop_fn must be a callable",
        lambda: tf.nn.raw_rnn(rnn.GRUCell(3), 3),  # type: ignore[arg-type]  # the mistake
    ),
    "inputs that are no list": (
        TypeError,
        "inputs must be a sequence",
        lambda: tf.nn.static_rnn(rnn.GRUCell(3), _input(2, 3), dtype=tf.float32),
    ),
    "an empty list": (
        ValueError,
        "inputs must not be empty",
        lambda: tf.nn.static_bidirectional_rnn(rnn.GRUCell(3), rnn.GRUCell(3), []),
    ),
    "no type for a list": (
        ValueError,
        "If no initial_state is provided, dtype must be specified",
        lambda: tf.nn.static_rnn(rnn.GRUCell(3), [_input(2, 3)]),
    ),
    "a list of unknown depth": (
        ValueError,
        r"Input size \(dimension 0 of inputs\) must be accessible via shape inference",
        lambda: tf.nn.static_rnn(rnn.GRUCell(3), [_input(2, None)], dtype=tf.float32),
    ),
    "one name for two states": (
        ValueError,
        "state_name should be the same type as cell.state_size.  state_name: s",
        lambda: tf.nn.static_state_saving_rnn(rnn.BasicLSTMCell(2), [_input(2, 3)], None, "s"),
    ),
    "too few names": (
        ValueError,
        r"#elems\(state_name\) != #elems\(state_size\): 1 vs. 2",
        lambda: tf.nn.static_state_saving_rnn(rnn.BasicLSTMCell(2), [_input(2, 3)], None, ("s",)),
    ),
    "a projection to nothing": (
        ValueError,
        "Parameter output_size must be > 0: 0.",
        lambda: tf.contrib.rnn.OutputProjectionWrapper(rnn.GRUCell(3), 0),
    ),
    "an embedding of nothing": (
        ValueError,
        "Both embedding_classes and embedding_size must be > 0: 3, 0.",
        lambda: tf.contrib.rnn.EmbeddingWrapper(rnn.GRUCell(3), 3, 0),
    ),
    "layers of other depth": (
        ValueError,
        "Forward and Backward cells must have the same depth.",
        lambda: tf.contrib.rnn.stack_bidirectional_dynamic_rnn(
            [rnn.GRUCell(3)], [rnn.GRUCell(3)] * 2, _input(2, 3, 4)
        ),
    ),
    "losses of other lengths": (
        ValueError,
        "Lengths of logits, weights, and targets must be the same 2, 1, 2.",
        lambda: tf.contrib.legacy_seq2seq.sequence_loss([1, 2], [1, 2], [1]),
    ),
    "a loss both averaged and summed": (
        ValueError,
        "average_across_batch and sum_over_batch cannot be set to True at same time.",
        lambda: tf.contrib.seq2seq.sequence_loss(
            _input(2, 3, 4), _input(2, 3), _input(2, 3), sum_over_batch=True
        ),
    ),
}


@pytest.mark.parametrize("name", list(MISTAKES))
def test_mistakes_are_said_with_the_words_of_tensorflow(name: str) -> None:
    kind, says, make = MISTAKES[name]
    with pytest.raises(kind, match=says):
        make()


def test_lengths_of_another_number_fail_when_they_run() -> None:
    lengths = tf.placeholder(tf.int32, [None])
    outputs, _ = tf.nn.dynamic_rnn(Own(), tf.zeros([2, 3, 2]), lengths, dtype=tf.float32)
    with (
        tf.Session() as session,
        pytest.raises(tf.errors.InvalidArgumentError, match="Expected shape for Tensor"),
    ):
        session.run(outputs, {lengths: [1, 2, 3]})


def test_a_cell_without_variables_adds_up() -> None:
    x = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    outputs, state = tf.nn.dynamic_rnn(Own(), tf.constant(x), [2, 3], dtype=tf.float32)
    with tf.Session() as session:
        y, last = session.run([outputs, state])
    np.testing.assert_array_equal(y[1], np.cumsum(x[1], 0))
    np.testing.assert_array_equal(y[0], [[0, 1], [2, 4], [0, 0]])
    np.testing.assert_array_equal(last, [[2, 4], [24, 27]])


def test_no_steps_leave_the_first_state() -> None:
    outputs, state = tf.nn.dynamic_rnn(
        Own(), _input(2, None, 2), initial_state=tf.ones([2, 2]), dtype=tf.float32
    )
    x = tf.get_default_graph().get_operation_by_name("Placeholder").outputs[0]
    with tf.Session() as session:
        y, last = session.run([outputs, state], {x: np.zeros((2, 0, 2))})
    assert y.shape == (2, 0, 2)
    np.testing.assert_array_equal(last, np.ones((2, 2)))


def test_a_state_of_two_types_has_none() -> None:
    state = rnn.LSTMStateTuple(tf.zeros([1]), tf.zeros([1], tf.float64))
    with pytest.raises(TypeError, match="Inconsistent internal state: <dtype: 'float32'> vs"):
        _ = state.dtype
    assert rnn.LSTMStateTuple(tf.zeros([1]), tf.ones([1])).dtype == tf.float32


def test_a_stack_has_the_variables_of_its_cells() -> None:
    cell = rnn.MultiRNNCell([rnn.GRUCell(2), rnn.BasicRNNCell(3)])
    cell(_input(2, 4), cell.zero_state(2, tf.float32))
    assert len(cell.trainable_weights) == 6
    assert cell.non_trainable_weights == []
    cell.trainable = False
    assert cell.trainable_weights == []
    assert len(cell.non_trainable_weights) == 6


def test_masks_are_the_same_in_all_steps() -> None:
    cell = rnn.DropoutWrapper(
        rnn.BasicRNNCell(40), output_keep_prob=0.5, variational_recurrent=True, dtype=tf.float32
    )
    assert cell.wrapped_cell is cell.cell
    outputs, _ = tf.nn.dynamic_rnn(cell, tf.ones([2, 6, 3]), dtype=tf.float32)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        kept = session.run(outputs) != 0
    assert 0 < kept.mean() < 1
    assert (kept == kept[:1, :1]).all()


def test_inner_loops_do_not_cache_variables() -> None:
    def step(_: Any, x: Any) -> Any:
        return tf.nn.dynamic_rnn(rnn.GRUCell(2), x, dtype=tf.float32)[1]

    found = tf.scan(step, tf.ones([3, 2, 4, 2]), tf.zeros([2, 2]))
    (slope,) = tf.gradients(found, tf.trainable_variables()[:1])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values, gradient = session.run([found, slope])
    assert values.shape == (3, 2, 2)
    assert np.abs(gradient).sum() > 0
