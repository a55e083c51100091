"""FarmHash's Fingerprint64, SipHash and TensorFlow's older hash, of many strings at once.

All strings lie in one buffer, and each step of a hash is one array operation over all strings of
the same class of lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, Any]
_U64: Final = np.uint64
_K0: Final = _U64(0xC3A5C85C97CB3127)
_K1: Final = _U64(0xB492B66FBE98F273)
_K2: Final = _U64(0x9AE16A3B2F90404F)
_TWO: Final = _U64(2)


class _Strings:
    """Strings in one buffer, with their starts and lengths; some of them by `[...]`."""

    __slots__ = ("bytes", "lengths", "starts", "u32", "u64")

    def __init__(self, strings: Sequence[bytes]) -> None:
        self.lengths: Array = np.fromiter(map(len, strings), np.int64, len(strings))
        self.starts: Array = np.cumsum(self.lengths) - self.lengths
        buffer = b"".join([*strings, b"\0" * 8])
        self.bytes: Array = np.frombuffer(buffer, np.uint8)
        n = len(buffer)
        self.u64: Array = np.ndarray((n - 7,), "<u8", buffer, strides=(1,))
        self.u32: Array = np.ndarray((n - 3,), "<u4", buffer, strides=(1,))

    def __getitem__(self, which: Array) -> _Strings:
        part = object.__new__(_Strings)
        part.bytes, part.u32, part.u64 = self.bytes, self.u32, self.u64
        part.starts, part.lengths = self.starts[which], self.lengths[which]
        return part

    def front(self, offset: Any = 0) -> Array:
        """The 8 bytes at this offset as a number."""
        found: Array = self.u64[self.starts + offset].astype(_U64)
        return found

    def back(self, offset: int) -> Array:
        """The 8 bytes that start so far before the end."""
        return self.front(self.lengths - offset)


def _rotate(x: Array, bits: int) -> Array:
    return (x >> _U64(bits)) | (x << _U64(64 - bits))


def _mixed(x: Array) -> Array:
    found: Array = x ^ (x >> _U64(47))
    return found


def _hash16(u: Array, v: Array, factor: Array) -> Array:
    a = _mixed((u ^ v) * factor)
    return _mixed((v ^ a) * factor) * factor


def _factor(s: _Strings) -> Array:
    return _K2 + s.lengths.astype(_U64) * _TWO


def _upto_3(s: _Strings) -> Array:
    size = s.lengths
    found = np.full(size.shape, _K2)
    some = size > 0
    start, size = s.starts[some], size[some]
    a, b, c = (s.bytes[start + i].astype(_U64) for i in (0, size >> 1, size - 1))
    y, z = a + (b << _U64(8)), size.astype(_U64) + (c << _TWO)
    found[some] = _mixed((y * _K2) ^ (z * _K0)) * _K2
    return found


def _upto_7(s: _Strings) -> Array:
    first = s.u32[s.starts].astype(_U64)
    last = s.u32[s.starts + s.lengths - 4].astype(_U64)
    return _hash16(s.lengths.astype(_U64) + (first << _U64(3)), last, _factor(s))


def _upto_16(s: _Strings) -> Array:
    factor = _factor(s)
    a, b = s.front() + _K2, s.back(8)
    c = _rotate(b, 37) * factor + a
    d = (_rotate(a, 25) + b) * factor
    return _hash16(c, d, factor)


def _upto_32(s: _Strings) -> Array:
    factor = _factor(s)
    a, b, c, d = s.front() * _K1, s.front(8), s.back(8) * factor, s.back(16) * _K2
    left = _rotate(a + b, 43) + _rotate(c, 30) + d
    return _hash16(left, a + _rotate(b + _K2, 18) + c, factor)


def _upto_64(s: _Strings) -> Array:
    factor = _factor(s)
    a, b, c, d = s.front() * _K2, s.front(8), s.back(8) * factor, s.back(16) * _K2
    y = _rotate(a + b, 43) + _rotate(c, 30) + d
    z = _hash16(y, a + _rotate(b + _K2, 18) + c, factor)
    e, f = s.front(16) * factor, s.front(24)
    g, h = (y + s.back(32)) * factor, (z + s.back(24)) * factor
    left = _rotate(e + f, 43) + _rotate(g, 30) + h
    return _hash16(left, e + _rotate(f + a, 18) + g, factor)


Pair = tuple[Array, Array]


def _weak(s: _Strings, at: Any, a: Array, b: Array) -> Pair:
    w, x, y, z = (s.front(at + 8 * i) for i in range(4))
    a = a + w
    b = _rotate(b + a + z, 21)
    c = a
    a = a + x + y
    return a + z, b + _rotate(a, 44) + c


def _round(
    s: _Strings, at: Any, state: tuple[Array, Array, Array, Pair, Pair], last: Any
) -> tuple[Array, Array, Array, Pair, Pair]:
    """One block of 64 bytes; `last` is the factor of the last one, whose weights differ."""
    x, y, z, v, w = state
    factor, nine = (_K1, _U64(1)) if last is None else (last, _U64(9))
    x = _rotate(x + y + v[0] + s.front(at + 8), 37) * factor
    y = _rotate(y + v[1] + s.front(at + 48), 42) * factor
    x = x ^ (w[1] * nine)
    y = y + v[0] * nine + s.front(at + 40)
    z = _rotate(z + w[0], 33) * factor
    v = _weak(s, at, v[1] * factor, x + w[0])
    w = _weak(s, at + 32, z + w[1], y + s.front(at + 16))
    return z, y, x, v, w


def _longer(s: _Strings) -> Array:
    """Strings of more than 64 bytes: blocks of 64, then the last 64 once more."""
    zero = np.zeros(s.lengths.shape, _U64)
    x = _U64(81) * _K2 + s.front()
    y = zero + (_U64(81) * _K1 + _U64(113))
    z = _mixed(y * _K2 + _U64(113)) * _K2
    state = np.stack([x, y, z, zero, zero, zero, zero])
    blocks = (s.lengths - 1) // 64
    for block in range(int(blocks.max())):
        active = blocks > block
        x, y, z, v0, v1, w0, w1 = state[:, active]
        x, y, z, v, w = _round(s[active], 64 * block, (x, y, z, (v0, v1), (w0, w1)), None)
        state[:, active] = [x, y, z, *v, *w]
    x, y, z, v0, v1, w0, w1 = state
    factor = _K1 + ((z & _U64(0xFF)) << _U64(1))
    w0 = w0 + ((s.lengths - 1) & 63).astype(_U64)
    v0 = v0 + w0
    w0 = w0 + v0
    x, y, z, v, w = _round(s, s.lengths - 64, (x, y, z, (v0, v1), (w0, w1)), factor)
    left = _hash16(v[0], w[0], factor) + _mixed(y) * _K0 + z
    return _hash16(left, _hash16(v[1], w[1], factor) + x, factor)


_CLASSES: Final[tuple[tuple[int, Callable[[_Strings], Array]], ...]] = (
    (3, _upto_3), (7, _upto_7), (16, _upto_16), (32, _upto_32), (64, _upto_64),
)  # fmt: skip


def fingerprint64(strings: Sequence[bytes]) -> Array:
    """Returns FarmHash's Fingerprint64 of each string: [n], uint64."""
    every = _Strings(strings)
    found = np.empty(len(strings), _U64)
    below = -1
    with np.errstate(over="ignore"):
        for limit, function in _CLASSES:
            chosen = (every.lengths > below) & (every.lengths <= limit)
            if chosen.any():
                found[chosen] = function(every[chosen])
            below = limit
        chosen = every.lengths > below
        if chosen.any():
            found[chosen] = _longer(every[chosen])
    return found


