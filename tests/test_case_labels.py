"""Labels of pieces, from the request to the printer: cases 18, 92, 136 to 139 and 148, and what happens where
a printer does not do as it is asked."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from burnish.instances.keys import KEYS
from burnish.labels.content import EXTRACTED
from burnish.testing.inked import said_by
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from tests.lab import Installation, Scu, ct, mr, request
from tests.robustness.evidence import attempts_of, eventually, pieces_of, rows

DONE = ("DONE", "NORMAL", 1)
PLUGINS = 'plugins = ["profiles", "format-iso9660", "writer-scripted", "printer-scripted"]\n'
WRITER = '[writers.press]\ndriver = "scripted"\npath = "press"\nhold_retry = "0.1s"\nkeeps = true\n'


def text_of(station: str = "", printer: str = "", labels: str = "", more: str = "", queue: str = "") -> str:
    """A configuration of one writer and one printer."""
    return (
        f'[queue]\nretries_per_piece = 1\ncancel_wait = "5s"\n{queue}\n{WRITER}'
        f'[printers.paper]\ndriver = "scripted"\npath = "paper"\n{printer}\n'
        f'[labels]\nmaker = "plain"\n{labels}\n'
        f'[stations.desk]\nwriters = ["press"]\nprinter = "paper"\nstyle = "face"\n{station}\n{more}'
    )


class Desk:
    """A server with one station that labels."""

    def __init__(self, burnish: Installation) -> None:
        self.burnish = burnish
        self.paper = burnish.folder / "paper"
        self.press = burnish.folder / "press"
        self.slices = ct(1)

    def up(self) -> None:
        """Start the server."""
        self.burnish.start()
        self.scu = Scu(self.burnish.port)
        assert set(self.scu.store(*self.slices)) == {0}

    def start(self, *data_sets: Dataset, copies: int = 1, **attributes: Any) -> str:
        """A request that was started."""
        uid = str(generate_uid())
        assert self.scu.create(request(data_sets or self.slices, **attributes), uid) == 0
        assert self.scu.initiate(uid, NumberOfCopies=copies) == 0
        return uid

    def make(self, *data_sets: Dataset, copies: int = 1, **attributes: Any) -> list[dict[str, Any]]:
        """A request that comes to its end; what its labels say, in the order in which they were printed."""
        before = set(self.labels())
        uid = self.start(*data_sets, copies=copies, **attributes)
        assert self.scu.wait(uid) == ("DONE", "NORMAL", copies)
        return [said_by(path) for path in self.labels() if path not in before]

    def labels(self) -> list[Path]:
        """What was printed, in order."""
        return sorted(self.paper.glob("*.pbm"), key=lambda path: path.stat().st_mtime_ns)

    def script(self, *actions: Mapping[str, Any]) -> None:
        """What the printer does with the next labels."""
        self.paper.mkdir(exist_ok=True)
        (self.paper / "script.json").write_text(json.dumps(actions))

    @contextmanager
    def condition(self, kind: str) -> Iterator[None]:
        """The printer is in it."""
        self.paper.mkdir(exist_ok=True)
        (self.paper / "condition").write_text(kind)
        try:
            yield
        finally:
            (self.paper / "condition").unlink()

    def says(self, *words: str, code: int = 0) -> str:
        """What `burnish stations …` prints."""
        command = [sys.executable, "-m", "burnish.cli", "stations", *words]
        command += ["--config", str(self.burnish.config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    def station(self) -> dict[str, Any]:
        """Its row."""
        [row] = rows(self.burnish, "SELECT * FROM stations")
        return row

    def await_state(self, uid: str, *wanted: Any) -> None:
        """Until an SCU reads that."""
        eventually(lambda: (state := self.scu.state(uid))[: len(wanted)] != wanted and state)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The data of each event of a kind."""
        return [
            json.loads(row["data"]) for row in rows(self.burnish, "SELECT * FROM events WHERE kind = ?", kind)
        ]

    def states(self, uid: str) -> list[dict[str, str]]:
        """What became of the labels of each attempt."""
        return [json.loads(row["labels"]) for row in attempts_of(self.burnish, uid)]


