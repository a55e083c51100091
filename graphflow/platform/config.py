"""tf.config: what a process is told about devices and threads. There is one CPU.

Settings are kept and given back. They change what TensorFlow does in eager execution; sessions
have their ConfigProto.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, NoReturn

from graphflow.core.export import export, publish

_POLICIES: Final = ("silent", "silent_for_int32", "warn", "explicit")
_REWRITERS: Final = (
    "layout_optimizer", "constant_folding", "shape_optimization", "remapping",
    "arithmetic_optimization", "dependency_optimization", "loop_optimization",
    "function_optimization", "debug_stripper", "scoped_allocator_optimization",
    "pin_to_host_optimization", "implementation_selector", "auto_mixed_precision",
)  # fmt: skip
_SWITCHES: Final = ("disable_model_pruning", "disable_meta_optimizer")


class PhysicalDevice(NamedTuple):
    """A device of this machine."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """A device that operations can be placed on."""

    name: str
    device_type: str


class VirtualDeviceConfiguration(NamedTuple):
    """One of the devices that a physical device is split into.

    Args:
        memory_limit: megabytes; None: no limit.
    """

    memory_limit: int | None = None


publish(VirtualDeviceConfiguration, "config.experimental.VirtualDeviceConfiguration")
_CPU: Final = PhysicalDevice("/physical_device:CPU:0", "CPU")


@dataclass(slots=True)
class _Settings:
    inter_op_threads: int = 0
    intra_op_threads: int = 0
    soft_placement: bool = False
    jit: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    policy: str = "silent"
    synchronous: bool = True
    visible: list[PhysicalDevice] = field(default_factory=lambda: [_CPU])
    virtual: dict[PhysicalDevice, list[VirtualDeviceConfiguration]] = field(default_factory=dict)
    initialized: bool = False


_settings: Final = _Settings()


def _check_open(problem: str) -> None:
    if _settings.initialized:
        raise RuntimeError(problem)


# --- threads ---
@export("config.threading.get_inter_op_parallelism_threads")
def get_inter_op_parallelism_threads() -> int:
    """Returns how many operations may run at once; 0: the system chooses."""
    return _settings.inter_op_threads


@export("config.threading.set_inter_op_parallelism_threads")
def set_inter_op_parallelism_threads(num_threads: int) -> None:
    """Notes how many operations may run at once; 0: the system chooses.

    Raises:
        RuntimeError: if devices have been listed already.
    """
    if num_threads != _settings.inter_op_threads:
        _check_open("Inter op parallelism cannot be modified after initialization.")
    _settings.inter_op_threads = num_threads


@export("config.threading.get_intra_op_parallelism_threads")
def get_intra_op_parallelism_threads() -> int:
    """Returns how many threads an operation may use; 0: the system chooses."""
    return _settings.intra_op_threads


@export("config.threading.set_intra_op_parallelism_threads")
def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """Notes how many threads an operation may use; 0: the system chooses.

    Raises:
        RuntimeError: if devices have been listed already.
    """
    if num_threads != _settings.intra_op_threads:
        _check_open("Intra op parallelism cannot be modified after initialization.")
    _settings.intra_op_threads = num_threads


# --- placement and optimization ---
@export("config.get_soft_device_placement")
def get_soft_device_placement() -> bool:
    """Returns whether operations for missing devices may run on the CPU."""
    return _settings.soft_placement


@export("config.set_soft_device_placement")
def set_soft_device_placement(enabled: bool) -> None:
    """Notes whether operations for missing devices may run on the CPU."""
    _settings.soft_placement = enabled


@export("config.optimizer.get_jit")
def get_jit() -> bool:
    """Returns whether compilation is wanted."""
    return _settings.jit


@export("config.optimizer.set_jit")
def set_jit(enabled: bool) -> None:
    """Notes whether compilation is wanted."""
    _settings.jit = enabled


@export("config.optimizer.get_experimental_options")
def get_experimental_options() -> dict[str, Any]:
    """Returns the options that were set, and the two switches."""
    return {**_settings.options, **{k: _settings.options.get(k, False) for k in _SWITCHES}}


@export("config.optimizer.set_experimental_options")
def set_experimental_options(options: dict[str, Any]) -> None:
    """Notes options of TensorFlow's graph rewriters; unknown ones are left out."""
    known = {*_REWRITERS, *_SWITCHES, "min_graph_nodes"}
    _settings.options |= {key: value for key, value in options.items() if key in known}


@export("config.experimental_run_functions_eagerly")
def experimental_run_functions_eagerly(run_eagerly: bool) -> None:
    """Does nothing: there is no eager execution."""


@export("config.experimental.get_device_policy")
def get_device_policy() -> str:
    """Returns what happens to inputs on another device; there is one device."""
    return _settings.policy


@export("config.experimental.set_device_policy")
def set_device_policy(device_policy: str | None) -> None:
    """Notes what happens to inputs on another device.

    Raises:
        ValueError: if it is none of TensorFlow's policies.
    """
    if device_policy is not None and device_policy not in _POLICIES:
        raise ValueError(f"Not a valid device policy: {device_policy!r}")
    _settings.policy = device_policy or "silent"


