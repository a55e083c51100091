"""Heads and baseline estimators: nodes, losses, metrics, exports, mistakes; under either library.

Runs on Python 3.7 under TensorFlow 1.15.5 too.
"""

import estimator_watch as watched
import numpy as np

_LOGITS = np.array([[1.5, -0.5, 0.25], [-2.0, 1.0, 0.5], [0.3, 0.2, 3.0], [0.0, -1.0, 1.0]])
_WEIGHTS = np.array([1.0, 0.5, 2.0, 0.0], np.float32)
_WORDS = ["red", "green", "blue"]


def _heads(tf):
    """label -> (head, logits, labels)"""
    e = tf.contrib.estimator
    one = _LOGITS[:, :1].astype(np.float32)
    three = _LOGITS.astype(np.float32)
    sums = tf.losses.Reduction.SUM
    binary = np.array([1, 0, 1, 0])
    which = np.array([[0], [1], [2], [1]])
    words = np.array([["blue"], ["red"], ["green"], ["red"]])
    several = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]])
    sparse = tf.SparseTensorValue([[0, 0], [1, 0], [1, 1], [2, 0]], [0, 1, 2, 2], [4, 2])
    sparse_words = tf.SparseTensorValue([[0, 0], [1, 0]], ["red", "blue"], [4, 2])
    numbers = np.array([1.0, -1.0, 2.5, 0.5], np.float32)

    def own_loss(labels, logits, features):
        return tf.cast(labels, tf.float32) * tf.reduce_sum(logits, -1, keepdims=True)

    return {
        "binary": (e.binary_classification_head(), one, binary),
        "binary all": (
            e.binary_classification_head("w", [0.25, 0.5], ["no", "yes"], sums, None, "own"),
            one,
            np.array([["yes"], ["no"], ["yes"], ["no"]]),
        ),
        "binary loss": (e.binary_classification_head(loss_fn=own_loss), one, binary),
        "classes": (e.multi_class_head(3), three, which),
        "classes all": (e.multi_class_head(3, "w", _WORDS, sums, None, "own"), three, words),
        "classes loss": (e.multi_class_head(3, loss_fn=own_loss), three, which[:, 0]),
        "regression": (e.regression_head(), one, numbers),
        "regression all": (
            e.regression_head("w", 3, sums, None, tf.square, "own"), three, three + 1
        ),
        "regression each": (e.regression_head("v", 3), three, three * 2),
        "poisson": (e.poisson_regression_head(), one, np.abs(numbers)),
        "poisson short": (e.poisson_regression_head(compute_full_loss=False), one, numbers + 1),
        "logistic": (e.logistic_regression_head("w"), one, numbers * 0.2 + 0.4),
        "labels": (e.multi_label_head(3), three, several),
        "labels all": (
            e.multi_label_head(3, "w", [0.5], _WORDS, sums, None, ["red", "blue"], "own"),
            three,
            sparse_words,
        ),
        "labels sparse": (
            e.multi_label_head(3, classes_for_class_based_metrics=[1]), three, sparse
        ),
    }  # fmt: skip


def _facts(tf, spec):
    """The values and names of a spec, run once; metrics after one update."""
    found = {"predictions": sorted(map(str, spec.predictions))}
    outputs = spec.export_outputs or {}
    found["outputs"] = {k: [type(v).__name__, _tensors(v)] for k, v in outputs.items()}
    found["metrics"] = sorted(spec.eval_metric_ops)
    fetches = {"predictions": {str(k): v for k, v in spec.predictions.items()}}
    if spec.loss is not None:
        fetches["loss"] = spec.loss
        found["loss is"] = spec.loss.name
    merged = tf.summary.merge_all()
    nodes = tf.get_default_graph().as_graph_def().node
    found["nodes"] = sorted([n.name, n.op] for n in nodes if "gradients/" not in n.name)
    with tf.Session() as sess:
        sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        sess.run(tf.tables_initializer())
        found["values"] = watched.values(sess.run(fetches))
        updates = {k: v[1] for k, v in spec.eval_metric_ops.items()}
        found["updates"] = watched.values(sess.run(updates))
        values = {k: v[0] for k, v in spec.eval_metric_ops.items()}
        found["metric values"] = watched.values(sess.run(values))
        if merged is not None:
            message = tf.Summary.FromString(sess.run(merged))
            found["summaries"] = [[v.tag, v.simple_value] for v in message.value]
    return found


def _tensors(output):
    names = ("scores", "classes", "value", "outputs")
    got = [getattr(output, name) for name in names if hasattr(output, name)]
    return [sorted(x) if isinstance(x, dict) else x is not None for x in got]


