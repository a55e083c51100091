"""TPUEstimator on a CPU: whole sessions, settings and errors; under either library.

label -> what is found, as JSON can have it. Runs on Python 3.7 under TensorFlow 1.15.5 too.
"""

import importlib
import os

import estimator_watch as watched
import numpy as np


def _data(count=24, size=5):
    random = np.random.RandomState(0)
    x = random.randn(count, size).astype(np.float32)
    return x, random.randint(0, 3, count).astype(np.int32)


def _input(tf, seen, endless):
    """An input function that notes its parameters."""

    def input_fn(params, mode, config):
        seen.append([mode, sorted(params), params.get("batch_size"), config.tf_random_seed])
        x, y = _data()
        dataset = tf.data.Dataset.from_tensor_slices(({"x": x}, y))
        dataset = dataset.repeat() if endless else dataset
        return dataset.batch(params.get("batch_size", 2))

    return input_fn


def _model(tf, seen, host_call=False):
    """A model function of one dense layer that returns a TPUEstimatorSpec."""
    Spec = tf.contrib.tpu.TPUEstimatorSpec

    def metric_fn(labels, logits):
        return {"accuracy": tf.metrics.accuracy(labels, tf.argmax(logits, 1))}

    def model_fn(features, labels, mode, params):
        seen.append([mode, sorted((k, repr(v)) for k, v in params.items())])
        logits = tf.layers.dense(features["x"], 3)
        if mode == tf.estimator.ModeKeys.PREDICT:
            return Spec(mode, predictions={"logits": logits})
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        if mode == tf.estimator.ModeKeys.EVAL:
            tensors = {"labels": labels, "logits": logits}
            metrics = (metric_fn, tensors if params["by_name"] else [labels, logits])
            return Spec(mode, loss=loss, eval_metrics=metrics)
        with tf.control_dependencies(tf.get_collection("global_step_read_op_cache")):
            optimizer = tf.train.GradientDescentOptimizer(params["rate"])
            step = optimizer.minimize(loss, tf.train.get_global_step())
        call = None
        if host_call:
            call = (lambda value: tf.print("host", tf.shape(value)), [tf.reshape(loss, [1])])
        scaffold_fn = tf.train.Scaffold if params["by_name"] else None
        return Spec(mode, loss=loss, train_op=step, scaffold_fn=scaffold_fn, host_call=call)

    return model_fn


def _config(tf, folder, **other):
    tpu = tf.contrib.tpu
    loop = tpu.TPUConfig(iterations_per_loop=2)
    return tpu.RunConfig(
        tpu_config=loop, model_dir=folder, tf_random_seed=7, save_summary_steps=2,
        save_checkpoints_steps=3, log_step_count_steps=4, **other
    )  # fmt: skip


def kind(call):
    """The class of an error alone: its words are Python's, which change."""
    return watched.outcome(call).split(":")[0]


def session(tf, folder):
    """Training, evaluation and prediction."""
    found, seen = {}, []
    params = {"rate": 0.1, "by_name": True}
    with watched.Log(folder) as log:
        model = tf.contrib.tpu.TPUEstimator(
            _model(tf, seen), config=_config(tf, folder), params=params, use_tpu=False,
            train_batch_size=8, eval_batch_size=4, predict_batch_size=6,
        )  # fmt: skip
        endless, once = _input(tf, seen, True), _input(tf, seen, False)
        model.train(endless, steps=5, hooks=[watched.loss_hook(tf, found)])
        found["evaluated"] = watched.values(model.evaluate(once, steps=3))
        model.train(endless, max_steps=7, hooks=[watched.loss_hook(tf, found)])
        model.train(endless, max_steps=7)
        found["named"] = watched.values(model.evaluate(once, name="all"))
        found["predicted"] = watched.values(list(model.predict(once)))
        batches = model.predict(once, yield_single_examples=False)
        found["batches"] = watched.values([next(batches), next(batches)])
        batches.close()
    found.update(seen=seen, log=log.lines, names=model.get_variable_names())
    found["params"] = sorted(model.params)
    found["files"] = watched.files(folder)
    found["events"] = watched.events(tf, folder)
    found["checkpoint"] = watched.checkpoint(tf, folder)
    return found


