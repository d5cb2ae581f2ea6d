"""The kit."""

import pytest
from burnish.contracts import Format
from burnish.testing.formats import FormatConformance
from burnish_format_zip import AesZip, Zip


class TestAesZip(FormatConformance):
    @pytest.fixture
    def layout(self) -> Format:
        return AesZip(b"correct horse")


class TestZip(FormatConformance):
    @pytest.fixture
    def layout(self) -> Format:
        return Zip()
