"""What every state of an IPP printer and of its jobs comes to, and what a device may answer."""

import struct
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from burnish.contracts import Cancel, Level, Printed, Stock, StockKind
from burnish.errors import Cancelled, DeviceFault, FaultKind
from burnish.testing.printers import OTHER, PIECE, Trouble, drawing
from burnish_printer_ipp import IppPrinter, Settings, doctor
from burnish_printer_ipp.message import Group, Malformed, Operation, Tag, request, response
from burnish_printer_ipp.printer import _of_size
from burnish_printer_ipp.simulator import MEDIA, IppPeer
from burnish_printer_ipp.states import REASONS, JobState, PrinterState, condition_of
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

A4 = Stock(kind=StockKind.SHEET, width=210, height=297)
DISC = Stock(kind=StockKind.DISC, width=120, height=120, inner=40, outer=118)


@pytest.fixture
def peer() -> Iterator[IppPeer]:
    with IppPeer() as peer:
        yield peer


def printer_of(peer: IppPeer, **keys: Any) -> IppPrinter:
    return IppPrinter(
        Settings(**{"uri": peer.uri, "timeout": 5, "print_timeout": 10, **keys}), lambda _: None
    )


def put(printer: IppPrinter, cancel: Cancel | None = None, stock: Stock = A4) -> str:
    with printer:
        return printer.print(
            PIECE, drawing(stock, printer.wanted(stock)), Cancel() if cancel is None else cancel
        )


def fault_of(printer: IppPrinter, **more: Any) -> DeviceFault:
    with pytest.raises(DeviceFault) as caught:
        put(printer, **more)
    return caught.value


# --- states ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", "-error"])
@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_its_fault(reason: str, suffix: str) -> None:
    found = condition_of(PrinterState.STOPPED, [reason + suffix])
    assert found is not None
    assert found[0] is REASONS[reason][0]
    assert reason in found[1]


@pytest.mark.parametrize("suffix", ["-warning", "-report"])
@pytest.mark.parametrize("reason", REASONS)
def test_warnings_keep_nothing_from_being_printed(reason: str, suffix: str) -> None:
    assert condition_of(PrinterState.IDLE, [reason + suffix, "none"]) is None


def test_a_printer_that_stands_still_for_a_reason_nobody_knows_is_looked_at() -> None:
    found = condition_of(PrinterState.STOPPED, ["flux-capacitor-empty-error"])
    assert found is not None
    assert found[0] is FaultKind.UNKNOWN_REPLY
    assert "flux-capacitor-empty" in found[1]
    assert condition_of(PrinterState.IDLE, ["flux-capacitor-empty"]) is None


def test_supplies_and_the_unit_are_told(peer: IppPeer) -> None:
    with printer_of(peer) as printer:
        state = printer.look()
    assert [(one.name, one.percent) for one in state.supplies] == [("black", 70), ("cyan", None)]
    assert state.unit.product == "Simulated IPP Printer"
    assert state.unit.serial == "00000000-0000-4000-8000-000000000001"


# --- jobs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble", [Trouble.EMPTY, Trouble.DRY, Trouble.OPEN, Trouble.JAMMED, Trouble.PAUSED]
)
def test_a_job_that_cannot_come_out_is_taken_back(peer: IppPeer, trouble: Trouble) -> None:
    peer.begins = trouble
    printer = printer_of(peer)
    assert fault_of(printer).kind in (FaultKind.NO_PRINT_SUPPLIES, FaultKind.OPERATOR_ACTION)
    [job] = peer.jobs
    assert job.state is JobState.CANCELED
    with printer:
        assert printer.examine(PIECE) is Printed.NO, "it says that no impression was completed"
    peer.begins = None
    peer.suffer(None)
    assert peer.printed == [], "it came out later"


def test_a_printer_that_does_not_count_leaves_a_cancelled_job_in_doubt(peer: IppPeer) -> None:
    peer.begins, peer.counts = Trouble.JAMMED, False
    printer = printer_of(peer)
    fault_of(printer)
    with printer:
        assert printer.examine(PIECE) is Printed.UNKNOWN


def test_a_job_that_takes_too_long_is_taken_back(peer: IppPeer) -> None:
    peer.slow = 1 << 30
    assert fault_of(printer_of(peer, print_timeout=0.3)).kind is FaultKind.DEVICE_BUSY
    assert peer.jobs[0].state is JobState.CANCELED


