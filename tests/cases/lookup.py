"""Lookup tables: filled once from tensors and files, or changed while the graph runs."""

import os

import numpy as np
from _rows import case, error, i, l, s, tf

FOLDER = "/tmp/graphflow-rows"  # the same everywhere: the names are constants in recorded graphs
os.makedirs(FOLDER, exist_ok=True)
KV, STATIC = tf.lookup.KeyValueTensorInitializer, tf.lookup.StaticHashTable
CONTRIB = tf.contrib.lookup
WHOLE, NUMBER = -2, -1
RANDOM = "the table's shared name is random"


def file(name, contents):
    """Writes a file and returns its path."""
    path = os.path.join(FOLDER, name)
    with open(path, "wb") as out:
        out.write(contents)
    return path


WORDS = file("words", b"a\nb\nc\n")
COLUMNS = file("columns", b"a\t1\t1.5\nb\t2\t2.5\n")
TWICE = file("twice", b"a\nb\na\n")
RETURNS = file("returns", b"a\r\nb\r\nx")
BLANK = file("blank", b"a\nb\n\nx\n")
EMPTY = file("empty", b"")


def after(done, make):
    """What `make` declares, run after an operation."""
    with tf.control_dependencies([done]):
        return make()


def made(op_type, inputs, outputs, **attrs):
    """Adds an operation that no public function makes alone."""
    tensors = [tf.convert_to_tensor(x) for x in inputs]
    given = {key: tf.AttrValue(**value) for key, value in attrs.items()}
    return tf.get_default_graph().create_op(op_type, tensors, list(outputs), attrs=given)


# --- filled from tensors ---
def static(keys, values, default, x, contrib=True):
    """The values of x in a table."""
    filled = KV(keys, values)
    table = CONTRIB.HashTable(filled, default) if contrib else STATIC(filled, default)
    return after(table.initializer, lambda: [table.lookup(x), table.size()])


TYPES = (
    [
        ("s", ["a", "b"], ["a", "z", "b"], value, default)
        for value, default in (
            ([1.5, -2.5], 0.0),
            ([True, False], False),
            (["x", ""], "none"),
            ([1, 2], -1),
        )
    ]
    + [
        ("l", np.array([5, -7]), [5, 9, -7], value, default)
        for value, default in (([1.5, -2.5], 0.0), (["x", ""], "none"), ([1, 2], -1))
    ]
    + [("i", np.array([5, -7], "i4"), [5, 9, -7], [3, 4], -1)]
)
for n, (code, keys, wanted, values, default) in enumerate(TYPES):
    given = s(wanted) if code == "s" else l(wanted) if code == "l" else i(wanted)
    case(
        "LookupTableFindV2",
        lambda x, k=keys, v=values, d=default: static(k, v, d, x),
        given,
        id="static-%d" % n,
    )
case(
    "HashTableV2",
    lambda x: static(["a", "b"], np.array([1, 2]), np.int64(7), x, False),
    s([["a"], ["q"]]),
    nodes=RANDOM,
)
case("LookupTableFindV2", lambda x: static(["a"], [1], -1, x), s(0, 2), id="no-keys")
case("LookupTableFindV2", lambda x: static(["a"], [1], -1, x), s(value="a"), id="scalar-key")
case(
    "LookupTableFindV2",
    lambda x: static(["a"], [1], -1, tf.SparseTensor([[0, 1]], x, [1, 2])),
    s(["a"]),
    id="sparse-keys",
)
case(
    "LookupTableImportV2",
    lambda x, y, z: static(x, y, -1, z),
    s(["a", "b", "a"]),
    i([1, 2, 1]),
    s(["b", "a"]),
    id="keys-fed",
)


def exported(contrib):
    """What a table exports."""
    table = (CONTRIB.HashTable if contrib else STATIC)(KV(["a"], [7]), -1)
    return after(table.initializer, lambda: list(table.export()))


case("LookupTableExportV2", lambda: exported(True))
case("LookupTableExportV2", lambda: exported(False), nodes=RANDOM, id="export-static")
case("LookupTableSizeV2", lambda: STATIC(KV(["a"], [7]), -1).size(), nodes=RANDOM, id="not-filled")


