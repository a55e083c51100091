"""Strings: taken apart, put together, searched, hashed, encoded, turned into numbers and back."""

import numpy as np
from _rows import b, case, d, error, f, i, l, s, t, tf


def raw(*values):
    """Bytes that are no text, [n]."""
    return s(np.array([*values, None], object)[:-1])


ROW = s(["a b,,c", "", "  x  ", "\u00e9", "a"])
TABLE = s([["a", "b", "c"], ["d", "", "\u00e9"]])
TEXT = s(["h\u00e9llo w\u00f6rld", "", "\u4e2d\u6587 x", "A\u0130\u03a3\u00df \ufb01"])
BYTES = raw(b"\xff\xfeab", b"a\x80\xe2\x82b", b"\x00\x01\x1f\x20", b"\xed\xa0\x80\xf0\x9f\x98\x80")


# --- split ---
case("StringSplit", tf.string_split, ROW)
for sep in (",", "", ", ", "ab", b"\xc3"):
    case("StringSplit", tf.string_split, ROW, sep)
    case("StringSplit", tf.string_split, ROW, sep, skip_empty=False)
case("StringSplit", tf.string_split, s(0))
case("StringSplit", tf.string_split, ROW, s(value=" "), id="split-separator-fed")
case("StringSplit", lambda x: tf.string_split(x, delimiter=","), ROW, id="split-old-name")
error("StringSplit", tf.string_split, s(2, 2), says="Shape must be rank 1 but is rank 2")
error("StringSplit", tf.string_split, s(["a"]), "a", False, "b", says="Cannot specify both")
error(
    "StringSplit",
    tf.string_split,
    s(["a"]),
    result_type="list",
    says="result_type must be 'RaggedTensor' or 'SparseTensor'.",
)
error(
    "StringSplit",
    tf.string_split,
    s(["a b"]),
    s([" ", ","]),
    at="run",
    says="delimiter must be a scalar, got shape: [2]",
)
SPLIT = s(["a b<><>c", "", "  x  y z ", " \t", "aaaa", "<>"])
for sep, most in ((None, -1), (None, 1), ("", 0), ("<>", -1), ("<>", 1), (" ", 2), ("aa", -1)):
    case("StringSplitV2", tf.strings.split, SPLIT, sep=sep, maxsplit=most)
case("StringSplitV2", tf.strings.split, s(0))
error(
    "StringSplitV2",
    lambda x, y: tf.strings.split(x, y),
    s(["a"]),
    s([" "]),
    says="Shape must be rank 0 but is rank 1",
)

# --- numbers ---
NUMBERS = s(["1", " 2 ", "-3", "\t4\n", "-0", "0005", "2147483647"])
for out in (tf.float32, tf.float64, tf.int32, tf.int64):
    case("StringToNumber", tf.string_to_number, NUMBERS, out)
    case("StringToNumber", tf.string_to_number, s(0, 3), out)
    for wrong in ("", "1_0", "1,0", "--1", "1 2", "0x", "1e", "\u0661", "abc", "9" * 32):
        error(
            "StringToNumber",
            tf.string_to_number,
            s([wrong]),
            out,
            at="run",
            says="StringToNumberOp could not correctly convert string: " + wrong,
        )
FLOATS = s(
    [
        "0.1",
        "4.35",
        "1e400",
        "-1e-400",
        "1.",
        ".5",
        "+1",
        "inf",
        "-INF",
        "+iNf",
        "nan",
        "0x1F",
        "3.4028236e38",
        "3.4028235e38",
        "16777217",
        "16777217.0000001",
        "1.0000000596046447",
        "1e-45",
        "1.0000000596046448",
        "1.00000017881393432617187499",
        "0.00000000000000000000000000000",
        "  ",
        "123456789012345678901234567890",
    ]
)
case("StringToNumber", tf.string_to_number, FLOATS, id="spellings-f")
case("StringToNumber", tf.string_to_number, FLOATS, tf.float64, id="spellings-d")
case("StringToNumber", lambda x: tf.strings.to_number(input=x), s(["7"]), id="number-new-name")
WHOLE = s(["9223372036854775807", "-9223372036854775808", "2147483648"])
case("StringToNumber", tf.string_to_number, WHOLE, tf.int64, id="limits-l")
case("StringToNumber", tf.string_to_number, s(["-2147483648"]), tf.int32, id="limits-i")
for wrong in ("+5", "1.0", "2147483648", "-2147483649"):
    error(
        "StringToNumber",
        tf.string_to_number,
        s([wrong]),
        tf.int32,
        at="run",
        says="could not correctly convert string: " + wrong,
    )
