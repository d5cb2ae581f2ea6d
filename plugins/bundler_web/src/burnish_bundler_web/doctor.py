"""What `burnish doctor` looks at: whether the viewer was built when this plugin was installed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from burnish.contracts import Finding, Level

from burnish_bundler_web import viewer


def look(tables: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """One finding, however many tables there are; none where there is none."""
    if not tables:
        return
    if viewer.is_built():
        size = sum(file.length for file in viewer.app_files())
        yield Finding("viewer", Level.OK, f"the viewer is there, {size} bytes")
    else:
        advice = "install npm and this plugin again, or install its wheel"
        yield Finding("viewer", Level.WARN, "the viewer was not built: media have web pages only", advice)
