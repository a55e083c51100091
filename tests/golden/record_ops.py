"""Records what TensorFlow 1.15.5 makes of the rows in tests/cases.

    python3.7 tests/golden/record_ops.py [family ...] [--check]

Needs Python 3.7, tensorflow 1.15.5 and numpy. Writes tests/golden/ops/<family>.json.gz, one file a
row file: values, shapes, gradients and nodes by row. A file whose rows did not change stays as it
is. `--check` writes nothing; both print the rows that TensorFlow cannot run.
"""

from __future__ import annotations

import datetime
import gzip
import importlib.util
import json
import os
import pathlib
import re
import sys
import warnings

warnings.simplefilter("ignore")
os.environ.update(GRAPHFLOW_ROWS_TF="tensorflow", TF_CPP_MIN_LOG_LEVEL="3")
HERE = pathlib.Path(__file__).resolve().parent
CASES = HERE.parent / "cases"


def load(name):
    """Imports a module of tests/cases as a top-level one, without its folder on sys.path."""
    spec = importlib.util.spec_from_file_location(name, str(CASES / (name + ".py")))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def record(row):
    """Everything that a test compares: of one row, or of one mistake."""
    if hasattr(row, "says"):
        error, stage, known = run.mistake(row)
        if error is None:
            return {"error": None, "at": stage}
        return {
            "error": run.public_class(error), "at": stage, "known": known, "message": text(error),
        }  # fmt: skip
    try:
        return _facts(row)
    except Exception as error:
        return {"failed": type(error).__name__ + ": " + text(error)}


def text(error):
    """An error's message without the place where TensorFlow stands on this machine."""
    message = str(error).split("\n\t [[")[0].split("Traceback")[0]
    return re.sub(r" ?\(defined at [^)]*\)", "", message)[:400]


def _facts(row):
    built = run.Built(row)
    facts = {
        "inputs": run.fingerprint(built.arrays),
        "nodes": [run.node_line(op) for op in built.operations],
        "static": [run.static(x) for x in built.tensors],
        "dtypes": [x.dtype.base_dtype.name for x in built.tensors],
    }
    facts["unknown"], types = _unknown(row)
    facts["types"] = sorted({op.type for op in built.operations}.union(types))
    with built.session() as session:
        outputs = built.run(session)
    facts["outputs"] = [run.encode(x) for x in outputs]
    if row.grad is True:
        facts["gradients"] = _gradients(built, outputs)
    return facts


def _unknown(row):
    try:
        built = run.Built(row, "ranks")
        return [run.static(x) for x in built.tensors], [op.type for op in built.operations]
    except Exception as error:
        return {"failed": type(error).__name__}, []


def _gradients(built, outputs):
    try:
        wanted = built.gradients(outputs)
        asked = [g for g in wanted if g is not None]
        with built.session() as session:
            found = iter(built.run(session, extra=asked) if asked else [])
        return [None if g is None else run.encode(next(found)) for g in wanted]
    except Exception as error:
        return {"failed": type(error).__name__ + ": " + text(error)}


def complaint(row, facts):
    """What is wrong with a row as TensorFlow sees it, or None."""
    if row.golden is not True:
        return None
    if not hasattr(row, "says"):
        types = facts.get("types", ())
        missing = "no %s among the nodes: %s" % (row.op_type, " ".join(types))
        return facts.get("failed") or (None if row.op_type in types else missing)
    if facts["error"] is None:
        return "no error"
    if (facts["error"], facts["at"]) != (row.error, row.at):
        return "%s at %s: %s" % (facts["error"], facts["at"], facts["message"][:120])
    return None if row.says in facts["message"] else "says: " + facts["message"][:200]


def save(family, rows):
    """Writes a family's recordings, unless they are what the file already holds."""
    path = HERE / "ops" / (family + ".json.gz")
    path.parent.mkdir(exist_ok=True)
    if path.exists() and json.loads(gzip.decompress(path.read_bytes()).decode())["rows"] == rows:
        return
    whole = {
        "tensorflow": tf.__version__,
        "recorded": datetime.date.today().isoformat(),
        "rows": rows,
    }
    data = json.dumps(whole, sort_keys=True).encode()
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
        out.write(data)


def main():
    """Records all families, or those of the command line."""
    families = [a for a in sys.argv[1:] if not a.startswith("-")]
    bad = 0
    by_family = {}
    for row in rows.collect(*families):
        facts = json.loads(json.dumps(record(row)))
        by_family.setdefault(row.family, {})[row.id] = facts
        problem = complaint(row, facts)
        if problem:
            bad += 1
            print("%s: %s: %s" % (row.family, row.id, " ".join(problem.split())))
    for family, facts in by_family.items():
        if "--check" not in sys.argv:
            save(family, facts)
        print("%s: %d rows" % (family, len(facts)))
    for path in (HERE / "ops").glob("*.json.gz") if not families else []:
        if path.name.split(".")[0] not in by_family:
            path.unlink()
    return bad


if __name__ == "__main__":
    import tensorflow as tf

    tf.compat.v1.logging.set_verbosity("ERROR")
    rows = load("_rows")
    run = load("_run")
    sys.exit(1 if main() else 0)
