"""What real xorriso said is understood: tapes played back to the driver."""

from pathlib import Path

import pytest
from burnish.contracts import Cancel, Found
from burnish.errors import DeviceFault, FaultKind
from burnish.media import MediaKind
from burnish.testing.tapes import Recorder, Replay
from burnish.testing.writers import feeding, make
from burnish_writer_xorriso import Settings, XorrisoWriter
from burnish_writer_xorriso.profiles import PROFILES
from burnish_writer_xorriso.scsi import Sense
from burnish_writer_xorriso.simulator import SimulatedDrive

from plugins.writer_xorriso.tests.benches import DATA, furnish, job, simulated
from plugins.writer_xorriso.tests.taping import HERE, lines, recording, replaying

TAPES = {
    "cd-r-well": (0x09, None),
    "dvd-r-well": (0x11, None),
    "dvd-plus-r-well": (0x1B, None),
    "bd-r-well": (0x41, None),
    "bd-re-well": (0x43, None),
    "cd-r-write-error": (0x09, FaultKind.MEDIA_DEFECT),
    "bd-r-write-error": (0x41, FaultKind.MEDIA_DEFECT),
    "dvd-plus-r-not-closed": (0x1B, FaultKind.MEDIA_DEFECT),
    "dvd-plus-r-unplugged": (0x1B, FaultKind.DEVICE_OFFLINE),
    "stdio-well": (0x09, None),
    "stdio-medium-full": (0x09, FaultKind.MEDIUM_TOO_SMALL),
    "stdio-too-small": (0x09, FaultKind.MEDIUM_TOO_SMALL),
    "stdio-read-only": (0x09, FaultKind.WRONG_MEDIUM),
}
"""Each tape, the profile of the disc that was burned, and what the driver is to make of it."""


def test_every_tape_is_played() -> None:
    assert {path.name.removesuffix(".jsonl") for path in HERE.glob("*.jsonl")} == set(TAPES)


@pytest.mark.parametrize("name", TAPES)
def test_a_tape_means_what_it_meant(tmp_path: Path, name: str) -> None:
    tape = HERE / f"{name}.jsonl"
    profile, kind = TAPES[name]
    bench = furnish(tmp_path, profile=profile)
    medium = PROFILES[profile].kind
    assert medium
    with simulated(bench, program=str(replaying(tmp_path, tape))) as writer, feeding(DATA) as feed:
        piece = job(medium=medium)
        if kind is None:
            make(writer, piece, feed, Cancel())
            assert writer.examine(piece) is Found.WHOLE
            return
        with pytest.raises(DeviceFault) as caught:
            make(writer, piece, feed, Cancel())
        assert caught.value.kind is kind, caught.value
        began = any("Beginning to write" in line["back"] for line in lines(tape)[1:-1])
        assert (writer.examine(piece) is Found.UNTOUCHED) is not began


@pytest.mark.judge("xorriso", "setpriv")
def test_a_tape_can_be_made(tmp_path: Path) -> None:
    tape = tmp_path / "made.jsonl"
    program = recording(tmp_path, tape, "from a test")
    settings = {"device": f"stdio:{tmp_path / 'disc'}", "media": ["CD-R"], "program": str(program)}
    with XorrisoWriter(Settings.model_validate(settings)) as writer, feeding(DATA) as feed:
        make(writer, job(), feed, Cancel())
    start, *_, end = lines(tape)
    assert start["said"][0] == "-no_rc"
    assert end == {"call": "wait", "said": [], "back": 0}


def test_what_a_drive_was_asked_goes_on_a_tape_too(tmp_path: Path) -> None:
    """The commands of a look, recorded from one drive and played back without it."""
    bench = furnish(tmp_path, attention=[(6, 0x28, 0)], loading=1)
    tape = tmp_path / "look.jsonl"
    keys = {"device": str(bench.node), "program": str(bench.program), "media": [MediaKind.CD_R]}
    settings = Settings.model_validate(keys)
    recorder = XorrisoWriter(
        settings, lambda node: Recorder(SimulatedDrive(node), tape, of="mmc", recorded="from the simulator")
    )
    with recorder:
        seen = recorder.look()
    with XorrisoWriter(settings, lambda node: Replay(tape, [Sense])) as player:
        assert player.look() == seen
    assert seen.medium
