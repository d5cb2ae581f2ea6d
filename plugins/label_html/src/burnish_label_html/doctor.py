"""What stands in the way of drawing labels on this machine. It draws none."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from burnish.contracts.check import Finding, well, wrong

from burnish_label_html import fonts

NAME: Final = "html"
LIBRARIES: Final = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
"""Of Debian."""
_TRY: Final = "import weasyprint, zxingcpp, pypdfium2"


def look(tables: Sequence[Mapping[str, Any]], python: str = sys.executable) -> Iterator[Finding]:
    """Say whether everything can be loaded, in a process of its own: it takes seconds and much memory.

    `tables` is empty where no station prints labels.
    """
    if not tables:
        yield well(NAME, "no station prints labels")
        return
    try:
        fonts.folders()
    except ModuleNotFoundError as error:
        yield wrong(NAME, str(error), "pip install --force-reinstall burnish-label-html")
    done = subprocess.run([python, "-c", _TRY], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        yield well(NAME, "labels can be drawn")
    else:
        said = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        yield wrong(NAME, f"labels cannot be drawn: {said[:200]}", f"apt install {LIBRARIES}")
