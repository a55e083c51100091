"""A row of the table of bad inputs: the user's code and what its error has to say.

Runs on Python 3.7 as well.
"""

from __future__ import annotations

from typing import NamedTuple, Union


class Case(NamedTuple):
    """One snippet; `says` is None where the code works, in TensorFlow as in graphflow."""

    number: int
    title: str
    code: str
    says: str | None = None
    # True: the error names the line of the code that made the node, and TensorFlow knows which.
    # A number: TensorFlow names no node here; the line that ours should name.
    names_line: Union[bool, int] = False  # noqa: UP007 - evaluated under Python 3.7


def fails(number: int, title: str, code: str, says: str, names_line: bool | int = False) -> Case:
    """Returns a case whose code raises an error that contains the phrase `says`."""
    return Case(number, title, code.strip("\n"), says, names_line)


def works(number: int, title: str, code: str) -> Case:
    """Returns a case whose code raises nothing; what it leaves in `result` is recorded."""
    return Case(number, title, code.strip("\n"))
