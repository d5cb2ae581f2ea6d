"""The documents: they build without a warning, links lead somewhere, and every example does what it shows.

An example is a fenced block. `console`: commands after `$ `, and what they print, `…` for what varies; one
that ends in `&` runs on. `toml` and `python` with a title become files of that name; `toml` without one is a
configuration. What fails shows what it says on standard error too.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import typer.main
from burnish import hookspecs
from burnish.cli.app import app
from burnish.config import Config, check_plugins, load_config
from burnish.dicom.answers import ANSWERS
from burnish.errors import FaultKind
from burnish.events import EventKind
from burnish.registry import Registry
from burnish.terms import FailureReason, StatusInfo

from tests.lab import Installation
from tests.test_documents import model_keys

HOUSE = Path(__file__).parent.parent
PAGES = sorted((HOUSE / "docs" / "pages").rglob("*.md"))
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VNU = HOUSE / "tests/browsers/node_modules/vnu-jar/build/dist/vnu.jar"
PORT = "11112"
"""As pages write it; a free one takes its place."""
BIN = Path(sys.executable).parent


# --- examples -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    title: str
    text: str


def blocks_of(page: Path) -> list[Block]:
    return [Block(*match.groups(default="")) for match in BLOCK.finditer(page.read_text("utf-8"))]


def commands_of(text: str) -> Iterator[tuple[str, str]]:
    """Commands of a console, each with what it is to print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


class Desk:
    """A shell in a folder of its own, and what runs on in it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, str(port)
        self.running: list[subprocess.Popen[str]] = []
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("BURNISH_")},
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "BURNISH_SERVER__PORT": self.port,
            "COLUMNS": "200",
        }

    def follow(self, block: Block) -> None:
        """Do what a block shows."""
        text = block.text.replace(PORT, self.port)
        if block.language == "console":
            for command, output in commands_of(text):
                self.type(command, output)
        elif block.title:
            (self.folder / block.title).write_text(text)
        elif block.language == "toml":
            self.configure(text)

    def type(self, command: str, expected: str) -> None:
        if command.endswith("&"):
            said = self.start(command.removesuffix("&"))
        else:
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=150,
            )
            said = done.stdout if done.returncode == 0 else done.stdout + done.stderr
        assert re.fullmatch(pattern_of(expected), said.strip(), re.DOTALL), f"$ {command}\n{said}"

    def start(self, command: str) -> str:
        """Run on; what it said first."""
        with (self.folder / "running.log").open("w") as log:
            process = subprocess.Popen(
                command.split(),
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self.running.append(process)
        assert process.stdout
        return process.stdout.readline()

    def configure(self, text: str) -> None:
        """It is a configuration, whole or in part."""
        path = self.folder / "example.toml"
        path.write_text(text)
        check_plugins(load_config(path))

    def close(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def pattern_of(expected: str) -> str:
    """What is shown, as a pattern: `…` is anything."""
    return ".*".join(re.escape(part) for part in expected.strip().split("…"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOUSE / "docs" / "pages")))
@pytest.mark.timeout(300)
def test_the_examples_of_a_page_do_what_they_show(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("BURNISH_")]:
        monkeypatch.delenv(name)
    desk = Desk(tmp_path, free_port())
    try:
        for block in blocks_of(page):
            desk.follow(block)
    finally:
        desk.close()


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_examples_are_seen_and_can_fail(tmp_path: Path) -> None:
    assert sum(len(blocks_of(page)) for page in PAGES) >= 30
    desk = Desk(tmp_path, 1)
    desk.follow(Block("console", "", "$ echo one two\none …\n"))
    with pytest.raises(AssertionError):
        desk.follow(Block("console", "", "$ echo one two\none three\n"))
    with pytest.raises(Exception, match="no such key"):
        desk.follow(Block("toml", "", "[server]\nprot = 1\n"))


# --- the site -----------------------------------------------------------------------------------------------


class Links(HTMLParser):
    """What a page links to, loads, and can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.anchors.add(str(given["id"]))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag in ("script", "img", "iframe") and given.get("src"):
            self.loads.append(str(given["src"]))
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preconnect", "preload"):
            self.loads.append(str(given.get("href")))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built, without a word."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "--site-dir", folder],
        cwd=HOUSE,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Links]:
    found = {str(path.relative_to(site)): Links(path.read_text("utf-8")) for path in site.rglob("*.html")}
    assert len(found) > 40
    return found


