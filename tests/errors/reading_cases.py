"""Bad look-up tables, examples, files and queues.

Each row: a number (that of the survey of bad inputs; from 301 on: added later), a title, the code,
the phrase that must appear in the error, and whether it must name the line that made the node.
"""

from __future__ import annotations

from tests.errors.case import Case, fails

READING: list[Case] = [
    fails(
        667,
        "clip_by_value with other sizes",
        "tf.clip_by_value(tf.zeros([3]), tf.zeros([2]), 1.0)",
        says="Dimensions must be equal, but are 3 and 2",
        names_line=True,
    ),
    fails(
        668,
        "lookup table with a key of another type",
        """
t = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), -1)
t.lookup(tf.constant([1]))
""",
        says="Signature mismatch. Keys must be dtype <dtype: 'string'>, got <dtype: 'int32'>.",
    ),
    fails(
        669,
        "lookup table not initialized",
        """
t = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), -1)
y = t.lookup(tf.constant(["a"]))
with tf.Session() as s:
    s.run(y)
""",
        says="Table not initialized.",
        names_line=True,
    ),
    fails(
        670,
        "lookup table with a default of text",
        'tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), "b")',
        says="Expected int32, got 'b' of type 'str' instead.",
    ),
    fails(
        671,
        "lookup table with a key twice",
        """
one = tf.lookup.KeyValueTensorInitializer(["a", "a"], [1, 2])
t = tf.lookup.StaticHashTable(one, -1)
y = tf.tables_initializer()
with tf.Session() as s:
    s.run(y)
""",
        says="HashTable has different value for same key. Key a has 1 and trying to add value 2",
        names_line=True,
    ),
    fails(
        672,
        "lookup table of a file that is not there",
        """
one = tf.lookup.TextFileInitializer(TMP + "/none", tf.string, 0, tf.int64, 1)
t = tf.lookup.StaticHashTable(one, -1)
y = tf.tables_initializer()
with tf.Session() as s:
    s.run(y)
""",
        says="$TMP/none; No such file or directory",
        names_line=True,
    ),
    fails(
        673,
        "vocabulary table with no out of vocabulary buckets",
        """
one = tf.lookup.KeyValueTensorInitializer(["a"], tf.constant([0], tf.int64))
tf.lookup.StaticVocabularyTable(one, 0)
""",
        says="oov_buckets must be > 0.",
    ),
    fails(
        674,
        "index_table_from_file without a file",
        "tf.contrib.lookup.index_table_from_file(None)",
        says="vocabulary_file must be specified and must not be empty.",
    ),
    fails(
        676,
        "parse_single_example of garbage",
        """
one = {"a": tf.FixedLenFeature([], tf.float32)}
y = tf.parse_single_example(b"what is this", one)["a"]
with tf.Session() as s:
    s.run(y)
""",
        says="Could not parse example input, value: 'what is this'",
        names_line=True,
    ),
    fails(
        677,
        "parse_example without the key",
        """
one = {"a": tf.FixedLenFeature([], tf.float32)}
y = tf.parse_example([tf.train.Example().SerializeToString()], one)["a"]
with tf.Session() as s:
    s.run(y)
""",
        says="Name: <unknown>, Feature: a (data type: float) is required but could not be found.",
        names_line=True,
    ),
    fails(
        678,
        "parse_example of another type",
        """
e = tf.train.Example()
e.features.feature["a"].int64_list.value.append(1)
one = {"a": tf.FixedLenFeature([], tf.float32)}
y = tf.parse_example([e.SerializeToString()], one)["a"]
with tf.Session() as s:
    s.run(y)
""",
        says="Name: <unknown>, Key: a, Index: 0.  Data types don't match. Data type: int64 "
        "but expected type: float",
        names_line=True,
    ),
    fails(
        679,
        "parse_example of another number of values",
        """
e = tf.train.Example()
e.features.feature["a"].float_list.value.extend([1.0, 2.0])
one = {"a": tf.FixedLenFeature([3], tf.float32)}
y = tf.parse_example([e.SerializeToString()], one)["a"]
with tf.Session() as s:
    s.run(y)
""",
        says="Name: <unknown>, Key: a, Index: 0.  Number of float values != expected.  "
        "Values size: 2 but output shape: [3]",
        names_line=True,
    ),
    fails(
        680,
        "parse_example without features",
        'tf.parse_example([b""], {})',
        says="Missing: features was {}.",
    ),
    fails(
        681,
        "parse_example of an int32 feature",
        'tf.parse_example([b""], {"a": tf.FixedLenFeature([], tf.int32)})',
        says="Value passed to parameter 'dense_defaults' has DataType int32 not in list of "
        "allowed values: float32, int64, string",
        names_line=True,
    ),
    fails(
        682,
        "parse_example of a feature without a shape",
        'tf.parse_example([b""], {"a": tf.FixedLenFeature(None, tf.float32)})',
        says="Missing shape for feature a.",
    ),
    fails(
        683,
        "parse_example of something that is no feature",
        'tf.parse_example([b""], {"a": 3})',
        says="Invalid feature a:3.",
    ),
    fails(
        684,
        "parse_example of a scalar",
        'tf.parse_example(b"", {"a": tf.FixedLenFeature([], tf.float32)})',
        says="Shape must be rank 1 but is rank 0",
        names_line=True,
    ),
    fails(
        685,
        "parse_example with a default of another shape",
        """
one = {"a": tf.FixedLenFeature([2], tf.float32, default_value=[1.0, 2.0, 3.0])}
tf.parse_example([b""], one)
""",
        says="Cannot reshape a tensor with 3 elements to shape [2] (2 elements)",
        names_line=True,
    ),
    fails(
        686,
        "parse_example of a feature with an unknown size",
        'tf.parse_example([b""], {"a": tf.FixedLenFeature([None], tf.float32)})',
        says="First dimension of shape for feature a unknown. Consider using "
        "FixedLenSequenceFeature.",
    ),
    fails(
        687,
        "parse_single_example of a vector",
        'tf.parse_single_example([b"", b""], {"a": tf.FixedLenFeature([], tf.float32)})',
        says="Shape must be rank 0 but is rank 1",
        names_line=True,
    ),
    fails(
        689,
        "parse_example of a sequence feature that must be there",
        'tf.parse_example([b""], {"a": tf.FixedLenSequenceFeature([], tf.float32)})',
        says="Unsupported: FixedLenSequenceFeature requires allow_missing to be True.",
    ),
    fails(
        690,
        "parse_tensor of garbage",
        """
y = tf.parse_tensor(b"what is this", tf.float32)
with tf.Session() as s:
    s.run(y)
""",
        says="Could not parse `serialized` as TensorProto: 'what is this'",
        names_line=True,
    ),
    fails(
        691,
        "parse_tensor of another type",
        """
y = tf.parse_tensor(tf.serialize_tensor(tf.constant(1.0)), tf.int32)
with tf.Session() as s:
    s.run(y)
""",
        says="Type mismatch between parsed tensor (float) and dtype (int32)",
        names_line=True,
    ),
    fails(
        692,
        "read_file that is not there",
        """
y = tf.read_file(TMP + "/none")
with tf.Session() as s:
    s.run(y)
""",
        says="$TMP/none; No such file or directory",
        names_line=True,
    ),
    fails(
        693,
        "matching_files of a number",
        "tf.matching_files(3)",
        says="Expected string passed to parameter 'pattern' of op 'MatchingFiles', got 3 of "
        "type 'int' instead. Error: Expected string, got 3 of type 'int' instead.",
        names_line=True,
    ),
    fails(
        694,
        "decode_json_example of garbage",
        """
y = tf.decode_json_example("what is this")
with tf.Session() as s:
    s.run(y)
""",
        says="Error while parsing JSON:",
        names_line=True,
    ),
    fails(
        695,
        "decode_compressed of garbage",
        """
y = tf.io.decode_compressed(b"what is this", "GZIP")
with tf.Session() as s:
    s.run(y)
""",
        says="inflate() failed with error -3: incorrect header check",
        names_line=True,
    ),
    fails(
        696,
        "decode_compressed of an unknown kind",
        """
y = tf.io.decode_compressed(b"x", "RAR")
with tf.Session() as s:
    s.run(y)
""",
        says="Only ZLIB, GZIP or NONE are supported compressions",
        names_line=True,
    ),
    fails(
        697,
        "batch of other shapes",
        "tf.train.batch([tf.placeholder(tf.float32)], 2)",
        says='Cannot infer Tensor\'s rank: Tensor("Placeholder:0", dtype=float32)',
    ),
    fails(
        698,
        "shuffle_batch with too small a capacity",
        "tf.train.shuffle_batch([tf.constant(1.0)], 2, 2, 5)",
        says="capacity 2 must be bigger than min_after_dequeue 5.",
    ),
    fails(
        700,
        "queue with other numbers of dtypes and shapes",
        "tf.FIFOQueue(2, [tf.float32, tf.int32], [[]])",
        says="Queue shapes must have the same length as dtypes",
    ),
    fails(
        701,
        "queue enqueue of another shape",
        """
q = tf.FIFOQueue(2, tf.float32, [[2]])
q.enqueue([[1.0, 2.0, 3.0]])
""",
        says="Shapes (3,) and (2,) are incompatible",
    ),
    fails(
        703,
        "queue enqueue_many of other batches",
        """
q = tf.FIFOQueue(9, [tf.float32, tf.int32], [[], []])
q.enqueue_many([[1.0, 2.0], [1]])
""",
        says="Dimensions 2 and 1 are not compatible",
    ),
    fails(
        704,
        "queue dequeue_many without shapes",
        """
q = tf.FIFOQueue(2, tf.float32)
y = q.dequeue_many(2)
with tf.Session() as s:
    s.run(y)
""",
        says="FIFOQueue's DequeueMany and DequeueUpTo require the components to have "
        "specified shapes.",
        names_line=True,
    ),
    fails(
        705,
        "queue with names and an enqueue without",
        """
q = tf.FIFOQueue(2, tf.float32, names="a")
q.enqueue(1.0)
""",
        says="You must enqueue a dictionary in a Queue with names",
    ),
    fails(
        706,
        "padding queue without shapes",
        "tf.PaddingFIFOQueue(2, [tf.float32], None)",
        says="When providing partial shapes, a list of shapes must be provided.",
    ),
    fails(
        707,
        "queue of a negative number",
        """
q = tf.FIFOQueue(2, tf.float32, [[]])
y = q.dequeue_many(-1)
with tf.Session() as s:
    s.run(y)
""",
        says="Input 'n' must be >= 0, but is -1",
        names_line=True,
    ),
    fails(
        708,
        "random_shuffle_queue with a minimum above the capacity",
        """
q = tf.RandomShuffleQueue(2, 5, tf.float32)
y = q.size()
with tf.Session() as s:
    s.run(y)
""",
        says="min_after_dequeue 5 must be < capacity 2",
        names_line=True,
    ),
]
