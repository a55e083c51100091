"""V2 checkpoints: TensorFlow's bytes, every slice of every cover, and no damage unseen."""

import os
import shutil

import numpy as np
import pytest

from graphflow.core import dtypes
from graphflow.core.errors import (
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    OpError,
    UnimplementedError,
)
from graphflow.formats import durable, proto
from graphflow.formats.bundle import BundleReader, index_path, shard_path
from graphflow.formats.bundle_writer import merge_bundles, write_bundle
from graphflow.formats.sstable import TableWriter
from tests.formats.golden import DIRECTORY, all_types, bundle_rows, full_values, outcome, same

RECORDED = ["all_types", "partitioned", "many"]
W = np.arange(78, dtype=np.float32).reshape(13, 6)
ROWS = [("w", W[:5], "13 6 0,5:0,6"), ("w", W[5:], "13 6 5,8:0,6")]


def write(prefix, **tensors):
    write_bundle(prefix, [(name, value, None) for name, value in tensors.items()])


def files(directory):
    return sorted(os.listdir(directory))


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_bundle_is_written_byte_for_byte(name, tmp_path):
    write_bundle(tmp_path / name, bundle_rows(name))
    assert files(tmp_path) == [f"{name}.data-00000-of-00001", f"{name}.index"]
    for file in files(tmp_path):
        assert (tmp_path / file).read_bytes() == (DIRECTORY / file).read_bytes()


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_bundle_reads(name):
    wanted = full_values(bundle_rows(name))
    with BundleReader(DIRECTORY / name) as reader:
        assert reader.names() == sorted(wanted)
        assert all(same(reader.read(key), value) for key, value in wanted.items())
        assert reader.dtype_shape_map() == {
            key: (dtypes.as_dtype(value.dtype), value.shape) for key, value in wanted.items()
        }


def test_any_slice_of_any_cover():
    wanted = full_values(bundle_rows("partitioned"))
    rng = np.random.default_rng(1)
    with BundleReader(DIRECTORY / "partitioned") as reader:
        for name in ("part/rows", "part/cols", "part/big", "part/whole"):
            shape = wanted[name].shape
            for _ in range(20):
                low = rng.integers(0, shape)
                high = rng.integers(low, shape) + 1
                extents = ":".join(f"{a},{b - a}" for a, b in zip(low, high, strict=True))
                part = reader.read(name, f"{shape[0]} {shape[1]} {extents}")
                assert same(part, wanted[name][low[0] : high[0], low[1] : high[1]])
            assert same(reader.read(name, f"{shape[0]} {shape[1]} -:-"), wanted[name])


def test_values_are_fresh_arrays():
    with BundleReader(DIRECTORY / "partitioned") as reader:
        for spec in ("", "13 6 0,13:0,6", "13 6 0,5:0,6", "13 6 1,1:0,6"):
            first = reader.read("part/rows", spec)
            first[:] = 7
            assert not (reader.read("part/rows", spec) == 7).all()


def test_arrays_of_any_layout_are_stored_in_row_major_little_endian_order(tmp_path):
    value = np.arange(6, dtype=np.int32).reshape(2, 3)
    layouts = [np.asfortranarray(value), value.astype(">i4"), value.repeat(2, 1)[:, ::2]]
    for layout in layouts:
        write(tmp_path / "m", x=layout)
        assert same(BundleReader(tmp_path / "m").read("x"), value)


def test_a_big_tensor_is_written_and_read_in_chunks(tmp_path):
    value = np.random.default_rng(0).random((3, 400_001))
    write(tmp_path / "m", x=value, y=value.astype(np.float32))
    assert same(BundleReader(tmp_path / "m").read("x"), value)


def test_text_is_stored_as_utf8(tmp_path):
    write(tmp_path / "m", s=np.array("\u00fc", object))
    assert BundleReader(tmp_path / "m").read("s")[()] == "\u00fc".encode()


def test_a_missing_name_is_not_found():
    reader = BundleReader(DIRECTORY / "partitioned")
    assert not reader.has("zz")
    assert not reader.has("")
    assert reader.has("plain")
    for name in ("zz", "", "\x00part/rows"):
        with pytest.raises(NotFoundError, match="not found in checkpoint"):
            reader.read(name)
    with pytest.raises(NotFoundError, match="Failed to find any matching files for"):
        BundleReader(DIRECTORY / "nope")


