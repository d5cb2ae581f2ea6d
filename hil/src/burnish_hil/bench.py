"""What a scenario finds on the bench: a recorder that is plugged in, and images to burn."""

import itertools
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final

from burnish_hil.devices.bus import Cable
from burnish_hil.devices.mmc import Disc, Drive, Faults, Kind
from burnish_hil.devices.usb_bot import usb_recorder
from burnish_hil.guest import Guest, wiring

_SERIALS: Final = itertools.count(1)


@dataclass(slots=True)
class Recorder:
    """A recorder that the guest sees."""

    guest: Guest
    drive: Drive
    cable: Cable
    node: str
    """Its device node in the guest."""
    discs: Path
    """The folder where discs' blocks lie."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def blank(self, kind: Kind, blocks: int = 0) -> Disc:
        """A blank, out of the box. `blocks`: how many fit; 0: as many as its kind holds."""
        return Disc(kind, self.discs / f"{self.drive.serial}-{next(self._numbers)}", blocks)

    def insert(self, kind: Kind, blocks: int = 0) -> Disc:
        """Lay a blank in; the guest has seen it."""
        disc = self.blank(kind, blocks)
        self.drive.insert(disc)
        return disc

    def plug_in(self) -> str:
        """Plug it in again; its node, which may be another."""
        wiring.attach(self.guest, self.cable.port)
        self.node = wiring.recorder(self.guest, self.drive.serial)
        return self.node


@contextmanager
def recorder(guest: Guest, discs: Path, faults: Faults | None = None) -> Iterator[Recorder]:
    """Plug a recorder in, empty and with its tray in."""
    drive = Drive(serial=f"LAB{next(_SERIALS):05d}", faults=faults or Faults())
    with Cable(usb_recorder(drive)) as cable:
        found = Recorder(guest, drive, cable, "", discs)
        found.plug_in()
        yield found


@contextmanager
def recorders(guest: Guest, discs: Path, count: int) -> Iterator[list[Recorder]]:
    """Plug several in."""
    with ExitStack() as stack:
        yield [stack.enter_context(recorder(guest, discs)) for _ in range(count)]


def image(folder: Path, megabytes: int, seed: int = 5) -> Path:
    """An ISO 9660 image with one big file DATA of noise, made by xorriso."""
    content = folder / "content"
    content.mkdir(exist_ok=True)
    (content / "DATA").write_bytes(Random(seed).randbytes(megabytes << 20))  # noqa: S311 - noise, no secret
    path = folder / "image.iso"
    command = ["xorriso", "-as", "mkisofs", "-quiet", "-V", "LAB", "-o", str(path), str(content)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return path


def holds(disc: Disc, image: Path) -> bool:
    """Whether the disc holds the image from its first block on, bit by bit."""
    wanted = image.read_bytes()
    return sha256(disc.content(len(wanted))).digest() == sha256(wanted).digest()
