"""Reduces lists of TensorFlow 1.15.5's operations and public functions to what the tests need.

    python tests/golden/reduce_reference.py opdefs.json api.tsv

In: every OpDef of the registry as JSON, and a line (name, kind, signature, ...) for every public
symbol. Out: opdefs.json.gz and api.tsv.gz beside this file.
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


if __name__ == "__main__":
    main(*sys.argv[1:])