def initialized(name="init_all_tables"):
    """Two tables filled by one operation."""
    tables = [CONTRIB.HashTable(KV(["a"], [n]), -1, name="t%d" % n) for n in (1, 2)]
    done = tf.tables_initializer(name)
    return after(done, lambda: [x.lookup(tf.constant(["a", "q"])) for x in tables])


case("LookupTableFindV2", initialized, id="all-tables")
case("LookupTableFindV2", lambda: initialized("mine"), id="all-tables-named")
case("NoOp", lambda: [tf.initialize_all_tables(), tf.tables_initializer()], id="no-tables")
table = lambda keys=("a",), values=(1,): CONTRIB.HashTable(KV(list(keys), list(values)), -1)
error(
    "LookupTableFindV2",
    lambda x: table().lookup(x),
    s(["a"]),
    at="run",
    error="FailedPreconditionError",
    says="Table not initialized.",
)
error(
    "LookupTableExportV2",
    lambda x: [*table().export(), x],
    i(),
    at="run",
    error="AbortedError",
    says="HashTable is not initialized.",
)
error(
    "LookupTableImportV2",
    lambda x: static(["a", "a"], [1, 2], -1, x),
    s(1),
    at="run",
    error="FailedPreconditionError",
    says="HashTable has different value for same key. Key a has 1 and trying to add value 2",
)
error(
    "LookupTableImportV2",
    lambda x: static(["a", "b"], [1, 2, 3], -1, x),
    s(1),
    says="Dimension 0 in both shapes must be equal, but are 2 and 3. Shapes are [2] and [3].",
)
error(
    "LookupTableImportV2",
    lambda x: static([["a"]], [[1]], -1, x),
    s(1),
    says="Shape must be rank 1 but is rank 2",
)
error(
    "LookupTableImportV2",
    lambda x, y: static(x, y, -1, x),
    s(["a", "b"]),
    i([1]),
    at="run",
    says="Expected shape [2] for value, got [1]",
)
error(
    "LookupTableFindV2",
    lambda x: table().lookup(x),
    i(1),
    error="TypeError",
    says="Signature mismatch. Keys must be dtype <dtype: 'string'>, got <dtype: 'int32'>.",
)
error(
    "HashTableV2",
    lambda x: CONTRIB.HashTable(KV([x], [1]), [1, 2]),
    i(),
    says="Shapes (2,) and () are not compatible",
)


# --- the operations themselves ---
def handle(name="t", key=None, value=None):
    """A table's handle."""
    kinds = {"key_dtype": key or tf.string, "value_dtype": value or tf.int64}
    attrs = {k: {"type": v.as_datatype_enum} for k, v in kinds.items()}
    return made(
        "HashTableV2", [], [tf.resource], shared_name={"s": name.encode()}, **attrs
    ).outputs[0]


def filled(op, x, *pairs):
    """The values of x in a table that was filled by these pairs, one after the other."""
    h = handle()
    done = []
    for keys, values in pairs:
        with tf.control_dependencies(done):
            kinds = {"Tkey": tf.string, "Tval": tf.int64}
            if op == "LookupTableImportV2":
                kinds = {"Tin": tf.string, "Tout": tf.int64}
            attrs = {k: {"type": v.as_datatype_enum} for k, v in kinds.items()}
            done = [made(op, [h, keys, values], [], **attrs)]
    with tf.control_dependencies(done):
        kinds = {"Tin": {"type": x.dtype.as_datatype_enum}, "Tout": {"type": 9}}
        return made("LookupTableFindV2", [h, x, np.int64(-1)], [tf.int64], **kinds).outputs[0]


def two(op, *also):
    """A function of the second pair, after the first."""
    return lambda x, k, v: filled(op, x, (["a", "b"], np.array([1, 2])), (k, v), *also)


for op in ("InitializeTableV2", "LookupTableImportV2"):
    case(op, two(op), s(["a", "q"]), s(["b", "q"]), l([5, 6]), id=op + "-twice")
    error(
        op,
        two(op),
        s(["a"]),
        s(["q"]),
        l([5]),
        at="run",
        error="FailedPreconditionError",
        says="Table was already initialized with different data.",
        id=op + "-other-size",
    )
