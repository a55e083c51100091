from itertools import product

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.ops import _pool_kernels as kernels
from graphflow.ops._conv_kernels import padding_amounts
from tests.ops_kernels.golden import cases

GRADIENTS = {
    "MaxPoolGrad": kernels.max_pool_grad,
    "MaxPoolGradGrad": kernels.max_pool_grad_grad,
    "MaxPoolGradWithArgmax": kernels.max_pool_grad_with_argmax,
}


def same(got, wanted, about=""):
    assert got.dtype == wanted.dtype, about
    assert got.flags.c_contiguous, about
    np.testing.assert_array_equal(got, wanted, str(about))


def test_max_pool_equals_tensorflows_bit_for_bit():
    for case in cases("MaxPool"):
        same(kernels.max_pool(case.inputs["input"], **case.attrs), case.runs[0][0], case)


def test_max_pool_gradients_equal_tensorflows_bit_for_bit():
    for case in cases("MaxPoolGrad", "MaxPoolGradGrad", "MaxPoolGradWithArgmax"):
        attrs = dict(case.attrs)
        if case.op == "MaxPoolGradWithArgmax":
            attrs = {"include_batch_in_index": attrs["include_batch_in_index"]}
        same(GRADIENTS[case.op](*case.inputs.values(), **attrs), case.runs[0][0], case)


def test_argmax_equals_tensorflows():
    for case in cases("MaxPoolWithArgmax"):
        got = kernels.max_pool_with_argmax(case.inputs["input"], **case.attrs)
        for value, wanted in zip(got, case.runs[0], strict=True):
            same(value, wanted, case)


def test_averages_and_their_gradients_equal_tensorflows_bit_for_bit():
    for case in cases("AvgPool"):
        same(kernels.avg_pool(case.inputs["value"], **case.attrs), case.runs[0][0], case)
    for case in cases("AvgPoolGrad"):
        got = kernels.avg_pool_grad(*case.inputs.values(), **case.attrs)
        same(got, case.runs[0][0], case)


POOLS = st.fixed_dictionaries(
    {
        "n": st.integers(0, 3),
        "size": st.tuples(st.integers(1, 9), st.integers(1, 9)),
        "window": st.tuples(st.integers(1, 4), st.integers(1, 4)),
        "strides": st.tuples(st.integers(1, 4), st.integers(1, 4)),
        "padding": st.sampled_from(["SAME", "VALID"]),
        "nchw": st.booleans(),
        "block": st.sampled_from([1, 1 << 19]),
        "dtype": st.sampled_from([np.float16, ml_dtypes.bfloat16, np.float32, np.float64]),
        "seed": st.integers(0, 5),
    }
)


def windows(g):
    """The input slices of each output pixel of an NHWC pooling."""
    axes = []
    for size, window, stride in zip(g["size"], g["window"], g["strides"], strict=True):
        out, before, _ = padding_amounts(size, window, stride, 1, g["padding"])
        starts = [i * stride - before for i in range(out)]
        axes.append([slice(max(0, s), min(size, s + window)) for s in starts])
    return axes


@settings(max_examples=150, deadline=None, derandomize=True)
@given(POOLS)
def test_pooling_agrees_with_one_window_at_a_time(g):
    rng = np.random.default_rng(g["seed"])
    order = [0, 3, 1, 2] if g["nchw"] else [0, 1, 2, 3]
    back = np.argsort(order)
    attrs = {
        "ksize": [[1, *g["window"], 1][a] for a in order],
        "strides": [[1, *g["strides"], 1][a] for a in order],
        "padding": g["padding"],
        "data_format": "NCHW" if g["nchw"] else "NHWC",
    }
    x = rng.integers(-3, 4, (g["n"], *g["size"], 2)).astype(g["dtype"])
    images = np.asfortranarray(x.transpose(order))
    try:
        rows, cols = windows(g)
    except ValueError:
        with pytest.raises(ValueError, match="Negative dimension size"):
            kernels.max_pool(images, **attrs)
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "BLOCK_BYTES", g["block"])
        y, mean = kernels.max_pool(images, **attrs), kernels.avg_pool(images, **attrs)
        dy = rng.integers(-3, 4, y.shape).astype(g["dtype"])
        dx = kernels.max_pool_grad(images, y, dy, **attrs)
        ddy = kernels.max_pool_grad_grad(images, y, images, **attrs)
        dmean = kernels.avg_pool_grad(images.shape, dy, **attrs)
    wanted_dx, wanted_dmean = (np.zeros(x.shape) for _ in range(2))
    y, mean, dy, ddy = (a.transpose(back) for a in (y, mean, dy, ddy))
    tolerance = {2: 3e-2}.get(y.dtype.itemsize, 1e-6)
    np.testing.assert_array_equal(ddy.astype("d"), y.astype("d"))
    for (i, r), (j, c) in product(enumerate(rows), enumerate(cols)):
        part = x[:, r, c].astype(np.float64)
        np.testing.assert_array_equal(y[:, i, j].astype("d"), part.max((1, 2)))
        close = part.mean((1, 2))
        np.testing.assert_allclose(mean[:, i, j].astype("d"), close, rtol=tolerance, atol=tolerance)
        area = part.shape[1] * part.shape[2]
        wanted_dmean[:, r, c] += dy[:, i, j][:, None, None].astype("d") / area
        for n, k in product(range(g["n"]), range(2)):
            a, b = np.unravel_index(part[n, :, :, k].argmax(), part.shape[1:3])
            wanted_dx[n, r.start + a, c.start + b, k] += float(dy[n, i, j, k])
    np.testing.assert_array_equal(dx.transpose(back).astype("d"), wanted_dx)
    np.testing.assert_allclose(
        dmean.transpose(back).astype("d"), wanted_dmean, rtol=tolerance, atol=tolerance * 10
    )


