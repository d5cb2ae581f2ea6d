"""The letter of Annex S through a real server: cases 18, 20, 23, 24, 41, 67, 142, 143, 148."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE, build_context, build_role
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from core.tests.dicom.peers import RawPeer, implicit, status_of
from core.tests.dicom.peers import request as raw
from tests.conftest import ROBOT, scripted
from tests.histories import Watched
from tests.lab import MCM, Installation, Scu, ct, request

IDLE = ("IDLE", "NORMAL", 0)
LABEL_TEXT, DISPOSITION = 0x22000002, 0x22000004
N_CREATE = 0x0140
THAI = "\u0e2a\u0e21\u0e0a\u0e32\u0e22 \u00b7 M\u00fcller \u00b7 \u5c71\u7530"


def memory(process: int) -> int:
    """Peak resident set of a process in bytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmHWM")]
    return int(line.split()[1]) << 10


# What is kept


def test_case_18_label_text_in_utf_8_is_kept_byte_for_byte(scu: Watched) -> None:
    uid = generate_uid()
    asked = request(ct(1), SpecificCharacterSet="ISO_IR 192", LabelText=f"  {THAI}\\x")
    assert scu.create(asked, uid) == 0
    told = scu.get(uid, [LABEL_TEXT])[1]
    assert told.SpecificCharacterSet == "ISO_IR 192"
    assert told.LabelText == f"  {THAI}\\x"


@pytest.mark.parametrize(
    ("terms", "name"),
    [("ISO_IR 100", "M\u00fcller"), ("ISO_IR 144", "\u041f\u0435\u0442\u0440"), ("GB18030", "\u738b")],
)
def test_case_67_text_comes_back_with_its_character_set(scu: Watched, terms: str, name: str) -> None:
    uid = generate_uid()
    assert scu.create(request(ct(1), SpecificCharacterSet=terms, LabelText=name), uid) == 0
    told = scu.get(uid, [])[1]
    assert told.SpecificCharacterSet
    assert told.LabelText == name
    assert "SpecificCharacterSet" not in scu.get(uid, [0x21000020])[1]


def test_case_148_the_disposition_is_kept_and_returned(scu: Watched) -> None:
    """As far as keeping and returning go; printing it is a label's job."""
    uid, slices = generate_uid(), ct(1)
    scu.store(*slices)
    place = f"To:\r\n  {THAI}\r\nWard 7 \\ Room 3"
    assert scu.create(request(slices, SpecificCharacterSet="ISO_IR 192", MediaDisposition=place), uid) == 0
    assert scu.get(uid, [DISPOSITION])[1].MediaDisposition == place
    assert scu.initiate(uid) == 0
    assert scu.wait(uid) == ("DONE", "NORMAL", 1)
    assert scu.get(uid, [DISPOSITION])[1].MediaDisposition == place


# Many, and no room


def test_case_20_a_hundred_thousand_items(burnish: Installation) -> None:
    [reception] = [process for process, role in burnish.processes().items() if role == "reception"]
    named = implicit(0x00081150, b"1.2.840.10008.5.1.4.1.1.2\0")
    items = (named + implicit(0x00081155, f"1.2.3.{100_000 + number}".encode()) for number in range(100_000))
    data = implicit(0x00081199, b"".join(implicit(0xFFFEE000, item) for item in items))
    before, uid = memory(reception), generate_uid()
    with RawPeer(burnish.port) as peer:
        peer.sock.settimeout(120)
        assert peer.associate({1: (MCM, [ImplicitVRLittleEndian])}) == 2
        peer.send(raw(N_CREATE, data, instance=uid))
        assert status_of(peer.answer()) == 0
    assert memory(reception) - before < 512 << 20
    assert Scu(burnish.port, calling="RAW").state(uid) == IDLE


@contextmanager
def without_table(burnish: Installation, name: str) -> Iterator[None]:
    """While this lasts, whoever writes that table fails."""

    def rename(source: str, target: str) -> None:
        with closing(sqlite3.connect(burnish.data / "burnish.sqlite", timeout=30)) as connection, connection:
            connection.execute("PRAGMA legacy_alter_table = ON")
            connection.execute(f"ALTER TABLE {source} RENAME TO {target}")

    rename(name, "gone")
    try:
        yield
    finally:
        rename("gone", name)


