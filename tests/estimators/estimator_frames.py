"""Input functions of pandas data frames, where pandas is installed; under either library.

Runs on Python 3.7 under TensorFlow 1.15.5 too.
"""

import estimator_watch as watched
import numpy as np


def frames(tf, folder):
    """Features and labels of frames: batches, nodes, mistakes."""
    import pandas

    make = tf.estimator.inputs.pandas_input_fn
    index = np.arange(10, 15)
    x = pandas.DataFrame({"a": np.arange(5) * 1.5, "b": np.arange(5)}, index=index)
    y = pandas.Series(np.arange(5) * 2, index=index)
    both = pandas.DataFrame({"a": y, "c": y + 1}, index=index)

    def batches(input_fn, count):
        with tf.Graph().as_default():
            wanted = input_fn()
            found = []
            with tf.train.MonitoredSession() as sess:
                while not sess.should_stop() and len(found) < count:
                    found.append(watched.values(sess.run(wanted)))
            nodes = tf.get_default_graph().as_graph_def().node
            return [found, sorted([n.name, n.op] for n in nodes)]

    cases = {
        "features": make(x, None, 2, shuffle=False),
        "labels": make(x, y, 2, 2, False, target_column="z"),
        "frame": make(x, both, 3, None, False),
        "all": make(x, y, 2, shuffle=False, queue_capacity=None),
    }
    found = {name: batches(input_fn, 4) for name, input_fn in cases.items()}
    calls = [
        lambda: make(x, y),
        lambda: make(x, y, shuffle=False, target_column=1),
        lambda: make(x, y, shuffle=False, target_column="a").__name__,
        lambda: make(x, y[1:], shuffle=False),
    ]
    found["mistakes"] = [watched.outcome(call).split("\n")[0].split(":")[:2] for call in calls]
    return found


SCENARIOS = {"frames": frames}
