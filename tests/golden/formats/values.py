"""The values in the recorded files; imported by the recorder (Python 3.7) and by the tests."""

import numpy as np

SHAPES = [(3, 4), (), (5,), (0, 3), (1, 1, 2)]

NUMPY_TYPES = [
    "bool", "complex128", "complex64", "float16", "float32", "float64", "int16", "int32", "int64",
    "int8", "uint16", "uint32", "uint64", "uint8",
]  # fmt: skip

# What the V1 format's writer of TensorFlow 1.15.5 takes.
V1_TYPES = [
    "bool", "complex64", "float32", "float64", "int16", "int32", "int64", "int8", "qint32",
    "qint8", "quint8", "string", "uint8",
]  # fmt: skip


def ramp(dtype, shape):
    """Values that use the whole width of the type."""
    count = int(np.prod(shape))
    steps = np.arange(count)
    kind = np.dtype(dtype).kind
    if kind == "b":
        flat = steps % 3 == 0
    elif kind in "iu":
        info = np.iinfo(dtype)
        flat = np.array(
            [info.max - int(s) * 3 if s % 2 else info.min + int(s) for s in steps], dtype
        )
    elif kind == "c":
        flat = (steps + 0.5) * 1.25 - 1j * steps
    else:
        flat = steps * 1.75 - 3
    return np.asarray(flat, dtype).reshape(shape)


def strings():
    out = np.empty((2, 3), np.object_)
    out[:] = [[b"", b"a", b"two words"], [b"\x00\xff nul", b"x" * 300, "\u00fc\u4e16".encode()]]
    return out


def all_types():
    out = {name: ramp(name, (3, 4)) for name in NUMPY_TYPES}
    out["bfloat16"] = ramp(np.float32, (3, 4))
    out["quint8"] = ramp(np.uint8, (5,))
    out["qint8"] = ramp(np.int8, (5,))
    out["qint32"] = ramp(np.int32, (5,))
    out["string"] = strings()
    for i, shape in enumerate(SHAPES[1:]):
        out["shape/%d" % i] = ramp(np.float32, shape)
    out["string/scalar"] = np.array(b"one", np.object_)
    out["string/none"] = np.empty((0,), np.object_)
    out["u\u00fc/\u4e16"] = ramp(np.float32, (2,))
    return out


def partitioned():
    """(name, array, slice spec): rows, columns, both, and a negative code length."""
    w = ramp(np.float32, (13, 6))
    big = (np.arange(21000) % 251).astype(np.uint8).reshape(70, 300)
    return [
        ("part/rows", w[:5], "13 6 0,5:0,6"),
        ("part/rows", w[5:], "13 6 5,8:0,6"),
        ("part/cols", w[:, :2], "13 6 -:0,2"),
        ("part/cols", w[:, 2:], "13 6 -:2,4"),
        ("part/big", big[:64, :100], "70 300 0,64:0,100"),
        ("part/big", big[:64, 100:], "70 300 0,64:100,200"),
        ("part/big", big[64:], "70 300 64,6:0,300"),
        ("part/whole", w, "13 6 0,13:0,6"),
        ("plain", w[0], ""),
    ]


def many():
    """Enough names for many restart points, with shared prefixes."""
    return {"layer_%03d/kernel/Adam_%d" % (i // 2, i % 2): ramp(np.float32, ()) for i in range(300)}


STATES = {
    "plain": ("m-3", ["m-2", "m-3"]),
    "absolute": ("/tmp/some dir/m-3", ["/tmp/some dir/m-3"]),
    "escaped": ('a"b\\c\u00fc\n', ['a"b\\c\u00fc\n']),
}


def records():
    return [b"", b"first", bytes(range(256)) * 3, b"\x00" * 40, b"last"]


def damaged_records():
    """name: function from the good file to a damaged one."""

    def flip(at):
        return lambda data: data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]

    return {
        "header of 0": flip(0),
        "checksum of length of 1": flip(16 + 9),
        "data of 1": flip(16 + 13),
        "checksum of data of 1": flip(16 + 12 + 6),
        "cut in header of 0": lambda data: data[:5],
        "cut in header of 1": lambda data: data[: 16 + 11],
        "cut before data of 1": lambda data: data[: 16 + 12],
        "cut in data of 1": lambda data: data[: 16 + 14],
        "cut in checksum of 1": lambda data: data[: 16 + 19],
        "cut between": lambda data: data[:16],
        "empty": lambda data: b"",
    }


def histograms():
    rng = np.random.RandomState(7)
    return {
        "normal": rng.randn(1000).astype(np.float32),
        "wide": np.ldexp(rng.randn(400), rng.randint(-50, 60, 400)),
        "integers": rng.randint(-50, 50, (20, 20)).astype(np.int32),
        "bytes": np.arange(256).astype(np.uint8),
        "zeros": np.zeros(5, np.float32),
        "one": np.array(2.5, np.float32),
        "none": np.zeros((0,), np.float32),
        "negative": np.array([-1e30, -1.0, -1e-13], np.float32),
        "halves": rng.randn(50).astype(np.float16),
    }


def bad_histograms():
    return {
        "nan": np.array([1, np.nan, np.inf], np.float32),
        "inf": np.array([1, np.inf], np.float32),
        "minus inf": np.array([-np.inf], np.float64),
    }


def tensors():
    """name: (array, dtype name or None, shape or None)."""
    out = {}
    for dtype in NUMPY_TYPES:
        for shape in SHAPES:
            out["%s %s" % (dtype, shape)] = (ramp(dtype, shape), None, None)
    out["bfloat16"] = (ramp(np.float32, (3,)), "bfloat16", None)
    out["string"] = (strings(), None, None)
    out["string scalar"] = (np.array(b"one", np.object_), None, None)
    out["repeated float"] = (np.array(1.5, np.float32), None, (3, 4))
    out["repeated int"] = (ramp(np.int32, (2,)), None, (5,))
    out["repeated none"] = (np.zeros((0,), np.float32), None, (2,))
    out["fortran order"] = (np.asfortranarray(ramp(np.float32, (3, 4))), None, None)
    return out


MESSAGES = {
    "core.framework.graph": "GraphDef",
    "core.protobuf.meta_graph": "MetaGraphDef CollectionDef",
    "core.protobuf.saved_model": "SavedModel",
    "core.protobuf.queue_runner": "QueueRunnerDef",
    "core.protobuf.control_flow": "CondContextDef WhileContextDef",
    "core.framework.variable": "VariableDef SaveSliceInfoDef",
    "core.framework.summary": "Summary SummaryDescription",
    "core.util.event": "Event",
    "core.protobuf.config": "ConfigProto RunOptions RunMetadata CallableOptions",
    "core.protobuf.tensorflow_server": "ServerDef",
    "core.protobuf.tensor_bundle": "BundleHeaderProto BundleEntryProto",
    "core.util.saved_tensor_slice": "SavedTensorSlices",
    "core.example.example": "Example SequenceExample",
    "core.framework.device_attributes": "DeviceAttributes",
    "core.protobuf.trackable_object_graph": "TrackableObjectGraph",
    "core.protobuf.named_tensor": "NamedTensorProto",
    "python.training.checkpoint_state": "CheckpointState",
    "contrib.tensorboard.plugins.projector.projector_config": "ProjectorConfig",
}
