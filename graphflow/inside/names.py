"""Reads `names.txt`: the modules below `tensorflow.python` and the public objects in them."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_TABLE: Final = Path(__file__).with_name("names.txt")


@dataclass(slots=True)
class Contents:
    """What is known of one module.

    Args:
        own: public names (without the "tf.") by the names they have in the module.
        included: modules whose names it has too.
    """

    own: dict[str, str] = field(default_factory=dict)
    included: list[str] = field(default_factory=list)


@functools.cache
def table() -> dict[str, Contents]:
    """Every module and package below `tensorflow.python`, by its path from there."""
    found: dict[str, Contents] = {"": Contents()}
    text = re.sub(r"#.*\n", "", _TABLE.read_text()).replace("\n    ", " ")
    for line in text.splitlines():
        first, *words = line.split()
        if first.endswith(":"):
            parent = first.removesuffix(":").removesuffix(".")
            for word in words:
                found.setdefault(f"{parent}.{word}" if parent else word, Contents())
        elif words[:1] == ["="]:
            found[first] = _contents(words[1:])
    return found


def _contents(words: list[str]) -> Contents:
    made = Contents()
    for word in words:
        if word.startswith("@"):
            made.included.append(word[1:])
            continue
        name, _, public = word.rpartition("=")
        made.own[name or public.rpartition(".")[2]] = public
    return made


@functools.cache
def is_package(module: str) -> bool:
    """True if there are modules below this one."""
    if not module or module.split(".")[-2:-1] == ["kernel_tests"]:  # beside them lie tests
        return True
    return any(other.startswith(f"{module}.") for other in table())


def public_names(module: str) -> dict[str, str]:
    """The public objects of a module by the names they have there."""
    contents = table().get(module, Contents())
    found: dict[str, str] = {}
    for other in contents.included:
        found |= public_names(other)
    return found | contents.own
