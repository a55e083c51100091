"""Rows for error and gamma functions."""

from _rows import LIMITS, case, d, error, f, i, t, tf, unary_rows

FLOATS = "f d h bf"
NAN, INF = float("nan"), float("inf")
POLES = "at its poles"

unary_rows("Erf", tf.erf, FLOATS, low=-3, high=3)
unary_rows("Erfc", tf.erfc, FLOATS, low=-3, high=3)
case("Erfc", tf.erfc, d([0.5, 1, 2, 5, 10, 20, 26]))
case("Erf", tf.math.erf, d([1e-300, 0.89, 0.91, 3, 6]))
unary_rows("Lgamma", tf.lgamma, "f d", low=0.3, high=4)
case("Lgamma", tf.lgamma, t(2, 3, low=0.3, high=4), dtypes="h bf")
case(
    "Lgamma",
    tf.math.lgamma,
    d([0.01, 1, 1.5, 2, 2.999, 3, 3.5, 10, 100, 1e10, -0.5, -3.7]),
    numeric="steep",
)
unary_rows("Digamma", tf.digamma, "f d", low=0.3, high=4)
case("Digamma", tf.digamma, t(2, 3, low=0.3, high=4), dtypes="h bf")
case(
    "Digamma",
    tf.math.digamma,
    d([0.01, 1, 1.4616, 2, 2.999, 3, 3.5, 10, 100, 1e10, -0.5, -3.7]),
    numeric="steep",
)
case("Lgamma", tf.lgamma, f([0, -1, -2, INF, -INF, NAN]), grad=POLES)
case("Digamma", tf.digamma, f([0, -1, -2, INF, NAN]), grad=POLES)
case("Zeta", tf.zeta, t(2, 3, low=1.5, high=6), t(2, 3, low=0.3, high=9), dtypes="f d",
     numeric="x has no gradient")  # fmt: skip
case("Zeta", tf.math.zeta, d([[1.1], [2], [30]]), d([0.1, 1, 100]), numeric="x has no gradient")
case("Zeta", tf.zeta, f([1, 0.5, 2, 2, 2, 2.5, 3, NAN]), f([1, 1, 0, -1, -0.5, -0.5, -1.5, 1]),
     grad=LIMITS)  # fmt: skip
case("Polygamma", tf.polygamma, t([0, 1, 2, 3]), t([0.5, 1.5, 2.5, 8]), dtypes="f d",
     numeric="a has no gradient")  # fmt: skip
case("Polygamma", tf.math.polygamma, d([[1], [2], [5]]), d([0.1, 1, 20]),
     numeric="a has no gradient")  # fmt: skip
case("Polygamma", tf.polygamma, f([0, 0.5, -1, 1, 2]), f([1, 1, 1, 0, -0.5]), grad=LIMITS)
error("Lgamma", tf.lgamma, i(2), error="TypeError", says="has DataType int32 not in list")
