"""Media that are folders: a writer that takes files instead of an image."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from tests.lab import FILE_WRITER, Installation, Scu, ct, mr, request, serving
from tests.robustness.evidence import attempts_of, eventually, pieces_of

FOLDER = FILE_WRITER + 'form = "folder"\n'


def made(burnish: Installation) -> Path:
    """The one folder that was handed out."""
    [folder] = burnish.out.glob("*/*")
    return folder


def test_a_request_becomes_a_folder_that_others_read(tmp_path: Path) -> None:
    sent = [*ct(3), *mr(2)]
    with serving(tmp_path, FOLDER) as burnish:
        scu = Scu(burnish.port)
        assert set(scu.store(*sent)) == {0}
        uid, last = scu.make(sent)
        assert last == ("DONE", "NORMAL", 1)
        assert [piece["proven_by"] for piece in pieces_of(burnish, uid)] == ["host"]
        folder = made(burnish)
    records = dcmread(folder / "DICOMDIR").DirectoryRecordSequence
    found = {
        record.ReferencedSOPInstanceUIDInFile: folder.joinpath(*record.ReferencedFileID)
        for record in records
        if "ReferencedFileID" in record
    }
    assert found.keys() == {ds.SOPInstanceUID for ds in sent}
    assert all(dcmread(found[ds.SOPInstanceUID]).PixelData == ds.PixelData for ds in sent)
    command = [sys.executable, "-m", "burnish.cli", "verify", str(folder)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_copies_are_equal_and_nothing_lies_beside_them(tmp_path: Path) -> None:
    with serving(tmp_path, FOLDER) as burnish:
        scu = Scu(burnish.port)
        sent = ct(2)
        scu.store(*sent)
        assert scu.make(sent, NumberOfCopies=2)[1] == ("DONE", "NORMAL", 2)
    first, second = sorted(burnish.out.glob("*/*"))
    names = [path.relative_to(first) for path in sorted(first.rglob("*")) if path.is_file()]
    assert names == [path.relative_to(second) for path in sorted(second.rglob("*")) if path.is_file()]
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    assert not list(burnish.out.rglob(".*"))


@pytest.mark.parametrize("victim", ["driver", "feeder"])
def test_a_folder_that_was_cut_off_is_rejected_and_made_again(tmp_path: Path, victim: str) -> None:
    """The process is stopped as soon as the temporary folder is there."""
    with serving(tmp_path, FOLDER + 'hold_retry = "0.2s"\n') as burnish:
        scu = Scu(burnish.port)
        sent = ct(40)
        scu.store(*sent)
        uid = str(generate_uid())
        assert scu.create(request(sent), uid) == 0
        assert scu.initiate(uid) == 0
        eventually(lambda: not list(burnish.out.glob("*/.*.part")) and not _over(burnish, uid) and "nothing")
        for process, role in burnish.processes().items():
            if role == victim:
                os.kill(process, signal.SIGKILL)
        assert scu.wait(uid) == ("DONE", "NORMAL", 1)
        assert {row["outcome"] for row in attempts_of(burnish, uid)} <= {"spoilt", "delivered"}
        assert not list(burnish.out.glob("*/.*"))


def _over(burnish: Installation, uid: str) -> bool:
    return [piece["state"] for piece in pieces_of(burnish, uid)] == ["delivered"]
