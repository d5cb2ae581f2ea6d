"""Section 4 of the statement: what is negotiated and answered over the network."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from burnish.config import Config
from burnish.conformance.creation import creation
from burnish.conformance.document import Arrow, Diagram, Section, Table, code, uid_name
from burnish.conformance.facts import Facts
from burnish.conformance.settings import settings_table
from burnish.dicom.answers import ANSWERS
from burnish.dicom.commands import Operation
from burnish.dicom.dispatch import VERIFICATION
from burnish.dicom.reception import accepted_contexts
from burnish.production.devices import media_of
from burnish.requests.states import MOVES, REFUSALS
from burnish.terms import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    MEDIA_CREATION_MANAGEMENT,
    DimseStatus,
)

ANYBODY: Final = "any calling AE"
ACTIONS: Final = (
    (VERIFICATION, "C-ECHO", ""),
    ("", "C-STORE", "store"),
    (MEDIA_CREATION_MANAGEMENT, "N-CREATE", "create"),
    (MEDIA_CREATION_MANAGEMENT, "N-ACTION 1, Initiate Media Creation", "create"),
    (MEDIA_CREATION_MANAGEMENT, "N-ACTION 2, Cancel Media Creation", "cancel"),
    (MEDIA_CREATION_MANAGEMENT, "N-GET", "get"),
)
"""SOP Class, empty for every storage class; operation; and the right that it takes."""
_REFUSES: Final = Operation.C_STORE, DimseStatus.DUPLICATE_REFUSED
_ONLY: Final[Mapping[tuple[Operation, DimseStatus], tuple[str, Callable[[Config], bool]]]] = {
    _REFUSES: ('storage.duplicates = "refuse"', lambda config: config.storage.duplicates == "refuse"),
    (Operation.C_STORE, DimseStatus.NOT_AUTHORISED): ("a table of AEs", lambda config: bool(config.aets)),
}
"""Answers that are given under a setting only."""


def networking(facts: Facts) -> Section:
    """A.4: the model, the application entity, interfaces, configuration."""
    return Section("Networking", parts=(_model(facts), _entities(facts), _interfaces(facts.config)))


def _model(facts: Facts) -> Section:
    return Section(
        "Implementation model",
        parts=(
            Section("Application data flow", diagrams=(data_flow(facts),)),
            _operations(facts.config),
            _states(),
        ),
    )


def data_flow(facts: Facts) -> Diagram:
    """Who speaks to the application entity, and what makes the media."""
    config, ours = facts.config, f"{facts.config.server.ae_title} (SCP, FSC)"
    callers = {title: one.may for title, one in config.aets.items()} or {ANYBODY: ()}
    boxes = {f"AE {title}": may for title, may in callers.items() if title != ANYBODY} or {ANYBODY: ()}
    stations = {f"station {name}": name for name in facts.stations}
    asked = [Arrow(box, ours, (", ".join(_asks(may)),)) for box, may in boxes.items()]
    made = [Arrow(ours, box, (", ".join(_makes(facts, name)),)) for box, name in stations.items()]
    return Diagram(
        "Application entities and real-world activities",
        (tuple(boxes), (ours,), tuple(stations)),
        (*asked, *made),
        (ours, *boxes),
    )


def _asks(may: Collection[str]) -> list[str]:
    """What somebody with these rights asks for; without any, everything."""
    return [word.partition(",")[0] for _, word, right in ACTIONS if not (may and right) or right in may]


def _makes(facts: Facts, station: str) -> list[str]:
    settings, found = facts.stations[station], set()
    for name in settings.writers:
        device = facts.config.writers[name]
        found |= set(media_of(facts.registry.writers[device.driver].make(device.driver_keys), settings))
    return sorted(found)


def _operations(config: Config) -> Section:
    callers = {title: one.may for title, one in config.aets.items()}
    rows = []
    for sop_class, operation, right in ACTIONS:
        may = [title for title, rights in callers.items() if not right or right in rights]
        name = uid_name(sop_class) if sop_class else "every storage class that is accepted"
        rows.append((name, operation, "SCP", (", ".join(may) or "nobody") if callers else ANYBODY))
    head = ("SOP Class", "Operation", "Role", "For")
    return Section("Operations and actions", "C1", tables=(Table.of("Operations", head, rows),))


def _states() -> Section:
    moves = [(state, event, target) for (state, event), target in MOVES.items()]
    refused = [(state, event, code(status)) for (state, event), status in REFUSALS.items()]
    return Section(
        "Sequencing of real-world activities",
        "C3",
        tables=(
            Table.of("Changes of Execution Status (2100,0020)", ("From", "Event", "To"), moves),
            Table.of("What is refused in a state", ("State", "Event", "Status"), refused),
        ),
    )


def _entities(facts: Facts) -> Section:
    config = facts.config
    classes = _classes(config)
    policies = Section("Association policies", "C20", tables=(_identity(config), _associations(config)))
    initiation = Table.of("Associations that are initiated", ("To", "For"), [("none", "none")])
    ours = Section(
        config.server.ae_title,
        parts=(
            classes,
            policies,
            Section("Association initiation policy", tables=(initiation,)),
            Section(
                "Association acceptance policy",
                parts=(_callers(config), _contexts(config), _statuses(config)),
            ),
            creation(facts),
        ),
    )
    return Section("Application entity specifications", parts=(ours,))


def _classes(config: Config) -> Section:
    rows = [(uid_name(uid), uid, "no", "yes") for uid in accepted_contexts(config.storage)]
    head = ("SOP Class Name", "SOP Class UID", "SCU", "SCP")
    return Section("SOP Classes", "C2", tables=(Table.of("SOP Classes", head, rows),))


def _identity(config: Config) -> Table:
    rows = (
        ("Application context", "1.2.840.10008.3.1.1.1"),
        ("Application Entity title", config.server.ae_title),
        ("Implementation Class UID", IMPLEMENTATION_CLASS_UID),
        ("Implementation Version Name", IMPLEMENTATION_VERSION_NAME),
        ("Outstanding asynchronous operations", "1"),
        ("SOP Class Extended Negotiation", "none"),
        ("Roles proposed or accepted beyond the default", "none"),
    )
    return Table.of("General", ("", ""), rows)


def _associations(config: Config) -> Table:
    names = ("max_associations", "max_half_open", "max_per_address", "max_pdu")
    times = ("association_timeout", "dimse_timeout", "network_timeout")
    return settings_table("Limits", "server", config.server, (*names, *times))


def _callers(config: Config) -> Section:
    if not config.aets:
        table = Table.of("Who may do what", ("Calling AE title", "May"), [("any", "everything")])
        return Section("Calling AEs", "C20", tables=(table,))
    rows = [
        (title, ", ".join(one.may), one.max_requests or "no limit", one.assume_character_set or "none")
        for title, one in config.aets.items()
    ]
    head = ("Calling AE title", "May", "Requests that have not ended", "Assumed character set")
    return Section(
        "Calling AEs", "C20", tables=(Table.of("Who may do what; another is rejected (1,1,3)", head, rows),)
    )


def _contexts(config: Config) -> Section:
    contexts = accepted_contexts(config.storage)
    tables = []
    for accepted in sorted(set(contexts.values()), key=len):
        classes = [uid for uid, value in contexts.items() if value == accepted]
        some = (
            ", ".join(map(uid_name, classes[:2])) if len(classes) <= 2 else f"{len(classes)} storage classes"
        )
        rows = [(uid_name(uid), uid) for uid in accepted]
        tables.append(Table.of(f"Transfer syntaxes of {some}", ("Name", "UID"), rows))
    storage = settings_table("Settings", "storage", config.storage)
    return Section("Presentation contexts", "C2", tables=(*tables, storage))


def _statuses(config: Config) -> Section:
    tables = [
        Table.of(
            operation.name.replace("_", "-"),
            ("Status", "Name", "When", "Here"),
            [
                (code(status), status.name, why, _given(operation, status, config))
                for status, why in sorted(answers.items())
            ],
        )
        for operation, answers in ANSWERS.items()
    ]
    return Section("Statuses of each operation", "C3", tables=tuple(tables))


def _given(operation: Operation, status: DimseStatus, config: Config) -> str:
    setting, is_so = _ONLY.get((operation, status), ("", lambda _: True))
    return "given" if is_so(config) else f"not given: only with {setting}"


def _interfaces(config: Config) -> Section:
    names = ("ae_title", "bind", "port")
    table = settings_table("TCP/IP", "server", config.server, names)
    return Section("Network interfaces", "C20", tables=(table,))
