"""The pieces of one instance, made by a worker process of the core's.

    1.JPG, 9.JPG …    pictures of frames, by their numbers: as a display shows them at first
    T.JPG             a thumbnail
    REPORT            a structured report as XHTML, to be put into a page
    PDF               an encapsulated document
    VIEW              what the viewer embeds: JSON, see `viewer/src/volume.ts`

Units: pixels.
"""

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import Any, Final

import imagecodecs
import numpy as np
from burnish.contracts import Picture
from PIL import Image
from pydicom.multival import MultiValue

from burnish_bundler_web.report import report_of

THUMBNAIL: Final = 128
_SMALL: Final = 256
"""Images of up to this are embedded as they are."""
_PDF: Final = "1.2.840.10008.5.1.4.1.1.104.1"
_REPORTS: Final = "1.2.840.10008.5.1.4.1.1.88."

Options = Mapping[str, Any]


def render(picture: Picture, options: Options) -> Iterator[tuple[str, bytes]]:
    """What `options` ask for: `content`, `viewer` and the numbers of the settings.

    Raises ValueError where the pixels cannot be decoded, and nothing else is there to show.
    """
    said = picture.dataset
    sop_class = str(said.get("SOPClassUID", ""))
    if sop_class == _PDF:
        yield from _document(picture, options)
    elif "ContentSequence" in said and sop_class.startswith(_REPORTS):
        if options["content"]:
            yield "REPORT", report_of(said).encode()
        yield from _whole(picture, options)
    elif picture.frames and picture.rows and picture.columns:
        yield from _image(picture, options)


def _document(picture: Picture, options: Options) -> Iterator[tuple[str, bytes]]:
    said = picture.dataset
    document = bytes(said.get("EncapsulatedDocument") or b"")
    length = int(said.get("EncapsulatedDocumentLength") or 0)
    if length and 0 <= len(document) - length <= 1:
        document = document[:length]
    if options["content"] and options["documents"] and document.startswith(b"%PDF-"):
        yield "PDF", document
    yield from _whole(picture, options)


def _whole(picture: Picture, options: Options) -> Iterator[tuple[str, bytes]]:
    """The instance itself, where the viewer embeds such."""
    if not options["viewer"] or options["embedded"] == "none":
        return
    most = None if options["embedded"] == "full" else options["embedded_documents"]
    blocks, size = [], 0
    for block in picture.file():
        size += len(block)
        if most is not None and size > most:
            return
        blocks.append(block)
    data = base64.b64encode(b"".join(blocks))
    yield "VIEW", b'{"kind":"file","data":"' + data + b'"}'


def _image(picture: Picture, options: Options) -> Iterator[tuple[str, bytes]]:
    pictured = evenly(picture.frames, options["picture_frames"]) if options["content"] else []
    reduced = options["viewer"] and options["embedded"] == "reduced"
    embedded = evenly(picture.frames, options["embedded_frames"]) if reduced else []
    middle = nearest(pictured, picture.representative)
    frames = []
    for frame in sorted({*pictured, *embedded}):  # each is decoded once
        if frame in pictured:
            shown = _proportionate(picture.shown(frame), picture.proportion)
            yield f"{frame}.JPG", _jpeg(_within(shown, options["picture_size"]), options["picture_quality"])
            if frame == middle:
                yield "T.JPG", _jpeg(_within(shown, THUMBNAIL), 75)
        if frame in embedded:
            frames.append(_embedded(picture.values(frame), options))
    if frames:
        yield "VIEW", _view(picture, embedded, frames)
    elif options["viewer"]:
        yield from _whole(picture, options)


