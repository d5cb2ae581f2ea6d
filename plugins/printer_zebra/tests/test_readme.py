"""The README says what the code does."""

import re
import tomllib
from pathlib import Path

from burnish_printer_zebra import Settings, burnish_printers
from burnish_printer_zebra.doctor import UDEV_RULE
from burnish_printer_zebra.words import TROUBLES

README = (Path(__file__).parent.parent / "README.md").read_text()
LETTERS = {
    "corrupt": "j",
    "head_open": "o",
    "paper_out": "b",
    "ribbon_out": "p",
    "diagnostic": "g",
    "paused": "c",
    "waiting": "t",
    "cold": "k",
    "hot": "l",
    "buffer_full": "f",
    "formats": "eee",
    "remaining": "uuuuuuuu",
}


def test_its_example_is_a_configuration() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    [spec] = burnish_printers()
    for keys in tomllib.loads(text)["printers"].values():
        assert keys.pop("driver") == spec.name
        spec.make(keys)


def test_every_setting_stands_in_it_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", README.partition("## Settings")[2], re.MULTILINE))
    assert set(rows) == set(Settings.model_fields)
    for name, said in rows.items():
        field = Settings.model_fields[name]
        if field.is_required():
            assert said == "required"
        elif field.default == "":
            assert said == "absent"
        elif name == "vendor":
            assert int(said, 16) == field.default
        else:
            number = f"{field.default:g}" if not isinstance(field.default, str) else f"`{field.default}`"
            assert re.fullmatch(rf"{re.escape(number)}( s| mm)?", said), name


def test_the_udev_rule_is_the_doctor_s() -> None:
    assert f"\n{UDEV_RULE}\n" in README


def test_every_condition_is_explained_under_its_letter() -> None:
    rows = [line for line in README.splitlines() if line.startswith("|")]
    for name, kind, _ in TROUBLES:
        assert any(f"`{LETTERS[name]}`" in row and kind in row for row in rows), name