Open = Callable[..., Desk]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Makes a desk of the keys of `text_of`, running."""
    made: list[Desk] = []

    def open_desk(*, up: bool = True, **keys: str) -> Desk:
        desk = Desk(Installation(tmp_path, text_of(**keys)))
        desk.burnish.config.write_text(PLUGINS + desk.burnish.config.read_text())
        made.append(desk)
        if up:
            desk.up()
        return desk

    yield open_desk
    for desk in made:
        desk.burnish.stop()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One for all tests of what labels say."""
    text = text_of(labels='styles = { HOUSE = "sticker" }\nattributes = ["ReferringPhysicianName"]')
    desk = Desk(Installation(tmp_path_factory.mktemp("desk"), text))
    desk.burnish.config.write_text(PLUGINS + desk.burnish.config.read_text())
    desk.up()
    yield desk
    desk.burnish.stop()


# --- what they say -----------------------------------------------------------------------------------------


def test_case_136_what_the_instances_say_is_printed_with_the_label_text(desk: Desk) -> None:
    [label] = desk.make(LabelUsingInformationExtractedFromInstances="YES", LabelText="Ward 7")
    [person] = label["people"]
    assert (person["names"], person["patient_id"]) == (["CompressedSamples^CT1"], "1CT1")
    [study] = label["studies"]
    assert (study["study_id"], study["date"], study["description"]) == ("1CT1", "2004-01-19", "e+1")
    assert label["text"] == "Ward 7"
    assert label["institution"] == "JFK IMAGING CENTER"
    assert label["content"] == "DICOM ONLY"
    assert label["profile"] == "STD-GEN-CD"


def test_case_137_nothing_of_the_instances_is_printed_where_the_request_says_no(desk: Desk) -> None:
    before = set(desk.labels())
    [label] = desk.make(LabelUsingInformationExtractedFromInstances="NO", LabelText="For the archive")
    assert label["text"] == "For the archive"
    assert (label["people"], label["studies"], label["more"]) == ([], [], {})
    assert (label["volume"], label["piece"]) == (1, 1)
    [volume] = rows(desk.burnish, "SELECT token FROM volumes ORDER BY id DESC LIMIT 1")
    assert label["token"] == volume["token"]
    [path] = set(desk.labels()) - before
    for secret in (b"CompressedSamples", b"1CT1", b"JFK", b"2004"):
        assert secret not in path.read_bytes()


def test_case_138_every_person_is_on_the_label(desk: Desk) -> None:
    others = mr(1)
    assert set(desk.scu.store(*others)) == {0}
    [label] = desk.make(*desk.slices, *others)
    assert [person["patient_id"] for person in label["people"]] == ["1CT1", "4MR1"]
    assert {study["person"] for study in label["studies"]} == {0, 1}


def test_case_18_label_text_in_unicode_is_on_the_label_byte_for_byte(desk: Desk) -> None:
    text = "für Dr. 山田, الجناح\r\nжщ"
    uid = desk.start(SpecificCharacterSet="ISO_IR 192", LabelText=text)
    assert desk.scu.wait(uid) == DONE
    assert said_by(desk.labels()[-1])["text"] == text
    assert desk.scu.get(uid, [0x22000002])[1].LabelText == text


def test_case_148_media_disposition_is_on_what_goes_by_mail_only(desk: Desk) -> None:
    text = "Dr. House\nPrinceton"
    [label] = desk.make(MediaDisposition=text)
    assert label["disposition"] == "", "the style `face` is what everybody sees"
    uid = desk.start(MediaDisposition=text)
    assert desk.scu.wait(uid) == DONE
    assert desk.scu.get(uid, [0x22000004])[1].MediaDisposition == text


def test_case_148_a_mailer_of_its_own_has_it(opened: Open) -> None:
    desk = opened(
        more='[[stations.desk.besides]]\nprinter = "letters"\nstyle = "letter"\n'
        '[printers.letters]\ndriver = "scripted"\npath = "letters"\n'
    )
    text = "Dr. House\nPrinceton"
    [label] = desk.make(MediaDisposition=text)
    assert (label["style"], label["disposition"]) == ("face", "")
    [letter] = (desk.burnish.folder / "letters").glob("*.pbm")
    assert (said_by(letter)["style"], said_by(letter)["disposition"]) == ("letter", text)


@pytest.mark.parametrize(("rule", "shown"), [("always", "Dr. House"), ("never", "")])
def test_case_148_the_rule_can_be_another(opened: Open, rule: str, shown: str) -> None:
    [label] = opened(labels=f'disposition = "{rule}"').make(MediaDisposition="Dr. House")
    assert label["disposition"] == shown


def test_a_style_is_selected_by_its_code_and_an_unknown_code_is_the_default(desk: Desk) -> None:
    assert [label["style"] for label in desk.make(LabelStyleSelection="HOUSE")] == ["sticker"]
    assert [label["style"] for label in desk.make(LabelStyleSelection="MANSION")] == ["face"]


