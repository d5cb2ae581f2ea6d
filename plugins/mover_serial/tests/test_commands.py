"""Command sets: the ones that come along, a deployer's own, and what is said of a wrong one."""

from pathlib import Path

import pytest
from burnish.contracts import MoverSpec
from burnish.errors import ConfigError, FaultKind
from burnish_mover_serial import SerialMover, Settings, burnish_contract, burnish_movers
from burnish_mover_serial.commands import Meaning, Verdict, built_in, read

OWN = """
title = "Mine"
source = "its manual, page 3"
[answers]
"X" = "done"
[commands]
reset = "C"
bring = "I"
take = "A"
[motions]
initialise = ["reset"]
load = ["open", "bring", "close"]
accept = ["open", "take", "close"]
"""


def own(tmp_path: Path, text: str = OWN) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


def test_it_is_offered_as_serial() -> None:
    [spec] = burnish_movers()
    assert isinstance(spec, MoverSpec)
    assert (spec.name, burnish_contract) == ("serial", 1)
    assert spec.make({"port": "/dev/ttyUSB0", "commands": "tower"}).capabilities.drives == 4


@pytest.mark.parametrize("name", built_in())
def test_every_set_that_comes_along_can_be_read_and_says_where_it_is_from(name: str) -> None:
    words = read(name)
    assert words.title
    assert words.source
    assert words.experimental == (name == "rimage-dtp")


@pytest.mark.parametrize(
    ("name", "drives", "reject_bin"),
    [("generic", 1, True), ("kodak", 1, True), ("tower", 4, False), ("rimage-dtp", 4, True)],
)
def test_capabilities_are_the_sets(name: str, drives: int, reject_bin: bool) -> None:
    able = SerialMover(Settings(port="any", commands=name)).capabilities
    assert (able.drives, able.reject_bin) == (drives, reject_bin)


def test_a_set_of_ones_own(tmp_path: Path) -> None:
    words = read(own(tmp_path))
    assert (words.title, words.bytes_of("bring", 0)) == ("Mine", b"I")
    assert words.line.baud == 9600


def test_a_set_may_change_a_few_things_of_another(tmp_path: Path) -> None:
    words = read(
        own(tmp_path, 'extends = "generic"\n[line]\nbaud = 38400\n[commands]\ndrive_to_picker = "K"\n')
    )
    assert words.line.baud == 38400
    assert words.bytes_of("drive_to_picker", 0) == b"K"
    assert words.bytes_of("input_to_drive", 0) == b"I"
    assert words.status is not None


def test_kodak_differs_in_one_answer() -> None:
    generic, kodak = read("generic"), read("kodak")
    assert kodak.commands["input_to_drive"].answers["E"].verdict is Verdict.DRIVE_DECIDES
    assert kodak.motions == generic.motions
    assert kodak.answers == generic.answers


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ('"X" = "done"', '"X" = "perhaps"', "'perhaps' is not what an answer can mean; try"),
        ('"X" = "done"', '"X" = "NO_SUCH_KIND: sorry"', "is not what an answer can mean"),
        ('"bring", ', '"fetch", ', "motion `load` uses 'fetch', which is no command; try reset, bring, take"),
        ('["reset"]', '["open"]', "`initialise` is about no drive, and cannot open a tray"),
        ('"I"', '["1", "2"]', "must hold one text for each of the 1 drives"),
        ("[commands]", "[comands]", "comands"),
        ('title = "Mine"', "title", "cannot be read"),
        ('title = "Mine"', 'extends = "mine"', "`extends` names one of generic, kodak, rimage-dtp, tower"),
    ],
)
def test_a_wrong_set_is_said_in_one_sentence(tmp_path: Path, change: str, to: str, said: str) -> None:
    assert change in OWN
    with pytest.raises(ConfigError) as caught:
        read(own(tmp_path, OWN.replace(change, to)))
    assert said in str(caught.value)
    assert "mine.toml" in str(caught.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        SerialMover(Settings(port="any", commands=str(tmp_path / "none.toml")))


def test_a_set_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ValueError, match="is none of generic, kodak, rimage-dtp, tower"):
        Settings(port="any", commands="genric")


def test_an_experimental_set_is_announced(caplog: pytest.LogCaptureFixture) -> None:
    SerialMover(Settings(port="any", commands="rimage-dtp"))
    assert "EXPERIMENTAL" in caplog.text


def test_meanings() -> None:
    answers = read("generic").status.answers  # type: ignore[union-attr]
    assert answers["22"].kind is FaultKind.NO_BLANK_MEDIA
    assert answers["00"] == Meaning(Verdict.DONE)
    assert read("generic").answers["E"].ask
