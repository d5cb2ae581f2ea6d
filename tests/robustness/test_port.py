"""The port cannot be held: peers of every bad kind at once, beside them a good one, and nothing left behind.

What a process holds is read from /proc: threads, descriptors and memory of the reception process.
"""

import random
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from burnish.terms import IMPLICIT_VR_LE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from core.tests.dicom.peers import CT, VERIFICATION, RawPeer, p_data, pdv, proposal, request
from core.tests.dicom.test_guard import header, malformed
from tests.lab import Installation, Scu, build_context
from tests.robustness.evidence import eventually, strangers
from tests.robustness.stage import installation

TIMEOUT = 3
SHORT = f"""port = 0
association_timeout = "{TIMEOUT}s"
dimse_timeout = "{TIMEOUT}s"
network_timeout = "{TIMEOUT}s"
"""
CONTEXT = {1: (CT, [IMPLICIT_VR_LE]), 3: (VERIFICATION, [IMPLICIT_VR_LE])}
STORE = request(0x0001, b"x" * 4000, sop_class=CT, fragment=1000)
ECHO = request(0x0030, sop_class=VERIFICATION, instance=None, context_id=3)
MEBIBYTE = 1 << 20


@contextmanager
def port(folder: Path, keys: str) -> Iterator[Installation]:
    """A server with these keys in its table `[server]`."""
    burnish = installation(folder)
    burnish.config.write_text(burnish.config.read_text("utf-8").replace("port = 0\n", keys), "utf-8")
    burnish.start()
    try:
        yield burnish
    finally:
        burnish.stop()


