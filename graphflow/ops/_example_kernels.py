"""Features of many examples gathered into tensors: dense ones, padded ones and sparse ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from graphflow.core.dtypes import DType, float32, string
from graphflow.core.errors import KernelError
from graphflow.core.shape import Dims, text
from graphflow.formats import example_wire as wire
from graphflow.formats.example_wire import Values
from graphflow.ops._strings import as_text, sparse_parts, strings

Array = np.ndarray[Any, Any]
NAMES: Final = {wire.BYTES: "string", wire.FLOATS: "float", wire.INTS: "int64"}
_COUNTED: Final = {wire.BYTES: "bytes", wire.FLOATS: "float", wire.INTS: "int64"}


def kind_of(dtype: DType) -> int:
    """The kind of feature that holds values of a type."""
    if dtype == string:
        return wire.BYTES
    return wire.FLOATS if dtype == float32 else wire.INTS


class Blame(Protocol):
    """Puts a mistake of one example into words."""

    def wrong_type(self, i: int, found: int, wanted: int, sparse: bool) -> KernelError:
        """A feature is of another kind."""

    def wrong_size(self, i: int, found: Values, dims: Dims) -> KernelError:
        """A feature does not have as many values as its shape."""

    def damaged(self, i: int) -> KernelError:
        """A feature's list of values cannot be read."""

    def missing(self, i: int, wanted: int) -> KernelError:
        """A feature without a default is not there."""


class InBatch(NamedTuple):
    """Mistakes as ParseExample tells them."""

    key: str
    names: list[bytes]

    def _start(self, i: int) -> str:
        return f"Name: {as_text(self.names[i]) if self.names else '<unknown>'}, "

    def _where(self, i: int) -> str:
        return f"{self._start(i)}Key: {self.key}, Index: {i}.  "

    def wrong_type(self, i: int, found: int, wanted: int, sparse: bool) -> KernelError:
        """As `Blame` says."""
        return KernelError(self._where(i) + type_problem(found, wanted, sparse))

    def wrong_size(self, i: int, found: Values, dims: Dims) -> KernelError:
        """As `Blame` says."""
        kind = _COUNTED[found.kind]
        if dims and dims[0] is None:
            return KernelError(
                f"{self._where(i)}Number of {kind} values is not a multiple of stride length. "
                f"Saw {found.count} values but output shape is: {text(dims)}"
            )
        return KernelError(
            f"{self._where(i)}Number of {kind} values != expected.  "
            f"Values size: {found.count} but output shape: {text(dims)}"
        )

    def damaged(self, i: int) -> KernelError:
        """As `Blame` says."""
        return KernelError(f"{self._where(i)}Can't parse serialized Example.")

    def missing(self, i: int, wanted: int) -> KernelError:
        """As `Blame` says."""
        return KernelError(self._start(i) + missing_problem(self.key, wanted))


class Alone(NamedTuple):
    """Mistakes as ParseSingleExample tells them."""

    key: str

    def wrong_type(self, i: int, found: int, wanted: int, sparse: bool) -> KernelError:
        """As `Blame` says."""
        return KernelError(f"Key: {self.key}.  " + type_problem(found, wanted, sparse))

    def wrong_size(self, i: int, found: Values, dims: Dims) -> KernelError:
        """As `Blame` says."""
        return self.damaged(i)

    def damaged(self, i: int) -> KernelError:
        """As `Blame` says."""
        return KernelError(f"Key: {self.key}.  Can't parse serialized Example.")

    def missing(self, i: int, wanted: int) -> KernelError:
        """As `Blame` says."""
        return KernelError(missing_problem(self.key, wanted))


def type_problem(found: int, wanted: int, sparse: bool) -> str:
    """How TensorFlow tells that a feature is of another kind."""
    if sparse:
        return (
            f"Data types don't match. Expected type: {NAMES[wanted]}, Actual type: {NAMES[found]}"
        )
    return f"Data types don't match. Data type: {NAMES[found]} but expected type: {NAMES[wanted]}"


def missing_problem(key: str, wanted: int) -> str:
    """How TensorFlow tells that a feature is not there."""
    return f"Feature: {key} (data type: {NAMES[wanted]}) is required but could not be found."


