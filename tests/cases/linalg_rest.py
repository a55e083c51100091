"""Rows of linear algebra beyond systems and decompositions."""

from __future__ import annotations

import importlib
import os

import numpy as np

from _rows import LIMITS, c, case, d, error, f, i, t, tf, z

NAN = float("nan")
HALF = "TensorFlow 1.15.5 has no kernel for half"


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = {port: inputs[n] for n, port in enumerate(ports.split())}
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        found = importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)
        return tuple(found) if isinstance(found, tuple) else found

    return made


def positive(x):
    """Positive definite matrices."""
    n = x.shape[-1].value
    return tf.matmul(x, x, adjoint_b=True) + np.eye(n, dtype=x.dtype.as_numpy_dtype)


# --- MatrixSquareRoot and MatrixLogarithm ---
root = tf.matrix_square_root
case("MatrixSquareRoot", lambda x: root(positive(x)), t(3, 3), dtypes="f d", id="sqrtm", tol=1e-4)
case("MatrixSquareRoot", lambda x: root(positive(x)), t(3, 3), dtypes="c z", id="sqrtm-complex",
     tol=1e-4, grad="TensorFlow does not conjugate")  # fmt: skip
case("MatrixSquareRoot", lambda x: tf.linalg.sqrtm(positive(x)), d(2, 2, 3, 3), id="sqrtm-batch",
     tol=1e-8)  # fmt: skip
case("MatrixSquareRoot", root, t([[1, 1], [0, 2]]), dtypes="d f z")
case("MatrixSquareRoot", root, d([[1, 1], [0, 1]]))
case("MatrixSquareRoot", root, d([[0, -1], [1, 0]]))
case("MatrixSquareRoot", root, d([[5]]))
case("MatrixSquareRoot", root, z([[-1, 0], [0, 4j]]), grad="TensorFlow does not conjugate")
case("MatrixSquareRoot", root, f([[-1, 0], [0, -1]]), grad=LIMITS)
case("MatrixSquareRoot", root, f([[0, 0], [0, 0]]), grad=LIMITS)
case("MatrixSquareRoot", root, f([[1, NAN], [0, 2]]), grad=LIMITS)
case("MatrixSquareRoot", root, f(0, 2, 2), grad="it is empty")
case("MatrixSquareRoot", lambda x: root(positive(x)), f(0, 0), grad="it is empty", id="sqrtm-0")
error("MatrixSquareRoot", root, f(2, 3), says="Dimensions must be equal, but are 2 and 3")
error("MatrixSquareRoot", root, f(3), says="Shape must be at least rank 2 but is rank 1")
error("MatrixSquareRoot", root, f(2, 3), at="run", says="Input matrix must be square.")
log = tf.linalg.logm
case("MatrixLogarithm", lambda x: log(positive(x)), t(2, 3, 3), dtypes="c z", id="logm", tol=1e-4,
     grad="there is none")  # fmt: skip
case("MatrixLogarithm", log, c(3, 3), tol=1e-4, grad="there is none")
case("MatrixLogarithm", log, z([[1, 1], [0, 1]]), grad="there is none")
case("MatrixLogarithm", log, z([[1, 1e6], [0, 2]]), grad="there is none", tol=1e-8)
case("MatrixLogarithm", log, c([[-1, 0], [0, -2]]), grad="there is none")
case("MatrixLogarithm", log, c(0, 0), grad="there is none")
error("MatrixLogarithm", log, c(2, 3), says="Dimensions must be equal, but are 2 and 3")
error("MatrixLogarithm", log, f(2, 2), error="TypeError", says="has DataType float32 not in list")
error("MatrixLogarithm", log, c(2, 3), at="run", says="Input matrix must be square.")

# --- Lu ---
lu = lambda x, *rest: tuple(tf.linalg.lu(x, *rest))
case("Lu", lu, t(2, 4, 4), dtypes="f d c z", grad="there is none")
case("Lu", lu, d(5, 5), tf.int64, grad="there is none")
case("Lu", lu, f([[0, 1], [1, 0]]), grad="there is none")
case("Lu", lu, d(70, 70), grad="there is none", tol=1e-9)
case("Lu", lu, f(2, 0, 0), grad="there is none")
case("Lu", lu, f(0, 2, 2), grad="there is none")
error("Lu", lu, f(2, 3), says="Dimensions must be equal, but are 2 and 3")
error("Lu", lu, f([[1, 2], [2, 4]]), at="run", says="Input is not invertible.")
error("Lu", lu, f([[NAN, 2], [2, 4]]), at="run", says="Input is not invertible.")
error("Lu", lu, f(2, 3), at="run", says="Input matrix must be square.")

