"""UIDs as PS3.5 9.1 wants them."""

import re
from typing import Final

_UID: Final = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")


def is_uid(text: str) -> bool:
    """Whether `text` is a UID as PS3.5 9.1 wants it."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None
