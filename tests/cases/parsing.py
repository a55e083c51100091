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

# --- examples ---
FIXED, VAR, ROWS = tf.FixedLenFeature, tf.VarLenFeature, tf.FixedLenSequenceFeature
SPARSE = tf.SparseFeature


def feature(values):
    """The bytes of a feature with these values; of a list of floats, integers or bytes."""
    if values and isinstance(values[0], bytes):
        body = b"".join(block(1, v) for v in values)
        return block(1, body)
    if values and isinstance(values[0], float):
        return block(2, block(1, np.array(values, "<f4").tobytes()))
    return block(3, block(1, b"".join(number(v) for v in values)) if values else b"")


def number(value):
    """A varint."""
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def block(field, data):
    """A field that holds bytes."""
    return bytes([field << 3 | 2]) + number(len(data)) + data


def entries(pairs):
    """A map from names to messages."""
    return b"".join(block(1, block(1, key) + block(2, value)) for key, value in pairs)


def example(**features):
    """A serialized tf.train.Example."""
    return block(1, entries((k.encode(), feature(v)) for k, v in sorted(features.items())))


def sequence(context, **lists):
    """A serialized tf.train.SequenceExample."""
    found = [
        (key.encode(), b"".join(block(1, feature(v)) for v in rows))
        for key, rows in sorted(lists.items())
    ]
    return block(1, entries((k.encode(), feature(v)) for k, v in sorted(context.items()))) + block(
        2, entries(found)
    )


ONE = example(a=[1.0, 2.0], b=[1], c=[b"x"])
TWO = example(a=[3.0], b=[2, -3, 1 << 40], c=[b"y", b"z"])
NONE_OF = example()
SEVERAL = {
    "a": lambda: VAR(tf.float32),
    "c": lambda: VAR(tf.string),
    "b": lambda: VAR(tf.int64),
    "z": lambda: VAR(tf.int64),
}


def batch(messages, features, says=None, id=None, at="run", **options):
    """Adds a row of parse_example, and one of parse_single_example for each message."""
    fed = raw(*messages)
    one = s(value=np.array(messages[0], object)) if messages else None
    call = lambda x: tf.parse_example(x, features(), **options)
    alone = lambda x: tf.parse_single_example(x, features())
    if says:
        error("ParseExample", call, fed, says=says[0], at=at, id="bad-batch-" + id)
        error("ParseSingleExample", alone, one, says=says[1], at=at, id="bad-single-" + id)
        return
    case("ParseExample", call, fed, id="batch-" + id)
    if one is not None:
        case("ParseSingleExample", alone, one, id="single-" + id)


batch([ONE, TWO, NONE_OF], lambda: {k: v() for k, v in SEVERAL.items()}, id="sparse")
batch([TWO, ONE], lambda: {"b": VAR(tf.int64)}, id="varints")
batch(
    [ONE, ONE],
    lambda: {
        "a": FIXED([2], tf.float32),
        "b": FIXED([], tf.int64),
        "c": FIXED([1, 1], tf.string),
    },
    id="dense",
)
batch(
    [ONE, NONE_OF],
    lambda: {
        "a": FIXED([2], tf.float32, [5.0, 6.0]),
        "b": FIXED([], tf.int64, -7),
        "c": FIXED((), tf.string, "q"),
        "z": FIXED([2, 1], tf.int64, [[1], [1 << 40]]),
    },
    id="defaults",
)
batch(
    [TWO, ONE, NONE_OF],
    lambda: {
        "a": ROWS([], tf.float32, True),
        "b": ROWS([1], tf.int64, True),
        "c": ROWS([], tf.string, True, "pad"),
        "z": ROWS([2], tf.float32, True, 1.5),
    },
    id="rows",
)
batch([example(ix=[3, 1], v=[1.0, 2.0])], lambda: {"s": SPARSE("ix", "v", tf.float32, 10)}, id="sp")
batch(
    [example(ix=[3, 1], iy=[0, 1], v=[1.0, 2.0])],
    lambda: {
        "s": SPARSE(["ix", "iy"], "v", tf.float32, [10, 5], True),
    },
    id="sparse-features",
)
batch([], lambda: {"a": VAR(tf.float32), "b": FIXED([2], tf.int64)}, id="none")
batch([ONE], lambda: {"a": FIXED([2], tf.float32)}, example_names=["n"], id="named")
batch([ONE, TWO], lambda: {"b": VAR(tf.int64)}, name="scope", id="scope")
batch(
    [example(a=[float(k) for k in range(300)], b=list(range(-150, 150)))],
    lambda: {
        "a": FIXED([300], tf.float32),
        "b": FIXED([20, 15], tf.int64),
    },
    id="many",
)
UNPACKED = block(
    1,
    entries(
        [
            (b"a", block(2, b"\x0d\0\0\x80\x3f\x0d\0\0\0\x40")),
            (b"b", block(3, b"\x08\x05\x08\xac\x02")),
            (b"a b", feature([1.0])),
        ]
    ),
)
batch(
    [UNPACKED],
    lambda: {
        "a": VAR(tf.float32),
        "b": FIXED([2], tf.int64),
        "a b": FIXED([1], tf.float32, [0.0]),
    },
    id="not-packed",
)
for what, message in (
    ("twice", block(1, entries([(b"a", feature([1.0])), (b"a", feature([2.0, 3.0]))]))),
    (
        "two-maps",
        block(1, entries([(b"b", feature([1]))])) + block(1, entries([(b"a", feature([1.0]))])),
    ),
    ("other-fields", b"\x98\x01\x05\x32\x01x" + ONE),
    ("two-lists", block(1, entries([(b"a", feature([1.0]) * 2)]))),
    ("no-list", block(1, entries([(b"a", b"")]))),
    ("long-field", b"\x6a\x75nk!"),
    ("no-values", block(1, entries([(b"a", block(2, b""))]))),
    ("odd-bytes", block(1, entries([(b"a", block(2, block(1, b"\0" * 5)))]))),
    ("empty", b""),
):
    batch([message], lambda: {"a": VAR(tf.float32)}, id=what)


