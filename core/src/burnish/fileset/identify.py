"""Who the instances of a volume belong to, and where they disagree about it.

A person is Patient ID + issuer. Instances of one ID must agree in family name, birth date and sex, each
compared with case, spaces, character set and trailing delimiters folded; what is missing agrees with
anything. A given name that differs is no conflict: it is abbreviated and misspelt too often to tell
people apart. One ID with two issuers is a conflict, because a DICOMDIR has one PATIENT record per ID
(PS3.11: Patient ID is unique in a file-set), unless each may have volumes of its own (`companies`); so is one
study under two persons, because a study has one patient.

An empty ID is nobody's: its instances are keyed per study and get a made ID in the directory, which
supplies PATIENT records their Type 1 key (PS3.3 F.5.1). The instances themselves are not changed.

Bytes that no character set gives a meaning are told apart as bytes: they agree with the same bytes alone.
Whose instances have such is told besides (`Identified.unread`).

Texts here name attributes, character sets and counts, never a patient's data.
"""

import hashlib
import unicodedata
from base64 import b32encode
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydicom.datadict import keyword_for_tag

from burnish.contracts import Head, HeadValue
from burnish.instances.charset import CharacterSet
from burnish.instances.head import KeptHead

PATIENT_ID: Final = 0x0010_0020
STUDY_INSTANCE_UID: Final = 0x0020_000D

_TRAITS: Final = (
    (0x0010_0021, "Issuer of Patient ID"),
    (0x0010_0010, "Patient's Name"),  # family name, alphabetic
    (0x0010_0010, "Patient's Name"),  # family name, ideographic
    (0x0010_0010, "Patient's Name"),  # family name, phonetic
    (0x0010_0030, "Patient's Birth Date"),
    (0x0010_0040, "Patient's Sex"),
)
"""What must agree, by place in `_Identity.traits`."""
_ISSUER: Final = 0

IDENTIFIERS: Final = {
    0x0010_0010: "Patient's Name",
    0x0010_0020: "Patient ID",
    0x0010_0021: "Issuer of Patient ID",
    0x0010_0030: "Patient's Birth Date",
    0x0010_0040: "Patient's Sex",
}
"""What people are told apart by, and what a label and the directory say of them: it has to be readable."""

_LOOK_ALIKE: Final = str.maketrans({"\u2014": "\u2015", "\u2016": "\u2225", "\u2212": "-", "\u301c": "~"})
"""Characters of JIS X 0208 that some systems map to the one, some to the other of two of Unicode."""

_SELECTORS: Final = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
"""Variation selectors."""

_CHOICES: Final = 3
"""How many values of one trait are tried in the search for the largest group: it is exact up to as many."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an instance belongs to."""

    key: str
    """Equal for instances of one person; opaque."""
    patient_id: str
    """What the directory shows where the instances have none, at most 16 characters; empty: their own."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Instances that cannot all be right."""

    indices: tuple[int, ...]
    """The instances outside the largest group that agrees; of equal groups the one that comes first stays."""
    attributes: tuple[int, ...]
    """Tags for Failure Attributes (2200,000E), ascending."""
    why: str
    """One sentence that names the attributes."""


@dataclass(frozen=True)
class Identified:
    """What `identify` found."""

    persons: tuple[Person, ...]
    """One per head, in their order."""
    conflicts: tuple[Conflict, ...]
    """In the order of their first instance."""
    unread: tuple[Conflict, ...] = ()
    """Instances with an identifier that cannot be read, those with the same ones together."""

    @property
    def several(self) -> bool:
        """Whether more than one person is there."""
        return len(set(self.persons)) > 1


@dataclass(frozen=True, slots=True)
class _Identity:
    """What one instance says, folded; empty strings are missing."""

    patient_id: str
    study: str
    traits: tuple[str, ...]
    unread: tuple[int, ...] = ()
    """Tags of identifiers that cannot be read."""
    why_unread: str = ""
    """The end of a sentence that begins with their names."""


_Group = Sequence[tuple[_Identity, list[int]]]
"""Distinct identities, each with the instances that say so."""


