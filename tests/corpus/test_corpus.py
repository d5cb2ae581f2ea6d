"""Every DICOM file that the packages of `tests/corpus.toml` ship is on a medium, equal to its source, or its
reason is in the list there, with why that is right.

The long battery takes the large packages, too, and has all files composed in one call.
"""

import os
import warnings
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.commands import Commands, commands
from tests.corpus.composing import Fate, compose, compose_in_rounds
from tests.corpus.fetch import CORPUS, Package, Unfetched, files_of, packages
from tests.corpus.judge import Unjudged, differences
from tests.corpus.network import make_media
from tests.corpus.sources import source
from tests.lab import Installation, serving

_TOGETHER = (
    "the same instance as",
    "has its SOP Instance UID, with other contents",
    "differ from the others in",
)
"""What leaves a file out only beside others: a repeated UID, a conflict of people."""
pytestmark = [
    pytest.mark.judge("7z", "dcmdjpeg", "dcmdjpls", "dcmdrle", "gdcmconv"),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # pydicom tells what is wrong with the files
    pytest.mark.timeout(1200),
]


@pytest.fixture(scope="module")
def burnish(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server as it comes; no traceback is in its log."""
    with serving(tmp_path_factory.mktemp("corpus")) as installation:
        yield installation
    log = (installation.folder / "server.log").read_text()
    assert "Traceback" not in log, log


@pytest.fixture(scope="module")
def run() -> Iterator[Commands]:
    """The command."""
    with commands() as running:
        yield running


def _parameters() -> list[object]:
    long = pytest.mark.long
    return [pytest.param(p, marks=long if p.long else (), id=p.name) for p in packages()]


@pytest.mark.parametrize("package", _parameters())
def test_compose_takes_every_file_or_says_why_not(package: Package, run: Commands, tmp_path: Path) -> None:
    files = _files(package)
    fates = compose_in_rounds(run, list(files.values()), tmp_path)
    _judge(package, "compose", files, fates, tmp_path)


@pytest.mark.parametrize("package", _parameters())
def test_the_server_takes_every_file_or_says_why_not(
    package: Package, burnish: Installation, tmp_path: Path
) -> None:
    files = _files(package)
    fates = make_media(burnish, list(files.values()), tmp_path)
    _judge(package, "network", files, fates, tmp_path)


@pytest.mark.long
def test_all_files_go_through_one_call(run: Commands, tmp_path: Path) -> None:
    files = {path: (package, name) for package in packages() for name, path in _files(package).items()}
    fates = compose(run, list(files), tmp_path)
    assert [f"{path}: {fate.trouble}" for path, fate in fates.items() if fate.trouble] == []
    wrong = [
        f"{path}: {fate.reason}"
        for path, fate in fates.items()
        if fate.reason and not _expected(*files[path], "compose", fate.reason)
        if not any(word in fate.reason for word in _TOGETHER)
    ]
    assert wrong == []


@pytest.mark.parametrize("entry", CORPUS["refusal"], ids=lambda entry: entry["right"])
def test_every_entry_of_the_list_is_of_a_file_that_is_there(entry: Mapping[str, object]) -> None:
    [package] = [package for package in packages() if package.name == entry["package"]]
    if package.long and not os.environ.get("BURNISH_LONG"):
        pytest.skip("of a package of the long battery")
    files = _files(package)
    absent = [
        pattern for pattern in _patterns(entry) if not any(fnmatchcase(name, pattern) for name in files)
    ]
    assert absent == []


def _files(package: Package) -> dict[str, Path]:
    try:
        return files_of(package)
    except Unfetched as error:
        if os.environ.get("BURNISH_TOOLS") == "required":
            pytest.fail(f"{package.name} cannot be fetched: {error}")
        pytest.skip(f"{package.name} cannot be fetched: {error}")


def _judge(
    package: Package, way: str, files: Mapping[str, Path], fates: Mapping[Path, Fate], scratch: Path
) -> None:
    """Compare every outcome with what the list expects; one line for each that is another."""
    assert files
    assert set(files.values()) == fates.keys()
    wrong = []
    for name, path in files.items():
        if complaint := _complaint(package, name, path, way, fates[path], scratch):
            wrong.append(f"{name}: {complaint}")
    assert wrong == [], "\n" + "\n".join(wrong)


def _complaint(package: Package, name: str, path: Path, way: str, fate: Fate, scratch: Path) -> str:
    """What is wrong with the outcome of a file; empty where nothing is."""
    if fate.trouble:
        return fate.trouble
    if fate.reason:
        right = _expected(package, name, way, fate.reason)
        return "" if right else f"is refused, which is not in the list: {fate.reason}"
    if _entries(package, name, way):
        return "is on the medium, and the list says that it is refused"
    assert fate.medium
    return _unequal(path, fate.medium, scratch)


def _unequal(path: Path, medium: Path, scratch: Path) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return "; ".join(differences(source(path), medium, scratch))
    except Unjudged as error:
        return f"no decoder of others opens it: {error}"


def _expected(package: Package, name: str, way: str, reason: str) -> bool:
    return any(str(entry[way]) in reason for entry in _entries(package, name, way))


def _entries(package: Package, name: str, way: str) -> list[Mapping[str, object]]:
    """Refusals of the list that are of a file and speak of this way."""
    return [
        entry
        for entry in CORPUS["refusal"]
        if entry["package"] == package.name and way in entry
        if any(fnmatchcase(name, pattern) for pattern in _patterns(entry))
    ]


def _patterns(entry: Mapping[str, object]) -> list[str]:
    files = entry["files"]
    assert isinstance(files, list)
    return files
