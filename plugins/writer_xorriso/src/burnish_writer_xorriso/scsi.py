"""SCSI commands to a device of Linux, by the ioctl SG_IO.

A command is a few bytes (its CDB) and goes with bytes out, bytes in, or none. The device answers GOOD, or
CHECK CONDITION with a sense triple: key, additional code (ASC) and its qualifier (ASCQ).

`Transport` is what the rest of this plugin talks to; a simulator of a drive is another one.

Source: <scsi/sg.h> (struct sg_io_hdr), SPC-4 4.5 (sense data). Units: seconds and bytes.
"""

import ctypes
import errno
import fcntl
import mmap
import os
from pathlib import Path
from typing import Final, Protocol, Self

SG_IO: Final = 0x2285
_TIMEOUT: Final = 60.0
"""The kernel resets a device that is silent for some 20 s; that must be over before we give up."""
_NONE, _TO_DEVICE, _FROM_DEVICE = -1, -2, -3
_SENSE_LENGTH: Final = 64
_GOOD, _CHECK_CONDITION, _BUSY, _CONFLICT = 0x00, 0x02, 0x08, 0x18
_HOST_ERRNO: Final = {1: errno.ENODEV, 2: errno.EBUSY, 3: errno.ETIMEDOUT, 4: errno.ENODEV}
"""DID_NO_CONNECT, DID_BUS_BUSY, DID_TIME_OUT, DID_BAD_TARGET; any other is EIO."""


class Sense(Exception):
    """A device's CHECK CONDITION."""

    def __init__(self, key: int, asc: int, ascq: int) -> None:
        super().__init__(key, asc, ascq)
        self.key = key
        self.asc = asc
        self.ascq = ascq

    def __str__(self) -> str:
        return f"[{self.key:X} {self.asc:02X} {self.ascq:02X}]"

    @property
    def triple(self) -> tuple[int, int, int]:
        """Key, ASC and ASCQ."""
        return self.key, self.asc, self.ascq


class Transport(Protocol):
    """Takes commands to one device."""

    def execute(self, cdb: bytes, out: bytes = b"", length: int = 0, timeout: float = _TIMEOUT) -> bytes:
        """Send `out`, or receive up to `length` bytes. Raises Sense, and OSError where no answer comes."""
        ...


class _Header(ctypes.Structure):
    _fields_ = (
        ("interface_id", ctypes.c_int),
        ("dxfer_direction", ctypes.c_int),
        ("cmd_len", ctypes.c_ubyte),
        ("mx_sb_len", ctypes.c_ubyte),
        ("iovec_count", ctypes.c_ushort),
        ("dxfer_len", ctypes.c_uint),
        ("dxferp", ctypes.c_void_p),
        ("cmdp", ctypes.c_void_p),
        ("sbp", ctypes.c_void_p),
        ("timeout", ctypes.c_uint),
        ("flags", ctypes.c_uint),
        ("pack_id", ctypes.c_int),
        ("usr_ptr", ctypes.c_void_p),
        ("status", ctypes.c_ubyte),
        ("masked_status", ctypes.c_ubyte),
        ("msg_status", ctypes.c_ubyte),
        ("sb_len_wr", ctypes.c_ubyte),
        ("host_status", ctypes.c_ushort),
        ("driver_status", ctypes.c_ushort),
        ("resid", ctypes.c_int),
        ("duration", ctypes.c_uint),
        ("info", ctypes.c_uint),
    )


class SgDevice(Transport):
    """An open device node.

    It is opened O_EXCL: EBUSY while it is mounted, or another program that asks the same uses it. O_NONBLOCK:
    also without a medium.
    """

    def __init__(self, node: Path) -> None:
        self._descriptor = os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_EXCL | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        os.close(self._descriptor)

    def execute(self, cdb: bytes, out: bytes = b"", length: int = 0, timeout: float = _TIMEOUT) -> bytes:
        """Send one command. Raises Sense; OSError EBUSY, ENODEV, ETIMEDOUT or EIO."""
        command = ctypes.create_string_buffer(cdb, len(cdb))
        sense = ctypes.create_string_buffer(_SENSE_LENGTH)
        size = max(len(out), length)
        with mmap.mmap(-1, max(size, 1)) as data:  # begins on a page, which direct transfer wants
            data[: len(out)] = out
            window = (ctypes.c_char * len(data)).from_buffer(data)
            header = _Header(
                interface_id=ord("S"),
                dxfer_direction=_TO_DEVICE if out else _FROM_DEVICE if length else _NONE,
                cmd_len=len(cdb),
                mx_sb_len=_SENSE_LENGTH,
                dxfer_len=size,
                dxferp=ctypes.addressof(window),
                cmdp=ctypes.addressof(command),
                sbp=ctypes.addressof(sense),
                timeout=round(timeout * 1000),
            )
            del window
            fcntl.ioctl(self._descriptor, SG_IO, header)
            judge(header.status, header.host_status, sense.raw[: header.sb_len_wr])
            return data[: size - max(header.resid, 0)] if length else b""


def judge(status: int, host: int, sense: bytes) -> None:
    """Raise what an answer means, where it is not GOOD."""
    if host:
        raise _error(_HOST_ERRNO.get(host, errno.EIO))
    if status == _GOOD:
        return
    if status in (_BUSY, _CONFLICT):
        raise _error(errno.EBUSY)
    found = parse_sense(sense)
    if status != _CHECK_CONDITION or found is None:
        raise _error(errno.EIO)
    if found.key > 1:  # 0: nothing to tell; 1: the device mended it
        raise found


def parse_sense(data: bytes) -> Sense | None:
    """Read sense data in fixed (70h, 71h) or descriptor form (72h, 73h); None where it is neither.

    >>> print(parse_sense(bytes.fromhex("70 00 03 00000000 0a 00000000 0c 09 00000000")))
    [3 0C 09]
    """
    form = data[0] & 0x7F if data else 0
    if form in (0x70, 0x71) and len(data) >= 14:
        return Sense(data[2] & 0x0F, data[12], data[13])
    if form in (0x72, 0x73) and len(data) >= 4:
        return Sense(data[1] & 0x0F, data[2], data[3])
    return None


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
