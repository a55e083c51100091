"""Rows for Python functions as operations."""

import numpy as np
from _rows import bf, c, case, d, error, f, h, i, l, s, tf, u8

TOKENS = "functions are numbered through the whole process"
MIXED = "a function on arrays has no derivative"
PY, NUMPY, EAGER = tf.py_func, tf.numpy_function, tf.py_function


def returns(value, kind, function=PY, **kwargs):
    """A call of a function that returns a value whatever it is given."""
    return lambda: function(lambda: value, [], kind, **kwargs)


def raises(exception, function=PY):
    """A call of a function that raises."""

    def run(x):
        raise exception

    return lambda x: function(run, [x], tf.float32)


def rows(op_type, fn, *inputs, **kwargs):
    """A row whose nodes are not compared."""
    case(op_type, fn, *inputs, **dict({"nodes": TOKENS}, **kwargs))


for code in (f(2, 3), d(), h(3), bf(2), i(0, 3), l(2), u8(2), c(2), s(["a", "bc"]), s("abc")):
    rows("PyFunc", lambda x: PY(lambda a: a, [x], x.dtype), code, grad=MIXED)
rows("PyFunc", lambda x: PY(lambda a, b: (a + b, np.int32(a.size)), [x, 2.0],
     [tf.float32, tf.int32]), f(2, 3), grad=MIXED, id="two")  # fmt: skip
rows("PyFunc", lambda x: PY(lambda a: a * 2, [x], tf.float32, True, "doubled"), f(3), grad=MIXED,
     id="named")  # fmt: skip
rows("PyFunc", lambda x: PY(lambda a: [a], [x], [tf.float32]), f(3), grad=MIXED, id="list")
rows("PyFunc", lambda x: PY(lambda a: None, [x], []), f(3), grad=MIXED, id="nothing")
rows("PyFunc", lambda x: NUMPY(lambda a: np.sin(a), [x], tf.float32), f(3), grad=MIXED, id="numpy")
rows(
    "PyFuncStateless",
    lambda x: PY(lambda a: np.sin(a), [x], tf.float32, stateful=False),
    f(3),
    grad=MIXED,
)
rows("PyFuncStateless", lambda: PY(lambda: np.float32(3), [], tf.float32, stateful=False))
for number, (value, kind) in enumerate((
    (1.5, tf.float64), (3, tf.int64), (True, tf.bool), (1j, tf.complex128), ("a\u00e9", tf.string),
    (b"a\0b\0", tf.string), ([["a", "b\u00e9"]], [tf.string]), (np.array([b"a", b"bb"]), tf.string),
    (np.array(["a", "bb"]), tf.string), (np.array(["a", b"bb"], object), tf.string),
    ([[1.0, 2.0], [3, 4]], [tf.float64, tf.int64]), (np.arange(6).reshape(2, 3).T, tf.int64),
    (np.uint32(7), tf.uint32), (([1], [1, 2]), (tf.int64, tf.int64)),
    (np.zeros((0, 2)), tf.float64),
)):  # fmt: skip
    rows("PyFunc", returns(value, kind), id="value-%d" % number)

for number, (value, kind, says) in enumerate((
    (1.5, tf.float32, " is double, but expects float"),
    (1, tf.int32, " is int64, but expects int32"),
    (np.float32(1), tf.string, " is float, but expects string"),
    ("a", tf.int32, " is string, but expects int32"),
    ([1, 2], tf.int64, " returns 2 values, but expects to see 1 values."),
    (1, [tf.int64, tf.int64], " returns 1 values, but expects to see 2 values."),
    (None, tf.int64, " returns 0 values, but expects to see 1 values."),
    (["a", "b"], tf.string, " returns 2 values, but expects to see 1 values."),
    ((1, 2.0), (tf.int64, tf.float32), "1-th value returned by pyfunc_"),
)):  # fmt: skip
    error("PyFunc", returns(value, kind), at="run", says=says, id="wrong-%d" % number)
error("PyFunc", returns(np.array(["\u00e9"]), tf.string), at="run", id="wrong-text",
      says="UnicodeEncodeError: 'ascii' codec can't encode character")  # fmt: skip
for number, (value, says) in enumerate((
    ({"a": 1}, "Unsupported object type dict"),
    (np.array([None]), "Unsupported object type NoneType"),
    (object(), "Unsupported object type object"),
)):  # fmt: skip
    error("PyFunc", returns(value, tf.string), at="run", error="InternalError", says=says,
          id="object-%d" % number)  # fmt: skip
