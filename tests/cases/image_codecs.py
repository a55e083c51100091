"""Rows for picture files: read, written, told apart."""

import pathlib

import numpy as np
from _rows import case, error, f, i, s, tf, u8, u16

FILE = "a file has no derivative"
PICTURES = pathlib.Path(__file__).parent.parent / "golden" / "images"


def file(name, start=None, end=None):
    """A picture file, or a part of it."""
    return s(value=(PICTURES / name).read_bytes()[start:end])


# --- PNG ---
KINDS = [
    "kind0-1",
    "kind0-2",
    "kind0-4",
    "kind0-8",
    "kind0-16",
    "kind2-8",
    "kind2-16",
    "kind4-8",
    "kind4-16",
    "kind6-8",
    "kind6-16",
    "palette",
    "palette-alpha",
    "interlaced",
    "interlaced-bits",
    "gamma",
    "clear-color",
]
decode_png = tf.image.decode_png
for kind in KINDS:
    for channels in (0, 1, 3, 4):
        case("DecodePng", decode_png, file(kind + ".png"), channels, id="%s-%d" % (kind, channels))
    case("DecodePng", decode_png, file(kind + ".png"), 0, tf.uint16, id=kind + "-16bit")
case("DecodePng", lambda x: tf.io.decode_png(x, 3, name="png"), file("palette.png"), id="png-name")
case("DecodePng", decode_png, file("frame.gif"), id="png-of-gif")
colored = file("kind2-8.png")
error("DecodePng", decode_png, colored, -1, says="channels must be non-negative, got -1")
error("DecodePng", decode_png, colored, 2, at="run", says="channels must be 0, 1, 3, or 4, got 2")
error("DecodePng", decode_png, s(["a"]), says="Shape must be rank 0 but is rank 1")
error("DecodePng", decode_png, colored, 0, tf.float32, error="TypeError",
      says="not in list of allowed values: uint8, uint16")  # fmt: skip
error("DecodePng", decode_png, file("kind2-8.png", 0, 60), at="run",
      says="Invalid PNG data, size 60",      id="png-cut-error")  # fmt: skip
error("DecodePng", decode_png, file("kind2-8.png", 0, 20), at="run", says="Invalid PNG",
      id="png-cut-early-error")  # fmt: skip
error("DecodePng", decode_png, s(value=b""), at="run", id="png-empty-error",
      says="Expected image (JPEG, PNG, or GIF), got empty file")  # fmt: skip
error(
    "DecodePng",
    decode_png,
    s(value=b"hello\n'world\xff'"),
    at="run",
    id="png-other-error",
    says="Expected image (JPEG, PNG, or GIF), got unknown format starting with 'hello",
)
error(
    "DecodePng",
    decode_png,
    file("frames.gif"),
    at="run",
    id="png-of-frames-error",
    says="Got 3 frames, but animated gifs can only be decoded by tf.image.decode_gif",
)
error("DecodePng", decode_png, file("frame.gif"), 0, tf.uint16, at="run", id="gif-16bit-error",
      says="GIF does not support uint16 output")  # fmt: skip
error("DecodePng", decode_png, file("frame.gif"), 1, at="run", id="grey-gif-error",
      says="channels must be 0 or 3 for GIF, got 1")  # fmt: skip

BYTES = {"low": 0, "high": 256}
encode_png = tf.image.encode_png
# The bytes depend on the version of zlib: what is compared is what they mean.
for channels in (1, 2, 3, 4):
    case("EncodePng", lambda x: decode_png(encode_png(x)), u8(7, 9, channels, **BYTES),
         id="png-%d" % channels)  # fmt: skip
    if channels != 2:
        case("EncodePng", lambda x: tf.image.decode_png(encode_png(x), dtype=tf.uint16),
             u16(7, 9, channels, low=0, high=65536), id="png-16bit-%d" % channels)  # fmt: skip
for compression in (0, 1, 9):
    case("EncodePng", lambda x, compression=compression: decode_png(encode_png(x, compression)),
         u8(np.arange(300).reshape(10, 10, 3) % 256), id="png-packed-%d" % compression)  # fmt: skip
