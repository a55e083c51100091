"""Small networks of `tf.contrib.rnn` and of both `seq2seq` packages, as in `rnn_calls`."""

from __future__ import annotations

from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.nets.rnn_calls import Made, _fed, _flat, _run, data


def _symbols(tf: Any, steps: int, n: int, batch: Any = None) -> Any:
    rows = np.random.RandomState(steps + n).randint(0, n, (steps, 3)).astype(np.int32)
    made = [tf.placeholder(tf.int32, [batch]) for _ in range(steps)]
    return made, dict(zip(made, rows))  # noqa: B905 - Python 3.7


def _weights(tf: Any, steps: int) -> Any:
    return [tf.constant(data(3) * data(1)) for _ in range(steps)]


def layer_norm_lstm(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    rnn = tf.contrib.rnn
    first = _run(tf, rnn.LayerNormBasicLSTMCell(3, norm_gain=0.7, norm_shift=0.1), x)
    plain = rnn.LayerNormBasicLSTMCell(3, layer_norm=False, forget_bias=0.3, activation=tf.nn.relu)
    return first + _run(tf, plain, x, scope="plain"), feeds


def layer_norm_lstm_dropped(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 4])
    cell = tf.contrib.rnn.LayerNormBasicLSTMCell(3, dropout_keep_prob=0.7, dropout_prob_seed=4)
    y, state = cell(x, cell.zero_state(3, tf.float32))
    return _flat(tf, y, state), feeds


