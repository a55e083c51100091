"""What decoders and attention refuse is what TensorFlow 1.15.5 refuses, in its words.

TensorFlow's side is recorded in tests/golden/rnn (see record_seq2seq.py there).
"""

from __future__ import annotations

import gzip
import json
import logging
import pathlib
from typing import Any

import numpy as np
import pytest

import graphflow as tf
from graphflow.nets import seq2seq_beam as beam
from graphflow.nets import seq2seq_mechanisms as mechanisms
from tests.nets import seq2seq_mistakes as mistakes

seq2seq = tf.contrib.seq2seq
PATH = pathlib.Path(__file__).parents[1] / "golden" / "rnn" / "seq2seq_1_15_5.json.gz"
RECORDED: dict[str, Any] = json.loads(gzip.decompress(PATH.read_bytes()))["mistakes"]


def test_every_mistake_is_recorded() -> None:
    assert RECORDED.keys() == mistakes.MISTAKES.keys()


@pytest.mark.parametrize("name", list(mistakes.MISTAKES))
def test_mistakes_are_found_as_in_tensorflow(name: str) -> None:
    stage, kind, says = RECORDED[name]
    found = mistakes.observed(tf, mistakes.MISTAKES[name])
    assert found[:2] == [stage, kind], found
    assert says in found[2]


# --- what objects say of themselves, and what TensorFlow's tests do not look at ---


@pytest.fixture(autouse=True)
def graph() -> Any:
    with tf.Graph().as_default() as made:
        yield made


def _run(fetches: Any) -> Any:
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches)


def _memory(*sizes: int) -> Any:
    return tf.constant(np.random.RandomState(1).normal(size=sizes).astype(np.float32))


def _wrapper(**options: Any) -> Any:
    mechanism = seq2seq.LuongAttention(4, _memory(3, 5, 4))
    return seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(4), mechanism, **options)


def test_sizes_of_a_wrapper_follow_from_its_parts() -> None:
    cell = _wrapper(alignment_history=True)
    assert cell.output_size == 4
    assert cell.state_size == seq2seq.AttentionWrapperState(
        cell_state=4, attention=4, time=tf.TensorShape([]), alignments=5, alignment_history=5,
        attention_state=5,
    )  # fmt: skip
    assert _wrapper(attention_layer_size=7).output_size == 7
    assert _wrapper(attention_layer=tf.layers.Dense(6)).output_size == 6
    assert _wrapper(output_attention=False, attention_layer_size=7).output_size == 4


def test_a_mechanism_shows_its_parts() -> None:
    mechanism = seq2seq.BahdanauAttention(2, _memory(3, 5, 4))
    assert mechanism.keys.shape.as_list() == [3, 5, 2]
    assert mechanism.values.shape.as_list() == [3, 5, 4]
    assert (mechanism.batch_size, mechanism.alignments_size, mechanism.state_size) == (3, 5, 5)
    assert mechanism.memory_layer.units == mechanism.query_layer.units == 2
    for name in ("alignments_size", "state_size"):
        with pytest.raises(NotImplementedError):
            getattr(seq2seq.AttentionMechanism(), name)


def test_a_mask_does_what_lengths_do() -> None:
    memory = _memory(2, 3, 2)
    mask = tf.constant([[True, True, False], [True, False, False]])
    lengths = tf.constant([2, 1])
    masked = mechanisms.prepare_memory(memory, memory_mask=mask)
    scores = mechanisms.maybe_mask_score(memory[:, :, 0], memory_mask=mask, score_mask_value=-1.0)
    wanted = mechanisms.prepare_memory(memory, lengths)
    wanted_scores = mechanisms.maybe_mask_score(
        memory[:, :, 0], memory_sequence_length=lengths, score_mask_value=-1.0
    )
    found = _run([masked, scores, wanted, wanted_scores])
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[1], found[3])
    says = "memory_sequence_length and memory_mask can't be provided at same time."
    with pytest.raises(ValueError, match=says):
        mechanisms.prepare_memory(memory, lengths, mask)
    with pytest.raises(ValueError, match=says):
        mechanisms.maybe_mask_score(memory[:, :, 0], lengths, mask)


