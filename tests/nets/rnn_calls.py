"""Small recurrent networks, run alike by graphflow and by TensorFlow 1.15.5.

Each function gets the module `tf`, builds a graph and returns (results, feeds). Runs on Python 3.7.
"""

from __future__ import annotations

import warnings
from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.nets.calls import _lists, data
from tests.programs import record

SEED = 11
STEPS = 20
Made = Any  # (list of tensors, feeds)


def _flat(tf: Any, *structures: Any) -> list[Any]:
    return [x for s in structures for x in tf.nest.flatten(s)]


def _run(tf: Any, cell: Any, x: Any, **options: Any) -> list[Any]:
    options.setdefault("dtype", tf.nest.flatten(x)[0].dtype)
    outputs, state = tf.nn.dynamic_rnn(cell, x, **options)
    return _flat(tf, outputs, state)


def _fed(tf: Any, sizes: Any, dtype: str = "float32") -> Any:
    shape = [3 if i == 0 else 5 if n is None else n for i, n in enumerate(sizes)]
    x = tf.placeholder(dtype, sizes)
    return x, {x: data(*shape).astype(dtype) / 4}


def _cells(tf: Any) -> Any:
    rnn = tf.nn.rnn_cell
    return {
        "basic": lambda n, **k: rnn.BasicRNNCell(n, **k),
        "gru": lambda n, **k: rnn.GRUCell(n, **k),
        "basic_lstm": lambda n, **k: rnn.BasicLSTMCell(n, **k),
        "lstm": lambda n, **k: rnn.LSTMCell(n, **k),
    }


def _plain(kind: str) -> Callable[[Any], Made]:
    def plain(tf: Any) -> Made:
        x, feeds = _fed(tf, [None, None, 4])
        return _run(tf, _cells(tf)[kind](3), x), feeds

    return plain


def _lengths(kind: str) -> Callable[[Any], Made]:
    def lengths(tf: Any) -> Made:
        x, feeds = _fed(tf, [3, 5, 4])
        n = tf.placeholder(tf.int64, [None])
        feeds[n] = [5, 0, 3]
        return _run(tf, _cells(tf)[kind](3), x, sequence_length=n), feeds

    return lengths


def _double(kind: str) -> Callable[[Any], Made]:
    def double(tf: Any) -> Made:
        x, feeds = _fed(tf, [5, None, 4], "float64")
        feeds = {x: data(5, 3, 4).astype("float64")}
        return _run(tf, _cells(tf)[kind](3), x, time_major=True, swap_memory=True), feeds

    return double


def lstm_options(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 5, 4])
    cell = tf.nn.rnn_cell.LSTMCell(
        6,
        use_peepholes=True,
        cell_clip=0.8,
        num_proj=3,
        proj_clip=0.2,
        forget_bias=0.5,
        initializer=tf.random_uniform_initializer(-0.4, 0.4, seed=3),
        activation=tf.nn.relu,
        name="deep",
    )
    return _run(tf, cell, x, sequence_length=[1, 5, 4], scope="net"), feeds


def lstm_one_tensor(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    basic = tf.nn.rnn_cell.BasicLSTMCell(3, state_is_tuple=False)
    cut = tf.nn.rnn_cell.LSTMCell(4, state_is_tuple=False, num_unit_shards=2, activation="sigmoid")
    stack = tf.nn.rnn_cell.MultiRNNCell([basic, cut], state_is_tuple=False)
    return _run(tf, stack, x), feeds


def gru_options(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    cell = tf.nn.rnn_cell.GRUCell(
        3,
        activation=tf.nn.softsign,
        kernel_initializer=tf.orthogonal_initializer(),
        bias_initializer=tf.constant_initializer(0.25),
    )
    return _run(tf, cell, x, parallel_iterations=4), feeds


def initial_states(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, None, 4])
    cell = tf.nn.rnn_cell.BasicLSTMCell(2)
    c, h = tf.constant(data(3, 2)), tf.placeholder(tf.float32, [None, 2])
    feeds[h] = data(3, 2)
    start = tf.nn.rnn_cell.LSTMStateTuple(c, h)
    first = _run(tf, cell, x, initial_state=start, dtype=None)
    zeros = cell.zero_state(3, tf.float32)
    with tf.variable_scope("more"):
        return first + _run(tf, tf.nn.rnn_cell.GRUCell(2), x, initial_state=zeros.c), feeds


def stacked(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 5, 4])
    rnn = tf.nn.rnn_cell
    cells = [rnn.BasicLSTMCell(3), rnn.GRUCell(2), rnn.LSTMCell(2)]
    cell = rnn.MultiRNNCell(cells)
    start = cell.zero_state(tf.shape(x)[0], tf.float32)
    return _run(tf, cell, x, initial_state=start, sequence_length=[5, 1, 2]), feeds


