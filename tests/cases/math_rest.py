"""Rows of mathematics without a family of its own: gamma, Bessel functions, counts, searches."""

from __future__ import annotations

import importlib
import os

import numpy as np

from _rows import LIMITS, b, case, d, error, f, i, l, s, t, tf, unary_rows

NAN, INF = float("nan"), float("inf")


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = {port: inputs[n] for n, port in enumerate(ports.split())}
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        found = importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)
        return tuple(found) if isinstance(found, tuple) else found

    return made


# --- incomplete gamma and beta functions ---
A = [0.1, 0.5, 1, 2.5, 5, 20, 30, 100, 199, 1e-3]
X = [0.2, 0.1, 1.5, 2, 5.5, 30, 12, 101, 190, 0.5]
NO_SECOND = "TensorFlow has no second gradient to a"
for op, fn in (("Igamma", tf.igamma), ("Igammac", tf.igammac)):
    case(op, fn, t(A), t(X), dtypes="f d", tol=2e-4, numeric=NO_SECOND)
    case(op, fn, d(A), d(X), tol=1e-8, numeric=NO_SECOND)
    case(
        op, lambda x, fn=fn: fn(np.float64([0.5, 2, 8]), x), d([0.5, 1, 9]), tol=1e-9, id=op + "-x"
    )
    case(op, fn, d(2, 1, 3, positive=True), d(4, 1, positive=True), tol=1e-6, numeric=NO_SECOND)
    case(op, fn, d(2, 3, positive=True), d(positive=True), tol=1e-6, numeric=NO_SECOND)
    case(op, fn, f.empty, f(3), numeric=NO_SECOND)
    nans = [1, 1, NAN, 1, 1, -0.5, 1] + [1, 1] * (op == "Igamma")
    case(op, fn, f(nans), f([0, -1, 1, NAN, INF, 1, INF] + [0, 0] * (op == "Igamma")), grad=LIMITS)
    error(op, fn, f(2), f(3), says="Dimensions must be equal, but are 2 and 3")
    error(op, fn, f(2), f(3), at="run", says="Incompatible shapes: [2] vs. [3]")
case("IgammaGradA", raw("IgammaGradA", "a x"), t(A), t(X), dtypes="f d", tol=2e-4,
     grad="there is none")  # fmt: skip
case("IgammaGradA", raw("IgammaGradA", "a x"), f([1, 1, -1, NAN]), f([0, INF, 1, 1]), grad="none")
P, Q = [0.5, 1, 2, 5, 30, 1e-3, 500], [0.5, 3, 2.5, 0.1, 40, 1e-3, 700]
R = [0.1, 0.2, 0.3, 0.9, 0.5, 0.5, 0.42]
case("Betainc", tf.betainc, t(P), t(Q), t(R), dtypes="f d", tol=2e-4, numeric="x only")
case(
    "Betainc", lambda x: tf.betainc(np.float64(2), np.float64(3), x), d([0.1, 0.5, 0.9]), id="beta"
)
case("Betainc", tf.math.betainc, d([2, 3]), d(value=2), d([0.5, 0.25]), numeric="x only")
case("Betainc", tf.betainc, d(value=2), d(value=2), d([0.5, 0.25]), numeric="x only")
case("Betainc", tf.betainc, d([2, 5]), d([2, 0.5]), d(value=0.25), numeric="x only")
case("Betainc", tf.betainc, f([2, 2, 0, -1, NAN, 1, 1, 1]), f([2, 2, 1, 1, 1, 0, 1, 1]),
     f([0, 1, 0.5, 0.5, 0.5, 0.5, -0.5, 1.5]), grad=LIMITS)  # fmt: skip
case("Betainc", tf.betainc, f(0, 2), f(0, 2), f(0, 2))
error("Betainc", tf.betainc, f(2), f(2), f(3), says="Dimension 0 in both shapes must be equal, but")
error("Betainc", tf.betainc, f(2), f(2), f(3), at="run",
      says="Shapes of a and x are inconsistent: [2] vs. [3]")  # fmt: skip
case("Lgamma", tf.lbeta, t(2, 3, positive=True), dtypes="f d")
case("Lgamma", tf.math.lbeta, d([1, 2.5]))
case("Lgamma", tf.lbeta, f(2, 0), grad="it is constant")

