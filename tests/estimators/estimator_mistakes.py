"""What tf.estimator refuses, and the settings that it reads; under either library.

Runs on Python 3.7 under TensorFlow 1.15.5 too.
"""

import json
import os

import estimator_watch as watched
import numpy as np


def _spec_calls(tf):
    e = tf.estimator
    Spec, x = e.EstimatorSpec, e.export
    with tf.Graph().as_default():
        other = tf.constant(1.0, name="other")
        operation = tf.no_op(name="nothing")
    one = tf.constant(1.0, name="one")
    step = tf.no_op(name="step")
    text = tf.constant(["a"])
    predict = x.PredictOutput(one)
    pair = tf.metrics.mean(one)

    def shown(signature):
        sides = (signature.inputs, signature.outputs)
        return [signature.method_name, [sorted((k, str(v)) for k, v in x.items()) for x in sides]]

    return [
        lambda: Spec("train"),
        lambda: Spec("train", loss=one),
        lambda: Spec("train", train_op=step),
        lambda: Spec("train", loss=1.0, train_op=step),
        lambda: Spec("train", loss=one, train_op=1),
        lambda: Spec("train", loss=tf.ones([2]), train_op=step),
        lambda: Spec("train", loss=tf.ones([1, 1]), train_op=step).loss,
        lambda: Spec("train", loss=other, train_op=step),
        lambda: Spec("train", loss=one, train_op=operation),
        lambda: Spec("train", loss=one, train_op=step, predictions=other),
        lambda: Spec("train", loss=one, train_op=step, predictions={"p": other}),
        lambda: Spec("train", loss=one, train_op=step, predictions=[one]),
        lambda: Spec("train", loss=one, train_op=step, predictions={"p": 1}),
        lambda: Spec("train", loss=one, train_op=step, training_hooks=[1]),
        lambda: Spec("train", loss=one, train_op=step, evaluation_hooks=[1]),
        lambda: Spec("train", loss=one, train_op=step, prediction_hooks=["a"]),
        lambda: Spec("train", loss=one, train_op=step, training_chief_hooks=[1]),
        lambda: Spec("train", loss=one, train_op=step, scaffold=1),
        lambda: Spec("eval"),
        lambda: Spec("eval", loss=one, eval_metric_ops=[pair]),
        lambda: Spec("eval", loss=one, eval_metric_ops={"m": one}),
        lambda: Spec("eval", loss=one, eval_metric_ops={"m": (one,)}),
        lambda: Spec("eval", loss=one, eval_metric_ops={"m": [one, one]}),
        lambda: Spec("eval", loss=one, eval_metric_ops={"m": (other, one)}),
        lambda: Spec("eval", loss=one, eval_metric_ops={"m": pair}).eval_metric_ops["m"][0],
        lambda: Spec("infer"),
        lambda: Spec("infer", predictions=[one]),
        lambda: Spec("infer", predictions={1: one}),
        lambda: sorted(Spec("infer", predictions=one).export_outputs),
        lambda: Spec("infer", predictions=one, export_outputs=[predict]),
        lambda: Spec("infer", predictions=one, export_outputs={"a": one}),
        lambda: Spec("infer", predictions=one, export_outputs={"a": predict, "b": predict}),
        lambda: sorted(Spec("infer", one, export_outputs={"a": predict}).export_outputs),
        lambda: Spec("other").predictions,
        lambda: Spec("other")._replace(mode="train"),
        lambda: Spec("other")._replace(loss=1),
        lambda: Spec("other")._replace(loss=one).loss,
        lambda: Spec._fields,
        lambda: x.ClassificationOutput(),
        lambda: x.ClassificationOutput(scores=text),
        lambda: x.ClassificationOutput(classes=one),
        lambda: x.ClassificationOutput(scores=1.0),
        lambda: x.RegressionOutput(text),
        lambda: x.RegressionOutput(1.0),
        lambda: x.PredictOutput(1.0),
        lambda: x.PredictOutput({1: one}),
        lambda: sorted(x.PredictOutput({("a", "b"): one}).outputs),
        lambda: x.ClassificationOutput(one).as_signature_def({"a": text, "b": text}),
        lambda: x.ClassificationOutput(one).as_signature_def({"a": one}),
        lambda: x.RegressionOutput(one).as_signature_def({"a": one}),
        lambda: shown(x.RegressionOutput(one).as_signature_def({"a": text})),
        lambda: shown(x.ClassificationOutput(one, text).as_signature_def({"a": text})),
        lambda: shown(predict.as_signature_def({"a": text})),
    ]


