"""A bundler that does as it is told: for tests of what the core does with bundlers."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from burnish.contracts import (
    Bundle,
    BundledFile,
    BundledVolume,
    BundleKind,
    Bundler,
    BundlerSpec,
    Link,
    Offer,
    Picture,
    Renderer,
)
from burnish.errors import BundleUnfit
from burnish.hookspecs import hookimpl

FOLDERS = {BundleKind.CONTENT: "LEAFLET", BundleKind.VIEWER: "PROGRAM"}


class Settings(BaseModel):
    """The keys under `[bundlers.<name>]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str = ""
    """Where it puts things; empty: LEAFLET and PROGRAM."""
    kinds: tuple[BundleKind, ...] = tuple(BundleKind)
    personal: bool = False
    size: int = 0
    """Bytes of a further file."""
    pieces: bool = False
    """Whether a file of a piece of each instance stands there: its SOP Instance UID."""
    crash: bool = False
    """Whether what makes the pieces ends its process."""
    unfit: str = ""
    """What it finds wrong with itself."""


class Leaflet(Bundler):
    """A text, and what its settings say."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def offers(self) -> Sequence[Offer]:
        """As it is told."""
        personal = self._settings.personal
        return [Offer(kind=kind, title=FOLDERS[kind], personal=personal) for kind in self._settings.kinds]

    def renderer(self, kinds: frozenset[BundleKind]) -> Renderer | None:
        """One, where it makes pieces."""
        if not self._settings.pieces:
            return None
        return Renderer(function="burnish.testing.leaflet:render", options={"crash": self._settings.crash})

    def bundle(self, volume: BundledVolume, kind: BundleKind) -> Bundle:
        """The text, the size, the pieces."""
        if self._settings.unfit:
            raise BundleUnfit(self._settings.unfit)
        folder = self._settings.folder or FOLDERS[kind]
        people = "".join(f"{person.said.shown_name}\n" for person in volume.people)
        said = people if self._settings.personal else "nobody\n"
        files = [BundledFile((folder, "TEXT.TXT"), (said.encode(),))]
        if self._settings.size:
            files.append(BundledFile((folder, "LARGE.BIN"), (bytes(self._settings.size),)))
        for number, one in enumerate(volume.instances()):
            if "uid" in one.pieces:
                parts = (b"<", one.pieces["uid"], b">")
                files.append(BundledFile((folder, f"P{number:07d}.TXT"), parts))
        return Bundle(files=tuple(files), links=(Link(path=(folder, "TEXT.TXT"), title=folder),))


def render(picture: Picture, options: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The UID; another piece before it, so that it does not begin where its file does."""
    if options["crash"]:
        os.abort()
    yield "other", b"something else"
    yield "uid", str(picture.dataset.SOPInstanceUID).encode()


@hookimpl
def burnish_bundlers() -> Sequence[BundlerSpec[Any]]:
    """Offer `leaflet`; it needs a table."""
    return [BundlerSpec("leaflet", Settings, Leaflet)]
