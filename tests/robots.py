"""An installation whose robot serves drives on a floor that is a folder, and what must hold of its discs."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from burnish.testing.floor import Floor
from burnish.testing.scripted import write_script
from pydicom.uid import generate_uid

from tests.lab import Installation, Scu, ct, request
from tests.robustness.evidence import check_ledger, eventually, pieces_of, rows


def tower(folder: Path, drives: int = 1, *, blanks: int = 6, rate: int = 0, queue: str = "") -> Installation:
    """An installation with a robot that serves some drives; its floor lies in `floor`."""
    folder.mkdir(exist_ok=True)
    Floor.furnish(folder / "floor", blanks, drives)
    paced = f"\nrate = {rate}" if rate else ""
    writers = "".join(
        f'[writers.d{n}]\ndriver = "floor-drive"\npath = "floor"\nnumber = {n}\nhold_retry = "0.2s"{paced}\n'
        for n in range(drives)
    )
    names = [f"d{number}" for number in range(drives)]
    text = (
        f"[queue]\n{queue or 'retries_per_piece = 2'}\n{writers}"
        f'[movers.arm]\ndriver = "floor-arm"\npath = "floor"\ndrives = {drives}\n'
        f'[stations.tower]\nwriters = {json.dumps(names)}\nmover = "arm"\n'
    )
    burnish = Installation(folder, text)
    plugins = 'plugins = ["profiles", "format-iso9660", "floor"]\n'
    burnish.config.write_text(plugins + burnish.config.read_text("utf-8"), "utf-8")
    return burnish


class Shop:
    """A running tower, its floor, and a stock SCU."""

    def __init__(self, burnish: Installation) -> None:
        self.burnish = burnish
        self.floor = Floor(burnish.folder / "floor")
        self.scu = Scu(burnish.port)

    def start(self, copies: int = 1) -> str:
        """A request that was started."""
        slices = ct(2)
        assert set(self.scu.store(*slices)) == {0}
        uid = str(generate_uid())
        assert self.scu.create(request(slices), uid) == 0
        assert self.scu.initiate(uid, NumberOfCopies=copies) == 0
        return uid

    def script(self, *actions: dict[str, Any]) -> None:
        """What the next discs suffer."""
        write_script(self.floor.folder, actions)

    @contextmanager
    def lasting(self, name: str, text: str) -> Iterator[None]:
        """Something lasts: a file of the floor is there."""
        (self.floor.folder / name).write_text(text)
        try:
            yield
        finally:
            (self.floor.folder / name).unlink()

    def await_state(self, uid: str, *wanted: str) -> None:
        """Wait until an SCU reads this."""
        eventually(lambda: (state := self.scu.state(uid)[:2]) != wanted and state, 30)

    def await_piece(self, uid: str, state: str) -> None:
        """Wait until its one piece is in a state."""
        eventually(lambda: [p["state"] for p in pieces_of(self.burnish, uid)] != [state] and state)

    def places(self) -> dict[str, int]:
        """How many discs lie where."""
        names = ("input", "arm", "output", "rejected")
        return {name: len(self.floor.discs(name)) for name in names}

    def stations(self) -> list[dict[str, Any]]:
        """What `burnish stations --json` prints."""
        return json.loads(self.command("stations", "--json"))  # type: ignore[no-any-return]

    def command(self, *words: str) -> str:
        """Run one."""
        command = [sys.executable, "-m", "burnish.cli", *words, "--config", str(self.burnish.config)]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def try_command(self, *words: str) -> str:
        """Run one that may be refused."""
        try:
            return self.command(*words)
        except subprocess.CalledProcessError as error:
            return str(error.stderr)

    def check(self) -> None:
        """No disc was lost, no blank is written, and what lies in the output bin is what was delivered."""
        check_floor(self.burnish, self.floor)
        check_ledger(self.burnish)


def check_floor(burnish: Installation, floor: Floor) -> None:
    """What the ledger says is what lies there.

    A disc may lie in the output bin that the ledger calls spoilt only where its process died between the
    robot's motion and the entry: then its attempt says that the disc had left the device.
    """
    assert all(disc.stat().st_size == 0 for disc in floor.discs("input")), "a spoilt disc among the blanks"
    query = (
        "SELECT v.length, count(*) AS pieces FROM pieces p JOIN volumes v ON p.volume = v.id"
        " WHERE p.state = 'delivered' GROUP BY v.length"
    )
    delivered = Counter({row["length"]: row["pieces"] for row in rows(burnish, query)})
    query = (
        "SELECT v.length FROM attempts a JOIN pieces p ON a.piece = p.id JOIN volumes v ON p.volume = v.id"
        " WHERE a.outcome = 'spoilt' AND a.message LIKE '%not in the device any more%'"
    )
    gone = Counter(row["length"] for row in rows(burnish, query))
    lying = Counter(disc.stat().st_size for disc in floor.discs("output"))
    assert delivered <= lying <= delivered + gone, (delivered, lying, gone)
    assert all(disc.stat().st_mode & 0o777 == 0o444 for disc in floor.discs("output"))


@contextmanager
def working(burnish: Installation) -> Iterator[Shop]:
    """Start it, stop it, and check all that must always hold."""
    burnish.start()
    shop = Shop(burnish)
    try:
        yield shop
    finally:
        burnish.stop()
    shop.check()
