"""Monitored sessions, hooks, supervisors, coordinators and queue runners, under either library.

label -> what came out, as text. Runs on Python 3.7 under TensorFlow 1.15.5 too.
"""

import glob
import json
import os

from shown import contents


class Log:
    """What tf.logging writes while it is on, without times."""

    def __init__(self, tf):
        self.tf, self.lines = tf, []

    def __enter__(self):
        import logging

        self.logger = logging.getLogger("tensorflow")
        self.before = self.logger.level
        self.logger.setLevel(20)
        self.handler = logging.Handler()
        self.handler.emit = self.note
        self.logger.addHandler(self.handler)
        return self

    def note(self, record):
        text = record.getMessage()
        if "deprecated" not in text and "not been increased" not in text:  # as threads race
            self.lines.append((record.levelname, text))

    def __exit__(self, *_):
        self.logger.removeHandler(self.handler)
        self.logger.setLevel(self.before)


def model(tf):
    step = tf.train.get_or_create_global_step()
    x = tf.Variable(8.0, name="x")
    loss = tf.multiply(x, 2.0, name="loss")
    tf.summary.scalar("loss", loss)
    with tf.control_dependencies([loss]):
        halved = x.assign(x * 0.5)
    with tf.control_dependencies([halved]):
        return step, loss, tf.assign_add(step, 1, name="train").op


def fresh(tf, call):
    with tf.Graph().as_default():
        return call(*model(tf))


def _train(tf, hooks, steps=5, fetch=None, **kwargs):
    with tf.Graph().as_default():
        _, loss, train = model(tf)
        found = []
        with tf.train.MonitoredTrainingSession(hooks=hooks, **kwargs) as sess:
            for _ in range(steps):
                if sess.should_stop():
                    break
                found.append(float(sess.run([loss, train])[0]))
        return found


def events_in(tf, folder):
    found = []
    for path in sorted(glob.glob(folder + "/events*")):
        for e in tf.train.summary_iterator(path):
            what = e.WhichOneof("what")
            tags = (
                [v.tag for v in e.summary.value]
                if what == "summary"
                else (e.tagged_run_metadata.tag if what == "tagged_run_metadata" else "")
            )
            found.append((e.step, what, tags))
    return sorted(found, key=str)


