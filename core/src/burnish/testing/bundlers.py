"""Tests that every bundler must pass, wherever it lives. A plugin's whole test file can be this:

class TestMyBundler(BundlerConformance):
    kinds = (BundleKind.CONTENT,)

    @pytest.fixture
    def bundler(self) -> Bundler:
        return MyBundler(Settings())

`volume_of_files` makes a volume of real files, with the pieces that the bundler's renderer makes of them.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final
from xml.etree import ElementTree

import pydicom
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from burnish.contracts import (
    RESERVED,
    Bundle,
    BundledFile,
    BundledInstance,
    BundledPerson,
    BundledSeries,
    BundledStudy,
    BundledVolume,
    BundleKind,
    Bundler,
    LabelPerson,
    Piece,
    Renderer,
    StoredFile,
)
from burnish.fileset.bundles.making import check_path
from burnish.fileset.derive.pieces import Index, make_pieces
from burnish.testing.kit import Conformance

FILES: Final = (
    "CT_small.dcm",
    "MR_small_RLE.dcm",
    "examples_palette.dcm",
    "examples_ybr_color.dcm",
    "JPEG2000.dcm",
    "JPEG-lossy.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "test-SR.dcm",
    "rtplan.dcm",
    "waveform_ecg.dcm",
    "liver_1frame.dcm",
)
"""Of pydicom's own: grey, palettes, colour, several frames, codecs, a report, bits, what has no pixels."""
HOSTILE: Final = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "</script><script>alert(1)</script>",
    "javascript:alert(1)",
    "a\0b\x1b[2J\u202ec\u2028d",
    "&amp;<![CDATA[]]>]]>",
    "{{7*7}}${7*7}",
    "X" * 65_000,
)
"""Texts that mean something to browsers, templates and terminals."""
_MANY: Final = 20_000
_PROMPT: Final = 10.0
"""Seconds that a volume of so many instances may take."""
_MADE: Final = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def real_files() -> list[Path]:
    """Files that come with pydicom."""
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    return [folder / name for name in FILES]


def _as_it_is(data: bytes) -> bytes:
    return data


def volume_of_files(
    paths: Sequence[Path],
    bundler: Bundler,
    kinds: frozenset[BundleKind],
    scratch: Path,
    damage: Callable[[bytes], bytes] = _as_it_is,
) -> BundledVolume:
    """A volume of files, each a person of its own; pieces are made here and lie in `scratch`.

    `damage`: what becomes of a data set before the renderer sees it.
    """
    renderer = bundler.renderer(kinds)
    people = []
    for number, path in enumerate(paths):
        ds, data = dcmread(path), path.read_bytes()
        body = damage(data[144 + int.from_bytes(data[140:144], "little") :])
        target = scratch / f"{number}.pieces"
        made = _pieces(body, str(ds.file_meta.TransferSyntaxUID), renderer, target) if renderer else ({}, "")
        people.append(_person(number, ds, len(body), made))
    return volume_of_people(people)


def volume_of_people(people: Sequence[BundledPerson]) -> BundledVolume:
    """The first of two volumes."""
    return BundledVolume(
        file_set_id="KIT",
        file_set_uid="1.2.3",
        token="KITKITKIT",  # noqa: S106 - a volume's
        made=_MADE,
        number=1,
        volumes=2,
        profile="STD-GEN-CD",
        institution="House of the kit",
        people=tuple(people),
    )


def _person(number: int, ds: Dataset, length: int, made: tuple[Mapping[str, Piece], str]) -> BundledPerson:
    texts = (element for element in ds if element.VR not in ("SQ", "OB", "OW", "UN"))
    head: dict[str, Any] = {element.keyword: str(element.value) for element in texts}
    head |= {name: int(ds[name].value) for name in ("Rows", "Columns") if name in ds}
    pieces, unmade = made
    instance = BundledInstance(
        file_id=("DICOM", f"F{number:07d}"),
        sop_class=str(ds.SOPClassUID),
        sop_instance=str(ds.SOPInstanceUID),
        transfer_syntax=str(ds.file_meta.TransferSyntaxUID),
        length=length,
        head=MappingProxyType(head),
        pieces=pieces,
        unmade=unmade,
    )
    name, patient_id = (str(ds.get(keyword, "")) for keyword in ("PatientName", "PatientID"))
    return _with(instance, LabelPerson(names=(name,), patient_id=patient_id))


def _with(*instances: Any) -> BundledPerson:
    *found, said = instances
    series = BundledSeries(uid="1.2.3.5", modality="OT", number="1", instances=tuple(found))
    return BundledPerson(said=said, studies=(BundledStudy(uid="1.2.3.4", series=(series,)),))


