"""An identity hold through a real server: an operator looks at people that disagree, and says go on."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from pydicom.uid import generate_uid

from tests.lab import FILE_WRITER, Installation, Scu, ct, request, serving

BIRTHS = [{"PatientBirthDate": "19010101"}, {"PatientBirthDate": "19011231"}]
HOLD = FILE_WRITER + '[identity]\nconflict = "hold"\n'


@pytest.fixture(scope="module")
def careful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with serving(tmp_path_factory.mktemp("careful"), HOLD) as installation:
        yield installation


def release(burnish: Installation, uid: str) -> None:
    command = [sys.executable, "-m", "burnish.cli", "requests", uid, "--release"]
    subprocess.run([*command, "--config", str(burnish.config)], check=True, capture_output=True, timeout=60)


def held(scu: Scu, people: Sequence[Mapping[str, str]]) -> str:
    """A request of instances that say different things of one Patient ID."""
    slices = [ds for person in people for ds in ct(1, **person)]
    assert scu.store(*slices) == [0, 0]
    uid = str(generate_uid())
    assert scu.create(request(slices), uid) == 0
    assert scu.initiate(uid) == 0
    end = time.monotonic() + 30
    while (state := scu.state(uid))[1] == "QUEUED":
        assert time.monotonic() < end
        time.sleep(0.05)
    assert state == ("PENDING", "CHECK_MCD_OP", 0)
    return uid


def test_who_is_held_is_named_and_made_once_somebody_confirms(careful: Installation) -> None:
    scu = Scu(careful.port)
    uid = held(scu, BIRTHS)
    [item] = scu.get(uid)[1].FailedSOPSequence
    assert item.FailureReason == 0x0110
    release(careful, uid)
    assert scu.wait(uid) == ("DONE", "NORMAL", 1)
    assert len(list(Path(careful.out).rglob("*.iso"))) == 1


def test_a_confirmation_waives_no_rule_of_the_directory(careful: Installation) -> None:
    """One Patient ID of two issuers has one PATIENT record: nobody can confirm that away."""
    scu = Scu(careful.port)
    uid = held(scu, [{"IssuerOfPatientID": "HERE"}, {"IssuerOfPatientID": "ELSEWHERE"}])
    release(careful, uid)
    assert scu.wait(uid) == ("FAILURE", "PROC_FAILURE", 0)


def test_what_is_held_can_be_cancelled(careful: Installation) -> None:
    scu = Scu(careful.port)
    uid = held(scu, BIRTHS)
    assert scu.cancel(uid) == 0
    assert scu.state(uid)[0] == "GONE"
