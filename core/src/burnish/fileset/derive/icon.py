"""A small picture of an instance, for its directory record.

One frame is decoded: the representative one (0028,6010), else one about a third in. Colours become grey by
their luminance. The picture keeps its proportions, with black around it.

Source: PS3.3 C.7.6.1.1.6 (icon).
"""

from typing import Any, BinaryIO

import numpy as np
from pydicom.dataset import Dataset

from burnish.contracts import IconRule
from burnish.fileset.derive.picture import opened_picture
from burnish.fileset.icons import SIDE, icon_element, icon_fault


def make_icon(source: BinaryIO, length: int, syntax: str, rule: IconRule) -> bytes:
    """The element (0088,0200) of the data set of `length` bytes that begins where `source` stands.

    Raises ValueError, with a sentence, where no picture can be made of it, MemoryError, and SourceDamaged.
    """
    side = rule.size or SIDE
    with opened_picture(source, length, syntax) as picture:
        if supplied := _supplied(picture.dataset, rule):
            return supplied
        grey = picture.grey(picture.representative)
        return icon_element(side, side, _square(grey, picture.proportion, side))


def _supplied(said: Dataset, rule: IconRule) -> bytes:
    """The instance's own icon, where it keeps to the rule; it is written anew, without what else it has."""
    icons = list(said.get("IconImageSequence") or ())
    if len(icons) != 1 or icons[0].get("PhotometricInterpretation") != "MONOCHROME2":
        return b""
    icon = icons[0]
    if icon_fault(icon, rule) or icon.BitsAllocated != 8:
        return b""
    return icon_element(icon.Rows, icon.Columns, icon.PixelData)


def _square(picture: Any, proportion: float, side: int) -> bytes:
    """The picture in the middle of a square, each of its cells the mean of what it covers."""
    height, width = picture.shape[0] * proportion, float(picture.shape[1])
    rows, columns = (max(1, round(side * part / max(height, width))) for part in (height, width))
    square = np.zeros((side, side), np.uint8)
    top, left = (side - rows) // 2, (side - columns) // 2
    small = _means(picture.shape[0], rows) @ picture.astype(float) @ _means(picture.shape[1], columns).T
    square[top : top + rows, left : left + columns] = np.clip(small + 0.5, 0, 255).astype(np.uint8)
    return square.tobytes()


def _means(count: int, wanted: int) -> Any:
    """What each of `count` cells contributes to each of `wanted` that cover the same length."""
    edges = np.arange(wanted + 1) * (count / wanted)
    cells = np.arange(count)
    first, last = edges[:-1, None], edges[1:, None]
    overlap = np.clip(np.minimum(last, cells + 1) - np.maximum(first, cells), 0, None)
    return overlap / overlap.sum(axis=1, keepdims=True)