def hooks(tf):
    """What each hook does in a loop, logs and leaves behind."""
    t = tf.train

    def logged(*args, **kwargs):
        with Log(tf) as log:
            _train(tf, *args, **kwargs)
        return [line for line in log.lines if "sec" not in line[1] or "(" not in line[1]]

    yield "nothing", lambda: _train(tf, [])
    yield "None", lambda: _train(tf, None)
    yield "not a list", lambda: _train(tf, 3)
    yield "logging", lambda: logged([t.LoggingTensorHook(["loss"], every_n_iter=2)])
    yield "logging dict", lambda: logged([t.LoggingTensorHook({"l": "loss:0"}, every_n_iter=2)])
    yield (
        "logging formatter",
        lambda: logged(
            [
                t.LoggingTensorHook(
                    {"l": "loss:0"}, every_n_iter=3, formatter=lambda v: "f{}".format(v["l"])
                )
            ]
        ),
    )
    yield "logging at end", lambda: logged([t.LoggingTensorHook(["loss"], at_end=True)])
    yield "logging nope", lambda: logged([t.LoggingTensorHook(["nope"], every_n_iter=1)])
    yield "logging an int", lambda: logged([t.LoggingTensorHook([3], every_n_iter=1)])
    yield "stop", lambda: _train(tf, [t.StopAtStepHook(last_step=2)])
    yield "stop 0", lambda: _train(tf, [t.StopAtStepHook(num_steps=0)])
    yield "nan", lambda: logged([t.NanTensorHook("loss:0")])
    yield "nan nope", lambda: logged([t.NanTensorHook("nope:0")])
    yield "counter", lambda: logged([t.StepCounterHook(every_n_steps=2)], 7)
    yield (
        "counter to folder",
        lambda: (
            _train(tf, [t.StepCounterHook(2, output_dir="counted")], 7),
            events_in(tf, "counted"),
        ),
    )
    yield "summaries", lambda: _summaries(tf)
    yield "checkpoints", lambda: logged([t.CheckpointSaverHook("saved", save_steps=2)])
    yield (
        "their files",
        lambda: sorted({p.split(".data")[0] for p in os.listdir("saved") if "event" not in p}),
    )
    yield (
        "checkpoint by name",
        lambda: logged([t.CheckpointSaverHook("named", save_steps=2, checkpoint_basename="mine")]),
    )
    yield "name of latest", lambda: t.latest_checkpoint("named")
    yield "waiter", lambda: logged([t.GlobalStepWaiterHook(0)])
    yield "final", lambda: _final(tf)
    yield "final nope", lambda: _train(tf, [t.FinalOpsHook("nope")])
    yield "feeding", lambda: _train(tf, [t.FeedFnHook(lambda: {"x/read:0": 3.0})])
    yield (
        "profiler",
        lambda: (
            _train(tf, [t.ProfilerHook(save_steps=2, output_dir="profiled")]),
            sorted(n for n in os.listdir("profiled") if "event" not in n),
        ),
    )
    yield (
        "profile",
        lambda: sorted(json.loads(contents(sorted(glob.glob("profiled/time*"))[0]))),
    )
    yield (
        "two at once",
        lambda: _train(tf, [t.StopAtStepHook(last_step=3), t.StopAtStepHook(last_step=2)]),
    )
    for args in (
        {"save_steps": 1, "save_secs": 1},
        {},
        {"save_steps": 0},
        {"save_steps": -1},
    ):
        yield (
            f"saver hook {args}",
            lambda args=args: type(t.CheckpointSaverHook("d", **args)).__name__,
        )
        yield (
            f"summary hook {args}",
            lambda args=args: type(t.SummarySaverHook(summary_op=3, **args)).__name__,
        )
        yield (
            f"profiler hook {args}",
            lambda args=args: type(t.ProfilerHook(**args)).__name__,
        )
    timer = t.SecondOrStepTimer(every_steps=3)
    yield (
        "timer",
        lambda: [
            (
                timer.should_trigger_for_step(s),
                timer.update_last_triggered_step(s)[1] if s % 3 == 0 else 0,
            )
            for s in range(5)
        ],
    )
    yield "timer last", timer.last_triggered_step
    yield "timer reset", lambda: (timer.reset(), timer.should_trigger_for_step(4))
    yield "hook members", lambda: [n for n in dir(t.SessionRunHook) if n[0] != "_"]
    yield "context", lambda: sorted(n for n in dir(t.SessionRunContext) if n[0] != "_")
    yield "args", lambda: t.SessionRunArgs(1)
    yield "args of", lambda: t.SessionRunArgs([1], {2: 3}, 4)
    yield "values", lambda: t.SessionRunValues(1, 2, 3)
    yield "context made", lambda: _context(t)
    yield "options of hooks", lambda: _options(tf)
    yield "fetches of hooks", lambda: _fetching(tf)


def _context(t):
    c = t.SessionRunContext(t.SessionRunArgs(1), "s")
    c.request_stop()
    return c.original_args, c.session, c.stop_requested


def _summaries(tf):
    with tf.Graph().as_default():
        model(tf)
        op = tf.summary.merge_all()
        hook = tf.train.SummarySaverHook(2, output_dir="sums", summary_op=op)
        more = tf.train.SummarySaverHook(
            3, output_dir="more", scaffold=tf.train.Scaffold(summary_op=[op, op])
        )
        with tf.train.MonitoredSession(hooks=[hook, more]) as sess:
            for _ in range(5):
                sess.run("train")
    return events_in(tf, "sums"), os.listdir("more") != []


def _final(tf):
    with Log(tf) as log:
        hook = tf.train.FinalOpsHook("loss:0")
        _train(tf, [hook])
    return float(hook.final_ops_values), [x for x in log.lines if "inal" in x[1]]


def _options(tf):
    seen = []

    class Hook(tf.train.SessionRunHook):
        def before_run(self, run_context):
            return tf.train.SessionRunArgs(
                {"a": "loss:0"}, options=tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
            )

        def after_run(self, run_context, run_values):
            seen.append(
                (
                    sorted(run_values.results),
                    run_values.options.trace_level,
                    len(run_values.run_metadata.step_stats.dev_stats) > 0,
                )
            )

    class Other(tf.train.SessionRunHook):
        def before_run(self, run_context):
            return tf.train.SessionRunArgs(
                None, options=tf.RunOptions(timeout_in_ms=7000, output_partition_graphs=True)
            )

        def after_run(self, run_context, run_values):
            seen.append((run_values.results, str(run_values.options)))

    return _train(tf, [Hook(), Other()], 1), seen


