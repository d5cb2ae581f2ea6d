"""Reads a FAT volume of anybody's making, hostile ones too, within bounds.

What cannot be followed safely raises UnreadableMedium: a loop of clusters or folders, places beyond the
volume, names that would leave their folder. What only breaks a rule is a finding.
"""

import re
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from burnish.contracts import Contents, FileOnMedium
from burnish.errors import UnreadableMedium

from burnish_format_fat import Variant
from burnish_format_fat.names import NAME, Path, shown
from burnish_format_fat.sectors import CODE, MARK, label

_SIGNATURE: Final = b"\x55\xaa"
_PARTITIONS: Final = {0x04: 16, 0x06: 16, 0x0E: 16, 0x0B: 32, 0x0C: 32}
"""Partition types, and the kind of FAT that each announces."""
_DEEPEST: Final = 64
_MOST_ENTRIES: Final = 1 << 20
_MOST_FINDINGS: Final = 200
_MOST_FAT: Final = 1 << 28
"""Bytes of a FAT that are read: 64 Mi clusters."""
_LABEL, _FOLDER, _LONG_NAME, _HIDDEN = 0x08, 0x10, 0x0F, 0x06
_SAID: Final = re.compile(MARK + rb"([A-Z0-9_]{0,16}) ([A-Z0-9]{1,120}) [0-9T]{15}\n")
_FORBIDDEN: Final = re.compile(rb'[\x00-\x1f"*+,./:;<=>?\[\\\]|\x7f]')


class _Findings(list[str]):
    def note(self, finding: str) -> None:
        if len(self) < _MOST_FINDINGS:
            self.append(finding)
        elif len(self) == _MOST_FINDINGS:
            self.append(f"there are more than {_MOST_FINDINGS} findings; the rest are left out")


@dataclass(frozen=True, slots=True)
class _Boot:
    """What a boot sector says, in bytes."""

    start: int
    """Of the volume within the medium."""
    bits: int
    cluster: int
    clusters: int
    fat: int
    """Where the first FAT begins, within the medium."""
    fat_size: int
    fats: int
    root: int
    """Where a FAT16 root begins; the first cluster of a FAT32 root."""
    root_size: int
    data: int
    """Where cluster 2 begins."""
    end: int


def read(medium: BinaryIO, variant: Variant) -> Contents:
    """List a volume's files. Raises UnreadableMedium, also where it is of another variant."""
    try:
        return _Reader(medium, variant).contents()
    except OSError as error:
        raise UnreadableMedium(f"the medium cannot be read: {error}") from error


