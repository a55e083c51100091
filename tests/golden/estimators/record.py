"""Records what tf.estimator does, as files, under TensorFlow 1.15.5."""

import gzip
import importlib.util
import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "estimators"))
MODULES = (
    "estimator_runs",
    "estimator_heads",
    "estimator_loops",
    "estimator_mistakes",
    "estimator_frames",
    "canned_runs",
    "tpu_runs",
)


def recorded(tf, scenario):
    """What a scenario finds, in a folder and a graph of its own."""
    with tempfile.TemporaryDirectory() as folder, tf.Graph().as_default():
        return scenario(tf, folder)


def main():
    import tensorflow as tf

    for name in sys.argv[1:] or MODULES:
        if name == "estimator_frames" and importlib.util.find_spec("pandas") is None:
            print("no pandas: its input functions are not recorded")
            continue
        found = {}
        for scenario, call in importlib.import_module(name).SCENARIOS.items():
            found[scenario] = recorded(tf, call)
            print(name, scenario, flush=True)
        text = json.dumps({"tensorflow": tf.__version__, "scenarios": found}, indent=0) + "\n"
        with gzip.GzipFile(str(HERE / (name + ".json.gz")), "wb", mtime=0) as file:
            file.write(text.encode())


if __name__ == "__main__":
    main()
