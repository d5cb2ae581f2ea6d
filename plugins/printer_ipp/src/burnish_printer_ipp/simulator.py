"""An IPP printer made of Python: an HTTP server on a port of its own, a peer of the conformance kit.

It answers the operations that the driver needs, keeps the documents that it printed, and has trouble when it
is told to. A job is completed when it was asked about `slow` times; in trouble it stays where it is.
"""

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final, Self

from burnish.testing.printers import Trouble

from burnish_printer_ipp.message import Given, Group, Operation, Tag, request, response
from burnish_printer_ipp.states import JobState, PrinterState

REASONS: Final = {
    Trouble.EMPTY: "media-empty-error",
    Trouble.DRY: "marker-supply-empty-error",
    Trouble.OPEN: "cover-open-error",
    Trouble.JAMMED: "media-jam-error",
    Trouble.PAUSED: "paused",
    Trouble.BROKEN: "other-error",
}
FORMATS: Final = ("application/octet-stream", "application/pdf", "image/png", "image/pwg-raster")
MEDIA: Final = ("iso_a4_210x297mm", "na_letter_8.5x11in", "om_card_54x86mm", "custom_label_50x30mm")
_OK, _BAD, _NOT_FOUND, _BUSY, _VALUE, _LACKS = 0, 0x0400, 0x0406, 0x0507, 0x040B, 0x0501


@dataclass
class Job:
    """One that it was given."""

    number: int
    name: str
    document: bytes
    media: str
    state: JobState = JobState.PENDING
    asked: int = 0
    impressions: int = 0