def test_a_job_that_is_completed_while_it_is_cancelled_counts(peer: IppPeer) -> None:
    """Somebody wants it stopped; the printer is faster."""
    peer.slow = 1 << 30
    heard = peer._about_job

    def too_late(operation: int, asked: dict[str, list[Any]]) -> Any:
        if operation == Operation.CANCEL_JOB:
            peer._work(peer.jobs[-1], at_once=True)
        return heard(operation, asked)

    peer._about_job = too_late  # type: ignore[method-assign]
    asked = iter([False, True])
    assert put(printer_of(peer), Cancel(lambda: next(asked, True))) == "its output tray"
    assert len(peer.printed) == 1


def test_a_job_is_cancelled_when_somebody_wants_it(peer: IppPeer) -> None:
    peer.slow = 1 << 30
    asked = iter([False, True])
    with pytest.raises(Cancelled):
        put(printer_of(peer), Cancel(lambda: next(asked, True)))
    assert peer.jobs[0].state is JobState.CANCELED


@pytest.mark.parametrize("state", [JobState.ABORTED, JobState.CANCELED, JobState.HELD])
def test_a_job_that_ends_otherwise_is_the_operators_matter(peer: IppPeer, state: JobState) -> None:
    printer = printer_of(peer)
    taken = peer._take

    def take(*args: Any) -> Any:
        done = taken(*args)
        peer.jobs[-1].state = state
        return done

    peer._take = take  # type: ignore[method-assign]
    peer._work = lambda *_args, **_keys: None  # type: ignore[method-assign]
    assert fault_of(printer).kind is FaultKind.OPERATOR_ACTION


def test_a_printer_that_forgets_its_jobs_leaves_them_in_doubt(peer: IppPeer) -> None:
    put(printer_of(peer))
    peer.forgets = True
    with printer_of(peer) as again:
        assert again.examine(PIECE) is Printed.UNKNOWN


def test_what_was_printed_is_known_to_a_process_that_comes_after(peer: IppPeer) -> None:
    put(printer_of(peer))
    with printer_of(peer) as again:
        assert (again.examine(PIECE), again.examine(OTHER)) == (Printed.YES, Printed.UNKNOWN)


def test_a_printer_without_validate_job_is_printed_on_all_the_same(peer: IppPeer) -> None:
    peer.validates = False
    put(printer_of(peer))
    assert len(peer.printed) == 1


def test_no_job_says_more_than_the_code_of_its_piece(peer: IppPeer) -> None:
    put(printer_of(peer))
    assert peer.jobs[0].name == PIECE.code


# --- media -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stock", "media", "wanted"),
    [
        (A4, MEDIA, "iso_a4_210x297mm"),
        (Stock(kind=StockKind.SHEET, width=215.9, height=279.4), MEDIA, "na_letter_8.5x11in"),
        (Stock(kind=StockKind.SHEET, width=220, height=110), ("iso_dl_110x220mm",), "iso_dl_110x220mm"),
        (Stock(kind=StockKind.STICKER, width=50, height=30), MEDIA, "custom_label_50x30mm"),
        (DISC, (*MEDIA, "disc_standard_40x118mm"), "disc_standard_40x118mm"),
        (DISC, MEDIA, ""),
        (DISC, ("disc_custom_22x118mm",), ""),
        (Stock(kind=StockKind.SHEET, width=40, height=118), ("disc_standard_40x118mm",), ""),
        (A4, ("nonsense", "_x_mm", "a_1e9x2mm"), ""),
    ],
)
def test_the_medium_of_the_size_is_found(stock: Stock, media: tuple[str, ...], wanted: str) -> None:
    assert _of_size(stock, list(media)) == wanted


def test_a_medium_that_is_not_offered_is_named(peer: IppPeer) -> None:
    fault = fault_of(printer_of(peer, media="iso_a3_297x420mm"))
    assert fault.kind is FaultKind.BAD_REQUEST
    assert "iso_a3_297x420mm" in str(fault)
    assert peer.jobs == []


def test_discs_and_sheets_are_not_mixed_up(peer: IppPeer) -> None:
    for printer, stock in ((printer_of(peer), DISC), (printer_of(peer, on_disc=True), A4)):
        with pytest.raises(DeviceFault) as caught:
            printer.wanted(stock)
        assert caught.value.kind is FaultKind.BAD_REQUEST


# --- what a device may answer ------------------------------------------------------------------------------


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    with suppress(Malformed):
        response(data)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=3))
