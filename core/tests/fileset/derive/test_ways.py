"""Every way to Explicit VR Little Endian, over real files; dcmtk and GDCM judge the pixels."""

import hashlib
import io
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from burnish.errors import Mismatch
from burnish.fileset.derive.derived import check_derived
from burnish.fileset.derive.transcode import derive, derive_checked
from burnish.fileset.derive.ways import WAYS, derivable
from burnish.fileset.elements import read_meta
from burnish.fileset.meta import file_meta
from burnish.instances.scan import Scan
from burnish.terms import DEFLATED, EXPLICIT_VR_BE, EXPLICIT_VR_LE, JPEG_LOSSLESS
from pydicom import config, dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import RLELossless

ENCAPSULATED, RLE, BASELINE = "1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50"
J2K = "1.2.840.10008.1.2.4.90"

BIG = ("ExplVR_BigEnd.dcm", "MR_small_bigendian.dcm", "liver_expb_1frame.dcm", "rtdose_expb.dcm")
JPEG = (
    "JPEG-lossy.dcm",
    "JPGExtended.dcm",
    "SC_jpeg_no_color_transform.dcm",
    "SC_rgb_dcmtk_+eb+cy+np.dcm",
    "SC_rgb_dcmtk_+eb+cy+s4.dcm",
    "SC_rgb_jpeg_app14_dcmd.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "SC_rgb_small_odd_jpeg.dcm",
    "examples_ybr_color.dcm",
)
LS = ("JPEGLSNearLossless_16.dcm", "MR_small_jpeg_ls_lossless.dcm", "SC_rgb_jls_lossy_sample.dcm")
RUNS = ("MR_small_RLE.dcm", "SC_rgb_rle_16bit_2frame.dcm", "SC_rgb_rle_32bit.dcm", "rtdose_rle.dcm")
WAVELETS = ("693_J2KI.dcm", "GDCMJ2K_TextGBR.dcm", "J2K_pixelrep_mismatch.dcm", "JPEG2000.dcm")
JUDGED = [
    *(("dcmconv +te", name) for name in (*BIG, "image_dfl.dcm")),
    *(("dcmdjpeg", name) for name in JPEG),
    *(("dcmdjpls", name) for name in LS),
    *(("dcmdrle", name) for name in RUNS),
    *(("gdcmconv --raw", name) for name in WAVELETS),
]


def path_of(name: str) -> Path:
    return Path(str(get_testdata_file(name)))


def source_of(name: str) -> tuple[bytes, str]:
    """The data set of a real file, and its transfer syntax."""
    raw = path_of(name).read_bytes()
    meta = read_meta(raw)
    return raw[meta.end :], meta.transfer_syntax


def form_of(data: bytes, syntax: str) -> bytes:
    """The derived form, whole and checked."""
    target = io.BytesIO()
    derived = derive_checked(io.BytesIO(data), len(data), target, syntax)
    form = target.getvalue()
    assert (derived.length, derived.digest) == (len(form), hashlib.sha256(form).digest())
    return form


def read(form: bytes) -> Dataset:
    return dcmread(io.BytesIO(file_meta("1.2.840.10008.5.1.4.1.1.7", "1.2.3", EXPLICIT_VR_LE) + form))


def derived(data: bytes, syntax: str) -> Dataset:
    return read(form_of(data, syntax))


def element(tag: int, vr: bytes, value: bytes, order: str = "<") -> bytes:
    if vr in (b"OB", b"OW", b"SQ", b"UN", b"ZZ"):
        return struct.pack(f"{order}HH2s2xL", tag >> 16, tag & 0xFFFF, vr, len(value)) + value
    return struct.pack(f"{order}HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def us(tag: int, value: int) -> bytes:
    return element(tag, b"US", struct.pack("<H", value))


def item(content: bytes) -> bytes:
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(content)) + content


def pixels(*fragments: bytes) -> bytes:
    end = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    head = struct.pack("<HH2s2xL", 0x7FE0, 0x0010, b"OB", 0xFFFFFFFF)
    return head + b"".join(item(one) for one in fragments) + end


