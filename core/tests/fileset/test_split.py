"""Splitting a set over volumes: with the real ISO 9660 layout, of instances that need no pixels."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from burnish.contracts import AsIs, Cancel, Profile, Transcode
from burnish.errors import Cancelled, LayoutError, RequestFailed
from burnish.fileset import volume as volume_room
from burnish.fileset.compose import Kit, Volume, compose
from burnish.fileset.fit import Form
from burnish.fileset.media import MediaSettings
from burnish.fileset.naming import Naming
from burnish.fileset.select import Wanted
from burnish.fileset.settings import IdentitySettings
from burnish.instances.head import KeptHead
from burnish.instances.instance import Instance
from burnish.instances.scan import Scan
from burnish.media import SECTOR, MediaKind
from burnish.registry import Registry
from burnish.requests.store import Reference
from burnish.terms import EXPLICIT_VR_LE, FailureReason, StatusInfo
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

CT = "1.2.840.10008.5.1.4.1.1.2"
NAMING = Naming(
    file_set_id="SET", file_set_uid="1.2.3", token="TOKEN", made=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
)
KIB = 1024
REGISTRY = Registry.load(["profiles", "format-iso9660"])


def kit_of(capacity: int, **media: Any) -> Kit:
    """Discs of `capacity` bytes and these `[media]` keys."""
    formats = {name: (spec, spec.make({})) for name, spec in REGISTRY.formats.items()}
    makeable = {MediaKind.CD_R: capacity}
    return Kit(REGISTRY.profiles, formats, MediaSettings(**media), IdentitySettings(), makeable, _derive)


def _derive(asked: Sequence[tuple[Instance, str]], _: object) -> Iterator[Form]:
    return (Form(one.key + ".explicit", to, one.length, one.digest) for one, to in asked)


@lru_cache(maxsize=20_000)
def ct(number: int, *, patient: int = 1, issuer: str = "", study: int = 1, series: int = 1) -> Instance:
    """A CT instance of 40 KiB, by its place."""
    root = f"1.2.{patient}{len(issuer)}"
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = CT, f"{root}.{study}.{series}.{number}"
    ds.Modality, ds.PatientName, ds.PatientID = "CT", f"Person{patient}", f"P{patient}"
    if issuer:
        ds.IssuerOfPatientID = issuer
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{root}.{study}", f"{root}.{study}.{series}"
    ds.StudyID, ds.StudyDate, ds.StudyTime, ds.AccessionNumber = str(study), "20260101", "120000", ""
    ds.SeriesNumber, ds.InstanceNumber = series, number
    return _instance(ds)


def _instance(ds: Dataset) -> Instance:
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, False
    write_dataset(file, ds)
    body = file.getvalue()
    scan = Scan(EXPLICIT_VR_LE)
    scan.feed(body)
    found = scan.finish()
    return Instance(
        found.sop_instance,
        found.sop_class,
        found.sop_instance,
        found.study,
        found.series,
        EXPLICIT_VR_LE,
        40 * KIB,
        hashlib.sha256(body).digest(),
        KeptHead(found.head),
    )


def wanted(instances: Sequence[Instance], profile: str = "STD-GEN-CD") -> list[Wanted]:
    return [Wanted(Reference(one.sop_class, one.sop_instance, profile), one) for one in instances]


def split(instances: Sequence[Instance], kit: Kit) -> tuple[Volume, ...]:
    return compose(wanted(instances), NAMING, kit, may_split=True)


def failure(instances: Sequence[Instance], kit: Kit, *, may_split: bool = True) -> RequestFailed:
    with pytest.raises(RequestFailed) as caught:
        compose(wanted(instances), NAMING, kit, may_split=may_split)
    return caught.value


def on(volume: Volume) -> list[str]:
    """The instances of a volume, in its order."""
    return [member.placed.instance.sop_instance for member in volume.members]


def uids(instances: Sequence[Instance]) -> list[str]:
    return [one.sop_instance for one in instances]


def length(instances: Sequence[Instance], naming: Naming = NAMING) -> int:
    """Bytes of a volume that holds just these."""
    [volume] = compose(wanted(instances), naming, kit_of(1 << 40))
    return volume.recipe.length


@pytest.fixture
def layouts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many instances each layout had."""
    made: list[int] = []
    lay_out = volume_room.VolumeMaker.lay_out

    def counted(maker: volume_room.VolumeMaker, load: Any) -> Any:
        made.append(len(load))
        return lay_out(maker, load)

    monkeypatch.setattr(volume_room.VolumeMaker, "lay_out", counted)
    return made


