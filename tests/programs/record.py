"""Runs a program under either library and returns plain data that the two runs can compare.

Goes in: the module `tf` and a function that builds a program. Comes out: a dict of numbers, nodes
and names that JSON can hold. Runs on Python 3.7 as well.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from typing import Any, Callable  # noqa: UP035 - evaluated under Python 3.7

import numpy as np

from tests.programs import flow, mnist, models, optimizers, sequences, small, ways
from tests.programs.data import digest

PROGRAMS: dict[str, Callable[[Any], mnist.Built]] = {
    "softmax_walkthrough": mnist.softmax_walkthrough,
    "convolutional": mnist.convolutional,
    "momentum": small.momentum,
    "momentum_nesterov": small.momentum_nesterov,
    "adam_global_step": small.adam_global_step,
    "decayed_rate": small.decayed_rate,
    "clipped_gradients": small.clipped_gradients,
    "losses_softmax": small.losses_softmax,
    "losses_sparse_softmax": small.losses_sparse_softmax,
    "losses_mean_squared": small.losses_mean_squared,
    "nn_softmax_v1": small.nn_softmax_v1,
    "nn_sparse_softmax": small.nn_sparse_softmax,
    "name_scopes": small.name_scopes,
    "resource_descent": small.resource_descent,
    "resource_momentum": small.resource_momentum,
    "resource_adam": small.resource_adam,
    "both_kinds": small.both_kinds,
    "variable_scopes": small.variable_scopes,
    "embedding_descent": small.embedding_descent,
    "embedding_adam": small.embedding_adam,
    "looped": flow.looped,
    "branched": flow.branched,
    "mapped": flow.mapped,
    "nested": flow.nested,
    "shared_parts": flow.shared_parts,
    **models.MODELS,
    **sequences.MODELS,
    **ways.MODELS,
    **optimizers.MODELS,
}
FIFTY_STEPS = [*models.MODELS, *sequences.MODELS, *ways.MODELS, *optimizers.MODELS]

# DataType numbers of the GraphDef format. Reference types are these plus 100.
DTYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    7: "string",
    8: "complex64",
    9: "int64",
    10: "bool",
    17: "uint16",
    18: "complex128",
    19: "float16",
    20: "resource",
    21: "variant",
    22: "uint32",
    23: "uint64",
}
_VALUE_FIELDS = {
    "float32": "float_val",
    "float64": "double_val",
    "int32": "int_val",
    "uint8": "int_val",
    "int16": "int_val",
    "int8": "int_val",
    "string": "string_val",
    "int64": "int64_val",
    "bool": "bool_val",
}
SMALL = 8  # tensors up to this many elements are recorded whole, larger ones as a hash


def build(tf: Any, name: str) -> tuple[Any, mnist.Built]:
    """Builds program `name` in a fresh graph and returns the graph and the program."""
    graph = tf.Graph()
    with graph.as_default():
        return graph, PROGRAMS[name](tf)


def structure(graph: Any) -> dict[str, Any]:
    """Returns the nodes of a graph and the names in its collections."""
    collections = {
        key: [_item_name(item) for item in graph.get_collection(key)]
        for key in graph.get_all_collection_keys()
        if isinstance(key, str)
    }
    return {
        "nodes": [_node(node) for node in graph.as_graph_def().node],
        "collections": collections,
    }


def training(tf: Any, graph: Any, program: mnist.Built) -> dict[str, Any]:
    """Trains a program and returns its loss curve, measures and some of its variables' values."""
    with graph.as_default():
        variables = tf.global_variables()
    with tf.Session(graph=graph) as session:
        session.run(program.init)
        before = {v.name: _sample(a) for v, a in _values(session, variables)}
        losses, feeds, measures = _steps(tf, session, program, range(program.steps))
        after = {v.name: _sample(a) for v, a in _values(session, variables)}
        accuracy = None
        if program.accuracy is not None:
            accuracy = float(session.run(program.accuracy, program.test_feeds))
        summary_tags = _tags(tf, session.run(program.merged, feeds))
    arrays = [np.asarray(a) for _, a in sorted((k.name, a) for k, a in feeds.items())]
    return {
        "losses": losses,
        "accuracy": accuracy,
        "metrics": measures,
        "variables_before": before,
        "variables_after": after,
        "summary_tags": summary_tags,
        "last_feeds": digest(*arrays),
    }


def resumed(tf: Any, graph: Any, program: mnist.Built, prefix: str) -> list[float]:
    """Trains half-way, saves to `prefix`, restores in a new session, and returns its curve.

    Random ops start again with the session, so the curve is not the second half of the whole one.
    """
    half = program.steps // 2
    with tf.Session(graph=graph) as session:
        session.run(program.init)
        _steps(tf, session, program, range(half))
        path = program.saver.save(session, prefix)
    with tf.Session(graph=graph) as session:
        if program.metrics:
            session.run(program.init)  # the measures are local variables, which are not saved
        program.saver.restore(session, path)
        return _steps(tf, session, program, range(half, program.steps))[0]


