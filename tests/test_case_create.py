"""N-CREATE through a real server: cases 1 to 17, 19, 22, 25 to 27."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from io import BytesIO

import pytest
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import generate_uid
from pynetdicom import AE, build_context, evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_CREATE
from pynetdicom.dsutils import encode
from pynetdicom.status import code_to_category

from core.tests.dicom.peers import RawPeer, status_of
from core.tests.dicom.peers import request as raw
from tests.histories import Watched
from tests.lab import FILE_WRITER, MCM, Installation, Scu, ct, data_set, request, serving

IDLE = ("IDLE", "NORMAL", 0)
EXPLICIT = "1.2.840.10008.1.2.1"
UNREADABLE = b"the data set cannot be read"
N_CREATE_RQ, N_GET_RQ, ASSOCIATED = 0x0140, 0x0110, 2
OTHERS = """
[aets.SCANNER]
may = ["store"]
[aets.STOCKSCU]
[aets.OLDSCU]
assume_character_set = "ISO_IR 100"
"""


def loose(**values: object) -> Dataset:
    """A data set whose values nobody checks."""
    found = Dataset()
    for keyword, value in values.items():
        tag = tag_for_keyword(keyword)
        assert tag is not None
        found.add(DataElement(tag, dictionary_VR(tag), value, validation_mode=IGNORE))
    return found


def naming(*items: Dataset, **more: object) -> Dataset:
    """An attribute list with these items."""
    return loose(ReferencedSOPSequence=list(items), **more)


def item(**values: object) -> Dataset:
    """An item that names a CT slice nobody has, with these values in place of its own."""
    whole = {"ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "ReferencedSOPInstanceUID": "1.2.3.4"}
    return loose(**{keyword: value for keyword, value in (whole | values).items() if value is not None})


def refused(scu: Scu, attributes: Dataset, status: int) -> None:
    """It is answered so, and nothing was made."""
    uid = generate_uid()
    assert scu.create(attributes, uid) == status
    assert scu.state(uid)[0] == "GONE"


def accepted(scu: Scu, attributes: Dataset) -> str:
    """It is answered with 0000, and the request waits."""
    uid = generate_uid()
    assert scu.create(attributes, uid) == 0
    assert scu.state(uid) == IDLE
    return uid


def test_case_01_a_minimal_request_is_idle_with_empty_sequences(scu: Watched) -> None:
    uid = accepted(scu, naming(item()))
    told = scu.get(uid)[1]
    assert len(told) == 5
    assert list(told.FailedSOPSequence) == []
    assert list(told.ReferencedStorageMediaSequence) == []


def test_case_02_without_a_uid_one_is_assigned_and_can_be_looked_up(scu: Watched) -> None:
    assert scu.create(naming(item())) == 0
    first = scu.assigned
    assert scu.state(first) == IDLE
    assert scu.create(naming(item())) == 0
    assert scu.assigned != first


def test_case_03_every_attribute_of_the_module_is_kept_and_returned(scu: Watched) -> None:
    icon = data_set(
        {"Rows": 1, "Columns": 2, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"}
    )
    icon.BitsAllocated, icon.BitsStored, icon.HighBit, icon.PixelRepresentation = 8, 8, 7, 0
    icon.add_new("PixelData", "OB", b"\x01\x02")
    given: dict[str, object] = {
        "StorageMediaFileSetID": "DISC_7",
        "StorageMediaFileSetUID": "1.2.3.4.5",
        "LabelUsingInformationExtractedFromInstances": "YES",
        "LabelText": "For Dr M\u00fcller",
        "LabelStyleSelection": "ST1",
        "MediaDisposition": "To the ward",
        "BarcodeValue": "12345",
        "BarcodeSymbology": "CODE128",
        "AllowMediaSplitting": "NO",
        "AllowLossyCompression": "NO",
        "IncludeNonDICOMObjects": "NO",
        "IncludeDisplayApplication": "NO",
        "PreserveCompositeInstancesAfterMediaCreation": "YES",
    }
    whole = item(RequestedMediaApplicationProfile="STD-GEN-CD", IconImageSequence=[icon])
    uid = accepted(scu, naming(whole, SpecificCharacterSet="ISO_IR 192", **given))
    told = scu.get(uid, [])[1]
    assert {keyword: told.get(keyword) for keyword in given} == given
    assert told.ReferencedSOPSequence[0].RequestedMediaApplicationProfile == "STD-GEN-CD"


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        pytest.param(lambda: loose(LabelText="x"), 0x0120, id="test_case_04_no_sequence"),
        pytest.param(naming, 0x0121, id="case_05_empty_sequence"),
        pytest.param(lambda: naming(item(ReferencedSOPClassUID=None)), 0x0120, id="case_06_no_class"),
        pytest.param(lambda: naming(item(ReferencedSOPInstanceUID=None)), 0x0120, id="case_06_no_instance"),
        pytest.param(lambda: naming(item(ReferencedSOPInstanceUID="")), 0x0121, id="case_06_empty_instance"),
        pytest.param(lambda: naming(item(ReferencedSOPInstanceUID="1.02.x")), 0x0106, id="case_07_not_a_uid"),
        pytest.param(lambda: naming(item(ReferencedSOPClassUID="1.02")), 0x0106, id="case_07_leading_zero"),
        pytest.param(lambda: naming(item(), AllowMediaSplitting="MAYBE"), 0x0106, id="case_11_splitting"),
        pytest.param(lambda: naming(item(), AllowLossyCompression="yes"), 0x0106, id="case_11_lossy"),
        pytest.param(lambda: naming(item(), StorageMediaFileSetID="A" * 17), 0x0106, id="case_21_long_id"),
    ],
)
def test_case_04_to_07_11_and_21_a_bad_shape_is_refused_and_leaves_nothing(
    scu: Watched, attributes: Callable[[], Dataset], status: int
) -> None:
    refused(scu, attributes(), status)


def test_case_08_a_uid_that_is_idle_is_a_duplicate_and_the_first_stays(scu: Watched) -> None:
    uid = accepted(scu, naming(item(), LabelText="first"))
    assert scu.create(naming(item(), LabelText="second"), uid) == 0x0111
    told = scu.get(uid, [])[1]
    assert (told.ExecutionStatus, told.LabelText) == ("IDLE", "first")


def test_case_09_a_uid_that_was_initiated_is_a510_and_nothing_changes(scu: Watched) -> None:
    uid = accepted(scu, naming(item(), LabelText="first"))
    assert scu.initiate(uid) == 0
    last = scu.wait(uid)
    assert scu.create(naming(item(), LabelText="second"), uid) == 0xA510
    assert scu.state(uid) == last
    assert scu.get(uid, [tag_for_keyword("LabelText") or 0])[1].LabelText == "first"


def test_case_10_a_cancelled_uid_is_free_again(scu: Watched) -> None:
    uid = accepted(scu, naming(item(), LabelText="first"))
    assert scu.cancel(uid) == 0
    again = Watched(scu.port, scu.told.__class__())  # a second life is a history of its own
    assert again.create(naming(item()), uid) == 0
    assert again.state(uid) == IDLE
    assert "LabelText" not in again.get(uid, [])[1]


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param(lambda: naming(item(), IncludeNonDICOMObjects="FOR_PATIENT"), id="case_12_known_term"),
        pytest.param(lambda: naming(item(), IncludeNonDICOMObjects="FOR_X"), id="case_12_unknown_term"),
        pytest.param(
            lambda: naming(item(), BarcodeSymbology="PDF417", BarcodeValue="1"), id="case_13_symbology"
        ),
        pytest.param(lambda: naming(item(), PatientName="Doe^Jane"), id="case_14_unknown_attribute"),
        pytest.param(lambda: naming(item(RequestedMediaApplicationProfile="STD-FOO")), id="case_15_profile"),
        pytest.param(lambda: naming(item(ReferencedSOPInstanceUID=generate_uid())), id="case_16_not_stored"),
        pytest.param(lambda: naming(item(), item()), id="case_17_named_twice"),
    ],
)
def test_case_12_to_17_what_can_be_judged_later_is_accepted(
    scu: Watched, attributes: Callable[[], Dataset]
) -> None:
    uid = accepted(scu, attributes())
    assert "PatientName" not in scu.get(uid, [])[1]


def test_case_12_an_unknown_term_makes_a_medium_as_no_does(scu: Watched) -> None:
    slices = ct(1)
    scu.store(*slices)
    uid = accepted(scu, request(slices, IncludeNonDICOMObjects="FOR_X", BarcodeSymbology="QR"))
    assert scu.initiate(uid) == 0
    assert scu.wait(uid) == ("DONE", "NORMAL", 1)


def test_case_21_a_name_for_people_is_mapped_and_reported_as_written(scu: Watched) -> None:
    slices = ct(1)
    scu.store(*slices)
    uid = accepted(scu, request(slices, StorageMediaFileSetID="Disc 7a"))
    assert scu.initiate(uid) == 0
    assert scu.wait(uid)[0] == "DONE"
    assert scu.get(uid)[1].ReferencedStorageMediaSequence[0].StorageMediaFileSetID == "DISC_7A"


# Text without a character set


def sent(scu: Scu, encoded: bytes) -> tuple[int, list[int], str]:
    """N-CREATE of these bytes: the status, the attributes it names, and the UID that was assigned."""
    commands: list[Dataset] = []
    with scu.associate() as association:
        association.bind(evt.EVT_DIMSE_RECV, lambda event: commands.append(event.message.command_set))
        answer = exchange(association, encoded)
    listed = commands[-1].get("AttributeIdentifierList", [])
    named = listed if isinstance(listed, list | MultiValue) else [listed]
    return int(answer.Status), [int(tag) for tag in named], str(answer.AffectedSOPInstanceUID or "")


def exchange(association: Association, encoded: bytes, uid: str | None = None) -> N_CREATE:
    """Send an N-CREATE whose data set is these bytes, as pynetdicom does with one it encoded itself."""
    primitive = N_CREATE()
    primitive.MessageID = 1
    primitive.AffectedSOPClassUID = MCM
    primitive.AffectedSOPInstanceUID = uid
    primitive.AttributeList = BytesIO(encoded)
    context = association.accepted_contexts[0].context_id
    assert context is not None
    association._reactor_checkpoint.clear()
    while not association._is_paused:
        time.sleep(0.001)
    try:
        association.dimse.send_msg(primitive, context)
        _, answer = association.dimse.get_msg(block=True)
    finally:
        association._reactor_checkpoint.set()
    assert isinstance(answer, N_CREATE), "the association was lost"
    return answer


def encoded(attributes: Dataset) -> bytes:
    data = encode(attributes, False, True)
    assert data is not None
    return data


LATIN = encoded(naming(item(), LabelText="For Dr Muller")).replace(b"Muller", b"M\xfcller")


def test_case_19_text_without_a_character_set_is_refused_and_named(scu: Watched) -> None:
    assert sent(scu, LATIN)[:2] == (0x0106, [0x22000002])


# Who may


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation that knows its AEs; case 27 stops and starts it."""
    return Installation(tmp_path_factory.mktemp("guarded"), FILE_WRITER + OTHERS)


