"""Calls of `tf.metrics`, run alike by graphflow and by TensorFlow 1.15.5.

Each function gets the module `tf` and declares one metric; it returns the metric and the feeds of
some batches. Runs on Python 3.7.
"""

from __future__ import annotations

import warnings
from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.programs import record

Made = Any  # ((value, update), [feeds, ...])
COLLECTIONS = {"metrics_collections": ["m", "all"], "updates_collections": "u"}
BATCHES = 3


def rng(seed: int = 0) -> Any:
    """A source of numbers that are the same in every run."""
    return np.random.RandomState(seed)


def _fed(tf: Any, dtype: Any, shape: Any, arrays: Any) -> Any:
    """A placeholder, and what it is fed batch by batch."""
    holder = tf.placeholder(dtype, shape)
    return holder, [{holder: array} for array in arrays]


def _joined(*feeds: Any) -> Any:
    return [{k: v for part in parts for k, v in part.items()} for parts in zip(*feeds)]  # noqa: B905


def _floats(*shape: int) -> Any:
    return [rng(i).normal(0.5, 2.0, shape).astype(np.float32) for i in range(BATCHES)]


def _scores(*shape: int) -> Any:
    edges = [0.0, 1.0, 0.5]
    arrays = [rng(10 + i).uniform(0, 1, shape).astype(np.float32) for i in range(BATCHES)]
    for array, edge in zip(arrays, edges):  # noqa: B905
        array.flat[0] = edge
    return arrays


def _classes(top: int, *shape: int) -> Any:
    return [rng(20 + i).randint(0, top, shape) for i in range(BATCHES)]


def _weights(*shape: int) -> Any:
    return [rng(30 + i).randint(0, 3, shape).astype(np.float32) for i in range(BATCHES)]


# --- means ---
def mean_plain(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float32, [None, 3], _floats(4, 3))
    return tf.metrics.mean(x, **COLLECTIONS), feeds


def mean_integers(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.int64, None, _classes(9, 5))
    with tf.variable_scope("around"):
        return tf.metrics.mean(x, name="own"), feeds


def mean_constant(tf: Any) -> Made:
    return tf.metrics.mean([[1.0, 2.0], [3.0, 5.0]], weights=[[1.0], [0.0]]), [{}, {}]


def mean_scalar_weight(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float64, [4], [a.astype(np.float64) for a in _floats(4)])
    return tf.metrics.mean(x, weights=2), feeds


def mean_column_weights(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float32, [4, 3], _floats(4, 3))
    w, more = _fed(tf, tf.float32, [4, 1], _weights(4, 1))
    return tf.metrics.mean(x, w), _joined(feeds, more)


def mean_same_weights(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float32, [4, 3], _floats(4, 3))
    w, more = _fed(tf, tf.float32, [4, 3], _weights(4, 3))
    return tf.metrics.mean(x, w), _joined(feeds, more)


def mean_squeezed_weights(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float32, [4], _floats(4))
    w, more = _fed(tf, tf.float32, [4, 1], _weights(4, 1))
    return tf.metrics.mean(x, w), _joined(feeds, more)


def mean_expanded_weights(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float32, [4, 3], _floats(4, 3))
    w, more = _fed(tf, tf.float32, [4], _weights(4))
    return tf.metrics.mean(x, w), _joined(feeds, more)


def mean_zero_weights(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float32, [4], _floats(4))
    return tf.metrics.mean(x, 0.0), feeds


def mean_partly_known_weights(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float32, [None, 3], _floats(4, 3))
    w, more = _fed(tf, tf.float32, [None, 1], _weights(4, 1))
    return tf.metrics.mean(x, w), _joined(feeds, more)


def mean_unknown_weights(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float32, None, _floats(4, 3))
    w, more = _fed(tf, tf.float32, None, _weights(4))
    return tf.metrics.mean(x, w), _joined(feeds, more)


def mean_unknown_values(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float32, None, _floats(4))
    w, more = _fed(tf, tf.float32, [None, 1], _weights(4, 1))
    return tf.metrics.mean(x, w), _joined(feeds, more)


def mean_wide_weights(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float32, None, _floats(4, 3))
    w, more = _fed(tf, tf.float32, [4, 3], _weights(4, 3))
    return tf.metrics.mean(x, w), _joined(feeds, more)