INIT = lambda k, v: filled("InitializeTableV2", tf.constant(["a"]), (k, v))
error(
    "InitializeTableV2",
    INIT,
    s(["a", "b"]),
    l([1]),
    at="run",
    says="Keys and values must have the same size 2 vs 1",
)
error(
    "InitializeTableV2",
    INIT,
    s([["a"]]),
    l([[1]]),
    at="run",
    says="Keys must be a vector, but received shape[1,1]",
)
error("InitializeTableV2", INIT, s([["a"]]), l([[1]]), says="Shape must be rank 1 but is rank 2")


def raw(op, inputs, outputs=(), **types):
    """A call on a static table with other types than its own."""
    attrs = {k: {"type": v.as_datatype_enum} for k, v in types.items()}
    return made(op, [handle(), *inputs], list(outputs), **attrs)


error(
    "LookupTableFindV2",
    lambda x: raw(
        "LookupTableFindV2", [x, np.int64(1)], [tf.int64], Tin=tf.int32, Tout=tf.int64
    ).outputs[0],
    i([1]),
    at="run",
    says="Signature mismatch, have: resource, int32, int64->int64 "
    "expected: resource, string, int64->int64",
    id="find-types",
)
error(
    "InitializeTableV2",
    lambda x: raw("InitializeTableV2", [x, x], Tkey=tf.int32, Tval=tf.int32),
    i([1]),
    at="run",
    says="Signature mismatch, have: resource, int32, int32-> expected: resource, string, int64->",
    id="fill-types",
)
for op, says in (("LookupTableInsertV2", "Insert"), ("LookupTableRemoveV2", "Remove")):
    types = {"Tin": tf.string}
    if says == "Insert":
        types["Tout"] = tf.int64
    error(
        op,
        lambda x, y, o=op, k=types: raw(o, [x, y][: len(k)], **k),
        s(["a"]),
        l([1]),
        at="run",
        error="UnimplementedError",
        id=op,
        says=says + " not supported by InitializableLookupTable implementations",
    )
error(
    "HashTableV2",
    lambda x: [
        filled("InitializeTableV2", x, (x, np.array([1]))),
        made("LookupTableSizeV2", [handle("t", tf.int64)], [tf.int64]).outputs[0],
    ],
    s(["a"]),
    at="run",
    id="conflict",
    says="Conflicting key/value dtypes int64->int64 with string-int64 for table t",
    golden="which of the two TensorFlow makes first is chance",
)
error(
    "LookupTableFindV2",
    lambda x: raw(
        "LookupTableFindV2", [tf.constant(["a"]), x], [tf.int64], Tin=tf.string, Tout=tf.int64
    ).outputs[0],
    l([[1]]),
    says="Shape must be at most rank 1 but is rank 2",
    id="find-default",
)


# --- filled from files ---
def from_file(path, key, key_index, value, value_index, default, **options):
    """A function of keys that looks them up in a table from a file."""

    def look(x):
        init = tf.lookup.TextFileInitializer(path, key, key_index, value, value_index, **options)
        found = STATIC(init, default)
        return after(found.initializer, lambda: [found.lookup(x), found.size()])

    return look


