"""Pickles: what Python writes is read, what is written is Python's, and no code ever runs."""

from __future__ import annotations

import collections
import contextlib
import functools
import os
import pathlib
import pickle
import re
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphflow.core.errors import DataLossError
from graphflow.formats.npz import read_npz
from graphflow.formats.pickled import Known, object_type, read_pickle
from graphflow.formats.pickled_writer import write_pickle
from graphflow.models.datasets_images import load_batch

PROTOCOLS = range(6)
ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.binary()
)
KEYS = st.integers() | st.text() | st.binary() | st.tuples(st.text(), st.integers())
VALUES = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(KEYS, inner)
        | st.dictionaries(KEYS, inner).map(collections.OrderedDict)
        | st.dictionaries(KEYS, inner).map(lambda items: collections.defaultdict(list, items))
        | st.sets(KEYS)
        | st.frozensets(KEYS)
        | st.binary().map(bytearray)
    ),
    max_leaves=12,
)
DTYPES = [
    *"?bBhHiIlLqQefdgFDGO",
    *["S3", "U4", "V5", ">i4", "<f8", ">U3", "M8", "M8[3D]", ">m8[us]"],
    np.dtype([("a", ">i4"), ("b", "S3", (2,))]),
    np.dtype({"names": ["a", "b"], "formats": ["i1", "f8"]}, align=True),
    np.dtype([(("title", "a"), "i1"), ("b", [("c", "f4"), ("d", ">u2")])]),
]


def same(found: Any, wanted: Any) -> bool:
    """Whether two values are equal, of equal types, with nan equal to itself."""
    return type(found) is type(wanted) and repr(found) == repr(wanted)


# --- what Python writes ---
@given(value=VALUES)
def test_values_of_every_protocol_are_read(value: Any) -> None:
    for protocol in PROTOCOLS:
        data = pickle.dumps(value, protocol)
        assert same(read_pickle(data), pickle.loads(data))


def test_a_value_that_comes_twice_is_one_object() -> None:
    part = [1]
    for protocol in PROTOCOLS:
        first, second = read_pickle(pickle.dumps([part, part], protocol))
        assert first is second


def test_a_list_may_hold_itself() -> None:
    part: list[Any] = [1]
    part.append(part)
    for protocol in PROTOCOLS:
        found = read_pickle(pickle.dumps(part, protocol))
        assert found[1] is found


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_every_dtype_are_read(dtype: Any, order: Any) -> None:
    for shape in [(), (0,), (3,), (2, 3), (0, 2)]:
        made = np.zeros(shape, dtype, order=order)
        if not made.dtype.hasobject:
            size = made.nbytes
            raw = bytes(i % 2 for i in range(size))
            made = np.ndarray(shape, made.dtype, raw, order=order)
        for protocol in PROTOCOLS:
            found = read_pickle(pickle.dumps(made, protocol))
            assert found.dtype == made.dtype
            assert found.shape == made.shape
            np.testing.assert_array_equal(found, made)
            assert found.flags.writeable
            assert found.flags.f_contiguous == made.flags.f_contiguous


@pytest.mark.parametrize(
    "value",
    [
        np.float32(3.5),
        np.int64(-3),
        np.bool_(True),
        np.str_("aé"),
        np.str_(""),
        np.bytes_(b"a"),
        np.datetime64("2000-01-02"),
        np.complex64(1 + 2j),
    ],
)
def test_scalars_of_numpy_are_read(value: Any) -> None:
    for protocol in PROTOCOLS:
        assert same(read_pickle(pickle.dumps(value, protocol)), value)


def test_arrays_of_objects_are_read() -> None:
    made = np.empty((2, 2), object, order="F")
    made[0, 1], made[1, 0], made[1, 1] = [1, 2], "a", np.arange(3)
    for protocol in PROTOCOLS:
        found = read_pickle(pickle.dumps(made, protocol))
        assert found.shape == (2, 2)
        assert found[0].tolist() == [None, [1, 2]]
        assert found[1, 0] == "a"
        assert found[1, 1].tolist() == [0, 1, 2]


