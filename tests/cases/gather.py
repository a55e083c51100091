"""Rows of Gather, GatherV2, GatherNd and ScatterNd."""

from __future__ import annotations

from _rows import case, error, f, i, l, t, tf

ids = i([[0, 2], [2, 1]])
case("GatherV2", tf.gather, t(3, 2), i([2, 0, 2]), dtypes="f d h bf i l b s c")
case("GatherV2", tf.gather, f(3, 2), ids)
case("GatherV2", tf.gather, f(3, 2), i(value=1))
case("GatherV2", tf.gather, f(3, 2), l([1, 1]))
case("GatherV2", tf.gather, f(3), i(0))
case("GatherV2", tf.gather, f(3, 0), ids)
case("GatherV2", tf.gather, f(2, 3), ids, axis=1)
case("GatherV2", tf.gather, f(2, 3), ids, axis=-1)
case("GatherV2", tf.gather, f(2, 3, 4), i([2, 0]), axis=1)
case("GatherV2", tf.gather, f(2, 3, 4), i(value=1), axis=2)
case("GatherV2", tf.gather, f(2, 3), ids, axis=1, batch_dims=1)
case("GatherV2", tf.gather, f(2, 4, 3, 2), i([[0, 2, 1], [2, 1, 1]]), axis=2, batch_dims=1)
case("GatherV2", tf.gather, f(2, 3, 2), l([[0, 2], [2, 1]]), batch_dims=1)
case("GatherV2", lambda x, n, a: tf.gather(x, n, axis=a), f(2, 3), ids, i(value=1), id="fed-axis")
case("GatherV2", tf.gather, f(3, 2), [2, 0])
case("GatherV2", tf.batch_gather, f(2, 3), ids,
     nodes="one GatherV2 in the place of TensorFlow's flat indices")  # fmt: skip
error("GatherV2", tf.gather, f(), i([0]), says="Shape must be at least rank 1 but is rank 0")
error(
    "GatherV2", tf.gather, f(5, 3), i([0]), axis=3, says="Shape must be at least rank 4 but is ra"
)
error(
    "GatherV2", tf.gather, f(3), f([0]), error="TypeError", says="has DataType float32 not in list"
)
error("GatherV2", tf.gather, f(3, 2), i([[0, 1], [2, 3]]), at="run",
      says="indices[1,1] = 3 is not in [0, 3)")  # fmt: skip
error("GatherV2", tf.gather, f(3, 2), i([0, -1]), at="run", says="indices[1] = -1 is not in [0, 3)")
error("GatherV2", lambda x, n: tf.gather(x, n, axis=1), f(3, 2), i([0, 2]), at="run",
      says="indices[1] = 2 is not in [0, 2)")  # fmt: skip

case("GatherNd", tf.gather_nd, t(3, 2), i([[0, 1], [2, 0], [2, 0]]), dtypes="f d h i l b s c")
case("GatherNd", tf.gather_nd, f(3, 2), i([[2], [0]]))
case("GatherNd", tf.gather_nd, f(3, 2, 2), l([[[2, 1]], [[0, 0]]]))
case("GatherNd", tf.gather_nd, f(3, 2), i([1, 1]))
case("GatherNd", tf.gather_nd, f(3, 2), i(2, 0))
case("GatherNd", tf.gather_nd, f(2, 3, 2), i([[[2], [0]], [[1], [1]]]), batch_dims=1)
error(
    "GatherNd", tf.gather_nd, f(5, 3), i(2, 3), says="indices.shape[-1] must be <= params.rank, but"
)
error("GatherNd", tf.gather_nd, f(3, 2), i([[0, 1], [2, 3]]), at="run",
      says="indices[1] = [2, 3] does not index into param shape [3,2]")  # fmt: skip

case("ScatterNd", tf.scatter_nd, i([[4], [1], [4]]), t(3), [6], dtypes="f d h i l c")
case("ScatterNd", tf.scatter_nd, i([[2], [0]]), f(2, 3), [4, 3])
case("ScatterNd", tf.scatter_nd, l([[[2, 1]], [[0, 0]]]), f(2, 1), l([3, 2]))
case("ScatterNd", tf.scatter_nd, i(0, 1), f(0), [3])
error("ScatterNd", tf.scatter_nd, i(2, 2, 2), f(2, 2, 2), [0, 3, 2],
      says="Indices and updates specified for empty output shape")  # fmt: skip
error("ScatterNd", tf.scatter_nd, i([[0, 0, 0], [0, 0, 0]]), f(2), i([2, 2]), at="run",
      says="Inner dimensions of output shape must match inner dimensions of updates")  # fmt: skip
error("GatherNd", tf.gather_nd, f(0, 3), i([[0, 0]]), at="run",
      says="Requested more than 0 entries, but params is empty.")  # fmt: skip
error(
    "ScatterNd",
    tf.scatter_nd,
    i(2, 1),
    f(3, 3),
    [5, 3],
    says="must match the outer 1 dimensions of",
)
error("ScatterNd", tf.scatter_nd, i([[4]]), f(1), i([3]), at="run",
      says="indices[0] = [4] does not index into shape [3]")  # fmt: skip

FEWER = "a size that is known is a constant, not a slice of the shape"
slices = lambda v: tf.IndexedSlices(v, tf.constant([2, 0, 2]), tf.constant([4, 2]))
case(
    "UnsortedSegmentSum",
    lambda v: tf.convert_to_tensor(slices(v)),
    f(3, 2),
    id="dense-slices",
    nodes=FEWER,
)
case("Neg", lambda v: -slices(v), f(3, 2), id="slices")
case("Mul", lambda v: tf.multiply(slices(v), 2.0), f(3, 2), id="taken", nodes=FEWER)
