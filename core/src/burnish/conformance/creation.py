"""What becomes of a request: its attributes, its states, its lifetimes (PS3.4 S.4.2)."""

from typing import Final

from burnish.config import Config, bundler_tables
from burnish.conformance.document import Section, Table, code, tag
from burnish.conformance.settings import enum_documents, settings_table, shown
from burnish.errors import FaultKind
from burnish.orders.shape import ATTRIBUTES, DEFINED_TERMS
from burnish.production.faults import POLICIES
from burnish.registry import Registry
from burnish.requests.states import MOVES, REFUSALS
from burnish.terms import FailureReason, StatusInfo


def creation(config: Config, registry: Registry) -> Section:
    """The Media Creation Management SOP Class as an SCP."""
    return Section(
        "Media Creation Management",
        parts=(
            _attributes(),
            _states(),
            _failures(),
            _faults(config),
            _queue(config),
            _lifetimes(config),
            _splitting(config),
            _labels(config),
            _bundles(config, registry),
            _identity(config),
        ),
    )


def _attributes() -> Section:
    rows = [
        (tag(number), keyword, ", ".join(DEFINED_TERMS.get(keyword, ())) or "as its VR")
        for keyword, (number, _) in ATTRIBUTES.items()
    ]
    head = ("Tag", "Attribute", "Terms that are known")
    table = Table.of("Attributes of an N-CREATE that have a meaning; others are ignored and told", head, rows)
    return Section("Attributes of a request", "C9", tables=(table,))


def _states() -> Section:
    moves = [(state, event, target) for (state, event), target in MOVES.items()]
    refused = [(state, event, code(status)) for (state, event), status in REFUSALS.items()]
    return Section(
        "Execution Status",
        "C3",
        tables=(
            Table.of("Changes of Execution Status (2100,0020)", ("From", "Event", "To"), moves),
            Table.of("What is refused in a state", ("State", "Event", "Status"), refused),
        ),
    )


def _failures() -> Section:
    raised = {policy.failing for policy in POLICIES.values()} | {
        policy.waiting for policy in POLICIES.values() if policy.waiting
    }
    infos = [(info.value, "a device" if info in raised else "the server") for info in StatusInfo]
    reasons = [(code(reason), reason.name) for reason in FailureReason]
    return Section(
        "Failures",
        "C14",
        tables=(
            Table.of("Execution Status Info (2100,0030)", ("Term", "Said for"), infos),
            Table.of("Failure Reason (0008,1197)", ("Code", "Name"), reasons),
        ),
    )


def _faults(config: Config) -> Section:
    documents = enum_documents(FaultKind)
    rows = []
    for kind, policy in POLICIES.items():
        limit = ""
        if policy.limit:
            names = {"supplies": "supplies_timeout", "offline": "offline_timeout"}
            limit = shown(getattr(config.queue, names[policy.limit.value]))
        action = policy.action.name.lower().replace("_", " ")
        waiting = policy.waiting.value if policy.waiting else ""
        rows.append((kind.value, documents.get(kind.name, ""), action, waiting, limit, policy.failing.value))
    head = ("Fault of a device", "Meaning", "Then", "PENDING with", "For at most", "FAILURE with")
    return Section(
        "Transient and permanent failures of devices", "C14", tables=(Table.of("Faults", head, rows),)
    )


def _queue(config: Config) -> Section:
    return Section("Queue and retries", "C14", tables=(settings_table("Settings", "queue", config.queue),))


LIFETIMES: Final = {
    ("Of instances", "C11"): (
        "instances_after_success",
        "instances_after_failure",
        "instances_preserved",
        "instances_unrequested",
    ),
    ("Of results", "C12"): ("results", "ledger"),
    ("Of requests that are not initiated", "C13"): ("idle_requests",),
}


def _lifetimes(config: Config) -> Section:
    parts = tuple(
        Section(title, item, tables=(settings_table("Settings", "retention", config.retention, names),))
        for (title, item), names in LIFETIMES.items()
    )
    return Section("Lifetimes", parts=parts)


def _splitting(config: Config) -> Section:
    names = ("splitting", "splitting_default", "max_volumes", "compression", "max_copies")
    table = settings_table("Settings", "media", config.media, names)
    return Section("Splitting, compression, copies", "C15", tables=(table,))


def _labels(config: Config) -> Section:
    tables = [settings_table("Settings", "labels", config.labels)]
    printed = [
        (name, station.printer or "none", station.style or "none", station.unlabelled)
        for name, station in config.stations.items()
    ]
    if printed:
        head = ("Station", "Printer", "Style", "Where a label cannot be printed")
        tables.append(Table.of("Stations", head, printed))
    return Section("Labels", "C7", tables=tuple(tables))


def _bundles(config: Config, registry: Registry) -> Section:
    rows: list[tuple[str, ...]] = []
    for name, table in bundler_tables(config.bundlers, registry).items():
        spec = registry.bundlers.get(table.driver)
        offers = spec.make(table.driver_keys).offers if spec else ()
        rows += [(name, one.kind.value, one.title, "yes" if one.personal else "no") for one in offers]
    settings = config.bundles
    return Section(
        "What stands beside the instances",
        "C16",
        tables=(
            settings_table("Settings", "bundles", settings),
            Table.of("Bundlers", ("Name", "Kind", "What it is", "Tells of patients"), rows),
        ),
    )


def _identity(config: Config) -> Section:
    table = settings_table("Settings", "identity", config.identity)
    return Section("People on one medium", tables=(table,))
