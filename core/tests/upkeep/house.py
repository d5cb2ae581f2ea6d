"""A data folder as a server leaves it: instances in spool and index, and requests of every kind."""

import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from burnish.config import Loaded, load_config
from burnish.database import Database, record_event
from burnish.database.settings import DatabaseSettings
from burnish.database.tables import pieces, requests
from burnish.events import EventKind
from burnish.instances.files import Facts, Trailer, spool_key, write_trailer
from burnish.instances.index import InstanceIndex
from burnish.instances.spool import Kept, Spool
from burnish.media import MediaKind
from burnish.recipe import Literal, Range, Recipe, Source, save_recipe
from burnish.requests.ledger import Claim, PlannedVolume, add_volumes, claim_piece, intend
from burnish.requests.states import Event
from burnish.requests.store import Reference, create_request, move_request, pin_versions, request_row
from burnish.terms import EXPLICIT_VR_LE, StatusInfo
from sqlalchemy import select

HEAD = b"\x08\x00\x60\x00CS\x02\x00CT"
MEDIA = {MediaKind.CD_R: 1 << 40}


class House:
    """The folder of a configuration, with its data folder `var`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "burnish.toml"
        self.config.write_text("[server]\nport = 0\n[storage]\nreserve = 0\n")
        self.data = folder / "var"
        for name in ("plans", "logs"):
            (self.data / name).mkdir(parents=True)
        (self.data / "lock").touch()
        self.spool = Spool(self.data / "spool")
        self.spool.prepare()
        self.database = Database.open(DatabaseSettings(), self.data)
        self.database.migrate()
        self.index = InstanceIndex(self.database)

    @property
    def loaded(self) -> Loaded:
        """The configuration."""
        return load_config(self.config)

    def store(self, uid: str, version: int = 1) -> Path:
        """An instance in spool and index; its file."""
        data = f"data of {uid}".encode()
        facts = Facts("1.2", uid, "1.4", "1.5", EXPLICIT_VR_LE, "CT1", 12.5, version)
        trailer = Trailer(facts, HEAD, len(data), sha256(data).digest())
        path = self.data / "spool" / spool_key(uid, version)
        with path.open("wb") as file:
            file.write(data)
            write_trailer(file, trailer)
        self.index.add(Kept(spool_key(uid, version), trailer, fresh=True))
        self.index.flush()
        return path

    def ask(self, uid: str, *references: str) -> int:
        """An IDLE request."""
        wanted = [Reference("1.2", name, "STD-GEN-CD") for name in references]
        with self.database.write() as connection:
            return create_request(connection, sop_instance=uid, owner_ae="AE", attributes={}, wanted=wanted)

    def start(self, uid: str, *references: str) -> int:
        """One that waits for its plan."""
        request = self.ask(uid, *references)
        with self.database.write() as connection:
            pin_versions(connection, request)
            row = request_row(connection, request)
            at = time.time()
            move_request(connection, row, Event.INITIATE, StatusInfo.QUEUED, initiated_at=at, priority=1)
        return request

    def plan(self, uid: str, *references: str, forms: tuple[str, ...] = ()) -> int:
        """One that waits for a station, with a recipe over its instances and these derived forms."""
        request = self.start(uid, *references)
        keys = [spool_key(name, 1) for name in references]
        sources = {key: Source(4, bytes(32)) for key in (*keys, *forms)}
        recipe = Recipe((Literal(b"x"), *(Range(key, 0, 4) for key in sources)), sources)
        save_recipe(recipe, self.data / "plans" / f"T{request}.recipe")
        with self.database.write() as connection:
            add_volumes(connection, request, [volume(f"T{request}")], 1)
        return request

    def claim(self, *, touched: bool = True) -> Claim:
        """A piece at a station, whose feeder has died."""
        with self.database.write() as connection:
            claim = claim_piece(connection, "shelf", MEDIA)
            assert claim
            if touched:
                intend(connection, claim, 1 << 30, 5, "boot")
        return claim

    def row(self, request: int) -> Any:
        """A request as it stands."""
        with self.database.read() as connection:
            return request_row(connection, request)

    def piece(self, request: int) -> str:
        """State of the one piece of a request."""
        with self.database.read() as connection:
            return connection.execute(select(pieces.c.state).where(pieces.c.request == request)).scalar_one()

    def fill(self, count: int) -> None:
        """Many requests, so that the tables have many pages."""
        with self.database.write() as connection:
            for number in range(count):
                create_request(
                    connection,
                    sop_instance=f"9.{number}",
                    owner_ae="AE",
                    attributes={"StorageMediaFileSetID": "x" * 200},
                    wanted=[Reference("1.2", f"8.{number}")],
                )
                record_event(connection, EventKind.REQUEST_CREATED, text="y" * 200)

    def uids(self) -> set[str]:
        """Of all requests."""
        with self.database.read() as connection:
            return set(connection.execute(select(requests.c.sop_instance)).scalars())

    def close(self) -> None:
        """As at the end of a server."""
        self.database.close()

    def damage(self, mark: bytes) -> None:
        """Overwrite a page that holds `mark`, in the middle of all that do, as a disk that lost a sector."""
        self.close()
        file = self.data / "burnish.sqlite"
        data = file.read_bytes()
        size = int.from_bytes(data[16:18], "big")
        pages = [start for start in range(size, len(data), size) if mark in data[start : start + size]]
        with file.open("r+b") as disk:
            disk.seek(pages[len(pages) // 2])
            disk.write(b"\xff" * size)


def volume(token: str) -> PlannedVolume:
    """A volume as a planner enters it."""
    return PlannedVolume(
        number=1,
        file_set_id="DISC",
        file_set_uid="1.2",
        token=token,
        profile="STD-GEN-CD",
        format="iso9660",
        suffix=".iso",
        medium=MediaKind.CD_R,
        length=4096,
        digest=bytes(32),
        patients=[],
    )
