"""Reads a ZIP archive of anybody's making, hostile ones too, within bounds.

The directory at the end says what there is; each local header must agree with it. What cannot be followed
safely raises UnreadableMedium, what only breaks a rule is a finding.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from burnish.contracts import Contents, FileOnMedium
from burnish.errors import UnreadableMedium

from burnish_format_zip.aes import EXTRA, METHOD, MORE, SALT, START, keys
from burnish_format_zip.records import (
    CENTRAL,
    CENTRAL_MARK,
    ENCRYPTED,
    END,
    END_64,
    END_64_MARK,
    END_MARK,
    FULL_2,
    FULL_4,
    LOCAL,
    LOCAL_MARK,
    LOCATOR_64,
    LOCATOR_64_MARK,
    UTF_8,
    ZIP64,
)

_SAID: Final = re.compile(rb"BURNISH ([A-Z0-9_]{0,16}) ([A-Z0-9]{1,120}) [0-9]{8}T[0-9]{6}")
_MOST: Final = 1 << 28
"""Bytes of a directory: two million names."""
_MOST_FINDINGS: Final = 100
_BAD_NAMES: Final = ("", ".", "..")


def read(medium: BinaryIO, password: bytes = b"") -> Contents:
    """List an archive's files; with a password, those of an enciphered one. Raises UnreadableMedium."""
    try:
        return _Reader(medium, password).contents()
    except OSError as error:
        raise UnreadableMedium(f"the medium cannot be read: {error}") from error


@dataclass(frozen=True, slots=True)
class _Listed:
    """What the directory says of a member."""

    name: bytes
    flags: int
    size: int
    at: int
    folder: bool


