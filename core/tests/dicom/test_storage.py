"""C-STORE over loopback: streamed, refused, broken off; and what is negotiated."""

import errno
import shutil
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from burnish.dicom.settings import StorageSettings
from burnish.dicom.storage import storage_contexts
from burnish.errors import Refused
from burnish.instances.spool import Arrival
from burnish.terms import DEFLATED, EXPLICIT_VR_BE, EXPLICIT_VR_LE, IMPLICIT_VR_LE, DimseStatus
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.filereader import read_file_meta_info
from pydicom.uid import JPEGBaseline8Bit, RLELossless
from pynetdicom import AE, evt
from pynetdicom.dsutils import split_dataset
from pynetdicom.presentation import build_context

from core.tests.dicom.fakes import FakeIncoming, FakeSpool, House, Policy, house
from core.tests.dicom.peers import CT, MR, VERIFICATION, RawPeer, associated, p_data, pdv, request, status_of
from core.tests.dicom.test_wire import eventually, gone

C_STORE = 0x0001


def file(name: str) -> Path:
    path = get_testdata_file(name, download=False)
    assert isinstance(path, str)
    return Path(path)


def data_set_of(path: Path) -> bytes:
    return path.read_bytes()[split_dataset(path)[1] :]


@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "MR_small_RLE.dcm", "SC_rgb_jpeg_dcmtk.dcm", "MR_small.dcm"]
)
def test_an_instance_arrives_byte_for_byte(running: House, name: str) -> None:
    path = file(name)
    meta = read_file_meta_info(path)
    ae = AE("PEER")
    ae.add_requested_context(meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID)
    peer = ae.associate("127.0.0.1", running.port, ae_title="BURNISH")
    assert peer.send_c_store(path).Status == 0
    peer.release()
    (kept,) = running.spool.seen
    assert kept.state == "kept"
    assert kept.data == data_set_of(path)
    assert kept.arrival == Arrival(
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID, "PEER"
    )
    assert len(running.stored) == 1
    assert gone(running)


def test_nothing_is_joined(running: House) -> None:
    with RawPeer(running.port) as peer:
        peer.associate({1: (CT, [IMPLICIT_VR_LE])})
        peer.send(request(C_STORE, bytes(1_000_000), sop_class=CT, fragment=50_000))
        assert status_of(peer.answer()) == 0
    assert [len(fragment) for fragment in running.spool.seen[0].fragments] == [50_000] * 20


def failing(status: DimseStatus | OSError, after: int) -> FakeSpool:
    def fail(incoming: FakeIncoming) -> None:
        if len(incoming.fragments) >= after:
            raise status if isinstance(status, OSError) else Refused("no", status, [0x00080018])

    return FakeSpool(on_write=fail)


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("failure", "status"),
    [(DimseStatus.OUT_OF_RESOURCES, 0xA700), (FULL, 0xA700), (DimseStatus.CANNOT_UNDERSTAND, 0xC000)],
)
@pytest.mark.parametrize("after", [0, 3])
def test_a_failed_write_is_told_at_the_end(failure: DimseStatus | OSError, status: int, after: int) -> None:
    spool = failing(failure, after)
    with house(spool=spool) as running, RawPeer(running.port) as peer:
        peer.associate({1: (CT, [IMPLICIT_VR_LE])})
        peer.send(request(C_STORE, bytes(200_000), sop_class=CT))
        answer = peer.answer()
        assert status_of(answer) == status
        assert (0x0901 in answer) is (status == 0xC000)
        assert 0 < len(answer[0x0902]) <= 64
        assert [incoming.state for incoming in spool.seen] == ["abandoned"]
        spool.on_write = lambda _: None
        peer.send(request(C_STORE, b"later", sop_class=CT, message_id=2))
        assert status_of(peer.answer()) == 0
    assert len(running.stored) == 1


