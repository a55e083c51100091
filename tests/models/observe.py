"""Runs small graphs made with `tf.keras` under either library and returns what can be compared.

A call gets the module `tf`, builds a graph and returns a `Made`. Runs on Python 3.7 as well.
"""

from __future__ import annotations

import json
import warnings
from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.programs import record

SEED = 7


class Made:
    """What a call made.

    Args:
        results: tensors whose values are compared.
        feeds: what is fed.
        steps: operations that are run one after the other before the results.
        facts: plain data that is compared as it is: names, configurations, errors.
        slopes: whether gradients of the results with respect to the weights are compared.
    """

    def __init__(
        self,
        results: Any = (),
        feeds: Any = None,
        steps: Any = (),
        facts: Any = None,
        slopes: bool = True,
    ) -> None:
        self.results = list(results)
        self.feeds = feeds or {}
        self.steps = list(steps)
        self.facts = facts
        self.slopes = slopes


def data(*sizes: int) -> Any:
    """Returns numbers that are the same in every run."""
    return np.random.RandomState(sum(sizes)).normal(0.5, 1.5, sizes).astype(np.float32)


def fed(tf: Any, *sizes: Any) -> Any:
    """Returns a placeholder, and what is fed to it: 3 for each size that is None."""
    x = tf.placeholder(tf.float32, sizes)
    return x, {x: data(*[3 if n is None else n for n in sizes])}


def mistake(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Returns the class and text of the error of a call."""
    try:
        function(*args, **kwargs)
    except Exception as error:
        texts = [str(part) for part in error.args]
        return [type(error).__name__, *texts]
    return None


def observed(tf: Any, function: Callable[[Any], Made]) -> Any:
    """Builds and runs a call; returns nodes, names in collections, numbers and facts."""
    graph = tf.Graph()
    with graph.as_default(), warnings.catch_warnings(), tf.Session(graph=graph) as session:
        warnings.simplefilter("ignore")
        tf.set_random_seed(SEED)
        made = function(tf)
        found = record.structure(graph)
        found["shapes"] = [str(_shape(r)) for r in made.results]
        # TensorFlow's RadialConstraint makes a variable in a loop, which has no meaning.
        variables = [v for v in tf.global_variables() if "/while/" not in v.name]
        slopes = _slopes(tf, made) if made.slopes else []
        session.run(tf.global_variables_initializer())
        session.run(tf.local_variables_initializer())
        for step in made.steps:
            session.run(step, made.feeds)
        found["results"] = _rows(session.run(made.results, made.feeds))
        found["gradients"] = _rows(session.run(slopes, made.feeds))
        found["variables"] = dict(
            zip([v.name for v in variables], _rows(session.run(variables)))  # noqa: B905 - 3.7
        )
    found["facts"] = json.loads(json.dumps(made.facts, default=_plain, sort_keys=True))
    return found


def _shape(tensor: Any) -> Any:
    return tensor.shape.as_list() if tensor.shape.ndims is not None else None


def _slopes(tf: Any, made: Made) -> Any:
    weights = tf.trainable_variables()
    real = [r for r in made.results if r.dtype.is_floating]
    if not weights or not real:
        return []
    total = tf.add_n([tf.reduce_sum(tf.cast(r * r, tf.float32)) for r in real])
    return [tf.convert_to_tensor(g) for g in tf.gradients(total, weights) if g is not None]


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "keys"):  # TensorFlow wraps the dicts that layers hold
        return dict(value)
    return str(value)


def _rows(arrays: Any) -> Any:
    """Arrays as short rows: shape, sum, sum of absolute values, sine-weighted sum."""
    rows = []
    for array in arrays:
        flat = np.asarray(array, np.float64).ravel()
        weights = np.sin(np.arange(flat.size) + 1.0)
        sums = [flat.sum(), np.abs(flat).sum(), (flat * weights).sum()]
        rows.append([list(np.shape(array)), *[float(x) for x in sums]])
    return rows
