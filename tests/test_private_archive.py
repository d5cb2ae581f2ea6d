"""A profile of the house: archives that a password opens, as the README of `format-zip` has it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from burnish.testing.judging import files_below, run

from tests import profile_samples

HOUSE = Path(__file__).parent.parent
README = (HOUSE / "plugins" / "format_zip" / "README.md").read_text("utf-8")


def burnish(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "burnish.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.judge("7z")
def test_recipients_open_it_with_the_password_alone(tmp_path: Path) -> None:
    settings, profile = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    password = tmp_path / "archive-password"
    password.write_text("correct horse battery\n")
    (tmp_path / "house.toml").write_text(profile)
    config = tmp_path / "burnish.toml"
    keys = settings.replace("/etc/burnish/archive-password", str(password))
    config.write_text(f'[media]\nprofile_files = ["house.toml"]\n\n{keys}')
    (tmp_path / "in").mkdir()
    sent = profile_samples.fitting("any-explicit")
    for number, ds in enumerate(sent):
        ds.save_as(tmp_path / "in" / f"{number}.dcm", enforce_file_format=True)
    out = tmp_path / "DICOM.ZIP"
    made = burnish(
        "compose", "--config", config, "--profile", "PRI-GEN-ZIP-AES", "--out", out, tmp_path / "in"
    )
    assert made.returncode == 0, made.stderr
    assert b"PROFILES" not in out.read_bytes(), "the Patient ID"
    verified = burnish("verify", "--config", config, "--profile", "PRI-GEN-ZIP-AES", out)
    assert verified.returncode == 0, verified.stderr
    assert f"{len(sent)} instances of 2 patients, sound" in verified.stdout
    run("7z", "x", "-y", "-pcorrect horse battery", f"-o{tmp_path / 'out'}", out)
    assert len(files_below(tmp_path / "out")) == len(sent) + 1
    wrong = subprocess.run(["7z", "t", "-pwrong", out], capture_output=True, check=False)
    assert b"Wrong password" in wrong.stdout + wrong.stderr
