"""Records what TensorFlow 1.15.5 does in tests/features/columns.py.

python3.7 tests/golden/features/record.py
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
sys.path.insert(0, str(HERE.parents[2]))

import tensorflow as tf  # noqa: E402
from tensorflow.python.feature_column import feature_column, feature_column_lib  # noqa: E402

from tests.features import columns  # noqa: E402

tf.compat.v1.logging.set_verbosity("FATAL")
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "colors.txt")
    pathlib.Path(path).write_text(columns.VOCABULARY)
    with tf.Graph().as_default():
        names = {
            "dense": list(columns.dense(tf, path)),
            "linear": list(columns.linear(tf, path)),
            "sequence": list(columns.sequence(tf, path)),
            "errors": list(columns.errors(tf, path)),
        }
        members = columns.members(tf, path)
    found = {
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
        "dense": {n: columns.input_layer(tf, n, path) for n in names["dense"]},
        "linear": {n: columns.linear_model(tf, n, path) for n in names["linear"]},
        "sequence": {n: columns.sequence_layer(tf, n, path) for n in names["sequence"]},
        "errors": {n: columns.error(tf, n, path) for n in names["errors"]},
        "layers": {
            n: columns.layer(tf, feature_column_lib, n, path)
            for n in ("dense", "shared", "linear", "sequence")
        },
        "old_family": {
            n: columns.old_family(tf, feature_column, n, path) for n in ("input", "linear")
        },
        "members": members,
        "partitioned": columns.partitioned(tf, path),
        "parsed": columns.parsed(tf, path),
        "failed_runs": columns.failed_runs(tf),
        "context": columns.context(tf),
        "reused": columns.reused(tf),
    }
data = json.dumps(found, sort_keys=True).encode()
with (HERE / "columns.json.gz").open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
    out.write(data)
