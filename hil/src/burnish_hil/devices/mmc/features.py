"""The features of the drive, which depend on the disc in it. (MMC-6 5.3)"""

from collections.abc import Iterator
from typing import NamedTuple

from burnish_hil.devices.mmc.kinds import BD, CD, DVD
from burnish_hil.devices.mmc.recorder import Recorder
from burnish_hil.devices.mmc.wire import be

_PROFILES = (0x43, 0x41, 0x40, 0x1B, 0x1A, 0x11, 0x10, 0x09, 0x08)
_ALL, _CURRENT, _ONE = 0, 1, 2


class _Feature(NamedTuple):
    code: int
    version: int
    persistent: bool
    current: bool
    body: bytes = b""

    def pack(self) -> bytes:
        flags = self.version << 2 | self.persistent << 1 | self.current
        return be(self.code, 2) + bytes([flags, len(self.body)]) + self.body


def configuration(drive: Recorder, which: int, first: int) -> bytes:
    """The reply to GET CONFIGURATION: features from `first` on, all, current or that one."""
    disc = drive.loaded()
    profile = disc.profile if disc and not drive.faults.unknown_medium else 0
    wanted = b"".join(
        feature.pack() for feature in _features(drive, profile) if _asked(feature, which, first)
    )
    return be(len(wanted) + 4, 4) + b"\0\0" + be(profile, 2) + wanted


def _asked(feature: _Feature, which: int, first: int) -> bool:
    if which == _ONE:
        return feature.code == first
    return feature.code >= first and (which == _ALL or feature.current)


def _features(drive: Recorder, profile: int) -> Iterator[_Feature]:
    disc = drive.loaded()
    writable = disc is not None and not disc.closed
    profiles = b"".join(be(number, 2) + bytes([number == profile, 0]) for number in _PROFILES)
    always = True
    yield _Feature(0x0000, 0, always, True, profiles)  # profile list
    yield _Feature(0x0001, 2, always, True, be(8, 4) + bytes([1, 0, 0, 0]))  # core
    yield _Feature(0x0002, 1, always, True, bytes([2, 0, 0, 0]))  # morphing
    yield _Feature(0x0003, 0, always, True, bytes([0x29, 0, 0, 0]))  # removable medium: a tray
    yield _Feature(0x0010, 0, False, profile != 0, be(2048, 4) + be(1, 2) + b"\1\0")  # random readable
    yield _Feature(0x001E, 2, False, profile in CD, bytes(4))  # CD read
    yield _Feature(0x001F, 1, False, profile in DVD, bytes(4))  # DVD read
    sequential = profile in (0x09, 0x11, 0x41) and writable
    yield _Feature(0x0021, 3, False, sequential, be(0x100, 2) + b"\1\0")  # incremental streaming writable
    yield _Feature(0x0026, 0, False, disc is not None and disc.overwriteable)  # restricted overwrite
    yield _Feature(0x002A, 0, False, profile == 0x1A, bytes([1, 0, 0, 0]))  # DVD+RW
    yield _Feature(0x002B, 0, False, profile == 0x1B, bytes([1, 0, 0, 0]))  # DVD+R
    at_once = profile in CD and writable
    yield _Feature(0x002D, 2, False, at_once, bytes([0x46, 0]) + be(0x100, 2))  # CD track at once
    yield _Feature(0x002E, 1, False, at_once, bytes([0x64]) + be(3000, 3))  # CD mastering
    yield _Feature(0x002F, 2, False, profile == 0x11, bytes([0x44, 0, 0, 0]))  # DVD-R write
    yield _Feature(0x0040, 1, False, profile in BD, bytes(28))  # BD read
    yield _Feature(0x0041, 1, False, profile in BD and profile != 0x40, bytes(28))  # BD write
    yield _Feature(0x0107, 4, False, True, bytes([0x1F, 0, 0, 0]))  # real time streaming
    yield _Feature(0x0108, 0, always, True, drive.serial.encode("ascii"))  # serial number
