"""Small decoders of `tf.contrib.seq2seq`, as in `rnn_calls`: attention, helpers, beams.

Where a step draws random numbers that nothing of the step before leads to, the loop runs one
iteration at a time: else TensorFlow's threads would draw them in any order.
"""

from __future__ import annotations

from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.nets.calls import data
from tests.nets.rnn_calls import SEED, STEPS, Made, _fed, _flat, _run
from tests.programs import record

CLASSES = 5
END = 1


def _memory(tf: Any, batch: Any = 3) -> Any:
    memory, feeds = _fed(tf, [batch, None, 4])
    ends = tf.placeholder(tf.int32, [batch])
    feeds[ends] = [5, 2, 4]
    return memory, ends, feeds


def _table(tf: Any) -> Any:
    return tf.get_variable("table", [CLASSES, 4])


def _layer(tf: Any) -> Any:
    return tf.layers.Dense(CLASSES, name="out")


def _train(tf: Any, cell: Any, helper: Any, state: Any = None, **options: Any) -> list[Any]:
    seq = tf.contrib.seq2seq
    layer = options.pop("layer", None)
    state = cell.zero_state(3, tf.float32) if state is None else state
    decoder = seq.BasicDecoder(cell, helper, state, layer)
    outputs, last, ends = seq.dynamic_decode(decoder, **options)
    history = getattr(last, "alignment_history", ())
    parts = [x for x in tf.nest.flatten(last) if isinstance(x, tf.Tensor)]
    arrays = [x.stack() for x in tf.nest.flatten(history)]
    return [*outputs, *parts, ends, *arrays]


def _given(tf: Any, feeds: Any) -> Any:
    inputs, more = _fed(tf, [3, 4, 2])
    feeds.update(more)
    ends = tf.placeholder(tf.int32, [3])
    feeds[ends] = [4, 0, 2]
    return tf.contrib.seq2seq.TrainingHelper(inputs, ends)


def _attending(tf: Any, make: Callable[[Any, Any, Any], Any], **options: Any) -> Made:
    memory, ends, feeds = _memory(tf)
    mechanism = make(tf.contrib.seq2seq, memory, ends)
    cell = tf.contrib.seq2seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(4), mechanism, **options)
    return _train(tf, cell, _given(tf, feeds)), feeds


def luong(tf: Any) -> Made:
    return _attending(tf, lambda seq, m, n: seq.LuongAttention(4, m), attention_layer_size=3)


def luong_scaled(tf: Any) -> Made:
    def make(seq: Any, memory: Any, ends: Any) -> Any:
        return seq.LuongAttention(4, memory, ends, scale=True, probability_fn=tf.nn.softmax)

    return _attending(tf, make, alignment_history=True)


def luong_hard(tf: Any) -> Made:
    def make(seq: Any, memory: Any, ends: Any) -> Any:
        return seq.LuongAttention(
            4, memory, tf.cast(ends, tf.int64), probability_fn=seq.hardmax, score_mask_value=-9.0
        )

    return _attending(tf, make, output_attention=False)


def bahdanau(tf: Any) -> Made:
    return _attending(
        tf, lambda seq, m, n: seq.BahdanauAttention(3, m, n), attention_layer_size=[2]
    )


def bahdanau_normalized(tf: Any) -> Made:
    def make(seq: Any, memory: Any, ends: Any) -> Any:
        return seq.BahdanauAttention(
            3, memory, normalize=True, name="look",
            custom_key_value_fn=lambda keys, values: (keys * 2.0, values + 1.0),
        )  # fmt: skip

    return _attending(tf, make, cell_input_fn=lambda x, a: tf.concat([x, a, x], 1))


def bahdanau_monotonic(tf: Any) -> Made:
    def make(seq: Any, memory: Any, ends: Any) -> Any:
        return seq.BahdanauMonotonicAttention(3, memory, ends, True, score_bias_init=-0.5)

    return _attending(tf, make, alignment_history=True)


def bahdanau_monotonic_noisy(tf: Any) -> Made:
    def make(seq: Any, memory: Any, ends: Any) -> Any:
        return seq.BahdanauMonotonicAttention(
            3, memory, sigmoid_noise=0.7, sigmoid_noise_seed=3, mode="recursive"
        )

    return _attending(tf, make, attention_layer_size=3)


def luong_monotonic(tf: Any) -> Made:
    def make(seq: Any, memory: Any, ends: Any) -> Any:
        return seq.LuongMonotonicAttention(4, memory, ends, scale=True, sigmoid_noise=0.3)

    return _attending(tf, make)


def luong_monotonic_hard(tf: Any) -> Made:
    return _attending(tf, lambda seq, m, n: seq.LuongMonotonicAttention(4, m, mode="hard"))


