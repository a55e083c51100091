"""Partial runs, handles of values that stay in a session, traces, and servers in this process."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import graphflow as tf
from graphflow.formats.timeline import Timeline
from graphflow.runtime.numpy.threads import switch


@pytest.fixture
def session() -> Iterator[Any]:
    with tf.Graph().as_default(), tf.Session() as opened:
        yield opened


def sums() -> Any:
    a, b, c = [tf.placeholder(tf.float32, []) for _ in range(3)]
    first = a + b
    return a, b, c, first, first * c


# --- partial runs ---
def test_feeds_may_come_one_after_the_other(session: Any) -> None:
    a, b, c, first, second = sums()
    handle = session.partial_run_setup([first, second], [a, b, c])
    assert session.partial_run(handle, first, {a: 1, b: 2}) == 3
    assert session.partial_run(handle, {"x": [second]}, {c: 5}) == {"x": [15]}
    with pytest.raises(tf.errors.InvalidArgumentError, match="Must run 'setup' before"):
        session.partial_run(handle, second, {c: 5})


def test_an_update_runs_once(session: Any) -> None:
    a, b, c, first, second = sums()
    v = tf.Variable(1.0)
    session.run(v.initializer)
    added = v.assign_add(1.0)
    handle = session.partial_run_setup([first, second, added], [a, b, c])
    assert session.partial_run(handle, [first, added], {a: 1, b: 2}) == [3, 2]
    assert session.partial_run(handle, second, {c: 2}) == 6
    assert session.run(v) == 2


def test_mistakes_are_told(session: Any) -> None:
    a, b, c, first, second = sums()
    other = first * 2.0

    def begun() -> str:
        found: str = session.partial_run_setup([first, second], [a, b, c])
        return found

    def told(says: str, handle: str, *args: Any) -> None:
        with pytest.raises(tf.errors.InvalidArgumentError, match=says):
            session.partial_run(handle, *args)

    told("can't be computed from the feeds that have been fed", begun(), second, {a: 1, b: 2})
    told("fetch mul_1:0 was not specified in partial_run_setup", begun(), other, {a: 1, b: 2})
    handle = begun()
    session.partial_run(handle, first, {a: 1, b: 2})
    told("feed Placeholder:0 has already been fed", handle, second, {a: 1})
    told("fetch add:0 has already been fetched", handle, first, {})
    one = session.partial_run_setup([first], [a])
    told("You must feed a value for placeholder tensor", one, first, {a: 1})
    told("feed Placeholder_2:0 was not specified", session.partial_run_setup(first, [a, b]), first,
         {a: 1, b: 2, c: 3})  # fmt: skip
    with pytest.raises(RuntimeError, match="requires empty target_list"):
        session.partial_run(session.partial_run_setup([first.op], [a, b]), first.op, {a: 1, b: 2})
    with pytest.raises(tf.errors.InvalidArgumentError, match="at least one target"):
        session.partial_run_setup([], [])
    with pytest.raises(TypeError, match="Cannot interpret feed_dict key"):
        session.partial_run_setup([first], ["nope:0"])


# --- values that stay ---
def test_value_stays_in_the_session(session: Any) -> None:
    product = tf.constant([1, 2]) * 5
    handle = session.run(tf.get_session_handle(product))
    assert handle.eval().tolist() == [5, 10]
    holder, value = tf.get_session_tensor(handle.handle, tf.int32)
    assert session.run(value * 2, {holder: handle.handle}).tolist() == [10, 20]
    p = tf.placeholder(tf.int32, [2])
    assert session.run(p + 1, {p: handle}).tolist() == [6, 11]
    text = str(handle)
    assert text.split(";")[0] == "GetSessionHandle"
    assert text.endswith(";/job:localhost/replica:0/task:0/device:CPU:0")
    handle.delete()
    with pytest.raises(TypeError, match="may have already been deleted"):
        handle.eval()
    with pytest.raises(tf.errors.InvalidArgumentError, match="is not in the session store"):
        session.run(value, {holder: text})


def test_value_goes_with_its_handle_unless_asked_to_stay(session: Any) -> None:
    wanted = tf.get_session_handle(tf.constant(3.0))
    gone, kept = session.run(wanted), session.run(wanted)
    holder, value = tf.get_session_tensor(gone.handle, tf.float32)
    text, raw = gone.handle, kept.get_raw_handle()
    del gone, kept
    with pytest.raises(tf.errors.InvalidArgumentError, match="is not in the session store"):
        session.run(value, {holder: text})
    assert session.run(value, {holder: raw}) == 3
    place, delete = tf.delete_session_tensor(raw)
    session.run(delete, {place: raw})
    with pytest.raises(tf.errors.InvalidArgumentError, match="Failed to delete a tensor"):
        session.run(delete, {place: raw})


def test_handles_come_in_the_structure_of_the_fetches(session: Any) -> None:
    x = tf.constant([1.0])
    found = session.run({"h": tf.get_session_handle(x), "x": x})
    assert found["h"].eval().tolist() == [1]
    assert found["x"].tolist() == [1]
    with pytest.raises(TypeError, match="must be of type Tensor"):
        tf.get_session_handle(3)


# --- traces ---
def test_trace_names_every_operation(session: Any) -> None:
    x = tf.placeholder(tf.float32, [2], name="x")
    v = tf.Variable([1.0, 2.0], name="v")
    session.run(v.initializer)
    y = tf.reduce_sum(tf.exp(x * v), name="y")
    options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
    metadata = tf.RunMetadata()
    found = session.run(y, {x: [1, 1]}, options=options, run_metadata=metadata)
    np.testing.assert_allclose(found, np.exp([1, 2]).sum(), 1e-6)
    (device,) = metadata.step_stats.dev_stats
    names = [s.node_name for s in device.node_stats]
    assert names == ["v/read", "mul", "Exp", "y"]
    assert all(s.all_start_micros > 0 for s in device.node_stats)
    outputs = [o.tensor_description for s in device.node_stats for o in s.output]
    sizes = [[d.size for d in o.shape.dim] for o in outputs]
    assert sizes == [[2], [2], [2], []]
    assert {o.dtype for o in outputs} == {tf.float32.as_datatype_enum}
    drawn = json.loads(Timeline(metadata.step_stats).generate_chrome_trace_format())
    assert [e["name"] for e in drawn["traceEvents"] if e["ph"] == "X"][1:] == ["Mul", "Exp", "Sum"]
    quiet = tf.RunMetadata()
    session.run(y, {x: [1, 1]}, run_metadata=quiet)
    assert not quiet.step_stats.dev_stats


def test_traces_and_partial_runs_keep_blas_on_one_thread(session: Any) -> None:
    if (found := switch()) is None:
        pytest.skip("NumPy has no OpenBLAS")
    count, set_count = found
    x = tf.placeholder(tf.float32, [2, 2], name="x")
    seen = tf.py_func(lambda _: np.int64(count()), [tf.matmul(x, x)], tf.int64)
    before = count()
    set_count(2)
    try:
        options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
        feed = {x: np.eye(2)}
        assert session.run(seen, feed) == 1
        assert session.run(seen, feed, options=options, run_metadata=tf.RunMetadata()) == 1
        handle = session.partial_run_setup([seen], [x])
        assert session.partial_run(handle, seen, feed) == 1
        assert count() == 2
    finally:
        set_count(before)


# --- servers ---
def test_sessions_of_a_server_share_what_has_a_name() -> None:
    server = tf.train.Server.create_local_server()
    assert server.target.startswith("grpc://localhost:")
    assert (server.server_def.job_name, server.server_def.task_index) == ("local", 0)
    with tf.Graph().as_default():
        v = tf.Variable(1.0, name="v")
        shared = tf.FIFOQueue(5, tf.float32, shapes=[[]], shared_name="shared")
        own = tf.FIFOQueue(5, tf.float32, shapes=[[]])
        first, second = tf.Session(server.target), tf.Session(server.target)
        first.run(v.initializer)
        second.run(v.assign_add(2.0))
        assert first.run(v) == 3
        first.run([shared.enqueue(7.0), own.enqueue(8.0)])
        assert second.run(shared.dequeue()) == 7
        assert second.run(own.size()) == 0
        first.close()
        assert second.run(v) == 3
        tf.Session.reset(server.target)
        with pytest.raises(tf.errors.FailedPreconditionError):
            second.run(v)


def test_tasks_keep_what_is_placed_with_them() -> None:
    spec = tf.train.ClusterSpec({"ps": ["localhost:7001"], "worker": ["localhost:7002"]})
    servers = [tf.train.Server(spec, job, 0) for job in ("ps", "worker")]
    with tf.Graph().as_default():
        with tf.device("/job:ps/task:0"):
            shared = tf.Variable(1.0, name="shared")
        local = tf.Variable(5.0, name="local")
        on_worker, on_ps = tf.Session(servers[1].target), tf.Session(servers[0].target)
        on_worker.run(tf.global_variables_initializer())
        assert on_ps.run(shared) == 1
        with pytest.raises(tf.errors.FailedPreconditionError):
            on_ps.run(local)
    names = [d.name for d in on_ps.list_devices()]
    assert names == [
        "/job:ps/replica:0/task:0/device:CPU:0", "/job:worker/replica:0/task:0/device:CPU:0",
    ]  # fmt: skip


def test_server_says_what_is_missing() -> None:
    for given, says in (
        ({"a": ["x:0", "y:0"]}, "explicit `task_index`"),
        ({"a": ["x:0"], "b": ["y:0"]}, "explicit `job_name`"),
    ):
        with pytest.raises(ValueError, match=says):
            tf.train.Server(given)
    with pytest.raises(TypeError, match="Could not convert `server_or_cluster_def`"):
        tf.train.Server(3)
    with pytest.raises(tf.errors.NotFoundError, match="No session factory registered"):
        tf.Session("grpc://nowhere:1")


# The chief's thread waits for gradients when the session closes, as in TensorFlow.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_workers_in_step_average_their_gradients() -> None:
    """Each worker has its own graph and local step: what it adds is never older than it says."""
    spec = {"ps": ["in:1"], "worker": ["in:2", "in:3"]}
    on_ps = tf.train.Server(spec, "ps", 0).target
    targets = [tf.train.Server(spec, "worker", task).target for task in range(2)]
    chief_is_ready = threading.Event()

    def work(task: int) -> None:
        place = tf.train.replica_device_setter(
            cluster=spec, worker_device=f"/job:worker/task:{task}"
        )
        with tf.Graph().as_default(), tf.device(place):
            step = tf.train.get_or_create_global_step()
            x = tf.Variable(3.0, name="x")
            rows = tf.Variable(tf.ones([4, 2]), name="rows")
            loss = tf.square(x) + tf.reduce_sum(tf.gather(rows, [0, 2]))
            opt = tf.train.SyncReplicasOptimizer(
                tf.train.GradientDescentOptimizer(0.1),
                replicas_to_aggregate=2,
                total_num_replicas=2,
            )
            train = opt.minimize(loss, global_step=step)
            more_tokens = opt.get_init_tokens_op()
            hooks = [opt.make_session_run_hook(task == 0), tf.train.StopAtStepHook(last_step=5)]
            with tf.train.MonitoredTrainingSession(
                targets[task], is_chief=task == 0, hooks=hooks, stop_grace_period_secs=0.1
            ) as session:
                chief_is_ready.set()
                while not session.should_stop():
                    session.run(train)
            # The other worker may have begun a step after the last: it is not left waiting.
            tf.Session(targets[task]).run(more_tokens)

    workers = [threading.Thread(target=work, args=(task,)) for task in range(2)]
    workers[0].start()
    assert chief_is_ready.wait(60)
    workers[1].start()
    for worker in workers:
        worker.join(60)
        assert not worker.is_alive()
    for thread in threading.enumerate():
        if thread.name.startswith("QueueRunnerThread"):
            thread.join(20)
    with tf.Graph().as_default(), tf.device("/job:ps/task:0"):
        step = tf.train.get_or_create_global_step()
        x, rows = tf.Variable(0.0, name="x"), tf.Variable(tf.zeros([4, 2]), name="rows")
        n, value, table = tf.Session(on_ps).run([step, x, rows])
    assert n >= 5
    np.testing.assert_allclose(value, 3 * 0.8**n, 1e-5)
    np.testing.assert_allclose(table[:, 0], [1 - 0.1 * n, 1, 1 - 0.1 * n, 1], 1e-5)
