"""N-GET through a real server: cases 59 to 64, 70; every module judges its answers for 65, 66 and 68."""

from collections.abc import Sequence

import pytest
from pydicom.uid import generate_uid

from tests.histories import Watched, check_history
from tests.lab import MCM, STATUS, ct, data_set, mr, request

NAMED_TWICE = 0x00081197
ICON = 0x00880200


@pytest.fixture(scope="module")
def idle(scu: Watched) -> str:
    """A request that waits."""
    uid = generate_uid()
    assert scu.create(request(ct(2)), uid) == 0
    return str(uid)


def answer(scu: Watched, uid: str, tags: Sequence[int]) -> tuple[int, list[int]]:
    """The status, and the tags that came."""
    status, told = scu.get(uid, tags)
    return status, [int(element.tag) for element in told]


def test_case_59_an_unknown_uid(scu: Watched) -> None:
    assert answer(scu, generate_uid(), list(STATUS.values())) == (0x0112, [])


def test_case_60_one_attribute_alone(scu: Watched, idle: str) -> None:
    assert answer(scu, idle, [0x21000020]) == (0, [0x21000020])


def test_case_61_no_list_is_everything_that_is_kept(scu: Watched, idle: str) -> None:
    status, came = answer(scu, idle, [])
    assert status == 0
    assert set(came) == {*STATUS.values(), 0x00081199}


@pytest.mark.parametrize("unknown", [0x00100010, 0x00091001, NAMED_TWICE, ICON, 0x00081150, 0x00880140])
def test_case_62_and_63_what_is_not_kept_or_nested_is_a_warning_beside_what_is(
    scu: Watched, idle: str, unknown: int
) -> None:
    assert answer(scu, idle, [0x21000020, unknown]) == (0x0001, [0x21000020])
    assert answer(scu, idle, [unknown]) == (0x0001, [])


def test_case_63_sequences_come_whole(scu: Watched, idle: str) -> None:
    items = scu.get(idle, [0x00081199])[1].ReferencedSOPSequence
    assert len(items) == 2
    assert all(len(item) == 3 for item in items)


def test_case_64_sequences_that_have_nothing_to_tell_are_there_and_empty(scu: Watched, idle: str) -> None:
    status, told = scu.get(idle, [0x00081198, 0x2200000D])
    assert (status, len(told)) == (0, 2)
    assert all(list(element.value) == [] for element in told)


def test_case_65_66_and_68_a_hammered_history_obeys_the_table(scu: Watched) -> None:
    """Two requests, one that ends well and one that does not, each looked at without a pause."""
    slices = mr(3)
    scu.store(*slices)
    for instances, end in ((slices, "DONE"), ([*slices, *ct(1)], "FAILURE")):
        uid = generate_uid()
        with scu.hammering(uid) as seen:
            assert scu.create(request(instances), uid) == 0
            while len(seen) < 2:  # it looks on
                assert scu.state(uid)[0] == "IDLE"
            assert scu.initiate(uid, NumberOfCopies=2) == 0
            assert scu.wait(uid)[0] == end
            while seen[-1][0] != end:  # to the end
                assert scu.state(uid)[0] == end
        assert seen[0] == ("IDLE", "NORMAL", 0)


@pytest.mark.parametrize(
    "history",
    [
        [("IDLE", "QUEUED", 0)],
        [("PENDING", "NORMAL", 0)],
        [("FAILURE", "NORMAL", 0)],
        [("CREATING", "QUEUED", 0)],
        [("PENDING", "PTPUBLISH_INPROGRESS", 0)],
        [("DONE", "NORMAL", 1), ("CREATING", "NORMAL", 1)],
        [("CREATING", "NORMAL", 2), ("PENDING", "MCD_BUSY", 1)],
        [("PENDING", "QUEUED", 0), ("IDLE", "NORMAL", 0)],
        [("DONE", "NORMAL", 1), ("DONE", "NORMAL", 2)],
    ],
    ids=str,
)
def test_the_judge_of_histories_finds_what_is_wrong(history: list[tuple[str, str, int]]) -> None:
    with pytest.raises(AssertionError):
        check_history(history)


def test_case_70_other_operations_are_answered_with_0211_and_the_association_stays(
    scu: Watched, idle: str
) -> None:
    with scu.associate() as association:
        changed, _ = association.send_n_set(data_set({"LabelText": "x"}), MCM, idle)
        assert changed.Status == 0x0211
        assert association.send_n_delete(MCM, idle).Status == 0x0211
        told = association.send_n_get([0x21000020], MCM, idle)[1]  # type: ignore[list-item]
        assert told is not None
        assert told.ExecutionStatus == "IDLE"
