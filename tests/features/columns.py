"""Feature columns: what models of them declare and compute, their members and their errors.

Runs on Python 3.7 as well, under TensorFlow 1.15.5 (tests/golden/features/record.py).
"""

from __future__ import annotations

import importlib
import json
import re

import numpy as np

VOCABULARY = "red\ngreen\nblue\n"
TOUCHED = 0.125


# --- what the columns read ---
def features(tf):
    """Features of four examples, by key."""
    sparse = tf.SparseTensor
    return {
        "price": tf.constant([[1.0], [-2.0], [7.5], [3.0]]),
        "flat": tf.constant([1, 2, 3, 4], tf.int32),
        "pair": tf.constant([[0.5, 1.5], [2.5, -1.0], [0.0, 9.0], [4.0, 4.0]]),
        "matrix": tf.reshape(tf.range(16.0), [4, 2, 2]),
        "word": tf.constant([["red"], [""], ["blue"], ["pink"]]),
        "words": sparse(
            [[0, 0], [0, 1], [2, 0], [2, 2], [3, 0]],
            ["red", "blue", "green", "red", "pink"], [4, 3],
        ),
        "weights": sparse(
            [[0, 0], [0, 1], [2, 0], [2, 2], [3, 0]], [0.5, 2.0, -1.0, 4.0, 1.5], [4, 3]
        ),
        "id": tf.constant([[0], [2], [-1], [3]], tf.int64),
        "ids": sparse([[0, 0], [1, 0], [1, 1]], tf.constant([1, 0, 5], tf.int64), [4, 2]),
        "int32": tf.constant([[7], [8], [9], [-1]], tf.int32),
    }  # fmt: skip


def sequences(tf):
    """Features of three sequences, by key."""
    sparse = tf.SparseTensor
    return {
        "speed": sparse([[0, 0], [0, 1], [1, 0]], [1.0, 2.0, 5.0], [3, 2]),
        "place": sparse(
            [[0, 0], [0, 1], [0, 2], [0, 3], [1, 0], [1, 1]], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [3, 4]
        ),
        "deep": sparse([[0, 0, 0], [0, 1, 1], [1, 0, 0]], [1.0, 2.0, 5.0], [3, 2, 2]),
        "word": sparse([[0, 0], [0, 1], [1, 0]], ["red", "pink", "blue"], [3, 2]),
        "id": sparse([[0, 0], [0, 1], [1, 0]], tf.constant([2, 0, 1], tf.int64), [3, 2]),
        "deep_id": sparse(
            [[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]],
            tf.constant([2, 0, 1, 1], tf.int64), [3, 2, 2],
        ),
    }  # fmt: skip


def _inside(tf):
    path = ".contrib.feature_column.python.feature_column.sequence_feature_column"
    return importlib.import_module(tf.__name__ + path)


def categorical(tf, path):
    """Categorical columns, by name."""
    fc = tf.feature_column
    number = fc.numeric_column("price")
    words = fc.categorical_column_with_vocabulary_list("words", ["red", "green", "blue"])
    return {
        "identity": fc.categorical_column_with_identity("id", 4),
        "identity-default": fc.categorical_column_with_identity("ids", 3, default_value=2),
        "hash": fc.categorical_column_with_hash_bucket("word", 10),
        "hash-int": fc.categorical_column_with_hash_bucket("int32", 6, tf.int32),
        "hash-sparse": fc.categorical_column_with_hash_bucket("words", 7),
        "list": fc.categorical_column_with_vocabulary_list("word", ("red", "blue")),
        "list-oov": fc.categorical_column_with_vocabulary_list(
            "words", ["red", "blue"], num_oov_buckets=2
        ),
        "list-default": fc.categorical_column_with_vocabulary_list(
            "word", ["red", "blue"], default_value=1
        ),
        "list-int": fc.categorical_column_with_vocabulary_list(
            "int32", [9, 8], dtype=tf.int64, num_oov_buckets=1
        ),
        "file": fc.categorical_column_with_vocabulary_file("words", path),
        "file-size": fc.categorical_column_with_vocabulary_file(
            "word", path, vocabulary_size=2, num_oov_buckets=3
        ),
        "weighted": fc.weighted_categorical_column(words, "weights"),
        "crossed": fc.crossed_column(["word", "words"], 9),
        "crossed-columns": fc.crossed_column(
            [fc.bucketized_column(number, [0.0, 3.0]), "word", words], 13, hash_key=5
        ),
        "bucketized": fc.bucketized_column(number, [0.0, 3.0]),
        "bucketized-pair": fc.bucketized_column(fc.numeric_column("pair", 2), [1, 2, 3]),
    }


