"""One guest per session; the whole lab is skipped where QEMU is missing, and fails there in CI."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from burnish_hil import bench
from burnish_hil.bench import Recorder
from burnish_hil.guest import Guest, wiring
from burnish_hil.guest.kernel import Missing


@pytest.fixture(scope="session")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    """A guest that runs."""
    try:
        running = Guest(tmp_path_factory.mktemp("share"))
        with running:
            wiring.prepare(running)
            yield running
    except Missing as error:
        if os.environ.get("CI") or os.environ.get("BURNISH_TOOLS") == "required":
            raise
        pytest.skip(str(error))


@pytest.fixture
def recorder(guest: Guest, tmp_path: Path) -> Iterator[Recorder]:
    """A recorder that was just plugged in, empty."""
    with bench.recorder(guest, tmp_path) as plugged_in:
        yield plugged_in


@pytest.fixture(scope="session")
def image(guest: Guest) -> Path:
    """An image of some megabytes, in the share: at /hil/image.iso inside."""
    return bench.image(guest.share, megabytes=6)
