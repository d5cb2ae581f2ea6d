"""The kit for bundlers: it takes a good one, and catches what it is for."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from burnish.contracts import Bundle, BundledFile, BundledVolume, BundleKind, Bundler, Link, StoredFile
from burnish.errors import BundleUnfit
from burnish.testing.bundlers import BundlerConformance, real_files, volume_of_files
from burnish.testing.leaflet import Leaflet, Settings

VIEWER = BundleKind.VIEWER


class TestLeaflet(BundlerConformance):
    @pytest.fixture(params=[False, True], ids=["", "personal"])
    def bundler(self, request: pytest.FixtureRequest) -> Bundler:
        return Leaflet(Settings(personal=request.param, pieces=request.param, size=10))


class Worse(Leaflet):
    """What a test makes of a bundle."""

    def __init__(self, change: Callable[[Bundle, BundledVolume], Bundle], **settings: Any) -> None:
        super().__init__(Settings(**settings))
        self._change = change

    def bundle(self, volume: BundledVolume, kind: BundleKind) -> Bundle:
        return self._change(super().bundle(volume, kind), volume)


def with_file(path: tuple[str, ...], data: bytes) -> Callable[[Bundle, BundledVolume], Bundle]:
    return lambda bundle, _: replace(bundle, files=(*bundle.files, BundledFile(path, (data,))))


def page(text: str) -> Callable[[Bundle, BundledVolume], Bundle]:
    """A page with somebody's name in it, put there by `text`."""

    def change(bundle: Bundle, volume: BundledVolume) -> Bundle:
        name = volume.people[0].said.names[0] if volume.people else ""
        return with_file(("LEAFLET", "A.HTM"), text.replace("{}", name).encode())(bundle, volume)

    return change


def judge(name: str, bundler: Bundler, tmp_path: Path, **more: Any) -> None:
    """One test of the kit on a bundler."""
    kit = BundlerConformance()
    volume = volume_of_files(real_files()[:2], bundler, frozenset({VIEWER}), tmp_path)
    known: dict[str, Any] = {"bundler": bundler, "kind": VIEWER, "volume": volume, **more}
    test = getattr(kit, f"test_{name}")
    wanted = test.__code__.co_varnames[1 : test.__code__.co_argcount]
    if "bundle" in wanted:
        known["bundle"] = bundler.bundle(volume, VIEWER)
    test(**{word: known[word] for word in wanted})


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (("DICOM", "A"), BundleUnfit),
        (("README.TXT",), BundleUnfit),
        (("INDEX.HTM",), BundleUnfit),
        (("README", "A.TXT"), BundleUnfit),
        (("a long name.html",), BundleUnfit),
        (("A", "..", "B"), BundleUnfit),
        (("PROGRAM", "TEXT.TXT"), AssertionError),
    ],
)
def test_names_that_cannot_stand_there(tmp_path: Path, path: tuple[str, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        judge("names_are_taken_by_every_reader", Worse(with_file(path, b"")), tmp_path)


def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    bundler = Worse(lambda bundle, _: replace(bundle, links=(Link(path=("NO",), title="no"),)))
    with pytest.raises(AssertionError):
        judge("links_lead_somewhere", bundler, tmp_path)


def test_a_bundler_with_a_memory(tmp_path: Path) -> None:
    counted = iter(range(9))

    def change(bundle: Bundle, volume: BundledVolume) -> Bundle:
        return with_file(("A.TXT",), b"%d" % next(counted))(bundle, volume)

    bundler = Worse(change)
    with pytest.raises(AssertionError):
        judge("the_same_volume_gives_the_same_bundle", bundler, tmp_path)


def test_a_part_that_is_longer_than_it_says(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"four")
    part = StoredFile(file, 3, bytes(32))
    bundler = Worse(lambda bundle, _: replace(bundle, files=(BundledFile(("X",), (part,)),)))
    with pytest.raises(AssertionError):
        judge("parts_are_as_long_as_they_say", bundler, tmp_path)


def test_what_is_called_nobodys_and_is_not(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        judge("what_tells_of_nobody_tells_of_nobody", Worse(page("{}")), tmp_path)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("<html><p>{}</p></html>", "<script>alert(1)</script>"),
        ("<html><p>{}</p></html>", "&amp;<![CDATA[]]>]]>"),
        ('<html><a href="{}">x</a></html>', "javascript:alert(1)"),
        ("<html><p>{}</p></html>", "a\0b\x1b[2J\u202ec\u2028d"),
    ],
)
def test_texts_that_become_something_else(tmp_path: Path, written: str, text: str) -> None:
    with pytest.raises((AssertionError, SyntaxError)):
        judge("texts_stay_texts", Worse(page(written), personal=True), tmp_path, text=text)


def test_a_kind_that_is_not_tested(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        judge("it_says_what_it_offers", Leaflet(Settings(kinds=(VIEWER,))), tmp_path)
