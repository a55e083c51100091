"""Unicode: transcoded, decoded, encoded, classed; and n-grams of texts."""

import numpy as np
from _rows import case, error, i, l, s, tf


def raw(*values):
    """Bytes that are no text, [n]."""
    return s(np.array([*values, None], object)[:-1])


TEXT = s(["h\u00e9llo w\u00f6rld", "", "\u4e2d\u6587 x", "A\u0130\u03a3\u00df \ufb01"])
BYTES = raw(b"\xff\xfeab", b"a\x80\xe2\x82b", b"\x00\x01\x1f\x20", b"\xed\xa0\x80\xf0\x9f\x98\x80")


def made(op_type, inputs, outputs, **attrs):
    """Adds an operation that no public function makes alone."""
    tensors = [tf.convert_to_tensor(x) for x in inputs]
    given = {key: tf.AttrValue(**value) for key, value in attrs.items()}
    op = tf.get_default_graph().create_op(op_type, tensors, list(outputs), attrs=given)
    return list(op.outputs)


def text(value):
    """Text as an attribute."""
    return {"s": value.encode() if isinstance(value, str) else value}


def whole(*numbers):
    """A list of integers as an attribute."""
    return {"list": tf.AttrValue.ListValue(i=numbers)}


# --- Unicode ---
TRANSCODE = tf.strings.unicode_transcode
for target in ("UTF-8", "UTF-16-BE", "UTF-32-BE"):
    case("UnicodeTranscode", TRANSCODE, TEXT, "UTF-8", target)
    case("UnicodeTranscode", TRANSCODE, raw(b"\x00a\xd8\x3d\xde\x00", b"\x00"), "UTF-16", target)
    case("UnicodeTranscode", TRANSCODE, raw(b"\x00\x00\x00a"), "UTF-32", target)
    case("UnicodeTranscode", TRANSCODE, raw(b"\x00a\xd8\x3d\xde\x00", b"\x00"), "UTF-16-BE", target)
for source in ("US-ASCII", "latin1", "ISO-8859-1", "windows-1252", "UTF-32-BE", "shift_jis"):
    case("UnicodeTranscode", TRANSCODE, raw(b"abcd", b"ab\xe9\x82"), source, "UTF-8")
for options in (
    {},
    {"errors": "ignore"},
    {"replacement_char": 63},
    {"replace_control_characters": True},
    {"errors": "ignore", "replace_control_characters": True},
    {"replacement_char": 0x1F600},
):
    case("UnicodeTranscode", TRANSCODE, BYTES, "UTF-8", "UTF-8", **options)
error(
    "UnicodeTranscode",
    TRANSCODE,
    BYTES,
    "UTF-8",
    "UTF-8",
    "strict",
    at="run",
    says="Invalid formatting on input string",
)
error(
    "UnicodeTranscode",
    TRANSCODE,
    s(["a"]),
    "NOPE",
    "UTF-8",
    at="run",
    says="Could not create converter for input encoding: NOPE",
)
error(
    "UnicodeTranscode", TRANSCODE, s(["a"]), "UTF-8", "latin1", says="passed string 'latin1' not in"
)
error(
    "UnicodeTranscode",
    TRANSCODE,
    s(["a"]),
    "UTF-8",
    "UTF-8",
    replacement_char=0x110000,
    at="run",
    says="replacement_char out of unicode codepoint range",
)
for errors, control in (("replace", False), ("ignore", True), ("replace", True)):
    attrs = {"input_encoding": text("UTF-8"), "errors": text(errors)}
    attrs["replace_control_characters"] = {"b": control}
    case(
        "UnicodeDecode",
        lambda x, a=attrs: made("UnicodeDecode", [x], [tf.int64, tf.int32], **a),
        BYTES,
        id="decode-%s-%s" % (errors, control),
    )
    case(
        "UnicodeDecodeWithOffsets",
        lambda x, a=attrs: made(
            "UnicodeDecodeWithOffsets", [x], [tf.int64, tf.int32, tf.int64], **a
        ),
        BYTES,
        id="offsets-%s-%s" % (errors, control),
    )
