"""How much of TensorFlow 1.15.5's public API is here: writes docs/api_coverage.md.

    python tests/api_coverage.py [--check]

A name counts if it is there and takes TensorFlow's arguments; one whose body only raises
NotImplementedError does not. How many of 77 public repositories use a name says what matters.
"""

from __future__ import annotations

import ast
import gzip
import inspect
import pathlib
import sys
import textwrap
from collections import defaultdict
from typing import Any, NamedTuple

import graphflow as tf

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "api_coverage.md"
ELSEWHERE = (
    "contrib", "keras", "estimator", "data", "layers", "train", "summary", "feature_column",
    "distribute",
)  # fmt: skip
"""Parts of the API that a page of their own is for."""
INSIDE = ("python", "core", "compiler", "tools", "examples")
"""TensorFlow's insides: importable, but not its public API."""
TARGETS = {1: 95.0, 2: 98.0, 5: 100.0, 10: 100.0}
"""The share, in percent, of the names that so many repositories use."""


class Name(NamedTuple):
    """A public name of TensorFlow, and what is wrong with ours: "" for nothing."""

    symbol: str
    kind: str
    repositories: int
    problem: str


MISSING = object()


def lookup(symbol: str) -> Any:
    """The object behind a symbol, or MISSING."""
    found: Any = tf
    for part in symbol.split(".")[1:]:
        found = getattr(found, part, MISSING)
        if found is MISSING:
            break
    return found


def is_stub(thing: Any) -> bool:
    """True for a function whose body only raises NotImplementedError."""
    if not inspect.isfunction(thing):
        return False
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(thing))))
    except (OSError, SyntaxError):
        return False
    body = tree.body[0].body  # type: ignore[attr-defined]  # a function's
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return bool(body) and isinstance(body[0], ast.Raise) and "NotImplemented" in ast.dump(body[0])


def problem(symbol: str, kind: str, different: Any) -> str:
    """What is wrong with a name: "" for nothing."""
    found = lookup(symbol)
    if found is MISSING:
        return "missing"
    if is_stub(found):
        return "raises NotImplementedError"
    if kind in ("function", "class") and different(symbol.removeprefix("tf.")):
        return "other arguments"
    return ""


def different_arguments() -> Any:
    """A function that says whether an exported name takes other arguments than TensorFlow's."""
    sys.path += [str(HERE), str(HERE / "cases")]  # at the end: cases has a random.py
    import test_definitions as definitions

    known = set(definitions._callables()) - set(definitions.OWN_ARGUMENTS)
    return lambda name: name in known and definitions._different_arguments(name) is not None


def names() -> list[Name]:
    """All public names of the parts that this page is about, the most used first."""
    text = gzip.decompress((HERE / "golden" / "api_use.tsv.gz").read_bytes()).decode()
    different = different_arguments()
    found = []
    for line in text.splitlines():
        symbol, kind, used = line.split("\t")
        part = symbol.split(".")[1]
        if part not in ELSEWHERE + INSIDE and not symbol.startswith("tf.compat.v"):
            found.append(Name(symbol, kind, int(used or 0), problem(symbol, kind, different)))
    return sorted(found, key=lambda n: (-n.repositories, n.symbol))


def share(found: list[Name]) -> float:
    """The percentage of names that have no problem."""
    return 100 * sum(not n.problem for n in found) / max(1, len(found))


def page(found: list[Name]) -> str:
    """The page as Markdown."""
    lines = [
        "# How much of TensorFlow 1.15.5's API is here",
        "",
        "Made by `make coverage-api`; a test keeps it fresh. Counted are the public names outside "
        + ", ".join(f"`tf.{p}`" for p in ELSEWHERE)
        + ". A name counts as present if it takes TensorFlow's arguments and does its work.",
        "",
        "| used by at least | names | present | share | wanted |",
        "|---|--:|--:|--:|--:|",
    ]
    for least, target in TARGETS.items():
        some = [n for n in found if n.repositories >= least]
        here = sum(not n.problem for n in some)
        many = "repository" if least == 1 else "repositories"
        row = f"| {len(some)} | {here} | {share(some):.1f} % | {target:.0f} % |"
        lines.append(f"| {least} of 77 {many} {row}")
    unused = [n for n in found if not n.repositories]
    here = sum(not n.problem for n in unused)
    lines.append(f"| none of them | {len(unused)} | {here} | {share(unused):.1f} % | |")
    lines += ["", "## By module", "", "| module | names | present |", "|---|--:|--:|"]
    modules: dict[str, list[Name]] = defaultdict(list)
    for n in found:
        modules[n.symbol.rpartition(".")[0]].append(n)
    for module in sorted(modules):
        some = modules[module]
        lines.append(f"| `{module}` | {len(some)} | {sum(not n.problem for n in some)} |")
    lines += ["", "## What is not here", "", "| name | used by | |", "|---|--:|---|"]
    gaps = [n for n in found if n.problem]
    lines += [f"| `{n.symbol}` | {n.repositories or ''} | {n.problem} |" for n in gaps]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    found = names()
    text = page(found)
    if "--check" in arguments:
        return int(not PAGE.exists() or PAGE.read_text() != text)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text)
    print("\n".join(text.splitlines()[:12]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
