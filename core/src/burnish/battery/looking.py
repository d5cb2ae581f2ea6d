"""N-GET, N-SET, N-DELETE: cases 59 to 68 and 70."""

import threading
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from burnish.battery.peer import get_on, raw
from burnish.battery.trial import STATUS, State, Trial, Unjudged, Unmet, case
from burnish.terms import MEDIA_CREATION_MANAGEMENT, StatusInfo

_NORMAL: Final = ("IDLE", "CREATING", "DONE")
_NEXT: Final[Mapping[str, str]] = {
    "IDLE": "IDLE PENDING CREATING DONE FAILURE GONE",
    "PENDING": "PENDING CREATING DONE FAILURE GONE",
    "CREATING": "CREATING PENDING DONE FAILURE GONE",
    "DONE": "DONE GONE",
    "FAILURE": "FAILURE GONE",
    "GONE": "GONE",
}
"""What may be told next; somebody who polls may miss steps."""
_TERMS: Final[Mapping[str, frozenset[str]]] = {
    "ExecutionStatus": frozenset(("IDLE", "PENDING", "CREATING", "DONE", "FAILURE")),
    "ExecutionStatusInfo": frozenset(StatusInfo),
}


@case(59)
def unknown(trial: Trial) -> None:
    trial.demand(trial.peer.get(str(generate_uid()), *STATUS)[0], 0x0112, "N-GET")


@case(60)
def alone(trial: Trial) -> None:
    status, told = trial.peer.get(trial.idle(), "ExecutionStatus")
    trial.demand(status, 0, "N-GET")
    trial.demand([element.keyword for element in told], ["ExecutionStatus"], "what is told")


@case(61)
def everything(trial: Trial) -> None:
    status, told = trial.peer.get(trial.idle())
    trial.demand(status, 0, "N-GET")
    trial.demand(set(STATUS) - {element.keyword for element in told}, set(), "what is not told")


@case(62)
def not_kept(trial: Trial) -> None:
    status, told = trial.peer.get(trial.idle(), "ExecutionStatus", "PatientName")
    trial.demand(status, 0x0001, "N-GET")
    trial.demand([element.keyword for element in told], ["ExecutionStatus"], "what is told")


@case(63)
def nested(trial: Trial) -> None:
    status, told = trial.peer.get(trial.idle(), "FailureReason")
    trial.demand(status, 0x0001, "N-GET of an attribute of items")
    trial.demand(len(told), 0, "attributes that are told")


@case(64)
def empty(trial: Trial) -> None:
    status, told = trial.peer.get(trial.idle(), *STATUS[3:])
    trial.demand(status, 0, "N-GET")
    trial.demand([element.keyword for element in told], sorted(STATUS[3:], key=_tag), "what is told")
    trial.demand([len(element.value or []) for element in told], [0, 0], "items")


@case(65)
def info_of_states(trial: Trial) -> None:
    for status, info, _ in _history(trial):
        if status != "GONE":
            trial.demand(info == "NORMAL", status in _NORMAL, f"{status} says {info}: NORMAL")


@case(66)
def code_strings(trial: Trial) -> None:
    uid = trial.started()
    trial.ended(uid)
    told = trial.peer.get(uid)[1]
    for element in told.iterall():
        if element.VR == "CS":
            values = [element.value] if isinstance(element.value, str) else list(element.value or ())
            trial.demand([value for value in values if len(value) > 16], [], f"{element.keyword}, too long")
            terms = _TERMS.get(element.keyword)
            trial.demand(
                [value for value in values if terms and value not in terms], [], f"{element.keyword}, no term"
            )


@case(67)
def beyond_ascii(trial: Trial) -> None:
    uid = trial.idle(SpecificCharacterSet="ISO_IR 192", LabelText="Für 7".encode())
    told = trial.peer.get(uid, "LabelText")[1]
    if "LabelText" not in told:
        raise Unjudged("N-GET does not tell Label Text")
    trial.demand(bool(told.get("SpecificCharacterSet")), True, "Specific Character Set in the answer")


@case(68)
def ways(trial: Trial) -> None:
    for before, after in pairwise(_history(trial)):
        trial.demand(after[0] in _NEXT[before[0]].split(), True, f"{before[0]} and then {after[0]}")
        trial.demand(after[0] == "GONE" or after[2] >= before[2], True, "the count of pieces does not fall")


@case(70)
def other_operations(trial: Trial) -> None:
    uid = trial.idle()
    with trial.peer.associated() as association:
        changed, _ = association.send_n_set(raw({"LabelText": "x"}), MEDIA_CREATION_MANAGEMENT, uid)
        deleted = association.send_n_delete(MEDIA_CREATION_MANAGEMENT, uid)
        trial.demand([_code(changed), _code(deleted)], ["0211H", "0211H"], "N-SET and N-DELETE")
        trial.demand(get_on(association, uid, "ExecutionStatus")[0], 0, "N-GET on the same association")


def _history(trial: Trial) -> Sequence[State]:
    """A request from its creation to its end, looked at without a pause."""
    uid, seen, stop = trial.idle(), list[State](), threading.Event()

    def poll() -> None:
        while not stop.is_set():
            seen.append(trial.state(uid))

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        trial.demand(trial.initiate(uid), 0, "Initiate")
        trial.ended(uid)
    finally:
        stop.set()
        thread.join()
    if not seen:
        raise Unjudged("it could not be polled")
    if any(state[0] not in _NEXT for state in seen):
        raise Unmet(f"an Execution Status of {', '.join({state[0] for state in seen} - set(_NEXT))}")
    return seen


def _tag(keyword: str) -> int:
    from pydicom.datadict import tag_for_keyword

    return tag_for_keyword(keyword) or 0


def _code(answer: Dataset) -> str:
    return f"{int(answer.Status):04X}H" if "Status" in answer else "no answer"
