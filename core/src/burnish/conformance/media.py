"""Section 5 of the statement: the media that are made, as a File-set Creator."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from burnish.conformance.beside import beside, labels
from burnish.conformance.document import Section, Table, named, uid_name
from burnish.conformance.facts import Facts
from burnish.conformance.settings import settings_table
from burnish.contracts import Content, Profile
from burnish.fileset.derive.ways import TARGETS, WAYS, derivable
from burnish.fileset.naming import Naming
from burnish.production.devices import media_of
from burnish.terms import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

OURS: Final = "profiles"
"""The plugin whose profiles are those of PS3.11; another one's are augmented or private."""


def media_interchange(facts: Facts) -> Section:
    """A.5: the model, the application entity and its profiles, what is added to them, configuration."""
    config = facts.config
    entity = Section(
        config.server.ae_title,
        parts=(
            _meta(),
            _profiles(facts),
            _content(facts),
            _keys(facts),
            _icons(facts),
            _naming(facts),
            _splitting(facts),
            _compression(facts),
            labels(facts),
            beside(facts),
            _sealing(facts),
        ),
    )
    return Section(
        "Media interchange",
        parts=(
            Section("Implementation model", parts=(_stations(facts),)),
            Section("Application entity specifications", parts=(entity,)),
            _augmented(facts),
            Section("Media configuration", tables=(settings_table("Settings", "media", config.media),)),
        ),
    )


def _stations(facts: Facts) -> Section:
    rows = []
    for name, station in facts.stations.items():
        drivers = [facts.config.writers[writer].driver for writer in station.writers]
        mover = facts.config.movers[station.mover].driver if station.mover else "a person"
        printers = [facts.config.printers[step.printer].driver for step in station.labels]
        kinds = sorted({kind for kinds in _kinds(facts, name) for kind in kinds})
        rows.append((name, ", ".join(kinds), ", ".join(drivers), mover, ", ".join(printers) or "none"))
    head = ("Station", "Media", "Writers", "Carried by", "Label printers")
    return Section("Real-world activities", "C19", tables=(Table.of("Stations", head, rows),))


def _kinds(facts: Facts, name: str) -> Iterable[Iterable[str]]:
    station = facts.stations[name]
    for writer in station.writers:
        settings = facts.config.writers[writer]
        yield media_of(facts.registry.writers[settings.driver].make(settings.driver_keys), station)


def _meta() -> Section:
    rows = (
        ("Implementation Class UID (0002,0012)", IMPLEMENTATION_CLASS_UID),
        ("Implementation Version Name (0002,0013)", IMPLEMENTATION_VERSION_NAME),
    )
    return Section("File Meta Information", "C19", tables=(Table.of("Of every file", ("", ""), rows),))


def _profiles(facts: Facts) -> Section:
    rows = []
    for name, profile in facts.profiles.items():
        formats = facts.formats_of(profile)
        said = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in formats.items())
        rows.append((name, profile.title, said, "FSC", facts.registry.origin[f"profile {name}"]))
    head = ("Profile", "Title", "Media and formats", "Role", "Offered by")
    made = Table.of("Profiles that can be made", head, rows)
    defaults = [(number, name) for number, name in enumerate(facts.config.media.default_profiles, 1)]
    tried = Table.of("Tried in this order where a request names none", ("", "Profile"), defaults)
    return Section("Media application profiles", "C5", tables=(made, tried))


def _content(facts: Facts) -> Section:
    """Classes and syntaxes, those profiles together that hold the same."""
    holds: dict[tuple[tuple[str, str], ...], list[str]] = {}
    sets: dict[frozenset[str], str] = {}
    for name, profile in facts.profiles.items():
        said = tuple((_set_name(one, sets), _syntaxes(one)) for one in profile.content)
        holds.setdefault(said, []).append(name)
    rows = [(", ".join(names), *pair) for said, names in holds.items() for pair in said]
    tables = [Table.of("What each profile holds", ("Profiles", "SOP Classes", "Transfer syntaxes"), rows)]
    for classes, name in sets.items():
        if len(classes) > 1:
            listed = sorted((uid_name(uid), uid) for uid in classes)
            tables.append(Table.of(name, ("SOP Class Name", "SOP Class UID"), listed))
    return Section("SOP Classes and transfer syntaxes of each profile", "C19", tables=tuple(tables))


def _set_name(content: Content, sets: dict[frozenset[str], str]) -> str:
    classes = content.sop_classes
    if len(classes) == 1:
        return uid_name(next(iter(classes)))
    name = f"Set {len([one for one in sets if len(one) > 1]) + 1}, {len(classes)} SOP Classes"
    return sets.setdefault(classes, name)


