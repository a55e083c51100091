"""Large files, whose writing to the disk begins before they are complete."""

from __future__ import annotations

import pathlib
import sys

import numpy as np
import pytest

from graphflow.formats import durable
from graphflow.formats.bundle import BundleReader
from graphflow.formats.bundle_writer import write_bundle

ARRAYS = {
    "a": np.arange(3_000_001, dtype=np.float64),
    "b": np.arange(7, dtype=np.int8),
    "c": np.arange(2_500_003, dtype=np.float32),
}


def _saved_and_restored(folder: pathlib.Path) -> None:
    write_bundle(folder / "m", [(k, a, None) for k, a in ARRAYS.items()])
    with BundleReader(folder / "m") as reader:
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(reader.read(name), array)


@pytest.mark.skipif(sys.platform != "linux", reason="a call of Linux")
def test_disk_begins_with_whole_pages_while_a_large_file_is_written(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, asked = durable._begin_writing(), []

    def noted(fd: int, start: int, length: int, flags: int) -> object:
        asked.append((start, length))
        return begin(fd, start, length, flags)

    monkeypatch.setattr(durable, "_begin_writing", lambda: noted)
    _saved_and_restored(tmp_path)
    assert len(asked) == 4  # of eight megabytes each
    at = 0
    for start, length in asked:
        assert (start, length % 4096) == (at, 0)
        at += length


def test_systems_without_such_a_call_save_all_the_same(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "elsewhere")
    durable._begin_writing.cache_clear()
    try:
        _saved_and_restored(tmp_path)
    finally:
        durable._begin_writing.cache_clear()
