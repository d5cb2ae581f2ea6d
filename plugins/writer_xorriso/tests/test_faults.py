"""Every row of the tables: sense triples and sentences, and that nothing beside them is guessed."""

import errno
import os

import pytest
from burnish.errors import DeviceFault, FaultKind
from burnish_writer_xorriso.faults import SENSES, TEXTS, SenseRow, TextRow, as_faults, of_output, of_sense
from burnish_writer_xorriso.scsi import Sense, judge, parse_sense

TRAILER = [
    "xorriso : NOTE : Gave up -outdev ''",
    "xorriso : FAILURE : -as cdrecord: Job could not be performed properly.",
    "xorriso : aborting : -abort_on 'FAILURE' encountered 'FAILURE'",
]

RECORDED = {
    "xorriso : FAILURE : No media detected in drive": FaultKind.NO_BLANK_MEDIA,
    "xorriso : FAILURE : Cannot recognize state of drive and media": FaultKind.WRONG_MEDIUM,
    "xorriso : FAILURE : Closed media with data detected. Need blank or appendable media.": (
        FaultKind.WRONG_MEDIUM
    ),
    "xorriso : FAILURE : Failed to find a suitable write mode with this media.": FaultKind.WRONG_MEDIUM,
    "xorriso : FAILURE : Cannot set write type SAO for this medium.": FaultKind.BAD_REQUEST,
    "libburn : SORRY : Cannot write desired amount of 32768 bytes. write(2) returned -1. : Operation not "
    "permitted": FaultKind.WRONG_MEDIUM,
    "libburn : SORRY : Pseudo-drive is a read-only file. Cannot write.": FaultKind.WRONG_MEDIUM,
    "xorriso : FAILURE : Image size 4736s exceeds free space on media 2048s": FaultKind.MEDIUM_TOO_SMALL,
    "libburn : SORRY : Cannot write desired amount of 32768 bytes. write(2) returned -1. : No space left on "
    "device": FaultKind.MEDIUM_TOO_SMALL,
    "libburn : SORRY : Cannot write desired amount of 32768 bytes. write(2) returned -1. : File too large": (
        FaultKind.MEDIUM_TOO_SMALL
    ),
    "libburn : SORRY : Cannot write desired amount of 32768 bytes. write(2) returned -1. : Input/output "
    "error": FaultKind.MEDIA_DEFECT,
    "libburn : FAILURE : Premature end of input encountered. Missing: 16299200 bytes": FaultKind.BAD_REQUEST,
    "xorriso : FAILURE : Could not open data source 'nothere.iso' : No such file or directory": (
        FaultKind.BAD_REQUEST
    ),
    "libburn : FATAL : Lost connection to drive": FaultKind.DEVICE_OFFLINE,
    "libburn : FAILURE : SCSI command 2Ah yielded host problem: 0x7 SG_ERR_DID_ERROR": (
        FaultKind.DEVICE_OFFLINE
    ),
    "libburn : SORRY : Neither stdio-path nor its directory exist": FaultKind.DEVICE_OFFLINE,
    "libburn : SORRY : Failed to open device (a pseudo-drive) : Permission denied": FaultKind.OPERATOR_ACTION,
    "libburn : SORRY : Cannot open busy device '/dev/sr0' : Device or resource busy": FaultKind.DEVICE_BUSY,
    "libburn : SORRY : Device busy. Failed to fcntl-lock '/dev/sr0'": FaultKind.DEVICE_BUSY,
    "libburn : FATAL : Could not grab drive - already in use": FaultKind.DEVICE_BUSY,
    "libburn : FAILURE : Cannot access '/dev/sr0' as SG_IO CDROM drive": FaultKind.DEVICE_OFFLINE,
    "libburn : FAILURE : File object '/dev/sr0' not found": FaultKind.DEVICE_OFFLINE,
    "libburn : FAILURE : Timeout exceed (200000 ms). Retry canceled.": FaultKind.DRIVE_FAULT,
    "libburn : FATAL : SCSI error on write(896,16): [3 0C 00] Medium error. Write error.": (
        FaultKind.MEDIA_DEFECT
    ),
    "libburn : FAILURE : Failed to close track. SCSI error : [3 0C 09] Medium error.": FaultKind.MEDIA_DEFECT,
}
"""Lines as xorriso 1.5.4 prints them, and what each means."""


