"""tensorflow.python.client.device_lib: one CPU."""

from __future__ import annotations

from typing import Any, Final

from graphflow.formats import proto

_INCARNATION: Final = 1
_MEMORY: Final = 256 << 20


def list_local_devices(session_config: Any = None) -> list[Any]:
    """Returns the devices of this machine as DeviceAttributes messages.

    Args:
        session_config: ignored.
    """
    device = proto.DeviceAttributes(
        name="/device:CPU:0",
        device_type="CPU",
        memory_limit=_MEMORY,
        incarnation=_INCARNATION,
    )
    device.locality.SetInParent()
    return [device]
