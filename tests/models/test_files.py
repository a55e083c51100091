"""Files of `get_file` and data sets: kept, checked, unpacked, and without network."""

from __future__ import annotations

import hashlib
import pathlib
import tarfile
import zipfile

import numpy as np
import pytest

import graphflow as tf

CONTENT = b"one and two"


@pytest.fixture
def home(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GRAPHFLOW_OFFLINE", raising=False)
    return tmp_path


def served(folder: pathlib.Path) -> pathlib.Path:
    path = folder / "served.txt"
    path.write_bytes(CONTENT)
    return path


def test_a_file_is_fetched_once_and_kept(home: pathlib.Path) -> None:
    source = served(home)
    path = tf.keras.utils.get_file("kept.txt", source.as_uri())
    assert pathlib.Path(path) == home / ".keras" / "datasets" / "kept.txt"
    source.write_bytes(b"other")
    again = tf.keras.utils.get_file("kept.txt", source.as_uri())
    assert pathlib.Path(again).read_bytes() == CONTENT


def test_a_file_with_another_checksum_is_fetched_again(
    home: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = served(home)
    digest = hashlib.sha256(b"other").hexdigest()
    tf.keras.utils.get_file("kept.txt", source.as_uri(), cache_subdir="mine")
    source.write_bytes(b"other")
    path = tf.keras.utils.get_file(
        "kept.txt", source.as_uri(), cache_subdir="mine", file_hash=digest
    )
    assert pathlib.Path(path).read_bytes() == b"other"
    assert "it seems to be incomplete or outdated" in capsys.readouterr().out
    md5 = hashlib.md5(b"other").hexdigest()
    source.write_bytes(b"third")
    path = tf.keras.utils.get_file("kept.txt", source.as_uri(), cache_subdir="mine", md5_hash=md5)
    assert pathlib.Path(path).read_bytes() == b"other"


def test_what_cannot_be_fetched_leaves_nothing_behind(home: pathlib.Path) -> None:
    gone = (home / "gone.txt").as_uri()
    with pytest.raises(Exception, match="URL fetch failure on file:"):
        tf.keras.utils.get_file("kept.txt", gone)
    assert not (home / ".keras" / "datasets" / "kept.txt").exists()


def test_archives_are_unpacked(home: pathlib.Path) -> None:
    source = served(home)
    with tarfile.open(home / "packed.tar.gz", "w:gz") as tar:
        tar.add(source, "inside/served.txt")
    with zipfile.ZipFile(home / "packed.zip", "w") as packed:
        packed.write(source, "zipped.txt")
    folder = tf.keras.utils.get_file("inside", (home / "packed.tar.gz").as_uri(), untar=True)
    assert pathlib.Path(folder, "served.txt").read_bytes() == CONTENT
    path = tf.keras.utils.get_file(
        "packed.zip", (home / "packed.zip").as_uri(), extract=True, cache_dir=str(home)
    )
    assert (pathlib.Path(path).parent / "zipped.txt").read_bytes() == CONTENT


def test_digits_without_network_are_the_bundled_ones(
    home: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRAPHFLOW_OFFLINE", "1")
    (x_train, y_train), (x_test, y_test) = tf.keras.datasets.mnist.load_data()
    assert x_train.shape == (4000, 28, 28)
    assert x_train.dtype == np.uint8
    assert y_train.shape == (4000,)
    assert len(x_test) == len(y_test) == 1000
    assert "NOT THE FULL MNIST" in capsys.readouterr().err


def test_labels_of_cifar_are_of_two_kinds() -> None:
    with pytest.raises(ValueError, match="label_mode"):
        tf.keras.datasets.cifar100.load_data("none")


def test_offline_means_offline(home: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHFLOW_OFFLINE", "1")
    with pytest.raises(OSError, match="GRAPHFLOW_OFFLINE is set"):
        tf.keras.datasets.imdb.load_data()
    with pytest.raises(TypeError, match="Unrecognized keyword arguments"):
        tf.keras.datasets.reuters.load_data(words=3)


def test_a_lambda_of_another_process_is_asked_for_by_its_name() -> None:
    """A file's bytecode would run whatever it holds: TensorFlow runs it, graphflow does not."""
    layers = tf.keras.layers

    def twice(x: int) -> int:
        return x * 2

    config = layers.Lambda(twice).get_config()
    assert layers.Lambda.from_config(config).function(3) == 6
    text, defaults, held = config["function"]
    other = {**config, "function": (text.replace("process ", "process 0"), defaults, held)}
    with pytest.raises(ValueError, match=r"Lambda layer's function \('twice'\) is not read"):
        layers.Lambda.from_config(other)
    found = layers.Lambda.from_config(other, {"twice": lambda x: x * 4})
    assert found.function(3) == 12
