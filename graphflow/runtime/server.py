"""Servers: tasks of a cluster inside this process, whose sessions share variables and queues.

Every task has a store of its own. A session that connects to a server keeps what an operation
makes (a variable, a queue) in the store of the task that the operation's device names, and in the
server's own store where it names none; so sessions of several servers meet there, as they do in
TensorFlow over the network.
"""

from __future__ import annotations

import socket
import threading
from typing import Any, Final, NoReturn

from graphflow.core.device import DeviceSpec
from graphflow.core.errors import InvalidArgumentError, UnavailableError
from graphflow.core.export import export
from graphflow.core.state import Store
from graphflow.formats import proto
from graphflow.runtime.cluster import ClusterSpec

_servers: Final[dict[str, Server]] = {}
"""The servers of this process, by target."""
_PREFIX: Final = "grpc://"


class TaskStore(Store):
    """A task's store as one session sees it: what has no shared name is the session's own.

    Args:
        shared: the task's store.
    """

    __slots__ = ("_private", "_shared")

    def __init__(self, shared: Store) -> None:
        super().__init__()
        self._shared = shared
        self._private = Store()

    @property
    def private(self) -> Store:
        """The session's own."""
        return self._private

    def cell(self, container: str, shared_name: str, make: Any) -> Any:
        """As `Store.cell`, in the task's store."""
        return self._shared.cell(container, shared_name, make)

    def find(self, container: str, shared_name: str) -> Any:
        """As `Store.find`, in the task's store."""
        return self._shared.find(container, shared_name)


@export("train.Server", "distribute.Server")
class Server:
    """One task of a cluster, in this process.

    Args:
        server_or_cluster_def: a ServerDef, or what ClusterSpec takes.
        job_name: the task's job; None: the only one.
        task_index: the task's number; None: the only one.
        protocol: kept for TensorFlow's sake.
        config: a ConfigProto for all its sessions.
        start: whether it starts at once.

    Raises:
        TypeError: if the cluster cannot be understood.
        ValueError: if job or task are not clear.
    """

    def __init__(
        self,
        server_or_cluster_def: Any,
        job_name: str | None = None,
        task_index: int | None = None,
        protocol: str | None = None,
        config: Any = None,
        start: bool = True,
    ) -> None:
        self._server_def = _server_def(
            server_or_cluster_def, job_name, task_index, protocol, config
        )
        self.store = Store()
        self._cluster = ClusterSpec(self._server_def.cluster)
        address = self._address(self._server_def.job_name, self._server_def.task_index)
        host, _, port = address.rpartition(":")
        if port == "0":
            address = f"{host}:{_free_port()}"
        self._target = _PREFIX + address
        if start:
            self.start()

    def _address(self, job: str, task: int) -> str:
        try:
            return self._cluster.task_address(job, task)
        except ValueError as e:
            raise InvalidArgumentError(None, None, str(e)) from None

    def start(self) -> None:
        """Lets sessions connect."""
        _servers[self._target] = self

    def join(self) -> NoReturn:
        """Waits for ever: the end of the process ends it."""
        while True:
            threading.Event().wait()

    @property
    def server_def(self) -> Any:
        """The task as a ServerDef message."""
        return self._server_def

    @property
    def target(self) -> str:
        """What sessions connect to."""
        return self._target

    @staticmethod
    def create_local_server(config: Any = None, start: bool = True) -> Server:
        """Returns a server that is a cluster of its own.

        Args:
            config: a ConfigProto for all its sessions.
            start: whether it starts at once.
        """
        return Server({"local": ["localhost:0"]}, protocol="grpc", config=config, start=start)

    def store_for(self, device: str) -> Store:
        """The store of the task that a device lies in.

        Raises:
            InvalidArgumentError: if the cluster has no such task.
            UnavailableError: if it is not in this process.
        """
        place = DeviceSpec.from_string(device)
        job = self._server_def.job_name if place.job is None else place.job
        same = job == self._server_def.job_name
        task = (self._server_def.task_index if same else 0) if place.task is None else place.task
        if same and task == self._server_def.task_index:
            return self.store
        other = _servers.get(_PREFIX + self._address(job, task))
        if other is None:
            raise UnavailableError(
                None, None, f"/job:{job}/replica:0/task:{task} is not in this process."
            )
        return other.store

    def devices(self) -> list[str]:
        """The names of the CPUs of the cluster."""
        return [
            f"/job:{job}/replica:0/task:{task}/device:CPU:0"
            for job in self._cluster.jobs
            for task in self._cluster.task_indices(job)
        ]


def server_at(target: str) -> Server | None:
    """Returns the server of this process with that target, or None."""
    return _servers.get(target)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def _server_def(
    given: Any, job_name: str | None, task_index: int | None, protocol: str | None, config: Any
) -> Any:
    made = proto.ServerDef()
    if isinstance(given, proto.ServerDef):
        made.MergeFrom(given)
        if job_name is not None:
            made.job_name = job_name
        if task_index is not None:
            made.task_index = task_index
        if protocol is not None:
            made.protocol = protocol
    else:
        cluster = _cluster(given)
        job = _only(cluster.jobs, "job_name") if job_name is None else job_name
        task = _only(cluster.task_indices(job), "task_index") if task_index is None else task_index
        made.cluster.CopyFrom(cluster.as_cluster_def())
        made.job_name, made.task_index, made.protocol = job, task, protocol or "grpc"
    if config is not None:
        made.default_session_config.MergeFrom(config)
    return made


def _cluster(given: Any) -> ClusterSpec:
    try:
        return ClusterSpec(given)
    except TypeError:
        raise TypeError(
            "Could not convert `server_or_cluster_def` to a `tf.train.ServerDef` or "
            "`tf.train.ClusterSpec`."
        ) from None


def _only(items: list[Any], what: str) -> Any:
    if len(items) != 1:
        raise ValueError(f"Must specify an explicit `{what}`.")
    return items[0]
