"""Rows of linear algebra."""

from __future__ import annotations

import importlib
import os

import numpy as np

from _rows import case, d, error, f, h, i, t, tf

NAN = float("nan")
NONE = "TensorFlow registers none"
HALF = "TensorFlow 1.15.5 has no kernel for half"


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = dict(zip(ports.split(), inputs))  # noqa: B905 - Python 3.7
            return tuple(getattr(tf.raw_ops, op_type)(**named, **attrs))
        found = importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)
        return tuple(found) if isinstance(found, tuple) else found

    return made


def positive(x):
    """Positive definite matrices, so that numeric gradients stay within them."""
    n = x.shape[-1].value
    return tf.matmul(x, x, adjoint_b=True) + np.eye(n, dtype=x.dtype.as_numpy_dtype)


def regular(x):
    """Matrices far from singular ones."""
    return x + 3 * np.eye(3, dtype=x.dtype.as_numpy_dtype)


# --- Cholesky ---
case("Cholesky", lambda x: tf.cholesky(positive(x)), t(3, 3), dtypes="f d c z", id="cholesky")
case("Cholesky", lambda x: tf.linalg.cholesky(positive(x)), f(2, 2, 3, 3), id="cholesky-batch")
case("Cholesky", tf.cholesky, f(2, 0, 0))
case("Cholesky", tf.cholesky, f(0, 2, 2))
case("Cholesky", tf.cholesky, f([[4, NAN], [2, 5]]), grad="the upper triangle is nan")
case("Cholesky", tf.cholesky, f([[[1, 0], [NAN, 1]], [[4, 2], [2, 5]]]), grad="there is a nan")
case("Cholesky", lambda x: tf.cholesky(tf.matmul(x, x, adjoint_b=True) + 1), h([[1]]), golden=HALF)
case(
    "Cholesky", lambda x, y: tf.cholesky_solve(tf.cholesky(positive(x)), y), f(3, 3), f(3, 2),
    id="cholesky_solve",
)  # fmt: skip
case("Cholesky", lambda x: tf.linalg.logdet(positive(x)), t(2, 3, 3), dtypes="f d", id="logdet")
error("Cholesky", tf.cholesky, f([[-1, 0], [0, 1]]), at="run",
      says="Cholesky decomposition was not successful. The input might not be valid.")  # fmt: skip
error("Cholesky", tf.cholesky, f(2, 3), says="Dimensions must be equal, but are 2 and 3")
error("Cholesky", tf.cholesky, f(2), says="Shape must be at least rank 2 but is rank 1")
cholesky_grad = raw("CholeskyGrad", "l grad")
if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
    cholesky_grad = lambda x, y: tf.raw_ops.CholeskyGrad(l=x, grad=y)
case(
    "CholeskyGrad",
    cholesky_grad,
    f([[2, 9], [1, 3]]),
    f([[1, 2], [3, 4]]),
    id="CholeskyGrad",
    grad=NONE,
)
case("CholeskyGrad", cholesky_grad, d([[[2, 0], [1, 3]]]), d(1, 2, 2), id="CholeskyGrad-d",
     grad=NONE)  # fmt: skip

# --- MatrixInverse ---
case("MatrixInverse", lambda x: tf.matrix_inverse(regular(x)), t(3, 3), dtypes="f d c z", id="inv")
case("MatrixInverse", lambda x: tf.linalg.inv(regular(x)), f(2, 2, 3, 3), id="inv-batch")
case(
    "MatrixInverse", lambda x: tf.matrix_inverse(regular(x), adjoint=True), t(2, 3, 3),
    dtypes="f c", id="inv-adjoint", grad="TensorFlow 1.15 returns that of the inverse",
)  # fmt: skip
case("MatrixInverse", tf.matrix_inverse, f(2, 0, 0))
case("MatrixInverse", tf.matrix_inverse, f([[np.inf, 0], [0, 1]]), grad="there is an inf")
error("MatrixInverse", tf.matrix_inverse, f([[0, 0], [0, 0]]), at="run",
      says="Input is not invertible.")  # fmt: skip
error("MatrixInverse", tf.matrix_inverse, f(2, 3), says="Dimensions must be equal, but are 2 and 3")

