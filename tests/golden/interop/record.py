"""Records what TensorFlow writes for the networks of tests/interop/models.py.

    python tests/golden/interop/record.py

Runs under TensorFlow 1.15.5 (Python 3.7) and 2.x; writes `<version>/<network>.*` beside this file.
The graphs are compressed, so that the repository stays small.
"""

import glob
import gzip
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "interop"))

import worker  # noqa: E402 (found by the line above)

if __name__ == "__main__":
    tf = worker.tensorflow()
    target = os.path.join(HERE, "tensorflow-" + tf.VERSION)
    os.makedirs(target, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        worker.write_all(tf, folder)
        for path in glob.glob(os.path.join(folder, "files", "events", "*")):
            os.rename(path, os.path.join(os.path.dirname(path), "events.out.tfevents.1.host"))
        for saved in [*worker.SAVED_MODELS, "files"]:
            shutil.rmtree(os.path.join(target, saved), ignore_errors=True)
            shutil.move(os.path.join(folder, saved), target)
        for name in sorted(set(os.listdir(folder)) - {"checkpoint"}):
            with open(os.path.join(folder, name), "rb") as file:
                contents = file.read()
            if name.endswith((".meta", ".json")):
                name, contents = name + ".gz", gzip.compress(contents)
            with open(os.path.join(target, name), "wb") as file:
                file.write(contents)