def several_mechanisms(tf: Any) -> Made:
    memory, ends, feeds = _memory(tf)
    seq, rnn = tf.contrib.seq2seq, tf.nn.rnn_cell
    every = [seq.LuongAttention(4, memory), seq.BahdanauAttention(2, memory * 0.5, ends)]
    cell = seq.AttentionWrapper(
        rnn.MultiRNNCell([rnn.GRUCell(4), rnn.LSTMCell(4)]), every, [3, 2], True, name="both"
    )
    return _train(tf, cell, _given(tf, feeds), impute_finished=True), feeds


def wrapped_layers(tf: Any) -> Made:
    memory, ends, feeds = _memory(tf)
    seq = tf.contrib.seq2seq
    start = tf.placeholder(tf.float32, [None, 4])
    feeds[start] = data(3, 4)
    cell = seq.AttentionWrapper(
        tf.nn.rnn_cell.GRUCell(4),
        seq.LuongAttention(4, memory, ends),
        initial_cell_state=start,
        attention_layer=tf.layers.Dense(3, tf.tanh, name="behind"),
        attention_fn=lambda m, q, s, layer: (layer(q), *m(q, s)),
        dtype=tf.float32,
    )
    x, more = _fed(tf, [3, 5, 2])
    feeds.update(more)
    first = _run(tf, cell, x, sequence_length=[5, 1, 3])
    state = cell.zero_state(batch_size=3, dtype=tf.float32)
    state = state.clone(cell_state=tf.tanh(start), attention=tf.ones([3, 3]))
    return first + _flat(tf, state), feeds


def double(tf: Any) -> Made:
    seq = tf.contrib.seq2seq
    memory = tf.constant(data(3, 5, 4).astype(np.float64))
    mechanism = seq.BahdanauAttention(3, memory, [5, 2, 4], dtype=tf.float64)
    cell = seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(4), mechanism, 3)
    helper = seq.TrainingHelper(tf.constant(data(4, 3, 2).astype(np.float64)), [4, 1, 2], True)
    state = cell.zero_state(3, tf.float64)
    return _train(tf, cell, helper, state, output_time_major=True), {}


def monotonic_ways(tf: Any) -> Made:
    seq = tf.contrib.seq2seq
    p, feeds = _fed(tf, [3, 5])
    feeds = {p: np.abs(np.tanh(data(3, 5)))}
    before = tf.nn.softmax(tf.constant(data(3, 5)))
    found = [seq.monotonic_attention(p, before, mode) for mode in ("recursive", "parallel")]
    found.append(seq.monotonic_attention(tf.round(p), before, "hard"))
    free = tf.placeholder(tf.float32, None)
    feeds[free] = data(2, 3, 4)
    free.set_shape([None, None, None])
    return [
        *found,
        seq.safe_cumprod(p, axis=1, reverse=True),
        seq.hardmax(free),
        seq.hardmax(p, name="top"),
        *seq.tile_batch((p, tf.cast(free, tf.float64)), 3),
    ], feeds


# --- decoders ---
def trained(tf: Any) -> Made:
    cell = tf.nn.rnn_cell.LSTMCell(3)
    feeds: Any = {}
    options = {"layer": _layer(tf), "impute_finished": True, "maximum_iterations": 3}
    first = _train(tf, cell, _given(tf, feeds), **options)
    options = {"output_time_major": True, "swap_memory": True, "parallel_iterations": 2}
    again = _train(tf, cell, _given(tf, feeds), **options)
    return first + again, feeds


def greedy(tf: Any) -> Made:
    cell = tf.nn.rnn_cell.GRUCell(6)
    helper = tf.contrib.seq2seq.GreedyEmbeddingHelper(_table(tf), [0, 2, 3], END)
    most = tf.placeholder(tf.int32, [])
    options = {"layer": _layer(tf), "maximum_iterations": most, "scope": "speak"}
    return _train(tf, cell, helper, **options), {most: 6}


def sampled(tf: Any) -> Made:
    seq = tf.contrib.seq2seq
    table = _table(tf)
    start = tf.fill([3], 2)
    first = seq.SampleEmbeddingHelper(table, start, END, softmax_temperature=0.5, seed=4)
    second = seq.SampleEmbeddingHelper(lambda i: tf.gather(table, i) * 2.0, start, END)
    return [
        x
        for i, helper in enumerate((first, second))
        for x in _train(
            tf, tf.nn.rnn_cell.GRUCell(6, name=f"cell{i}"), helper, layer=_layer(tf),
            maximum_iterations=7, impute_finished=True,
        )
    ], {}  # fmt: skip