error(
    "StringToNumber",
    tf.string_to_number,
    s(["9223372036854775808"]),
    tf.int64,
    at="run",
    says="could not correctly convert string: 9223372036854775808",
)
error(
    "StringToNumber",
    tf.string_to_number,
    s(["1"]),
    tf.int8,
    error="TypeError",
    says="Value passed to parameter 'out_type' has DataType int8 not in list of",
)

# --- text of numbers ---
REAL = [1.5, -2.25, float("nan"), float("inf"), float("-inf"), -0.0, 0.1, 2.5, 1e20, 1e-5]
OPTIONS = (
    {},
    {"width": 8},
    {"width": 8, "fill": "0"},
    {"width": 9, "fill": "-"},
    {"fill": "+"},
    {"fill": " "},
    {"width": 0},
)
for options in (
    *OPTIONS,
    {"precision": 2},
    {"precision": 0, "fill": "#"},
    {"scientific": True},
    {"shortest": True},
    {"shortest": True, "precision": 12},
    {"fill": "#", "shortest": True},
    {"scientific": True, "precision": 3, "width": 14},
):
    case("AsString", tf.as_string, f(REAL), **options)
case("AsString", tf.as_string, d([0.1, 1e-300, 1e300, 1 / 3]), precision=17)
for options in OPTIONS:
    case("AsString", tf.as_string, i([1, -5, 0, 2147483647]), **options)
case("AsString", tf.as_string, t(2, 2), dtypes="i8 i16 i l f d c z b", grad="is text")
case("AsString", tf.as_string, l([2**62, -(2**63)]))
case("AsString", tf.as_string, f(0, 2))
for options, says in (
    ({"fill": "x"}, 'Fill argument not supported: "x"'),
    ({"fill": "00"}, "Fill string must be one or fewer characters"),
    ({"scientific": True, "shortest": True}, "Cannot select both scientific and shortest"),
):
    error("AsString", tf.as_string, f(2), at="run", says=says, **options)
error(
    "AsString",
    tf.as_string,
    i(2),
    precision=2,
    at="run",
    says="precision not supported for datatype int32",
)
error(
    "AsString",
    tf.as_string,
    b(2),
    shortest=True,
    at="run",
    says="scientific and shortest format not supported for datatype bool",
)

# --- case, length, parts ---
for encoding in ("", "utf-8"):
    case("StringLower", tf.strings.lower, TEXT, encoding)
    case("StringUpper", tf.strings.upper, TEXT, encoding)
case("StringLower", tf.strings.lower, raw(b"\xffA\xe2\x82B"), "utf-8")
error(
    "StringLower",
    tf.strings.lower,
    s(["a"]),
    "UTF-8",
    at="run",
    says="only utf-8 or '' (no encoding) is supported, received UTF-8",
)
error(
    "StringUpper",
    tf.strings.upper,
    s(["a"]),
    "latin1",
    at="run",
    says="only utf-8 or '' (no encoding) is supported, received latin1",
)
case("StringStrip", tf.string_strip, s([[" \t\n\v\f\ra b \0 "], ["\x1c\x85"], [""]]))
case("StringLength", tf.strings.length, TEXT)
case("StringLength", tf.strings.length, TEXT, unit="UTF8_CHAR")
case("StringLength", tf.strings.length, BYTES, unit="UTF8_CHAR")
case("StringLength", tf.strings.length, s(value="abc"))
error("StringLength", tf.strings.length, s(["a"]), unit="WORD", says='not in: "BYTE", "UTF8_CHAR"')
for pos, size in ((1, 2), (-2, 9), (0, 0), (2, -1)):
    case("Substr", tf.substr, s(["hello", "hi", "abc"]), pos, size)
    case("Substr", tf.substr, s(["h\u00e9llo", "\u4e2dx"]), pos, size, unit="UTF8_CHAR")
