"""Files and directories under TensorFlow's names and with its errors.

Each function has two names: `tf.io.gfile.exists(path)` and `tf.gfile.Exists(filename)`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphflow.core import errors
from graphflow.core.compat import as_str_any
from graphflow.core.export import export
from graphflow.formats.durable import file_errors
from graphflow.platform.file_io import local_path
from graphflow.platform.matching import matching

Entry = tuple[str, list[str], list[str]]


@dataclass(frozen=True, slots=True)
class FileStatistics:
    """What `stat` tells of a file.

    Args:
        length: its size in bytes.
        mtime_nsec: when it was changed, in nanoseconds since 1970.
        is_directory: whether it is a directory.
    """

    length: int
    mtime_nsec: int
    is_directory: bool


# --- the modern names ---
@export("io.gfile.exists")
def exists(path: Any) -> bool:
    """Returns whether a file or directory is there."""
    return os.path.exists(local_path(path))


@export("io.gfile.remove")
def remove(path: Any) -> None:
    """Deletes a file.

    Raises:
        NotFoundError: if it is not there.
        FailedPreconditionError: if it is a directory.
    """
    where = local_path(path)
    with file_errors(where):
        os.unlink(where)


@export("io.gfile.glob")
def glob(pattern: Any) -> list[str]:
    """Returns the paths that match shell patterns, in the order the system lists them.

    Args:
        pattern: a pattern, or several; `*` and `?` match no slash, and `**` is no more than `*`.

    Raises:
        NotFoundError: if the directory before the first wildcard is not there.
    """
    patterns = [pattern] if isinstance(pattern, str) else pattern
    return [path for one in patterns for path in matching(one)]


@export("io.gfile.mkdir")
def mkdir(path: Any) -> None:
    """Makes a directory; one that is there already is fine.

    Raises:
        NotFoundError: if its parent is not there.
    """
    where = local_path(path)
    if where and not os.path.exists(where):
        with file_errors(where):
            os.mkdir(where)


@export("io.gfile.makedirs")
def makedirs(path: Any) -> None:
    """Makes a directory and its parents, where they are not there already.

    Raises:
        FailedPreconditionError: if a parent is a file.
    """
    where = local_path(path)
    if where and not os.path.exists(where):
        with file_errors(where):
            os.makedirs(where, exist_ok=True)


@export("io.gfile.copy")
def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copies a file and its permissions.

    Args:
        src: the file.
        dst: the path of the copy.
        overwrite: whether a file may be there.

    Raises:
        AlreadyExistsError: if a file is there and not `overwrite`.
        NotFoundError: if `src` or the directory of `dst` is not there.
    """
    source, target = local_path(src), local_path(dst)
    _check_free(target, overwrite)
    with file_errors(source):
        if os.path.isdir(source):
            raise errors.InvalidArgumentError(None, None, f"{target}; Invalid argument")
        try:
            shutil.copyfile(source, target)
        except shutil.SameFileError:
            return  # TensorFlow empties the file
        shutil.copymode(source, target)


