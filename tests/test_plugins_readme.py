"""plugins/README.md, followed: its files are written, its tests run, and a server makes discs with it."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from burnish.contracts import Writer
from burnish.errors import FaultKind
from burnish.production.faults import POLICIES, Action, Next

from tests.lab import Installation, Scu, ct

HOUSE = Path(__file__).parent.parent
TOOLS = Path(sys.executable).parent
README = (HOUSE / "plugins/README.md").read_text()
FILES = dict(re.findall(r"(?s)\n`([\w./]+)`:\n\n```\w+\n(.*?)```", README))
"""By path, every file that the page writes."""


@pytest.fixture(scope="module")
def stamp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution that the page writes."""
    folder = tmp_path_factory.mktemp("readme") / "writer_stamp"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def environment(stamp: Path) -> dict[str, str]:
    """Where it is installed: its metadata lies beside its source, as pip leaves it."""
    project = tomllib.loads((stamp / "pyproject.toml").read_text())["project"]
    about = stamp / "src" / "burnish_writer_stamp-0.1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n")
    points = "".join(f"{name} = {module}\n" for name, module in project["entry-points"]["burnish"].items())
    (about / "entry_points.txt").write_text(f"[burnish]\n{points}")
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("BURNISH_", "PYTEST_"))}
    return {**bare, "PYTHONPATH": str(stamp / "src")}


def run(folder: Path, environment: dict[str, str], *command: str) -> str:
    """Run one of the page's commands; what it printed."""
    done = subprocess.run(
        [TOOLS / command[0], *command[1:]],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_tests_are_green(stamp: Path, environment: dict[str, str]) -> None:
    told = run(stamp, environment, "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    assert re.search(r"\d\d passed", told)
    assert "failed" not in told


def test_its_code_is_clean(stamp: Path, environment: dict[str, str]) -> None:
    """As strict as it can be without the annotations that the page leaves out."""
    rules = "B,C4,E,F,PERF,PIE,RET,RUF,SIM,UP,W"
    options = ["--isolated", "--no-cache", "--line-length", "110"]
    run(stamp, environment, "ruff", "check", *options, "--select", rules, ".")
    run(stamp, environment, "ruff", "format", *options, "--check", ".")


@contextmanager
def press(environment: dict[str, str]) -> Iterator[str]:
    """A simulated press in a process of its own; its port."""
    command = [sys.executable, "-m", "burnish_writer_stamp.simulator"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        try:
            yield running.stdout.readline().strip()
        finally:
            running.kill()


def test_a_server_makes_discs_with_it(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the page's own configuration; copies in the tray of the press, and none in its bin."""
    [table] = [block for block in re.findall(r"(?s)```toml\n(.*?)```", README) if 'driver = "stamp"' in block]
    monkeypatch.setenv("PYTHONPATH", environment["PYTHONPATH"])
    with press(environment) as port:
        burnish = Installation(tmp_path)
        plugins, writer = table.split("\n\n")
        burnish.config.write_text(
            f"{plugins}\n\n[server]\nport = 0\n\n{writer.replace('/dev/pts/7', port)}", "utf-8"
        )
        assert run(tmp_path, environment, "burnish", "config", "check").strip() == "ok"
        assert "writer stamp" in run(tmp_path, environment, "burnish", "plugins")
        assert "driver stamp" in run(tmp_path, environment, "burnish", "doctor")
        burnish.start()
        try:
            scu, slices = Scu(burnish.port), ct(2)
            assert scu.store(*slices) == [0, 0]
            uid, state = scu.make(slices, NumberOfCopies=2)
            assert state == ("DONE", "NORMAL", 2), uid
            told = run(tmp_path, environment, "burnish", "stations")
            assert f"stamp press at {port}" in told
            assert "hopper" in told
        finally:
            burnish.stop()
        assert burnish.processes() == {}


def rows(title: str) -> list[list[str]]:
    """The cells of the table whose head begins so."""
    table = README.partition(f"| {title} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


PIECE = {
    Action.HOLD: "waits",
    Action.NEXT_MEDIUM: "takes another medium",
    Action.REROUTE: "goes to another station",
    Action.FAIL: "fails the request",
}
STATION = {
    Next.GO_ON: "goes on",
    Next.WAIT: "asks again",
    Next.BACK_OFF: "asks ever more seldom",
    Next.QUARANTINE: "out of service",
}


def test_its_table_of_faults_is_the_policy() -> None:
    told = {kind.strip("`"): (piece, station) for kind, _, piece, station in rows("kind")}
    policy = {str(kind): (PIECE[row.action], STATION[row.station]) for kind, row in POLICIES.items()}
    assert told == policy
    assert set(told) == {str(kind) for kind in FaultKind}


def test_its_table_of_calls_is_the_contract() -> None:
    """Every method of a writer stands in it once."""
    calls = [name for call, *_ in rows("call") for name in re.findall(r"`(\w+)`", call)]
    contract = {
        name for name in vars(Writer) if not name.startswith("_") or name in ("__enter__", "__exit__")
    }
    assert sorted(calls) == sorted(contract)


def test_its_table_of_roles_is_what_there_is() -> None:
    for _, hook, contract, kit in rows("role"):
        for named in re.findall(
            r"`(burnish[\w.]+)`", f"`burnish.hookspecs.{hook.strip('`')}`{contract}{kit}"
        ):
            module, _, name = named.rpartition(".")
            if module:
                assert hasattr(__import__(module, fromlist=[name]), name), named
