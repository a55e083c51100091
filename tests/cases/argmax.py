"""Rows of ArgMax and ArgMin."""

from __future__ import annotations

from _rows import case, error, f, i, t, tf

NAN = float("nan")
INF = float("inf")

for op, fn in (("ArgMax", tf.argmax), ("ArgMin", tf.argmin)):
    more = " u32 u64" if op == "ArgMax" else ""  # TensorFlow 1.15.5's ArgMin is wrong for these
    case(op, fn, t(3, 4), dtypes="f d h bf i l i8 u8 i16 u16" + more)
    case(op, fn, f(3, 4), 1)
    case(op, fn, f(3, 4), axis=-2)
    case(op, fn, f(3, 4, 2), 1, output_type=tf.int32)
    case(op, fn, f(5), dimension=0)
    case(op, fn, f([[3, 3, 1], [1, 1, 3]]), 1)
    case(op, fn, f([[NAN, 1, 3, NAN], [NAN, NAN, NAN, NAN], [INF, -INF, NAN, 0]]), 1)
    case(op, fn, f(0, 3), 1)
    case(op, lambda x, a, fn=fn: fn(x, a), f(3, 4), i(value=1), id=op + "-fed-axis")
    error(op, fn, f(2, 3), 5, says="Dimension (5) must be in the range [-2, 2)")
    error(op, fn, f(2, 3), i(value=-3), at="run", says="Expected dimension in the range [-2, 2)")
    error(op, fn, f(0, 3), i(value=0), at="run", says="Reduction axis 0 is empty in shape [0,3]")

case("ArgMax", tf.arg_max, f(3, 4), 1)
case("ArgMin", tf.arg_min, f(3, 4), 1)
