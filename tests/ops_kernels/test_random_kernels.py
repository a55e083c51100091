import hashlib

import numpy as np
import pytest

import graphflow as tf
from graphflow.ops import _philox
from graphflow.ops import _random_kernels as kernels
from graphflow.ops import _random_rejection as rejection
from tests.ops_kernels.golden import LARGE, cases, numpy_dtype

FILLS = {
    "RandomUniform": kernels.random_uniform,
    "RandomStandardNormal": kernels.random_standard_normal,
    "TruncatedNormal": kernels.truncated_normal,
}
RELATIVE = {"float16": 1e-3, "bfloat16": 8e-3, "float32": 5e-7, "float64": 2e-15}


def run(case, offset):
    """Run a recorded case from a block on; return its array and the blocks it reserves."""
    seeds = case.attrs["seed"], case.attrs["seed2"], offset
    args = list(case.inputs.values())
    if case.op in FILLS:
        return FILLS[case.op](*seeds, tuple(args[0]), numpy_dtype(case.attrs["dtype"]))
    match case.op:
        case "RandomUniformInt":
            return kernels.random_uniform_int(*seeds, tuple(args[0]), args[1][()], args[2][()])
        case "RandomShuffle":
            order, reserved = kernels.random_shuffle(*seeds, len(args[0]))
            return args[0][order], reserved
        case "Multinomial":
            return kernels.multinomial(*seeds, args[0], int(args[1]))
        case "RandomGamma":
            return rejection.random_gamma(*seeds, tuple(args[0]), args[1])
        case "RandomPoissonV2":
            return rejection.random_poisson(*seeds, tuple(args[0]), args[1], case.attrs["dtype"])
    return rejection.parameterized_truncated_normal(*seeds, tuple(args[0]), *args[1:])


def replay(op):
    """Every run of every recorded case of an op: what came out, and what TensorFlow gave."""
    for case in cases(op):
        offset = 0
        for (wanted,) in case.runs:
            got, reserved = run(case, offset)
            offset += reserved
            if isinstance(wanted, bytes):
                assert hashlib.sha256(got.tobytes()).digest() == wanted, case
                continue
            assert got.shape == wanted.shape, case
            assert got.dtype == wanted.dtype, case
            yield got, wanted, case


@pytest.mark.parametrize(
    "op", ["RandomUniform", "RandomUniformInt", "RandomShuffle", "Multinomial", "RandomPoissonV2"]
)
def test_bits_are_tensorflows(op):
    for got, wanted, case in replay(op):
        np.testing.assert_array_equal(got, wanted, str(case))


@pytest.mark.parametrize(
    ("op", "share"),
    [
        ("RandomStandardNormal", 0.98),
        ("TruncatedNormal", 0.98),
        ("RandomGamma", 0.9),  # several functions of float64, none of them rounded from wider ones
        ("ParameterizedTruncatedNormal", 0.98),
    ],
)
def test_normals_are_tensorflows_but_for_the_last_place(op, share):
    equal = total = 0
    for got, wanted, _ in replay(op):
        np.testing.assert_allclose(
            got.astype("d"), wanted.astype("d"), rtol=RELATIVE[str(got.dtype)], atol=1e-30
        )
        equal, total = equal + (got == wanted).sum(), total + got.size
    assert equal >= share * total


def scalar_philox(key, counter):
    """Philox4x32-10 on Python integers: the four words of one block."""
    words = [counter >> 32 * i & 0xFFFFFFFF for i in range(4)]
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0, p1 = 0xD2511F53 * words[0], 0xCD9E8D57 * words[2]
        words = [
            p1 >> 32 ^ words[1] ^ k0,
            p1 & 0xFFFFFFFF,
            p0 >> 32 ^ words[3] ^ k1,
            p0 & 0xFFFFFFFF,
        ]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return words


