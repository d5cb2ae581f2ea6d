"""The kit, on every variant."""

import pytest
from burnish.contracts import Format
from burnish.testing.formats import FormatConformance
from burnish_format_fat import VARIANTS, Fat


class TestFat(FormatConformance):
    @pytest.fixture(params=["fat16", "fat16-unpartitioned", "fat32", "fat"])
    def layout(self, request: pytest.FixtureRequest) -> Format:
        return Fat(VARIANTS[request.param])
