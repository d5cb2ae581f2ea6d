"""What the conformance statement says is what happens: each of C1 to C24 with a setting that changes both.

A promise names its demand of PS3.4 S.4.2, a change of the configuration, what the statement says of it, and
what an SCU, a medium or a label shows. Both are looked at without the change and with it.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from burnish.config import check_plugins, load_config
from burnish.conformance.render import as_json
from burnish.conformance.statement import DEMANDS, statement
from burnish.orders.shape import ENUMERATED
from burnish.testing.inked import said_by
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, build_context

from tests.lab import MCM, Installation, Scu, ct, request
from tests.robustness.evidence import attempts_of, eventually, request_of

DONE = ("DONE", "NORMAL", 1)
BASE = """
plugins = ["profiles", "format-iso9660", "writer-file", "writer-scripted", "printer-scripted",
    "bundler-scripted"]
[server]
port = 0
{server}
[queue]
cancel_wait = "5s"
{queue}
[labels]
maker = "plain"
{labels}
[retention]
ledger = "1h"
{retention}
[media]
{media}
[writers.shelf]
{shelf}
hold_retry = "0.1s"
[printers.paper]
driver = "scripted"
path = "paper"
[bundlers.leaflet]
driver = "leaflet"
[stations.desk]
writers = ["shelf"]
printer = "paper"
style = "face"
{more}
"""
TABLES = ("server", "queue", "labels", "retention", "media", "more")
FOLDERS = 'driver = "file"\npath = "out"\nform = "folder"\nmedia = ["CD-R"]'
SCRIPTED = 'driver = "scripted"\npath = "press"\nmedia = ["CD-R"]'
SMALL = f"{FOLDERS}\ncapacity = 204800"
FILES = {
    "house.toml": '[profiles.AUG-HOUSE-CD]\naugments = "STD-GEN-CD"\ntitle = "Of the house"\nkeys = "house"\n'
    '[keys.house]\nrows = [{ keyword = "Manufacturer", records = ["SERIES"], type = "2" }]\n',
    "password": "open sesame and enter\n",
}


class House:
    """A server in a folder of its own."""

    def __init__(self, folder: Path, shelf: str, *changes: dict[str, str]) -> None:
        self.installation = Installation(folder)
        parts = {name: "\n".join(change.get(name, "") for change in changes) for name in TABLES}
        self.installation.config.write_text(BASE.format(shelf=shelf, **parts))
        for name, text in FILES.items():
            (folder / name).write_text(text)
        self.folder, self.media, self.paper = folder, folder / "out", folder / "paper"

    def stated(self) -> Any:
        """The statement, as JSON has it."""
        loaded = load_config(self.installation.config)
        return json.loads(as_json(statement(loaded.config, check_plugins(loaded))))

    @contextmanager
    def served(self) -> Iterator["House"]:
        """Running."""
        self.installation.start()
        try:
            yield self
        finally:
            self.installation.stop()

    def scu(self, calling: str = "STOCKSCU", called: str = "BURNISH") -> Scu:
        return Scu(self.installation.port, calling, called)

    def idle(self, *data_sets: Dataset, profile: str = "STD-GEN-CD", **attributes: Any) -> str:
        """A request of these instances."""
        uid, sent = str(generate_uid()), data_sets or ct(1)
        assert set(self.scu().store(*sent)) == {0}
        assert self.scu().create(request(sent, profile, **attributes), uid) == 0
        return uid

    def make(self, *data_sets: Dataset, profile: str = "STD-GEN-CD", **attributes: Any) -> tuple[str, Any]:
        """A request that has come to its end: UID and state."""
        uid = self.idle(*data_sets, profile=profile, **attributes)
        assert self.scu().initiate(uid) == 0
        return uid, self.scu().wait(uid)

    def directory(self, *data_sets: Dataset, profile: str = "STD-GEN-CD") -> FileDataset:
        """The DICOMDIR of a medium of these."""
        assert self.make(*data_sets, profile=profile)[1] == DONE
        return dcmread(self.newest() / "DICOMDIR")

    def newest(self) -> Path:
        """The medium that was made last."""
        return max(
            (path.parent for path in self.media.rglob("DICOMDIR")), key=lambda one: one.stat().st_mtime_ns
        )

    def label(self, *data_sets: Dataset, **attributes: Any) -> dict[str, Any]:
        """What the label of a piece says."""
        before = set(self.paper.glob("*.pbm"))
        assert self.make(*data_sets, **attributes)[1] == DONE
        [made] = set(self.paper.glob("*.pbm")) - before
        return said_by(made)

    @contextmanager
    def held(self) -> Iterator[None]:
        """The scripted writer waits before the first byte."""
        hold = self.folder / "press" / "hold-write"
        hold.parent.mkdir(exist_ok=True)
        hold.touch()
        try:
            yield
        finally:
            hold.unlink()


Stated = Callable[[Any], object]


def tables(section: Any) -> Iterator[dict[str, Any]]:
    yield from section["tables"]
    for part in section["parts"]:
        yield from tables(part)


def rows(caption: str) -> Callable[[Any], list[list[str]]]:
    """The rows of the tables that are called so."""
    return lambda document: [
        row for table in tables(document) if table["caption"] == caption for row in table["rows"]
    ]


def cell(caption: str, first: str, place: int) -> Stated:
    """One cell of the row that begins so, or whose second cell is that."""

    def look(document: Any) -> object:
        return next((row[place] for row in rows(caption)(document) if first in row[:2]), None)

    return look


def key(name: str) -> Stated:
    """The value of a setting, wherever it stands."""

    def look(document: Any) -> object:
        values = {row[1] for table in tables(document) for row in table["rows"] if row[0] == name}
        assert len(values) == 1, values
        return values.pop()

    return look


def titles(document: Any) -> list[str]:
    return [document["title"], *(title for part in document["parts"] for title in titles(part))]


# --- what is seen -------------------------------------------------------------------------------------------


def cancelled(house: House) -> object:
    return hex(house.scu().cancel(house.idle()))


def context_of_mr(house: House) -> object:
    ae = AE("STOCKSCU")
    asked = [build_context(uid, ExplicitVRLittleEndian) for uid in ("1.2.840.10008.5.1.4.1.1.4", MCM)]
    association = ae.associate("127.0.0.1", house.installation.port, asked, ae_title="BURNISH")  # type: ignore[arg-type]
    accepted = {str(context.abstract_syntax) for context in association.accepted_contexts}
    association.release()
    return "1.2.840.10008.5.1.4.1.1.4" in accepted


def stored_twice(house: House) -> object:
    one = ct(1)[0]
    first = house.scu().store(one)
    one.PatientComments = "other bytes"
    return [hex(status) for status in (*first, *house.scu().store(one))]


def made_of_ct(house: House) -> object:
    uid, state = house.make()
    failed = house.scu().get(uid)[1].FailedSOPSequence
    return state[0], [hex(item.FailureReason) for item in failed]


def image_record(house: House, profile: str = "") -> Dataset:
    records = house.directory(profile=profile).DirectoryRecordSequence
    return next(record for record in records if record.DirectoryRecordType == "IMAGE")


def rows_in_the_record(house: House) -> object:
    return "Rows" in image_record(house)


def icon_in_the_record(house: House) -> object:
    return "IconImageSequence" in image_record(house, "STD-GEN-CD")


def more_on_the_label(house: House) -> object:
    return house.label(*ct(1, ReferringPhysicianName="House^Gregory"))["more"]


def name_without_a_set(house: House) -> object:
    """What the label says of a name in Latin-1 whose instance declares nothing."""
    [one] = ct(1, PatientName="Muller^Eva", PatientID="LATIN")
    del one.SpecificCharacterSet
    before, file = set(house.paper.glob("*.pbm")), BytesIO()
    one.save_as(file)
    sent = dcmread(BytesIO(file.getvalue().replace(b"Muller", b"M\xfcller")))
    uid = house.idle(sent)
    assert house.scu().initiate(uid) == 0
    end = time.monotonic() + 60
    while (state := house.scu().state(uid))[:2] not in (("DONE", "NORMAL"), ("PENDING", "CHECK_MCD_OP")):
        assert time.monotonic() < end, state
        time.sleep(0.05)
    return [said_by(path)["people"][0]["names"] for path in set(house.paper.glob("*.pbm")) - before]


def people_on_the_label(house: House) -> object:
    return bool(house.label()["people"])


def file_set_of(house: House, **attributes: Any) -> Dataset:
    uid, state = house.make(**attributes)
    assert state == DONE
    [told] = house.scu().get(uid)[1].ReferencedStorageMediaSequence
    return told


def given_file_set(house: House) -> object:
    told = file_set_of(house, StorageMediaFileSetID="MINE", StorageMediaFileSetUID="1.2.3.4.5")
    written = dcmread(house.newest() / "DICOMDIR")
    assert (written.FileSetID, written.file_meta.MediaStorageSOPInstanceUID) == (
        told.StorageMediaFileSetID,
        told.StorageMediaFileSetUID,
    )
    return written.FileSetID == "MINE", told.StorageMediaFileSetUID == "1.2.3.4.5"


def made_file_set(house: House) -> object:
    return file_set_of(house).StorageMediaFileSetID.startswith("WARD")


def disposition_on_the_label(house: House) -> object:
    return house.label(MediaDisposition="to ward 7")["disposition"]


def first_of_two(house: House) -> object:
    """Whether a request without a priority is made before one of LOW that came first."""
    scu = house.scu()
    with house.held():
        blocker = house.idle()
        assert scu.initiate(blocker) == 0
        scu.wait(blocker, "CREATING")
        names = {"FIRST": {"RequestPriority": "MED"}, "SECOND": {}}
        uids = [house.idle(StorageMediaFileSetID=name) for name in names]
        for uid, arguments in zip(uids, names.values(), strict=True):
            assert scu.initiate(uid, **arguments) == 0
            planned(house, uid)
    for uid in uids:
        assert scu.wait(uid) == DONE
    log = (house.folder / "press" / "log.jsonl").read_text().splitlines()
    written = [line["job"]["file_set_id"] for line in map(json.loads, log) if line["op"] == "write"]
    return next(name for name in written if name in names)


def planned(house: House, uid: str) -> None:
    eventually(lambda: request_of(house.installation, uid)["plan"] != "done" and "no plan")


def asked_again(house: House, **attributes: Any) -> object:
    """What becomes of a second request for the same instance after a while."""
    [one] = ct(1)
    assert house.make(one, **attributes)[1] == DONE
    time.sleep(6)
    uid = str(generate_uid())
    assert house.scu().create(request([one]), uid) == 0
    assert house.scu().initiate(uid) == 0
    return house.scu().wait(uid)[1]


def told_after(house: House) -> object:
    uid, _ = house.make()
    time.sleep(6)
    return house.scu().state(uid)[0]


def idle_after(house: House) -> object:
    uid = house.idle()
    time.sleep(6)
    return house.scu().state(uid)[0]


def second_in_the_queue(house: House) -> object:
    with house.held():
        first, second = house.idle(), house.idle()
        answers = [hex(house.scu().initiate(uid)) for uid in (first, second)]
    house.scu().wait(first)
    return answers


def tries_of_a_bad_disc(house: House) -> object:
    press = house.folder / "press"
    press.mkdir(exist_ok=True)
    (press / "script.json").write_text(json.dumps([{"fault": "MEDIA_DEFECT", "at": 1}] * 9))
    uid, state = house.make()
    assert state[:2] == ("FAILURE", "MCD_FAILURE")
    return len(attempts_of(house.installation, uid))


def two_volumes(house: House) -> object:
    return house.make(*ct(8))[1]


def beside_the_instances(house: House) -> object:
    assert house.make()[1] == DONE
    return {path.name for path in house.newest().iterdir()} & {"LEAFLET", "PROGRAM"}


def of_rle(house: House) -> object:
    one = dcmread(str(get_testdata_file("MR_small_RLE.dcm")))
    uid, state = house.make(one)
    return state[0], [hex(item.FailureReason) for item in house.scu().get(uid)[1].FailedSOPSequence]


def of_the_house(house: House) -> object:
    uid, state = house.make(*ct(1, Manufacturer="ACME"), profile="AUG-HOUSE-CD")
    if state != DONE:
        return state[1], [hex(item.FailureReason) for item in house.scu().get(uid)[1].FailedSOPSequence]
    records = dcmread(house.newest() / "DICOMDIR").DirectoryRecordSequence
    return [record.Manufacturer for record in records if record.DirectoryRecordType == "SERIES"]


def two_associations(house: House) -> object:
    ae = AE("STOCKSCU")
    asked = [build_context(MCM)]
    both = [
        ae.associate("127.0.0.1", house.installation.port, asked, ae_title="BURNISH")  # type: ignore[arg-type]
        for _ in range(2)
    ]
    refused = both[1].acceptor.primitive if both[1].is_rejected else None
    for association in both:
        if association.is_established:
            association.release()
    return refused and (refused.result, refused.result_source, refused.diagnostic)


def sealed(house: House) -> object:
    _, state = house.make(profile="STD-GEN-SEC-CD")
    if state != DONE:
        return state[1]
    return (house.newest() / "DICOMDIR").read_bytes()[:1].hex()


def established(house: House, calling: str = "STOCKSCU", called: str = "BURNISH") -> bool:
    """Whether an association is."""
    ae, contexts = AE(calling), [build_context(MCM)]
    association = ae.associate("127.0.0.1", house.installation.port, contexts, ae_title=called)  # type: ignore[arg-type]
    found = association.is_established
    if found:
        association.release()
    return found


def strangers(house: House) -> object:
    return established(house, calling="STRANGER")


def style_of_the_house(house: House) -> object:
    return house.label(LabelStyleSelection="HOUSE")["style"]


def urgent_print_priority(house: House) -> object:
    return hex(house.scu().initiate(house.idle(), PrintPriority="URGENT"))


def answers_to(house: House) -> object:
    return established(house, called="HOUSE")


# --- the promises -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Promise:
    """What a setting changes. Pairs are: without it, with it."""

    item: str
    change: dict[str, str]
    stated: Stated
    says: tuple[object, object]
    seen: Callable[[House], object]
    shows: tuple[object, object]
    shelf: str = FOLDERS
    given: dict[str, str] = field(default_factory=dict)
    """What both have besides."""

    @property
    def name(self) -> str:
        """For reports."""
        return f"{self.item}-{self.seen.__name__}"


NOT_CANCEL = '[aets.STOCKSCU]\nmay = ["store", "create", "get"]'
LATIN = '[aets.STOCKSCU]\nassume_character_set = "ISO_IR 100"'
N_CREATE = "Attributes of an N-CREATE that have a meaning; others are ignored, and told as an event"
LABEL = "Attributes that make the label"
PROMISES: Sequence[Promise] = (
    Promise(
        "C1",
        {"more": NOT_CANCEL},
        lambda document: next(row[3] for row in rows("Operations")(document) if "Cancel" in row[1]),
        ("any calling AE", "nobody"),
        cancelled,
        ("0x0", "0x124"),
    ),
    Promise(
        "C2",
        {"more": '[storage]\nsop_classes = ["CTImageStorage"]'},
        lambda document: any(row[0] == "MR Image Storage" for row in rows("SOP Classes")(document)),
        (True, False),
        context_of_mr,
        (True, False),
    ),
    Promise(
        "C3",
        {"more": '[storage]\nduplicates = "refuse"'},
        cell("C-STORE", "C111H", 3),
        ('not given: only with storage.duplicates = "refuse"', "given"),
        stored_twice,
        (["0x0", "0x0"], ["0x0", "0xc111"]),
    ),
    Promise(
        "C4",
        {"media": 'sop_classes = ["1.2.840.10008.5.1.4.1.1.4"]'},
        rows("SOP Classes of which media are made; another fails with 0122H"),
        (
            [["every SOP Class that is stored and that a profile below holds", ""]],
            [["MR Image Storage", "1.2.840.10008.5.1.4.1.1.4"]],
        ),
        made_of_ct,
        (("DONE", []), ("FAILURE", ["0x122"])),
    ),
    Promise(
        "C5",
        {"media": 'default_profiles = ["STD-CTMR-CD"]'},
        rows("Tried in this order where a request names none"),
        ([["1", "STD-GEN-CD"]], [["1", "STD-CTMR-CD"]]),
        rows_in_the_record,
        (False, True),
    ),
    Promise(
        "C6",
        {"media": 'icons = "always"'},
        cell("Icon Image Sequence (0088,0200)", "STD-GEN-CD", 3),
        ("no", "yes"),
        icon_in_the_record,
        (False, True),
    ),
    Promise(
        "C7",
        {"labels": 'attributes = ["ReferringPhysicianName"]'},
        cell(LABEL, "Referring Physician's Name", 2),
        (None, "instances"),
        more_on_the_label,
        ({}, {"ReferringPhysicianName": ["House^Gregory"]}),
    ),
    Promise(
        "C8",
        {"more": LATIN},
        rows("Assumed"),
        ([["any", "ISO_IR 6"]], [["STOCKSCU", "ISO_IR 100"]]),
        name_without_a_set,
        ([], [["Müller^Eva"]]),
    ),
    Promise(
        "C9",
        {"labels": 'extracted_default = "NO"'},
        cell(N_CREATE, "(2200,0001)", 3),
        ("YES", "NO"),
        people_on_the_label,
        (True, False),
    ),
    Promise(
        "C10",
        {"media": 'file_set_given = "ignore"'},
        key("media.file_set_given"),
        ("use", "ignore"),
        given_file_set,
        ((True, True), (False, False)),
    ),
    Promise(
        "C10",
        {"media": 'file_set_prefix = "WARD"'},
        cell(N_CREATE, "(0088,0130)", 3),
        ("eight characters of a token", "WARD, then eight characters of a token"),
        made_file_set,
        (False, True),
    ),
    Promise(
        "C10",
        {"labels": 'disposition = "always"'},
        key("labels.disposition"),
        ("mail", "always"),
        disposition_on_the_label,
        ("", "to ward 7"),
    ),
    Promise(
        "C10",
        {"queue": 'priority_default = "HIGH"'},
        cell("Action information of Initiate", "(2200,0020)", 3),
        ("MED", "HIGH"),
        first_of_two,
        ("FIRST", "SECOND"),
        SCRIPTED,
    ),
    Promise(
        "C10",
        {"retention": 'preserve_default = "YES"'},
        cell(N_CREATE, "(2200,000A)", 3),
        ("NO", "YES"),
        asked_again,
        ("NO_INSTANCE", "NORMAL"),
        given={"retention": 'instances_after_success = "1s"'},
    ),
    Promise(
        "C11",
        {"retention": 'instances_after_success = "1s"'},
        key("retention.instances_after_success"),
        ("3d", "1s"),
        asked_again,
        ("NORMAL", "NO_INSTANCE"),
    ),
    Promise(
        "C12",
        {"retention": 'results = "2s"'},
        key("retention.results"),
        ("30d", "2s"),
        told_after,
        ("DONE", "GONE"),
    ),
    Promise(
        "C13",
        {"retention": 'idle_requests = "2s"'},
        key("retention.idle_requests"),
        ("1d", "2s"),
        idle_after,
        ("IDLE", "GONE"),
    ),
    Promise(
        "C14",
        {"queue": "length = 1"},
        key("queue.length"),
        ("1000", "1"),
        second_in_the_queue,
        (["0x0", "0x0"], ["0x0", "0x213"]),
        SCRIPTED,
    ),
    Promise(
        "C14",
        {"queue": "retries_per_piece = 1"},
        key("queue.retries_per_piece"),
        ("2", "1"),
        tries_of_a_bad_disc,
        (3, 2),
        SCRIPTED,
    ),
    Promise(
        "C15",
        {"media": 'splitting_default = "YES"'},
        cell(N_CREATE, "(2200,0007)", 3),
        ("NO", "YES"),
        two_volumes,
        (("FAILURE", "SET_OVERSIZED", 0), ("DONE", "NORMAL", 3)),
        SMALL,
    ),
    Promise(
        "C16",
        {"more": '[bundles]\nnon_dicom_default = "FOR_PATIENT"'},
        cell(N_CREATE, "(2200,0008)", 3),
        ("NO", "FOR_PATIENT"),
        beside_the_instances,
        (set(), {"LEAFLET"}),
    ),
    Promise(
        "C17",
        {"more": '[bundles]\ndisplay_default = "YES"'},
        cell(N_CREATE, "(2200,0009)", 3),
        ("NO", "YES"),
        beside_the_instances,
        (set(), {"PROGRAM"}),
    ),
    Promise(
        "C18",
        {"media": 'transcoding = "uncompressed"'},
        cell("What is made of an instance that a profile does not hold as it came", "RLE Lossless", 1),
        (
            "Explicit VR Little Endian, JPEG Lossless (Process 14, Selection Value 1), JPEG 2000 Lossless",
            "nothing",
        ),
        of_rle,
        (("DONE", []), ("FAILURE", ["0x203"])),
    ),
    Promise(
        "C19",
        {"media": 'profile_files = ["house.toml"]'},
        rows("Added by AUG-HOUSE-CD"),
        ([], [["(0008,0070)", "Manufacturer", "SERIES", "2"]]),
        of_the_house,
        (("NOT_SUPPORTED", ["0x204"]), ["ACME"]),
    ),
    Promise(
        "C20",
        {"server": "max_associations = 1"},
        key("server.max_associations"),
        ("256", "1"),
        two_associations,
        (None, (2, 3, 1)),
    ),
    Promise(
        "C21",
        {"more": '[media.security]\npassword_file = "password"'},
        cell("Security", "Basic DICOM Media Security Profile", 1),
        ("none", "for media"),
        sealed,
        ("NOT_SUPPORTED", "30"),
    ),
    Promise(
        "C21",
        {"more": "[aets.STOCKSCU]"},
        cell("Security", "Association level", 1),
        ("any calling AE", "listed calling AEs"),
        strangers,
        (True, False),
    ),
    Promise(
        "C22",
        {"labels": 'styles = { HOUSE = "sticker" }'},
        rows("Codes (2200,0003)"),
        ([], [["HOUSE", "sticker", "sticker"]]),
        style_of_the_house,
        ("face", "sticker"),
    ),
    Promise(
        "C23",
        {"queue": 'print_priority = "ignore"'},
        cell("Action information of Initiate", "(2000,0020)", 2),
        ("in place of (2200,0020) where that is absent", "ignored"),
        urgent_print_priority,
        ("0x115", "0x0"),
    ),
    Promise(
        "C24",
        {"server": 'ae_title = "HOUSE"'},
        lambda document: titles(document).count("HOUSE"),
        (0, 2),
        answers_to,
        (False, True),
    ),
)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Promise], House]]:
    """Houses without a change, one for all promises that have it so, opened at need."""
    with ExitStack() as stack:
        known: dict[str, House] = {}

        def opened(promise: Promise) -> House:
            name = f"{promise.shelf} {promise.given}"
            if name not in known:
                house = House(tmp_path_factory.mktemp("plain"), promise.shelf, promise.given)
                known[name] = stack.enter_context(house.served())
            return known[name]

        yield opened


@pytest.mark.parametrize("promise", PROMISES, ids=[promise.name for promise in PROMISES])
def test_a_setting_changes_what_is_stated_and_what_happens(
    promise: Promise, plain: Callable[[Promise], House], tmp_path: Path
) -> None:
    before, after = plain(promise), House(tmp_path, promise.shelf, promise.given, promise.change)
    assert (promise.stated(before.stated()), promise.stated(after.stated())) == promise.says
    with after.served():
        assert (promise.seen(before), promise.seen(after)) == promise.shows


def test_every_demand_has_a_promise() -> None:
    assert {promise.item for promise in PROMISES} == set(DEMANDS)


def test_what_n_get_tells_is_what_is_stated(plain: Callable[[Promise], House]) -> None:
    house = plain(PROMISES[0])
    full = {
        "SpecificCharacterSet": "ISO_IR 192",
        "LabelText": "Für Station 7",
        "StorageMediaFileSetID": "MINE",
        "StorageMediaFileSetUID": generate_uid(),
        "LabelStyleSelection": "HOUSE",
        "MediaDisposition": "to ward 7",
        "BarcodeValue": "1234",
        "BarcodeSymbology": "CODE128",
        "IncludeNonDICOMObjects": "NO",
    }
    full |= dict.fromkeys(ENUMERATED, "NO")
    uid = house.idle(**full)
    told = {element.name for element in house.scu().get(uid, [])[1]}
    assert told == {row[1] for row in rows("Attributes that are kept and told")(house.stated())}
