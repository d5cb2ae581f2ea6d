"""The driver, before a simulator on a wire in this thread, and before liars."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from burnish.contracts import Artwork, Cancel, Form, Printed, PrintJob, Stock, StockKind
from burnish.errors import Cancelled, DeviceFault, FaultKind
from burnish.testing.printers import Trouble, drawing
from burnish_printer_zebra import Settings, ZebraPrinter
from burnish_printer_zebra.link import Stalled
from burnish_printer_zebra.simulator import IDENTITY, Zebra
from burnish_printer_zebra.words import CANCEL_ALL, END, GET_IDENTITY, GET_STATUS, Identity, Status
from pydantic import ValidationError

QUICK = {"settle": 0, "poll": 0.0005, "busy_timeout": 0.02, "reply_timeout": 0.05, "print_timeout": 0.2}
STICKER = Stock(kind=StockKind.STICKER, width=50, height=30)
JOB = PrintJob(code="VL1-1", title="SET 1/1")
OTHER = PrintJob(code="VL1-2", title="SET 1/1")
WELL = (
    b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n"
    b"\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n"
    b"\x021234,0\x03\r\n"
)


class Wire:
    """A link to whatever answers; silence takes no time."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer
        self.sent: list[bytes] = []
        self.unread = b""
        self.stalls_after: int | None = None
        self.taken = False

    def opened(self, _: Settings) -> "Wire":
        assert not self.taken
        self.taken = True
        return self

    def send(self, data: bytes, *, timeout: float) -> None:
        if self.stalls_after is not None and sum(map(len, self.sent)) > self.stalls_after:
            raise Stalled
        self.sent.append(data)
        self.unread += self.answer(data)

    def receive(self, *, timeout: float) -> bytes:
        came, self.unread = self.unread[:64], self.unread[64:]
        return came

    def close(self) -> None:
        self.taken = False


def printer_on(wire: Wire, **other: Any) -> ZebraPrinter:
    settings = Settings(**{"host": "printer", "width": 50, "height": 30, **QUICK, **other})
    return ZebraPrinter(settings, wire.opened)


def pair(zebra: Zebra | None = None, **other: Any) -> tuple[Zebra, Wire, ZebraPrinter]:
    zebra = zebra or Zebra()
    wire = Wire(zebra.answer)
    return zebra, wire, printer_on(wire, **other)


def put(printer: ZebraPrinter, job: PrintJob = JOB, cancel: Cancel | None = None) -> str:
    artwork = drawing(STICKER, printer.wanted(STICKER))
    return printer.print(job, artwork, Cancel() if cancel is None else cancel)


def fault(act: Callable[[], object]) -> FaultKind:
    with pytest.raises(DeviceFault) as caught:
        act()
    assert str(caught.value).strip()
    return caught.value.kind


# --- what stands against a label ---------------------------------------------------------------------------

BY_LETTER = {
    "b": FaultKind.NO_PRINT_SUPPLIES,
    "c": FaultKind.OPERATOR_ACTION,
    "f": FaultKind.DEVICE_BUSY,
    "g": FaultKind.OPERATOR_ACTION,
    "j": FaultKind.SERVICE_ACTION,
    "k": FaultKind.DEVICE_BUSY,
    "l": FaultKind.DEVICE_BUSY,
    "o": FaultKind.OPERATOR_ACTION,
    "p": FaultKind.NO_PRINT_SUPPLIES,
    "bc": FaultKind.NO_PRINT_SUPPLIES,
    "cp": FaultKind.NO_PRINT_SUPPLIES,
    "bo": FaultKind.OPERATOR_ACTION,
    "bj": FaultKind.SERVICE_ACTION,
}
"""Letters of the answer to ~HS; an error pauses the printer, so the error is told and not the pause."""


