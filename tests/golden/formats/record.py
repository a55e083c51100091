"""Records what TensorFlow 1.15.5 writes, for the tests of graphflow.formats.

Run under TensorFlow 1.15.5 (Python 3.7):  python -W ignore tests/golden/formats/record.py
The values are made by `values.py`, which the tests import as well.
"""

import hashlib
import importlib
import json
import os
import shutil

import numpy as np
import tensorflow as tf
import values as v
from google.protobuf import text_format
from tensorflow.python.framework import tensor_util
from tensorflow.python.ops import io_ops
from tensorflow.python.training import checkpoint_state_pb2

HERE = os.path.dirname(os.path.abspath(__file__))
QUANTIZED = {"qint8": tf.qint8, "quint8": tf.quint8, "qint32": tf.qint32}


def at(*names):
    return os.path.join(HERE, *names)


def run(build):
    with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
        fetch = build()
        sess.run(tf.compat.v1.global_variables_initializer())
        return sess.run(fetch)


def constant(name, array):
    if name in QUANTIZED:
        return tf.bitcast(tf.constant(array), QUANTIZED[name])
    if name == "bfloat16":
        return tf.cast(tf.constant(array), tf.bfloat16)
    return tf.constant(array)


def save_v2(prefix, rows):
    """rows: (name, tensor maker, slice spec)."""
    run(
        lambda: io_ops.save_v2(
            at(prefix), [r[0] for r in rows], [r[2] for r in rows], [r[1]() for r in rows]
        )
    )


def bundles():
    rows = [(n, lambda n=n, a=a: constant(n, a), "") for n, a in sorted(v.all_types().items())]
    save_v2("all_types", rows)
    parts = [(n, lambda a=a: tf.constant(a), s) for n, a, s in v.partitioned()]
    save_v2("partitioned", parts)
    save_v2("many", [(n, lambda a=a: tf.constant(a), "") for n, a in sorted(v.many().items())])


def checkpoint_v1():
    arrays = {n: a for n, a in v.all_types().items() if n in v.V1_TYPES}
    names = sorted(arrays)
    run(
        lambda: tf.raw_ops.Save(
            filename=at("v1"), tensor_names=names, data=[constant(n, arrays[n]) for n in names]
        )
    )
    parts = v.partitioned()
    run(
        lambda: tf.raw_ops.SaveSlices(
            filename=at("v1_slices"),
            tensor_names=[p[0] for p in parts],
            shapes_and_slices=[p[2] for p in parts],
            data=[tf.constant(p[1]) for p in parts],
        )
    )


def state_files():
    os.makedirs(at("state"), exist_ok=True)
    for name, (latest, paths) in v.STATES.items():
        state = checkpoint_state_pb2.CheckpointState(
            model_checkpoint_path=latest, all_model_checkpoint_paths=paths
        )
        with open(at("state", name), "w") as f:
            f.write(text_format.MessageToString(state))


def record_files():
    for kind in ("", "GZIP", "ZLIB"):
        name = at("records" + ("." + kind.lower() if kind else ""))
        with tf.io.TFRecordWriter(name, kind) as w:
            for r in v.records():
                w.write(r)
    with open(at("records"), "rb") as f:
        good = f.read()
    failures = {}
    for name, change in v.damaged_records().items():
        with open(at("damaged"), "wb") as f:
            f.write(change(good))
        got = 0
        try:
            for _ in tf.compat.v1.io.tf_record_iterator(at("damaged")):
                got += 1
            failures[name] = [got, "", ""]
        except tf.errors.OpError as e:
            failures[name] = [got, type(e).__name__, e.message]
    os.remove(at("damaged"))
    return failures


def events():
    shutil.rmtree(at("events"), ignore_errors=True)
    with tf.Graph().as_default() as g:
        tf.add(tf.constant([1.0, 2.0], name="a"), 3.0, name="b")
    with tf.compat.v1.summary.FileWriter(at("events"), g) as w:
        for step in range(3):
            value = [tf.compat.v1.Summary.Value(tag="loss", simple_value=step / 4)]
            w.add_summary(tf.compat.v1.Summary(value=value), step)
        for i, array in enumerate(v.histograms().values()):
            w.add_summary(
                run(lambda a=array: tf.compat.v1.summary.histogram("h", tf.constant(a))), i
            )
        w.add_session_log(tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START), 1)
    (name,) = os.listdir(at("events"))
    os.rename(at("events", name), at("events.tfevents"))
    shutil.rmtree(at("events"))


def histograms():
    out = {}
    for name, array in v.histograms().items():
        summary = tf.compat.v1.Summary.FromString(
            run(lambda a=array: tf.compat.v1.summary.histogram("h", tf.constant(a)))
        )
        out[name] = summary.value[0].histo.SerializeToString().hex()
    errors = {}
    for name, array in v.bad_histograms().items():
        try:
            run(lambda a=array: tf.compat.v1.summary.histogram("h", tf.constant(a)))
        except tf.errors.OpError as e:
            errors[name] = e.message.splitlines()[0]
    return out, errors


def tensor_protos():
    out = {}
    for name, (array, dtype, shape) in v.tensors().items():
        if dtype == "bfloat16":
            array = array.astype(tf.bfloat16.as_numpy_dtype)
            dtype = None
        message = tensor_util.make_tensor_proto(array, dtype and tf.as_dtype(dtype), shape)
        out[name] = message.SerializeToString().hex()
    for name in sorted(QUANTIZED):
        array = v.all_types()[name]
        message = tensor_util.make_tensor_proto(
            [(x,) for x in array.tolist()], QUANTIZED[name], array.shape
        )
        out["q:" + name] = message.SerializeToString().hex()
    return out


def field_facts(message, seen):
    """A digest of the fields of every message and the values of every enum, by full name."""
    if message.full_name in seen:
        return
    rows = []
    seen[message.full_name] = None
    for f in sorted(message.fields, key=lambda f: f.number):
        kind = f.message_type or f.enum_type
        one = f.containing_oneof.name if f.containing_oneof else ""
        rows.append([f.number, f.name, f.type, f.label, kind.full_name if kind else "", one])
        if f.message_type:
            field_facts(f.message_type, seen)
        if f.enum_type:
            values = [[e.number, e.name] for e in f.enum_type.values]
            seen[f.enum_type.full_name] = digest(values)
    seen[message.full_name] = digest(rows)


def digest(rows):
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def descriptors():
    seen = {}
    for module, names in v.MESSAGES.items():
        found = importlib.import_module("tensorflow." + module + "_pb2")
        for name in names.split():
            field_facts(getattr(found, name).DESCRIPTOR, seen)
    return seen


def main():
    bundles()
    checkpoint_v1()
    state_files()
    events()
    found, bad = histograms()
    facts = {
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "damaged_records": record_files(),
        "histograms": found,
        "bad_histograms": bad,
        "tensor_protos": tensor_protos(),
        "descriptors": descriptors(),
    }
    text = json.dumps(facts, indent=0, sort_keys=True).replace(HERE, "$HERE")
    with open(at("facts.json"), "w") as f:
        f.write(text + "\n")


if __name__ == "__main__":
    main()
