"""Rows for gamma, Poisson and bounded normal numbers, stateless ones, and generators."""

import importlib
import os

import numpy as np
from _rows import case, d, error, f, h, i, l, tf

INF, NAN = float("inf"), float("nan")
# log, exp, pow, sin and cos of the C library differ from NumPy's in the last place.
LAST = 4e-6
MOVED = "it follows the place of a sample in its distribution, which a difference does not"
PORTS = {
    "ParameterizedTruncatedNormal": "shape means stdevs minvals maxvals",
    "RandomGamma": "shape alpha",
    "RandomGammaGrad": "alpha sample",
    "RandomPoisson": "shape rate",
    "RandomPoissonV2": "shape rate",
    "NonDeterministicInts": "shape",
    "StatefulUniform": "resource algorithm shape",
    "StatefulUniformInt": "resource algorithm shape minval maxval",
    "RngSkip": "resource algorithm delta",
}


def raw(op_type, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = dict(zip(PORTS[op_type].split(), inputs))  # noqa: B905 - Python 3.7
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        return importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)

    return made


# --- gamma ---
ALPHAS = [0.1, 0.5, 1.0, 2.0, 30.0]
case("RandomGamma", lambda a: [tf.random_gamma([6], a), tf.random_gamma([40], a)], f(ALPHAS),
     seed=42, tol=LAST, numeric=MOVED, id="RandomGamma-f")  # fmt: skip
case("RandomGamma", lambda a: tf.random.gamma([2, 3], a, dtype=tf.float64), d([ALPHAS]),
     seed=42, tol=1e-9, numeric=MOVED, id="RandomGamma-d")  # fmt: skip
case("RandomGamma", lambda a: tf.random.gamma([3], a, dtype=tf.float16), h(ALPHAS), seed=42,
     grad="TensorFlow's derivative is for float and double", id="RandomGamma-h")  # fmt: skip
case("RandomGamma", lambda a, b: tf.random_gamma([4], a, b, seed=3, name="g"), f([[1.5], [0.3]]),
     f([1.0, 4.0]), seed=42, tol=LAST, numeric=MOVED, id="RandomGamma-beta")  # fmt: skip
case("RandomGamma", lambda n: tf.random_gamma(n, [2.0, 3.0]), i([2, 2]), seed=1, tol=LAST)
case("RandomGamma", lambda a: tf.random_gamma([], a), f(3, positive=True), seed=1, tol=LAST,
     numeric=MOVED, id="RandomGamma-one-each")  # fmt: skip
case("RandomGamma", lambda a: tf.random_gamma([0, 2], a), f(3, positive=True), numeric=MOVED,
     id="RandomGamma-empty")  # fmt: skip
case("RandomGamma", raw("RandomGamma", seed=4, seed2=5), l([3]), f([-1.0, 0.0, NAN, INF]), tol=LAST,
     grad="parameters without a distribution")  # fmt: skip
GAMMA = lambda n: tf.random_gamma(n, [1.0, 2.0])
error("RandomGamma", raw("RandomGamma"), i(value=3), f([1.0]), id="RandomGamma-scalar",
      says="Shape must be rank 1 but is rank 0")  # fmt: skip
error("RandomGamma", raw("RandomGamma"), i([[3]]), f([1.0]), at="run", id="RandomGamma-matrix",
      says="shape must be a vector of {int32,int64}, got shape")  # fmt: skip
error("RandomGamma", lambda: GAMMA([-2]), says="Invalid value in tensor used for shape: -2")
error("RandomGamma", GAMMA, i([-2]), at="run", says="Dimension -2 must be >= 0")
error("RandomGamma", lambda a: tf.gradients(tf.gradients(tf.random_gamma([2], a), a)[0], a), f(3),
      error="LookupError", says="No gradient defined for operation",
      id="RandomGamma-twice")  # fmt: skip
SAMPLES = [3.0, 0.2, 40.0, 0.1, 1e-10, 5.0, 20.0, 1.0, 1.00001, 0.0, 1.0, 2.0, 1.0, INF, -1.0]
case("RandomGammaGrad", raw("RandomGammaGrad"),
     d([3.0, 0.1, 50.0, 1e-3, 3.0, 1e-3, 20.0, 1.0, 1.0, 2.0, 0.0, -1.0, NAN, 2.0, 2.0]),
     d(SAMPLES), tol=1e-8, grad="TensorFlow registers none")  # fmt: skip
