"""tf.resource_loader: files that lie beside a program."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from graphflow.core.export import export

_RUNFILES: Final = ".runfiles"


def _root() -> str:
    return str(Path(__file__).resolve().parents[1])


@export("resource_loader.load_resource")
def load_resource(path: str) -> bytes:
    """Returns the contents of a file of the package.

    Args:
        path: relative to the package's folder.

    Raises:
        OSError: if it cannot be read.
    """
    with open(os.path.join(_root(), path), "rb") as file:
        return file.read()


@export("resource_loader.get_data_files_path")
def get_data_files_path() -> str:
    """Returns the folder of the file that calls."""
    return os.path.dirname(sys._getframe(1).f_code.co_filename)


@export("resource_loader.get_root_dir_with_all_resources")
def get_root_dir_with_all_resources() -> str:
    """Returns the folder of a program's data: within Bazel's runfiles, else the caller's own."""
    own = os.path.dirname(sys._getframe(1).f_code.co_filename)
    inner = Path(own)
    for outer in inner.parents:
        if _RUNFILES in outer.name:
            return str(inner)
        inner = outer
    return own


@export("resource_loader.get_path_to_datafile")
def get_path_to_datafile(path: str) -> str:
    """Returns the path of a file in the folder of the file that calls.

    Args:
        path: relative to that folder.
    """
    return os.path.join(os.path.dirname(sys._getframe(1).f_code.co_filename), path)


@export("resource_loader.readahead_file_path")
def readahead_file_path(path: str, readahead: str = "128M") -> str:
    """Returns the path as it is.

    Args:
        path: a path.
        readahead: ignored.
    """
    return path
