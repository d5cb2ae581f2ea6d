"""Numbers as SCSI writes them: the highest byte first."""


def number(data: bytes) -> int:
    """The number that these bytes are."""
    return int.from_bytes(data, "big")


def signed(data: bytes) -> int:
    """The number that these bytes are, which may be below zero: a CD's lead-in lies there."""
    return int.from_bytes(data, "big", signed=True)


def be(value: int, size: int) -> bytes:
    """A number in so many bytes; what does not fit is cut off, so that -1 fills them."""
    return (value & ((1 << 8 * size) - 1)).to_bytes(size, "big")


def msf(block: int) -> bytes:
    """A CD's address in minutes, seconds and frames, 150 frames before the first block."""
    frame = block + 150
    return bytes([frame // 4500, frame // 75 % 60, frame % 75])


def padded(text: str, size: int) -> bytes:
    """Text in a field of fixed size."""
    return text.ljust(size)[:size].encode("ascii")
