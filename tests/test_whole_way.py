"""From C-STORE to a proven image, through a real server, as integrators have it."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from tests.histories import Watched
from tests.lab import Installation, body, ct, mr, request
from tests.media import data_set_of, medium_of, storescu


def stock(scu: Watched, burnish: Installation, folder: Path, slices: Sequence[Dataset]) -> None:
    assert set(scu.store(*slices)) == {0}


def dcmtk(scu: Watched, burnish: Installation, folder: Path, slices: Sequence[Dataset]) -> None:
    for ds in slices:
        ds.pop(0xFFFCFFFC, None)  # it does not send padding
    storescu(burnish, folder, slices)


Send = Callable[[Watched, Installation, Path, Sequence[Dataset]], None]


@pytest.mark.parametrize("given", [True, False], ids=["uid given", "uid assigned"])
@pytest.mark.parametrize("send", [stock, pytest.param(dcmtk, marks=pytest.mark.judge("storescu"))])
def test_two_copies_of_two_patients(
    scu: Watched, burnish: Installation, tmp_path: Path, send: Send, given: bool
) -> None:
    """CT and MR of two patients on one medium, twice; every instance is what was sent."""
    slices = [*ct(3), *mr(2)]
    send(scu, burnish, tmp_path, slices)
    assert scu.create(request(slices), generate_uid() if given else None) == 0
    uid = scu.assigned
    assert scu.initiate(uid, NumberOfCopies=2, RequestPriority="HIGH") == 0
    with scu.hammering(uid):
        assert scu.wait(uid) == ("DONE", "NORMAL", 2)
    first, second = (medium_of(burnish, scu, uid, slices, copy) for copy in (1, 2))
    assert first.path.read_bytes() == second.path.read_bytes()
    patients = [r for r in first.directory.DirectoryRecordSequence if r.DirectoryRecordType == "PATIENT"]
    assert {record.PatientID for record in patients} == {ds.PatientID for ds in slices}
    assert len(patients) == 2
    stand = {ds.SOPInstanceUID: first.files[path] for path, ds in first.instances.items()}
    assert {uid: _digest(data_set_of(file)) for uid, file in stand.items()} == {
        ds.SOPInstanceUID: _digest(body(ds)) for ds in slices
    }


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
