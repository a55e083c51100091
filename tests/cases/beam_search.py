"""Rows of the operation that puts the beams of a search together."""

from __future__ import annotations

from _rows import case, error, i, tf

gather_tree = tf.contrib.seq2seq.gather_tree

steps = [[[1, 2, 3]], [[4, 5, 6]], [[7, 8, 9]], [[-1, -1, -1]]]
parents = [[[0, 0, 0]], [[0, 1, 1]], [[2, 1, 2]], [[-1, -1, -1]]]
case("GatherTree", gather_tree, i(steps), i(parents), i([3]), i(value=10))
case("GatherTree", gather_tree, i(steps), i(parents), i([3]), i(value=5))
case("GatherTree", gather_tree, i(steps), i(parents), i([0]), i(value=10))
case("GatherTree", gather_tree, i(steps[:3]), i(parents[:3]), i([9]), i(value=-1))
case("GatherTree", gather_tree, i(steps[:1]), i(parents[:1]), i([-2]), i(value=0))
for sizes, lengths in (
    ((8, 5, 6), [0, 3, 8, 12, 1]),
    ((1, 2, 4), [1, 1]),
    ((0, 2, 3), [0, 4]),
    ((4, 0, 3), []),
    ((5, 2, 1), [5, 4]),
):
    ids, before = i(*sizes, low=0, high=7), i(*sizes, low=0, high=max(sizes[2], 1))
    case("GatherTree", gather_tree, ids, before, i(value=lengths), i(value=3))

right = (i(4, 2, 3), i(4, 2, 3, low=0, high=3), i([4, 3]), i(value=9))
for place, wrong, says in (
    (0, i(4, 3), "must be rank 3 but is rank 2"),
    (1, i(4, 3), "must be rank 3 but is rank 2"),
    (1, i(4, 2, 4), "Dimension 2 in both shapes must be equal, but are 3 and 4"),
    (2, i(2, 1), "must be rank 1 but is rank 2"),
    (2, i([4, 3, 2]), "Dimensions must be equal, but are 2 and 3"),
    (3, i([9]), "must be rank 0 but is rank 1"),
):
    given = [*right[:place], wrong, *right[place + 1 :]]
    error("GatherTree", gather_tree, *given, says=says)
for place, wrong, says in (
    (0, i(4, 3), "step_ids must be a 3-tensor, saw shape: [4,3]"),
    (1, i(4, 3), "step_ids.shape must match parent_ids.shape.  but shapes are: [4,2,3] and [4,3]"),
    (1, i(4, 2, 4), "step_ids.shape must match parent_ids.shape.  but shapes are: [4,2,3] and"),
    (2, i(2, 1), "max_sequence_lengths must be a vector, saw shape: [2,1]"),
    (2, i([4, 3, 2]), "batch size dimensions step_ids.shape[1] and max_sequence_lengths.shape[0]"),
    (3, i([9]), "end_token must be a scalar, saw shape: [1]"),
):
    given = [*right[:place], wrong, *right[place + 1 :]]
    error("GatherTree", gather_tree, *given, at="run", says=says)
bad = i([[[0, 0, 0]], [[0, -1, 1]], [[2, 1, 2]], [[-1, -1, -1]]])
says = "Saw invalid parent id -1 at (batch, time, beam) == (0, 0, 1)"
error("GatherTree", gather_tree, i(steps), bad, i([3]), i(value=10), at="run", says=says)
last = i([[[0, 0, 0]], [[0, 1, 1]], [[2, 3, 2]]])
error(
    "GatherTree", gather_tree, i(steps[:3]), last, i([3]), i(value=10), at="run",
    says="Saw invalid parent id 3 at (batch, time, beam) == (0, 1, 1)",
    golden="TensorFlow reads behind its array",
)  # fmt: skip
