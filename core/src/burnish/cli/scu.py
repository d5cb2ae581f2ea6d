"""`burnish scu …`: a client for any media creation SCP.

Exit status: 0 as wanted, 1 otherwise, 2 a wrong call, 3 the time that was given is over.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

from pydicom.dataset import Dataset

from burnish.cli import complain, say
from burnish.cli.address import parse_address
from burnish.cli.progress import progress
from burnish.cli.reach import How, seconds
from burnish.dicom.scu import Client, Exchange, Reach, Renaming, ScuError, StoreResult
from burnish.dicom.scu.values import apply, read_attributes, tag_named, unset
from burnish.dicom.values import data_set
from burnish.errors import BurnishError, ConfigError
from burnish.fileset.files import find_files
from burnish.fileset.opening import Unopened, open_strictly
from burnish.terms import ExecutionStatus

STATUS = (
    "ExecutionStatus",
    "ExecutionStatusInfo",
    "TotalNumberOfPiecesOfMediaCreated",
    "FailedSOPSequence",
    "ReferencedStorageMediaSequence",
)
ENDED: Final = (ExecutionStatus.DONE, ExecutionStatus.FAILURE)
TIME_IS_OVER: Final = 3
_POLL = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found."""

    document: dict[str, Any]
    text: str
    code: int = 0


class TooLate(BurnishError):
    """A request takes longer than it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What a call says of attributes."""

    settings: Sequence[str] = ()
    unset: Sequence[str] = ()
    attributes: Path | None = None
    as_is: bool = False
    into: Dataset = field(default_factory=Dataset)

    def built(self) -> Dataset:
        """What is given otherwise, then what a file has, then what is set and unset. Raises ConfigError."""
        if self.attributes:
            self.into.update(read_attributes(_text_of(self.attributes), f"--attributes {self.attributes}"))
        apply(self.into, self.settings, as_is=self.as_is)
        unset(self.into, self.unset)
        return self.into


def _text_of(path: Path) -> str:
    if str(path) == "-":
        return sys.stdin.read()
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--attributes {path}: {error}") from error


def perform(how: How, do: Callable[[Client], Answer]) -> int:
    """Do it and say what came of it, in JSON where that is wanted, errors too; the exit status."""
    client: Client | None = None
    try:
        client = how.client()
        answer = do(client)
    except BurnishError as error:
        if not how.as_json:
            raise
        say(json.dumps({"error": str(error), **_status_of(error), **_exchanged(client)}, indent=2))
        return 2 if isinstance(error, ConfigError) else 1
    if how.as_json:
        say(json.dumps({**answer.document, **_exchanged(client)}, indent=2, default=str))
    else:
        say(answer.text)
    return answer.code


def _status_of(error: BurnishError) -> dict[str, str]:
    known = isinstance(error, ScuError) and error.status is not None
    return {"status": f"{error.status:04X}", "comment": error.comment} if known else {}  # type: ignore[attr-defined]


def _exchanged(client: Client | None) -> dict[str, Any]:
    """Every request and answer; of many that say the same, as those of a poll, the last."""
    found: list[Exchange] = []
    for one in client.exchanges if client else ():
        if found and one.operation == "N-GET" == found[-1].operation and one.status == found[-1].status:
            found.pop()
        found.append(one)
    return {
        "exchanges": [
            {
                "operation": one.operation,
                "status": None if one.status is None else f"{one.status:04X}",
                "name": one.name,
                "comment": one.comment,
                "at": datetime.fromtimestamp(one.at, UTC).isoformat(timespec="milliseconds"),
                "seconds": round(one.seconds, 4),
            }
            for one in found
        ]
    }


def client_of(to: str, ae: str) -> Client:
    """A client for AE@HOST:PORT. Raises ConfigError where that is not how it is spelt."""
    called, host, port = parse_address(to)
    return Client(Reach(host, port, called, ae))


def references_of(paths: Sequence[Path]) -> dict[str, dict[str, str]]:
    """Referenced SOP Sequence items by instance UID; what is no DICOM file is said and left out."""
    found: dict[str, dict[str, str]] = {}
    for path in find_files(paths):
        try:
            with path.open("rb") as file:
                meta = open_strictly(file.read(1 << 16)).meta
        except (Unopened, OSError) as error:
            complain(f"left out {path}: {error}")
            continue
        item = {"ReferencedSOPClassUID": meta.sop_class, "ReferencedSOPInstanceUID": meta.sop_instance}
        found.setdefault(meta.sop_instance, item)
    return found


