"""N-CREATE: cases 1 to 21, 25, 26 and 148."""

import random
from typing import Any, Final

from pydicom.uid import generate_uid
from pynetdicom.status import code_to_category

from burnish.battery.peer import create_on, get_on, raw
from burnish.battery.trial import STATUS, Trial, Unjudged, case
from burnish.orders.shape import ATTRIBUTES, ENUMERATED

IDLE: Final = ("IDLE", "NORMAL", 0)
_FUZZED: Final = 200


@case(1)
def minimal(trial: Trial) -> None:
    uid = trial.idle()
    status, told = trial.peer.get(uid, *STATUS)
    trial.demand(status, 0, "N-GET")
    trial.demand(set(STATUS) - {element.keyword for element in told}, set(), "what is not told")
    trial.demand((told.ExecutionStatus, told.ExecutionStatusInfo), ("IDLE", "NORMAL"), "state")
    trial.demand(told.TotalNumberOfPiecesOfMediaCreated, 0, "pieces")
    empty = [len(told[keyword].value or []) for keyword in STATUS[3:]]
    trial.demand(empty, [0, 0], "items of the two sequences")


@case(2)
def assigned(trial: Trial) -> None:
    created = trial.create(trial.items(trial.slices()))
    trial.demand(created.status, 0, "N-CREATE")
    trial.demand(bool(created.uid), True, "a UID in the response")
    trial.demand(trial.state(created.uid), IDLE, "state of that UID")


@case(3)
def everything(trial: Trial) -> None:
    given = {
        "SpecificCharacterSet": "ISO_IR 100",
        "StorageMediaFileSetID": "CHECK_3",
        "StorageMediaFileSetUID": generate_uid(),
        "LabelText": "a check",
        "LabelStyleSelection": "PLAIN",
        "MediaDisposition": "nowhere",
        "BarcodeValue": "1234",
        "BarcodeSymbology": "CODE128",
        "IncludeNonDICOMObjects": "NO",
        **dict.fromkeys(ENUMERATED, "NO"),
    }
    created = trial.create(trial.items(trial.slices()), str(generate_uid()), **given)
    trial.demand(created.status, 0, "N-CREATE")
    trial.demand(trial.state(created.uid), IDLE, "state")


@case(4)
def no_sequence(trial: Trial) -> None:
    trial.demand(trial.peer.create(raw({"LabelText": "x"}), str(generate_uid())).status, 0x0120, "N-CREATE")


@case(5)
def empty_sequence(trial: Trial) -> None:
    status = trial.create([], str(generate_uid())).status
    trial.demand(_category(status), "Failure", "category of the answer")
    trial.prefer(status, 0x0121, "N-CREATE")


@case(6)
def incomplete_items(trial: Trial) -> None:
    [item] = trial.items(trial.slices())
    del item.ReferencedSOPClassUID
    trial.demand(trial.create([item], str(generate_uid())).status, 0x0120, "without class UID")
    [item] = trial.items(trial.slices(), ReferencedSOPInstanceUID="")
    trial.demand(trial.create([item], str(generate_uid())).status, 0x0121, "with an empty instance UID")


@case(7)
def malformed(trial: Trial) -> None:
    items = trial.items(trial.slices(), ReferencedSOPInstanceUID="1.02.x")
    trial.prefer(trial.create(items, str(generate_uid())).status, 0x0106, "N-CREATE")


@case(8)
def twice(trial: Trial) -> None:
    uid = trial.idle()
    trial.demand(trial.create(trial.items(trial.slices()), uid).status, 0x0111, "second N-CREATE")
    trial.demand(trial.state(uid), IDLE, "state of the first")


@case(9)
def after_initiate(trial: Trial) -> None:
    uid = trial.started()
    before = trial.ended(uid)
    status = trial.create(trial.items(trial.slices()), uid).status
    trial.demand(_category(status), "Failure", "category of the answer")
    trial.demand(trial.state(uid), before, "state of the first")
    trial.prefer(status, 0xA510, "N-CREATE")


@case(10)
def after_cancel(trial: Trial) -> None:
    uid = trial.idle()
    trial.demand(trial.cancel(uid), 0, "Cancel")
    trial.prefer(trial.create(trial.items(trial.slices()), uid).status, 0, "N-CREATE under the same UID")


@case(11)
def neither_yes_nor_no(trial: Trial) -> None:
    for keyword in ENUMERATED:
        status = trial.create(trial.items(trial.slices()), str(generate_uid()), **{keyword: "MAYBE"}).status
        trial.demand(_category(status), "Failure", f"{keyword} MAYBE")
        trial.prefer(status, 0x0106, f"{keyword} MAYBE")


