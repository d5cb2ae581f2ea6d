"""CRC-32 of files whose parts were summed at another time.

CRC-32 is linear: the sum of two parts follows from the sums of each and the length of the second. What is
needed is the operator that appends zero bytes to a sum, kept here for every power of two as four tables.
"""

import zlib
from collections.abc import Sequence
from functools import cache

from burnish.errors import LayoutError
from burnish.recipe import Entry, Literal, Range, Source, Zeros

_Operator = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]
"""What each byte of a sum, the lowest first, contributes to the sum after the zeros."""


def joined(first: int, second: int, length: int) -> int:
    """The sum of two parts, of which the second has `length` bytes.

    >>> joined(zlib.crc32(b"DICOM "), zlib.crc32(b"media"), 5) == zlib.crc32(b"DICOM media")
    True
    """
    power = 0
    while length:
        if length & 1:
            first = _applied(_appending(power), first)
        length >>= 1
        power += 1
    return first ^ second


def of_zeros(length: int) -> int:
    """The sum of so many zero bytes."""
    done, block = 0, zlib.crc32(b"\0")
    sizes = 1
    while length:
        if length & 1:
            done = joined(done, block, sizes)
        block = joined(block, block, sizes)
        sizes *= 2
        length >>= 1
    return done


def of_entry(entry: Entry, sources: dict[str, Source]) -> int:
    """The sum of a file. Raises LayoutError where a source's is not given, or only a part of it is used."""
    running = 0
    for extent in entry.content:
        match extent:
            case Literal(data):
                running = zlib.crc32(data, running)
            case Zeros(length):
                running = joined(running, of_zeros(length), length)
            case Range(key, start, length):
                source = sources[key]
                if source.crc32 is None or (start, length) != (0, source.length):
                    where = "/".join(entry.path)
                    raise LayoutError(f"/{where}: an archive needs the CRC-32 of the whole of source {key}")
                running = joined(running, source.crc32, length)
    return running


def _applied(operator: _Operator, value: int) -> int:
    first, second, third, fourth = operator
    return first[value & 255] ^ second[value >> 8 & 255] ^ third[value >> 16 & 255] ^ fourth[value >> 24]


@cache
def _appending(power: int) -> _Operator:
    """Appends 2^power zero bytes to a sum; each is the one before, twice."""
    bits = [1 << bit for bit in range(32)]
    if power:
        before = _appending(power - 1)
        return _tables([_applied(before, _applied(before, bit)) for bit in bits])
    nothing = zlib.crc32(b"\0", 0)
    return _tables([zlib.crc32(b"\0", bit) ^ nothing for bit in bits])


def _tables(columns: Sequence[int]) -> _Operator:
    """From what each of 32 bits contributes to what each byte does."""
    first, second, third, fourth = (_table(columns[at : at + 8]) for at in range(0, 32, 8))
    return first, second, third, fourth


def _table(columns: Sequence[int]) -> tuple[int, ...]:
    table = [0]
    for column in columns:
        table += [value ^ column for value in table]
    return tuple(table)
