"""Icon images in directory records: which are asked for, what they must be, and how they are written.

Source: PS3.3 F.7 and C.7.6.1.1.6 (what an icon may be), PS3.11 A.3, B.3, E.3 (which records carry one).
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, Protocol

from burnish.contracts import Cancel, IconRule, Profile
from burnish.errors import FailedItem
from burnish.fileset.dicomdir import ICON_SEQUENCE
from burnish.fileset.failures import Failures
from burnish.fileset.fit import Placed, Underivable
from burnish.fileset.records import record_type
from burnish.fileset.together import own_profile
from burnish.instances.elements import LONG, encoded
from burnish.instances.instance import Instance
from burnish.requests.reference import SuppliedIcon
from burnish.terms import FailureReason

SIDE: Final = 64
"""Rows and Columns of an icon where the profile does not say."""
MOST: Final = 128
"""Rows and Columns of an icon at most, PS3.3 F.7."""
_PHOTOMETRIC: Final = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")

IconPolicy = Literal["required", "always", "never"]
"""Which profiles' records carry icons: of those that require them, of all that allow them, or none."""


class MakeIcons(Protocol):
    """Makes and keeps icons of instances, several at a time."""

    @abstractmethod
    def __call__(
        self, wanted: Sequence[tuple[Instance, IconRule]], cancel: Cancel
    ) -> Iterator[bytes | Underivable]:
        """Give for each instance the element (0088,0200), or why there is none, in their order.

        An instance's own icon counts where it keeps to the rule. Raises OSError where there is no room, and
        Cancelled.
        """


def wanted_icon(profile: Profile, policy: IconPolicy) -> IconRule | None:
    """What a profile's records are to carry; None for no icons."""
    rule = profile.icon
    if rule is None or policy == "never" or not (rule.required or policy == "always"):
        return None
    return rule


def with_icons(
    placed: Sequence[Placed],
    profile: Profile,
    policy: IconPolicy,
    make: MakeIcons,
    failures: Failures,
    cancel: Cancel,
    supplied: Mapping[str, SuppliedIcon],
) -> list[Placed]:
    """The same, each with the icon that its record is to carry.

    One that an SCU `supplied`, by SOP Instance UID, counts where it keeps to the profile's rule. One that
    cannot be made is a failure where the profile requires it, and left out where it does not.
    """
    rules = [_rule(one.instance, profile, policy) for one in placed]
    given = [_given(one, rule, supplied) for one, rule in zip(placed, rules, strict=True)]
    asked = [(one.instance, rule) for one, rule in zip(placed, rules, strict=True)]
    wanted = [(one, rule) for (one, rule), icon in zip(asked, given, strict=True) if rule and not icon]
    made = make(wanted, cancel) if wanted else iter(())
    found = []
    for one, rule, own in zip(placed, rules, given, strict=True):
        icon = own or (next(made) if rule else b"")
        if isinstance(icon, Underivable):
            if rule and rule.required:
                failures.add(_failed(one.instance, profile, icon))
            icon = b""
        found.append(replace(one, icon=icon))
    return found


def _given(one: Placed, rule: IconRule | None, supplied: Mapping[str, SuppliedIcon]) -> bytes:
    """The icon that an SCU supplied, where it keeps to the rule; written anew."""
    icon = supplied.get(one.instance.sop_instance)
    if icon is None or rule is None:
        return b""
    values = {**icon.attributes, "PixelData": icon.pixels}
    plain = values.get("PhotometricInterpretation") == "MONOCHROME2" and values.get("BitsAllocated") == 8
    if not plain or icon_fault(values, rule):
        return b""
    return icon_element(int(icon.attributes["Rows"]), int(icon.attributes["Columns"]), icon.pixels)


def _rule(instance: Instance, profile: Profile, policy: IconPolicy) -> IconRule | None:
    rule = wanted_icon(own_profile(profile, instance.sop_instance), policy)
    return rule if rule and record_type(instance.sop_class) in rule.records else None


def _failed(instance: Instance, profile: Profile, icon: Underivable) -> FailedItem:
    name = own_profile(profile, instance.sop_instance).identifier
    why = f"{name} requires an icon, and none can be made: {icon.why}"
    reason = FailureReason.PROFILE_INSTANCE_CONFLICT
    return FailedItem(instance.sop_class, instance.sop_instance, reason, (ICON_SEQUENCE,), name, why)


def icon_fault(icon: Mapping[str, Any], rule: IconRule) -> str:
    """What is wrong with an icon that somebody supplied, by keywords; empty where it keeps to the rule."""
    rows, columns, bits = (icon.get(keyword) for keyword in ("Rows", "Columns", "BitsAllocated"))
    photometric = rule.photometric or _PHOTOMETRIC
    sizes = (rule.size,) if rule.size else range(1, MOST + 1)
    checks = {
        "SamplesPerPixel": icon.get("SamplesPerPixel") == 1,
        "PhotometricInterpretation": icon.get("PhotometricInterpretation") in photometric,
        "Rows": rows in sizes,
        "Columns": columns in sizes,
        "BitsAllocated": bits in ((rule.bits,) if rule.bits else (1, 8)),
        "BitsStored": icon.get("BitsStored") == bits,
        "HighBit": icon.get("HighBit") == (bits or 0) - 1,
        "PixelRepresentation": icon.get("PixelRepresentation") == 0,
    }
    for keyword, holds in checks.items():
        if not holds:
            return f"{keyword} of its icon is {icon.get(keyword)!r}"
    length = (rows * columns * bits + 7) // 8 if rows and columns and bits else 0
    pixels = icon.get("PixelData")
    if not isinstance(pixels, bytes) or len(pixels) != length + length % 2:
        return f"PixelData of its icon has not {length} bytes"
    return ""


def icon_element(rows: int, columns: int, pixels: bytes) -> bytes:
    """The element (0088,0200) of a MONOCHROME2 icon of eight bits, Explicit VR LE, lengths defined."""
    item = b"".join(
        (
            _number(0x0028_0002, 1),
            encoded(0x0028_0004, b"CS", b"MONOCHROME2"),
            _number(0x0028_0010, rows),
            _number(0x0028_0011, columns),
            *(_number(tag, value) for tag, value in ((0x0028_0100, 8), (0x0028_0101, 8), (0x0028_0102, 7))),
            _number(0x0028_0103, 0),
            encoded(0x7FE0_0010, b"OB", pixels),
        )
    )
    return icon_sequence(item)


def icon_sequence(item: bytes) -> bytes:
    """The element (0088,0200) around an encoded item."""
    head = LONG.pack(ICON_SEQUENCE >> 16, ICON_SEQUENCE & 0xFFFF, b"SQ", 0, len(item) + 8)
    return head + b"\xfe\xff\x00\xe0" + len(item).to_bytes(4, "little") + item


def _number(tag: int, value: int) -> bytes:
    return encoded(tag, b"US", value.to_bytes(2, "little"))
