"""The file writer passes what every writer must."""

from pathlib import Path

import pytest
from burnish.contracts import Writer
from burnish.testing.writers import WriterConformance
from burnish_writer_file import FileWriter, Settings


class TestFileWriter(WriterConformance):
    @pytest.fixture
    def writer(self, tmp_path: Path) -> Writer:
        return FileWriter(Settings(path=tmp_path / "out"))
