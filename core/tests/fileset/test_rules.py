"""Rule sets at work: what they see, and what follows from what they say."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from burnish.config import Config
from burnish.contracts import (
    Breach,
    FileKind,
    MediumFacts,
    MediumView,
    RuleSet,
    Severity,
)
from burnish.errors import ConfigError, PluginError, RequestFailed
from burnish.fileset.compose import Kit, Volume, compose
from burnish.fileset.content import read_content
from burnish.fileset.media import MediaSettings
from burnish.fileset.naming import Naming
from burnish.fileset.reading import OnMedium, open_medium
from burnish.fileset.select import Wanted
from burnish.fileset.verify import verify
from burnish.fileset.views import view_of_medium, view_of_tree
from burnish.fileset.walk import read_directory
from burnish.instances.instance import Instance
from burnish.kit import make_kit, make_rules
from burnish.media import MediaKind
from burnish.production.oneshot import OneShot
from burnish.recipe import Entry, Literal, Range, Source, Tree
from burnish.registry import Registry
from burnish.requests.reference import Reference
from burnish.terms import StatusInfo
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

CONFIG = Config(
    plugins=("profiles", "format-iso9660", "format-udf", "writer-file"),
    media=MediaSettings(compression="never"),
)
REGISTRY = Registry.load(CONFIG.plugins)
NAMING = Naming(file_set_id="SET", file_set_uid="1.2.3", token="TOKEN", made=datetime(2026, 1, 2, tzinfo=UTC))
PLENTY = 10**9

Check = Callable[[MediumView], Iterable[Breach]]


def breach(rule: str = "house", severity: Severity = Severity.REFUSAL, **more: Any) -> Breach:
    return Breach(rule=rule, severity=severity, source="house rule 7", text="it is not ours", **more)


class Rules(RuleSet):
    """What a test says."""

    def __init__(
        self, check: Check = lambda view: (), refused: Callable[[MediumFacts], bool] = lambda _: False
    ):
        self._check, self._refused = check, refused

    def check_facts(self, facts: MediumFacts) -> Iterator[Breach]:
        if self._refused(facts):
            yield breach("kind")

    def check(self, view: MediumView) -> Iterable[Breach]:
        return self._check(view)


def instance(**attributes: Any) -> Instance:
    """An instance of a real file."""
    ds = dcmread(str(get_testdata_file("CT_small.dcm")))
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return _instance(ds)


def _instance(ds: Dataset) -> Instance:
    from burnish.instances.head import KeptHead

    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    data = buffer.getvalue()
    content = read_content(OnMedium(("A",), len(data), 0, lambda: io.BytesIO(data)), lambda _: None)
    scanned, uid = content.scanned, content.meta.sop_instance
    return Instance(
        uid,
        content.meta.sop_class,
        uid,
        scanned.study,
        scanned.series,
        content.meta.transfer_syntax,
        content.length,
        content.digest,
        KeptHead(scanned.head),
    )


def made(
    rules: Rules,
    makeable: dict[MediaKind, int],
    profile: str = "STD-GEN-CD",
    *,
    count: int = 1,
    split: bool = False,
) -> tuple[Volume, ...]:
    """What is made of a few instances by these rules."""
    kit = replace(make_kit(CONFIG, REGISTRY), makeable=makeable, rules={"ours": rules})
    some = [instance() for _ in range(count)]
    return _composed(some, kit, profile, split)


def _composed(some: Sequence[Instance], kit: Kit, profile: str, split: bool) -> tuple[Volume, ...]:
    wanted = [Wanted(Reference(one.sop_class, one.sop_instance, profile), one) for one in some]
    return compose(wanted, NAMING, kit, may_split=split)


# --- composing ---------------------------------------------------------------------------------------------


def test_what_is_refused_is_not_made() -> None:
    with pytest.raises(RequestFailed) as caught:
        made(Rules(lambda view: [breach(path=("DICOMDIR",)), breach()]), {MediaKind.CD_R: PLENTY})
    assert caught.value.info is StatusInfo.PROC_FAILURE
    assert str(caught.value) == "ours:house refuses DICOMDIR: it is not ours (house rule 7), and 1 more"


def test_what_is_warned_of_is_made_and_told() -> None:
    [volume] = made(Rules(lambda view: [breach(severity=Severity.WARNING)]), {MediaKind.CD_R: PLENTY})
    [warning] = volume.warnings
    assert (warning.rule, warning.path) == ("ours:house", "")
    assert str(warning) == "the medium: it is not ours (house rule 7)"


def test_a_kind_of_medium_that_is_refused_is_not_used() -> None:
    makeable = {MediaKind.DVD_R: PLENTY, MediaKind.DVD_R_DL: PLENTY}
    only_double = Rules(refused=lambda facts: facts.media == (MediaKind.DVD_R,))
    [volume] = made(only_double, makeable, "STD-GEN-DVD-JPEG")
    assert volume.medium is MediaKind.DVD_R_DL


def test_a_format_that_is_refused_gives_way_to_the_next() -> None:
    plain = Rules(refused=lambda facts: facts.format == "bridge")
    [volume] = made(plain, {MediaKind.DVD_R: PLENTY}, "STD-GEN-DVD-JPEG")
    assert volume.format == "iso9660"


def test_where_every_kind_is_refused_it_is_not_supported() -> None:
    with pytest.raises(RequestFailed) as caught:
        made(Rules(refused=lambda _: True), {MediaKind.CD_R: PLENTY})
    assert caught.value.info is StatusInfo.NOT_SUPPORTED
    assert "ours:kind refuses the medium: it is not ours" in str(caught.value)


def test_what_is_split_is_split_over_kinds_that_are_not_refused() -> None:
    makeable = {MediaKind.DVD_R: 400_000, MediaKind.DVD_R_DL: PLENTY}
    single = Rules(refused=lambda facts: facts.media == (MediaKind.DVD_R_DL,) or facts.format == "bridge")
    volumes = made(single, makeable, "STD-GEN-DVD-JPEG", count=12, split=True)
    assert len(volumes) > 1
    assert {volume.medium for volume in volumes} == {MediaKind.DVD_R}


def test_every_volume_is_asked() -> None:
    seen: list[MediumView] = []

    def look(view: MediumView) -> list[Breach]:
        seen.append(view)
        return []

    volumes = made(Rules(look), {MediaKind.CD_R: 200_000}, count=8, split=True)
    assert len(volumes) > 1
    assert [len(view.files) for view in seen[-len(volumes) :]] == [len(one.tree.entries) for one in volumes]


def test_a_default_profile_that_is_refused_gives_way_to_the_next() -> None:
    rules = Rules(refused=lambda facts: facts.profiles == ("STD-GEN-CD",))
    media = CONFIG.media.model_copy(update={"default_profiles": ("STD-GEN-CD", "STD-GEN-DVD-JPEG")})
    makeable = {MediaKind.CD_R: PLENTY, MediaKind.DVD_R: PLENTY}
    kit = replace(make_kit(CONFIG, REGISTRY), makeable=makeable, rules={"ours": rules}, media=media)
    [volume] = _composed([instance()], kit, "", split=False)
    assert volume.profile.identifier == "STD-GEN-DVD-JPEG"


def test_a_rule_set_that_fails_is_named() -> None:
    def fail(_: MediumView) -> Iterator[Breach]:
        yield breach()
        raise KeyError("x")

    with pytest.raises(PluginError, match="rule set 'ours' failed: KeyError"):
        made(Rules(fail), {MediaKind.CD_R: PLENTY})


def test_what_would_move_a_cursor_is_not_said() -> None:
    odd = replace(breach(severity=Severity.WARNING, path=("\x1b[2J",)), text="two\nlines " + "x" * 500)
    [volume] = made(Rules(lambda view: [odd]), {MediaKind.CD_R: PLENTY})
    [warning] = volume.warnings
    assert warning.path.isprintable()
    assert warning.text.isprintable()
    assert len(warning.text) < 410


def test_only_rule_sets_that_are_loaded_are_built() -> None:
    with pytest.raises(ConfigError, match="no rule set 'ihe-pdi'; there are none"):
        make_rules(CONFIG, REGISTRY, ["ihe-pdi"])


# --- views -------------------------------------------------------------------------------------------------


@pytest.fixture
def image(tmp_path: Path) -> tuple[Volume, Path]:
    """A medium of three real files of two people, and how it was composed."""
    for name in ("CT_small.dcm", "MR_small.dcm", "test-SR.dcm"):
        (tmp_path / name).write_bytes(Path(str(get_testdata_file(name))).read_bytes())
    out = tmp_path / "disc.iso"
    composed = OneShot(make_kit(CONFIG, REGISTRY), "STD-GEN-CD").run([tmp_path], out, "SET", tree=False)
    return composed.volumes[0], out


def test_a_tree_and_the_medium_that_is_made_of_it_are_seen_alike(image: tuple[Volume, Path]) -> None:
    volume, path = image
    facts = MediumFacts(media=(MediaKind.CD_R,), format="iso9660", profiles=("STD-GEN-CD",))
    before = view_of_tree(volume.tree, {one.file_id for one in volume.members}, facts)
    formats = {name: spec.make({}) for name, spec in REGISTRY.formats.items()}
    with open_medium(path, formats) as medium:
        with medium.files["DICOMDIR",].open() as stream:
            directory = read_directory(stream.read(), lambda clause, text: None)
        after = view_of_medium(medium, directory, facts)
        assert before.files == after.files
        assert before.directory == after.directory
        dicomdir = ("DICOMDIR",)
        assert before.files[dicomdir].whole(1 << 20) == after.files[dicomdir].whole(1 << 20) == directory.data
        assert before.files[volume.members[0].file_id].read(132) == bytes(128) + b"DICM"
    kinds = [file.kind for file in before.files.values()]
    assert kinds == [FileKind.DIRECTORY, *[FileKind.INSTANCE] * 3]
    assert before.patients == 3


def test_bytes_of_a_source_are_not_at_hand_before_it_is_made() -> None:
    tree = Tree(
        (
            Entry(("A",), (Literal(b"one"), Literal(b"two"))),
            Entry(("B",), (Literal(b"one"), Range("k", 0, 3), Literal(b"two"))),
            Entry(("C",), ()),
        ),
        {"k": Source(3, sha256(b"abc").digest())},
    )
    files = view_of_tree(tree, set(), MediumFacts()).files
    assert [file.read(100) for file in files.values()] == [b"onetwo", b"one", b""]
    assert files["A",].read(4) == b"onet"
    assert [file.whole(100) for file in files.values()] == [b"onetwo", None, b""]
    assert files["A",].whole(5) is None
    assert {file.kind for file in files.values()} == {FileKind.OTHER}


def test_a_tree_without_a_directory() -> None:
    assert view_of_tree(Tree(()), set(), MediumFacts()).directory is None


def element(tag: int, vr: bytes, value: bytes) -> bytes:
    head = tag.to_bytes(4, "big")
    head = head[1::-1] + head[:1:-1] + vr
    long = vr in (b"SQ", b"UN", b"OB")
    return (
        head
        + (b"\0\0" + len(value).to_bytes(4, "little") if long else len(value).to_bytes(2, "little"))
        + value
    )


def item(value: bytes) -> bytes:
    return b"\xfe\xff\x00\xe0" + len(value).to_bytes(4, "little") + value


def directory_of(*records: bytes) -> MediumView:
    """A DICOMDIR of such records, to which no offset leads."""
    meta = b"".join(
        element(0x0002_0000 | number, b"UI", value)
        for number, value in (
            (0x02, b"1.2.840.10008.1.3.10"),
            (0x03, b"1.2\0"),
            (0x10, b"1.2.840.10008.1.2.1\0"),
        )
    )
    data = bytes(128) + b"DICM" + meta + element(0x0004_1220, b"SQ", b"".join(map(item, records)))
    return view_of_tree(Tree((Entry(("DICOMDIR",), (Literal(data),)),)), set(), MediumFacts())


def test_a_record_to_which_no_offset_leads_is_seen() -> None:
    directory = directory_of(element(0x0004_1430, b"CS", b"MRDR")).directory
    assert directory
    [record] = directory.records
    assert (record.type, record.reached) == ("MRDR", False)


def test_elements_within_sequences_are_seen() -> None:
    """As far down as they can be read."""
    inner = element(0x0009_0010, b"LO", b"X ")
    for _ in range(3):
        inner = element(0x0088_0200, b"SQ", item(inner))
    directory = directory_of(inner).directory
    assert directory
    assert directory.records[0].tags == {0x0088_0200, 0x0009_0010}


@pytest.mark.parametrize(
    "inner", [b"\1\2\3", item(b"\1\2\3"), item(element(0x0009_0010, b"LO", b"X ")) + b"\0"]
)
def test_a_sequence_that_breaks_hides_nothing_beside_it(inner: bytes) -> None:
    directory = directory_of(
        element(0x0088_0200, b"SQ", inner), element(0x0004_1430, b"CS", b"TOPIC ")
    ).directory
    assert directory
    assert [record.type for record in directory.records] == ["", "TOPIC"]


def test_sequences_without_end_are_left() -> None:
    inner = b""
    for _ in range(2_000):
        inner = element(0x0088_0200, b"SQ", item(inner))
    directory = directory_of(inner).directory
    assert directory
    assert directory.records[0].tags == {0x0088_0200}


# --- verifying ---------------------------------------------------------------------------------------------


def test_a_medium_that_was_read_is_judged(image: tuple[Volume, Path]) -> None:
    formats = {name: spec.make({}) for name, spec in REGISTRY.formats.items()}
    profile, seen = REGISTRY.profiles["STD-GEN-CD"], list[MediumFacts]()

    def look(view: MediumView) -> list[Breach]:
        seen.append(view.facts)
        return [breach(severity=Severity.WARNING, path=("DICOMDIR",))]

    verdict = verify(image[1], formats, profile=profile, rules={"ours": Rules(look)})
    assert verdict.sound
    assert verdict.findings == []
    assert [one.rule for one in verdict.warnings] == ["ours:house"]
    assert seen == [MediumFacts(media=(MediaKind.CD_R,), format="iso9660", profiles=("STD-GEN-CD",))]
    assert verdict.to_json()["warnings"][0]["path"] == "DICOMDIR"
    refused = verify(image[1], formats, rules={"ours": Rules(lambda view: [breach()])})
    assert not refused.sound
    assert [(one.rule, one.clause) for one in refused.findings] == [("ours:house", "house rule 7")]


def test_a_folder_has_no_format_and_may_have_no_directory(tmp_path: Path) -> None:
    (tmp_path / "DICOMDIR").write_bytes(b"none")
    seen: list[MediumView] = []
    verify(tmp_path, {}, rules={"ours": Rules(lambda view: seen.append(view) or ())})
    [view] = seen
    assert view.facts == MediumFacts()
    assert view.directory is None
    assert view.files["DICOMDIR",].read(100) == b"none"


def test_a_file_that_cannot_be_read_has_no_bytes(tmp_path: Path) -> None:
    (tmp_path / "A").write_bytes(b"there")

    def look(view: MediumView) -> list[Breach]:
        (tmp_path / "A").unlink()
        assert view.files["A",].read(5) == b""
        assert view.files["A",].whole(5) is None
        return [breach()]

    assert not verify(tmp_path, {}, rules={"ours": Rules(look)}).sound
