"""`graphflow ckpt`: lists, prints and verifies the tensors of a checkpoint."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from typing import Final

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.errors import OpError
from graphflow.formats.bundle import CheckpointReader
from graphflow.formats.checkpoint_state import checkpoint_exists, latest_checkpoint
from graphflow.formats.checkpoint_v1 import open_checkpoint

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_VARIABLE_SIZE: Final = -1


def list_tensors(prefix: str, verify: bool) -> int:
    """Prints each tensor with type, shape and size, and the total; returns the exit status.

    Args:
        prefix: the checkpoint, one of its files, or a folder.
        verify: whether every value is read, which checks the checksums.
    """
    reader = _opened(prefix)
    rows = [("tensor", "dtype", "shape", "size")]
    total = damaged = 0
    for name, (dtype, shape) in reader.dtype_shape_map().items():
        size = _bytes(dtype, shape)
        total += max(size, 0)
        rows.append((name, dtype.name, _shape(shape), human(size) if size >= 0 else "varies"))
    _print_table(rows)
    for name in reader.names() if verify else ():
        try:
            reader.read(name)
        except OpError as e:
            damaged += 1
            print(f"graphflow ckpt: {e.message.splitlines()[0]}", file=sys.stderr)
    n = len(rows) - 1
    checked = "" if not verify else f", {damaged} damaged" if damaged else ", all verified"
    print(f"{n} tensor{'s' * (n != 1)}, {human(total)}{checked}")
    return int(damaged > 0)


def print_tensor(prefix: str, name: str) -> int:
    """Prints the values of one tensor; returns the exit status."""
    reader = _opened(prefix)
    if not reader.has(name):
        print(f"graphflow ckpt: {prefix} has no tensor {name!r}", file=sys.stderr)
        return 1
    dtype, shape = reader.dtype_shape_map()[name]
    print(f"{name}  {dtype.name}  {_shape(shape)}")
    with np.printoptions(threshold=1000, linewidth=100):
        print(reader.read(name))
    return 0


def human(size: int) -> str:
    """A number of bytes in the unit that suits it."""
    amount, unit = float(size), 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{size} B" if unit == 0 else f"{amount:.1f} {_UNITS[unit]}"


def _opened(prefix: str) -> CheckpointReader:
    if os.path.isdir(prefix):
        found = latest_checkpoint(prefix)
        if found is None:
            raise ValueError(f"no checkpoint in {prefix}")
        prefix = found
    for ending in (".index", ".meta"):
        prefix = prefix.removesuffix(ending)
    head, mark, tail = prefix.rpartition(".data-")
    if mark and "-of-" in tail:
        prefix = head
    if not checkpoint_exists(prefix):
        raise ValueError(f"no checkpoint {prefix}")
    return open_checkpoint(prefix)


def _bytes(dtype: DType, shape: tuple[int, ...]) -> int:
    if dtype.name in ("string", "resource", "variant"):
        return _VARIABLE_SIZE
    return math.prod(shape) * int(np.dtype(dtype.as_numpy_dtype).itemsize)


def _shape(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    for name, dtype, shape, size in rows:
        print(f"{name:<{widths[0]}}  {dtype:<{widths[1]}}  {shape:<{widths[2]}}  {size:>10}")
