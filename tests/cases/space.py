"""Rows for blocks of space that move into the batch or the channels, and back."""

import importlib
import os

from _rows import c, case, d, error, f, i, l, s, t, tf

NCHW = "TensorFlow 1.15 has no NCHW kernel on a CPU"
NONE = [[0, 0], [0, 0]]


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = dict(zip(ports.split(), inputs))  # noqa: B905 (Python 3.7)
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        return importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)

    return made


# --- SpaceToBatchND ---
to_batch, to_space = tf.space_to_batch_nd, tf.batch_to_space_nd
case("SpaceToBatchND", to_batch, t(2, 4, 6, 3), [2, 3], NONE, dtypes="f d h bf i l i8 u8 c")
case("SpaceToBatchND", to_batch, f(1, 3, 4, 1), [2, 2], [[1, 0], [2, 2]], name="n")
case("SpaceToBatchND", to_batch, f(2, 6), [3], [[0, 0]])
case("SpaceToBatchND", to_batch, f(1, 2, 3, 4, 2), [2, 1, 2], [[0, 0], [1, 1], [2, 0]])
case("SpaceToBatchND", to_batch, f(2, 3, 4), [1, 1], [[1, 0], [0, 2]])
case("SpaceToBatchND", to_batch, f(0, 4, 4, 1), [2, 2], NONE)
case("SpaceToBatchND", to_batch, f(1, 4, 4, 0), [2, 2], NONE)
case("SpaceToBatchND", to_batch, f(1, 4, 4, 1), i([2, 2]), i(NONE), id="tensors")
case("SpaceToBatchND", to_batch, f(1, 4, 4, 1), l([2, 2]), l(NONE), id="tensors64")
case("SpaceToBatchND", tf.manip.space_to_batch_nd, f(1, 4, 4, 1), [2, 2], NONE)
case("SpaceToBatchND", tf.space_to_batch, f(1, 4, 6, 2), NONE, 2)
case("SpaceToBatchND", tf.nn.space_to_batch, f(1, 3, 6, 2), [[1, 0], [0, 0]], block_shape=2)
error("SpaceToBatchND", to_batch, f(4, 4), [2, 2], NONE,
      says="Shape must be at least rank 3 but is rank 2")  # fmt: skip
error("SpaceToBatchND", to_batch, f(1, 3, 4, 1), [2, 2], NONE,
      says="Dimension size must be evenly divisible by 2 but is 3")  # fmt: skip
error("SpaceToBatchND", to_batch, f(1, 3, 4, 1), [2, 2], NONE, at="run",
      says="padded_shape[0]=3 is not divisible by block_shape[0]=2")  # fmt: skip
error("SpaceToBatchND", to_batch, f(1, 4, 4, 1), [2, 2], [[0, 0]],
      says="Dimension 0 in both shapes must be equal, but are 1 and 2")  # fmt: skip
error("SpaceToBatchND", to_batch, f(1, 4, 4, 1), [2, 2], [[0, 0], [0, -1]],
      says="paddings cannot be negative")  # fmt: skip
error("SpaceToBatchND", to_batch, f(1, 4, 4, 1), [0, 2], NONE, says="block_shape must be positive")
error("SpaceToBatchND", to_batch, f(1, 4, 4, 1), [[2, 2]], NONE,
      says="block_shape must have rank 1.")  # fmt: skip

# --- BatchToSpaceND ---
case("BatchToSpaceND", to_space, t(6, 2, 2, 3), [2, 3], NONE, dtypes="f d h bf i l i8 u8 c")
case("BatchToSpaceND", to_space, f(4, 2, 3, 1), [2, 2], [[1, 0], [2, 1]], name="n")
case("BatchToSpaceND", to_space, f(6, 2), [3], [[1, 2]])
case("BatchToSpaceND", to_space, f(4, 2, 2, 1), [2, 2], [[2, 2], [0, 0]])
case("BatchToSpaceND", to_space, f(4, 1, 3, 4, 2), [2, 1, 2], [[0, 0], [1, 1], [2, 0]])
case("BatchToSpaceND", to_space, f(0, 2, 2, 1), [2, 2], NONE)
case("BatchToSpaceND", to_space, f(4, 2, 2, 1), i([2, 2]), i(NONE), id="tensors")
case("BatchToSpaceND", tf.manip.batch_to_space_nd, f(4, 2, 2, 1), [2, 2], NONE)
case("BatchToSpaceND", tf.batch_to_space, f(4, 2, 3, 2), [[0, 1], [1, 0]], 2)
error("BatchToSpaceND", to_space, f(4, 4), [2, 2], NONE,
      says="Shape must be at least rank 3 but is rank 2")  # fmt: skip
