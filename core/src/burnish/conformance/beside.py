"""Labels, and what stands on a medium beside the instances."""

from burnish.config import bundler_tables
from burnish.conformance.document import Section, Table, named
from burnish.conformance.facts import Facts
from burnish.conformance.settings import settings_table
from burnish.contracts import BundleKind, LabelMaker
from burnish.fileset.bundles.settings import EVERY, TermMap
from burnish.labels.content import EXTRACTED

FROM_THE_REQUEST = (
    "LabelText",
    "LabelStyleSelection",
    "MediaDisposition",
    "BarcodeValue",
    "BarcodeSymbology",
    "LabelUsingInformationExtractedFromInstances",
)
"""Attributes of an N-CREATE that a label is made of."""


def labels(facts: Facts) -> Section:
    """What labels say, who draws and who prints them."""
    config = facts.config
    maker = label_maker(facts)
    taken = [(*named(keyword), "the request") for keyword in FROM_THE_REQUEST]
    taken += [(*named(keyword), "instances") for keyword in (*EXTRACTED, *config.labels.attributes)]
    symbologies = maker.symbologies if maker else {}
    return Section(
        "Labels",
        "C7 C9",
        tables=(
            Table.of("Attributes that make the label", ("Tag", "Attribute", "Of"), taken),
            Table.of(
                "Barcode Symbology (2200,0006); a value of another one is printed as text",
                ("Symbology", "Takes"),
                symbologies.items(),
            ),
            _printed(facts),
            settings_table("Settings", "labels", config.labels),
        ),
    )


def label_maker(facts: Facts) -> LabelMaker | None:
    """Who draws labels; None where no loaded plugin does."""
    config = facts.config
    spec = facts.registry.label_makers.get(config.labels.maker)
    return spec.make(config.label_makers.get(config.labels.maker, {})) if spec else None


def _printed(facts: Facts) -> Table:
    rows: list[tuple[str, ...]] = []
    for name, station in facts.stations.items():
        steps = [(name, step.printer, step.style, str(step.unlabelled)) for step in station.labels]
        rows += steps or [(name, "none", "", "")]
    return Table.of("Stations", ("Station", "Printer", "Style", "Where it cannot be printed"), rows)


def beside(facts: Facts) -> Section:
    """Non-DICOM objects and display applications."""
    settings = facts.config.bundles
    return Section(
        "What stands beside the instances",
        parts=(
            Section(
                "Non-DICOM objects",
                "C16",
                tables=(
                    _terms("Include Non-DICOM Objects (2200,0008)", settings.non_dicom, facts),
                    _offers(BundleKind.CONTENT, facts),
                    settings_table("Settings", "bundles", settings),
                ),
            ),
            Section(
                "Display applications",
                "C17",
                tables=(
                    _terms("Include Display Application (2200,0009)", settings.display, facts),
                    _offers(BundleKind.VIEWER, facts),
                    settings_table("Settings", "bundles", settings, ("display_default",)),
                ),
            ),
        ),
    )


def _terms(caption: str, terms: TermMap, facts: Facts) -> Table:
    """What each term means; a profile's own map besides."""
    every = list(bundler_tables(facts.config.bundlers, facts.registry))
    rows = [("any", "NO", "nothing")]
    rows += [("any", term, _names(names, every)) for term, names in terms.items()]
    for profile, own in facts.config.bundles.profiles.items():
        told = own.non_dicom if "2200,0008" in caption else own.display
        rows += [(profile, term, _names(names, every)) for term, names in (told or {}).items()]
    return Table.of(caption, ("Profile", "Term", "Bundlers"), rows)


def _names(names: tuple[str, ...], every: list[str]) -> str:
    return ", ".join(every if EVERY in names else names) or "nothing"


def _offers(kind: BundleKind, facts: Facts) -> Table:
    rows = []
    for name, table in bundler_tables(facts.config.bundlers, facts.registry).items():
        for one in facts.registry.bundlers[table.driver].make(table.driver_keys).offers:
            if one.kind is kind:
                told = "yes" if one.personal else "no"
                rows.append((name, one.title, ", ".join(one.platforms) or "anything", told))
    return Table.of("Bundlers", ("Name", "What it is", "Runs on", "Tells of patients"), rows)
