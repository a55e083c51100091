"""Small graphs with Keras' metrics."""

from __future__ import annotations

from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.models.observe import Made, data, mistake

CALLS: dict[str, Callable[[Any], Made]] = {}
ONLY_NUMBERS: tuple[str, ...] = ()
"""Calls whose nodes differ from TensorFlow's on purpose: those with `tf.cond`."""

TRUE = np.eye(4, dtype=np.float32)[[0, 2, 3]]
PRED = np.array([[0.5, 0.2, 0.2, 0.1], [0.1, 0.3, 0.4, 0.2], [0.6, 0.1, 0.1, 0.2]], np.float32)
WEIGHTS = [0.5, 1.0, 2.0]
BINARY_TRUE = np.array([[1, 0, 1, 0], [0, 1, 1, 0], [1, 1, 0, 0]], np.float32)
METRICS: dict[str, Any] = {
    "Accuracy": ({}, TRUE, np.round(PRED)),
    "BinaryAccuracy": ({"threshold": 0.35}, TRUE, PRED),
    "CategoricalAccuracy": ({}, TRUE, PRED),
    "SparseCategoricalAccuracy": ({}, [[0], [2], [3]], PRED),
    "TopKCategoricalAccuracy": ({"k": 2}, TRUE, PRED),
    "SparseTopKCategoricalAccuracy": ({"k": 2}, [0, 2, 3], PRED),
    "CosineSimilarity": ({}, TRUE, PRED),
    "MeanAbsoluteError": ({}, TRUE, PRED),
    "MeanAbsolutePercentageError": ({}, TRUE + 1, PRED),
    "MeanSquaredError": ({}, TRUE, PRED),
    "MeanSquaredLogarithmicError": ({}, TRUE, PRED),
    "RootMeanSquaredError": ({}, TRUE, PRED),
    "MeanRelativeError": ({"normalizer": [[1.0, 2.0, 3.0, 4.0]]}, TRUE, PRED),
    "Hinge": ({}, TRUE, PRED),
    "SquaredHinge": ({}, TRUE, PRED),
    "CategoricalHinge": ({}, TRUE, PRED),
    "LogCoshError": ({}, TRUE, PRED),
    "Poisson": ({}, TRUE, PRED),
    "KLDivergence": ({}, TRUE, PRED),
    "BinaryCrossentropy": ({"label_smoothing": 0.1}, TRUE, PRED),
    "CategoricalCrossentropy": ({}, TRUE, PRED),
    "SparseCategoricalCrossentropy": ({"from_logits": True}, [0, 2, 3], PRED),
    "FalsePositives": ({}, BINARY_TRUE, PRED),
    "FalseNegatives": ({"thresholds": [0.15, 0.5]}, BINARY_TRUE, PRED),
    "TrueNegatives": ({"name": "right"}, BINARY_TRUE, PRED),
    "TruePositives": ({"thresholds": 0.2}, BINARY_TRUE, PRED),
    "Precision": ({"thresholds": [0.15, 0.5]}, BINARY_TRUE, PRED),
    "Recall": ({}, BINARY_TRUE, PRED),
    "SensitivityAtSpecificity": ({"specificity": 0.5}, BINARY_TRUE, PRED),
    "SpecificityAtSensitivity": (
        {"sensitivity": 0.5, "num_thresholds": 7}, BINARY_TRUE, PRED,
    ),
    "AUC": ({}, BINARY_TRUE, PRED),
    "MeanIoU": ({"num_classes": 4}, [0, 1, 1, 3], [0, 1, 2, 3]),
}  # fmt: skip
MORE: dict[str, Any] = {
    "auc_pr": ("AUC", {"curve": "PR", "num_thresholds": 7}, BINARY_TRUE, PRED),
    "auc_majoring": (
        "AUC", {"summation_method": "majoring", "thresholds": [0.4, 0.2]}, BINARY_TRUE, PRED,
    ),
    "auc_minoring": (
        "AUC", {"summation_method": "minoring", "curve": "PR"}, BINARY_TRUE, PRED,
    ),
    "precision_top": ("Precision", {"top_k": 2}, BINARY_TRUE, PRED),
    "recall_class": ("Recall", {"class_id": 1, "thresholds": 0.2}, BINARY_TRUE, PRED),
    "sensitivity_one": (
        "SensitivityAtSpecificity", {"specificity": 0.5, "num_thresholds": 1}, BINARY_TRUE, PRED,
    ),
}  # fmt: skip


def _metric_call(kind: str, options: Any, true: Any, pred: Any) -> Callable[[Any], Made]:
    def call(tf: Any) -> Made:
        metric = getattr(tf.keras.metrics, kind)(**options)
        y_true, y_pred = tf.constant(true), tf.constant(pred)
        weights = tf.constant([0.5, 1.0, 2.0, 1.0] if kind == "MeanIoU" else WEIGHTS)
        first = metric.update_state(y_true, y_pred)
        given = weights if options.get("class_id") is None else 2.0
        second = metric.update_state(y_true, y_pred, sample_weight=given)
        result = metric.result()
        config = metric.get_config()
        if kind == "MeanRelativeError":  # its configuration is a tensor's value
            config = {**config, "normalizer": np.asarray(config["normalizer"])}
        facts = {
            "config": config,
            "weights": [[w.name, w.shape.as_list(), w.dtype.name] for w in metric.weights],
            "again": type(metric).from_config(metric.get_config()).name,
            "updates": len(metric.updates),
            "collected": len(tf.global_variables()),
        }
        start = tf.variables_initializer(metric.variables)
        return Made([result, *metric.variables], {}, [start, first, second, second], facts)

    return call


