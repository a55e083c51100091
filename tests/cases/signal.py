"""Rows of Fourier and cosine transforms, rolled tensors, frames and windows."""

from __future__ import annotations

import importlib
import os

import numpy as np

from _rows import b, c, case, error, f, i, s, t, tf, z


def raw(op_type, ports, **attrs):
    """A function for an operation that has no public one."""

    def made(*inputs):
        if os.environ.get("GRAPHFLOW_ROWS_TF") == "tensorflow":
            named = {port: inputs[n] for n, port in enumerate(ports.split())}
            return getattr(tf.raw_ops, op_type)(**named, **attrs)
        found = importlib.import_module("graphflow.core.declare").apply(op_type, *inputs, **attrs)
        return tuple(found) if isinstance(found, tuple) else found

    return made


# --- complex transforms ---
for axes, suffix, shape in ((1, "", (2, 5)), (2, "2D", (2, 3, 4)), (3, "3D", (2, 3, 2, 4))):
    low = suffix.lower()
    forward, inverse = getattr(tf, "fft" + low), getattr(tf, "ifft" + low)
    case("FFT" + suffix, forward, t(*shape), dtypes="c z", tol=1e-5)
    case("IFFT" + suffix, inverse, t(*shape), dtypes="c z", tol=1e-5)
    case("FFT" + suffix, getattr(tf.spectral, "fft" + low), c(*[1] * axes))
    case("IFFT" + suffix, getattr(tf.signal, "ifft" + low), c(*[0] + [2] * axes))
    case("IFFT" + suffix, getattr(tf.signal, "ifft" + low), z(*[2] + [0] * axes))
    error("FFT" + suffix, forward, c(*[2] * (axes - 1)),
          says="Shape must be at least rank %d but is rank %d" % (axes, axes - 1))  # fmt: skip
    error("IFFT" + suffix, inverse, c(*[2] * (axes - 1)), at="run",
          says="Input must have rank of at least %d but got: " % axes)  # fmt: skip
case("FFT", tf.fft, c(1000), grad="it is large", tol=1e-3)
case("FFT", tf.fft, c([1, np.inf, np.nan]), grad="not finite")
error("FFT", tf.fft, f(3), error="TypeError", says="has DataType float32 not in list of allowed")

# --- real transforms ---
for axes, suffix, shape in ((1, "", (2, 5)), (2, "2D", (2, 3, 4)), (3, "3D", (2, 3, 2, 4))):
    low = suffix.lower()
    grad = "there is none" if axes == 3 else True
    for module in (tf.signal, tf.spectral):
        forward, inverse = getattr(module, "rfft" + low), getattr(module, "irfft" + low)
        case("RFFT" + suffix, forward, f(*shape), grad=grad)
        case("IRFFT" + suffix, inverse, c(*shape), grad=grad)
    for last in (4, 5, 8, 1):
        length = [3, 3, 2, last][-axes:] if axes < 3 else [3, 2, last]
        smaller = "TensorFlow's does not fit" if last < shape[-1] and axes < 3 else grad
        case("RFFT" + suffix, forward, f(*shape), length, grad=smaller)
        wide = "TensorFlow's does not fit" if last // 2 + 1 < shape[-1] and axes < 3 else grad
        case("IRFFT" + suffix, inverse, c(*shape), length, grad=wide)
        fed = lambda x, n, fn=forward: fn(x, n)
        case("RFFT" + suffix, fed, f(*shape), i(length), grad=smaller)
        case("IRFFT" + suffix, lambda x, n, fn=inverse: fn(x, n), c(*shape), i(length), grad=wide)
    case("RFFT" + suffix, forward, f(*[0] + [2] * axes), grad="it is empty")
    case("IRFFT" + suffix, inverse, c(*[0] + [2] * axes), grad="it is empty")
    error("RFFT" + suffix, forward, f(*[2] * (axes - 1)), says="must have rank at least %d" % axes)
    error("IRFFT" + suffix, inverse, c(*shape), [2] * (axes + 1),
          says="Dimension must be %d but is %d" % (axes, axes + 1))  # fmt: skip
OURS = "TensorFlow's does not fit"
case("RFFT", tf.signal.rfft, f(2, 6), [4], golden=OURS, id="rfft-cut")
case("IRFFT", tf.signal.irfft, c(2, 6), [4], golden=OURS, id="irfft-cut")
case("RFFT", lambda x, n: tf.signal.rfft(x, n), f(2, 6), i([5]), golden=OURS, id="rfft-cut-fed")
case("IRFFT", lambda x, n: tf.signal.irfft(x, n), c(2, 6), i([5]), golden=OURS,
     id="irfft-cut-fed")  # fmt: skip
