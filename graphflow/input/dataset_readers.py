"""Data sets of what files hold: records, lines, pieces of equal size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from graphflow.core.convert import convert
from graphflow.core.declare import apply
from graphflow.core.dtypes import DType, as_dtype, int64, string
from graphflow.core.export import export
from graphflow.core.operation import Operation
from graphflow.core.shape import TensorShape
from graphflow.core.tensor import Tensor
from graphflow.core.tensor_spec import TensorSpec
from graphflow.input import dataset_transforms as made
from graphflow.input import structure
from graphflow.input.dataset_transforms import Made
from graphflow.input.datasets import AUTOTUNE, DatasetV1Adapter, DatasetV2
from graphflow.ops.reshape import reshape

_BUFFER: Final = 256 * 1024
_CSV_BUFFER: Final = 4 * 1024 * 1024


def optional(value: Any, name: str, default: Any = 0, dtype: DType = int64) -> Tensor:
    """An argument as a tensor; the default for None."""
    found: Tensor = convert(default if value is None else value, dtype, name=name)
    return found


def names_of_files(filenames: Any) -> Any:
    """The names of files as a data set.

    Raises:
        TypeError: if a data set of something else than strings is given.
    """
    if not isinstance(filenames, DatasetV2):
        flat = reshape(convert(filenames, string), [-1], name="flat_filenames")
        return DatasetV2.from_tensor_slices(flat)
    spec = filenames.element_spec
    if structure.legacy_types(spec) != string:
        raise TypeError("`filenames` must be a `tf.data.Dataset` of `tf.string` elements.")
    if not structure.legacy_shapes(spec).is_compatible_with(TensorShape([])):
        raise TypeError("`filenames` must be a `tf.data.Dataset` of scalar `tf.string` elements.")
    return filenames


def read(
    filenames: Any, declare: Callable[[Tensor], Tensor], num_parallel_reads: Any = None
) -> DatasetV2:
    """The strings that files hold.

    Args:
        filenames: their names, or a data set of them.
        declare: makes the data set of one file.
        num_parallel_reads: how many files take turns; None: one after the other.
    """
    spec = TensorSpec([], string)
    files = names_of_files(filenames)

    def read_one_file(filename: Tensor) -> Any:
        return DatasetV2._of(Made(declare(filename), spec))

    if num_parallel_reads is None:
        known = made.flat_mapped(files, read_one_file)
    elif isinstance(num_parallel_reads, int) and num_parallel_reads == AUTOTUNE:
        known = made.interleaved(files, read_one_file, AUTOTUNE, 1, AUTOTUNE)
    else:
        known = made.parallel_interleaved(
            files, read_one_file, num_parallel_reads, 1, False, None, None
        )
    return DatasetV2._of(known)  # type: ignore[no-any-return]  # a DatasetV2


class _Reader(DatasetV1Adapter):
    """A data set of files; remembers their names."""

    def __init__(self, filenames: Any, dataset: DatasetV2) -> None:
        self._filenames = filenames
        super().__init__(dataset)


@export("data.TFRecordDataset", "contrib.data.TFRecordDataset")
class TFRecordDataset(_Reader):
    """The records of TFRecord files.

    Args:
        filenames: a string, strings, or a data set of strings.
        compression_type: "", "GZIP" or "ZLIB".
        buffer_size: how many bytes are read at once.
        num_parallel_reads: how many files take turns; None: one after the other.
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        def declare(filename: Tensor) -> Tensor:
            found: Tensor = apply(
                "TFRecordDataset",
                filename,
                optional(compression_type, "compression_type", "", string),
                optional(buffer_size, "buffer_size", _BUFFER),
            )
            return found

        self._arguments = filenames, compression_type, buffer_size, num_parallel_reads
        super().__init__(filenames, read(filenames, declare, num_parallel_reads))

    def _clone(
        self,
        filenames: Any = None,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
    ) -> TFRecordDataset:
        given = filenames, compression_type, buffer_size, num_parallel_reads
        return TFRecordDataset(*[x or y for x, y in zip(given, self._arguments, strict=True)])


