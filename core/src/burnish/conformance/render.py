"""A statement as Markdown, HTML, JSON or PDF. A table without rows says so in one."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict

from burnish.conformance.document import Section, Table
from burnish.conformance.drawing import as_mermaid, as_svg
from burnish.errors import BurnishError
from burnish.markup import xml_text

_STYLE = """body { max-width: 62em; margin: 0 auto; padding: 1em; color: #1c2429;
 font: 100%/1.45 "Noto Sans", system-ui, "Segoe UI", Arial, sans-serif; }
h1 { font-size: 1.7em; } h2 { font-size: 1.4em; border-top: 1px solid #cfd6d9; padding-top: 0.6em; }
h3 { font-size: 1.15em; } h4, h5, h6 { font-size: 1em; margin: 1.4em 0 0.4em; }
.table { overflow-x: auto; margin: 0.6em 0 1.4em; }
table { border-collapse: collapse; width: 100%; font-size: 0.85em; }
caption { text-align: left; font-weight: bold; padding: 0.3em 0; }
th, td { border: 1px solid #cfd6d9; padding: 0.25em 0.5em; text-align: left; vertical-align: top;
 overflow-wrap: break-word; }
th { background: #eef1f2; } thead { display: table-header-group; } tr { page-break-inside: avoid; }
nav { font-size: 0.9em; margin: 1em 0 2em; } nav a { color: inherit; text-decoration: none; }
.item { color: #4a565c; font-weight: normal; font-size: 0.8em; }
figure { margin: 0.6em 0 1.4em; page-break-inside: avoid; } figure svg { max-width: 100%; height: auto; }
figcaption { font-weight: bold; font-size: 0.85em; padding: 0.3em 0; }
h2, h3, h4, h5, h6, caption { page-break-after: avoid; }
@page { size: A4; margin: 18mm 15mm; @bottom-right { content: counter(page) " / " counter(pages);
 font: 8pt "Noto Sans", Arial, sans-serif; } }
@media print { body { max-width: none; padding: 0; font-size: 9pt; } .table { overflow-x: visible; }
 td, th { padding: 0.15em 0.4em; } }"""


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
    for diagram in section.diagrams:
        yield f"**{_plain(diagram.caption)}**\n"
        yield f"```mermaid\n{as_mermaid(diagram)}\n```\n"
    for table in section.tables:
        yield from _markdown_table(table)
    for place, part in enumerate(section.parts, 1):
        yield from _markdown(part, min(depth + 1, 6), _numbered(number, place))


def _markdown_table(table: Table) -> Iterator[str]:
    yield f"**{_plain(table.caption)}**\n"
    yield _row(table.head)
    yield _row(["---"] * len(table.head))
    yield from map(_row, _rows(table))
    yield ""


def _marked(text: str) -> str:
    """What stands between backticks is a word of a file or a program."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", xml_text(text))


def _rows(table: Table) -> tuple[tuple[str, ...], ...]:
    return table.rows or (("none", *[""] * (len(table.head) - 1)),)


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
    yield f'<h{depth} id="s{number.strip()}">{number}{xml_text(section.title)}{item}</h{depth}>'
    yield from (f"<p>{xml_text(paragraph)}</p>" for paragraph in section.text)
    if not number:
        yield from _navigation(section)
    for diagram in section.diagrams:
        yield f"<figure><figcaption>{xml_text(diagram.caption)}</figcaption>{as_svg(diagram)}</figure>"
    for table in section.tables:
        yield from _html_table(table)
    for place, part in enumerate(section.parts, 1):
        yield from _html(part, min(depth + 1, 6), _numbered(number, place))


def _navigation(document: Section) -> Iterator[str]:
    """Links to chapters and their first two levels."""
    yield "<nav>"
    for number, section in document.every():
        if number and number.count(".") <= 2:
            indent = f' style="margin-left: {1.5 * number.count(".")}em"'
            yield f'<div{indent}><a href="#s{number}">{number} {xml_text(section.title)}</a></div>'
    yield "</nav>"


def _html_table(table: Table) -> Iterator[str]:
    yield f'<div class="table"><table>\n<caption>{xml_text(table.caption)}</caption>'
    if any(table.head):
        cells = "".join(f'<th scope="col">{xml_text(cell)}</th>' for cell in table.head)
        yield f"<thead><tr>{cells}</tr></thead>"
    yield "<tbody>"
    for row in _rows(table):
        yield f"<tr>{''.join(f'<td>{_marked(cell)}</td>' for cell in row)}</tr>"
    yield "</tbody>\n</table></div>"


def _numbered(above: str, place: int) -> str:
    return f"{above.strip()}{'.' if above else ''}{place} "


def as_pdf(document: Section) -> bytes:
    """A4. Raises BurnishError where the library that draws it is not installed."""
    try:
        from weasyprint import HTML
    except ImportError as error:
        raise BurnishError("a PDF is drawn by weasyprint: install it, or burnish-label-html") from error
    return bytes(HTML(string=as_html(document)).write_pdf())
