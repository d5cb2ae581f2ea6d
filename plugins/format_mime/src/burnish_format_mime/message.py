"""The recipe of a whole message: headers, then each file as a part in base64, in the order of the tree.

Source: RFC 2045 and 2046 (MIME), RFC 3240 (application/dicom), RFC 2183 (Content-Disposition).
"""

import re
from collections.abc import Iterable
from email.utils import format_datetime
from typing import Final

from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError
from burnish.recipe import Base64, Encoded, Entry, Extent, Literal, Recipe, Tree

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_DICOM: Final = re.compile("[A-Z0-9_]{1,8}")
"""A component of a File ID; other files have an extension."""
IDENTIFIER_HEADER: Final = "X-Burnish-File-Set"
TOKEN_HEADER: Final = "X-Burnish-Token"  # noqa: S105 - a name


def lay_out(tree: Tree, facts: VolumeFacts) -> Recipe:
    """Raises LayoutError."""
    facts.check()
    tree.folders()
    _check_names(tree.entries)
    boundary = f"=_burnish_{facts.token}"  # base64 has no underscore
    head = (
        f"Date: {format_datetime(facts.made)}\r\n"
        f"Subject: DICOM file-set {facts.identifier}\r\n"
        f"Message-ID: <{facts.token}@burnish.invalid>\r\n"
        f"{IDENTIFIER_HEADER}: {facts.identifier}\r\n"
        f"{TOKEN_HEADER}: {facts.token}\r\n"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'
    )
    note = (
        f"--{boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        f"This message carries a DICOM file-set{facts.identifier and ' '}{facts.identifier}.\r\n"
    )
    extents: list[Extent] = [Literal((head + note).encode("ascii"))]
    for entry in tree.entries:
        extents += (Literal(f"--{boundary}\r\n{_headers(entry)}\r\n".encode("ascii")), _content(entry))
    extents.append(Literal(f"--{boundary}--\r\n".encode("ascii")))
    return Recipe(tuple(extents), tree.sources)


def _content(entry: Entry) -> Extent:
    return Encoded(Base64(), entry.content)


def _headers(entry: Entry) -> str:
    name = "/".join(entry.path)
    dicom = all(_DICOM.fullmatch(part) for part in entry.path)
    kind = "application/dicom" if dicom else "application/octet-stream"
    return (
        f'Content-Type: {kind}; name="{name}"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n'
    )


def _check_names(entries: Iterable[Entry]) -> None:
    for entry in entries:
        if not entry.path or not all(_NAME.fullmatch(part) for part in entry.path):
            shown = "/" + "/".join(entry.path)
            raise LayoutError(f"{shown!r}: a name in a message is of A-Z a-z 0-9 _ - and full stops within")
