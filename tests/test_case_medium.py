"""Files and file system of a medium that was made: cases 122, 123, 132, 133."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom.uid import generate_uid
from pynetdicom.dsutils import encode

from tests.histories import Watched
from tests.lab import Installation, ct, request
from tests.media import EXPLICIT, Medium, data_set_of, differences, medium_of

COMPONENT = re.compile(rb"[A-Z0-9_]{1,8}")


def test_case_122_names_are_file_ids_and_everything_is_explicit_little_endian(everything: Medium) -> None:
    for record in everything.image.records:
        assert 1 <= len(record.path) <= 8
        *folders, last = record.path
        name = last if record.flags & 2 else last.removesuffix(b".;1")
        assert all(COMPONENT.fullmatch(part) for part in (*folders, name)), record.path
    syntaxes = {ds.file_meta.TransferSyntaxUID for ds in everything.instances.values()}
    assert syntaxes == {EXPLICIT}


def test_case_123_the_volume_is_named_as_the_file_set(everything: Medium) -> None:
    assert everything.image.volume_id == everything.file_set_id.encode().ljust(32)
    assert everything.image.system_id == b" " * 32


def test_case_123_as_the_scu_named_it(scu: Watched, burnish: Installation) -> None:
    slices = ct(1)
    scu.store(*slices)
    uid = generate_uid()
    given = "1.2.826.0.123"
    assert (
        scu.create(request(slices, StorageMediaFileSetID="Disc 7-b", StorageMediaFileSetUID=given), uid) == 0
    )
    assert scu.initiate(uid) == 0
    assert scu.wait(uid)[0] == "DONE"
    medium = medium_of(burnish, scu, uid, slices)
    assert (medium.file_set_id, medium.file_set_uid) == ("DISC_7_B", given)
    assert medium.image.volume_id == b"DISC_7_B".ljust(32)
    assert medium.directory.file_meta.MediaStorageSOPInstanceUID == given
    assert medium.directory.FileSetID == "DISC_7_B"


def test_case_123_directory_records_are_plain(everything: Medium) -> None:
    for record in everything.image.records:
        assert record.extended == 0, record
        assert record.flags & 0b1100 == 0, record  # bits 2 and 3: associated file, record format
        assert record.flags in (0, 2), record
        assert record.flags & 2 or record.path[-1].endswith(b".;1"), record


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # one of the real files has such
def test_case_132_each_instance_equals_what_was_sent(everything: Medium) -> None:
    sent = {ds.SOPInstanceUID: ds for ds in everything.sent}
    assert len(sent) == len(everything.instances)
    for path, instance in everything.instances.items():
        file, origin = everything.files[path], sent.pop(instance.SOPInstanceUID)
        assert file[:132] == bytes(128) + b"DICM"
        assert differences(instance, origin) == [], path
        if origin.file_meta.TransferSyntaxUID == EXPLICIT:
            as_sent = encode(origin, False, True)
            assert as_sent is not None
            assert hashlib.sha256(data_set_of(file)).digest() == hashlib.sha256(as_sent).digest(), path
    assert not sent


def test_case_132_the_directory_has_a_clean_preamble(everything: Medium) -> None:
    assert everything.files["DICOMDIR"][:132] == bytes(128) + b"DICM"


def test_case_133_the_same_files_make_the_same_image(everything: Medium, tmp_path: Path) -> None:
    """Twice from the same files, the clock held: byte for byte."""
    source = tmp_path / "source"
    source.mkdir()
    for number, ds in enumerate(everything.sent):
        ds.save_as(source / f"{number}.dcm")
    first, second = (_composed(source, tmp_path / name, 10**9) for name in ("1.iso", "2.iso"))
    assert first == second


def _composed(source: Path, image: Path, epoch: int) -> bytes:
    command = [
        sys.executable,
        "-m",
        "burnish.cli",
        "compose",
        source,
        "--profile",
        "STD-GEN-CD",
        "--out",
        image,
    ]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    done = subprocess.run(
        [str(word) for word in command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return image.read_bytes()
