"""Records tests/training/contrib_scenarios.py with TensorFlow 1.15.5 beside this file.

Run from the project's root with the oracle's Python 3.7:
`TF_CPP_MIN_LOG_LEVEL=3 .oracle/tf115/bin/python -W ignore tests/golden/training/record_contrib.py`.
"""

import datetime
import gzip
import json
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

import tensorflow as tf  # noqa: E402

from tests.training import contrib_scenarios  # noqa: E402

if __name__ == "__main__":
    tf.compat.v1.logging.set_verbosity("ERROR")
    found = {}
    for name in contrib_scenarios.SCENARIOS:
        with tempfile.TemporaryDirectory() as folder:
            found[name] = contrib_scenarios.observed(tf, name, folder)
    recording = {
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
        "scenarios": found,
    }
    text = json.dumps(recording, separators=(",", ":"), sort_keys=True)
    path = pathlib.Path(__file__).with_name("contrib.json.gz")
    path.write_bytes(gzip.compress(text.encode(), 9))
    print(len(found), "scenarios,", path.stat().st_size, "bytes")
