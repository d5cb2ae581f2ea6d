"""Several stations: what an operator says to them, where pieces go that one cannot make, and what is finished
when a server ends."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from burnish.cli.stations import drain, resume
from burnish.testing.scripted import read_log, write_script
from pydicom.uid import generate_uid

from tests.conftest import scripted
from tests.lab import Installation, Scu, ct, request
from tests.robustness.evidence import attempts_of, check_ledger, eventually, pieces_of, rows

DONE = ("DONE", "NORMAL", 1)
TWO = "".join(
    f'[writers.{name}]\ndriver = "scripted"\npath = "{name}"\nhold_retry = "0.1s"\n'
    for name in ("left", "right")
)


class House:
    """A server with two stations."""

    def __init__(self, burnish: Installation) -> None:
        self.burnish = burnish
        self.slices = ct(2)
        for name in ("left", "right"):
            self.folder(name).mkdir(exist_ok=True)

    def up(self) -> None:
        """Start the server."""
        self.burnish.start()
        self.scu = Scu(self.burnish.port)
        assert set(self.scu.store(*self.slices)) == {0}

    def folder(self, station: str) -> Path:
        """Where a station's writer is steered."""
        return self.burnish.folder / station

    def start(self, name: str, copies: int = 1) -> str:
        """A request that was started; its File-set ID is `name`."""
        uid = str(generate_uid())
        assert self.scu.create(request(self.slices, StorageMediaFileSetID=name), uid) == 0
        assert self.scu.initiate(uid, NumberOfCopies=copies) == 0
        return uid

    def says(self, *words: str) -> str:
        """What `burnish stations …` prints."""
        command = [sys.executable, "-m", "burnish.cli", "stations", *words]
        command += ["--config", str(self.burnish.config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stations(self) -> dict[str, dict[str, Any]]:
        """Their rows, by name."""
        return {row["name"]: row for row in rows(self.burnish, "SELECT * FROM stations")}

    @contextmanager
    def held(self, *stations: str, name: str = "hold-middle") -> Iterator[None]:
        """Writers wait."""
        for station in stations:
            (self.folder(station) / name).touch()
        try:
            yield
        finally:
            for station in stations:
                (self.folder(station) / name).unlink()

    def at(self, name: str) -> str:
        """Which station writes a medium, as soon as it is half way."""
        found: list[str] = []

        def look() -> str:
            found[:] = [station for station in ("left", "right") if self.writes(station, name)]
            begun = bool(found) and any(self.folder(found[0]).glob(".*.part"))
            return "" if begun else "nobody writes it yet"

        eventually(look)
        return found[0]

    def writes(self, station: str, name: str) -> int:
        """How often a station was told to write a medium."""
        log = read_log(self.folder(station))
        return sum(line["op"] == "write" and line["job"]["file_set_id"] == name for line in log)

    def outcomes(self, uid: str) -> list[tuple[str, str, str | None]]:
        """Where attempts were made that have ended, and how."""
        tries = attempts_of(self.burnish, uid)
        return [(row["station"], row["outcome"], row["fault"]) for row in tries if row["outcome"]]

    def await_state(self, uid: str, *wanted: Any) -> None:
        """Wait until an SCU reads this."""
        eventually(lambda: (state := self.scu.state(uid)) != wanted and state)


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One server for all; its books are right at the end."""
    one = House(scripted(tmp_path_factory.mktemp("stations"), TWO))
    one.up()
    yield one
    one.burnish.stop()
    check_ledger(one.burnish)


@pytest.fixture
def house(building: House) -> Iterator[House]:
    """Both stations are in service again at the end."""
    yield building
    for name in ("left", "right"):
        write_script(building.folder(name), [])
        resume(building.burnish.config, name)


def other(station: str) -> str:
    """The second of two."""
    return {"left": "right", "right": "left"}[station]


def test_an_operator_stops_a_station_and_puts_it_back(house: House) -> None:
    """Drained and quarantined ones take nothing, over a restart too; what they finish is finished."""
    config = house.burnish.config
    with house.held("left", "right"):
        first = house.start("FIRST")
        here = house.at("FIRST")
        there = other(here)
        assert house.says("quarantine", there, "--reason", "smells") == f"{there}: quarantined\n"
        drain(config, here)
        told = {station["name"]: station for station in json.loads(house.says("--json"))}
        assert (told[here]["state"], len(told[here]["working_on"])) == ("draining", 1)
        assert (told[there]["reason"], told[there]["working_on"]) == ("smells", [])
        second = house.start("SECOND")
        house.await_state(second, "PENDING", "CHECK_MCD_OP", 0)
    assert house.scu.wait(first) == DONE
    house.burnish.stop()
    house.up()
    states = {name: row["state"] for name, row in house.stations().items()}
    assert states == {here: "draining", there: "quarantined"}
    resume(config, there)
    assert house.scu.wait(second) == DONE
    assert house.writes(here, "SECOND") == 0


def test_a_name_that_is_none(house: House) -> None:
    """Exit 1, with the names there are."""
    command = [sys.executable, "-m", "burnish.cli", "stations", "drain", "middle", "--config"]
    done = subprocess.run([*command, str(house.burnish.config)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "burnish: no station 'middle'; there are left, right\n"


def test_what_one_drive_cannot_make_another_does(house: House) -> None:
    """PENDING/CHECK_MCD_SRV while the other one is busy; the broken one takes nothing more."""
    with house.held("left", "right"):
        house.start("GOOD")
        good = house.at("GOOD")
        write_script(house.folder(other(good)), [{"fault": "DRIVE_FAULT"}])
        second = house.start("BAD")
        house.await_state(second, "PENDING", "CHECK_MCD_SRV", 0)
        assert house.stations()[other(good)]["state"] == "quarantined"
    assert house.scu.wait(second) == DONE
    tries = [(row["station"], row["outcome"]) for row in attempts_of(house.burnish, second)]
    assert tries == [(other(good), "returned"), (good, "delivered")]


def test_a_request_fails_when_the_last_of_its_pieces_has_ended(house: House) -> None:
    """What SCUs read beside FAILURE is the whole truth: the copy that another station was making counts."""
    write_script(house.folder("right"), [{"fault": "BAD_REQUEST"}])
    with house.held("left"):
        with house.held("right", name="hold-write"):
            uid = house.start("COPIES", copies=2)
            for station in ("left", "right"):
                eventually(lambda name=station: house.writes(name, "COPIES") != 1 and "not begun")  # type: ignore[misc]
        eventually(lambda: len(house.outcomes(uid)) < 1 and "nothing has ended")
        assert house.outcomes(uid) == [("right", "returned", "BAD_REQUEST")]
        assert house.scu.state(uid) == ("CREATING", "NORMAL", 0)
    assert house.scu.wait(uid) == ("FAILURE", "PROC_FAILURE", 1)
    assert sorted(piece["state"] for piece in pieces_of(house.burnish, uid)) == ["cancelled", "delivered"]


# --- the end of a server ----------------------------------------------------------------------------------


def test_a_first_signal_lets_the_disc_be_finished(house: House) -> None:
    """What waits is not begun; the next server makes it."""
    with house.held("left", "right"):
        uid = house.start("LAST", copies=1)
        here = house.at("LAST")
        assert house.burnish.process
        house.burnish.process.send_signal(signal.SIGTERM)
        eventually(lambda: "reception" in house.burnish.processes().values() and "it still receives")
        assert house.burnish.process.poll() is None
        [piece] = pieces_of(house.burnish, uid)
        assert piece["state"] == "intent"
    assert house.burnish.process.wait(30) == 0
    [piece] = pieces_of(house.burnish, uid)
    assert piece["state"] == "delivered"
    eventually(house.burnish.processes)
    house.burnish.stop()
    house.up()
    assert house.scu.state(uid) == DONE
    assert house.writes(here, "LAST") == 1


def test_a_second_signal_does_not_wait_and_the_next_server_adopts(house: House) -> None:
    """The disc goes on without a server, and is made once."""
    with house.held("left", "right"):
        uid = house.start("ADOPTED")
        here = house.at("ADOPTED")
        assert house.burnish.process
        house.burnish.process.send_signal(signal.SIGTERM)
        eventually(lambda: "reception" in house.burnish.processes().values() and "it still receives")
        house.burnish.process.send_signal(signal.SIGTERM)
        assert house.burnish.process.wait(20) == 0
        assert set(house.burnish.processes().values()) >= {"feeder", "driver"}
        house.burnish.stop()
        house.up()
        assert house.scu.state(uid) == ("CREATING", "NORMAL", 0)
    assert house.scu.wait(uid) == DONE
    assert house.writes(here, "ADOPTED") == 1