def mean_empty(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float32, [None], [np.zeros(0, np.float32), np.ones(2, np.float32)])
    return tf.metrics.mean(x), feeds


def mean_special(tf: Any) -> Made:
    batches = [np.array(a, np.float32) for a in ([1, 2], [np.inf, 0], [-np.inf, 1])]
    x, feeds = _fed(tf, tf.float32, [2], batches)
    return tf.metrics.mean(x), feeds


def mean_tensor_plain(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float32, [2, 3], _floats(2, 3))
    return tf.metrics.mean_tensor(x, **COLLECTIONS), feeds


def mean_tensor_weighted(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float32, [2, 3], _floats(2, 3))
    w, more = _fed(tf, tf.float32, [2, 1], _weights(2, 1))
    return tf.metrics.mean_tensor(x, w, name="each"), _joined(feeds, more)


def percentage_below(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.float32, [4, 3], _floats(4, 3))
    return tf.metrics.percentage_below(x, 1.0, **COLLECTIONS), feeds


def percentage_below_weighted(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.int32, [4, 3], _classes(9, 4, 3))
    return tf.metrics.percentage_below(x, 5, [[1.0, 0.0, 2.0]] * 4, name="below"), feeds


# --- accuracy ---
def _pair(tf: Any, shape: Any, arrays: Any, others: Any, dtype: Any = None) -> Any:
    dtype = dtype or tf.int64
    x, feeds = _fed(tf, dtype, shape, arrays)
    y, more = _fed(tf, dtype, shape, others)
    return x, y, _joined(feeds, more)


def accuracy_plain(tf: Any) -> Made:
    x, y, feeds = _pair(tf, [None], _classes(3, 6), _classes(2, 6))
    return tf.metrics.accuracy(x, y, **COLLECTIONS), feeds


def accuracy_casting(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.int32, [6, 1], _classes(2, 6, 1))
    y, more = _fed(tf, tf.float32, [6], _scores(6))
    return tf.metrics.accuracy(labels=x, predictions=y, name="acc"), _joined(feeds, more)


def accuracy_strings(tf: Any) -> Made:
    words = [["a", "b", "c"], ["a", "a", "c"]]
    x, y, feeds = _pair(tf, [3], words, words[::-1], tf.string)
    return tf.metrics.accuracy(x, y), feeds


def accuracy_weighted(tf: Any) -> Made:
    x, y, feeds = _pair(tf, [None], _classes(3, 6), _classes(2, 6))
    w, more = _fed(tf, tf.float32, [None], _weights(6))
    return tf.metrics.accuracy(x, y, w), _joined(feeds, more)


def accuracy_unknown(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.int64, None, _classes(3, 6, 1))
    y, more = _fed(tf, tf.int64, [None], _classes(2, 6))
    return tf.metrics.accuracy(x, y), _joined(feeds, more)


def accuracy_twice(tf: Any) -> Made:
    x, y, feeds = _pair(tf, [None], _classes(3, 6), _classes(2, 6))
    first = tf.metrics.accuracy(x, y)
    with tf.variable_scope("again"):
        second = tf.metrics.accuracy(x, y)
    third = tf.metrics.accuracy(y, y)
    return (*first, *second, *third), feeds


def accuracy_resource(tf: Any) -> Made:
    x, y, feeds = _pair(tf, [None], _classes(3, 6), _classes(2, 6))
    with tf.variable_scope("r", use_resource=True):
        return tf.metrics.accuracy(x, y), feeds


def accuracy_in_cond(tf: Any) -> Made:
    x, y, feeds = _pair(tf, [None], _classes(3, 6), _classes(2, 6))
    value, update = tf.metrics.accuracy(x, y)
    use = tf.placeholder(tf.bool, [])
    for i, feed in enumerate(feeds):
        feed[use] = i != 1
    return (value, tf.cond(use, lambda: update + 0.0, lambda: tf.constant(-1.0))), feeds


# --- errors ---
def _errors(tf: Any) -> Any:
    return _pair(tf, [4, 3], _floats(4, 3), _scores(4, 3), tf.float32)


