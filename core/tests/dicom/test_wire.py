"""What comes over the wire from peers that no library would make: bad data sets, bad commands, bad PDUs.

Every one is answered or aborted, leaves nothing behind, and the next peer is served.
"""

import struct
import time
from collections.abc import Callable

import pytest
from burnish.dicom.elements import MAX_DEPTH
from burnish.dicom.reception import Reception
from burnish.dicom.settings import ServerSettings, StorageSettings
from burnish.dicom.transport import listen
from burnish.terms import IMPLICIT_VR_LE, MEDIA_CREATION_MANAGEMENT

from core.tests.dicom.fakes import FakeOrders, FakeSpool, House, house
from core.tests.dicom.peers import (
    CT,
    VERIFICATION,
    RawPeer,
    asked,
    command,
    implicit,
    p_data,
    pdv,
    request,
    short,
    status_of,
)

MCM = MEDIA_CREATION_MANAGEMENT
N_GET, N_ACTION, N_CREATE, C_STORE, C_ECHO, C_FIND = 0x0110, 0x0130, 0x0140, 0x0001, 0x0030, 0x0020
ABORTED = 0x10007
UNDEFINED = 0xFFFFFFFF


def item(content: bytes) -> bytes:
    return implicit(0xFFFEE000, content)


def references(*items: bytes) -> bytes:
    return implicit(0x00081199, b"".join(items))


ONE = item(implicit(0x00081150, b"1.2.840.10008.5.1.4.1.1.2\0") + implicit(0x00081155, b"1.2.3.4\0"))
GOOD = references(ONE)


def nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = implicit(0x00081199, item(inner))
    return inner


def test_a_request_made_by_hand_is_taken(running: House) -> None:
    assert asked(running.port, request(N_CREATE, GOOD)) == 0


def test_sequences_and_items_of_undefined_length(running: House) -> None:
    ended = implicit(0xFFFEE000, ONE[8:], UNDEFINED) + implicit(0xFFFEE00D, b"")
    data = implicit(0x00081199, ended + implicit(0xFFFEE0DD, b""), UNDEFINED)
    assert asked(running.port, request(N_CREATE, data)) == 0
    assert len(running.orders.requests["1.2.3"].attributes["ReferencedSOPSequence"]) == 1


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(GOOD + b"\x01\x02\x03", id="trailing garbage"),
        pytest.param(GOOD[:-3], id="cut short"),
        pytest.param(implicit(0x22000002, b"text", 4000), id="longer than the data set"),
        pytest.param(references(implicit(0xFFFEE000, b"", 400)), id="an item longer than its sequence"),
        pytest.param(struct.pack("<HH", 8, 0x1199) + b"SQ\0\0" + struct.pack("<I", 0), id="explicit"),
        pytest.param(GOOD + GOOD, id="twice"),
        pytest.param(implicit(0x22000002, b"ab") + GOOD, id="out of order"),
        pytest.param(implicit(0x00020010, b"1.2.3\0") + GOOD, id="group 0002"),
        pytest.param(nested(MAX_DEPTH + 1), id="too deep"),
        pytest.param(implicit(0x22000002, b"ab", UNDEFINED), id="text without a length"),
        pytest.param(implicit(0x00081199, ONE, UNDEFINED), id="a sequence without an end"),
        pytest.param(references(implicit(0x00081150, b"1.2\0")), id="a sequence of no items"),
        pytest.param(implicit(0x2200000B, b"\1\2\3"), id="half a number"),
    ],
)
def test_data_sets_that_cannot_be_read(running: House, data: bytes) -> None:
    assert asked(running.port, request(N_CREATE, data)) == 0x0110
    assert not running.orders.requests


def test_the_deepest_that_is_read(running: House) -> None:
    assert asked(running.port, request(N_CREATE, nested(MAX_DEPTH))) == 0