def inferred(tf: Any) -> Made:
    seq = tf.contrib.seq2seq
    start, feeds = _fed(tf, [3, 4])

    def helper(shape: Any, following: Any) -> Any:
        return seq.InferenceHelper(
            sample_fn=lambda outputs: outputs if following is None else tf.argmax(outputs, 1),
            sample_shape=shape,
            sample_dtype=tf.float32 if following is None else tf.int64,
            start_inputs=start,
            end_fn=lambda x: tf.tile([False], [3]) if following is None else tf.equal(x, 0),
            next_inputs_fn=following,
        )

    plain = _train(tf, tf.nn.rnn_cell.GRUCell(4), helper([4], None), maximum_iterations=3)
    table = _table(tf)
    other = helper([], lambda ids: tf.nn.embedding_lookup(table, ids))
    cell = tf.nn.rnn_cell.GRUCell(4, name="other")
    return plain + _train(tf, cell, other, layer=_layer(tf), maximum_iterations=4), feeds


def custom(tf: Any) -> Made:
    seq = tf.contrib.seq2seq
    start, feeds = _fed(tf, [3, 4])
    helper = seq.CustomHelper(
        initialize_fn=lambda: (tf.tile([False], [3]), start),
        sample_fn=lambda time, outputs, state: tf.stack([outputs[:, 0], state[:, 1]], 1),
        next_inputs_fn=lambda time, outputs, state, sample_ids: (
            time + 1 >= tf.constant([1, 3, 2]),
            outputs + tf.reduce_sum(sample_ids),
            state * 0.5,
        ),
        sample_ids_shape=[2],
        sample_ids_dtype=tf.float32,
    )
    return _train(tf, tf.nn.rnn_cell.GRUCell(4), helper), feeds


def scheduled_embedding(tf: Any) -> Made:
    seq = tf.contrib.seq2seq
    inputs, feeds = _fed(tf, [3, 5, 4])
    helper = seq.ScheduledEmbeddingTrainingHelper(
        inputs, [5, 2, 4], _table(tf), 0.5, seed=3, scheduling_seed=6
    )
    options = {"layer": _layer(tf), "parallel_iterations": 1}
    return _train(tf, tf.nn.rnn_cell.GRUCell(6), helper, **options), feeds


def scheduled_output(tf: Any) -> Made:
    seq = tf.contrib.seq2seq
    inputs, feeds = _fed(tf, [3, 5, 4])
    more, extra = _fed(tf, [3, 5, 2])
    feeds.update(extra)
    first = seq.ScheduledOutputTrainingHelper(inputs, [5, 2, 4], 0.5, seed=8)
    second = seq.ScheduledOutputTrainingHelper(
        inputs, [5, 3, 4], tf.constant(0.7), auxiliary_inputs=more, seed=8
    )
    third = seq.ScheduledOutputTrainingHelper(
        tf.transpose(inputs, [1, 0, 2]), [5, 3, 4], tf.constant(0.6), True, 2,
        lambda x: x * 0.5, tf.transpose(more, [1, 0, 2]), name="own",
    )  # fmt: skip
    return [
        x
        for i, helper in enumerate((first, second, third))
        for x in _train(
            tf, tf.nn.rnn_cell.GRUCell(4, name=f"cell{i}"), helper, parallel_iterations=1
        )
    ], feeds


# --- beams ---
def _search(tf: Any, cell: Any, state: Any, **options: Any) -> list[Any]:
    seq = tf.contrib.seq2seq
    decode = {k: options.pop(k) for k in ("output_time_major", "scope") if k in options}
    decoder = seq.BeamSearchDecoder(
        cell, _table(tf), [0, 2, 3], END, state, 2, _layer(tf), **options
    )
    found, last, ends = seq.dynamic_decode(decoder, maximum_iterations=6, **decode)
    kept = [x for x in tf.nest.flatten(last) if isinstance(x, tf.Tensor)]
    kept = [tf.cast(x, tf.int32) if x.dtype == tf.bool else x for x in kept]
    return [found.predicted_ids, *found.beam_search_decoder_output, *kept, ends]


def beams(tf: Any) -> Made:
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.LSTMCell(4), tf.nn.rnn_cell.GRUCell(3)])
    start, feeds = _fed(tf, [3, 3])
    state = cell.zero_state(6, tf.float32)
    state = (state[0], tf.contrib.seq2seq.tile_batch(start, multiplier=2))
    return _search(tf, cell, state, length_penalty_weight=0.8), feeds


def beams_with_attention(tf: Any) -> Made:
    memory, ends, feeds = _memory(tf, None)
    seq = tf.contrib.seq2seq
    tiled, lengths = seq.tile_batch((memory, ends), 2)
    tiled.set_shape([6, None, 4])
    mechanism = seq.LuongAttention(4, tiled, lengths)
    cell = seq.AttentionWrapper(tf.nn.rnn_cell.GRUCell(4), mechanism, 3, alignment_history=True)
    options = {"output_time_major": True, "scope": "search", "coverage_penalty_weight": 0.3}
    return _search(tf, cell, cell.zero_state(6, tf.float32), **options), feeds


