"""Collecting what is wrong with a request, so that an SCU learns all of it at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from burnish.errors import FailedItem, RequestFailed
from burnish.terms import FailureReason, StatusInfo

INFO_OF: Final[Mapping[FailureReason, StatusInfo]] = MappingProxyType(
    {
        FailureReason.PROCESSING_FAILURE: StatusInfo.PROC_FAILURE,
        FailureReason.NO_SUCH_OBJECT_INSTANCE: StatusInfo.NO_INSTANCE,
        FailureReason.SOP_CLASS_NOT_SUPPORTED: StatusInfo.NOT_SUPPORTED,
        FailureReason.CLASS_INSTANCE_CONFLICT: StatusInfo.INST_AP_CONFLICT,
        FailureReason.PROFILES_CONFLICT: StatusInfo.INST_AP_CONFLICT,
        FailureReason.PROFILE_INSTANCE_CONFLICT: StatusInfo.INST_AP_CONFLICT,
        FailureReason.PROFILE_COMPRESSION_CONFLICT: StatusInfo.INST_AP_CONFLICT,
        FailureReason.PROFILE_NOT_SUPPORTED: StatusInfo.NOT_SUPPORTED,
        FailureReason.INSTANCE_SIZE_EXCEEDED: StatusInfo.INST_OVERSIZED,
        FailureReason.MISSING_ATTRIBUTE: StatusInfo.DIR_PROC_ERR,
        FailureReason.MISSING_ATTRIBUTE_VALUE: StatusInfo.DIR_PROC_ERR,
    }
)
"""Execution Status Info that goes with a Failure Reason (PS3.3 C.22.1.2 and C.22.1.4)."""

ORDER: Final = (
    StatusInfo.NO_INSTANCE,
    StatusInfo.NOT_SUPPORTED,
    StatusInfo.INST_AP_CONFLICT,
    StatusInfo.DUPL_REF_INST,
    StatusInfo.INST_OVERSIZED,
    StatusInfo.SET_OVERSIZED,
    StatusInfo.DIR_PROC_ERR,
    StatusInfo.PROC_FAILURE,
)
"""Which info a request gets when several apply: the first of these."""


@dataclass
class Failures:
    """What was found so far."""

    items: list[FailedItem] = field(default_factory=list)
    infos: set[StatusInfo] = field(default_factory=set)

    def add(self, item: FailedItem, info: StatusInfo | None = None) -> None:
        """Note an item; `info` where it is not the one that goes with its reason."""
        self.items.append(item)
        self.infos.add(info or INFO_OF[item.reason])

    def check(self) -> None:
        """Raise RequestFailed with everything noted, where anything was."""
        if self.items:
            info = next(info for info in ORDER if info in self.infos)
            first = next((item for item in self.items if INFO_OF[item.reason] == info), self.items[0])
            more = f", and {len(self.items) - 1} more" if len(self.items) > 1 else ""
            raise RequestFailed(f"{first.why or first.reason.name}{more}", info, self.items)
