"""Whole sessions of Estimators: training, evaluation, prediction, export; under either library.

label -> what is found, as JSON can have it. Runs on Python 3.7 under TensorFlow 1.15.5 too.
"""

import os

import estimator_watch as watched
import numpy as np


def _data(count=60, size=5):
    random = np.random.RandomState(0)
    x = random.randn(count, size).astype(np.float32)
    return {"x": x}, random.randint(0, 3, count)


def dense_model(tf):
    """A model function of two dense layers."""

    def model_fn(features, labels, mode, params):
        hidden = tf.layers.dense(features["x"], params["units"], activation=tf.nn.relu)
        logits = tf.layers.dense(hidden, 3)
        classes = tf.argmax(logits, 1)
        if mode == tf.estimator.ModeKeys.PREDICT:
            predictions = {"classes": classes, "logits": logits}
            return tf.estimator.EstimatorSpec(mode, predictions=predictions)
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        train_op = _minimized(tf, tf.train.AdamOptimizer(0.01), loss)
        metrics = {"accuracy": tf.metrics.accuracy(labels, classes)}
        return tf.estimator.EstimatorSpec(
            mode, loss=loss, train_op=train_op, eval_metric_ops=metrics
        )

    return model_fn


def _minimized(tf, optimizer, loss):
    """A training step that comes after the hooks' look at the global step, which it races with."""
    with tf.control_dependencies(tf.get_collection("global_step_read_op_cache")):
        return optimizer.minimize(loss, tf.train.get_global_step())


def _seen(tf, folder, log, found):
    found["log"] = log.lines
    found["files"] = watched.files(folder)
    found["events"] = watched.events(tf, folder)
    found["checkpoint"] = watched.checkpoint(tf, folder)
    return found


def dense(tf, folder):
    """Arrays through a queue: several trainings, named evaluations, predictions."""
    found = {}
    config = tf.estimator.RunConfig(
        tf_random_seed=7, save_summary_steps=2, save_checkpoints_steps=3, log_step_count_steps=2,
        keep_checkpoint_max=2,
    )  # fmt: skip
    inputs = tf.estimator.inputs.numpy_input_fn
    x, y = _data()
    train = inputs(x, y, batch_size=16, num_epochs=None, shuffle=False)
    once = inputs(x, y, batch_size=16, shuffle=False)
    with watched.Log(folder) as log:
        model = tf.estimator.Estimator(dense_model(tf), folder, config, {"units": 4})
        model.train(train, steps=5, hooks=[watched.loss_hook(tf, found)])
        found["evaluated"] = watched.values(model.evaluate(once, name="val"))
        model.train(train, max_steps=8, hooks=[watched.loss_hook(tf, found)])
        model.train(train, max_steps=8)
        found["evaluated again"] = watched.values(model.evaluate(once, steps=1))
        found["many"] = watched.values(model.evaluate(train, steps=25))
        old = os.path.join(folder, "model.ckpt-5")
        found["old"] = watched.values(model.evaluate(once, checkpoint_path=old, name="old"))
        test = inputs({"x": x["x"][:5]}, batch_size=2, shuffle=False)
        found["predicted"] = watched.values(list(model.predict(test)))
        found["keys"] = watched.values(list(model.predict(test, ["classes"])))
        whole = model.predict(test, yield_single_examples=False, checkpoint_path=old)
        found["batches"] = watched.values(list(whole))
        found["names"] = model.get_variable_names()
        found["bias"] = watched.values(model.get_variable_value("dense/bias"))
        found["latest"] = watched.plain(model.latest_checkpoint(), folder)
    return _seen(tf, folder, log, found)