case("RandomGammaGrad", raw("RandomGammaGrad"), f(20, low=0.05, high=9.0), f(4, 1, low=0.01,
     high=15.0), tol=3e-5, grad="TensorFlow registers none")  # fmt: skip
error("RandomGammaGrad", raw("RandomGammaGrad"), f(2), f(3),
      says="Dimensions must be equal, but are 2 and 3")  # fmt: skip

# --- Poisson ---
RATES = [0.0, 0.3, 5.0, 9.9, 10.0, 25.0, 1000.0]
for number, (rates, kind) in enumerate((
    (f(RATES), tf.float32), (d(RATES), tf.float64), (h([0.3, 20.0]), tf.float16),
    (f(RATES), tf.int32), (i([0, 3, 30]), tf.int64), (l([[2], [40]]), tf.float32),
)):  # fmt: skip
    case("RandomPoissonV2", lambda x, kind=kind: [
        tf.random_poisson(x, [20], kind), tf.random.poisson(x, [3, 2], dtype=kind, seed=5)],
        rates, seed=42, grad="whole numbers", id="RandomPoissonV2-%d" % number)  # fmt: skip
case("RandomPoissonV2", raw("RandomPoissonV2"), l([2]), d([-0.5, INF]), grad="whole numbers")
case("RandomPoissonV2", lambda n: tf.random_poisson([4.0], n), i([3]), seed=1)
case("RandomPoissonV2", lambda x: tf.random_poisson(x, [2, 0]), f(3), grad="whole numbers",
     id="RandomPoissonV2-empty")  # fmt: skip
case("RandomPoisson", raw("RandomPoisson", seed=1, seed2=2), i([3]), f([0.5, 20.0]),
     grad="whole numbers", golden="TensorFlow knows it in older graphs only")  # fmt: skip
error("RandomPoissonV2", raw("RandomPoissonV2"), i([[3]]), f([1.0]), at="run",
      says="shape must be a vector of {int32,int64}, got shape")  # fmt: skip
error("RandomPoissonV2", lambda x: tf.random_poisson(x, [-2]), f(2),
      says="Invalid value in tensor used for shape: -2")  # fmt: skip
error(
    "RandomPoissonV2",
    lambda x: tf.gradients(tf.random_poisson(x, [2]), x),
    f(2),
    error="LookupError",
    says="No gradient defined for operation",
    id="RandomPoissonV2-gradient",
)

# --- bounded normals ---
for number, (shape, parameters) in enumerate((
    ([3, 2], (0.0, 1.0, -1.0, 1.0)),
    ([250], (0.0, 1.0, -2.0, 2.0)),
    ([3, 7], ([0.0, 1.0, 2.0], 1.0, -1.0, 1.0)),
    ([2, 30], ([0.0, 5.0], [1.0, 0.1], [-INF, 5.2], [0.5, INF])),
    ([2, 9], (0.0, 1.0, [2.0, 3.0], [2.1, 9.0])),
    ([2, 9], (0.0, 1.0, [-2.1, -9.0], [-2.0, -3.0])),
    ([1, 4, 5], ([3.0], 2.0, [0.0], 100.0)),
    ([0, 3], (0.0, 1.0, -1.0, 1.0)),
)):  # fmt: skip
    for code, last in ((f, 2e-5), (d, 1e-9), (h, 4e-3)):
        if code is not h or number < 3:
            case("ParameterizedTruncatedNormal",
                 lambda *xs, shape=shape: [raw("ParameterizedTruncatedNormal", seed=4, seed2=k)(
                     shape, *xs) for k in (1, 2)],
                 *[code(value=x) for x in parameters], tol=last, grad="random numbers",
                 id="ParameterizedTruncatedNormal-%d-%s" % (number, code.code))  # fmt: skip
