"""Forms that are compressed without loss: dcmtk, GDCM and pydicom judge the pixels, and tampering shows."""

import hashlib
import io
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from burnish.errors import Mismatch
from burnish.fileset.derive import encapsulate
from burnish.fileset.derive.derived import check_derived
from burnish.fileset.derive.transcode import derive, derive_checked
from burnish.fileset.derive.ways import TARGETS, WAYS
from burnish.fileset.elements import read_meta
from burnish.fileset.meta import file_meta
from burnish.terms import (
    EXPLICIT_VR_BE,
    EXPLICIT_VR_LE,
    IMPLICIT_VR_LE,
    JPEG_2000_LOSSLESS,
    JPEG_LOSSLESS,
    RLE_LOSSLESS,
)
from pydicom import config, dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

CODECS = TARGETS[1:]
CT = "1.2.840.10008.5.1.4.1.1.2"
JPEG_LS = "1.2.840.10008.1.2.4.80"
Source = tuple[bytes, str]
"""A data set and its transfer syntax."""


def made(pixels: Any, stored: int, syntax: str = EXPLICIT_VR_LE, **other: Any) -> Source:
    """An image of an array: frames, rows, columns, and samples where there are three."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.PatientName = CT, "1.2.3", "A^B"
    ds.NumberOfFrames, ds.Rows, ds.Columns = pixels.shape[:3]
    ds.SamplesPerPixel = 3 if pixels.ndim == 4 else 1
    ds.PhotometricInterpretation = "RGB" if pixels.ndim == 4 else "MONOCHROME2"
    if pixels.ndim == 4:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = 8 * pixels.dtype.itemsize
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = stored, stored - 1, int(pixels.dtype.kind == "i")
    data = pixels.astype(pixels.dtype.newbyteorder(">")) if syntax == EXPLICIT_VR_BE else pixels
    value = data.tobytes() + b"\0" * (pixels.nbytes % 2)
    if syntax == EXPLICIT_VR_BE and pixels.itemsize == 1:
        value = np.frombuffer(value, "<u2").byteswap().tobytes()
    ds.PixelData = value
    ds["PixelData"].VR = (
        "OW" if ds.BitsAllocated == 16 or syntax in (EXPLICIT_VR_BE, IMPLICIT_VR_LE) else "OB"
    )
    ds.update(other)
    return written(ds, syntax), syntax


def written(ds: Dataset, syntax: str) -> bytes:
    buffer = io.BytesIO()
    ds = Dataset(ds)
    little = syntax != EXPLICIT_VR_BE
    ds.save_as(buffer, implicit_vr=syntax == IMPLICIT_VR_LE, little_endian=little, enforce_file_format=False)
    return buffer.getvalue()


def real(name: str) -> Source:
    raw = Path(str(get_testdata_file(name))).read_bytes()
    meta = read_meta(raw)
    return raw[meta.end :], meta.transfer_syntax


def noise(shape: tuple[int, ...], low: int, high: int, kind: str) -> Any:
    return np.random.default_rng(1).integers(low, high, shape).astype(kind)


def palette() -> Source:
    table = b"".join(struct.pack("<H", 257 * number) for number in range(256))
    tables: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour in ("Red", "Green", "Blue"):
        tables[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tables[f"{colour}PaletteColorLookupTableData"] = table
    return made(noise((1, 17, 13), 0, 256, "u1"), 8, **tables)


def by_plane() -> Source:
    pixels = noise((2, 16, 12, 3), 0, 256, "u1")
    planes = pixels.transpose(0, 3, 1, 2).tobytes()
    return made(pixels, 8, PlanarConfiguration=1, PixelData=planes)


SOURCES: dict[str, Callable[[], Source]] = {
    "8 bits": lambda: made(noise((1, 33, 21), 0, 256, "u1"), 8),
    "12 of 16 unsigned": lambda: made(noise((1, 40, 30), 0, 4096, "u2"), 12),
    "12 of 16 signed": lambda: made(noise((1, 40, 30), -2048, 2048, "i2"), 12),
    "12 of 16 signed and positive": lambda: made(noise((1, 40, 30), 0, 2048, "i2"), 12),
    "16 bits": lambda: made(noise((1, 40, 30), 0, 65536, "u2"), 16),
    "16 bits signed": lambda: made(noise((1, 40, 30), -32768, 32768, "i2"), 16),
    "10 bits": lambda: made(noise((1, 40, 30), 0, 1024, "u2"), 10),
    "8 of 16": lambda: made(noise((1, 40, 30), 0, 256, "u2"), 8),
    "RGB": lambda: made(noise((1, 33, 21, 3), 0, 256, "u1"), 8),
    "RGB by plane": by_plane,
    "palette": palette,
    "frames": lambda: made(noise((5, 9, 7), 0, 256, "u1"), 8),
    "frames that grow": lambda: made(np.stack([noise((9, 8), -1 - n, n + 1, "i2") for n in range(5)]), 12),
    "implicit": lambda: made(noise((2, 20, 10), 0, 4096, "u2"), 12, IMPLICIT_VR_LE),
    "big endian": lambda: made(noise((2, 20, 10), 0, 4096, "u2"), 12, EXPLICIT_VR_BE),
    "big endian bytes": lambda: made(noise((3, 9, 7), 0, 256, "u1"), 8, EXPLICIT_VR_BE),
    "RLE": lambda: real("MR_small_RLE.dcm"),
    "RLE frames": lambda: real("SC_rgb_rle_2frame.dcm"),
    "JPEG-LS": lambda: real("MR_small_jpeg_ls_lossless.dcm"),
    "JPEG 2000": lambda: real("MR_small_jp2klossless.dcm"),
    "JPEG 2000 RGB": lambda: real("GDCMJ2K_TextGBR.dcm"),
    "JPEG Lossless": lambda: real("SC_rgb_jpeg_gdcm.dcm"),
    "deflated": lambda: real("image_dfl.dcm"),
}
JUDGES = {
    JPEG_LOSSLESS: ("dcmdjpeg", "gdcmconv --raw"),
    JPEG_2000_LOSSLESS: ("gdcmconv --raw",),
    RLE_LOSSLESS: ("dcmdrle", "gdcmconv --raw"),
}
CASES = [(name, to) for name in SOURCES for to in CODECS]


def form_of(source: Source, to: str) -> bytes:
    """The form, whole and checked."""
    data, syntax = source
    target = io.BytesIO()
    derived = derive_checked(io.BytesIO(data), len(data), target, syntax, to)
    form = target.getvalue()
    assert (derived.length, derived.digest) == (len(form), hashlib.sha256(form).digest())
    return form


def read(form: bytes, to: str) -> Dataset:
    return dcmread(io.BytesIO(file_meta(CT, "1.2.3", to) + form))


def values(form: bytes, to: str) -> Any:
    """The pixels in one row, as pydicom decodes them, with the JPEG plugin of this project."""
    frames = get_decoder(UID(to)).iter_array(read(form, to), raw=False, as_rgb=False)
    return np.concatenate([frame.ravel() for frame, _ in frames])


def unless_same(source: Source, to: str) -> None:
    if source[1] == to:
        pytest.skip("it is that already")


@pytest.mark.judge("dcmdjpeg", "dcmdrle", "gdcmconv")
@pytest.mark.parametrize(("name", "to"), CASES)
def test_the_judges_give_back_the_pixels(name: str, to: str, tmp_path: Path) -> None:
    """To the bit, from the cells of the form in Explicit VR Little Endian."""
    source = SOURCES[name]()
    unless_same(source, to)
    explicit = source[0] if source[1] == EXPLICIT_VR_LE else form_of(source, EXPLICIT_VR_LE)
    plain, form = read(explicit, EXPLICIT_VR_LE), form_of(source, to)
    wanted = plain.pixel_array
    assert np.array_equal(values(form, to), wanted.ravel())
    (tmp_path / "form").write_bytes(file_meta(CT, "1.2.3", to) + form)
    for judge in JUDGES[to]:
        subprocess.run(
            [*judge.split(), tmp_path / "form", tmp_path / "judged"], check=True, capture_output=True
        )
        judged = dcmread(tmp_path / "judged")
        assert np.array_equal(judged.pixel_array, wanted), judge
        assert judged.PhotometricInterpretation == plain.PhotometricInterpretation
        assert judged.BitsStored == plain.BitsStored


@pytest.mark.parametrize(("name", "to"), CASES)
def test_all_but_the_pixels_is_as_in_the_explicit_form(name: str, to: str) -> None:
    source = SOURCES[name]()
    unless_same(source, to)
    explicit = source[0] if source[1] == EXPLICIT_VR_LE else form_of(source, EXPLICIT_VR_LE)
    plain, form = read(explicit, EXPLICIT_VR_LE), read(form_of(source, to), to)
    changed = {one.keyword for one in form if one.keyword != "PixelData" and one != plain.get(one.tag)}
    recoloured = to == JPEG_2000_LOSSLESS and plain.SamplesPerPixel == 3
    assert changed == ({"PhotometricInterpretation"} if recoloured else set()) | (
        {"PlanarConfiguration"} if plain.get("PlanarConfiguration") else set()
    )
    assert [one.tag for one in form] == [one.tag for one in plain]
    assert form["PixelData"].VR == "OB"
    assert form.PhotometricInterpretation == ("YBR_RCT" if recoloured else plain.PhotometricInterpretation)


@pytest.mark.parametrize("to", CODECS)
def test_the_same_input_gives_the_same_bytes(to: str) -> None:
    source = SOURCES["frames"]()
    assert form_of(source, to) == form_of(source, to)


def test_samples_take_the_bits_that_they_are_stored_in() -> None:
    """All bits of the cell only where the samples need them."""
    precisions = {
        name: form_of(SOURCES[name](), JPEG_LOSSLESS).partition(b"\xff\xc3\0\x0b")[2][0]
        for name in (
            "12 of 16 unsigned",
            "12 of 16 signed",
            "12 of 16 signed and positive",
            "8 of 16",
            "10 bits",
        )
    }
    assert list(precisions.values()) == [12, 16, 12, 16, 10]


def test_bits_above_the_high_bit_are_kept() -> None:
    """An overlay in Pixel Data."""
    for to in CODECS:
        source = made(noise((1, 40, 30), 0, 65536, "u2"), 12)
        assert read(form_of(source, to), to).BitsStored == 12


def test_an_icon_stays_native() -> None:
    data, syntax = SOURCES["RGB"]()
    icon = Dataset()
    icon.SamplesPerPixel, icon.PhotometricInterpretation, icon.PixelRepresentation = 1, "MONOCHROME2", 0
    icon.Rows = icon.Columns = icon.BitsAllocated = icon.BitsStored = 8
    icon.HighBit, icon.PixelData = 7, bytes(64)
    icon["PixelData"].VR = "OB"
    ds = read(data, syntax)
    ds.IconImageSequence = [icon]
    form = read(form_of((written(ds, syntax), syntax), JPEG_LOSSLESS), JPEG_LOSSLESS)
    assert form.IconImageSequence[0].PixelData == bytes(64)


def test_offsets_that_32_bits_cannot_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encapsulate, "_REACH", 100)
    source = SOURCES["frames"]()
    for to in CODECS:
        form = read(form_of(source, to), to)
        offsets = struct.unpack("<5Q", form.ExtendedOffsetTable)
        lengths = struct.unpack("<5Q", form.ExtendedOffsetTableLengths)
        assert all(
            after - before == 8 + size
            for before, after, size in zip(offsets, offsets[1:], lengths, strict=False)
        )
        assert form.PixelData.startswith(struct.pack("<HHL", 0xFFFE, 0xE000, 0))
        wanted = read(source[0], EXPLICIT_VR_LE).pixel_array.ravel()
        assert np.array_equal(values(written(form, EXPLICIT_VR_LE), to), wanted)


def test_many_frames_wait_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    source = SOURCES["frames"]()
    held = form_of(source, RLE_LOSSLESS)
    monkeypatch.setattr(encapsulate, "_HELD", 64)
    assert form_of(source, RLE_LOSSLESS) == held


def without(source: Source, keyword: str) -> Source:
    ds = read(*source)
    del ds[keyword]
    return written(ds, source[1]), source[1]


def changed(source: Source, **values: Any) -> Source:
    ds = read(*source)
    ds.update(values)
    return written(ds, source[1]), source[1]


def floats() -> Source:
    ds = read(*SOURCES["8 bits"]())
    ds.FloatPixelData = bytes(4 * 33 * 21)
    return written(ds, EXPLICIT_VR_LE), EXPLICIT_VR_LE


REFUSED: dict[str, tuple[Callable[[], Source], str]] = {
    "no pixels": (lambda: without(SOURCES["8 bits"](), "PixelData"), "has no .7FE0,0010."),
    "several": (floats, "has .7FE0,0008. beside .7FE0,0010."),
    "1 bit": (
        lambda: changed(
            made(noise((1, 8, 8), 0, 2, "u1"), 8), BitsAllocated=1, BitsStored=1, PixelData=bytes(8)
        ),
        "8 bytes|Bits Allocated is 1|8 bytes where",
    ),
    "32 bits": (lambda: made(noise((1, 8, 8), 0, 99, "u4"), 32), "Bits Allocated is 32"),
    "too short": (
        lambda: changed(SOURCES["8 bits"](), Rows=34),
        "694 bytes where their attributes ask for 714",
    ),
    "too long": (
        lambda: changed(SOURCES["8 bits"](), Rows=32),
        "694 bytes where their attributes ask for 672",
    ),
    "no rows": (lambda: without(SOURCES["8 bits"](), "Rows"), "without Rows"),
    "colours": (lambda: changed(SOURCES["RGB"](), PhotometricInterpretation="HSV"), "HSV"),
    "half colours": (
        lambda: changed(SOURCES["RGB"](), PhotometricInterpretation="YBR_FULL_422"),
        "YBR_FULL_422",
    ),
    "bits": (lambda: changed(SOURCES["8 bits"](), BitsStored=9), "Bits Stored is 9 of 8"),
    "lost": (lambda: real("JPEG-lossy.dcm"), "is not compressed so"),
}


@pytest.mark.parametrize("to", CODECS)
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_encoded_says_so(name: str, to: str) -> None:
    source, says = REFUSED[name]
    with pytest.raises(ValueError, match=says) as raised:
        form_of(source(), to)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("to", CODECS)
@pytest.mark.parametrize("name", ["12 of 16 unsigned", "RGB", "frames", "JPEG-LS"])
def test_a_changed_byte_shows(name: str, to: str) -> None:
    """In an attribute, the offset table, a codestream's header or its end; also a form of another image."""
    data, syntax = SOURCES[name]()
    target = io.BytesIO()
    found = derive(io.BytesIO(data), len(data), target, syntax, to)
    good = target.getvalue()

    def check(form: bytes) -> None:
        check_derived(io.BytesIO(data), len(data), io.BytesIO(form), len(form), syntax, found.pixels, to)

    check(good)
    pixels = good.index(b"\xe0\x7f\x10\0OB") + 12
    rows = good.index(struct.pack("<HH2sH", 0x28, 0x10, b"US", 2)) + 8
    for at in (40, rows, pixels + 8, len(good) - 8 - 24, len(good) - 4):
        with pytest.raises(Mismatch):
            check(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])