case("EncodePng", lambda x: tf.io.decode_png(encode_png(x, name="png")), u8(40, 50, 3, **BYTES),
     id="png-there-and-back")  # fmt: skip
error("EncodePng", encode_png, u8(2, 2), says="Shape must be rank 3 but is rank 2")
error("EncodePng", encode_png, u8(2, 2, 5), at="run",
      says="image must have 1, 2, 3, or 4 channels, got 5")  # fmt: skip
error("EncodePng", encode_png, u8(2, 2, 3), 10, at="run",
      says="compression should be in [-1,9], got 10")  # fmt: skip
error("EncodePng", encode_png, f(2, 2, 3), error="TypeError",
      says="not in list of allowed values: uint8, uint16")  # fmt: skip

# --- GIF, BMP ---
case("DecodeGif", tf.image.decode_gif, file("frame.gif"), id="gif")
case("DecodeGif", tf.io.decode_gif, file("frames.gif"), name="gif", id="gif-frames")
case("DecodeGif", tf.image.decode_gif, file("kind2-8.png"), id="gif-of-png")
error("DecodeGif", tf.image.decode_gif, s([b"a"]), says="Shape must be rank 0 but is rank 1")
error("DecodeGif", tf.image.decode_gif, file("frame.gif", 0, 250), at="run", id="gif-cut-error",
      says="Invalid GIF data (size 250), failed to slurp gif file")  # fmt: skip
for name, channels in (("color", 3), ("grey", 1), ("alpha", 4)):
    case("DecodeBmp", tf.image.decode_bmp, file(name + ".bmp"), channels, id="bmp-" + name)
case("DecodeBmp", tf.io.decode_bmp, file("color.bmp"), name="bmp", id="bmp-name")
error("DecodeBmp", tf.image.decode_bmp, file("color.bmp"), 1, at="run", id="bmp-channels-error",
      says="channels attribute 1 does not match bits per pixel from file 3")  # fmt: skip
error("DecodeBmp", tf.image.decode_bmp, file("color.bmp"), 2, at="run", id="bmp-two-error",
      says="channels must be 0, 1, 3 or 4, got 2")  # fmt: skip
error("DecodeBmp", tf.image.decode_bmp, file("color.bmp", 0, 100), 3, at="run", id="bmp-cut-error",
      says="Incomplete bmp content, requires at least")  # fmt: skip
error(
    "DecodeBmp",
    tf.image.decode_bmp,
    file("color.bmp", 0, 20),
    3,
    at="run",
    id="bmp-short-error",
    says="Incomplete bmp content, requires at least 32 bytes to find the header size",
)

# --- JPEG ---
exact = lambda x, channels=0, ratio=1, **how: tf.image.decode_jpeg(
    x, channels, ratio, dct_method="INTEGER_ACCURATE", **how)  # fmt: skip
NAMES = ["photo", "full-color", "progressive", "wide-color", "grey", "inks"]
for name in NAMES:
    case("DecodeJpeg", exact, file(name + ".jpg"), id="jpeg-" + name)
    case("DecodeJpeg", exact, file(name + ".jpg"), 3, id="jpeg-color-" + name)
    if name != "inks":
        case("DecodeJpeg", exact, file(name + ".jpg"), 1, id="jpeg-grey-" + name)
        for ratio in (2, 4, 8):
            case("DecodeJpeg", exact, file(name + ".jpg"), 1, ratio,
                 id="jpeg-%s-by-%d" % (name, ratio))  # fmt: skip
    case("ExtractJpegShape", tf.image.extract_jpeg_shape, file(name + ".jpg"), id="shape-" + name)
    # TensorFlow's default rounds otherwise: the files differ by a few of 255.
    above = lambda x: 1000 + tf.cast(tf.io.decode_jpeg(x), tf.int32)
    case("DecodeJpeg", above, file(name + ".jpg"),
         id="jpeg-default-" + name, tol=0.005)  # fmt: skip
case("DecodeJpeg", lambda x: exact(x, name="jpeg", acceptable_fraction=0.5), file("photo.jpg"),
     id="jpeg-name")  # fmt: skip
case("DecodeJpeg", exact, file("kind2-8.png"), id="jpeg-of-png")
case("DecodeJpeg", lambda x: exact(x, 1, try_recover_truncated=True), file("grey.jpg", 0, -2),
     id="jpeg-without-end")  # fmt: skip
