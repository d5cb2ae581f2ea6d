"""N-ACTION Cancel: cases 47, 52, 54 to 56."""

import threading
from typing import Final

from pydicom.uid import generate_uid

from burnish.battery.peer import Status, raw
from burnish.battery.trial import Trial, Unjudged, case
from burnish.dicom.creation import CANCEL

GONE: Final = ("GONE", "", 0)
_RACES: Final = 5


@case(47)
def idle(trial: Trial) -> None:
    uid = trial.idle()
    trial.demand(trial.cancel(uid), 0, "Cancel")
    trial.demand(trial.state(uid), GONE, "state")


@case(52)
def failed(trial: Trial) -> None:
    uid = trial.started()
    before = trial.ended(uid)
    if before[0] != "FAILURE":
        raise Unjudged(f"it is {before[0]}")
    trial.demand(trial.cancel(uid), 0xC201, "Cancel")
    trial.demand(trial.state(uid), before, "state")


@case(54)
def unknown(trial: Trial) -> None:
    trial.demand(trial.cancel(str(generate_uid())), 0x0112, "Cancel of an unknown UID")
    uid = trial.idle()
    trial.demand(trial.cancel(uid), 0, "Cancel")
    trial.demand(trial.cancel(uid), 0x0112, "second Cancel")


@case(55)
def with_information(trial: Trial) -> None:
    uid = trial.idle()
    trial.prefer(trial.peer.action(CANCEL, uid, raw({"NumberOfCopies": "3"})), 0, "Cancel")
    trial.prefer(trial.state(uid), GONE, "state")


@case(56)
def against_the_end(trial: Trial) -> None:
    for _ in range(_RACES):
        uid, answers = trial.idle(), list[Status]()

        def cancel(uid: str = uid, answers: list[Status] = answers) -> None:
            answers.append(trial.cancel(uid))

        thread = threading.Thread(target=cancel)
        trial.demand(trial.initiate(uid), 0, "Initiate")
        thread.start()
        thread.join()
        trial.demand(len(answers), 1, "answers to the Cancel")
        state = trial.state(uid) if answers[0] == 0 else trial.ended(uid)
        wanted = "GONE" if answers[0] == 0 else "FAILURE"
        if state[0] == "DONE":
            wanted = "DONE" if answers[0] else "GONE"
        trial.demand(state[0], wanted, f"state after a Cancel that was answered with {answers[0]}")
