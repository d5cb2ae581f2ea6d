"""Names in every character set of PS3.3 C.12.1.1.2, read from a DICOMDIR by us, pydicom and dcmtk alike.

Each row's bytes are those of PS3.5 Annexes H to K, or were written by hand from the registered code tables.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pydicom
import pytest
from burnish.fileset.dicomdir import Member, build
from burnish.instances.head import KeptHead
from burnish.instances.scan import Scan
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from core.tests.instances.test_head import element
from tests.lab import FILE_WRITER, Installation, Scu, body, ct, request, serving
from tests.media import data_set_of, medium_of

CT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"
NAME, DESCRIPTION = 0x00100010, 0x00081030
REAL = Path(pydicom.__file__).parent / "data" / "charset_files"
AETS = """
[aets.STOCKSCU]
[aets.OLDSCU]
assume_character_set = "latin-1"
"""


class Row(NamedTuple):
    """A name, and the judges that do not know its character set."""

    terms: bytes
    name: bytes
    text: str
    strangers: str = ""


ROWS = [
    Row(b"", b"Smith^John", "Smith^John"),
    Row(b"ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
    Row(b"ISO_IR 101", b"Wa\xb3\xeasa^Lech", "Wałęsa^Lech"),
    Row(b"ISO_IR 109", b"\xc6apelo", "Ĉapelo"),
    Row(b"ISO_IR 110", b"B\xbarzi\xf1\xb9", "Bērziņš"),
    Row(b"ISO_IR 144", b"\xbb\xee\xda", "Люк"),
    Row(b"ISO_IR 127", b"\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1", "قباني^لنزار"),
    Row(b"ISO_IR 126", b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος"),
    Row(b"ISO_IR 138", b"\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4", "שרון^דבורה"),
    Row(b"ISO_IR 148", b"\xc7a\xf0lar^\xddnci", "Çağlar^İnci"),
    Row(b"ISO_IR 166", b"\xca\xc1\xaa\xd2\xc2", "สมชาย"),
    Row(b"ISO_IR 203", b"C\xbdur", "Cœur", "dcmtk pydicom"),
    Row(b"ISO_IR 13", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
    Row(b"ISO_IR 192", b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1", "Wang^XiaoDong=王^小東"),
    Row(b"GB18030", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab", "Wang^XiaoDong=王^小东"),
    Row(b"GB18030", b"\x81\x5c=\x81\x39\xee\x39", "乗=㐀"),
    Row(b"GBK", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab", "Wang^XiaoDong=王^小东"),
    Row(rb"\ISO 2022 IR 58", b"A=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab", "A=张^小东", "pydicom"),
    Row(
        rb"\ISO 2022 IR 149",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        "Hong^Gildong=洪^吉洞=홍^길동",
    ),
    Row(
        rb"\ISO 2022 IR 87",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
        "dcmtk",
    ),
    Row(
        rb"ISO 2022 IR 13\ISO 2022 IR 87",
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        "dcmtk",
    ),
    Row(rb"\ISO 2022 IR 87\ISO 2022 IR 159", b"A=\x1b$(D0!\x1b(B", "A=丂", "dcmtk"),
    Row(rb"ISO 2022 IR 100\ISO 2022 IR 144", b"J\xe9r\xf4me=\x1b-L\xbb\xee\xda", "Jérôme=Люк"),
    Row(rb"ISO 2022 IR 6\ISO 2022 IR 126", b"D=\x1b-F\xc4\xe9\xef", "D=Διο"),
    Row(rb"ISO 2022 IR 100\ISO 2022 IR 101\ISO 2022 IR 138", b"\xe9=\x1b-B\xb3=\x1b-H\xf9", "é=ł=ש"),
]
"""dcmtk 3.6.7 on the C library's iconv knows no JIS X 0208 and 0212, and like pydicom 3.0 no ISO-IR 203;
pydicom leaves the escape sequences of ISO-IR 58 in the text."""


def head_of(terms: bytes, name: bytes, description: bytes = b"") -> KeptHead:
    """A CT slice of one person."""
    values = [
        *([(0x00080005, "CS", terms)] if terms else []),
        (0x00080020, "DA", b"20240102"),
        (0x00080030, "TM", b"0304"),
        (0x00080060, "CS", b"CT"),
        (DESCRIPTION, "LO", description),
        (NAME, "PN", name),
        (0x00100020, "LO", b"ID"),
        (0x0020000D, "UI", b"1.2.4"),
        (0x0020000E, "UI", b"1.2.5"),
        (0x00200011, "IS", b"1"),
        (0x00200013, "IS", b"1"),
    ]
    return KeptHead(b"".join(element(*value) for value in values))


def directory_of(head: KeptHead) -> bytes:
    """The DICOMDIR of one instance."""
    member = Member(("A",), CT, "1.2.3", EXPLICIT, head, "somebody", "")
    return build([member], file_set_id="X", file_set_uid="1.2.9")


def by_dcmtk(folder: Path, directory: bytes, tag: str = "0010,0010") -> tuple[int, list[str]]:
    """The exit status of a conversion to UTF-8, and what it shows."""
    path = folder / "DICOMDIR"
    path.write_bytes(directory)
    done = subprocess.run(["dcmdump", "+U8", "+P", tag, path], capture_output=True, check=False)
    return done.returncode, [line.split("[")[1].rpartition("]")[0] for line in shown(done.stdout)]


def shown(output: bytes) -> list[str]:
    return [line for line in output.decode().splitlines() if "[" in line]


def by_pydicom(directory: bytes) -> str:
    return str(dcmread(BytesIO(directory)).DirectoryRecordSequence[0].PatientName)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.terms.decode()}-{row.text}")
def test_a_name_is_the_same_to_every_reader(row: Row) -> None:
    head = head_of(row.terms, row.name)
    assert head.readable(NAME)
    assert head["PatientName"] == row.text
    if "pydicom" not in row.strangers:
        assert by_pydicom(directory_of(head)) == row.text


@pytest.mark.judge("dcmdump")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.terms.decode()}-{row.text}")
def test_a_name_is_the_same_to_dcmtk(row: Row, tmp_path: Path) -> None:
    if "dcmtk" in row.strangers:
        assert by_iconv(row) == row.text
    else:
        assert by_dcmtk(tmp_path, directory_of(head_of(row.terms, row.name))) == (0, [row.text])


def by_iconv(row: Row) -> str:
    """What the C library says, where dcmtk was not taught to ask it."""
    if row.terms == b"ISO_IR 203":
        return iconv("ISO-8859-15", row.name)
    latin, *groups = row.name.split(b"=")
    first = iconv("SHIFT_JIS" if b" 13" in row.terms else "ASCII", latin)
    return "=".join([first, *(iconv("ISO-2022-JP-2", group) for group in groups)])


def iconv(name: str, data: bytes) -> str:
    command = ["iconv", "-f", name, "-t", "UTF-8"]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout.decode()


# Real files


NAMES = {
    "chrArab": "قباني^لنزار",
    "chrFren": "Buc^Jérôme",
    "chrFrenMulti": "Buc^Jérôme",
    "chrGerm": "Äneas^Rüdiger",
    "chrGreek": "Διονυσιος",
    "chrH31": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "chrH32": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    "chrHbrw": "שרון^דבורה",
    "chrI2": "Hong^Gildong=洪^吉洞=홍^길동",
    "chrJapMulti": "やまだ^たろう",
    "chrJapMultiExplicitIR6": "やまだ^たろう",
    "chrKoreanMulti": "김희중",
    "chrRuss": "Люкceмбypг",  # noqa: RUF001 - some of its letters are Latin
    "chrX1": "Wang^XiaoDong=王^小東=",
    "chrX2": "Wang^XiaoDong=王^小东=",
}


@pytest.mark.parametrize("name", NAMES)
def test_real_files_of_many_countries(name: str) -> None:
    path = REAL / f"{name}.dcm"
    file = path.read_bytes()
    scan = Scan(dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID)
    scan.feed(data_set_of(file))
    head = KeptHead(scan.finish().head)
    assert head["PatientName"] == NAMES[name]
    assert head.readable(NAME)
    directory = directory_of(head_of(head.raw(0x00080005) or b"", head.raw(NAME) or b""))
    assert by_pydicom(directory) == NAMES[name].rstrip("=")


def test_every_real_file_is_asked() -> None:
    assert {path.stem for path in REAL.glob("*.dcm")} == {*NAMES, "chrSQEncoding", "chrSQEncoding1"}


@pytest.mark.parametrize("name", ["chrSQEncoding", "chrSQEncoding1"])
def test_a_real_item_is_in_its_own_set_or_in_that_around_it(name: str) -> None:
    head = KeptHead(data_set_of((REAL / f"{name}.dcm").read_bytes()))
    [item] = head.value(0x00321064)
    assert item["PatientName"] == "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"


# What cannot be read


@pytest.mark.judge("dcmdump")
@pytest.mark.parametrize("terms", [b"", b"ISO_IR 192", b"GB18030"])
def test_a_description_that_means_nothing_spoils_no_directory(terms: bytes, tmp_path: Path) -> None:
    """dcmtk converts a whole directory or nothing of it: the instance alone keeps such bytes."""
    directory = directory_of(head_of(terms, b"Smith", b"Sch\xff"))
    assert by_dcmtk(tmp_path, directory) == (0, ["Smith"])
    [study] = [r for r in dcmread(BytesIO(directory)).DirectoryRecordSequence if "StudyID" in r]
    assert study.StudyDescription == ""
    assert b"Sch" not in directory


def test_a_name_that_means_nothing_stands_as_it_came() -> None:
    directory = directory_of(head_of(b"", b"M\xfcller", b"Head"))
    assert element(NAME, "PN", b"M\xfcller") in directory
    assert element(DESCRIPTION, "LO", b"Head") in directory


@pytest.mark.judge("dcmdump")
@pytest.mark.parametrize("terms", [b"ISO-IR 100", b"iso_ir_100", b"latin1", b"ISO IR 100\0"])
def test_a_misspelt_set_is_written_as_the_standard_spells_it(terms: bytes, tmp_path: Path) -> None:
    directory = directory_of(head_of(terms, b"M\xfcller"))
    assert by_dcmtk(tmp_path, directory) == (0, ["Müller"])
    assert by_pydicom(directory) == "Müller"
    assert element(0x00080005, "CS", b"ISO_IR 100") in directory


# Through a server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with serving(tmp_path_factory.mktemp("sets"), FILE_WRITER + AETS) as installation:
        yield installation


def person(patient_id: str, name: str, *terms: str) -> Dataset:
    """A slice of somebody; without terms the name is in ISO 8859-1 and says so nowhere."""
    [ds] = ct(1, PatientID=patient_id)
    ds.SpecificCharacterSet = list(terms) or None
    ds.PatientName = name
    if not terms:
        del ds.SpecificCharacterSet
    return ds


def made(server: Installation, scu: Scu, *sent: Dataset) -> dict[str, Dataset]:
    """The PATIENT records of a medium of these, by Patient ID; each file is checked to be what was sent."""
    assert set(scu.store(*sent)) == {0}
    uid, last = scu.make(sent)
    assert last == ("DONE", "NORMAL", 1)
    return records(server, scu, uid, *sent)


def records(server: Installation, scu: Scu, uid: str, *sent: Dataset) -> dict[str, Dataset]:
    medium = medium_of(server, scu, uid, sent)
    bodies = {ds.SOPInstanceUID: body(ds) for ds in sent}
    for path, ds in medium.instances.items():
        assert data_set_of(medium.files[path]) == bodies[ds.SOPInstanceUID]
    found = medium.directory.DirectoryRecordSequence
    return {str(r.PatientID): r for r in found if r.DirectoryRecordType == "PATIENT"}


PEOPLE = {
    "JP": ("Yamada^Tarou=山田^太郎=やまだ^たろう", "", "ISO 2022 IR 87"),
    "UTF8": ("Wang^XiaoDong=王^小東", "ISO_IR 192"),
    "GB": ("Wang^XiaoDong=王^小东", "GB18030"),
}


def test_case_117_names_of_the_east_decode_equal_and_name_their_set(server: Installation) -> None:
    people = [person(patient_id, *said) for patient_id, said in PEOPLE.items()]
    found = made(server, Scu(server.port), *people)
    for patient_id, (name, *terms) in PEOPLE.items():
        record = found[patient_id]
        assert str(record.PatientName) == name
        assert record.SpecificCharacterSet == (terms if len(terms) > 1 else terms[0])


@pytest.mark.judge("dcmdump")
def test_case_117_dcmtk_reads_the_same_names(server: Installation, tmp_path: Path) -> None:
    people = [person(patient_id, *PEOPLE[patient_id]) for patient_id in ("UTF8", "GB")]
    scu = Scu(server.port)
    assert scu.store(*people) == [0, 0]
    uid, _ = scu.make(people)
    directory = medium_of(server, scu, uid, people).files["DICOMDIR"]
    assert by_dcmtk(tmp_path, directory) == (0, [PEOPLE["UTF8"][0], PEOPLE["GB"][0]])


def test_one_person_in_three_sets_is_one_record(server: Installation) -> None:
    name = "Yamada^Tarou=山田^太郎"
    people = [person("ONE", name, *PEOPLE[kind][1:]) for kind in PEOPLE]
    for ds in people[1:]:
        ds.StudyInstanceUID = people[0].StudyInstanceUID
    found = made(server, Scu(server.port), *people)
    assert list(found) == ["ONE"]
    assert str(found["ONE"].PatientName) == name


def test_case_19_text_of_an_ae_is_in_the_set_that_is_assumed(server: Installation) -> None:
    """Directory and identity follow; what is sent and what is on the medium declare none."""
    latin = person("OLD", "Müller^Jürgen")
    utf8 = person("OLD", "Müller^Jürgen", "ISO_IR 192")
    found = made(server, Scu(server.port, "OLDSCU"), latin, utf8)
    assert str(found["OLD"].PatientName) == "Müller^Jürgen"
    assert found["OLD"].SpecificCharacterSet == "ISO_IR 100"


def test_a_name_that_cannot_be_read_is_held_until_somebody_confirms_it(server: Installation) -> None:
    scu, uid = Scu(server.port), generate_uid()
    sent = [person("WHO", "Müller^Jürgen"), person("ANN", "Smith^Ann")]
    assert scu.store(*sent) == [0, 0]
    assert scu.create(request(sent), uid) == 0
    assert scu.initiate(uid) == 0
    assert held(scu, uid) == ("PENDING", "CHECK_MCD_OP", 0)
    [item] = scu.get(uid)[1].FailedSOPSequence
    assert (item.ReferencedSOPInstanceUID, item.FailureReason) == (sent[0].SOPInstanceUID, 0x0110)
    assert item.FailureAttributes == NAME
    told = burnish(server, "requests", uid)
    assert "Patient's Name cannot be read: no Specific Character Set is declared" in told
    assert "ller" not in told
    burnish(server, "requests", uid, "--release")
    assert scu.wait(uid) == ("DONE", "NORMAL", 1)
    found = records(server, scu, uid, *sent)
    assert "SpecificCharacterSet" not in found["WHO"]
    assert found["WHO"].get_item(NAME).value in (b"M\xfcller^J\xfcrgen ", "Müller^Jürgen")
    assert str(found["ANN"].PatientName) == "Smith^Ann"


def held(scu: Scu, uid: str) -> tuple[str, str, int]:
    """The state once the request was looked at."""
    end = time.monotonic() + 30
    while (state := scu.state(uid))[1] == "QUEUED":
        assert time.monotonic() < end
        time.sleep(0.05)
    return state


def burnish(server: Installation, *words: str) -> str:
    command = [sys.executable, "-m", "burnish.cli", *words, "--config", str(server.config)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout


# One shot


def composed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`burnish compose` of a file whose name declares no character set, and of one in plain ASCII."""
    (folder / "in").mkdir(exist_ok=True)
    for name, ds in (("latin", person("WHO", "Müller")), ("plain", person("ANN", "Smith"))):
        ds.save_as(folder / "in" / name, enforce_file_format=True)
    command = [sys.executable, "-m", "burnish.cli", "compose", "in", "--out", "disc", "--tree", *words]
    environment = {name: value for name, value in os.environ.items() if name != "BURNISH_CONFIG"}
    return subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=120
    )