def described(rows: int, columns: int, samples: int = 1, bits: int = 8, frames: int = 1) -> bytes:
    """The Image Pixel Module of such an image."""
    photometric = b"RGB " if samples == 3 else b"MONOCHROME2 "
    head = us(0x00280002, samples) + element(0x00280004, b"CS", photometric)
    head += us(0x00280006, 0) if samples == 3 else b""
    head += element(0x00280008, b"IS", b"%-2d" % frames)
    numbers = {0x0010: rows, 0x0011: columns, 0x0100: bits, 0x0101: bits, 0x0102: bits - 1, 0x0103: 0}
    return head + b"".join(us(0x00280000 | tag, value) for tag, value in numbers.items())


@pytest.mark.judge("dcmconv", "dcmdjpeg", "dcmdjpls", "dcmdrle", "gdcmconv")
@pytest.mark.parametrize(("judge", "name"), JUDGED)
def test_pixels_are_the_judges(judge: str, name: str, tmp_path: Path) -> None:
    """To the bit, colours of lossy JPEG too; what the attributes say of them is what dcmtk says."""
    form = derived(*source_of(name))
    subprocess.run([*judge.split(), path_of(name), tmp_path / "judged"], check=True, capture_output=True)
    judged = dcmread(tmp_path / "judged")
    assert np.array_equal(form.pixel_array, judged.pixel_array)
    keywords = ["PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"]
    assert [form[word].value for word in keywords] == [judged[word].value for word in keywords]
    assert form.get("NumberOfFrames", 1) == judged.get("NumberOfFrames", 1)


@pytest.mark.parametrize("name", [name for _, name in JUDGED])
def test_all_but_the_pixels_stays(name: str) -> None:
    data, syntax = source_of(name)
    form, before = derived(data, syntax), dcmread(path_of(name))
    changed = {one.keyword for one in form if one.keyword != "PixelData" and one != before.get(one.tag)} | {
        one.keyword for one in before if one.tag not in form and one.tag.element
    }
    may = {"PhotometricInterpretation", "PlanarConfiguration", "BitsStored", "HighBit"}
    lossy = {"LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"}
    said = before.get("LossyImageCompression") == "01" or not WAYS[syntax].lossy
    assert changed <= (may if WAYS[syntax].compressed else set()) | (set() if said else lossy)
    assert form.SOPInstanceUID == before.SOPInstanceUID
    if WAYS[syntax].lossy:
        assert form.LossyImageCompression == "01"
    if WAYS[syntax].compressed:
        assert ("OW" if form.BitsAllocated > 8 else "OB") == form["PixelData"].VR


