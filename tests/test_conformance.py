"""The conformance statement: it changes with what it is read from, in every form."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from burnish.conformance.document import Section
from burnish.conformance.render import as_html, as_markdown
from burnish.dicom.answers import ANSWERS
from burnish.dicom.commands import Operation
from burnish.terms import DimseStatus

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
