"""How files and directories of a PDI medium are called.

DICOM files and all directories have 1 to 8 characters of A-Z, 0-9 and _; other files may have an extension
of up to 3 of them (ISO 9660 Level 1). Nothing in the root begins with IHE but the directory IHE_PDI.
"""

import re
from collections.abc import Iterator
from typing import Final

from burnish.contracts import Breach, FileKind, FileView, MediumView

from burnish_rules_ihe_pdi.sources import ORGANISATION, SLIDES_DICOM, mesa, refused

_PLAIN: Final = re.compile(r"[A-Z0-9_]{1,8}")
_EXTENDED: Final = re.compile(r"[A-Z0-9_]{1,8}(\.[A-Z0-9_]{1,3})?")


def check_names(view: MediumView) -> Iterator[Breach]:
    """Judge each file's name and those of the directories that it is in."""
    for file in view.files.values():
        yield from _check_name(file)
    reserved = {path[0] for path in view.files if path[0].startswith("IHE") and path[0] != "IHE_PDI"}
    for name in sorted(reserved):
        text = "its name begins with IHE, which is kept for IHE_PDI"
        yield refused("reserved-name", ORGANISATION, text, (name,))


def _check_name(file: FileView) -> Iterator[Breach]:
    *folders, name = file.path
    if file.kind is FileKind.OTHER:
        if not (_EXTENDED.fullmatch(name) and all(map(_PLAIN.fullmatch, folders))):
            text = "its path is not of 8.3 names of A-Z, 0-9 and _, directories without extension"
            yield refused("other-name", mesa(9), text, file.path)
    elif not all(map(_PLAIN.fullmatch, file.path)):
        text = "a component of the path of a DICOM file has not 1 to 8 characters of A-Z, 0-9 and _"
        yield refused("dicom-name", SLIDES_DICOM, text, file.path)
