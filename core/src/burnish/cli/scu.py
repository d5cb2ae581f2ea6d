"""`burnish scu …`: a client for any media creation SCP."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from burnish.cli import complain, say
from burnish.cli.address import parse_address
from burnish.cli.progress import progress
from burnish.dicom.scu import Client, StoreResult
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
_POLL = 0.1


def client_of(to: str, ae: str) -> Client:
    """A client for AE@HOST:PORT. Raises ConfigError where that is not how it is spelt."""
    called, host, port = parse_address(to)
    return Client(host, port, called, ae)


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


def echo(to: str, ae: str) -> None:
    """C-ECHO."""
    client_of(to, ae).echo()
    say("ok")


def store(paths: list[Path], to: str, ae: str, *, as_json: bool) -> int:
    """C-STORE; 0 where every file was taken."""
    results = send(client_of(to, ae), find_files(paths))
    if as_json:
        told = [{"path": str(r.path), "stored": r.stored, "reason": reason_of(r)} for r in results]
        say(json.dumps(told, indent=2))
    else:
        say(f"{sum(r.stored for r in results)} of {len(results)} stored")
    return 0 if all(r.stored for r in results) else 1


def send(client: Client, files: Sequence[Path]) -> list[StoreResult]:
    """Store with a bar; what was not taken is said."""
    with progress() as report:
        sent = count(1)
        results = client.store(files, lambda _: report("sending", next(sent), len(files)))
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


def create(paths: list[Path], to: str, ae: str, profile: str, uid: str | None, settings: list[str]) -> None:
    """N-CREATE."""
    items = references_of(paths).values()
    say(client_of(to, ae).create(attributes_of(items, profile, settings), uid))


def attributes_of(items: Iterable[dict[str, str]], profile: str, settings: Sequence[str]) -> dict[str, Any]:
    """An N-CREATE attribute list. Raises ConfigError for a setting that is not KEYWORD=VALUE."""
    asked = {"RequestedMediaApplicationProfile": profile} if profile else {}
    attributes: dict[str, Any] = {"ReferencedSOPSequence": [item | asked for item in items]}
    for setting in settings:
        keyword, equals, value = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set {setting!r} is not KEYWORD=VALUE; try 'LabelText=Ward 7'")
        attributes[_keyword("--set", keyword)] = value
    return attributes


def _keyword(option: str, keyword: str) -> str:
    """The keyword of an attribute. Raises ConfigError for a word that is none."""
    from pydicom.datadict import tag_for_keyword

    if tag_for_keyword(keyword) is None:
        raise ConfigError(f"{option} {keyword!r} is not a DICOM keyword; try 'LabelText'")
    return keyword


def initiate(uid: str, to: str, ae: str, copies: int | None, priority: str | None) -> None:
    """N-ACTION 1."""
    client_of(to, ae).initiate(uid, copies, priority)
    say("started")


def cancel(uid: str, to: str, ae: str) -> None:
    """N-ACTION 2."""
    client_of(to, ae).cancel(uid)
    say("cancelled")


def get(uid: str, to: str, ae: str, keywords: Sequence[str], *, as_json: bool) -> None:
    """N-GET."""
    asked = [_keyword("--key", keyword) for keyword in keywords]
    values = client_of(to, ae).get(uid, asked)
    if as_json:
        say(json.dumps(values, indent=2, default=str))
        return
    for keyword, value in values.items():
        say(f"{keyword}: {value}")


def make(
    paths: list[Path],
    to: str,
    ae: str,
    profile: str,
    copies: int,
    priority: str | None,
    settings: list[str],
    *,
    as_json: bool,
) -> int:
    """The whole job; 0 where it ends DONE."""
    client = client_of(to, ae)
    sent = send(client, find_files(paths))
    items = references_of([result.path for result in sent if result.stored])
    if not items:
        raise BurnishError("nothing was stored, so there is nothing to make")
    uid = client.create(attributes_of(items.values(), profile, settings), None)
    client.initiate(uid, copies, priority)
    status = wait(client, uid, lambda told: None if as_json else say(told))
    say(json.dumps({"uid": uid, **status}, indent=2, default=str) if as_json else _outcome(uid, status))
    return 0 if status["ExecutionStatus"] == ExecutionStatus.DONE else 1


def wait(client: Client, uid: str, tell: Callable[[str], None]) -> dict[str, Any]:
    """Poll until a request has ended; tells each change."""
    last = ""
    while True:
        status = client.get(uid, list(STATUS))
        pieces = status["TotalNumberOfPiecesOfMediaCreated"]
        told = f"{status['ExecutionStatus']} {status['ExecutionStatusInfo']}, {pieces} made"
        if told != last:
            tell(told)
            last = told
        if status["ExecutionStatus"] in (ExecutionStatus.DONE, ExecutionStatus.FAILURE):
            return status
        time.sleep(_POLL)


def _outcome(uid: str, status: dict[str, Any]) -> str:
    media = ", ".join(
        f"{item.get('StorageMediaFileSetID')} ({item.get('StorageMediaFileSetUID')})"
        for item in status["ReferencedStorageMediaSequence"]
    )
    failed = "; ".join(
        f"{item['ReferencedSOPInstanceUID']}: {item['FailureReason']:04X}"
        for item in status["FailedSOPSequence"]
    )
    return f"{uid}: {status['ExecutionStatus']} {media or failed}"