def test_gradient_of_infinite_and_nan_gradients_stays_at_the_winner():
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    attrs = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "VALID"}
    y = kernels.max_pool(x, **attrs)
    dy = np.array([np.inf, np.nan, -1.0, 0.0]).reshape(y.shape)
    dx = kernels.max_pool_grad(x, y, dy, **attrs).reshape(-1)
    np.testing.assert_array_equal(dx[[5, 7, 13, 15]], dy.reshape(-1))
    assert not np.delete(dx, [5, 7, 13, 15]).any()
    assert not np.signbit(dx[dx == 0]).any()


def test_bfloat16_ignores_nan_and_averages_in_float32():
    attrs = {"ksize": [1, 1, 4, 1], "strides": [1, 1, 4, 1], "padding": "VALID"}
    x = np.array([np.nan, 1, 2, -np.inf, 256, 1, 1, 1]).astype(ml_dtypes.bfloat16)
    x = x.reshape(1, 1, 8, 1)
    y = kernels.max_pool(x, **attrs)
    assert y.reshape(-1).astype(float).tolist() == [2, 256]
    assert kernels.max_pool_grad(x, y, y, **attrs).reshape(-1)[4] == 256
    assert float(kernels.avg_pool(x, **attrs).reshape(-1)[1]) == 65


def test_out_is_filled_whatever_it_held():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 5, 5, 3))
    for size, stride in ((2, 2), (3, 2), (1, 2)):
        attrs = {"ksize": [1, size, size, 1], "strides": [1, stride, stride, 1], "padding": "SAME"}
        y = kernels.max_pool(x, **attrs)
        for run, args in (
            (kernels.max_pool, (x,)),
            (kernels.avg_pool, (x,)),
            (kernels.max_pool_grad, (x, y, y)),
            (kernels.max_pool_grad_grad, (x, y, x)),
            (kernels.avg_pool_grad, (x.shape, y)),
        ):
            wanted = run(*args, **attrs)
            dirty = np.full_like(wanted, np.nan)
            assert run(*args, out=dirty, **attrs) is dirty
            np.testing.assert_array_equal(dirty, wanted)


def test_depth_pooling_has_a_gradient():
    x = np.array([1.0, 3, 3, 2, 5, 4]).reshape(1, 1, 1, 6)
    for order, fmt in (((0, 1, 2, 3), "NHWC"), ((0, 3, 1, 2), "NCHW")):
        images, size = x.transpose(order), [(1, 1, 1, 3)[a] for a in order]
        attrs = {"ksize": size, "strides": size, "padding": "VALID", "data_format": fmt}
        y = kernels.max_pool(images, **attrs)
        assert y.reshape(-1).tolist() == [3, 5]
        dx = kernels.max_pool_grad(images, y, y * 10, **attrs)
        assert dx.reshape(-1).tolist() == [0, 30, 0, 0, 50, 0]


def test_gradient_by_position_undoes_its_gradient():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 4, 4, 3))
    attrs = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "VALID"}
    best, argmax = kernels.max_pool_with_argmax(x, targmax=np.int32, **attrs)
    assert argmax.dtype == np.int32
    same(kernels.max_pool_grad_grad_with_argmax(x, x, argmax), best)
    with pytest.raises(ValueError, match="outside the input of 96 elements"):
        kernels.max_pool_grad_with_argmax(x, best, argmax + 1000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ksize": [2, 1, 1, 1]}, "batch dimension"),
        ({"ksize": [1, 2, 2, 2]}, "exactly one of pooling across depth"),
        ({"ksize": [1, 1, 1, 3]}, "evenly divide the input depth"),
        ({"ksize": [1, 1, 1, 2]}, "equal the stride"),
        ({"ksize": [2, 2]}, "4 dimensions"),
        ({"padding": "EXPLICIT"}, "padding must be"),
        ({"data_format": "NHCW"}, "data_format must be"),
    ],
)
def test_attributes_that_do_not_fit_are_refused(change, message):
    attrs = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "SAME", **change}
    with pytest.raises(ValueError, match=message):
        kernels.max_pool(np.ones((1, 4, 4, 4)), **attrs)


def test_averages_over_depth_are_refused():
    depth = {"ksize": [1, 1, 1, 2], "strides": [1, 1, 1, 2], "padding": "VALID"}
    with pytest.raises(ValueError, match="Non-spatial pooling is not yet supported"):
        kernels.avg_pool(np.ones((1, 4, 4, 4)), **depth)
