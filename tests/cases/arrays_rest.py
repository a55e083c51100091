"""Rows of array operations without a family of their own, sound, and `assert_shapes`."""

from __future__ import annotations

import importlib
import os
import struct

import numpy as np

from _rows import b, c, case, d, error, f, i, s, t, tf

NAN, INF = float("nan"), float("inf")
NONE = "there is none"
OURS = os.environ.get("GRAPHFLOW_ROWS_TF") != "tensorflow"


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if not OURS:
            named = {port: inputs[n] for n, port in enumerate(ports.split())}
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        found = importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)
        return tuple(found) if isinstance(found, tuple) else found

    return made


# --- data formats ---
for src, dst in (("NHWC", "NCHW"), ("NCHW", "NHWC"), ("NDHWC", "NCDHW"), ("HWNC", "NHWC")):
    dims = raw("DataFormatDimMap", "x", src_format=src, dst_format=dst)
    case("DataFormatDimMap", dims, t([0, 1, 2, 3, -1, -2, -3, -4]), dtypes="i l", id=src)
    case("DataFormatDimMap", dims, i([[4, -5]]), id=src + "-outside")
    if len(src) == 4:
        permute = raw("DataFormatVecPermute", "x", src_format=src, dst_format=dst)
        case("DataFormatVecPermute", permute, t([1, 2, 3, 4]), dtypes="i l", id=src + "-sizes")
        case("DataFormatVecPermute", permute, i(4, 2), id=src + "-pairs")
case("DataFormatDimMap", raw("DataFormatDimMap", "x"), i(value=2))
error("DataFormatDimMap", raw("DataFormatDimMap", "x", src_format="NHW"), i([0]), at="run",
      says="Source format must be of length 4 or 5, received src_format = NHW")  # fmt: skip
error("DataFormatDimMap", raw("DataFormatDimMap", "x", dst_format="ABCD"), i([0]), at="run",
      says="Destination and source format must determine a permutation, got NHWC")  # fmt: skip
for x, says in (
    (i(3), "1D input must be of size 4, but got shape [3]"),
    (i(1, 3), "First dimension of 2D input must be of size 4, but got shape [1,3]"),
    (i(4, 3), "Second dimension of 2D input must be of size 2, but got shape [4,3]"),
    (i(), "input must be a vector or 2D tensor, but got shape []"),
):
    error("DataFormatVecPermute", raw("DataFormatVecPermute", "x"), x, at="run", says=says)

# --- NthElement and CompareAndBitpack ---
nth, last = raw("NthElement", "input n"), raw("NthElement", "input n", reverse=True)
case("NthElement", nth, t(2, 5, distinct=True), 1, dtypes="f d i l i8 u8 i16")
case("NthElement", last, f(2, 5, distinct=True), 1)
case("NthElement", nth, d([[3, 1, 1, 2], [1, 1, 1, 1]]), 1, numeric="there are ties")
case("NthElement", nth, f(2, 3), i(value=2))
error("NthElement", nth, f(3), 3, says="Input must have last dimension > n = 3 but is 3")
error("NthElement", nth, f(3), -1, says="must be non-negative but is -1")
error("NthElement", nth, f(), 0, says="Shape must be at least rank 1 but is rank 0")
error("NthElement", nth, f(3), [1], says="Input must be scalar but has rank 1")
error("NthElement", nth, f(3), i(value=3), at="run", says="Input must have at least n+1 columns")
error("NthElement", nth, f(3), i(value=-1), at="run", says="Need n >= 0, got -1")
error("NthElement", nth, f(3), i([1]), at="run", says="N must be scalar, got shape [1]")
error("NthElement", nth, f(), i(value=0), at="run", says="Input must be >= 1-D, got shape []")
pack = raw("CompareAndBitpack", "input threshold")
case("CompareAndBitpack", pack, t(2, 16), t(), dtypes="f d h i l i8 i16", grad=NONE)
case("CompareAndBitpack", pack, b(8), b(value=True))
case("CompareAndBitpack", pack, f([NAN, INF, 0, 1, 2, 3, 4, 5]), f(value=2), grad=NONE)
error("CompareAndBitpack", pack, f(6), f(), says="Dimension size must be evenly divisible by 8 but")
error("CompareAndBitpack", pack, f(), f(), says="Shape must be at least rank 1 but is rank 0")
error("CompareAndBitpack", pack, f(8), f(1), says="Shape must be rank 0 but is rank 1")
error("CompareAndBitpack", pack, f(6), f(), at="run",
      says="Inner dimension of input should be divisible by 8, but saw shape: [6]")  # fmt: skip