def convolutional(tf, folder):
    """Images from a dataset through a convolutional net with dropout; nothing saved in between."""

    def net(features, reuse, training):
        with tf.variable_scope("ConvNet", reuse=reuse):
            x = tf.reshape(features["images"], [-1, 8, 8, 1])
            x = tf.layers.conv2d(x, 4, 3, activation=tf.nn.relu)
            x = tf.layers.max_pooling2d(x, 2, 2)
            x = tf.layers.dense(tf.layers.flatten(x), 8)
            x = tf.layers.dropout(x, rate=0.25, training=training)
            return tf.layers.dense(x, 3)

    def model_fn(features, labels, mode):
        train = net(features, False, True)
        test = net(features, True, False)
        classes = tf.argmax(test, axis=1)
        if mode == tf.estimator.ModeKeys.PREDICT:
            return tf.estimator.EstimatorSpec(mode, predictions=classes)
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(
                logits=train, labels=tf.cast(labels, dtype=tf.int32)
            )
        )
        train_op = _minimized(tf, tf.train.AdamOptimizer(0.01), loss)
        return tf.estimator.EstimatorSpec(
            mode=mode, predictions=classes, loss=loss, train_op=train_op,
            eval_metric_ops={"accuracy": tf.metrics.accuracy(labels, classes)},
        )  # fmt: skip

    x, y = _data(40, 64)

    def input_fn(mode, params):
        assert params == {}
        data = tf.data.Dataset.from_tensor_slices(({"images": x["x"]}, y)).batch(8)
        return data.repeat(2) if mode == tf.estimator.ModeKeys.TRAIN else data

    found = {}
    config = tf.estimator.RunConfig(tf_random_seed=1, log_step_count_steps=4, model_dir=folder)
    with watched.Log(folder) as log:
        model = tf.estimator.Estimator(model_fn, config=config)
        model.train(input_fn, [watched.loss_hook(tf, found)])
        found["evaluated"] = watched.values(model.evaluate(input_fn))
        found["predicted"] = watched.values(list(model.predict(input_fn)))
    return _seen(tf, folder, log, found)


def everything_given(tf, folder):
    """A model function that gives hooks, a scaffold, summaries; tensors as input."""
    told = []

    class Listener(tf.estimator.CheckpointSaverListener):
        def before_save(self, session, global_step_value):
            told.append(["before", int(global_step_value)])

        def after_save(self, session, global_step_value):
            told.append(["after", int(global_step_value)])

    class Hook(tf.estimator.SessionRunHook):
        def __init__(self, name):
            self.name = name

        def begin(self):
            told.append([self.name, "begin"])

        def end(self, session):
            told.append([self.name, "end"])

    def model_fn(features, mode, config):
        told.append([mode, config.save_summary_steps])
        w = tf.get_variable("w", [1], initializer=tf.constant_initializer(0.5))
        total = tf.Variable(0.0, trainable=False, name="own_local", collections=["local_variables"])
        loss = tf.reduce_mean(tf.square(features * w - 3.0), keepdims=True)
        tf.summary.scalar("loss", loss[0][0])
        tf.summary.histogram("w", w)
        train_op = _minimized(tf, tf.train.GradientDescentOptimizer(0.1), loss)
        value, update = tf.metrics.mean_tensor(tf.stack([w[0], w[0] * 2]))
        scaffold = tf.train.Scaffold(
            saver=tf.train.Saver(max_to_keep=1),
            local_init_op=tf.group(tf.local_variables_initializer(), tf.tables_initializer()),
        )
        inner = tf.summary.scalar("inner", w[0])
        image = tf.summary.merge([inner, tf.summary.scalar("other", w[0] * 3)])
        return tf.estimator.EstimatorSpec(
            mode,
            predictions=features * w,
            loss=loss,
            train_op=train_op,
            eval_metric_ops={
                "vector": (value, update),
                "summary": (image, tf.no_op()),
                "whole": (tf.constant(4), tf.assign_add(total, 1.0)),
                "text": (tf.constant("?"), tf.no_op()),
                "flag": (tf.constant(True), tf.no_op()),
            },
            training_hooks=[Hook("training")],
            training_chief_hooks=[Hook("chief")],
            evaluation_hooks=[Hook("evaluation")],
            prediction_hooks=[Hook("prediction")],
            scaffold=scaffold,
        )

    def input_fn():
        return tf.constant([[1.0], [2.0]])

    def ending():
        return tf.data.Dataset.from_tensors(np.ones([2, 1], np.float32))

    found = {}
    config = tf.estimator.RunConfig(
        save_checkpoints_secs=None, save_checkpoints_steps=2, save_summary_steps=3,
        log_step_count_steps=None,
    )  # fmt: skip
    with watched.Log(folder) as log:
        model = tf.estimator.Estimator(model_fn, folder, config)
        hooks = [watched.loss_hook(tf, found), Hook("own")]
        model.train(input_fn, hooks, steps=5, saving_listeners=[Listener()])
        found["evaluated"] = watched.values(model.evaluate(input_fn, steps=3, hooks=[Hook("own")]))
        predictions = model.predict(input_fn, hooks=[Hook("own")])
        found["predicted"] = watched.values([next(predictions) for _ in range(3)])
        predictions.close()
        found["ended"] = watched.values(list(model.predict(ending)))
        found["no steps"] = watched.outcome(
            lambda: model.train(lambda: ending().skip(1)).latest_checkpoint(), folder
        )
    found["told"] = told
    return _seen(tf, folder, log, found)


