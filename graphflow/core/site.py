"""Where the user declared an operation: one line of one file, captured at almost no cost."""

from __future__ import annotations

import linecache
import os
import sys
from types import CodeType, FrameType
from typing import Final

_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
# Examples are programs of users that happen to lie in the package: their lines count.
_EXAMPLES: Final = _PACKAGE + "examples" + os.sep
_is_ours: dict[str, bool] = {}


class Site:
    """One line of user code.

    Holds the code object and the instruction offset; the line number and the text are looked up
    only when somebody asks.
    """

    __slots__ = ("_code", "_lasti", "_line")

    def __init__(self, code: CodeType, lasti: int) -> None:
        self._code = code
        self._lasti = lasti
        self._line: int | None = None

    @property
    def filename(self) -> str:
        """The file of the line."""
        return self._code.co_filename

    @property
    def function(self) -> str:
        """The function that holds the line."""
        return self._code.co_name

    @property
    def first_line(self) -> int:
        """The line on which that function begins."""
        return self._code.co_firstlineno

    @property
    def line(self) -> int:
        """The line number, counted from 1."""
        if self._line is None:
            found = self._code.co_firstlineno
            for start, end, line in self._code.co_lines():
                if start <= self._lasti < end and line is not None:
                    found = line
                    break
            self._line = found
        return self._line

    @property
    def text(self) -> str:
        """The source of the line, without its indentation; empty where it is not known."""
        return linecache.getline(self.filename, self.line).strip()

    @property
    def short(self) -> str:
        """`file:line`."""
        return f"{os.path.basename(self.filename)}:{self.line}"

    def __str__(self) -> str:
        text = self.text
        return f"{self.short}:  {text}" if text else self.short


def _ours(filename: str) -> bool:
    ours = (filename.startswith(_PACKAGE) and not filename.startswith(_EXAMPLES)) or (
        filename.startswith(("<frozen ", "<graphflow")) or filename.endswith("contextlib.py")
    )
    _is_ours[filename] = ours
    return ours


def user_site(depth: int = 1, known: dict[tuple[int, int], Site] | None = None) -> Site | None:
    """Returns the nearest line on the call stack that lies outside the package.

    Args:
        depth: frames to leave out, counted from the caller.
        known: sites found before: one object serves all operations that a line makes.
    """
    frame: FrameType | None = sys._getframe(depth)
    files = _is_ours
    while frame is not None:
        code = frame.f_code
        ours = files.get(code.co_filename)  # a string keeps its hash, a code object does not
        if ours is None:
            ours = _ours(code.co_filename)
        if not ours:
            if known is None:
                return Site(code, frame.f_lasti)
            key = (id(code), frame.f_lasti)  # the site keeps its code alive
            found = known.get(key)
            if found is None:
                found = known[key] = Site(code, frame.f_lasti)
            return found
        frame = frame.f_back
    return None
