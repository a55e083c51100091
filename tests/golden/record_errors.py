"""Records what TensorFlow 1.15.5 says to the bad inputs of tests/errors, each in its own process.

Run from the project's root with the oracle's Python 3.7:
`TF_CPP_MIN_LOG_LEVEL=3 .oracle/tf115/bin/python -W ignore tests/golden/record_errors.py`.
It fails if a case's phrase is not in TensorFlow's message.
"""

import datetime
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import tensorflow as tf  # noqa: E402

from tests.errors import harness  # noqa: E402
from tests.errors.table import CASES  # noqa: E402

PATH = ROOT / "tests" / "golden" / "errors" / "errors_1_15_5.json"
LONGEST = 400  # characters of a message that are kept


def main():
    tf.compat.v1.logging.set_verbosity("ERROR")
    records = [recorded_apart(case) for case in CASES]
    wrong = [line for i, case in enumerate(CASES) for line in complaints(case, records[i])]
    recording = {
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
        "cases": records,
    }
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(json.dumps(recording, indent=0, sort_keys=True) + "\n")
    print("\n".join(wrong))
    print(len(records), "cases,", sum(row["class"] is None for row in records), "of them no error")
    return 1 if wrong else 0


def recorded_apart(case):
    """Returns the record of one case, made in a forked process."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        folder = tempfile.mkdtemp()
        os.chdir(folder)  # some snippets write into the current folder
        text = json.dumps(record(case, folder))
        shutil.rmtree(folder)
        with os.fdopen(writing, "w") as pipe:
            pipe.write(text)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text)


def record(case, folder):
    """Runs a case and returns its code with what TensorFlow did."""
    outcome = harness.execute(tf, case.number, case.code, folder)
    row = {"id": case.number, "title": case.title, "code": case.code, "phrase": case.says}
    row.update(names_line=bool(case.names_line))
    error = outcome.error
    row["class"] = None if error is None else harness.public_class(tf, error)
    if error is None:
        row["result"] = harness.plain(outcome.result)
        return row
    operation = getattr(error, "op", None)
    row["message"] = cleaned(str(error), folder)
    row["op"] = operation.name if operation is not None else None
    row["line"] = outcome.line
    if operation is not None:
        row["line"] = harness.made_line(operation, case.number)
    elif case.names_line is not True and case.names_line:
        row["line"] = case.names_line
    return row


def cleaned(message, folder):
    """Returns a message without stack traces and this machine's paths, cut to a usual length."""
    message = message.replace(folder, "$TMP")
    message = message.split("\nOriginal stack trace")[0].split("\n\nErrors may have originated")[0]
    message = message.split("\n\n  File ")[0]
    message = re.sub(r"\s*\(defined at [^)]*\)", "", message)
    return message.strip()[:LONGEST]


def complaints(case, row):
    """Returns what of a record does not agree with its case."""
    where = "%d (%s): " % (case.number, case.title)
    if case.says is None:
        return [] if row["class"] is None else [where + "raised " + row["message"]]
    if row["class"] is None:
        return [where + "raised nothing"]
    lines = []
    if case.says not in row["message"]:
        lines.append(where + "%r is not in %r" % (case.says, row["message"]))
    if case.names_line and not row["line"]:
        lines.append(where + "no line is known")
    return lines


if __name__ == "__main__":
    sys.exit(main())
