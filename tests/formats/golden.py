"""What TensorFlow 1.15.5 recorded, and the arrays it was given, in graphflow's types."""

import json
from pathlib import Path

import numpy as np

from graphflow.core import dtypes
from graphflow.core.errors import DataLossError
from tests.golden.formats import values

DIRECTORY = Path(__file__).parent.parent / "golden" / "formats"
FACTS = json.loads((DIRECTORY / "facts.json").read_text())


def typed(name, array):
    """The array with the element type that the recorder gave it."""
    if name in ("qint8", "quint8", "qint32"):
        return array.view(dtypes.as_dtype(name).as_numpy_dtype)
    if name == "bfloat16":
        return array.astype(dtypes.bfloat16.as_numpy_dtype)
    return array


def all_types():
    return {name: typed(name, array) for name, array in values.all_types().items()}


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tolist() == b.tolist()


def bundle_rows(name):
    """The (name, array, slice) rows of a recorded bundle, in the recorder's order."""
    if name == "partitioned":
        return values.partitioned()
    arrays = all_types() if name == "all_types" else values.many()
    return [(key, array, "") for key, array in sorted(arrays.items())]


def full_values(rows):
    """The whole tensors that rows of slices make up."""
    out = {}
    for name, array, spec in rows:
        if not spec:
            out[name] = array
            continue
        *sizes, extents = spec.split(" ")
        shape = tuple(map(int, sizes))
        whole = out.setdefault(name, np.zeros(shape, array.dtype))
        index = []
        for extent in extents.split(":"):
            start, _, length = extent.partition(",")
            index.append(
                slice(None) if start == "-" else slice(int(start), int(start) + int(length))
            )
        whole[tuple(index)] = array
    return out


def outcome(call, *args, kind=DataLossError):
    """What a call returns, or the error of that kind that it raises."""
    try:
        return call(*args)
    except kind as e:
        return e
