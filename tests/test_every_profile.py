"""A medium for each of the profiles of PS3.11, taken off and judged by programs that nobody here wrote."""

import json
import re
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy
import pytest
from burnish.testing.judging import files_below, run
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet

from tests import profile_samples, unpacking

PROFILES: Final[dict[str, dict[str, Any]]] = tomllib.loads(
    files("burnish_profiles").joinpath("data/profiles.toml").read_text("utf-8")
)
JPEG: Final = {f"1.2.840.10008.1.2.4.{last}" for last in (50, 51, 57, 70)}
LOSSY: Final = {f"1.2.840.10008.1.2.4.{last}" for last in ("50", "51", "91", *range(100, 107))}

pytestmark = [
    pytest.mark.xdist_group("profiles"),
    *map(
        pytest.mark.judge, ("7z", "isolyzer", "xorriso", "isoinfo", "udfinfo", "fsck.fat", "mcopy", "unzip")
    ),
    *map(pytest.mark.judge, ("dciodvfy", "dcdirdmp", "dcmdump", "dcmdjpeg", "gdcmdump", "openssl")),
]


@dataclass(frozen=True)
class Made:
    """A medium, and what it was made of."""

    profile: str
    path: Path
    format: str
    sent: Sequence[Dataset]
    fates: Sequence[dict[str, Any]]
    key: Path
    certificate: Path