def _pieces(body: bytes, syntax: str, renderer: Renderer, target: Path) -> tuple[Mapping[str, Piece], str]:
    """What the renderer makes of a data set, or why it cannot."""
    with target.open("wb") as file:
        try:
            _, index = make_pieces(BytesIO(body), len(body), syntax, renderer, file)
        except ValueError as error:
            return {}, str(error)
    return Index.decode(index).of(str(target)), ""


def content_of(file: BundledFile) -> bytes:
    """The bytes of a file of a bundle; pieces as `volume_of_files` has left them."""
    return b"".join(map(_bytes, file.parts))


def _bytes(part: Any) -> bytes:
    if isinstance(part, bytes):
        return part
    if isinstance(part, StoredFile):
        return part.path.read_bytes()
    path, _, at = part.key.rpartition("@")
    data = Path(path).read_bytes()
    return data[int(at) : int(at) + int(part.length)]


class BundlerConformance(Conformance):
    """Subclass, give `bundler`, and run. Each test runs for each of `kinds`, which are what it offers."""

    kinds: ClassVar[Sequence[BundleKind]] = tuple(BundleKind)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Parametrise what asks for a `kind`."""
        if "kind" in metafunc.fixturenames:
            metafunc.parametrize("kind", self.kinds)

    @pytest.fixture
    def bundler(self) -> Bundler:
        """The bundler."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def files(self) -> Sequence[Path]:
        """DICOM files that it is tried with; those of pydicom where the subclass gives no others."""
        return real_files()

    @pytest.fixture
    def volume(
        self, bundler: Bundler, kind: BundleKind, files: Sequence[Path], tmp_path: Path
    ) -> BundledVolume:
        """A volume of these files."""
        return volume_of_files(files, bundler, frozenset({kind}), tmp_path)

    @pytest.fixture
    def bundle(self, bundler: Bundler, volume: BundledVolume, kind: BundleKind) -> Bundle:
        """What it puts there."""
        return bundler.bundle(volume, kind)

    def test_it_says_what_it_offers(self, bundler: Bundler) -> None:
        """Pass it with one offer of a kind at most, each with a title, and with these kinds as `kinds`."""
        kinds = [offer.kind for offer in bundler.offers]
        assert kinds
        assert sorted(kinds) == sorted(self.kinds)
        assert all(offer.title.strip() for offer in bundler.offers)

    def test_it_puts_something_there(self, bundle: Bundle) -> None:
        """Pass it with files, and with a link to what people open."""
        assert bundle.files
        assert bundle.links

    def test_names_are_taken_by_every_reader(self, bundle: Bundle) -> None:
        """Pass it with 8.3 names of A-Z, 0-9 and _, nothing in DICOM, and no name that is the core's."""
        for file in bundle.files:
            check_path(file.path)
            assert file.path[0] not in RESERVED
        paths = [file.path for file in bundle.files]
        assert len(paths) == len(set(paths))

    def test_links_lead_somewhere(self, bundle: Bundle) -> None:
        """Pass it by pointing to files of the bundle, or to a folder of them."""
        paths = {file.path[:depth] for file in bundle.files for depth in range(1, len(file.path) + 1)}
        for link in bundle.links:
            assert link.path in paths
            assert link.title.strip()

    def test_the_same_volume_gives_the_same_bundle(
        self, bundler: Bundler, volume: BundledVolume, kind: BundleKind, bundle: Bundle
    ) -> None:
        """Pass it by asking no clock and no chance, and by keeping no state between volumes."""
        bundler.bundle(volume_of_people([]), kind)
        assert bundler.bundle(volume, kind) == bundle

    def test_its_renderer_is_plain_values(self, bundler: Bundler, kind: BundleKind) -> None:
        """Pass it with a function that can be imported, and options that JSON can hold."""
        renderer = bundler.renderer(frozenset({kind}))
        if renderer is None:
            return
        import json
        from importlib import import_module

        module, _, function = renderer.function.partition(":")
        assert callable(getattr(import_module(module), function))
        assert json.loads(json.dumps(dict(renderer.options))) == dict(renderer.options)

    def test_parts_are_as_long_as_they_say(self, bundle: Bundle) -> None:
        """Pass it with the lengths and digests of what is really there."""
        from hashlib import sha256

        for file in bundle.files:
            for part in file.parts:
                if not isinstance(part, bytes):
                    data = _bytes(part)
                    assert (len(data), sha256(data).digest()) == (part.length, part.digest), file.path

    def test_an_empty_volume(self, bundler: Bundler, kind: BundleKind) -> None:
        """Pass it by answering."""
        assert isinstance(bundler.bundle(volume_of_people([]), kind), Bundle)

    @pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[1:20])
    def test_texts_stay_texts(
        self, bundler: Bundler, volume: BundledVolume, kind: BundleKind, text: str
    ) -> None:
        """Pass it by escaping every text for what the file is (`burnish.markup`): pages stay well-formed, and
        nothing that somebody has written into a patient's name becomes an element or ends a script."""
        for file in bundler.bundle(_saying(volume, text), kind).files:
            if file.path[-1].endswith((".HTM", ".XHT", ".SVG")) and _is_made(file):
                _check_page(content_of(file), text)
            elif file.path[-1].endswith((".JS", ".JSO")) and _is_made(file):
                assert b"</script" not in content_of(file).lower(), file.path

    def test_what_tells_of_nobody_tells_of_nobody(
        self, bundler: Bundler, volume: BundledVolume, kind: BundleKind
    ) -> None:
        """Pass it by saying `personal` of an offer whose files tell of patients."""
        if any(offer.personal for offer in bundler.offers if offer.kind is kind):
            return
        name = "Zzyzx"
        for file in bundler.bundle(_saying(volume, name), kind).files:
            assert name.encode() not in content_of(file), file.path
            assert not any(isinstance(part, Piece) for part in file.parts), file.path

    def test_a_damaged_instance_costs_its_own_pieces(
        self, bundler: Bundler, kind: BundleKind, files: Sequence[Path], tmp_path: Path
    ) -> None:
        """Pass it with a renderer that raises nothing but ValueError, whatever the bytes are."""
        made = volume_of_files(files, bundler, frozenset({kind}), tmp_path, _damaged)
        assert isinstance(bundler.bundle(made, kind), Bundle)

    def test_it_is_prompt(self, bundler: Bundler, kind: BundleKind) -> None:
        """Pass it by going through the instances once."""
        one = BundledInstance(
            file_id=("DICOM", "A"),
            sop_class="1.2.840.10008.5.1.4.1.1.2",
            sop_instance="1.2",
            transfer_syntax=ExplicitVRLittleEndian,
            length=1,
            head=MappingProxyType({"InstanceNumber": "1", "Rows": 512, "Columns": 512}),
        )
        many = [replace(one, sop_instance=f"1.2.{number}") for number in range(_MANY)]
        volume = volume_of_people([_with(*many, LabelPerson(names=("Doe^Jane",)))])
        start = time.monotonic()
        bundler.bundle(volume, kind)
        assert time.monotonic() - start < _PROMPT