for number, (exception, kind) in enumerate((
    (ValueError("v"), "InvalidArgumentError"), (TypeError("t"), "InvalidArgumentError"),
    (StopIteration("s"), "OutOfRangeError"), (MemoryError("m"), "ResourceExhaustedError"),
    (NotImplementedError("n"), "UnimplementedError"), (KeyError("k"), "UnknownError"),
    (RuntimeError("r"), "UnknownError"), (ZeroDivisionError("z"), "UnknownError"),
    (AssertionError("a"), "UnknownError"), (OSError("o"), "UnknownError"),
    (tf.errors.OutOfRangeError(None, None, "end"), "UnknownError"),
)):  # fmt: skip
    says = "%s: %s" % (type(exception).__name__, exception)
    error(
        "PyFunc", raises(exception), f(), at="run", error=kind, says=says, id="raised-%d" % number
    )
    error("EagerPyFunc", raises(exception, EAGER), f(), at="run", error=kind, says=says,
          id="raised-eager-%d" % number)  # fmt: skip
error("PyFunc", lambda: PY(3, [1.0], tf.float32), id="not-callable",
      says="Expected func to be callable, got func of type <class 'int'>")  # fmt: skip
error("PyFunc", lambda x: PY(lambda a: a, x, tf.float32), f(2), error="TypeError", id="no-list",
      says="Expected list for 'input' argument to 'PyFunc' Op, not")  # fmt: skip

# --- py_function ---


def branch(x):
    """Uses the value of a tensor."""
    return x * x if float(x) > 0 else -x


def many(x, y):
    """Reads arrays, and returns what converts."""
    return x.numpy().sum(), tf.matmul(x, y), 3


LAST = "the gradient belongs to the last call"
rows("EagerPyFunc", lambda x: EAGER(lambda a: a * tf.sin(a), [x], tf.float32), f(3), numeric=LAST,
     id="eager")  # fmt: skip
rows(
    "EagerPyFunc",
    lambda x: EAGER(branch, [x], tf.float32),
    f(2.0),
    numeric=LAST,
    id="eager-positive",
)
rows("EagerPyFunc", lambda x: EAGER(branch, [x], tf.float32, "mine"), f(-2.0), numeric=LAST,
     id="eager-negative")  # fmt: skip
rows("EagerPyFunc", lambda x, y: EAGER(lambda a, b: [tf.reduce_sum(a * b), a], [x, y],
     [tf.float32, tf.float32]), f(2, 3), f(3), numeric=LAST, id="eager-two")  # fmt: skip
rows("EagerPyFunc", lambda x, y: EAGER(many, [x, y], [tf.float32, tf.float32, tf.int32])[0],
     f(2, 3), f(3, 2), grad="reads arrays", id="eager-many")  # fmt: skip
rows("EagerPyFunc", lambda x: EAGER(lambda a: a.numpy().decode() + "!", [x], tf.string), s("hey"),
     id="eager-text")  # fmt: skip
rows("EagerPyFunc", lambda x: EAGER(lambda a: None, [x], []), f(3), grad="returns nothing",
     id="eager-nothing")  # fmt: skip
rows("EagerPyFunc", lambda x: EAGER(lambda a: [float(v) for v in a], [x], [tf.float64] * 3), f(3),
     grad="reads numbers", id="eager-iterated")  # fmt: skip
rows("EagerPyFunc", lambda x: EAGER(lambda a: tf.executing_eagerly(), [x], tf.bool), f(3),
     id="eager-told")  # fmt: skip
rows("EagerPyFunc", lambda x: EAGER(lambda a: "%s %d %s" % (a, len(a), a.dtype.name), [x],
     tf.string), f([1.5, 2.0]), id="eager-shown")  # fmt: skip
error(
    "EagerPyFunc",
    lambda x: EAGER(lambda a: a, [x], tf.int32),
    f(),
    at="run",
    id="eager-wrong",
    says="ValueError: Tensor conversion requested dtype int32 for Tensor with dtype float32",
)
error("EagerPyFunc", lambda x: EAGER(lambda a: None, [x], tf.int32), f(), at="run", id="eager-none",
      says=" returns 0 values, but expects to see 1 values.")  # fmt: skip
error("EagerPyFunc", lambda x: EAGER(lambda a: [a], [x], [tf.float32] * 2), f(), at="run",
      id="eager-few", says=" returns 1 values, but expects to see 2 values.")  # fmt: skip
error("EagerPyFunc", lambda x: EAGER(lambda a: 3.5, [x], tf.int32), f(), at="run", id="eager-3.5",
      says="TypeError: ")  # fmt: skip
error("EagerPyFunc", lambda x: EAGER(lambda a: tf.matmul(a, a), [x], tf.float32), f(2, 3), at="run",
      error="UnknownError", id="eager-mistake", says="atrix size-incompatible")  # fmt: skip
