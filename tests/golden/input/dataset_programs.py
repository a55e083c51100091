"""Data set programs: record_datasets.py runs them with TensorFlow, test_datasets.py with graphflow.

PIPELINES make a data set: `name -> (function of tf and X = tf.data.experimental, graph seed)`.
MISTAKES make what fails, in declaration or in the first run. PROGRAMS do more and return values.
FOLDER is where the files of `write_files` are.
"""

import gzip
import os
import tempfile
import warnings
import zlib

import numpy as np

FOLDER = os.path.join(tempfile.gettempdir(), "graphflow-test-datasets")
PIPELINES = {}
MISTAKES = {}
PROGRAMS = {}


def path(name):
    return os.path.join(FOLDER, name)


def write_files(tf):
    os.makedirs(FOLDER, exist_ok=True)
    for name in os.listdir(FOLDER):
        os.unlink(path(name))
    contents = {
        "a.txt": b"l1\nl2\r\n\nlast",
        "b.txt": b"m1\n",
        "empty.txt": b"",
        "f.bin": b"HHabcdefF",
        "odd.bin": b"abcdefg",
        "c.csv": b'a,b,c\n1,2.5,x\n,3.5,"y,\nz"\n3,4.5,""\n',
        "gap.csv": b"1,2\n3,\n",
    }
    contents["a.txt.gz"] = gzip.compress(contents["a.txt"])
    contents["f.zlib"] = zlib.compress(contents["f.bin"])
    for name, data in contents.items():
        with open(path(name), "wb") as file:
            file.write(data)
    for name, kind in (("r", 0), ("r.zlib", 1), ("r.gz", 2)):
        options = tf.python_io.TFRecordOptions(kind)
        with tf.python_io.TFRecordWriter(path(name), options) as writer:
            for i in range(4):
                writer.write(b"record %d" % i)
    with open(path("r"), "rb") as file:
        data = bytearray(file.read())
    data[20] ^= 1
    with open(path("damaged"), "wb") as file:
        file.write(data)


def pipeline(name, make, seed=None):
    PIPELINES[name] = make, seed


def mistake(name, make):
    MISTAKES[name] = make


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def ident(*x):
    return x if len(x) > 1 else x[0]


def many(tf, stop=10):
    return tf.data.Dataset.range(stop)


# --- sources ---
pipeline("range stop", lambda tf, X: tf.data.Dataset.range(3))
pipeline("range start", lambda tf, X: tf.data.Dataset.range(2, 5))
pipeline("range step", lambda tf, X: tf.data.Dataset.range(5, -4, -3))
pipeline("range empty", lambda tf, X: tf.data.Dataset.range(5, 2))
pipeline("tensors", lambda tf, X: tf.data.Dataset.from_tensors({"a": [1, 2], "b": ("x", 2.5)}))
pipeline(
    "slices",
    lambda tf, X: tf.data.Dataset.from_tensor_slices(
        (np.arange(4), {"a": np.ones((4, 2), np.float32)}, ["a", "b", "c", "d"])
    ),
)
pipeline("slices of lists", lambda tf, X: tf.data.Dataset.from_tensor_slices([[1, 2], [3, 4]]))
pipeline("slices empty", lambda tf, X: tf.data.Dataset.from_tensor_slices(np.zeros((0, 2))))
pipeline(
    "slices batch",
    lambda tf, X: tf.data.Dataset.from_tensor_slices(np.arange(14.0).reshape(7, 2)).batch(3),
)
pipeline(
    "slices batch drop",
    lambda tf, X: tf.data.Dataset.from_tensor_slices(np.arange(14.0).reshape(7, 2)).batch(
        3, drop_remainder=True
    ),
)
pipeline(
    "slices repeat batch",
    lambda tf, X: tf.data.Dataset.from_tensor_slices(np.arange(5)).repeat(2).batch(4),
)
pipeline(
    "zip shuffle batch",
    lambda tf, X: (
        tf.data.Dataset.zip((tf.data.Dataset.from_tensor_slices(np.arange(6) * 2.0), many(tf, 6)))
        .shuffle(4, seed=2)
        .batch(4)
        .repeat(2)
    ),
)
pipeline(
    "sparse slices",
    lambda tf, X: tf.data.Dataset.from_sparse_tensor_slices(
        tf.SparseTensor([[0, 0], [1, 1], [1, 2], [2, 0]], [1, 2, 3, 4], [4, 3])
    ),
)
pipeline(
    "sparse elements",
    lambda tf, X: tf.data.Dataset.from_tensor_slices(
        tf.SparseTensor([[0, 0], [1, 1], [2, 0]], [1, 2, 3], [3, 2])
    ),
)
pipeline(
    "sparse batch",
    lambda tf, X: tf.data.Dataset.from_tensor_slices(
        tf.SparseTensor([[0, 0], [1, 1], [2, 0]], [1, 2, 3], [3, 2])
    ).batch(2),
)
pipeline(
    "sparse map",
    lambda tf, X: tf.data.Dataset.from_tensor_slices(
        tf.SparseTensor([[0, 0], [1, 1], [2, 0]], [1, 2, 3], [3, 2])
    ).map(lambda s: (tf.sparse.to_dense(s), s)),
)
pipeline("random", lambda tf, X: X.RandomDataset(seed=3).take(5).repeat(2))
pipeline("random graph seed", lambda tf, X: X.RandomDataset().take(3), 9)
pipeline("counter", lambda tf, X: X.Counter(3, 2).take(4))


