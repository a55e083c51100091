"""Clusterings of a few points, run alike by graphflow and by TensorFlow 1.15.5.

TensorFlow reads how many points a center has seen while it counts those of a mini batch: what comes
out of such a step changes from run to run, and is not recorded. Nor are several chains of "kmc2" in
one run, which overwrite each other's centers in any order.
"""

from __future__ import annotations

import warnings
from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.nets.calls import _lists
from tests.programs import record

SEED = 7
STARTS = 4  # runs of what chooses first centers, at most
STEPS = 6


def points(n: int = 60, seed: int = 3) -> Any:
    """Points around four places."""
    draw = np.random.RandomState(seed)
    places = np.array([[4, 4, 0], [-4, 4, 1], [0, -5, 2], [5, -4, -3]], np.float32)
    noise = draw.normal(size=(n, 3)).astype(np.float32)
    return places[draw.randint(4, size=n)] + noise


def _made(tf: Any, *args: Any, **options: Any) -> Any:
    x = tf.placeholder(tf.float32, [None, 3])
    return tf.contrib.factorization.KMeans(x, *args, **options), [x]


def full(tf: Any) -> Any:
    return _made(tf, 4, random_seed=2)


def full_plus_plus(tf: Any) -> Any:
    return _made(tf, 4, "kmeans_plus_plus", random_seed=5, kmeans_plus_plus_num_retries=-1)


def full_chained(tf: Any) -> Any:
    return _made(tf, 4, "kmc2", random_seed=1, kmc2_chain_length=40)


def full_cosine(tf: Any) -> Any:
    return _made(tf, 3, "kmeans_plus_plus", "cosine", random_seed=4)


def chained_cosine(tf: Any) -> Any:
    options = {"mini_batch_steps_per_iteration": 3, "random_seed": 3, "kmc2_chain_length": 40}
    return _made(tf, 3, "kmc2", "cosine", use_mini_batch=True, **options)


def mini_batch(tf: Any) -> Any:
    return _made(tf, tf.constant(4), use_mini_batch=True, random_seed=9)


def mini_batch_cosine(tf: Any) -> Any:
    return _made(tf, 4, "random", "cosine", use_mini_batch=True, random_seed=9)


def mini_batch_follows(tf: Any) -> Any:
    return _made(tf, 4, "kmeans_plus_plus", use_mini_batch=True, mini_batch_steps_per_iteration=2)


def given(tf: Any) -> Any:
    return _made(tf, 2, points(3, 8))


def own_choice(tf: Any) -> Any:
    def choose(inputs: Any, missing: Any) -> Any:
        return inputs[0][: tf.minimum(missing, 3)] * 0.5

    return _made(tf, 5, choose, use_mini_batch=True, mini_batch_steps_per_iteration=4)


def several_inputs(tf: Any) -> Any:
    xs = [tf.placeholder(tf.float32, [None, 3]) for _ in range(2)]
    return tf.contrib.factorization.KMeans(xs, 4, random_seed=6), xs


def more_centers_than_points(tf: Any) -> Any:
    return _made(tf, 100, random_seed=2)


CALLS: dict[str, Callable[[Any], Any]] = {
    f.__name__: f
    for f in (
        full,
        full_plus_plus,
        full_chained,
        full_cosine,
        chained_cosine,
        mini_batch,
        mini_batch_cosine,
        mini_batch_follows,
        given,
        own_choice,
        several_inputs,
        more_centers_than_points,
    )
}


def observed(tf: Any, make: Callable[[Any], Any]) -> dict[str, Any]:
    """Builds and trains a clustering; returns nodes, names in collections and numbers."""
    graph = tf.Graph()
    with graph.as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tf.set_random_seed(SEED)
        kmeans, inputs = make(tf)
        every, places, scores, ready, start, step = kmeans.training_graph()
        results = [*every, *places, *scores]
        initialize = tf.global_variables_initializer()
        found = record.structure(graph)
        found["collections"] = {k: v for k, v in found["collections"].items() if "_" not in k}
        found["shapes"] = [str(x.shape) for x in results]
        variables = tf.global_variables()
    feeds = {x: points(40 + 20 * i, 3 + i) for i, x in enumerate(inputs)}
    with tf.Session(graph=graph) as session:
        session.run(initialize)
        found["starts"] = []
        for _ in range(STARTS):
            found["starts"].append(bool(session.run(ready)))
            if not found["starts"][-1]:
                session.run(start, feeds)
        found["first"] = _lists(session.run(variables))
        found["steps"] = []
        for _ in range(1 if kmeans._use_mini_batch else STEPS):
            # Apart: TensorFlow may update the centers before or after it measures distances.
            found["steps"].append(_lists(session.run(results, feeds)))
            session.run(step, feeds)
        found["last"] = [] if kmeans._use_mini_batch else _lists(session.run(variables))
    return found
