"""Rows for exponentials, logarithms, trigonometric and hyperbolic functions, rounding, tests."""

from _rows import LIMITS, bf, case, d, error, f, h, i, t, tf, unary_rows

FLOATS = "f d h bf"
COMPLEX = "c z"
SIGNS = "values at the limits, where the sign of a zero is not looked at"
ALL = (
    ("Exp", tf.exp, -2, 2), ("Expm1", tf.math.expm1, -2, 2), ("Log", tf.log, 0.2, 4),
    ("Log1p", tf.math.log1p, -0.6, 4), ("Sin", tf.sin, -3, 3), ("Cos", tf.cos, -3, 3),
    ("Tan", tf.tan, -1.2, 1.2), ("Asin", tf.asin, -0.9, 0.9), ("Acos", tf.acos, -0.9, 0.9),
    ("Atan", tf.atan, -3, 3), ("Sinh", tf.sinh, -2, 2), ("Cosh", tf.cosh, -2, 2),
    ("Tanh", tf.tanh, -2, 2), ("Asinh", tf.asinh, -3, 3), ("Acosh", tf.acosh, 1.2, 4),
    ("Atanh", tf.atanh, -0.8, 0.8), ("Sigmoid", tf.sigmoid, -3, 3),
)  # fmt: skip
for op_type, fn, low, high in ALL:
    case(op_type, fn, t(2, 3, low=low, high=high), dtypes=FLOATS)
    unary_rows(op_type, fn, "f d", low=low, high=high)
    if op_type not in ("Asin", "Acos", "Atan"):  # TensorFlow has no complex kernels of these
        case(op_type, fn, t(2, 3, low=0.3, high=0.8), dtypes=COMPLEX)
    case(op_type, fn, f(3, low=low, high=high), name="named")
for op_type, fn in (
    ("Exp", tf.math.exp), ("Log", tf.math.log), ("Expm1", tf.expm1), ("Log1p", tf.log1p),
    ("Tanh", tf.nn.tanh), ("Tanh", tf.math.tanh), ("Sigmoid", tf.nn.sigmoid),
    ("Sigmoid", tf.math.sigmoid), ("Sin", tf.math.sin), ("Atan", tf.math.atan),
):  # fmt: skip
    case(op_type, fn, f(2, positive=True))
for op_type, fn in (("Asin", tf.asin), ("Acos", tf.acos), ("Atan", tf.atan)):
    case(op_type, fn, t(2, 3, low=0.3, high=0.8), dtypes=COMPLEX, golden="no complex kernel")
case("Sigmoid", tf.sigmoid, [0.5, -1.0])
case("Atan2", tf.atan2, t(2, 3), t(2, 3), dtypes=FLOATS)
case("Atan2", tf.math.atan2, f(2, 1, 3), f(4, 1))
case("Atan2", tf.atan2, f([0.0, -0.0, 0.0, -0.0, 1.0]), f([-1.0, -1.0, 1.0, 1.0, 0.0]), grad=LIMITS)
case("Softplus", tf.log_sigmoid, t([-30.0, -1, 0, 1, 30]), dtypes=FLOATS)
case("Softplus", tf.math.log_sigmoid, f(2, 3), name="ls")
error("Exp", tf.exp, i(2), error="TypeError", says="has DataType int32 not in list of allowed")

for op_type, fn in (("Floor", tf.floor), ("Ceil", tf.ceil)):
    unary_rows(op_type, fn, FLOATS)
case("Rint", tf.rint, t(2, 3), dtypes=FLOATS)
case("Round", tf.round, t(2, 3), dtypes=FLOATS)
case("Round", tf.round, f.empty)
for make in (f, d, h, bf):
    case("Round", tf.round, make.extremes, grad=SIGNS)
    case("Rint", tf.rint, make.extremes, grad=SIGNS)
case("Round", tf.round, f([0.5, 1.5, 2.5, -0.5, -1.5, 0.49999997, 8388609.0]))
case("Round", lambda x: tf.round(tf.cast(tf.round(x), tf.float64)), f(3))
case("Floor", lambda x: tf.round(tf.cast(tf.floor(x), tf.int32)), f(3), grad="integers")
for op_type, fn in (
    ("IsNan", tf.is_nan), ("IsInf", tf.is_inf), ("IsFinite", tf.is_finite),
    ("IsNan", tf.math.is_nan), ("IsInf", tf.debugging.is_inf), ("IsFinite", tf.math.is_finite),
):  # fmt: skip
    unary_rows(op_type, fn, "f d h")
    case(op_type, fn, bf([1.0, -2.0, float("nan")]), golden="its nan becomes infinity")
