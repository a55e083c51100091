"""Summaries, their writers and what is in the files, under either library.

label -> what came out, as text. Runs on Python 3.7 under TensorFlow 1.15.5 too.
"""

import glob
import os

from shown import contents, put


def _read(tf, folder):
    found = []
    for path in sorted(glob.glob(folder + "/*tfevents*")):
        for e in tf.train.summary_iterator(path):
            tags = [v.tag for v in e.summary.value]
            found += [(e.step, e.WhichOneof("what"), tags)]
    return found


def _message(tf, op, feed=None):
    with tf.Session() as sess:
        return tf.Summary.FromString(sess.run(op, feed))


def _values(tf, op, feed=None):
    found = []
    for v in _message(tf, op, feed).value:
        kind = v.WhichOneof("value")
        shown = v.metadata.plugin_data.plugin_name, v.metadata.display_name
        shown += (v.metadata.summary_description, v.metadata.plugin_data.content)
        found.append((v.tag, v.node_name, kind, shown, _value(v, kind)))
    return found


def _value(v, kind):
    if kind == "histo":
        h = v.histo
        return h.min, h.max, h.num, h.sum, h.sum_squares, list(h.bucket_limit), list(h.bucket)
    if kind == "image":
        return v.image.height, v.image.width, v.image.colorspace, v.image.encoded_image_string[:8]
    if kind == "audio":
        a = v.audio
        return (
            a.sample_rate,
            a.num_channels,
            a.length_frames,
            a.content_type,
            len(a.encoded_audio_string),
        )
    if kind == "tensor":
        return v.tensor.dtype, list(v.tensor.string_val), len(v.tensor.tensor_content)
    return getattr(v, kind)


