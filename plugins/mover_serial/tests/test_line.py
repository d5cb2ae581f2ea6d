"""Real ports: pyserial on a pseudo-terminal."""

import time
from collections.abc import Callable, Iterator

import pytest
from burnish.contracts.check import Level, well
from burnish.errors import DeviceFault, FaultKind
from burnish.testing.movers import Bench
from burnish.testing.serial import SerialPeer
from burnish_mover_serial import SerialMover, Settings, doctor
from burnish_mover_serial.commands import read
from burnish_mover_serial.line import PortLine
from burnish_mover_serial.simulator import Dtp, Generic, Tower


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def peer(bench: Bench) -> Iterator[SerialPeer]:
    with SerialPeer(Generic(bench.mechanism, bench.trouble).answer) as peer:
        yield peer


def mover_on(port: str, **other: object) -> SerialMover:
    return SerialMover(Settings(**{"port": port, "tray_settle": 0, "quiet": 0.02, **other}))


def fault(act: Callable[[], object]) -> DeviceFault:
    with pytest.raises(DeviceFault) as caught:
        act()
    return caught.value


@pytest.mark.parametrize(("commands", "robot"), [("tower", Tower), ("rimage-dtp", Dtp)])
def test_every_family_works_on_a_port(commands: str, robot: type[Tower]) -> None:
    bench = Bench(drives=4)
    with SerialPeer(robot(bench.mechanism).answer) as peer, mover_on(peer.port, commands=commands) as mover:
        mover.initialise()
        mover.load(bench.trays[3])
        mover.accept(bench.trays[3])
    assert bench.world.output == ("blank 1",)


def test_a_silent_robot_is_offline_in_time(bench: Bench, peer: SerialPeer) -> None:
    bench.trouble.silent_from = 0
    began = time.monotonic()
    with mover_on(peer.port, motion_timeout=0.3) as mover:
        assert fault(lambda: mover.load(bench.trays[0])).kind is FaultKind.DEVICE_OFFLINE
    assert 0.3 < time.monotonic() - began < 20


def test_a_pulled_plug_is_offline(bench: Bench) -> None:
    with SerialPeer(Generic(bench.mechanism).answer) as peer:
        mover = mover_on(peer.port)
        mover.__enter__()
        peer.unplug()
        assert fault(lambda: mover.load(bench.trays[0])).kind is FaultKind.DEVICE_OFFLINE
        mover.__exit__()


def test_what_was_left_on_the_line_is_forgotten(bench: Bench, peer: SerialPeer) -> None:
    line = PortLine(peer.port, read("generic").line)
    line.write(b"VVA")
    peer.wait_still()
    line.close()
    bench.slots[0].disc = "good"
    with mover_on(peer.port, quiet=0.2, motion_timeout=20) as mover:
        mover.reject(bench.trays[0])
    assert bench.world.rejected == ("good",)


def test_a_port_that_is_not_there_is_named() -> None:
    raised = fault(mover_on("/dev/no-such-port").__enter__)
    assert raised.kind is FaultKind.DEVICE_OFFLINE
    assert "/dev/no-such-port" in str(raised)


def test_a_taken_port_is_busy(peer: SerialPeer) -> None:
    with mover_on(peer.port):
        raised = fault(mover_on(peer.port).__enter__)
    assert (raised.kind, peer.port in str(raised)) == (FaultKind.DEVICE_BUSY, True)


def test_the_baud_rate_of_the_settings_goes_before_the_set_s(
    monkeypatch: pytest.MonkeyPatch, peer: SerialPeer
) -> None:
    for given, set_to in ((None, 4800), (38400, 38400)):
        with mover_on(peer.port, commands="tower", baud=given) as mover:
            assert mover._line._port.baudrate == set_to  # type: ignore[attr-defined]


class Port:
    """As pyserial lists one."""

    description = "FT232R"
    location = "1-1.3"

    def __init__(self, device: str) -> None:
        self.device = device


def test_the_doctor_names_ports_and_permissions(monkeypatch: pytest.MonkeyPatch, peer: SerialPeer) -> None:
    ports = [Port("/dev/no-such-port"), Port(peer.port)]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: ports)
    denied, there = doctor.look([])
    assert denied.level is Level.FAIL
    assert "dialout" in denied.advice
    assert there == well("serial", f"{peer.port} (FT232R) at USB port 1-1.3")


def test_the_doctor_names_a_port_that_is_missing(monkeypatch: pytest.MonkeyPatch, peer: SerialPeer) -> None:
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    [finding] = doctor.look([{"port": "/dev/no-such-port"}, {"port": peer.port}, {"port": "loop://"}])
    assert (finding.level, finding.text) == (Level.FAIL, "there is no port /dev/no-such-port")
