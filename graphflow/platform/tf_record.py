"""tf.python_io: TFRecord files written and read outside a graph."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, ClassVar, Final, Self, cast

from graphflow.core import errors
from graphflow.core.export import export
from graphflow.formats.records import Compression, RecordWriter, read_records
from graphflow.platform.file_io import local_path

_CLOSED: Final = "Writer not initialized or previously closed"


@export("io.TFRecordCompressionType", "python_io.TFRecordCompressionType")
class TFRecordCompressionType:
    """How the records of a file are compressed."""

    NONE = 0
    ZLIB = 1
    GZIP = 2


@export("io.TFRecordOptions", "python_io.TFRecordOptions")
class TFRecordOptions:
    """How a file of records is compressed.

    Args:
        compression_type: "GZIP", "ZLIB", "" or one of `TFRecordCompressionType`; None: not at all.
        flush_mode: zlib's flush mode; writing flushes at the end only, whatever it is.
        input_buffer_size: accepted; the size of buffers does not change a file.
        output_buffer_size: accepted, as above.
        window_bits: zlib's window: 9 to 15, plus 16 for a GZIP header, negative for none.
        compression_level: 0 (none) to 9 (small).
        compression_method: zlib has one, 8.
        mem_level: 1 to 9: how much memory compressing takes.
        compression_strategy: one of zlib's strategies, 0 to 4.

    Raises:
        ValueError: if `compression_type` is none of the above.
    """

    compression_type_map: ClassVar[dict[int, str]] = {
        TFRecordCompressionType.ZLIB: "ZLIB",
        TFRecordCompressionType.GZIP: "GZIP",
        TFRecordCompressionType.NONE: "",
    }

    def __init__(
        self,
        compression_type: Any = None,
        flush_mode: int | None = None,
        input_buffer_size: int | None = None,
        output_buffer_size: int | None = None,
        window_bits: int | None = None,
        compression_level: int | None = None,
        compression_method: int | None = None,
        mem_level: int | None = None,
        compression_strategy: int | None = None,
    ) -> None:
        self.get_compression_type_string(compression_type)  # raises for a bad one
        self.compression_type = compression_type
        self.flush_mode = flush_mode
        self.input_buffer_size = input_buffer_size
        self.output_buffer_size = output_buffer_size
        self.window_bits = window_bits
        self.compression_level = compression_level
        self.compression_method = compression_method
        self.mem_level = mem_level
        self.compression_strategy = compression_strategy

    @classmethod
    def get_compression_type_string(cls, options: Any) -> str:
        """Returns "", "GZIP" or "ZLIB" for options, a compression type or its name.

        Raises:
            ValueError: for anything else.
        """
        if not options:
            return ""
        if isinstance(options, TFRecordOptions):
            return cls.get_compression_type_string(options.compression_type)
        if options in cls.compression_type_map:
            return cls.compression_type_map[options]
        if options in cls.compression_type_map.values():
            return str(options)
        raise ValueError(f'Not a valid compression_type: "{options}"')

    def _zlib(self) -> dict[str, int]:
        """The arguments of zlib that were given."""
        given = {
            "level": self.compression_level,
            "method": self.compression_method,
            "wbits": self.window_bits,
            "memLevel": self.mem_level,
            "strategy": self.compression_strategy,
        }
        return {key: value for key, value in given.items() if value is not None}


@export("io.tf_record_iterator", "python_io.tf_record_iterator")
def tf_record_iterator(path: Any, options: Any = None) -> Iterator[bytes]:
    """Yields the records of a file in order.

    Args:
        path: the file.
        options: how it is compressed: a TFRecordOptions, a type or its name.

    Raises:
        NotFoundError: if the file is not there.
        DataLossError: if it is damaged, or compressed in another way.
    """
    compression = TFRecordOptions.get_compression_type_string(options)
    yield from read_records(local_path(path), cast("Compression", compression))


@export("io.TFRecordWriter", "python_io.TFRecordWriter")
class TFRecordWriter:
    """Writes records to a file; it is complete when closed.

    Args:
        path: the file, which is created or emptied.
        options: how it is compressed: a TFRecordOptions, a type or its name; None: not at all.

    Raises:
        InvalidArgumentError: if zlib does not know the options.
        NotFoundError: if the directory is not there.
        ValueError: if there is no such compression.
    """

    def __init__(self, path: Any, options: Any = None) -> None:
        if not isinstance(options, TFRecordOptions):
            options = TFRecordOptions(compression_type=options)
        kind = cast("Compression", options.get_compression_type_string(options))
        try:
            self._writer = RecordWriter(local_path(path), kind, **options._zlib())
        except (ValueError, zlib.error) as e:
            raise errors.InvalidArgumentError(None, None, f"deflateInit failed: {e}") from e
        self._is_open = True

    def write(self, record: bytes | None) -> None:
        """Appends a record; None is an empty one.

        Raises:
            FailedPreconditionError: if the writer is closed.
            TypeError: if the record is not bytes.
        """
        if record is not None and not isinstance(record, bytes):
            raise TypeError(f"expected bytes, {type(record).__name__} found")
        self._check_open()
        self._writer.write(record or b"")

    def flush(self) -> None:
        """Hands what was written to the operating system, so that others can read it.

        Raises:
            FailedPreconditionError: if the writer is closed.
        """
        self._check_open()
        self._writer.flush()

    def close(self) -> None:
        """Writes what is left and closes the file; closing again does nothing."""
        self._is_open = False
        self._writer.close()

    def _check_open(self) -> None:
        if not self._is_open:
            raise errors.FailedPreconditionError(None, None, _CLOSED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_is_open", False):
            self.close()