def dense(tf, path):
    """Lists of dense columns, by name."""
    fc = tf.feature_column
    number = fc.numeric_column
    of = categorical(tf, path)
    found = {
        "numeric": [number("price")],
        "numeric-flat": [number("flat")],
        "numeric-shapes": [number("pair", 2), number("matrix", (2, 2)), number("price")],
        "normalizer": [number("price", normalizer_fn=lambda x: (x - 3.0) / 4.0)],
        "bucketized": [of["bucketized"]],
        "bucketized-pair": [of["bucketized-pair"]],
        "embedding-sqrtn": [fc.embedding_column(of["list-oov"], 3, combiner="sqrtn")],
        "embedding-sum": [
            fc.embedding_column(
                of["file"], 2, combiner="sum", initializer=tf.ones_initializer(), max_norm=1.25
            )
        ],
        "embedding-frozen": [fc.embedding_column(of["list"], 2, trainable=False)],
        "two": [fc.indicator_column(of["hash"]), number("price")],
        "one": number("price"),
    }
    for name, column in of.items():
        if not name.startswith("bucketized"):
            found["indicator " + name] = [fc.indicator_column(column)]
        found["embedding " + name] = [fc.embedding_column(column, 2)]
    shared = fc.shared_embedding_columns([of["list"], of["list-default"]._replace(key="words")], 2)
    found["shared"] = shared
    found["shared-named"] = fc.shared_embedding_columns(
        [of["list"]._replace(key="words"), of["list"]], 3, combiner="sum",
        initializer=tf.ones_initializer(), shared_embedding_collection_name="common",
    )  # fmt: skip
    return found


def linear(tf, path):
    """Columns and options of linear models, by name."""
    fc = tf.feature_column
    of = categorical(tf, path)
    found = {name: ([column], {}) for name, column in of.items()}
    number = fc.numeric_column("price")
    found["dense"] = ([number, fc.numeric_column("pair", 2)], {})
    found["embedding"] = ([fc.embedding_column(of["list"], 2), number], {"units": 3})
    for combiner in ("mean", "sqrtn", "sum"):
        found[combiner] = ([of["file"], of["weighted"]], {"sparse_combiner": combiner, "units": 2})
    found["frozen"] = ([number, of["hash"]], {"trainable": False})
    found["collections"] = ([number, of["hash"]], {"weight_collections": ["mine"]})
    return found


def sequence(tf, path):
    """Columns of sequences of `tf.contrib.feature_column`, by name."""
    fc, sq = tf.feature_column, tf.contrib.feature_column
    number = sq.sequence_numeric_column("speed")
    word = sq.sequence_categorical_column_with_vocabulary_list("word", ["red", "blue"])
    ident = sq.sequence_categorical_column_with_identity
    return {
        "numeric": [number],
        "numeric-shape": [sq.sequence_numeric_column("place", (2,), default_value=-1.0)],
        "numeric-deep": [sq.sequence_numeric_column("deep", 2)],
        "normalizer": [
            sq.sequence_numeric_column(
                "speed",
                normalizer_fn=lambda x: tf.SparseTensor(x.indices, x.values * 2, x.dense_shape),
            )
        ],
        "indicator": [fc.indicator_column(word)],
        "embedding": [fc.embedding_column(word, 2)],
        "identity": [fc.embedding_column(ident("id", 3), 2), number],
        "deep-identity": [fc.indicator_column(ident("deep_id", 3)), number],
        "hash": [
            fc.indicator_column(sq.sequence_categorical_column_with_hash_bucket("word", 4))
        ],
        "file": [
            fc.indicator_column(sq.sequence_categorical_column_with_vocabulary_file("word", path))
        ],
        "shared": fc.shared_embedding_columns([ident("id", 3), ident("deep_id", 3)], 2),
    }  # fmt: skip


