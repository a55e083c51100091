"""train_and_evaluate, exporters, early stopping and what extends Estimators; under either library.

Runs on Python 3.7 under TensorFlow 1.15.5 too.
"""

import os

import estimator_watch as watched
import numpy as np
from estimator_runs import _data, _minimized, _seen, dense_model


def _model(tf, folder, **kwargs):
    config = tf.estimator.RunConfig(
        folder, tf_random_seed=5, log_step_count_steps=1000, save_summary_steps=0, **kwargs
    )
    return tf.estimator.Estimator(dense_model(tf), config=config, params={"units": 3})


def _inputs(tf):
    x, y = _data()

    def train():
        return tf.data.Dataset.from_tensor_slices((x, y)).batch(20).repeat()

    def test():
        return tf.data.Dataset.from_tensor_slices((x, y)).batch(30)

    return train, test


def _receiver(tf):
    def receiver():
        x = tf.placeholder(tf.float32, [None, 5], name="x")
        return tf.estimator.export.ServingInputReceiver({"x": x}, {"x": x})

    return receiver


def local(tf, folder):
    """Training and evaluation in turns, with exporters of each kind."""
    e = tf.estimator
    train, test = _inputs(tf)
    receiver = _receiver(tf)
    told = []

    def better(best_eval_result, current_eval_result):
        told.append(sorted(set(best_eval_result) | set(current_eval_result)))
        return best_eval_result["loss"] > current_eval_result["loss"]

    exporters = [
        e.FinalExporter("final", receiver),
        e.LatestExporter("latest", receiver, exports_to_keep=1),
        e.BestExporter("best", receiver, compare_fn=better, event_file_pattern="eval/*"),
    ]
    found = {}
    with watched.Log(folder) as log:
        model = _model(tf, folder, save_checkpoints_steps=2)
        spec = e.TrainSpec(train, 6, [watched.loss_hook(tf, found)])
        metrics, exported = e.train_and_evaluate(
            model, spec, e.EvalSpec(test, None, exporters=exporters, throttle_secs=0)
        )
        found["metrics"] = watched.values(metrics)
        found["exported"] = [x is not None for x in exported]
        found["nothing left"] = watched.values(
            e.train_and_evaluate(model, spec, e.EvalSpec(test, 1, "again"))
        )
        more = e.TrainSpec(train, 9)
        longer = e.EvalSpec(test, 1, "rare", throttle_secs=3600, hooks=[watched.loss_hook(tf, {})])
        found["throttled"] = watched.values(e.train_and_evaluate(model, more, longer))
    for exporter in exporters:
        names = os.listdir(os.path.join(folder, "export", exporter.name))
        found[exporter.name] = len(names)
    found["told"] = told
    return _seen(tf, folder, log, found)


def endings(tf, folder):
    """Early stopping by a function and by metrics; an evaluation inside a training."""
    x = tf.estimator.experimental
    train, test = _inputs(tf)
    found = {}
    with watched.Log(folder) as log:
        model = _model(tf, folder)
        model.train(train, steps=3)
        model.evaluate(test)
        model.train(train, steps=3)
        model.evaluate(test)
        hooks = {
            "function": x.make_early_stopping_hook(model, lambda: True, None, 2),
            "never": x.make_early_stopping_hook(model, lambda: False, None, 1),
            "higher": x.stop_if_higher_hook(model, "loss", 0.5, run_every_secs=None,
                                            run_every_steps=1),
            "not higher": x.stop_if_higher_hook(model, "loss", 50.0, None, 0, None, 1),
            "lower": x.stop_if_lower_hook(model, "accuracy", 1.5, model.eval_dir(), 0, None, 1),
            "later": x.stop_if_lower_hook(model, "accuracy", 1.5, None, 7, None, 1),
            "no decrease": x.stop_if_no_decrease_hook(model, "loss", 10, None, 0, None, 1),
            "no increase": x.stop_if_no_increase_hook(model, "loss", 3, None, 0, None, 1),
            "elsewhere": x.stop_if_no_increase_hook(model, "loss", 0, folder + "/no", 0, None, 1),
            "checkpoint": x.make_stop_at_checkpoint_step_hook(model, 2000),
        }  # fmt: skip
        for name, hook in hooks.items():
            other = _model(tf, os.path.join(folder, "m", name), save_checkpoints_secs=None)
            seen = {}
            other.train(train, [hook, watched.loss_hook(tf, seen)], 4)
            found[name] = len(seen["losses"])
        inside = _model(tf, os.path.join(folder, "inside"))
        memory = x.InMemoryEvaluatorHook(inside, test, 1, name="in", every_n_iter=3)
        inside.train(train, [memory], 7)
    found["log"] = log.lines
    found["events"] = watched.events(tf, os.path.join(folder, "inside"))
    return found