def _spec(tf, head, mode, logits, labels, losses=None):
    """The spec of a head in the default graph."""
    features = {"w": tf.constant(_WEIGHTS), "v": tf.constant(np.abs(_LOGITS), tf.float32)}
    step = tf.train.get_or_create_global_step()
    scale = tf.Variable(1.0, name="scale", use_resource=False)
    if mode == tf.estimator.ModeKeys.PREDICT:
        labels = None
    elif isinstance(labels, tf.SparseTensorValue):
        labels = tf.SparseTensor(*labels)
    elif not isinstance(labels, dict):
        labels = tf.constant(labels)
    else:
        labels = {k: tf.constant(v) for k, v in labels.items()}
    if isinstance(logits, dict):
        logits = {k: scale * v for k, v in logits.items()}
    else:
        logits = scale * logits
    kwargs = {"regularization_losses": losses} if losses else {}
    if mode == tf.estimator.ModeKeys.TRAIN:
        kwargs["train_op_fn"] = lambda loss: tf.assign_add(step, 1)
    return head.create_estimator_spec(features, mode, logits, labels, **kwargs)


def single_heads(tf, folder):
    """Each head in each mode, with and without losses of regularization."""
    found = {}
    modes = tf.estimator.ModeKeys
    for label, (head, logits, labels) in _heads(tf).items():
        for mode in (modes.PREDICT, modes.TRAIN, modes.EVAL):
            with tf.Graph().as_default():
                found["%s, %s" % (label, mode)] = _facts(  # noqa: UP031 (Python 3.7)
                    tf, _spec(tf, head, mode, logits, labels)
                )
        with tf.Graph().as_default():
            losses = [tf.constant(0.5), tf.constant(0.25)]
            spec = _spec(tf, head, modes.TRAIN, logits, labels, losses)
            found[label + ", regularized"] = _facts(tf, spec)
        with tf.Graph().as_default():
            losses = [tf.constant(0.5), tf.constant(0.25)]
            spec = _spec(tf, head, modes.EVAL, logits, labels, losses)
            found[label + ", regularized, eval"] = _facts(tf, spec)
        found[label + ", is"] = [head.name, head.logits_dimension]
    return found


def several_heads(tf, folder):
    """Heads of heads, with logits apart and in one, with weights and without."""
    e = tf.contrib.estimator
    heads = [
        e.binary_classification_head(name="a"),
        e.multi_class_head(3, name="b"),
        e.regression_head(name="c", weight_column="w"),
    ]
    x = _LOGITS.astype(np.float32)
    one = np.concatenate([x[:, :1], x, x[:, 1:2]], 1)
    apart = {"a": x[:, :1], "b": x, "c": x[:, 1:2]}
    labels = {"a": [[1], [0], [1], [0]], "b": [[0], [1], [2], [1]], "c": x[:, 2:]}
    found = {}
    for label, head in (
        ("plain", e.multi_head(heads)), ("weighted", e.multi_head(heads, [1.0, 2.0, 0.5]))
    ):  # fmt: skip
        found[label] = [head.name, head.logits_dimension]
        for mode in ("train", "eval", "infer"):
            for kind, logits in (("one", one), ("apart", apart)):
                with tf.Graph().as_default():
                    spec = _spec(tf, head, mode, logits, labels)
                    found["%s, %s, %s" % (label, mode, kind)] = _facts(tf, spec)  # noqa: UP031
        with tf.Graph().as_default(), tf.Session() as sess:
            held = {k: tf.constant(v) for k, v in labels.items()}
            loss = head.create_loss({"w": tf.constant(_WEIGHTS)}, "train", tf.constant(one), held)
            wanted = [loss.training_loss, loss.unreduced_loss, loss.processed_labels]
            found[label + ", loss"] = watched.values(sess.run(wanted))
    return found