# --- what is recorded ---
def _ready(tf):
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    sess.run(tf.tables_initializer())
    return sess


def _variables(tf):
    trainable = {v.name for v in tf.trainable_variables()}
    return [
        [v.name, v.shape.as_list(), v.name in trainable, type(v).__name__]
        for v in tf.global_variables()
    ]


def _nodes(graph):
    return [[op.type, op.name] for op in graph.get_operations()]


def _numbers(value):
    return np.asarray(value, "float64").round(5).tolist()


def _slope(value):
    if not hasattr(value, "indices"):
        return _numbers(value)
    total = np.zeros([1 + max(value.indices), *value.values.shape[1:]])
    np.add.at(total, value.indices, value.values)
    return _numbers(total)


def input_layer(tf, name, path):
    """What `input_layer` of some columns declares and gives."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(7)
        columns = dense(tf, path)[name]
        of_columns, tensors = {}, {}
        found = tf.feature_column.input_layer(
            features(tf), columns, cols_to_vars=of_columns, cols_to_output_tensors=tensors
        )
        result = {
            "nodes": _nodes(graph),
            "variables": _variables(tf),
            "shape": str(found.shape),
            "of_columns": {c.name: [v.name for v in vs] for c, vs in of_columns.items()},
            "tensors": {c.name: t.name for c, t in tensors.items()},
            "model_variables": [v.name for v in tf.model_variables()],
        }
        with _ready(tf) as sess:
            result["value"] = _numbers(sess.run(found))
    return result


def linear_model(tf, name, path):
    """What `linear_model` of some columns declares and gives; all weights are moved first."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(7)
        columns, options = linear(tf, path)[name]
        of_columns = {}
        found = tf.feature_column.linear_model(
            features(tf), columns, cols_to_vars=of_columns, **options
        )
        result = {
            "nodes": _nodes(graph),
            "variables": _variables(tf),
            "shape": str(found.shape),
            "of_columns": {
                getattr(c, "name", c): [v.name for v in vs] for c, vs in of_columns.items()
            },
            "mine": [v.name for v in tf.get_collection("mine")],
            "model_variables": [v.name for v in tf.model_variables()],
        }
        with _ready(tf) as sess:
            for v in tf.global_variables():
                n = int(np.prod(v.shape.as_list()))
                moved = np.arange(1, n + 1).reshape(v.shape.as_list()) * TOUCHED
                sess.run(v.assign(moved.astype("f")))
            result["value"] = _numbers(sess.run(found))
            slopes = tf.gradients(found, list(tf.global_variables()))
            result["slopes"] = [_slope(sess.run(s)) for s in slopes if s is not None]
    return result


