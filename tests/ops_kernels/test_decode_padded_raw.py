"""DecodePaddedRaw of rows of different lengths, for which TensorFlow 1.15 damages its memory."""

import numpy as np
import pytest

import graphflow as tf
from graphflow.core.declare import apply


def padded(rows: list[bytes], length: int, dtype: str, **options: bool) -> np.ndarray:
    with tf.Graph().as_default(), tf.Session() as session:
        found = apply("DecodePaddedRaw", rows, length, out_type=dtype, **options)
        assert found.shape.as_list() == [len(rows), length // np.dtype(dtype).itemsize]
        return session.run(found)


def test_short_rows_are_filled_up_and_long_ones_cut_off() -> None:
    found = padded([b"abcdef", b"ab", b""], 4, "int16")
    wanted = np.array([[0x6261, 0x6463], [0x6261, 0], [0, 0]], np.int16)
    np.testing.assert_array_equal(found, wanted)


def test_bytes_may_come_in_the_other_order() -> None:
    found = padded([b"ab"], 4, "int16", little_endian=False)
    np.testing.assert_array_equal(found, np.array([[0x6162, 0]], np.int16))


def test_the_length_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="`fixed_length` must be greater than 0 but is 0"):
        padded([b"ab"], 0, "uint8")
