"""`burnish conformance`."""

import sys
from pathlib import Path

from burnish.config import check_plugins, load_config
from burnish.conformance.document import Section
from burnish.conformance.render import as_html, as_json, as_markdown, as_pdf
from burnish.conformance.statement import statement


def run_conformance(config: Path | None, form: str, out: Path | None) -> None:
    """Write the statement of a configuration to `out`, else to stdout. Raises ConfigError, BurnishError."""
    loaded = load_config(config)
    registry = check_plugins(loaded)
    written(statement(loaded.config, registry), form, out)


def written(document: Section, form: str, out: Path | None) -> None:
    """Write a statement to `out`, else to stdout. Raises BurnishError."""
    texts = {"md": as_markdown, "html": as_html, "json": as_json}
    data = texts[form](document).encode() if form in texts else as_pdf(document)
    if out:
        out.write_bytes(data)
    else:
        sys.stdout.buffer.write(data)