@pytest.mark.parametrize(("operation", "status"), [(N_CREATE, 0x0106), (N_ACTION, 0x0115)])
def test_an_unknown_character_set_is_refused(running: House, operation: int, status: int) -> None:
    data = implicit(0x00080005, b"ISO_IR 999") + GOOD
    asked(running.port, request(N_CREATE, GOOD))
    more = {"e1008": short(1)} if operation == N_ACTION else {}
    assert asked(running.port, request(operation, data, instance="1.2.3", more=more)) == status


def test_case_32_copies_that_are_no_number(running: House) -> None:
    asked(running.port, request(N_CREATE, GOOD))
    data = implicit(0x20000010, b"abc ")
    assert asked(running.port, request(N_ACTION, data, more={"e1008": short(1)})) == 0x0115
    assert running.orders.requests["1.2.3"].status == "IDLE"


def test_case_55_the_data_set_of_a_cancel_is_ignored(running: House) -> None:
    asked(running.port, request(N_CREATE, GOOD))
    assert asked(running.port, request(N_ACTION, b"nonsense", more={"e1008": short(2)})) == 0
    assert not running.orders.requests


def test_ten_thousand_references_are_taken(running: House) -> None:
    data = references(*[ONE] * 10_000)
    assert asked(running.port, request(N_CREATE, data)) == 0
    assert len(running.orders.requests["1.2.3"].attributes["ReferencedSOPSequence"]) == 10_000


BAD_UIDS = ["../../etc/passwd", "1..2", "01.2", "1.2\0.3", "$(id)", "1." * 32 + "1", "1.\xe4", ".1", "CON"]


@pytest.mark.parametrize("uid", BAD_UIDS)
@pytest.mark.parametrize("operation", [N_CREATE, N_GET, N_ACTION])
def test_bad_instance_uids(running: House, operation: int, uid: str) -> None:
    assert asked(running.port, request(operation, instance=uid)) == 0x0117


@pytest.mark.parametrize("uid", [*BAD_UIDS, "", None])
def test_bad_instance_uids_of_a_c_store(running: House, uid: str | None) -> None:
    assert asked(running.port, request(C_STORE, b"x" * 40_000, sop_class=CT, instance=uid), CT) == 0x0117
    assert not running.spool.seen


def test_an_empty_uid_is_not_an_absent_one(running: House) -> None:
    assert asked(running.port, request(N_CREATE, GOOD, instance="")) == 0x0117
    assert asked(running.port, request(N_CREATE, GOOD, instance=None)) == 0


@pytest.mark.parametrize(
    ("operation", "status"),
    [(C_STORE, 0x0122), (N_CREATE, 0x0118), (N_GET, 0x0119), (N_ACTION, 0x0119), (C_ECHO, 0x0122)],
)
def test_another_class_than_the_context_s(running: House, operation: int, status: int) -> None:
    asks = request(operation, GOOD, sop_class="1.2.840.10008.5.1.4.1.1.4")
    assert asked(running.port, asks) == status


@pytest.mark.parametrize("operation", [C_FIND, N_CREATE, C_ECHO])
def test_an_operation_of_another_service(running: House, operation: int) -> None:
    assert asked(running.port, request(operation, b"ignored", sop_class=CT), CT) == 0x0211


def test_a_message_id_twice(running: House) -> None:
    with RawPeer(running.port) as peer:
        peer.associate({1: (MCM, [IMPLICIT_VR_LE])})
        peer.send(request(N_CREATE, GOOD, instance="1.2.1") + request(N_CREATE, GOOD, instance="1.2.2"))
        answers = {status_of(peer.answer()) for _ in range(2)}
    assert answers <= {0, 0x0210}
    assert len(running.orders.requests) == 2 - (0x0210 in answers)


GET = {"e0003": MCM.encode(), "e0100": short(N_GET), "e0110": short(1), "e0800": short(0x0101)}


