"""FileIO: files as TensorFlow opens them, which is close to Python's way but not the same.

A file is opened at its first use, so a wrong name shows there; reading and writing have positions
of their own; a closed file opens again when it is used again.
"""

from __future__ import annotations

import binascii
import os
import re
import uuid
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, Self

from graphflow.core import errors
from graphflow.core.compat import as_bytes, as_str_any
from graphflow.core.export import export
from graphflow.formats.durable import file_errors

_MODES: Final = ("r", "w", "a", "r+", "w+", "a+")
_BUFFER: Final = 512 * 1024
_BLOCK: Final = 16 * 1024 * 1024
_SCHEME: Final = re.compile(r"([a-zA-Z][0-9a-zA-Z.]*)://")
_WHENCE: Final = "Invalid whence argument: {}. Valid values are 0, 1, or 2."


def local_path(name: str | bytes) -> str:
    """Returns the path of a file name that may be bytes, or start with "file://".

    Raises:
        TypeError: if it is neither str nor bytes.
        UnimplementedError: if its scheme is another one.
    """
    path = os.fsdecode(as_bytes(name, "utf-8"))
    scheme = _SCHEME.match(path)
    if scheme is None:
        return path
    if scheme[1] == "file":
        return path[scheme.end() :]
    raise errors.UnimplementedError(
        None, None, f"File system scheme '{scheme[1]}' not implemented (file: '{path}')"
    )


class FileIO:
    """A file that is read as text or bytes, written, or both.

    Args:
        name: the path.
        mode: "r", "w", "a", "r+", "w+" or "a+"; with a "b" it is read as bytes.

    Raises:
        InvalidArgumentError: for another mode.

    Note:
        Lines lose their carriage returns. The first write in mode "r+" empties the file, as it
        does in TensorFlow.
    """

    def __init__(self, name: Any, mode: str) -> None:
        self.__name = name
        self.__mode = mode
        self._reader: BinaryIO | None = None
        self._writer: BinaryIO | None = None
        self._binary_mode = "b" in mode
        kind = mode.replace("b", "")
        if kind not in _MODES:
            raise errors.InvalidArgumentError(
                None, None, "mode is not 'r' or 'w' or 'a' or 'r+' or 'w+' or 'a+'"
            )
        self._may_read = kind not in ("w", "a")
        self._may_write = kind != "r"

    @property
    def name(self) -> Any:
        """The path, as it was given."""
        return self.__name

    @property
    def mode(self) -> str:
        """The mode, as it was given."""
        return self.__mode

    # --- reading ---
    def _opened_to_read(self) -> BinaryIO:
        if self._reader is None:
            if not self._may_read:
                raise errors.PermissionDeniedError(None, None, "File isn't open for reading")
            path = local_path(self.__name)
            with file_errors(path):
                self._reader = open(path, "rb", buffering=_BUFFER)  # noqa: SIM115
        return self._reader

    def _prepared(self, found: bytes) -> Any:
        return found if self._binary_mode else found.decode()

    def size(self) -> int:
        """The size of the file in bytes.

        Raises:
            NotFoundError: if there is no such file.
        """
        path = local_path(self.__name)
        with file_errors(path):
            return os.stat(path).st_size

    def read(self, n: int = -1) -> Any:
        """Returns up to `n` bytes (or the text in them) from the current position on.

        Args:
            n: how many bytes; -1: all that is left.

        Raises:
            OverflowError: if `n` is negative otherwise.
            PermissionDeniedError: if the file is not open for reading.
            UnicodeDecodeError: if text is asked for and the bytes are none.
        """
        file = self._opened_to_read()
        if not isinstance(n, int):
            raise TypeError(f"read(): n must be an integer, not {type(n).__name__}")
        if n < -1:
            raise OverflowError(f"read(): n must be -1 or more, not {n}")
        with file_errors(self.__name):
            return self._prepared(file.read(n))

    def readline(self) -> Any:
        """Returns the next line, with its newline; empty at the end."""
        with file_errors(self.__name):
            line = self._opened_to_read().readline()
        return self._prepared(line.replace(b"\r", b""))

    def readlines(self) -> list[Any]:
        """Returns all lines that are left."""
        return list(self)

    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        """Moves the position of reading.

        Args:
            offset: by how many bytes.
            whence: counted from 0: the start, 1: the current position, 2: the end.
            position: the old name of `offset`.

        Raises:
            InvalidArgumentError: if the position is negative or `whence` another number.
            OutOfRangeError: if the position is behind the end; it stays at the end.
            TypeError: if `offset` and `position` are given, or neither.
        """
        file = self._opened_to_read()
        if offset is None and position is None:
            raise TypeError("seek(): offset argument required")
        if offset is not None and position is not None:
            raise TypeError("seek(): offset and position may not be set simultaneously.")
        given = position if offset is None else offset
        if not isinstance(given, int):
            raise TypeError(f"seek(): offset must be an integer, not {type(given).__name__}")
        if whence not in (0, 1, 2):
            raise errors.InvalidArgumentError(None, None, _WHENCE.format(whence))
        size = self.size()
        target = given + (0, file.tell(), size)[whence]
        if target < 0:
            raise errors.InvalidArgumentError(
                None, None, f"Seeking to a negative position: {target}"
            )
        file.seek(min(target, size))
        if target > size:
            raise errors.OutOfRangeError(None, None, "reached end of file")

    def tell(self) -> int:
        """The position: of reading where the file may be read, else of writing."""
        return (self._opened_to_read() if self._may_read else self._opened_to_write()).tell()

    def seekable(self) -> bool:
        """Returns True."""
        return True

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    next = __next__

    # --- writing ---
    def _opened_to_write(self) -> BinaryIO:
        if self._writer is None:
            if not self._may_write:
                raise errors.PermissionDeniedError(None, None, "File isn't open for writing")
            path = local_path(self.__name)
            with file_errors(path):
                self._writer = open(path, "ab" if "a" in self.__mode else "wb")  # noqa: SIM115
        return self._writer

    def write(self, file_content: Any) -> None:
        """Appends text or bytes.

        Raises:
            PermissionDeniedError: if the file is not open for writing.
            TypeError: if it is neither text nor bytes.
        """
        file = self._opened_to_write()
        with file_errors(self.__name):
            file.write(as_bytes(file_content))

    def flush(self) -> None:
        """Hands what was written to the operating system, so that others can read it."""
        if self._writer is not None:
            with file_errors(self.__name):
                self._writer.flush()

    def close(self) -> None:
        """Writes what is left and closes the file; used again, it opens again."""
        reader, self._reader = self._reader, None
        writer, self._writer = self._writer, None
        with file_errors(self.__name):
            if reader is not None:
                reader.close()
            if writer is not None:
                writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        # Programs say `GFile(name).read()` and no more: that is no mistake to warn of.
        for file in (getattr(self, "_reader", None), getattr(self, "_writer", None)):
            if file is not None:
                file.close()


