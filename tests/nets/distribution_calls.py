"""Calls of `tf.distributions`, run alike by graphflow and by TensorFlow 1.15.5.

Each function gets the module `tf` and returns named tensors and feeds. Runs on Python 3.7.
"""

from __future__ import annotations

import warnings
from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.programs import record

Made = Any  # ({name: tensor}, feeds)
SEED = 11
STATISTICS = ("mean", "mode", "stddev", "variance", "entropy", "covariance")
PROBABILITIES = (
    "log_prob", "prob", "log_cdf", "cdf", "log_survival_function", "survival_function", "quantile",
)  # fmt: skip


def _tried(results: Any, name: str, function: Callable[[], Any]) -> None:
    try:
        results[name] = function()
    except NotImplementedError as e:
        results[name] = str(e)


def described(distribution: Any, values: Any, between: Any = 0.3) -> Any:
    """Everything that a distribution can say of itself and of some values."""
    results: dict[str, Any] = {}
    for name in STATISTICS:
        _tried(results, name, getattr(distribution, name))
    for name in PROBABILITIES:
        argument = between if name == "quantile" else values
        _tried(results, name, lambda n=name, a=argument: getattr(distribution, n)(a))
    results["batch_shape_tensor"] = distribution.batch_shape_tensor()
    results["event_shape_tensor"] = distribution.event_shape_tensor()
    results["is_scalar_batch"] = distribution.is_scalar_batch()
    results["is_scalar_event"] = distribution.is_scalar_event()
    results["one"] = distribution.sample(seed=3)
    results["some"] = distribution.sample([2, 3])
    results["many"] = distribution.sample(4, seed=5)
    results["text"] = str(distribution) + repr(distribution)
    results["parameters"] = str(sorted(distribution.parameters))
    return results


# --- numbers ---
POINTS = np.array([[-3.0], [0.1], [0.5], [0.9], [4.0]], np.float32)
INSIDE = np.array([[0.01], [0.1], [0.5], [0.9], [0.999]], np.float32)
POSITIVE = np.array([[0.01], [0.5], [1.0], [5.0], [40.0]], np.float32)


def normal(tf: Any) -> Made:
    d = tf.distributions.Normal([0.0, 1.0, -2.0], [1.0, 0.1, 30.0])
    return described(d, POINTS, [0.001, 0.3, 0.99]), {}


def normal_double(tf: Any) -> Made:
    x = tf.placeholder(tf.float64, [None])
    d = tf.distributions.Normal(x, np.float64(2), validate_args=True, name="N")
    values = POINTS.astype(np.float64) * 10
    return described(d, values, np.float64(0.7)), {x: np.array([0.0, 3.0])}


def normal_unknown(tf: Any) -> Made:
    x, n = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    d = tf.distributions.Normal(x, 2.0)
    results = {"s": d.sample(n, seed=2), "p": d.prob(x), "c": d.is_scalar_batch()}
    results["b"] = d.batch_shape_tensor()
    return results, {x: np.array([[0.0, 3.0]]), n: [2, 1]}


def normal_copies(tf: Any) -> Made:
    d = tf.distributions.Normal(1.0, [2.0, 3.0])
    e = d.copy(loc=[0.5, 0.25], name="other")
    with tf.name_scope("around"):
        results = {"kl": d.kl_divergence(e), "ce": e.cross_entropy(d, name="ce")}
    results["strict"] = tf.distributions.kl_divergence(e, d, allow_nan_stats=False, name="kl")
    results["shapes"] = tf.distributions.Normal.param_shapes([3, 2])["loc"]
    return results, {}


def normal_gradients(tf: Any) -> Made:
    loc, scale = tf.constant([0.0, 1.0]), tf.constant([1.0, 2.0])
    d = tf.distributions.Normal(loc, scale)
    g = tf.gradients(d.log_prob([0.3, 5.0]), [loc, scale])
    h = tf.gradients(d.sample(7, seed=9), [loc, scale])
    return {"a": g[0], "b": g[1], "c": h[0], "d": h[1]}, {}


