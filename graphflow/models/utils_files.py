"""Files that are fetched once and kept below ~/.keras."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import zipfile
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlretrieve

from graphflow.core.export import export
from graphflow.input import download
from graphflow.models.utils_progress import Progbar


@export("keras.utils.get_file")
def get_file(
    fname: str,
    origin: str,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: str | None = None,
) -> str:
    """Returns the path of a file, which is fetched from an address if it is not there.

    Args:
        fname: its name; an absolute path stands for itself.
        origin: the address.
        untar: whether it is a packed tar archive; the path is that of what is in it.
        md5_hash: the older name of `file_hash`, for MD5.
        file_hash: the checksum; a file with another one is fetched again.
        cache_subdir: the folder below the cache.
        hash_algorithm: "md5", "sha256" or "auto": as the checksum is long.
        extract: whether an archive is unpacked beside the file.
        archive_format: "tar", "zip", a list of them, "auto" for both, None for neither.
        cache_dir: the cache; None: ~/.keras.

    Raises:
        Exception: if the address does not give the file, as in TensorFlow.
        OSError: if GRAPHFLOW_OFFLINE is set.
    """
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    folder = _folder(cache_dir, cache_subdir)
    target = os.path.join(folder, fname)
    path = f"{target}.tar.gz" if untar else target
    if _is_missing(path, file_hash, hash_algorithm):
        _download(origin, path)
    if untar:
        if not os.path.exists(target):
            extract_archive(path, folder, "tar")
        return target
    if extract:
        extract_archive(path, folder, archive_format)
    return path


def _folder(cache_dir: str | None, subdir: str) -> str:
    base = os.path.expanduser(os.path.join("~", ".keras") if cache_dir is None else cache_dir)
    if cache_dir is None and not os.path.exists(base):
        os.makedirs(base, exist_ok=True)
    if not os.access(base, os.W_OK):
        base = os.path.join(tempfile.gettempdir(), ".keras")
    folder = os.path.join(base, subdir)
    os.makedirs(folder, exist_ok=True)
    return folder


def _is_missing(path: str, file_hash: str | None, algorithm: str) -> bool:
    if not os.path.exists(path):
        return True
    if file_hash is None or validate_file(path, file_hash, algorithm):
        return False
    print(
        "A local file was found, but it seems to be incomplete or outdated because the "
        f"{algorithm} file hash does not match the original value of {file_hash} so we will "
        "re-download the data."
    )
    return True


def _download(origin: str, path: str) -> None:
    download.require_online(os.path.basename(path))
    print("Downloading data from", origin)
    bars: list[Progbar] = []

    def shown(count: int, block_size: int, total_size: int) -> None:
        if bars:
            bars[0].update(count * block_size)
        else:
            bars.append(Progbar(None if total_size == -1 else total_size))

    try:
        try:
            urlretrieve(origin, path, shown)
        except HTTPError as error:
            raise _failure(origin, error.code, error.msg) from error
        except URLError as error:
            raise _failure(origin, error.errno, error.reason) from error
    except BaseException:
        if os.path.exists(path):
            os.remove(path)
        raise


def _failure(origin: str, code: Any, reason: Any) -> Exception:
    return Exception(f"URL fetch failure on {origin}: {code} -- {reason}")


def extract_archive(file_path: str, path: str = ".", archive_format: Any = "auto") -> bool:
    """Unpacks an archive; returns whether it was one of the formats.

    Args:
        file_path: the archive.
        path: the folder.
        archive_format: "tar", "zip", a list of them, "auto" for both, None for neither.
    """
    if archive_format is None:
        return False
    if archive_format == "auto":
        archive_format = ["tar", "zip"]
    kinds = [archive_format] if isinstance(archive_format, str) else archive_format
    for kind in kinds:
        if kind == "tar" and tarfile.is_tarfile(file_path):
            with tarfile.open(file_path) as tar:
                _unpack(lambda: tar.extractall(path, filter="data"), path)
            return True
        if kind == "zip" and zipfile.is_zipfile(file_path):
            with zipfile.ZipFile(file_path) as packed:
                _unpack(lambda: packed.extractall(path), path)
            return True
    return False


def _unpack(extract: Any, path: str) -> None:
    try:
        extract()
    except (tarfile.TarError, RuntimeError, KeyboardInterrupt):
        if os.path.isfile(path):
            os.remove(path)
        elif os.path.exists(path):
            shutil.rmtree(path)
        raise


def validate_file(fpath: str, file_hash: str, algorithm: str = "auto") -> bool:
    """Whether a file has a checksum.

    Args:
        fpath: the file.
        file_hash: the checksum in hexadecimal digits.
        algorithm: "md5", "sha256" or "auto": as the checksum is long.
    """
    long = algorithm == "sha256" or (algorithm == "auto" and len(file_hash) == 64)
    with open(fpath, "rb") as file:
        digest = hashlib.file_digest(file, "sha256" if long else "md5")
    return digest.hexdigest() == str(file_hash)