def test_memory_may_be_a_nest_of_any_rank() -> None:
    pair = (_memory(2, 3), _memory(2, 3, 2, 2))
    flat, deep = _run(mechanisms.prepare_memory(pair, [2, 1]))
    given = _run(pair)
    np.testing.assert_array_equal(flat[0], [*given[0][0, :2], 0])
    np.testing.assert_array_equal(deep[1, 1:], np.zeros((2, 2, 2)))
    np.testing.assert_array_equal(deep[1, 0], given[1][1, 0])


@pytest.mark.parametrize(
    ("sizes", "fits"),
    [
        ([6], True),
        ([6, None], True),
        ([6, 2], False),
        ([3, 2], False),
        ([4], False),
        ([None], True),
    ],
)
def test_arrays_of_another_shape_are_left_alone_with_a_warning(
    sizes: list[int | None], fits: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="tensorflow"):
        found = beam.check_static_batch_beam_maybe(tf.TensorShape(sizes), 3, 2)
    assert found == fits
    says = "TensorArray reordering expects elements to be reshapable to (3, 2, ?)"
    assert (says in caplog.text) == (not fits)


def test_arrays_of_unknown_elements_are_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    class Noting(tf.nn.rnn_cell.GRUCell):
        @property
        def state_size(self) -> Any:
            return (4, tf.TensorShape([]), 4)

        def call(self, inputs: Any, state: Any) -> Any:
            h, time, array = state
            output, h = super().call(inputs, h)
            return output, (h, time + 1, array.write(time, h))

    array = tf.TensorArray(tf.float32, size=0, dynamic_size=True, infer_shape=False)
    state = (tf.zeros([4, 4]), tf.constant(0), array)
    decoder = seq2seq.BeamSearchDecoder(
        Noting(4), lambda ids: tf.zeros([2, 2, 3]), [0, 1], 7, state, 2, tf.layers.Dense(5)
    )
    with caplog.at_level(logging.WARNING, logger="tensorflow"):
        _, last, _ = seq2seq.dynamic_decode(decoder, maximum_iterations=3)
    kept = last.cell_state[2]
    assert isinstance(kept, tf.TensorArray)
    assert _run(kept.stack()).shape[0] == 3
    assert "in the cell state is not amenable to sorting" in caplog.text


def test_a_finished_decoder_of_empty_sequences_puts_out_nothing() -> None:
    helper = seq2seq.TrainingHelper(tf.zeros([2, 4, 3]), [0, 0])
    cell = tf.nn.rnn_cell.GRUCell(4)
    decoder = seq2seq.BasicDecoder(cell, helper, cell.zero_state(2, tf.float32))
    outputs, _, lengths = seq2seq.dynamic_decode(decoder)
    (found, ids), ends = _run([outputs, lengths])
    assert (found.shape, ids.shape, ends.tolist()) == ((2, 0, 4), (2, 0), [0, 0])


def test_beams_find_what_a_whole_search_finds() -> None:
    """With as many beams as continuations, the best sequence of all is found."""
    steps = np.log(np.random.RandomState(5).dirichlet(np.ones(4), size=(3, 4)).astype(np.float32))
    table = tf.constant(steps)

    class Chain(tf.nn.rnn_cell.RNNCell):
        """Gives out the log probabilities of a Markov chain that changes with the step."""

        state_size = 1
        output_size = 4

        def call(self, inputs: Any, state: Any) -> Any:
            at = tf.cast(state[:, 0], tf.int32)
            where = tf.stack([tf.minimum(at, 2), tf.cast(inputs[:, 0], tf.int32)], 1)
            return tf.gather_nd(table, where), state + 1

    decoder = seq2seq.BeamSearchDecoder(
        Chain(), lambda ids: tf.cast(ids, tf.float32)[:, :, None], [0], 9, tf.zeros([16, 1]), 16
    )
    outputs, _, _ = seq2seq.dynamic_decode(decoder, maximum_iterations=3)
    best, scores = _run([outputs.predicted_ids, outputs.beam_search_decoder_output.scores])
    every = {
        (a, b, c): steps[0, 0, a] + steps[1, a, b] + steps[2, b, c]
        for a in range(4) for b in range(4) for c in range(4)
    }  # fmt: skip
    ranked = sorted(every, key=lambda s: -every[s])[:16]
    assert [tuple(row) for row in best[0].T] == ranked
    np.testing.assert_allclose(scores[0, -1], [every[s] for s in ranked], rtol=1e-5)
