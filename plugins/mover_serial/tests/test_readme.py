"""The README says what the code does."""

import re
from pathlib import Path

import pytest
from burnish_mover_serial import Settings
from burnish_mover_serial.commands import built_in, read

README = (Path(__file__).parent.parent / "README.md").read_text()


def test_every_setting_stands_in_it_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", README.partition("## Settings")[2], re.MULTILINE))
    assert set(rows) == set(Settings.model_fields)
    given = Settings(port="any")
    for name in ("motion_timeout", "quiet", "tray_settle"):
        assert rows[name] == f"{getattr(given, name):g} s"
    assert rows["commands"] == f"`{given.commands}`"


def test_every_command_set_stands_in_it_with_what_it_can() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| .* \| (\d) \| (\d+) \| (yes|no) \|$", README, re.MULTILINE)
    sets = {name: read(name) for name in built_in()}
    told = {(name, w.drives, w.line.baud, bool(w.motions.reject)) for name, w in sets.items()}
    assert {(name, int(drives), int(baud), bin_ == "yes") for name, drives, baud, bin_ in rows} == told


@pytest.mark.parametrize("snippet", re.findall(r"```toml\n(extends.*?)```", README, re.DOTALL))
def test_the_command_set_in_it_can_be_read(tmp_path: Path, snippet: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(snippet)
    words = read(str(path))
    assert (words.line.baud, words.bytes_of("drive_to_picker", 0)) == (38400, b"K")