def identify(heads: Sequence[Head]) -> Identified:
    """Say whom each instance belongs to, and which ones disagree. Linear in the number of heads."""
    seen = _distinct(heads)
    owners: defaultdict[tuple[str, str], list[tuple[_Identity, list[int]]]] = defaultdict(list)
    for identity, indices in seen.items():
        owners[_owner(identity)].append((identity, indices))
    persons: dict[_Identity, Person] = {}
    conflicts: list[Conflict] = []
    for owner, group in owners.items():
        stay = _largest(group)
        persons |= _persons(owner, group, stay)
        conflicts += _disagreement(group, stay)
    conflicts += _torn_studies(seen, persons)
    every = {index: persons[identity] for identity, indices in seen.items() for index in indices}
    ordered = tuple(every[index] for index in range(len(heads)))
    return Identified(ordered, tuple(sorted(conflicts, key=_first)), tuple(sorted(_unread(seen), key=_first)))


def _first(conflict: Conflict) -> tuple[int, ...]:
    return conflict.indices


def companies(persons: Sequence[Person]) -> list[list[int]]:
    """Part instances so that each part may share a medium: of one Patient ID, each issuer is in another part.

    The first part has everyone's first issuer, and so on; parts and instances keep their order.
    """
    issuers: defaultdict[str, dict[str, int]] = defaultdict(dict)
    parts: dict[int, list[int]] = {}
    for index, person in enumerate(persons):
        known = issuers[_without_issuer(person)]
        parts.setdefault(known.setdefault(person.key, len(known)), []).append(index)
    return [parts[number] for number in sorted(parts)]


def _without_issuer(person: Person) -> str:
    return person.key.rpartition("\x1f")[0]


def made_id(study: str) -> str:
    """Make a Patient ID for the directory from a Study Instance UID: 16 characters, the same each time.

    >>> made_id("1.2.3")
    'NOID-YR7VWGFYUQY'
    """
    return "NOID-" + b32encode(hashlib.sha256(study.encode()).digest()).decode()[:11]


def _distinct(heads: Sequence[Head]) -> dict[_Identity, list[int]]:
    known: dict[bytes, list[int]] = {}
    found: dict[_Identity, list[int]] = {}
    for index, head in enumerate(heads):
        mark = head.identity_mark if isinstance(head, KeptHead) else b""
        indices = known.get(mark) if mark else None
        if indices is None:
            indices = found.setdefault(_identity(head), [])
            if mark:
                known[mark] = indices
        indices.append(index)
    return found


def _identity(head: Head) -> _Identity:
    unread = tuple(tag for tag in IDENTIFIERS if isinstance(head, KeptHead) and not head.readable(tag))
    name, patient_id, issuer, birth, sex = (_said(head, tag, unread) for tag in IDENTIFIERS)
    traits = (_fold(issuer), *_families(name), _fold(birth).replace(".", ""), _fold(sex))
    study = _text(head.get("StudyInstanceUID")) or _text(head.get("SOPInstanceUID"))
    why = _why_unread(head.characters) if unread and isinstance(head, KeptHead) else ""
    return _Identity(patient_id, study, traits, unread, why)


def _why_unread(characters: CharacterSet) -> str:
    if not characters.known:
        return "cannot be read: Specific Character Set is none that is known"
    if not characters.terms:
        hint = "assume_character_set, or --assume-character-set of compose, can name one"
        return f"cannot be read: no Specific Character Set is declared; {hint}"
    return f"cannot be read: its bytes mean nothing in {characters.name}"


def _said(head: Head, tag: int, unread: Sequence[int]) -> str:
    """What an identifier says; of one that cannot be read, its bytes."""
    if tag in unread and isinstance(head, KeptHead):
        return f"bytes {(head.raw(tag) or b'').hex()}"
    return _text(head.get(keyword_for_tag(tag)))


def _unread(seen: dict[_Identity, list[int]]) -> Iterator[Conflict]:
    """Who has identifiers that cannot be read: those of the same ones and the same character set together."""
    groups: defaultdict[tuple[tuple[int, ...], str], list[int]] = defaultdict(list)
    for identity, indices in seen.items():
        if identity.unread:
            groups[identity.unread, identity.why_unread] += indices
    for (tags, why), indices in groups.items():
        names = " and ".join(IDENTIFIERS[tag] for tag in tags)
        yield Conflict(tuple(sorted(indices)), tuple(sorted(tags)), f"{names} {why}")


def _text(value: HeadValue) -> str:
    if value is None:
        return ""
    return "\\".join(map(str, value)) if isinstance(value, tuple) else str(value).strip(" \0")


def _families(name: str) -> Iterable[str]:
    """Return the family name of each of the three component groups, PS3.5 6.2.1."""
    groups = [*name.split("="), "", "", ""][:3]
    return (_fold(group.split("^")[0]) for group in groups)


