"""Fetches public files over the network: quick to give up, checked before they are kept.

In come addresses and a place for the file; out goes the path of a whole, checked file, or an
OSError. An offline machine is noticed within REACH_SECONDS, however its name server behaves.
"""

import http.client
import os
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["answering", "cache_dir", "fetch", "offline", "require_online"]

REACH_SECONDS = 1.5
_TIMEOUT_SECONDS = 10.0  # of one read, not of one file
_CHUNK = 1 << 16
# HTTPException is what a server that breaks off, or speaks no HTTP, gives; a ValueError comes from
# a malformed address and from the check of the content.
_FAILURES = (OSError, http.client.HTTPException, ValueError)


def offline() -> bool:
    """Whether GRAPHFLOW_OFFLINE forbids to try the network."""
    return os.environ.get("GRAPHFLOW_OFFLINE", "") not in ("", "0")


def require_online(name: str) -> None:
    """Raises an OSError that names the file wanted if the network must not be tried."""
    if offline():
        raise OSError(f"{name} was not downloaded: GRAPHFLOW_OFFLINE is set.")


def cache_dir(*parts: str) -> Path:
    """The directory for files that can be fetched again; it need not exist.

    $GRAPHFLOW_CACHE if set, else the place the system has for it: $XDG_CACHE_HOME or ~/.cache,
    ~/Library/Caches on macOS, %LOCALAPPDATA% on Windows, with `graphflow` below it.
    """
    chosen = os.environ.get("GRAPHFLOW_CACHE")
    return Path(chosen, *parts) if chosen else _system_cache().joinpath("graphflow", *parts)


def _system_cache() -> Path:
    if sys.platform == "darwin":
        return Path("~/Library/Caches").expanduser()
    place = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    return Path(place) if place else Path("~/.cache").expanduser()


def answering(urls: Sequence[str], seconds: float = REACH_SECONDS) -> list[str]:
    """Those of `urls` that can be opened within `seconds`, in the given order.

    All are tried at once, each in a thread of its own: looking up a host name knows no time-out,
    so a thread that hangs in it is left behind.
    """
    opened: set[str] = set()

    def probe(url: str) -> None:
        try:
            with _open(url, seconds):
                opened.add(url)
        except _FAILURES:
            return

    threads = [threading.Thread(target=probe, args=(url,), daemon=True) for url in urls]
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [url for url in urls if url in opened]


def fetch(
    urls: Sequence[str],
    target: Path,
    check: Callable[[Path], object] = lambda path: None,
    tries: int = 2,
) -> Path:
    """Fetches one file from the first of `urls` that gives it whole, and returns `target`.

    Args:
        urls: addresses of the same content, the preferred one first.
        target: where the file goes; its directory is made. It appears in one step, complete.
        check: called with the path of the fetched file before it is moved into place; raises
            ValueError if the content is wrong, and then the next address is tried.
        tries: rounds through all addresses.

    Raises:
        OSError: if no address gave the file; the message says what each of them answered.
    """
    require_online(target.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}.part")
    answers: dict[str, str] = {}
    try:
        for _ in range(tries):
            for url in urls:
                try:
                    _save(url, part, target.name)
                    check(part)
                except _FAILURES as error:
                    answers[url] = f"{type(error).__name__}: {error}"
                    continue
                os.replace(part, target)
                return target
    finally:
        part.unlink(missing_ok=True)
    listed = "".join(f"\n  {url}: {answer}" for url, answer in answers.items())
    raise OSError(f"{target.name} could not be downloaded.{listed}")


def _open(url: str, timeout: float) -> Any:
    request = urllib.request.Request(url, headers={"User-Agent": "graphflow"})
    return urllib.request.urlopen(request, timeout=timeout)


def _save(url: str, path: Path, name: str) -> None:
    """Writes what `url` gives to `path`, under a progress bar if a person is watching."""
    from tqdm import tqdm

    with _open(url, _TIMEOUT_SECONDS) as answer, open(path, "wb") as file:
        length = answer.headers.get("Content-Length")
        size = int(length) if length else None
        with tqdm(total=size, desc=name, unit="B", unit_scale=True, disable=None) as bar:
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
        # A connection that closes early looks like the end of the file to read().
        if size is not None and file.tell() != size:
            raise OSError(f"only {file.tell()} of {size} bytes came")
