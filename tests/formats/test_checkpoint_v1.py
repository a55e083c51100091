"""V1 checkpoints read as TensorFlow wrote them, and damage is found."""

import shutil

import pytest

from graphflow.core import dtypes
from graphflow.core.errors import DataLossError, InvalidArgumentError, NotFoundError
from graphflow.formats import proto
from graphflow.formats.bundle import BundleReader
from graphflow.formats.checkpoint_v1 import CheckpointV1Reader, matching_files, open_checkpoint
from graphflow.formats.sstable import TableWriter
from tests.formats.golden import DIRECTORY, all_types, bundle_rows, full_values, outcome, same
from tests.golden.formats import values


def test_every_type_reads():
    wanted = {name: array for name, array in all_types().items() if name in values.V1_TYPES}
    with CheckpointV1Reader(DIRECTORY / "v1") as reader:
        assert reader.names() == sorted(wanted)
        assert all(same(reader.read(name), value) for name, value in wanted.items())
        assert reader.dtype_shape_map() == {
            name: (dtypes.as_dtype(value.dtype), value.shape) for name, value in wanted.items()
        }


def test_slices_read():
    wanted = full_values(bundle_rows("partitioned"))
    reader = CheckpointV1Reader(DIRECTORY / "v1_slices")
    assert all(same(reader.read(name), value) for name, value in wanted.items())
    part = reader.read("part/big", "70 300 60,8:90,20")
    assert same(part, wanted["part/big"][60:68, 90:110])
    with pytest.raises(InvalidArgumentError, match="does not match the shape"):
        reader.read("part/big", "70 301 60,8:90,20")


def test_a_missing_name_is_not_found():
    reader = CheckpointV1Reader(DIRECTORY / "v1")
    assert reader.has("float32")
    assert not reader.has("zz")
    with pytest.raises(NotFoundError, match="Key zz not found in checkpoint"):
        reader.read("zz")


def test_the_format_is_found_out():
    assert isinstance(open_checkpoint(DIRECTORY / "v1"), CheckpointV1Reader)
    assert isinstance(open_checkpoint(DIRECTORY / "many"), BundleReader)
    with pytest.raises(NotFoundError, match="Failed to find any matching files for"):
        open_checkpoint(DIRECTORY / "none")
    with pytest.raises(NotFoundError, match="Failed to find any matching files for"):
        CheckpointV1Reader(DIRECTORY / "none")


def test_shards_read_as_one(tmp_path):
    shutil.copy(DIRECTORY / "v1", tmp_path / "m-00000-of-00002")
    shutil.copy(DIRECTORY / "v1_slices", tmp_path / "m-00001-of-00002")
    for prefix in (tmp_path / "m", tmp_path / "m-?????-of-00002"):
        assert len(matching_files(prefix)) == 2
        reader = open_checkpoint(prefix)
        assert reader.has("plain")
        assert reader.has("float32")


def test_every_bit_flip_is_found_or_harmless(tmp_path):
    data = (DIRECTORY / "v1").read_bytes()
    good = {n: CheckpointV1Reader(DIRECTORY / "v1").read(n).tolist() for n in ("int8", "string")}
    path = tmp_path / "m"
    for bit in range(0, 8 * len(data), 3):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        result = outcome(lambda: {n: CheckpointV1Reader(path).read(n).tolist() for n in good})
        assert result == good or str(path) in str(result)


def test_truncations_are_found(tmp_path):
    data = (DIRECTORY / "v1").read_bytes()
    for size in range(0, len(data), 7):
        (tmp_path / "m").write_bytes(data[:size])
        with pytest.raises(DataLossError):
            CheckpointV1Reader(tmp_path / "m")


@pytest.mark.parametrize("sizes", [(1 << 60,), (3,), (-1,), ()])
def test_a_tensor_whose_values_are_not_there_is_data_loss(sizes, tmp_path):
    head, data = proto.SavedTensorSlices(), proto.SavedTensorSlices()
    meta = head.meta.tensor.add(name="x", type=1)
    for size in sizes:
        meta.shape.dim.add(size=size)
    slices = meta.slice.add()
    if sizes:
        slices.extent.add()
    data.data.data.float_val.extend([1, 2])
    with open(tmp_path / "m", "wb") as file:
        table = TableWriter(file)
        table.add(b"", head.SerializeToString())
        key = b"\0x\0\1\1\1\x80\x7f" if sizes else b"\0x\0\1\0"
        table.add(key, data.SerializeToString())
        table.finish()
    with pytest.raises(DataLossError, match="tensor x"):
        CheckpointV1Reader(tmp_path / "m").read("x")