def sequence_layer(tf, name, path):
    """What `sequence_input_layer` of some columns declares and gives."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(7)
        columns = sequence(tf, path)[name]
        found, lengths = tf.contrib.feature_column.sequence_input_layer(sequences(tf), columns)
        result = {
            "nodes": _nodes(graph), "variables": _variables(tf), "shape": str(found.shape),
        }  # fmt: skip
        with _ready(tf) as sess:
            values = sess.run([found, lengths])
            result["value"] = [_numbers(value) for value in values]
    return result


def layer(tf, inside, name, path):
    """What a layer of columns of the new family declares and gives."""
    fc = tf.feature_column
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(7)
        of = categorical(tf, path)
        columns = [
            fc.numeric_column("price"),
            fc.indicator_column(of["hash"]),
            fc.embedding_column(of["list-oov"], 2),
            of["bucketized"],
        ]
        given = features(tf)
        if name == "dense":
            made = inside.DenseFeatures(columns)
        elif name == "shared":
            pair = [of["list"], of["list-default"]._replace(key="words")]
            made = inside.DenseFeatures(inside.shared_embedding_columns_v2(pair, 2), name="mine")
        elif name == "linear":
            made = inside.LinearModel([*columns, of["crossed"], of["weighted"]], units=2)
        else:
            ident = fc.sequence_categorical_column_with_identity("id", 3)
            word = fc.sequence_categorical_column_with_vocabulary_list("word", ["red", "blue"])
            steps = [fc.sequence_numeric_column("speed"), fc.embedding_column(ident, 2)]
            made = inside.SequenceFeatures([*steps, fc.indicator_column(word)])
            given = sequences(tf)
        found = made(given)
        again = made(given)
        result = {
            "nodes": _nodes(graph),
            "variables": _variables(tf),
            "own": [v.name for v in made.weights],
            "shape": shown([t.shape for t in (again if name == "sequence" else [again])], path),
        }
        with _ready(tf) as sess:
            values = sess.run([found, again])
            values = [t for v in values for t in (v if name == "sequence" else [v])]
            result["value"] = [_numbers(v) for v in values]
    return result


def old_family(tf, old, model, path):
    """What columns of the old family declare, give and say of themselves."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(7)
        number = old._numeric_column("price")
        words = old._categorical_column_with_vocabulary_list("words", ["red", "green", "blue"])
        file = old._categorical_column_with_vocabulary_file("word", path, num_oov_buckets=1)
        buckets = old._bucketized_column(number, (0.0, 3.0))
        hashed = old._categorical_column_with_hash_bucket("int32", 6, tf.int32)
        ident = old._categorical_column_with_identity("ids", 3, default_value=2)
        weighted = old._weighted_categorical_column(words, "weights")
        crossed = old._crossed_column([buckets, "word"], 9)
        if model == "input":
            inside = [weighted, ident, hashed, crossed]
            columns = [number, buckets, old._embedding_column(file, 2)]
            columns += [old._indicator_column(column) for column in inside]
            found = tf.feature_column.input_layer(features(tf), columns)
        else:
            columns = [number, buckets, file, hashed, ident, weighted, crossed]
            found = tf.feature_column.linear_model(features(tf), columns, units=2)
        result = {
            "nodes": _nodes(graph),
            "variables": _variables(tf),
            "names": [column.name for column in columns],
            "classes": [type(column).__name__ for column in columns],
            "fields": [list(column._fields) for column in columns],
            "reprs": [shown(c, path) for c in columns if " at 0x" not in repr(c)],
            "spec": shown(sorted(tf.feature_column.make_parse_example_spec(columns)), path),
        }
        with _ready(tf) as sess:
            for v in tf.global_variables():
                sess.run(v.assign(v + TOUCHED))
            result["value"] = _numbers(sess.run(found))
    return result


def partitioned(tf, path):
    """Variables in parts: of `input_layer`, of `linear_model`, and of both once more."""
    fc = tf.feature_column
    with tf.Graph().as_default() as graph:
        words = fc.categorical_column_with_vocabulary_list("words", ["red", "green", "blue"])
        cols_to_vars = {}
        with tf.variable_scope("m", partitioner=tf.fixed_size_partitioner(2, axis=0)):
            fc.input_layer(features(tf), [fc.embedding_column(words, 4)])
            fc.linear_model(features(tf), [words], cols_to_vars=cols_to_vars)
            fc.linear_model(features(tf), [words])
        return {
            "nodes": _nodes(graph),
            "variables": _variables(tf),
            "of_columns": {
                getattr(c, "name", c): [v.name for v in vs] for c, vs in cols_to_vars.items()
            },
        }


