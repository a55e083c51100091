"""Records what TensorFlow 1.15.5's linear operators say.

    python3.7 tests/golden/record_linear_operators.py

Writes tests/golden/layers/linear_operators.json.gz, which tests/nets/test_linear_operators.py
reads; both ask what tests/nets/linear_operator_cases.py lists.
"""

from __future__ import annotations

import datetime
import gzip
import importlib.util
import json
import os
import pathlib
import warnings

warnings.simplefilter("ignore")
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3")
HERE = pathlib.Path(__file__).resolve().parent


def main():
    """Asks real and complex operators."""
    import tensorflow as tf

    tf.compat.v1.logging.set_verbosity("ERROR")
    path = HERE.parent / "nets" / "linear_operator_cases.py"
    spec = importlib.util.spec_from_file_location("linear_operator_cases", str(path))
    cases = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cases)
    whole = {
        "tensorflow": tf.__version__,
        "recorded": datetime.date.today().isoformat(),
        "real": cases.answers(tf, False),
        "complex": cases.answers(tf, True),
    }
    data = json.dumps(whole, sort_keys=True).encode()
    path = HERE / "layers" / "linear_operators.json.gz"
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
        out.write(data)


if __name__ == "__main__":
    main()
