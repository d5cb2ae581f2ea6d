"""Profiles of the lab: anything in Explicit VR Little Endian on a DVD or a Blu-ray disc, in ISO 9660.

They stand in for no profile of PS3.11; they let a whole job burn every kind of disc that a recorder can take.
"""

from collections.abc import Sequence

from burnish.contracts import AsIs, Fit, Profile, Subject, Unfit
from burnish.hookspecs import hookimpl
from burnish.media import MediaKind
from burnish.terms import EXPLICIT_VR_LE, FailureReason

burnish_contract = 1


class _Anything(Profile):
    directory_keys = ()

    def judge(self, subject: Subject) -> Fit:
        """Takes what needs no decoding."""
        if subject.transfer_syntax == EXPLICIT_VR_LE:
            return AsIs()
        return Unfit(FailureReason.PROFILE_COMPRESSION_CONFLICT, "it is compressed", (0x00020010,))


class LabDvd(_Anything):
    """On a DVD."""

    identifier = "PRI-LAB-DVD"
    title = "Anything on a DVD, in the lab"
    formats = {MediaKind.DVD_R: ("iso9660",)}  # noqa: RUF012


class LabBluray(_Anything):
    """On a Blu-ray disc."""

    identifier = "PRI-LAB-BD"
    title = "Anything on a Blu-ray disc, in the lab"
    formats = {MediaKind.BD_R: ("iso9660",)}  # noqa: RUF012


@hookimpl
def burnish_profiles() -> Sequence[Profile]:
    """Both."""
    return [LabDvd(), LabBluray()]
