"""The label maker `html` keeps the contract of one, in every style that comes with it."""

import pytest
from burnish.contracts import LabelMaker
from burnish.testing.labels import LabelMakerConformance
from burnish_label_html import HtmlLabels, Settings


@pytest.fixture(scope="module")
def made() -> HtmlLabels:
    """Fonts are loaded once."""
    return HtmlLabels(Settings())


class TestHtmlLabels(LabelMakerConformance):
    @pytest.fixture
    def maker(self, made: HtmlLabels) -> LabelMaker:
        return made
