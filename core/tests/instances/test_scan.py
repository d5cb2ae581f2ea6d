"""The streaming scan: real files in every fragment size, every liberty it tolerates, every bound it keeps."""

import io
import struct
import tracemalloc
import warnings
from itertools import pairwise
from pathlib import Path

import pytest
from burnish.instances.keys import KEYS
from burnish.instances.scan import MAX_DEPTH, Scan, Scanned, Unscannable
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.charset import convert_encodings
from pydicom.data import get_testdata_file
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"

REAL = (
    "CT_small.dcm",
    "MR_small.dcm",
    "MR_small_implicit.dcm",
    "MR_small_bigendian.dcm",
    "MR_small_padded.dcm",
    "JPEG2000.dcm",
    "JPEG2000-embedded-sequence-delimiter.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "SC_rgb_small_odd_jpeg.dcm",
    "UN_sequence.dcm",
    "badVR.dcm",
    "empty_charset_LEI.dcm",
    "liver_1frame.dcm",
    "liver_expb_1frame.dcm",
    "nested_priv_SQ.dcm",
    "priv_SQ.dcm",
    "reportsi.dcm",
    "reportsi_with_empty_number_tags.dcm",
    "rtdose_1frame.dcm",
    "rtplan.dcm",
    "test-SR.dcm",
    "waveform_ecg.dcm",
)


def scan(data: bytes, syntax: str = EXPLICIT, step: int = 0, budget: int = 256 << 10) -> Scanned:
    """Scan `data` in fragments of `step` bytes, or in one."""
    running, view = Scan(syntax, budget), memoryview(data)
    for start in range(0, len(data), step or len(data) or 1):
        running.feed(view[start : start + (step or len(data))])
    return running.finish()


def written(dataset: Dataset, syntax: str = EXPLICIT) -> bytes:
    """The data set's bytes."""
    out = DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = syntax == IMPLICIT, syntax != BIG
    write_dataset(out, dataset, convert_encodings(dataset.get("SpecificCharacterSet", "ISO_IR 6")))
    return out.getvalue()


def head_of(scanned: Scanned) -> Dataset:
    """The head as pydicom reads it."""
    return read_dataset(io.BytesIO(scanned.head), is_implicit_VR=False, is_little_endian=True)


def element(tag: int, vr: str, value: bytes, length: int | None = None) -> bytes:
    """One explicit little-endian element, with whatever length is wanted."""
    size = len(value) if length is None else length
    group = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    if vr in {"OB", "OW", "SQ", "UN", "UT"}:
        return group + struct.pack("<HL", 0, size) + value
    return group + struct.pack("<H", size) + value


def item(value: bytes, length: int | None = None) -> bytes:
    """One item."""
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(value) if length is None else length) + value


def outcome(data: bytes, syntax: str, step: int) -> Scanned | str:
    """What came of a scan: the sentence of the refusal where it was refused."""
    try:
        return scan(data, syntax, step)
    except Unscannable as error:
        return str(error)


END_OF_ITEM = struct.pack("<HHL", 0xFFFE, 0xE00D, 0)
END_OF_SEQUENCE = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
UNDEFINED = 0xFFFFFFFF
UID = element(0x00080018, "UI", b"1.2.3\0")


def sample() -> Dataset:
    """A small data set with nested sequences and numbers of several widths."""
    observer, code, reference = Dataset(), Dataset(), Dataset()
    observer.VerificationDateTime, observer.VerifyingObserverName = "20240102030405", "Röntgen^W"
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "1", "99X", "Título"
    code.add_new(0x00091010, "LO", "private")
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2", "1.2.4"
    reference.PurposeOfReferenceCodeSequence = [code]
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.88.11", "1.2.3"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3.1", "1.2.3.2"
    dataset.PatientName, dataset.Rows, dataset.DataPointRows = "Müller^Ä", 258, 70000
    dataset.ReferencedImageSequence = [reference]
    dataset.ConceptNameCodeSequence, dataset.VerifyingObserverSequence = [code], [observer, observer]
    return dataset


def path_of(name: str) -> Path:
    return Path(str(get_testdata_file(name, download=False)))