def _syntaxes(content: Content) -> str:
    said = ", ".join(map(uid_name, content.transfer_syntaxes))
    return f"{said} ({content.condition})" if content.condition else said


def _keys(facts: Facts) -> Section:
    """What is added to the Basic Directory IOD, those profiles together that add the same."""
    adds: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for name, profile in facts.profiles.items():
        said = tuple(
            (*named(key.keyword), ", ".join(key.records), key.type) for key in profile.directory_keys
        )
        adds.setdefault(said, []).append(name)
    tables = tuple(
        Table.of(f"Added by {', '.join(names)}", ("Tag", "Attribute", "Records", "Type"), said)
        for said, names in adds.items()
        if said
    )
    return Section("Keys added to the directory", "C19", tables=tables)


def _icons(facts: Facts) -> Section:
    policy = facts.config.media.icons
    rows = []
    for name, profile in facts.profiles.items():
        if icon := profile.icon:
            wanted = policy == "always" or (icon.required and policy != "never")
            size = f"{icon.size} x {icon.size}" if icon.size else "any"
            rows.append((name, "required" if icon.required else "allowed", size, "yes" if wanted else "no"))
    head = ("Profile", "Icons are", "Size", "Made where none is given")
    made = Table.of("Icon Image Sequence (0088,0200)", head, rows)
    setting = settings_table("Settings", "media", facts.config.media, ("icons",))
    return Section("Icons", "C6", tables=(made, setting))


def _naming(facts: Facts) -> Section:
    """How the volumes of a split set are called, shown by naming some."""
    given = Naming(
        file_set_id="DISC_7A", file_set_uid="1.2.3", token="", made=datetime(2026, 1, 1, tzinfo=UTC)
    )
    volumes = [("the only one", given), *((f"{n} of several", given.numbered(n)) for n in (1, 2, 10))]
    rows = [
        (number, one.file_set_id, one.file_set_uid if one.file_set_uid == "1.2.3" else "made, 2.25.")
        for number, one in volumes
    ]
    head = ("Volume", "File-set ID", "File-set UID")
    table = Table.of("A request with File-set ID DISC_7A and UID 1.2.3", head, rows)
    names = ("file_set_given", "file_set_prefix")
    told = (
        ("Referenced Storage Media Sequence (2200,000D)", "an item for each volume, in their order"),
        (
            "Total Number of Pieces of Media Created (2200,000B)",
            "each copy of each volume, once it is proven",
        ),
    )
    return Section(
        "File-set ID and UID",
        "C10 C15",
        tables=(
            table,
            Table.of("What N-GET tells of them", ("", ""), told),
            settings_table("Settings", "media", facts.config.media, names),
        ),
    )


def _splitting(facts: Facts) -> Section:
    names = ("splitting", "splitting_default", "max_volumes", "max_copies")
    table = settings_table("Settings", "media", facts.config.media, names)
    return Section("Splitting and copies", "C15", tables=(table,))


def _compression(facts: Facts) -> Section:
    media = facts.config.media
    rows = [
        (way.name, ", ".join(WAYS[to].name for to in derivable(uid, media.transcoding)) or "nothing")
        for uid, way in WAYS.items()
    ]
    lossy = [(WAYS[to].name, "with loss" if WAYS[to].lossy else "without loss") for to in TARGETS]
    names = ("transcoding", "compression", "compare_decoders", "transcoder_memory", "transcoder_timeout")
    return Section(
        "Compression",
        "C18",
        tables=(
            Table.of(
                "What is made of an instance that a profile does not hold as it came",
                ("From", "To"),
                rows,
            ),
            Table.of("How it is made", ("To", "Is made"), lossy),
            settings_table("Settings", "media", media, names),
        ),
    )


def _sealing(facts: Facts) -> Section:
    table = settings_table("Settings", "media.security", facts.config.media.security)
    sealed: Mapping[str, Profile] = {name: one for name, one in facts.profiles.items() if one.security}
    rows = [(name, one.security) for name, one in sealed.items()]
    made = Table.of("Profiles whose files are sealed", ("Profile", "What is sealed"), rows)
    return Section("Media security", "C21", tables=(made, table))


def _augmented(facts: Facts) -> Section:
    rows = [
        (name, one.title, facts.registry.origin[f"profile {name}"])
        for name, one in facts.profiles.items()
        if facts.registry.origin[f"profile {name}"] != OURS
    ]
    head = ("Profile", "Title", "Comes from")
    return Section("Augmented and private profiles", "C19", tables=(Table.of("Profiles", head, rows),))