def hparams(tf, folder):
    """Parameters that are HParams, tensors by position, a host call, no batch sizes."""
    found, seen = {}, []
    params = tf.contrib.training.HParams(rate=0.1, by_name=False)

    def model_fn(features, labels, mode, params):
        return inner(features, labels, mode, params.values())

    def input_fn(params):
        seen.append(sorted(params.values()))
        x, y = _data()
        return tf.data.Dataset.from_tensor_slices(({"x": x}, y)).batch(6)

    inner = _model(tf, seen, host_call=True)
    config = _config(tf, folder).replace(log_step_count_steps=None)
    model = tf.contrib.tpu.TPUEstimator(
        model_fn, config=config, params=params, use_tpu=False, eval_batch_size=3
    )
    model.train(input_fn, steps=3, hooks=[watched.loss_hook(tf, found)])
    found["evaluated"] = watched.values(model.evaluate(input_fn, steps=2))
    found["seen"] = seen
    return found


def exported(tf, folder):
    """A SavedModel for CPUs."""
    seen = []
    params = {"rate": 0.1, "by_name": True}
    model = tf.contrib.tpu.TPUEstimator(
        _model(tf, seen), config=_config(tf, folder), params=params, use_tpu=False,
        train_batch_size=8, predict_batch_size=6, export_to_tpu=False,
    )  # fmt: skip
    model.train(_input(tf, seen, True), steps=1)

    def receiver():
        x = tf.placeholder(tf.float32, [None, 5], name="fed")
        return tf.estimator.export.ServingInputReceiver({"x": x}, {"x": x})

    path = model.export_saved_model(os.path.join(folder, "out"), receiver).decode()
    with tf.Graph().as_default(), tf.Session() as run:
        graph = tf.saved_model.loader.load(run, ["serve"], path)
        signatures = sorted(graph.signature_def)
        found = run.run("dense/BiasAdd:0", {"fed:0": _data()[0][:2]})
    neither = tf.contrib.tpu.TPUEstimator(
        _model(tf, seen), config=_config(tf, folder), params=params, use_tpu=False,
        export_to_tpu=False, export_to_cpu=False,
    )  # fmt: skip
    refused = watched.outcome(lambda: neither.export_saved_model(folder + "/no", receiver))
    return [seen, signatures, watched.values(found), refused]


def settings(tf, folder):
    """TPUConfig, RunConfig and InputPipelineConfig."""
    tpu = tf.contrib.tpu
    Config, Run, Pipeline = tpu.TPUConfig, tpu.RunConfig, tpu.InputPipelineConfig

    class Resolver:
        def master(self):
            return "grpc://there:1"

        def cluster_spec(self):
            return tf.train.ClusterSpec({"worker": ["there:1"]})

    def of(run):
        config = run.session_config
        jobs = [job.name for job in config.cluster_def.job] if config else None
        return [run.master, run.evaluation_master, run.tpu_config, run.cluster is None, jobs]

    def told(text):
        os.environ["TF_CONFIG"] = text
        try:
            return Config().tpu_job_name
        finally:
            del os.environ["TF_CONFIG"]

    held = tf.ConfigProto()
    held.cluster_def.job.add(name="worker")
    calls = [
        lambda: Config(),
        lambda: Config(100, 8, 2, False, "job", 5),
        lambda: Config(iterations_per_loop="5m"),
        lambda: Config(iterations_per_loop="1h", per_host_input_for_training=Pipeline.BROADCAST),
        lambda: Config(iterations_per_loop=0),
        lambda: Config(iterations_per_loop="5d"),
        lambda: Config(num_shards=0),
        lambda: Config(num_shards=1.5),
        lambda: Config(num_cores_per_replica=3),
        lambda: Config(initial_infeed_sleep_secs=-1),
        lambda: Config(initial_infeed_sleep_secs="a"),
        lambda: Config(input_partition_dims=[1, 2, 3]),
        lambda: Config(input_partition_dims=[1]),
        lambda: Config(input_partition_dims=[1], per_host_input_for_training=3),
        lambda: Config(None, None, 2, Pipeline.PER_HOST_V2, input_partition_dims=[[1]]),
        lambda: Config(2, None, 2, Pipeline.PER_HOST_V2, input_partition_dims=[[1]]),
        lambda: Config(eval_training_input_configuration=3),
        lambda: Config(eval_training_input_configuration=Pipeline.SLICED),
        lambda: told('{"service": {"tpu_worker_job_name": "mine"}}'),
        lambda: of(Run()),
        lambda: of(Run(master="grpc://a")),
        lambda: of(Run(master="grpc://a", evaluation_master="")),
        lambda: of(Run(cluster=Resolver())),
        lambda: of(Run(cluster=Resolver(), master="")),
        lambda: of(Run(cluster=Resolver(), session_config=held)),
        lambda: of(Run(cluster=Resolver(), evaluation_master="b").replace(model_dir="c")),
        lambda: of(Run().replace(tpu_config=Config(7))),
        lambda: Run().replace(model_dir="c", tpu_config=Config(7)).model_dir,
        lambda: Run().replace(cluster=Resolver()),
        lambda: Run(save_checkpoints_steps=1, save_checkpoints_secs=1),
        lambda: kind(lambda: Run(nothing=1)),
    ]
    return [watched.outcome(call) for call in calls]


