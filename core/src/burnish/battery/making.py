"""Requests that are made: cases 30, 31, 51 and 78. These have media made."""

from pydicom.uid import generate_uid

from burnish.battery.trial import Trial, Unjudged, case


@case(30, media=True)
def one_piece(trial: Trial) -> None:
    uid = trial.started(trial.stored(3))
    trial.demand(trial.ended(uid)[:2], ("DONE", "NORMAL"), "state")
    trial.prefer(trial.state(uid)[2], 1, "pieces")
    trial.demand(len(trial.sets(uid)), 1, "items of Referenced Storage Media Sequence")


@case(31, media=True)
def three_copies(trial: Trial) -> None:
    uid = trial.started(trial.stored(3), NumberOfCopies="3")
    trial.demand(trial.ended(uid), ("DONE", "NORMAL", 3), "state")
    trial.demand(len(set(trial.sets(uid))), 1, "different File-set IDs and UIDs")


@case(51, media=True)
def cancel_of_done(trial: Trial) -> None:
    uid = trial.started(trial.stored(1))
    before = trial.ended(uid)
    trial.demand(before[0], "DONE", "state")
    trial.demand(trial.cancel(uid), 0xC201, "Cancel")
    trial.demand(trial.state(uid), before, "state after it")


@case(78, media=True)
def together(trial: Trial) -> None:
    first, second = trial.stored(2)
    items = trial.items([first], "STD-GEN-CD") + trial.items([second], "STD-CTMR-CD")
    created = trial.create(items, str(generate_uid()))
    trial.demand(created.status, 0, "N-CREATE")
    trial.demand(trial.initiate(created.uid), 0, "Initiate")
    state = trial.ended(created.uid)
    if state[1] == "NOT_SUPPORTED":
        raise Unjudged("one of the profiles is not supported")
    trial.demand(state[:2], ("DONE", "NORMAL"), "state")
