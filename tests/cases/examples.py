"""Examples and sequence examples, parsed from bytes."""

import numpy as np
from _rows import case, error, f, s, tf


def raw(*values):
    """Bytes that are no text, [n]."""
    return s(np.array([*values, None], object)[:-1])


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