def test_a_slice_of_another_shape_is_refused():
    reader = BundleReader(DIRECTORY / "partitioned")
    with pytest.raises(InvalidArgumentError, match=r"does not match the shape .*: \[13,6\]"):
        reader.read("part/rows", "13 7 0,5:0,7")
    with pytest.raises(InvalidArgumentError, match="slice spec"):
        reader.read("part/rows", "13 6 0,99:0,6")


def test_a_cover_with_a_hole_is_not_found(tmp_path):
    write_bundle(tmp_path / "m", ROWS[:1])
    reader = BundleReader(tmp_path / "m")
    assert same(reader.read("w", "13 6 1,2:0,6"), W[1:3])
    with pytest.raises(NotFoundError, match="sufficient slices for partitioned tensor w"):
        reader.read("w")


@pytest.mark.parametrize(
    "rows",
    [
        [("w", W, None), ("w", W, None)],
        [ROWS[0], ROWS[0]],
        [ROWS[0], ("w", W[5:], "13 7 5,8:0,6")],
        [("w", W[:4], "13 6 0,5:0,6")],
        [("w", W, None), ROWS[0]],
        [("", W, None)],
    ],
)
def test_rows_that_contradict_each_other_are_refused(rows, tmp_path):
    write(tmp_path / "m", old=W)
    before = files(tmp_path)
    with pytest.raises(InvalidArgumentError):
        write_bundle(tmp_path / "m", rows)
    assert files(tmp_path) == before
    assert same(BundleReader(tmp_path / "m").read("old"), W)


def test_objects_other_than_strings_are_refused(tmp_path):
    with pytest.raises(UnimplementedError):
        write(tmp_path / "m", x=np.array([1, None], object))
    assert files(tmp_path) == []


# --- replacing ---


def test_a_second_save_leaves_the_first_ones_data_alone_until_it_counts(tmp_path):
    names = []
    for step in range(4):
        write(tmp_path / "m", x=np.full(3, step))
        assert (BundleReader(tmp_path / "m").read("x") == step).all()
        names.append(files(tmp_path))
    first = ["m.data-00000-of-00001", "m.index"]
    assert names == [first, ["m.data-00001-of-00002", "m.index"]] * 2


def test_a_reader_goes_on_while_the_checkpoint_is_replaced(tmp_path):
    write(tmp_path / "m", x=np.zeros(3), y=np.zeros(3))
    with BundleReader(tmp_path / "m") as reader:
        reader.read("x")
        write(tmp_path / "m", x=np.ones(3), y=np.ones(3))
        assert not reader.read("y").any()


def test_a_failed_save_leaves_the_old_checkpoint(tmp_path):
    write(tmp_path / "m", x=np.zeros(3))

    def rows():
        yield "x", np.ones(3), None
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_bundle(tmp_path / "m", rows())
    assert files(tmp_path) == ["m.data-00000-of-00001", "m.index"]
    assert not BundleReader(tmp_path / "m").read("x").any()


def test_a_save_over_a_damaged_index_works(tmp_path):
    write(tmp_path / "m", x=np.zeros(3))
    index_path(tmp_path / "m").write_bytes(b"garbage")
    write(tmp_path / "m", x=np.ones(3))
    assert BundleReader(tmp_path / "m").read("x").all()
    assert files(tmp_path) == ["m.data-00001-of-00002", "m.index"]


def test_a_save_removes_what_killed_saves_left(tmp_path):
    write(tmp_path / "a", x=np.zeros(3))
    write(tmp_path / "killed", x=np.zeros(3))
    # Killed between the new name of the data and that of the index: the first save of a prefix ...
    os.rename(tmp_path / "killed.index", tmp_path / f"killed.index.0{durable.TEMPORARY_SUFFIX}")
    # ... and a later one.
    write(tmp_path / "again", x=np.zeros(3))
    shutil.copy(tmp_path / "again.index", tmp_path / "old")
    shutil.copy(tmp_path / "again.data-00000-of-00001", tmp_path / "old-data")
    write(tmp_path / "again", x=np.ones(3))
    os.rename(tmp_path / "again.index", tmp_path / f"again.index.0{durable.TEMPORARY_SUFFIX}")
    os.rename(tmp_path / "old", tmp_path / "again.index")
    os.rename(tmp_path / "old-data", tmp_path / "again.data-00000-of-00001")
    # Killed while writing data; and a data file of somebody else without an index.
    (tmp_path / f"x.0{durable.TEMPORARY_SUFFIX}").write_bytes(b"half")
    (tmp_path / f"x.index.0{durable.TEMPORARY_SUFFIX}").write_bytes(b"half")
    (tmp_path / "other.data-00000-of-00001").write_bytes(b"theirs")
    write(tmp_path / "b", x=np.zeros(3))
    data = [f"{p}.data-00000-of-00001" for p in ("a", "again", "b", "other")]
    assert files(tmp_path) == sorted([*data, "a.index", "again.index", "b.index"])
    assert not BundleReader(tmp_path / "again").read("x").any()


