"""Media Creation Management over loopback, asked by pynetdicom's stock SCU.

The numbers are those of the project's conformance cases.
"""

import random
import threading
from typing import Any

import pytest
from burnish.errors import Refused
from burnish.terms import EXPLICIT_VR_LE, IMPLICIT_VR_LE, MEDIA_CREATION_MANAGEMENT, DimseStatus
from pydicom.dataset import Dataset
from pynetdicom import evt

from core.tests.dicom.fakes import House, Policy, house
from core.tests.dicom.peers import associated, media_request

MCM = MEDIA_CREATION_MANAGEMENT
STATUS = [0x21000020, 0x21000030, 0x2200000B, 0x00081198, 0x2200000D]
BOTH = pytest.mark.parametrize("syntax", [IMPLICIT_VR_LE, EXPLICIT_VR_LE])


def create(running: House, attributes: Dataset | None, uid: str | None = "1.2.3", **how: Any) -> Dataset:
    with associated(running.port, **how) as peer:
        status, _ = peer.send_n_create(attributes, MCM, uid)
    return status


def act(running: House, action: int, uid: str = "1.2.3", information: Dataset | None = None) -> int:
    with associated(running.port) as peer:
        status, _ = peer.send_n_action(information, action, MCM, uid)
    return int(status.Status)


def get(running: House, tags: list[int], uid: str = "1.2.3") -> tuple[int, Dataset | None]:
    with associated(running.port) as peer:
        status, attributes = peer.send_n_get(tags, MCM, uid)
    return int(status.Status), attributes


@BOTH
def test_case_01_a_minimal_request_is_idle(running: House, syntax: str) -> None:
    assert create(running, media_request(), syntaxes=[syntax]).Status == 0
    status, found = get(running, STATUS)
    assert status == 0
    assert found
    assert (found.ExecutionStatus, found.ExecutionStatusInfo) == ("IDLE", "NORMAL")
    assert found.TotalNumberOfPiecesOfMediaCreated == 0
    assert len(found.FailedSOPSequence) == len(found.ReferencedStorageMediaSequence) == 0


def test_case_02_an_absent_uid_is_assigned_and_told(running: House) -> None:
    seen = []
    with associated(running.port) as peer:
        peer.bind(evt.EVT_DIMSE_RECV, lambda e: seen.append(e.message.command_set.AffectedSOPInstanceUID))
        status, _ = peer.send_n_create(media_request(), MCM)
    assert status.Status == 0
    assert get(running, [0x21000020], str(seen[0]))[0] == 0


@BOTH
def test_case_03_every_attribute_arrives(running: House, syntax: str) -> None:
    sent = {
        "StorageMediaFileSetID": "DISC1",
        "StorageMediaFileSetUID": "1.2.3.9",
        "LabelUsingInformationExtractedFromInstances": "YES",
        "LabelText": " two\\lines\r\nand more",
        "LabelStyleSelection": "PLAIN",
        "MediaDisposition": "to the ward",
        "BarcodeValue": "12345",
        "BarcodeSymbology": "CODE128",
        "AllowMediaSplitting": "NO",
        "AllowLossyCompression": "NO",
        "IncludeNonDICOMObjects": "NO",
        "IncludeDisplayApplication": "YES",
        "PreserveCompositeInstancesAfterMediaCreation": "YES",
    }
    request = media_request(**sent)
    request.ReferencedSOPSequence[0].RequestedMediaApplicationProfile = "STD-GEN-CD"
    assert create(running, request, syntaxes=[syntax]).Status == 0
    item = {
        "ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
        "ReferencedSOPInstanceUID": "1.2.3.4",
        "RequestedMediaApplicationProfile": "STD-GEN-CD",
    }
    assert running.orders.requests["1.2.3"].attributes == {**sent, "ReferencedSOPSequence": [item]}


@pytest.mark.parametrize(("value", "status"), [(None, 0x0120), ([], 0x0121)])
def test_case_04_05_a_refusal_names_the_attribute(running: House, value: Any, status: int) -> None:
    request = media_request()
    if value is None:
        del request.ReferencedSOPSequence
        request.LabelText = "x"
    else:
        request.ReferencedSOPSequence = value
    seen = []
    with associated(running.port) as peer:
        peer.bind(evt.EVT_DIMSE_RECV, lambda e: seen.append(e.message.command_set))
        answer, _ = peer.send_n_create(request, MCM, "1.2.3")
    assert answer.Status == status
    assert seen[0].AttributeIdentifierList == 0x00081199
    assert 0 < len(seen[0].ErrorComment) <= 64


