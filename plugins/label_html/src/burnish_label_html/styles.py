"""Styles: the folders that come with the package, and those of a deployer, which come first.

`style.toml`:
    title = "Disc, 120 mm"
    overflow = "disc-120-list"   # drawn instead where something has no room; absent: then it is an error
    mail = false                 # whether Media Disposition is meant to be seen on it
    [stock]                      # millimetres
    kind = "disc"                # disc, sticker, sheet
    width = 120.0
    height = 120.0
    inner = 40.0                 # of a disc: nothing is printed within,
    outer = 118.0                # and nothing beyond
    [letters]                    # points: the largest that have room are taken
    largest = 10.0
    smallest = 5.5
    [code]                       # of the piece
    size = 12.0                  # millimetres
    [barcode]                    # of the request
    width = 60.0
    height = 8.0
    square = 11.0                # side of a QR Code or a Data Matrix
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from burnish.contracts import LabelStyle, Stock, StockKind
from pydantic import BaseModel, ConfigDict, Field, ValidationError

OURS: Final = Path(__file__).parent / "styles"


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Stock(_Table):
    kind: StockKind
    width: float = Field(gt=5, le=1500)
    height: float = Field(gt=5, le=1500)
    inner: float = Field(default=0, ge=0)
    outer: float = Field(default=0, ge=0)


class _Letters(_Table):
    largest: float = Field(default=10.0, gt=0, le=72)
    smallest: float = Field(default=5.5, ge=4, le=72)


class _Code(_Table):
    size: float = Field(default=12.0, ge=8, le=60)


class _Barcode(_Table):
    width: float = Field(default=60.0, gt=0)
    height: float = Field(default=8.0, ge=4)
    square: float = Field(default=11.0, ge=4)


class Manifest(_Table):
    """What `style.toml` says."""

    title: str
    overflow: str = ""
    mail: bool = False
    stock: _Stock
    letters: _Letters = _Letters()
    code: _Code = _Code()
    barcode: _Barcode = _Barcode()


@dataclass(frozen=True, slots=True)
class Style:
    """One folder, read."""

    name: str
    folder: Path
    manifest: Manifest

    @property
    def facts(self) -> LabelStyle:
        """As the core knows it."""
        stock = Stock(**self.manifest.stock.model_dump())
        return LabelStyle(name=self.name, title=self.manifest.title, stock=stock, mail=self.manifest.mail)


def read_styles(folders: Sequence[Path]) -> Mapping[str, Style]:
    """Every style: of these folders, each of which is one, then ours. Raises ValueError, naming the file."""
    found: dict[str, Style] = {}
    for folder in (*folders, *sorted(path for path in OURS.iterdir() if (path / "style.toml").exists())):
        if folder.name not in found:
            found[folder.name] = _read(folder)
    for style in found.values():
        if style.manifest.overflow and style.manifest.overflow not in found:
            raise ValueError(
                f"{style.folder}: there is no style {style.manifest.overflow!r} to overflow into"
            )
    return found


def _read(folder: Path) -> Style:
    file = folder / "style.toml"
    try:
        manifest = Manifest.model_validate(tomllib.loads(file.read_text("utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{file}: {place}: {first['msg']}") from error
    except (OSError, ValueError) as error:
        raise ValueError(f"{file}: {error}") from error
    if not (folder / "label.html").is_file():
        raise ValueError(f"{folder}: there is no label.html")
    return Style(folder.name, folder.resolve(), manifest)
