"""Supervisors, coordinators and queue runners, under either library.

label -> what came out, as text. Runs on Python 3.7 under TensorFlow 1.15.5 too.
"""

import os
import threading
import time

from loops import Log, events_in, fresh, model


def supervisors(tf):
    """Supervisor and SessionManager."""
    t = tf.train

    def made(**kwargs):
        with tf.Graph().as_default() as graph:
            _, _, train = model(tf)
            sv = t.Supervisor(**kwargs)
            with Log(tf) as log, sv.managed_session() as sess:
                if (
                    sv.save_path and sv.save_model_secs
                ):  # its thread saves now, not some steps later
                    _waited(lambda: os.path.exists(os.path.join(kwargs["logdir"], "checkpoint")))
                for _ in range(3):
                    sess.run(train)
                sv.request_stop()
            lines = [x for x in log.lines if "sec" not in x[1]]
            return (
                lines,
                sv.should_stop(),
                sorted(n for n in graph.get_all_collection_keys() if isinstance(n, str)),
            )

    yield "plain", made
    yield "folder", lambda: made(logdir="sv", savemodel_secs=0)
    yield "folder again", lambda: made(logdir="sv", save_summaries_secs=0)
    yield (
        "files",
        lambda: sorted({n.split(".data")[0] for n in os.listdir("sv") if "event" not in n}),
    )
    yield (
        "own init",
        lambda: fresh(tf, lambda *a: type(t.Supervisor(init_op=None, ready_op=None)).__name__),
    )
    yield "wrong graph", lambda: t.Supervisor(graph=3)
    yield "properties", lambda: fresh(tf, lambda *a: _properties(t))
    yield "members", lambda: [n for n in dir(t.Supervisor) if n[0] != "_"]
    yield "manager members", lambda: [n for n in dir(t.SessionManager) if n[0] != "_"]
    yield "loop", lambda: fresh(tf, lambda *a: _loop(tf))
    yield "summary computed", lambda: fresh(tf, lambda *a: _computed(tf))
    yield "error in it", lambda: fresh(tf, lambda *a: _error(tf))
    yield "session after stop", lambda: fresh(tf, lambda *a: _restart(tf))
    yield "pre-init", lambda: fresh(tf, lambda step, loss, train: _init_fn(tf, loss))


def _waited(done):
    for _ in range(500):
        if done():
            return
        time.sleep(0.02)


def _properties(t):
    sv = t.Supervisor(logdir="p", savemodel_secs=7, save_summaries_secs=8)
    return (
        sv.is_chief, sv.savemodel_secs, sv.save_summaries_secs, sv.save_path, sv.init_feed_dict,
        sv.ready_op.name, sv.init_op.name, sv.ready_for_local_init_op.name, sv.local_init_op.name,
        sv.summary_op.name, sv.global_step.name, type(sv.saver).__name__, type(sv.coord).__name__,
        type(sv.session_manager).__name__, type(sv.summary_writer).__name__, sv.USE_DEFAULT,
    )  # fmt: skip


def _loop(tf):
    sv, seen = tf.train.Supervisor(), []
    with sv.managed_session():
        thread = sv.loop(0.01, seen.append, (1,))
        _waited(lambda: len(seen) > 2)
        sv.request_stop()
        thread.join(5)
    return type(thread).__name__, len(seen) > 2


def _computed(tf):
    sv = tf.train.Supervisor(logdir="computed", summary_op=None, savemodel_secs=0)
    with sv.managed_session() as sess:
        sv.summary_computed(
            sess, tf.Summary(value=[tf.Summary.Value(tag="mine", simple_value=1.0)])
        )
        sv.stop(close_summary_writer=True)
    return [e for e in events_in(tf, "computed") if e[1] == "summary"]


def _error(tf):
    sv = tf.train.Supervisor()
    with sv.managed_session():
        raise ValueError("mine")


def _restart(tf):
    sv = tf.train.Supervisor()
    with sv.managed_session() as sess:
        sess.run("train")
    with sv.managed_session() as sess:
        return int(sess.run("global_step:0"))


def _init_fn(tf, loss):
    sv = tf.train.Supervisor(init_fn=lambda sess: sess.run("x/Assign"))
    with sv.managed_session() as sess:
        return float(sess.run(loss))