@case(12)
def another_term_of_objects(trial: Trial) -> None:
    for term in ("FOR_PATIENT", "FOR_X"):
        created = trial.create(trial.items(trial.slices()), str(generate_uid()), IncludeNonDICOMObjects=term)
        trial.prefer(created.status, 0, f"IncludeNonDICOMObjects {term}")


@case(13)
def another_symbology(trial: Trial) -> None:
    more = {"BarcodeValue": "1234", "BarcodeSymbology": "ODD_ONE"}
    trial.prefer(trial.create(trial.items(trial.slices()), str(generate_uid()), **more).status, 0, "N-CREATE")


@case(14)
def none_of_the_module(trial: Trial) -> None:
    items = trial.items(trial.slices())
    trial.prefer(trial.create(items, str(generate_uid()), PatientName="Doe^Jane").status, 0, "N-CREATE")


@case(15)
def unknown_profile(trial: Trial) -> None:
    items = trial.items(trial.slices(), "STD-FOO")
    trial.prefer(trial.create(items, str(generate_uid())).status, 0, "N-CREATE")


@case(16)
def not_stored(trial: Trial) -> None:
    trial.prefer(trial.create(trial.items(trial.slices()), str(generate_uid())).status, 0, "N-CREATE")


@case(17)
def repeated_reference(trial: Trial) -> None:
    items = trial.items(trial.slices()) * 2
    trial.prefer(trial.create(items, str(generate_uid())).status, 0, "N-CREATE")


@case(18)
def text_in_utf8(trial: Trial) -> None:
    text = "Für Station 7, 山田様".encode()
    uid = trial.idle(SpecificCharacterSet="ISO_IR 192", LabelText=text)
    status, told = trial.peer.get(uid, "LabelText", "SpecificCharacterSet")
    if status not in (0, 1) or "LabelText" not in told:
        raise Unjudged("N-GET does not tell Label Text")
    trial.demand(str(told.LabelText), text.decode(), "Label Text")


@case(19)
def text_without_a_set(trial: Trial) -> None:
    created = trial.create(trial.items(trial.slices()), str(generate_uid()), LabelText=b"Dr M\xfcller")
    if created.status != 0x0106:
        trial.prefer(created.status, 0, "N-CREATE")


@case(21)
def file_set_ids(trial: Trial) -> None:
    items = trial.items(trial.slices())
    long = trial.create(items, str(generate_uid()), StorageMediaFileSetID="A" * 17).status
    trial.prefer(long, 0x0106, "17 characters")
    odd = trial.create(items, str(generate_uid()), StorageMediaFileSetID="Disc 7a").status
    trial.prefer(odd, 0, "'Disc 7a'")


@case(25)
def never_a_warning(trial: Trial) -> None:
    chance = random.Random(25)  # noqa: S311 - the same each time
    texts = ("", "YES", "NO", "MAYBE", "\\", "A\\B", "x" * 70, "ISO_IR 100", "1.2.3", "ISO_IR 192\\GB18030")
    with trial.peer.associated() as association:
        for _ in range(_FUZZED):
            chosen = chance.sample(sorted(ATTRIBUTES), chance.randrange(len(ATTRIBUTES)))
            attributes: dict[str, Any] = {keyword: chance.choice(texts) for keyword in chosen}
            attributes["ReferencedSOPSequence"] = trial.items(trial.slices())[: chance.randrange(2)]
            created = create_on(association, raw(attributes), str(generate_uid()))
            trial.uids += [created.uid] if created.status == 0 else []
            trial.demand(
                _category(created.status) in ("Success", "Failure"), True, f"{created.status} is no warning"
            )


@case(26)
def another_association(trial: Trial) -> None:
    uid = str(generate_uid())
    with trial.peer.associated() as association:
        items = trial.items(trial.slices())
        trial.demand(create_on(association, raw({"ReferencedSOPSequence": items}), uid).status, 0, "N-CREATE")
        trial.uids.append(uid)
        trial.demand(get_on(association, uid, "ExecutionStatus")[0], 0, "N-GET on the same association")
    trial.demand(trial.state(uid), IDLE, "state on another association")


@case(148)
def disposition(trial: Trial) -> None:
    text = "Ward 7\r\nto be called for"
    uid = trial.idle(MediaDisposition=text)
    status, told = trial.peer.get(uid, "MediaDisposition")
    if status not in (0, 1) or "MediaDisposition" not in told:
        raise Unjudged("N-GET does not tell Media Disposition")
    trial.demand(str(told.MediaDisposition), text, "Media Disposition")


def _category(status: int) -> str:
    return str(code_to_category(int(status)))
