"""How files begin that others wrote: each liberty is got over and named, or refused in a sentence."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from burnish.fileset.content import Unreadable
from burnish.fileset.files import Found, read_file
from burnish.terms import EXPLICIT_VR_BE, EXPLICIT_VR_LE, IMPLICIT_VR_LE
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEGBaseline8Bit

META_START = 132
PLAIN = {IMPLICIT_VR_LE: (True, True), EXPLICIT_VR_LE: (False, True), EXPLICIT_VR_BE: (False, False)}


def source() -> Dataset:
    ds = dcmread(str(get_testdata_file("CT_small.dcm")))
    del ds[0xFFFCFFFC]  # padding after the pixels
    return ds


def body(syntax: str) -> bytes:
    """A data set alone."""
    implicit, little = PLAIN[syntax]
    ds = source()
    del ds[0x00431029]  # private binary whose byte order nobody knows
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = implicit, little
    write_dataset(buffer, ds)
    return buffer.getvalue()


def meta(said: str, *, implicit: bool = False, leave_out: tuple[int, ...] = ()) -> bytes:
    """Group 2, with what it says of the transfer syntax; written here, element by element."""
    ds = source()
    values = {
        0x0001: (b"OB", b"\0\1"),
        0x0002: (b"UI", ds.SOPClassUID.encode()),
        0x0003: (b"UI", ds.SOPInstanceUID.encode()),
        0x0010: (b"UI", said.encode()),
        0x0012: (b"UI", b"1.2.3.4"),
    }
    group = b""
    for element, (vr, odd) in values.items():
        if element in leave_out:
            continue
        value = odd + b"\0" * (len(odd) % 2)
        size = len(value)
        if implicit:
            header = size.to_bytes(4, "little")
        elif vr == b"OB":
            header = vr + bytes(2) + size.to_bytes(4, "little")
        else:
            header = vr + size.to_bytes(2, "little")
        group += b"\2\0" + element.to_bytes(2, "little") + header + value
    vr = b"\4\0\0\0" if implicit else b"UL\4\0"
    return b"\2\0\0\0" + vr + len(group).to_bytes(4, "little") + group


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], Found]:
    def reader(data: bytes) -> Found:
        path = tmp_path / "file"
        path.write_bytes(data)
        found = read_file(path)
        assert data[found.start :] == data[-found.instance.length :]
        return found

    return reader


Make = Callable[[], bytes]
Read = Callable[[bytes], Found]
PREAMBLE = bytes(128) + b"DICM"


@pytest.mark.parametrize("syntax", PLAIN)
def test_a_file_that_keeps_to_the_standard(read: Read, syntax: str) -> None:
    found = read(PREAMBLE + meta(syntax) + body(syntax))
    assert (found.instance.transfer_syntax, found.liberties) == (syntax, ())
    assert found.instance.sop_instance == source().SOPInstanceUID


@pytest.mark.parametrize("syntax", PLAIN)
@pytest.mark.parametrize(("start", "liberty"), [(b"DICM", "has no preamble"), (b"", "has no preamble")])
def test_without_preamble(read: Read, start: bytes, liberty: str, syntax: str) -> None:
    found = read(start + meta(syntax) + body(syntax))
    assert (found.instance.transfer_syntax, found.liberties) == (syntax, (liberty,))


@pytest.mark.parametrize("syntax", PLAIN)
def test_without_file_meta_information(read: Read, syntax: str) -> None:
    found = read(body(syntax))
    assert (found.instance.transfer_syntax, found.start) == (syntax, 0)
    assert found.liberties[0] == "has no File Meta Information"


@pytest.mark.parametrize("syntax", PLAIN)
def test_without_a_transfer_syntax(read: Read, syntax: str) -> None:
    found = read(PREAMBLE + meta("", leave_out=(0x0010,)) + body(syntax))
    assert found.instance.transfer_syntax == syntax
    assert found.liberties[0].startswith("says no transfer syntax, and is in ")


@pytest.mark.parametrize("syntax", PLAIN)
@pytest.mark.parametrize("said", PLAIN)
def test_in_another_encoding_than_it_says(read: Read, said: str, syntax: str) -> None:
    found = read(PREAMBLE + meta(said) + body(syntax))
    assert found.instance.transfer_syntax == syntax
    assert len(found.liberties) == (said != syntax)


def test_file_meta_information_in_implicit_vr(read: Read) -> None:
    found = read(PREAMBLE + meta(IMPLICIT_VR_LE, implicit=True) + body(IMPLICIT_VR_LE))
    assert (found.instance.transfer_syntax, found.liberties) == (IMPLICIT_VR_LE, ())


def test_file_meta_information_without_its_uids(read: Read) -> None:
    """The data set names the instance."""
    found = read(PREAMBLE + meta(EXPLICIT_VR_LE, leave_out=(0x0002, 0x0003)) + body(EXPLICIT_VR_LE))
    assert found.instance.sop_instance == source().SOPInstanceUID


def without(keyword: str) -> bytes:
    ds = source()
    delattr(ds, keyword)
    return saved(ds)


def saved(ds: Dataset) -> bytes:
    buffer = BytesIO()
    ds.save_as(buffer)
    return buffer.getvalue()


def changed(keyword: str, value: str) -> bytes:
    ds = source()
    setattr(ds, keyword, value)
    return saved(ds)


def directory() -> bytes:
    return Path(str(get_testdata_file("DICOMDIR"))).read_bytes()


WHOLE = saved(source())
REFUSED = [
    (lambda: b"", "it is no DICOM file: it is empty"),
    (lambda: b"\x1f\x8b\x08\0" + bytes(400), "it is no DICOM file: it begins like a gzip archive"),
    (lambda: b"PK\3\4" + bytes(400), "it is no DICOM file: it begins like a ZIP archive"),
    (lambda: b"%PDF-1.4" + bytes(400), "it is no DICOM file: it begins like a PDF document"),
    (lambda: b"A letter to a colleague. " * 20, "it is no DICOM file: the prefix DICM is missing"),
    (lambda: bytes(400), "it is no DICOM file: the prefix DICM is missing"),
    (lambda: PREAMBLE, "it says no transfer syntax, and its first bytes show none"),
    (lambda: PREAMBLE + b"\2\0\0\0UL\xff\0",
     "its File Meta Information is broken: (0002,0000) at byte 132 runs past the end"),
    (lambda: PREAMBLE + meta(JPEGBaseline8Bit) + body(IMPLICIT_VR_LE),
     "it says JPEG Baseline (Process 1), and its data set is in Implicit VR Little Endian"),
    (lambda: PREAMBLE + meta(DeflatedExplicitVRLittleEndian) + body(EXPLICIT_VR_LE),
     "its data set is broken: "),
    (lambda: WHOLE[:-100], "its data set ends within (7FE0,0010), of which 100 bytes are missing"),
    (lambda: WHOLE[:3000], "its data set ends within "),
    (lambda: without("SOPClassUID"), "its data set has no SOP Class UID"),
    (lambda: without("SOPInstanceUID"), "its data set has no SOP Instance UID"),
    (lambda: without("StudyInstanceUID"), "its data set has no Study Instance UID"),
    (lambda: without("SeriesInstanceUID"), "its data set has no Series Instance UID"),
    (lambda: WHOLE.replace(b"1.3.6.1.4.1.5962.1.2.1.", b"1.3.6.1.4.1.5962.01.21."),
     "its Study Instance UID is no UID as PS3.5 9.1 wants it: '1.3.6.1.4.1.5962.01.21."),
    (lambda: changed("SOPInstanceUID", "1.2.3"),
     "its File Meta Information names another SOP Instance UID than its data set"),
    (lambda: changed("SOPClassUID", "1.2.840.10008.5.1.4.1.1.4"),
     "its File Meta Information names another SOP Class UID than its data set"),
    (lambda: WHOLE.replace(b"1.2.840.10008.5.1.4.1.1.2\0", b"1.2.840.10008.5.1.4.9.9.9\0"),
     "no directory record exists for its SOP Class, 1.2.840.10008.5.1.4.9.9.9"),
    (directory, "it is the directory of a file-set, not an instance"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "reason"), REFUSED, ids=[reason[:60] for _, reason in REFUSED])
def test_what_is_refused_is_refused_in_one_sentence(
    read: Read, make: Callable[[], bytes], reason: str
) -> None:
    with pytest.raises(Unreadable) as told:
        read(make())
    assert str(told.value).startswith(reason)
    assert "\n" not in str(told.value)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"it cannot be read: No such file"):
        read_file(tmp_path / "gone")
