"""The MNIST reader: TensorFlow's batches, and where the files come from."""

import contextlib
import functools
import gzip
import hashlib
import http.server
import importlib.util
import io
import json
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from graphflow.core import dtypes
from graphflow.examples.tutorials.mnist import input_data, sources
from graphflow.formats.idx import idx_header, write_idx
from graphflow.input import download

GOLDEN = Path(__file__).parents[1] / "golden" / "input"


def _recorder():
    spec = importlib.util.spec_from_file_location("record_mnist", GOLDEN / "record_mnist.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RECORDER = _recorder()
RECORDS = json.loads((GOLDEN / "mnist.json").read_text())["records"]
NAMES = [file.name for file in sources.FILES]


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    """No network, an empty cache, and NumPy's global generator put back afterwards."""
    state = np.random.get_state()  # noqa: NPY002
    monkeypatch.setenv("GRAPHFLOW_OFFLINE", "1")
    monkeypatch.setenv("GRAPHFLOW_CACHE", str(tmp_path / "cache"))
    yield
    np.random.set_state(state)  # noqa: NPY002


@pytest.fixture
def small(tmp_path):
    """A directory with 70 training and 30 test images."""
    directory = tmp_path / "small"
    directory.mkdir()
    RECORDER.write_files(directory)
    return directory


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The same files behind HTTP: (directory, address)."""
    directory = tmp_path_factory.mktemp("served")
    RECORDER.write_files(directory)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=directory)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield directory, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def mirror(served, monkeypatch):
    """`served` in MNIST's place, checksums and all, and leave to use the network."""
    directory, address = served
    files = []
    for file in sources.FILES:
        content = gzip.decompress((directory / file.name).read_bytes())
        files.append(sources.MnistFile(file.stem, hashlib.sha256(content).hexdigest()))
    monkeypatch.setattr(sources, "FILES", tuple(files))
    monkeypatch.setattr(sources, "MIRRORS", (address,))
    monkeypatch.delenv("GRAPHFLOW_OFFLINE")
    return address


# --- batches ---


@pytest.mark.parametrize("index", range(len(RECORDER.CASES)))
def test_sets_and_batches_are_tensorflows(index, small, graph_seed):
    options, seed, calls = RECORDER.CASES[index]
    with graph_seed(seed):
        found = RECORDER.run(input_data, small, options, calls)
    assert json.loads(json.dumps(found)) == RECORDS[index]


@pytest.fixture
def graph_seed():
    """A context manager: a graph of its own, with a seed."""
    from graphflow.core.graph import Graph
    from graphflow.core.seeds import set_random_seed

    @contextlib.contextmanager
    def context(seed):
        with Graph().as_default():
            if seed is not None:
                set_random_seed(seed)
            yield

    return context


def test_fake_data_is_tensorflows():
    sets = input_data.read_data_sets("", fake_data=True, one_hot=True)
    found = [sets.train.num_examples, sets.test.next_batch(2, True)]
    assert json.loads(json.dumps(found)) == RECORDS[-1]["fake"]


def test_fake_labels_are_numbers_without_one_hot():
    sets = input_data.read_data_sets("", fake_data=True)
    assert sets.train.next_batch(3, fake_data=True)[1] == [0, 0, 0]


def test_no_seed_gives_another_order_each_time(small, graph_seed):
    with graph_seed(None):
        first, second = (
            input_data.read_data_sets(small, validation_size=0).train.next_batch(70)
            for _ in range(2)
        )
    assert not np.array_equal(first[0], second[0])


def test_without_shuffling_order_is_that_of_the_file(small):
    train = input_data.read_data_sets(small, validation_size=10, dtype=dtypes.uint8).train
    images, labels = train.next_batch(60, shuffle=False)
    assert images[:, 0].tolist() == list(range(10, 70))
    np.testing.assert_array_equal(labels, RECORDER.made_up(70, 0)[1][10:])


def test_whole_images_follow_the_order_of_the_epoch(small):
    options = {"validation_size": 0, "seed": 4, "dtype": dtypes.uint8}
    one, two = (input_data.read_data_sets(small, **options).test for _ in range(2))
    unshuffled = one.images
    batches = [two.next_batch(30) for _ in range(3)]
    np.random.seed(4)  # noqa: NPY002
    for images, labels in batches:
        first = one.next_batch(1)
        np.testing.assert_array_equal(one.images, images)
        np.testing.assert_array_equal(one.labels, labels)
        assert one.images is one.images
        np.testing.assert_array_equal(first[0], images[:1])
        one.next_batch(29)
    np.testing.assert_array_equal(unshuffled[:, 0], range(30))


def test_examples_can_be_filtered_in_place_between_batches(small):
    test = input_data.read_data_sets(small, validation_size=0, seed=4).test
    test.next_batch(5)
    even = test.labels % 2 == 0
    test._images, test._labels = test.images[even] * 2, test.labels[even]
    test._num_examples = int(even.sum())
    images, labels = test.next_batch(40)
    assert set(labels) == {0, 2, 4, 6, 8}
    assert len(images) == len(labels)
    assert images.max() > 1


@pytest.mark.parametrize("dtype", [dtypes.float64, np.int32, "bool"])
def test_other_dtypes_are_refused(small, dtype):
    with pytest.raises(TypeError, match=r"Invalid image dtype tf\.\w+, expected uint8 or float32"):
        input_data.read_data_sets(small, validation_size=0, dtype=dtype)


@pytest.mark.parametrize("size", [-1, 71])
def test_validation_size_out_of_range_is_refused(small, size):
    says = f"Validation size should be between 0 and 70. Received: {size}."
    with pytest.raises(ValueError, match=says):
        input_data.read_data_sets(small, validation_size=size)


def test_images_and_labels_must_be_equally_many():
    with pytest.raises(AssertionError, match=r"images.shape: \(2, 1, 1, 1\) labels.shape: \(3,\)"):
        input_data.DataSet(np.zeros((2, 1, 1, 1)), np.zeros(3))


def test_reshape_needs_depth_one():
    with pytest.raises(AssertionError, match="depth 1"):
        input_data.DataSet(np.zeros((2, 4, 4, 3)), np.zeros(2))


def test_one_hot_rows_are_float64():
    rows = input_data.dense_to_one_hot(np.array([2, 0], np.uint8), 3)
    assert rows.dtype == np.float64
    assert rows.tolist() == [[0, 0, 1], [1, 0, 0]]
    with pytest.raises(IndexError):
        input_data.dense_to_one_hot(np.array([3, 0]), 3)


# --- files of the user ---


def test_extract_takes_a_file_and_says_so(small, capsys):
    with open(small / NAMES[0], "rb") as file:
        images = input_data.extract_images(file)
    labels = input_data.extract_labels(small / NAMES[1], one_hot=True)
    assert images.shape == (70, 4, 4, 1)
    assert images.dtype == np.uint8
    assert labels.shape == (70, 10)
    assert (
        capsys.readouterr().out == f"Extracting {small / NAMES[0]}\nExtracting {small / NAMES[1]}\n"
    )


@pytest.mark.parametrize("names", ["{}", "{dot}", "{dot}.gz"])
def test_other_names_and_unpacked_files_are_found(small, names):
    want = input_data.read_data_sets(small, validation_size=3, seed=1)
    for name in NAMES:
        stem = name.removesuffix(".gz")
        other = names.format(stem, dot=stem.replace("-idx", ".idx"))
        data = (small / name).read_bytes()
        (small / name).unlink()
        (small / other).write_bytes(data if other.endswith(".gz") else gzip.decompress(data))
    found = input_data.read_data_sets(small, validation_size=3, seed=1)
    np.testing.assert_array_equal(found.train.images, want.train.images)
    np.testing.assert_array_equal(found.test.labels, want.test.labels)


@pytest.mark.parametrize(
    ("name", "damage", "says"),
    [
        (NAMES[0], lambda path: path.write_bytes(path.read_bytes()[:-30]), "Truncated MNIST image"),
        (NAMES[0], lambda path: write_idx(path, np.zeros(70, np.uint8)),
         "Invalid magic number 2049 in MNIST image file"),
        (NAMES[1], lambda path: path.write_bytes(gzip.compress(bytes([0, 0, 8, 3] * 9))),
         "Invalid magic number 2051 in MNIST label file"),
        (NAMES[2], lambda path: path.write_bytes(b"<html>"), "Invalid magic number"),
        (NAMES[3], lambda path: write_idx(path, np.zeros(29, np.uint8)),
         "30 images in .* and 29 labels in"),
    ],
)  # fmt: skip
def test_damaged_file_is_named(small, name, damage, says):
    damage(small / name)
    with pytest.raises(ValueError, match=says) as caught:
        input_data.read_data_sets(small, validation_size=0)
    assert str(small / name) in str(caught.value)


# --- the bundled digits ---


def test_bundled_digits_stand_in_loudly_and_never_under_mnists_names(tmp_path, capsys):
    sets = input_data.read_data_sets(tmp_path / "none", seed=1)
    assert [part.num_examples for part in sets] == [4000 - 333, 333, 1000]
    assert sets.train.images.shape == (3667, 784)
    assert sets.train.images.dtype == np.float32
    assert sets.train.images.max() == 1.0
    assert np.bincount(sets.test.labels).tolist() == [100] * 10
    both = np.concatenate([sets.train.labels, sets.validation.labels])
    assert np.bincount(both).tolist() == [400] * 10
    assert set(np.bincount(sets.validation.labels)) == {33, 34}
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert (
        "WARNING: NOT THE FULL MNIST: train-images-idx3-ubyte.gz was not downloaded" in printed.err
    )
    assert not (tmp_path / "none").exists()


def test_bundled_digits_are_what_their_provenance_says():
    data = Path(sources.__file__).parent / "data"
    text = (data / "PROVENANCE.md").read_text()
    files = sorted(data.glob("*.gz"))
    assert len(files) == 2
    assert sum(file.stat().st_size for file in files) < 850_000
    for file in files:
        assert hashlib.sha256(gzip.decompress(file.read_bytes())).hexdigest() in text


@pytest.mark.parametrize(("size", "left"), [(0, 0), (60000, 4000), (1000, 66)])
def test_validation_size_shrinks_with_the_bundled_digits(tmp_path, size, left):
    sets = input_data.read_data_sets(tmp_path, validation_size=size)
    assert sets.validation.num_examples == left
    assert sets.train.num_examples == 4000 - left


def test_validation_size_is_held_to_the_full_set(tmp_path):
    with pytest.raises(ValueError, match=r"between 0 and 60000\. Received: 60001"):
        input_data.read_data_sets(tmp_path, validation_size=60001)


def test_address_of_ones_own_never_gets_mnist_instead(tmp_path):
    with pytest.raises(OSError, match="GRAPHFLOW_OFFLINE"):
        input_data.read_data_sets(tmp_path, source_url="https://example.org/fashion/")


# --- cache and network ---


def test_own_address_is_fetched_into_the_directory_only(served, tmp_path, monkeypatch):
    monkeypatch.delenv("GRAPHFLOW_OFFLINE")
    directory, address = served
    sets = input_data.read_data_sets(
        tmp_path / "d", validation_size=10, source_url=address.rstrip("/")
    )
    assert sets.train.num_examples == 60
    assert sorted(path.name for path in (tmp_path / "d").iterdir()) == sorted(NAMES)
    assert (tmp_path / "d" / NAMES[0]).read_bytes() == (directory / NAMES[0]).read_bytes()
    assert not (tmp_path / "cache").exists()


def test_mirror_fills_cache_and_directory_and_then_neither_needs_it(mirror, tmp_path, monkeypatch):
    paths = sources.locate(tmp_path / "a")
    assert paths == [tmp_path / "a" / name for name in NAMES]
    monkeypatch.setenv("GRAPHFLOW_OFFLINE", "1")
    sources.locate(tmp_path / "b")
    for place in ("a", "b", "cache/mnist"):
        assert sorted(path.name for path in (tmp_path / place).iterdir()) == sorted(NAMES)


def test_missing_file_alone_is_fetched(mirror, small):
    (small / NAMES[3]).unlink()
    assert sources.locate(small) == [small / name for name in NAMES]


def test_cache_that_cannot_be_made_is_done_without(mirror, tmp_path):
    (tmp_path / "cache").write_text("a file where the directory should be")
    assert sources.locate(tmp_path / "d") == [tmp_path / "d" / name for name in NAMES]


def test_directory_that_cannot_be_made_leaves_the_files_in_the_cache(mirror, tmp_path):
    (tmp_path / "d").write_text("a file where the directory should be")
    paths = sources.locate(tmp_path / "d")
    assert paths == [tmp_path / "cache" / "mnist" / name for name in NAMES]


def test_known_addresses_bring_the_mirrors_along():
    first, second = sources.MIRRORS
    assert sources.bases("") == sources.bases(first) == ((first, second), True)
    assert sources.bases(second.rstrip("/")) == ((second, first), True)
    assert sources.bases("http://yann.lecun.com/exdb/mnist/") == ((first, second), True)
    assert sources.bases("http://example.org/f") == (("http://example.org/f/",), False)


def test_wrong_checksum_in_the_cache_is_named(mirror, tmp_path):
    bad = tmp_path / "cache" / "mnist" / NAMES[1]
    bad.parent.mkdir(parents=True)
    write_idx(bad, np.zeros(70, np.uint8))
    with pytest.raises(ValueError, match=r"Wrong checksum of MNIST file: .*train-labels"):
        sources.locate(tmp_path / "d")


def test_mirror_with_other_content_is_not_believed(mirror, tmp_path, monkeypatch, capsys):
    wrong = tuple(sources.MnistFile(file.stem, "00") for file in sources.FILES)
    monkeypatch.setattr(sources, "FILES", wrong)
    sets = input_data.read_data_sets(tmp_path / "d")
    assert sets.test.num_examples == 1000
    assert "Wrong checksum of MNIST file" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()
    assert list((tmp_path / "cache" / "mnist").iterdir()) == []


def test_mirrors_are_tried_in_turn(served, tmp_path, monkeypatch):
    monkeypatch.delenv("GRAPHFLOW_OFFLINE")
    _, address = served
    target = tmp_path / "x" / NAMES[1]
    urls = [address + "nothing-here", "http://127.0.0.1:1/x", "nonsense", address + NAMES[1]]
    assert download.answering(urls, 5) == urls[3:]
    assert download.fetch(urls, target) == target
    with pytest.raises(OSError, match=r"(?s)could not be downloaded.*404.*nonsense"):
        download.fetch(urls[:3], tmp_path / "y")
    assert not (tmp_path / "y").exists()


def test_server_that_never_answers_is_left_alone():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        assert download.answering([url, url], 0.2) == []


def test_file_cut_short_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.delenv("GRAPHFLOW_OFFLINE")

    def serve(server):
        with server.accept()[0] as peer:
            peer.recv(4096)
            peer.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nshort")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(OSError, match="only 5 of 100 bytes came"):
            download.fetch([url], tmp_path / "x", tries=1)
        thread.join()
    assert list(tmp_path.iterdir()) == []


def test_maybe_download_fetches_once(mirror, served, tmp_path, capsys):
    path = input_data.maybe_download(NAMES[3], tmp_path / "d")
    assert path == str(tmp_path / "d" / NAMES[3])
    assert "Successfully downloaded t10k-labels-idx1-ubyte.gz" in capsys.readouterr().out
    assert input_data.maybe_download(NAMES[3], tmp_path / "d") == path
    assert capsys.readouterr().out == ""
    own = input_data.maybe_download("other", tmp_path / "d", served[1] + NAMES[1])
    assert Path(own).read_bytes() == (served[0] / NAMES[1]).read_bytes()
    with pytest.raises(ValueError, match="none of the MNIST files"):
        input_data.maybe_download("unknown", tmp_path / "d")


def test_cache_is_where_the_variables_say(monkeypatch, tmp_path):
    assert download.cache_dir("mnist") == tmp_path / "cache" / "mnist"
    monkeypatch.delenv("GRAPHFLOW_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert download.cache_dir("mnist") == tmp_path / "graphflow" / "mnist"
    monkeypatch.setattr("sys.platform", "darwin")
    assert download.cache_dir().parts[-3:] == ("Library", "Caches", "graphflow")


def test_checksum_is_of_the_unpacked_content(tmp_path):
    array = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    file = io.BytesIO()
    write_idx(file, array)
    known = sources.MnistFile("x", hashlib.sha256(file.getvalue()).hexdigest())
    for name in ("x", "x.gz"):
        write_idx(tmp_path / name, array)
        known.verify(tmp_path / name)
    assert file.getvalue() == idx_header(array) + array.tobytes()
