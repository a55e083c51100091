"""Rows for how alike images are, and how much they change from pixel to pixel."""

from _rows import case, error, f, t, tf, u8


def single(function):
    """The function for float32 only, in which its sums are: for the test of its gradient."""

    def call(x, *args, **kwargs):
        if x.dtype == tf.float64:
            raise TypeError("sums are in float32")
        return function(x, *args, **kwargs)

    return call


BYTES = {"low": 0, "high": 255}
UNIT = {"low": 0, "high": 1}
case("Abs", tf.image.total_variation, t(2, 4, 5, 3), dtypes="f d h i", tol=1e-2)
case("Abs", tf.image.total_variation, f(4, 5, 3), name="tv")
error("Abs", tf.image.total_variation, f(4, 5),
      says="'images' must be either 3 or 4-dimensional.")  # fmt: skip
case("Sub", tf.image.image_gradients, t(2, 4, 5, 3), dtypes="f d h i u8")
error("Sub", tf.image.image_gradients, f(4, 5, 3), says="image_gradients expects a 4D tensor")
case("MirrorPad", tf.image.sobel_edges, t(2, 4, 5, 3), dtypes="f d")
case("MirrorPad", tf.image.sobel_edges, f(1, 2, 3, 1))

# --- two images ---
ROUGH = "sums are in float32"
for a, b in ((f(4, 5, 3, **UNIT), f(4, 5, 3, **UNIT)), (f(2, 4, 5, 1), f(2, 4, 5, 1)),
             (f(2, 3, 4, 5, 1), f(3, 4, 5, 1))):  # fmt: skip
    case("Log", single(tf.image.psnr), a, b, 1.0, tol=1e-4)
case("Log", tf.image.psnr, u8(2, 4, 5, 3, **BYTES), u8(2, 4, 5, 3, **BYTES), 255, name="ratio")
case("Log", lambda x: tf.image.psnr(x, x, 1.0), f(2, 2, 1), id="psnr-equal", grad="infinite")
error("Log", tf.image.psnr, f(4, 5), f(4, 5), 1.0, says="Invalid reduction dimension -3")
error("Log", tf.image.psnr, f(4, 5, 3), f(4, 5, 1), 1.0, says="are incompatible")

ssim = tf.image.ssim
case("DepthwiseConv2dNative", single(ssim), f(12, 13, 3, **UNIT), f(12, 13, 3, **UNIT), 1.0,
     tol=1e-4)  # fmt: skip
case("DepthwiseConv2dNative", ssim, f(2, 12, 13, 1, **UNIT), f(2, 12, 13, 1, **UNIT), 1.0, tol=1e-4,
     numeric=ROUGH)  # fmt: skip
case("DepthwiseConv2dNative", ssim, u8(2, 14, 13, 3, **BYTES), u8(2, 14, 13, 3, **BYTES), 255,
     tol=1e-4)  # fmt: skip
case(
    "DepthwiseConv2dNative",
    lambda x, y: ssim(x, y, 1.0, 3, 0.8, 0.02, 0.05),
    f(5, 4, 1, **UNIT),
    f(5, 4, 1, **UNIT),
    id="ssim-options",
    tol=1e-4,
    numeric=ROUGH,
)
case("DepthwiseConv2dNative", lambda x: ssim(x, x, 1.0), f(11, 11, 1), id="ssim-equal", tol=1e-4,
     numeric=ROUGH)  # fmt: skip
error("DepthwiseConv2dNative", ssim, f(12, 13, 3), f(12, 13, 1), 1.0, says="are incompatible")
error("DepthwiseConv2dNative", ssim, f(5, 5, 1), f(5, 5, 1), 1.0, at="run",
      says="assertion failed: [5 5 1]",
      golden="which of two operations fails first is a race there")  # fmt: skip

many = tf.image.ssim_multiscale
near = lambda x, y: (x, x + 0.1 * y)
case("DepthwiseConv2dNative", lambda x, y: many(*near(x, y), max_val=1.0, power_factors=(0.4, 0.6),
     filter_size=4), f(2, 13, 12, 3, **UNIT), f(2, 13, 12, 3, **UNIT), id="ms-ssim", tol=1e-4,
     numeric=ROUGH)  # fmt: skip
case(
    "DepthwiseConv2dNative",
    lambda x, y: many(*near(x, y), max_val=1.0, filter_size=3),
    f(48, 49, 1, **UNIT),
    f(48, 49, 1, **UNIT),
    id="ms-ssim-five",
    tol=1e-3,
    numeric=ROUGH,
)
case(
    "DepthwiseConv2dNative",
    lambda x, y: many(x, y, 255, (0.5, 0.5), filter_size=4),
    u8(2, 16, 16, 1, **BYTES),
    u8(2, 16, 16, 1, **BYTES),
    id="ms-ssim-bytes",
    tol=1e-3,
)
error("DepthwiseConv2dNative", many, f(12, 13, 3), f(12, 13, 1), 1.0, says="are incompatible")
