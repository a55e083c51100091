"""Training loops under monitored sessions and supervisors, and what they leave behind.

Runs on Python 3.7 as well, under TensorFlow 1.15.5 (tests/golden/record_pipelines.py).
"""

from __future__ import annotations

import glob
import os


def _model(tf):
    """A variable that a step halves: no gradient, whose nodes differ from TensorFlow's."""
    step = tf.train.get_or_create_global_step()
    x = tf.Variable(8.0, name="x", use_resource=True)
    loss = tf.identity(x.read_value() * 2.0, name="loss")
    tf.summary.scalar("loss", loss)
    with tf.control_dependencies([loss]):
        halved = x.assign(x.read_value() * 0.5, read_value=False)
    with tf.control_dependencies([halved]):
        return step, loss, tf.assign_add(step, 1, name="train").op


def _events(tf, folder):
    found = []
    for path in sorted(glob.glob(folder + "/events*")):
        for event in tf.train.summary_iterator(path):
            what = event.WhichOneof("what")
            if what == "summary":
                found.append([event.step, what, [v.tag for v in event.summary.value]])
            elif what == "session_log":
                log = event.session_log
                found.append(
                    [event.step, what, [log.status, os.path.basename(log.checkpoint_path)]]
                )
            else:
                found.append([event.step, what, []])
    return sorted(found)


def _files(folder):
    # A checkpoint that is written again gets another data file here: the old one stays whole.
    names = [os.path.basename(x).split("-of-")[0].rstrip("01") for x in glob.glob(folder + "/*")]
    return sorted({"events" if ".tfevents." in n else n for n in names})


def _nodes(graph):
    return [
        [op.name, op.type, [x.name for x in op.inputs], sorted(c.name for c in op.control_inputs)]
        for op in graph.get_operations()
    ]


def recorder(tf):
    """A hook that notes what is called."""

    class Recorder(tf.train.SessionRunHook):
        def __init__(self):
            self.calls = []

        def begin(self):
            self.calls.append("begin")

        def after_create_session(self, session, coord):
            self.calls.append([type(session).__name__, type(coord).__name__])

        def before_run(self, run_context):
            self.calls.append(["before", run_context.original_args.feed_dict is None])
            return tf.train.SessionRunArgs(tf.constant_value)

        def after_run(self, run_context, run_values):
            self.calls.append(["after", int(run_values.results), run_context.stop_requested])

        def end(self, session):
            self.calls.append("end")

    tf.constant_value = tf.constant(3) + 4
    return Recorder()


class _Names:
    """The module, and what a case puts beside it."""

    def __init__(self, module):
        self._module = module

    def __getattr__(self, name):
        return getattr(self._module, name)


# --- cases: f(tf, graph, folder) ---
def training(tf, graph, folder):
    _, loss, train = _model(tf)
    hook, losses = recorder(tf), []
    with tf.train.MonitoredTrainingSession(
        checkpoint_dir=folder, hooks=[hook, tf.train.StopAtStepHook(last_step=7)],
        save_summaries_steps=3, save_checkpoint_steps=4, log_step_count_steps=2,
    ) as session:  # fmt: skip
        finalized = graph.finalized
        while not session.should_stop():
            losses.append(float(session.run([loss, train])[0]))
        try:
            session.run(loss)
        except RuntimeError as e:
            losses.append(str(e))
    latest = os.path.basename(tf.train.latest_checkpoint(folder))
    more = []
    with tf.train.MonitoredTrainingSession(
        checkpoint_dir=folder,
        hooks=[tf.train.StopAtStepHook(num_steps=2)],
        save_checkpoint_secs=600,
    ) as session:
        while not session.should_stop():
            more.append(float(session.run([loss, train])[0]))
    newer = os.path.basename(tf.train.latest_checkpoint(folder))
    return [finalized, graph.finalized, losses, hook.calls, latest, more, newer, _files(folder)]


def events(tf, graph, folder):
    _, _, train = _model(tf)
    with tf.train.MonitoredTrainingSession(
        checkpoint_dir=folder, hooks=[tf.train.StopAtStepHook(last_step=5)],
        save_summaries_steps=100, save_checkpoint_steps=2, log_step_count_steps=2,
    ) as session:  # fmt: skip
        while not session.should_stop():
            session.run(train)
    return [_events(tf, folder), _nodes(graph)]


def ending(tf, graph, folder):
    i = tf.train.range_input_producer(3, num_epochs=1, shuffle=False).dequeue()
    _, _, train = _model(tf)
    hook, found = recorder(tf), []
    with tf.train.SingularMonitoredSession(hooks=[hook]) as session:
        found.append(type(session.raw_session()).__name__)
        while not session.should_stop():
            found.append(int(session.run([i, train])[0]))
    return [found, hook.calls]


