"""Every limit of the port: each alone, then over the wire with peers that try to hold it."""

import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from burnish.dicom import guard, workarounds
from burnish.dicom.guard import (
    ASSOCIATE_CAP,
    CONTEXT_CAP,
    HEADER,
    ITEM_CAP,
    Abort,
    Cut,
    Lobby,
    Patience,
    PduError,
    Reserve,
    Tally,
    check_header,
    check_proposal,
)
from burnish.dicom.messages import Receiver
from burnish.terms import IMPLICIT_VR_LE, MEDIA_CREATION_MANAGEMENT

from core.tests.dicom.fakes import House, Policy, house
from core.tests.dicom.peers import CT, VERIFICATION, RawPeer, p_data, pdv, proposal, request, status_of

MCM = MEDIA_CREATION_MANAGEMENT
CONTEXT = {1: (VERIFICATION, [IMPLICIT_VR_LE])}
ECHO = request(0x0030, sop_class=VERIFICATION, instance=None)
MAX_PDU = 16384
SHORT = {"association_timeout": "1s", "dimse_timeout": "1s", "network_timeout": "1s"}


def eventually(true: object, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def header(kind: int, length: int) -> bytes:
    return struct.pack(">BBI", kind, 0, length)


# --- each limit alone --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "state", "length"),
    [
        (1, "Sta2", ASSOCIATE_CAP),
        (7, "Sta2", 4),
        (7, "Sta3", 4),
        (4, "Sta6", MAX_PDU),
        (5, "Sta6", 4),
        (4, "Sta8", MAX_PDU),
    ],
)
def test_pdus_that_are_due(kind: int, state: str, length: int) -> None:
    assert check_header(header(kind, length), state, MAX_PDU) == length
    with pytest.raises(PduError) as caught:
        check_header(header(kind, length + 1), state, MAX_PDU)
    assert caught.value.reason is Abort.INVALID_PARAMETER


@pytest.mark.parametrize(
    ("kind", "state", "reason"),
    [
        (0x47, "Sta2", Abort.UNRECOGNISED_PDU),
        (0x16, "Sta2", Abort.UNRECOGNISED_PDU),
        (0x00, "Sta6", Abort.UNRECOGNISED_PDU),
        (0x08, "Sta13", Abort.UNRECOGNISED_PDU),
        (4, "Sta2", Abort.UNEXPECTED_PDU),
        (5, "Sta1", Abort.UNEXPECTED_PDU),
        (4, "Sta3", Abort.UNEXPECTED_PDU),
        (1, "Sta6", Abort.UNEXPECTED_PDU),
        (2, "Sta8", Abort.UNEXPECTED_PDU),
    ],
)
def test_pdus_that_are_not(kind: int, state: str, reason: Abort) -> None:
    with pytest.raises(PduError) as caught:
        check_header(header(kind, 4), state, MAX_PDU)
    assert caught.value.reason is reason


def contexts(*ids: int, offered: int = 1) -> list[tuple[int, str, list[str]]]:
    return [(number, VERIFICATION, [IMPLICIT_VR_LE] * offered) for number in ids]


def test_a_full_proposal_is_walked() -> None:
    full = proposal(contexts(*range(1, 256, 2), offered=20))
    check_proposal(memoryview(full)[HEADER:])
    assert len(range(1, 256, 2)) == CONTEXT_CAP


TOO_MANY_ITEMS = struct.pack(">BBH", 0x99, 0, 0) * ITEM_CAP
BAD_PROPOSALS = [
    pytest.param(proposal(contexts(1, 2)), id="row_45_an_even_id"),
    pytest.param(proposal(contexts(0)), id="row_45_no_id"),
    pytest.param(proposal(contexts(1, 3, 1)), id="row_45_an_id_twice"),
    pytest.param(proposal(contexts(*range(1, 256, 2), 1)), id="row_45_129_contexts"),
    pytest.param(proposal(contexts(1), more=TOO_MANY_ITEMS), id="items_without_end"),
    pytest.param(proposal(contexts(1), more=struct.pack(">BBH", 0x20, 0, 40)), id="an_item_beyond_the_end"),
    pytest.param(proposal(contexts(1), more=b"\x20\0"), id="half_an_item"),
    pytest.param(proposal(contexts(1), more=struct.pack(">BBH", 0x20, 0, 0)), id="a_context_of_nothing"),
    pytest.param(
        proposal(contexts(1), more=struct.pack(">BBHBBH", 0x50, 0, 4, 0x51, 0, 4)),
        id="a_user_item_beyond_its_own",
    ),
]