# --- temporary variables ---
def temporary(x, name="x", again="x", shape=(2,)):
    dtype = x.dtype.base_dtype
    ref = raw("TemporaryVariable", "", shape=shape, dtype=dtype, var_name=name)()
    ref = tf.assign_add(tf.assign(ref, x), x)
    return raw("DestroyTemporaryVariable", "ref", var_name=again)(ref)


case("TemporaryVariable", lambda x: temporary(tf.constant(np.float32([1, 2])) + x), f(value=3),
     id="temporary", grad=NONE)  # fmt: skip
case("DestroyTemporaryVariable", temporary, t(2), dtypes="d i c", grad=NONE)
error("DestroyTemporaryVariable", lambda: temporary(tf.constant([1.0, 2.0]), again="y"), at="run",
      error="NotFoundError", says="does not exist", id="temporary-other")  # fmt: skip

# --- in place, copies ---
for op in ("InplaceUpdate", "InplaceAdd", "InplaceSub"):
    put = raw(op, "x i v")
    copied = lambda x, *rest, put=put: put(raw("DeepCopy", "x")(x), *rest)
    case(op, copied, t(3, 2), [0, 2], t(2, 2), dtypes="f d i", grad=NONE, id=op)
    case(op, copied, f(3, 2), [5, -1], f(2, 2), grad=NONE, id=op + "-beyond")
    if op != "InplaceUpdate":
        case(op, copied, f(3), i([0, 0, -1]), f(3), grad=NONE, id=op + "-twice")
    for x, k, v, says in (
        (f(3, 2), i([0]), f(1, 3), "x and v shape doesn't match at index 1 : [3,2] vs. [1,3]"),
        (f(3, 2), i([0, 1]), f(1, 2), "i and x shape doesn't match at index 0: [2] vs. [1,2]"),
        (f(3, 2), i([[0]]), f(1, 2), "i must be a vector. [1,1]"),
        (f(3, 2), i([0]), f(2), "x and v shape doesn't match (ranks differ): [3,2] vs. [2]"),
    ):
        error(op, put, x, k, v, at="run", says=says)
case("DeepCopy", raw("DeepCopy", "x"), t(2, 3), dtypes="f i b c", grad=NONE)
case("Snapshot", raw("Snapshot", "input"), t(2, 3), dtypes="f d i c", grad=NONE)
case("GuaranteeConst", tf.guarantee_const, t(2, 3), dtypes="f i s", grad=NONE)
for dtype in (tf.float32, tf.int64, tf.bool, tf.string):
    case("Empty", raw("Empty", "shape", dtype=dtype, init=True), [2, 3], id="empty-" + dtype.name)
case("Empty", raw("Empty", "shape", dtype=tf.float32, init=True), i([2, 0]))
part = raw("TensorStridedSliceUpdate", "input begin end strides value")
STOPS = "TensorFlow 1.15.5 stops the process"
if OURS:
    case("TensorStridedSliceUpdate", part, f(3, 2), [0], [2], [1], f(2, 2), golden=STOPS, grad=NONE)
    case("TensorStridedSliceUpdate", part, i(4), [3], [0], [-2], i(2), golden=STOPS)
    error("TensorStridedSliceUpdate", part, f(3), [0], [2], [1], f(3), golden=STOPS, at="run",
          says="shapes must be equal")  # fmt: skip
case("Timestamp", lambda: tf.cast(tf.timestamp() > 1.6e9, tf.float32), id="timestamp")

# --- Einsum ---
for equation, shapes in (
    ("ij,jk->ik", [(2, 3), (3, 4)]),
    ("ij->ji", [(2, 3)]),
    ("ij->", [(2, 3)]),
    ("ii->i", [(3, 3)]),
    ("...ij,...jk->...ik", [(2, 3, 4), (1, 4, 5)]),
    ("i,j->ij", [(2,), (3,)]),
):
    sums = lambda *x, **named: raw("Einsum", "inputs", equation=named["equation"])(list(x))
    case("Einsum", sums, *[f(*n) for n in shapes], equation=equation, id="einsum-" + equation,
         grad=NONE)  # fmt: skip
case("Einsum", lambda *x: raw("Einsum", "inputs", equation="ij,jk->ik")(list(x)), t(2, 3), t(3, 4),
     dtypes="d c z", grad=NONE, id="einsum")  # fmt: skip

# --- WAV files ---
SAMPLES = [[-1, -0.75], [-0.5, -0.25], [0, 0.25], [0.5, 0.75]]


