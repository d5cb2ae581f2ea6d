"""A printer that does what a test tells it, and a label maker that draws nothing but bytes.

The printer keeps what it prints in its folder, `<code>.<number>.pbm`, until the folder says otherwise:

* `condition`: while it exists, a look finds the fault that stands in it;
* `script.json`: a list of actions; each label takes the first one off when it is to be printed. An action is
  an object of these keys; an empty one prints:
    `fault`   KIND   raise DeviceFault of this kind
    `crash`   true   end the process on the spot
    `hang`    seconds sleep
    `after`   true   do so once the label is out; absent: before
* `log.jsonl`: one line for each call, `{"op": ..., "code": ..., "time": seconds}`.

The label maker `plain` has the styles `face`, `sticker` and `letter` (for the mail), and draws what a label
says as JSON behind the head of a PBM. A label whose text is `unfit` has no room.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict

from burnish.contracts import (
    Artwork,
    Cancel,
    DeviceState,
    Form,
    Label,
    LabelMaker,
    LabelMakerSpec,
    LabelStyle,
    Printed,
    Printer,
    PrinterCapabilities,
    PrinterSpec,
    PrintJob,
    Stock,
    StockKind,
    Supply,
    Unit,
    Wanted,
)
from burnish.errors import DeviceFault, FaultKind, LabelUnfit
from burnish.hookspecs import hookimpl

CRASHED: Final = 70
"""Exit status of a process that an action ended."""
_HEAD: Final = b"P4 8 1 "


class Settings(BaseModel):
    """The keys of a `[printers.<name>]` table whose driver is `scripted`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    """Folder of the labels and of everything that steers the printer; made where it is missing."""
    attaches: bool = True
    """Whether its label is on its piece once it is printed."""
    remembers: bool = False
    """Whether it can say afterwards what became of a job."""
    stock: StockKind | None = None
    """The only stock it prints on; absent: any."""


class ScriptedPrinter(Printer):
    """Steered from its folder: see the module."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path = settings.path

    @property
    def capabilities(self) -> PrinterCapabilities:
        return PrinterCapabilities(attaches=self._settings.attaches)

    def __enter__(self) -> Self:
        self._path.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def look(self) -> DeviceState:
        unit = Unit(product="scripted printer", place=str(self._path))
        supplies = (Supply(name="labels", count=100),)
        condition = self._path / "condition"
        if not condition.exists():
            return DeviceState(unit=unit, supplies=supplies)
        kind = FaultKind(condition.read_text().strip() or FaultKind.OPERATOR_ACTION)
        return DeviceState(unit=unit, supplies=supplies, condition=kind, message=f"told to be {kind}")

    def wanted(self, stock: Stock) -> Wanted:
        if self._settings.stock not in (None, stock.kind):
            raise DeviceFault(FaultKind.BAD_REQUEST, f"it prints on {self._settings.stock} only")
        return Wanted(form=Form.PBM, dpi=203)

    def print(self, job: PrintJob, artwork: Artwork, cancel: Cancel) -> str:
        self._log("print", job)
        cancel.check()
        action = self._next_action()
        if not action.get("after"):
            _happen(action)
        number = 1 + len(list(self._path.glob(f"{job.code}.*.pbm")))
        path = self._path / f"{job.code}.{number}.pbm"
        path.write_bytes(artwork.data)
        if action.get("after"):
            _happen(action)
        return str(path)

    def examine(self, job: PrintJob) -> Printed:
        self._log("examine", job)
        if not self._settings.remembers:
            return Printed.UNKNOWN
        return Printed.YES if any(self._path.glob(f"{job.code}.*.pbm")) else Printed.NO

    def _next_action(self) -> dict[str, Any]:
        script = self._path / "script.json"
        if not script.exists():
            return {}
        actions: list[dict[str, Any]] = [*json.loads(script.read_text()), {}]
        script.write_text(json.dumps(actions[1:]))
        return actions[0]

    def _log(self, op: str, job: PrintJob) -> None:
        with (self._path / "log.jsonl").open("a") as log:
            log.write(json.dumps({"op": op, "code": job.code, "time": time.time()}) + "\n")


def _happen(action: Mapping[str, Any]) -> None:
    if "hang" in action:
        time.sleep(action["hang"])
    if action.get("crash"):
        os._exit(CRASHED)
    if "fault" in action:
        raise DeviceFault(FaultKind(action["fault"]), "told to")


class _Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PlainLabels(LabelMaker):
    """Draws JSON."""

    def __init__(self, _: _Nothing) -> None:
        kinds = {"face": StockKind.DISC, "sticker": StockKind.STICKER, "letter": StockKind.SHEET}
        self._styles = {
            name: LabelStyle(
                name=name,
                title=name,
                stock=Stock(kind=kind, width=120, height=120, inner=22, outer=118),
                mail=name == "letter",
            )
            for name, kind in kinds.items()
        }

    @property
    def styles(self) -> Mapping[str, LabelStyle]:
        return self._styles

    def draw(self, label: Label, style: str, wanted: Wanted) -> Artwork:
        if label.text == "unfit":
            raise LabelUnfit("the label text has no room")
        said = json.dumps({**label.to_json(), "style": style}, ensure_ascii=False).encode()
        stock = self._styles[style].stock
        warnings = ("a barcode as text",) if label.barcode and label.barcode.value == "odd" else ()
        return Artwork(
            data=_HEAD + said, form=wanted.form, dpi=wanted.dpi, stock=stock, style=style, warnings=warnings
        )


def said_by(path: Path) -> dict[str, Any]:
    """What a label of `plain` says."""
    found: dict[str, Any] = json.loads(path.read_bytes().removeprefix(_HEAD))
    return found


@hookimpl
def burnish_printers() -> Sequence[PrinterSpec[Any]]:
    """Offer `scripted`."""
    return [PrinterSpec("scripted", Settings, ScriptedPrinter)]


@hookimpl
def burnish_label_makers() -> Sequence[LabelMakerSpec[Any]]:
    """Offer `plain`."""
    return [LabelMakerSpec("plain", _Nothing, PlainLabels)]
