"""Who may stand on one medium where an identifier cannot be read: held, failed or made, as settings say."""

from collections.abc import Sequence

import pytest
from burnish.errors import RequestFailed
from burnish.fileset.fit import Form, Placed
from burnish.fileset.people import IdentityHold, sort_people
from burnish.fileset.settings import IdentitySettings
from burnish.instances.head import KeptHead, with_assumed_set
from burnish.instances.instance import Instance
from burnish.registry import Registry
from burnish.terms import EXPLICIT_VR_LE, FailureReason, StatusInfo

from core.tests.instances.test_head import element, item

PROFILE = Registry.load(["profiles"]).profiles["STD-GEN-CD"]
CT = "1.2.840.10008.5.1.4.1.1.2"
CHARACTER_SET, NAME, PATIENT_ID, ISSUER = 0x00080005, 0x00100010, 0x00100020, 0x00100021
BIRTH, SEX, STUDY = 0x00100030, 0x00100040, 0x0020000D
VRS = {CHARACTER_SET: "CS", NAME: "PN", PATIENT_ID: "LO", ISSUER: "LO", BIRTH: "DA", SEX: "CS", STUDY: "UI"}
WHO = {NAME: b"A^B", PATIENT_ID: b"1", STUDY: b"1.2"}
LATIN = {**WHO, NAME: b"M\xfcller"}


def placed(*people: dict[int, bytes]) -> list[Placed]:
    found = []
    for number, said in enumerate(people):
        head = KeptHead(b"".join(element(tag, VRS[tag], said[tag]) for tag in sorted(said)))
        uid, study = f"1.9.{number}", said[STUDY].decode()
        one = Instance(uid, CT, uid, study, study + ".1", EXPLICIT_VR_LE, 10, b"", head)
        found.append(Placed(one, Form(uid, EXPLICIT_VR_LE, 10, b"")))
    return found


def refused(some: Sequence[Placed], settings: IdentitySettings, *, split: bool = False) -> RequestFailed:
    with pytest.raises(RequestFailed) as caught:
        sort_people(some, PROFILE, settings, split=split)
    return caught.value


def items(error: RequestFailed) -> dict[str, tuple[int, ...]]:
    return {item.sop_instance: item.attributes for item in error.failed}


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (NAME, "Patient's Name"),
        (PATIENT_ID, "Patient ID"),
        (ISSUER, "Issuer of Patient ID"),
        (BIRTH, "Patient's Birth Date"),
        (SEX, "Patient's Sex"),
    ],
)
def test_who_cannot_be_read_is_held_and_named_by_attribute_and_set(tag: int, name: str) -> None:
    bad = {**WHO, CHARACTER_SET: b"ISO_IR 192", tag: b"\xff\xff", STUDY: b"1.3"}
    error = refused(placed(WHO, bad), IdentitySettings())
    assert isinstance(error, IdentityHold)
    assert error.info is StatusInfo.CHECK_MCD_OP
    assert items(error) == {"1.9.1": (tag,)}
    assert error.failed[0].reason is FailureReason.PROCESSING_FAILURE
    assert error.failed[0].why == f"{name} cannot be read: its bytes mean nothing in ISO_IR 192"


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        (b"", "no Specific Character Set is declared; assume_character_set"),
        (b"ISO_IR 6", "no Specific Character Set is declared"),
        (b"FOO", "Specific Character Set is none that is known"),
        (rb"\ISO 2022 IR 87", r"its bytes mean nothing in \\ISO 2022 IR 87"),
    ],
)
def test_the_sentence_says_which_set_and_never_the_name(terms: bytes, why: str) -> None:
    error = refused(placed({**LATIN, CHARACTER_SET: terms}), IdentitySettings())
    assert why.replace("\\\\", "\\") in str(error)
    assert "ller" not in str(error)


def test_the_settings_decide() -> None:
    some = placed(LATIN)
    failed = refused(some, IdentitySettings(undecodable="fail"))
    assert not isinstance(failed, IdentityHold)
    assert failed.info is StatusInfo.PROC_FAILURE
    [[owned]] = sort_people(some, PROFILE, IdentitySettings(undecodable="allow"), split=False)
    assert owned.placed is some[0]


