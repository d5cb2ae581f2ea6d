"""What a drive's sense triple, or a sentence of xorriso, means: two tables.

xorriso ends with 5 whatever went wrong, so its exit code alone says nothing. What stands in neither table is
UNKNOWN_REPLY: nobody guesses.

Sources: sense texts and their grouping by libburn's spc.c (scsi_error_msg) and SPC-4 annex D; xorriso's and
libburn's sentences as 1.5.4 prints them, measured on files, loop devices and an emulated recorder.
"""

import errno
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from burnish.errors import DeviceFault, FaultKind

from burnish_writer_xorriso.scsi import Sense

_K = FaultKind


class SenseRow(NamedTuple):
    """A group of sense triples."""

    pattern: str
    """Key, ASC and ASCQ in hexadecimal; `,` and `-` make several of one, `*` is any."""
    writing: FaultKind
    """What it is while a medium is written and closed."""
    asking: FaultKind
    """What it is while a drive is asked, its tray moved or a medium read."""
    means: str

    def fits(self, sense: Sense) -> bool:
        """Whether the triple is one of these."""
        parts = zip(self.pattern.split(), sense.triple, strict=True)
        return all(part == "*" or value in _numbers(part) for part, value in parts)


def _numbers(part: str) -> set[int]:
    """
    >>> sorted(_numbers("00-02,10"))
    [0, 1, 2, 16]
    """
    ends = ([int(end, 16) for end in piece.split("-")] for piece in part.split(","))
    return {number for low, *high in ends for number in range(low, (high or [low])[0] + 1)}


class TextRow(NamedTuple):
    """A sentence of xorriso or libburn."""

    words: str
    """Stand in the sentence."""
    kind: FaultKind
    means: str


_NO_BLANK, _WRONG, _SMALL, _DEFECT = _K.NO_BLANK_MEDIA, _K.WRONG_MEDIUM, _K.MEDIUM_TOO_SMALL, _K.MEDIA_DEFECT
_BUSY, _OFFLINE, _OPERATOR = _K.DEVICE_BUSY, _K.DEVICE_OFFLINE, _K.OPERATOR_ACTION
_DRIVE, _REQUEST = _K.DRIVE_FAULT, _K.BAD_REQUEST

# fmt: off
SENSES: Final = (
    SenseRow("2 3A 00-03",          _NO_BLANK, _NO_BLANK, "there is no disc in the drive"),
    SenseRow("2 04 01,04,07,08",    _BUSY,     _BUSY,     "the drive is not ready yet"),
    SenseRow("6 28,29 *",           _BUSY,     _BUSY,     "the disc was changed or the drive was reset"),
    SenseRow("2 04 *",              _OPERATOR, _OPERATOR, "the drive does not become ready"),
    SenseRow("* 06 00",             _DEFECT,   _WRONG,    "the drive sees nothing to go by: upside down?"),
    SenseRow("* 30 00-06,10,11",    _WRONG,    _WRONG,    "the drive cannot use a disc like this"),
    SenseRow("5,7 27 *",            _WRONG,    _WRONG,    "the disc is write-protected"),
    SenseRow("8 08 00-03",          _DEFECT,   _BUSY,     "the connection to the drive was disturbed"),
    SenseRow("8 * *",               _WRONG,    _DEFECT,   "blank where data should be, or data on a blank"),
    SenseRow("5 64 00",             _WRONG,    _DEFECT,   "not a mode for this track: not blank, not closed"),
    SenseRow("5 21 00,02",          _SMALL,    _DEFECT,   "there is no such sector on the disc"),
    SenseRow("5 63 00,01",          _SMALL,    _DEFECT,   "the disc is full"),
    SenseRow("3 0C 00,02,07,08,09", _DEFECT,   _DEFECT,   "write error: the disc is bad"),
    SenseRow("3 02,09 *",           _DEFECT,   _DEFECT,   "the drive loses its way on the disc"),
    SenseRow("3 11 *",              _DEFECT,   _DEFECT,   "the disc cannot be read"),
    SenseRow("3 32 00",             _DEFECT,   _DEFECT,   "the disc has no spare sectors left"),
    SenseRow("3 31 00,01",          _DEFECT,   _DEFECT,   "the disc cannot be formatted"),
    SenseRow("3 51,57 *",           _DEFECT,   _DEFECT,   "erasing failed, or the table of contents is lost"),
    SenseRow("3 72 00-05",          _DEFECT,   _DEFECT,   "the session could not be closed"),
    SenseRow("3 73 01-05",          _DEFECT,   _DEFECT,   "the laser's power could not be set on this disc"),
    SenseRow("4 08,09,15,3E,44 *",  _DRIVE,    _DRIVE,    "the drive is broken: servo, positioning, target"),
    SenseRow("4,5 53 00,02",        _OPERATOR, _OPERATOR, "the tray does not move: it is blocked or locked"),
    SenseRow("5 20,24,26,2C *",     _REQUEST,  _REQUEST,  "the drive does not know this command"),
    SenseRow("B * *",               _DEFECT,   _BUSY,     "the drive gave a command up"),
)
"""Looked through from the top."""

