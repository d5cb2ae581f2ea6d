"""The driver passes what every writer must: with real xorriso on a file, and with a simulated drive."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from burnish.contracts import Writer
from burnish.testing.writers import WriterConformance
from burnish_writer_xorriso import Settings, XorrisoWriter
from burnish_writer_xorriso.simulator import Bench, SimulatedDrive


@pytest.mark.skipif(not shutil.which("xorriso"), reason="xorriso is not installed")
class TestPseudoDrive(WriterConformance):
    @pytest.fixture
    def build(self, tmp_path: Path) -> Callable[[], Writer]:
        settings = Settings.model_validate({"device": f"stdio:{tmp_path / 'disc'}", "media": ["CD-R"]})
        return lambda: XorrisoWriter(settings)

    @pytest.fixture
    def writer(self, build: Callable[[], Writer]) -> Writer:
        return build()


class TestSimulatedDrive(WriterConformance):
    state: ClassVar[dict[str, int]] = {"profile": 0x09}
    keys: ClassVar[dict[str, object]] = {"media": ["CD-R"]}

    @pytest.fixture
    def build(self, tmp_path: Path) -> Callable[[], Writer]:
        bench = Bench.furnish(tmp_path / "bench", **self.state)
        keys = {"device": str(bench.node), "program": str(bench.program), **self.keys}
        return lambda: XorrisoWriter(Settings.model_validate(keys), SimulatedDrive)

    @pytest.fixture
    def writer(self, build: Callable[[], Writer]) -> Writer:
        return build()


class TestOverwriteable(TestSimulatedDrive):
    state: ClassVar = {"profile": 0x43}
    keys: ClassVar = {"media": ["BD-RE"], "reload": "none"}
