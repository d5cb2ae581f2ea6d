"""A distribution on disk, as pip leaves one, so that servers and test runs find the zoo."""

from pathlib import Path

HOUSE = Path(__file__).parents[3]
_ENTRY_POINTS = "[burnish]\nzoo = burnish_zoo\nforeign-zoo = burnish_foreign_zoo\n"


def build(folder: Path) -> str:
    """Make it in `folder`; returns what to put on PYTHONPATH."""
    about = folder / "burnish_zoo-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: burnish-zoo\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(_ENTRY_POINTS)
    offer = "from tests.robustness.zoo.beasts import burnish_writers\n"
    (folder / "burnish_zoo.py").write_text(f"burnish_contract = 1\n{offer}")
    (folder / "burnish_foreign_zoo.py").write_text(f"burnish_contract = 99\n{offer}")
    return f"{folder}:{HOUSE}"


KIT = """
import resource
from pathlib import Path

import pytest
from burnish.contracts import Writer
from burnish.testing.scripted import Settings
from burnish.testing.writers import WriterConformance
from tests.robustness.zoo.beasts import BEASTS

{module}
resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))


class TestBeast(WriterConformance):
    @pytest.fixture
    def writer(self, tmp_path: Path) -> Writer:
        return {writer}(Settings(path=tmp_path / "out"))

    @pytest.fixture
    def patience(self) -> float:
        return 3.0
"""
"""The whole test file of a beast."""


def kit_of(beast: str, folder: Path) -> Path:
    """Write a beast's test file; the foreign one's class lives in a package that says so."""
    if beast == "foreign":
        module = "import burnish_foreign_zoo\nclass Foreign(BEASTS['foreign']): pass\nForeign.__module__ = "
        text = KIT.format(module=module + "'burnish_foreign_zoo'", writer="Foreign")
    else:
        text = KIT.format(module="", writer=f"BEASTS[{beast!r}]")
    path = folder / f"test_{beast}.py"
    path.write_text(text)
    return path
