"""A small picture of an instance, for its directory record.

One frame is decoded: the representative one (0028,6010), else one about a third in. Grey values go through
the modality and the first VOI transformation that the instance has; colours become grey by their luminance.
The picture keeps its proportions, with black around it.

Source: PS3.3 C.11.1 and C.11.2 (modality and VOI), C.7.6.1.1.6 (icon), C.7.6.3.1.5 and C.7.9 (palettes).
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, BinaryIO, Final

import numpy as np
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.tag import BaseTag

from burnish.contracts import IconRule
from burnish.fileset.derive.anatomy import PIXEL_DATA, Part, Values, Window, dissect
from burnish.fileset.derive.image import Decoded, Image, check_image, decode_one
from burnish.fileset.derive.level import WORD, Level, image_of, swapped
from burnish.fileset.derive.native import aligned, native
from burnish.fileset.derive.transcode import plain
from burnish.fileset.derive.ways import WAYS
from burnish.fileset.icons import SIDE, icon_element, icon_fault
from burnish.terms import EXPLICIT_VR_BE, IMPLICIT_VR_LE

_LUMINANCE: Final = (0.299, 0.587, 0.114)
"""ITU-R BT.601, as PS3.3 C.7.6.3.1.2 has it."""


def make_icon(source: BinaryIO, length: int, syntax: str, rule: IconRule) -> bytes:
    """The element (0088,0200) of the data set of `length` bytes that begins where `source` stands.

    Raises ValueError, with a sentence, where no picture can be made of it, MemoryError, and SourceDamaged.
    """
    if syntax not in WAYS:
        raise ValueError("its transfer syntax is none that can be decoded")
    with plain(source, length, syntax) as (file, size):
        start = file.tell()
        said = _attributes(file, syntax)
        if supplied := _supplied(said, rule):
            return supplied
        file.seek(start)
        values = Values(file, size)
        implicit, big = syntax == IMPLICIT_VR_LE, syntax == EXPLICIT_VR_BE
        level = Level(values, dissect(values, implicit=implicit, big=big), None)
        pixels = level.parts.get(PIXEL_DATA)
        if pixels is None:
            raise ValueError("it has no Pixel Data")
        image = image_of(level, syntax)
        check_image(image)
        frame, decoded = _frame(values, level, pixels, image, _number(said, image.frames))
    side = rule.size or SIDE
    picture = _eight_bits(_cells(frame, image, decoded), said, image, decoded)
    return icon_element(side, side, _square(picture, _proportion(said), side))


def _attributes(file: BinaryIO, syntax: str) -> Dataset:
    """Everything before the pixels."""

    def stop(tag: BaseTag, vr: str | None, length: int) -> bool:
        return int(tag) >= PIXEL_DATA

    return read_dataset(file, syntax == IMPLICIT_VR_LE, syntax != EXPLICIT_VR_BE, stop_when=stop)


def _supplied(said: Dataset, rule: IconRule) -> bytes:
    """The instance's own icon, where it keeps to the rule; it is written anew, without what else it has."""
    icons = list(said.get("IconImageSequence") or ())
    if len(icons) != 1 or icons[0].get("PhotometricInterpretation") != "MONOCHROME2":
        return b""
    icon = icons[0]
    if icon_fault(icon, rule) or icon.BitsAllocated != 8:
        return b""
    return icon_element(icon.Rows, icon.Columns, icon.PixelData)


def _number(said: Dataset, frames: int) -> int:
    """Which frame stands for all, from 1."""
    with suppress(TypeError, ValueError):
        number = int(said.get("RepresentativeFrameNumber") or 0)
        if 1 <= number <= frames:
            return number
    return frames // 3 + 1


def _frame(values: Values, level: Level, pixels: Part, image: Image, number: int) -> tuple[bytes, Decoded]:
    if pixels.fragments:
        return decode_one(image, Window(values, pixels.at, pixels.length), number)
    vr = level.vr(pixels)
    width = WORD.get(pixels.vr, 1) if pixels.big and vr in WORD else 1

    def read(at: int, count: int) -> bytes:
        return values.read(pixels.at + at, count)

    if image.photometric == "YBR_FULL_422" and image.samples == 3 and image.allocated == 8:
        return _halved(image, read, number)
    if image.allocated == 1:
        return _bits(image, read, number)
    frames = native(image, pixels.length, aligned(read, pixels.length, width, swapped))
    return _nth(frames, number)


def _nth(frames: Iterator[tuple[bytes, Decoded]], number: int) -> tuple[bytes, Decoded]:
    for found in islice(frames, number - 1, None):
        return found
    raise ValueError(f"its pixels have no frame {number}")


def _halved(image: Image, read: Any, number: int) -> tuple[bytes, Decoded]:
    """The luminance of a frame whose two colours are shared by two pixels each (PS3.3 C.7.6.3.1.2)."""
    length = image.rows * image.columns * 2
    cells = np.frombuffer(read((number - 1) * length, length), np.uint8)
    grey = cells.reshape(-1, 4)[:, :2].tobytes()
    return grey, Decoded("MONOCHROME2", 0, 8, 8, len(grey))


def _bits(image: Image, read: Any, number: int) -> tuple[bytes, Decoded]:
    """A frame of single bits; frames follow one another without padding (PS3.5 8.1.1)."""
    count = image.rows * image.columns
    first = (number - 1) * count
    at, end = first // 8, -(-(first + count) // 8)
    bits = np.unpackbits(np.frombuffer(read(at, end - at), np.uint8), bitorder="little")
    grey = (bits[first - 8 * at :][:count] * 255).tobytes()
    return grey, Decoded("MONOCHROME2", 0, 8, 8, len(grey))


