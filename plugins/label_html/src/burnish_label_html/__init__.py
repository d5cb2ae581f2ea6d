"""Labels from HTML and CSS: a style is a folder that a deployer copies and edits.

    style.toml   its title, its stock in millimetres, letter sizes, room for codes, its overflow style
    label.html   a Jinja2 template, sandboxed: what is said where
    label.css    how it looks; areas of class `fit` are those whose text must have room

`styles` reads the folders, `text` makes names and dates readable, `fonts` has what every script needs,
`codes` makes barcodes, `fit` finds the largest letters that have room, `proof` looks at the finished picture,
`doctor` says what is missing on a machine, `maker` strings them together. Units: millimetres, points.
"""

from collections.abc import Sequence
from typing import Any, Final

from burnish.contracts import CheckSpec, LabelMakerSpec
from burnish.hookspecs import hookimpl

from burnish_label_html import doctor
from burnish_label_html.maker import HtmlLabels, Settings

__all__ = ["HtmlLabels", "Settings", "burnish_checks", "burnish_contract", "burnish_label_makers"]

burnish_contract: Final = 1


@hookimpl
def burnish_label_makers() -> Sequence[LabelMakerSpec[Any]]:
    """Offer `html`."""
    return [LabelMakerSpec("html", Settings, HtmlLabels)]


@hookimpl
def burnish_checks() -> Sequence[CheckSpec]:
    """What stands in its way on this machine."""
    return [CheckSpec(doctor.NAME, doctor.look)]
