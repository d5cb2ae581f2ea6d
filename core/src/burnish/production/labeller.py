"""The process that draws and prints labels: `python -m burnish.production.labeller <descriptor>`.

It runs the label maker's plugin and the drivers of the printers, beside the process that runs the writer's. A
printer is open only while it is looked at or prints: stations that share one take turns, by a lock.

Messages in:  the introduction first (`building.Labels`); then {"do": look | draw | ready | print | examine,
"job", "step": which label, "number"}; with `draw` comes a descriptor from which {"says", "style"} is read.
Messages out: as those of `driver`. `ready` says for each step whether its printer attaches what it prints.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final, Self

from burnish.contracts import (
    Artwork,
    DeviceState,
    Job,
    Label,
    LabelMaker,
    LabelPerson,
    Printer,
    PrintJob,
)
from burnish.errors import DeviceFault, FaultKind, LabelUnfit
from burnish.production.building import Labels, Stepping
from burnish.production.driver import Host, host, stream
from burnish.registry import Registry

SAMPLE: Final = Label(token="SAMPLE", piece=1, people=(LabelPerson(names=("Sample^Label",)),))  # noqa: S106
"""Drawn when a station starts, so that the first piece need not wait for fonts to be loaded."""


class LabelRole:
    """The label maker and the printers of one station."""

    def __init__(self, introduction: Labels) -> None:
        self._steps = introduction["steps"]
        self._disposition = introduction["disposition"]
        names = dict.fromkeys([introduction["plugin"], *(step["plugin"] for step in self._steps)])
        registry = Registry.load(names)
        for error in registry.broken.values():
            raise error
        spec = registry.label_makers[introduction["maker"]]
        self._maker: LabelMaker = spec.make(introduction["settings"])
        self._printers: list[Printer] = [
            registry.printers[step["driver"]].make(step["settings"]) for step in self._steps
        ]
        self._drawn: dict[int, tuple[str, Artwork]] = {}
        """By step, the code of the piece whose label was drawn last."""

    def __enter__(self) -> Self:
        """Draw a label in the style of each step. Raises DeviceFault BAD_REQUEST where that cannot be."""
        for number, step in enumerate(self._steps):
            self._draw_in(step["style"], number, SAMPLE)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Nothing is held."""

    @property
    def able(self) -> dict[str, Any]:
        """Whether a person has to attach what each step prints."""
        return {"attaches": [printer.capabilities.attaches for printer in self._printers]}

    def do(self, order: dict[str, Any], descriptor: int | None, host: Host) -> Any:
        """One of the orders of the module."""
        if order["do"] == "look":
            return [self._look(number) for number in range(len(self._steps))]
        step, job = order["step"], Job.from_json(order["job"])
        match order["do"]:
            case "ready":
                self._demand_ready(step)
            case "draw":
                with stream(descriptor, "rb") as source:
                    told = json.load(source)
                return self._draw(step, replace(Label.from_json(told["says"]), piece=job.copy), told["style"])
            case "print":
                return self._print(step, job, host)
            case "examine":
                with self._opened(step) as printer:
                    return printer.examine(print_job(job))
        return None

    # --- drawing -----------------------------------------------------------------------------------------

    def _draw(self, number: int, label: Label, selected: str) -> list[str]:
        """Draw the label; return what was drawn otherwise than asked for."""
        style = selected if self._prints(selected, number) else self._steps[number]["style"]
        artwork = self._draw_in(style, number, label)
        self._drawn[number] = label.code, artwork
        return list(artwork.warnings)

    def _prints(self, style: str, number: int) -> bool:
        if style not in self._maker.styles:
            return False
        try:
            self._printers[number].wanted(self._maker.styles[style].stock)
        except DeviceFault:
            return False
        return True

    def _draw_in(self, style: str, number: int, label: Label) -> Artwork:
        if style not in self._maker.styles:
            known = ", ".join(self._maker.styles) or "none"
            raise DeviceFault(FaultKind.BAD_REQUEST, f"there is no label style {style!r}, only {known}")
        found = self._maker.styles[style]
        if self._disposition == "never" or (self._disposition == "mail" and not found.mail):
            label = replace(label, disposition="")
        try:
            return self._maker.draw(label, style, self._printers[number].wanted(found.stock))
        except LabelUnfit as error:
            raise DeviceFault(FaultKind.BAD_REQUEST, f"the label: {error}") from error
        except (ImportError, OSError) as error:  # a library of the system that is not there
            message = f"labels cannot be drawn: {error}; `burnish doctor` says what to do"
            raise DeviceFault(FaultKind.OPERATOR_ACTION, message) from error

    # --- printing ----------------------------------------------------------------------------------------

    def _print(self, number: int, job: Job, host: Host) -> str:
        wanted = print_job(job)
        code, artwork = self._drawn.get(number, ("", None))
        if artwork is None or code != wanted.code:  # a process that came after the one that drew
            raise DeviceFault(FaultKind.DRIVER_FAULT, "the label was not drawn before it was to be printed")
        with self._opened(number) as printer:
            place = printer.print(wanted, artwork, host.cancel())
        del self._drawn[number]
        return place

    def _demand_ready(self, number: int) -> None:
        """Raise what keeps a printer from printing, as long as nothing is intended yet."""
        with self._opened(number) as printer:
            state = printer.look()
        if state.condition:
            raise DeviceFault(state.condition, state.message)

    def _look(self, number: int) -> dict[str, Any] | None:
        """The state of a printer; None while another station prints with it."""
        try:
            with self._opened(number, fcntl.LOCK_NB) as printer:
                return printer.look().to_json()
        except BlockingIOError:
            return None
        except DeviceFault as fault:
            return DeviceState(condition=fault.kind, message=str(fault)).to_json()

    @contextmanager
    def _opened(self, number: int, how: int = 0) -> Iterator[Printer]:
        with _locked(self._steps[number], how), self._printers[number] as printer:
            yield printer


def print_job(job: Job) -> PrintJob:
    """The label of a piece, as a device may show it."""
    code = f"{job.volume_token}-{job.copy}"
    return PrintJob(code=code, title=f"{job.file_set_id or job.token} {job.volume}".strip())


@contextmanager
def _locked(step: Stepping, how: int) -> Iterator[None]:
    lock = os.open(step["lock"], os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | how)
        yield
    finally:
        with suppress(OSError):
            os.close(lock)


def main() -> None:
    """Run as a child of a feeder."""
    host(LabelRole)


if __name__ == "__main__":
    main()