def test_a_style_that_the_printer_does_not_print_is_the_stations(opened: Open) -> None:
    desk = opened(printer='stock = "disc"', labels='styles = { HOUSE = "sticker" }')
    assert [label["style"] for label in desk.make(LabelStyleSelection="HOUSE")] == ["face"]


def test_attributes_that_a_deployer_wants_are_said(desk: Desk) -> None:
    slices = ct(1, ReferringPhysicianName="House^Gregory")
    assert set(desk.scu.store(*slices)) == {0}
    [label] = desk.make(*slices)
    assert label["more"] == {"ReferringPhysicianName": ["House^Gregory"]}


def test_copies_are_numbered(desk: Desk) -> None:
    labels = desk.make(copies=3)
    assert [(label["piece"], label["copies"]) for label in labels] == [(1, 3), (2, 3), (3, 3)]


def test_case_139_volumes_of_a_set_are_numbered(tmp_path: Path) -> None:
    text = text_of().replace('path = "press"\n', 'path = "press"\ncapacity = 250000\n', 1)
    desk = Desk(Installation(tmp_path, text))
    desk.burnish.config.write_text(PLUGINS + desk.burnish.config.read_text())
    desk.up()
    try:
        slices = ct(6)
        assert set(desk.scu.store(*slices)) == {0}
        uid = desk.start(*slices, AllowMediaSplitting="YES")
        state = desk.scu.wait(uid)
        assert state[0] == "DONE"
        labels = [said_by(path) for path in desk.labels()]
        count = state[2]
        assert count > 1
        assert [(one["volume"], one["volumes"]) for one in labels] == [
            (number, count) for number in range(1, count + 1)
        ]
        assert len({one["token"] for one in labels}) == count
    finally:
        desk.burnish.stop()


def test_names_of_one_person_in_two_spellings_are_the_fuller_one(desk: Desk) -> None:
    bare = ct(1, PatientName="Yamada^Tarou", PatientID="Y1", PatientBirthDate="")
    full = ct(
        1,
        SpecificCharacterSet="ISO_IR 192",
        PatientName="Yamada^Tarou=山田^太郎",
        PatientID="Y1",
        PatientBirthDate="19660215",
    )
    assert set(desk.scu.store(*bare, *full)) == {0}
    [label] = desk.make(*bare, *full)
    [person] = label["people"]
    assert person["names"] == ["Yamada^Tarou", "山田^太郎"]
    assert person["birth_date"] == "1966-02-15"


# --- a printer in trouble ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "info"),
    [
        ("NO_PRINT_SUPPLIES", "OUT_OF_SUPPLIES"),
        ("OPERATOR_ACTION", "CHECK_MCD_OP"),
        ("DEVICE_BUSY", "MCD_BUSY"),
    ],
)
def test_case_92_nothing_is_made_before_the_printer_is_well(opened: Open, kind: str, info: str) -> None:
    desk = opened()
    with desk.condition(kind):
        uid = desk.start()
        desk.await_state(uid, "PENDING", info)
        assert attempts_of(desk.burnish, uid) == [], "a medium was touched though no label can be printed"
        assert desk.station()["condition"] == kind
    assert desk.scu.wait(uid) == DONE
    assert len(desk.labels()) == 1


def test_case_92_a_proven_disc_waits_for_the_printer(opened: Open) -> None:
    """The labels ran out while it was burned."""
    desk = opened()
    desk.press.mkdir(exist_ok=True)
    (desk.press / "hold-middle").touch()
    uid = desk.start()
    eventually(lambda: "not begun" if not list(desk.press.glob(".*.part")) else "")
    with desk.condition("NO_PRINT_SUPPLIES"):
        (desk.press / "hold-middle").unlink()
        desk.await_state(uid, "PENDING", "OUT_OF_SUPPLIES")
        [piece] = pieces_of(desk.burnish, uid)
        assert piece["state"] == "unknown"
        assert desk.states(uid) == [{"paper": "waiting"}]
        reads = [line for line in _log(desk.press) if line["op"] == "read_back"]
    assert desk.scu.wait(uid) == DONE
    assert [row["outcome"] for row in attempts_of(desk.burnish, uid)] == ["delivered"]
    assert len(desk.labels()) == 1
    again = [line for line in _log(desk.press) if line["op"] == "read_back"]
    assert len(again) == len(reads) + 1, "it is proven once more before it leaves, and not while it waits"