def mean_absolute_error(tf: Any) -> Made:
    x, y, feeds = _errors(tf)
    return tf.metrics.mean_absolute_error(x, y, [[1.0, 2.0, 0.0]] * 4, **COLLECTIONS), feeds


def mean_squared_error(tf: Any) -> Made:
    x, y, feeds = _errors(tf)
    return tf.metrics.mean_squared_error(x, y, **COLLECTIONS), feeds


def root_mean_squared_error(tf: Any) -> Made:
    x, y, feeds = _errors(tf)
    w, more = _fed(tf, tf.float32, [None, 1], _weights(4, 1))
    return tf.metrics.root_mean_squared_error(x, y, w, **COLLECTIONS), _joined(feeds, more)


def mean_relative_error(tf: Any) -> Made:
    x, y, feeds = _errors(tf)
    normalizer = tf.constant([[1.0, 0.0, -2.0]] * 4)
    return tf.metrics.mean_relative_error(x, y, normalizer, **COLLECTIONS), feeds


def mean_cosine_distance(tf: Any) -> Made:
    x, y, feeds = _errors(tf)
    w, more = _fed(tf, tf.float32, [4, 1], _weights(4, 1))
    return tf.metrics.mean_cosine_distance(x, y, 1, w, **COLLECTIONS), _joined(feeds, more)


# --- counts ---
def _bools(tf: Any, shape: Any = (6,)) -> Any:
    return _pair(tf, list(shape), _classes(3, *shape), _classes(2, *shape), tf.int32)


def true_positives(tf: Any) -> Made:
    x, y, feeds = _bools(tf)
    return tf.metrics.true_positives(x, y, **COLLECTIONS), feeds


def false_positives(tf: Any) -> Made:
    x, y, feeds = _bools(tf)
    w, more = _fed(tf, tf.float32, [6], _weights(6))
    return tf.metrics.false_positives(x, y, w, **COLLECTIONS), _joined(feeds, more)


def true_negatives(tf: Any) -> Made:
    x, y, feeds = _bools(tf, (3, 2))
    return tf.metrics.true_negatives(x, y, weights=3, name="tn"), feeds


def false_negatives(tf: Any) -> Made:
    x, y, feeds = _bools(tf, (3, 2))
    w, more = _fed(tf, tf.float64, None, [a.astype(np.float64) for a in _weights(3, 2)])
    return tf.metrics.false_negatives(x, y, w), _joined(feeds, more)


def precision_plain(tf: Any) -> Made:
    x, y, feeds = _bools(tf)
    return tf.metrics.precision(x, y, **COLLECTIONS), feeds


def precision_weighted(tf: Any) -> Made:
    x, y, feeds = _bools(tf, (3, 2))
    return tf.metrics.precision(x, y, [[0.5, 2.0]] * 3, name="p"), feeds


def recall_plain(tf: Any) -> Made:
    x, y, feeds = _bools(tf)
    return tf.metrics.recall(x, y, **COLLECTIONS), feeds


def recall_nothing(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.bool, [None, 1], [np.zeros((4, 1), bool)] * 2)
    return tf.metrics.recall(x, tf.constant([True] * 4)), feeds


# --- thresholds ---
def _scored(tf: Any, shape: Any = (6,), known: Any = None) -> Any:
    x, feeds = _fed(tf, tf.int64, known or list(shape), _classes(2, *shape))
    y, more = _fed(tf, tf.float32, known or list(shape), _scores(*shape))
    return x, y, _joined(feeds, more)


def true_positives_at_thresholds(tf: Any) -> Made:
    x, y, feeds = _scored(tf)
    return tf.metrics.true_positives_at_thresholds(x, y, [0.2, 0.5, 1.0], **COLLECTIONS), feeds


def false_positives_at_thresholds(tf: Any) -> Made:
    x, y, feeds = _scored(tf, (6,), [None])
    return tf.metrics.false_positives_at_thresholds(x, y, [0.2, 0.5], 2.0), feeds


def true_negatives_at_thresholds(tf: Any) -> Made:
    x, y, feeds = _scored(tf, (3, 2))
    w = [[1.0], [0.0], [2.0]]
    return tf.metrics.true_negatives_at_thresholds(x, y, [0.4], w, name="n"), feeds


