"""Records what TensorFlow 1.15.5's optimizers do in tests/training/optimizers.py.

python3.7 tests/golden/record_optimizers.py
"""

import datetime
import gzip
import json
import os
import pathlib
import sys
import warnings

warnings.simplefilter("ignore")
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

import tensorflow  # noqa: E402

from tests.training import optimizers  # noqa: E402

tf = tensorflow.compat.v1
tf.logging.set_verbosity("ERROR")
found = {
    "tensorflow": tensorflow.__version__,
    "date": datetime.date.today().isoformat(),
    "cases": {case: optimizers.run(tf, case) for case in optimizers.cases()},
}
data = json.dumps(found, sort_keys=True).encode()
path = HERE / "training" / "optimizers.json.gz"
path.write_bytes(
    gzip.compress(data, mtime=0) if sys.version_info >= (3, 8) else gzip.compress(data)
)