def test_every_link_and_anchor_leads_somewhere(site: Path, pages: dict[str, Links]) -> None:
    lost = []
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or name == "404.html":
                continue
            target = (site / name).parent / unquote(parts.path) if parts.path else site / name
            target = target / "index.html" if target.is_dir() else target
            known = pages.get(str(target.resolve().relative_to(site.resolve())))
            if known is None or (parts.fragment and unquote(parts.fragment) not in known.anchors):
                lost.append((name, link))
    assert lost == []


def test_three_doors_are_one_click_from_the_front_page(pages: dict[str, Links]) -> None:
    front = pages["index.html"].links
    for door, says in (
        ("how-to/add-a-driver.html", "Writing a plugin"),
        ("how-to/choose-plugins.html", "Choose plugins"),
        ("how-to/connect-an-scu.html", "Connect an SCU"),
    ):
        assert door in front
        assert says in "".join(pages[door].text)


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[str, Links]) -> None:
    """It works without a network: no font, script, style or picture of another host."""
    assert [(name, load) for name, page in pages.items() for load in page.loads if "//" in load] == []
    styles = "".join(path.read_text("utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"url\([\"']?(?:https?:)?//[^)]*\)|@import[^;]*//[^;]*", styles) == []


THEMES_OWN = ("Attribute “autocomplete” is only allowed", "Bad value “” for attribute “tabindex”")
"""What vnu finds in every page of the theme, and what is not ours to mend."""


@pytest.mark.judge("java")
def test_the_pages_are_html(site: Path, tmp_path: Path) -> None:
    """By vnu: nothing but what the theme has; in the conformance statement, which is all ours, nothing."""
    chosen = [
        "index.html",
        "how-to/connect-an-scu.html",
        "reference/configuration.html",
        "reference/faults.html",
    ]
    found = faults_of([site / name for name in chosen])
    assert [one for one in found if not any(known in one for known in THEMES_OWN)] == []
    assert found, "the judge sees nothing at all"
    statement = tmp_path / "statement.html"
    command = [sys.executable, "-m", "burnish.cli", "conformance", "--format", "html", "--out", statement]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert faults_of([statement]) == []


def faults_of(paths: list[Path]) -> list[str]:
    """What vnu says, a line each."""
    done = subprocess.run(
        ["java", "-jar", VNU, "--errors-only", *paths], capture_output=True, text=True, check=False
    )
    return done.stderr.splitlines()


def test_the_reference_has_everything(pages: dict[str, Links]) -> None:
    said = {
        name.removeprefix("reference/").removesuffix(".html"): "".join(page.text)
        for name, page in pages.items()
        if name.startswith("reference/")
    }
    keys = {key.rpartition(".")[2] for key in model_keys(Config)}
    wanted = {
        "hooks": [name for name in vars(hookspecs) if name.startswith("burnish_")],
        "configuration": sorted(keys),
        "commands": list(commands()),
        "statuses": [
            *(f"{status:04X}H" for answers in ANSWERS.values() for status in answers),
            *(info.value for info in StatusInfo),
            *(reason.name for reason in FailureReason),
        ],
        "faults": [kind.value for kind in FaultKind],
        "events": [kind.value for kind in EventKind],
        "profiles": list(Registry.load(["profiles"]).profiles),
    }
    absent = {page: [word for word in words if word not in said[page]] for page, words in wanted.items()}
    assert absent == {page: [] for page in wanted}


def commands(group: object = None, above: str = "burnish") -> Iterator[str]:
    """Every command, whole."""
    for name, command in getattr(group or typer.main.get_command(app), "commands", {}).items():
        yield f"{above} {name}"
        yield from commands(command, f"{above} {name}")


def test_configurations_of_pages_are_of_this_server(tmp_path: Path) -> None:
    """The harness checks keys: what it takes for a configuration is one."""
    Installation(tmp_path)
    Desk(tmp_path, 1).configure("[queue]\nlength = 3\n")