def false_negatives_at_thresholds(tf: Any) -> Made:
    x, y, feeds = _scored(tf, (3, 2), [None, 2])
    return tf.metrics.false_negatives_at_thresholds(x, y, (0.1, 0.9)), feeds


def precision_at_thresholds(tf: Any) -> Made:
    x, y, feeds = _scored(tf)
    return tf.metrics.precision_at_thresholds(x, y, [0.0, 0.5, 1.0], **COLLECTIONS), feeds


def recall_at_thresholds(tf: Any) -> Made:
    x, y, feeds = _scored(tf)
    w, more = _fed(tf, tf.float32, [6], _weights(6))
    return tf.metrics.recall_at_thresholds(x, y, [0.3, 0.5], w), _joined(feeds, more)


def sensitivity_at_specificity(tf: Any) -> Made:
    x, y, feeds = _scored(tf, (20,))
    return tf.metrics.sensitivity_at_specificity(x, y, 0.7, **COLLECTIONS), feeds


def specificity_at_sensitivity(tf: Any) -> Made:
    x, y, feeds = _scored(tf, (20,))
    w, more = _fed(tf, tf.float32, [20], _weights(20))
    made = tf.metrics.specificity_at_sensitivity(x, y, 0.7, w, num_thresholds=12)
    return made, _joined(feeds, more)


# --- areas ---
def auc_plain(tf: Any) -> Made:
    x, y, feeds = _scored(tf, (20,))
    return tf.metrics.auc(x, y, **COLLECTIONS), feeds


def auc_weighted(tf: Any) -> Made:
    x, y, feeds = _scored(tf, (10, 2), [None, 2])
    w, more = _fed(tf, tf.float32, [None, 1], _weights(10, 1))
    return tf.metrics.auc(x, y, w, num_thresholds=21, name="area"), _joined(feeds, more)


def auc_pr(tf: Any) -> Made:
    x, y, feeds = _scored(tf, (20,))
    return tf.metrics.auc(x, y, curve="PR", num_thresholds=30), feeds


def auc_pr_careful(tf: Any) -> Made:
    x, y, feeds = _scored(tf, (20,))
    made = tf.metrics.auc(x, y, curve="PR", summation_method="careful_interpolation")
    return made, feeds


def auc_careful(tf: Any) -> Made:
    x, y, feeds = _scored(tf, (20,))
    return tf.metrics.auc(x, y, summation_method="careful_interpolation"), feeds


def auc_minoring(tf: Any) -> Made:
    x, y, feeds = _scored(tf, (20,))
    return tf.metrics.auc(x, y, summation_method="minoring", curve="PR"), feeds


def auc_majoring(tf: Any) -> Made:
    x, y, feeds = _scored(tf, (20,))
    return tf.metrics.auc(x, y, summation_method="majoring", thresholds=[0.9, 0.2, 0.5]), feeds


def auc_one_class(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.bool, [5], [np.zeros(5, bool), np.ones(5, bool)])
    y, more = _fed(tf, tf.float64, [5], [s.astype(np.float64) for s in _scores(5)[:2]])
    return tf.metrics.auc(x, y, num_thresholds=3), _joined(feeds, more)


# --- classes ---
def mean_iou_plain(tf: Any) -> Made:
    x, y, feeds = _pair(tf, [None], _classes(3, 6), _classes(2, 6))
    return tf.metrics.mean_iou(x, y, 4, **COLLECTIONS), feeds


def mean_iou_weighted(tf: Any) -> Made:
    x, y, feeds = _pair(tf, [3, 2], _classes(3, 3, 2), _classes(2, 3, 2), tf.int32)
    w, more = _fed(tf, tf.float32, [3, 2], _weights(3, 2))
    return tf.metrics.mean_iou(x, y, num_classes=3, weights=w, name="iou"), _joined(feeds, more)


def mean_per_class_accuracy_plain(tf: Any) -> Made:
    x, y, feeds = _pair(tf, [None], _classes(3, 6), _classes(2, 6))
    return tf.metrics.mean_per_class_accuracy(x, y, 4, **COLLECTIONS), feeds


