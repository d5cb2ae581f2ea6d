"""The driver `ipp`."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal, Self

from burnish.contracts import (
    Artwork,
    Cancel,
    DeviceState,
    Form,
    Printed,
    Printer,
    PrinterCapabilities,
    PrintJob,
    Stock,
    StockKind,
    Supply,
    Unit,
    Wanted,
)
from burnish.errors import Cancelled, DeviceFault, FaultKind
from pydantic import BaseModel, ConfigDict, Field, field_validator

from burnish_printer_ipp.message import Attributes, Given, Group, Message, Operation, Tag
from burnish_printer_ipp.states import ENDED, JobState, PrinterState, condition_of
from burnish_printer_ipp.talk import Denied, Odd, Talk, Unanswered

_POLL: Final = 0.2
_TOLERANCE: Final = 1.5
"""Millimetres by which a medium may differ from the stock."""
_LARGEST: Final = 1300.0
"""Millimetres: A0 is 1189 high."""
_SIZE: Final = re.compile(r"_(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)(mm|in)$")
_INCH: Final = 25.4
_FORMS: Final = {"pdf": Form.PDF, "png": Form.PNG}
_NOT_SUPPORTED: Final = 0x0501
"""An operation that a printer does not have: RFC 8011 appendix B, as are the next."""
_NOT_NOW: Final = (0x0502, 0x0503, 0x0506)
_BUSY: Final = 0x0507


class Settings(BaseModel):
    """The keys of `[printers.<name>]` beside `driver`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uri: str
    """`ipp://host/ipp/print`, `ipps://…` for TLS, or a queue of CUPS: `ipp://localhost/printers/office`."""
    on_disc: bool = False
    """Whether it prints on discs, from a tray of its own; else on sheets and stickers."""
    media: str = ""
    """Its name of the medium, such as `iso_a4_210x297mm`; absent: the one of the label's size."""
    form: Literal["pdf", "png"] = "pdf"
    """How labels are sent."""
    dpi: int = Field(default=300, ge=72, le=1200)
    """Dots per inch of `png`."""
    timeout: float = Field(default=10.0, gt=0)
    """Seconds within which it answers a question."""
    print_timeout: float = Field(default=180.0, gt=0)
    """Seconds that one label may take, the printer's waking up included."""
    user: str = ""
    """Who prints, where it wants to know."""
    password_file: Path | None = None
    """A file whose first line is the user's password; sent over TLS only."""
    ca_file: Path | None = None
    """Certificates in PEM that sign the printer's; absent: those of the system."""

    @field_validator("uri")
    @classmethod
    def _is_uri(cls, value: str) -> str:
        if not re.fullmatch(r"(ipps?|https?)://[^/\s?#@]+(/[^\s?#]*)?", value):
            raise ValueError("it is no URI of a printer; try 'ipp://host/ipp/print'")
        return value


