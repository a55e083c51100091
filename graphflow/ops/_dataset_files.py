"""Data sets read from files: records, lines, pieces of equal size, comma-separated values."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, Final, cast

import numpy as np

from graphflow.core.errors import DataLossError, InvalidArgumentError, KernelError
from graphflow.formats.durable import file_errors
from graphflow.formats.records import Compression, read_records
from graphflow.ops._datasets import Array, Chain, Dataset, Element, Place

_WINDOWS: Final = {"GZIP": 31, "ZLIB": 15}
_BUFFER: Final = 1 << 18


def scalar(value: bytes) -> list[Any]:
    """An element of one string."""
    made = np.empty((), object)
    made[()] = value
    return [made]


def string_of(value: Any) -> str:
    """A scalar string input as text."""
    item = value.item() if isinstance(value, np.ndarray) else value
    return item.decode(errors="surrogateescape") if isinstance(item, bytes) else str(item)


class _Inflating(io.RawIOBase):
    """The uncompressed bytes of a compressed file."""

    def __init__(self, file: BinaryIO, window: int, path: str) -> None:
        self._file, self._window, self._path = file, window, path
        self._inflate = zlib.decompressobj(window)
        self._ready = b""

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, target: Any) -> int:
        """Fills the target with what comes next; 0 at the end."""
        while not self._ready:
            if self._inflate.eof:
                data = self._inflate.unused_data or self._file.read(_BUFFER)
                if not data:
                    return 0
                self._inflate = zlib.decompressobj(self._window)
            else:
                data = self._file.read(_BUFFER)
                if not data:
                    return 0
            try:
                self._ready = self._inflate.decompress(data)
            except zlib.error as e:
                raise DataLossError(None, None, f"{self._path}: inflate() failed: {e}") from None
        n = min(len(target), len(self._ready))
        target[:n] = self._ready[:n]
        self._ready = self._ready[n:]
        return n

    def close(self) -> None:
        """Closes the file too."""
        self._file.close()
        super().close()


def opened(path: str, compression: str, buffer: int) -> BinaryIO:
    """Opens a file for reading its uncompressed bytes.

    Raises:
        OpError: of the class that fits, if it cannot be opened.
    """
    with file_errors(path):
        file: BinaryIO = open(path, "rb", buffering=max(buffer, 2))  # noqa: SIM115 (who reads it closes it)
        if os.path.isdir(path):  # pragma: no cover (opening one fails)
            raise IsADirectoryError(path)
    if compression:
        raw = _Inflating(file, _WINDOWS[compression], path)
        return cast("BinaryIO", io.BufferedReader(raw, max(buffer, 2)))
    return file


class Files(Dataset):
    """What files hold, one after the other: the base of the kinds.

    Args:
        paths: of the files, any shape of strings.
        compression: "", "GZIP" or "ZLIB".
        buffer: how many bytes are read at once; 0 for the usual.
    """

    __slots__ = ("_buffer", "_compression", "_paths")

    def __init__(self, paths: Array, compression: Any, buffer: Any, check: bool = True) -> None:
        super().__init__()
        if np.ndim(paths) > 1:
            raise KernelError("`filenames` must be a scalar or a vector.")
        self._paths = [string_of(p) for p in np.reshape(paths, -1).tolist()]
        self._compression = string_of(compression)
        if check and self._compression not in ("", *_WINDOWS):
            raise KernelError("Unsupported compression_type.")
        if int(buffer) < 0:
            raise KernelError("`buffer_size` must be >= 0 (0 == default)")
        self._buffer = int(buffer) or _BUFFER

    def iterate(self, place: Place) -> Iterator[Element]:
        """The elements, from the first on."""

        def of(path: str) -> Callable[[], Iterator[Element]]:
            return lambda: self._read(path)

        return Chain(map(of, self._paths))

    def _read(self, path: str) -> Iterator[Element]:
        """What one file holds."""
        raise NotImplementedError


class Records(Files):
    """The records of TFRecord files."""

    __slots__ = ()

    def __init__(self, paths: Array, compression: Any, buffer: Any) -> None:
        super().__init__(paths, compression, buffer, check=False)

    def _read(self, path: str) -> Iterator[Element]:
        with file_errors(path), open(path, "rb"):
            pass
        kind = self._compression if self._compression in _WINDOWS else ""
        return map(scalar, read_records(path, cast("Compression", kind)))


def _lines(file: BinaryIO) -> Iterator[Element]:
    with file:
        for text in file:
            if text.endswith(b"\n"):
                text = text[:-2] if text.endswith(b"\r\n") else text[:-1]
            yield scalar(text)


class Lines(Files):
    """The lines of text files, without their ends."""

    __slots__ = ()

    def _read(self, path: str) -> Iterator[Element]:
        return _lines(opened(path, self._compression, self._buffer))


class Pieces(Files):
    """Pieces of equal size of files."""

    __slots__ = ("_footer", "_header", "_record")

    def __init__(
        self, paths: Array, header: Any, record: Any, footer: Any, buffer: Any, compression: Any
    ) -> None:
        if header < 0:
            raise KernelError("`header_bytes` must be >= 0")
        if record <= 0:
            raise KernelError("`record_bytes` must be > 0")
        if footer < 0:
            raise KernelError("`footer_bytes` must be >= 0")
        super().__init__(paths, compression, buffer)
        self._header, self._record, self._footer = int(header), int(record), int(footer)

    def _read(self, path: str) -> Iterator[Element]:
        if self._compression:
            with opened(path, self._compression, self._buffer) as file:
                data = file.read()
            size = len(data)
            file = io.BytesIO(data)
        else:
            file = opened(path, "", self._buffer)
            size = os.path.getsize(path)
        body = size - self._header - self._footer
        if body % self._record:
            file.close()
            raise KernelError(
                f"Excluding the header ({self._header} bytes) and footer ({self._footer} bytes), "
                f'input file "{path}" has body length {body} bytes, which is not an exact multiple '
                f"of the record length ({self._record} bytes).",
                InvalidArgumentError,
            )
        file.seek(self._header)
        return self._cut(file, body // self._record)

    def _cut(self, file: BinaryIO, count: int) -> Iterator[Element]:
        with file:
            for _ in range(count):
                yield scalar(file.read(self._record))


class Csv(Files):
    """The rows of files of comma-separated values, as scalars.

    Args:
        paths: of the files.
        compression: "", "GZIP" or "ZLIB".
        buffer: as in `Files`.
        header: whether the first line of each file is left out.
        columns: makes the columns of a list of texts of rows.
        delimiter: one character.
        quotes: whether quotes keep line ends and delimiters in a field.
    """

    __slots__ = ("_columns", "_header", "_quotes")

    def __init__(
        self,
        paths: Array,
        compression: Any,
        buffer: Any,
        header: Any,
        columns: Callable[[Array], Sequence[Array]],
        quotes: Any,
    ) -> None:
        super().__init__(paths, compression, buffer)
        self._header, self._columns, self._quotes = bool(header), columns, bool(quotes)

    def _read(self, path: str) -> Iterator[Element]:
        file = opened(path, self._compression, self._buffer)
        rows = self._texts(file)
        if self._header:
            next(rows, None)
        return map(self._row, rows)

    def _texts(self, file: BinaryIO) -> Iterator[bytes]:
        """The texts of rows: a quoted field may go over several lines."""
        with file:
            for line in file:
                while self._quotes and line.count(b'"') % 2:
                    more = file.readline()
                    if not more:
                        break
                    line += more
                yield line.removesuffix(b"\n").removesuffix(b"\r")

    def _row(self, row: bytes) -> Element:
        try:
            return list(self._columns(np.array(row, object)))
        except KernelError as e:
            raise KernelError(str(e).replace("in record 0", "in record"), e.error) from None