# --- expm ---
for code in ("f", "d", "c", "z"):
    for high in (0.05, 0.5, 1.5, 3, 20):
        case("MatrixSolve", tf.linalg.expm, t(2, 3, 3, low=-high, high=high), dtypes=code,
             id="expm-%g" % high, tol=1e-4,
             grad=(code in "fd" and high < 3) or "looked at in small ones")  # fmt: skip
case("MatrixSolve", tf.linalg.expm, f(2, 2), tol=1e-4)
case("MatrixSolve", lambda x: tf.linalg.expm(positive(x)), f(3, 3), tol=1e-3,
     id="expm-positive", grad="TensorFlow's is rough")  # fmt: skip
case("MatrixSolve", tf.linalg.expm, f(0, 2, 2), grad="it is empty")
error("MatrixSolve", tf.linalg.expm, f(2, 3), says="Dimensions must be equal, but are")
error("MatrixSolve", tf.linalg.expm, i(2, 2), says="tf.linalg.expm does not support matrices of")

# --- rank and pseudo-inverse ---
rank = tf.linalg.matrix_rank
case("Svd", rank, f([[1, 2], [2, 4]]), grad="whole numbers")
case("Svd", rank, t(2, 3, 4), dtypes="f d", grad="whole numbers")
case("Svd", rank, f(3, 3), 2.0, grad="whole numbers", name="here")
case("Svd", tf.linalg.pinv, t(3, 3), dtypes="f d", tol=1e-3, grad="rough in TensorFlow")
case("Svd", tf.linalg.pinv, d(2, 4, 2), tol=1e-6)
case("Svd", tf.linalg.pinv, d(2, 3), 0.7, tol=1e-6, grad="it cuts a value off")
case("Svd", tf.linalg.pinv, d([[1, 2], [2, 4]]), tol=1e-9, grad="it is singular")
for fn in (rank, tf.linalg.pinv):
    error("Svd", fn, i(2, 2), error="TypeError", says="Input `a` must have `float`-like `dtype`")
    error("Svd", fn, f(2), says="Input `a` must have at least 2 dimensions (saw: 1).")

# --- three diagonals ---
solve = tf.linalg.tridiagonal_solve
OFF = "the gradients of elements without effect"
for pivots in (True, False):
    case("TridiagonalSolve", lambda a, b, pivots=pivots: solve(
        a + np.array([[0], [5], [0]], a.dtype.as_numpy_dtype), b, partial_pivoting=pivots),
        t(2, 3, 4), t(2, 4, 2), dtypes="d f", tol=1e-4, id="tridiagonal-%s" % pivots)  # fmt: skip
case("TridiagonalSolve", solve, d(3, 5), d(5), tol=1e-8)
case("TridiagonalSolve", solve, d([[1, 2, 0], [0, 1, 3], [0, 5, 7]]), d(3), tol=1e-8)
case("TridiagonalSolve", solve, z(3, 4), z(4, 2), tol=1e-8, grad="TensorFlow does not conjugate")
case("TridiagonalSolve", solve, z(3, 4), z(2, 4), transpose_rhs=True, conjugate_rhs=True, tol=1e-8,
     grad="TensorFlow does not conjugate")  # fmt: skip
case("TridiagonalSolve", solve, c(3, 4), c(4), conjugate_rhs=True, tol=1e-4,
     grad="TensorFlow does not conjugate")  # fmt: skip
case("TridiagonalSolve", solve, d(3, 4), d(2, 4), transpose_rhs=True, tol=1e-8)
for n in (0, 1, 2):
    case("TridiagonalSolve", solve, d(3, n), d(n), tol=1e-8, grad=n > 0 or "it does not fit")


def of_sizes(*lines):
    """The tensors, whose sizes are known in any case: those of outer diagonals matter."""
    for line, n in zip(lines, (3, 4, 3)):  # noqa: B905 - Python 3.7
        line.set_shape([n])
    return lines


