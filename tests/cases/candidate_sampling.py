"""Rows for candidate samplers and the losses over sampled classes: same seeds, same draws."""

import atexit
import importlib
import os
import tempfile

from _rows import case, error, f, h, i, l, tf

TRUE = [[1, 2], [3, 7], [0, 9]]
WEIGHTS = [1.0, 2.0, 0.5, 4.0, 5.0, 0.0, 7.0, 8.0, 9.0, 10.0]
DRAWN = "a sample"
TIMES = 3


def again(sampler, *args, **kwargs):
    """Three draws of one sampler in one run; each is an operation with numbers of its own."""
    return lambda classes: [sampler(classes, *args, **kwargs) for _ in range(TIMES)]


for name, op_type in (
    ("uniform", "UniformCandidateSampler"),
    ("log_uniform", "LogUniformCandidateSampler"),
    ("learned_unigram", "LearnedUnigramCandidateSampler"),
):
    sampler = getattr(tf.random, name + "_candidate_sampler")
    for number, (count, unique, size) in enumerate((
        (6, True, 10), (10, True, 10), (6, False, 16), (50, False, 1000), (20, True, 1 << 20),
    )):  # fmt: skip
        case(op_type, again(sampler, 2, count, unique, size), l(TRUE), seed=42,
             id="%s-%d" % (op_type, number))  # fmt: skip
    case(op_type, sampler, l(3, 1, low=0), 1, 4, True, 20, seed=7, name="drawn",
         id=op_type + "-op-seed")  # fmt: skip
    case(op_type, sampler, l(0, 2), 2, 4, False, 20, 3, id=op_type + "-empty")
    error(op_type, sampler, l([1, 2]), 2, 4, True, 20, says="Shape must be rank 2 but is rank 1")
    error(op_type, sampler, l([1, 2]), 2, 4, True, 20, at="run",
          says="true_classes must be a matrix")  # fmt: skip
    error(op_type, sampler, l(TRUE), 1, 4, True, 20, at="run",
          says="true_classes must have num_true columns, expected: 2 was: 1")  # fmt: skip
    error(op_type, sampler, l(TRUE), 2, 21, True, 20, at="run",
          says="Sampler's range is too small.")  # fmt: skip
    error(op_type, sampler, i(TRUE), 2, 4, True, 20, error="TypeError",
          says="type int32 that does not match expected type of int64")  # fmt: skip
    error(op_type, sampler, l(TRUE), 0, 4, True, 20, says="passed 0 less than minimum 1")
    error(op_type, sampler, l(TRUE), 2, 0, True, 20, says="passed 0 less than minimum 1")
    error(op_type, sampler, l(TRUE), 2, 4, True, 0, says="passed 0 less than minimum 1")


def thread_unsafe(classes):
    """The sampler that has no public function."""
    options = {"num_true": 2, "num_sampled": 4, "unique": True, "range_max": 20, "seed": 3}
    if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
        return tf.raw_ops.ThreadUnsafeUnigramCandidateSampler(true_classes=classes, **options)
    apply = importlib.import_module("graphflow.core.declare").apply
    return apply("ThreadUnsafeUnigramCandidateSampler", classes, **options)


case("ThreadUnsafeUnigramCandidateSampler", thread_unsafe, l(TRUE), id="thread-unsafe")
# A range that leaves many 32-bit words over, so that some are refused.
case("LearnedUnigramCandidateSampler", again(tf.nn.learned_unigram_candidate_sampler, 2, 40000,
     False, 3000001), l(TRUE), seed=1, id="LearnedUnigramCandidateSampler-refused")  # fmt: skip
case("UniformCandidateSampler", lambda x: tf.nn.uniform_candidate_sampler(x, 2, 3, True, 50).
     sampled_expected_count, l(TRUE), seed=1, id="UniformCandidateSampler-alias")  # fmt: skip
case("AllCandidateSampler", tf.random.all_candidate_sampler, l(TRUE), 2, 10, True, seed=1)
case("AllCandidateSampler", tf.nn.all_candidate_sampler, l(0, 1), 1, 3, False, 7, "all")
error("AllCandidateSampler", tf.nn.all_candidate_sampler, l(TRUE), 3, 10, True, at="run",
      says="true_classes must have num_true columns, expected: 2 was: 3")  # fmt: skip
error("AllCandidateSampler", tf.nn.all_candidate_sampler, l([1]), 1, 10, True,
      says="Shape must be rank 2 but is rank 1")  # fmt: skip


