"""Summaries: messages whose bytes are compared; of images only that one comes out."""

from _rows import bf, case, d, f, h, i, i8, l, s, t, tf, u8, u16


def size_of(made):
    """One number about a message whose compressed bytes differ between encoders."""
    return tf.shape(made)


def scalar(x):
    return tf.summary.scalar("loss", x)


for made in (f(-0.0), f(float("nan")), f(float("inf")), f(3e38), d(0.1), d(1e300), h(0.1), bf(0.5),
             i(value=-7), l(value=1 << 40), i8(value=-3), u8(value=200), u16(value=9)):  # fmt: skip
    case("ScalarSummary", scalar, made)
case("ScalarSummary", tf.summary.scalar, "a b/c", f(0.5), family="x")
case("ScalarSummary", lambda x: tf.summary.scalar("loss", x, collections=["mine"]), f(1.0))


def histogram(x):
    return tf.summary.histogram("h", x)


case("HistogramSummary", histogram, t(4, 5), dtypes="f d h i l u8")
case("HistogramSummary", histogram, f([0.0, -0.0, 1e-13, -1e-12, 1e20, -3e38]))
case("HistogramSummary", histogram, f.empty)
case("HistogramSummary", histogram, f(2.0))

case("MergeSummary", lambda x, y: tf.summary.merge([scalar(x), histogram(y)]), f(1.5), f(3))

case("ImageSummary", lambda x: size_of(tf.summary.image("i", x)), f(2, 3, 4, 3))
case("ImageSummary", lambda x: size_of(tf.summary.image("i", x, max_outputs=1)), u8(1, 3, 4, 1))

case("AudioSummaryV2", lambda x: tf.summary.audio("a", x, 44100), f(4, 6, 2))
case("AudioSummaryV2", lambda x: tf.summary.audio("a", x, 8000.0, max_outputs=1), f(1, 5))

case("TensorSummaryV2", lambda x: tf.summary.tensor_summary("t", x), t(2, 3), dtypes="f i d")
case("TensorSummaryV2", lambda x: tf.summary.tensor_summary("t", x), f(0.5))
case("TensorSummaryV2", lambda x: tf.summary.text("t", x), s(["a", "", "b c"]))


def old_tensor_summary(x):
    """Adds an operation that no public function makes any more."""
    return tf.get_default_graph().create_op("TensorSummary", [x], [tf.string]).outputs[0]


case("TensorSummary", old_tensor_summary, f(2, 2))
