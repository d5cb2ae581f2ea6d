"""Reads a MIME message of anybody's making, hostile ones too, within bounds.

It is read once, line by line; what stands in base64 stays where it is, as extents with its decoded length.
"""

import re
from collections.abc import Iterator
from email.errors import MessageError
from email.message import Message
from email.parser import BytesHeaderParser
from typing import BinaryIO, Final

from burnish.contracts import Contents, FileOnMedium
from burnish.errors import UnreadableMedium

from burnish_format_mime.message import IDENTIFIER_HEADER, TOKEN_HEADER

_MOST_HEADERS: Final = 1 << 16
"""Bytes of the headers of a message, or of a part."""
_MOST_LINE: Final = 1 << 16
_MOST_PARTS: Final = 2_000_000
_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,254}")


def read(medium: BinaryIO) -> Contents:
    """List a message's files. Raises UnreadableMedium."""
    try:
        return _Reader(medium).contents()
    except OSError as error:
        raise UnreadableMedium(f"the medium cannot be read: {error}") from error
    except (MessageError, ValueError, LookupError) as error:
        raise UnreadableMedium(f"it is no message: {error}") from error


class _Reader:
    def __init__(self, medium: BinaryIO) -> None:
        self._medium = medium
        self._findings: list[str] = []
        self._at = 0

    def contents(self) -> Contents:
        self._medium.seek(0)
        head = self._headers()
        boundary = head.get_boundary()
        if head.get_content_type() != "multipart/mixed" or not boundary:
            raise UnreadableMedium("it is no message of several parts")
        files = list(self._parts(boundary.encode("ascii", "replace")))
        identifier = str(head.get(IDENTIFIER_HEADER, "")).strip()
        return Contents(identifier, str(head.get(TOKEN_HEADER, "")).strip(), files, tuple(self._findings))

    def _line(self) -> bytes:
        line = self._medium.readline(_MOST_LINE)
        self._at += len(line)
        return line

    def _headers(self) -> Message:
        lines: list[bytes] = []
        size = 0
        while (line := self._line()) not in (b"", b"\r\n", b"\n"):
            size += len(line)
            if size > _MOST_HEADERS:
                raise UnreadableMedium("its headers do not end")
            lines.append(line)
        return BytesHeaderParser().parsebytes(b"".join(lines))

    def _parts(self, boundary: bytes) -> Iterator[FileOnMedium]:
        start, end = b"--" + boundary, b"--" + boundary + b"--"
        seen: set[tuple[str, ...]] = set()
        line = self._line()
        while line and line.rstrip() != start and line.rstrip() != end:  # a preamble
            line = self._line()
        while line.rstrip() == start:
            if len(seen) >= _MOST_PARTS:
                raise UnreadableMedium(f"it has more than {_MOST_PARTS} parts")
            part = self._headers()
            name = part.get_filename() or part.get_param("name") or ""
            if not name and part.get_content_type() == "text/plain":  # what people read
                line, _, _ = self._body(start, end, "", base64=False)
                continue
            path = _path(str(name))
            first = self._at
            line, length, decoded = self._body(start, end, _shown(path))
            if str(part.get("Content-Transfer-Encoding", "")).strip().lower() != "base64":
                raise UnreadableMedium(f"{_shown(path)} does not stand in base64")
            if path in seen:
                self._note(f"{_shown(path)} stands twice in the message")
                continue
            seen.add(path)
            yield FileOnMedium(path, ((first, length),) if length else (), decoded)
        if line.rstrip() != end:
            self._note("it ends before its last boundary")

    def _body(self, start: bytes, end: bytes, shown: str, *, base64: bool = True) -> tuple[bytes, int, int]:
        """The boundary after a part, the part's bytes, and how many they stand for."""
        length = characters = padding = 0
        while line := self._line():
            stripped = line.rstrip()
            if stripped in (start, end):
                break
            length += len(line)
            characters += len(stripped)
            if padding and stripped and base64:
                self._note(f"{shown} goes on after its padding")
            if stripped.endswith(b"="):
                padding = len(stripped) - len(stripped.rstrip(b"="))
        if base64 and (characters % 4 or padding > 2):
            self._note(f"{shown} is not whole in base64")
        return line, length, max(0, characters // 4 * 3 - padding)

    def _note(self, text: str) -> None:
        if len(self._findings) < 100:
            self._findings.append(text)


def _path(name: str) -> tuple[str, ...]:
    path = tuple(name.split("/"))
    if not all(_PART.fullmatch(one) for one in path):
        raise UnreadableMedium(f"a part is called {name[:80]!r}, which is no name")
    return path


def _shown(path: tuple[str, ...]) -> str:
    return "/" + "/".join(path)