TEXTS: Final = (
    TextRow("No media detected in drive",                 _NO_BLANK, "there is no disc in the drive"),
    TextRow("Cannot recognize state of drive and media",  _WRONG,    "the disc cannot be written"),
    TextRow("Closed media with data detected",            _WRONG,    "the disc is not blank"),
    TextRow("Failed to find a suitable write mode",       _WRONG,    "the drive cannot write this disc"),
    TextRow("Cannot set write type",                      _REQUEST,  "the drive does not know this `mode`"),
    TextRow("write(2) returned -1. : Operation not perm", _WRONG,    "the medium is write-protected"),
    TextRow("Pseudo-drive is a read-only file",           _WRONG,    "the medium is write-protected"),
    TextRow("exceeds free space on media",                _SMALL,    "the image does not fit on the disc"),
    TextRow("No space left on device",                    _SMALL,    "the medium is full"),
    TextRow("File too large",                             _SMALL,    "the medium is full"),
    TextRow("Input/output error",                         _DEFECT,   "the medium cannot be written"),
    TextRow("Premature end of input encountered",         _REQUEST,  "the image ended early"),
    TextRow("Could not open data source",                 _REQUEST,  "the image could not be opened"),
    TextRow("Lost connection to drive",                   _OFFLINE,  "the drive is gone"),
    TextRow("yielded host problem",                       _OFFLINE,  "the drive does not answer"),
    TextRow("Neither stdio-path nor its directory exist", _OFFLINE,  "there is no such device"),
    TextRow("(a pseudo-drive) : Permission denied",       _OPERATOR, "no permission to use the device"),
    TextRow("Cannot open busy device",                    _BUSY,     "another program uses the drive"),
    TextRow("Device busy. Failed to fcntl-lock",          _BUSY,     "another program uses the drive"),
    TextRow("Could not grab drive - already in use",      _BUSY,     "another program uses the drive"),
    TextRow("as SG_IO CDROM drive",                       _OFFLINE,  "there is no such drive"),
    TextRow("' not found",                                _OFFLINE,  "there is no such drive"),
    TextRow("Timeout exceed",                             _DRIVE,    "the drive does not finish a command"),
)
"""The first line of an output that stands in either table decides."""
# fmt: on

_ERRNO: Final = {
    errno.EBUSY: _K.DEVICE_BUSY,
    errno.EACCES: _K.OPERATOR_ACTION,
    errno.EPERM: _K.OPERATOR_ACTION,
    errno.EROFS: _K.OPERATOR_ACTION,
    errno.ENOENT: _K.DEVICE_OFFLINE,
    errno.ENODEV: _K.DEVICE_OFFLINE,
    errno.ENXIO: _K.DEVICE_OFFLINE,
    errno.ETIMEDOUT: _K.DEVICE_OFFLINE,
    errno.EIO: _K.DEVICE_OFFLINE,
    errno.ENOTTY: _K.BAD_REQUEST,
    errno.EPIPE: _K.BAD_REQUEST,
}
"""What the kernel says of a device; EPIPE: whoever wanted the bytes went away. Any other: UNKNOWN_REPLY."""

_TRIPLE: Final = re.compile(r"\[([0-9A-F]) ([0-9A-F]{2}) ([0-9A-F]{2})\]")
_NO_SENSE: Final = "[0 00 00]"
"""Of a command that failed on its way, not at the drive: another line says why."""
_SEVERE: Final = re.compile(r" : (SORRY|MISHAP|FAILURE|FATAL|ABORT) : ")


def of_sense(sense: Sense, *, writing: bool = False) -> tuple[FaultKind, str]:
    """Say what a triple means, and in words."""
    for row in SENSES:
        if row.fits(sense):
            return (row.writing if writing else row.asking), f"{row.means} {sense}"
    return FaultKind.UNKNOWN_REPLY, f"the drive says {sense}, which this driver does not know"


def is_severe(line: str) -> bool:
    """Whether a line tells of more than a warning."""
    return bool(_SEVERE.search(line))


def of_output(lines: Iterable[str], returned: int) -> tuple[FaultKind, str]:
    """Say why xorriso failed, from what it printed."""
    severe = [line for line in lines if is_severe(line)]
    for line in severe:
        if found := _of_line(line):
            return found
    last = severe[0] if severe else "nothing"
    return FaultKind.UNKNOWN_REPLY, f"xorriso ended with {returned} and says: {last}"


def _of_line(line: str) -> tuple[FaultKind, str] | None:
    if (triple := _TRIPLE.search(line)) and triple[0] != _NO_SENSE:
        key, asc, ascq = (int(digits, 16) for digits in triple.groups())
        return of_sense(Sense(key, asc, ascq), writing=True)
    for row in TEXTS:
        if row.words in line:
            return row.kind, f"{row.means} ({line.strip()})"
    return None


@contextmanager
def as_faults(place: str, *, writing: bool = False) -> Iterator[None]:
    """Turn what a transport raises into the DeviceFault it means; `place` begins the sentence."""
    try:
        yield
    except Sense as sense:
        kind, means = of_sense(sense, writing=writing)
        raise DeviceFault(kind, f"{place}: {means}") from sense
    except OSError as error:
        kind = _ERRNO.get(error.errno or 0, FaultKind.UNKNOWN_REPLY)
        raise DeviceFault(kind, f"{place}: {error.strerror or error}") from error
