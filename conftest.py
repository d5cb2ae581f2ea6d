"""Tests that ask programs nobody here wrote skip, with the reason, where one is missing.

`tests/run` sets BURNISH_TOOLS=required, and then a missing tool is a failure.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("house", suppress_health_check=[HealthCheck.too_slow])  # on a busy machine all is
settings.load_profile("house")


def pytest_configure() -> None:
    """Let judges that come with the environment be found, after those of the system: pynetdicom installs a
    `storescu` of its own, which is no judge."""
    ours = str(Path(sys.executable).parent)
    others = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != ours]
    os.environ["PATH"] = os.pathsep.join([*others, ours])


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or fail, where a judge that a test asks is not installed."""
    for mark in item.iter_markers("judge"):
        absent = [tool for tool in mark.args if shutil.which(tool) is None]
        if absent and os.environ.get("BURNISH_TOOLS") == "required":
            pytest.fail(f"needs {', '.join(absent)}; tests/debian-packages.txt names the packages")
        if absent:
            pytest.skip(f"needs {', '.join(absent)}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long batteries to `tests/run --all`."""
    if os.environ.get("BURNISH_LONG"):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="a long battery: tests/run --all"))
