"""Disc robots on a serial port: what one is told, and what its answers mean, is a file.

`sets/*.toml` are the command sets: `generic` (autoloaders of many brands), `kodak`, `tower` (four drives)
and `rimage-dtp` (experimental); a deployer can give another. `commands` reads such a file, `conversation`
speaks one command and understands its answer, `mover` is the driver, `line` the port; `simulator` has the
robots for tests, and `doctor` says what is missing on a machine. Units: seconds.
"""

from collections.abc import Sequence
from typing import Any, Final

from burnish.contracts import CheckSpec, MoverSpec
from burnish.hookspecs import hookimpl

from burnish_mover_serial import doctor
from burnish_mover_serial.mover import SerialMover, Settings

__all__ = ["SerialMover", "Settings", "burnish_checks", "burnish_contract", "burnish_movers"]

burnish_contract: Final = 1


@hookimpl
def burnish_movers() -> Sequence[MoverSpec[Any]]:
    """Offer `serial`."""
    return [MoverSpec("serial", Settings, SerialMover)]


@hookimpl
def burnish_checks() -> Sequence[CheckSpec]:
    """What stands in its way on this machine."""
    return [CheckSpec(doctor.NAME, doctor.look)]
