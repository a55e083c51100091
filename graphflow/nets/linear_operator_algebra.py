"""Which function multiplies or solves with two kinds of linear operators."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Final

from graphflow.core import scopes

Rule = Callable[[Any, Any], Any]


class Rules:
    """Functions of two operators, found by their classes; subclasses take those of their bases.

    Args:
        what: "matmul" or "solve".
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._known: dict[tuple[type, type], Rule] = {}

    def register(self, left: type, right: type) -> Callable[[Rule], Rule]:
        """Decorates the function for two classes.

        Args:
            left: the class of the first operator.
            right: the class of the second one.
        """

        def put(rule: Rule) -> Rule:
            if (left, right) in self._known:
                raise ValueError(
                    f"{self.what.title()}({left.__name__}, {right.__name__}) has already been "
                    "registered."
                )
            self._known[left, right] = rule
            return rule

        return put

    def __call__(self, a: Any, b: Any) -> Any:
        """Applies the function of the nearest classes.

        Raises:
            ValueError: if there is none.
        """
        rule = self._nearest(type(a), type(b))
        if rule is None:
            raise ValueError(f"No {self.what} registered for {type(a)}.{self.what}({type(b)})")
        with scopes.name_scope(None, self.what.title()):
            return rule(a, b)

    def _nearest(self, left: type, right: type) -> Rule | None:
        found = []
        pairs = itertools.product(enumerate(left.__mro__), enumerate(right.__mro__))
        for n, ((i, a), (j, b)) in enumerate(pairs):
            if (a, b) in self._known:
                found.append((i + j, n, self._known[a, b]))
        return min(found, key=lambda entry: entry[:2])[2] if found else None


MATMUL: Final = Rules("matmul")
SOLVE: Final = Rules("solve")