@pytest.mark.parametrize("encoded", BAD_PROPOSALS)
def test_proposals_that_are_not_made_anything_of(encoded: bytes) -> None:
    with pytest.raises(PduError) as caught:
        check_proposal(memoryview(encoded)[HEADER:])
    assert caught.value.reason is Abort.INVALID_PARAMETER


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that a test turns."""
    turned = SimpleNamespace(now=100.0)
    turned.monotonic = lambda: turned.now
    monkeypatch.setattr(guard, "time", turned)
    monkeypatch.setattr(workarounds, "time", turned)
    return turned


def fed(clock: SimpleNamespace, patience: Patience, count: int, every: float) -> int:
    """How many times a peer may send so many bytes, once in so many seconds; at most a hundred."""
    for times in range(100):
        patience.resume()
        clock.now += every
        if patience.over:
            return times
        patience.pause(count)
        clock.now += 1000  # what we take ourselves is not counted
    return 100


@pytest.mark.parametrize(
    ("count", "every", "times"), [(0, 0, 100), (1, 1, 30), (1024, 1, 100), (512, 1, 59), (1 << 20, 31, 0)]
)
def test_patience(clock: SimpleNamespace, count: int, every: float, times: int) -> None:
    assert fed(clock, Patience(30), count, every) == times


def test_patience_is_renewed(clock: SimpleNamespace) -> None:
    patience = Patience(30)
    fed(clock, patience, 1, 29)
    patience.renew()
    assert not patience.over
    assert fed(clock, patience, 1, 29) == 1


def test_a_timer_that_no_wall_clock_moves(clock: SimpleNamespace) -> None:
    timer = workarounds.MonotonicTimer(5)
    assert (timer.expired, timer.remaining) == (False, 5)
    timer.start()
    clock.now += 6
    assert timer.expired
    timer.restart()
    clock.now += 4
    timer.stop()
    clock.now += 4
    assert (timer.expired, timer.remaining) == (False, 1)
    timer.timeout = None
    assert not timer.expired


class Person:
    keeps_us_waiting = True


def test_the_oldest_is_one_too_many() -> None:
    lobby: Lobby[Person] = Lobby(2, 5, 0)
    first, second, third = Person(), Person(), Person()
    assert lobby.surplus("a") == []
    lobby.enter(first, "a")
    lobby.enter(second, "b")
    assert lobby.surplus("c") == [first, second]
    lobby.dismiss(first)
    assert lobby.surplus("c") == []
    assert not lobby.admit(first)
    lobby.enter(third, "c")
    assert lobby.guests == [second, third, first]
    assert not lobby.crowded
    lobby.dismiss(second)
    assert lobby.crowded
    for guest in (first, second, third, third):
        lobby.leave(guest)
    assert lobby.guests == []
    assert not lobby.crowded


def test_places_are_given_back() -> None:
    lobby: Lobby[Person] = Lobby(9, 2, 0)
    people = [Person() for _ in range(3)]
    for person in people:
        lobby.enter(person, "a")
    assert [lobby.admit(person) for person in people] == [True, True, False]
    lobby.leave(people[0])
    assert lobby.admit(people[2])


def test_a_limit_for_each_address() -> None:
    lobby: Lobby[Person] = Lobby(9, 9, 1)
    one, two, other = Person(), Person(), Person()
    lobby.enter(one, "a")
    assert (lobby.surplus("a"), lobby.surplus("b")) == ([one], [])
    assert lobby.admit(one)
    lobby.enter(two, "a")
    lobby.enter(other, "b")
    assert (lobby.admit(two), lobby.admit(other)) == (False, True)


def test_the_reserve_turns_one_away() -> None:
    reserve = Reserve()
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname(), timeout=10) as peer,
    ):
        assert reserve.turn_away(listener)
        assert peer.recv(1) == b""
    reserve.close()
    reserve.close()


def test_an_attack_does_not_fill_the_log(clock: SimpleNamespace, caplog: pytest.LogCaptureFixture) -> None:
    tally = Tally()
    for _ in range(50):
        tally.note(Cut.TOO_SLOW, "PEER\nforged", "nothing")
    tally.note(Cut.GAVE_WAY, "", "late")
    clock.now += 2
    tally.note(Cut.TOO_SLOW, "PEER", "again")
    assert [record.getMessage() for record in caplog.records] == [
        "too slow: PEER\\nforged: nothing",
        "gave way: a peer: late",
        "too slow: PEER: again (and 49 more since the last line)",
    ]
    assert tally.counts == {Cut.TOO_SLOW: 51, Cut.GAVE_WAY: 1}


# --- over the wire -----------------------------------------------------------------------------------------


def ended(peer: RawPeer) -> tuple[int, ...]:
    """How a peer was told that this is the end: PDU type, and of an A-ABORT source and reason."""
    kind, body = peer.receive()
    assert peer.receive() == (0, b"")
    return (kind, *body[2:4]) if kind == 7 else (kind,)


def quiet(running: House) -> bool:
    return eventually(lambda: running.reception.associations == 0)


TLS_HELLO = bytes.fromhex("16030100a5010000a10303") + bytes(160)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1, id="row_49_http"),
        pytest.param(TLS_HELLO, 1, id="row_49_tls"),
        pytest.param(header(0x99, 4) + bytes(4), 1, id="row_49_unknown"),
        pytest.param(p_data(pdv(1, 3, b"x")), 2, id="row_50_before"),
        pytest.param(header(5, 4) + bytes(4), 2, id="row_50_release"),
        pytest.param(header(1, ASSOCIATE_CAP + 1), 6, id="too_long"),
        pytest.param(header(1, 0xFFFFFFFF), 6, id="4_gib"),
        pytest.param(header(1, 4) + bytes(4), 6, id="too_short"),
        pytest.param(proposal(contexts(1), calling="A\nB"), 6, id="no_ae_title"),
        *(pytest.param(p.values[0], 6, id=p.id) for p in BAD_PROPOSALS),
    ],
)
def test_what_no_requestor_says_first(running: House, said: bytes, reason: int) -> None:
    with RawPeer(running.port) as peer:
        peer.send(said)
        assert ended(peer) == (7, 2, reason)
    assert quiet(running)
    assert running.reception.cut == {Cut.BROKE_PROTOCOL: 1}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param(p_data(), 6, id="row_51_no_pdv"),
        pytest.param(p_data(struct.pack(">IB", 1, 1)), 6, id="row_51_pdv_of_1"),
        pytest.param(p_data(struct.pack(">I", 0)), 6, id="row_51_pdv_of_0"),
        pytest.param(p_data(struct.pack(">IBB", 400, 1, 3)), 6, id="pdv_beyond_the_end"),
        pytest.param(proposal(contexts(1)), 2, id="row_50_associate_twice"),
        pytest.param(header(0x47, 4), 1, id="row_49_unknown"),
        pytest.param(header(4, (128 << 10) + 1), 6, id="longer_than_agreed"),
        pytest.param(header(4, 0xFFFFFFFF), 6, id="4_gib"),
        pytest.param(header(5, 5), 6, id="a_release_of_5"),
        pytest.param(header(7, 0), 6, id="an_abort_of_0"),
    ],
)
def test_what_no_requestor_says_then(running: House, said: bytes, reason: int) -> None:
    with RawPeer(running.port) as peer:
        assert peer.associate(CONTEXT) == 2
        peer.send(said)
        assert ended(peer) == (7, 2, reason)
    assert quiet(running)


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        pytest.param(proposal([]), (1, 1, 1), id="row_45_no_contexts"),
        *(
            pytest.param(proposal(contexts(1), max_length=n), (1, 1, 1), id=f"row_46_{n}")
            for n in range(1, 7)
        ),
        pytest.param(proposal(contexts(1), called="OTHER"), (1, 1, 7), id="row_47_called"),
    ],
)
def test_rejections(running: House, asked: bytes, verdict: tuple[int, int, int]) -> None:
    with RawPeer(running.port) as peer:
        peer.send(asked)
        kind, body = peer.receive()
        assert (kind, *body[1:4]) == (3, *verdict)
        assert peer.receive() == (0, b"")
    assert running.reception.cut == {Cut.REJECTED: 1}


def test_row_47_a_caller_whom_nobody_knows() -> None:
    with house(aets={"KNOWN": Policy()}) as running:
        with RawPeer(running.port) as peer:
            peer.send(proposal(contexts(1), calling="STRANGER"))
            kind, body = peer.receive()
            assert (kind, *body[1:4]) == (3, 1, 1, 3)
        with RawPeer(running.port) as peer:
            assert peer.associate(CONTEXT, calling="KNOWN") == 2


def test_a_pdu_of_seven_bytes_is_enough(running: House) -> None:
    with RawPeer(running.port) as peer:
        assert peer.associate(CONTEXT, max_length=7) == 2
        peer.send(ECHO)
        kind, body = peer.receive()
        assert (kind, len(body)) == (4, 7)


def cut_off(peer: RawPeer, data: bytes, piece: int = 1, every: float = 0.0) -> bool:
    """Send in pieces; whether the connection is ended meanwhile."""
    end = time.monotonic() + 20
    for start in range(0, len(data), piece):
        try:
            peer.send(data[start : start + piece])
        except OSError:
            return True
        time.sleep(every)
        if time.monotonic() > end:
            return False
    return False


def test_a_pdu_that_drips_is_cut_at_its_deadline() -> None:
    with house(SHORT | {"association_timeout": "30s"}) as running, RawPeer(running.port) as peer:
        assert cut_off(peer, header(1, 2000) + bytes(500), every=0.1)
        assert quiet(running)
        assert running.reception.cut == {Cut.TOO_SLOW: 1}


def test_an_association_that_is_asked_for_drop_by_drop() -> None:
    with house(SHORT | {"dimse_timeout": "30s"}) as running, RawPeer(running.port) as peer:
        assert cut_off(peer, header(1, 2000) + bytes(500), every=0.1)
        assert quiet(running)


def test_a_message_of_small_pdus_that_drips_is_cut() -> None:
    """Each PDU comes in time, and no silence is long: only all of it takes too long."""
    with house(SHORT) as running, RawPeer(running.port) as peer:
        assert peer.associate({1: (CT, [IMPLICIT_VR_LE])}) == 2
        whole = request(0x0001, b"x" * 4000, sop_class=CT, fragment=1)
        command, data = whole[: -4000 * 13], whole[-4000 * 13 :]
        peer.send(command)
        assert cut_off(peer, data, 13, 0.05)
        assert quiet(running)
        assert running.reception.cut[Cut.TOO_SLOW] == 1
        assert [one.state for one in running.spool.seen] == ["abandoned"]


def test_a_slow_peer_that_comes_up_to_the_rate_is_served() -> None:
    with house({"dimse_timeout": "2s"}) as running, RawPeer(running.port) as peer:
        assert peer.associate({1: (CT, [IMPLICIT_VR_LE])}) == 2
        whole = request(0x0001, b"x" * 12_000, sop_class=CT, fragment=1000)
        assert not cut_off(peer, whole, len(whole) // 12, 0.25)
        assert status_of(peer.answer()) == 0


def test_a_peer_that_never_reads_is_cut() -> None:
    with house(SHORT) as running, RawPeer(running.port) as peer:
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        assert peer.associate(CONTEXT) == 2
        assert cut_off(peer, ECHO * 200_000, len(ECHO) * 50)
        assert quiet(running)


def test_the_oldest_silent_peer_gives_way() -> None:
    with house({"max_half_open": 3}) as running, ExitStack() as stack:
        silent = [stack.enter_context(RawPeer(running.port)) for _ in range(3)]
        silent[1].send(b"\1")
        assert eventually(lambda: running.reception.associations == 3)
        with RawPeer(running.port) as peer:
            assert peer.associate(CONTEXT) == 2
            assert silent[0].receive() == (0, b"")
            stack.enter_context(RawPeer(running.port))
            stack.enter_context(RawPeer(running.port))
            assert silent[1].receive() == (0, b"")
            peer.send(ECHO)
            assert status_of(peer.answer()) == 0
        assert running.reception.cut == {Cut.GAVE_WAY: 2}


def test_silent_peers_take_no_place_of_others() -> None:
    with house({"max_associations": 1}) as running, ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(RawPeer(running.port))
        with RawPeer(running.port) as peer:
            assert peer.associate(CONTEXT) == 2


def test_row_48_a_limit_for_each_address() -> None:
    with house({"max_per_address": 1}) as running:
        with RawPeer(running.port) as one:
            assert one.associate(CONTEXT) == 2
            with RawPeer(running.port) as two:
                two.send(proposal(contexts(1)))
                kind, body = two.receive()
                assert (kind, *body[1:4]) == (3, 2, 3, 1)
            with RawPeer(running.port) as silent, RawPeer(running.port) as later:
                assert silent.receive() == (0, b"")
                later.send(b"\x47" + bytes(5))
                assert ended(later) == (7, 2, 1)
        assert quiet(running)


def test_a_fault_of_ours_ends_one_association(running: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise MemoryError("a fault of ours")

    with RawPeer(running.port) as peer:
        assert peer.associate(CONTEXT) == 2
        with monkeypatch.context() as broken:
            broken.setattr(Receiver, "receive_primitive", fails)
            peer.send(ECHO)
            assert ended(peer) == (7, 2, 0)
    assert quiet(running)
    assert running.reception.cut == {Cut.FAULT: 1}
    with RawPeer(running.port) as peer:
        assert peer.associate(CONTEXT) == 2


@contextmanager
def nothing_left_behind() -> Iterator[None]:
    """As many threads and descriptors afterwards as before."""

    def held() -> tuple[int, int]:
        return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    before = held()
    yield
    assert eventually(lambda: held() <= before), (before, held())


def test_stop_waits_for_no_peer_that_stalls() -> None:
    """One message has begun and goes no further: its peer gets a moment, not the whole time there is."""
    with nothing_left_behind(), house() as running, ExitStack() as stack:
        for said in (b"", b"\1", header(1, 500) + bytes(100)):
            stack.enter_context(RawPeer(running.port)).send(said)
        for said in (ECHO[:20], request(0x0030, b"", sop_class=VERIFICATION)[:-12]):
            peer = stack.enter_context(RawPeer(running.port))
            assert peer.associate(CONTEXT) == 2
            peer.send(said)
        assert eventually(lambda: running.reception.associations == 5)
        begin = time.monotonic()
        running.reception.stop(60)
        assert time.monotonic() - begin < 20
        assert running.reception.associations == 0


GOOD = [proposal(contexts(1)), ECHO, header(5, 4) + bytes(4)]


def malformed(chance: random.Random) -> tuple[bytes, bool]:
    """What a broken peer says, and whether it stays; a good conversation with some bytes changed."""
    said = bytearray(b"".join(GOOD[: chance.randint(1, 3)]))
    for _ in range(chance.randint(0, 6)):
        said[chance.randrange(len(said))] = chance.randrange(256)
    kept = said[: chance.randrange(len(said) + 1)] if chance.random() < 0.5 else said
    noise = chance.randbytes(chance.randrange(40)) if chance.random() < 0.3 else b""
    return bytes(kept) + noise, chance.random() < 0.2


@pytest.mark.parametrize("seed", [1, 2])
def test_a_hundred_malformed_peers_leave_nothing(seed: int) -> None:
    chance = random.Random(seed)
    with nothing_left_behind(), house(SHORT) as running, ExitStack() as stack:
        for _ in range(100):
            said, stays = malformed(chance)
            peer = RawPeer(running.port)
            peer.send(said)
            if stays:
                stack.enter_context(peer)
            else:
                peer.__exit__()
        assert quiet(running), f"seed {seed}"
        with RawPeer(running.port) as peer:
            assert peer.associate(CONTEXT) == 2
        assert running.reception.cut.get(Cut.FAULT, 0) == 0
