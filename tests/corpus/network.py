"""Files through a server: C-STORE as they are, N-CREATE, N-ACTION, N-GET, and the medium that comes of it.

A data set is sent byte by byte as it stands in its file, in its own transfer syntax, under the UIDs that it
holds; dcmtk's storescu does so, too.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid
from pynetdicom import build_context
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE

from tests.corpus.composing import Fate, take_off
from tests.corpus.rounds import Known, Round, rounds_of
from tests.lab import Installation, Scu, data_set

_CONTEXTS = 128
"""Of one association, PS3.8 7.1.1.13."""
_PATIENCE = 120
"""Seconds until a request must be done."""


def make_media(burnish: Installation, paths: Sequence[Path], scratch: Path) -> dict[Path, Fate]:
    """What became of every file."""
    rounds, nameless = rounds_of(paths)
    fates = {file.path: Fate(None, reason=f"not sent: {file.why}") for file in nameless}
    for number, one in enumerate(rounds):
        fates |= _make(burnish, one, scratch / f"round-{number}")
    return fates


def _make(burnish: Installation, one: Round, scratch: Path) -> dict[Path, Fate]:
    """Send a round, then ask for media of it until nothing more is refused."""
    scu, fates, left = Scu(burnish.port), {}, dict(one.files)
    for file, refusal in _store(scu, list(one.files.values())):
        if refusal:
            fates[file.path] = Fate(None, reason=refusal)
            del left[file.sop_instance]
    while left:
        uid, state = _request(scu, left.values())
        told = scu.get(uid)[1]
        if state[0] == "DONE":
            files = _instances(burnish, told, scratch)
            return fates | {f.path: _found(files.get(name)) for name, f in left.items()}
        failed = {str(item.ReferencedSOPInstanceUID): item for item in told.get("FailedSOPSequence", [])}
        if not failed.keys() & left.keys():
            return fates | {f.path: Fate(None, trouble=f"the request ended {state}") for f in left.values()}
        for name in failed.keys() & left.keys():
            fates[left.pop(name).path] = Fate(None, reason=_failure(failed[name]))
    return fates


def _request(scu: Scu, files: Any) -> tuple[str, tuple[str, str, int]]:
    items = [
        data_set(
            {
                "ReferencedSOPClassUID": file.sop_class,
                "ReferencedSOPInstanceUID": file.sop_instance,
                "RequestedMediaApplicationProfile": "STD-GEN-CD",
            }
        )
        for file in files
    ]
    uid = str(generate_uid())
    assert scu.create(data_set({"ReferencedSOPSequence": items, "AllowMediaSplitting": "YES"}), uid) == 0
    assert scu.initiate(uid) == 0
    end = time.monotonic() + _PATIENCE
    while (state := scu.state(uid))[0] not in ("DONE", "FAILURE"):
        assert time.monotonic() < end, f"still {state}"
        time.sleep(0.1)
    return uid, state


def _failure(item: Dataset) -> str:
    tags = item.get("FailureAttributes") or []
    named = " ".join(str(tag) for tag in ([tags] if isinstance(tags, int) else tags))
    return f"failed {item.FailureReason:04X} {named}".strip()


def _found(path: Path | None) -> Fate:
    return Fate(path) if path else Fate(None, trouble="DONE, and it is on no medium")


def _instances(burnish: Installation, told: Dataset, scratch: Path) -> dict[str, Path]:
    """Files of every volume by the SOP Instance UID that their File Meta Information names."""
    names = {str(item.StorageMediaFileSetID) for item in told.ReferencedStorageMediaSequence}
    found: dict[str, Path] = {}
    for name in names:
        for image in burnish.out.glob(f"*/{name}-*.iso"):
            folder = take_off(image, scratch / image.stem)
            found |= {str(meta_of(path).MediaStorageSOPInstanceUID): path for path in files_in(folder)}
            image.unlink()
    return found


def files_in(folder: Path) -> Iterator[Path]:
    """Every file of a medium but its directory."""
    return (path for path in folder.rglob("*") if path.is_file() and path.name != "DICOMDIR")


def meta_of(path: Path) -> Any:
    """The File Meta Information of a file on a medium, which is without fault."""
    return dcmread(path, specific_tags=["SOPInstanceUID"], stop_before_pixels=True).file_meta


def _store(scu: Scu, files: Sequence[Known]) -> Iterator[tuple[Known, str]]:
    """Send them, as many associations as their kinds need; each with what was said against it."""
    kinds = sorted({file.context for file in files})
    for at in range(0, len(kinds), _CONTEXTS):
        asked = kinds[at : at + _CONTEXTS]
        yield from _send(scu, [file for file in files if file.context in asked], asked)


def _send(scu: Scu, files: Sequence[Known], kinds: Sequence[tuple[str, str]]) -> Iterator[tuple[Known, str]]:
    try:
        with scu.associate([build_context(*kind) for kind in kinds]) as association:
            agreed = {
                (str(context.abstract_syntax), str(context.transfer_syntax[0])): context.context_id
                for context in association.accepted_contexts
            }
            for number, file in enumerate(files, 1):
                yield file, _send_one(association, file, number, agreed)
    except AssertionError:  # none of the contexts was accepted
        yield from ((file, "store: its SOP Class or transfer syntax is not accepted") for file in files)


def _send_one(
    association: Association, file: Known, number: int, agreed: Mapping[tuple[str, str], int | None]
) -> str:
    """Why it was not taken; empty where it was."""
    context = agreed.get(file.context)
    if context is None:
        return "store: its SOP Class or transfer syntax is not accepted"
    message = C_STORE()
    message.MessageID = number
    message.Priority = 2
    message._affected_sop_class_uid = UID(file.sop_class)  # type: ignore[assignment] - the setter refuses
    message._affected_sop_instance_uid = UID(file.sop_instance)  # type: ignore[assignment] - a bad UID
    message.DataSet = BytesIO(file.source.data)
    association.dimse.send_msg(message, context)
    _, answer = association.dimse.get_msg(block=True)
    assert isinstance(answer, C_STORE), f"no answer to {file.path}"
    assert answer.Status is not None
    return "" if answer.Status == 0 else f"store {answer.Status:04X} {answer.ErrorComment or ''}".strip()