@pytest.mark.parametrize(("line", "kind"), RECORDED.items())
def test_a_recorded_line_is_known(line: str, kind: FaultKind) -> None:
    assert of_output([line, *TRAILER], 5)[0] is kind


@pytest.mark.parametrize("row", TEXTS, ids=lambda row: row.words)
def test_every_sentence_was_recorded(row: TextRow) -> None:
    lines = [line for line in RECORDED if row.words in line]
    assert lines
    assert {RECORDED[line] for line in lines} == {row.kind}


TRIPLES = {
    "2 3A 00-03": ((2, 0x3A, 0), (2, 0x3A, 3)),
    "2 04 01,04,07,08": ((2, 4, 1), (2, 4, 7), (2, 4, 8)),
    "6 28,29 *": ((6, 0x28, 0), (6, 0x29, 2)),
    "2 04 *": ((2, 4, 0), (2, 4, 2)),
    "* 06 00": ((2, 6, 0), (3, 6, 0)),
    "* 30 00-06,10,11": ((2, 0x30, 0), (5, 0x30, 5), (5, 0x30, 0x11)),
    "5,7 27 *": ((7, 0x27, 0), (5, 0x27, 0)),
    "8 08 00-03": ((8, 8, 0), (8, 8, 3)),
    "8 * *": ((8, 0, 0), (8, 0x64, 0)),
    "5 64 00": ((5, 0x64, 0),),
    "5 21 00,02": ((5, 0x21, 0), (5, 0x21, 2)),
    "5 63 00,01": ((5, 0x63, 0), (5, 0x63, 1)),
    "3 0C 00,02,07,08,09": ((3, 0x0C, 0), (3, 0x0C, 9)),
    "3 02,09 *": ((3, 2, 0), (3, 9, 1)),
    "3 11 *": ((3, 0x11, 0), (3, 0x11, 5)),
    "3 32 00": ((3, 0x32, 0),),
    "3 31 00,01": ((3, 0x31, 0), (3, 0x31, 1)),
    "3 51,57 *": ((3, 0x51, 0), (3, 0x57, 0)),
    "3 72 00-05": ((3, 0x72, 0), (3, 0x72, 5)),
    "3 73 01-05": ((3, 0x73, 1), (3, 0x73, 3)),
    "4 08,09,15,3E,44 *": ((4, 8, 0), (4, 9, 0), (4, 0x15, 1), (4, 0x3E, 2), (4, 0x44, 0)),
    "4,5 53 00,02": ((4, 0x53, 0), (5, 0x53, 2)),
    "5 20,24,26,2C *": ((5, 0x20, 0), (5, 0x24, 0), (5, 0x26, 2), (5, 0x2C, 0)),
    "B * *": ((0xB, 0, 6), (0xB, 0x47, 3)),
}
"""Of each row, triples that it is to take."""


@pytest.mark.parametrize("row", SENSES, ids=lambda row: row.pattern)
def test_every_row_takes_its_triples(row: SenseRow) -> None:
    for triple in TRIPLES[row.pattern]:
        sense = Sense(*triple)
        assert of_sense(sense)[0] is row.asking, sense
        assert of_sense(sense, writing=True)[0] is row.writing, sense
        assert of_output([f"libburn : FATAL : SCSI error on write(0,16): {sense} x", *TRAILER], 5)[0] is (
            row.writing
        )


@pytest.mark.parametrize("triple", [(3, 0x0C, 1), (4, 0x40, 0x80), (5, 0x6F, 0), (9, 0x80, 0), (2, 0x3A, 4)])
def test_what_stands_in_no_row_is_not_guessed(triple: tuple[int, int, int]) -> None:
    sense = Sense(*triple)
    assert of_sense(sense)[0] is FaultKind.UNKNOWN_REPLY
    assert of_sense(sense, writing=True)[0] is FaultKind.UNKNOWN_REPLY
    line = f"libburn : FATAL : SCSI error on write(0,16): {sense} Something else."
    assert of_output([line, *TRAILER], 5)[0] is FaultKind.UNKNOWN_REPLY


def test_an_unknown_triple_is_not_made_good_by_a_sentence_behind_it() -> None:
    lines = [
        "libburn : FATAL : SCSI error on write(0,16): [3 0C 01] Something.",
        "xorriso : FAILURE : No media detected in drive",
    ]
    assert of_output(lines, 5)[0] is FaultKind.UNKNOWN_REPLY