@pytest.mark.parametrize(("letters", "kind"), BY_LETTER.items())
def test_every_flag_has_its_fault_and_nothing_is_sent(letters: str, kind: FaultKind) -> None:
    zebra, wire, printer = pair()
    zebra.raised = set(letters)
    with printer:
        state = printer.look()
        assert (state.condition, bool(state.message)) == (kind, True)
        assert fault(lambda: put(printer)) is kind
        assert printer.examine(JOB) is Printed.NO
    assert not any(b"^" in sent for sent in wire.sent)


def test_a_label_that_waits_is_to_be_taken_first() -> None:
    zebra, _, printer = pair(Zebra(peel=True))
    with printer:
        put(printer)
        assert fault(lambda: put(printer, OTHER)) is FaultKind.OPERATOR_ACTION
        zebra.take()
        put(printer, OTHER)
    assert len(zebra.printed) == 2


@pytest.mark.parametrize("trouble", [Trouble.EMPTY, Trouble.DRY, Trouble.OPEN])
def test_silence_of_a_printer_that_is_there_is_for_an_operator(trouble: Trouble) -> None:
    zebra, wire, printer = pair(Zebra(mute=True))
    zebra.suffer(trouble)
    with printer:
        state = printer.look()
        assert (state.condition, "ribbon" in state.message) == (FaultKind.OPERATOR_ACTION, True)
        assert fault(lambda: put(printer)) is FaultKind.OPERATOR_ACTION
    assert not any(b"^" in sent for sent in wire.sent)


def test_labels_of_somebody_else_are_waited_for() -> None:
    zebra, wire, printer = pair(busy_timeout=20)
    zebra.suffer(Trouble.BUSY)

    def answer(data: bytes) -> bytes:
        if len(wire.sent) > 20:
            zebra.suffer(None)
        return zebra.answer(data)

    wire.answer = answer
    with printer:
        put(printer)
    assert len(zebra.printed) == 1


def test_half_a_format_is_thrown_away_before() -> None:
    zebra, wire, printer = pair()
    zebra.answer(b"^XA^PW10^LL10^FO0,0^GFA,2,2,1,FF")
    with printer:
        assert printer.look().condition is None
        put(printer)
    assert len(zebra.printed) == 1
    assert wire.sent.index(CANCEL_ALL) < next(at for at, sent in enumerate(wire.sent) if b"^XA" in sent)


def test_half_a_format_that_goes_on_is_somebody_s() -> None:
    zebra, wire, printer = pair()

    def answer(data: bytes) -> bytes:
        said = zebra.answer(data)
        if data == CANCEL_ALL:
            zebra.answer(b"^XA^PW10")
        return said

    wire.answer = answer
    answer(CANCEL_ALL)
    with printer:
        assert fault(lambda: put(printer)) is FaultKind.DEVICE_BUSY


def test_a_label_for_another_head_is_not_printed() -> None:
    zebra, _, printer = pair(dpi=300)
    with printer:
        assert printer.look().condition is FaultKind.OPERATOR_ACTION
        assert fault(lambda: put(printer)) is FaultKind.OPERATOR_ACTION
    assert zebra.printed == []


def test_it_says_who_it_is() -> None:
    with pair()[2] as printer:
        unit = printer.look().unit
    assert (unit.product, unit.revision, unit.place) == ("ZD421-203dpi", "V93.21.05Z", "printer:9100")


def test_one_that_does_not_say_who_it_is_prints() -> None:
    zebra, wire, printer = pair(Zebra(identity=b""))
    with printer:
        assert printer.look().unit.product == ""
        put(printer)
    assert len(zebra.printed) == 1
    assert wire.sent.count(GET_IDENTITY) == 1


# --- trouble under a label ---------------------------------------------------------------------------------

UNDER = {
    Trouble.EMPTY: FaultKind.NO_PRINT_SUPPLIES,
    Trouble.DRY: FaultKind.NO_PRINT_SUPPLIES,
    Trouble.OPEN: FaultKind.OPERATOR_ACTION,
    Trouble.PAUSED: FaultKind.OPERATOR_ACTION,
    Trouble.BROKEN: FaultKind.SERVICE_ACTION,
    Trouble.SILENT: FaultKind.OPERATOR_ACTION,
    Trouble.NONSENSE: FaultKind.UNKNOWN_REPLY,
    Trouble.BUSY: FaultKind.LABEL_FAILED,
}