def _fetching(tf):
    seen = []

    class Hook(tf.train.SessionRunHook):
        def before_run(self, run_context):
            seen.append(run_context.original_args.fetches.__class__.__name__)
            return None

        def after_run(self, run_context, run_values):
            seen.append(run_values)

    with tf.Graph().as_default():
        model(tf)
        with tf.train.MonitoredSession(hooks=[Hook()]) as sess:
            sess.run({"a": "loss:0"})
            sess.run("loss:0")
    return [str(s).split("run_metadata")[0] for s in seen]


def monitored(tf):
    """MonitoredTrainingSession and its kind: logs, files, mistakes."""
    t = tf.train

    def logged(call):
        with Log(tf) as log:
            try:
                call()
            except Exception as e:
                return log.lines, type(e).__name__, str(e).split("\n")[0]
        return [x for x in log.lines if "sec" not in x[1] or "(" not in x[1]]

    yield "logs", lambda: logged(lambda: _train(tf, [], checkpoint_dir="run"))
    yield "again", lambda: logged(lambda: _train(tf, [], checkpoint_dir="run"))
    yield (
        "files",
        lambda: sorted({n.split(".data")[0] for n in os.listdir("run") if "event" not in n}),
    )
    yield "events", lambda: events_in(tf, "run")
    yield (
        "no saving",
        lambda: (
            _train(
                tf,
                [],
                checkpoint_dir="none",
                save_checkpoint_secs=None,
                save_summaries_steps=None,
                log_step_count_steps=0,
            ),
            os.path.exists("none") and sorted(os.listdir("none")),
        ),
    )
    yield (
        "steps",
        lambda: (
            _train(
                tf,
                [],
                7,
                checkpoint_dir="steps",
                save_checkpoint_steps=3,
                save_summaries_steps=2,
                log_step_count_steps=2,
            ),
            events_in(tf, "steps"),
        ),
    )
    yield (
        "summary dir",
        lambda: (
            _train(
                tf,
                [],
                3,
                checkpoint_dir="sd",
                summary_dir="sums",
                save_summaries_steps=1,
                log_step_count_steps=None,
            ),
            events_in(tf, "sums"),
        ),
    )
    yield (
        "both intervals",
        lambda: _train(tf, [], checkpoint_dir="x", save_summaries_steps=1, save_summaries_secs=1),
    )
    yield (
        "both save intervals",
        lambda: _train(
            tf, [], 2, checkpoint_dir="x", save_checkpoint_steps=1, save_checkpoint_secs=1
        ),
    )
    yield "chief hooks", lambda: _train(tf, [], chief_only_hooks=[t.StopAtStepHook(last_step=2)])
    yield "scaffold", lambda: fresh(tf, lambda step, loss, train: _scaffold(tf))
    yield (
        "restore from file",
        lambda: _creator(tf, checkpoint_filename_with_path=(t.latest_checkpoint("run"))),
    )
    yield "restore from folder", lambda: _creator(tf, checkpoint_dir="run")
    yield "restore from nothing", lambda: _creator(tf, checkpoint_dir="nothing")
    yield "restore missing file", lambda: _creator(tf, checkpoint_filename_with_path="nope")
    yield (
        "restore both",
        lambda: _creator(tf, checkpoint_dir="run", checkpoint_filename_with_path="nope"),
    )
    yield "no global step", lambda: _without_step(tf)
    yield "finalized graph", lambda: _frozen(tf)
    yield "member names", lambda: [n for n in dir(t.MonitoredSession) if n[0] != "_"]
    yield "singular", lambda: [n for n in dir(t.SingularMonitoredSession) if n[0] != "_"]
    yield "scaffold members", lambda: [n for n in dir(t.Scaffold()) if n[0] != "_"]
    yield "out of range ends it", lambda: _ends(tf, tf.errors.OutOfRangeError)
    yield "stop iteration ends it", lambda: _ends(tf, StopIteration)
    yield "other errors", lambda: _ends(tf, ValueError)
    yield "aborted tries again", lambda: _ends(tf, tf.errors.AbortedError)
    yield "unavailable tries again", lambda: _ends(tf, tf.errors.UnavailableError)
    yield "run after close", lambda: _after(tf)
    yield "nested", lambda: _nested(tf)
    yield (
        "graph of it",
        lambda: fresh(tf, lambda step, loss, train: t.MonitoredSession().graph is loss.graph),
    )
    yield "step fn", lambda: _step_fn(tf)
    yield "metadata", lambda: _metadata(tf)
    yield "default session", lambda: _default(tf)
    yield "local variables", lambda: _local(tf)


