"""IPP over HTTP: one question, one answer, within a time and a size."""

import base64
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from burnish_printer_ipp.message import Given, Group, Malformed, Message, Operation, Tag, request, response

_PORT: Final = 631
_MOST: Final = 4 << 20
"""Bytes of an answer."""


class Unanswered(OSError):
    """No answer came: the printer is not there, or falls silent."""


class Denied(PermissionError):
    """It wants to know who asks."""


class Odd(ValueError):
    """What came is no answer to what was asked."""


@dataclass(slots=True)
class Talk:
    """Where the printer is, and how it is asked."""

    uri: str
    timeout: float
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    _number: int = 0

    def ask(self, operation: Operation, given: Given = (), job: Given = (), document: bytes = b"") -> Message:
        """Ask. Raises Unanswered, Denied, Odd."""
        self._number += 1
        target: Given = (
            ("printer-uri", Tag.URI, self.uri),
            ("requesting-user-name", Tag.NAME, self.user or "burnish"),
        )
        groups: dict[Group, Given] = {Group.OPERATION: (*target, *given)}
        if job:
            groups[Group.JOB] = job
        body = self._post([request(operation, self._number, groups), document])
        try:
            answer, number = response(body)
        except Malformed as error:
            raise Odd(str(error)) from error
        if number != self._number:
            raise Odd(f"it answers request {number}, and was asked {self._number}")
        return answer

    def _post(self, parts: Iterable[bytes]) -> bytes:
        pieces = [part for part in parts if part]
        where = urlsplit(self.uri)
        connection = self._connection(where.scheme, where.hostname or "", where.port or _PORT)
        try:
            connection.putrequest("POST", where.path or "/")
            for name, value in self._headers(sum(map(len, pieces))).items():
                connection.putheader(name, value)
            connection.endheaders()
            for piece in pieces:
                connection.send(piece)
            answer = connection.getresponse()
            body = answer.read(_MOST + 1)
        except HTTPException as error:
            raise Odd(f"its answer is not HTTP: {type(error).__name__}") from error
        except OSError as error:
            raise Unanswered(error.errno, str(error.strerror or error) or type(error).__name__) from error
        finally:
            connection.close()
        if answer.status in (401, 403):
            raise Denied(f"HTTP {answer.status}: user and password_file are needed, or are wrong")
        if answer.status != 200:
            raise Odd(f"it answers HTTP {answer.status}")
        if len(body) > _MOST:
            raise Odd(f"its answer is longer than {_MOST} bytes")
        return body

    def _headers(self, length: int) -> Mapping[str, str]:
        found = {"Content-Type": "application/ipp", "Content-Length": str(length)}
        if self.password:
            said = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            found["Authorization"] = f"Basic {said}"
        return found

    def _connection(self, scheme: str, host: str, port: int) -> HTTPConnection:
        if scheme in ("ipp", "http"):
            return HTTPConnection(host, port, timeout=self.timeout)
        context = ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)
        return HTTPSConnection(host, port, timeout=self.timeout, context=context)
