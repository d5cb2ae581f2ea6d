"""A statement as Markdown, HTML, JSON or PDF."""

import json
from collections.abc import Iterator
from dataclasses import asdict

from burnish.conformance.document import Section, Table
from burnish.errors import BurnishError
from burnish.markup import xml_text

_STYLE = """body { max-width: 60em; margin: 0 auto; padding: 1em; color: #1c2429; line-height: 1.45;
 font: 100%/1.45 "Noto Sans", system-ui, "Segoe UI", Arial, sans-serif; }
h1 { font-size: 1.7em; } h2 { font-size: 1.4em; border-top: 1px solid #cfd6d9; padding-top: 0.6em; }
h3 { font-size: 1.15em; } h4 { font-size: 1em; }
table { border-collapse: collapse; width: 100%; margin: 0.6em 0 1.4em; font-size: 0.85em; }
caption { text-align: left; font-weight: bold; padding: 0.3em 0; }
th, td { border: 1px solid #cfd6d9; padding: 0.3em 0.5em; text-align: left; vertical-align: top;
 overflow-wrap: anywhere; }
th { background: #eef1f2; } thead { display: table-header-group; } tr { page-break-inside: avoid; }
.item { color: #4a565c; font-weight: normal; }
@page { size: A4; margin: 18mm 15mm; @bottom-right { content: counter(page) " / " counter(pages); } }"""


def as_json(document: Section) -> str:
    """The whole of it, as nested objects."""
    return json.dumps(asdict(document), indent=2, ensure_ascii=False)


def as_markdown(document: Section) -> str:
    """With tables as GitHub has them."""
    return "\n".join(_markdown(document, 1, "")) + "\n"


def _markdown(section: Section, depth: int, number: str) -> Iterator[str]:
    item = f" ({section.item})" if section.item else ""
    yield f"{'#' * depth} {number}{_plain(section.title)}{item}\n"
    for paragraph in section.text:
        yield f"{_plain(paragraph)}\n"
    for table in section.tables:
        yield from _markdown_table(table)
    for place, part in enumerate(section.parts, 1):
        yield from _markdown(part, min(depth + 1, 6), _numbered(number, place))


def _markdown_table(table: Table) -> Iterator[str]:
    yield f"**{_plain(table.caption)}**\n"
    yield _row(table.head)
    yield _row(["---"] * len(table.head))
    yield from map(_row, table.rows)
    yield ""


def _row(cells: "tuple[str, ...] | list[str]") -> str:
    return "| " + " | ".join(" ".join(_plain(cell).replace("|", "\\|").split()) for cell in cells) + " |"


def _plain(text: str) -> str:
    """Markdown lets HTML through, and none of these texts is any."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def as_html(document: Section) -> str:
    """One page that needs nothing else."""
    return _PAGE.format(title=xml_text(document.title), style=_STYLE, body="\n".join(_html(document, 1, "")))


def _html(section: Section, depth: int, number: str) -> Iterator[str]:
    item = f' <span class="item">({section.item})</span>' if section.item else ""
    yield f"<h{depth}>{number}{xml_text(section.title)}{item}</h{depth}>"
    yield from (f"<p>{xml_text(paragraph)}</p>" for paragraph in section.text)
    for table in section.tables:
        yield from _html_table(table)
    for place, part in enumerate(section.parts, 1):
        yield from _html(part, min(depth + 1, 6), _numbered(number, place))


def _html_table(table: Table) -> Iterator[str]:
    yield f"<table>\n<caption>{xml_text(table.caption)}</caption>"
    if any(table.head):
        cells = "".join(f'<th scope="col">{xml_text(cell)}</th>' for cell in table.head)
        yield f"<thead><tr>{cells}</tr></thead>"
    yield "<tbody>"
    for row in table.rows:
        yield f"<tr>{''.join(f'<td>{xml_text(cell)}</td>' for cell in row)}</tr>"
    yield "</tbody>\n</table>"


def _numbered(above: str, place: int) -> str:
    return f"{above.strip()}{'.' if above else ''}{place} "


def as_pdf(document: Section) -> bytes:
    """A4. Raises BurnishError where the library that draws it is not installed."""
    try:
        from weasyprint import HTML
    except ImportError as error:
        raise BurnishError("a PDF is drawn by weasyprint: install it, or burnish-label-html") from error
    return bytes(HTML(string=as_html(document)).write_pdf())
