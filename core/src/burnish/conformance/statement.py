"""The statement, in the outline of PS3.2-2021b Annex A: its eight chapters, numbered as there."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from burnish.config import Config
from burnish.conformance.annexes import annexes, character_sets, security
from burnish.conformance.document import Section, Table
from burnish.conformance.facts import Facts
from burnish.conformance.media import media_interchange
from burnish.conformance.networking import ACTIONS, networking
from burnish.registry import Registry
from burnish.terms import IMPLEMENTATION_VERSION_NAME

EDITION: Final = "PS3.2-2021b, Annex A"
DEMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "C1": "Operations and actions that are performed",
        "C2": "Storage before a request: SOP Classes and transfer syntaxes",
        "C3": "Behaviour on N-CREATE, N-ACTION and N-GET, each status",
        "C4": "SOP Classes of which media are made",
        "C5": "Media application profiles, and the defaults",
        "C6": "Icons where none is given",
        "C7": "Labels: attributes of instances, barcode symbologies",
        "C8": "Character sets",
        "C9": "Attributes that make the label",
        "C10": "File-set ID and UID, Media Disposition, priority, preservation",
        "C11": "Lifetime of stored instances",
        "C12": "Lifetime of results",
        "C13": "Lifetime of requests that are IDLE",
        "C14": "Failures, retries, queue",
        "C15": "Splitting",
        "C16": "Non-DICOM objects",
        "C17": "Display applications",
        "C18": "Compression",
        "C19": "Media storage: roles, profiles, directory keys",
        "C20": "Application entities and association policies",
        "C21": "Security",
        "C22": "Label style codes, extensions of terms",
        "C23": "Print Priority (2000,0020) in place of Request Priority",
        "C24": "The outline of PS3.2",
    }
)
"""What PS3.4 S.4.2 wants documented, and what PS3.2 wants besides."""


def statement(config: Config, registry: Registry) -> Section:
    """The statement of a configuration."""
    facts = Facts(config, registry)
    body = (
        networking(facts),
        media_interchange(facts),
        character_sets(facts),
        security(facts),
        annexes(facts),
    )
    chapters = (_overview(facts), Section("Contents", "C24"), _introduction(facts), *body)
    draft = Section("DICOM Conformance Statement of burnish", parts=chapters)
    contents = Section("Contents", "C24", tables=(_contents(draft),))
    return Section(draft.title, parts=(chapters[0], contents, *chapters[2:]))


def _overview(facts: Facts) -> Section:
    services = [
        (operation, "no", "yes" if _for_everybody(right, facts.config) else "for some calling AEs")
        for _, operation, right in ACTIONS
    ]
    media = [(name, "yes", "no", "no") for name in facts.profiles]
    return Section(
        "Overview",
        text=(f"The outline is that of {EDITION}.",),
        tables=(
            Table.of("Network services", ("Operation", "User of service", "Provider of service"), services),
            Table.of("Media services", ("Profile", "Create", "Update", "Read"), media),
        ),
    )


def _for_everybody(right: str, config: Config) -> bool:
    return not right or all(right in one.may for one in config.aets.values())


def _contents(draft: Section) -> Table:
    places: dict[str, list[str]] = {}
    for number, section in draft.every():
        for item in section.item.split():
            places.setdefault(item, []).append(number)
    rows = [(item, what, ", ".join(places.get(item, ["nowhere"]))) for item, what in DEMANDS.items()]
    return Table.of("What PS3.4 S.4.2 and PS3.2 ask for", ("", "", "Section"), rows)


def _introduction(facts: Facts) -> Section:
    plugins = [
        (plugin.name, plugin.distribution, plugin.version, _offered(plugin.offers) or plugin.broken)
        for plugin in facts.registry.plugins()
        if plugin.name in facts.config.plugins
    ]
    product = [("Product", "burnish"), ("Version", IMPLEMENTATION_VERSION_NAME)]
    return Section(
        "Introduction",
        tables=(
            Table.of("Identification", ("", ""), product),
            Table.of("Plugins that are loaded", ("Plugin", "Distribution", "Version", "Offers"), plugins),
        ),
    )


def _offered(offers: tuple[str, ...]) -> str:
    """What a plugin offers; profiles by their number."""
    profiles = [one for one in offers if one.startswith("profile ")]
    others = [one for one in offers if one not in profiles]
    return ", ".join(others + ([f"{len(profiles)} profiles"] if profiles else []))