case("RFFT2D", tf.signal.rfft2d, f(2, 6, 6), [4, 5], golden=OURS, id="rfft2d-cut")
case("IRFFT2D", tf.signal.irfft2d, c(6, 6), [4, 5], golden=OURS, id="irfft2d-cut")
rfft, irfft = raw("RFFT", "input fft_length"), raw("IRFFT", "input fft_length")
for fn, op_type, x in ((rfft, "RFFT", f(3)), (irfft, "IRFFT", c(2))):
    error(op_type, fn, x, [4], at="run", says="Input dimension 0 must have length of at least ")
    error(op_type, fn, x, i([3, 4]), at="run", says="fft_length must have shape [1]")
    error(op_type, fn, x, i(value=4), says="Shape must be rank 1 but is rank 0")
error("RFFT", rfft, f(), [4], at="run", says="Input must have rank of at least 1 but got: []")
error("RFFT", tf.signal.rfft, z(3), says="Tensor conversion requested dtype float32")

# --- cosine transforms ---
for kind in (1, 2, 3):
    for norm in (None, "ortho")[: 1 if kind == 1 else 2]:
        case("RFFT" if kind < 3 else "IRFFT", tf.signal.dct, f(2, 5), kind, norm=norm)
        case("RFFT" if kind != 2 else "IRFFT", tf.spectral.idct, f(2, 4), kind, norm=norm)
        for n in (3, 8):
            case("RFFT" if kind < 3 else "IRFFT", tf.signal.dct, f(2, 5), kind, n=n, norm=norm,
                 grad="TensorFlow's does not fit" if n == 3 else True)  # fmt: skip
case("RFFT", tf.spectral.dct, f(1))
for says, kwargs in (
    ("Only Types I, II and III (I)DCT are supported.", {"type": 4}),
    ("n should be a positive integer or None", {"n": 0}),
    ("Normalization is not supported for the Type-I DCT.", {"type": 1, "norm": "ortho"}),
    ("Unknown normalization. Expected None or 'ortho', got: x", {"norm": "x"}),
):
    error("RFFT", tf.signal.dct, f(2, 5), says=says, **kwargs)
error("RFFT", tf.signal.dct, f(2, 1), type=1, says="requires the dimension to be greater than one.")
error("RFFT", tf.signal.idct, f(2, 5), axis=0, error="NotImplementedError", says="axis must be -1.")

# --- Roll ---
case("Roll", tf.roll, t(2, 3), 1, 0, dtypes="f d h bf i l i8 u8 c z")
case("Roll", tf.roll, b(2, 3), 1, 1)
case("Roll", tf.manip.roll, s(2, 3), 1, 1)
case("Roll", tf.roll, f(3, 4), [1, -2], [0, 1])
case("Roll", tf.roll, f(3, 4), [1, 1, 5], [0, -2, 1])
case("Roll", tf.roll, f(3, 4), np.zeros(0, np.int32), np.zeros(0, np.int32), id="roll-not")
case("Roll", tf.roll, f(0, 3), 1, 1)
case("Roll", lambda x, n, a: tf.roll(x, n, a), f(3, 4), i([7, -9]), i([1, 0]), id="roll-fed")
error("Roll", tf.roll, f(), 1, 0, says="Shape must be at least rank 1 but is rank 0")
error("Roll", tf.roll, f(3), [[1]], [0], says="Shape must be at most rank 1 but is rank 2")
error("Roll", tf.roll, f(3), [1, 2], [0], says="Dimension 0 in both shapes must be equal, but are")
error("Roll", tf.roll, f(3), i([1]), i(value=0), says="Shapes must be equal rank, but are 1 and 0")
error("Roll", tf.roll, f(3), 1, 1, at="run", says="axis 1 is out of range")
error("Roll", tf.roll, f(3), 1, -2, at="run", says="axis -1 is out of range")
error("Roll", tf.roll, f(), 1, 0, at="run", says="input must be 1-D or higher")
error("Roll", tf.roll, f(3), i([1]), i(value=0), at="run",
      says="shift and axis must have the same size")  # fmt: skip
error("Roll", tf.roll, f(3), i([[1]]), i([0]), at="run",
      says="shift must be a scalar or a 1-D vector. Found: [1,1]")  # fmt: skip
for fn in (tf.signal.fftshift, tf.signal.ifftshift):
    case("Roll", fn, f(3, 4))
    case("Roll", fn, f(3, 4), axes=1)
    case("Roll", fn, c(3, 5), axes=[0, -1])