def items_of(results: Iterable[StoreResult]) -> list[dict[str, str]]:
    """Referenced SOP Sequence items of what was stored, each once."""
    found = {result.sent_as or result.sop_instance: result.sop_class for result in results if result.stored}
    return [
        {"ReferencedSOPClassUID": sop_class, "ReferencedSOPInstanceUID": uid}
        for uid, sop_class in found.items()
    ]


def attributes_of(items: Iterable[dict[str, str]], profile: str, values: Values | None = None) -> Dataset:
    """An N-CREATE attribute list. Raises ConfigError."""
    asked = {"RequestedMediaApplicationProfile": profile} if profile else {}
    built = data_set({"ReferencedSOPSequence": [item | asked for item in items]})
    given = values or Values()
    return Values(
        settings=given.settings,
        unset=given.unset,
        attributes=given.attributes,
        as_is=given.as_is,
        into=built,
    ).built()


def echo(how: How) -> int:
    """C-ECHO."""

    def do(client: Client) -> Answer:
        client.echo()
        return Answer({"echo": True}, "ok")

    return perform(how, do)


def store(paths: list[Path], how: How, *, new_uids: bool) -> int:
    """C-STORE; 0 where every file was taken."""

    def do(client: Client) -> Answer:
        renaming = Renaming() if new_uids else None
        results = send(client, find_files(paths), renaming)
        stored = sum(result.stored for result in results)
        document = {"files": [_file(result) for result in results], "uids": renaming.uids if renaming else {}}
        return Answer(document, f"{stored} of {len(results)} stored", 0 if stored == len(results) else 1)

    return perform(how, do)


def _file(result: StoreResult) -> dict[str, Any]:
    return {
        "path": str(result.path),
        "stored": result.stored,
        "uid": result.sent_as or result.sop_instance,
        "status": None if result.status is None else f"{result.status:04X}",
        "reason": reason_of(result),
    }


def send(client: Client, files: Sequence[Path], renaming: Renaming | None = None) -> list[StoreResult]:
    """Store with a bar; what was not taken is said."""
    with progress() as report:
        sent = count(1)
        results = client.store(files, lambda _: report("sending", next(sent), len(files)), renaming)
    for result in results:
        if not result.stored:
            complain(f"not stored {result.path}: {reason_of(result)}")
    return results


def reason_of(result: StoreResult) -> str:
    """Why a file was not stored; empty where it was."""
    if result.stored:
        return ""
    status = "" if result.status is None else f"status {result.status:04X} "
    return f"{status}{result.comment}".strip()


def create(paths: list[Path], how: How, profile: str, uid: str | None, values: Values) -> int:
    """N-CREATE."""

    def do(client: Client) -> Answer:
        attributes = attributes_of(references_of(paths).values(), profile, values)
        made = client.create(attributes, own_uid(uid))
        return Answer({"uid": made}, made)

    return perform(how, do)


def own_uid(given: str | None) -> str | None:
    """The UID of a request: as given, one of ours for `new`, None to let the SCP assign it."""
    from pydicom.uid import generate_uid

    return str(generate_uid()) if given == "new" else given


def initiate(uid: str, how: How, copies: int | None, priority: str | None, values: Values) -> int:
    """N-ACTION 1."""
    from burnish.dicom.creation import INITIATE

    def do(client: Client) -> Answer:
        information = arguments_of(copies, priority, values)
        client.act(uid, INITIATE, information if len(information) else None)
        return Answer({"uid": uid, "started": True}, "started")

    return perform(how, do)


def arguments_of(copies: int | None, priority: str | None, values: Values) -> Dataset:
    """Action information. Raises ConfigError."""
    told = {"NumberOfCopies": copies, "RequestPriority": priority}
    built = data_set({keyword: value for keyword, value in told.items() if value})
    return Values(settings=values.settings, as_is=values.as_is, into=built).built()


def cancel(uid: str, how: How) -> int:
    """N-ACTION 2."""

    def do(client: Client) -> Answer:
        client.cancel(uid)
        return Answer({"uid": uid, "cancelled": True}, "cancelled")

    return perform(how, do)


def get(uid: str, how: How, keywords: Sequence[str]) -> int:
    """N-GET."""

    def do(client: Client) -> Answer:
        from pydicom.datadict import keyword_for_tag

        asked = [keyword_for_tag(tag_named("--key", name)) or name for name in keywords]
        values = client.get(uid, asked)
        return Answer(values, "\n".join(f"{keyword}: {value}" for keyword, value in values.items()))

    return perform(how, do)


