"""Canned Estimators at work: losses, evaluations, predictions, variables, nodes, summaries.

label -> what is found, as JSON can have it. Runs on Python 3.7 under TensorFlow 1.15.5 too.
"""

import os
import re

import estimator_watch as watched
import numpy as np

_WORDS = ["red", "green", "blue"]
_COUNT = 24


def _features():
    random = np.random.RandomState(3)
    return {
        "price": random.randn(_COUNT, 1).astype(np.float32),
        "pair": random.randn(_COUNT, 2).astype(np.float32),
        "word": np.array([[*_WORDS, "pink"]] * 6).reshape(-1, 1),
        "tag": np.array([["a%d" % (i % 7)] for i in range(_COUNT)]),  # noqa: UP031 (Python 3.7)
        "id": random.randint(0, 5, [_COUNT, 1]),
        "weight": random.rand(_COUNT, 1).astype(np.float32),
    }


def _inputs(tf, labels, repeat=True):
    def input_fn():
        data = tf.data.Dataset.from_tensor_slices((_features(), labels)).batch(6)
        return data.repeat() if repeat else data

    return input_fn


def _classes(n, seed=5):
    return np.random.RandomState(seed).randint(0, n, [_COUNT, 1])


def _numbers(n=1):
    return np.random.RandomState(6).randn(_COUNT, n).astype(np.float32)


def columns(tf):
    """Columns by name."""
    fc = tf.feature_column
    words = fc.categorical_column_with_vocabulary_list("word", _WORDS)
    ids = fc.categorical_column_with_identity("id", 5)
    price = fc.numeric_column("price")
    return {
        "price": price,
        "pair": fc.numeric_column("pair", 2),
        "buckets": fc.bucketized_column(price, [-1.0, 0.0, 1.0]),
        "words": words,
        "ids": ids,
        "crossed": fc.crossed_column([words, "id"], 20),
        "hashed": fc.categorical_column_with_hash_bucket("tag", 8),
        "embedded": fc.embedding_column(ids, 2),
        "indicated": fc.indicator_column(words),
        "shared": fc.shared_embedding_columns(
            [ids, fc.categorical_column_with_identity("other", 5)], 3
        )[0],
    }


def _config(tf, **options):
    return tf.estimator.RunConfig(tf_random_seed=7, save_summary_steps=2, **options)


def _weights(tf, folder):
    reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(folder))
    shapes = reader.get_variable_to_shape_map()
    # Slots of parts are written as parts of tensors that are not whole: nobody can read them.
    return {
        name: shape
        if re.search("t_[0-9]+/", name)
        else watched.values(np.asarray(reader.get_tensor(name)))
        for name, shape in sorted(shapes.items())
    }


def _run(tf, folder, model, labels, steps=4):
    """What a model does in training, evaluation and prediction."""
    found = {}
    model.train(_inputs(tf, labels), steps=steps, hooks=[watched.loss_hook(tf, found)])
    # Gradients are others here.
    others = re.compile(r"gradients(_[0-9]+)?/")
    found["nodes"] = [node for node in found["nodes"] if not others.search(node[0])]
    found["evaluated"] = watched.values(model.evaluate(_inputs(tf, labels, False)))
    found["predicted"] = watched.values(list(model.predict(_inputs(tf, labels, False))))[:7]
    found["names"] = model.get_variable_names()
    found["files"] = watched.files(folder)
    found["checkpoint"] = _weights(tf, folder)
    found["tags"] = sorted({(e[0], tag) for e in watched.events(tf, folder) for tag in e[3]})
    found["tags"] = [list(pair) for pair in found["tags"]]
    return found


# --- linear ---
def linear_classifier(tf, folder):
    """Two classes, by columns of all kinds."""
    c = columns(tf)
    used = [c[k] for k in ("price", "pair", "buckets", "words", "crossed", "hashed", "embedded")]
    model = tf.estimator.LinearClassifier(used, folder, config=_config(tf))
    return _run(tf, folder, model, _classes(2))


