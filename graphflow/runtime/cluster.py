"""ClusterSpec: which tasks there are, by job, and their addresses."""

from __future__ import annotations

from typing import Any

from graphflow.core.export import export
from graphflow.formats import proto


@export("train.ClusterSpec")
class ClusterSpec:
    """Which tasks there are: `{"ps": ["host:port", ...], "worker": {0: "host:port", ...}}`.

    Args:
        cluster: such a dictionary, a ClusterDef message, or another ClusterSpec.

    Raises:
        TypeError: if it is something else.
    """

    def __init__(self, cluster: Any) -> None:
        self._cluster_spec: dict[str, dict[int, str]] = {}
        if isinstance(cluster, dict):
            for job, tasks in cluster.items():
                self._cluster_spec[job] = _tasks(job, tasks)
            self._cluster_def = _message(self._cluster_spec)
            return
        if isinstance(cluster, ClusterSpec):
            self._cluster_def = proto.ClusterDef()
            self._cluster_def.MergeFrom(cluster.as_cluster_def())
        elif isinstance(cluster, proto.ClusterDef):
            self._cluster_def = cluster
        else:
            raise TypeError(
                "`cluster` must be a dictionary mapping one or more job names to lists of network "
                "addresses, or a `ClusterDef` protocol buffer"
            )
        for job in self._cluster_def.job:
            self._cluster_spec[job.name] = dict(job.tasks.items())

    def __bool__(self) -> bool:
        return bool(self._cluster_spec)

    def __eq__(self, other: object) -> bool:
        mine = self._cluster_spec
        return mine == (other._cluster_spec if isinstance(other, ClusterSpec) else other)

    __hash__ = None  # type: ignore[assignment]  # as TensorFlow's

    def __str__(self) -> str:
        whole = self.as_dict()
        parts = ", ".join([f"{job!r}: {whole[job]!r}" for job in sorted(whole)])
        return f"ClusterSpec({{{parts}}})"

    def as_dict(self) -> dict[str, Any]:
        """The addresses by job: a list, or a dictionary where numbers are missing."""
        found: dict[str, Any] = {}
        for job in self.jobs:
            numbers = self.task_indices(job)
            dense = bool(numbers) and numbers[-1] + 1 == len(numbers)
            found[job] = self.job_tasks(job) if dense else dict(self._job(job))
        return found

    def as_cluster_def(self) -> Any:
        """The cluster as a ClusterDef message."""
        return self._cluster_def

    @property
    def jobs(self) -> list[str]:
        """The names of the jobs."""
        return list(self._cluster_spec)

    def _job(self, job_name: str) -> dict[int, str]:
        if job_name not in self._cluster_spec:
            raise ValueError(f"No such job in cluster: {job_name!r}")
        return self._cluster_spec[job_name]

    def num_tasks(self, job_name: str) -> int:
        """The number of tasks of a job; ValueError if there is no such job."""
        return len(self._job(job_name))

    def task_indices(self, job_name: str) -> list[int]:
        """The numbers of the tasks of a job; ValueError if there is no such job."""
        return sorted(self._job(job_name))

    def task_address(self, job_name: str, task_index: int) -> str:
        """The address of a task; ValueError if there is no such task."""
        job = self._job(job_name)
        if task_index not in job:
            raise ValueError(f"No task with index {task_index!r} in job {job_name!r}")
        return job[task_index]

    def job_tasks(self, job_name: str) -> list[str | None]:
        """The addresses of a job by number, None where one is missing; ValueError as above."""
        job = self._job(job_name)
        return [job.get(i) for i in range(max(job) + 1)]


def _tasks(job: str, tasks: Any) -> dict[int, str]:
    if isinstance(tasks, list | tuple):
        return dict(enumerate(tasks))
    if isinstance(tasks, dict):
        return dict(tasks)
    raise TypeError(
        f"The tasks for job {job!r} must be a list or a dictionary from integers to strings."
    )


def _message(spec: dict[str, dict[int, str]]) -> Any:
    made = proto.ClusterDef()
    for job, tasks in sorted(spec.items()):
        if not isinstance(job, str | bytes):
            raise TypeError(f"Job name {job!r} must be bytes or unicode")
        entry = made.job.add(name=job)
        for i, address in sorted(tasks.items()):
            if not isinstance(address, str | bytes):
                raise TypeError(f"Task address {address!r} must be bytes or unicode")
            entry.tasks[i] = address
    return made