def test_case_19_22_and_27_rights_assumed_text_and_a_restart(guarded: Installation) -> None:
    """One server for these, because each needs a table of AEs or a restart."""
    with serving(guarded.folder, FILE_WRITER + OTHERS) as running:
        port = running.port
        ae = AE("NOBODY")
        association = ae.associate("127.0.0.1", port, [build_context(MCM)], ae_title="BURNISH")  # type: ignore[list-item]
        assert association.is_rejected
        rejected = association.acceptor.primitive
        assert rejected is not None
        assert (rejected.result, rejected.result_source, rejected.diagnostic) == (1, 1, 3)
        slices = ct(1)
        assert Scu(port, "SCANNER").store(*slices) == [0]
        assert Scu(port, "SCANNER").create(request(slices), generate_uid()) == 0x0124
        stock, uid = Scu(port), generate_uid()
        assert stock.create(request(slices), uid) == 0
        status, named, assigned = sent(Scu(port, "OLDSCU"), LATIN)
        assert (status, named) == (0, [])
        assert Scu(port, "OLDSCU").get(assigned, [0x22000002])[1].LabelText == "For Dr M\u00fcller"
    with serving(guarded.folder, FILE_WRITER + OTHERS) as running:
        again = Scu(running.port)
        assert again.state(uid) == IDLE
        assert again.initiate(uid) == 0
        assert again.wait(uid) == ("DONE", "NORMAL", 1)


