"""Input pipelines: what each function declares, and what comes out of some of them.

Runs on Python 3.7 as well, under TensorFlow 1.15.5 (tests/golden/record_pipelines.py).
"""

from __future__ import annotations

import numpy as np


def _sparse(tf, rank):
    places = [[0, 1], [2, 3]] if rank == 2 else [[1], [3]]
    return tf.SparseTensor(places, [1.0, 2.0], [3, 4] if rank == 2 else [4])


def declared(tf):
    """The calls, by name."""
    t = tf.train
    two, ones, one = lambda: tf.zeros([2]), lambda: tf.ones([2]), lambda: tf.zeros([])
    flag = lambda shape=(): tf.placeholder(tf.bool, shape)
    free = lambda shape=None: tf.placeholder(tf.float32, shape)
    return {
        "strings": lambda: t.string_input_producer(["a", "b"]),
        "strings-named": lambda: t.string_input_producer(
            tf.placeholder(tf.string, [None]), num_epochs=2, shuffle=False, name="nm", capacity=7,
            shared_name="s",
        ),
        "strings-none": lambda: t.string_input_producer([]),
        "range": lambda: t.range_input_producer(10, seed=3),
        "range-named": lambda: t.range_input_producer(
            tf.placeholder(tf.int32, []), num_epochs=1, name="r"
        ),
        "slices": lambda: t.slice_input_producer([np.zeros([4, 2], "f"), tf.zeros([4])]),
        "slices-named": lambda: t.slice_input_producer(
            [free([None, 3])], num_epochs=3, shuffle=False, name="q"
        ),
        "slices-none": lambda: t.slice_input_producer([]),
        "rows": lambda: t.input_producer(np.arange(6).reshape(3, 2), num_epochs=1),
        "rows-unknown": lambda: t.input_producer(free()),
        "rows-shape": lambda: t.input_producer(
            free(), element_shape=[2], summary_name="sm", name="ip"
        ),
        "epochs": lambda: t.limit_epochs(two(), 3),
        "epochs-0": lambda: t.limit_epochs(two(), 0),
        "files": lambda: t.match_filenames_once("x*"),
        "batch": lambda: t.batch([two(), tf.ones([], tf.int32)], 4),
        "batch-threads": lambda: t.batch(
            [two()], 4, num_threads=3, capacity=9, name="bb", allow_smaller_final_batch=True
        ),
        "batch-dict": lambda: t.batch({"x": two(), "a": tf.ones([])}, 4),
        "batch-dict-1": lambda: t.batch({"x": two()}, 4),
        "batch-many": lambda: t.batch([tf.zeros([5, 2])], 4, enqueue_many=True),
        "batch-pad": lambda: t.batch([free([None])], 4, dynamic_pad=True),
        "batch-no-rank": lambda: t.batch([free()], 4),
        "batch-shapes": lambda: t.batch([free()], 4, shapes=[[3]]),
        "batch-none": lambda: t.batch([], 4),
        "batch-no-size": lambda: t.batch([free([None])], 4),
        "maybe": lambda: t.maybe_batch([two()], flag(), 4),
        "maybe-rows": lambda: t.maybe_batch([tf.zeros([5, 2])], flag([None]), 4, enqueue_many=True),
        "maybe-never": lambda: t.maybe_batch([two()], False, 4),
        "maybe-vector": lambda: t.maybe_batch([two()], flag([None]), 4),
        "maybe-unknown": lambda: t.maybe_batch([two()], flag(None), 4),
        "maybe-matrix": lambda: t.maybe_batch([two()], flag([1, 2]), 4, enqueue_many=True),
        "join": lambda: t.batch_join([[two()], [ones()]], 4),
        "join-none": lambda: t.batch_join([], 4),
        "join-keys": lambda: t.batch_join([{"a": two()}, {"b": ones()}], 4),
        "join-types": lambda: t.batch_join([[two()], [tf.ones([2], tf.int32)]], 4),
        "join-shapes": lambda: t.batch_join([[two()], [tf.ones([3])]], 4),
        "join-dicts": lambda: t.batch_join([{"a": two()}, {"a": ones()}], 4, name="j"),
        "maybe-join": lambda: t.maybe_batch_join([[two()], [ones()]], flag(), 4),
        "shuffle": lambda: t.shuffle_batch([two()], 4, 20, 5),
        "shuffle-more": lambda: t.shuffle_batch(
            [two()], 4, 20, 5, seed=4, num_threads=2, allow_smaller_final_batch=True,
            shared_name="k",
        ),
        "shuffle-least": lambda: t.shuffle_batch([two()], 4, 5, 5),
        "shuffle-shared": lambda: t.shuffle_batch([two()], 4, 20, 5, shared_name="k"),
        "maybe-shuffle": lambda: t.maybe_shuffle_batch([two()], 4, 20, 5, flag()),
        "shuffle-join": lambda: t.shuffle_batch_join([[two()], [ones()]], 4, 20, 5),
        "maybe-shuffle-join": lambda: t.maybe_shuffle_batch_join(
            [[two()], [ones()]], 4, 20, 5, True
        ),
        "sparse": lambda: t.batch([_sparse(tf, 1), one()], 2),
        "sparse-1": lambda: t.batch([_sparse(tf, 1)], 2),
        "sparse-rows": lambda: t.batch([_sparse(tf, 2), tf.zeros([3])], 2, enqueue_many=True),
        "sparse-join": lambda: t.batch_join([[_sparse(tf, 1), one()], [_sparse(tf, 1), one()]], 2),
        "sparse-maybe": lambda: t.maybe_batch([_sparse(tf, 1)], flag(), 2),
        "sparse-which": lambda: t.maybe_batch([_sparse(tf, 2)], flag([None]), 2, enqueue_many=True),
    }  # fmt: skip