def evenly(count: int, most: int) -> list[int]:
    """Numbers from 1 to `count`, the first and the last among them, at most so many.

    >>> evenly(100, 5)
    [1, 26, 50, 75, 100]
    """
    if count <= most:
        return list(range(1, count + 1))
    if most == 1:
        return [count // 3 + 1]
    return [1 + round(at * (count - 1) / (most - 1)) for at in range(most)]


def nearest(frames: list[int], wanted: int) -> int:
    """The one of `frames` that is closest; 0 where there is none."""
    return min(frames, key=lambda frame: abs(frame - wanted), default=0)


# --- pictures -------------------------------------------------------------------------------


def _proportionate(cells: Any, proportion: float) -> Any:
    """With square pixels."""
    if 0.99 < proportion < 1.01:
        return cells
    rows, columns = cells.shape[:2]
    size = (columns, max(1, round(rows * proportion)))
    if proportion < 1:
        size = (max(1, round(columns / proportion)), rows)
    return np.asarray(Image.fromarray(cells).resize(size, Image.Resampling.BILINEAR))


def _within(cells: Any, most: int) -> Any:
    """No larger than a square of `most`."""
    rows, columns = cells.shape[:2]
    factor = most / max(rows, columns)
    if factor >= 1:
        return cells
    size = (max(1, round(columns * factor)), max(1, round(rows * factor)))
    return np.asarray(Image.fromarray(cells).resize(size, Image.Resampling.BOX, reducing_gap=2.0))


def _jpeg(cells: Any, quality: int) -> bytes:
    """Baseline JPEG."""
    return bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(cells), level=quality))


# --- what the viewer embeds -----------------------------------------------------------------


def _embedded(cells: Any, options: Options) -> tuple[str, bytes, tuple[int, int]]:
    """A frame as its codec, its bytes, and its rows and columns."""
    factor = _factor(max(cells.shape[:2]), options)
    if cells.ndim == 3:
        small = Image.fromarray(cells).reduce(factor) if factor > 1 else cells
        small = np.asarray(small)
        return "jpeg", _jpeg(small, options["picture_quality"]), small.shape[:2]
    if cells.dtype.itemsize > 2:
        raise ValueError("its pixels have more than 16 bits")
    small = _means(cells, factor)
    return "delta", delta(small), small.shape