@pytest.mark.parametrize("start", [0, 2**32 - 5, 2**64 - 7])
def test_blocks_equal_the_definition_across_tiles_and_carries(start):
    key, upper, n = 2**40 + 5, 2**35 + 9, 2 * _philox.TILE + 20
    words = _philox.fill_blocks(key, upper, start, n)
    assert words.shape == (n, 4)
    for i in (*range(12), _philox.TILE - 1, _philox.TILE, n - 1):
        assert words[i].tolist() == scalar_philox(key, (upper << 64) + start + i)
    if start + n < 2**64:
        picked = np.array([3, n - 1, 7], np.uint64)
        np.testing.assert_array_equal(
            _philox.blocks_at(key, upper, picked + np.uint64(start)), words[[3, n - 1, 7]]
        )


def test_no_blocks_is_an_empty_array():
    assert _philox.fill_blocks(1, 2, 0, 0).shape == (0, 4)
    assert _philox.blocks_at(1, 2, np.empty(0, np.uint64)).shape == (0, 4)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_fills_continue_small_ones(dtype):
    for fill in FILLS.values():
        large, reserved = fill(3, 4, 100, (LARGE,), dtype)
        small, _ = fill(3, 4, 100, (50, 2), dtype)
        np.testing.assert_array_equal(large[:100], small.reshape(-1))
        assert reserved == 256 * LARGE
    assert (np.abs(large) < 2).all()
    assert len(np.unique(large)) > 0.99 * LARGE


def test_integers_stay_in_range_and_refuse_an_empty_one():
    low, high = np.int32(-(2**31)), np.int32(2**31 - 1)
    got, _ = kernels.random_uniform_int(1, 2, 0, (1000,), low, high)
    assert got.min() < 0 < got.max()
    with pytest.raises(ValueError, match="Need minval < maxval, got 5 >= 5"):
        kernels.random_uniform_int(1, 2, 0, (1,), np.int32(5), np.int32(5))
    assert kernels.random_uniform_int(1, 2, 0, (0,), np.int32(5), np.int32(5))[0].size == 0


def test_weightless_logits_are_never_drawn():
    logits = np.array([[np.nan, 0, np.inf, 0, -np.inf], [np.nan] * 5], np.float32)
    got, _ = kernels.multinomial(1, 2, 0, logits, 200)
    assert set(got[0].tolist()) == {1, 3}
    assert set(got[1].tolist()) == {5}


def test_parameters_without_a_distribution_are_refused_or_nan():
    draw = rejection.parameterized_truncated_normal
    for values in ((0, 1, 2, 1), (0, -1, 0, 1), (0, 1, -np.inf, np.inf)):
        with pytest.raises(ValueError, match="Invalid parameters"):
            draw(1, 2, 0, (2,), *(np.array(v, np.float32) for v in values))
    with pytest.raises(ValueError, match="failed to accept a sample"):
        draw(1, 2, 0, (2,), *(np.array(v, np.float32) for v in (np.nan, 1, -1, 1)))
    with pytest.raises(ValueError, match="length 1 or shape"):
        draw(1, 2, 0, (3,), np.zeros(2), np.ones(()), -np.ones(()), np.ones(()))
    alpha = np.array([-1, 0, np.nan, np.inf], np.float32)
    gammas, _ = rejection.random_gamma(1, 2, 0, (3,), alpha)
    np.testing.assert_array_equal(gammas, np.tile([np.nan, 0, np.nan, np.inf], (3, 1)))
    rate = np.array([-1, np.inf, np.nan], np.float32)
    counts, _ = rejection.random_poisson(1, 2, 0, (3,), rate, np.int32)
    np.testing.assert_array_equal(counts, np.tile([0, -(2**31), -(2**31)], (3, 1)))


def test_sizes_of_short_integers_are_taken_as_numpy_1_gave_them():
    """`max(labels) + 1` of uint8 labels was an int64 before NumPy 2; programs use it as a size."""
    labels = np.array([3, 1], np.uint8)
    with tf.Graph().as_default():
        made = tf.truncated_normal([2, max(labels) + 1])
        assert made.shape == (2, 4)
        assert tf.random_uniform([max(labels) + 1]).shape == (4,)