LINES = (tf.string, WHOLE, tf.int64, NUMBER, -1)
FILE = "InitializeTableFromTextFileV2"
case(FILE, from_file(WORDS, *LINES), s(["a", "c", "z"]), id="lines")
case(FILE, from_file(WORDS, *LINES, vocab_size=2, name="v"), s(["a", "c"]), id="lines-2")
case(FILE, from_file(WORDS, tf.int64, NUMBER, tf.string, WHOLE, "UNK"), l([0, 2, 9]), id="numbers")
case(FILE, from_file(WORDS, tf.int64, NUMBER, tf.int64, NUMBER, -1), l([1, 7]), id="only-numbers")
case(FILE, from_file(TWICE, tf.int64, NUMBER, tf.string, WHOLE, ""), l([0, 2]), id="same-values")
case(FILE, from_file(RETURNS, *LINES), s(["a", "b", "x", "a\r"]), id="carriage-returns")
case(FILE, from_file(COLUMNS, tf.string, 0, tf.int64, 1, -1), s(["a", "b"]), id="columns")
case(FILE, from_file(COLUMNS, tf.string, 0, tf.float32, 2, 0.0), s(["a", "b"]), id="floats")
case(FILE, from_file(COLUMNS, tf.int64, 1, tf.string, 0, ""), l([1, 2]), id="columns-back")
case(
    FILE,
    from_file(COLUMNS, tf.string, WHOLE, tf.int64, NUMBER, -1, delimiter=" "),
    s(["a\t1\t1.5"]),
    id="whole-lines",
)
for what, call, kind, says in (
    (
        "column",
        from_file(COLUMNS, tf.string, 0, tf.int64, 7, -1),
        None,
        "Invalid number of columns in %s line 0 (a\t1\t1.5) : expected 7 got 3" % COLUMNS,
    ),
    (
        "number",
        from_file(COLUMNS, tf.string, 1, tf.int64, 0, -1),
        None,
        "Field a in line 0 is not a valid int64.",
    ),
    (
        "missing",
        from_file(FOLDER + "/nowhere", *LINES),
        "NotFoundError",
        FOLDER + "/nowhere; No such file or directory",
    ),
    (
        "vocab",
        from_file(WORDS, *LINES, vocab_size=5),
        None,
        "Invalid vocab_size in %s: expected 5 but got 3" % WORDS,
    ),
    (
        "twice",
        from_file(TWICE, *LINES),
        "FailedPreconditionError",
        "HashTable has different value for same key. Key a has 0 and trying to add value 2",
    ),
    (
        "blank",
        from_file(BLANK, *LINES),
        None,
        "Invalid content in %s: empty line found at position 5." % BLANK,
    ),
    ("empty", from_file(EMPTY, *LINES), "OutOfRangeError", "Read less bytes than requested"),
    (
        "delimiter",
        from_file(COLUMNS, tf.string, 0, tf.int64, 1, -1, delimiter="::"),
        None,
        "delimiter should be only 1 char",
    ),
):
    error(
        FILE,
        call,
        s(["a"]),
        at="run",
        says=says,
        id="file-" + what,
        error=kind or "InvalidArgumentError",
    )
for what, changes, says in (
    ("key", {"key_index": -3}, "Invalid key index -3."),
    ("value", {"value_index": -3}, "Invalid value index -3."),
    ("line", {"key_index": NUMBER}, "Signature mismatch. Keys must be dtype <dtype: 'int64'>, got"),
    ("whole", {"value_index": WHOLE}, "Signature mismatch. Values must be dtype <dtype: 'string'>"),
    ("float", {"key_dtype": tf.float32}, "Keys must be integer or string, got <dtype: 'float32'>."),
    ("vocab", {"vocab_size": 0}, "Invalid vocab_size 0."),
    ("name", {"filename": ""}, "Filename required for None."),
):
    given = dict(  # noqa: C408 (its keys are arguments)
        filename=WORDS,
        key_dtype=tf.string,
        key_index=WHOLE,
        value_dtype=tf.int64,
        value_index=NUMBER,
    )
    given.update(changes)
    error(
        FILE,
        lambda x, g=given: tf.lookup.TextFileInitializer(**g) and x,
        i(),
        says=says,
        id="file-argument-" + what,
    )


# --- vocabularies ---
def indexed(make):
    """A function of keys that looks them up in a table."""

    def look(x):
        table = make()
        return after(tf.tables_initializer(), lambda: [table.lookup(x), table.size()])

    return look


SOME = s(["a", "z", "b", "", "q"])
for n, make in enumerate(
    (
        lambda: CONTRIB.index_table_from_tensor(["a", "b"]),
        lambda: CONTRIB.index_table_from_tensor(["a", "b"], num_oov_buckets=3),
        lambda: CONTRIB.index_table_from_tensor(
            ["a", "b"], 2, hasher_spec=CONTRIB.StrongHashSpec([5, 7])
        ),
        lambda: CONTRIB.index_table_from_tensor(["a", "b"], 0, 99, name="scope"),
        lambda: CONTRIB.index_table_from_tensor(
            ["a", "b"], 4, hasher_spec=CONTRIB.HasherSpec("legacy", None)
        ),
        lambda: CONTRIB.string_to_index_table_from_tensor(["a", "b"], 1, name="scope"),
        lambda: CONTRIB.IdTableWithHashBuckets(None, 5),
        lambda: tf.lookup.StaticVocabularyTable(KV(["a", "b"], np.array([0, 1])), 3),
        lambda: tf.lookup.StaticVocabularyTable(None, 3, name="scope/mine"),
    )
):
    case(
        "StringToHashBucketFast"
        if n in (1, 5, 6, 7, 8)
        else "NoOp"
        if n == 6
        else "LookupTableFindV2",
        indexed(make),
        SOME,
        nodes=RANDOM,
        id="index-%d" % n,
    )
