"""TensorBoard's event files: TFRecords of Event messages, the first of which names the version."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

from graphflow.core.errors import DataLossError
from graphflow.formats import proto
from graphflow.formats.durable import file_errors
from graphflow.formats.records import RecordWriter, read_records

FILE_VERSION: Final = "brain.Event:2"


class EventsWriter:
    """Writes an event file into a directory, from any number of threads.

    Args:
        logdir: the directory, which is made if need be.
        filename_suffix: what the file's name ends with.

    Raises:
        OpError: of the class that fits, if the file cannot be written.
    """

    def __init__(self, logdir: str | os.PathLike[str], filename_suffix: str = "") -> None:
        with file_errors(os.fspath(logdir)):
            Path(logdir).mkdir(parents=True, exist_ok=True)
            self.path = _new_file(Path(logdir), filename_suffix)
        self._records = RecordWriter(self.path)
        self._lock = threading.Lock()
        self.write(proto.Event(wall_time=time.time(), file_version=FILE_VERSION))
        self.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def write(self, event: Any) -> None:
        """Appends an Event message."""
        with self._lock:
            self._records.write(event.SerializeToString(deterministic=True))

    def flush(self) -> None:
        """Makes what was written visible to readers."""
        with self._lock:
            self._records.flush()

    def close(self) -> None:
        """Writes what is left and closes the file."""
        with self._lock:
            self._records.close()


def _new_file(logdir: Path, suffix: str) -> Path:
    """Creates an event file with a name of its own.

    TensorFlow empties the file of a writer that was made within the same second; here the name's
    time moves on instead.
    """
    second = int(time.time())
    while True:
        name = f"events.out.tfevents.{second:010d}.{socket.gethostname()}{suffix}"
        try:
            (logdir / name).touch(exist_ok=False)
        except FileExistsError:
            second += 1
        else:
            return logdir / name


def read_events(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Yields the Event messages of a file in order.

    Raises:
        DataLossError: if a record is damaged or cut off; what precedes has been yielded by then.
        OpError: of the class that fits, if the file cannot be read.
    """
    from google.protobuf.message import DecodeError

    for record in read_records(path):
        try:
            event = proto.Event.FromString(record)
        except DecodeError as e:
            raise DataLossError(None, None, f"{os.fspath(path)}: not an Event: {e}") from e
        yield event