@pytest.mark.parametrize("lines", [[], TRAILER, ["Segmentation fault"], ["libburn : FATAL : Nobody knows"]])
def test_words_that_are_not_known_are_not_guessed(lines: list[str]) -> None:
    assert of_output(lines, 5)[0] is FaultKind.UNKNOWN_REPLY


def test_no_sense_says_nothing() -> None:
    nothing = (
        "libburn : FAILURE : Failed to synchronize drive cache. SCSI error : [0 00 00] (No error reported)"
    )
    assert (
        of_output([nothing, "libburn : FATAL : Lost connection to drive"], 5)[0] is FaultKind.DEVICE_OFFLINE
    )
    assert of_output([nothing], 5)[0] is FaultKind.UNKNOWN_REPLY


def test_a_note_decides_nothing() -> None:
    note = "libburn : NOTE : SCSI error on test_unit_ready: [2 3A 01] Not ready. Medium not present"
    cause = "libburn : FATAL : SCSI error on write(896,16): [3 0C 00] Medium error. Write error."
    assert of_output([note, cause], 5)[0] is FaultKind.MEDIA_DEFECT
    assert of_output([note], 5)[0] is FaultKind.UNKNOWN_REPLY


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EBUSY, FaultKind.DEVICE_BUSY),
        (errno.EACCES, FaultKind.OPERATOR_ACTION),
        (errno.EPERM, FaultKind.OPERATOR_ACTION),
        (errno.EROFS, FaultKind.OPERATOR_ACTION),
        (errno.ENOENT, FaultKind.DEVICE_OFFLINE),
        (errno.ENODEV, FaultKind.DEVICE_OFFLINE),
        (errno.ENXIO, FaultKind.DEVICE_OFFLINE),
        (errno.ETIMEDOUT, FaultKind.DEVICE_OFFLINE),
        (errno.EIO, FaultKind.DEVICE_OFFLINE),
        (errno.ENOTTY, FaultKind.BAD_REQUEST),
        (errno.EPIPE, FaultKind.BAD_REQUEST),
        (errno.EDEADLK, FaultKind.UNKNOWN_REPLY),
    ],
)
def test_an_error_of_the_system_is_a_fault(number: int, kind: FaultKind) -> None:
    with pytest.raises(DeviceFault) as caught, as_faults("/dev/sr0"):
        raise OSError(number, os.strerror(number))
    assert caught.value.kind is kind
    assert str(caught.value).startswith("/dev/sr0: ")


@pytest.mark.parametrize(
    ("data", "triple"),
    [
        ("70 00 03 00000000 0a 00000000 0c 00 00 000000", (3, 0x0C, 0)),
        ("f0 00 02 00000000 0a 00000000 3a 02 00 000000", (2, 0x3A, 2)),
        ("72 05 24 00 00000000", (5, 0x24, 0)),
        ("73 0b 47 03 00000000", (0xB, 0x47, 3)),
    ],
)
def test_sense_data_has_two_forms(data: str, triple: tuple[int, int, int]) -> None:
    sense = parse_sense(bytes.fromhex(data))
    assert sense is not None
    assert sense.triple == triple
    with pytest.raises(Sense):
        judge(2, 0, bytes.fromhex(data))


@pytest.mark.parametrize("data", [b"", b"\x70", bytes(18), b"\x70" * 13])
def test_sense_data_that_is_none_is_an_error(data: bytes) -> None:
    assert parse_sense(data) is None
    with pytest.raises(OSError, match="Input/output"):
        judge(2, 0, data)


@pytest.mark.parametrize(
    ("status", "host", "number"),
    [
        (0, 1, errno.ENODEV),
        (0, 3, errno.ETIMEDOUT),
        (0, 7, errno.EIO),
        (8, 0, errno.EBUSY),
        (4, 0, errno.EIO),
    ],
)
def test_a_device_that_does_not_answer_is_an_error(status: int, host: int, number: int) -> None:
    with pytest.raises(OSError, match=os.strerror(number)):
        judge(status, host, b"")


def test_an_error_that_the_device_mended_is_none() -> None:
    judge(2, 0, bytes.fromhex("70 00 01 00000000 0a 00000000 18 00 00 000000"))
    judge(0, 0, b"")
