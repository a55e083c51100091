"""Names in a GraphDef: the inputs of nodes, and what an import maps them to or returns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphflow.core import scopes
from graphflow.core.convert import convert_to_tensor
from graphflow.core.operation import Operation
from graphflow.core.tensor import Tensor


class Input(NamedTuple):
    """One input of a node: `name:index`, or `^name` for an operation to wait for."""

    name: str
    output: int
    is_control: bool
    text: str


def parse_input(text: str) -> Input:
    """Reads an input as a NodeDef names it.

    >>> parse_input("a:1")
    Input(name='a', output=1, is_control=False, text='a:1')
    """
    if text.startswith("^"):
        return Input(text[1:], -1, True, text)
    name, colon, index = text.rpartition(":")
    if colon and index.isdigit():
        return Input(name, int(index), False, text)
    return Input(text, 0, False, text)


def parse_name(text: str) -> tuple[str, int]:
    """Returns the operation and the output that a tensor's name means; "x" is "x:0".

    Raises:
        ValueError: if it is no such name.
    """
    parts = text.split(":")
    if len(parts) == 1:
        return text, 0
    if len(parts) > 2 or not parts[1].isdigit():
        raise ValueError(f"Cannot convert {text!r} to a tensor name.")
    return parts[0], int(parts[1])


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name


@dataclass(slots=True)
class Mapping:
    """`input_map`: what takes the place of which name."""

    given: dict[str, Any]
    used: set[str]

    @classmethod
    def checked(cls, input_map: Any) -> Mapping:
        """Reads the argument.

        Raises:
            TypeError: if it is no dictionary by names.
        """
        if input_map is None:
            return cls({}, set())
        if not isinstance(input_map, dict) or not all(
            isinstance(key, str | bytes) for key in input_map
        ):
            raise TypeError("input_map must be a dictionary mapping strings to Tensor objects.")
        return cls({_text(key): value for key, value in input_map.items()}, set())

    def values(self) -> Iterable[Any]:
        """What the names are mapped to."""
        return self.given.values()

    def convert(self, name: str | None) -> None:
        """Makes tensors of values; runs inside the import's name scope.

        Raises:
            ValueError: if there are values, and no scope for them.
        """
        if all(isinstance(v, Tensor | Operation) for v in self.given.values()):
            return
        if name == "":
            raise ValueError(
                "tf.import_graph_def() requires a non-empty `name` if `input_map` contains "
                "non-Tensor values. Try calling tf.convert_to_tensor() on `input_map` values "
                "before calling tf.import_graph_def()."
            )
        with scopes.name_scope("_inputs"):
            for key, value in self.given.items():
                if not isinstance(value, Tensor | Operation):
                    self.given[key] = convert_to_tensor(value)

    def find(self, one: Input) -> Any:
        """What an input is mapped to, or None."""
        if not self.given:
            return None
        keys = ["^" + one.name] if one.is_control else [f"{one.name}:{one.output}"]
        if one.output == 0:
            keys.append(one.name)
        for key in keys:
            if key in self.given:
                self.used.add(key)
                return self.given[key]
        return None

    def unused(self, nodes: dict[str, Any]) -> list[str]:
        """The tensors and `^operations` that are mapped, but that no input and no node is."""
        return [
            key if ":" in key or key.startswith("^") else f"{key}:0"
            for key in self.given
            if key not in self.used and key.lstrip("^").removesuffix(":0") not in nodes
        ]


@dataclass(slots=True)
class Returns:
    """`return_elements`: the names of what an import returns; None for nothing."""

    names: list[str] | None

    @classmethod
    def checked(cls, return_elements: Any) -> Returns:
        """Reads the argument.

        Raises:
            TypeError: if an item is no name.
        """
        if return_elements is None:
            return cls(None)
        items = list(return_elements)
        if not all(isinstance(item, str | bytes) for item in items):
            raise TypeError("return_elements must be a list of strings.")
        return cls([_text(item) for item in items])

    def check(self, nodes: dict[str, Any], mapping: Mapping) -> None:
        """Raises ValueError if a name is not in the graph's message."""
        for name in self.names or ():
            node, index = parse_name(name)
            if node in nodes or mapping.find(Input(node, index, False, name)) is not None:
                continue
            kind = "tensor" if ":" in name else "node"
            raise ValueError(f"Requested return {kind} '{name}' not found in graph def")

    def gather(self, made: dict[str, Operation], mapping: Mapping) -> list[Any] | None:
        """Returns the operations and tensors of the names.

        Args:
            made: the new operations by their names in the message.
            mapping: what took the place of a tensor is returned instead of it.

        Raises:
            ValueError: if an operation has no such output.
        """
        if self.names is None:
            return None
        found: list[Any] = []
        for name in self.names:
            node, index = parse_name(name)
            if ":" not in name:
                found.append(made[node])
                continue
            mapped = mapping.find(Input(node, index, False, name))
            outputs = made[node].outputs if mapped is None else []
            if mapped is None and index >= len(outputs):
                raise ValueError(
                    f"Invalid return output {index} of node '{node}', which has "
                    f"{len(outputs)} output(s)"
                )
            found.append(outputs[index] if mapped is None else mapped)
        return found