def wav(
    samples=b"\x00\x80\x00\xa0\x00\xc0\x00\xe0\x00\x00\x00 \x00@\x00`", riff=b"RIFF", wave=b"WAVE",
    fmt=b"fmt ", size=16, kind=1, channels=2, rate=8000, second=None, sample=None, bits=16,
    extra=b"", before=b"", data=b"data", length=None, behind=b"",
):  # fmt: skip
    """A WAV file, or what is nearly one."""
    sample = 2 * channels if sample is None else sample
    second = rate * sample if second is None else second
    head = struct.pack("<IHHIIHH", size, kind, channels, rate, second, sample, bits) + extra
    chunk = data + struct.pack("<I", len(samples) if length is None else length) + samples
    return riff + struct.pack("<I", 36 + len(samples)) + wave + fmt + head + before + chunk + behind


LIST = b"LIST" + struct.pack("<I", 3) + b"abc"
decode = lambda x, **kw: tuple(tf.audio.decode_wav(x, **kw))
for kw in (
    {}, {"desired_channels": 1}, {"desired_channels": 3}, {"desired_samples": 2},
    {"desired_samples": 6}, {"desired_channels": 0}, {"desired_samples": 0},
):  # fmt: skip
    case("DecodeWav", decode, s(value=wav()), **kw)
for n, file in enumerate((
    wav(size=18, extra=b"\0\0"), wav(before=LIST), wav(behind=LIST), wav(length=4),
    wav(b"\1\0\2\0\3\0", channels=1, rate=44100),
)):  # fmt: skip
    case("DecodeWav", decode, s(value=file), id="wav-%d" % n)
for n, (file, says) in enumerate((
    (b"", "Data too short when trying to read string"),
    (wav()[:30], "Data too short when trying to read"),
    (wav()[:-3], "Data too short when trying to read string"),
    (wav(length=400), "Data too short when trying to read string"),
    (wav(riff=b"XIFF"), "Header mismatch: Expected RIFF but found XIFF"),
    (wav(wave=b"ABCD"), "Header mismatch: Expected WAVE but found ABCD"),
    (wav(fmt=b"xxxx"), "Header mismatch: Expected fmt  but found xxxx"),
    (wav(size=40), "Bad file size for WAV: Expected 16 or 18, but got40"),
    (wav(kind=3), "Bad audio format for WAV: Expected 1 (PCM), but got3"),
    (wav(channels=0), "Bad number of channels for WAV: Expected at least 1, but got 0"),
    (wav(sample=1), "Bad bytes per sample in WAV header: Expected 4 but got 1"),
    (wav(second=1), "Bad bytes per second in WAV header: Expected 32000 but got 1 (sample_rate="),
    (wav(bits=8), "Can only read 16-bit WAV files, but received 8"),
    (wav(data=b"LIST"), "No data chunk found in WAV"),
    (wav(length=0), "WAV data chunk '"),
    (wav(behind=b"data" + struct.pack("<I", 4) + b"abcd"), "More than one data chunk found in WAV"),
)):  # fmt: skip
    error("DecodeWav", decode, s(value=file), at="run", says=says, id="wav-%d" % n)
error("DecodeWav", decode, s(value=wav()), desired_channels=-2,
      says="channels must be non-negative, got -2")  # fmt: skip
error("DecodeWav", decode, s([wav()]), says="Shape must be rank 0 but is rank 1")
encode = tf.audio.encode_wav
case("EncodeWav", encode, f(SAMPLES), 8000)
case("EncodeWav", encode, f([[1.5], [-1.5], [0.99999], [1.5e-5], [4.6e-5], [-4.6e-5]]), 44100)
case("EncodeWav", encode, f(50, 3, low=-1, high=1), i(value=16000))
error("EncodeWav", encode, f(0, 1), 8000, at="run", says="num_frames must be positive.")
error("EncodeWav", encode, f(2, 1), 0, at="run", says="sample_rate must be in (0, 2^32), got: 0")
error("EncodeWav", encode, f(2, 1), i(value=-1), at="run", says="sample_rate must be in (0, 2^32)")
error("EncodeWav", encode, f(2), 8000, says="Shape must be rank 2 but is rank 1")
error("EncodeWav", encode, f(2), i(value=8000), at="run", says="audio must be 2-dimensional[2]")
error("EncodeWav", encode, f(2, 1), i([8000]), at="run",
      says="Input sample_rate should be a scalar tensor, got [1] instead.")  # fmt: skip


# --- features of sound ---
def spectrogram(**attrs):
    return raw("AudioSpectrogram", "input", **attrs)


