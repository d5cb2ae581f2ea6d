"""Sets that one medium does not hold: cases 96 to 101, 103, 104, 112, 113, on discs of a few slices."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from burnish.fileset.verify import verify
from burnish_format_iso9660 import Iso9660
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet
from pydicom.uid import generate_uid

from tests.histories import Told, Watched
from tests.lab import FILE_WRITER, Installation, body, ct, mr, request, serving
from tests.media import Medium, data_set_of

SECTOR = 2048
CAPACITY = 100 * SECTOR
"""Room for three CT slices of 39 KiB with all that a file-set adds, and not for four."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server whose discs are small."""
    with discs(tmp_path_factory.mktemp("small"), CAPACITY) as installation:
        yield installation


@pytest.fixture(scope="module")
def scu(small: Installation, told: Told) -> Watched:
    """A stock SCU of that server."""
    return Watched(small.port, told)


def discs(folder: Path, capacity: int, media: str = "") -> AbstractContextManager[Installation]:
    """A server with discs of so many bytes, and these lines of `[media]`."""
    return serving(folder, f"{FILE_WRITER}capacity = {capacity}\n[media]\n{media}\n")


def asked(scu: Watched, sent: Sequence[Dataset], splitting: str = "YES", **attributes: str) -> str:
    """Store, create and wait for the end; the UID."""
    assert set(scu.store(*sent)) == {0}
    uid = str(generate_uid())
    if splitting:
        attributes["AllowMediaSplitting"] = splitting
    assert scu.create(request(sent, **attributes), uid) == 0
    return uid


def made(scu: Watched, uid: str, copies: int = 1) -> list[tuple[str, str]]:
    """Make it; (File-set ID, UID) of each volume as N-GET tells, in its order."""
    assert scu.initiate(uid, NumberOfCopies=copies) == 0
    state = scu.wait(uid)
    items = scu.get(uid)[1].ReferencedStorageMediaSequence
    named = [(item.StorageMediaFileSetID, item.StorageMediaFileSetUID) for item in items]
    assert state == ("DONE", "NORMAL", copies * len(named))
    return named


def volumes(burnish: Installation, named: Sequence[tuple[str, str]], sent: Sequence[Dataset]) -> list[Medium]:
    """The first copy of every volume."""
    return [
        Medium(next(burnish.out.glob(f"*/{name}-{number}-1.iso")), name, uid, tuple(sent))
        for number, (name, uid) in enumerate(named, 1)
    ]


def on(medium: Medium) -> list[str]:
    """The instances of a volume."""
    return [str(ds.SOPInstanceUID) for ds in medium.instances.values()]


def uids(sent: Sequence[Dataset]) -> list[str]:
    return [str(ds.SOPInstanceUID) for ds in sent]


def failed(scu: Watched, uid: str, info: str) -> list[tuple[str, int]]:
    """It fails so, and nothing was made; the failed items."""
    assert scu.initiate(uid) == 0
    assert scu.wait(uid) == ("FAILURE", info, 0)
    told = scu.get(uid)[1]
    assert list(told.ReferencedStorageMediaSequence) == []
    return [(str(item.ReferencedSOPInstanceUID), int(item.FailureReason)) for item in told.FailedSOPSequence]


@pytest.mark.parametrize("splitting", ["NO", ""])
def test_case_96_what_may_not_be_split_fails(small: Installation, scu: Watched, splitting: str) -> None:
    before = list(small.out.rglob("*"))
    assert failed(scu, asked(scu, ct(5), splitting), "SET_OVERSIZED") == []
    assert list(small.out.rglob("*")) == before
    assert list((small.data / "plans").glob("*.part")) == []


def test_case_97_two_volumes_of_one_set(small: Installation, scu: Watched) -> None:
    sent = ct(5)
    named = made(scu, asked(scu, sent, StorageMediaFileSetID="Ward 7"))
    assert [name for name, _ in named] == ["WARD_7_1", "WARD_7_2"]
    assert len({uid for _, uid in named}) == 2
    for medium in volumes(small, named, sent):
        assert medium.path.stat().st_size <= CAPACITY
        assert medium.image.volume_id == medium.file_set_id.encode().ljust(32)
        assert medium.directory.file_meta.MediaStorageSOPInstanceUID == medium.file_set_uid
        assert medium.directory.FileSetID == medium.file_set_id


