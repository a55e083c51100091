"""Bytes as web-safe base64 text, and back."""

from __future__ import annotations

import base64
import re
from typing import Any, Final

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.tensor import Tensor
from graphflow.ops._strings import mapped

Array = np.ndarray[Any, Any]

ENCODE = define(
    "EncodeBase64(input: string, *, pad: bool = False) -> output: string", shape=same_shape
).no_gradient("is about text")
DECODE = define("DecodeBase64(input: string) -> output: string", shape=same_shape).no_gradient(
    "is about text"
)
_WORD: Final = re.compile(rb"[A-Za-z0-9_-]*")


@ENCODE.numpy
def _(x: Array, *, pad: bool) -> Array:
    if pad:
        return mapped(base64.urlsafe_b64encode, x)
    return mapped(lambda s: base64.urlsafe_b64encode(s).rstrip(b"="), x)


def _decoded(s: bytes) -> bytes:
    if len(s) % 4 == 1 and _WORD.fullmatch(s[:-1]):
        raise KernelError("Base64 string length cannot be 1 modulo 4.")
    word = s
    if len(s) % 4 == 0 and s.endswith(b"="):  # whole groups may be padded
        word = s[:-2] if s.endswith(b"==") else s[:-1]
    if not _WORD.fullmatch(word):
        raise KernelError("Invalid character found in base64.")
    return base64.urlsafe_b64decode(word + b"=" * (-len(word) % 4))


@DECODE.numpy
def _(x: Array) -> Array:
    return mapped(_decoded, x)


@export("encode_base64", "io.encode_base64")
def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Tensor:
    """Returns bytes as web-safe base64 text: with - and _ in the place of + and /.

    Args:
        input: strings.
        pad: whether the text is filled up with = to a multiple of four characters.
        name: the node's name.
    """
    found: Tensor = apply(ENCODE, input, pad=pad, name=name)
    return found


@export("decode_base64", "io.decode_base64")
def decode_base64(input: Any, name: str | None = None) -> Tensor:
    """Returns the bytes that web-safe base64 text stands for, padded or not.

    Args:
        input: strings.
        name: the node's name.

    Raises:
        InvalidArgumentError: in the run, if a string is no such text.
    """
    found: Tensor = apply(DECODE, input, name=name)
    return found
