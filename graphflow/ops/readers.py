"""Readers as users make them: tf.TFRecordReader, tf.TextLineReader and their kin."""

from __future__ import annotations

from typing import Any

from graphflow.core.declare import apply
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor
from graphflow.platform.tf_record import TFRecordOptions


@export("ReaderBase")
class ReaderBase:
    """What all readers share: they take names of files from a queue and hand out records.

    Args:
        reader_ref: the handle, what the operation that makes a reader returns.
        supports_serialize: whether the reader can tell its state.
    """

    def __init__(self, reader_ref: Tensor, supports_serialize: bool = False) -> None:
        self._reader_ref = reader_ref
        self._supports_serialize = supports_serialize

    @property
    def reader_ref(self) -> Tensor:
        """The handle."""
        return self._reader_ref

    @property
    def supports_serialize(self) -> bool:
        """Whether `serialize_state` and `restore_state` work."""
        return self._supports_serialize

    def _apply(self, op_type: str, *inputs: Any, name: str | None) -> Any:
        """Declares an operation on the reader, in the form that its handle has."""
        suffix = "" if self._reader_ref.dtype.is_ref else "V2"
        return apply(op_type + suffix, self._reader_ref, *inputs, name=name)

    def _queue(self, queue: Any) -> Tensor:
        handle: Tensor = queue if isinstance(queue, Tensor) else queue.queue_ref
        found: Tensor = apply("FakeQueue", handle) if self._reader_ref.dtype.is_ref else handle
        return found

    def read(self, queue: Any, name: str | None = None) -> Any:
        """Returns the next record as (key, value), two string scalars.

        Args:
            queue: a queue of names, or its handle; the run waits until there is one.
            name: the node's name.

        Raises:
            OutOfRangeError: in the run: if the queue is closed and all is read.
        """
        return self._apply("ReaderRead", self._queue(queue), name=name)

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> Any:
        """Returns the next records of one file as (keys, values), two string vectors.

        Args:
            queue: as `read`.
            num_records: the most records, an int64 scalar.
            name: the node's name.
        """
        return self._apply("ReaderReadUpTo", self._queue(queue), num_records, name=name)

    def num_records_produced(self, name: str | None = None) -> Tensor:
        """An int64 scalar: the number of records read so far."""
        found: Tensor = self._apply("ReaderNumRecordsProduced", name=name)
        return found

    def num_work_units_completed(self, name: str | None = None) -> Tensor:
        """An int64 scalar: the number of files read to the end."""
        found: Tensor = self._apply("ReaderNumWorkUnitsCompleted", name=name)
        return found

    def serialize_state(self, name: str | None = None) -> Tensor:
        """A string scalar: the reader's state.

        Raises:
            UnimplementedError: in the run: if the reader cannot tell.
        """
        found: Tensor = self._apply("ReaderSerializeState", name=name)
        return found

    def restore_state(self, state: Any, name: str | None = None) -> Operation:
        """Returns an operation that brings the reader back into a state.

        Args:
            state: what `serialize_state` returned.
            name: the node's name.

        Raises:
            UnimplementedError: in the run: if the reader cannot.
        """
        made: Operation = self._apply("ReaderRestoreState", state, name=name)
        return made

    def reset(self, name: str | None = None) -> Operation:
        """Returns an operation that makes the reader as good as new."""
        made: Operation = self._apply("ReaderReset", name=name)
        return made


@export("WholeFileReader")
class WholeFileReader(ReaderBase):
    """Hands out whole files as values, and their names as keys.

    Args:
        name: the node's name.
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__(apply("WholeFileReaderV2", name=name), supports_serialize=True)


@export("TextLineReader")
class TextLineReader(ReaderBase):
    """Hands out the lines of files; keys are "file:line number".

    Args:
        skip_header_lines: so many lines of each file are left out.
        name: the node's name.
    """

    def __init__(self, skip_header_lines: int | None = None, name: str | None = None) -> None:
        made = apply("TextLineReaderV2", skip_header_lines=skip_header_lines, name=name)
        super().__init__(made)


@export("FixedLengthRecordReader")
class FixedLengthRecordReader(ReaderBase):
    """Hands out pieces of equal size of files; keys are "file:number".

    Args:
        record_bytes: the size of a record.
        header_bytes: left out at the start of each file.
        footer_bytes: left out at the end of each file.
        hop_bytes: from the start of a record to that of the next; None or 0: its size.
        name: the node's name.
        encoding: "", "GZIP" or "ZLIB": how the whole file is compressed.
    """

    def __init__(
        self,
        record_bytes: int,
        header_bytes: int | None = None,
        footer_bytes: int | None = None,
        hop_bytes: int | None = None,
        name: str | None = None,
        encoding: str | None = None,
    ) -> None:
        made = apply(
            "FixedLengthRecordReaderV2", header_bytes=header_bytes, record_bytes=record_bytes,
            footer_bytes=footer_bytes, hop_bytes=hop_bytes, encoding=encoding, name=name,
        )  # fmt: skip
        super().__init__(made)


@export("TFRecordReader")
class TFRecordReader(ReaderBase):
    """Hands out the records of TFRecord files; keys are "file:offset".

    Args:
        name: the node's name.
        options: how the files are compressed, a TFRecordOptions or TFRecordCompressionType.
    """

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        kind = TFRecordOptions.get_compression_type_string(options)
        super().__init__(apply("TFRecordReaderV2", compression_type=kind, name=name))


@export("LMDBReader")
class LMDBReader(ReaderBase):
    """Hands out the entries of LMDB databases; the run needs the Python package `lmdb`.

    Args:
        name: the node's name.
        options: ignored.
    """

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        super().__init__(apply("LMDBReader", name=name))


@export("IdentityReader")
class IdentityReader(ReaderBase):
    """Hands out what the queue holds, as keys and values.

    Args:
        name: the node's name.
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__(apply("IdentityReaderV2", name=name), supports_serialize=True)