@dataclass
class IppPeer:
    """The printer."""

    media: tuple[str, ...] = MEDIA
    slow: int = 1
    """Questions about a job until it is completed."""
    begins: Trouble | None = None
    """Trouble that begins when a job arrives."""
    counts: bool = True
    """Whether it tells how many impressions of a job are completed."""
    forgets: bool = False
    """Whether it tells nothing of jobs that have ended."""
    validates: bool = True
    reasons: tuple[str, ...] = ()
    """What it says beside the reason of its trouble."""
    jobs: list[Job] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)
    """Operations, in order."""
    port: int = 0

    troubles: ClassVar[frozenset[Trouble]] = frozenset(Trouble)

    def __post_init__(self) -> None:
        self._trouble: Trouble | None = None
        self._server: ThreadingHTTPServer | None = None

    @property
    def uri(self) -> str:
        """For the driver."""
        return f"ipp://127.0.0.1:{self.port}/ipp/print"

    @property
    def printed(self) -> list[Job]:
        """Jobs of which a label came out."""
        return [job for job in self.jobs if job.impressions]

    def suffer(self, trouble: Trouble | None) -> None:
        """Be in trouble, or well again: jobs that wait come out then."""
        if trouble is Trouble.GONE:
            self._stop()
        elif self._server is None:
            self._start()
        self._trouble = trouble
        if trouble is None:
            for job in self.jobs:
                self._work(job, at_once=True)

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop()

    def _start(self) -> None:
        peer = self

        class Handler(BaseHTTPRequestHandler):
            """HTTP around IPP."""

            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Answer a question."""
                answer = peer.hear(self._body())
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/ipp")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def _body(self) -> bytes:
                """Of a stated length, or in chunks (RFC 9112 7.1)."""
                if "Content-Length" in self.headers:
                    return self.rfile.read(int(self.headers["Content-Length"]))
                found = b""
                while length := int(self.rfile.readline(), 16):
                    found += self.rfile.read(length)
                    self.rfile.readline()
                self.rfile.readline()
                return found

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    def _stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    # --- operations --------------------------------------------------------------------------------------

    def hear(self, data: bytes) -> bytes | None:
        """The answer to a request; None: the connection ends without one."""
        message, number = response(data)
        self.heard.append(message.status)
        if self._trouble is Trouble.SILENT:
            threading.Event().wait(1.5)
            return None
        if self._trouble is Trouble.NONSENSE:
            return b"\x01\x01\x00\x00\x00\x00\x00\x63PAPER CUT" * 3
        operation, asked = message.status, message.first(Group.OPERATION)
        match operation:
            case Operation.GET_PRINTER_ATTRIBUTES:
                status, groups = _OK, {Group.PRINTER: self._about()}
            case Operation.VALIDATE_JOB if not self.validates:
                status, groups = _LACKS, {}
            case Operation.VALIDATE_JOB:
                status, groups = self._valid(asked, message.first(Group.JOB)), {}
            case Operation.PRINT_JOB:
                if self._trouble is Trouble.CUT:
                    return None
                status, groups = self._take(asked, message.first(Group.JOB), _document(data))
            case Operation.GET_JOBS:
                return data[:2] + self._list(asked, number)[2:]
            case Operation.GET_JOB_ATTRIBUTES | Operation.CANCEL_JOB:
                status, groups = self._about_job(operation, asked)
            case _:
                status, groups = _LACKS, {}
        return (
            data[:2] + _answer(status, number, [*groups.items()])[2:]
        )  # in the version that it was asked in

    def _about(self) -> Given:
        reasons = [*self.reasons, *([REASONS[self._trouble]] if self._trouble in REASONS else [])]
        waits = any(job.state in (JobState.PENDING, JobState.PROCESSING) for job in self.jobs)
        state = PrinterState.PROCESSING if waits else PrinterState.IDLE
        if self._trouble in REASONS:
            state = PrinterState.STOPPED
        return (
            ("printer-state", Tag.ENUM, int(state)),
            ("printer-state-reasons", Tag.KEYWORD, reasons or "none"),
            ("printer-is-accepting-jobs", Tag.BOOLEAN, True),
            ("printer-make-and-model", Tag.TEXT, "Simulated IPP Printer"),
            ("printer-uuid", Tag.URI, "urn:uuid:00000000-0000-4000-8000-000000000001"),
            ("document-format-supported", Tag.MIME, list(FORMATS)),
            ("media-supported", Tag.KEYWORD, list(self.media)),
            ("marker-names", Tag.NAME, ["black", "cyan"]),
            ("marker-levels", Tag.INTEGER, [0 if self._trouble is Trouble.DRY else 70, -2]),
        )

    def _valid(self, asked: dict[str, list[Any]], job: dict[str, list[Any]]) -> int:
        known = asked.get("document-format", ["application/pdf"])[0] in FORMATS
        return _OK if known and job.get("media", [self.media[0]])[0] in self.media else _VALUE

    def _take(
        self, asked: dict[str, list[Any]], job: dict[str, list[Any]], document: bytes
    ) -> tuple[int, dict[Group, Given]]:
        if self._trouble is Trouble.BUSY:
            return _BUSY, {}
        if status := self._valid(asked, job):
            return status, {}
        name = str(asked.get("job-name", ["untitled"])[0])
        made = Job(len(self.jobs) + 1, name, document, str(job.get("media", [""])[0]))
        self.jobs.append(made)
        self._trouble = self.begins or self._trouble
        return _OK, {Group.JOB: self._told(made)}

    def _told(self, job: Job) -> Given:
        counted: Given = (("job-impressions-completed", Tag.INTEGER, job.impressions),) if self.counts else ()
        return (
            ("job-id", Tag.INTEGER, job.number),
            ("job-uri", Tag.URI, f"{self.uri}/{job.number}"),
            ("job-name", Tag.NAME, job.name),
            ("job-state", Tag.ENUM, int(job.state)),
            ("job-state-reasons", Tag.KEYWORD, "none"),
            *counted,
        )

    def _about_job(self, operation: int, asked: dict[str, list[Any]]) -> tuple[int, dict[Group, Given]]:
        number = asked.get("job-id", [0])[0]
        if not 1 <= number <= len(self.jobs):
            return _NOT_FOUND, {}
        job = self.jobs[number - 1]
        if operation == Operation.CANCEL_JOB:
            job.state = max(job.state, JobState.CANCELED)
            return _OK, {}
        self._work(job)
        return _OK, {Group.JOB: self._told(job)}

    def _work(self, job: Job, *, at_once: bool = False) -> None:
        """Go on with a job."""
        if job.state >= JobState.CANCELED or self._trouble in REASONS:
            return
        job.asked += 1
        job.state = JobState.PROCESSING
        if at_once or job.asked >= self.slow:
            job.state, job.impressions = JobState.COMPLETED, 1

    def _list(self, asked: dict[str, list[Any]], number: int) -> bytes:
        ended = asked.get("which-jobs", ["not-completed"])[0] == "completed"
        found = [job for job in self.jobs if (job.state >= JobState.CANCELED) == ended]
        if ended and self.forgets:
            found = []
        return _answer(_OK, number, [(Group.JOB, self._told(job)) for job in found])


def _answer(status: int, number: int, groups: list[tuple[Group, Given]]) -> bytes:
    """A response: a request with a status instead of an operation. Jobs are groups of their own."""
    head = request(status, number, {Group.OPERATION: ()})  # type: ignore[arg-type]
    bodies = [request(status, number, {group: given})[8:-1] for group, given in groups]  # type: ignore[arg-type]
    return head[:-1] + b"".join(bodies) + head[-1:]


def _document(data: bytes) -> bytes:
    """What stands behind the attributes of a request."""
    from burnish_printer_ipp.message import _Reader

    reader = _Reader(data, 8)
    with suppress(StopIteration):
        for _ in reader.groups():
            pass
    return data[reader._at :]