def _steps(
    tf: Any, session: Any, program: mnist.Built, numbers: range
) -> tuple[list[float], dict[Any, Any], dict[str, Any]]:
    """Runs training steps; returns their losses, the last feeds and the measures at the end."""
    losses, feeds = [], {}
    updates = {name: update for name, (_, update) in (program.metrics or {}).items()}
    with _threads(tf, session, program):
        for number in numbers:
            feeds = program.feeds(number)
            fetches = [program.train_step, program.loss, updates]
            losses.append(float(session.run(fetches, feeds)[1]))
    values = {name: value for name, (value, _) in (program.metrics or {}).items()}
    return losses, feeds, {k: np.asarray(v).tolist() for k, v in session.run(values).items()}


@contextlib.contextmanager
def _threads(tf: Any, session: Any, program: mnist.Built) -> Iterator[None]:
    """Runs the threads that a program has, if any, until the steps are done."""
    if program.start is None:
        yield
        return
    coordinator = tf.train.Coordinator()
    program.start(session, coordinator)
    yield
    coordinator.request_stop()


def _values(session: Any, variables: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(variables, session.run(variables)))  # noqa: B905 - Python 3.7


def _tags(tf: Any, serialized: bytes) -> list[str]:
    summary = tf.Summary()
    summary.ParseFromString(serialized)
    return [value.tag for value in summary.value]


def _sample(array: Any) -> dict[str, Any]:
    """Returns shape, dtype, the sum, the root of the sum of squares and the first values."""
    array = np.asarray(array)
    wide = array.astype(np.float64).ravel()
    return {
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "sum": float(wide.sum()),
        "norm": float(np.sqrt((wide * wide).sum())),
        "first": [float(value) for value in wide[:4]],
    }


def _item_name(item: Any) -> str:
    return str(getattr(item, "name", item))


# --- nodes ---


def _node(node: Any) -> dict[str, Any]:
    return {
        "name": node.name,
        "op": node.op,
        "inputs": list(node.input),
        "attrs": {key: _attribute(node.attr[key]) for key in sorted(node.attr)},
        "device": node.device,
    }


def _attribute(value: Any) -> Any:
    """Returns an AttrValue as `[kind, plain value]`."""
    kind = value.WhichOneof("value")
    if kind == "list":
        entries = {field.name: list(items) for field, items in value.list.ListFields()}
        return ["list", {key: [_plain(key, i) for i in items] for key, items in entries.items()}]
    return [kind, None if kind is None else _plain(kind, getattr(value, kind))]


def _plain(kind: str, value: Any) -> Any:
    plain: Any = value
    if kind == "type":
        plain = dtype_name(value)
    elif kind == "shape":
        plain = None if value.unknown_rank else [dim.size for dim in value.dim]
    elif kind == "tensor":
        plain = _tensor(value)
    elif kind == "func":
        plain = value.name
    elif kind == "s":
        plain = _text(value)
    elif kind == "f":
        plain = float(np.float32(value))
    return plain


def dtype_name(number: int) -> str:
    """Returns the dtype's name for a DataType number, with `_ref` for reference types."""
    return DTYPES[number - 100] + "_ref" if number > 100 else DTYPES[number]


def _tensor(proto: Any) -> dict[str, Any]:
    """Returns dtype, shape and the values (or their hash), however the proto encodes them."""
    dtype = dtype_name(proto.dtype)
    shape = [dim.size for dim in proto.tensor_shape.dim]
    size = int(np.prod(shape, dtype=np.int64))
    values = _elements(proto, dtype)
    if len(values) < size:  # the last value stands for all that follow; none at all means zeros
        values = values + [values[-1] if values else 0] * (size - len(values))
    record: dict[str, Any] = {"dtype": dtype, "shape": shape}
    if size <= SMALL:
        record["values"] = values
    else:
        record["sha"] = hashlib.sha256(repr(values).encode()).hexdigest()[:16]
    return record


def _elements(proto: Any, dtype: str) -> list[Any]:
    if dtype == "string":
        return [_text(value) for value in proto.string_val]
    if proto.tensor_content:
        plain: list[Any] = np.frombuffer(proto.tensor_content, dtype).tolist()
        return plain
    values = getattr(proto, _VALUE_FIELDS[dtype])
    return np.array(list(values), dtype).tolist()  # type: ignore[no-any-return]


def _text(value: bytes) -> str:
    return value.decode("latin-1")