@pytest.mark.parametrize(
    "pdus",
    [
        pytest.param(p_data(), id="no fragment"),
        pytest.param(p_data(struct.pack(">IBB", 2, 1, 2)), id="a data set without a command"),
        pytest.param(p_data(pdv(1, 3, b"garbage")), id="a command of garbage"),
        pytest.param(p_data(pdv(1, 3, command(**GET | {"e0100": short(0x8110)}))), id="a response"),
        pytest.param(p_data(pdv(1, 3, command(**GET | {"e0100": short(0x7777)}))), id="no operation"),
        pytest.param(p_data(pdv(1, 3, command(**GET | {"e0100": b""}))), id="no command field"),
        pytest.param(p_data(pdv(1, 3, command(**GET | {"e0110": b""}))), id="no message ID"),
        pytest.param(p_data(pdv(1, 3, command(**GET | {"e1005": b"abc"}))), id="half a tag"),
        pytest.param(p_data(pdv(3, 3, command(**GET))), id="a context nobody accepted"),
        pytest.param(p_data(pdv(1, 1, b"x"), pdv(3, 1, b"x")), id="two contexts in one command"),
        pytest.param(p_data(pdv(1, 1, bytes(16_000))) * 5, id="a command without end"),
        pytest.param(struct.pack(">BBI", 4, 0, 0xFFFFFFFF), id="a PDU of 4 GiB"),
        pytest.param(struct.pack(">BBI", 4, 0, 1 << 20) + bytes(1 << 16), id="a PDU larger than agreed"),
        pytest.param(p_data(struct.pack(">IB", 1, 1)), id="a fragment too short"),
        pytest.param(b"GET / HTTP/1.1\r\n", id="not DICOM"),
        pytest.param(p_data(pdv(1, 3, command(**GET | {"e0800": short(1)}))) + request(N_GET), id="mixed"),
    ],
)
def test_peers_that_break_the_protocol_are_aborted(running: House, pdus: bytes) -> None:
    with RawPeer(running.port) as peer:
        peer.associate({1: (MCM, [IMPLICIT_VR_LE])})
        peer.send(pdus)
        kind, body = peer.receive()
        assert (kind, body[2]) == (7, 2)
        assert peer.receive() == (0, b"")
    assert asked(running.port, request(N_CREATE, GOOD)) == 0
    assert gone(running)


def gone(running: House, seconds: float = 4.0) -> bool:
    """Whether every association ends, in time."""
    return eventually(lambda: running.reception.associations == 0, seconds)


def eventually(true: Callable[[], bool], seconds: float = 4.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.01)
    return true()


def test_a_data_set_over_the_cap_costs_the_association(running: House) -> None:
    with RawPeer(running.port) as peer:
        peer.associate({1: (MCM, [IMPLICIT_VR_LE])})
        part = pdv(1, 0, bytes(120_000))
        peer.send(request(N_CREATE, b"")[: -(6 + 6)])
        kind = 0
        for _ in range(300):
            try:
                peer.send(p_data(part))
            except OSError:
                break
        kind, _ = peer.receive()
        assert kind in (7, 0)
    assert gone(running)
    assert not running.orders.requests


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x01",
        struct.pack(">BBI", 1, 0, 0xFFFFFFFF),
        struct.pack(">BBI", 4, 0, 100),
        b"\x47ET / HTTP/1.1",
    ],
)
def test_connections_that_never_ask(running: House, said: bytes) -> None:
    with RawPeer(running.port) as peer:
        peer.send(said)
    assert gone(running)


def test_silent_peers_give_way() -> None:
    silence = {"association_timeout": "0.3s", "dimse_timeout": "0.3s", "network_timeout": "0.3s"}
    with house(silence) as running:
        silent, halfway, idle, midway = (RawPeer(running.port) for _ in range(4))
        with silent, halfway, idle, midway:
            halfway.send(b"\x01")
            for peer in (idle, midway):
                assert peer.associate({1: (VERIFICATION, [IMPLICIT_VR_LE])}) == 2
            midway.send(b"\x04\x00")
            assert gone(running, 8.0)


