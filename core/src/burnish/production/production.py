"""The production process: a planner, the stations and their overseer, woken by reception or by the clock."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select

from burnish.database.tables import volumes
from burnish.fileset.compose import Kit
from burnish.labels.settings import LabelSettings
from burnish.media import MediaKind
from burnish.production import roster
from burnish.production.leftovers import is_worked_on, mark_unknown, strangers
from burnish.production.overseer import Overseer
from burnish.production.pair import Bench
from burnish.production.planner import Planner
from burnish.production.stations import Station

_STOP_SECONDS = 10.0


class Production:
    """Everything that makes media on this host."""

    def __init__(
        self, bench: Bench, kit: Kit, stations: Sequence[Station], labels: LabelSettings | None = None
    ) -> None:
        self._bench = bench
        self._stations = stations
        makeable = _makeable(stations)
        self._planner = Planner(
            bench.database, bench.data, replace(kit, makeable=makeable), self._wake_stations, labels
        )
        self._overseer = Overseer(bench.database, bench.limits)

    def start(self) -> None:
        """Sweep and settle what a former server left, then work."""
        (self._bench.data / "plans").mkdir(exist_ok=True)
        (self._bench.data / "logs").mkdir(exist_ok=True)
        self._sweep_plans()
        self._call_the_roll()
        self._settle_strangers()
        for station in self._stations:
            station.start()
        self._planner.start()
        self._overseer.start()

    def wake(self) -> None:
        """Something may have been started or cancelled."""
        self._planner.wake()
        self._wake_stations()

    def stop(self, drain: float) -> bool:
        """Claim nothing more and let what is being made be finished; False where it was not in time."""
        self._overseer.stop(_STOP_SECONDS)
        self._planner.stop(_STOP_SECONDS)
        for station in self._stations:
            station.drain()
        end = time.monotonic() + drain
        idle = [station.join(max(0.0, end - time.monotonic())) for station in self._stations]
        return all(idle)

    def _wake_stations(self) -> None:
        for station in self._stations:
            station.wake()

    def _sweep_plans(self) -> None:
        """Remove recipes that no volume knows: a planner died between saving and entering them."""
        with self._bench.database.read() as connection:
            known = set(connection.execute(select(volumes.c.token)).scalars())
        for path in (self._bench.data / "plans").iterdir():
            if path.name.removesuffix(".recipe") not in known:
                path.unlink()

    def _call_the_roll(self) -> None:
        names = [station.name for station in self._stations]
        with self._bench.database.write() as connection:
            roster.retire_others(connection, names)
            for station in self._stations:
                roster.enroll(
                    connection, station.name, station.media, station.quarantine_after, station.station
                )

    def _settle_strangers(self) -> None:
        """Pieces at a station that is configured no more: nobody can ask their medium but an operator."""
        names = [station.name for station in self._stations]
        with self._bench.database.write() as connection:
            for row in strangers(connection, names):
                if not is_worked_on(row):
                    mark_unknown(connection, row.id, self._bench.retries)


def _makeable(stations: Sequence[Station]) -> Mapping[MediaKind, int]:
    found: dict[MediaKind, int] = {}
    for station in stations:
        for kind, capacity in station.media.items():
            found[kind] = max(capacity, found.get(kind, 0))
    return found
