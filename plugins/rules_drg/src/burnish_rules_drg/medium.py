"""A CD with an ISO 9660 file system, on which nothing starts by itself.

Joliet, Rock Ridge and several sessions are allowed. The sections on DVD media are inactive.
"""

from collections.abc import Iterator
from typing import Final

from burnish.contracts import Breach, MediumFacts, MediumView
from burnish.media import CAPACITY, MediaKind

from burnish_rules_drg.sources import refused, warned

_ISO9660: Final = frozenset(("iso9660", "bridge"))
"""Formats that have such a file system."""


def check_facts(facts: MediumFacts) -> Iterator[Breach]:
    """Judge the kind of medium and the format, as far as they are known."""
    if facts.media and MediaKind.CD_R not in facts.media:
        yield refused("medium", "2.1.1", f"it is a medium of kind {facts.media[0]}, and only CDs are allowed")
    if facts.format and facts.format not in _ISO9660:
        yield refused("format", "2.1.2", f"its format is {facts.format}, and must be ISO 9660")


def check_medium(view: MediumView) -> Iterator[Breach]:
    """Judge size and automatic start."""
    size = sum(file.size for file in view.files.values())
    if not view.facts.media and size > CAPACITY[MediaKind.CD_R]:
        text = (
            f"its files have {size} bytes, which a CD of 80 minutes does not hold, and only CDs are allowed"
        )
        yield warned("medium", "2.1.1", text)
    for path in view.files:
        if len(path) == 1 and path[0].upper() == "AUTORUN.INF":
            text = "it starts a program by itself, which is recommended against"
            yield warned("autostart", "2.3.1", text, path)