# --- determinants ---
case(
    "MatrixDeterminant", lambda x: tf.matrix_determinant(regular(x)), t(2, 3, 3), dtypes="f d",
    id="det",
)  # fmt: skip
case(
    "MatrixDeterminant", lambda x: tf.linalg.det(regular(x)), t(3, 3), dtypes="c z",
    id="det-complex", grad="TensorFlow 1.15 does not conjugate",
)  # fmt: skip
case("MatrixDeterminant", tf.matrix_determinant, f([[1, 2], [2, 4]]), grad="it is singular")
case("MatrixDeterminant", tf.matrix_determinant, f(2, 0, 0), grad="it is constant")
slogdet = lambda x: tuple(tf.linalg.slogdet(x))
case("LogMatrixDeterminant", lambda x: slogdet(-regular(x)), t(2, 3, 3), dtypes="f d", id="slogdet")
case("LogMatrixDeterminant", lambda x: slogdet(regular(x)), t(3, 3), dtypes="c z",
     id="slogdet-complex", grad="the sign has none")  # fmt: skip
case("LogMatrixDeterminant", slogdet, f([[1, 2], [2, 4]]), id="slogdet-0", grad="it is singular")

# --- systems ---
for adjoint in (False, True):
    case(
        "MatrixSolve", lambda x, y, adjoint=adjoint: tf.matrix_solve(regular(x), y, adjoint),
        t(3, 3), t(3, 2), dtypes="f d c z", id="solve-adjoint" if adjoint else "solve",
    )  # fmt: skip
    for lower in (False, True):
        case(
            "MatrixTriangularSolve",
            lambda x, y, lower=lower, adjoint=adjoint: tf.matrix_triangular_solve(
                regular(x), y, lower, adjoint
            ),
            t(2, 3, 3), t(2, 3, 2), dtypes="f d c z",
            id="triangular" + "-lower" * lower + "-adjoint" * adjoint,
        )  # fmt: skip
case("MatrixSolve", lambda x, y: tf.linalg.solve(regular(x), y), f(2, 3, 3), f(2, 3, 1), id="batch")
case("MatrixSolve", tf.matrix_solve, f(2, 0, 0), f(2, 0, 3))
case("MatrixSolve", tf.matrix_solve, f([[1, 0], [0, 2]]), f(2, 0))
case(
    "MatrixTriangularSolve", lambda x, y: tf.linalg.triangular_solve(x + 9 * np.eye(70), y),
    d(70, 70), d(70, 2), id="triangular-large", grad="it is large",
)  # fmt: skip
error("MatrixSolve", tf.matrix_solve, f([[1, 2], [2, 4]]), f(2, 1), at="run",
      says="Input matrix is not invertible.")  # fmt: skip
error("MatrixSolve", tf.matrix_solve, f(2, 2), f(3, 1),
      says="Dimensions must be equal, but are 2 and 3")  # fmt: skip
error("MatrixTriangularSolve", tf.matrix_triangular_solve, f([[1, 2], [2, 0]]), f(2, 1), at="run",
      says="Input matrix is not invertible.")  # fmt: skip

# --- least squares ---
case("Cholesky", tf.matrix_solve_ls, f(4, 2), f(4, 3), tol=1e-4)
case("Cholesky", tf.matrix_solve_ls, t(2, 4), t(2, 3), 0.5, dtypes="f d", tol=1e-4)
case("Cholesky", tf.linalg.lstsq, f(2, 4, 2), f(2, 4, 1), 0.5, tol=1e-4)
case("MatrixSolveLs", tf.matrix_solve_ls, t(4, 2), t(4, 3), dtypes="f d", fast=False, tol=1e-4,
     grad="there is none")  # fmt: skip
case("MatrixSolveLs", tf.matrix_solve_ls, f([[1, 2], [2, 4]]), f([[1], [2]]), fast=False, tol=1e-4,
     grad="there is none")  # fmt: skip
ls = raw("MatrixSolveLs", "matrix rhs l2_regularizer")
if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
    ls = lambda x, y, r: tf.raw_ops.MatrixSolveLs(matrix=x, rhs=y, l2_regularizer=r)
