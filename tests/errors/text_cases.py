"""Bad inputs of operations on text.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails

TEXTS: list[Case] = [
    fails(
        452,
        "substr beyond the text",
        """
y = tf.strings.substr("abc", 5, 1)
with tf.Session() as s:
    s.run(y)
""",
        says="pos 5 out of range for string b'abc' at index 0",
        names_line=True,
    ),
    fails(
        453,
        "substr with lengths of another shape",
        'tf.strings.substr(["a", "b"], [0, 0, 0], [1, 1, 1])',
        says="Dimensions must be equal, but are 2 and 3",
        names_line=True,
    ),
    fails(
        454,
        "substr of numbers",
        "tf.strings.substr(5, 0, 1)",
        says="Expected string passed to parameter 'input' of op 'Substr', got 5 of type "
        "'int' instead. Error: Expected string, got 5 of type 'int' instead.",
        names_line=True,
    ),
    fails(
        455,
        "regex_replace with a bad pattern",
        """
one = tf.placeholder_with_default("abc", [])
y = tf.strings.regex_replace(one, tf.placeholder_with_default("(", []), "x")
with tf.Session() as s:
    s.run(y)
""",
        says="Invalid pattern: (, error: missing ): (",
        names_line=True,
    ),
    fails(
        456,
        "static regex_replace with a bad pattern",
        """
y = tf.strings.regex_replace("abc", "(", "x")
with tf.Session() as s:
    s.run(y)
""",
        says="Invalid pattern: (, error: missing ): (",
        names_line=True,
    ),
    fails(
        457,
        "regex_full_match with a bad pattern",
        """
y = tf.strings.regex_full_match("abc", "[")
with tf.Session() as s:
    s.run(y)
""",
        says="Invalid pattern: [, error: missing ]: [",
        names_line=True,
    ),
    fails(
        458,
        "string_join of other shapes",
        'tf.string_join([["a", "b"], ["a", "b", "c"]])',
        says="Dimension 0 in both shapes must be equal, but are 2 and 3. Shapes are [2] and [3].",
        names_line=True,
    ),
    fails(
        459,
        "string_join with a number",
        'tf.string_join(["a", 1])',
        says="Tensors in list passed to 'inputs' of 'StringJoin' Op have types [string, "
        "int32] that do not match expected type string.",
        names_line=True,
    ),
    fails(
        460,
        "string_split of a number",
        "tf.string_split([1])",
        says="Expected string, got 1 of type 'int' instead.",
    ),
    fails(
        461,
        "string_split of a scalar",
        'tf.string_split(tf.constant("a b"))',
        says="Shape must be rank 1 but is rank 0",
        names_line=True,
    ),
    fails(
        462,
        "string_split with two delimiter texts",
        """
y = tf.string_split(["a b"], ["a", "b"])
with tf.Session() as s:
    s.run(y)
""",
        says="Shape must be rank 0 but is rank 1",
        names_line=True,
    ),
    fails(
        463,
        "as_string with a bad fill",
        """
y = tf.as_string([1.0], fill="x")
with tf.Session() as s:
    s.run(y)
""",
        says='Fill argument not supported: "x"',
        names_line=True,
    ),
    fails(
        464,
        "as_string with a precision for ints",
        """
y = tf.as_string([1], precision=2)
with tf.Session() as s:
    s.run(y)
""",
        says="precision not supported for datatype int32",
        names_line=True,
    ),
    fails(
        465,
        "as_string both scientific and shortest",
        """
y = tf.as_string([1.0], scientific=True, shortest=True)
with tf.Session() as s:
    s.run(y)
""",
        says="Cannot select both scientific and shortest notation",
        names_line=True,
    ),
    fails(
        466,
        "string_to_number to text",
        'tf.string_to_number("1", tf.string)',
        says="Value passed to parameter 'out_type' has DataType string not in list of "
        "allowed values: float32, float64, int32, int64",
        names_line=True,
    ),
    fails(
        467,
        "string_to_number of an empty text",
        """
y = tf.string_to_number("")
with tf.Session() as s:
    s.run(y)
""",
        says="StringToNumberOp could not correctly convert string:",
        names_line=True,
    ),
    fails(
        468,
        "string_to_number of a float as int",
        """
y = tf.string_to_number("1.5", tf.int32)
with tf.Session() as s:
    s.run(y)
""",
        says="StringToNumberOp could not correctly convert string: 1.5",
        names_line=True,
    ),
    fails(
        469,
        "string_to_hash_bucket of numbers",
        "tf.string_to_hash_bucket_fast([1, 2], 10)",
        says="Expected string passed to parameter 'input' of op 'StringToHashBucketFast', "
        "got [1, 2] of type 'list' instead. Error: Expected string, got 1 of type",
        names_line=True,
    ),
    fails(
        470,
        "string_to_hash_bucket with no buckets",
        'tf.string_to_hash_bucket_fast(["a"], 0)',
        says="Attr 'num_buckets' of 'StringToHashBucketFast' Op passed 0 less than minimum 1.",
        names_line=True,
    ),
    fails(
        471,
        "string_to_hash_bucket_strong with a short key",
        """