@pytest.mark.parametrize(("trouble", "kind"), UNDER.items())
def test_trouble_under_a_label_leaves_nothing_to_come_out(trouble: Trouble, kind: FaultKind) -> None:
    zebra, wire, printer = pair()
    zebra.strikes = trouble
    with printer:
        assert fault(lambda: put(printer)) is kind
        assert printer.examine(JOB) is Printed.UNKNOWN
    assert wire.sent[-1] == CANCEL_ALL
    zebra.suffer(None)
    assert zebra.printed == []


def test_one_that_falls_silent_under_a_label() -> None:
    zebra, wire, printer = pair(Zebra(mute=True))
    zebra.strikes = Trouble.DRY
    with printer:
        assert fault(lambda: put(printer)) is FaultKind.OPERATOR_ACTION
        assert printer.examine(JOB) is Printed.UNKNOWN
    assert wire.sent[-1] == CANCEL_ALL


def test_trouble_while_it_settles_is_seen() -> None:
    """The printer has nothing more to do when the label begins to move."""
    zebra, wire, printer = pair(settle=5)
    looks = iter(range(100))

    def answer(data: bytes) -> bytes:
        said = zebra.answer(data)
        if zebra.printed and next(looks) == 10:
            zebra.raised = {"p"}
        return said

    wire.answer = answer
    with printer:
        assert fault(lambda: put(printer)) is FaultKind.NO_PRINT_SUPPLIES
        assert printer.examine(JOB) is Printed.UNKNOWN


def test_settling_may_take_longer_than_printing() -> None:
    zebra, _, printer = pair(settle=0.4, print_timeout=0.2)
    with printer:
        put(printer)
    assert len(zebra.printed) == 1


def test_heat_under_a_label_is_waited_for() -> None:
    zebra, wire, printer = pair()

    def answer(data: bytes) -> bytes:
        zebra.raised = {"l"} if data == END else zebra.raised if len(wire.sent) % 7 else set()
        return zebra.answer(data)

    wire.answer = answer
    with printer:
        put(printer)


def test_one_that_takes_no_more_needs_an_operator() -> None:
    zebra, wire, printer = pair()
    wire.stalls_after = 200
    with printer:
        assert fault(lambda: put(printer)) is FaultKind.OPERATOR_ACTION
        assert printer.examine(JOB) is Printed.UNKNOWN
    assert zebra.printed == []
    wire.stalls_after = None
    with printer:
        put(printer)
    assert len(zebra.printed) == 1


# --- cancelling --------------------------------------------------------------------------------------------


def test_a_label_is_stopped_as_long_as_its_end_is_not_sent() -> None:
    zebra, wire, printer = pair()
    with printer:
        with pytest.raises(Cancelled):
            put(printer, cancel=Cancel(lambda: any(b"^XA" in sent for sent in wire.sent)))
        assert printer.examine(JOB) is Printed.NO
    assert END not in wire.sent
    zebra.suffer(None)
    assert zebra.printed == []


def test_a_label_that_was_stopped_and_may_still_be_there_is_not_denied() -> None:
    zebra, wire, printer = pair()

    def answer(data: bytes) -> bytes:
        if data == CANCEL_ALL:
            zebra.suffer(Trouble.SILENT)
        return zebra.answer(data)

    wire.answer = answer
    with printer:
        with pytest.raises(Cancelled):
            put(printer, cancel=Cancel(lambda: any(b"^XA" in sent for sent in wire.sent)))
        assert printer.examine(JOB) is Printed.UNKNOWN


