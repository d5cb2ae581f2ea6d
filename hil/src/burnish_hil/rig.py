"""A rig: the devices that stand on a desk, or are emulated in a guest, as one TOML file.

    [drive]
    device = "/dev/disk/by-id/usb-ACME_BD-RE_1234-0:0"
    medium = "CD-R"                     # what its blanks are
    blank = "lab-swap-disc"             # a command that lays a fresh blank in; absent: it asks
    keys = { reload = "none" }          # further keys of [writers.<name>]

    [robot]
    driver = "nimbie"                   # of a loaded plugin
    keys = { place = "1-1.2" }          # its keys of [movers.<name>]

What a rig lacks is skipped, by name.
"""

import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from burnish.media import MediaKind
from pydantic import BaseModel, ConfigDict, Field


class DriveRig(BaseModel):
    """A recorder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: str
    """Its node."""
    medium: MediaKind
    """What its blanks are."""
    blank: str = ""
    """A command after which a fresh blank lies in it, or in its open tray; empty: a person is asked."""
    keys: dict[str, Any] = Field(default_factory=dict)
    """Further keys of its driver."""

    def settings(self) -> dict[str, Any]:
        """The keys of a `[writers.<name>]` table, `driver` left out."""
        return {"device": self.device, "media": [self.medium.value], **self.keys}

    def lay_in_a_blank(self) -> None:
        """Have one laid in. Raises CalledProcessError."""
        if self.blank:
            subprocess.run(shlex.split(self.blank), check=True, timeout=300)
            return
        with Path("/dev/tty").open("w+") as terminal:
            terminal.write(f"\nPut a blank {self.medium} into {self.device} and press Enter: ")
            terminal.readline()


class RobotRig(BaseModel):
    """A robot that serves the recorder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plugin: str = ""
    """Entry-point name; empty: `mover-<driver>`."""
    driver: str
    """The mover's name."""
    keys: dict[str, Any] = Field(default_factory=dict)
    """The keys of its driver."""

    @property
    def plugin_name(self) -> str:
        """The plugin that has the driver."""
        return self.plugin or f"mover-{self.driver}"


class Rig(BaseModel):
    """Everything on the desk."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    drive: DriveRig | None = None
    robot: RobotRig | None = None

    @classmethod
    def read(cls, path: Path) -> "Rig":
        """From a file. Raises OSError, TOMLDecodeError, ValidationError."""
        return cls.model_validate(tomllib.loads(path.read_text("utf-8")))
