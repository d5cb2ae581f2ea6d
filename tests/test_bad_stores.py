"""Bad C-STOREs over the network, row by row: each gets its status with the tag at fault, and nothing is kept.

The rows are those of the list of bad inputs that the project keeps to, after those of `test_bad_input`.
"""

import hashlib
from collections.abc import Iterator

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from core.tests.dicom.peers import CT, RawPeer, request, status_of
from tests.histories import Watched
from tests.lab import Installation, body, ct
from tests.lab import request as naming

C_STORE = 0x0001
MR = "1.2.840.10008.5.1.4.1.1.4"
CLASS, INSTANCE, STUDY, SERIES = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
KEYWORDS = {
    STUDY: "StudyInstanceUID",
    SERIES: "SeriesInstanceUID",
    INSTANCE: "SOPInstanceUID",
    CLASS: "SOPClassUID",
}
Answer = tuple[int, int]


@pytest.fixture
def peer(burnish: Installation) -> Iterator[RawPeer]:
    """A raw peer that may store CT instances."""
    with RawPeer(burnish.port) as one:
        assert one.associate({1: (CT, [ExplicitVRLittleEndian])}) == 2
        yield one


def store(peer: RawPeer, data: bytes, instance: str | None, message_id: int = 1) -> Answer:
    """The status, and the tag that it names, 0 where none."""
    peer.send(request(C_STORE, data, sop_class=CT, instance=instance, message_id=message_id))
    answer = peer.answer()
    named = answer.get(0x0901, bytes(4))
    tag = int.from_bytes(named[:2], "little") << 16 | int.from_bytes(named[2:], "little")
    return status_of(answer), tag


def kept(burnish: Installation, instance: str) -> int:
    """How many versions of an instance the spool has; a file is there before its answer is."""
    key = hashlib.sha256(instance.encode()).hexdigest()
    return len(list((burnish.data / "spool").glob(f"??/{key}-*")))


@pytest.fixture
def slice_() -> Dataset:
    [one] = ct(1)
    return one


def still_serves(peer: RawPeer, burnish: Installation) -> bool:
    """Whether the association goes on: a good instance is taken and kept."""
    [good] = ct(1)
    return store(peer, body(good), good.SOPInstanceUID) == (0, 0) and kept(burnish, good.SOPInstanceUID) == 1


def test_row_37_a_message_id_that_is_outstanding(peer: RawPeer, burnish: Installation) -> None:
    """Two requests with one ID, sent without waiting: unless the first was answered before, 0210."""
    instances = ct(2)
    for one in instances:
        peer.send(request(C_STORE, body(one), sop_class=CT, instance=one.SOPInstanceUID, message_id=7))
    answers = sorted(status_of(peer.answer()) for _ in instances)
    assert answers in ([0, 0], [0, 0x0210])
    assert sum(kept(burnish, one.SOPInstanceUID) for one in instances) <= answers.count(0)
    assert still_serves(peer, burnish)


@pytest.mark.parametrize(("tag", "other"), [(INSTANCE, "1.2.3.9"), (CLASS, MR)])
def test_row_38_a_data_set_of_another_instance(
    peer: RawPeer, burnish: Installation, slice_: Dataset, tag: int, other: str
) -> None:
    said = slice_.SOPInstanceUID
    setattr(slice_, KEYWORDS[tag], other)
    assert store(peer, body(slice_), said) == (0xA900, tag)
    assert kept(burnish, said) == kept(burnish, "1.2.3.9") == 0
    assert still_serves(peer, burnish)


@pytest.mark.parametrize("bad", ["../../etc/passwd", "1..2", "01.2", "1.2;ls", "1." * 32 + "1", ""])
def test_row_39_an_instance_uid_that_is_none(
    peer: RawPeer, burnish: Installation, slice_: Dataset, bad: str
) -> None:
    assert store(peer, body(slice_), bad) == (0x0117, 0)
    assert still_serves(peer, burnish)


@pytest.mark.parametrize("tag", [INSTANCE, STUDY, SERIES])
@pytest.mark.parametrize("empty", [True, False])
def test_row_40_a_uid_is_missing(
    peer: RawPeer, burnish: Installation, slice_: Dataset, tag: int, empty: bool
) -> None:
    said = slice_.SOPInstanceUID
    slice_[tag].value = ""
    data = body(slice_) if empty else body(_without(slice_, tag))
    status, named = store(peer, data, said)
    assert status & 0xF000 == 0xC000, f"{status:04X}"
    assert named == tag
    assert kept(burnish, said) == 0
    assert still_serves(peer, burnish)


def _without(ds: Dataset, tag: int) -> Dataset:
    del ds[tag]
    return ds


@pytest.mark.parametrize("other", [{}, {"PatientID": "OTHER"}])
def test_row_43_one_study_of_two_people_is_taken_and_makes_no_medium(
    scu: Watched, other: dict[str, str]
) -> None:
    study, patient = str(generate_uid()), str(generate_uid())[-16:]
    ours = ct(1, StudyInstanceUID=study, PatientID=patient, PatientName="Doe^Jane", PatientSex="F")
    second = {"PatientID": patient, "PatientName": "Roe^Richard", "PatientSex": "M", **other}
    theirs = ct(1, StudyInstanceUID=study, **second)
    assert scu.store(*ours, *theirs) == [0, 0]
    uid = str(generate_uid())
    assert scu.create(naming([*ours, *theirs]), uid) == 0
    assert scu.initiate(uid) == 0
    assert scu.wait(uid) == ("FAILURE", "PROC_FAILURE", 0)


@pytest.mark.parametrize("data", [b"", b"\x08\0", b"\x08\0\x05\0CS\x10\0ISO"])
def test_row_44_a_data_set_of_nothing(peer: RawPeer, burnish: Installation, data: bytes) -> None:
    said = str(generate_uid())
    status, _ = store(peer, data, said)
    assert status & 0xF000 == 0xC000, f"{status:04X}"
    assert kept(burnish, said) == 0
    assert still_serves(peer, burnish)