def vocabulary(text):
    """The path of a file with this text."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
        file.write(text)
    atexit.register(os.remove, file.name)
    return file.name


FIXED = tf.random.fixed_unigram_candidate_sampler
for number, (count, unique, size, options) in enumerate((
    (6, True, 10, {"unigrams": WEIGHTS}),
    (40, False, 10, {"unigrams": WEIGHTS, "distortion": 0.75}),
    (4, True, 11, {"unigrams": WEIGHTS, "num_reserved_ids": 1}),
    (3, True, 5, {"unigrams": WEIGHTS, "num_shards": 2, "shard": 1}),
    (3, True, 5, {"unigrams": WEIGHTS, "num_shards": 3, "num_reserved_ids": 2, "shard": 1}),
    (9, False, 10, {"unigrams": WEIGHTS, "distortion": 0.0}),
    (5, False, 1, {"unigrams": [3.0]}),
)):  # fmt: skip
    case("FixedUnigramCandidateSampler", again(FIXED, 2, count, unique, size, **options), l(TRUE),
         seed=42, id="FixedUnigramCandidateSampler-%d" % number)  # fmt: skip
case("FixedUnigramCandidateSampler", lambda x: FIXED(
    x, 2, 40000, False, 100003, unigrams=[1.0 + k % 7 for k in range(100003)]), l(TRUE),
    seed=3, id="FixedUnigramCandidateSampler-refused")  # fmt: skip


def from_file(text, *args, **kwargs):
    """A call of the sampler with a vocabulary of this text."""
    return lambda x: FIXED(x, *args, vocab_file=vocabulary(text), **kwargs)


WRITTEN = "the file has another name each time"
case("FixedUnigramCandidateSampler", from_file("a,1\nb,2\n\nc,3\nx,y,4\n5\n", 2, 3, True, 5),
     l(TRUE), seed=42, nodes=WRITTEN, id="FixedUnigramCandidateSampler-file")  # fmt: skip
error("FixedUnigramCandidateSampler", FIXED, l(TRUE), 2, 3, True, 5, at="run",
      says="Must provide either vocab_file or unigrams.")  # fmt: skip
error("FixedUnigramCandidateSampler", FIXED, l(TRUE), 2, 3, True, 1, vocab_file="there.is.none",
      unigrams=[1.0], at="run", says="Must only provide one of vocab_file and unigrams.",
      id="FixedUnigramCandidateSampler-both")  # fmt: skip
error("FixedUnigramCandidateSampler", FIXED, l(TRUE), 2, 3, True, 5, unigrams=[1.0] * 5, shard=-1,
      says="Attr 'shard' of 'FixedUnigramCandidateSampler' Op passed -1 less than minimum 0",
      id="FixedUnigramCandidateSampler-shard")  # fmt: skip

HITS = tf.nn.compute_accidental_hits
case("ComputeAccidentalHits", HITS, l(TRUE), l([2, 9, 9, 1, 5]), 2, seed=4)
case("ComputeAccidentalHits", HITS, l(5, 3, low=0), l(20, low=0), 3, name="hits")
case("ComputeAccidentalHits", HITS, l(TRUE), l(0), 2)
case("ComputeAccidentalHits", HITS, l(0, 2), l([2, 9]), 2, 5)
error("ComputeAccidentalHits", HITS, l(TRUE), l([[2, 9]]), 2, says="Shape must be rank 1 but is")
error("ComputeAccidentalHits", HITS, l(TRUE), l([2, 9]), 3, says="Dimension must be 3 but is 2")
error("ComputeAccidentalHits", HITS, l([1, 2]), l([2]), 2, says="Shape must be rank 2 but is rank")
error("ComputeAccidentalHits", HITS, l([1, 2]), l([2]), 2, at="run",
      says="true_candidates must be a batch_size * num_true matrix")  # fmt: skip
error("ComputeAccidentalHits", HITS, l(TRUE), l([[2]]), 2, at="run",
      says="sampled_candidates must be a vector, which is typically an output from")  # fmt: skip

# --- losses ---
NCE, SOFTMAX = tf.nn.nce_loss, tf.nn.sampled_softmax_loss
SAMPLED = "the sample is drawn anew"
for number, (labels, options) in enumerate((
    (l([[3], [0], [9]]), {}),
    (i([[3], [0], [9]]), {"remove_accidental_hits": True}),
    (l(TRUE), {"num_true": 2, "name": "mine"}),
    (l(TRUE), {"num_true": 2, "partition_strategy": "div", "remove_accidental_hits": False}),
)):  # fmt: skip
    for op_type, function, name in (("LogUniformCandidateSampler", NCE, "nce"),
                                    ("SoftmaxCrossEntropyWithLogits", SOFTMAX, "softmax"),
    ):  # fmt: skip
        case(op_type, lambda w, bias, y, x, function=function, options=options:
             function(w, bias, y, x, 5, 10, **options),
             f(10, 4), f(10), labels, f(3, 4), seed=42, numeric=SAMPLED,
             id="%s-%d" % (name, number))  # fmt: skip
case("LogUniformCandidateSampler", lambda a, b2, bias, y, x: NCE([a, b2], bias, y, x, 4, 10),
     f(5, 4), f(5, 4), f(10), l([[3], [8]]), f(2, 4), seed=42, numeric=SAMPLED,
     id="nce-parts")  # fmt: skip
case("SoftmaxCrossEntropyWithLogits", lambda a, b2, bias, y, x: SOFTMAX(
     [a, b2], bias, y, x, 4, 10, partition_strategy="div", seed=9),
     f(5, 4), f(5, 4), f(10), l([[3], [8]]), f(2, 4), seed=42, numeric=SAMPLED,
     id="softmax-parts")  # fmt: skip
error("SoftmaxCrossEntropyWithLogits", lambda w, bias, y, x: SOFTMAX(w, bias, y, x, 4, 10),
      f(10, 4), f(10), l([[3], [8]]), h(2, 4), error="TypeError",
      says="type float32 that does not match type float16", id="softmax-half")  # fmt: skip
case("SoftmaxCrossEntropyWithLogits", lambda w, bias, y, x: SOFTMAX(
     w, bias, y, x, 4, 10, sampled_values=tf.nn.uniform_candidate_sampler(y, 1, 4, True, 10, 3)),
     f(10, 4), f(10), l([[3], [8]]), f(2, 4), seed=42, numeric=SAMPLED,
     id="softmax-given-sample")  # fmt: skip
case("LogUniformCandidateSampler", lambda y, x: NCE(
     tf.get_variable("w", [10, 4], initializer=tf.ones_initializer()), tf.Variable([0.5] * 10),
     y, x, 4, 10), l([[3], [8]]), f(2, 4), seed=42, numeric=SAMPLED,
     id="nce-variables")  # fmt: skip
error("LogUniformCandidateSampler", NCE, f(10, 4), f(10), l([[3], [8]]), f(2, 5), 4, 10,
      says="Dimensions must be equal, but are 5 and 4")  # fmt: skip