def bad(messages, name, kind, whole, alone, **options):
    """Adds a mistake in both forms."""
    says = ["Name: <unknown>, " + whole, alone]
    batch(messages, lambda: {name: kind()}, says, **options)


bad(
    [NONE_OF],
    "a",
    lambda: FIXED([2], tf.float32),
    *["Feature: a (data type: float) is required but could not be found."] * 2,
    id="missing",
)
bad(
    [NONE_OF],
    "a",
    lambda: FIXED([0], tf.int64),
    *["Feature: a (data type: int64) is required but could not be found."] * 2,
    id="missing-empty",
)
WHERE = "Key: %s, Index: 0.  "
for name, kind, first, second, message, what in (
    (
        "a",
        lambda: FIXED([2], tf.int64),
        "Data types don't match. Data type: float but expected",
        "Data types don't match. Data type: float but expected type: int64",
        ONE,
        "type",
    ),
    (
        "a",
        lambda: VAR(tf.int64),
        "Data types don't match. Expected type: int64, Actual type: float",
        "Data types don't match. Expected type: int64, Actual type: float",
        ONE,
        "type-sparse",
    ),
    (
        "a",
        lambda: ROWS([], tf.string, True),
        "Data types don't match. Data type: float but",
        "Data types don't match. Data type: float but expected type: string",
        ONE,
        "type-rows",
    ),
    (
        "a",
        lambda: FIXED([3], tf.float32),
        "Number of float values != expected.  Values size: 2 but output shape: [3]",
        "Can't parse serialized Example.",
        ONE,
        "size-float",
    ),
    (
        "c",
        lambda: FIXED([], tf.string),
        "Number of bytes values != expected.  Values size: 2 but output shape: []",
        "Can't parse serialized Example.",
        TWO,
        "size-bytes",
    ),
    (
        "b",
        lambda: FIXED([2], tf.int64),
        "Number of int64 values != expected.  Values size: 3 but output shape: [2]",
        "Can't parse serialized Example.",
        TWO,
        "size-int64",
    ),
    (
        "b",
        lambda: ROWS([2], tf.int64, True),
        "Number of int64 values is not a multiple of stride length. Saw 3 values but output "
        "shape is: [?,2]",
        "Can't parse serialized Example.",
        TWO,
        "stride",
    ),
    (
        "a",
        lambda: VAR(tf.float32),
        "Can't parse serialized Example.",
        "Can't parse serialized Example.",
        block(1, entries([(b"a", block(2, b"\x0d\0\0\0\0" + block(1, b"\0" * 4)))])),
        "mixed",
    ),
):
    bad([message], name, kind, WHERE % name + first, "Key: %s.  %s" % (name, second), id=what)
for what, message in (
    ("cut", ONE[:-1]),
    ("cut-length", b"\x0a\x05ab"),
    ("zero", b"\0"),
    ("group", b"\x0b"),
    ("value-first", block(1, block(1, block(2, feature([1.0])) + block(1, b"a")))),
    ("no-value", block(1, block(1, block(1, b"a")))),
    ("no-key", block(1, block(1, b"\x12\0"))),
    ("features-field", block(1, b"\x10\x01")),
    ("fixed32", b"\x15\0"),
):
    says = ["Could not parse example input, value: '"] * 2
    batch([message], lambda: {"a": VAR(tf.float32)}, says, id=what)
