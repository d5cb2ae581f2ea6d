"""Tests that ask programs nobody here wrote skip, with the reason, where one is missing.

`tests/run` sets BURNISH_TOOLS=required, and then a missing tool is a failure.
"""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("house", suppress_health_check=[HealthCheck.too_slow])  # on a busy machine all is
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--scp AE@HOST:PORT`: the SCP that `tests/test_battery.py` judges; absent: ours."""
    parser.addoption("--scp", default="", metavar="AE@HOST:PORT", help="the SCP that the battery judges")


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


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say of each case of the battery that was judged what became of it, by number."""
    from burnish.battery.report import ranges
    from burnish.battery.table import CASES

    from tests.numbering import numbers_in

    seen: dict[str, set[int]] = {}
    for outcome in ("passed", "failed", "error"):
        reports = terminalreporter.stats.get(outcome, [])
        seen[outcome] = {number for one in reports for number in numbers_in(one.nodeid)}
    bad = seen["failed"] | seen["error"]
    if judged := seen["passed"] | bad:
        terminalreporter.section("battery")
        for said, numbers in (("passed", judged - bad), ("failed", bad), ("not run", set(CASES) - judged)):
            open_ones = {number for number in numbers if CASES[number].waits_for}
            if numbers - open_ones:
                terminalreporter.line(f"{said}: {ranges(sorted(numbers - open_ones))}")
        for number, case in CASES.items():
            if case.waits_for:
                terminalreporter.line(f"open: {number}, waits for {case.waits_for}")
