"""What a call comes to, as text that both libraries and both versions of Python can have.

Runs on Python 3.7 under TensorFlow 1.15.5 too.
"""

import os
import re
import tempfile

MODULES = ("sessions", "loops", "threads", "events", "graphs", "savers")
_CHANGING = (
    (r" at 0x[0-9a-f]+| \(defined at [^)]*\)", ""),
    (r"np\.\w+\(([^()]*)\)", r"\1"),
    (r"(global_step/sec: )[\d.]+", r"\1N"),
    (r"tensorflow[\w.]*\.|graphflow[\w.]*\.|<locals>\.", ""),
)


def contents(path, mode="r"):
    """The whole of a file."""
    with open(path, mode) as file:
        return file.read()


def put(path, text=""):
    """Writes a file."""
    with open(path, "w") as file:
        file.write(text)


def shown(call):
    """The text of what a call returns, or the first line of the error that it raises."""
    try:
        found = repr(call())
    except Exception as e:
        found = f"!{type(e).__name__}: {e}".split("\n")[0]
    found = found.replace(os.getcwd(), "$FOLDER")
    for pattern, kept in _CHANGING:
        found = re.sub(pattern, kept, found)
    return found


def outcomes(tf, scenario):
    """[label, text] of every row of a scenario, in a folder and a graph of its own."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, tf.Graph().as_default():
        os.chdir(folder)
        try:
            return [[label, shown(call)] for label, call in scenario(tf)]
        finally:
            os.chdir(before)
