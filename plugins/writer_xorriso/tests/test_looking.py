"""What lies in the drive is found out before anything is burned: kinds, blankness, capacity, tray."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from burnish.contracts import Cancel, Found, Unit
from burnish.errors import DeviceFault, FaultKind
from burnish.media import SECTOR, MediaKind
from burnish.registry import Registry
from burnish.testing.writers import read
from burnish_writer_xorriso import Settings, XorrisoWriter, drives
from burnish_writer_xorriso.simulator import Bench, SimulatedDrive
from pydantic import ValidationError

from plugins.writer_xorriso.tests.benches import DATA, burn, fault, furnish, job, simulated


def test_it_says_who_it_is(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with simulated(bench) as writer:
        unit = writer.look().unit
    assert unit == Unit(
        vendor="BURNISH",
        product="SIMULATED DRIVE",
        revision="1.0",
        serial="SIM00001",
        place=str(bench.node),
    )


@pytest.mark.parametrize(
    ("profile", "name", "kind"),
    [
        (0x09, "CD-R", MediaKind.CD_R),
        (0x11, "DVD-R", MediaKind.DVD_R),
        (0x1B, "DVD+R", MediaKind.DVD_R),
        (0x15, "DVD-R DL", MediaKind.DVD_R_DL),
        (0x2B, "DVD+R DL", MediaKind.DVD_R_DL),
        (0x12, "DVD-RAM", MediaKind.DVD_RAM),
        (0x41, "BD-R", MediaKind.BD_R),
        (0x43, "BD-RE", MediaKind.BD_RE),
    ],
)
def test_a_blank_is_of_its_kind(tmp_path: Path, profile: int, name: str, kind: MediaKind) -> None:
    with simulated(furnish(tmp_path, profile=profile)) as writer:
        state = writer.look()
    assert state.condition is None, state.message
    assert state.medium
    assert (state.medium.name, state.medium.kind, state.medium.blank) == (name, kind, True)
    assert state.medium.capacity == 20_000 * SECTOR


def test_a_blu_ray_of_two_layers_is_told_by_its_size(tmp_path: Path) -> None:
    with simulated(furnish(tmp_path, profile=0x41, capacity=24_438_784)) as writer:
        medium = writer.look().medium
    assert medium
    assert medium.kind is MediaKind.BD_R_DL


def test_spare_sectors_take_room(tmp_path: Path) -> None:
    bench = furnish(tmp_path, profile=0x41, formatted=False)
    with simulated(bench, bd_format="default") as writer:
        medium = writer.look().medium
        assert medium
        assert medium.capacity == (20_000 - 625) * SECTOR
        burn(writer, job(medium=MediaKind.BD_R))
    assert "blank=format_overwrite" in bench.calls()[0]
    with simulated(furnish(tmp_path / "plain", profile=0x41, formatted=False)) as writer:
        medium = writer.look().medium
    assert medium
    assert medium.capacity == 20_000 * SECTOR


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        ({"disc": False}, FaultKind.NO_BLANK_MEDIA, "there is no disc"),
        ({"tray_out": True}, FaultKind.NO_BLANK_MEDIA, "the tray is out"),
        ({"status": 1}, FaultKind.WRONG_MEDIUM, "not blank"),
        ({"status": 2}, FaultKind.WRONG_MEDIUM, "not blank"),
        ({"profile": 0x08, "status": 2}, FaultKind.WRONG_MEDIUM, "a CD-ROM is not what"),
        ({"profile": 0x0A}, FaultKind.WRONG_MEDIUM, "a CD-RW is not what"),
        ({"senses": {"00": (2, 4, 2)}}, FaultKind.OPERATOR_ACTION, "does not become ready"),
        ({"senses": {"00": (2, 0x30, 0)}}, FaultKind.WRONG_MEDIUM, "cannot use a disc like this"),
        ({"senses": {"00": (4, 0x3E, 1)}}, FaultKind.DRIVE_FAULT, "broken"),
        ({"senses": {"00": (2, 4, 1)}}, FaultKind.DEVICE_BUSY, "not ready yet"),
        ({"senses": {"51": (3, 2, 0)}}, FaultKind.MEDIA_DEFECT, "loses its way"),
        ({"senses": {"46": (5, 0x20, 0)}}, FaultKind.BAD_REQUEST, "does not know"),
        ({"senses": {"12": (7, 0x77, 7)}}, FaultKind.UNKNOWN_REPLY, "does not know"),
    ],
)
def test_what_stands_against_a_job_is_said(
    tmp_path: Path, state: dict[str, Any], kind: FaultKind, words: str
) -> None:
    bench = furnish(tmp_path, **state)
    with simulated(bench) as writer:
        seen = writer.look()
        assert (seen.condition, words in seen.message) == (kind, True), seen.message
        assert fault(writer, job()).kind is kind
    assert not bench.calls()


def test_a_state_says_where_the_tray_is(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with simulated(bench) as writer:
        assert writer.look().tray_open is False
        writer.open_tray()
        assert writer.look().tray_open is True
        assert bench.state().ejected == 1
        writer.close_tray()
        assert writer.look().condition is None


@pytest.mark.parametrize("out", [True, False])
def test_a_tray_that_only_says_that_it_moved_needs_an_operator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: bool
) -> None:
    monkeypatch.setattr(drives, "_TRAY_SECONDS", 0.5)
    bench = furnish(tmp_path, stuck=True, tray_out=not out)
    with simulated(bench) as writer, pytest.raises(DeviceFault) as caught:
        (writer.open_tray if out else writer.close_tray)()
    assert caught.value.kind is FaultKind.OPERATOR_ACTION


@pytest.mark.parametrize("triple", [(2, 0x30, 0), (2, 6, 0), (3, 2, 0)])
def test_a_disc_that_cannot_be_used_is_there_all_the_same(
    tmp_path: Path, triple: tuple[int, int, int]
) -> None:
    """Who asks whether the drive is empty before it drops a disc in must not be told that it is."""
    with simulated(furnish(tmp_path, tray_out=True, senses={"00": triple})) as writer:
        writer.close_tray()
        state = writer.look()
    assert state.medium
    assert state.medium.kind is None
    assert state.condition


def test_a_disc_that_is_never_recognised_keeps_the_drive_busy(tmp_path: Path) -> None:
    bench = furnish(tmp_path, tray_out=True, senses={"00": (2, 4, 1)})
    with simulated(bench, ready_timeout="0.5s") as writer, pytest.raises(DeviceFault) as caught:
        writer.close_tray()
    assert caught.value.kind is FaultKind.DEVICE_BUSY


def test_an_empty_tray_goes_in(tmp_path: Path) -> None:
    with simulated(furnish(tmp_path, disc=False, tray_out=True)) as writer:
        writer.close_tray()
        state = writer.look()
    assert (state.condition, state.medium, state.tray_open) == (FaultKind.NO_BLANK_MEDIA, None, False)


def test_the_registry_has_it() -> None:
    registry = Registry.load(["writer-xorriso"])
    assert not registry.broken
    built = registry.writers["xorriso"].make({"device": "/no/such/sr9", "media": ["CD-R", "BD-R"]})
    assert built.capabilities.media == {MediaKind.CD_R, MediaKind.BD_R}
    assert built.capabilities.tray


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"device": "sr0"}, "device"),
        ({"device": "/dev/sr0", "media": ["USB"]}, "no optical medium"),
        ({"device": "/dev/sr0", "media": []}, "media"),
        ({"device": "stdio:/x", "media": ["CD-R", "DVD-R"]}, "holds one kind"),
        ({"device": "/dev/sr0", "speed": 0}, "speed"),
        ({"device": "/dev/sr0", "speed": {"USB": 4}}, "no optical medium"),
        ({"device": "/dev/sr0", "ready_timeout": 5}, "duration"),
        ({"device": "/dev/sr0", "blank": "as_needed"}, "blank"),
    ],
)
def test_a_bad_setting_is_named(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings.model_validate(keys)


def test_rewritable_media_serve_where_that_is_allowed(tmp_path: Path) -> None:
    with simulated(furnish(tmp_path, profile=0x1A), rewritable=True) as writer:
        burn(writer, job(medium=MediaKind.DVD_R))
        assert writer.look().condition is FaultKind.WRONG_MEDIUM
        assert fault(writer, job(medium=MediaKind.DVD_R, copy=2)).kind is FaultKind.WRONG_MEDIUM


@pytest.mark.parametrize("profile", [0x12, 0x13, 0x1A, 0x43])
@pytest.mark.parametrize("sector", [0, 16, 256, 19_743, 19_999])
def test_a_medium_that_can_be_overwritten_is_not_if_it_holds_data(
    tmp_path: Path, profile: int, sector: int
) -> None:
    bench = furnish(tmp_path, profile=profile)
    with bench.image.open("r+b") as image:
        image.seek(sector * SECTOR)
        image.write(b"somebody's")
    before = bench.image.read_bytes()
    with simulated(bench, rewritable=True) as writer:
        medium = writer.look().medium
        assert medium
        assert medium.blank is False
        assert medium.kind
        assert fault(writer, job(medium=medium.kind)).kind is FaultKind.WRONG_MEDIUM
    assert bench.image.read_bytes() == before
    assert not bench.calls()


def test_a_medium_that_cannot_be_read_is_not_believed_blank(tmp_path: Path) -> None:
    bench = furnish(tmp_path, profile=0x43, unreadable=20)
    with simulated(bench) as writer:
        assert writer.look().condition is FaultKind.WRONG_MEDIUM
        assert fault(writer, job(medium=MediaKind.BD_RE)).kind is FaultKind.WRONG_MEDIUM
    bench.change(unreadable=-1, senses={"28": (8, 0, 0)})
    with simulated(bench) as writer:
        medium = writer.look().medium
    assert medium
    assert medium.blank, "the drive says that nothing was ever written there"


def test_a_medium_that_was_never_formatted_is_blank(tmp_path: Path) -> None:
    bench = furnish(tmp_path, profile=0x43, formatted=False, senses={"28": (3, 0x31, 0)})
    with simulated(bench) as writer:
        medium = writer.look().medium
    assert medium
    assert medium.blank


def test_an_image_that_the_disc_does_not_hold_is_refused(tmp_path: Path) -> None:
    bench = furnish(tmp_path, capacity=1999)
    with simulated(bench) as writer:
        assert fault(writer, job()).kind is FaultKind.MEDIUM_TOO_SMALL
    assert not bench.calls()


def test_another_kind_than_wanted_is_refused(tmp_path: Path) -> None:
    bench = furnish(tmp_path, profile=0x1B)
    with simulated(bench) as writer:
        assert fault(writer, job()).kind is FaultKind.WRONG_MEDIUM
    assert not bench.calls()


def test_a_drive_that_loads_is_waited_for(tmp_path: Path) -> None:
    bench = furnish(tmp_path, loading=2, attention=[(6, 0x29, 0), (6, 0x28, 0)])
    with simulated(bench) as writer:
        assert writer.look().condition is None


# --- who has the drive -------------------------------------------------------------------------------------


def test_a_second_process_finds_it_busy(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with simulated(bench), pytest.raises(DeviceFault) as caught, simulated(bench):
        pass
    assert caught.value.kind is FaultKind.DEVICE_BUSY
    with simulated(bench) as writer:
        assert writer.look().condition is None


class Held:
    """Opens a simulated drive, but not before it was tried so often."""

    def __init__(self, tries: int) -> None:
        self.tries = tries

    def __call__(self, node: Path) -> SimulatedDrive:
        if self.tries:
            self.tries -= 1
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        return SimulatedDrive(node)


def test_a_drive_that_somebody_has_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    bench, held = furnish(tmp_path), Held(0)
    keys = {"device": str(bench.node), "program": str(bench.program), "media": ["CD-R"]}
    with XorrisoWriter(Settings.model_validate(keys), held) as writer:
        burn(writer, job())
        held.tries = 3
        assert read(writer, job())[0] == DATA
        held.tries = 1
        assert writer.look().condition is FaultKind.DEVICE_BUSY


def test_a_drive_that_is_not_there_is_offline(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    bench.node.unlink()
    with pytest.raises(DeviceFault) as caught, simulated(bench):
        pass
    assert caught.value.kind is FaultKind.DEVICE_OFFLINE


def test_a_drive_that_was_pulled_out_and_came_back_is_locked_again(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with simulated(bench) as writer:
        bench.node.rename(tmp_path / "away")
        assert writer.look().condition is FaultKind.DEVICE_OFFLINE
        bench.node.touch()
        assert writer.look().condition is None
        with pytest.raises(DeviceFault) as caught, simulated(bench):
            pass
    assert caught.value.kind is FaultKind.DEVICE_BUSY


def test_without_xorriso_it_is_said_what_to_install(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with pytest.raises(DeviceFault, match="apt install xorriso"), simulated(bench, program="/no/xorriso"):
        pass


# --- after a crash -----------------------------------------------------------------------------------------


def closed(bench: Bench, token: bytes, length: int = len(DATA)) -> None:
    """Have a finished disc in it, with a descriptor that names a volume."""
    image = bytearray(length)
    image[16 * SECTOR + 190 : 16 * SECTOR + 198 + len(token)] = b"BURNISH_" + token
    bench.image.write_bytes(image)
    bench.change(status=2, written=length // SECTOR)


@pytest.mark.parametrize(
    ("token", "length", "found"),
    [
        (b"VL1 ", len(DATA), Found.WHOLE),
        (b"VL1 ", len(DATA) + 150 * SECTOR, Found.WHOLE),
        (b"VL1 ", len(DATA) - SECTOR, Found.PARTIAL),
        (b"VL12", len(DATA), Found.PARTIAL),
        (b"XVL1", len(DATA), Found.PARTIAL),
        (b"VL2 ", len(DATA), Found.PARTIAL),
    ],
)
def test_a_finished_disc_is_told_by_its_token(
    tmp_path: Path, token: bytes, length: int, found: Found
) -> None:
    bench = furnish(tmp_path)
    closed(bench, token, length)
    with simulated(bench) as writer:
        assert writer.examine(job()) is found
        assert (writer.accept(job()) if found is Found.WHOLE else "") == (
            f"tray of {bench.node}" if found is Found.WHOLE else ""
        )


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ({}, Found.PARTIAL),
        ({"status": 1, "written": 900}, Found.PARTIAL),
        ({"profile": 0x43}, Found.PARTIAL),
        ({"disc": False}, Found.GONE),
        ({"tray_out": True}, Found.GONE),
    ],
)
def test_what_a_crashed_process_left_is_never_believed_blank(
    tmp_path: Path, state: dict[str, Any], found: Found
) -> None:
    with simulated(furnish(tmp_path, **state)) as writer:
        assert writer.examine(job()) is found


def test_only_what_this_process_prepared_is_untouched(tmp_path: Path) -> None:
    with simulated(furnish(tmp_path)) as writer:
        writer.prepare(job(), Cancel())
        assert writer.examine(job()) is Found.UNTOUCHED
        assert writer.examine(job(copy=2)) is Found.PARTIAL


def test_a_finished_disc_that_cannot_be_read_is_partial(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    closed(bench, b"VL1 ")
    bench.change(unreadable=5)
    with simulated(bench) as writer:
        assert writer.examine(job()) is Found.PARTIAL


def test_a_drive_that_is_gone_cannot_be_examined(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with simulated(bench) as writer:
        os.rename(bench.node, tmp_path / "away")  # noqa: PTH104
        with pytest.raises(DeviceFault) as caught:
            writer.examine(job())
    assert caught.value.kind is FaultKind.DEVICE_OFFLINE
