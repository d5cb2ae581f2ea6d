"""What differs between the revisions of UDF that are written here.

UDF 1.02 and 1.50 stand on ECMA-167, 2nd edition (NSR02), UDF 2.50 and 2.60 on the 3rd (NSR03). Revisions are
numbers as UDF records them: 0x0250 is 2.50.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of UDF."""

    number: int
    """UDF Revision of every domain and UDF suffix (UDF 2.1.5.3), and the one that is needed to write."""
    read: int
    """Minimum UDF Read Revision (UDF 2.2.6.4): what a reader must know to read it."""
    metadata: bool
    """Whether file entries and directories stand in a metadata partition (UDF 2.2.10)."""

    taken: range
    """The revisions of volumes that are read as one of this: what came between it and the one before."""

    @property
    def edition(self) -> int:
        """Edition of ECMA-167: the descriptor version of every tag (3/7.2.2) and the digit of NSR0x."""
        return 3 if self.number >= 0x0200 else 2

    @property
    def extended(self) -> bool:
        """Whether file entries are Extended File Entries (ECMA-167 4/14.17), which the 3rd edition knows."""
        return self.edition == 3


ANY: Final = range(0x10000)
"""Every revision."""

REVISIONS: Final = {
    "1.02": Revision(0x0102, 0x0102, metadata=False, taken=range(0x0103)),
    "1.50": Revision(0x0150, 0x0150, metadata=False, taken=range(0x0202)),
    "2.50": Revision(0x0250, 0x0250, metadata=True, taken=range(0x0202, 0x0251)),
    "2.60": Revision(0x0260, 0x0250, metadata=True, taken=range(0x0251, 0x10000)),
}