def test_case_08_09_10_a_uid_is_taken_until_it_is_cancelled(running: House) -> None:
    assert create(running, media_request()).Status == 0
    assert create(running, media_request(LabelText="other")).Status == 0x0111
    assert "LabelText" not in running.orders.requests["1.2.3"].attributes
    assert act(running, 1) == 0
    assert create(running, media_request()).Status == 0xA510
    assert act(running, 2) == 0
    assert create(running, media_request()).Status == 0


def test_case_14_attributes_that_nobody_names_are_left_out(running: House) -> None:
    request = media_request(PatientName="Somebody")
    request.add_new(0x00090010, "LO", "BURNISH TESTS")
    request.add_new(0x00091001, "LO", "private")
    assert create(running, request).Status == 0
    assert set(running.orders.requests["1.2.3"].attributes) == {"PatientName", "ReferencedSOPSequence"}


@BOTH
@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("ISO_IR 192", "Grüße 山田"),
        ("ISO_IR 100", "Grüße"),
        ("ISO_IR 144", "Люкceмбypг"),  # noqa: RUF001 - Cyrillic is what is tested
        ("GB18030", "王小东"),
    ],
)
def test_case_18_text_is_decoded_as_it_says(running: House, charset: str, text: str, syntax: str) -> None:
    request = media_request(SpecificCharacterSet=charset, LabelText=text)
    assert create(running, request, syntaxes=[syntax]).Status == 0
    assert running.orders.requests["1.2.3"].attributes["LabelText"] == text


def test_case_18_code_extensions(running: House) -> None:
    text = "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"
    charset = ["ISO 2022 IR 13", "ISO 2022 IR 87"]
    assert create(running, media_request(SpecificCharacterSet=charset, PatientName=text)).Status == 0
    assert running.orders.requests["1.2.3"].attributes["PatientName"] == text


def latin(**more: Any) -> Dataset:
    """Text in Latin-1 that does not say so."""
    request = media_request(**more)
    request.add_new(0x22000004, "UN", b"Gr\xfc\xdfe ")
    return request


def test_case_19_text_that_is_not_ascii_needs_a_character_set(running: House) -> None:
    seen = []
    with associated(running.port) as peer:
        peer.bind(evt.EVT_DIMSE_RECV, lambda e: seen.append(e.message.command_set))
        answer, _ = peer.send_n_create(latin(), MCM, "1.2.3")
    assert answer.Status == 0x0106
    assert seen[0].AttributeIdentifierList == 0x22000004
    assert not running.orders.requests


def test_case_19_an_ae_may_be_known_to_mean_one() -> None:
    with house(aets={"PEER": Policy("ISO_IR 100")}) as running:
        assert create(running, latin()).Status == 0
        assert running.orders.requests["1.2.3"].attributes["MediaDisposition"] == "Grüße"


def test_bytes_that_mean_nothing_are_refused(running: House) -> None:
    assert create(running, latin(SpecificCharacterSet="ISO_IR 192")).Status == 0x0106


def test_case_22_rights_and_callers() -> None:
    with house(aets={"PEER": Policy()}) as running:
        with associated(running.port, calling="STRANGER") as peer:
            assert peer.is_rejected
            assert (peer.acceptor.primitive.result, peer.acceptor.primitive.diagnostic) == (1, 3)
        running.orders.denied.add(("PEER", "create"))
        assert create(running, media_request()).Status == 0x0124


def test_case_24_a_fault_of_ours_is_answered_and_leaves_nothing(running: House) -> None:
    running.orders.fault = ZeroDivisionError("a fault")
    assert create(running, media_request()).Status == 0x0110
    running.orders.fault = None
    assert get(running, [0x21000020])[0] == 0x0112


def test_case_25_no_warning_answers_an_n_create(running: House) -> None:
    seeded = random.Random(25)
    for status in DimseStatus:
        if status is DimseStatus.SUCCESS:
            continue
        running.orders.fault = Refused("x" * seeded.randrange(200), status, [0x00081199])
        answer = create(running, media_request()).Status
        assert answer & 0xF000 not in (0xB000,)
        assert answer not in (0x0000, 0x0001, 0x0107, 0x0116)


def test_case_26_a_request_outlives_its_association(running: House) -> None:
    create(running, media_request())
    assert get(running, [0x21000020])[1].ExecutionStatus == "IDLE"


def test_case_29_30_initiate_without_information(running: House) -> None:
    create(running, media_request())
    assert act(running, 1) == 0
    _, found = get(running, STATUS)
    assert (found.ExecutionStatus, found.ExecutionStatusInfo) == ("PENDING", "QUEUED")
    assert running.orders.requests["1.2.3"].arguments == {}