def head_mistakes(tf, folder):
    """Arguments, labels, logits and weights that heads refuse."""
    e = tf.contrib.estimator
    binary, several = e.binary_classification_head, e.multi_class_head
    label, number = e.multi_label_head, e.regression_head
    named = [binary(name="a"), binary(name="b")]
    none = tf.losses.Reduction.NONE

    def spec(head, logits, labels, mode="eval", features=None, **kwargs):
        with tf.Graph().as_default():
            held = {k: tf.constant(v) for k, v in (features or {}).items()}
            if labels is not None and not isinstance(labels, tf.SparseTensorValue):
                labels = tf.constant(labels)
            return head.create_estimator_spec(held, mode, tf.constant(logits), labels, **kwargs)

    def run(head, logits, labels, shape=None, features=None):
        with tf.Graph().as_default(), tf.Session() as sess:
            x = tf.placeholder(tf.float32, shape)
            y = tf.placeholder(tf.int64, None)
            held = {k: tf.placeholder_with_default(v, None) for k, v in (features or {}).items()}
            loss = head.create_loss(held, "eval", x, y).training_loss
            return sess.run(loss, {x: logits, y: labels})

    def bad(labels, logits, more):
        return labels

    def short(labels):
        return labels

    one, three = np.ones([2, 1], np.float32), np.ones([2, 3], np.float32)
    calls = [
        lambda: binary(thresholds=[0.5, 1.0]),
        lambda: binary(label_vocabulary="ab"),
        lambda: binary(loss_reduction=none),
        lambda: binary(loss_reduction="?"),
        lambda: binary(loss_fn=bad),
        lambda: binary(loss_fn=short),
        lambda: several(None),
        lambda: several(2),
        lambda: several(3, label_vocabulary="abc"),
        lambda: several(3, loss_reduction=none),
        lambda: number(label_dimension=0),
        lambda: number(loss_reduction=none),
        lambda: number(loss_fn=bad),
        lambda: label(1),
        lambda: label(None),
        lambda: label(3, thresholds=[0.0]),
        lambda: label(3, label_vocabulary="abc"),
        lambda: label(3, label_vocabulary=["a"]),
        lambda: label(3, loss_fn=bad),
        lambda: label(3, loss_reduction=none),
        lambda: label(3, classes_for_class_based_metrics=["a"]),
        lambda: label(3, classes_for_class_based_metrics=[0, 3]),
        lambda: e.multi_head([]),
        lambda: e.multi_head([binary()]),
        lambda: e.multi_head(named, [1.0]),
        lambda: e.multi_head(named).create_loss({}, "eval", tf.ones([2, 3]), {}),
        lambda: e.multi_head(named).create_estimator_spec({}, "eval", tf.ones([2, 2]), [1]),
        lambda: spec(e.multi_head(named), np.ones([2, 2], np.float32), None, "?"),
        lambda: spec(binary(), one, None),
        lambda: spec(binary(), three, [1, 0]),
        lambda: spec(binary(), one, [[1, 0], [0, 1]]),
        lambda: spec(binary(), one, tf.SparseTensorValue([[0, 0]], [1], [2, 1])),
        lambda: spec(binary(), one, [1, 0], "train"),
        lambda: spec(
            binary(), one, [1, 0], "train", optimizer=tf.train.AdamOptimizer(), train_op_fn=bad
        ),
        lambda: spec(several(3), three, [1.0, 0.0]),
        lambda: spec(several(3, label_vocabulary=_WORDS), three, [1, 0]),
        lambda: spec(several(3), three, None),
        lambda: spec(binary("w"), one, [1, 0]),
        lambda: spec(binary(3), one, [1, 0]),
        lambda: spec(binary("w"), one, [1, 0], features={"w": ["a", "b"]}),
        lambda: spec(binary("w"), one, [1, 0], features={"w": 1.0}),
        lambda: spec(label(3), three, None),
        lambda: run(binary(), one, [1, 2]),
        lambda: run(binary(), one, [1, -1]),
        lambda: run(binary(), one, [[1], [1], [0]]),
        lambda: run(binary(), one, [1, 0]),
        lambda: run(several(3), three, [[1], [3]]),
        lambda: run(binary("w"), one, [[1], [0]], None, {"w": np.ones([3, 1], np.float32)}),
        lambda: run(binary("w"), one, [[1], [0]], [None, 1], {"w": np.ones([2], np.float32)}),
        lambda: run(number("w", 3), three, three, None, {"w": np.ones([2, 2], np.float32)}),
        lambda: run(label(3), three, [[1, 0, 2], [0, 0, 0]]),
        lambda: tf.estimator.BaselineClassifier(n_classes=0),
        lambda: tf.estimator.BaselineRegressor(label_dimension=-1),
    ]
    with tf.Graph().as_default():
        return [watched.outcome(call) for call in calls]


def baselines(tf, folder):
    """Baseline estimators: training, evaluation, prediction."""
    x = {"a": np.zeros([12, 2], np.float32), "w": np.tile(_WEIGHTS, 3)}
    words = np.array(["red", "green", "blue", "red"] * 3)
    e = tf.estimator
    numbers = np.arange(24, dtype=np.float32).reshape(12, 2)

    def inputs(y, **kwargs):
        return e.inputs.numpy_input_fn(x, y, batch_size=4, shuffle=False, **kwargs)

    kinds = {
        "two": (lambda d: e.BaselineClassifier(d, config=_config(tf)), [0, 1, 1, 1] * 3),
        "three": (
            lambda d: e.BaselineClassifier(d, 3, "w", _WORDS, "Adam", _config(tf), "weighted_mean"),
            words,
        ),
        "numbers": (
            lambda d: e.BaselineRegressor(
                d, 2, optimizer=lambda: tf.train.AdagradOptimizer(0.5), config=_config(tf)
            ),
            numbers,
        ),
        "head": (
            lambda d: e.BaselineEstimator(
                tf.contrib.estimator.poisson_regression_head(label_dimension=2), d, "SGD",
                _config(tf),
            ),
            numbers,
        ),
    }  # fmt: skip
    found = {}
    for name, (make, y) in kinds.items():
        own = folder + "/" + name
        y = np.array(y)
        seen = {}
        with watched.Log(folder) as log:
            model = make(own)
            model.train(inputs(y, num_epochs=2), [watched.loss_hook(tf, seen)])
            seen["evaluated"] = watched.values(model.evaluate(inputs(y)))
            seen["predicted"] = watched.values(next(model.predict(inputs(None))))
        seen["log"] = log.lines
        seen["checkpoint"] = watched.checkpoint(tf, own)
        seen["events"] = watched.events(tf, own)
        found[name] = seen
    return found


def _config(tf):
    return tf.estimator.RunConfig(tf_random_seed=3, log_step_count_steps=1000)


SCENARIOS = {f.__name__: f for f in (single_heads, several_heads, head_mistakes, baselines)}
