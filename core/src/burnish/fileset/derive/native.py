"""Frames of pixels that are not compressed, as `image` gives decoded ones: little endian, samples by pixel.

Source: PS3.5 8.1.1 and 8.2 (native format), 7.3 (byte order), PS3.3 C.7.6.3.1.3 (Planar Configuration).
"""

from collections.abc import Callable, Iterator

import numpy as np

from burnish.fileset.derive.image import Decoded, Image, check_image


def native(image: Image, length: int, read: Callable[[int, int], bytes]) -> Iterator[tuple[bytes, Decoded]]:
    """Every frame of a value of `length` bytes; `read` gives so many bytes of it from an offset.

    Raises ValueError where the value is not as long as its attributes ask for.
    """
    for number in range(1, image.frames + 1):
        yield frame_at(image, length, read, number)


def frame_at(
    image: Image, length: int, read: Callable[[int, int], bytes], number: int
) -> tuple[bytes, Decoded]:
    """One frame, counted from 1. As `native`."""
    check_image(image)
    wanted = image.frame_length * image.frames
    if length - wanted not in (0, wanted % 2) or image.allocated % 8:
        raise ValueError(f"its pixels have {length} bytes where their attributes ask for {wanted}")
    decoded = Decoded(image.photometric, 0, image.allocated, image.stored, image.frame_length)
    at = (number - 1) * image.frame_length
    return _by_pixel(image, read(at, image.frame_length)), decoded


def _by_pixel(image: Image, frame: bytes) -> bytes:
    if image.samples == 1 or not image.planar:
        return frame
    cells = np.frombuffer(frame, f"<u{image.allocated // 8}")
    return cells.reshape(image.samples, -1).T.tobytes()


def aligned(
    read: Callable[[int, int], bytes], length: int, width: int, turn: Callable[[bytes, int], bytes]
) -> Callable[[int, int], bytes]:
    """Read a value of `length` bytes whose cells of `width` bytes are turned around, from any offset."""

    def piece(at: int, count: int) -> bytes:
        first, end = at - at % width, min(-(-(at + count) // width) * width, length)
        return turn(read(first, end - first), width)[at - first : at - first + count]

    return piece if width > 1 else read