def _factor(side: int, options: Options) -> int:
    least: int = options["embedded_reduction"] if side > _SMALL else 1
    return max(least, -(-side // int(options["embedded_size"])))


def _means(cells: Any, factor: int) -> Any:
    """Each cell the mean of a square of cells; what is left over at the edges counts as what is there."""
    if factor == 1:
        return cells
    rows, columns = cells.shape
    padded = np.pad(cells, ((0, -rows % factor), (0, -columns % factor)), mode="edge")
    squares = padded.reshape(padded.shape[0] // factor, factor, padded.shape[1] // factor, factor)
    return np.rint(squares.mean(axis=(1, 3), dtype=np.float32)).astype(cells.dtype)


def delta(cells: Any) -> bytes:
    """Words of 16 bits as differences to the left, in the first column upwards, modulo 65536; first all their
    low bytes, then all their high ones; deflated (zlib)."""
    words = cells.astype(np.int16 if cells.dtype.kind == "i" else np.uint16).view(np.uint16)
    found = words.copy()
    found[:, 1:] -= words[:, :-1]
    found[1:, 0] -= words[:-1, 0]
    low, high = (found & 0xFF).astype(np.uint8), (found >> 8).astype(np.uint8)
    return zlib.compress(low.tobytes() + high.tobytes(), 6)


def _view(picture: Picture, frames: list[int], made: list[tuple[str, bytes, tuple[int, int]]]) -> bytes:
    codec, _, (rows, columns) = made[0]
    middle = nearest(frames, picture.representative)
    grey = codec == "delta"
    slope, intercept = picture.transformed(middle)
    said: dict[str, Any] = {
        "kind": "image",
        "rows": rows,
        "columns": columns,
        "original": [picture.rows, picture.columns],
        "frames": frames,
        "samples": 1 if grey else 3,
        "codec": codec,
        "aspect": round(picture.proportion, 6),
        "lossy": codec == "jpeg" or str(picture.dataset.get("LossyImageCompression", "")) == "01",
        "data": [base64.b64encode(data).decode() for _, data, _ in made],
    }
    if grey:
        said |= {
            "signed": bool(int(picture.dataset.get("PixelRepresentation") or 0)),
            "invert": picture.photometric == "MONOCHROME1",
            "slope": slope,
            "intercept": intercept,
            "unit": _unit(picture),
            "windows": _windows(picture, middle),
            "function": str(picture.group("VOILUTFunction", middle).get("VOILUTFunction") or "LINEAR"),
        }
    if time := picture.number("FrameTime", middle):
        said["frameTime"] = time
    said |= _spacing(picture, middle, rows)
    said |= _orientation(picture, middle)
    return json.dumps(_finite(said), separators=(",", ":")).encode()


def _finite(said: dict[str, Any]) -> dict[str, Any]:
    """Without numbers that JSON does not have."""
    bad = {"slope": 1.0, "intercept": 0.0}
    kept = {}
    for name, value in said.items():
        infinite = isinstance(value, float) and not np.isfinite(value)
        if not infinite:
            kept[name] = value
        elif name in bad:
            kept[name] = bad[name]
    return kept


def _unit(picture: Picture) -> str:
    said = str(picture.dataset.get("RescaleType") or "")
    if said and said != "US":
        return said[:16]
    return "HU" if str(picture.dataset.get("Modality", "")) == "CT" else ""


def _windows(picture: Picture, frame: int) -> list[list[Any]]:
    """Centre, width and explanation of each window that can be used."""
    item = picture.group("WindowCenter", frame)
    centers, widths = (_listed(item.get(name)) for name in ("WindowCenter", "WindowWidth"))
    names = [str(name)[:64] for name in _listed(item.get("WindowCenterWidthExplanation"))]
    pairs = zip(map(_number, centers), map(_number, widths), chain(names, [""] * len(centers)), strict=False)
    return [
        [center, width, name] for center, width, name in pairs if None not in (center, width) and width >= 1
    ]


def _listed(value: Any) -> list[Any]:
    """The values of an attribute, however many it has."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple, MultiValue)) else [value]


def _number(value: Any) -> Any:
    """None for what is none that JSON has."""
    with suppress(TypeError, ValueError):
        number = float(value)
        return number if np.isfinite(number) else None
    return None


def _numbers(value: Any) -> list[float]:
    """All of them, or none where one is no number."""
    found = [_number(one) for one in _listed(value)]
    return [] if None in found else found


def _spacing(picture: Picture, frame: int, rows: int) -> dict[str, Any]:
    """Millimetres between what is embedded."""
    for keyword, kind in (("PixelSpacing", "patient"), ("ImagerPixelSpacing", "detector")):
        pair = _numbers(picture.group(keyword, frame).get(keyword))
        if len(pair) == 2 and min(pair) > 0:
            factor = -(-picture.rows // rows)
            return {"spacing": [one * factor for one in pair], "spacingKind": kind}
    return {}


def _orientation(picture: Picture, frame: int) -> dict[str, Any]:
    """Letters for where right and bottom edge lie."""
    keyword = "ImageOrientationPatient"
    six = _numbers(picture.group(keyword, frame).get(keyword))
    if len(six) == 6:
        return {"orientation": [_letters(six[:3]), _letters(six[3:])]}
    said = picture.dataset.get("PatientOrientation") or ()
    pair = [str(one) for one in said if str(one).isalpha()] if not isinstance(said, str) else []
    return {"orientation": pair} if len(pair) == 2 else {}


def _letters(direction: list[float]) -> str:
    """PS3.3 C.7.6.1.1.1: the axes of a direction, the strongest first.

    >>> _letters([1.0, 0.0, 0.0])
    'L'
    """
    axes = zip(direction, ("RL", "AP", "FH"), strict=True)
    strong = sorted(((abs(part), names[part > 0]) for part, names in axes if abs(part) > 0.1), reverse=True)
    return "".join(letter for _, letter in strong)