def linear_classes(tf, folder):
    """Four classes by their words, with weights; another optimizer, variables in parts."""
    c = columns(tf)
    names = [*_WORDS, "pink"]
    labels = np.array(names)[_classes(4)]
    model = tf.estimator.LinearClassifier(
        [c["words"], c["ids"]], folder, n_classes=4, weight_column="weight",
        label_vocabulary=names, optimizer="Adam", config=_config(tf), sparse_combiner="mean",
        partitioner=tf.fixed_size_partitioner(2),
        loss_reduction=tf.losses.Reduction.SUM_OVER_BATCH_SIZE,
    )  # fmt: skip
    return _run(tf, folder, model, labels)


def linear_regressor(tf, folder):
    """Two numbers for each example."""
    c = columns(tf)
    model = tf.estimator.LinearRegressor(
        [c["price"], c["ids"]], folder, label_dimension=2, config=_config(tf),
        weight_column=tf.feature_column.numeric_column("weight"),
        optimizer=lambda: tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.1),
    )  # fmt: skip
    return _run(tf, folder, model, _numbers(2))


def linear_old_columns(tf, folder):
    """A column of the old family: a model of the old family."""
    c = columns(tf)
    model = tf.estimator.LinearRegressor([c["price"], c["shared"]], folder, config=_config(tf))
    return _run(tf, folder, model, _numbers())


def linear_estimator(tf, folder):
    """A head of one's own."""
    c = columns(tf)
    head = tf.contrib.estimator.regression_head(label_dimension=1)
    model = tf.estimator.LinearEstimator(head, [c["price"], c["words"]], folder, optimizer="SGD")
    return _run(tf, folder, model, _numbers())


# --- nets ---
def dnn_classifier(tf, folder):
    """Two classes."""
    c = columns(tf)
    used = [c["price"], c["embedded"], c["indicated"]]
    model = tf.estimator.DNNClassifier([6, 4], used, folder, config=_config(tf))
    return _run(tf, folder, model, _classes(2))


def dnn_classes(tf, folder):
    """Three classes; batch normalization, another activation and optimizer."""
    c = columns(tf)
    model = tf.estimator.DNNClassifier(
        (5, 4), [c["pair"], c["buckets"]], folder, n_classes=3, optimizer="RMSProp",
        activation_fn=tf.nn.tanh, config=_config(tf), batch_norm=True, weight_column="weight",
    )  # fmt: skip
    return _run(tf, folder, model, _classes(3))


def dnn_dropout(tf, folder):
    """Dropout; variables in parts."""
    c = columns(tf)
    model = tf.estimator.DNNRegressor(
        [8], [c["price"], c["embedded"]], folder, config=_config(tf), dropout=0.5,
        input_layer_partitioner=tf.fixed_size_partitioner(2),
    )  # fmt: skip
    return _run(tf, folder, model, _numbers())


def dnn_old_columns(tf, folder):
    """A column of the old family: an input layer of the old family."""
    c = columns(tf)
    model = tf.estimator.DNNRegressor(
        [4], [c["price"], c["shared"]], folder, label_dimension=2, config=_config(tf)
    )
    return _run(tf, folder, model, _numbers(2))


def dnn_estimator(tf, folder):
    """A head of one's own."""
    c = columns(tf)
    head = tf.contrib.estimator.multi_class_head(n_classes=4)
    model = tf.estimator.DNNEstimator(head, [3], [c["pair"]], folder, config=_config(tf))
    return _run(tf, folder, model, _classes(4))


# --- both ---
def combined_classifier(tf, folder):
    """Two classes."""
    c = columns(tf)
    model = tf.estimator.DNNLinearCombinedClassifier(
        folder, linear_feature_columns=[c["words"], c["crossed"], c["buckets"]],
        dnn_feature_columns=[c["price"], c["embedded"]], dnn_hidden_units=[5, 3],
        config=_config(tf),
    )  # fmt: skip
    return _run(tf, folder, model, _classes(2))