def real(name: str) -> tuple[Dataset, str, bytes]:
    """A file of pydicom's: as pydicom reads it, its syntax, and the bytes of its data set."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = dcmread(path_of(name))
    start = 132 + 12 + dataset.file_meta.FileMetaInformationGroupLength
    return dataset, str(dataset.file_meta.TransferSyntaxUID), path_of(name).read_bytes()[start:]


@pytest.mark.parametrize("name", REAL)
def test_real_files_say_the_same_in_fragments_of_any_size(name: str) -> None:
    dataset, syntax, data = real(name)
    whole = scan(data, syntax)
    assert not whole.ended_early
    assert not whole.overflow
    assert whole.sop_instance == dataset.get("SOPInstanceUID", "")
    assert whole.sop_class == dataset.get("SOPClassUID", "")
    assert whole.study == dataset.get("StudyInstanceUID", "")
    assert whole.series == dataset.get("SeriesInstanceUID", "")
    for step in (1, 7, 4096) if len(data) < 100_000 else (4096, 65_536):
        assert scan(data, syntax, step) == whole


@pytest.mark.parametrize("name", REAL)
def test_real_files_lose_no_wanted_value(name: str) -> None:
    dataset, syntax, data = real(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        head = head_of(scan(data, syntax))
        found = {key.keyword: head[key.tag].value for key in KEYS if key.tag in head and key.vr != "SQ"}
        wanted = {
            key.keyword: dataset[key.tag].value for key in KEYS if key.tag in dataset and key.vr != "SQ"
        }
        sequences = {key.tag for key in KEYS if key.tag in dataset and key.vr == "SQ"}
    assert found == wanted
    assert sequences <= set(head.keys())


def test_the_head_is_the_same_in_every_transfer_syntax() -> None:
    heads = [scan(written(sample(), syntax), syntax).head for syntax in (EXPLICIT, IMPLICIT, BIG)]
    assert heads[0] == heads[1] == heads[2]
    head = head_of(Scanned(heads[0], "", "", "", "", frozenset(), False))
    assert (head.Rows, head.DataPointRows, str(head.PatientName)) == (258, 70000, "Müller^Ä")
    assert head.VerifyingObserverSequence[1].VerifyingObserverName == "Röntgen^W"
    assert head.ConceptNameCodeSequence[0].CodeMeaning == "Título"


def test_sequences_keep_public_elements_and_references_only_their_uids() -> None:
    head = head_of(scan(written(sample())))
    assert 0x00091010 not in head.ConceptNameCodeSequence[0]
    assert [found.keyword for found in head.ReferencedImageSequence[0]] == [
        "ReferencedSOPClassUID",
        "ReferencedSOPInstanceUID",
    ]


def test_text_is_kept_as_it_came() -> None:
    name = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B"
    assert element(0x00100010, "PN", name) in scan(element(0x00100010, "PN", name)).head


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
@given(cuts=st.lists(st.integers(0, 600), max_size=12))
@settings(max_examples=40, deadline=None)
def test_any_cuts_give_the_same_head(syntax: str, cuts: list[int]) -> None:
    data = written(sample(), syntax)
    running = Scan(syntax)
    for start, end in pairwise([0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]):
        running.feed(data[start:end])
    assert running.finish() == scan(data, syntax)


@given(
    place=st.integers(0, 2000),
    junk=st.binary(min_size=1, max_size=40),
    syntax=st.sampled_from([EXPLICIT, IMPLICIT, BIG]),
)
@example(place=0, junk=b"\0\0\0", syntax=EXPLICIT)
@settings(max_examples=300, deadline=None)
def test_damage_is_scanned_or_refused_and_nothing_else(place: int, junk: bytes, syntax: str) -> None:
    data = bytearray(written(sample(), syntax))
    place %= len(data)
    data[place : place + len(junk)] = junk
    outcomes = [outcome(bytes(data), syntax, step) for step in (0, 3)]
    assert outcomes[0] == outcomes[1]


def test_bulk_is_counted_and_never_copied() -> None:
    bulk = bytes(8 << 20)
    header = element(0x00420011, "OB", b"", 8 * len(bulk))
    running = Scan(EXPLICIT)
    tracemalloc.start()
    running.feed(UID + header)
    for _ in range(8):
        running.feed(bulk)
    running.feed(element(0x00420012, "LO", b"application/pdf "))
    scanned = running.finish()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert head_of(scanned).MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert not scanned.ended_early
    assert peak < 100_000


def test_wanted_elements_are_found_after_encapsulated_pixels() -> None:
    pixels = element(0x7FE00010, "OB", b"", UNDEFINED) + encapsulate([b"\1" * 99, b"\2" * 100])
    scanned = scan(pixels + END_OF_SEQUENCE + UID, "1.2.840.10008.1.2.4.50", 5)
    assert scanned.sop_instance == "1.2.3"
    assert not scanned.ended_early


def test_content_keeps_only_concept_modifiers_of_the_root() -> None:
    def content(relationship: str, inner: bytes = b"") -> bytes:
        return item(
            element(0x0040A010, "CS", relationship.encode()) + element(0x0040A160, "UT", b"secret") + inner,
            UNDEFINED,
        )

    below = element(0x0040A730, "SQ", item(element(0x0040A010, "CS", b"CONTAINS")))
    items = content("HAS CONCEPT MOD ", below) + END_OF_ITEM + content("CONTAINS", below) + END_OF_ITEM
    items += item(element(0x0040A160, "UT", b"no relationship"))
    scanned = scan(element(0x0040A730, "SQ", items + END_OF_SEQUENCE, UNDEFINED) + UID, step=3)
    (kept,) = head_of(scanned).ContentSequence
    assert kept.RelationshipType == "HAS CONCEPT MOD"
    assert kept.ContentSequence[0].RelationshipType == "CONTAINS"
    assert scanned.sop_instance == "1.2.3"


def test_what_does_not_fit_the_budget_is_named_and_found_with_a_larger_one() -> None:
    items = item(element(0x00080100, "SH", b"x" * 1000)) * 3
    data = element(0x0040A043, "SQ", items) + element(0x00420010, "ST", b"t" * 3000) + UID
    small, large = scan(data, step=100, budget=2500), scan(data, budget=10_000)
    assert small.overflow == {0x0040A043, 0x00420010}
    assert small.sop_instance == "1.2.3"
    assert head_of(small).keys() == {0x00080018}
    assert not large.overflow
    assert len(head_of(large).ConceptNameCodeSequence) == 3


def test_a_dropped_item_gives_its_budget_back() -> None:
    one = item(element(0x0040A010, "CS", b"CONTAINS"))
    data = element(0x0040A730, "SQ", one * 1000) + UID
    assert not scan(data, budget=200).overflow


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_nesting_has_a_limit(syntax: str) -> None:
    def nested(depth: int) -> bytes:
        dataset = Dataset()
        dataset.SOPInstanceUID = "1.2.3"
        for _ in range(depth):
            outer = Dataset()
            outer.ConceptNameCodeSequence = [dataset]
            dataset = outer
        return written(dataset, syntax)

    assert not scan(nested(MAX_DEPTH), syntax).ended_early
    with pytest.raises(Unscannable, match=rf"deeper than {MAX_DEPTH}"):
        scan(nested(MAX_DEPTH + 1), syntax)


def test_nesting_has_a_limit_where_nothing_is_kept() -> None:
    opened = element(0x0008A000, "SQ", b"", UNDEFINED) + item(b"", UNDEFINED)
    closed = END_OF_ITEM + END_OF_SEQUENCE
    assert scan(opened * MAX_DEPTH + closed * MAX_DEPTH + UID, step=9).sop_instance == "1.2.3"
    with pytest.raises(Unscannable, match="deeper"):
        scan(opened * (MAX_DEPTH + 1))


def test_an_unknown_sequence_is_read_as_implicit() -> None:
    code = Dataset()
    code.CodeValue = "1"
    inner = written(code, IMPLICIT)
    defined = element(0x0040A043, "UN", item(inner))
    endless = element(0x0040A043, "UN", item(inner, UNDEFINED) + END_OF_ITEM + END_OF_SEQUENCE, UNDEFINED)
    for data in (defined, endless):
        head = head_of(scan(data + UID))
        assert (head.ConceptNameCodeSequence[0].CodeValue, head.SOPInstanceUID) == ("1", "1.2.3")


def test_a_known_attribute_in_unknown_representation_gets_its_own_back() -> None:
    head = head_of(scan(element(0x00280010, "UN", b"\2\1")))
    assert (head["Rows"].VR, head.Rows) == ("US", 258)


def test_an_implicit_item_in_an_explicit_data_set_is_understood() -> None:
    code = Dataset()
    code.CodeValue, code.CodeMeaning = "1", "one"
    head = head_of(scan(element(0x0040A043, "SQ", item(written(code, IMPLICIT))) + UID))
    assert head.ConceptNameCodeSequence[0].CodeMeaning == "one"


def test_first_of_a_repeated_tag_counts_and_order_does_not_matter() -> None:
    late = element(0x00100020, "LO", b"ID")
    data = late + element(0x00100020, "LO", b"OTHER ") + UID + element(0x00080018, "UI", b"9.9\0")
    scanned = scan(data)
    assert scanned.head == UID + late


def test_odd_lengths_are_read_and_made_even() -> None:
    data = (
        element(0x00080018, "UI", b"1.2.3")
        + element(0x00100020, "LO", b"ODD")
        + element(0x00200010, "SH", b"S1")
    )
    scanned = scan(data)
    assert scanned.sop_instance == "1.2.3"
    assert scanned.head[:8] + scanned.head[8:14] == UID
    assert head_of(scanned).PatientID == "ODD"
    assert head_of(scanned).StudyID == "S1"


def test_group_lengths_are_ignored() -> None:
    length = element(0x00080000, "UL", struct.pack("<L", 14))
    assert scan(length + UID).head == UID


@pytest.mark.parametrize("padding", [b"\0", bytes(7), bytes(8), bytes(5000), b"\0\0\0\0garbage!"])
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
def test_padding_after_the_last_element_is_ignored(padding: bytes, syntax: str) -> None:
    for step in (0, 3):
        scanned = scan(written(sample(), syntax) + padding, syntax, step)
        assert not scanned.ended_early
        assert scanned.sop_instance == "1.2.3"


def test_garbage_after_pixels_is_ignored() -> None:
    data = UID + element(0x7FE00010, "OW", b"\1\2") + b"\x99\x99\x99\x99\x99\x99\x99\x99\x99\x99"
    assert not scan(data).ended_early


@pytest.mark.parametrize(
    "data",
    [
        UID[:-1],
        UID + element(0x7FE00010, "OW", b"\1\2", 4),
        UID + element(0x7FE00010, "OB", item(b"\1\2"), UNDEFINED),
        UID + element(0x0040A043, "SQ", item(b""), UNDEFINED),
        UID + element(0x00100020, "LO", b"")[:6],
    ],
)
def test_a_data_set_that_ends_within_an_element_says_so(data: bytes) -> None:
    assert scan(data).ended_early
    assert scan(data, step=1).ended_early


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x08\x00\x18\x00\x06\x00\x00\x001.2.3\0", r"\(0008,0018\) at byte 0 has no value representation"),
        (
            UID + element(0x00420010, "UT", b"", UNDEFINED),
            r"\(0042,0010\) at byte 26 may not have undefined length",
        ),
        (element(0x0040A043, "SQ", item(element(0x00080100, "SH", b"x" * 6, 20))), r"runs past the end"),
        (
            element(0x0040A043, "SQ", UID, UNDEFINED),
            r"\(0008,0018\) at byte 12 stands where an item of \(0040,A043\)",
        ),
        (element(0x0040A043, "SQ", item(b"", 99)), r"an item at byte 12 runs past the end of \(0040,A043\)"),
        (element(0x7FE00010, "OB", item(b"", UNDEFINED), UNDEFINED), r"stands where an item"),
    ],
)
def test_nonsense_is_refused_with_its_place(data: bytes, words: str) -> None:
    with pytest.raises(Unscannable, match=words):
        scan(data)


def test_nothing_at_all_is_an_empty_head() -> None:
    assert scan(b"") == Scanned(b"", "", "", "", "", frozenset(), False)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.keyword)
def test_the_table_of_keys_agrees_with_the_dictionary(key) -> None:  # type: ignore[no-untyped-def]
    assert keyword_for_tag(key.tag) == key.keyword
    assert dictionary_VR(key.tag) == key.vr


def test_the_table_of_keys_names_each_tag_once() -> None:
    assert len({key.tag for key in KEYS}) == len(KEYS)