def raising(tf, graph, folder):
    _, _, train = _model(tf)
    hook, found = recorder(tf), []
    try:
        with tf.train.MonitoredSession(hooks=[hook]) as session:
            session.run(train)
            raise ValueError("mine")
    except ValueError as e:
        found.append(str(e))
    try:
        session.close()
    except RuntimeError as e:
        found.append(str(e))
    return [found, hook.calls, session.should_stop()]


def steps(tf, graph, folder):
    step, loss, _ = _model(tf)
    hook, found = recorder(tf), []

    def one(step_context):
        found.append(float(step_context.session.run(loss)))
        return int(step_context.run_with_hooks(step))

    def stop(step_context):
        step_context.request_stop()

    with tf.train.MonitoredSession(hooks=[hook]) as session:
        found.append(session.run_step_fn(one))
        try:
            session.run_step_fn(lambda x: 1)
        except ValueError as e:
            found.append(str(e))
        session.run_step_fn(stop)
        found.append("never")
    return [found, hook.calls]


def nan(tf, graph, folder):
    _, _, train = _model(tf)
    bad, found = tf.log(tf.constant(-1.0)), []
    try:
        with tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(bad)]) as session:
            session.run(train)
    except tf.train.NanLossDuringTrainingError as e:
        found.append(str(e))
    quiet = tf.train.NanTensorHook(bad, fail_on_nan_loss=False)
    with tf.train.MonitoredSession(hooks=[quiet]) as session:
        session.run(train)
        found.append(session.should_stop())
    return found


def feeding(tf, graph, folder):
    step, _, train = _model(tf)
    p = tf.placeholder(tf.float32)
    y, found = p * 2.0, []
    feed = lambda: tf.train.FeedFnHook(lambda: {p: 4.0})
    with tf.train.MonitoredSession(hooks=[feed()]) as session:
        found.append(float(session.run(y)))
        try:
            session.run(y, {p: 1.0})
        except RuntimeError as e:
            found.append(str(e).split("Conflict")[0])
    try:
        with tf.train.MonitoredSession(hooks=[feed(), feed()]) as session:
            session.run(y)
    except RuntimeError as e:
        found.append(str(e).split("Conflict")[0])
    last = tf.train.FinalOpsHook([y, step], {p: 5.0})
    with tf.train.MonitoredSession(hooks=[last]) as session:
        session.run(train)
    return [found, [float(x) for x in last.final_ops_values]]


def mistakes(tf, graph, folder):
    t, found = tf.train, []
    for call in (
        lambda: t.SecondOrStepTimer(), lambda: t.SecondOrStepTimer(1, 2),
        lambda: t.LoggingTensorHook(["a"]), lambda: t.LoggingTensorHook(["a"], every_n_iter=0),
        lambda: t.LoggingTensorHook(["a"], every_n_iter=1, every_n_secs=1),
        lambda: t.LoggingTensorHook(["a"], at_end=True), lambda: t.StopAtStepHook(),
        lambda: t.StopAtStepHook(1, 2), lambda: t.CheckpointSaverHook(folder),
        lambda: t.CheckpointSaverHook(folder, save_steps=1, saver=1, scaffold=2),
        lambda: t.StepCounterHook(None), lambda: t.SummarySaverHook(1),
        lambda: t.SummarySaverHook(1, summary_op=1, scaffold=2),
        lambda: t.MonitoredSession(hooks=[t.StopAtStepHook(1)]),
        lambda: t.MonitoredSession(hooks=[t.StepCounterHook()]),
        lambda: t.Scaffold(copy_from_scaffold=3),
        lambda: t.SessionManager(ready_for_local_init_op=1),
    ):  # fmt: skip
        try:
            call()
            found.append("made")
        except (RuntimeError, TypeError, ValueError) as e:
            found.append([type(e).__name__, str(e)])
    return found


def managing(tf, graph, folder):
    v = tf.Variable(1.0, name="v")
    w = tf.Variable(2.0, name="w", collections=["local_variables"])
    ready, found = tf.report_uninitialized_variables(), []
    plain = tf.train.SessionManager(ready_op=ready)
    local = tf.train.SessionManager(
        ready_op=ready, local_init_op=w.initializer, recovery_wait_secs=0.1,
        ready_for_local_init_op=tf.report_uninitialized_variables(tf.global_variables()),
    )  # fmt: skip
    both = [v.initializer, w.initializer]
    for call in (
        lambda: plain.prepare_session(""), lambda: plain.prepare_session("", init_op=v.initializer),
        lambda: plain.prepare_session("", init_op=tf.group(*both)),
        lambda: plain.prepare_session("", init_fn=lambda s: s.run(both)),
        lambda: local.prepare_session("", init_op=v.initializer), lambda: local.prepare_session(""),
        lambda: local.wait_for_session("", max_wait_secs=0.2), lambda: local.recover_session("")[1],
        lambda: tf.train.SessionManager(ready_op=v.value()).prepare_session(
            "", init_op=w.initializer),
        lambda: plain.prepare_session(
            "", saver=tf.train.Saver(), checkpoint_dir="a", checkpoint_filename_with_path="b"),
    ):  # fmt: skip
        try:
            found.append(type(call()).__name__)
        except (RuntimeError, ValueError, tf.errors.OpError) as e:
            found.append([type(e).__name__, str(e).split("init fn")[0].split("\n")[0]])
    return found


