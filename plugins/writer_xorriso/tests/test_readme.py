"""The README says what the settings are, and its configurations are good ones."""

import re
import tomllib
from pathlib import Path

from burnish_writer_xorriso import Settings
from burnish_writer_xorriso.faults import SENSES, TEXTS

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_every_key_stands_in_the_table() -> None:
    named = re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)
    assert named == list(Settings.model_fields)


def test_every_key_says_what_it_means() -> None:
    source = (Path(__file__).parents[1] / "src/burnish_writer_xorriso/settings.py").read_text("utf-8")
    for name in Settings.model_fields:
        assert re.search(rf'^    {name}: .*\n    """', source, re.MULTILINE), name


def test_its_configurations_are_taken() -> None:
    snippets = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    assert snippets
    for snippet in snippets:
        for keys in tomllib.loads(snippet)["writers"].values():
            assert keys.pop("driver") == "xorriso"
            Settings.model_validate(keys)


def test_every_kind_of_fault_of_the_tables_has_a_row() -> None:
    kinds = {row.kind for row in TEXTS} | {kind for row in SENSES for kind in (row.writing, row.asking)}
    assert {kind for kind in kinds if f"| {kind} |" not in README} == set()
