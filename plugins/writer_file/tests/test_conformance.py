"""The file writer passes what every writer must, as image files and as folders."""

from collections.abc import Callable
from pathlib import Path

import pytest
from burnish.contracts import Writer
from burnish.testing.writers import WriterConformance
from burnish_writer_file import FileWriter, FolderWriter, Settings


class TestFileWriter(WriterConformance):
    @pytest.fixture
    def build(self, tmp_path: Path) -> Callable[[], Writer]:
        return lambda: FileWriter(Settings(path=tmp_path / "out"))

    @pytest.fixture
    def writer(self, build: Callable[[], Writer]) -> Writer:
        return build()


class TestFolderWriter(WriterConformance):
    @pytest.fixture
    def build(self, tmp_path: Path) -> Callable[[], Writer]:
        return lambda: FolderWriter(Settings(path=tmp_path / "out", form="folder"))

    @pytest.fixture
    def writer(self, build: Callable[[], Writer]) -> Writer:
        return build()
