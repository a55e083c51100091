"""Rows of the reductions."""

from __future__ import annotations

import numpy as np
from _rows import b, case, error, f, i, l, t, tf

NUMBERS = "f d h bf i l i8 u8 i16 u16 u32 u64"
NAN = float("nan")
INF = float("inf")

for op, fn in (
    ("Sum", tf.reduce_sum),
    ("Mean", tf.reduce_mean),
    ("Prod", tf.reduce_prod),
    ("Max", tf.reduce_max),
    ("Min", tf.reduce_min),
):
    complex_too = "" if op in ("Max", "Min") else " c z"
    case(op, fn, t(2, 3, low=1, high=4), dtypes=NUMBERS + complex_too)
    case(op, fn, f(2, 3, 4))
    case(op, fn, f(2, 3, 4), axis=0)
    case(op, fn, f(2, 3, 4), axis=1)
    case(op, fn, f(2, 3, 4), axis=-1)
    case(op, fn, f(2, 3, 4), axis=[0, 1])
    case(op, fn, f(2, 3, 4), axis=[1, 2])
    case(op, fn, f(2, 3, 4), axis=[2, 0], keepdims=True)
    case(op, fn, f(2, 3, 4), axis=[-1, -3])
    case(op, fn, f(2, 3, 4), keepdims=True)
    case(op, fn, f(2, 3), axis=[])
    case(op, fn, f())
    case(op, fn, f(3, 1), axis=1)
    case(op, fn, f(2, 3), reduction_indices=1, keep_dims=True)
    case(op, fn, f(2, 3), name="total")
    case(op, lambda x, a, fn=fn: fn(x, a), f(2, 3), i(value=1), id=op + "-fed-axis")
    case(op, lambda x, a, fn=fn: fn(x, a, keepdims=True), f(2, 3), l([1, 0]), id=op + "-fed-axes")
    case(op, fn, f(0, 3), axis=0, numeric="nothing moves")
    case(op, fn, f(0, 3), axis=1)
    case(op, fn, f(0, 3), numeric="nothing moves")
    case(op, fn, i(0))
    case(op, fn, f([[1, NAN, 2], [INF, 1, -INF]]), axis=1, grad="values at the limits")
    error(op, fn, f(2, 3), axis=2, says="Invalid reduction dimension 2 for input with 2 dimensions")
    error(op, fn, f(2, 3), i(value=-3), at="run", says="Invalid reduction dimension (-3 for input")
    error(
        op, fn, b(2, 3), error="TypeError", says="has DataType bool not in list of allowed values"
    )

case("Sum", tf.reduce_sum, [f(), f()], id="Sum-list-of-tensors")
case("Sum", lambda x: tf.reduce_sum(x, axis=np.array([1, 1])), f(2, 3), id="Sum-axis-twice",
     numeric="TensorFlow 1.15 counts the axis twice", grad="TensorFlow cannot")  # fmt: skip
case("Sum", tf.reduce_sum, i([2**31 - 1, 2**31 - 1]))
case("Mean", tf.reduce_mean, i([[-1, -2, -3, -5], [1, 2, 3, 5]]), axis=1)
case("Mean", tf.reduce_mean, i([2**31 - 1, 2**31 - 1]))
case("Prod", tf.reduce_prod, f([[0, 2, 3], [0, 0, 5], [1, 2, 3]]), axis=1,
     numeric="its second order is nan at 0, as that of Cumprod")  # fmt: skip
case("Max", tf.reduce_max, f([[NAN, NAN], [NAN, 1], [-INF, NAN]]), axis=1, grad="nan")
case("Max", tf.reduce_max, f([[NAN], [1]]), axis=1, grad="nan")
case("Max", tf.reduce_max, f([[1, 3, 3], [2, 2, 2]]), axis=1, numeric="equal elements: a kink")
case("Min", tf.reduce_min, f([[NAN, NAN], [NAN, 1], [INF, NAN]]), axis=1, grad="nan")
case("Min", tf.reduce_min, f([[1, 1, 3], [2, 2, 2]]), axis=1, numeric="equal elements: a kink")

for op, fn in (("All", tf.reduce_all), ("Any", tf.reduce_any)):
    case(op, fn, b(2, 3))
    case(op, fn, b([[True, True], [False, True], [False, False]]), axis=1)
    case(op, fn, b([[True, True], [False, True]]), axis=0, keepdims=True)
    case(op, fn, b(0, 3))
    case(op, fn, b(0, 3), axis=0)
    error(op, fn, b(2, 3), axis=5, says="Invalid reduction dimension 5 for input with 2")

norm = tf.math.reduce_euclidean_norm
case("EuclideanNorm", norm, t(2, 3), dtypes="f d h i l", grad="TensorFlow 1.15 has none")
case("EuclideanNorm", norm, f(2, 3), axis=0, keepdims=True, grad="TensorFlow 1.15 has none")
case("EuclideanNorm", norm, f(2, 3), axis=1, golden="TensorFlow 1.15 has no gradient")
case("EuclideanNorm", norm, f([-2, 3]), axis=[], grad="TensorFlow 1.15 has none")
case("EuclideanNorm", norm, f(3, 1), axis=1, golden="TensorFlow 1.15 forgets the absolute value")
case("Square", tf.math.reduce_variance, f(2, 3), axis=1)
case("Square", tf.math.reduce_variance, f(2, 3), keepdims=True)
case("Sqrt", tf.math.reduce_std, f(2, 3), axis=1)
case("Log", tf.reduce_logsumexp, t(2, 3), dtypes="f d h")
case("Log", tf.reduce_logsumexp, f(2, 3), axis=1)
case("Log", tf.reduce_logsumexp, f(2, 3), axis=0, keepdims=True)
case("Log", tf.reduce_logsumexp, f([[1000, 1000], [-INF, -INF], [INF, 0]]), axis=1, grad="limits")
case("NotEqual", tf.count_nonzero, t(3, 4, low=0, high=2), dtypes="f i h l")
case("NotEqual", tf.count_nonzero, i([[0, 1], [0, 0]]), axis=1, keepdims=True, dtype=tf.int32)
case("NotEqual", tf.count_nonzero, b([[True, False]]), 1)