# --- frames ---
case("GatherV2", tf.signal.frame, f(2, 10), 4, 2)
case("GatherV2", tf.signal.frame, t(10), 4, 3, dtypes="f d i c")
case("GatherV2", tf.signal.frame, f(2, 10), 4, 3, pad_end=True, pad_value=9)
case("GatherV2", tf.signal.frame, f(10, 2), 3, 5, axis=0)
case("GatherV2", tf.signal.frame, f(2, 10, 3), 3, 5, True, axis=-2)
case("GatherV2", tf.signal.frame, f(2, 3), 4, 2)
case("GatherV2", tf.signal.frame, f(0), 4, 2, pad_end=True)
error("GatherV2", tf.signal.frame, f(), 4, 2, says="must have rank at least 1")
error("GatherV2", tf.signal.frame, f(9), [4], 2, says="must have rank 0")
case("Sum", tf.signal.overlap_and_add, t(2, 3, 4), 2, dtypes="f d i c")
case("Sum", tf.signal.overlap_and_add, f(3, 5), 2)
case("Sum", tf.signal.overlap_and_add, f(3, 2), 3)
case("Reshape", tf.signal.overlap_and_add, f(3, 4), 4)
case("Sum", lambda x, n: tf.signal.overlap_and_add(x, n), f(3, 4), i(value=3), id="overlap-fed")
error("Sum", tf.signal.overlap_and_add, f(3), 2, says="must have rank at least 2")
error("Sum", tf.signal.overlap_and_add, f(3, 4), 2.0, says="frame_step must be an integer.")

# --- windows ---
for fn in (tf.signal.hann_window, tf.signal.hamming_window):
    for n in (1, 2, 5, 8):
        case("Const" if n == 1 else "Cos", fn, n)
    case("Cos", fn, 7, False, tf.float64)
    case("Cos", fn, 6, periodic=False, dtype=tf.float16)
    case("Cos", fn, 6, dtype=tf.float64, name="here")
    error("Cos", fn, 6, dtype=tf.int32, says="dtype must be a floating point type. Found ")

# --- spectra over time ---
case("RFFT", tf.signal.stft, f(2, 20), 8, 4)
case("RFFT", tf.signal.stft, f(20), 6, 4, 8, pad_end=True)
case("RFFT", tf.signal.stft, f(20), 6, 3, window_fn=None)
case("RFFT", tf.signal.stft, f(20), 5, 5, window_fn=tf.signal.hamming_window)
case("RFFT", tf.signal.stft, f(20), 8, 4, 4, grad="TensorFlow's does not fit")
case("IRFFT", tf.signal.inverse_stft, c(2, 3, 5), 8, 4)
case("IRFFT", tf.signal.inverse_stft, c(3, 5), 6, 3, 8)
case("IRFFT", tf.signal.inverse_stft, c(3, 5), 10, 5, 8, None)
case("IRFFT", tf.signal.inverse_stft, c(3, 5), 8, 8, window_fn=None)
case(
    "IRFFT",
    lambda x: tf.signal.inverse_stft(x, 8, 2, window_fn=tf.signal.inverse_stft_window_fn(2)),
    c(3, 5), id="inverse_stft-window",
)  # fmt: skip
case("RealDiv", lambda: tf.signal.inverse_stft_window_fn(3)(8, tf.float64), id="inverse_window")
error("RFFT", tf.signal.stft, f(), 8, 4, says="must have rank at least 1")
error("IRFFT", tf.signal.inverse_stft, c(5), 8, 4, says="must have rank at least 2")
error("IRFFT", tf.signal.inverse_stft, c(2, 5), [8], 4, says="must have rank 0")

# --- the mel scale ---
MEL = tf.signal.linear_to_mel_weight_matrix
case("Minimum", MEL)
case("Minimum", MEL, 8, 33, 16000, 20.0, 7000.0, tf.float64, tol=1e-6)
case("Minimum", lambda: MEL(5, 17, tf.constant(8000.0)), id="mel-constant-rate")
for says, kwargs in (
    ("num_mel_bins must be positive. Got: 0", {"num_mel_bins": 0}),
    ("sample_rate must be positive. Got: 0", {"sample_rate": 0}),
    ("lower_edge_hertz must be non-negative. Got: -1", {"lower_edge_hertz": -1.0}),
    ("lower_edge_hertz 4000.0 >= upper_edge_hertz 3800.0", {"lower_edge_hertz": 4000.0}),
    ("upper_edge_hertz must not be larger than the Nyquist", {"upper_edge_hertz": 4001.0}),
):
    error("Minimum", MEL, says=says, **kwargs)
error("Minimum", lambda: MEL(dtype=tf.int32), says="dtype must be a floating point type.", id="mel")
error("Minimum", lambda x: MEL(sample_rate=x), f(value=8000),
      says="`sample_rate` was a non-constant Tensor.")  # fmt: skip
case("RFFT", tf.signal.mfccs_from_log_mel_spectrograms, f(2, 3, 5))
error("RFFT", tf.signal.mfccs_from_log_mel_spectrograms, f(2, 0), says="num_mel_bins must be posit")