case("MatrixSolveLs", lambda x, y: ls(x, y, 0.5), t(2, 4, 2), t(2, 4, 3), dtypes="f d", tol=1e-4,
     id="ls-tall")  # fmt: skip
case("MatrixSolveLs", lambda x, y: ls(x, y, 0.5), d(2, 4), d(2, 3), id="ls-broad")
error("MatrixSolveLs", lambda x, y: ls(x, y, 0.0), f([[1, 2], [2, 4]]), f(2, 1), at="run",
      id="ls-deficient", says="Input matrix was rank deficient or ill-conditioned.")  # fmt: skip

# --- decompositions; the signs of vectors are up to the library ---
symmetric = lambda x: x + tf.linalg.adjoint(x) + np.diag([1.0, 4.0, 9.0]).astype(
    x.dtype.as_numpy_dtype
)  # fmt: skip


def eig(x):
    e, v = tf.self_adjoint_eig(symmetric(x))
    return e, tf.abs(v)


def reflected(x):
    """The absolute value of a matrix, which does not depend on signs."""
    s, u, v = tf.svd(x)
    return s, tf.matmul(u, v, adjoint_b=True)


case("SelfAdjointEigV2", eig, t(2, 3, 3), dtypes="f d", tol=1e-4, id="eigh")
case("SelfAdjointEigV2", eig, t(3, 3), dtypes="c z", tol=1e-4, id="eigh-complex",
     grad="TensorFlow's depends on the phases of the vectors")  # fmt: skip
case("SelfAdjointEigV2", lambda x: tf.self_adjoint_eigvals(symmetric(x)), t(2, 3, 3),
     dtypes="f d", tol=1e-4, id="eigvalsh")  # fmt: skip
case("SelfAdjointEigV2", tf.linalg.eigvalsh, f([[2, NAN], [1, 3]]), grad="there is a nan")
error("SelfAdjointEigV2", tf.self_adjoint_eig, f([[NAN, 5], [1, 3]]), at="run",
      says="Self-adjoint eigen decomposition was not successful.")  # fmt: skip
error("SelfAdjointEigV2", tf.self_adjoint_eig, f(2, 3),
      says="Dimensions must be equal, but are 2 and 3")  # fmt: skip
case("Svd", reflected, t(2, 3, 3), dtypes="f d", tol=1e-3, id="svd")
case("Svd", reflected, t(3, 3), dtypes="c z", tol=1e-4, id="svd-complex", grad="there is none")
case("Svd", reflected, d(2, 4), tol=1e-4, id="svd-broad")
case("Svd", reflected, d(4, 2), tol=1e-4, id="svd-tall")
case("Svd", lambda x: tf.svd(x, compute_uv=False), t(3, 2), dtypes="f d", id="svd-values")
case("Svd", lambda x: tf.svd(x, compute_uv=False), t(3, 2), dtypes="c", id="svd-values-complex",
     grad="looked at in real numbers")  # fmt: skip
case("Svd", lambda x: [tf.abs(y) for y in tf.linalg.svd(x, full_matrices=True)], t(3, 2),
     dtypes="f d c", tol=1e-4, id="svd-full", grad="signs differ")  # fmt: skip
case("Svd", lambda x: tf.linalg.svd(x, full_matrices=True)[0], f(2, 3), id="svd-full-values")
error("Svd", tf.svd, f(2), says="Shape must be at least rank 2 but is rank 1")

# --- norm ---
for order in ("euclidean", 1, 2, np.inf, 3.0):
    for axis in (None, 0, -1):
        case("Abs" if order in (1, np.inf, 3.0) else "Sqrt", tf.norm, f(2, 3), order, axis)
case("Sqrt", tf.norm, t(2, 3), dtypes="d h c", axis=1, keepdims=True)
case("Sqrt", tf.linalg.norm, f(2, 3), axis=1, keep_dims=True)
for order in ("euclidean", "fro", 1, np.inf):
    for axis in ([0, 1], [-1, 0]):
        case("Sqrt" if order in ("euclidean", "fro") else "Abs", tf.norm, f(2, 3, 4), order, axis)
