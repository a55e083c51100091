"""What `tf.contrib.seq2seq` refuses: run alike by graphflow and by TensorFlow 1.15.5."""

from __future__ import annotations

import re
import warnings
from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

from tests.nets.calls import data

Make = Callable[[Any], Any]  # a function of tf that fails, or returns a tensor whose run fails


def _memory(tf: Any) -> Any:
    return tf.constant(data(3, 5, 4))


def _cell(tf: Any) -> Any:
    return tf.nn.rnn_cell.GRUCell(4)


def _luong(tf: Any, **options: Any) -> Any:
    return tf.contrib.seq2seq.LuongAttention(4, _memory(tf), **options)


def _wrapped(tf: Any, *args: Any, **options: Any) -> Any:
    return tf.contrib.seq2seq.AttentionWrapper(_cell(tf), _luong(tf), *args, **options)


def _helper(tf: Any) -> Any:
    return tf.contrib.seq2seq.TrainingHelper(tf.constant(data(3, 4, 2)), [4, 1, 2])


def _unmatched(tf: Any, query: int) -> Any:
    return _luong(tf)(tf.zeros([3, query]), tf.zeros([3, 5]))


def _free(tf: Any, *sizes: int) -> Any:
    return tf.placeholder_with_default(data(*sizes), [None, *sizes[1:]])


def _other_batch(tf: Any) -> Any:
    start = _free(tf, 4, 4)
    return tf.contrib.seq2seq.AttentionWrapper(
        _cell(tf), _luong(tf), initial_cell_state=start
    )._initial_cell_state


def _other_query(tf: Any) -> Any:
    cell = _wrapped(tf)
    state = cell.zero_state(3, tf.float32)._replace(cell_state=_free(tf, 2, 4))
    state = state._replace(attention=_free(tf, 2, 4))
    return cell(_free(tf, 2, 3), state)[0]


def _cloned(tf: Any, part: Any) -> Any:
    state = _wrapped(tf).zero_state(3, tf.float32)
    return state.clone(attention=part).attention


def _empty_row(tf: Any) -> Any:
    ends = tf.placeholder_with_default([5, 0, 2], [None])
    mechanism = _luong(tf, memory_sequence_length=ends)
    return mechanism(tf.ones([3, 4]), tf.zeros([3, 5]))[0]


def _beams(tf: Any, **options: Any) -> Any:
    given: Any = {
        "cell": _cell(tf),
        "embedding": lambda ids: tf.zeros([3, 2, 3]),
        "start_tokens": [0, 2, 3],
        "end_token": 1,
        "initial_state": tf.zeros([6, 4]),
        "beam_width": 2,
    }
    given.update(options)
    return tf.contrib.seq2seq.BeamSearchDecoder(**given)


def _decode(tf: Any, decoder: Any, **options: Any) -> Any:
    return tf.nest.flatten(tf.contrib.seq2seq.dynamic_decode(decoder, **options))


def _basic(tf: Any, **options: Any) -> Any:
    given: Any = {
        "cell": _cell(tf), "helper": _helper(tf), "initial_state": tf.zeros([3, 4])
    }  # fmt: skip
    given.update(options)
    return tf.contrib.seq2seq.BasicDecoder(**given)


def _other_structure(tf: Any) -> Any:
    seq = tf.contrib.seq2seq

    class Wrong(seq.BasicDecoder):  # type: ignore[misc,name-defined]
        def step(self, time: Any, inputs: Any, state: Any, name: Any = None) -> Any:
            outputs, state, inputs, finished = super().step(time, inputs, state)
            return outputs, (state, state), inputs, finished

    return _decode(tf, Wrong(_cell(tf), _helper(tf), tf.zeros([3, 4])))


def _greedy_pair(tf: Any) -> Any:
    helper = tf.contrib.seq2seq.GreedyEmbeddingHelper(tf.zeros([5, 2]), [0, 1], 1)
    return helper.sample(0, (tf.zeros([2, 5]), tf.zeros([2, 5])), ())


def _own_helper(tf: Any) -> Any:
    return tf.contrib.seq2seq.CustomHelper(lambda: (), lambda **_: (), lambda **_: ()).batch_size


def _abstract(tf: Any) -> Any:
    return tf.contrib.seq2seq.Decoder()


def _half_decoder(tf: Any) -> Any:
    class Half(tf.contrib.seq2seq.Decoder):  # type: ignore[misc,name-defined]
        def initialize(self, name: Any = None) -> Any:
            return super().initialize(name)

        def step(self, time: Any, inputs: Any, state: Any, name: Any = None) -> Any:
            return super().step(time, inputs, state, name)

    return Half().output_size