batch(
    [block(1, entries([(b"a", b"\x20\x01")]))],
    lambda: {"a": VAR(tf.float32)},
    ["Unsupported datatype."] * 2,
    id="kind",
)
PARSE = tf.parse_example
error(
    "ParseExample",
    lambda x: PARSE(x, {"a": VAR(tf.float32)}),
    s(value=""),
    says="Shape must be rank 1 but is rank 0",
)
error(
    "ParseSingleExample",
    lambda x: tf.parse_single_example(x, {"a": VAR(tf.float32)}),
    s([""]),
    says="Shape must be rank 0 but is rank 1",
)
error(
    "ParseExample",
    lambda x: PARSE(x, {"a": FIXED([], tf.float32)}, example_names=["n"]),
    s([""]),
    at="run",
    says="Name: n, Feature: a (data type: float) is required but",
)
error(
    "ParseExample",
    lambda x: PARSE(x, {"a": VAR(tf.float32)}, example_names=["n", "m"]),
    s([""]),
    at="run",
    says="Expected len(names) == len(serialized), but got: 2 vs. 1",
)
for what, features, says in (
    ("no", {}, "Missing: features was {}."),
    ("int", {"a": 3}, "Invalid feature a:3."),
    ("unknown", {"a": FIXED([None], tf.float32)}, "First dimension of shape for feature a unknown"),
    ("part", {"a": FIXED([1, None], tf.float32)}, "All dimensions of shape for feature a need to"),
    ("shape", {"a": FIXED(None, tf.float32)}, "Missing shape for feature a."),
    ("dtype", {"a": VAR(None)}, "Missing type for feature a."),
    ("rows", {"a": ROWS([], tf.float32)}, "FixedLenSequenceFeature requires allow_missing to be"),
    ("index", {"a": SPARSE("", "v", tf.float32, 3)}, "Missing index_key for SparseFeature"),
    ("twice", {"a": VAR(tf.float32), "b": SPARSE("a", "v", tf.float32, 3)}, "Conflicting type <"),
):
    error(
        "ParseExample", lambda x, f=features: PARSE(x, f), s([""]), says=says, id="feature-" + what
    )
error(
    "ParseExample",
    lambda x: PARSE(x, {"a": FIXED([], tf.float16)}),
    s([""]),
    error="TypeError",
    says="Value passed to parameter 'dense_defaults' has DataType float16 not in list of",
)
case(
    "ParseExample",
    lambda x: tf.parse_single_example(
        x, {"a": FIXED([2], tf.float32), "c x": VAR(tf.string)}, example_names="n"
    ),
    s(value=np.array(ONE, object)),
    id="single-named",
)
case(
    "ParseExample",
    lambda x, y: PARSE(x, {"a": FIXED([2], tf.float32, y)}),
    s([""]),
    f([1, 2]),
    grad="no gradient",
    id="default-fed",
)

# --- sequence examples ---
S1 = sequence(
    {"a": [1.0], "b": [1, 2]}, x=[[1.0, 2.0], [3.0, 4.0]], y=[[1], [], [2, 3]], z=[[b"p"]]
)
S2 = sequence({"b": [3]}, x=[[5.0, 6.0]], z=[])
S0 = sequence({})


def frames(messages, context, lists, id, says=None, alone=None, error_class=None):
    """Adds a row of parse_sequence_example, and one of parse_single_sequence_example."""
    fed, one = raw(*messages), s(value=np.array(messages[0], object))
    call = lambda x: tf.io.parse_sequence_example(x, context(), lists())
    single = lambda x: tf.parse_single_sequence_example(x, context(), lists())
    if says is None:
        case("ParseSequenceExample", call, fed, id="frames-" + id)
        case("ParseSingleSequenceExample", single, one, id="frame-" + id)
    else:
        error("ParseSequenceExample", call, fed, at="run", says=says, id="bad-frames-" + id)
        error("ParseSingleSequenceExample", single, one, at="run", says=alone, id="bad-frame-" + id)