def specs(tf, folder):
    """TPUEstimatorSpec."""
    Spec = tf.contrib.tpu.TPUEstimatorSpec
    one, step = tf.constant(1.0, name="one"), tf.no_op(name="step")

    def takes(a, b):
        return {"m": tf.metrics.mean(a + b)}

    def evaluated(tensors, function=takes):
        spec = Spec("eval", loss=one, eval_metrics=(function, tensors))
        return sorted(spec.as_estimator_spec().eval_metric_ops)

    class Hook(tf.train.SessionRunHook):
        def __repr__(self):
            return "Hook"

    def trained():
        spec = Spec(
            "train", loss=one, train_op=step, host_call=(lambda a: [a], [one]),
            scaffold_fn=tf.train.Scaffold, training_hooks=[Hook()],
        ).as_estimator_spec()  # fmt: skip
        hooks = (spec.training_hooks, spec.evaluation_hooks, spec.prediction_hooks)
        return [[len(h) for h in hooks], spec.training_hooks[0], type(spec.scaffold).__name__]

    calls = [
        lambda: Spec._fields,
        lambda: Spec("train"),
        lambda: Spec("train", loss=one),
        lambda: Spec("eval"),
        lambda: Spec("infer"),
        lambda: Spec("train", loss=tf.ones([2]), train_op=step),
        lambda: Spec("train", loss=1.0, train_op=step),
        lambda: Spec("infer", predictions=[one]),
        lambda: sorted(Spec("infer", predictions={"p": one}).export_outputs),
        lambda: Spec("train", loss=one, train_op=step, training_hooks=[1]),
        lambda: Spec("train", loss=one, train_op=step, evaluation_hooks=[1]),
        lambda: Spec("train", loss=one, train_op=step, prediction_hooks=[1]),
        lambda: Spec("eval", loss=one, eval_metrics=one),
        lambda: Spec("eval", loss=one, eval_metrics={"a": one}),
        lambda: Spec("eval", loss=one, eval_metrics=(takes,)),
        lambda: Spec("eval", loss=one, eval_metrics=(one, [one])),
        lambda: Spec("eval", loss=one, eval_metrics=(takes, one)),
        lambda: Spec("eval", loss=one, eval_metrics=(takes, [one])),
        lambda: Spec("eval", loss=one, host_call=(takes, (one, one, one))),
        lambda: Spec("eval", loss=one, host_call=takes),
        lambda: evaluated([one, one]),
        lambda: evaluated({"a": one, "b": one}),
        lambda: kind(lambda: evaluated({"a": one, "c": one})),
        lambda: evaluated({"a": one}, lambda a: {"n": a}),
        lambda: evaluated([one, one], lambda *a: {"n": tf.metrics.mean(a[0])}),
        trained,
    ]
    return [watched.outcome(call) for call in calls]


