"""Rows of Pad, PadV2 and MirrorPad."""

from __future__ import annotations

from _rows import case, error, f, i, l, t, tf

PAIRS = [[1, 2], [0, 1]]
case("Pad", tf.pad, t(2, 3), PAIRS, dtypes="f d h i l b c")
case("Pad", tf.pad, f(2, 3), i([[1, 0], [2, 2]]))
case("Pad", tf.pad, f(2, 3), l([[1, 0], [2, 2]]))
case("Pad", tf.pad, f(0, 3), PAIRS)
case("Pad", tf.pad, f(2, 3), [[0, 0], [0, 0]])
case("PadV2", tf.pad, t(2, 3), PAIRS, constant_values=5, dtypes="f d h i l")
case(
    "PadV2",
    lambda x, v: tf.pad(x, PAIRS, constant_values=v),
    f(2, 3),
    f(),
    id="PadV2-fed-value",
    golden="TensorFlow 1.15 has no gradient of the value",
)
for mode in ("REFLECT", "SYMMETRIC"):
    case("MirrorPad", tf.pad, t(3, 4), PAIRS, mode, dtypes="f d h i l b c")
    case("MirrorPad", tf.pad, f(3, 4), [[2, 2], [1, 3]], mode.lower())
    case("MirrorPad", tf.pad, f(3, 4, 2), i([[1, 0], [0, 0], [1, 1]]), mode)
    case("MirrorPad", tf.pad, f(3, 4), [[0, 0], [0, 0]], mode)
error("Pad", tf.pad, f(2, 3), [[1, 1]], says="Shape must be rank 1 but is rank 2")
error("Pad", tf.pad, f(2, 3), [[1, 1], [-2, 2]], says="Paddings must be non-negative")
error("Pad", tf.pad, f(2, 3), PAIRS, "EDGE", says="Unknown padding mode: EDGE")
error(
    "Pad", tf.pad, f(2, 3), i([[1, 1], [-1, 1]]), at="run", says="Paddings must be non-negative: -1"
)
error("MirrorPad", lambda x: tf.pad(x, [[2, 1], [0, 0]], "REFLECT"), f(2, 3), at="run",
      says="paddings must be less than the dimension size: 2, 1 not less than 2")  # fmt: skip
error("MirrorPad", lambda x: tf.pad(x, [[3, 1], [0, 0]], "SYMMETRIC"), f(2, 3), at="run",
      says="paddings must be no greater than the dimension size: 3, 1 greater than 2")  # fmt: skip