@settings(max_examples=200)
def test_a_damaged_answer_is_a_message_or_malformed(at: int, damage: bytes) -> None:
    whole = request(
        Operation.GET_JOBS,
        7,
        {
            Group.OPERATION: (),
            Group.PRINTER: (
                ("a", Tag.INTEGER, [1, 2]),
                (
                    "b",
                    Tag.COLLECTION,
                    (("x", Tag.INTEGER, 5), ("y", Tag.COLLECTION, (("z", Tag.KEYWORD, "k"),))),
                ),
                ("c", Tag.BOOLEAN, True),
                ("d", Tag.KEYWORD, "none"),
            ),
        },
    )
    at %= len(whole)
    with suppress(Malformed):
        response(whole[:at] + damage + whole[at + len(damage) :])


def test_what_is_written_is_read() -> None:
    members = (("x", Tag.INTEGER, 5), ("y", Tag.COLLECTION, (("z", Tag.KEYWORD, "k"),)))
    data = request(
        Operation.GET_JOBS,
        7,
        {
            Group.PRINTER: (
                ("a", Tag.INTEGER, [1, -2]),
                ("b", Tag.COLLECTION, members),
                ("c", Tag.BOOLEAN, False),
            )
        },
    )
    message, number = response(data)
    assert number == 7
    found = message.first(Group.PRINTER)
    assert found == {"a": [1, -2], "b": [{"x": [5], "y": [{"z": ["k"]}]}], "c": [False]}


def test_collections_without_end_are_malformed() -> None:
    one = struct.pack(">BHH", Tag.MEMBER, 0, 1) + b"m" + struct.pack(">BHH", Tag.COLLECTION, 0, 0)
    head = struct.pack(">BBHIB", 1, 1, 0, 1, Group.PRINTER) + struct.pack(">BHcH", Tag.COLLECTION, 1, b"c", 0)
    with pytest.raises(Malformed, match="without end"):
        response(head + one * 5000)


def test_an_answer_to_another_question_stops_it(peer: IppPeer) -> None:
    heard = peer.hear
    peer.hear = lambda data: b"\1\1\0\0\0\0\0\x63" + (heard(data) or b"")[8:]  # type: ignore[method-assign]
    with pytest.raises(DeviceFault) as caught, printer_of(peer):
        pass
    assert caught.value.kind is FaultKind.UNKNOWN_REPLY


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (0x0507, FaultKind.DEVICE_BUSY),
        (0x0506, FaultKind.OPERATOR_ACTION),
        (0x0503, FaultKind.OPERATOR_ACTION),
        (0x040A, FaultKind.BAD_REQUEST),
        (0x0500, FaultKind.UNKNOWN_REPLY),
        (0x7777, FaultKind.UNKNOWN_REPLY),
    ],
)
def test_every_refusal_has_its_fault(peer: IppPeer, status: int, kind: FaultKind) -> None:
    peer._valid = lambda *_: status  # type: ignore[method-assign]
    assert fault_of(printer_of(peer)).kind is kind
    assert peer.jobs == []


# --- settings, doctor, README ------------------------------------------------------------------------------


@pytest.mark.parametrize("uri", ["", "printer", "lpd://a", "ipp://", "ipp://user:secret@host/", "ipp://a b/"])
def test_what_is_no_uri_is_refused(uri: str) -> None:
    with pytest.raises(ValidationError):
        Settings(uri=uri)


def test_a_password_is_not_sent_in_the_clear(peer: IppPeer, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret\n")
    with pytest.raises(DeviceFault, match="TLS"), printer_of(peer, user="u", password_file=file):
        pass
    assert peer.heard == []


def test_doctor_asks_each_printer(peer: IppPeer) -> None:
    tables = [{"uri": peer.uri}, {"uri": "ipp://127.0.0.1:1/"}, {"uri": "wrong"}]
    assert [finding.level for finding in doctor.look(tables)] == [Level.OK, Level.FAIL]
    peer.suffer(Trouble.EMPTY)
    [finding] = doctor.look(tables[:1])
    assert (finding.level, "paper" in finding.text) == (Level.WARN, True)
    assert [one.level for one in doctor.look([])] == [Level.OK]


def test_the_readme_shows_settings_that_are_taken() -> None:
    text = (Path(__file__).parent.parent / "README.md").read_text()
    tables = tomllib.loads(text.split("```toml\n")[1].partition("```")[0])["printers"]
    for keys in tables.values():
        assert keys.pop("driver") == "ipp"
        assert Settings(**keys).uri
    for name in Settings.model_fields:
        assert f"`{name}`" in text, name
    for reason in ("media-empty", "cover-open", "marker-failure", "offline", "connecting-to-device"):
        assert f"`{reason}`" in text
        assert reason in REASONS
