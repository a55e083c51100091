"""Rows of array operations that have no public function: gradients' and older forms."""

from __future__ import annotations

import importlib
import os

from _rows import b, case, error, f, i, l, t, tf


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = {port: inputs[n] for n, port in enumerate(ports.split())}
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        found = importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)
        return tuple(found) if isinstance(found, tuple) else found

    return made


case("Concat", raw("Concat", "concat_dim values"), 1, [f(2, 3), f(2, 2)])
case("Concat", raw("Concat", "concat_dim values"), -1, [f(2, 3), f(2, 3)])
case("Concat", raw("Concat", "concat_dim values"), i(value=0), [f(2, 3), f(1, 3)])
error("Concat", raw("Concat", "concat_dim values"), 0, [f(2, 3), f(3, 4)],
      says="Dimension 0 in both shapes must be equal, but are 3 and 4")  # fmt: skip

offset = raw("ConcatOffset", "concat_dim shape")
case("ConcatOffset", offset, 0, [i([2, 3]), i([4, 3]), i([1, 3])])
case("ConcatOffset", offset, -1, [i([2, 3]), i([2, 0])])
error("ConcatOffset", offset, 0, [i([2, 3]), i([4, 4])], at="run",
      says="All dimensions except 0 must match. Input 1 has shape [4 4] and doesn't match input 0 "
      "with shape [2 3].")  # fmt: skip
error("ConcatOffset", offset, i(value=2), [i([2, 3]), i([4, 3])], at="run",
      says="Concat dim is out of range: 2 vs. 2")  # fmt: skip

case("Gather", raw("Gather", "params indices"), t(3, 2), i([[2, 0], [0, 0]]), dtypes="f i b s")
case("Gather", raw("Gather", "params indices", validate_indices=False), f(3, 2), l([1]))
error("Gather", raw("Gather", "params indices"), f(3, 2), i([3]), at="run",
      says="indices[0] = 3 is not in [0, 3)")  # fmt: skip

scores = f([[1, 3, 3, 2], [1, 2, 3, 4]])
case("InTopK", raw("InTopK", "predictions targets", k=2), scores, i([2, 0]))
case("InTopK", raw("InTopK", "predictions targets", k=1), scores, l([0, 3]))
GONE = "graphs of TensorFlow 1.15 have TopKV2 only"
case("TopK", raw("TopK", "input", k=2), t(2, 4, distinct=True), dtypes="f d i l", golden=GONE)
error("TopK", raw("TopK", "input", k=5), f(2, 4), golden=GONE,
      says="input must have last dimension >= k = 5 but is 4")  # fmt: skip

for mode in ("REFLECT", "SYMMETRIC"):
    fold = raw("MirrorPadGrad", "input paddings", mode=mode)
    case("MirrorPadGrad", fold, f(5, 6), [[1, 1], [0, 2]])
    case("MirrorPadGrad", fold, f(5, 6, 2), i([[1, 1], [0, 0], [0, 0]]))

case("OnesLike", raw("OnesLike", "x"), t(2, 3), dtypes="f d h bf i l i8 u8 b c z")
case("PreventGradient", raw("PreventGradient", "input", message="why"), f(2, 3), grad="it raises")

stitch = raw("ParallelDynamicStitch", "indices data")
case("ParallelDynamicStitch", stitch, [i([0, 2]), i([1])], [f(2, 3), f(1, 3)])
error("ParallelDynamicStitch", stitch, [i([0, 2])], [f(3, 3)],
      says="Dimensions must be equal, but are 3 and 2")  # fmt: skip

case("Reverse", raw("Reverse", "tensor dims"), t(2, 3), [True, False], dtypes="f i b")
case("Reverse", raw("Reverse", "tensor dims"), f(2, 3, 2), b([True, False, True]))
error("Reverse", raw("Reverse", "tensor dims"), f(2, 3), [True], says="Shape must be rank 1 but is")

SLICE = "shape begin end strides dy"
case("StridedSliceGrad", raw("StridedSliceGrad", SLICE), [5], [1], [4], [2], t(2), dtypes="f d i b")
case(
    "StridedSliceGrad",
    raw("StridedSliceGrad", SLICE, shrink_axis_mask=1),
    [3, 2],
    [1],
    [2],
    [1],
    f(2),
)
case(
    "StridedSliceGrad",
    raw("StridedSliceGrad", SLICE, begin_mask=1),
    i([4]),
    i([3]),
    i([2]),
    [1],
    f(2),
)
error("StridedSliceGrad", raw("StridedSliceGrad", SLICE), [5], [1], [4], [2], f(3), at="run",
      says="shape of dy was [3] instead of [2]")  # fmt: skip

unique = raw("UniqueV2", "x axis")
WRONG = "TensorFlow 1.15 says a shape that the result does not have"
case("UniqueV2", unique, i([[1, 2, 1], [3, 4, 3], [1, 2, 1]]), [0], static=WRONG)
case("UniqueV2", unique, f([[1, 2, 1], [3, 4, 3]]), l([1]), grad="none", static=WRONG)
case("UniqueV2", unique, i([3, 1, 3]), l(0))
case("UniqueWithCountsV2", raw("UniqueWithCountsV2", "x axis"), i([3, 1, 3]), [0])
