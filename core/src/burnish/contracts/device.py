"""What every device can tell of itself, whatever its role: who it is, what it holds, what it lacks.

Units: counts are pieces, capacities bytes. What a device does not tell is None or empty, never a guess.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from burnish.errors import FaultKind
from burnish.media import MediaKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Which device this is. Empty where it does not say."""

    vendor: str = ""
    product: str = ""
    revision: str = ""
    """Of its firmware."""
    serial: str = ""
    place: str = ""
    """Where it is connected: a device node, a port path such as `1-1.3`, a folder."""

    def __str__(self) -> str:
        return " ".join(part for part in (self.vendor, self.product, self.revision, self.serial) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """Something that runs out: blanks in a bin, ink. Both numbers None: how much is left is unknown."""

    name: str
    """For people: `input bin`, `cyan`."""
    count: int | None = None
    """Pieces left."""
    percent: int | None = None
    """Of full, 0 to 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """What lies in a drive or a socket."""

    kind: MediaKind | None = None
    """None: a medium of no kind that burnish makes."""
    blank: bool | None = None
    """Whether it holds nothing; None where that cannot be told."""
    capacity: int | None = None
    """Bytes that an image on it may have; None where the device does not say."""
    name: str = ""
    """As the device calls it: `DVD+R`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """One look at a device."""

    unit: Unit = Unit()
    condition: FaultKind | None = None
    """Why it can take no job now; None where nothing stands against one."""
    message: str = ""
    """The condition for people: what is wrong and what they can do about it."""
    medium: Medium | None = None
    """None: there is none, or it cannot be told."""
    supplies: tuple[Supply, ...] = ()
    tray_open: bool | None = None
    """None: it has no tray, or does not tell."""

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """From what `to_json` gave. Raises TypeError, ValueError or KeyError for anything else."""
        condition, medium = values["condition"], values["medium"]
        return cls(
            unit=Unit(**values["unit"]),
            condition=FaultKind(condition) if condition else None,
            message=str(values["message"]),
            medium=_medium(medium) if medium else None,
            supplies=tuple(Supply(**supply) for supply in values["supplies"]),
            tray_open=values["tray_open"],
        )


def _medium(values: Mapping[str, Any]) -> Medium:
    kind = values["kind"]
    return Medium(**{**values, "kind": MediaKind(kind) if kind else None})