def uniform(tf: Any) -> Made:
    d = tf.distributions.Uniform([0.0, -1.0], [0.5, 4.0])
    return described(d, POINTS), {}


def uniform_default(tf: Any) -> Made:
    d = tf.distributions.Uniform(validate_args=True)
    return dict(described(d, [np.nan, 0.0, 1.0]), range=d.range()), {}


def bernoulli(tf: Any) -> Made:
    d = tf.distributions.Bernoulli(logits=[[0.0, 2.0], [-3.0, 40.0]])
    return dict(described(d, [1, 0]), probs=d.probs), {}


def bernoulli_probs(tf: Any) -> Made:
    d = tf.distributions.Bernoulli(probs=[0.2, 0.7], dtype=tf.float32, validate_args=True)
    e = tf.distributions.Bernoulli(probs=[0.5, 0.5])
    return dict(described(d, [1.0, 0.0]), logits=d.logits, kl=d.kl_divergence(e)), {}


def categorical(tf: Any) -> Made:
    d = tf.distributions.Categorical(logits=[[0.0, 1.0, 2.0], [3.0, 0.0, -1.0]])
    e = tf.distributions.Categorical(probs=[[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])
    return dict(described(d, [2, 0]), kl=d.kl_divergence(e), n=d.event_size), {}


def categorical_probs(tf: Any) -> Made:
    x = tf.placeholder(tf.float32, [None, 3])
    d = tf.distributions.Categorical(probs=x, dtype=tf.int64)
    k = np.array([[0], [2]], np.int32)
    return described(d, k), {x: np.array([[0.25, 0.5, 0.25]])}


def categorical_checked(tf: Any) -> Made:
    x = tf.placeholder(tf.float32, [None, None])
    d = tf.distributions.Categorical(logits=x, validate_args=True)
    return described(d, [[0], [2]]), {x: np.array([[0.25, 0.5, 0.25]])}


def categorical_vector(tf: Any) -> Made:
    d = tf.distributions.Categorical(probs=[0.1, 0.6, 0.3])
    return described(d, [0, 1, 2, 1]), {}


def beta(tf: Any) -> Made:
    d = tf.distributions.Beta([0.5, 2.0, 7.0], [3.0, 3.0, 0.2])
    e = tf.distributions.Beta([1.0, 1.0, 2.0], [1.0, 4.0, 2.0])
    more = {"wide": d.prob(INSIDE), "kl": d.kl_divergence(e), "t": d.total_concentration}
    return dict(described(d, [0.01, 0.5, 0.999]), **more), {}


def beta_checked(tf: Any) -> Made:
    c = np.array([2.0, 5.0], np.float32)
    d = tf.distributions.Beta(c, [3.0, 4.0], validate_args=True, allow_nan_stats=False)
    return described(d, np.array([0.25, 0.75], np.float32)), {}


def gamma(tf: Any) -> Made:
    d = tf.distributions.Gamma([0.5, 2.0, 7.0], [1.0, 3.0, 0.2])
    e = tf.distributions.Gamma(1.0, [1.0, 4.0, 2.0])
    return dict(described(d, POSITIVE), kl=d.kl_divergence(e)), {}


def gamma_checked(tf: Any) -> Made:
    d = tf.distributions.Gamma(2.0, 3.0, validate_args=True, allow_nan_stats=False)
    return described(d, POSITIVE), {}


def exponential(tf: Any) -> Made:
    d = tf.distributions.Exponential([0.5, 2.0])
    return dict(described(d, POSITIVE), kl=d.kl_divergence(d.copy(rate=[1.0, 1.0]))), {}


def laplace(tf: Any) -> Made:
    d = tf.distributions.Laplace([0.0, 1.0], 2.0, validate_args=True)
    return described(d, POINTS), {}


def student_t(tf: Any) -> Made:
    d = tf.distributions.StudentT([0.5, 1.5, 3.0, 30.0], 1.0, [1.0, 2.0, 0.5, 1.0])
    return dict(described(d, [-3.0, 0.1, 1.0, 4.0]), wide=d.log_prob(POINTS)), {}


def student_t_checked(tf: Any) -> Made:
    d = tf.distributions.StudentT(5.0, 1.0, 2.0, validate_args=True, allow_nan_stats=False)
    return described(d, POINTS), {}


# --- vectors ---
def dirichlet(tf: Any) -> Made:
    d = tf.distributions.Dirichlet([[1.0, 2.0, 3.0]])
    e = tf.distributions.Dirichlet([2.0, 2.0, 2.0])
    return dict(described(d, [0.2, 0.3, 0.5]), kl=d.kl_divergence(e)), {}


def dirichlet_checked(tf: Any) -> Made:
    d = tf.distributions.Dirichlet([1.5, 2.0], validate_args=True, allow_nan_stats=False)
    return described(d, [[0.2, 0.8], [0.5, 0.5]]), {}


def dirichlet_multinomial(tf: Any) -> Made:
    d = tf.distributions.DirichletMultinomial(4.0, [1.0, 2.0, 3.0])
    return described(d, [[1.0, 2.0, 1.0], [0.0, 0.0, 4.0]]), {}


def dirichlet_multinomial_checked(tf: Any) -> Made:
    d = tf.distributions.DirichletMultinomial(3.0, [[1.0, 2.0]], validate_args=True)
    return described(d, [[1.0, 2.0], [0.0, 3.0]]), {}


def multinomial(tf: Any) -> Made:
    d = tf.distributions.Multinomial([4.0, 7.0], probs=[[0.2, 0.3, 0.5], [0.6, 0.4, 0.0]])
    results = described(d, [[1.0, 2.0, 1.0], [3.0, 4.0, 0.0]])
    for name in ("one", "some", "many"):  # in TensorFlow the rows race for the numbers
        results[name] = tf.reduce_sum(results[name], -1)
    return results, {}


def multinomial_logits(tf: Any) -> Made:
    d = tf.distributions.Multinomial(5.0, logits=[0.0, 1.0], validate_args=True)
    return described(d, [[1.0, 4.0], [0.0, 5.0]]), {}


def softplus_variants(tf: Any) -> Made:
    of = tf.contrib.distributions
    made = (
        of.NormalWithSoftplusScale(1.0, -2.0),
        of.LaplaceWithSoftplusScale(1.0, -2.0),
        of.BetaWithSoftplusConcentration(-1.0, 3.0),
        of.GammaWithSoftplusConcentrationRate(-1.0, 3.0),
        of.ExponentialWithSoftplusRate(-1.0),
        of.StudentTWithAbsDfSoftplusScale(-3.5, 0.0, 1.0),
    )
    return {d.name: d.log_prob(0.4) for d in made}, {}


CALLS: dict[str, Callable[[Any], Made]] = {
    name: f
    for name, f in list(globals().items())
    if getattr(f, "__code__", None) and f.__code__.co_varnames[:1] == ("tf",)
}


def observed(tf: Any, name: str) -> dict[str, Any]:
    """Builds and runs a call; returns nodes, static shapes and numbers."""
    graph = tf.Graph()
    with graph.as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tf.set_random_seed(SEED)
        results, feeds = CALLS[name](tf)
        texts = {k: r for k, r in results.items() if isinstance(r, str)}
        tensors = {k: r for k, r in results.items() if k not in texts}
        found = {
            "nodes": record.structure(graph)["nodes"],
            "texts": texts,
            "shapes": {k: f"{r.dtype.name} {r.shape}" for k, r in tensors.items()},
        }
    with tf.Session(graph=graph) as session:
        values = session.run(tensors, feeds)
    found["values"] = {k: _listed(v) for k, v in values.items()}
    return found


def _listed(array: Any) -> Any:
    """An array as a shape and numbers as text, which JSON can hold."""
    array = np.asarray(array)
    return [list(array.shape), [str(float(x)) for x in array.ravel()]]
