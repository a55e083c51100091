"""Bytes and text read as tensors: raw numbers, CSV, JSON, compressed data, tensors, examples."""

import gzip
import io
import zlib

import numpy as np
from _rows import b, c, case, d, error, f, h, i, l, s, t, tf


def raw(*values):
    """Bytes that are no text, [n]."""
    return s(np.array([*values, None], object)[:-1])


def gzipped(data):
    """Data as a GZIP stream that is always the same."""
    out = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, out, 0) as stream:
        stream.write(data)
    return out.getvalue()


def made(op_type, inputs, outputs, **attrs):
    """Adds an operation that no public function makes alone."""
    tensors = [tf.convert_to_tensor(x) for x in inputs]
    given = {key: tf.AttrValue(**value) for key, value in attrs.items()}
    op = tf.get_default_graph().create_op(op_type, tensors, list(outputs), attrs=given)
    return list(op.outputs)


# --- raw numbers ---
BYTES = raw(b"\x01\x00\x02\x00\x00\x00\x80\x3f" * 2, b"\x01\x02\x03\x04\x05\x06\x07\x48" * 2)
KINDS = (
    tf.int8,
    tf.uint8,
    tf.int16,
    tf.uint16,
    tf.int32,
    tf.int64,
    tf.float16,
    tf.float32,
    tf.float64,
    tf.complex64,
    tf.complex128,
    tf.bool,
)
for kind in KINDS:
    for little in (True, False):
        case("DecodeRaw", tf.decode_raw, BYTES, kind, little)
case("DecodeRaw", tf.decode_raw, s(value="ab"), tf.uint8)
case("DecodeRaw", tf.decode_raw, s([["a"], ["b"]]), tf.int8)
case("DecodeRaw", tf.decode_raw, s(["", ""]), tf.int16)
case("DecodeRaw", tf.decode_raw, s(0), tf.int16)
case("DecodeRaw", lambda x: tf.io.decode_raw(out_type=tf.int8, bytes=x), s(["a"]))
error(
    "DecodeRaw",
    tf.decode_raw,
    s(["abc"]),
    tf.int16,
    at="run",
    says="Input to DecodeRaw has length 3 that is not a multiple of 2, the size of int16",
)
error(
    "DecodeRaw",
    tf.decode_raw,
    s(["abc", "ab"]),
    tf.uint8,
    at="run",
    says="DecodeRaw requires input strings to all be the same size, but element 1 has size 3 != 2",
)
error("DecodeRaw", tf.decode_raw, s(["abc"]), says="missing 1 positional argument: 'out_type'")
# Of rows that are not whole, TensorFlow 1.15 damages its own memory: see tests/ops_kernels.
attrs = {"out_type": {"type": tf.int16.as_datatype_enum}}
case(
    "DecodePaddedRaw",
    lambda x: made("DecodePaddedRaw", [x, 4], [tf.int16], **attrs),
    s(["abcd"]),
    id="padded-raw",
)
case(
    "DecodePaddedRaw",
    lambda x, n: made("DecodePaddedRaw", [x, n], [tf.int16], **attrs),
    s(value="abcd"),
    i(value=4),
    id="padded-raw-length-fed",
)
error(
    "DecodePaddedRaw",
    lambda x: made("DecodePaddedRaw", [x, 3], [tf.int16], **attrs),
    s(["abcd"]),
    says="Dimension size must be evenly divisible by 2 but is 3",
)

# --- compressed data ---
for kind, data in (
    ("ZLIB", [zlib.compress(b"hello"), b"", zlib.compress(b"x" * 999)]),
    ("", [b"hello"]),
    ("GZIP", [gzipped(b"hello"), gzipped(b"a") + gzipped(b"b")]),
    ("ZLIB", [zlib.compress(b"hello" * 10)[:-5], zlib.compress(b"hello") + b"more"]),
):
    case("DecodeCompressed", tf.decode_compressed, raw(*data), kind)
for kind in ("ZLIB", "GZIP"):
    error(
        "DecodeCompressed",
        tf.decode_compressed,
        s(["junk"]),
        kind,
        at="run",
        error="DataLossError",
        says="inflate() failed with error -3: incorrect header check",
    )
