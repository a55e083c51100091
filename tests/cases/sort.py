"""Rows of TopKV2, InTopKV2, tf.sort, Unique and ListDiff."""

from __future__ import annotations

from _rows import case, error, f, i, l, s, t, tf

INF = float("inf")
case("TopKV2", lambda x: tuple(tf.nn.top_k(x, 2)), t(3, 5, distinct=True), dtypes="f d h i l i8 u8")
case("TopKV2", lambda x: tuple(tf.nn.top_k(x)), f(5, distinct=True))
case("TopKV2", lambda x, k: tuple(tf.nn.top_k(x, k)), f(2, 5, distinct=True), i(value=3))
case("TopKV2", lambda x: tuple(tf.nn.top_k(x, 3)), f([[1, 3, 3, 2], [2, 2, 2, 2]]), id="ties",
     numeric="equal elements: a kink")  # fmt: skip
case("TopKV2", lambda x: tuple(tf.nn.top_k(x, 0)), f(2, 5), id="none")
case("TopKV2", lambda x: tf.nn.top_k(x, 2).indices, f(2, 2, 4, distinct=True), id="indices")
error("TopKV2", tf.nn.top_k, f(2, 3), 4, says="input must have last dimension >= k = 4 but is 3")
error("TopKV2", tf.nn.top_k, f(), 1, says="Shape must be at least rank 1 but is rank 0")
error("TopKV2", tf.nn.top_k, f(2, 3), -1, says="must be non-negative but is -1")
error("TopKV2", lambda x, k: tf.nn.top_k(x, k), f(1, 4), i(value=5), at="run",
      says="input must have at least k columns. Had 4, needed 5")  # fmt: skip

scores = f([[1, 3, 3, 2], [1, 2, 3, 4], [1, 2, 3, 4], [INF, 1, 2, 3]])
case("InTopKV2", tf.nn.in_top_k, scores, i([2, 0, 7, 0]), 2)
case("InTopKV2", tf.nn.in_top_k, scores, l([1, 3, 2, 1]), 1)
case("InTopKV2", tf.nn.in_top_k, scores, i([3, 0, -1, 3]), i(value=3))
error(
    "InTopKV2", tf.nn.in_top_k, f(2, 3), i(3), 2, says="Dimensions must be equal, but are 2 and 3"
)
error("InTopKV2", tf.nn.in_top_k, f(2, 3), i(2, 1), 2, says="Shape must be rank 1 but is rank 2")

case("TopKV2", tf.sort, t(2, 4, distinct=True), dtypes="f d i l")
case("TopKV2", tf.sort, f(3, 2, 4, distinct=True), axis=0, direction="DESCENDING")
case("TopKV2", tf.argsort, f(2, 4, distinct=True))
case("TopKV2", tf.argsort, f(4, 2, distinct=True), axis=-2, direction="DESCENDING")
error("TopKV2", tf.sort, f(2, 3), direction="UP", says="should be one of ASCENDING, DESCENDING")

case(
    "Unique", lambda x: tuple(tf.unique(x)), t([3, 1, 3, 2, 1]), dtypes="f d i l i8 u8", grad="none"
)
case("Unique", lambda x: tuple(tf.unique(x, tf.int64)), s(["b", "a", "b"]))
case("Unique", lambda x: tuple(tf.unique(x)), i(0))
case("UniqueWithCounts", lambda x: tuple(tf.unique_with_counts(x)), i([3, 1, 3, 2, 1]))
error("Unique", tf.unique, f(3, 2), says="Shape must be rank 1 but is rank 2")
case("ListDiff", lambda x, y: tuple(tf.setdiff1d(x, y)), t([1, 2, 3, 2, 4]), t([2, 5]),
     dtypes="i l f",
     grad="none")  # fmt: skip
case("ListDiff", lambda x, y: tuple(tf.setdiff1d(x, y, tf.int64)), s(["b", "a"]), s(["b"]))