for _name, (_options, _true, _pred) in METRICS.items():
    CALLS[_name] = _metric_call(_name, _options, _true, _pred)
for _name, _what in MORE.items():
    CALLS[_name] = _metric_call(*_what)


def means(tf: Any) -> Made:
    metrics = tf.keras.metrics
    mean, total = metrics.Mean(), metrics.Sum(dtype="float64")
    x = tf.constant(data(3, 4))
    updates = [mean.update_state(x), mean.update_state(x, tf.constant([1.0, 0.0, 2.0]))]
    updates += [total.update_state(x), total.update_state(3.0, 2.0)]
    called = mean(x)
    facts = {
        "configs": [mean.get_config(), total.get_config()],
        "owner": called._metric_obj is mean,
        "dtypes": [mean.dtype, total.dtype, total.total.dtype.name],
        "state": [mean.stateful, mean.built],
    }
    start = tf.variables_initializer(mean.variables + total.variables)
    results = [mean.result(), total.result()]
    return Made(results, steps=[start, *updates, called], facts=facts)


def mean_tensor(tf: Any) -> Made:
    metric = tf.keras.metrics.MeanTensor()
    x = tf.constant(data(3, 4))
    facts = [mistake(metric.result), metric.total, metric.get_config()]
    updates = [
        metric.update_state(x),
        metric.update_state(x + 1, tf.constant([[1.0], [2.0], [0.0]])),
    ]
    facts += [mistake(metric.update_state, x[1:])]
    return Made([metric.result(), metric.count], steps=updates, facts=facts)


def own_metric(tf: Any) -> Made:
    class Positives(tf.keras.metrics.Metric):  # type: ignore[misc,name-defined]  # of either library
        def __init__(self, name: str = "positives", **kwargs: Any) -> None:
            super().__init__(name=name, **kwargs)
            self.seen = self.add_weight("seen", initializer="zeros")
            self.right = self.add_weight("right", initializer="zeros")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.seen.assign_add(tf.cast(tf.size(y_pred), tf.float32))
            self.right.assign_add(tf.reduce_sum(y_true * y_pred))

        def result(self) -> Any:
            return self.right / self.seen

    metric = Positives()
    start = tf.variables_initializer(metric.variables)
    update = metric.update_state(tf.constant(TRUE), tf.constant(PRED))
    facts = [metric.name, [w.name for w in metric.weights], metric.get_config()]
    return Made([metric.result()], steps=[start, update, update], facts=facts)


def reset(tf: Any) -> Made:
    metric = tf.keras.metrics.Mean()
    counts = tf.keras.metrics.Precision(thresholds=[0.1, 0.2])
    session = tf.keras.backend.get_session()
    session.run(tf.variables_initializer(metric.variables + counts.variables))
    session.run(metric.update_state(tf.constant(data(3))))
    session.run(counts.update_state(tf.constant(TRUE), tf.constant(PRED)))
    facts = [metric.get_weights(), counts.get_weights()]
    metric.reset_states()
    counts.reset_states()
    facts += [metric.get_weights(), counts.get_weights()]
    return Made(facts=facts)


def got(tf: Any) -> Made:
    metrics = tf.keras.metrics
    names = ["mse", "MAE", "binary_accuracy", "accuracy", "sparse_categorical_accuracy", "cosine"]
    names = [name for name in names if name != "cosine"]
    precision = metrics.deserialize(metrics.serialize(metrics.Precision(top_k=2)))
    facts = {
        "functions": [metrics.serialize(metrics.get(name)) for name in names],
        "precision": precision.get_config(),
        "class": metrics.serialize(metrics.get("AUC")),
        "errors": [
            mistake(metrics.get, "none"),
            mistake(metrics.get, 3),
            mistake(metrics.AUC, curve="none"),
            mistake(metrics.AUC, summation_method="none"),
            mistake(metrics.AUC, num_thresholds=1),
            mistake(metrics.Precision, thresholds=2),
            mistake(metrics.Recall, thresholds=[0.5, -1]),
            mistake(metrics.SensitivityAtSpecificity, 2),
            mistake(metrics.SpecificityAtSensitivity, -1),
            mistake(metrics.SpecificityAtSensitivity, 0.5, num_thresholds=0),
            mistake(metrics.TruePositives().update_state, tf.ones([2, 3]), tf.ones([3, 2])),
        ],
    }
    return Made(facts=facts)


for _function in (means, mean_tensor, own_metric, reset, got):
    CALLS[_function.__name__] = _function
ONLY_NUMBERS += ("Hinge", "SquaredHinge", "own_metric", "reset", "got", "mean_tensor")
