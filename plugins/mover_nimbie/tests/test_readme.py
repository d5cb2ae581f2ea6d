"""The README says what the code does."""

import re
from pathlib import Path

from burnish_mover_nimbie import Settings
from burnish_mover_nimbie.doctor import UDEV_RULE
from burnish_mover_nimbie.words import CONFUSED, REPLIES

README = (Path(__file__).parent.parent / "README.md").read_text()


def test_every_setting_stands_in_it_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", README.partition("## Settings")[2], re.MULTILINE))
    assert set(rows) == set(Settings.model_fields)
    for name, default in rows.items():
        value = getattr(Settings(), name)
        assert default == (f"{value:g} s" if value else "absent")


def test_the_udev_rule_is_the_doctor_s() -> None:
    assert f"\n{UDEV_RULE}\n" in README


def test_every_reply_is_explained_under_its_condition() -> None:
    rows = [line for line in README.splitlines() if line.startswith("|")]
    for said, (kind, _) in REPLIES.items():
        assert any(f"`{said}`" in row and kind in row for row in rows), said
    assert any(f"`{CONFUSED}`" in row and "SERVICE_ACTION" in row for row in rows)