def mistakes(tf, folder):
    """What TPUEstimator refuses."""
    tpu = tf.contrib.tpu
    config = _config(tf, folder)
    Pipeline = tpu.InputPipelineConfig

    def estimator(model_fn=None, **other):
        other.setdefault("config", config)
        other.setdefault("use_tpu", False)
        other.setdefault("params", {"rate": 0.1, "by_name": True})
        return tpu.TPUEstimator(model_fn or _model(tf, []), **other)

    def replaced(**other):
        return config.replace(tpu_config=tpu.TPUConfig(**other))

    def on_tpu(**other):
        return estimator(use_tpu=True, train_batch_size=4, **other)

    class Embedding:
        partition_strategy = "mod"
        feature_columns = None

    def no_params(features, labels, mode):
        return None

    def no_labels(features, mode, params):
        return None

    def nothing(features, labels, mode, params):
        return None

    sliced = replaced(eval_training_input_configuration=Pipeline.SLICED)
    once = _input(tf, [], False)
    calls = [
        lambda: tpu.TPUEstimator(nothing),
        lambda: estimator(config=tf.estimator.RunConfig()),
        lambda: estimator(params={"batch_size": 1}),
        lambda: estimator(params={"context": 1, "a": 2}),
        lambda: tpu.TPUEstimator(config=config, use_tpu=False),
        lambda: estimator(no_params),
        lambda: estimator(no_params, params=None).train(once, steps=1),
        lambda: estimator(no_labels).train(once, steps=1),
        lambda: estimator(nothing, train_batch_size=1).train(once, steps=1),
        lambda: estimator().train(lambda: None, steps=1),
        lambda: estimator().train(once, steps=0),
        lambda: estimator().train(once, steps=1, max_steps=1),
        lambda: estimator().evaluate(lambda mode: None, steps=1),
        lambda: list(estimator().predict(lambda config: None)),
        lambda: estimator().evaluate(once, steps=-1),
        lambda: estimator(config=sliced).evaluate(once, steps=1),
        lambda: estimator(model_dir="other"),
        lambda: estimator(export_saved_model_api_version=1),
        lambda: estimator(embedding_config_spec=Embedding()),
        lambda: estimator(use_tpu=True),
        lambda: estimator(use_tpu=True, train_batch_size=0),
        lambda: estimator(use_tpu=True, train_batch_size="a"),
        lambda: on_tpu(eval_batch_size=-1),
        lambda: on_tpu(predict_batch_size=1.5),
        lambda: on_tpu(embedding_config_spec=Embedding()),
        lambda: on_tpu(eval_on_tpu=False, embedding_config_spec=Embedding()),
        lambda: on_tpu(config=replaced(
            num_cores_per_replica=2, per_host_input_for_training=False)),
    ]  # fmt: skip
    with watched.Log(folder) as log:
        found = [watched.outcome(call, folder) for call in calls]
    return [found, log.lines]


def no_tpu(tf, folder):
    """The words where TPUs are asked for, up to the list of devices."""
    seen = []

    def estimator(**other):
        return tf.contrib.tpu.TPUEstimator(
            _model(tf, seen), config=_config(tf, folder), params={"rate": 0.1, "by_name": True},
            train_batch_size=4, eval_batch_size=4, predict_batch_size=4, **other
        )  # fmt: skip

    once = _input(tf, seen, False)
    calls = [
        lambda: estimator().train(once, steps=1),
        lambda: estimator().evaluate(once, steps=1),
        lambda: list(estimator().predict(once)),
        lambda: sorted(estimator(eval_on_tpu=False).evaluate(once, steps=1)),
    ]
    return [watched.outcome(call).split("vailable devices")[0] for call in calls] + [seen]