def test_compose_leaves_out_who_cannot_be_read_and_says_what_would_help(tmp_path: Path) -> None:
    told = composed(tmp_path)
    assert told.returncode == 0
    assert "left out in/latin: Patient's Name cannot be read" in told.stderr
    assert "--assume-character-set" in told.stderr
    assert "1 of 2 files" in told.stdout


def test_compose_reads_text_as_it_is_told_to(tmp_path: Path) -> None:
    told = composed(tmp_path, "--assume-character-set", "ISO_IR 100")
    assert told.returncode == 0
    assert "left out" not in told.stderr
    names = [str(r.PatientName) for r in dcmread(tmp_path / "disc" / "DICOMDIR").DirectoryRecordSequence[:1]]
    assert names == ["Müller"]
    verified = [sys.executable, "-m", "burnish.cli", "verify", "disc"]
    done = subprocess.run(verified, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout


def test_a_demonstration_holds_nothing(tmp_path: Path) -> None:
    """Nobody would release it: who cannot be read is left out."""
    (tmp_path / "in").mkdir()
    for name, ds in (("latin", person("WHO", "Müller")), ("plain", person("ANN", "Smith"))):
        ds.save_as(tmp_path / "in" / name, enforce_file_format=True)
    command = [sys.executable, "-m", "burnish.cli", "demo", "--from", "in", "--out", "out"]
    told = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=180)
    assert "left out in/latin: processing failure (0110)" in told.stderr
    assert "1 of 1 pieces proven" in told.stdout
    assert told.returncode == 0


def test_compose_knows_no_such_set(tmp_path: Path) -> None:
    told = composed(tmp_path, "--assume-character-set", "KOI8")
    assert told.returncode == 2
    assert "--assume-character-set 'KOI8' is no Specific Character Set" in told.stderr