def counted(n):
    for i in range(n):
        yield i, [i] * i


pipeline(
    "generator",
    lambda tf, X: tf.data.Dataset.from_generator(
        counted, (tf.int32, tf.int64), ([], [None]), args=(3,)
    ).repeat(2),
)
pipeline(
    "generator strings",
    lambda tf, X: tf.data.Dataset.from_generator(lambda: iter(["a", b"b", "\u00e9"]), tf.string),
)
pipeline(
    "generator dicts",
    lambda tf, X: tf.data.Dataset.from_generator(
        lambda: iter([{"a": 1, "b": 2.5}]), {"a": tf.int32, "b": tf.float32}
    ),
)
pipeline(
    "generator batch",
    lambda tf, X: tf.data.Dataset.from_generator(lambda: iter(range(5)), tf.float32, []).batch(2),
)

# --- order and number ---
pipeline("take", lambda tf, X: many(tf).take(3))
pipeline("take all", lambda tf, X: many(tf, 3).take(-1))
pipeline("take none", lambda tf, X: many(tf).take(0))
pipeline("skip", lambda tf, X: many(tf).skip(8))
pipeline("skip all", lambda tf, X: many(tf).skip(-1))
pipeline("repeat none", lambda tf, X: many(tf, 2).repeat(0))
pipeline("repeat of nothing", lambda tf, X: many(tf, 0).repeat())
pipeline("concatenate", lambda tf, X: many(tf, 2).concatenate(many(tf, 3)))
pipeline("zip", lambda tf, X: tf.data.Dataset.zip((many(tf, 3), {"a": many(tf, 4)})))
pipeline("enumerate", lambda tf, X: tf.data.Dataset.from_tensor_slices(["x", "y"]).enumerate(5))
pipeline("shard", lambda tf, X: many(tf).shard(3, 1))
pipeline("prefetch", lambda tf, X: many(tf, 3).prefetch(2))
pipeline(
    "cache",
    lambda tf, X: many(tf, 3).map(lambda x: tf.random_uniform([], seed=4)).cache().repeat(2),
)
pipeline(
    "cache of a shuffle", lambda tf, X: many(tf, 4).shuffle(4, seed=5).cache().map(ident).repeat(2)
)
pipeline("shuffle", lambda tf, X: many(tf).shuffle(3, seed=5))
pipeline("shuffle large seed", lambda tf, X: many(tf, 30).shuffle(7, seed=12345678901))
pipeline("shuffle graph seed", lambda tf, X: many(tf).shuffle(20).repeat(2), 7)
pipeline("shuffle repeat", lambda tf, X: many(tf, 6).shuffle(4, seed=5).repeat(3))
pipeline("repeat shuffle", lambda tf, X: many(tf, 6).repeat(2).shuffle(4, seed=5))
pipeline("shuffle batch repeat", lambda tf, X: many(tf, 6).shuffle(6, seed=5).batch(6).repeat(3))
pipeline(
    "shuffle once",
    lambda tf, X: many(tf).shuffle(20, seed=5, reshuffle_each_iteration=False).repeat(2),
)
pipeline(
    "shuffle once batch",
    lambda tf, X: many(tf, 6).shuffle(6, seed=5, reshuffle_each_iteration=False).batch(6).repeat(2),
)
pipeline("shuffle and repeat", lambda tf, X: many(tf).apply(X.shuffle_and_repeat(4, 3, seed=9)))
pipeline(
    "two shuffles",
    lambda tf, X: many(tf, 5).shuffle(5, seed=1).shuffle(5, seed=1).take(5).repeat(2),
)
pipeline(
    "shuffle filter shuffle",
    lambda tf, X: (
        many(tf, 6).shuffle(6, seed=5).filter(lambda x: x >= 0).shuffle(4, seed=5).take(6).repeat(2)
    ),
)
pipeline(
    "repeat repeat", lambda tf, X: many(tf, 4).shuffle(4, seed=5).map(ident).repeat(2).repeat(2)
)
pipeline(
    "repeat take repeat",
    lambda tf, X: many(tf, 4).shuffle(4, seed=5).map(ident).repeat().take(10).repeat(2),
)
pipeline(
    "shuffle shuffle and repeat",
    lambda tf, X: (
        many(tf, 4)
        .shuffle(4, seed=5)
        .map(ident)
        .apply(X.shuffle_and_repeat(2, 2, seed=3))
        .repeat(2)
    ),
)
pipeline(
    "concatenate shuffles",
    lambda tf, X: (
        many(tf, 4).shuffle(4, seed=5).concatenate(many(tf, 3).shuffle(4, seed=5)).repeat(2)
    ),
)
pipeline("shuffle take repeat", lambda tf, X: many(tf, 6).shuffle(6, seed=5).take(2).repeat(3))


def twice(tf, make):
    dataset = make(tf)
    return tf.data.Dataset.zip((dataset, dataset))


