"""The conformance tests of writers, each on a fresh blank in the recorder of the rig."""

from collections.abc import Callable

import pytest
from burnish.contracts import Writer
from burnish.testing.trees import noise
from burnish.testing.writers import WriterConformance
from burnish_hil.rig import DriveRig
from burnish_writer_xorriso import Settings, XorrisoWriter

pytestmark = pytest.mark.timeout(900)


class TestDrive(WriterConformance):
    @pytest.fixture
    def patience(self) -> float:
        return 800.0

    @pytest.fixture
    def build(self, drive: DriveRig) -> Callable[[], Writer]:
        return lambda: XorrisoWriter(Settings.model_validate(drive.settings()))

    @pytest.fixture
    def data(self) -> bytes:
        return noise("rig", 2048 * 1100)

    @pytest.fixture
    def writer(self, drive: DriveRig, build: Callable[[], Writer]) -> Writer:
        drive.lay_in_a_blank()
        writer = build()
        if writer.capabilities.tray:
            with writer:
                writer.close_tray()
        return writer