crop = tf.image.decode_and_crop_jpeg
case("DecodeAndCropJpeg", lambda x: crop(x, [2, 3, 9, 11], dct_method="INTEGER_ACCURATE"),
     file("full-color.jpg"), id="crop")  # fmt: skip
case("DecodeAndCropJpeg", lambda x, w: crop(x, w, 1, 2, dct_method="INTEGER_ACCURATE", name="crop"),
     file("full-color.jpg"), i([2, 3, 4, 5]), id="crop-window")  # fmt: skip
case("ExtractJpegShape", tf.io.extract_jpeg_shape, file("photo.jpg"), tf.int64, id="shape-64")

photo = file("photo.jpg")
decode = tf.image.decode_jpeg
error("DecodeJpeg", decode, photo, -1, says="channels must be non-negative, got -1")
error("DecodeJpeg", decode, photo, 4, at="run", id="jpeg-four-error",
      says="channels must be 0, 1, or 3 for JPEG, got 4")  # fmt: skip
error("DecodeJpeg", decode, photo, 0, 3, at="run", id="jpeg-ratio-error",
      says="ratio must be 1, 2, 4, or 8, got 3")  # fmt: skip
error("DecodeJpeg", decode, photo, dct_method="FLOAT", at="run", id="jpeg-dct-error",
      says="dct_method must be one of {'', 'INTEGER_FAST', 'INTEGER_ACCURATE'}")  # fmt: skip
error("DecodeJpeg", decode, s(["a"]), says="Shape must be rank 0 but is rank 1")
for name, end in (("cut", 700), ("cut-early", 100), ("without-end", -2)):
    error("DecodeJpeg", decode, file("photo.jpg", 0, end), at="run", id="jpeg-%s-error" % name,
          says="Invalid JPEG data or crop window, data size")  # fmt: skip
error("DecodeJpeg", decode, file("inks.jpg"), 1, at="run", id="jpeg-grey-inks-error",
      says="Invalid JPEG data or crop window, data size")  # fmt: skip
error("DecodePng", decode_png, photo, 0, tf.uint16, at="run", id="jpeg-16bit-error",
      says="JPEG does not support uint16 output")  # fmt: skip
for window in ([0, 0, 0, 5], [-1, 0, 5, 5], [0, 20, 5, 8], [20, 0, 5, 5]):
    error("DecodeAndCropJpeg", crop, photo, window, at="run",
          id="crop-%s-error" % "-".join(map(str, window)),
          says="Invalid JPEG data or crop window, data size")  # fmt: skip
error("DecodeAndCropJpeg", crop, photo, [1, 2, 3], says="Dimension must be 4 but is 3")
error("DecodeAndCropJpeg", crop, photo, [[1, 2, 3, 4]], says="Shape must be rank 1 but is rank 2")
error("ExtractJpegShape", tf.image.extract_jpeg_shape, s(value=b"abc"), at="run", id="shape-error",
      says="Invalid JPEG data, size 3")  # fmt: skip

encode = tf.image.encode_jpeg
SMOOTH = u8(np.add.outer(np.arange(19) * 5, np.arange(24))[:, :, None] * [1, 2, 3] % 256)
for n, options in enumerate((
    {}, {"quality": 30}, {"quality": 0}, {"quality": 100}, {"progressive": True},
    {"optimize_size": True}, {"chroma_downsampling": False}, {"format": "rgb"},
    {"density_unit": "cm", "x_density": 7, "y_density": 9}, {"xmp_metadata": "<x>hello</x>"},
    {"name": "jpeg"},
)):  # fmt: skip
    case("EncodeJpeg", lambda x, options=options: encode(x, **options), SMOOTH, id="encode-%d" % n)
case("EncodeJpeg", encode, u8(9, 17, 1, **BYTES), "grayscale")
case("EncodeJpeg", tf.io.encode_jpeg, u8(37, 45, 3, **BYTES))
error("EncodeJpeg", encode, u8(4, 4), says="Shape must be rank 3 but is rank 2")
error("EncodeJpeg", encode, u8(4, 4, 2), at="run",
      says="image must have 1 or 3 channels, got [4,4,2]")  # fmt: skip
