"""Where elements lie: the same answer whatever was asked before, and one table for heads that are alike."""

import gc
import struct
import tracemalloc
from collections.abc import Sequence

from burnish.instances.layout import Place, places_of
from hypothesis import given, settings
from hypothesis import strategies as st

Part = tuple[int, bytes, bytes]
"""Tag, VR and value of an element."""

LONG = {b"SQ", b"UN", b"UV"}


def laid(parts: Sequence[Part]) -> tuple[bytes, dict[int, Place]]:
    """A head of these elements, and where each lies in it."""
    data, places = b"", {}
    for tag, vr, value in parts:
        header = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr)
        header += struct.pack("<xxL", len(value)) if vr in LONG else struct.pack("<H", len(value))
        start = len(data) + len(header)
        places[tag] = (vr, len(data), start, start + len(value))
        data += header + value
    return data, places


def ct(number: int, name: bytes = b"Ott^Ada ") -> bytes:
    """A small head, always of the same length."""
    return laid(
        [(0x00080060, b"CS", b"CT"), (0x00100010, b"PN", name), (0x00200013, b"IS", b"%06d" % number)]
    )[0]


# Few tags, lengths and bytes, so that many heads are equally long, and values look like headers.
values = st.sampled_from(
    [b"", b"AB", b"\x08\0\x60\0CS\x02\0", b"\x10\0\x10\0PN\0\0", b"\x10\0\x10\0PN\x08\0"]
)
elements = st.tuples(
    st.sampled_from([0x00080060, 0x00100010, 0x00100020, 0x00200013]),
    st.sampled_from([b"CS", b"PN", b"SQ", b"UN"]),
    values,
)


@settings(max_examples=300)
@given(st.lists(st.lists(elements, max_size=5), max_size=12))
def test_what_was_met_before_changes_no_answer(heads: list[list[Part]]) -> None:
    for parts in heads:
        data, places = laid(parts)
        assert places_of(data) == places


def test_an_element_that_stands_twice_lies_where_it_stands_last() -> None:
    twice, places = laid([(0x00100010, b"PN", b"AB"), (0x00100010, b"PN", b"CDEF")])
    once, others = laid([(0x00100010, b"PN", twice[8:])])
    assert len(once) == len(twice)
    for _ in range(2):
        assert places_of(twice) == places
        assert places_of(once) == others


def test_heads_of_one_layout_share_one_table() -> None:
    assert places_of(ct(1)) is places_of(ct(2, b"Doe^Eve "))
    assert places_of(ct(3, b"Doe^Jo")) is not places_of(ct(1))


def test_a_long_head_is_looked_through_each_time() -> None:
    data, places = laid([(0x0040A730, b"SQ", b"\0" * 100_000), (0x00700080, b"CS", b"AB")])
    assert places_of(data) == places
    assert places_of(data) is not places_of(data)


def test_what_is_remembered_stays_small_however_many_layouts_come() -> None:
    tracemalloc.start()
    try:
        for number in range(20_000):
            places_of(laid([(0x00100010 + number, b"LO", b"A" * (number % 2000))])[0])
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 16 << 20
    finally:
        tracemalloc.stop()


def test_heads_that_are_alike_are_known_again_after_many_that_are_not() -> None:
    for number in range(5_000):
        places_of(laid([(0x00100010 + number, b"LO", b"A" * (number % 2000))])[0])
    for number in range(20):
        places_of(ct(number))
    assert places_of(ct(1)) is places_of(ct(2))
