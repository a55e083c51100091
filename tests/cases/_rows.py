"""How a row of test data is written: `case(...)`, `error(...)` and makers of inputs.

A row file, `tests/cases/<family>.py`, is a list of calls:

    from _rows import b, case, d, error, f, i, s, t, tf, unary_rows

    case("Softplus", tf.nn.softplus, f([-700, -30, -1, -0.0, 1, 30, 700]))
    case("MatMul", tf.matmul, f(3, 2), f(3, 4), transpose_a=True)
    case("ConcatV2", tf.concat, [f(2, 3), f(2, 1)], 1)
    case("Cumsum", tf.cumsum, t(4, 2), dtypes="f d h i c", axis=0, reverse=True)
    case("TopKV2", lambda x: tf.nn.top_k(x, 2).values, f(3, 5))
    error("MatMul", tf.matmul, f(2, 3), f(4, 5), says="Dimensions must be equal, but are 3 and 4")
    error("Gather", tf.gather, f(3), i([7]), at="run", says="is not in [0, 3)")

The function gets a placeholder for every input made here (also inside lists, tuples and dicts of
its arguments) and everything else as it is. It returns a tensor, an operation, or a list, tuple or
dict of them; sparse tensors and indexed slices count as their parts. Variables that it makes are
initialized before the run. Nothing is computed when a row file is imported, so that the same file
serves Python 3.7 with TensorFlow 1.15.5 (`tests/golden/record_ops.py`) and graphflow; the
environment variable GRAPHFLOW_ROWS_TF names the module that `tf` is.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pathlib
import sys

import numpy as np

# --- the library under test ---


class _Missing:
    """A public name that the library does not have: only the rows that call it fail."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        if name.startswith("_") or name in ("dtype", "name"):
            raise AttributeError(name)
        return _Missing(self._name + "." + name)

    def __call__(self, *args, **kwargs):
        raise AttributeError("there is no tf." + self._name)

    def __str__(self):
        return self._name.rpartition(".")[2]


class _Names:
    """The public names of a module; one that is missing is no error until it is called."""

    def __init__(self, module, prefix=""):
        self._module = module
        self._prefix = prefix

    def __getattr__(self, name):
        found = getattr(self._module, name, self)
        if found is self:
            return _Missing(self._prefix + name)
        return _Names(found, self._prefix + name + ".") if _is_module(found) else found


def _is_module(thing):
    return isinstance(thing, type(sys)) or type(thing).__name__ in (
        "_LazyLoader", "LazyLoader", "TFModuleWrapper", "DeprecationWrapper",
    )  # fmt: skip


tf = _Names(importlib.import_module(os.environ.get("GRAPHFLOW_ROWS_TF", "graphflow")))

# --- inputs ---

_NUMPY = {
    "f": "float32", "d": "float64", "h": "float16", "bf": "bfloat16",
    "i": "int32", "l": "int64", "i8": "int8", "i16": "int16", "u8": "uint8", "u16": "uint16",
    "u32": "uint32", "u64": "uint64", "b": "bool", "c": "complex64", "z": "complex128",
    "s": "object",
}  # fmt: skip
FLOAT_CODES = ("f", "d", "h", "bf")
COMPLEX_CODES = ("c", "z")


def numpy_dtype(code):
    """The NumPy dtype of a code such as "f"."""
    if code == "bf" and sys.version_info >= (3, 9):
        return np.dtype(importlib.import_module("ml_dtypes").bfloat16)
    if code == "bf":
        return np.dtype(tf.bfloat16.as_numpy_dtype)
    return np.dtype(_NUMPY[code])


def _random(code, shape, draw, low, high):
    if code == "b":
        return draw.uniform(0, 1, shape) < 0.5
    if code == "s":
        words = [
            "".join(map(chr, draw.randint(97, 123, n))) for n in draw.randint(0, 6, shape).flat
        ]
        return np.array([w.encode() for w in words] or [], object).reshape(shape)
    if code in COMPLEX_CODES:
        return draw.uniform(low, high, shape) + 1j * draw.uniform(low, high, shape)
    return draw.uniform(low, high, shape)


