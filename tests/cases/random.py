"""Rows for random numbers and initializers: the same seeds, the same numbers."""

import numpy as np
from _rows import case, error, f, i, tf

DRAWN = "random numbers have no derivative"
# sin, cos and log of the C library differ from NumPy's in the last place.
LAST = 2e-6

for number, (shape, options) in enumerate((
    ([2, 3], {}),
    ([7], {"minval": -1, "maxval": 3.5}),
    ([], {"dtype": tf.float64}),
    ([5], {"dtype": tf.float16}),
    ([0, 3], {}),
    ([5], {"seed": 3, "name": "u"}),
    ([9], {"minval": 0, "maxval": 10, "dtype": tf.int32}),
    ([9], {"minval": -5, "maxval": 2**40, "dtype": tf.int64}),
)):  # fmt: skip
    integers = "Int" if options.get("maxval") in (10, 2**40) else ""
    case("RandomUniform" + integers,
         lambda shape=shape, options=options: tf.random_uniform(shape, **options),
         id="RandomUniform-%d" % number, seed=42)  # fmt: skip
case("RandomUniform", lambda: tf.random.uniform([3], seed=7), id="op-seed")
case("RandomUniform", tf.random_uniform, i([2, 3]), seed=1)
case("RandomUniform", lambda n: tf.random_uniform(tf.cast(n, tf.int64)), i([2, 3]), seed=1)
case("RandomUniform", lambda x, y: tf.random_uniform([3], x, y), f(), f(), seed=1)

for op_type, function in (
    ("RandomStandardNormal", tf.random_normal),
    ("TruncatedNormal", tf.truncated_normal),
):
    for number, (shape, options) in enumerate((
        ([2, 3], {}),
        ([40], {"mean": 1.0, "stddev": 0.1}),
        ((3,), {"dtype": tf.float64}),
        ([3], {"dtype": tf.float16}),
        ([], {"seed": 5, "name": "n"}),
        ([0], {}),
    )):  # fmt: skip
        case(op_type,
             lambda function=function, shape=shape, options=options: function(shape, **options),
             id="%s-%d" % (op_type, number), seed=42,
             tol=2e-3 if options.get("dtype") is tf.float16 else LAST)  # fmt: skip
    case(op_type, function, i([2, 2]), seed=3, tol=LAST)
case("RandomStandardNormal", lambda x, y: tf.random.normal([2, 3], x, y), f(3), f(2, 1), seed=4,
     tol=1e-5)  # fmt: skip

