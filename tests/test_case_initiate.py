"""N-ACTION Initiate through a real server: cases 29 to 33, 36 to 40, 43."""

import threading
from collections.abc import Sequence

import pytest
from pydicom import config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import generate_uid

from tests.histories import Watched
from tests.lab import MCM, Installation, Scu, ct, data_set, request

IDLE = ("IDLE", "NORMAL", 0)


@pytest.fixture(scope="module")
def slices(scu: Watched) -> Sequence[Dataset]:
    """Three CT slices that are stored."""
    made = ct(3)
    assert scu.store(*made) == [0, 0, 0]
    return made


@pytest.fixture
def idle(scu: Watched, slices: Sequence[Dataset]) -> str:
    """A request that may be started."""
    uid = generate_uid()
    assert scu.create(request(slices), uid) == 0
    return str(uid)


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library send values that it would not make."""
    monkeypatch.setattr(config.settings, "reading_validation_mode", config.IGNORE)
    monkeypatch.setattr(config.settings, "writing_validation_mode", config.IGNORE)


def arguments(keyword: str, value: str) -> Dataset:
    """Action information of one element, whatever its value."""
    tag = tag_for_keyword(keyword)
    assert tag is not None
    data = value.encode() + b" " * (len(value) % 2)
    return Dataset({Tag(tag): RawDataElement(Tag(tag), dictionary_VR(tag), len(data), data, 0, False, True)})


def sets_of(scu: Watched, uid: str) -> list[tuple[str, str]]:
    items = scu.get(uid)[1].ReferencedStorageMediaSequence
    return [(item.StorageMediaFileSetID, item.StorageMediaFileSetUID) for item in items]


def test_case_29_and_30_without_arguments_one_piece_is_made(
    scu: Watched, idle: str, burnish: Installation
) -> None:
    assert scu.initiate(idle) == 0
    status, info, _ = scu.state(idle)
    assert (status, info) in (("PENDING", "QUEUED"), ("CREATING", "NORMAL"), ("DONE", "NORMAL"))
    assert scu.wait(idle) == ("DONE", "NORMAL", 1)
    [(name, _)] = sets_of(scu, idle)
    assert len(list(burnish.out.glob(f"*/{name}-*.iso"))) == 1


def test_case_31_three_copies_are_three_pieces_of_one_file_set(
    scu: Watched, idle: str, burnish: Installation
) -> None:
    assert scu.initiate(idle, NumberOfCopies=3) == 0
    with scu.hammering(idle) as seen:
        assert scu.wait(idle) == ("DONE", "NORMAL", 3)
    assert seen, "nothing was polled"
    [(name, uid)] = sets_of(scu, idle)
    images = [path.read_bytes() for path in burnish.out.glob(f"*/{name}-1-*.iso")]
    assert len(images) == 3
    assert len(set(images)) == 1
    assert uid.encode() in images[0]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("NumberOfCopies", "0"),
        ("NumberOfCopies", "-1"),
        ("NumberOfCopies", "abc"),
        ("NumberOfCopies", "10000"),
        ("NumberOfCopies", "1.5"),
        ("NumberOfCopies", "1\\2"),
        ("RequestPriority", "URGENT"),
        ("RequestPriority", "high"),
        ("PrintPriority", "URGENT"),
    ],
)
def test_case_32_and_33_a_bad_argument_is_0115_and_the_request_can_still_be_started(
    scu: Watched, idle: str, keyword: str, value: str
) -> None:
    assert scu.action(1, idle, arguments(keyword, value)) == 0x0115
    assert scu.state(idle) == IDLE
    assert scu.initiate(idle, NumberOfCopies=1) == 0
    assert scu.wait(idle) == ("DONE", "NORMAL", 1)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"RequestPriority": "HIGH"}, 0),
        ({"RequestPriority": "MED"}, 0),
        ({"RequestPriority": "LOW"}, 0),
        ({"RequestPriority": ""}, 0),
        ({"PrintPriority": "HIGH"}, 0),
        ({"PrintPriority": "URGENT", "RequestPriority": "LOW"}, 0),
        ({"PrintPriority": "LOW", "RequestPriority": "URGENT"}, 0x0115),
        ({"PatientName": "Doe^Jane"}, 0),
    ],
    ids=str,
)
def test_case_33_36_and_42_priorities_and_what_is_none(
    scu: Watched, slices: Sequence[Dataset], given: dict[str, str], status: int
) -> None:
    uid = generate_uid()
    assert scu.create(request(slices[:1]), uid) == 0
    assert scu.action(1, uid, data_set(given)) == status
    assert scu.state(uid)[0] != "IDLE" if status == 0 else scu.state(uid) == IDLE


def test_case_37_38_and_43_unknown_uid_action_and_class(scu: Watched, idle: str) -> None:
    assert scu.initiate(generate_uid()) == 0x0112
    assert scu.action(3, idle) == 0x0123
    with scu.associate() as association:
        context = association.accepted_contexts[0]
        wrong, _ = association.send_n_action(None, 1, "1.2.840.10008.5.1.1.1", idle, meta_uid=MCM)
        assert context.abstract_syntax == MCM
        assert wrong.Status == 0x0119
    assert scu.state(idle) == IDLE


def test_case_39_a_started_request_is_never_started_again(scu: Watched, idle: str) -> None:
    assert scu.initiate(idle) == 0
    assert scu.initiate(idle, NumberOfCopies=2) == 0xA510
    assert scu.wait(idle) == ("DONE", "NORMAL", 1)
    assert scu.initiate(idle) == 0xA510
    assert scu.state(idle) == ("DONE", "NORMAL", 1)


def test_case_39_after_failure_too(scu: Watched) -> None:
    uid, last = scu.make(ct(1))
    assert last[0] == "FAILURE"
    failed = scu.get(uid)[1].FailedSOPSequence
    assert scu.initiate(uid) == 0xA510
    assert scu.state(uid) == last
    assert scu.get(uid)[1].FailedSOPSequence == failed


def test_case_40_of_several_initiates_at_once_exactly_one_starts(scu: Watched, idle: str) -> None:
    gate, answers = threading.Barrier(4), []

    def start() -> None:
        with Scu(scu.port).associate() as association:
            gate.wait()
            answers.append(int(association.send_n_action(None, 1, MCM, idle)[0].Status))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [0x0000, 0xA510, 0xA510, 0xA510]
    assert scu.wait(idle) == ("DONE", "NORMAL", 1)
