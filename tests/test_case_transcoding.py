"""What a profile does not take as it came: decoded where that is allowed, else refused: case 76."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from tests.lab import FILE_WRITER, Installation, Scu, serving
from tests.media import medium_of

LOSSLESS = ("MR_small_jp2klossless.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm")


def sent(name: str) -> Dataset:
    """A real file as an instance of its own."""
    ds = dcmread(str(get_testdata_file(name)))
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    return ds


@pytest.mark.parametrize("name", LOSSLESS)
def test_case_76_with_transcoding_it_goes_on_uncompressed(burnish: Installation, name: str) -> None:
    scu, one = Scu(burnish.port), sent(name)
    assert scu.store(one) == [0]
    uid, last = scu.make([one])
    assert last == ("DONE", "NORMAL", 1)
    [written] = medium_of(burnish, scu, uid, [one]).instances.values()
    assert written.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert written.SOPInstanceUID == one.SOPInstanceUID
    assert np.array_equal(written.pixel_array, one.pixel_array)


def test_case_76_what_was_lost_before_stays_said(burnish: Installation) -> None:
    scu, one = Scu(burnish.port), sent("SC_rgb_jpeg_dcmtk.dcm")
    assert scu.store(one) == [0]
    uid, last = scu.make([one])
    assert last == ("DONE", "NORMAL", 1)
    [written] = medium_of(burnish, scu, uid, [one]).instances.values()
    assert (written.PhotometricInterpretation, written.LossyImageCompression) == ("RGB", "01")
    assert written.pixel_array.shape == (one.Rows, one.Columns, 3)


def test_case_76_a_form_is_made_once_and_outlives_the_server(tmp_path: Path) -> None:
    one = sent("MR_small_jp2klossless.dcm")
    installation = Installation(tmp_path)
    installation.start()
    try:
        scu = Scu(installation.port)
        assert scu.store(one) == [0]
        assert scu.make([one])[1] == ("DONE", "NORMAL", 1)
        [form] = installation.data.glob("spool/*/*.explicit")
        before = form.stat()
        installation.stop()
        installation.start()
        assert Scu(installation.port).make([one])[1] == ("DONE", "NORMAL", 1)
        assert form.stat().st_mtime_ns == before.st_mtime_ns
        assert form.stat().st_ino == before.st_ino
    finally:
        installation.stop()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server that decodes nothing."""
    folder = tmp_path_factory.mktemp("strict")
    with serving(folder, '[media]\ntranscoding = "uncompressed"\n' + FILE_WRITER) as found:
        yield found


def test_case_76_without_transcoding_it_is_a_compression_conflict(strict: Installation) -> None:
    scu, one = Scu(strict.port), sent("MR_small_jp2klossless.dcm")
    assert scu.store(one) == [0]
    uid, last = scu.make([one])
    assert last == ("FAILURE", "INST_AP_CONFLICT", 0)
    [item] = scu.get(uid)[1].FailedSOPSequence
    assert (item.ReferencedSOPInstanceUID, item.FailureReason) == (one.SOPInstanceUID, 0x0203)
    assert not list(strict.data.glob("spool/*/*.explicit"))


def test_case_76_without_decoding_byte_order_is_still_changed(strict: Installation) -> None:
    scu, one = Scu(strict.port), sent("MR_small_bigendian.dcm")
    assert scu.store(one) == [0]
    assert scu.make([one])[1] == ("DONE", "NORMAL", 1)


def test_case_76_pixels_that_cannot_be_decoded_name_their_instance(burnish: Installation) -> None:
    scu, good, bad = Scu(burnish.port), sent("MR_small_RLE.dcm"), sent("MR_small_jp2klossless.dcm")
    bad.PixelData = bad.PixelData[:60] + bytes(len(bad.PixelData) - 68) + bad.PixelData[-8:]
    assert scu.store(good, bad) == [0, 0]
    uid, last = scu.make([good, bad])
    assert last == ("FAILURE", "INST_AP_CONFLICT", 0)
    [item] = scu.get(uid)[1].FailedSOPSequence
    assert (item.ReferencedSOPInstanceUID, item.FailureReason) == (bad.SOPInstanceUID, 0x0203)
    assert scu.make([good])[1] == ("DONE", "NORMAL", 1)