# --- Bessel functions ---
unary_rows("BesselI0e", tf.math.bessel_i0e, "d f h", low=0.3, high=20)
unary_rows("BesselI1e", tf.math.bessel_i1e, "d f h", low=0.3, high=20)
for op, fn in (("BesselI0e", tf.math.bessel_i0), ("BesselI1e", tf.math.bessel_i1)):
    case(op, fn, t([-9, -1, 0.1, 2, 8, 11]), dtypes="d f", tol=1e-4)
case("BesselI1e", tf.math.bessel_i1e, d([0, 1e-20, -1e-17, -1e-3, 1e-3]))

# --- neighbours, polynomials ---
case("NextAfter", tf.math.nextafter, t([0, 1, 1, INF, -0.0, 1, 0]), t([1, 2, 0, 0, 0, 1, -1]),
     dtypes="f d", numeric="it steps")  # fmt: skip
case("NextAfter", tf.math.nextafter, f([NAN, 1]), f([1, NAN]), grad=LIMITS)
case("NextAfter", tf.math.nextafter, d(2, 1), d(3), numeric="it steps")
error("NextAfter", tf.math.nextafter, f(2), f(3), says="Dimensions must be equal, but are 2 and 3")
case("Mul", tf.math.polyval, [f(), f(), f()], t(2, 3), dtypes="f")
case("Mul", lambda x: tf.math.polyval([1.5, -2.0, 3.0], x), t(2, 3), dtypes="f", id="polyval")
case("ZerosLike", lambda x: tf.math.polyval([], x), t(3), dtypes="f", id="polyval-0")

# --- running log sums ---
LOWEST = "a difference beside the lowest number is 0"
CLS = tf.math.cumulative_logsumexp
case("CumulativeLogsumexp", CLS, t(2, 3), dtypes="d f h")
for kw in (
    {"axis": 1},
    {"axis": -1, "exclusive": True, "numeric": LOWEST},
    {"axis": 1, "reverse": True},
):
    case("CumulativeLogsumexp", CLS, d(2, 3), **kw)
case("CumulativeLogsumexp", CLS, d(3, 2), exclusive=True, reverse=True, numeric=LOWEST)
case("CumulativeLogsumexp", CLS, f([1000, -1000, 1001, 1001]), numeric="it is far from 0")
case("CumulativeLogsumexp", CLS, f([-INF, -INF, 1, INF]), grad=LIMITS)
case("CumulativeLogsumexp", CLS, f(0, 3))
error("CumulativeLogsumexp", CLS, f(2), axis=1, at="run",
      says="ScanOp: Expected scan axis in the range [-1, 1), but got 1")  # fmt: skip

# --- counts ---
case("Bincount", tf.bincount, i([1, 2, 1, 5]))
case("Bincount", tf.math.bincount, i([[1, 2], [1, 0]]), minlength=6)
case("Bincount", tf.bincount, i([1, 2, 1, 5]), maxlength=3, dtype=tf.float64)
case("Bincount", tf.bincount, i([]), minlength=2, dtype=tf.int64)
case("Bincount", tf.bincount, i([]))
case("UnsortedSegmentSum", tf.bincount, i([1, 2, 1]), f(3))
case("UnsortedSegmentSum", tf.bincount, i([1, 2, 1]), t(3), dtypes="d i", minlength=5)
error("Bincount", tf.bincount, i([1, -2]), at="run", says="Input arr must be non-negative!")
bins = raw("Bincount", "arr size weights")
case("Bincount", bins, i([1, 2, 1, 7]), 4, t(4), dtypes="f d i l", grad="there is none")
case("Bincount", bins, i([[1, 2], [1, 0]]), i(value=3), f(0), grad="there is none")
case("Bincount", bins, i([1]), 0, f(0), grad="there is none")
error("Bincount", bins, i([1]), -1, f(0), says="size (-1) must be non-negative")
error("Bincount", bins, i([1]), i(value=-1), f(0), at="run", says="size (-1) must be non-negative")
error("Bincount", bins, i([1]), [1], f(0), says="Shape must be rank 0 but is rank 1")

