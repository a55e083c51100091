"""TFRecord files: TensorFlow's bytes, TensorFlow's errors."""

import gzip
import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphflow.core.errors import DataLossError, NotFoundError, PermissionDeniedError
from graphflow.formats import crc, records
from graphflow.formats.records import RecordWriter, frame_record, read_records
from tests.formats.golden import DIRECTORY, FACTS, outcome
from tests.golden.formats import values

KINDS = {"": "records", "GZIP": "records.gzip", "ZLIB": "records.zlib"}


def write(path, data, kind=""):
    with RecordWriter(path, kind) as writer:
        for record in data:
            writer.write(record)


@pytest.mark.parametrize(("kind", "name"), KINDS.items())
def test_recorded_files_read(kind, name):
    assert list(read_records(DIRECTORY / name, kind)) == values.records()


@pytest.mark.parametrize(("kind", "name"), KINDS.items())
def test_what_is_written_is_tensorflows(kind, name, tmp_path):
    write(tmp_path / "r", values.records(), kind)
    ours, theirs = (tmp_path / "r").read_bytes(), (DIRECTORY / name).read_bytes()
    if kind:  # the compressed bytes depend on the zlib that compresses
        ours, theirs = (zlib.decompress(data, 47) for data in (ours, theirs))
    assert ours == theirs


@pytest.mark.parametrize("name", FACTS["damaged_records"])
def test_damage_is_reported_as_by_tensorflow(name, tmp_path):
    change = values.damaged_records()[name]
    (tmp_path / "r").write_bytes(change((DIRECTORY / "records").read_bytes()))
    count, kind, message = FACTS["damaged_records"][name]
    if name.startswith("cut in header"):  # TensorFlow takes such a stump for the end
        kind, message = "DataLossError", f"truncated record at {16 * count}"
    got = []
    result = outcome(got.extend, read_records(tmp_path / "r"))
    if kind:
        assert isinstance(result, DataLossError)
        assert message in str(result)
        assert str(tmp_path / "r") in str(result)
    assert (result is None) == (not kind)
    assert got == values.records()[:count]


@pytest.mark.parametrize("kind", KINDS)
def test_every_bit_flip_is_found(kind, tmp_path):
    good = [b"ab", b"", b"c"]
    write(tmp_path / "r", good, kind)
    data = (tmp_path / "r").read_bytes()
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        (tmp_path / "r").write_bytes(flipped)
        result = outcome(list, read_records(tmp_path / "r", kind))
        # Only the header of a compressed file has idle bits.
        assert isinstance(result, DataLossError) or (kind and result == good)


@pytest.mark.parametrize("kind", KINDS)
def test_every_truncation_within_a_record_is_found(kind, tmp_path):
    write(tmp_path / "r", [b"abc"], kind)
    data = (tmp_path / "r").read_bytes()
    for size in range(1, len(data)):
        (tmp_path / "r").write_bytes(data[:size])
        assert isinstance(outcome(list, read_records(tmp_path / "r", kind)), DataLossError)


def test_a_huge_length_takes_no_memory(tmp_path):
    length = struct.pack("<Q", 1 << 62)
    (tmp_path / "r").write_bytes(length + struct.pack("<I", crc.masked_crc32c(length)) + b"x" * 99)
    with pytest.raises(DataLossError, match="truncated record at 0"):
        list(read_records(tmp_path / "r"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_larger_than_the_buffers(kind, tmp_path):
    data = [bytes(3), random.Random(1).randbytes(3_000_001), b"", bytes(5_000_000)]
    write(tmp_path / "r", data, kind)
    assert list(read_records(tmp_path / "r", kind)) == data


@given(st.lists(st.binary(max_size=30), max_size=8), st.sampled_from(sorted(KINDS)))
def test_records_come_back(tmp_path_factory, data, kind):
    path = tmp_path_factory.getbasetemp() / "r"
    write(path, data, kind)
    assert list(read_records(path, kind)) == data


def test_reading_begins_behind_a_record():
    data = values.records()
    offset = sum(len(frame_record(r)) for r in data[:2])
    assert list(read_records(DIRECTORY / "records", offset=offset)) == data[2:]
    assert list(read_records(DIRECTORY / "records.gzip", "GZIP", offset=offset)) == data[2:]


def test_two_gzip_streams_in_a_row(tmp_path):
    frames = [gzip.compress(frame_record(r)) for r in (b"a", b"b")]
    (tmp_path / "r").write_bytes(b"".join(frames))
    assert list(read_records(tmp_path / "r", "GZIP")) == [b"a", b"b"]


def test_a_plain_file_is_no_gzip_file():
    with pytest.raises(DataLossError, match="inflate"):
        list(read_records(DIRECTORY / "records", "GZIP"))


def test_what_is_flushed_can_be_read(tmp_path):
    writer = RecordWriter(tmp_path / "r")
    writer.write(b"now")
    writer.flush()
    assert list(read_records(tmp_path / "r")) == [b"now"]
    writer.close()
    writer.close()


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match="nowhere"):
        list(read_records(tmp_path / "nowhere"))
    with pytest.raises(NotFoundError, match="nowhere"):
        RecordWriter(tmp_path / "nowhere" / "r")


def test_system_errors_have_tensorflows_classes():
    with pytest.raises(PermissionDeniedError, match="some/file"), records.file_errors("some/file"):
        raise PermissionError(13, "Permission denied")


def test_mutated_files_end_in_an_answer_or_data_loss(tmp_path):
    rng = random.Random(9)
    for kind, name in KINDS.items():
        good = (DIRECTORY / name).read_bytes()
        for _ in range(700):
            data = bytearray(good)
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            (tmp_path / "r").write_bytes(data)
            outcome(list, read_records(tmp_path / "r", kind))