def combined_regressor(tf, folder):
    """Two numbers; batch normalization, other optimizers."""
    c = columns(tf)
    model = tf.estimator.DNNLinearCombinedRegressor(
        folder, linear_feature_columns=[c["words"]], linear_optimizer="SGD",
        dnn_feature_columns=[c["pair"]], dnn_optimizer=tf.train.AdamOptimizer(0.01),
        dnn_hidden_units=[4], label_dimension=2, config=_config(tf), batch_norm=True,
        weight_column="weight", linear_sparse_combiner="sqrtn",
    )  # fmt: skip
    return _run(tf, folder, model, _numbers(2))


def combined_one(tf, folder):
    """Only one of the two models; a head of one's own."""
    c = columns(tf)
    head = tf.contrib.estimator.regression_head(label_dimension=1)
    model = tf.estimator.DNNLinearCombinedEstimator(
        head, os.path.join(folder, "a"), linear_feature_columns=[c["price"]], config=_config(tf)
    )
    found = {"linear": _run(tf, os.path.join(folder, "a"), model, _numbers())}
    model = tf.estimator.DNNLinearCombinedEstimator(
        head, os.path.join(folder, "b"), dnn_feature_columns=[c["price"]], dnn_hidden_units=[3],
        config=_config(tf),
    )  # fmt: skip
    found["dnn"] = _run(tf, os.path.join(folder, "b"), model, _numbers())
    return found


# --- the rest ---
def warm_start(tf, folder):
    """A second model begins with some of the variables of the first, a third with all."""
    c = columns(tf)
    first, second, third = (os.path.join(folder, name) for name in "abc")
    used = [c["price"], c["embedded"]]
    model = tf.estimator.DNNClassifier([4], used, first, config=_config(tf))
    model.train(_inputs(tf, _classes(2)), steps=2)
    settings = tf.estimator.WarmStartSettings(first, vars_to_warm_start=".*hiddenlayer_0.*")
    model = tf.estimator.DNNClassifier(
        [4], used, second, config=_config(tf), warm_start_from=settings
    )
    found = {"some": _run(tf, second, model, _classes(2), steps=1)}
    model = tf.estimator.DNNClassifier([4], used, third, config=_config(tf), warm_start_from=first)
    found["all"] = _run(tf, third, model, _classes(2), steps=1)
    return found


def exported(tf, folder):
    """A SavedModel that reads examples: its signatures, and what they give."""
    c = columns(tf)
    wide, deep = [c["words"], c["crossed"]], [c["price"], c["embedded"]]
    model = tf.estimator.DNNLinearCombinedClassifier(
        os.path.join(folder, "model"), linear_feature_columns=wide, dnn_feature_columns=deep,
        dnn_hidden_units=[3], n_classes=3, label_vocabulary=_WORDS, config=_config(tf),
    )  # fmt: skip
    model.train(_inputs(tf, np.array(_WORDS)[_classes(3)]), steps=2)
    spec = tf.feature_column.make_parse_example_spec([c["words"], *deep])
    receiver = tf.estimator.export.build_parsing_serving_input_receiver_fn(spec)
    path = model.export_saved_model(os.path.join(folder, "saved"), receiver)
    examples = []
    for i in range(3):
        features = tf.train.Example().features
        features.feature["price"].float_list.value.append(i - 1.0)
        features.feature["word"].bytes_list.value.append(_WORDS[i].encode())
        features.feature["id"].int64_list.value.append(i)
        examples.append(tf.train.Example(features=features).SerializeToString())
    found = {}
    with tf.Graph().as_default(), tf.Session() as sess:
        loaded = tf.saved_model.loader.load(sess, ["serve"], path.decode())
        for name, signature in sorted(loaded.signature_def.items()):
            given = {info.name: examples for info in signature.inputs.values()}
            fetched = {key: info.name for key, info in signature.outputs.items()}
            found[name] = {
                "inputs": {key: info.name for key, info in signature.inputs.items()},
                "outputs": fetched,
                "method": signature.method_name,
                "values": watched.values(sess.run(fetched, given)),
            }
    return found


