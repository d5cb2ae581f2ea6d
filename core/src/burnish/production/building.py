"""What a driver's process is told of itself, and how it builds its driver from that.

An introduction is plain values: they pass from production through the feeder to the driver's process.
"""

import resource
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from burnish.contracts import Writer
from burnish.production.robot import RobotDrive
from burnish.registry import Registry


class Carried(TypedDict):
    """The robot that serves a drive."""

    plugin: str
    driver: str
    settings: dict[str, Any]
    number: int
    """Of the drive at its robot, from 0."""
    lock: str
    """Path of the file whose lock says who moves."""


class Introduction(TypedDict):
    """One drive of a station."""

    plugin: str
    """Entry-point name of the writer's plugin."""
    writer: str
    settings: dict[str, Any]
    folder: str
    """Where relative paths of the settings begin."""
    memory: int
    """Bytes of memory that the driver's process may take; 0 is no limit."""
    mover: NotRequired[Carried]
    labels: NotRequired["Labels"]


class Stepping(TypedDict):
    """One label of each piece."""

    printer: str
    """Name of its table."""
    plugin: str
    driver: str
    settings: dict[str, Any]
    style: str
    unlabelled: str
    confirm: str
    lock: str
    """Path of the file whose lock says who prints."""


class Labels(TypedDict):
    """Who draws the labels of a station, and who prints them."""

    plugin: str
    """Entry-point name of the label maker's plugin."""
    maker: str
    settings: dict[str, Any]
    disposition: str
    steps: list[Stepping]
    folder: str
    memory: int


def build(introduction: Introduction) -> Writer:
    """Load the plugins that are needed, no others, and build the driver. Raises whatever they raise."""
    mover = introduction.get("mover")
    names = dict.fromkeys([introduction["plugin"], *([mover["plugin"]] if mover else [])])
    registry = Registry.load(names)
    for error in registry.broken.values():
        raise error
    drive = registry.writers[introduction["writer"]].make(introduction["settings"])
    if not mover:
        return drive
    robot = registry.movers[mover["driver"]].make(mover["settings"])
    return RobotDrive(drive, robot, mover["number"], Path(mover["lock"]))


def limit_memory(size: int) -> None:
    """Have the kernel refuse this process, and each that it starts, more than `size` bytes of data."""
    if size:
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
