"""The driver `ipp` passes what every printer must."""

from collections.abc import Callable, Iterator

import pytest
from burnish.contracts import Printer, Stock, StockKind
from burnish.testing.printers import PrinterConformance
from burnish_printer_ipp import IppPrinter, Settings
from burnish_printer_ipp.simulator import IppPeer


@pytest.mark.parametrize("form", ["pdf", "png"])
class TestIpp(PrinterConformance):
    stock = Stock(kind=StockKind.SHEET, width=210, height=297)

    @pytest.fixture
    def peer(self) -> Iterator[IppPeer]:
        with IppPeer() as peer:
            yield peer

    @pytest.fixture
    def build(self, peer: IppPeer, form: str) -> Callable[[], Printer]:
        settings = Settings(uri=peer.uri, timeout=0.5, print_timeout=1, form=form, dpi=72)  # type: ignore[arg-type]
        return lambda: IppPrinter(settings, lambda _: None)