def specs(tf, folder):
    """EstimatorSpec and ExportOutputs."""
    with tf.Graph().as_default():
        return [watched.outcome(call) for call in _spec_calls(tf)]


def receivers(tf, folder):
    """ServingInputReceivers and the functions that make them."""
    x = tf.estimator.export
    Receiver, Single = x.ServingInputReceiver, x.TensorServingInputReceiver
    raw = tf.estimator.experimental.build_raw_supervised_input_receiver_fn
    one = tf.constant([1.0], name="one")
    sparse = tf.SparseTensor([[0]], [1.0], [1])
    calls = [
        lambda: Receiver(None, one),
        lambda: Receiver(one, None),
        lambda: Receiver(one, one),
        lambda: Receiver({1: one}, {"a": one}).features,
        lambda: Receiver({1.5: one}, one),
        lambda: Receiver({"a": 1.0}, one),
        lambda: Receiver({"a": sparse}, one).receiver_tensors,
        lambda: Receiver(one, {1: one}),
        lambda: Receiver(one, {"a": [1]}),
        lambda: Receiver(one, one, [one]),
        lambda: Receiver(one, one, {"a": one, "b": {"c": one}}).receiver_tensors_alternatives,
        lambda: Receiver(one, one, {"a": 1}),
        lambda: Single(None, one),
        lambda: Single({"a": one}, one),
        lambda: Single(one, one, {"a": one}),
        lambda: Single(one, None),
        lambda: raw({"a": one}, {"a": one}),
        lambda: raw(one, {"input": one}),
        lambda: raw(one, one)(),
        lambda: raw({"a": one}, {"b": one}, 3)(),
        lambda: x.build_raw_serving_input_receiver_fn({"a": one})(),
        lambda: x.build_raw_serving_input_receiver_fn({"a": one}, 2)().features,
        lambda: x.build_parsing_serving_input_receiver_fn(
            {"f": tf.FixedLenFeature([2], tf.float32), "v": tf.VarLenFeature(tf.int64)}, 4
        )(),
    ]
    return [watched.outcome(call) for call in calls]


