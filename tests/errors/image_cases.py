"""Bad inputs of image operations.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails

IMAGES: list[Case] = [
    fails(
        401,
        "resize images of rank 2",
        "tf.image.resize_images(tf.zeros([4, 4]), [2, 2])",
        says="'images' must have either 3 or 4 dimensions.",
    ),
    fails(
        402,
        "resize to three sizes",
        "tf.image.resize_images(tf.zeros([1, 4, 4, 3]), [2, 2, 2])",
        says="'size' must be a 1-D Tensor of 2 elements: new_height, new_width",
    ),
    fails(
        403,
        "resize by an unknown method",
        "tf.image.resize_images(tf.zeros([1, 4, 4, 3]), [2, 2], method=9)",
        says="Resize method is not implemented.",
    ),
    fails(
        404,
        "resize to a size of zero",
        """
y = tf.image.resize_bilinear(tf.zeros([1, 4, 4, 3]), [0, 2])
with tf.Session() as s:
    s.run(y)
""",
        says="output dimensions must be positive",
        names_line=True,
    ),
    fails(
        405,
        "resize to a float size",
        "tf.image.resize_bilinear(tf.zeros([1, 4, 4, 3]), [2.0, 2.0])",
        says="Expected int32 passed to parameter 'size' of op 'ResizeBilinear', got [2.0, "
        "2.0] of type 'list' instead. Error: Expected int32, got 2.0 of type 'float' instead.",
        names_line=True,
    ),
    fails(
        406,
        "crop outside of the image",
        "tf.image.crop_to_bounding_box(tf.zeros([4, 4, 3]), 2, 2, 4, 4)",
        says="width must be >= target + offset.",
    ),
    fails(
        407,
        "crop at a negative offset",
        "tf.image.crop_to_bounding_box(tf.zeros([4, 4, 3]), -1, 0, 2, 2)",
        says="offset_height must be >= 0.",
    ),
    fails(
        408,
        "pad to less than the image",
        "tf.image.pad_to_bounding_box(tf.zeros([4, 4, 3]), 0, 0, 2, 2)",
        says="width must be <= target - offset",
    ),
    fails(
        409,
        "central crop by more than all",
        "tf.image.central_crop(tf.zeros([4, 4, 3]), 1.5)",
        says="central_fraction must be within (0, 1]",
    ),
    fails(
        410,
        "flip an image of rank 2",
        "tf.image.flip_left_right(tf.zeros([4, 4]))",
        says="'image' must be at least three-dimensional.",
    ),
    fails(
        411,
        "rgb_to_grayscale of two channels",
        "tf.image.rgb_to_grayscale(tf.zeros([4, 4, 2]))",
        says="Dimensions must be equal, but are 2 and 3",
        names_line=True,
    ),
    fails(
        412,
        "grayscale_to_rgb of three channels",
        "tf.image.grayscale_to_rgb(tf.zeros([4, 4, 3]))",
        says="Last dimension of a grayscale image should be size 1.",
    ),
    fails(
        413,
        "rgb_to_hsv of four channels",
        "tf.image.rgb_to_hsv(tf.zeros([4, 4, 4]))",
        says="Dimension must be 3 but is 4",
        names_line=True,
    ),
    fails(
        414,
        "rgb_to_hsv of ints",
        "tf.image.rgb_to_hsv(tf.zeros([4, 4, 3], tf.uint8))",
        says="Value passed to parameter 'images' has DataType uint8 not in list of allowed "
        "values: float16, bfloat16, float32, float64",
        names_line=True,
    ),
    fails(
        416,
        "random_hue by a negative amount",
        "tf.image.random_hue(tf.zeros([4, 4, 3]), -0.1)",
        says="max_delta must be non-negative.",
    ),
    fails(
        417,
        "random_brightness by a negative amount",
        "tf.image.random_brightness(tf.zeros([4, 4, 3]), -0.1)",
        says="max_delta must be non-negative.",
    ),
    fails(
        418,
        "random_contrast bounds in the wrong order",
        "tf.image.random_contrast(tf.zeros([4, 4, 3]), 0.5, 0.2)",
        says="upper must be > lower.",
    ),
    fails(
        419,
        "random_saturation bounds in the wrong order",
        "tf.image.random_saturation(tf.zeros([4, 4, 3]), 0.5, 0.2)",
        says="upper must be > lower.",
    ),
    fails(
        420,
        "adjust_gamma by a negative gamma",
        "tf.image.adjust_gamma(tf.zeros([4, 4, 3]), -1.0)",
        says="Gamma should be a non-negative real number.",
    ),
    fails(
        421,
        "adjust_contrast of rank 2",
        "tf.image.adjust_contrast(tf.zeros([4, 4]), 2.0)",
        says="Shape must be at least rank 3 but is rank 2",
        names_line=True,
    ),
    fails(
        422,
        "decode_png of garbage",
        """
