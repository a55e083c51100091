"""Rows for images cropped, padded, mirrored and turned."""

from _rows import case, error, f, i, t, tf

# --- crop ---
crop = tf.image.crop_to_bounding_box
case("Slice", crop, t(2, 5, 6, 3), 1, 2, 3, 4, dtypes="f d h u8 i")
case("Slice", crop, f(5, 6, 3), 0, 0, 5, 6)
case("Slice", crop, f(5, 6, 1), 4, 5, 1, 1)
case("Slice", crop, f(5, 6, 1), i(value=1), i(value=2), i(value=3), i(value=2))
for wrong, says in (
    ((-1, 0, 2, 2), "offset_height must be >= 0."),
    ((0, -1, 2, 2), "offset_width must be >= 0."),
    ((0, 0, 0, 2), "target_height must be > 0."),
    ((0, 0, 2, 0), "target_width must be > 0."),
    ((4, 0, 2, 2), "height must be >= target + offset."),
    ((0, 5, 2, 2), "width must be >= target + offset."),
):
    error("Slice", crop, f(5, 6, 1), *wrong, says=says)
    error("Slice", crop, f(5, 6, 1), *[i(value=n) for n in wrong], at="run", says=says,
          id="crop-run-" + says.split()[0] + says.split()[-1] + "-error")  # fmt: skip
error("Slice", crop, f(5, 6), 0, 0, 2, 2, says="'image' must have either 3 or 4 dimensions.")
error("Slice", crop, f(0, 6, 1), 0, 0, 2, 2, says="all dims of 'image.shape' must be > 0")

for fraction in (0.1, 0.33, 0.5, 0.9):
    case("Slice", tf.image.central_crop, f(2, 5, 8, 3), fraction)
    case("Slice", tf.image.central_crop, f(7, 4, 1), fraction)
case("Slice", tf.image.central_crop, t(7, 4, 1), 0.5, dtypes="u8 i d")
case("Cast", lambda x: tf.image.central_crop(tf.cast(x, tf.float64), 1.0), f(7, 4, 1), id="whole",
     numeric="sums are in float32")  # fmt: skip
error("Slice", tf.image.central_crop, f(5, 6, 1), 0.0,
      says="central_fraction must be within (0, 1]")  # fmt: skip
error("Slice", tf.image.central_crop, f(5, 6, 1), 1.1,
      says="central_fraction must be within (0, 1]")  # fmt: skip
error("Slice", tf.image.central_crop, f(5, 6), 0.5, says="'image' must be at least three-dim")
error(
    "Slice",
    tf.image.central_crop,
    f(1, 1, 2, 2, 1),
    0.5,
    says="`image` should either be a Tensor with rank = 3 or rank = 4. Had rank = 5.",
)

# --- pad ---
pad = tf.image.pad_to_bounding_box
case("Pad", pad, t(2, 3, 4, 2), 1, 2, 6, 7, dtypes="f d h u8 i")
case("Pad", pad, f(3, 4, 2), 0, 0, 3, 4)
case("Pad", pad, f(3, 4, 2), 2, 0, 5, 4)
case("Pad", pad, f(3, 4, 1), i(value=1), i(value=2), i(value=6), i(value=7))
for wrong, says in (
    ((-1, 0, 9, 9), "offset_height must be >= 0"),
    ((0, -1, 9, 9), "offset_width must be >= 0"),
    ((0, 0, 2, 9), "height must be <= target - offset"),
    ((0, 6, 9, 9), "width must be <= target - offset"),
):
    error("Pad", pad, f(3, 4, 1), *wrong, says=says)
    error("Pad", pad, f(3, 4, 1), *[i(value=n) for n in wrong], at="run", says=says,
          id="pad-run-" + says.split()[0] + "-error")  # fmt: skip
error("Pad", pad, f(3, 4), 0, 0, 9, 9, says="'image' must have either 3 or 4 dimensions.")

# --- crop or pad ---
both = tf.image.resize_image_with_crop_or_pad
for size in ((3, 4), (2, 3), (7, 9), (2, 9), (8, 1)):
    case("Pad", both, f(2, 3, 4, 2), *size)
    case("Pad", both, f(3, 4, 2), *size)
case("Pad", both, t(3, 4, 2), 5, 2, dtypes="u8 i d")
case("Pad", both, f(3, 4, 2), i(value=5), i(value=2))
case("Pad", tf.image.resize_with_crop_or_pad, f(3, 4, 2), 4, 4)
error("Pad", both, f(3, 4, 2), 0, 2, says="target_height must be > 0.")
error("Pad", both, f(3, 4, 2), 2, -1, says="target_width must be > 0.")
error("Pad", both, f(3, 4, 2), i(value=0), i(value=2), at="run", says="target_height must be > 0.")
error("Pad", both, f(3, 4), 2, 2, says="'image' must have either 3 or 4 dimensions.")

# --- mirror and turn ---
for op_type, function, name in (
    ("ReverseV2", tf.image.flip_left_right, "left-right"),
    ("ReverseV2", tf.image.flip_up_down, "up-down"),
    ("Transpose", tf.image.transpose_image, "transpose"),
):
    case(op_type, function, t(2, 3, 4, 2), dtypes="f d h u8 i", id=name)
    case(op_type, function, f(3, 4, 2), id=name + "-one")
    error(op_type, function, f(3, 4), says="'image' must be at least three-dimensional.")
    error(op_type, function, f(1, 1, 3, 4, 2), says="'image' must have either 3 or 4 dimensions.")
    error(op_type, function, f(3, 0, 1), says="all dims of 'image.shape' must be > 0")
case("Transpose", lambda x: tf.image.transpose(x, name="t"), f(3, 4, 1), id="transpose-name")
for k in (0, 1, 2, 3, 4, -1, 7):
    case("ReverseV2", lambda x, k=k: tf.image.rot90(x, k), f(3, 4, 2), id="rot90-%d" % k)
    case("ReverseV2", lambda x, k=k: tf.image.rot90(x, k), f(2, 3, 4, 1), id="rot90-batch-%d" % k)
case("ReverseV2", tf.image.rot90, f(3, 4, 1), i(value=3))
error("ReverseV2", tf.image.rot90, f(3, 4, 1), [1], says="must have rank 0")
error("ReverseV2", tf.image.rot90, f(3, 4), says="'image' must be at least three-dimensional.")
DRAWN = "drawn anew for each run"
for seed in range(4):
    case("ReverseV2", lambda x, seed=seed: tf.image.random_flip_left_right(x, seed), f(3, 4, 2),
         id="random-flip-%d" % seed, grad=DRAWN, seed=5)  # fmt: skip
    case("ReverseV2", lambda x, seed=seed: tf.image.random_flip_up_down(x, seed), f(3, 4, 2),
         id="random-flip-ud-%d" % seed, grad=DRAWN, seed=5)  # fmt: skip
case("ReverseV2", lambda x: tf.image.random_flip_left_right(x, 7), f(6, 3, 4, 2), seed=7,
     grad=DRAWN, id="flip-some")  # fmt: skip
case("ReverseV2", lambda x: tf.image.random_flip_up_down(x, 8), t(6, 3, 4, 2), grad=DRAWN,
     dtypes="u8 i d", id="flip-some-ud")  # fmt: skip
case("ReverseV2", lambda: tf.image.random_flip_up_down(tf.ones([5, 2, 2, 1])), seed=8,
     id="flip-some-graph-seed")  # fmt: skip
error("ReverseV2", tf.image.random_flip_up_down, f(3, 4),
      says="'image' must be at least three-dimensional.")  # fmt: skip