case("TridiagonalSolve", lambda *x: solve(of_sizes(*x[:3]), x[3], "sequence"), d(3), d(4), d(3),
     d(4), tol=1e-8, id="tridiagonal-sequence", static="the row sets it")  # fmt: skip
case("TridiagonalSolve", lambda *x: solve(x[:3], x[3], "sequence"), d(2, 4), d(2, 4), d(2, 4),
     d(2, 4, 1), tol=1e-8, id="tridiagonal-full-sequence")  # fmt: skip
case("TridiagonalSolve", lambda x, y: solve(x, y, "matrix"), d(4, 4), d(4), tol=1e-8,
     id="tridiagonal-matrix", static="it needs the sizes")  # fmt: skip
error("TridiagonalSolve", solve, f(3, 2), f(2), "x", says="Unrecognized diagonals_format: x")
error("TridiagonalSolve", solve, f(3), f(2), says="Expected diagonals to have rank at least 2")
error("TridiagonalSolve", solve, f(3, 2), f(2, 2, 2), says="Expected the rank of rhs to be 1 or 2")
error("TridiagonalSolve", solve, f(2, 2), f(2), says="Expected 3 diagonals got 2")
error("TridiagonalSolve", solve, f(3, 2), f(3), says="Expected number of left-hand sided and right")
error("TridiagonalSolve", solve, f([[0, 0], [0, 0], [0, 0]]), f(2), at="run",
      says="The matrix is not invertible.")  # fmt: skip
error("TridiagonalSolve", solve, f([[0], [0], [0]]), f(1), at="run",
      says="The matrix is not invertible: it is a scalar with value zero.")  # fmt: skip
error("TridiagonalSolve", solve, f([[1, 0], [0, 1], [0, 1]]), f(2), partial_pivoting=False,
      at="run", says="The matrix is either not invertible, or requires pivoting.")  # fmt: skip
plain = raw("TridiagonalSolve", "diagonals rhs")
error("TridiagonalSolve", plain, f(2, 3), f(3, 1), says="Dimension must be 3 but is 2")
error("TridiagonalSolve", plain, f(3, 3), f(2, 1), says="Dimensions must be equal, but are 3 and 2")
error("TridiagonalSolve", plain, f(2, 3), f(3, 1), at="run",
      says="Expected diagonals to be provided as a matrix with 3 rows, got 2 rows.")  # fmt: skip
error("TridiagonalSolve", plain, f(3, 3), f(2, 1), at="run",
      says="Expected the same number of left-hand sides and right-hand sides, got")  # fmt: skip
error("TridiagonalSolve", plain, f(1, 3, 3), f(3, 1), at="run",
      says="All input tensors must have the same rank.")  # fmt: skip

product = tf.linalg.tridiagonal_matmul
case("TridiagonalMatMul", product, t(3, 4), t(4, 2), dtypes="d f")
case("TridiagonalMatMul", product, d(2, 3, 4), d(2, 4, 2))
case("TridiagonalMatMul", product, t(3, 4), t(4, 2), dtypes="z c")
case("TridiagonalMatMul", lambda *x: product(x[:3], x[3], "sequence"), d(4), d(4), d(4), d(4, 2),
     id="tridiagonal_matmul-sequence")  # fmt: skip
case("TridiagonalMatMul", lambda x, y: product(x, y, "matrix"), d(4, 4), d(4, 2),
     id="tridiagonal_matmul-matrix", static="it needs the sizes")  # fmt: skip
case("TridiagonalMatMul", product, d(3, 1), d(1, 2))
case("TridiagonalMatMul", product, f(2, 3, 0), f(2, 0, 2))
error("TridiagonalMatMul", product, f(3, 4), f(4, 2), "x", says="Unrecognized diagonals_format: x")
mul = raw("TridiagonalMatMul", "superdiag maindiag subdiag rhs")
L = f(1, 3)
error("TridiagonalMatMul", mul, L, L, f(1, 2), f(3, 1), says="Dimension 1 in both shapes must be")
error("TridiagonalMatMul", mul, L, L, L, f(2, 1), says="Dimensions must be equal, but are 3 and 2")
error("TridiagonalMatMul", mul, L, L, L, f(3), says="Shape must be at least rank 2 but is rank 1")
error("TridiagonalMatMul", mul, L, L, f(1, 2), f(3, 1), at="run",
      says="Invalid subdiagonal shape.")  # fmt: skip