class IppPrinter(Printer):
    """A label is done when its job is completed. A job that does not come to that is cancelled, so that no
    label comes out later."""

    def __init__(self, settings: Settings, sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._sleep = sleep
        self._talk = Talk(settings.uri, settings.timeout, settings.user, "", settings.ca_file)
        self._unsent: set[str] = set()
        """Codes of labels of which nothing has left."""

    @property
    def capabilities(self) -> PrinterCapabilities:
        """What it prints on a disc is there; a sheet is laid there by a person."""
        return PrinterCapabilities(attaches=self._settings.on_disc)

    def __enter__(self) -> Self:
        """Read the password, and see that there is a printer."""
        if self._settings.password_file:
            try:
                line = self._settings.password_file.read_text("utf-8").splitlines()[0]
            except (OSError, IndexError, UnicodeDecodeError) as error:
                message = f"password_file {self._settings.password_file}: {error}"
                raise DeviceFault(FaultKind.OPERATOR_ACTION, message) from error
            if not self._settings.uri.startswith(("ipps:", "https:")):
                message = "a password is sent over TLS only: use an ipps:// URI"
                raise DeviceFault(FaultKind.OPERATOR_ACTION, message)
            self._talk.password = line
        self._about("printer-state")
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Nothing is held: each question is a connection of its own."""

    def wanted(self, stock: Stock) -> Wanted:
        """PDF or PNG; whether there is such a medium is asked when a label is to be printed."""
        size = f"{stock.kind} of {stock.width:g} x {stock.height:g} mm"
        if (stock.kind is StockKind.DISC) != self._settings.on_disc:
            own = "discs" if self._settings.on_disc else "sheets and stickers"
            message = f"it prints on {own}, not on a {size}"
            raise DeviceFault(FaultKind.BAD_REQUEST, message)
        if max(stock.width, stock.height) > _LARGEST:
            raise DeviceFault(FaultKind.BAD_REQUEST, f"no printer has a {size}")
        return Wanted(form=_FORMS[self._settings.form], dpi=self._settings.dpi)

    def look(self) -> DeviceState:
        """Its state, its reasons, its supplies."""
        found = self._about(
            "printer-state",
            "printer-state-reasons",
            "printer-is-accepting-jobs",
            "printer-make-and-model",
            "printer-uuid",
            "marker-names",
            "marker-levels",
        )
        condition = self._condition(found)
        kind, message = condition or (None, "")
        return DeviceState(
            unit=Unit(
                product=str(_one(found, "printer-make-and-model", ""))[:80],
                serial=str(_one(found, "printer-uuid", "")).removeprefix("urn:uuid:")[:40],
                place=self._settings.uri,
            ),
            condition=kind,
            message=message,
            supplies=tuple(_supplies(found)),
        )

    def print(self, job: PrintJob, artwork: Artwork, cancel: Cancel) -> str:
        """Print-Job, then wait until it is completed."""
        self._unsent.add(job.code)
        options = self._options(artwork)
        state = self.look()
        if state.condition:
            raise DeviceFault(state.condition, state.message)
        given: Given = (
            ("job-name", Tag.NAME, job.code),
            ("document-name", Tag.NAME, job.title or job.code),
            ("document-format", Tag.MIME, artwork.form.value),
            ("ipp-attribute-fidelity", Tag.BOOLEAN, True),
        )
        self._validate(given, options)
        cancel.check()
        self._unsent.discard(job.code)
        answer = self._ask(Operation.PRINT_JOB, given, options, artwork.data)
        if not answer.good:
            raise _refused(answer)
        number = _one(answer.first(Group.JOB), "job-id", None)
        if not isinstance(number, int):
            raise DeviceFault(FaultKind.UNKNOWN_REPLY, "it took a job and gave it no number")
        self._await(number, cancel)
        return "on the disc in its tray" if self._settings.on_disc else "its output tray"

    def examine(self, job: PrintJob) -> Printed:
        """Ask for the jobs of this code; one that has not ended is cancelled first."""
        found = [one for which in ("not-completed", "completed") for one in self._jobs(which, job.code)]
        for number, state in found:
            if state not in ENDED:
                self._cancel(number)
        states = [self._job(number)[0] for number, _ in found]
        if JobState.COMPLETED in states:
            return Printed.YES
        if not found:
            return Printed.NO if job.code in self._unsent else Printed.UNKNOWN
        ended = all(state in ENDED for state in states)
        return Printed.NO if ended and all(self._blank(number) for number, _ in found) else Printed.UNKNOWN

    # --- a job -------------------------------------------------------------------------------------------

    def _options(self, artwork: Artwork) -> Given:
        """The attributes of the job: the medium. Raises BAD_REQUEST where the printer does not have it."""
        about = self._about("document-format-supported", "media-supported", "media-ready")
        formats = [str(one) for one in about.get("document-format-supported", [])]
        if formats and artwork.form.value not in formats:
            message = f"it does not take {artwork.form.value}, only {', '.join(formats)[:200]}"
            raise DeviceFault(FaultKind.BAD_REQUEST, message)
        media = [str(one) for one in about.get("media-supported", [])]
        wanted = self._settings.media or _of_size(artwork.stock, media)
        if not wanted or (media and wanted not in media):
            size = f"{artwork.stock.width:g} x {artwork.stock.height:g} mm"
            lacks = wanted or f"{artwork.stock.kind} of {size}"
            message = f"it has no {lacks}; it offers {', '.join(media)[:300]}"
            raise DeviceFault(FaultKind.BAD_REQUEST, message)
        return (
            ("media", Tag.KEYWORD, wanted),
            ("copies", Tag.INTEGER, 1),
            ("print-scaling", Tag.KEYWORD, "none"),
        )

    def _validate(self, given: Given, options: Given) -> None:
        """Have it say beforehand whether it takes such a job. Not every printer can."""
        answer = self._ask(Operation.VALIDATE_JOB, given, options)
        if not answer.good and answer.status != _NOT_SUPPORTED:
            raise _refused(answer)

    def _await(self, number: int, cancel: Cancel) -> None:
        """Until the job is completed. What does not come out is cancelled; if it comes out all the same, that
        counts."""
        end = time.monotonic() + self._settings.print_timeout
        while True:
            state, reasons = self._job(number)
            if state == JobState.COMPLETED:
                return
            if state in ENDED:
                text = f"the job was {state.name.lower()}: {', '.join(reasons) or 'it does not say why'}"
                raise DeviceFault(*(self._condition_now() or (FaultKind.OPERATOR_ACTION, text)))
            wrong = self._trouble(state, reasons, end)
            if wrong or cancel:
                if self._cancelled_in_time(number):
                    if wrong:
                        raise wrong
                    if self._blank(number):
                        raise Cancelled("stopped on request")
                    raise DeviceFault(FaultKind.OPERATOR_ACTION, "it was stopped in the middle of a label")
                return
            self._sleep(_POLL)

    def _trouble(self, state: JobState, reasons: list[str], end: float) -> DeviceFault | None:
        """Why a job that has not ended should not be waited for."""
        condition = self._condition_now()
        if condition and condition[0] is not FaultKind.DEVICE_BUSY:
            return DeviceFault(*condition)
        if state == JobState.HELD:
            return DeviceFault(FaultKind.OPERATOR_ACTION, f"it holds the job: {', '.join(reasons)}")
        if time.monotonic() > end:
            if condition:
                return DeviceFault(*condition)
            message = f"a label did not come out within {self._settings.print_timeout:g} s"
            return DeviceFault(FaultKind.DEVICE_BUSY, message)
        return None

    def _cancelled_in_time(self, number: int) -> bool:
        """Cancel a job; False where it was completed first."""
        self._cancel(number)
        return self._job(number)[0] != JobState.COMPLETED

    def _blank(self, number: int) -> bool:
        """Whether a job has ended and the printer says that nothing of it came out."""
        names = ("job-impressions-completed", "job-media-sheets-completed")
        found = self._about_job(number, *names)
        counted = [_one(found, name, None) for name in names if name in found]
        return bool(counted) and all(count == 0 for count in counted)

    def _cancel(self, number: int) -> None:
        with suppress(DeviceFault):
            self._ask(Operation.CANCEL_JOB, (("job-id", Tag.INTEGER, number),))

    def _job(self, number: int) -> tuple[JobState, list[str]]:
        found = self._about_job(number, "job-state", "job-state-reasons")
        try:
            state = JobState(_one(found, "job-state", 0))
        except ValueError:
            raise DeviceFault(FaultKind.UNKNOWN_REPLY, f"job {number} is in no state that is known") from None
        return state, [str(one) for one in found.get("job-state-reasons", []) if one != "none"]

    def _about_job(self, number: int, *names: str) -> Attributes:
        asked: Given = (
            ("job-id", Tag.INTEGER, number),
            ("requested-attributes", Tag.KEYWORD, list(names)),
        )
        answer = self._ask(Operation.GET_JOB_ATTRIBUTES, asked)
        if not answer.good:
            raise DeviceFault(FaultKind.UNKNOWN_REPLY, f"it knows nothing of job {number}: {answer.text}")
        return answer.first(Group.JOB)

    def _jobs(self, which: str, code: str) -> Iterator[tuple[int, int]]:
        """Number and state of the jobs of a label."""
        asked: Given = (
            ("limit", Tag.INTEGER, 500),
            ("which-jobs", Tag.KEYWORD, which),
            ("requested-attributes", Tag.KEYWORD, ["job-id", "job-name", "job-state"]),
        )
        answer = self._ask(Operation.GET_JOBS, asked)
        for job in answer.every(Group.JOB) if answer.good else []:
            number = _one(job, "job-id", None)
            if _one(job, "job-name", "") == code and isinstance(number, int):
                yield number, _one(job, "job-state", 0)

    # --- questions ---------------------------------------------------------------------------------------

    def _condition(self, found: Attributes) -> tuple[FaultKind, str] | None:
        reasons = [str(one) for one in found.get("printer-state-reasons", [])]
        condition = condition_of(_one(found, "printer-state", PrinterState.IDLE), reasons)
        if condition is None and _one(found, "printer-is-accepting-jobs", True) is False:
            return FaultKind.OPERATOR_ACTION, "it accepts no jobs"
        return condition

    def _condition_now(self) -> tuple[FaultKind, str] | None:
        return self._condition(self._about(*_STATE))

    def _about(self, *names: str) -> Attributes:
        """Attributes of the printer."""
        asked: Given = (("requested-attributes", Tag.KEYWORD, list(names)),)
        answer = self._ask(Operation.GET_PRINTER_ATTRIBUTES, asked)
        if not answer.good:
            raise _refused(answer)
        found = answer.first(Group.PRINTER)
        if "printer-state" in names and not isinstance(_one(found, "printer-state", None), int):
            raise DeviceFault(FaultKind.UNKNOWN_REPLY, "asked for its state it says nothing of it")
        return found

    def _ask(self, operation: Operation, given: Given, job: Given = (), document: bytes = b"") -> Message:
        with _as_faults(self._settings.uri):
            return self._talk.ask(operation, given, job, document)


_STATE: Final = ("printer-state", "printer-state-reasons", "printer-is-accepting-jobs")


def _one(found: Mapping[str, list[Any]], name: str, absent: Any) -> Any:
    values = found.get(name) or [absent]
    return values[0]


def _supplies(found: Attributes) -> Iterator[Supply]:
    """Ink and toner with the percent that is left; negative levels say that it is not known."""
    for name, level in zip(found.get("marker-names", []), found.get("marker-levels", []), strict=False):
        known = isinstance(level, int) and 0 <= level <= 100
        yield Supply(name=str(name)[:60], percent=level if known else None)


def _of_size(stock: Stock, media: list[str]) -> str:
    """The medium whose size is that of the stock: `iso_a4_210x297mm`. Empty where there is none.

    A disc's name has the diameters of its ring: `disc_standard_40x118mm`. Of sheets the one that lies the
    other way round will do: an envelope is `iso_dl_110x220mm`, and its label is written along it.
    """
    disc = stock.kind is StockKind.DISC
    size = (stock.inner, stock.outer) if disc else (stock.width, stock.height)
    sizes = [(name, _size_of(name)) for name in media if name.startswith("disc_") == disc]
    for wanted in (size,) if disc else (size, size[::-1]):
        for name, found in sizes:
            if found and all(
                abs(one - other) <= _TOLERANCE for one, other in zip(found, wanted, strict=True)
            ):
                return name
    return ""


def _size_of(name: str) -> tuple[float, float] | None:
    """Millimetres, as PWG 5101.1 writes them at the end of a name."""
    found = _SIZE.search(name)
    if not found:
        return None
    scale = _INCH if found[3] == "in" else 1.0
    return float(found[1]) * scale, float(found[2]) * scale


def _refused(answer: Message) -> DeviceFault:
    """A refusal: of the request for good, or for now."""
    if answer.status == _BUSY:
        return DeviceFault(FaultKind.DEVICE_BUSY, f"it is busy: {answer.text}")
    if answer.status in _NOT_NOW:
        return DeviceFault(FaultKind.OPERATOR_ACTION, f"it takes no job: {answer.text}")
    if 0x0400 <= answer.status < 0x0500:
        return DeviceFault(FaultKind.BAD_REQUEST, f"it refuses the label: {answer.text}")
    return DeviceFault(FaultKind.UNKNOWN_REPLY, f"it answers {answer.status:04x}: {answer.text}")


@contextmanager
def _as_faults(uri: str) -> Iterator[None]:
    try:
        yield
    except Denied as error:
        raise DeviceFault(FaultKind.OPERATOR_ACTION, f"{uri}: {error}") from error
    except Unanswered as error:
        text = f"{uri}: {error.strerror}: is it switched on and connected?"
        raise DeviceFault(FaultKind.DEVICE_OFFLINE, text) from error
    except Odd as error:
        raise DeviceFault(FaultKind.UNKNOWN_REPLY, f"{uri}: {error}") from error