@export("io.gfile.rename")
def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Gives a file or directory another path.

    Args:
        src: the path it has.
        dst: the path it gets.
        overwrite: whether a file may be there.

    Raises:
        AlreadyExistsError: if a file is there and not `overwrite`.
        NotFoundError: if `src` or the directory of `dst` is not there.
    """
    source, target = local_path(src), local_path(dst)
    _check_free(target, overwrite)
    with file_errors(source):
        os.replace(source, target)


def _check_free(target: str, overwrite: bool) -> None:
    if not overwrite and os.path.exists(target):
        raise errors.AlreadyExistsError(None, None, "file already exists")


@export("io.gfile.rmtree")
def rmtree(path: Any) -> None:
    """Deletes a directory and everything in it.

    Raises:
        NotFoundError: if it is not there.
        FailedPreconditionError: if it is no directory (of a link, nothing is deleted).
    """
    where = local_path(path)
    if not os.path.exists(where):
        raise errors.NotFoundError(None, None, f"{where} not found")
    if not os.path.isdir(where) or os.path.islink(where):
        raise errors.FailedPreconditionError(None, None, f"{where}; Not a directory")
    with file_errors(where):
        shutil.rmtree(where)


@export("io.gfile.isdir")
def isdir(path: Any) -> bool:
    """Returns whether the path is a directory."""
    return os.path.isdir(local_path(path))


@export("io.gfile.listdir")
def listdir(path: Any) -> list[str]:
    """Returns the names in a directory, in the system's order.

    Raises:
        NotFoundError: if it is no directory.
    """
    where = local_path(path)
    if not os.path.isdir(where):
        raise errors.NotFoundError(None, None, f"Could not find directory {as_str_any(path)}")
    with file_errors(where):
        return os.listdir(where)


@export("io.gfile.walk")
def walk(
    top: Any, topdown: bool = True, onerror: Callable[[Exception], Any] | None = None
) -> Iterator[Entry]:
    """Yields (directory, names of directories in it, names of files in it) for a tree.

    Args:
        top: the directory to begin with.
        topdown: whether a directory comes before those in it.
        onerror: called with the error of a directory that cannot be listed; it is then left out.
    """
    folder = as_str_any(top)
    try:
        names = listdir(folder)
    except errors.NotFoundError as e:
        if onerror is not None:
            onerror(e)
        return
    inner = [name for name in names if isdir(os.path.join(folder, name))]
    own = (folder, inner, [name for name in names if name not in set(inner)])
    if topdown:
        yield own
    for name in inner:
        yield from walk(os.path.join(folder, name), topdown, onerror)
    if not topdown:
        yield own


@export("io.gfile.stat")
def stat(path: Any) -> FileStatistics:
    """Returns size, time of change and kind of a file.

    Raises:
        NotFoundError: if it is not there.
    """
    where = local_path(path)
    with file_errors(where):
        found = Path(where).stat()
    return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(where))


# --- the same under the names and argument names of TensorFlow 1 ---
@export("gfile.Exists")
def Exists(filename: Any) -> bool:
    """Returns whether a file or directory is there: see `exists`."""
    return exists(filename)


@export("gfile.Remove")
def Remove(filename: Any) -> None:
    """Deletes a file: see `remove`."""
    remove(filename)


@export("gfile.Glob")
def Glob(filename: Any) -> list[str]:
    """Returns the paths that match shell patterns: see `glob`."""
    return glob(filename)


@export("gfile.MkDir")
def MkDir(dirname: Any) -> None:
    """Makes a directory: see `mkdir`."""
    mkdir(dirname)


@export("gfile.MakeDirs")
def MakeDirs(dirname: Any) -> None:
    """Makes a directory and its parents: see `makedirs`."""
    makedirs(dirname)


@export("gfile.Copy")
def Copy(oldpath: Any, newpath: Any, overwrite: bool = False) -> None:
    """Copies a file: see `copy`."""
    copy(oldpath, newpath, overwrite)


@export("gfile.Rename")
def Rename(oldname: Any, newname: Any, overwrite: bool = False) -> None:
    """Gives a file another path: see `rename`."""
    rename(oldname, newname, overwrite)


@export("gfile.DeleteRecursively")
def DeleteRecursively(dirname: Any) -> None:
    """Deletes a directory and everything in it: see `rmtree`."""
    rmtree(dirname)


@export("gfile.IsDirectory")
def IsDirectory(dirname: Any) -> bool:
    """Returns whether the path is a directory: see `isdir`."""
    return isdir(dirname)


@export("gfile.ListDirectory")
def ListDirectory(dirname: Any) -> list[str]:
    """Returns the names in a directory: see `listdir`."""
    return listdir(dirname)


@export("gfile.Walk")
def Walk(top: Any, in_order: bool = True) -> Iterator[Entry]:
    """Yields the directories of a tree with their contents: see `walk`."""
    return walk(top, in_order)


@export("gfile.Stat")
def Stat(filename: Any) -> FileStatistics:
    """Returns size, time of change and kind of a file: see `stat`."""
    return stat(filename)