def threads(tf):
    """Coordinator, LooperThread, QueueRunner."""
    t = tf.train
    c = t.Coordinator
    yield "members", lambda: [n for n in dir(c) if n[0] != "_"]
    yield "stop", lambda: _stopped(c)
    yield "join nothing", lambda: c().join()
    yield "join", lambda: _joined(c)
    yield "join late", lambda: _late(c)
    yield "join late, ignored", lambda: _late(c, ignore_live_threads=True)
    yield "raise", lambda: _raised(c, ValueError("mine"))
    yield (
        "raise clean",
        lambda: _raised(c(clean_stop_exception_types=(ValueError,)), ValueError("mine")),
    )
    yield "raise twice", lambda: _raised(c, ValueError("mine"), KeyError("other"))
    yield "out of range", lambda: _raised(c, tf.errors.OutOfRangeError(None, None, "mine"))
    yield "stop on exception", lambda: _on_exception(c())
    yield "wait", lambda: (c().wait_for_stop(0.01), c().should_stop())
    yield "cleared", lambda: _cleared(c())
    yield "register", lambda: c().register_thread(threading.Thread()) or "ok"
    yield "raise if requested", lambda: c().raise_requested_exception()
    thread = t.LooperThread
    yield "looper", lambda: _looper(c(), thread)
    yield "loop", lambda: _loop_of(c(), thread)
    yield "looper coord", lambda: thread(3, 1)
    yield (
        "looper members",
        lambda: [n for n in dir(thread) if n[0] != "_" and n not in dir(threading.Thread)],
    )
    yield "target and run", lambda: type(thread(c(), None, target=lambda: None)).__name__
    yield "queue", lambda: _queue(tf)
    yield "queue error", lambda: _queue(tf, bad=True)
    yield "start without session", lambda: tf.train.start_queue_runners()
    yield "start with int", lambda: tf.train.start_queue_runners(3)
    yield "start nothing", lambda: tf.train.start_queue_runners(tf.Session())
    yield "runner without ops", lambda: t.QueueRunner(tf.FIFOQueue(1, "float32"), [])
    yield "runner without queue", lambda: t.QueueRunner(None, [tf.no_op()])
    yield (
        "runner twice",
        lambda: t.QueueRunner(tf.FIFOQueue(1, "float32"), [tf.no_op()], queue_runner_def=3),
    )
    yield (
        "runner exceptions",
        lambda: t.QueueRunner(
            tf.FIFOQueue(1, "float32"), [tf.no_op()], queue_closed_exception_types=()
        ),
    )
    yield "runner members", lambda: [n for n in dir(t.QueueRunner) if n[0] != "_"]
    yield "add runner", lambda: t.add_queue_runner(3) or tf.get_collection("queue_runners")
    yield "start 3", lambda: t.start_queue_runners(tf.Session())


def _stopped(c):
    coord = c()
    coord.request_stop()
    return coord.should_stop(), coord.wait_for_stop(0), coord.joined


def _joined(c):
    coord = c()

    def work():
        while not coord.should_stop():
            time.sleep(0.01)

    made = [threading.Thread(target=work) for _ in range(2)]
    for thread in made:
        thread.start()
    coord.request_stop()
    coord.join(made)
    return coord.joined, [thread.is_alive() for thread in made]


def _late(c, **kwargs):
    coord, done = c(), threading.Event()
    thread = threading.Thread(target=done.wait, name="slow")
    thread.daemon = True
    thread.start()
    coord.request_stop()
    try:
        coord.join([thread], stop_grace_period_secs=0.1, **kwargs)
    finally:
        done.set()
    return coord.joined


def _raised(c, *errors):
    coord = c if not isinstance(c, type) else c()
    for e in errors:
        try:
            raise e
        except Exception as caught:
            coord.request_stop(caught)
    coord.join()
    return coord.joined


def _on_exception(coord):
    with coord.stop_on_exception():
        raise ValueError("mine")
    coord.join()


def _cleared(coord):
    coord.request_stop()
    coord.clear_stop()
    return coord.should_stop(), coord.joined


def _looper(coord, looper):
    seen = []

    class Mine(looper):
        def start_loop(self):
            seen.append("start")

        def run_loop(self):
            seen.append("run")
            if seen.count("run") == 3:
                self._coord.request_stop()

        def stop_loop(self):
            seen.append("stop")

    thread = Mine(coord, None)
    thread.start()
    coord.join([thread])
    return seen, thread.daemon


def _loop_of(coord, looper):
    seen = []

    def work(a, b=0):
        seen.append((a, b))
        if len(seen) == 2:
            raise ValueError("mine")

    thread = looper.loop(coord, 0.01, work, (1,), {"b": 2})
    thread.join(5)
    try:
        coord.join([thread])
    except ValueError as e:
        return seen, str(e)


def _queue(tf, bad=False):
    with tf.Graph().as_default(), tf.Session() as sess:
        queue = tf.FIFOQueue(2, tf.float32, name="q")
        value = tf.check_numerics(tf.log(-1.0), "bad") if bad else 1.0
        runner = tf.train.QueueRunner(queue, [queue.enqueue(value)])
        tf.train.add_queue_runner(runner)
        coord = tf.train.Coordinator()
        started = tf.train.start_queue_runners(sess, coord)
        try:
            found = [float(sess.run(queue.dequeue())) for _ in range(3)]
        except tf.errors.OutOfRangeError as e:
            found = str(e).split("\n")[0]
        coord.request_stop()
        coord.join(started)
        return (
            found, [x.name for x in started], runner.name, runner.exceptions_raised,
            runner.close_op.name, runner.cancel_op.name, runner.queue_closed_exception_types,
        )  # fmt: skip


SCENARIOS = {f.__name__: f for f in (supervisors, threads)}
