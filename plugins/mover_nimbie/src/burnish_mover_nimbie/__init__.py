"""Acronova Nimbie NB21: a robot that stands on one optical drive, fed by a dropper, with two piles below.

    input stack --place--> open tray --lift--> gripper --drop--> accept or reject pile

It is a USB device of its own (1723:0945), beside the drive: the host moves the tray, the robot the disc.
`words` has what is said, `link` the USB side, `mover` the driver; `simulator` is the robot for tests, and
`doctor` says what is missing on a machine. Units: seconds.
"""

from collections.abc import Sequence
from typing import Any, Final

from burnish.contracts import CheckSpec, MoverSpec
from burnish.errors import FaultKind
from burnish.hookspecs import hookimpl

from burnish_mover_nimbie import doctor
from burnish_mover_nimbie.mover import NimbieMover, Settings

__all__ = ["NimbieMover", "Settings", "burnish_checks", "burnish_contract", "burnish_movers"]

burnish_contract: Final = 1
RAISES: Final = frozenset(
    {
        FaultKind.DEVICE_BUSY,
        FaultKind.DEVICE_OFFLINE,
        FaultKind.NO_BLANK_MEDIA,
        FaultKind.OPERATOR_ACTION,
        FaultKind.SERVICE_ACTION,
        FaultKind.UNKNOWN_REPLY,
    }
)
"""Kinds of fault that the driver raises."""


@hookimpl
def burnish_movers() -> Sequence[MoverSpec[Any]]:
    """Offer `nimbie`."""
    return [MoverSpec("nimbie", Settings, NimbieMover, RAISES)]


@hookimpl
def burnish_checks() -> Sequence[CheckSpec]:
    """What stands in its way on this machine."""
    return [CheckSpec(doctor.NAME, doctor.look)]
