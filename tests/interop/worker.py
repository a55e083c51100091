"""TensorFlow's side of an exchange of files: `python worker.py <folder> <folder>`.

Writes its own files and results into the second folder, then reads graphflow's from the first,
executes their graphs, and prints every difference. Runs under TensorFlow 1.15.5 (Python 3.7) and
2.x.
"""

import json
import os
import sys
import warnings

warnings.simplefilter("ignore")
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import files  # noqa: E402 (found by the line above)
import models  # noqa: E402 (found by the line above)
import saved_models  # noqa: E402 (found by the line above)

SAVED_MODELS = ["saved_model_binary", "saved_model_text"]


def tensorflow():
    """Returns the 1.x face of whichever TensorFlow there is."""
    import tensorflow

    tf = tensorflow.compat.v1
    tf.disable_v2_behavior()
    tf.logging.set_verbosity(tf.logging.ERROR)
    return tf


def write_all(tf, folder):
    """Writes each network's checkpoint, graph and results, SavedModels, and other files."""
    for name in models.MODELS:
        prefix = os.path.join(folder, name)
        with open(prefix + ".json", "w") as file:
            json.dump(models.write(tf, name, prefix), file)
    files.write(tf, os.path.join(folder, "files"))
    for as_text in (False, True):
        saved_models.write(tf, os.path.join(folder, SAVED_MODELS[as_text]), as_text)


def read_all(tf, folder, who):
    """Reads each network both ways; returns the differences."""
    found = []
    for name in models.MODELS:
        prefix = os.path.join(folder, name)
        with open(prefix + ".json") as file:
            want = json.load(file)
        for how in (models.restore, models.read):
            lines = models.differences(want, how(tf, name, prefix))
            found += [f"{who}, {how.__name__} of {name}: {line}" for line in lines]
    found += [f"{who}, {line}" for line in files.read(tf, os.path.join(folder, "files"))]
    for name in SAVED_MODELS:
        lines = saved_models.differences(os.path.join(folder, name), tf)
        found += [f"{who}, {name}: {line}" for line in lines]
    return found


if __name__ == "__main__":
    ours, theirs = sys.argv[1:]
    tf = tensorflow()
    write_all(tf, theirs)
    differences = read_all(tf, ours, "TensorFlow " + tf.VERSION) if os.listdir(ours) else []
    print("\n".join(differences))
    sys.exit(bool(differences))