def nas(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    rnn = tf.contrib.rnn
    first = _run(tf, rnn.NASCell(3), x)
    return first + _run(tf, rnn.NASCell(4, num_proj=2, use_bias=True), x, scope="b"), feeds


def update_gate(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    cell = tf.contrib.rnn.UGRNNCell(3, initializer=tf.random_uniform_initializer(-0.3, 0.3))
    return _run(tf, cell, x), feeds


def block(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    rnn = tf.contrib.rnn
    first = _run(tf, rnn.LSTMBlockCell(3), x, sequence_length=[4, 0, 5])
    cell = rnn.LSTMBlockCell(2, 0.3, cell_clip=0.2, use_peephole=True, name="deep")
    return first + _run(tf, cell, x, scope="deep"), feeds


def gru_block(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    rnn = tf.contrib.rnn
    first = _run(tf, rnn.GRUBlockCell(3), x, sequence_length=[4, 0, 5])
    return first + _run(tf, rnn.GRUBlockCellV2(cell_size=2, name="deep"), x, scope="deep"), feeds


def fused(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])  # the first axis is the time
    rnn = tf.contrib.rnn
    steps = tf.unstack(x)
    start = tf.constant(data(5, 2))
    plain = rnn.FusedRNNCellAdaptor(rnn.GRUCell(2))
    looped = rnn.FusedRNNCellAdaptor(rnn.BasicLSTMCell(3), use_dynamic_rnn=True)
    turned = rnn.TimeReversedFusedRNN(looped)
    found = [
        plain(x, start, sequence_length=tf.constant([3, 2, 0, 3, 1])),
        plain(steps, dtype=tf.float32, scope="listed"),
        looped(steps, dtype=tf.float32, scope="loop"),
        turned(x, dtype=tf.float32, sequence_length=tf.constant([1, 3, 2, 0, 3]), scope="back"),
        turned(x * 2.0, dtype=tf.float32, scope="whole"),
        turned(steps, dtype=tf.float32, scope="each"),
    ]
    return _flat(tf, *found), feeds


def projected(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    rnn = tf.contrib.rnn
    inside = rnn.InputProjectionWrapper(rnn.GRUCell(3), 2, activation=tf.nn.relu)
    cell = rnn.OutputProjectionWrapper(inside, 5, activation=tf.tanh)
    return _run(tf, cell, x, sequence_length=[1, 5, 2]), feeds


def embedded(tf: Any) -> Made:
    steps, feeds = _symbols(tf, 4, 7)
    cell = tf.contrib.rnn.EmbeddingWrapper(tf.contrib.rnn.BasicLSTMCell(3), 7, 2)
    return _flat(tf, tf.contrib.rnn.static_rnn(cell, steps, dtype=tf.float32)), feeds


def highway(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    rnn = tf.contrib.rnn
    first = _run(tf, rnn.HighwayWrapper(rnn.GRUCell(4)), x)
    other = rnn.HighwayWrapper(rnn.BasicRNNCell(4), False, 0.5)
    return first + _run(tf, other, x, scope="apart"), feeds


def attending_cell(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    rnn = tf.contrib.rnn
    first = _run(tf, rnn.AttentionCellWrapper(rnn.BasicLSTMCell(3), 2), x)
    one = rnn.AttentionCellWrapper(
        rnn.GRUCell(3), 3, attn_size=2, attn_vec_size=4, input_size=3, state_is_tuple=False
    )
    return first + _run(tf, one, x, scope="one"), feeds


def stacked_ways(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 4, 2])
    rnn = tf.contrib.rnn

    def cells() -> list[Any]:
        return [rnn.GRUCell(2), rnn.BasicRNNCell(3)]

    dynamic = rnn.stack_bidirectional_dynamic_rnn(
        cells(), cells(), x, dtype=tf.float32, sequence_length=[1, 4, 2]
    )
    static = rnn.stack_bidirectional_rnn(
        cells(), cells(), tf.unstack(x, axis=1), dtype=tf.float32, scope="static"
    )
    turned = rnn.transpose_batch_time(x)
    assert rnn.best_effort_input_batch_size([turned]) == 3
    return [*_flat(tf, dynamic, static), turned], feeds


def basic_seq2seq(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 4, 2])
    steps = tf.unstack(x, axis=1)
    seq = tf.contrib.legacy_seq2seq
    basic = seq.basic_rnn_seq2seq(steps, steps[:2], tf.contrib.rnn.BasicLSTMCell(3))
    tied = seq.tied_rnn_seq2seq(
        steps, steps[:3], tf.contrib.rnn.GRUCell(2), loop_function=lambda prev, i: prev * i
    )
    return _flat(tf, basic, tied), feeds


def _embedding_seq2seq(feed: Any) -> Callable[[Any], Made]:
    def embedding_seq2seq(tf: Any) -> Made:
        read, feeds = _symbols(tf, 4, 7)
        written, more = _symbols(tf, 3, 6)
        feeds.update(more)
        feeds_back = feed
        if feed is None:
            feeds_back = tf.placeholder(tf.bool, [])
            feeds[feeds_back] = True
        seq, rnn = tf.contrib.legacy_seq2seq, tf.contrib.rnn
        plain = seq.embedding_rnn_seq2seq(
            read, written, rnn.BasicLSTMCell(3), 7, 6, 4, feed_previous=feeds_back
        )
        tied = seq.embedding_tied_rnn_seq2seq(
            read, written, rnn.GRUCell(3), 7, 4, num_decoder_symbols=6, feed_previous=feeds_back
        )
        attending = seq.embedding_attention_seq2seq(
            read, written, rnn.GRUCell(3), 7, 6, 4, num_heads=2, feed_previous=feeds_back
        )
        return _flat(tf, plain, tied, attending), feeds

    return embedding_seq2seq


def projected_seq2seq(tf: Any) -> Made:
    read, feeds = _symbols(tf, 4, 7)
    written, more = _symbols(tf, 3, 6)
    feeds.update(more)
    seq, rnn = tf.contrib.legacy_seq2seq, tf.contrib.rnn
    w = tf.get_variable("w", [3, 6])
    b = tf.get_variable("b", [6])
    plain = seq.embedding_rnn_seq2seq(
        read, written, rnn.GRUCell(3), 7, 6, 4, output_projection=(w, b), feed_previous=True
    )
    attending = seq.embedding_attention_seq2seq(
        read,
        written,
        rnn.MultiRNNCell([rnn.GRUCell(3), rnn.BasicLSTMCell(3)]),
        7,
        6,
        4,
        output_projection=(w, b),
        feed_previous=True,
        initial_state_attention=True,
        dtype=tf.float32,
    )
    return _flat(tf, plain, attending), feeds


def one_to_many(tf: Any) -> Made:
    read, feeds = _symbols(tf, 4, 7)
    first, more = _symbols(tf, 3, 6)
    second, others = _symbols(tf, 2, 5)
    feeds.update(more)
    feeds.update(others)
    rnn = tf.contrib.rnn
    made = tf.contrib.legacy_seq2seq.one2many_rnn_seq2seq(
        read,
        {"a": first, "b": second},
        rnn.GRUCell(3),
        {"a": rnn.GRUCell(3), "b": rnn.GRUCell(3)},
        7,
        {"a": 6, "b": 5},
        4,
    )
    return _flat(tf, made), feeds


def attending_decoder(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 4, 2])
    cell = tf.contrib.rnn.GRUCell(3)
    made = tf.contrib.legacy_seq2seq.attention_decoder(
        tf.unstack(x, axis=1),
        cell.zero_state(3, tf.float32),
        tf.concat([x, x * x], 1),
        cell,
        output_size=5,
        loop_function=lambda prev, i: prev[:, :2] + i,
    )
    return _flat(tf, made), feeds


def list_losses(tf: Any) -> Made:
    targets, feeds = _symbols(tf, 3, 5, 3)
    logits = [tf.constant(data(3, 5) * i) for i in range(3)]
    weights = _weights(tf, 3)
    seq = tf.contrib.legacy_seq2seq

    def own(labels: Any, logits: Any) -> Any:
        return tf.reduce_sum(logits * tf.one_hot(labels, 5), 1)

    made = [
        seq.sequence_loss(logits, targets, weights),
        seq.sequence_loss(logits, targets, weights, False, False, own),
        seq.sequence_loss_by_example(logits, targets, weights, name="each"),
    ]
    return made, feeds


def buckets(tf: Any) -> Made:
    read, feeds = _symbols(tf, 4, 7)
    written, more = _symbols(tf, 3, 6)
    feeds.update(more)
    seq, rnn = tf.contrib.legacy_seq2seq, tf.contrib.rnn

    def model(x: Any, y: Any) -> Any:
        return seq.embedding_rnn_seq2seq(x, y, rnn.GRUCell(3), 7, 6, 4)

    ends = written, _weights(tf, 3), [(2, 1), (4, 3)]
    _, losses = seq.model_with_buckets(read, written, *ends, model)
    with tf.variable_scope("each"):
        _, each = seq.model_with_buckets(read, written, *ends, model, per_example_loss=True)
    return losses + each, feeds


def tensor_losses(tf: Any) -> Made:
    logits, feeds = _fed(tf, [None, 5, 4])
    targets = tf.constant(np.arange(15).reshape(3, 5) % 4)
    weights = tf.constant(np.abs(data(3, 5)) * [[1, 1, 1, 0, 0]] * [[1], [0], [1]], tf.float32)
    loss = tf.contrib.seq2seq.sequence_loss
    choices = [(True, True, False, False), (True, False, False, False), (False, True, False, False)]
    choices += [(*c[2:], *c[:2]) for c in choices]
    choices += [(False, False, False, False), (True, False, False, True)]
    return [loss(logits, targets, weights, *c) for c in choices], feeds


CALLS: dict[str, Callable[[Any], Made]] = {
    f.__name__: f
    for f in (
        layer_norm_lstm,
        layer_norm_lstm_dropped,
        nas,
        update_gate,
        block,
        gru_block,
        fused,
        projected,
        embedded,
        highway,
        attending_cell,
        stacked_ways,
        basic_seq2seq,
        projected_seq2seq,
        one_to_many,
        attending_decoder,
        list_losses,
        buckets,
        tensor_losses,
    )
}
CALLS["embedding_seq2seq"] = _embedding_seq2seq(False)
CALLS["embedding_seq2seq_fed"] = _embedding_seq2seq(True)
CALLS["embedding_seq2seq_chosen"] = _embedding_seq2seq(None)