case("Svd", tf.norm, f(2, 3), 2, (0, 1), nodes="TensorFlow loops over the axes", static="it loops",
     tol=1e-4)  # fmt: skip
case("Svd", tf.norm, f(2, 3, 4), 2, (-1, 0), keepdims=True, nodes="TensorFlow loops over the axes",
     static="it loops", tol=1e-4)  # fmt: skip
case("RealDiv", tf.linalg.normalize, f(2, 3), axis=1)
case("RealDiv", tf.linalg.normalize, f(2, 3), 1)
error("Abs", tf.norm, f(2, 3), ord=-1, says="'ord' must be a supported vector norm, got -1")
error("Abs", tf.norm, f(2, 3), ord=3, axis=[0, 1], says="'ord' must be a supported matrix norm")
error("Abs", tf.norm, f(2, 3), axis=[1, 1], says="'axis' must be None, an integer, or a tuple")
error("Abs", tf.norm, f(2, 3), axis="x", says="'axis' must be None, an integer, or a tuple")

# --- sums of products ---
case("MatMul", tf.tensordot, t(2, 3), t(3, 4), 1, dtypes="f d h i c")
case("MatMul", tf.tensordot, f(2, 3), f(4, 5), 0)
case("MatMul", tf.tensordot, f(2, 3, 4), f(3, 4, 5), 2)
case("MatMul", tf.tensordot, f(2, 3, 4), f(4, 5, 3), [[1, 2], [2, 0]])
case("MatMul", tf.tensordot, f(2, 3, 4), f(4, 5, 3), [-1, 0])
case("MatMul", tf.tensordot, f(2, 3), f(2, 3), [[0, 1], [0, 1]])
case("MatMul", tf.tensordot, f(2, 3), f(3, 2), i([[1], [0]]))
case("MatMul", tf.tensordot, f(2, 0), f(0, 3), 1)
error("MatMul", tf.tensordot, f(2, 3), f(3, 2), -1, says="'axes' must be at least 0.")
error("MatMul", tf.tensordot, f(2, 3), f(3, 2), 3, says="'axes' must not be larger than the number")
error("MatMul", tf.tensordot, f(2, 3), f(3, 2), [1], says="must be an integer or have length 2.")
error("MatMul", tf.tensordot, f(2, 3), f(3, 2), [[0], [0, 1]], says="Different number of contracti")
for op_type, equation, shapes in (
    ("MatMul", "ij,jk->ik", [(2, 3), (3, 4)]),
    ("MatMul", "ij,jk", [(2, 3), (3, 4)]),
    ("Transpose", "ij->ji", [(2, 3)]),
    ("Sum", "ij->i", [(2, 3)]),
    ("Sum", "ij->", [(2, 3)]),
    ("MatrixDiagPart", "ii", [(3, 3)]),
    ("MatMul", "i,i->", [(3,), (3,)]),
    ("Mul", "i,j->ij", [(2,), (3,)]),
    ("Mul", "i,j->ji", [(2,), (3,)]),
    ("Mul", "ij,ij->ij", [(2, 3), (2, 3)]),
    ("BatchMatMulV2", "bij,bjk->bik", [(2, 3, 4), (2, 4, 5)]),
    ("MatMul", "bij,jk->bik", [(2, 3, 4), (4, 5)]),
    ("MatMul", "abc,cd,db->a", [(2, 3, 4), (4, 5), (5, 3)]),
    ("BatchMatMulV2", "...ij,...jk->...ik", [(2, 3, 4), (2, 4, 5)]),
    ("BatchMatMulV2", "...i,...i", [(2, 3), (2, 3)]),
    ("MatMul", "ijk,jil->kl", [(2, 3, 4), (3, 2, 5)]),
    ("Mul", "i,i,i->", [(3,), (3,), (3,)]),
    ("Mul", "ij,jk,j->ik", [(2, 3), (3, 4), (3,)]),
    ("BatchMatMulV2", "bijh,bh->bij", [(2, 3, 2, 4), (2, 4)]),
):
    case(
        op_type,
        lambda *x, **named: tf.einsum(named["equation"], *x),
        *[f(*s) for s in shapes],
        equation=equation,
        id="einsum-" + equation,
    )
