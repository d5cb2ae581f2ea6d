"""The streaming scan: what directory, profiles and labels need of a data set, found while its bytes pass.

Shape: feed fragments of any size, from the data set's first element on (no preamble, no group 2), then
`finish`. Offsets in messages count from that first element. Bulk is skipped by counting, never copied or
stored; what is kept is bounded by a budget in bytes, and what did not fit is named.

A walk keeps a stack of frames: the root, then in turn a sequence and the item of it that is open.
`_skim` runs over plain elements as fast as Python can; everything else takes `_element`, one at a time.

Source: PS3.5 sections 7.1 (elements), 7.5 (sequences), A.4 (encapsulated pixel data), 6.2.2 (UN), and the
liberties that real files take with them: unordered or repeated tags (the first one counts), odd lengths,
group lengths, padding after the last element, implicit items in explicit data sets.
"""

import struct
from dataclasses import dataclass
from typing import Final

from burnish.errors import BurnishError
from burnish.instances.elements import (
    BINARY,
    FRAGMENTED,
    ITEM,
    LONG,
    LONG_VRS,
    SHORT,
    SHORT_VRS,
    encoded,
    name,
    raw_tag,
    vr_of,
)
from burnish.instances.keys import KEPT, VR, Kept
from burnish.instances.pixels import ENCAPSULATED
from burnish.terms import EXPLICIT_VR_BE, IMPLICIT_VR_LE

MAX_DEPTH: Final = 16
"""Sequences within one another."""

_UNDEFINED: Final = 0xFFFFFFFF
_ENDLESS: Final = 1 << 62
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_CONTENT, _RELATIONSHIP, _PIXELS = 0x0040A730, 0x0040A010, 0x7FE00010

_HEADER: Final = SHORT, struct.Struct(">HH2sH")
_LENGTH: Final = struct.Struct("<L"), struct.Struct(">L")
"""By byte order: 0 little endian, 1 big endian."""
_RAW_EXPLICIT: Final = struct.Struct("<L2sH").unpack_from
_RAW_IMPLICIT: Final = struct.Struct("<LL").unpack_from
_RAW_LONG: Final = _LENGTH[0].unpack_from

_NOTHING: Final[dict[int, int]] = {}
_LEAVES: Final = {raw_tag(tag): tag for tag, vr in VR.items() if vr != "SQ"}
"""Tags as they are read from little-endian bytes in one number, to the tags."""
_SAID: Final = {raw_tag(tag): vr.encode() for tag, vr in VR.items()}
_SEQUENCES: Final = {raw_tag(tag): tag for tag, vr in VR.items() if vr == "SQ"}

_VRS: Final = SHORT_VRS | LONG_VRS
_NESTING: Final = FRAGMENTED | {b"SQ", b"UN"}
"""The VRs that may have undefined length."""
_META: Final = 0x0002
"""The group of File Meta Information, which must not stand in a data set: readers would believe it."""
_LAST_PLAIN: Final = 0x7FDF
"""Groups beyond it hold pixel data, padding and delimiters, which are landmarks; so is an element 0."""

Bytes = bytes | bytearray | memoryview


class Unscannable(BurnishError):
    """Bytes that are no data set in the transfer syntax they came in; says where and why."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found."""

    head: bytes
    """The kept elements in Explicit VR Little Endian, in tag order, all lengths defined; text as it came,
    padded to even length, in the character set that its own Specific Character Set names."""
    sop_class: str
    """The four UIDs are empty where the attribute is absent or empty."""
    sop_instance: str
    study: str
    series: str
    overflow: frozenset[int]
    """Tags of the root that are wanted and did not fit the budget; usually none."""
    ended_early: bool
    """The data set ends inside an element."""
    pixels: int | None = None
    """Bytes of Pixel Data, or `pixels.ENCAPSULATED`; None where there is none."""
    ended_in: int = 0
    """Tag of that element, where it was one whose value is not kept; else 0."""
    missing: int = 0
    """Bytes of its value that did not come."""


