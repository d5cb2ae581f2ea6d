"""The descriptors of a volume: ECMA-167 2/9, 3/10 and 4/14, UDF 2.2.

Units: blocks of 2 048 bytes; places of volume descriptors count from the start of the volume, those of a file
set from the start of its partition.
"""

import struct
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from burnish.contracts import VolumeFacts

from burnish_format_udf.fields import (
    BLOCK,
    CHARACTER_SET,
    DOMAIN,
    IMPLEMENTATION,
    LONG_AD,
    SHORT_AD,
    dstring,
    entity,
    revised,
    tagged,
    timestamp,
)
from burnish_format_udf.revisions import Revision

SEQUENCE_BLOCKS: Final = 16
"""Of a volume descriptor sequence, the least there may be (3/8.4.2.1)."""
INTEGRITY_BLOCKS: Final = 4
"""Of the integrity sequence: 8 KiB (UDF 2.2.4.6)."""
ANCHOR: Final = 256
"""Where the first anchor stands (3/8.4.2.1)."""
SET_MARK: Final = "BURNISH_"
"""Stands in the Volume Set Identifier of our media between its unique part and the volume's token."""
ALIGNMENT: Final = 32
"""Blocks of a cluster of BD, and two of DVD: metadata is allocated in these."""
FIRST_UNIQUE: Final = 16
"""The first Unique ID that is free; the root's is 0 (UDF 3.2.1.1)."""

_READ_ONLY: Final = 1
"""Access Type (3/10.5.7): nothing is ever allocated, so no space bitmap is there."""
_ALLOCATED: Final = 1
"""Partition Flags (3/10.5.3)."""
_LEVEL: Final = 2
"""Interchange Level of a single volume (PS3.12 Annexes P and X, UDF 2.2.2.3)."""
_FILE_SET_LEVEL: Final = 3
"""Interchange Level of a file set (UDF 2.3.2.1)."""
_CLOSED: Final = 1
"""Integrity Type (3/10.10.2)."""
_DUPLICATED: Final = 1
"""Flags of a metadata partition map: the mirror file has blocks of its own (UDF 2.2.10)."""
_NONE: Final = 0xFFFFFFFF
"""Where a metadata bitmap would stand (UDF 2.2.10)."""

