"""Manifests that are right and wrong, and what doctor says of folders."""

from pathlib import Path

import pytest
from burnish.contracts import BundleKind, Level
from burnish.errors import BundleUnfit
from burnish.testing.bundlers import volume_of_people
from burnish_bundler_folder.bundler import FolderBundler
from burnish_bundler_folder.doctor import look
from burnish_bundler_folder.manifest import NAME, main, read_manifest

WORDS = [
    "--title",
    'House "Viewer" Ü',
    "--licence",
    "LICENCE.TXT",
    "--windows",
    "VIEWER.EXE",
    "--folder",
    "HOUSE",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An application."""
    (tmp_path / "VIEWER.EXE").write_bytes(b"MZ")
    (tmp_path / "LICENCE.TXT").write_text("free")
    return tmp_path


@pytest.fixture
def ready(folder: Path) -> Path:
    """One with its manifest."""
    main([str(folder), *WORDS])
    return folder


def refused(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert ended.value.code == 1
    return capsys.readouterr().err


def test_a_manifest_says_what_was_said(ready: Path) -> None:
    manifest = read_manifest(ready)
    assert manifest.title == 'House "Viewer" Ü'
    assert manifest.start == {"windows": "VIEWER.EXE"}
    assert set(manifest.files) == {"VIEWER.EXE", "LICENCE.TXT"}


def test_a_manifest_is_not_replaced_unasked(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--force replaces it" in refused(str(ready), *WORDS, capsys=capsys)
    main([str(ready), *WORDS, "--force"])


def test_long_names_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(7):
        (folder / f"a long name {number}.dll").touch()
    said = refused(str(folder), *WORDS, capsys=capsys)
    assert "a long name 0.dll" in said
    assert "and 2 more" in said
    assert "8.3" in said
    assert not (folder / NAME).exists()


def test_a_link_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "OUT.TXT").symlink_to("/etc/passwd")
    assert "OUT.TXT is neither a file nor a directory" in refused(str(folder), *WORDS, capsys=capsys)


def test_a_link_that_came_later_is_refused(ready: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other") / "VIEWER.EXE"
    other.write_bytes(b"MZ")
    (ready / "VIEWER.EXE").unlink()
    (ready / "VIEWER.EXE").symlink_to(other)
    with pytest.raises(BundleUnfit, match="leads out of its folder"):
        FolderBundler(ready.resolve(), autorun=False).bundle(volume_of_people([]), BundleKind.VIEWER)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('licence = "LICENCE.TXT"', 'licence = "OTHER.TXT"', "OTHER.TXT is none of its files"),
        ("[start]", "[begin]", "start"),
        ("title = ", "titel = ", "titel"),
        ("windows = ", "beos = ", "beos"),
        ('folder = "HOUSE"', 'folder = "../UP"', "folder"),
        ("[files]", "[files", "burnish-bundle.toml"),
    ],
)
def test_a_manifest_that_is_wrong_is_said(ready: Path, old: str, new: str, says: str) -> None:
    path = ready / NAME
    text = path.read_text("utf-8").replace('"title"', "title").replace('"licence"', "licence")
    text = text.replace('"folder"', "folder").replace('"windows"', "windows")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(BundleUnfit) as told:
        read_manifest(ready)
    assert says in str(told.value)
    assert FolderBundler(ready, autorun=False).offers[0].title == ready.name


def test_autorun_is_there_only_when_asked_for(ready: Path) -> None:
    def names(*, autorun: bool) -> list[tuple[str, ...]]:
        bundle = FolderBundler(ready.resolve(), autorun=autorun).bundle(
            volume_of_people([]), BundleKind.VIEWER
        )
        return [file.path for file in bundle.files]

    assert ("AUTORUN.INF",) not in names(autorun=False)
    assert names(autorun=True)[0] == ("AUTORUN.INF",)
    bundle = FolderBundler(ready.resolve(), autorun=True).bundle(volume_of_people([]), BundleKind.VIEWER)
    assert bundle.files[0].parts == (b'[autorun]\r\nopen=HOUSE\\VIEWER.EXE\r\nlabel=House "Viewer" ?\r\n',)


def test_doctor_says_how_each_folder_is(ready: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    [well] = look([{"path": ready}])
    assert (well.level, well.text) == (Level.OK, 'House "Viewer" Ü: 2 files, 6 bytes, as its manifest says')
    (ready / "MORE.TXT").touch()
    [_, odd] = look([{"path": ready}])
    assert odd.level is Level.WARN
    assert "MORE.TXT is not in burnish-bundle.toml" in odd.text
    (ready / "VIEWER.EXE").write_bytes(b"mz")
    [wrong] = look([{"path": ready}])
    assert wrong.level is Level.FAIL
    assert "VIEWER.EXE is not as burnish-bundle.toml says" in wrong.text
    [absent] = look([{"path": tmp_path_factory.mktemp("empty")}])
    assert absent.level is Level.FAIL
