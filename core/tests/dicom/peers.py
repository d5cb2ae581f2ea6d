"""Peers: pynetdicom's stock SCU, and a raw one that says what no library would."""

import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from burnish.dicom.workarounds import close_socket
from burnish.terms import IMPLICIT_VR_LE, MEDIA_CREATION_MANAGEMENT
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.presentation import build_context

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
VERIFICATION = "1.2.840.10008.1.1"


@contextmanager
def associated(
    port: int,
    *classes: str,
    syntaxes: list[str] | None = None,
    calling: str = "PEER",
    called: str = "BURNISH",
) -> Iterator[Association]:
    """An association of pynetdicom's own SCU."""
    ae = AE(calling)
    offered = syntaxes or [IMPLICIT_VR_LE]
    contexts = [build_context(uid, offered) for uid in classes or (MEDIA_CREATION_MANAGEMENT,)]
    association = ae.associate("127.0.0.1", port, contexts, ae_title=called)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def media_request(**more: Any) -> Dataset:
    """A minimal N-CREATE attribute list, with more by keyword."""
    item = Dataset()
    item.ReferencedSOPClassUID = CT
    item.ReferencedSOPInstanceUID = "1.2.3.4"
    built = Dataset()
    built.ReferencedSOPSequence = [item]
    for keyword, value in more.items():
        setattr(built, keyword, value)
    return built


def element(number: int, value: bytes) -> bytes:
    return struct.pack("<HHI", 0, number, len(value)) + value


def command(**values: bytes) -> bytes:
    """A command set of raw values by element number, as `e0002=b"1.2"`."""
    return b"".join(element(int(name[1:], 16), value) for name, value in sorted(values.items()))


def short(number: int) -> bytes:
    return struct.pack("<H", number)


def pdv(context_id: int, control: int, data: bytes) -> bytes:
    return struct.pack(">IBB", len(data) + 2, context_id, control) + data


def p_data(*pdvs: bytes) -> bytes:
    body = b"".join(pdvs)
    return struct.pack(">BBI", 4, 0, len(body)) + body


def proposal(
    contexts: Iterable[tuple[int, str, list[str]]],
    called: str = "BURNISH",
    calling: str = "RAW",
    max_length: int = 16384,
    more: bytes = b"",
) -> bytes:
    """An A-ASSOCIATE-RQ; `more` are items after the others."""
    items = _item(0x10, b"1.2.840.10008.3.1.1.1")
    for number, syntax, offered in contexts:
        inner = _item(0x30, syntax.encode()) + b"".join(_item(0x40, t.encode()) for t in offered)
        items += _item(0x20, bytes([number, 0, 0, 0]) + inner)
    user = _item(0x51, struct.pack(">I", max_length)) + _item(0x52, b"1.2.3.4")
    items += _item(0x50, user) + more
    head = struct.pack(">HH", 1, 0) + called.ljust(16).encode() + calling.ljust(16).encode() + bytes(32)
    return struct.pack(">BBI", 1, 0, len(head + items)) + head + items


class RawPeer:
    """A socket, an association request made by hand, and PDUs as they come."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)

    def __enter__(self) -> "RawPeer":
        return self

    def __exit__(self, *_: object) -> None:
        close_socket(self.sock)

    def associate(
        self,
        contexts: Mapping[int, tuple[str, list[str]]],
        called: str = "BURNISH",
        calling: str = "RAW",
        max_length: int = 16384,
    ) -> int:
        """Ask for an association; returns the type of the answering PDU."""
        asked = [(number, *context) for number, context in contexts.items()]
        self.send(proposal(asked, called, calling, max_length))
        return self.receive()[0]

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def receive(self) -> tuple[int, bytes]:
        """Type and body of the next PDU; (0, b"") where the peer has closed."""
        head = self._exactly(6)
        if len(head) < 6:
            return 0, b""
        kind, _, length = struct.unpack(">BBI", head)
        return kind, self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            try:
                more = self.sock.recv(length - len(data))
            except ConnectionError:
                break
            if not more:
                break
            data += more
        return data

    def answer(self) -> dict[int, bytes]:
        """The elements of the next response's command set."""
        kind, body = self.receive()
        assert kind == 4, f"PDU type {kind}"
        encoded, found, at = body[6:], {}, 0
        while at < len(encoded):
            _, number, length = struct.unpack_from("<HHI", encoded, at)
            found[number] = encoded[at + 8 : at + 8 + length]
            at += 8 + length
        return found


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(value)) + value


def status_of(answer: Mapping[int, bytes]) -> int:
    return int.from_bytes(answer[0x0900], "little")


def _uid(text: str) -> bytes:
    encoded = text.encode("latin-1")
    return encoded + b"\0" * (len(encoded) % 2)


def request(
    operation: int,
    data: bytes | None = None,
    *,
    sop_class: str = MEDIA_CREATION_MANAGEMENT,
    instance: str | None = "1.2.3",
    message_id: int = 1,
    more: Mapping[str, bytes] | None = None,
    context_id: int = 1,
    fragment: int = 16000,
) -> bytes:
    """The P-DATA PDUs of one request."""
    requested = operation in (0x0110, 0x0120, 0x0130, 0x0150)
    values = {
        "e0003" if requested else "e0002": _uid(sop_class),
        "e0100": short(operation),
        "e0110": short(message_id),
        "e0800": short(0x0101 if data is None else 1),
        **(more or {}),
    }
    if instance is not None:
        values["e1001" if requested else "e1000"] = _uid(instance)
    pdus = p_data(pdv(context_id, 3, command(**values)))
    for start in range(0, len(data or b"") or (data is not None), fragment):
        part = (data or b"")[start : start + fragment]
        pdus += p_data(pdv(context_id, 2 if start + fragment >= len(data or b"") else 0, part))
    return pdus


def asked(port: int, pdus: bytes, sop_class: str = MEDIA_CREATION_MANAGEMENT) -> int:
    """The status that answers one request of a raw peer; 0x10000 + PDU type where none does."""
    with RawPeer(port) as peer:
        assert peer.associate({1: (sop_class, [IMPLICIT_VR_LE])}) == 2
        peer.send(pdus)
        kind, body = peer.receive()
        if kind != 4:
            return 0x10000 + kind
        at = body.index(struct.pack("<HHI", 0, 0x0900, 2))
        return int.from_bytes(body[at + 8 : at + 10], "little")


def implicit(tag: int, value: bytes, length: int | None = None) -> bytes:
    """An element in Implicit VR Little Endian, its length as told."""
    told = len(value) if length is None else length
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, told) + value
