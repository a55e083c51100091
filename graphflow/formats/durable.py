"""Writing files so that a crash, a kill or a power cut leaves the old or the new, never a mixture.

TensorFlow renames without ever flushing to the disk, so a power cut can leave a renamed but empty
file. Here a file reaches the disk before its name does, and the name before its predecessor goes.
A writer that dies leaves a temporary file, which the next writer into the directory removes: the
living hold a lock on theirs.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from graphflow.core import errors

try:
    import fcntl
except ImportError:  # Windows: no locks, hence no removal of other writers' files
    fcntl = None  # type: ignore[assignment]  # asked for before each use

TEMPORARY_SUFFIX: Final = ".graphflow-tmp"

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
