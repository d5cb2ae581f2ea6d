"""What is negotiated and answered over the network (PS3.2 Annex A, section 4)."""

from burnish.config import Config
from burnish.conformance.document import Section, Table, code, uid_name
from burnish.conformance.settings import settings_table
from burnish.dicom.answers import ANSWERS
from burnish.dicom.dispatch import VERIFICATION
from burnish.dicom.reception import accepted_contexts
from burnish.terms import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    MEDIA_CREATION_MANAGEMENT,
)


def networking(config: Config) -> Section:
    """Application entity, associations, contexts, statuses."""
    return Section(
        "Networking",
        parts=(_entity(config), _contexts(config), _operations(), _statuses()),
    )


def _entity(config: Config) -> Section:
    identity = (
        ("Application Entity title", config.server.ae_title),
        ("Implementation Class UID", IMPLEMENTATION_CLASS_UID),
        ("Implementation Version Name", IMPLEMENTATION_VERSION_NAME),
        ("Associations initiated", "none"),
        ("Asynchronous operations", "none: one operation at a time"),
        ("SOP Class Extended Negotiation", "none"),
        ("Roles", "SCP of every SOP Class"),
    )
    tables = [
        Table.of("Application entity", ("", ""), identity),
        settings_table("Associations", "server", config.server),
    ]
    if config.aets:
        rows = [
            (title, ", ".join(one.may), one.max_requests or "no limit", one.assume_character_set or "none")
            for title, one in config.aets.items()
        ]
        head = ("Calling AE title", "May", "Requests that have not ended", "Assumed character set")
        tables.append(Table.of("Who may do what; any other is rejected (1,1,3)", head, rows))
    else:
        tables.append(Table.of("Who may do what", ("Calling AE title", "May"), [("any", "everything")]))
    return Section("Application entity and association policies", "C20", tables=tuple(tables))


def _contexts(config: Config) -> Section:
    contexts = accepted_contexts(config.storage)
    syntaxes = set(contexts.values())
    tables = []
    for accepted in sorted(syntaxes, key=len):
        classes = [uid for uid, value in contexts.items() if value == accepted]
        listed = Table.of(
            "Transfer syntaxes, the preferred first",
            ("Name", "UID"),
            [(uid_name(uid), uid) for uid in accepted],
        )
        named = Table.of("SOP Classes with these", ("Name", "UID"), [(uid_name(uid), uid) for uid in classes])
        tables += [named, listed]
    storage = settings_table("Settings", "storage", config.storage)
    return Section("Presentation contexts", "C2", tables=(*tables, storage))


def _operations() -> Section:
    rows = [
        (uid_name(VERIFICATION), "C-ECHO", "SCP"),
        ("every storage class above", "C-STORE", "SCP"),
        (uid_name(MEDIA_CREATION_MANAGEMENT), "N-CREATE", "SCP"),
        (uid_name(MEDIA_CREATION_MANAGEMENT), "N-ACTION 1, Initiate Media Creation", "SCP"),
        (uid_name(MEDIA_CREATION_MANAGEMENT), "N-ACTION 2, Cancel Media Creation", "SCP"),
        (uid_name(MEDIA_CREATION_MANAGEMENT), "N-GET", "SCP"),
    ]
    head = ("SOP Class", "Operation", "Role")
    return Section("Operations and actions", "C1", tables=(Table.of("Operations", head, rows),))


def _statuses() -> Section:
    tables = [
        Table.of(
            operation.name.replace("_", "-"),
            ("Status", "Name", "When"),
            [(code(status), status.name, why) for status, why in sorted(answers.items())],
        )
        for operation, answers in ANSWERS.items()
    ]
    return Section("Statuses of each operation", "C3", tables=tuple(tables))