@pytest.fixture(scope="module")
def burnish(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One that gives a peer some seconds, and has answered once."""
    with port(tmp_path_factory.mktemp("port"), SHORT) as installation:
        echo(installation)
        yield installation


@pytest.fixture(scope="module")
def reception(burnish: Installation) -> "Reception":
    """Its reception process, before any bad peer has come."""
    return Reception(burnish)


class Reception:
    """What the reception process of an installation holds."""

    def __init__(self, burnish: Installation) -> None:
        [self.process] = [number for number, role in burnish.processes().items() if role == "reception"]
        self._path = Path(f"/proc/{self.process}")
        time.sleep(1)  # the echo's association ends
        self._base = self.held

    @property
    def held(self) -> tuple[int, int]:
        """Threads and descriptors."""
        return len(list((self._path / "task").iterdir())), len(list((self._path / "fd").iterdir()))

    def memory(self, line: str) -> int:
        """Bytes; VmRSS is what there is, VmHWM the most there was."""
        [found] = [one for one in (self._path / "status").read_text().splitlines() if one.startswith(line)]
        return int(found.split()[1]) << 10

    @contextmanager
    def nothing_left(self, seconds: float = TIMEOUT + 1) -> Iterator[None]:
        """Threads and descriptors come back to base within some seconds (and slack for a busy machine)."""
        yield
        base, begin = self._base, time.monotonic()
        eventually(
            lambda: self.held if any(now > then for now, then in zip(self.held, base, strict=True)) else None,
            seconds + 20,
        )
        print(f"back at {self.held} (was {base}) after {time.monotonic() - begin:.2f} s")

    @contextmanager
    def no_memory(self) -> Iterator[None]:
        """It never takes 64 MiB more than it has."""
        (self._path / "clear_refs").write_text("5")  # the peak begins anew
        base = self.memory("VmRSS")
        yield
        peak = self.memory("VmHWM")
        print(f"memory {base >> 20} MiB, at most {peak >> 20} MiB")
        assert peak - base < 64 * MEBIBYTE


def echo(burnish: Installation) -> float:
    """Seconds from connecting to the answer of a C-ECHO."""
    begin = time.monotonic()
    with Scu(burnish.port).associate([build_context(Verification)]) as association:
        assert association.send_c_echo().Status == 0
    return time.monotonic() - begin


# --- kinds of bad peers ------------------------------------------------------------------------------------


def silent(peer: RawPeer) -> None:
    """Connects."""


def one_byte(peer: RawPeer) -> None:
    peer.send(b"\1")


def half_a_proposal(peer: RawPeer) -> None:
    peer.send(proposal([(1, CT, [IMPLICIT_VR_LE])])[:60])


def idle(peer: RawPeer) -> None:
    assert peer.associate(CONTEXT) == 2


def half_a_pdu(peer: RawPeer) -> None:
    assert peer.associate(CONTEXT) == 2
    peer.send(STORE[:150])


def half_a_message(peer: RawPeer) -> None:
    assert peer.associate(CONTEXT) == 2
    peer.send(STORE[:-1012])


def never_reads(peer: RawPeer) -> None:
    """Asks as long as there is room in the pipe, and takes no answer."""
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    assert peer.associate(CONTEXT) == 2
    peer.sock.setblocking(False)
    try:
        for _ in range(2000):
            peer.send(ECHO)
    except OSError:
        return


KINDS: tuple[Callable[[RawPeer], None], ...] = (
    silent,
    one_byte,
    half_a_proposal,
    idle,
    half_a_pdu,
    half_a_message,
    never_reads,
)


def crowd(burnish: Installation, stack: ExitStack, count: int = 40) -> list[RawPeer]:
    """Bad peers of every kind, in turn."""
    peers = []
    for number in range(count):
        peer = stack.enter_context(RawPeer(burnish.port))
        KINDS[number % len(KINDS)](peer)
        peers.append(peer)
    return peers


def drip(peers: list[RawPeer]) -> None:
    """Another byte from everybody who has begun something."""
    for peer in peers:
        try:
            peer.send(b"\0")
        except OSError:
            continue


def test_forty_bad_peers_hold_nothing(burnish: Installation, reception: Reception) -> None:
    """Some of them drip; beside them a good peer is answered, and within the timeout all is given back."""
    with ExitStack() as stack, reception.no_memory():
        with reception.nothing_left():
            peers = crowd(burnish, stack)
            print("threads and descriptors", reception.held)
            assert reception.held[0] > 20, "too few of them are there"
            took = [echo(burnish) for _ in range(3)]
            drip(peers[1 :: len(KINDS)] + peers[2 :: len(KINDS)] + peers[4 :: len(KINDS)])
        print("echo beside them", [f"{seconds:.3f}" for seconds in took])
        assert min(took) < 1
    echo(burnish)


def test_hundreds_of_silent_peers(burnish: Installation, reception: Reception) -> None:
    """More than may be half-open: the oldest give way, and a good peer comes in between."""
    with ExitStack() as stack, reception.nothing_left():
        for number in range(300):
            stack.enter_context(RawPeer(burnish.port))
            if number % 100 == 99:
                print(f"{number + 1} silent peers: {reception.held}, echo {echo(burnish):.3f}")
        assert reception.held[0] < 200, reception.held


BOMBS = {
    "a proposal of 4 GiB": ([], header(1, 0xFFFFFFFF), bytes(MEBIBYTE)),
    "a proposal that is full of items": (
        [],
        header(1, 256 << 10) + bytes(68),
        b"\x20\0\0\4\1\0\0\0" * (MEBIBYTE >> 3),
    ),
    "a PDU of 4 GiB": ([CONTEXT], header(4, 0xFFFFFFFF), bytes(MEBIBYTE)),
    "a PDU larger than agreed": ([CONTEXT], header(4, 256 << 20), bytes(MEBIBYTE)),
    "a command without end": ([CONTEXT], b"", p_data(pdv(1, 1, bytes(16000))) * 64),
    "fragments of nothing": ([CONTEXT], b"", p_data(*[pdv(1, 1, b"")] * 2000) * 64),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_cost_no_memory(burnish: Installation, reception: Reception, bomb: str) -> None:
    associate, begin, endless = BOMBS[bomb]
    with reception.no_memory(), reception.nothing_left(), RawPeer(burnish.port) as peer:
        for contexts in associate:
            assert peer.associate(contexts) == 2
        sent = 0
        try:
            peer.send(begin)
            while sent < 256 * MEBIBYTE:
                peer.send(endless)
                sent += len(endless)
        except OSError:
            print(f"cut off after {sent >> 20} MiB")
        else:
            pytest.fail("never cut off")
    echo(burnish)


@pytest.mark.parametrize("seed", [11, 12])
def test_malformed_peers_leave_nothing(burnish: Installation, reception: Reception, seed: int) -> None:
    """Nor do they fill the log: a line of each kind per second."""
    chance, log = random.Random(seed), burnish.folder / "server.log"
    before = log.stat().st_size
    with reception.no_memory(), reception.nothing_left(), ExitStack() as stack:
        for _ in range(200):
            said, stays = malformed(chance)
            peer = RawPeer(burnish.port)
            peer.send(said)
            if stays:
                stack.enter_context(peer)
            else:
                peer.__exit__()
    echo(burnish)
    assert log.stat().st_size - before < 64 << 10


def test_without_a_descriptor_peers_are_turned_away(burnish: Installation, reception: Reception) -> None:
    """They are closed, not left waiting in the backlog; with descriptors again, the next one is served."""
    with reception.nothing_left(), ExitStack() as stack:
        before = resource.prlimit(reception.process, resource.RLIMIT_NOFILE)
        highest = max(int(path.name) for path in Path(f"/proc/{reception.process}/fd").iterdir())
        resource.prlimit(reception.process, resource.RLIMIT_NOFILE, (highest + 6, before[1]))
        try:
            peers = [stack.enter_context(RawPeer(burnish.port)) for _ in range(20)]
            closed = [peer for peer in peers if peer.receive() == (0, b"")]
            assert len(closed) == 20
        finally:
            resource.prlimit(reception.process, resource.RLIMIT_NOFILE, before)
        echo(burnish)


def test_a_server_ends_in_time_whatever_its_peers_do(tmp_path: Path) -> None:
    """The promise is 3 s with nothing to be finished; the slack is for a busy machine."""
    log = tmp_path / "server.log"
    with port(tmp_path, "port = 0\n") as burnish, ExitStack() as stack:
        eventually(lambda: strangers(burnish))  # its own start is over
        crowd(burnish, stack)
        begin = time.monotonic()
        burnish.stop()
        took = time.monotonic() - begin
        print(f"ended after {took:.2f} s")
        assert "Traceback" not in log.read_text("utf-8")
        assert took < 15
