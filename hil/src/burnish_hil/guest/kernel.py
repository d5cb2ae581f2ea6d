"""Debian's kernel, fetched as a package and unpacked, never installed.

The image inside of `vmlinuz` is taken out once: QEMU starts an ELF file with a PVH entry in half the time.
"""

import lzma
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_META: Final = "linux-image-amd64"
"""The package that depends on the kernel of the day, whose name carries its version."""
_XZ: Final = b"\xfd7zXZ\x00"
_ELF: Final = b"\x7fELF"


class Missing(Exception):
    """What the lab needs is not on this machine and cannot be fetched."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """What is booted."""

    image: Path
    """The kernel as an ELF file."""
    modules: Path
    """The folder to be seen as /lib/modules: it holds one folder, named for the release."""

    @property
    def release(self) -> str:
        """As `uname -r` prints it."""
        return next(self.modules.iterdir()).name


def cache() -> Path:
    """The folder where the lab keeps what it fetched: $HIL_CACHE, or `burnish-hil` in the user's cache."""
    if given := os.environ.get("HIL_CACHE"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "burnish-hil"


def fetch(into: Path) -> Kernel:
    """The kernel, from `into` or from Debian's archive (about 70 MB). Raises Missing."""
    kernel = Kernel(into / "vmlinux", into / "root" / "lib" / "modules")
    if not kernel.image.exists():
        into.mkdir(parents=True, exist_ok=True)
        _unpack(into)
        _take_image(into / "root" / "boot" / f"vmlinuz-{kernel.release}", kernel.image)
        subprocess.run(["depmod", "-b", into / "root", kernel.release], check=True, timeout=120)
    return kernel


def _unpack(into: Path) -> None:
    archive = _download(_package(), into / "download")
    shutil.rmtree(into / "root", ignore_errors=True)
    subprocess.run(["dpkg", "-x", archive, into / "root"], check=True, timeout=300)
    shutil.rmtree(into / "download")


def _package() -> str:
    """The name of today's kernel package."""
    found = re.search(r"Depends: (linux-image-\S+)", _apt("apt-cache", "depends", _META))
    if not found:
        raise Missing(f"apt knows no package {_META}; the lab boots Debian's kernel")
    return found[1]


def _download(package: str, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    _apt("apt-get", "download", package, folder=folder)
    return next(folder.glob("*.deb"))


def _apt(*command: str, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        raise Missing(f"{' '.join(command)}: {getattr(error, 'stderr', '') or error}") from error
    return done.stdout


def _take_image(compressed: Path, image: Path) -> None:
    """Write the ELF file that lies, packed by xz, in a bzImage."""
    data = compressed.read_bytes()
    start = data.find(_XZ)
    while start >= 0:
        if (found := _unxz(data[start:])).startswith(_ELF):
            image.with_suffix(".part").write_bytes(found)
            image.with_suffix(".part").rename(image)
            return
        start = data.find(_XZ, start + 1)
    raise Missing(f"{compressed} holds no kernel packed by xz")


def _unxz(data: bytes) -> bytes:
    try:
        return lzma.LZMADecompressor().decompress(data)
    except lzma.LZMAError:
        return b""