def parsed(tf, path):
    """What columns want to be read from examples, and what is then read."""
    fc = tf.feature_column
    of = categorical(tf, path)
    columns = [*of.values(), fc.numeric_column("pair", 2, default_value=1.5)]
    with tf.Graph().as_default():
        used = [columns[-1], fc.indicator_column(of["hash"])]
        spec = fc.make_parse_example_spec(used)
        example = tf.train.Example()
        example.features.feature["pair"].float_list.value.extend([2.0, 4.0])
        read = tf.parse_example([example.SerializeToString()], spec)
        found = fc.input_layer(read, used)
        with tf.Session() as sess:
            value = _numbers(sess.run(found))
    return {
        "specs": [
            {k: repr(v) for k, v in sorted(fc.make_parse_example_spec([c]).items())}
            for c in columns
        ],
        "value": value,
    }


def members(tf, path):
    """What columns say about themselves."""
    fc = tf.feature_column
    columns = list(categorical(tf, path).values())
    columns += [fc.indicator_column(columns[0]), fc.embedding_column(columns[5], 2)]
    columns += fc.shared_embedding_columns([columns[5], columns[7]], 2)
    columns += [
        fc.numeric_column("price", 3, 2),
        fc.numeric_column("price", (2, 2), [[1.0, 2.0], [3.0, 4.0]]),
        fc.sequence_numeric_column("price", 2),
        fc.sequence_categorical_column_with_identity("id", 4),
    ]
    names = (
        "name", "_fields", "num_buckets", "_num_buckets", "variable_shape", "_variable_shape",
        "parents", "_is_v2_column", "key", "dtype", "shape", "default_value", "boundaries",
        "hash_bucket_size", "_var_scope_name", "parse_example_spec", "_parse_example_spec",
    )  # fmt: skip
    found = []
    for column in columns:
        said = {name: shown(getattr(column, name, None), path) for name in names}
        said["class"] = type(column).__name__
        if said["_is_v2_column"] == "True":
            config = json.dumps(column._get_config(), sort_keys=True)
            said["config"] = config.replace(path, "FILE")
        if not any(word in repr(column) for word in (" at 0x", "<function")):
            said["repr"] = shown(column, path)
        found.append(said)
    return found


def shown(value, path):
    """How a value is shown, without what differs by machine or package."""
    text = re.sub(r"<class '[\w.]*\.(\w+)'>", r"<class \1>", str(value))
    text = re.sub(r"<[\w.]+ object at 0x[0-9a-f]+>", "<object>", text)
    text = re.sub(r"<function [^>]*>", "<function>", text)
    return text.replace(path, "FILE")


