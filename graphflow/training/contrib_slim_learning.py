"""tf.contrib.slim.learning.train: runs a training step until it is enough, with a Supervisor."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from graphflow.core import scopes
from graphflow.core.declare import apply
from graphflow.core.errors import AbortedError, OutOfRangeError
from graphflow.core.export import export
from graphflow.formats import proto
from graphflow.formats.timeline import Timeline
from graphflow.ops.comparison import equal, greater_equal
from graphflow.ops.constant import constant
from graphflow.ops.control_ops import group
from graphflow.ops.lookup_base import tables_initializer
from graphflow.ops.summary import merge_all
from graphflow.ops.variable_lists import (
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
)
from graphflow.training.global_step import get_or_create_global_step
from graphflow.training.global_step import global_step as read_global_step
from graphflow.training.saver import Saver
from graphflow.training.supervisor import Supervisor
from graphflow.training.sync_replicas import SyncReplicasOptimizer

_log = logging.getLogger("graphflow")
_USE_DEFAULT: Final = 0
Step = Callable[[Any, Any, Any, dict[str, Any]], tuple[Any, Any]]


@export("contrib.slim.learning.train_step")
def train_step(
    sess: Any, train_op: Any, global_step: Any, train_step_kwargs: dict[str, Any]
) -> tuple[Any, Any]:
    """Runs one step; returns the loss and whether to stop.

    Args:
        sess: the session.
        train_op: makes the step and returns the loss.
        global_step: counts the steps.
        train_step_kwargs: tensors to ask: "should_stop", "should_log", "should_trace"; and for
            traces "logdir" and, if there is one, "summary_writer".

    Raises:
        ValueError: if there is "should_trace" but no "logdir".
    """
    start = time.time()
    options = metadata = None
    if "should_trace" in train_step_kwargs:
        if "logdir" not in train_step_kwargs:
            raise ValueError(
                "logdir must be present in train_step_kwargs when should_trace is present"
            )
        if sess.run(train_step_kwargs["should_trace"]):
            options = proto.RunOptions(trace_level=proto.RunOptions.FULL_TRACE)
            metadata = proto.RunMetadata()
    loss, step = sess.run([train_op, global_step], options=options, run_metadata=metadata)
    seconds = time.time() - start
    if metadata is not None:
        _write_trace(metadata, step, train_step_kwargs)
    if "should_log" in train_step_kwargs and sess.run(train_step_kwargs["should_log"]):
        _log.info("global step %d: loss = %.4f (%.3f sec/step)", step, loss, seconds)
    should_stop = train_step_kwargs.get("should_stop")
    return loss, False if should_stop is None else sess.run(should_stop)


def _write_trace(metadata: Any, step: Any, given: dict[str, Any]) -> None:
    path = os.path.join(given["logdir"], f"tf_trace-{step}.json")
    _log.info("Writing trace to %s", path)
    trace = Timeline(metadata.step_stats).generate_chrome_trace_format()
    Path(path).write_text(trace, encoding="utf-8")
    if "summary_writer" in given:
        given["summary_writer"].add_run_metadata(metadata, f"run_metadata-{step}")


def _check(given: dict[str, Any]) -> None:
    if given["train_op"] is None:
        raise ValueError("train_op cannot be None.")
    if given["logdir"] is None:
        for name, unset in (("summary_op", _USE_DEFAULT), ("saver", None),
                            ("trace_every_n_steps", None)):  # fmt: skip
            if given[name] is not unset:
                raise ValueError(f"Cannot provide {name} because logdir=None")
    if given["sync_optimizer"] is not None and given["startup_delay_steps"] > 0:
        raise ValueError("startup_delay_steps must be zero when sync_optimizer is supplied.")
    steps = given["number_of_steps"]
    if steps is not None and steps <= 0:
        raise ValueError("`number_of_steps` must be either None or a positive number.")


@export("contrib.slim.learning.train")
def train(
    train_op: Any,
    logdir: Any,
    train_step_fn: Step = train_step,
    train_step_kwargs: Any = _USE_DEFAULT,
    log_every_n_steps: int = 1,
    graph: Any = None,
    master: str = "",
    is_chief: bool = True,
    global_step: Any = None,
    number_of_steps: int | None = None,
    init_op: Any = _USE_DEFAULT,
    init_feed_dict: dict[Any, Any] | None = None,
    local_init_op: Any = _USE_DEFAULT,
    init_fn: Callable[[Any], Any] | None = None,
    ready_op: Any = _USE_DEFAULT,
    summary_op: Any = _USE_DEFAULT,
    save_summaries_secs: float = 600,
    summary_writer: Any = _USE_DEFAULT,
    startup_delay_steps: int = 0,
    saver: Any = None,
    save_interval_secs: float = 600,
    sync_optimizer: Any = None,
    session_config: Any = None,
    session_wrapper: Callable[[Any], Any] | None = None,
    trace_every_n_steps: int | None = None,
    ignore_live_threads: bool = False,
) -> Any:
    """Trains, saves checkpoints and summaries, and returns the last loss.

    Args:
        train_op: makes a step and returns the loss.
        logdir: where checkpoints and summaries go; None: nothing is written.
        train_step_fn: runs a step: a function of session, `train_op`, step and the next argument.
        train_step_kwargs: see `train_step`; 0: what the other arguments say.
        log_every_n_steps: how often the loss is logged.
        graph: the graph; None: the default graph.
        master: the session's target.
        is_chief: whether this process writes.
        global_step: counts the steps; None: the graph's.
        number_of_steps: stop at this step; None: never.
        init_op: initializes; 0: all global variables.
        init_feed_dict: what it is fed.
        local_init_op: initializes besides; 0: all local variables and tables.
        init_fn: a function of the session that runs after `init_op`.
        ready_op: says what is not initialized; 0: the names of variables.
        summary_op: the summaries; 0: all of them.
        save_summaries_secs: how often they are written.
        summary_writer: writes them; 0: one for `logdir`.
        startup_delay_steps: another process than the chief waits for this step.
        saver: saves the variables; None: a new one.
        save_interval_secs: how often it does.
        sync_optimizer: SyncReplicasOptimizers whose queues are to run.
        session_config: the session's ConfigProto.
        session_wrapper: a function of the session that returns the one to use.
        trace_every_n_steps: how often a trace is written; None: never.
        ignore_live_threads: do not raise where a thread does not stop.

    Raises:
        ValueError: if arguments exclude each other.
    """
    given = dict(locals())
    _check(given)
    graph = scopes.get_default_graph() if graph is None else graph
    optimizers = _as_list(sync_optimizer)
    with graph.as_default():
        step = get_or_create_global_step() if global_step is None else global_step
        keeper = saver or Saver()
        init_ops = _init_ops(given, optimizers)
        summaries = merge_all() if summary_op is _USE_DEFAULT else summary_op
        queues = [(o.get_init_tokens_op(), o.get_chief_queue_runner()) for o in optimizers
                  if is_chief]  # fmt: skip
        if train_step_kwargs is _USE_DEFAULT:
            train_step_kwargs = _questions(given, step)
    supervisor = Supervisor(
        graph=graph, is_chief=is_chief, logdir=logdir, init_feed_dict=init_feed_dict,
        summary_op=summaries, summary_writer=summary_writer, global_step=step, saver=keeper,
        save_summaries_secs=save_summaries_secs, save_model_secs=save_interval_secs,
        init_fn=init_fn, **init_ops,
    )  # fmt: skip
    if summary_writer is not None:
        train_step_kwargs["summary_writer"] = supervisor.summary_writer
    while True:
        try:
            return _trained(supervisor, given, step, train_step_kwargs, queues)
        except AbortedError:
            _log.info("Retrying training!")


def _as_list(sync_optimizer: Any) -> list[Any]:
    if sync_optimizer is None:
        return []
    found = [sync_optimizer] if isinstance(sync_optimizer, SyncReplicasOptimizer) else None
    found = list(sync_optimizer) if found is None else found
    for optimizer in found:
        if not isinstance(optimizer, SyncReplicasOptimizer):
            raise ValueError("`sync_optimizer` must be a tf.train.SyncReplicasOptimizer.")
    return found


def _init_ops(given: dict[str, Any], optimizers: list[Any]) -> dict[str, Any]:
    init_op, ready_op, local_op = (given[n] for n in ("init_op", "ready_op", "local_init_op"))
    ready_for_local = None
    with scopes.name_scope("init_ops"):
        if init_op is _USE_DEFAULT:
            init_op = global_variables_initializer()
        if ready_op is _USE_DEFAULT:
            ready_op = report_uninitialized_variables()
        if local_op is _USE_DEFAULT:
            local_op = group(local_variables_initializer(), tables_initializer())
        if optimizers:
            with scopes.control_dependencies([] if local_op is None else [local_op]):
                which = "chief_init_op" if given["is_chief"] else "local_step_init_op"
                local_op = group(*[getattr(optimizer, which) for optimizer in optimizers])
            ready_for_local = group(*[o.ready_for_local_init_op for o in optimizers])
    return {
        "init_op": init_op,
        "ready_op": ready_op,
        "local_init_op": local_op,
        "ready_for_local_init_op": ready_for_local,
    }


def _questions(given: dict[str, Any], step: Any) -> dict[str, Any]:
    """The tensors that `train_step` asks after each step."""
    with scopes.name_scope("train_step"):
        last, every = given["number_of_steps"], given["log_every_n_steps"]
        found = {"should_stop": greater_equal(step, last) if last else constant(False)}
        if every > 0:
            found["should_log"] = equal(apply("FloorMod", step, every), 0)
        if given["is_chief"] and given["trace_every_n_steps"] is not None:
            found["should_trace"] = equal(apply("FloorMod", step, given["trace_every_n_steps"]), 0)
            found["logdir"] = given["logdir"]
    return found


def _trained(
    supervisor: Supervisor, given: dict[str, Any], step: Any, asked: dict[str, Any], queues: Any
) -> Any:
    """One session's training, until it is enough or the data ends."""
    with supervisor.managed_session(
        given["master"], start_standard_services=False, config=given["session_config"]
    ) as sess:
        _log.info("Starting Session.")
        if given["session_wrapper"] is not None:
            sess = given["session_wrapper"](sess)
        if not given["is_chief"]:
            if given["startup_delay_steps"] > 0:
                delay, last = given["startup_delay_steps"], given["number_of_steps"]
                _wait_for_step(sess, step, min(delay, last or sys.maxsize))
        elif given["logdir"]:
            supervisor.start_standard_services(sess)
        threads = supervisor.start_queue_runners(sess)
        if queues:
            supervisor.start_queue_runners(sess, [runner for _, runner in queues])
            sess.run([tokens for tokens, _ in queues])
        loss = _looped(supervisor, sess, given, step, asked)
        if given["logdir"] and supervisor.is_chief:
            _log.info("Finished training! Saving model to disk.")
            supervisor.saver.save(sess, supervisor.save_path, global_step=supervisor.global_step)
            supervisor.stop(
                threads,
                close_summary_writer=True,
                ignore_live_threads=given["ignore_live_threads"],
            )
    return loss


def _looped(
    supervisor: Supervisor, sess: Any, given: dict[str, Any], step: Any, asked: dict[str, Any]
) -> Any:
    loss = None
    try:
        while not supervisor.should_stop():
            loss, should_stop = given["train_step_fn"](sess, given["train_op"], step, asked)
            if should_stop:
                _log.info("Stopping Training.")
                supervisor.request_stop()
                break
    except OutOfRangeError as e:
        _log.info("Caught OutOfRangeError. Stopping Training. %s", e)
    return loss


def _wait_for_step(sess: Any, global_step: Any, step: int) -> None:
    while read_global_step(sess, global_step) < step:
        time.sleep(1.0)
