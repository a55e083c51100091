"""Strings matched and replaced by regular expressions of RE2's syntax."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from graphflow.core.declare import apply
from graphflow.core.elementwise import same_shape
from graphflow.core.errors import KernelError
from graphflow.core.export import export
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims, text
from graphflow.core.tensor import Tensor
from graphflow.ops._re2 import PatternError, compile_pattern, replace, rewrite_pieces
from graphflow.ops._shapes import need_rank
from graphflow.ops._strings import as_bytes, as_text, items, mapped

Array = np.ndarray[Any, Any]


def _scalar_rule(*names: str) -> Any:
    def rule(op: Operation) -> list[Dims]:
        for tensor, what in zip(op.inputs[1:], names, strict=True):
            need_rank(tensor.dims, 0, f"{what} must be scalar, but received {text(tensor.dims)}")
        return [op.inputs[0].dims]

    return rule


def _compiled(pattern: bytes) -> re.Pattern[str]:
    try:
        return compile_pattern(pattern)
    except PatternError as e:
        raise KernelError(f"Invalid pattern: {as_text(pattern)}, error: {e}") from None


# --- RegexFullMatch, StaticRegexFullMatch ---
FULL_MATCH = define(
    "RegexFullMatch(input: string, pattern: string) -> output: bool",
    shape=_scalar_rule("Pattern"),
).no_gradient("is about text", raises=True)
STATIC_FULL_MATCH = define(
    "StaticRegexFullMatch(input: string, *, pattern: string) -> output: bool", shape=same_shape
).no_gradient("is about text", raises=True)


def _full_match(x: Array, pattern: bytes) -> Array:
    match = _compiled(pattern).fullmatch
    found = [match(s.decode(errors="surrogateescape")) is not None for s in items(x)]
    return np.array(found, bool).reshape(x.shape)


@FULL_MATCH.numpy
def _(x: Array, pattern: Array) -> Array:
    return _full_match(x, pattern.item())


@STATIC_FULL_MATCH.numpy
def _(x: Array, *, pattern: str) -> Array:
    return _full_match(x, as_bytes(pattern))


@export("strings.regex_full_match")
def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Tensor:
    """Returns whether all of each string matches a regular expression.

    Args:
        input: strings.
        pattern: an expression of RE2's syntax; a scalar tensor, or text.
        name: the node's name.

    Raises:
        InvalidArgumentError: in the run, if the expression is none.
    """
    if isinstance(pattern, str | bytes):
        found: Tensor = apply(STATIC_FULL_MATCH, input, pattern=pattern, name=name)
    else:
        found = apply(FULL_MATCH, input, pattern, name=name)
    return found


# --- RegexReplace, StaticRegexReplace ---
REPLACE = define(
    "RegexReplace(input: string, pattern: string, rewrite: string, *, "
    "replace_global: bool = True) -> output: string",
    shape=_scalar_rule("Pattern", "Rewrite"),
).no_gradient("is about text")
STATIC_REPLACE = define(
    "StaticRegexReplace(input: string, *, pattern: string, rewrite: string, "
    "replace_global: bool = True) -> output: string",
    shape=same_shape,
).no_gradient("is about text", raises=True)


def _replaced(x: Array, pattern: bytes, rewrite: bytes, everywhere: bool) -> Array:
    compiled, (pieces, fine) = _compiled(pattern), rewrite_pieces(rewrite)
    if not fine and not everywhere:
        return x.copy()  # RE2 leaves strings alone then, but puts half a replacement everywhere
    return mapped(lambda s: replace(compiled, pieces, s, everywhere), x)


@REPLACE.numpy
def _(x: Array, pattern: Array, rewrite: Array, *, replace_global: bool) -> Array:
    return _replaced(x, pattern.item(), rewrite.item(), replace_global)


@STATIC_REPLACE.numpy
def _(x: Array, *, pattern: str, rewrite: str, replace_global: bool) -> Array:
    return _replaced(x, as_bytes(pattern), as_bytes(rewrite), replace_global)


@export("regex_replace", "strings.regex_replace")
def regex_replace(
    input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None
) -> Tensor:
    r"""Returns strings with what matches a regular expression replaced.

    Args:
        input: strings.
        pattern: an expression of RE2's syntax; a scalar tensor, or text.
        rewrite: what comes in the place of a match; `\1` to `\9` are groups, `\0` is all of it.
        replace_global: whether all matches are replaced, or the first.
        name: the node's name.

    Raises:
        InvalidArgumentError: in the run, if the expression is none.
    """
    options: dict[str, Any] = {"replace_global": replace_global, "name": name}
    if isinstance(pattern, str | bytes) and isinstance(rewrite, str | bytes):
        found: Tensor = apply(STATIC_REPLACE, input, pattern=pattern, rewrite=rewrite, **options)
    else:
        found = apply(REPLACE, input, pattern, rewrite, **options)
    return found