def test_an_array_does_not_share_the_bytes_of_others() -> None:
    first, second = read_pickle(pickle.dumps([np.array([97], "u1"), b"a"], 3))
    first[0] = 98
    assert second == b"a"
    assert bytes([97]) == b"a"


# --- what Python 2 wrote ---
# recorded with Python 2.7.18, in each protocol:
PYTHON2 = [  # pickle.dumps({"a\n\xe9'": [1L, 2.5, None, True, u"\u20ac"]}, protocol)
    b'(dp0\nS"a\\n\\xe9\'"\np1\n(lp2\nL1L\naF2.5\naNaI01\naV\\u20ac\np3\nas.',
    b"}q\x00U\x04a\n\xe9'q\x01]q\x02(L1L\nG@\x04\x00\x00\x00\x00\x00\x00NI01\n"
    b"X\x03\x00\x00\x00\xe2\x82\xacq\x03es.",
    b"\x80\x02}q\x00U\x04a\n\xe9'q\x01]q\x02(\x8a\x01\x01G@\x04\x00\x00\x00\x00\x00\x00N\x88"
    b"X\x03\x00\x00\x00\xe2\x82\xacq\x03es.",
]
BATCH = (  # laid out as a file of CIFAR: an array of bytes and a list of labels, protocol 2
    b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\n"
    b"q\x04K\x00\x85U\x01b\x87Rq\x05(K\x01K\x02M\x00\x0c\x86cnumpy\ndtype\nq\x06U\x02u1K\x00K"
    b"\x01\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T\x00\x18\x00\x00"
    + bytes(range(256)) * 24
    + b"tbU\x06labelsq\x08]q\x09(K\x07K\x09eu."
)


@pytest.mark.parametrize("data", PYTHON2)
def test_strings_of_python_2_are_decoded_as_the_caller_says(data: bytes) -> None:
    rest = [1, 2.5, None, True, "€"]
    assert read_pickle(data, encoding="bytes") == {b"a\n\xe9'": rest}
    assert read_pickle(data, encoding="latin1") == {"a\né'": rest}
    with pytest.raises(DataLossError, match="UnicodeDecodeError"):
        read_pickle(data)


def test_a_batch_of_cifar_is_read(tmp_path: pathlib.Path) -> None:
    (tmp_path / "data_batch_1").write_bytes(BATCH)
    images, labels = load_batch(str(tmp_path / "data_batch_1"))
    assert images.shape == (2, 3, 32, 32)
    assert images.dtype == np.uint8
    assert images.tobytes() == bytes(range(256)) * 24
    assert labels == [7, 9]
    assert read_pickle(BATCH, encoding="latin1")["data"].tobytes() == images.tobytes()


# --- classes of the caller's ---
class Point:
    """What the tests write and read."""

    def __init__(self, x: Any) -> None:
        self.x = x


def words(text: str) -> list[str]:
    return text.split()


def test_objects_are_made_by_the_callers_table_only() -> None:
    for protocol in PROTOCOLS:
        data = pickle.dumps([Point(3), words], protocol)
        found, function = read_pickle(
            data, {(__name__, "Point"): object_type(Point), (__name__, "words"): Known(words)}
        )
        assert type(found) is Point
        assert found.x == 3
        assert function is words
        with pytest.raises(ValueError, match=re.escape(f"a pickle that calls {__name__}.Point")):
            read_pickle(data)


def test_a_function_of_the_table_is_not_called() -> None:
    data = f"c{__name__}\nwords\n(Va b\ntR.".encode()
    with pytest.raises(ValueError, match="a pickle that calls words is not read"):
        read_pickle(data, {(__name__, "words"): Known(words)})


