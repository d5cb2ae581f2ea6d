"""The interpreter: judges one instance by the tables of one profile.

The order is that of the questions an SCU can act on: is the SOP class one of the profile's, is the
transfer syntax one that the class may have, do the attributes keep to the constraints.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from burnish.contracts import (
    AsIs,
    Content,
    DirectoryKey,
    Fit,
    Head,
    HeadValue,
    IconRule,
    Profile,
    Security,
    Subject,
    Transcode,
    Unfit,
)
from burnish.media import MediaKind
from burnish.terms import FailureReason

from burnish_profiles.tables import Constraint, SyntaxRule, Table

_SOP_CLASS_UID: Final = 0x0008_0016
_NUMBER_OF_FRAMES: Final = 0x0028_0008
_TRANSFER_SYNTAX_UID: Final = 0x0002_0010
_PHOTOMETRIC_INTERPRETATION: Final = 0x0028_0004


class TableProfile(Profile):
    """One profile of the data files."""

    def __init__(self, table: Table) -> None:
        self.table = table

    @property
    def identifier(self) -> str:
        return self.table.identifier

    @property
    def title(self) -> str:
        return self.table.title

    @property
    def formats(self) -> Mapping[MediaKind, Sequence[str]]:
        return self.table.formats

    @property
    def directory_keys(self) -> Sequence[DirectoryKey]:
        return self.table.keys

    @property
    def content(self) -> Sequence[Content]:
        return [
            Content(
                sop_classes=self.table.classes[rule.classes],
                transfer_syntaxes=rule.uids,
                condition=_condition(rule),
            )
            for rule in self.table.syntaxes
        ]

    @property
    def icon(self) -> IconRule | None:
        return self.table.icon

    @property
    def security(self) -> Security:
        return self.table.security

    def judge(self, subject: Subject) -> Fit:
        rules = [rule for rule in self.table.syntaxes if self._covers(rule.classes, subject)]
        if not rules:
            why = f"SOP Class UID {subject.sop_class} is none that {self.identifier} holds"
            return Unfit(FailureReason.PROFILE_INSTANCE_CONFLICT, why, (_SOP_CLASS_UID,))
        fit = self._judge_syntax(subject, rules)
        return fit if isinstance(fit, Unfit) else self._judge_attributes(subject) or fit

    def _covers(self, classes: str, subject: Subject) -> bool:
        return subject.sop_class in self.table.classes[classes]

    def _judge_syntax(self, subject: Subject, rules: Sequence[SyntaxRule]) -> Fit:
        several, photometric = _has_frames(subject.head), subject.head.get("PhotometricInterpretation")
        suited = [rule for rule in rules if not rule.photometric or photometric in rule.photometric]
        if not suited:
            why = f"Photometric Interpretation is {photometric}, which {self.identifier} does not hold"
            return Unfit(FailureReason.PROFILE_INSTANCE_CONFLICT, why, (_PHOTOMETRIC_INTERPRETATION,))
        allowed = [uid for rule in suited if several or not rule.multiframe for uid in rule.uids]
        if subject.transfer_syntax in allowed:
            return AsIs()
        for derived in subject.derivable:
            if derived in allowed:
                return Transcode(derived)
        return self._unfit_syntax(subject, allowed)

    def _unfit_syntax(self, subject: Subject, allowed: Iterable[str]) -> Unfit:
        wanted = " or ".join(dict.fromkeys(allowed))
        if not wanted:
            why = f"{self.identifier} holds only multi-frame instances of this SOP class"
            return Unfit(FailureReason.PROFILE_INSTANCE_CONFLICT, why, (_NUMBER_OF_FRAMES,))
        wants = f"{self.identifier} wants {wanted}, which is not made of it here"
        why = f"Transfer Syntax UID is {subject.transfer_syntax}; {wants}"
        return Unfit(FailureReason.PROFILE_COMPRESSION_CONFLICT, why, (_TRANSFER_SYNTAX_UID,))

    def _judge_attributes(self, subject: Subject) -> Unfit | None:
        broken = [
            rule
            for rule in self.table.constraints
            if self._covers(rule.classes, subject) and _applies(rule, subject.head)
            if not _HOLDS[rule.op](rule, subject.head)
        ]
        if not broken:
            return None
        names = ", ".join(dict.fromkeys(rule.keyword for rule in broken))
        tags = tuple(sorted({rule.tag for rule in broken}))
        why = f"{names}: not as {self.identifier} wants it"
        return Unfit(FailureReason.PROFILE_INSTANCE_CONFLICT, why, tags)


def _condition(rule: SyntaxRule) -> str:
    said = ["multi-frame"] if rule.multiframe else []
    return ", ".join(said + ([" or ".join(rule.photometric)] if rule.photometric else []))


def _has_frames(head: Head) -> bool:
    return bool(head.get("NumberOfFrames"))


def _applies(rule: Constraint, head: Head) -> bool:
    return all(head.get(keyword) in values for keyword, values in rule.when.items())


def _equals(rule: Constraint, head: Head) -> bool:
    return tuple(_values(head.get(rule.keyword))) == rule.values


def _one_of(rule: Constraint, head: Head) -> bool:
    return head.get(rule.keyword) in rule.values


def _at_most(rule: Constraint, head: Head) -> bool:
    value, limit = head.get(rule.keyword), rule.values[0]
    return isinstance(value, int) and isinstance(limit, int) and value <= limit


def _present(rule: Constraint, head: Head) -> bool:
    return rule.keyword in head


def _minus_one(rule: Constraint, head: Head) -> bool:
    value, other = head.get(rule.keyword), head.get(rule.of)
    return isinstance(value, int) and isinstance(other, int) and value == other - 1


def _same(rule: Constraint, head: Head) -> bool:
    value = head.get(rule.keyword)
    return isinstance(value, int) and value == head.get(rule.of)


def _items(rule: Constraint, head: Head) -> bool:
    items = head.get(rule.keyword)
    if not isinstance(items, tuple) or not items:
        return False
    return all(
        isinstance(item, Mapping) and all(item.get(keyword) is not None for keyword in rule.within)
        for item in items
    )


def _values(value: HeadValue) -> Iterable[HeadValue]:
    return value if isinstance(value, tuple) else (value,)


_HOLDS: Final[dict[str, Callable[[Constraint, Head], bool]]] = {
    "equals": _equals,
    "one-of": _one_of,
    "at-most": _at_most,
    "present": _present,
    "minus-one": _minus_one,
    "same": _same,
    "items": _items,
}
"""What each `op` of a constraint means."""
