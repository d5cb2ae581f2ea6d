"""A bundler puts on a medium what stands beside the instances: what people read without a display
application, or a display application itself.

    Offer            what a bundler can put there, and whether it tells of patients
    Renderer         code of the bundler that makes pieces of one instance, in a worker process of the core's
    BundledVolume    what is on the volume: people, studies, series, instances, and the pieces of each
    Bundle           the files, and what of them the medium's front page points to

Pieces are made once for each instance, over all cores, and kept beside it; they are as far apart as the
instances are, so a decoder that crashes costs the pieces of one. A bundle is asked for whenever a volume is
laid out, several times where a set is split: making one is cheap, opens no instance and keeps nothing.

Every text of a volume comes from outside. It goes into a file escaped for what the file is.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

from pydantic import BaseModel

from burnish.contracts.head import Head
from burnish.contracts.label import LabelPerson

SettingsT = TypeVar("SettingsT", bound=BaseModel)

RESERVED: Final = frozenset({"DICOMDIR", "README", "README.TXT", "INDEX.HTM"})
"""Names in the root that are not a bundler's, of files or folders: the core makes what stands there."""


class BundleKind(StrEnum):
    """What is put on a medium."""

    CONTENT = "content"
    """Readable without a display application: pages, pictures. Include Non-DICOM Objects (2200,0008)."""
    VIEWER = "viewer"
    """A display application and what it needs. Include Display Application (2200,0009)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a bundler can put on a medium."""

    kind: BundleKind
    title: str
    """What it is, in a line: as a conformance statement says it."""
    personal: bool
    """Whether its files tell of patients. Such files never stand beside sealed ones."""
    platforms: tuple[str, ...] = ()
    """What it runs on, as people call it: Windows, any web browser. Empty: it needs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """Code that makes the pieces of one instance."""

    function: str
    """`module:function` of the plugin: called as `function(picture, options)` with a `Picture` and `options`,
    it yields pairs of a name and bytes. Runs in a worker process with caps of memory and time, without a
    network, on data that anybody may have sent. It raises ValueError with a sentence where it cannot."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Plain values. Pieces are kept by these: other options, other pieces."""
    version: int = 1
    """Raised where the same options give other bytes."""


class Picture(Protocol):
    """One instance, for a renderer. Arrays are numpy's."""

    dataset: Any
    """Its attributes up to Pixel Data, a pydicom Dataset."""
    transfer_syntax: str
    frames: int
    """0 where it has no pixels that can be decoded."""
    rows: int
    columns: int
    proportion: float
    """Height of a pixel over its width."""

    @property
    @abstractmethod
    def photometric(self) -> str:
        """Photometric Interpretation of what was decoded; what `values` gives of colours is RGB whatever this
        is. Raises ValueError."""

    @property
    @abstractmethod
    def representative(self) -> int:
        """The frame that stands for all, from 1."""

    @abstractmethod
    def values(self, frame: int) -> Any:
        """Stored values: rows x columns, signed or unsigned, or rows x columns x 3 of eight bits in RGB.

        Raises ValueError where the frame cannot be decoded.
        """

    @abstractmethod
    def shown(self, frame: int) -> Any:
        """As a display shows it at first, eight bits: rows x columns, or rows x columns x 3.

        Grey values go through the modality and the first VOI transformation; 0 is black. Raises ValueError.
        """

    @abstractmethod
    def transformed(self, frame: int) -> tuple[float, float]:
        """Rescale Slope and Intercept of a frame; 1 and 0 where it has none."""

    @abstractmethod
    def number(self, keyword: str, frame: int) -> float | None:
        """The first value of an attribute, of the data set or of a frame's functional groups."""

    @abstractmethod
    def group(self, keyword: str, frame: int) -> Any:
        """The item of a frame's functional groups that has an attribute, else the data set."""

    @abstractmethod
    def file(self) -> Iterator[bytes]:
        """The whole instance as a DICOM file (PS3.10), in blocks."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that a renderer made, which lie with their instance."""

    key: str
    length: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the bundler's own, such as a program."""

    path: Path
    length: int
    digest: bytes
    """SHA-256. A file that has another one stops the plan: see `BundleUnfit`."""


Part = bytes | Piece | StoredFile