case("Substr", tf.strings.substr, BYTES, 1, 3, unit="UTF8_CHAR")
case("Substr", tf.substr, s(["hello", "hi"]), i([2, 1]), i([2, 5]))
case("Substr", tf.substr, s(["hello", "hi"]), l([2, 1]), l([2, 5]))
case("Substr", tf.substr, s([["hello", "abcde"]]), i([[1], [2]]), i([[1], [2]]))
case("Substr", tf.substr, s(value="hello"), i([1, 2, 5]), i([1, 2, 2]))
case(
    "Substr",
    tf.substr,
    s([[["hello", "abcde"]]]),
    i([1, 2]),
    i([1, 1]),
    golden="TensorFlow's result has lost axes",
)
case("Substr", tf.substr, s(0), 1, 1)
error(
    "Substr",
    tf.substr,
    s(["hello", "hi"]),
    3,
    2,
    at="run",
    says="pos 3 out of range for string b'hi' at index 1",
)
error(
    "Substr",
    tf.substr,
    s(["hello", "hi"]),
    -3,
    2,
    at="run",
    says="pos -3 out of range for string b'hi' at index 1",
)
error(
    "Substr",
    tf.substr,
    s(["\u00e9"]),
    2,
    2,
    unit="UTF8_CHAR",
    at="run",
    says="pos 2 out of range for string at index 0",
)
error("Substr", tf.substr, s(["a"]), i([0]), i([[1]]), says="Shape must be rank 2 but is rank 1")
error(
    "Substr",
    tf.substr,
    s(2),
    i([0, 0]),
    i([1, 1, 1]),
    says="pos and len shapes must match: [2] vs. [3]",
)
error(
    "Substr",
    tf.substr,
    s(["a", "b"]),
    i([0, 0, 0]),
    i([1, 1, 1]),
    says="Dimensions must be equal, but are 2 and 3",
)

# --- join ---
for axis in (0, 1, -1, [0, 1], [1, 0], [], None):
    case("ReduceJoin", tf.reduce_join, TABLE, axis, separator="-")
    case("ReduceJoin", tf.reduce_join, TABLE, axis, keepdims=True)
case("ReduceJoin", tf.reduce_join, s(2, 3, 2), [2, 0])
case("ReduceJoin", tf.reduce_join, s(value="a"))
case("ReduceJoin", tf.reduce_join, s(0, 2), 0, separator=",")
case("ReduceJoin", tf.reduce_join, s(0, 2), 1)
case("ReduceJoin", tf.reduce_join, TABLE, i([0]), id="join-axis-fed")
case("ReduceJoin", lambda x: tf.reduce_join(x, reduction_indices=1, keep_dims=True), TABLE)
error("ReduceJoin", tf.reduce_join, TABLE, [2], says="Invalid reduction dimension 2 for input")
error(
    "ReduceJoin",
    tf.reduce_join,
    TABLE,
    i([2]),
    at="run",
    error="OutOfRangeError",
    says="Invalid reduction dimension 2 for input with 2 dimension(s)",
)
error(
    "ReduceJoin",
    tf.reduce_join,
    TABLE,
    i([0, -2]),
    at="run",
    says="Duplicate reduction dimension -2",
)
JOIN = tf.strings.unsorted_segment_join
case("UnsortedSegmentJoin", JOIN, TABLE, i([0, 0]), 2, separator=",")
case("UnsortedSegmentJoin", JOIN, TABLE, l([2, 0]), 4)
case("UnsortedSegmentJoin", JOIN, TABLE, i([[0, 1, 1], [2, 0, 0]]), i(value=3), ":")
case("UnsortedSegmentJoin", JOIN, s(0, 2), i(0), 2)
error(
    "UnsortedSegmentJoin",
    JOIN,
    TABLE,
    i([0, 3]),
    2,
    at="run",
    says="segment_ids are not allowed to exceed num_segments or to have negative",
)
error(
    "UnsortedSegmentJoin",
    JOIN,
    TABLE,
    i([0, -1]),
    2,
    at="run",
    says="segment_ids are not allowed to exceed num_segments or to have negative",
)
error(
    "UnsortedSegmentJoin",
    JOIN,
    TABLE,
    i([0, 1, 0]),
    2,
    says="Dimensions must be equal, but are 2 and 3",
)
error(
    "UnsortedSegmentJoin",
    JOIN,
    TABLE,
    i([0, 1, 0]),
    2,
    at="run",
    says="Segment dimension is 3 while input dimension is 2 in rank 0",
)

# --- base64 ---
for pad in (False, True):
    case("EncodeBase64", tf.encode_base64, raw(b"", b"a", b"ab", b"abc", b"\xff\xfe\xfd"), pad)
