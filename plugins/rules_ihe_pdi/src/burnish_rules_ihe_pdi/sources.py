"""Where the rules stand, and what is made of them.

RAD-47 is section 4.47 of IHE RAD TF-3. What it says is known here in three ways: by section; by MESA, the
test tool that IHE vendors had to pass (class MPDIEval, PDI tests 1 to 14, of 2009), which takes a breach
for an error; by the slides of IHE's vendors' workshop on PDI of 2006. What is known in none of them is
common practice, and never more than a warning.
"""

from typing import Final

from burnish.contracts import Breach, Severity

ORGANISATION: Final = "IHE RAD TF-3, 4.47.4.1.2.2.3"
RECORDS: Final = "IHE RAD TF-3, 4.47.4.1.2.3.1.2"
SLIDES_IDENTIFICATION: Final = "IHE RAD-47: PDI workshop 2006, media identification"
SLIDES_DICOM: Final = "IHE RAD-47: PDI workshop 2006, DICOM content"
SLIDES_WEB: Final = "IHE RAD-47: PDI workshop 2006, web content"
SLIDES_OTHER: Final = "IHE RAD-47: PDI workshop 2006, other content"
PRACTICE: Final = "common practice of IHE RAD-47 media"
REFERENCED: Final = "PS3.10 8.6"


def mesa(number: int) -> str:
    """A test of MESA."""
    return f"IHE RAD-47: MESA PDI test {number}"


def refused(rule: str, source: str, text: str, path: tuple[str, ...] = ()) -> Breach:
    """A breach of a rule whose source is known."""
    return Breach(rule=rule, severity=Severity.REFUSAL, source=source, text=text, path=path)


def warned(rule: str, source: str, text: str, path: tuple[str, ...] = ()) -> Breach:
    """A breach of a recommendation or of common practice."""
    return Breach(rule=rule, severity=Severity.WARNING, source=source, text=text, path=path)