class _Reader:
    def __init__(self, medium: BinaryIO, password: bytes) -> None:
        self._medium = medium
        self._password = password
        self._end = medium.seek(0, 2)
        self._findings: list[str] = []

    def contents(self) -> Contents:
        count, directory, comment = self._directory()
        listed = list(self._listed(directory))
        if len(listed) != count:
            self._note(f"its directory has {len(listed)} records and claims {count}")
        files = list(self._files(listed))
        self._check_overlaps(files)
        said = _SAID.fullmatch(comment)
        identifier, token = (said[1].decode(), said[2].decode()) if said else ("", "")
        return Contents(identifier, token, files, tuple(self._findings))

    def _note(self, text: str) -> None:
        if len(self._findings) < _MOST_FINDINGS:
            self._findings.append(text)

    def _directory(self) -> tuple[int, bytes, bytes]:
        """How many records there are, they themselves, and the archive's comment."""
        tail_at = max(self._end - END.size - FULL_2, 0)
        tail = self._take(tail_at, self._end - tail_at)
        found = tail.rfind(END_MARK)
        if found < 0 or len(tail) - found < END.size:
            raise UnreadableMedium("it is no ZIP archive, or its end is missing")
        _, disk, first, here, count, size, at, length = END.unpack_from(tail, found)
        comment = tail[found + END.size :]
        if len(comment) != length:
            self._note(f"its comment has {len(comment)} bytes and claims {length}")
        ends = tail_at + found
        if FULL_2 in (disk, first, here, count) or FULL_4 in (size, at):
            disk, first, here, count, size, at, ends = self._wide(ends, (disk, first, here, count, size, at))
        if (disk, first) != (0, 0) or here != count:
            raise UnreadableMedium("it is a part of an archive of several")
        if size > _MOST or at + size > ends:
            raise UnreadableMedium(f"its directory of {size} bytes at {at} does not end before its end")
        if at + size != ends:
            self._note(f"{ends - at - size} bytes stand between its directory and its end")
        return count, self._take(at, size), comment

    def _wide(self, ends: int, narrow: tuple[int, ...]) -> tuple[int, int, int, int, int, int, int]:
        """The same numbers from the ZIP64 records; where there are none, they are as they are."""
        locator = self._take(max(ends - LOCATOR_64.size, 0), min(LOCATOR_64.size, ends))
        if locator[:4] != LOCATOR_64_MARK or len(locator) != LOCATOR_64.size:
            disk, first, here, count, size, at = narrow
            return disk, first, here, count, size, at, ends
        at_64 = LOCATOR_64.unpack(locator)[2]
        data = self._take(at_64, END_64.size)
        if data[:4] != END_64_MARK:
            raise UnreadableMedium("its ZIP64 end is not where its locator says")
        disk, first, here, count, size, at = END_64.unpack(data)[4:]
        return disk, first, here, count, size, at, at_64

    def _listed(self, directory: bytes) -> Iterator[_Listed]:
        place = 0
        while place < len(directory):
            if len(directory) - place < CENTRAL.size or directory[place : place + 4] != CENTRAL_MARK:
                raise UnreadableMedium(f"its directory is broken at byte {place}")
            fields = CENTRAL.unpack_from(directory, place)
            flags, method, packed, size = fields[3], fields[4], fields[8], fields[9]
            name_length, extra_length, comment_length, at = *fields[10:13], fields[16]
            start = place + CENTRAL.size
            name = directory[start : start + name_length]
            extra = directory[start + name_length : start + name_length + extra_length]
            place = start + name_length + extra_length + comment_length
            if place > len(directory):
                raise UnreadableMedium("its directory ends within a record")
            aes = bool(flags & ENCRYPTED)
            folder = name.endswith(b"/")
            if aes != bool(self._password) and not folder:
                raise UnreadableMedium(f"{_shown(name)} is {'' if aes else 'not '}encrypted")
            if method not in (0, METHOD) or (aes and (method != METHOD or EXTRA not in extra)):
                raise UnreadableMedium(f"{_shown(name)} is compressed (method {method})")
            size, packed, at = _widened(extra, size, packed, at)
            if packed != size + (MORE if aes else 0):
                raise UnreadableMedium(f"{_shown(name)} has {size} bytes and takes {packed}")
            yield _Listed(name, flags, size, at, name.endswith(b"/"))

    def _files(self, listed: list[_Listed]) -> Iterator[FileOnMedium]:
        seen: set[tuple[str, ...]] = set()
        for one in listed:
            path = _path(one)
            if one.folder:
                continue
            if path in seen:
                self._note(f"{_shown(one.name)} stands twice in the archive")
                continue
            seen.add(path)
            start = self._start(one)
            if self._password:
                yield self._sealed(path, one, start)
            else:
                yield FileOnMedium(path, ((start, one.size),) if one.size else ())

    def _sealed(self, path: tuple[str, ...], one: _Listed, start: int) -> FileOnMedium:
        begins = self._take(start, START)
        codec, check = keys(self._password, begins[:SALT])
        if begins[SALT:] != check:
            raise UnreadableMedium("its password is another one")
        return FileOnMedium(path, ((start + START, codec.length(one.size)),), one.size, codec)

    def _start(self, one: _Listed) -> int:
        """Where a member's bytes begin, behind a header that agrees with the directory."""
        head = self._take(one.at, LOCAL.size)
        fields = LOCAL.unpack(head)
        if fields[0] != LOCAL_MARK:
            raise UnreadableMedium(f"{_shown(one.name)} has no header at byte {one.at}")
        name = self._take(one.at + LOCAL.size, fields[9])
        start: int = one.at + LOCAL.size + fields[9] + fields[10]
        if start + one.size + (MORE if self._password else 0) > self._end:
            raise UnreadableMedium(
                f"{_shown(one.name)} ends at byte {start + one.size}, the archive at {self._end}"
            )
        if name != one.name:
            self._note(f"{_shown(one.name)} is called {_shown(name)} in its own header")
        method = METHOD if self._password else 0
        if bool(fields[2] & ENCRYPTED) != bool(method) or fields[3] != method:
            raise UnreadableMedium(f"{_shown(one.name)} is compressed or encrypted by its own header")
        if fields[2] & 8 == 0 and fields[8] not in (one.size, FULL_4):
            self._note(f"{_shown(one.name)} has {one.size} bytes, {fields[8]} by its own header")
        return start

    def _check_overlaps(self, files: list[FileOnMedium]) -> None:
        before = 0
        for at, length in sorted(extent for file in files for extent in file.extents):
            if at < before:
                self._note(f"two files share the bytes at {at}")
            before = max(before, at + length)

    def _take(self, at: int, length: int) -> bytes:
        if at < 0 or at + length > self._end:
            raise UnreadableMedium(f"it ends at byte {self._end}, in the middle of its structures")
        self._medium.seek(at)
        data = self._medium.read(length)
        if len(data) != length:
            raise UnreadableMedium(f"it ends at byte {at + len(data)}, in the middle of its structures")
        return data


def _widened(extra: bytes, size: int, packed: int, at: int) -> tuple[int, int, int]:
    """Sizes and place, those that do not fit from the ZIP64 extra field, where they stand in this order."""
    place, numbers = 0, list[int]()
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        if kind == ZIP64:
            field = extra[place + 4 : place + 4 + length]
            numbers = list(struct.unpack_from(f"<{len(field) // 8}Q", field))
        place += 4 + length
    found = []
    for value in (size, packed, at):
        if value == FULL_4 and not numbers:
            raise UnreadableMedium("a ZIP64 size is missing")
        found.append(numbers.pop(0) if value == FULL_4 else value)
    return found[0], found[1], found[2]


def _path(one: _Listed) -> tuple[str, ...]:
    text = one.name.decode("utf-8" if one.flags & UTF_8 else "cp437", "replace").rstrip("/")
    path = tuple(text.split("/"))
    if any(part in _BAD_NAMES or "\\" in part or "\0" in part for part in path):
        raise UnreadableMedium(f"{_shown(one.name)} would leave its folder")
    return path


def _shown(name: bytes) -> str:
    return repr(name[:80].decode("utf-8", "replace"))