@dataclass(frozen=True, slots=True)
class BundledFile:
    """A file that is to stand on the volume."""

    path: tuple[str, ...]
    """From the root; each component 1 to 8 characters of A-Z, 0-9 and _, the last with an extension of up to
    3 (ISO 9660 Level 1), which every format and reader takes."""
    parts: tuple[Part, ...]
    """What it is made of, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What README.TXT and INDEX.HTM point to."""

    path: tuple[str, ...]
    """A file, or a folder that it is all in."""
    title: str
    """What one finds there, a few words in English."""
    note: str = ""
    """What one must know: the platforms that a program runs on."""
    page: bool = True
    """Whether a browser opens it; else it is a program, which one starts by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What one bundler puts on one volume."""

    files: tuple[BundledFile, ...] = ()
    """In the order in which they are to lie. What is read first comes first."""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledInstance:
    """An instance on the volume."""

    file_id: tuple[str, ...]
    """Its path from the root."""
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    """As it stands on the volume."""
    length: int
    """Bytes of its data set there."""
    head: Head
    pieces: Mapping[str, Piece] = field(default_factory=dict)
    """What the renderer made, by name. Empty where it could not, or was not asked."""
    unmade: str = ""
    """Why there are no pieces: a sentence that calls the instance "it"; empty where there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledSeries:
    """A series, or the part of it that is on the volume."""

    uid: str
    modality: str = ""
    number: str = ""
    description: str = ""
    body_part: str = ""
    instances: tuple[BundledInstance, ...] = ()
    """In the order of their directory records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledStudy:
    """A study, or the part of it that is on the volume."""

    uid: str
    study_id: str = ""
    date: str = ""
    """YYYY-MM-DD; as received where it is no date."""
    time: str = ""
    """HH:MM; as received where it is no time."""
    description: str = ""
    accession: str = ""
    institution: str = ""
    series: tuple[BundledSeries, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledPerson:
    """Somebody and what is theirs on the volume."""

    said: LabelPerson
    studies: tuple[BundledStudy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledVolume:
    """A volume as a bundler sees it."""

    file_set_id: str
    file_set_uid: str
    token: str
    """Opaque; also on the label."""
    made: datetime
    """Aware, UTC. A bundler knows no other clock and no chance: the same volume gives the same bundle."""
    number: int
    """Of this volume, from 1."""
    volumes: int
    """Of how many. While a set is being split it is not known, and as long as it can become."""
    profile: str
    institution: str
    """Who makes the media; empty where nobody said."""
    people: tuple[BundledPerson, ...]

    @property
    def day(self) -> str:
        """The day on which it was made, where it was made: YYYY-MM-DD."""
        return self.made.astimezone().date().isoformat()

    def instances(self) -> Iterator[BundledInstance]:
        """All instances, in the order of the volume."""
        for person in self.people:
            for study in person.studies:
                for series in study.series:
                    yield from series.instances


class Bundler(Protocol):
    """Makes bundles. Called from one thread."""

    @property
    @abstractmethod
    def offers(self) -> Sequence[Offer]:
        """What it can put on media: of each kind one at most. Cheap; may change where files come and go."""

    def renderer(self, kinds: frozenset[BundleKind]) -> Renderer | None:
        """What is to be made of each instance for bundles of these kinds; None where nothing is."""
        return None

    @abstractmethod
    def bundle(self, volume: BundledVolume, kind: BundleKind) -> Bundle:
        """What of that kind stands on a volume. The same volume gives the same bundle.

        Raises BundleUnfit where what it should put there is not as it should be.
        """


@dataclass(frozen=True, slots=True)
class BundlerSpec(Generic[SettingsT]):
    """A way to fill media that a plugin offers."""

    name: str
    """What configurations call it, under `[bundlers.<name>] driver`: web, folder."""
    settings: type[SettingsT]
    """The keys it takes there."""
    build: Callable[[SettingsT], Bundler]
    """Makes it; opens nothing large."""
    standing: bool = False
    """Whether one of its own name is there without a table in the configuration."""

    def make(self, keys: Mapping[str, Any]) -> Bundler:
        """Check `keys` against the settings and build the bundler from them."""
        return self.build(self.settings.model_validate(dict(keys)))