def plain(tf, dataset):
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    options.experimental_optimization.autotune = False
    return dataset.with_options(options)


pipeline(
    "zip with itself",
    lambda tf, X: twice(tf, lambda tf: many(tf, 3).map(lambda x: tf.random_uniform([], seed=4))),
)
pipeline(
    "zip with itself, plain",
    lambda tf, X: plain(
        tf, twice(tf, lambda tf: many(tf, 3).map(lambda x: tf.random_uniform([], seed=4)))
    ),
)
pipeline("shuffle repeat, plain", lambda tf, X: plain(tf, many(tf, 6).shuffle(4, seed=5).repeat(3)))
pipeline(
    "random in map",
    lambda tf, X: many(tf, 3).map(lambda x: tf.random_uniform([], seed=4)).repeat(2),
)
pipeline(
    "random in map, graph seed",
    lambda tf, X: many(tf, 3).map(lambda x: tf.random_normal([2])).repeat(2),
    11,
)
pipeline(
    "random in flat_map",
    lambda tf, X: many(tf, 3).flat_map(
        lambda x: many(tf, 2).map(lambda y: tf.random_uniform([], seed=4))
    ),
)
pipeline(
    "random in flat_map in flat_map",
    lambda tf, X: many(tf, 2).flat_map(
        lambda x: many(tf, 2).flat_map(
            lambda y: many(tf, 2).map(lambda z: tf.random_uniform([], seed=4))
        )
    ),
)
pipeline(
    "shuffle in flat_map",
    lambda tf, X: many(tf, 2).flat_map(lambda x: many(tf, 5).shuffle(5, seed=1)),
)

# --- functions ---
pipeline("map", lambda tf, X: many(tf, 4).map(lambda x: x * 2 + 1))
pipeline("map parallel", lambda tf, X: many(tf, 4).map(lambda x: x * 2, num_parallel_calls=2))
pipeline(
    "map tuple",
    lambda tf, X: tf.data.Dataset.from_tensor_slices(([1, 2], [3.0, 4.0])).map(
        lambda a, b: {"s": tf.cast(a, tf.float32) + b, "a": a}
    ),
)
pipeline("map list", lambda tf, X: many(tf, 2).map(lambda x: [x, x + 1]))
pipeline(
    "map dict",
    lambda tf, X: tf.data.Dataset.from_tensors({"a": 1, "b": 2}).map(lambda d: d["a"] - d["b"]),
)
pipeline("map constant", lambda tf, X: many(tf, 2).map(lambda x: 7))
pipeline(
    "map passes on",
    lambda tf, X: tf.data.Dataset.from_tensor_slices(np.arange(4.0).reshape(2, 2)).map(
        lambda x: (x, x)
    ),
)
pipeline(
    "map cond", lambda tf, X: many(tf, 4).map(lambda x: tf.cond(x > 1, lambda: x * 10, lambda: -x))
)
pipeline(
    "map while",
    lambda tf, X: many(tf, 4).map(lambda x: tf.while_loop(lambda i: i < 5, lambda i: i + 2, [x])),
)
pipeline(
    "map py_func",
    lambda tf, X: many(tf, 3).map(lambda x: tf.py_func(lambda v: np.int64(v * v), [x], tf.int64)),
)
pipeline("map legacy", lambda tf, X: many(tf, 3).map_with_legacy_function(lambda x: x - 1))
pipeline("filter", lambda tf, X: many(tf).filter(lambda x: tf.equal(x % 3, 0)))
pipeline("filter legacy", lambda tf, X: many(tf).filter_with_legacy_function(lambda x: x < 2))
pipeline(
    "flat_map",
    lambda tf, X: many(tf, 4).flat_map(lambda x: tf.data.Dataset.from_tensors(x).repeat(x)),
)
pipeline(
    "interleave default",
    lambda tf, X: many(tf, 4).interleave(
        lambda x: tf.data.Dataset.range(x * 10, x * 10 + x + 1), cycle_length=2
    ),
)
for cycle, block in ((1, 1), (2, 1), (2, 3), (3, 2), (4, 1), (9, 2)):
    pipeline(
        "interleave %d %d" % (cycle, block),
        lambda tf, X, c=cycle, b=block: many(tf, 7).interleave(
            lambda x: tf.data.Dataset.range(x * 10, x * 10 + (x * 3) % 5), c, b
        ),
    )
    pipeline(
        "interleave parallel %d %d" % (cycle, block),
        lambda tf, X, c=cycle, b=block: many(tf, 7).interleave(
            lambda x: tf.data.Dataset.range(x * 10, x * 10 + (x * 3) % 5),
            c,
            b,
            num_parallel_calls=min(c, 2),
        ),
    )