def test_a_codec_that_loses_is_named_where_nothing_names_it() -> None:
    data, syntax = source_of("SC_rgb_dcmtk_+eb+cy+np.dcm")
    before = dcmread(path_of("SC_rgb_dcmtk_+eb+cy+np.dcm"))
    for keyword in ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"):
        before.pop(keyword, None)
    buffer = io.BytesIO()
    before.save_as(buffer)
    raw = buffer.getvalue()
    form = derived(raw[read_meta(raw).end :], syntax)
    assert (form.LossyImageCompression, form.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert 1 < float(form.LossyImageCompressionRatio) < 100
    assert form.PixelData == derived(data, syntax).PixelData


def test_more_bits_than_the_attributes_say_are_said() -> None:
    """A codestream of 16 bits where Bits Stored is 14."""
    form = derived(*source_of("693_J2KI.dcm"))
    assert dcmread(path_of("693_J2KI.dcm")).BitsStored == 14
    assert (form.BitsAllocated, form.BitsStored, form.HighBit) == (16, 16, 15)


@pytest.mark.parametrize("name", ["MR_small_bigendian.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm"])
def test_the_ways_meet(name: str) -> None:
    """The same image in several transfer syntaxes is the same uncompressed."""
    other = dcmread(path_of("MR_small.dcm"))
    assert np.array_equal(derived(*source_of(name)).pixel_array, other.pixel_array)


def test_what_the_source_says_of_its_losses_stays() -> None:
    data, syntax = source_of("JPGExtended.dcm")
    said = element(0x00282110, b"CS", b"01") + element(0x00282112, b"DS", b"9 ")
    at = data.index(struct.pack("<HH2s2xL", 0x7FE0, 0x0010, b"OB", 0xFFFFFFFF))
    known = data[: data.index(struct.pack("<HH", 0x0028, 0x2110))] if b"\x28\0\x10\x21" in data else data[:at]
    form = derived(known + said + data[at:], syntax)
    assert (form.LossyImageCompression, form.LossyImageCompressionRatio) == ("01", 9)


def test_frames_are_those_of_the_offset_table() -> None:
    frames = [bytes([n]) * 4 for n in range(3)]
    halves = [half for one in frames for half in (one[:2], one[2:])]
    table = struct.pack("<3L", *(20 * n for n in range(3)))
    data = described(2, 2, frames=3) + pixels(table, *halves)
    assert derived(data, ENCAPSULATED).PixelData == b"".join(frames)


def test_an_extended_offset_table_goes() -> None:
    frames = [bytes([n]) * 4 for n in range(2)]
    head = struct.pack("<HH2s2xL", 0x7FE0, 0x0001, b"OV", 16) + struct.pack("<2Q", 0, 12)
    head += struct.pack("<HH2s2xL", 0x7FE0, 0x0002, b"OV", 16) + struct.pack("<2Q", 4, 4)
    form = derived(described(2, 2, frames=2) + head + pixels(b"", *frames), ENCAPSULATED)
    assert form.PixelData == b"".join(frames)
    assert 0x7FE00001 not in form
    assert 0x7FE00002 not in form


@pytest.mark.parametrize(
    ("frames", "said", "says"),
    [
        (2, 3, "fewer fragments than frames"),
        (3, 1, "frame 1 has 6 bytes"),
        (0, 1, "frame 1 has 0 bytes"),
    ],
)
def test_frames_that_are_too_few_or_too_many(frames: int, said: int, says: str) -> None:
    data = described(2, 2, frames=said) + pixels(b"", *[bytes(2)] * frames)
    with pytest.raises(ValueError, match=says):
        form_of(data, ENCAPSULATED)


@pytest.mark.parametrize("missing", ["Rows", "SamplesPerPixel", "BitsAllocated"])
def test_pixels_without_their_attributes(missing: str) -> None:
    ds = dcmread(path_of("MR_small_RLE.dcm"))
    del ds[missing]
    buffer = io.BytesIO()
    ds.save_as(buffer)
    raw = buffer.getvalue()
    with pytest.raises(ValueError, match="cannot be decoded without"):
        form_of(raw[read_meta(raw).end :], RLE)


def test_an_icon_in_the_codec_of_its_image_is_decoded_too() -> None:
    data, syntax = source_of("SC_rgb_rle.dcm")
    at = data.index(struct.pack("<HH2s2xL", 0x7FE0, 0x0010, b"OB", 0xFFFFFFFF))
    icon = described(100, 100, 3) + data[at:]
    place = data.index(struct.pack("<HH", 0x7FE0, 0x0010))
    form = derived(data[:place] + element(0x00880200, b"SQ", item(icon)) + data[place:], syntax)
    assert form.IconImageSequence[0].PixelData == form.PixelData
    assert form.IconImageSequence[0].PlanarConfiguration == 0


def test_a_byte_image_in_big_endian_words() -> None:
    data, syntax = source_of("liver_expb_1frame.dcm")
    assert syntax == EXPLICIT_VR_BE
    assert np.array_equal(derived(data, syntax).pixel_array, dcmread(path_of("liver_1frame.dcm")).pixel_array)


NUMBERS = {b"AT": "HH", b"FD": "d", b"FL": "f", b"SL": "l", b"SS": "h", b"UL": "L", b"US": "H", b"OW": "H"}


@pytest.mark.parametrize("vr", NUMBERS)
def test_every_number_changes_its_order(vr: bytes) -> None:
    values = [3, 258] * len(NUMBERS[vr])
    form = NUMBERS[vr] * 2
    values = values[: len(form)]
    big = element(0x00091001, vr, struct.pack(f">{form}", *values), ">")
    found = form_of(element(0x00090010, b"LO", b"ME", ">") + big, EXPLICIT_VR_BE)
    assert found.endswith(struct.pack(f"<{form}", *values))


def test_what_is_no_number_keeps_its_order() -> None:
    data = element(0x00100010, b"PN", b"A^B ", ">") + element(0x00420011, b"OB", b"\1\2\3\4", ">")
    assert form_of(data, EXPLICIT_VR_BE).endswith(b"\1\2\3\4")


def deflated(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


def test_a_deflated_data_set_that_is_cut_off_or_none() -> None:
    whole = deflated(element(0x00100010, b"PN", b"A^B ") * 3)
    for broken in (whole[:-3], b"\xff" * 40):
        with pytest.raises(ValueError, match=r"inflate|within what is deflated"):
            form_of(broken, DEFLATED)
    assert derived(whole + b"\0", DEFLATED).PatientName == "A^B"


MESSY = {
    "odd lengths": element(0x00080018, b"UI", b"1.2.3") + element(0x00100010, b"PN", b"Doe"),
    "group lengths": element(0x00080000, b"UL", bytes(4)) + element(0x00080018, b"UI", b"1.2.34"),
    "padded UIDs": element(0x00080018, b"UI", b"1.2.3 \0\0"),
    "disorder": element(0x00100010, b"PN", b"A^") + element(0x00080018, b"UI", b"1.2.34"),
    "repetition": element(0x00100010, b"PN", b"A^") + element(0x00100010, b"PN", b"B^C^"),
    "private": element(0x00090010, b"LO", b"ME") + element(0x00091001, b"FD", bytes(8)),
    "private without creator": element(0x00091001, b"UN", b"what"),
    "zeros behind": element(0x00100010, b"PN", b"A^") + bytes(37),
    "padding behind": element(0x7FE00010, b"OW", bytes(4)) + element(0xFFFCFFFC, b"OB", bytes(9)),
    "rubbish behind": element(0x7FE00010, b"OW", bytes(4)) + b"\xff\xfe\0\0\0\0\1\2\3\4\5",
    "an unknown sequence": struct.pack("<HH2s2xL", 9, 0x1001, b"UN", 0xFFFFFFFF)
    + item(struct.pack("<HHL", 8, 0x0100, 4) + b"CODE")
    + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0),
    "implicit items": element(0x00081140, b"SQ", item(struct.pack("<HHL", 8, 0x1155, 4) + b"1.2\0")),
    "disorder in an item": element(
        0x00081140, b"SQ", item(element(0x00081155, b"UI", b"1.") + element(0x00081150, b"UI", b"2."))
    ),
    "repetition in an item": element(0x00081140, b"SQ", item(element(0x00081155, b"UI", b"1.") * 2)),
}


@pytest.mark.parametrize("name", MESSY)
def test_what_the_scan_lets_in_is_derived(name: str) -> None:
    data = MESSY[name]
    scan = Scan(EXPLICIT_VR_LE)
    scan.feed(data)
    assert not scan.finish().ended_early
    form = form_of(data, ENCAPSULATED)
    assert form == form_of(form, ENCAPSULATED), "what is in order is not changed again"
    check_derived(io.BytesIO(data), len(data), io.BytesIO(form), len(form), ENCAPSULATED)


def test_elements_stand_in_order_and_the_first_counts() -> None:
    data = MESSY["repetition"] + MESSY["disorder"] + MESSY["repetition in an item"]
    form = derived(data, ENCAPSULATED)
    assert [int(one.tag) for one in form] == [0x00080018, 0x00081140, 0x00100010]
    assert form.PatientName == "A^"


def test_nesting_to_the_limit() -> None:
    def nested(depth: int) -> bytes:
        inside = element(0x00081030, b"LO", b"deep")
        for _ in range(depth):
            inside = element(0x00081115, b"SQ", item(inside))
        return inside

    found = derived(nested(16), ENCAPSULATED)
    for _ in range(16):
        found = found.ReferencedSeriesSequence[0]
    assert found.StudyDescription == "deep"
    with pytest.raises(ValueError, match="nested more than 16 deep"):
        form_of(nested(17), ENCAPSULATED)


@pytest.mark.parametrize("name", ["MR_small_RLE.dcm", "SC_rgb_jpeg_dcmtk.dcm", "MR_small_bigendian.dcm"])
def test_a_changed_pixel_or_attribute_shows(name: str) -> None:
    data, syntax = source_of(name)
    target = io.BytesIO()
    found = derive(io.BytesIO(data), len(data), target, syntax)
    good = target.getvalue()
    rows = good.index(struct.pack("<HH2sH", 0x28, 0x10, b"US", 2)) + 8
    for at in (len(good) - 5, rows, 40):
        bad = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        with pytest.raises(Mismatch):
            check_derived(io.BytesIO(data), len(data), io.BytesIO(bad), len(bad), syntax, found.pixels)


def test_what_can_be_derived_is_said_in_one_place() -> None:
    assert derivable(EXPLICIT_VR_BE, "allow") == (EXPLICIT_VR_LE, JPEG_LOSSLESS, J2K, RLE)
    assert derivable(J2K, "allow") == (EXPLICIT_VR_LE, JPEG_LOSSLESS, RLE)
    assert derivable(EXPLICIT_VR_LE, "allow") == (JPEG_LOSSLESS, J2K, RLE)
    assert derivable(J2K, "uncompressed") == derivable(EXPLICIT_VR_BE, "never") == ()
    assert derivable(EXPLICIT_VR_BE, "uncompressed") == (EXPLICIT_VR_LE,)
    assert derivable(BASELINE, "allow") == (EXPLICIT_VR_LE,), "what was lost is not kept at length"
    assert derivable(EXPLICIT_VR_LE, "uncompressed") == derivable("1.2.840.10008.1.2.4.100", "allow") == ()


def test_two_decoders_that_do_not_agree_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    data, syntax = source_of("MR_small_RLE.dcm")
    decoder = get_decoder(RLELossless)
    monkeypatch.setitem(decoder._available, "pydicom", lambda *_: bytearray(64 * 64 * 2))
    with pytest.raises(ValueError, match="two decoders do not agree on frame 1"):
        form_of(data, syntax)
    target = io.BytesIO()
    assert derive_checked(io.BytesIO(data), len(data), target, syntax, twice=False).length


def test_every_compressed_way_has_a_decoder() -> None:
    from burnish.fileset.derive.image import _DECODERS, _is_there

    compressed = {uid for uid, way in WAYS.items() if way.compressed}
    assert compressed == _DECODERS.keys()
    assert all(_is_there(uid, _DECODERS[uid][0]) for uid in compressed)


def test_memory_of_many_frames_is_bounded() -> None:
    """Frame by frame: what is decoded is far more than what is held."""
    import tracemalloc

    frame = struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81\0" * (512 * 512 // 128)
    data = described(512, 512, frames=99) + pixels(b"", *[frame] * 99)

    class Sink(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: object, /) -> int:
            return len(data)  # type: ignore[arg-type]

    form_of(described(4, 4) + pixels(b"", struct.pack("<16L", 1, 64, *[0] * 14) + b"\xf1\0"), RLE)
    tracemalloc.start()
    derive(io.BytesIO(data), len(data), Sink(), RLE, twice=False)  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20 < 99 * 512 * 512


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """pydicom warns of values in these files that are not as they should be."""
    monkeypatch.setattr(config.settings, "reading_validation_mode", config.IGNORE)
