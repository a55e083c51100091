"""What programs do with files and records, under either library: label -> what came out, as text.

Runs on Python 3.7 under TensorFlow 1.15.5 too: `tests/golden/platform/record.py`.
"""

import hashlib
import os


def shown(call):
    """The text of what a call returns, or of the error it raises."""
    try:
        found = call()
    except Exception as e:
        return f"{type(e).__name__}: {e}"
    return repr(found)


def put(tf, name, mode, *pieces):
    with tf.gfile.GFile(name, mode) as file:
        for piece in pieces:
            file.write(piece)


def both(*calls):
    return [call() for call in calls]


def _update(tf, name, mode, *steps):
    """The results of methods called one after the other on one file, and what it then holds."""
    file = tf.gfile.GFile(name, mode)
    found = [shown(lambda step=step: getattr(file, step[0])(*step[1:])) for step in steps]
    file.close()
    if not os.path.isfile(name):
        return found
    with open(name, "rb") as plain:
        return [*found, plain.read()]


def files(tf):
    """GFile: modes, positions, lines, mistakes."""
    g = tf.gfile
    yield "write", lambda: put(tf, "a.txt", "w", "one\ntwo\n", "th\xe9ee")
    yield "read", lambda: g.GFile("a.txt").read()
    yield "read bytes", lambda: g.GFile("a.txt", "rb").read()
    for n in (3, 0, 1000, -1):
        yield f"read {n}", lambda n=n: g.GFile("a.txt").read(n)
    yield "readlines", lambda: g.GFile("a.txt").readlines()
    yield "iterate", lambda: list(g.GFile("a.txt"))
    yield "next", lambda: next(g.GFile("a.txt"))
    yield "next method", lambda: g.GFile("a.txt").next()
    yield "write bytes", lambda: put(tf, "b.bin", "wb", b"\x00\xff\n")
    yield "read them", lambda: g.GFile("b.bin", "rb").read()
    yield "bytes as text", lambda: g.GFile("b.bin", "r").read()
    yield (
        "half a letter",
        lambda: both(lambda: put(tf, "u", "w", "\xe9"), lambda: g.GFile("u").read(1)),
    )
    yield "write int", lambda: put(tf, "c", "w", 3)
    yield "write bytes as text", lambda: put(tf, "c", "w", b"abc")
    yield "write text as bytes", lambda: put(tf, "c", "wb", "abc")
    yield "append", lambda: put(tf, "c", "a", "+more")
    yield "appended", lambda: g.GFile("c").read()
    for mode in ("x", "rw", "rt", "", "wa"):
        yield f"mode {mode!r}", lambda mode=mode: g.GFile("c", mode)
    yield "read from w", lambda: g.GFile("c2", "w").read()
    yield "seek in w", lambda: g.GFile("c2", "w").seek(0)
    yield "lines of w", lambda: list(g.GFile("c2", "w"))
    yield "write to r", lambda: g.GFile("c", "r").write("x")
    yield "missing", lambda: g.GFile("nope").read()
    yield "missing, size", lambda: g.GFile("nope").size()
    yield "no directory", lambda: put(tf, "no/x", "w", "a")
    yield "no directory, nothing written", lambda: put(tf, "no/x", "w")
    yield "read directory", lambda: both(lambda: os.mkdir("dd"), lambda: g.GFile("dd").read())
    yield "write directory", lambda: put(tf, "dd", "w", "a")
    yield (
        "r+",
        lambda: _update(
            tf, "c", "r+", ("read",), ("write", "ZZ"), ("flush",), ("tell",), ("size",)
        ),
    )
    yield "w+", lambda: _update(
        tf, "w", "w+", ("write", "hi\nyou"), ("flush",), ("read",), ("seek", 0), ("readline",),
        ("tell",),
    )  # fmt: skip
    yield "a+", lambda: _update(tf, "w", "a+", ("write", "!!"), ("flush",), ("read",))
    yield "w+ that reads first", lambda: _update(tf, "w", "w+", ("read",), ("write", "x"))
    yield (
        "tell of w",
        lambda: _update(
            tf, "t", "w", ("tell",), ("write", "abc"), ("tell",), ("flush",), ("size",)
        ),
    )
    yield "tell of a", lambda: _update(tf, "t", "a", ("tell",), ("write", "abc"), ("tell",))
    yield "seeks", lambda: _update(
        tf, "a.txt", "rb", ("seek", 4), ("tell",), ("seek", -2, 1), ("tell",), ("seek", -3, 2),
        ("tell",), ("seek", 14), ("tell",), ("seek", 15), ("tell",), ("seek", -20, 2), ("tell",),
        ("seek", 3), ("read", 100), ("tell",), ("read",), ("readline",), ("tell",), ("seek",),
        ("seek", 1, 0, 2), ("seek", None, 0, 2), ("tell",), ("seek", 1, 5),
    )  # fmt: skip
    yield (
        "closed and read again",
        lambda: _update(
            tf, "a.txt", "r", ("read", 2), ("close",), ("read", 3), ("close",), ("close",)
        ),
    )
    yield (
        "closed and written again",
        lambda: _update(tf, "cw", "w", ("write", "a"), ("close",), ("write", "b")),
    )
    yield "nothing written, no file", lambda: _update(tf, "never", "w", ("flush",))
    yield "lines lose their carriage returns", lambda: both(
        lambda: put(tf, "crlf", "wb", b"a\r\nb\rc\n\n\nend"),
        lambda: g.GFile("crlf").readlines(), lambda: list(g.GFile("crlf", "rb")),
        lambda: g.GFile("crlf").read(),
    )  # fmt: skip
    yield "attributes", lambda: (
        g.GFile("a.txt").name, g.GFile("a.txt", "rb").mode, g.GFile("a.txt").seekable()
    )  # fmt: skip
    yield "classes", lambda: (
        g.Open is g.GFile, g.FastGFile is g.GFile, tf.io.gfile.GFile is g.GFile,
        g.FastGFile("a.txt").read(),
    )  # fmt: skip
    yield "name None", lambda: g.GFile(None).read()
    yield "unknown scheme", lambda: g.GFile("xx://bucket/x").read()
    yield "unknown scheme, exists", lambda: g.Exists("xx://bucket/x")