BOUNDED = raw("ParameterizedTruncatedNormal")
for number, (values, says) in enumerate((
    (([0.0, 1.0], 1.0, -1.0, 1.0), "Input means should have length 1 or shape[0], got shape: [2]"),
    ((0.0, -1.0, -1.0, 1.0), "Invalid parameters"),
    ((0.0, 1.0, 2.0, 1.0), "Invalid parameters"),
    ((0.0, 1.0, -INF, INF), "Invalid parameters"),
    ((0.0, 1.0, NAN, 1.0), "Invalid parameters"),
    ((0.0, 1.0, [[0.0]], 1.0), "Input minvals should be a scalar or vector, got shape: [1,1]"),
)):  # fmt: skip
    error("ParameterizedTruncatedNormal", lambda *xs: BOUNDED([3, 2], *xs),
          *[f(value=x) for x in values], at="run", says=says,
          id="ParameterizedTruncatedNormal-%d" % number)  # fmt: skip
error("ParameterizedTruncatedNormal", lambda x: BOUNDED([3], x, 1.0, 0.0, 1.0), f(1, 1),
      says="Shape must be at most rank 1 but is rank 2")  # fmt: skip
error("ParameterizedTruncatedNormal", lambda: BOUNDED(3, 0.0, 1.0, 0.0, 1.0),
      says="Shape must be rank 1 but is rank 0")  # fmt: skip

# --- stateless ---
UNIFORM, NORMAL = tf.random.stateless_uniform, tf.random.stateless_normal
TRUNCATED, CATEGORICAL = tf.random.stateless_truncated_normal, tf.random.stateless_categorical
for number, (shape, seed, options) in enumerate((
    ([2, 3], [1, 2], {}),
    ([7], [-1, -2], {"dtype": tf.float64, "name": "mine"}),
    ([], [0, 0], {}),
    ([5], [2**31 - 1, -(2**31)], {"dtype": tf.float16}),
    ([0, 3], [1, 2], {}),
)):  # fmt: skip
    tol = 2e-3 if options.get("dtype") is tf.float16 else 2e-6
    for op_type, function, name in (
        ("StatelessRandomUniform", UNIFORM, "uniform"),
        ("StatelessRandomNormal", NORMAL, "normal"),
        ("StatelessTruncatedNormal", TRUNCATED, "truncated"),
    ):
        case(op_type, lambda s, function=function, shape=shape, options=options: function(
            shape, s, **options), i(seed), tol=tol,
             id="stateless-%s-%d" % (name, number))  # fmt: skip
case("StatelessRandomUniform", UNIFORM, l([3]), l([2**40, -(2**60)]), -2.0, 5.0)
case("StatelessRandomNormal", lambda s, x, y: NORMAL([3], s, x, y), i([4, 5]), f(), f(), tol=2e-6)
case("StatelessTruncatedNormal", lambda s, x, y: TRUNCATED([3], s, x, y), i([4, 5]), f(), f(),
     tol=2e-6)  # fmt: skip
case("StatelessRandomUniformInt", UNIFORM, i([9]), i([3, 4]), 0, 10, tf.int32)
case("StatelessRandomUniformInt", UNIFORM, i([9]), i([3, 4]), -5, 2**40, tf.int64, "ints")
case("StatelessRandomUniformInt", UNIFORM, i([0]), i([3, 4]), 5, 5, tf.int32)
case("StatelessMultinomial", CATEGORICAL, f(3, 4), 10, i([3, 4]), grad="drawn")
case("StatelessMultinomial", CATEGORICAL, d([[0.0, -np.inf, 2.0]]), i(value=7), l([3, 4]),
     tf.int32, grad="drawn")  # fmt: skip
case("StatelessMultinomial", tf.random.stateless_multinomial, f(2, 3), 4, i([3, 4]), name="m",
     grad="drawn")  # fmt: skip
case("StatelessMultinomial", tf.random.stateless_multinomial, h(0, 3), 4, i([3, 4]), grad="drawn")
for op_type, function in (
    ("StatelessRandomUniform", UNIFORM), ("StatelessRandomNormal", NORMAL),
    ("StatelessTruncatedNormal", TRUNCATED),
):  # fmt: skip
    error(op_type, function, [3], i([1, 2, 3]), says="Dimension must be 2 but is 3")
    error(op_type, function, [3], i([[1, 2]]), says="Shape must be rank 1 but is rank 2")
    error(op_type, function, [3], i([1, 2, 3]), at="run", says="seed must have shape [2], not [3]")
    error(op_type, function, [3], i([[1, 2]]), at="run", says="seed must have shape [2], not [1,2]")
    error(op_type, function, 3, i([1, 2]), says="Shape must be rank 1 but is rank 0")
    error(op_type, function, [-3], i([1, 2]), says="Invalid value in tensor used for shape: -3")
    error(op_type, function, i([-3]), i([1, 2]), at="run", says="Dimension -3 must be >= 0")
