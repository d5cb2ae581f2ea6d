"""READMEs of the repository as pages: the same text, with links that lead to pages.

A link to what is no page becomes the name of the file.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

HOUSE: Final = Path(__file__).parent.parent
SOURCES: Final = {
    "how-to/add-a-driver.md": "plugins/README.md",
    "how-to/profiles.md": "profiles/README.md",
    "how-to/lab.md": "hil/README.md",
    "explanation/house.md": "core/README.md",
}
"""Page and README."""
_LINK: Final = re.compile(r"\[([^\]]*)\]\(([^)#]+)(#[^)]*)?\)")


def pages() -> dict[str, str]:
    """Every included page by its path."""
    sources = all_sources()
    found = {page: _linked(page, source, sources) for page, source in sources.items()}
    decisions = sorted(page for page in sources if page.startswith("explanation/decisions/"))
    listed = "\n".join(
        f"- [{_title(sources[page])}]({posixpath.relpath(page, 'explanation')})" for page in decisions
    )
    text = f"# Decisions\n\nWhat was argued about, half a page each.\n\n{listed}\n"
    return {**found, "explanation/decisions.md": text}


def all_sources() -> dict[str, str]:
    """Page and source of every included file."""
    plugins = {
        f"reference/plugins/{path.parent.name}.md": str(path.relative_to(HOUSE))
        for path in sorted(HOUSE.glob("plugins/*/README.md"))
    }
    decisions = {
        f"explanation/decisions/{path.name}": str(path.relative_to(HOUSE))
        for path in sorted(HOUSE.glob("core/docs/decisions/*.md"))
    }
    return {**SOURCES, **plugins, **decisions}


def _title(source: str) -> str:
    return (HOUSE / source).read_text("utf-8").partition("\n")[0].lstrip("# ")


def _linked(page: str, source: str, sources: dict[str, str]) -> str:
    """The text of a source, its links led to pages; what is indented as code is fenced already or stays."""
    by_source = {path: name for name, path in sources.items()}

    def replace(match: re.Match[str]) -> str:
        text, target, anchor = match[1], match[2], match[3] or ""
        if "://" in target:
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if path in by_source:
            return f"[{text}]({posixpath.relpath(by_source[path], posixpath.dirname(page))}{anchor})"
        return text if text.startswith("`") or text == path else f"{text} (`{path}`)"

    return "".join(_outside_code((HOUSE / source).read_text("utf-8"), replace))


def _outside_code(text: str, replace: "re.Callable[[re.Match[str]], str]") -> Iterator[str]:  # type: ignore[name-defined]
    fenced = False
    for line in text.splitlines(keepends=True):
        fenced ^= line.lstrip().startswith("```")
        yield line if fenced or line.startswith("    ") else _LINK.sub(replace, line)
