"""Small models that read sequences: recurrent nets, words and attention.

Runs on Python 3.7 as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.programs.mnist import Built
from tests.programs.models import fifty
from tests.programs.small import finish

WORDS = 15
LENGTH = 8


def sentences(step: int, size: int = 8) -> tuple[Any, Any]:
    """Returns `[n, LENGTH]` words, each mostly following from the one before, and lengths."""
    random = np.random.RandomState(6000 + step)
    words = np.empty((size, LENGTH), np.int32)
    words[:, 0] = random.randint(0, WORDS, size)
    for i in range(1, LENGTH):
        stray = random.randint(0, WORDS, size)
        follows = (2 * words[:, i - 1] + 1) % WORDS
        words[:, i] = np.where(random.rand(size) < 0.2, stray, follows)
    return words, random.randint(2, LENGTH + 1, size).astype(np.int32)


def lstm_classifier(tf: Any) -> Built:
    """An LSTM over sentences of several lengths; RMSProp with clipped gradients."""
    tf.set_random_seed(21)
    words = tf.placeholder(tf.int32, [None, LENGTH], name="words")
    lengths = tf.placeholder(tf.int32, [None], name="lengths")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    with tf.variable_scope("reader", initializer=tf.random_uniform_initializer(-0.3, 0.3)):
        table = tf.get_variable("table", [WORDS, 6])
        cell = tf.nn.rnn_cell.BasicLSTMCell(7, forget_bias=1.0)
        cell = tf.nn.rnn_cell.DropoutWrapper(cell, input_keep_prob=0.9, seed=3)
        rows = tf.nn.embedding_lookup(table, words)
        _, state = tf.nn.dynamic_rnn(
            cell,
            rows,
            sequence_length=lengths,
            dtype=tf.float32,
            parallel_iterations=1,  # the steps of several would race for the random numbers
        )
        logits = tf.layers.dense(state.h, 3)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.reduce_mean(losses)
    optimizer = tf.train.RMSPropOptimizer(0.01, decay=0.9, momentum=0.5, centered=True)
    pairs = optimizer.compute_gradients(loss)
    pairs = [(tf.clip_by_norm(gradient, 1.0), variable) for gradient, variable in pairs]
    step = optimizer.apply_gradients(pairs)

    def feeds(number: int) -> dict[Any, Any]:
        batch, sizes = sentences(number)
        return {words: batch, lengths: sizes, labels: batch[:, 0] % 3}

    return fifty(finish(tf, loss, step, feeds))


def sequence_autoencoder(tf: Any) -> Built:
    """Two layers of GRU read waves, a static net writes them again; Adam on resources."""
    tf.set_random_seed(22)
    x = tf.placeholder(tf.float32, [6, 10, 2], name="x")
    cells = tf.nn.rnn_cell
    with tf.variable_scope("both", use_resource=True):
        with tf.variable_scope("encoder"):
            deep = cells.MultiRNNCell([cells.GRUCell(6), cells.GRUCell(5)])
            _, states = tf.nn.dynamic_rnn(deep, x, dtype=tf.float32, time_major=False)
        with tf.variable_scope("decoder"):
            steps = [tf.zeros_like(x[:, 0]), *tf.unstack(x, axis=1)[:-1]]
            cell = cells.BasicRNNCell(5)
            outputs, _ = tf.nn.static_rnn(cell, steps, initial_state=states[-1])
            written = [tf.layers.dense(o, 2, name="out", reuse=tf.AUTO_REUSE) for o in outputs]
    loss = tf.losses.huber_loss(tf.transpose(x, [1, 0, 2]), tf.stack(written), delta=0.5)
    step = tf.train.AdamOptimizer(0.01).minimize(loss)

    def feeds(number: int) -> dict[Any, Any]:
        random = np.random.RandomState(7000 + number)
        places = np.arange(10)[:, None] + random.randint(0, 8, (6, 1, 2))
        return {x: (np.abs(places % 8 - 4) / 4.0).astype(np.float32)}

    return fifty(finish(tf, loss, step, feeds))


def word2vec(tf: Any) -> Built:
    """Skip-gram with noise-contrastive estimation, as the tutorial writes it."""
    tf.set_random_seed(23)
    inputs = tf.placeholder(tf.int32, shape=[24])
    labels = tf.placeholder(tf.int32, shape=[24, 1])
    with tf.name_scope("embeddings"):
        embeddings = tf.Variable(tf.random_uniform([WORDS, 6], -1.0, 1.0))
        embed = tf.nn.embedding_lookup(embeddings, inputs)
    with tf.name_scope("weights"):
        nce_weights = tf.Variable(tf.truncated_normal([WORDS, 6], stddev=1.0 / np.sqrt(6)))
    with tf.name_scope("biases"):
        nce_biases = tf.Variable(tf.zeros([WORDS]))
    with tf.name_scope("loss"):
        loss = tf.reduce_mean(
            tf.nn.nce_loss(
                weights=nce_weights,
                biases=nce_biases,
                labels=labels,
                inputs=embed,
                num_sampled=5,
                num_classes=WORDS,
            )
        )
    with tf.name_scope("optimizer"):
        step = tf.train.ProximalAdagradOptimizer(
            0.3, l1_regularization_strength=1e-4, l2_regularization_strength=1e-4
        ).minimize(loss)
    norm = tf.sqrt(tf.reduce_sum(tf.square(embeddings), 1, keep_dims=True))
    normalized = embeddings / norm
    similarity = tf.matmul(normalized[:4], normalized, transpose_b=True)
    closest = tf.nn.top_k(similarity, 2, name="closest")
    accuracy = tf.reduce_mean(closest.values[:, 1])

    def feeds(number: int) -> dict[Any, Any]:
        words, _ = sentences(number, 6)
        return {inputs: words[:, 1:5].ravel(), labels: words[:, 2:6].reshape(-1, 1)}

    return fifty(finish(tf, loss, step, feeds), accuracy=accuracy, test_feeds={})


def sampled_words(tf: Any) -> Built:
    """A sampled softmax over words in parts, and the dual averaging of adagrad."""
    tf.set_random_seed(24)
    words = tf.placeholder(tf.int32, [None], name="words")
    targets = tf.placeholder(tf.int64, [None, 1], name="targets")
    with tf.variable_scope("words", partitioner=tf.fixed_size_partitioner(2)):
        table = tf.get_variable("table", [WORDS, 4])
        kernel = tf.get_variable("kernel", [WORDS, 4])
        bias = tf.get_variable("bias", [WORDS], initializer=tf.zeros_initializer())
    rows = tf.nn.embedding_lookup(table, words)
    losses = tf.nn.sampled_softmax_loss(kernel, bias, targets, rows, 6, WORDS, seed=5)
    loss = tf.reduce_mean(losses)
    counter = tf.train.get_or_create_global_step()
    optimizer = tf.train.AdagradDAOptimizer(0.3, counter, l2_regularization_strength=0.1)
    step = optimizer.minimize(loss, global_step=counter)

    def feeds(number: int) -> dict[Any, Any]:
        batch, _ = sentences(number)
        return {words: batch[:, 3], targets: batch[:, 4:5].astype(np.int64)}

    return fifty(finish(tf, loss, step, feeds))


def _norm(tf: Any, x: Any, scope: str) -> Any:
    with tf.variable_scope(scope):
        size = x.shape[-1].value
        g = tf.get_variable("g", [size], initializer=tf.constant_initializer(1))
        b = tf.get_variable("b", [size], initializer=tf.constant_initializer(0))
        u = tf.reduce_mean(x, axis=-1, keepdims=True)
        s = tf.reduce_mean(tf.square(x - u), axis=-1, keepdims=True)
        return (x - u) * tf.rsqrt(s + 1e-5) * g + b


def _conv1d(tf: Any, x: Any, scope: str, size: int) -> Any:
    with tf.variable_scope(scope):
        *start, width = [d.value or tf.shape(x)[i] for i, d in enumerate(x.shape)]
        w = tf.get_variable(
            "w", [1, width, size], initializer=tf.random_normal_initializer(stddev=0.2)
        )
        b = tf.get_variable("b", [size], initializer=tf.constant_initializer(0))
        flat = tf.matmul(tf.reshape(x, [-1, width]), tf.reshape(w, [-1, size])) + b
        return tf.reshape(flat, [*start, size])


def _attention(tf: Any, x: Any, heads: int) -> Any:
    with tf.variable_scope("attn"):
        c = _conv1d(tf, x, "c_attn", 3 * x.shape[-1].value)

        def split(part: Any) -> Any:
            shape = [tf.shape(part)[0], LENGTH, heads, part.shape[-1].value // heads]
            return tf.transpose(tf.reshape(part, shape), [0, 2, 1, 3])

        q, k, v = map(split, tf.split(c, 3, axis=2))
        w = tf.matmul(q, k, transpose_b=True)
        w = w * tf.rsqrt(tf.cast(v.shape[-1].value, w.dtype))
        i, j = tf.range(LENGTH)[:, None], tf.range(LENGTH)
        mask = tf.reshape(tf.cast(i >= j, w.dtype), [1, 1, LENGTH, LENGTH])
        w = tf.nn.softmax(w * mask - tf.cast(1e10, w.dtype) * (1 - mask))
        merged = tf.transpose(tf.matmul(w, v), [0, 2, 1, 3])
        return _conv1d(tf, tf.reshape(merged, tf.shape(x)), "c_proj", x.shape[-1].value)


def _gelu(tf: Any, x: Any) -> Any:
    return 0.5 * x * (1 + tf.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * tf.pow(x, 3))))


def transformer(tf: Any) -> Built:
    """Two blocks of masked attention written by hand; Adam whose rate warms up first."""
    tf.set_random_seed(25)
    words = tf.placeholder(tf.int32, [None, LENGTH], name="words")
    with tf.variable_scope("model"):
        wpe = tf.get_variable("wpe", [LENGTH, 8], initializer=tf.random_normal_initializer(0, 0.1))
        wte = tf.get_variable("wte", [WORDS, 8], initializer=tf.random_normal_initializer(0, 0.2))
        h = tf.gather(wte, words) + tf.gather(wpe, tf.range(LENGTH))
        h.set_shape([None, LENGTH, 8])
        for layer in range(2):
            with tf.variable_scope("h%d" % layer):  # noqa: UP031 - as the model does
                h = h + tf.reshape(_attention(tf, _norm(tf, h, "ln_1"), 2), tf.shape(h))
                m = _gelu(tf, _conv1d(tf, _norm(tf, h, "ln_2"), "c_fc", 16))
                h = h + tf.nn.dropout(_conv1d(tf, m, "c_proj", 8), rate=0.1)
        h = tf.reshape(_norm(tf, h, "ln_f"), [-1, 8])
        logits = tf.reshape(tf.matmul(h, wte, transpose_b=True), [-1, LENGTH, WORDS])
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=words[:, 1:], logits=logits[:, :-1]
    )
    loss = tf.reduce_mean(losses)
    counter = tf.train.get_or_create_global_step()
    warm = tf.minimum(tf.cast(counter + 1, tf.float32) / 10.0, 1.0)
    rate = 0.01 * warm * tf.rsqrt(tf.maximum(tf.to_float(counter), 10.0) / 10.0)
    # With a small epsilon, the roundings of the keys' bias, whose gradient is 0, would be steps.
    optimizer = tf.train.AdamOptimizer(rate, beta2=0.98, epsilon=1e-5)
    gradients, variables = zip(*optimizer.compute_gradients(loss))  # noqa: B905 - Python 3.7
    gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
    step = optimizer.apply_gradients(list(zip(gradients, variables)), counter)  # noqa: B905

    return fifty(finish(tf, loss, step, lambda number: {words: sentences(number)[0]}))


_ALL = (lstm_classifier, sequence_autoencoder, word2vec, sampled_words, transformer)
MODELS = {f.__name__: f for f in _ALL}