def extended(tf, folder):
    """Estimators with more metrics, with forwarded features, with clipped gradients; predictors."""
    e, c = tf.estimator, tf.contrib.estimator
    x, y = _data()
    once = e.inputs.numpy_input_fn(x, y, batch_size=20, shuffle=False)
    model = _model(tf, folder)
    model.train(once)

    def metric_fn(labels, predictions, features, config):
        assert predictions == {}
        return {"x": tf.metrics.mean(features["x"]), "accuracy": tf.metrics.mean(labels)}

    found = {"metrics": watched.values(e.add_metrics(model, metric_fn).evaluate(once))}
    more = c.forward_features(model, "x")
    found["forwarded"] = watched.values(next(more.predict(once)))
    found["all"] = sorted(next(c.forward_features(model).predict(once)))
    path = more.export_saved_model(os.path.join(folder, "e"), _receiver(tf)).decode()
    fed = {"x": x["x"][:2]}
    found["served"] = watched.values(tf.contrib.predictor.from_saved_model(path)(fed))
    predictor = tf.contrib.predictor.from_estimator(model, _receiver(tf))
    found["predicted"] = watched.values(predictor(fed))
    found["text"] = repr(predictor).partition(" with ")[2].split(" and ")[0]
    found["closed"] = [sorted(predictor.feed_tensors), sorted(predictor.fetch_tensors)]

    def clipped(features, labels, mode):
        w = tf.get_variable("w", [5], initializer=tf.ones_initializer())
        loss = tf.reduce_sum(tf.square(features["x"] * w))
        optimizer = c.clip_gradients_by_norm(tf.train.AdagradOptimizer(0.5), 2.0)
        step = _minimized(tf, optimizer, loss)
        return e.EstimatorSpec(mode, loss=loss, train_op=step, predictions=loss)

    seen = {}
    own = e.Estimator(clipped, os.path.join(folder, "clipped"))
    own.train(once, [watched.loss_hook(tf, seen)])
    found["clipped"] = seen
    calls = [
        lambda: e.add_metrics(model, lambda labels, more: {}),
        lambda: c.forward_features(model, 1),
        lambda: c.forward_features(model, [1]),
        lambda: next(c.forward_features(model, "z").predict(once)),
        lambda: next(c.forward_features(more, "x").predict(once)),
        lambda: next(c.forward_features(model, "x", {"x": 0}).predict(once)),
        lambda: next(c.forward_features(own, "x").predict(once)),
        lambda: tf.contrib.predictor.from_estimator(model, _receiver(tf), "other"),
    ]
    found["mistakes"] = [watched.outcome(call, folder) for call in calls]
    return found


def inputs(tf, folder):
    """Batches of input functions of arrays: epochs, rests, several threads, labels by name."""
    make = tf.estimator.inputs.numpy_input_fn
    x = np.arange(14).reshape(7, 2)
    y = np.arange(7) * 1.5

    def batches(input_fn, count):
        with tf.Graph().as_default():
            tf.set_random_seed(4)
            wanted = input_fn()
            found = []
            with tf.train.MonitoredSession() as sess:
                while not sess.should_stop() and len(found) < count:
                    found.append(watched.values(sess.run(wanted)))
            nodes = tf.get_default_graph().as_graph_def().node
            tags = tf.get_collection("summaries")
            return [found, sorted([n.name, n.op] for n in nodes), [t.name for t in tags]]

    words = np.array(["a", "bc", "d"])
    cases = {
        "one epoch": (make(x, y, 3, shuffle=False), 9),
        "two epochs": (make({"a": x, "b": y}, None, 4, 2, False), 9),
        "forever": (make({"b": x, "a": y}, {"z": y, "c": x}, 4, None, False), 5),
        "small queue": (make(x, y, 5, 3, False, 2), 9),
        "large batch": (make(x, y, 20, 1, False), 9),
        "words": (make({"w": words}, words, 2, 1, False), 9),
        "target key": (make({"__target_key__": y}, y, 4, 1, False), 9),
    }
    found = {name: batches(input_fn, count) for name, (input_fn, count) in cases.items()}
    shuffled = batches(make(x, y, 3, 1, True, num_threads=2), 99)
    rows = [row for batch in shuffled[0] for row in batch[0]]
    found["shuffled"] = [sorted(rows), shuffled[1:], [len(batch[0]) for batch in shuffled[0]]]
    with watched.Log(folder) as log:
        batches(make(x, y, 7, 1, False, num_threads=2), 1)
    found["log"] = [line for line in log.lines if "enqueue_data" in line]
    return found


SCENARIOS = {f.__name__: f for f in (local, endings, extended, inputs)}
