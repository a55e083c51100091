"""Readers as objects: they take names of files from a queue and hand out records, in order."""

from __future__ import annotations

import contextlib
import os
import threading
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, ClassVar

import numpy as np

from graphflow.core.dtypes import string
from graphflow.core.errors import (
    CancelledError,
    DataLossError,
    KernelError,
    OutOfRangeError,
    UnimplementedError,
)
from graphflow.core.waiting import wait_until
from graphflow.formats import proto
from graphflow.formats.durable import file_errors
from graphflow.formats.records import Compression, read_records
from graphflow.ops._queues import Queue, reference_handle

Record = tuple[bytes, bytes]
_FRAME = 16  # bytes around a record of a TFRecord file
_BUFFER = 1 << 18
_FIELDS = ("work_started", "work_finished", "num_records_produced", "current_work")


class Reader:
    """What all readers share: the work in progress and the counts.

    Args:
        name: the node's name.
        container: the container it lives in.
        shared_name: its name there.
    """

    kind: ClassVar[str] = ""
    serializes: ClassVar[bool] = False

    def __init__(self, name: str, container: str, shared_name: str) -> None:
        self.name = name
        self.container = container
        self.shared_name = shared_name
        self.started = 0
        self.finished = 0
        self.produced = 0
        self._work = b""
        self._records: Iterator[Record] | None = None
        self._condition = threading.Condition()
        self._busy = False

    # --- what kinds of readers differ in ---
    def _open(self, work: bytes) -> Iterator[Record]:
        """Yields (key, value) of each record of one piece of work, such as a file."""
        raise NotImplementedError

    single: ClassVar[bool] = False
    """Whether each piece of work is one record."""

    # --- what is shared ---
    def read(self) -> np.ndarray[Any, Any]:
        """The handle of an old reference reader as a value: its container and name."""
        return reference_handle(self.container, self.shared_name)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """A context that one thread at a time enters; the others wait."""
        with self._condition:
            if not wait_until(self._condition, lambda: not self._busy):
                raise KernelError("Reader operation was cancelled", CancelledError)
            self._busy = True
        try:
            yield
        finally:
            with self._condition:
                self._busy = False
                self._condition.notify()

    def next_record(self, queue: Queue) -> Record:
        """Returns the next record; takes work from the queue, and waits for it, when it has none.

        Raises:
            KernelError: if the queue is closed and empty.
            OpError: if a file cannot be read.
        """
        with self.alone():
            while True:
                found = next(self._records_from(queue), None)
                if found is not None:
                    self.produced += 1
                if found is None or self.single:
                    self._finish()
                if found is not None:
                    return found

    def next_records(self, queue: Queue, n: int) -> list[Record]:
        """Returns up to `n` records, at least one, all of one piece of work.

        Raises:
            KernelError: as `next_record`.
            OpError: as `next_record`.
        """
        found: list[Record] = []
        with self.alone():
            while len(found) < n:
                record = next(self._records_from(queue), None)
                if record is not None:
                    found.append(record)
                    self.produced += 1
                if record is None or self.single:
                    self._finish()
                    if found:
                        break
        return found

    def _records_from(self, queue: Queue) -> Iterator[Record]:
        if self._records is None:
            self._work = _work(queue)
            self._records = self._open(self._work)
            self.started += 1
        return self._records

    def _finish(self) -> None:
        self._records = None
        self.finished = self.started

    def reset(self) -> None:
        """Goes back to the state of a new reader."""
        with self.alone():
            self._records = None
            self.started = self.finished = self.produced = 0
            self._work = b""

    def state(self) -> bytes:
        """The counts and the last work as a message.

        Raises:
            KernelError: if this kind of reader cannot tell.
        """
        if not self.serializes:
            raise KernelError("Reader SerializeState", UnimplementedError)
        with self.alone():
            values = self.started, self.finished, self.produced, self._work
            made = proto.ReaderBaseState(**dict(zip(_FIELDS, values, strict=True)))
        return bytes(made.SerializeToString(deterministic=True))

    def restore(self, state: bytes) -> None:
        """Takes over what `state` returned.

        Raises:
            KernelError: if it is no such message, or this kind of reader cannot.
        """
        if not self.serializes:
            raise KernelError("Reader RestoreState", UnimplementedError)
        who = f"{self.kind} '{self.name}'"
        try:
            found = proto.ReaderBaseState.FromString(state)
        except Exception:  # protobuf's DecodeError, without importing it
            shown = state.decode("ascii", "backslashreplace")
            raise KernelError(f"Could not parse state for {who}: {shown}") from None
        values = [getattr(found, field) for field in _FIELDS]
        if min(values[:3]) < 0:
            raise KernelError(f"Unexpected negative value when restoring in {who}: {found}")
        if values[0] > values[1]:
            raise KernelError(
                f"Inconsistent work started vs. finished when restoring in {who}: "
                f"{values[0]} vs. {values[1]}"
            )
        with self.alone():
            self._records = None
            self.started, self.finished, self.produced, self._work = values


def _work(queue: Queue) -> bytes:
    parts = queue.dequeue()
    if len(parts) != 1:
        raise KernelError("Expected single component queue")
    if queue.dtypes[0] != string:
        raise KernelError("Expected queue with single string component")
    if parts[0].size != 1:
        raise KernelError("Expected to dequeue a one-element string tensor")
    work: bytes = parts[0].item()
    return work


def path_of(work: bytes) -> str:
    """The file that a piece of work names."""
    return work.decode(errors="surrogateescape")


