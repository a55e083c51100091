"""bfloat16_scope: variables are kept as float32 and read as bfloat16."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from graphflow.core.dtypes import bfloat16, float32
from graphflow.core.export import export
from graphflow.ops.cast import cast
from graphflow.ops.variable_scope import variable_scope


@export("tpu.bfloat16_scope", "contrib.tpu.bfloat16_scope")
@contextlib.contextmanager
def bfloat16_scope() -> Iterator[Any]:
    """A scope in which `get_variable` reads bfloat16 from variables that are kept as float32.

    Yields:
        The variable scope, which has the name "".
    """
    with variable_scope("", custom_getter=_read_as_bfloat16) as scope:
        yield scope


def _read_as_bfloat16(getter: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The variable as it is; or its value, cast, where bfloat16 is asked for."""
    if kwargs["dtype"] != bfloat16:
        return getter(*args, **kwargs)
    kwargs["dtype"] = float32
    return cast(getter(*args, **kwargs), bfloat16)
