"""Profiles over the network and on media: cases 75, 77, 78, 81 to 85, 105, 115, 116, 124 to 127 and 131."""

import subprocess
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    generate_uid,
)

from tests import profile_samples, unpacking
from tests.lab import Installation, Scu, reference, request, serving
from tests.profile_samples import compressed, image, xa
from tests.test_every_profile import assert_nothing_in_the_clear, make

MEDIA = ("CD-R", "DVD-R", "USB")
CONFIG = "".join(
    f'[writers.{kind.lower()}]\ndriver = "file"\npath = "out/{kind}"\nmedia = ["{kind}"]\n' for kind in MEDIA
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server that makes CD-R, DVD-R and sticks, as image files."""
    with serving(tmp_path_factory.mktemp("house"), CONFIG) as running:
        yield running


def outcome(
    house: Installation, sent: Sequence[Dataset], profile: str, **asked: str
) -> tuple[str, str, Dataset]:
    """Store, order and wait: the status, its info, and what N-GET tells then."""
    scu = Scu(house.port)
    assert set(scu.store(*sent)) == {0}
    uid = str(generate_uid())
    assert scu.create(request(sent, profile, **asked), uid) == 0
    assert scu.initiate(uid) == 0
    status, info, _ = scu.wait(uid)
    return status, info, scu.get(uid)[1]


def failures(told: Dataset) -> dict[str, tuple[int, list[int]]]:
    """Reason and Failure Attributes by SOP Instance UID."""
    found = {}
    for item in told.FailedSOPSequence:
        tags = item.get("FailureAttributes") or []
        listed = [
            int(tag) for tag in (tags if isinstance(tags, list) or hasattr(tags, "__iter__") else [tags])
        ]
        found[item.ReferencedSOPInstanceUID] = item.FailureReason, listed
    return found


def made(house: Installation, told: Dataset, kind: str, folder: Path) -> Path:
    """The files of the only volume that was made, taken off by somebody else's program."""
    name = told.ReferencedStorageMediaSequence[0].StorageMediaFileSetID
    [path] = house.out.glob(f"*/*/{name}-1-1.*")
    unpacking.unpack(path, kind, folder)
    return folder


def images(folder: Path) -> list[Dataset]:
    """The IMAGE records."""
    records = dcmread(folder / "DICOMDIR").DirectoryRecordSequence
    return [record for record in records if record.DirectoryRecordType == "IMAGE"]


def instances(folder: Path) -> dict[str, Dataset]:
    found = [dcmread(path) for path in folder.rglob("*") if path.is_file() and path.name != "DICOMDIR"]
    return {ds.SOPInstanceUID: ds for ds in found}


def test_case_75_a_class_that_the_profile_does_not_hold(house: Installation) -> None:
    breast = image(DigitalMammographyXRayImageStorageForPresentation, "MG")
    status, info, told = outcome(house, [breast], "STD-CTMR-CD")
    assert (status, info) == ("FAILURE", "INST_AP_CONFLICT")
    assert failures(told)[breast.SOPInstanceUID][0] == 0x0202


def test_case_77_profiles_that_share_no_medium(house: Installation) -> None:
    scu, sent = Scu(house.port), profile_samples.fitting("ct-mr")[:2]
    assert set(scu.store(*sent)) == {0}
    asked, uid = Dataset(), str(generate_uid())
    asked.ReferencedSOPSequence = [reference(sent[0], "STD-GEN-CD"), reference(sent[1], "STD-GEN-USB-JPEG")]
    assert scu.create(asked, uid) == 0
    assert scu.initiate(uid) == 0
    assert scu.wait(uid)[:2] == ("FAILURE", "INST_AP_CONFLICT")
    assert {reason for reason, _ in failures(scu.get(uid)[1]).values()} == {0x0201}


@pytest.mark.judge("7z")
def test_case_78_profiles_on_one_medium(house: Installation, tmp_path: Path) -> None:
    scu = Scu(house.port)
    [scan, *_] = profile_samples.fitting("ct-mr")
    breast = image(DigitalMammographyXRayImageStorageForPresentation, "MG")
    assert set(scu.store(scan, breast)) == {0}
    asked, uid = Dataset(), str(generate_uid())
    asked.ReferencedSOPSequence = [reference(breast, "STD-GEN-CD"), reference(scan, "STD-CTMR-CD")]
    assert scu.create(asked, uid) == 0
    assert scu.initiate(uid) == 0
    assert scu.wait(uid)[0] == "DONE"
    folder = made(house, scu.get(uid)[1], "iso9660", tmp_path / "out")
    records = [
        r for r in dcmread(folder / "DICOMDIR").DirectoryRecordSequence if r.DirectoryRecordType == "IMAGE"
    ]
    for record in records:
        assert record.ImageType == ["ORIGINAL", "PRIMARY"], "Table D.3-2"
        assert (record.Rows, record.Columns) == (64, 64), "Table E.3-2"


def test_case_81_an_image_that_is_too_large(house: Installation) -> None:
    large = compressed(xa(side=1024, frames=0), JPEGLosslessSV1)
    status, info, told = outcome(house, [large], "STD-XABC-CD")
    assert (status, info) == ("FAILURE", "INST_AP_CONFLICT")
    assert failures(told)[large.SOPInstanceUID] == (0x0202, [0x00280010, 0x00280011])


@pytest.mark.parametrize("lossy", ["NO", "YES"])
def test_case_82_a_profile_that_wants_loss_gets_what_has_lost_it(house: Installation, lossy: str) -> None:
    """Nothing is compressed with loss here, whatever the request allows: it never has to be (PS3.4 S.3.2)."""
    frames = xa()
    status, info, told = outcome(house, [frames], "STD-DVD-MPEG2-MPML", AllowLossyCompression=lossy)
    assert (status, info) == ("FAILURE", "INST_AP_CONFLICT")
    reason, tags = failures(told)[frames.SOPInstanceUID]
    assert reason == 0x0203
    assert tags == [0x00020010]


@pytest.mark.judge("7z")
def test_cases_83_and_85_nothing_loses_anything(house: Installation, tmp_path: Path) -> None:
    """No lossy copy is made, so no instance has to have another UID."""
    sent = [image("1.2.840.10008.5.1.4.1.1.4", "MR", bits=16), xa(bits=10)]
    status, _, told = outcome(house, sent, "STD-GEN-CD", AllowLossyCompression="YES")
    assert status == "DONE"
    there = instances(made(house, told, "iso9660", tmp_path / "out"))
    for ds in sent:
        assert there[ds.SOPInstanceUID].PixelData == ds.PixelData
        assert there[ds.SOPInstanceUID].file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert "LossyImageCompression" not in there[ds.SOPInstanceUID]


@pytest.mark.judge("mcopy")
def test_case_84_what_is_lossy_stays_as_it_is(house: Installation, tmp_path: Path) -> None:
    lossy = compressed(image("1.2.840.10008.5.1.4.1.1.7", "OT", bits=8, photometric="RGB"), JPEGBaseline8Bit)
    before = deepcopy(lossy.PixelData)
    status, _, told = outcome(house, [lossy], "STD-GEN-USB-JPEG")
    assert status == "DONE"
    there = instances(made(house, told, "fat", tmp_path / "out"))[lossy.SOPInstanceUID]
    assert there.PixelData == before
    assert there.file_meta.TransferSyntaxUID == JPEGBaseline8Bit


@pytest.mark.judge("mcopy", "dcmdjpeg")
def test_case_105_compression_avoids_splitting(tmp_path: Path) -> None:
    """Six megabytes of quiet images, and a stick of five: they go on it, and nothing is lost."""
    text = '[writers.stick]\ndriver = "file"\npath = "out/USB"\nmedia = ["USB"]\ncapacity = 5_000_000\n'
    sent = [
        image("1.2.840.10008.5.1.4.1.1.2", "CT", side=512, InstanceNumber=n, PixelRepresentation=0)
        for n in range(1, 13)
    ]
    for ds in sent:
        ds.PixelData = bytes(2) * (512 * 256) + ds.PixelData[512 * 512 :]
        ds.StudyInstanceUID, ds.SeriesInstanceUID = sent[0].StudyInstanceUID, sent[0].SeriesInstanceUID
    (tmp_path / "small").mkdir()
    with serving(tmp_path / "small", text) as running:
        status, info, told = outcome(running, sent, "STD-GEN-USB-JPEG", AllowMediaSplitting="NO")
        assert (status, info) == ("DONE", "NORMAL")
        folder = made(running, told, "fat", tmp_path / "out")
    there = instances(folder)
    assert {ds.file_meta.TransferSyntaxUID for ds in there.values()} == {JPEGLosslessSV1}
    for path in list(folder.rglob("IM*")):
        plain = path.with_suffix(".PLAIN")
        subprocess.run(["dcmdjpeg", path, plain], check=True)
        ds = dcmread(plain)
        [same] = [one for one in sent if one.SOPInstanceUID == ds.SOPInstanceUID]
        assert ds.PixelData == same.PixelData
    (tmp_path / "never").mkdir()
    with serving(tmp_path / "never", text + '[media]\ncompression = "never"\n') as running:
        assert outcome(running, sent, "STD-GEN-USB-JPEG")[:2] == ("FAILURE", "SET_OVERSIZED")


@pytest.mark.judge("7z")
@pytest.mark.parametrize("there", [True, False])
def test_case_115_keys_stand_where_their_condition_holds(there: bool, tmp_path: Path) -> None:
    """Each key of type 1C of Table E.3-2: in the record where the image has it, else not."""
    keys = {
        "ImagePositionPatient": [0, 0, 0],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "FrameOfReferenceUID": "1.2.3.4",
        "PixelSpacing": [0.5, 0.5],
        "ReferencedImageSequence": [reference(image("1.2.840.10008.5.1.4.1.1.2", "CT"), "")],
    }
    ds = image("1.2.840.10008.5.1.4.1.1.2", "CT")
    for keyword, value in keys.items():
        if keyword in ds:
            del ds[keyword]
        if there:
            setattr(ds, keyword, value)
    result = make(tmp_path, "STD-CTMR-CD", [ds])
    unpacking.unpack(result.path, result.format, tmp_path / "out")
    found = dcmread(tmp_path / "out" / "DICOMDIR").DirectoryRecordSequence
    [record] = [one for one in found if one.DirectoryRecordType == "IMAGE"]
    assert [keyword for keyword in keys if keyword in record] == (list(keys) if there else [])
    assert (record.Rows, record.Columns) == (64, 64)


def icon_of(side: int) -> Dataset:
    """An icon whose pixels are told at a glance."""
    icon = Dataset()
    icon.SamplesPerPixel, icon.PhotometricInterpretation = 1, "MONOCHROME2"
    icon.Rows = icon.Columns = side
    icon.BitsAllocated, icon.BitsStored, icon.HighBit, icon.PixelRepresentation = 8, 8, 7, 0
    icon.PixelData = bytes([7, 9]) * (side * side // 2)
    icon["PixelData"].VR = "OB"
    return icon


@pytest.mark.judge("7z")
@pytest.mark.parametrize(("side", "taken"), [(128, True), (64, False)])
def test_case_116_an_icon_that_came_along(side: int, taken: bool, tmp_path: Path) -> None:
    """One of 128 x 128 is used; one of 64 x 64 is not what the profile requires, and another is made."""
    ds = compressed(xa(), JPEGLosslessSV1)
    ds.IconImageSequence = [icon_of(side)]
    result = make(tmp_path, "STD-XABC-CD", [ds])
    unpacking.unpack(result.path, result.format, tmp_path / "out")
    found = dcmread(tmp_path / "out" / "DICOMDIR").DirectoryRecordSequence
    [record] = [one for one in found if one.DirectoryRecordType == "IMAGE"]
    [there] = record.IconImageSequence
    assert (there.Rows, there.Columns, there.BitsStored) == (128, 128, 8)
    assert (there.PixelData[:2] == bytes([7, 9])) == taken


@pytest.mark.judge("7z")
@pytest.mark.parametrize(("side", "taken"), [(128, True), (64, False)])
def test_case_116_an_icon_that_the_scu_supplies(
    house: Installation, side: int, taken: bool, tmp_path: Path
) -> None:
    """PS3.4 S.3.2: one that keeps to the limits of the profile stands in the record; another is made."""
    scu, ds = Scu(house.port), compressed(xa(), JPEGLosslessSV1)
    assert scu.store(ds) == [0]
    asked, uid = request([ds], "STD-XABC-CD"), str(generate_uid())
    asked.ReferencedSOPSequence[0].IconImageSequence = [icon_of(side)]
    assert scu.create(asked, uid) == 0
    assert scu.initiate(uid) == 0
    assert scu.wait(uid)[0] == "DONE"
    [record] = images(made(house, scu.get(uid)[1], "iso9660", tmp_path / "out"))
    [there] = record.IconImageSequence
    assert (there.Rows, there.Columns, there.BitsStored) == (128, 128, 8)
    assert (there.PixelData[:2] == bytes([7, 9])) == taken


@pytest.mark.judge("isoinfo", "udfinfo", "7z", "xorriso", "isolyzer", "fsck.fat", "sfdisk", "mdir", "mcopy")
@pytest.mark.parametrize(
    ("case", "profile", "kind"),
    [
        (124, "STD-GEN-DVD-JPEG", "bridge"),
        (124, "STD-GEN-DVD-RAM", "udf150"),
        (125, "STD-GEN-BD", "udf260"),
        (126, "STD-GEN-USB-JPEG", "fat"),
        (127, "STD-GEN-SD-J2K", "fat16"),
        (127, "STD-GEN-MMC-JPEG", "fat16"),
    ],
)
def test_cases_124_to_127_the_file_system_of_each_medium(
    case: int, profile: str, kind: str, tmp_path: Path
) -> None:
    result = make(tmp_path, profile, [image("1.2.840.10008.5.1.4.1.1.2", "CT")])
    unpacking.check(result.path, kind)
    unpacking.unpack(result.path, kind, tmp_path / "out")
    assert (tmp_path / "out" / "DICOMDIR").exists()
    names = [
        part for path in (tmp_path / "out").rglob("*") for part in path.relative_to(tmp_path / "out").parts
    ]
    assert all(name.isascii() and len(name) <= 8 and "." not in name for name in names)
    data = result.path.read_bytes()
    if case == 125:
        assert data[17 * 2048 : 17 * 2048 + 6] == b"\0NSR03"
        assert (
            b"*OSTA UDF Compliant\0\0\0\0\x60\x02" in data or b"*OSTA UDF Compliant\0\0\0\0\x50\x02" in data
        )
        assert b"Virtual" not in data, "no VAT"


@pytest.mark.judge("7z", "openssl")
def test_case_131_every_file_is_sealed(tmp_path: Path) -> None:
    result = make(tmp_path, "STD-GEN-SEC-CD", profile_samples.fitting("any-explicit"))
    assert_nothing_in_the_clear(result)
    unpacking.unpack(result.path, result.format, tmp_path / "out")
    for path in [path for path in (tmp_path / "out").rglob("*") if path.is_file()]:
        said = subprocess.run(
            ["openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", path],
            capture_output=True,
            check=True,
        )
        assert b"pkcs7-envelopedData" in said.stdout
        assert b"aes-256-cbc" in said.stdout
    unpacking.unseal(tmp_path / "out", result.key, result.certificate)
    assert len(instances(tmp_path / "out")) == len(result.sent)
