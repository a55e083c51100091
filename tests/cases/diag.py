"""Rows of the diagonals."""

from __future__ import annotations

from _rows import case, error, f, l, t, tf

case("Diag", tf.diag, t(3), dtypes="f d h i l c z")
case("Diag", tf.diag, f(2, 3))
case("DiagPart", tf.diag_part, t(3, 3), dtypes="f d h i l c")
case("DiagPart", tf.diag_part, f(2, 3, 2, 3))
case("MatrixDiag", tf.matrix_diag, t(2, 3), dtypes="f d h i l b c")
case("MatrixDiag", tf.linalg.diag, f(3))
case("MatrixDiagPart", tf.matrix_diag_part, t(2, 3, 3), dtypes="f d h i l b c")
case("MatrixDiagPart", tf.linalg.diag_part, f(2, 4))
case("MatrixDiagPart", tf.linalg.diag_part, f(4, 2))
case("MatrixSetDiag", tf.matrix_set_diag, t(2, 3, 3), t(2, 3), dtypes="f d h i l b c")
case("MatrixSetDiag", tf.linalg.set_diag, f(2, 4), f(2))
case("MatrixSetDiag", tf.linalg.set_diag, f(4, 2), f(2))
for lower, upper in ((0, 0), (1, 0), (-1, 1), (0, -1), (2, 1)):
    case("MatrixBandPart", tf.matrix_band_part, f(2, 3, 4), lower, upper)
case("MatrixBandPart", tf.linalg.band_part, t(3, 3), 1, 0, dtypes="f d h i l b c")
case("MatrixBandPart", tf.matrix_band_part, f(3, 3), l(value=1), l(value=0))
case("MatrixDiag", tf.eye, 3)
case("MatrixDiag", tf.eye, 2, batch_shape=[2], dtype=tf.int32)
case("MatrixSetDiag", tf.eye, 2, 3)
case("MatrixSetDiag", tf.eye, 3, num_columns=2, dtype=tf.float64)
error("Diag", tf.diag, f(), says="Shape must be at least rank 1 but is rank 0")
error("DiagPart", tf.diag_part, f(2, 3), says="Dimensions must be equal, but are 2 and 3")
error(
    "DiagPart", tf.diag_part, f(2, 2, 2), says="Input must have even and non-zero rank, input rank"
)
error("DiagPart", tf.diag_part, f(2, 3), at="run", says="dimensions 0 and 1 do not match.")
error(
    "MatrixDiagPart", tf.matrix_diag_part, f(2), says="Shape must be at least rank 2 but is rank 1"
)
error(
    "MatrixSetDiag", tf.matrix_set_diag, f(4, 3), f(4), says="Dimensions must be equal, but are 3 a"
)
error("MatrixBandPart", tf.matrix_band_part, f(3, 3), l(value=7), 0, at="run",
      says="num_lower must be negative or less or equal to number of rows (3) got: 7")  # fmt: skip
