"""Lookup tables that change while the graph runs."""

import os

import numpy as np
from _rows import b, case, d, error, f, i, l, s, tf

FOLDER = "/tmp/graphflow-rows"  # the same everywhere: the names are constants in recorded graphs
os.makedirs(FOLDER, exist_ok=True)
CONTRIB = tf.contrib.lookup


def after(done, make):
    """What `make` declares, run after an operation."""
    with tf.control_dependencies([done]):
        return make()


def made(op_type, inputs, outputs, **attrs):
    """Adds an operation that no public function makes alone."""
    tensors = [tf.convert_to_tensor(x) for x in inputs]
    given = {key: tf.AttrValue(**value) for key, value in attrs.items()}
    return tf.get_default_graph().create_op(op_type, tensors, list(outputs), attrs=given)


# --- changed in the run ---
def changing(kind, x, keys, values, default, *more, **options):
    """What a table holds after insertions: (values of x, size)."""
    table = kind(default, **options)
    done = after(tf.no_op(), lambda: table.insert(keys, values))
    for step in more:
        done = after(done, lambda k=step: k(table))
    return after(done, lambda: [table.lookup(x), table.size()])


def hashed(key, value):
    """A maker of MutableHashTables."""
    return lambda default, **options: CONTRIB.MutableHashTable(key, value, default, **options)


def dense(key, value, empty, deleted, buckets=4):
    """A maker of DenseHashTables."""
    return lambda default, **options: tf.lookup.experimental.DenseHashTable(
        key, value, default, empty, deleted, buckets, **options
    )


case(
    "MutableHashTableV2",
    lambda x, k, v: changing(hashed(tf.string, tf.int64), x, k, v, -1),
    s([["a", "z"]]),
    s(["a", "b", "a"]),
    l([1, 2, 5]),
)
case(
    "MutableHashTableV2",
    lambda x, k, v: changing(
        hashed(tf.string, tf.int64), x, k, v, -1, name="mine", checkpoint=False
    ),
    s(["a"]),
    s(value="a"),
    l(value=3),
    id="one-key",
)
for value, given, default in (
    (tf.float32, f(2), 0.5),
    (tf.float64, d(2), 0.5),
    (tf.bool, b(2), True),
):
    case(
        "MutableHashTableV2",
        lambda x, k, v, y=value, z=default: changing(hashed(tf.string, y), x, k, v, z),
        s(["a", "q"]),
        s(["a", "b"]),
        given,
        id="mutable-" + value.name,
        grad="no gradient",
    )
case(
    "MutableHashTableV2",
    lambda x, k, v: changing(hashed(tf.int64, tf.string), x, k, v, "none"),
    l([3, 4]),
    l([4, 5]),
    s(["x", "y"]),
    id="mutable-string",
)
case(
    "LookupTableRemoveV2",
    lambda x, k, v, r: changing(
        hashed(tf.string, tf.int64), x, k, v, -1, lambda table: table.remove(r)
    ),
    s(["a", "b", "c"]),
    s(["a", "b", "c"]),
    l([1, 2, 3]),
    s(["b", "q"]),
)
case(
    "LookupTableInsertV2",
    lambda x, k, v, r: changing(
        hashed(tf.string, tf.int64),
        x,
        k,
        v,
        -1,
        lambda table: table.remove(r),
        lambda table: table.insert(r, np.arange(3)),
    ),
    s(["a", "b", "c"]),
    s(["a", "b", "c"]),
    l([1, 2, 3]),
    s(["b", "q", "r"]),
)
case(
    "MutableHashTableOfTensorsV2",
    lambda x, k, v: changing(hashed(tf.string, tf.float32), x, k, v, [-1.0, -2.0]),
    s([["a"], ["z"]]),
    s(["a", "b"]),
    f([[1, 2], [3, 4]]),
    grad="no gradient",
)
error(
    "LookupTableInsertV2",
    lambda x, k, v: changing(hashed(tf.string, tf.int64), x, k, v, -1),
    s(1),
    s(["a", "b"]),
    l([1]),
    at="run",
    says="Expected shape [2] for value, got [1]",
)
error(
    "LookupTableInsertV2",
    lambda x, k, v: changing(hashed(tf.string, tf.int64), x, k, v, [1, 2]),
    s(1),
    s(["a", "b"]),
    l([1, 2]),
    at="run",
    says="Expected shape [2,2] for value, got [2]",
)
error(
    "MutableHashTableOfTensorsV2",
    lambda x: hashed(tf.string, tf.int64)([[1, 2]]).size() + x,
    l(),
    at="run",
    says="Default value must be a vector, got shape [1,2]",
)
error(
    "LookupTableFindV2",
    lambda x: hashed(tf.string, tf.int64)(-1).lookup(x),
    i(1),
    says="Tensor conversion requested dtype string for Tensor with dtype int32",
)
error(
    "LookupTableRemoveV2",
    lambda x: hashed(tf.string, tf.int64)(-1).remove(x),
    i(1),
    error="TypeError",
    says="Signature mismatch. Keys must be dtype <dtype: 'string'>, got",
)


