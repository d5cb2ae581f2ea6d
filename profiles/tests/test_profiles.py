"""The data files against the standard's numbers, and the interpreter against every kind of rule."""

import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from burnish.contracts import AsIs, DirectoryKey, Profile, Subject, Transcode, Unfit
from burnish.errors import PluginError
from burnish.media import MediaKind
from burnish.terms import DEFLATED, EXPLICIT_VR_BE, EXPLICIT_VR_LE, IMPLICIT_VR_LE, FailureReason
from burnish_profiles import burnish_profiles
from burnish_profiles.profile import TableProfile
from burnish_profiles.tables import Constraint, Table, load, load_from
from pydicom.datadict import tag_for_keyword
from pydicom.uid import UID

CT = "1.2.840.10008.5.1.4.1.1.2"
XA = "1.2.840.10008.5.1.4.1.1.12.1"
PROTOCOL = "1.2.840.10008.5.1.4.1.1.200.1"
UNKNOWN_TO_PYDICOM = {
    "1.2.840.10008.5.1.4.1.1.66.7": "Label Map Segmentation Storage",
    "1.2.840.10008.5.1.4.1.1.66.8": "Height Map Segmentation Storage",
    "1.2.840.10008.5.1.4.1.1.9.100.1": "Waveform Presentation State Storage",
    "1.2.840.10008.5.1.4.1.1.9.100.2": "Waveform Acquisition Presentation State Storage",
}
"""Classes of PS3.6 Table A-1 that its dictionary does not have."""
COLOURS = ("MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL_422", "YBR_FULL", "YBR_PARTIAL_420", "YBR_ICT")
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
MPEG2 = "1.2.840.10008.1.2.4.100"


def the(identifier: str) -> Profile:
    return next(profile for profile in burnish_profiles() if profile.identifier == identifier)


def subject(sop_class: str = CT, syntax: str = EXPLICIT_VR_LE, **head: object) -> Subject:
    return Subject(sop_class, syntax, head, (EXPLICIT_VR_LE,) if syntax == IMPLICIT_VR_LE else ())


def test_general_purpose_cd_is_as_annex_d_has_it() -> None:
    profile = the("STD-GEN-CD")
    assert profile.title == "General Purpose CD-R Interchange"
    assert list(profile.media) == [MediaKind.CD_R]
    assert profile.formats == {MediaKind.CD_R: ("iso9660",)}
    assert list(profile.directory_keys) == [
        DirectoryKey("ImageType", ("IMAGE",), "1C"),
        DirectoryKey("ReferencedImageSequence", ("IMAGE",), "1C"),
    ]


@pytest.mark.parametrize("table", load(), ids=lambda table: table.identifier)
def test_every_profile_keeps_the_contract(table: Table) -> None:
    profile = TableProfile(table)
    assert re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)*", profile.identifier)
    assert profile.title
    assert profile.media
    assert profile.formats
    assert all(tag_for_keyword(key.keyword) for key in profile.directory_keys)
    assert all(tag_for_keyword(rule.keyword) == rule.tag for rule in table.constraints)
    assert all(rule.classes in table.classes for rule in table.syntaxes + table.constraints)
    assert re.match(r"PS3\.11 [A-N]\.", table.source)


@pytest.mark.parametrize("profile", burnish_profiles(), ids=lambda profile: profile.identifier)
def test_content_is_what_is_judged(profile: Profile) -> None:
    """Classes and syntaxes are stated exactly where an instance of them can be taken."""
    classes = set().union(*(content.sop_classes for content in profile.content))
    syntaxes = {uid for content in profile.content for uid in content.transfer_syntaxes}
    stated = {
        (sop_class, uid)
        for content in profile.content
        for sop_class in content.sop_classes
        for uid in content.transfer_syntaxes
    }
    taken = {(a, b) for a in classes for b in syntaxes if _is_taken(profile, a, b)}
    assert taken == stated
    assert not _is_taken(profile, "1.2.3", next(iter(syntaxes)))


def _is_taken(profile: Profile, sop_class: str, syntax: str) -> bool:
    """Whether class and syntax are taken of some instance with frames."""
    colours = (
        "MONOCHROME2",
        "PALETTE COLOR",
        "RGB",
        "YBR_FULL_422",
        "YBR_FULL",
        "YBR_PARTIAL_420",
        "YBR_ICT",
    )
    for colour in colours:
        fit = profile.judge(
            Subject(sop_class, syntax, {"NumberOfFrames": 2, "PhotometricInterpretation": colour})
        )
        wrong = isinstance(fit, Unfit) and (
            fit.reason is FailureReason.PROFILE_COMPRESSION_CONFLICT
            or {0x00080016, 0x00280004} & set(fit.attributes)
        )
        if not wrong:
            return True
    return False