def test_a_save_in_progress_is_not_an_orphan(tmp_path):
    def rows():
        yield "x", np.zeros(3), None
        write(tmp_path / "inner", y=np.ones(3))
        yield "y", np.ones(3), None

    write_bundle(tmp_path / "outer", rows())
    assert BundleReader(tmp_path / "outer").names() == ["x", "y"]


def test_a_prefix_with_pattern_characters(tmp_path):
    for step in range(3):
        write(tmp_path / "a[1]*", x=np.full(2, step))
    assert files(tmp_path) == ["a[1]*.data-00000-of-00001", "a[1]*.index"]


def test_a_directory_that_cannot_be_made_is_an_error_of_tensorflows(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OpError, match="file"):
        write(tmp_path / "file" / "m", x=W)


# --- merging ---


def merge(tmp_path, step=0):
    parts = [tmp_path / "tmp" / f"part-{i}" for i in range(2)]
    write_bundle(parts[0], [("a", W + step, None), ROWS[0]])
    write_bundle(parts[1], [("b", W - step, None), ROWS[1]])
    merge_bundles(parts, tmp_path / "m")
    assert files(tmp_path / "tmp") == []


def test_parts_become_one_checkpoint_again_and_again(tmp_path):
    for step in range(3):
        merge(tmp_path, step)
        shards = ("00001-of-00003", "00002-of-00003") if step == 1 else ("00000", "00001")
        (tmp_path / "tmp").rmdir()
        assert [
            f"m.data-{s}"[:20] in name for s, name in zip(shards, files(tmp_path), strict=False)
        ]
        with BundleReader(tmp_path / "m") as reader:
            assert same(reader.read("w"), W)
            assert same(reader.read("a"), W + step)
            assert same(reader.read("b"), W - step)
        assert len(files(tmp_path)) == 3


def test_parts_with_the_same_tensor_are_refused(tmp_path):
    write(tmp_path / "p0", a=W)
    write(tmp_path / "p1", a=W)
    with pytest.raises(InvalidArgumentError, match="parts hold the key"):
        merge_bundles([tmp_path / "p0", tmp_path / "p1"], tmp_path / "m")


def test_a_shard_is_opened_only_when_needed(tmp_path):
    merge(tmp_path)
    shard_path(tmp_path / "m", 1, 2).unlink()
    reader = BundleReader(tmp_path / "m")
    assert same(reader.read("a"), W)
    with pytest.raises(NotFoundError, match="00001-of-00002"):
        reader.read("b")


# --- damage ---


@pytest.fixture
def small(tmp_path):
    rows = [
        ("f", np.array([1.5, -2], np.float32), None),
        ("n", np.arange(3, dtype=np.int64), None),
        ("s", np.array([b"", b"text", b"x"], object), None),
        ("w", W[:2, :2], "3 2 0,2:0,2"),
        ("w", W[:1, :2], "3 2 2,1:0,2"),
    ]
    write_bundle(tmp_path / "m", rows)
    return tmp_path / "m"


def all_values(prefix):
    with BundleReader(prefix) as reader:
        return {name: reader.read(name).tolist() for name in reader.names()}


def test_every_bit_flip_in_the_data_is_found(small):
    path = shard_path(small, 0, 1)
    data = path.read_bytes()
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(DataLossError, match=r"m\.data-00000-of-00001: tensor \w:"):
            all_values(small)


def test_every_bit_flip_in_the_index_is_found_or_harmless(small):
    good = all_values(small)
    path = index_path(small)
    data = path.read_bytes()
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        result = outcome(all_values, small)
        assert isinstance(result, DataLossError) or result == good


