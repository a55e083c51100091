"""Rows for powers, roots, reciprocals, absolute values and signs."""

import numpy as np
from _rows import LIMITS, bf, c, case, d, error, f, i, l, t, tf, unary_rows, z

FAST = "TensorFlow's fast code is wrong for tiny numbers, and nan for infinity"
NAN, INF = float("nan"), float("inf")

case("Pow", tf.pow, t(2, 3, low=0.5, high=3), t(2, 3), dtypes="f d h bf")
case("Pow", tf.pow, t(2, 1, 3, positive=True), t(4, 1), dtypes="f c z")
case("Pow", tf.pow, f(2, 3), 2.0)
case("Pow", tf.pow, f(2, 3, low=0.5), 0.5, name="root")
case("Pow", tf.pow, 2.0, f(2, 3))
case("Pow", tf.pow, t([[2, -3, 0, 7]]), t([[3], [0], [1]]), dtypes="i l")
case("Pow", tf.pow, i([-2, 3]), i([31, 40]))
case("Pow", tf.pow, f([0, -2, -2, 1, INF, 0, 0]), f([0, 3, 0.5, NAN, 0, -1, 2]), grad=LIMITS)
case(
    "Pow", tf.pow, f([0.0, -2.0, 0.0, 3.0]), f([2.0, 3.0, 1.0, 0.0]),
    numeric="below 0 the exponent must stay whole",
)  # fmt: skip
case("Pow", tf.pow, f(0, 3), f(3))
error("Pow", tf.pow, i([2]), i([-1]), at="run",
      says="Integers to negative integer powers are not allowed")  # fmt: skip

unary_rows("Square", tf.square, "f d h bf i l c z")
case("Sqrt", tf.sqrt, t(2, 3, low=0.3, high=4), dtypes="f d h bf")
unary_rows("Sqrt", tf.sqrt, "d h", low=0.3, high=4)
case("Sqrt", tf.sqrt, f.extremes, grad=LIMITS, golden=FAST)
case("Sqrt", tf.sqrt, t(2, 3), dtypes="c z")
case("Rsqrt", tf.rsqrt, t(2, 3, low=0.3, high=4), dtypes="f d h bf")
unary_rows("Rsqrt", tf.rsqrt, "d h", low=0.3, high=4)
case("Rsqrt", tf.rsqrt, f.extremes, grad=LIMITS, golden=FAST)
case("Rsqrt", tf.rsqrt, t(2, 3), dtypes="c z", tol=1e-5)
case("Reciprocal", tf.reciprocal, t(2, 3, low=0.3, high=4), dtypes="f d h bf")
unary_rows("Reciprocal", tf.reciprocal, "d h", low=0.3, high=4)
case("Reciprocal", tf.reciprocal, f.extremes, grad=LIMITS, golden=FAST)
case("Reciprocal", tf.math.reciprocal, t(2, 3), dtypes="c z")
unary_rows("Abs", tf.abs, "f d h bf i l i8 i16")
case("Abs", tf.abs, f([0.0, -0.0, 1.0]), numeric="a corner at 0")
case("Abs", tf.math.abs, [-1.5, 2.0])
case("ComplexAbs", tf.abs, t(2, 3), dtypes="c z")
case("ComplexAbs", tf.abs, c([0, 3 + 4j]), numeric="a corner at 0")
unary_rows("Sign", tf.sign, "f d h i l")
case("Sign", tf.sign, bf(2, 3))
case("Sign", tf.sign, t([0, 3 + 4j, -2, 1j]), dtypes="c z", numeric="TensorFlow gives zeros")
case("Abs", tf.abs, f([[NAN, INF, -INF]]), grad=LIMITS)
case("Square", tf.square, np.float32([1, 2]))
case("Square", tf.square, d(3), name="area")
case("Square", tf.square, z(2))
case("Square", tf.square, l([3000000000, 4]))
error("Sqrt", tf.sqrt, i(2), error="TypeError", says="has DataType int32 not in list of allowed")
