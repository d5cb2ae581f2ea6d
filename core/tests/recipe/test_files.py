"""The files of an image as a stream."""

from io import BytesIO

import pytest
from burnish.recipe import (
    FileSpan,
    Literal,
    Range,
    Recipe,
    Source,
    StreamedFile,
    Zeros,
    files_of,
    read_table,
    table_bytes,
)

SOURCES = {"a": Source(5, b"A" * 32)}
IMAGE = Recipe(
    (Zeros(4), Literal(b"two!"), Zeros(3), Literal(b"head"), Range("a", 0, 5)),
    SOURCES,
    (FileSpan(("Z",), 4, 4), FileSpan(("B", "ONE"), 11, 9), FileSpan(("B", "EMPTY"), 0, 0)),
)


def test_the_files_stand_in_the_order_of_their_paths() -> None:
    table = table_bytes(
        [StreamedFile(("B", "EMPTY"), 0), StreamedFile(("B", "ONE"), 9), StreamedFile(("Z",), 4)]
    )
    expected = (Literal(table), Literal(b"head"), Range("a", 0, 5), Literal(b"two!"))
    assert files_of(IMAGE) == Recipe(expected, SOURCES)


def test_a_table_is_read_and_no_byte_more() -> None:
    files = [StreamedFile(("DICOM", "A"), 3), StreamedFile(("DICOMDIR",), 0)]
    stream = BytesIO(table_bytes(files) + b"abc")
    assert read_table(stream) == files
    assert stream.read() == b"abc"


@pytest.mark.parametrize(
    "data", [b"", b"\0" * 7, b"\xff" * 8, (9).to_bytes(8, "big") + b"[[1,2]", (2).to_bytes(8, "big") + b"{x"]
)
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - it says what JSON says
        read_table(BytesIO(data))


def test_a_format_that_does_not_say_where_files_stand_cannot_serve_such_a_device() -> None:
    with pytest.raises(ValueError, match="does not say"):
        files_of(Recipe((Literal(b"x"),)))


def test_a_file_is_made_of_whole_extents() -> None:
    with pytest.raises(ValueError, match="ends within"):
        files_of(Recipe((Literal(b"four"),), {}, (FileSpan(("X",), 0, 3),)))
