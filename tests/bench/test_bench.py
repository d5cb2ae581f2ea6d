"""The measurements run; what they measure is for people to read."""

import json
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.bench import samples
from tests.bench.measure import document, table
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


@pytest.mark.judge("dcmmkdir", "dcmsend", "genisoimage")
@pytest.mark.parametrize("name", ROWS)
def test_each_row(name: str, tmp_path: Path) -> None:
    measure, _ = ROWS[name]
    row = measure(12, 2, tmp_path)
    assert row.ours.seconds > 0
    assert row.theirs.seconds > 0
    assert row.name in table([row])
    [told] = json.loads(document([row]))
    assert told["ratio"] == pytest.approx(row.ours.seconds / row.theirs.seconds)