for n, make in enumerate(
    (
        lambda: CONTRIB.index_table_from_file(WORDS),
        lambda: CONTRIB.index_table_from_file(WORDS, 3, vocab_size=2, name="scope"),
        lambda: CONTRIB.string_to_index_table_from_file(WORDS, 0, None, 77),
        lambda: CONTRIB.index_table_from_file(COLUMNS, key_column_index=0, value_column_index=1),
        lambda: tf.lookup.StaticVocabularyTable(
            tf.lookup.TextFileInitializer(WORDS, tf.string, WHOLE, tf.int64, NUMBER), 2
        ),
    )
):
    case(FILE, indexed(make), SOME, id="index-file-%d" % n)
case(
    "LookupTableFindV2",
    indexed(lambda: CONTRIB.index_table_from_tensor(np.array([10, 20], "i4"), 3, dtype=tf.int32)),
    i([10, 5, 20]),
    nodes=RANDOM,
    id="index-int32",
)
case(
    FILE,
    indexed(lambda: CONTRIB.index_to_string_table_from_file(WORDS, default_value="none")),
    l([0, 7, 2]),
    id="words-file",
)
case(
    "LookupTableFindV2",
    indexed(lambda: CONTRIB.index_to_string_table_from_tensor(["a", "b"])),
    l([1, 7, 0]),
    nodes=RANDOM,
    id="words",
)
case(
    "LookupTableFindV2",
    lambda x: (
        after(tf.no_op(), lambda: CONTRIB.index_to_string(x, ["a"])).op and tf.tables_initializer()
    ),
    l([0]),
    nodes=RANDOM,
    id="old-words",
)
case(
    "LookupTableFindV2",
    lambda x: CONTRIB.string_to_index(x, ["a"]).op and tf.tables_initializer(),
    s(["a"]),
    nodes=RANDOM,
    id="old-index",
)
for what, call, kind, says in (
    ("list", lambda: CONTRIB.index_table_from_tensor(None), "ValueError", "mapping must be"),
    (
        "buckets",
        lambda: CONTRIB.index_table_from_tensor(["a"], -1),
        "ValueError",
        "num_oov_buckets must be greater or equal than 0, got -1.",
    ),
    (
        "type",
        lambda: CONTRIB.index_table_from_tensor([1.5]),
        "ValueError",
        "Expected <dtype: 'string'>, got <dtype: 'float32'>.",
    ),
    (
        "integers",
        lambda: CONTRIB.index_table_from_tensor([1]),
        "ValueError",
        "Expected non-integer",
    ),
    (
        "dtype",
        lambda: CONTRIB.index_table_from_tensor([1.5], dtype=tf.float32),
        "TypeError",
        "Only integer and string keys are supported.",
    ),
    (
        "file",
        lambda: CONTRIB.index_table_from_file(""),
        "ValueError",
        "vocabulary_file must be specified and must not be empty.",
    ),
    (
        "vocab",
        lambda: CONTRIB.index_table_from_file(WORDS, vocab_size=0),
        "ValueError",
        "vocab_size must be greater than 0, got 0. vocabulary_file: " + WORDS,
    ),
    (
        "none",
        lambda: CONTRIB.IdTableWithHashBuckets(None, 0),
        "ValueError",
        "oov_buckets must be > 0 if no table is supplied.",
    ),
    (
        "static",
        lambda: tf.lookup.StaticVocabularyTable(None, 0),
        "ValueError",
        "oov_buckets must be > 0.",
    ),
    (
        "values",
        lambda: tf.lookup.StaticVocabularyTable(KV(["a"], [1.5]), 1),
        "TypeError",
        "Invalid value dtype, expected <dtype: 'int64'> but got <dtype: 'float32'>.",
    ),
    ("spec", lambda: CONTRIB.StrongHashSpec([1]), "ValueError", "key must have size 2, got 1."),
    (
        "hasher",
        lambda: CONTRIB.IdTableWithHashBuckets(None, 1, "fast"),
        "TypeError",
        "hasher_spec must be of type HasherSpec, got fast",
    ),
):
    error(
        "HashTableV2", lambda x, k=call: k() and x, i(), says=says, error=kind, id="index-" + what
    )