def beams_with_attentions(tf: Any) -> Made:
    seq, rnn = tf.contrib.seq2seq, tf.nn.rnn_cell
    memory = tf.constant(data(6, 5, 4))
    every = [seq.LuongAttention(4, memory), seq.BahdanauAttention(3, memory)]
    first = seq.AttentionWrapper(rnn.GRUCell(4), every)
    second = seq.AttentionWrapper(rnn.GRUCell(4), seq.LuongAttention(4, memory), 2)
    cell = rnn.MultiRNNCell([first, second])
    weights = {"length_penalty_weight": tf.constant(0.4), "coverage_penalty_weight": 0.2}
    state = cell.zero_state(6, tf.float32)
    return _search(tf, cell, state, reorder_tensor_arrays=False, **weights), {}


CALLS: dict[str, Callable[[Any], Made]] = {
    f.__name__: f
    for f in (
        luong,
        luong_scaled,
        luong_hard,
        bahdanau,
        bahdanau_normalized,
        bahdanau_monotonic,
        bahdanau_monotonic_noisy,
        luong_monotonic,
        luong_monotonic_hard,
        several_mechanisms,
        wrapped_layers,
        double,
        monotonic_ways,
        trained,
        greedy,
        sampled,
        inferred,
        custom,
        scheduled_embedding,
        scheduled_output,
        beams,
        beams_with_attention,
        beams_with_attentions,
    )
}


def translator(tf: Any, batch: int = 8, steps: int = 6, units: int = 12, size: int = 7) -> Any:
    """An encoder and a decoder with attention: (loss, train step, read, written, lengths)."""
    seq, rnn = tf.contrib.seq2seq, tf.nn.rnn_cell
    read = tf.placeholder(tf.int32, [batch, None])
    written = tf.placeholder(tf.int32, [batch, None])
    ends = tf.placeholder(tf.int32, [batch])
    table = tf.get_variable("table", [size, units])
    inputs = tf.nn.embedding_lookup(table, read)
    memory, state = tf.nn.dynamic_rnn(rnn.GRUCell(units), inputs, ends, dtype=tf.float32)
    mechanism = seq.BahdanauAttention(units, memory, ends, normalize=True)
    cell = seq.AttentionWrapper(rnn.GRUCell(units), mechanism, units)
    start = cell.zero_state(batch, tf.float32).clone(cell_state=state)
    shifted = tf.concat([tf.zeros([batch, 1], tf.int32), written[:, :-1]], 1)
    helper = seq.TrainingHelper(tf.nn.embedding_lookup(table, shifted), ends)
    decoder = seq.BasicDecoder(cell, helper, start, tf.layers.Dense(size, use_bias=False))
    outputs, _, _ = seq.dynamic_decode(decoder)
    mask = tf.sequence_mask(ends, steps, dtype=tf.float32)
    loss = seq.sequence_loss(outputs.rnn_output, written, mask)
    optimizer = tf.train.AdamOptimizer(0.02)
    slopes, weights = zip(*optimizer.compute_gradients(loss))  # noqa: B905 - Python 3.7
    clipped, _ = tf.clip_by_global_norm(slopes, 1.0)
    return loss, optimizer.apply_gradients(zip(clipped, weights)), read, written, ends  # noqa: B905 - Python 3.7


def batch_of(number: int, batch: int = 8, steps: int = 6, size: int = 7) -> Any:
    """Sequences to read, and the same backwards to write, with their lengths."""
    draw = np.random.RandomState(number)
    ends = draw.randint(3, steps + 1, batch).astype(np.int32)
    ends[0] = steps
    read = draw.randint(1, size, (batch, steps)).astype(np.int32)
    written = np.zeros_like(read)
    for row, end in enumerate(ends):
        written[row, :end] = read[row, :end][::-1]
    return read, written, ends


def curve(tf: Any) -> dict[str, Any]:
    """Trains the translator; returns nodes and losses."""
    graph = tf.Graph()
    with graph.as_default():
        tf.set_random_seed(SEED)
        loss, step, *fed = translator(tf)
        start = tf.global_variables_initializer()
    losses = []
    with tf.Session(graph=graph) as session:
        session.run(start)
        for i in range(STEPS):
            feeds = dict(zip(fed, batch_of(i)))  # noqa: B905 - Python 3.7
            losses.append(float(session.run([loss, step], feeds)[0]))
    return {"losses": losses, **record.structure(graph)}