@export("config.experimental.get_synchronous_execution")
def get_synchronous_execution() -> bool:
    """Returns whether eager operations wait for their results."""
    return _settings.synchronous


@export("config.experimental.set_synchronous_execution")
def set_synchronous_execution(enable: bool | None) -> None:
    """Notes whether eager operations wait for their results."""
    _settings.synchronous = enable is None or bool(enable)


# --- devices ---
@export("config.experimental.list_physical_devices")
def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Returns the devices of this machine: one CPU.

    Args:
        device_type: such as "GPU": only these.
    """
    return [_CPU] if device_type in (None, "CPU") else []


@export("config.experimental.list_logical_devices")
def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """Returns the devices that operations can be placed on; some settings are fixed from now on.

    Args:
        device_type: such as "GPU": only these.
    """
    _settings.initialized = True
    found: list[LogicalDevice] = []
    for device in get_visible_devices(device_type):
        for _ in _settings.virtual.get(device) or [VirtualDeviceConfiguration()]:
            name = f"/job:localhost/replica:0/task:0/device:CPU:{len(found)}"
            found.append(LogicalDevice(name, "CPU"))
    return found


@export("config.experimental_list_devices")
def experimental_list_devices() -> list[str]:
    """Returns the names of the devices that operations can be placed on."""
    return [device.name for device in list_logical_devices()]


@export("config.experimental.get_visible_devices")
def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Returns the devices that may be used.

    Args:
        device_type: such as "GPU": only these.
    """
    return [d for d in _settings.visible if device_type in (None, d.device_type)]


@export("config.experimental.set_visible_devices")
def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Notes which devices may be used.

    Args:
        devices: a PhysicalDevice or a list of them.
        device_type: such as "GPU": only these are meant.

    Raises:
        RuntimeError: if devices have been listed already and this would change them.
        ValueError: if there is no such device.
    """
    wanted = devices if isinstance(devices, list) else [devices]
    for device in wanted:
        _check_known(device)
        if device_type is not None and device.device_type != device_type:
            raise ValueError(f"Unrecognized device: {device!r}")
    kept = [d for d in _settings.visible if device_type not in (None, d.device_type)]
    if kept + wanted != _settings.visible:
        _check_open("Visible devices cannot be modified after being initialized")
    _settings.visible = kept + wanted


def _check_known(device: Any) -> None:
    if device != _CPU:
        raise ValueError(f"Unrecognized device: {device!r}")


@export("config.experimental.get_memory_growth")
def get_memory_growth(device: PhysicalDevice) -> NoReturn:
    """Raises an error: only GPUs have this setting.

    Raises:
        KeyError: for the CPU.
        ValueError: if there is no such device.
    """
    _check_known(device)
    raise KeyError(device)


@export("config.experimental.set_memory_growth")
def set_memory_growth(device: PhysicalDevice, enable: bool) -> None:
    """Raises ValueError: only GPUs have this setting.

    Args:
        device: a device.
        enable: ignored.
    """
    _check_known(device)
    raise ValueError("Cannot set memory growth on non-GPU devices")


@export("config.experimental.get_virtual_device_configuration")
def get_virtual_device_configuration(
    device: PhysicalDevice,
) -> list[VirtualDeviceConfiguration] | None:
    """Returns what a device is split into, or None.

    Raises:
        ValueError: if there is no such device.
    """
    _check_known(device)
    return _settings.virtual.get(device)


@export("config.experimental.set_virtual_device_configuration")
def set_virtual_device_configuration(
    device: PhysicalDevice, virtual_devices: list[VirtualDeviceConfiguration]
) -> None:
    """Splits a device into several that operations can be placed on; all run on the one CPU.

    Args:
        device: the CPU.
        virtual_devices: one configuration for each.

    Raises:
        RuntimeError: if devices have been listed already.
        ValueError: if there is no such device, or the CPU's memory is to be limited.
    """
    _check_known(device)
    if any(virtual.memory_limit is not None for virtual in virtual_devices):
        raise ValueError("Setting memory limit on CPU virtual devices is currently not supported")
    _check_open("Virtual devices cannot be modified after being initialized")
    _settings.virtual[device] = virtual_devices


def _no_cluster() -> NoReturn:
    raise RuntimeError("graphflow runs in this process only: it connects to no cluster.")


@export("config.experimental_connect_to_host")
def experimental_connect_to_host(remote_host: Any = None, job_name: str = "worker") -> None:
    """Raises RuntimeError: graphflow runs in this process only.

    Args:
        remote_host: ignored.
        job_name: ignored.
    """
    _no_cluster()


@export("config.experimental_connect_to_cluster")
def experimental_connect_to_cluster(
    cluster_spec_or_resolver: Any,
    job_name: str = "localhost",
    task_index: int = 0,
    protocol: str | None = None,
) -> None:
    """Raises RuntimeError: graphflow runs in this process only.

    Args:
        cluster_spec_or_resolver: ignored.
        job_name: ignored.
        task_index: ignored.
        protocol: ignored.
    """
    _no_cluster()