def bfloat16(tf, folder):
    """Variables in a bfloat16_scope."""
    with tf.contrib.tpu.bfloat16_scope() as scope:
        low = tf.get_variable("low", [2], tf.bfloat16, tf.ones_initializer())
        high = tf.get_variable("high", [2], tf.float32, tf.ones_initializer())
        with tf.variable_scope("inner"):
            inner = tf.get_variable("low", [2], tf.bfloat16, tf.ones_initializer())
    with tf.Session() as run:
        run.run(tf.global_variables_initializer())
        values = run.run(tf.cast(low, tf.float32) + high)
    kinds = [(x.dtype.name, x.name) for x in (low, high, inner)]
    kept = [(v.name, v.dtype.name) for v in tf.global_variables()]
    return watched.values([scope.name, kinds, kept, values])


def _shard_functions(tf):
    """The module with `tpu_shard_context`, which has no public name."""
    inside = "graphflow.ops.cross_replica"
    if tf.__name__ != "graphflow":
        inside = "tensorflow.python.tpu.tpu_function"
    return importlib.import_module(inside)


def _nodes(tf, graph):
    """The nodes but those of gradients; scales and groups with their values."""
    found = []
    for n in graph.as_graph_def().node:
        inputs = sorted(i.split("/")[0] if "gradients/" in i else i for i in n.input)
        value = tf.make_ndarray(n.attr["value"].tensor).tolist() if n.op == "Const" else None
        found.append([n.name, n.op, inputs, value])
    return sorted(x for x in found if "gradients/" not in x[0])


def shards(tf, folder):
    """CrossShardOptimizer: its graph, what it refuses, and that no CPU runs it."""
    tpu, tpu_function = tf.contrib.tpu, _shard_functions(tf)

    def step(groups=None, count=None, reduction=tf.losses.Reduction.MEAN, run=False):
        with tf.Graph().as_default() as graph:
            v = tf.get_variable("v", [2])
            tf.get_variable("unused", [2])
            inner = tf.train.MomentumOptimizer(0.1, 0.9)
            optimizer = tpu.CrossShardOptimizer(inner, reduction, group_assignment=groups)
            number = tpu_function.tpu_shard_context(count) if count else tf.name_scope(None)
            with number:
                loss = tf.reduce_sum(v * v)
                done = optimizer.minimize(loss, tf.train.get_or_create_global_step())
            slots = [optimizer.get_slot_names(), optimizer.get_slot(v, "momentum").name]
            if run:
                with tf.Session() as session:
                    session.run(v.initializer, {v.initial_value: [1.0, 1.0]})
                    session.run(done)
            return [optimizer.get_name(), done.name, slots, _nodes(tf, graph)]

    def nested():
        with tpu_function.tpu_shard_context(2), tpu_function.tpu_shard_context(2):
            pass

    def refused():
        return watched.outcome(lambda: step(run=True)).split(" (node")[0].split(" used by")[0]

    keras = tf.keras.optimizers.SGD(0.1)
    calls = [
        lambda: step(),
        lambda: step(count=4),
        lambda: step(count=4, reduction=tf.losses.Reduction.SUM),
        lambda: step([[0, 1], [2, 3]], 4),
        lambda: step([[0, 1]], 4),
        lambda: step([[0, 1], [2]], 3),
        lambda: step([0, 1], 2),
        lambda: step(((0,), (1,)), 2),
        lambda: step(reduction=tf.losses.Reduction.NONE),
        lambda: tpu.CrossShardOptimizer(keras),
        lambda: tpu.cross_replica_sum(tf.ones([2, 3]), name="sum"),
        lambda: tpu.cross_replica_sum(tf.ones([2], tf.int32), [[0]]).op.type,
        nested,
        refused,
    ]
    with watched.Log(folder) as log:
        found = [watched.outcome(call) for call in calls]
    return [found, log.lines]


SCENARIOS = {
    "tpu_session": session,
    "tpu_hparams": hparams,
    "tpu_exported": exported,
    "tpu_settings": settings,
    "tpu_specs": specs,
    "tpu_mistakes": mistakes,
    "tpu_without_one": no_tpu,
    "tpu_bfloat16": bfloat16,
    "tpu_shards": shards,
}
