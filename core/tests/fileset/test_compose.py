"""Composing a volume: what fits, what fails and how an SCU is told."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from burnish.contracts import AsIs, FormatSpec, Profile, Transcode, Unfit
from burnish.errors import RequestFailed
from burnish.fileset.compose import Kit, Volume
from burnish.fileset.compose import compose as compose_volumes
from burnish.fileset.fit import Form
from burnish.fileset.media import MediaSettings
from burnish.fileset.naming import Naming
from burnish.fileset.people import IdentityHold
from burnish.fileset.seal.cms import Envelope
from burnish.fileset.select import Wanted
from burnish.fileset.settings import IdentitySettings
from burnish.instances.head import KeptHead
from burnish.instances.instance import Instance
from burnish.instances.scan import Scan
from burnish.media import MediaKind
from burnish.recipe import Range
from burnish.registry import Registry
from burnish.requests.store import Reference
from burnish.terms import EXPLICIT_VR_LE, FailureReason, StatusInfo
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

NAMING = Naming(
    file_set_id="SET", file_set_uid="1.2.3", token="TOKEN", made=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
)
CT = "1.2.840.10008.5.1.4.1.1.2"


def instance(name: str = "CT_small.dcm", **attributes: Any) -> Instance:
    """An instance made of a real file."""
    path = get_testdata_file(name)
    assert isinstance(path, str)
    ds = dcmread(path)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return _instance(ds)


def _instance(ds: Dataset) -> Instance:
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    data = buffer.getvalue()
    body = data[144 + int.from_bytes(data[140:144], "little") :]
    scan = Scan(ds.file_meta.TransferSyntaxUID)
    scan.feed(body)
    found = scan.finish()
    digest = hashlib.sha256(body).digest()
    return Instance(
        found.sop_instance,
        found.sop_class,
        found.sop_instance,
        found.study,
        found.series,
        str(ds.file_meta.TransferSyntaxUID),
        len(body),
        digest,
        KeptHead(found.head),
    )


def wanted(instances: Sequence[Instance], profile: str = "STD-GEN-CD") -> list[Wanted]:
    return [Wanted(Reference(one.sop_class, one.sop_instance, profile), one) for one in instances]


@pytest.fixture(scope="module")
def kit() -> Kit:
    registry = Registry.load(["profiles", "format-iso9660"])
    formats: dict[str, tuple[FormatSpec[Any], Any]] = {
        name: (spec, spec.make({})) for name, spec in registry.formats.items()
    }

    def derive(asked: Sequence[tuple[Instance, str]], _: object) -> Iterator[Form]:
        return (Form(one.key + ".explicit", to, one.length, one.digest) for one, to in asked)

    makeable = {MediaKind.CD_R: 700_000_000}
    return Kit(registry.profiles, formats, MediaSettings(), IdentitySettings(), makeable, derive)


def compose(some: Sequence[Wanted], naming: Naming, kit: Kit) -> Volume:
    """The only volume."""
    [volume] = compose_volumes(some, naming, kit)
    return volume


def failure(some: Sequence[Wanted], kit: Kit) -> RequestFailed:
    with pytest.raises(RequestFailed) as caught:
        compose(some, NAMING, kit)
    return caught.value


def reasons(error: RequestFailed) -> dict[str, FailureReason]:
    return {item.sop_instance: item.reason for item in error.failed}


def test_every_instance_stands_on_the_volume_once(kit: Kit) -> None:
    some = [instance(), instance(), instance("MR_small.dcm")]
    volume = compose(wanted(some), NAMING, kit)
    placed = [
        extent.key for entry in volume.tree.entries for extent in entry.content if isinstance(extent, Range)
    ]
    assert sorted(placed) == sorted(one.key for one in some)
    assert volume.tree.entries[0].path == ("DICOMDIR",)
    assert {patient["id"] for patient in volume.patients} == {"1CT1", "4MR1"}


def test_implicit_goes_on_in_its_derived_form(kit: Kit) -> None:
    one = instance("MR_small_implicit.dcm")
    volume = compose(wanted([one]), NAMING, kit)
    assert volume.members[0].placed.form.transfer_syntax == EXPLICIT_VR_LE
    assert volume.members[0].placed.form.key == one.key + ".explicit"


def test_the_same_input_gives_the_same_volume(kit: Kit) -> None:
    some = wanted([instance(), instance("MR_small.dcm")])
    assert compose(some, NAMING, kit).recipe.digest == compose(some, NAMING, kit).recipe.digest


def test_all_that_is_wrong_is_told_at_once_and_the_first_kind_names_it(kit: Kit) -> None:
    good, other, twice = instance(), instance(), instance()
    missing = Reference(CT, "1.2.3.4", "STD-GEN-CD")
    mistaken = Reference("1.2.840.10008.5.1.4.1.1.4", other.sop_instance, "STD-GEN-CD")
    some = [*wanted([good, twice, twice]), Wanted(missing, None), Wanted(mistaken, other)]
    error = failure(some, kit)
    assert error.info is StatusInfo.NO_INSTANCE
    assert reasons(error) == {
        "1.2.3.4": FailureReason.NO_SUCH_OBJECT_INSTANCE,
        other.sop_instance: FailureReason.CLASS_INSTANCE_CONFLICT,
        twice.sop_instance: FailureReason.PROCESSING_FAILURE,
    }


def test_a_duplicate_alone_is_named_so(kit: Kit) -> None:
    one = instance()
    assert failure(wanted([one, one]), kit).info is StatusInfo.DUPL_REF_INST


def test_an_unknown_profile_is_not_supported(kit: Kit) -> None:
    error = failure(wanted([instance()], "STD-{FOO}"), kit)
    assert error.info is StatusInfo.NOT_SUPPORTED
    assert error.failed[0].reason is FailureReason.PROFILE_NOT_SUPPORTED
    assert error.failed[0].attributes == (0x2200000C,)


def test_a_profile_without_a_station_is_not_supported(kit: Kit) -> None:
    poor = replace(kit, makeable={MediaKind.USB: 1 << 30})
    assert failure(wanted([instance()]), poor).info is StatusInfo.NOT_SUPPORTED
    assert failure(wanted([instance()], ""), poor).info is StatusInfo.NOT_SUPPORTED


def test_without_a_profile_the_default_is_made(kit: Kit) -> None:
    assert compose(wanted([instance()], ""), NAMING, kit).profile.identifier == "STD-GEN-CD"


class _Picky(Profile):
    """A profile that takes only MR."""

    identifier = "PRI-MR-CD"
    title = "MR only"
    formats = {MediaKind.CD_R: ("iso9660",)}  # noqa: RUF012
    directory_keys = ()

    def judge(self, subject: Any) -> AsIs | Transcode | Unfit:
        if subject.head.get("Modality") == "MR":
            return AsIs()
        return Unfit(FailureReason.PROFILE_INSTANCE_CONFLICT, "no MR", (0x00080060,))


def _with_picky(kit: Kit) -> Kit:
    ladder = MediaSettings(default_profiles=("PRI-MR-CD", "STD-GEN-CD"))
    return replace(kit, profiles={**kit.profiles, "PRI-MR-CD": _Picky()}, media=ladder)


@pytest.mark.parametrize(("name", "chosen"), [("MR_small.dcm", "PRI-MR-CD"), ("CT_small.dcm", "STD-GEN-CD")])
def test_the_ladder_takes_the_first_profile_that_everything_fits(kit: Kit, name: str, chosen: str) -> None:
    volume = compose(wanted([instance(name)], ""), NAMING, _with_picky(kit))
    assert volume.profile.identifier == chosen


def test_two_profiles_share_a_medium_and_each_judges_its_own(kit: Kit) -> None:
    some = [*wanted([instance("MR_small.dcm")], "PRI-MR-CD"), *wanted([instance()])]
    volume = compose(some, NAMING, _with_picky(kit))
    assert volume.profile.identifier == "PRI-MR-CD + STD-GEN-CD"
    assert len(volume.members) == 2
    bad = instance()
    error = failure([*wanted([bad], "PRI-MR-CD"), *wanted([instance()])], _with_picky(kit))
    assert reasons(error) == {bad.sop_instance: FailureReason.PROFILE_INSTANCE_CONFLICT}
    assert [item.profile for item in error.failed] == ["PRI-MR-CD"]


@pytest.mark.parametrize(
    ("other", "why"),
    [({"formats": {MediaKind.USB: ("fat",)}}, "in common"), ({"security": "media"}, "protect")],
)
def test_profiles_that_cannot_share_a_medium(kit: Kit, other: dict[str, Any], why: str) -> None:
    stranger = type("Stranger", (_Picky,), other)()
    crowd = _with_picky(kit)
    both = {MediaKind.CD_R: 10**9, MediaKind.USB: 10**9}
    crowd = replace(crowd, profiles={**crowd.profiles, "PRI-MR-CD": stranger}, makeable=both)
    crowd = replace(crowd, envelope=Envelope(()))
    error = failure([*wanted([instance("MR_small.dcm")], "PRI-MR-CD"), *wanted([instance()])], crowd)
    assert error.info is StatusInfo.INST_AP_CONFLICT
    assert set(reasons(error).values()) == {FailureReason.PROFILES_CONFLICT}
    assert why in error.failed[0].why


def test_what_a_profile_says_reaches_the_failed_item(kit: Kit) -> None:
    error = failure(wanted([instance()], "PRI-MR-CD"), _with_picky(kit))
    assert error.info is StatusInfo.INST_AP_CONFLICT
    assert error.failed[0].attributes == (0x00080060,)


def test_a_sop_class_that_media_are_not_made_of(kit: Kit) -> None:
    strict = replace(kit, media=MediaSettings(sop_classes=("1.2.840.10008.5.1.4.1.1.4",)))
    error = failure(wanted([instance()]), strict)
    assert error.info is StatusInfo.NOT_SUPPORTED
    assert error.failed[0].reason is FailureReason.SOP_CLASS_NOT_SUPPORTED


CONFLICTING: dict[str, dict[str, Any]] = {
    "birth date": {"PatientBirthDate": "19500101"},
    "sex": {"PatientSex": "F"},
    "family name": {"PatientName": "Other^Name"},
}


def _quarrel(**attributes: Any) -> list[Instance]:
    base = {"PatientName": "Muster^Eva", "PatientBirthDate": "19600101", "PatientSex": "O"}
    return [instance(**base), instance(**base), instance(**(base | attributes))]


@pytest.mark.parametrize("attributes", CONFLICTING.values(), ids=CONFLICTING.keys())
def test_case_112_people_who_disagree_fail_and_the_smaller_group_is_named(
    kit: Kit, attributes: dict[str, Any]
) -> None:
    some = _quarrel(**attributes)
    error = failure(wanted(some), kit)
    assert error.info is StatusInfo.PROC_FAILURE
    assert reasons(error) == {some[2].sop_instance: FailureReason.PROCESSING_FAILURE}
    assert error.failed[0].attributes


def test_compatible_spellings_are_one_patient(kit: Kit) -> None:
    some = [
        instance(PatientName="Muster^Eva"),
        instance(PatientName="MUSTER^EVA^^"),
        instance(PatientName=""),
    ]
    assert len(compose(wanted(some), NAMING, kit).patients) == 1


def test_a_conflict_can_be_held_or_allowed(kit: Kit) -> None:
    some = wanted(_quarrel(PatientSex="F"))
    with pytest.raises(IdentityHold) as held:
        compose(some, NAMING, replace(kit, identity=IdentitySettings(conflict="hold")))
    assert held.value.info is StatusInfo.CHECK_MCD_OP
    allowed = compose(some, NAMING, replace(kit, identity=IdentitySettings(conflict="allow")))
    assert len(allowed.members) == 3


def test_one_id_of_two_issuers_is_never_allowed(kit: Kit) -> None:
    some = wanted([instance(IssuerOfPatientID="A"), instance(IssuerOfPatientID="B", StudyInstanceUID="1.9")])
    error = failure(some, replace(kit, identity=IdentitySettings(conflict="allow")))
    assert error.info is StatusInfo.PROC_FAILURE
    assert 0x00100021 in error.failed[0].attributes


def test_several_people_can_be_forbidden(kit: Kit) -> None:
    some = [instance(), instance("MR_small.dcm")]
    error = failure(wanted(some), replace(kit, identity=IdentitySettings(several="fail")))
    assert reasons(error) == {some[1].sop_instance: FailureReason.PROCESSING_FAILURE}


def test_a_missing_key_can_fail_the_directory(kit: Kit) -> None:
    one = instance(StudyID="")
    assert compose(wanted([one]), NAMING, kit).members
    error = failure(wanted([one]), replace(kit, media=MediaSettings(missing_keys="fail")))
    assert error.info is StatusInfo.DIR_PROC_ERR
    assert error.failed[0].reason is FailureReason.MISSING_ATTRIBUTE_VALUE
    assert 0x00200010 in error.failed[0].attributes


def _capacity(kit: Kit, size: int) -> Kit:
    return replace(kit, makeable={MediaKind.CD_R: size})


def test_case_101_exactly_full_fits_and_a_sector_less_does_not(kit: Kit) -> None:
    some = wanted([instance(), instance()])
    size = compose(some, NAMING, kit).recipe.length
    assert isinstance(compose(some, NAMING, _capacity(kit, size)), Volume)
    error = failure(some, _capacity(kit, size - 2048))
    assert (error.info, error.failed) == (StatusInfo.SET_OVERSIZED, ())


def test_case_100_an_instance_that_alone_exceeds_the_medium_is_named(kit: Kit) -> None:
    some = [instance(), instance("MR_small.dcm")]
    alone = compose(wanted(some[1:]), NAMING, kit).recipe.length
    error = failure(wanted(some), _capacity(kit, alone))
    assert error.info is StatusInfo.INST_OVERSIZED
    assert reasons(error) == {some[0].sop_instance: FailureReason.INSTANCE_SIZE_EXCEEDED}
