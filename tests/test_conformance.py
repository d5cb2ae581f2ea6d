"""The conformance statement: it changes with what it is read from, in every form."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from burnish.conformance.document import Section
from burnish.conformance.render import as_html, as_markdown
from burnish.conformance.statement import DEMANDS
from burnish.dicom.answers import ANSWERS
from burnish.dicom.commands import Operation
from burnish.errors import FaultKind
from burnish.production.faults import OWN
from burnish.registry import Registry
from burnish.terms import DimseStatus

HOUSE = Path(__file__).parent.parent
SHELF = '[writers.shelf]\ndriver = "file"\npath = "out"\nmedia = ["{}"]\n'


def conformance(folder: Path, text: str = "", form: str = "json") -> bytes:
    (folder / "burnish.toml").write_text(text)
    command = [sys.executable, "-m", "burnish.cli", "conformance", "--format", form]
    done = subprocess.run([*command, "--config", folder / "burnish.toml"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def cells(document: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each row of each table, with the caption."""
    for table in document["tables"]:
        for row in table["rows"]:
            yield table["caption"], tuple(row)
    for part in document["parts"]:
        yield from cells(part)


def row(document: Any, first: str) -> tuple[str, ...]:
    """The row that begins with a word."""
    [found] = [one for _, one in cells(document) if one[0] == first]
    return found


@pytest.mark.parametrize(
    ("text", "key", "before", "after"),
    [
        ('[server]\nae_title = "HOUSE"\n', "server.ae_title", "BURNISH", "HOUSE"),
        ("[server]\nmax_associations = 7\n", "server.max_associations", "256", "7"),
        ('[retention]\nresults = "9d"\n', "retention.results", "30d", "9d"),
        ('[retention]\nidle_requests = "2h"\n', "retention.idle_requests", "1d", "2h"),
        ('[retention]\ninstances_preserved = "1y"\n', "retention.instances_preserved", "30d", "1y"),
        ("[queue]\nlength = 3\n", "queue.length", "1000", "3"),
        ("[queue]\nretries_per_piece = 0\n", "queue.retries_per_piece", "2", "0"),
        ('[media]\nsplitting_default = "YES"\n', "media.splitting_default", "NO", "YES"),
        ('[labels]\nextracted_default = "NO"\n', "labels.extracted_default", "YES", "NO"),
        ('[bundles]\ndisplay_default = "YES"\n', "bundles.display_default", "NO", "YES"),
        ('[identity]\nconflict = "hold"\n', "identity.conflict", "fail", "hold"),
    ],
)
def test_a_setting_that_changes_changes_the_statement(
    tmp_path: Path, text: str, key: str, before: str, after: str
) -> None:
    changed = json.loads(conformance(tmp_path, text))
    plain = json.loads(conformance(tmp_path))

    def value(document: Any) -> str:
        return next(one[1] for _, one in cells(document) if one[0] == key)

    assert (value(plain), value(changed)) == (before, after)


def test_a_wait_stands_where_it_is_waited(tmp_path: Path) -> None:
    document = json.loads(conformance(tmp_path, '[queue]\nsupplies_timeout = "5m"\n'))
    assert row(document, "NO_BLANK_MEDIA")[4:] == ("OUT_OF_SUPPLIES", "5m", "OUT_OF_SUPPLIES")


def test_only_profiles_that_a_station_can_make_are_stated(tmp_path: Path) -> None:
    def profiles(kind: str) -> set[str]:
        document = json.loads(conformance(tmp_path, SHELF.format(kind)))
        return {one[0] for caption, one in cells(document) if caption == "Profiles that can be made"}

    assert "STD-GEN-CD" in profiles("CD-R")
    assert "STD-GEN-CD" not in profiles("BD-R")
    assert "STD-GEN-SEC-CD" not in profiles("CD-R")


def test_what_is_negotiated_is_stated(tmp_path: Path) -> None:
    text = '[storage]\nsop_classes = ["CTImageStorage"]\ntransfer_syntaxes = ["ExplicitVRLittleEndian"]\n'
    document = json.loads(conformance(tmp_path, text))
    uids = {one[1] for caption, one in cells(document) if caption == "SOP Classes"}
    assert uids == {"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.1", "1.2.840.10008.5.1.1.33"}


def test_every_class_has_its_name(tmp_path: Path) -> None:
    document = json.loads(conformance(tmp_path))
    names = {one[1]: one[0] for caption, one in cells(document) if caption == "SOP Classes"}
    assert len(names) > 200
    assert [uid for uid, name in names.items() if name == uid] == []


def test_every_form_says_the_same(tmp_path: Path) -> None:
    document = json.loads(conformance(tmp_path))
    words = {one[0] for _, one in cells(document) if one[0]}
    for form in ("md", "html"):
        text = conformance(tmp_path, form=form).decode()
        assert [word for word in words if word not in text] == []
    assert conformance(tmp_path, form="pdf").startswith(b"%PDF-")