def make(folder: Path, profile: str, sent: Sequence[Dataset]) -> Made:
    """Compose a medium with the command, as anybody would."""
    source = folder / "in"
    source.mkdir()
    for number, ds in enumerate(sent):
        ds.save_as(source / f"{number:02}.dcm", enforce_file_format=True)
    out = folder / "medium.img"
    key, certificate = identity(folder, "recipient")
    config = '[media.security]\nrecipients = ["recipient.pem"]\n' + signing(folder, profile)
    (folder / "burnish.toml").write_text(config)
    command = [sys.executable, "-m", "burnish.cli", "compose", "--json", "--profile", profile]
    command += ["--config", str(folder / "burnish.toml")]
    done = subprocess.run(
        [*command, "--out", str(out), str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    verifying = [sys.executable, "-m", "burnish.cli", "verify", "--json", "--profile", profile, str(out)]
    verified = subprocess.run(
        [*verifying, *(["--key", str(key)] if PROFILES[profile]["security"] else [])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    verdict = json.loads(verified.stdout)
    return Made(profile, out, verdict["format"], sent, said["files"], key, certificate)


def identity(folder: Path, name: str) -> tuple[Path, Path]:
    """A new RSA key, and a certificate of it."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    asked = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-days", "30"]
    subprocess.run(
        ["openssl", "req", *asked, "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    return key, certificate


def signing(folder: Path, profile: str) -> str:
    """Every other profile is signed, the rest have digests."""
    if sorted(PROFILES).index(profile) % 2:
        return ""
    identity(folder, "signer")
    return '[media.security.signer]\ncertificate = "signer.pem"\nkey = "signer.key"\n'


@pytest.fixture(params=sorted(PROFILES))
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    """A medium of what the profile takes as it is and of what has to be made to fit."""
    syntaxes = PROFILES[request.param]["syntaxes"]
    sent = [*profile_samples.fitting(syntaxes), *profile_samples.mendable(syntaxes)]
    return make(tmp_path, request.param, sent)


def test_a_medium_of_each_profile(made: Made, tmp_path: Path) -> None:
    """One test, because a medium is made once: file system, directory, every instance."""
    path, security = made.path, PROFILES[made.profile]["security"]
    if security:
        assert_nothing_in_the_clear(made)
    if security == "mail":
        path = tmp_path / "DICOM.ZIP"
        unpacking.open_message(made.path, made.key, made.certificate, path)
    unpacking.check(path, made.format)
    unpacking.unpack(path, made.format, tmp_path / "out")
    if security == "media":
        unpacking.unseal(tmp_path / "out", made.key, made.certificate)
    found = files_below(tmp_path / "out")
    check_instances(made, tmp_path / "out")
    assert found.keys() == {"DICOMDIR", *(fate["file_id"] for fate in made.fates)}
    check_directory(made, tmp_path / "out")


def assert_nothing_in_the_clear(made: Made) -> None:
    """Neither a name nor a number of a patient, a study or an instance."""
    data = made.path.read_bytes()
    for ds in made.sent:
        for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "SOPInstanceUID", "InstitutionName"):
            text = str(ds.get(keyword) or "")
            assert not text or text.encode() not in data, keyword
    assert b"DICM" not in data


def check_instances(made: Made, folder: Path) -> None:
    """Each is there, in a transfer syntax of the profile, with the pixels that were sent."""
    for fate, sent in zip(made.fates, made.sent, strict=True):
        assert fate["reason"] is None, fate
        path = folder / fate["file_id"]
        there = dcmread(path)
        assert there.SOPInstanceUID == sent.SOPInstanceUID
        said = subprocess.run(["dcmdump", "-q", str(path)], capture_output=True, check=False)
        assert said.returncode == 0, said.stderr
        assert b"E: " not in said.stderr, said.stderr
        syntax, was = there.file_meta.TransferSyntaxUID, sent.file_meta.TransferSyntaxUID
        if "PixelData" not in sent:
            continue
        if syntax == was:
            assert there.PixelData == sent.PixelData, fate
        else:
            assert syntax not in LOSSY
            assert numpy.array_equal(decoded(path), decoded(Path(fate["path"]))), fate
            assert "LossyImageCompression" not in there or "LossyImageCompression" in sent


def decoded(path: Path) -> "numpy.ndarray[Any, Any]":
    """The pixels of a file: of JPEG by dcmtk, of anything else by pydicom."""
    ds = dcmread(path)
    if ds.file_meta.TransferSyntaxUID in JPEG:
        plain = path.with_suffix(".plain")
        run("dcmdjpeg", path, plain)
        ds = dcmread(plain)
        plain.unlink()
    return ds.pixel_array


KNOWN: Final = (
    # Keys of the profile, which dciodvfy does not know: it has those of PS3.3 alone.
    r"Warning - .*Attribute is not present in standard DICOM IOD.*",
    r"Warning - Dicom dataset contains attributes not present in standard DICOM IOD.*",
)


def check_directory(made: Made, folder: Path) -> None:
    """dciodvfy, dcdirdmp, dcmdump, GDCM and pydicom have nothing to say against the DICOMDIR."""
    directory = folder / "DICOMDIR"
    said = subprocess.run(["dciodvfy", str(directory)], capture_output=True, text=True, check=False)
    lines = [line for line in (said.stdout + said.stderr).splitlines() if line != "BasicDirectory"]
    assert [line for line in lines if not any(re.fullmatch(known, line) for known in KNOWN)] == []
    dumped = subprocess.run(["dcdirdmp", str(directory)], capture_output=True, text=True, check=False)
    assert dumped.returncode == 0, dumped.stderr
    assert not re.search("error|warning", dumped.stderr, re.IGNORECASE), dumped.stderr
    for fate in made.fates:
        assert fate["file_id"].replace("/", "\\") in (dumped.stdout + dumped.stderr)
    said = subprocess.run(["dcmdump", "-q", str(directory)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    gdcm = subprocess.run(["gdcmdump", str(directory)], capture_output=True, text=True, check=False)
    assert gdcm.returncode == 0, gdcm.stderr
    assert gdcm.stdout.count("(0004,1500)") == len(made.fates)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = FileSet(directory)
        held = {Path(one.path).relative_to(folder).as_posix() for one in read}
        read._stage["t"].cleanup()  # it leaves that to the garbage collector, which warns
    assert held == {fate["file_id"] for fate in made.fates}