y = tf.image.decode_png(b"what is this")
with tf.Session() as s:
    s.run(y)
""",
        says="Expected image (JPEG, PNG, or GIF), got unknown format starting with 'what is this'",
        names_line=True,
    ),
    fails(
        423,
        "decode_jpeg of garbage",
        """
y = tf.image.decode_jpeg(b"what is this")
with tf.Session() as s:
    s.run(y)
""",
        says="Expected image (JPEG, PNG, or GIF), got unknown format starting with 'what is this'",
        names_line=True,
    ),
    fails(
        424,
        "decode_image of garbage",
        """
y = tf.image.decode_image(b"what is this")
with tf.Session() as s:
    s.run(y)
""",
        says="assertion failed: [Unable to decode bytes as JPEG, PNG, GIF, or BMP]",
        names_line=True,
    ),
    fails(
        425,
        "decode_gif of garbage",
        """
y = tf.image.decode_gif(b"what is this")
with tf.Session() as s:
    s.run(y)
""",
        says="Expected image (JPEG, PNG, or GIF), got unknown format starting with 'what is this'",
        names_line=True,
    ),
    fails(
        426,
        "decode_bmp of garbage",
        """
y = tf.image.decode_bmp(b"what is this")
with tf.Session() as s:
    s.run(y)
""",
        says="Incomplete bmp content, requires at least 32 bytes to find the header size, "
        "width, height, and bpp, got 12 bytes",
        names_line=True,
    ),
    fails(
        428,
        "decode_png of a vector of texts",
        'tf.image.decode_png([b"a", b"b"])',
        says="Shape must be rank 0 but is rank 1",
        names_line=True,
    ),
    fails(
        429,
        "decode_image to float16",
        'tf.image.decode_image(b"", dtype=tf.complex64)',
        says="dtype must be either floating point or integer",
    ),
    fails(
        430,
        "encode_png of floats",
        "tf.image.encode_png(tf.zeros([4, 4, 3]))",
        says="Value passed to parameter 'image' has DataType float32 not in list of allowed "
        "values: uint8, uint16",
        names_line=True,
    ),
    fails(
        431,
        "encode_png of rank 4",
        "tf.image.encode_png(tf.zeros([1, 4, 4, 3], tf.uint8))",
        says="Shape must be rank 3 but is rank 4",
        names_line=True,
    ),
    fails(
        432,
        "encode_jpeg of five channels",
        """
y = tf.image.encode_jpeg(tf.zeros([4, 4, 5], tf.uint8))
with tf.Session() as s:
    s.run(y)
""",
        says="image must have 1 or 3 channels, got [4,4,5]",
        names_line=True,
    ),
    fails(
        433,
        "encode_jpeg with a quality of 200",
        """
y = tf.image.encode_jpeg(tf.zeros([4, 4, 3], tf.uint8), quality=200)
with tf.Session() as s:
    s.run(y)
""",
        says="quality must be in [0,100], got 200",
        names_line=True,
    ),
    fails(
        434,
        "crop_and_resize with boxes of three numbers",
        "tf.image.crop_and_resize(tf.zeros([1, 4, 4, 3]), [[0.0, 0.0, 1.0]], [0], [2, 2])",
        says="Dimension must be 4 but is 3",
        names_line=True,
    ),
    fails(
        435,
        "crop_and_resize of an image that is not there",
        """
one = tf.zeros([1, 4, 4, 3])
y = tf.image.crop_and_resize(one, [[0.0, 0.0, 1.0, 1.0]], [5], [2, 2])
with tf.Session() as s:
    s.run(y)
""",
        says="box_index has values outside [0, batch_size)",
        names_line=True,
    ),
    fails(
        436,
        "crop_and_resize with another number of boxes",
        """