def errors(tf, path):
    """Calls that fail, by name."""
    fc, sq = tf.feature_column, tf.contrib.feature_column
    number = fc.numeric_column("price")
    ident = fc.categorical_column_with_identity("id", 4)
    words = fc.categorical_column_with_vocabulary_list
    seq = fc.sequence_categorical_column_with_identity("id", 4)
    old_seq = sq.sequence_categorical_column_with_identity("id", 4)
    read = lambda columns: fc.input_layer(features(tf), columns)
    model = lambda columns: fc.linear_model(features(tf), columns)
    hashed = fc.categorical_column_with_hash_bucket
    file = fc.categorical_column_with_vocabulary_file
    return {
        "numeric shape type": lambda: fc.numeric_column("a", [1.0]),
        "numeric shape zero": lambda: fc.numeric_column("a", [0]),
        "numeric default type": lambda: fc.numeric_column("a", default_value="x"),
        "numeric default shape": lambda: fc.numeric_column("a", 2, default_value=[1, 2, 3]),
        "numeric default float": lambda: fc.numeric_column("a", default_value=1.5, dtype=tf.int32),
        "numeric dtype": lambda: fc.numeric_column("a", dtype=tf.string),
        "numeric normalizer": lambda: fc.numeric_column("a", normalizer_fn=3),
        "numeric key": lambda: fc.numeric_column(("a",)),
        "bucketized source": lambda: fc.bucketized_column(ident, [1]),
        "bucketized rank": lambda: fc.bucketized_column(fc.numeric_column("a", (2, 2)), [1]),
        "bucketized none": lambda: fc.bucketized_column(number, []),
        "bucketized set": lambda: fc.bucketized_column(number, {1, 2}),
        "bucketized order": lambda: fc.bucketized_column(number, [1, 1]),
        "hash none": lambda: hashed("a", None),
        "hash zero": lambda: hashed("a", 0),
        "hash dtype": lambda: hashed("a", 3, tf.float32),
        "hash key": lambda: hashed(3, 3),
        "file none": lambda: file("a", None),
        "file missing": lambda: file("a", "no such file"),
        "file size": lambda: file("a", path, 0),
        "file both": lambda: file("a", path, num_oov_buckets=2, default_value=1),
        "file negative": lambda: file("a", path, num_oov_buckets=-1),
        "file dtype": lambda: file("a", path, dtype=tf.float32),
        "list empty": lambda: words("a", []),
        "list none": lambda: words("a", None),
        "list twice": lambda: words("a", ["x", "x"]),
        "list dtype": lambda: words("a", [1.5]),
        "list other": lambda: words("a", ["x"], dtype=tf.int64),
        "list both": lambda: words("a", ["x"], default_value=0, num_oov_buckets=1),
        "list negative": lambda: words("a", ["x"], num_oov_buckets=-2),
        "identity zero": lambda: fc.categorical_column_with_identity("a", 0),
        "identity default": lambda: fc.categorical_column_with_identity("a", 3, 3),
        "weighted dtype": lambda: fc.weighted_categorical_column(ident, "w", tf.string),
        "weighted none": lambda: fc.weighted_categorical_column(ident, "w", None),
        "weighted spec": lambda: fc.make_parse_example_spec(
            [fc.weighted_categorical_column(ident, "id")]
        ),
        "weighted feature dtype": lambda: model(
            [fc.weighted_categorical_column(ident, "weights", tf.int64)]
        ),
        "crossed size": lambda: fc.crossed_column(["a", "b"], 0),
        "crossed one": lambda: fc.crossed_column(["a"], 3),
        "crossed dense": lambda: fc.crossed_column(["a", number], 3),
        "crossed hash": lambda: fc.crossed_column(["a", hashed("b", 3)], 3),
        "crossed weighted": lambda: model(
            [fc.crossed_column(["word", fc.weighted_categorical_column(ident, "price")], 3)]
        ),
        "embedding dimension": lambda: fc.embedding_column(ident, 0),
        "embedding none": lambda: fc.embedding_column(ident, None),
        "embedding checkpoint": lambda: fc.embedding_column(ident, 2, ckpt_to_load_from="x"),
        "embedding initializer": lambda: fc.embedding_column(ident, 2, initializer=3),
        "shared kinds": lambda: fc.shared_embedding_columns([ident, hashed("z", 4)], 2),
        "shared counts": lambda: fc.shared_embedding_columns(
            [ident, fc.categorical_column_with_identity("j", 5)], 2
        ),
        "shared initializer": lambda: fc.shared_embedding_columns([ident], 2, initializer=3),
        "not dense": lambda: read([ident]),
        "no column": lambda: read(["price"]),
        "no columns": lambda: read([]),
        "dictionary": lambda: read({"a": number}),
        "same names": lambda: read([number, fc.numeric_column("price", 1)]),
        "no feature": lambda: read([fc.numeric_column("nothing")]),
        "rank 0": lambda: fc.input_layer({"price": tf.constant(1.0)}, [number]),
        "sparse numbers": lambda: read([fc.numeric_column("weights")]),
        "batch sizes": lambda: fc.input_layer(
            {"a": tf.ones([2, 1]), "b": tf.ones([3, 1])},
            [fc.numeric_column("a"), fc.numeric_column("b")],
        ),
        "not integers": lambda: model([fc.categorical_column_with_identity("price", 3)]),
        "other kind": lambda: model([hashed("id", 3)]),
        "not strings": lambda: model([hashed("price", 3)]),
        "not words": lambda: model([words("id", ["a"])]),
        "sequence in input_layer": lambda: read([fc.embedding_column(seq, 2)]),
        "sequence indicator": lambda: read([fc.indicator_column(seq)]),
        "old sequence": lambda: read([fc.indicator_column(old_seq)]),
        "no sequence": lambda: sq.sequence_input_layer(features(tf), [number]),
        "embedding no sequence": lambda: sq.sequence_input_layer(
            features(tf), [fc.embedding_column(ident, 2)]
        ),
        "indicator no sequence": lambda: sq.sequence_input_layer(
            features(tf), [fc.indicator_column(ident)]
        ),
        "specs": lambda: fc.make_parse_example_spec([number, fc.numeric_column("price", 2)]),
        "spec of another": lambda: fc.make_parse_example_spec(["a"]),
        "sequence shape": lambda: fc.sequence_numeric_column("a", [0]),
        "sequence dtype": lambda: fc.sequence_numeric_column("a", dtype=tf.string),
        "sequence normalizer": lambda: fc.sequence_numeric_column("a", normalizer_fn=2),
        "context rank": lambda: _inside(tf).concatenate_context_input(
            tf.ones([2]), tf.ones([2, 3, 4])
        ),
        "context dtype": lambda: _inside(tf).concatenate_context_input(
            tf.ones([2, 2]), tf.ones([2, 3, 4], tf.int32)
        ),
    }


