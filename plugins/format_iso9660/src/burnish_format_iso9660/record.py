"""A directory record of ECMA-119 9.1, as the reader hands it on."""

from dataclasses import dataclass
from typing import Final

_FOLDER: Final = 0x02


@dataclass(frozen=True, slots=True)
class Record:
    """A directory record as it stands on the medium."""

    identifier: str
    offset: int
    """Where the data begins, behind an extended attribute record if there is one."""
    length: int
    attributes: int
    """Length of the Extended Attribute Record, in blocks."""
    flags: int
    interleaved: bool
    both_orders: bool
    """Whether the little- and big-endian spellings agree."""

    @property
    def is_folder(self) -> bool:
        return bool(self.flags & _FOLDER)