_METADATA_MAP: Final = struct.Struct("<BB2x32sHHIIIIHB5x")


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where the two files of a metadata partition have their entries, in blocks of the physical partition."""

    main: int
    mirror: int

    def map(self, revision: Revision) -> bytes:
        """The partition map (UDF 2.2.10)."""
        name = revised(b"*UDF Metadata Partition", revision.number)
        places = (self.main, self.mirror, _NONE)
        return _METADATA_MAP.pack(
            2, _METADATA_MAP.size, name, 1, 0, *places, ALIGNMENT, ALIGNMENT, _DUPLICATED
        )


@dataclass(frozen=True, slots=True)
class Volume:
    """What a volume's descriptors say besides its facts."""

    revision: Revision
    facts: VolumeFacts
    start: int
    """First block of the partition."""
    blocks: int
    """Of the partition."""
    file_set: int
    """Block of the file set descriptor, in the partition of directories."""
    integrity: int
    """First block of the integrity sequence."""
    files: int
    folders: int
    """How many, the root included."""
    metadata: Metadata | None = None
    metadata_blocks: int = 0

    def sequence(self, at: int) -> bytes:
        """The volume descriptor sequence whose first block is `at` (3/8.4.2)."""
        bodies = (
            (1, self._primary(1)),
            (4, self._implementation_use(2)),
            (5, self._partition(3)),
            (6, self._logical(4)),
            (7, struct.pack("<II", 5, 0)),  # Unallocated Space Descriptor: there is none
            (8, bytes(496)),  # Terminating Descriptor
        )
        written = [self.block(kind, at + number, body) for number, (kind, body) in enumerate(bodies)]
        return b"".join(written).ljust(SEQUENCE_BLOCKS * BLOCK, b"\0")

    def anchor(self, at: int, main: int, reserve: int) -> bytes:
        """An anchor volume descriptor pointer (3/10.2)."""
        length = SEQUENCE_BLOCKS * BLOCK
        places = SHORT_AD.pack(length, main) + SHORT_AD.pack(length, reserve)
        return self.block(2, at, places.ljust(496, b"\0"))

    def integrity_sequence(self) -> bytes:
        """A closed logical volume integrity descriptor (3/10.10, UDF 2.2.6), and the end of its sequence."""
        sizes = [self.blocks, *([self.metadata_blocks] if self.metadata else [])]
        use = IMPLEMENTATION + struct.pack(
            "<IIHHH", self.files, self.folders, self.revision.read, self.revision.number, self.revision.number
        )
        body = b"".join(
            (
                timestamp(self.facts.made),
                struct.pack("<I8x", _CLOSED),
                struct.pack("<Q24x", FIRST_UNIQUE + self.files + self.folders - 1),  # next Unique ID
                struct.pack("<II", len(sizes), len(use)),
                struct.pack(f"<{len(sizes)}I", *[0] * len(sizes)),  # Free Space Table
                struct.pack(f"<{len(sizes)}I", *sizes),
                use,
            )
        )
        end = self.block(8, self.integrity + 1, bytes(496))
        return (self.block(9, self.integrity, body) + end).ljust(INTEGRITY_BLOCKS * BLOCK, b"\0")

    def file_set_sequence(self, root: int) -> bytes:
        """The file set descriptor (4/14.1, UDF 2.3.2), and the end of its sequence: two blocks."""
        facts = self.facts
        body = b"".join(
            (
                timestamp(facts.made),
                struct.pack("<HHIIII", _FILE_SET_LEVEL, _FILE_SET_LEVEL, 1, 1, 0, 0),
                CHARACTER_SET,
                dstring(facts.identifier, 128),
                CHARACTER_SET,
                dstring(facts.identifier, 32),
                bytes(64),  # Copyright and Abstract File Identifiers
                LONG_AD.pack(BLOCK, root, self.reference, 0),
                revised(DOMAIN, self.revision.number),
                bytes(64),  # no next extent, no system streams
            )
        )
        return self.block(256, self.file_set, body) + self.block(8, self.file_set + 1, bytes(496))

    @property
    def reference(self) -> int:
        """The partition reference number of directories and file entries."""
        return 1 if self.metadata else 0

    def block(self, kind: int, at: int, body: bytes) -> bytes:
        """A descriptor that fills a block."""
        return tagged(kind, self.revision.edition, at, body).ljust(BLOCK, b"\0")

    def _primary(self, number: int) -> bytes:
        """Primary Volume Descriptor (3/10.1, UDF 2.2.2)."""
        facts = self.facts
        return b"".join(
            (
                struct.pack("<II", number, 0),
                dstring(facts.identifier, 32),
                struct.pack("<HHHHII", 1, 1, _LEVEL, _LEVEL, 1, 1),
                dstring(volume_set(facts), 128),
                CHARACTER_SET * 2,
                bytes(16),  # no abstract, no copyright notice
                IMPLEMENTATION,  # Application Identifier
                timestamp(facts.made),
                IMPLEMENTATION,
                bytes(64 + 4 + 2 + 22),
            )
        )

    def _implementation_use(self, number: int) -> bytes:
        """Implementation Use Volume Descriptor (3/10.4, UDF 2.2.7)."""
        return b"".join(
            (
                struct.pack("<I", number),
                revised(b"*UDF LV Info", self.revision.number),
                CHARACTER_SET,
                dstring(self.facts.identifier, 128),
                bytes(3 * 36),  # owner, organisation and contact
                IMPLEMENTATION,
                bytes(128),
            )
        )

    def _partition(self, number: int) -> bytes:
        """Partition Descriptor (3/10.5, UDF 2.2.14) of partition 0, without space tables."""
        return b"".join(
            (
                struct.pack("<IHH", number, _ALLOCATED, 0),
                entity(b"+NSR0%d" % self.revision.edition),
                bytes(128),  # Partition Header Descriptor
                struct.pack("<III", _READ_ONLY, self.start, self.blocks),
                IMPLEMENTATION,
                bytes(128 + 156),
            )
        )

    def _logical(self, number: int) -> bytes:
        """Logical Volume Descriptor (3/10.6, UDF 2.2.4)."""
        maps = [struct.pack("<BBHH", 1, 6, 1, 0)]
        if self.metadata:
            maps.append(self.metadata.map(self.revision))
        written = b"".join(maps)
        return b"".join(
            (
                struct.pack("<I", number),
                CHARACTER_SET,
                dstring(self.facts.identifier, 128),
                struct.pack("<I", BLOCK),
                revised(DOMAIN, self.revision.number),
                LONG_AD.pack(2 * BLOCK, self.file_set, self.reference, 0),
                struct.pack("<II", len(written), len(maps)),
                IMPLEMENTATION,
                bytes(128),
                SHORT_AD.pack(INTEGRITY_BLOCKS * BLOCK, self.integrity),
                written,
            )
        )


def volume_set(facts: VolumeFacts) -> str:
    """Volume Set Identifier (UDF 2.2.2.5): the time in 8 hexadecimal digits, 8 more that tell volumes of the
    same second apart, then our mark and the token."""
    seconds = int(facts.made.timestamp()) & 0xFFFFFFFF
    unique = sha256(facts.token.encode()).hexdigest()[:8].upper()
    return f"{seconds:08X}{unique}{SET_MARK}{facts.token}"


def recognition(revision: Revision) -> bytes:
    """The volume recognition sequence: three sectors (2/9, 3/9.1)."""
    names = (b"BEA01", b"NSR0%d" % revision.edition, b"TEA01")
    return b"".join((b"\0" + name + b"\1").ljust(BLOCK, b"\0") for name in names)