tf.image.crop_and_resize(tf.zeros([1, 4, 4, 3]), [[0.0, 0.0, 1.0, 1.0]], [0, 0], [2, 2])
""",
        says="Dimensions must be equal, but are 1 and 2",
        names_line=True,
    ),
    fails(
        437,
        "non_max_suppression with other scores",
        "tf.image.non_max_suppression(tf.zeros([3, 4]), tf.zeros([2]), 2)",
        says="Dimensions must be equal, but are 3 and 2",
        names_line=True,
    ),
    fails(
        438,
        "non_max_suppression of boxes of three",
        "tf.image.non_max_suppression(tf.zeros([3, 3]), tf.zeros([3]), 2)",
        says="Dimension must be 4 but is 3",
        names_line=True,
    ),
    fails(
        439,
        "non_max_suppression with a threshold above 1",
        """
y = tf.image.non_max_suppression(tf.zeros([3, 4]), tf.zeros([3]), 2, iou_threshold=1.5)
with tf.Session() as s:
    s.run(y)
""",
        says="iou_threshold must be in [0, 1]",
        names_line=True,
    ),
    fails(
        440,
        "draw_bounding_boxes of rank 2",
        "tf.image.draw_bounding_boxes(tf.zeros([1, 4, 4, 3]), tf.zeros([2, 4]))",
        says="Shape must be rank 3 but is rank 2",
        names_line=True,
    ),
    fails(
        441,
        "ssim of images of other sizes",
        "tf.image.ssim(tf.zeros([16, 16, 3]), tf.zeros([12, 12, 3]), 1.0)",
        says="Shapes (16, 16, 3) and (12, 12, 3) are incompatible",
    ),
    fails(
        442,
        "psnr of rank 2",
        "tf.image.psnr(tf.zeros([4, 4]), tf.zeros([4, 4]), 1.0)",
        says="Invalid reduction dimension -3 for input with 2 dimensions.",
        names_line=True,
    ),
    fails(
        443,
        "random_crop larger than the value",
        """
y = tf.random_crop(tf.zeros([4, 4, 3]), [5, 4, 3])
with tf.Session() as s:
    s.run(y)
""",
        says="assertion failed: [Need value.shape >= size, got ] [4 4 3] [5 4 3]",
        names_line=True,
    ),
    fails(
        444,
        "rot90 of rank 2",
        "tf.image.rot90(tf.zeros([4, 4]))",
        says="'image' must be at least three-dimensional.",
    ),
    fails(
        445,
        "per_image_standardization of rank 2",
        "tf.image.per_image_standardization(tf.zeros([4, 4]))",
        says="'image' must be at least three-dimensional.",
    ),
    fails(
        446,
        "extract_glimpse of rank 3",
        "tf.image.extract_glimpse(tf.zeros([4, 4, 3]), [2, 2], [[0.0, 0.0]])",
        says="Shape must be rank 4 but is rank 3",
        names_line=True,
    ),
    fails(
        447,
        "extract_image_patches with ksizes of two",
        """
one = tf.zeros([1, 4, 4, 3])
tf.image.extract_image_patches(one, [2, 2], [1, 1, 1, 1], [1, 1, 1, 1], "VALID")
""",
        says="Attr 'ksizes' of 'ExtractImagePatches' Op passed list of length 2 less than "
        "minimum 4.",
        names_line=True,
    ),
    fails(
        448,
        "convert_image_dtype of text",
        'tf.image.convert_image_dtype(tf.constant("a"), tf.float32)',
        says="Value passed to parameter 'x' has DataType string not in list of allowed "
        "values: bfloat16, float16, float32, float64, uint8, int8, uint16, int16,",
        names_line=True,
    ),
    fails(
        449,
        "total_variation of rank 2",
        "tf.image.total_variation(tf.zeros([4, 4]))",
        says="'images' must be either 3 or 4-dimensional.",
    ),
    fails(
        450,
        "image_gradients of rank 3",
        "tf.image.image_gradients(tf.zeros([4, 4, 3]))",
        says="expects a 4D tensor [batch_size, h, w, d], not",
    ),
    fails(
        451,
        "sample_distorted_bounding_box of boxes of rank 2",
        """
one = [[0.0, 0.0, 1.0, 1.0]]
y = tf.image.sample_distorted_bounding_box([4, 4, 3], one, min_object_covered=0.1)[0]
with tf.Session() as s:
    s.run(y)
""",
        says="Shape must be rank 3 but is rank 2",
        names_line=True,
    ),
]
