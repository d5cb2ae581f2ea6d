"""What Python's e-mail package makes of our messages, and the reader of others'."""

import email
import email.policy
import io
import subprocess
from email.message import EmailMessage
from pathlib import Path

import pytest
from burnish.errors import LayoutError, UnreadableMedium
from burnish.recipe import Entry, Literal, Tree
from burnish.registry import Registry
from burnish.testing.judging import files_below, random_trees
from burnish.testing.trees import FACTS, Shelf, content, image, small_tree
from burnish_format_mime import Mime
from hypothesis import strategies as st


def attachments(data: bytes) -> dict[str, bytes]:
    """By Python's own package."""
    found = email.message_from_bytes(data, policy=email.policy.default)
    assert not found.defects
    assert isinstance(found, EmailMessage)
    return {str(part.get_filename()): part.get_payload(decode=True) for part in found.iter_attachments()}  # type: ignore[misc]


def test_it_is_offered() -> None:
    registry = Registry.load(["format-mime"])
    assert not registry.broken
    assert isinstance(registry.formats["mime"].make({}), Mime)
    assert registry.formats["mime"].suffix == ".eml"


def test_python_takes_every_file_off_it() -> None:
    tree, shelf = small_tree()
    data = image(Mime().lay_out(tree, FACTS), shelf)
    assert attachments(data) == {"/".join(entry.path): content(entry, shelf) for entry in tree.entries}
    assert max(map(len, data.splitlines(keepends=True))) <= 998, "RFC 5322 2.1.1"
    assert data.isascii()


@pytest.mark.judge("munpack")
def test_munpack_takes_every_file_off_it(tmp_path: Path) -> None:
    entries = [Entry((f"IM{number}",), (Literal(bytes([number]) * 1_000 * number),)) for number in range(5)]
    (tmp_path / "message").write_bytes(image(Mime().lay_out(Tree(tuple(entries)), FACTS), Shelf({})))
    subprocess.run(["munpack", "-q", "message"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "message").unlink()
    (tmp_path / "IM0.desc").unlink()  # the line for people
    assert files_below(tmp_path) == {one.path[0]: content(one, Shelf({})) for one in entries}


NAME = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,11}", fullmatch=True)


def test_python_takes_any_trees_off_it() -> None:
    for tree in random_trees(NAME, most=20):
        made = image(Mime().lay_out(tree, FACTS), Shelf({}))
        assert attachments(made) == {"/".join(one.path): content(one, Shelf({})) for one in tree.entries}
        assert not Mime().read(io.BytesIO(made)).findings


def test_kinds_of_content() -> None:
    tree = Tree(
        tuple(Entry(path, (Literal(b"x"),)) for path in (("DICOMDIR",), ("D", "IM1"), ("README.TXT",)))
    )
    found = email.message_from_bytes(image(Mime().lay_out(tree, FACTS), Shelf({})))
    kinds = [part.get_content_type() for part in found.get_payload()]  # type: ignore[union-attr]
    assert kinds == ["text/plain", "application/dicom", "application/dicom", "application/octet-stream"]


def theirs(encoding: str = "base64", name: str = "D/ONE") -> bytes:
    made = EmailMessage(policy=email.policy.SMTP)
    made["Subject"] = "theirs"
    made.set_content("Hello")
    made.add_attachment(b"one" * 100, "application", "dicom", filename=name, cte=encoding)
    made.add_attachment(b"two" * 100, "application", "dicom", filename="TWO")
    return made.as_bytes()


def test_messages_of_others_are_read() -> None:
    data = theirs()
    contents = Mime().read(io.BytesIO(data))
    assert {file.path: file.size for file in contents.files} == {("D", "ONE"): 300, ("TWO",): 300}
    assert (contents.identifier, contents.token, list(contents.findings)) == ("", "", [])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (theirs("quoted-printable"), "does not stand in base64"),
        (theirs(name="../up"), "is no name"),
        (theirs(name="/root"), "is no name"),
        (b"Subject: x\r\n\r\nplain", "no message of several parts"),
        (b"x" * 100_000, "headers do not end"),
    ],
)
def test_what_is_hostile_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableMedium, match=said):
        Mime().read(io.BytesIO(data))


@pytest.mark.parametrize("name", ["a b", ".hidden", "x\r\ny", 'q"q', "ä", "a" * 65])
def test_a_name_that_does_not_suit_is_told_of(name: str) -> None:
    with pytest.raises(LayoutError, match="a name in a message"):
        Mime().lay_out(Tree((Entry(("D", name), ()),)), FACTS)
