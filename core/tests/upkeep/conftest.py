"""An empty data folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.tests.upkeep.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.close()
