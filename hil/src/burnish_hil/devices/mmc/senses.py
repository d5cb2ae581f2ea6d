"""How a command is refused: sense key, additional sense code, qualifier. (SPC-4 table 56, MMC-6 annex F)"""

from typing import Final, NamedTuple


class Sense(NamedTuple):
    """A triple, as libburn prints it: [3 0C 00]."""

    key: int
    code: int
    qualifier: int = 0


class Refused(Exception):
    """A command that ends with CHECK CONDITION."""

    def __init__(self, sense: Sense) -> None:
        super().__init__("{:X} {:02X} {:02X}".format(*sense))
        self.sense = sense


NONE: Final = Sense(0, 0)
BECOMING_READY: Final = Sense(2, 0x04, 0x01)
CANNOT_READ_MEDIUM: Final = Sense(2, 0x30, 0x00)
NO_MEDIUM_TRAY_IN: Final = Sense(2, 0x3A, 0x01)
NO_MEDIUM_TRAY_OUT: Final = Sense(2, 0x3A, 0x02)
WRITE_ERROR: Final = Sense(3, 0x0C, 0x00)
CLOSE_ERROR: Final = Sense(3, 0x0C, 0x09)
"""Loss of streaming: what some drives say of a lead-out that could not be written."""
READ_ERROR: Final = Sense(3, 0x11, 0x05)
CALIBRATION_ERROR: Final = Sense(3, 0x73, 0x03)
INVALID_OPCODE: Final = Sense(5, 0x20)
OUT_OF_RANGE: Final = Sense(5, 0x21)
NOT_NEXT_WRITABLE: Final = Sense(5, 0x21, 0x02)
INVALID_FIELD: Final = Sense(5, 0x24)
CANNOT_WRITE_MEDIUM: Final = Sense(5, 0x30, 0x05)
REMOVAL_PREVENTED: Final = Sense(5, 0x53, 0x02)
MEDIUM_CHANGED: Final = Sense(6, 0x28)
POWER_ON: Final = Sense(6, 0x29)