PLACES = st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 3))
LOADS = st.lists(st.tuples(PLACES, st.integers(1, 120)), min_size=1, max_size=40)
"""For each instance its patient, study, series, and its KiB."""


def load_of(drawn: Sequence[tuple[tuple[int, int, int], int]]) -> list[Instance]:
    return [
        ct(number, patient=patient, study=study, series=series)._replace(length=size * KIB)
        for number, ((patient, study, series), size) in enumerate(drawn)
    ]


@settings(deadline=None, max_examples=40)
@given(drawn=LOADS, capacity=st.integers(100, 500))
def test_whatever_is_split_is_whole_and_fits(
    drawn: Sequence[tuple[tuple[int, int, int], int]], capacity: int
) -> None:
    """Union is the request, no instance stands twice, each volume fits, and the same input gives the same."""
    instances, kit = load_of(drawn), kit_of(capacity * SECTOR)
    volumes = split(instances, kit)
    placed = [uid for volume in volumes for uid in on(volume)]
    assert sorted(placed) == sorted(uids(instances))
    assert all(volume.recipe.length <= capacity * SECTOR for volume in volumes)
    assert all(volume.members for volume in volumes)
    assert [one.recipe.digest for one in split(instances, kit)] == [one.recipe.digest for one in volumes]


@settings(deadline=None, max_examples=40)
@given(drawn=LOADS, capacity=st.integers(100, 500))
def test_a_series_that_a_medium_holds_is_never_cut(
    drawn: Sequence[tuple[tuple[int, int, int], int]], capacity: int
) -> None:
    """And the order within each series is that of the request."""
    instances = load_of(drawn)
    volumes = split(instances, kit_of(capacity * SECTOR))
    for series in {one.series for one in instances}:
        members = [one for one in instances if one.series == series]
        parts = [[uid for uid in on(volume) if uid in set(uids(members))] for volume in volumes]
        assert [uid for part in parts for uid in part] == uids(members)
        if length(members) + SECTOR <= capacity * SECTOR:  # a sector, for names of other lengths
            assert sum(map(bool, parts)) == 1


@settings(deadline=None, max_examples=25)
@given(drawn=LOADS, capacity=st.integers(100, 300))
def test_a_volume_that_cuts_a_series_had_no_room_for_one_more(
    drawn: Sequence[tuple[tuple[int, int, int], int]], capacity: int
) -> None:
    instances = {one.sop_instance: one for one in load_of(drawn)}
    volumes = split(list(instances.values()), kit_of(capacity * SECTOR))
    for before, after in pairwise(volumes):
        last, first = instances[on(before)[-1]], instances[on(after)[0]]
        if last.series == first.series:
            more = [*(instances[uid] for uid in on(before)), first]
            assert length(more, before.naming) > capacity * SECTOR


def test_case_101_exactly_full_is_one_volume_and_a_sector_less_makes_two() -> None:
    instances = [ct(number) for number in range(10)]
    full = length(instances)
    assert [len(volume.members) for volume in split(instances, kit_of(full))] == [10]
    assert [len(volume.members) for volume in split(instances, kit_of(full - SECTOR))] == [9, 1]


def test_case_97_volumes_are_numbered_and_named_apart() -> None:
    instances = [ct(number) for number in range(10)]
    volumes = split(instances, kit_of(length(instances[:4]) + SECTOR))
    assert [len(volume.members) for volume in volumes] == [4, 4, 2]
    namings = [volume.naming for volume in volumes]
    assert [naming.file_set_id for naming in namings] == ["SET_1", "SET_2", "SET_3"]
    assert namings[0].file_set_uid == NAMING.file_set_uid
    assert namings[0].token == NAMING.token
    assert len({naming.file_set_uid for naming in namings}) == 3
    assert len({naming.token for naming in namings}) == 3


