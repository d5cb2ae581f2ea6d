"""The driver before a real IPP printer, `ippeveprinter` of CUPS, and our simulator before `ipptool`.

ippeveprinter wants Avahi, which wants D-Bus: they run in a network of their own, as nobody's neighbours.
"""

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from burnish.contracts import Stock, StockKind
from burnish.testing.printers import PIECE, drawing
from burnish_printer_ipp import IppPrinter, Settings
from burnish_printer_ipp.simulator import IppPeer

from tests.lab import Installation, Scu, ct

A4 = Stock(kind=StockKind.SHEET, width=210, height=297)
DISC = Stock(kind=StockKind.DISC, width=120, height=120, inner=40, outer=118)
JOB = """
[writers.shelf]
driver = "file"
path = "out"
[printers.office]
driver = "ipp"
uri = "ipp://127.0.0.1:{port}/ipp/print"
[stations.desk]
writers = ["shelf"]
printer = "office"
style = "sheet"
confirm = "never"
"""
_WORLD = """
set -e
ip link set lo up
ip link set lo multicast on
mount -t tmpfs none /run
mkdir -p /run/avahi-daemon
dbus-daemon --session --nofork --nopidfile --address=unix:path=$PWD/bus &
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$PWD/bus
until [ -S bus ]; do sleep 0.05; done
printf '[server]\\nuse-ipv6=no\\nallow-interfaces=lo\\n[publish]\\npublish-workstation=no\\n' > avahi.conf
avahi-daemon -f $PWD/avahi.conf --no-drop-root --no-chroot --no-rlimits &
until [ -S /run/avahi-daemon/socket ]; do sleep 0.05; done
mkdir -p sheets discs
printf 'ATTR keyword media-supported "disc_standard_40x118mm","iso_a4_210x297mm"\\n' > discs.conf
printf 'ATTR mimeMediaType document-format-supported "application/pdf"\\n' >> discs.conf
ippeveprinter -p 8631 -n localhost -k -d sheets -f application/pdf,image/png Sheets &
ippeveprinter -p 8632 -n localhost -k -d discs -a discs.conf Discs &
touch up
wait
"""
_PRINT = """
import json, sys
from burnish.contracts import Cancel, Form, Stock, StockKind
from burnish.errors import DeviceFault
from burnish.testing.printers import OTHER, PIECE, drawing
from burnish_printer_ipp import IppPrinter, Settings

keys, stock = json.loads(sys.argv[1]), json.loads(sys.argv[2])
stock = Stock(**{**stock, "kind": StockKind(stock["kind"])})
printer = IppPrinter(Settings(**keys))
told = {}
try:
    with printer:
        told["condition"] = printer.look().condition
        artwork = drawing(stock, printer.wanted(stock))
        told["drawn"] = artwork.data.hex()
        told["place"] = printer.print(PIECE, artwork, Cancel())
        told["printed"] = printer.examine(PIECE)
    with IppPrinter(Settings(**keys)) as again:
        told["remembered"] = again.examine(PIECE)
        told["other"] = again.examine(OTHER)
except DeviceFault as fault:
    told["fault"], told["message"] = fault.kind, str(fault)
print(json.dumps(told))
"""


class World:
    """Where the printers are."""

    def __init__(self, folder: Path, process: int) -> None:
        self.folder = folder
        self._process = process

    def run(self, port: int, stock: Stock, **keys: Any) -> dict[str, Any]:
        """Print a drawing there."""
        settings = {"uri": f"ipp://localhost:{port}/ipp/print", **keys}
        shape = {name: getattr(stock, name) for name in stock.__slots__}
        command = [
            "nsenter",
            f"--net=/proc/{self._process}/ns/net",
            sys.executable,
            "-c",
            textwrap.dedent(_PRINT),
        ]
        command += [json.dumps(settings), json.dumps(shape)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    @contextmanager
    def door(self, port: int) -> Iterator[int]:
        """A port of this network behind which a printer of the other one is."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=self._let_through, args=[listener, port], daemon=True).start()
            yield listener.getsockname()[1]
            listener.shutdown(socket.SHUT_RDWR)

    def _let_through(self, listener: socket.socket, port: int) -> None:
        with open(f"/proc/{self._process}/ns/net") as there:
            assert ctypes.CDLL(None).setns(there.fileno(), 0) == 0  # this thread alone is there from now on
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=_between, args=(near, far), daemon=True).start()

    def files(self, printer: str) -> list[Path]:
        """What a printer keeps."""
        return sorted((self.folder / printer).iterdir())


def _between(near: socket.socket, far: socket.socket) -> None:
    with near, far:
        there = threading.Thread(target=_carry, args=(near, far), daemon=True)
        there.start()
        _carry(far, near)
        there.join(30)


def _carry(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Both printers, running."""
    if os.geteuid() != 0:
        pytest.skip("a network of one's own takes root")
    folder = tmp_path_factory.mktemp("ipp")
    log = (folder / "log").open("w")
    command = ["unshare", "-n", "-m", "-p", "--fork", "--kill-child", "--mount-proc", "bash", "-c", _WORLD]
    process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while not (folder / "up").exists():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.1)
        inside = _child_of(process.pid)
        one = World(folder, inside)
        while any(one.run(port, A4, timeout=1).get("fault") == "DEVICE_OFFLINE" for port in (8631, 8632)):
            assert time.monotonic() < end, (folder / "log").read_text()
        for kept in (*(folder / "sheets").iterdir(), *(folder / "discs").iterdir()):
            kept.unlink()
        yield one
    finally:
        process.kill()
        process.wait()
        log.close()