def _node(op):
    attrs = {k: str(op.get_attr(k)) for k in ("capacity", "shared_name", "seed", "seed2",
             "min_after_dequeue", "cancel_pending_enqueues") if k in op.node_def.attr}  # fmt: skip
    return [
        op.name, op.type, [x.name for x in op.inputs],
        sorted(c.name for c in op.control_inputs), [str(x.shape) for x in op.outputs],
        sorted(attrs.items()),
    ]  # fmt: skip


def declare(tf, name):
    """The nodes, collections and runners that a call makes, or what it raises."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(11)
        try:
            declared(tf)[name]()
        except (TypeError, ValueError) as e:
            return {"raised": [type(e).__name__, str(e).split("\n")[0]]}
        keys = ("queue_runners", "summaries", "local_variables", "variables")
        return {
            "nodes": [_node(op) for op in graph.get_operations()],
            "collections": [[k, [x.name for x in graph.get_collection(k)]] for k in keys],
            "runners": [str(x.to_proto()) for x in graph.get_collection("queue_runners")],
        }


# --- what comes out ---


def running(tf, path):
    """Pipelines with one thread at each place, by name; they read a file of lines at `path`."""
    t = tf.train
    numbers = lambda n, **k: t.range_input_producer(n, num_epochs=1, shuffle=False, **k).dequeue()

    def read():
        names = t.string_input_producer([path, path], num_epochs=1, shuffle=False)
        _, line = tf.TextLineReader(skip_header_lines=1).read(names)
        return t.batch([line], 3, allow_smaller_final_batch=True)

    def sparse():
        i = numbers(7)
        place = tf.cast(tf.stack([[i]]), tf.int64)
        return t.batch([tf.SparseTensor(place, [tf.cast(i, tf.float32)], [10]), i], 3)

    def some():
        i = numbers(20)
        return t.maybe_batch([i], tf.equal(i % 2, 0), 3)

    pairs = [np.arange(10) * 2, np.arange(20).reshape(10, 2)]
    return {
        "read": read,
        "slices": lambda: t.slice_input_producer(pairs, num_epochs=2),
        "batch": lambda: t.batch([numbers(20)], 7, allow_smaller_final_batch=True),
        "many": lambda: t.batch(
            [t.range_input_producer(20, num_epochs=1, shuffle=False).dequeue_many(3)], 7,
            enqueue_many=True, allow_smaller_final_batch=True,
        ),
        "pad": lambda: t.batch([tf.range(numbers(8))], 3, dynamic_pad=True),
        "sparse": sparse,
        "join": lambda: t.batch_join([[numbers(6)]], 2),
        "some": some,
    }  # fmt: skip


def _plain(value):
    if hasattr(value, "dense_shape"):
        return [_plain(value.indices), _plain(value.values), _plain(value.dense_shape)]
    if isinstance(value, (list, tuple)):
        return [_plain(x) for x in value]
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list):
        return [_plain(x) for x in value]
    return value.decode() if isinstance(value, bytes) else value


def run(tf, name, path):
    """What the runs of a pipeline return until the input ends, and how it ends."""
    found = []
    with tf.Graph().as_default():
        tf.set_random_seed(5)
        fetch = running(tf, path)[name]()
        with tf.Session() as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(session, coordinator)
            try:
                while True:
                    found.append(_plain(session.run(fetch)))
            except tf.errors.OutOfRangeError as e:
                found.append("closed" if "is closed and has insufficient elements" in str(e) else 0)
            coordinator.request_stop()
            coordinator.join(threads)
            found.append(sorted(t.name for t in threads))
    return found