def test_identifiers_are_unique() -> None:
    names = [profile.identifier for profile in burnish_profiles()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("uid", sorted(load()[0].classes["any-media-storage"]))
def test_every_class_is_a_storage_class_by_its_own_name(uid: str) -> None:
    data = (files("burnish_profiles") / "data" / "classes.toml").read_text()
    found = re.search(rf'^"{re.escape(uid)}" = "(.*)"$', data, re.MULTILINE)
    assert found
    assert UID(uid).type == "SOP Class" or uid in UNKNOWN_TO_PYDICOM
    assert found[1] in UNKNOWN_TO_PYDICOM.get(uid, UID(uid).name)


def test_explicit_little_endian_stands_as_it_is() -> None:
    assert the("STD-GEN-CD").judge(subject()) == AsIs()


def test_implicit_little_endian_is_transcoded() -> None:
    assert the("STD-GEN-CD").judge(subject(syntax=IMPLICIT_VR_LE)) == Transcode(EXPLICIT_VR_LE)


@pytest.mark.parametrize("syntax", [JPEG_LOSSLESS, EXPLICIT_VR_BE, DEFLATED, MPEG2, ""])
def test_every_other_syntax_is_a_compression_conflict(syntax: str) -> None:
    fit = the("STD-GEN-CD").judge(subject(syntax=syntax))
    assert isinstance(fit, Unfit)
    assert fit.reason is FailureReason.PROFILE_COMPRESSION_CONFLICT
    assert fit.attributes == (0x00020010,)
    assert "STD-GEN-CD" in fit.why


@pytest.mark.parametrize("sop_class", [PROTOCOL, "1.2.840.10008.1.3.10", "1.2.3", ""])
@pytest.mark.parametrize("syntax", [EXPLICIT_VR_LE, IMPLICIT_VR_LE, JPEG_LOSSLESS])
def test_a_class_without_directory_record_does_not_fit(sop_class: str, syntax: str) -> None:
    fit = the("STD-GEN-CD").judge(subject(sop_class, syntax))
    assert isinstance(fit, Unfit)
    assert fit.reason is FailureReason.PROFILE_INSTANCE_CONFLICT
    assert fit.attributes == (0x00080016,)


CARDIAC = """
[STD-XABC-CD]
title = "Basic Cardiac X-Ray Angiographic"
source = "PS3.11 A.3"
media = "cd"
syntaxes = "xa"
constraints = "xa"
keys = "A"
icons = "cardiac"
roles = ["FSC"]
security = ""
"""

CARDIAC_RULES = """
[syntaxes.xa]
rows = [
    { classes = "xa", uids = ["1.2.840.10008.1.2.4.70"] },
    { classes = "xa", uids = ["1.2.840.10008.1.2.4.100"], multiframe = true },
    { classes = "video", uids = ["1.2.840.10008.1.2.4.100"], multiframe = true },
]
[constraints.xa]
rows = [
    { classes = "xa", keyword = "Modality", op = "equals", values = ["XA"] },
    { classes = "xa", keyword = "Rows", op = "at-most", values = [512] },
    { classes = "xa", keyword = "BitsStored", op = "one-of", values = [8, 10] },
    { classes = "xa", keyword = "HighBit", op = "minus-one", of = "BitsStored" },
    { classes = "xa", keyword = "DetectorID", op = "present", when = {BitsStored = [10]} },
]
[keys.A]
rows = [{ keyword = "PatientSex", records = ["PATIENT"], type = "2" }]
[icons.cardiac]
requirement = "required"
records = ["IMAGE"]
size = 128
"""

CARDIAC_CLASSES = """
[xa.uids]
"1.2.840.10008.5.1.4.1.1.12.1" = "XA"
[video.uids]
"1.2.3.4" = "Video"
"""

CARDIAC_MEDIA = """
[cd]
source = "PS3.12 F"
kinds = { "CD-R" = ["iso9660"] }
"""

GOOD = {"Modality": "XA", "Rows": 512, "BitsStored": 8, "HighBit": 7}


def write(folder: Path, profiles: str = CARDIAC, rules: str = CARDIAC_RULES) -> Path:
    texts = {"profiles": profiles, "media": CARDIAC_MEDIA, "rules": rules, "classes": CARDIAC_CLASSES}
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text)
    return folder


