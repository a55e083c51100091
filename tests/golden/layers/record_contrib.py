"""Records the calls of tests/nets/contrib_calls.py with TensorFlow 1.15.5 into golden/layers/.

Run from the project's root with the oracle's Python 3.7:
`TF_CPP_MIN_LOG_LEVEL=3 .oracle/tf115/bin/python -W ignore tests/golden/layers/record_contrib.py`.
"""

import datetime
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from record import pack, tf  # noqa: E402 (found by the line above; it finds the tests' folder)

from tests.nets import contrib_calls  # noqa: E402


def main():
    tf.compat.v1.logging.set_verbosity("ERROR")
    names = sys.argv[1:] or list(contrib_calls.CALLS)
    recording = {
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
        "calls": {name: contrib_calls.observed(tf, name) for name in names},
    }
    text = json.dumps(recording, separators=(",", ":"), sort_keys=True)
    path = HERE / "contrib_1_15_5.json.gz"
    path.write_bytes(pack(text))
    print(len(names), "calls,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