def wait_for(uid: str, how: How, until: str, timeout: str, poll: str) -> int:
    """Poll until a request is in one of these states; 3 where that takes too long."""
    wanted = [one.strip().upper() for one in until.split(",")]
    if unknown := sorted(set(wanted) - set(ExecutionStatus)):
        raise ConfigError(f"--until {unknown[0]!r} is no Execution Status; try 'DONE'")

    def do(client: Client) -> Answer:
        limit, pause = seconds("--timeout", timeout), seconds("--poll", poll)
        try:
            status = wait(client, uid, _telling(how), (*wanted, *ENDED), limit, pause)
        except TooLate as error:
            return Answer({"uid": uid, "timeout": True}, f"{uid}: {error}", TIME_IS_OVER)
        reached = status["ExecutionStatus"] in wanted
        return Answer({"uid": uid, **status}, outcome(uid, status), 0 if reached else 1)

    return perform(how, do)


def _telling(how: How) -> Callable[[str], None]:
    """Says each change as it comes, with the time; with --json on stderr."""

    def tell(told: str) -> None:
        line = f"{datetime.now().astimezone():%H:%M:%S} {told}"
        if how.as_json:
            print(line, file=sys.stderr, flush=True)  # noqa: T201 - stdout is one document
        else:
            say(line)

    return tell


@dataclass(frozen=True, slots=True)
class Job:
    """What `make` asks for."""

    profile: str
    copies: int
    priority: str | None
    uid: str | None
    values: Values
    timeout: str
    """Longest; empty: as long as it takes."""
    cancel_late: bool = False


def make(paths: list[Path], how: How, job: Job, *, new_uids: bool) -> int:
    """The whole job; 0 where it ends DONE, 3 where it takes too long."""

    def do(client: Client) -> Answer:
        renaming = Renaming() if new_uids else None
        items = items_of(send(client, find_files(paths), renaming))
        if not items:
            raise BurnishError("nothing was stored, so there is nothing to make")
        answer = _made(client, how, job, items)
        uids = {"uids": renaming.uids} if renaming else {}
        return replace(answer, document={**answer.document, **uids})

    return perform(how, do)


def _made(client: Client, how: How, job: Job, items: list[dict[str, str]]) -> Answer:
    """Ask, start, wait."""
    limit = seconds("--timeout", job.timeout) if job.timeout else None
    uid = client.create(attributes_of(items, job.profile, job.values), own_uid(job.uid))
    client.initiate(uid, job.copies, job.priority)
    try:
        status = wait(client, uid, _telling(how), limit=limit)
    except TooLate as error:
        if job.cancel_late:
            client.cancel(uid)
        late = {"uid": uid, "timeout": True, "cancelled": job.cancel_late}
        return Answer(late, f"{uid}: {error}", TIME_IS_OVER)
    done = status["ExecutionStatus"] == ExecutionStatus.DONE
    return Answer({"uid": uid, **status}, outcome(uid, status), 0 if done else 1)


def wait(
    client: Client,
    uid: str,
    tell: Callable[[str], None],
    until: Sequence[str] = ENDED,
    limit: float | None = None,
    poll: float = _POLL,
) -> dict[str, Any]:
    """Poll until a request is in one of these states, telling each change. Raises TooLate after `limit` s."""
    last, end = "", time.monotonic() + (limit if limit is not None else float("inf"))
    while True:
        status = client.get(uid, list(STATUS))
        pieces = status.get("TotalNumberOfPiecesOfMediaCreated")
        told = f"{status.get('ExecutionStatus')} {status.get('ExecutionStatusInfo')}, {pieces} made"
        if told != last:
            tell(told)
            last = told
        if status.get("ExecutionStatus") in until:
            return status
        if time.monotonic() > end:
            raise TooLate(f"after {limit:g} s still {told}")
        time.sleep(poll)


def outcome(uid: str, status: dict[str, Any]) -> str:
    """How it ended, in a line."""
    media = ", ".join(
        f"{item.get('StorageMediaFileSetID')} ({item.get('StorageMediaFileSetUID')})"
        for item in status.get("ReferencedStorageMediaSequence") or ()
    )
    failed = "; ".join(
        f"{item.get('ReferencedSOPInstanceUID')}: {item.get('FailureReason', 0):04X}"
        for item in status.get("FailedSOPSequence") or ()
    )
    return f"{uid}: {status.get('ExecutionStatus')} {media or failed}".rstrip()


def conformance(how: How, form: str, out: Path | None) -> int:
    """The conformance statement of this client."""
    from burnish.cli.conformance import written
    from burnish.conformance.client import client_statement

    written(client_statement(how.reach(), how.retried()), form, out)
    return 0