def kinds(tf):
    """Each kind of summary: names, arguments, values, mistakes."""
    s = tf.summary

    def fresh(make):
        with tf.Graph().as_default():
            op = make()
            return op.name, _values(tf, op)

    def failing(make, feed=None):
        with tf.Graph().as_default():
            return _message(tf, make())

    f = lambda: tf.constant([[1.0, -2.0, 0.0], [1e30, 1e-30, 3.0]])
    for label, make in (
        ("scalar", lambda: s.scalar("a", 1.5)),
        ("scalar one", lambda: s.scalar("a", [1.5])),
        ("scalar int", lambda: s.scalar("a", 3)),
        ("scalar bool", lambda: s.scalar("a", True)),
        ("scalar double", lambda: s.scalar("a", tf.constant(0.1, tf.float64))),
        ("scalar nan", lambda: s.scalar("a", float("nan"))),
        ("scalar vector", lambda: s.scalar("a", [1.0, 2.0])),
        ("scalar string", lambda: s.scalar("a", "b")),
        ("scalar none", lambda: s.scalar("a", None)),
        ("bad name", lambda: s.scalar("a b:c/d?", 1.0)),
        ("slash", lambda: s.scalar("/a", 1.0)),
        ("number name", lambda: s.scalar(3, 1.0)),
        ("no name", lambda: s.scalar("", 1.0)),
        ("None name", lambda: s.scalar(None, 1.0)),
        ("tensor name", lambda: s.scalar(f(), 1.0)),
        ("family", lambda: s.scalar("a", 1.0, family="fam")),
        ("bad family", lambda: s.scalar("a", 1.0, family="f m")),
        ("family with slash", lambda: s.scalar("a", 1.0, family="f/m")),
        ("scoped", lambda: _scoped(tf)),
        ("family in scope", lambda: _scoped(tf, family="fam")),
        ("histogram", lambda: s.histogram("h", f())),
        ("histogram int", lambda: s.histogram("h", [1, 2, 2])),
        ("histogram nan", lambda: s.histogram("h", [float("nan")])),
        ("histogram inf", lambda: s.histogram("h", [float("inf")])),
        ("histogram empty", lambda: s.histogram("h", tf.zeros([0]))),
        ("histogram 0", lambda: s.histogram("h", tf.zeros([3]))),
        ("histogram string", lambda: s.histogram("h", ["a"])),
        ("image", lambda: s.image("i", tf.ones([4, 2, 3, 1]))),
        ("image one", lambda: s.image("i", tf.ones([4, 2, 3, 3]), max_outputs=1)),
        ("image more", lambda: s.image("i", tf.ones([1, 2, 3, 3]), max_outputs=5)),
        ("image 0", lambda: s.image("i", tf.ones([1, 2, 3, 3]), max_outputs=0)),
        ("image rank", lambda: s.image("i", tf.ones([2, 3, 3]))),
        ("image channels", lambda: s.image("i", tf.ones([1, 2, 3, 2]))),
        ("image int", lambda: s.image("i", tf.ones([1, 2, 3, 1], tf.int32))),
        ("image half", lambda: s.image("i", tf.ones([1, 2, 3, 1], tf.float16))),
        ("image none", lambda: s.image("i", tf.ones([0, 2, 3, 1]))),
        ("audio", lambda: s.audio("s", tf.ones([2, 5, 2]), 44100)),
        ("audio flat", lambda: s.audio("s", tf.ones([2, 5]), 44100.0)),
        ("audio many", lambda: s.audio("s", tf.ones([4, 5]), 100, max_outputs=2)),
        ("audio rate", lambda: s.audio("s", tf.ones([1, 5]), tf.constant(50.0))),
        ("audio rank", lambda: s.audio("s", tf.ones([5]), 100)),
        ("audio rate 0", lambda: s.audio("s", tf.ones([1, 5]), 0)),
        ("text", lambda: s.text("t", tf.constant("abc"))),
        ("text list", lambda: s.text("t", tf.constant([["a", "b"], ["c", "d"]]))),
        ("text plain", lambda: s.text("t", "abc")),
        ("text number", lambda: s.text("t", tf.constant(1))),
        ("tensor", lambda: s.tensor_summary("t", tf.constant([1.0, 2.0]))),
        ("tensor string", lambda: s.tensor_summary("t", tf.constant(["a"]), "what", ["T"])),
        (
            "tensor named",
            lambda: s.tensor_summary("t", tf.constant(1), display_name="D", family="F"),
        ),
        (
            "tensor metadata",
            lambda: s.tensor_summary("t", tf.constant(1), summary_metadata=_meta(tf)),
        ),
        ("merge", lambda: s.merge([s.scalar("a", 1.0), s.scalar("b", 2.0)])),
        ("merge named", lambda: s.merge([s.scalar("a", 1.0)], name="m")),
        ("merge one", lambda: s.merge(s.scalar("a", 1.0))),
        ("merge none", lambda: s.merge([])),
        ("merge twice", lambda: s.merge([s.scalar("a", 1.0), s.scalar("a", 2.0)])),
        ("merge same tag", lambda: _same(tf)),
        ("merge None", lambda: s.merge([None])),
        ("merge number", lambda: s.merge([1.0])),
        ("merge text", lambda: s.merge([tf.constant("no summary")])),
        ("merge generator", lambda: s.merge(x for x in [s.scalar("a", 1.0)])),
        ("merge collection", lambda: s.merge([s.scalar("a", 1.0)], collections=["k"])),
    ):
        yield label, lambda make=make: fresh(make)
    yield "merge_all none", lambda: _in_new(tf, lambda: s.merge_all())
    yield "merge_all key", lambda: _in_new(tf, lambda: s.merge_all("nope"))
    yield "merge_all", lambda: _all(tf)
    yield "collections", lambda: _collected(tf)
    yield "collections not a list", lambda: _in_new(tf, lambda: s.scalar("a", 1.0, collections=3))
    yield (
        "no collections",
        lambda: _in_new(
            tf,
            lambda: (
                s.scalar("a", 1.0, collections=[]) is not None and tf.get_collection("summaries")
            ),
        ),
    )
    yield "names", lambda: _in_new(tf, lambda: [s.scalar("a", 1.0).name for _ in range(3)])
    yield "unfed", lambda: failing(lambda: s.scalar("a", tf.placeholder(tf.float32, [])))
    yield (
        "description",
        lambda: s.get_summary_description(
            s.tensor_summary("d", tf.constant(1), "what").op.node_def
        ),
    )
    yield "description of scalar", lambda: s.get_summary_description(s.scalar("d", 1.0).op.node_def)
    yield "members", lambda: _public(s)
    yield "v2", lambda: _in_new(tf, lambda: s.all_v2_summary_ops())
    yield "initialize", lambda: _in_new(tf, lambda: s.initialize())


def _meta(tf):
    return tf.SummaryMetadata(plugin_data=tf.SummaryMetadata.PluginData(plugin_name="p"))


def _in_new(tf, call):
    with tf.Graph().as_default():
        return call()


def _scoped(tf, **kwargs):
    with tf.name_scope("outer"):
        return tf.summary.scalar("a", 1.0, **kwargs)


def _same(tf):
    first = tf.summary.scalar("a", 1.0)
    return tf.summary.merge([first, first])


def _all(tf):
    with tf.Graph().as_default():
        tf.summary.scalar("a", 1.0)
        with tf.name_scope("in"):
            tf.summary.scalar("b", 1.0)
        everything = tf.summary.merge_all()
        some = tf.summary.merge_all(scope="in/")
        nothing = tf.summary.merge_all(scope="zzz")
        return everything.name, _values(tf, everything), _values(tf, some), nothing


