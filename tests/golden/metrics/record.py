"""Records the calls of tests/nets/metric_calls.py with TensorFlow 1.15.5 into golden/metrics/.

Run from the project's root with the oracle's Python 3.7:
`TF_CPP_MIN_LOG_LEVEL=3 .oracle/tf115/bin/python -W ignore tests/golden/metrics/record.py`.
"""

import datetime
import gzip
import io
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

import tensorflow as tf  # noqa: E402

from tests.nets import metric_calls  # noqa: E402


def main():
    tf.compat.v1.logging.set_verbosity("ERROR")
    recording = {
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
        "calls": {name: metric_calls.observed(tf, name) for name in metric_calls.CALLS},
    }
    text = json.dumps(recording, separators=(",", ":"), sort_keys=True)
    path = pathlib.Path(__file__).parent / "metrics_1_15_5.json.gz"
    path.write_bytes(pack(text))
    print(len(recording["calls"]), "calls,", path.stat().st_size, "bytes")


def pack(text):
    """Returns gzip bytes that do not hold the time of the day."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(text.encode())
    return buffer.getvalue()


if __name__ == "__main__":
    main()