def test_an_assumed_set_makes_it_readable() -> None:
    head = placed(LATIN)[0].instance.head
    assumed = KeptHead(with_assumed_set(head.data, b"ISO_IR 100"))
    assert (assumed["PatientName"], assumed["SpecificCharacterSet"]) == ("Müller", "ISO_IR 100")


@pytest.mark.parametrize("said", [b"", b"ISO_IR 6", b"ISO 2022 IR 6"])
def test_declared_ascii_is_no_declaration(said: bytes) -> None:
    head = placed({**LATIN, CHARACTER_SET: said})[0].instance.head
    assumed = KeptHead(with_assumed_set(head.data, b"ISO_IR 100"))
    assert (assumed["PatientName"], assumed["PatientID"]) == ("Müller", "1")
    assert with_assumed_set(head.data, b"") == head.data


@pytest.mark.parametrize("said", [b"ISO_IR 192", b"FOO"])
def test_what_is_declared_is_not_assumed_away(said: bytes) -> None:
    data = placed({**LATIN, CHARACTER_SET: said})[0].instance.head.data
    assert with_assumed_set(data, b"ISO_IR 100") == data


def test_text_in_items_counts() -> None:
    code = element(0x00080104, "LO", b"Sch\xe4del")
    titled = element(0x0040A043, "SQ", item(code))
    own = element(0x0040A043, "SQ", item(element(CHARACTER_SET, "CS", b"ISO_IR 100") + code))
    assert with_assumed_set(titled, b"ISO_IR 100") == element(CHARACTER_SET, "CS", b"ISO_IR 100") + titled
    assert with_assumed_set(own, b"ISO_IR 192") == own


def test_who_confirms_has_seen_all_that_is_wrong() -> None:
    """A conflict among those who can be read is told with it, and decides where it must fail."""
    some = placed(WHO, {**WHO, NAME: b"C^D"}, LATIN)
    held = refused(some, IdentitySettings(conflict="hold"))
    assert isinstance(held, IdentityHold)
    assert items(held) == {"1.9.1": (NAME,), "1.9.2": (NAME,)}
    failed = refused(some, IdentitySettings(conflict="fail"))
    assert not isinstance(failed, IdentityHold)
    assert items(failed) == items(held)


def test_who_cannot_be_read_disagrees_with_nobody_before_it_is_confirmed() -> None:
    assert items(refused(placed(WHO, LATIN, LATIN), IdentitySettings())) == {
        "1.9.1": (NAME,),
        "1.9.2": (NAME,),
    }


def test_allowed_bytes_are_the_same_person_as_the_same_bytes_only() -> None:
    allow = IdentitySettings(undecodable="allow")
    sort_people(placed(LATIN, LATIN), PROFILE, allow, split=False)
    assert items(refused(placed(LATIN, {**LATIN, NAME: b"M\xf6ller"}), allow)) == {"1.9.1": (NAME,)}
    other = {**LATIN, PATIENT_ID: b"\xe9", STUDY: b"1.3"}
    third = {**LATIN, PATIENT_ID: b"\xe8", STUDY: b"1.4"}
    [load] = sort_people(placed(LATIN, other, third), PROFILE, allow, split=False)
    assert len({owned.person.key for owned in load}) == 3


def test_text_that_is_no_identifier_holds_nothing() -> None:
    [one] = placed(WHO)
    head = KeptHead(element(0x00081030, "LO", b"Sch\xe4del") + one.instance.head.data)
    instance = Instance("k", CT, "1.9", "1.2", "1.2.1", EXPLICIT_VR_LE, 10, b"", head)
    assert sort_people([Placed(instance, one.form)], PROFILE, IdentitySettings(), split=False)


def test_each_issuer_has_its_own_volumes_and_all_who_cannot_be_read_are_named() -> None:
    here = {**LATIN, ISSUER: b"HERE", STUDY: b"1.5"}
    there = {**LATIN, ISSUER: b"THERE", STUDY: b"1.6"}
    error = refused(placed(here, WHO, there), IdentitySettings(), split=True)
    assert set(items(error)) == {"1.9.0", "1.9.2"}