def estimators(tf, folder):
    """Constructors of Estimators, and the arguments of what they do."""
    e = tf.estimator
    Config, data = e.RunConfig, tf.data.Dataset
    listener, warm = e.CheckpointSaverListener, e.WarmStartSettings

    def good(features, labels, mode, params):
        w = tf.get_variable("w", [])
        if params.get("other"):
            tf.get_variable("other", [])
        loss = tf.reduce_mean(features * w)
        metrics = {params["metric"]: tf.metrics.mean(loss)} if "metric" in params else None
        predictions = {"a": features, "b": features[params.get("cut", 0) :]}
        step = tf.assign_add(tf.train.get_global_step(), 1)
        return e.EstimatorSpec(mode, predictions, loss, step, metrics)

    def plain(features):
        return e.EstimatorSpec("infer", features)

    def input_fn():
        return data.from_tensors((np.ones([2], np.float32), np.ones([2], np.float32)))

    def three():
        return 1, 2, 3

    class Changed(e.Estimator):
        def train(self, input_fn):
            return 1

    def model(**params):
        return e.Estimator(good, folder, params=params)

    def tensor_receiver():
        x = tf.placeholder(tf.float32, [2])
        return e.export.TensorServingInputReceiver(x, x)

    empty = os.path.join(folder, "empty")
    calls = [
        lambda: e.Estimator(None),
        lambda: e.Estimator(lambda x: 1),
        lambda: e.Estimator(lambda features, other: 1),
        lambda: e.Estimator(lambda features: 1, params={"a": 1}),
        lambda: e.Estimator(plain, config=1),
        lambda: e.Estimator(plain, "a", Config("b")),
        lambda: e.Estimator(plain, "a", Config("a")).model_dir,
        lambda: e.Estimator(plain, warm_start_from=1),
        lambda: warm(""),
        lambda: warm("a"),
        lambda: Changed(plain),
        lambda: model().train(input_fn, steps=0),
        lambda: model().train(input_fn, max_steps=-1),
        lambda: model().train(input_fn, steps=1, max_steps=1),
        lambda: model().train(input_fn, hooks=[1]),
        lambda: model().train(input_fn, saving_listeners=[1]),
        lambda: model().train(three),
        lambda: e.Estimator(plain, empty).train(input_fn),
        lambda: e.Estimator(lambda features, labels: 1, empty).train(input_fn),
        lambda: e.Estimator(
            good, empty, Config(save_checkpoints_steps=0, save_checkpoints_secs=None), {}
        ).train(input_fn, steps=1, saving_listeners=[listener()]),
        lambda: model().train(input_fn, steps=1).latest_checkpoint(),
        lambda: model().evaluate(input_fn, steps=0),
        lambda: model().evaluate(input_fn, hooks=["a"]),
        lambda: model(metric="loss").evaluate(input_fn),
        lambda: model(metric="global_step").evaluate(input_fn),
        lambda: model(other=True).evaluate(input_fn),
        lambda: sorted(model(metric="m").evaluate(input_fn)),
        lambda: list(model().predict(input_fn, ["c"])),
        lambda: list(model().predict(input_fn, "a")),
        lambda: list(model(cut=1).predict(input_fn)),
        lambda: list(model().predict(input_fn, hooks=[1])),
        lambda: list(e.Estimator(plain, empty).predict(lambda: data.range(2).batch(2), "a")),
        lambda: list(e.Estimator(plain, empty).predict(lambda: data.range(2).batch(2))),
        lambda: model().export_savedmodel(folder, None),
        lambda: model().export_saved_model(folder, None),
        lambda: model(other=True).export_saved_model(folder, tensor_receiver),
        lambda: model().experimental_export_all_saved_models(folder, {}),
        lambda: model().eval_dir("a"),
        lambda: model().get_variable_value("no"),
        lambda: model().model_fn(tf.ones([2]), None, "infer", None).mode,
        lambda: model(a=1).params,
        lambda: e.experimental.call_logit_fn(lambda features: 1, 1, "infer", None, None),
        lambda: e.experimental.call_logit_fn(lambda features: {1: 2}, 1, "infer", None, None),
        lambda: e.experimental.call_logit_fn(
            lambda features, mode, params: tf.ones([2]) * params, 1, "infer", 3.0, None
        ),
        lambda: e.experimental.InMemoryEvaluatorHook(model(), input_fn, every_n_iter=0),
        lambda: e.experimental.InMemoryEvaluatorHook(model(), input_fn, hooks=[1]),
        lambda: e.experimental.make_early_stopping_hook(1, None),
        lambda: e.experimental.make_early_stopping_hook(model(), 1),
        lambda: e.experimental.make_early_stopping_hook(model(), input_fn, 1, 2),
        lambda: e.experimental.make_early_stopping_hook(model(), input_fn, None, None),
    ]
    with watched.Log(folder) as log:
        found = [watched.outcome(call, folder) for call in calls]
    warnings = [line for line in log.lines if line.startswith("WARNING") and "temp" not in line]
    return [found, warnings]