def test_case_92_a_piece_goes_without_where_the_policy_says_so(opened: Open) -> None:
    desk = opened(station='unlabelled = "skip"\nconfirm = "never"')
    with desk.condition("NO_PRINT_SUPPLIES"):
        uid = desk.start()
        assert desk.scu.wait(uid) == DONE
    assert desk.labels() == []
    assert desk.states(uid) == [{"paper": "skipped"}]
    [event] = desk.events("piece-unlabelled")
    assert event["printer"] == "paper"


def test_a_piece_without_a_label_is_thrown_away_where_the_policy_says_so(opened: Open) -> None:
    desk = opened(station='unlabelled = "discard"')
    desk.script({"fault": "OPERATOR_ACTION"})
    uid = desk.start()
    assert desk.scu.wait(uid) == DONE
    assert [row["outcome"] for row in attempts_of(desk.burnish, uid)] == ["spoilt", "delivered"]
    assert len(desk.labels()) == 1


@pytest.mark.parametrize("action", [{"fault": "OPERATOR_ACTION"}, {"crash": True}], ids=["fault", "crash"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_label_in_doubt_is_not_printed_again_unasked(
    opened: Open, action: dict[str, Any], after: bool
) -> None:
    desk = opened()
    desk.script({**action, "after": after})
    uid = desk.start()
    desk.await_state(uid, "PENDING", "CHECK_MCD_OP")
    eventually(lambda: desk.states(uid) != [{"paper": "doubtful"}] and desk.states(uid))
    assert len(desk.labels()) == after
    if after:
        assert "is labelled" in desk.says("labelled", "desk")
    else:
        assert "again" in desk.says("reprint", "desk")
    assert desk.scu.wait(uid) == DONE
    assert len(desk.labels()) == 1, "it was printed twice"


def test_a_piece_whose_label_is_in_doubt_can_be_taken_away(opened: Open) -> None:
    desk = opened()
    desk.script({"fault": "OPERATOR_ACTION", "after": True})
    uid = desk.start()
    desk.await_state(uid, "PENDING", "CHECK_MCD_OP")
    eventually(lambda: desk.states(uid) != [{"paper": "doubtful"}] and desk.states(uid))
    desk.says("drain", "desk")
    desk.says("accept-medium", "desk")
    for medium in desk.press.glob(".*.part"):
        medium.unlink()
    desk.says("resume", "desk")
    assert desk.scu.wait(uid) == DONE
    assert [row["outcome"] for row in attempts_of(desk.burnish, uid)] == ["spoilt", "delivered"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_printer_that_remembers_is_asked(opened: Open, after: bool) -> None:
    desk = opened(printer="remembers = true")
    desk.script({"crash": True, "after": after})
    uid = desk.start()
    assert desk.scu.wait(uid) == DONE
    assert len(desk.labels()) == 1
    assert [row["outcome"] for row in attempts_of(desk.burnish, uid)] == ["delivered"]


def test_a_label_that_cannot_be_drawn_costs_no_medium(opened: Open) -> None:
    desk = opened()
    uid = desk.start(LabelText="unfit")
    assert desk.scu.wait(uid) == ("FAILURE", "PROC_FAILURE", 0)
    [request_row] = rows(desk.burnish, "SELECT message FROM requests")
    assert "label text has no room" in request_row["message"]
    assert not any(line["op"] == "write" for line in _log(desk.press))


def test_a_label_that_cannot_be_drawn_is_skipped_where_the_policy_says_so(opened: Open) -> None:
    desk = opened(station='unlabelled = "skip"\nconfirm = "never"')
    assert desk.scu.wait(desk.start(LabelText="unfit")) == DONE
    assert [event["reason"] for event in desk.events("piece-unlabelled")] == [
        "the label: the label text has no room"
    ]


def test_what_is_drawn_otherwise_than_asked_is_recorded(desk: Desk) -> None:
    desk.make(BarcodeValue="odd", BarcodeSymbology="CODE128")
    assert desk.events("label-warning")[-1] == {"printer": "paper", "warnings": ["a barcode as text"]}


def test_a_cancel_while_a_piece_waits_for_its_label(opened: Open) -> None:
    desk = opened()
    desk.script({"fault": "OPERATOR_ACTION"})
    uid = desk.start()
    desk.await_state(uid, "PENDING", "CHECK_MCD_OP")
    eventually(lambda: desk.states(uid) != [{"paper": "doubtful"}] and desk.states(uid))
    assert desk.scu.cancel(uid) == 0
    eventually(lambda: desk.scu.state(uid)[0] != "GONE" and desk.scu.state(uid))
    assert [row["outcome"] for row in attempts_of(desk.burnish, uid)] == ["spoilt"]


def test_a_server_that_was_killed_while_printing_asks_first(opened: Open) -> None:
    desk = opened(printer="remembers = true")
    desk.script({"hang": 2, "after": True})
    uid = desk.start()
    eventually(lambda: "not printed" if not desk.labels() else "")
    for number, role in desk.burnish.processes().items():
        if role in ("feeder", "labeller", "driver"):
            _kill(number)
    assert desk.scu.wait(uid) == DONE
    assert len(desk.labels()) == 1


# --- two unlabelled pieces never lie beside one another -----------------------------------------------------


def test_the_next_piece_waits_until_the_label_is_attached(opened: Open) -> None:
    desk = opened(printer="attaches = false")
    uid = desk.start(copies=2)
    eventually(lambda: desk.scu.state(uid)[2] != 1 and desk.scu.state(uid))
    eventually(lambda: desk.station()["state"] != "waiting" and desk.station())
    assert desk.station()["condition"] == "OPERATOR_ACTION"
    desk.await_state(uid, "PENDING", "CHECK_MCD_OP", 1)
    [volume] = rows(desk.burnish, "SELECT token FROM volumes")
    assert "nothing is changed" in desk.says("labelled", "desk", f"{volume['token']}-2", code=1)
    assert desk.scu.state(uid)[2] == 1
    assert "is labelled" in desk.says("labelled", "desk", f"{volume['token']}-1")
    assert desk.scu.wait(uid) == ("DONE", "NORMAL", 2)
    assert len(desk.events("label-confirmed")) == 1


def test_pieces_do_not_wait_where_a_deployer_wants_none_to(opened: Open) -> None:
    desk = opened(printer="attaches = false", station='confirm = "never"')
    assert len(desk.make(copies=3)) == 3


# --- configuration -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"station": 'unlabelled = "burn"'}, "stations.desk.unlabelled"),
        ({"labels": 'attributes = ["PixelData"]'}, "AccessionNumber"),
        ({"printer": 'stock = "sheet"'}, "cannot print 'face'"),
        ({"more": '[[stations.desk.besides]]\nprinter = "paper"\nstyle = "face"'}, "prints another label"),
        ({"more": '[[stations.desk.besides]]\nprinter = "pen"\nstyle = "face"'}, "no [printers.pen]"),
    ],
)
def test_what_does_not_go_together_is_said(opened: Open, keys: dict[str, str], said: str) -> None:
    desk = opened(up=False, **keys)
    command = [sys.executable, "-m", "burnish.cli", "config", "check", str(desk.burnish.config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done
    assert said in done.stderr


def _log(folder: Path) -> list[dict[str, Any]]:
    path = folder / "log.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _kill(number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)


# --- what is extracted --------------------------------------------------------------------------------------


def test_what_a_label_takes_of_instances_is_what_is_stated(opened: Open) -> None:
    """Each attribute of the table changes the label, and no other text of a head does."""
    desk = opened()
    texts = [key.keyword for key in KEYS if key.vr in ("LO", "SH", "PN", "CS", "DA") and key.keyword in FREE]
    assert set(EXTRACTED) <= set(texts)
    plain = said_of(desk, {})
    changed = {keyword for keyword in texts if said_of(desk, {keyword: FREE[keyword]}) != plain}
    assert changed == set(EXTRACTED)


FREE = {
    "PatientName": "Other^Name",
    "PatientID": "OTHER",
    "IssuerOfPatientID": "OTHER",
    "PatientBirthDate": "19010101",
    "PatientSex": "M",
    "StudyID": "OTHER",
    "StudyDate": "20010101",
    "StudyDescription": "another",
    "AccessionNumber": "OTHER",
    "InstitutionName": "another house",
    "Modality": "OT",
    "SeriesDescription": "another",
    "ReferringPhysicianName": "Other^Doctor",
    "Manufacturer": "another",
    "BodyPartExamined": "LEG",
    "PerformingPhysicianName": "Other^Doctor",
    "InstitutionalDepartmentName": "another",
    "SeriesDate": "20010101",
    "ContentDate": "20010101",
}
"""Attributes with a value that no slice has."""


def said_of(desk: Desk, values: Mapping[str, str]) -> dict[str, Any]:
    """What a label of a slice with these values says, but for what tells pieces apart."""
    one = ct(1, **values)
    assert set(desk.scu.store(*one)) == {0}
    [said] = desk.make(*one)
    return {key: value for key, value in said.items() if key not in ("token", "file_set_id")}