def test_codestreams_of_another_kind_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """They give the same pixels, and the transfer syntax does not allow them."""
    import imagecodecs
    from burnish.fileset.derive import encode

    monkeypatch.setitem(
        encode._ENCODERS,  # type: ignore[arg-type]
        JPEG_LOSSLESS,
        lambda image, frame, bits: imagecodecs.jpeg8_encode(
            np.frombuffer(frame, "<u2").reshape(image.rows, image.columns),
            lossless=True,
            predictor=4,
            bitspersample=bits,
        ),
    )
    with pytest.raises(Mismatch, match="Selection Value is 4"):
        form_of(SOURCES["12 of 16 unsigned"](), JPEG_LOSSLESS)


@pytest.mark.parametrize("to", CODECS)
def test_an_encoder_that_loses_is_not_believed(to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from burnish.fileset.derive import encode

    right = encode._ENCODERS[to]
    monkeypatch.setitem(
        encode._ENCODERS,  # type: ignore[arg-type]
        to,
        lambda image, frame, bits: right(image, bytes([frame[0] ^ 1]) + frame[1:], bits),
    )
    for name in ("12 of 16 unsigned", "JPEG-LS"):
        with pytest.raises(Mismatch, match="does not give back the pixels"):
            form_of(SOURCES[name](), to)


def test_memory_of_many_frames_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    import tracemalloc

    frames, rows = 200, 512
    data, syntax = made(np.zeros((1, rows, rows), "u2"), 12, NumberOfFrames=frames, PixelData=b"")
    head = data[: data.index(b"\xe0\x7f\x10\0")]
    size = frames * rows * rows * 2
    head += struct.pack("<HH2s2xL", 0x7FE0, 0x0010, b"OW", size)

    class Zeros(io.BytesIO):
        """The head, and then nothing but zeros."""

        def read(self, count: int | None = -1, /) -> bytes:
            assert count is not None
            assert count >= 0
            found = super().read(count)
            self.seek(self.tell() + count - len(found))
            return found + bytes(count - len(found))

    form_of(SOURCES["12 of 16 unsigned"](), JPEG_LOSSLESS)
    monkeypatch.setattr(encapsulate, "_HELD", 1 << 16)
    tracemalloc.start()
    derive_checked(Zeros(head), len(head) + size, io.BytesIO(), syntax, JPEG_LOSSLESS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20 < size


def test_the_names_of_all_targets_are_known() -> None:
    from burnish.instances.spool import FORMS

    assert set(FORMS) == set(TARGETS) <= set(WAYS)
    assert len(set(FORMS.values())) == len(FORMS)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """pydicom warns of values in its test files that are not as they should be."""
    monkeypatch.setattr(config.settings, "reading_validation_mode", config.IGNORE)
