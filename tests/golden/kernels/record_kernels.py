"""Record what TensorFlow 1.15.5 computes for the convolution, pooling and random kernels.

Run by TensorFlow's Python, from the project: `python tests/golden/kernels/record_kernels.py`.
Writes `kernels.npz` beside this file: `index` is JSON text with one row a case (op, attributes, and
its arrays as `[name, dtype, shape]`), `data` the bytes of all arrays one after the other, or of
large ones their SHA-256. One file per array would be five times as large.
"""

import hashlib
import json
import os

import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS, DATA = [], []
LARGE = 40000  # elements, more than one tile: recorded as a digest
RNG = np.random.RandomState(1155)


def record(op, inputs=(), runs=1, **attrs):
    """Run a raw op on constants, `runs` times in one session; return its first outputs."""
    with tf.Graph().as_default() as graph, graph.device("/cpu:0"):
        args = {k: tf.constant(v) for k, v in inputs}
        extra = {k: tf.as_dtype(v) if k == "dtype" else v for k, v in attrs.items()}
        result = getattr(tf.raw_ops, op)(**dict(args, **extra))
        config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1)
        with tf.compat.v1.Session(graph=graph, config=config) as sess:
            values = [sess.run(result) for _ in range(runs)]
    outputs = [list(v) if isinstance(v, tuple) else [v] for v in values]
    named = list(inputs) + [("out%d" % i, v) for run in outputs for i, v in enumerate(run)]
    arrays = []
    for name, array in named:
        array = np.asarray(array)
        DATA.append(array.tobytes())
        if array.size >= LARGE:
            DATA[-1] = hashlib.sha256(DATA[-1]).digest()
        arrays.append([name, tf.as_dtype(array.dtype).name, list(array.shape)])
    ROWS.append({"op": op, "arrays": arrays, "runs": runs, "attrs": attrs})
    return outputs[0]


def normal(dtype, *shape):
    return RNG.standard_normal(shape).astype(dtype)


CONVS = [  # input, filter, strides, padding, explicit, dilations
    ((2, 5, 6, 2), (3, 3, 2, 3), (1, 1), "SAME", [], (1, 1)),
    ((2, 6, 5, 2), (2, 4, 2, 3), (1, 1), "SAME", [], (1, 1)),
    ((1, 7, 6, 3), (3, 2, 3, 2), (2, 3), "SAME", [], (1, 1)),
    ((1, 7, 6, 3), (3, 2, 3, 2), (2, 3), "VALID", [], (1, 1)),
    ((2, 4, 4, 5), (1, 1, 5, 3), (1, 1), "VALID", [], (1, 1)),
    ((1, 5, 5, 2), (1, 2, 2, 2), (3, 3), "SAME", [], (1, 1)),
    ((1, 5, 5, 2), (3, 3, 2, 2), (1, 2), "EXPLICIT", [0, 0, 2, 1, 0, 3, 0, 0], (1, 1)),
    ((1, 8, 8, 9), (3, 3, 9, 4), (1, 1), "SAME", [], (1, 1)),
    ((1, 8, 7, 2), (3, 2, 2, 2), (1, 1), "SAME", [], (2, 3)),
    ((1, 8, 7, 2), (3, 2, 2, 2), (2, 1), "VALID", [], (2, 2)),
    ((0, 5, 6, 2), (3, 3, 2, 3), (1, 1), "SAME", [], (1, 1)),
]
for shape, kernel, (sh, sw), padding, explicit, (dh, dw) in CONVS:
    for dtype in ("float32", "float64", "float16"):
        x, w = normal(dtype, *shape), normal(dtype, *kernel)
        kw = {
            "strides": [1, sh, sw, 1],
            "padding": padding,
            "explicit_paddings": explicit,
            "dilations": [1, dh, dw, 1],
        }
        y = record("Conv2D", [("input", x), ("filter", w)], **kw)[0]
        if (dh, dw) != (1, 1):
            continue
        dy = normal(dtype, *y.shape)
        sizes = np.array(shape, np.int32)
        record(
            "Conv2DBackpropInput",
            [("input_sizes", sizes), ("filter", w), ("out_backprop", dy)],
            **kw,
        )
        sizes = np.array(kernel, np.int32)
        record(
            "Conv2DBackpropFilter",
            [("input", x), ("filter_sizes", sizes), ("out_backprop", dy)],
            **kw,
        )