def test_case_98_copies_of_a_volume_are_alike(small: Installation, scu: Watched) -> None:
    named = made(scu, asked(scu, ct(5)), copies=2)
    assert len({uid for _, uid in named}) == 2
    for number, (name, _) in enumerate(named, 1):
        first, second = (path.read_bytes() for path in small.out.glob(f"*/{name}-{number}-[12].iso"))
        assert first == second


def test_case_99_the_first_volume_has_the_uid_that_was_given(scu: Watched) -> None:
    named = made(scu, asked(scu, ct(5), StorageMediaFileSetUID="1.2.826.0.99"))
    assert named[0][1] == "1.2.826.0.99"
    assert named[1][1] != "1.2.826.0.99"


def test_case_100_one_instance_larger_than_a_medium(scu: Watched) -> None:
    [large], rest = ct(1), ct(2)
    large.Rows = large.Columns = 512
    large.PixelData = bytes(512 * 512 * 2)
    uid = asked(scu, [rest[0], large, rest[1]])
    assert failed(scu, uid, "INST_OVERSIZED") == [(large.SOPInstanceUID, 0x0205)]


NAMES = {"StorageMediaFileSetID": "FULL", "StorageMediaFileSetUID": "1.2.826.0.101"}


@pytest.fixture(scope="module")
def full(burnish: Installation, told: Told) -> tuple[list[Dataset], int]:
    """Four slices, and the bytes of an image of them with these names, on a disc that has room."""
    sent, scu = ct(4), Watched(burnish.port, told)
    assert len(made(scu, asked(scu, sent, **NAMES))) == 1
    [image] = burnish.out.glob("*/FULL-1-1.iso")
    return sent, image.stat().st_size


@pytest.mark.parametrize(("room", "count"), [(0, 1), (-SECTOR, 2)])
def test_case_101_full_to_the_sector(
    full: tuple[list[Dataset], int], told: Told, tmp_path: Path, room: int, count: int
) -> None:
    sent, size = full
    with discs(tmp_path, size + room) as installation:
        scu = Watched(installation.port, told)
        assert len(made(scu, asked(scu, sent, **NAMES))) == count
        images = [path.stat().st_size for path in installation.out.rglob("*.iso")]
        assert max(images) <= size + room
        assert count == 2 or images == [size]


@pytest.fixture(scope="module")
def parted(small: Installation, scu: Watched) -> list[Medium]:
    """Two people: one with a series of two and one of three, one with a series of five and one of one."""
    first = ct(2)
    second = ct(3, StudyInstanceUID=first[0].StudyInstanceUID, SeriesNumber=2)
    other = mr(5, PixelData=bytes(128 * 128 * 2), Rows=128, Columns=128)
    last = mr(1, StudyInstanceUID=other[0].StudyInstanceUID, SeriesNumber=2)
    sent = [*first, *second, *other, *last]
    return volumes(small, made(scu, asked(scu, sent)), sent)


def test_case_103_the_volumes_together_are_the_request(parted: Sequence[Medium]) -> None:
    sent = parted[0].sent
    placed = [uid for medium in parted for uid in on(medium)]
    assert sorted(placed) == sorted(uids(sent))
    stand = {
        ds.SOPInstanceUID: data_set_of(medium.files[path])
        for medium in parted
        for path, ds in medium.instances.items()
    }
    assert stand == {ds.SOPInstanceUID: body(ds) for ds in sent}


def test_case_103_each_volume_has_its_own_whole_directory(parted: Sequence[Medium]) -> None:
    for medium in parted:
        records = medium.directory.DirectoryRecordSequence
        named = [str(ds.ReferencedSOPInstanceUIDInFile) for ds in records if "ReferencedFileID" in ds]
        assert sorted(named) == sorted(on(medium))
        assert {"/".join(ds.ReferencedFileID) for ds in records if "ReferencedFileID" in ds} == set(
            medium.instances
        )


