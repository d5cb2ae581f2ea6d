"""Real sockets, pyserial on a pseudo-terminal, pyusb on a simulated bus."""

import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from burnish.errors import DeviceFault, FaultKind
from burnish.testing.serial import SerialPeer
from burnish.testing.usb import UsbUnit, bus
from burnish_printer_zebra import Settings, ZebraPrinter
from burnish_printer_zebra.link import SerialLink, Stalled, TcpLink, UsbLink, connect, find
from burnish_printer_zebra.simulator import Zebra

MUCH = b"F" * 50_000_000


def settings(**keys: object) -> Settings:
    return Settings(**{"width": 50, "height": 30, "reply_timeout": 0.2, "stale": 0.01, **keys})


def fault(act: Callable[[], object]) -> DeviceFault:
    with pytest.raises(DeviceFault) as caught:
        act()
    return caught.value


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


# --- network -----------------------------------------------------------------------------------------------


def test_a_refused_connection_is_offline(server: socket.socket) -> None:
    port = server.getsockname()[1]
    server.close()
    printer = ZebraPrinter(settings(host="127.0.0.1", port=port))
    assert fault(printer.__enter__).kind is FaultKind.DEVICE_OFFLINE


def test_a_name_that_leads_nowhere_is_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", nowhere)
    raised = fault(ZebraPrinter(settings(host="no-such-printer")).__enter__)
    assert (raised.kind, "not known" in str(raised)) == (FaultKind.DEVICE_OFFLINE, True)


def test_a_connection_that_is_never_taken_is_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr("socket.create_connection", never)
    assert fault(ZebraPrinter(settings(host="printer")).__enter__).kind is FaultKind.DEVICE_OFFLINE


def test_a_connection_that_is_taken_and_silent_needs_an_operator(server: socket.socket) -> None:
    with ZebraPrinter(settings(host="127.0.0.1", port=server.getsockname()[1])) as printer:
        assert printer.look().condition is FaultKind.OPERATOR_ACTION


def test_a_printer_that_hangs_up_is_offline(server: socket.socket) -> None:
    with ZebraPrinter(settings(host="127.0.0.1", port=server.getsockname()[1])) as printer:
        server.accept()[0].close()
        assert fault(printer.look).kind is FaultKind.DEVICE_OFFLINE


def test_a_printer_that_takes_no_more_is_left_in_time(server: socket.socket) -> None:
    """What it has not taken does not come to it later: the connection is reset."""
    link = TcpLink("127.0.0.1", server.getsockname()[1], 1)
    host, _ = server.accept()
    began = time.monotonic()
    with host:
        with pytest.raises(Stalled):
            link.send(MUCH, timeout=0.3)
        assert time.monotonic() - began < 20
        link.close()
        with pytest.raises(ConnectionResetError):
            list(iter(lambda: host.recv(1 << 20), b""))


def test_a_flood_from_the_network_ends_in_time(server: socket.socket) -> None:
    def flood() -> None:
        host, _ = server.accept()
        with host, suppress(OSError):
            while True:
                host.sendall(b"\x02" * 65536)

    threading.Thread(target=flood, daemon=True).start()
    printer = ZebraPrinter(settings(host="127.0.0.1", port=server.getsockname()[1], stale=0.5))
    began = time.monotonic()
    assert fault(printer.__enter__).kind is FaultKind.UNKNOWN_REPLY
    assert time.monotonic() - began < 20


# --- serial ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handshake", ["xon/xoff", "rts/cts", "dsr/dtr", "none"])
def test_a_port_is_set_as_it_is_said(handshake: str) -> None:
    with SerialPeer(Zebra().answer) as peer:
        link = connect(settings(serial=peer.port, baud=19200, handshake=handshake))
        port = link._port  # type: ignore[attr-defined]
        flows = {"xon/xoff": port.xonxoff, "rts/cts": port.rtscts, "dsr/dtr": port.dsrdtr}
        assert (port.baudrate, port.bytesize, port.parity, port.stopbits) == (19200, 8, "N", 1)
        assert [name for name, on in flows.items() if on] == [handshake] * (handshake != "none")
        link.close()


def test_a_port_that_is_not_there_is_offline() -> None:
    raised = fault(ZebraPrinter(settings(serial="/dev/no-such-port")).__enter__)
    assert (raised.kind, "/dev/no-such-port" in str(raised)) == (FaultKind.DEVICE_OFFLINE, True)


def test_a_taken_port_is_busy() -> None:
    with SerialPeer(Zebra().answer) as peer, ZebraPrinter(settings(serial=peer.port)):
        assert fault(ZebraPrinter(settings(serial=peer.port)).__enter__).kind is FaultKind.DEVICE_BUSY


def test_a_pulled_adapter_is_offline() -> None:
    with SerialPeer(Zebra().answer) as peer:
        printer = ZebraPrinter(settings(serial=peer.port)).__enter__()
        peer.unplug()
        assert fault(printer.look).kind is FaultKind.DEVICE_OFFLINE
        printer.__exit__()


