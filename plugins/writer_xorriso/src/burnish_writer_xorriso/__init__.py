"""Burns CD, DVD and BD in optical drives, with xorriso.

`scsi` and `mmc` ask a drive by SG_IO, `drives` and `pseudo` are what the driver sees of it, `feeding` and
`burning` run xorriso, `faults` says what its words and a drive's sense data mean, `driver` is the driver,
`doctor` says what is missing on a machine.
"""

from collections.abc import Sequence
from typing import Any, Final

from burnish.contracts import CheckSpec, WriterSpec
from burnish.errors import FaultKind
from burnish.hookspecs import hookimpl

from burnish_writer_xorriso import doctor
from burnish_writer_xorriso.driver import XorrisoWriter
from burnish_writer_xorriso.settings import Settings

__all__ = ["Settings", "XorrisoWriter", "burnish_checks", "burnish_contract", "burnish_writers"]

burnish_contract: Final = 1
RAISES: Final = frozenset(
    {
        FaultKind.BAD_REQUEST,
        FaultKind.DRIVE_FAULT,
        FaultKind.MEDIA_DEFECT,
        FaultKind.MEDIUM_TOO_SMALL,
        FaultKind.NO_BLANK_MEDIA,
        FaultKind.OPERATOR_ACTION,
        FaultKind.UNKNOWN_REPLY,
        FaultKind.WRONG_MEDIUM,
    }
)
"""Kinds of fault that the driver raises."""


@hookimpl
def burnish_writers() -> Sequence[WriterSpec[Any]]:
    """Offer `xorriso`."""
    return [WriterSpec("xorriso", Settings, XorrisoWriter, RAISES)]


@hookimpl
def burnish_checks() -> Sequence[CheckSpec]:
    """What stands in its way on this machine."""
    return [CheckSpec(doctor.NAME, doctor.look)]
