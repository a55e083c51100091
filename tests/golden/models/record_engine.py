"""Records tests/models/engine_programs.py and backend_calls.py with TensorFlow 1.15.5.

Run from the project's root with the oracle's Python 3.7:
`TF_CPP_MIN_LOG_LEVEL=3 .oracle/tf115/bin/python -W ignore tests/golden/models/record_engine.py`.
"""

import datetime
import gzip
import io
import json
import pathlib
import shutil
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

import tensorflow as tf  # noqa: E402

from tests.models import backend_calls as backend  # noqa: E402
from tests.models import engine_programs as programs  # noqa: E402


def fresh():
    """Begins with an empty graph and known random numbers."""
    tf.keras.backend.clear_session()
    tf.set_random_seed(7)
    np.random.seed(7)  # noqa: NPY002  (Keras shuffles with NumPy's global numbers)


def saved():
    """Writes the checkpoints and returns what is in them, and what a model does with one."""
    directory = pathlib.Path(__file__).parent / "checkpoints"
    shutil.rmtree(str(directory), ignore_errors=True)
    directory.mkdir()
    paths = programs.write_checkpoints(tf, str(directory))
    (directory / "checkpoint").unlink()
    keys = {n: [[k, list(s)] for k, s in tf.train.list_variables(p)] for n, p in paths.items()}
    fresh()
    x, y = programs.data()
    model = programs.compiled(tf)
    model.load_weights(paths["weights"])
    predicted = model.predict(x[:3]).tolist()
    loss = model.fit(x, y, shuffle=False, verbose=0).history["loss"]
    iterations = int(tf.keras.backend.get_value(model.optimizer.iterations))
    with tf.Graph().as_default(), tf.Session() as session:
        checkpoint, variables = programs.objects(tf)
        checkpoint.restore(paths["objects-1"]).assert_consumed().run_restore_ops(session)
        values = [np.asarray(v, float).tolist() for v in session.run(variables)]
    return {
        "keys": keys,
        "predict": predicted,
        "loss": [float(v) for v in loss],
        "iterations": iterations,
        "values": values,
    }


def main():
    tf.compat.v1.logging.set_verbosity("ERROR")
    found, mistakes = {}, {}
    for name, program in programs.PROGRAMS.items():
        fresh()
        found[name] = program(tf)
    for name in programs.MISTAKES:
        fresh()
        mistakes[name] = programs.mistake(tf, name)
    rows = {}
    for name in backend.ROWS:
        fresh()
        rows[name] = backend.observed(tf, name)
    fresh()
    calls = [np.asarray(x, float).tolist() for x in backend.function(tf, tf.keras.backend)]
    fresh()
    known = backend.known(tf, tf.keras.backend)
    fresh()
    checkpoints = saved()
    recording = {
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
        "programs": found,
        "mistakes": mistakes,
        "backend": rows,
        "function": calls,
        "known": known,
        "checkpoints": checkpoints,
    }
    text = json.dumps(recording, separators=(",", ":"), sort_keys=True)
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(text.encode())
    path = pathlib.Path(__file__).parent / "engine_1_15_5.json.gz"
    path.write_bytes(buffer.getvalue())
    print(len(found), "programs,", len(mistakes), "mistakes,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