@pytest.fixture
def cardiac(tmp_path: Path) -> TableProfile:
    return TableProfile(load_from(write(tmp_path))[0])


def test_a_profile_with_every_part(cardiac: TableProfile) -> None:
    assert list(cardiac.directory_keys) == [DirectoryKey("PatientSex", ("PATIENT",), "2")]
    assert cardiac.icon is not None
    assert cardiac.icon.required
    assert cardiac.icon.size == 128
    assert cardiac.judge(subject(XA, JPEG_LOSSLESS, **GOOD)) == AsIs()


@pytest.mark.parametrize(
    ("change", "tag"),
    [
        ({"Modality": "CT"}, 0x00080060),
        ({"Modality": None}, 0x00080060),
        ({"Modality": ("XA", "XA")}, 0x00080060),
        ({"Rows": 513}, 0x00280010),
        ({"Rows": None}, 0x00280010),
        ({"BitsStored": 9, "HighBit": 8}, 0x00280101),
        ({"HighBit": 8}, 0x00280102),
        ({"HighBit": None}, 0x00280102),
        ({"BitsStored": 10, "HighBit": 9}, 0x0018700A),
    ],
)
def test_each_constraint_names_its_attribute(
    cardiac: TableProfile, change: dict[str, object], tag: int
) -> None:
    fit = cardiac.judge(subject(XA, JPEG_LOSSLESS, **GOOD | change))
    assert isinstance(fit, Unfit)
    assert fit.reason is FailureReason.PROFILE_INSTANCE_CONFLICT
    assert fit.attributes == (tag,)


def test_an_attribute_that_must_be_present_may_be_empty(cardiac: TableProfile) -> None:
    head = GOOD | {"BitsStored": 10, "HighBit": 9, "DetectorID": None}
    assert cardiac.judge(subject(XA, JPEG_LOSSLESS, **head)) == AsIs()


def test_everything_that_is_broken_is_named_at_once(cardiac: TableProfile) -> None:
    fit = cardiac.judge(subject(XA, JPEG_LOSSLESS, **GOOD | {"Modality": "CT", "Rows": 1024}))
    assert isinstance(fit, Unfit)
    assert fit.attributes == (0x00080060, 0x00280010)


def test_video_is_for_instances_with_frames(cardiac: TableProfile) -> None:
    one, many = subject(XA, MPEG2, **GOOD), subject(XA, MPEG2, NumberOfFrames=9, **GOOD)
    assert isinstance(cardiac.judge(one), Unfit)
    assert cardiac.judge(many) == AsIs()


def test_a_class_that_is_held_as_video_alone_needs_frames(cardiac: TableProfile) -> None:
    fit = cardiac.judge(subject("1.2.3.4", MPEG2))
    assert isinstance(fit, Unfit)
    assert fit.attributes == (0x00280008,)


def test_implicit_is_not_derived_for_a_profile_without_explicit(cardiac: TableProfile) -> None:
    fit = cardiac.judge(subject(XA, IMPLICIT_VR_LE, **GOOD))
    assert isinstance(fit, Unfit)
    assert fit.reason is FailureReason.PROFILE_COMPRESSION_CONFLICT


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('syntaxes = "xa"', 'syntaxes = "ax"'),
        ('icons = "cardiac"', 'icons = "heart"'),
        ('media = "cd"', 'media = "disc"'),
        ('security = ""', 'security = ""\ncolour = "red"'),
        ('roles = ["FSC"]', ""),
    ],
)
def test_a_fault_in_the_data_names_the_profile(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(PluginError, match="STD-XABC-CD"):
        load_from(write(tmp_path, CARDIAC.replace(old, new)))


def test_a_rule_that_names_no_class_set_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="nobody"):
        load_from(write(tmp_path, rules=CARDIAC_RULES.replace('"video"', '"nobody"')))


def test_a_keyword_that_does_not_suit_its_op_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="STD-XABC-CD"):
        load_from(write(tmp_path, rules=CARDIAC_RULES.replace('op = "at-most"', 'op = "below"')))


def test_constraints_do_not_concern_other_classes(cardiac: TableProfile) -> None:
    rule = Constraint(classes="video", keyword="Rows", op="present")
    other = TableProfile(cardiac.table.model_copy(update={"constraints": (rule,)}))
    assert other.judge(replace(subject(XA, JPEG_LOSSLESS), head={})) == AsIs()
