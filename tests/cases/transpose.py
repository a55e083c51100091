"""Rows of Transpose and InvertPermutation."""

from __future__ import annotations

from _rows import c, case, error, f, i, l, t, tf

case("Transpose", tf.transpose, t(2, 3), dtypes="f d h bf i l b s c")
case("Transpose", tf.transpose, f(2, 3, 4))
case("Transpose", tf.transpose, f(2, 3, 4), [1, 2, 0])
case("Transpose", tf.transpose, f(2, 3, 4), perm=[0, 2, 1], name="turned")
case("Transpose", tf.transpose, f(2, 3), i([1, 0]))
case("Transpose", tf.transpose, f(2, 3, 2), l([2, 0, 1]))
case("Transpose", tf.transpose, f())
case("Transpose", tf.transpose, f(0, 3))
case("ConjugateTranspose", tf.transpose, c(2, 3), conjugate=True)
case("ConjugateTranspose", tf.transpose, c(2, 3, 2), [1, 2, 0], conjugate=True)
case("Transpose", tf.matrix_transpose, f(2, 3, 4))
case("ConjugateTranspose", tf.linalg.transpose, c(2, 3), conjugate=True)
error("Transpose", tf.transpose, f(2, 3), [0], says="Dimension must be 2 but is 1")
error("Transpose", tf.transpose, f(2, 3), [0, 5], says="perm dim 5 is out of range of input rank 2")
error("Transpose", tf.transpose, f(2, 3), i([0, 0]), at="run", says="1 is missing from {0,0}.")
error("Transpose", tf.transpose, f(2, 3), i([0, 5]), at="run", says="5 is out of range [0 .. 2)")
error("Transpose", tf.transpose, f(2, 3), i([-1, 0]), at="run", says="-1 is out of range [0 .. 2)")
error("Transpose", tf.transpose, f(2, 3), i([0]), at="run", says="transpose expects a vector of")
error("Transpose", tf.matrix_transpose, f(3), says="should be a (batch) matrix, with rank >= 2")

case("InvertPermutation", tf.invert_permutation, t([2, 0, 1, 3]), dtypes="i l")
case("InvertPermutation", tf.invert_permutation, i(0))
error(
    "InvertPermutation", tf.invert_permutation, i(2, 2), says="Shape must be rank 1 but is rank 2"
)
error(
    "InvertPermutation", tf.invert_permutation, i([0, 0]), at="run", says="0 is duplicated in the"
)
error(
    "InvertPermutation", tf.invert_permutation, i([0, 3]), at="run", says="3 is not between 0 and"
)
