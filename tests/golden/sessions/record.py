"""Records sessions, loops, savers, summaries and graphs as files under TensorFlow 1.15.5."""

import gzip
import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "sessions"))


def main():
    import shown
    import tensorflow as tf

    tf.compat.v1.logging.set_verbosity("ERROR")
    found = {}
    for name in shown.MODULES:
        for scenario, rows in importlib.import_module(name).SCENARIOS.items():
            found[scenario] = shown.outcomes(tf, rows)
            print(scenario, len(found[scenario]), flush=True)
    text = json.dumps({"tensorflow": tf.__version__, "scenarios": found}, indent=0) + "\n"
    with gzip.GzipFile(str(HERE / "sessions.json.gz"), "wb", mtime=0) as file:
        file.write(text.encode())


if __name__ == "__main__":
    main()