@export("gfile.GFile", "gfile.Open", "io.gfile.GFile")
class GFile(FileIO):
    """A file that is read as text or bytes, written, or both.

    Args:
        name: the path.
        mode: "r", "w", "a", "r+", "w+" or "a+"; with a "b" it is read as bytes.
    """

    def __init__(self, name: Any, mode: str = "r") -> None:
        super().__init__(name, mode)


@export("gfile.FastGFile")
class FastGFile(FileIO):
    """The same as `GFile`; TensorFlow once read such files in another way.

    Args:
        name: the path.
        mode: as in `GFile`.
    """

    def __init__(self, name: Any, mode: str = "r") -> None:
        super().__init__(name, mode)


Open: Final = GFile


# --- whole files: names of tensorflow.python.lib.io.file_io ---
def read_file_to_string(filename: Any, binary_mode: bool = False) -> Any:
    """Returns the contents of a file, as bytes if `binary_mode`, else as text."""
    with FileIO(filename, "rb" if binary_mode else "r") as file:
        return file.read()


def write_string_to_file(filename: Any, file_content: Any) -> None:
    """Gives a file new contents."""
    with FileIO(filename, "w") as file:
        file.write(file_content)


def atomic_write_string_to_file(filename: str, contents: Any, overwrite: bool = True) -> None:
    """Gives a file new contents in one step: others see the old or the new, never a part.

    Raises:
        AlreadyExistsError: if the file is there and not `overwrite`.
    """
    from graphflow.platform.gfile import remove, rename  # it imports this module

    temporary = f"{as_str_any(filename)}.tmp{uuid.uuid4().hex}"
    write_string_to_file(temporary, contents)
    try:
        rename(temporary, filename, overwrite)
    except errors.OpError:
        remove(temporary)
        raise


def filecmp(filename_a: Any, filename_b: Any) -> bool:
    """Returns whether two files have the same size and the same checksum."""
    if FileIO(filename_a, "rb").size() != FileIO(filename_b, "rb").size():
        return False
    return file_crc32(filename_a) == file_crc32(filename_b)


def file_crc32(filename: Any, block_size: int = _BLOCK) -> str:
    """Returns the CRC-32 of a file in hexadecimal digits.

    Args:
        filename: the path.
        block_size: how many bytes are read at a time; -1: all.
    """
    crc = 0
    with FileIO(filename, "rb") as file:
        while chunk := file.read(block_size):
            crc = binascii.crc32(chunk, crc)
    return hex(crc & 0xFFFFFFFF)
