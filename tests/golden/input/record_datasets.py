"""Records what TensorFlow 1.15.5 does with the programs of dataset_programs.py.

Run by the Python 3.7 that has TensorFlow 1.15.5; writes datasets.json.gz beside this file.
"""

import gzip
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dataset_programs as programs


def main():
    import tensorflow as tf

    tf.logging.set_verbosity(tf.logging.ERROR)
    programs.write_files(tf)
    found = {
        "tensorflow": tf.__version__,
        "pipelines": {name: programs.run_pipeline(tf, name) for name in programs.PIPELINES},
        "mistakes": {name: programs.run_mistake(tf, name) for name in programs.MISTAKES},
        "programs": {name: programs.run_program(tf, name) for name in programs.PROGRAMS},
    }
    target = os.path.join(os.path.dirname(os.path.abspath(__file__)), "datasets.json.gz")
    data = json.dumps(found, indent=0, sort_keys=True).encode()
    with open(target, "wb") as file:
        file.write(gzip.compress(data, mtime=0) if sys.version_info >= (3, 8) else packed(data))


def packed(data):
    import io

    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as file:
        file.write(data)
    return target.getvalue()


if __name__ == "__main__":
    main()
