from itertools import product

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.ops import _conv_kernels as kernels
from graphflow.ops._conv_kernels import (
    conv2d,
    conv2d_backprop_filter,
    conv2d_backprop_input,
    conv_output_size,
    padding_amounts,
)
from tests.ops_kernels.golden import cases

TOLERANCE = {"float16": 2e-2, "bfloat16": 6e-2, "float32": 2e-5, "float64": 1e-12, "int32": 0}


def naive(x, w, strides, padding, explicit_paddings=(0,) * 8, dilations=(1, 1, 1, 1)):
    """NHWC convolution, one output pixel at a time, in float64."""
    x, w = x.astype(np.float64), w.astype(np.float64)
    pads = [
        padding_amounts(
            x.shape[a],
            w.shape[a - 1],
            strides[a],
            dilations[a],
            padding,
            (explicit_paddings[2 * a], explicit_paddings[2 * a + 1]),
        )
        for a in (1, 2)
    ]
    (oh, *ph), (ow, *pw) = pads
    x = np.pad(x, ((0, 0), ph, pw, (0, 0)))
    groups = x.shape[3] // w.shape[2]
    y = np.zeros((x.shape[0], oh, ow, w.shape[3]))
    for i, j in product(range(oh), range(ow)):
        for a, b in product(range(w.shape[0]), range(w.shape[1])):
            pixel = x[:, i * strides[1] + a * dilations[1], j * strides[2] + b * dilations[2]]
            for g in range(groups):
                ci = slice(g * w.shape[2], (g + 1) * w.shape[2])
                co = slice(g * w.shape[3] // groups, (g + 1) * w.shape[3] // groups)
                y[:, i, j, co] += pixel[:, ci] @ w[a, b, :, co]
    return y


def close(got, wanted):
    tolerance = TOLERANCE[str(got.dtype)]
    scale = max(1.0, float(np.abs(wanted).max(initial=0)))
    assert got.flags.c_contiguous
    assert got.shape == wanted.shape
    np.testing.assert_allclose(
        got.astype(np.float64), wanted.astype(np.float64), rtol=tolerance, atol=tolerance * scale
    )


def test_results_equal_tensorflows():
    for case in cases("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"):
        values = list(case.inputs.values())
        run = {
            "Conv2D": conv2d,
            "Conv2DBackpropInput": conv2d_backprop_input,
            "Conv2DBackpropFilter": conv2d_backprop_filter,
        }[case.op]
        got = run(*values, **case.attrs)
        wanted = case.runs[0][0]
        assert got.dtype == wanted.dtype, case
        assert got.shape == wanted.shape, case
        close(got, wanted)


GEOMETRY = st.fixed_dictionaries(
    {
        "n": st.integers(0, 3),
        "size": st.tuples(st.integers(1, 9), st.integers(1, 9)),
        "kernel": st.tuples(st.integers(1, 4), st.integers(1, 4)),
        "channels": st.sampled_from([(1, 1), (2, 3), (9, 2), (10, 1)]),
        "groups": st.sampled_from([1, 1, 2]),
        "strides": st.tuples(st.integers(1, 3), st.integers(1, 3)),
        "dilations": st.tuples(st.integers(1, 2), st.integers(1, 2)),
        "padding": st.sampled_from(["SAME", "VALID", "EXPLICIT"]),
        "pads": st.tuples(*[st.integers(0, 5)] * 4),
        "nchw": st.booleans(),
        "block": st.sampled_from([1, 600, 1 << 20]),
    }
)


def arguments(g):
    attrs = {
        "strides": [1, *g["strides"], 1],
        "dilations": [1, *g["dilations"], 1],
        "padding": g["padding"],
        "explicit_paddings": [0, 0, *g["pads"], 0, 0] if g["padding"] == "EXPLICIT" else [],
    }
    order = [0, 3, 1, 2] if g["nchw"] else [0, 1, 2, 3]
    native = {k: [v[a] for a in order] if len(v) == 4 else v for k, v in attrs.items()}
    native["padding"] = g["padding"]
    if g["nchw"] and attrs["explicit_paddings"]:
        native["explicit_paddings"] = [0, 0, 0, 0, *g["pads"]]
    native["data_format"] = "NCHW" if g["nchw"] else "NHWC"
    if not attrs["explicit_paddings"]:
        del attrs["explicit_paddings"]
    return attrs, native, order


@settings(max_examples=150, deadline=None, derandomize=True)
@given(GEOMETRY)
def test_forward_and_gradients_agree_with_one_pixel_at_a_time(g):
    attrs, native, order = arguments(g)
    back = np.argsort(order)
    rng = np.random.default_rng(0)
    ci, co = g["channels"]
    x = rng.standard_normal((g["n"], *g["size"], ci * g["groups"]))
    w = rng.standard_normal((*g["kernel"], ci, co * g["groups"]))
    try:
        wanted = naive(x, w, **attrs)
    except ValueError:
        with pytest.raises(ValueError, match="Negative dimension size"):
            conv2d(x.transpose(order), w, **native)
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "BLOCK_BYTES", g["block"])
        images = np.ascontiguousarray(x.transpose(order))
        y = conv2d(images, w, **native)
        close(y, wanted.transpose(order))
        dy = rng.standard_normal(y.shape)
        dx = conv2d_backprop_input(images.shape, w, dy, **native)
        dw = conv2d_backprop_filter(images, w.shape, dy, **native)
    # The gradients are the adjoints of the convolution in each argument, checked in a direction.
    u, v = rng.standard_normal(images.shape), rng.standard_normal(w.shape)
    along_x = naive(u.transpose(back), w, **attrs).transpose(order)
    along_w = naive(x, v, **attrs).transpose(order)
    np.testing.assert_allclose((dx * u).sum(), (dy * along_x).sum(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose((dw * v).sum(), (dy * along_w).sum(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.int32])
@pytest.mark.parametrize("stride", [1, 2])
def test_dtypes_are_kept_and_summed_wide(dtype, stride):
    rng = np.random.default_rng(1)
    x = rng.integers(-4, 5, (2, 6, 7, 9)).astype(dtype)
    w = rng.integers(-4, 5, (3, 2, 9, 4)).astype(dtype)
    attrs = {"strides": [1, stride, stride, 1], "padding": "SAME"}
    y = conv2d(x, w, **attrs)
    assert y.dtype == dtype
    close(y, naive(x, w, **attrs))
    dy = rng.integers(-2, 3, y.shape).astype(dtype)
    wide = [a.astype(np.float64) for a in (x, w, dy)]
    dx = conv2d_backprop_input(x.shape, w, dy, **attrs)
    dw = conv2d_backprop_filter(x, w.shape, dy, **attrs)
    close(dx, conv2d_backprop_input(x.shape, wide[1], wide[2], **attrs))
    close(dw, conv2d_backprop_filter(wide[0], w.shape, wide[2], **attrs))
    assert dx.dtype == dw.dtype == dtype


@pytest.mark.parametrize("kernel", [1, 3])
def test_any_memory_layout_gives_the_same_and_no_input_is_written(kernel):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((3, 5, 6, 4), np.float32)
    w = rng.standard_normal((kernel, kernel, 4, 3), np.float32)
    attrs = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    y = conv2d(x, w, **attrs)
    odd = np.asfortranarray(x), np.asfortranarray(w), np.asfortranarray(y)
    for array in (*odd, x, w, y):
        array.setflags(write=False)
    close(conv2d(odd[0], odd[1], **attrs), y)
    close(
        conv2d_backprop_input(x.shape, odd[1], odd[2], **attrs),
        conv2d_backprop_input(x.shape, w, y, **attrs),
    )
    close(
        conv2d_backprop_filter(odd[0], w.shape, odd[2], **attrs),
        conv2d_backprop_filter(x, w.shape, y, **attrs),
    )


def test_out_is_filled_and_returned():
    rng = np.random.default_rng(3)
    attrs = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    x = rng.standard_normal((2, 4, 4, 2))
    w = rng.standard_normal((3, 3, 2, 2))
    y = conv2d(x, w, **attrs)
    buffer = np.full((3, *y.shape), np.nan)
    assert conv2d(x, w, out=buffer[1], **attrs).base is buffer
    np.testing.assert_array_equal(buffer[1], y)
    assert np.isnan(buffer[[0, 2]]).all()
    dx, dw = np.full_like(x, np.nan), np.full_like(w, np.nan)
    conv2d_backprop_input(x.shape, w, y, out=dx, **attrs)
    conv2d_backprop_filter(x, w.shape, y, out=dw, **attrs)
    np.testing.assert_array_equal(dx, conv2d_backprop_input(x.shape, w, y, **attrs))
    np.testing.assert_array_equal(dw, conv2d_backprop_filter(x, w.shape, y, **attrs))
    with pytest.raises(ValueError, match="out must be C-contiguous float64"):
        conv2d(x, w, out=np.empty(y.shape, np.float32), **attrs)


def test_empty_dimensions_give_zeros():
    attrs = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    x, w = np.ones((2, 4, 4, 0)), np.ones((3, 3, 0, 2))
    dy = np.ones((2, 4, 4, 2))
    assert not conv2d(x, w, **attrs).any()
    assert conv2d_backprop_input(x.shape, w, dy, **attrs).shape == x.shape
    assert conv2d_backprop_filter(x, w.shape, dy, **attrs).shape == w.shape
    assert not conv2d_backprop_filter(np.ones((0, 4, 4, 1)), (3, 3, 1, 2), dy[:0], **attrs).any()
    assert conv2d(np.ones((2, 0, 4, 1)), np.ones((3, 3, 1, 2)), **attrs).shape == (2, 0, 4, 2)


def test_output_sizes_follow_tensorflows_padding():
    assert padding_amounts(5, 2, 1, 1, "SAME") == (5, 0, 1)
    assert padding_amounts(6, 3, 2, 1, "SAME") == (3, 0, 1)
    assert padding_amounts(5, 1, 3, 1, "SAME") == (2, 0, 0)
    assert padding_amounts(8, 3, 1, 2, "VALID") == (4, 0, 0)
    assert padding_amounts(8, 3, 2, 1, "EXPLICIT", (2, 1)) == (5, 2, 1)
    assert conv_output_size(None, 3, 1, 1, "SAME") is None
    assert conv_output_size(8, None, 1, 1, "VALID") is None
    assert conv_output_size(8, None, 3, 1, "SAME") == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strides": [1, 1, 1, 2]}, "strides in the batch and depth"),
        ({"dilations": [2, 1, 1, 1]}, "dilations in the batch and depth"),
        ({"strides": [1, 1]}, "must specify 4 dimensions"),
        ({"padding": "FULL"}, "padding must be"),
        ({"data_format": "HWNC"}, "data_format must be"),
        ({"padding": "EXPLICIT", "explicit_paddings": [0, 0, 1, 1]}, "8 entries"),
    ],
)
def test_attributes_that_do_not_fit_are_refused(change, message):
    attrs = {"strides": [1, 1, 1, 1], "padding": "SAME", **change}
    with pytest.raises(ValueError, match=message):
        conv2d(np.ones((1, 4, 4, 2)), np.ones((2, 2, 2, 2)), **attrs)


def test_depths_and_gradients_that_do_not_fit_are_refused():
    attrs = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    with pytest.raises(ValueError, match="evenly divisible by filter depth: 4 vs 3"):
        conv2d(np.ones((1, 4, 4, 4)), np.ones((2, 2, 3, 2)), **attrs)
    with pytest.raises(ValueError, match="out_backprop has the sizes"):
        conv2d_backprop_input((1, 4, 4, 2), np.ones((2, 2, 2, 2)), np.ones((1, 3, 4, 2)), **attrs)