def _cells(frame: bytes, image: Image, decoded: Decoded) -> Any:
    if decoded.allocated not in (8, 16, 32):
        raise ValueError(f"Bits Allocated is {decoded.allocated}")
    kind = f"<{'iu'[not image.signed]}{decoded.allocated // 8}"
    cells = np.frombuffer(frame, kind)
    pixels = image.rows * image.columns
    samples = 3 if cells.size >= 3 * pixels else 1
    if cells.size < pixels * samples:
        raise ValueError(f"its frame has {len(frame)} bytes")
    cells = cells[: pixels * samples]
    shape = (image.rows, image.columns)
    return cells.reshape(*shape, 3) if samples == 3 else cells.reshape(shape)


def _eight_bits(cells: Any, said: Dataset, image: Image, decoded: Decoded) -> Any:
    """Grey values from 0 to 255, the darkest 0."""
    photometric = decoded.photometric
    if photometric == "PALETTE COLOR":
        cells = apply_color_lut(cells, said)
        photometric = "RGB"
        return _stretched(cells @ np.array(_LUMINANCE), 0.0, 255.0 if cells.dtype == np.uint8 else 65535.0)
    if cells.ndim == 3:
        most = float((1 << decoded.stored) - 1)
        grey = cells @ np.array(_LUMINANCE) if photometric == "RGB" else cells[..., 0].astype(float)
        return _stretched(grey, 0.0, most)
    grey = _windowed(_used(cells, image, decoded), said)
    return 255 - grey if photometric == "MONOCHROME1" else grey


def _used(cells: Any, image: Image, decoded: Decoded) -> Any:
    """Cells without the bits above Bits Stored, where overlays may lie."""
    spare = decoded.allocated - decoded.stored
    return np.right_shift(np.left_shift(cells, spare), spare) if 0 < spare < decoded.allocated else cells


def _windowed(cells: Any, said: Dataset) -> Any:
    """Through the modality and the VOI transformation; what has none shows its darkest and brightest."""
    if "VOILUTSequence" in said and "WindowCenter" not in said:
        with suppress(Exception):  # a table that does not suit is passed over
            looked_up = apply_voi_lut(apply_modality_lut(cells, said).astype(cells.dtype), said)
            return _stretched(looked_up.astype(float), float(looked_up.min()), float(looked_up.max()))
    values = _modality(cells, said)
    center, width = (_first(said, keyword) for keyword in ("WindowCenter", "WindowWidth"))
    if center is not None and width is not None and width >= 1:
        low = center - 0.5 - (width - 1) / 2
        found = _stretched(values, low, low + max(width - 1, 1))
        if found.min() != found.max() or values.min() == values.max():
            return found
    return _stretched(values, float(values.min()), float(values.max()))


def _modality(cells: Any, said: Dataset) -> Any:
    if "ModalityLUTSequence" in said:
        with suppress(Exception):
            return apply_modality_lut(cells, said).astype(float)
    slope, intercept = _first(said, "RescaleSlope"), _first(said, "RescaleIntercept")
    return cells.astype(float) * (1.0 if slope is None else slope) + (intercept or 0.0)


def _first(said: Dataset, keyword: str) -> float | None:
    """The first value of an attribute, of the data set or of what all its frames share."""
    for place in (said, *_shared(said)):
        with suppress(TypeError, ValueError, IndexError):
            value = place.get(keyword)
            if value is not None:
                return float(value if isinstance(value, (int, float, str)) else value[0])
    return None


def _shared(said: Dataset) -> Iterator[Dataset]:
    for groups in said.get("SharedFunctionalGroupsSequence") or ():
        for keyword in ("FrameVOILUTSequence", "PixelValueTransformationSequence", "PixelMeasuresSequence"):
            yield from groups.get(keyword) or ()


def _stretched(values: Any, low: float, high: float) -> Any:
    span = high - low
    if not np.isfinite(span) or span <= 0:
        return np.zeros(values.shape, np.uint8)
    return (np.clip((values - low) / span, 0, 1) * 255 + 0.5).astype(np.uint8)


def _proportion(said: Dataset) -> float:
    """Height of a pixel over its width."""
    for keyword in ("PixelAspectRatio", "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        for place in (said, *_shared(said)):
            with suppress(TypeError, ValueError, IndexError, ZeroDivisionError):
                pair = place.get(keyword)
                ratio = float(pair[0]) / float(pair[1])
                if 0.1 <= ratio <= 10:
                    return ratio
    return 1.0


def _square(picture: Any, proportion: float, side: int) -> bytes:
    """The picture in the middle of a square, each of its cells the mean of what it covers."""
    height, width = picture.shape[0] * proportion, float(picture.shape[1])
    rows, columns = (max(1, round(side * part / max(height, width))) for part in (height, width))
    small = _means(picture.shape[0], rows) @ picture.astype(float) @ _means(picture.shape[1], columns).T
    square = np.zeros((side, side), np.uint8)
    top, left = (side - rows) // 2, (side - columns) // 2
    square[top : top + rows, left : left + columns] = np.clip(small + 0.5, 0, 255).astype(np.uint8)
    return square.tobytes()


def _means(count: int, wanted: int) -> Any:
    """What each of `count` cells contributes to each of `wanted` that cover the same length."""
    edges = np.arange(wanted + 1) * (count / wanted)
    cells = np.arange(count)
    first, last = edges[:-1, None], edges[1:, None]
    overlap = np.clip(np.minimum(last, cells + 1) - np.maximum(first, cells), 0, None)
    return overlap / overlap.sum(axis=1, keepdims=True)
