"""The Media Creation Management SOP Class as an SCP: what PS3.4 S.4.2 asks for, in its order."""

from collections.abc import Callable, Mapping
from typing import Final

from burnish.config import Config
from burnish.conformance.document import Section, Table, code, named, tag, uid_name
from burnish.conformance.facts import Facts
from burnish.conformance.settings import enum_documents, settings_table, shown
from burnish.errors import FaultKind
from burnish.fileset.failures import INFO_OF, ORDER
from burnish.orders.orders import TOLD
from burnish.orders.shape import ATTRIBUTES, DEFINED_TERMS, ENUMERATED, ITEM
from burnish.production.faults import POLICIES
from burnish.requests.waits import Wait
from burnish.terms import FailureReason, Priority, StatusInfo

_NONE_GIVEN: Final[Mapping[str, Callable[[Config], str]]] = {
    "StorageMediaFileSetID": lambda config: (
        f"{config.media.file_set_prefix}, then eight characters of a token"
        if config.media.file_set_prefix
        else "eight characters of a token"
    ),
    "StorageMediaFileSetUID": lambda _: "made, 2.25.",
    "LabelUsingInformationExtractedFromInstances": lambda config: config.labels.extracted_default,
    "LabelStyleSelection": lambda _: "the style of the station",
    "BarcodeSymbology": lambda config: config.labels.symbology_default,
    "AllowMediaSplitting": lambda config: config.media.splitting_default,
    "AllowLossyCompression": lambda _: "NO",
    "IncludeNonDICOMObjects": lambda config: config.bundles.non_dicom_default,
    "IncludeDisplayApplication": lambda config: config.bundles.display_default,
    "PreserveCompositeInstancesAfterMediaCreation": lambda config: config.retention.preserve_default,
    "RequestedMediaApplicationProfile": lambda config: ", else ".join(config.media.default_profiles),
    "NumberOfCopies": lambda _: "1",
    "RequestPriority": lambda config: config.queue.priority_default.value,
    "PrintPriority": lambda config: (
        "" if config.queue.print_priority == "read" else "ignored, whatever it says"
    ),
}
"""What a request means that does not say."""
_IN_THE_SERVER: Final[Mapping[StatusInfo, str]] = {
    StatusInfo.NORMAL: "IDLE, CREATING, DONE",
    StatusInfo.QUEUED: "PENDING, from Initiate on",
    StatusInfo.MCD_BUSY: "PENDING, while no station in service can make the medium",
    StatusInfo.MCD_FAILURE: "FAILURE, where that was too long, or media were spoilt once too often",
    StatusInfo.CHECK_MCD_OP: "PENDING, where an operator has to look at people, a piece or a station",
    StatusInfo.INSUFFIC_MEMORY: "FAILURE, where a plan has no room",
    **dict.fromkeys(ORDER, "FAILURE"),
}
"""Terms that are said without a fault of a device."""


def creation(facts: Facts) -> Section:
    """What becomes of a request."""
    config = facts.config
    return Section(
        "Media Creation Management as SCP",
        parts=(
            _attributes(config),
            _arguments(config),
            _told(),
            _classes(config),
            _wishes(config),
            _failures(facts),
            _faults(facts),
            Section("Queue and retries", "C14", tables=(settings_table("Settings", "queue", config.queue),)),
            _lifetimes(config),
            Section(
                "People on one medium", tables=(settings_table("Settings", "identity", config.identity),)
            ),
        ),
    )


def _absent(keyword: str, config: Config) -> str:
    found = _NONE_GIVEN.get(keyword)
    return found(config) if found else "none"


def _attributes(config: Config) -> Section:
    rows = [(*named(keyword), _values(keyword, config), _absent(keyword, config)) for keyword in ATTRIBUTES]
    rows += [
        (tag(number), f"> {named(keyword)[1]}", "", _absent(keyword, config))
        for keyword, number in ITEM.items()
    ]
    head = ("Tag", "Attribute", "Values", "Absent means")
    caption = "Attributes of an N-CREATE that have a meaning; others are ignored, and told as an event"
    return Section("N-CREATE", "C3 C9", tables=(Table.of(caption, head, rows),))


def _values(keyword: str, config: Config) -> str:
    if keyword in ENUMERATED:
        return "YES, NO; another is refused"
    if keyword == "IncludeNonDICOMObjects":
        terms = dict.fromkeys((*DEFINED_TERMS[keyword], *sorted(config.bundles.terms)))
        return ", ".join(terms) + "; another is read as absent"
    if keyword in DEFINED_TERMS:
        return ", ".join(DEFINED_TERMS[keyword]) + "; another is printed as text"
    return ""