def mean_per_class_accuracy_weighted(tf: Any) -> Made:
    x, y, feeds = _pair(tf, [3, 2], _classes(3, 3, 2), _classes(2, 3, 2), tf.int32)
    w, more = _fed(tf, tf.float32, [3, 2], _weights(3, 2))
    return tf.metrics.mean_per_class_accuracy(x, y, 3, w, name="own"), _joined(feeds, more)


# --- top k ---
def _ranked(tf: Any, labels: Any, known: Any, unknown: bool = False) -> Any:
    x, feeds = _fed(tf, tf.int64, known, labels)
    y, more = _fed(tf, tf.float32, None if unknown else [None, 5], _floats(4, 5))
    return x, y, _joined(feeds, more)


def _sparse(tf: Any) -> Any:
    """Sets of labels of four examples, and scores."""
    at, what = tf.placeholder(tf.int64, [None, 2]), tf.placeholder(tf.int64, [None])
    indices = [[[0, 0], [1, 0], [1, 1], [3, 0]], [[0, 0], [0, 1], [0, 2], [2, 0]], [[3, 2]]]
    values = [[1, 0, 4, 7], [0, 2, 3, 1], [-1]]
    feeds = [{at: i, what: v} for i, v in zip(indices, values)]  # noqa: B905
    y, more = _fed(tf, tf.float32, [4, 5], _floats(4, 5))
    return tf.SparseTensor(at, what, [4, 3]), y, _joined(feeds, more)


def precision_at_k_dense(tf: Any) -> Made:
    x, y, feeds = _ranked(tf, _classes(5, 4, 2), [None, 2])
    return tf.metrics.precision_at_k(x, y, 3, **COLLECTIONS), feeds


def precision_at_k_class(tf: Any) -> Made:
    x, y, feeds = _ranked(tf, _classes(5, 4, 2), [None, 2])
    w, more = _fed(tf, tf.float32, [None], _weights(4))
    return tf.metrics.precision_at_k(x, y, 3, class_id=2, weights=w), _joined(feeds, more)


def precision_at_k_sparse(tf: Any) -> Made:
    x, y, feeds = _sparse(tf)
    return tf.metrics.precision_at_k(x, y, 2, weights=2.0, name="p"), feeds


def precision_at_k_sparse_class(tf: Any) -> Made:
    x, y, feeds = _sparse(tf)
    return tf.metrics.sparse_precision_at_k(x, y, 2, class_id=1), feeds


def precision_at_top_k(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.int64, [4], _classes(5, 4))
    y, more = _fed(tf, tf.int32, [4, 2], _classes(5, 4, 2))
    return tf.metrics.precision_at_top_k(x, y, **COLLECTIONS), _joined(feeds, more)


def recall_at_k_dense(tf: Any) -> Made:
    x, y, feeds = _ranked(tf, _classes(5, 4), [None])
    return tf.metrics.recall_at_k(x, y, 2, **COLLECTIONS), feeds


def recall_at_k_unknown(tf: Any) -> Made:
    x, y, feeds = _ranked(tf, _classes(5, 4), None, unknown=True)
    return tf.metrics.recall_at_k(x, y, 2), feeds


def recall_at_k_sparse(tf: Any) -> Made:
    x, y, feeds = _sparse(tf)
    w, more = _fed(tf, tf.float64, [4], [a.astype(np.float64) for a in _weights(4)])
    return tf.metrics.recall_at_k(x, y, 3, class_id=0, weights=w), _joined(feeds, more)


def recall_at_top_k(tf: Any) -> Made:
    x, feeds = _fed(tf, tf.int64, [2, 2, 3], _classes(5, 2, 2, 3))
    y, more = _fed(tf, tf.int64, [2, 2, 2], _classes(4, 2, 2, 2))
    made = tf.metrics.recall_at_top_k(x, y, k=2, class_id=1, **COLLECTIONS)
    return made, _joined(feeds, more)


def average_precision_dense(tf: Any) -> Made:
    x, y, feeds = _ranked(tf, _classes(7, 4, 2), [4, 2])
    return tf.metrics.average_precision_at_k(x, y, 3, **COLLECTIONS), feeds