def dropped(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    rnn = tf.nn.rnn_cell
    keep = tf.placeholder_with_default(np.float32(0.6), [])
    cells = [
        rnn.DropoutWrapper(rnn.BasicLSTMCell(4), output_keep_prob=keep),
        rnn.DropoutWrapper(rnn.GRUCell(4), 0.7, 0.8, 0.9, seed=5),
        rnn.DropoutWrapper(rnn.LSTMCell(4), state_keep_prob=0.5, seed=6),
    ]
    return _run(tf, rnn.MultiRNNCell(cells), x), feeds


def dropped_alike(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    rnn = tf.nn.rnn_cell
    cells = [
        rnn.DropoutWrapper(
            rnn.BasicLSTMCell(3),
            input_keep_prob=0.8,
            output_keep_prob=0.6,
            state_keep_prob=0.7,
            variational_recurrent=True,
            input_size=tf.TensorShape([4]),
            dtype=tf.float32,
            seed=seed,
        )
        for seed in (None, 12)
    ]
    first = _run(tf, cells[0], x, scope="a")
    return first + _run(tf, cells[1], x, scope="b"), feeds


def dropped_by_choice(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    rnn = tf.nn.rnn_cell

    def visitor(part: Any) -> Any:
        if isinstance(part, rnn.LSTMStateTuple):
            return rnn.LSTMStateTuple(c=True, h=False)
        return True

    inner = rnn.MultiRNNCell([rnn.BasicLSTMCell(3), rnn.GRUCell(2)])
    cell = rnn.DropoutWrapper(
        inner, state_keep_prob=0.5, dropout_state_filter_visitor=visitor, seed=2
    )
    return _run(tf, cell, x), feeds


def wrapped(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    rnn = tf.nn.rnn_cell
    cells = [
        rnn.ResidualWrapper(rnn.GRUCell(4)),
        rnn.DeviceWrapper(rnn.BasicLSTMCell(4), "/cpu:0"),
        rnn.ResidualWrapper(rnn.BasicRNNCell(4), residual_fn=lambda i, o: i * 0.5 + o),
    ]
    return _run(tf, rnn.MultiRNNCell(cells), x), feeds


def both_ways(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, None, 4])
    rnn = tf.nn.rnn_cell
    plain = tf.nn.bidirectional_dynamic_rnn(
        rnn.BasicLSTMCell(3), rnn.GRUCell(2), x, dtype=tf.float32
    )
    ended = tf.nn.bidirectional_dynamic_rnn(
        rnn.LSTMCell(2), rnn.LSTMCell(2), x, [4, 5, 1], dtype=tf.float32, scope="ended"
    )
    major = tf.nn.bidirectional_dynamic_rnn(
        rnn.GRUCell(2),
        rnn.GRUCell(2),
        tf.transpose(x, [1, 0, 2]),
        tf.constant([4, 5, 1]),
        rnn.GRUCell(2).zero_state(3, tf.float32),
        dtype=tf.float32,
        time_major=True,
        scope="major",
    )
    return _flat(tf, plain, ended, major), feeds


def shared(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 5, 4])
    cell = tf.nn.rnn_cell.BasicLSTMCell(3)
    with tf.variable_scope("net") as scope:
        first = _run(tf, cell, x)
        again = _run(tf, cell, x * 2, scope="other")
        scope.reuse_variables()
        again_named = tf.nn.rnn_cell.BasicLSTMCell(3, reuse=True, name="basic_lstm_cell")
        third = _run(tf, again_named, x * 3)
    with tf.variable_scope("auto", reuse=tf.AUTO_REUSE):
        for _ in range(2):
            third = third + _run(tf, tf.nn.rnn_cell.GRUCell(2, name="g"), x)
    with tf.variable_scope(
        "own", initializer=tf.ones_initializer(), regularizer=lambda w: tf.reduce_sum(w * w)
    ):
        last = _run(tf, tf.nn.rnn_cell.BasicRNNCell(2), x)
    return first + again + third + last, feeds


def user_cell(tf: Any) -> Made:
    class Own(tf.nn.rnn_cell.RNNCell):  # type: ignore[misc]
        @property
        def state_size(self) -> Any:
            return (tf.TensorShape([2, 3]), {"b": 4})

        @property
        def output_size(self) -> Any:
            return {"y": tf.TensorShape([3, 2]), "z": 4}

        def call(self, inputs: Any, state: Any) -> Any:
            a, b = inputs
            m, rest = state
            w = tf.get_variable("w", [4, 4])
            fixed = tf.get_variable("fixed", [4], trainable=False)
            new = tf.tanh(tf.matmul(a + b, w) + fixed + rest["b"])
            m = m + tf.reshape(tf.concat([new, a[:, :2]], 1), [-1, 2, 3])
            return {"y": tf.transpose(m, [0, 2, 1]), "z": new}, (m, {"b": new})

    x, feeds = _fed(tf, [3, 5, 4])
    cell = Own()
    made = _run(tf, cell, (x, x * 2), sequence_length=[1, 4, 0], dtype=tf.float32)
    names = [w.name for w in cell.trainable_weights + cell.non_trainable_weights]
    assert names == ["rnn/own/w:0", "rnn/own/fixed:0"], names
    return made, feeds


def direct(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 4])
    cell = tf.nn.rnn_cell.GRUCell(3)
    state = cell.get_initial_state(inputs=x)
    made = []
    for _ in range(3):
        y, state = cell(x, state)
        made.append(y)
    y, _ = tf.nn.rnn_cell.BasicLSTMCell(3)(x, 2 * [state], scope="here")
    assert [w.name for w in cell.weights] == [
        "gru_cell/gates/kernel:0",
        "gru_cell/gates/bias:0",
        "gru_cell/candidate/kernel:0",
        "gru_cell/candidate/bias:0",
    ]
    return [*made, y], feeds


def raw(tf: Any) -> Made:
    x, feeds = _fed(tf, [5, 3, 4])
    feeds = {x: data(5, 3, 4)}
    ends = tf.constant([2, 5, 3])
    array = tf.TensorArray(tf.float32, size=5).unstack(x)
    cell = tf.nn.rnn_cell.LSTMCell(3)

    def step(time: Any, output: Any, state: Any, loop_state: Any) -> Any:
        if output is None:
            state = cell.zero_state(3, tf.float32)
        over = time >= ends
        following = tf.cond(tf.reduce_all(over), lambda: tf.zeros([3, 4]), lambda: array.read(time))
        following.set_shape([3, 4])
        return over, following, state, output, None

    outputs, state, loop_state = tf.nn.raw_rnn(cell, step)
    assert loop_state is None
    return _flat(tf, outputs.stack(), state), feeds


def raw_emits(tf: Any) -> Made:
    cell = tf.nn.rnn_cell.GRUCell(3)
    x, feeds = _fed(tf, [None, 4])

    def step(time: Any, output: Any, state: Any, loop_state: Any) -> Any:
        if output is None:
            emit = (tf.zeros([2, 3]), tf.zeros([], tf.int32))
            start = cell.zero_state(tf.shape(x)[0], tf.float32)
            return tf.zeros([3], tf.bool), x, start, emit, (tf.constant(0), tf.zeros([1]))
        emit = (tf.stack([output, state], 1), tf.fill([3], time))
        done = time >= tf.constant([2, 3, 4])
        n, total = loop_state
        return done, x * 0.5, state, emit, (n + 1, total + tf.reduce_sum(output))

    (a, b), state, (n, total) = tf.nn.raw_rnn(cell, step, parallel_iterations=3, scope="loop")
    return [a.stack(), tf.cast(b.stack(), tf.float32), state, tf.cast(n, tf.float32), total], feeds


def static(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 4, 2])
    rnn = tf.nn.rnn_cell
    steps = tf.unstack(x, axis=1)
    plain = tf.nn.static_rnn(rnn.BasicLSTMCell(2), steps, dtype=tf.float32)
    both = tf.nn.static_bidirectional_rnn(
        rnn.GRUCell(2), rnn.BasicRNNCell(3), steps, dtype=tf.float32
    )
    return _flat(tf, plain, both), feeds