class _Frame:
    """One level of the walk. `out` is None where nothing of it is kept."""

    __slots__ = (
        "doubt",
        "end",
        "fragments",
        "fresh",
        "implicit",
        "items",
        "kept",
        "mark",
        "order",
        "out",
        "tag",
    )

    def __init__(
        self, tag: int, items: bool, end: int, implicit: bool, order: int, kept: Kept | None, mark: int
    ) -> None:
        self.tag = tag
        self.items = items
        """A sequence, which holds items; otherwise an item or the root, which hold elements."""
        self.end = end
        self.implicit = implicit
        self.order = order
        """0 little endian, 1 big endian."""
        self.kept = kept
        self.mark = mark
        """The budget that was left when it was opened."""
        self.out: bytearray | None = bytearray()
        self.fragments = False
        """Its items hold bytes, not elements."""
        self.fresh = True
        """No element of it was read yet."""
        self.doubt = False
        """Kept only if its Relationship Type turns out to be HAS CONCEPT MOD."""


class Scan:
    """One scan over one data set.

    `transfer_syntax` is a UID; Deflated data must be inflated before. `budget` bounds the bytes kept.
    """

    def __init__(self, transfer_syntax: str, budget: int = 256 << 10) -> None:
        implicit = transfer_syntax == IMPLICIT_VR_LE
        order = int(transfer_syntax == EXPLICIT_VR_BE)
        self._root = _Frame(0, False, _ENDLESS, implicit, order, KEPT, budget)
        self._stack = [self._root]
        self._kept: dict[int, bytes] = {}
        self._left = budget
        self._overflow: set[int] = set()
        self._at = 0
        self._skip = 0
        self._pending = bytearray()
        self._need = 8
        self._past_pixels = False
        self._trailing = False
        self._pixels: int | None = None
        self._last = 0
        """The element whose value is skipped, while one is."""

    def feed(self, data: Bytes) -> None:
        """Take the next bytes. Raises Unscannable; the scan is of no use then."""
        start, size = 0, len(data)
        while start < size:
            if self._skip:
                step = min(self._skip, size - start)
                self._skip -= step
                self._at += step
                start += step
            elif self._pending:
                start = self._complete(data, start, size)
            else:
                start = self._run(data, start)
                self._pending += data[start:size]
                return

    def finish(self) -> Scanned:
        """Say that all bytes were fed. Raises Unscannable."""
        if not self._skip:
            self._run(self._pending, 0)
        uid = self._uid
        return Scanned(
            b"".join([self._kept[tag] for tag in sorted(self._kept)]),
            *(uid(0x00080016), uid(0x00080018), uid(0x0020000D), uid(0x0020000E)),
            frozenset(self._overflow),
            self._ended_early(),
            self._pixels,
            *((0, 0) if self._trailing or not self._skip else (self._last, self._skip)),
        )

    def _uid(self, tag: int) -> str:
        return self._kept.get(tag, b"")[8:].strip(b" \0").decode("ascii", "replace")

    def _ended_early(self) -> bool:
        if self._trailing:
            return False
        padding = len(self._pending) < 8 and (self._past_pixels or not any(self._pending))
        return bool(self._skip or len(self._stack) > 1 or not padding)

    def _complete(self, data: Bytes, start: int, size: int) -> int:
        """Fill the pending bytes up to what the element at hand needs, and go on with them."""
        step = min(self._need - len(self._pending), size - start)
        self._pending += data[start : start + step]
        if len(self._pending) >= self._need:
            used = self._run(self._pending, 0)
            del self._pending[:used]
        return start + step

    def _run(self, buffer: Bytes, pos: int) -> int:
        """Walk from `pos`; returns how far it came: `_need` bytes from there are wanted, or `_skip` set."""
        size, base, stack = len(buffer), self._at - pos, self._stack
        while True:
            frame = stack[-1]
            if base + pos >= frame.end:
                self._close()
                continue
            if frame.items:
                moved = self._item(frame, buffer, pos, base)
            else:
                pos = self._skim(frame, buffer, pos, min(size, frame.end - base))
                if base + pos >= frame.end:
                    continue
                moved = self._element(frame, buffer, pos, base)
            if moved < 0:
                break
            pos = min(moved, size)
            if moved > size:
                self._skip = moved - size
                break
        self._at = base + pos
        return pos

    def _skim(self, frame: _Frame, buffer: Bytes, pos: int, limit: int) -> int:
        """Pass over plain elements that lie whole before `limit`; stop at the first that is not plain."""
        root = frame is self._root
        if frame.order or not (root or frame.out is None):
            return pos
        skim = self._skim_implicit if frame.implicit else self._skim_explicit
        passed = skim(buffer, pos, limit, *((_LEAVES, _SEQUENCES) if root else (_NOTHING, _NOTHING)))
        frame.fresh = frame.fresh and passed == pos
        return passed

    def _skim_explicit(
        self, buffer: Bytes, pos: int, limit: int, leaves: dict[int, int], sequences: dict[int, int]
    ) -> int:
        kept, left = self._kept, self._left
        while pos + 12 <= limit:
            raw, vr, length = _RAW_EXPLICIT(buffer, pos)
            if not _META < raw & 0xFFFF <= _LAST_PLAIN:
                break
            end = pos + 8 + length
            if vr not in SHORT_VRS:
                if vr not in LONG_VRS or raw in leaves or raw in sequences:
                    break
                (length,) = _RAW_LONG(buffer, pos + 8)
                end = pos + 12 + length
                if length == _UNDEFINED:
                    break
            elif raw in leaves and end <= limit:
                if length & 1 or end - pos + 4 > left or vr != _SAID[raw]:
                    break
                if leaves[raw] not in kept:
                    kept[leaves[raw]] = bytes(buffer[pos:end])
                    left -= end - pos
            if end > limit:
                break
            pos = end
        self._left = left
        return pos

    def _skim_implicit(
        self, buffer: Bytes, pos: int, limit: int, leaves: dict[int, int], sequences: dict[int, int]
    ) -> int:
        while pos + 8 <= limit:
            raw, length = _RAW_IMPLICIT(buffer, pos)
            end = pos + 8 + length
            if end > limit or raw in sequences or not _META < raw & 0xFFFF <= _LAST_PLAIN:
                break
            if raw in leaves:
                tag = leaves[raw]
                if end - pos + 4 > self._left:
                    break
                if tag not in self._kept:
                    self._store(self._root, tag, encoded(tag, vr_of(tag), bytes(buffer[pos + 8 : end])))
            pos = end
        return pos

    def _element(self, frame: _Frame, buffer: Bytes, pos: int, base: int) -> int:
        """Take one element; returns where the next starts (perhaps beyond the buffer), or -1 for more."""
        header = self._header(frame, buffer, pos, base)
        if header is None:
            return -1
        tag, said, length, start = header
        frame.fresh, self._last = False, tag
        if tag >> 16 == _META and frame is self._root:
            raise Unscannable(f"{_name(tag, base + pos)} belongs to File Meta Information")
        if tag >> 16 == 0xFFFE or (frame is self._root and (tag == 0 or tag >= _PIXELS)):
            self._landmark(frame, tag)
            if tag >> 16 in (0xFFFE, 0):
                return start if tag else _ENDLESS
        if tag == _PIXELS and frame is self._root and self._pixels is None:
            self._pixels = ENCAPSULATED if length == _UNDEFINED else length
        vr = vr_of(tag) if said == b"UN" else said
        wanted = self._wants(frame, tag, vr)
        if length == _UNDEFINED or (wanted and vr == b"SQ"):
            self._open(frame, tag, vr, base + start, length, wanted, said == b"UN")
            return start
        end = start + length
        if base + end > frame.end:
            raise Unscannable(f"{_name(tag, base + pos)} runs past the end of its item")
        if not wanted or not self._affordable(tag, end - pos + 4):
            return end
        if end > len(buffer):
            self._need = end - pos
            return -1
        self._leaf(frame, tag, vr, bytes(buffer[start:end]))
        return end

    def _header(
        self, frame: _Frame, buffer: Bytes, pos: int, base: int
    ) -> tuple[int, bytes, int, int] | None:
        """Tag, VR, length and where the value starts; None where bytes are missing."""
        self._need = 8
        if len(buffer) - pos < 8:
            return None
        group, element, vr, length = _HEADER[frame.order].unpack_from(buffer, pos)
        tag = group << 16 | element
        if group == 0xFFFE or frame.implicit:
            (length,) = _LENGTH[frame.order].unpack_from(buffer, pos + 4)
            return tag, vr_of(tag), length, pos + 8
        if vr in SHORT_VRS:
            return tag, vr, length, pos + 8
        if not (vr.isalpha() and vr.isupper()):
            return self._strange(frame, buffer, pos, base, tag)
        self._need = 12
        if len(buffer) - pos < 12:
            return None
        (length,) = _LENGTH[frame.order].unpack_from(buffer, pos + 8)
        return tag, vr, length, pos + 12

    def _strange(
        self, frame: _Frame, buffer: Bytes, pos: int, base: int, tag: int
    ) -> tuple[int, bytes, int, int] | None:
        """No VR where one should stand: padding after the last element, an implicit item, or nonsense."""
        if frame is self._root and (tag == 0 or self._past_pixels):
            return 0, b"UN", 0, pos
        if frame is self._root or not frame.fresh:
            raise Unscannable(f"{_name(tag, base + pos)} has no value representation")
        frame.implicit, frame.order = True, 0
        return self._header(frame, buffer, pos, base)

    def _landmark(self, frame: _Frame, tag: int) -> None:
        """Note a delimiter, the pixel data, or that only padding follows."""
        if tag == 0:
            self._trailing = True
        elif tag == _ITEM_END and frame.end == _ENDLESS and frame is not self._root:
            self._close()
        elif tag >= _PIXELS and frame is self._root:
            self._past_pixels = True

    def _wants(self, frame: _Frame, tag: int, vr: bytes) -> bool:
        if frame.out is None:
            return False
        if frame is self._root:
            known = VR.get(tag)
            return known is not None and tag not in self._kept and (known == "SQ") == (vr == b"SQ")
        if frame.kept is None:
            return not tag >> 16 & 1 and tag & 0xFFFF != 0 and _is_plausible(tag, vr)
        return tag in frame.kept and _is_plausible(tag, vr)

    def _open(
        self, frame: _Frame, tag: int, vr: bytes, start: int, length: int, wanted: bool, unknown: bool
    ) -> None:
        """Begin a sequence or encapsulated fragments. What is UN holds Implicit VR Little Endian."""
        if vr not in _NESTING:
            raise Unscannable(f"{_name(tag, start)} may not have undefined length")
        if len(self._stack) > 2 * MAX_DEPTH:
            raise Unscannable(f"{_name(tag, start)} lies deeper than {MAX_DEPTH} sequences")
        end = _ENDLESS if length == _UNDEFINED else start + length
        if end != _ENDLESS and end > frame.end:
            raise Unscannable(f"{_name(tag, start)} runs past the end of its item")
        implicit, order = (True, 0) if unknown else (frame.implicit, frame.order)
        kept = frame.kept.get(tag) if frame.kept else None
        inner = _Frame(tag, True, end, implicit, order, kept, self._left)
        inner.fragments = vr in FRAGMENTED
        self._stack.append(inner)
        if not wanted or inner.fragments or not self._affordable(tag, 12):
            inner.out = None
        else:
            self._left -= 12

    def _item(self, frame: _Frame, buffer: Bytes, pos: int, base: int) -> int:
        """Take an item's tag; returns as `_element` does."""
        self._need = 8
        if len(buffer) - pos < 8:
            return -1
        group, element, _, _ = _HEADER[frame.order].unpack_from(buffer, pos)
        length: int = _LENGTH[frame.order].unpack_from(buffer, pos + 4)[0]
        tag, start = group << 16 | element, pos + 8
        if tag == _SEQUENCE_END:
            self._close()
            return start
        if tag != _ITEM or (length == _UNDEFINED and frame.fragments):
            raise Unscannable(f"{_name(tag, base + pos)} stands where an item of {name(frame.tag)} should")
        end = _ENDLESS if length == _UNDEFINED else base + start + length
        if end != _ENDLESS and end > frame.end:
            raise Unscannable(f"an item at byte {base + pos} runs past the end of {name(frame.tag)}")
        if length != _UNDEFINED and (frame.out is None or frame.fragments):
            self._last = frame.tag
            return start + length
        self._enter(frame, end)
        return start

    def _enter(self, sequence: _Frame, end: int) -> None:
        item = _Frame(_ITEM, False, end, sequence.implicit, sequence.order, sequence.kept, self._left)
        item.doubt = sequence.tag == _CONTENT and len(self._stack) == 2
        self._stack.append(item)
        if sequence.out is None or not self._affordable(_ITEM, 8):
            item.out = None
        else:
            self._left -= 8

    def _close(self) -> None:
        """Leave the innermost frame and put what it kept into the one around it."""
        frame = self._stack.pop()
        parent = self._stack[-1]
        if frame.doubt:
            self._left = frame.mark
        elif frame.out is None or parent.out is None:
            return
        elif frame.items:
            header = LONG.pack(frame.tag >> 16, frame.tag & 0xFFFF, b"SQ", 0, len(frame.out))
            self._put(parent, frame.tag, header + bytes(frame.out))
        else:
            parent.out += ITEM.pack(0xFFFE, 0xE000, len(frame.out)) + frame.out

    def _leaf(self, frame: _Frame, tag: int, vr: bytes, value: bytes) -> None:
        if frame.doubt and tag == _RELATIONSHIP:
            frame.doubt = False
            if value.strip(b" \0") != b"HAS CONCEPT MOD":
                frame.out, self._left = None, frame.mark
                return
        self._store(frame, tag, encoded(tag, _kept_vr(tag, vr), value, bool(frame.order)))

    def _store(self, frame: _Frame, tag: int, element: bytes) -> None:
        self._left -= len(element)
        self._put(frame, tag, element)

    def _put(self, frame: _Frame, tag: int, element: bytes) -> None:
        if frame is self._root:
            self._kept[tag] = element
        elif frame.out is not None:
            frame.out += element

    def _affordable(self, tag: int, size: int) -> bool:
        """Whether `size` more bytes may be kept; if not, the root's element that wants them is given up."""
        if size <= self._left:
            return True
        if len(self._stack) == 1:
            self._overflow.add(tag)
            return False
        self._overflow.add(self._stack[1].tag)
        self._left = self._stack[1].mark
        for frame in self._stack[1:]:
            frame.out, frame.doubt = None, False
        return False


def _is_plausible(tag: int, vr: bytes) -> bool:
    """Whether what should hold items does, and nothing else."""
    listed = vr_of(tag)
    return listed == b"UN" or (listed == b"SQ") == (vr == b"SQ")


def _kept_vr(tag: int, said: bytes) -> bytes:
    """What PS3.6 says where that is text, or where PS3.5 knows no such VR.

    One wrong VR in a directory, as of a Specific Character Set, keeps readers from all of it.
    """
    listed = vr_of(tag)
    return listed if listed not in BINARY or said not in _VRS else said


def _name(tag: int, offset: int) -> str:
    return f"{name(tag)} at byte {offset}"
