"""Two servers that the tests of a run share, and the judge of every answer that they gave."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from burnish.dicom.answers import ANSWERS
from burnish.dicom.commands import Operation

from tests import kinds
from tests.histories import Told, Watched
from tests.lab import ANSWERED, Installation, Scu, ct, mr, serving
from tests.media import Medium, medium_of

PLUGINS = 'plugins = ["profiles", "format-iso9660", "writer-scripted"]\n'
ROBOT = """
[queue]
cancel_wait = "5s"
retries_per_piece = 1
[writers.robot]
driver = "scripted"
path = "robot"
hold_retry = "0.1s"
"""


@pytest.fixture(autouse=True)
def stated_answers() -> Iterator[None]:
    """Every answer that a test was given is one that the conformance statement has for its operation."""
    ANSWERED.clear()
    yield
    unstated = {
        (name, f"{status:04X}") for name, status in ANSWERED if status not in ANSWERS[Operation[name]]
    }
    assert unstated == set()


@pytest.fixture(scope="session")
def burnish(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server that writes image files; what it makes lies in `out`."""
    with serving(tmp_path_factory.mktemp("burnish")) as installation:
        yield installation


@pytest.fixture(scope="session")
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server whose writer does what a test tells it, through the files of its folder `robot`."""
    installation = scripted(tmp_path_factory.mktemp("robot"))
    installation.start()
    yield installation
    installation.stop()


def scripted(folder: Path, text: str = ROBOT) -> Installation:
    """An installation, not started, whose plugins have the scripted writer."""
    installation = Installation(folder, text)
    installation.config.write_text(PLUGINS + installation.config.read_text("utf-8"), "utf-8")
    return installation


@pytest.fixture(scope="session")
def everything(burnish: Installation) -> Medium:
    """A medium of CT and MR of two patients and one instance of every kind, sent by a stock SCU."""
    sent = [*ct(3), *mr(2), *kinds.everything()]
    scu = Scu(burnish.port)
    assert set(scu.store(*sent)) == {0}
    uid, last = scu.make(sent)
    assert last == ("DONE", "NORMAL", 1)
    return medium_of(burnish, scu, uid, sent)


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    """Everything that N-GET said to the tests of a module; judged as a whole at its end (cases 65 and 66)."""
    answers = Told()
    yield answers
    answers.check()


@pytest.fixture(scope="module")
def scu(burnish: Installation, told: Told) -> Watched:
    """A stock SCU of the shared server, whose answers are judged."""
    return Watched(burnish.port, told)
