"""What the tests of the driver share: jobs, a simulated drive, and one call as the core does it."""

from pathlib import Path
from typing import Any

import pytest
from burnish.contracts import Cancel, Job
from burnish.errors import DeviceFault
from burnish.media import MediaKind
from burnish.testing.trees import noise
from burnish.testing.writers import feeding, make
from burnish_writer_xorriso import Settings, XorrisoWriter
from burnish_writer_xorriso.simulator import Bench, SimulatedDrive

DATA = noise("xorriso", 2048 * 2000)


def job(**other: Any) -> Job:
    values = {
        "token": "RQ1",
        "volume_token": "VL1",
        "file_set_id": "SET",
        "volume": 1,
        "copy": 1,
        "medium": MediaKind.CD_R,
        "length": len(DATA),
        "suffix": ".iso",
    }
    return Job(**{**values, **other})


def simulated(bench: Bench, **keys: Any) -> XorrisoWriter:
    """A driver of a simulated drive that makes whatever its disc is."""
    every = ["CD-R", "DVD-R", "DVD-R-DL", "DVD-RAM", "BD-R", "BD-R-DL", "BD-RE"]
    values = {"device": str(bench.node), "program": str(bench.program), "media": every, **keys}
    return XorrisoWriter(Settings.model_validate(values), SimulatedDrive)


def burn(writer: XorrisoWriter, piece: Job, data: bytes = DATA) -> None:
    """Prepare and write."""
    with feeding(data) as feed:
        make(writer, piece, feed, Cancel())


def fault(writer: XorrisoWriter, piece: Job, data: bytes = DATA) -> DeviceFault:
    """What preparing and writing raise."""
    with pytest.raises(DeviceFault) as caught:
        burn(writer, piece, data)
    return caught.value


def furnish(folder: Path, **state: Any) -> Bench:
    return Bench.furnish(folder / "bench", **state)
