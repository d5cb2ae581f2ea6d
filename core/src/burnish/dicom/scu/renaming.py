"""The same files again, under other UIDs: studies, series, instances, frames of reference, each consistently.

Files on disk are not touched. UIDs of the standard stay, and those of kinds: SOP classes, transfer syntaxes,
implementations.
"""

from pathlib import Path
from typing import Final

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import UID, generate_uid

_OF_THE_STANDARD: Final = "1.2.840.10008."
_STAYS: Final = frozenset(
    {0x00020010, 0x00020012, 0x00020002, 0x00080016, 0x00081150, 0x0008010C, 0x0008010D}
)
"""Tags of UIDs that name kinds, not things."""


class Renaming:
    """One UID for each that is met, the same for as long as this lives."""

    def __init__(self) -> None:
        self.uids: dict[str, str] = {}
        """Old to new."""

    def renamed(self, path: Path) -> FileDataset:
        """What stands in a file, with other UIDs. Raises what pydicom raises for a file that is none."""
        found = dcmread(path)
        for element in found.file_meta:
            if element.tag == 0x00020003:
                element.value = self.uid(element.value)
        for element in found.iterall():
            if element.VR == "UI" and element.tag not in _STAYS and element.value:
                element.value = self._value(element.value)
        return found

    def _value(self, value: object) -> object:
        return self.uid(value) if isinstance(value, str) else [self.uid(one) for one in list(value)]  # type: ignore[call-overload]

    def uid(self, old: str) -> UID:
        """The other name of a UID."""
        if old.startswith(_OF_THE_STANDARD):
            return UID(old)
        if old not in self.uids:
            self.uids[old] = str(generate_uid())
        return UID(self.uids[old])