class Input:
    """One input of a row: literal values, or deterministic random numbers of a shape."""

    def __init__(
        self, code, shape=None, literal=None, low=None, high=None, positive=False, distinct=False,
        seed=0,
    ):  # fmt: skip
        self.code = code
        self.shape = shape
        self.literal = literal
        self.low = low
        self.high = high
        self.positive = positive
        self.distinct = distinct
        self.seed = seed

    def of(self, **changes):
        """The same input with another dtype (`code`) or `seed`."""
        return Input(**dict(self.__dict__, **changes))

    @property
    def value(self):
        """The array; write `f(2, 3).value` to give a function the array, not a placeholder."""
        dtype = numpy_dtype(self.code)
        if self.shape is None:
            return _literal(self.literal, self.code, dtype)
        draw = np.random.RandomState(1 + self.seed)
        whole = self.code not in FLOAT_CODES + COMPLEX_CODES
        if self.distinct:
            step, low = (1, self.low or 0) if whole else (0.25, self.low or 0.0)
            size = int(np.prod(self.shape, dtype=int))
            return (low + step * draw.permutation(size)).reshape(self.shape).astype(dtype)
        made = np.asarray(_random(self.code, self.shape, draw, *self._bounds(whole)))
        return (np.floor(made) if whole and self.code not in "bs" else made).astype(dtype)

    def _bounds(self, whole):
        low, high = (-9, 10) if whole else (-2.0, 2.0)
        if self.positive:
            low = 1 if whole else 0.1
        elif self.code.startswith("u"):
            low = 0
        return low if self.low is None else self.low, high if self.high is None else self.high

    def __str__(self):
        shape = np.shape(self.literal) if self.shape is None else self.shape
        return self.code + ("=" if self.shape is None else "") + "x".join(map(str, shape))


def _literal(values, code, dtype):
    if code == "s":
        flat = np.array(values, object)
        encoded = [v.encode() if isinstance(v, str) else v for v in flat.flat]
        return np.array([*encoded, None], object)[:-1].reshape(flat.shape)
    found = np.array(values, np.float64) if code in FLOAT_CODES else np.array(values)
    return found.astype(dtype)


class _Maker:
    """`f(2, 3)`: random of that shape; `f([1, 2])`, `f(0.5)`, `i(value=3)`: these values."""

    def __init__(self, code):
        self.code = code

    def __call__(self, *what, **options):
        """Makes an input.

        Args:
            *what: the sizes of a random array (none: a scalar), or one nested list of values; a
                float, bool or string is a scalar.
            **options: value: these values, whatever they are (`i(value=3)` is a scalar);
                low, high: bounds of random numbers (high excluded; by default -2 and 2, for
                integers -9 and 10, for unsigned ones 0 and 10); positive=True: from 0.1 (1) on;
                distinct=True: no two equal (0, 0.25, 0.5, ... or 0, 1, 2, ... shuffled, from
                `low` on); seed: other random numbers (added to the input's position).
        """
        if "value" in options:
            return Input(self.code, literal=options.pop("value"), **options)
        if len(what) == 1 and type(what[0]) is not int:
            if isinstance(what[0], tuple):
                raise TypeError("write f(2, 3) for a shape, f([2, 3]) for values")
            return Input(self.code, literal=what[0], **options)
        return Input(self.code, shape=what, **options)

    @property
    def extremes(self):
        """Zeros of both signs, tiny and huge numbers, infinities and nan; both ends of integers."""
        return Input(self.code, literal=_EXTREMES[self.code])

    @property
    def empty(self):
        """An array without elements."""
        return Input(self.code, shape=(0, 3))


def _float_extremes(tiny, huge):
    return [
        0.0, -0.0, tiny, -tiny, 1e-3, -1e-3, 0.5, -0.5, 1.0, -1.0, 1.5, -1.5, 2.5, -2.5, 7.0, -7.0,
        30.0, -30.0, 100.0, -100.0, huge, -huge, np.inf, -np.inf, np.nan,
    ]  # fmt: skip


def _complex_extremes(tiny):  # no huge ones: TensorFlow's complex functions overflow early
    parts = [0.0, -0.0, tiny, 0.5, -1.0, 2.5, -30.0]
    return [complex(x, y) for x in parts for y in parts]


def _whole_extremes(bits, signed):
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    kind = np.dtype("%sint%d" % ("" if signed else "u", bits))
    few = [0, 1, 2, 3, 7, 100, high, high - 1, low, low + 1] + ([-1, -2, -7] if signed else [])
    return np.array(few, kind)


# "tiny" is a normal number: TensorFlow's threads flush smaller ones to zero.
_EXTREMES = {
    "f": _float_extremes(1.5e-38, 3e38),
    "d": _float_extremes(3e-308, 1.5e308),
    "h": _float_extremes(6.2e-5, 65504.0),
    "bf": _float_extremes(1.5e-38, 3e38),
    "c": _complex_extremes(1.5e-38),
    "z": _complex_extremes(3e-308),
    "b": [True, False],
    "s": ["", "a", "A b", "\x00z", "\u00e9\u4e2d"],
    "i8": _whole_extremes(8, True),
    "i16": _whole_extremes(16, True),
    "i": _whole_extremes(32, True),
    "l": _whole_extremes(64, True),
    "u8": _whole_extremes(8, False),
    "u16": _whole_extremes(16, False),
    "u32": _whole_extremes(32, False),
    "u64": _whole_extremes(64, False),
}