error(
    "DecodeCompressed",
    tf.decode_compressed,
    s(["junk"]),
    "LZ4",
    at="run",
    says="Only ZLIB, GZIP or NONE are supported compressions",
)

# --- CSV ---
NONE = {"f": tf.float32, "d": tf.float64, "i": tf.int32, "l": tf.int64, "s": tf.string}


def columns(kinds, defaults=()):
    """A decode_csv whose columns have these types, and defaults from there on."""

    def decode(lines, **options):
        empty = [tf.constant([], NONE[kind]) for kind in kinds]
        return tf.decode_csv(lines, empty + [[x] for x in defaults], **options)

    return decode


CSV = [
    ("ifs", ["1,2.5,x", "3,4,y z"], {}),
    ("i", "1", {}),
    ("dl", ["0.1,9999999999", "1e300,-1"], {}),
    ("if", [" 1 , 2 "], {}),
    ("ss", ['"a,b",c', '"a""b",c', '"a\nb",c d', "\u00e9, b "], {}),
    ("ss", ['"a","b"', 'a"b,c'], {"use_quote_delim": False}),
    ("ii", ["1|2"], {"field_delim": "|"}),
    ("ss", ["a\tb"], {"field_delim": "\t"}),
    ("ii", ["1,2,3", "4,5,6"], {"select_cols": [0, 2]}),
    ("i", ['1,"abc', "1,2,3"], {"select_cols": [0]}),
    ("s", ['"a",b,c'], {"select_cols": [2]}),
    ("ii", [["1,2"], ["3,4"]], {}),
    ("f", ["1e40", "inf", "nan"], {}),
    ("is", [], {}),
    ("ii", ['"1",1'], {}),
]
for kinds, lines, options in CSV:
    call = lambda x, k=kinds, o=options: columns(k)(x, **o)
    case("DecodeCSV", call, s(lines), id="csv-%s-%r" % (kinds, lines))
case("DecodeCSV", lambda x: tf.decode_csv(x, [[5], [7.5], ["q"]]), s(["1,,", ",2,z", '"","",""']))
case("DecodeCSV", lambda x: tf.decode_csv(x, [[5], ["z"]], na_value="NA"), s(["NA,NA", ",", "1,a"]))
case("DecodeCSV", lambda x: tf.decode_csv(x, [5, tf.constant([3])]), s(["1,"]))
case("DecodeCSV", lambda x, y: tf.decode_csv(x, [y, [2.5]]), s(["1,", ","]), f([1.5]), grad="text")
BAD_CSV = [
    ("is", "1,", "Field 1 is required but missing in record 0!", {}),
    ("i", "1,2", "Expect 1 fields but have 2 in record 0", {}),
    ("ii", "1", "Expect 2 fields but have 1 in record 0", {}),
    ("i", "", "Expect 1 fields but have 0 in record 0", {}),
    ("i", "a", "Field 0 in record 0 is not a valid int32: a", {}),
    ("f", "a", "Field 0 in record 0 is not a valid float: a", {}),
    ("d", "a", "Field 0 in record 0 is not a valid double: a", {}),
    ("l", "a", "Field 0 in record 0 is not a valid int64: a", {}),
    ("i", "2147483648", "Field 0 in record 0 is not a valid int32: 2147483648", {}),
    ("ss", '"a"b,c', "Quote inside a string has to be escaped by another quote", {}),
    ("ss", '"a" ,c', "Quote inside a string has to be escaped by another quote", {}),
    ("ss", '"a,c', "Quoted field has to end with quote followed by delim or end", {}),
    ("s", '"', "Quoted field has to end with quote followed by delim or end", {}),
    ("ss", 'a"b,c', "Unquoted fields cannot have quotes/CRLFs inside", {}),
    ("ss", "a\nb,c", "Unquoted fields cannot have quotes/CRLFs inside", {}),
    ("ss", "a,b\r\n", "Unquoted fields cannot have quotes/CRLFs inside", {}),
    ("ii", "1||2", "field_delim should be only 1 char", {"field_delim": "||"}),
    ("ii", "1,2,3", "Expect 2 fields but have 1 in record 0", {"select_cols": [0, 5]}),
]
for kinds, line, says, options in BAD_CSV:
    call = lambda x, k=kinds, o=options: columns(k)(x, **o)
    error("DecodeCSV", call, s([line]), at="run", says=says, id="bad-csv-%s-%r" % (kinds, line))
