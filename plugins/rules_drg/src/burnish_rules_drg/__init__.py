"""The requirements of the Deutsche Röntgengesellschaft (DRG) for media with patient information.

    Anforderungskatalog für Datenträger mit Patienteninformationen, Ausgabe 2006 (2006-10-27), DRG and OFFIS

It is built on IHE PDI, whose rules the rule set `ihe-pdi` has: a house that keeps to the one names both.

medium     which medium, and what starts on it by itself
directory  the DICOMDIR
web        INDEX.HTM and the viewers

Describing the rule set imports none of them.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from burnish.contracts import Breach, MediumFacts, MediumView, RuleSet, RuleSetSpec
from burnish.hookspecs import hookimpl
from pydantic import BaseModel, ConfigDict

__all__ = ["Drg", "Settings", "burnish_rule_sets"]


class Settings(BaseModel):
    """The keys under `[rules.drg]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    viewers: tuple[str, ...] = ()
    """Paths of the programs that start a viewer, as `VIEWER/START.EXE`. Where one is on a medium with an
    INDEX.HTM, that must lead to it. Absent: any program may be one, so there are only warnings."""


class Drg(RuleSet):
    """The rules. Without state."""

    def __init__(self, settings: Settings) -> None:
        self._viewers = tuple(tuple(name.split("/")) for name in settings.viewers)

    def check_facts(self, facts: MediumFacts) -> Iterator[Breach]:
        """Refuse what is no CD with an ISO 9660 file system."""
        from burnish_rules_drg.medium import check_facts

        yield from check_facts(facts)

    def check(self, view: MediumView) -> Iterator[Breach]:
        """The medium, then the DICOMDIR, then web content."""
        from burnish_rules_drg.directory import check_directory
        from burnish_rules_drg.medium import check_medium
        from burnish_rules_drg.web import check_web

        yield from check_medium(view)
        if view.directory:
            yield from check_directory(view.directory)
        yield from check_web(view, self._viewers)


@hookimpl
def burnish_rule_sets() -> Sequence[RuleSetSpec[Any]]:
    """Offer `drg`."""
    return [RuleSetSpec("drg", "DRG requirements for patient CDs, edition 2006", Settings, Drg)]
