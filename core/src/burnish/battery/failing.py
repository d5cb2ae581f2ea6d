"""Requests that are taken and fail, each with its reason: cases 71, 72, 74, 75, 77 and 79."""

from collections.abc import MutableSequence, Sequence
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, MRImageStorage, generate_uid

from burnish.battery.trial import Trial, Unjudged, case

_UNSUPPORTED: Final = "NOT_SUPPORTED"


@case(71)
def missing(trial: Trial) -> None:
    [absent] = trial.slices()
    uid = _asked(trial, trial.items([*trial.stored(2), absent]))
    _ends(trial, uid, "NO_INSTANCE")
    named = [(str(item.ReferencedSOPInstanceUID), int(item.FailureReason)) for item in trial.failed(uid)]
    trial.demand(named, [(str(absent.SOPInstanceUID), 0x0112)], "Failed SOP Sequence")


@case(72)
def unsupported_profile(trial: Trial) -> None:
    uid = _asked(trial, trial.items(trial.stored(), "STD-FOO"))
    _ends(trial, uid, _UNSUPPORTED)
    trial.demand(_reasons(trial, uid), [0x0204], "Failure Reason")
    attributes = [tag for item in trial.failed(uid) for tag in _tags(item)]
    trial.prefer(attributes, [0x2200000C], "Failure Attributes")


@case(74)
def another_class(trial: Trial) -> None:
    items = trial.items(trial.stored(), ReferencedSOPClassUID=str(MRImageStorage))
    uid = _asked(trial, items)
    _ends(trial, uid, "INST_AP_CONFLICT")
    trial.demand(_reasons(trial, uid), [0x0119], "Failure Reason")


@case(75)
def mammogram(trial: Trial) -> None:
    kind = str(DigitalMammographyXRayImageStorageForPresentation)
    uid = _asked(trial, trial.items(trial.stored(sop_class=kind, modality="MG"), "STD-CTMR-CD"))
    _ends(trial, uid, "INST_AP_CONFLICT", "STD-CTMR-CD is not supported")
    trial.demand(_reasons(trial, uid), [0x0202], "Failure Reason")


@case(77)
def apart(trial: Trial) -> None:
    first, second = trial.stored(2)
    items = trial.items([first], "STD-GEN-CD") + trial.items([second], "STD-GEN-USB-JPEG")
    uid = _asked(trial, items)
    _ends(trial, uid, "INST_AP_CONFLICT", "one of the profiles is not supported")
    trial.demand(set(_reasons(trial, uid)), {0x0201}, "Failure Reason")


@case(79)
def repeated(trial: Trial) -> None:
    uid = _asked(trial, trial.items(trial.stored()) * 2)
    _ends(trial, uid, "DUPL_REF_INST")


def _asked(trial: Trial, items: Sequence[Dataset]) -> str:
    """A request of these items, started. Raises Unmet."""
    created = trial.create(items, str(generate_uid()))
    trial.demand(created.status, 0, "N-CREATE")
    trial.demand(trial.initiate(created.uid), 0, "Initiate")
    return created.uid


def _ends(trial: Trial, uid: str, info: str, unless: str = "") -> None:
    """It fails with this info, and nothing was made. `unless`: why NOT_SUPPORTED is no fault either."""
    state = trial.ended(uid)
    if unless and state[:2] == ("FAILURE", _UNSUPPORTED):
        raise Unjudged(unless)
    trial.demand(state, ("FAILURE", info, 0), "state")


def _reasons(trial: Trial, uid: str) -> list[int]:
    return [int(item.FailureReason) for item in trial.failed(uid)]


def _tags(item: Dataset) -> list[int]:
    found = item.get("FailureAttributes")
    return _several(found) if found else []


def _several(value: Any) -> list[int]:
    """pydicom gives one value by itself, several as a list."""
    return [int(one) for one in value] if isinstance(value, MutableSequence) else [int(value)]
