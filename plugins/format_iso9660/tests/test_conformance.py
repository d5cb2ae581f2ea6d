"""ISO 9660 passes what every format must."""

import pytest
from burnish.contracts import Format
from burnish.testing.formats import FormatConformance
from burnish_format_iso9660 import Iso9660


class TestIso9660(FormatConformance):
    @pytest.fixture
    def layout(self) -> Format:
        return Iso9660()
