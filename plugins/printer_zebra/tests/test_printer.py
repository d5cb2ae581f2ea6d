"""What goes to a ZPL printer, what comes out of it, and what becomes of every state that it can be in."""

import socket
import threading
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from burnish.contracts import Artwork, Cancel, Form, Label, LabelPerson, Level, Printed, Stock, StockKind
from burnish.errors import DeviceFault, FaultKind
from burnish.testing.printers import PIECE, Trouble, drawing
from burnish.testing.usb import UsbUnit, bus
from burnish_printer_zebra import Settings, ZebraPrinter, doctor, zpl
from burnish_printer_zebra.line import VENDOR
from burnish_printer_zebra.printer import connect
from burnish_printer_zebra.simulator import TcpPeer, Zebra
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError
from zebrafy import ZebrafyZPL

STICKER = Stock(kind=StockKind.STICKER, width=50, height=30)
OK = (
    b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n"
    b"\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n"
    b"\x021234,0\x03\r\n"
)


def printer_at(port: int, **keys: Any) -> ZebraPrinter:
    quick = {"reply_timeout": 0.3, "print_timeout": 1.0, "width": 50, "height": 30}
    return ZebraPrinter(Settings(host="127.0.0.1", port=port, **{**quick, **keys}))


@pytest.fixture
def peer() -> Iterator[TcpPeer]:
    with TcpPeer() as peer:
        yield peer


def put(printer: ZebraPrinter, artwork: Artwork | None = None) -> None:
    with printer:
        made = artwork or drawing(STICKER, printer.wanted(STICKER))
        printer.print(PIECE, made, Cancel())


def artwork_of(image: Image.Image) -> Artwork:
    """A PIL image of mode 1 as the core gives it."""
    rows = image.point(lambda shade: 255 - shade).tobytes()
    data = b"P4\n%d %d\n" % image.size + rows
    return Artwork(data=data, form=Form.PBM, dpi=203, stock=STICKER, style="test")


# --- pictures ----------------------------------------------------------------------------------------------