def untrained(tf, folder):
    """Evaluation and prediction of a model without checkpoints, then what needs one."""
    x, y = _data(10)
    inputs = tf.estimator.inputs.numpy_input_fn
    found = {}
    with watched.Log(folder) as log:
        config = tf.estimator.RunConfig(tf_random_seed=4)
        model = tf.estimator.Estimator(dense_model(tf), folder, config, {"units": 2})
        once = inputs(x, y, shuffle=False)
        found["evaluated"] = watched.values(model.evaluate(once))
        found["predicted"] = watched.values(list(model.predict(inputs(x, shuffle=False))))
        for name, call in (
            ("names", model.get_variable_names),
            ("value", lambda: model.get_variable_value("dense/bias")),
            ("latest", model.latest_checkpoint),
            ("export", lambda: model.export_saved_model(folder, lambda: None)),
        ):
            found[name] = watched.outcome(call, folder)
    found["log"] = log.lines
    found["files"] = watched.files(folder)
    found["events"] = watched.events(tf, folder)
    return found


def warm_started(tf, folder):
    """Models that begin with the variables of another: all, some, under other names."""
    x, y = _data()
    once = tf.estimator.inputs.numpy_input_fn(x, y, batch_size=20, shuffle=False)
    config = tf.estimator.RunConfig(tf_random_seed=2)
    first = os.path.join(folder, "first")
    params = {"units": 4}

    def renamed(features, labels, mode, params):
        with tf.variable_scope("own"):
            return dense_model(tf)(features, labels, mode, params)

    found = {}
    with watched.Log(folder) as log:
        tf.estimator.Estimator(dense_model(tf), first, config, params).train(once)
        settings = tf.estimator.WarmStartSettings
        names = ("dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias")
        previous = {"own/" + name: name for name in names}
        cases = {
            "all": (dense_model(tf), first),
            "some": (dense_model(tf), settings(first, "dense_1/.*")),
            "renamed": (renamed, settings(first, ".*", None, previous)),
        }
        for name, (model_fn, start) in cases.items():
            own = os.path.join(folder, name)
            model = tf.estimator.Estimator(model_fn, own, config, params, warm_start_from=start)
            seen = {}
            found[name] = [
                watched.values(model.evaluate(once)),
                model.train(once, [watched.loss_hook(tf, seen)], steps=2) and seen["losses"],
                watched.values(model.evaluate(once)),
            ]
    found["log"] = log.lines
    return found


def exported(tf, folder):
    """SavedModels of several kinds: files, signatures, what they compute."""
    x, y = _data()
    once = tf.estimator.inputs.numpy_input_fn(x, y, batch_size=20, shuffle=False)
    config = tf.estimator.RunConfig(tf_random_seed=2)
    found = {}
    extra = os.path.join(folder, "notes.txt")
    with open(extra, "w") as file:
        file.write("notes")

    def model_fn(features, labels, mode):
        spec = dense_model(tf)(features, labels, mode, {"units": 4})
        if mode == tf.estimator.ModeKeys.PREDICT:
            e = tf.estimator.export
            logits = spec.predictions["logits"]
            names = tf.as_string(spec.predictions["classes"])
            spec = spec._replace(
                export_outputs={
                    "serving_default": e.PredictOutput(spec.predictions),
                    "classify": e.ClassificationOutput(tf.nn.softmax(logits), names),
                    "regress": e.RegressionOutput(logits),
                }
            )
        return spec

    def raw():
        return tf.estimator.export.build_raw_serving_input_receiver_fn(
            {"x": tf.placeholder(tf.float32, [None, 5], name="x")}
        )

    spec = {"x": tf.FixedLenFeature([5], tf.float32)}
    parsing = tf.estimator.export.build_parsing_serving_input_receiver_fn(spec)
    supervised = tf.estimator.experimental.build_raw_supervised_input_receiver_fn(
        {"x": tf.placeholder(tf.float32, [None, 5], name="x")},
        tf.placeholder(tf.int64, [None], name="y"),
    )
    with watched.Log(folder) as log:
        model = tf.estimator.Estimator(model_fn, os.path.join(folder, "model"), config)
        model.train(once)
        base = os.path.join(folder, "export")
        modes = tf.estimator.ModeKeys
        every = {modes.TRAIN: supervised, modes.EVAL: supervised, modes.PREDICT: parsing}
        paths = {
            "raw": model.export_savedmodel(base + "1", raw(), {"some/notes.txt": extra}),
            "parsing": model.export_saved_model(base + "2", parsing, as_text=True),
            "all": model.experimental_export_all_saved_models(base + "3", every),
            "eval": model.export_saved_model(base + "4", supervised, experimental_mode=modes.EVAL),
        }
    found["log"] = log.lines
    for name, path in paths.items():
        path = path.decode()
        found[name] = {"files": watched.files(path), "graphs": _graphs(tf, path)}
    fed = {"x": x["x"][:3]}
    path = paths["raw"].decode()
    found["served"] = watched.values(tf.contrib.predictor.from_saved_model(path)(fed))
    return found


