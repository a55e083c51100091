"""Rows for products of matrices and stacks of matrices."""

from _rows import bf, c, case, d, error, f, h, i, t, tf, z

CODES = "f d bf i l c z"
HALF = 1e-2  # TensorFlow adds up in float16
ROUND = "it is rounded"
FLAGS = [(x, y) for x in (False, True) for y in (False, True)]
for x, y in FLAGS:
    a, b = (3, 2) if x else (2, 3), (4, 3) if y else (3, 4)
    case("MatMul", tf.matmul, t(*a), t(*b), dtypes=CODES, transpose_a=x, transpose_b=y)
    case("MatMul", tf.matmul, t(*a), t(*b), dtypes="f c", adjoint_a=x, adjoint_b=y)
    case("MatMul", tf.matmul, h(*a), h(*b), transpose_a=x, transpose_b=y, tol=HALF)
    stacks = t(5, *a), t(5, *b)
    case("BatchMatMulV2", tf.matmul, *stacks, dtypes=CODES, transpose_a=x, transpose_b=y)
    case("BatchMatMulV2", tf.matmul, t(5, *a), t(*b), dtypes="f d c", adjoint_a=x, adjoint_b=y)
    case("BatchMatMulV2", tf.matmul, f(*a), f(2, 5, *b), transpose_a=x, transpose_b=y)
    case(
        "SparseMatMul",
        tf.matmul,
        f(*a),
        f(*b),
        transpose_a=x,
        transpose_b=y,
        a_is_sparse=True,
        numeric=ROUND,
    )
    case(
        "SparseMatMul",
        tf.sparse_matmul,
        f(*a),
        bf(*b),
        transpose_a=x,
        transpose_b=y,
        tol=1e-2,
        numeric=ROUND,
    )
case("BatchMatMulV2", tf.matmul, f(2, 1, 2, 3), f(4, 3, 5))
case("BatchMatMulV2", tf.matmul, f(1, 2, 3), f(4, 3, 5))
case("BatchMatMulV2", tf.matmul, z(1, 2, 3), z(4, 3, 5), adjoint_a=False, transpose_b=False)
case("MatMul", tf.matmul, f(0, 3), f(3, 4))
case("MatMul", tf.matmul, f(2, 0), f(0, 4))
case("BatchMatMulV2", tf.matmul, f(0, 2, 3), f(3, 4))
case("BatchMatMulV2", tf.matmul, f(3, 2, 0), f(0, 4))
case("MatMul", tf.linalg.matmul, f(2, 3), [[1.0], [2.0], [3.0]], name="named")
case("MatMul", lambda x: tf.matmul(x, x, transpose_b=True), f(2, 3))
case("MatMul", lambda x: tf.matmul(x, x, adjoint_a=True), c(2, 3))
case("SparseMatMul", tf.matmul, bf(2, 3), bf(3, 4), b_is_sparse=True, numeric=ROUND)
case("SparseMatMul", tf.matmul, bf(2, 3), f(3, 4), numeric=ROUND)
case("MatMul", tf.matmul, d(2, 3), d(3, 4), a_is_sparse=True)
case("SparseMatMul", tf.sparse_matmul, f(2, 3), f(3, 4), a_is_sparse=True, name="named")

error("MatMul", tf.matmul, f(2, 3), f(4, 5), says="Dimensions must be equal, but are 3 and 4")
error("MatMul", tf.matmul, f(3), f(3, 4), says="Shape must be rank 2 but is rank 1")
error("MatMul", tf.matmul, f(2, 3), i(3, 4), error="TypeError", says="does not match type float32")
error("MatMul", tf.matmul, f(2, 2), f(2, 2), transpose_a=True, adjoint_a=True,
      says="Only one of transpose_a and adjoint_a can be True.")  # fmt: skip
error("MatMul", tf.matmul, f(2, 2), f(2, 2), transpose_b=True, adjoint_b=True,
      says="Only one of transpose_b and adjoint_b can be True.")  # fmt: skip
error("MatMul", tf.matmul, f(2, 3), f(4, 5), at="run",
      says="Matrix size-incompatible: In[0]: [2,3], In[1]: [4,5]")  # fmt: skip
error("BatchMatMulV2", tf.matmul, f(2, 2, 3), f(3, 3, 4),
      says="Dimensions must be equal, but are 2 and 3")  # fmt: skip
error("BatchMatMulV2", tf.matmul, f(3), f(3, 3, 4), says="Shape must be at least rank 2 but is")
error("BatchMatMulV2", tf.matmul, f(2, 2, 3), f(2, 4, 4), says="must be equal, but are 3 and 4")
error("BatchMatMulV2", tf.matmul, f(2, 2, 3), f(3, 3, 4), at="run",
      says="In[0] and In[1] must have compatible batch dimensions: [2,2,3] vs.")  # fmt: skip
error("BatchMatMulV2", tf.matmul, f(2, 2, 3), f(2, 4, 4), at="run",
      says="In[0] mismatch In[1] shape: 3 vs. 4: [2,2,3] [2,4,4] 0 0")  # fmt: skip
error("BatchMatMulV2", tf.matmul, f(3), f(3, 3, 4), at="run", says="In[0] ndims must be >= 2: 1")
error("SparseMatMul", tf.sparse_matmul, f(2, 3), f(4, 4), says="must be equal, but are 3 and 4")
error("SparseMatMul", tf.sparse_matmul, f(2, 3), f(4, 4), at="run",
      says="Matrix size incompatible: a: [2,3], b: [4,4]")  # fmt: skip