case("DecodeBase64", tf.decode_base64, s(["", "YQ", "YQ==", "YWI", "YWJj", "a-_b", "YR", "YWJ="]))
for wrong in ("a+/b", "YQ=", "YQ==YQ==", "YQ=Q", "====", "Y Q", "YQ==="):
    error(
        "DecodeBase64",
        tf.decode_base64,
        s([wrong]),
        at="run",
        says="Invalid character found in base64.",
    )
error(
    "DecodeBase64",
    tf.decode_base64,
    s(["="]),
    at="run",
    says="Base64 string length cannot be 1 modulo 4.",
)

# --- hashes ---
WORDS = raw(*[b"\x00\xff" * n for n in range(9)], *[b"x" * n for n in range(0, 300, 7)])
MORE = raw(*[bytes((k * 37 + j) % 256 for j in range(k)) for k in (*range(70), 127, 128, 129, 999)])
for words in (WORDS, MORE, s(2, 3), s(0)):
    case("StringToHashBucket", tf.string_to_hash_bucket, words, 1 << 40)
    case("StringToHashBucketFast", tf.string_to_hash_bucket_fast, words, (1 << 63) - 1)
    case("StringToHashBucketStrong", tf.string_to_hash_bucket_strong, words, 1 << 40, [123, -7])
case("StringToHashBucketFast", tf.string_to_hash_bucket_fast, TABLE, 10)
case("StringToHashBucket", lambda x: tf.strings.to_hash_bucket(input=x, num_buckets=3), TABLE)
error(
    "StringToHashBucketStrong",
    tf.string_to_hash_bucket_strong,
    TABLE,
    10,
    [1],
    at="run",
    says="Key must have 2 elements",
)
error(
    "StringToHashBucketFast",
    tf.string_to_hash_bucket_fast,
    TABLE,
    0,
    says="Attr 'num_buckets' of 'StringToHashBucketFast' Op passed 0 less than minimum 1",
)
case("Fingerprint", tf.fingerprint, t(3, 2), dtypes="i l u8 i16 f d b c", grad="no gradient")
case("Fingerprint", tf.fingerprint, s(["a", "b", ""]))
case("Fingerprint", tf.fingerprint, TABLE)
case("Fingerprint", tf.fingerprint, s(2, 1))
case("Fingerprint", tf.fingerprint, i(2, 0))
case("Fingerprint", tf.fingerprint, i(3, 30, 2), s(value="farmhash64"), id="method-fed")
error("Fingerprint", tf.fingerprint, i(2), "sha", says="Unsupported method: sha")
error(
    "Fingerprint",
    tf.fingerprint,
    i(2),
    s(value="sha"),
    at="run",
    says="Unsupported fingerprint method: sha",
)
error("Fingerprint", tf.fingerprint, i(), says="Shape must be at least rank 1 but is rank 0")

# --- regular expressions ---
MATCHED = s(["ab", "12", "x", "", "\u00e9", "a\nb", "a.b", "A-1", "aab", "foo_bar", " \t", "a\n"])
for pattern in (
    "a|ab",
    r"\d+",
    "",
    r"\pL+",
    "[[:alpha:]]+",
    r"\Qa.b\E",
    "a$",
    "(?i)\u00c9",
    ".",
    "a.b",
    "(?P<n>a)b",
    r"[\w.]*",
    "x*?",
    "(?s)a.b",
    "[^a]",
    r"\x{41}.*",
    r"\D+",
    "(?i:AB)",
    "a{1,2}b",
    "(a|b)+",
    r"[[:upper:]]-\d",
    r"\p{Latin}",
    r"\s+",
    "(?m)a$\n",
):
    case("StaticRegexFullMatch", tf.strings.regex_full_match, MATCHED, pattern)
    case(
        "RegexFullMatch",
        lambda x, p: tf.strings.regex_full_match(x, p),
        MATCHED,
        s(value=pattern),
        id="full-match-" + pattern,
    )
case("StaticRegexFullMatch", tf.strings.regex_full_match, raw(b"\xff", b"a"), ".")
for pattern, rewrite in (
    ("a*", "-"),
    ("", "-"),
    ("x*", r"<\0>"),
    ("(a)(b)?", r"[\1,\2]"),
    ("a", r"\1"),
    ("a", "\\q"),
    ("b", r"\\"),
    ("^a", "z"),
    (r"\b", "|"),
    ("$", "!"),
    ("(?m)^", ">"),
    (r"\W", ""),
    ("a|ab", "."),
    (r"(\w+) (\w+)", r"\2 \1"),
    ("[aeiou]", "#"),
):
    for everywhere in (True, False):
        case("StaticRegexReplace", tf.regex_replace, MATCHED, pattern, rewrite, everywhere)