def _graphs(tf, path):
    found = []
    for tags in (["serve"], ["train"], ["eval"]):
        with tf.Graph().as_default(), tf.Session() as sess:
            try:
                message = tf.saved_model.loader.load(sess, tags, path)
            except RuntimeError:
                continue
            collections = sorted(message.collection_def)
            signatures = {
                name: [
                    s.method_name,
                    sorted((k, v.name, v.dtype) for k, v in s.inputs.items()),
                    sorted((k, v.name, v.dtype) for k, v in s.outputs.items()),
                ]
                for name, s in message.signature_def.items()
            }
            found.append([tags, collections, signatures])
    return watched.values(found)


def words(tf, folder):
    """Words by a table from a file, served and begun with by others; a device; a loss of nan."""
    e = tf.estimator
    vocabulary = os.path.join(folder, "words.txt")
    with open(vocabulary, "w") as file:
        file.write("red\ngreen\nblue\n")

    def model_fn(features, labels, mode, params):
        table = tf.contrib.lookup.index_table_from_file(vocabulary, num_oov_buckets=1)
        vectors = tf.get_variable("vectors", [4, 2], initializer=tf.ones_initializer())
        x = tf.nn.embedding_lookup(vectors, table.lookup(features["w"]))
        total = tf.reduce_sum(x, 1)
        if mode == e.ModeKeys.PREDICT:
            return e.EstimatorSpec(mode, {"total": total, "words": features["w"]})
        loss = tf.reduce_mean(tf.square(total - labels)) / params["divisor"]
        train_op = _minimized(tf, tf.train.MomentumOptimizer(0.1, 0.9), loss)
        return e.EstimatorSpec(mode, loss=loss, train_op=train_op)

    x = {"w": np.array(["red", "blue", "pink", "red", "green", "black"])}
    y = np.arange(6, dtype=np.float32)
    once = e.inputs.numpy_input_fn(x, y, batch_size=4, num_epochs=2, shuffle=False)

    def receiver():
        fed = tf.placeholder(tf.string, [None], name="fed")
        return e.export.ServingInputReceiver({"w": fed}, fed)

    found = {}
    config = e.RunConfig(tf_random_seed=1, device_fn=lambda op: "/cpu:0")
    with watched.Log(folder) as log:
        own = os.path.join(folder, "own")
        model = e.Estimator(model_fn, own, config, {"divisor": 1.0})
        model.train(once, [watched.loss_hook(tf, found)])
        found["evaluated"] = watched.values(model.evaluate(once))
        found["predicted"] = watched.values(list(model.predict(once)))
        path = model.export_saved_model(os.path.join(folder, "export"), receiver).decode()
        other = os.path.join(folder, "other")
        warm = e.Estimator(model_fn, other, config, {"divisor": 0.0}, path)
        found["warm"] = watched.values(next(warm.predict(once)))
        found["diverged"] = watched.outcome(lambda: warm.train(once))
        found["loaded"] = watched.values(
            e.Estimator(model_fn, other, config, {"divisor": 1.0}, model.latest_checkpoint())
            .train(once)
            .evaluate(once)
        )
    found["files of the export"] = watched.files(path)
    found["graphs"] = _graphs(tf, path)
    served = tf.contrib.predictor.from_saved_model(path)
    found["served"] = watched.values(served({"input": ["blue", "?", "red"]}))
    return _seen(tf, own, log, found)


SCENARIOS = {
    f.__name__: f
    for f in (dense, convolutional, everything_given, untrained, warm_started, exported, words)
}
