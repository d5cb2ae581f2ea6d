"""The statement of `burnish scu`: PS3.4 S.4.1.1, in the outline of PS3.2 Annex A."""

from typing import Final

from burnish.conformance.document import Arrow, Diagram, Section, Table, code, named, uid_name
from burnish.conformance.statement import EDITION
from burnish.dicom.answers import ANSWERS
from burnish.dicom.commands import Operation
from burnish.dicom.dispatch import VERIFICATION
from burnish.dicom.scu import MAX_CONTEXTS, RETRIED, STATUS_ATTRIBUTES, Reach, Retries
from burnish.orders.shape import ARGUMENTS, ATTRIBUTES, ITEM
from burnish.terms import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    IMPLICIT_VR_LE,
    MEDIA_CREATION_MANAGEMENT,
    DimseStatus,
)

_OPERATIONS: Final = (
    (uid_name(VERIFICATION), "C-ECHO", "echo"),
    ("that of each file", "C-STORE", "store, make"),
    (uid_name(MEDIA_CREATION_MANAGEMENT), "N-CREATE", "create, make"),
    (uid_name(MEDIA_CREATION_MANAGEMENT), "N-ACTION 1, Initiate Media Creation", "initiate, make"),
    (uid_name(MEDIA_CREATION_MANAGEMENT), "N-ACTION 2, Cancel Media Creation", "cancel, make --cancel-late"),
    (uid_name(MEDIA_CREATION_MANAGEMENT), "N-GET", "get, wait, make"),
)
_ASKED: Final = (
    ("(2200,000C) of each item", "--profile, or --set 'ReferencedSOPSequence[0].…'; absent: the SCP chooses"),
    (
        "(0088,0130), (0088,0140)",
        "--set; absent: the SCP chooses. What it wrote is shown by get, wait and make",
    ),
    ("(0088,0200) of an item", "--set 'ReferencedSOPSequence[0].IconImageSequence[0].…'; none is made"),
    ("SOP Instance UID of a request", "--uid; absent: the SCP assigns it"),
    ("(0008,0005)", "--set; absent: ISO_IR 192 where ASCII does not hold a value, else none"),
    ("Instances", "as they are, or --new-uids: the same under other UIDs"),
)
"""How PS3.4 S.4.1.1's attributes are asked for."""


def client_statement(reach: Reach, retries: Retries) -> Section:
    """The statement of a client that reaches SCPs so."""
    return Section(
        "DICOM Conformance Statement of burnish scu",
        parts=(
            Section("Overview", text=(f"The outline is that of {EDITION}.",), tables=(_operations(),)),
            Section("Introduction", tables=(_identification(),)),
            _networking(reach, retries),
            Section("Support of character sets", tables=(_characters(),)),
            Section("Security", tables=(_security(reach),)),
        ),
    )


def _operations() -> Table:
    head = ("SOP Class", "Operation", "Role", "Invoked by")
    rows = [(name, operation, "SCU", f"burnish scu {words}") for name, operation, words in _OPERATIONS]
    return Table.of("Operations and actions", head, rows)


def _identification() -> Table:
    rows = (("Product", "burnish scu"), ("Version", IMPLEMENTATION_VERSION_NAME))
    return Table.of("Identification", ("", ""), rows)


def _networking(reach: Reach, retries: Retries) -> Section:
    words = tuple(dict.fromkeys(operation.partition(",")[0] for _, operation, _ in _OPERATIONS))
    ours = f"{reach.calling} (SCU)"
    flow = Diagram(
        "Application entities",
        (("somebody at a keyboard, or a script",), (ours,), ("a media creation SCP",)),
        (
            Arrow("somebody at a keyboard, or a script", ours, ("burnish scu",)),
            Arrow(ours, "a media creation SCP", (", ".join(words),)),
        ),
        (ours, "a media creation SCP"),
    )
    parts = (
        Section("Application data flow", diagrams=(flow,)),
        Section("Association policies", tables=(_policies(reach),)),
        Section("Presentation contexts", tables=(_contexts(reach),)),
        Section("Attributes", tables=_attributes()),
        Section("Statuses", tables=_statuses()),
        Section("Retry policy", "C24", tables=_retries(retries)),
    )
    return Section("Networking", parts=parts)


