"""From a configuration to stations: a drive each, with the robot that serves it."""

from collections.abc import Iterator

from burnish.labels.settings import LabelSettings
from burnish.production.building import Carried, Introduction, Labels, Stepping
from burnish.production.devices import Devices, media_of
from burnish.production.pair import Bench
from burnish.production.settings import LabelStep, StationSettings, WriterSettings
from burnish.production.stations import Station
from burnish.registry import Registry


def compose_stations(
    devices: Devices, registry: Registry, bench: Bench, labels: LabelSettings | None = None
) -> Iterator[Station]:
    """Every drive of every station, ready to be started."""
    said = labels or LabelSettings()
    for name, station in devices.working().items():
        for number in range(len(station.writers)):
            yield _drive(devices, registry, bench, said, station, name, number)


def _drive(
    devices: Devices,
    registry: Registry,
    bench: Bench,
    labels: LabelSettings,
    station: StationSettings,
    name: str,
    number: int,
) -> Station:
    writer = station.writers[number]
    settings = devices.writers[writer]
    spec = registry.writers[settings.driver]
    introduction: Introduction = {
        "plugin": registry.origin[f"writer {spec.name}"],
        "writer": spec.name,
        "settings": settings.driver_keys,
        "folder": str(bench.folder),
        "memory": settings.driver_memory,
    }
    if station.mover:
        introduction["mover"] = _carried(devices, registry, bench, station.mover, number)
    if station.labels:
        introduction["labels"] = _labels(devices, registry, bench, labels, station, settings)
    media = media_of(spec.make(settings.driver_keys), station)
    row = name if len(station.writers) == 1 else f"{name}/{writer}"
    return Station(row, settings, introduction, media, bench, name)


def _carried(devices: Devices, registry: Registry, bench: Bench, mover: str, number: int) -> Carried:
    settings = devices.movers[mover]
    spec = registry.movers[settings.driver]
    return {
        "plugin": registry.origin[f"mover {spec.name}"],
        "driver": spec.name,
        "settings": settings.driver_keys,
        "number": number,
        "lock": str(bench.data / "locks" / mover),
    }


def _labels(
    devices: Devices,
    registry: Registry,
    bench: Bench,
    labels: LabelSettings,
    station: StationSettings,
    writer: WriterSettings,
) -> Labels:
    return {
        "plugin": registry.origin[f"label maker {labels.maker}"],
        "maker": labels.maker,
        "settings": dict(devices.label_makers.get(labels.maker, {})),
        "disposition": labels.disposition,
        "steps": [_step(devices, registry, bench, step) for step in station.labels],
        "folder": str(bench.folder),
        "memory": writer.driver_memory,
    }


def _step(devices: Devices, registry: Registry, bench: Bench, step: LabelStep) -> Stepping:
    settings = devices.printers[step.printer]
    return {
        "printer": step.printer,
        "plugin": registry.origin[f"printer {settings.driver}"],
        "driver": settings.driver,
        "settings": settings.driver_keys,
        "style": step.style,
        "unlabelled": step.unlabelled,
        "confirm": step.confirm,
        "lock": str(bench.data / "locks" / f"{step.printer}.printer"),
    }