MISTAKES: dict[str, Make] = {
    "no probability function": lambda tf: _luong(tf, probability_fn=3)(
        tf.zeros([3, 4]), tf.zeros([3, 5])
    ),
    "unknown depth of the memory": lambda tf: tf.contrib.seq2seq.LuongAttention(
        4, tf.placeholder(tf.float32, [3, 5, None], name="wide")
    ),
    "query of another size": lambda tf: _unmatched(tf, 3),
    "a row without places": _empty_row,
    "no mode": lambda tf: tf.contrib.seq2seq.monotonic_attention([[0.5]], [[0.5]], "soft"),
    "no mechanism": lambda tf: tf.contrib.seq2seq.AttentionWrapper(_cell(tf), 3),
    "a list without mechanism": lambda tf: tf.contrib.seq2seq.AttentionWrapper(
        _cell(tf), [_luong(tf), 3]
    ),
    "no cell": lambda tf: tf.contrib.seq2seq.AttentionWrapper(None, _luong(tf)),
    "no function of inputs": lambda tf: _wrapped(tf, cell_input_fn="concat"),
    "size and layer": lambda tf: _wrapped(tf, 3, attention_layer=tf.layers.Dense(3)),
    "too many sizes": lambda tf: _wrapped(tf, [3, 3]),
    "too many layers": lambda tf: _wrapped(tf, attention_layer=[tf.layers.Dense(3)] * 2),
    "a state of another kind": lambda tf: _wrapped(tf)(tf.zeros([3, 2]), tf.zeros([3, 4])),
    "known other batch": lambda tf: _wrapped(tf).zero_state(4, tf.float32),
    "known other initial state": lambda tf: _wrapped(tf, initial_cell_state=tf.zeros([6, 4])),
    "other initial state": _other_batch,
    "other batch of the query": _other_query,
    "clone of another shape": lambda tf: _cloned(tf, tf.zeros([3, 5], name="five")),
    "clone of another shape at run time": lambda tf: _cloned(tf, _free(tf, 2, 4)),
    "clone of another rank": lambda tf: _cloned(tf, tf.zeros([12], name="flat")),
    "no decoder": lambda tf: tf.contrib.seq2seq.dynamic_decode(3),
    "several maxima": lambda tf: _decode(tf, _basic(tf), maximum_iterations=[3, 4]),
    "no helper": lambda tf: _basic(tf, helper=None),
    "no layer": lambda tf: _basic(tf, output_layer=tf.tanh),
    "no cell to decode with": lambda tf: _basic(tf, cell=3),
    "a step of another structure": _other_structure,
    "lengths of another rank": lambda tf: tf.contrib.seq2seq.TrainingHelper(
        tf.zeros([3, 4, 2]), [[4], [1], [2]]
    ),
    "probabilities of another rank": lambda tf: tf.contrib.seq2seq.ScheduledOutputTrainingHelper(
        tf.zeros([3, 4, 2]), [4, 1, 2], [[0.5]]
    ),
    "embeddings with probabilities of another rank": lambda tf: (
        tf.contrib.seq2seq.ScheduledEmbeddingTrainingHelper(
            tf.zeros([3, 4, 2]), [4, 1, 2], tf.zeros([5, 2]), [[0.5]]
        )
    ),
    "one start token": lambda tf: tf.contrib.seq2seq.GreedyEmbeddingHelper(tf.zeros([5, 2]), 0, 1),
    "two end tokens": lambda tf: tf.contrib.seq2seq.GreedyEmbeddingHelper(
        tf.zeros([5, 2]), [0, 1], [1, 1]
    ),
    "two outputs": _greedy_pair,
    "batch size too early": _own_helper,
    "abstract decoder": _abstract,
    "half a decoder": _half_decoder,
    "beams with one start token": lambda tf: _beams(tf, start_tokens=0),
    "beams with two end tokens": lambda tf: _beams(tf, end_token=[1, 1]),
    "beams without cell": lambda tf: _beams(tf, cell=3),
    "beams without layer": lambda tf: _beams(tf, output_layer=tf.tanh),
    "beams of a state that is not tiled": lambda tf: _beams(tf, initial_state=tf.zeros([3, 4])),
    "beams of a state of unknown rank": lambda tf: _beams(
        tf, initial_state=tf.placeholder(tf.float32, name="any")
    ),
    "coverage without attention": lambda tf: _decode(tf, _beams(tf, coverage_penalty_weight=0.2)),
    "coverage of another rank": lambda tf: _decode(
        tf, _beams(tf, coverage_penalty_weight=[0.2, 0.3])
    ),
    "tiles of a scalar": lambda tf: tf.contrib.seq2seq.tile_batch(tf.constant(3.0), 2),
    "sparse tensor of a shape": lambda tf: tf.contrib.framework.with_shape(
        [3], tf.SparseTensor([[0]], [1.0], [3])
    ),
    "shape of another type": lambda tf: tf.contrib.framework.with_shape(
        [3.0], tf.zeros([3], name="x")
    ),
    "shape of another rank": lambda tf: tf.contrib.framework.with_shape(
        [[3]], tf.zeros([3], name="x")
    ),
    "shape tensor of another type": lambda tf: tf.contrib.framework.with_shape(
        tf.zeros([1], tf.int64, name="sizes"), tf.zeros([3], name="x")
    ),
    "another partial shape": lambda tf: tf.contrib.framework.with_shape(
        tf.TensorShape([None, 3]), tf.placeholder_with_default(data(2, 4), [None, None], name="x")
    ),
}


def message(error: Exception) -> str:
    """What is said in an error, without what names objects of either library."""
    text = re.split(r"\n\t ?\[\[|\n\nCaused by|\n\nOriginal|\n  made at", str(error))[0]
    text = re.sub(r"<class '[^']*'>|<[a-z][^<>]* at 0x[0-9a-f]+>", "<object>", text)
    text = re.sub(r" ?\(defined at [^)]*\)", "", text)
    if text.startswith("in converted code"):
        text = text.rpartition("Error: ")[2]
    text = text.split(" with abstract method")[0]  # what follows are Python's own words
    return re.split(r" for '[^']*' \(op: |\n\nFirst structure", text)[0].strip()


def observed(tf: Any, make: Make) -> list[str]:
    """Returns when a mistake is found, the class of the error, and what it says."""
    graph = tf.Graph()
    with graph.as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = make(tf)
            start = tf.global_variables_initializer()
        except Exception as error:
            return ["build", type(error).__name__, message(error)]
        with tf.Session(graph=graph) as session:
            session.run(start)
            try:
                session.run(made)
            except Exception as error:
                return ["run", type(error).__name__, message(error)]
    return ["none", "", ""]
