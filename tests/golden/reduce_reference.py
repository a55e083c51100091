"""Reduces lists of TensorFlow 1.15.5's operations and public functions to what the tests need.

    python tests/golden/reduce_reference.py opdefs.json api.tsv

In: every OpDef of the registry as JSON, and a line (name, kind, signature, ...) for every public
symbol. Out: opdefs.json.gz, api.tsv.gz and api_use.tsv.gz beside this file; the last says how many
of 77 public repositories of TF1 programs use each symbol.
"""

from __future__ import annotations

import gzip
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def write(name: str, text: str) -> None:
    with (HERE / name).open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
        out.write(text.encode())


def main(opdefs: str, api: str) -> None:
    ops = json.loads(pathlib.Path(opdefs).read_text())
    write("opdefs.json.gz", json.dumps(ops, sort_keys=True))
    lines = [line.split("\t")[:3] for line in pathlib.Path(api).read_text().splitlines()]
    known = [line for line in lines if line[1] in ("function", "class")]
    write("api.tsv.gz", "".join("\t".join(line) + "\n" for line in known))
    rows = [line.split("\t") for line in pathlib.Path(api).read_text().splitlines()[1:]]
    used = [(r[0], r[1], r[3]) for r in rows if r[1] != "not in 1.15"]
    write("api_use.tsv.gz", "".join("\t".join(r) + "\n" for r in used))


if __name__ == "__main__":
    main(*sys.argv[1:])