def _arguments(config: Config) -> Section:
    copies = f"1 to {config.media.max_copies}; another is refused"
    priorities = ", ".join(Priority) + "; another is refused"
    rows = [
        (*named("NumberOfCopies"), copies, _absent("NumberOfCopies", config)),
        (*named("RequestPriority"), priorities, _absent("RequestPriority", config)),
    ]
    print_priority = config.queue.print_priority
    read = "in place of (2200,0020) where that is absent" if print_priority == "read" else "ignored"
    rows.append((*named("PrintPriority"), read, _absent("RequestPriority", config)))
    head = ("Tag", "Attribute", "Values", "Absent means")
    initiate = Table.of("Action information of Initiate", head, rows)
    return Section("N-ACTION", "C3 C10 C23", tables=(initiate,))


def _told() -> Section:
    rows = [named(keyword) for keyword in (*TOLD, *ATTRIBUTES)]
    return Section(
        "N-GET", "C3", tables=(Table.of("Attributes that are kept and told", ("Tag", "Attribute"), rows),)
    )


def _classes(config: Config) -> Section:
    chosen = config.media.sop_classes
    rows = [(uid_name(uid), uid) for uid in chosen if chosen != "all"]
    rows = rows or [("every SOP Class that is stored and that a profile below holds", "")]
    table = Table.of("SOP Classes of which media are made; another fails with 0122H", ("Name", "UID"), rows)
    return Section("SOP Classes of media", "C4", tables=(table,))


def _wishes(config: Config) -> Section:
    media = settings_table(
        "File-set ID and UID", "media", config.media, ("file_set_given", "file_set_prefix")
    )
    disposition = settings_table("Media Disposition", "labels", config.labels, ("disposition",))
    priority = settings_table("Priority", "queue", config.queue, ("priority_default", "print_priority"))
    kept = ("preserve_default", "instances_preserved")
    preserved = settings_table("Preservation", "retention", config.retention, kept)
    return Section("What a request wishes", "C10", tables=(media, disposition, priority, preserved))


def _failures(facts: Facts) -> Section:
    documents = enum_documents(StatusInfo)
    infos = [
        (info.value, documents[info.name], _IN_THE_SERVER.get(info, ""), _devices(info, facts))
        for info in StatusInfo
    ]
    said = [row if row[2] or row[3] else (*row[:2], "not said here", "") for row in infos]
    why = enum_documents(FailureReason)
    reasons = [(code(reason), reason.name, why[reason.name], INFO_OF[reason]) for reason in FailureReason]
    order = [(number, info.value) for number, info in enumerate(ORDER, 1)]
    head = ("Term", "Meaning", "Said by the server", "Said for faults of")
    return Section(
        "Failures",
        "C14",
        tables=(
            Table.of("Execution Status Info (2100,0030)", head, said),
            Table.of("Failure Reason (0008,1197)", ("Code", "Name", "Meaning", "With"), reasons),
            Table.of("Which term is said where several apply", ("", "Term"), order),
        ),
    )


def _devices(info: StatusInfo, facts: Facts) -> str:
    """Who raises a fault that is told with this term."""
    found = [
        who
        for kind, policy in POLICIES.items()
        if info in (policy.waiting, policy.failing)
        for who in facts.raised[kind]
        if who != "the server"
    ]
    return ", ".join(dict.fromkeys(found))


def _faults(facts: Facts) -> Section:
    documents = enum_documents(FaultKind)
    limits = {Wait.SUPPLIES: "supplies_timeout", Wait.OFFLINE: "offline_timeout"}
    rows = []
    for kind, policy in POLICIES.items():
        limit = shown(getattr(facts.config.queue, limits[policy.limit])) if policy.limit else ""
        action = policy.action.name.lower().replace("_", " ")
        waiting = policy.waiting.value if policy.waiting else ""
        by = ", ".join(facts.raised[kind]) or "nobody here"
        rows.append((kind.value, documents[kind.name], by, action, waiting, limit, policy.failing.value))
    head = ("Fault", "Meaning", "Raised by", "Then", "PENDING with", "For at most", "FAILURE with")
    return Section(
        "Transient and permanent failures of devices", "C14", tables=(Table.of("Faults", head, rows),)
    )


LIFETIMES: Final = {
    ("Of stored instances", "C11"): (
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