hist = tf.histogram_fixed_width
case("HistogramFixedWidth", hist, t([-1, 0, 1.5, 2, 5, 15]), t([0, 5]), dtypes="f d i l", nbins=5)
case("HistogramFixedWidth", hist, f([INF, -INF, 3]), f([0, 5]), 5, tf.int64)
case("HistogramFixedWidth", hist, f(2, 3), [-1.0, 1.0])
case("HistogramFixedWidth", hist, f([0.3, 0.7999999]), f([0, 1]), i(value=5))
case("HistogramFixedWidth", hist, f(0), f([0, 5]), 3)
error("HistogramFixedWidth", hist, f(2), [1.0, 2.0, 3.0], says="Dimension must be 2 but is 3")
error("HistogramFixedWidth", hist, f(2), [1.0, 2.0], [5], says="Shape must be rank 0 but is rank 1")
error("HistogramFixedWidth", hist, f(2), [1.0, 2.0], -5, says="Requires nbins > 0: -5")
error("HistogramFixedWidth", hist, f(2), f([5, 0]), 5, at="run",
      says="value_range should satisfy value_range[0] < value_range[1], but got '[5, 0]'",
      )  # fmt: skip
error("HistogramFixedWidth", hist, f(2), f([0, 5]), i(value=0), at="run",
      says="nbins should be a positive number, but got '0'")  # fmt: skip
error("HistogramFixedWidth", hist, f(2), f([0, 5, 6]), 3, at="run",
      says="value_range should be a vector of 2 elements.")  # fmt: skip
case("Floor", tf.histogram_fixed_width_bins, t([-1, 0, 1.5, 2, 5, 15]), [0.0, 5.0], dtypes="f",
     nbins=5)  # fmt: skip
case("Floor", tf.histogram_fixed_width_bins, d(2, 3), d([-1, 1]))
bucketize = raw("Bucketize", "input", boundaries=[0.0, 10.0, 100.0])
case("Bucketize", bucketize, t([[-5, 0, 10, 100, 1000]]), dtypes="f d i l")
case("Bucketize", bucketize, f([NAN, INF, -INF, -0.0]))
case("Bucketize", raw("Bucketize", "input", boundaries=[]), f(3))
error("Bucketize", raw("Bucketize", "input", boundaries=[3.0, 1.0]), f(3), at="run",
      says="Expected sorted boundaries")  # fmt: skip

cm = tf.confusion_matrix
case("SparseTensorDenseAdd", cm, i([0, 1, 2, 1]), i([0, 2, 2, 1]))
case(
    "SparseTensorDenseAdd",
    tf.math.confusion_matrix,
    i([0, 1, 2]),
    i([0, 2, 2]),
    4,
    tf.float32,
)
case(
    "SparseTensorDenseAdd",
    cm,
    i([0, 1, 1]),
    i([0, 1, 1]),
    weights=f(3),
    dtype=tf.float64,
)
case("SparseTensorDenseAdd", cm, l([[0], [1]]), l([1, 1]))
case("SparseTensorDenseAdd", cm, f([0, 1]), f([[1], [1]]), num_classes=3, name="here")
error("SparseTensorDenseAdd", cm, i([0, -1]), i([0, 1]), at="run",
      says="`labels` contains negative values")  # fmt: skip
error("SparseTensorDenseAdd", cm, i([0, 1]), i([0, 3]), 3, at="run",
      says="`predictions` out of bound")  # fmt: skip
error("SparseTensorDenseAdd", cm, i([0, 1]), i([0, 1]), weights=f(3),
      says="Shapes (2,) and (3,) are incompatible")  # fmt: skip

# --- searches ---
SORTED = [[1, 3, 3, 9], [0, 2, 4, 8]]
WANTED = [[0, 3, 10], [2, -1, 9]]
for side in ("left", "right"):
    op = "LowerBound" if side == "left" else "UpperBound"
    case(op, tf.searchsorted, t(SORTED), t(WANTED), side, dtypes="f d i l i8")
    case(op, tf.searchsorted, t([1, 3, 3, 9]), t([0, 3, 10, 1, 9]), side, tf.int64, dtypes="f i")
    case(op, tf.searchsorted, f([[1, 3, NAN]]), f([[2, NAN, INF]]), side)
