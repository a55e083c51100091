"""Reads NumPy's .npz files, arrays of Python objects included, without running any code.

In comes a path, out comes a dict of arrays. NumPy itself would unpickle arrays of objects.
"""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from typing import Any, Final

import numpy as np

from graphflow.core.errors import DataLossError
from graphflow.formats.pickled import read_pickle

__all__ = ["read_npz"]

_HEADERS: Final = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npz(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Returns the arrays in a file, by name.

    Args:
        path: the file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if an array holds objects other than numbers, texts, containers and arrays.
        DataLossError: if the file is damaged.
    """
    try:
        with zipfile.ZipFile(path) as file:
            members = {name: file.read(name) for name in file.namelist()}
    except (zipfile.BadZipFile, zlib.error, EOFError) as reason:
        raise DataLossError(None, None, f"{os.fspath(path)}: {reason}") from reason
    return {
        name.removesuffix(".npy"): _array(data, f"{os.fspath(path)}: {name}")
        for name, data in members.items()
        if name.endswith(".npy")
    }


def _array(data: bytes, name: str) -> Any:
    file = io.BytesIO(data)
    try:
        read_header = _HEADERS.get(np.lib.format.read_magic(file))
        if read_header is not None:
            shape, _, dtype = read_header(file)
            if dtype.char == "O":
                return _objects(data[file.tell() :], shape, name)
        file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)
    except ValueError as reason:
        raise ValueError(f"{name}: {reason}") from reason


def _objects(data: bytes, shape: tuple[int, ...], name: str) -> Any:
    found = read_pickle(data, name=name)
    if not isinstance(found, np.ndarray) or found.shape != shape:
        raise DataLossError(None, None, f"{name}: the pickle is no array of shape {shape}")
    return found
