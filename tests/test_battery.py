"""The battery: 148 cases by number, of which the network judges some at any SCP.

`pytest tests/test_battery.py --scp AE@HOST:PORT` has them judge another SCP than ours.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from burnish.battery.peer import Address
from burnish.battery.report import as_json, as_junit, as_text, ranges
from burnish.battery.running import Outcome, Result, run
from burnish.battery.table import CASES
from burnish.battery.trial import JUDGES, MAKING
from burnish.cli.address import parse_address
from junitparser import JUnitXml

from tests.lab import FILE_WRITER, Installation, serving
from tests.numbering import judges_of

STICK = '[writers.stick]\ndriver = "file"\npath = "out"\nmedia = ["USB"]\n'
"""So that profiles which share no medium are both supported."""

NAIVE = {
    Outcome.FAILED: {
        1: "it keeps no sequences",
        4: "it looks at nothing",
        6: "it looks at nothing",
        8: "it overwrites what is there",
        9: "it overwrites what is there",
        11: "it looks at nothing",
        31: "it says nothing of file-sets",
        38: "every action but 2 starts",
        39: "it starts again",
        43: "it looks at no class",
        51: "it deletes what is DONE",
        61: "it keeps no sequences",
        62: "it never warns",
        63: "it never warns",
        64: "it keeps no sequences",
        67: "it drops the character set",
        70: "the library aborts where there is no handler",
        71: "it makes media of nothing",
        72: "it ignores the profile",
        74: "it ignores the class",
        75: "it ignores class and profile",
        77: "it ignores profiles",
        79: "it does not compare references",
    },
    Outcome.DIFFERS: {
        5: "it looks at nothing",
        7: "it looks at nothing",
        21: "it looks at nothing",
        30: "it says nothing of file-sets",
        32: "any number of copies is fine",
        33: "any priority is fine",
        36: "any priority is fine",
        40: "it has no lock",
    },
    Outcome.UNJUDGED: {52: "nothing ever fails there"},
}
"""What the battery finds in `stock_scp.py`, and why."""


@pytest.fixture(scope="module")
def address(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Address, bool]]:
    """The SCP that is judged, and whether it is ours."""
    if scp := request.config.getoption("--scp"):
        called, host, port = parse_address(scp)
        yield Address(host, port, called, "BURNISH_CHECK", 60), False
        return
    with serving(tmp_path_factory.mktemp("judged"), FILE_WRITER + STICK) as burnish:
        yield Address("127.0.0.1", burnish.port, "BURNISH", "BURNISH_CHECK", 60), True


@pytest.mark.parametrize("number", sorted(JUDGES), ids=[f"case_{number:03}" for number in sorted(JUDGES)])
def test_over_the_network(number: int, address: tuple[Address, bool]) -> None:
    """Ours passes; another one does not fail, and may differ where the standard is silent."""
    where, ours = address
    [result] = run(where, "STD-GEN-CD", [number], media=True)
    if ours:
        assert result.outcome is Outcome.PASSED, result.said
    assert result.outcome is not Outcome.FAILED, result.said


def test_every_number_is_judged_or_open() -> None:
    """By a case over the network, or by a test that has the number in its name; what is open has neither."""
    assert sorted(CASES) == list(range(1, 149))
    judged = set(JUDGES) | {number for number in judges_of() if number in CASES}
    waiting = {number for number, case in CASES.items() if case.waits_for}
    assert ranges(sorted(set(CASES) - judged)) == ranges(sorted(waiting))
    assert set(judges_of()) - set(CASES) == set()
    assert set(JUDGES) >= MAKING


def test_a_naive_scp_fails_where_it_should(naive: str) -> None:
    """What 57 lines on stock handlers do not do is found, nothing else is, and no case ends the run."""
    called, host, port = parse_address(naive)
    address = Address(host, port, called, "BURNISH_CHECK", 5)
    results = list(run(address, "STD-GEN-CD", media=True))
    assert len(results) == len(CASES)
    for outcome, expected in NAIVE.items():
        found = {one.number: one.said for one in results if one.outcome is outcome}
        assert found.keys() == expected.keys(), found
    assert all(one.said for one in results if one.outcome in NAIVE)


@pytest.fixture
def naive() -> Iterator[str]:
    """An SCP on stock handlers."""
    script = Path(__file__).with_name("stock_scp.py")
    assert len(script.read_text().splitlines()) <= 60
    process = subprocess.Popen(
        [sys.executable, script, "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout
    yield f"STOCKSCP@127.0.0.1:{process.stdout.readline().strip()}"
    process.kill()
    process.communicate()


def check_scp(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "burnish.cli", "check-scp", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_reports_by_number_to_people_and_machines(naive: str, tmp_path: Path) -> None:
    """Without --media nothing is made; a difference fails only where that is asked for."""
    done = check_scp(naive, "--only", "1-4, 51,141", "--junit", str(tmp_path / "junit.xml"))
    assert done.returncode == 1
    assert "   1  failed    S    a minimal N-CREATE" in done.stdout
    assert "  51  skipped " in done.stdout
    assert "open: 141, waits for a listener that writes audit messages" in done.stdout
    suite = JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    assert (suite.tests, suite.failures, suite.skipped) == (6, 2, 2)
    assert check_scp(naive, "--only", "7").returncode == 0
    strict = check_scp(naive, "--only", "7", "--strict", "--json")
    assert strict.returncode == 1
    [case] = json.loads(strict.stdout)["cases"]
    assert (case["number"], case["outcome"]) == (7, "differs")
    assert case["said"] == "N-CREATE: 0000H, burnish has 0106H"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["127.0.0.1:104"], "is not AE@HOST:PORT"),
        (["X@127.0.0.1:104", "--only", "1-x"], "is no number and no range"),
        (["X@127.0.0.1:104", "--only", "140-149"], "there is no case 149"),
        (["X@127.0.0.1:104", "--timeout", "soon"], "--timeout 'soon'"),
        (["X@127.0.0.1:1"], "let no association be established"),
    ],
)
def test_a_wrong_call_says_what_to_change(words: list[str], said: str) -> None:
    done = check_scp(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_reports_keep_what_is_said_as_text() -> None:
    said = Result(1, Outcome.FAILED, 'a <b> & "c"')
    root = ElementTree.fromstring(as_junit([said], 'x"<'))
    [failure] = root.iter("failure")
    assert failure.get("message") == said.said
    assert json.loads(as_json([said]))["cases"][0]["said"] == said.said
    assert said.said in as_text([said])


def test_what_leaves_an_scp_unable_to_answer_is_one_case_each(address: tuple[Address, bool]) -> None:
    """A peer that closes every association does not end the run."""
    where = address[0]
    gone = Address(where.host, 1, where.called, where.calling, 1)
    results = list(run(gone, "STD-GEN-CD", [1, 2, 3]))
    assert [one.outcome for one in results] == [Outcome.FAILED] * 3
    assert all("association" in one.said for one in results)


def test_a_case_leaves_no_request_behind(tmp_path: Path) -> None:
    """What could be cancelled is gone from the queue."""
    with serving(tmp_path) as burnish:
        where = Address("127.0.0.1", burnish.port, "BURNISH", "BURNISH_CHECK", 30)
        assert [one.outcome for one in run(where, "STD-GEN-CD", [1, 3, 8, 11])] == [Outcome.PASSED] * 4
        assert idle_of(burnish) == 0


def idle_of(burnish: Installation) -> int:
    command = [sys.executable, "-m", "burnish.cli", "requests", "--status", "IDLE", "--json"]
    done = subprocess.run([*command, "--config", burnish.config], capture_output=True, check=True)
    return len(json.loads(done.stdout))
