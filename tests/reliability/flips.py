"""Every single bit of a checkpoint turned over, one after the other."""

from __future__ import annotations

import pathlib
from collections import Counter
from typing import Any

import numpy as np

from graphflow.core.errors import DataLossError, OpError
from graphflow.formats.bundle import BundleReader
from graphflow.formats.bundle_writer import write_bundle

VALUES: dict[str, Any] = {
    "dense/bias": np.arange(5, dtype=np.float32) - 2,
    "dense/kernel": np.arange(12, dtype=np.float64).reshape(3, 4),
    "step": np.array(7, np.int64),
    "words": np.array([b"a", b"", b"longer"], object),
}


def contents(prefix: pathlib.Path) -> dict[str, Any]:
    """All values of a checkpoint."""
    with BundleReader(prefix) as reader:
        return {name: reader.read(name) for name in reader.names()}


def equal(found: dict[str, Any]) -> bool:
    """Whether values are those that were saved."""
    return found.keys() == VALUES.keys() and all(
        found[k].dtype == v.dtype and found[k].shape == v.shape and (found[k] == v).all()
        for k, v in VALUES.items()
    )


def outcomes(folder: pathlib.Path) -> dict[str, Counter[str]]:
    """Flips each bit of index and data; returns how often what came of it, by file."""
    prefix = folder / "model"
    write_bundle(prefix, [(name, value, None) for name, value in VALUES.items()])
    found: dict[str, Counter[str]] = {}
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        seen = found[path.name.rpartition(".")[2][:5]] = Counter()
        for bit in range(8 * len(whole)):
            damaged = bytearray(whole)
            damaged[bit // 8] ^= 1 << bit % 8
            path.write_bytes(damaged)
            seen[_outcome(prefix)] += 1
        path.write_bytes(whole)
    return found


def _outcome(prefix: pathlib.Path) -> str:
    try:
        same = equal(contents(prefix))
    except DataLossError as e:
        named = any(name in str(e) for name in (*VALUES, "model"))
        return "reported" if named else "reported without a name"
    except OpError as e:
        return f"another error: {type(e).__name__}"
    return "no value changed" if same else "undetected"