def _fold(text: str) -> str:
    """Fold what people and systems write differently without meaning a difference."""
    if text.isascii():
        return "".join(text.lower().split())
    plain = unicodedata.normalize("NFKC", text.translate(_LOOK_ALIKE)).translate(_LOOK_ALIKE)
    folded = unicodedata.normalize("NFKC", plain.casefold())
    return "".join(letter for letter in folded if not (letter.isspace() or _is_unseen(letter)))


def _is_unseen(letter: str) -> bool:
    """Marks that many character sets cannot say and nobody sees: joiners, directions, variation selectors."""
    return not letter.isascii() and (unicodedata.category(letter) == "Cf" or letter in _SELECTORS)


def _owner(identity: _Identity) -> tuple[str, str]:
    return ("id", identity.patient_id) if identity.patient_id else ("study", identity.study)


def _largest(group: _Group) -> _Group:
    """Find the largest part whose traits all agree; of equal ones the part with the first instance.

    To agree is not transitive: without a birth date one agrees with two who differ. So the part is found
    by fixing one trait after another to each of its values, which keeps all that do not have it.
    """
    for place in range(len(_TRAITS)):
        values = _values(group, place)
        if len(values) > 1:
            parts = [[one for one in group if one[0].traits[place] in ("", value)] for value in values]
            return max(map(_largest, parts), key=_weight)
    return group


def _values(group: _Group, place: int) -> list[str]:
    counts: Counter[str] = Counter()
    for identity, indices in group:
        if value := identity.traits[place]:
            counts[value] += len(indices)
    return [value for value, _ in counts.most_common(_CHOICES)]


def _weight(group: _Group) -> tuple[int, int]:
    return sum(len(indices) for _, indices in group), -min(indices[0] for _, indices in group)


def _persons(owner: tuple[str, str], group: _Group, stay: _Group) -> dict[_Identity, Person]:
    """Name everyone under one ID: those without an issuer go with the group that stays."""
    kind, name = owner
    main = next((identity.traits[_ISSUER] for identity, _ in stay if identity.traits[_ISSUER]), "")
    made = made_id(name) if kind == "study" else ""
    persons = {}
    for identity, _ in group:
        issuer = identity.traits[_ISSUER] or main
        persons[identity] = Person("\x1f".join((kind, name, issuer)), made)
    return persons


def _disagreement(group: _Group, stay: _Group) -> list[Conflict]:
    kept = {identity for identity, _ in stay}
    outside = [(identity, indices) for identity, indices in group if identity not in kept]
    if not outside:
        return []
    merged = [next(filter(None, values), "") for values in zip(*(i.traits for i in kept), strict=True)]
    differing = {
        _TRAITS[place]
        for identity, _ in outside
        for place, value in enumerate(identity.traits)
        if value and merged[place] and value != merged[place]
    }
    names = " and ".join(name for _, name in sorted(differing))
    return [_conflict(outside, group, [tag for tag, _ in differing], f"in {names} under one Patient ID")]


def _torn_studies(seen: dict[_Identity, list[int]], persons: dict[_Identity, Person]) -> list[Conflict]:
    """Find studies that lie under more than one person."""
    studies: defaultdict[str, defaultdict[Person, list[tuple[_Identity, list[int]]]]]
    studies = defaultdict(lambda: defaultdict(list))
    for identity, indices in seen.items():
        studies[identity.study][persons[identity]].append((identity, indices))
    return [_torn(list(sides.values())) for study, sides in studies.items() if study and _ids(sides) > 1]


def _ids(sides: Iterable[Person]) -> int:
    """Count Patient IDs; what differs in issuer alone has been said of the ID already."""
    return len(set(map(_without_issuer, sides)))


def _torn(sides: Sequence[_Group]) -> Conflict:
    stay = max(sides, key=_weight)
    outside = [one for side in sides if side is not stay for one in side]
    every = [one for side in sides for one in side]
    return _conflict(outside, every, [PATIENT_ID, STUDY_INSTANCE_UID], "in Patient ID under one study")


def _conflict(outside: _Group, group: _Group, attributes: Iterable[int], how: str) -> Conflict:
    indices = tuple(sorted(index for _, some in outside for index in some))
    total = sum(len(some) for _, some in group)
    why = f"{len(indices)} of {total} instances differ from the others {how}"
    return Conflict(indices, tuple(sorted(set(attributes))), why)