error("EncodeJpeg", encode, u8(4, 4, 3), "grayscale", at="run",
      says="format grayscale expects 1 channels, got [4,4,3]")  # fmt: skip
error("EncodeJpeg", encode, u8(4, 4, 1), "rgb", at="run",
      says="format rgb expects 3 channels, got [4,4,1]")  # fmt: skip
error("EncodeJpeg", encode, u8(4, 4, 3), "cmyk",
      says="Attr 'format' of 'EncodeJpeg' Op passed string 'cmyk' not in")  # fmt: skip
error("EncodeJpeg", lambda x: encode(x, quality=101), u8(4, 4, 3), at="run", id="quality-error",
      says="quality must be in [0,100], got 101")  # fmt: skip
error("EncodeJpeg", encode, u8(0, 4, 3), at="run", error="InternalError",
      says="JPEG encoding failed")  # fmt: skip
for quality in (0, 40, 95):
    case("EncodeJpegVariableQuality", lambda x, quality=quality: 1000 + tf.cast(
        tf.image.adjust_jpeg_quality(x, quality), tf.int32), SMOOTH, id="adjust-%d" % quality,
        tol=0.008)  # fmt: skip
case("EncodeJpegVariableQuality", lambda x, q: 1 + tf.image.adjust_jpeg_quality(x, q, name="a"),
     f(9, 9, 3, low=0, high=1), i(value=60), id="adjust-floats", tol=0.03, grad=FILE)  # fmt: skip
case("EncodeJpegVariableQuality", lambda x: 1000 + tf.cast(tf.image.random_jpeg_quality(
    x, 20, 90, seed=3), tf.int32), SMOOTH, id="random-quality", tol=0.008, seed=4)  # fmt: skip
error("EncodeJpegVariableQuality", tf.image.adjust_jpeg_quality, u8(4, 4, 3), [50], at="run",
      says="quality must be scalar: [1]")  # fmt: skip
error("EncodeJpegVariableQuality", tf.image.random_jpeg_quality, u8(4, 4, 3), -1, 50,
      says="jpeg encoding range must be between 0 and 100.")  # fmt: skip
error("EncodeJpegVariableQuality", tf.image.random_jpeg_quality, u8(4, 4, 3), 50, 50,
      says="`min_jpeg_quality` must be less than `max_jpeg_quality`.")  # fmt: skip

# --- any kind ---
case("Substr", tf.image.is_jpeg, file("photo.jpg"), id="is_jpeg")
case("Substr", tf.io.is_jpeg, file("palette.png"), name="j", id="is_no_jpeg")
for name in ("kind2-8.png", "kind6-16.png", "frame.gif", "frames.gif", "color.bmp"):
    case("DecodePng", tf.image.decode_image, file(name), id="any-" + name)
    case("DecodePng", lambda x: tf.io.decode_image(x, 3, tf.float32, "any"), file(name),
         id="any-floats-" + name)  # fmt: skip
    case("DecodePng", lambda x: tf.image.decode_image(x, 0, tf.uint16, expand_animations=False),
         file(name), id="any-first-" + name)  # fmt: skip
case("DecodeJpeg", lambda x: 1000 + tf.cast(tf.image.decode_image(x), tf.int32), file("photo.jpg"),
     id="any-jpeg", tol=0.005)  # fmt: skip
error("DecodePng", tf.image.decode_image, s(value=b"nothing at all"), at="run", id="any-error",
      says="Unable to decode bytes as JPEG, PNG, GIF, or BMP")  # fmt: skip
error("DecodePng", tf.image.decode_image, file("photo.jpg"), 4, at="run", id="any-jpeg-error",
      says="Channels must be in (None, 0, 1, 3) when decoding JPEG images")  # fmt: skip
error("DecodePng", tf.image.decode_image, file("frame.gif"), 1, at="run", id="any-gif-error",
      says="Channels must be in (None, 0, 3) when decoding GIF images")  # fmt: skip
error("DecodePng", tf.image.decode_image, file("photo.jpg"), 2, id="any-channels-error",
      says="channels must be in (None, 0, 1, 3, 4)")  # fmt: skip