case("RegexReplace", tf.regex_replace, MATCHED, s(value="[ab]+"), s(value=r"<\0>"))
case("RegexReplace", tf.regex_replace, TABLE, s(value="a"), "b", replace_global=False)
case("StaticRegexReplace", tf.regex_replace, raw(b"\xff\xfeab", b"a\x80\xe2\x82b"), "b*", "-")
for pattern, says in (
    ("(", "missing ): ("),
    ("a)", "missing ): a)"),
    (r"\1", "invalid escape sequence: \\1"),
    ("(?=a)", "invalid perl operator: (?="),
    ("a++", "bad repetition operator: ++"),
    ("x{2000}", "invalid repetition size: {2000}"),
    ("[a", "missing ]: [a"),
    ("*a", "no argument for repetition operator: *"),
    ("[b-a]", "invalid character class range: b"),
    (r"\Z", "invalid escape sequence: \\Z"),
    ("a**", "bad repetition operator: **"),
    ("(?<n>a)", "invalid perl operator: (?<"),
    (r"\p{Nope}", "invalid character class range: "),
    ("(?P<n", "invalid named capture group: (?P<n"),
    ("a\\", "trailing \\"),
    ("x{3,2}", "invalid repetition size"),
):
    says = "Invalid pattern: %s, error: %s" % (pattern, says)
    error("StaticRegexReplace", tf.regex_replace, s(["a"]), pattern, "", at="run", says=says)
error(
    "RegexFullMatch",
    tf.strings.regex_full_match,
    s(["a"]),
    s(["a"]),
    says="Shape must be rank 0 but is rank 1",
)
error(
    "RegexReplace",
    tf.regex_replace,
    s(["a"]),
    "a",
    s(["a", "b"]),
    at="run",
    says="Rewrite must be scalar, but received [2]",
)

# --- edit distance ---


def sparse(values, places, shape):
    """A SparseTensor of values at places."""
    return tf.SparseTensor(np.array(places, "i8").reshape(-1, len(shape)), values, shape)


def distance(ours, truth, **options):
    """A function of the values of both sequences; each argument is (places, shape)."""
    return lambda x, y: tf.edit_distance(sparse(x, *ours), sparse(y, *truth), **options)


FIRST = ([[0, 0], [0, 1], [1, 0], [3, 0]], [4, 3])
SECOND = ([[0, 0], [0, 1], [0, 2], [2, 0], [3, 0]], [4, 5])
for normalize in (True, False):
    call = distance(FIRST, SECOND, normalize=normalize)
    case(
        "EditDistance",
        call,
        s(["a", "b", "c", "x"]),
        s(["b", "a", "b", "q", "x"]),
        id="distance-s-%s" % normalize,
    )
    case(
        "EditDistance",
        call,
        t([1, 2, 3, 4]),
        t([2, 1, 2, 5, 4]),
        dtypes="i l f d b i8 u8",
        grad="not continuous",
        id="distance-%s" % normalize,
    )
LINE = [[0, k] for k in range(7)]
case(
    "EditDistance",
    distance((LINE[:6], [1, 6]), (LINE, [1, 7]), name="d"),
    s(list("kitten")),
    s(list("sitting")),
    id="kitten",
)
case(
    "EditDistance",
    distance(([[1, 0, 2]], [2, 1, 3]), ([[0, 1, 0]], [1, 2, 3])),
    i(1),
    i(1),
    id="distance-3",
)
error(
    "EditDistance",
    distance(([[0], [1]], [2]), ([[0]], [2])),
    i([1, 2]),
    i([2]),
    at="run",
    says="Input SparseTensors must have rank at least 2, but truth_shape rank is: 1",
)
case("EditDistance", distance(([], [2, 0]), ([], [1, 3])), i(0), i(0), id="distance-empty")
error(
    "EditDistance",
    distance(([[0, 0]], [1, 1]), ([[0]], [1])),
    i(1),
    i(1),
    says="Num elements of hypothesis_shape does not match truth_shape: 2 vs. 1",
)
error(
    "EditDistance",
    lambda x: tf.edit_distance(x, x),
    i(1),
    error="TypeError",
    says="Hypothesis must be a SparseTensor.",
)
