"""Rows of the segment reductions, DynamicStitch and DynamicPartition."""

from __future__ import annotations

from _rows import case, error, f, i, l, t, tf

rows = lambda: f(5, 2, distinct=True)
for op, fn in (
    ("SegmentSum", tf.segment_sum),
    ("SegmentMean", tf.segment_mean),
    ("SegmentProd", tf.segment_prod),
    ("SegmentMax", tf.segment_max),
    ("SegmentMin", tf.segment_min),
):
    why = "TensorFlow has no gradient" if op == "SegmentProd" else True
    more = {"grad": why} if why is not True else {}
    case(op, fn, t(5, 2, distinct=True, low=1), i([0, 0, 2, 2, 2]), dtypes="f d h i l", **more)
    case(op, fn, f(4, distinct=True, low=1), l([1, 1, 1, 3]), **more)
    case(op, fn, f(0, 2), i(0), **more)
    error(op, fn, f(5, 3), i(5, 3), says="Shape must be rank 1 but is rank 2")
    error(op, fn, f(3, 2), i([0, 2, 1]), at="run", says="segment ids are not increasing")
    error(op, fn, f(4, 2), i([0, 1, 2, 0]), at="run",
          says="Segment id 1 out of range [0, 1), possibly because 'segment_ids'")  # fmt: skip
    error(op, fn, f(3), i([0, 0, -1]), at="run", says="segment ids must be >= 0")
    error(op, fn, f(4), i([5, 1, 1, 3]), at="run", says="segment ids are not increasing")
    error(op, fn, f(3, 2), i([0, 1]), at="run", says="segment_ids should be the same size as")

for op, fn in (
    ("UnsortedSegmentSum", tf.unsorted_segment_sum),
    ("UnsortedSegmentProd", tf.unsorted_segment_prod),
    ("UnsortedSegmentMax", tf.unsorted_segment_max),
    ("UnsortedSegmentMin", tf.unsorted_segment_min),
):
    case(op, fn, t(5, 2, distinct=True, low=1), i([2, 0, -1, 1, 0]), 3, dtypes="f d h i l")
    case(op, fn, t(5, 2, distinct=True, low=1), i([2, 0, -1, 2, 0]), 4, dtypes="f d h i l",
         numeric="a segment without rows is the lowest number there is")  # fmt: skip
    case(op, fn, f(2, 3, distinct=True, low=1), l([[2, 0, 1], [1, 0, 2]]), 3)
    case(op, fn, f(3, distinct=True, low=1), i([2, 0, 1]), i(value=3))
    case(op, fn, f(0, 2), i(0), 2)
    error(op, fn, f(5, 3), i(4), 4, says="Dimensions must be equal, but are 5 and 4")
    error(op, fn, f(5, 3), i(5), -4, says="must be non-negative but is -4")
    error(op, fn, f(3, 2), i([0, 7, -1]), 4, at="run",
          says="segment_ids[1] = 7 is out of range [0, 4)")  # fmt: skip
case("UnsortedSegmentProd", tf.unsorted_segment_prod, f([1, 0, 2, 0, 0, 3]),
     i([0, 0, 1, 1, 1, 2]), 3,
     numeric="at zeros its second order is not compared")  # fmt: skip
case("UnsortedSegmentSum", tf.unsorted_segment_mean, f(5, 2), i([2, 0, -1, 2, 0]), 4)
case("UnsortedSegmentSum", tf.unsorted_segment_sqrt_n, f(5, 2), i([2, 0, -1, 2, 0]), 4)

case("DynamicStitch", tf.dynamic_stitch, [[0, 2], [1]], [t(2, 3), t(1, 3)], dtypes="f i b s")
case("DynamicStitch", tf.dynamic_stitch, [i([2, 0]), i([[1, 2]])], [f(2, 3), f(1, 2, 3)],
     numeric="a row that is overwritten: TensorFlow gives it a gradient, too")  # fmt: skip
case("DynamicStitch", tf.dynamic_stitch, [i(value=1), i([0])], [f(3), f(1, 3)])
error("DynamicStitch", tf.dynamic_stitch, [[0, 1], [2]], [f(2, 3), f(1, 4)],
      says="Dimension 0 in both shapes must be equal, but are 3 and 4")  # fmt: skip
error(
    "DynamicStitch",
    tf.dynamic_stitch,
    [i([-3, 1]), [0]],
    [f(2), [1.0]],
    at="run",
    says="indices[0] is out of range",
)

case("DynamicPartition", tf.dynamic_partition, t(4, 2), i([0, 2, 0, 2]), 3, dtypes="f i b s")
case("DynamicPartition", tf.dynamic_partition, f(2, 2, 3), i([[1, 0], [1, 1]]), 2)
case(
    "DynamicPartition",
    lambda x, n: tf.dynamic_partition(x, n, 2)[1],
    f(4),
    i([0, 1, 0, 1]),
    id="one",
)
error(
    "DynamicPartition", tf.dynamic_partition, f(4, 2), i(3), 2, says="Dimensions must be equal, but"
)
error("DynamicPartition", lambda x, n: tf.dynamic_partition(x, n, 2), f(3), i([0, 2, 0]), at="run",
      says="partitions[1] = 2 is not in [0, 2)")  # fmt: skip