def logit_fns(tf, folder):
    """The functions from features to logits."""
    c = columns(tf)
    found = {}
    for name, units in (("one", 1), ("three", 3)):
        with tf.Graph().as_default() as graph:
            tf.set_random_seed(2)
            features = {k: tf.constant(v) for k, v in _features().items()}
            linear = tf.estimator.experimental.linear_logit_fn_builder(
                units, [c["price"], c["words"]]
            )
            deep = tf.estimator.experimental.dnn_logit_fn_builder(
                units, [3], [c["price"]], tf.nn.relu, None, None, False
            )
            logits = [linear(features=features), deep(features=features, mode="train")]
            with tf.Session() as sess:
                sess.run(tf.global_variables_initializer())
                sess.run(tf.tables_initializer())
                found[name] = {
                    "logits": watched.values(sess.run(logits)),
                    "nodes": [[op.type, op.name] for op in graph.get_operations()],
                }
    return found


def specs_and_errors(tf, folder):
    """What is parsed, and what is refused."""
    c = columns(tf)
    e = tf.estimator
    used = [c["price"], c["words"]]
    classifier, regressor = e.classifier_parse_example_spec, e.regressor_parse_example_spec
    x = {"price": tf.constant([[1.0]]), "word": tf.constant([["red"]])}

    def calling(model):
        return lambda: model.model_fn(x, tf.constant([[1.0]]), "train", model.config)

    def net(**options):
        return e.DNNRegressor([2], [c["price"]], folder, **options)

    def both(**options):
        return e.DNNLinearCombinedRegressor(folder, **options)

    calls = {
        "classifier": lambda: sorted(classifier(used, "y").items()),
        "classifier all": lambda: sorted(
            classifier(used, "y", tf.string, "b", weight_column="w").items()
        ),
        "regressor": lambda: sorted(regressor(used, "y").items()),
        "regressor all": lambda: sorted(
            regressor(
                used, "y", tf.float32, 1.0, 2, tf.feature_column.numeric_column("w")
            ).items()
        ),
        "label is feature": lambda: classifier(used, "price"),
        "weight is feature": lambda: regressor(used, "y", weight_column="word"),
        "weight of another kind": lambda: regressor(used, "y", weight_column=c["words"]),
        "units": lambda: e.experimental.dnn_logit_fn_builder(
            "a", [2], used, tf.nn.relu, None, None, False
        ),
        "classes": lambda: e.LinearClassifier(used, folder, n_classes=1),
        "dimension": lambda: e.LinearRegressor(used, folder, label_dimension=0),
        "no columns": both,
        "no hidden units": calling(both(dnn_feature_columns=[c["price"]])),
        "optimizer name": calling(net(optimizer="Momentum")),
        "optimizer": calling(net(optimizer=3)),
        "features": lambda: net().model_fn(x["price"], tf.constant([[1.0]]), "train", None),
        "synchronized": calling(
            both(
                dnn_feature_columns=[c["price"]], dnn_hidden_units=[2],
                dnn_optimizer=tf.train.SyncReplicasOptimizer(tf.train.AdamOptimizer(), 2),
            )
        ),
        "categorical in a net": calling(e.DNNRegressor([2], [c["words"]], folder)),
    }  # fmt: skip
    return {name: watched.outcome(call, folder) for name, call in calls.items()}


SCENARIOS = {
    "linear_classifier": linear_classifier,
    "linear_classes": linear_classes,
    "linear_regressor": linear_regressor,
    "linear_old_columns": linear_old_columns,
    "linear_estimator": linear_estimator,
    "dnn_classifier": dnn_classifier,
    "dnn_classes": dnn_classes,
    "dnn_dropout": dnn_dropout,
    "dnn_old_columns": dnn_old_columns,
    "dnn_estimator": dnn_estimator,
    "combined_classifier": combined_classifier,
    "combined_regressor": combined_regressor,
    "combined_one": combined_one,
    "warm_start": warm_start,
    "exported": exported,
    "logit_fns": logit_fns,
    "specs_and_errors": specs_and_errors,
}