for source, value in (("UTF-16-BE", b"\x00a\xd8\x3d\xde\x00"), ("latin1", b"a\xe9")):
    case(
        "UnicodeDecodeWithOffsets",
        lambda x, e=source: made(
            "UnicodeDecodeWithOffsets", [x], [tf.int64, tf.int32, tf.int64], input_encoding=text(e)
        ),
        raw(value, value),
        id="offsets-" + source,
    )
case(
    "UnicodeDecodeWithOffsets",
    lambda x: made(
        "UnicodeDecodeWithOffsets",
        [x],
        [tf.int64, tf.int32, tf.int64],
        input_encoding=text("UTF-8"),
    ),
    TEXT,
    id="offsets-text",
)
error(
    "UnicodeDecode",
    lambda x: made(
        "UnicodeDecode",
        [x],
        [tf.int64, tf.int32],
        input_encoding=text("UTF-8"),
        errors=text("strict"),
    ),
    BYTES,
    at="run",
    says="Invalid formatting on input string",
)


def encoded(values, splits, encoding="UTF-8", errors="replace"):
    """Code points as text."""
    attrs = {"output_encoding": text(encoding), "errors": text(errors)}
    attrs["Tsplits"] = {"type": splits.dtype.as_datatype_enum}
    return made("UnicodeEncode", [values, splits], [tf.string], **attrs)


POINTS = i([72, 233, 0x4E2D, 0x1F600, 0, -1, 0xD800, 0xFFFE, 0xFDD0, 0x110000, 97])
for encoding in ("UTF-8", "UTF-16-BE", "UTF-32-BE"):
    case("UnicodeEncode", encoded, POINTS, l([0, 2, 2, 5, 11]), encoding)
case("UnicodeEncode", encoded, POINTS, i([0, 11]), errors="ignore")
case("UnicodeEncode", encoded, i(0), l([0]))
case("UnicodeEncode", encoded, i([97, 98, 99]), l([1, 2, 1, 3]), id="encode-splits-not-sorted")
error(
    "UnicodeEncode",
    encoded,
    POINTS,
    l([0, 11]),
    errors="strict",
    at="run",
    says="Code point value out of valid Unicode range.",
)
error(
    "UnicodeEncode",
    encoded,
    POINTS,
    l(0),
    says="Negative dimension size caused by subtracting 1 from 0",
)
case("UnicodeScript", tf.strings.unicode_script, POINTS)
case("UnicodeScript", tf.strings.unicode_script, i([[0x3B1, 0x5D0], [0x10FFFF, 0x2FA1D]]))


def ngrams(data, splits, widths, pad_width=0, preserve=False, pads=("<", ">")):
    """Runs of neighbours."""
    options = {"left_pad": text(pads[0]), "right_pad": text(pads[1]), "separator": text("|")}
    options["Tsplits"] = {"type": splits.dtype.as_datatype_enum}
    return made(
        "StringNGrams",
        [data, splits],
        [tf.string, splits.dtype],
        ngram_widths=whole(*widths),
        pad_width={"i": pad_width},
        preserve_short_sequences={"b": preserve},
        **options,
    )


LETTERS, ROWS = s(["a", "b", "c", "d", "e", ""]), l([0, 3, 3, 4, 6])
for widths in ([2], [1, 3], [3], [5]):
    for pad in (0, 1, -1):
        for preserve in (False, True):
            rows = l([0, 3, 4, 6]) if pad else ROWS
            case("StringNGrams", ngrams, LETTERS, rows, widths, pad, preserve)
case(
    "StringNGrams",
    ngrams,
    LETTERS,
    ROWS,
    [2],
    -1,
    golden="TensorFlow reads strings of other rows into a padded empty one",
)
case("StringNGrams", ngrams, LETTERS, i([0, 6]), [2], 3)
case("StringNGrams", ngrams, LETTERS, l([0, 2, 1, 4]), [1])
case("StringNGrams", ngrams, LETTERS, l(0), [1])
error(
    "StringNGrams",
    ngrams,
    LETTERS,
    l([0, 7]),
    [2],
    at="run",
    says="Invalid split value 7, must be in [0,6]",
)