def test_a_peer_that_stalls_within_a_message_gives_way_before_one_that_is_idle() -> None:
    silence = {"dimse_timeout": "0.3s", "network_timeout": "5m"}
    with house(silence) as running, RawPeer(running.port) as stalled, RawPeer(running.port) as idle:
        for peer in (stalled, idle):
            assert peer.associate({1: (MCM, [IMPLICIT_VR_LE])}) == 2
        whole = request(N_CREATE, GOOD)
        stalled.send(whole[: 6 + int.from_bytes(whole[2:6], "big")])  # the data set never comes
        assert 0x10000 + stalled.receive()[0] == ABORTED
        idle.send(whole)
        assert status_of(idle.answer()) == 0


@pytest.mark.parametrize(
    ("contexts", "how", "verdict"),
    [
        ({1: (MCM, [IMPLICIT_VR_LE])}, {"called": "OTHER"}, (1, 1, 7)),
        ({}, {}, (1, 1, 1)),
        ({1: (MCM, [IMPLICIT_VR_LE])}, {"max_length": 3}, (1, 1, 1)),
    ],
)
def test_rejections(running: House, contexts: dict, how: dict, verdict: tuple[int, int, int]) -> None:
    with RawPeer(running.port) as peer:
        peer.associate({1: (MCM, [IMPLICIT_VR_LE])})
        peer.send(b"")
    with RawPeer(running.port) as peer:
        answered = rejection(peer, contexts, how)
    assert answered == verdict
    assert gone(running)


def rejection(peer: RawPeer, contexts: dict, how: dict) -> tuple[int, ...]:
    received: list[bytes] = []
    original = peer.receive

    def keep() -> tuple[int, bytes]:
        kind, body = original()
        received.append(body)
        return kind, body

    peer.receive = keep  # type: ignore[method-assign]
    assert peer.associate(contexts, **how) == 3
    return tuple(received[0][1:4])


def test_no_more_associations_than_there_is_room() -> None:
    context = {1: (MCM, [IMPLICIT_VR_LE])}
    with house({"max_associations": 2}) as running:
        with RawPeer(running.port) as one, RawPeer(running.port) as two, RawPeer(running.port) as three:
            assert (one.associate(context), two.associate(context)) == (2, 2)
            assert rejection(three, context, {}) == (2, 3, 1)
        assert gone(running)
        with RawPeer(running.port) as four:
            assert four.associate(context) == 2


def test_many_associations_at_once(running: House) -> None:
    peers = [RawPeer(running.port) for _ in range(40)]
    answers = [peer.associate({1: (MCM, [IMPLICIT_VR_LE])}) for peer in peers]
    assert answers == [2] * 40
    for number, peer in enumerate(peers):
        peer.send(request(N_CREATE, GOOD, instance=f"1.2.{number}"))
    assert [status_of(peer.answer()) for peer in peers] == [0] * 40
    for peer in peers:
        peer.sock.close()
    assert gone(running)


def test_the_listening_socket_stays_its_owner_s() -> None:
    context = {1: (MCM, [IMPLICIT_VR_LE])}
    with listen("127.0.0.1", 0) as listener:
        for _ in range(2):
            reception = Reception(ServerSettings(), StorageSettings(), FakeSpool(), FakeOrders(), listener)
            reception.start()
            with RawPeer(listener.getsockname()[1]) as peer:
                assert peer.associate(context) == 2
            reception.stop(1.0)
        with RawPeer(listener.getsockname()[1]):
            accepted, _ = listener.accept()
            accepted.close()


def test_stop_is_bounded_whatever_peers_do() -> None:
    context = {1: (CT, [IMPLICIT_VR_LE])}
    with house() as running:
        peers = [RawPeer(running.port) for _ in range(6)]
        peers[1].send(b"\x01")
        for peer in peers[2:]:
            assert peer.associate(context) == 2
        peers[3].send(b"\x04\x00\x00")
        peers[4].send(request(C_STORE, b"x" * 100, sop_class=CT)[:-20])
        assert eventually(lambda: len(running.spool.seen) == 1)
        began = time.monotonic()
        running.reception.stop(0.5)
        assert time.monotonic() - began < 5
        assert gone(running)
        assert running.spool.seen[0].state == "abandoned"
        for peer in peers:
            peer.sock.close()
