"""Records tests/nets/kmeans_calls.py with TensorFlow 1.15.5 into golden/layers/.

Run from the project's root with the oracle's Python 3.7:
`TF_CPP_MIN_LOG_LEVEL=3 .oracle/tf115/bin/python -W ignore tests/golden/layers/record_kmeans.py`.
"""

import datetime
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

import tensorflow as tf  # noqa: E402

from tests.golden.rnn.record import pack  # noqa: E402
from tests.nets import kmeans_calls as calls  # noqa: E402


def main():
    tf.compat.v1.logging.set_verbosity("ERROR")
    recording = {
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
        "calls": {name: calls.observed(tf, f) for name, f in calls.CALLS.items()},
    }
    text = json.dumps(recording, separators=(",", ":"), sort_keys=True)
    path = pathlib.Path(__file__).parent / "kmeans_1_15_5.json.gz"
    path.write_bytes(pack(text))
    print(len(recording["calls"]), "calls,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
