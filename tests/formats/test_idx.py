"""IDX files: what is written is read back, and a damaged file is named."""

import contextlib
import gzip
import io
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graphflow.formats.idx import read_idx, write_idx

DTYPES = ["uint8", "int8", "int16", "int32", "float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_every_type_comes_back(tmp_path, dtype, suffix):
    array = (np.arange(24) * 5 - 60).astype(dtype).reshape(2, 3, 4)
    path = tmp_path / f"a.idx{suffix}"
    write_idx(path, array)
    back = read_idx(path)
    assert back.dtype == array.dtype
    assert back.dtype.isnative
    assert back.flags.writeable
    np.testing.assert_array_equal(back, array)
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == (suffix == ".gz")


@given(
    hnp.arrays(
        st.sampled_from([*DTYPES, ">i2", ">f8"]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0),
    )
)
def test_any_array_comes_back_bit_by_bit(array):
    file = io.BytesIO()
    write_idx(file, array)
    file.seek(0)
    back = read_idx(file)
    assert back.shape == array.shape
    assert back.tobytes() == array.astype(array.dtype.newbyteorder("=")).tobytes()


@given(st.binary(max_size=60))
def test_arbitrary_bytes_give_an_array_or_a_value_error(data):
    for packed in (data, gzip.compress(data, mtime=0), b"\x1f\x8b" + data):
        with contextlib.suppress(ValueError):
            assert isinstance(read_idx(io.BytesIO(packed)), np.ndarray)


def test_bytes_are_big_endian_behind_magic_and_sizes(tmp_path):
    path = tmp_path / "x"
    write_idx(path, np.array([[1, 2, 3]], np.int16))
    assert path.read_bytes() == bytes.fromhex("00000b02 00000001 00000003 0001 0002 0003")


def test_gzip_is_recognised_by_content_not_by_name(tmp_path):
    path = tmp_path / "digits"
    path.write_bytes(gzip.compress(bytes.fromhex("00000801 00000002 0709")))
    assert read_idx(path).tolist() == [7, 9]


def test_same_array_gives_same_bytes(tmp_path):
    array = np.zeros((3, 5), np.uint8)
    write_idx(tmp_path / "a.gz", array)
    write_idx(tmp_path / "b.gz", array)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_file_object_stays_open(tmp_path):
    path = tmp_path / "a.gz"
    write_idx(path, np.arange(4, dtype=np.uint8))
    with open(path, "rb") as file:
        assert read_idx(file).tolist() == [0, 1, 2, 3]
        assert not file.closed


WHOLE = bytes.fromhex("00000801 00000004 01020304")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "Truncated IDX file"),
        (WHOLE[:3], "Truncated IDX file"),
        (WHOLE[:7], "Truncated IDX file"),
        (WHOLE[:-1], "4 bytes were to come and only 3 came"),
        (WHOLE + b"\0", "More bytes than shape"),
        (gzip.compress(WHOLE, mtime=0)[:-9], "gzip data break off"),
        (gzip.compress(WHOLE, mtime=0)[:-1], "gzip data break off"),
        (gzip.compress(WHOLE, mtime=0)[:-8] + bytes(8), "Damaged gzip data"),
        (gzip.compress(WHOLE, mtime=0)[:10] + bytes(20), "Damaged gzip data|Truncated"),
        (b"\x1f\x8bnonsense", "Damaged gzip data"),
        (b"<html><body>not here</body>", "Invalid magic number 1013478509"),
        (bytes.fromhex("00000701 00000000"), "Invalid magic number 1793"),
        (bytes.fromhex("000008ff") + bytes(4 * 255), "255 dimensions"),
    ],
)
def test_damaged_file_is_named(tmp_path, data, says):
    path = tmp_path / "some-name.gz"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=says) as caught:
        read_idx(path)
    assert "some-name.gz" in str(caught.value)


def test_wanted_magic_is_demanded(tmp_path):
    path = tmp_path / "labels"
    write_idx(path, np.zeros(3, np.uint8))
    assert read_idx(path, magic=2049).shape == (3,)
    with pytest.raises(
        ValueError, match=r"Invalid magic number 2049 in MNIST image file: .*labels"
    ):
        read_idx(path, magic=2051, what="MNIST image")


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ((2**32 - 1, 2**32 - 1, 2**32 - 1), "too large for memory"),
        ((0, 2**32 - 1, 2**32 - 1), "too large for memory"),
        ((2**20, 2**12), "Truncated"),
        ((2**32 - 1,), "Truncated"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_huge_sizes_raise_without_allocation(sizes, says, pack):
    head = bytes([0, 0, 0x0E, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=says):
            read_idx(io.BytesIO(pack(head + bytes(100))))
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", ["bool", "int64", "uint16", "float16", "complex64", "U3"])
def test_other_types_are_refused(tmp_path, dtype):
    with pytest.raises(TypeError, match="IDX files hold uint8, int8"):
        write_idx(tmp_path / "x", np.zeros(2, dtype))
    assert not (tmp_path / "x").exists()
