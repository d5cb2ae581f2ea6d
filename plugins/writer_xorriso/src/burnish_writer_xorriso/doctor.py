"""What stands in the way of burning on this machine: findings as (level, text, advice).

Levels: `ok`, `note`, `warning`, `error`. Drives are found by the names that the kernel gives them; one that a
server uses at the moment is named and left alone.
"""

import errno
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from burnish.contracts import Unit

from burnish_writer_xorriso.drives import Connect
from burnish_writer_xorriso.mmc import Mmc
from burnish_writer_xorriso.scsi import Sense, SgDevice

Finding = tuple[str, str, str]
_OLDEST: Final = (1, 4, 0)
"""The first xorriso whose `-as cdrecord` knows every option that the driver gives it."""
_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class FoundDrive:
    """An optical drive that the kernel knows."""

    node: Path
    """`/dev/sr0`."""
    name: Path
    """What to configure: a link that follows the drive from socket to socket, else the node."""
    unit: Unit
    trouble: OSError | Sense | None = None
    """Why it cannot be asked; None where it can."""


def find_drives(
    dev: Path = Path("/dev"), sys_block: Path = Path("/sys/block"), connect: Connect = SgDevice
) -> Iterator[FoundDrive]:
    """Find optical drives, those that may not be used included. Asks each who it is."""
    for entry in sorted(sys_block.glob("sr[0-9]*")):
        node = dev / entry.name
        unit = _unit_of_kernel(entry)
        try:
            with connect(node) as transport:
                unit = Mmc(transport).unit(str(node))
        except (OSError, Sense) as error:
            yield FoundDrive(node, _lasting_name(dev, node), unit, error)
        else:
            yield FoundDrive(node, _lasting_name(dev, node), unit)


def _unit_of_kernel(entry: Path) -> Unit:
    """What the kernel read when the drive came."""
    words = []
    for name in ("vendor", "model", "rev"):
        try:
            words.append((entry / "device" / name).read_text("ascii", "replace").strip())
        except OSError:
            words.append("")
    return Unit(vendor=words[0], product=words[1], revision=words[2], place=f"/dev/{entry.name}")


def _lasting_name(dev: Path, node: Path) -> Path:
    links = sorted((dev / "disk" / "by-id").glob("*"))
    return next((link for link in links if link.resolve() == node.resolve()), node)


def findings(
    drives: Callable[[], Iterator[FoundDrive]] = find_drives, program: str = "xorriso"
) -> Iterator[Finding]:
    """Say what is found: the programs, then each drive."""
    yield _program(program)
    if not shutil.which("setpriv"):
        yield "error", "setpriv is not installed", "apt install util-linux"
    found = list(drives())
    if not found:
        yield (
            "note",
            "there is no optical drive",
            "`ls /dev/sr*` shows one that is; see `dmesg` for one that fails",
        )
    for drive in found:
        yield _drive(drive)


def _program(program: str) -> Finding:
    path = shutil.which(program)
    if path is None:
        return "error", f"{program} is not installed", "apt install xorriso"
    version = _version(path)
    words = ".".join(map(str, version))
    if not version:
        return (
            "warning",
            f"{path} does not say which version it is",
            "is it the xorriso of apt install xorriso?",
        )
    if version < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        return "warning", f"{path} is xorriso {words}", f"it was made for {oldest} and newer"
    return "ok", f"{path}, xorriso {words}", ""


def _version(path: str) -> tuple[int, ...]:
    try:
        said = subprocess.run([path, "-version"], capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    match = re.search(rb"xorriso (?:version\s*:\s*)?(\d+)\.(\d+)\.(\d+)", said.stdout + said.stderr)
    return tuple(map(int, match.groups())) if match else ()


def _drive(drive: FoundDrive) -> Finding:
    what = f"{drive.node}: {drive.unit or 'an optical drive'}"
    if drive.trouble is None:
        return "ok", what, f'to use it: device = "{drive.name}"'
    if not isinstance(drive.trouble, OSError):
        return "warning", f"{what} answers {drive.trouble}", "switch it off and on"
    return _no_access(what, drive)


def _no_access(what: str, drive: FoundDrive) -> Finding:
    number = drive.trouble.errno if isinstance(drive.trouble, OSError) else None
    if number in (errno.EACCES, errno.EPERM):
        group = _group(drive.node)
        return (
            "error",
            f"{what}: no permission to use it",
            f"usermod -aG {group} the user that serves, and log in again",
        )
    if number == errno.EBUSY:
        return "note", f"{what} is in use", "a server burns, or a disc in it is mounted: `findmnt` says"
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return (
            "error",
            f"{what}: the kernel has it, but there is no node",
            "let the container have it: --device",
        )
    return "error", f"{what}: {drive.trouble}", "switch it off and on, look at the cable"


def _group(node: Path) -> str:
    """Whose members may use a drive; cdrom on Debian."""
    try:
        return node.group()
    except (OSError, KeyError):
        return "cdrom"
