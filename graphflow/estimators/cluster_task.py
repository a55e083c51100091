"""Which task of which cluster this process is, as the environment variable TF_CONFIG says."""

from __future__ import annotations

import json
import os
from typing import Any, Final

from graphflow.runtime.cluster import ClusterSpec

_MAY_COME: Final = "Note that these values may be coming from the TF_CONFIG environment variable."


class TaskType:
    """The names of the jobs of a cluster."""

    MASTER = "master"
    PS = "ps"
    WORKER = "worker"
    CHIEF = "chief"
    EVALUATOR = "evaluator"


def environment() -> dict[str, Any]:
    """Returns what TF_CONFIG says, as JSON; {} where it is not set."""
    found: dict[str, Any] = json.loads(os.environ.get("TF_CONFIG", "{}"))
    return found


def task_settings(tf_config: dict[str, Any]) -> dict[str, Any]:
    """Returns the attributes of a RunConfig that tell of the cluster, in their order.

    Args:
        tf_config: what TF_CONFIG says: "cluster" and "task", "service", "session_master" and
            "eval_session_master".

    Raises:
        ValueError: if the task is not of the cluster, or the cluster has no single chief.
        TypeError: if "service" is no dictionary.
    """
    service = tf_config.get("service")
    if service is not None and not isinstance(service, dict):
        raise TypeError(
            f'If "service" is set in TF_CONFIG, it must be a dict. Given {type(service)}'
        )
    cluster = ClusterSpec(tf_config.get("cluster", {}))
    first = {"service": service, "cluster_spec": cluster}
    if not cluster:
        return first | _alone(tf_config)
    if TaskType.MASTER in cluster.jobs:
        return first | _with_master(tf_config, cluster)
    return first | _with_chief(tf_config, cluster)


def _alone(tf_config: dict[str, Any]) -> dict[str, Any]:
    task = tf_config.get("task", {})
    kind, number = task.get("type", TaskType.WORKER), int(task.get("index", 0))
    if kind != TaskType.WORKER:
        raise ValueError('If "cluster" is not set in TF_CONFIG, task type must be WORKER.')
    if number != 0:
        raise ValueError('If "cluster" is not set in TF_CONFIG, task index must be 0.')
    return {
        "task_type": kind,
        "task_id": number,
        "global_id_in_cluster": 0,
        "master": tf_config.get("session_master", ""),
        "evaluation_master": tf_config.get("eval_session_master", ""),
        "is_chief": True,
        "num_ps_replicas": 0,
        "num_worker_replicas": 1,
    }


def _with_chief(tf_config: dict[str, Any], cluster: ClusterSpec) -> dict[str, Any]:
    kind, number = _task(cluster, tf_config.get("task", {}), TaskType.CHIEF)
    if kind == TaskType.EVALUATOR:  # it stands beside the cluster
        return {
            "task_type": kind,
            "task_id": number,
            "evaluation_master": tf_config.get("eval_session_master", ""),
            "cluster_spec": ClusterSpec({}),
            "master": "",
            "num_ps_replicas": 0,
            "num_worker_replicas": 0,
            "global_id_in_cluster": None,
            "is_chief": False,
        }
    return {
        "task_type": kind,
        "task_id": number,
        "evaluation_master": "",
        **_place(tf_config, cluster, kind, number, TaskType.CHIEF),
    }


def _with_master(tf_config: dict[str, Any], cluster: ClusterSpec) -> dict[str, Any]:
    if TaskType.CHIEF in cluster.jobs:
        raise ValueError("If `master` node exists in `cluster`, job `chief` is not supported.")
    kind, number = _task(cluster, tf_config.get("task", {}), TaskType.MASTER)
    if kind == TaskType.EVALUATOR:
        raise ValueError(
            "If `master` node exists in `cluster`, task_type `evaluator` is not supported."
        )
    place = _place(tf_config, cluster, kind, number, TaskType.MASTER)
    return {
        "task_type": kind,
        "task_id": number,
        "global_id_in_cluster": place["global_id_in_cluster"],
        "master": place["master"],
        "evaluation_master": "",
        **place,
    }


def _place(
    tf_config: dict[str, Any], cluster: ClusterSpec, kind: str, number: int, chief: str
) -> dict[str, Any]:
    """The address and the numbers of a task of a cluster."""
    counts = {job: len(cluster.job_tasks(job)) for job in cluster.jobs}
    alone = list(counts.values()) == [1]
    address = "" if alone else f"grpc://{cluster.job_tasks(kind)[number]}"
    others = sorted(set(cluster.jobs) - {chief, TaskType.PS})
    order = [chief, *others, TaskType.PS]
    before = sum(counts[job] for job in order[: order.index(kind)])
    return {
        "master": tf_config.get("session_master", address),
        "num_ps_replicas": counts.get(TaskType.PS, 0),
        "num_worker_replicas": counts.get(TaskType.WORKER, 0) + counts[chief],
        "global_id_in_cluster": before + number,
        "is_chief": kind == chief,
    }


def _task(cluster: ClusterSpec, task: dict[str, Any], chief: str) -> tuple[str, int]:
    """The job and the number of a task, which must be of the cluster."""
    if chief not in cluster.jobs:
        raise ValueError(f'If "cluster" is set in TF_CONFIG, it must have one "{chief}" node.')
    if len(cluster.job_tasks(chief)) > 1:
        raise ValueError(f'The "cluster" in TF_CONFIG must have only one "{chief}" node.')
    kind, index = task.get("type"), task.get("index")
    if not kind:
        raise ValueError('If "cluster" is set in TF_CONFIG, task type must be set.')
    if index is None:
        raise ValueError('If "cluster" is set in TF_CONFIG, task index must be set.')
    number = int(index)
    if number < 0:
        raise ValueError("Task index must be non-negative number.")
    if kind == TaskType.EVALUATOR:
        return kind, number
    if kind not in cluster.jobs:
        raise ValueError(
            f"{kind} is not a valid task_type in the cluster_spec:\n{cluster}\n\n{_MAY_COME}"
        )
    if number >= len(cluster.job_tasks(kind)):
        raise ValueError(
            f"{number} is not a valid task_id for task_type {kind} in the cluster_spec:\n"
            f"{cluster}\n\n{_MAY_COME}"
        )
    return kind, number