def _scaffold(tf):
    made, seen = tf.train.Scaffold(), []
    for part in ("init_op", "saver", "ready_op", "summary_op"):
        seen += [getattr(made, part)]
    made.finalize()
    again = made.finalize() is made
    d = tf.train.Scaffold.get_or_default("k", "mine", lambda: tf.no_op().name)
    return (
        seen,
        again,
        d,
        tf.train.Scaffold.get_or_default("k", "mine", lambda: 3),
        type(tf.train.Scaffold(saver=tf.train.Saver()).finalize().saver).__name__,
    )


def _creator(tf, **kwargs):
    with tf.Graph().as_default():
        step, _, _ = model(tf)
        creator = tf.train.ChiefSessionCreator(**kwargs)
        with tf.train.MonitoredSession(creator) as sess:
            return int(sess.run(step))


def _without_step(tf):
    with tf.Graph().as_default():
        tf.Variable(1.0)
        with tf.train.MonitoredTrainingSession(checkpoint_dir="nostep") as sess:
            return sess.run(tf.constant(1))


def _frozen(tf):
    with tf.Graph().as_default():
        model(tf)
        with tf.train.MonitoredTrainingSession():
            return tf.constant(1)


def _ends(tf, error):
    with tf.Graph().as_default():
        _step, _, train = model(tf)
        made, count = [], []

        class Hook(tf.train.SessionRunHook):
            def after_create_session(self, session, coord):
                made.append(1)

            def end(self, session):
                made.append("end")

            def after_run(self, run_context, run_values):
                count.append(1)
                if len(count) == 2:
                    raise (
                        error(None, None, "mine")
                        if issubclass(error, tf.errors.OpError)
                        else error("mine")
                    )

        with tf.train.MonitoredSession(hooks=[Hook()]) as sess:
            for _ in range(4):
                if sess.should_stop():
                    break
                sess.run(train)
        return made, len(count), sess.should_stop()


def _after(tf):
    with tf.Graph().as_default():
        _, loss, _ = model(tf)
        sess = tf.train.MonitoredSession()
        sess.close()
        return sess.should_stop(), sess.run(loss)


def _nested(tf):
    with tf.Graph().as_default():
        _, loss, _ = model(tf)
        with tf.train.MonitoredSession() as sess:
            return (
                float(sess.run(loss)),
                sess.run([]),
                sorted(sess.run({"a": [loss]})),
                float(sess.run(loss, {loss: 3})),
            )


def _step_fn(tf):
    with tf.Graph().as_default():
        _, _loss, _ = model(tf)
        found = []
        with tf.train.MonitoredSession() as sess:
            for f in (
                3,
                lambda: 1,
                lambda step_context: 7,
                lambda self, step_context: 8,
                lambda a, b: 1,
                lambda step_context, *a: 9,
            ):
                try:
                    found.append(sess.run_step_fn(f))
                except Exception as e:
                    found.append(type(e).__name__)
        return found


def _metadata(tf):
    with tf.Graph().as_default():
        _, loss, _ = model(tf)
        metadata = tf.RunMetadata()
        with tf.train.MonitoredSession() as sess:
            sess.run(loss, options=tf.RunOptions(trace_level=3), run_metadata=metadata)
        return len(metadata.step_stats.dev_stats) > 0


def _default(tf):
    with tf.Graph().as_default():
        _, loss, _ = model(tf)
        with tf.train.MonitoredSession():
            first = tf.get_default_session() is not None
        with tf.train.SingularMonitoredSession() as sess:
            return (
                first,
                tf.get_default_session() is not None,
                float(loss.eval(session=sess.raw_session())),
            )


def _local(tf):
    with tf.Graph().as_default():
        tf.get_variable("l", [], collections=[tf.GraphKeys.LOCAL_VARIABLES])
        table = tf.contrib.lookup.index_table_from_tensor(["a", "b"])
        found = table.lookup(tf.constant(["b"]))
        with tf.train.MonitoredSession() as sess:
            return sess.run(found).tolist()


SCENARIOS = {f.__name__: f for f in (hooks, monitored)}