def everything(kind, k, v, *more):
    """All that a table holds after insertions."""
    table = kind(-1) if not isinstance(kind, tuple) else kind[0](kind[1])
    done = table.insert(k, v)
    for step in more:
        done = after(done, lambda x=step: x(table))
    return after(done, lambda: [table.size(), *table.export()])


case(
    "LookupTableExportV2",
    lambda k, v: everything(hashed(tf.string, tf.int64), k, v),
    s(["a"]),
    l([3]),
    id="export-mutable",
)
NUMBERED = dense(tf.int64, tf.int64, 0, -9)
BUCKETS = "TensorFlow's static shape of buckets lacks an axis"
UP = lambda *keys: lambda table: table.insert(np.array(keys), np.arange(len(keys)) + 100)
GONE = lambda *keys: lambda table: table.remove(tf.constant(keys, tf.int64))
for n, more in enumerate(
    (
        (),
        (UP(13),),
        (UP(13), GONE(5)),
        (UP(13), GONE(5), UP(21, 5)),
        (UP(*range(100, 110)),),
        (GONE(3, 5, 11, 77), UP(3, 19, 35)),
    )
):
    case(
        "MutableDenseHashTableV2",
        lambda k, v, m=more: everything(NUMBERED, k, v, *m),
        l([3, 5, 11]),
        l([30, 50, 110]),
        static=BUCKETS,
        id="dense-%d" % n,
    )
case(
    "MutableDenseHashTableV2",
    lambda x, k, v: changing(NUMBERED, x, k, v, -1),
    l([[3], [8]]),
    l([3, 4]),
    l([1, 2]),
    id="dense-lookup",
)
case(
    "MutableDenseHashTableV2",
    lambda k, v: everything((dense(tf.string, tf.float32, "", "$", 8), [-1.0, -2.0]), k, v),
    s(["a", "b", "hello", "x"]),
    f(4, 2),
    static=BUCKETS,
    id="dense-strings",
    grad="no gradient",
)
VECTORS = dense(tf.int64, tf.int64, [0, 0], [-1, -1])
case(
    "MutableDenseHashTableV2",
    lambda k, v: everything(
        VECTORS,
        k,
        v,
        lambda table: table.insert([[5, 6], [7, 8], [9, 10]], [7, 8, 9]),
        lambda table: table.remove(tf.constant([[3, 4]], tf.int64)),
    ),
    l([[1, 2], [3, 4]]),
    l([7, 8]),
    static=BUCKETS,
    id="dense-vectors",
)
case(
    "MutableDenseHashTableV2",
    lambda x, k, v: changing(VECTORS, x, k, v, -1),
    l([[1, 2], [9, 9]]),
    l([[1, 2], [3, 4]]),
    l([7, 8]),
    id="dense-vectors-lookup",
)


def restored(k, v):
    """A table that takes over the buckets of another one."""
    first, second = NUMBERED(-1), dense(tf.int64, tf.int64, 0, -9, 16)(-1)
    done = after(first.insert(k, v), lambda: GONE(5)(first))
    keys, values = after(done, first.export)
    kinds = {"Tin": {"type": 9}, "Tout": {"type": 9}}
    done = made("LookupTableImportV2", [second.resource_handle, keys, values], [], **kinds)
    return after(done, lambda: [second.size(), *second.export()])


case(
    "LookupTableImportV2",
    restored,
    l([3, 5, 11]),
    l([30, 50, 110]),
    static=BUCKETS,
    id="dense-import",
)
for mark, name in ((0, "empty_key"), (-9, "deleted_key")):
    says = "Using the %s as a table key is not allowed" % name
    error(
        "LookupTableFindV2",
        lambda x: NUMBERED(-1).lookup(x),
        l([mark]),
        at="run",
        says=says,
        id="dense-find-" + name,
    )
    error(
        "LookupTableInsertV2",
        lambda x: NUMBERED(-1).insert(x, x),
        l([1, mark]),
        at="run",
        says=says,
        id="dense-insert-" + name,
    )
    error(
        "LookupTableRemoveV2",
        lambda x: NUMBERED(-1).remove(x),
        l([mark]),
        at="run",
        says=says,
        id="dense-remove-" + name,
    )
error(
    "LookupTableFindV2",
    lambda x: NUMBERED(-1).lookup(x),
    l([[1, 2]]),
    at="run",
    says="Expected key shape [1] got [1,2]",
)
error(
    "MutableDenseHashTableV2",
    lambda x: dense(tf.int64, tf.int64, 0, 0)(-1).size() + x,
    l(),
    at="run",
    says="Empty and deleted keys cannot be equal",
)
error(
    "MutableDenseHashTableV2",
    lambda x: dense(tf.int64, tf.int64, 0, -1, 3)(-1).size() + x,
    l(),
    at="run",
    says="Number of buckets must be at least 4 and a power of 2, got: 3",
)