def directories(tf):
    """Functions of files and directories."""
    g, new = tf.gfile, tf.io.gfile
    put(tf, "a.txt", "w", "text")
    put(tf, "b.bin", "wb", b"\0")
    os.mkdir("dd")
    for name in ("a.txt", "dd", "nope", "", "a.txt/x", b"a.txt", "dd/"):
        yield (
            f"exists {name!r}",
            lambda name=name: both(lambda: g.Exists(name), lambda: new.exists(name)),
        )
        yield (
            f"is directory {name!r}",
            lambda name=name: both(lambda: g.IsDirectory(name), lambda: new.isdir(name)),
        )
    yield "exists None", lambda: g.Exists(None)
    for name in ("m1", "m1", "x/y", "a.txt", ""):
        yield (
            f"mkdir {name!r}",
            lambda name=name: both(lambda: g.MkDir(name), lambda: new.mkdir(name)),
        )
    for name in ("p/q/r", "p/q/r", "a.txt", "a.txt/z", "", "p2/q/"):
        yield (
            f"makedirs {name!r}",
            lambda name=name: both(
                lambda: g.MakeDirs(name), lambda: new.makedirs(name), lambda: os.path.isdir(name)
            ),
        )
    for name in ("b1.txt", "b2.txt", ".hid", "q/b3.txt", "q/r/b4.txt", "[x].txt"):
        put(tf, "p/" + name, "w", name)
    for pattern in (
        "p/*", "p/*.txt", "p/b?.txt", "p/*/*", "p/**/*.txt", "p/b[12].txt", "p/b[!1].txt",
        "p/b[^1].txt", "p/{b1,b2}.txt", "nope*", "p/[[]x].txt", "p/\\[x].txt", "./p/*.txt",
        "p/b1.txt", "p/", "*", "", "p//*", "nodir/*", "p/*/", "p/q/../*.txt", "*.txt", "p/b[0-1]*",
        "p/b[[:digit:]].txt", "p*b1.txt", "p/[",
    ):  # fmt: skip
        yield (
            f"glob {pattern}",
            lambda pattern=pattern: both(
                lambda: sorted(g.Glob(pattern)), lambda: sorted(new.glob(pattern))
            ),
        )
    yield "glob of several", lambda: g.Glob(["p/b1*", "p/b2*"])
    yield "glob of bytes", lambda: g.Glob(b"p/b1*")
    for name in ("p", "nope", "a.txt"):
        yield (
            f"list {name!r}",
            lambda name=name: both(
                lambda: sorted(g.ListDirectory(name)), lambda: sorted(new.listdir(name))
            ),
        )
        yield (
            f"walk {name!r}",
            lambda name=name: sorted((a, sorted(b), sorted(c)) for a, b, c in g.Walk(name)),
        )
    yield "walk, inner first", lambda: [a for a, _, _ in g.Walk("p/q", in_order=False)]
    yield "walk, new name", lambda: [a for a, _, _ in new.walk("p/q", topdown=False)]
    yield (
        "stat",
        lambda: [
            (found.length, found.is_directory, found.mtime_nsec > 10**18)
            for found in (g.Stat("a.txt"), new.stat("b.bin"))
        ],
    )
    yield "stat of a directory", lambda: g.Stat("p").is_directory
    yield "stat of nothing", lambda: g.Stat("nope")
    for name in ("nope", "m1", "b.bin", "b.bin"):
        yield f"remove {name!r}", lambda name=name: g.Remove(name)
    for source, target, over in (
        ("a.txt", "a2", False), ("a.txt", "a2", False), ("a.txt", "a2", True), ("nope", "x", True),
        ("nope", "x", False), ("p", "pcopy", False), ("a.txt", "p", False), ("a.txt", "p", True),
        ("a.txt", "nn/p", False),
    ):  # fmt: skip
        yield (
            f"copy {source} to {target} {over}",
            lambda s=source, t=target, o=over: both(
                lambda: g.Copy(s, t, overwrite=o), lambda: g.GFile(t).read()
            ),
        )
    for source, target, over in (
        ("a2", "a3", False), ("a.txt", "a3", False), ("a.txt", "a3", True), ("nope", "y", False),
        ("p", "pp", False), ("p2", "pp", True), ("a3", "pp", True), ("a3", "nn/y", False),
    ):  # fmt: skip
        yield (
            f"rename {source} to {target} {over}",
            lambda s=source, t=target, o=over: both(
                lambda: g.Rename(s, t, o), lambda: (g.Exists(s), g.Exists(t))
            ),
        )
    for name in ("nope", "a3", "pp"):
        yield (
            f"delete tree {name!r}",
            lambda name=name: both(lambda: g.DeleteRecursively(name), lambda: g.Exists(name)),
        )
    yield "link to nothing", lambda: both(
        lambda: os.symlink("nowhere", "broken"), lambda: g.Exists("broken"),
        lambda: g.IsDirectory("broken"), lambda: g.Glob("brok*"),
    )  # fmt: skip
    here = "file://" + os.getcwd() + "/"
    yield "file scheme", lambda: both(
        lambda: g.Exists(here + "a3"), lambda: g.GFile(here + "a3").read(),
        lambda: [n.replace(here, "") for n in g.Glob(here + "a*")],
    )  # fmt: skip
    yield "message and code", lambda: _error(g)