# --- the older forms, with references ---
def old(op_type, inputs=(), outputs=(), **types):
    """Adds an operation of the older form."""
    attrs = {k: tf.AttrValue(type=v.as_datatype_enum) for k, v in types.items()}
    return tf.get_default_graph().create_op(op_type, list(inputs), list(outputs), attrs=attrs)


REFERENCE = getattr(tf.string, "_as_ref", None)
ALONE = "made without TensorFlow's functions, which note the table's place on what uses it"
KINDS = {"key_dtype": tf.string, "value_dtype": tf.int64}
INOUT = {"Tin": tf.string, "Tout": tf.int64}


def old_static(x, k, v):
    """A static table of the older form."""
    h = old("HashTable", [], [REFERENCE], **KINDS).outputs[0]
    done = old("InitializeTable", [h, k, v], Tkey=tf.string, Tval=tf.int64)
    return after(
        done,
        lambda: [
            old("LookupTableFind", [h, x, tf.constant(-1, tf.int64)], [tf.int64], **INOUT).outputs[
                0
            ],
            old("LookupTableSize", [h], [tf.int64]).outputs[0],
        ],
    )


def old_file(x):
    """A table of the older form, from a file."""
    h = old("HashTable", [], [REFERENCE], **KINDS).outputs[0]
    attrs = {"key_index": tf.AttrValue(i=WHOLE), "value_index": tf.AttrValue(i=NUMBER)}
    done = tf.get_default_graph().create_op(
        "InitializeTableFromTextFile", [h, tf.constant(WORDS)], [], attrs=attrs
    )
    default = tf.constant(-1, tf.int64)
    return after(
        done, lambda: old("LookupTableFind", [h, x, default], [tf.int64], **INOUT).outputs[0]
    )


def old_mutable(op_type, x, k, v, **attrs):
    """A changing table of the older form."""
    inputs = [tf.constant("")] if op_type == "MutableDenseHashTable" else []
    given = {key: tf.AttrValue(type=value.as_datatype_enum) for key, value in KINDS.items()}
    given.update({key: tf.AttrValue(**value) for key, value in attrs.items()})
    h = tf.get_default_graph().create_op(op_type, inputs, [REFERENCE], attrs=given).outputs[0]
    done = old("LookupTableInsert", [h, k, v], **INOUT)
    default = tf.fill(tf.shape(v)[1:], tf.constant(-1, tf.int64))
    found = after(done, lambda: old("LookupTableFind", [h, x, default], [tf.int64], **INOUT))
    kinds = {"Tkeys": tf.string, "Tvalues": tf.int64}
    exported = after(found, lambda: old("LookupTableExport", [h], [tf.string, tf.int64], **kinds))
    done = after(exported, lambda: old("LookupTableImport", [h, *exported.outputs], **INOUT))
    size = after(done, lambda: old("LookupTableSize", [h], [tf.int64]).outputs[0])
    return [found.outputs[0], size]


case("HashTable", old_static, s(["a", "q"]), s(["a", "b"]), l([1, 2]), nodes=ALONE)
case("InitializeTableFromTextFile", old_file, s(["a", "q"]), nodes=ALONE)
case(
    "MutableHashTable",
    lambda x, k, v: old_mutable("MutableHashTable", x, k, v),
    s(["a", "q"]),
    s(["a", "b"]),
    l([1, 2]),
    nodes=ALONE,
)
SHAPE = {"shape": tf.TensorShape([2]).as_proto()}
case(
    "MutableHashTableOfTensors",
    lambda x, k, v: old_mutable("MutableHashTableOfTensors", x, k, v, value_shape=SHAPE),
    s(["a", "q"]),
    s(["a", "b"]),
    l([[1, 2], [3, 4]]),
    nodes=ALONE,
)
case(
    "MutableDenseHashTable",
    lambda x, k, v: old_mutable("MutableDenseHashTable", x, k, v),
    s(["a", "q"]),
    s(["a", "b"]),
    l([1, 2]),
    golden="TensorFlow asks its older form for an input that only the newer one has",
)
