"""What `burnish doctor` says of labels."""

from pathlib import Path

import pytest
from burnish.contracts import Level
from burnish_label_html import burnish_checks, doctor, fonts


def test_all_is_there() -> None:
    [check] = burnish_checks()
    assert [finding.level for finding in check.look([{}])] == [Level.OK]
    assert [finding.text for finding in check.look([])] == ["no station prints labels"]


def test_a_missing_library_is_named_with_its_package(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho \"OSError: cannot load library 'libgobject-2.0-0'\" >&2\nexit 1\n")
    python.chmod(0o755)
    [finding] = doctor.look([{}], str(python))
    assert finding.level is Level.FAIL
    assert "libgobject" in finding.text
    assert "libpango-1.0-0" in finding.advice


def test_missing_fonts_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts.folders.cache_clear()
    monkeypatch.setattr(fonts, "PACKAGES", ("fontpkg_of_nobody",))
    found = list(doctor.look([{}]))
    fonts.folders.cache_clear()
    assert "fontpkg_of_nobody" in found[0].text
