"""`label …`: what a label will look like, which styles there are, and a copy of one to be edited."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from burnish.cli import complain, say
from burnish.config import Loaded, load_config, load_plugins
from burnish.contracts import Barcode, Form, Label, LabelMaker, LabelPerson, LabelStudy, Wanted
from burnish.database import Database
from burnish.database.soundness import DATABASE_FILE
from burnish.errors import BurnishError, ConfigError
from burnish.requests.overview import find_row, labels_of

_FORMS: Final = {".pdf": Form.PDF, ".png": Form.PNG, ".pbm": Form.PBM}
SAMPLE: Final = Label(
    token="SAMPLE",  # noqa: S106 - opaque, and nobody's
    piece=1,
    volumes=2,
    file_set_id="SAMPLE",
    made="2026-01-31",
    content="DICOM ONLY",
    profile="STD-GEN-CD",
    institution="Sample Hospital, Radiology",
    text="Label Text of the request",
    disposition="Dr. Sample\nSample Street 1\nSampletown",
    barcode=Barcode(value="SAMPLE-1", symbology="CODE128"),
    people=(
        LabelPerson(
            names=("Yamada^Tarou", "山田^太郎", "やまだ^たろう"),
            patient_id="SAMPLE-0001",
            birth_date="1966-02-15",
            sex="M",
        ),
    ),
    studies=(
        LabelStudy(
            person=0, study_id="1", date="2026-01-05", description="CT of a phantom", modalities=("CT",)
        ),
    ),
)


def preview(
    name: str | None, style: str, out: Path, volume: int, copy: int, config: Path | None, *, sample: bool
) -> None:
    """Draw a label of a request, or the sample, into a file whose suffix says in which form.

    Raises ConfigError, and LabelUnfit where it cannot be drawn.
    """
    if bool(name) == sample:
        raise ConfigError("name a request, or say --sample")
    form = _FORMS.get(out.suffix.lower())
    if form is None:
        raise ConfigError(f"{out}: the suffix says the form: {', '.join(_FORMS)}")
    loaded = load_config(config)
    label, selected = _label_of(loaded, name, volume) if name else (SAMPLE, "")
    with _maker(loaded) as maker:
        wanted = style or selected or "disc-120"
        if wanted not in maker.styles:
            raise ConfigError(f"no label style {wanted!r}; there are {', '.join(maker.styles)}")
        disposition = label.disposition if maker.styles[wanted].mail else ""
        artwork = maker.draw(replace(label, piece=copy, disposition=disposition), wanted, Wanted(form=form))
    try:
        out.write_bytes(artwork.data)
    except OSError as error:
        raise ConfigError(f"{out}: {error.strerror}") from error
    for warning in artwork.warnings:
        complain(warning)
    size = f"{artwork.stock.width:g} x {artwork.stock.height:g} mm"
    say(f"{out}: style {artwork.style}, {size}")


def show_styles(config: Path | None, *, as_json: bool) -> None:
    """Print every style."""
    with _maker(load_config(config)) as maker:
        styles = list(maker.styles.values())
    if as_json:
        told = [
            {
                "name": style.name,
                "title": style.title,
                "kind": style.stock.kind,
                "width": style.stock.width,
                "height": style.stock.height,
                "mail": style.mail,
            }
            for style in styles
        ]
        say(json.dumps(told, indent=2))
        return
    for style in styles:
        say(f"{style.name:18} {style.stock.width:g} x {style.stock.height:g} mm: {style.title}")


def copy_style(style: str, folder: Path, config: Path | None) -> None:
    """Copy the files of a style, to be edited. Raises ConfigError."""
    with _maker(load_config(config)) as maker:
        if style not in maker.styles:
            raise ConfigError(f"no label style {style!r}; there are {', '.join(maker.styles)}")
        source: Path | None = getattr(maker, "folder", lambda _: None)(style)
        if source is None:
            raise ConfigError(f"{style!r} is no folder that could be copied")
        source = source.resolve()
    try:
        shutil.copytree(source, folder)
    except FileExistsError:
        raise ConfigError(f"{folder} exists; name another folder") from None
    except OSError as error:
        raise ConfigError(f"{folder}: {error}") from error
    say(f"wrote {folder}: edit it, and name it under [label_makers.html] styles")


@contextmanager
def _maker(loaded: Loaded) -> Iterator[LabelMaker]:
    """The label maker of the configuration; relative paths begin at its folder while it is used."""
    name = loaded.config.labels.maker
    registry = load_plugins(loaded)
    for error in registry.broken.values():
        complain(str(error))
    if name not in registry.label_makers:
        known = ", ".join(registry.label_makers) or "none"
        raise ConfigError(f"labels.maker: no label maker {name!r}; the loaded plugins have {known}")
    before = Path.cwd()
    os.chdir(loaded.folder)
    try:
        yield registry.label_makers[name].make(loaded.config.label_makers.get(name, {}))
    except ValueError as error:
        raise ConfigError(f"label_makers.{name}: {error}") from error
    finally:
        os.chdir(before)


def _label_of(loaded: Loaded, name: str, volume: int) -> tuple[Label, str]:
    """What the label of a volume of a request says, and the style that it selects."""
    if not (loaded.data / DATABASE_FILE).exists():
        raise BurnishError(f"no server has worked in {loaded.data} yet")
    database = Database.look(loaded.data)
    try:
        with database.read() as connection:
            row = find_row(connection, name)
            if row is None:
                raise ConfigError(f"no request {name!r}; `burnish requests` lists them")
            labels: dict[int, dict[str, Any]] = labels_of(connection, row.id)
    finally:
        database.close()
    told = labels.get(volume)
    if not told:
        raise ConfigError(f"request {name!r} has no volume {volume} whose label is known yet")
    return Label.from_json(told["says"]), told["style"]
