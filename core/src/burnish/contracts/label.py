"""A label maker draws what a label says, in the styles that it has, on stock of a stated size.

    Label       what is said: decided by the core, from the request and the instances
    Stock       what it is printed on: a disc's face, a sticker, a sheet; in millimetres
    Artwork     the drawing, in the form that a printer takes

Every text of a label comes from outside and is drawn as it stands, whatever it means to a printer or to a
browser. Nothing is cut: what does not fit its style is drawn in the style's overflow style, or is LabelUnfit.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, Self, TypeVar

from pydantic import BaseModel

SettingsT = TypeVar("SettingsT", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPerson:
    """Somebody whose instances are on the volume."""

    names: tuple[str, ...] = ()
    """Component groups of Patient's Name (PS3.5 6.2.1.2) as they were received, carets and all: alphabetic,
    ideographic, phonetic. Empty ones at the end are left out."""
    patient_id: str = ""
    """Empty where the instances have none."""
    issuer: str = ""
    birth_date: str = ""
    """YYYY-MM-DD; as received where it is no date."""
    sex: str = ""

    @property
    def shown_name(self) -> str:
        """The name for people to read, further component groups in parentheses; empty where there is none.

        >>> LabelPerson(names=("Doe^Jane^A^^", "名^前")).shown_name
        'Doe, Jane A (名, 前)'
        """
        first, *others = [_group(group) for group in self.names] or [""]
        more = "; ".join(filter(None, others))
        return f"{first} ({more})" if first and more else first or more


def _group(group: str) -> str:
    """A component group of PN: family name, a comma, and the rest."""
    family, *given = (part.strip() for part in group.split("^"))
    return ", ".join(filter(None, (family, " ".join(filter(None, given)))))


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStudy:
    """A study, or the part of it that is on the volume."""

    person: int
    """Index of whose it is in `Label.people`."""
    study_id: str = ""
    date: str = ""
    """YYYY-MM-DD; as received where it is no date."""
    description: str = ""
    accession: str = ""
    institution: str = ""
    modalities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Barcode:
    """A code that the SCU asked for: PS3.3 C.22.1, (2200,0005) and (2200,0006)."""

    value: str
    symbology: str
    """CODE128, CODE39, INTER_2_5, HIBC, QR or DATAMATRIX; another one is drawn as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What the label of one piece says. Texts are as they were received; empty ones are not said."""

    token: str
    """Of the volume, as it stands in its descriptor: opaque, A-Z and 0-9."""
    piece: int
    """Copy of the volume, from 1."""
    volume: int = 1
    volumes: int = 1
    copies: int = 1
    file_set_id: str = ""
    made: str = ""
    """Day of creation, YYYY-MM-DD."""
    content: str = ""
    """Kind of content, as IHE PDI has it: DICOM ONLY or DICOM PLUS WEB."""
    profile: str = ""
    """Media application profile: STD-GEN-CD."""
    institution: str = ""
    """Who makes the media: of the configuration, else of the instances where these may be told."""
    text: str = ""
    """Label Text (2200,0002); lines are separated by CR, LF or both."""
    disposition: str = ""
    """Media Disposition (2200,0004): for whom it is."""
    barcode: Barcode | None = None
    extracted: bool = True
    """Whether anything of the instances may be said: (2200,0001). Where not, `people`, `studies` and `more`
    are empty."""
    people: tuple[LabelPerson, ...] = ()
    studies: tuple[LabelStudy, ...] = ()
    more: Mapping[str, tuple[str, ...]] | None = None
    """What a deployer wants said besides, by the name of the attribute: each value once."""

    @property
    def code(self) -> str:
        """What a machine reads to know the piece: token and piece number. It tells of nobody."""
        return f"{self.token}-{self.piece}"

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """From what `to_json` gave."""
        people = (LabelPerson(**{**one, "names": tuple(one["names"])}) for one in values["people"])
        studies = (LabelStudy(**{**one, "modalities": tuple(one["modalities"])}) for one in values["studies"])
        more = {name: tuple(said) for name, said in (values["more"] or {}).items()}
        parts = {
            "people": tuple(people),
            "studies": tuple(studies),
            "barcode": Barcode(**values["barcode"]) if values["barcode"] else None,
            "more": more,
        }
        return cls(**{**values, **parts})


class StockKind(StrEnum):
    """What a label is printed on."""

    DISC = "disc"
    """The face of a disc."""
    STICKER = "sticker"
    SHEET = "sheet"
    """Paper that goes with the medium: a sleeve, a letter, an envelope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What is printed on: millimetres."""

    kind: StockKind
    width: float
    height: float
    inner: float = 0.0
    """Of a disc: diameter of the hub, where nothing is printed."""
    outer: float = 0.0
    """Of a disc: diameter beyond which nothing is printed."""


class Form(StrEnum):
    """How a drawing is written down, by its media type."""

    PDF = "application/pdf"
    """One page of the size of the stock; fonts embedded."""
    PNG = "image/png"
    """Grey or colour, with its resolution."""
    PBM = "image/x-portable-bitmap"
    """Black and white: `P4`, width and height in dots, then rows of bits, padded to bytes; 1 is black."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a printer takes."""

    form: Form = Form.PDF
    dpi: int = 300
    """Dots per inch, of forms that have dots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artwork:
    """A drawn label."""

    data: bytes
    form: Form
    dpi: int
    stock: Stock
    style: str
    """The style it was drawn in: the overflow style where the one that was asked for had no room."""
    warnings: tuple[str, ...] = ()
    """What was drawn otherwise than asked for, without the values themselves: a barcode as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStyle:
    """One style."""

    name: str
    title: str
    stock: Stock
    mail: bool = False
    """Whether it is meant to show Media Disposition: for a mailer, not for what everybody sees."""


class LabelMaker(Protocol):
    """Draws labels. Holds no state but what it has loaded; called from one thread."""

    @property
    @abstractmethod
    def styles(self) -> Mapping[str, LabelStyle]:
        """Every style, by name. Cheap: draws nothing."""

    @property
    def symbologies(self) -> Mapping[str, str]:
        """Values of Barcode Symbology (2200,0006) that are drawn as codes, each with the characters that it
        takes; a value of another one is drawn as text. Empty: none are."""
        return {}

    @abstractmethod
    def draw(self, label: Label, style: str, wanted: Wanted) -> Artwork:
        """Draw a label. The same input gives the same picture.

        Raises LabelUnfit where a text has no room in the style or in its overflow style: nothing is cut.
        """


@dataclass(frozen=True, slots=True)
class LabelMakerSpec(Generic[SettingsT]):
    """One way to draw labels that a plugin offers."""

    name: str
    """What configurations call it, under `[labels] maker`: html."""
    settings: type[SettingsT]
    """The keys it takes under `[label_makers.<name>]`."""
    build: Callable[[SettingsT], LabelMaker]
    """Makes it; what takes long is loaded at the first drawing."""

    def make(self, keys: Mapping[str, Any]) -> LabelMaker:
        """Check `keys` against the settings and build the label maker from them."""
        return self.build(self.settings.model_validate(dict(keys)))