@pytest.mark.parametrize(
    ("given", "number", "name"),
    [
        ("SET", 1, "SET_1"),
        ("A23456789_123456", 2, "A23456789_1234_2"),
        ("A23456789_123456", 12, "A23456789_123_12"),
        ("", 3, "_3"),
    ],
)
def test_a_file_set_id_is_cut_for_its_number(given: str, number: int, name: str) -> None:
    assert replace(NAMING, file_set_id=given).numbered(number).file_set_id == name


def test_case_103_each_volume_has_its_own_directory() -> None:
    volumes = split([ct(number) for number in range(10)], kit_of(300 * KIB))
    for volume in volumes:
        directory = dcmread(BytesIO(volume.tree.entries[0].content[0].data))  # type: ignore[union-attr]
        assert directory.FileSetID == volume.naming.file_set_id
        assert directory.file_meta.MediaStorageSOPInstanceUID == volume.naming.file_set_uid
        named = [record.get("ReferencedSOPInstanceUIDInFile") for record in directory.DirectoryRecordSequence]
        assert [uid for uid in named if uid] == on(volume)


def test_case_103_series_and_studies_stay_whole_where_they_fit() -> None:
    """Room for six: a study of four, one of three, one of nine in series of two, four and three."""
    room = kit_of(length([ct(number) for number in range(6)]) + 2 * SECTOR)
    first = [ct(number) for number in range(4)]
    second = [ct(number, study=2) for number in range(3)]
    third = [
        ct(number, study=3, series=series)
        for series, count in ((1, 2), (2, 4), (3, 3))
        for number in range(count)
    ]
    volumes = split([*first, *second, *third], room)
    assert [on(volume) for volume in volumes] == [
        uids(first),
        uids([*second, *third[:2]]),
        uids(third[2:6]),
        uids(third[6:]),
    ]


def test_case_113_a_series_larger_than_a_medium_is_cut_and_what_follows_goes_on() -> None:
    room = kit_of(length([ct(number) for number in range(4)]) + 2 * SECTOR)
    large = [ct(number) for number in range(9)]
    small = [ct(number, series=2) for number in range(2)]
    volumes = split([*large, *small], room)
    assert [on(volume) for volume in volumes] == [uids(large[:4]), uids(large[4:8]), uids([large[8], *small])]


def test_what_belongs_together_is_gathered() -> None:
    """Two series that take turns in the request."""
    turns = [ct(number, series=1 + number % 2) for number in range(8)]
    volumes = split(turns, kit_of(length(turns[::2]) + SECTOR))
    assert [on(volume) for volume in volumes] == [uids(turns[::2]), uids(turns[1::2])]


def test_case_96_what_may_not_be_split_is_oversized() -> None:
    error = failure([ct(number) for number in range(10)], kit_of(300 * KIB), may_split=False)
    assert (error.info, error.failed) == (StatusInfo.SET_OVERSIZED, ())


def test_case_104_where_nothing_is_split_a_request_that_allows_it_is_oversized() -> None:
    error = failure([ct(number) for number in range(10)], kit_of(300 * KIB, splitting="never"))
    assert (error.info, error.failed) == (StatusInfo.SET_OVERSIZED, ())


@pytest.mark.parametrize(("volumes", "fails"), [(3, False), (2, True), (1, True)])
def test_more_volumes_than_a_request_may_have(volumes: int, fails: bool) -> None:
    instances = [ct(number) for number in range(10)]
    kit = kit_of(length(instances[:4]) + SECTOR, max_volumes=volumes)
    if fails:
        assert failure(instances, kit).info is StatusInfo.SET_OVERSIZED
    else:
        assert len(split(instances, kit)) == volumes


def test_case_100_every_instance_that_is_too_large_alone_is_named() -> None:
    instances = [ct(number) for number in range(6)]
    for place in (1, 4):
        instances[place] = instances[place]._replace(length=400 * KIB)
    error = failure(instances, kit_of(300 * KIB))
    assert error.info is StatusInfo.INST_OVERSIZED
    assert {item.sop_instance for item in error.failed} == {uids(instances)[1], uids(instances)[4]}
    assert {item.reason for item in error.failed} == {FailureReason.INSTANCE_SIZE_EXCEEDED}


