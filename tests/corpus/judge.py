"""Whether a file on a medium says what its source says.

* In the transfer syntax of its source: the same bytes.
* In another one: every element has the same value, byte by byte as pydicom reads both; what is big endian is
  turned, what is padded to even length is compared without its padding.
* Decompressed: the pixels are those that a decoder of others gives, to the bit where the codec loses nothing.
  Where it loses, samples of one colour are within 2 of the judge's. Three are compared in RGB: decoders
  interpolate subsampled colours each in its own way, so there the mean must be within 1 and 99 % within 16.

The decoders are dcmtk's and, for JPEG 2000 and where dcmtk gives up, GDCM's; burnish decodes with
others (decision 010).
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.pixels.processing import convert_color_space
from pydicom.tag import Tag

from tests.corpus.sources import Source
from tests.media import data_set_of

Samples = NDArray[np.int64]
Element = DataElement | RawDataElement

_WIDTH = {
    **dict.fromkeys(("AT", "OW", "SS", "US"), 2),
    **dict.fromkeys(("FL", "OF", "OL", "SL", "UL"), 4),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8),
}
"""Bytes of what changes with byte order, PS3.5 7.3."""
_BESIDE_PIXELS = {
    "PhotometricInterpretation", "PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit",
    "LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod", "PixelData",
    "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
}  # fmt: skip
"""What may change where pixels are decompressed; the pixels are judged by themselves."""
_PIXEL_DATA = Tag("PixelData")
_RLE = "1.2.840.10008.1.2.5"
_JPEG = {
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
}
_JPEG_LS = {"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"}
_LOSES = {
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.91",
}
_TOLERANCE = 2
_MEAN, _MOST, _SHARE = 1.0, 16, 0.99


class Unjudged(Exception):
    """No decoder of others opens the source."""


def differences(source: Source, medium: Path, scratch: Path) -> list[str]:
    """What is not the same; nothing where it is. Raises Unjudged."""
    found, syntax = _names(medium)
    if syntax == source.syntax:
        same = data_set_of(medium.read_bytes()) == source.data
        return found + ([] if same else ["the data sets are not the same bytes"])
    ours = source.read
    compressed = _compressed(ours)
    found += _Compare(not ours.original_encoding[1], compressed).data_sets(ours, dcmread(medium))
    return found + (pixel_differences(source, dcmread(medium), scratch) if compressed else [])


def _names(medium: Path) -> tuple[list[str], str]:
    """Where File Meta Information contradicts the data set; and the transfer syntax that it names."""
    ds = dcmread(medium, stop_before_pixels=True)
    meta = ds.file_meta
    pairs = (
        (meta.MediaStorageSOPInstanceUID, ds.SOPInstanceUID),
        (meta.MediaStorageSOPClassUID, ds.SOPClassUID),
    )
    found = [f"File Meta Information says {a}, the data set {b}" for a, b in pairs if a != b]
    return found, str(meta.TransferSyntaxUID)


def _compressed(ds: Dataset) -> bool:
    element = ds.get_item(_PIXEL_DATA)
    return bool(element) and getattr(
        element, "is_undefined_length", getattr(element, "length", 0) == 0xFFFFFFFF
    )


@dataclass(frozen=True)
class _Compare:
    big: bool
    """Whether the source is big endian."""
    compressed: bool

    def data_sets(self, ours: Dataset, written: Dataset) -> Iterator[str]:
        """One line for each element that differs."""
        one, other = _raw(ours), _raw(written)
        for tag in sorted({*one, *other}):
            if self.compressed and keyword_for_tag(tag) in _BESIDE_PIXELS:
                continue
            if tag not in one or tag not in other:
                yield f"{Tag(tag)} is missing {'on the medium' if tag in one else 'in the source'}"
            elif _is_sequence(one[tag]) or _is_sequence(other[tag]):
                yield from self._sequences(tag, ours, written)
            elif (a := self._bytes(one[tag], other[tag])) != (b := _value(other[tag]).rstrip(b"\0 ")):
                yield f"{Tag(tag)}: {a[:40]!r} and {b[:40]!r}"

    def _sequences(self, tag: int, ours: Dataset, written: Dataset) -> Iterator[str]:
        one, other = _items(ours, tag), _items(written, tag)
        if one is None or other is None or len(one) != len(other):
            yield f"{Tag(tag)} has other items"
            return
        for a, b in zip(one, other, strict=True):
            yield from (f"{Tag(tag)} > {line}" for line in self.data_sets(a, b))

    def _bytes(self, ours: Element, written: Element) -> bytes:
        """A value of the source, little endian, without its padding."""
        value = _value(ours)
        width = _WIDTH.get(str(ours.VR or written.VR), 1) if self.big else 1
        if width > 1:
            whole = len(value) // width * width
            value = np.frombuffer(value[:whole], f">u{width}").astype(f"<u{width}").tobytes() + value[whole:]
        return value.rstrip(b"\0 ")


def _raw(ds: Dataset) -> dict[int, Element]:
    """Elements as they stand, before pydicom is asked for a value and converts it, and others with it.

    Group lengths and the padding behind a data set say nothing, PS3.5 7.2 and 7.1.4.
    """
    tags = [tag for tag in ds.keys() if tag & 0xFFFF and tag != 0xFFFCFFFC]  # noqa: SIM118 - not elements
    return {int(tag): element for tag in tags if (element := ds.get_item(tag)) is not None}


def _is_sequence(element: Element) -> bool:
    if element.VR:
        return element.VR == "SQ"
    return dictionary_has_tag(element.tag) and dictionary_VR(element.tag) == "SQ"  # Implicit VR


def _items(ds: Dataset, tag: int) -> list[Dataset] | None:
    element = ds[tag]
    return list(element.value) if element.VR == "SQ" else None


def _value(element: Element) -> bytes:
    """The bytes of a value; of the few that pydicom converts unasked, what it made of them."""
    value = element.value
    if value is None or value == "":
        return b""
    return value if isinstance(value, bytes) else repr(value).encode()


def pixel_differences(source: Source, written: Dataset, scratch: Path) -> list[str]:
    """Where decompressed pixels are not the judge's. Raises Unjudged."""
    theirs = _decoded(source, scratch)
    a, b = _rgb(written), _rgb(theirs)
    if a.shape != b.shape:
        return [f"pixels are {a.shape}, and a decoder of others gives {b.shape}"]
    off = np.abs(a - b)
    if source.syntax not in _LOSES:
        return [f"{int((off > 0).sum())} samples differ, by up to {off.max()}"] if off.any() else []
    if a.shape[-1] == 1:
        return [f"samples differ by up to {off.max()}"] if off.max() > _TOLERANCE else []
    share = float((off <= _MOST).mean())
    sound = off.mean() <= _MEAN and share >= _SHARE
    return [] if sound else [f"colours differ by {off.mean():.2f} in the mean, {share:.3%} by up to {_MOST}"]


