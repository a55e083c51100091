"""Device strings: parsed, merged and written as TensorFlow does; graphflow runs all on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class DeviceSpec:
    """A device, or part of its name.

    Args:
        job: the job's name.
        replica: the replica's index.
        task: the task's index.
        device_type: "CPU" or "GPU".
        device_index: the device's index.
    """

    __slots__ = ("device_index", "device_type", "job", "replica", "task")

    def __init__(
        self,
        job: str | None = None,
        replica: int | None = None,
        task: int | None = None,
        device_type: str | None = None,
        device_index: int | None = None,
    ) -> None:
        self.job = job
        self.replica = None if replica is None else int(replica)
        self.task = None if task is None else int(task)
        self.device_type = device_type
        self.device_index = None if device_index is None else int(device_index)

    @classmethod
    def from_string(cls, spec: str) -> DeviceSpec:
        """Reads "/job:worker/task:0/device:GPU:1" or a part of it ("/cpu:0", "").

        Raises:
            ValueError: if a part is unknown, or the device stands there twice.
        """
        return cls().parse_from_string(spec)

    def parse_from_string(self, spec: str) -> DeviceSpec:
        """Reads a device string into this object and returns it."""
        self.__init__()  # type: ignore[misc]  # a fresh start, as TensorFlow has it
        for part in (piece.split(":") for piece in spec.split("/")):
            self._parse_part(part, spec)
        return self

    def _parse_part(self, part: list[str], spec: str) -> None:
        kind, length = part[0], len(part)
        if not kind and length == 1:
            return
        if length == 2 and kind in ("job", "replica", "task"):
            setattr(self, kind, part[1] if kind == "job" else int(part[1]))
        elif (length in (1, 2) and kind.upper() in ("CPU", "GPU")) or (
            length == 3 and (kind == "device")
        ):
            if self.device_type is not None:
                raise ValueError(f"Cannot specify multiple device types: {spec}")
            named = part[1:] if kind == "device" else part
            upper = named[0].upper()  # the usual two in any case, as TensorFlow has them
            self.device_type = upper if upper in ("CPU", "GPU") else named[0]
            index = named[1] if len(named) > 1 else "*"
            self.device_index = None if index == "*" else int(index)
        elif kind:
            raise ValueError(f"Unknown attribute: '{kind}' in '{spec}'")

    def to_string(self) -> str:
        """The full device string."""
        out = "" if self.job is None else f"/job:{self.job}"
        if self.replica is not None:
            out += f"/replica:{self.replica}"
        if self.task is not None:
            out += f"/task:{self.task}"
        if self.device_type is not None:
            index = "*" if self.device_index is None else self.device_index
            out += f"/device:{self.device_type}:{index}"
        return out

    def merge_from(self, dev: DeviceSpec) -> None:
        """Takes over the parts that `dev` names."""
        for field in DeviceSpec.__slots__:
            if (value := getattr(dev, field)) is not None:
                setattr(self, field, value)

    def make_merged_spec(self, dev: DeviceSpec) -> DeviceSpec:
        """Returns a new one with the parts that `dev` names, and this one's else."""
        made = self.replace()
        made.merge_from(dev)
        return made

    def replace(self, **parts: Any) -> DeviceSpec:
        """Returns a new one with some parts exchanged.

        Args:
            **parts: as the constructor takes them.

        Raises:
            TypeError: if one has no such name.
        """
        return DeviceSpec(**{**{f: getattr(self, f) for f in DeviceSpec.__slots__}, **parts})

    def __repr__(self) -> str:
        return self.to_string()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeviceSpec) and self.to_string() == other.to_string()

    def __hash__(self) -> int:
        return hash(self.to_string())


def merge_device(spec: Any) -> Callable[[Any], str]:
    """Returns a function that fills the parts an operation's device leaves open from `spec`."""
    outer = DeviceSpec.from_string(spec or "") if not isinstance(spec, DeviceSpec) else spec

    def device_function(op: Any) -> str:
        merged = DeviceSpec()
        merged.merge_from(outer)
        merged.merge_from(DeviceSpec.from_string(op.device or ""))
        return merged.to_string()

    return device_function
