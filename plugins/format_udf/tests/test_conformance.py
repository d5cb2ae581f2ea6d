"""Every revision passes what every format must."""

import pytest
from burnish.contracts import Format
from burnish.testing.formats import FormatConformance
from burnish_format_udf import Udf


@pytest.fixture(params=["1.50", "2.50", "2.60"])
def revision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestUdf(FormatConformance):
    @pytest.fixture
    def layout(self, revision: str) -> Format:
        return Udf(revision)