case("RandomShuffle", tf.random_shuffle, i([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), seed=5)
case("RandomShuffle", tf.random_shuffle, f(5, 2), seed=5, name="mixed", grad=DRAWN)
case("RandomShuffle", tf.random.shuffle, f(1, 4), seed=5, grad=DRAWN)
case("RandomShuffle", tf.random_shuffle, f(), seed=5, grad=DRAWN)
case("RandomShuffle", tf.random_shuffle, f(0, 3), seed=5, grad=DRAWN)
case("Multinomial", tf.multinomial, f(3, 4), 10, seed=6)
case("Multinomial", tf.random.categorical, f([[0.0, -np.inf, 2.0]]), i(value=7), seed=6)
case("Multinomial", lambda x: tf.multinomial(x, 5, seed=2, output_dtype=tf.int32), f(2, 3),
     id="Multinomial-int32", seed=6)  # fmt: skip
case("Multinomial", tf.multinomial, f(0, 3), 2, seed=6)
case("RandomUniformInt", tf.random_crop, f(3, 4, 5), [2, 4, 1], seed=8, grad="the place is drawn")

error("RandomUniform", tf.random_uniform, [-2], says="Invalid value in tensor used for shape: -2")
error("RandomUniform", tf.random_uniform, [[2]], says="Shape must be rank 1 but is rank 2")
error("RandomUniform", tf.random_uniform, 5, says="Shape must be rank 1 but is rank 0")
error("RandomUniform", tf.random_uniform, i([-2]), at="run", says="Dimension -2 must be >= 0")
error("RandomUniform", tf.random_uniform, [2], dtype=tf.string, says="Invalid dtype tf.string")
error("RandomUniformInt", tf.random_uniform, [2], dtype=tf.int32,
      says="Must specify maxval for integer dtype tf.int32")  # fmt: skip
error("RandomUniformInt", tf.random_uniform, [2], 5, 5, tf.int32, at="run",
      says="Need minval < maxval, got 5 >= 5")  # fmt: skip
error("RandomUniformInt", tf.random_uniform, [2], [0, 1], [5, 5], tf.int32,
      says="Shape must be rank 0 but is rank 1")  # fmt: skip
error("Multinomial", tf.multinomial, f(3), 2, says="Shape must be rank 2 but is rank 1")
error("Multinomial", tf.multinomial, f(2, 3), [2], says="Shape must be rank 0 but is rank 1")
error("Multinomial", tf.multinomial, f(2, 3), -3, says="must be non-negative but is -3")
error("Multinomial", tf.multinomial, f(2, 3), i(value=-3), at="run",
      says="num_samples should be nonnegative, got -3")  # fmt: skip
error("Multinomial", tf.multinomial, f(2, 0), 2, at="run",
      says="num_classes should be positive, got 0")  # fmt: skip
error("RandomUniformInt", tf.random_crop, f(3, 3), [4, 1], at="run",
      says="assertion failed: [Need value.shape >= size, got ] [3 3] [4 1]")  # fmt: skip

# --- initializers ---
SHAPE = [3, 4, 5]
start = lambda name, *args, **kwargs: lambda: getattr(tf.initializers, name)(*args, **kwargs)(SHAPE)
for name, args in (
    ("zeros", ()), ("ones", ()), ("constant", ([1, 2],)), ("constant", (3,)),
):  # fmt: skip
    case("Const", start(name, *args), id="initializer-%s-%d" % (name, len(args) + len(str(args))))
for name, args, op_type in (
    ("random_uniform", (-1, 1), "RandomUniform"),
    ("random_normal", (1.0, 0.1), "RandomStandardNormal"),
    ("truncated_normal", (0.0, 0.5, 3), "TruncatedNormal"),
    ("uniform_unit_scaling", (2.0,), "RandomUniform"),
    ("variance_scaling", (), "TruncatedNormal"),
    ("variance_scaling", (2.0, "fan_out", "uniform"), "RandomUniform"),
    ("variance_scaling", (2.0, "fan_avg", "untruncated_normal"), "RandomStandardNormal"),
    ("glorot_uniform", (), "RandomUniform"),
    ("glorot_normal", (), "TruncatedNormal"),
    ("he_normal", (), "TruncatedNormal"),
    ("he_uniform", (), "RandomUniform"),
    ("lecun_normal", (), "TruncatedNormal"),
    ("lecun_uniform", (), "RandomUniform"),
):
    case(op_type, start(name, *args), id="initializer-%s-%d" % (name, len(args)), seed=7, tol=LAST)
case("Qr", start("orthogonal", 2.0), seed=7, tol=1e-4, id="initializer-orthogonal")
case("Qr", lambda: tf.orthogonal_initializer()([2, 5]), seed=7, tol=1e-4, id="orthogonal-wide")
case("MatrixDiag", lambda: tf.initializers.identity(2.0)([3, 3]), id="initializer-identity")
case("RandomUniform", lambda: tf.glorot_uniform_initializer()([5, 2], dtype=tf.float64), seed=3,
     id="initializer-float64")  # fmt: skip
error("TruncatedNormal", lambda: tf.initializers.variance_scaling(0.0),
      says="`scale` must be positive float.")  # fmt: skip
error("TruncatedNormal", lambda: tf.initializers.random_normal(dtype=tf.int32),
      says="Expected floating point type")  # fmt: skip
error("Const", lambda: tf.initializers.identity()([2, 2, 2]),
      says="Identity matrix initializer can only be used for 2D matrices.")  # fmt: skip
