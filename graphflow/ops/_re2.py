r"""RE2's regular expressions in terms of Python's.

In: a pattern as TensorFlow takes it. Out: a compiled Python pattern over text in which bytes that
are no UTF-8 are lone surrogates. RE2 has no back references and no look-around, its `$` is the very
end, and its `\d`, `\s`, `\w` and `\b` know ASCII only.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from graphflow.ops._unicode import class_ranges

_BROKEN: Final = "\udc80-\udcff"  # what bytes that are no UTF-8 are decoded to
_PERL: Final = {"d": "0-9", "s": "\\t\\n\\f\\r ", "w": "0-9A-Za-z_"}
_NOT_PERL: Final = {
    "D": "\\0-/:-\U0010ffff",
    "S": "\\0-\\x08\\x0b\\x0e-\\x1f!-\U0010ffff",
    "W": "\\0-/:-@\\[-\\^`{-\U0010ffff",
}
_POSIX: Final = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": "\\x00-\\x7f", "blank": "\\t ",
    "cntrl": "\\x00-\\x1f\\x7f", "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~",
    "punct": "!-/:-@\\[-`{-~", "space": "\\t-\\r ", "upper": "A-Z", "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_CONTROL: Final = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_REPEAT: Final = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_FLAGS: Final = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_NUMBER: Final = re.compile(r"x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|(0[0-7]{0,2}|[1-7][0-7]{1,2})")
_NAMED: Final = re.compile(r"\(\?P<(\w+)>", re.ASCII)
_MOST_REPEATS: Final = 1000


class PatternError(ValueError):
    """A pattern that RE2 refuses, in its words."""


@functools.lru_cache(maxsize=512)
def compile_pattern(pattern: bytes) -> re.Pattern[str]:
    """Returns RE2's pattern as Python's.

    Raises:
        PatternError: if RE2 refuses it.
    """
    try:
        text = pattern.decode()
    except UnicodeDecodeError:
        raise PatternError("invalid UTF-8") from None
    source = _Reader(text).whole()
    try:
        return re.compile(source)
    except (re.error, OverflowError, RecursionError) as e:
        raise PatternError(str(e)) from None


def _literal(char: str) -> str:
    return re.escape(char)


class _Reader:
    """One pattern being read; `at` is the next character."""

    __slots__ = ("at", "flags", "out", "stack", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.flags: frozenset[str] = frozenset()
        self.stack: list[tuple[frozenset[str], int]] = []
        self.out: list[str] = []

    def whole(self) -> str:
        repeated_from = -1
        while self.at < len(self.text):
            start = self.at
            if self._repetition_here():
                self._repetition(repeated_from)
                repeated_from = start if repeated_from < 0 else repeated_from
                continue
            repeated_from = -1
            self._item()
        if self.stack:
            raise PatternError(f"missing ): {self.text}")
        return "".join(self.out)

    def _rest(self) -> str:
        return self.text[self.at :]

    # --- repetition ---
    def _repetition_here(self) -> bool:
        char = self.text[self.at]
        return char in "*+?" or (char == "{" and bool(_REPEAT.match(self.text, self.at)))

    def _repetition(self, before: int) -> None:
        """Reads `*`, `+`, `?` or `{n,m}`; `before` is where one stood that it follows, or -1."""
        start = self.at
        found = _REPEAT.match(self.text, start)
        end = found.end() if found else start + 1
        operator = self.text[start:end]
        lazy = self.text[end : end + 1] == "?"
        self.at = end + lazy
        if before >= 0:
            raise PatternError(f"bad repetition operator: {self.text[before : self.at]}")
        just_opened = self.stack and self.stack[-1][1] == len(self.out) - 1
        if not self.out or self.out[-1] == "|" or just_opened:
            raise PatternError(f"no argument for repetition operator: {operator}")
        if found:
            sizes = [int(n) for n in (found[1], found[3]) if n]
            if max(sizes) > _MOST_REPEATS or sizes != sorted(sizes):
                raise PatternError(f"invalid repetition size: {operator}")
        if self.out[-1] in ("\\A", "\\Z"):
            self.out[-1] = f"(?:{self.out[-1]})"  # Python repeats no bare anchor
        self.out.append(operator + ("?" if lazy != ("U" in self.flags) else ""))

    # --- items ---
    def _item(self) -> None:
        char = self.text[self.at]
        match char:
            case "(":
                self._open()
            case ")":
                self._close()
            case "[":
                self._emit(self._class())
            case "\\":
                self._escape()
            case "|":
                self._advance("|")
            case "^":
                self._advance("(?m:^)" if "m" in self.flags else "\\A")
            case "$":
                self._advance("(?m:$)" if "m" in self.flags else "\\Z")
            case ".":
                self._advance(f"[^{_BROKEN}]" if "s" in self.flags else f"[^\n{_BROKEN}]")
            case _:
                self.at += 1
                self._emit(_literal(char))

    def _advance(self, source: str) -> None:
        self.at += 1
        self.out.append(source)

    def _emit(self, source: str) -> None:
        self.out.append(f"(?i:{source})" if "i" in self.flags else source)

    def _open(self) -> None:
        rest = self._rest()
        if not rest.startswith("(?"):
            self.stack.append((self.flags, len(self.out)))
            self._advance("(")
            return
        if rest.startswith("(?P"):
            self._open_named(rest)
            return
        found = _FLAGS.match(self.text, self.at)
        if found is None or (found[3] == ")" and found[0] == "(?)"):
            end = re.match(r"\(\?[imsU-]*.?", rest, re.DOTALL)
            raise PatternError(
                f"missing ): {self.text}"
                if end is None or (end.end() == len(rest) and rest[-1] in "?imsU-")
                else f"invalid perl operator: {end[0]}"
            )
        outer = self.flags
        flags = (self.flags | frozenset(found[1])) - frozenset(found[2] or "")
        self.at = found.end()
        if found[3] == ":":
            self.stack.append((outer, len(self.out)))
            self.out.append("(?:")
        self.flags = flags

    def _open_named(self, rest: str) -> None:
        found = _NAMED.match(self.text, self.at)
        if found is None:
            end = rest.find(">")
            raise PatternError(
                f"invalid named capture group: {rest if end < 0 else rest[: end + 1]}"
            )
        self.stack.append((self.flags, len(self.out)))
        self.at = found.end()
        self.out.append("(")  # nothing asks for a group by its name

    def _close(self) -> None:
        if not self.stack:
            raise PatternError(f"missing ): {self.text}")
        self.flags, start = self.stack.pop()
        self.at += 1
        group = "".join(self.out[start:]) + ")"  # one piece: an operator repeats all of it
        del self.out[start:]
        self.out.append(group)

    # --- escapes ---
    def _escape(self) -> None:
        rest = self._rest()
        if rest.startswith("\\Q"):
            end = self.text.find("\\E", self.at + 2)
            quoted = self.text[self.at + 2 : len(self.text) if end < 0 else end]
            self.at = len(self.text) if end < 0 else end + 2
            for char in quoted:
                self._emit(_literal(char))
            return
        word = rest[1:2]
        if word in _PERL or word in _NOT_PERL or word in ("p", "P"):
            self._emit(f"[{self._set_escape()}]")
        elif word in ("A", "z", "b", "B", "C"):
            self.at += 2
            known = {"A": "\\A", "z": "\\Z", "b": "(?a:\\b)", "B": "(?a:\\B)", "C": "(?s:.)"}
            self.out.append(known[word])
        else:
            self._emit(_literal(chr(self._character())))

    def _set_escape(self) -> str:
        r"""Reads `\d`, `\W`, `\pL`, `\P{Greek}`: what stands inside brackets for it."""
        word = self.text[self.at + 1]
        if word in _PERL:
            self.at += 2
            return _PERL[word]
        if word in _NOT_PERL:
            self.at += 2
            return _NOT_PERL[word]
        start = self.at
        name = self.text[start + 2 : start + 3]
        self.at = start + 3
        if name == "{":
            end = self.text.find("}", start)
            name = self.text[start + 3 : end] if end > 0 else ""
            self.at = end + 1 if end > 0 else len(self.text)
        negative = (word == "P") != name.startswith("^")
        ranges = class_ranges(name.lstrip("^"), negative)
        if ranges is None:
            raise PatternError(f"invalid character class range: {self.text[start : self.at]}")
        return "".join([f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges])

    def _character(self) -> int:
        """Reads an escape that stands for one character."""
        start = self.at
        if start + 1 >= len(self.text):
            raise PatternError("trailing \\ at end of regexp: \\")
        char = self.text[start + 1]
        self.at = start + 2
        if char in _CONTROL:
            return _CONTROL[char]
        if not char.isalnum() and char.isascii() and char != "_":
            return ord(char)
        found = _NUMBER.match(self.text, start + 1)
        if found is not None:
            self.at = found.end()
            value = int(found[1] or found[2] or found[3], 8 if found[3] else 16)
            if value <= 0x10FFFF:
                return value
        raise PatternError(f"invalid escape sequence: {self.text[start : self.at]}")

    # --- classes ---
    def _class(self) -> str:
        start = self.at
        self.at += 1
        negative = self.text[self.at : self.at + 1] == "^"
        self.at += negative
        parts: list[str] = []
        while self.at < len(self.text):
            if self.text[self.at] == "]" and parts:
                self.at += 1
                extra = _BROKEN if negative else ""
                return f"[{'^' if negative else ''}{''.join(parts)}{extra}]"
            parts.append(self._class_item())
        raise PatternError(f"missing ]: {self.text[start:]}")

    def _class_item(self) -> str:
        rest = self._rest()
        if rest.startswith("[:") and ":]" in rest:
            return self._posix(rest)
        if rest[0] == "\\" and rest[1:2] and rest[1] in "dswDSWpP":
            return self._set_escape()
        start = self.at
        low = high = self._class_character()
        after = self.text[self.at : self.at + 2]
        if after.startswith("-") and after != "-]" and len(after) == 2:
            self.at += 1
            high = self._class_character()
            if high < low:
                raise PatternError(f"invalid character class range: {self.text[start : self.at]}")
        return f"\\U{low:08x}-\\U{high:08x}" if high != low else f"\\U{low:08x}"

    def _posix(self, rest: str) -> str:
        end = rest.index(":]")
        name = rest[2:end]
        self.at += end + 2
        known = _POSIX.get(name.lstrip("^"))
        if known is None:
            raise PatternError(f"invalid character class range: {rest[: end + 2]}")
        if not name.startswith("^"):
            return known
        inside = re.compile(f"[{known}]")
        ascii_part = "".join([f"\\x{c:02x}" for c in range(128) if not inside.match(chr(c))])
        return ascii_part + "\x80-\U0010ffff"

    def _class_character(self) -> int:
        if self.text[self.at] == "\\":
            return self._character()
        self.at += 1
        return ord(self.text[self.at - 1])


# --- replacements ---
def rewrite_pieces(rewrite: bytes) -> tuple[list[str | int], bool]:
    """Splits a replacement into text and numbers of groups.

    Returns:
        The pieces before the first mistake, and whether there is none.
    """
    pieces: list[str | int] = []
    text = rewrite.decode(errors="surrogateescape")
    at = 0
    while at < len(text):
        if text[at] != "\\":
            end = text.find("\\", at)
            end = len(text) if end < 0 else end
            pieces.append(text[at:end])
            at = end
            continue
        word = text[at + 1 : at + 2]
        if word not in ("\\", *"0123456789"):
            return pieces, False
        pieces.append("\\" if word == "\\" else int(word))
        at += 2
    return pieces, True


def _expanded(pieces: list[str | int], found: re.Match[str]) -> str:
    groups = found.re.groups
    return "".join(
        [p if isinstance(p, str) else (found[p] or "") if p <= groups else "" for p in pieces]
    )


def replace(
    pattern: re.Pattern[str], pieces: list[str | int], value: bytes, everywhere: bool
) -> bytes:
    """Returns a string with the first or all matches replaced.

    An empty match right behind another match does not count, as in RE2.
    """
    text = value.decode(errors="surrogateescape")
    out: list[str] = []
    at, last = 0, -1
    found = pattern.search(text)
    if found is None:
        return value
    while found is not None:
        start, end = found.span()
        out.append(text[at:start])
        if start == end == last:
            out.append(text[start : start + 1])
            at = start + 1
        else:
            out.append(_expanded(pieces, found))
            at = last = end
            if not everywhere:
                break
        found = pattern.search(text, at) if at <= len(text) else None
    out.append(text[at:])
    return "".join(out).encode(errors="surrogateescape")
