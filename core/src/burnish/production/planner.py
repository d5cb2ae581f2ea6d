"""The planner: one started request after the other becomes volumes, recipes and pieces."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import DBAPIError

from burnish.contracts import Cancel, VolumeFacts
from burnish.database import Database, record_event
from burnish.database.tables import requests
from burnish.errors import BurnishError, Cancelled, RequestFailed
from burnish.events import EventKind
from burnish.fileset.bundles.wishes import Wishes
from burnish.fileset.compose import Kit, Volume, compose
from burnish.fileset.media import MediaSettings
from burnish.fileset.names import map_file_set_id
from burnish.fileset.naming import Naming
from burnish.fileset.people import IdentityHold
from burnish.fileset.select import Wanted
from burnish.instances.index import pinned_instances
from burnish.labels.content import label_of
from burnish.labels.settings import LabelSettings
from burnish.production.making import plan_path
from burnish.recipe import Tree, save_recipe
from burnish.requests.ledger import PlannedVolume, add_volumes, hold_request, settle_cancel
from burnish.requests.reference import minted_uid, opaque_token
from burnish.requests.store import (
    RequestRow,
    fail_request,
    failed_json,
    request_row,
    wanted_references,
)
from burnish.terms import ExecutionStatus, StatusInfo

LOGGER = logging.getLogger(__name__)

_POLL = 1.0
_MOST_WARNINGS = 20
"""Lines in the log about one volume."""
_LOOK = 0.2
"""Seconds between looks whether the request at hand is to be cancelled."""


class Planner:
    """One thread that plans."""

    def __init__(
        self,
        database: Database,
        data: Path,
        kit: Kit,
        planned: Callable[[], None],
        labels: LabelSettings | None = None,
    ) -> None:
        self._labels = labels or LabelSettings()
        self._database = database
        self._data = data
        self._kit = kit
        self._planned = planned
        self._wake = threading.Event()
        self._stopping = False
        self._behind = False
        """Whether a step failed that may have left a request claimed."""
        self._thread = threading.Thread(target=self._run, name="planner", daemon=True)

    def start(self) -> None:
        """Take back what a former planner had begun, then plan."""
        self._take_back()
        self._thread.start()

    def _take_back(self) -> None:
        """Nothing is being planned: what had been begun is begun again, or is cancelled as it was asked."""
        asked = select(requests.c.id).where(
            requests.c.cancel_asked, requests.c.status != ExecutionStatus.GONE
        )
        with self._database.write() as connection:
            connection.execute(update(requests).where(requests.c.plan == "claimed").values(plan="none"))
            for request in connection.execute(asked).scalars().all():
                settle_cancel(connection, request)

    def wake(self) -> None:
        """A request may have been started."""
        self._wake.set()

    def stop(self, timeout: float) -> None:
        """Finish the plan at hand and end."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout)

    def _warm_up(self) -> None:
        """Have every format load what its first layout loads: the first request need not wait for it."""
        facts = VolumeFacts(identifier="", token="", made=datetime.fromtimestamp(0, UTC))
        for _, maker in self._kit.formats.values():
            with suppress(Exception):  # a format that cannot is told where it is needed
                maker.lay_out(Tree(()), facts)

    def _run(self) -> None:
        self._warm_up()
        while not self._stopping:
            if not self._step():
                self._wake.wait(_POLL)
                self._wake.clear()

    def _step(self) -> bool:
        """Plan the next request; False where there is none. A planner whose step fails tries again later."""
        try:
            if self._behind:
                self._take_back()
                self._behind = False
            request = self._claim()
            if request is not None:
                self._plan(request)
                self._planned()
            return request is not None
        except Exception:  # a full disk, a locked database: neither ends the planner
            LOGGER.exception("planner")
            self._behind = True
            return False

    def _claim(self) -> int | None:
        waiting = (
            select(requests.c.id)
            .where(
                requests.c.status == ExecutionStatus.PENDING,
                requests.c.plan == "none",
                requests.c.cancel_asked.is_(False),
            )
            .order_by(requests.c.priority, requests.c.initiated_at, requests.c.id)
            .limit(1)
        )
        with self._database.read() as connection:
            if connection.execute(waiting).first() is None:
                return None
        with self._database.write() as connection:
            claimed = (
                update(requests).where(requests.c.id == waiting.scalar_subquery()).values(plan="claimed")
            )
            found: int | None = connection.execute(claimed.returning(requests.c.id)).scalar_one_or_none()
            return found

    def _plan(self, request: int) -> None:
        try:
            with self._database.read() as connection:
                row = request_row(connection, request)
                pinned = pinned_instances(connection, request)
                references = wanted_references(connection, request)
            wanted = [Wanted(reference, pinned.get(place)) for place, reference in enumerate(references)]
            may_split = _may_split(row, self._kit)
            cancel = Cancel(_Asked(self._database, request))
            kit = _confirmed(self._kit) if row.people_confirmed else self._kit
            wishes = Wishes.of(row.attributes)
            volumes = compose(
                wanted, naming_of(row, kit.media), kit, wishes=wishes, may_split=may_split, cancel=cancel
            )
            self._save(row, volumes)
        except Cancelled:
            self._settle(request)
        except IdentityHold as error:
            self._hold(request, error)
        except RequestFailed as error:
            self._fail(request, error)
        except OSError as error:
            self._fail(request, RequestFailed(f"no room for the plan: {error}", StatusInfo.INSUFFIC_MEMORY))
        except BurnishError as error:
            self._fail(request, RequestFailed(str(error), StatusInfo.PROC_FAILURE))
        except DBAPIError:  # the database's fault, not the request's: it is planned again
            raise
        except Exception as error:  # noqa: BLE001 - one request's fault must not stop the planner
            message = f"{type(error).__name__}: {error}"
            self._fail(request, RequestFailed(message, StatusInfo.PROC_FAILURE))

    def _save(self, row: RequestRow, volumes: Sequence[Volume]) -> None:
        """Keep the recipes, then enter the volumes. A plan that fails or is cancelled leaves no file."""
        try:
            for volume in volumes:
                save_recipe(volume.recipe, plan_path(self._data, volume.naming.token))
            entered = self._enter(row, volumes)
        except OSError:  # a full disk; after any other fault of the database it is planned again, over them
            self._discard(volumes)
            raise
        if not entered:
            self._discard(volumes)

    def _enter(self, row: RequestRow, volumes: Sequence[Volume]) -> bool:
        """False where the request was cancelled meanwhile, and is gone."""
        for volume in volumes:
            _warn(row, volume)
        with self._database.write() as connection:
            connection.execute(update(requests).where(requests.c.id == row.id).values(plan="done"))
            if settle_cancel(connection, row.id):
                return False
            planned = [
                replace(_planned(number, volume), label=self._label(row, volume, number, len(volumes)))
                for number, volume in enumerate(volumes, 1)
            ]
            add_volumes(connection, row.id, planned, row.copies)
            for left in dict.fromkeys(one for volume in volumes for one in volume.left_out):
                kind = EventKind.BUNDLE_LEFT_OUT
                record_event(connection, kind, request=row.id, what=left.what, why=left.why)
        return True

    def _label(self, row: RequestRow, volume: Volume, number: int, volumes: int) -> dict[str, Any]:
        """What the label of a volume says, and the style that the request selects; empty: the station's."""
        settings, wanted = self._labels, row.attributes
        said = label_of(wanted, volume, settings, number=number, volumes=volumes, copies=row.copies)
        style = settings.styles.get(str(wanted.get("LabelStyleSelection") or ""), "")
        return {"says": said.to_json(), "style": style}

    def _discard(self, volumes: Sequence[Volume]) -> None:
        for volume in volumes:
            plan_path(self._data, volume.naming.token).unlink(missing_ok=True)

    def _settle(self, request: int) -> None:
        """Nobody plans a request any more: it is gone, or planned again where the cancel was taken back."""
        with self._database.write() as connection:
            self._cancelled(connection, request)

    def _fail(self, request: int, error: RequestFailed) -> None:
        with self._database.write() as connection:
            if not self._cancelled(connection, request):
                fail_request(connection, request, error.info, str(error), error.failed)

    def _hold(self, request: int, error: RequestFailed) -> None:
        with self._database.write() as connection:
            if not self._cancelled(connection, request):
                items = [failed_json(item) for item in error.failed]
                held = update(requests).where(requests.c.id == request)
                connection.execute(held.values(plan="held", failed=items))
                hold_request(connection, request, error.info, str(error), wait=None)

    @staticmethod
    def _cancelled(connection: Connection, request: int) -> bool:
        connection.execute(update(requests).where(requests.c.id == request).values(plan="none"))
        return settle_cancel(connection, request)


