"""Records the programs of tests/programs with TensorFlow 1.15.5 into golden/programs/.

Run from the project's root with the oracle's Python 3.7:
`TF_CPP_MIN_LOG_LEVEL=3 .oracle/tf115/bin/python -W ignore tests/golden/record_programs.py`,
followed by program names to record only those.
"""

import datetime
import gzip
import io
import json
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import tensorflow as tf  # noqa: E402

from tests.programs import record  # noqa: E402

FOLDER = ROOT / "tests" / "golden" / "programs"


def main(names):
    tf.compat.v1.logging.set_verbosity("ERROR")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or record.PROGRAMS:
        graph, program = record.build(tf, name)
        recording = {
            "tensorflow": tf.__version__,
            "date": datetime.date.today().isoformat(),
            "program": name,
            **record.structure(graph),
            **record.training(tf, graph, program),
        }
        if program.resumed:
            with tempfile.TemporaryDirectory() as folder:
                recording["resumed"] = record.resumed(tf, graph, program, folder + "/saved")
        path = FOLDER / (name + ".json.gz")
        text = json.dumps(recording, separators=(",", ":"), sort_keys=True)
        path.write_bytes(pack(text))
        losses = recording["losses"]
        print(
            name,
            len(recording["nodes"]),
            "nodes",
            losses[0],
            "->",
            losses[-1],
            recording["accuracy"],
        )


def pack(text):
    """Returns gzip bytes that do not hold the time of the day."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(text.encode())
    return buffer.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