def test_an_instance_that_only_its_volume_does_not_hold_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A volume whose names are longer may need a sector more than the instance was found to need alone."""
    monkeypatch.setattr("burnish.fileset.compose.check_each", lambda *_: None)
    instances = [ct(number) for number in range(6)]
    instances[4] = instances[4]._replace(length=250 * KIB)
    error = failure(instances, kit_of(300 * KIB))
    assert error.info is StatusInfo.INST_OVERSIZED
    assert [item.sop_instance for item in error.failed] == [instances[4].sop_instance]


def test_every_missing_key_is_told_of_whatever_volume_it_is_on() -> None:
    instances = []
    for number in range(10):
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = CT, f"1.3.{number}", "CT"
        ds.PatientName, ds.PatientID = "A", "A"
        ds.StudyInstanceUID, ds.SeriesInstanceUID = f"1.3.{number}.1", f"1.3.{number}.2"
        instances.append(_instance(ds))
    error = failure(instances, kit_of(300 * KIB, missing_keys="fail"))
    assert error.info is StatusInfo.DIR_PROC_ERR
    assert {item.sop_instance for item in error.failed} == set(uids(instances))


def test_case_112_two_issuers_of_one_id_go_on_volumes_of_their_own() -> None:
    ours = [ct(number, issuer="A") for number in range(2)]
    theirs = [ct(number, issuer="BB", study=2) for number in range(2)]
    other = [ct(1, patient=2)]
    volumes = split([*ours, *theirs, *other], kit_of(1 << 30))
    assert [on(volume) for volume in volumes] == [uids([*ours, *other]), uids(theirs)]
    assert [volume.naming.file_set_id for volume in volumes] == ["SET_1", "SET_2"]
    assert failure([*ours, *theirs], kit_of(1 << 30), may_split=False).info is StatusInfo.PROC_FAILURE
    assert failure([*ours, *theirs], kit_of(1 << 30, splitting="never")).info is StatusInfo.PROC_FAILURE


def test_case_112_people_of_two_issuers_need_not_agree_but_those_of_one_must() -> None:
    ours = [ct(number, issuer="A") for number in range(2)]
    theirs = [_renamed("Else", number) for number in range(2)]
    assert len(split([*ours, *theirs], kit_of(1 << 30))) == 2
    error = failure([*ours, *theirs, _renamed("Other", 3)], kit_of(1 << 30))
    assert error.info is StatusInfo.PROC_FAILURE
    assert [item.sop_instance for item in error.failed] == ["1.4.3"]
    assert error.failed[0].attributes == (0x00100010,)


def _renamed(name: str, number: int, study: str = "1.4") -> Instance:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = CT, f"1.4.{number}", "CT"
    ds.PatientName, ds.PatientID, ds.IssuerOfPatientID = name, "P1", "BB"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.StudyID = study, f"{study}.1", "1"
    return _instance(ds)


def test_case_112_one_study_of_two_issuers_is_a_mistake_and_no_two_people() -> None:
    ours = ct(1, issuer="A")
    error = failure([ours, ct(2, issuer="A"), _renamed("Person1", 3, ours.study)], kit_of(1 << 30))
    assert error.info is StatusInfo.PROC_FAILURE
    assert [item.sop_instance for item in error.failed] == ["1.4.3"]


class _Any(Profile):
    """Takes anything, on media of several kinds."""

    title = "anything"
    directory_keys = ()
    identifier = ""
    kinds: Sequence[MediaKind] = ()

    @property
    def formats(self) -> dict[MediaKind, tuple[str, ...]]:
        return dict.fromkeys(self.kinds, ("iso9660",))

    def judge(self, subject: Any) -> AsIs | Transcode:
        return AsIs()


def any_profile(name: str, *kinds: MediaKind) -> Profile:
    made = _Any()
    vars(made).update(identifier=name, kinds=kinds)
    return made


SMALL, LARGE = MediaKind.DVD_RAM, MediaKind.DVD_R


def two_kinds(small: int, large: int, *defaults: Profile) -> Kit:
    """A profile that prefers the small kind."""
    profiles = {one.identifier: one for one in (*defaults, any_profile("PRI-BOTH", SMALL, LARGE))}
    names = tuple(one.identifier for one in defaults) or ("PRI-BOTH",)
    kit = kit_of(1, default_profiles=names)
    return replace(kit, profiles=profiles, makeable={SMALL: small, LARGE: large})


@pytest.mark.parametrize(
    ("count", "kind", "volumes"), [(3, SMALL, 1), (6, LARGE, 1), (14, LARGE, 2), (1, SMALL, 1)]
)
def test_fewest_volumes_first_then_the_preferred_kind(count: int, kind: MediaKind, volumes: int) -> None:
    instances = [ct(number) for number in range(count)]
    kit = two_kinds(300 * KIB, 600 * KIB)
    made = compose(wanted(instances, "PRI-BOTH"), NAMING, kit, may_split=True)
    assert {volume.medium for volume in made} == {kind}
    assert len(made) == volumes


def test_the_preferred_kind_where_it_takes_as_many() -> None:
    instances = [ct(number) for number in range(12)]
    kit = two_kinds(length(instances[:8]) + SECTOR, length(instances[:10]) + SECTOR)
    made = compose(wanted(instances, "PRI-BOTH"), NAMING, kit, may_split=True)
    assert [(volume.medium, len(volume.members)) for volume in made] == [(SMALL, 8), (SMALL, 4)]


@pytest.mark.parametrize(
    ("count", "chosen", "volumes"), [(3, "PRI-SMALL", 1), (6, "PRI-LARGE", 1), (30, "PRI-LARGE", 3)]
)
def test_the_ladder_takes_the_first_profile_that_needs_no_split(
    count: int, chosen: str, volumes: int, layouts: list[int]
) -> None:
    """Else the last; a medium that the bytes alone exceed costs no layout."""
    instances = [ct(number) for number in range(count)]
    kit = two_kinds(200 * KIB, 600 * KIB, any_profile("PRI-SMALL", SMALL), any_profile("PRI-LARGE", LARGE))
    made = compose(wanted(instances, ""), NAMING, kit, may_split=True)
    assert [volume.profile.identifier for volume in made] == [chosen] * volumes
    assert layouts.count(count) <= 1


def test_the_ladder_is_exact_to_the_sector() -> None:
    instances = [ct(number) for number in range(5)]
    full = length(instances)
    profiles = any_profile("PRI-SMALL", SMALL), any_profile("PRI-LARGE", LARGE)
    for capacity, chosen in ((full, "PRI-SMALL"), (full - SECTOR, "PRI-LARGE")):
        kit = two_kinds(capacity, 1 << 30, *profiles)
        [made] = compose(wanted(instances, ""), NAMING, kit)
        assert made.profile.identifier == chosen


def test_few_layouts_make_a_plan_of_many_instances(layouts: list[int]) -> None:
    """2,000 instances of 8 KiB in 40 series over five volumes."""
    instances = [
        ct(number, study=1 + number // 500, series=number // 50)._replace(length=8 * KIB)
        for number in range(2000)
    ]
    volumes = split(instances, kit_of(2000 * 10 * KIB // 5))
    assert 5 <= len(volumes) <= 6
    assert len(layouts) <= 6 * len(volumes)
    assert sum(layouts) <= 5 * len(instances)


@pytest.mark.parametrize("looks", [0, 1, 4])
def test_a_plan_that_is_cancelled_stops_before_the_next_layout(looks: int, layouts: list[int]) -> None:
    answers = iter([False] * looks)
    cancel = Cancel(lambda: next(answers, True))
    with pytest.raises(Cancelled):
        compose(wanted([ct(n) for n in range(20)]), NAMING, kit_of(300 * KIB), may_split=True, cancel=cancel)
    assert len([count for count in layouts if count > 1]) <= looks


def test_a_set_that_a_format_cannot_hold_at_once_is_split(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layout that takes no more than three instances, whatever their bytes."""
    lay_out = volume_room.VolumeMaker.lay_out

    def narrow(maker: volume_room.VolumeMaker, load: Any) -> Any:
        if len(load) > 3:
            raise LayoutError("too many files")
        return lay_out(maker, load)

    monkeypatch.setattr(volume_room.VolumeMaker, "lay_out", narrow)
    instances = [ct(number) for number in range(8)]
    assert [len(volume.members) for volume in split(instances, kit_of(1 << 30))] == [3, 3, 2]
    assert failure(instances, kit_of(1 << 30), may_split=False).info is StatusInfo.PROC_FAILURE
