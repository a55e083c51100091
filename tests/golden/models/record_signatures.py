"""Records the arguments of every public name of `tf.keras` in TensorFlow 1.15.5.

Run from the project's root with the oracle's Python 3.7:
`.oracle/tf115/bin/python -W ignore tests/golden/models/record_signatures.py`.
"""

import inspect
import json
import pathlib
import sys
import types

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from record_parts import pack, tf  # noqa: E402 (found by the line above)
from tensorflow.python.util import tf_inspect  # noqa: E402

PLAIN = (int, float, str, bool, type(None))


def plain(default):
    """A default value that JSON can hold; "..." for others."""
    if isinstance(default, (tuple, list)):
        return [plain(x) for x in default]
    return default if isinstance(default, PLAIN) else "..."


def arguments(thing):
    spec = tf_inspect.getfullargspec(thing.__init__ if inspect.isclass(thing) else thing)
    names = [name for name in spec.args if name != "self"]
    defaults = list(spec.defaults or ())
    first = len(names) - len(defaults)
    rows = [[name] for name in names[:first]]
    rows += [[name, plain(defaults[i])] for i, name in enumerate(names[first:])]
    rows += [["*" + spec.varargs]] if spec.varargs else []
    return rows + ([["**" + spec.varkw]] if spec.varkw else [])


def walk(module, prefix, found):
    for name in sorted(dir(module)):
        thing = getattr(module, name)
        if isinstance(thing, types.ModuleType):
            if "keras" in thing.__name__ and name != "applications" and not name.startswith("_"):
                walk(thing, prefix + "." + name, found)
        elif callable(thing) and not name.startswith("_"):
            found[prefix + "." + name] = arguments(thing)


def main():
    found = {}
    walk(tf.keras, "keras", found)
    path = HERE / "signatures_1_15_5.json.gz"
    path.write_bytes(pack(json.dumps(found, separators=(",", ":"), sort_keys=True)))
    print(len(found), "names,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