def _error(g):
    try:
        g.GFile("nope").read()
    except Exception as e:
        return e.message, e.error_code, e.op, e.node_def


def records(tf):
    """Files of records, with every option that zlib takes."""
    options, kinds = tf.python_io.TFRecordOptions, tf.python_io.TFRecordCompressionType
    read = tf.python_io.tf_record_iterator

    def written(option, pieces=(b"a", b"bb" * 300, b"")):
        with tf.python_io.TFRecordWriter("r", option) as writer:
            for piece in pieces:
                writer.write(piece)
        with open("r", "rb") as file:
            return hashlib.md5(file.read()).hexdigest()

    for label, option in (
        ("None", None), ("empty", ""), ("GZIP", "GZIP"), ("ZLIB", "ZLIB"), ("2", kinds.GZIP),
        ("1", kinds.ZLIB), ("0", kinds.NONE), ("options", options(kinds.GZIP)),
        ("level 0", options("ZLIB", compression_level=0)),
        ("window 9", options("ZLIB", window_bits=9)),
        ("window -15", options("ZLIB", window_bits=-15)),
        ("window 15", options("GZIP", window_bits=15)),
        ("all", options("GZIP", compression_level=9, mem_level=1, compression_strategy=2)),
        ("method", options("ZLIB", compression_method=8)),
        ("buffers", options("ZLIB", input_buffer_size=64, output_buffer_size=64)),
        ("nothing to compress", options("", window_bits=31)),
    ):  # fmt: skip
        yield f"write {label}", lambda option=option: written(option)
        yield f"read {label}", lambda option=option: [len(x) for x in read("r", option)]
    for bad in ("gzip", "BZ2", 7, object, [1]):
        yield f"compression {bad!r}", lambda bad=bad: tf.python_io.TFRecordWriter("r2", bad)
    for piece in ("text", 3, None, bytearray(b"x")):
        yield f"write {piece!r}", lambda piece=piece: written(None, [piece])
    yield "no directory", lambda: tf.python_io.TFRecordWriter("no/x")
    yield "directory", lambda: tf.python_io.TFRecordWriter("/")
    yield "missing", lambda: list(read("nope"))
    yield "path None", lambda: list(read(None))
    for method in ("close", "flush"):
        yield f"closed, {method}", lambda method=method: _after_close(tf, method)
    yield "closed, write", lambda: _after_close(tf, "write", b"x")
    yield "gzip read as plain", lambda: both(lambda: written("GZIP"), lambda: list(read("r")))
    yield (
        "nothing in it",
        lambda: both(
            lambda: written(None, ()), lambda: list(read("r")), lambda: os.path.getsize("r")
        ),
    )
    yield (
        "type strings",
        lambda: [
            options.get_compression_type_string(x) for x in (None, "", "ZLIB", 0, 1, 2, options(1))
        ],
    )
    yield "namespaces", lambda: (
        tf.io.TFRecordWriter is tf.python_io.TFRecordWriter,
        tf.io.tf_record_iterator is read, tf.io.TFRecordOptions is options,
    )  # fmt: skip


def _after_close(tf, method, *args):
    writer = tf.python_io.TFRecordWriter("r")
    writer.close()
    return getattr(writer, method)(*args)


SCENARIOS = {"files": files, "directories": directories, "records": records}


def outcomes(tf, name):
    """What one set of scenarios gives in the current directory: [label, text] in order."""
    return [[label, shown(call)] for label, call in SCENARIOS[name](tf)]
