"""One instance opened for whoever draws it: its attributes, and its frames as they are stored or shown.

Grey values go through the modality and the first VOI transformation that the instance has.

Source: PS3.3 C.11.1 and C.11.2 (modality and VOI), C.7.6.3.1.5 and C.7.9 (palettes), C.7.6.16 (functional
groups of frames).
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, Final

import numpy as np
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.tag import BaseTag

from burnish.contracts import Picture
from burnish.fileset.derive.anatomy import PIXEL_DATA, Part, Values, Window, dissect
from burnish.fileset.derive.image import Decoded, Image, check_image, decode_each
from burnish.fileset.derive.level import WORD, Level, image_of, swapped
from burnish.fileset.derive.native import aligned, frame_at
from burnish.fileset.derive.transcode import plain
from burnish.fileset.derive.ways import WAYS
from burnish.fileset.meta import file_meta
from burnish.terms import DEFLATED, EXPLICIT_VR_BE, EXPLICIT_VR_LE, IMPLICIT_VR_LE

_LUMINANCE: Final = (0.299, 0.587, 0.114)
"""ITU-R BT.601, as PS3.3 C.7.6.3.1.2 has it."""
_BLOCK: Final = 1 << 20


@contextmanager
def opened_picture(source: BinaryIO, length: int, syntax: str) -> Iterator["OpenedPicture"]:
    """The instance whose data set of `length` bytes begins where `source` stands.

    Raises ValueError, with a sentence, where its data set cannot be read.
    """
    if syntax not in WAYS:
        raise ValueError("its transfer syntax is none that can be decoded")
    with plain(source, length, syntax) as (file, size):
        yield OpenedPicture(file, size, syntax)


class OpenedPicture(Picture):
    """One that is open."""

    def __init__(self, file: BinaryIO, length: int, syntax: str) -> None:
        self._file, self._length, self._start = file, length, file.tell()
        self.transfer_syntax = syntax
        self.dataset = _attributes(file, length, syntax)
        file.seek(self._start)
        self._values = Values(file, length)
        implicit, big = syntax == IMPLICIT_VR_LE, syntax == EXPLICIT_VR_BE
        self._level = Level(self._values, dissect(self._values, implicit=implicit, big=big), None)
        self._pixels = self._level.parts.get(PIXEL_DATA)
        self.image = image_of(self._level, syntax)
        self.rows, self.columns = self.image.rows, self.image.columns
        self.frames = self.image.frames if self._pixels is not None else 0
        self.proportion = _proportion(self.dataset, self._groups(1))
        self._ahead: tuple[int, Iterator[Callable[[], tuple[bytes, Decoded]]]] | None = None
        """Of compressed frames: the number of the next, and what gives them."""
        self._last: tuple[int, Any, Decoded] | None = None

    @property
    def representative(self) -> int:
        """(0028,6010), else about a third in."""
        with suppress(TypeError, ValueError):
            number = int(self.dataset.get("RepresentativeFrameNumber") or 0)
            if 1 <= number <= self.frames:
                return number
        return self.frames // 3 + 1

    @property
    def photometric(self) -> str:
        _, _, decoded = self._last or (0, *self._decoded(self.representative))  # all frames have the same
        return decoded.photometric

    def values(self, frame: int) -> Any:
        cells, decoded = self._decoded(frame)
        if decoded.photometric == "PALETTE COLOR" and cells.ndim == 2:
            return _eight(apply_color_lut(cells, self.dataset))
        if cells.ndim == 3:
            return _rgb(cells, decoded)
        return _used(cells, decoded)

    def shown(self, frame: int) -> Any:
        cells = self.values(frame)
        if cells.ndim == 3:
            return cells
        grey = _windowed(cells, self.dataset, self._groups(frame))
        return 255 - grey if self._decoded(frame)[1].photometric == "MONOCHROME1" else grey

    def grey(self, frame: int) -> Any:
        """As `shown`, colours by their luminance."""
        cells = self.shown(frame)
        if cells.ndim == 2:
            return cells
        return (cells @ np.array(_LUMINANCE) + 0.5).astype(np.uint8)

    def transformed(self, frame: int) -> tuple[float, float]:
        slope, intercept = (self.number(name, frame) for name in ("RescaleSlope", "RescaleIntercept"))
        return 1.0 if slope is None else slope, intercept or 0.0

    def number(self, keyword: str, frame: int) -> float | None:
        return _first(self.dataset, self._groups(frame), keyword)

    def group(self, keyword: str, frame: int) -> Any:
        return next((item for item in self._groups(frame) if keyword in item), self.dataset)

    def file(self) -> Iterator[bytes]:
        said = self.dataset
        syntax = EXPLICIT_VR_LE if self.transfer_syntax == DEFLATED else self.transfer_syntax
        yield file_meta(str(said.SOPClassUID), str(said.SOPInstanceUID), syntax)
        self._file.seek(self._start)
        left = self._length
        while left and (block := self._file.read(min(_BLOCK, left))):
            left -= len(block)
            yield block

    def _groups(self, frame: int) -> list[Dataset]:
        """The functional groups of a frame, its own before those that all share."""
        own = self.dataset.get("PerFrameFunctionalGroupsSequence") or ()
        found = [own[frame - 1]] if 0 < frame <= len(own) else []
        found += list(self.dataset.get("SharedFunctionalGroupsSequence") or ())
        return [item for groups in found for name in _GROUPS for item in groups.get(name) or ()]

    def _decoded(self, frame: int) -> tuple[Any, Decoded]:
        if self._last is None or self._last[0] != frame:
            if self._pixels is None:
                raise ValueError("it has no Pixel Data")
            check_image(self.image)
            data, decoded = self._frame(self._pixels, frame)
            self._last = frame, _cells(data, self.image, decoded), decoded
        return self._last[1], self._last[2]

    def _frame(self, pixels: Part, number: int) -> tuple[bytes, Decoded]:
        if pixels.fragments:
            return self._compressed(pixels, number)
        vr = self._level.vr(pixels)
        width = WORD.get(pixels.vr, 1) if pixels.big and vr in WORD else 1

        def read(at: int, count: int) -> bytes:
            return self._values.read(pixels.at + at, count)

        image = self.image
        if not 1 <= number <= image.frames:
            raise ValueError(f"its pixels have no frame {number}")
        if image.photometric == "YBR_FULL_422" and image.samples == 3 and image.allocated == 8:
            return _halved(image, read, number)
        if image.allocated == 1:
            return _bits(image, read, number)
        return frame_at(image, pixels.length, aligned(read, pixels.length, width, swapped), number)

    def _compressed(self, pixels: Part, number: int) -> tuple[bytes, Decoded]:
        """Frames are read on from the last, so that all of them in order are read once."""
        if self._ahead is None or number < self._ahead[0]:
            window = Window(self._values, pixels.at, pixels.length)
            self._ahead = 1, decode_each(self.image, window)
        following, frames = self._ahead
        for at, found in enumerate(frames, following):
            self._ahead = at + 1, frames
            if at == number:
                return found()
        self._ahead = None
        raise ValueError(f"its pixels have no frame {number}")


_GROUPS: Final = (
    "FrameVOILUTSequence",
    "PixelValueTransformationSequence",
    "PixelMeasuresSequence",
    "PlaneOrientationSequence",
    "PlanePositionSequence",
)
"""Functional groups that say how a frame is shown."""


def _attributes(file: BinaryIO, length: int, syntax: str) -> Dataset:
    """Everything before the pixels. Raises ValueError, whatever pydicom raises over a broken structure."""

    def stop(tag: BaseTag, vr: str | None, length: int) -> bool:
        return int(tag) >= PIXEL_DATA

    try:
        return read_dataset(file, syntax == IMPLICIT_VR_LE, syntax != EXPLICIT_VR_BE, length, stop)
    except (OSError, EOFError, struct.error, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"its data set cannot be read: {error}") from error


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


def _halved(image: Image, read: Any, number: int) -> tuple[bytes, Decoded]:
    """A frame whose two colours are shared by two pixels each (PS3.3 C.7.6.3.1.2), each with its own."""
    length = image.rows * image.columns * 2
    cells = np.frombuffer(read((number - 1) * length, length), np.uint8)
    if cells.size < length or image.columns % 2:
        raise ValueError(f"its frame {number} has {cells.size} bytes")
    fours = cells.reshape(-1, 4)
    full = np.stack([fours[:, [0, 2, 3]], fours[:, [1, 2, 3]]], axis=1).tobytes()
    return full, Decoded("YBR_FULL", 0, 8, 8, len(full))


def _rgb(cells: Any, decoded: Decoded) -> Any:
    """Three samples of eight bits: red, green, blue."""
    spare = decoded.stored - 8
    eight = cells.astype(np.uint8) if spare <= 0 else (cells >> spare).astype(np.uint8)
    if not decoded.photometric.startswith("YBR"):
        return eight
    y, blue, red = (eight[..., at].astype(np.float32) for at in range(3))
    blue, red = blue - 128, red - 128
    colours = (y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue)
    return np.clip(np.stack(colours, axis=-1) + 0.5, 0, 255).astype(np.uint8)


def _eight(cells: Any) -> Any:
    return cells if cells.dtype == np.uint8 else (cells >> 8).astype(np.uint8)


def _used(cells: Any, decoded: Decoded) -> Any:
    """Cells without the bits above Bits Stored, where overlays may lie."""
    spare = decoded.allocated - decoded.stored
    return np.right_shift(np.left_shift(cells, spare), spare) if 0 < spare < decoded.allocated else cells


def _windowed(cells: Any, said: Dataset, groups: Sequence[Dataset]) -> Any:
    """Through the modality and the VOI transformation; what has none shows its darkest and brightest."""
    if "VOILUTSequence" in said and "WindowCenter" not in said:
        with suppress(Exception):  # a table that does not suit is passed over
            looked_up = apply_voi_lut(apply_modality_lut(cells, said).astype(cells.dtype), said)
            return _stretched(looked_up.astype(float), float(looked_up.min()), float(looked_up.max()))
    values = _modality(cells, said, groups)
    center, width = (_first(said, groups, keyword) for keyword in ("WindowCenter", "WindowWidth"))
    if center is not None and width is not None and width >= 1:
        low = center - 0.5 - (width - 1) / 2
        found = _stretched(values, low, low + max(width - 1, 1))
        if found.min() != found.max() or values.min() == values.max():
            return found
    return _stretched(values, float(values.min()), float(values.max()))


def _modality(cells: Any, said: Dataset, groups: Sequence[Dataset]) -> Any:
    if "ModalityLUTSequence" in said:
        with suppress(Exception):
            return apply_modality_lut(cells, said).astype(np.float32)
    slope, intercept = _first(said, groups, "RescaleSlope"), _first(said, groups, "RescaleIntercept")
    return cells.astype(np.float32) * np.float32(1.0 if slope is None else slope) + np.float32(
        intercept or 0.0
    )


def _stretched(values: Any, low: float, high: float) -> Any:
    span = high - low
    if not np.isfinite(span) or span <= 0:
        return np.zeros(values.shape, np.uint8)
    return (np.clip((values - low) / span, 0, 1) * 255 + 0.5).astype(np.uint8)


def _first(said: Dataset, groups: Sequence[Dataset], keyword: str) -> float | None:
    """The first value of an attribute, of the data set or of a frame's functional groups."""
    for place in (said, *groups):
        with suppress(TypeError, ValueError, IndexError):
            value = place.get(keyword)
            if value is not None:
                return float(value if isinstance(value, (int, float, str)) else value[0])
    return None


def _proportion(said: Dataset, groups: Sequence[Dataset]) -> float:
    """Height of a pixel over its width."""
    for keyword in ("PixelAspectRatio", "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        for place in (said, *groups):
            with suppress(TypeError, ValueError, IndexError, ZeroDivisionError):
                pair = place.get(keyword)
                ratio = float(pair[0]) / float(pair[1])
                if 0.1 <= ratio <= 10:
                    return ratio
    return 1.0
