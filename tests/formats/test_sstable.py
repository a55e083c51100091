"""Tables: TensorFlow's bytes, and an answer for whatever bytes come."""

import io
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.core.errors import DataLossError
from graphflow.formats import crc, snappy, varint
from graphflow.formats.sstable import Table, TableWriter
from tests.formats.golden import DIRECTORY, outcome

RECORDED = ["all_types.index", "partitioned.index", "many.index", "v1", "v1_slices"]


def table_bytes(entries):
    file = io.BytesIO()
    writer = TableWriter(file)
    for key, value in entries:
        writer.add(key, value)
    writer.finish()
    return file.getvalue()


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_table_is_written_byte_for_byte(name):
    data = (DIRECTORY / name).read_bytes()
    assert table_bytes(Table(data, name)) == data


@given(st.dictionaries(st.binary(max_size=20), st.binary(max_size=50), max_size=60))
def test_entries_come_back_in_order(entries):
    ordered = sorted(entries.items())
    table = Table(table_bytes(ordered), "t")
    assert list(table) == ordered
    assert all(table.get(key) == value for key, value in ordered)
    assert table.get(b"\xff" * 30) is None


def test_a_table_of_many_blocks():
    entries = [(b"key%04d" % i, bytes([i % 256]) * (i * 37 % 5000)) for i in range(500)]
    entries.insert(200, (b"key0199\xff", b"x" * 600_000))
    data = table_bytes(entries)
    table = Table(data, "t")
    assert list(table) == entries
    assert table.get(b"key0333") == entries[334][1]
    assert table.get(b"key0333a") is None


def test_keys_must_ascend():
    with pytest.raises(ValueError, match="must ascend"):
        table_bytes([(b"b", b""), (b"a", b"")])


@pytest.mark.parametrize("name", ["all_types.index", "v1"])
def test_every_bit_flip_is_found_or_harmless(name):
    data = (DIRECTORY / name).read_bytes()
    good = list(Table(data, name))
    found = 0
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        result = outcome(lambda: list(Table(bytes(flipped), name)))  # noqa: B023 (called at once)
        if result != good:
            found += 1
            assert isinstance(result, DataLossError)
            assert str(result).startswith(name)
    # What no reader looks at: the metaindex block, its handle's value, the padding of the footer.
    assert found > 8 * (len(data) - 13 - 40)


def test_every_truncation_is_found():
    data = (DIRECTORY / "all_types.index").read_bytes()
    for size in range(len(data)):
        with pytest.raises(DataLossError):
            list(Table(data[:size], "t"))


def sizes_of_blocks(body):
    at, sizes = 0, []
    while at < len(body):
        size = next(
            n
            for n in range(8, len(body) - at)
            if struct.unpack_from("<I", body, at + n + 1)[0]
            == crc.masked_crc32c(body[at : at + n + 1])
        )
        sizes.append(size)
        at += size + 5
    return sizes


def test_mutated_tables_end_in_an_answer_or_data_loss():
    rng = random.Random(5)
    data = table_bytes([(b"name/%04d" % (i * i), b"v" * (i % 7)) for i in range(60)])
    sizes = sizes_of_blocks(data[:-48])
    answers = 0
    for _ in range(3000):
        out = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            out[rng.randrange(len(out))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        at = 0
        for size in sizes:  # with right checksums, so that the layers below them are tested
            checksum = crc.masked_crc32c(bytes(out[at : at + size + 1]))
            out[at + size + 1 : at + size + 5] = struct.pack("<I", checksum)
            at += size + 5
        result = outcome(lambda: list(Table(bytes(out), "t")))  # noqa: B023 (called at once)
        if not isinstance(result, DataLossError):
            assert sum(len(k) + len(v) for k, v in result) < 64 * len(data)
            answers += 1
    assert 0 < answers < 3000


def test_random_bytes_are_data_loss():
    rng = random.Random(6)
    magic = struct.pack("<Q", 0xDB4775248B80FB57)
    for _ in range(500):
        with pytest.raises(DataLossError):
            list(Table(rng.randbytes(rng.randrange(200)) + magic, "t"))


def hand_made(block, index_entries, kind=0):
    """A table with that data block, named by the index as often as asked."""

    def stored(contents, kind=0):
        body = contents + bytes([kind])
        return body + struct.pack("<I", crc.masked_crc32c(body))

    first = stored(block, kind)
    handle = varint.put(0) + varint.put(len(block))
    entries = b"".join(bytes([0, len(key), len(handle)]) + key + handle for key in index_entries)
    index = entries + struct.pack("<II", 0, 1)
    second = stored(index)
    footer = varint.put(0) * 2 + varint.put(len(first)) + varint.put(len(index))
    return first + second + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


ENTRY = b"\0\x01\x01kv" + struct.pack("<II", 0, 1)


def test_a_hand_made_table_reads():
    assert list(Table(hand_made(ENTRY, [b"k"]), "t")) == [(b"k", b"v")]


def test_a_block_that_is_named_twice_is_data_loss():
    with pytest.raises(DataLossError, match="out of order"):
        list(Table(hand_made(ENTRY, [b"k", b"l"]), "t"))


def test_keys_that_expand_without_end_are_data_loss():
    block = varint.put(0) + varint.put(10_000) + b"\0" + b"k" * 10_000
    for i in range(50_000):
        block += varint.put(10_000) + b"\x04\0" + struct.pack(">I", i)
    block += struct.pack("<II", 0, 1)
    with pytest.raises(DataLossError, match="expand beyond"):
        list(Table(hand_made(block, [b"k"]), "t"))


def test_an_unknown_compression_is_data_loss():
    with pytest.raises(DataLossError, match="bad block type 7"):
        list(Table(hand_made(ENTRY, [b"k"], kind=7), "t"))


def test_a_snappy_block_reads():
    compressed = varint.put(len(ENTRY)) + bytes([(len(ENTRY) - 1) << 2]) + ENTRY
    assert list(Table(hand_made(compressed, [b"k"], kind=1), "t")) == [(b"k", b"v")]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x00", b""),
        (b"\x03\x08abc", b"abc"),
        (b"\x0a\x04ab\x11\x02", b"ab" * 5),  # a copy that overlaps itself: 4 + (4 & 7) bytes
        (b"\x08\x00a\x1a\x01\x00", b"a" * 8),
        (b"\x06\x08abc\x0b\x03\x00\x00\x00", b"abcabc"),
        (b"\xc8\x01\xf0\xc7" + b"z" * 200, b"z" * 200),
    ],
)
def test_snappy(data, text):
    assert snappy.decompress(data) == text


@settings(max_examples=300)
@given(st.binary(max_size=40))
def test_snappy_of_anything_ends(data):
    result = outcome(snappy.decompress, data, kind=ValueError)
    assert isinstance(result, ValueError) or len(result) <= 64 * len(data)


@given(st.integers(0, 2**64 - 1))
def test_varints_come_back(value):
    data = varint.put(value)
    assert varint.get(data, 0, len(data)) == (value, len(data))
    with pytest.raises(ValueError, match="bad varint"):
        varint.get(data, 0, len(data) - 1)


def test_checksums():
    assert crc.crc32c(b"123456789") == 0xE3069283
    assert crc.crc32c(b"6789", crc.crc32c(b"12345")) == 0xE3069283
    assert crc.mask(0) == 0xA282EAD8
    assert crc.unmask(crc.mask(0x12345678)) == 0x12345678