# --- hostile files ---
class Caller:
    """Pickles as a call."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call[0], self.call[1:]


def test_nothing_else_is_called(tmp_path: pathlib.Path) -> None:
    made = str(tmp_path / "made")
    for protocol in PROTOCOLS:
        with pytest.raises(ValueError, match=rf"{os.mkdir.__module__}.mkdir is not read, since"):
            read_pickle(pickle.dumps([Caller(os.mkdir, made)], protocol))
        with pytest.raises(ValueError, match=r"\.(eval|getattr) is not read"):
            read_pickle(pickle.dumps([Caller(eval, "1")], protocol))
    with pytest.raises(ValueError, match=r"a pickle that calls os\.system is not read"):
        read_pickle(b"cos\nsystem\n(S'true'\ntR.", name="here")
    assert not os.path.exists(made)


HUGE = [
    b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"a.",
    b"\x80\x04\x8d" + struct.pack("<Q", (1 << 64) - 1) + b"a.",
    b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b"a.",
    b"\x8b" + struct.pack("<I", 1 << 31) + b"a.",
    b"X\xff\xff\xff\xffa.",
    b"\x80\x04\x95" + struct.pack("<Q", 1 << 50) + b"N.",
    b"I" + b"9" * 100_000 + b"\n.",
]


@pytest.mark.parametrize("data", HUGE, ids=map(str, range(len(HUGE))))
def test_sizes_are_checked_before_memory_is_taken(data: bytes) -> None:
    with pytest.raises(DataLossError, match="the pickle is "):
        read_pickle(data)


def test_shapes_are_checked_before_memory_is_taken() -> None:
    for dtype in ["u1", "O", "S1"]:
        good = pickle.dumps(np.zeros((3,), dtype), 2)
        assert good.count(b"K\x03\x85") == 1
        bad = good.replace(b"K\x03\x85", b"\x8a\x06\x00\x00\x00\x00\x00\x01\x85")
        with pytest.raises(DataLossError, match="of shape"):
            read_pickle(bad)


def test_a_dtype_with_lying_flags_reads_no_memory() -> None:
    # An array whose dtype says that its objects are bytes would take the bytes for addresses.
    made = np.zeros(1, "O")
    data = pickle.dumps(made, 2)
    lying = data.replace(b"K?tq", b"K\x00tq")
    assert lying != data
    assert read_pickle(lying).tolist() == [0]
    addresses = lying.replace(b"]q\x11K\x00a", b"U\x08\x01\x02\x03\x04\x05\x06\x07\x08q\x11")
    assert addresses != lying
    with pytest.raises(DataLossError, match="of shape"):
        read_pickle(addresses)


DEEP = [
    b"})" + b"\x85" * 200_000 + b"Ns.",
    b"})" + b"2\x86" * 60 + b"Ns.",
]


@pytest.mark.parametrize("data", DEEP, ids=["deep", "wide"])
def test_keys_are_small(data: bytes) -> None:
    with pytest.raises(ValueError, match="keys of more than 1000 parts"):
        read_pickle(data)


def test_a_big_value_is_not_copied_again_and_again() -> None:
    head = b"((Va" + b"a" * 10_000 + b"\nVlatin1\ntp0\n"
    data = head + b"c_codecs\nencode\ng0\nR" * 1000 + b"t."
    with pytest.raises(ValueError, match="repeats its values so often"):
        read_pickle(data[:-2] + b"t.")


def nested(count: int) -> Any:
    made: Any = np.empty((), object)
    for _ in range(count):
        outer = np.empty((), object)
        outer[()] = made
        made = outer
    return made


def test_arrays_and_dicts_lie_in_each_other_so_deep_only() -> None:
    assert read_pickle(pickle.dumps(nested(90), 3)).shape == ()
    with pytest.raises(ValueError, match="more than 100 levels"):
        read_pickle(pickle.dumps(nested(120), 3))
    made: Any = collections.defaultdict(int)
    for _ in range(120):
        made = collections.defaultdict(int, {0: made})
    with pytest.raises(ValueError, match="more than 100 levels"):
        read_pickle(pickle.dumps(made, 3))
    made[1] = made
    with pytest.raises(ValueError, match=r"hold each other|more than 100 levels"):
        read_pickle(pickle.dumps(made, 3))
    holds_itself = np.empty(1, object)
    holds_itself[0] = holds_itself
    with pytest.raises(ValueError, match="an array that holds itself"):
        read_pickle(pickle.dumps(holds_itself, 3))


UNREAD = {
    b"P1\n.": "persistent ids",
    b"(ios\nsystem\n.": "an old-style class",
    b"\x82\x01.": "an extension",
    b"\x80\x09N.": "protocol 9",
    b"c__builtin__\nbytes\n(I1000000000000\ntR.": "calls bytes with arguments",
}


@pytest.mark.parametrize("data", list(UNREAD))
def test_kinds_that_are_not_read_are_named(data: bytes) -> None:
    with pytest.raises(ValueError, match=UNREAD[data]):
        read_pickle(data)


def test_a_dtype_or_array_without_values_is_damage() -> None:
    for data in [
        b"cnumpy\ndtype\n(Vi4\nI0\nI1\ntR.",
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntVb\ntR.",
    ]:
        with pytest.raises(DataLossError, match="without its values"):
            read_pickle(data)


SAMPLE = [{"a": [1, 2.5, (None, True)]}, np.arange(6.0).reshape(2, 3), {3}, b"raw", 1 << 80]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pickle_that_is_cut_off_is_an_error(protocol: int) -> None:
    data = pickle.dumps(SAMPLE, protocol)
    for end in range(len(data)):
        with pytest.raises((DataLossError, ValueError)):
            read_pickle(data[:end])


@given(
    protocol=st.sampled_from(PROTOCOLS),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1),
)
def test_a_damaged_pickle_is_an_error_or_a_value(
    protocol: int, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(pickle.dumps([SAMPLE, np.zeros(2, [("a", "i4"), ("b", "M8[D]")])], protocol))
    for at, value in changes:
        data[at % len(data)] = value
    with contextlib.suppress(DataLossError, ValueError):
        read_pickle(bytes(data))


@given(data=st.binary())
def test_any_bytes_are_an_error_or_a_value(data: bytes) -> None:
    with contextlib.suppress(DataLossError, ValueError):
        read_pickle(data + b".")


# --- writing ---
@given(value=VALUES)
@example(list(range(2001)))
@example([[]] * 1001)
@example({i: str(i) for i in range(1001)})
@example(collections.defaultdict(int, {i: str(i) for i in range(1001)}))
@example([-(2**31), 2**31, -(2**63), -128 << 64, 1 << 3000, -(1 << 2047)])
def test_what_is_written_is_what_python_writes(value: Any) -> None:
    assert write_pickle(value) == pickle.dumps(value, 3)


def test_objects_and_functions_are_written_as_python_writes_them() -> None:
    values = [Point([words, len]), functools.partial(words, "a b"), re.compile("a"), Point]
    for value in [*values, Point(1).__init__]:
        assert write_pickle(value) == pickle.dumps(value, 3)
    itself: Any = ([],)
    itself[0].append(itself)
    assert write_pickle(itself) == pickle.dumps(itself, 3)


def test_scalars_of_numpy_are_written_with_the_names_of_numpy_1() -> None:
    data = write_pickle(np.float32(3))
    assert b"cnumpy.core.multiarray\n" in data
    assert same(read_pickle(data), np.float32(3))


def test_names_are_written_as_the_caller_says() -> None:
    data = write_pickle(words, {(__name__, "words"): ("other.place", "texts")})
    assert data == b"\x80\x03cother.place\ntexts\nq\x00."


def test_what_is_found_by_no_name_cannot_be_written() -> None:
    with pytest.raises(AttributeError, match="Can't pickle local object"):
        write_pickle(lambda: None)
    with pytest.raises(TypeError, match="pickle"):
        write_pickle(i for i in range(3))


# --- files of NumPy ---
def test_files_with_arrays_of_objects_are_read(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "texts.npz"
    texts = np.empty(3, object)
    texts[:] = [[1, 2], [3], []]
    np.savez_compressed(path, x=texts, y=np.arange(3))
    found = read_npz(path)
    assert found["x"].tolist() == [[1, 2], [3], []]
    assert found["y"].tolist() == [0, 1, 2]
    np.savez(path, x=np.array([Caller(os.mkdir, str(tmp_path / "made"))], object))
    with pytest.raises(ValueError, match=r"x\.npy: .*mkdir is not read"):
        read_npz(path)
    assert not (tmp_path / "made").exists()
    path.write_bytes(b"no archive")
    with pytest.raises(DataLossError, match="not a zip file"):
        read_npz(path)
