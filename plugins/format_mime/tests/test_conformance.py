"""The kit."""

import pytest
from burnish.contracts import Format
from burnish.testing.formats import FormatConformance
from burnish_format_mime import Mime


class TestMime(FormatConformance):
    @pytest.fixture
    def layout(self) -> Format:
        return Mime()