@export("data.TextLineDataset", "contrib.data.TextLineDataset")
class TextLineDataset(_Reader):
    """The lines of text files, without their ends.

    Args:
        filenames: a string, strings, or a data set of strings.
        compression_type: "", "GZIP" or "ZLIB".
        buffer_size: how many bytes are read at once.
        num_parallel_reads: how many files take turns; None: one after the other.
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        def declare(filename: Tensor) -> Tensor:
            found: Tensor = apply(
                "TextLineDataset",
                filename,
                optional(compression_type, "compression_type", "", string),
                optional(buffer_size, "buffer_size", _BUFFER),
            )
            return found

        super().__init__(filenames, read(filenames, declare, num_parallel_reads))


@export("data.FixedLengthRecordDataset", "contrib.data.FixedLengthRecordDataset")
class FixedLengthRecordDataset(_Reader):
    """Pieces of equal size of files.

    Args:
        filenames: a string, strings, or a data set of strings.
        record_bytes: the size of a piece.
        header_bytes: left out at the start of each file.
        footer_bytes: left out at the end of each file.
        buffer_size: how many bytes are read at once.
        compression_type: "", "GZIP" or "ZLIB".
        num_parallel_reads: how many files take turns; None: one after the other.
    """

    def __init__(
        self,
        filenames: Any,
        record_bytes: Any,
        header_bytes: Any = None,
        footer_bytes: Any = None,
        buffer_size: Any = None,
        compression_type: Any = None,
        num_parallel_reads: Any = None,
    ) -> None:
        def declare(filename: Tensor) -> Tensor:
            record = made.whole(record_bytes, "record_bytes")
            header = optional(header_bytes, "header_bytes")
            footer = optional(footer_bytes, "footer_bytes")
            found: Tensor = apply(
                "FixedLengthRecordDatasetV2", filename, header, record, footer,
                optional(buffer_size, "buffer_size", _BUFFER),
                optional(compression_type, "compression_type", "", string),
            )  # fmt: skip
            return found

        super().__init__(filenames, read(filenames, declare, num_parallel_reads))


@export("data.experimental.CsvDataset", "contrib.data.CsvDataset")
class CsvDataset(DatasetV1Adapter):
    """The rows of files of comma-separated values: tuples of scalars.

    Args:
        filenames: a string or strings.
        record_defaults: for each column its type (it must not be missing then) or a default.
        compression_type: "", "GZIP" or "ZLIB".
        buffer_size: how many bytes are read at once.
        header: whether the first line of each file is left out.
        field_delim: what stands between fields.
        use_quote_delim: whether fields may stand in double quotes.
        na_value: what counts as missing besides the empty field.
        select_cols: the numbers of the columns that are wanted, ascending; None: all.
    """

    def __init__(
        self,
        filenames: Any,
        record_defaults: Any,
        compression_type: Any = None,
        buffer_size: Any = None,
        header: Any = False,
        field_delim: Any = ",",
        use_quote_delim: Any = True,
        na_value: Any = "",
        select_cols: Any = None,
    ) -> None:
        files = convert(filenames, string, name="filenames")
        compression = optional(compression_type, "compression_type", "", string)
        given = [convert([], as_dtype(x)) if is_type(x) else x for x in record_defaults]
        defaults = [convert(x, name=f"record_defaults_{i}") for i, x in enumerate(given)]
        spec = tuple([TensorSpec([], t.dtype) for t in defaults])
        size = optional(buffer_size, "buffer_size", _CSV_BUFFER)
        first = made.flag(header, "header")
        delimiter = optional(field_delim, "field_delim", ",", string)
        quotes = made.flag(use_quote_delim, "use_quote_delim")
        variant = apply(
            "CSVDataset", files, compression, size, first, delimiter, quotes,
            optional(na_value, "na_value", "", string),
            optional(select_cols, "select_cols", []), defaults,
            output_shapes=structure.flat_shapes(spec),
        )  # fmt: skip
        super().__init__(DatasetV2._of(Made(variant, spec)))


def is_type(x: Any) -> bool:
    """Whether a default of a column is only its type."""
    return isinstance(x, DType) or (isinstance(x, type) and issubclass(x, np.generic | int | float))


@export("data.experimental.TFRecordWriter", "contrib.data.TFRecordWriter")
class TFRecordWriter:
    """Writes the strings of a data set to a TFRecord file, as an operation of the graph.

    Args:
        filename: the file, which is created or emptied.
        compression_type: "", "GZIP" or "ZLIB".
    """

    def __init__(self, filename: Any, compression_type: Any = None) -> None:
        self._filename = convert(filename, string, name="filename")
        self._compression_type = optional(compression_type, "compression_type", "", string)

    def write(self, dataset: Any) -> Operation:
        """Returns an operation that writes a record for each element.

        Args:
            dataset: scalar strings.

        Raises:
            TypeError: if it is no data set, or its elements are something else.
        """
        if not isinstance(dataset, DatasetV2):
            raise TypeError("`dataset` must be a `tf.data.Dataset` object.")
        spec = dataset.element_spec
        types, shapes = structure.legacy_types(spec), structure.legacy_shapes(spec)
        if types != string or not shapes.is_compatible_with(TensorShape([])):
            raise TypeError(
                "`dataset` must produce scalar `DT_STRING` tensors whereas it produces shape "
                f"{shapes} and types {types}"
            )
        made_op: Operation = apply(
            "DatasetToTFRecord", dataset._variant_tensor, self._filename, self._compression_type
        )
        return made_op