@pytest.mark.parametrize(
    ("keyword", "value", "status"),
    [
        ("NumberOfCopies", "3", 0),
        ("NumberOfCopies", "0", 0x0115),
        ("NumberOfCopies", "-1", 0x0115),
        ("NumberOfCopies", "10000", 0x0115),
        ("RequestPriority", "HIGH", 0),
        ("RequestPriority", "URGENT", 0x0115),
    ],
)
def test_case_31_32_33_arguments(running: House, keyword: str, value: str, status: int) -> None:
    create(running, media_request())
    information = Dataset()
    tag = {"NumberOfCopies": 0x20000010, "RequestPriority": 0x22000020}[keyword]
    information.add_new(tag, "UN", value.encode() + b" " * (len(value) % 2))
    assert act(running, 1, information=information) == status
    assert (running.orders.requests["1.2.3"].status == "PENDING") is (status == 0)
    if status:
        assert act(running, 1) == 0
    elif keyword == "NumberOfCopies":
        assert running.orders.requests["1.2.3"].arguments == {"NumberOfCopies": 3}


def test_case_36_print_priority_is_handed_on(running: House) -> None:
    create(running, media_request())
    information = Dataset()
    information.PrintPriority = "HIGH"
    assert act(running, 1, information=information) == 0
    assert running.orders.requests["1.2.3"].arguments == {"PrintPriority": "HIGH"}


def test_case_37_38_39_actions_that_are_refused(running: House) -> None:
    assert act(running, 1) == 0x0112
    create(running, media_request())
    assert act(running, 3) == 0x0123
    assert act(running, 1) == 0
    assert act(running, 1) == 0xA510


def test_case_40_one_of_two_initiates_wins(running: House) -> None:
    create(running, media_request())
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(act(running, 1))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [0, 0xA510]


def test_case_43_another_class_than_the_context_s(running: House) -> None:
    create(running, media_request())
    with associated(running.port) as peer:
        answer, _ = peer.send_n_action(None, 1, "1.2.840.10008.5.1.1.40", "1.2.3", meta_uid=MCM)
        assert answer.Status == 0x0119
        answer, _ = peer.send_n_create(media_request(), "1.2.840.10008.5.1.1.40", "1.2.4", meta_uid=MCM)
        assert answer.Status == 0x0118
        assert peer.is_established


def test_case_59_60_get(running: House) -> None:
    assert get(running, STATUS)[0] == 0x0112
    create(running, media_request())
    status, found = get(running, [0x21000020])
    assert (status, [e.keyword for e in found]) == (0, ["ExecutionStatus"])


def test_case_61_an_empty_list_asks_for_everything(running: House) -> None:
    create(running, media_request(LabelText="keep"))
    status, found = get(running, [])
    assert status == 0
    assert {"LabelText", "ExecutionStatus", "ReferencedSOPSequence"} <= {e.keyword for e in found}


@pytest.mark.parametrize("tag", [0x00100010, 0x00081197, 0x00091001, 0x22002222])
def test_case_62_63_what_is_not_kept_is_a_warning(running: House, tag: int) -> None:
    create(running, media_request())
    seen = []
    with associated(running.port) as peer:
        peer.bind(evt.EVT_DIMSE_RECV, lambda e: seen.append(e.message.command_set))
        status, found = peer.send_n_get([0x21000020, tag], MCM, "1.2.3")
    assert status.Status == 0x0001
    assert [e.keyword for e in found] == ["ExecutionStatus"]
    assert seen[0].AttributeIdentifierList == tag


def test_case_64_empty_sequences_are_there(running: House) -> None:
    create(running, media_request())
    status, found = get(running, [0x00081198, 0x2200000D])
    assert status == 0
    assert [len(e.value) for e in found] == [0, 0]


@BOTH
def test_case_67_text_comes_back_with_its_character_set(running: House, syntax: str) -> None:
    create(running, media_request(SpecificCharacterSet="ISO_IR 100", LabelText="Grüße"))
    with associated(running.port, syntaxes=[syntax]) as peer:
        status, found = peer.send_n_get([0x22000002], MCM, "1.2.3")
    assert (status.Status, found.SpecificCharacterSet, found.LabelText) == (0, "ISO_IR 192", "Grüße")


def test_case_67_the_character_set_alone_may_be_asked_for(running: House) -> None:
    create(running, media_request())
    status, found = get(running, [0x00080005])
    assert (status, found) == (0, None) or len(found) == 0
    assert get(running, [0x00080005, 0x21000020])[0] == 0


def test_case_70_operations_that_nobody_serves(running: House) -> None:
    create(running, media_request())
    with associated(running.port) as peer:
        change = Dataset()
        change.LabelText = "x"
        assert peer.send_n_set(change, MCM, "1.2.3")[0].Status == 0x0211
        assert peer.send_n_delete(MCM, "1.2.3").Status == 0x0211
        assert peer.send_n_event_report(None, 1, MCM, "1.2.3")[0].Status == 0x0211
        assert peer.send_n_get([0x21000020], MCM, "1.2.3")[0].Status == 0