error("BatchToSpaceND", to_space, f(3, 2, 2, 1), [2, 2], NONE, at="run",
      says="Input batch dimension (3) is not divisible by product of block sizes (4)")  # fmt: skip
error("BatchToSpaceND", to_space, f(3, 2, 2, 1), [2, 2], NONE,
      says="Dimension size must be evenly divisible by 2 but is 3")  # fmt: skip
error("BatchToSpaceND", to_space, f(4, 2, 2, 1), [2, 2], [[3, 2], [0, 0]],
      says="Negative dimension size caused by subtracting 2 from 1")  # fmt: skip
error("BatchToSpaceND", to_space, f(4, 2, 2, 1), [2, 2], [[3, 2], [0, 0]], at="run",
      says="cropped_shape[0]=-1 must be non-negative")  # fmt: skip
error("BatchToSpaceND", to_space, f(4, 2, 2, 1), [2, 2], [[0, 0], [0, -1]],
      says="crops cannot be negative")  # fmt: skip

# --- one block size ---
case("SpaceToBatch", raw("SpaceToBatch", "input paddings", block_size=2), f(2, 4, 6, 3),
     NONE, id="SpaceToBatch")  # fmt: skip
case("BatchToSpace", raw("BatchToSpace", "input crops", block_size=2), f(4, 2, 3, 1),
     [[1, 0], [0, 1]], id="BatchToSpace")  # fmt: skip
error("SpaceToBatch", raw("SpaceToBatch", "input paddings", block_size=2), f(4, 4, 4), NONE,
      says="Shape must be rank 4 but is rank 3")  # fmt: skip
error("SpaceToBatch", raw("SpaceToBatch", "input paddings", block_size=1), f(1, 4, 4, 1), NONE,
      says="Attr 'block_size' of 'SpaceToBatch' Op passed 1 less than minimum 2.")  # fmt: skip

# --- required paddings ---
needed = tf.required_space_to_batch_paddings
pairs = lambda *args, **kwargs: list(needed(*args, **kwargs))
case("FloorMod", pairs, i([5, 6]), [2, 3], id="paddings")
case("FloorMod", pairs, i([5, 7]), [4, 3], [[1, 1], [0, 2]], name="r", id="paddings-base")
case("Const", lambda: pairs([5, 7], [4, 3], [[1, 1], [0, 2]]), id="paddings-known")
case("Const", lambda: pairs([], []), id="paddings-none")
error("Const", pairs, i([5, 6, 7]), [2, 3], says="are incompatible")

# --- SpaceToDepth and DepthToSpace ---
deep, wide = tf.space_to_depth, tf.depth_to_space
case("SpaceToDepth", deep, t(2, 4, 6, 3), 2, dtypes="f d h bf i l i8 u8 c")
case("SpaceToDepth", tf.nn.space_to_depth, f(1, 3, 6, 2), 3, name="n")
case("SpaceToDepth", deep, f(0, 4, 4, 2), 2)
case("SpaceToDepth", deep, s(1, 2, 2, 1), 2)
case("SpaceToDepth", deep, f(1, 3, 4, 6), 2, data_format="NCHW", golden=NCHW)
case("DepthToSpace", wide, t(2, 2, 3, 8), 2, dtypes="f d h bf i l i8 u8 c")
case("DepthToSpace", tf.nn.depth_to_space, f(1, 1, 2, 18), 3, name="n")
case("DepthToSpace", wide, f(0, 4, 4, 4), 2)
case("DepthToSpace", wide, c(1, 2, 1, 4), 2)
case("DepthToSpace", wide, d(1, 8, 2, 3), 2, data_format="NCHW", golden=NCHW)
for op_type, function in (("SpaceToDepth", deep), ("DepthToSpace", wide)):
    error(op_type, function, f(4, 4, 4), 2, says="Shape must be rank 4 but is rank 3")
    error(op_type, function, f(1, 4, 4, 4), 1, says="Op passed 1 less than minimum 2.")
    error(op_type, function, f(1, 4, 4, 4), 2, data_format="X", says="Op passed string 'X' not in")
error("SpaceToDepth", deep, f(1, 4, 4, 4), 3,
      says="Dimension size must be evenly divisible by 3 but is 4")  # fmt: skip
error("SpaceToDepth", deep, f(1, 4, 4, 4), 3, at="run",
      says="should be divisible by block_size: 3")  # fmt: skip
error("DepthToSpace", wide, f(1, 4, 4, 4), 3,
      says="Dimension size must be evenly divisible by 9 but is 4")  # fmt: skip
error("DepthToSpace", wide, f(1, 4, 4, 4), 3, at="run",
      says="Input depth dimension 4 should be divisible by: 9")  # fmt: skip
