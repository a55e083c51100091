"""Records tests/nets/seq2seq_calls.py and seq2seq_mistakes.py with TensorFlow 1.15.5.

Run from the project's root with the oracle's Python 3.7:
`TF_CPP_MIN_LOG_LEVEL=3 .oracle/tf115/bin/python -W ignore tests/golden/rnn/record_seq2seq.py`.
"""

import datetime
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

import tensorflow as tf  # noqa: E402

from tests.golden.rnn.record import pack  # noqa: E402
from tests.nets import rnn_calls, seq2seq_calls, seq2seq_mistakes  # noqa: E402


def main():
    tf.compat.v1.logging.set_verbosity("ERROR")
    recording = {
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
        "calls": {name: rnn_calls.observed(tf, f) for name, f in seq2seq_calls.CALLS.items()},
        "curve": seq2seq_calls.curve(tf),
        "mistakes": {
            name: seq2seq_mistakes.observed(tf, f) for name, f in seq2seq_mistakes.MISTAKES.items()
        },
    }
    text = json.dumps(recording, separators=(",", ":"), sort_keys=True)
    path = pathlib.Path(__file__).parent / "seq2seq_1_15_5.json.gz"
    path.write_bytes(pack(text))
    print(len(recording["calls"]), "calls,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