@pytest.mark.parametrize("status", [DimseStatus.OUT_OF_RESOURCES, DimseStatus.PROCESSING_FAILURE])
def test_refused_before_it_is_spooled(status: DimseStatus) -> None:
    def refuse(_: Arrival) -> None:
        raise Refused("not now", status) if status is DimseStatus.OUT_OF_RESOURCES else ZeroDivisionError

    with house(spool=FakeSpool(on_begin=refuse)) as running, RawPeer(running.port) as peer:
        peer.associate({1: (CT, [IMPLICIT_VR_LE])})
        peer.send(request(C_STORE, bytes(100_000), sop_class=CT))
        assert status_of(peer.answer()) == status
        assert not running.stored


def test_a_commit_that_refuses_is_not_success() -> None:
    def differ(_: FakeIncoming) -> None:
        raise Refused("differs", DimseStatus.DATA_SET_DOES_NOT_MATCH, [0x00080018])

    with house(spool=FakeSpool(on_commit=differ)) as running, RawPeer(running.port) as peer:
        peer.associate({1: (CT, [IMPLICIT_VR_LE])})
        peer.send(request(C_STORE, b"data", sop_class=CT))
        answer = peer.answer()
        assert (status_of(answer), answer[0x0901]) == (0xA900, b"\x08\x00\x18\x00")
        assert [incoming.state for incoming in running.spool.seen] == ["abandoned"]
        assert not running.stored


def test_no_data_set_at_all(running: House) -> None:
    with RawPeer(running.port) as peer:
        peer.associate({1: (CT, [IMPLICIT_VR_LE])})
        peer.send(request(C_STORE, None, sop_class=CT))
        assert status_of(peer.answer()) == 0xC000


@pytest.mark.parametrize("farewell", [b"", b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00", b"\x04\x00\x00\x01"])
def test_broken_off_midway(running: House, farewell: bytes) -> None:
    with RawPeer(running.port) as peer:
        peer.associate({1: (CT, [IMPLICIT_VR_LE])})
        peer.send(request(C_STORE, bytes(50_000), sop_class=CT)[:-60_00] + farewell)
        assert eventually(lambda: bool(running.spool.seen))
    assert gone(running)
    assert [incoming.state for incoming in running.spool.seen] == ["abandoned"]
    assert not running.stored


def test_a_slow_disk_is_felt_by_the_peer() -> None:
    """While a write blocks nothing is read: the peer can send what sockets hold, and no more."""
    gate = threading.Event()
    with house(spool=FakeSpool(on_write=lambda _: gate.wait(20) and None)) as running:
        with RawPeer(running.port) as peer:
            peer.associate({1: (CT, [IMPLICIT_VR_LE])})
            part, sent = p_data(pdv(1, 0, bytes(100_000))), 0
            peer.send(request(C_STORE, b"x", sop_class=CT)[: -(6 + 6 + 1)])
            peer.sock.settimeout(0.5)
            with suppress(TimeoutError):
                while sent < 100 << 20:
                    sent += peer.sock.send(part)
            assert sent < 100 << 20
            gate.set()
        assert gone(running, 10)


def test_rights_to_store() -> None:
    with house(aets={"RAW": Policy()}) as running, RawPeer(running.port) as peer:
        running.orders.denied.add(("RAW", "store"))
        peer.associate({1: (CT, [IMPLICIT_VR_LE])})
        peer.send(request(C_STORE, b"data", sop_class=CT))
        assert status_of(peer.answer()) == 0x0124
        assert not running.spool.seen


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([IMPLICIT_VR_LE, EXPLICIT_VR_LE], EXPLICIT_VR_LE),
        ([EXPLICIT_VR_BE, JPEGBaseline8Bit, EXPLICIT_VR_LE], EXPLICIT_VR_LE),
        ([JPEGBaseline8Bit, IMPLICIT_VR_LE], JPEGBaseline8Bit),
        ([IMPLICIT_VR_LE, JPEGBaseline8Bit], IMPLICIT_VR_LE),
        ([DEFLATED, RLELossless], RLELossless),
    ],
)
def test_explicit_vr_little_endian_wins_else_the_first_offered(
    running: House, offered: list[str], chosen: str
) -> None:
    with associated(running.port, CT, MR, syntaxes=offered) as peer:
        assert [context.transfer_syntax[0] for context in peer.accepted_contexts] == [chosen] * 2


