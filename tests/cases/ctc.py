"""Rows of connectionist temporal classification."""

from __future__ import annotations

import numpy as np
from _rows import case, d, error, f, i, l, t, tf

PLACES = [[0, 0], [0, 1], [1, 0]]


def loss(x, places, values, times, **options):
    labels = tf.SparseTensor(places, values, [2, 2])
    return tf.nn.ctc_loss(labels, x, times, **options)


def with_options(**options):
    return lambda *args: loss(*args, **options)


ROW = (l(PLACES), i([0, 1, 2]), i([5, 4]))
TWICE = (l(PLACES), i([1, 1, 2]), i([5, 4]))
once = {"numeric": "of first order only"}
case("CTCLoss", loss, f(5, 2, 4), *ROW, numeric="its second order is refused")
rough = {"tol": 1e-6}  # TensorFlow takes logarithms of float64 in float32
case("CTCLoss", loss, d(5, 2, 4), *ROW, **dict(once, **rough))
for name, options in (
    ("collapse", {"preprocess_collapse_repeated": True}),
    ("no merge", {"ctc_merge_repeated": False}),
    ("both", {"preprocess_collapse_repeated": True, "ctc_merge_repeated": False}),
    ("ignore", {"ignore_longer_outputs_than_inputs": True}),
):
    case("CTCLoss", with_options(**options), f(5, 2, 4), *TWICE, id=name, **once)
ignore = with_options(ignore_longer_outputs_than_inputs=True)
case("CTCLoss", ignore, f(5, 2, 4), l(PLACES), i([0, 1, 2]), i([1, 0]), id="too long", **once)
case("CTCLoss", with_options(time_major=False), f(2, 5, 4), *ROW, id="batch first", **once)
case("CTCLoss", loss, f(5, 2, 4), l(PLACES), i([1, 3, 2]), i([5, 4]), id="blank at the end", **once)
case("CTCLoss", loss, f(5, 2, 4), l(PLACES), i([1, 1, 2]), i([2, 4]), id="no alignment", **once)
case("CTCLoss", loss, f(np.where(np.arange(40).reshape(5, 2, 4) == 7, np.nan, 0.5)), *ROW,
     id="nan", grad="of what is not a number")  # fmt: skip
case("CTCLoss", lambda x: tf.nn.ctc_loss(labels=tf.SparseTensor(PLACES, [0, 1, 2], [2, 2]),
     logits=x, sequence_length=[5, 5]), f(5, 2, 4), id="logits", **once)  # fmt: skip
case("CTCLoss", lambda x: tf.nn.ctc_loss_v2(tf.SparseTensor(PLACES, [0, 1, 3], [2, 2]), x, None,
     [5, 4], blank_index=2), f(5, 2, 4), id="v2-sparse", **once)  # fmt: skip
error("CTCLoss", tf.nn.ctc_loss, 3, f(5, 2, 4), [5, 4], error="TypeError",
      says="Expected labels (first argument) to be a SparseTensor")  # fmt: skip
error("CTCLoss", lambda x: tf.nn.ctc_loss_v2(tf.SparseTensor(PLACES, [0, 1, 3], [2, 2]), x, None,
      [5, 4]), f(5, 2, 4), says="blank_index must be given when using SparseTensor")  # fmt: skip
for values, times, says in (
    (
        [0, 1, 2],
        [1, 4],
        "Not enough time for target transition sequence (required: 2, available: 1)",
    ),
    ([3, 1, 2], [5, 4], "Saw a non-null label (index >= num_classes - 1) following a null label"),
    ([1, -1, 2], [5, 4], "All labels must be nonnegative integers, batch: 0 labels: 1,-1"),
    ([0, 1, 2], [6, 4], "sequence_length(0) <= 5"),
    ([0, 1, 2], [5, -1], "seq_len(1) < 0"),
):
    error("CTCLoss", loss, f(5, 2, 4), l(PLACES), i(values), i(times), at="run", says=says)
error("CTCLoss", loss, f(5, 2, 4), l([[0, 0]]), i([1]), i([5, 4]), at="run",
      says="Labels length is zero in batch 1")  # fmt: skip
error("CTCLoss", loss, f(5, 2, 4), l([[1, 0], [0, 0]]), i([1, 1]), i([5, 4]), at="run",
      says="label SparseTensor is not valid: indices[1] = [0,0] is out of order")  # fmt: skip
error("CTCLoss", loss, f(5, 2, 4), l(PLACES), i([0, 1, 2]), i([5]),
      says="Dimensions must be equal, but are 2 and 1")  # fmt: skip
error("CTCLoss", loss, f(5, 4), *ROW, says="Shape must be rank 3 but is rank 2")

greedy = tf.nn.ctc_greedy_decoder
case("CTCGreedyDecoder", greedy, t(5, 2, 4), i([5, 4]), dtypes="f d", grad="a choice")
case("CTCGreedyDecoder", greedy, f(5, 2, 2), i([5, 4]), merge_repeated=False, grad="a choice")
case("CTCGreedyDecoder", greedy, f(np.zeros((3, 1, 3))), i([2]), grad="a choice")
case("CTCGreedyDecoder", greedy, f(5, 2, 4), i([0, 0]), grad="a choice")
error("CTCGreedyDecoder", greedy, f(5, 2, 4), i([6, 4]), at="run",
      error="FailedPreconditionError", says="sequence_length(0) <= 5")  # fmt: skip

beam = tf.nn.ctc_beam_search_decoder
none = {"grad": "a choice"}
case("CTCBeamSearchDecoder", beam, f(5, 2, 4), i([5, 4]), **none)
case("CTCBeamSearchDecoder", beam, d(5, 2, 4), i([5, 4]), **dict(none, **rough))
for width, paths in ((1, 1), (2, 2), (4, 3), (100, 5)):
    case("CTCBeamSearchDecoder", beam, f(7, 3, 5), i([7, 4, 2]), beam_width=width, top_paths=paths,
         **none)  # fmt: skip
    case("CTCBeamSearchDecoder", tf.nn.ctc_beam_search_decoder_v2, f(7, 3, 5), i([7, 4, 2]),
         beam_width=width, top_paths=paths, id="v2-%d" % width, **none)  # fmt: skip
case(
    "CTCBeamSearchDecoder", beam, f(9, 2, 3), i([9, 8]), beam_width=6, merge_repeated=False, **none
)
error("CTCBeamSearchDecoder", beam, f(5, 2, 4), i([5, 4]), at="run", beam_width=1, top_paths=2,
      says="requested more paths than the beam width.")  # fmt: skip
error("CTCBeamSearchDecoder", beam, f(5, 2, 4), i([0, 4]), at="run", top_paths=3,
      says="Less leaves in the beam search than requested.")  # fmt: skip
case("ScatterNd", tf.nn.collapse_repeated, i([[1, 1, 2, 2, 1], [3, 4, 4, 4, 4]]), i([5, 3]))
case("ScatterNd", tf.nn.collapse_repeated, l([[1, 1, 2], [3, 3, 3]]), l([3, 2]), name="named")