def average_precision_vector(tf: Any) -> Made:
    x, y, feeds = _ranked(tf, _classes(5, 4), [4])
    w, more = _fed(tf, tf.float32, [None], _weights(4))
    return tf.metrics.average_precision_at_k(x, y, 2, w), _joined(feeds, more)


def average_precision_one(tf: Any) -> Made:
    x, y, feeds = _ranked(tf, _classes(5, 4, 2), [4, 2])
    return tf.metrics.sparse_average_precision_at_k(x, y, 1, name="ap"), feeds


def recall_at_k_constant(tf: Any) -> Made:
    x = tf.SparseTensor([[0, 0], [1, 0], [2, 0], [3, 0]], np.array([3, 3, 2, 1]), [4, 1])
    y, feeds = _fed(tf, tf.float32, None, _floats(4, 5))
    return tf.metrics.recall_at_k(x, y, 1, weights=[3.0]), feeds[:0]


def average_precision_sparse(tf: Any) -> Made:
    x, y, feeds = _sparse(tf)
    return tf.metrics.average_precision_at_k(x, y, 3, weights=[1.0, 0.5, 0.0, 2.0]), feeds


# --- tf.contrib.metrics ---
def contrib_streaming(tf: Any) -> Made:
    of = tf.contrib.metrics
    x, y, feeds = _pair(tf, [None], _classes(2, 6), _classes(2, 6))
    w, more = _fed(tf, tf.float32, [None], _weights(6))
    made = [
        of.streaming_accuracy(y, x, w),
        of.streaming_mean(x),
        of.streaming_precision(y, x, weights=w, **COLLECTIONS),
        of.streaming_false_negatives(y, x),
        of.streaming_mean_iou(y, x, 3, name="iou"),
    ]
    single = of.accuracy(y, x, w)
    return (*[t for pair in made for t in pair], single, single), _joined(feeds, more)


def contrib_scores(tf: Any) -> Made:
    of = tf.contrib.metrics
    x, y, feeds = _scored(tf, (20,))
    made = [
        of.streaming_auc(y, x, num_thresholds=20),
        of.f1_score(x, y, num_thresholds=30, **COLLECTIONS),
        of.streaming_recall_at_thresholds(y, x, [0.3, 0.6]),
    ]
    values, updates = of.aggregate_metric_map(dict(enumerate(made)))
    return tuple(t for k in values for t in (values[k], updates[k])), feeds


def contrib_top_k(tf: Any) -> Made:
    of = tf.contrib.metrics
    x, y, feeds = _ranked(tf, _classes(5, 4), [None])
    best = tf.nn.top_k(y, 2).indices
    made = [
        of.streaming_recall_at_k(y, x, 2),
        of.streaming_sparse_precision_at_k(y, x, 2),
        of.streaming_sparse_average_precision_at_top_k(best, x),
    ]
    return tuple(t for pair in made for t in pair), feeds


CALLS: dict[str, Callable[[Any], Made]] = {
    name: f
    for name, f in list(globals().items())
    if callable(f) and not name.startswith("_") and getattr(f, "__code__", None)
    and f.__code__.co_varnames[:1] == ("tf",) and name != "observed"
}  # fmt: skip


def observed(tf: Any, name: str) -> dict[str, Any]:
    """Builds and runs a call; returns nodes, names in collections and numbers."""
    graph = tf.Graph()
    with graph.as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        metric, batches = CALLS[name](tf)
        found = record.structure(graph)
        found["shapes"] = [str(r.shape) for r in metric]
        found["kinds"] = [r.dtype.name for r in metric]
        start = tf.local_variables_initializer()
        variables = tf.get_collection(tf.GraphKeys.METRIC_VARIABLES)
    rows = []
    with tf.Session(graph=graph) as session:
        session.run(start)
        for feeds in batches:
            rows += [_listed(session.run(update, feeds)) for update in metric[1::2]]
            rows += [_listed(session.run(value, feeds)) for value in metric[::2]]
        found["rows"] = rows
        found["variables"] = [[v.name, _listed(session.run(v))] for v in variables]
    return found


def _listed(array: Any) -> Any:
    """An array as nested lists of numbers that JSON can hold."""
    array = np.asarray(array)
    return [list(array.shape), [str(float(x)) for x in array.ravel()]]