class _Reader:
    def __init__(self, medium: BinaryIO, variant: Variant) -> None:
        self._medium = medium
        self._variant = variant
        self._end = medium.seek(0, 2)
        self._findings = _Findings()
        self._used = bytearray()
        self._next = array("I")
        self._boot: _Boot

    def contents(self) -> Contents:
        sector, start = self._volume()
        self._boot = boot = _boot(sector, start)
        if boot.bits not in self._variant.bits:
            raise UnreadableMedium(f"it is FAT{boot.bits}")
        if boot.end > self._end:
            self._findings.note(f"the volume ends at byte {boot.end} and the medium at {self._end}")
        self._next = self._chains()
        self._used = bytearray(boot.clusters + 2)
        files = list(self._walk())
        identifier, token = self._said(sector)
        return Contents(identifier, token, files, tuple(self._findings))

    def _volume(self) -> tuple[bytes, int]:
        """The boot sector, and where the volume begins."""
        first = self._take(0, 512)
        if first[510:] != _SIGNATURE:
            raise UnreadableMedium("its first sector has no signature")
        kind, start = first[450], int.from_bytes(first[454:458], "little") * 512
        partitioned = kind in _PARTITIONS and first[446] in (0x00, 0x80) and first[0] not in (0xEB, 0xE9)
        if self._variant.partitioned is not None and partitioned != self._variant.partitioned:
            raise UnreadableMedium("it has a partition table" if partitioned else "it has no partition table")
        if not partitioned:
            return first, 0
        if any(first[462 + 16 * number + 4] for number in range(3)):
            self._findings.note("there is more than one partition; the first was read")
        sector = self._take(start, 512)
        if sector[510:] != _SIGNATURE:
            raise UnreadableMedium("its partition has no boot sector")
        return sector, start

    def _said(self, sector: bytes) -> tuple[str, str]:
        """Identifier and token: of our own volumes from the boot sector, else the label."""
        boot = self._boot
        said = _SAID.match(sector, CODE[boot.bits] + 2)
        found = sector[43:54] if boot.bits == 16 else sector[71:82]
        if said:
            identifier = said[1].decode()
            if found != label(identifier):
                self._findings.note(f"the volume label {found!r} is not the File-set ID {identifier!r}")
            return identifier, said[2].decode()
        text = found.decode("latin-1").rstrip()
        return ("" if text == "NO NAME" else text), ""

    # --- clusters ------------------------------------------------------------------------------------------

    def _chains(self) -> "array[int]":
        """The first FAT, widened; the copies must be equal to it."""
        boot = self._boot
        wanted = (boot.clusters + 2) * boot.bits // 8
        if wanted > min(boot.fat_size, _MOST_FAT):
            raise UnreadableMedium(f"its FAT has {boot.fat_size} bytes and would need {wanted}")
        first = self._take(boot.fat, wanted)
        for number in range(1, boot.fats):
            if self._take(boot.fat + number * boot.fat_size, wanted) != first:
                self._findings.note(f"FAT {number + 1} differs from the first")
        if boot.bits == 16:
            return array("I", struct.unpack(f"<{wanted // 2}H", first))
        return array("I", (entry & 0x0FFF_FFFF for entry in struct.unpack(f"<{wanted // 4}I", first)))

    def _chain(self, first: int, path: Path) -> Iterator[int]:
        """The clusters of a chain, each of which is only one file's."""
        ends = 0xFFF8 if self._boot.bits == 16 else 0x0FFF_FFF8
        while True:
            if not 2 <= first < self._boot.clusters + 2:
                raise UnreadableMedium(f"{shown(path)} leads to cluster {first}, which does not exist")
            if self._used[first]:
                raise UnreadableMedium(f"{shown(path)} shares cluster {first} with another, or with itself")
            self._used[first] = 1
            yield first
            first = self._next[first]
            if first >= ends:
                return

    def _stretches(self, first: int, path: Path) -> list[tuple[int, int]]:
        """A chain as (offset, length) in bytes, neighbours joined."""
        found: list[tuple[int, int]] = []
        size = self._boot.cluster
        for cluster in self._chain(first, path):
            at = self._boot.data + (cluster - 2) * size
            if found and sum(found[-1]) == at:
                found[-1] = (found[-1][0], found[-1][1] + size)
            else:
                found.append((at, size))
        return found

    # --- folders -------------------------------------------------------------------------------------------

    def _walk(self) -> Iterator[FileOnMedium]:
        waiting: list[tuple[Path, bytes]] = [((), self._root())]
        count, seen = 0, set[Path]()
        while waiting:
            folder, data = waiting.pop()
            below = []
            for entry in _entries(data):
                count += 1
                if count > _MOST_ENTRIES:
                    raise UnreadableMedium(f"it lists more than {_MOST_ENTRIES} names")
                path = (*folder, self._name(entry, folder))
                if path in seen:
                    self._findings.note(f"{shown(path)} stands twice in its folder")
                    continue
                seen.add(path)
                self._attributes(path, entry[11])
                if entry[11] & _FOLDER:
                    below.append((path, self._folder(path, _first(entry))))
                else:
                    yield self._file(path, entry)
            waiting += reversed(below)

    def _root(self) -> bytes:
        boot = self._boot
        return self._take(boot.root, boot.root_size) if boot.bits == 16 else self._content(boot.root, ())

    def _folder(self, path: Path, first: int) -> bytes:
        if len(path) > _DEEPEST:
            raise UnreadableMedium(f"{shown(path)} lies too deep")
        return self._content(first, path)

    def _content(self, first: int, path: Path) -> bytes:
        stretches = self._stretches(first, path)
        if sum(length for _, length in stretches) > 32 * 65_536 + self._boot.cluster:
            raise UnreadableMedium(f"{shown(path)} is larger than a folder can be")
        return b"".join(self._take(at, length) for at, length in stretches)

    def _file(self, path: Path, entry: bytes) -> FileOnMedium:
        size = int.from_bytes(entry[28:32], "little")
        if not size:
            if _first(entry):
                self._findings.note(f"{shown(path)} is empty and has a cluster")
            return FileOnMedium(path, ())
        stretches = self._stretches(_first(entry), path)
        held = sum(length for _, length in stretches)
        if held < size:
            raise UnreadableMedium(f"{shown(path)} has {size} bytes and clusters for {held}")
        if held - size >= self._boot.cluster:
            self._findings.note(f"{shown(path)} has more clusters than its {size} bytes need")
        extents, left = [], size
        for at, length in stretches:
            if left > 0:
                extents.append((at, min(length, left)))
                left -= length
        if (end := sum(extents[-1])) > self._end:
            self._findings.note(f"{shown(path)} ends at byte {end} and the medium at {self._end}")
        return FileOnMedium(path, tuple(extents))

    def _name(self, entry: bytes, folder: Path) -> str:
        base, extension = entry[:8].rstrip(b" "), entry[8:11].rstrip(b" ")
        if base[:1] == b"\x05":
            base = b"\xe5" + base[1:]
        if not base or _FORBIDDEN.search(base + extension):
            raise UnreadableMedium(f"{shown(folder)} lists {entry[:11]!r}, which is no name")
        return (base + b"." * bool(extension) + extension).decode("latin-1")

    def _attributes(self, path: Path, attributes: int) -> None:
        if attributes & _HIDDEN:
            self._findings.note(f"{shown(path)} is hidden or a system file")
        if not NAME.fullmatch(path[-1]):
            self._findings.note(f"{shown(path)} is no 8.3 name of A-Z 0-9 _")

    def _take(self, at: int, length: int) -> bytes:
        if at + length > self._end:
            raise UnreadableMedium(f"it ends at byte {self._end}, in the middle of its structures")
        self._medium.seek(at)
        data = self._medium.read(length)
        if len(data) != length:
            raise UnreadableMedium(f"it ends at byte {at + len(data)}, in the middle of its structures")
        return data


