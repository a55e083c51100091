"""Reads what `tests/golden/kernels/record_kernels.py` recorded from TensorFlow 1.15.5."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

FILE = Path(__file__).parents[1] / "golden" / "kernels" / "kernels.npz"
LARGE = 40000  # elements: from here on a digest is recorded


@dataclass
class Case:
    """One recorded op: attributes, inputs, and the outputs of each run."""

    op: str
    attrs: dict[str, Any]
    inputs: dict[str, Array]
    runs: list[list[Any]]

    def __str__(self) -> str:
        return f"{self.op} {self.attrs} { {k: v.dtype for k, v in self.inputs.items()} }"


def numpy_dtype(name: str) -> np.dtype[Any]:
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def _load() -> Iterator[Case]:
    with np.load(FILE) as file:
        index, data = json.loads(file["index"].tobytes()), file["data"].tobytes()
    assert index["tensorflow"] == "1.15.5"
    at = 0
    for row in index["cases"]:
        inputs: dict[str, Array] = {}
        outputs: list[Any] = []
        for name, dtype, shape in row["arrays"]:
            kind = numpy_dtype(dtype)
            size = 32 if prod(shape) >= LARGE else prod(shape) * kind.itemsize
            part, at = data[at : at + size], at + size
            if prod(shape) >= LARGE:
                outputs.append(part)
                continue
            array = np.frombuffer(part, kind).reshape(shape)  # read-only: kernels must not write
            if name.startswith("out") and name[3:].isdigit():
                outputs.append(array)
            else:
                inputs[name] = array
        each = len(outputs) // row["runs"]
        runs = [outputs[i * each : (i + 1) * each] for i in range(row["runs"])]
        yield Case(row["op"], row["attrs"], inputs, runs)
    assert at == len(data)


CASES = list(_load())


def cases(*ops: str) -> list[Case]:
    """The recorded cases of these ops."""
    found = [case for case in CASES if case.op in ops]
    assert found
    return found
