"""A stranger with wheels, an empty folder and plugins/README.md: a driver that works, outside of this house.

It needs a package index, for what burnish itself needs; `tests/run --all stranger` runs it.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab import ct

HOUSE = Path(__file__).parent.parent
README = (HOUSE / "plugins/README.md").read_text()
OURS = ("core", "profiles", "plugins/format_udf", "plugins/format_iso9660")
PATIENCE = 400
"""Seconds that pip may take to fetch what is not cached."""


class Desk:
    """An empty folder with a Python of its own, in which commands are typed as the page has them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if name in ("HOME", "LANG", "TMPDIR")}
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        path = f"{folder}/venv/bin:{os.defpath}"
        self.environment = {**kept, **pip, "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, timeout=PATIENCE)

    def type(self, command: str, within: str = ".") -> str:
        """Type a command; what it printed."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder / within,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def running(self, command: str) -> Iterator[str]:
        """A command in a terminal of its own; the first line that it printed."""
        with (self.folder / "terminal.log").open("a") as log:
            terminal = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        with terminal:
            assert terminal.stdout
            try:
                yield terminal.stdout.readline().strip()
            finally:
                terminal.terminate()
                terminal.wait(60)


def command_of(beginning: str) -> str:
    """The one line of the page's commands that begins so."""
    [line] = re.findall(rf"(?m)^    ({re.escape(beginning)}.*)$", README)
    return str(line)


def write_the_page(folder: Path) -> None:
    """Write each file that the page shows."""
    for name, text in re.findall(r"(?s)\n`([\w./]+)`:\n\n```\w+\n(.*?)```", README):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_stranger_makes_a_disc(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    write_the_page(tmp_path / "writer_stamp")
    wheel = "pip wheel -q --no-deps -w {wheels} ."
    assert "`pip wheel --no-deps -w wheels .`" in README
    for ours in OURS:
        desk.type(f"cd {HOUSE / ours} && {wheel.format(wheels=tmp_path / 'wheels')}")
    desk.type(wheel.format(wheels="../wheels"), "writer_stamp")

    desk.type(command_of("pip install --find-links"))
    assert re.search(r"\d\d passed", desk.type(command_of("pip install -e ."), "writer_stamp"))
    assert re.search(
        r"\d\d passed", desk.type("burnish plugin new writer press && cd writer_press && pytest")
    )

    (tmp_path / "study").mkdir()
    for number, ds in enumerate(ct(2)):
        ds.save_as(tmp_path / "study" / f"{number}.dcm", enforce_file_format=True)
    [table] = re.findall(r"(?s)```toml\n(plugins = .*?)```", README)
    with desk.running("python -m burnish_writer_stamp.simulator") as port:
        (tmp_path / "burnish.toml").write_text(table.replace("/dev/pts/7", port))
        desk.environment["BURNISH_SERVER__PORT"] = "0"
        assert desk.type("burnish config check") == "ok\n"
        with desk.running("burnish serve") as ready:
            scu = command_of("burnish scu make").replace(
                "BURNISH@127.0.0.1:11112", ready.removeprefix("ready ")
            )
            assert "DONE NORMAL, 2 made" in desk.type(scu)
            assert "stamp press" in desk.type("burnish stations")
