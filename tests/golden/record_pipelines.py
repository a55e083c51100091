"""Records what TensorFlow 1.15.5 does in tests/training/pipelines.py and monitoring.py.

python3.7 tests/golden/record_pipelines.py
"""

import datetime
import gzip
import json
import os
import pathlib
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import tensorflow as tf  # noqa: E402

from tests.training import monitoring, pipelines  # noqa: E402

tf.compat.v1.logging.set_verbosity("FATAL")
with tempfile.TemporaryDirectory() as folder:
    lines = pathlib.Path(folder, "lines.txt")
    lines.write_text("header\none\ntwo\nthree\nfour\n")
    found = {
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
        "declared": {n: pipelines.declare(tf, n) for n in pipelines.declared(tf)},
        "running": {n: pipelines.run(tf, n, str(lines)) for n in pipelines.running(tf, "")},
        "monitoring": {
            n: monitoring.run(tf, n, tempfile.mkdtemp(dir=folder)) for n in monitoring.CASES
        },
    }
data = json.dumps(found, sort_keys=True).encode()
path = HERE / "training" / "pipelines.json.gz"
with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
    out.write(data)
