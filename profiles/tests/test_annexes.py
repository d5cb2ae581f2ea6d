"""Every profile of PS3.11 takes what its annex takes and refuses what breaks each of its constraints.

The expectations stand here as the annexes have them, apart from the data files: SOP classes, transfer
syntaxes, media, constraints, keys, one table each.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from burnish.contracts import AsIs, Profile, Subject, Transcode, Unfit
from burnish.media import MediaKind
from burnish.terms import EXPLICIT_VR_LE, IMPLICIT_VR_LE, FailureReason
from burnish_profiles import burnish_profiles

CT, MR, SC, XA = (f"1.2.840.10008.5.1.4.1.1.{last}" for last in ("2", "4", "7", "12.1"))
US, US_MULTI, GSPS, DOSE = (f"1.2.840.10008.5.1.4.1.1.{last}" for last in ("6.1", "3.1", "11.1", "88.67"))
DX, DX_PROCESSING, IO, DISPLAY = (
    f"1.2.840.10008.5.1.4.1.1.{last}" for last in ("1.1", "1.1.1", "1.3", "131")
)
VIDEO = "1.2.840.10008.5.1.4.1.1.77.1.1.1"
E, RLE, J50, J51, J70, K90, K91 = (
    f"1.2.840.10008.1.2.{last}" for last in ("1", "5", "4.50", "4.51", "4.70", "4.90", "4.91")
)
MPEG = {f"1.2.840.10008.1.2.4.{last}" for last in range(100, 107)}
EVERY = {E, RLE, J50, J51, J70, K90, K91, *MPEG, IMPLICIT_VR_LE, "1.2.840.10008.1.2.4.80"}

PROFILES: Mapping[str, Profile] = {profile.identifier: profile for profile in burnish_profiles()}


def the(pattern: str) -> list[str]:
    """Identifiers by a pattern with one choice in braces: `STD-GEN-{CD,BD}`."""
    head, brace, rest = pattern.partition("{")
    if not brace:
        return [pattern]
    middle, _, tail = rest.partition("}")
    return [found for choice in middle.split(",") for found in the(head + choice + tail)]


MEDIA = {
    "STD-{XABC,XA1K,GEN,GEN-SEC,CTMR,DEN}-CD": {MediaKind.CD_R: "iso9660"},
    "STD-US-{ID,SC,CC}-{SF,MF}-CDR": {MediaKind.CD_R: "iso9660"},
    "STD-{XA1K,CTMR}-DVD": {MediaKind.DVD_R: "bridge", MediaKind.DVD_R_DL: "bridge"},
    "STD-US-{ID,SC,CC}-{SF,MF}-DVD": {MediaKind.DVD_R: "bridge", MediaKind.DVD_R_DL: "bridge"},
    "STD-GEN-{,SEC-}DVD-{JPEG,J2K}": {MediaKind.DVD_R: "bridge", MediaKind.DVD_R_DL: "bridge"},
    "STD-DVD-{,SEC-}MPEG2-MPML": {MediaKind.DVD_R: "bridge", MediaKind.DVD_R_DL: "bridge"},
    "STD-{GEN,GEN-SEC,CTMR}-DVD-RAM": {MediaKind.DVD_RAM: "udf150"},
    "STD-US-{ID,SC,CC}-{SF,MF}-DVD-RAM": {MediaKind.DVD_RAM: "udf150"},
    "STD-US-{ID,SC,CC}-{SF,MF}-MOD23-90": {MediaKind.MOD: "fat16-unpartitioned"},
    "STD-CTMR-MOD41": {MediaKind.MOD: "fat16-unpartitioned"},
    "STD-GEN-{,SEC-}BD{,-JPEG,-J2K,-MPEG2-MPML,-MPEG2-MPHL,-MPEG4-HPLV41,-MPEG4-HPLV41BD,-MPEG4-HPLV42-2D,"
    "-MPEG4-HPLV42-3D,-MPEG4-SHPLV42}": {
        MediaKind.BD_R: "udf260",
        MediaKind.BD_R_DL: "udf260",
        MediaKind.BD_RE: "udf250",
    },
    "STD-GEN-{,SEC-}USB-{JPEG,J2K}": {MediaKind.USB: "fat"},
    "STD-GEN-{,SEC-}CF-{JPEG,J2K}": {MediaKind.CF: "fat"},
    "STD-GEN-{,SEC-}MMC-{JPEG,J2K}": {MediaKind.MMC: "fat16"},
    "STD-GEN-{,SEC-}SD-{JPEG,J2K}": {MediaKind.SD: "fat16"},
    "STD-{GEN,GEN-SEC,DTL-SEC}-ZIP-MAIL": {MediaKind.ZIP: "zip"},
    "STD-GEN-MIME": {MediaKind.MIME: "mime"},
}
ON = {name: media for pattern, media in MEDIA.items() for name in the(pattern)}


def test_there_are_82() -> None:
    assert len(PROFILES) == 82
    assert PROFILES.keys() == ON.keys()


@pytest.mark.parametrize("name", sorted(ON))
def test_media_and_file_systems(name: str) -> None:
    """The preferred format on each kind of medium."""
    assert {medium: names[0] for medium, names in PROFILES[name].formats.items()} == ON[name]


@pytest.mark.parametrize("name", sorted(ON))
def test_security(name: str) -> None:
    wanted = "" if "SEC" not in name.split("-") else "mail" if "MAIL" in name else "media"
    assert PROFILES[name].security == wanted


# --- SOP classes and transfer syntaxes ----------------------------------------------------------------

XA_IMAGE = {"Modality": "XA", "Rows": 512, "Columns": 512, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
GREY = {"PhotometricInterpretation": "MONOCHROME2", "SamplesPerPixel": 1, "PixelRepresentation": 0}
CAPTURE = GREY | {"Modality": "OT", "Rows": 512, "Columns": 512} | {
    "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7
}  # fmt: skip
REGION = dict.fromkeys(
    [
        "RegionSpatialFormat",
        "RegionDataType",
        "RegionFlags",
        "RegionLocationMinX0",
        "RegionLocationMinY0",
        "RegionLocationMaxX1",
        "RegionLocationMaxY1",
        "PhysicalUnitsXDirection",
        "PhysicalUnitsYDirection",
        "PhysicalDeltaX",
        "PhysicalDeltaY",
        "PixelComponentOrganization",
        "PixelComponentPhysicalUnits",
        "PixelComponentDataType",
    ],
    1,
)
SCAN = GREY | {"SequenceOfUltrasoundRegions": (REGION, REGION)}
TOOTH = {"BitsStored": 12, "BitsAllocated": 16} | dict.fromkeys(
    [
        "InstitutionName",
        "ManufacturerModelName",
        "DetectorID",
        "DetectorManufacturerName",
        "DetectorManufacturerModelName",
    ]
)
CT_IMAGE = GREY | {"Modality": "CT", "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11}
MR_IMAGE = CT_IMAGE | {"Modality": "MR"}
HEADS: Mapping[str, Mapping[str, Any]] = {
    XA: GREY | XA_IMAGE,
    SC: CAPTURE,
    US: SCAN,
    US_MULTI: SCAN | {"NumberOfFrames": 3},
    CT: CT_IMAGE,
    MR: MR_IMAGE,
    DX: TOOTH,
    IO: TOOTH,
    VIDEO: {"NumberOfFrames": 50},
}

ANY = {"any": {E}}
SYNTAXES: Mapping[str, Mapping[str, set[str]]] = {
    "STD-XABC-CD": {XA: {J70}},
    "STD-XA1K-CD": {XA: {J70}, SC: {E}, GSPS: {E}},
    "STD-XA1K-DVD": {XA: {J70, J50, J51}, SC: {E}, GSPS: {E}},
    "STD-US-{ID,SC,CC}-SF-{CDR,DVD,DVD-RAM,MOD23-90}": {US: {E, RLE}},
    "STD-US-{ID,SC,CC}-MF-{CDR,DVD,DVD-RAM,MOD23-90}": {US: {E, RLE}, US_MULTI: {E, RLE}},
    "STD-GEN-{,SEC-}{CD,DVD-RAM,BD}": ANY,
    "STD-CTMR-{CD,DVD-RAM,DVD,MOD41}": {CT: {E, J70}, MR: {E, J70}, SC: {E, J70}, GSPS: {E}, DOSE: {E}},
    "STD-GEN-{,SEC-}{DVD,USB,MMC,CF,SD,BD}-JPEG": {"any": {E, J70, J50, J51}},
    "STD-GEN-{,SEC-}{DVD,USB,MMC,CF,SD,BD}-J2K": {"any": {E, K90, K91}},
    "STD-DVD-{,SEC-}MPEG2-MPML": {"frames": {"1.2.840.10008.1.2.4.100"}},
    "STD-DEN-CD": {DX: {E}, IO: {E}, DISPLAY: {E}, GSPS: {E}},
    "STD-DTL-SEC-ZIP-MAIL": {DX: {E}, IO: {E}},
    "STD-GEN-{,SEC-}BD-MPEG2-MPML": ANY | {"frames": {E, "1.2.840.10008.1.2.4.100"}},
    "STD-GEN-{,SEC-}BD-MPEG2-MPHL": ANY | {"frames": {E, "1.2.840.10008.1.2.4.101"}},
    "STD-GEN-{,SEC-}BD-MPEG4-HPLV41": ANY | {"frames": {E, "1.2.840.10008.1.2.4.102"}},
    "STD-GEN-{,SEC-}BD-MPEG4-HPLV41BD": ANY | {"frames": {E, "1.2.840.10008.1.2.4.103"}},
    "STD-GEN-{,SEC-}BD-MPEG4-HPLV42-2D": {"frames": {"1.2.840.10008.1.2.4.104"}},
    "STD-GEN-{,SEC-}BD-MPEG4-HPLV42-3D": {"frames": {"1.2.840.10008.1.2.4.105"}},
    "STD-GEN-{,SEC-}BD-MPEG4-SHPLV42": {"frames": {"1.2.840.10008.1.2.4.106"}},
    "STD-GEN-{ZIP-MAIL,SEC-ZIP-MAIL,MIME}": {
        "any": {E, RLE, J70, J50, J51, K90, K91},
        "frames": {E, RLE, J70, J50, J51, K90, K91, *MPEG},
    },
}
TAKES = {name: takes for pattern, takes in SYNTAXES.items() for name in the(pattern)}
CLASSES = [XA, SC, US, US_MULTI, CT, MR, GSPS, DOSE, DX, DX_PROCESSING, IO, DISPLAY, VIDEO]


def _taken(name: str, sop_class: str) -> set[str]:
    """The transfer syntaxes in which a profile takes the well-made instance of a class."""
    takes = TAKES[name]
    if "frames" in takes and "NumberOfFrames" in HEADS.get(sop_class, {}):
        return takes["frames"]
    return takes.get(sop_class) or takes.get("any") or set()


@pytest.mark.parametrize("sop_class", CLASSES)
@pytest.mark.parametrize("name", sorted(ON))
def test_classes_and_transfer_syntaxes(name: str, sop_class: str) -> None:
    head, profile = HEADS.get(sop_class, {}), PROFILES[name]
    found = {syntax for syntax in EVERY if profile.judge(Subject(sop_class, syntax, head)) == AsIs()}
    assert found == _taken(name, sop_class)


@pytest.mark.parametrize("name", sorted(ON))
def test_implicit_becomes_explicit_where_that_is_taken(name: str) -> None:
    for sop_class in CLASSES:
        subject = Subject(sop_class, IMPLICIT_VR_LE, HEADS.get(sop_class, {}), (EXPLICIT_VR_LE,))
        fit = PROFILES[name].judge(subject)
        if EXPLICIT_VR_LE in _taken(name, sop_class):
            assert fit == Transcode(EXPLICIT_VR_LE)
        else:
            assert isinstance(fit, Unfit)


def test_photometric_interpretation_and_transfer_syntax_of_ultrasound() -> None:
    """PS3.11 Table C.3-2, on every ultrasound profile."""
    pairs = {
        "MONOCHROME2": {E, RLE},
        "RGB": {E, RLE},
        "PALETTE COLOR": {E, RLE},
        "YBR_FULL": {RLE},
        "YBR_FULL_422": {E, J50},
        "YBR_RCT": set(),
        "MONOCHROME1": set(),
    }
    for name in [name for name in ON if name.startswith("STD-US-")]:
        for photometric, wanted in pairs.items():
            head = SCAN | {"PhotometricInterpretation": photometric}
            fits = {syntax: PROFILES[name].judge(Subject(US, syntax, head)) for syntax in EVERY}
            assert {syntax for syntax, fit in fits.items() if fit == AsIs()} == wanted, (name, photometric)
            if not wanted:
                refused = fits[E]
                assert isinstance(refused, Unfit)
                assert refused.attributes == (0x00280004,)
                assert refused.reason is FailureReason.PROFILE_INSTANCE_CONFLICT


# --- constraints --------------------------------------------------------------------------------------

Broken = tuple[str, str, str, Mapping[str, Any], int]
"""Profile, SOP class, transfer syntax, what is changed of a well-made instance, the tag that is blamed."""


def _without(head: Mapping[str, Any], keyword: str) -> dict[str, Any]:
    return {name: value for name, value in head.items() if name != keyword}


BREAKS: dict[str, list[Broken]] = {
    "A": [
        ("STD-XABC-CD", XA, J70, {"Modality": "RF"}, 0x00080060),
        ("STD-XABC-CD", XA, J70, {"Rows": 513}, 0x00280010),
        ("STD-XABC-CD", XA, J70, {"Columns": 1024}, 0x00280011),
        ("STD-XABC-CD", XA, J70, {"BitsAllocated": 16}, 0x00280100),
        ("STD-XABC-CD", XA, J70, {"BitsStored": 10}, 0x00280101),
    ],
    "B": [
        ("STD-XA1K-CD", XA, J70, {"Modality": "RF"}, 0x00080060),
        ("STD-XA1K-CD", XA, J70, {"Rows": 1025}, 0x00280010),
        ("STD-XA1K-DVD", XA, J50, {"Columns": 2048}, 0x00280011),
        ("STD-XA1K-DVD", XA, J70, {"BitsStored": 14}, 0x00280101),
        ("STD-XA1K-CD", SC, E, {"Rows": 1025}, 0x00280010),
        ("STD-XA1K-CD", SC, E, {"Columns": 1025}, 0x00280011),
        ("STD-XA1K-CD", SC, E, {"SamplesPerPixel": 3}, 0x00280002),
        ("STD-XA1K-CD", SC, E, {"PhotometricInterpretation": "RGB"}, 0x00280004),
        ("STD-XA1K-CD", SC, E, {"BitsAllocated": 16}, 0x00280100),
        ("STD-XA1K-CD", SC, E, {"BitsStored": 7}, 0x00280101),
        ("STD-XA1K-CD", SC, E, {"HighBit": 6}, 0x00280102),
        ("STD-XA1K-CD", SC, E, {"PixelRepresentation": 1}, 0x00280103),
    ],
    "C": [
        ("STD-US-SC-SF-CDR", US, E, {"SequenceOfUltrasoundRegions": ()}, 0x00186011),
        ("STD-US-SC-SF-CDR", US, E, {"SequenceOfUltrasoundRegions": None}, 0x00186011),
        *(
            (
                "STD-US-SC-MF-DVD",
                US_MULTI,
                RLE,
                {"SequenceOfUltrasoundRegions": (REGION, _without(REGION, k))},
                0x00186011,
            )
            for k in REGION
            if not k.startswith("PixelComponent")
        ),
        *(
            ("STD-US-CC-MF-CDR", US, E, {"SequenceOfUltrasoundRegions": (_without(REGION, k),)}, 0x00186011)
            for k in REGION
        ),
    ],
    "E": [
        ("STD-CTMR-CD", CT, E, {"Modality": "MR"}, 0x00080060),
        ("STD-CTMR-CD", CT, J70, {"PhotometricInterpretation": "MONOCHROME1"}, 0x00280004),
        ("STD-CTMR-CD", MR, E, {"Modality": "CT"}, 0x00080060),
        ("STD-CTMR-DVD", MR, E, {"PhotometricInterpretation": "MONOCHROME1"}, 0x00280004),
        ("STD-CTMR-CD", MR, E, {"BitsStored": 10, "HighBit": 9}, 0x00280101),
        ("STD-CTMR-MOD41", MR, E, {"HighBit": 15}, 0x00280102),
        ("STD-CTMR-CD", SC, E, {"SamplesPerPixel": 3}, 0x00280002),
        ("STD-CTMR-CD", SC, E, {"PhotometricInterpretation": "RGB"}, 0x00280004),
        ("STD-CTMR-CD", SC, E, {"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31}, 0x00280100),
        (
            "STD-CTMR-CD",
            SC,
            E,
            {
                "PhotometricInterpretation": "PALETTE COLOR",
                "BitsAllocated": 16,
                "BitsStored": 16,
                "HighBit": 15,
            },
            0x00280100,
        ),
        ("STD-CTMR-CD", SC, E, {"BitsStored": 7, "HighBit": 6}, 0x00280101),
        ("STD-CTMR-CD", SC, E, {"HighBit": 6}, 0x00280102),
    ],
    "K": [
        ("STD-DEN-CD", IO, E, {"BitsStored": 14}, 0x00280101),
        ("STD-DEN-CD", DX, E, {"BitsStored": 8}, 0x00280100),
        ("STD-DEN-CD", DX, E, {"BitsAllocated": 8}, 0x00280100),
    ],
}
CASES = [
    pytest.param(*case, id=f"{case[0]} {case[4]:08X} {n}")
    for cases in BREAKS.values()
    for n, case in enumerate(cases)
]


@pytest.mark.parametrize(("name", "sop_class", "syntax", "change", "tag"), CASES)
def test_each_constraint_refuses(
    name: str, sop_class: str, syntax: str, change: Mapping[str, Any], tag: int
) -> None:
    """A well-made instance fits; with one attribute out of bounds it does not, and that one is named."""
    good = HEADS[sop_class]
    assert PROFILES[name].judge(Subject(sop_class, syntax, good)) == AsIs()
    fit = PROFILES[name].judge(Subject(sop_class, syntax, {**good, **change}))
    assert isinstance(fit, Unfit)
    assert fit.reason is FailureReason.PROFILE_INSTANCE_CONFLICT
    assert fit.attributes == (tag,)
    assert name in fit.why


@pytest.mark.parametrize("name", ["STD-DEN-CD", "STD-DTL-SEC-ZIP-MAIL"])
@pytest.mark.parametrize("keyword", [keyword for keyword in TOOTH if not keyword.startswith("Bits")])
def test_what_a_dental_image_must_have_may_be_empty(name: str, keyword: str) -> None:
    assert PROFILES[name].judge(Subject(IO, E, TOOTH)) == AsIs()
    fit = PROFILES[name].judge(Subject(IO, E, _without(TOOTH, keyword)))
    assert isinstance(fit, Unfit)
    assert keyword in fit.why


# --- keys and icons -----------------------------------------------------------------------------------------

KEYS = {
    "A": 8,
    "B": 9,
    "C": 0,
    "D": 2,
    "E": 7,
    "G": 0,
    "H": 19,
    "I": 9,
    "J": 19,
    "K": 0,
    "L": 0,
    "M": 19,
    "N": 19,
}


@pytest.mark.parametrize("name", sorted(ON))
def test_directory_keys(name: str) -> None:
    annex = _annex(name)
    assert len(PROFILES[name].directory_keys) == KEYS[annex]


def _annex(name: str) -> str:
    table = {
        "STD-XABC": "A", "STD-XA1K": "B", "STD-US-": "C", "STD-CTMR": "E", "STD-GEN-MIME": "G",
        "STD-DVD-": "I", "STD-DEN": "K", "STD-DTL": "L",
    }  # fmt: skip
    if found := [annex for start, annex in table.items() if name.startswith(start)]:
        return found[0]
    rest = name.removeprefix("STD-GEN-").removeprefix("SEC-")
    if rest in ("CD", "DVD-RAM", "BD"):
        return "D"
    starts = {"ZIP": "L", "DVD": "H", "BD-MPEG4-HPLV42": "N", "BD-MPEG4-SHPLV42": "N", "BD": "M"}
    return next((annex for start, annex in starts.items() if rest.startswith(start)), "J")


def test_icons_are_required_of_cardiac_profiles_alone() -> None:
    required = {name for name, profile in PROFILES.items() if profile.icon and profile.icon.required}
    assert required == {"STD-XABC-CD", "STD-XA1K-CD", "STD-XA1K-DVD"}
    cardiac, section = PROFILES["STD-XABC-CD"].icon, PROFILES["STD-CTMR-CD"].icon
    assert cardiac
    assert (cardiac.size, cardiac.bits, cardiac.records) == (128, 8, ("IMAGE",))
    assert section
    assert (section.size, section.photometric) == (64, ("MONOCHROME2", "PALETTE COLOR"))