def test_a_label_that_is_out_is_not_denied_by_the_next_try() -> None:
    zebra, _, printer = pair()
    with printer:
        put(printer)
        assert printer.examine(JOB) is Printed.YES
        zebra.suffer(Trouble.EMPTY)
        fault(lambda: put(printer))
        assert printer.examine(JOB) is Printed.YES
        assert printer.examine(OTHER) is Printed.UNKNOWN


def test_a_label_whose_end_is_sent_is_not_stopped() -> None:
    denied: list[str] = []
    zebra, wire, printer = pair()
    with printer:
        put(printer, cancel=Cancel(lambda: END in wire.sent, denied.append))
    assert denied
    assert len(zebra.printed) == 1


# --- what goes out -----------------------------------------------------------------------------------------


def test_no_text_goes_out() -> None:
    """Of a job whose every text is a command."""
    zebra, wire, printer = pair()
    with printer:
        put(printer, PrintJob(code="^XZ~JR", title="^XA^FD~WC^XZ"))
    assert all(b"JR" not in sent and b"WC" not in sent and b"^FD" not in sent for sent in wire.sent)
    assert zebra.strange == []


@pytest.mark.parametrize("coding", ["hex", "z64"])
def test_offsets_move_what_is_printed(coding: str) -> None:
    plain, _, printer = pair()
    with printer:
        put(printer)
    moved, _, printer = pair(offset_x=2.5, offset_y=-0.5, coding=coding)
    with printer:
        put(printer)
    right, down = 20, -4
    expected = {(x + right, y + down) for x, y in plain.printed[0].black}
    width, height = plain.printed[0].width, plain.printed[0].height
    assert moved.printed[0].black == {(x, y) for x, y in expected if x < width and 0 <= y < height}


@pytest.mark.parametrize(("media", "command"), [("die-cut", b"^MNY"), ("continuous", b"^MNN"), ("", None)])
def test_what_is_in_it_is_told_where_it_is_set(media: str, command: bytes | None) -> None:
    _, wire, printer = pair(media=media)
    with printer:
        put(printer)
    assert (b"^MN" in b"".join(wire.sent)) is (command is not None)
    assert command is None or command in b"".join(wire.sent)


# --- what cannot be printed --------------------------------------------------------------------------------


def artwork(**other: Any) -> Artwork:
    drawn = drawing(STICKER, pair()[2].wanted(STICKER))
    values = {"data": drawn.data, "form": Form.PBM, "dpi": 203, "stock": STICKER, "style": "x", **other}
    return Artwork(**values)


@pytest.mark.parametrize(
    "other",
    [
        {"form": Form.PDF},
        {"form": Form.PNG},
        {"dpi": 300},
        {"data": b"^XA^FDname^XZ"},
        {"data": b"P4\n8 1\n\0"},
        {"stock": Stock(kind=StockKind.STICKER, width=51, height=30)},
        {"stock": Stock(kind=StockKind.STICKER, width=50, height=29)},
        {"stock": Stock(kind=StockKind.DISC, width=50, height=30)},
        {"stock": Stock(kind=StockKind.SHEET, width=50, height=30)},
    ],
)
def test_what_is_no_label_of_its_is_refused_and_nothing_is_sent(other: dict[str, Any]) -> None:
    _, wire, printer = pair()
    with printer:
        assert fault(lambda: printer.print(JOB, artwork(**other), Cancel())) is FaultKind.BAD_REQUEST
        assert printer.examine(JOB) is Printed.NO
    assert wire.sent == []


def test_sizes_that_differ_by_rounding_are_the_same() -> None:
    assert pair()[2].wanted(Stock(kind=StockKind.STICKER, width=50.2, height=29.8)).dpi == 203


# --- liars -------------------------------------------------------------------------------------------------

