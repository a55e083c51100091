"""Strings as numbers: buckets of hashes, and fingerprints of any data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import KernelError, ShapeError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._arguments import either
from graphflow.ops._farmhash import fingerprint64, hash64, sip_hash
from graphflow.ops._shapes import need_rank, need_rank_at_least
from graphflow.ops._strings import items

Array = np.ndarray[Any, Any]
_ABOUT_TEXT: Final = "is about text"


# --- StringToHashBucket, StringToHashBucketFast, StringToHashBucketStrong ---
LEGACY = define(
    "StringToHashBucket(string_tensor: string, *, num_buckets: int) -> output: int64",
    shape=same_shape,
    num_buckets=1,
).no_gradient(_ABOUT_TEXT)
FAST = define(
    "StringToHashBucketFast(input: string, *, num_buckets: int) -> output: int64",
    shape=same_shape,
    num_buckets=1,
).no_gradient(_ABOUT_TEXT)
STRONG = define(
    "StringToHashBucketStrong(input: string, *, num_buckets: int, key: list(int)) -> output: int64",
    shape=same_shape,
    num_buckets=1,
).no_gradient(_ABOUT_TEXT)


def _buckets(hashes: Array, num_buckets: int, shape: tuple[int, ...]) -> Array:
    return (hashes % np.uint64(num_buckets)).astype(np.int64).reshape(shape)


@LEGACY.numpy
def _(x: Array, *, num_buckets: int) -> Array:
    return _buckets(hash64(items(x)), num_buckets, x.shape)


@FAST.numpy
def _(x: Array, *, num_buckets: int) -> Array:
    return _buckets(fingerprint64(items(x)), num_buckets, x.shape)


@STRONG.numpy
def _(x: Array, *, num_buckets: int, key: list[int]) -> Array:
    if len(key) != 2:
        raise KernelError("Key must have 2 elements")
    return _buckets(sip_hash(items(x), key), num_buckets, x.shape)


@export("string_to_hash_bucket", "strings.to_hash_bucket")
def string_to_hash_bucket(
    string_tensor: Any = None,
    num_buckets: Any = None,
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """Returns each string's hash modulo the number of buckets.

    The hash function may change between versions of TensorFlow; `string_to_hash_bucket_fast` has
    one that does not.

    Args:
        string_tensor: strings.
        num_buckets: how many buckets.
        name: the node's name.
        input: another name of `string_tensor`.
    """
    x = either("input", string_tensor, "string_tensor", input)
    found: Tensor = apply(LEGACY, x, num_buckets=num_buckets, name=name)
    return found


@export("string_to_hash_bucket_fast", "strings.to_hash_bucket_fast")
def string_to_hash_bucket_fast(input: Any, num_buckets: int, name: str | None = None) -> Tensor:
    """Returns each string's FarmHash fingerprint modulo the number of buckets.

    Args:
        input: strings.
        num_buckets: how many buckets.
        name: the node's name.
    """
    found: Tensor = apply(FAST, input, num_buckets=num_buckets, name=name)
    return found


@export("string_to_hash_bucket_strong", "strings.to_hash_bucket_strong")
def string_to_hash_bucket_strong(
    input: Any, num_buckets: int, key: Sequence[int], name: str | None = None
) -> Tensor:
    """Returns each string's keyed SipHash modulo the number of buckets.

    Nobody who does not know the key can choose strings that fall into one bucket.

    Args:
        input: strings.
        num_buckets: how many buckets.
        key: two 64-bit numbers.
        name: the node's name.
    """
    found: Tensor = apply(STRONG, input, num_buckets=num_buckets, key=key, name=name)
    return found


# --- Fingerprint ---
FINGERPRINT = define("Fingerprint(data: T, method: string) -> fingerprint: uint8").no_gradient(
    "is no continuous function", raises=True
)


@FINGERPRINT.shape
def _(op: Operation) -> list[Dims]:
    data, method = op.inputs
    need_rank_at_least(
        data.dims, 1, f"`data` should have at least one dimension: {text(data.dims)}"
    )
    need_rank(method.dims, 0, f"`method` should be a scalar string: {text(method.dims)}")
    value = op.constant(1)
    if value is not None and value.item() != b"farmhash64":
        named = value.item().decode(errors="replace")
        raise ShapeError(
            f"Unsupported method: {named}", run=f"Unsupported fingerprint method: {named}"
        )
    return [(None if data.dims is None else data.dims[0], None if value is None else 8)]


def _rows(data: Array) -> list[bytes]:
    """The bytes of each row of the first axis; of several strings: those of their fingerprints."""
    count = data.shape[0]
    if data.dtype == object:
        if data.size == count:
            return items(data)
        data = fingerprint64(items(data)).reshape(count, -1)
    raw = np.ascontiguousarray(data).tobytes()
    step = len(raw) // count if count else 0
    return [raw[i * step : (i + 1) * step] for i in range(count)]


@FINGERPRINT.numpy
def _(data: Array, method: Array) -> Array:
    if method.item() != b"farmhash64":
        raise KernelError(
            f"Unsupported fingerprint method: {method.item().decode(errors='replace')}"
        )
    hashes = fingerprint64(_rows(data)).astype("<u8")
    return hashes.view(np.uint8).reshape(data.shape[0], 8)


@export("fingerprint")
def fingerprint(data: Any, method: Any = "farmhash64", name: str | None = None) -> Tensor:
    """Returns 8 bytes for each row of the data, which differ where the rows differ.

    Args:
        data: [n, ...], of any type.
        method: "farmhash64", the only one.
        name: the node's name.

    Returns:
        [n, 8], uint8.
    """
    found: Tensor = apply(FINGERPRINT, data, method, name=name)
    return found