def static_ends(tf: Any) -> Made:
    x, feeds = _fed(tf, [None, 4, 2])
    rnn = tf.nn.rnn_cell
    steps = tf.unstack(x, axis=1)
    n = tf.placeholder(tf.int64, [None])
    feeds[n] = [3, 0, 1]
    plain = tf.nn.static_rnn(rnn.LSTMCell(2), steps, dtype=tf.float32, sequence_length=n)
    both = tf.nn.static_bidirectional_rnn(
        rnn.GRUCell(2), rnn.GRUCell(3), steps, dtype=tf.float32, sequence_length=n
    )
    return _flat(tf, plain, both), feeds


def static_saved(tf: Any) -> Made:
    x, feeds = _fed(tf, [3, 4, 2])

    class Saver:
        def __init__(self) -> None:
            self.saved: Any = {}

        def state(self, name: str) -> Any:
            return tf.constant(data(3, 2), name=name)

        def save_state(self, name: str, value: Any) -> Any:
            self.saved[name] = value
            return tf.identity(value, name=f"saved_{name}")

    saver = Saver()
    cells = tf.nn.rnn_cell.BasicLSTMCell(2), tf.nn.rnn_cell.GRUCell(2)
    steps = tf.unstack(x, axis=1)
    pair = tf.nn.static_state_saving_rnn(cells[0], steps, saver, ("c", "h"))
    one = tf.nn.static_state_saving_rnn(cells[1], steps, saver, "s", scope="one")
    assert sorted(saver.saved) == ["c", "h", "s"]
    return _flat(tf, pair, one), feeds


