"""Rows of ReverseV2 and ReverseSequence."""

from __future__ import annotations

from _rows import case, error, f, i, l, t, tf

case("ReverseV2", tf.reverse, t(2, 3), [1], dtypes="f d h bf i l b s c")
case("ReverseV2", tf.reverse, f(2, 3, 2), [0, -1])
case("ReverseV2", tf.reverse_v2, f(2, 3), [])
case("ReverseV2", tf.reverse, f(2, 3), i([0]))
case("ReverseV2", tf.reverse, f(0, 3), [0])
error("ReverseV2", tf.reverse, f(2, 3), [0, 0], says="axis 0 specified more than once.")
error("ReverseV2", tf.reverse, f(2, 3), [2], says="'axis'[0] = 2 is out of valid range [0, 1")
error(
    "ReverseV2", tf.reverse, f(2, 3), i([2]), at="run", says="'axis'[0] = 2 is out of valid range"
)

case("ReverseSequence", tf.reverse_sequence, t(3, 4), i([4, 0, 2]), seq_axis=1, dtypes="f i b c")
case("ReverseSequence", tf.reverse_sequence, f(4, 3, 2), l([4, 1, 2]), seq_axis=0, batch_axis=1)
case("ReverseSequence", tf.reverse_sequence, f(3, 4), i([4, 0, 2]), seq_dim=1, batch_dim=0)
error("ReverseSequence", tf.reverse_sequence, f(5, 3), i(3), seq_axis=1,
      says="Dimensions must be equal, but are 5 and 3")  # fmt: skip
error("ReverseSequence", lambda x, n: tf.reverse_sequence(x, n, seq_axis=1), f(2, 3), i([4, 1]),
      at="run", says="seq_lens(0) > input.dims(1)")  # fmt: skip
