"""RecordInput: batches of records of many TFRecord files, in random order, for ever."""

from __future__ import annotations

import glob
import random
import secrets
import threading
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.errors import KernelError, NotFoundError
from graphflow.core.opdef import define
from graphflow.core.tensor import Tensor
from graphflow.formats.records import read_records
from graphflow.ops.queue_ops import NO_GRADIENT, unknown_outputs
from graphflow.ops.reshape import reshape
from graphflow.ops.split import split
from graphflow.platform.tf_record import TFRecordOptions

Array = np.ndarray[Any, Any]

RECORD_INPUT: Final = define(
    "RecordInput(*, file_pattern: string, file_random_seed: int = 301, "
    "file_shuffle_shift_ratio: float = 0.0, file_buffer_size: int = 10000, "
    "file_parallelism: int = 16, batch_size: int = 32, compression_type: string = '') "
    "-> records: string",
    stateful=True,
    shape=unknown_outputs,
)
RECORD_INPUT.no_gradient(NO_GRADIENT, raises=True).host_only("it reads files")
_starting: Final = threading.Lock()


@RECORD_INPUT.numpy
def _(
    *,
    memory: dict[str, Any],
    file_pattern: str,
    file_random_seed: int,
    file_shuffle_shift_ratio: float,
    file_buffer_size: int,
    batch_size: int,
    compression_type: str,
) -> Array:
    with _starting:
        if "records" not in memory:
            seed = file_random_seed or secrets.randbits(32)
            files = _Files(file_pattern, seed, file_shuffle_shift_ratio, compression_type)
            memory["records"] = _mixed(iter(files), random.Random(seed), max(file_buffer_size, 1))
            memory["lock"] = threading.Lock()
    found = np.empty(batch_size, object)
    with memory["lock"]:
        found[:] = [next(memory["records"]) for _ in range(batch_size)]
    return found


class _Files:
    """The records of all files, epoch after epoch; the files come in another order each time."""

    def __init__(self, pattern: str, seed: int, shift_ratio: float, compression: Any) -> None:
        self._pattern = pattern
        self._seed = seed
        self._shift = shift_ratio
        self._compression = compression

    def __iter__(self) -> Iterator[bytes]:
        epoch = 0
        while True:
            names = sorted(glob.glob(self._pattern))
            if not names:
                raise KernelError(f"Found no files at {self._pattern}", NotFoundError)
            random.Random(self._seed + epoch).shuffle(names)
            shift = int(len(names) * self._shift * epoch) % len(names)
            empty = True
            for name in names[shift:] + names[:shift]:
                for record in read_records(name, self._compression):
                    empty = False
                    yield record
            if empty:
                raise KernelError(f"Found no records in {self._pattern}", NotFoundError)
            epoch += 1


def _mixed(records: Iterator[bytes], draw: random.Random, size: int) -> Iterator[bytes]:
    """Yields records through a buffer in which they are mixed."""
    buffer = [next(records)]
    for record in records:
        if len(buffer) >= size:
            place = draw.randrange(len(buffer))
            yield buffer[place]
            buffer[place] = record
        else:
            buffer.append(record)


class RecordInput:
    """Reads records of many TFRecord files in random order, for ever.

    The same seed gives the same order here; TensorFlow's depends on its threads.

    Args:
        file_pattern: a shell pattern of the files' names.
        batch_size: records in each batch.
        buffer_size: how many records are mixed with each other.
        parallelism: kept for TensorFlow's sake.
        shift_ratio: by which part of the files each epoch starts later.
        seed: of the order; 0: another one each time.
        name: the node's name.
        batches: how many batches a run returns; None: one, as a vector.
        compression_type: how the files are compressed, a TFRecordCompressionType.
    """

    def __init__(
        self,
        file_pattern: str,
        batch_size: int = 1,
        buffer_size: int = 1,
        parallelism: int = 1,
        shift_ratio: float = 0,
        seed: int = 0,
        name: str | None = None,
        batches: int | None = None,
        compression_type: Any = None,
    ) -> None:
        self._batch_size = batch_size * (1 if batches is None else batches)
        self._batches = batches
        self._name = name
        self._options = {
            "file_pattern": file_pattern,
            "file_buffer_size": buffer_size,
            "file_parallelism": parallelism,
            "file_shuffle_shift_ratio": shift_ratio,
            "file_random_seed": seed,
            "compression_type": TFRecordOptions.get_compression_type_string(compression_type),
        }

    def get_yield_op(self) -> Any:
        """Returns the records of a batch, a string vector, or a list of scalars for each batch."""
        records: Tensor = apply(
            RECORD_INPUT, batch_size=self._batch_size, name=self._name, **self._options
        )
        if self._batches is None:
            return records
        found: list[list[Tensor]] = [[] for _ in range(self._batches)]
        with scopes.name_scope(self._name):
            for i, record in enumerate(split(records, self._batch_size, 0)):
                found[i % self._batches].append(reshape(record, []))
        return found
