"""Our client, against our reception and against pynetdicom's own SCP."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from burnish.dicom.scu import MAX_CONTEXTS, Client, Reach, ScuError, StoreResult
from burnish.dicom.storage import storage_classes
from burnish.terms import MEDIA_CREATION_MANAGEMENT, DimseStatus
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt

from core.tests.dicom.fakes import FakeSpool, House, Policy, house
from core.tests.dicom.peers import CT
from core.tests.dicom.test_storage import data_set_of, failing

ONE = {"ReferencedSOPClassUID": CT, "ReferencedSOPInstanceUID": "1.2.3.4"}


def client(running: House, **how: str) -> Client:
    return Client(Reach("127.0.0.1", running.port, how.get("called", "BURNISH"), how.get("calling", "SCU")))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    names = ["CT_small.dcm", "MR_small_RLE.dcm", "SC_rgb_jpeg_dcmtk.dcm", "MR_small.dcm"]
    return [Path(shutil.copy(str(get_testdata_file(name, download=False)), tmp_path)) for name in names]


def test_the_whole_way(running: House, files: list[Path]) -> None:
    scu = client(running)
    scu.echo()
    reported: list[StoreResult] = []
    results = scu.store(files, reported.append)
    assert results == reported
    assert all(result.stored for result in results)
    sent = {data_set_of(path) for path in files}
    assert {incoming.data for incoming in running.spool.seen} == sent
    uid = scu.create({"ReferencedSOPSequence": [ONE], "LabelText": "Grüße"}, None)
    assert running.orders.requests[uid].attributes["LabelText"] == "Grüße"
    scu.initiate(uid, copies=3, priority="HIGH")
    assert running.orders.requests[uid].arguments == {"NumberOfCopies": 3, "RequestPriority": "HIGH"}
    assert scu.get(uid) == {
        "ExecutionStatus": "PENDING",
        "ExecutionStatusInfo": "QUEUED",
        "TotalNumberOfPiecesOfMediaCreated": 0,
        "FailedSOPSequence": [],
        "ReferencedStorageMediaSequence": [],
    }
    assert scu.get(uid, ["LabelText", "PatientName"])["LabelText"] == "Grüße"
    scu.cancel(uid)
    with pytest.raises(ScuError) as raised:
        scu.get(uid)
    assert raised.value.status == DimseStatus.NO_SUCH_SOP_INSTANCE
    assert raised.value.comment


def test_a_given_uid_is_used(running: House) -> None:
    assert client(running).create({"ReferencedSOPSequence": [ONE]}, "1.2.3") == "1.2.3"


@pytest.fixture
def stock() -> Iterator[int]:
    """pynetdicom's own SCP, which moves the UID that a handler returns to the command set."""

    def create(_: evt.Event) -> tuple[int, Dataset]:
        made = Dataset()
        made.AffectedSOPInstanceUID = "1.2.3.99"
        return 0x0000, made

    ae = AE("BURNISH")
    ae.add_supported_context(MEDIA_CREATION_MANAGEMENT)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_CREATE, create)])
    assert server
    yield server.server_address[1]
    server.shutdown()


def test_the_uid_that_another_scp_assigns(stock: int) -> None:
    assert Client(Reach("127.0.0.1", stock, "BURNISH")).create({"ReferencedSOPSequence": [ONE]}) == "1.2.3.99"


def test_what_is_no_dicom_is_told(running: House, files: list[Path], tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not an image")
    results = {result.path: result for result in client(running).store([text, *files, tmp_path / "gone"])}
    assert [path for path, result in results.items() if result.stored] == files
    assert "not a DICOM file" in results[text].comment
    assert results[text].status is results[tmp_path / "gone"].status is None


def test_refusals_are_told(files: list[Path]) -> None:
    with house(spool=failing(DimseStatus.OUT_OF_RESOURCES, 0)) as running:
        results = client(running).store(files)
    assert [result.status for result in results] == [0xA700] * len(files)
    assert not any(result.stored for result in results)
    assert all(result.comment == "no" for result in results)


def test_a_class_that_is_not_taken(files: list[Path]) -> None:
    with house(storage={"sop_classes": ("MRImageStorage",)}) as running:
        results = client(running).store(files)
    assert sorted(bool(result.stored) for result in results) == [False, False, True, True]
    assert all("not sent" in result.comment for result in results if not result.stored)


def test_more_kinds_than_an_association_has_contexts(tmp_path: Path) -> None:
    image = dcmread(str(get_testdata_file("CT_small.dcm", download=False)))
    paths = []
    for number, sop_class in enumerate(storage_classes()[: MAX_CONTEXTS + 5]):
        image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = sop_class
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        paths.append(tmp_path / f"{number}.dcm")
        image.save_as(paths[-1])
    with house(spool=FakeSpool()) as running:
        results = client(running).store(paths)
    assert all(result.stored for result in results)
    assert len(running.spool.seen) == MAX_CONTEXTS + 5


def test_why_there_is_no_association(running: House) -> None:
    with pytest.raises(ScuError, match=r"rejected .*Called AE title"):
        client(running, called="OTHER").echo()
    with house(aets={"A": Policy()}) as strict, pytest.raises(ScuError, match="Calling AE title"):
        client(strict).echo()
    with pytest.raises(ScuError, match="nobody listens"):
        Client(Reach("127.0.0.1", 9, "BURNISH")).echo()


def test_a_refusal_carries_status_and_comment(running: House) -> None:
    with pytest.raises(ScuError, match="0120") as raised:
        client(running).create({"LabelText": "x"})
    assert (raised.value.status, raised.value.comment) == (0x0120, "no Referenced SOP Sequence")