def _policies(reach: Reach) -> Table:
    rows = (
        ("Calling AE title", reach.calling),
        (
            "Associations",
            "one at a time, a new one for each operation; one for all files that it has contexts for",
        ),
        ("Presentation contexts of one association", str(MAX_CONTEXTS)),
        ("Outstanding asynchronous operations", "1"),
        ("SOP Class Extended Negotiation, role selection", "none"),
        ("Implementation Class UID", IMPLEMENTATION_CLASS_UID),
        ("Implementation Version Name", IMPLEMENTATION_VERSION_NAME),
        ("Largest PDU that is taken", f"{reach.max_pdu} bytes"),
        ("An association may take", f"{reach.connect_timeout:g} s"),
        ("An answer may take", f"{reach.answer_timeout:g} s"),
        ("Associations accepted", "none"),
    )
    return Table.of("Policies", ("", ""), rows)


def _contexts(reach: Reach) -> Table:
    offered = ", ".join(map(uid_name, reach.syntaxes))
    rows = (
        (uid_name(VERIFICATION), uid_name(IMPLICIT_VR_LE)),
        (uid_name(MEDIA_CREATION_MANAGEMENT), offered),
        ("that of each file", "that of each file: a context each, nothing is transcoded"),
    )
    return Table.of("Offered", ("SOP Class", "Transfer syntaxes"), rows)


def _attributes() -> tuple[Table, ...]:
    create = [(*named(keyword), "N-CREATE") for keyword in (*ATTRIBUTES, "ReferencedSOPSequence")]
    create += [(named(keyword)[0], f"> {named(keyword)[1]}", "N-CREATE") for keyword in ITEM]
    act = [(*named(keyword), "Initiate") for keyword in sorted(ARGUMENTS)]
    got = [(*named(keyword), "N-GET") for keyword in STATUS_ATTRIBUTES]
    return (
        Table.of(
            "Known; any other is sent too where it is set", ("Tag", "Attribute", "In"), create + act + got
        ),
        Table.of("How they are asked for", ("Attribute", "By"), _ASKED),
    )


def _statuses() -> tuple[Table, ...]:
    """What is done with each status of each operation."""
    return tuple(
        Table.of(
            operation.name.replace("_", "-"),
            ("Status", "Name", "Then"),
            [
                (code(status), status.name, _then(operation, status))
                for status in sorted({*answers, DimseStatus.SUCCESS})
            ],
        )
        for operation, answers in ANSWERS.items()
    )


def _then(operation: Operation, status: DimseStatus) -> str:
    if status == DimseStatus.SUCCESS:
        return "the next step"
    if operation is Operation.N_GET and status == DimseStatus.ATTRIBUTES_NOT_SUPPORTED:
        return "what was told is shown"
    if operation is Operation.C_STORE:
        return "the file is named, the others are sent"
    return "ends with exit status 1, and the SCP's Error Comment"


def _retries(retries: Retries) -> tuple[Table, ...]:
    rows = [
        (
            row.when,
            ", ".join(row.operations),
            ", ".join(map(code, row.settled)) or "none",
        )
        for row in RETRIED
    ]
    head = ("When", "Operations", "Taken as done where a further try answers")
    how = (("Further tries", str(retries.count)), ("Between two", f"{retries.wait:g} s"))
    return Table.of("How often", ("", ""), how), Table.of("What is tried again", head, rows)


def _characters() -> Table:
    rows = (
        (
            "Sent",
            "as Specific Character Set says; ISO_IR 192 where ASCII does not hold a value and none is set",
        ),
        ("Received", "as the SCP's Specific Character Set says"),
    )
    return Table.of("Text", ("", ""), rows)


def _security(reach: Reach) -> Table:
    tls = reach.tls
    rows = (
        ("Secure transport", "TLS 1.2 and 1.3, PS3.15 B.12" if tls else "none"),
        (
            "The SCP's certificate",
            "not used" if not tls else f"vouched for by {tls.ca or 'whom the machine trusts'}",
        ),
        ("Its name", "not used" if not tls else "any" if tls.any_host else "must be that of the host"),
        ("A certificate of ours", str(tls.certificate) if tls and tls.certificate else "none"),
    )
    return Table.of("TLS", ("", ""), rows)