def _collected(tf):
    with tf.Graph().as_default():
        tf.summary.scalar("a", 1.0, collections=["k", "l"])
        tf.summary.histogram("b", [1.0], collections=("k",))
        return (
            [t.name for t in tf.get_collection("k")],
            len(tf.get_collection("l")),
            tf.get_collection("summaries"),
        )


def writers(tf):
    """FileWriter and FileWriterCache."""
    w = tf.summary.FileWriter
    tf.constant(1.0, name="c")
    summary = tf.Summary(value=[tf.Summary.Value(tag="mine", simple_value=2.0)])

    def written(folder, use, *args, **kwargs):
        writer = w(folder, *args, **kwargs)
        use(writer)
        writer.close()
        return _read(tf, folder)

    yield "graph", lambda: written("b", lambda x: None, tf.get_default_graph())
    yield "graph_def", lambda: written("c", lambda x: None, graph_def=tf.GraphDef())
    yield "graph wrong", lambda: w("d", 3)
    yield "graph of definition", lambda: written("d2", lambda x: None, tf.GraphDef())
    yield "summary", lambda: written("e", lambda x: x.add_summary(summary, 3))
    yield (
        "summary bytes",
        lambda: written("f", lambda x: x.add_summary(summary.SerializeToString(), 3)),
    )
    yield "summary without step", lambda: written("g", lambda x: x.add_summary(summary))
    yield "summary wrong", lambda: written("h", lambda x: x.add_summary(3, 3))
    yield "summary step float", lambda: written("i", lambda x: x.add_summary(summary, 3.7))
    yield "step array", lambda: written("i2", lambda x: x.add_summary(summary, _array(4)))
    yield "event", lambda: written("j", lambda x: x.add_event(tf.Event(step=7, summary=summary)))
    yield (
        "log",
        lambda: written(
            "l", lambda x: x.add_session_log(tf.SessionLog(status=tf.SessionLog.STOP), 4)
        ),
    )
    yield "metadata", lambda: written("m", lambda x: x.add_run_metadata(tf.RunMetadata(), "tag", 1))
    yield (
        "metadata twice",
        lambda: written(
            "n", lambda x: [x.add_run_metadata(tf.RunMetadata(), "tag", 1) for _ in range(2)]
        ),
    )
    yield "metadata wrong", lambda: written("o", lambda x: x.add_run_metadata(3, "tag"))
    yield (
        "metadata tag wrong",
        lambda: written("p", lambda x: x.add_run_metadata(tf.RunMetadata(), 3)),
    )
    yield "add_graph", lambda: written("q", lambda x: x.add_graph(tf.get_default_graph(), 3))
    yield "add_graph wrong", lambda: written("r", lambda x: x.add_graph(3))
    yield "add_graph nothing", lambda: written("s", lambda x: x.add_graph(None))
    yield "meta graph", lambda: written("t", lambda x: x.add_meta_graph(tf.MetaGraphDef(), 1))
    yield "meta graph wrong", lambda: written("u", lambda x: x.add_meta_graph(3))
    yield "metadata of values", lambda: _repeated(tf, w)
    yield "suffix", lambda: _suffix(tf, w)
    yield "folder", lambda: w("new/er").get_logdir()
    yield "folder slash", lambda: w("v/").get_logdir()
    yield "context", lambda: _context(tf, w)
    yield "closed", lambda: _closed(tf, w, summary)
    yield "flush", lambda: _flushed(tf, w, summary)
    yield "members", lambda: [n for n in dir(w) if n[0] != "_"]
    c = tf.summary.FileWriterCache
    yield "cache", lambda: c.get("cached") is c.get("cached")
    yield "cache cleared", lambda: (c.clear(), type(c.get("cached")).__name__)
    yield "cache members", lambda: [n for n in dir(c) if n[0] != "_"]
    yield "iterator missing", lambda: list(tf.train.summary_iterator("nope"))
    yield (
        "iterator of text",
        lambda: (
            put("text", "hello there, this is text"),
            list(tf.train.summary_iterator("text")),
        ),
    )
    yield (
        "iterator of nothing",
        lambda: (put("none"), list(tf.train.summary_iterator("none"))),
    )
    yield "session", lambda: _session_writer(tf, w)
    yield "max_queue", lambda: written("mq", lambda x: x.add_summary(summary, 1), max_queue=0)
    yield "flush_secs", lambda: written("fs", lambda x: x.add_summary(summary, 1), flush_secs=0)