def train_specs(tf, folder):
    """TrainSpec, EvalSpec, exporters, and the arguments of train_and_evaluate."""
    e = tf.estimator
    model = e.Estimator(lambda features: 1, folder)

    class Named(e.Exporter):
        def __init__(self, name):
            self._name = name

        @property
        def name(self):
            return self._name

    def fn():
        return 1

    train, test = e.TrainSpec(fn), e.EvalSpec(fn)
    exports = [e.FinalExporter("a", fn), e.LatestExporter("a", fn)]
    calls = [
        lambda: e.TrainSpec(1),
        lambda: e.TrainSpec(fn, 0),
        lambda: e.TrainSpec(fn, hooks=[1]),
        lambda: train[1:],
        lambda: e.EvalSpec(1),
        lambda: e.EvalSpec(fn, 0),
        lambda: e.EvalSpec(fn, name=1),
        lambda: e.EvalSpec(fn, hooks=[1]),
        lambda: e.EvalSpec(fn, exporters=exports),
        lambda: e.EvalSpec(fn, exporters=[1]),
        lambda: e.EvalSpec(fn, exporters=1),
        lambda: e.EvalSpec(fn, exporters=[Named("")]),
        lambda: e.EvalSpec(fn, exporters=[Named(3)]),
        lambda: len(e.EvalSpec(fn, exporters=exports[0]).exporters),
        lambda: e.EvalSpec(fn, start_delay_secs=-1),
        lambda: e.EvalSpec(fn, throttle_secs=-1),
        lambda: test[1:],
        lambda: e.train_and_evaluate(1, train, test),
        lambda: e.train_and_evaluate(model, 1, test),
        lambda: e.train_and_evaluate(model, train, 1),
        lambda: e.LatestExporter("a", fn, exports_to_keep=0),
        lambda: e.BestExporter("a", fn, exports_to_keep=0),
        lambda: e.BestExporter("a", fn, compare_fn=None),
        lambda: e.BestExporter("a", fn, compare_fn=fn),
        lambda: e.BestExporter("a", fn, compare_fn=lambda best_eval_result: 1),
        lambda: e.BestExporter(
            "a", fn, compare_fn=lambda best_eval_result, current_eval_result, c: 1
        ),
        lambda: e.BestExporter().name,
        lambda: e.BestExporter()._compare_fn({}, {"loss": 1}),
        lambda: e.BestExporter()._compare_fn({"loss": 2}, {}),
        lambda: e.BestExporter()._compare_fn({"loss": 2}, {"loss": 1}),
    ]
    return [_without_functions(watched.outcome(call, folder)) for call in calls]


def _without_functions(text):
    """A text without the names of local functions and classes."""
    return text.split(" (<function")[0] if "(<function" in text else text.split(" [<")[0]


def arrays(tf, folder):
    """What input functions of arrays refuse."""
    make = tf.estimator.inputs.numpy_input_fn
    x, y = np.ones([3, 2]), np.ones([3])
    calls = [
        lambda: make(x),
        lambda: make(x, shuffle=1),
        lambda: make(x, shuffle="a"),
        lambda: make([1], shuffle=False)(),
        lambda: make({}, shuffle=False)(),
        lambda: make(np.ones([0]), shuffle=False)(),
        lambda: make(x, {}, shuffle=False)(),
        lambda: make({"a": x}, {"a": y}, shuffle=False)(),
        lambda: make({"a": x}, np.ones([2]), shuffle=False)(),
        lambda: make({"a": x}, {"b": np.ones([2])}, shuffle=False)(),
        lambda: make({"a": x, "b": np.ones([1])}, shuffle=False)(),
        lambda: tf.estimator.inputs.pandas_input_fn(x),
    ]
    return [watched.outcome(call) for call in calls]


def _settings(config):
    found = [
        [name, getattr(config, name)]
        for name in sorted(dir(config))
        if name[0] != "_" and name not in ("replace", "session_config", "cluster_spec")
    ]
    return [*found, str(config.session_config), str(config.cluster_spec), list(vars(config))]