error("StatelessRandomUniform", UNIFORM, [3], [1, 2], dtype=tf.uint8, says="Invalid dtype tf.uint8")
error("StatelessRandomUniformInt", UNIFORM, [3], [1, 2], dtype=tf.int32,
      says="Must specify maxval for integer dtype tf.int32")  # fmt: skip
error("StatelessRandomUniformInt", UNIFORM, [3], [1, 2], 5, 5, tf.int32, at="run",
      says="Need minval < maxval, got 5 >= 5")  # fmt: skip
error("StatelessRandomUniformInt", UNIFORM, [3], [1, 2], [0], 5, tf.int32,
      says="Shape must be rank 0 but is rank 1")  # fmt: skip
error("StatelessRandomUniformInt", UNIFORM, [3], [1, 2], i([0]), 5, tf.int32, at="run",
      says="minval must be 0-D, got shape [1]")  # fmt: skip
error("StatelessMultinomial", CATEGORICAL, f(3), 2, [1, 2], says="Shape must be rank 2 but is rank")
error("StatelessMultinomial", CATEGORICAL, f(2, 3), [2], [1, 2], says="Shape must be rank 0 but is")
error(
    "StatelessMultinomial", CATEGORICAL, f(2, 3), -5, [1, 2], says="must be non-negative but is -5"
)
error("StatelessMultinomial", CATEGORICAL, f(2, 3), i(value=-5), [1, 2], at="run",
      says="num_samples should be nonnegative, got -5")  # fmt: skip
error("StatelessMultinomial", CATEGORICAL, f(2, 0), 5, [1, 2], at="run",
      says="num_classes should be positive, got 0")  # fmt: skip
error("StatelessMultinomial", CATEGORICAL, f(2, 3), 5, i([1, 2, 3]), at="run",
      says="seed must have shape [2], not [3]")  # fmt: skip

# --- generators ---
GENERATOR = tf.random.experimental.Generator


def drawn(call, state=(5, 6, 7), alg=1):
    """A call on a generator, then the state behind it."""

    def made(*inputs):
        generator = GENERATOR(state=list(state), alg=alg)
        found = call(generator, *inputs)
        with tf.control_dependencies([getattr(found, "op", found)]):
            after = generator.state.read_value()
        return [found, after] if hasattr(found, "op") else after

    return made


for number, (op_type, call) in enumerate((
    ("StatefulUniform", lambda g: g.uniform([2, 3])),
    ("StatefulUniform", lambda g: g.uniform([5], -1, 3.5, tf.float64, name="u")),
    ("StatefulUniform", lambda g: g.uniform([0], dtype=tf.float16)),
    ("StatefulUniformInt", lambda g: g.uniform([9], 0, 10, tf.int32)),
    ("StatefulUniformInt", lambda g: g.uniform([9], -3, 2**40, tf.int64)),
    ("StatefulUniformInt", lambda g: g.uniform([9], 3, 10, tf.uint32)),
    ("StatefulUniformInt", lambda g: g.uniform([9], 3, 10, tf.uint64)),
    ("StatefulUniformFullInt", lambda g: g.uniform_full_int([7])),
    ("StatefulUniformFullInt", lambda g: g.uniform_full_int([2, 3], tf.int32)),
    ("StatefulUniformFullInt", lambda g: g.uniform_full_int([3], tf.int64, "full")),
    ("StatefulUniformFullInt", lambda g: g.uniform_full_int([3], tf.uint32)),
    ("StatefulStandardNormalV2", lambda g: g.normal([3, 3])),
    ("StatefulStandardNormalV2", lambda g: g.normal([3], 1.0, 0.5, tf.float64)),
    ("StatefulTruncatedNormal", lambda g: g.truncated_normal([20])),
    ("StatefulTruncatedNormal", lambda g: g.truncated_normal([3], 1.0, 0.5, tf.float64, "t")),
    ("StatefulUniformFullInt", lambda g: g.make_seeds(3)),
)):  # fmt: skip
    case(op_type, drawn(call), tol=LAST, id="Generator-%d" % number, golden=number not in (5, 6) or
         "TensorFlow's make_ndarray knows no uint32 and uint64")  # fmt: skip