class _Asked:
    """Whether a request is to be cancelled; the table is looked at now and then, however often one asks."""

    def __init__(self, database: Database, request: int) -> None:
        self._database = database
        self._request = request
        self._next = time.monotonic() + _LOOK

    def __call__(self) -> bool:
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + _LOOK
        with self._database.read() as connection:
            return bool(request_row(connection, self._request).cancel_asked)


def _confirmed(kit: Kit) -> Kit:
    """Compose as somebody has confirmed it: who disagrees is the same person, who cannot be read is known."""
    confirmed = {"conflict": "allow", "undecodable": "allow"}
    return replace(kit, identity=kit.identity.model_copy(update=confirmed))


def _may_split(row: RequestRow, kit: Kit) -> bool:
    asked = row.attributes.get("AllowMediaSplitting") or kit.media.splitting_default
    return bool(asked == "YES")


def naming_of(row: RequestRow, media: MediaSettings) -> Naming:
    """What the only volume of a request is called: as the SCU wants it, else made of the token."""
    wanted = row.attributes if media.file_set_given == "use" else {}
    made = media.file_set_prefix + row.token[:8]
    uid = wanted.get("StorageMediaFileSetUID") or minted_uid("file-set", row.token)
    return Naming(
        file_set_id=map_file_set_id(wanted.get("StorageMediaFileSetID") or made),
        file_set_uid=uid,
        token=opaque_token(row.token, uid),
        made=datetime.fromtimestamp(int(row.initiated_at), UTC),
    )


def _warn(row: RequestRow, volume: Volume) -> None:
    for warning in volume.warnings[:_MOST_WARNINGS]:
        LOGGER.warning("request %s: %s: %s", row.token, warning.rule, warning)
    if (left := len(volume.warnings) - _MOST_WARNINGS) > 0:
        LOGGER.warning("request %s: and %d more warnings of rule sets", row.token, left)


def _planned(number: int, volume: Volume) -> PlannedVolume:
    return PlannedVolume(
        number=number,
        file_set_id=volume.naming.file_set_id,
        file_set_uid=volume.naming.file_set_uid,
        token=volume.naming.token,
        profile=volume.profile.identifier,
        format=volume.format,
        suffix=volume.suffix,
        medium=volume.medium,
        length=volume.recipe.length,
        digest=volume.recipe.digest,
        patients=list(volume.patients),
    )