SPECIAL = np.array(
    [
        [[np.nan, 1, 2, 3], [1, np.nan, 2, 3], [1, 3, np.nan, 2], [1, 2, 3, np.nan]],
        [[np.nan] * 4, [-np.inf] * 4, [np.nan, np.nan, 1, 1], [5, 5, 5, 5]],
        [[np.nan, -np.inf, -np.inf, -np.inf], [np.inf, 1, np.inf, 2], [-0.0, 0.0, -1, 0], [0] * 4],
    ]
).reshape(12, 2, 2, 1)
POOLS = [  # input, window, strides, padding
    ((2, 4, 6, 3), (2, 2), (2, 2), "VALID"),
    ((2, 5, 5, 3), (2, 2), (2, 2), "SAME"),
    ((1, 6, 5, 2), (3, 3), (1, 2), "SAME"),
    ((1, 6, 5, 2), (3, 2), (2, 1), "VALID"),
    ((1, 5, 7, 2), (1, 2), (3, 3), "SAME"),
    ((1, 3, 3, 1), (5, 6), (1, 1), "SAME"),
    (None, (2, 2), (2, 2), "VALID"),
]
FLOATS, INTS = ("float32", "float64", "float16"), ("int32", "int64", "uint8", "int8", "int16")
for shape, (kh, kw_), (sh, sw), padding in POOLS:
    kw = {"ksize": [1, kh, kw_, 1], "strides": [1, sh, sw, 1], "padding": padding}
    for dtype in FLOATS + (INTS if shape and shape[0] == 2 else ()):
        x = SPECIAL if shape is None else RNG.randint(-4, 5, shape)  # many equal values
        x = x.astype(dtype)
        y = record("MaxPool", [("input", x)], **kw)[0]
        dy, ddx = (100 * normal("float64", *a.shape) for a in (y, x))
        dy, ddx = dy.astype(dtype), ddx.astype(dtype)
        both = [("orig_input", x), ("orig_output", y)]
        record("MaxPoolGrad", [*both, ("grad", dy)], **kw)
        record("MaxPoolGradGrad", [*both, ("grad", ddx)], **kw)
        if dtype in FLOATS:
            for batch in (False, True):
                attrs = dict(kw, include_batch_in_index=batch)
                argmax = record("MaxPoolWithArgmax", [("input", x)], **attrs)[1]
                parts = [("input", x), ("grad", dy), ("argmax", argmax)]
                record("MaxPoolGradWithArgmax", parts, **attrs)
        if dtype in FLOATS and shape is not None:
            x = normal(dtype, *shape)
            record("AvgPool", [("value", x)], **kw)
            sizes = np.array(shape, np.int32)
            record("AvgPoolGrad", [("orig_input_shape", sizes), ("grad", dy)], **kw)
x = normal("float32", 2, 3, 2, 6)
record("MaxPool", [("input", x)], ksize=[1, 1, 1, 3], strides=[1, 1, 1, 3], padding="VALID")

SEEDS = [(1, 2), (87654321, 5), (42, 2**40 + 7)]
SIZES = (0, 1, 3, 4, 5, 60, 220)
ALPHA = np.array([0.05, 0.5, 0.99, 1, 1.01, 2.5, 10, 1000])
RATE = np.array([-1, 0, 0.1, 1, 3.3, 9.99, 10, 11, 50, 1000])
NAMES = ("means", "stdevs", "minvals", "maxvals")
BOUNDS = np.array(
    [
        [0, 1, -2, 2],
        [0, 1, -0.5, 0.5],
        [0, 1, 1, np.inf],
        [3, 2, -np.inf, 1],
        [0, 1, 3, 4],
        [5, 2, 4, 4.5],
        [0, 1, -np.inf, -5],
    ]
)
for n in SIZES:
    for seed, seed2 in {60: SEEDS[1:2], 220: SEEDS[2:]}.get(n, SEEDS[::2]):
        pair, shape = {"seed": seed, "seed2": seed2}, [("shape", np.array([n], np.int32))]
        runs = 1 if n > 100 else 2
        for dtype in ("float16", "bfloat16", "float32", "float64"):
            for op in ("RandomUniform", "RandomStandardNormal", "TruncatedNormal"):
                record(op, shape, runs=runs, dtype=dtype, **pair)
        for dtype, low, high in (("int32", -7, 2**31 - 1), ("int64", 3, 2**62), ("int64", 0, 10)):
            ends = [("minval", np.array(low, dtype)), ("maxval", np.array(high, dtype))]
            record("RandomUniformInt", shape + ends, runs=runs, **pair)
        record("RandomShuffle", [("value", np.arange(n, dtype=np.int32))], runs=3, **pair)
        if n > 5 or n == 0:
            continue
        for dtype in ("float32", "float64"):
            logits = normal(dtype, 3, 7)
            logits[1] *= 30
            logits[2, 3] = -np.inf
            parts = [("logits", logits), ("num_samples", np.array(10 * n, np.int32))]
            record("Multinomial", parts, runs=2, **pair)
        for dtype in ("float16", "float32", "float64"):
            many = [("shape", np.array([4 * n], np.int32))]
            record("RandomGamma", [*many, ("alpha", ALPHA.astype(dtype))], runs=2, **pair)
            for out in ("float32", "int64"):
                rate = [("rate", RATE.astype(dtype))]
                record("RandomPoissonV2", many + rate, runs=2, dtype=out, **pair)
            for i, bounds in enumerate(BOUNDS):
                if n < 4 and i > 3:
                    continue
                parts = [(k, bounds[j].astype(dtype)) for j, k in enumerate(NAMES)]
                record("ParameterizedTruncatedNormal", many + parts, runs=2, **pair)
            parts = [(k, BOUNDS[:, j].astype(dtype)) for j, k in enumerate(NAMES)]
            many = [("shape", np.array([len(BOUNDS), n], np.int32))]
            record("ParameterizedTruncatedNormal", many + parts, runs=2, **pair)

for dtype in ("float16", "bfloat16", "float32", "float64"):
    record("RandomUniform", [("shape", np.array([LARGE], np.int32))], seed=7, seed2=8, dtype=dtype)
for dtype in ("int32", "int64"):
    ends = [("minval", np.array(-5, dtype)), ("maxval", np.array(1000, dtype))]
    record("RandomUniformInt", [("shape", np.array([LARGE], np.int32)), *ends], seed=7, seed2=8)

index = json.dumps({"tensorflow": tf.__version__, "cases": ROWS}, sort_keys=True)
np.savez_compressed(
    os.path.join(HERE, "kernels.npz"),
    index=np.frombuffer(index.encode("ascii"), np.uint8),
    data=np.frombuffer(b"".join(DATA), np.uint8),
)
print(len(ROWS), "cases")
