"""A disc with one instance of each kind that people look at, made by the whole job and taken apart by 7z."""

import sys
from pathlib import Path

from burnish.testing.judging import run
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, RLELossless, generate_uid

from tests.lab import Scu, mr, request, serving

HOUSE = Path(__file__).parent.parent.parent
VIEWER = HOUSE / "plugins" / "bundler_web" / "viewer"
sys.path.insert(0, str(VIEWER / "tests"))
import viewer_samples as samples  # noqa: E402 - it stands beside the viewer

HOSTILE = '<script>alert(1)</script>^"><b onmouseover>x</b>'
PROFILE = """
[profiles.PRI-EVERY-CD]
augments = "STD-GEN-CD"
title = "Every transfer syntax, to see that viewers read them"
syntaxes = "every"
[syntaxes.every]
rows = [{ classes = "any-media-storage", uids = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5",
  "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.90"] }]
"""
CONFIGURATION = """
[media]
profile_files = ["every.toml"]
[identity]
conflict = "allow"
[bundles]
institution = "St. Elsewhere & Söhne"
[bundlers.web]
driver = "web"
embedded_reduction = 1
[writers.shelf]
driver = "file"
path = "out"
media = ["CD-R"]
"""


def sent(folder: Path) -> list[Dataset]:
    """CT, MR, CR, colour US of twelve frames, a report, a letter; CT in three compressed transfer syntaxes; and
    somebody with a hostile name."""
    slices = samples.ct_series(5)
    report = samples.sr(slices[2])
    report.VerificationFlag = "UNVERIFIED"
    others = [*mr(1, SeriesDescription="Real MR"), samples.cr(), samples.us(), report, samples.pdf()]
    made = [*slices, *others]
    for number, syntax in enumerate((JPEG2000Lossless, RLELossless), 1):
        one = samples.ct_series(1, 128)[0]
        one.SeriesInstanceUID, one.SeriesDescription = generate_uid(), syntax.name
        one.SeriesNumber = 100 + number
        one.compress(syntax, generate_instance_uid=False)
        one.save_as(folder / f"{number}.dcm", enforce_file_format=True)
        made.append(dcmread(folder / f"{number}.dcm"))
    made.append(_lossless(folder))
    hostile = samples.ct_series(1, 64)[0]
    hostile.PatientName, hostile.PatientID = HOSTILE, "</script><b>1"
    hostile.StudyDescription = hostile.SeriesDescription = "<img src=x onerror=alert(1)>"
    hostile.StudyInstanceUID, hostile.SeriesInstanceUID = generate_uid(), generate_uid()
    return [*made, hostile]


def _lossless(folder: Path) -> Dataset:
    """JPEG lossless, by dcmtk."""
    one = samples.ct_series(1, 128)[0]
    one.SeriesInstanceUID, one.SeriesDescription, one.SeriesNumber = generate_uid(), "JPEG Lossless", 103
    plain, made = folder / "plain.dcm", folder / "lossless.dcm"
    one.save_as(plain, enforce_file_format=True)
    run("dcmcjpeg", "+e1", plain, made)
    found = dcmread(made)
    assert found.file_meta.TransferSyntaxUID == JPEGLosslessSV1
    return found


def make_disc(folder: Path) -> Path:
    """The files of the disc."""
    (folder / "every.toml").write_text(PROFILE)
    instances = sent(folder)
    with serving(folder, CONFIGURATION) as burnish:
        scu, uid = Scu(burnish.port), str(generate_uid())
        assert set(scu.store(*instances)) == {0}
        asked = {"IncludeNonDICOMObjects": "FOR_PHYSICIAN", "IncludeDisplayApplication": "YES"}
        assert scu.create(request(instances, "PRI-EVERY-CD", **asked), uid) == 0
        assert scu.initiate(uid) == 0
        assert scu.wait(uid) == ("DONE", "NORMAL", 1)
        [image] = burnish.out.rglob("*.iso")
    run("7z", "x", "-y", "-bd", f"-o{folder / 'disc'}", image)
    for name in list((folder / "disc").rglob("*.")):
        name.rename(name.with_name(name.name.rstrip(".")))
    return folder / "disc"