f, d, h, bf = _Maker("f"), _Maker("d"), _Maker("h"), _Maker("bf")
i, l, i8, i16 = _Maker("i"), _Maker("l"), _Maker("i8"), _Maker("i16")  # noqa: E741
u8, u16, u32, u64 = _Maker("u8"), _Maker("u16"), _Maker("u32"), _Maker("u64")
b, c, z, s = _Maker("b"), _Maker("c"), _Maker("z"), _Maker("s")
t = _Maker("t")
"""An input whose dtype the row's `dtypes` name."""
_MAKERS = {m.code: m for m in (f, d, h, bf, i, l, i8, i16, u8, u16, u32, u64, b, c, z, s)}


def substitute(thing, replace):
    """Returns arguments with every Input, also inside lists, tuples and dicts, replaced."""
    if isinstance(thing, Input):
        return replace(thing)
    if type(thing) in (list, tuple):
        return type(thing)([substitute(x, replace) for x in thing])
    if type(thing) is dict:
        return {k: substitute(x, replace) for k, x in thing.items()}
    return thing


# --- rows ---


class Row:
    """One call of a public function: `fn(*args, **kwargs)` over `inputs`."""

    def __init__(self, op_type, fn, args, kwargs, options):
        self.op_type = op_type
        self.fn = fn
        self.inputs = []
        self.args = substitute(list(args), self._number)
        self.kwargs = substitute(kwargs, self._number)
        self.__dict__.update(options)
        self.family = ""
        self.id = self.id or self._describe()

    def _number(self, made):
        numbered = made.of(seed=made.seed + len(self.inputs))
        self.inputs.append(numbered)
        return numbered

    def call(self, tensors):
        """Calls the function with a tensor (or array) in place of each input."""
        by_input = {id(made): tensors[n] for n, made in enumerate(self.inputs)}
        replace = lambda made: by_input[id(made)]
        return self.fn(*substitute(self.args, replace), **substitute(self.kwargs, replace))

    def _describe(self):
        constants = [a for a in self.args if not _holds_input(a)]
        words = [str(x) for x in self.inputs] + [_short(a) for a in constants]
        words += [k + "=" + _short(v) for k, v in self.kwargs.items() if not _holds_input(v)]
        return "-".join([self.op_type] + [w for w in words if w])

    def __repr__(self):
        return self.id


def _holds_input(thing):
    found = []
    substitute(thing, found.append)
    return bool(found)


def _short(value):
    named = getattr(value, "name", None) or getattr(value, "__name__", None)
    text = str(named or value) if not isinstance(value, np.ndarray) else "array"
    return "".join(ch for ch in text if ch.isalnum() or ch in "+.,_")[:40]


_collected = []
_family = [""]


def _add(row):
    row.family = _family[0]
    taken = {r.id for r in _collected if r.family == row.family}
    if row.id in taken:
        row.id = next(n for n in (row.id + "_%d" % k for k in range(2, 9999)) if n not in taken)
    _collected.append(row)


def case(op_type, fn, *inputs, **kwargs):
    """Adds a row: the call `fn(*inputs, **kwargs)` makes an `op_type` and works.

    Args:
        op_type: the operation type it is about (one of the nodes that the call makes).
        fn: a public function, or a lambda over tensors.
        *inputs: its arguments; what `f`, `i`, ... made becomes a placeholder.
        **kwargs: its keyword arguments, and these of the row (a function that has an argument of
            such a name is called in a lambda):
            id: the row's name; by default made of the op type and the arguments.
            dtypes: codes, such as "f d h i": a row for each, with it as the dtype of `t` inputs.
            tol: tolerance, relative and absolute, instead of that of the dtype.
            grad: why gradients are not looked at.
            seed: the graph's random seed (`tf.set_random_seed`).
            golden: why TensorFlow 1.15.5 cannot be asked.
            numeric: why the gradient is not compared with a difference (one with a jump, say).
            nodes: why the nodes are not those of TensorFlow.
            static: why the static shape is not that of TensorFlow.
            second: why there is no second gradient.
    """
    options = {
        "id": kwargs.pop("id", None),
        "tol": kwargs.pop("tol", None),
        "grad": kwargs.pop("grad", True),
        "seed": kwargs.pop("seed", None),
        "golden": kwargs.pop("golden", True),
        "numeric": kwargs.pop("numeric", True),
        "nodes": kwargs.pop("nodes", True),
        "static": kwargs.pop("static", True),
        "second": kwargs.pop("second", True),
    }
    codes = kwargs.pop("dtypes", "").split()
    if not codes:
        _add(Row(op_type, fn, inputs, kwargs, options))
    for n, code in enumerate(codes):
        retype = lambda x, code=code: x.of(code=code) if x.code == "t" else x
        again = dict(options, id=options["id"] and options["id"] + "-" + code)
        if n and again["numeric"] is True:
            again["numeric"] = "the first dtype of the row is"
        args = substitute(list(inputs), retype)
        _add(Row(op_type, fn, args, substitute(kwargs, retype), again))


