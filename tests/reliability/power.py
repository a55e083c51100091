"""A power cut at any moment of a save: what the disk may hold then, for every moment.

The writer's calls are logged: what each file held when it was flushed, renames, removals, flushes
of the folder. A cut may come between any two of them. What was written and not flushed is lost; of
the renames and removals since the folder's last flush, the disk has the first few, any number.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

Event = tuple[str, Any, Any]


class Log:
    """The calls of one save, in order."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self.before = {p.name: p.read_bytes() for p in folder.iterdir()}

    def recording(self, patch: pytest.MonkeyPatch) -> None:
        """Logs from now on."""
        fsync, replace, unlink = os.fsync, os.replace, pathlib.Path.unlink
        events = self.events

        def flushed(fd: int) -> None:
            path = pathlib.Path(os.readlink(f"/proc/self/fd/{fd}"))
            fsync(fd)
            if path.is_dir():
                events.append(("folder", None, None))
            else:
                events.append(("flush", path.name, path.read_bytes()))

        def replaced(old: Any, new: Any) -> None:
            replace(old, new)
            events.append(("rename", pathlib.Path(old).name, pathlib.Path(new).name))

        def removed(path: pathlib.Path, missing_ok: bool = False) -> None:
            existed = path.exists()
            unlink(path, missing_ok)
            if existed:
                events.append(("remove", path.name, None))

        patch.setattr(os, "fsync", flushed)
        patch.setattr(os, "replace", replaced)
        patch.setattr(pathlib.Path, "unlink", removed)

    def disks(self) -> Iterator[dict[str, bytes]]:
        """What the disk may hold: names and contents, for each moment of the cut."""
        for end in range(len(self.events) + 1):
            past = self.events[:end]
            synced = max((i for i, e in enumerate(past) if e[0] == "folder"), default=-1)
            pending = [i for i in range(synced + 1, end) if past[i][0] in ("rename", "remove")]
            for kept in range(len(pending) + 1):
                lost = set(pending[kept:])
                yield self._disk([e for i, e in enumerate(past) if i not in lost])

    def _disk(self, events: list[Event]) -> dict[str, bytes]:
        names = dict(self.before)
        flushed: dict[str, bytes] = {}
        for kind, name, other in events:
            if kind == "flush":
                flushed[name] = other
            elif kind == "rename":
                names.pop(name, None)
                # A file that was never flushed comes back empty.
                names[other] = flushed.pop(name, b"")
            elif kind == "remove":
                names.pop(name, None)
        return names


def laid_out(folder: pathlib.Path, disk: dict[str, bytes]) -> None:
    """Makes a folder hold what a disk held."""
    for path in folder.iterdir():
        path.unlink()
    for name, data in disk.items():
        (folder / name).write_bytes(data)