class IdentityReader(Reader):
    """Hands out the work itself, as key and value."""

    kind = "IdentityReader"
    serializes = single = True

    def _open(self, work: bytes) -> Iterator[Record]:
        return iter([(work, work)])


class WholeFileReader(Reader):
    """Hands out whole files; the keys are their names."""

    kind = "WholeFileReader"
    serializes = single = True

    def _open(self, work: bytes) -> Iterator[Record]:
        path = path_of(work)
        with file_errors(path), open(path, "rb") as file:
            return iter([(work, file.read())])


class TextLineReader(Reader):
    """Hands out lines without their ends; the keys are "file:number", from 1.

    Args:
        name: as in `Reader`.
        container: as in `Reader`.
        shared_name: as in `Reader`.
        skip_header_lines: so many lines of each file are left out.
    """

    kind = "TextLineReader"

    def __init__(self, name: str, container: str, shared_name: str, skip_header_lines: int) -> None:
        super().__init__(name, container, shared_name)
        self._skip = skip_header_lines

    def _open(self, work: bytes) -> Iterator[Record]:
        path = path_of(work)
        with file_errors(path):
            file = open(path, "rb", buffering=_BUFFER)  # noqa: SIM115 (the iterator closes it)
        return self._lines(file, work)

    def _lines(self, file: BinaryIO, work: bytes) -> Iterator[Record]:
        with file:
            for number, line in enumerate(file, 1):
                text = line.removesuffix(b"\n").removesuffix(b"\r")
                if not text and not line.endswith(b"\n"):
                    return  # a lone carriage return is no last line
                if number > self._skip:
                    yield b"%b:%d" % (work, number), text


class TFRecordReader(Reader):
    """Hands out the records of TFRecord files; the keys are "file:offset".

    Args:
        name: as in `Reader`.
        container: as in `Reader`.
        shared_name: as in `Reader`.
        compression: "", "GZIP" or "ZLIB".
    """

    kind = "TFRecordReader"

    def __init__(self, name: str, container: str, shared_name: str, compression: Any) -> None:
        super().__init__(name, container, shared_name)
        self._compression: Compression = compression if compression in ("GZIP", "ZLIB") else ""

    def _open(self, work: bytes) -> Iterator[Record]:
        path = path_of(work)
        with file_errors(path), open(path, "rb"):
            return self._framed(path, work)

    def _framed(self, path: str, work: bytes) -> Iterator[Record]:
        at = 0
        for record in read_records(path, self._compression):
            yield b"%b:%d" % (work, at), record
            at += len(record) + _FRAME


class FixedLengthRecordReader(Reader):
    """Hands out pieces of equal size; the keys are "file:number", from 0.

    Args:
        name: as in `Reader`.
        container: as in `Reader`.
        shared_name: as in `Reader`.
        header_bytes: left out at the start of each file.
        record_bytes: the size of a record.
        footer_bytes: left out at the end of each file.
        hop_bytes: from the start of a record to that of the next; 0: the size of a record.
        encoding: "", "GZIP" or "ZLIB": how the whole file is compressed.
    """

    kind = "FixedLengthRecordReader"

    def __init__(
        self,
        name: str,
        container: str,
        shared_name: str,
        header_bytes: int,
        record_bytes: int,
        footer_bytes: int,
        hop_bytes: int,
        encoding: str,
    ) -> None:
        super().__init__(name, container, shared_name)
        self._header, self._record, self._footer = header_bytes, record_bytes, footer_bytes
        self._hop = hop_bytes or record_bytes
        self._window = {"GZIP": 31, "ZLIB": 15}.get(encoding)

    def _open(self, work: bytes) -> Iterator[Record]:
        path = path_of(work)
        if self._window is not None:
            return self._pieces(work, _inflated(path, self._window))
        with file_errors(path):
            size = os.path.getsize(path)
            data: Any = np.memmap(path, np.uint8, "r") if size else b""
        return self._pieces(work, data)

    def _pieces(self, work: bytes, data: Any) -> Iterator[Record]:
        if len(data) < self._header:
            ended = "EOF reached" if self._window else "reached end of file"
            raise KernelError(ended, OutOfRangeError)
        return self._cut(work, data)

    def _cut(self, work: bytes, data: Any) -> Iterator[Record]:
        at, number = self._header, 0
        while at + self._record <= len(data) - self._footer:
            yield b"%b:%d" % (work, number), bytes(data[at : at + self._record])
            at += self._hop
            number += 1


def _inflated(path: str, window: int) -> bytes:
    with file_errors(path), open(path, "rb") as file:
        data = file.read()
    try:
        return zlib.decompress(data, window) if data else b""
    except zlib.error as e:
        raise KernelError(f"{path}: inflate() failed: {e}", DataLossError) from None


class LMDBReader(Reader):
    """Hands out the entries of LMDB databases; needs the Python package `lmdb`."""

    kind = "LMDBReader"

    def _open(self, work: bytes) -> Iterator[Record]:
        try:
            import lmdb  # type: ignore[import-not-found, unused-ignore]  # optional
        except ImportError:
            raise KernelError(
                "LMDBReader needs the Python package lmdb (pip install lmdb)", UnimplementedError
            ) from None
        path = path_of(work)
        try:
            database = lmdb.open(path, readonly=True, lock=False, subdir=os.path.isdir(path))
        except lmdb.Error as e:
            raise KernelError(f"{path}: {e}") from None
        return _entries(database)


def _entries(database: Any) -> Iterator[Record]:
    with database, database.begin() as transaction:
        for key, value in transaction.cursor():
            yield bytes(key), bytes(value)