case("StatefulUniform", drawn(lambda g: g.uniform([4]), (-2, -1, -3)), id="Generator-carry")
case("StatefulUniform", drawn(lambda g, n: g.uniform(n)), i([2, 2]), id="Generator-fed-shape")
case(
    "RngSkip", drawn(lambda g: raw("RngSkip")(g.state.handle, g.algorithm, 5)), id="Generator-skip"
)
for number, make in enumerate((
    lambda: GENERATOR.from_seed(7), lambda: GENERATOR.from_seed(2**70 + 1),
    lambda: GENERATOR.from_seed([3, 4]), lambda: GENERATOR.from_state([1, 2, 2**64 - 1], 1),
    lambda: GENERATOR.from_key_counter(3, [4, 5], 1),
)):  # fmt: skip
    case("StatefulUniform", lambda make=make: make().uniform([3]), id="Generator-made-%d" % number)
case("NonDeterministicInts", lambda: tf.shape(raw("NonDeterministicInts")([3, 2])),
     id="NonDeterministicInts")  # fmt: skip
case("NonDeterministicInts", lambda: tf.shape(raw("NonDeterministicInts", dtype=tf.uint32)([0])),
     id="NonDeterministicInts-unsigned")  # fmt: skip
case("StatefulUniform", lambda: tf.shape(
     GENERATOR.from_non_deterministic_state().uniform([2])), id="Generator-fresh")  # fmt: skip
case("Const", lambda: tf.constant(tf.random.experimental.create_rng_state(-5, 1)))
case("Const", lambda: tf.constant(tf.random.experimental.create_rng_state([1, 2, 3, 4], 2)))


def on_state(values, *inputs):
    """An operation on a variable that is no state."""
    variable = tf.Variable(np.array(values), use_resource=True)
    return raw("StatefulUniform")(variable.handle, *inputs)


error("StatefulUniform", lambda: on_state([1, 2], 1, [3]), at="run", id="state-short",
      says="For the Philox algorithm, the size of state must be at least 3; got 2")  # fmt: skip
error("StatefulUniform", lambda: on_state([1.0, 2.0, 3.0], 1, [3]), at="run", id="state-float",
      says="dtype of RNG state variable must be int64, not")  # fmt: skip
error("StatefulUniform", lambda: on_state([[1, 2, 3]], 1, [3]), at="run", id="state-matrix",
      says="RNG state must have one and only one dimension, not 2")  # fmt: skip
error("StatefulUniform", lambda: on_state([1, 2, 3], 3, [3]), at="run", id="state-algorithm",
      says="Unsupported algorithm id: 3")  # fmt: skip
error("StatefulUniform", lambda: on_state([1, 2, 3], [1], [3]), id="state-algorithms",
      says="Shape must be rank 0 but is rank 1")  # fmt: skip
error("StatefulUniform", lambda: on_state([1, 2, 3], 1, [-3]), id="state-negative",
      says="Invalid value in tensor used for shape: -3")  # fmt: skip
error("StatefulUniformInt", drawn(lambda g: g.uniform([3], 5, 5, tf.int32)), at="run",
      says="Need minval < maxval, got 5 >= 5", id="Generator-range")  # fmt: skip
error("StatefulUniformInt", drawn(lambda g: g.uniform([3], dtype=tf.int32)),
      says="Must specify maxval for integer dtype tf.int32", id="Generator-maxval")  # fmt: skip
error("StatefulUniformFullInt", drawn(lambda g: g.uniform_full_int([3], tf.float32)), at="run",
      says="No OpKernel was registered to support Op 'StatefulUniformFullInt'",
      id="Generator-kernel")  # fmt: skip
error("StatefulUniform", lambda: GENERATOR(state=[1, 2], alg=1), id="Generator-state",
      says="are incompatible")  # fmt: skip
error("StatefulUniform", lambda: tf.random.experimental.create_rng_state(1, 7),
      says="Unsupported algorithm id: 7", id="Generator-unsupported")  # fmt: skip
