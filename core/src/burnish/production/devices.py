"""What a configuration says of devices, and whether it goes together.

A writer that no station names is a station by itself. Judging opens no device.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from burnish.contracts import LabelMaker, Writer
from burnish.errors import DeviceFault
from burnish.labels.settings import LabelSettings
from burnish.media import MediaKind
from burnish.production.settings import (
    LabelStep,
    MoverSettings,
    PrinterSettings,
    StationSettings,
    WriterSettings,
)
from burnish.registry import Registry


@dataclass(frozen=True, slots=True)
class Devices:
    """What a configuration says of devices, each table by its names."""

    writers: Mapping[str, WriterSettings]
    movers: Mapping[str, MoverSettings]
    stations: Mapping[str, StationSettings]
    printers: Mapping[str, PrinterSettings] = field(default_factory=dict)
    label_makers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def working(self) -> dict[str, StationSettings]:
        """Every station by its name, those of one writer alone too."""
        return {name: StationSettings(writers=(name,)) for name in self.alone()} | dict(self.stations)

    def alone(self) -> list[str]:
        """Writers that no station names."""
        named = {writer for station in self.stations.values() for writer in station.writers}
        return [name for name in self.writers if name not in named]


def media_of(writer: Writer, station: StationSettings) -> dict[MediaKind, int]:
    """What the drive can make of what lies in the bin."""
    kinds = writer.capabilities.media
    if station.media:
        kinds &= set(station.media)
    return {kind: writer.capacity(kind) for kind in kinds}


def makeable_kinds(devices: Devices, registry: Registry) -> set[MediaKind]:
    """The kinds of media that some station can make."""
    found: set[MediaKind] = set()
    for station in devices.working().values():
        for name in station.writers:
            settings = devices.writers[name]
            writer = registry.writers[settings.driver].make(settings.driver_keys)
            found |= media_of(writer, station).keys()
    return found


def station_faults(
    devices: Devices, registry: Registry, labels: LabelSettings
) -> Iterator[tuple[tuple[str, ...], str]]:
    """What does not go together: the place in the file, and what is wrong there."""
    owner: dict[str, str] = {}
    for name, station in devices.stations.items():
        here = ("stations", name)
        for writer in station.writers:
            if writer not in devices.writers:
                yield (*here, "writers"), f"no [writers.{writer}]; there are {_list(devices.writers)}"
            elif writer in owner:
                yield (*here, "writers"), f"{writer!r} belongs to station {owner[writer]!r} already"
            owner.setdefault(writer, name)
        if name in devices.alone():
            yield here, f"a writer that no station names is called {name!r} too; give one another name"
        yield from (((*here, key), text) for key, text in _robot_faults(devices, registry, station))
        yield from _media_faults(devices, registry, station, here)
        yield from _label_faults(devices, registry, labels, station, here)


def _robot_faults(
    devices: Devices, registry: Registry, station: StationSettings
) -> Iterator[tuple[str, str]]:
    if not station.mover:
        return
    if station.mover not in devices.movers:
        yield "mover", f"no [movers.{station.mover}]; there are {_list(devices.movers)}"
        return
    settings = devices.movers[station.mover]
    spec = registry.movers.get(settings.driver)
    drives = spec.make(settings.driver_keys).capabilities.drives if spec else 0
    if spec and len(station.writers) > drives:
        yield "writers", f"{len(station.writers)} drives; {station.mover!r} reaches {drives}"
    for name in station.writers:
        writer = _built(devices, registry, name)
        if writer and not writer.capabilities.tray:
            yield "writers", f"{name!r} does not move its tray when told to: no robot can serve it"


def _media_faults(
    devices: Devices, registry: Registry, station: StationSettings, here: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    for name in station.writers:
        writer = _built(devices, registry, name)
        if writer and not media_of(writer, station):
            known = ", ".join(sorted(writer.capabilities.media))
            yield (*here, "media"), f"{name!r} makes none of these, only {known}"


def _label_faults(
    devices: Devices,
    registry: Registry,
    labels: LabelSettings,
    station: StationSettings,
    here: tuple[str, ...],
) -> Iterator[tuple[tuple[str, ...], str]]:
    steps = station.labels
    if not steps:
        return
    if labels.maker not in registry.label_makers:
        known = _list(registry.label_makers)
        yield ("labels", "maker"), f"no label maker {labels.maker!r}; the loaded plugins have {known}"
        return
    try:
        maker = registry.label_makers[labels.maker].make(devices.label_makers.get(labels.maker, {}))
    except ValueError as error:  # a style that cannot be read
        yield ("label_makers", labels.maker), str(error)
        return
    for number, step in enumerate(steps):
        if step.printer not in devices.printers:
            yield (*here, "printer"), f"no [printers.{step.printer}]; there are {_list(devices.printers)}"
        elif step.printer in {other.printer for other in steps[:number]}:
            yield (*here, "besides"), f"{step.printer!r} prints another label of the same piece already"
        elif step.style not in maker.styles:
            yield (*here, "style"), f"no label style {step.style!r}; there are {_list(maker.styles)}"
        else:
            yield from (((*here, "style"), text) for text in _stock_faults(devices, registry, step, maker))


def _stock_faults(devices: Devices, registry: Registry, step: LabelStep, maker: LabelMaker) -> Iterator[str]:
    settings = devices.printers[step.printer]
    spec = registry.printers.get(settings.driver)
    try:
        if spec:
            spec.make(settings.driver_keys).wanted(maker.styles[step.style].stock)
    except DeviceFault as fault:
        yield f"{step.printer!r} cannot print {step.style!r}: {fault}"


def _built(devices: Devices, registry: Registry, name: str) -> Writer | None:
    """The writer where it can be built; what its own keys lack is told elsewhere."""
    settings = devices.writers.get(name)
    spec = registry.writers.get(settings.driver) if settings else None
    try:
        return spec.make(settings.driver_keys) if spec and settings else None
    except ValueError:
        return None


def _list(names: Mapping[str, object]) -> str:
    return ", ".join(names) or "none"