error(
    "DecodeCSV",
    lambda x: tf.decode_csv(x, [[1, 2]]),
    s(["1"]),
    says="Shape of a default must be a length-0 or length-1 vector, or a scalar.",
)
error(
    "DecodeCSV",
    lambda x: tf.decode_csv(x, [[[1]]]),
    s(["1"]),
    says="Shape must be at most rank 1 but is rank 2",
)
for cols, says in (([1, 0], "is not strictly increasing."), ([-1, 0], "contains negative values.")):
    error(
        "DecodeCSV",
        lambda x, k=cols: tf.decode_csv(x, [[1], [2]], select_cols=k),
        s(["1,2"]),
        says="select_cols " + says,
        id="csv-columns-%s" % cols,
    )
error(
    "DecodeCSV",
    lambda x: tf.decode_csv(x, [[1], [2]], select_cols=[0]),
    s(["1,2"]),
    says="Length of select_cols and record_defaults do not match.",
)

# --- JSON ---
JSON = [
    '{"features":{"feature":{"a":{"int64List":{"value":[1,"2",-3]}}}}}',
    "{}",
    '{"features":{}}',
    '{"features":{"feature":{"b":{"bytesList":{"value":["aGk="]}},"a":{"floatList":{"value":'
    '[1,"NaN",0.1]}}}}}',
    '{"features":{"feature":{"z":{"int64_list":{}},"\u00e9":{}}}}',
]
case("DecodeJSONExample", tf.decode_json_example, s(JSON))
for wrong in (
    "{",
    "[]",
    '{"x":1}',
    '{"features":{"feature":{"a":{"int64_list":{"value":[1.5]}}}}}',
):
    error(
        "DecodeJSONExample",
        tf.decode_json_example,
        s([wrong]),
        at="run",
        says="Error while parsing JSON: ",
    )

# --- tensors ---
case(
    "SerializeTensor",
    tf.serialize_tensor,
    t(2, 3),
    dtypes="f d h i l i8 i16 u8 u16 b c z bf",
    grad="makes bytes",
)
case("SerializeTensor", tf.serialize_tensor, s([["a", "\u00e9"], ["", "x" * 200]]))
case("SerializeTensor", tf.serialize_tensor, i(0, 3))
case("SerializeTensor", tf.serialize_tensor, i(value=7))
for made_of, kind in (
    (f(2, 3), tf.float32),
    (i(0, 3), tf.int32),
    (s(2), tf.string),
    (b(3), tf.bool),
    (c(2), tf.complex64),
    (h(2), tf.float16),
    (d(), tf.float64),
    (l(2), tf.int64),
):
    case(
        "ParseTensor",
        lambda x, k=kind: tf.parse_tensor(tf.serialize_tensor(x), k),
        made_of,
        id="parse-tensor-" + kind.name,
        grad="bytes",
    )
WRITTEN = b'\x08\x01\x12\x04\x12\x02\x08\x02"\x08\x00\x00\xc0?\x00\x00\x00@'
case("ParseTensor", tf.parse_tensor, s(value=np.array(WRITTEN, object)), tf.float32)
error(
    "ParseTensor",
    tf.parse_tensor,
    s(value=np.array(WRITTEN, object)),
    tf.int32,
    at="run",
    says="Type mismatch between parsed tensor (float) and dtype (int32)",
)
error(
    "ParseTensor",
    tf.parse_tensor,
    s(value=""),
    tf.int32,
    at="run",
    says="Cannot parse tensor from proto: ",
)
error(
    "ParseTensor",
    tf.parse_tensor,
    s(value=b"\x08"),
    tf.int32,
    at="run",
    says="Could not parse `serialized` as TensorProto: '",
)
error(
    "ParseTensor",
    tf.parse_tensor,
    s(["", ""]),
    tf.int32,
    at="run",
    says="Expected `serialized` to be a scalar, got shape: [2]",
)
