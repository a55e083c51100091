"""Shell patterns for paths, with the rules that TensorFlow's file systems follow.

As in the shell, wildcards match no slash; unlike there, they match a leading dot, and a pattern
that names no directory finds names that begin with "./".
"""

from __future__ import annotations

import os
import re
from typing import Final

from graphflow.core import errors
from graphflow.formats.durable import file_errors
from graphflow.platform.file_io import local_path

_WILDCARD: Final = re.compile(r"[*?\[\\]")
_BRACKET: Final = re.compile(r"\[([!^]?)(\]?(?:\[:\w+:\]|\\.|[^\]])*)\]", re.DOTALL)
_CLASSES: Final = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z",
    "space": r"\s", "xdigit": "0-9a-fA-F", "punct": r"!-/:-@\[-`{-~", "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f", "graph": "!-~", "print": " -~",
}  # fmt: skip


def matching(pattern: str) -> list[str]:
    """Returns the paths that match a pattern, in the order the system lists them.

    Raises:
        NotFoundError: if the directory before the first wildcard is not there.
    """
    path = local_path(pattern)
    scheme = pattern[: len(pattern) - len(path)]
    found = _WILDCARD.search(path)
    prefix = path[: found.start()] if found else path
    folder = os.path.dirname(prefix)
    if not folder:
        folder = "."
        prefix, path = f"./{prefix}", f"./{path}"
    return [scheme + name for name in _search(folder, prefix, path)]


def _search(folder: str, prefix: str, pattern: str) -> list[str]:
    wanted = re.compile(translate(pattern), re.DOTALL)
    depth = pattern.count("/")
    found, folders = [], [folder]
    for current in folders:  # grows as it goes: breadth first
        try:
            with file_errors(current):
                names = os.listdir(current)
        except errors.PermissionDeniedError:
            continue
        for name in names:
            path = os.path.join(current, name)
            if not path.startswith(prefix):
                continue
            if wanted.fullmatch(path):
                found.append(path)
            elif path.count("/") < depth and os.path.isdir(path):
                folders.append(path)
    return found


def translate(pattern: str) -> str:
    r"""Returns the regular expression of a shell pattern.

    >>> translate("a/*.t?t")
    'a/[^/]*\\.t[^/]t'
    """
    parts, at = [], 0
    while at < len(pattern):
        character = pattern[at]
        bracket = _BRACKET.match(pattern, at) if character == "[" else None
        if bracket:
            parts.append(_one_of(bracket[1], bracket[2]))
            at = bracket.end()
            continue
        at += 1
        if character == "\\" and at < len(pattern):
            parts.append(re.escape(pattern[at]))
            at += 1
        else:
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(character) or re.escape(character))
    return "".join(parts)


def _one_of(negated: str, body: str) -> str:
    named = re.sub(r"\[:(\w+):\]", lambda m: f"\0{m[1]}\0", body)
    plain = re.sub(r"\\(.)", r"\1", named)
    escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", plain)
    inside = re.sub("\0(\\w+)\0", lambda m: _CLASSES.get(m[1], ""), escaped)
    return f"(?!/)[{'^' if negated else ''}{inside}]"
