"""The house as it is built: what loads what, and who may know whom."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.lab import Scu, ct, serving

HOUSE = Path(__file__).parent.parent
HEAVY = ("sqlalchemy", "pydicom", "pynetdicom")
DEVICES = ("usb", "serial", "zeroconf", "pyipp", "weasyprint", "pycdlib", "PIL", "numpy")
"""What only a driver at work, a layout or a label needs."""


def loaded_after(statement: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(told.stdout.split())


def packages(modules: set[str]) -> set[str]:
    """Their first parts."""
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize(
    "module", ["burnish.contracts", "burnish.hookspecs", "burnish.recipe", "burnish.errors"]
)
def test_a_plugin_author_needs_neither_a_database_nor_dicom(module: str) -> None:
    assert not packages(loaded_after(f"import {module}")) & {*HEAVY, *DEVICES}


PLUGINS = sorted({point.name: point for point in entry_points(group="burnish")}.items())


@pytest.mark.parametrize("name", [name for name, _ in PLUGINS])
def test_describing_a_plugin_loads_no_library_of_a_device(name: str) -> None:
    """Nor a database, a network or another plugin: a driver's process starts in milliseconds."""
    statement = f"from burnish.registry import Registry; assert not Registry.load([{name!r}]).broken"
    found = packages(loaded_after(statement))
    assert not found & {*HEAVY, *DEVICES}
    ours = {package for package in found if package.startswith("burnish_")}
    assert ours <= {dict(PLUGINS)[name].value.partition(".")[0]}


def test_help_loads_neither_dicom_nor_a_database() -> None:
    call = "from burnish.cli import main\ntry: main()\nexcept SystemExit: pass"
    statement = f"import sys\nsys.argv = ['burnish', '--help']\n{call}"
    assert not packages(loaded_after(statement)) & {*HEAVY, *DEVICES, "rich", "pydantic"}


@pytest.mark.parametrize("command", ["compose", "verify"])
def test_commands_without_tables_load_no_database(command: str) -> None:
    assert "sqlalchemy" not in packages(loaded_after(f"import burnish.cli.{command}"))


def test_a_driver_loads_neither_dicom_nor_a_database() -> None:
    assert not packages(loaded_after("import burnish.production.driver")) & {*HEAVY, *DEVICES}


def test_a_feeder_loads_no_dicom() -> None:
    found = packages(loaded_after("import burnish.production.feeder"))
    assert not found & {"pydicom", "pynetdicom", *DEVICES}


def test_the_layers() -> None:
    """import-linter's contracts, which stand in pyproject.toml."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    told = subprocess.run(command, check=False, cwd=HOUSE, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stdout
    assert " kept, 0 broken" in told.stdout


def test_every_distribution_is_linted() -> None:
    """A plugin that the contracts do not name could import what it likes."""
    linted = (HOUSE / "pyproject.toml").read_text().partition("root_packages")[2].partition("]")[0]
    sources = [*HOUSE.glob("plugins/*/src/*"), *HOUSE.glob("*/src/*")]
    names = {path.name for path in sources if (path / "__init__.py").exists()}
    assert len(names) >= 4
    assert {name for name in names if f'"{name}"' not in linted} == set()


def test_a_server_at_work_has_not_loaded_the_test_kit(tmp_path: Path) -> None:
    """An importer that refuses `burnish.testing` stands before every interpreter the server starts."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.startswith('burnish.testing'):\n"
        f"            open({str(tmp_path / 'loaded')!r}, 'a').write(name)\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        refused = subprocess.run(
            [sys.executable, "-c", "import burnish.testing"], check=False, capture_output=True, timeout=60
        )
        assert refused.returncode == 1, "the guard does not stand"
        assert (tmp_path / "loaded").exists()
        (tmp_path / "loaded").unlink()
        _makes_a_piece(tmp_path)
    assert not (tmp_path / "loaded").exists()


def _makes_a_piece(folder: Path) -> None:
    with serving(folder) as burnish:
        scu, slices = Scu(burnish.port), ct(1)
        assert scu.store(*slices) == [0]
        assert scu.make(slices)[1] == ("DONE", "NORMAL", 1)
