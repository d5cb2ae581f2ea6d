"""The conformance tests against a real drive, or one that the kernel takes for real. Each test takes a blank.

Not collected by itself. Run it on the machine that has the drive:

    BURNISH_RIG_DEVICE=/dev/sr0 BURNISH_RIG_MEDIUM=CD-R BURNISH_RIG_BLANK='command ...' \
        pytest plugins/writer_xorriso/tests/rig.py

BURNISH_RIG_BLANK is run before each test; when it returns, a fresh blank lies in the drive, or in the open
tray: it is drawn in here. BURNISH_RIG_KEYS: further settings, as JSON.
"""

import json
import os
import shlex
import subprocess
from collections.abc import Callable

import pytest
from burnish.contracts import Writer
from burnish.testing.trees import noise
from burnish.testing.writers import WriterConformance
from burnish_writer_xorriso import Settings, XorrisoWriter

pytestmark = pytest.mark.timeout(600)


class TestRealDrive(WriterConformance):
    @pytest.fixture
    def build(self) -> Callable[[], Writer]:
        keys = {"device": os.environ["BURNISH_RIG_DEVICE"], "media": [os.environ["BURNISH_RIG_MEDIUM"]]}
        settings = Settings.model_validate({**keys, **json.loads(os.environ.get("BURNISH_RIG_KEYS", "{}"))})
        return lambda: XorrisoWriter(settings)

    @pytest.fixture
    def data(self) -> bytes:
        return noise("rig", 2048 * 1100)

    @pytest.fixture
    def writer(self, build: Callable[[], Writer]) -> Writer:
        subprocess.run(shlex.split(os.environ["BURNISH_RIG_BLANK"]), check=True, timeout=300)
        writer = build()
        if writer.capabilities.tray:
            with writer:
                writer.close_tray()
        return writer
