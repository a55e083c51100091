"""Records tests/input/learn_calls.py with TensorFlow 1.15.5 into golden/input/learn.json.

Run from the project's root with the oracle's Python 3.7:
`TF_CPP_MIN_LOG_LEVEL=3 .oracle/tf115/bin/python -W ignore tests/golden/input/record_learn.py`.
"""

import datetime
import json
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

import tensorflow as tf  # noqa: E402

from tests.input import learn_calls as calls  # noqa: E402


def main():
    tf.compat.v1.logging.set_verbosity("ERROR")
    recorded = {}
    for name in calls.CALLS:
        with tempfile.TemporaryDirectory() as folder:
            recorded[name] = calls.observed(tf, name, pathlib.Path(folder))
    recording = {
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
        "calls": recorded,
    }
    path = pathlib.Path(__file__).parent / "learn.json"
    path.write_text(json.dumps(recording, separators=(",", ":"), sort_keys=True) + "\n")
    print(len(recorded), "calls,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