def test_deflated_is_not_offered(running: House) -> None:
    with associated(running.port, CT, syntaxes=[DEFLATED]) as peer:
        assert not peer.accepted_contexts


def test_one_class_in_several_contexts(running: House) -> None:
    ae = AE("PEER")
    contexts = [build_context(CT, syntax) for syntax in (RLELossless, IMPLICIT_VR_LE, JPEGBaseline8Bit)]
    peer = ae.associate("127.0.0.1", running.port, contexts, ae_title="BURNISH")
    assert [c.transfer_syntax[0] for c in peer.accepted_contexts] == [
        RLELossless,
        IMPLICIT_VR_LE,
        JPEGBaseline8Bit,
    ]
    peer.release()


def test_only_what_is_configured_is_negotiated() -> None:
    with house(storage={"sop_classes": ("MRImageStorage",), "transfer_syntaxes": (RLELossless,)}) as running:
        with associated(running.port, CT, MR, syntaxes=[IMPLICIT_VR_LE, RLELossless]) as peer:
            accepted = [(c.abstract_syntax, c.transfer_syntax[0]) for c in peer.accepted_contexts]
        assert accepted == [(MR, RLELossless)]


def test_every_storage_class_by_default() -> None:
    contexts = storage_contexts(StorageSettings())
    assert len(contexts) > 200
    assert {CT, MR, "1.2.840.10008.5.1.4.1.1.66.7", "1.2.840.10008.5.1.4.1.1.6"} <= set(contexts)
    assert contexts[CT][0] == EXPLICIT_VR_LE
    assert DEFLATED not in contexts[CT]


def test_many_messages_on_one_association(running: House) -> None:
    with RawPeer(running.port) as peer:
        peer.associate({1: (CT, [IMPLICIT_VR_LE]), 3: (VERIFICATION, [IMPLICIT_VR_LE])})
        for number in range(50):
            peer.send(request(C_STORE, b"data", sop_class=CT, instance=f"1.2.{number}", message_id=number))
            assert status_of(peer.answer()) == 0
    assert len(running.stored) == 50


@pytest.mark.judge("echoscu")
def test_dcmtk_is_heard(running: House) -> None:
    where = ["-aec", "BURNISH", "127.0.0.1", str(running.port)]
    assert subprocess.run(["echoscu", *where], check=False, timeout=30).returncode == 0
    assert subprocess.run(["echoscu", "-aec", "OTHER", *where[2:]], check=False, timeout=30).returncode != 0


@pytest.mark.judge("storescu")
@pytest.mark.parametrize("option", ["-xe", "-xi", "-xb"])
def test_dcmtk_stores(running: House, tmp_path: Path, option: str) -> None:
    shutil.copy(file("CT_small.dcm"), tmp_path / "ct.dcm")
    asks = ["storescu", option, "-R", "-aec", "BURNISH", "127.0.0.1", str(running.port)]
    assert subprocess.run([*asks, str(tmp_path / "ct.dcm")], check=False, timeout=30).returncode == 0
    (kept,) = running.spool.seen
    assert kept.arrival.sop_instance == dcmread(tmp_path / "ct.dcm").SOPInstanceUID
    assert len(kept.data) > 32_768


def test_reception_answers_an_echo(running: House) -> None:
    with associated(running.port, VERIFICATION) as peer:
        released: list[object] = []
        peer.bind(evt.EVT_RELEASED, released.append)
        assert peer.send_c_echo().Status == 0
    assert released