for window, stride in ((6, 2), (8, 8), (5, 3), (2, 1)):
    for squared in (True, False):
        case("AudioSpectrogram",
             spectrogram(window_size=window, stride=stride, magnitude_squared=squared), f(20, 1),
             id="spectrogram-%d-%d-%s" % (window, stride, squared), grad=NONE)  # fmt: skip
case("AudioSpectrogram", spectrogram(window_size=8, stride=8), f(16, 2), grad=NONE,
     golden="TensorFlow 1.15.5 takes some channels together")  # fmt: skip
case("AudioSpectrogram", spectrogram(window_size=6, stride=2), f(4, 1), grad=NONE)
error("AudioSpectrogram", spectrogram(window_size=1, stride=2), f(4, 1), at="run",
      says="Spectrogram initialization failed for window size 1 and stride 2")  # fmt: skip
error("AudioSpectrogram", spectrogram(window_size=4, stride=2), f(4),
      says="Shape must be rank 2 but is rank 1")  # fmt: skip
error("AudioSpectrogram", spectrogram(window_size=4, stride=2), f(4), at="run",
      says="input must be 2-dimensional[4]")  # fmt: skip


def mfcc(**attrs):
    return raw("Mfcc", "spectrogram sample_rate", **attrs)


POWER = f(2, 3, 129, positive=True)
case("Mfcc", mfcc(), POWER, 16000, tol=1e-4, grad=NONE)
case("Mfcc", mfcc(filterbank_channel_count=5, dct_coefficient_count=3), f(1, 2, 17, positive=True),
     i(value=8000), tol=1e-4, grad=NONE)  # fmt: skip
case("Mfcc", mfcc(lower_frequency_limit=300.0, upper_frequency_limit=3000.0), POWER, 8000,
     tol=1e-4, grad=NONE)  # fmt: skip
case("Mfcc", mfcc(upper_frequency_limit=9000.0), POWER, 8000, grad=NONE)
case("Mfcc", mfcc(), f(np.zeros((1, 1, 65)).tolist()), 8000, tol=1e-4, grad=NONE)
for kw, rate in (
    ({}, 0), ({"filterbank_channel_count": 0}, 8000), ({"dct_coefficient_count": 0}, 8000),
    ({"dct_coefficient_count": 50}, 8000), ({"lower_frequency_limit": 5000.0}, 8000),
    ({"lower_frequency_limit": -5.0}, 8000),
):  # fmt: skip
    error("Mfcc", mfcc(**kw), f(1, 2, 17), rate, at="run",
          says="Mfcc initialization failed for channel count 17 and sample rate %d" % rate,
          )  # fmt: skip
error("Mfcc", mfcc(), f(2, 17), 8000, says="Shape must be rank 3 but is rank 2")
error("Mfcc", mfcc(), f(2, 17), i(value=8000), at="run",
      says="spectrogram must be 3-dimensional[2,17]")  # fmt: skip

# --- assert_shapes ---


def shaped(*wanted, **kwargs):
    def checked(*x):
        check = tf.debugging.assert_shapes(list(zip(x, wanted)), **kwargs)  # noqa: B905
        with tf.control_dependencies([check]):
            return [tf.identity(y) for y in x]

    return checked


case("NoOp", shaped(("n", 3), (3,)), f(2, 3), f(3))
case("NoOp", shaped(("n", "m"), ("n", "m", None)), f(2, 3), f(2, 3, 4))
case("NoOp", shaped((..., "m"), ("*", 5, "m"), "m"), f(2, 3), f(7, 5, 3), f(3))
case("NoOp", shaped((), (1,)), f(), f())
case("NoOp", shaped((".", "2"), None), f(2, 2), c(3), grad="complex")
for wanted, x, says in (
    ([("n", 3)], [f(2, 4)], "Specified explicitly.  Tensor in0:0 dimension 1 must have size 3."),
    ([("n",), ("n",)], [f(2), f(4)], "Specified by tensor in0:0 dimension 0.  Tensor in1:0"),
    ([("n", ...)], [f(2, 4)], "Symbol `...` or `*` for a variable number of unspecified dimensio"),
    ([5], [f(2, 4)], "Specified shape must be an iterable."),
    ([("n", "m", "k")], [f(2, 4)], "must have rank 3"),
):
    error("NoOp", shaped(*wanted), *x, says=says, id="assert_shapes-%s" % (wanted,))
error("NoOp", shaped(("n", 3), message="Mine"), f(2, 4), at="run", says="must have size",
      golden="it is told as an assertion")  # fmt: skip