def _child_of(process: int) -> int:
    return int(Path(f"/proc/{process}/task/{process}/children").read_text().split()[0])


pytestmark = [
    pytest.mark.judge("ippeveprinter", "ipptool", "avahi-daemon", "dbus-daemon", "pdftotext"),
    pytest.mark.xdist_group("ippeveprinter"),
]


@pytest.mark.parametrize("form", ["pdf", "png"])
def test_a_real_printer_keeps_the_very_bytes(world: World, form: str) -> None:
    before = set(world.files("sheets"))
    told = world.run(8631, A4, form=form, dpi=72)
    assert (told.get("fault"), told["condition"]) == (None, None), told
    assert (told["printed"], told["remembered"], told["other"]) == ("yes", "yes", "unknown")
    [kept] = set(world.files("sheets")) - before
    assert kept.read_bytes().hex() == told["drawn"]
    assert PIECE.code.lower() in kept.name.lower()


def test_an_envelope_is_found_though_it_lies_the_other_way(world: World) -> None:
    told = world.run(8631, Stock(kind=StockKind.SHEET, width=220, height=110))
    assert told.get("printed") == "yes", told


def test_a_medium_that_it_does_not_offer_is_refused_before_anything_is_sent(world: World) -> None:
    before = world.files("sheets")
    told = world.run(8631, DISC, on_disc=True)
    assert told["fault"] == "BAD_REQUEST"
    assert "iso_a4_210x297mm" in told["message"]
    assert world.files("sheets") == before


def test_a_disc_is_printed_where_there_is_a_tray_for_discs(world: World) -> None:
    told = world.run(8632, DISC, on_disc=True)
    assert told.get("printed") == "yes", told
    assert "disc" in told["place"]
    [kept] = world.files("discs")[-1:]
    assert kept.read_bytes().hex() == told["drawn"]


def test_a_document_that_it_does_not_take_is_refused(world: World) -> None:
    told = world.run(8632, A4, form="png", dpi=72)
    assert told["fault"] == "BAD_REQUEST"
    assert "application/pdf" in told["message"]


def test_a_whole_job_ends_on_a_real_printer(world: World, tmp_path: Path) -> None:
    """From C-STORE to DONE: the server is outside, and reaches the printer through a door."""
    before = set(world.files("sheets"))
    with world.door(8631) as port:
        burnish = Installation(tmp_path, JOB.format(port=port))
        plugins = ("profiles", "format-iso9660", "writer-file", "label-html", "printer-ipp")
        burnish.config.write_text(f"plugins = {json.dumps(plugins)}\n{burnish.config.read_text()}")
        burnish.start()
        try:
            scu = Scu(burnish.port)
            slices = ct(1)
            assert set(scu.store(*slices)) == {0}
            assert scu.make(slices)[1] == ("DONE", "NORMAL", 1)
        finally:
            burnish.stop()
    [kept] = set(world.files("sheets")) - before
    assert kept.read_bytes().startswith(b"%PDF")
    text = subprocess.run(["pdftotext", kept, "-"], capture_output=True, text=True, check=True).stdout
    assert "CompressedSamples, CT1" in text


# --- our simulator before ipptool --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script", ["validate-job.test", "print-job.test", "get-jobs.test", "get-completed-jobs.test"]
)
def test_others_understand_our_simulator(tmp_path: Path, script: str) -> None:
    label = tmp_path / "label.pdf"
    with IppPeer() as peer:
        label.write_bytes(drawing(A4, IppPrinter(Settings(uri=peer.uri)).wanted(A4)).data)
        found = next(Path(shutil.which("ipptool") or "/").parent.parent.rglob(f"share/cups/ipptool/{script}"))
        command = ["ipptool", "-tv", "-f", str(label), peer.uri, str(found)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "[PASS]" in done.stdout, done.stdout + done.stderr
