"""The folder as a bundler: its files under their checksums, which are proven for every medium."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from burnish.contracts import (
    Bundle,
    BundledFile,
    BundledVolume,
    BundleKind,
    Bundler,
    Link,
    Offer,
    StoredFile,
)
from burnish.errors import BundleUnfit

from burnish_bundler_folder.manifest import Manifest, read_manifest

_PLATFORMS = {"windows": "Windows", "macos": "macOS", "linux": "Linux", "browser": "any web browser"}


class FolderBundler(Bundler):
    """Reads its manifest whenever it is asked: a deployer may put a newer version into the folder."""

    def __init__(self, folder: Path, *, autorun: bool) -> None:
        self._folder = folder
        self._autorun = autorun

    @property
    def offers(self) -> Sequence[Offer]:
        """One, even where its manifest cannot be read: what is asked for and unfit is told."""
        title = self._folder.name
        platforms: tuple[str, ...] = ()
        with suppress(BundleUnfit):
            manifest = read_manifest(self._folder)
            title = f"{manifest.title} {manifest.version}".strip()
            platforms = tuple(_PLATFORMS[platform] for platform in manifest.start)
        return (Offer(kind=BundleKind.VIEWER, title=title, personal=False, platforms=platforms),)

    def bundle(self, volume: BundledVolume, kind: BundleKind) -> Bundle:
        """The same for every volume."""
        manifest = read_manifest(self._folder)
        files = [self._file(manifest, name) for name in self._in_order(manifest)]
        if self._autorun and "windows" in manifest.start:
            files.insert(0, BundledFile(("AUTORUN.INF",), (_autorun(manifest),)))
        return Bundle(files=tuple(files), links=tuple(_links(manifest)))

    def _in_order(self, manifest: Manifest) -> list[str]:
        """What is started first."""
        first = list(dict.fromkeys(manifest.start.values()))
        return first + [name for name in manifest.files if name not in first]

    def _file(self, manifest: Manifest, name: str) -> BundledFile:
        path = self._folder / name
        if not path.resolve().is_relative_to(self._folder.resolve()):
            raise BundleUnfit(f"{path} leads out of its folder")
        if not path.is_file():
            raise BundleUnfit(f"{path} is no file")
        length = path.stat().st_size
        stored = StoredFile(path, length, bytes.fromhex(manifest.files[name]))
        return BundledFile((manifest.folder, *name.split("/")), (stored,))


def _links(manifest: Manifest) -> list[Link]:
    title = f"{manifest.title} {manifest.version}".strip()
    return [
        Link(
            path=(manifest.folder, *name.split("/")),
            title=f"{title} for {_PLATFORMS[platform]}",
            note=manifest.note,
            page=platform == "browser",
        )
        for platform, name in manifest.start.items()
    ]


def _autorun(manifest: Manifest) -> bytes:
    program = "\\".join((manifest.folder, *manifest.start["windows"].split("/")))
    label = manifest.title.encode("ascii", "replace").decode()
    return f"[autorun]\r\nopen={program}\r\nlabel={label}\r\n".encode("ascii")
