"""What files survive, and what damage is noticed; docs/reliability.md has the figures."""

from __future__ import annotations

import errno
import os
import pathlib
import subprocess
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest

import graphflow as tf
from graphflow.formats import durable
from graphflow.formats.bundle import BundleReader
from graphflow.formats.bundle_writer import write_bundle
from tests.reliability import extremes, flips, fuzz, power

FUZZED = int(os.environ.get("GRAPHFLOW_FUZZ", "2000"))
"""Damaged copies of each kind of file in a test run; `make reliability` takes more."""


def tensors(step: int) -> Any:
    yield "a", np.full(1000, step, np.float32), None
    yield "b", np.full(3, step, np.int64), None


def restored(prefix: pathlib.Path) -> int:
    with BundleReader(prefix) as reader:
        (step,) = {int(x) for name in ("a", "b") for x in reader.read(name)}
    return step


def test_every_turned_bit_is_reported_or_harmless(tmp_path: pathlib.Path) -> None:
    for seen in flips.outcomes(tmp_path).values():
        assert set(seen) <= {"reported", "no value changed"}, seen
        assert seen["reported"] > seen["no value changed"]  # bits that nothing is stored in


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_power_cut_at_any_moment_leaves_the_old_or_the_new(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, disk = tmp_path / "saved", tmp_path / "disk"
    folder.mkdir()
    disk.mkdir()
    for step in (1, 2, 3):
        log = power.Log(folder)
        with monkeypatch.context() as patch:
            log.recording(patch)
            write_bundle(folder / "m", tensors(step))
        seen = set()
        for state in log.disks():
            power.laid_out(disk, state)
            if step > 1 or (disk / "m.index").exists():
                seen.add(restored(disk / "m"))
        assert seen == ({step} if step == 1 else {step - 1, step})


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
def test_killed_program_goes_on_from_its_last_step_and_leaves_nothing_over(
    tmp_path: pathlib.Path,
) -> None:
    script = pathlib.Path(__file__).with_name("kill_saver.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), "20", "1"],
        env={**os.environ, "PYTHONPATH": str(script.parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


class _Full:
    """A file on a disk that takes no more than so many bytes."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self._room = file, room

    def write(self, data: Any) -> int:
        self._room -= len(memoryview(data).cast("B"))
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(self._file.write(data))

    def __enter__(self) -> _Full:
        return self

    def __exit__(self, *exc: Any) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.mark.parametrize("room", [0, 1, 100, 3999, 4000, 4023, 4100])
def test_full_disk_gives_one_error_and_leaves_the_old_checkpoint(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    write_bundle(tmp_path / "m", tensors(1))
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    create = durable.create_temporary
    left = [room]

    def creating(path: pathlib.Path) -> Any:
        made = _Full(create(path), left[0])
        left[0] = 0 if room < 4023 else 64  # what is left for the index
        return made

    with monkeypatch.context() as patch:
        patch.setattr(durable, "create_temporary", creating)
        with pytest.raises(tf.errors.ResourceExhaustedError, match="No space left"):
            write_bundle(tmp_path / "m", tensors(2))
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_folder_that_may_not_be_written_gives_one_error(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle(tmp_path / "m", tensors(1))

    def refused(path: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(durable, "create_temporary", refused)
        with pytest.raises(tf.errors.PermissionDeniedError, match="Permission denied"):
            write_bundle(tmp_path / "m", tensors(2))
    assert restored(tmp_path / "m") == 1


@pytest.mark.parametrize("kind", ["index", "data", "version 1", "graph", "events", "records"])
def test_damaged_file_gives_values_or_a_clear_error(tmp_path: pathlib.Path, kind: str) -> None:
    path, read = fuzz.samples(tmp_path / "files")[kind]
    read(path)
    seen = fuzz.outcomes(path, read, FUZZED, seed=7)
    assert sum(seen.values()) == FUZZED
    assert len(seen) > 1, seen


@pytest.mark.parametrize("kind", ["index", "data", "version 1", "graph", "records", "events"])
def test_reading_a_damaged_file_takes_no_memory_beyond_its_size(
    tmp_path: pathlib.Path, kind: str
) -> None:
    path, read = fuzz.samples(tmp_path / "files")[kind]
    fuzz.outcomes(path, read, 20, seed=1)
    fixed = 1 << 19  # of a reader of any file: its buffer, tables of names
    tracemalloc.start()
    try:
        for seed in range(200):
            tracemalloc.reset_peak()
            start = tracemalloc.get_traced_memory()[0]
            fuzz.outcomes(path, read, 1, seed)
            peak = tracemalloc.get_traced_memory()[1] - start
            assert peak < 4 * path.stat().st_size + fixed, (seed, peak)
    finally:
        tracemalloc.stop()


def test_importing_a_graph_of_extreme_numbers_takes_no_memory_beyond_its_size(
    tmp_path: pathlib.Path,
) -> None:
    path, (_, read) = tmp_path / "graph", fuzz.samples(tmp_path / "files")["graph"]
    path.write_bytes(extremes.graph().SerializeToString())
    read(path)
    fixed = 1 << 19
    seen = set()
    tracemalloc.start()
    try:
        for data in extremes.files():
            path.write_bytes(data)
            tracemalloc.reset_peak()
            start = tracemalloc.get_traced_memory()[0]
            try:
                read(path)
                seen.add("read")
            except fuzz.ALLOWED:
                seen.add("refused")
            peak = tracemalloc.get_traced_memory()[1] - start
            assert peak < 4 * len(data) + fixed, (peak, tf.GraphDef.FromString(data))
    finally:
        tracemalloc.stop()
    assert seen == {"read", "refused"}


def test_repeated_constant_of_a_file_is_made_when_it_is_computed_with() -> None:
    message = tf.GraphDef()
    for name, shape, values in (("a", [500, 20], [1.0, 2.0]), ("b", [1 << 44], [3.0])):
        node = message.node.add(name=name, op="Const")
        node.attr["dtype"].type = 1
        tensor = node.attr["value"].tensor
        tensor.dtype = 1
        tensor.float_val.extend(values)
        for size in shape:
            tensor.tensor_shape.dim.add(size=size)
    message.versions.producer = 134
    with tf.Graph().as_default() as graph, tf.Session() as session:
        a, b = tf.import_graph_def(message, return_elements=["a:0", "b:0"], name="")
        assert graph.as_graph_def() == message
        expected = np.full([500, 20], 2, np.float32)
        expected[0, 0] = 1
        np.testing.assert_array_equal(session.run(a), expected)
        np.testing.assert_array_equal(session.run(tf.reduce_sum(a, 1)), expected.sum(1))
        np.testing.assert_array_equal(tf.contrib.util.constant_value(a), expected)
        assert b.shape == [1 << 44]
        with pytest.raises(tf.errors.ResourceExhaustedError, match="OOM when allocating"):
            session.run(b)


def test_nothing_is_ever_unpickled() -> None:
    package = pathlib.Path(tf.__file__).parent
    texts = {p: p.read_text() for p in package.rglob("*.py")}
    users = [p.name for p, text in texts.items() if "import pickle" in text or "marshal" in text]
    assert users == []
    loads = [p.name for p, text in texts.items() if "allow_pickle=True" in text]
    assert loads == []
