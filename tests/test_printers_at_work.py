"""Whole jobs, from the SCU to the label: over `printer_zebra` to a printer that renders it, whose picture is
read by others, and over `printer_file` in every form; `burnish label`.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from burnish.errors import FaultKind
from burnish.testing.printers import Trouble
from burnish_printer_zebra.simulator import Listening, Zebra
from PIL import Image

from tests.lab import Installation, Scu, ct, request
from tests.robustness.evidence import eventually, rows

PLUGINS = """
plugins = ["profiles", "format-iso9660", "writer-file", "label-html", "printer-file", "printer-zebra"]
"""
STICKER = """
[writers.shelf]
driver = "file"
path = "out"
hold_retry = "0.2s"
[printers.zebra]
driver = "zebra"
host = "127.0.0.1"
port = {port}
width = 100
height = 50
reply_timeout = 1
settle = 0
[stations.desk]
writers = ["shelf"]
printer = "zebra"
style = "sticker"
confirm = "never"
"""
PAPER = """
[writers.shelf]
driver = "file"
path = "out"
[printers.paper]
driver = "file"
path = "labels"
form = "{form}"
[stations.desk]
writers = ["shelf"]
printer = "paper"
"""


@contextmanager
def running(folder: Path, text: str) -> Iterator[tuple[Installation, Scu]]:
    installation = Installation(folder, text)
    installation.config.write_text(PLUGINS + installation.config.read_text())
    installation.start()
    try:
        yield installation, Scu(installation.port)
    finally:
        installation.stop()


def ordered(scu: Scu, **attributes: Any) -> str:
    """A started request for one slice of a patient with a name in two scripts."""
    slices = ct(1, SpecificCharacterSet="ISO_IR 192", PatientName="Yamada^Tarou=山田^太郎")
    assert set(scu.store(*slices)) == {0}
    from pydicom.uid import generate_uid

    uid = str(generate_uid())
    assert scu.create(request(slices, **attributes), uid) == 0
    assert scu.initiate(uid) == 0
    return uid


def codes_of(peer: Listening) -> set[str]:
    """What a reader reads from the picture that came out last."""
    picture = peer.printed[-1]
    image = Image.new("1", (picture.width, picture.height), 1)
    for dot in picture.black:
        image.putpixel(dot, 0)
    return {found.text for found in zxingcpp.read_barcodes(image.convert("L"))}


def test_a_job_ends_with_a_sticker_that_others_can_read(tmp_path: Path) -> None:
    with Listening(Zebra()) as peer, running(tmp_path, STICKER.format(port=peer.port)) as (burnish, scu):
        uid = ordered(scu, BarcodeValue="ACC42", BarcodeSymbology="CODE128", LabelText="Ward 7")
        assert scu.wait(uid) == ("DONE", "NORMAL", 1)
        [volume] = rows(burnish, "SELECT token FROM volumes")
        assert codes_of(peer) == {"ACC42", f"{volume['token']}-1"}
        [attempt] = rows(burnish, "SELECT labels FROM attempts")
        assert json.loads(attempt["labels"]) == {"zebra": "printed"}


def test_the_labels_run_out_and_a_roll_is_put_in(tmp_path: Path) -> None:
    with Listening(Zebra()) as peer, running(tmp_path, STICKER.format(port=peer.port)) as (burnish, scu):
        peer.suffer(Trouble.EMPTY)
        uid = ordered(scu)
        eventually(lambda: (state := scu.state(uid)) != ("PENDING", "OUT_OF_SUPPLIES", 0) and state)
        [row] = rows(burnish, "SELECT condition, device FROM stations")
        assert row["condition"] == FaultKind.NO_PRINT_SUPPLIES
        peer.suffer(None)
        assert scu.wait(uid) == ("DONE", "NORMAL", 1)
        assert len(peer.printed) == 1


@pytest.mark.parametrize(("form", "begins"), [("pdf", b"%PDF"), ("png", b"\x89PNG"), ("pbm", b"P4\n")])
def test_a_job_leaves_its_label_as_a_file(tmp_path: Path, form: str, begins: bytes) -> None:
    with running(tmp_path, PAPER.format(form=form)) as (burnish, scu):
        uid = ordered(scu)
        assert scu.wait(uid) == ("DONE", "NORMAL", 1)
        [volume] = rows(burnish, "SELECT token FROM volumes")
        [label] = (tmp_path / "labels").iterdir()
        assert label.name == f"{volume['token']}-1.{form}"
        assert label.read_bytes().startswith(begins)


def test_a_label_costs_a_warm_station_little(tmp_path: Path) -> None:
    """The promise is a second a disc; what is asserted leaves room for a busy machine."""
    with running(tmp_path, PAPER.format(form="pdf")) as (burnish, scu):
        assert scu.wait(ordered(scu)) == ("DONE", "NORMAL", 1)
        assert scu.wait(ordered(scu)) == ("DONE", "NORMAL", 1)
        query = "SELECT kind, at FROM events WHERE kind IN ('piece-proven', 'piece-labelled') ORDER BY id"
        times = [row["at"] for row in rows(burnish, query)]
        assert times[3] - times[2] < 10


# --- burnish label -----------------------------------------------------------------------------------------


def burnish_label(folder: Path, *words: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "burnish.cli", "label", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=120)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_a_label_of_a_request_can_be_seen_before_and_after(tmp_path: Path) -> None:
    with running(tmp_path, PAPER.format(form="pdf")) as (_, scu):
        uid = ordered(scu)
        assert scu.wait(uid) == ("DONE", "NORMAL", 1)
        said = burnish_label(tmp_path, "preview", uid, "--out", "seen.pdf")
        assert "disc-120" in said
        [label] = (tmp_path / "labels").iterdir()
        assert (tmp_path / "seen.pdf").read_bytes() == label.read_bytes()
        assert "no volume 2" in burnish_label(
            tmp_path, "preview", uid, "--volume", "2", "--out", "x.pdf", code=2
        )
        assert "no request" in burnish_label(tmp_path, "preview", "nobody", "--out", "x.pdf", code=2)


@pytest.mark.parametrize("form", ["pdf", "png", "pbm"])
def test_the_sample_needs_no_server(tmp_path: Path, form: str) -> None:
    said = burnish_label(tmp_path, "preview", "--sample", "--style", "sticker", "--out", f"a.{form}")
    assert "100 x 50 mm" in said
    assert (tmp_path / f"a.{form}").stat().st_size > 1000


def test_wrong_calls_are_said(tmp_path: Path) -> None:
    assert "suffix" in burnish_label(tmp_path, "preview", "--sample", "--out", "a.gif", code=2)
    assert "--sample" in burnish_label(tmp_path, "preview", "--out", "a.pdf", code=2)
    unknown = burnish_label(tmp_path, "preview", "--sample", "--style", "cake", "--out", "a.pdf", code=2)
    assert "disc-120" in unknown


def test_a_style_is_copied_edited_and_used(tmp_path: Path) -> None:
    burnish_label(tmp_path, "copy", "disc-120", "styles/ours")
    assert "exists" in burnish_label(tmp_path, "copy", "disc-120", "styles/ours", code=2)
    manifest = tmp_path / "styles/ours/style.toml"
    manifest.write_text(manifest.read_text().replace('"Disc, 120 mm"', '"Our disc"'))
    (tmp_path / "burnish.toml").write_text('[label_makers.html]\nstyles = ["styles/ours"]\n')
    styles = {style["name"]: style for style in json.loads(burnish_label(tmp_path, "styles", "--json"))}
    assert styles["ours"]["title"] == "Our disc"
    assert "ours" in burnish_label(tmp_path, "preview", "--sample", "--style", "ours", "--out", "a.pdf")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    said = burnish_label(elsewhere, "styles", "--config", str(tmp_path / "burnish.toml"))
    assert "Our disc" in said


def test_a_broken_style_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "burnish.toml").write_text(
        PAPER.format(form="pdf") + '[label_makers.html]\nstyles = ["styles/none"]\n'
    )
    command = [sys.executable, "-m", "burnish.cli", "config", "check"]
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert "style.toml" in done.stderr
    assert time.monotonic() - start < 60
