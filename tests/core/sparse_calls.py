"""What SparseTensors and CTC do beyond single operations, told alike by both libraries.

Each function gets the module `tf` and returns plain data that JSON can hold. Runs on Python 3.7.
"""

from __future__ import annotations

import warnings

import numpy as np

CALLS = {}
PLACES, SHAPE = [[0, 0], [0, 3], [1, 2]], [3, 4]


def call(function):
    """Adds a function to CALLS, run in a graph of its own."""

    def run(tf):
        with tf.Graph().as_default():
            return plain(function(tf))

    CALLS[function.__name__] = run
    return run


def plain(value):
    """Arrays, named tuples, bytes and shapes as lists, numbers and text."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if hasattr(value, "_fields"):
        return {type(value).__name__: [plain(v) for v in value]}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (np.ndarray, np.generic)):
        # An infinity is no JSON.
        return [
            str(value.dtype),
            [plain(x) if x == x else "nan" for x in value.reshape(-1).tolist()],
        ]
    if isinstance(value, float):
        return float(f"{value:.5g}") if abs(value) < 1e30 else str(value)
    return value.decode("latin1") if isinstance(value, bytes) else value


def told(function):
    """What comes of a call: its result, or the class and the first line of its error."""
    try:
        return plain(function())
    except Exception as error:
        return [type(error).__name__, str(error).splitlines()[0][:60]]


def made(tf):
    return tf.SparseTensor(PLACES, [1.0, 2.0, 3.0], SHAPE)


@call
def members(tf):
    x = made(tf)
    y = x * 2
    return {
        "text": str(x),
        "shape": [str(x.shape), x.get_shape().as_list()],
        "names": [x.op.name, x.dtype.name, x.values.name, x.indices.name, x.dense_shape.name],
        "graph": x.graph is tf.get_default_graph(),
        "consumers": sorted(op.name for op in x.consumers()),
        "product": [y.values.name, y.indices is x.indices, y.dense_shape is x.dense_shape],
        "from value": str(
            tf.SparseTensor.from_value(tf.SparseTensorValue(PLACES, [1, 2, 3], SHAPE))
        ),
        "again": tf.SparseTensor.from_value(x).values is x.values,
    }


@call
def conversions(tf):
    x = made(tf)
    convert = tf.convert_to_tensor_or_sparse_tensor
    return {
        "itself": convert(x) is x,
        "value": str(convert(tf.SparseTensorValue([[0]], [1], [2]))),
        "dense": str(convert([1, 2], name="named")),
        "typed": str(convert([1, 2], tf.float32)),
        "wrong type": told(lambda: convert(x, tf.int32)),
        "tensor": told(lambda: tf.convert_to_tensor(x))[0],
        "typed tensor": told(lambda: tf.convert_to_tensor(x, tf.float32))[0],
        "from 3": told(lambda: tf.SparseTensor.from_value(3)),
        "float places": told(lambda: tf.SparseTensor([[0.5]], [1.0], [3]))[0],
        "int32 places": told(lambda: tf.SparseTensor(tf.constant([[0]]), [1.0], [3])),
    }


@call
def functions_of_tensors(tf):
    x = made(tf)
    cast, rank, size, shape = tf.cast(x, tf.int32), tf.rank(x), tf.size(x), tf.shape(x)
    with tf.Session() as session:
        values = session.run([cast, rank, size, shape])
    names = [cast.values.name, rank.name, size.name, shape.name]
    maps = (tf.abs, tf.negative, tf.sign, tf.square, tf.sqrt, tf.tanh, tf.erf, tf.math.bessel_i0e)
    names += [f(x).values.name for f in maps]
    names += [tf.abs(x, name="named").values.name, str(tf.group(x, name="group").node_def)]
    return [values, names, told(lambda: tf.exp(x))[0], told(lambda: -x), told(lambda: 2.0 / x)]


@call
def fetches(tf):
    x = made(tf)
    rows = tf.IndexedSlices(tf.constant([1.0]), tf.constant([0]))
    whole = tf.IndexedSlices(tf.constant([1.0]), tf.constant([0]), tf.constant([3]))
    with tf.Session() as session:
        return [
            session.run(x),
            session.run([x, {"a": x, "b": (x.values, x.indices)}]),
            session.make_callable(x)(),
            x.eval(),
            x.eval(session=session),
            session.run(rows),
            session.run(whole),
        ]


@call
def feeds(tf):
    x = tf.sparse_placeholder(tf.float32)
    y = tf.sparse_placeholder(tf.int32, [None, 4], name="named")
    z = tf.sparse.placeholder(tf.float32, [3, 4])
    value = tf.SparseTensorValue(PLACES, [1.0, 2.0, 3.0], SHAPE)
    with tf.Session() as session:
        run = session.run
        found = {
            "shapes": [str(s.indices.get_shape()) for s in (x, y, z)],
            "names": [[t.name for t in (s.indices, s.values, s.dense_shape)] for s in (x, y, z)],
            "value": run(x, {x: value}),
            "tuple": run(y, {y: ([[0, 1]], [5], [3, 4])}),
            "arrays": run(x, {x: tuple(np.array(part) for part in value)}),
            "parts": run(x, {x.indices: PLACES, x.values: [1, 2, 3], x.dense_shape: SHAPE}),
            "fixed": run(z, {z: value}),
            "values only": run(z, {z.indices: PLACES, z.values: [1, 2, 3]}),
            "any sparse": run(made(tf), {x: value}),
            "incomplete": told(lambda: run(x, {x: (PLACES, [1.0, 2.0, 3.0])}))[0],
            "wrong shape": told(lambda: run(y, {y: ([[0, 1, 2]], [5], [3, 4])})),
            "nothing": told(lambda: run(y))[0],
            "number": told(lambda: run(x, {x: 3}))[0],
        }
    return found


@call
def gradients(tf):
    x = made(tf)
    total = tf.sparse.reduce_sum(x * [1.0, 2.0, 3.0, 4.0], 1)
    dense = tf.constant(np.arange(8.0).reshape(4, 2), tf.float32)
    product = tf.sparse.matmul(x, dense)
    found = tf.gradients([total, product], [x.values, dense])
    with tf.Session() as session:
        return session.run(found)


@call
def gradients_of_embeddings(tf):
    ids = tf.SparseTensor([[0, 0], [0, 1], [1, 0], [2, 1]], [3, 1, 0, 1], [3, 2])
    numbers = tf.constant([0.5, 2.0, 1.5, 3.0])
    weights = tf.SparseTensor(ids.indices, numbers, ids.dense_shape)
    table = tf.constant(np.random.RandomState(3).normal(0, 1, (4, 3)).astype(np.float32))
    parts = [table[:2], table[2:]]
    found = []
    for combiner in ("sum", "mean", "sqrtn"):
        lookup = tf.nn.embedding_lookup_sparse
        made = [
            lookup(table, ids, weights, combiner=combiner),
            lookup(parts, ids, None, "div", combiner=combiner, max_norm=1.5),
            tf.nn.safe_embedding_lookup_sparse(table, ids, weights, combiner),
            tf.nn.safe_embedding_lookup_sparse(table, ids, weights, combiner, 2),
        ]
        for y in made:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # rows whose number is not known
                slopes = tf.gradients(y * [1.0, 2.0, 3.0], [table, numbers])
                found.append([tf.convert_to_tensor(g) for g in slopes if g is not None])
    with tf.Session() as session:
        return session.run(found)


@call
def larger_shape(tf):
    places = tf.placeholder(tf.int64, [None, 2])
    x = tf.SparseTensor(places, tf.constant([1.0, 2.0, 3.0]), tf.placeholder_with_default(
        np.array(SHAPE, np.int64), [2]))  # fmt: skip
    y = tf.sparse.reset_shape(x, [3, 9])
    with tf.Session() as session:
        return session.run(y, {places: PLACES})


@call
def structures(tf):
    x = made(tf)
    nest = tf.contrib.framework.nest
    flat = nest.flatten({"a": x, "b": 1}, expand_composites=True)
    packed = nest.pack_sequence_as({"a": x, "b": 1}, flat, expand_composites=True)
    return [[str(part) for part in flat], str(packed["a"]), packed["b"], nest.flatten([x]) == [x]]


def _dense_loss(tf, labels, logits, lengths, times, **options):
    y, x = tf.constant(labels), tf.constant(logits)
    if options.pop("with_unique", False):
        options["unique"] = tf.nn.ctc_unique_labels(y)
    loss = tf.nn.ctc_loss_v2(y, x, tf.constant(lengths), tf.constant(times), **options)
    slope = tf.gradients(loss * np.arange(1.0, 3.0, dtype=np.float32), x)
    with tf.Session() as session:
        return session.run([loss, slope])


@call
def ctc_of_dense_labels(tf):
    x = np.random.RandomState(5).normal(0, 1, (6, 2, 4)).astype(np.float32)
    y, n, m = [[1, 2, 2], [3, 0, 0]], [3, 1], [6, 5]
    last = [[0, 2, 2], [2, 0, 0]]
    return {
        "plain": _dense_loss(tf, y, x, n, m),
        "batch first": _dense_loss(tf, y, x.transpose(1, 0, 2), n, m, logits_time_major=False),
        "blank 1": _dense_loss(tf, last, x, n, m, blank_index=1),
        "blank -1": _dense_loss(tf, last, x, n, m, blank_index=-1),
        "no labels": _dense_loss(tf, y, x, [0, 1], m),
        "unique": _dense_loss(tf, [[1, 2, 2], [3, 1, 1]], x, n, m, with_unique=True),
        "too long": _dense_loss(tf, y, x, n, [2, 5])[0],
    }


@call
def ctc_unique_labels(tf):
    found = tf.nn.ctc_unique_labels(tf.constant([[3, 3, 4], [1, 5, 1]]))
    with tf.Session() as session:
        return session.run(found)