def test_every_dot_comes_out(peer: TcpPeer) -> None:
    artwork = drawing(STICKER, printer_at(1).wanted(STICKER), shade=3)
    put(printer_at(peer.port), artwork)
    [picture] = peer.printed
    width, height, rows = zpl.pbm(artwork.data)
    assert (picture.width, picture.height) == (-(-width // 8) * 8, height)
    assert picture.rows == rows


def test_a_reader_of_others_sees_the_same_picture(peer: TcpPeer) -> None:
    put(printer_at(peer.port))
    [picture] = peer.printed
    [image] = ZebrafyZPL(peer.zebra.heard.decode("ascii")).to_images()
    assert image.size == (picture.width, picture.height)
    assert image.point(lambda shade: 255 - shade).tobytes() == picture.rows


@pytest.mark.parametrize("kind", ["Code128", "QRCode", "DataMatrix"])
def test_a_code_is_read_from_what_others_render(peer: TcpPeer, kind: str) -> None:
    code = zxingcpp.create_barcode("K3JF9Q-12", getattr(zxingcpp.BarcodeFormat, kind))
    rows = memoryview(code.to_image(scale=1 if kind == "Code128" else 5)).tolist()
    image = Image.new("1", (399, 239), 1)
    wide = 2 if kind == "Code128" else 1
    for y, row in enumerate(rows):
        for x, shade in enumerate(row):
            for more in range(wide):
                image.putpixel((20 + wide * x + more, 20 + y), 255 if shade else 0)  # type: ignore[operator]
    put(printer_at(peer.port), artwork_of(image))
    [seen] = ZebrafyZPL(peer.zebra.heard.decode("ascii")).to_images()
    assert [found.text for found in zxingcpp.read_barcodes(seen.convert("L"))] == ["K3JF9Q-12"]


@given(st.integers(1, 90), st.integers(1, 12), st.randoms(use_true_random=False), st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_any_bitmap_survives(width: int, height: int, chance: Any, density: int) -> None:
    stride = -(-width // 8)
    pick = [lambda: 0, lambda: 255, lambda: chance.choice((0, 0, 255)), lambda: chance.randrange(256)][
        density
    ]
    rows = bytes(pick() for _ in range(stride * height))
    said = zpl.label(width, height, rows)
    zebra = Zebra()
    zebra.answer(said)
    assert zebra.printed[0].rows == rows
    [image] = ZebrafyZPL(said.decode("ascii")).to_images()
    assert image.point(lambda shade: 255 - shade).tobytes() == rows


def test_runs_are_shorter_than_digits() -> None:
    artwork = drawing(Stock(kind=StockKind.STICKER, width=100, height=50), printer_at(1).wanted(STICKER))
    _, _, rows = zpl.pbm(artwork.data)
    width, height, _ = zpl.pbm(artwork.data)
    assert len(zpl.label(width, height, rows)) < len(rows) / 4


@pytest.mark.parametrize("hostile", ["^XZ~JA^XA", "~HS", "^FX", "\x02\x03"])
def test_no_text_ever_reaches_the_printer_as_text(peer: TcpPeer, hostile: str) -> None:
    label_html = pytest.importorskip("burnish_label_html")
    person = LabelPerson(names=(hostile,), patient_id=hostile)
    label = Label(token="T", piece=1, people=(person,), text=hostile)
    printer = printer_at(peer.port, width=100, height=50)
    maker = label_html.HtmlLabels(label_html.Settings())
    stock = maker.styles["sticker"].stock
    put(printer, maker.draw(label, "sticker", printer.wanted(stock)))
    said = peer.zebra.heard.decode("ascii")
    assert said.count("^XA") == said.count("^XZ") == 1
    assert "~JA" not in said
    assert len(peer.printed) == 1


# --- states ------------------------------------------------------------------------------------------------


def state_with(first: dict[int, str] | None = None, second: dict[int, str] | None = None) -> bytes:
    """A status with other fields."""
    strings = [string.decode().split(",") for string in zpl.strings_of(OK)]
    for fields, changed in zip(strings, (first or {}, second or {}), strict=False):
        for place, value in changed.items():
            fields[place] = value
    return b"".join(b"\x02%s\x03\r\n" % ",".join(fields).encode() for fields in strings)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (state_with(), None),
        (state_with({1: "1"}), FaultKind.NO_PRINT_SUPPLIES),
        (state_with(None, {3: "1"}), FaultKind.NO_PRINT_SUPPLIES),
        (state_with(None, {2: "1"}), FaultKind.OPERATOR_ACTION),
        (state_with({2: "1"}), FaultKind.OPERATOR_ACTION),
        (state_with({5: "1"}), FaultKind.DEVICE_BUSY),
        (state_with({4: "002"}), FaultKind.DEVICE_BUSY),
        (state_with(None, {8: "00000003"}), FaultKind.DEVICE_BUSY),
        (state_with({9: "1"}), FaultKind.SERVICE_ACTION),
        (state_with({10: "1"}), FaultKind.DEVICE_BUSY),
        (state_with({11: "1"}), FaultKind.DEVICE_BUSY),
        (state_with({1: "1"}, {2: "1"}), FaultKind.OPERATOR_ACTION),
        (state_with(None, {7: "1"}), None),
    ],
)
def test_every_state_is_mapped(answer: bytes, kind: FaultKind | None) -> None:
    with answering(answer) as port, printer_at(port) as printer:
        state = printer.look()
    assert state.condition == kind
    assert bool(state.message) == (kind is not None)


@pytest.mark.parametrize(
    "answer",
    [
        b"\x02\x03" * 3,
        b"hello",
        b"\x02" * 200,
        OK.replace(b"030", b"03x"),
        OK.replace(b"1245", b"12"),
        b"\x02" + b"9" * 500 + b"\x03" + OK,
        OK[:-12] + b"\xff\xfe\x03" + b"\x02x\x03" * 5,
        b"A" * 100_000,
    ],
    ids=lambda answer: repr(answer[:20]),
)
def test_an_answer_that_no_manual_knows_stops_it(answer: bytes) -> None:
    with (
        answering(answer) as port,
        pytest.raises(DeviceFault) as caught,
        printer_at(port) as printer,
    ):
        printer.look()
    assert caught.value.kind in (FaultKind.UNKNOWN_REPLY, FaultKind.DEVICE_OFFLINE)
    assert len(str(caught.value)) < 600


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A printer that says this to whatever it is told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    while connection.recv(4096):
                        connection.sendall(answer)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("trouble", [Trouble.EMPTY, Trouble.DRY, Trouble.OPEN])
def test_a_printer_that_says_nothing_while_its_door_is_open_is_the_operators_matter(
    peer: TcpPeer, trouble: Trouble
) -> None:
    peer.zebra.mute = True
    peer.suffer(trouble)
    with printer_at(peer.port) as printer:
        state = printer.look()
    assert state.condition is FaultKind.OPERATOR_ACTION
    assert "ribbon" in state.message
    peer.suffer(None)
    put(printer_at(peer.port))
    assert len(peer.printed) == 1


def test_the_last_label_of_a_roll_is_printed_and_the_next_is_not_begun(peer: TcpPeer) -> None:
    printer = printer_at(peer.port)
    peer.zebra.at = 1
    peer.suffer(Trouble.EMPTY)
    put(printer)
    assert printer.examine(PIECE) is Printed.YES
    with pytest.raises(DeviceFault) as caught:
        put(printer)
    assert caught.value.kind is FaultKind.NO_PRINT_SUPPLIES
    assert printer.examine(PIECE) is Printed.NO, "nothing was sent: its status had said so"
    assert len(peer.printed) == 1


def test_a_printer_that_falls_silent_after_a_label_leaves_it_in_doubt(peer: TcpPeer) -> None:
    """It was the last of the roll, and this printer says nothing without one."""
    printer = printer_at(peer.port)
    peer.zebra.mute, peer.zebra.at = True, 1
    peer.suffer(Trouble.EMPTY)
    with pytest.raises(DeviceFault) as caught:
        put(printer)
    assert caught.value.kind is FaultKind.OPERATOR_ACTION
    assert printer.examine(PIECE) is Printed.UNKNOWN


def test_a_label_that_is_stuck_is_taken_back(peer: TcpPeer) -> None:
    peer.zebra.stuck = True
    printer = printer_at(peer.port)
    with pytest.raises(DeviceFault) as caught:
        put(printer)
    assert caught.value.kind is FaultKind.OPERATOR_ACTION
    assert printer.examine(PIECE) is Printed.UNKNOWN
    end = time.monotonic() + 10
    while not peer.zebra.cancelled and time.monotonic() < end:
        time.sleep(0.01)
    peer.zebra.stuck = False
    peer.suffer(None)
    assert (peer.printed, peer.zebra.cancelled) == ([], 1)


def test_a_printer_that_takes_nothing_more_is_the_operators_matter() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

        def serve() -> None:
            connection, _ = listener.accept()
            for answer in (OK, b"\x02X,Y\x03"):
                connection.recv(100)
                connection.sendall(answer)
            threading.Event().wait(3)
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        printer = printer_at(listener.getsockname()[1], width=300, height=500)
        noise = Image.effect_noise((2400, 4000), 200).convert("1")
        with pytest.raises(DeviceFault) as caught:
            put(printer, artwork_of(noise))
    assert caught.value.kind is FaultKind.OPERATOR_ACTION
    assert printer.examine(PIECE) is Printed.UNKNOWN


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"P5\n8 8\n" + bytes(8),
        b"P4\n8 8\n",
        b"P4\n99999 99999\n" + bytes(8),
        b"P4\n8000 8\n" + bytes(8000),
    ],
)
def test_a_drawing_that_is_none_is_refused_before_a_byte_leaves(peer: TcpPeer, data: bytes) -> None:
    artwork = Artwork(data=data, form=Form.PBM, dpi=203, stock=STICKER, style="test")
    printer = printer_at(peer.port)
    with pytest.raises(DeviceFault) as caught:
        put(printer, artwork)
    assert caught.value.kind is FaultKind.BAD_REQUEST
    assert b"^XA" not in peer.zebra.heard
    assert printer.examine(PIECE) is Printed.NO