def configurations(tf, folder):
    """RunConfigs: arguments, mistakes, copies, and what TF_CONFIG says."""
    Config = tf.estimator.RunConfig
    proto = tf.ConfigProto(log_device_placement=True)
    given = [
        {},
        {"model_dir": "a", "tf_random_seed": 1, "save_summary_steps": None},
        {"save_checkpoints_steps": 5},
        {"save_checkpoints_secs": 5},
        {"save_checkpoints_secs": None},
        {"save_checkpoints_secs": None, "save_checkpoints_steps": None},
        {"save_checkpoints_secs": 1, "save_checkpoints_steps": 1},
        {"session_config": proto, "protocol": "grpc", "log_step_count_steps": None},
        {"keep_checkpoint_max": 0, "keep_checkpoint_every_n_hours": 0.5},
        {"model_dir": ""},
        {"save_summary_steps": -1},
        {"save_checkpoints_steps": -1},
        {"save_checkpoints_secs": -1},
        {"session_config": 1},
        {"keep_checkpoint_max": -1},
        {"keep_checkpoint_every_n_hours": 0},
        {"log_step_count_steps": 0},
        {"tf_random_seed": 1.5},
        {"experimental_max_worker_delay_secs": 1.5},
        {"session_creation_timeout_secs": 0},
        {"device_fn": 1},
        {"device_fn": lambda x: 1},
        {"protocol": "http"},
    ]
    found = [watched.outcome(lambda kwargs=k: _settings(Config(**kwargs))) for k in given]
    copies = [
        {"save_checkpoints_steps": 3},
        {"save_checkpoints_steps": None},
        {"save_checkpoints_secs": 3, "save_checkpoints_steps": 2},
        {"save_checkpoints_secs": None, "save_checkpoints_steps": 2},
        {"model_dir": "b", "protocol": "grpc+verbs"},
        {"master": "a"},
        {"save_summary_steps": -3},
    ]
    base = Config("a", save_checkpoints_secs=7)
    found += [watched.outcome(lambda kwargs=k: _settings(base.replace(**kwargs))) for k in copies]
    cluster = {"chief": ["c:1"], "ps": ["p:1", "p:2"], "worker": ["w:1", "w:2"]}
    master = {"master": ["m:1"], "ps": ["p:1"], "worker": ["w:1"]}
    said = [
        {"model_dir": "told"},
        {"model_dir": ""},
        {"session_master": "a", "eval_session_master": "b", "service": {"x": 1}},
        {"service": 1},
        {"task": {"type": "worker", "index": 0}},
        {"task": {"type": "chief"}},
        {"task": {"type": "evaluator"}},
        {"task": {"index": 1}},
        {"cluster": {"worker": ["w:1"]}},
        {"cluster": {"chief": ["a:1", "b:1"]}},
        {"cluster": cluster},
        {"cluster": cluster, "task": {"type": "worker"}},
        {"cluster": cluster, "task": {"type": "worker", "index": -1}},
        {"cluster": cluster, "task": {"type": "worker", "index": 2}},
        {"cluster": cluster, "task": {"type": "other", "index": 0}},
        {"cluster": cluster, "task": {"type": "chief", "index": 0}},
        {"cluster": cluster, "task": {"type": "worker", "index": "1"}},
        {"cluster": cluster, "task": {"type": "ps", "index": 1}},
        {"cluster": cluster, "task": {"type": "evaluator", "index": 0}},
        {"cluster": cluster, "task": {"type": "chief", "index": 0}, "session_master": "x"},
        {"cluster": master, "task": {"type": "master", "index": 0}},
        {"cluster": master, "task": {"type": "worker", "index": 0}},
        {"cluster": master, "task": {"type": "evaluator", "index": 0}},
        {"cluster": dict(master, chief=["c:1"]), "task": {"type": "master", "index": 0}},
        {"cluster": {"chief": ["c:1"]}, "task": {"type": "chief", "index": 0}},
    ]
    for config in said:
        os.environ["TF_CONFIG"] = json.dumps(config)
        found.append(watched.outcome(lambda: _settings(Config())))
    os.environ["TF_CONFIG"] = json.dumps({"model_dir": "told"})
    found.append(watched.outcome(lambda: _settings(Config("other"))))
    found.append(watched.outcome(lambda: _settings(Config("told"))))
    chief = {"cluster": cluster, "task": {"type": "evaluator", "index": 1}}
    os.environ["TF_CONFIG"] = json.dumps(chief)
    e = tf.estimator
    model = e.Estimator(lambda features: 1, folder)
    found.append(watched.outcome(lambda: model.train(None), folder).split("Current")[0])
    spec, test = e.TrainSpec(len), e.EvalSpec(len)
    found.append(watched.outcome(lambda: e.train_and_evaluate(model, spec, test), folder))
    del os.environ["TF_CONFIG"]
    return found


SCENARIOS = {
    f.__name__: f for f in (specs, receivers, estimators, train_specs, arrays, configurations)
}