def _first(entry: bytes) -> int:
    high, low = struct.unpack_from("<H", entry, 20)[0], struct.unpack_from("<H", entry, 26)[0]
    return int(high) << 16 | int(low)


def _entries(data: bytes) -> Iterator[bytes]:
    """The entries of a folder that name a file or a folder."""
    for at in range(0, len(data), 32):
        entry = data[at : at + 32]
        if entry[0] == 0:
            return
        if entry[0] == 0xE5 or entry[11] & _LONG_NAME == _LONG_NAME or entry[11] & _LABEL:
            continue
        if entry[:11] in (b".          ", b"..         "):
            continue
        yield entry


def _boot(sector: bytes, start: int) -> _Boot:
    """Raises UnreadableMedium where the numbers do not add up to a FAT16 or FAT32 volume."""
    size, cluster, reserved, fats, roots, few = struct.unpack_from("<HBHBHH", sector, 11)
    fat16, many = struct.unpack_from("<H", sector, 22)[0], struct.unpack_from("<I", sector, 32)[0]
    fat32, root = struct.unpack_from("<I", sector, 36)[0], struct.unpack_from("<I", sector, 44)[0]
    if sector[0] not in (0xEB, 0xE9) or size not in (512, 1024, 2048, 4096):
        raise UnreadableMedium("it is no FAT volume")
    if cluster not in (1, 2, 4, 8, 16, 32, 64, 128) or not reserved or fats not in (1, 2):
        raise UnreadableMedium("its boot sector is none of a FAT volume")
    fat, total = fat16 or fat32, few or many
    first = reserved + fats * fat + -(-roots * 32 // size)
    clusters = (total - first) // cluster
    if not fat or clusters < 1:
        raise UnreadableMedium("its boot sector does not add up")
    bits = 32 if clusters >= 65_525 else 16
    if clusters < 4_085 or (bits == 32) != (fat16 == 0) or (bits == 16 and not roots):
        raise UnreadableMedium("it is neither FAT16 nor FAT32")
    return _Boot(
        start=start,
        bits=bits,
        cluster=cluster * size,
        clusters=clusters,
        fat=start + reserved * size,
        fat_size=fat * size,
        fats=fats,
        root=root if bits == 32 else start + (reserved + fats * fat) * size,
        root_size=roots * 32,
        data=start + first * size,
        end=start + total * size,
    )