def test_every_truncation_of_the_data_is_found(small):
    path = shard_path(small, 0, 1)
    data = path.read_bytes()
    for size in range(len(data)):
        path.write_bytes(data[:size])
        with pytest.raises(DataLossError, match="truncated"):
            all_values(small)


def test_bytes_after_the_data_are_harmless(small):
    good = all_values(small)
    with open(shard_path(small, 0, 1), "ab") as file:
        file.write(b"more")
    assert all_values(small) == good


def put_index(prefix, entries, header=None):
    if header is None:
        header = proto.BundleHeaderProto(num_shards=1)
    with open(index_path(prefix), "wb") as file:
        table = TableWriter(file)
        table.add(b"", header.SerializeToString())
        for name, entry in sorted(entries.items()):
            table.add(name, entry if isinstance(entry, bytes) else entry.SerializeToString())
        table.finish()


def entry(sizes=(2,), dtype=1, **fields):
    message = proto.BundleEntryProto(dtype=dtype, **fields)
    for size in sizes:
        message.shape.dim.add(size=size)
    return message


@pytest.mark.parametrize(
    "hostile",
    [
        entry(size=1 << 62, sizes=(1 << 60,)),
        entry(size=8, offset=-4),
        entry(size=-8, sizes=(-2,)),
        entry(size=8, sizes=(1 << 62, 1 << 62)),
        entry(size=0, sizes=(0, 1 << 62, 1 << 62)),
        entry(size=8, dtype=99),
        entry(size=8, dtype=7, sizes=(1 << 40,)),
        entry(size=8, dtype=7, sizes=(0,)),
        entry(size=4),
        entry(size=8, offset=1 << 62),
        b"\xff\xff\xff",
    ],
)
def test_a_hostile_entry_is_data_loss(hostile, tmp_path):
    shard_path(tmp_path / "m", 0, 1).write_bytes(bytes(64))
    put_index(tmp_path / "m", {b"x": hostile})
    with pytest.raises(DataLossError, match="tensor x"):
        BundleReader(tmp_path / "m").read("x")


def test_hostile_slices_are_errors(tmp_path):
    shard_path(tmp_path / "m", 0, 1).write_bytes(bytes(64))
    whole = entry(sizes=(1 << 40, 1 << 10))
    for start, length in ((0, 1 << 40), (0, 1 << 39), (1 << 50, 3), (-3, 5)):
        del whole.slices[:]
        extents = whole.slices.add().extent
        extents.add(start=start, length=length)
        extents.add()
        put_index(tmp_path / "m", {b"x": whole})
        with pytest.raises((DataLossError, NotFoundError)):
            BundleReader(tmp_path / "m").read("x")


def test_a_variant_cannot_be_read(tmp_path):
    put_index(tmp_path / "m", {b"x": entry(dtype=21)})
    with pytest.raises(UnimplementedError):
        BundleReader(tmp_path / "m").read("x")


def test_a_newer_format_is_refused(tmp_path):
    header = proto.BundleHeaderProto(num_shards=1)
    header.version.min_consumer = 2
    put_index(tmp_path / "m", {}, header)
    with pytest.raises(InvalidArgumentError, match="version 2"):
        BundleReader(tmp_path / "m")


def test_big_endian_numbers_read(tmp_path):
    from graphflow.formats import crc

    rows, offset, entries = [], 0, {}
    for name, value in all_types().items():
        if value.dtype == object or value.dtype.names:
            continue
        parts = value.view(value.real.dtype) if value.dtype.kind == "c" else value
        width = parts.dtype.itemsize
        data = parts.tobytes()
        data = b"".join(data[i : i + width][::-1] for i in range(0, len(data), width))
        entries[name.encode()] = entry(
            value.shape,
            dtypes.as_dtype(value.dtype).as_datatype_enum,
            offset=offset,
            size=len(data),
            crc32c=crc.masked_crc32c(data),
        )
        offset += len(data)
        rows.append((name, value, data))
    shard_path(tmp_path / "m", 0, 1).write_bytes(b"".join(data for _, _, data in rows))
    header = proto.BundleHeaderProto(num_shards=1, endianness=proto.BundleHeaderProto.BIG)
    put_index(tmp_path / "m", entries, header)
    reader = BundleReader(tmp_path / "m")
    assert all(same(reader.read(name), value) for name, value, _ in rows)
