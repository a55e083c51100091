"""Writing files so that a crash, a kill or a power cut leaves the old or the new, never a mixture.

TensorFlow renames without ever flushing to the disk, so a power cut can leave a renamed but empty
file. Here a file reaches the disk before its name does, and the name before its predecessor goes.
A writer that dies leaves a temporary file, which the next writer into the directory removes: the
living hold a lock on theirs.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from graphflow.core import errors

try:
    import fcntl
except ImportError:  # Windows: no locks, hence no removal of other writers' files
    fcntl = None  # type: ignore[assignment]  # asked for before each use

TEMPORARY_SUFFIX: Final = ".graphflow-tmp"
_BEHIND: Final = 8 << 20  # bytes that the disk gets at once
_RANGE_WRITE: Final = 2  # begin, and wait for nothing

_CLASSES = {
    errno.ENOENT: errors.NotFoundError,
    errno.EACCES: errors.PermissionDeniedError,
    errno.EPERM: errors.PermissionDeniedError,
    errno.EROFS: errors.PermissionDeniedError,
    errno.EEXIST: errors.AlreadyExistsError,
    errno.ENOTDIR: errors.FailedPreconditionError,
    errno.EISDIR: errors.FailedPreconditionError,
    errno.ENOSPC: errors.ResourceExhaustedError,
    errno.EMFILE: errors.ResourceExhaustedError,
    errno.ENOTEMPTY: errors.FailedPreconditionError,
    errno.EBUSY: errors.FailedPreconditionError,
    errno.EINVAL: errors.InvalidArgumentError,
    errno.ENAMETOOLONG: errors.InvalidArgumentError,
    errno.EXDEV: errors.UnimplementedError,
}


@contextlib.contextmanager
def file_errors(path: str | Path) -> Iterator[None]:
    """Turns OSError into TensorFlow's error class, with the file's name in front."""
    try:
        yield
    except OSError as e:
        kind = _CLASSES.get(e.errno or 0, errors.UnknownError)
        raise kind(None, None, f"{e.filename or path}; {e.strerror or e}") from e


def sync(file: BinaryIO) -> None:
    """Returns when all that was written to the file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Returns when the names in a directory are on the disk (where the system can tell)."""
    with contextlib.suppress(OSError):  # Windows cannot open directories
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


class WrittenBehind:
    """Writes to a file that a `sync` will follow: the disk works from the first megabytes on.

    Left alone, the system begins when the sync asks for it, with everything. Only a hint to begin
    is given, and none where there is no such call; what is durable is the sync's business.

    Args:
        file: an empty file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._written = 0
        self._begun = 0

    def write(self, data: Any) -> None:
        """Appends the bytes of a buffer of single bytes."""
        self._file.write(data)
        self._written += len(data)
        if self._written - self._begun >= _BEHIND:
            # Whole pages only: a page on its way to the disk cannot take more bytes.
            end = self._written // _BEHIND * _BEHIND
            _begin_writing()(self._file.fileno(), self._begun, end - self._begun, _RANGE_WRITE)
            self._begun = end


@functools.cache
def _begin_writing() -> Callable[[int, int, int, int], object]:
    """Linux's `sync_file_range`; elsewhere something that does nothing."""
    if sys.platform != "linux":
        return lambda *_: 0
    import ctypes  # for large files only

    try:
        found = ctypes.CDLL(None).sync_file_range
    except (OSError, AttributeError):
        return lambda *_: 0
    found.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    return found


@contextlib.contextmanager
def directory_lock(path: Path) -> Iterator[bool]:
    """Lets one writer at a time into a directory; gives False where that cannot be had.

    The lock is on the directory itself, across threads and processes; it leaves no file, and the
    system frees it when its owner dies. It does not nest.
    """
    try:
        fd = os.open(path, os.O_RDONLY) if fcntl else -1
    except OSError:
        fd = -1
    try:
        yield fd >= 0 and _lock(fd, wait=True)
    finally:
        if fd >= 0:
            os.close(fd)


def _lock(fd: int, *, wait: bool) -> bool:
    """Locks an open file until it is closed; returns whether that succeeded."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # taken, or a file system without locks
        return False
    return True


def create_temporary(path: Path) -> BinaryIO:
    """Creates and opens a temporary file beside `path`; the caller holds `directory_lock`."""
    file = open(f"{path}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}", "xb")  # noqa: SIM115
    if fcntl:
        _lock(file.fileno(), wait=False)
    return file


def remove_orphans(directory: Path) -> None:
    """Removes the temporary files of dead writers; the caller holds `directory_lock`."""
    for path in directory.glob(f"*{TEMPORARY_SUFFIX}"):
        with contextlib.suppress(OSError), open(path, "rb") as file:
            if _lock(file.fileno(), wait=False):
                path.unlink()


def replace_file(path: str | Path, contents: bytes) -> None:
    """Gives a file new contents in one step.

    Raises:
        OpError: of the class that fits, if the system refuses; the old file is untouched.
    """
    path = Path(path)
    with file_errors(path), directory_lock(path.parent) as locked:
        file = create_temporary(path)
        try:
            with file:
                file.write(contents)
                sync(file)
            os.replace(file.name, path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
        sync_directory(path.parent)
        if locked:
            remove_orphans(path.parent)