def scaffold(tf, graph, folder):
    _model(tf)
    called = []
    made = tf.train.Scaffold(init_fn=lambda own, session: called.append(own is made))
    made.finalize()
    made.init_fn(None)
    again = tf.train.Scaffold(copy_from_scaffold=made)
    parts = ("init_op", "ready_op", "ready_for_local_init_op", "local_init_op", "summary_op")
    names = [getattr(made, p).name for p in parts]
    same = [getattr(made, p) is getattr(again, p) for p in parts]
    keys = sorted(k for k in graph.get_all_collection_keys() if isinstance(k, str))
    return [names, same, keys, called, _nodes(graph)]


def listening(tf, graph, folder):
    _, _, train = _model(tf)
    calls = []

    class Listener(tf.train.CheckpointSaverListener):
        def begin(self):
            calls.append("begin")

        def before_save(self, session, global_step_value):
            calls.append(["before", int(global_step_value)])

        def after_save(self, session, global_step_value):
            calls.append(["after", int(global_step_value)])
            return global_step_value >= 4

        def end(self, session, global_step_value):
            calls.append(["end", int(global_step_value)])

    hook = tf.train.CheckpointSaverHook(folder, save_steps=2, listeners=[Listener()])
    with tf.train.SingularMonitoredSession(hooks=[hook]) as session:
        for _ in range(9):
            if session.should_stop():
                break
            session.run(train)
    return [calls, _files(folder)]


def supervised(tf, graph, folder):
    step, _, train = _model(tf)
    sv = tf.train.Supervisor(logdir=folder, save_model_secs=0, save_summaries_secs=0)
    with sv.managed_session() as session:
        for _ in range(3):
            session.run(train)
        count = int(session.run(step))
        sv.saver.save(session, sv.save_path, global_step=sv.global_step)
    keys = sorted(k for k in graph.get_all_collection_keys() if isinstance(k, str))
    return [count, sv.should_stop(), _files(folder), keys, _nodes(graph), _events(tf, folder)]


def placing(tf, graph, folder):
    found = []
    for options in (
        {"ps_tasks": 2}, {"cluster": {"ps": ["a", "b"], "worker": ["c"]}},
        {"ps_tasks": 2, "merge_devices": False}, {"ps_tasks": 2, "ps_strategy": lambda op: 1},
        {"ps_tasks": 3, "ps_device": "/job:moo", "worker_device": "/gpu:0"},
        {"ps_tasks": 2, "ps_ops": ["Const"]},
    ):  # fmt: skip
        with tf.Graph().as_default() as inner, tf.device(tf.train.replica_device_setter(**options)):
            _ = tf.Variable([1, 2]) + tf.Variable([2, 1])
            with tf.device("/cpu:0"):
                _ = tf.Variable(3) + 1
            with tf.device("/job:ps/task:7"):
                tf.Variable(3)
            found.append([[op.name, op.device] for op in inner.get_operations()])
    empty = [tf.train.replica_device_setter(), tf.train.replica_device_setter(cluster={"w": ["a"]})]
    return [found, empty]


def cluster(tf, graph, folder):
    spec = tf.train.ClusterSpec({"worker": ["a:1", "b:2"], "ps": {0: "c:3", 2: "d:4"}})
    found = []
    for call in (
        lambda: sorted(spec.jobs), lambda: spec.num_tasks("worker"), lambda: spec.num_tasks("x"),
        lambda: spec.task_indices("ps"), lambda: spec.task_address("ps", 2),
        lambda: spec.task_address("ps", 1), lambda: spec.job_tasks("ps"),
        lambda: sorted(spec.as_dict().items()), lambda: spec == tf.train.ClusterSpec(spec),
        lambda: spec == tf.train.ClusterSpec(spec.as_cluster_def()),
        lambda: bool(tf.train.ClusterSpec({})), lambda: tf.train.ClusterSpec(3),
        lambda: tf.train.ClusterSpec({"a": 3}), lambda: tf.train.ClusterSpec({1: ["a"]}),
        lambda: tf.train.ClusterSpec({"a": [1]}), lambda: str(tf.train.ClusterSpec({"w": ["a"]})),
    ):  # fmt: skip
        try:
            found.append(str(call()))
        except (TypeError, ValueError) as e:
            found.append([type(e).__name__, str(e)])
    return found


CASES = {
    f.__name__: f
    for f in (
        training, events, ending, raising, steps, nan, feeding, mistakes, managing, scaffold,
        listening, supervised, placing, cluster,
    )
}  # fmt: skip


def run(tf, name, folder):
    """What a case returns, as JSON would hold it."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        return CASES[name](_Names(tf), graph, folder)
