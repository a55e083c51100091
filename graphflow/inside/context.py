"""tensorflow.python.eager.context: whether operations run as they are called."""

from __future__ import annotations

from typing import Any, Final

from graphflow.core.eager import eager_mode as eager_mode
from graphflow.core.eager_switch import ASYNC as ASYNC
from graphflow.core.eager_switch import DEVICE_PLACEMENT_EXPLICIT as DEVICE_PLACEMENT_EXPLICIT
from graphflow.core.eager_switch import DEVICE_PLACEMENT_SILENT as DEVICE_PLACEMENT_SILENT
from graphflow.core.eager_switch import (
    DEVICE_PLACEMENT_SILENT_FOR_INT32 as DEVICE_PLACEMENT_SILENT_FOR_INT32,
)
from graphflow.core.eager_switch import DEVICE_PLACEMENT_WARN as DEVICE_PLACEMENT_WARN
from graphflow.core.eager_switch import SYNC as SYNC
from graphflow.core.eager_switch import async_clear_error as async_clear_error
from graphflow.core.eager_switch import async_wait as async_wait
from graphflow.core.eager_switch import executing_eagerly as executing_eagerly
from graphflow.core.eager_switch import execution_mode as execution_mode
from graphflow.core.eager_switch import graph_mode as graph_mode
from graphflow.core.eager_switch import list_devices as list_devices
from graphflow.core.eager_switch import num_gpus as num_gpus
from graphflow.core.eager_switch import set_execution_mode as set_execution_mode
from graphflow.core.scopes import device as device
from graphflow.core.scopes import get_default_graph
from graphflow.core.seeds import set_random_seed


def ensure_initialized() -> None:
    """Does nothing: there is nothing to prepare."""


GRAPH_MODE: Final = 0
EAGER_MODE: Final = 1
default_execution_mode: Final = GRAPH_MODE


def in_graph_mode() -> bool:
    """Returns whether operations are declared in a graph."""
    return not executing_eagerly()


in_eager_execution = executing_eagerly
executing_eagerly_v1 = executing_eagerly
set_global_seed = set_random_seed


class Context:
    """What programs ask TensorFlow's context for."""

    summary_writer: Any = None

    def executing_eagerly(self) -> bool:
        """Returns whether operations run as they are called."""
        return executing_eagerly()

    @property
    def device_name(self) -> str:
        """The name of the device."""
        return list_devices()[0]

    @property
    def scope_name(self) -> str:
        """The open name scope, with its closing slash."""
        scope = get_default_graph().get_name_scope()
        return f"{scope}/" if scope else ""

    def num_gpus(self) -> int:
        """Returns 0."""
        return 0

    def devices(self) -> list[str]:
        """Returns the names of the devices."""
        return list_devices()

    def ensure_initialized(self) -> None:
        """Does nothing: there is nothing to prepare."""

    @property
    def config(self) -> Any:
        """A new ConfigProto."""
        from graphflow.formats import proto

        return proto.ConfigProto()


_context: Final = Context()


def context() -> Context:
    """Returns the context of this process."""
    return _context