CALLS: dict[str, Callable[[Any], Made]] = {
    f.__name__: f
    for f in (
        lstm_options,
        lstm_one_tensor,
        gru_options,
        initial_states,
        stacked,
        dropped,
        dropped_alike,
        dropped_by_choice,
        wrapped,
        both_ways,
        shared,
        user_cell,
        direct,
        raw,
        raw_emits,
        static,
        static_ends,
        static_saved,
    )
}
for _kind in ("basic", "gru", "basic_lstm", "lstm"):
    CALLS[f"{_kind}_plain"] = _plain(_kind)
    CALLS[f"{_kind}_lengths"] = _lengths(_kind)
    CALLS[f"{_kind}_double"] = _double(_kind)


def observed(tf: Any, make: Callable[[Any], Made]) -> dict[str, Any]:
    """Builds and runs a call; returns nodes, names in collections and numbers."""
    graph = tf.Graph()
    with graph.as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tf.set_random_seed(SEED)
        results, feeds = make(tf)
        found = record.structure(graph)
        for key in ("while_context", "cond_context"):
            found["collections"].pop(key, None)  # objects without names of their own
        found["shapes"] = [str(r.shape) for r in results]
        variables, weights = tf.global_variables(), tf.trainable_variables()
        total = tf.add_n([tf.reduce_sum(tf.cast(r * r, tf.float32)) for r in results])
        slopes = [g for g in tf.gradients(total, weights) if g is not None] if weights else []
        slopes = [tf.convert_to_tensor(g) for g in slopes]
        start = tf.global_variables_initializer()
    with tf.Session(graph=graph) as session:
        session.run(start)
        # One run: each run draws its own random numbers.
        values, gradients = session.run([results, slopes], feeds)
        found["results"] = _lists(values)
        found["gradients"] = _lists(gradients)
        found["variables"] = dict(
            zip([v.name for v in variables], _lists(session.run(variables)))  # noqa: B905 - 3.7
        )
    return found


def classifier(tf: Any) -> Any:
    """An LSTM that says which half of a sequence is larger; (loss, train step, inputs, labels).

    Without dropout: TensorFlow draws the numbers of a loop's steps in the order in which threads
    come to them, so its own curve differs from run to run.
    """
    x = tf.placeholder(tf.float32, [None, 8, 3])
    y = tf.placeholder(tf.int32, [None])
    rnn = tf.nn.rnn_cell
    cells = [rnn.BasicLSTMCell(8), rnn.LSTMCell(8, use_peepholes=True)]
    outputs, _ = tf.nn.dynamic_rnn(rnn.MultiRNNCell(cells), x, dtype=tf.float32)
    logits = tf.layers.dense(outputs[:, -1], 2)
    loss = tf.losses.sparse_softmax_cross_entropy(y, logits)
    optimizer = tf.train.AdamOptimizer(0.02)
    slopes, weights = zip(*optimizer.compute_gradients(loss))  # noqa: B905 - Python 3.7
    clipped, _ = tf.clip_by_global_norm(slopes, 1.0)
    return loss, optimizer.apply_gradients(zip(clipped, weights)), x, y  # noqa: B905 - Python 3.7


def curve(tf: Any) -> dict[str, Any]:
    """Trains the classifier; returns nodes and losses."""
    graph = tf.Graph()
    with graph.as_default():
        tf.set_random_seed(SEED)
        loss, step, x, y = classifier(tf)
        start = tf.global_variables_initializer()
    losses = []
    with tf.Session(graph=graph) as session:
        session.run(start)
        for i in range(STEPS):
            batch = np.random.RandomState(i).normal(size=(16, 8, 3)).astype(np.float32)
            labels = (batch[:, :4].sum((1, 2)) > batch[:, 4:].sum((1, 2))).astype(np.int32)
            losses.append(float(session.run([loss, step], {x: batch, y: labels})[0]))
    return {"losses": losses, **record.structure(graph)}
