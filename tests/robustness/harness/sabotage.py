"""Faults put in on purpose, in a life, to show that the judge sees such faults."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from burnish.instances.spool import Incoming
from burnish.orders.orders import Orders
from burnish.production import making, stations
from burnish.requests.states import PieceState
from sqlalchemy import text


def store_answered_early() -> None:
    """C-STORE is answered before the instance has its name: the one before is finished only now."""
    _late(Incoming, "commit")


def initiate_answered_early() -> None:
    """N-ACTION is answered before the row is committed."""
    _late(Orders, "initiate")


def _late(owner: type, name: str) -> None:
    done, waiting = getattr(owner, name), []

    def late(self: Any, *args: Any, **kwargs: Any) -> None:
        waiting.append(lambda: done(self, *args, **kwargs))
        if len(waiting) > 1:
            waiting.pop(0)()

    setattr(owner, name, late)


def intent_after_write() -> None:
    """The medium is written first, and the intent is committed together with the success."""
    intend, move = making.intend, making.move_piece
    waiting: list[Any] = []

    def later(*args: Any) -> bool:
        waiting.append(args[1:])
        return True

    def moved(connection: Any, piece: int, source: Any, target: PieceState) -> None:
        if target is PieceState.WRITTEN and waiting:
            intend(connection, *waiting.pop())
        move(connection, piece, source, target)

    making.intend, making.move_piece = later, moved  # type: ignore[assignment]


def medium_believed_blank() -> None:
    """After a death a piece is planned again without a look at its medium."""

    def forget(connection: Any, attempt: int, *_: object) -> bool:
        of = "SELECT piece FROM attempts WHERE id = :attempt"
        for query in (
            "UPDATE attempts SET outcome = 'returned', ended_at = 1 WHERE id = :attempt",
            f"UPDATE pieces SET state = 'planned' WHERE id = ({of})",
        ):
            connection.execute(text(query), {"attempt": attempt})
        return False

    stations.mark_unknown = forget


SABOTAGES: Final[Mapping[str, Callable[[], None]]] = {
    "": lambda: None,
    "store-answered-early": store_answered_early,
    "initiate-answered-early": initiate_answered_early,
    "intent-after-write": intent_after_write,
    "medium-believed-blank": medium_believed_blank,
}
