"""The scenarios of a rig, in the guest: the same that run on the devices of a desk."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from burnish.testing.mechanism import Mechanism, Trouble
from burnish_hil import bench
from burnish_hil.bench import Recorder
from burnish_hil.devices.bus import Cable
from burnish_hil.devices.mmc import Disc, Kind
from burnish_hil.devices.robots import usb_robot
from burnish_hil.guest import Guest, wiring
from burnish_hil.guest.vm import HOST
from burnish_mover_nimbie.simulator import Nimbie

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
HOUSE = Path(__file__).parents[2]
KINDS = [(Kind.CD_R, "CD-R"), (Kind.DVD_PLUS_R, "DVD-R"), (Kind.BD_R, "BD-R")]


@contextmanager
def hands(recorder: Recorder, kind: Kind) -> Iterator[int]:
    """Somebody who puts a fresh blank into the open tray whenever a port is called; the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_swap, args=(server, recorder, kind), daemon=True).start()
        yield server.getsockname()[1]


def _swap(server: socket.socket, recorder: Recorder, kind: Kind) -> None:
    while True:
        try:
            caller, _ = server.accept()
        except OSError:
            return
        with caller:
            recorder.drive.locked = False
            recorder.drive.move_tray(out=True)
            recorder.drive.disc = recorder.blank(kind)
            caller.sendall(b"k")


def run(guest: Guest, rig: str, what: str) -> None:
    """Run scenarios of a rig inside."""
    (guest.share / "rig.toml").write_text(rig)
    command = f"{sys.executable} -m pytest -q -p no:cacheprovider --rig /hil/rig.toml {what}"
    result = guest.attempt(f"cd {HOUSE} && PYTHONDONTWRITEBYTECODE=1 {command} 2>&1", 1700)
    assert result.code == 0, result.output[-6000:]
    assert "skipped" not in result.output.splitlines()[-1], result.output[-2000:]


def drive_table(recorder: Recorder, medium: str, blank: str = "") -> str:
    """Of a rig file."""
    return f"[drive]\ndevice = '{recorder.node}'\nmedium = '{medium}'\nblank = '''{blank}'''\n"


@pytest.mark.parametrize(("kind", "medium"), KINDS)
def test_the_conformance_kit_on_a_recorder(recorder: Recorder, kind: Kind, medium: str) -> None:
    with hands(recorder, kind) as port:
        call = f'import socket; socket.create_connection(("{HOST}", {port})).recv(1)'
        rig = drive_table(recorder, medium, f"{sys.executable} -S -c '{call}'")
        run(recorder.guest, rig, "hil/rig/test_drive.py")


def test_a_robot_and_the_whole_job(guest: Guest, tmp_path: Path) -> None:
    with bench.recorder(guest, tmp_path) as recorder:
        blanks = [recorder.blank(Kind.CD_R) for _ in range(8)]
        mechanism: Mechanism[Disc] = Mechanism(input=blanks, drives=[recorder.drive])
        with Cable(usb_robot(Nimbie(mechanism, Trouble()))) as cable:
            wiring.attach(guest, cable.port)
            keys = f"{{ place = '{wiring.nimbie(guest)}', settle = 0.5, reply_timeout = 10 }}"
            rig = drive_table(recorder, "CD-R") + f"[robot]\ndriver = 'nimbie'\nkeys = {keys}\n"
            run(guest, rig, "hil/rig/test_robot.py hil/rig/test_job.py")
        assert len(mechanism.output) == 2
        assert all(disc.touched for disc in mechanism.output)