def test_case_26_a_request_outlives_its_association(scu: Watched) -> None:
    uid = generate_uid()
    with scu.associate() as association:
        assert association.send_n_create(naming(item()), MCM, uid)[0].Status == 0
        assert association.send_n_get([0x21000020], MCM, uid)[1].ExecutionStatus == "IDLE"  # type: ignore[list-item, union-attr]
    assert scu.state(uid) == IDLE


# Anything at all

WORDS = (
    "YES",
    "NO",
    "MAYBE",
    "",
    "A" * 20,
    "A" * 20_000,
    "FOR_X",
    "1.2.3",
    "1.02",
    "\\",
    "A\\B",
    "1.2.3\\4",
    "\x00",
    " ",
)
KEYWORDS = (
    *("StorageMediaFileSetID", "StorageMediaFileSetUID", "LabelText", "LabelStyleSelection"),
    *("LabelUsingInformationExtractedFromInstances", "MediaDisposition", "BarcodeValue", "BarcodeSymbology"),
    *("AllowMediaSplitting", "AllowLossyCompression", "IncludeNonDICOMObjects", "IncludeDisplayApplication"),
    *(
        "PreserveCompositeInstancesAfterMediaCreation",
        "SpecificCharacterSet",
        "PatientName",
        "ExecutionStatus",
    ),
)
_ITEM_KEYWORDS = ("ReferencedSOPClassUID", "ReferencedSOPInstanceUID", "RequestedMediaApplicationProfile")