def read_examples(serialized: Sequence[bytes]) -> list[dict[bytes, bytes]]:
    """The features of each example, still serialized.

    Raises:
        KernelError: if one is no Example.
    """
    found = []
    for data in serialized:
        try:
            found.append(wire.read_example(data))
        except wire.WireError:
            raise KernelError(f"Could not parse example input, value: '{as_text(data)}'") from None
    return found


def read_column(
    features: Sequence[bytes | None], wanted: int, blame: Blame, sparse: bool
) -> list[Values | None]:
    """Decodes one feature of each example, as far as that goes for one alone.

    Raises:
        KernelError: if one is damaged, or of another kind.
    """
    found: list[Values | None] = []
    for i, feature in enumerate(features):
        if feature is None:
            found.append(None)
            continue
        try:
            kind = wire.kind_of(feature)
            if kind not in (None, wanted):
                raise blame.wrong_type(i, kind or 0, wanted, sparse)
            found.append(wire.read_feature(feature))
        except wire.UnknownKindError as e:
            raise KernelError(str(e)) from None
        except wire.WireError:
            raise blame.damaged(i) from None
    return found


def joined(column: Sequence[Any], kind: int) -> Array:
    """The values of many features, one behind the other: [n]."""
    if kind == wire.BYTES:
        return strings([value for data in column for value in data])
    if kind == wire.FLOATS:
        return np.frombuffer(b"".join(column), "<f4").astype(np.float32)
    try:
        return wire.decode_varints(b"".join(column))
    except wire.WireError:
        raise KernelError("Can't parse serialized Example.") from None


def default_values(default: Array, kind: int) -> Any:
    """A default in the form in which `Values` hold a feature's data."""
    if kind == wire.BYTES:
        return default.reshape(-1).tolist()
    if kind == wire.FLOATS:
        return default.astype("<f4").tobytes()
    return wire.encode_varints(default)


def dense(
    column: Sequence[Values | None], kind: int, dims: Any, default: Array, blame: Blame
) -> Array:
    """Features of a fixed shape as one tensor: [examples, *dims].

    Raises:
        KernelError: if a feature has another number of values, or is missing without a default.
    """
    size = int(np.prod(dims, dtype=int))
    spare = default_values(default, kind) if default.size else None
    chunks = []
    for i, values in enumerate(column):
        if values is None:
            if spare is None:
                raise blame.missing(i, kind)
            chunks.append(spare)
        elif values.count != size:
            raise blame.wrong_size(i, values, dims)
        else:
            chunks.append(values.data)
    return joined(chunks, kind).reshape(len(column), *dims)


def counts_of(column: Sequence[Values | None]) -> Array:
    """How many values each feature has."""
    return np.fromiter((0 if v is None else v.count for v in column), np.int64, len(column))


def all_values(column: Sequence[Values | None], kind: int) -> Array:
    """The values of those features that are there: [n]."""
    return joined([v.data for v in column if v is not None], kind)


def padded(
    column: Sequence[Values | None], kind: int, dims: Any, padding: Array, blame: Blame
) -> Array:
    """Features of any number of rows, filled up to the longest: [examples, rows, *dims[1:]].

    Raises:
        KernelError: if a feature has no whole number of rows.
    """
    stride = int(np.prod(dims[1:], dtype=int))
    counts = counts_of(column)
    for i, values in enumerate(column):
        if values is not None and (values.count % stride if stride else values.count):
            raise blame.wrong_size(i, values, dims)
    widest = int(counts.max(initial=0))
    found = np.empty((len(column), widest), object if kind == wire.BYTES else padding.dtype)
    found.fill(padding.item())
    found[np.arange(widest) < counts[:, None]] = all_values(column, kind)
    return found.reshape(len(column), widest // stride if stride else 0, *dims[1:])


def sparse(column: Sequence[Values | None], kind: int) -> tuple[Array, Array, Array]:
    """Features of any number of values: indices [n, 2], values [n] and the shape of the whole."""
    indices, shape = sparse_parts(counts_of(column))
    return indices, all_values(column, kind), shape
