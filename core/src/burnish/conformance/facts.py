"""What a statement is made of: a configuration, and what its plugins offer."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from burnish.config import Config
from burnish.contracts import Profile
from burnish.errors import FaultKind
from burnish.media import MediaKind
from burnish.production.devices import makeable_kinds
from burnish.production.faults import OWN
from burnish.production.settings import StationSettings
from burnish.registry import Registry


@dataclass(frozen=True)
class Facts:
    """Everything that sections ask for. Opens no device."""

    config: Config
    registry: Registry

    @cached_property
    def kinds(self) -> frozenset[MediaKind]:
        """What some station can make."""
        return frozenset(makeable_kinds(self.config.devices, self.registry))

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """What can be made: some station has the medium, and a loaded plugin the format."""
        able = self.config.media.security.able
        return {
            name: one
            for name, one in self.registry.profiles.items()
            if (able or not one.security) and self.formats_of(one)
        }

    def formats_of(self, profile: Profile) -> dict[MediaKind, list[str]]:
        """The formats in which a profile can be made here, by kind of medium."""
        known = self.registry.formats
        found = {
            kind: [name for name in names if name in known]
            for kind, names in profile.formats.items()
            if kind in self.kinds
        }
        return {kind: names for kind, names in found.items() if names}

    @cached_property
    def stations(self) -> Mapping[str, StationSettings]:
        """Every station, those of one writer alone too."""
        return self.config.devices.working()

    @cached_property
    def raised(self) -> dict[FaultKind, list[str]]:
        """Who raises each kind of fault: drivers in use, and the server itself."""
        config, registry = self.config, self.registry
        tables = (
            ("writer", config.writers, registry.writers),
            ("mover", config.movers, registry.movers),
            ("printer", config.printers, registry.printers),
        )
        used = {
            f"{role} {one.driver}": specs[one.driver].raises
            for role, devices, specs in tables
            for one in devices.values()
        }
        own = OWN if config.printers else OWN - {FaultKind.LABEL_FAILED}
        return {
            kind: [who for who, kinds in used.items() if kind in kinds]
            + (["the server"] if kind in own else [])
            for kind in FaultKind
        }