error("LowerBound", tf.searchsorted, f(3), f(3), "x", says="side must be either 'right' or 'left'.")
lower = raw("LowerBound", "sorted_inputs values")
case("LowerBound", lower, f(1, 0), f([[1, 2]]))
case("LowerBound", lower, f([[1, 2]]), f(1, 0))
error("LowerBound", lower, f(2, 2), f(2), says="Shape must be rank 2 but is rank 1")
error("LowerBound", lower, f(2, 2), f(1, 2), at="run", says="Leading dim_size of both tensors must")

case("UnravelIndex", tf.unravel_index, t([7, 0, 3]), t([2, 4]), dtypes="i l")
case("UnravelIndex", tf.unravel_index, i(value=5), [2, 3])
case("UnravelIndex", tf.unravel_index, i([8, -1]), [2, 4])
case("UnravelIndex", tf.unravel_index, i([]), [2, 3, 4])
case("UnravelIndex", tf.unravel_index, i([23, 7]), [2, 3, 4])
error("UnravelIndex", tf.unravel_index, i([1]), 4, says="Shape must be rank 1 but is rank 0")
error("UnravelIndex", tf.unravel_index, i([[1, 2]]), [2, 4], at="run",
      says='The indices can only be scalar or vector, got "[1,2]"')  # fmt: skip

# --- stacks ---
NEEDS = "TensorFlow needs to know the sizes"
case("ParallelConcat", tf.parallel_stack, [f(2, 3), f(2, 3)], grad="there is none")
case("ParallelConcat", tf.parallel_stack, [i(), i(), i()], name="here")
error("ParallelConcat", tf.parallel_stack, [f(2), f(3)], says="Dimension 1 in both shapes must be")
pc = lambda x: raw("ParallelConcat", "values", shape=[2, 2])([x])
error("ParallelConcat", pc, f(2, 2), says="Size of first dimension must be 1.")

# --- scattered slices ---
for op, fn in (
    ("TensorScatterUpdate", tf.tensor_scatter_update),
    ("TensorScatterAdd", tf.tensor_scatter_add),
    ("TensorScatterSub", tf.tensor_scatter_sub),
    ("ScatterNdNonAliasingAdd", raw("ScatterNdNonAliasingAdd", "input indices updates")),
):
    case(op, fn, t(4), [[1], [3]], t(2), dtypes="d f h bf i l i8 u8 i16 c z")
    case(op, fn, d(4, 2), [[3], [0]], d(2, 2))
    case(op, fn, d(2, 3), l([[[0, 1]], [[1, 2]]]), d(2, 1))
    error(op, fn, d(2, 2), np.zeros((1, 0), np.int32), d(1, 2, 2), at="run",
          says="Indices and updates specified for empty output")  # fmt: skip
    case(op, fn, d(2), np.zeros((0, 1), np.int32), d(0), id=op + "-nothing")
    if op != "TensorScatterUpdate":
        case(op, fn, d(4), [[1], [1], [3]], d(3))
    ends = {"at": "run"}
    error(
        op, fn, f(2), i([[2]]), f(1), says="indices[0] = [2] does not index into shape [2]", **ends
    )
    error(op, fn, f(2), i([[-1]]), f(1), says="indices[0] = [-1] does not index into", **ends)
    error(op, fn, f(2), i([[1]]), f(2), says="imension" + "s" * (op[0] == "T") + " of ",
          **ends)  # fmt: skip
    error(op, fn, f(2, 2), i([[1]]), f(1), says="ust ", **ends)
    error(
        op, fn, f(3), [[1]], f(2), says="The outer 1 dimensions of indices.shape=[1,1] must match"
    )
    error(op, fn, f(3, 2), [[1]], f(1, 3), says=".shape=[3,2] must match the inner")
case("TensorScatterUpdate", tf.tensor_scatter_nd_update, s(3), [[1]], s(1))
case("TensorScatterUpdate", tf.tensor_scatter_nd_update, b(3), [[1]], b(1))
case("TensorScatterUpdate", tf.tensor_scatter_nd_update, i(3), [[1], [1]], i([5, 6]))
case("TensorScatterAdd", tf.tensor_scatter_nd_add, f(3), [[1]], f(1))
case("TensorScatterSub", tf.tensor_scatter_nd_sub, f(3), [[1]], f(1))
add = raw("ScatterNdNonAliasingAdd", "input indices updates")
case("ScatterNdNonAliasingAdd", add, b([True, False]), [[1], [1]], b([True, False]))
