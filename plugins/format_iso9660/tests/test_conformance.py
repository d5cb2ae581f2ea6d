"""ISO 9660, alone and in a bridge, passes what every format must."""

import pytest
from burnish.contracts import Format
from burnish.testing.formats import FormatConformance
from burnish_format_iso9660 import Bridge, Iso9660


class TestIso9660(FormatConformance):
    @pytest.fixture
    def layout(self) -> Format:
        return Iso9660()


class TestJoliet(FormatConformance):
    @pytest.fixture
    def layout(self) -> Format:
        return Iso9660(joliet=True)


class TestBridge(FormatConformance):
    @pytest.fixture
    def layout(self) -> Format:
        return Bridge()
