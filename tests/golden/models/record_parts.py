"""Records the calls of tests/models with TensorFlow 1.15.5 into golden/models/.

Run from the project's root with the oracle's Python 3.7:
`TF_CPP_MIN_LOG_LEVEL=3 .oracle/tf115/bin/python -W ignore tests/golden/models/record_parts.py`.
Names of families after it: only those.
"""

import datetime
import gzip
import importlib
import io
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

import tensorflow as tf  # noqa: E402

from tests.models.observe import observed  # noqa: E402

FAMILIES = ("training", "layer", "metric", "recurrent", "host")


def main():
    tf.compat.v1.logging.set_verbosity("ERROR")
    for family in sys.argv[1:] or FAMILIES:
        calls = importlib.import_module("tests.models." + family + "_calls").CALLS
        recording = {
            "tensorflow": tf.__version__,
            "date": datetime.date.today().isoformat(),
            "calls": {name: observed(tf, call) for name, call in calls.items()},
        }
        text = json.dumps(recording, separators=(",", ":"), sort_keys=True)
        path = pathlib.Path(__file__).parent / (family + "_1_15_5.json.gz")
        path.write_bytes(pack(text))
        print(family, len(calls), "calls,", path.stat().st_size, "bytes")


def pack(text):
    """Returns gzip bytes that do not hold the time of the day."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(text.encode())
    return buffer.getvalue()


if __name__ == "__main__":
    main()