def test_case_24_an_internal_error_leaves_no_half_request(scu: Watched, burnish: Installation) -> None:
    uid = generate_uid()
    with without_table(burnish, "request_references"):
        assert scu.create(request(ct(1)), uid) == 0x0110
    assert scu.state(uid)[0] == "GONE"
    assert scu.create(request(ct(1)), uid) == 0
    assert scu.state(uid) == IDLE


LITTLE_ROOM = ROBOT.replace("[queue]", "[queue]\nlength = 1\nidle_length = 3") + (
    "\n[aets.STOCKSCU]\n[aets.SCARCE]\nmax_requests = 1\n"
)


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server with room for one started request and three that wait, and one request of SCARCE."""
    installation = scripted(tmp_path_factory.mktemp("narrow"), LITTLE_ROOM)
    installation.start()
    yield installation
    installation.stop()


def test_cases_23_and_41_a_full_queue_is_0213_until_there_is_room(narrow: Installation) -> None:
    scu, slices = Scu(narrow.port), ct(1)
    scu.store(*slices)
    hold = narrow.folder / "robot" / "hold-write"
    hold.parent.mkdir(exist_ok=True)
    hold.touch()
    first, second = generate_uid(), generate_uid()
    for uid in (first, second):
        assert scu.create(request(slices), uid) == 0
    assert scu.initiate(first) == 0
    assert scu.initiate(second) == 0x0213
    assert scu.state(second) == IDLE
    hold.unlink()
    assert scu.wait(first) == ("DONE", "NORMAL", 1)
    assert scu.initiate(second) == 0
    assert scu.wait(second) == ("DONE", "NORMAL", 1)


def test_case_23_a_full_table_is_0213_and_nothing_is_kept(narrow: Installation) -> None:
    scu, scarce, uids = Scu(narrow.port), Scu(narrow.port, "SCARCE"), [generate_uid() for _ in range(6)]
    assert scarce.create(request(ct(1)), uids[0]) == 0
    assert scarce.create(request(ct(1)), uids[1]) == 0x0213, "its own limit"
    assert [scu.create(request(ct(1)), uid) for uid in uids[2:5]] == [0, 0, 0x0213]
    assert scu.state(uids[4])[0] == "GONE"
    assert scarce.cancel(uids[0]) == 0
    assert scu.create(request(ct(1)), uids[4]) == 0


# Negotiation


def media_creation(scu: Scu, contexts: list[object], **more: object) -> tuple[int, object]:
    """N-CREATE over an association of these contexts: the status, and the accepted context."""
    ae, uid = AE("STOCKSCU"), generate_uid()
    association = ae.associate("127.0.0.1", scu.port, contexts, ae_title="BURNISH", **more)  # type: ignore[arg-type]
    assert association.is_established
    try:
        status, _ = association.send_n_create(request(ct(1)), MCM, uid)
        return int(status.Status), association.accepted_contexts[0]
    finally:
        association.release()


def extended(sop_class: str, information: bytes) -> SOPClassExtendedNegotiation:
    item = SOPClassExtendedNegotiation()
    item.sop_class_uid = sop_class
    item.service_class_application_information = information
    return item


def test_case_142_roles_are_default_and_extensions_ignored(scu: Watched) -> None:
    items = [build_role(MCM, scu_role=True, scp_role=True), extended(MCM, b"\x01\x02\x03")]
    status, context = media_creation(scu, [build_context(MCM)], ext_neg=items)
    assert status == 0
    assert (context.as_scu, context.as_scp) == (True, False)  # type: ignore[attr-defined]


def test_case_143_implicit_vr_alone_is_accepted(scu: Watched) -> None:
    status, context = media_creation(scu, [build_context(MCM, ImplicitVRLittleEndian)])
    assert status == 0
    assert context.transfer_syntax == [ImplicitVRLittleEndian]  # type: ignore[attr-defined]
    both = [build_context(MCM, [ImplicitVRLittleEndian, ExplicitVRLittleEndian])]
    assert media_creation(scu, both)[1].transfer_syntax == [ExplicitVRLittleEndian]  # type: ignore[attr-defined]
