"""Each instance as the profile wants it: as it was received, in a derived form, or not at all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from burnish.contracts import AsIs, Profile, Transcode, Unfit
from burnish.errors import FailedItem
from burnish.fileset.failures import Failures
from burnish.fileset.select import subject
from burnish.instances.instance import Instance
from burnish.terms import FailureReason


@dataclass(frozen=True, slots=True)
class Form:
    """Bytes of a data set that may stand on a medium."""

    key: str
    """Its source key."""
    transfer_syntax: str
    length: int
    digest: bytes


Derive = Callable[[Instance, str], Form]
"""Makes, checks and keeps an instance's form in a transfer syntax. Raises Mismatch where the check fails
and ValueError where it cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An instance and the form of it that goes on the medium."""

    instance: Instance
    form: Form


def fit(instances: Sequence[Instance], profile: Profile, derive: Derive, failures: Failures) -> list[Placed]:
    """Judge every instance, then derive what must be derived; what does not fit goes to `failures`."""
    verdicts = [(instance, profile.judge(subject(instance))) for instance in instances]
    for instance, verdict in verdicts:
        if isinstance(verdict, Unfit):
            failures.add(_failed(instance, profile, verdict.reason, verdict.why, verdict.attributes))
    if failures.items:
        return []
    return [
        placed
        for instance, verdict in verdicts
        if (placed := _place(instance, verdict, profile, derive, failures))
    ]


def _place(
    instance: Instance, verdict: object, profile: Profile, derive: Derive, failures: Failures
) -> Placed | None:
    match verdict:
        case AsIs():
            form = Form(instance.key, instance.transfer_syntax, instance.length, instance.digest)
            return Placed(instance, form)
        case Transcode(to):
            try:
                return Placed(instance, derive(instance, to))
            except ValueError as error:
                reason = FailureReason.PROFILE_COMPRESSION_CONFLICT
                failures.add(_failed(instance, profile, reason, str(error), (0x00020010,)))
    return None


def _failed(
    instance: Instance, profile: Profile, reason: FailureReason, why: str, attributes: tuple[int, ...]
) -> FailedItem:
    return FailedItem(instance.sop_class, instance.sop_instance, reason, attributes, profile.identifier, why)
