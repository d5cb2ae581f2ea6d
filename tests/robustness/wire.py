"""A quick client of media creation: raw PDUs over one association, plain values in and out.

It shares no code with ours and takes a millisecond where a library takes ten, so that tens of thousands of
steps fit into a test.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from core.tests.dicom.peers import CT, RawPeer, implicit, request, short, status_of
from tests.lab import MCM

IMPLICIT: Final = "1.2.840.10008.1.2"
C_STORE, N_GET, N_ACTION, N_CREATE = 0x0001, 0x0110, 0x0130, 0x0140
_ASSOCIATED: Final = 2


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    tags: tuple[int, ...] = ()
    uid: str = ""
    values: Dataset = field(default_factory=Dataset)


class Client(RawPeer):
    """One association with contexts for media creation (1) and CT storage (3), the latter in `syntax`."""

    def __init__(self, port: int, calling: str, syntax: str = IMPLICIT) -> None:
        super().__init__(port)
        self.sock.settimeout(60)
        contexts = {1: (MCM, [IMPLICIT]), 3: (CT, [syntax])}
        try:
            assert self.associate(contexts, calling=calling) == _ASSOCIATED
        except BaseException:
            self.__exit__()
            raise

    def store(self, uid: str, encoded: bytes) -> int:
        """C-STORE a CT data set; the status."""
        self.send(request(C_STORE, encoded, sop_class=CT, instance=uid, context_id=3))
        return self._reply().status

    def create(self, encoded: bytes, uid: str | None) -> Reply:
        """N-CREATE."""
        self.send(request(N_CREATE, encoded, instance=uid))
        return self._reply()

    def act(self, action: int, uid: str, arguments: bytes | None = None) -> Reply:
        """N-ACTION."""
        self.send(request(N_ACTION, arguments, instance=uid, more={"e1008": short(action)}))
        return self._reply()

    def get(self, uid: str, tags: Sequence[int]) -> Reply:
        """N-GET."""
        listed = b"".join(struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in tags)
        self.send(request(N_GET, instance=uid, more={"e1005": listed} if tags else {}))
        return self._reply()

    def _reply(self) -> Reply:
        command = self.answer()
        whole = command[0x0800] == b"\x01\x01"
        return Reply(
            status_of(command),
            tuple(g << 16 | e for g, e in struct.iter_unpack("<HH", command.get(0x1005, b""))),
            command.get(0x1000, b"").rstrip(b"\0").decode(),
            Dataset() if whole else self._data_set(),
        )

    def _data_set(self) -> Dataset:
        encoded, last = b"", False
        while not last:
            kind, body = self.receive()
            assert kind == 4, f"PDU type {kind}"
            last, encoded = bool(body[5] & 2), encoded + body[6:]
        return read_dataset(BytesIO(encoded), is_implicit_VR=True, is_little_endian=True)


def padded(tag: int, text: str) -> bytes:
    """An element of text; UIDs end in NUL, all else in a space."""
    value = text.encode()
    filler = b"\0" if keyword_for_tag(tag).endswith("UID") else b" "
    return implicit(tag, value + filler * (len(value) % 2))


def attributes(references: Sequence[tuple[str, str, str]], more: Mapping[int, str] | None = None) -> bytes:
    """An N-CREATE attribute list: (class, instance, profile) of each reference, and texts by tag."""
    items = b"".join(
        implicit(
            0xFFFEE000,
            padded(0x00081150, sop_class)
            + padded(0x00081155, instance)
            + (padded(0x2200000C, profile) if profile else b""),
        )
        for sop_class, instance, profile in references
    )
    elements = {0x00081199: implicit(0x00081199, items)}
    elements |= {tag: padded(tag, text) for tag, text in (more or {}).items()}
    return b"".join(elements[tag] for tag in sorted(elements))
