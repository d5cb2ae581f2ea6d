"""Reads an ISO 9660 medium of anybody's making: the primary hierarchy, and beside it Joliet's and UDF's.

Source: ECMA-119 (4th edition), 8.4 (primary volume descriptor), 8.5 (supplementary) and ECMA-167 2/8 (volume
recognition). Units: bytes from the start of the medium.

What is listed is the primary hierarchy, and only what is wrong with that makes a medium unreadable. The
others must name the same data, because a reader mounts whichever it likes best; where they do not, that is a
finding.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Final

from burnish.contracts import Contents
from burnish.errors import UnreadableMedium

from burnish_format_iso9660.names import APPLICATION, BLOCK, IDENTIFIER, SET_PREFIX, TOKEN, Path
from burnish_format_iso9660.record import Record
from burnish_format_iso9660.rules import Findings, Level, findings_of
from burnish_format_iso9660.trees import disagreements
from burnish_format_iso9660.walk import Place, Walk

_FIRST_DESCRIPTOR: Final = 16
_LAST_DESCRIPTOR: Final = 116
"""Nobody writes a hundred descriptors; a set without an end is not searched for ever."""
_RECOGNISED: Final = {b"CD001", b"BEA01", b"NSR02", b"NSR03", b"TEA01", b"BOOT2"}
"""Standard Identifiers of a volume recognition sequence; any other ends it (ECMA-167 2/8.3)."""
_UDF: Final = {b"NSR02", b"NSR03"}
_JOLIET: Final = {b"%/@", b"%/C", b"%/E"}
"""Escape sequences of UCS-2 Levels 1 to 3."""
_ROOT: Final = slice(156, 190)


def read(medium: BinaryIO, level: Level, *, bridge: bool) -> Contents:
    """List a medium's files by the rules of `level`.

    Raises UnreadableMedium, also where `bridge` is asked for and there is no UDF file system.
    """
    try:
        return _Reader(medium, level).read(bridge)
    except OSError as error:
        raise UnreadableMedium(f"the medium cannot be read: {error}") from error


@dataclass
class _Reader:
    medium: BinaryIO
    level: Level
    findings: Findings = field(default_factory=Findings)

    def read(self, bridge: bool) -> Contents:
        end = self.medium.seek(0, 2)
        sequence = list(_recognition(Place(self.medium, end)))
        primary = _first(sequence, lambda one: one[:6] == b"\1CD001")
        joliet = _first(sequence, lambda one: one[:6] == b"\2CD001" and one[88:91] in _JOLIET)
        udf = _first(sequence, lambda one: one[1:6] in _UDF)
        if not primary:
            raise UnreadableMedium("there is no ISO 9660 primary volume descriptor")
        if bridge and not udf:
            raise UnreadableMedium("there is no UDF file system beside ISO 9660's")
        place = Place(self.medium, end, self._block(primary, end))
        contents = self._primary(place, primary)
        if joliet:
            self._compare("Joliet", contents, lambda: _joliet(place, joliet))
        if udf:
            self._compare("UDF", contents, lambda: _udf(self.medium))
        return replace(contents, findings=tuple(self.findings))

    def _block(self, volume: bytes, end: int) -> int:
        """Bytes of a logical block; notes where the volume's size is wrong."""
        block, again = struct.unpack_from("<H", volume, 128)[0], struct.unpack_from(">H", volume, 130)[0]
        if block not in {512, 1024, 2048} or block != again:
            raise UnreadableMedium(f"logical blocks of {block} bytes")
        blocks, again = struct.unpack_from("<I", volume, 80)[0], struct.unpack_from(">I", volume, 84)[0]
        if blocks != again:
            self.findings.note("the volume's size differs between its two byte orders")
        if blocks * block > end:
            self.findings.note(f"the volume says {blocks * block} bytes and the medium has {end}")
        return int(block)

    def _primary(self, place: Place, volume: bytes) -> Contents:
        def judge(path: Path, record: Record) -> None:
            for finding in findings_of(path, record, place.end, self.level):
                self.findings.note(finding)

        files = Walk(place, "latin-1", judge, self.findings.note).run(volume[_ROOT])
        identifier = volume[40:72].decode("latin-1").rstrip(" \0")
        if not IDENTIFIER.fullmatch(identifier):
            self.findings.note(f"volume identifier {identifier!r} is not 0 to 16 of A-Z 0-9 _")
        return Contents(identifier, _token(volume), tuple(files))

    def _compare(self, name: str, primary: Contents, read_other: Callable[[], Contents]) -> None:
        try:
            other = read_other()
        except UnreadableMedium as error:
            self.findings.note(f"the {name} tree cannot be read: {error}")
            return
        for finding in other.findings:
            self.findings.note(f"the {name} tree: {finding}")
        for finding in disagreements(name, primary, other):
            self.findings.note(finding)


def _recognition(place: Place) -> Iterator[bytes]:
    """The volume recognition sequence, a sector at a time (ECMA-167 2/8.3)."""
    for offset in range(
        _FIRST_DESCRIPTOR * BLOCK, min(_LAST_DESCRIPTOR * BLOCK, place.end - BLOCK + 1), BLOCK
    ):
        data = place.bytes_at(offset, BLOCK)
        if data[1:6] not in _RECOGNISED:
            return
        yield data


def _first(sequence: Iterable[bytes], suits: Callable[[bytes], bool]) -> bytes:
    return next(filter(suits, sequence), b"")


def _joliet(place: Place, volume: bytes) -> Contents:
    def ignore(*_: object) -> None:
        """Every rule that both hierarchies have is judged in the primary one."""

    files = Walk(place, "utf-16-be", ignore, ignore).run(volume[_ROOT])
    return Contents(volume[40:72].decode("utf-16-be", "replace").rstrip(" \0"), "", files)


def _udf(medium: BinaryIO) -> Contents:
    from burnish_format_udf.reader import read as read_udf

    return read_udf(medium)


def _token(volume: bytes) -> str:
    application = volume[574:702].decode("latin-1").rstrip()
    volume_set = volume[190:318].decode("latin-1").rstrip()
    token = volume_set.removeprefix(SET_PREFIX)
    ours = application == APPLICATION and volume_set != token and TOKEN.fullmatch(token)
    return token if ours else ""
