"""The measurements run; what they measure is for people to read."""

import json
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.bench import samples
from tests.bench.measure import Beside, Peer, Row, Sampled, document, in_turn, run, table
from tests.bench.rows import ROWS


def test_samples_are_dicom_and_the_same_each_time(tmp_path: Path) -> None:
    paths = samples.write(samples.small(600), tmp_path)
    again = {sample.sop_instance: sample.data for sample in samples.small(600)}
    read = [dcmread(path) for path in paths]
    assert [path.read_bytes() for path in paths] == list(again.values())
    assert [ds.SOPInstanceUID for ds in read] == [ds.file_meta.MediaStorageSOPInstanceUID for ds in read]
    assert len(again) == 600
    shape = [len({ds[keyword].value for ds in read}) for keyword in ("PatientID", "StudyInstanceUID")]
    assert shape == [20, 100]
    assert len({ds.SeriesInstanceUID for ds in read}) == samples.SERIES
    assert sorted(ds.InstanceNumber for ds in read) == list(range(1, 601))


def test_a_slice_has_the_size_of_a_slice() -> None:
    sizes = {len(sample.data) for sample in samples.slices(2)}
    assert len(sizes) == 1
    assert 525_000 < min(sizes) < 527_000


def test_the_mixed_set_is_what_it_says() -> None:
    made = [(len(one.data), dcmread(BytesIO(one.data), stop_before_pixels=True)) for one in samples.mixed()]
    again = [len(one.data) for one in samples.mixed()]
    assert again == [size for size, _ in made]
    assert len({ds.SOPInstanceUID for _, ds in made}) == 200
    assert len({ds.PatientID for _, ds in made}) == 10
    assert 480e6 < sum(again) < 520e6
    largest = {
        modality: max(size for size, ds in made if ds.Modality == modality) for modality in ("CR", "US")
    }
    assert largest["CR"] == pytest.approx(10e6, rel=0.01)
    assert largest["US"] == pytest.approx(52.5e6, rel=0.01)
    assert {ds.Modality for _, ds in made} == {"MR", "CT", "SR", "DOC", "CR", "US"}
    assert sum(ds.file_meta.TransferSyntaxUID.is_compressed for _, ds in made) == 25


def test_a_peer_that_fails_or_takes_too_long_is_told_of() -> None:
    ours, peers = in_turn(
        3,
        lambda: Sampled(1.0),
        Peer("slow", lambda: run(["sleep", "60"], patience=0.1)),
        Peer("broken", lambda: run(["false"])),
        Peer("once", lambda: Sampled(4.0), rounds=1),
    )
    row = Row("work", ours, peers, 3, promised=0.5)
    assert [peer.why for peer in peers] == ["over 0 s", "it ended with 1", ""]
    assert row.ratios == (None, None, 0.25)
    assert row.kept is None
    assert "over 0 s" in table([row])


@pytest.mark.parametrize(("promised", "kept"), [(0.4, False), (0.5, True), (None, None)])
def test_a_promise_is_of_the_first_peer(promised: float | None, kept: bool | None) -> None:
    peers = (Beside("first", Sampled(2.0)), Beside("second", Sampled(0.1)))
    row = Row("work", Sampled(1.0), peers, 1, promised)
    assert row.kept is kept
    assert ("BROKEN" in table([row])) == (kept is False)


@pytest.mark.judge("dcmcjpeg", "dcmmkdir", "dcmsend", "gdcmgendir", "genisoimage", "xorriso")
@pytest.mark.parametrize("name", ROWS)
def test_each_row(name: str, tmp_path: Path) -> None:
    measure, _ = ROWS[name]
    row = measure(6, 2, tmp_path)
    assert row.ours.seconds > 0
    assert all(peer.taken and peer.taken.seconds > 0 for peer in row.peers), row.peers
    assert row.name in table([row])
    [told] = json.loads(document([row]))
    assert told["ratios"] == pytest.approx(row.ratios)
