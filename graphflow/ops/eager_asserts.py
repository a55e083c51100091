"""What failed assertions say in eager execution, where the values are at hand."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from graphflow.core.convert import convert, convert_n_to_tensor
from graphflow.core.errors import InvalidArgumentError
from graphflow.core.tensor import Tensor

Array = np.ndarray[Any, Any]
_MOST: Final = 3


def check(condition: Any, data: Any, summarize: int | None) -> None:
    """Raises InvalidArgumentError unless a condition is true.

    Args:
        condition: a bool, or a tensor of one.
        data: what to show.
        summarize: how many elements of each; None: 3, negative: all.
    """
    if condition:
        return
    shown = [_first(np.asarray(x), summarize) for x in convert_n_to_tensor(data)]
    raise InvalidArgumentError(
        None, None, f"Expected '{condition}' to be true. Summarized data: " + "\n".join(shown)
    )


def _first(array: Array, summarize: int | None) -> str:
    most = _MOST if summarize is None else summarize if summarize >= 0 else array.size
    items = [str(x) for x in array.reshape(-1)[:most]]
    if len(items) < array.size and array.ndim:
        items.append("...")
    return ", ".join(items)


def check_all(
    sign: str,
    holds: Any,
    x: Any,
    y: Any,
    data: Any,
    summarize: int | None,
    message: str | None,
) -> None:
    """Raises InvalidArgumentError unless a comparison holds everywhere.

    Args:
        sign: of the comparison.
        holds: where it does, a bool tensor.
        x: the left side, a tensor.
        y: the right side.
        data: what to show; None: where it fails.
        summarize: how many elements of each; None: 3, negative: all.
        message: text before the rest.
    """
    where = np.asarray(holds)
    if where.all():
        return
    most = _MOST if summarize is None else summarize if summarize >= 0 else 10**9
    if data is None:
        data = _differences(sign, where, np.asarray(x), np.asarray(y), most)
    if message is not None:
        data = [message, *data]
    raise InvalidArgumentError(None, None, "\n".join([_text(d, most) for d in data]))


def _differences(sign: str, where: Array, x: Array, y: Array, most: int) -> list[Any]:
    data: list[Any] = [f"Condition x {sign} y did not hold."]
    if most <= 0:
        return data
    if x.shape == y.shape and x.ndim:
        indices = np.argwhere(~where)[:most]
        data += [f"Indices of first {len(indices)} different values:", indices]
        data += ["Corresponding x values:", x[~where].reshape(-1)[:most]]
        data += ["Corresponding y values:", y[~where].reshape(-1)[:most]]
    for name, array in (("x", x), ("y", y)):
        flat = array.reshape(-1)[:most]
        data += [f"First {flat.size} elements of {name}:", flat]
    return data


def _text(item: Any, most: int) -> str:
    if not isinstance(item, Tensor):
        return str(item)
    array = np.asarray(convert(item))
    if not array.ndim:
        return str(array[()])
    items = [str(x) for x in array.reshape(-1)[:most]]
    return str([*items, "..."] if len(items) < array.size else items)