def _array(n):
    import numpy as np

    return np.int64(n)


def _repeated(tf, w):
    meta = tf.SummaryMetadata(display_name="shown")
    writer = w("rep")
    for step in range(3):
        writer.add_summary(
            tf.Summary(value=[tf.Summary.Value(tag="a", simple_value=step, metadata=meta)]), step
        )
    writer.close()
    return [
        [v.metadata.display_name for v in e.summary.value]
        for path in glob.glob("rep/*")
        for e in tf.train.summary_iterator(path)
    ]


def _suffix(tf, w):
    writer = w("x", filename_suffix=".mine")
    writer.close()
    [name] = os.listdir("x")
    return name.startswith("events.out.tfevents."), name.endswith(".mine")


def _context(tf, w):
    with w("y") as writer:
        writer.add_summary(tf.Summary(), 1)
    return _read(tf, "y")


def _closed(tf, w, summary):
    writer = w("z")
    writer.close()
    writer.add_summary(summary, 1)
    writer.flush()
    return [e for e in _read(tf, "z") if e[1] == "summary"]


def _flushed(tf, w, summary):
    writer = w("fl")
    writer.add_summary(summary, 1)
    writer.flush()
    found = _read(tf, "fl")
    writer.close()
    return found


def _session_writer(tf, w):
    with tf.Graph().as_default(), tf.Session() as sess:
        writer = w("sess", session=sess)
        op = tf.summary.scalar("a", 1.0)
        writer.add_summary(sess.run(op), 5)
        writer.close()
    return _read(tf, "sess")


def projector(tf):
    """tf.contrib.tensorboard.plugins.projector."""
    p = tf.contrib.tensorboard.plugins.projector
    yield (
        "names",
        lambda: [
            n
            for n in (
                "EmbeddingInfo",
                "EmbeddingMetadata",
                "ProjectorConfig",
                "SpriteMetadata",
                "visualize_embeddings",
            )
            if hasattr(p, n)
        ],
    )
    config = p.ProjectorConfig()
    e = config.embeddings.add()
    e.tensor_name = "emb:0"
    e.metadata_path = "labels.tsv"
    e.sprite.image_path = "sprite.png"
    e.sprite.single_image_dim.extend([28, 28])
    yield "text", lambda: str(config)
    yield (
        "full name",
        lambda: [
            x.DESCRIPTOR.full_name for x in (p.ProjectorConfig, p.EmbeddingInfo, p.SpriteMetadata)
        ],
    )
    yield (
        "fields",
        lambda: [
            (f.name, f.number)
            for x in (p.ProjectorConfig, p.EmbeddingInfo, p.SpriteMetadata)
            for f in x.DESCRIPTOR.fields
        ],
    )
    yield "written", lambda: _visualized(tf, p, config)
    yield "folder none", lambda: p.visualize_embeddings(_Writer(None), config)
    yield "no writer", lambda: p.visualize_embeddings(3, config)
    yield "no config", lambda: p.visualize_embeddings(tf.summary.FileWriter("w2"), 3)
    yield "file", lambda: _from_file(p)
    yield "bytes", lambda: p.ProjectorConfig.FromString(config.SerializeToString()) == config
    yield "metadata", lambda: str(p.EmbeddingMetadata(column_names=["a"]))


class _Writer:
    def __init__(self, folder):
        self.folder = folder

    def get_logdir(self):
        return self.folder


def _visualized(tf, p, config):
    p.visualize_embeddings(tf.summary.FileWriter("w"), config)
    return contents("w/projector_config.pbtxt")


def _from_file(p):
    config = p.ProjectorConfig(model_checkpoint_path="m", model_checkpoint_dir="d")
    os.makedirs("plain")
    p.visualize_embeddings(_Writer("plain"), config)
    return contents("plain/projector_config.pbtxt")


def messages(tf):
    """tf.logging, tf.gfile, tf.app, tf.flags: what is there."""
    for name in ("logging", "gfile", "app", "flags", "python_io", "graph_util", "resource_loader"):
        module = getattr(tf, name)
        yield name, lambda m=module: _public(m)
    yield "flush", lambda: tf.logging.flush()
    yield "level", lambda: (tf.logging.set_verbosity(tf.logging.WARN), tf.logging.get_verbosity())


def _public(module):
    known = (
        "Any",
        "TYPE_CHECKING",
        "absolute_import",
        "division",
        "print_function",
        "tf_decorator",
    )
    found = {n for n in dir(module) if n[0] != "_" and n not in known}
    return sorted(n for n in found if n.islower() or n[0].isupper())


SCENARIOS = {f.__name__: f for f in (kinds, writers, projector, messages)}