def error(tf, name, path):
    """The class and the words of an error."""
    with tf.Graph().as_default():
        call = errors(tf, path)[name]
        try:
            call()
        except Exception as e:
            # TensorFlow puts where it was called before errors of what AutoGraph converted.
            text = str(e).strip().rpartition("\n")[2] if "converted code" in str(e) else str(e)
            return [type(e).__name__, shown(re.sub(r"^ +\w+Error: ", "", text), path)]
    return ["nothing", ""]


def failed_runs(tf):
    """What a run says of ids outside a column."""
    found = []
    for ids in ([[4]], [[-2]]):
        with tf.Graph().as_default():
            column = tf.feature_column.categorical_column_with_identity("id", 4)
            given = tf.placeholder(tf.int64, [None, 1])
            model = tf.feature_column.linear_model({"id": given}, [column])
            with _ready(tf) as sess:
                try:
                    sess.run(model, {given: ids})
                except tf.errors.InvalidArgumentError as e:
                    found.append(re.findall(r"assertion failed: \[([^\]]*)\]", e.message)[:1])
    return found


def context(tf):
    """What `concatenate_context_input` declares and gives."""
    with tf.Graph().as_default() as graph:
        found = _inside(tf).concatenate_context_input(
            tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.ones([2, 3, 1])
        )
        nodes = _nodes(graph)
        with tf.Session() as sess:
            return {"nodes": nodes, "value": _numbers(sess.run(found))}


def reused(tf):
    """Two input layers and two linear models share variables in a scope that is opened twice."""
    fc = tf.feature_column
    with tf.Graph().as_default():
        column = fc.embedding_column(fc.categorical_column_with_identity("id", 4), 2)
        for reuse in (False, True):
            with tf.variable_scope("s", reuse=reuse):
                fc.input_layer(features(tf), [column])
        fc.input_layer(features(tf), [column])
        return _variables(tf)