def test_tags_and_codes_are_spelled_as_the_standard_spells_them(tmp_path: Path) -> None:
    document = json.loads(conformance(tmp_path))
    assert ("(2200,000F)", "Allow Lossy Compression") in [one[:2] for _, one in cells(document)]
    assert ("C202H", "CANCEL_IN_PROGRESS") in [one[:2] for _, one in cells(document)]


def test_every_status_answers_something() -> None:
    """Those that no operation of ours gives are not in the table, and they are named here."""
    stated = {status for answers in ANSWERS.values() for status in answers}
    unused = {
        DimseStatus.NO_SUCH_ATTRIBUTE,
        DimseStatus.NO_SUCH_ARGUMENT,
        DimseStatus.MISTYPED_ARGUMENT,
    }
    assert set(DimseStatus) - stated == unused
    assert set(ANSWERS) == {
        Operation.C_ECHO,
        Operation.C_STORE,
        Operation.N_CREATE,
        Operation.N_ACTION,
        Operation.N_GET,
    }


def test_texts_stay_texts() -> None:
    document = Section("<b>|", text=("<script>",))
    assert "<script>" not in as_html(document)
    assert "<" not in as_markdown(document)


# --- what drivers raise -------------------------------------------------------------------------------------

DRIVERS = {
    "writer_file": "writers",
    "writer_xorriso": "writers",
    "mover_nimbie": "movers",
    "printer_file": "printers",
    "printer_ipp": "printers",
    "printer_zebra": "printers",
}


@pytest.mark.parametrize("plugin", sorted(DRIVERS))
def test_a_driver_states_the_faults_that_its_code_names(plugin: str) -> None:
    package = HOUSE / "plugins" / plugin / "src" / f"burnish_{plugin}"
    sources = [path for path in package.rglob("*.py") if path.name not in ("__init__.py", "simulator.py")]
    named = {FaultKind[name] for path in sources for name in kinds_in(path)}
    [spec] = getattr(Registry.load([plugin.replace("_", "-")]), DRIVERS[plugin]).values()
    assert spec.raises == named


def test_the_server_states_the_faults_that_it_finds() -> None:
    """Every kind that production gives as a fault, and none besides."""
    rooms = [
        path for path in (HOUSE / "core/src/burnish/production").glob("*.py") if path.name != "faults.py"
    ]
    given = {FaultKind[name] for path in rooms for name in kinds_in(path)}
    compared = {FaultKind.WRONG_MEDIUM, FaultKind.UNSAFE_TARGET}
    assert given - compared == OWN


def kinds_in(path: Path) -> set[str]:
    return set(re.findall(r"FaultKind\.([A-Z][A-Z_]+)", path.read_text())) & set(FaultKind.__members__)


def test_what_nobody_raises_is_marked(tmp_path: Path) -> None:
    document = json.loads(conformance(tmp_path, SHELF.format("CD-R")))
    assert row(document, "OUTPUT_FULL")[2] == "nobody here"
    assert "writer file" in row(document, "STORAGE_FULL")[2]
    assert row(document, "UNKNOWN")[2:] == ("not said here", "")


# --- the outline --------------------------------------------------------------------------------------------


def test_the_chapters_are_those_of_the_standard(tmp_path: Path) -> None:
    """PS3.2-2021b A.1 to A.8, in their order, and every demand has a place."""
    document = json.loads(conformance(tmp_path))
    assert [part["title"] for part in document["parts"]] == [
        "Overview",
        "Contents",
        "Introduction",
        "Networking",
        "Media interchange",
        "Support of character sets",
        "Security",
        "Annexes",
    ]
    places = [one for caption, one in cells(document) if caption.startswith("What PS3.4 S.4.2")]
    assert [one[0] for one in places] == list(DEMANDS)
    assert [one for one in places if one[2] == "nowhere"] == []


def test_the_diagram_shows_who_is_configured(tmp_path: Path) -> None:
    text = SHELF.format("CD-R") + '[aets.PACS]\n[aets.CT1]\nmay = ["store"]\n'
    document = json.loads(conformance(tmp_path, text))
    [diagram] = [one for section in every(document) for one in section["diagrams"]]
    assert diagram["columns"] == [["AE PACS", "AE CT1"], ["BURNISH (SCP, FSC)"], ["station shelf"]]
    said = {arrow["start"]: arrow["label"] for arrow in diagram["arrows"]}
    assert said["AE CT1"] == ["C-ECHO, C-STORE"]
    assert said["BURNISH (SCP, FSC)"] == ["CD-R"]
    drawn = ElementTree.fromstring(
        re.findall("<svg.*?</svg>", conformance(tmp_path, text, "html").decode(), re.S)[0]
    )
    words = " ".join(filter(None, drawn.itertext()))
    assert all(name in words for column in diagram["columns"] for name in column)


def every(section: Any) -> Iterator[Any]:
    yield section
    for part in section["parts"]:
        yield from every(part)