def test_case_113_a_series_that_fits_stays_whole_and_one_that_does_not_is_cut(
    parted: Sequence[Medium],
) -> None:
    """Of the four series, that of five slices alone is larger than a disc."""
    sizes: dict[str, int] = {}
    for medium in parted:
        for series in {str(ds.SeriesInstanceUID) for ds in medium.instances.values()}:
            sizes[series] = sizes.get(series, 0) + 1
    in_order = list(dict.fromkeys(str(ds.SeriesInstanceUID) for ds in parted[0].sent))
    assert [sizes[series] for series in in_order] == [1, 1, 2, 1]
    assert len(parted) == 4


def test_each_volume_is_sound_to_those_who_read_it(parted: Sequence[Medium], tmp_path: Path) -> None:
    """Ours, and pydicom's."""
    for number, medium in enumerate(parted):
        verdict = verify(medium.path, {"iso9660": Iso9660()})
        assert verdict.sound, verdict.findings
        assert sorted(one.sop_instance for one in verdict.instances) == sorted(on(medium))
        for name, data in medium.files.items():
            path = tmp_path / str(number) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        loaded = FileSet(tmp_path / str(number) / "DICOMDIR")
        assert (medium.file_set_uid, medium.file_set_id) == (loaded.UID, loaded.ID)
        assert sorted(one.load().SOPInstanceUID for one in loaded) == sorted(on(medium))
        loaded._stage["t"].cleanup()  # a folder that it leaves to be collected, with a warning


@pytest.mark.judge("isoinfo")
def test_isoinfo_names_each_volume(parted: Sequence[Medium]) -> None:
    for medium in parted:
        done = subprocess.run(
            ["isoinfo", "-d", "-i", medium.path], capture_output=True, text=True, check=True
        )
        assert f"Volume id: {medium.file_set_id}\n" in done.stdout
        [blocks] = re.findall(r"Volume size is: (\d+)", done.stdout)
        assert int(blocks) * SECTOR == medium.path.stat().st_size


def test_case_104_where_nothing_is_split(told: Told, tmp_path: Path) -> None:
    with discs(tmp_path, CAPACITY, 'splitting = "never"') as installation:
        scu = Watched(installation.port, told)
        assert failed(scu, asked(scu, ct(5)), "SET_OVERSIZED") == []
        assert len(made(scu, asked(scu, ct(2)))) == 1


def test_a_request_that_does_not_say_is_split_where_the_settings_say_so(told: Told, tmp_path: Path) -> None:
    with discs(tmp_path, CAPACITY, 'splitting_default = "YES"\nmax_volumes = 2') as installation:
        scu = Watched(installation.port, told)
        assert len(made(scu, asked(scu, ct(5), ""))) == 2
        assert failed(scu, asked(scu, ct(5), "NO"), "SET_OVERSIZED") == []
        assert failed(scu, asked(scu, ct(7), ""), "SET_OVERSIZED") == []


def two_issuers() -> list[Dataset]:
    """One Patient ID that two hospitals gave to two people."""
    one = ct(1, PatientID="4711", IssuerOfPatientID="NORTH", PatientName="Muster^Eva")
    return [*one, *ct(1, PatientID="4711", IssuerOfPatientID="SOUTH", PatientName="Sample^Ada")]


def test_case_112_two_issuers_of_one_id_go_on_two_volumes(small: Installation, scu: Watched) -> None:
    sent = two_issuers()
    media = volumes(small, made(scu, asked(scu, sent)), sent)
    assert [on(medium) for medium in media] == [[uid] for uid in uids(sent)]
    for medium, ds in zip(media, sent, strict=True):
        patients = [one for one in medium.directory.DirectoryRecordSequence if "PatientID" in one]
        assert [str(one.PatientName) for one in patients] == [str(ds.PatientName)]


def test_case_112_two_issuers_fail_where_nothing_may_be_split(scu: Watched) -> None:
    sent = two_issuers()
    assert failed(scu, asked(scu, sent, "NO"), "PROC_FAILURE") == [(sent[1].SOPInstanceUID, 0x0110)]
