"""Rows of Cumsum and Cumprod."""

from __future__ import annotations

from _rows import case, error, f, i, t, tf

for op, fn in (("Cumsum", tf.cumsum), ("Cumprod", tf.cumprod)):
    case(op, fn, t(2, 3, low=1, high=3), dtypes="f d h bf i l i8 u8 i16 u16")
    case(op, fn, f(2, 3), axis=1)
    case(op, fn, f(2, 3), axis=-1, exclusive=True)
    case(op, fn, f(2, 3), axis=1, reverse=True)
    case(op, fn, f(3, 2, 2), axis=0, exclusive=True, reverse=True)
    case(op, fn, t(2, 3), dtypes="c z", grad="TensorFlow 1.15 does not conjugate")
    case(op, fn, f(0, 3))
    case(op, fn, f(1), exclusive=True)
    case(op, lambda x, a, fn=fn: fn(x, a), f(2, 3), i(value=1), id=op + "-fed-axis")
    error(op, fn, f(2, 3), i(value=2), at="run",
          says="ScanOp: Expected scan axis in the range [-2, 2), but got 2")  # fmt: skip
