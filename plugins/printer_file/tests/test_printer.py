"""The driver `file` keeps the contract of a printer, and what it promises of its files."""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from burnish.contracts import Cancel, Printed, Printer, Stock, StockKind
from burnish.errors import DeviceFault, FaultKind
from burnish.testing.printers import OTHER, PIECE, PrinterConformance, Trouble, drawing
from burnish_printer_file import FilePrinter, Settings

STICKER = Stock(kind=StockKind.STICKER, width=50, height=30)


class Folder:
    """The peer: a folder that can be taken away."""

    troubles = frozenset({Trouble.GONE})

    def __init__(self, above: Path) -> None:
        self._above = above
        self.path = above / "place" / "labels"

    @property
    def printed(self) -> Sequence[object]:
        return sorted(self.path.glob("*")) if self.path.is_dir() else []

    def suffer(self, trouble: Trouble | None) -> None:
        place = self._above / "place"
        if trouble is Trouble.GONE:
            place.write_text("no folder")
        else:
            place.unlink()


class TestFilePrinter(PrinterConformance):
    stock = STICKER

    @pytest.fixture
    def peer(self, tmp_path: Path) -> Folder:
        return Folder(tmp_path)

    @pytest.fixture
    def build(self, peer: Folder) -> Callable[[], Printer]:
        return lambda: FilePrinter(Settings(path=peer.path))


def printed(printer: FilePrinter, shade: int = 0) -> Path:
    with printer:
        return Path(printer.print(PIECE, drawing(STICKER, printer.wanted(STICKER), shade), Cancel()))


@pytest.mark.parametrize("form", ["pdf", "png", "pbm"])
def test_the_file_is_the_drawing(tmp_path: Path, form: str) -> None:
    printer = FilePrinter(Settings(path=tmp_path, form=form))  # type: ignore[arg-type]
    path = printed(printer)
    assert path == tmp_path / f"{PIECE.code}.{form}"
    assert path.read_bytes() == drawing(STICKER, printer.wanted(STICKER)).data
    assert list(tmp_path.iterdir()) == [path]


def test_a_label_never_replaces_another(tmp_path: Path) -> None:
    printer = FilePrinter(Settings(path=tmp_path, form="pbm"))
    first = printed(printer)
    before = first.read_bytes()
    assert printed(printer) == first
    second = printed(printer, shade=5)
    assert (second.name, first.read_bytes()) == (f"{PIECE.code}-2.pbm", before)


def test_what_was_printed_is_known_afterwards(tmp_path: Path) -> None:
    printed(FilePrinter(Settings(path=tmp_path)))
    with FilePrinter(Settings(path=tmp_path)) as again:
        assert (again.examine(PIECE), again.examine(OTHER)) == (Printed.YES, Printed.NO)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_full_folder_is_the_operators_matter_and_leaves_nothing(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "none", tmp_path], check=True)
    try:
        with pytest.raises(DeviceFault) as caught:
            printed(FilePrinter(Settings(path=tmp_path, form="pbm", dpi=600)))
        assert caught.value.kind is FaultKind.OPERATOR_ACTION
        assert "room" in str(caught.value)
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", tmp_path], check=True)
