"""N-ACTION Initiate: cases 29, 32, 33, 36 to 40, 42 to 44. Their instances were never stored, so none of
these requests can be made: each fails, or waits, or is refused."""

import threading
from typing import Final

from pydicom.uid import generate_uid

from burnish.battery.creating import IDLE
from burnish.battery.peer import Status, action_on, create_on, raw
from burnish.battery.trial import Trial, case
from burnish.dicom.creation import INITIATE

_WORKED_ON: Final = ("PENDING", "CREATING", "DONE", "FAILURE")
_ANOTHER_CLASS: Final = "1.2.840.10008.5.1.1.1"
"""Basic Film Session."""


@case(29)
def without_information(trial: Trial) -> None:
    uid = trial.started()
    trial.demand(trial.state(uid)[0] in _WORKED_ON, True, "PENDING or beyond")


@case(32)
def copies_that_are_none(trial: Trial) -> None:
    for value in ("0", "-1", "abc", "1000000"):
        uid = trial.idle()
        trial.prefer(trial.initiate(uid, {"NumberOfCopies": value}), 0x0115, f"Number of Copies {value}")
        trial.prefer(trial.state(uid), IDLE, "state")
        trial.demand(trial.initiate(uid, {"NumberOfCopies": "1"}), 0, "a correct Initiate after it")


@case(33)
def priorities(trial: Trial) -> None:
    for priority in ("HIGH", "MED", "LOW"):
        status = trial.initiate(trial.idle(), {"RequestPriority": priority})
        trial.demand(status, 0, f"Request Priority {priority}")
    trial.prefer(
        trial.initiate(trial.idle(), {"RequestPriority": "URGENT"}), 0x0115, "Request Priority URGENT"
    )


@case(36)
def print_priority(trial: Trial) -> None:
    trial.prefer(trial.initiate(trial.idle(), {"PrintPriority": "URGENT"}), 0x0115, "Print Priority URGENT")
    both = {"PrintPriority": "URGENT", "RequestPriority": "LOW"}
    trial.prefer(trial.initiate(trial.idle(), both), 0, "Request Priority LOW beside it")


@case(37)
def unknown(trial: Trial) -> None:
    trial.demand(trial.initiate(str(generate_uid())), 0x0112, "Initiate")


@case(38)
def another_action(trial: Trial) -> None:
    uid = trial.idle()
    trial.demand(trial.peer.action(3, uid), 0x0123, "Action Type ID 3")
    trial.demand(trial.state(uid), IDLE, "state")


@case(39)
def again(trial: Trial) -> None:
    uid = trial.started()
    second = trial.initiate(uid, {"NumberOfCopies": "2"})
    before = trial.ended(uid)
    third = trial.initiate(uid)
    trial.demand(trial.state(uid), before, "state after it")
    trial.demand([bool(second), bool(third)], [True, True], "both are refused")
    trial.prefer([second, third], [0xA510, 0xA510], "Initiate again")


@case(40)
def at_once(trial: Trial) -> None:
    uid, gate, answers = trial.idle(), threading.Barrier(2, timeout=30), list[Status]()

    def start() -> None:
        with trial.peer.associated() as association:
            gate.wait()
            answers.append(action_on(association, INITIATE, uid))

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    trial.demand(len(answers), 2, "answers")
    trial.demand(answers.count(Status(0)), 1, "Initiates that were taken")


@case(42)
def unknown_argument(trial: Trial) -> None:
    trial.prefer(trial.initiate(trial.idle(), {"PatientName": "Doe^Jane"}), 0, "Initiate")


@case(43)
def another_class(trial: Trial) -> None:
    uid = trial.idle()
    trial.demand(trial.peer.action(INITIATE, uid, sop_class=_ANOTHER_CLASS), 0x0119, "Initiate")
    trial.demand(trial.state(uid), IDLE, "state")


@case(44)
def association_gone(trial: Trial) -> None:
    uid = str(generate_uid())
    with trial.peer.associated() as association:
        items = trial.items(trial.slices())
        trial.demand(create_on(association, raw({"ReferencedSOPSequence": items}), uid).status, 0, "N-CREATE")
        trial.uids.append(uid)
        trial.demand(action_on(association, INITIATE, uid), 0, "Initiate")
        association.abort()
    trial.demand(trial.ended(uid)[0] in ("DONE", "FAILURE"), True, "it comes to its end")