y = tf.string_to_hash_bucket_strong(["a"], 10, [1])
with tf.Session() as s:
    s.run(y)
""",
        says="Key must have 2 elements",
        names_line=True,
    ),
    fails(
        472,
        "reduce_join over an axis that is not there",
        """
y = tf.reduce_join(tf.placeholder_with_default(["a", "b"], None), 1)
with tf.Session() as s:
    s.run(y)
""",
        says="Invalid reduction dimension 1 for input with 1 dimension(s)",
        names_line=True,
    ),
    fails(
        473,
        "reduce_join static over an axis that is not there",
        'tf.reduce_join(["a", "b"], 1)',
        says="Invalid reduction dimension 1 for input with 1 dimensions.",
        names_line=True,
    ),
    fails(
        474,
        "decode_base64 of garbage",
        """
y = tf.decode_base64("a*b")
with tf.Session() as s:
    s.run(y)
""",
        says="Invalid character found in base64.",
        names_line=True,
    ),
    fails(
        475,
        "decode_raw of a broken length",
        """
y = tf.decode_raw("abc", tf.int32)
with tf.Session() as s:
    s.run(y)
""",
        says="Input to DecodeRaw has length 3 that is not a multiple of 4, the size of int32",
        names_line=True,
    ),
    fails(
        476,
        "decode_raw of numbers",
        "tf.decode_raw([1], tf.int32)",
        says="Expected string passed to parameter 'bytes' of op 'DecodeRaw', got [1] of "
        "type 'list' instead. Error: Expected string, got 1 of type 'int' instead.",
        names_line=True,
    ),
    fails(
        478,
        "unicode_transcode with unknown errors",
        'tf.strings.unicode_transcode("a", "UTF-8", "UTF-8", errors="strange")',
        says="Attr 'errors' of 'UnicodeTranscode' Op passed string 'strange' not in: "
        '"strict", "replace", "ignore".',
        names_line=True,
    ),
    fails(
        479,
        "string format without a placeholder",
        'tf.strings.format("none", (tf.constant(1), tf.constant(2)))',
        says="0 placeholder(s) in template does not match 2 tensor(s) provided as input",
    ),
    fails(
        480,
        "text compared with a number",
        'tf.equal("a", 1)',
        says="Expected string passed to parameter 'y' of op 'Equal', got 1 of type 'int' "
        "instead. Error: Expected string, got 1 of type 'int' instead.",
        names_line=True,
    ),
    fails(
        481,
        "add text and number",
        'tf.constant("a") + 1',
        says="Input 'y' of 'Add' Op has type int32 that does not match type string of "
        "argument 'x'.",
        names_line=True,
    ),
    fails(
        482,
        "less of text",
        'tf.less("a", "b")',
        says="Value passed to parameter 'x' has DataType string not in list of allowed "
        "values: float32, float64, int32, uint8, int16, int8, int64, bfloat16,",
        names_line=True,
    ),
    fails(
        483,
        "decode_csv with more columns than records have",
        """
y = tf.decode_csv("1,2", [[0], [0], [0]])
with tf.Session() as s:
    s.run(y)
""",
        says="Expect 3 fields but have 2 in record 0",
        names_line=True,
    ),
    fails(
        484,
        "decode_csv of a word as number",
        """
y = tf.decode_csv("a", [[0]])
with tf.Session() as s:
    s.run(y)
""",
        says="Field 0 in record 0 is not a valid int32: a",
        names_line=True,
    ),
    fails(
        485,
        "decode_csv with a missing required field",
        """
y = tf.decode_csv("1,", [[0], tf.constant([], tf.int32)])
with tf.Session() as s:
    s.run(y)
""",
        says="Field 1 is required but missing in record 0!",
        names_line=True,
    ),
    fails(
        486,
        "decode_csv with defaults of rank 2",
        'tf.decode_csv("1", [[[0, 1]]])',
        says="Shape must be at most rank 1 but is rank 2",
        names_line=True,
    ),
    fails(
        488,
        "decode_csv with an unclosed quote",
        """
y = tf.decode_csv('"a', [["x"]])
with tf.Session() as s:
    s.run(y)
""",
        says="Quoted field has to end with quote followed by delim or end",
        names_line=True,
    ),
    fails(
        489,
        "decode_csv without defaults",
        'tf.decode_csv("1", [])',
        says="Attr 'OUT_TYPE' of 'DecodeCSV' Op passed list of length 0 less than minimum 1.",
        names_line=True,
    ),
]
