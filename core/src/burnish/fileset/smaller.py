"""Compressing without loss what would otherwise have to be split, PS3.4 S.3.2: where the profile takes it.

What is compressed already stays as it came, and so does what no encoder makes smaller.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from burnish.contracts import AsIs, Cancel, Profile, Subject
from burnish.fileset.derive.ways import WAYS, Transcoding, derivable
from burnish.fileset.fit import Derive, Form, Placed
from burnish.fileset.together import own_profile
from burnish.instances.instance import Instance
from burnish.terms import EXPLICIT_VR_LE

MOST: Final = 4
"""What cannot be made to fit by this ratio is not tried: images seldom become smaller than a third."""


def compressed(
    placed: Sequence[Placed], profile: Profile, transcoding: Transcoding, derive: Derive, cancel: Cancel
) -> list[Placed]:
    """The same instances in the smallest forms that their profile takes; empty where nothing was gained.

    Raises what `derive` raises.
    """
    targets = [_target(one, profile, transcoding) for one in placed]
    wanted = [(one.instance, to) for one, to in zip(placed, targets, strict=True) if to]
    if not wanted:
        return []
    made = derive(wanted, cancel)
    found = [_better(one, next(made)) if to else one for one, to in zip(placed, targets, strict=True)]
    return found if found != list(placed) else []


def _target(one: Placed, profile: Profile, transcoding: Transcoding) -> str:
    """A transfer syntax in which an image may stand on the medium too; empty where there is none."""
    instance, way = one.instance, WAYS.get(one.form.transfer_syntax)
    if way is None or way.compressed or not instance.head.get("BitsAllocated"):
        return ""
    own = own_profile(profile, instance.sop_instance)
    for to in derivable(instance.transfer_syntax, transcoding):
        if to != EXPLICIT_VR_LE and isinstance(own.judge(_as(instance, to)), AsIs):
            return to
    return ""


def _as(instance: Instance, transfer_syntax: str) -> Subject:
    return Subject(instance.sop_class, transfer_syntax, instance.head.fresh())


def _better(one: Placed, made: object) -> Placed:
    return replace(one, form=made) if isinstance(made, Form) and made.length < one.form.length else one
