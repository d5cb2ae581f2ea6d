"""What an error of the operating system means at this device."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

from burnish.errors import DeviceFault, FaultKind

KINDS: Final[Mapping[int, FaultKind]] = MappingProxyType(
    {
        errno.ENOSPC: FaultKind.STORAGE_FULL,
        errno.EDQUOT: FaultKind.STORAGE_FULL,
        errno.EFBIG: FaultKind.STORAGE_FULL,
        errno.EIO: FaultKind.MEDIA_DEFECT,
        errno.EEXIST: FaultKind.UNSAFE_TARGET,
        errno.EISDIR: FaultKind.UNSAFE_TARGET,
        errno.ELOOP: FaultKind.UNSAFE_TARGET,
        errno.ENOTDIR: FaultKind.UNSAFE_TARGET,
        errno.EACCES: FaultKind.OPERATOR_ACTION,
        errno.EPERM: FaultKind.OPERATOR_ACTION,
        errno.EROFS: FaultKind.OPERATOR_ACTION,
        errno.EHOSTDOWN: FaultKind.DEVICE_OFFLINE,
        errno.ENODEV: FaultKind.DEVICE_OFFLINE,
        errno.ENOENT: FaultKind.DEVICE_OFFLINE,
        errno.ENOTCONN: FaultKind.DEVICE_OFFLINE,
        errno.ENXIO: FaultKind.DEVICE_OFFLINE,
        errno.ESTALE: FaultKind.DEVICE_OFFLINE,
        errno.ETIMEDOUT: FaultKind.DEVICE_OFFLINE,
        errno.EBUSY: FaultKind.DEVICE_BUSY,
        errno.EPIPE: FaultKind.BAD_REQUEST,
        errno.ENAMETOOLONG: FaultKind.BAD_REQUEST,
    }
)
"""Any other error is a DRIVE_FAULT. EPIPE: whoever wanted the bytes that were read back went away."""


@contextmanager
def as_faults(doing: str) -> Iterator[None]:
    """Turn an OSError into the DeviceFault it means; `doing` begins the sentence people read."""
    try:
        yield
    except OSError as error:
        kind = KINDS.get(error.errno or 0, FaultKind.DRIVE_FAULT)
        raise DeviceFault(kind, f"{doing}: {error.strerror or error}") from error