pipeline(
    "parallel_interleave",
    lambda tf, X: many(tf, 4).apply(
        X.parallel_interleave(
            lambda x: tf.data.Dataset.range(x * 10, x * 10 + x + 1), cycle_length=2, block_length=2
        )
    ),
)
pipeline("scan", lambda tf, X: many(tf, 5).apply(X.scan(np.int64(1), lambda s, x: (s + x, s * x))))
pipeline("take_while", lambda tf, X: many(tf).apply(X.take_while(lambda x: x < 4)))
pipeline(
    "unique",
    lambda tf, X: tf.data.Dataset.from_tensor_slices(["a", "b", "a", "c"]).apply(X.unique()),
)
pipeline(
    "ignore_errors", lambda tf, X: many(tf, 5).map(lambda x: 10 // (x - 2)).apply(X.ignore_errors())
)
pipeline("error and on", lambda tf, X: many(tf, 5).map(lambda x: 10 // (x - 2)))

# --- stacking ---
pipeline("batch", lambda tf, X: many(tf, 7).batch(3))
pipeline("batch of maps", lambda tf, X: many(tf, 7).map(lambda x: (x, tf.as_string(x))).batch(3))
pipeline("batch batch", lambda tf, X: many(tf, 7).batch(2).batch(2, drop_remainder=True))
pipeline("map_and_batch", lambda tf, X: many(tf, 7).apply(X.map_and_batch(lambda x: (x, x * 2), 3)))
pipeline(
    "map_and_batch drop",
    lambda tf, X: many(tf, 7).apply(
        X.map_and_batch(lambda x: x * 2, 3, drop_remainder=True, num_parallel_calls=2)
    ),
)
pipeline(
    "padded_batch",
    lambda tf, X: (
        many(tf, 5)
        .map(lambda x: (tf.fill([x], x), tf.fill([2], "s")))
        .padded_batch(2, ([None], [3]), (np.int64(7), "z"))
    ),
)
pipeline(
    "padded_batch drop",
    lambda tf, X: (
        many(tf, 5).map(lambda x: tf.fill([x], x)).padded_batch(2, [4], drop_remainder=True)
    ),
)
pipeline(
    "padded_batch 2-D",
    lambda tf, X: many(tf, 4).map(lambda x: tf.ones([x, 3 - x])).padded_batch(2, [None, None]),
)
pipeline(
    "unbatch",
    lambda tf, X: tf.data.Dataset.from_tensors(
        (np.arange(6).reshape(3, 2), np.array(["a", "b", "c"]))
    ).unbatch(),
)
pipeline("unbatch batch", lambda tf, X: many(tf, 7).batch(3).apply(X.unbatch()).batch(2))
pipeline(
    "window", lambda tf, X: many(tf, 7).window(3, shift=2, stride=2).flat_map(lambda d: d.batch(3))
)
pipeline(
    "window drop", lambda tf, X: many(tf, 7).window(3, 2, 1, True).flat_map(lambda d: d.batch(3))
)
pipeline("window gap", lambda tf, X: many(tf, 9).window(2, 4).flat_map(lambda d: d.batch(3)))
pipeline(
    "window of pairs",
    lambda tf, X: (
        tf.data.Dataset.zip((many(tf, 5), tf.data.Dataset.range(10, 15)))
        .window(2)
        .flat_map(lambda a, b: tf.data.Dataset.zip((a.batch(2), b.batch(2))))
    ),
)
pipeline(
    "dense_to_sparse_batch",
    lambda tf, X: many(tf, 4).map(lambda x: tf.fill([x], x)).apply(X.dense_to_sparse_batch(3, [5])),
)
pipeline(
    "dense_to_sparse_batch open",
    lambda tf, X: (
        many(tf, 4).map(lambda x: tf.fill([x], x)).apply(X.dense_to_sparse_batch(3, [None]))
    ),
)

# --- groups and choices ---
pipeline(
    "group_by_window",
    lambda tf, X: many(tf, 11).apply(
        X.group_by_window(lambda x: x % 3, lambda key, d: d.batch(2), 3)
    ),
)
pipeline(
    "group_by_window sizes",
    lambda tf, X: many(tf, 11).apply(
        X.group_by_window(
            lambda x: -(x % 3),
            lambda key, d: d.map(lambda y: y + key * 100),
            window_size_func=lambda key: 2 - key,
        )
    ),
)
pipeline(
    "group_by_reducer",
    lambda tf, X: many(tf, 11).apply(
        X.group_by_reducer(
            lambda x: x % 3 - 1, X.Reducer(lambda k: k * 100, lambda s, x: s + x, lambda s: s)
        )
    ),
)
pipeline(
    "bucket_by_sequence_length",
    lambda tf, X: (
        tf.data.Dataset.range(1, 9)
        .map(lambda x: tf.fill([x], x))
        .apply(X.bucket_by_sequence_length(lambda x: tf.shape(x)[0], [3, 6], [2, 2, 2]))
    ),
)
pipeline(
    "bucket to boundary",
    lambda tf, X: (
        tf.data.Dataset.range(1, 6)
        .map(lambda x: tf.fill([x], x))
        .apply(
            X.bucket_by_sequence_length(
                lambda x: tf.shape(x)[0], [3, 6], [2, 2, 2], pad_to_bucket_boundary=True
            )
        )
    ),
)
pipeline(
    "sample_from_datasets",
    lambda tf, X: X.sample_from_datasets(
        [many(tf), tf.data.Dataset.range(100, 110)], [0.3, 0.7], seed=2
    ),
)
pipeline(
    "sample equally",
    lambda tf, X: X.sample_from_datasets([many(tf), tf.data.Dataset.range(100, 110)], seed=2),
)
pipeline(
    "sample by data set",
    lambda tf, X: X.sample_from_datasets(
        [many(tf, 5), tf.data.Dataset.range(10, 15)],
        tf.data.Dataset.from_tensors([0.2, 0.8]).repeat(),
        seed=3,
    ),
)
pipeline(
    "choose_from_datasets",
    lambda tf, X: X.choose_from_datasets(
        [many(tf, 3), tf.data.Dataset.range(10, 13)],
        tf.data.Dataset.from_tensor_slices(np.array([0, 1, 1, 1, 1, 0, 0, 0, 1])),
    ),
)
pipeline(
    "rejection_resample",
    lambda tf, X: many(tf, 20).apply(
        X.rejection_resample(lambda x: tf.cast(x % 2, tf.int32), [0.2, 0.8], [0.5, 0.5], seed=3)
    ),
)

# --- files ---
pipeline("lines", lambda tf, X: tf.data.TextLineDataset([path("a.txt"), path("b.txt")]))
pipeline("lines empty", lambda tf, X: tf.data.TextLineDataset(path("empty.txt")))
pipeline("lines gzip", lambda tf, X: tf.data.TextLineDataset(path("a.txt.gz"), "GZIP"))
pipeline(
    "lines in turn",
    lambda tf, X: tf.data.TextLineDataset([path("a.txt"), path("b.txt")], num_parallel_reads=2),
)
pipeline(
    "lines of files",
    lambda tf, X: tf.data.TextLineDataset(
        tf.data.Dataset.from_tensor_slices([path("b.txt"), path("a.txt")])
    ),
)
pipeline("records", lambda tf, X: tf.data.TFRecordDataset([path("r"), path("r")]))
pipeline("records gzip", lambda tf, X: tf.data.TFRecordDataset(path("r.gz"), "GZIP"))
pipeline(
    "records zlib",
    lambda tf, X: tf.data.TFRecordDataset(path("r.zlib"), compression_type="ZLIB", buffer_size=8),
)
pipeline("records batch", lambda tf, X: tf.data.TFRecordDataset(path("r")).batch(3))
pipeline("pieces", lambda tf, X: tf.data.FixedLengthRecordDataset(path("f.bin"), 3, 2, 1))
pipeline(
    "pieces zlib",
    lambda tf, X: tf.data.FixedLengthRecordDataset(
        path("f.zlib"), 3, 2, 1, compression_type="ZLIB"
    ),
)
pipeline(
    "csv", lambda tf, X: X.CsvDataset(path("c.csv"), [[9], tf.float32, tf.string], header=True)
)
pipeline(
    "csv columns",
    lambda tf, X: X.CsvDataset(path("c.csv"), [[9], ["d"]], header=True, select_cols=[0, 2]),
)
pipeline("list_files", lambda tf, X: tf.data.Dataset.list_files(path("*.txt"), shuffle=False))
pipeline("list_files shuffled", lambda tf, X: tf.data.Dataset.list_files(path("*.t*"), seed=3))

# --- mistakes ---
pipeline(
    "end by py_func", lambda tf, X: many(tf, 5).map(lambda x: tf.py_func(stops, [x], tf.int64))
)


def stops(x):
    if x > 1:
        raise StopIteration
    return x


for name, make in {
    "batch size": lambda tf: many(tf).batch(0),
    "buffer size": lambda tf: many(tf).shuffle(0),
    "range step": lambda tf: tf.data.Dataset.range(0, 3, 0),
    "prefetch size": lambda tf: many(tf).prefetch(-2),
    "shards": lambda tf: many(tf).shard(0, 0),
    "shard index": lambda tf: many(tf).shard(2, 3),
    "window size": lambda tf: many(tf).window(0),
    "window shift": lambda tf: many(tf).window(1, 0),
    "window stride": lambda tf: many(tf).window(1, 1, 0),
    "cycle length": lambda tf: many(tf).interleave(lambda x: many(tf), cycle_length=0),
    "block length": lambda tf: many(tf).interleave(lambda x: many(tf), 1, 0),
    "ragged batch": lambda tf: tf.data.Dataset.from_generator(
        lambda: iter([[1], [1, 2]]), tf.int32
    ).batch(2),
    "padding too small": lambda tf: tf.data.Dataset.from_generator(
        lambda: iter([[1], [1, 2, 3]]), tf.int32, [None]
    ).padded_batch(2, [2]),
    "padded shape": lambda tf: tf.data.Dataset.from_tensors([1, 2, 3]).padded_batch(2, [2]),
    "padding value": lambda tf: tf.data.Dataset.from_tensors([1, 2]).padded_batch(2, [2], 1.0),
    "slices of different lengths": lambda tf: tf.data.Dataset.from_tensor_slices(
        (np.arange(3), np.arange(4))
    ),
    "slices of a scalar": lambda tf: tf.data.Dataset.from_tensor_slices(3),
    "map to nothing": lambda tf: many(tf).map(lambda x: None),
    "filter by numbers": lambda tf: many(tf).filter(lambda x: x),
    "zip of a list": lambda tf: tf.data.Dataset.zip([many(tf), many(tf)]),
    "zip of numbers": lambda tf: tf.data.Dataset.zip((1, 2)),
    "concatenate types": lambda tf: many(tf).concatenate(tf.data.Dataset.from_tensors(1.0)),
    "apply": lambda tf: many(tf).apply(lambda d: 3),
    "range of nothing": lambda tf: tf.data.Dataset.range(),
    "iter": lambda tf: iter(many(tf)),
    "generator is none": lambda tf: tf.data.Dataset.from_generator([1], tf.int32),
    "generator text": lambda tf: tf.data.Dataset.from_generator(lambda: iter(["a"]), tf.int32),
    "generator structure": lambda tf: tf.data.Dataset.from_generator(
        lambda: iter([1]), (tf.int32, tf.int32)
    ),
    "generator shape": lambda tf: tf.data.Dataset.from_generator(lambda: iter([[1]]), tf.int32, []),
    "generator raises": lambda tf: tf.data.Dataset.from_generator(
        lambda: iter(1 // (x - x) for x in (1,)), tf.int32
    ),
    "records of no file": lambda tf: tf.data.TFRecordDataset("/no/such/file"),
    "lines of no file": lambda tf: tf.data.TextLineDataset("/no/such/file"),
    "lines compression": lambda tf: tf.data.TextLineDataset(path("a.txt"), "BAD"),
    "records damaged": lambda tf: tf.data.TFRecordDataset(path("damaged")),
    "pieces do not fit": lambda tf: tf.data.FixedLengthRecordDataset(path("odd.bin"), 3),
    "no files": lambda tf: tf.data.Dataset.list_files(path("nothing*")),
    "csv gap": lambda tf: tf.data.experimental.CsvDataset(
        path("gap.csv"), [tf.int32, tf.int32]
    ).skip(1),
    "reduce type": lambda tf: many(tf).reduce(np.int64(0), lambda a, b: tf.cast(a, tf.float32)),
    "scan without a pair": lambda tf: many(tf).apply(tf.data.experimental.scan(0, lambda s, x: s)),
    "window size and function": lambda tf: many(tf).apply(
        tf.data.experimental.group_by_window(lambda x: x, lambda k, d: d)
    ),
    "shuffle_and_repeat count": lambda tf: many(tf).apply(
        tf.data.experimental.shuffle_and_repeat(2, 0)
    ),
}.items():
    mistake(name, make)


def anywhere(text):
    """A text that does not depend on where the files are."""
    return text.replace(FOLDER, "FOLDER")


def first_line(e):
    return anywhere(str(e).split("\n")[0])


# --- programs ---
def drained(tf, sess, element, most=50):
    found = []
    for _ in range(most):
        try:
            found.append(sess.run(element))
        except tf.errors.OutOfRangeError:
            found.append("end")
            return found
        except tf.errors.OpError as e:
            found.append([type(e).__name__, first_line(e)])
    return found


@program
def variables_and_tables(tf):
    v = tf.Variable(10, dtype=tf.int64, use_resource=True)
    table = tf.contrib.lookup.index_table_from_tensor(["a", "b"])
    words = tf.data.Dataset.from_tensor_slices(["b", "a", "b"])
    iterator = words.map(lambda w: table.lookup(w) + v).make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session() as sess:
        sess.run([v.initializer, tf.tables_initializer()])
        sess.run(iterator.initializer)
        found = [sess.run(element)]
        sess.run(v.assign(20))
        return found + drained(tf, sess, element)


@program
def reference_variable(tf):
    v = tf.Variable(3.0, use_resource=False)
    dataset = tf.data.Dataset.from_tensor_slices([1.0, 2.0]).map(lambda x: x * v)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of optimizations that are left out
        iterator = dataset.make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session() as sess:
        sess.run(v.initializer)
        sess.run(iterator.initializer)
        sess.run(v.assign(100.0))
        return drained(tf, sess, element)


@program
def placeholders(tf):
    p = tf.placeholder(tf.float32, [None])
    iterator = (
        tf.data.Dataset.from_tensor_slices(p).map(lambda x: x * 2).make_initializable_iterator()
    )
    element = iterator.get_next()
    with tf.Session() as sess:
        sess.run(iterator.initializer, {p: [1, 2]})
        found = [sess.run(element)]
        sess.run(iterator.initializer, {p: [5, 6, 7]})
        return found + drained(tf, sess, element)


@program
def placeholders_of_different_lengths(tf):
    p, q = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [None])
    iterator = tf.data.Dataset.from_tensor_slices((p, q)).make_initializable_iterator()
    with tf.Session() as sess:
        try:
            sess.run(iterator.initializer, {p: [1], q: [1, 2]})
        except tf.errors.OpError as e:
            return type(e).__name__


@program
def reinitializable(tf):
    iterator = tf.data.Iterator.from_structure(tf.int64, [])
    first = iterator.make_initializer(many(tf, 2))
    second = iterator.make_initializer(tf.data.Dataset.range(7, 9), name="second")
    element = iterator.get_next()
    with tf.Session() as sess:
        found = drained(tf, sess, element, 1)
        sess.run(first)
        found.append(sess.run(element))
        sess.run(second)
        found += drained(tf, sess, element)
        sess.run(first)
        return [*found, *drained(tf, sess, element), second.name]


@program
def feedable(tf):
    a = many(tf, 3).make_initializable_iterator()
    b = tf.data.Dataset.range(10, 13).make_one_shot_iterator()
    handle = tf.placeholder(tf.string, [])
    element = tf.data.Iterator.from_string_handle(
        handle, a.output_types, a.output_shapes
    ).get_next()
    wrong = tf.data.Iterator.from_string_handle(handle, tf.float32, []).get_next()
    with tf.Session() as sess:
        sess.run(a.initializer)
        handles = sess.run([a.string_handle(), b.string_handle("named")])
        found = [sess.run(element, {handle: handles[i]}) for i in (0, 1, 0, 1)]
        for tensor, value in ((wrong, handles[0]), (element, b"nonsense")):
            try:
                sess.run(tensor, {handle: value})
            except tf.errors.OpError as e:
                found.append([type(e).__name__, first_line(e)])
        return found


@program
def shared_name(tf):
    a = many(tf, 4).make_initializable_iterator(shared_name="same")
    b = many(tf, 4).make_initializable_iterator(shared_name="same")
    elements = a.get_next(), b.get_next()
    with tf.Session() as sess:
        sess.run(a.initializer)
        return [sess.run(elements[i]) for i in (0, 1, 0)]


@program
def two_sessions(tf):
    element = many(tf, 3).make_one_shot_iterator().get_next()
    with tf.Session() as one, tf.Session() as other:
        return [one.run(element), one.run(element), other.run(element), one.run(element)]


@program
def one_element_in_two_fetches(tf):
    element = many(tf, 4).make_one_shot_iterator().get_next()
    with tf.Session() as sess:
        return [sess.run([element, element + 10]), sess.run([element * 2, element])]


@program
def optionals(tf):
    experimental = tf.data.experimental
    iterator = many(tf, 2).make_one_shot_iterator()
    optional = experimental.get_next_as_optional(iterator)
    has, value = optional.has_value(), optional.get_value()
    made = experimental.Optional.from_value((1, "a"))
    none = experimental.Optional.none_from_structure(tf.TensorSpec([], tf.int32))
    with tf.Session() as sess:
        found = [sess.run([has, value]), sess.run([has, value]), sess.run(has)]
        found += [sess.run(made.get_value()), sess.run([made.has_value(), none.has_value()])]
        try:
            sess.run(none.get_value())
        except tf.errors.OpError as e:
            found.append(str(e).split("\n")[0])
        return found


@program
def reduced(tf):
    dataset = many(tf, 5)
    result = dataset.reduce((np.int64(0), np.int64(1)), lambda s, x: (s[0] + x, s[1] * (x + 1)))
    nothing = many(tf, 0).reduce(np.int64(7), lambda s, x: s + x)
    single = tf.data.experimental.get_single_element(dataset.batch(10))
    with tf.Session() as sess:
        return [sess.run(result), sess.run(nothing), sess.run(single)]


@program
def not_single(tf):
    found = []
    for n in (0, 2):
        with tf.Session() as sess:
            try:
                sess.run(tf.data.experimental.get_single_element(many(tf, n)))
            except tf.errors.OpError as e:
                found.append([type(e).__name__, first_line(e)])
    return found


@program
def cardinalities(tf):
    d = many(tf, 5)
    datasets = [
        d,
        d.repeat(),
        d.filter(lambda x: x > 1),
        d.batch(2),
        d.batch(2, True),
        d.take(2),
        d.skip(2),
        many(tf, 7).shard(3, 1),
        tf.data.Dataset.zip((d, many(tf, 4))),
        d.concatenate(d),
        d.map(ident),
        many(tf, 9).window(4, 2),
        many(tf, 9).window(4, 2, 1, True),
        d.prefetch(2).cache().shuffle(2),
        d.repeat(0),
        d.repeat(3),
        many(tf, 0).repeat(),
        tf.data.Dataset.from_tensors(1),
        d.flat_map(lambda x: d),
        d.take(-1),
        d.skip(-1),
    ]
    with tf.Session() as sess:
        return [sess.run(tf.data.experimental.cardinality(x)) for x in datasets]


@program
def cache_file(tf):
    prefix = path("kept")
    numbers = many(tf, 3).map(lambda x: (x, x * 2)).cache(prefix)
    iterator = numbers.make_initializable_iterator()
    element = iterator.get_next()
    with tf.Session() as sess:
        sess.run(iterator.initializer)
        found = drained(tf, sess, element)
        reader = tf.train.NewCheckpointReader(prefix)
        found.append(sorted(reader.get_variable_to_shape_map()))
        sess.run(iterator.initializer)
        found += drained(tf, sess, element)
    for name in os.listdir(FOLDER):
        if name.startswith("kept"):
            os.unlink(path(name))
    return found


def plus(y):
    return lambda x: x + y


@program
def stateful_captures(tf):
    found = []
    v = tf.Variable(1, dtype=tf.int64)
    p = tf.placeholder(tf.int64, [])
    for captured in (v, p):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                many(tf).map(plus(captured)).make_one_shot_iterator()
        except ValueError as e:
            found.append(str(e))
    return found


@program
def structures(tf):
    dataset = tf.data.Dataset.from_tensors({"a": 1, "b": (2.0, "s")}).batch(2)
    iterator = dataset.make_one_shot_iterator()
    data = tf.data
    found = [
        repr(dataset),
        repr(many(tf)),
        repr(dataset.output_types),
        repr(iterator.output_shapes),
    ]
    found += [repr(data.get_output_types(iterator)), repr(data.get_output_shapes(dataset))]
    return [*found, sorted(data.get_output_classes(dataset))]


@program
def options(tf):
    o = tf.data.Options()
    found = [o.experimental_slack, o.experimental_optimization.autotune]
    for name, value in (("foo", 1), ("experimental_slack", "x")):
        try:
            setattr(o, name, value)
        except (AttributeError, TypeError) as e:
            found.append(type(e).__name__)
    o.experimental_deterministic = False
    o.experimental_threading.private_threadpool_size = 2
    other = tf.data.Options()
    other.experimental_slack = True
    both = many(tf).with_options(o).with_options(other).options()
    found += [both.experimental_slack, both.experimental_deterministic]
    found.append(both.experimental_threading.private_threadpool_size)
    found.append(both._static_optimizations())
    try:
        other.experimental_deterministic = True
        many(tf).with_options(o).with_options(other)
    except ValueError as e:
        found.append(str(e))
    iterator = many(tf).with_options(o).make_initializable_iterator()
    return [*found, [op.type for op in iterator.initializer.graph.get_operations()]]


@program
def uninitialized(tf):
    element = many(tf).make_initializable_iterator().get_next()
    with tf.Session() as sess:
        return drained(tf, sess, element, 1)


@program
def error_names_the_function(tf):
    element = many(tf, 1).map(lambda x: tf.floordiv(x, x, name="quotient")).make_one_shot_iterator()
    element = element.get_next()
    with tf.Session() as sess:
        try:
            sess.run(element)
        except tf.errors.InvalidArgumentError as e:
            return ["Integer division by zero" in str(e), "quotient" in str(e)]


# --- what is recorded ---
def plainly(value):
    """A value as JSON can hold it."""
    if isinstance(value, dict):
        return {k: plainly(v) for k, v in sorted(value.items())}
    if type(value).__name__ == "SparseTensorValue":
        return {"sparse": [plainly(x) for x in value]}
    if isinstance(value, (tuple, list)):
        return [plainly(v) for v in value]
    if isinstance(value, bytes):
        return anywhere("bytes " + value.decode("latin-1"))
    if isinstance(value, (np.ndarray, np.generic)) and not isinstance(value, bytes):
        array = np.asarray(value)
        return [str(array.dtype), list(array.shape), plainly(array.tolist())]
    return anywhere(value) if isinstance(value, str) else value


def nodes_of(graph):
    """Names, types, inputs of the nodes outside of functions; the types of those inside."""
    nodes = [
        [op.name, op.type, [t.name for t in op.inputs], op.device] for op in graph.get_operations()
    ]
    inside = sorted(
        sorted(node.op for node in function.node_def)
        for function in graph.as_graph_def().library.function
        if not function.signature.name.startswith("_make_dataset")
    )
    return [nodes, inside]


def run_pipeline(tf, name):
    make, seed = PIPELINES[name]
    results = {}
    for kind in ("initializable", "one shot"):
        with tf.Graph().as_default() as graph:
            if seed is not None:
                tf.set_random_seed(seed)
            dataset = make(tf, tf.data.experimental)
            if kind == "one shot":
                iterator = tf.data.make_one_shot_iterator(dataset)
            else:
                iterator = tf.data.make_initializable_iterator(dataset)
            element = iterator.get_next()
            if kind == "initializable":
                results["types"] = repr(tf.data.get_output_types(dataset))
                results["shapes"] = repr(tf.data.get_output_shapes(dataset))
            results["nodes " + kind] = nodes_of(graph)
            with tf.Session() as sess:
                if kind == "initializable":
                    sess.run(iterator.initializer)
                results[kind] = plainly(drained(tf, sess, element))
                if kind == "initializable":
                    sess.run(iterator.initializer)
                    results["again"] = plainly(drained(tf, sess, element))
    return results


def run_mistake(tf, name):
    """The class of the error and the first line of its message."""
    with tf.Graph().as_default():
        try:
            dataset = MISTAKES[name](tf)
        except Exception as e:
            return ["declared", type(e).__name__, first_line(e)]
        iterator = tf.data.make_initializable_iterator(dataset)
        element = iterator.get_next()
        with tf.Session() as sess:
            try:
                sess.run(iterator.initializer)
            except tf.errors.OpError as e:
                return ["initialized", type(e).__name__, first_line(e)]
            for _ in range(3):
                try:
                    sess.run(element)
                except tf.errors.OpError as e:
                    return ["run", type(e).__name__, first_line(e)]
    return ["none"]


def run_program(tf, name):
    with tf.Graph().as_default():
        return plainly(PROGRAMS[name](tf))