def explicit(keyword: str, value: bytes, vr: bytes | None = None) -> bytes:
    """An element in Explicit VR Little Endian, whatever its value."""
    tag = tag_for_keyword(keyword) or 0
    vr = vr or dictionary_VR(tag).encode()
    value += b" " * (len(value) % 2)
    head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little") + vr
    if vr in (b"SQ", b"UT", b"OB", b"UN", b"UC"):
        return head + b"\0\0" + len(value).to_bytes(4, "little") + value
    return head + (len(value) & 0xFFFF).to_bytes(2, "little") + value


def random_elements(chance: random.Random, keywords: Sequence[str], share: float) -> bytes:
    chosen = sorted((k for k in keywords if chance.random() < share), key=lambda k: tag_for_keyword(k) or 0)
    return b"".join(explicit(keyword, chance.choice(WORDS).encode()) for keyword in chosen)


def random_item(chance: random.Random) -> bytes:
    good = explicit(_ITEM_KEYWORDS[0], b"1.2.840.10008.5.1.4.1.1.2") + explicit(_ITEM_KEYWORDS[1], b"1.2.3.4")
    body = good if chance.random() < 0.7 else random_elements(chance, _ITEM_KEYWORDS, 0.7)
    return b"\xfe\xff\x00\xe0" + len(body).to_bytes(4, "little") + body


def random_data_set(chance: random.Random) -> bytes:
    """Right ones, wrong ones, and some that were damaged on their way."""
    items = b"".join(random_item(chance) for _ in range(chance.randrange(4)))
    sequence = explicit("ReferencedSOPSequence", items) if chance.random() < 0.9 else b""
    data = bytearray(sequence + random_elements(chance, KEYWORDS, 0.05))
    for _ in range(chance.choice((0, 0, 0, 1, 3))):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    if data and chance.random() < 0.1:
        del data[chance.randrange(len(data)) :]
    return bytes(data)


def test_case_25_a_thousand_random_requests_are_made_or_refused_and_never_warned_of(
    burnish: Installation,
) -> None:
    """Over one association, of a peer that sends what it is given."""
    chance, answers = random.Random(25), Counter[int]()
    with RawPeer(burnish.port) as peer:
        assert peer.associate({1: (MCM, [EXPLICIT])}, calling="FUZZ") == ASSOCIATED
        for number in range(1000):
            data, uid = random_data_set(chance), f"{generate_uid()[:50]}.{number}"
            peer.send(raw(N_CREATE_RQ, data, instance=uid))
            answer = peer.answer()
            status = status_of(answer)
            assert status != 0x0110 or answer[0x0902].startswith(UNREADABLE), (answer, data)
            assert code_to_category(status) in ("Success", "Failure"), (f"{status:04X}", data)
            there = exists(peer, uid)
            assert there == (status == 0), (f"{status:04X}", data)
            answers[status] += 1
    assert answers[0] > 100, f"too few of them were right to try anything: {answers}"
    assert {0x0106, 0x0120, 0x0121} <= set(answers)


def exists(peer: RawPeer, uid: str) -> bool:
    """Whether there is such a request, and it is IDLE."""
    peer.send(raw(N_GET_RQ, instance=uid, more={"e1005": bytes.fromhex("00212000")}))
    answer = peer.answer()
    if status_of(answer) == 0x0112:
        return False
    assert status_of(answer) == 0
    assert b"IDLE" in peer.receive()[1]
    return True