error("TridiagonalMatMul", mul, f(2, 3), L, L, f(3, 1), at="run",
      says="Invalid superdiagonal shape.")  # fmt: skip
error("TridiagonalMatMul", mul, f(1, 1, 3), L, L, f(3, 1), at="run",
      says="All input tensors must have the same rank.")  # fmt: skip

# --- bands of diagonals ---
DIAG = raw("MatrixDiagV2", "diagonal k num_rows num_cols padding_value")
PART = raw("MatrixDiagPartV2", "input k padding_value")
SET = raw("MatrixSetDiagV2", "input diagonal k")


MINUS = "TensorFlow 1.15 counts with -1 in place of an unknown size"


def of_type(x, dtype):
    """A number as an array in the type of a tensor."""
    return np.array(x, dtype.as_numpy_dtype)


def diag(x, k, rows=-1, columns=-1, value=0):
    return DIAG(x, k, rows, columns, of_type(value, x.dtype))


def part(x, k, value=0):
    return PART(x, k, of_type(value, x.dtype))


case("MatrixDiagV2", lambda x: diag(x, 0), t(2, 3), dtypes="d f h i l b c", id="diag-0")
for k in (0, 1, -1, 5, [1], [0, 0]):
    case("MatrixDiagV2", lambda x, k=k: diag(x, k), d(2, 3), id="diag-%s" % k, static=MINUS)
case("MatrixDiagV2", lambda x, k: diag(x, k, value=9), d(2, 3), i([-1, 0]), id="diag-fed")
for k, sizes in ((1, (2, 3)), (1, (3, -1)), (1, (-1, 5)), (-1, (-1, -1)), (0, (2, 2))):
    case("MatrixDiagV2", lambda x, k=k, sizes=sizes: diag(x, k, *sizes), d(2, 2),
         id="diag-%s-%s-%s" % (k, *sizes), static=MINUS,
         grad=k == 0 or "that of TensorFlow 1.15 forgets k")  # fmt: skip
for k, sizes in (([0, 1], (-1, -1)), ([-1, 0], (3, 3)), ([0, 1], (3, 4)), ([-1, 0], (-1, 4))):
    case("MatrixDiagV2", lambda x, k=k, sizes=sizes: diag(x, k, *sizes, value=7), d(3, 2, 3),
         id="diag-%s-%s-%s" % (k, *sizes), static=MINUS)  # fmt: skip
case("MatrixDiagV2", lambda x: diag(x, 0), d(0), id="diag-nothing")
for k, shape, sizes, says, run in (
    ([1, 0], (2, 3), (-1, -1), "lower_diag_index is greater than upper_diag_index",
     "lower_diag_index must not be larger than upper_diag_index: 1 > 0"),
    ([0, 2], (2, 3), (-1, -1), "The number of rows of `diagonal` doesn't match the number of",
     "The number of diagonals provided in the input does not match the lower_diag_index and"),
    ([[1]], (2,), (-1, -1), "Shape must be at most rank 1 but is rank 2",
     "diag_index must be a scalar or vector, received shape: [1,1]"),
    ([0, 1, 2], (2,), (-1, -1), "diag_index must be a vector with one or two elements. It has 3",
     "diag_index must have only one or two elements, received 3 elements."),
    (0, (2,), (7, 7), "num_rows and num_cols are not consistent with lower_diag_index",
     "The number of rows or columns is not consistent with the specified d_lower, d_upper"),
    (0, (), (-1, -1), "Shape must be at least rank 1 but is rank 0",
     "diagonal must be at least 1-dim, received shape: []"),
    (0, (2,), (1, -1), "num_rows is too small", "The number of rows is too small."),
    (0, (2,), (-1, 1), "num_cols is too small", "The number of columns is too small."),
):  # fmt: skip
    error("MatrixDiagV2", lambda x, k=k, sizes=sizes: diag(x, k, *sizes), f(*shape), says=says,
          id="diag-%s-%s-%s" % (k, shape, sizes))  # fmt: skip
    error("MatrixDiagV2", lambda x, k, m, n: diag(x, k, m, n), f(*shape), i(value=k),
          *[i(value=n) for n in sizes], at="run", says=run,
          id="diag-run-%s-%s-%s" % (k, shape, sizes))  # fmt: skip