def _damaged(data: bytes) -> bytes:
    """Cut off, and its last bytes nonsense."""
    end = max(300, len(data) * 2 // 3)
    return data[: end - 64] + b"\xff" * 64


def _is_made(file: BundledFile) -> bool:
    """Whether it is made for the volume, and not the bundler's own."""
    return not any(isinstance(part, StoredFile) for part in file.parts)


def _saying(volume: BundledVolume, text: str) -> BundledVolume:
    """The same with one text wherever a text may be."""
    return replace(volume, institution=text, people=tuple(_person_saying(one, text) for one in volume.people))


def _person_saying(person: BundledPerson, text: str) -> BundledPerson:
    said = replace(person.said, names=(text, text), patient_id=text, issuer=text, birth_date=text, sex=text)
    return replace(person, said=said, studies=tuple(_study_saying(one, text) for one in person.studies))


def _study_saying(study: BundledStudy, text: str) -> BundledStudy:
    names = ("study_id", "date", "time", "description", "accession", "institution")
    series = tuple(
        replace(
            one,
            **dict.fromkeys(("modality", "number", "description", "body_part"), text),
            instances=tuple(_instance_saying(instance, text) for instance in one.instances),
        )
        for one in study.series
    )
    return replace(study, **dict.fromkeys(names, text), series=series)


def _instance_saying(instance: BundledInstance, text: str) -> BundledInstance:
    head = {name: text if isinstance(value, str) else value for name, value in instance.head.items()}
    return replace(instance, head=MappingProxyType(head), unmade=text)


def _check_page(data: bytes, text: str) -> None:
    """That a page is well-formed, and has no element, attribute or address that `text` could have made."""
    root = ElementTree.fromstring(data)  # noqa: S314 - our own page
    for element in _elements(root):
        name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
        assert name not in ("script", "iframe", "object", "embed"), name
        for attribute, value in element.attrib.items():
            assert not attribute.startswith("on"), attribute
            if attribute in ("href", "src"):
                assert ":" not in value, value
                assert text not in value


def _elements(root: ElementTree.Element) -> Iterator[ElementTree.Element]:
    yield root
    for child in root:
        yield from _elements(child)