def test_stock_that_is_not_loaded_is_refused() -> None:
    for stock in (
        Stock(kind=StockKind.STICKER, width=57, height=32),
        Stock(kind=StockKind.SHEET, width=50, height=30),
    ):
        with pytest.raises(DeviceFault) as caught:
            printer_at(1).wanted(stock)
        assert "50 x 30" in str(caught.value)


# --- settings, doctor, README ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keys", [{}, {"host": "a", "usb": "any"}, {"host": "a", "dpi": 200}, {"serial": "a", "ink": 1}]
)
def test_settings_that_cannot_be_are_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**keys)


def test_several_printers_on_usb_want_a_place() -> None:
    units = [UsbUnit(VENDOR, 1, lambda _: [], ports=(port,), interface_class=7) for port in (1, 2)]
    findings = list(doctor.look([{"usb": "any"}], bus(*units), Path("/nowhere")))
    assert len(findings) == 2
    assert {finding.level for finding in findings} == {Level.FAIL}
    assert "udev" in findings[0].advice


def test_doctor_says_what_can_be_reached(peer: TcpPeer, tmp_path: Path) -> None:
    tables: Sequence[dict[str, Any]] = [
        {"host": "127.0.0.1", "port": peer.port},
        {"serial": str(tmp_path / "ttyS9")},
        {"usb": "any"},
    ]
    found = [(finding.level, finding.text) for finding in doctor.look(tables, bus())]
    assert found[0] == (Level.OK, f"127.0.0.1:{peer.port} can be reached")
    assert [level for level, _ in found[1:]] == [Level.FAIL, Level.FAIL]
    peer.suffer(Trouble.GONE)
    [gone] = doctor.look(tables[:1], bus())
    assert gone.level is Level.FAIL


def test_the_readme_shows_settings_that_are_taken() -> None:
    text = (Path(__file__).parent.parent / "README.md").read_text()
    blocks = [tomllib.loads(block.partition("```")[0]) for block in text.split("```toml\n")[1:]]
    keys = dict(blocks[0]["printers"]["zebra"])
    assert keys.pop("driver") == "zebra"
    assert Settings(**keys).host
    for name in Settings.model_fields:
        assert f"`{name}`" in text, name
    assert doctor.UDEV_RULE in text


def test_lines_of_a_status_are_asked_once() -> None:
    """One question a look, and one for the name: a printer is slow."""
    zebra = Zebra()
    heard: list[bytes] = []

    def answer(data: bytes) -> list[bytes]:
        heard.append(data)
        return [zebra.answer(data)]

    unit = UsbUnit(VENDOR, 1, answer, interface_class=7)

    printer = ZebraPrinter(Settings(usb="any"), lambda keys: connect(keys, bus(unit)))
    with printer:
        printer.look()
        printer.look()
    assert [question[:3] for question in heard] == [b"~HS", b"~HI", b"~HS"]
    assert all(one != other for one, other in pairwise(heard))
