"""Verification: sound media by other hands pass, and whatever is broken on one is found and named."""

import gc
import hashlib
import io
import json
import os
import shutil
import struct
import subprocess
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import pytest
from burnish.contracts import (
    AsIs,
    Contents,
    DirectoryKey,
    FileOnMedium,
    Fit,
    Format,
    Profile,
    Subject,
    Transcode,
    Unfit,
    VolumeFacts,
)
from burnish.errors import UnreadableMedium
from burnish.fileset.reading import open_medium
from burnish.fileset.verdict import Verdict
from burnish.fileset.verify import verify
from burnish.media import MediaKind
from burnish.recipe import Recipe, Tree
from burnish.terms import DEFLATED, EXPLICIT_VR_LE, IMPLICIT_VR_LE, FailureReason
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.fileset import FileSet
from pydicom.uid import generate_uid

CT, MR, US = ("CT_small.dcm", "MR_small.dcm", "examples_palette.dcm")
REAL = (CT, MR, US, "liver_1frame.dcm", "SC_rgb_small_odd.dcm", "waveform_ecg.dcm", "test-SR.dcm")


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A medium by pydicom: three CTs of two series, one MR."""
    folder = tmp_path_factory.mktemp("pattern")
    with warnings.catch_warnings():
        # pydicom leaves its staging folders to the garbage collector, which warns
        warnings.simplefilter("ignore", ResourceWarning)
        make(folder)
        gc.collect()
    return folder


def make(folder: Path) -> None:
    files = FileSet()
    files.ID = "PATTERN"
    ct = dcmread(str(get_testdata_file(CT)))
    for number in (1, 2, 3):
        ct.SOPInstanceUID = ct.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.{number}"
        ct.SeriesInstanceUID = f"1.2.826.0.2.{number // 2}"
        ct.InstanceNumber = number
        files.add(ct)
    files.add(dcmread(str(get_testdata_file(MR))))
    files.write(folder, use_existing=False)


@pytest.fixture
def medium(pattern: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pattern, tmp_path / "medium"))


def found(folder: Path, **more: object) -> Verdict:
    verdict = verify(folder, {}, **more)  # type: ignore[arg-type]
    assert verdict.readable
    json.dumps(verdict.to_json())
    return verdict


def only(folder: Path, path: str, says: str, **more: object) -> Verdict:
    """Demand exactly one finding."""
    verdict = found(folder, **more)
    assert [(one.path, says in one.text) for one in verdict.findings] == [(path, True)], verdict.findings
    assert verdict.findings[0].clause or more
    return verdict


def says(verdict: Verdict, text: str) -> bool:
    return any(text in one.text for one in verdict.findings)


def first(folder: Path) -> Path:
    return folder / "PT000000/ST000000/SE000000/IM000000"


def name(folder: Path, file: Path) -> str:
    return str(file.relative_to(folder))


def patch(file: Path, at: int, data: bytes) -> None:
    with file.open("r+b") as stream:
        stream.seek(at)
        stream.write(data)


def element_at(directory: Path, tag: int, number: int = 0) -> int:
    """Offset of the value of the `number`-th element of a tag with a short VR, in file order."""
    data = directory.read_bytes()
    at = -1
    for _ in range(number + 1):
        at = data.index(struct.pack("<HH", tag >> 16, tag & 0xFFFF), at + 1)
    return at + 8


def test_a_medium_by_pydicom_is_sound(medium: Path) -> None:
    steps: list[int] = []
    verdict = found(medium, report=steps.append)
    assert verdict.findings == []
    assert verdict.sound
    assert verdict.files == 5
    assert len(verdict.instances) == 4
    assert [patient["id"] for patient in verdict.patients] == ["1CT1", "4MR1"]
    assert (verdict.format, verdict.file_set_id) == ("folder", "PATTERN")
    assert verdict.file_set_uid == dcmread(medium / "DICOMDIR").file_meta.MediaStorageSOPInstanceUID
    assert steps == sorted(steps)


def test_each_instance_has_the_digest_of_its_data_set(medium: Path) -> None:
    one = next(one for one in found(medium).instances if one.path == name(medium, first(medium)))
    data = first(medium).read_bytes()
    assert hashlib.sha256(data[-one.length :]).digest() == one.digest
    assert data[-one.length :].startswith(b"\x08\0")


@pytest.mark.judge("dcmmkdir")
def test_a_medium_by_dcmtk_of_real_files_is_sound(tmp_path: Path) -> None:
    source = Path(str(get_testdata_file("CT_small.dcm"))).parent
    for part in ("77654033", "98892001", "98892003"):
        shutil.copytree(source / "dicomdirtests" / part, tmp_path / part)
    for number, real in enumerate(REAL):
        shutil.copy(source / real, tmp_path / f"REAL{number}")
    names = sorted(path.name for path in tmp_path.iterdir())
    subprocess.run(["dcmmkdir", "-q", "+r", "--invent", "+F", "REAL", *names], cwd=tmp_path, check=True)
    verdict = found(tmp_path)
    assert verdict.findings == []
    assert len(verdict.instances) == verdict.files - 1 == 38
    assert len({patient["id"] for patient in verdict.patients}) == len(verdict.patients)


@pytest.mark.judge("dcmmkdir")
def test_a_real_file_that_names_itself_twice_differently_is_found(tmp_path: Path) -> None:
    shutil.copy(str(get_testdata_file("rtplan.dcm")), tmp_path / "PLAN")
    subprocess.run(["dcmmkdir", "-q", "-Nxc", "--invent", "PLAN"], cwd=tmp_path, check=True)
    verdict = found(tmp_path)
    assert {one.path for one in verdict.findings} == {"PLAN"}
    assert says(verdict, "its SOP Instance UID is")


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    verdict = verify(tmp_path / "nothing", {})
    assert not verdict.readable
    assert not verdict.sound
    assert len(verdict.findings) == 1


def test_a_folder_without_dicomdir(tmp_path: Path) -> None:
    only(tmp_path, "", "no file DICOMDIR")


def test_a_dicomdir_of_another_name(medium: Path) -> None:
    (medium / "DICOMDIR").rename(medium / "dicomdir")
    verdict = found(medium)
    assert says(verdict, "no file DICOMDIR")
    assert says(verdict, "only in the root")


def test_a_second_dicomdir(medium: Path) -> None:
    shutil.copy(medium / "DICOMDIR", medium / "PT000000" / "DICOMDIR")
    verdict = found(medium)
    assert {one.path for one in verdict.findings} == {"PT000000/DICOMDIR"}


@pytest.mark.parametrize("data", [b"", b"DICM", bytes(128) + b"DICM", bytes(200), b"x" * 5000])
def test_a_dicomdir_that_is_none(medium: Path, data: bytes) -> None:
    (medium / "DICOMDIR").write_bytes(data)
    verdict = found(medium)
    assert any(one.path == "DICOMDIR" for one in verdict.findings)
    assert verdict.instances == []


@pytest.mark.parametrize(
    "other", ["DICOMDIR-implicit", "DICOMDIR-bigEnd", "DICOMDIR-nopatient", "DICOMDIR-nooffset"]
)
def test_other_broken_dicomdirs(tmp_path: Path, other: str) -> None:
    source = Path(str(get_testdata_file("CT_small.dcm"))).parent / "dicomdirtests"
    for part in ("77654033", "98892001", "98892003"):
        shutil.copytree(source / part, tmp_path / part)
    shutil.copy(source / other, tmp_path / "DICOMDIR")
    assert any(one.path == "DICOMDIR" for one in found(tmp_path).findings)


def test_a_dicomdir_of_another_class(medium: Path) -> None:
    data = (medium / "DICOMDIR").read_bytes()
    (medium / "DICOMDIR").write_bytes(data.replace(b"1.2.840.10008.1.3.10", b"1.2.840.10008.1.3.11", 1))
    only(medium, "DICOMDIR", "Media Storage SOP Class UID")


def test_a_directory_that_may_be_inconsistent(medium: Path) -> None:
    patch(medium / "DICOMDIR", element_at(medium / "DICOMDIR", 0x00041212), b"\xff\xff")
    only(medium, "DICOMDIR", "Consistency")


def test_a_record_that_is_not_in_use(medium: Path) -> None:
    patch(medium / "DICOMDIR", element_at(medium / "DICOMDIR", 0x00041410, 2), b"\0\0")
    only(medium, "DICOMDIR", "not in use")


def test_an_offset_beside_every_record(medium: Path) -> None:
    at = element_at(medium / "DICOMDIR", 0x00041420)
    before = int.from_bytes((medium / "DICOMDIR").read_bytes()[at : at + 4], "little")
    patch(medium / "DICOMDIR", at, struct.pack("<L", before + 2))
    verdict = found(medium)
    assert says(verdict, "where no record begins")
    assert says(verdict, "no offset leads to")


@pytest.mark.parametrize("tag", [0x00041400, 0x00041420])
@pytest.mark.parametrize("number", range(4))
def test_records_that_lead_in_circles(medium: Path, tag: int, number: int) -> None:
    directory = medium / "DICOMDIR"
    root = directory.read_bytes()[element_at(directory, 0x00041200) :][:4]
    patch(directory, element_at(directory, tag, number), root)
    assert says(found(medium), "more than one offset leads")


def test_the_offset_of_the_last_root_record(medium: Path) -> None:
    patch(medium / "DICOMDIR", element_at(medium / "DICOMDIR", 0x00041202), bytes(4))
    only(medium, "DICOMDIR", "last root record")


def test_records_in_the_wrong_place(medium: Path) -> None:
    data = (medium / "DICOMDIR").read_bytes()
    (medium / "DICOMDIR").write_bytes(data.replace(b"CS\x06\0STUDY ", b"CS\x06\0SERIES", 1))
    assert says(found(medium), "may not stand below PATIENT")


def test_one_patient_id_in_two_records(medium: Path) -> None:
    data = (medium / "DICOMDIR").read_bytes()
    (medium / "DICOMDIR").write_bytes(data.replace(b"4MR1", b"1CT1", 1))
    verdict = found(medium)
    assert says(verdict, "has the Patient ID of the record")
    assert says(verdict, "below a PATIENT record with another Patient ID")


def test_a_record_without_its_key(medium: Path) -> None:
    data = (medium / "DICOMDIR").read_bytes()
    (medium / "DICOMDIR").write_bytes(data.replace(b"LO\x04\x004MR1", b"LO\x04\0    ", 1))
    verdict = found(medium)
    assert says(verdict, "another Patient ID")


def test_a_missing_file(medium: Path) -> None:
    first(medium).unlink()
    only(medium, name(medium, first(medium)), "not on the medium")


def test_a_file_of_another_case(medium: Path) -> None:
    first(medium).rename(first(medium).with_name("im000000"))
    verdict = found(medium)
    assert says(verdict, "im000000 is there instead")


def test_a_renamed_file(medium: Path) -> None:
    first(medium).rename(first(medium).with_name("IM999999"))
    assert {one.path for one in found(medium).findings} == {
        name(medium, first(medium)),
        name(medium, first(medium).with_name("IM999999")),
    }


def test_a_dicom_file_that_nobody_references(medium: Path) -> None:
    shutil.copy(first(medium), medium / "EXTRA")
    only(medium, "EXTRA", "does not reference")


def test_other_files_may_be_there(medium: Path) -> None:
    (medium / "README.TXT").write_text("hello")
    (medium / "VIEWER").mkdir()
    (medium / "VIEWER" / "start.exe").write_bytes(b"MZ")
    assert found(medium).sound


def test_a_file_that_is_no_dicom_file(medium: Path) -> None:
    first(medium).write_bytes(b"hello")
    only(medium, name(medium, first(medium)), "no DICOM file")


@pytest.mark.parametrize("cut", [1, 100, 32000, 38900])
def test_a_file_that_ends_early(medium: Path, cut: int) -> None:
    os.truncate(first(medium), first(medium).stat().st_size - cut)
    verdict = found(medium)
    assert {one.path for one in verdict.findings} == {name(medium, first(medium))}


def test_a_file_of_another_instance(medium: Path) -> None:
    data = dcmread(first(medium))
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.save_as(first(medium))
    only(medium, name(medium, first(medium)), "for SOP Instance UID")


def test_a_file_whose_meta_information_is_another_instances(medium: Path) -> None:
    data = first(medium).read_bytes()
    assert data.count(b"1.2.826.0.1.1") == 2
    first(medium).write_bytes(data[:400] + data[400:].replace(b"1.2.826.0.1.1", b"1.2.826.0.1.9"))
    only(medium, name(medium, first(medium)), "its SOP Instance UID is")


def test_a_file_in_another_transfer_syntax(medium: Path) -> None:
    data = dcmread(first(medium))
    data.file_meta.TransferSyntaxUID = IMPLICIT_VR_LE
    dcmwrite(first(medium), data, implicit_vr=True, little_endian=True)
    only(medium, name(medium, first(medium)), "for Transfer Syntax UID")


def test_a_deflated_file_is_read_to_its_end(medium: Path) -> None:
    data = dcmread(first(medium))
    data.file_meta.TransferSyntaxUID = DEFLATED
    data.save_as(first(medium))
    only(medium, name(medium, first(medium)), "for Transfer Syntax UID")
    os.truncate(first(medium), first(medium).stat().st_size - 2000)
    only(medium, name(medium, first(medium)), "ends within what is deflated")


@pytest.mark.parametrize(
    ("keyword", "value", "says"),
    [
        ("PatientID", "OTHER", "another Patient ID"),
        ("StudyInstanceUID", "1.2.3.4", "another Study Instance UID"),
        ("SeriesInstanceUID", "1.2.3.4", "another Series Instance UID"),
        ("PatientName", "Somebody^Else", "Patient's Name"),
    ],
)
def test_a_file_below_the_wrong_records(medium: Path, keyword: str, value: str, says: str) -> None:
    data = dcmread(first(medium))
    setattr(data, keyword, value)
    data.save_as(first(medium))
    verdict = found(medium)
    assert any(one.path == name(medium, first(medium)) and says in one.text for one in verdict.findings)
    assert not any("Else" in one.text for one in verdict.findings)


def test_an_instance_without_patient_id_below_a_made_one(medium: Path) -> None:
    for file in medium.glob("PT000001/*/*/*"):
        data = dcmread(file)
        data.PatientID = ""
        data.save_as(file)
    assert found(medium).sound


@pytest.mark.parametrize(("start", "sound"), [
    (b"MZ\x90\0", False),
    (b"\x7fELF", False),
    (b"#!/b", False),
    (b"II*\0", True),
    (bytes(16) + b"\1", True),
])  # fmt: skip
def test_a_preamble_that_makes_the_file_another(medium: Path, start: bytes, sound: bool) -> None:
    patch(first(medium), 0, start)
    assert found(medium).sound is sound


def test_file_meta_information_with_a_wrong_length(medium: Path) -> None:
    patch(first(medium), 140, struct.pack("<L", 4))
    only(medium, name(medium, first(medium)), "Group Length")


def digests(medium: Path) -> dict[str, bytes]:
    return {one.sop_instance: one.digest for one in found(medium).instances}


def test_a_bit_that_flipped_shows_against_the_digests(medium: Path) -> None:
    expected = digests(medium)
    assert found(medium, expected=expected).sound
    size = first(medium).stat().st_size
    data = first(medium).read_bytes()
    patch(first(medium), size - 5000, bytes((data[size - 5000] ^ 4,)))
    assert found(medium).sound
    only(medium, name(medium, first(medium)), "differs from what was sent", expected=expected)


def test_instances_that_should_not_be_there_or_are_missing(medium: Path) -> None:
    expected = digests(medium)
    uid, digest = expected.popitem()
    verdict = found(medium, expected=expected)
    assert says(verdict, f"{uid} should not be on the medium")
    verdict = found(medium, expected=expected | {uid: digest, "1.2.3": digest})
    assert [one.text for one in verdict.findings] == ["instance 1.2.3 should be on the medium, and is not"]


@pytest.mark.parametrize("path", ["../../etc", "/etc", "PT000000\\..\\SECRET", "a b", "TOOLONG01", ".", ""])
def test_file_ids_never_leave_the_medium(medium: Path, path: str) -> None:
    (medium.parent / "SECRET").write_bytes(first(medium).read_bytes())
    data = (medium / "DICOMDIR").read_bytes()
    before = b"PT000000\\ST000000\\SE000000\\IM000000"
    (medium / "DICOMDIR").write_bytes(data.replace(before, path.encode().ljust(len(before)), 1))
    verdict = found(medium)
    assert not verdict.sound
    assert len(verdict.instances) == 3


def test_links_are_not_followed(medium: Path) -> None:
    outside = medium.parent / "OUTSIDE"
    first(medium).rename(outside)
    first(medium).symlink_to(outside)
    (medium / "LOOP").symlink_to(medium, target_is_directory=True)
    verdict = found(medium)
    assert says(verdict, "LOOP is neither a file nor a folder")
    assert says(verdict, "IM000000 is neither a file nor a folder")
    assert len(verdict.instances) == 3


def test_a_pipe_does_not_stop_the_reader(medium: Path) -> None:
    os.mkfifo(medium / "PIPE")
    only(medium, "", "PIPE is neither")


class House(Profile):
    """Explicit VR Little Endian, and a key in each record."""

    identifier = "PRI-HOUSE-CD"
    title = "House"
    formats = {MediaKind.CD_R: ("heap",)}  # noqa: RUF012
    directory_keys = (
        DirectoryKey("ImageType", ("IMAGE",), "1C"),
        DirectoryKey("ContentLabel", ("IMAGE",), "1C"),
    )

    def judge(self, subject: Subject) -> Fit:
        if subject.head["Modality"] == "MR":
            return Unfit(FailureReason.PROFILE_INSTANCE_CONFLICT, "Modality must not be MR", (0x00080060,))
        if subject.head["InstanceNumber"] != 2:
            return AsIs()
        if EXPLICIT_VR_LE in subject.derivable:
            return Transcode(EXPLICIT_VR_LE)
        why = f"Transfer Syntax UID must be {EXPLICIT_VR_LE}"
        return Unfit(FailureReason.PROFILE_COMPRESSION_CONFLICT, why, (0x00020010,))


def test_the_rules_of_a_profile(medium: Path) -> None:
    texts = [one.text for one in found(medium, profile=House()).findings]
    assert texts.count("Modality must not be MR") == 1
    assert sum("must be 1.2.840.10008.1.2.1" in text for text in texts) == 1
    assert sum("lacks ImageType" in text for text in texts) == 4
    assert not any("ContentLabel" in text for text in texts)


class Heap(Format):
    """Files behind a JSON index, each in pieces, the last piece first: an importer must follow extents."""

    def lay_out(self, tree: Tree, facts: VolumeFacts) -> Recipe:
        raise NotImplementedError

    def read(self, medium: BinaryIO) -> Contents:
        if medium.read(4) != b"HEAP":
            raise UnreadableMedium("no heap")
        index = json.loads(medium.readline())
        files = [FileOnMedium(tuple(path), tuple(map(tuple, extents))) for path, extents in index]
        return Contents("PATTERN", "TOKEN", files, ["a wart"] if len(files) == 1 else [])


def heap(folder: Path, image: Path, names: Sequence[Path] | None = None) -> Path:
    start, body, index = 4096, bytearray(), []
    for file in names or sorted(path for path in folder.rglob("*") if path.is_file()):
        data = file.read_bytes()
        pieces = [data[at : at + 3000] for at in range(0, len(data), 3000)]
        places: list[tuple[int, int]] = []
        for piece in reversed(pieces):
            places.insert(0, (start + len(body), len(piece)))
            body += piece
        index.append((file.relative_to(folder).parts, places))
    header = b"HEAP" + json.dumps(index).encode() + b"\n"
    assert len(header) <= start
    image.write_bytes(header.ljust(start) + body)
    return image


class Never(Format):
    def lay_out(self, tree: Tree, facts: VolumeFacts) -> Recipe:
        raise NotImplementedError

    def read(self, medium: BinaryIO) -> Contents:
        raise UnreadableMedium("never")


def test_an_image_through_the_format_that_reads_it(medium: Path, tmp_path: Path) -> None:
    image = heap(medium, tmp_path / "image")
    verdict = verify(image, {"never": Never(), "heap": Heap()}, expected=digests(medium))
    assert verdict.findings == []
    assert (verdict.format, verdict.volume, verdict.token) == ("heap", "PATTERN", "TOKEN")
    assert len(verdict.instances) == 4


def test_an_image_that_no_format_reads(medium: Path) -> None:
    verdict = verify(medium / "DICOMDIR", {"never": Never(), "heap": Heap()})
    assert not verdict.readable
    assert "never: never; heap: no heap" in verdict.findings[0].text


def test_an_image_that_was_cut_short(medium: Path, tmp_path: Path) -> None:
    image = heap(medium, tmp_path / "image")
    os.truncate(image, image.stat().st_size - 4000)
    verdict = verify(image, {"heap": Heap()})
    assert {one.path.partition("/")[0] for one in verdict.findings} == {"PT000001"}
    assert len(verdict.instances) == 3


def test_what_a_format_finds_is_told(medium: Path, tmp_path: Path) -> None:
    image = heap(medium, tmp_path / "image", [medium / "DICOMDIR"])
    assert says(verify(image, {"heap": Heap()}), "a wart")


def test_a_format_that_a_profile_does_not_want(medium: Path, tmp_path: Path) -> None:
    image = heap(medium, tmp_path / "image")
    assert says(verify(image, {"other": Heap()}, profile=House()), "PRI-HOUSE-CD wants heap")


def test_a_reader_of_extents_seeks_like_a_file(medium: Path, tmp_path: Path) -> None:
    image, data = heap(medium, tmp_path / "image"), first(medium).read_bytes()
    with open_medium(image, {"heap": Heap()}) as opened:
        file = opened.files[first(medium).relative_to(medium).parts]
        with file.open() as stream:
            for at in (0, 2999, 3000, 3001, len(data) - 1, len(data), len(data) + 10):
                stream.seek(at)
                assert stream.read(7000) == data[at : at + 7000]
            assert stream.seek(-5, io.SEEK_END) == len(data) - 5
            assert stream.read() == data[-5:]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(132, 3000), st.binary(min_size=1, max_size=4))
def test_no_bytes_in_a_dicomdir_make_it_stumble(pattern: Path, place: int, junk: bytes) -> None:
    whole = (pattern / "DICOMDIR").read_bytes()
    place %= len(whole)
    broken = whole[:place] + junk + whole[place + len(junk) :]
    image = pattern.parent / "broken"
    files = sorted(path for path in pattern.rglob("*") if path.is_file())
    heap(pattern, image, files)
    image.write_bytes(image.read_bytes().replace(whole[-3000:], broken[-3000:]))
    json.dumps(verify(image, {"heap": Heap()}).to_json())


@pytest.mark.parametrize("change", [
    lambda data: data[:2000],
    lambda data: data[:600] + b"\xfe\xff\x00\xe0\xff\xff\xff\xff" * 4000,
    lambda data: data.replace(b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0"),
    lambda data: data.replace(b"CS\x06\0", b"SQ\0\0"),
    lambda data: data + data,
])  # fmt: skip
def test_a_dicomdir_in_ruins(medium: Path, change: Callable[[bytes], bytes]) -> None:
    (medium / "DICOMDIR").write_bytes(change((medium / "DICOMDIR").read_bytes()))
    assert any(one.path == "DICOMDIR" for one in found(medium).findings)
