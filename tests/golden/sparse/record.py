"""Records the calls of tests/core/sparse_calls.py with TensorFlow 1.15.5.

    python3.7 tests/golden/sparse/record.py

Needs Python 3.7, tensorflow 1.15.5 and numpy.
"""

from __future__ import annotations

import datetime
import gzip
import json
import os
import pathlib
import sys
import warnings

warnings.simplefilter("ignore")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

import tensorflow as tf  # noqa: E402

from tests.core import sparse_calls  # noqa: E402


def main():
    tf.compat.v1.logging.set_verbosity("ERROR")
    whole = {
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
        "calls": {name: run(tf) for name, run in sparse_calls.CALLS.items()},
    }
    data = json.dumps(whole, sort_keys=True).encode()
    path = HERE / "sparse_1_15_5.json.gz"
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
        out.write(data)
    print(len(whole["calls"]), "calls")


if __name__ == "__main__":
    main()
