"""What a test can ask about devices: there is one CPU, and no GPU."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from graphflow.core import scopes
from graphflow.core.device import DeviceSpec
from graphflow.core.export import export


@export("test.gpu_device_name")
def gpu_device_name() -> str:
    """Returns "": there is no GPU."""
    return ""


@export("test.is_gpu_available")
def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Returns False.

    Args:
        cuda_only: ignored.
        min_cuda_compute_capability: ignored.
    """
    return False


@export("test.is_built_with_cuda")
def is_built_with_cuda() -> bool:
    """Returns False."""
    return False


@export("test.is_built_with_rocm")
def is_built_with_rocm() -> bool:
    """Returns False."""
    return False


@export("test.is_built_with_gpu_support")
def is_built_with_gpu_support() -> bool:
    """Returns False."""
    return False


IsGoogleCudaEnabled = is_built_with_cuda
IsBuiltWithROCm = is_built_with_rocm


def GpuSupportsHalfMatMulAndConv() -> bool:
    """Returns False."""
    return False


def IsMklEnabled() -> bool:
    """Returns False."""
    return False


def is_xla_enabled() -> bool:
    """Returns False: nothing is compiled behind a test's back."""
    return False


@contextlib.contextmanager
def device(use_gpu: bool) -> Iterator[None]:
    """A context whose operations are on the CPU, whether a GPU is wanted or not."""
    with scopes.device("/device:CPU:0"):
        yield


@contextlib.contextmanager
def use_gpu() -> Iterator[None]:
    """A context whose operations may be on a GPU: here on the CPU."""
    with device(use_gpu=True):
        yield


@contextlib.contextmanager
def force_gpu() -> Iterator[None]:
    """A context whose operations must be on a GPU."""
    with scopes.device("/device:GPU:0"):
        yield


@contextlib.contextmanager
def force_cpu() -> Iterator[None]:
    """A context whose operations are on the CPU."""
    with scopes.device("/device:CPU:0"):
        yield


def canonical_name(name: Any) -> str:
    """Returns the full form of a device's name, "" for None."""
    if name is None:
        return ""
    spec = name if isinstance(name, DeviceSpec) else DeviceSpec.from_string(name)
    return spec.to_string()


@export("test.create_local_cluster")
def create_local_cluster(
    num_workers: int,
    num_ps: int,
    protocol: str = "grpc",
    worker_config: Any = None,
    ps_config: Any = None,
) -> Any:
    """Raises RuntimeError: graphflow runs in this process only.

    Args:
        num_workers: ignored.
        num_ps: ignored.
        protocol: ignored.
        worker_config: ignored.
        ps_config: ignored.
    """
    raise RuntimeError("graphflow runs in this process only: it has no servers and no clusters.")
