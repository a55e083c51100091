"""Records what the programs of tests/eager show in TensorFlow 1.15.5's eager execution."""

import gzip
import json
import sys
from pathlib import Path

import tensorflow as tf

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "eager"))

import programs  # noqa: E402 (it lies beside the tests)
from noting import Notes  # noqa: E402 (likewise)

tf.enable_eager_execution()


def main():
    found = {}
    for program in programs.PROGRAMS:
        notes = Notes()
        program(tf, notes)
        found[program.__name__] = notes.lines
    text = json.dumps({"tensorflow": tf.__version__, "programs": found}, indent=0)
    with gzip.GzipFile(HERE / "programs.json.gz", "wb", mtime=0) as file:
        file.write(text.encode())


main()
