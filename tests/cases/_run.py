"""Builds and runs a row on the library that GRAPHFLOW_ROWS_TF names, and says what came of it.

In: a row of `_rows`. Out: a graph with its feeds and outputs, arrays, and facts about shapes and
nodes in the form in which tests/golden/ops holds them. Runs on Python 3.7 as well.
"""

from __future__ import annotations

import base64
import builtins
import hashlib

import numpy as np
from _rows import COMPLEX_CODES, FLOAT_CODES, tf

KNOWN = ("sizes", "ranks", "nothing")
"""What a placeholder's static shape may tell, from all to none."""
_WIDE = {"f": "d", "h": "d", "bf": "d", "d": "d", "c": "z", "z": "z"}


class Built:
    """A row's call in a graph of its own."""

    def __init__(self, row, known="sizes", wide=False):
        """Declares placeholders and makes the call.

        Args:
            row: the row.
            known: one of KNOWN.
            wide: True for float64 and complex128 in place of the smaller ones.
        """
        self.row = row
        self.graph = tf.Graph()
        inputs = [x.of(code=_WIDE.get(x.code, x.code)) if wide else x for x in row.inputs]
        self.arrays = [x.value for x in inputs]
        with self.graph.as_default():
            if row.seed is not None:
                tf.set_random_seed(row.seed)
            self.placeholders = [
                tf.placeholder(_dtype(x.code), _shape(a, known), name="in%d" % n)
                for n, (x, a) in enumerate(_pairs(inputs, self.arrays))
            ]
            before = len(self.graph.get_operations())
            self.result = row.call(self.placeholders)
            self.operations = self.graph.get_operations()[before:]
            self.tensors, self.actions = [], []
            self._sort(self.result)
            self.initializer = self._initializer()
        self.movable = [
            n for n, x in enumerate(inputs) if x.code in FLOAT_CODES + COMPLEX_CODES
        ]  # fmt: skip

    def _sort(self, result):
        if result is None:
            return
        if isinstance(result, dict):
            result = [result[k] for k in sorted(result)]
        if isinstance(result, (list, tuple)):
            for part in result:
                self._sort(part)
        elif hasattr(result, "dense_shape"):
            self._sort([result.indices, result.values, result.dense_shape])
        elif isinstance(result, tf.Operation):
            self.actions.append(result)
        else:
            self.tensors.append(tf.convert_to_tensor(result))  # a variable: its value

    def _initializer(self):
        variables = {v.name: v for v in tf.global_variables() + tf.local_variables()}
        if not variables:
            return None
        return tf.group(*[v.initializer for v in variables.values()], name="initialize_all")

    def feeds(self, arrays=None):
        """The feed_dict of these arrays, or of the row's."""
        return dict(_pairs(self.placeholders, self.arrays if arrays is None else arrays))

    def session(self, **options):
        """A session in which the variables have their first values."""
        session = tf.Session(graph=self.graph, **options)
        if self.initializer is not None:
            session.run(self.initializer, self.feeds())
        return session

    def run(self, session, arrays=None, extra=None):
        """Runs the call; returns the arrays of its tensors, or of the tensors in `extra`."""
        tensors = self.tensors if extra is None else extra
        found = session.run([list(tensors), self.actions], self.feeds(arrays))
        return [array(x) for x in found[0]]

    def gradients(self, outputs):
        """Gradients (or None) of the weighted sum of the outputs, for each movable input.

        Args:
            outputs: the arrays that the tensors have: the weights get their shapes.
        """
        if not self.movable:
            return []
        with self.graph.as_default():
            chosen = [n for n, t in enumerate(self.tensors) if is_movable(t.dtype)]
            if not chosen:
                return [None for _ in self.movable]
            found = tf.gradients(
                [self.tensors[n] for n in chosen],
                [self.placeholders[n] for n in self.movable],
                grad_ys=[weights(n, outputs[n]) for n in chosen],
            )
            return [None if g is None else tf.convert_to_tensor(g) for g in found]


def _pairs(first, second):
    return [(x, second[n]) for n, x in enumerate(first)]


def _dtype(code):
    names = {"s": "string", "b": "bool", "f": "float32", "d": "float64", "h": "float16"}
    names.update({"bf": "bfloat16", "c": "complex64", "z": "complex128", "i": "int32"})
    names.update({"l": "int64"})
    named = names.get(code) or code.replace("i", "int").replace("u", "uint")
    return getattr(tf, named)