def _decoded(source: Source, scratch: Path) -> Dataset:
    """The source, decompressed by the first program of others that can. Raises Unjudged."""
    out, said = scratch / "decoded.dcm", []
    for command in _decoders(source.syntax):
        out.unlink(missing_ok=True)
        done = subprocess.run([*command, source.path, out], capture_output=True, text=True, check=False)
        if done.returncode == 0 and out.is_file():
            ds = dcmread(out)
            if not ds.file_meta.TransferSyntaxUID.is_compressed:
                return ds
        said.append(f"{command[0]}: {(done.stdout + done.stderr).strip()[-200:]}")
    raise Unjudged("; ".join(said))


def _decoders(syntax: str) -> list[list[str]]:
    dcmtk = (
        "dcmdrle"
        if syntax == _RLE
        else "dcmdjpeg"
        if syntax in _JPEG
        else "dcmdjpls"
        if syntax in _JPEG_LS
        else ""
    )
    return [[dcmtk], ["gdcmconv", "--raw"]] if dcmtk else [["gdcmconv", "--raw"]]


def _rgb(ds: Dataset) -> Samples:
    """Frames, rows, columns, samples; colours as RGB."""
    pixels = _samples(ds)
    if pixels.shape[-1] == 3 and str(ds.PhotometricInterpretation).startswith("YBR_FULL"):
        return convert_color_space(pixels.astype(np.uint8), "YBR_FULL", "RGB", per_frame=True).astype(
            np.int64
        )
    return pixels


def _samples(ds: Dataset) -> Samples:
    """Frames, rows, columns, samples of an uncompressed image, read without a decoder."""
    cell = int(ds.BitsAllocated) // 8
    frames, count = int(ds.get("NumberOfFrames") or 1), int(ds.SamplesPerPixel)
    order = "<" if ds.original_encoding[1] else ">"
    kind = "i" if ds.PixelRepresentation else "u"
    size = frames * ds.Rows * ds.Columns * count
    flat = np.frombuffer(ds.PixelData, f"{order}{kind}{cell}", size)
    if cell > 1:  # what stands outside of the stored bits is not the sample's, PS3.5 8.1.1
        flat = flat << (8 * cell - 1 - ds.HighBit) >> (8 * cell - ds.BitsStored)
    if count > 1 and ds.get("PlanarConfiguration"):
        return flat.reshape(frames, count, ds.Rows, ds.Columns).transpose(0, 2, 3, 1).astype(np.int64)
    return flat.reshape(frames, ds.Rows, ds.Columns, count).astype(np.int64)
