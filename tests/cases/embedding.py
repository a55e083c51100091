"""Rows of embedding lookups."""

from __future__ import annotations

from _rows import case, error, f, i, l, t, tf

lookup = tf.nn.embedding_lookup

case("GatherV2", lookup, t(4, 3), i([2, 0, 2]), dtypes="f d h i")
case("GatherV2", lookup, f(4, 3), i([[1, 3], [0, 1]]))
case("GatherV2", lookup, f(4, 3), l(value=2))
case("GatherV2", lookup, f(4), i([3, 1]))
case("GatherV2", lookup, f(4, 2, 3), l([1, 1, 0]), name="words")
case("GatherV2", lookup, f(4, 3), i(0))
case("GatherV2", lookup, [f(4, 3)], i([2, 0]))
case("GatherV2", lookup, f(4, 3), i([2, 0, 2]), max_norm=0.5)
case("GatherV2", lookup, f(4, 2, 3), i([[1, 3], [0, 1]]), max_norm=0.5)
case("ParallelDynamicStitch", lookup, [f(2, 3), f(2, 3)], i([2, 0, 3, 2]))
case("ParallelDynamicStitch", lookup, [f(3, 2), f(2, 2)], l([[4, 1], [0, 2]]), "mod", name="words")
case("ParallelDynamicStitch", lookup, [f(3, 2), f(2, 2)], i([[4, 1], [0, 2]]), "div")
case("ParallelDynamicStitch", lookup, [f(2, 2), f(2, 2), f(1, 2)], l([4, 1, 0, 2, 3]), "div")
case("ParallelDynamicStitch", lookup, [t(2, 2), t(2, 2)], i([3, 1, 0, 2]), "div", dtypes="f d i")
case("ParallelDynamicStitch", lookup, [f(2, 3), f(2, 3)], i([2, 0, 3]), max_norm=0.5)


def of_variable(use_resource):
    """Rows of a variable with numbers that are not equal."""

    def made(ids):
        table = tf.Variable(
            [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], name="table", use_resource=use_resource
        )
        return lookup(table, ids)

    return made


def in_parts(strategy, use_resource=False):
    """Rows of a variable in parts."""

    def made(ids):
        table = tf.get_variable(
            "table",
            initializer=tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 0.0]]),
            partitioner=lambda shape, dtype: [2, 1],
            use_resource=use_resource,
        )
        return lookup(table, ids, strategy)

    return made


case("GatherV2", of_variable(False), i([2, 0, 2]), id="reference")
case("ResourceGather", of_variable(True), i([2, 0, 2]), id="resource")
for strategy in ("mod", "div"):
    case("ParallelDynamicStitch", in_parts(strategy), i([4, 0, 2]), id="parts-" + strategy)
    case("ResourceGather", in_parts(strategy, True), i([4, 0, 2]), id="resource-parts-" + strategy)
error("GatherV2", lookup, f(3, 2), i([-1]), at="run", says="indices[0] = -1 is not in [0, 3)")
error("GatherV2", lookup, [], i([1]), says="Need at least one param")
error("GatherV2", lookup, None, i([1]), says="params must be specified")
error("DynamicPartition", lookup, [f(2, 3), f(2, 3)], i([1]), "by chance",
      says="Unrecognized partition strategy: by chance")  # fmt: skip
error("ParallelDynamicStitch", lookup, [f(2, 3), f(2, 3)], i([4]), at="run",
      says="is not in [0, 2)")  # fmt: skip
