"""Coordinators and queue runners: threads that stop together and tell what went wrong."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import pytest

import graphflow as tf


def test_threads_stop_together() -> None:
    coord = tf.train.Coordinator()
    turns: list[int] = []

    def work() -> None:
        while not coord.should_stop():
            turns.append(1)
            time.sleep(0.001)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    coord.request_stop()
    coord.join(threads)
    assert coord.joined
    assert not any(t.is_alive() for t in threads)


def test_join_raises_the_first_reported_error() -> None:
    coord = tf.train.Coordinator()

    def fail() -> None:
        try:
            raise ValueError("first")
        except ValueError as e:
            coord.request_stop(e)

    thread = threading.Thread(target=fail)
    coord.register_thread(thread)
    thread.start()
    with pytest.raises(ValueError, match="first"):
        coord.join()
    with pytest.raises(ValueError, match="first"):
        coord.raise_requested_exception()
    coord.clear_stop()
    assert not coord.should_stop()
    coord.raise_requested_exception()


def test_the_end_of_the_input_is_no_error() -> None:
    coord = tf.train.Coordinator()
    with coord.stop_on_exception():
        raise tf.errors.OutOfRangeError(None, None, "done")
    assert coord.should_stop()
    coord.join([])
    strict = tf.train.Coordinator(clean_stop_exception_types=[])
    with strict.stop_on_exception():
        raise tf.errors.OutOfRangeError(None, None, "done")
    with pytest.raises(tf.errors.OutOfRangeError):
        strict.join([])


def test_an_error_after_join_is_raised_at_once() -> None:
    coord = tf.train.Coordinator()
    coord.request_stop()
    coord.join([])
    try:
        raise RuntimeError("late")
    except RuntimeError:
        late = sys.exc_info()
    with pytest.raises(RuntimeError, match="late"):
        coord.request_stop(late)


def test_an_exception_that_is_not_current_is_told_as_a_mistake() -> None:
    coord = tf.train.Coordinator()
    coord.request_stop(RuntimeError("not raised"))
    with pytest.raises(ValueError, match=r"ex must be a tuple or sys.exc_info must return"):
        coord.join([])


def test_stragglers_are_named() -> None:
    coord = tf.train.Coordinator()
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="slow", daemon=True)
    thread.start()
    coord.request_stop()
    with pytest.raises(RuntimeError, match="Coordinator stopped with threads still running: slow"):
        coord.join([thread], stop_grace_period_secs=0.02)
    coord.clear_stop()
    coord.request_stop()
    coord.join([thread], stop_grace_period_secs=0.02, ignore_live_threads=True)
    done.set()


def test_looper_runs_until_the_coordinator_stops() -> None:
    coord = tf.train.Coordinator()
    turns: list[Any] = []

    def turn(x: int, y: int) -> None:
        turns.append((x, y))
        if len(turns) == 3:
            coord.request_stop()

    thread = tf.train.LooperThread.loop(coord, 0.001, turn, args=(1,), kwargs={"y": 2})
    thread.join(20)
    assert turns == [(1, 2)] * 3
    with pytest.raises(ValueError, match="must be a Coordinator"):
        tf.train.LooperThread("x", 1)
    with pytest.raises(ValueError, match="require that you also pass 'target'"):
        tf.train.LooperThread(coord, 1, args=(1,))


def runner_for(limit: int) -> Any:
    queue = tf.FIFOQueue(100, tf.int32, shapes=[[]])
    count = tf.Variable(0, collections=["local_variables"], trainable=False)
    enqueue = queue.enqueue(count.count_up_to(limit))
    return queue, tf.train.QueueRunner(queue, [enqueue])


def test_runner_fills_its_queue_and_closes_it() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        queue, runner = runner_for(3)
        session.run(tf.local_variables_initializer())
        for thread in runner.create_threads(session, start=True):
            thread.join(20)
        assert session.run(queue.dequeue_up_to(9)).tolist() == [0, 1, 2]
        assert session.run(queue.is_closed())
        assert runner.exceptions_raised == []
        assert runner.create_threads(session) != []


def test_runner_tells_the_coordinator_what_went_wrong() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        _, runner = runner_for(3)
        coord = tf.train.Coordinator()
        runner.create_threads(session, coord, start=True)
        with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized"):
            coord.join()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_runner_without_coordinator_keeps_its_errors() -> None:
    with tf.Graph().as_default(), tf.Session() as session:
        _, runner = runner_for(3)
        for thread in runner.create_threads(session, start=True):
            thread.join(20)
        (error,) = runner.exceptions_raised
        assert isinstance(error, tf.errors.FailedPreconditionError)


def test_runner_survives_a_file() -> None:
    with tf.Graph().as_default() as graph:
        _, runner = runner_for(3)
        tf.train.add_queue_runner(runner)
        message = runner.to_proto()
        assert runner.to_proto(export_scope="other") is None
        again = tf.train.QueueRunner.from_proto(message)
        assert again.queue is graph.get_operation_by_name(runner.name)
        assert [op.name for op in again.enqueue_ops] == [op.name for op in runner.enqueue_ops]
        assert again.close_op is runner.close_op
        assert again.cancel_op is runner.cancel_op
        assert again.queue_closed_exception_types == (tf.errors.OutOfRangeError,)
        whole = tf.train.export_meta_graph()
    with tf.Graph().as_default() as other:
        tf.train.import_meta_graph(whole)
        (found,) = other.get_collection("queue_runners")
        assert found.name == runner.name


def test_start_says_what_is_missing() -> None:
    with tf.Graph().as_default(), pytest.raises(ValueError, match="No default session"):
        tf.train.start_queue_runners()
    with pytest.raises(TypeError, match=r"sess must be a `tf.Session` object"):
        tf.train.start_queue_runners(sess="x")
    for call in (
        lambda: tf.train.QueueRunner(),
        lambda: tf.train.QueueRunner(queue=1, queue_runner_def=2),
    ):
        with pytest.raises(ValueError, match="queue"):
            call()
    with tf.Graph().as_default():
        queue = tf.FIFOQueue(1, tf.int32)
        with pytest.raises(TypeError, match=r"must be a tuple of tf.error types"):
            tf.train.QueueRunner(queue, [queue.enqueue(1)], queue_closed_exception_types=[1])