nothing = lambda: None
frames(
    [S1, S2],
    lambda: {"b": VAR(tf.int64)},
    lambda: {
        "x": ROWS([2], tf.float32, True),
        "y": VAR(tf.int64),
        "z": VAR(tf.string),
    },
    "all",
)
frames(
    [S1, S1], lambda: {"a": FIXED([], tf.float32), "b": FIXED([2], tf.int64)}, nothing, "context"
)
frames([S2, S1], lambda: {"a": FIXED([1], tf.float32, [9.0])}, nothing, "default")
frames([S2, S1], lambda: {"a": FIXED([], tf.float32, 9.0)}, nothing, "default-scalar")
frames([S0], nothing, lambda: {"x": ROWS([2], tf.float32, True)}, "may-miss")
frames([S1, S2, S0], nothing, lambda: {"x": VAR(tf.float32), "y": VAR(tf.int64)}, "lists")
frames([S1, S2], nothing, lambda: {"z": ROWS([], tf.string, True), "y": VAR(tf.int64)}, "strings")
frames([S0, S0], lambda: {"a": VAR(tf.string)}, lambda: {"x": VAR(tf.float32)}, "nothing-there")
frames(
    [S2, S1],
    lambda: {"a": FIXED([1], tf.float32)},
    nothing,
    "missing",
    "Feature: a (data type: float) is required but could not be found.",
    "Name: , Context feature 'a' is required but could not be found.",
)
frames(
    [S1],
    lambda: {"a": VAR(tf.int64)},
    nothing,
    "type",
    "Error in context feature a in example <unknown>",
    "Name: , Context feature: a.  Data types don't match. Expected type: int64  Feature is: ",
)
frames(
    [S1],
    lambda: {"b": FIXED([3], tf.int64)},
    nothing,
    "size",
    "Inconsistent number of elements for feature b: 2 vs 1",
    "Name: , Key: b, Index: 0.  Number of int64 values != expected.  values size: 2 but output "
    "shape: [3]",
)
frames(
    [S0],
    nothing,
    lambda: {"x": ROWS([2], tf.float32)},
    "list-missing",
    "Missing feature x in example <unknown>",
    "Name: , Feature list 'x' is required but could not be found.  Did you mean to include it",
)
frames(
    [S1],
    nothing,
    lambda: {"x": ROWS([2], tf.int64)},
    "list-type",
    "Error in sequence feature x in example <unknown>",
    "Name: , Feature list: x, Index: 0.  Data types don't match. Expected type: int64  Feature ",
)
frames(
    [S1],
    nothing,
    lambda: {"x": VAR(tf.int64)},
    "list-type-sparse",
    "Error in sequence feature x in example <unknown>",
    "Name: , Feature List: x, Index: 0.  Data types don't match. Expected type: int64  Feature ",
)
frames(
    [S1],
    nothing,
    lambda: {"x": ROWS([3], tf.float32)},
    "list-size",
    "Unexpected shape error in feature x",
    "Name: , Key: x, Index: 0.  Number of float values != expected.  values size: 2 but output",
)
frames(
    [S1],
    nothing,
    lambda: {"y": ROWS([1], tf.int64)},
    "list-ragged",
    "Unexpected number of elements in feature y, example <unknown>",
    "Name: , Key: y, Index: 1.  Number of int64 values != expected.  values size: 0 but output",
)
frames(
    [b"\x0a\x05ab"],
    lambda: {"b": VAR(tf.int64)},
    nothing,
    "damaged",
    "Invalid protocol message input, example id: <unknown>",
    "Could not parse example input, value: '",
)
for what, context, lists, says in (
    ("none", None, None, "Missing features."),
    ("rows", {"x": ROWS([2], tf.float32)}, None, "Unsupported FixedLenSequenceFeature"),
    ("fixed", None, {"x": FIXED([2], tf.float32)}, "Unsupported FixedLenFeature"),
    (
        "default",
        None,
        {"x": ROWS([2], tf.float32, True, 3.0)},
        "Value feature_list_dense_defaults[x]",
    ),
):
    for op, call in (
        ("ParseSequenceExample", tf.io.parse_sequence_example),
        ("ParseSingleSequenceExample", tf.parse_single_sequence_example),
    ):
        error(
            op,
            lambda x, f=call, c=context, k=lists: f(x, c, k),
            s([""]),
            says=says,
            id="%s-%s" % (op, what),
        )
error(
    "ParseSingleSequenceExample",
    lambda x: tf.parse_single_sequence_example(x, {"a": FIXED([1], tf.float32)}, example_name="nn"),
    s(value=""),
    at="run",
    says="Name: nn, Context feature 'a' is required but could not",
)
error(
    "ParseSequenceExample",
    lambda x: tf.io.parse_sequence_example(
        x, None, {"x": ROWS([1], tf.float32)}, example_names=["nn"]
    ),
    s([""]),
    at="run",
    says="Missing feature x in example nn",
)
error(
    "ParseSequenceExample",
    lambda x: tf.io.parse_sequence_example(x, {"a": VAR(tf.float32)}, example_names=["a", "b"]),
    s([""]),
    at="run",
    says="example_names must be empty or have the correct number of elements",
)