# --- SipHash ---
def _sip_round(v: list[Array]) -> None:
    a, b, c, d = v
    a, c = a + b, c + d
    b, d = _rotate(b, 51) ^ a, _rotate(d, 48) ^ c
    a = _rotate(a, 32)
    c, a = c + b, a + d
    b, d = _rotate(b, 47) ^ c, _rotate(d, 43) ^ a
    v[:] = a, b, _rotate(c, 32), d


def _with_tail(s: _Strings) -> Array:
    """The last 0 to 7 bytes as a number, with the length in the highest byte."""
    rest = (s.lengths & 7).astype(_U64)
    mask = (_U64(1) << (rest * _U64(8))) - _U64(1)
    tail = s.front(s.lengths - (s.lengths & 7)) & mask
    found: Array = tail | ((s.lengths & 0xFF).astype(_U64) << _U64(56))
    return found


_SIP: Final = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def sip_hash(strings: Sequence[bytes], key: Sequence[int]) -> Array:
    """Returns SipHash-2-4 of each string under a key of two 64-bit numbers: [n], uint64."""
    s = _Strings(strings)
    zero = np.zeros(len(strings), _U64)
    halves = [_U64(k % (1 << 64)) for k in key]
    with np.errstate(over="ignore"):
        state = np.stack([zero + (_U64(c) ^ halves[i & 1]) for i, c in enumerate(_SIP)])
        words = s.lengths >> 3
        for block in range(int(words.max(initial=0))):
            active = words > block
            state[:, active] = _sip_word(list(state[:, active]), s[active].front(8 * block))
        v = _sip_word(list(state), _with_tail(s))
        v[2] = v[2] ^ _U64(0xFF)
        for _ in range(4):
            _sip_round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _sip_word(v: list[Array], word: Array) -> list[Array]:
    v[3] = v[3] ^ word
    _sip_round(v)
    _sip_round(v)
    v[0] = v[0] ^ word
    return v


# --- the older hash ---
_M: Final = _U64(0xC6A4A7935BD1E995)
_SEED: Final = _U64(0xDECAFCAFFE)


def hash64(strings: Sequence[bytes]) -> Array:
    """Returns TensorFlow's own Hash64 (MurmurHash64A) of each string: [n], uint64."""
    s = _Strings(strings)
    with np.errstate(over="ignore"):
        found = _SEED ^ (s.lengths.astype(_U64) * _M)
        words = s.lengths >> 3
        for block in range(int(words.max(initial=0))):
            active = words > block
            k = s[active].front(8 * block) * _M
            k = (k ^ (k >> _U64(47))) * _M
            found[active] = (found[active] ^ k) * _M
        rest = (s.lengths & 7) > 0
        tail = _with_tail(s[rest]) & _U64((1 << 56) - 1)
        found[rest] = (found[rest] ^ tail) * _M
        found = _mixed(found) * _M
        return _mixed(found)