case("MatrixDiagPartV2", lambda x: part(x, 0), t(3, 4), dtypes="d f i b c", id="part-0")
for k in (1, -2, 3, [-1, 1], [-2, 3], [1, 1], [2, 3]):
    case("MatrixDiagPartV2", lambda x, k=k: part(x, k, 9), d(2, 3, 4), id="part-%s" % k)
case("MatrixDiagPartV2", lambda x, k: part(x, k, 9), d(3, 4), i([-1, 1]), id="part-fed")
case("MatrixDiagPartV2", lambda x: part(x, 0), f(0, 2), id="part-nothing")
for k, shape, says, run in (
    (4, (3, 4), "lower_diag_index is out of bound.",
     "lower_diag_index is out of bound: 4. It must be between -3 and 4"),
    ([-3, 0], (3, 4), "lower_diag_index is out of bound.",
     "lower_diag_index is out of bound: -3. It must be between -3 and 4"),
    ([1, 0], (3, 4), "lower_diag_index is greater than upper_diag_index",
     "lower_diag_index must not be larger than upper_diag_index: 1 > 0"),
    (0, (2,), "Shape must be at least rank 2 but is rank 1",
     "input must be at least 2-dim, received shape: [2]"),
):  # fmt: skip
    error("MatrixDiagPartV2", lambda x, k=k: part(x, k), f(*shape), says=says, id="part-%s" % k)
    error("MatrixDiagPartV2", part, f(*shape), i(value=k), at="run", says=run, id="part-run-%s" % k)
for k, shape in ((0, (2, 3)), (1, (2, 3)), (-2, (2, 1)), ([-1, 1], (2, 3, 3))):
    case("MatrixSetDiagV2", lambda x, y, k=k: SET(x, y, k), d(2, 3, 4), d(*shape), id="set-%s" % k,
         grad=k == 0 or "that of TensorFlow 1.15 forgets k")  # fmt: skip
case("MatrixSetDiagV2", lambda x, y: SET(x, y, 0), t(3, 4), t(3), dtypes="f i b c", id="set-types")
case("MatrixSetDiagV2", SET, d(3, 4), d(2, 3), i([0, 1]))
for k, shape, says, run in (
    (4, (1,), "lower_diag_index is out of bound.",
     "lower_diag_index is out of bound: 4 It must be between -3 and 4"),
    (0, (1, 3), "Shape must be rank 1 but is rank 2", "Either first dimensions of diagonal don't"),
    ([1, 0], (3,), "lower_diag_index is greater than upper_diag_index",
     "lower_diag_index must not be larger than upper_diag_index: 1 > 0"),
):  # fmt: skip
    error("MatrixSetDiagV2", lambda x, y, k=k: SET(x, y, k), f(3, 4), f(*shape), says=says,
          id="set-%s" % k)  # fmt: skip
    error("MatrixSetDiagV2", SET, f(3, 4), f(*shape), i(value=k), at="run", says=run,
          id="set-run-%s" % k)  # fmt: skip
error("MatrixSetDiagV2", SET, f(3, 4), f(2, 3), i([0, 2]), at="run",
      says="The number of diagonals provided in `diag` is not consistent with")  # fmt: skip
error("MatrixSetDiagV2", SET, f(3, 4), f(2), i(value=0), at="run",
      says="Either first dimensions of diagonal don't match input.shape[:-2]")  # fmt: skip

# --- Qr ---
case("Qr", tf.linalg.qr, d(4, 3), tol=1e-10)
case("Qr", tf.linalg.qr, d(2, 3, 3), tol=1e-10)
case("Qr", tf.linalg.qr, d(2, 4), tol=1e-10, grad="TensorFlow 1.15 has none of wide matrices")
case("Qr", tf.linalg.qr, d(4, 2), full_matrices=True, tol=1e-10,
     grad="TensorFlow 1.15 has none of full matrices")  # fmt: skip
error("Qr", tf.linalg.qr, d(3), says="Shape must be at least rank 2 but is rank 1")
error("Qr", lambda x: tf.gradients(tf.linalg.qr(x).q, x)[0], d(2, 4), error="NotImplementedError",
      says="QrGrad not implemented when ncols > nrows")  # fmt: skip