def error(op_type, fn, *inputs, **kwargs):
    """Adds a row: the call is a mistake.

    Args:
        op_type: the operation type it is about.
        fn: a public function, or a lambda over tensors.
        *inputs: its arguments, as in `case`.
        **kwargs: its keyword arguments, and:
            says: the phrase in the message, from TensorFlow's.
            at: "build" (the default) or "run": found only then, because the sizes (or else
                the ranks) of the placeholders are not known.
            error: the class; by default ValueError, and InvalidArgumentError at run time.
            id, seed, golden: as in `case`. A golden reason also stands for a class or phrase that
                deliberately is not TensorFlow's.
    """
    at = kwargs.pop("at", "build")
    options = {
        "says": kwargs.pop("says"),
        "at": at,
        "error": kwargs.pop("error", "ValueError" if at == "build" else "InvalidArgumentError"),
        "id": kwargs.pop("id", None),
        "seed": kwargs.pop("seed", None),
        "golden": kwargs.pop("golden", True),
    }
    if at not in ("build", "run"):
        raise ValueError("at is 'build' or 'run', not %r" % (at,))
    row = Row(op_type, fn, inputs, kwargs, options)
    row.id = row.id if options["id"] else row.id + "-error"
    _add(row)


LIMITS = "values at the limits; ordinary values have a row of their own"


def unary_rows(op_type, fn, dtypes="f d h bf", low=None, high=None, **kwargs):
    """Adds the rows of an elementwise function of one input: ordinary, extreme and no values.

    Args:
        op_type: the operation type.
        fn: the function.
        dtypes: codes of the dtypes.
        low: lower bound of the ordinary values, where the function needs one.
        high: upper bound.
        **kwargs: as `case` takes them; `limits=False`: no extreme values (where TensorFlow's own
            are rough, say).
    """
    limits = kwargs.pop("limits", True)
    codes = dtypes.split()
    case(op_type, fn, t(2, 3, low=low, high=high), dtypes=dtypes, **kwargs)
    case(op_type, fn, _MAKERS[codes[0]].empty, **kwargs)
    for code in codes if limits else []:
        case(op_type, fn, _MAKERS[code].extremes, **dict(kwargs, grad=LIMITS))


def binary_rows(op_type, fn, dtypes="f d h bf i l", low=None, high=None, **kwargs):
    """Adds the rows of an elementwise function of two inputs that broadcast.

    Args:
        op_type: the operation type.
        fn: the function.
        dtypes: codes of the dtypes.
        low: lower bound of the ordinary values, where the function needs one.
        high: upper bound.
        **kwargs: as `case` takes them; `limits=False`: no extreme values (where TensorFlow stops
            the process for them, say).
    """
    within = {"low": low, "high": high}
    limits = kwargs.pop("limits", True)
    codes = dtypes.split()
    first = _MAKERS[codes[0]]
    case(op_type, fn, t(2, 3, **within), t(2, 3, **within), dtypes=dtypes, **kwargs)
    case(op_type, fn, first(2, 1, 3, **within), first(4, 1, **within), **kwargs)
    case(op_type, fn, first(2, 3, **within), first(**within), **kwargs)
    case(op_type, fn, first(1, **within), first(3, **within), **kwargs)
    case(op_type, fn, first.empty, first(1, 3, **within), **kwargs)
    for code in codes if limits else []:
        values = np.array(_EXTREMES[code], object if code == "s" else None)
        column = Input(code, literal=values.reshape(-1, 1))
        case(op_type, fn, column, Input(code, literal=values), **dict(kwargs, grad=LIMITS))


# --- all rows ---


def collect(*families):
    """Imports the row files of this folder (or these of them) and returns their rows in order."""
    folder = pathlib.Path(__file__).parent
    sys.modules["_rows"] = sys.modules[__name__]
    known = {row.family for row in _collected}
    paths = sorted(p for p in folder.glob("*.py") if not p.name.startswith("_"))
    for path in paths:
        if path.stem in known or (families and path.stem not in families):
            continue
        _family[0] = path.stem
        spec = importlib.util.spec_from_file_location("graphflow_cases_" + path.stem, str(path))
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    wanted = families or tuple(p.stem for p in paths)
    return [row for row in _collected if row.family in wanted]
