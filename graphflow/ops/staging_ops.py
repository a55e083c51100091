"""Staging areas as operations: Stage, MapStage, OrderedMapStage and what is done with them.

There is no handle: operations with the same shared name work on the same area.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from graphflow.core.dtypes import DType
from graphflow.core.errors import ShapeError
from graphflow.core.opdef import define
from graphflow.core.operation import Operation
from graphflow.core.shape import Dims
from graphflow.core.state import Store
from graphflow.ops._staging import MapStage, Stage
from graphflow.ops.queue_ops import NO_GRADIENT, scalar_outputs, unknown_outputs

Array = np.ndarray[Any, Any]

_OPTIONS: Final = "capacity: int = 0, memory_limit: int = 0, "
_NAMES: Final = "container: string = '', shared_name: string = ''"


def _op(signature: str, kernel: Any, least: int = 1, shape: Any = None, **facets: Any) -> None:
    """Defines an operation on an area; `signature` leaves out the attributes that all have."""
    ports, _, outputs = signature.partition(" -> ")
    name, _, inputs = ports.rstrip(")").partition("(")
    more = "" if "dtypes..." in inputs and "fake_" not in inputs else ", dtypes: list(type)"
    text = f"{name}({inputs + ', ' if inputs else ''}*, {_OPTIONS}{_NAMES}{more})"
    if least:
        facets["dtypes"] = least
    new = define(
        f"{text} -> {outputs}" if outputs else text, stateful=True, shape=shape, capacity=0,
        memory_limit=0, **facets,
    )  # fmt: skip
    new.no_gradient(NO_GRADIENT, raises=True).numpy(kernel)
    new.host_only("it waits for other threads")


# --- Stage, Unstage, StagePeek, StageSize, StageClear ---
def _stage(store: Store, container: str, key: str, capacity: int, memory_limit: int) -> Stage:
    return store.cell(container, f"stage:{key}", lambda: Stage(capacity, memory_limit))


def _kernel(action: Callable[..., Any]) -> Any:
    def run(
        *inputs: Any,
        store: Store,
        name: str,
        container: str,
        shared_name: str,
        capacity: int,
        memory_limit: int,
    ) -> Any:
        return action(
            _stage(store, container, shared_name or name, capacity, memory_limit), *inputs
        )

    return run


def _peek_shape(op: Operation) -> list[Dims]:
    dims = op.inputs[0].dims
    if dims:
        raise ShapeError(f"Shape must be rank 0 but is rank {len(dims)}")
    return unknown_outputs(op)


_op("Stage(values: dtypes...)", _kernel(Stage.put), waits="give")
_op("Unstage() -> values: dtypes...", _kernel(Stage.get), shape=unknown_outputs, waits="take")
_op(
    "StagePeek(index: int32) -> values: dtypes...",
    _kernel(lambda stage, index: stage.peek(int(index))), shape=_peek_shape, waits="take",
)  # fmt: skip
_op(
    "StageSize() -> size: int32", _kernel(lambda stage: np.array(stage.size(), np.int32)), least=0,
    shape=scalar_outputs,
)  # fmt: skip
_op("StageClear()", _kernel(Stage.clear), least=0)


# --- MapStage, MapUnstage, MapUnstageNoKey, MapPeek, MapSize, MapIncompleteSize, MapClear ---
def _map_kernel(ordered: bool, action: Callable[..., Any], types: bool = False) -> Any:
    """A kernel over the area; `types`: its `dtypes` are those of the whole tuple."""

    def run(
        *inputs: Any,
        store: Store,
        name: str,
        container: str,
        shared_name: str,
        capacity: int,
        memory_limit: int,
        dtypes: list[DType],
    ) -> Any:
        key = f"{'ordered' if ordered else ''}map:{shared_name or name}"
        area = store.cell(
            container, key, lambda: MapStage(capacity, memory_limit, len(dtypes), ordered)
        )
        if types:
            area.resize(len(dtypes))
        return action(area, *inputs)

    return run


def _key(key: Array) -> int:
    return int(key.flat[0])


def _put(area: MapStage, key: Array, indices: Array, values: list[Any]) -> None:
    area.put(_key(key), indices.reshape(-1).tolist(), values)


def _get(area: MapStage, key: Array, indices: Array) -> list[Any]:
    return area.get(_key(key), indices.reshape(-1).tolist())


def _peek(area: MapStage, key: Array, indices: Array) -> list[Any]:
    return area.peek(_key(key), indices.reshape(-1).tolist())


def _pop(area: MapStage, indices: Array) -> list[Any]:
    key, parts = area.pop(indices.reshape(-1).tolist())
    return [np.array(key, np.int64), *parts]


def _map_ops(prefix: str, ordered: bool) -> None:
    def kernel(action: Callable[..., Any], types: bool = False) -> Any:
        return _map_kernel(ordered, action, types)

    _op(
        f"{prefix}MapStage(key: int64, indices: int32, values: fake_dtypes...)",
        kernel(_put, types=True), least=0, fake_dtypes=1, waits="give",
    )  # fmt: skip
    for name, action in (("MapPeek", _peek), ("MapUnstage", _get)):
        _op(
            f"{prefix}{name}(key: int64, indices: int32) -> values: dtypes...", kernel(action),
            shape=unknown_outputs, waits="take",
        )  # fmt: skip
    _op(
        f"{prefix}MapUnstageNoKey(indices: int32) -> key: int64, values: dtypes...", kernel(_pop),
        shape=unknown_outputs, waits="take",
    )  # fmt: skip
    sizes = {"MapSize": MapStage.size, "MapIncompleteSize": MapStage.incomplete_size}
    for name, size in sizes.items():
        _op(
            f"{prefix}{name}() -> size: int32",
            kernel(lambda area, size=size: np.array(size(area), np.int32)), least=0,
            shape=scalar_outputs,
        )  # fmt: skip
    _op(f"{prefix}MapClear()", kernel(MapStage.clear), least=0)


_map_ops("", ordered=False)
_map_ops("Ordered", ordered=True)
