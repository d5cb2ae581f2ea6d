"""What stands in the way of burning on this machine. It opens no device: what the kernel tells is enough."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from burnish.contracts import Unit
from burnish.contracts.check import Finding, odd, well, wrong

from burnish_writer_xorriso.settings import PSEUDO

NAME: Final = "xorriso"
_PROGRAM: Final = "xorriso"
_OLDEST: Final = (1, 5, 0)
"""The xorriso of Debian 10; the driver's words were tried with 1.5.4."""
_SECONDS: Final = 10
Tables = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class FoundDrive:
    """An optical drive that the kernel knows."""

    node: Path
    """`/dev/sr0`."""
    name: Path
    """What to configure: a link that follows the drive from socket to socket, else the node."""
    unit: Unit
    """As the kernel read it when the drive came."""


def find_drives(dev: Path = Path("/dev"), sys_block: Path = Path("/sys/block")) -> Iterator[FoundDrive]:
    """Find optical drives, those that may not be used included."""
    for entry in sorted(sys_block.glob("sr[0-9]*")):
        node = dev / entry.name
        words = [_words(entry / "device" / name) for name in ("vendor", "model", "rev")]
        unit = Unit(vendor=words[0], product=words[1], revision=words[2], place=str(node))
        yield FoundDrive(node, _lasting_name(dev, node), unit)


def _words(file: Path) -> str:
    try:
        return " ".join(file.read_text("ascii", "replace").split())
    except OSError:
        return ""


def _lasting_name(dev: Path, node: Path) -> Path:
    links = sorted((dev / "disk" / "by-id").glob("*"))
    return next((link for link in links if link.resolve() == node.resolve()), node)


def look(tables: Tables, dev: Path = Path("/dev"), sys_block: Path = Path("/sys/block")) -> Iterator[Finding]:
    """Say what is found: the programs, each drive, and each configured device that is missing."""
    drives = list(find_drives(dev, sys_block))
    if not drives and not tables:
        yield well(NAME, "there is no optical drive, and none is configured")
        return
    for program in sorted({str(table.get("program", _PROGRAM)) for table in tables} or {_PROGRAM}):
        yield _program(program)
    if not shutil.which("setpriv"):
        yield wrong(NAME, "setpriv is not installed", "apt install util-linux")
    configured = {Path(device).resolve() for device in _devices(tables)}
    for drive in drives:
        yield _drive(drive, used=drive.node.resolve() in configured)
    yield from _missing(tables)


def _devices(tables: Tables) -> Iterator[str]:
    for table in tables:
        yield str(table.get("device", ""))


def _program(program: str) -> Finding:
    path = shutil.which(program)
    if path is None:
        return wrong(NAME, f"{program} is not installed", "apt install xorriso")
    version = _version(path)
    words = ".".join(map(str, version))
    if not version:
        return odd(NAME, f"{path} does not say which xorriso it is", "apt install xorriso, or mend `program`")
    if version < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        return odd(NAME, f"{path} is xorriso {words}", f"install {oldest} or newer: its words may be others")
    return well(NAME, f"{path}, xorriso {words}")


def _version(path: str) -> tuple[int, ...]:
    try:
        said = subprocess.run([path, "-version"], capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    match = re.search(rb"xorriso (?:version\s*:\s*)?(\d+)\.(\d+)\.(\d+)", said.stdout + said.stderr)
    return tuple(map(int, match.groups())) if match else ()


def _drive(drive: FoundDrive, *, used: bool) -> Finding:
    what = f"{drive.node}, {drive.unit}" if str(drive.unit) else str(drive.node)
    if not drive.node.exists():
        return wrong(NAME, f"{what}: the kernel has it, but there is no node", "let the container have it")
    if not os.access(drive.node, os.R_OK | os.W_OK):
        group = f"usermod -aG {_group(drive.node)} <the user that serves>, then start the service again"
        return wrong(NAME, f"{what}: no permission to use it", group)
    if not used:
        return well(NAME, f'{what}: not configured; device = "{drive.name}" would be it')
    return well(NAME, what)


def _group(node: Path) -> str:
    """Whose members may use a drive; cdrom on Debian."""
    try:
        return node.group()
    except (OSError, KeyError):
        return "cdrom"


def _missing(tables: Tables) -> Iterator[Finding]:
    for device in _devices(tables):
        if device.startswith(PSEUDO):
            folder = Path(device.removeprefix(PSEUDO)).parent
            if not folder.is_dir():
                yield wrong(NAME, f"{device}: there is no folder {folder}", "make it, or mend `device`")
        elif not Path(device).exists():
            yield wrong(
                NAME, f"{device} is not there", "plug the drive in and switch it on, or mend `device`"
            )