def test_a_port_that_takes_no_more_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has not taken does not come to it later."""
    still, forgotten = threading.Event(), list[bool]()
    monkeypatch.setattr("serial.Serial.reset_output_buffer", lambda _: forgotten.append(True))

    def answer(data: bytes) -> bytes:
        still.wait(20)
        return b""

    with SerialPeer(answer) as peer:
        link = SerialLink(peer.port, 9600, "none")
        began = time.monotonic()
        with pytest.raises(Stalled):
            link.send(MUCH, timeout=0.3)
        assert time.monotonic() - began < 15
        assert forgotten
        link.close()
        still.set()


# --- USB ---------------------------------------------------------------------------------------------------


def unit(*ports: int, serial: str = "", vendor: int = 0x0A5F, of_class: int = 7, **other: object) -> UsbUnit:
    zebra = Zebra()
    return UsbUnit(
        vendor,
        0x0166,
        lambda data: [said] if (said := zebra.answer(data)) else [],
        ports=ports or (1,),
        packet=512,
        serial=serial,
        interface_class=of_class,
        **other,  # type: ignore[arg-type]
    )


def printer_on(name: str, *units: UsbUnit, vendor: int = 0x0A5F) -> ZebraPrinter:
    return ZebraPrinter(
        settings(usb=name, vendor=vendor), lambda keys: UsbLink(keys.usb, keys.vendor, bus(*units))
    )


@pytest.mark.parametrize(("name", "number"), [("1-1", 0), ("1-2.3", 1), ("A1", 0), ("B2", 1)])
def test_one_of_several_is_named(name: str, number: int) -> None:
    units = [unit(1, serial="A1"), unit(2, 3, serial="B2")]
    assert find(name, 0x0A5F, bus(*units)).port_numbers == units[number].ports


@pytest.mark.parametrize(
    ("name", "ports", "said"),
    [
        ("only", [], "no label printer on USB"),
        ("only", [(1,), (2,)], "1-1, 1-2, and `usb` does not say which"),
        ("1-7", [(1,)], "none is 1-7"),
        ("X9", [(1,)], "none is X9"),
    ],
)
def test_one_that_is_not_there_is_offline(name: str, ports: list[tuple[int, ...]], said: str) -> None:
    raised = fault(printer_on(name, *(unit(*port) for port in ports)).__enter__)
    assert (raised.kind, said in str(raised)) == (FaultKind.DEVICE_OFFLINE, True)


def test_a_device_that_is_no_printer_is_none() -> None:
    assert fault(printer_on("only", unit(of_class=3)).__enter__).kind is FaultKind.DEVICE_OFFLINE
    assert fault(printer_on("only", unit(vendor=0x04F9)).__enter__).kind is FaultKind.DEVICE_OFFLINE
    with printer_on("only", unit(vendor=0x04F9), vendor=0) as printer:
        assert printer.look().condition is None


def test_no_permission_needs_an_operator() -> None:
    assert fault(printer_on("only", unit(forbidden=True)).__enter__).kind is FaultKind.OPERATOR_ACTION


def test_one_that_another_process_has_is_busy_and_stays_its() -> None:
    there = unit()
    there.claimed_by = "another process"
    assert fault(printer_on("only", there).__enter__).kind is FaultKind.DEVICE_BUSY
    assert there.claimed_by == "another process"


def test_the_kernel_gets_it_back_whatever_happened() -> None:
    there = unit(held_by_kernel=True)
    there.answer = lambda data: [b"nonsense"]
    with printer_on("only", there) as printer:
        assert not there.held_by_kernel
        fault(printer.look)
    assert there.held_by_kernel


def test_one_that_the_kernel_did_not_have_is_not_given_to_it() -> None:
    there = unit()
    with printer_on("only", there):
        pass
    assert (there.held_by_kernel, there.claimed_by) == (False, None)


def test_one_that_is_unplugged_is_offline() -> None:
    there = unit(held_by_kernel=True)
    with printer_on("only", there) as printer:
        there.plugged = False
        assert fault(printer.look).kind is FaultKind.DEVICE_OFFLINE


def test_empty_transfers_are_no_answer() -> None:
    there = unit()
    link = UsbLink("only", 0x0A5F, bus(there))
    there.waiting.extend([b"", b"", b"said"])
    assert link.receive(timeout=1) == b"said"
    assert link.receive(timeout=1) == b""
    link.close()


def test_a_missing_library_needs_an_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    for backend in ("libusb1", "libusb0", "openusb"):
        monkeypatch.setattr(f"usb.backend.{backend}.get_backend", lambda *_, **__: None)
    with pytest.raises(OSError, match="libusb is not installed") as caught:
        find("only", 0x0A5F)
    assert caught.value.errno == errno.ENOSYS
    assert fault(ZebraPrinter(settings(usb="only")).__enter__).kind is FaultKind.OPERATOR_ACTION
