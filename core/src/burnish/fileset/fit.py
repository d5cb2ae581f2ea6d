"""Each instance as the profile wants it: as it was received, in a derived form, or not at all."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from burnish.contracts import AsIs, Cancel, Fit, Profile, Transcode, Unfit
from burnish.errors import FailedItem
from burnish.fileset.derive.ways import Transcoding
from burnish.fileset.failures import Failures
from burnish.fileset.select import subject
from burnish.fileset.together import own_profile
from burnish.instances.instance import Instance
from burnish.terms import FailureReason

_TRANSFER_SYNTAX_UID = 0x0002_0010


@dataclass(frozen=True, slots=True)
class Form:
    """Bytes of a data set that may stand on a medium."""

    key: str
    """Its source key."""
    transfer_syntax: str
    length: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Underivable:
    """A form that cannot be made, or that is not what its source says."""

    why: str
    """One sentence."""
    reason: FailureReason = FailureReason.PROFILE_COMPRESSION_CONFLICT


class Derive(Protocol):
    """Makes, checks and keeps forms of instances in other transfer syntaxes, several at a time."""

    @abstractmethod
    def __call__(
        self, wanted: Sequence[tuple[Instance, str]], cancel: Cancel
    ) -> Iterator[Form | Underivable]:
        """Give for each instance and Transfer Syntax UID a form or why there is none, in their order.

        What one instance does to its decoder is its own failure. Raises OSError where there is no room, and
        Cancelled soon after `cancel` is asked for; nothing half made is left then.
        """


@dataclass(frozen=True, slots=True)
class Placed:
    """An instance and the form of it that goes on the medium."""

    instance: Instance
    form: Form
    icon: bytes = b""
    """Icon Image Sequence (0088,0200) of its directory record, encoded; empty for none."""


def fit(
    instances: Sequence[Instance],
    profile: Profile,
    transcoding: Transcoding,
    derive: Derive,
    failures: Failures,
    cancel: Cancel,
) -> list[Placed]:
    """Judge every instance, then derive what must be derived; what does not fit goes to `failures`.

    The order is that of `instances`. Raises what `derive` raises.
    """
    verdicts = [
        (instance, own_profile(profile, instance.sop_instance).judge(subject(instance, transcoding)))
        for instance in instances
    ]
    for instance, verdict in verdicts:
        if isinstance(verdict, Unfit):
            failures.add(_failed(instance, profile, verdict.reason, verdict.why, verdict.attributes))
    if failures.items:
        return []
    forms = _derived(verdicts, profile, derive, failures, cancel)
    found = (
        (instance, forms.get(instance.key) or _as_is(instance, verdict)) for instance, verdict in verdicts
    )
    return [Placed(instance, form) for instance, form in found if form]


def _as_is(instance: Instance, verdict: Fit) -> Form | None:
    if not isinstance(verdict, AsIs):
        return None
    return Form(instance.key, instance.transfer_syntax, instance.length, instance.digest)


def _derived(
    verdicts: Sequence[tuple[Instance, Fit]],
    profile: Profile,
    derive: Derive,
    failures: Failures,
    cancel: Cancel,
) -> dict[str, Form]:
    """The forms that could be made, by the key of their instance."""
    wanted = [(instance, verdict.to) for instance, verdict in verdicts if isinstance(verdict, Transcode)]
    forms = {}
    for (instance, _), result in zip(wanted, derive(wanted, cancel) if wanted else (), strict=True):
        if isinstance(result, Form):
            forms[instance.key] = result
        else:
            failures.add(_failed(instance, profile, result.reason, result.why, _attributes(result)))
    return forms


def _attributes(result: Underivable) -> tuple[int, ...]:
    """Only the transfer syntax can be at fault where the reason is compression."""
    compression = result.reason == FailureReason.PROFILE_COMPRESSION_CONFLICT
    return (_TRANSFER_SYNTAX_UID,) if compression else ()


def _failed(
    instance: Instance, profile: Profile, reason: FailureReason, why: str, attributes: tuple[int, ...]
) -> FailedItem:
    name = own_profile(profile, instance.sop_instance).identifier
    return FailedItem(instance.sop_class, instance.sop_instance, reason, attributes, name, why)