case("MatMul", lambda x, y: tf.einsum("ij,jk", x, y, name="here"), t(2, 3), t(3, 2),
     dtypes="d h i c", id="einsum-types")  # fmt: skip
for equation, shapes, says in (
    ("ij,jk->ik", [(2, 3)], 'Got 1 arguments for equation "ij,jk->ik", expecting 2'),
    ("i1->i", [(2, 3)], "Indices have incorrect format: i1->i"),
    ("iij->j", [(2, 2, 3)], "Subscript not supported: an axis appears more than once: iij"),
    ("ij,jk->iz", [(2, 3), (3, 4)], "Invalid equation: ij,jk->iz"),
    ("ijk,jk->i", [(2, 3), (3, 4)], "does not match einsum reduction of length 3"),
    ("i...j...->i", [(2, 3)], "Unable to resolve ellipsis. Excess number found."),
    ("ijk...->i", [(2, 3)], "Ellipses lengths do not match."),
    ("i.j...->i", [(2, 3, 4)], 'period "." found outside of ellipsis'),
):
    error(
        "Mul",
        lambda *x, **named: tf.einsum(named["equation"], *x),
        *[f(*s) for s in shapes],
        equation=equation,
        id="einsum-" + equation,
        says=says,
    )
case("MatMul", tf.linalg.matvec, t(2, 3), t(3), dtypes="f d i c")
case("BatchMatMulV2", tf.linalg.matvec, f(2, 3, 4), f(2, 4))
case("MatMul", tf.linalg.matvec, t(3, 2), t(3), dtypes="f c", adjoint_a=True)
case("MatMul", tf.linalg.matvec, f(3, 2), f(3), transpose_a=True)
case("Cross", tf.cross, t(2, 3), t(2, 3), dtypes="f d i")
case("Cross", tf.linalg.cross, f(3), f(3))
case("Cross", tf.cross, f(0, 3), f(0, 3))
error("Cross", tf.cross, f(2, 3), f(3), says="Shapes must be equal rank, but are 2 and 1")
error("Cross", tf.cross, f(1, 2), f(1, 2), says="Dimension must be 3 but is 2")
error("Cross", tf.cross, f(1, 2), f(1, 2), at="run",
      says="Cross-products are only defined for 3-element vectors.",
      golden="TensorFlow's is a FailedPreconditionError")  # fmt: skip
error("Cross", tf.cross, f(1, 3), f(2, 3), at="run", says="Both inputs must be of same shape")
case("Sum", tf.trace, t(2, 3, 3), dtypes="f d i c")
case("Sum", tf.linalg.trace, f(2, 3))
case("Transpose", tf.linalg.adjoint, f(2, 3, 4))
case("ConjugateTranspose", tf.linalg.adjoint, t(2, 3), dtypes="c z")

# TensorFlow 1.15.5 notes these mistakes, goes on, and now and then stops the process.
if os.environ.get("GRAPHFLOW_ROWS_TF") != "tensorflow":
    square = {"says": "Input matrix must be square.", "at": "run", "golden": "it may crash"}
    for op_type, fn in (
        ("Cholesky", tf.cholesky),
        ("MatrixInverse", tf.matrix_inverse),
        ("MatrixDeterminant", tf.matrix_determinant),
        ("SelfAdjointEigV2", tf.self_adjoint_eigvals),
    ):
        error(op_type, fn, f(2, 3), **square)
    for left, right, says in (
        (f(1, 2), f(2, 1), "First input (lhs) must be a square matrix."),
        (f(2, 2), f(1, 1), "Input matrix and rhs are incompatible."),
        (f(2, 2, 2), f(3, 2, 1), "All input tensors must have the same outer dimensions."),
        (f(2, 2, 2), f(2, 1), "All input tensors must have the same rank."),
    ):
        for op_type, fn in (
            ("MatrixSolve", tf.matrix_solve),
            ("MatrixTriangularSolve", tf.matrix_triangular_solve),
        ):
            error(op_type, fn, left, right, at="run", says=says, golden="it may crash")