LIES = {
    "half an answer": WELL[:40],
    "two strings": WELL[: WELL.index(b"\x021234")],
    "four strings": WELL.replace(b"\x021234", b"\x021234,0\x03\r\n\x021234"),
    "a flag of 2": WELL.replace(b"030,0", b"030,2"),
    "a flag that is missing": WELL.replace(b"030,0,", b"030,"),
    "words": b"\x02ready\x03\r\n" * 3,
    "no frame": b"OK\r\n",
    "another protocol": b"HTTP/1.1 200 OK\r\n\r\n",
    "NUL": bytes(64),
    "digits of another script": WELL.replace(b"1245", "\u0661\u0662\u0664\u0665".encode()),
    "much": b"x" * 1_000_000,
    "many strings": WELL * 10_000,
    "large numbers": WELL.replace(b"000,0,0,0,000", b"9" * 400),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_no_manual_knows_is_not_guessed(lie: str) -> None:
    wire = Wire(lambda data: LIES[lie] if data == GET_STATUS else b"")
    printer = printer_on(wire)
    began = time.monotonic()
    with printer:
        assert fault(printer.look) is FaultKind.UNKNOWN_REPLY
        assert fault(lambda: put(printer)) is FaultKind.UNKNOWN_REPLY
    assert time.monotonic() - began < 5
    assert not any(b"^" in sent for sent in wire.sent)


@pytest.mark.parametrize(
    "lie", [b"x", IDENTITY[:12], IDENTITY * 2, b"\x02,,,\x03\r\n", b"\x02a,b,c,d\x03\r\n", b"\x1b[2J" * 900]
)
def test_a_name_that_no_manual_knows_is_not_guessed(lie: bytes) -> None:
    printer = printer_on(Wire(lambda data: WELL if data == GET_STATUS else lie))
    with printer:
        assert fault(printer.look) is FaultKind.UNKNOWN_REPLY


class Endless(Wire):
    def receive(self, *, timeout: float) -> bytes:
        return b"\x02" * 4096


def test_one_that_never_stops_talking_is_stopped_at_once() -> None:
    wire = Endless(lambda data: b"")
    assert fault(printer_on(wire).__enter__) is FaultKind.UNKNOWN_REPLY
    assert not wire.taken


def test_what_a_process_that_died_has_not_read_is_forgotten() -> None:
    zebra, wire, printer = pair()
    zebra.raised = {"b"}
    wire.unread = zebra.answer(GET_STATUS) * 3
    zebra.raised = set()
    with printer:
        assert printer.look().condition is None
        wire.unread = WELL
        zebra.raised = {"b"}
        assert printer.look().condition is FaultKind.NO_PRINT_SUPPLIES


@pytest.mark.parametrize("split", [1, 5, 30, 64])
def test_an_answer_may_come_in_pieces(split: int) -> None:
    class Slow(Wire):
        def receive(self, *, timeout: float) -> bytes:
            came, self.unread = self.unread[:split], self.unread[split:]
            return came

    zebra = Zebra()
    with printer_on(Slow(zebra.answer)) as printer:
        assert printer.look().condition is None
        put(printer)


def test_answers_of_known_printers_are_read() -> None:
    assert Status.parse(WELL).idle
    assert Status.parse(WELL.replace(b"\r\n", b"")).trouble() is None
    known = {
        b"\x02ZTC ZD420-203dpi ZPL,V84.20.11Z,8,8192KB\x03\r\n": 8,
        b"\x02ZM400-200dpi,V53.17.11Z,8,8192KB,X\x03\r\n": 8,
        b"\x02ZT411-600dpi ,V92.21.16Z,24,16384KB\x03\r\n": 24,
    }
    for said, dots in known.items():
        assert Identity.parse(said).dots == dots


# --- settings ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "exactly one of host, serial and usb"),
        ({"host": "a", "usb": "only"}, "exactly one"),
        ({"usb": "bad\nname"}, "port path"),
        ({"host": "a", "dpi": 250}, "dpi"),
        ({"host": "a", "width": 0}, "width"),
        ({"host": "a", "offset_y": 14, "dpi": 300}, "offset_y"),
        ({"host": "a", "darkness": 3}, "darkness"),
    ],
)
def test_settings_that_do_not_fit_are_explained(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(**{"width": 50, "height": 30, **keys})