def _shape(value, known):
    if known == "nothing":
        return None
    return list(value.shape) if known == "sizes" else [None] * value.ndim


def is_movable(dtype):
    """True for the dtypes that have gradients."""
    return dtype.base_dtype.is_floating or dtype.base_dtype.is_complex


def array(value):
    """What a run returned, as an array; bytes stay objects."""
    return np.array(value, object) if isinstance(value, (bytes, str)) else np.asarray(value)


def weights(n, like):
    """Fixed random weights for output n, in the shape and dtype of `like`."""
    draw = np.random.RandomState(1000 + n)
    found = draw.uniform(-1, 1, like.shape)
    if like.dtype.kind == "c":
        found = found + 1j * draw.uniform(-1, 1, like.shape)
    return np.asarray(found).astype(like.dtype)


# --- facts, as the recordings hold them ---


def encode(value):
    """An array as JSON: its dtype, shape and bytes."""
    if value.dtype == object:
        data = [x.decode("latin1") if isinstance(x, bytes) else x for x in value.flat]
        return {"dtype": "string", "shape": list(value.shape), "data": data}
    text = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
    return {"dtype": value.dtype.name, "shape": list(value.shape), "data": text}


def decode(fact, bfloat16):
    """The array that `encode` wrote, given the NumPy dtype of bfloat16."""
    if fact["dtype"] == "string":
        values = [x.encode("latin1") for x in fact["data"]]
        return np.array([*values, None], object)[:-1].reshape(fact["shape"])
    dtype = bfloat16 if fact["dtype"] == "bfloat16" else np.dtype(fact["dtype"])
    return np.frombuffer(base64.b64decode(fact["data"]), dtype).reshape(fact["shape"])


def fingerprint(arrays):
    """A short hash of arrays: says whether a recording belongs to these inputs."""
    return hashlib.sha1(repr([encode(a) for a in arrays]).encode()).hexdigest()[:10]


def static(tensor):
    """A tensor's static shape: a list with None for unknown sizes, or None."""
    shape = tensor.get_shape()
    return None if shape.ndims is None else shape.as_list()


def node_line(operation):
    """An operation as one line: name, type, inputs and attributes."""
    node = operation.node_def
    attrs = ["%s=%s" % (k, _attr(node.attr[k])) for k in sorted(node.attr)]
    return " ".join([node.name, "=", node.op, "(" + ", ".join(node.input) + ")", *attrs])


def _attr(value):
    kind = value.WhichOneof("value")
    if kind == "s":
        return repr(value.s.decode("latin1"))
    if kind == "f":
        return repr(float(np.float32(value.f)))
    if kind == "shape":
        return _shape_text(value.shape)
    if kind == "tensor":
        found = tf.make_ndarray(value.tensor)
        return "%s%s:%s" % (found.dtype.name, list(found.shape), fingerprint([found])[:6])
    if kind == "func":
        return value.func.name
    if kind != "list":
        return "" if kind is None else str(getattr(value, kind))
    for field, many in value.list.ListFields():
        if field.name == "shape":
            return [_shape_text(x) for x in many]
        return [x.decode("latin1") if isinstance(x, bytes) else x for x in many]
    return []


def _shape_text(shape):
    if shape.unknown_rank:
        return "?"
    return "[" + ",".join("?" if x.size < 0 else str(x.size) for x in shape.dim) + "]"


def public_class(error):
    """The name of the first class of an error that a user can name: Python's or tf.errors'."""
    for base in type(error).__mro__:
        if getattr(builtins, base.__name__, None) is base:
            return base.__name__
        if getattr(tf.errors, base.__name__, None) is base:
            return base.__name__
    return type(error).__name__


def mistake(row):
    """Makes the mistake of an error row.

    Returns:
        (the error or None, "build" or "run", what was known of the placeholders).
    """
    levels = ("sizes",) if row.at == "build" else ("ranks", "nothing")
    for known in levels:
        try:
            built = Built(row, known)
        except Exception as error:
            if known == levels[-1]:
                return error, "build", known
            continue
        if row.at == "build":
            return None, "build", known
        try:
            with built.session() as session:
                built.run(session)
        except Exception as error:
            return error, "run", known
        return None, "run", known
    raise AssertionError("unreachable")
